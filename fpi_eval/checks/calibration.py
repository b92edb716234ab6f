"""What fake programmes teach: shares with their error, systematic error, calibrated interval."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import optimize, special
from statsmodels.stats.proportion import proportion_confint

from fpi_eval.checks.drift import Drift

LEVEL = 0.95
DRAWS = 999
STEPS = 50  # of reweighting, at most


def wilson(count: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    if total == 0:
        return 0.0, 1.0
    low, high = proportion_confint(count, total, method="wilson")
    return float(low), float(high)


def over_groups(flag: np.ndarray, group: np.ndarray, rng: np.random.Generator):
    """Return the interval of a share when whole groups (regions) are drawn again."""
    names, code = np.unique(group, return_inverse=True)
    if len(names) < 2:
        return 0.0, 1.0
    hit, size = np.bincount(code, flag), np.bincount(code)
    pick = rng.integers(0, len(names), size=(DRAWS, len(names)))
    shares = hit[pick].sum(axis=1) / size[pick].sum(axis=1)
    return tuple(float(q) for q in np.quantile(shares, (0.025, 0.975)))


@dataclass(frozen=True, slots=True)
class Calibration:
    r"""Systematic error of an estimator: of programmes whose effect is known, and of a drift.

    :math:`\mu + N(0, s^2)` on programmes planted, net of each one's own error and of the drift
    planted in it; to which a ``drift`` of the real sites adds ``lever`` per unit. ``told`` is the
    part of the estimate's own noise that the measure of the drift tells, per unit.
    """

    mu: float
    s: float
    drift: Drift | None = None
    lever: float = 0.0
    told: float = 0.0

    def law(self, std_error: float) -> list[tuple[float, float, float]]:
        """Return chance, mean and spread of the estimate's error: without a drift, with one.

        The noise of the estimate and that of the drift measured before are correlated (both hold
        the same pupils): given the measure, part of the estimate's error is known, and what is
        left is smaller than its standard error.
        """
        plain = std_error**2 + self.s**2
        if self.drift is None:
            return [(1.0, self.mu, float(np.sqrt(plain)))]
        d, known = self.drift, np.isfinite(self.drift.measured)
        measured, v = (d.measured, d.std_error**2) if known else (0.0, 0.0)
        told = self.told if known else 0.0
        left = max(plain - told**2 * v, 0.0)
        return [
            (1 - d.chance, self.mu + told * measured, float(np.sqrt(left))),
            (
                d.chance,
                self.mu + self.lever * d.mean + told * (measured - d.mean),
                float(np.sqrt(left + (self.lever - told) ** 2 * d.sd**2)),
            ),
        ]

    def interval(
        self,
        estimate: float,
        std_error: float,
        df: float,
        inside: tuple[float, float, float] | None = None,
    ):
        """Return bounds and p-value once the systematic error is taken into account.

        Schuemie et al. (2018) take the normal law; t is kept here with the degrees of freedom of
        the plain interval, since the error is measured on as many groups. ``inside`` are the bounds
        and the p-value of an interval that is never left out; by default, the estimate itself: a
        range that does not hold the number beside it would be read as a mistake.
        """
        student = np.isfinite(df) and df >= 1
        cdf = partial(special.stdtr, df) if student else special.ndtr
        ppf = partial(special.stdtrit, df) if student else special.ndtri
        parts = [p for p in self.law(std_error) if p[2] > 0 and p[0] > 0]
        if not parts:
            return float("nan"), float("nan"), float("nan")

        def below(error: float) -> float:
            return sum(c * cdf((error - m) / s) for c, m, s in parts)

        def quantile(q: float) -> float:
            each = [m + s * ppf(q) for _, m, s in parts]  # the mixture's lies between
            low, high = min(each), max(each)
            return low if low == high else optimize.brentq(lambda e: below(e) - q, low, high)

        low, middle, high = (estimate - quantile(0.5 + side * LEVEL / 2) for side in (1, 0, -1))
        at = below(estimate)
        p = min(1.0, 2 * min(at, 1 - at))
        if inside is None:
            inside = (estimate, estimate, float(estimate * middle <= 0))
        return (
            float(min(low, inside[0])),
            float(max(high, inside[1])),
            float(max(p, inside[2])),
        )


def calibrate(
    errors: np.ndarray,
    std_errors: np.ndarray,
    drifts: np.ndarray | None = None,
    df: float = np.inf,
) -> Calibration:
    r"""Return the most likely :math:`\mu, s` of errors :math:`\mu + l d + \sqrt{s^2 + se^2}\,t`.

    Schuemie, Hripcsak, Ryan, Madigan and Suchard (2018, PNAS 115), with Student's law of ``df``
    degrees of freedom instead of the normal one: a standard error of a few groups is itself
    uncertain, and the tails that this makes are no systematic error. ``drifts`` d are those planted
    in each programme, whose slope l is fitted at the same time: the real drift is not counted here.
    """
    good = np.isfinite(errors) & np.isfinite(std_errors) & (std_errors > 0)
    e, v = errors[good], std_errors[good] ** 2
    if len(e) < 2:
        return Calibration(0.0, 0.0)
    x = np.ones((len(e), 1))
    if drifts is not None and np.ptp(drifts[good]) > 0:
        x = np.column_stack([x, drifts[good]])
    few = np.isfinite(df) and df >= 1

    def fitted(total: np.ndarray) -> np.ndarray:
        """Return the coefficients, by Student's weights (Lange, Little and Taylor, 1989)."""
        weight, b = 1 / total, np.zeros(x.shape[1])
        for _ in range(STEPS if few else 1):
            root = np.sqrt(weight)
            before, b = b, np.linalg.lstsq(x * root[:, None], e * root, rcond=None)[0]
            if np.allclose(b, before, rtol=1e-8, atol=1e-12):
                break
            weight = (df + 1) / (df * total + (e - x @ b) ** 2) if few else weight
        return b

    def loss(s2: float) -> float:
        total = v + s2
        z2 = (e - x @ fitted(total)) ** 2 / total
        return float(np.sum(np.log(total) + ((df + 1) * np.log1p(z2 / df) if few else z2)))

    top = float(np.mean((e - e.mean()) ** 2)) * 4 + 1e-12
    best = optimize.minimize_scalar(loss, bounds=(0.0, top), method="bounded")
    s2 = 0.0 if loss(0.0) <= best.fun else float(best.x)
    return Calibration(float(fitted(v + s2)[0]), float(np.sqrt(s2)))
