"""How opened sites drifted before opening, with the chance that they did not drift at all."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.impact.frame import effects, final, scale
from fpi_eval.regression import linear

NO_DRIFT = 0.5  # prior probability that sites were not drawn on their drift
SPREAD = 0.015  # prior standard deviation of a drift, a year: METHOD G.8


@dataclass(frozen=True, slots=True)
class Drift:
    """The opened sites' own drift before opening, a share of their size a year.

    ``measured`` and ``std_error`` are what the data say (NaN where they say nothing); ``chance``
    the posterior probability that there is one, ``mean`` and ``sd`` its law if there is.
    """

    measured: float
    std_error: float
    chance: float
    mean: float
    sd: float

    def draw(self, rng: np.random.Generator) -> float:
        """Return one drift from its posterior."""
        there = rng.random() < self.chance
        return float(rng.normal(self.mean, self.sd)) if there else 0.0


def posterior(measured: float, std_error: float) -> Drift:
    r"""Return the posterior of a drift: none with probability 1/2, else :math:`N(0, \sigma^2)`.

    The Bayes factor of a drift is that of the measure under :math:`N(0, se^2 + \sigma^2)` and under
    :math:`N(0, se^2)`; without a measure the prior remains.
    """
    if not (np.isfinite(measured) and np.isfinite(std_error) and std_error > 0):
        return Drift(float("nan"), float("nan"), 1 - NO_DRIFT, 0.0, SPREAD)
    v, total = std_error**2, std_error**2 + SPREAD**2
    log_factor = 0.5 * (np.log(v / total) + measured**2 * (1 / v - 1 / total))
    odds = np.exp(min(log_factor, 700.0)) * (1 - NO_DRIFT) / NO_DRIFT
    keep = SPREAD**2 / total
    return Drift(
        measured, std_error, float(odds / (1 + odds)), keep * measured, float(np.sqrt(keep * v))
    )


def drift(frame: pd.DataFrame) -> Drift:
    """Return the drift of opened cells against the others, on rows not yet treated.

    Same effects, scale, weights and exposures as J; the slope is divided by the outcome per pupil
    of the cell, to be a share of the outcome a year. Error by establishment (CR3).
    """
    opened = final(frame["cell"], frame["dose"].to_numpy()) != 0
    rows = (frame["dose"] == 0).to_numpy()
    base, on = frame[rows], opened[rows]
    n = scale(base)
    time = base["time"].to_numpy(float)
    x = np.column_stack(
        [on * (time - time.min()), base[["exposure_etab", "exposure_dep"]].to_numpy() / n[:, None]]
    )
    y = base["y"].to_numpy(float)
    level = y[on].sum() / n[on].sum() if on.any() else 0.0
    try:
        fit = linear.fit(y / n, x, effects(base), names=("pente", "etab", "dep"), weights=n)
        psi = fit.jackknife(base["uai"].to_numpy()[fit.keep])[:, fit.names.index("pente")]
    except (ValueError, np.linalg.LinAlgError):
        return posterior(float("nan"), float("nan"))
    if level <= 0:
        return posterior(float("nan"), float("nan"))
    slope = fit.coefficients[fit.names.index("pente")]
    return posterior(float(slope / level), float(np.sqrt(np.sum(psi**2)) / level))
