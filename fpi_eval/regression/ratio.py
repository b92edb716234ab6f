"""Ratios of two estimates: the set of values that the data allow, bounded or not."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """Set of ratios the data allow: one segment, or what lies outside of one.

    Attributes
    ----------
    low, high : float
        Ends; infinite where nothing bounds the ratio on that side.
    outside : bool
        The set is everything *except* ``(low, high)``: the denominator may be zero, but not the
        numerator.
    """

    low: float
    high: float
    outside: bool = False

    @property
    def bounded(self) -> bool:
        """Return whether both ends are finite and the set lies between them."""
        return bool(np.isfinite([self.low, self.high]).all() and not self.outside)

    def positive(self) -> tuple[float, float]:
        """Return the ends of the positive ratios allowed, (nan, nan) if there are none."""
        if not self.outside:
            low, high = max(self.low, 0.0), self.high
        elif self.high > 0:
            low, high = (0.0 if self.low > 0 else self.high), np.inf
        else:
            low, high = 0.0, np.inf
        return (low, high) if high > 0 else (np.nan, np.nan)


def fieller(
    numerator: float,
    denominator: float,
    variance_numerator: float,
    variance_denominator: float,
    covariance: float = 0.0,
    *,
    level: float = LEVEL,
    df: float = np.inf,
) -> Interval:
    """Return the ratios r for which ``numerator − r × denominator`` is not significant.

    Notes
    -----
    The set solves ``(n − r d)² ≤ q² (v_n − 2 r c + r² v_d)``: a segment when the denominator
    differs from zero, otherwise the outside of one, or everything (Fieller 1954).
    """
    q2 = stats.t.ppf((1 + level) / 2, df) ** 2
    a = denominator**2 - q2 * variance_denominator
    b = numerator * denominator - q2 * covariance
    c = numerator**2 - q2 * variance_numerator
    inside = b**2 - a * c
    if inside < 0 or a == 0:
        return Interval(-np.inf, np.inf)
    root = np.sqrt(inside)
    if a > 0:
        return Interval((b - root) / a, (b + root) / a)
    return Interval((b + root) / a, (b - root) / a, outside=True)
