"""Set rows aside with a reason, check again once they are out, choose among declared tables."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import TableSchema, check
from fpi_eval.sources.reading.headers import spelling
from fpi_eval.sources.reading.raw import RawFile
from fpi_eval.sources.reading.reading import Reading

FIRST_DATA_LINE = 2


def set_aside(reading: Reading, keep: pd.Series, reason: str) -> Reading:
    """Return the reading without the rows where `keep` is false, counted under the reason."""
    lost = int((~keep).sum())
    if not lost:
        return reading
    counted = reading.provenance.lignes_ecartees
    ecartees = counted | {reason: counted.get(reason, 0) + lost}
    return Reading(reading.table[keep], replace(reading.provenance, lignes_ecartees=ecartees))


def without_blank_rows(reading: Reading) -> Reading:
    """Return the reading without the rows that spreadsheets leave at the end of a file."""
    return set_aside(reading, reading.table.notna().any(axis=1), "ligne vide")


def without_uai(reading: Reading) -> Reading:
    """Return the reading without the rows that name no establishment any more, counted."""
    kept = set_aside(reading, reading.table["uai"].notna(), "lignes sans UAI")
    return Reading(kept.table.reset_index(drop=True), kept.provenance)


def of_its_year(reading: Reading, rentree: int | None, column: str) -> Reading:
    """Return the reading, whose every row must be of the year in the file's name (None: any)."""
    others = reading.table.loc[reading.table["rentree"] != rentree, "rentree"]
    if rentree is not None and len(others):
        raise FpiError(
            f"des lignes de la rentrée {others.iloc[0]:.0f} dans un fichier nommé {rentree}. "
            "Renommez le fichier, ou déposez celui de cette seule année.",
            fichier=reading.provenance.fichier,
            colonne=column,
        )
    return reading


def without_repeats(reading: Reading, reason: str = "ligne répétée à l'identique") -> Reading:
    """Return the reading with one of each group of rows equal in every declared column."""
    return set_aside(reading, ~reading.table.duplicated(), reason)


def verify(reading: Reading, schema: TableSchema) -> Reading:
    """Return the reading checked against the schema, rows numbered again from zero.

    Line numbers in errors hold for files of one line per record.
    """
    lines = reading.table.index.to_numpy() + FIRST_DATA_LINE
    table = reading.table.reset_index(drop=True)
    return Reading(
        check(table, schema, fichier=reading.provenance.fichier, lines=lines), reading.provenance
    )


def strict(
    schema: TableSchema, *, filled: Sequence[str] = (), key: Sequence[str] = ()
) -> TableSchema:
    """Return the schema with a key, and columns that must be filled: what holds once rows are out.

    ``filled``: columns that may no longer be empty.
    """
    columns = tuple(
        replace(c, nullable=c.nullable and c.name not in filled) for c in schema.columns
    )
    return replace(schema, columns=columns, key=tuple(key))


def choose(path: Path, tables: Sequence[TableSchema]) -> TableSchema:
    """Return the table of which the file's header holds the most columns (the first on a tie)."""
    path = Path(path)
    if path.suffix == ".parquet" and path.is_file():
        header = pq.read_schema(path).names
    else:
        header = RawFile(path, tables[0]).header
    found = {spelling(name) for name in header}

    def known(table: TableSchema) -> int:
        return sum(
            not found.isdisjoint(spelling(n) for n in (c.header, c.name, *c.aliases))
            for c in table.columns
        )

    return max(tables, key=known)
