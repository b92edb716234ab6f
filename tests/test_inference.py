"""Standard errors, bootstraps and permutations against hand work, brute force and pyfixest."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from fpi_eval import regression as inference
from fpi_eval.errors import FpiError
from fpi_eval.regression import linear

pf = pytest.importorskip("pyfixest")


def panel(seed=0, n=60, years=8, groups=9):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"i": np.repeat(np.arange(n), years), "t": np.tile(np.arange(years), n)})
    frame["g"] = frame["i"] % groups
    frame["x"] = ((frame["g"] < 5) & (frame["t"] >= 3 + frame["g"] % 3)) * rng.uniform(1, 2, n)[
        frame["i"]
    ]
    frame["z"] = rng.normal(size=len(frame))
    frame["w"] = rng.uniform(0.5, 2, len(frame))
    shock = rng.normal(size=(groups, years))[frame["g"], frame["t"]]
    frame["y"] = (
        frame["i"] / 10 + frame["t"] + 0.3 * frame["x"] + shock + rng.normal(size=len(frame))
    )
    return frame.sample(frac=0.9, random_state=seed).reset_index(drop=True)


def regression(frame, weights=None, effects=("i", "t")):
    fes = [frame[e].to_numpy() for e in effects]
    return linear.fit(
        frame["y"].to_numpy(), frame[["x", "z"]].to_numpy(), fes, names=["x", "z"],
        weights=None if weights is None else frame[weights].to_numpy(),
    )  # fmt: skip


def brute_wild(frame, fit, weights, effects, signs):
    """Bootstrap t by refitting every sample with dummies."""
    dummies = pd.get_dummies(frame[list(effects)].astype(str), drop_first=True).to_numpy(float)
    design = np.column_stack([frame[["x", "z"]], np.ones(len(frame)), dummies])
    design = design[:, np.r_[0:3, 3 + np.flatnonzero(dummies.std(0) > 0)]]
    root = np.ones(len(frame)) if weights is None else np.sqrt(frame[weights].to_numpy())
    y = frame["y"].to_numpy()
    g, _ = pd.factorize(frame["g"])
    inverse = np.linalg.pinv((design * root[:, None]).T @ (design * root[:, None]))
    null = design[:, 1:]
    fitted = null @ np.linalg.lstsq(null * root[:, None], y * root, rcond=None)[0]

    def t(sample):
        beta = inverse @ (design.T @ (root**2 * sample))
        score = design * (root**2 * (sample - design @ beta))[:, None]
        sums = np.column_stack([np.bincount(g, c) for c in score.T])
        meat = sums.T @ sums
        return beta[0] / np.sqrt((inverse @ meat @ inverse)[0, 0])

    own = t(y)
    draws = [t(fitted + v[g] * (y - fitted)) for v in signs]
    return np.mean(np.abs(draws) >= abs(own) * (1 - 1e-9))


@pytest.fixture
def signs_only(monkeypatch):
    """Draw signs however few the clusters: eight of them list all cases."""
    monkeypatch.setattr(inference.wild, "FEW", 0)
    inference.wild.multipliers.cache_clear()
    yield
    inference.wild.multipliers.cache_clear()


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("effects", [("i", "t"), ("t",)])
def test_wild_bootstrap_equals_refitting_every_sample_with_dummies(signs_only, weights, effects):
    frame = panel(1, n=24, groups=8)
    fit = regression(frame, weights, effects)
    w = fit.weights
    test = inference.wild_cluster(
        fit.y, fit.x[:, 0], fit.x[:, 1:], frame["g"], n_parameters=3, effects=fit.absorber,
        weights=w,
    )  # fmt: skip
    signs = [np.array(s) for s in product([-1.0, 1.0], repeat=8)]
    assert test.enumerated
    assert test.draws == 256
    assert test.p_value == pytest.approx(brute_wild(frame, fit, weights, effects, signs), abs=1e-12)


def test_a_bootstrap_of_what_is_missing_says_nothing(signs_only):
    frame = panel(2, n=60, groups=10)
    fit = regression(frame)
    test = inference.wild_cluster(
        np.full(len(fit.y), np.nan), fit.x[:, 0], fit.x[:, :0], frame["g"], n_parameters=3
    )
    assert np.isnan([test.p_value, test.ci_low, test.ci_high]).all()


def test_interval_of_the_wild_bootstrap_holds_the_values_it_does_not_reject(signs_only):
    frame = panel(2, n=60, groups=10)
    fit = regression(frame)
    options = {"n_parameters": 3, "effects": fit.absorber}
    design = inference.wild.WildDesign(fit.x[:, 0], fit.x[:, 1:], frame["g"], **options)
    test = design.test(fit.y)
    inside, outside = (
        design.test(fit.y - value * fit.x[:, 0]).p_value
        for value in (test.ci_low + 1e-3, test.ci_low - 1e-3)
    )
    assert outside <= 0.05 <= inside
    assert test.ci_low < fit.coefficients[0] < test.ci_high


def test_webb_weights_serve_under_twelve_clusters_and_all_cases_are_listed_when_few():
    assert inference.wild.multipliers(11)[1] == "webb"
    assert inference.wild.multipliers(12)[1] == "rademacher"
    assert inference.wild.multipliers(13)[2]
    signs, kind, enumerated = inference.wild.multipliers(5)
    assert (len(signs), kind, enumerated) == (6**5, "webb", True)


def test_small_sample_factor_worked_by_hand():
    assert inference.small_sample(100, 10, 5) == pytest.approx(5 / 4 * 99 / 90)


def test_holm_worked_by_hand():
    adjusted = inference.holm(np.array([0.01, 0.04, 0.03]))
    np.testing.assert_allclose(adjusted, [0.03, 0.06, 0.06])


@pytest.mark.parametrize(
    ("treated", "key"),
    [(60, "cr1"), (20, "cr1"), (19, "wild"), (5, "wild"), (4, "permutation"), (1, "placebo")],
)
def test_rule_follows_the_number_of_treated_clusters(treated, key):
    assert inference.choose(treated).key == key


def test_no_treated_cluster_is_an_error_in_french():
    with pytest.raises(FpiError, match="aucun groupe traité"):
        inference.choose(0)
