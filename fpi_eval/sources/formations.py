"""Nomenclatures of courses: MEF, diplomas (CFD), NSF specialities, common first years.

Publishers: DEPP (Banque centrale des nomenclatures) and DGESCO, through Orion.
"""

import pandas as pd

from fpi_eval.calendar import YEARS
from fpi_eval.sources.reading import CFD, MEFSTAT11, RowRule, TableSchema, column

OLD_CFD = r"[0-9A-Z]{7,8}"
SUCCESSORS = 7
ANY_YEAR = 9  # length and year of study of a row that stands for every year of its diploma


def _same_course(mefstat11: str, cfd: str) -> RowRule:
    """Return the rule that the end of a MEFSTAT11 is the end of its diploma's code."""
    return RowRule(
        (mefstat11, cfd),
        lambda t: t[mefstat11].str[6:] != t[cfd].str[3:],
        f"{{{mefstat11}}} et {{{cfd}}} ne finissent pas par les mêmes cinq caractères.",
    )


_OPEN = (
    column("date", "date_ouverture", "DATE_OUVERTURE"),
    column("date", "date_fermeture", "DATE_FERMETURE"),
)

MEF = TableSchema(
    name="mef",
    columns=(
        column("code", "mef", "MEF", nullable=False, pattern=r"[0-9A-Z]{10}"),
        column("code", "dispositif", "DISPOSITIF_FORMATION", pattern=r"[0-9A-Z]{3}"),
        column("code", "cfd", "FORMATION_DIPLOME", nullable=False, pattern=CFD),
        column("entier", "duree", "DUREE_DISPOSITIF", nullable=False, low=0, high=9),
        column("entier", "annee", "ANNEE_DISPOSITIF", nullable=False, low=0, high=9),
        column("texte", "libelle", "LIBELLE_LONG"),
        column("code", "mefstat11", "MEF_STAT_11", nullable=False, pattern=r"[0-9A-Z]{11}"),
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


def with_usual_years(mef: pd.DataFrame) -> pd.DataFrame:
    """Return the MEF with no code in place of years: usual ones, missing where there are none.

    A licence pro, a licence or a master has one row for all its years, each field set to
    `ANY_YEAR`. The year of study is known where there is only one.
    """
    whole = mef["annee"] == ANY_YEAR
    length = mef["duree"].mask(whole, mef["cfd"].str[:3].map(YEARS).astype(float))
    return mef.assign(duree=length, annee=mef["annee"].mask(whole, length.where(length == 1)))


_DIPLOMA = (
    column("code", "cfd", "FORMATION_DIPLOME", nullable=False, pattern=CFD),
    column("code", "niveau_diplome", "NIVEAU_FORMATION_DIPLOME", nullable=False,
           pattern=r"[0-9A-Z]{3}"),
    column("code", "groupe_nsf", "GROUPE_SPECIALITE", nullable=False, pattern=r"\d{3}"),
    column("texte", "libelle", "LIBELLE_LONG_200"),
    *_OPEN,
    column("code", "niveau_rncp", "NIVEAU_QUALIFICATION_RNCP", required=False),
)  # fmt: skip
DIPLOMES = TableSchema(
    name="diplomes",
    columns=(
        *_DIPLOMA,
        *(
            column("code", f"ancien_{i}", f"ANCIEN_DIPLOME_{i}", pattern=OLD_CFD)
            for i in range(1, SUCCESSORS + 1)
        ),
        *(
            column("code", f"nouveau_{i}", f"NOUVEAU_DIPLOME_{i}", pattern=OLD_CFD)
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
DIPLOMES_ENSEMBLE = TableSchema("diplomes_ensemble", _DIPLOMA, key=("cfd",))
NIVEAUX = TableSchema(
    name="niveaux",
    columns=(
        column("code", "niveau_diplome", "NIVEAU_FORMATION_DIPLOME", nullable=False,
               pattern=r"[0-9A-Z]{3}"),
        column("texte", "libelle", "LIBELLE_100"),
        column("code", "niveau_rncp", "NIVEAU_QUALIFICATION_RNCP"),
    ),
    key=("niveau_diplome",),
)  # fmt: skip
GROUPES_NSF = TableSchema(
    name="groupes_nsf",
    columns=(
        column("code", "groupe_nsf", "GROUPE_SPECIALITE", nullable=False, pattern=r"\d{3}"),
        column("texte", "libelle", "LIBELLE_LONG"),
    ),
    key=("groupe_nsf",),
)
FAMILLES = TableSchema(
    name="familles",
    columns=(
        column("texte", "famille", "FAMILLE", nullable=False),
        column("texte", "specialite", "SPECIALITE", nullable=False),
        column("code", "mefstat11_commun", "MEFSTAT11_COMMUN", nullable=False, pattern=MEFSTAT11),
        column("code", "cfd_commun", "CFD_COMMUN", nullable=False, pattern=CFD),
        column("code", "mefstat11", "MEFSTAT11_SPECIALITE", nullable=False, pattern=MEFSTAT11),
        column("code", "cfd", "CFD_SPECIALITE", nullable=False, pattern=CFD),
    ),
    key=("mefstat11_commun", "mefstat11"),
    rules=(_same_course("mefstat11_commun", "cfd_commun"), _same_course("mefstat11", "cfd")),
)
INTITULES = TableSchema(
    name="intitules",
    columns=(
        column("code", "code", "Code diplôme", nullable=False, pattern=r"\d{3}-?\d{5} ?[A-Z]?"),
        column("texte", "intitule", "Intitulé de la spécialité (et options)"),
    ),
)
OPTIONS_BTS = TableSchema(
    name="options_bts",
    columns=(
        column("code", "cfd_commun", "CFD_COMMUN", nullable=False, pattern=CFD),
        column("texte", "famille", "FAMILLE", nullable=False),
        column("code", "cfd", "CFD_SPECIALITE", nullable=False, pattern=CFD),
        column("texte", "specialite", "SPECIALITE", nullable=False),
        column("date", "date_ouverture", "Date ouverture CFDannee1"),
        column("date", "date_fermeture", "Date fermeture CFDannee1"),
    ),
    key=("cfd_commun", "cfd"),
)
