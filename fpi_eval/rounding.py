"""How many digits a number deserves: its interval decides, or two figures for an amount."""

import math

import numpy as np
import pandas as pd

from fpi_eval import text

SHARE = 4  # the step is at most this part of the half-width
FIGURES = 2  # of an amount that has no interval
UNTOLD = "trop incertain"


def step_of(low: float, high: float, smallest: float = 1.0) -> float:
    """Return the step to round to: 1 or 5 × a power of ten, a quarter of the half-width at most."""
    half = (high - low) / 2
    if not math.isfinite(half) or half <= 0:
        return smallest
    power = 10.0 ** math.floor(math.log10(half / SHARE))
    step = 5 * power if half / SHARE >= 5 * power else power
    return max(step, smallest)


def untold(low: float, high: float, seats: float = 1.0) -> bool:
    """Return whether the effect of so many seats is too uncertain for a number.

    A seat holds one person: an interval of more than one on each side says nothing, nor does none.
    """
    return not (high - low) / 2 <= abs(seats)


def told(
    rows: pd.DataFrame,
    seats: float | pd.Series = 1.0,
    *,
    value: str = "estimate",
    ends: tuple[str, str] = ("ci_low", "ci_high"),
) -> pd.DataFrame:
    """Return effects of so many seats, a row each, those `untold` said to be in column ``value``.

    The column may hold numbers or words.
    """
    both = zip(rows[ends[0]], rows[ends[1]], pd.Series(seats, rows.index), strict=True)
    vague = np.array([untold(low, high, times) for low, high, times in both], dtype=bool)
    return rows.assign(**{value: rows[value].astype(object).mask(vague, UNTOLD)})


def rounded(value: float, step: float) -> float:
    """Return the nearest multiple of the step, halves away from 0; what is not finite stays.

    Examples
    --------
    >>> rounded(47.6, step_of(10, 86))
    50.0
    """
    return text.arrondi(value / step, 0) * step if math.isfinite(value) else value


def figures(value: float) -> float:
    """Return a value with `FIGURES` significant figures, e.g. 28 947 as 29 000."""
    if not value or not math.isfinite(value):
        return value
    return rounded(value, figure_step(value))


def in_figures(value: float) -> str:
    """Return a number written with `FIGURES` significant figures: ``29 000``, ``3,1``, ``0,42``."""
    kept = figures(value)
    step = figure_step(kept) if math.isfinite(kept) else 1.0
    return text.nombre(kept, max(0, round(-math.log10(step))))


def figure_step(value: float) -> float:
    """Return the step to which a value that is not zero has `FIGURES` significant figures."""
    return 10.0 ** (math.floor(math.log10(abs(value))) - FIGURES + 1) if value else 1.0


def gap(after: pd.Series, before: pd.Series, digits: int) -> pd.Series:
    """Return the differences of numbers as they are shown: a reader who subtracts finds them.

    Examples
    --------
    >>> gap(pd.Series([6.124]), pd.Series([4.716]), 2).tolist()
    [1.4]
    """
    last, first = (one.map(lambda value: text.arrondi(value, digits)) for one in (after, before))
    return (last - first).round(digits)


def number(value: float | None, unit: str) -> str:
    """Return a number as readers see it, alone: ``760``, ``10 000``, ``91 %``."""
    if value is None:
        return text.MISSING
    return text.pourcent(value, 0) if unit == "%" else text.nombre(value)
