"""Nomenclatures of courses: MEF, diplomas (CFD), NSF specialities, common first years.

Publishers: DEPP (Banque centrale des nomenclatures) and DGESCO, through Orion.
"""

from dataclasses import replace
from pathlib import Path

from fpi_eval.sources.reading import CFD, MEFSTAT11, Column, Rule, Table
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table

OLD_CFD = r"[0-9A-Z]{7,8}"
SUCCESSORS = 7


def _same_course(mefstat11: str, cfd: str) -> Rule:
    """Return the rule that the end of a MEFSTAT11 is the end of its diploma's code."""
    return Rule(
        (mefstat11, cfd),
        lambda t: t[mefstat11].str[6:] != t[cfd].str[3:],
        f"{{{mefstat11}}} et {{{cfd}}} ne finissent pas par les mêmes cinq caractères.",
    )


_OPEN = (
    Column("date_ouverture", "DATE_OUVERTURE", "date"),
    Column("date_fermeture", "DATE_FERMETURE", "date"),
)

MEF = Table(
    name="mef",
    columns=(
        Column("mef", "MEF", "code", nullable=False, pattern=r"[0-9A-Z]{10}"),
        Column("dispositif", "DISPOSITIF_FORMATION", "code", pattern=r"[0-9A-Z]{3}"),
        Column("cfd", "FORMATION_DIPLOME", "code", nullable=False, pattern=CFD),
        Column("duree", "DUREE_DISPOSITIF", "entier", nullable=False, low=0, high=9),
        Column("annee", "ANNEE_DISPOSITIF", "entier", nullable=False, low=0, high=9),
        Column("libelle", "LIBELLE_LONG"),
        Column("mefstat11", "MEF_STAT_11", "code", nullable=False, pattern=r"[0-9A-Z]{11}"),
        *_OPEN,
    ),
    key=("mef",),
    rules=(
        _same_course("mefstat11", "cfd"),
        Rule(
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
    Column("cfd", "FORMATION_DIPLOME", "code", nullable=False, pattern=CFD),
    Column("niveau_diplome", "NIVEAU_FORMATION_DIPLOME", "code", nullable=False,
           pattern=r"[0-9A-Z]{3}"),
    Column("groupe_nsf", "GROUPE_SPECIALITE", "code", nullable=False, pattern=r"\d{3}"),
    Column("libelle_court", "LIBELLE_COURT"),
    Column("libelle", "LIBELLE_LONG_200"),
    *_OPEN,
    Column("premiere_session", "DATE_PREMIERE_SESSION", "entier", low=1900, high=2100),
    Column("derniere_session", "DATE_DERNIERE_SESSION", "entier", low=1900, high=2100),
    Column("niveau_rncp", "NIVEAU_QUALIFICATION_RNCP", "code", required=False),
)  # fmt: skip
DIPLOMES = Table(
    name="diplomes",
    columns=(
        *_DIPLOMA,
        *(Column(f"ancien_{i}", f"ANCIEN_DIPLOME_{i}", "code", pattern=OLD_CFD)
          for i in range(1, SUCCESSORS + 1)),
        *(Column(f"nouveau_{i}", f"NOUVEAU_DIPLOME_{i}", "code", pattern=OLD_CFD)
          for i in range(1, SUCCESSORS + 1)),
    ),
    key=("cfd",),
    rules=(
        Rule(("cfd", "niveau_diplome"), lambda t: t["cfd"].str[:3] != t["niveau_diplome"],
             "Le diplôme {cfd} ne commence pas par son niveau {niveau_diplome}."),
    ),
)  # fmt: skip
DIPLOMES_ENSEMBLE = Table("diplomes_ensemble", (*_DIPLOMA, Column("commentaire", "COMMENTAIRE")),
                          key=("cfd",))  # fmt: skip
NIVEAUX = Table(
    name="niveaux",
    columns=(
        Column("niveau_diplome", "NIVEAU_FORMATION_DIPLOME", "code", nullable=False,
               pattern=r"[0-9A-Z]{3}"),
        Column("niveau_interministeriel", "NIVEAU_INTERMINISTERIEL", "code"),
        Column("libelle_court", "LIBELLE_COURT"),
        Column("libelle", "LIBELLE_100"),
        Column("niveau_rncp", "NIVEAU_QUALIFICATION_RNCP", "code"),
    ),
    key=("niveau_diplome",),
)  # fmt: skip
GROUPES_NSF = Table(
    name="groupes_nsf",
    columns=(
        Column("groupe_nsf", "GROUPE_SPECIALITE", "code", nullable=False, pattern=r"\d{3}"),
        Column("domaine_nsf", "DOMAINE_SPECIALITE", "code", nullable=False, pattern=r"\d{2}"),
        Column("libelle", "LIBELLE_LONG"),
    ),
    key=("groupe_nsf",),
)
DOMAINES_NSF = Table(
    name="domaines_nsf",
    columns=(
        Column("domaine_nsf", "DOMAINE_SPECIALITE", "code", nullable=False, pattern=r"\d{2}"),
        Column("categorie_nsf", "CATEGORIE_SPECIALITE", "code", nullable=False, pattern=r"\d"),
        Column("libelle", "LIBELLE_LONG"),
    ),
    key=("domaine_nsf",),
)
CATEGORIES_NSF = Table(
    name="categories_nsf",
    columns=(
        Column("categorie_nsf", "CATEGORIE_SPECIALITE", "code", nullable=False, pattern=r"\d"),
        Column("libelle", "LIBELLE_LONG"),
    ),
    key=("categorie_nsf",),
)
FAMILLES = Table(
    name="familles_metiers",
    columns=(
        Column("famille", "FAMILLE", nullable=False),
        Column("specialite", "SPECIALITE", nullable=False),
        Column("mefstat11_commun", "MEFSTAT11_COMMUN", "code", nullable=False, pattern=MEFSTAT11),
        Column("cfd_commun", "CFD_COMMUN", "code", nullable=False, pattern=CFD),
        Column("mefstat11", "MEFSTAT11_SPECIALITE", "code", nullable=False, pattern=MEFSTAT11),
        Column("cfd", "CFD_SPECIALITE", "code", nullable=False, pattern=CFD),
    ),
    key=("mefstat11_commun", "mefstat11"),
    rules=(_same_course("mefstat11_commun", "cfd_commun"), _same_course("mefstat11", "cfd")),
)
OPTIONS_BTS = Table(
    name="options_bts",
    columns=(
        Column("cfd_commun", "CFD_COMMUN", "code", nullable=False, pattern=CFD),
        Column("famille", "FAMILLE", nullable=False),
        Column("cfd", "CFD_SPECIALITE", "code", nullable=False, pattern=CFD),
        Column("specialite", "SPECIALITE", nullable=False),
        Column("date_ouverture", "Date ouverture CFDannee1", "date"),
        Column("date_fermeture", "Date fermeture CFDannee1", "date"),
    ),
    key=("cfd_commun", "cfd"),
)
REGROUPEMENTS = Table(
    name="regroupements",
    columns=(
        Column("regroupement", "REGROUPEMENT A2-2", nullable=False),
        Column("mefstat11", "MEF_STAT_11", "code", nullable=False, pattern=MEFSTAT11),
    ),
    key=("mefstat11",),
)
ACTIONS_PRIORITAIRES = Table(
    name="actions_prioritaires",
    columns=(
        Column("formation", "Formation", nullable=False),
        Column("diplome", "Diplôme"),
        Column("cfd", "cfd", "code", nullable=False, pattern=CFD),
        Column("region", "Région sélectionnée"),
        Column("code_region", "codeRegion", "code", nullable=False, pattern=r"\d{2}"),
        Column("dispositif", "codeDispositif", "code", nullable=False, pattern=r"[0-9A-Z]{3}"),
    ),
)
DIPLOMES_PROFESSIONNELS = Table(
    name="diplomes_professionnels",
    columns=(
        Column("commission", "Commission professionnelle consultative"),
        Column("secteur", "Secteur"),
        Column("code_diplome", "Code diplôme", "code", nullable=False),
        Column("diplome", "Diplôme"),
        Column("specialite", "Intitulé de la spécialité (et options)", nullable=False),
        Column("code_rncp", "Code RNCP", "code"),
        Column("date_creation", "Date de l'arrêté de création", "date"),
        Column("premiere_session", "Première session", "entier", low=1900, high=2100),
        Column("derniere_session", "Dernière session", "entier", low=1900, high=2100),
        Column("commentaire", "Commentaire"),
        Column("famille", "Famille de métiers"),
    ),
)


def read_actions_prioritaires(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return the priority courses per region; a row written twice is set aside and counted."""
    reading = read_table(path, ACTIONS_PRIORITAIRES, renaming)
    again = reading.table.duplicated()
    origin = replace(reading.provenance, lignes_ecartees={"ligne répétée": int(again.sum())})
    return Reading(reading.table[~again].reset_index(drop=True), origin)
