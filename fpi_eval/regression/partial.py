"""Intervals for a number that the data only bound (Imbens and Manski, 2004)."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from fpi_eval.errors import FpiError

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Bounds:
    """Identified set ``[low, high]`` and the 95 % interval of the number inside it."""

    low: float
    high: float
    ci_low: float
    ci_high: float

    @property
    def width(self) -> float:
        """Return how much is not known, sampling apart."""
        return self.high - self.low


def imbens_manski(low: float, high: float, error_low: float, error_high: float) -> Bounds:
    r"""Return the interval that covers the number, not the whole set, 95 times in 100.

    Ends are ``low − c·error_low`` and ``high + c·error_high`` where c solves
    :math:`\Phi(c + (high − low)/\max(error)) − \Phi(−c) = level`: 1.96 when the number is
    identified, 1.645 when the set is wide.
    """
    if not low <= high:
        raise FpiError(f"bornes inversées ou inconnues : {low} et {high}.")
    if np.isnan([error_low, error_high]).any():
        raise FpiError("l'erreur d'une borne n'est pas connue.")
    widest = max(error_low, error_high)
    if widest == 0:
        return Bounds(low, high, low, high)
    gap = (high - low) / widest

    def excess(c: float) -> float:
        return float(stats.norm.cdf(c + gap) - stats.norm.cdf(-c)) - LEVEL

    c = optimize.brentq(excess, 0.0, 10.0)
    return Bounds(low, high, low - c * error_low, high + c * error_high)
