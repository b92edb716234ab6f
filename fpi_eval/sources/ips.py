"""Social position index (IPS) of lycées: pupils' social background, by voie.

The 2022 file repeats 743 rows to the letter: one of each is kept. The index of the voie
professionnelle is missing for lycées without it. Publisher: DEPP, Licence Ouverte.
"""

from pathlib import Path

import pandas as pd

from fpi_eval.sources.reading import ColumnSchema, RowRule, TableSchema
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import strict, verify, without_repeats


def _between(table: pd.DataFrame) -> pd.Series:
    """Whether a lycée's index lies between those of its voies (true when one is missing)."""
    voies = table[["ips_pro", "ips_gt"]]
    inside = table["ips"].between(voies.min(axis=1), voies.max(axis=1))
    return inside | table[["ips", "ips_pro", "ips_gt"]].isna().any(axis=1)


IPS = TableSchema(
    name="ips",
    repeats=True,
    columns=(
        ColumnSchema(
            "annee_scolaire",
            "rentree_scolaire",
            "code",
            nullable=False,
            pattern=r"\d{4}(-\d{4})?",
            expected="une année scolaire comme 2022-2023",
        ),
        ColumnSchema("uai", "uai", "uai", nullable=False),
        ColumnSchema("code_departement", "code_du_departement", "code", pattern=r"\d{3}|02[AB]"),
        ColumnSchema(
            "code_commune", "code_insee_de_la_commune", "code", pattern=r"[0-9][0-9AB]\d{3}"
        ),
        ColumnSchema("secteur", "secteur"),
        ColumnSchema("type_lycee", "type_de_lycee", "code", choices=("LEGT", "LP", "LPO")),
        ColumnSchema("effectif_pro", "effectifs_voie_pro", "effectif"),
        ColumnSchema("effectif", "effectifs_ensemble_gt_pro", "effectif"),
        ColumnSchema("ips_gt", "ips_voie_gt", "nombre", low=30, high=200),
        ColumnSchema("ips_pro", "ips_voie_pro", "nombre", low=30, high=200),
        ColumnSchema("ips", "ips_ensemble_gt_pro", "nombre", low=30, high=200),
        ColumnSchema("ecart_type_pro", "ecart_type_de_l_ips_voie_pro", "nombre", low=0, high=100),
    ),
    rules=(
        RowRule(
            ("effectif_pro", "effectif"),
            lambda t: t["effectif_pro"] > t["effectif"],
            "{effectif_pro} élèves de la voie professionnelle parmi {effectif}.",
        ),
        RowRule(
            ("ips", "ips_pro", "ips_gt"),
            lambda t: ~_between(t),
            "L'IPS {ips} n'est pas entre celui de la voie professionnelle, {ips_pro}, et celui "
            "de la voie générale et technologique, {ips_gt}.",
        ),
    ),
)
UNIQUE = strict(IPS, key=("annee_scolaire", "uai"))


def read_ips(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return the social position index, one row per lycée and rentrée.

    Returns
    -------
    Reading
        Table: uai, rentree, code_departement, code_commune, secteur, type_lycee, effectif_pro,
        effectif, ips_gt, ips_pro, ips, ecart_type_pro (index points, about 45 to 185).
    """
    reading = verify(without_repeats(read_table(path, IPS, renaming)), UNIQUE)
    table = reading.table.drop(columns="annee_scolaire")
    table.insert(1, "rentree", reading.table["annee_scolaire"].str[:4].astype("int64"))
    return Reading(table, reading.provenance)
