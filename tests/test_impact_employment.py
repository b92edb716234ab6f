"""Employment: counts rather than rates, mixed cohorts, a change of scope, hidden cells."""

import numpy as np
import pandas as pd
import pytest
from invented_chain import LOST, PER_SEAT, invented_chain
from scipy import stats

from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS, NET, sample
from fpi_eval.impact.hidden import aggregated, bounds, recover
from fpi_eval.impact.jobs.graduates import (
    additional_employed,
    break_of_scope,
    seat_exits,
    two_cohorts,
    volume_and_rate,
    without_course_sessions,
)
from fpi_eval.panel import align
from fpi_eval.panel.sample import Sample
from fpi_eval.regression.partial import clustered_sum_error, imbens_manski

EXACT = 1e-8
EMPLOYED = PER_SEAT["en_emploi_6_mois"]


def test_more_people_may_work_while_the_rate_falls():
    # 40 leavers at 50 % are 20; 60 at 45 % are 27: +10 by volume, −3 by rate, +7 in all.
    found = volume_and_rate(40, 0.50, 60, 0.45)
    assert found == pytest.approx({"volume": 10, "rate": -3, "total": 7})
    assert found["total"] == pytest.approx(60 * 0.45 - 40 * 0.50)


def test_without_noise_additional_employed_is_the_truth_at_every_horizon():
    panel = _by_entry(invented_chain(1))
    for horizon in (6, 12, 18, 24):
        name = f"en_emploi_{horizon}_mois"
        found = additional_employed(panel, horizon)
        reach = sum(sample(panel, name).reach)
        assert found[GROSS].estimate == pytest.approx(PER_SEAT[name], abs=EXACT)
        net = PER_SEAT[name] * (1 + LOST * reach)
        assert found[NET].estimate == pytest.approx(net, abs=EXACT)


def _by_entry(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the panel's effects on a course × session path: J reads employment by session."""
    rng = np.random.default_rng(9)
    codes = pd.factorize(panel["course"] + panel["rentree"].astype(str))[0]
    shock = rng.normal(size=codes.max() + 1)[codes]
    out = panel.copy()
    for name in (n for n in PER_SEAT if n != "entrants"):
        frame = align(panel, name)
        near = frame["exposure_etab"] + frame["exposure_dep"]
        effect = PER_SEAT[name] * (frame["dose"] + LOST * near)
        out[name] = effect + frame["size"].to_numpy() * (0.5 + 0.05 * shock)
    return out


def test_a_change_of_scope_shared_by_a_course_moves_nothing_and_is_shown():
    panel = _by_entry(invented_chain(1))
    broken = panel.copy()
    late = (broken["rentree"] >= 2021).to_numpy()
    size = align(panel, "en_emploi_6_mois")["size"]
    broken.loc[late, "en_emploi_6_mois"] += 0.1 * size[late]
    steady, moved = (additional_employed(p)[GROSS].estimate for p in (panel, broken))
    assert moved == pytest.approx(steady, abs=EXACT)
    # Cell effects alone would take it for an effect: two sessions or more out of the seven before.
    assert without_course_sessions(broken) > without_course_sessions(panel) + 0.05


def test_the_break_is_the_change_of_the_rate_in_cells_never_opened():
    rows = [
        (0, 2020, 50, 20, 0), (0, 2021, 50, 30, 0), (1, 2020, 50, 40, 0), (1, 2021, 150, 120, 0),
        (2, 2020, 99, 0, 0), (2, 2021, 99, 99, 6),
    ]  # fmt: skip
    panel = pd.DataFrame(rows, columns=["cell", "rentree", "sortants", "en_emploi_6_mois", "seats"])
    found = break_of_scope(panel.assign(voie="scolaire")).iloc[0]
    assert (found["before"], found["after"]) == (pytest.approx(0.6), pytest.approx(0.75))
    assert found["gap"] == pytest.approx(0.15)
    with pytest.raises(FpiError, match="rupture"):
        break_of_scope(panel.assign(voie="scolaire"), first=2030)


def test_a_millesime_answers_to_the_seats_of_its_two_cohorts():
    frame = pd.DataFrame({
        "cell": [0, 0, 0, 1, 1], "time": [2021, 2022, 2023, 2021, 2023], "y": 1.0,
        "dose": [0.0, 6, 12, 0, 8], "exposure_etab": 0.0, "exposure_dep": [1.0, 2, 3, 0, 0],
        "other_dose": 0.0, "opened": False, "cohort": np.nan,
    })  # fmt: skip
    found = two_cohorts(Sample(frame, "en_emploi_6_mois"))
    assert found["dose"].tolist() == [6, 18]
    assert found["exposure_dep"].tolist() == [3, 5]
    assert found["cohort"].tolist() == [2022, 2022]
    assert found.dropped == (("premier millésime de la cellule", 3),)


def test_without_noise_mixed_cohorts_give_the_truth_and_ignoring_the_mixture_does_not():
    panel = _by_entry(invented_chain(1))
    name = "en_emploi_6_mois"
    before = panel.groupby("cell")[name].shift()
    summed = panel.assign(**{name: panel[name] + before})
    found = additional_employed(summed, millesimes=True)
    assert found[GROSS].estimate == pytest.approx(EMPLOYED, abs=EXACT)
    assert abs(additional_employed(summed)[GROSS].estimate - EMPLOYED) > 0.05


def test_totals_are_effects_times_seat_years_and_groups_have_their_own():
    panel = _by_entry(invented_chain(1))
    frame = sample(panel, "en_emploi_6_mois")
    total = additional_employed(panel, total=True)
    assert total[0].estimate == pytest.approx(EMPLOYED * frame["dose"].sum(), abs=1e-5)
    assert "en tout" in total[0].label
    panel["voie"] = np.where(panel["course"].isin(["c0", "c1"]), "apprentissage", "scolaire")
    found = additional_employed(panel, by="voie")
    assert [e.estimate for e in found if "brut" in e.label] == pytest.approx([EMPLOYED] * 2)
    with pytest.raises(FpiError, match="regroupement"):
        additional_employed(panel, by="uai")
    with pytest.raises(FpiError, match="5 mois"):
        additional_employed(panel, 5)


def test_a_hidden_count_is_recovered_where_rounding_leaves_one_integer():
    # Orion's own example: 30 students, 20 go on (67 %), 23 favourable (77 %): 3 employed.
    assert recover(np.array([30]), np.array([0.77]), np.array([0.67])) == [3]
    # 300 students: 67 % is 200 or 201 or 202: no single integer.
    assert np.isnan(recover(np.array([300]), np.array([0.77]), np.array([0.67])))[0]
    # An impossible pair (favourable below continuing) is not recovered.
    assert np.isnan(recover(np.array([30]), np.array([0.60]), np.array([0.67])))[0]


def hidden_cells() -> pd.DataFrame:
    return pd.DataFrame({
        "uai": ["A", "A", "B", "C"], "filiere": ["numerique"] * 3 + ["autre"],
        "terminale": [60.0, 30, 25, 40], "sortants": [40.0, np.nan, np.nan, 22],
        "en_emploi_6_mois": [20.0, np.nan, np.nan, 11],
        "taux_poursuite": [1 / 3, 0.67, np.nan, 0.45],
        "taux_devenir_favorable": [0.67, 0.77, np.nan, 0.73],
    })  # fmt: skip


def test_hidden_cells_are_recovered_then_bounded_from_none_to_all():
    found = bounds(hidden_cells(), by=["filiere"])
    row = found.table.set_index("filiere").loc["numerique"]
    # 20 known, 3 recovered, then 0 to 19 of a cell with 25 students and fewer than 20 leavers.
    assert (row["low"], row["high"]) == (23, 42)
    assert row["hidden_cells"] == 1
    assert row["hidden_share"] == pytest.approx(25 / 115)
    assert row["ci_low"] < 23
    assert row["ci_high"] > 42
    assert found.n_recovered == 1
    blind = hidden_cells().drop(columns=["taux_poursuite", "taux_devenir_favorable"])
    assert bounds(blind).table.loc[0, ["low", "high"]].tolist() == [31, 31 + 19 + 19]


def test_a_recovered_count_is_never_printed():
    found = bounds(hidden_cells().iloc[1:2])
    assert "recover" not in repr(found)
    assert "recovered" not in found.to_frame()
    with pytest.raises(FpiError, match="uai"):
        bounds(hidden_cells().drop(columns="uai"))


def test_sums_come_first_and_rates_only_above_the_publisher_minimum():
    found = aggregated(hidden_cells(), ["filiere"]).set_index("filiere")
    assert found.loc["numerique", "rate"] == pytest.approx(0.5)
    assert found.loc["numerique", "hidden_share"] == pytest.approx(55 / 115)
    assert found.loc["autre", "rate"] == pytest.approx(0.5)
    small = hidden_cells().assign(sortants=5.0)
    assert aggregated(small.head(1), ["filiere"])["rate"].isna().all()


def test_imbens_manski_goes_from_two_sided_to_one_sided_as_the_set_widens():
    point = imbens_manski(1.0, 1.0, 0.1, 0.1)
    assert point.ci_high - 1 == pytest.approx(0.1 * stats.norm.ppf(0.975), abs=1e-9)
    wide = imbens_manski(0.0, 10.0, 0.1, 0.1)
    assert -wide.ci_low == pytest.approx(0.1 * stats.norm.ppf(0.95), abs=1e-9)
    assert imbens_manski(0, 1, 0, 0).ci_high == 1
    with pytest.raises(FpiError, match="inversées"):
        imbens_manski(2, 1, 0.1, 0.1)


def test_the_error_of_a_total_is_the_spread_of_its_clusters():
    # Clusters 3 and 5: mean 4, two deviations of 1, times 2 / 1.
    assert clustered_sum_error(np.array([1.0, 2, 5]), np.array(["a", "a", "b"])) == pytest.approx(2)


def test_seat_exits_count_each_cohort_once():
    frame = pd.DataFrame(
        {"cell": [1, 1, 1, 2], "time": [2024, 2025, 2027, 2025], "dose": [0.0, 10.0, 30.0, 8.0],
         "dose_own": [0.0, 10.0, 20.0, 4.0], "dose_before": [0.0, 0.0, 10.0, 4.0]}
    )  # fmt: skip
    # Cell 1: 10 in 2025; 2026 is only in the row of 2027, which has 10 and 20. Cell 2: 4 and 4.
    assert seat_exits(frame) == 10 + 10 + 20 + 4 + 4
    assert seat_exits(frame.drop(columns=["dose_own", "dose_before"])) == 48
