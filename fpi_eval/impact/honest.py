"""What an effect can bear when trends differ (Rambachan, Roth 2023): relative magnitudes.

Bounds rest only on joint normality of the event-study coefficients, whose error, that of the
pre-trend included, is counted. Bounds on slopes are in `smoothness`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, stats

from fpi_eval.errors import FpiError

LEVEL = 0.95
# Beyond this many times the worst pre-opening change, nobody would still doubt the effect.
LARGEST_M = 20.0
Bounds = Callable[..., tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Event-study coefficients by year, and the average of later ones that is studied.

    Attributes
    ----------
    rel_time : ndarray, shape (K,)
        Ascending, without the reference year.
    coef : ndarray, shape (K,)
    covariance : ndarray, shape (K, K)
    weights : ndarray, shape (K,)
        Zero before the reference year; the effect studied is ``weights @ coef``.
    reference : int
        Year of the base, where the coefficient is zero.
    """

    rel_time: np.ndarray
    coef: np.ndarray
    covariance: np.ndarray
    weights: np.ndarray
    reference: int

    @property
    def estimate(self) -> float:
        """Return the effect studied."""
        return float(self.weights @ self.coef)

    @property
    def grid(self) -> np.ndarray:
        """Return all years, the reference included."""
        return np.sort(np.append(self.rel_time, self.reference))

    def steps(self) -> np.ndarray:
        """Return the matrix (K, K) of coefficients' changes from each year to the next."""
        full = np.insert(np.eye(len(self.coef)), self.n_pre, 0.0, axis=0)
        return np.diff(full, axis=0)

    @property
    def n_pre(self) -> int:
        """Return the number of coefficients before the reference year."""
        return int((self.rel_time < self.reference).sum())


def event(
    rel_time: np.ndarray,
    coef: np.ndarray,
    covariance: np.ndarray,
    *,
    reference: int = -1,
    weights: np.ndarray | None = None,
) -> Event:
    """Return checked event-study coefficients, all against the same reference year.

    Parameters
    ----------
    rel_time, coef, covariance
        Coefficients (a *universal* base: one reference year), with or without its own row.
    weights : ndarray, optional
        One per coefficient after the reference year; equal by default.

    Raises
    ------
    FpiError
        Fewer than one coefficient on either side, years that do not follow one another, or a
        missing coefficient.
    """
    rel_time, coef = np.asarray(rel_time, dtype=float), np.asarray(coef, dtype=float)
    keep = np.flatnonzero(rel_time != reference)
    keep = keep[np.argsort(rel_time[keep])]
    rel_time, coef = rel_time[keep], coef[keep]
    covariance = np.asarray(covariance, dtype=float)[np.ix_(keep, keep)]
    post = rel_time > reference
    if not post.any() or post.all():
        raise FpiError("il faut au moins une année avant et une année après l'année de référence.")
    if not np.array_equal(np.diff(np.sort(np.append(rel_time, reference))), np.ones(len(coef))):
        raise FpiError("les années de l'étude d'événement doivent se suivre sans trou.")
    if not (np.isfinite(coef).all() and np.isfinite(covariance).all()):
        raise FpiError("coefficient manquant dans l'étude d'événement : retirez cette année.")
    full = np.zeros(len(coef))
    full[post] = 1 / post.sum() if weights is None else weights
    return Event(rel_time, coef, covariance, full, reference)


def relative_magnitudes(study: Event, m: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval when trends drift after the reference by at most ``m`` times before.

    Notes
    -----
    The drift from a year to the next is at most ``m`` times the largest drift seen before the
    reference year. That largest drift was one of the pre-opening changes, with one of two signs:
    for each candidate d the effect lies between ``l'beta − m B d`` and ``l'beta + m B d``, two
    linear combinations of normal estimates, hence an interval with one-sided errors of 2.5 % at
    each end. The union over candidates covers whichever is the true one: it has at least the
    stated level, is the usual interval at ``m = 0`` and never shrinks in ``m``. Rambachan and
    Roth (2023), section 2.4.1; their conditional test can be shorter, not longer by design.
    """
    if m < 0:
        raise FpiError("le multiple M doit être positif ou nul.")
    steps = study.steps()
    carried = np.abs(study.weights @ np.linalg.inv(steps))  # effect of one unit of drift
    reach = m * carried[study.n_pre :].sum()
    z = stats.norm.ppf((1 + level) / 2)
    drift = steps[: study.n_pre]
    low, high = [], []
    for d in np.vstack([np.zeros(len(study.coef)), drift, -drift]):
        down, up = study.weights - reach * d, study.weights + reach * d
        bottom = down @ study.coef - z * np.sqrt(down @ study.covariance @ down)
        top = up @ study.coef + z * np.sqrt(up @ study.covariance @ up)
        if bottom <= top:
            low.append(bottom)
            high.append(top)
    return float(min(low)), float(max(high))


def breakdown(
    study: Event, bounds: Bounds = relative_magnitudes, *, unit: float = 1.0, level: float = LEVEL
) -> float:
    """Return the smallest ``m`` whose interval holds zero; infinite beyond ``LARGEST_M`` units.

    For `smoothness.smoothness`, whose ``m`` has the unit of the outcome, give a standard error
    as ``unit``.
    """

    def distance(m: float) -> float:
        low, high = bounds(study, m * unit, level=level)
        return max(low, -high)

    if distance(0.0) <= 0:
        return 0.0
    if distance(LARGEST_M) > 0:
        return float("inf")
    return float(optimize.brentq(distance, 0.0, LARGEST_M, xtol=1e-6)) * unit


def sensitivity(
    study: Event, grid: np.ndarray, bounds: Bounds = relative_magnitudes
) -> pd.DataFrame:
    """Return a table of intervals over a grid of ``m``: columns m, ci_low, ci_high."""
    rows = [(float(m), *bounds(study, float(m))) for m in grid]
    return pd.DataFrame(rows, columns=["m", "ci_low", "ci_high"])
