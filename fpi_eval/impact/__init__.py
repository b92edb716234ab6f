"""Estimators of the programme's effect, each under its name in the field.

Every one takes the cell panel, or any long table whose columns are named, and returns a result
that shows itself. They are imported when first used.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from fpi_eval.impact.field_names import unknown

#: Name → module that defines it.
_FROM = {
    "j": "j",
    "bjs2_t": "bjs2_t",
    "j_and_bjs2_t": "j_and_bjs2_t",
    "wald": "j",
    "imputation": "imputation",
    "poisson_imputation": "poisson",
    "opening_study": "as_event_study",
    "callaway_santanna": "callaway_santanna",
    "sun_abraham": "sun_abraham",
    "stacked": "stacked",
    "triple_difference": "triple",
    "twfe": "twfe",
    "intertemporal": "intertemporal",
    "placebo_regions": "placebo_regions",
    "masked": "masked",
    "study_family": "outcomes",
    "displacement": "displacement.net",
    "substitution": "displacement.net",
    "displaced_entrants": "displacement.net",
    "diversion": "displacement.diversion",
    "ladder": "displacement.ladder",
    "by_fill": "displacement.ladder",
    "own_by_fill": "displacement.ladder",
    "heterogeneity": "groups.heterogeneity",
    "dose_response": "groups.dose_response",
    "totals": "groups.totals",
    "chain": "jobs.chain",
    "exam_effects": "jobs.exams",
    "passage": "jobs.passage",
    "regional_change": "jobs.regional",
    "regional_changes": "jobs.regional",
    "additional_jobs": "jobs.additional",
    "marginal": "jobs.marginal",
    "adjusted": "jobs.adjusted",
    "detectable_effects": "jobs.visibility",
    "employed_by_site": "jobs.employed_by_site",
    "bounded_employment": "jobs.bounded",
    "synthetic": "jobs.synthetic",
    "exposed_jobs": "jobs.visibility",
    "Columns": "columns",
    "Ring": "displacement.rings",
    "GROSS": "frame",
    "DISPLACEMENT": "frame",
    "NET": "frame",
}
__all__ = list(_FROM)


def _read(name: str) -> property:
    return property(
        lambda _: getattr(import_module(f"{__name__}.{_FROM[name]}"), name),
        lambda _, module: None,  # importing the module `j` must not hide the estimator `j`
    )


class _Estimators(ModuleType):
    """The package, whose attributes are estimators even where a module has the same name."""

    def __dir__(self) -> list[str]:
        return __all__

    def __getattr__(self, name: str) -> Any:
        raise unknown(__name__, name, __all__)


for _name in _FROM:
    setattr(_Estimators, _name, _read(_name))
sys.modules[__name__].__class__ = _Estimators
