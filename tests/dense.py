"""Slow oracles: one dummy per level, statsmodels, sums written out; nothing of fpi_eval."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.linalg import qr
from statsmodels.sandbox.regression.gmm import IV2SLS


def dummies(effects) -> np.ndarray:
    """Return one column per level of each effect, (n_obs, levels)."""
    blocks = [np.equal.outer(np.asarray(e), pd.unique(np.asarray(e))) for e in effects]
    return np.concatenate(blocks, axis=1).astype(float)


def full_rank(matrix: np.ndarray) -> np.ndarray:
    """Return columns that span the same space and are independent."""
    triangle, pivots = qr(matrix, mode="r", pivoting=True)[-2:]
    size = np.abs(np.diag(triangle))
    return matrix[:, np.sort(pivots[: int((size > 1e-9 * size[0]).sum())])]


def n_parameters(effects, cluster, n_regressors: int, whole: int | None = None) -> int:
    """Return K: regressors and effects, those nested in clusters counted for one in all."""
    inside = [e for e in effects if pd.Series(cluster).groupby(e).nunique().max() == 1]
    whole = rank(effects) if whole is None else whole
    return n_regressors + whole - (rank(inside) - 1 if inside else 0)


def rank(effects) -> int:
    """Return the dimension that dummies of the effects span."""
    units, *others = effects
    n = pd.unique(units).size
    return n + (full_rank(within(dummies(others), units)).shape[1] if others else 0)


def within(values: np.ndarray, units, weights=None) -> np.ndarray:
    """Return columns less their weighted means by unit: what its dummies leave."""
    code = pd.factorize(units)[0]
    mass = np.ones(len(code)) if weights is None else weights
    total = np.bincount(code, mass)
    means = [np.bincount(code, mass * column) / total for column in values.T]
    return values - np.column_stack(means)[code]


def without_singletons(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the rows left when levels seen once are dropped, repeatedly."""
    while True:
        alone = [frame.groupby(c)[c].transform("size") == 1 for c in columns]
        alone = np.any(alone, axis=0)
        if not alone.any():
            return frame
        frame = frame[~alone]


def two_stages(y, x, z, effects, cluster, weights=None) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients of x and their CR1 errors: first effect demeaned, others as dummies.

    Regressors are taken net of all dummies first (Frisch and Waugh, 1933).
    """
    units, *others = effects
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    y, x, z = (within(m, units, weights) * root[:, None] for m in (y[:, None], x, z))
    whole = pd.unique(units).size
    if others:
        basis = full_rank(within(dummies(others), units, weights) * root[:, None])
        whole += basis.shape[1]
        own = qr(basis, mode="economic")[0]
        y, x, z = (m - own @ (own.T @ m) for m in (y, x, z))
    y = y[:, 0]
    fit = IV2SLS(y, x, z).fit()
    fitted = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    scores = fitted * (y - x @ fit.params)[:, None]
    sums = pd.DataFrame(scores).groupby(np.asarray(cluster)).sum().to_numpy()
    n, g, k = len(y), len(sums), n_parameters(effects, cluster, x.shape[1], whole)
    bread = np.linalg.inv(fitted.T @ fitted)
    variance = bread @ (sums.T @ sums) @ bread * g / (g - 1) * (n - 1) / (n - k)
    return fit.params, np.sqrt(np.diag(variance))


def columns_of_j(frame) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return regressors, instruments and names of J before anything is divided by sizes."""
    names = {"places": "dose", "exposition_etab": "exposure_etab", "exposition_dep": "exposure_dep"}
    if frame["other_dose"].any():
        names["autres_places"] = "other_dose"
    x = frame[[*names.values()]].astype(float)
    by_cell = x.groupby(frame["cell"].to_numpy())
    most = by_cell.transform("max")
    z = most.where(most > 0, by_cell.transform("min")).where(x != 0, 0.0)
    z["dose"] = np.sign(x["dose"])
    if "other_dose" in x:
        z["other_dose"] = x["other_dose"]
    return x.to_numpy(copy=True), z.to_numpy(copy=True), tuple(names)


def imputed(y, treated, effects, weights=None, *, poisson=False):
    """Return prediction of every row from untreated ones, how each weighs in it, what is known.

    ``reach`` (n_obs, n_base) is the derivative of predictions in untreated outcomes.
    """
    all_levels = dummies(effects)
    base = all_levels[~treated]
    mass = np.ones(len(base)) if weights is None else weights[~treated]
    inside = full_rank(base)
    if poisson:
        model = sm.GLM(y[~treated], inside, sm.families.Poisson()).fit(tol=1e-13, maxiter=200)
        mass = model.fittedvalues
        fitted = np.log(mass)
    else:
        fitted = sm.WLS(y[~treated], inside, weights=mass).fit(method="qr").fittedvalues
    back = np.linalg.pinv(base.T @ base, hermitian=True, rcond=1e-11) @ base.T
    guess = all_levels @ (back @ fitted)
    known = np.abs(all_levels @ (back @ base) - all_levels).max(axis=1) < 1e-8
    if (mass == 1).all():
        reach = all_levels @ back
    else:
        inverse = np.linalg.pinv(base.T @ (base * mass[:, None]), hermitian=True, rcond=1e-11)
        reach = all_levels @ inverse @ base.T
    if poisson:
        guess = np.exp(guess)
        return guess, reach * guess[:, None], known | ~treated
    return guess, reach * mass, known | ~treated


def conservative(gap, treated, v, dose, cell, partition, cluster) -> pd.Series:
    """Return cluster influences of Borusyak et al. (2024, theorem 3, equation 8)."""
    left = gap.copy()
    for part in np.unique(partition[treated]):
        rows = treated & (partition == part)
        by_cell = pd.Series(cell[rows])
        a = pd.Series(v[rows] * dose[rows]).groupby(by_cell).sum()
        b = pd.Series(v[rows] * gap[rows]).groupby(by_cell).sum()
        left[rows] -= (a @ b) / (a @ a) * dose[rows] if (a @ a) > 0 else 0.0
    return pd.Series(v * left).groupby(np.asarray(cluster)).sum()
