"""Cluster-robust variances from scores, and the intervals drawn from them."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats


def sum_by(
    cluster: np.ndarray, values: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return sums of (n_obs,) or (n_obs, k) values, times weights, by cluster coded 0..G-1."""
    together = runs(cluster)

    def total(column: np.ndarray) -> np.ndarray:
        column = column if weights is None else column * weights
        return np.bincount(cluster, column) if together is None else together.add(column)

    if values.ndim == 1:
        return total(values)
    return np.stack([total(column) for column in values.T], axis=1)


class Runs(NamedTuple):
    """Rows of each code together: where each begins, how many it has (one number if all alike)."""

    starts: np.ndarray
    length: np.ndarray | int

    def add(self, column: np.ndarray) -> np.ndarray:
        """Return the sum of each code's rows."""
        if isinstance(self.length, int):  # four times faster
            return column.reshape(-1, self.length) @ np.ones(self.length)
        return np.add.reduceat(column, self.starts)

    def give(self, own: np.ndarray) -> np.ndarray:
        """Return each code's value on each of its rows."""
        return np.repeat(own, self.length)


def runs(codes: np.ndarray) -> Runs | None:
    """Return the rows of codes 0..k-1 if they come in order, ten times faster to add up."""
    if not len(codes) or codes[0] != 0:
        return None
    step = codes[1:] != codes[:-1]
    starts = np.r_[0, np.flatnonzero(step) + 1]
    if not np.array_equal(codes[starts], np.arange(len(starts))):
        return None
    length = np.diff(starts, append=len(codes))
    return Runs(starts, int(length[0]) if (length == length[0]).all() else length)


def dense(labels: np.ndarray) -> int:
    """Return k if the labels are the integers 0..k-1, all there; 0 otherwise."""
    if labels.dtype.kind not in "iu" or not len(labels) or labels.min() < 0:
        return 0
    top = int(labels.max()) + 1
    return top if top <= 2 * len(labels) and np.bincount(labels, minlength=top).all() else 0


def codes(cluster: np.ndarray | pd.Categorical) -> tuple[np.ndarray, pd.Index]:
    """Return clusters as integers 0..G-1 and their names, sorted."""
    if isinstance(cluster, pd.Categorical):
        return cluster.codes.astype(np.int64), cluster.categories
    if top := dense(cluster := np.asarray(cluster)):
        return cluster.astype(np.int64, copy=False), pd.RangeIndex(top)
    integers, names = pd.factorize(cluster, sort=True)
    return integers, pd.Index(names)


def small_sample(n_obs: int, n_parameters: int, n_clusters: int) -> float:
    """Return the CR1 factor ``G/(G-1) * (N-1)/(N-K)``.

    K counts regressors and absorbed effects, **except effects nested in the cluster**, which cost
    nothing at the level where observations are independent; the constant they hold counts for
    one. It is the rule of `fixest`; counting them too moves a known error by 12 %.
    """
    return n_clusters / (n_clusters - 1) * (n_obs - 1) / (n_obs - n_parameters)


def cr1(
    bread: np.ndarray, scores: np.ndarray, cluster: np.ndarray, n_parameters: int
) -> np.ndarray:
    """Return the clustered covariance ``c * B (sum_g s_g s_g') B``.

    Parameters
    ----------
    bread : array (k, k)
        Inverse of the (projected) cross-product of regressors.
    scores : array (n_obs, k)
        Regressor times residual (times weight), row by row.
    cluster : array (n_obs,)
        Labels of clusters.
    n_parameters : int
        K of `small_sample`.
    """
    integers, names = codes(cluster)
    sums = sum_by(integers, scores)
    factor = small_sample(len(scores), n_parameters, len(names))
    return factor * bread @ (sums.T @ sums) @ bread.T


def interval(
    estimate: float, std_error: float, df: float, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return lower bound, upper bound and two-sided p-value of a t with df degrees of freedom."""
    reach = stats.t.ppf(0.5 + level / 2, df) * std_error
    p_value = 2 * stats.t.sf(abs(estimate) / std_error, df) if std_error > 0 else np.nan
    return estimate - reach, estimate + reach, float(p_value)
