"""NAF rev. 2 (2008): each sub-class in the aggregations A88, A64, A38, A21, A17 and A10.

Industry is `BE` in A10. A17 is not in the passage table: it follows from A38 (C1 is CA, C2 is CD,
C3 is CI to CK, C4 is CL, C5 the other C; DE gathers BZ, DZ and EZ). The file is in cp1252, with
a header over three lines. Sub-classes are written `25.11Z`
here, `2511Z` by Urssaf: `code_ape` is the second spelling. Publisher: INSEE, Licence Ouverte.
"""

from pathlib import Path

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import Layout, TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import set_aside, strict, verify

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
        column("code", "naf", "SOUS CLASSE"),
        column("texte", "libelle", "INTITULE DE LA NAF rév. 2"),
        column("code", "classe", "CLASSE"),
        column("code", "groupe", "GROUPE"),
        column("code", "a129", "A 129"),
        column("code", "a88", "DIVISION"),
        column("code", "a64", "A 64"),
        column("code", "a38", "A 38"),
        column("code", "a21", "SECTION"),
        column("code", "a10", "A 10"),
    ),
    layouts=(Layout(_HEADER, (*_NAMES, *[None] * 13)),),
)


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


def industry(a38: pd.Series) -> pd.Series:
    """Return whether each NAF 38 code is of industry: section B to E, which is its first letter."""
    return a38.str[0].isin(list("BCDE"))


def secteurs(naf: pd.DataFrame, niveau: str = "a38") -> pd.Series:
    """Return the sector at one level of each APE code (index code_ape)."""
    if niveau not in NIVEAUX:
        raise FpiError(f"niveau d'activité « {niveau} » inconnu. Attendu : {', '.join(NIVEAUX)}.")
    return naf.set_index("code_ape")[niveau]
