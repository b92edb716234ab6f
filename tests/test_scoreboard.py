"""The scoreboard: hand-worked runs, the lag of outcomes, and slopes equal to an independent one."""

import sys
from pathlib import Path

import pandas as pd
import pyfixest
import pytest

from fpi_eval.twin import SMALL, draw

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import scoreboard

# Points are the same algebra; standard errors differ by how singletons are counted (1 %).
POINT, ERROR = 1e-8, 0.02


@pytest.fixture(scope="module")
def frame():
    return scoreboard.lagged(draw(SMALL, 5).panel, "diplomes")


def test_the_dose_of_graduates_is_the_seats_they_entered_on():
    rows = {"cell": [0] * 3, "duree": [2] * 3, "rentree": [2023, 2024, 2025], "seats": [0, 12, 24]}
    panel = pd.DataFrame(rows).assign(filiere="numerique", diplomes=1.0, entrants=1.0)
    assert scoreboard.lagged(panel, "diplomes")["dose"].tolist() == [0, 0, 12]
    assert scoreboard.lagged(panel, "entrants")["dose"].tolist() == [0, 12, 24]


def test_bias_coverage_and_rejection_of_four_runs_worked_by_hand():
    runs = pd.DataFrame(
        {
            "scenario": "null", "outcome": "diplomes", "seed": [1, 2, 3, 4],
            "estimator": "avant/après naïf", "estimand": "theta", "truth": 0.0, "std_error": 0.1,
            "estimate": [0.1, -0.1, 0.3, 0.1], "ci_low": [-0.1, -0.3, 0.1, -0.1],
            "ci_high": [0.3, 0.1, 0.5, 0.3],
        }
    )  # fmt: skip
    row = scoreboard.summarise(runs).iloc[0]
    assert row["bias"] == pytest.approx(0.1)
    assert row["rmse"] == pytest.approx(0.03**0.5)
    assert row["coverage"] == 0.75
    assert row["rejection"] == 0.25
    assert row["coverage_mc"] == pytest.approx((0.75 * 0.25 / 4) ** 0.5)


def test_the_null_scenario_is_read_back_as_a_name(tmp_path):
    store = tmp_path / "runs.csv"
    scoreboard.run(store, [], 1, 1.0)
    pd.DataFrame([["null", 1.0]], columns=["scenario", "estimate"]).to_csv(store, index=False)
    assert scoreboard.read_store(store)["scenario"].tolist() == ["null"]


def test_what_is_done_by_every_estimator_is_not_done_again(tmp_path):
    store = tmp_path / "runs.csv"
    first = scoreboard.FIRST_SEED
    rows = [("null", "diplomes", first, name) for name in scoreboard.ESTIMATORS]
    rows.append(("null", "diplomes", first + 1, next(iter(scoreboard.ESTIMATORS))))
    columns = ["scenario", "outcome", "seed", "estimator"]
    pd.DataFrame(rows, columns=columns).to_csv(store, index=False)
    left = list(scoreboard.missing_runs(store, ["null"], "diplomes", 2))
    assert left == [("null", "diplomes", first + 1)]


@pytest.mark.parametrize(
    ("estimator", "formula"),
    [
        (scoreboard.twfe_dose, "y ~ dose | cell + time"),
        (scoreboard.dose_course_session, "y ~ dose | cell + session"),
        (scoreboard.wald_course_session, "y ~ 1 | cell + session | dose ~ opened"),
    ],
)
def test_the_slope_equals_that_of_an_independent_package(frame, estimator, formula):
    table = frame.assign(
        opened=(frame["dose"] > 0).astype(float),
        session=frame["course"] + frame["time"].astype(str),
    )
    fit = pyfixest.feols(formula, table, vcov={"CRV1": "uai"})
    value, error, low, high = estimator(frame)
    assert value == pytest.approx(float(fit.coef().iloc[0]), abs=POINT)
    assert error == pytest.approx(float(fit.se().iloc[0]), rel=ERROR)
    assert low < value < high
