"""Callaway–Sant'Anna: hand-worked tables, exact derivatives, published values, other packages."""

import numpy as np
import pandas as pd
import pytest
from random_panels import mpdta, random_panel
from scipy import stats

from fpi_eval.errors import FpiError
from fpi_eval.impact.as_event_study import as_event_study
from fpi_eval.impact.callaway_santanna import callaway_santanna
from fpi_eval.impact.group_time import _rows
from fpi_eval.impact.sun_abraham import sun_abraham
from fpi_eval.regression.doubly_robust import doubly_robust

KINDS = ("simple", "group", "dynamic", "calendar")
POINT, ERROR = 1e-8, 1e-6  # agreement asked of an independent package


def table(rows: list[tuple], cohorts: dict) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["cell", "time", "y"])
    return frame.assign(cohort=frame["cell"].map(cohorts).astype(float))


# Two opened cells gain 5 and 7, three others 1, 2 and 3: effect 6 − 2 = 4. Influences (d − mean)/n
# are ∓1/2 for the opened and ±1/3, 0 for the others, so the variance is 5/4 × (1/2 + 2/9).
TWO_BY_TWO = table(
    [(1, 1, 0), (1, 2, 5), (2, 1, 3), (2, 2, 10), (3, 1, 1), (3, 2, 2),
     (4, 1, 4), (4, 2, 6), (5, 1, 0), (5, 2, 3)],
    {1: 2, 2: 2},
)  # fmt: skip


def test_two_by_two_is_the_difference_of_mean_changes():
    effects = callaway_santanna(TWO_BY_TWO)
    assert effects.att == pytest.approx([4.0])
    assert effects.std_error == pytest.approx([np.sqrt(1.25 * (1 / 2 + 2 / 9))])
    simple = effects.aggregate("simple")
    assert (simple.overall, simple.overall_std_error) == pytest.approx((4.0, effects.std_error[0]))


# Cohorts 2 (cells 1, 2) and 3 (cell 3), never (cell 4, whose outcome is 0, 1, 3).
# Cohort 2 at year 2: mean change 4 − 1 = 3; at year 3: 8 − 3 = 5. Cohort 3 at 2: 2 − 1 = 1
# (before opening), at 3: 6 − 2 = 4. Masses 2 and 1.
THREE_YEARS = table(
    [(1, 1, 0), (1, 2, 3), (1, 3, 7), (2, 1, 1), (2, 2, 6), (2, 3, 10),
     (3, 1, 5), (3, 2, 7), (3, 3, 13), (4, 1, 0), (4, 2, 1), (4, 3, 3)],
    {1: 2, 2: 2, 3: 3},
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "labels", "rows", "overall"),
    [
        ("simple", [0], [(2 * 3 + 2 * 5 + 4) / 5], (2 * 3 + 2 * 5 + 4) / 5),
        ("group", [2, 3], [4, 4], 4),
        ("dynamic", [-1, 0, 1], [1, (2 * 3 + 4) / 3, 5], ((2 * 3 + 4) / 3 + 5) / 2),
        ("calendar", [2, 3], [3, (2 * 5 + 4) / 3], (3 + (2 * 5 + 4) / 3) / 2),
    ],
)
def test_three_years_by_hand(kind, labels, rows, overall):
    found = callaway_santanna(THREE_YEARS).aggregate(kind)
    assert list(found.label) == labels
    assert found.att == pytest.approx(rows)
    assert found.overall == pytest.approx(overall)


def by_pair(**options) -> pd.DataFrame:
    return callaway_santanna(THREE_YEARS, **options).to_frame().set_index(["cohort", "time"])


def test_not_yet_treated_cells_join_the_comparison():
    found = by_pair(control="not_yet")
    # Year 2: cells 3 and 4 changed by 2 and 1, so 4 − 1.5; year 3: cell 3 has opened.
    assert found.estimate[2, 2] == pytest.approx(2.5)
    assert found.estimate[2, 3] == pytest.approx(5)
    assert found.n_control[2, 2] == 2


def test_universal_base_compares_every_year_with_the_last_before_the_opening():
    found = by_pair(base="universal")
    assert found.estimate[3, 1] == pytest.approx(5 - 7 - (0 - 1))
    assert found.estimate[3, 2] == 0
    assert np.isnan(found.std_error[3, 2])


def test_anticipation_moves_the_base_year_back():
    found = by_pair(anticipation=1)
    assert found.estimate[3, 3] == pytest.approx(13 - 5 - 3)
    assert (2, 3) not in found.index


def test_a_cell_missing_in_one_year_is_left_out_of_that_comparison_only():
    frame = THREE_YEARS.query("not (cell == 2 and time == 3)")
    found = callaway_santanna(frame).to_frame().set_index(["cohort", "time"])
    assert found.estimate[2, 2] == pytest.approx(3)
    assert found.estimate[2, 3] == pytest.approx(7 - 3)
    assert found.n_treated[2, 3] == 1


def test_missing_outcome_is_the_same_as_an_absent_row():
    gone = (THREE_YEARS["cell"] == 2) & (THREE_YEARS["time"] == 3)
    holed = callaway_santanna(THREE_YEARS.assign(y=THREE_YEARS["y"].mask(gone)))
    cut = callaway_santanna(THREE_YEARS[~gone])
    assert holed.att == pytest.approx(cut.att)
    assert holed.std_error == pytest.approx(cut.std_error)


def test_a_unit_whose_covariate_is_never_known_is_left_out_and_said():
    frame = random_panel(3, n=60, years=6, cohorts=(3, 5))
    gone = frame["cell"] == frame.loc[frame["cohort"].notna(), "cell"].iloc[0]
    holed = callaway_santanna(frame.assign(x=frame["x"].mask(gone)), covariates=["x"])
    cut = callaway_santanna(frame[~gone], covariates=["x"])
    assert holed.aggregate("simple").overall == cut.aggregate("simple").overall
    assert holed.n_clusters == cut.n_clusters
    assert holed.notes == ("1 cellule sans covariables connues, mise de côté.",)


def test_row_order_changes_nothing():
    frame = random_panel(1)
    one = callaway_santanna(frame, weights="w", cluster="group")
    two = callaway_santanna(frame.sample(frac=1, random_state=9), weights="w", cluster="group")
    assert one.att == pytest.approx(two.att, abs=1e-12)
    assert one.std_error == pytest.approx(two.std_error, abs=1e-12)


@pytest.mark.parametrize("covariates", [(), ("x",)])
def test_influence_is_the_derivative_in_the_weights(covariates):
    """Influence of a unit = its weight × derivative of the estimate, masses included."""
    frame = random_panel(3, n=60, years=6, cohorts=(3, 5), missing=0.05)
    options = {"weights": "w", "covariates": covariates, "control": "not_yet"}

    def overall(data: pd.DataFrame) -> np.ndarray:
        found = callaway_santanna(data, **options)
        return np.array([found.aggregate(kind).overall for kind in KINDS])

    wanted = 0.0
    for cell in frame["cell"].unique():
        own, step = frame["cell"] == cell, 1e-4
        up = frame.assign(w=frame["w"] * np.where(own, 1 + step, 1))
        down = frame.assign(w=frame["w"] * np.where(own, 1 - step, 1))
        wanted += ((overall(up) - overall(down)) / (2 * step)) ** 2
    n = frame["cell"].nunique()
    made = callaway_santanna(frame, **options)
    found = [made.aggregate(kind).overall_std_error for kind in KINDS]
    assert found == pytest.approx(np.sqrt(wanted * n / (n - 1)), rel=1e-5)


def test_doubly_robust_needs_only_one_right_model():
    rng = np.random.default_rng(0)
    n = 100_000
    x = rng.normal(size=n)
    treated = rng.uniform(size=n) < 1 / (1 + np.exp(-x))
    design = np.column_stack([np.ones(n), x])
    curved = 1.0 * treated + x**2 + rng.normal(size=n)  # outcome model wrong, odds right
    att, psi = doubly_robust(curved, treated, design, np.ones(n))
    assert att == pytest.approx(1.0, abs=4 * np.sqrt(np.sum(psi**2)))
    odd = rng.uniform(size=n) < 1 / (1 + np.exp(-(x**2) + 1))  # odds wrong, outcome model right
    straight = 1.0 * odd + x + rng.normal(size=n)
    att, psi = doubly_robust(straight, odd, design, np.ones(n))
    assert att == pytest.approx(1.0, abs=4 * np.sqrt(np.sum(psi**2)))


def test_covariates_without_overlap_give_no_estimate():
    frame = THREE_YEARS.assign(x=THREE_YEARS["cohort"].fillna(0) + THREE_YEARS["cell"] / 10)
    effects = callaway_santanna(frame, covariates=["x"])
    assert np.isnan(effects.att).all()
    assert "sans comparaison possible" in effects.notes[0]


def test_simultaneous_band_of_one_row_is_pointwise_and_grows_with_rows():
    effects = callaway_santanna(random_panel(2), cluster="group")
    simple, dynamic = effects.aggregate("simple"), effects.aggregate("dynamic")
    low, _ = simple.overall_interval
    assert simple.to_frame()["band_low"].iloc[0] == pytest.approx(low, abs=0.01)
    assert dynamic.critical > simple.critical


@pytest.mark.parametrize("points", [[1], [1.5**0.5, 1, 0.5**0.5]], ids=["rademacher", "webb"])
def test_multipliers_agree_on_the_band_when_clusters_are_many(points):
    effects = callaway_santanna(random_panel(5, n=600, missing=0))
    influence = _rows(effects, "dynamic")[1] @ effects.influence
    rng = np.random.default_rng(0)
    signs = rng.choice([*points, *(-p for p in points)], size=(influence.shape[1], 4_000))
    scaled = influence / np.linalg.norm(influence, axis=1, keepdims=True)
    other = np.quantile(np.abs(scaled @ signs).max(axis=0), 0.95)
    assert other == pytest.approx(effects.aggregate("dynamic").critical, abs=0.1)


def test_a_single_treated_cluster_gets_no_interval():
    frame = TWO_BY_TWO.query("cell != 2")
    low, high = callaway_santanna(frame).aggregate("simple").overall_interval
    assert np.isnan(low)
    assert np.isnan(high)


@pytest.mark.parametrize("estimator", [callaway_santanna, sun_abraham])
def test_an_average_has_the_degrees_of_freedom_of_the_clusters_of_its_cohorts(estimator):
    assert estimator(THREE_YEARS).aggregate("group").freedom.tolist() == [0, 0]  # one to compare
    panel = pd.concat([THREE_YEARS, THREE_YEARS.query("cell == 4").assign(cell=5)])
    effects = estimator(panel)
    found = effects.aggregate("group")
    assert found.freedom.tolist() == [1, 0]
    two, one = found.to_frame().itertuples()
    assert two.ci_high - two.estimate == pytest.approx(stats.t.ppf(0.975, 1) * two.std_error)
    assert two.band_high >= two.ci_high  # the band of both has the freedom of all clusters
    assert np.isnan([one.ci_low, one.band_low]).all()  # a single cluster
    each = effects.to_frame().dropna(subset=["ci_low"])
    assert set(each["cohort"]) == {2}
    shared = panel.assign(school=panel["cell"].map(dict(zip(range(1, 6), "abacd", strict=True))))
    assert estimator(shared, cluster="school").aggregate("simple").freedom.tolist() == [1]
    unseen = panel[~((panel["cell"] == 3) & (panel["time"] == 3))]
    assert estimator(unseen).n_treated_clusters == 3
    assert estimator(unseen).aggregate("simple").df == 1  # none of the last cohort is compared


def test_event_study_result_carries_bands_covariance_and_overall():
    effects = callaway_santanna(random_panel(2), cluster="group", base="universal")
    study = as_event_study(effects, "diplomes")
    reference = study.table.set_index("rel_time").loc[-1.0]
    assert reference.estimate == 0
    assert np.isnan(reference.std_error)
    sd = np.sqrt(np.diag(study.covariance))
    assert sd == pytest.approx(study.table["std_error"].to_numpy(), nan_ok=True)
    assert study.overall.estimate == effects.aggregate("simple").overall
    assert "diplomes" in study.summary()


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda d: pd.concat([d, d.head(1)]), {}, "deux lignes ou plus"),
        (lambda d: d.assign(cohort=[3.0, *d["cohort"][1:]]), {}, "change d'une année"),
        (lambda d: d.assign(d=[1, *[0] * (len(d) - 1)]), {"lag": "d"}, "« d » change d'une année"),
        (lambda d: d[d["cohort"].notna()], {}, "jamais ouverte"),
        (lambda d: d.assign(cohort=np.nan), {}, "aucune cellule ouverte"),
        (lambda d: d.assign(w=0.0), {"weights": "w"}, "poids nul"),
        (lambda d: d.assign(cell=d["cell"].mask(d["cell"] == 4)), {}, "identifiant manquant"),
        (lambda d: d, {"control": "jamais"}, "never ou not_yet"),
        (lambda d: d, {"y": "z"}, "colonne absente"),
    ],
)
def test_mistakes_are_said_in_french(change, options, words):
    with pytest.raises(FpiError, match=words):
        callaway_santanna(change(THREE_YEARS), **options)


def test_cells_without_a_year_before_opening_are_left_out_and_counted():
    frame = pd.concat([THREE_YEARS, table([(9, 1, 0), (9, 2, 50)], {9: 1})])
    effects = callaway_santanna(frame)
    assert effects.att == pytest.approx(callaway_santanna(THREE_YEARS).att)
    assert "1 cellule sans année avant ouverture" in effects.summary()


def test_published_values_of_county_employment():
    """Callaway and Sant'Anna (2021), the example of R `did`, without the factor G/(G − 1)."""
    columns = {"y": "lemp", "unit": "countyreal", "time": "year"}
    effects = callaway_santanna(mpdta(), **columns)
    root = np.sqrt(effects.factor)
    simple = effects.aggregate("simple")
    assert simple.overall == pytest.approx(-0.039951, abs=1e-6)
    assert simple.overall_std_error / root == pytest.approx(0.012034, abs=1e-6)
    dynamic = effects.aggregate("dynamic")
    after = dynamic.label >= 0
    assert dynamic.att[after] == pytest.approx([-0.01993, -0.05096, -0.13726, -0.10081], abs=1e-5)
    errors = dynamic.std_error[after] / root
    assert errors == pytest.approx([0.0118, 0.0169, 0.0364, 0.0344], abs=1e-4)
    group = effects.aggregate("group")
    assert group.att == pytest.approx([-0.07975, -0.02291, -0.02605], abs=1e-5)
    adjusted = callaway_santanna(mpdta(), **columns, covariates=["lpop"]).aggregate("simple")
    assert adjusted.overall == pytest.approx(-0.0418, abs=1e-4)
