"""Diversion ratio: what neighbours lose for one student gained, and what can be said of it."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from fpi_eval.misspelt import known_options
from fpi_eval.regression.ratio import Interval, fieller

MARGIN = 0.20  # METHOD, B4: a fifth of the filled seats
ONE_SIDED = 0.05


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Test of « no displacement larger than the margin » (two one-sided tests, Schuirmann 1987).

    ``p_value`` tests a diversion ratio of at least ``margin``; ``upper`` is the one-sided 95 %
    bound of the ratio, infinite when the own effect may be nil.
    """

    margin: float
    upper: float
    p_value: float

    @property
    def below_margin(self) -> bool:
        """Return whether a displacement as large as the margin is rejected."""
        return self.p_value < ONE_SIDED and np.isfinite(self.upper)


@known_options
def diversion(
    own: float, moved: float, covariance: np.ndarray, df: float
) -> tuple[float, Interval, Equivalence, float]:
    """Return diversion ratio, Fieller interval, equivalence test, detectable displacement.

    Parameters
    ----------
    own, moved : float
        Effect on opened cells and on their neighbours (negative when they lose), per seat.
    covariance : array (2, 2)
        Their joint covariance, with ``df`` degrees of freedom.
    """
    if df < 1:
        free = Interval(-np.inf, np.inf)
        return -moved / own, free, Equivalence(MARGIN, np.inf, np.nan), np.nan
    arguments = (-moved, own, covariance[1, 1], covariance[0, 0], -covariance[0, 1])
    interval = fieller(*arguments, df=df)
    inner = fieller(*arguments, level=1 - 2 * ONE_SIDED, df=df)
    w = np.array([MARGIN, 1.0])
    t = (moved + MARGIN * own) / (np.sqrt(w @ covariance @ w) or np.finfo(float).tiny)
    upper = inner.high if own > 0 and inner.bounded else np.inf
    test = Equivalence(MARGIN, upper, float(stats.t.sf(t, df)))
    reach = stats.t.ppf(0.975, df) + stats.t.ppf(0.80, df)
    return -moved / own, interval, test, float(reach * np.sqrt(covariance[1, 1]))
