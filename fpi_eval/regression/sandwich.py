"""Cluster-robust variances from scores, and the intervals drawn from them."""

import numpy as np
import pandas as pd
from scipy import stats

from fpi_eval.regression.rows import CODE, ranked, sum_by


def codes(cluster: np.ndarray | pd.Categorical) -> tuple[np.ndarray, pd.Index]:
    """Return clusters as integers 0..G-1 and their names, sorted."""
    if isinstance(cluster, pd.Categorical):
        return cluster.codes.astype(CODE), cluster.categories
    if found := ranked(cluster := np.asarray(cluster)):
        return found[0], pd.Index(found[1])
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


def interval(estimate: float, std_error: float, df: float) -> tuple[float, float, float]:
    """Return 95 % bounds and two-sided p-value of a t with df degrees of freedom.

    Without any error, the estimate is zero or is not.
    """
    reach = stats.t.ppf(0.975, df) * std_error
    p_value = np.nan
    if std_error > 0:
        p_value = 2 * stats.t.sf(abs(estimate) / std_error, df)
    elif std_error == 0 and df >= 1:
        p_value = float(estimate == 0)
    return estimate - reach, estimate + reach, float(p_value)
