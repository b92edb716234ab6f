"""Columns, types and ranges of each table; `check(table, schema)` says in French what is wrong.

pandera does the checking; this module declares tables compactly and turns its findings into one
French error with file, line and column.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import pandera.errors
import pandera.pandas as pa

from fpi_eval.errors import FpiError
from fpi_eval.text import liste, pluriel

Kind = Literal[
    "code", "uai", "texte", "entier", "effectif", "nombre", "pourcentage", "oui_non", "date"
]

UAI = r"\d{7}[A-Z]"
MEFSTAT11 = r"\d{2}[0-9A-Z]{9}"
CFD = r"[0-9A-Z]{8}"
UAI_KEYS = "ABCDEFGHJKLMNPRSTUVWXYZ"

_LOW = {"effectif": 0.0, "pourcentage": 0.0}
_HIGH = {"pourcentage": 1.0}


@dataclass(frozen=True, slots=True)
class Column:
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
        Whether a cell may be empty.
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


@dataclass(frozen=True, slots=True)
class Layout:
    """A file whose header has unnamed columns: the full header, and our names by position.

    A name of `None` drops the column.
    """

    headers: tuple[str, ...]
    names: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Rule:
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


@dataclass(frozen=True, slots=True)
class Table:
    """A source's table: its columns, its key, its rules, and the headers read by position."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()
    rules: tuple[Rule, ...] = ()

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)

    def pandera(self, names: Sequence[str] | None = None) -> pa.DataFrameSchema:
        """Return the pandera schema of the columns named (all by default)."""
        kept = [c for c in self.columns if names is None or c.name in names]
        return pa.DataFrameSchema(
            {c.name: _pandera_column(c) for c in kept},
            unique=[name for name in self.key if name in {c.name for c in kept}] or None,
            strict=False,
        )


def check(
    table: pd.DataFrame,
    schema: Table,
    *,
    fichier: str | None = None,
    lines: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Return the table if it obeys the schema.

    Parameters
    ----------
    table : DataFrame
        Tidy table with a RangeIndex.
    lines : sequence of int, optional
        Line in the file of each row; by default row `i` stands on line `i + 2`.

    Raises
    ------
    FpiError
        With the file, line and column of the first fault, and how many more there are.
    """
    present = [column.name for column in schema.columns if column.name in table.columns]
    absent = [c.name for c in schema.columns if c.required and c.name not in table.columns]
    if absent:
        raise FpiError(f"colonne(s) absente(s) de la table : {liste(absent)}.", fichier=fichier)
    try:
        checked = schema.pandera(present).validate(table, lazy=True)
    except pandera.errors.SchemaErrors as error:
        raise _french(error, table, schema, fichier, lines) from None
    for rule in schema.rules:
        if set(rule.columns) <= set(present):
            _obey(checked, rule, schema, fichier, lines)
    return checked


def _obey(
    table: pd.DataFrame,
    rule: Rule,
    schema: Table,
    fichier: str | None,
    lines: Sequence[int] | None,
) -> None:
    """Raise for the first row that breaks the rule."""
    broken = rule.broken(table).to_numpy(dtype=bool)
    if not broken.any():
        return
    row = int(broken.argmax())
    values = {name: _shown(table[name].iloc[row], schema.column(name)) for name in rule.columns}
    raise FpiError(
        f"{rule.message.format(**values)} Corrigez la ligne, ou téléchargez le fichier à nouveau."
        f"{_more(int(broken.sum()) - 1)}",
        fichier=fichier,
        ligne=line_of(row, lines),
        colonne=" », « ".join(schema.column(name).header for name in rule.columns),
    )


def uai_key(uai: pd.Series) -> pd.Series:
    """Return the control letter that the seven digits of each UAI call for (rest by 23)."""
    digits = pd.to_numeric(uai.str[:7], errors="coerce").fillna(0).astype("int64")
    return (digits % len(UAI_KEYS)).map(dict(enumerate(UAI_KEYS)))


def _pandera_column(column: Column) -> pa.Column:
    checks = []
    low, high = column.bounds
    if column.pattern:
        checks.append(pa.Check.str_matches(rf"^(?:{column.pattern})$"))
    if column.kind == "uai":
        checks.append(pa.Check.str_matches(f"^{UAI}$"))
        checks.append(pa.Check(lambda s: s.str[7:] == uai_key(s), name="clé UAI"))
    if column.choices:
        checks.append(pa.Check.isin(list(column.choices)))
    if low is not None:
        checks.append(pa.Check.ge(low))
    if high is not None:
        checks.append(pa.Check.le(high))
    if column.kind == "date":
        return pa.Column("datetime64[s]", nullable=column.nullable, required=column.required)
    dtype = float if column.is_number else bool if column.kind == "oui_non" else None
    return pa.Column(dtype, checks, nullable=column.nullable, required=column.required)


def expectation(column: Column) -> str:
    """Return the French words for what a column may hold."""
    if column.expected:
        return column.expected
    if column.choices:
        return f"l'une des valeurs {liste(column.choices)}"
    low, high = column.bounds
    if column.kind == "pourcentage":
        return "un pourcentage entre 0 et 100"
    if column.kind == "effectif" and high is None:
        return "un nombre entier positif ou nul"
    if low is not None and high is not None:
        return f"un nombre entre {low:g} et {high:g}"
    if column.is_number:
        return "un nombre entier" if column.kind == "entier" else "un nombre"
    if column.kind == "uai" or column.pattern == UAI:
        return "un code UAI (7 chiffres et leur lettre de contrôle, par exemple 0010001W)"
    if column.kind == "date":
        return "une date de la forme 01/09/2023"
    if column.pattern == MEFSTAT11:
        return "un code MEFSTAT11 (11 caractères, par exemple 23830025007)"
    if column.pattern == CFD:
        return "un code formation-diplôme (8 caractères, par exemple 40025007)"
    return "une valeur" if not column.pattern else f"un code de la forme {column.pattern}"


def _french(
    error: pandera.errors.SchemaErrors,
    table: pd.DataFrame,
    schema: Table,
    fichier: str | None,
    lines: Sequence[int] | None,
) -> FpiError:
    faults = error.failure_cases
    repeated = faults[faults["check"].astype(str).str.contains("unique")]
    if len(repeated):
        return _duplicate_key(table, schema, fichier, lines)
    first = faults.sort_values("index", kind="stable").iloc[0]
    column = schema.column(str(first["column"]))
    row = first["index"]
    ligne = None if pd.isna(row) else line_of(int(row), lines)
    return FpiError(
        f"trouvé {_shown(first['failure_case'], column)}, attendu {expectation(column)}. Corrigez "
        "la valeur, ou videz la cellule si la donnée manque."
        f"{_more(faults['index'].nunique() - 1)}",
        fichier=fichier,
        ligne=ligne,
        colonne=column.header,
    )


def _shown(value: object, column: Column) -> str:
    """Return a value as the file writes it, in quotation marks."""
    if pd.isna(value):
        return "une cellule vide"
    if isinstance(value, float):
        return f"« {100 * value if column.kind == 'pourcentage' else value:g} »"
    return f"« {value} »"


def _more(rows: int) -> str:
    return f" {pluriel(rows, 'autre ligne fautive', 'autres lignes fautives')}." if rows else ""


def _duplicate_key(
    table: pd.DataFrame, schema: Table, fichier: str | None, lines: Sequence[int] | None
) -> FpiError:
    key = [name for name in schema.key if name in table.columns]
    again = table.duplicated(key, keep="first")
    second = int(again.to_numpy().argmax())
    values = table.loc[again.index[second], key]
    same = (table[key].astype(str) == values.astype(str)).all(axis=1).to_numpy().argmax()
    names = " × ".join(schema.column(name).header for name in key)
    return FpiError(
        f"clé en double ({' × '.join(str(value) for value in values)}), déjà présente à la ligne "
        f"{line_of(int(same), lines)} ; {pluriel(int(again.sum()), 'doublon')} en tout. "
        "Attendu : une seule ligne par clé. Retirez le doublon.",
        fichier=fichier,
        ligne=line_of(second, lines),
        colonne=names,
    )


def line_of(row: int, lines: Sequence[int] | None) -> int:
    """Return the line in the file of a row of the table."""
    return int(lines[row]) if lines is not None else row + 2
