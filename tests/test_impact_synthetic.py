"""Synthetic control and synthetic difference in differences."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs.synthetic import simplex_weights, synthetic, synthetic_weights


def factor_panel(seed: int, *, effect: float = 0.0, n: int = 20, years: int = 15, treated: int = 1):
    rng = np.random.default_rng(seed)
    level, slope = rng.normal(size=n), rng.normal(size=n)
    y = level[:, None] + slope[:, None] * np.linspace(0, 1, years) + rng.normal(0, 0.1, (n, years))
    d = np.zeros((n, years), dtype=bool)
    d[-treated:, 10:] = True
    y += effect * d
    unit, time = np.meshgrid(np.arange(n), np.arange(years), indexing="ij")
    flat = {"unit": unit.ravel(), "time": time.ravel(), "y": y.ravel(), "treated": d.ravel()}
    return pd.DataFrame(flat)


def test_weights_of_a_target_inside_the_hull_are_found():
    predictors = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    found = simplex_weights(predictors, np.array([0.2, 0.3]), intercept=False)
    assert found == pytest.approx([0.5, 0.2, 0.3], abs=1e-8)


def test_weights_of_a_target_outside_the_hull_go_to_the_nearest_point():
    predictors = np.array([[0.0, 1.0], [0.0, 0.0]])
    found = simplex_weights(predictors, np.array([3.0, 1.0]), intercept=False)
    assert found == pytest.approx([0, 1])


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_weights_are_the_best_of_a_fine_grid(ridge):
    rng = np.random.default_rng(0)
    predictors, target = rng.normal(size=(6, 3)), rng.normal(size=6)

    def loss(w):
        gap = predictors @ w - target
        return np.sum((gap - gap.mean()) ** 2) + 6 * ridge**2 * w @ w

    found = simplex_weights(predictors, target, ridge=ridge)
    grid = [(a, b, 1 - a - b) for a, b in itertools.product(np.linspace(0, 1, 101), repeat=2)]
    best = min(loss(np.array(w)) for w in grid if w[2] >= -1e-12)
    assert found.sum() == pytest.approx(1)
    assert (found >= 0).all()
    assert best - 1e-2 < loss(found) <= best + 1e-12


def test_did_is_the_difference_of_mean_changes():
    frame = factor_panel(1, effect=2.0)
    y = frame.pivot_table(index="unit", columns="time", values="y").to_numpy()
    change = y[:, 10:].mean(axis=1) - y[:, :10].mean(axis=1)
    wanted = change[-1] - change[:-1].mean()
    assert synthetic(frame, method="did").estimate == pytest.approx(wanted)


@pytest.mark.parametrize("method", ["sdid", "sc"])
def test_effect_is_recovered_where_trends_differ(method):
    def typical_error(name):
        found = [synthetic(factor_panel(s, effect=2.0), method=name).estimate for s in range(30)]
        return np.median(np.abs(np.array(found) - 2))

    # Medians: a treated unit outside the hull of the others has no synthetic control.
    assert typical_error(method) < 0.15  # a year has noise 0.1, and weights are estimated
    assert typical_error(method) < typical_error("did") / 2


def test_placebo_test_keeps_its_level_without_an_effect():
    p = [synthetic(factor_panel(s), draws=30).p_value for s in range(60)]
    # 10 % of 60 is 6; more than 13 would have probability under 0.005.
    assert np.sum(np.array(p) <= 0.1) <= 13
    assert min(p) >= 1 / 20


def test_placebos_are_enumerated_when_few_and_drawn_when_many():
    assert len(synthetic(factor_panel(0)).placebos) == 19
    assert len(synthetic(factor_panel(0, treated=3), draws=50).placebos) == 50


def test_gap_averages_to_the_synthetic_control_effect():
    found = synthetic(factor_panel(2, effect=1.0), method="sc")
    assert found.gap.iloc[10:].mean() == pytest.approx(found.estimate)
    assert "passerait inaperçu" in found.summary()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.iloc[1:], "incomplet"),
        (lambda d: d.iloc[:0], "aucune ligne"),
        (lambda d: pd.concat([d, d.head(1)]), "deux lignes ou plus"),
        (
            lambda d: d.assign(treated=d["treated"] | ((d["unit"] == 3) & (d["time"] == 12))),
            "doit le rester",
        ),
        (lambda d: d.assign(treated=False), "jamais traitées"),
    ],
)
def test_panels_it_cannot_use_are_refused(change, words):
    with pytest.raises(FpiError, match=words):
        synthetic(change(factor_panel(0)))


def test_proposition_99():
    """Published −15.604, −19.62 and −27.349 come from a solver stopped before the optimum.

    Ours is exact: its criterion is lower and the estimate moves by .002 and .11.
    """
    package = pytest.importorskip("synthdid", reason="paquet de test synthdid-py absent")
    frame = package.load_california_prop99()
    names = {"y": "PacksPerCapita", "unit": "State", "time": "Year"}
    published = {"sdid": (-15.604, 0.002), "sc": (-19.62, 0.11), "did": (-27.349, 0.0005)}
    for method, (value, tolerance) in published.items():
        found = synthetic(frame, **names, method=method, draws=38)
        assert found.estimate == pytest.approx(value, abs=tolerance)
    setup = package.panel_matrices(frame)
    y, n0, t0 = setup.Y, setup.N0, setup.T0
    for method, fit in (("sdid", package.synthdid_estimate), ("sc", package.sc_estimate)):
        theirs = np.asarray(fit(y, n0, t0).weights.omega)
        ours, _ = synthetic_weights(y, 1, y.shape[1] - t0, method)
        noise = np.diff(y[:n0, :t0], axis=1).std(ddof=1)
        ridge = 12**0.25 * noise if method == "sdid" else 1e-6 * noise

        def loss(w, method=method, ridge=ridge):
            gap = y[:n0, :t0].T @ w - y[n0, :t0]
            gap = gap - gap.mean() if method == "sdid" else gap
            return gap @ gap + t0 * ridge**2 * w @ w

        assert loss(ours) < loss(theirs)


def staggered(seed: int, effects=((10, 2, 1.0), (12, 1, 3.0), (13, 3, -2.0))) -> pd.DataFrame:
    """Return a panel where the last units start at several dates: date, how many, effect."""
    frame = factor_panel(seed, treated=1).assign(treated=False)
    last = frame["unit"].max() + 1
    for date, count, effect in effects:
        on = frame["unit"].between(last - count, last - 1) & (frame["time"] >= date)
        frame.loc[on, "treated"] = True
        frame.loc[on, "y"] += effect
        last -= count
    return frame


@pytest.mark.parametrize("method", ["sdid", "did", "sc"])
def test_several_starts_are_each_against_the_never_treated_weighted_by_treated_years(method):
    frame = staggered(3)
    found = synthetic(frame, method=method, draws=20)
    start = frame[frame["treated"]].groupby("unit")["time"].min()
    expected, weight = [], []
    for date, units in start.groupby(start):
        kept = ~frame["unit"].isin(start.index) | frame["unit"].isin(units.index)
        expected.append(synthetic(frame[kept], method=method, draws=20).estimate)
        weight.append(len(units) * (15 - date))
    assert found.cohorts["estimate"].to_numpy() == pytest.approx(np.array(expected), abs=1e-10)
    assert found.estimate == pytest.approx(np.average(expected, weights=weight), abs=1e-10)
    assert found.cohorts["weight"].sum() == pytest.approx(1)
    assert found.unit_weights.sum() == pytest.approx(1)
    assert "Plusieurs dates" in found.method()
    assert found.gap.index[len(found.year_weights)] == 0


def test_several_starts_agree_with_an_independent_package():
    package = pytest.importorskip("synthdid.staggered", reason="paquet de test synthdid-py absent")
    frame = staggered(4)
    given = frame.assign(treated=frame["treated"].astype(int))[["unit", "time", "y", "treated"]]
    panel = package.staggered_panel_matrices(given)
    for method, theirs, close in (("did", "did", 1e-10), ("sdid", "synthdid", 2e-3)):
        other = package.staggered_synthdid_estimate(panel, theirs)
        mine = synthetic(frame, method=method, draws=5)
        assert mine.estimate == pytest.approx(float(other), abs=close)


def test_many_placebos_of_few_units_know_the_error_no_better_than_the_units_do():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        [(u, t, rng.normal(), u < 2 and t >= 2020) for u in range(10) for t in range(2014, 2024)],
        columns=["unit", "time", "y", "treated"],
    )
    found = synthetic(frame)
    assert (len(found.placebos), len(found.unit_weights)) == (28, 8)
    assert (found.ci_high - found.ci_low) / 2 == pytest.approx(
        stats.t.ppf(0.975, 7) * found.std_error
    )


@pytest.mark.parametrize("method", ["sdid", "sc", "did"])
@pytest.mark.parametrize("dates", [((12, 3, 1.0),), ((10, 2, 1.0), (12, 1, 3.0))])
def test_no_number_depends_on_how_units_are_named(method, dates):
    frame = staggered(2, dates)
    found = synthetic(frame, method=method, draws=30)
    names = np.random.default_rng(0).permutation(20)
    again = synthetic(frame.assign(unit=names[frame["unit"]]), method=method, draws=30)
    assert again.to_frame().iloc[0, 1:].astype(float).tolist() == pytest.approx(
        found.to_frame().iloc[0, 1:].astype(float).tolist(), abs=1e-10
    )
    assert again.unit_weights[names[found.unit_weights.index]].to_numpy() == pytest.approx(
        found.unit_weights.to_numpy(), abs=1e-8
    )


def test_units_that_nothing_tells_apart_before_weigh_alike():
    rows = [(u, t, (u + 3 * (u == 0)) * (t >= 5), u == 0 and t >= 5) for u in range(6)
            for t in range(8)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["unit", "time", "y", "treated"])
    for method in ("sdid", "sc", "did"):
        found = synthetic(frame, method=method)
        assert found.estimate == pytest.approx(3 - np.mean([1, 2, 3, 4, 5]), abs=1e-10)


def test_two_comparison_units_and_two_years_before_are_enough():
    frame = factor_panel(5, n=3)
    found = synthetic(frame[frame["time"] >= 8])
    assert len(found.placebos) == 2
    assert np.isfinite(found.ci_low)


def above_the_optimum(predictors, target, weights, ridge) -> float:
    """Return a bound on the criterion in excess of its least value (Frank and Wolfe's gap)."""
    gap = predictors - target[:, None]
    gap = gap - gap.mean(axis=0)
    slope = gap.T @ (gap @ weights) + len(gap) * ridge**2 * weights
    return 2 * (slope @ weights - slope.min())


def test_the_optimum_is_ours_and_another_package_comes_to_it_when_it_stops_later():
    """diff-diff stops like R's synthdid: its criterion is above the least by 1e-5, ours 1e-15."""
    other = pytest.importorskip("diff_diff.utils", reason="paquet de test diff-diff absent")
    frame = factor_panel(4, treated=2, effect=1.0)
    y = frame.pivot_table(index="unit", columns="time", values="y").to_numpy()
    before, treated, after = y[:18, :10], y[18:, :10].mean(axis=0), y[:18, 10:]
    noise = np.diff(before, axis=1).std(ddof=1)
    ridge = (2 * 5) ** 0.25 * noise
    units, years = synthetic_weights(y, 2, 5, "sdid")
    mean = after.mean(axis=1)
    assert above_the_optimum(before.T, treated, units, ridge) < 1e-14
    assert above_the_optimum(before, mean, years, 1e-6 * noise) < 1e-14
    apart = []
    for least, steps in ((1e-5 * noise, 10_000), (1e-12 * noise, 1_000_000)):
        stop = {"min_decrease": least, "max_iter": steps}
        theirs = other.compute_sdid_unit_weights(before.T, treated, ridge, **stop)
        along = other.compute_time_weights(before.T, after.T, 1e-6 * noise, **stop)
        assert above_the_optimum(before.T, treated, theirs, ridge) > 1e-9
        effect = y[18:, 10:].mean() - along @ treated - theirs @ (mean - before @ along)
        apart.append(abs(effect - synthetic(frame, draws=2).estimate))
    assert apart[1] < 1e-8 < apart[0]
