"""Places at entry per establishment × course × voie × rentrée, from Affelnet and Parcoursup."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.panel.donnees import Donnees
from fpi_eval.panel.identity import latest_uai
from fpi_eval.panel.matching import departement_of
from fpi_eval.panel.regional import entries_only, with_course

COLUMNS = [
    "source", "uai", "code_departement", "code_academie", "code_region", "mefstat11", "cfd",
    "course", "groupe_nsf", "filiere", "niveau", "voie", "duree", "rentree", "places", "voeux",
    "voeux_1",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Capacites:
    """Rows that are entry places, and what was set aside: source, rentrée, reason, rows, places."""

    table: pd.DataFrame
    ecartees: pd.DataFrame


def capacites(donnees: Donnees, identity: pd.DataFrame, filieres: pd.DataFrame) -> Capacites:
    """Return entry places with course, filière and territory; distance learning set aside.

    Places of different entry levels are never added: a bac pro counts in 2nde or in 1re
    (famille de métiers), a common first year is set aside.
    """
    parts = [_affelnet(donnees, identity)] if donnees.a("affelnet") else []
    parts += [_bts(donnees)] if donnees.a("parcoursup_bts") else []
    rows = pd.concat(parts, ignore_index=True)
    codes = donnees.nomenclatures
    rows["uai"] = latest_uai(rows["uai"], donnees.changements_uai)
    rows["code_departement"] = departement_of(rows["uai"], codes.departements)
    known = codes.departements.drop_duplicates("code_departement")
    rows = rows.merge(
        known[["code_departement", "code_academie", "code_region"]], "left", "code_departement"
    )
    lost = rows["code_region"].isna() & (rows["raison"] == "")
    rows["raison"] = rows["raison"].mask(lost, "UAI sans département connu")
    rows = with_course(rows, codes.mef, identity, filieres)
    rows["raison"] = rows["raison"].mask(
        rows["course"].isna() & (rows["raison"] == ""), "formation sans diplôme connu"
    )
    aside = rows[rows["raison"] != ""]
    ecartees = (
        aside.groupby(["source", "rentree", "raison"])
        .agg(lignes=("uai", "size"), places=("places", "sum"))
        .reset_index()
    )
    kept = rows.loc[rows["raison"] == "", COLUMNS].reset_index(drop=True)
    return Capacites(kept, ecartees)


def _affelnet(donnees: Donnees, identity: pd.DataFrame) -> pd.DataFrame:
    table, codes = donnees.table("affelnet"), donnees.nomenclatures
    mef = codes.mef.drop_duplicates("mefstat11").set_index("mefstat11")
    return table.assign(
        source="affelnet",
        voie="scolaire",
        cfd=None,
        duree=table["mefstat11"].map(mef["duree"] - mef["annee"] + 1),
        voeux=np.nan,
        raison=entries_only(
            table, set(codes.familles["mefstat11_commun"]), _in_family(table, donnees, identity)
        ),
    )


def _in_family(table: pd.DataFrame, donnees: Donnees, identity: pd.DataFrame) -> pd.Series:
    """Return whether each row's course is in a famille de métiers, under its old code too."""
    codes = donnees.nomenclatures
    course = identity.drop_duplicates("cfd").set_index("cfd")["course"]
    cfd = codes.mef.drop_duplicates("mefstat11").set_index("mefstat11")["cfd"]
    listed = set(codes.familles["cfd"].map(course).dropna()) | set(codes.familles["cfd"])
    own = table["mefstat11"].map(cfd)
    return own.map(course).isin(listed) | own.isin(listed)


def _bts(donnees: Donnees) -> pd.DataFrame:
    table = donnees.table("parcoursup_bts")
    reason = np.where(table["a_distance"], "formation à distance", "")
    return table.assign(
        source="parcoursup_bts", duree=2.0, voeux_1=np.nan, raison=pd.Series(reason, table.index)
    )
