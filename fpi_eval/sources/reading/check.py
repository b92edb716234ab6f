"""Check a table against its declaration: pandera finds the faults, this says them in French."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading.schema import (
    CFD,
    MEFSTAT11,
    UAI,
    UAI_KEYS,
    ColumnSchema,
    RowRule,
    TableSchema,
)
from fpi_eval.text import liste, pluriel

if TYPE_CHECKING:  # slow to import, and a report that nothing changed reads no table
    import pandera.errors
    import pandera.pandas as pa


class LineNumbers(Protocol):
    """Line in the file of each row."""

    def __getitem__(self, row: int, /) -> int:
        """Return the line of a row."""


def check(
    table: pd.DataFrame,
    schema: TableSchema,
    *,
    fichier: str | None = None,
    lines: LineNumbers | None = None,
) -> pd.DataFrame:
    """Return the table if it obeys the schema.

    Parameters
    ----------
    table : DataFrame
        Tidy table with a RangeIndex.
    lines : LineNumbers, optional
        Line in the file of each row; by default row `i` stands on line `i + 2`.

    Raises
    ------
    FpiError
        With the file, line and column of the first fault, and how many more there are.
    """
    from pandera.errors import SchemaErrors

    present = [column.name for column in schema.columns if column.name in table.columns]
    absent = [c.name for c in schema.columns if c.required and c.name not in table.columns]
    if absent:
        raise FpiError(f"colonne(s) absente(s) de la table : {liste(absent)}.", fichier=fichier)
    try:
        checked = pandera_schema(schema, present).validate(table, lazy=True)
    except SchemaErrors as error:
        raise _french(error, table, schema, fichier, lines) from None
    for rule in schema.rules:
        if set(rule.columns) <= set(present):
            _obey(checked, rule, schema, fichier, lines)
    return checked


def pandera_schema(schema: TableSchema, names: Sequence[str]) -> "pa.DataFrameSchema":
    """Return the pandera schema of the columns named."""
    import pandera.pandas as pa

    return pa.DataFrameSchema(
        {name: _pandera_column(schema.column(name)) for name in names},
        unique=[name for name in schema.key if name in names] or None,
        strict=False,
    )


def _obey(
    table: pd.DataFrame,
    rule: RowRule,
    schema: TableSchema,
    fichier: str | None,
    lines: LineNumbers | None,
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


def uai_key(uai: str) -> str:
    """Return the control letter that the seven digits of a UAI call for (rest by 23)."""
    return UAI_KEYS[int(uai[:7]) % len(UAI_KEYS)]


def _keys(uai: pd.Series) -> pd.Series:
    """Return the letters of `uai_key`, none where there is no number."""
    return uai.map({one: uai_key(one) for one in uai.dropna().unique() if one[:7].isdecimal()})


def _pandera_column(column: ColumnSchema) -> "pa.Column":
    import pandera.pandas as pa

    checks = []
    low, high = column.bounds
    if column.pattern:
        checks.append(pa.Check.str_matches(rf"^(?:{_ascii(column.pattern)})$"))
    if column.kind == "uai":
        checks.append(pa.Check.str_matches(f"^{_ascii(UAI)}$"))
        checks.append(pa.Check(lambda s: s.str[7:] == _keys(s), name="clé UAI"))
    if column.choices:
        checks.append(pa.Check.isin(list(column.choices)))
    if low is not None:
        checks.append(pa.Check.ge(low))
    if high is not None:
        checks.append(pa.Check.le(high))
    empty = column.nullable or bool(column.missing)  # `convert` refuses what is truly empty
    if column.kind == "date":
        return pa.Column("datetime64[s]", nullable=empty, required=column.required)
    dtype = float if column.is_number else None
    return pa.Column(dtype, checks, nullable=empty, required=column.required)


def _ascii(pattern: str) -> str:
    """Return the pattern whose digits are 0 to 9 alone: other scripts' look the same on screen."""
    return pattern.replace(r"\d", "[0-9]")


def expectation(column: ColumnSchema) -> str:
    """Return the French words for what a column may hold."""
    if column.expected:
        return column.expected
    if column.choices:
        several = "l'une des valeurs " * (len(column.choices) > 1)
        return f"{several}{liste(column.choices)}"
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
    error: "pandera.errors.SchemaErrors",
    table: pd.DataFrame,
    schema: TableSchema,
    fichier: str | None,
    lines: LineNumbers | None,
) -> FpiError:
    faults = error.failure_cases
    if (faults["check"].astype(str) == "multiple_fields_uniqueness").any():
        return _duplicate_key(table, schema, fichier, lines)
    first = faults.sort_values("index", kind="stable").iloc[0]
    column = schema.column(str(first["column"]))
    row = first["index"]
    ligne = None if pd.isna(row) else line_of(int(row), lines)
    found, more = _shown(first["failure_case"], column), _more(faults["index"].nunique() - 1)
    return bad_value(column, found, fichier, ligne, more)


def bad_value(
    column: ColumnSchema, found: str, fichier: str | None, ligne: int | None, more: str = ""
) -> FpiError:
    """Return the error of a value that its column may not hold, and what to do about it."""
    remedy = "Corrigez la valeur : cette cellule ne peut pas être vide."
    if column.nullable:
        remedy = "Corrigez la valeur, ou videz la cellule si la donnée manque."
    return FpiError(
        f"trouvé {found}, attendu {expectation(column)}. {remedy}{more}",
        fichier=fichier,
        ligne=ligne,
        colonne=column.header,
    )


def _shown(value: object, column: ColumnSchema) -> str:
    """Return a value as the file writes it, in quotation marks."""
    if pd.isna(value):
        return "une cellule vide"
    if isinstance(value, float):
        return f"« {100 * value if column.kind == 'pourcentage' else value:g} »"
    return f"« {value} »"


def _more(rows: int) -> str:
    return f" {pluriel(rows, 'autre ligne fautive', 'autres lignes fautives')}." if rows else ""


def _duplicate_key(
    table: pd.DataFrame, schema: TableSchema, fichier: str | None, lines: LineNumbers | None
) -> FpiError:
    key = [name for name in schema.key if name in table.columns]
    again = table.duplicated(key, keep="first")
    second = int(again.to_numpy().argmax())
    values = table.loc[again.index[second], key]
    shown = " × ".join(str(value) for value in values.dropna())
    same = pd.Series(True, index=table.index)
    for name, value in values.items():
        same &= table[name].isna() if pd.isna(value) else table[name] == value
    first = int(same.to_numpy().argmax())
    names = " × ".join(schema.column(name).header for name in key)
    return FpiError(
        f"clé en double ({shown}), déjà présente à la ligne "
        f"{line_of(first, lines)} ; {pluriel(int(again.sum()), 'doublon')} en tout. "
        "Attendu : une seule ligne par clé. Retirez le doublon.",
        fichier=fichier,
        ligne=line_of(second, lines),
        colonne=names,
    )


def line_of(row: int, lines: LineNumbers | None) -> int:
    """Return the line in the file of a row of the table."""
    return int(lines[row]) if lines is not None else row + 2
