"""Write jobs in the wide schema of the Urssaf portal, with the communes and sectors they name."""

from pathlib import Path

import pandas as pd

from fpi_eval.twin.files.file_headers import columns
from fpi_eval.twin.geography import departements

#: NA38 → grand secteur, NA17, APE, label (NAF rév. 2, INSEE).
SECTOR = {
    "CA": ("GS1 Industrie", "C1", "1071C", "Industries alimentaires"),
    "CB": ("GS1 Industrie", "C5", "1413Z", "Textile, habillement, cuir"),
    "CC": ("GS1 Industrie", "C5", "1623Z", "Bois, papier, imprimerie"),
    "CE": ("GS1 Industrie", "C5", "2059Z", "Industrie chimique"),
    "CG": ("GS1 Industrie", "C5", "2229B", "Caoutchouc, plastique, minéraux"),
    "CH": ("GS1 Industrie", "C5", "2562B", "Métallurgie et produits métalliques"),
    "CI": ("GS1 Industrie", "C3", "2611Z", "Produits informatiques et électroniques"),
    "CJ": ("GS1 Industrie", "C3", "2712Z", "Équipements électriques"),
    "CK": ("GS1 Industrie", "C3", "2829B", "Machines et équipements"),
    "CL": ("GS1 Industrie", "C4", "3030Z", "Matériels de transport"),
    "CM": ("GS1 Industrie", "C5", "3312Z", "Autres industries, réparation"),
    "DZ": ("GS1 Industrie", "DE", "3511Z", "Électricité, gaz, vapeur"),
    "EZ": ("GS1 Industrie", "DE", "3811Z", "Eau, déchets, dépollution"),
    "FZ": ("GS2 Construction", "FZ", "4321A", "Construction"),
    "GZ": ("GS3 Commerce", "GZ", "4711F", "Commerce"),
    "HZ": ("GS5 Autres services marchands hors intérim", "HZ", "4941A", "Transports"),
    "IZ": ("GS4 Hôtellerie-restauration", "IZ", "5610A", "Hébergement et restauration"),
    "JC": ("GS5 Autres services marchands hors intérim", "JZ", "6201Z", "Informatique"),
    "KZ": ("GS5 Autres services marchands hors intérim", "KZ", "6419Z", "Finance et assurance"),
    "MA": ("GS5 Autres services marchands hors intérim", "MN", "7022Z", "Conseil, ingénierie"),
    "NZ": ("GS5 Autres services marchands hors intérim", "MN", "8121Z", "Services de soutien"),
    "QA": ("GS7 Services non marchands", "OQ", "8610Z", "Santé"),
}
HEAD = columns(
    "region;ancienne_region;departement;zone_d_emploi;epci;commune;intitule_commune;"
    "grand_secteur_d_activite;secteur_na17;secteur_na38;secteur_na88;ape;code_region;"
    "code_ancienne_region;code_departement;code_zone_d_emploi;code_epci;code_commune;code_ape"
)


def write_urssaf(jobs: pd.DataFrame, cells: pd.DataFrame, last: int, folder: Path) -> Path:
    """Write the wide file with years up to ``last``; one simulated commune a zone d'emploi."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = ["zone_emploi", "na38"]
    jobs = jobs[jobs["annee"] <= last]
    firms = jobs.pivot_table(index=keys, columns="annee", values="etablissements")
    people = jobs.pivot_table(index=keys, columns="annee", values="effectifs")
    wide = pd.concat(
        [
            firms.astype(int).add_prefix("nombre_d_etablissements_"),
            people.round().astype(int).add_prefix("effectifs_salaries_"),
        ],
        axis=1,
    ).reset_index()
    places = cells.drop_duplicates("zone_emploi").set_index("zone_emploi")
    place = places.loc[wide["zone_emploi"]].reset_index()
    sector = pd.DataFrame([SECTOR[code] for code in wide["na38"]])
    deps = departements().set_index("code_departement")["departement"]
    out = pd.DataFrame("", index=wide.index, columns=HEAD)
    out["region"], out["code_region"] = place["region"], place["code_region"]
    out["departement"] = place["code_departement"].map(deps)
    out["code_departement"] = place["code_departement"].str[1:]
    out["zone_d_emploi"] = "Zone de " + place["commune"]
    out["code_zone_d_emploi"] = place["zone_emploi"]
    out["commune"] = place["code_commune"] + " " + place["commune"]
    out["intitule_commune"], out["code_commune"] = place["commune"], place["code_commune"]
    out["grand_secteur_d_activite"] = sector[0]
    out["secteur_na17"] = sector[1] + " " + sector[3]
    out["secteur_na38"] = wide["na38"] + " " + sector[3]
    out["secteur_na88"] = sector[2].str[:2] + " " + sector[3]
    out["ape"], out["code_ape"] = sector[2] + " " + sector[3], sector[2]
    out = pd.concat([out, wide.drop(columns=keys)], axis=1)
    path = folder / "etablissements-et-effectifs-salaries-au-niveau-commune-x-ape-last.csv"
    out.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\n")
    return path


COMMUNES = columns("TYPECOM;COM;REG;DEP;CTCD;ARR;TNCC;NCC;NCCENR;LIBELLE;CAN;COMPARENT")
ZONES = columns(
    "CODGEO;LIBGEO;DEP;REG;EPCI;NATURE_EPCI;ARR;CV;ZE2020;UU2020;TUU2017;TDUU2017;AAV2020;"
    "TAAV2017;TDAAV2017;CATEAAV2020;BV2012"
)
#: The two header lines of the INSEE table of NAF sub-classes, and its trailing columns.
NAF_HEAD = (
    "SOUS CLASSE;INTITULE DE LA NAF rév. 2;CLASSE;GROUPE;;DIVISION;;;SECTION;;;;;;;;;;;;;;"
    "NAF rév. 2, 2008 - Niveau 5 - Liste des sous-classes",
    "A 732;;A 615;A 272;A 129;A 88;A 64;A 38;A 21;A 10;;;;;;;;;;;;;",
)
A10 = {"F": "FZ", "G": "GI", "H": "GI", "I": "GI", "J": "JZ", "K": "KZ", "M": "MN", "N": "MN"}


def write_geography(cells: pd.DataFrame, folder: Path) -> list[Path]:
    """Write the simulated communes, with their zone d'emploi."""
    folder.mkdir(parents=True, exist_ok=True)
    places = cells.drop_duplicates("code_commune").sort_values(
        "code_commune", ignore_index=True, kind="stable"
    )
    dep = places["code_departement"].str[1:]
    communes = pd.DataFrame("", index=places.index, columns=COMMUNES)
    communes["TYPECOM"], communes["COM"] = "COM", places["code_commune"]
    communes["REG"], communes["DEP"] = places["code_region"], dep
    communes["NCC"] = places["commune"].str.upper()
    communes["NCCENR"] = communes["LIBELLE"] = places["commune"]
    zones = pd.DataFrame("", index=places.index, columns=ZONES)
    zones["CODGEO"], zones["LIBGEO"] = places["code_commune"], places["commune"]
    zones["DEP"], zones["REG"], zones["ZE2020"] = dep, places["code_region"], places["zone_emploi"]
    paths = [folder / "communes.csv", folder / "table_supracom_2020.csv"]
    for table, path, end in zip((communes, zones), paths, ("\r\n", "\n"), strict=True):
        table.to_csv(path, index=False, encoding="utf-8", lineterminator=end)
    return paths


def write_naf(folder: Path) -> Path:
    """Write the NAF sub-classes of the simulated sectors with their aggregations."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = list(NAF_HEAD)
    for a38, (_, _, ape, label) in sorted(SECTOR.items(), key=lambda item: item[1][2]):
        code, section = f"{ape[:2]}.{ape[2:]}", a38[0]
        a10 = A10.get(section, "BE" if section in "BCDE" else "OQ")
        row = [code, label, code[:5], code[:4], "", ape[:2], "", a38, section, a10]
        lines.append(";".join(row) + ";" * 13 + code)
    path = folder / "table_NAF2-NA.csv"
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("cp1252"))
    return path
