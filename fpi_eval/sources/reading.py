"""Turn a raw delimited or Parquet file into a checked tidy table, or say precisely why not.

Nothing is guessed: encodings, separators, headers and codes for "missing" are the declared ones;
anything else is refused with the file, the line and the column.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fpi_eval.errors import FpiError
from fpi_eval.schema import Column, Table, check, expectation, line_of
from fpi_eval.sources.headers import Renaming, match_header
from fpi_eval.sources.raw import RawFile, read_bytes

NUMBER = r"[+-]?(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d+)(?:[.,]\d+)?"
YES_NO = dict.fromkeys(("VRAI", "TRUE", "O", "OUI", "1"), True) | dict.fromkeys(
    ("FAUX", "FALSE", "N", "NON", "0", ""), False
)
MISSING = ("", "nd", "nc", "ns", "n.d.", "n.c.", "-", "NA", "null", "None")


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
    remarques: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """A tidy table with its provenance."""

    table: pd.DataFrame
    provenance: Provenance


def read_table(path: Path, schema: Table, renaming: Renaming | None = None) -> Reading:
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
    places, unknown, absent = match_header(raw.header, schema, renaming, raw.name)
    strings = raw.strings(places.values())
    table = pd.DataFrame(
        {
            name: convert(strings[i], schema.column(name), raw.name, raw.lines)
            for name, i in places.items()
        }
    )
    checked = check(table, schema, fichier=raw.name, lines=raw.lines)
    origin = Provenance(
        schema.name, raw.name, raw.sha256, len(raw.content), len(table), raw.encoding,
        raw.separator, unknown, absent,
    )  # fmt: skip
    return Reading(checked, origin)


def convert(
    values: pd.Series, column: Column, fichier: str, lines: Sequence[int] | None = None
) -> pd.Series:
    """Return the raw strings of a column in the type the schema declares; missing is NaN.

    Each distinct string is converted once: columns of counts and codes repeat a few hundred.
    """
    places, distinct = pd.factorize(values)
    strings = pd.Series(distinct, dtype="str")
    converted, wrong = _convert(strings.str.strip(), column)
    if wrong.any():
        row = int(wrong.to_numpy()[places].argmax())
        raise FpiError(
            f"trouvé « {values.iloc[row]} », attendu {expectation(column)}. Corrigez la valeur, "
            "ou videz la cellule si la donnée manque.",
            fichier=fichier,
            ligne=line_of(row, lines),
            colonne=column.header,
        )
    return converted.take(places).reset_index(drop=True)


def _convert(strings: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    """Return the converted strings, and which ones are not what the column declares."""
    missing = strings.isin([*MISSING, *column.missing])
    if column.kind == "texte":
        missing = strings.isin([*column.missing, ""])
    plain = strings.mask(missing)
    if column.kind == "oui_non":
        words = strings.str.upper().map(YES_NO)
        return words.eq(True), words.isna()
    if column.kind == "date":
        return _dates(plain)
    if column.is_number:
        return _numbers(plain, column)
    return plain, pd.Series(False, index=plain.index)


def _numbers(plain: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    if column.kind == "pourcentage":
        plain = plain.str.replace(r"[ \u00a0\u202f]?%$", "", regex=True)
    wrong = ~plain.str.fullmatch(NUMBER, na=True)
    bare = plain.mask(wrong).str.replace(",", ".", regex=False)
    bare = bare.str.replace(r"[ \u00a0\u202f]", "", regex=True)
    numbers = pd.to_numeric(bare, errors="coerce").astype("float64")
    codes = [float(code) for code in column.missing if re.fullmatch(NUMBER, code)]
    numbers = numbers.mask(numbers.isin(codes)) if codes else numbers
    if column.kind in ("effectif", "entier"):
        wrong |= numbers.notna() & (numbers % 1 != 0)
    return (numbers / 100 if column.kind == "pourcentage" else numbers), wrong


def _dates(plain: pd.Series) -> tuple[pd.Series, pd.Series]:
    iso = plain.str.fullmatch(r"\d{4}-\d\d-\d\d", na=False)
    french = plain.str.fullmatch(r"\d\d/\d\d/\d{4}", na=False)
    days = pd.to_datetime(plain.where(french), format="%d/%m/%Y", errors="coerce")
    days = days.fillna(pd.to_datetime(plain.where(iso), format="%Y-%m-%d", errors="coerce"))
    return days.astype("datetime64[s]"), plain.notna() & days.isna()


def _read_parquet(path: Path, schema: Table, renaming: Renaming) -> Reading:
    content = read_bytes(path)
    try:
        arrow = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowInvalid, OSError) as error:
        raise FpiError(
            "ce n'est pas un fichier Parquet entier. Téléchargez-le à nouveau.", fichier=path.name
        ) from error
    places, unknown, absent = match_header(arrow.column_names, schema, renaming, path.name)
    columns = {}
    for name, i in places.items():
        strings = arrow.column(i).to_pandas().astype(object)
        strings = strings.where(strings.notna(), "").map(_plain).astype(str)
        columns[name] = convert(strings, schema.column(name), path.name)
    table = check(pd.DataFrame(columns), schema, fichier=path.name)
    digest = hashlib.sha256(content).hexdigest()
    origin = Provenance(
        schema.name, path.name, digest, len(content), len(table), "parquet", "", unknown, absent
    )
    return Reading(table, origin)


def _plain(value: object) -> str:
    if isinstance(value, list | tuple | np.ndarray):
        return ",".join(map(str, value))
    return str(value)
