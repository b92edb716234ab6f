"""Bounds when the slope of the difference in trends may bend (Rambachan, Roth 2023)."""

from functools import lru_cache

import numpy as np
from scipy import optimize
from scipy.special import chndtrix, ndtri, stdtr, stdtrit

from fpi_eval.checks.honest import LEVEL, Event
from fpi_eval.errors import FpiError
from fpi_eval.impact.stacked import REFERENCE

ROUNDING = 1e-6
#: Bend, in standard errors of the effect, for which weights are chosen under few groups: within
#: 1.25 times the shortest intervals from a quarter to two, 1.5 without any (5 years before).
BEND = 0.5


def smoothness(study: Event, m: float) -> tuple[float, float]:
    """Return a short interval when the trends' slope changes by at most ``m`` a year.

    Notes
    -----
    At ``m = 0`` any linear difference in trends is removed. The estimator is the affine one,
    unbiased under linear trends, that gives the shortest interval once its largest bias is
    counted (Armstrong and Kolesár 2018; Rambachan and Roth 2023, section 4.1): half-length
    ``cv(bias / sd) sd``, with cv the quantile of a folded normal, or Student's law of few groups.

    A covariance of few groups is too uncertain to choose weights by: they would find the errors of
    its own that make intervals short (at 4 degrees of freedom these hold 58 % of the time). With
    finite degrees of freedom weights are then fixed beforehand, the best for independent years and
    a bend of `BEND` standard errors; one centre for all ``m``, a half-length exact for that centre.
    """
    if m < 0:
        raise FpiError("la courbure M doit être positive ou nulle.")
    if study.n_pre < 1:
        raise FpiError("il faut au moins une année avant l'année de référence.")
    if np.isfinite(study.df):
        best = _fixed(tuple(study.rel_time), tuple(study.weights))
    else:
        best = _shortest(study, m)
    center, reach = float(best @ study.coef), _half(study, best, m)
    return center - reach, center + reach


@lru_cache(maxsize=64)
def _fixed(rel_time: tuple[float, ...], effect: tuple[float, ...]) -> np.ndarray:
    """Return the best weights were years independent, of one variance: no data choose them."""
    years, of = np.array(rel_time), np.array(effect)
    shape = np.eye(len(years)) + 1.0  # each year less that of reference
    return _shortest(Event(years, of, shape, of), BEND * float(np.sqrt(of @ shape @ of)))


def _half(study: Event, weights: np.ndarray, m: float) -> float:
    """Return the half-length of the interval of an affine estimator."""
    sd = np.sqrt(weights @ study.covariance @ weights)
    largest = float(np.abs(_bends(study) @ weights).sum())  # slopes changing by one a year
    return float(sd * folded(m * largest / sd, LEVEL, study.df))


def _admissible(study: Event) -> np.ndarray:
    """Return a basis (K, n_pre − 1) of pre-opening weights that leave a linear trend at zero."""
    trend = study.rel_time[: study.n_pre] - REFERENCE
    basis = np.linalg.svd(trend[None, :])[2][1:].T
    return np.vstack([basis, np.zeros((len(study.coef) - study.n_pre, basis.shape[1]))])


def _start(study: Event) -> np.ndarray:
    """Return weights unbiased under linear trends: the effect less the extrapolated slope."""
    trend = study.rel_time - REFERENCE
    pre = np.where(trend < 0, trend, 0.0)
    return study.weights - pre * (study.weights @ trend) / (pre @ pre)


def _bends(study: Event) -> np.ndarray:
    """Return a matrix (K − 1, K): coefficient drift caused by one unit of each change of slope."""
    trend = study.grid - REFERENCE
    inner = trend[1:-1]
    bends = np.where(
        inner[:, None] >= 0,
        np.clip(trend[None, :] - inner[:, None], 0, None),
        np.clip(inner[:, None] - trend[None, :], 0, None),
    )
    return np.delete(bends, study.n_pre, axis=1)


def _frontier(study: Event, free: np.ndarray, price: float) -> np.ndarray:
    """Return the weights of least ``variance / 2 + price × largest bias``."""
    start, bends = _start(study), _bends(study)
    if not free.shape[1]:
        return start
    design, target = bends @ free, bends @ start
    quad, slope = free.T @ study.covariance @ free, free.T @ study.covariance @ start
    p, q = free.shape[1], len(bends)

    def value(z: np.ndarray) -> float:
        return z[:p] @ quad @ z[:p] / 2 + slope @ z[:p] + price * z[p:].sum()

    def gradient(z: np.ndarray) -> np.ndarray:
        return np.concatenate([quad @ z[:p] + slope, np.full(q, price)])

    lines = np.vstack([np.hstack([-design, np.eye(q)]), np.hstack([design, np.eye(q)])])
    bound = np.concatenate([target, -target])
    first = np.linalg.lstsq(quad, -slope, rcond=None)[0]
    guess = np.concatenate([first, np.abs(target + design @ first)])
    scale = max(value(guess), study.weights @ study.covariance @ study.weights)
    found = optimize.minimize(
        lambda z: value(z) / scale,
        guess,
        jac=lambda z: gradient(z) / scale,
        method="SLSQP",
        constraints={"type": "ineq", "fun": lambda z: lines @ z - bound, "jac": lambda z: lines},
        options={"maxiter": 500, "ftol": 1e-14},
    )
    return start + free @ found.x[:p]


def _shortest(study: Event, m: float) -> np.ndarray:
    """Return the weights of the frontier with the shortest half-length."""
    free = _admissible(study)
    if m == 0:
        return _frontier(study, free, 0.0)
    sd = np.sqrt(study.weights @ study.covariance @ study.weights)
    prices = sd * np.geomspace(1e-3, 30, 25)
    best = int(np.argmin([_half(study, _frontier(study, free, price), m) for price in prices]))
    around = np.log(prices[[max(best - 1, 0), min(best + 1, len(prices) - 1)]])
    found = optimize.minimize_scalar(
        lambda log: _half(study, _frontier(study, free, np.exp(log)), m),
        bounds=around,
        method="bounded",
    )
    return _frontier(study, free, float(np.exp(found.x)))


def folded(t: float, level: float, df: float = np.inf) -> float:
    """Return the quantile of ``|t + T|``, T of Student's law; of ``|N(t, 1)|`` by default."""
    if np.isfinite(df):
        low, high = (t + float(stdtrit(df, q)) for q in (level, (1 + level) / 2))

        def missing(x: float) -> float:
            return stdtr(df, x - t) - stdtr(df, -x - t) - level

        # Far from zero, or at it, an end is the quantile itself, to rounding.
        return low if missing(low) >= 0 else optimize.brentq(missing, low, high + ROUNDING)
    return float(np.sqrt(chndtrix(level, 1, t**2)) if t < 30 else t + ndtri(level))
