"""After the effect: how many people will have been trained by 2030, and with what chances."""

from fpi_eval.projection.backtest import crps, pit, retroprojection, score
from fpi_eval.projection.diversion_draws import diversion_draws
from fpi_eval.projection.filling import from_profile, seen
from fpi_eval.projection.flow import Flux, openings, simulate
from fpi_eval.projection.gap import gap_to_plan
from fpi_eval.projection.outlook import Outlook, counted_success, measured_rates, outlook
from fpi_eval.projection.projection import LECTURES, Projection, projeter
from fpi_eval.projection.rates import Profil, Taux, from_counts, hypotheses

__all__ = [
    "LECTURES", "Flux", "Outlook", "Profil", "Projection", "Taux", "counted_success", "crps",
    "diversion_draws", "from_counts", "from_profile", "gap_to_plan", "hypotheses", "measured_rates",
    "openings", "outlook", "pit", "projeter", "retroprojection", "score", "seen", "simulate",
]  # fmt: skip
