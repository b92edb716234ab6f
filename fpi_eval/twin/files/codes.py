"""Write the nomenclatures: courses by year of study, diplomas and their genealogy, geography."""

from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.twin.courses import DIPLOMES, FAMILLES, mefstat11
from fpi_eval.twin.courses import courses as all_courses
from fpi_eval.twin.files.file_headers import columns
from fpi_eval.twin.geography import departements

NMEF = columns(
    "MEF;DISPOSITIF_FORMATION;FORMATION_DIPLOME;DUREE_DISPOSITIF;ANNEE_DISPOSITIF;LIBELLE_COURT;"
    "LIBELLE_LONG;DATE_OUVERTURE;DATE_FERMETURE;STATUT_MEF;NB_OPTION_OBLIGATOIRE;"
    "NB_OPTION_FACULTATIF;RENFORCEMENT_LANGUE;DUREE_PROJET;DUREE_STAGE;HORAIRE;"
    "MEF_INSCRIPTION_SCOLARITE;MEF_STAT_11;MEF_STAT_9;DATE_INTERVENTION;LIBELLE_EDITION;"
    "N_COMMENTAIRE"
)
DIPLOME = columns(
    "FORMATION_DIPLOME;NIVEAU_FORMATION_DIPLOME;GROUPE_SPECIALITE;LETTRE_SPECIALITE;ANCIEN_RECME;"
    "LIBELLE_COURT;LIBELLE_STAT_33;LIBELLE_LONG_200;DATE_OUVERTURE;DATE_FERMETURE;"
    + "".join(f"ANCIEN_DIPLOME_{k};" for k in range(1, 8))
    + "".join(f"NOUVEAU_DIPLOME_{k};" for k in range(1, 8))
    + "UNITE_CAPITALISABLE;DATE_PREMIERE_SESSION;DATE_DERNIERE_SESSION;DATE_ARRETE_CREATION;"
    "DATE_ARRETE_ABROGATION;"
    + "".join(f"DATE_ARRETE_MODIFICATION_{k};" for k in range(1, 11))
    + "COMMENTAIRE;NATURE_FORMATION_DIPLOME;GESTIONNAIRE_FORMATION_DIPLOME;DATE_INTERVENTION;"
    "NB_MEF_OUVERT;NB_MEF_FERME;ID_DOCUMENT;CITE_DOMAINE_FORMATION;DATE_SESSION_RATTRAPAGE;"
    "OBSERVATION;N_COMMENTAIRE;CITE_DOMAINE_DETAILLE;NIVEAU_QUALIFICATION_RNCP"
)
FAMILLE_METIERS = columns(
    "FAMILLE;SPECIALITE;MEFSTAT11_COMMUN;CFD_COMMUN;MEFSTAT11_SPECIALITE;CFD_SPECIALITE;"
    "CODE_MINISTERE_TUTELLE"
)
OPTIONS_BTS = columns(
    "CFD_COMMUN;FAMILLE;CFD_SPECIALITE;SPECIALITE;RS CFDannee1;Date ouverture CFDannee1;"
    "Date fermeture CFDannee1;RS CFDannee2;Date ouverture CFDannee2;Date fermeture CFDannee2;"
    "CODE_MINISTERE_TUTELLE"
)
NIVEAU = columns(
    "NIVEAU_FORMATION_DIPLOME;NIVEAU_INTERMINISTERIEL;LIBELLE_COURT;LIBELLE_100;ANCIEN_NIVEAU;"
    "DATE_OUVERTURE;DATE_FERMETURE;DATE_INTERVENTION;N_COMMENTAIRE;NIVEAU_QUALIFICATION_RNCP"
)
GROUPE = columns(
    "GROUPE_SPECIALITE;DOMAINE_SPECIALITE;LIBELLE_COURT;LIBELLE_LONG;LIBELLE_STAT_33;"
    "DATE_OUVERTURE;DATE_FERMETURE;DATE_INTERVENTION;LIBELLE_EDITION;N_COMMENTAIRE"
)
GEOGRAPHIE = columns(
    "libelleRegion;codeAcademie;codeRegion;codeDepartement;libelleAcademie;libelleDepartement"
)


RNCP = {"mc": "03", "cap": "03", "bacpro": "04", "bts": "05"}


def diplomas() -> pd.DataFrame:
    """Return one row per CFD ever used: dates, predecessor, successor, course it belongs to."""
    courses = all_courses()
    renovated = courses["cfd_nouveau"].notna()
    old = courses.assign(ouverture=2010, fermeture=courses["rentree_renovation"] + 1)
    old["ancien"], old["nouveau"] = None, courses["cfd_nouveau"]
    new = courses[renovated].assign(ouverture=courses["rentree_renovation"], fermeture=np.nan)
    new["ancien"], new["nouveau"], new["cfd"] = new["cfd"], None, new["cfd_nouveau"]
    frames = [old, new]
    for letter in ("a", "b"):
        split = courses[courses[f"option_{letter}"].notna()].copy()
        split["cfd"] = split[f"option_{letter}"]
        split["libelle"] += f" option {letter.upper()}"
        frames.append(split.assign(ouverture=2015, fermeture=np.nan, ancien=None, nouveau=None))
    common = courses.dropna(subset=["cfd_commun"]).drop_duplicates("cfd_commun").copy()
    common["cfd"] = common["cfd_commun"]
    common["libelle"] = "2NDE COMMUNE " + common["famille_metiers"].str.strip()
    frames.append(common.assign(ouverture=2019, fermeture=np.nan, ancien=None, nouveau=None))
    table = pd.concat(frames, ignore_index=True)
    return table.drop_duplicates("cfd", ignore_index=True)


def simulated_codes() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return places, NSF groups and diplomas of the simulated files, as their readers give them.

    Regions, académies and départements are the real ones; so are the codes of NSF groups.
    """
    groups = pd.DataFrame(
        {"groupe_nsf": f.nsf, "libelle": f.label} for f in FAMILLES
    ).drop_duplicates("groupe_nsf")
    found = diplomas()[["cfd", "libelle"]].assign(groupe_nsf=lambda t: t["cfd"].str[3:6])
    return departements(), groups, found


def write_codes(cells: pd.DataFrame, folder: Path) -> list[Path]:
    """Write ``nomenclatures/`` and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "nMef.csv": (_mef(), "utf-8-sig"),
        "nFormationDiplome_.csv": (_formation_diplome(), "cp1252"),
        "familleMetiers.csv": (_famille_metiers(), "utf-8-sig"),
        "optionsBTS.csv": (_options_bts(), "utf-8-sig"),
        "nNiveauFormationDiplome_.csv": (_niveaux(), "utf-8"),
        "n_groupe_specialite_.csv": (_groupes(), "utf-8-sig"),
        "departements_academies_regions.csv": (_geographie(), "utf-8-sig"),
        "uai_changements.csv": (_mergers(cells), "utf-8"),
    }
    paths = []
    for name, (table, encoding) in tables.items():
        if table.empty:  # no merger in this draw: a file without a row says nothing, and is refused
            continue
        paths.append(folder / name)
        table.to_csv(paths[-1], sep=";", index=False, encoding=encoding, lineterminator="\n")
    return paths


def _blank(columns: list[str], **values) -> pd.DataFrame:
    table = pd.DataFrame(values)
    return table.reindex(columns=columns, fill_value="")


def _date(rentree: pd.Series, day: str) -> pd.Series:
    """Return ``01/09/2021`` for rentrée 2021; blank where unknown."""
    year = rentree.astype("Int64").astype(str)
    return (day + "/" + year).where(rentree.notna(), "")


def _mef() -> pd.DataFrame:
    table = diplomas()
    years = table["annees"].where(~table["cfd"].str.endswith("50"), 1)
    table = table.loc[table.index.repeat(years)].reset_index(drop=True)
    year = table.groupby("cfd").cumcount() + 1
    mef = mefstat11(table["cfd"], table["diplome"], year)
    device = table["diplome"].map({name: spec[5] for name, spec in DIPLOMES.items()})
    short = table["diplome"].map({"mc": "MC", "cap": "CAP", "bacpro": "PRO", "bts": "BTS"})
    short = year.astype(str) + short + table["annees"].astype(str) + " " + table["cfd"].str[3:]
    closing = table["fermeture"] + year - 1
    return _blank(
        NMEF,
        MEF=device + table["cfd"].str[3:] + table["annees"].astype(str) + year.astype(str),
        DISPOSITIF_FORMATION=device,
        FORMATION_DIPLOME=table["cfd"],
        DUREE_DISPOSITIF=table["annees"],
        ANNEE_DISPOSITIF=year,
        LIBELLE_COURT=short,
        LIBELLE_LONG=short.str[:5] + " " + table["libelle"].str.upper(),
        DATE_OUVERTURE=_date(table["ouverture"] + year - 1, "01/09"),
        DATE_FERMETURE=_date(closing, "31/08"),
        STATUT_MEF="3",
        RENFORCEMENT_LANGUE="N",
        HORAIRE="O",
        MEF_INSCRIPTION_SCOLARITE="O",
        MEF_STAT_11=mef,
        MEF_STAT_9=mef.str[:9],
        LIBELLE_EDITION=table["libelle"],
        N_COMMENTAIRE="données simulées",
    )


def _formation_diplome() -> pd.DataFrame:
    table = diplomas()
    return _blank(
        DIPLOME,
        FORMATION_DIPLOME=table["cfd"],
        NIVEAU_FORMATION_DIPLOME=table["cfd"].str[:3],
        GROUPE_SPECIALITE=table["cfd"].str[3:6],
        LETTRE_SPECIALITE="S",
        LIBELLE_COURT=table["diplome"].map({k: v[4] for k, v in DIPLOMES.items()}),
        LIBELLE_STAT_33=table["libelle"].str.upper().str[:33],
        LIBELLE_LONG_200=table["libelle"].str.upper(),
        DATE_OUVERTURE=_date(table["ouverture"], "01/09"),
        DATE_FERMETURE=_date(table["fermeture"], "31/08"),
        ANCIEN_DIPLOME_1=table["ancien"].fillna(""),
        NOUVEAU_DIPLOME_1=table["nouveau"].fillna(""),
        COMMENTAIRE="DIPLÔME SIMULÉ",
        NATURE_FORMATION_DIPLOME="1",
        NIVEAU_QUALIFICATION_RNCP=table["diplome"].map(RNCP),
    )


def _famille_metiers() -> pd.DataFrame:
    table = diplomas()
    common = table["cfd_commun"].notna() & (table["cfd"] != table["cfd_commun"])
    table = table[common].reset_index(drop=True)
    return _blank(
        FAMILLE_METIERS,
        FAMILLE="Métiers : " + table["famille_metiers"].str.strip().str.lower(),
        SPECIALITE=table["libelle"],
        MEFSTAT11_COMMUN=mefstat11(table["cfd_commun"], table["diplome"], 1),
        CFD_COMMUN=table["cfd_commun"],
        MEFSTAT11_SPECIALITE=mefstat11(table["cfd"], table["diplome"], 3),
        CFD_SPECIALITE=table["cfd"],
        CODE_MINISTERE_TUTELLE="06",
    )


def _options_bts() -> pd.DataFrame:
    courses = all_courses()
    years = "|".join(str(year) for year in range(2015, 2032))
    opening = (years, "01/09/2015", "", years, "01/09/2016", "", "38")
    rows = []
    for course in courses[courses["option_a"].notna()].itertuples():
        for letter, cfd in (("A", course.option_a), ("B", course.option_b)):
            rows.append(
                (course.cfd, course.libelle, cfd, f"{course.libelle} option {letter}", *opening)
            )
    return pd.DataFrame(rows, columns=OPTIONS_BTS)


def _niveaux() -> pd.DataFrame:
    types = pd.DataFrame(
        {name: spec[0] for name, spec in DIPLOMES.items()}.items(), columns=["diplome", "niveau"]
    )
    words = types["diplome"].map(
        {
            "mc": "MENTION COMPLEMENTAIRE",
            "bacpro": "BAC PROFESSIONNEL",
            "cap": "CERTIFICAT D'APTITUDE PROFESSIONNELLE",
            "bts": "BREVET DE TECHNICIEN SUPERIEUR",
        }
    )
    return _blank(
        NIVEAU,
        NIVEAU_FORMATION_DIPLOME=types["niveau"],
        LIBELLE_COURT=types["diplome"].str.upper(),
        LIBELLE_100=words,
        NIVEAU_QUALIFICATION_RNCP=types["diplome"].map(RNCP),
    )


def _groupes() -> pd.DataFrame:
    labels: dict[str, str] = {}
    for famille in FAMILLES:
        labels.setdefault(famille.nsf, famille.label)
    codes = pd.Series(list(labels))
    label = pd.Series(list(labels.values()))
    return _blank(
        GROUPE,
        GROUPE_SPECIALITE=codes,
        DOMAINE_SPECIALITE=codes.str[:2],
        LIBELLE_LONG=label.str.upper(),
        LIBELLE_STAT_33=label.str.upper().str[:33],
        LIBELLE_EDITION=label,
    )


def _geographie() -> pd.DataFrame:
    table = departements().sort_values("code_departement", ignore_index=True, kind="stable")
    columns = ("region", "code_academie", "code_region", "code_departement", "academie")
    table = table[[*columns, "departement"]]
    return table.set_axis(GEOGRAPHIE, axis=1)


def _mergers(cells: pd.DataFrame) -> pd.DataFrame:
    gone = cells[cells["rentree_fusion"].notna()].drop_duplicates("uai_ancien")
    table = gone[["uai_ancien", "uai", "rentree_fusion"]]
    table = table.astype({"rentree_fusion": int}).sort_values("uai_ancien", kind="stable")
    return table.set_axis(["ancien_uai", "nouvel_uai", "rentree"], axis=1)
