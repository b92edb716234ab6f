"""Tiny invented files in the formats of the real sources, and what each must be read as.

`numbers` is a second, independent reading: the csv module, cell by cell, by position. Tests hold
the readers to it on files that were damaged in every way.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.sources.affelnet import read_affelnet
from fpi_eval.sources.constat import read_constat
from fpi_eval.sources.dares import read_tensions
from fpi_eval.sources.inserjeunes_cfa import read_inserjeunes_cfa
from fpi_eval.sources.inserjeunes_etablissement import (
    read_inserjeunes_apprentissage,
    read_inserjeunes_etablissement,
)
from fpi_eval.sources.inserjeunes_formation_fine import read_inserjeunes_formation_fine
from fpi_eval.sources.inserjeunes_region import read_inserjeunes_region
from fpi_eval.sources.insersup import read_insersup
from fpi_eval.sources.nomenclatures import read_nomenclature
from fpi_eval.sources.parcoursup import read_parcoursup
from fpi_eval.sources.parcoursup_apprentissage import read_parcoursup_apprentissage
from fpi_eval.sources.parcoursup_bts import read_parcoursup_bts
from fpi_eval.sources.reading.reading import Reading
from fpi_eval.sources.resultats_bac import read_resultats_bac
from fpi_eval.sources.uai_changes import read_uai_changes

BLANK = {"", "nd", "nc", "ns", "n.d.", "n.c.", "-", "NA", "null", "None", "ND", "NC", "NS"}
PLAIN = re.compile(r"[+-]?(\d{1,3}([ \u00a0\u202f]\d{3})+|\d+)([.,]\d+)?")


class Unreadable(Exception):
    """The text says nothing that is a number, or is no table."""


@dataclass(frozen=True)
class Small:
    """A small file: its text, its reader, and where the numbers and codes of interest stand.

    `numbers` maps the tidy name to the column's position and the unit to divide by; `codes` maps
    it to the position. `needed` are positions without which the file must be refused. `keyed`
    says whether a repeated row must be refused, `missing` the codes that stand for missing, by
    column; `texts` and `dates` are read too where a shape names them.
    """

    name: str
    fichier: str
    text: str
    read: Callable[[Path], Reading]
    numbers: dict[str, tuple[int, int]]
    codes: dict[str, int]
    needed: tuple[int, ...]
    keyed: bool = True
    ordered: bool = False
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    dates: dict[str, int] = field(default_factory=dict)
    keep: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table

    @property
    def header(self) -> str:
        """First line of the text."""
        return self.text.partition("\n")[0]

    @property
    def cells(self) -> list[list[str]]:
        """Header and rows as the csv module reads them."""
        return list(csv.reader(io.StringIO(self.text), delimiter=";"))


def write(cells: list[list[str]], separator: str = ";", end: str = "\n") -> str:
    """Return the text of a table, quoted where it must be."""
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end).writerows(cells)
    return out.getvalue()


def put(folder: Path, small: Small, text: str | None = None) -> Path:
    """Write a small file, its own text or another, and return its path."""
    path = folder / small.fichier
    path.write_text(text or small.text, encoding="utf-8")
    return path


def number(cell: str, unit: int, missing: tuple[str, ...] = ()) -> float:
    """Return what a cell says as a number."""
    plain = cell.strip()
    if plain in BLANK or plain in missing:
        return float("nan")
    if unit == 100:
        plain = re.sub(r"[ \u00a0\u202f]?%$", "", plain)
    if not PLAIN.fullmatch(plain):
        raise Unreadable(cell)
    value = float(re.sub(r"[ \u00a0\u202f]", "", plain).replace(",", "."))
    if any(PLAIN.fullmatch(code) and value == float(code) for code in missing):
        return float("nan")
    return value / unit


def code(cell: str, missing: tuple[str, ...] = ()) -> str | None:
    """Return what a cell says as a code."""
    return None if cell.strip() in BLANK or cell.strip() in missing else cell.strip()


def date(cell: str) -> datetime | None:
    """Return what a cell says as a day."""
    if cell.strip() in BLANK:
        return None
    for written in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(cell.strip(), written)
        except ValueError:
            continue
    raise Unreadable(cell)


def said(small: Small, content: bytes, separator: str = ";") -> pd.DataFrame:
    """Return the numbers and codes that the bytes say, read by position, cell by cell."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError as error:
            raise Unreadable from error
    try:
        rows = [r for r in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if r]
    except csv.Error as error:
        raise Unreadable from error
    width = len(small.cells[0])
    if not rows or any(len(row) != width for row in rows):
        raise Unreadable
    body = rows[1:]
    columns = {
        name: [number(row[i], unit, small.missing.get(name, ())) for row in body]
        for name, (i, unit) in small.numbers.items()
    }
    columns |= {
        name: [code(row[i], small.missing.get(name, ())) for row in body]
        for name, i in small.codes.items()
    }
    columns |= {name: [r[i].strip() or None for r in body] for name, i in small.texts.items()}
    columns |= {name: [date(row[i]) for row in body] for name, i in small.dates.items()}
    return small.keep(pd.DataFrame(columns)).reset_index(drop=True)


def same(table: pd.DataFrame, wanted: pd.DataFrame) -> bool:
    """Whether every number and code of interest is the wanted one."""
    if len(table) != len(wanted):
        return False
    for name in wanted.columns:
        got, want = table[name], wanted[name]
        if want.dtype.kind in "fi":
            if not np.array_equal(got.astype(float), want.astype(float), equal_nan=True):
                return False
        elif words(got) != words(want):
            return False
    return True


def words(values: pd.Series) -> list[str | None]:
    return [None if pd.isna(value) else str(value) for value in values]


AFFELNET = Small(
    "affelnet", "attractivite_capacite_2022.csv",
    "Etablissement d'accueil;MEF STAT 11;Voeu de recensement O/N;Statut Offre de formation;"
    "Capacité carte scolaire;Demandes vœux 1;Famille de métiers;nb_apparitions_uai_mefstat;"
    "mef_stat_terminale\n"
    "0010001W;23210023446;N;ST;15;6;;1;\n"
    "0010001W;23820025007;N;ST;12;14;PILOTAGE ET MAINTENANCE;1;23830025007\n"
    "0010006B;23210031214;N;ST;999;;;1;\n"
    "0690016T;23210025439;O;ST;24;31;;1;\n"
    "0690016T;23820025007;N;ST;1 000;140;;2;23830025007\n",
    lambda path: read_affelnet(path, 2022),
    {"places": (4, 1), "voeux_1": (5, 1)},
    {"uai": 0, "mefstat11": 1, "statut": 3, "voeu": 2},
    (0, 1, 2, 3, 4), keyed=False,
    keep=lambda t: t[(t["statut"] == "ST") & (t["voeu"] == "N")].drop(columns=["statut", "voeu"])
    .assign(places=lambda t: t["places"].where(t["places"].between(5, 500))),
)  # fmt: skip

_IJ = (
    "id;millesime;code_region_ij;code_region;voie;cfd;mefstat11;nb_annee_term;"
    "nb_en_emploi_12_mois;nb_en_emploi_18_mois;nb_en_emploi_24_mois;nb_en_emploi_6_mois;"
    "nb_poursuite_etudes;nb_sortant;taux_emploi_12_mois;taux_emploi_18_mois;taux_emploi_24_mois;"
    "taux_emploi_6_mois;taux_poursuite_etudes\n"
)
REGION = Small(
    "inserjeunes_region", "ij_region_data.csv",
    _IJ + "2020_2021_01_scolaire_23830025007;2020_2021;01;84;scolaire;;23830025007;120;31;33;34;28;"
    "70;50;62;66;68;56;58\n"
    "2021_2022_01_scolaire_23830025007;2021_2022;01;84;scolaire;;23830025007;131;40;;;38;71;60;67;"
    ";;63;54\n"
    "2021_2022_01_scolaire_23220023446;2021_2022;01;84;scolaire;;23220023446;14;3;;;2;5;9;;;;;\n"
    "2021_2022_01_apprentissage_32025520;2021_2022;01;84;apprentissage;32025520;;88;45;;;44;36;52;"
    "87;;;85;41\n"
    "2021_2022_10_scolaire_23830025007;2021_2022;10;11;scolaire;;23830025007;3;;;;;;;;;;;\n",
    read_inserjeunes_region,
    {"terminale": (7, 1), "en_emploi_12_mois": (8, 1), "en_emploi_6_mois": (11, 1),
     "poursuite": (12, 1), "sortants": (13, 1), "taux_emploi_12_mois": (14, 100),
     "taux_emploi_6_mois": (17, 100), "taux_poursuite": (18, 100)},
    {"millesime": 1, "code_region": 3, "voie": 4, "cfd": 5, "mefstat11": 6},
    (1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18),
)  # fmt: skip

_RATES = {"taux_emploi_6_mois": (5, 100), "taux_emploi_6_mois_attendu": (6, 100),
          "valeur_ajoutee": (7, 100)}  # fmt: skip
UNNAMED = Small(
    "inserjeunes_2018_2019", "depp-2022-etablissements-2018_2019-apprentissage.csv",
    '"n°UAI de l\'établissement";"Libellé de l\'établissement";"Région";;;"Taux";"Taux attendu";'
    '"Valeur ajoutée";;;\n'
    '"0010826T";"CFA du CECOF";"AUVERGNE-RHONE-ALPES";41;38;67;63;4;68;69;71\n'
    '"0010856A";"AFPMA; Péronnas";"AUVERGNE-RHONE-ALPES";26;34;76;78;-1;79;80;83\n'
    '"0030059Y";"CFA";"AUVERGNE-RHONE-ALPES";;;;;;;;\n',
    lambda path: read_inserjeunes_apprentissage(path, "2018_2019"),
    {"part_interruption": (3, 100), "taux_poursuite": (4, 100), **_RATES,
     "taux_emploi_12_mois": (8, 100), "taux_emploi_24_mois": (10, 100)},
    {"uai": 0}, tuple(range(11)), ordered=True,
)  # fmt: skip
LYCEES = Small(
    "inserjeunes_2021_2022", "depp-2022-etablissements-2021_2022-pro.csv",
    "n°UAI de l'établissement;Libellé de l'établissement;Région;Dont apprentis en EPLE;"
    "Taux de poursuite d'études;Taux;Taux attendu;Valeur ajoutée;Part en poursuite d'études;"
    "Part en emploi 6 mois après la sortie;Part des autres situations\n"
    "0010001W;Lycée Alexandre Bérard;AUVERGNE-RHONE-ALPES;ensemble;57;54;45;9;57;23;20\n"
    "0010006B;Lycée Saint-Exupéry;AUVERGNE-RHONE-ALPES;dont apprentis;23;67;67;0;23;52;25\n"
    "0010006B;Lycée Saint-Exupéry;AUVERGNE-RHONE-ALPES;ensemble;nd;nd;nd;nd;nd;nd;nd\n",
    lambda path: read_inserjeunes_etablissement(path, "2021_2022"),
    {"taux_poursuite": (4, 100), **_RATES, "part_poursuite": (8, 100),
     "part_emploi_6_mois": (9, 100), "part_autre": (10, 100)},
    {"uai": 0}, (0, 1, 2, 3, 4, 5, 6, 7),
)  # fmt: skip
CFA = Small(
    "inserjeunes_cfa", "fr-en-inserjeunes-cfa.csv",
    "Année;UAI;Libellé;Région;DEVENIR Part poursuite études;DEVENIR Part en emploi 6 mois;"
    "DEVENIR Part autre situation 6 mois;Part contrats apprentissage interrompus;"
    "Taux poursuite études;Taux emploi 6 mois;Taux emploi 6 mois attendu;VA emploi 6 mois;"
    "Taux emploi 12 mois;Taux emploi 18 mois;Taux emploi 24 mois;num_ligne\n"
    "cumul 2021-2022;0932492D;CFA du Cycle;ILE-DE-FRANCE;21.0;54.0;25.0;;21.0;68.0;70.0;-2.0;77.0;"
    ";;1.0\n"
    "cumul 2022-2023;0932492D;CFA du Cycle;ILE-DE-FRANCE;;;;;;;;;;;;2.0\n",
    read_inserjeunes_cfa,
    {"part_poursuite": (4, 100), "part_emploi_6_mois": (5, 100), "part_autre": (6, 100),
     "taux_poursuite": (8, 100), "taux_emploi_6_mois": (9, 100),
     "taux_emploi_6_mois_attendu": (10, 100), "valeur_ajoutee": (11, 100),
     "taux_emploi_12_mois": (12, 100)},
    {"uai": 1}, (0, 1, 2, 3, 8, 9, 10, 11),
)  # fmt: skip
BTS = Small(
    "parcoursup_bts", "BTS_attractivite_capacite_2023.csv",
    "UAI;LIBELLÉFORMATION;MEFSTAT11_old;NB_VOEUX_CONFIRMES;STATUT;CAPACITEPSUP;CFD;CFD rectifié;"
    "Rectif;MEFSTAT11;nb_apparitions\n"
    "0010001W;BTS - Production - Fluide, énergie, domotique;32211022709;164;Scolaire;17;32022709;"
    "32022709;FAUX;32211022709;1\n"
    "0010006B;BTS - Production - Electrotechnique - en apprentissage;32211025520;60;Apprentissage;"
    "12;32025520;32025520;FAUX;32211025520;1\n"
    "0381629P;BTS - Services - Diététique - Entièrement en distanciel;32211033103;1188;Scolaire;"
    "3400;32033103;32033103;FAUX;32211033103;1\n"
    "0300077W;BTS - Services - Gestion de la PME - en apprentissage;32211031409;21;Apprentissage;0;"
    "32031409;32031409;FAUX;32211031409;1\n",
    lambda path: read_parcoursup_bts(path, 2023),
    {"voeux": (3, 1), "places": (5, 1)},
    {"uai": 0, "cfd": 7, "mefstat11": 9}, (0, 1, 3, 4, 5, 9), keyed=False,
    missing={"places": ("0", "999")},
)  # fmt: skip
PARCOURSUP = Small(
    "parcoursup", "fr-esr-parcoursup.csv",
    "session;contrat_etab;cod_uai;g_ea_lib_vx;dep;dep_lib;region_etab_aff;acad_mies;ville_etab;"
    "lib_for_voe_ins;select_form;fili;lib_comp_voe_ins;form_lib_voe_acc;fil_lib_voe_acc;"
    "detail_forma;capa_fin;voe_tot;voe_tot_f;prop_tot;acc_tot;acc_tot_f;cod_aff_form;"
    "lien_form_psup\n"
    "2024;Public;0740006E;Lycée Lachenal;74;Haute-Savoie;Auvergne-Rhône-Alpes;Grenoble;Epagny;"
    "BTS - CPI;formation sélective;BTS;BTS;BTS - Production;Conception;;15;184;9;71;14;2;8860;"
    "https://psup.example/?g_ta_cod=8860\n"
    "2024;Public;identifiant obsolète;CNED;38;Isère;Auvergne-Rhône-Alpes;Grenoble;Grenoble;BTS - "
    "SN;formation sélective;BTS;BTS;BTS - Production;Systèmes numériques;;999;339;20;106;23;1;"
    "7856;\n"
    "2025;Public;0740006E;Lycée Lachenal;2A;Haute-Savoie;Auvergne-Rhône-Alpes;Grenoble;Epagny;"
    "BTS - CPI;formation sélective;BTS;BTS;BTS - Production;Conception;;24;190;12;80;24;3;8860;\n",
    read_parcoursup,
    {"rentree": (0, 1), "places": (16, 1), "candidats": (17, 1), "admis": (20, 1),
     "admis_f": (21, 1)},
    {"cod_aff_form": 22, "lien": 23},
    (0, 2, 3, 4, 7, 11, 13, 14, 15, 16, 17, 20, 21), missing={"places": ("0", "999")},
    keep=lambda t: t.assign(cod_aff_form=t["cod_aff_form"].fillna(
        t["lien"].astype("str").str.extract(r"g_ta_cod=(\d+)", expand=False)))
    .drop(columns="lien"),
)  # fmt: skip
MEFS = Small(
    "mef", "nMef.csv",
    "MEF;DISPOSITIF_FORMATION;FORMATION_DIPLOME;DUREE_DISPOSITIF;ANNEE_DISPOSITIF;LIBELLE_LONG;"
    "DATE_OUVERTURE;DATE_FERMETURE;MEF_STAT_11\n"
    "2472500731;247;40025007;3;1;2NDPRO MAINTENANCE;01/09/2005;31/08/2021;23810025007\n"
    "2472500733;247;40025007;3;3;TLEPRO MAINTENANCE;01/09/2005;31/08/2023;23830025007\n"
    "2472501231;247;40025012;3;1;2NDPRO M.S.P.C.;01/09/2021;;23810025012\n",
    lambda path: read_nomenclature(path, "mef"),
    {"duree": (3, 1), "annee": (4, 1)},
    {"mef": 0, "dispositif": 1, "cfd": 2, "mefstat11": 8}, tuple(range(9)),
)  # fmt: skip
CONSTAT = Small(
    "constat", "constat_2020.csv",
    "Rentrée scolaire;UAI;Mef Bcp 11;Nombre d'élèves : Total\n"
    "2020;0750419Y;23210031122;32\n"
    "2020;0750419Y;23210031123;28\n"
    "2020;0010001W;32211022207;83\n",
    lambda path: read_constat(path, 2020),
    {"rentree": (0, 1), "effectif": (3, 1)}, {"uai": 1, "mefstat11": 2}, (1, 2, 3),
)  # fmt: skip
BAC = Small(
    "resultats_bac", "fr-en-baccalaureat-par-academie.csv",
    "session;academie;sexe;statut_du_candidat;voie;serie;diplome_specialite;nombre_d_inscrits;"
    "nombre_de_presents;nombre_d_admis_au_1er_groupe;nombre_de_refuses_au_1er_groupe;"
    "nombre_d_ajournes_passant_les_epreuves_du_2nd_groupe;"
    "nombre_d_admis_a_l_issue_du_2nd_groupe;nombre_de_refuses_a_l_issue_du_2nd_groupe;"
    "nombre_d_admis_totaux;nombre_d_admis_avec_mention_tb_avec_les_felicitations_du_jury;"
    "nombre_d_admis_avec_mention_tb_sans_les_felicitations_du_jury;"
    "nombre_d_admis_avec_mention_b;nombre_d_admis_avec_mention_ab;nombre_d_admis_sans_mention;"
    "nombre_de_refuses_totaux\n"
    "2021;LYON;FILLES;APPRENTISSAGE;BAC PROFESSIONNEL;BAC PRO PROD;BAC PRO 22106 CUISINE;13.0;"
    "12.0;8.0;3.0;1.0;0.0;1.0;8.0;0.0;0.0;2.0;3.0;3.0;4.0\n"
    "2021;LYON;GARCONS;SCOLAIRE;BAC PROFESSIONNEL;BAC PRO PROD;BACPRO 25106 USINAGE;31;30;25;3;2;"
    "1;1;26;0;1;2;3;20;4\n"
    "2021;LYON;FILLES;SCOLAIRE;BAC GENERAL;GENERAL;ENSEMBLE;900;890;800;40;50;30;20;830;10;90;"
    "200;250;280;60\n",
    read_resultats_bac,
    {"session": (0, 1), "inscrits": (7, 1), "presents": (8, 1), "admis": (14, 1)},
    {"sexe": 2, "voie_bac": 4}, (0, 1, 2, 3, 4, 5, 6, 7, 8, 14),
    keep=lambda t: t[t["voie_bac"] == "BAC PROFESSIONNEL"].drop(columns="voie_bac")
    .assign(sexe=lambda t: t["sexe"].str.lower()),
)  # fmt: skip
TENSIONS = Small(
    "tensions", "tensions.csv",
    "fap;Emploi moyen;Tension ;Catégorie Tension;Intensité d'embauches;Lien formation-emploi;"
    "Manque de main-d'œuvre disponible;Non-durabilité de l'emploi;"
    "Conditions de travail contraignantes;Inadéquation géographique;Année;niveau_geo;niveau_fap;"
    "reg;dep\n"
    "A0Z40;63100;-0.006062928049646171;3.0;5.0;3.0;2.0;5.0;4.0;5.0;2019;nat;fap 225;;\n"
    "A0Z40;4100;0.5;4.0;5.0;3.0;2.0;5.0;4.0;5.0;2019;reg;fap 225;84.0;\n"
    "A0Z41;40400;0,1877;4.0;4.0;4.0;2.0;4.0;5.0;;2019;dep;fap 225;84.0;01\n",
    read_tensions,
    {"emploi_moyen": (1, 1), "tension": (2, 1), "categorie_tension": (3, 1), "annee": (10, 1)},
    {"fap": 0, "niveau_geo": 11, "niveau_fap": 12}, tuple(range(15)),
)  # fmt: skip
FINE = Small(
    "inserjeunes_formation_fine", "formation_fine.csv",
    "Année;UAI;Libellé;Région;Type diplome;Code formation mefstat11;Libellé formation;DEVENIR Part "
    "poursuite études;DEVENIR Part en emploi 6 mois;DEVENIR Part autre situation 6 mois;Taux "
    "poursuite études;Taux emploi 6 mois;Taux emploi 12 mois;Taux emploi 18 mois;Taux emploi 24 "
    "mois\n"
    "cumul 2022-2023;0010001W;LP A;AUVERGNE-RHONE-ALPES;BAC PRO;23830025007;MAINTENANCE;57;23;20;"
    "57;54;60;;\n"
    "cumul 2022-2023;0010006B;LP B;AUVERGNE-RHONE-ALPES;CAP;23220023446;CARRELEUR;;;;;;;;\n"
    "cumul 2021-2022;0010001W;LP A;AUVERGNE-RHONE-ALPES;BAC PRO;23830025007;MAINTENANCE;50,5;30;"
    "19.5;51;60;61;62;63\n",
    read_inserjeunes_formation_fine,
    {"part_poursuite": (7, 100), "part_emploi_6_mois": (8, 100), "part_autre": (9, 100),
     "taux_poursuite": (10, 100), "taux_emploi_6_mois": (11, 100),
     "taux_emploi_12_mois": (12, 100), "taux_emploi_24_mois": (14, 100)},
    {"uai": 1, "mefstat11": 5}, tuple(range(15)),
)  # fmt: skip
APPRENTISSAGE = Small(
    "parcoursup_apprentissage", "fr-esr-parcoursup-apprentissage.csv",
    "Session;cod_aff_form;cod_uai;g_ea_lib_vx;dep;fili;fil_lib_voe_acc;capa_fin;voe_tot;prop_tot;"
    "nb_rech_con;nb_ref_classe;nb_ref_place\n"
    "2025;26600;0690016T;CFA Y;69;BTS;MS;24;112;60;31;4;0\n"
    "2025;26601;identifiant obsolète;CFA Z;2A;BTS;MS;999;12;0;12;0;0\n"
    "2024;26600;0690016T;CFA Y;69;BTS;MS;0;90;40;21;;\n",
    read_parcoursup_apprentissage,
    {"rentree": (0, 1), "places": (7, 1), "candidats": (8, 1), "propositions": (9, 1)},
    {"cod_aff_form": 1}, (0, 1, 2, 7, 8, 9), missing={"places": ("0", "999")},
)  # fmt: skip
CHANGES = Small(
    "changements_uai", "uai_changements.csv",
    "ancien_uai;nouveau_uai;rentree;motif\n"
    "0010001W;0010006B;2021;fusion\n"
    "0690016T;0740006E;2022;\n"
    "0381629P;0740006E;2022;déménagement, même ville\n",
    read_uai_changes,
    {"rentree": (2, 1)}, {"ancien_uai": 0, "nouveau_uai": 1}, (0, 1, 2), texts={"motif": 3},
)  # fmt: skip
_LEAVERS = {f"en_emploi_{k}_mois": (17 + i, 1) for i, k in enumerate((6, 12, 18, 24, 30))}
INSERSUP = Small(
    "insersup", "fr-esr-insersup.csv",
    "promo;etablissement;uo_lib;reg_id;aca_id;type_diplome;dom;discipli;sectdis;diplome;"
    "libelle_diplome;genre;nationalite;regime_inscription;obtention_diplome;nb_sortants;"
    "nb_poursuivants;"
    + ";".join(f"nb_sortants_en_emploi_sal_fr_{k}" for k in (6, 12, 18, 24, 30))
    + ";" + ";".join(f"tx_sortants_en_emploi_sal_fr_{k}" for k in (6, 12, 18, 24, 30))
    + ";" + ";".join(f"tx_sortants_en_emploi_stable_{k}" for k in (6, 12, 18, 24, 30))
    + ";" + ";".join(f"salaire_q2_{k}" for k in (6, 12, 18, 24, 30)) + "\n"
    "2023;0691774D;Lyon 1;R84;A10;Licence pro;STS;disc12;sd20;2400123;Robotique;ensemble;ensemble;"
    "ensemble;diplômé;120;30;70;75;78;80;82;58,3;62.5;65;66.7;68.3;40;45;50;52;55;1650;1700;1750;"
    "1800;1850\n"
    "2023;0691774D;Lyon 1;R84;A10;Licence pro;STS;disc12;sd20;2400123;Robotique;femme;ensemble;"
    "ensemble;diplômé;50;10;30;31;32;33;34;60;62;64;66;68;40;42;44;46;48;1600;1610;1620;1630;1640\n"
    "2022,2023;;France;;;Master LMD;STS;disc12;sd20;;;ensemble;ensemble;ensemble;diplômé;900;200;"
    "600;640;660;nd;;66;71;73;;;50;52;55;;;1900;1950;2000;;\n",
    read_insersup,
    {"sortants": (15, 1), **_LEAVERS},
    {"uai": 1, "genre": 11, "nationalite": 12, "regime_inscription": 13, "obtention_diplome": 14},
    (0, 1, *range(3, 10), *range(11, 16), *range(17, 22)), keyed=False,
    keep=lambda t: t[(t["genre"] == "ensemble") & (t["nationalite"] == "ensemble")
    & (t["regime_inscription"] == "ensemble") & (t["obtention_diplome"] == "diplômé")]
    .drop(columns=["genre", "nationalite", "regime_inscription", "obtention_diplome"]),
)  # fmt: skip
#: Read by batches, of a million rows: the same rules, another reader.
LARGE = (INSERSUP,)
SMALLS = (AFFELNET, REGION, UNNAMED, LYCEES, CFA, BTS, PARCOURSUP, MEFS, CONSTAT, BAC, TENSIONS,
          FINE, APPRENTISSAGE, CHANGES)  # fmt: skip
