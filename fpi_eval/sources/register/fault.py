"""One fault of one row of the register, and the numbers that French cells hold."""

import math
import re
from collections.abc import Iterator

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading.reading import NUMBER, SPACES

Row = dict[str, str]
Faults = Iterator[FpiError]

_AMBIGUOUS = re.compile(r"[+-]?\d{1,3}(?:[.,]\d{3})+", re.ASCII)


def fault(row: Row, column: str, expected: str, advice: str) -> FpiError:
    """Return the error of one cell: what stands there, what was expected, what to do."""
    seen = f"« {row[column]} »" if row[column] else "une cellule vide"
    return FpiError(
        f"trouvé {seen}, attendu {expected}. {advice}", ligne=int(row["ligne"]), colonne=column
    )


def plain_number(text: str) -> float:
    """Return the number written in a French cell, NaN when empty or not one number."""
    bare = _bare(text)
    return float(SPACES.sub("", bare).replace(",", ".")) if NUMBER.fullmatch(bare) else math.nan


def ambiguous(text: str) -> str:
    """Return the thousands that ``5.000`` or ``22,000`` may be, "" for a number read one way."""
    bare = _bare(text)
    return re.sub(r"[.,]", "", bare) if _AMBIGUOUS.fullmatch(bare) else ""


def _bare(text: str) -> str:
    """Return a cell without « € » around it, a sign that computers know against its number."""
    bare = re.sub(r"^[\s€]+|[\s€]+$", "", text).replace("\u2212", "-")
    return re.sub(r"^([+-])\s+", r"\1", bare)
