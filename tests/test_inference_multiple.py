"""Adjusted p-values: worked by hand, by refitting every sample, and beside pyfixest."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fpi_eval.regression import linear
from fpi_eval.regression.multiple import drawn_p, holm, normal_draws, romano_wolf, wild_draws

pf = pytest.importorskip("pyfixest")

EXACT = 1e-9
# Two bootstraps of 9,999 draws: the error of a share p is sqrt(p(1 - p) / 9999), of their
# difference at most 0.0071; four of them.
BY_DRAWS = 4 * np.sqrt(2 * 0.25 / 9999)


def test_romano_wolf_worked_by_hand():
    # Four draws under the null. Largest t first: 3 is beaten by none of the largest of all three
    # (2.5, 1, 3.5, 0.5) but the third: (1 + 1) / 5. Then 2 against the largest of the other two
    # (2.5, 1, 1, 0.5): one of four, 2 / 5. Then 1 against the last column (0.2, 1, 1, 0.1): two.
    t = np.array([2.0, -3.0, 1.0])
    null = np.array([[2.5, 1.0, 0.2], [0.3, 0.4, 1.0], [0.9, 3.5, -1.0], [0.5, 0.1, 0.1]])
    assert romano_wolf(t, null) == pytest.approx([2 / 5, 2 / 5, 3 / 5])
    assert drawn_p(t, null) == pytest.approx([2 / 5, 2 / 5, 3 / 5])


def test_a_later_step_is_never_below_an_earlier_one():
    # 2 against the other columns alone would give 1 / 3, below the 2 / 3 of the step before.
    t, null = np.array([3.0, 2.0]), np.array([[4.0, 0.0], [0.0, 0.0]])
    assert romano_wolf(t, null) == pytest.approx([2 / 3, 2 / 3])


def test_what_could_not_be_drawn_is_no_evidence():
    null = np.array([[0.1, np.nan], [0.2, np.nan], [0.3, np.nan]])
    for rule in (romano_wolf, drawn_p):
        np.testing.assert_allclose(rule(np.array([3.0, np.nan]), null), [1 / 4, np.nan])
        assert rule(np.array([3.0, 2.0]), null)[1] == 1.0


def test_identical_outcomes_cost_nothing_under_romano_wolf_and_all_under_holm():
    rng = np.random.default_rng(1)
    null = np.repeat(rng.normal(size=(999, 1)), 5, axis=1)
    t = np.full(5, 2.2)
    alone = drawn_p(t, null)
    assert romano_wolf(t, null) == pytest.approx(alone)
    assert holm(alone) == pytest.approx(np.minimum(5 * alone, 1))


def test_normal_draws_give_back_each_students_law():
    rng = np.random.default_rng(0)
    influence = rng.normal(size=(40, 3)) + rng.normal(size=(40, 1))
    df = np.array([4, 11, 4])
    moved, scale = normal_draws(influence, df, draws=40_000, seed=1)
    t = np.abs(moved / np.sqrt((influence**2).sum(axis=0)) / scale)
    for j, freedom in enumerate(df):
        expected = stats.t.ppf(0.975, freedom)
        # Error of a quantile's tail: sqrt(.05 × .95 / 40,000) = 0.0011; four of them.
        assert (t[:, j] > expected).mean() == pytest.approx(0.05, abs=0.0044)


def data(seed=0, n=32, years=6, groups=8):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"i": np.repeat(np.arange(n), years), "t": np.tile(np.arange(years), n)})
    frame["g"] = frame["i"] % groups
    on = (frame["g"] < 4) & (frame["t"] >= 3)
    frame["s"] = on * rng.uniform(1, 3, n)[frame["i"]]
    frame["d"] = on.astype(float)
    frame["x"] = rng.normal(size=len(frame))
    frame["zx"] = frame["x"] + 0.3 * rng.normal(size=len(frame))
    frame["w"] = rng.uniform(0.5, 2, len(frame))
    common = rng.normal(size=(groups, years))[frame["g"], frame["t"]]
    for k in range(3):
        own = rng.normal(size=len(frame))
        frame[f"y{k}"] = frame["i"] / 9 + 0.2 * k * frame["s"] + 0.3 * common + own
    return frame


def brute(frame, outcome, tested, signs, weights):
    """Return t and its draws by refitting every sample by two-stage least squares with dummies."""
    dummies = pd.get_dummies(frame[["i", "t"]].astype(str), drop_first=True).to_numpy(float)
    rest = np.column_stack([np.ones(len(frame)), dummies])
    x = np.column_stack([frame[["s", "x"]], rest])
    z = np.column_stack([frame[["d", "zx"]], rest])
    w = np.ones(len(frame)) if weights is None else frame[weights].to_numpy()
    inverse = np.linalg.inv(z.T @ (w[:, None] * x))
    c = np.r_[tested, np.zeros(rest.shape[1])]
    codes = frame["g"].to_numpy()

    def fit(y):
        beta = inverse @ (z.T @ (w * y))
        score = (c @ inverse) @ (z * (w * (y - x @ beta))[:, None]).T
        return c @ beta, np.sqrt(np.sum(np.bincount(codes, score) ** 2)), beta

    y = frame[outcome].to_numpy()
    value, error, beta = fit(y)
    # Restricted: c'b = 0 imposed with the metric of the projected regressors.
    hat = z @ np.linalg.solve(z.T @ (w[:, None] * z), z.T @ (w[:, None] * x))
    metric = np.linalg.inv(hat.T @ (w[:, None] * hat)) @ c
    null = x @ (beta - metric * value / (c @ metric))
    drawn = []
    for v in signs:
        top, bottom, _ = fit(null + v[codes] * (y - null))
        drawn.append(top / bottom)
    return value / error, np.array(drawn)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("tested", [(1.0, 0.0), (1.0, 0.7)], ids=["one", "a sum"])
def test_wild_draws_equal_refitting_every_sample_with_instruments_and_dummies(weights, tested):
    frame = data()
    fit = linear.fit(
        frame["y1"].to_numpy(), frame[["s", "x"]].to_numpy(), [frame["i"], frame["t"]],
        names=["s", "x"], instruments=frame[["d", "zx"]].to_numpy(),
        weights=None if weights is None else frame[weights].to_numpy(),
    )  # fmt: skip
    signs = np.array(list(product([-1.0, 1.0], repeat=8)))[::3]
    found = wild_draws(
        fit.y, fit.endogenous, fit.x, np.array(tested), frame["g"].to_numpy(), signs,
        effects=fit.absorber, weights=fit.weights,
    )  # fmt: skip
    expected = brute(frame, "y1", np.array(tested), signs, weights)
    assert found[0] == pytest.approx(expected[0], abs=EXACT)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-8)


def test_steps_are_those_of_pyfixest_on_the_same_draws():
    multcomp = pytest.importorskip("pyfixest.estimation.post_estimation.multcomp")
    rng = np.random.default_rng(4)
    null = rng.normal(size=(499, 6)) + rng.normal(size=(499, 1))
    t = rng.normal(1.5, 1, 6)
    np.testing.assert_allclose(romano_wolf(t, null), multcomp._get_rwolf_pval(t, null), atol=1e-12)
