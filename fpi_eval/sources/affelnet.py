"""Affelnet: places and first wishes per course offered in lycées (Orion export).

One file per rentrée, in three known shapes: Orion's extract, the whole export of 2025 (23 columns)
and the academies' short names (no wishes). Only rows with statut `ST` and census wish `N` count; a
capacity outside 5 to 500 (900, 999, 1000) means missing. Publisher: rectorats, through Orion.

A cell (establishment × course) may stand on several rows. Where the export says « Type de MEF »,
rows « Affectation » are sub-rows of one class that all carry its whole capacity: it is counted
once. Older files lost that column: their repeats are added up.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.sources.reading import MEFSTAT11, OBSOLETE, TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import without_uai

PLACES_MIN, PLACES_MAX = 5, 500
CELL = ["uai", "mefstat11"]
SUB_ROWS = "Affectation"

AFFELNET = TableSchema(
    name="affelnet",
    columns=(
        column("uai", "uai", "Etablissement d'accueil", "ID_ETAB", nullable=False,
               missing=(OBSOLETE,)),
        column("code", "mefstat11", "MEF STAT 11", "CO_MEFSTAT", nullable=False, pattern=MEFSTAT11),
        column("code", "voeu_recensement", "Voeu de recensement O/N", "FL_VRECENS",
               choices=("O", "N")),
        column("code", "statut", "Statut Offre de formation", "CO_STA", choices=("ST", "AP")),
        column("effectif", "places", "Capacité carte scolaire", "VAL_CARSCO", high=9999),
        column("effectif", "voeux_1", "Demandes vœux 1", "Demandes voeux 1", required=False),
        column("texte", "type_mef", "Type de MEF", required=False),
    ),
)  # fmt: skip


def read_affelnet(path: Path, rentree: int, *, renaming: Renaming | None = None) -> Reading:
    """Return places and first wishes of one rentrée.

    Returns
    -------
    Reading
        Table: uai, mefstat11, rentree, places (NaN where the capacity is a missing code),
        voeux_1 (NaN without that column); one row per row of the file that counts, sub-rows of
        one class being one row. What was set aside is in `provenance`.
    """
    reading = without_uai(read_table(path, AFFELNET, renaming))
    table = reading.table
    counts = (table["statut"] == "ST") & (table["voeu_recensement"] == "N")
    kept = table[counts].reset_index(drop=True)
    kept["places"] = kept["places"].where(kept["places"].between(PLACES_MIN, PLACES_MAX))
    if "voeux_1" not in kept:
        kept["voeux_1"] = np.nan
    whole = _one_row_a_class(kept)
    aside = {
        **reading.provenance.lignes_ecartees,
        "statut autre que ST ou vœu de recensement": int((~counts).sum()),
    }
    if len(whole) < len(kept):
        aside["sous-ligne d'une même classe, capacité déjà comptée"] = len(kept) - len(whole)
    origin = replace(reading.provenance, lignes_ecartees=aside)
    whole.insert(2, "rentree", rentree)
    columns = [*CELL, "rentree", "places", "voeux_1"]
    return Reading(whole[columns].reset_index(drop=True), origin)


def _one_row_a_class(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with those of one class, which repeat its capacity, made one."""
    if "type_mef" not in rows:
        return rows
    same = [*CELL, "places"]
    repeats = (rows["type_mef"] == SUB_ROWS) & rows.duplicated(same, keep=False)
    wishes = rows[repeats].groupby(same, dropna=False)["voeux_1"].transform("sum", min_count=1)
    rows = rows.assign(voeux_1=rows["voeux_1"].mask(repeats, wishes))
    return rows[~(repeats & rows[repeats].duplicated(same).reindex(rows.index, fill_value=False))]
