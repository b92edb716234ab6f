"""Parcoursup, as the higher-education portal exports it (`fr-esr-parcoursup`, MESR-SIES).

Sessions 2018 to 2025 have 85, 92, 115 then 118 columns, under short names or under labels; only
those below are needed. From 2021 on, the label « Filière de formation » is written twice: the
last one is `form_lib_voe_acc`. A session's rentrée is the September that follows it.
"""

from pathlib import Path

import pandas as pd

from fpi_eval.sources.parcoursup_bts import UNKNOWN_PLACES, mentions
from fpi_eval.sources.reading import OBSOLETE, RowRule, TableSchema, at_most, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import of_its_year

PARCOURSUP = TableSchema(
    name="parcoursup",
    columns=(
        column("entier", "rentree", "session", nullable=False, low=2016, high=2100,
               expected="une session, par exemple 2023"),
        column("code", "cod_aff_form", "cod_aff_form", "g_ta_cod", required=False,
               pattern=r"\d{1,7}", expected="un identifiant de formation, en chiffres"),
        column("texte", "lien", "lien_form_psup",
               "Lien de la formation sur la plateforme Parcoursup", required=False),
        column("code", "uai", "cod_uai", "Code UAI de l'établissement", pattern=r"[0-9A-Z]{8}",
               missing=(OBSOLETE,),
               expected=f"un identifiant de huit caractères, ou « {OBSOLETE} »"),
        column("texte", "etablissement", "g_ea_lib_vx", "Établissement"),
        column("code", "code_departement", "dep", "Code départemental de l'établissement",
               nullable=False, pattern=r"\d{1,3}|2[AB]",
               expected="un code département, par exemple 01, 2A ou 974"),
        column("texte", "academie", "acad_mies", "Académie de l'établissement"),
        column("texte", "type_formation", "fili", "Filière de formation très agrégée"),
        column("texte", "formation", "form_lib_voe_acc", "Filière de formation", repeated="last"),
        column("texte", "specialite", "fil_lib_voe_acc", "Filière de formation détaillée bis",
               fallbacks=("Filière de formation détaillée",)),
        column("texte", "detail", "detail_forma", "Filière de formation très détaillée"),
        column("effectif", "places", "capa_fin", "Capacité de l'établissement par formation",
               missing=UNKNOWN_PLACES),
        column("effectif", "candidats", "voe_tot",
               "Effectif total des candidats pour une formation"),
        column("effectif", "admis", "acc_tot",
               "Effectif total des candidats ayant accepté la proposition de "
               "l'établissement (admis)"),
        column("effectif", "admis_f", "acc_tot_f", "Dont effectif des candidates admises"),
    ),
    rules=(
        RowRule(
            ("rentree", "cod_aff_form"),
            lambda t: t["cod_aff_form"].notna() & t.duplicated(["rentree", "cod_aff_form"]),
            "La formation {cod_aff_form} est écrite deux fois pour la session {rentree}.",
        ),
        at_most("admis_f", "admis", "{admis_f} admises parmi {admis} admis."),
    ),
)  # fmt: skip

TIDY = (
    "rentree", "cod_aff_form", "uai", "code_departement", "academie", "type_formation", "formation",
    "specialite", "detail", "places", "candidats", "admis", "admis_f", "a_distance",
)  # fmt: skip


def read_parcoursup(
    path: Path, rentree: int | None = None, *, renaming: Renaming | None = None
) -> Reading:
    """Return places, candidates and admissions per course and session.

    Parameters
    ----------
    rentree : int, optional
        Year in the file's name: must be its only session.

    Returns
    -------
    Reading
        Table: rentree, cod_aff_form (from the course's link where the column is absent; NaN
        without link: join on uai, formation, specialite, detail), uai (NaN when obsolete),
        code_departement (three characters), academie, type_formation, formation, specialite,
        detail, places, candidats, admis, admis_f, a_distance; every row of the file.
    """
    reading = of_its_year(read_table(path, PARCOURSUP, renaming), rentree, "session")
    table = reading.table
    absent = pd.Series(pd.NA, index=table.index, dtype="str")
    linked = table.get("lien", absent).str.extract(r"g_ta_cod=(\d+)", expand=False)
    table["cod_aff_form"] = table.get("cod_aff_form", absent).fillna(linked)
    table["code_departement"] = table["code_departement"].str.zfill(3)
    table["rentree"] = table["rentree"].astype("int64")
    table["a_distance"] = _is_distance(table)
    return Reading(table[list(TIDY)], reading.provenance)


def _is_distance(table: pd.DataFrame) -> pd.Series:
    """Whether a course is taught at a distance; « Vente à distance » is a trade, not that."""
    taught = r"\bcned\b|distanciel|enseignement à distance"
    return (
        mentions(table["etablissement"], taught)
        | mentions(table["specialite"], taught)
        | mentions(table["detail"], taught + r"|\b[àa] distance\b")
    )
