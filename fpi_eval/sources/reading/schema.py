"""How a table is declared: its columns, its key, what binds its columns, its odd headers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack

import pandas as pd

Kind = Literal["code", "uai", "texte", "entier", "effectif", "nombre", "pourcentage", "date"]

UAI = r"\d{7}[A-Z]"
MEFSTAT11 = r"\d{2}[0-9A-Z]{9}"
CFD = r"[0-9A-Z]{8}"
OBSOLETE = "identifiant obsolète"
"""What Parcoursup writes in place of the UAI of an establishment that has closed."""
UAI_KEYS = "ABCDEFGHJKLMNPRSTUVWXYZ"

_LOW = {"effectif": 0.0, "pourcentage": 0.0}
_HIGH = {"pourcentage": 1.0}


class ColumnOptions(TypedDict, total=False):
    """What a column may say beside its kind and headers: see `ColumnSchema`."""

    fallbacks: tuple[str, ...]
    repeated: Literal["refuse", "last"]
    required: bool
    nullable: bool
    pattern: str
    low: float
    high: float
    choices: tuple[str, ...]
    missing: tuple[str, ...]
    expected: str


@dataclass(frozen=True, slots=True)
class ColumnSchema:
    """One column of a table: its name here, its header there, and what it may hold.

    Parameters
    ----------
    name : str
        Name in our tidy tables.
    header : str
        Header as the publisher writes it.
    kind : Kind
        `effectif` is a count (whole, not negative), `pourcentage` is written 0 to 100 in the
        file and becomes a rate between 0 and 1, `uai` is a code whose control letter is verified,
        `date` is written dd/mm/yyyy or yyyy-mm-dd.
    aliases : tuple of str
        Other headers known from other vintages or from the portal's short names.
    fallbacks : tuple of str
        Headers that hold this column only in files without the header and its aliases.
    repeated : {"refuse", "last"}
        Whether a header written several times is refused, or its last column is meant.
    required : bool
        Whether the file must have the column.
    nullable : bool
        Whether a cell may be empty; codes of `missing` may stand there all the same.
    pattern, low, high, choices
        What a value may be; `low` and `high` in the unit of the tidy table.
    missing : tuple of str
        Extra codes that mean missing in this column (999, 1000).
    expected : str
        French words for what is expected, used in errors.
    """

    name: str
    header: str
    kind: Kind = "texte"
    aliases: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()
    repeated: Literal["refuse", "last"] = "refuse"
    required: bool = True
    nullable: bool = True
    pattern: str | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    expected: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the tidy column is float64."""
        return self.kind in ("entier", "effectif", "nombre", "pourcentage")

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Smallest and largest value allowed in the tidy table."""
        low = self.low if self.low is not None else _LOW.get(self.kind)
        high = self.high if self.high is not None else _HIGH.get(self.kind)
        return low, high


def column(
    kind: Kind, name: str, header: str, *aliases: str, **options: Unpack[ColumnOptions]
) -> ColumnSchema:
    """Return a column: its kind, its name here, then every header it is known to have had."""
    return ColumnSchema(name, header, kind, aliases, **options)


@dataclass(frozen=True, slots=True)
class Layout:
    """A file whose header has unnamed columns: the full header, and our names by position.

    A name of `None` drops the column.
    """

    headers: tuple[str, ...]
    names: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class RowRule:
    """What every row must obey across columns; applied where the file has them all.

    Parameters
    ----------
    columns : tuple of str
        Columns that the rule binds; all are named in the error.
    broken : callable
        Table to boolean Series, true on rows at fault; a missing value is never a fault.
    message : str
        French sentence; ``{name}`` stands for the row's value of that column.
    """

    columns: tuple[str, ...]
    broken: Callable[[pd.DataFrame], pd.Series]
    message: str


def at_most(part: str, whole: str, message: str) -> RowRule:
    """Return the rule that a count is no larger than another."""
    return RowRule((part, whole), lambda t: t[part] > t[whole], message)


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A source's table: its columns, its key, its rules, and the headers read by position."""

    name: str
    columns: tuple[ColumnSchema, ...]
    key: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()
    rules: tuple[RowRule, ...] = ()

    def column(self, name: str) -> ColumnSchema:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)


def no_rows(table: TableSchema) -> pd.DataFrame:
    """Return the table without a row, in its types: what a folder without the file holds."""
    kinds = {c.name: "float64" if c.is_number else "str" for c in table.columns}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
