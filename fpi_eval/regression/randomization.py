"""Tests that move the treatment elsewhere: permutation of treated clusters, placebo clusters."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from math import perm

import numpy as np

from fpi_eval.regression.wild import TIE, invert

LEVEL = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class RandomizationTest:
    """Where the estimate stands among those of moved treatments.

    ``floor`` is the smallest p-value the number of possible moves allows.
    """

    p_value: float
    ci_low: float
    ci_high: float
    floor: float
    exact: bool
    placebos: np.ndarray


def assignments(
    n_eligible: int, n_treated: int, draws: int = 1999, seed: int = 0
) -> tuple[Iterator[tuple[int, ...]], bool]:
    """Return where each treated cluster is moved, and whether all moves are listed.

    Clusters have their own doses and dates, so order matters: ``n! / (n - m)!`` moves.
    """
    if perm(n_eligible, n_treated) <= draws:
        return permutations(range(n_eligible), n_treated), True
    rng = np.random.default_rng(seed)
    return (tuple(rng.permutation(n_eligible)[:n_treated]) for _ in range(draws)), False


def randomization(
    observed: float,
    placebos: np.ndarray,
    *,
    shifts: np.ndarray | None = None,
    exact: bool,
    std_error: float = 1.0,
) -> RandomizationTest:
    r"""Return p-value and interval from estimates under moved treatments.

    Parameters
    ----------
    observed : float
        The estimate.
    placebos : array (n_moves,)
        Estimates of the same outcome under each move (the actual one included when exact).
    shifts : array (n_moves,), optional
        Estimates under each move when the outcome is the *actual* dose. An effect of size b being
        removed, move m reads ``placebos - b * shifts`` against ``observed - b``; the interval
        holds the b that are not rejected. Absent, no interval is given.
    exact : bool
        Whether all moves are listed; otherwise the actual one is added.
    """
    moves = np.zeros(len(placebos)) if shifts is None else shifts

    def p_value(value: float) -> float:
        beyond = np.sum(np.abs(placebos - value * moves) >= abs(observed - value) * (1 - TIE))
        return float(beyond / len(placebos) if exact else (1 + beyond) / (1 + len(placebos)))

    low = high = np.nan
    floor = 1 / len(placebos) if exact else 1 / (1 + len(placebos))
    if shifts is not None:
        low, high = invert(p_value, observed, std_error, 1 - LEVEL)
    return RandomizationTest(p_value(0.0), low, high, floor, exact, placebos)
