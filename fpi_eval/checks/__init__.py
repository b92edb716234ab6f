"""What the design can bear: planted programmes, checks, and the verdict they lead to."""

from typing import NoReturn

from fpi_eval.checks.choices import Choices
from fpi_eval.checks.evaluation import Evaluation, evaluate
from fpi_eval.checks.honest_bounds import HonestBounds, honest_bounds
from fpi_eval.checks.outcome import (
    NAMES,
    NO_EFFECT,
    TooFew,
    allowed,
    calibrated,
    evaluated,
    observed_outcome,
    told,
)
from fpi_eval.checks.planted import Planted
from fpi_eval.checks.planter import plant
from fpi_eval.checks.robustness import leave_one_out, per_opening, specification_curve
from fpi_eval.checks.study import Study
from fpi_eval.checks.thresholds import THRESHOLDS, Check, Threshold, thresholds
from fpi_eval.checks.trends import explaining_slope
from fpi_eval.checks.verdict import Verdict, verdict
from fpi_eval.impact.field_names import unknown

__all__ = [
    "NAMES", "NO_EFFECT", "THRESHOLDS", "Check", "Choices", "Evaluation", "HonestBounds", "Planted",
    "Study", "Threshold", "TooFew", "Verdict", "allowed", "calibrated", "evaluate", "evaluated",
    "explaining_slope", "honest_bounds", "leave_one_out", "observed_outcome", "per_opening",
    "plant", "specification_curve", "thresholds", "told", "verdict",
]  # fmt: skip


def __dir__() -> list[str]:
    """Names for tab completion."""
    return __all__


def __getattr__(name: str) -> NoReturn:
    """Refuse a name, saying where it is."""
    raise unknown(__name__, name, __all__)
