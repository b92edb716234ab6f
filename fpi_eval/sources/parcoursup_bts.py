"""Parcoursup places of BTS per establishment, course and voie (Orion export).

Places of 0 and 999 are codes for "unknown" (INDICATORS of Orion), in both voies; apprenticeship
has no fixed capacity, so its places are an intention. What is no BTS (certificats de spécialisation
and FCIL since 2024) is told by the nomenclature, in `panel.capacites`. One establishment may offer
the same course several times: rows are kept apart.
"""

import re
from pathlib import Path

import pandas as pd

from fpi_eval.sources.reading import CFD, MEFSTAT11, OBSOLETE, RowRule, TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import without_uai

UNKNOWN_PLACES = ("0", "999")
DISTANCE = r"distanciel|\bcned\b"

PARCOURSUP_BTS = TableSchema(
    name="parcoursup_bts",
    columns=(
        column("code", "uai", "UAI", nullable=False, pattern=r"[0-9A-Z]{8}", missing=(OBSOLETE,),
               expected="un identifiant d'établissement de huit caractères"),
        column("texte", "formation", "LIBELLÉFORMATION", required=False),
        column("effectif", "voeux", "NB_VOEUX_CONFIRMES"),
        column("code", "voie", "STATUT", nullable=False, choices=("Scolaire", "Apprentissage")),
        column("effectif", "places", "CAPACITEPSUP", high=9999, missing=UNKNOWN_PLACES),
        column("code", "cfd", "CFD rectifié", fallbacks=("CFD",), required=False, pattern=CFD),
        column("code", "mefstat11", "MEFSTAT11 rectifié", fallbacks=("MEFSTAT11",), nullable=False,
               pattern=MEFSTAT11),
    ),
    rules=(
        RowRule(
            ("mefstat11", "cfd"),
            lambda t: t["cfd"].notna() & (t["mefstat11"].str[6:] != t["cfd"].str[3:]),
            "{mefstat11} et {cfd} ne finissent pas par les mêmes cinq caractères.",
        ),
    ),
)  # fmt: skip


def read_parcoursup_bts(path: Path, rentree: int, *, renaming: Renaming | None = None) -> Reading:
    """Return BTS places and wishes of one rentrée; distance courses are marked, not removed.

    Returns
    -------
    Reading
        Table: uai, mefstat11 (first year), cfd (missing where the file does not say it), voie,
        rentree, places (NaN when unknown), voeux, formation, a_distance (CNED and the like: 2,000
        places of AURA's BTS-Production in 2022); every row of the file.
    """
    reading = without_uai(read_table(path, PARCOURSUP_BTS, renaming))
    table = reading.table
    for name in ("cfd", "formation"):
        if name not in table:
            table[name] = pd.Series(None, table.index, dtype="str")
    table["voie"] = table["voie"].str.lower()
    table["rentree"] = rentree
    table["a_distance"] = mentions(table["formation"], DISTANCE)
    columns = [
        "uai", "mefstat11", "cfd", "voie", "rentree", "places", "voeux", "formation", "a_distance",
    ]  # fmt: skip
    return Reading(table[columns], reading.provenance)


def mentions(words: pd.Series, pattern: str) -> pd.Series:
    """Return whether each text holds the lower-case pattern; a missing one does not."""
    known = (text for text in words.dropna().unique() if re.search(pattern, text.lower()))
    return words.isin(list(known))
