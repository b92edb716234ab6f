"""Pupils enrolled per establishment and class level (constat de rentrée).

The file of Orion is an extract of the education portal's
`fr-en-lycee_pro-effectifs-niveau-sexe-mef`; both headers are read. Apprentices are not in it, and
an establishment that teaches both counts its pupils only. The level is the year of study carried
by the MEF (4th digit), so that a course has one row per year. Publisher: DEPP.
"""

from pathlib import Path

from fpi_eval.sources.reading import MEFSTAT11, Column, Table
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table

CONSTAT = Table(
    name="constat",
    columns=(
        Column("rentree", "Rentrée scolaire", "entier", aliases=("rentree_scolaire",),
               nullable=False, low=2000, high=2099),
        Column("uai", "UAI", "uai", aliases=("numero_d_etablissement",), nullable=False),
        Column("mefstat11", "Mef Bcp 11", "code", aliases=("mef_bcp_11",), nullable=False,
               pattern=MEFSTAT11),
        Column("effectif", "Nombre d'élèves : Total", "effectif",
               aliases=("nombre_d_eleves_total",)),
    ),
    key=("rentree", "uai", "mefstat11"),
)  # fmt: skip


def read_constat(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return pupils enrolled, one row per rentrée × uai × mefstat11.

    Returns
    -------
    Reading
        Table: uai, mefstat11, rentree (int), effectif (pupils of that class level).
    """
    reading = read_table(path, CONSTAT, renaming)
    table = reading.table.astype({"rentree": "int64"})
    return Reading(table[["uai", "mefstat11", "rentree", "effectif"]], reading.provenance)
