"""Write exam results: bac per académie and speciality, lycées professionnels (IVAL)."""

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.twin.files.file_headers import columns
from fpi_eval.twin.geography import REGIONS

BAC = columns(
    "session;academie;sexe;statut_du_candidat;voie;serie;diplome_specialite;nombre_d_inscrits;"
    "nombre_de_presents;nombre_d_admis_au_1er_groupe;nombre_de_refuses_au_1er_groupe;"
    "nombre_d_ajournes_passant_les_epreuves_du_2nd_groupe;nombre_d_admis_a_l_issue_du_2nd_groupe;"
    "nombre_de_refuses_a_l_issue_du_2nd_groupe;nombre_d_admis_totaux;"
    "nombre_d_admis_avec_mention_tb_avec_les_felicitations_du_jury;"
    "nombre_d_admis_avec_mention_tb_sans_les_felicitations_du_jury;nombre_d_admis_avec_mention_b;"
    "nombre_d_admis_avec_mention_ab;nombre_d_admis_sans_mention;nombre_de_refuses_totaux"
)

_GROUPS = (
    "Specialités pluri technologiques",
    "Transformations",
    "Genie civil construction et bois",
    "Materiaux souples",
    "Mecanique électricite électronique",
    "Production",
    "Specialités plurivalentes des services",
    "Echanges et gestion",
    "Communication et information",
    "Services aux personnes",
    "Services a la collectivite",
    "Services",
    "Total secteurs",
)
#: The 95 columns of the real file, with its own spellings, spaces and underscores.
IVAL = [
    "Code établissement",
    "Etablissement",
    "Année",
    "Commune/arrondissement",
    "Code commune/arrondissement",
    "Académie",
    "Département",
    "Secteur Public/Privé",
    *(f"Effectifs présents {name}" for name in _GROUPS),
    "Taux brut de Reussite Specialites pluri technologiques",
    "Taux brut de Reussite Transformations",
    "Taux brut de Reussite Genie civil construction et bois",
    "Taux brut de Reussite Materiaux souples",
    "Taux brut de Reussite Mecanique électricité électronique",
    "Taux Brut de Reussite Production",
    "Taux brut de Réussite Specialités plurivalentes des services",
    "Taux brut de Réussite Echanges et gestion",
    "Taux brut de Réussite Communication et information",
    "Taux_brut_de_Reussite_Services_aux_personnes",
    "Taux brut de Réussite Services à la collectivité",
    "Taux Brut de Réussite Services",
    "Taux Brut de Réussite Total secteurs",
    "Taux de Réussite Attendu France Spécialités pluri technologiques",
    "Taux de Réussite Attendu France Transformations",
    "Taux de Réussite Attendu France Génie civil construction et bois",
    "Taux de Réussite Attendu France Matériaux souples",
    "Taux de Réussite Attendu France Mecanique électricite électronique",
    "Taux de Réussite Attendu France Spécialites plurivalentes des services",
    "Taux de Réussite Attendu France Echanges et gestion",
    "Taux de Réussite Attendu France Communication et information",
    "Taux de Réussite Attendu France Services aux personnes",
    "Taux de Réussite Attendu France Services à la collectivité",
    "Taux Reussite Attendu Acad Production",
    "Taux Réussite Attendu Acad Services",
    "Taux Réussite Attendu Acad Total secteurs",
    "Taux Reussite Attendu France Production",
    "Taux Réussite Attendu France Services",
    "Taux Réussite Attendu France",
    *(
        f"Pourcentage Bacheliers sortants {who} {where}"
        for where in ("Etab", "Acad", "France")
        for who in ("2de 1re Terminale", "Terminale")
    ),
    "Effectif de seconde",
    "Effectif de première",
    "Effectif de terminale",
    "Taux accès Brut seconde BAC",
    "Taux accès Attendu Acad seconde BAC",
    "Taux accès Attendu France seconde BAC",
    "Taux accès Brut première BAC",
    "Taux accès Attendu Acad première BAC",
    "Taux accès Attendu France première BAC",
    "Taux accès Brut terminale BAC",
    "Taux accès Attendu France terminale BAC",
    *(
        f"Taux_brut_de_mentions_{name}"
        for name in (
            "Specialites_pluri_technologiques",
            "Transformations",
            "Genie_civil__construction_et_bois",
            "Materiaux_souples",
            "Mecanique__electricite__electronique",
            "Specialites_plurivalentes_des_services",
            "Echanges_et_gestion",
            "Communication_et_information",
            "Services_aux_personnes",
            "Services_a_la_collectivite",
        )
    ),
    "Taux_Brut_de_mentions_Production",
    "Taux_Brut_de_mentions_Services",
    "Taux_Brut_de_mentions_Total_secteurs",
    *(
        f"Taux_de_mentions_Attendu_{name}"
        for name in (
            "Specialites_pluri_technologiques",
            "Transformations",
            "Genie_civil__construction_et_bois",
            "Materiaux_souples",
            "Mecanique__electricite__electronique",
            "Specialites_plurivalentes_des_services",
            "Echanges_et_gestion",
            "Communication_et_information",
            "Services_aux_personnes",
            "Services_a_la_collectivite",
        )
    ),
    "Taux_mentions_Attendu_Production",
    "Taux_mentions_Attendu_Services",
    "Taux_mentions_Attendu_Tous_secteurs",
    "libellé région",
    "code région",
]


def plain(text: str) -> str:
    """Return capitals without accents, as the exam files spell names: ``ORLEANS-TOURS``."""
    letters = unicodedata.normalize("NFD", text.upper())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def write_bac(rows: dict[int, pd.DataFrame], sessions: list[int], folder: Path) -> Path:
    """Write ``fr-en-baccalaureat-par-academie.csv``: one row per sex and status, to be added."""
    table = pd.concat([rows[s - 1].assign(session=s) for s in sessions], ignore_index=True)
    table = table[(table["diplome"] == "bacpro") & (table["terminale"] > 0)]
    keys = ["session", "academie", "voie", "cfd_sortie", "libelle"]
    sums = table.groupby(keys, as_index=False)[["terminale", "diplomes"]].sum()
    # Girls: 10 to 75 % by NSF group and order, the same every year.
    girls = 0.10 + 0.65 * (sums["cfd_sortie"].str[3:].astype(int) * 31 % 97 / 97)
    frames = []
    for sexe, share in (("FILLES", girls), ("GARCONS", None)):
        part = sums.assign(sexe=sexe)
        for name in ("terminale", "diplomes"):
            some = np.floor(sums[name] * girls)
            part[name] = some if share is not None else sums[name] - some
        part["diplomes"] = part[["diplomes", "terminale"]].min(axis=1)
        frames.append(part[part["terminale"] > 0])
    out = _bac_rows(pd.concat(frames, ignore_index=True))
    path = folder / "fr-en-baccalaureat-par-academie.csv"
    out.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    return path


def _bac_rows(table: pd.DataFrame) -> pd.DataFrame:
    production = table["cfd_sortie"].str[3] == "2"
    status = {"scolaire": "SCOLAIRE", "apprentissage": "APPRENTISSAGE"}
    out = pd.DataFrame({"session": table["session"], "academie": table["academie"].map(plain)})
    out["sexe"], out["statut_du_candidat"] = table["sexe"], table["voie"].map(status)
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
    return out[BAC].sort_values(BAC[:7], ignore_index=True)


def write_ival(rows: dict[int, pd.DataFrame], sessions: list[int], folder: Path) -> Path:
    """Write the results of lycées professionnels: presents, success, access, per session."""
    frames = []
    for session in sessions:
        table = rows[session - 1]
        here = (table["diplome"] == "bacpro") & (table["voie"] == "scolaire")
        frames.append(_ival_rows(table[here & (table["terminale"] > 0)], session))
    name = "fr-en-indicateurs-de-resultat-des-lycees-denseignement-professionnels.csv"
    out = pd.concat(frames, ignore_index=True).reindex(columns=IVAL, fill_value="")
    out.to_csv(folder / name, sep=";", index=False, encoding="utf-8", lineterminator="\r\n")
    return folder / name


def _ival_rows(table: pd.DataFrame, session: int) -> pd.DataFrame:
    production = table["cfd_sortie"].str[3] == "2"
    names = ["etablissement", "academie", "departement", "code_region"]
    names += ["commune", "code_commune"]
    sites = table.groupby("uai")[names].first()
    total = table.groupby("uai")[["terminale", "diplomes", "entrants"]].sum()
    out = pd.DataFrame({"Code établissement": sites.index}, index=sites.index)
    out["Etablissement"], out["Année"] = sites["etablissement"].map(plain), session
    out["Commune/arrondissement"] = sites["commune"].map(plain)
    out["Code commune/arrondissement"] = sites["code_commune"]
    out["Académie"] = sites["academie"].map(plain)
    out["Département"] = sites["departement"].map(plain)
    out["Secteur Public/Privé"] = "PU"
    national = round(100 * table["diplomes"].sum() / table["terminale"].sum())
    sums = {"Production": production, "Services": ~production}
    rates = {"Production": "Taux Brut de Reussite Production"}
    rates["Services"] = "Taux Brut de Réussite Services"
    for sector, here in sums.items():
        part = table[here].groupby("uai")[["terminale", "diplomes"]].sum().reindex(sites.index)
        out[f"Effectifs présents {sector}"] = _text(part["terminale"])
        out[rates[sector]] = _text(100 * part["diplomes"] / part["terminale"])
    out["Effectifs présents Total secteurs"] = _text(total["terminale"])
    out["Taux Brut de Réussite Total secteurs"] = _text(
        100 * total["diplomes"] / total["terminale"]
    )
    out["Taux Réussite Attendu France"] = national
    out["Effectif de seconde"] = out["Effectif de première"] = _text(total["entrants"])
    out["Effectif de terminale"] = _text(total["terminale"])
    out["libellé région"] = sites["code_region"].map(REGIONS).str.replace(" ", "-")
    out["code région"] = sites["code_region"]
    return out


def _text(values: pd.Series) -> pd.Series:
    whole = np.floor(values + 0.5)
    return whole.astype("Int64").astype(str).where(values.notna(), "")
