"""Several outcomes: p-values adjusted for having looked at all of them."""

import numpy as np
from scipy import stats

from fpi_eval.regression.rows import sum_by
from fpi_eval.regression.sandwich import codes
from fpi_eval.regression.wild import TIE, score_map


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return Holm (1979) adjusted p-values, (k,); valid whatever the dependence."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    out = np.empty_like(p)
    out[order] = np.minimum(stepped, 1.0)
    return out


def normal_draws(
    influence: np.ndarray, df: np.ndarray, draws: int = 9999, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return score draws (draws, k) under the null, and what divides them to give Student's t.

    Normal multipliers, the same for all k estimates; divisors (draws, k) are
    :math:`\sqrt{\chi^2_{df} / df}` at a common random quantile, so that each estimate alone gets
    back its own t law.

    Parameters
    ----------
    influence : array (G, k)
    df : array (k,)
        Degrees of freedom of each estimate, at least 1.
    """
    rng = np.random.default_rng(seed)
    moved = rng.standard_normal((draws, len(influence))) @ influence
    rank, df = rng.random(draws), np.asarray(df, dtype=float)
    scale = np.empty((draws, len(df)))
    for value in np.unique(df):
        scale[:, df == value] = np.sqrt(stats.chi2.ppf(rank, value) / value)[:, None]
    return moved, scale


def wild_draws(
    y: np.ndarray,
    endogenous: np.ndarray,
    projected: np.ndarray,
    tested: np.ndarray,
    cluster: np.ndarray,
    multipliers: np.ndarray,
    *,
    effects=None,
    weights: np.ndarray | None = None,
) -> tuple[float, np.ndarray]:
    r"""Return t of a combination of coefficients, and its wild bootstrap draws under the null.

    The fit is restricted to :math:`c'\beta = 0`; its residuals, cluster by cluster, are multiplied
    by the *given* multipliers, so that several outcomes drawn with the same ones keep their
    dependence. Each sample's t has its own clustered error, from residuals net of all regressors
    and absorbed effects, without refitting (as `wild.wild_cluster`, for one coefficient).

    Parameters
    ----------
    y : array (n_obs,)
        Outcome net of absorbed effects.
    endogenous, projected : arrays (n_obs, k)
        Regressors net of effects, and their projection on the instruments: the same array in
        least squares. Both are taken as fixed.
    tested : array (k,)
        Weights c of the combination.
    cluster : array (n_obs,)
        Labels of clusters.
    multipliers : array (draws, G)
        One column per cluster, in the order of sorted labels.
    effects : Absorber, optional
        What was absorbed. Absent, effects are taken as nested in clusters.
    weights : array (n_obs,), optional
    """
    g, names = codes(cluster)
    w = np.ones(len(y)) if weights is None else weights
    weighted = projected * w[:, None]
    bread = np.linalg.inv(weighted.T @ endogenous)
    beta = bread @ (weighted.T @ y)
    value, direction = float(tested @ beta), bread @ tested
    row = projected @ (bread.T @ tested)  # the estimate is row' W y
    restricted = y - endogenous @ (beta - direction * value / float(tested @ direction))
    own = sum_by(g, w * row * (y - endogenous @ beta))
    scores = sum_by(g, w * row * restricted)
    # What regressors fit of each cluster's residual is read on themselves, not on projections.
    apart = sum_by(g, (endogenous - projected) * (w * row)[:, None])
    map_ = score_map(row, restricted, projected, g, len(names), effects, weights)
    map_ -= apart @ bread @ sum_by(g, weighted * restricted[:, None]).T
    samples = multipliers @ map_.T
    spread = np.sqrt(np.einsum("bg,bg->b", samples, samples))
    drawn = multipliers @ scores / np.maximum(spread, np.finfo(float).tiny)
    return value / float(np.sqrt(own @ own)), drawn


def romano_wolf(t: np.ndarray, t_null: np.ndarray) -> np.ndarray:
    """Return step-down adjusted p-values (Romano and Wolf, 2005), (k,); NaN for a missing t.

    A missing draw counts as beyond any statistic.

    Parameters
    ----------
    t : array (k,)
        Test statistics.
    t_null : array (draws, k)
        Their draws under the null, dependence kept (`wild_draws`).
    """
    size = np.abs(np.asarray(t, dtype=float))
    order = np.argsort(-size, kind="stable")
    null = np.where(np.isnan(size), 0.0, _sizes(t_null))[:, order]
    highest = np.maximum.accumulate(null[:, ::-1], axis=1)[:, ::-1]
    raw = (1 + (highest >= size[order] * (1 - 1e-12)).sum(axis=0)) / (1 + len(null))
    out = np.empty(len(size))
    out[order] = np.minimum(np.maximum.accumulate(raw), 1.0)
    return np.where(np.isnan(size), np.nan, out)


def drawn_p(t: np.ndarray, t_null: np.ndarray) -> np.ndarray:
    """Return p-values (k,) of statistics one by one, from their draws; NaN for a missing t."""
    beyond = (_sizes(t_null) >= np.abs(t) * (1 - TIE)).sum(axis=0)
    return np.where(np.isnan(t), np.nan, (1 + beyond) / (1 + len(t_null)))


def _sizes(draws: np.ndarray) -> np.ndarray:
    """Return sizes of draws, infinite for one that could not be made."""
    return np.nan_to_num(np.abs(draws), nan=np.inf, posinf=np.inf)
