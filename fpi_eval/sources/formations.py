"""Nomenclatures of courses: MEF, diplomas (CFD), NSF specialities, common first years.

Publishers: DEPP (Banque centrale des nomenclatures) and DGESCO, through Orion.
"""

from dataclasses import replace
from pathlib import Path

from fpi_eval.sources.reading import CFD, MEFSTAT11, ColumnSchema, RowRule, TableSchema
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table

OLD_CFD = r"[0-9A-Z]{7,8}"
SUCCESSORS = 7


def _same_course(mefstat11: str, cfd: str) -> RowRule:
    """Return the rule that the end of a MEFSTAT11 is the end of its diploma's code."""
    return RowRule(
        (mefstat11, cfd),
        lambda t: t[mefstat11].str[6:] != t[cfd].str[3:],
        f"{{{mefstat11}}} et {{{cfd}}} ne finissent pas par les mêmes cinq caractères.",
    )


_OPEN = (
    ColumnSchema("date_ouverture", "DATE_OUVERTURE", "date"),
    ColumnSchema("date_fermeture", "DATE_FERMETURE", "date"),
)

MEF = TableSchema(
    name="mef",
    columns=(
        ColumnSchema("mef", "MEF", "code", nullable=False, pattern=r"[0-9A-Z]{10}"),
        ColumnSchema("dispositif", "DISPOSITIF_FORMATION", "code", pattern=r"[0-9A-Z]{3}"),
        ColumnSchema("cfd", "FORMATION_DIPLOME", "code", nullable=False, pattern=CFD),
        ColumnSchema("duree", "DUREE_DISPOSITIF", "entier", nullable=False, low=0, high=9),
        ColumnSchema("annee", "ANNEE_DISPOSITIF", "entier", nullable=False, low=0, high=9),
        ColumnSchema("libelle", "LIBELLE_LONG"),
        ColumnSchema("mefstat11", "MEF_STAT_11", "code", nullable=False, pattern=r"[0-9A-Z]{11}"),
        *_OPEN,
    ),
    key=("mef",),
    rules=(
        _same_course("mefstat11", "cfd"),
        RowRule(
            ("mef", "dispositif", "cfd", "duree", "annee"),
            lambda t: (
                t["mef"]
                != t["dispositif"]
                + t["cfd"].str[3:]
                + t["duree"].astype("int64").astype(str)
                + t["annee"].astype("int64").astype(str)
            ),
            "Le MEF {mef} n'est pas composé du dispositif {dispositif}, de la fin du diplôme {cfd},"
            " de la durée {duree} et de l'année {annee}.",
        ),
    ),
)
_DIPLOMA = (
    ColumnSchema("cfd", "FORMATION_DIPLOME", "code", nullable=False, pattern=CFD),
    ColumnSchema(
        "niveau_diplome", "NIVEAU_FORMATION_DIPLOME", "code", nullable=False, pattern=r"[0-9A-Z]{3}"
    ),
    ColumnSchema("groupe_nsf", "GROUPE_SPECIALITE", "code", nullable=False, pattern=r"\d{3}"),
    ColumnSchema("libelle_court", "LIBELLE_COURT"),
    ColumnSchema("libelle", "LIBELLE_LONG_200"),
    *_OPEN,
    ColumnSchema("premiere_session", "DATE_PREMIERE_SESSION", "entier", low=1900, high=2100),
    ColumnSchema("derniere_session", "DATE_DERNIERE_SESSION", "entier", low=1900, high=2100),
    ColumnSchema("niveau_rncp", "NIVEAU_QUALIFICATION_RNCP", "code", required=False),
)
DIPLOMES = TableSchema(
    name="diplomes",
    columns=(
        *_DIPLOMA,
        *(
            ColumnSchema(f"ancien_{i}", f"ANCIEN_DIPLOME_{i}", "code", pattern=OLD_CFD)
            for i in range(1, SUCCESSORS + 1)
        ),
        *(
            ColumnSchema(f"nouveau_{i}", f"NOUVEAU_DIPLOME_{i}", "code", pattern=OLD_CFD)
            for i in range(1, SUCCESSORS + 1)
        ),
    ),
    key=("cfd",),
    rules=(
        RowRule(
            ("cfd", "niveau_diplome"),
            lambda t: t["cfd"].str[:3] != t["niveau_diplome"],
            "Le diplôme {cfd} ne commence pas par son niveau {niveau_diplome}.",
        ),
    ),
)
DIPLOMES_ENSEMBLE = TableSchema(
    "diplomes_ensemble", (*_DIPLOMA, ColumnSchema("commentaire", "COMMENTAIRE")), key=("cfd",)
)
NIVEAUX = TableSchema(
    name="niveaux",
    columns=(
        ColumnSchema(
            "niveau_diplome",
            "NIVEAU_FORMATION_DIPLOME",
            "code",
            nullable=False,
            pattern=r"[0-9A-Z]{3}",
        ),
        ColumnSchema("niveau_interministeriel", "NIVEAU_INTERMINISTERIEL", "code"),
        ColumnSchema("libelle_court", "LIBELLE_COURT"),
        ColumnSchema("libelle", "LIBELLE_100"),
        ColumnSchema("niveau_rncp", "NIVEAU_QUALIFICATION_RNCP", "code"),
    ),
    key=("niveau_diplome",),
)
GROUPES_NSF = TableSchema(
    name="groupes_nsf",
    columns=(
        ColumnSchema("groupe_nsf", "GROUPE_SPECIALITE", "code", nullable=False, pattern=r"\d{3}"),
        ColumnSchema("domaine_nsf", "DOMAINE_SPECIALITE", "code", nullable=False, pattern=r"\d{2}"),
        ColumnSchema("libelle", "LIBELLE_LONG"),
    ),
    key=("groupe_nsf",),
)
DOMAINES_NSF = TableSchema(
    name="domaines_nsf",
    columns=(
        ColumnSchema("domaine_nsf", "DOMAINE_SPECIALITE", "code", nullable=False, pattern=r"\d{2}"),
        ColumnSchema(
            "categorie_nsf", "CATEGORIE_SPECIALITE", "code", nullable=False, pattern=r"\d"
        ),
        ColumnSchema("libelle", "LIBELLE_LONG"),
    ),
    key=("domaine_nsf",),
)
CATEGORIES_NSF = TableSchema(
    name="categories_nsf",
    columns=(
        ColumnSchema(
            "categorie_nsf", "CATEGORIE_SPECIALITE", "code", nullable=False, pattern=r"\d"
        ),
        ColumnSchema("libelle", "LIBELLE_LONG"),
    ),
    key=("categorie_nsf",),
)
FAMILLES = TableSchema(
    name="familles_metiers",
    columns=(
        ColumnSchema("famille", "FAMILLE", nullable=False),
        ColumnSchema("specialite", "SPECIALITE", nullable=False),
        ColumnSchema(
            "mefstat11_commun", "MEFSTAT11_COMMUN", "code", nullable=False, pattern=MEFSTAT11
        ),
        ColumnSchema("cfd_commun", "CFD_COMMUN", "code", nullable=False, pattern=CFD),
        ColumnSchema(
            "mefstat11", "MEFSTAT11_SPECIALITE", "code", nullable=False, pattern=MEFSTAT11
        ),
        ColumnSchema("cfd", "CFD_SPECIALITE", "code", nullable=False, pattern=CFD),
    ),
    key=("mefstat11_commun", "mefstat11"),
    rules=(_same_course("mefstat11_commun", "cfd_commun"), _same_course("mefstat11", "cfd")),
)
OPTIONS_BTS = TableSchema(
    name="options_bts",
    columns=(
        ColumnSchema("cfd_commun", "CFD_COMMUN", "code", nullable=False, pattern=CFD),
        ColumnSchema("famille", "FAMILLE", nullable=False),
        ColumnSchema("cfd", "CFD_SPECIALITE", "code", nullable=False, pattern=CFD),
        ColumnSchema("specialite", "SPECIALITE", nullable=False),
        ColumnSchema("date_ouverture", "Date ouverture CFDannee1", "date"),
        ColumnSchema("date_fermeture", "Date fermeture CFDannee1", "date"),
    ),
    key=("cfd_commun", "cfd"),
)
REGROUPEMENTS = TableSchema(
    name="regroupements",
    columns=(
        ColumnSchema("regroupement", "REGROUPEMENT A2-2", nullable=False),
        ColumnSchema("mefstat11", "MEF_STAT_11", "code", nullable=False, pattern=MEFSTAT11),
    ),
    key=("mefstat11",),
)
ACTIONS_PRIORITAIRES = TableSchema(
    name="actions_prioritaires",
    columns=(
        ColumnSchema("formation", "Formation", nullable=False),
        ColumnSchema("diplome", "Diplôme"),
        ColumnSchema("cfd", "cfd", "code", nullable=False, pattern=CFD),
        ColumnSchema("region", "Région sélectionnée"),
        ColumnSchema("code_region", "codeRegion", "code", nullable=False, pattern=r"\d{2}"),
        ColumnSchema(
            "dispositif", "codeDispositif", "code", nullable=False, pattern=r"[0-9A-Z]{3}"
        ),
    ),
)
DIPLOMES_PROFESSIONNELS = TableSchema(
    name="diplomes_professionnels",
    columns=(
        ColumnSchema("commission", "Commission professionnelle consultative"),
        ColumnSchema("secteur", "Secteur"),
        ColumnSchema("code_diplome", "Code diplôme", "code", nullable=False),
        ColumnSchema("diplome", "Diplôme"),
        ColumnSchema("specialite", "Intitulé de la spécialité (et options)", nullable=False),
        ColumnSchema("code_rncp", "Code RNCP", "code"),
        ColumnSchema("date_creation", "Date de l'arrêté de création", "date"),
        ColumnSchema("premiere_session", "Première session", "entier", low=1900, high=2100),
        ColumnSchema("derniere_session", "Dernière session", "entier", low=1900, high=2100),
        ColumnSchema("commentaire", "Commentaire"),
        ColumnSchema("famille", "Famille de métiers"),
    ),
)


def read_actions_prioritaires(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return the priority courses per region; a row written twice is set aside and counted."""
    reading = read_table(path, ACTIONS_PRIORITAIRES, renaming)
    again = reading.table.duplicated()
    origin = replace(reading.provenance, lignes_ecartees={"ligne répétée": int(again.sum())})
    return Reading(reading.table[~again].reset_index(drop=True), origin)
