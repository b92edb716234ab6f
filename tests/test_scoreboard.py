"""The scoreboard: hand-worked runs, the lag of outcomes, and slopes equal to an independent one."""

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyfixest
import pytest
import runner
import score_estimators
import score_tables
import scoreboard
from invented import invented_panel, opened_elsewhere

from fpi_eval.impact.as_event_study import opening_study
from fpi_eval.impact.bjs2_t import bjs2_t
from fpi_eval.impact.frame import GROSS, sample
from fpi_eval.impact.imputation import imputation
from fpi_eval.impact.intertemporal import intertemporal
from fpi_eval.impact.j import j
from fpi_eval.impact.placebo_regions import placebo_regions
from fpi_eval.impact.stacked import pooled, stack
from fpi_eval.impact.twfe import twfe
from fpi_eval.twin import SCENARIOS, SMALL, draw
from fpi_eval.twin.truth import Truth

# Points are the same algebra; standard errors differ by how singletons are counted (1 %).
POINT, ERROR = 1e-8, 0.02


@pytest.fixture(scope="module")
def frame():
    table = score_estimators.lagged(draw(SMALL, 5).panel, "diplomes")
    # A course taught by one cell says nothing of a slope, and pyfixest leaves it out of the count
    # of observations.
    alone = table.groupby(["course", "time"])["cell"].transform("size") == 1
    return table[~alone].reset_index(drop=True)


def test_the_dose_of_graduates_is_the_seats_they_entered_on():
    rows = {"cell": [0] * 3, "duree": [2] * 3, "rentree": [2023, 2024, 2025], "seats": [0, 12, 24]}
    panel = pd.DataFrame(rows).assign(filiere="numerique", diplomes=1.0, entrants=1.0)
    assert score_estimators.lagged(panel, "diplomes")["dose"].tolist() == [0, 0, 12]
    assert score_estimators.lagged(panel, "entrants")["dose"].tolist() == [0, 12, 24]


def test_bias_coverage_and_rejection_of_four_runs_worked_by_hand():
    runs = pd.DataFrame(
        {
            "scenario": "null", "outcome": "diplomes", "seed": [1, 2, 3, 4],
            "estimator": "avant/après naïf", "estimand": "theta", "truth": 0.0, "std_error": 0.1,
            "estimate": [0.1, -0.1, 0.3, 0.1], "ci_low": [-0.1, -0.3, 0.1, -0.1],
            "ci_high": [0.3, 0.1, 0.5, 0.3], "p_value": [0.3, 0.3, 0.01, 0.3],
        }
    )  # fmt: skip
    row = score_tables.summarise(runs, ["null"], ["avant/après naïf"]).iloc[0]
    assert row["bias"] == pytest.approx(0.1)
    assert row["rmse"] == pytest.approx(0.03**0.5)
    assert row["coverage"] == 0.75
    assert row["rejection"] == 0.25
    # Wilson at one standard deviation: sqrt(0.75 * 0.25 / 4 + 1 / 64) / (1 + 1 / 4).
    assert row["coverage_mc"] == pytest.approx(0.2)


def test_the_readme_gets_one_line_a_scenario_and_nothing_else_moves():
    rows = [
        ("benign", "diplomes", seed, name, "x", 0.5, 0.1, 0.3, 0.6, 0.01, truth)
        for seed, truth in ((1, 0.4), (2, 0.4))
        for name in score_tables.PRIMARY
    ]
    runs = pd.DataFrame(rows, columns=list(scoreboard.COLUMNS))
    table = score_tables.summarise(runs, ["benign"], [*score_tables.PRIMARY])
    lines = score_tables.brief(table).splitlines()
    assert lines[2] == "| benign | 2 | +25.0%, 100% | +25.0%, 100% | +25.0%, 100% |"
    text = "a\n<!-- m -->\nold\n<!-- /m -->\nb"
    assert score_tables.between(text, "m", "new") == "a\n<!-- m -->\nnew\n<!-- /m -->\nb"


def test_a_draw_without_interval_counts_in_the_bias_and_not_in_the_coverage():
    runs = pd.DataFrame(
        {
            "scenario": "few1", "outcome": "diplomes", "seed": [1, 2], "estimator": "J, effet brut",
            "truth": 0.4, "std_error": 0.1, "estimate": [0.5, 0.7], "ci_low": [0.3, np.nan],
            "ci_high": [0.7, np.nan], "p_value": [0.01, np.nan],
        }
    )  # fmt: skip
    row = score_tables.summarise(runs, ["few1"], ["J, effet brut"]).iloc[0]
    assert (row["answered"], row["bounded"], row["tested"]) == (2, 1, 1)
    assert (row["bias"], row["coverage"], row["rejection"]) == (pytest.approx(0.2), 1.0, 1.0)


def test_the_null_scenario_is_read_back_as_a_name(tmp_path):
    store = tmp_path / "runs.csv"
    scoreboard.run(store, [], 1)
    pd.DataFrame([["null", 1.0]], columns=["scenario", "estimate"]).to_csv(store, index=False)
    assert scoreboard.read_store(store)["scenario"].tolist() == ["null"]


def test_a_run_cut_short_keeps_its_seeds_and_goes_on_where_it_was(tmp_path):
    store, tried = tmp_path / "rows.parquet", []

    def one(seed):
        tried.append(seed)
        if tried == [1, 2, 3]:
            raise InterruptedError
        return [{"seed": seed, "p": 0.1 * seed}]

    with pytest.raises(InterruptedError):
        runner.by_seed(store, "abc", range(1, 5), one)
    rows = runner.by_seed(store, "abc", range(1, 5), one)
    assert tried == [1, 2, 3, 3, 4]
    assert rows["seed"].tolist() == [1, 2, 3, 4]
    assert pd.read_parquet(store).equals(rows)
    other = runner.by_seed(store, "def", range(1), one)  # another code: nothing of it is done
    assert other[["seed", "code"]].to_numpy().tolist() == [[0, "def"]]
    assert runner.by_seed(store, "def", range(9), one, datetime(2000, 1, 1)).equals(other)


def test_a_store_of_few_runs_takes_no_other_from_the_published_rows(tmp_path):
    store, published, keys = tmp_path / "runs.csv", tmp_path / "runs.parquet", ("world", "seed")
    old = [("null", 1, "abc", 0.1), ("null", 2, "abc", 0.2), ("null", 2, "abc", 0.3)]
    columns = ["world", "seed", "code", "p"]
    kept = pd.DataFrame(old, columns=columns).astype({"world": "category"})
    kept.to_parquet(published)
    assert runner.rows_of(store, published, keys).equals(kept)  # a fresh clone
    runner.run(store, [("null", 2)], lambda *run: [(*run, 0.4)], ["world", "seed", "p"], 1)
    found = runner.rows_of(store, published, keys, code="def")[columns]
    assert found.to_numpy().tolist() == [["null", 1, "abc", 0.1], ["null", 2, "def", 0.4]]
    published.unlink()
    assert runner.rows_of(store, published, keys)["p"].tolist() == [0.4]


def test_what_is_done_by_every_estimator_is_not_done_again(tmp_path):
    store = tmp_path / "runs.csv"
    first = scoreboard.FIRST_SEED
    rows = [("null", "diplomes", first, name) for name in scoreboard.ESTIMATORS]
    rows.append(("null", "diplomes", first + 1, next(iter(scoreboard.ESTIMATORS))))
    columns = ["scenario", "outcome", "seed", "estimator"]
    pd.DataFrame(rows, columns=columns).to_csv(store, index=False)
    left = scoreboard.planned([(["null"], 2)], "diplomes", scoreboard.finished(store))
    assert left == [("null", "diplomes", first + 1)]


def test_scenarios_take_turns_then_the_next_round_goes_on():
    runs = scoreboard.planned([("ab", 2), ("a", 3), ("ab", 3)], "y", set())
    first = scoreboard.FIRST_SEED
    assert [(name, seed - first) for name, _, seed in runs] == [
        ("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2),
    ]  # fmt: skip


def test_nothing_starts_after_the_hour(tmp_path):
    store = tmp_path / "runs.csv"
    scoreboard.run(store, [("null", "diplomes", 1)], 1, until=datetime(2000, 1, 1))
    assert not store.exists()


def test_one_goal_met_one_missed_and_one_that_the_draws_cannot_tell():
    row = SimpleNamespace(
        scenario="realistic", coverage=0.95, bounded=20_000, truth=0.5, bias=0.05, bias_mc=0.01,
        rejection=1.0, tested=50,
    )  # fmt: skip
    assert score_tables.judge(row) == {"coverage": "atteint", "bias": "manqué"}
    row.truth, row.rejection = 0.0, 0.06
    assert score_tables.judge(row)["rejection"] == "compatible"


def test_the_light_draw_gives_every_estimator_the_numbers_of_the_whole_one():
    twin = draw(SMALL, 5)
    panel, truth = score_estimators.light_draw(SMALL, 5, "diplomes")
    assert len(panel) < len(twin.panel)
    ours = score_estimators.answers(panel, "diplomes")
    whole = score_estimators.answers(twin.panel, "diplomes")
    assert set(ours) == set(score_estimators.ESTIMATORS)
    for name, values in ours.items():
        np.testing.assert_allclose(values, whole[name], atol=1e-10, err_msg=name)
    aims = score_estimators.truths(panel, truth, "diplomes")
    assert aims == score_estimators.truths(twin.panel, twin.truth, "diplomes")
    assert aims["net"] == aims["theta_suivies"] + aims["kappa"]


def test_a_closed_seat_weighs_what_an_opened_one_does():
    rows = pd.DataFrame(
        {
            "cell": [1, 2, 3], "outcome": "entrants", "filiere": ["numérique"] * 2 + ["autre"],
            "seats": [20.0, -10.0, -10.0], "own": [12.0, -9.0, -3.0], "displaced": [-4.0, 0.0, 0.0],
        }
    )  # fmt: skip
    panel = pd.DataFrame({"cell": [1, 2, 3], "nouvelle": False})
    aims = score_estimators.truths(panel, Truth(rows, pd.DataFrame()), "entrants")
    # Targeted courses: 12 came to 20 seats, 9 left with 10. All courses: 4 displaced by 40 seats.
    assert aims["theta_suivies"] == pytest.approx(21 / 30)
    assert aims["kappa"] == pytest.approx(-4 / 40)


@pytest.mark.parametrize(
    ("estimator", "formula"),
    [
        (score_estimators.twfe_dose, "y ~ dose | cell + time"),
        (score_estimators.dose_course_session, "y ~ dose | cell + session"),
        (score_estimators.wald_course_session, "y ~ 1 | cell + session | dose ~ opened"),
    ],
)
def test_the_slope_equals_that_of_an_independent_package(frame, estimator, formula):
    table = frame.assign(
        opened=(frame["dose"] > 0).astype(float),
        session=frame["course"] + frame["time"].astype(str),
    )
    fit = pyfixest.feols(formula, table, vcov={"CRV1": "uai"})
    value, error, low, high, p_value = estimator(frame)
    assert value == pytest.approx(float(fit.coef().iloc[0]), abs=POINT)
    assert error == pytest.approx(float(fit.se().iloc[0]), rel=ERROR)
    assert low < value < high
    assert p_value == pytest.approx(float(fit.pvalue().iloc[0]), rel=0.05)


QUARTER = {"n_cells_region": 600, "n_cells_other": 3_600}


def stacked(panel, y):
    return pooled(stack(sample(panel, y)))


def of_other_budgets():
    """Return a panel where other regions open seats too, its truth, and the rows they move."""
    p = replace(SCENARIOS["other_openings"], **QUARTER)
    panel, truth = score_estimators.light_draw(p, 100_000, "diplomes")
    rows = sample(panel, "diplomes").frame
    opened = pd.MultiIndex.from_frame(rows.loc[rows["other_dose"] != 0, ["cell", "time"]])
    return panel, truth, panel.set_index(["cell", "rentree"]).index.isin(opened)


def by_region(panel, y):
    return placebo_regions(panel, y).table[["estimate", "std_error"]].to_numpy().ravel()


def by_age(panel, y):
    table = opening_study(panel, y).table
    return table[["estimate", "std_error"]].to_numpy().ravel()


def two_way(panel, y):
    return twfe(panel, y).estimate.estimate


@pytest.mark.parametrize("estimator", [by_region, by_age, two_way])
def test_no_estimator_without_a_second_dose_reads_what_another_budget_opened(estimator):
    panel, _, known = of_other_budgets()
    other = panel.assign(diplomes=panel["diplomes"].where(~known, 1_000.0))
    found = estimator(panel, "diplomes")
    assert np.isfinite(found).any()
    assert estimator(other, "diplomes") == pytest.approx(found, rel=1e-6, nan_ok=True)


def test_the_trend_that_sites_carry_on_is_that_of_no_other_budget():
    panel = invented_panel(3, per_seat=0.5, etab=-0.1, dep=-0.1)
    opens, here = opened_elsewhere(panel, 2021)
    more = panel.assign(autres_places=8.0 * opens, diplomes=panel["diplomes"] + 0.5 * 8.0 * here)
    first, second = bjs2_t(panel, "diplomes"), bjs2_t(more, "diplomes")
    assert second.estimate == pytest.approx(first.estimate, abs=1e-8)
    assert bjs2_t(more.assign(autres_places=0.0)).estimate != pytest.approx(
        first.estimate, abs=1e-4
    )


@pytest.mark.parametrize("estimator", [imputation, intertemporal, stacked])
def test_what_another_budget_opens_is_no_comparison(estimator):
    panel, truth, known = of_other_budgets()
    assert known.sum() > 100
    found = estimator(panel, "diplomes")
    blind = estimator(panel.assign(diplomes=panel["diplomes"].mask(known)), "diplomes")
    assert (found.estimate, found.std_error) == pytest.approx((blind.estimate, blind.std_error))
    aim = score_estimators.truths(panel, truth, "diplomes")["theta_suivies"]
    assert found.ci_low < aim < found.ci_high


def test_a_placebo_region_of_one_establishment_has_no_error_and_widens_nothing():
    """Its five copies had errors of 1e-16, which made the interval of the gross effect 1e12."""
    p = replace(SCENARIOS["closures_cible"], **QUARTER)
    panel, _ = score_estimators.light_draw(p, 100_123, "diplomes")
    gross = j(panel, "diplomes")[GROSS]
    assert 0.01 < gross.std_error < 0.04
