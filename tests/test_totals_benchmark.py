"""The benchmark of totals: coverage of sets that may be outside a segment, bias of ratios."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def totals():
    sys.path.insert(0, str(FOLDER))
    spec = importlib.util.spec_from_file_location("totals_benchmark", FOLDER / "totals.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(FOLDER))


def runs(*rows) -> pd.DataFrame:
    names = ["estimate", "std_error", "ci_low", "ci_high", "outside", "truth"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(scenario="s", quantity="q", seed=range(len(rows)))


def test_a_truth_is_covered_inside_a_segment_or_outside_of_what_is_excluded(totals):
    table = runs(
        (1.0, 0.1, 0.5, 1.5, False, 1.2), (1.0, 0.1, 0.5, 1.5, False, 2.0),
        (1.0, np.nan, -2.0, 3.0, True, 5.0), (1.0, np.nan, -2.0, 3.0, True, 1.0),
        (1.0, np.nan, -np.inf, np.inf, False, 9.0),
    )  # fmt: skip
    assert totals.covered(table).tolist() == [True, False, True, False, True]


def test_bias_of_an_estimate_is_its_mean_and_that_of_a_ratio_its_median(totals):
    estimates = runs(*((v, 0.1, 0.0, 9.0, False, 1.0) for v in (1.0, 1.0, 4.0)))
    assert totals.summarise(estimates)["bias"].iloc[0] == pytest.approx(1.0)
    ratios = estimates.assign(std_error=np.nan)
    assert totals.summarise(ratios)["bias"].iloc[0] == pytest.approx(0.0)


def test_scenarios_take_turns_and_runs_done_are_not_done_again(totals, tmp_path):
    store = tmp_path / "runs.csv"
    first = totals.FIRST_SEED
    assert totals.missing_runs(store, 1) == [("déplacement", first), ("sans déplacement", first)]
    pd.DataFrame({"scenario": ["déplacement"], "seed": [first]}).to_csv(store, index=False)
    assert totals.missing_runs(store, 1) == [("sans déplacement", first)]
