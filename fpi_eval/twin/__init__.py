"""The twin: a simulated programme whose truth is known, with the shapes of the real sources."""

from fpi_eval.twin.courses import simulated
from fpi_eval.twin.draw import Twin, draw
from fpi_eval.twin.files.write import write_files
from fpi_eval.twin.industry import with_industry
from fpi_eval.twin.parameters import (
    DEFAULT,
    DELIVERED,
    LIFELIKE,
    REALISTIC,
    SCENARIOS,
    SMALL,
    TwinParameters,
)
from fpi_eval.twin.records import write_records
from fpi_eval.twin.truth import Truth

__all__ = [
    "DEFAULT", "DELIVERED", "LIFELIKE", "REALISTIC", "SCENARIOS", "SMALL", "Truth", "Twin",
    "TwinParameters", "draw", "simulated", "with_industry", "write_files", "write_records",
]  # fmt: skip


def __dir__() -> list[str]:
    """Names for tab completion."""
    return __all__
