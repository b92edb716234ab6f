"""Write exam results: bac per académie and département, CAP per département, lycées (IVAL)."""

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.sources.territoires import PREFIXES
from fpi_eval.twin.files.file_headers import columns

BAC = columns(
    "session;academie;sexe;statut_du_candidat;voie;serie;diplome_specialite;nombre_d_inscrits;"
    "nombre_de_presents;nombre_d_admis_au_1er_groupe;nombre_de_refuses_au_1er_groupe;"
    "nombre_d_ajournes_passant_les_epreuves_du_2nd_groupe;nombre_d_admis_a_l_issue_du_2nd_groupe;"
    "nombre_de_refuses_a_l_issue_du_2nd_groupe;nombre_d_admis_totaux;"
    "nombre_d_admis_avec_mention_tb_avec_les_felicitations_du_jury;"
    "nombre_d_admis_avec_mention_tb_sans_les_felicitations_du_jury;nombre_d_admis_avec_mention_b;"
    "nombre_d_admis_avec_mention_ab;nombre_d_admis_sans_mention;nombre_de_refuses_totaux"
)

BAC_DEPARTEMENT = columns(
    "Session;Code académie;Académie;Code département;Département;Voie;Genre;"
    "Nombre de présents à l'examen;Nombre d'admis à l'examen;Taux de réussite à l'examen"
)
CAP = columns(
    "session;code_departement;sexe;statut_du_candidat;diplome_specialite;nombre_d_inscrits;"
    "nombre_de_presents;nombre_d_admis_totaux"
)
STATUS = {"scolaire": "SCOLAIRE", "apprentissage": "APPRENTISSAGE"}
CAP_SINCE = 2024  # first session that the portal publishes by département
LYCEES = columns(
    "annee;uai;secteur;code_commune;presents_total;taux_reu_total;va_reu_total;taux_acces_2nde;"
    "taux_men_total;eff_2nde;eff_1ere;eff_term"
)


def plain(text: str) -> str:
    """Return capitals without accents, as the exam files spell names: ``ORLEANS-TOURS``."""
    letters = unicodedata.normalize("NFD", text.upper())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def write_bac(rows: dict[int, pd.DataFrame], sessions: list[int], folder: Path) -> Path:
    """Write ``fr-en-baccalaureat-par-academie.csv``: one row per sex and status, to be added."""
    out = _bac_rows(_by_sex(rows, sessions, "bacpro", "academie"))
    path = folder / "fr-en-baccalaureat-par-academie.csv"
    out.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    return path


def write_cap(rows: dict[int, pd.DataFrame], sessions: list[int], folder: Path) -> list[Path]:
    """Write the CAP's results by département, from the session that opens that file on."""
    sessions = [session for session in sessions if session >= CAP_SINCE]
    if not sessions:
        return []
    table = _by_sex(rows, sessions, "cap", "code_departement")
    out = table[["session", "code_departement", "sexe"]].copy()
    out["statut_du_candidat"] = table["voie"].map(STATUS)
    name = table["libelle"].str.removeprefix("CAP ").map(plain).str[:32]
    out["diplome_specialite"] = table["cfd_sortie"].str[3:] + " " + name
    out["nombre_d_inscrits"] = out["nombre_de_presents"] = table["terminale"]
    out["nombre_d_admis_totaux"] = table["diplomes"]
    path = folder / "fr-en-cap_specialite_sexe_statut_departement.csv"
    out = out[CAP].sort_values(CAP[:5], ignore_index=True, kind="stable")
    out.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    return [path]


def write_bac_departement(rows: dict[int, pd.DataFrame], sessions: list[int], folder: Path) -> Path:
    """Write the bac professionnel by département, all specialities and statuses together."""
    table = _by_sex(rows, sessions, "bacpro", "code_departement")
    keys = ["session", "code_departement", "sexe"]
    sums = table.groupby(keys, as_index=False)[["terminale", "diplomes"]].sum()
    back = {code: prefix for prefix, code in PREFIXES.items()}
    out = sums[["session"]].rename(columns={"session": "Session"})
    out["Code département"] = sums["code_departement"].replace(back).str.lstrip("0").str.zfill(2)
    out["Voie"] = "Professionnelle"
    out["Genre"] = np.where(sums["sexe"] == "FILLES", "Féminin", "Masculin")
    out["Nombre de présents à l'examen"] = sums["terminale"].astype(int)
    out["Nombre d'admis à l'examen"] = sums["diplomes"].astype(int)
    rate = (100 * sums["diplomes"] / sums["terminale"]).round(1)
    out["Taux de réussite à l'examen"] = rate.map("{:.1f}%".format).str.replace(".", ",")
    path = folder / "fr-en-baccalaureat-par-departement.csv"
    out = out.reindex(columns=BAC_DEPARTEMENT, fill_value="")
    out.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    return path


def _by_sex(
    rows: dict[int, pd.DataFrame], sessions: list[int], diplome: str, place: str
) -> pd.DataFrame:
    """Return final-year pupils and graduates by session × place × voie × diploma × sex."""
    table = pd.concat([rows[s - 1].assign(session=s) for s in sessions], ignore_index=True)
    table = table[(table["diplome"] == diplome) & (table["terminale"] > 0)]
    keys = ["session", place, "voie", "cfd_sortie", "libelle"]
    sums = table.groupby(keys, as_index=False)[["terminale", "diplomes"]].sum()
    # Girls: 10 to 75 % by NSF group and order, the same every year.
    girls = 0.10 + 0.65 * (sums["cfd_sortie"].str[3:].astype(int) * 31 % 97 / 97)
    frames = []
    for sexe in ("FILLES", "GARCONS"):
        part = sums.assign(sexe=sexe)
        for name in ("terminale", "diplomes"):
            some = np.floor(sums[name] * girls)
            part[name] = some if sexe == "FILLES" else sums[name] - some
        part["diplomes"] = part[["diplomes", "terminale"]].min(axis=1)
        frames.append(part[part["terminale"] > 0])
    return pd.concat(frames, ignore_index=True)


def _bac_rows(table: pd.DataFrame) -> pd.DataFrame:
    production = table["cfd_sortie"].str[3] == "2"
    out = pd.DataFrame({"session": table["session"], "academie": table["academie"].map(plain)})
    out["sexe"], out["statut_du_candidat"] = table["sexe"], table["voie"].map(STATUS)
    out["voie"] = "BAC PROFESSIONNEL"
    out["serie"] = np.where(production, "BAC PRO PRODUCTION MEN", "BAC PRO SERVICES MEN")
    name = table["libelle"].str.removeprefix("BAC PRO ").map(plain).str[:32]
    out["diplome_specialite"] = "BAC PRO " + table["cfd_sortie"].str[3:] + " " + name
    present, admitted = table["terminale"], table["diplomes"]
    second = np.floor(admitted * 0.08)
    refused = present - admitted
    out["nombre_d_inscrits"] = present + np.floor(present * 0.015)
    out["nombre_de_presents"] = present
    out["nombre_d_admis_au_1er_groupe"] = admitted - second
    out["nombre_de_refuses_au_1er_groupe"] = refused - np.floor(refused * 0.4)
    out["nombre_d_ajournes_passant_les_epreuves_du_2nd_groupe"] = second + np.floor(refused * 0.4)
    out["nombre_d_admis_a_l_issue_du_2nd_groupe"] = second
    out["nombre_de_refuses_a_l_issue_du_2nd_groupe"] = np.floor(refused * 0.4)
    out["nombre_d_admis_totaux"] = admitted
    left = admitted.copy()
    for column, share in zip(BAC[15:19], (0.005, 0.06, 0.17, 0.33), strict=True):
        out[column] = np.floor(admitted * share)
        left = left - out[column]
    out["nombre_d_admis_sans_mention"] = left
    out["nombre_de_refuses_totaux"] = refused
    return out[BAC].sort_values(BAC[:7], ignore_index=True, kind="stable")


def write_lycees(rows: dict[int, pd.DataFrame], sessions: list[int], folder: Path) -> Path:
    """Write the results of lycées professionnels in bac pro: candidates and rates, per session."""
    frames = []
    for session in sessions:
        table = rows[session - 1]
        here = (table["diplome"] == "bacpro") & (table["voie"] == "scolaire")
        frames.append(_lycees_rows(table[here & (table["terminale"] > 0)], session))
    path = folder / "fr-en-indicateurs-de-resultat-des-lycees-pro_v2.csv"
    out = pd.concat(frames, ignore_index=True).reindex(columns=LYCEES, fill_value="")
    out.to_csv(path, sep=";", index=False, encoding="utf-8", lineterminator="\r\n")
    return path


def _lycees_rows(table: pd.DataFrame, session: int) -> pd.DataFrame:
    sites = table.groupby("uai")[["code_commune"]].first()
    total = table.groupby("uai")[["terminale", "diplomes", "entrants"]].sum()
    rate = 100 * total["diplomes"] / total["terminale"]
    national = 100 * table["diplomes"].sum() / table["terminale"].sum()
    out = pd.DataFrame({"annee": session, "uai": sites.index}, index=sites.index)
    out["secteur"], out["code_commune"] = "PU", sites["code_commune"]
    out["presents_total"] = out["eff_term"] = _text(total["terminale"])
    out["taux_reu_total"] = _text(rate)
    out["va_reu_total"] = (np.floor(rate + 0.5) - round(national)).astype(int)
    out["eff_2nde"] = out["eff_1ere"] = _text(total["entrants"])
    return out


def _text(values: pd.Series) -> pd.Series:
    whole = np.floor(values + 0.5)
    return whole.astype("Int64").astype(str).where(values.notna(), "")
