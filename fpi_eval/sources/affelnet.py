"""Affelnet: places and first wishes per course offered in lycées (Orion export).

One file per rentrée. Only rows with statut `ST` and census wish `N` count; a capacity outside
5 to 500 (900, 999, 1000) means missing. Publisher: rectorats, through Orion.
"""

from dataclasses import replace
from pathlib import Path

from fpi_eval.sources.reading import MEFSTAT11, Column, Table
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table

PLACES_MIN, PLACES_MAX = 5, 500

AFFELNET = Table(
    name="affelnet",
    columns=(
        Column("uai", "Etablissement d'accueil", "uai", nullable=False),
        Column("mefstat11", "MEF STAT 11", "code", nullable=False, pattern=MEFSTAT11),
        Column("voeu_recensement", "Voeu de recensement O/N", "code", choices=("O", "N")),
        Column("statut", "Statut Offre de formation", "code", choices=("ST", "AP")),
        Column("places", "Capacité carte scolaire", "effectif", high=9999),
        Column("voeux_1", "Demandes vœux 1", "effectif", aliases=("Demandes voeux 1",)),
        Column("famille_metiers", "Famille de métiers"),
        Column("nb_apparitions", "nb_apparitions_uai_mefstat", "effectif", required=False),
        Column("mefstat11_terminale", "mef_stat_terminale", "code", required=False,
               pattern=MEFSTAT11),
    ),
)  # fmt: skip


def read_affelnet(path: Path, rentree: int, *, renaming: Renaming | None = None) -> Reading:
    """Return places and first wishes of one rentrée.

    Returns
    -------
    Reading
        Table: uai, mefstat11, rentree, places (NaN where the capacity is a missing code),
        voeux_1, famille_metiers, mefstat11_terminale, nb_apparitions; one row per row of the
        file that counts.
    """
    reading = read_table(path, AFFELNET, renaming)
    table = reading.table
    counts = (table["statut"] == "ST") & (table["voeu_recensement"] == "N")
    kept = table[counts].drop(columns=["statut", "voeu_recensement"]).reset_index(drop=True)
    kept["places"] = kept["places"].where(kept["places"].between(PLACES_MIN, PLACES_MAX))
    kept.insert(2, "rentree", rentree)
    set_aside = {"statut autre que ST ou vœu de recensement": int((~counts).sum())}
    origin = replace(reading.provenance, lignes_ecartees=set_aside)
    return Reading(kept, origin)
