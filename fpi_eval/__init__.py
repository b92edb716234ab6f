"""Evaluate a public programme that opens training seats: graduates and industry employment.

`load` gives a year of a programme; `indicators`, `impact`, `checks`, `power`, `costs`,
`projection`, `twin` and `report` are what one does with it, each imported when first used.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpi_eval import (
        checks,
        costs,
        headline,
        impact,
        indicators,
        plan,
        plots,
        power,
        projection,
        records,
        report,
        twin,
    )
    from fpi_eval.absent import Absent, attempt
    from fpi_eval.errors import FpiError
    from fpi_eval.panel.year import Year, load
    from fpi_eval.programme import Programme, load_programme, parse_rentree

__version__ = "0.1.0"
_FROM = {
    "Absent": "fpi_eval.absent",
    "FpiError": "fpi_eval.errors",
    "Programme": "fpi_eval.programme",
    "Year": "fpi_eval.panel.year",
    "attempt": "fpi_eval.absent",
    "load": "fpi_eval.panel.year",
    "load_programme": "fpi_eval.programme",
    "parse_rentree": "fpi_eval.programme",
}
_MODULES = (
    "checks", "costs", "headline", "impact", "indicators", "plan", "plots", "power", "projection",
    "records", "report", "twin",
)  # fmt: skip
__all__ = [
    "Absent", "FpiError", "Programme", "Year", "attempt", "checks", "costs", "headline", "impact",
    "indicators", "load", "load_programme", "parse_rentree", "plan", "plots", "power", "projection",
    "records", "report", "twin",
]  # fmt: skip


def __getattr__(name: str):
    """Import a name when it is first used, those of all modules too."""
    if name in _FROM:
        return getattr(import_module(_FROM[name]), name)
    if not name.startswith("_") and find_spec(f"{__name__}.{name}"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"fpi_eval n'a pas « {name} »{_hint(name)}")


def _hint(name: str) -> str:
    """Return where a name is, ours or the field's, or the names that are written nearly so."""
    if name.startswith("_"):
        return ""
    from fpi_eval.impact.field_names import place_of
    from fpi_eval.misspelt import near

    shown = ((one, import_module(f"{__name__}.{one}")) for one in _MODULES)
    places = (f"{one}.{name}" for one, module in shown if name in getattr(module, "__all__", ()))
    if place := next(places, "") or place_of(name):
        return f" : voyez fpi_eval.{place}"
    meant = near(name, __all__)
    return f" : {meant} ?" if meant else f" (trouvé : {', '.join(__all__)})"


def __dir__() -> list[str]:
    """Names for tab completion."""
    return [*__all__, "__version__"]
