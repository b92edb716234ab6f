"""Simultaneous bands by multiplier bootstrap, and joint tests, from a joint covariance."""

import numpy as np
from scipy import stats

LEVEL = 0.95
DRAWS = 9_999


def sup_t(
    covariance: np.ndarray,
    *,
    df: int,
    draws: int = DRAWS,
    seed: int = 0,
) -> float:
    """Return the quantile of the largest absolute t statistic, by multiplier bootstrap.

    Parameters
    ----------
    covariance : ndarray, shape (A, A)
    df : int
        Degrees of freedom; under 1 there is no band. With normal multipliers the statistic is
        Student's, so that a single row gets back its pointwise quantile.

    Notes
    -----
    Given the data, normal cluster weights make the draws exactly N(0, covariance), so that the
    weights themselves need not be drawn.
    """
    sd = np.sqrt(np.diag(covariance))
    live = sd > 1e-12 * sd.max(initial=0.0)
    if not live.any() or df < 1:
        return float("nan")
    if live.sum() == 1:
        return float(stats.t.ppf((1 + LEVEL) / 2, df))
    rng = np.random.default_rng(seed)
    value, vector = np.linalg.eigh(covariance[np.ix_(live, live)])
    root = vector * np.sqrt(np.clip(value, 0, None)) / sd[live, None]
    draw = rng.standard_normal((draws, len(value))) @ root.T
    largest = np.abs(draw, out=draw).max(axis=1) / np.sqrt(rng.chisquare(df, size=draws) / df)
    return float(np.quantile(largest, LEVEL))


def joint_test(estimate: np.ndarray, covariance: np.ndarray, df: int) -> tuple[float, int, float]:
    r"""Return F statistic, rank and p-value of the test that all k estimates are zero.

    .. math:: F = T^2 \frac{G - k}{(G - 1) k} \sim F(k, G - k), \quad G - 1 = df

    Hotelling's law: a covariance of k estimates from G clusters is itself badly known, and
    comparing :math:`T^2 / k` with F(k, G − 1) rejects a true null several times too often. With no
    more clusters than estimates there is no such law: the smallest p-value of the t-tests, times
    their number, then has at most its size; the statistic is NaN.

    Parameters
    ----------
    estimate : ndarray, shape (A,)
    covariance : ndarray, shape (A, A)
    df : int
        Clusters less one.
    """
    spread = np.sqrt(np.diag(covariance))
    known = spread > 0
    t = estimate[known] / spread[known]  # whatever their units
    alike = covariance[np.ix_(known, known)] / np.outer(spread[known], spread[known])
    value, vector = np.linalg.eigh(alike)
    good = value > 1e-10 * value.max(initial=0.0)
    rank = int(good.sum())
    if not rank or df < 1:
        return float("nan"), rank, float("nan")
    left = df + 1 - rank
    if left < 1:
        least = 2 * stats.t.sf(np.abs(t).max(), df)
        return float("nan"), rank, min(1.0, float(least * known.sum()))
    statistic = float(np.sum((vector[:, good].T @ t) ** 2 / value[good]))
    statistic *= left / (df * rank)
    return statistic, rank, float(stats.f.sf(statistic, rank, left))
