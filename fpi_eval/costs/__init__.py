"""Cost per seat, per person, per net graduate, per net job: ratios with estimated denominators."""

from fpi_eval.costs.programme_costs import (
    acceptability_curves,
    industry_costs,
    job_costs,
    net_jobs,
    programme_costs,
    sure_prices,
)
from fpi_eval.costs.unit import UnitCost, acceptability, bootstrap_ratio, cost_table, unit_cost

__all__ = [
    "UnitCost", "acceptability", "acceptability_curves", "bootstrap_ratio", "cost_table",
    "industry_costs", "job_costs", "net_jobs", "programme_costs", "sure_prices", "unit_cost",
]  # fmt: skip
