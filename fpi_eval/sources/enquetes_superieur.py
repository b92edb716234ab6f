"""Older surveys of graduates: licence professionnelle 2013-2016 and master 2010-2016.

`fr-esr-insertion_professionnelle-lp` (labels, typographic apostrophes) and `…-master` (short
names): answers of graduates 18 and 30 months after the diploma. The insertion rate is over those
*on the labour market*, not over leavers, and rests on a survey: never put it beside InserJeunes
or InserSup. `ns` (fewer than 30 answers) and `nd` are missing. Disciplines overlap with their
totals (`ensemble`). Publisher: MESR-SIES, Licence Ouverte.
"""

from pathlib import Path

import pandas as pd

from fpi_eval.sources.reading import UAI, ColumnOptions, ColumnSchema, TableSchema
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import set_aside, verify

NATIONAL = "UNIV"
MOIS = {"18 mois après le diplôme": 18, "30 mois après le diplôme": 30}
_PCT: ColumnOptions = {"kind": "pourcentage", "missing": (".",)}
_EUR: ColumnOptions = {"kind": "effectif", "missing": (".",)}

ENQUETES = TableSchema(
    name="enquetes_superieur",
    columns=(
        ColumnSchema("annee", "Annee", "entier", nullable=False, low=2000, high=2099),
        ColumnSchema(
            "diplome",
            "Diplôme",
            "code",
            nullable=False,
            choices=("LICENCE PRO", "MASTER LMD", "MASTER ENS"),
        ),
        ColumnSchema(
            "uai",
            "Numéro de l'établissement",
            "code",
            nullable=False,
            aliases=("numero_de_l_etablissement",),
            pattern=rf"{UAI}|{NATIONAL}",
        ),
        ColumnSchema("etablissement", "Établissement"),
        ColumnSchema(
            "code_academie",
            "Code de l'académie",
            "code",
            aliases=("code_de_l_academie",),
            pattern=r"A\d\d",
        ),
        ColumnSchema("code_domaine", "Code du domaine", "code", aliases=("code_du_domaine",)),
        ColumnSchema(
            "code_discipline",
            "Code de la discipline",
            "code",
            nullable=False,
            aliases=("code_de_la_discipline",),
            pattern=r"disc\d\d",
        ),
        ColumnSchema("discipline", "Discipline"),
        ColumnSchema("situation", "situation", "code", nullable=False, choices=tuple(MOIS)),
        ColumnSchema("reponses", "Nombre de réponses", "effectif", aliases=("nombre_de_reponses",)),
        ColumnSchema("taux_reponse", "Taux de réponse", aliases=("taux_de_reponse",), **_PCT),
        ColumnSchema("taux_insertion", "Taux d'insertion", aliases=("taux_dinsertion",), **_PCT),
        ColumnSchema("part_stable", "% emplois stables", aliases=("emplois_stables",), **_PCT),
        ColumnSchema(
            "part_temps_plein",
            "% emplois à temps plein",
            aliases=("emplois_a_temps_plein",),
            **_PCT,
        ),
        ColumnSchema(
            "salaire_net_median",
            "Salaire net médian des emplois à temps plein",
            aliases=("salaire_net_median_des_emplois_a_temps_plein",),
            **_EUR,
        ),
        ColumnSchema(
            "part_hors_region",
            "% emplois extérieurs à la région de l'université",
            aliases=("emplois_exterieurs_a_la_region_de_luniversite",),
            **_PCT,
        ),
    ),
    key=("annee", "diplome", "uai", "code_domaine", "code_discipline", "situation"),
)


def read_enquetes_superieur(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return survey results per university, discipline and months after the diploma.

    Returns
    -------
    Reading
        Table: annee (of the diploma), diplome, uai, etablissement, code_academie ("10"),
        code_domaine, code_discipline, discipline, ensemble (bool: a total of disciplines), mois
        (18 or 30), reponses, taux_reponse, taux_insertion, part_stable, part_temps_plein,
        part_hors_region (0..1), salaire_net_median (euros a month). National rows are set aside.
    """
    reading = read_table(path, ENQUETES, renaming)
    reading = set_aside(reading, reading.table["uai"] != NATIONAL, "ensemble des universités")
    checked = verify(reading, ENQUETES)
    return Reading(_tidy(checked.table), checked.provenance)


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    tidy = table.drop(columns="situation").astype({"annee": "int64"})
    tidy["code_academie"] = table["code_academie"].str[1:]
    place = tidy.columns.get_loc("reponses")
    tidy.insert(place, "mois", table["situation"].map(MOIS).astype("int64"))
    tidy.insert(place, "ensemble", table["discipline"].str.startswith("Ensemble"))
    return tidy
