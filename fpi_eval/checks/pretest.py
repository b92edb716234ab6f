"""What a pre-trend test would have missed (Roth 2022)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import optimize, stats

from fpi_eval import plots
from fpi_eval.checks.honest import LEVEL, Event
from fpi_eval.errors import FpiError
from fpi_eval.results import Result
from fpi_eval.text import nombre, signe


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PretestPower(Result):
    """Linear trend that a pre-trend test would see with a given probability (Roth 2022).

    Attributes
    ----------
    power : float
    slope : float
        Per year; the test sees it, or its opposite, with probability ``power``.
    bias : float
        What it would add to the effect studied.
    bias_if_passed : float
        The same among studies that passed the test: passing does not cure it.
    estimate : float
    """

    caption = "Ce qu'un test des tendances d'avant peut voir"

    power: float
    slope: float
    bias: float
    bias_if_passed: float
    estimate: float

    def summary(self) -> str:
        """Return one French sentence."""
        return (
            f"Le test des tendances verrait {nombre(100 * self.power)} fois sur 100 une dérive "
            f"de {signe(self.slope, 3)} par an, qui déplacerait l'effet de {signe(self.bias, 3)} "
            f"(effet estimé : {signe(self.estimate, 3)})."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row; bounds of the estimate are what an unseen drift could move it to."""
        moved = abs(self.bias)
        row = {
            "power": self.power,
            "slope": self.slope,
            "bias": self.bias,
            "bias_if_passed": self.bias_if_passed,
            "estimate": self.estimate,
            "ci_low": self.estimate - moved,
            "ci_high": self.estimate + moved,
        }
        return pd.DataFrame([row])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the effect, and how far an unseen drift could have moved it."""
        words = f"Dérive vue {nombre(100 * self.power)} fois sur 100"
        table = self.to_frame().assign(label=words)
        return plots.estimates(table, ax, xlabel="Effet, et ce que la dérive y déplacerait")

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return (
            "Pente d'une dérive linéaire que le test joint des années d'avant (Wald) verrait avec "
            "la puissance donnée, d'après la loi du χ² décentrée, et biais qu'elle ajouterait à "
            "l'effet ; passer le test ne l'annule pas (Roth, 2022)."
        )


def pretest_power(
    study: Event, power: float, *, level: float = LEVEL, draws: int = 20_000, seed: int = 0
) -> PretestPower:
    """Return the slope that the joint (Wald) pre-trend test detects with probability ``power``.

    Notes
    -----
    Under a slope γ the Wald statistic is a non-central χ² of non-centrality γ² t'V⁻¹t: the slope
    is exact; the bias among studies that passed is drawn (Roth 2022, AER: Insights 4(3)).
    """
    pre = slice(0, study.n_pre)
    trend = study.rel_time - study.reference
    cov = study.covariance[pre, pre]
    size = trend[pre] @ np.linalg.solve(cov, trend[pre])
    limit = stats.chi2.ppf(level, study.n_pre)
    if not 1 - level < power < 1:
        raise FpiError("la puissance doit être entre le niveau du test et 1.")
    found = optimize.brentq(
        lambda nc: stats.ncx2.sf(limit, study.n_pre, nc) - power, 1e-9, 1e4, xtol=1e-10
    )
    slope = float(np.sqrt(found / size))
    bias = float(slope * (study.weights @ trend))
    return PretestPower(
        power=power,
        slope=slope,
        bias=bias,
        bias_if_passed=bias + _selection(study, slope * trend[pre], limit, draws, seed),
        estimate=study.estimate,
    )


def _selection(study: Event, drift: np.ndarray, limit: float, draws: int, seed: int) -> float:
    """Return what passing the test adds to the bias, given the drift before the opening."""
    n = study.n_pre
    cov = study.covariance[:n, :n]
    noise = np.random.default_rng(seed).multivariate_normal(np.zeros(n), cov, draws)
    noise = np.vstack([noise, -noise])
    seen = noise + drift
    passed = np.einsum("ij,ij->i", seen, np.linalg.solve(cov, seen.T).T) <= limit
    lift = np.linalg.solve(cov, study.covariance[:n] @ study.weights)
    return float((noise[passed] @ lift).mean()) if passed.any() else float("nan")
