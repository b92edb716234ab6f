"""Arrays in, standard errors, intervals and p-values out; the rule that chooses among them."""

from fpi_eval.regression.choice import RULES, Rule, choose
from fpi_eval.regression.multiple import holm, romano_wolf
from fpi_eval.regression.randomization import randomization
from fpi_eval.regression.rows import sum_by
from fpi_eval.regression.sandwich import cr1, interval, small_sample
from fpi_eval.regression.wild import wild_cluster

__all__ = [
    "RULES", "Rule", "choose", "cr1", "holm", "interval", "randomization", "romano_wolf",
    "small_sample", "sum_by", "wild_cluster",
]  # fmt: skip
