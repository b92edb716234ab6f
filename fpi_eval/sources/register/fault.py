"""One fault of one row of the register, and the numbers that French cells hold."""

import math
import re
from collections.abc import Iterator

from fpi_eval.errors import FpiError

Row = dict[str, str]
Faults = Iterator[FpiError]

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)
_AMBIGUOUS = re.compile(r"[+-]?\d{1,3}(?:[.,]\d{3})+", re.ASCII)


def fault(row: Row, column: str, expected: str, advice: str) -> FpiError:
    """Return the error of one cell: what stands there, what was expected, what to do."""
    seen = f"« {row[column]} »" if row[column] else "une cellule vide"
    return FpiError(
        f"trouvé {seen}, attendu {expected}. {advice}", ligne=int(row["ligne"]), colonne=column
    )


def plain_number(text: str) -> float:
    """Return the number written in a French cell, NaN when empty or not a number."""
    plain = re.sub(r"[\s€]", "", text).replace("\u2212", "-")
    return float(plain.replace(",", ".")) if _NUMBER.fullmatch(plain) else math.nan


def ambiguous(text: str) -> str:
    """Return the thousands that ``5.000`` or ``22,000`` may be, "" for a number read one way."""
    plain = re.sub(r"[\s€]", "", text)
    return re.sub(r"[.,]", "", plain) if _AMBIGUOUS.fullmatch(plain) else ""
