"""Before the data: what can be seen when, and how large an effect must be to be seen."""

from typing import NoReturn

from fpi_eval.calendar import RESULTATS, calendrier, durees, premieres
from fpi_eval.impact.field_names import unknown
from fpi_eval.power.detect import Puissance, closed_form, expected, puissance

__all__ = [
    "RESULTATS", "Puissance", "calendrier", "closed_form", "durees", "expected", "premieres",
    "puissance",
]  # fmt: skip


def __dir__() -> list[str]:
    """Names for tab completion."""
    return __all__


def __getattr__(name: str) -> NoReturn:
    """Refuse a name, saying where it is."""
    raise unknown(__name__, name, __all__)
