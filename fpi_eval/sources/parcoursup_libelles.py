"""Parcoursup: short name and label of each column of the portal's export.

A guide for those who declare an alias in `programme.toml`. Blanks, apostrophes and brackets of
the labels have become dots; `spelling` makes both forms equal. Publisher: MESR-SIES.
"""

from pathlib import Path

from fpi_eval.sources.reading import ColumnSchema, TableSchema
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table

PARCOURSUP_LIBELLES = TableSchema(
    name="parcoursup_libelles",
    columns=(
        ColumnSchema("nom_court", "api_name", "code", nullable=False),
        ColumnSchema("libelle", "r_make_names_label", aliases=("label",), nullable=False),
    ),
    key=("nom_court",),
)


def read_parcoursup_libelles(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return nom_court and libelle, one row per column of the export."""
    return read_table(path, PARCOURSUP_LIBELLES, renaming)
