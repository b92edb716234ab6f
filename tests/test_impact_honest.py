"""Honest bounds and power of pre-trend tests: by hand, by simulation, against published ones."""

from dataclasses import replace

import numpy as np
import pytest
from invented import invented_panel
from random_panels import medicaid, random_panel
from scipy import stats

from fpi_eval.checks import honest_bounds
from fpi_eval.checks.honest import breakdown, event, relative_magnitudes, sensitivity
from fpi_eval.checks.smoothness import folded, smoothness
from fpi_eval.errors import FpiError
from fpi_eval.impact.as_event_study import opening_study
from fpi_eval.impact.callaway_santanna import callaway_santanna
from fpi_eval.impact.sun_abraham import sun_abraham

Z = stats.norm.ppf(0.975)


def small(p: float = 0.2, b: float = 1.0) -> tuple:
    """One year before (coefficient p, sd .1), one after (b, sd .2), independent."""
    return event([-2, 0], [p, b], np.diag([0.01, 0.04]))


def random_study(seed: int):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(8, 12)) * 0.1
    return event([-5, -4, -3, -2, 0, 1, 2, 3], rng.normal(size=8) * 0.1, root @ root.T)


def test_at_zero_relative_magnitude_is_the_usual_interval():
    assert relative_magnitudes(small(), 0) == pytest.approx((1 - Z * 0.2, 1 + Z * 0.2))


def test_few_groups_have_bounds_of_students_law():
    """Without a drift, the usual interval; under the worst one, a covariance of four holds 95 %."""
    of_few = replace(small(), df=4)
    half = stats.t.ppf(0.975, 4)
    assert relative_magnitudes(of_few, 0) == pytest.approx((1 - half * 0.2, 1 + half * 0.2))
    sd = np.sqrt(0.05)
    assert smoothness(of_few, 0) == pytest.approx((1.2 - half * sd, 1.2 + half * sd))
    far = 1.2 + np.array([-1, 1]) * (10 + stats.t.ppf(0.95, 4) * sd)  # one side alone counts
    assert smoothness(of_few, 10) == pytest.approx(far, abs=1e-3)
    assert breakdown(of_few) < breakdown(small())
    rng, years = np.random.default_rng(7), np.array([-4, -3, -2, 0])
    root = np.linalg.cholesky(np.diag([0.1, 0.1, 0.1, 0.2]) ** 2)
    truth, held = np.array([-0.5, -0.5, -0.5, 0.5]), {4: 0, np.inf: 0}
    for _ in range(300):
        coef = truth + root @ rng.normal(size=4)
        noise = root @ rng.normal(size=(4, 4))
        for df in held:
            low, high = relative_magnitudes(event(years, coef, noise @ noise.T / 4, df), 1.0)
            held[df] += low <= 0 <= high
    assert held[4] / 300 > 0.95 - 2 * np.sqrt(0.95 * 0.05 / 300) > held[np.inf] / 300
    with pytest.raises(FpiError, match="trop peu de groupes"):
        event([-2, 0], [0.2, 1.0], np.diag([0.01, 0.04]), df=0)


def test_bounds_have_the_degrees_of_freedom_of_their_event_study():
    found = opening_study(invented_panel(5, noise=1.0), base="universal")
    table = honest_bounds(found).table
    after = (found.table["rel_time"] >= 0) & found.table["ci_low"].notna()
    error = np.sqrt(found.covariance[np.ix_(after, after)].mean())
    half = stats.t.ppf(0.975, found.df) * error
    assert found.df < 30
    assert table.loc[0, "ci_high"] - table.loc[0, "estimate"] == pytest.approx(half)


def test_a_coefficient_without_error_is_refused():
    with pytest.raises(FpiError, match="sans erreur"):
        event([-2, 0], [0.2, 1.0], np.zeros((2, 2)))


def test_relative_magnitude_by_hand():
    # The drift before is ∓2, far from zero: the effect lies between 5 − .5 × 2 and 5 + .5 × 2,
    # each end with variance .04 + .25 × .01. The second step, of size (.05 − .005) / .995, is then
    # one-sided, between −∞ and the limit of the first.
    sd, size = np.sqrt(0.04 + 0.25 * 0.01), 0.045 / 0.995
    reach = -stats.norm.ppf(size + (1 - size) * 0.0025) * sd
    found = relative_magnitudes(small(p=2.0, b=5.0), 0.5)
    assert found == pytest.approx((4 - reach, 6 + reach), abs=1e-6)
    assert 1.6 < reach / sd < Z


def test_an_average_of_later_years_accumulates_drift():
    study = event([-2, 0, 1], [0.2, 1, 1], np.diag([1e-12] * 3))
    # Drift d a year: bias d the first year, 2d the second, 1.5 d on average.
    assert relative_magnitudes(study, 1) == pytest.approx((1 - 0.3, 1 + 0.3), abs=1e-5)


@pytest.mark.parametrize("bounds", [relative_magnitudes, smoothness])
@pytest.mark.parametrize(("seed", "df"), [*((n, np.inf) for n in range(5)), (0, 5), (1, 11)])
def test_intervals_are_nested_and_grow(bounds, seed, df):
    study = replace(random_study(seed), df=df)
    table = sensitivity(study, np.linspace(0, 2, 6), bounds)
    assert (np.diff(table["ci_low"]) <= 1e-6).all()
    assert (np.diff(table["ci_high"]) >= -1e-6).all()
    assert table["ci_high"].iloc[-1] - table["ci_low"].iloc[-1] > 2 * np.ptp(table.iloc[0, 1:])


def test_breakdown_is_where_zero_enters():
    m = breakdown(small())
    low, _ = relative_magnitudes(small(), m)
    assert low == pytest.approx(0, abs=1e-5)
    assert relative_magnitudes(small(), 0.99 * m)[0] > 0
    assert breakdown(small(b=0.1)) == 0
    assert breakdown(event([-2, 0], [0, 1], np.diag([1e-8, 1e-4]))) == np.inf
    assert breakdown(small(b=-1.0)) == pytest.approx(m)


@pytest.mark.parametrize("m", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("drift", [0.0, 0.1, 0.5])
def test_relative_magnitudes_cover_under_the_worst_drift(m, drift):
    rng = np.random.default_rng(7)
    years = np.array([-4, -3, -2, 0])
    before = np.array([-drift, -drift, -drift])  # one drift, between −2 and −1, then m times it
    truth = np.append(before, m * drift)  # no effect: all is bias
    root = rng.normal(size=(4, 8)) * 0.05
    cov = root @ root.T
    draws = rng.multivariate_normal(truth, cov, 400)
    found = np.array([relative_magnitudes(event(years, d, cov), m) for d in draws])
    covered = np.mean((found[:, 0] <= 0) & (found[:, 1] >= 0))
    assert covered > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400)


def test_smoothness_by_hand_with_one_year_before():
    # A straight trend through year −1 gives −p at year 0; a bend of m there adds m at most.
    sd = np.sqrt(0.05)
    assert smoothness(small(), 0) == pytest.approx((1.2 - Z * sd, 1.2 + Z * sd))
    m = 0.3
    half = sd * np.sqrt(stats.ncx2.ppf(0.95, 1, (m / sd) ** 2))
    assert smoothness(small(), m) == pytest.approx((1.2 - half, 1.2 + half))


def test_slopes_under_few_groups_have_weights_that_no_covariance_chooses():
    """Chosen by it, intervals would hold 1 % here; the centre is that of independent years."""
    years, few = np.array([-6, -5, -4, -3, -2, 0, 1, 2]), 4
    rng, held = np.random.default_rng(11), np.zeros(2)
    root = np.linalg.cholesky(0.6 ** np.abs(np.subtract.outer(np.arange(9), np.arange(9))))
    m = 0.2
    straight, bent = 0.4 * (years + 1), m * np.maximum(years + 1, 0)
    for _ in range(400):
        outcomes, noise = root @ rng.normal(size=9), root @ rng.normal(size=(9, few))
        outcomes, noise = (np.delete(v - v[5], 5, axis=0) for v in (outcomes, noise))
        study = event(years, outcomes + straight, noise @ noise.T / few, few)
        ends = [smoothness(study, 0), smoothness(replace(study, coef=study.coef + bent), m)]
        held += [low <= 0 <= high for low, high in ends]  # no effect: all is trend
    assert np.mean(ends[0]) == pytest.approx(study.coef @ _of_independent_years(years), abs=1e-6)
    assert abs(held[0] / 400 - 0.95) < 2 * np.sqrt(0.95 * 0.05 / 400)
    assert held[1] / 400 > 0.95 - 2 * np.sqrt(0.95 * 0.05 / 400)


def _of_independent_years(years: np.ndarray) -> np.ndarray:
    """Weights of the published interval, from the centres it gives to each unit coefficient."""
    shape, after = np.eye(len(years)) + 1, years >= 0
    m = 0.5 * np.sqrt(shape[np.ix_(after, after)].mean())
    return np.array(
        [np.mean(smoothness(event(years, one, shape), m)) for one in np.eye(len(years))]
    )


def test_smoothness_removes_a_straight_trend():
    years = np.array([-4, -3, -2, 0, 1, 2])
    study = event(years, 0.3 * (years + 1) + (years >= 0), np.eye(6) * 1e-6)
    assert np.mean(smoothness(study, 0)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("seed", "m"),
    [(0, 0), (0, 0.02), (1, 0), (1, 0.1), (2, 0.005), (2, 0.02), (3, 0.005), (3, 0.1)],
)
def test_smoothness_is_as_short_as_an_independent_solver(seed, m):
    other = pytest.importorskip("diff_diff.honest_did")
    solver = getattr(other, "_compute_optimal_flci", None)
    if solver is None:
        pytest.skip("this version of diff_diff has no such function")
    study = random_study(seed)
    low, high = solver(
        study.coef[:4], study.coef[4:], study.covariance, np.full(4, 0.25), 4, 4, float(m)
    )
    ours = smoothness(study, m)
    assert ours[1] - ours[0] == pytest.approx(high - low, rel=1e-5)
    assert np.mean(ours) == pytest.approx((low + high) / 2, abs=0.01 * (high - low))


def test_published_medicaid_bounds():
    """Rambachan and Roth's example, first year, from the same hybrid test.

    Half a thousandth apart: theirs reads its ends off a grid of values.
    """
    effects = sun_abraham(medicaid(), y="dins", unit="stfips", time="year")
    k = len(effects.att)
    study = event(effects.time - effects.cohort, effects.att, effects.covariance[:k, :k])
    study = replace(study, weights=np.eye(len(study.coef))[study.n_pre])  # the first year after
    published = {
        0.5: (0.0241, 0.0673), 1: (0.0171, 0.0720), 1.5: (0.0086, 0.0796), 2: (-0.0011, 0.0883)
    }  # fmt: skip
    for m, bounds in published.items():
        found = relative_magnitudes(study, m)
        assert found == pytest.approx(bounds, abs=6e-4)
        assert found[1] - found[0] >= bounds[1] - bounds[0] - 2e-4
    assert 1.9 < breakdown(study) < 2


def test_the_reference_row_of_an_aggregation_is_accepted():
    effects = callaway_santanna(random_panel(1), cluster="group", base="universal")
    dynamic = effects.aggregate("dynamic")
    study = event(dynamic.label, dynamic.att, dynamic.covariance)
    after = dynamic.label >= 0
    assert study.estimate == pytest.approx(dynamic.att[after].mean())
    assert breakdown(study) > 0


@pytest.mark.parametrize(
    ("years", "words"),
    [([0, 1], "au moins une année avant"), ([-3, 0], "sans trou")],
)
def test_impossible_studies_are_refused(years, words):
    with pytest.raises(FpiError, match=words):
        event(years, [0.0, 1.0], np.eye(2))


def test_a_negative_multiple_is_refused():
    with pytest.raises(FpiError, match="positif"):
        relative_magnitudes(small(), -1)


def test_what_is_no_event_study_is_refused_with_what_makes_one():
    with pytest.raises(FpiError, match=r"non « ndarray ».*opening_study"):
        honest_bounds(np.zeros(3))


def test_an_event_study_whose_base_moves_is_refused_and_its_remedy_reads():
    table = invented_panel(5, noise=1.0)
    for options in ({}, {"base": "universal", "anticipation": 1}):
        with pytest.raises(FpiError, match="base='universal' et anticipation=0"):
            honest_bounds(opening_study(table, **options))
    assert np.isfinite(honest_bounds(opening_study(table, base="universal")).estimate)


@pytest.mark.parametrize("df", [1, 2, 4, 11, 50, np.inf])
def test_the_folded_quantile_is_that_of_the_shifted_law_however_large_the_bias(df):
    for t in (0.0, 1e-9, 0.3, 3.0, 29.0, 31.0, 1e3, 1e6):
        found = folded(t, 0.95, df)
        assert stats.t.cdf(found - t, df) - stats.t.cdf(-found - t, df) == pytest.approx(0.95)
