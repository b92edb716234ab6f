"""Nomenclatures of courses: MEF, diplomas (CFD), NSF specialities, common first years.

Publishers: DEPP (Banque centrale des nomenclatures) and DGESCO, through Orion.
"""

from fpi_eval.sources.reading import CFD, MEFSTAT11, ColumnSchema, RowRule, TableSchema

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
