"""Arrays in, standard errors, intervals and p-values out; the rule that chooses among them."""

from fpi_eval.regression.choice import RULES, Rule, choose
from fpi_eval.regression.multiple import holm, romano_wolf, score_draws
from fpi_eval.regression.randomization import permute_clusters, placebo_error, randomization
from fpi_eval.regression.sandwich import cr1, cr3, interval, jackknife, small_sample, sum_by
from fpi_eval.regression.wild import wild_cluster

__all__ = [
    "RULES",
    "Rule",
    "choose",
    "cr1",
    "cr3",
    "holm",
    "interval",
    "jackknife",
    "permute_clusters",
    "placebo_error",
    "randomization",
    "romano_wolf",
    "score_draws",
    "small_sample",
    "sum_by",
    "wild_cluster",
]
