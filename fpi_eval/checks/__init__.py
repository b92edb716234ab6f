"""What the design can bear: checks, each with its uncertainty, and the verdict they lead to."""

from fpi_eval.checks.evaluation import Evaluation, evaluate
from fpi_eval.checks.verdict import THRESHOLDS, Check, Threshold, Verdict, thresholds, verdict

__all__ = [
    "THRESHOLDS", "Check", "Evaluation", "Threshold", "Verdict", "evaluate", "thresholds",
    "verdict",
]  # fmt: skip
