"""Shift-share errors: from the formula in plain numpy, and from statsmodels where they coincide."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from fpi_eval.errors import FpiError
from fpi_eval.regression.shift_share import shift_share

#: The same closed formulas computed by another route: only rounding differs.
ROUNDING = 1e-10


def drawn(seed=0, n=120, k=25):
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(k) * 0.3, n) * rng.uniform(0.5, 1, (n, 1))
    shocks = rng.normal(1, 1, k)
    weights = rng.uniform(1, 5, n)
    controls = np.column_stack([np.ones(n), shares.sum(axis=1), rng.normal(size=n)])
    y = 0.7 * shares @ shocks + shares @ rng.normal(size=k) + 0.2 * rng.normal(size=n)
    return y, shares, shocks, weights, controls


def net(values, controls, weights):
    fit = sm.WLS(values, controls, weights).fit()
    return np.asarray(fit.resid)


def test_slope_and_akm_errors_follow_the_formula_written_plainly():
    y, shares, shocks, weights, controls = drawn()
    x = shares @ shocks
    found = shift_share(net(y, controls, weights), net(x, controls, weights), shares, shocks,
                        weights=weights)  # fmt: skip
    # Full regression, hat matrix of shares by normal equations, sums in loops.
    full = np.linalg.inv((controls * weights[:, None]).T @ controls)
    project = np.eye(len(y)) - controls @ full @ (controls * weights[:, None]).T
    clean = project @ x
    beta = sum(weights * clean * y) / sum(weights * clean * x)
    residual = project @ (y - beta * x)
    hat = np.linalg.inv((shares * weights[:, None]).T @ shares) @ (
        shares * weights[:, None]).T @ clean  # fmt: skip
    variance = 0.0
    for k in range(shares.shape[1]):
        reach = sum(weights[i] * shares[i, k] * residual[i] for i in range(len(y)))
        variance += hat[k] ** 2 * reach**2
    assert found.estimate == pytest.approx(beta, abs=ROUNDING)
    assert found.se_akm == pytest.approx(np.sqrt(variance) / sum(weights * clean**2), abs=ROUNDING)


def test_akm0_ends_are_the_values_whose_own_test_just_rejects():
    y, shares, shocks, weights, controls = drawn(1)
    clean_y, clean_x = (net(v, controls, weights) for v in (y, shares @ shocks))
    found = shift_share(clean_y, clean_x, shares, shocks, weights=weights)
    root = np.sqrt(weights)[:, None]
    hat = np.linalg.lstsq(shares * root, clean_x * root[:, 0], rcond=None)[0]
    for value in (found.akm0.low, found.akm0.high):
        left = weights * (clean_y - value * clean_x)
        t = (clean_x @ left) / np.sqrt(np.sum((hat * (shares.T @ left)) ** 2))
        assert abs(t) == pytest.approx(1.959964, abs=1e-5)


def test_shock_level_regression_has_the_same_slope_and_its_own_robust_error():
    y, shares, shocks, weights, controls = drawn(2)
    clean_y, clean_x = (net(v, controls, weights) for v in (y, shares @ shocks))
    found = shift_share(clean_y, clean_x, shares, shocks, weights=weights)
    size = shares.T @ weights
    bar_y, bar_x = ((shares * weights[:, None]).T @ v / size for v in (clean_y, clean_x))
    # Two-stage least squares by statsmodels: first stage, then the reduced form's residual.
    constant = np.ones((len(shocks), 1))
    root = np.sqrt(size)
    design = np.column_stack([constant, shocks]) * root[:, None]
    endogenous = np.column_stack([constant, bar_x]) * root[:, None]
    from statsmodels.sandbox.regression.gmm import IV2SLS

    iv = IV2SLS(bar_y * root, endogenous, design).fit()
    assert iv.params[1] == pytest.approx(found.estimate, abs=1e-8)
    residual = bar_y * root - endogenous @ iv.params
    projected = design @ np.linalg.solve(design.T @ design, design.T @ endogenous)
    bread = np.linalg.inv(projected.T @ projected)
    meat = (projected * residual[:, None]).T @ (projected * residual[:, None])
    robust = np.sqrt((bread @ meat @ bread)[1, 1])
    assert found.se_bhj == pytest.approx(robust, rel=1e-8)


def test_an_instrumented_exposure_has_the_errors_of_the_formula_and_of_statsmodels():
    y, shares, shocks, weights, controls = drawn(6)
    rng = np.random.default_rng(6)
    d = shares @ shocks + 0.4 * y + rng.normal(size=len(y))  # chosen by those who saw y
    clean_y, clean_d, clean_x = (net(v, controls, weights) for v in (y, d, shares @ shocks))
    found = shift_share(clean_y, clean_x, shares, shocks, endogenous=clean_d, weights=weights)
    beta = (weights * clean_x) @ clean_y / ((weights * clean_x) @ clean_d)
    assert found.estimate == pytest.approx(beta, abs=ROUNDING)
    root = np.sqrt(weights)[:, None]
    hat = np.linalg.lstsq(shares * root, clean_x * root[:, 0], rcond=None)[0]
    reach = shares.T @ (weights * (clean_y - beta * clean_d))
    error = np.sqrt(np.sum((hat * reach) ** 2)) / abs((weights * clean_x) @ clean_d)
    assert found.se_akm == pytest.approx(error, abs=ROUNDING)
    for value in (found.akm0.low, found.akm0.high):
        left = weights * (clean_y - value * clean_d)
        t = (clean_x @ left) / np.sqrt(np.sum((hat * (shares.T @ left)) ** 2))
        assert abs(t) == pytest.approx(1.959964, abs=1e-5)
    from statsmodels.sandbox.regression.gmm import IV2SLS

    size = shares.T @ weights
    bar_y, bar_d = ((shares * weights[:, None]).T @ v / size for v in (clean_y, clean_d))
    constant, heavy = np.ones((len(shocks), 1)), np.sqrt(size)
    design = np.column_stack([constant, shocks]) * heavy[:, None]
    endogenous = np.column_stack([constant, bar_d]) * heavy[:, None]
    fit = IV2SLS(bar_y * heavy, endogenous, design).fit()
    assert fit.params[1] == pytest.approx(found.estimate, abs=1e-8)
    projected = design @ np.linalg.solve(design.T @ design, design.T @ endogenous)
    bread = np.linalg.inv(projected.T @ projected)
    scores = projected * (bar_y * heavy - endogenous @ fit.params)[:, None]
    assert found.se_bhj == pytest.approx(
        np.sqrt((bread @ scores.T @ scores @ bread)[1, 1]), rel=1e-8
    )


def test_units_with_one_shock_each_have_statsmodels_clustered_errors():
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(30), 5)
    shocks = rng.normal(size=30)
    y = 0.5 * shocks[group] + rng.normal(size=30)[group] + rng.normal(size=150)
    x = shocks[group]
    fit = sm.OLS(y, sm.add_constant(x)).fit(
        cov_type="cluster", cov_kwds={"groups": group, "use_correction": False}
    )
    shares = np.eye(30)[group]
    found = shift_share(y - y.mean(), x - x.mean(), shares, shocks)
    assert found.estimate == pytest.approx(fit.params[1], abs=ROUNDING)
    assert found.se_akm == pytest.approx(fit.bse[1], abs=ROUNDING)
    assert found.se_bhj == pytest.approx(fit.bse[1], abs=ROUNDING)


def test_effective_shocks_count_equal_shares_fully_and_one_big_share_once():
    y, x = np.arange(12.0) - 5.5, np.tile([1.0, -1.0], 6)
    even = np.tile(np.eye(3), (4, 1))
    found = shift_share(y, x, even, np.ones(3))
    assert found.effective_shocks == pytest.approx(3)
    assert found.largest_share == pytest.approx(1 / 3)
    assert not found.trusted
    lopsided = even * np.array([98.0, 1, 1])
    assert shift_share(y, x, lopsided, np.ones(3)).effective_shocks == pytest.approx(1.04, abs=0.01)


@pytest.mark.parametrize("few", ["normal", "lognormal"])
def test_with_thirty_shocks_the_interval_shown_holds_where_plain_errors_do_not(few):
    rng = np.random.default_rng(5)
    held = np.zeros(4)
    for _ in range(400):
        shares, unseen = rng.dirichlet(np.ones(30) * 0.2, 300), rng.normal(size=30)
        shocks = rng.normal(size=30) if few == "normal" else rng.lognormal(size=30)
        y, x = shares @ unseen + 0.3 * rng.normal(size=300), shares @ shocks
        y, x = y - y.mean(), x - x.mean()
        found = shift_share(y, x, shares, shocks)
        hc = np.sqrt(np.sum((x * (y - found.estimate * x)) ** 2)) / np.sum(x**2)
        low, high = found.akm0.low, found.akm0.high
        inside = not low < 0 < high if found.akm0.outside else low < 0 < high
        errors = np.array([found.se_akm, found.se_bhj, hc])
        held += [inside, *(abs(found.estimate) < 1.96 * errors)]
    shown, akm, bhj, ordinary = held / 400
    assert 0.925 <= shown <= 0.985  # 95 % and more than twice the Monte Carlo error
    assert max(akm, bhj) < {"normal": 0.95, "lognormal": 0.90}[few]
    assert ordinary < 0.75


def test_more_shocks_than_units_or_no_variation_is_refused():
    with pytest.raises(FpiError, match="moins de chocs"):
        shift_share(np.ones(3), np.ones(3), np.eye(3), np.ones(3))
    with pytest.raises(FpiError, match="ne varie plus"):
        shift_share(np.ones(5), np.zeros(5), np.ones((5, 2)), np.ones(2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [np.nan, 1, 2, 3, 4]}, "y : valeur manquante ou infinie"),
        ({"x": [0, np.inf, 2, 3, 4]}, "x : valeur manquante"),
        ({"shocks": [np.nan, 1]}, "shocks : valeur manquante"),
        ({"shocks": [1.0]}, "shocks : 2 valeurs attendues"),
        ({"weights": [1, 1, 1, 1]}, "weights : 5 valeurs attendues"),
        ({"weights": [1, 1, -1, 1, 1]}, "négatif"),
        ({"shares": -np.ones((5, 2))}, "négatif"),
        ({"shares": np.ones(5)}, "unités × chocs"),
        ({"y": list("abcde")}, "des nombres"),
    ],
)
def test_what_is_no_table_of_shares_is_refused(change, message):
    rng = np.random.default_rng(0)
    given = {"y": rng.normal(size=5), "x": rng.normal(size=5), "shares": rng.random((5, 2)),
             "shocks": rng.normal(size=2)}  # fmt: skip
    with pytest.raises(FpiError, match=message):
        shift_share(**(given | change))


def test_shocks_that_reach_nobody_change_nothing_and_one_told_twice_no_slope():
    y, shares, shocks, weights, controls = drawn(1)
    x, y = net(shares @ shocks, controls, weights), net(y, controls, weights)
    found = shift_share(y, x, shares, shocks, weights=weights)
    more = np.column_stack([shares, np.zeros(len(y))])
    again = shift_share(y, x, more, np.append(shocks, 3.0), weights=weights)
    twice = shift_share(
        y, x, np.column_stack([shares[:, :1] / 2, shares[:, :1] / 2, shares[:, 1:]]),
        np.append(shocks[0], shocks), weights=weights,
    )  # fmt: skip
    assert twice.estimate == pytest.approx(found.estimate, abs=ROUNDING)
    assert twice.se_akm == pytest.approx(twice.se_bhj, abs=ROUNDING)  # shares tell no two apart
    assert again.estimate == pytest.approx(found.estimate, abs=ROUNDING)
    assert again.se_akm == pytest.approx(found.se_akm, abs=ROUNDING)
    assert again.se_bhj == pytest.approx(found.se_bhj, abs=ROUNDING)


def test_a_column_in_another_order_than_the_shares_is_refused():
    rng = np.random.default_rng(0)
    shares = pd.DataFrame(rng.dirichlet(np.ones(8), 40)).add_prefix("s").rename(lambda i: f"z{i}")
    shocks = pd.Series(rng.normal(size=8), shares.columns)
    x = shares @ shocks
    x -= x.mean()
    y = 0.5 * x
    assert shift_share(y, x, shares, shocks).estimate == pytest.approx(0.5)
    for named in ({"y": y[::-1]}, {"shocks": shocks[::-1]}, {"weights": (x * 0 + 1)[::-1]}):
        given = {"y": y, "x": x, "shares": shares, "shocks": shocks} | named
        with pytest.raises(FpiError, match=f"^{next(iter(named))} : .*dans un autre ordre"):
            shift_share(**given)
