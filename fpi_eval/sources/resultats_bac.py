"""Baccalauréat results by académie and speciality: the open count of graduates at that mesh.

`fr-en-baccalaureat-par-academie`: one row per session × académie × sex × status × speciality. The
speciality is a label (`BAC PRO 25007 MAINTENANCE…`, `BACPRO 20002…`, `BAC PRO AG 21113…`) whose
five digits are characters 4 to 8 of the CFD and 7 to 11 of the MEFSTAT11. Session y is June of
the school year that began at rentrée y − 1. Counts go down to 1: hide them before printing.
Publisher: DEPP, Licence Ouverte.
"""

from pathlib import Path

import pandas as pd

from fpi_eval.sources.reading import ColumnSchema, RowRule, TableSchema
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import set_aside, verify

STATUTS = {
    "SCOLAIRE": "scolaire",
    "APPRENTISSAGE": "apprentissage",
    "FORMATION CONTINUE": "formation_continue",
    "INDIVIDUEL": "individuel",
    "ENSEIGNEMENT A DISTANCE": "distance",
}
BAC_PRO = "BAC PROFESSIONNEL"

RESULTATS_BAC = TableSchema(
    name="resultats_bac",
    columns=(
        ColumnSchema("session", "session", "entier", nullable=False, low=2000, high=2099),
        ColumnSchema("academie", "academie", nullable=False),
        ColumnSchema("sexe", "sexe", "code", nullable=False, choices=("FILLES", "GARCONS")),
        ColumnSchema(
            "statut", "statut_du_candidat", "code", nullable=False, choices=tuple(STATUTS)
        ),
        ColumnSchema(
            "voie_bac",
            "voie",
            "code",
            nullable=False,
            choices=(BAC_PRO, "BAC TECHNOLOGIQUE", "BAC GENERAL"),
        ),
        ColumnSchema("serie", "serie"),
        ColumnSchema("specialite", "diplome_specialite", nullable=False),
        ColumnSchema("inscrits", "nombre_d_inscrits", "effectif"),
        ColumnSchema("presents", "nombre_de_presents", "effectif"),
        ColumnSchema("admis", "nombre_d_admis_totaux", "effectif"),
    ),
    key=("session", "academie", "sexe", "statut", "voie_bac", "serie", "specialite"),
    rules=(
        RowRule(
            ("presents", "inscrits"),
            lambda t: t["presents"] > t["inscrits"],
            "{presents} présents pour {inscrits} inscrits.",
        ),
        RowRule(
            ("admis", "presents"),
            lambda t: t["admis"] > t["presents"],
            "{admis} admis pour {presents} présents.",
        ),
    ),
)
CODE = TableSchema(
    name="resultats_bac",
    columns=(
        ColumnSchema(
            "code",
            "diplome_specialite",
            "code",
            nullable=False,
            expected="un libellé « BAC PRO », cinq chiffres, puis le nom de la spécialité",
        ),
    ),
)


def read_resultats_bac(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return baccalauréat professionnel results by académie.

    Returns
    -------
    Reading
        Table: session, rentree (session − 1), academie (upper case, as published), sexe, voie
        ("scolaire", "apprentissage", or another status of `STATUTS`), code (CFD characters 4 to
        8), specialite, inscrits, presents, admis. General and technological series are set aside.
    """
    reading = read_table(path, RESULTATS_BAC, renaming)
    professional = reading.table["voie_bac"] == BAC_PRO
    reading = set_aside(reading, professional, "baccalauréat général ou technologique")
    codes = reading.table["specialite"].str.extract(r"^BAC ?PRO(?: AG)? (\d{5})\b")[0]
    coded = Reading(reading.table.assign(code=codes), reading.provenance)
    table = verify(coded, CODE).table
    return Reading(_tidy(table), reading.provenance)


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    tidy = table.assign(
        rentree=table["session"] - 1,
        voie=table["statut"].map(STATUTS),
        sexe=table["sexe"].str.lower(),
    ).astype({"session": "int64", "rentree": "int64"})
    return tidy[
        [
            "session",
            "rentree",
            "academie",
            "sexe",
            "voie",
            "code",
            "specialite",
            "inscrits",
            "presents",
            "admis",
        ]
    ]
