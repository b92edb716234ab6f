"""CAP results by département × speciality × status × sex (portal, sessions 2024 on).

`fr-en-cap_specialite_sexe_statut_departement`. The portal's own header has not been seen: names
follow the sister files (bac par académie, bac par département), labels or short names. The
speciality begins with five digits that are characters 4 to 8 of the diploma's code, or is that
code. Counts go down to 1: hide them before printing. Publisher: DEPP, Licence Ouverte.
"""

from pathlib import Path

from fpi_eval.sources.reading import ColumnSchema, RowRule, TableSchema
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.resultats_bac import STATUTS

SEXES = {
    "FILLES": "filles",
    "FEMMES": "filles",
    "F": "filles",
    "FILLE": "filles",
    "GARCONS": "garcons",
    "GARÇONS": "garcons",
    "HOMMES": "garcons",
    "G": "garcons",
    "M": "garcons",
    "GARCON": "garcons",
    "GARÇON": "garcons",
}

RESULTATS_CAP = TableSchema(
    name="resultats_cap",
    columns=(
        ColumnSchema("session", "session", "entier", nullable=False, low=2000, high=2099),
        ColumnSchema(
            "code_departement",
            "code_departement",
            "code",
            aliases=("Code département",),
            nullable=False,
            pattern=r"\d{1,3}|0?2[AB]",
            expected="un code département, par exemple 069, 02A ou 974",
        ),
        ColumnSchema(
            "sexe", "sexe", "code", aliases=("Genre",), nullable=False, choices=tuple(SEXES)
        ),
        ColumnSchema(
            "statut",
            "statut_du_candidat",
            "code",
            aliases=("Statut", "Statut du candidat"),
            nullable=False,
            choices=tuple(STATUTS),
        ),
        ColumnSchema(
            "specialite",
            "diplome_specialite",
            aliases=("Spécialité", "Diplôme spécialité"),
            nullable=False,
        ),
        ColumnSchema(
            "inscrits",
            "nombre_d_inscrits",
            "effectif",
            aliases=("Nombre d'inscrits",),
            required=False,
        ),
        ColumnSchema(
            "presents",
            "nombre_de_presents",
            "effectif",
            aliases=("Nombre de présents à l'examen", "Nombre de présents"),
        ),
        ColumnSchema(
            "admis",
            "nombre_d_admis_totaux",
            "effectif",
            aliases=("Nombre d'admis à l'examen", "Nombre d'admis", "nombre_d_admis"),
        ),
    ),
    key=("session", "code_departement", "sexe", "statut", "specialite"),
    rules=(
        RowRule(
            ("admis", "presents"),
            lambda t: t["admis"] > t["presents"],
            "{admis} admis pour {presents} présents.",
        ),
    ),
)


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
        sexe=table["sexe"].map(SEXES),
        code_departement=table["code_departement"].str.zfill(3),
    ).astype({"session": "int64", "rentree": "int64"})
    columns = [
        "session",
        "rentree",
        "code_departement",
        "sexe",
        "voie",
        "code",
        "specialite",
        "presents",
        "admis",
    ]
    return Reading(tidy[columns], reading.provenance)
