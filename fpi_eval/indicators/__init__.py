"""Declared indicators, computed as sums of counts over sums of counts, never as means of rates."""

from fpi_eval.indicators import catalogue
from fpi_eval.indicators.catalogue import INDICATORS
from fpi_eval.indicators.compute import beside_last_year, compute, compute_all, wilson
from fpi_eval.indicators.declare import Indicator, definitions
from fpi_eval.indicators.derive import entry_cohort, in_seats
from fpi_eval.indicators.emploi_publie import emploi_publie
from fpi_eval.indicators.quadrant import quadrant
from fpi_eval.indicators.qualite import scope_change
from fpi_eval.indicators.remplissage import passage
from fpi_eval.indicators.resemblance import resemblance, true_effects
from fpi_eval.indicators.suivi import personnes_formees, suivi_ami_cma
from fpi_eval.indicators.territory import join_jobs

__all__ = [
    "INDICATORS", "Indicator", "beside_last_year", "catalogue", "compute", "compute_all",
    "definitions", "emploi_publie", "entry_cohort", "in_seats", "join_jobs", "passage",
    "personnes_formees", "quadrant", "resemblance", "scope_change", "suivi_ami_cma", "true_effects",
    "wilson",
]  # fmt: skip
