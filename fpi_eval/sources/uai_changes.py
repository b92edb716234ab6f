"""Declared changes of establishments' codes."""

from pathlib import Path

from fpi_eval.sources.reading import RowRule, TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table

UAI_CHANGES = TableSchema(
    name="changements_uai",
    columns=(
        column("uai", "ancien_uai", "ancien_uai", nullable=False),
        column("uai", "nouveau_uai", "nouveau_uai", "nouvel_uai", nullable=False),
        column("entier", "rentree", "rentree", nullable=False, low=1980, high=2100),
        column("texte", "motif", "motif", required=False),
    ),
    key=("ancien_uai",),
    rules=(
        RowRule(
            ("ancien_uai", "nouveau_uai"),
            lambda t: t["ancien_uai"] == t["nouveau_uai"],
            "L'établissement {ancien_uai} ne change pas d'UAI.",
        ),
    ),
)


def read_uai_changes(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return the declared changes of UAI: ancien_uai, nouveau_uai, rentree, and why if said."""
    reading = read_table(path, UAI_CHANGES, renaming)
    return Reading(reading.table.astype({"rentree": "int64"}), reading.provenance)
