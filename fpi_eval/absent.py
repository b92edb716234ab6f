"""What may be absent, and why: one object that shows its reason where a result would stand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from fpi_eval import escapes
from fpi_eval.errors import FpiError

P = ParamSpec("P")
T = TypeVar("T")
#: What a report's renderer recognises an absent result by, to list it among what is missing.
ABSENT = "application/vnd.fpi-eval.absent+json"
TOO_FEW = "Trop peu de places ouvertes pour séparer leur effet du reste."


@dataclass(frozen=True, slots=True)
class Absent:
    """A result that cannot be given, and the French reason; false in a condition.

    `holder` says in French who holds what is missing, where somebody does; `answers` the question
    that it would answer, where that is not the heading it stands under; `conseil` what an analyst,
    and no other reader, could do about it. Not `lacking`: nothing is missing, there is nothing to
    show.

    Examples
    --------
    >>> found = Absent("Le dossier ne contient pas le registre des ouvertures.")
    >>> bool(found)
    False
    >>> print(found)
    Le dossier ne contient pas le registre des ouvertures.
    """

    reason: str
    holder: str = field(default="", kw_only=True)
    answers: str = field(default="", kw_only=True)
    conseil: str = field(default="", kw_only=True)
    lacking: bool = field(default=True, kw_only=True)

    def __bool__(self) -> Literal[False]:
        """Return False: nothing is there."""
        return False

    def __str__(self) -> str:
        """Return the reason, then the advice to an analyst."""
        return f"{self.reason} {self.conseil}".rstrip()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, object]:
        """Show the reason, a paragraph for each of its parts."""
        known = {"reason": self.reason, "holder": self.holder, "answers": self.answers}
        if not self.lacking:
            known["lacking"] = ""
        return {
            "text/plain": str(self),
            "text/html": escapes.paragraphs(str(self)),
            ABSENT: known,
        }

    def summary(self) -> str:
        """Return the reason."""
        return self.reason

    def method(self) -> str:
        """Return the reason: no method was applied."""
        return self.reason

    def to_frame(self) -> pd.DataFrame:
        """Return one row with the reason."""
        return pd.DataFrame({"raison": [self.reason]})

    def plot(self, ax: Any = None) -> NoReturn:
        """Refuse: there is nothing to draw."""
        raise FpiError(self.reason, conseil=self.conseil)


def attempt(make: Callable[P, T], *args: P.args, **options: P.kwargs) -> T | Absent:
    """Return what ``make`` returns, or why these files do not allow it.

    An argument that is itself absent is the reason. Anything but a refusal of the data (`FpiError`,
    a singular design) is raised.
    """
    missing = next((a for a in (*args, *options.values()) if isinstance(a, Absent)), None)
    if missing is not None:
        return missing
    return or_why(
        lambda: make(*args, **options), "Ces fichiers ne le permettent pas encore : {why}"
    )


def or_why(make: Callable[[], T], said: str) -> T | Absent:
    """Return what ``make`` returns, or its refusal within the words ``said`` (``{why}``)."""
    try:
        return make()
    except FpiError as error:
        return Absent(said.format(why=error.raison), conseil=error.conseil)
    except (np.linalg.LinAlgError, ArithmeticError):
        return Absent(TOO_FEW)
