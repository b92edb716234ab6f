"""Tables that a programme keeps in its folder; first of them, what makes each filière."""

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.programme import Programme
from fpi_eval.sources.reading import ColumnSchema, TableSchema, column
from fpi_eval.sources.reading.cache import cached
from fpi_eval.sources.reading.reading import read_table
from fpi_eval.text import AUTRE, liste
from fpi_eval.traced import note

FILE = "filieres.csv"


def read_filieres(programme: Programme) -> pd.DataFrame:
    """Return the declared table of NSF groups and diplomas that make each filière.

    Raises `FpiError`: file or column absent, unknown filière, malformed code, or code twice.
    """
    schema = TableSchema(
        "filieres",
        (
            column(
                "code", "code", "code", nullable=False, pattern=r"\d{3}|[0-9A-Z]{8}",
                expected="trois chiffres (groupe NSF) ou huit caractères (diplôme) ; un tableur "
                "retire le zéro du début",
            ),
            filiere(*programme.codes_filieres, AUTRE),
            column("texte", "libelle", "libelle", required=False),
            column("texte", "motif", "motif", required=False),
        ),
        key=("code",),
    )  # fmt: skip
    return read_declared(
        programme,
        schema,
        "il dit quel groupe de spécialités (NSF) ou diplôme relève de quelle filière. « fpi-eval "
        "programme » en écrit un.",
    )


def filiere(*codes: str) -> ColumnSchema:
    """Return the column that says which of these filières a row is of."""
    return column(
        "code", "filiere", "filiere", nullable=False, choices=codes,
        expected=f"une filière du programme : {liste(codes)}",
    )  # fmt: skip


def read_declared(programme: Programme, schema: TableSchema, what: str) -> pd.DataFrame:
    """Return a table that the programme keeps in its folder, checked; ``what`` it says."""
    path = programme.dossier / f"{schema.name}.csv"
    note([path.name])
    if not path.is_file():
        raise FpiError(f"fichier absent : {what}", fichier=str(path))
    return cached(read_table, path, schema).table
