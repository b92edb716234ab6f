"""Headline quantities: each is computed by one function, once, and shown everywhere from there.

`places`, `effet`, `emploi` and `trajectoire` return those of one chapter; a notebook that shows
them publishes them, and the front page, ``chiffres.json`` and the workbook take them from what
notebooks published. The runner reads them without what computes them: each is imported when used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fpi_eval.impact.field_names import unknown

if TYPE_CHECKING:
    from fpi_eval.headline.of_effect import effet, seats_scope
    from fpi_eval.headline.of_jobs import emploi
    from fpi_eval.headline.of_places import places
    from fpi_eval.headline.of_trajectory import trajectoire
    from fpi_eval.headline.quantity import DECLARED, Headline, Quantity

_FROM = {
    "DECLARED": "quantity",
    "Headline": "quantity",
    "Quantity": "quantity",
    "effet": "of_effect",
    "emploi": "of_jobs",
    "places": "of_places",
    "seats_scope": "of_effect",
    "trajectoire": "of_trajectory",
}
__all__ = [
    "DECLARED", "Headline", "Quantity", "effet", "emploi", "places", "seats_scope", "trajectoire",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name not in _FROM:
        raise unknown(__name__, name, __all__)
    return getattr(import_module(f"{__name__}.{_FROM[name]}"), name)


def __dir__() -> list[str]:
    """Names for tab completion."""
    return __all__
