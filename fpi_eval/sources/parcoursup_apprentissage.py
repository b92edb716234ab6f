"""Parcoursup, courses in apprenticeship: places offered, candidates, proposals.

Portal `fr-esr-parcoursup-apprentissage`, sessions 2022 on. Another set of course codes than the
main file (none in common) and no number of admitted: being admitted depends on a contract with an
employer. Places are those declared on the platform, not a capacity: 0 and 999 mean missing.
Publisher: MESR-SIES, Licence Ouverte.
"""

from pathlib import Path

from fpi_eval.sources.reading import OBSOLETE, UAI, TableSchema, at_most, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import of_its_year

PARCOURSUP_APPRENTISSAGE = TableSchema(
    name="parcoursup_apprentissage",
    columns=(
        column("entier", "session", "Session", nullable=False, low=2018, high=2099),
        column("code", "cod_aff_form", "cod_aff_form", nullable=False, pattern=r"\d+"),
        column("code", "uai", "Code UAI de l'établissement", "cod_uai", pattern=UAI,
               missing=(OBSOLETE,)),
        column("texte", "etablissement", "Établissement", "g_ea_lib_vx", required=False),
        column("code", "departement", "Code départemental de l'établissement", "dep",
               required=False, pattern=r"\d{1,3}|2[AB]"),
        column("texte", "fili", "Filière de formation très agrégée", required=False),
        column("texte", "formation", "Filière de formation détaillée", "fil_lib_voe_acc",
               required=False),
        column("effectif", "places", "Capacité de l'établissement par formation", "capa_fin",
               missing=("0", "999")),
        column("effectif", "candidats", "Effectif total des candidats pour la formation",
               "voe_tot"),
        column("effectif", "propositions",
               "Effectif total des candidats ayant reçu une proposition "
               "d'admission de la part de l'établissement",
               "prop_tot"),
    ),
    key=("session", "cod_aff_form"),
    rules=(
        at_most(
            "propositions", "candidats",
            "{propositions} candidats ont une proposition, parmi {candidats}.",
        ),
    ),
)  # fmt: skip


def read_parcoursup_apprentissage(
    path: Path, rentree: int | None = None, *, renaming: Renaming | None = None
) -> Reading:
    """Return places and candidates of courses in apprenticeship, one row per session × course.

    Parameters
    ----------
    rentree : int, optional
        Year in the file's name: must be its only session.

    Returns
    -------
    Reading
        Table: rentree (the session), cod_aff_form, uai (missing where obsolete),
        code_departement ("069"), etablissement, fili, formation, places (NaN where 0 or 999),
        candidats, propositions.
    """
    reading = read_table(path, PARCOURSUP_APPRENTISSAGE, renaming)
    table = reading.table.rename(columns={"session": "rentree", "departement": "code_departement"})
    if "code_departement" in table.columns:
        table["code_departement"] = table["code_departement"].str.zfill(3)
    reading = Reading(table.astype({"rentree": "int64"}), reading.provenance)
    return of_its_year(reading, rentree, "session")
