"""CAP results by département × speciality × status × sex (portal, sessions 2024 on).

`fr-en-cap_specialite_sexe_statut_departement`. The portal's own header has not been seen: names
follow the sister files (bac par académie, bac par département), labels or short names. The
speciality begins with five digits that are characters 4 to 8 of the diploma's code, or is that
code. Counts go down to 1: hide them before printing. Publisher: DEPP, Licence Ouverte.
"""

from pathlib import Path

from fpi_eval.sources.reading import TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.resultats_bac import (
    ADMIS,
    DEPARTEMENT,
    PASSED,
    PRESENTS,
    SEXE,
    STATUTS,
    departement,
    sexe,
)

RESULTATS_CAP = TableSchema(
    name="resultats_cap",
    columns=(
        column("entier", "session", "session", nullable=False, low=2000, high=2099),
        DEPARTEMENT,
        SEXE,
        column("code", "statut", "statut_du_candidat", "Statut", "Statut du candidat",
               nullable=False, choices=tuple(STATUTS)),
        column("texte", "specialite", "diplome_specialite", "Spécialité", "Diplôme spécialité",
               nullable=False),
        column("effectif", "inscrits", "nombre_d_inscrits", "Nombre d'inscrits", required=False),
        PRESENTS,
        ADMIS,
    ),
    key=("session", "code_departement", "sexe", "statut", "specialite"),
    rules=(PASSED,),
)  # fmt: skip


def read_resultats_cap(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return CAP results, sexes and statuses apart.

    Returns
    -------
    Reading
        Table: session, rentree (session − 1), code_departement (three characters), sexe, voie,
        code (characters 4 to 8 of the diploma's code, missing when the label has none),
        specialite, presents, admis.
    """
    reading = read_table(path, RESULTATS_CAP, renaming)
    table = reading.table
    code = table["specialite"].str.extract(r"\b(?:500|503)?(\d{5})\b", expand=False)
    tidy = table.assign(
        rentree=table["session"] - 1,
        voie=table["statut"].map(STATUTS),
        code=code,
        sexe=sexe(table["sexe"]) if "sexe" in table else None,
        code_departement=departement(table["code_departement"]),
    ).astype({"session": "int64", "rentree": "int64"})
    columns = [
        "session", "rentree", "code_departement", "sexe", "voie", "code", "specialite", "presents",
        "admis",
    ]  # fmt: skip
    return Reading(tidy[columns], reading.provenance)
