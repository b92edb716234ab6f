"""What an effect can bear when trends differ (Rambachan, Roth 2023): relative magnitudes.

Bounds rest only on joint normality of the event-study coefficients, whose error, that of the
pre-trend included, is counted. Their covariance is of few groups: quantiles are Student's, with the
degrees of freedom of the event study; with infinitely many, the published normal bounds. Bounds on
slopes are in `smoothness`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize
from scipy.special import stdtr, stdtrit

from fpi_eval.errors import FpiError
from fpi_eval.impact.stacked import REFERENCE

LEVEL = 0.95
# Beyond this many times the worst pre-opening change, nobody would still doubt the effect.
LARGEST_M = 20.0
GRID = 401  # values of the effect tried before the ends are refined
Bounds = Callable[..., tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Event-study coefficients by year from `REFERENCE`, and the average of later ones studied.

    Attributes
    ----------
    rel_time : ndarray, shape (K,)
        Ascending, without the reference year.
    coef : ndarray, shape (K,)
    covariance : ndarray, shape (K, K)
    weights : ndarray, shape (K,)
        Zero before the reference year; the effect studied is ``weights @ coef``.
    df : float
        Degrees of freedom of the covariance.
    """

    rel_time: np.ndarray
    coef: np.ndarray
    covariance: np.ndarray
    weights: np.ndarray
    df: float = np.inf

    @property
    def estimate(self) -> float:
        """Return the effect studied."""
        return float(self.weights @ self.coef)

    @property
    def grid(self) -> np.ndarray:
        """Return all years, the reference included."""
        return np.sort(np.append(self.rel_time, REFERENCE))

    def steps(self) -> np.ndarray:
        """Return the matrix (K, K) of coefficients' changes from each year to the next."""
        full = np.insert(np.eye(len(self.coef)), self.n_pre, 0.0, axis=0)
        return np.diff(full, axis=0)

    @property
    def n_pre(self) -> int:
        """Return the number of coefficients before the reference year."""
        return int((self.rel_time < REFERENCE).sum())


def event(
    rel_time: np.ndarray, coef: np.ndarray, covariance: np.ndarray, df: float = np.inf
) -> Event:
    """Return checked event-study coefficients, all against the same year, and their later mean.

    Parameters
    ----------
    rel_time, coef, covariance
        Coefficients (a *universal* base: one reference year), with or without its own row.
    df : float
        Degrees of freedom of their covariance.

    Raises
    ------
    FpiError
        Fewer than one coefficient on either side, years that do not follow one another, a
        coefficient missing or without error, or a year of reference whose own one is not 0.
    """
    rel_time, coef = np.asarray(rel_time, dtype=float), np.asarray(coef, dtype=float)
    if np.nan_to_num(coef[rel_time == REFERENCE]).any():
        raise FpiError(
            "ces bornes veulent que toutes les années soient comparées à la dernière d'avant. "
            "Refaites l'étude avec base='universal' et anticipation=0."
        )
    keep = np.flatnonzero(rel_time != REFERENCE)
    keep = keep[np.argsort(rel_time[keep], kind="stable")]
    rel_time, coef = rel_time[keep], coef[keep]
    covariance = np.asarray(covariance, dtype=float)[np.ix_(keep, keep)]
    post = rel_time > REFERENCE
    if not post.any() or post.all():
        raise FpiError("il faut au moins une année avant et une année après l'année de référence.")
    if not np.array_equal(np.diff(np.sort(np.append(rel_time, REFERENCE))), np.ones(len(coef))):
        raise FpiError("les années de l'étude d'événement doivent se suivre sans trou.")
    if not (np.isfinite(coef).all() and np.isfinite(covariance).all()):
        raise FpiError("coefficient manquant dans l'étude d'événement : retirez cette année.")
    if not (np.diag(covariance) > 0).all():
        raise FpiError("coefficient sans erreur dans l'étude d'événement : retirez cette année.")
    if not df >= 1:
        raise FpiError("trop peu de groupes traités, ou à qui les comparer : pas de bornes.")
    return Event(rel_time, coef, covariance, post / post.sum(), df)


def relative_magnitudes(study: Event, m: float) -> tuple[float, float]:
    """Return the interval when trends drift after the reference by at most ``m`` times before.

    Notes
    -----
    The drift from a year to the next is at most ``m`` times the largest drift seen before the
    reference year. That largest drift was one of the pre-opening changes, with one of two signs:
    for each candidate d, the effect lies between ``l'beta − m B d`` and ``l'beta + m B d``, with B
    the bias of a unit drift. Both ends are linear in normal estimates; values that the hybrid test
    of Andrews, Roth and Pakes (2023) of "low ≤ effect ≤ high" accepts make an interval, and the
    union over candidates covers whichever is the true one. At ``m = 0`` it is the usual interval.

    References
    ----------
    Rambachan and Roth (2023), Review of Economic Studies 90(5), sections 2.4.1 and 3.
    """
    if m < 0:
        raise FpiError("le multiple M doit être positif ou nul.")
    steps = study.steps()
    carried = np.abs(study.weights @ np.linalg.inv(steps))  # effect of one unit of drift
    reach = m * carried[study.n_pre :].sum()
    drift = steps[: study.n_pre]
    shift = reach * np.vstack([np.zeros(len(study.coef)), drift, -drift])
    low, high = _between(study, study.weights - shift, study.weights + shift, 1 - LEVEL)
    return float(low.min()), float(high.max())


def _between(
    study: Event, down: np.ndarray, up: np.ndarray, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and largest values accepted as between ``down'beta`` and ``up'beta``.

    One pair a row of weights, but for those that accept none.
    """
    low, high = ((w @ study.coef)[:, None] for w in (down, up))
    of = study.covariance
    sd_low, sd_high = (np.sqrt(np.einsum("ck,kl,cl->c", w, of, w))[:, None] for w in (down, up))
    correlation = -np.einsum("ck,kl,cl->c", down, of, up)[:, None] / (sd_low * sd_high)

    def accepted(value: np.ndarray) -> np.ndarray:
        one, two = (low - value) / sd_low, (value - high) / sd_high
        return _accepts(one, two, correlation, alpha, study.df)

    # the test rejects beyond 2.9 errors, more under Student's law
    margin = max(4.0, 1.4 * _limit(alpha, study.df)) * np.maximum(sd_low, sd_high)
    left, right = np.minimum(low, high) - margin, np.maximum(low, high) + margin
    grid = np.linspace(left[:, 0], right[:, 0], GRID, axis=1)
    inside = accepted(grid)
    some, rows = inside.any(axis=1), np.arange(len(grid))
    first = np.argmax(inside, axis=1)
    last = GRID - 1 - np.argmax(inside[:, ::-1], axis=1)
    edges = (
        _edge(accepted, grid[rows, out % GRID], grid[rows, at])[some]
        for out, at in ((first - 1, first), (last + 1, last))
    )
    return next(edges), next(edges)


def _limit(alpha: float, df: float) -> float:
    """Return the critical value of the hybrid test's first step, of size a tenth of alpha."""
    return float(-stdtrit(df, alpha / 20))


def _accepts(
    one: np.ndarray, two: np.ndarray, correlation: np.ndarray, alpha: float, df: float
) -> np.ndarray:
    """Return whether two standard moments, of Student's law, may both have means at most zero.

    Hybrid test: a first step of size a tenth of alpha rejects a moment beyond ``limit``; the
    second compares the larger moment with its law given that it is the larger one.
    """
    first, limit = alpha / 10, _limit(alpha, df)
    second = (alpha - first) / (1 - first)
    largest, other = np.maximum(one, two), np.minimum(one, two)
    apart = 1 - correlation
    floor = np.full_like(largest, -np.inf)
    np.divide(other - correlation * largest, apart, out=floor, where=apart > 1e-12)
    tail = stdtr(df, -np.minimum(floor, limit))
    critical = -stdtrit(df, tail - (1 - second) * (tail - first / 2))
    return (largest <= limit) & (largest <= critical)


def _edge(accepted: Callable, outside: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the borders of rejected and accepted values, zooming 50 times, five times."""
    rows = np.arange(len(inside))
    for _ in range(5):
        grid = np.linspace(outside, inside, 51, axis=1)
        k = np.argmax(accepted(grid), axis=1)
        outside, inside = grid[rows, k - 1], grid[rows, k]
    return inside


def breakdown(study: Event, bounds: Bounds = relative_magnitudes, *, unit: float = 1.0) -> float:
    """Return the smallest ``m`` whose interval holds zero; infinite beyond ``LARGEST_M`` units.

    For `smoothness.smoothness`, whose ``m`` has the unit of the outcome, give a standard error
    as ``unit``.
    """

    def distance(m: float) -> float:
        low, high = bounds(study, m * unit)
        return max(low, -high)

    if distance(0.0) <= 0:
        return 0.0
    if distance(LARGEST_M) > 0:
        return float("inf")
    return float(optimize.brentq(distance, 0.0, LARGEST_M, xtol=1e-6)) * unit


def sensitivity(
    study: Event, grid: Sequence[float] | np.ndarray, bounds: Bounds = relative_magnitudes
) -> pd.DataFrame:
    """Return a table of intervals over a grid of ``m``: columns m, ci_low, ci_high."""
    rows = [(float(m), *bounds(study, float(m))) for m in grid]
    return pd.DataFrame(rows, columns=["m", "ci_low", "ci_high"])
