"""Départements, académies and regions of metropolitan France, with the codes of the real files.

Codes and names: Code officiel géographique (INSEE) for regions and départements, Base centrale
des nomenclatures (DEPP) for académies. Population: orders of magnitude in tens of thousands,
rounded, after the INSEE census; it only spreads invented establishments over the territory.
"""

from functools import cache
from io import StringIO

import pandas as pd

from fpi_eval.sources.reading.check import uai_key

REGIONS = {
    "11": "Île-de-France",
    "24": "Centre-Val de Loire",
    "27": "Bourgogne-Franche-Comté",
    "28": "Normandie",
    "32": "Hauts-de-France",
    "44": "Grand Est",
    "52": "Pays de la Loire",
    "53": "Bretagne",
    "75": "Nouvelle-Aquitaine",
    "76": "Occitanie",
    "84": "Auvergne-Rhône-Alpes",
    "93": "Provence-Alpes-Côte d'Azur",
    "94": "Corse",
}

# InserJeunes numbers regions its own way: this internal code is never the INSEE code.
REGIONS_IJ = {
    "84": "01", "27": "02", "53": "03", "24": "04", "94": "05", "44": "06", "32": "09", "11": "10",
    "28": "14", "75": "15", "76": "16", "52": "17", "93": "18",
}  # fmt: skip

ACADEMIES = {
    "01": "Paris",
    "02": "Aix-Marseille",
    "03": "Besançon",
    "04": "Bordeaux",
    "06": "Clermont-Ferrand",
    "07": "Dijon",
    "08": "Grenoble",
    "09": "Lille",
    "10": "Lyon",
    "11": "Montpellier",
    "12": "Nancy-Metz",
    "13": "Poitiers",
    "14": "Rennes",
    "15": "Strasbourg",
    "16": "Toulouse",
    "17": "Nantes",
    "18": "Orléans-Tours",
    "19": "Reims",
    "20": "Amiens",
    "22": "Limoges",
    "23": "Nice",
    "24": "Créteil",
    "25": "Versailles",
    "27": "Corse",
    "70": "Normandie",
}

_DEPARTEMENTS = """\
code_departement;departement;code_academie;code_region;population
075;Paris;01;11;214
077;Seine-et-Marne;24;11;144
093;Seine-St-Denis;24;11;167
094;Val-de-Marne;24;11;142
078;Yvelines;25;11;146
091;Essonne;25;11;131
092;Hauts-de-Seine;25;11;163
095;Val-D'Oise;25;11;126
018;Cher;18;24;30
028;Eure-et-Loir;18;24;43
036;Indre;18;24;22
037;Indre-et-Loire;18;24;61
041;Loir-et-Cher;18;24;33
045;Loiret;18;24;68
025;Doubs;03;27;55
039;Jura;03;27;26
070;Haute-Saône;03;27;23
090;Territoire de Belfort;03;27;14
021;Côte-d'Or;07;27;54
058;Nièvre;07;27;20
071;Saône-et-Loire;07;27;55
089;Yonne;07;27;33
014;Calvados;70;28;70
027;Eure;70;28;60
050;Manche;70;28;49
061;Orne;70;28;28
076;Seine-Maritime;70;28;125
059;Nord;09;32;261
062;Pas-de-Calais;09;32;146
002;Aisne;20;32;53
060;Oise;20;32;83
080;Somme;20;32;57
054;Meurthe-et-Moselle;12;44;73
055;Meuse;12;44;18
057;Moselle;12;44;105
088;Vosges;12;44;36
067;Bas-Rhin;15;44;115
068;Haut-Rhin;15;44;77
008;Ardennes;19;44;27
010;Aube;19;44;31
051;Marne;19;44;56
052;Haute-Marne;19;44;17
044;Loire-Atlantique;17;52;146
049;Maine-et-Loire;17;52;82
053;Mayenne;17;52;31
072;Sarthe;17;52;57
085;Vendée;17;52;69
022;Côtes d'Armor;14;53;61
029;Finistère;14;53;92
035;Ille-et-Vilaine;14;53;110
056;Morbihan;14;53;77
024;Dordogne;04;75;41
033;Gironde;04;75;166
040;Landes;04;75;42
047;Lot-et-Garonne;04;75;33
064;Pyrénées-Atlantiques;04;75;69
016;Charente;13;75;35
017;Charente-Maritime;13;75;66
079;Deux-Sèvres;13;75;38
086;Vienne;13;75;44
019;Corrèze;22;75;24
023;Creuse;22;75;12
087;Haute-Vienne;22;75;37
011;Aude;11;76;38
030;Gard;11;76;76
034;Hérault;11;76;120
048;Lozère;11;76;8
066;Pyrénées-Orientales;11;76;49
009;Ariège;16;76;15
012;Aveyron;16;76;28
031;Haute-Garonne;16;76;144
032;Gers;16;76;19
046;Lot;16;76;17
065;Hautes-Pyrénées;16;76;23
081;Tarn;16;76;39
082;Tarn-et-Garonne;16;76;26
003;Allier;06;84;34
015;Cantal;06;84;14
043;Haute-Loire;06;84;23
063;Puy-de-Dôme;06;84;66
007;Ardèche;08;84;33
026;Drôme;08;84;52
038;Isère;08;84;128
073;Savoie;08;84;44
074;Haute-Savoie;08;84;84
001;Ain;10;84;66
042;Loire;10;84;77
069;Rhône;10;84;190
004;Alpes-de-Haute-Provence;02;93;17
005;Hautes-Alpes;02;93;14
013;Bouches-du-Rhône;02;93;206
084;Vaucluse;02;93;56
006;Alpes-Maritimes;23;93;111
083;Var;23;93;109
02A;Corse-du-Sud;27;94;16
02B;Haute-Corse;27;94;18
"""


@cache
def _departements() -> pd.DataFrame:
    table = pd.read_csv(StringIO(_DEPARTEMENTS), sep=";", dtype=str)
    table["population"] = table["population"].astype(int) * 10_000
    table["academie"] = table["code_academie"].map(ACADEMIES)
    table["region"] = table["code_region"].map(REGIONS)
    return table


def departements() -> pd.DataFrame:
    """Return the 96 metropolitan départements: codes, names, académie, region, population."""
    return _departements().copy()


def uai_prefix(code_departement: str) -> str:
    """Return the three digits that open a UAI; Corse keeps 620 and 720."""
    return {"02A": "620", "02B": "720"}.get(code_departement, code_departement)


def uai(prefix: str, number: int) -> str:
    """Return a UAI with its control letter."""
    digits = f"{prefix}{number:04d}"
    return digits + uai_key(digits)


def largest(codes: pd.Series) -> list[str]:
    """Return the UAI prefixes of the two most populous of some départements."""
    table = _departements()
    known = table[table["code_departement"].isin(codes)]
    return [uai_prefix(c) for c in known.nlargest(2, "population")["code_departement"]]
