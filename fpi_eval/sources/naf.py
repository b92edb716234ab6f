"""NAF rev. 2 (2008): each sub-class in the aggregations A88, A64, A38, A21, A17 and A10.

Industry is `BE` in A10. A17 is not in the passage table: it follows from A38 (C1 is CA, C2 is CD,
C3 is CI to CK, C4 is CL, C5 the other C; DE gathers BZ, DZ and EZ). The files are in cp1252, with
headers over two or three lines, indented codes and empty lines. Sub-classes are written `25.11Z`
here, `2511Z` by Urssaf: `code_ape` is the second spelling. Publisher: INSEE, Licence Ouverte.
"""

import re
from pathlib import Path

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import ColumnSchema, Layout, TableSchema
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import set_aside, strict, verify, without_blank_rows

INDUSTRIE = "BE"
NIVEAUX = ("a88", "a64", "a38", "a21", "a17", "a10")
A17_OF_A38 = {
    "CA": "C1",
    "CD": "C2",
    "CI": "C3",
    "CJ": "C3",
    "CK": "C3",
    "CL": "C4",
    "BZ": "DE",
    "DZ": "DE",
    "EZ": "DE",
    **dict.fromkeys(("CB", "CC", "CE", "CF", "CG", "CH", "CM"), "C5"),
    "MA": "MN",
    "MB": "MN",
    "MC": "MN",
    "NZ": "MN",
    "JA": "JZ",
    "JB": "JZ",
    "JC": "JZ",
    "OZ": "OQ",
    "PZ": "OQ",
    "QA": "OQ",
    "QB": "OQ",
    "RZ": "RU",
    "SZ": "RU",
    "TZ": "RU",
    "UZ": "RU",
}
_HEADER = (
    "SOUS CLASSE",
    "INTITULE DE LA NAF rév. 2",
    "CLASSE",
    "GROUPE",
    "",
    "DIVISION",
    "",
    "",
    "SECTION",
    *[""] * 13,
    "NAF rév. 2, 2008 - Niveau 5 - Liste des sous-classes",
)
_NAMES = ("naf", "libelle", "classe", "groupe", "a129", "a88", "a64", "a38", "a21", "a10")

NAF = TableSchema(
    name="naf",
    columns=(
        ColumnSchema("naf", "SOUS CLASSE", "code"),
        ColumnSchema("libelle", "INTITULE DE LA NAF rév. 2"),
        ColumnSchema("classe", "CLASSE", "code"),
        ColumnSchema("groupe", "GROUPE", "code"),
        ColumnSchema("a129", "A 129", "code"),
        ColumnSchema("a88", "DIVISION", "code"),
        ColumnSchema("a64", "A 64", "code"),
        ColumnSchema("a38", "A 38", "code"),
        ColumnSchema("a21", "SECTION", "code"),
        ColumnSchema("a10", "A 10", "code"),
    ),
    layouts=(Layout(_HEADER, (*_NAMES, *[None] * 13)),),
)
NAF_NIVEAUX = TableSchema(
    name="naf_niveaux",
    columns=tuple(
        ColumnSchema(f"niveau_{i}", f"NIV{i}", "code", nullable=False) for i in (5, 4, 3, 2, 1)
    ),
    key=("niveau_5",),
)
NAF_INTITULES = TableSchema(
    name="naf_intitules",
    columns=(
        ColumnSchema("ligne", "ligne", "entier"),
        ColumnSchema("code", "Code", "code"),
        ColumnSchema("libelle", "Intitulés de la NAF rév. 2, version finale"),
        ColumnSchema("libelle_65", "Intitulés NAF rév. 2, en 65 caractères"),
        ColumnSchema("libelle_40", "Intitulés NAF rév. 2, en 40 caractères"),
    ),
)
NAF_AGREGATIONS = TableSchema(
    name="naf_agregations",
    columns=(
        ColumnSchema("tri", "tri", "entier", nullable=False),
        *(
            ColumnSchema(f"a{n}", header, "code")
            for n, header in (
                (10, "A 10"),
                (21, "A21"),
                (38, "A38"),
                (64, "A64"),
                (88, "A88"),
                (129, "A129"),
                (138, "A138"),
            )
        ),
        ColumnSchema("libelle", "Intitulés"),
    ),
    key=("tri",),
)
_CODE_HEADERS = {
    "a10": "Code A 10",
    "a17": "Code A 17",
    "a21": "Code A 21",
    "a38": "Code A 38",
    "a64": "Code A 64",
    "a88": "Code Division A 88",
    "a138": "Code A 138",
}


def read_naf(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return the 732 sub-classes with their aggregations (`table_NAF2-NA.csv`).

    Returns
    -------
    Reading
        Table: naf ("25.11Z"), code_ape ("2511Z"), libelle, classe, groupe, a129, a88 ("25"), a64,
        a38 ("CH"), a21 ("C"), a17 ("C5"), a10 ("BE"), industrie (bool: a10 is BE).
    """
    reading = read_table(path, NAF, renaming)
    second_header = reading.table["naf"] == "A 732"
    reading = set_aside(reading, ~second_header, "seconde ligne d'en-tête")
    checked = verify(reading, strict(NAF, filled=("naf", "a88", "a38", "a10"), key=("naf",)))
    table = checked.table
    table = table.assign(
        code_ape=table["naf"].str.replace(".", "", regex=False),
        a17=table["a38"].replace(A17_OF_A38),
        industrie=table["a10"] == INDUSTRIE,
    )
    return Reading(table, checked.provenance)


def read_naf_niveaux(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return the five levels of the NAF: niveau_5 (sub-class) to niveau_1 (section)."""
    return read_table(path, NAF_NIVEAUX, renaming)


def read_naf_intitules(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return names of all NAF codes, in full, in 65 and in 40 characters."""
    reading = read_table(path, NAF_INTITULES, renaming)
    reading = set_aside(reading, reading.table["code"].notna(), "ligne vide entre deux niveaux")
    return verify(reading, strict(NAF_INTITULES, filled=("code", "libelle"), key=("code",)))


def read_naf_agregations(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return the tree of aggregations in reading order: one code a row, at one level."""
    return read_table(path, NAF_AGREGATIONS, renaming)


def read_naf_libelles(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return French names of one aggregation (`int_eng_na_2008_a38.csv`): code, libelle.

    For a17, whose file also gives the A38 codes, and a138, code is that of the aggregation named
    in the file.
    """
    found = re.search(r"_(a\d+)\.", Path(path).name)
    if not found or found[1] not in _CODE_HEADERS:
        raise FpiError(
            "agrégation inconnue. Attendu : un nom comme int_eng_na_2008_a38.csv, pour "
            f"{', '.join(sorted(_CODE_HEADERS))}. Redonnez au fichier son nom d'origine.",
            fichier=Path(path).name,
        )
    schema = TableSchema(
        name="naf_libelles",
        repeats=True,
        columns=(
            ColumnSchema("agregat", _CODE_HEADERS[found[1]], "code"),
            ColumnSchema("libelle", "Description (Français)"),
        ),
    )
    reading = without_blank_rows(read_table(path, schema, renaming))
    reading = set_aside(reading, reading.table["agregat"].notna(), "suite d'intitulé, sans code")
    checked = verify(reading, strict(schema, filled=("agregat", "libelle"), key=("agregat",)))
    return Reading(checked.table.rename(columns={"agregat": "code"}), checked.provenance)


def secteurs(naf: pd.DataFrame, niveau: str = "a38") -> pd.Series:
    """Return the sector at one level of each APE code (index code_ape)."""
    if niveau not in NIVEAUX:
        raise FpiError(f"niveau d'activité « {niveau} » inconnu. Attendu : {', '.join(NIVEAUX)}.")
    return naf.set_index("code_ape")[niveau]
