"""Simultaneous bands by multiplier bootstrap, and joint tests, from a joint covariance."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from fpi_eval.errors import FpiError

LEVEL = 0.95
DRAWS = 9_999


def sup_t(
    covariance: np.ndarray,
    *,
    df: int,
    influence: np.ndarray | None = None,
    multiplier: str = "normal",
    level: float = LEVEL,
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
    influence : ndarray, shape (A, G), optional
        Cluster sums, needed by the other multipliers.
    multiplier : {"normal", "rademacher", "webb"}
        Cluster weights. Given the data, normal weights make the draws exactly N(0, covariance),
        so the G × draws numbers need not be drawn.
    """
    sd = np.sqrt(np.diag(covariance))
    live = sd > 1e-12 * sd.max(initial=0.0)
    if not live.any() or df < 1:
        return float("nan")
    if multiplier == "normal" and live.sum() == 1:
        return float(stats.t.ppf((1 + level) / 2, df))
    rng = np.random.default_rng(seed)
    if multiplier == "normal" or influence is None:
        value, vector = np.linalg.eigh(covariance[np.ix_(live, live)])
        root = vector * np.sqrt(np.clip(value, 0, None)) / sd[live, None]
        draw = rng.standard_normal((draws, len(value))) @ root.T
        largest = np.abs(draw, out=draw).max(axis=1) / np.sqrt(rng.chisquare(df, size=draws) / df)
    else:
        sign = _signs(multiplier, rng)
        scaled = influence[live] / np.linalg.norm(influence[live], axis=1, keepdims=True)
        chunks = np.array_split(np.arange(draws), max(1, draws * scaled.shape[1] // 10**7))
        largest = np.concatenate(
            [
                np.abs(scaled @ sign((scaled.shape[1], len(part)))).max(axis=0)
                for part in chunks
                if len(part)
            ]
        )
    return float(np.quantile(largest, level))


def _signs(multiplier: str, rng: np.random.Generator) -> Callable[[tuple[int, int]], np.ndarray]:
    """Return a sampler of cluster weights with mean 0 and variance 1."""
    points = {
        "rademacher": np.array([-1.0, 1.0]),
        "webb": np.sqrt([1.5, 1.0, 0.5])[[0, 1, 2, 0, 1, 2]] * [1, 1, 1, -1, -1, -1],
    }
    if multiplier not in points:
        raise FpiError(f"multiplicateur « {multiplier} » inconnu : normal, rademacher ou webb.")
    return lambda shape: rng.choice(points[multiplier], size=shape)


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
    value, vector = np.linalg.eigh(covariance)
    good = value > 1e-10 * value.max(initial=0.0)
    rank = int(good.sum())
    if not rank or df < 1:
        return float("nan"), rank, float("nan")
    left = df + 1 - rank
    if left < 1:
        spread = np.sqrt(np.diag(covariance))
        known = spread > 0
        t = np.abs(estimate[known]) / spread[known]
        return float("nan"), rank, min(1.0, float(2 * stats.t.sf(t.max(), df) * known.sum()))
    statistic = float(np.sum((vector[:, good].T @ estimate) ** 2 / value[good]))
    statistic *= left / (df * rank)
    return statistic, rank, float(stats.f.sf(statistic, rank, left))
