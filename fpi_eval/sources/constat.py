"""Pupils enrolled per establishment and class level (constat de rentrée).

The file of Orion is an extract of the education portal's
`fr-en-lycee_pro-effectifs-niveau-sexe-mef`; both headers are read. Apprentices are not in it, and
an establishment that teaches both counts its pupils only. The level is the year of study carried
by the MEF (4th digit), so that a course has one row per year. Publisher: DEPP.
"""

from pathlib import Path

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import MEFSTAT11, OBSOLETE, TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import of_its_year, without_uai

CONSTAT = TableSchema(
    name="constat",
    columns=(
        column("entier", "rentree", "Rentrée scolaire", "rentree_scolaire", required=False,
               nullable=False, low=2000, high=2099),
        column("uai", "uai", "UAI", "numero_d_etablissement", nullable=False, missing=(OBSOLETE,)),
        column("code", "mefstat11", "Mef Bcp 11", "mef_bcp_11", nullable=False, pattern=MEFSTAT11),
        column("effectif", "effectif", "Nombre d'élèves : Total", "nombre_d_eleves_total"),
    ),
    key=("rentree", "uai", "mefstat11"),
)  # fmt: skip


def read_constat(
    path: Path, rentree: int | None = None, *, renaming: Renaming | None = None
) -> Reading:
    """Return pupils enrolled, one row per rentrée × uai × mefstat11.

    Parameters
    ----------
    rentree : int, optional
        Year in the file's name: serves where the file has no such column (2025), and must be
        its only year otherwise.

    Returns
    -------
    Reading
        Table: uai, mefstat11, rentree (int), effectif (pupils of that class level).
    """
    reading = without_uai(read_table(path, CONSTAT, renaming))
    table, origin = reading.table, reading.provenance
    if "rentree" not in table:
        if rentree is None:
            raise FpiError(
                "ni colonne « Rentrée scolaire », ni année dans le nom. Nommez le fichier comme "
                "« constat_2025.csv », et déclarez ce nom avec {rentree} dans « fichier » de "
                "programme.toml.",
                fichier=origin.fichier,
                ligne=1,
            )
        table["rentree"] = rentree
    else:
        of_its_year(reading, rentree, "Rentrée scolaire")
    table = table.astype({"rentree": "int64"})
    return Reading(table[["uai", "mefstat11", "rentree", "effectif"]], origin)
