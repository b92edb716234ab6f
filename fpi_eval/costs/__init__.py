"""Cost per seat, per person, per net graduate, per net job: ratios with estimated denominators."""

from fpi_eval.costs.programme_costs import industry_costs, job_costs, net_jobs, programme_costs
from fpi_eval.costs.unit import UnitCost, acceptability, bootstrap_ratio, cost_table, unit_cost

__all__ = [
    "UnitCost", "acceptability", "bootstrap_ratio", "cost_table", "industry_costs", "job_costs",
    "net_jobs", "programme_costs", "unit_cost",
]  # fmt: skip
