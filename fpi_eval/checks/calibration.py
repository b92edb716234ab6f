"""What fake programmes teach: shares with their error, systematic error, calibrated interval."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats


def wilson(count: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share."""
    if total == 0:
        return 0.0, 1.0
    z = stats.norm.ppf(0.5 + level / 2)
    share, width = count / total, z**2 / total
    middle = (share + width / 2) / (1 + width)
    reach = z * np.sqrt(share * (1 - share) / total + width / (4 * total)) / (1 + width)
    return float(max(middle - reach, 0.0)), float(min(middle + reach, 1.0))


def over_groups(flag: np.ndarray, group: np.ndarray, rng: np.random.Generator, draws: int = 999):
    """Return the interval of a share when whole groups (regions) are drawn again."""
    names, code = np.unique(group, return_inverse=True)
    if len(names) < 2:
        return 0.0, 1.0
    hit, size = np.bincount(code, flag), np.bincount(code)
    pick = rng.integers(0, len(names), size=(draws, len(names)))
    shares = hit[pick].sum(axis=1) / size[pick].sum(axis=1)
    return tuple(float(q) for q in np.quantile(shares, (0.025, 0.975)))


@dataclass(frozen=True, slots=True)
class Calibration:
    r"""Systematic error :math:`N(\mu, s^2)` of an estimator on programmes whose effect is known."""

    mu: float
    s: float

    def interval(self, estimate: float, std_error: float, df: float, level: float = 0.95):
        """Return bounds and p-value once the systematic error is taken into account.

        Schuemie et al. (2018) take the normal law; t is kept here with the degrees of freedom of
        the plain interval, since the error is measured on as many groups.
        """
        law = stats.t(df) if np.isfinite(df) and df >= 1 else stats.norm()
        middle, error = estimate - self.mu, float(np.hypot(std_error, self.s))
        reach = law.ppf(0.5 + level / 2) * error
        p_value = 2 * law.sf(abs(middle) / error) if error > 0 else np.nan
        return float(middle - reach), float(middle + reach), float(p_value)


def calibrate(errors: np.ndarray, std_errors: np.ndarray) -> Calibration:
    r"""Return the maximum-likelihood :math:`\mu, s` of errors :math:`\sim N(\mu, s^2 + se^2)`.

    Schuemie, Hripcsak, Ryan, Madigan and Suchard (2018, PNAS 115).
    """
    good = np.isfinite(errors) & np.isfinite(std_errors) & (std_errors > 0)
    e, v = errors[good], std_errors[good] ** 2
    if len(e) < 2:
        return Calibration(0.0, 0.0)

    def centre(s2: float) -> float:
        return float(np.average(e, weights=1 / (v + s2)))

    def loss(s2: float) -> float:
        total = v + s2
        return float(np.sum(np.log(total) + (e - centre(s2)) ** 2 / total))

    top = float(np.mean((e - e.mean()) ** 2)) * 4 + 1e-12
    best = optimize.minimize_scalar(loss, bounds=(0.0, top), method="bounded")
    s2 = 0.0 if loss(0.0) <= best.fun else float(best.x)
    return Calibration(centre(s2), float(np.sqrt(s2)))
