"""Small panels that once gave a wrong number or a traceback: each one's right answer today.

The panels stay beside the project, with where each comes from; without them the tests are skipped.
Each kind of fault is also tested on invented panels, in `test_impact_codes` and its neighbours.
"""

import numpy as np
import pandas as pd
import pytest
from conftest import DONNEES

from fpi_eval.errors import FpiError
from fpi_eval.impact import callaway_santanna, j, opening_study, sun_abraham, synthetic

CASES = DONNEES.parent / "cases" / "impact"
BOTH = pytest.mark.parametrize("estimator", [callaway_santanna, sun_abraham])


def table(name, **options):
    path = CASES / name / "data.csv"
    if not path.exists():
        pytest.skip(f"cas absent : {name}")
    return pd.read_csv(path, **options)


def overall(found):
    return found.aggregate("simple").overall


def first_cohort(found):
    rows = found.to_frame()
    return rows[(rows["cohort"] == 2019) & rows["time"].between(2019, 2021)]["estimate"].mean()


@BOTH
def test_0_means_never_opened(estimator):
    coded = table("01_never_coded_zero")
    wanted = coded.assign(cohort=coded["cohort"].where(coded["cohort"] > 0))
    assert first_cohort(estimator(coded)) == pytest.approx(first_cohort(estimator(wanted)))
    assert first_cohort(estimator(coded)) == pytest.approx(5, abs=0.2)


@BOTH
def test_dates_are_years(estimator):
    dated = table("02_datetime_columns", parse_dates=["time", "cohort"])
    assert first_cohort(estimator(dated)) == pytest.approx(5, abs=0.2)


@BOTH
def test_a_row_without_a_year_is_refused_by_name(estimator):
    with pytest.raises(FpiError, match="« time » : année manquante"):
        estimator(table("03_missing_year_goes_to_last_year"))


@pytest.mark.parametrize(
    ("estimator", "right"), [(callaway_santanna, 5.0139), (sun_abraham, 5.0042)]
)
def test_without_the_row_that_has_no_year_the_effect_is_right(estimator, right):
    known = table("03_missing_year_goes_to_last_year").dropna(subset=["time"])
    assert overall(estimator(known)) == pytest.approx(right, abs=5e-5)


def test_a_covariate_counts_the_same_shifted_or_in_euros():
    rows = table("06_covariate_with_a_large_mean_or_unit")
    found = [overall(callaway_santanna(rows, covariates=[x])) for x in ("x", "x_decale", "x_euros")]
    assert found == pytest.approx([5.0134] * 3, abs=5e-6)


@pytest.mark.parametrize("base", ["varying", "universal"])
def test_the_base_year_is_before_the_anticipation(base):
    rows = table("07_anticipation_window_base_year")
    found = callaway_santanna(rows, anticipation=2, base=base).aggregate("dynamic")
    effects = dict(zip(found.label, found.att, strict=True))
    assert [effects[age] for age in (-2, -1, 0, 3)] == pytest.approx([1, 1, 5, 5], abs=1e-3)


@BOTH
def test_an_infinite_outcome_is_refused_by_its_row(estimator):
    rows = table("09_infinite_outcome")
    (row,) = np.flatnonzero(np.isinf(rows["y"]))
    with pytest.raises(FpiError, match=f"« y » : valeur infinie à la ligne {row + 1}"):
        estimator(rows)


@BOTH
def test_a_single_cluster_gives_no_error(estimator):
    with pytest.raises(FpiError, match="« g » : un seul groupe"):
        estimator(table("10_single_cluster"), cluster="g")


@BOTH
def test_text_in_place_of_a_year_is_refused_by_name(estimator):
    with pytest.raises(FpiError, match=r"« cohort » .*« jamais »"):
        estimator(table("12_text_cohort", keep_default_na=False))


def test_years_after_a_closure_are_not_averaged_as_years_with_seats():
    codes = {"code_region": str, "code_departement": str, "uai": str}
    closed = table("14_seats_opened_then_closed", dtype=codes)
    whole = closed.assign(
        diplomes=closed["diplomes_sans_fermeture"], seats=closed["seats_sans_fermeture"]
    )
    found = opening_study(closed)
    assert dict(found.dropped)["cellule ayant perdu des places"] == 7
    assert opening_study(whole).overall.estimate == pytest.approx(7.09, abs=0.005)
    lost = closed.groupby("cell")["seats"].diff() < 0
    end = (closed["rentree"] + closed["duree"] - 1)[lost].groupby(closed["cell"][lost]).min()
    after = closed["rentree"] >= closed["cell"].map(end)  # the first session that it empties
    known = opening_study(whole.assign(diplomes=whole["diplomes"].mask(after)))
    assert found.overall.estimate == pytest.approx(known.overall.estimate, abs=1e-9)
    assert j(closed)[0].estimate == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d[d["time"] >= 2019], "année"),
        (lambda d: d.drop(columns="treated"), "« treated »"),
        (lambda d: d.assign(y=d["y"].where(d.index != 3, np.inf)), "« y » : valeur infinie"),
    ],
)
def test_what_synthetic_control_cannot_read_is_refused(change, message):
    with pytest.raises(FpiError, match=message):
        synthetic(change(table("15_synthetic_edges")), unit="cell")
