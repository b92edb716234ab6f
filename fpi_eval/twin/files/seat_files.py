"""Write the files of seats, wishes and enrolment: Affelnet, Parcoursup BTS, constat."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fpi_eval.twin.courses import cfd_at, mefstat11
from fpi_eval.twin.files.file_headers import columns
from fpi_eval.twin.geography import largest, uai

AFFELNET = columns(
    "Etablissement d'accueil;MEF STAT 11;Voeu de recensement O/N;Statut Offre de formation;"
    "Capacité carte scolaire;Demandes vœux 1;Famille de métiers;nb_apparitions_uai_mefstat;"
    "mef_stat_terminale"
)
#: Parcoursup files of Orion: the header of each session.
BTS = columns(
    "UAI;LIBELLÉFORMATION;MEFSTAT11_old;NB_VOEUX_CONFIRMES;STATUT;CAPACITEPSUP;CFD;CFD rectifié;"
    "Rectif;MEFSTAT11"
)
BTS_2023 = [*BTS, "nb_apparitions"]
BTS_2024 = columns("UAI;LIBELLÉFORMATION;MEFSTAT11;NB_VOEUX_CONFIRMES;STATUT;CAPACITEPSUP")
CONSTAT = ["Rentrée scolaire", "UAI", "Mef Bcp 11", "Nombre d'élèves : Total"]
#: Distance learning registered in the region's two largest départements: seats, wishes (1,200
#: and 800 seats of one region in the real files of 2022).
DISTANCE = ((1200, 2_400), (800, 1_300))


#: What the files need of a cell, and of a cell in a year.
CELL = (
    "type", "etablissement", "commune", "code_commune", "code_departement", "departement",
    "code_academie", "academie", "code_region", "region", "voie", "diplome", "niveau", "duree",
    "libelle", "course", "cible", "ici", "famille_metiers", "cfd_commun", "cfd", "cfd_nouveau",
    "rentree_renovation", "option_a", "option_b",
)  # fmt: skip
YEARLY = (
    "cell", "rentree", "uai", "places", "voeux_1", "entrants", "terminale", "diplomes", "sortants",
    "en_emploi_6_mois", "en_emploi_12_mois", "en_emploi_18_mois", "en_emploi_24_mois", "seats",
    "nouvelle",
)  # fmt: skip


def rows_of(panel: pd.DataFrame, cells: pd.DataFrame, rentree: int) -> pd.DataFrame:
    """Return the cells that exist at a rentrée, with the UAI and codes in force that year."""
    here = panel["rentree"].to_numpy() == rentree
    yearly = panel.loc[here, list(YEARLY)].reset_index(drop=True)
    # The panel is sorted by cell and the cells are numbered from 0: rows correspond one to one.
    table = pd.concat([yearly, cells[list(CELL)]], axis=1)
    # Plain Python strings: ten times faster than Arrow ones on tables this small.
    text = table.select_dtypes("str").columns
    table[text] = table[text].astype(object)
    before = cells["rentree_fusion"].to_numpy() > rentree
    for name in ("uai", "etablissement"):
        table.loc[before, name] = cells.loc[before, f"{name}_ancien"]
    table["cfd_entree"] = cfd_at(table, rentree)
    table["cfd_sortie"] = cfd_at(table, rentree - table["duree"] + 1)
    table = table.drop(columns=["cfd", "cfd_nouveau"])
    alive = ~(table["nouvelle"] & (table["places"] == 0))
    return table if alive.all() else table[alive].reset_index(drop=True)


def write_affelnet(rows: pd.DataFrame, rentree: int, folder: Path) -> Path:
    """Write ``attractivite_capacite_{rentree}.csv`` (UTF-8, no BOM)."""
    table = rows[(rows["voie"] == "scolaire") & (rows["niveau"] == "secondaire")]
    table = table.assign(v1=table["voeux_1"].fillna(0), cap=table["places"])
    bac = table["diplome"] == "bacpro"
    premiere = bac & (table["duree"] == 2)
    year = pd.Series(np.where(premiere, 2, 1), index=table.index)
    table["mef"] = mefstat11(table["cfd_entree"], table["diplome"], year)
    table["terminale_mef"] = _last_year(table["mef"]).where(bac, "")
    parts = [table, _first_years(table[premiere]), _second_years(table[bac & ~premiere])]
    parts = pd.concat(parts, ignore_index=True)
    parts = _bad_capacities(_duplicates(parts, rentree))
    parts = parts.sort_values(["uai", "mef"], kind="stable")
    count = parts.groupby(["uai", "mef"])["mef"].transform("size")
    values: tuple[Any, ...] = (parts["uai"], parts["mef"], "N", "ST", parts["cap"].astype(int))
    values += (parts["v1"].astype(int), parts["famille_metiers"].fillna(""), count)
    values += (parts["terminale_mef"],)
    out = pd.DataFrame(dict(zip(AFFELNET, values, strict=True)))
    return _save(out, folder / f"attractivite_capacite_{rentree}.csv")


def _last_year(mef: pd.Series) -> pd.Series:
    return mef.str[:3] + "3" + mef.str[4:]


def _first_years(table: pd.DataFrame) -> pd.DataFrame:
    """Return the common secondes: one row per establishment and family, its places together."""
    group = table.groupby(["uai", "cfd_commun"], as_index=False)
    common = group.agg(cap=("cap", "sum"), v1=("v1", "sum"), cell=("cell", "first"))
    common["diplome"] = "bacpro"
    common["mef"] = mefstat11(common["cfd_commun"], common["diplome"], 1)
    common["terminale_mef"] = _last_year(common["mef"])
    return common


def _second_years(table: pd.DataFrame) -> pd.DataFrame:
    """Return the premières also offered after a seconde of the same speciality (a third)."""
    some = table[table["cell"] % 3 == 0].copy()
    some["mef"] = some["mef"].str[:3] + "2" + some["mef"].str[4:]
    some["v1"] = (some["v1"] * 0.3).round()
    return some


def _duplicates(table: pd.DataFrame, rentree: int) -> pd.DataFrame:
    """Return the table where one row in forty is split in two: same key, places to be added."""
    split = (table["cell"] % 41 == 3) & (table["cap"] >= 12)
    twin = table[split].copy()
    twin["cap"], twin["v1"] = (twin["cap"] * 0.4).round(), (twin["v1"] * 0.4).round()
    table = table.copy()
    table.loc[split, "cap"] -= twin["cap"]
    table.loc[split, "v1"] -= twin["v1"]
    return pd.concat([table, twin], ignore_index=True)


def _bad_capacities(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table where one row in twenty carries a code in place of a capacity."""
    code = np.array([0, 0, 0, 999, 1, 2, 4])[table["cell"] % 7]
    bad = (table["cell"] % 20 == 7) & (table["seats"].fillna(0) == 0)
    return table.assign(cap=table["cap"].where(~bad, code))


def write_bts(rows: pd.DataFrame, rentree: int, folder: Path) -> Path:
    """Write ``BTS_attractivite_capacite_{rentree}.csv``; the header drifts with the session."""
    table = rows[rows["diplome"] == "bts"].copy()
    apprenti = table["voie"] == "apprentissage"
    sector = np.where(table["cfd_entree"].str[3:4] == "2", "Production", "Services")
    table["libelle_psup"] = _label(table, sector) + np.where(apprenti, " - en apprentissage", "")
    table["mef"] = mefstat11(table["cfd_entree"], table["diplome"], 1)
    table["statut"] = np.where(apprenti, "Apprentissage", "Scolaire")
    table["cap"], table["v"] = table["places"], table["voeux_1"]
    table = pd.concat([_military(table), _distance(table)], ignore_index=True)
    table = table.sort_values(["uai", "libelle_psup", "statut"], kind="stable")
    blank = table["cell"] % (27 if rentree <= 2022 else 81) == 5
    cap = table["cap"].astype("Int64").astype(str).where(~blank, "")
    count = table.groupby(["uai", "mef", "statut"])["mef"].transform("size")
    common = {
        "UAI": table["uai"],
        "LIBELLÉFORMATION": table["libelle_psup"],
        "MEFSTAT11_old": table["mef"],
        "NB_VOEUX_CONFIRMES": table["v"].astype(int),
        "STATUT": table["statut"],
        "CAPACITEPSUP": cap,
        "CFD": table["cfd_entree"],
        "CFD rectifié": table["cfd_entree"],
        "Rectif": "FAUX",
        "MEFSTAT11": table["mef"],
        "nb_apparitions": count,
    }
    header = BTS if rentree <= 2022 else BTS_2023 if rentree == 2023 else BTS_2024
    out = pd.DataFrame(common)[header]
    return _save(out, folder / f"BTS_attractivite_capacite_{rentree}.csv")


def _label(table: pd.DataFrame, sector: np.ndarray) -> pd.Series:
    name = table["libelle"].str.removeprefix("BTS ").str.capitalize()
    return "BTS - " + pd.Series(sector, index=table.index) + " - " + name


def _military(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a few reserved streams: same key, other label, places to be added."""
    split = (table["cell"] % 97 == 11) & (table["cap"] >= 12)
    twin = table[split].copy()
    twin["cap"], twin["v"] = (twin["cap"] * 0.25).round(), (twin["v"] * 0.2).round()
    twin["libelle_psup"] += " - parcours partenariat"
    table = table.copy()
    table.loc[split, "cap"] -= twin["cap"]
    table.loc[split, "v"] -= twin["v"]
    return pd.concat([table, twin], ignore_index=True)


def _distance(table: pd.DataFrame) -> pd.DataFrame:
    here = table["ici"] & (table["voie"] == "scolaire") & table["cible"]
    prefixes = largest(table.loc[table["ici"], "code_departement"])
    rows = table[here].drop_duplicates("course").head(len(DISTANCE)).copy()
    for row, prefix, (seats, wishes) in zip(rows.index, prefixes, DISTANCE, strict=False):
        rows.loc[row, ["uai", "cap", "v", "cell"]] = [uai(prefix, 9990), seats, wishes, 6]
        rows.loc[row, "libelle_psup"] += " - Entièrement en distanciel"
    return rows


def write_constat(rows: pd.DataFrame, previous: pd.DataFrame, rentree: int, folder: Path) -> Path:
    """Write ``constat_{rentree}.csv``: pupils per establishment and year of study, no apprentice.

    ``previous`` holds the rows of the rentrée before, for pupils halfway through three years.
    """
    table = rows[rows["voie"] == "scolaire"]
    premiere = (table["diplome"] == "bacpro") & (table["duree"] == 2)
    first = pd.Series(np.where(premiere, 2, 1), index=table.index)
    parts = [_level(table, table["cfd_entree"], first, table["entrants"])]
    longer = table[table["duree"] > 1]
    parts += _final_year(longer)
    parts.append(_common_seconde(table[premiere]))
    halfway = table[table["duree"] == 3].merge(
        previous[["cell", "entrants", "cfd_entree"]].set_axis(
            ["cell", "avant", "cfd_avant"], axis=1
        ),
        on="cell",
    )
    pupils = (halfway["avant"] * 0.94).round()
    parts.append(_level(halfway, halfway["cfd_avant"], 2, pupils))
    out = pd.concat(parts, ignore_index=True)
    out = out.groupby(["uai", "mef"], as_index=False)["n"].sum()
    out = out[out["n"] > 0].astype({"n": int})
    out.insert(0, "rentree", rentree)
    path = folder / f"constat_{rentree}.csv"
    return _save(out.set_axis(CONSTAT, axis=1), path, encoding="utf-8-sig")


def _final_year(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the final years; a BTS with a common first year shows its options there."""
    split = table["option_a"].notna()
    plain, opted = table[~split], table[split]
    year = plain["duree"].where(plain["diplome"] != "bacpro", 3)
    parts = [_level(plain, plain["cfd_sortie"], year, plain["terminale"])]
    share_a = np.floor(opted["terminale"] * (0.4 + 0.02 * (opted["cell"] % 10)))
    parts.append(_level(opted, opted["option_a"], 2, share_a))
    parts.append(_level(opted, opted["option_b"], 2, opted["terminale"] - share_a))
    return parts


def _common_seconde(table: pd.DataFrame) -> pd.DataFrame:
    pupils = (table["entrants"] * (1.0 + 0.01 * (table["cell"] % 11))).round()
    return _level(table, table["cfd_commun"], 1, pupils)


def _level(table: pd.DataFrame, cfd: pd.Series, year: pd.Series | int, pupils) -> pd.DataFrame:
    mef = mefstat11(cfd, table["diplome"], year)
    return pd.DataFrame({"uai": table["uai"], "mef": mef, "n": pupils})


def _save(table: pd.DataFrame, path: Path, encoding: str = "utf-8") -> Path:
    table.to_csv(path, sep=";", index=False, encoding=encoding, lineterminator="\n")
    return path
