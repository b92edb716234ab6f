"""Places at entry per establishment × course × voie × rentrée, from Affelnet and Parcoursup."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.panel.identity import BAC_PRO, BTS, latest_uai, type_de_diplome
from fpi_eval.panel.loading import Donnees
from fpi_eval.panel.matching import departement_of
from fpi_eval.panel.regional_panel import entries_only, with_course

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
    (famille de métiers, or no 2nde of its own in the file), a common first year is set aside.
    """
    parts = [_affelnet(donnees, identity)] if donnees.a("affelnet") else []
    parts += [_bts(donnees, identity)] if donnees.a("parcoursup_bts") else []
    if not parts:
        return _none()
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


def _none() -> Capacites:
    """Return no place, in the tables' own types: the folder holds neither capacity file."""
    numbers = ("duree", "rentree", "places", "voeux", "voeux_1")
    types = {name: "float64" if name in numbers else "str" for name in COLUMNS}
    kept = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    aside = ["source", "rentree", "raison", "lignes", "places"]
    return Capacites(kept.astype({"rentree": "int64"}), pd.DataFrame(columns=aside))


def _by_mef(donnees: Donnees, identity: pd.DataFrame, codes: pd.Series) -> pd.DataFrame:
    """Return what the nomenclatures say of each MEFSTAT11: year and length, and its diploma's."""
    mef = donnees.nomenclatures.mef.drop_duplicates("mefstat11").set_index("mefstat11")
    facts = mef[["cfd", "annee", "duree"]].reindex(codes).set_index(codes.index)
    known = identity.drop_duplicates("cfd").set_index("cfd")
    said = ("niveau_diplome", "famille", "groupe_nsf")
    return facts.assign(**{name: facts["cfd"].map(known[name]) for name in said})


def _affelnet(donnees: Donnees, identity: pd.DataFrame) -> pd.DataFrame:
    table, codes = donnees.table("affelnet"), donnees.nomenclatures
    facts = _by_mef(donnees, identity, table["mefstat11"])
    bac_pro = facts["niveau_diplome"].isin(BAC_PRO) & (facts["duree"] == 3)
    rows = facts.assign(
        **{name: table[name] for name in ("uai", "rentree", "mefstat11")}, bac_pro=bac_pro
    )
    in_family = facts["cfd"].isin(donnees.familles["cfd"])
    return table.assign(
        source="affelnet",
        voie="scolaire",
        cfd=None,
        duree=facts["duree"] - facts["annee"] + 1,
        voeux=np.nan,
        raison=entries_only(rows, set(codes.familles["mefstat11_commun"]), in_family),
    )


def _bts(donnees: Donnees, identity: pd.DataFrame) -> pd.DataFrame:
    """Return Parcoursup's rows; those that the nomenclature does not call a BTS have a reason.

    The file of 2024 also holds certificats de spécialisation and FCIL, one year long, level 3 or 4.
    """
    table = donnees.table("parcoursup_bts")
    facts = _by_mef(donnees, identity, table["mefstat11"])
    unknown = facts["cfd"].isna()
    kind = table["formation"].str.partition(" - ")[0]  # « Certificat de Spécialisation »
    reason = np.select(
        [table["a_distance"], unknown, ~facts["niveau_diplome"].isin(BTS)],
        [
            "formation à distance",
            "code de formation absent de la nomenclature : "
            + kind.fillna("sans intitulé").str.strip(),
            "pas un BTS : "
            + type_de_diplome(facts["niveau_diplome"], donnees.nomenclatures.niveaux),
        ],
        "",
    )
    return table.assign(
        source="parcoursup_bts",
        cfd=facts["cfd"],
        duree=facts["duree"] - facts["annee"] + 1,
        voeux_1=np.nan,
        raison=pd.Series(reason, table.index, dtype="str"),
    )
