"""Arrays in, standard errors, intervals and p-values out; the rule that chooses among them."""

from fpi_eval.inference.sandwich import cr1, cr3, interval, jackknife, small_sample, sum_by

__all__ = ["cr1", "cr3", "interval", "jackknife", "small_sample", "sum_by"]
