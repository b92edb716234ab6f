"""Turn a raw delimited or Parquet file into a checked tidy table, or say precisely why not.

Nothing is guessed: encodings, separators, headers and codes for "missing" are the declared ones;
anything else is refused with the file, the line and the column.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import (
    ColumnSchema,
    TableSchema,
    bad_value,
    check,
    expectation,
    line_of,
)
from fpi_eval.sources.reading.check import LineNumbers
from fpi_eval.sources.reading.headers import Renaming, as_written, match_header
from fpi_eval.sources.reading.raw import RawFile, not_whole, read_bytes

SPACES = re.compile("[ \u00a0\u2009\u202f]")
NUMBER = re.compile(rf"[+-]?(?:\d{{1,3}}(?:{SPACES.pattern}\d{{3}})+|\d+)(?:[.,]\d+)?", re.ASCII)
THOUSANDS = re.compile(r"[+-]?\d{1,3}[.,]\d{3}", re.ASCII)  # « 1.000 » is one, or a thousand
DATE = re.compile(
    r"(?P<d>\d\d)/(?P<m>\d\d)/(?P<y>\d{4})|(?P<Y>\d{4})-(?P<M>\d\d)-(?P<D>\d\d)", re.ASCII
)
FEWEST_RATES = 5  # distinct rates, all at most 1 %, that no publication of rates has shown
LARGEST_COUNT = 1e9
FEWEST_ROWS = 20  # fewer may well be alike
MISSING = (
    "", "-", "NA", "nd", "ND", "nc", "NC", "ns", "NS", "n.d.", "N.D.", "n.c.", "N.C.",
    "null", "NULL", "None", "NONE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a table comes from, and what its header held that was not expected."""

    source: str
    fichier: str
    sha256: str
    octets: int
    lignes: int
    encodage: str
    separateur: str
    colonnes_inconnues: tuple[str, ...] = ()
    colonnes_absentes: tuple[str, ...] = ()
    lignes_ecartees: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """A tidy table with its provenance."""

    table: pd.DataFrame
    provenance: Provenance


def read_table(path: Path, schema: TableSchema, renaming: Renaming | None = None) -> Reading:
    """Return the file as the tidy table that the schema declares, checked.

    Parameters
    ----------
    path : Path
        CSV (possibly gzipped) or Parquet.
    renaming : Renaming, optional
        Headers that the programme declares for this source.

    Raises
    ------
    FpiError
        Absent file, unknown encoding or separator, unknown or repeated header, truncated line,
        value out of its range, repeated key: with file, line and column.
    """
    path = Path(path)
    renaming = renaming or Renaming()
    if path.suffix == ".parquet":
        return _read_parquet(path, schema, renaming)
    raw = RawFile(path, schema)
    raw.refuse_swallowed_rows()
    places, unknown, absent = match_header(raw.header, schema, renaming, raw.name)
    schema = as_written(schema, raw.header, places)
    strings = raw.strings(places.values())
    table = pd.DataFrame(
        {
            name: convert(strings[i], schema.column(name), raw.name, raw.lines)
            for name, i in places.items()
        }
    )
    refuse_empty(len(table), raw.name)
    refuse_doubled(table, schema, raw.name)
    checked = check(table, schema, fichier=raw.name, lines=raw.lines)
    origin = Provenance(
        schema.name,
        raw.name,
        raw.sha256,
        len(raw.content),
        len(table),
        raw.encoding,
        raw.separator,
        unknown,
        absent,
    )
    return Reading(checked, origin)


def refuse_empty(rows: int, fichier: str) -> None:
    """Raise for a header without a row: an export cut short, not a source without data."""
    if not rows:
        raise FpiError(
            "aucune ligne sous l'en-tête. Téléchargez le fichier à nouveau : un export interrompu "
            "s'arrête souvent là. S'il n'y a vraiment rien cette année, retirez-le du dossier.",
            fichier=fichier,
        )


def refuse_doubled(table: pd.DataFrame, schema: TableSchema, fichier: str) -> None:
    """Raise where half of the rows repeat others in every column: a file pasted after itself.

    A table with a key refuses its first repeated row by itself (`check`).
    """
    if schema.key or len(table) < FEWEST_ROWS:
        return
    again = int(table.duplicated().sum())
    if 2 * again >= len(table):
        raise FpiError(
            f"{again} lignes sur {len(table)} en répètent une autre à l'identique : le fichier est "
            "sans doute collé à la suite de lui-même. Téléchargez-le à nouveau.",
            fichier=fichier,
        )


def convert(
    values: pd.Series, column: ColumnSchema, fichier: str, lines: LineNumbers | None = None
) -> pd.Series:
    """Return the raw strings of a column in the type the schema declares; missing is NaN.

    Each distinct string is converted once: columns of counts and codes repeat a few hundred.
    """
    places, distinct = pd.factorize(values)
    strings = [str(text).strip() for text in distinct]
    parsed, wrong = _parse(strings, column)
    if column.kind == "pourcentage":
        _refuse_fractions(parsed, strings, column, fichier)
    faulty = wrong[places]
    if faulty.any():
        row = int(faulty.argmax())
        found = f"« {values.iloc[row]} »" if values.iloc[row].strip() else "une cellule vide"
        raise bad_value(column, found, fichier, line_of(row, lines))
    return parsed.take(places).reset_index(drop=True)


def _refuse_fractions(
    parsed: pd.Series, strings: Sequence[str], column: ColumnSchema, fichier: str
) -> None:
    """Raise for a whole column of rates written between 0 and 1 where 0 to 100 is declared."""
    known = parsed[parsed > 0]
    if len(known) < FEWEST_RATES or known.max() > 0.01 or any("%" in text for text in strings):
        return
    raise FpiError(
        f"tous les taux sont entre 0 et 1 (par exemple « {strings[int(known.index[0])]} ») : ce "
        f"sont des fractions. Attendu : {expectation(column)}. Multipliez la colonne par 100, ou "
        "téléchargez à nouveau le fichier du producteur.",
        fichier=fichier,
        colonne=column.header,
    )


def _parse(strings: list[str], column: ColumnSchema) -> tuple[pd.Series, np.ndarray]:
    """Return the converted strings, and which ones are not what the column declares."""
    missing = {*column.missing, ""} if column.kind == "texte" else {*MISSING, *column.missing}
    kept = [None if text in missing else text for text in strings]
    parsed: Sequence[object]
    if column.is_number:
        parsed, dtype = [_number(text, column) for text in kept], "float64"
    elif column.kind == "date":
        parsed, dtype = [_date(text) for text in kept], "datetime64[s]"
    else:
        parsed, dtype = kept, "str"
    wrong = np.array([p is None and k is not None for p, k in zip(parsed, kept, strict=True)], bool)
    if column.missing and not column.nullable:
        wrong |= np.array([text in MISSING for text in strings], bool)
    return pd.Series(parsed, dtype=dtype), wrong


def _number(text: str | None, column: ColumnSchema) -> float | None:
    """Return the number, NaN for a code that means missing, None for what is no number."""
    if text is None:
        return np.nan
    share = column.kind == "pourcentage"
    match = NUMBER.fullmatch(text.removesuffix("%").rstrip() if share else text)
    if match is None:
        return None
    value = float(SPACES.sub("", match[0]).replace(",", "."))
    if any(NUMBER.fullmatch(code) and value == float(code) for code in column.missing):
        return np.nan
    whole = column.kind in ("effectif", "entier")
    if not math.isfinite(value) or (whole and (value % 1 or THOUSANDS.fullmatch(text))):
        return None
    if column.kind == "effectif" and value >= LARGEST_COUNT:  # two numbers in one cell
        return None
    return value / 100 if share else value


def _date(text: str | None) -> date | None:
    match = DATE.fullmatch(text) if text else None
    if match is None:
        return None
    year, month, day = (int(match[a] or match[b]) for a, b in (("y", "Y"), ("m", "M"), ("d", "D")))
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _read_parquet(path: Path, schema: TableSchema, renaming: Renaming) -> Reading:
    content = read_bytes(path)
    try:
        arrow = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowInvalid, OSError) as error:
        raise not_whole("Parquet", path.name) from error
    places, unknown, absent = match_header(arrow.column_names, schema, renaming, path.name)
    schema = as_written(schema, arrow.column_names, places)
    columns = {}
    for name, i in places.items():
        strings = arrow.column(i).to_pandas().astype(object)
        strings = strings.where(strings.notna(), "").map(_plain).astype(str)
        columns[name] = convert(strings, schema.column(name), path.name)
    table = pd.DataFrame(columns)
    refuse_empty(len(table), path.name)
    table = check(table, schema, fichier=path.name)
    digest = hashlib.sha256(content).hexdigest()
    origin = Provenance(
        schema.name, path.name, digest, len(content), len(table), "parquet", "", unknown, absent
    )
    return Reading(table, origin)


def _plain(value: object) -> str:
    if isinstance(value, list | tuple | np.ndarray):
        return ",".join(map(str, value))
    return str(value)
