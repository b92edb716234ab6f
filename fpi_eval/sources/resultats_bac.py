"""Baccalauréat results: by académie and speciality, and by département, all specialities together.

`fr-en-baccalaureat-par-academie`: one row per session × académie × sex × status × speciality. The
speciality is a label (`BAC PRO 25007 MAINTENANCE…`, `BACPRO 20002…`, `BAC PRO AG 21113…`) whose
five digits are characters 4 to 8 of the CFD and 7 to 11 of the MEFSTAT11. Session y is June of
the school year that began at rentrée y − 1. `fr-en-baccalaureat-par-departement` has one row per
session × département × sex × voie, every status and speciality together. Counts go down to 1: hide
them before printing. Publisher: DEPP, Licence Ouverte.
"""

from pathlib import Path

import pandas as pd

from fpi_eval.sources.reading import TableSchema, at_most, column
from fpi_eval.sources.reading.headers import Renaming, spelling
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import set_aside, verify
from fpi_eval.sources.territoires import PREFIXES

STATUTS = {
    "SCOLAIRE": "scolaire",
    "APPRENTISSAGE": "apprentissage",
    "FORMATION CONTINUE": "formation_continue",
    "INDIVIDUEL": "individuel",
    "ENSEIGNEMENT A DISTANCE": "distance",
}
ENSEMBLE = "ensemble"  # every status: the file does not tell them apart
BAC_PRO = "BAC PROFESSIONNEL"
SEXES = {"filles": "filles", "femmes": "filles", "f": "filles", "fille": "filles"} | {
    "feminin": "filles",
    "garcons": "garcons",
    "garcon": "garcons",
    "hommes": "garcons",
    "g": "garcons",
    "m": "garcons",
    "masculin": "garcons",
}
DEPARTEMENT = column("code", "code_departement", "code_departement", "Code département",
                     nullable=False, pattern=r"\d{1,3}|0?2[AB]",
                     expected="un code département, par exemple 069, 02A ou 974")  # fmt: skip
SEXE = column("code", "sexe", "sexe", "Genre", required=False,
              pattern=f"(?i:{'|'.join(SEXES)}|garçons?|féminin)",
              expected="« FILLES » ou « GARCONS »")  # fmt: skip
PRESENTS = column("effectif", "presents", "nombre_de_presents", "Nombre de présents à l'examen",
                  "Nombre de présents", "nombre_de_presents_a_l_examen")  # fmt: skip
ADMIS = column("effectif", "admis", "nombre_d_admis_totaux", "Nombre d'admis à l'examen",
               "Nombre d'admis", "nombre_d_admis", "nombre_d_admis_a_l_examen")  # fmt: skip
PASSED = at_most("admis", "presents", "{admis} admis pour {presents} présents.")

RESULTATS_BAC = TableSchema(
    name="resultats_bac",
    columns=(
        column("entier", "session", "session", nullable=False, low=2000, high=2099),
        column("texte", "academie", "academie", nullable=False),
        column("code", "sexe", "sexe", nullable=False, choices=("FILLES", "GARCONS")),
        column("code", "statut", "statut_du_candidat", nullable=False, choices=tuple(STATUTS)),
        column("code", "voie_bac", "voie", nullable=False,
               choices=(BAC_PRO, "BAC TECHNOLOGIQUE", "BAC GENERAL")),
        column("texte", "serie", "serie"),
        column("texte", "specialite", "diplome_specialite", nullable=False),
        column("effectif", "inscrits", "nombre_d_inscrits"),
        PRESENTS,
        ADMIS,
    ),
    key=("session", "academie", "sexe", "statut", "voie_bac", "serie", "specialite"),
    rules=(
        at_most("presents", "inscrits", "{presents} présents pour {inscrits} inscrits."),
        PASSED,
    ),
)  # fmt: skip
RESULTATS_BAC_DEPARTEMENT = TableSchema(
    name="resultats_bac_departement",
    columns=(
        column("entier", "session", "session", nullable=False, low=2000, high=2099),
        DEPARTEMENT,
        SEXE,
        column("code", "voie_bac", "voie", nullable=False,
               pattern="(?i:.*(?:professionnel|technologique|g[eé]n[eé]ral).*)",
               expected="une voie : professionnelle, technologique ou générale"),
        PRESENTS,
        ADMIS,
    ),
    key=("session", "code_departement", "sexe", "voie_bac"),
    rules=(PASSED,),
)  # fmt: skip
CODE = TableSchema(
    name="specialite",
    columns=(
        column("code", "code", "diplome_specialite", nullable=False,
               expected="un libellé « BAC PRO », cinq chiffres, puis le nom de la spécialité"),
    ),
)  # fmt: skip


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
            "session", "rentree", "academie", "sexe", "voie", "code", "specialite", "inscrits",
            "presents", "admis",
        ]
    ]  # fmt: skip


def read_resultats_bac_departement(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return baccalauréat professionnel results by département, all specialities together.

    Returns
    -------
    Reading
        Table: session, rentree (session − 1), code_departement, voie (`ENSEMBLE`), presents,
        admis; sexes added, missing where one is. General and technological series are set aside.
    """
    reading = read_table(path, RESULTATS_BAC_DEPARTEMENT, renaming)
    professional = reading.table["voie_bac"].str.contains("professionnel", case=False)
    reading = set_aside(reading, professional, "baccalauréat général ou technologique")
    table = reading.table.assign(code_departement=departement(reading.table["code_departement"]))
    counts = table.groupby(["session", "code_departement"])[["presents", "admis"]]
    sums = counts.sum(skipna=False).reset_index()
    sums = sums.assign(rentree=sums["session"] - 1, voie=ENSEMBLE)
    sums = sums.astype({"session": "int64", "rentree": "int64"})
    columns = ["session", "rentree", "code_departement", "voie", "presents", "admis"]
    return Reading(sums[columns], reading.provenance)


def departement(code: pd.Series) -> pd.Series:
    """Return départements under three characters; Corse as the nomenclature writes it."""
    return code.str.zfill(3).replace(PREFIXES)


def sexe(values: pd.Series) -> pd.Series:
    """Return ``filles`` or ``garcons``, however the file spells them."""
    return values.map(lambda value: SEXES.get(spelling(value)), na_action="ignore")
