"""The benchmark of the verdict reads lights again from the thresholds, and counts alerts."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

PATH = Path(__file__).parents[1] / "benchmarks" / "verdict.py"


@pytest.fixture(scope="module")
def verdict_benchmark():
    spec = importlib.util.spec_from_file_location("verdict_benchmark", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def runs(*rows):
    columns = ["scenario", "seed", "name", "statut", "valeur", "incertitude", "impose"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(j_error=0.01, j_covers=1.0, t_error=0.02, t_covers=1.0)


def test_a_light_is_read_again_unless_the_check_imposed_it(verdict_benchmark):
    table = runs(
        ("benign", 1, "etablissements", "fail", 50.0, float("nan"), False),
        ("benign", 1, "support", "fail", 0.99, float("nan"), True),
        ("benign", 1, "disparu", "fail", 0.0, float("nan"), False),
    )
    assert list(verdict_benchmark.lights(table)["statut"]) == ["pass", "fail"]


def test_shares_of_alerts_are_counted_by_hand(verdict_benchmark):
    table = runs(
        ("benign", 1, "etablissements", "pass", 50.0, float("nan"), False),
        ("benign", 2, "etablissements", "pass", 30.0, float("nan"), False),
        ("null", 1, "support", "fail", 0.1, float("nan"), True),
    )
    found = verdict_benchmark.verdicts(table).set_index(["scenario", "seed"])
    assert found.loc[("benign", 1), "niveau"] == "solide"
    assert found.loc[("benign", 2), "niveau"] == "à lire avec prudence"
    assert found.loc[("null", 1), "bloque"]
    words = verdict_benchmark.markdown(table)
    assert "| 2 | 50 % ± 35 | 0 % ± 0 |" in words
    assert "| 1 | 0 % ± 0 | 100 % ± 0 | 100 %" in words
