"""Pupils of lycées professionnels by level, sex and production or services.

`fr-en-lycee_pro-effectifs-niveau-sexe-lv`: one row per lycée and rentrée, 84 to 89 columns, here
turned into one row per level. The languages are left aside. Levels must never be added into a
number of places: the same pupil passes through them year after year. Private schools without
contract are absent. Publisher: DEPP, Licence Ouverte.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.sources.reading import ColumnSchema, RowRule, TableSchema
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table

NIVEAUX = {
    "2nde_pro": "2ndes_pro",
    "1re_pro": "1eres_pro",
    "terminale_pro": "terminales_pro",
    "cap_1": "cap_1ere_annee",
    "cap_2": "cap_2nde_annee",
    "cap_en_1_an": "cap_en_1_an",
    "cap_en_3_ans": "cap_en_3_ans",
    "bma_1": "bma_1ere_annee",
    "bma_2": "bma_2nde_annee",
    "bma_en_1_an": "bma_en_1_an",
    "mc": "mc",
}
PARTS = ("filles", "garcons", "production", "services")
_ALWAYS = ("2nde_pro", "1re_pro", "terminale_pro", "cap_1", "cap_2")


def _level(niveau: str) -> tuple[ColumnSchema, ...]:
    parts = () if niveau == "bma_en_1_an" else PARTS
    return tuple(
        ColumnSchema(
            f"{niveau}|{part}",
            NIVEAUX[niveau] + (f"_{part}" if part != "effectif" else ""),
            "effectif",
            required=niveau in _ALWAYS,
        )
        for part in ("effectif", *parts)
    )


def _adds_up(niveau: str, first: str, second: str) -> RowRule:
    """Return the rule that two parts of a level make the level."""
    whole, a, b = (f"{niveau}|{part}" for part in ("effectif", first, second))
    return RowRule(
        (whole, a, b),
        lambda t: (t[a] + t[b] - t[whole]).abs() > 0,
        f"{{{a}}} et {{{b}}} ne font pas {{{whole}}}.",
    )


EFFECTIFS = TableSchema(
    name="effectifs",
    columns=(
        ColumnSchema("rentree", "rentree_scolaire", "entier", nullable=False, low=2000, high=2099),
        ColumnSchema("uai", "numero_lycee", "uai", nullable=False),
        ColumnSchema("secteur", "secteur", "code", choices=("PUBLIC", "PRIVE")),
        ColumnSchema("ensemble", "nombre_d_eleves", "effectif"),
        *(column for niveau in NIVEAUX for column in _level(niveau)),
    ),
    key=("rentree", "uai"),
    rules=tuple(
        _adds_up(niveau, *parts)
        for niveau in NIVEAUX
        for parts in (("filles", "garcons"), ("production", "services"))
    ),
)


def read_effectifs(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return pupils per lycée, rentrée and level.

    Returns
    -------
    Reading
        Table: uai, rentree, secteur, niveau (keys of `NIVEAUX`), effectif, filles, garcons,
        production, services; one row per uai × rentrée × level, also where the level is empty.
    """
    reading = read_table(path, EFFECTIFS, renaming)
    wide = reading.table
    levels = [niveau for niveau in NIVEAUX if f"{niveau}|effectif" in wide.columns]
    parts = ("effectif", *PARTS)
    counts = {
        part: np.column_stack([_counts(wide, f"{niveau}|{part}") for niveau in levels]).ravel()
        for part in parts
    }
    rows = wide.loc[wide.index.repeat(len(levels)), ["uai", "rentree", "secteur"]]
    table = rows.reset_index(drop=True).astype({"rentree": "int64"})
    table["niveau"] = levels * len(wide)
    return Reading(table.assign(**counts), reading.provenance)


def _counts(wide: pd.DataFrame, name: str) -> np.ndarray:
    return wide[name].to_numpy() if name in wide.columns else np.full(len(wide), np.nan)
