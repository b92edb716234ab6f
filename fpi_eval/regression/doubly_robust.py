"""Doubly robust difference in differences of two groups and two years (Sant'Anna, Zhao 2020)."""

import numpy as np

# A comparison cell this likely to have been opened has no counterpart; it is left out.
TRIM = 0.995
STEPS = 50  # of Newton's method, which takes about ten


def logit(x: np.ndarray, d: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the coefficients of a weighted logit by Newton's method.

    Raises
    ------
    FloatingPointError
        The groups are separated by the covariates, or the steps did not settle.
    """
    beta = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        hessian = (x * (w * p * (1 - p))[:, None]).T @ x
        step = np.linalg.lstsq(hessian, x.T @ (w * (d - p)), rcond=None)[0]
        beta = beta + step
        if np.abs(step).max() < 1e-10 * (1 + np.abs(beta).max()):
            return beta
    raise FloatingPointError("logit")


def standardised(x: np.ndarray) -> np.ndarray:
    """Return columns of mean 0 and standard deviation 1; the constant one stays, others are 0.

    The answer does not depend on units, and no column is lost for being large.
    """
    mean, spread = x.mean(axis=0), x.std(axis=0)
    flat = spread <= 1e-12 * np.abs(mean)
    out = (x - mean) / np.where(flat, 1.0, spread)
    out[:, flat] = 0.0
    out[:, np.flatnonzero(flat)[:1]] = 1.0
    return out


def doubly_robust(
    change: np.ndarray, treated: np.ndarray, x: np.ndarray, w: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the ATT and the influence of each unit (their squares sum to the variance).

    Parameters
    ----------
    change : ndarray, shape (n,)
        Outcome less that of the base year.
    treated : ndarray of bool, shape (n,)
    x : ndarray, shape (n, k)
        Covariates of the base year, with a constant.
    w : ndarray, shape (n,)
        Positive weights.

    Notes
    -----
    The difference of weighted means of ``change − m(x)``, where m is fitted by least squares on
    comparison units, and comparison units weigh p/(1 − p), normalised. Consistent when either m
    or p is right. Influence functions count the estimation of both (their theorem 1, and the
    panel estimator of section 3.1).
    """
    d, x = treated.astype(float), standardised(x)
    p = 1 / (1 + np.exp(-np.clip(x @ logit(x, d, w), -30, 30)))
    keep = treated | (p < TRIM)
    w1, w0 = w * d, w * (1 - d) * keep * p / (1 - p)
    wc = w * (1 - d)
    bread = np.linalg.pinv((x * wc[:, None]).T @ x, hermitian=True)
    residual = change - x @ (bread @ (x.T @ (wc * change)))
    eta1, eta0 = (w1 @ residual) / w1.sum(), (w0 @ residual) / w0.sum()
    dev1, dev0 = w1 * (residual - eta1) / w1.sum(), w0 * (residual - eta0) / w0.sum()
    hessian = np.linalg.pinv((x * (w * p * (1 - p))[:, None]).T @ x, hermitian=True)
    outcome_model = x @ (bread @ (x.T @ (w0 / w0.sum() - w1 / w1.sum()))) * wc * residual
    odds_model = x @ (hessian @ (x.T @ dev0)) * w * (d - p)
    return float(eta1 - eta0), dev1 - dev0 + outcome_model - odds_model
