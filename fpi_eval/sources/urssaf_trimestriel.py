"""Urssaf, quarterly private-sector jobs: by region × sector and by zone d'emploi.

The region file called `na38` carries 28 posts (NA28i). Both files give former regions
(`ancienne_region`), so that Auvergne-Rhône-Alpes is the sum of its two parts; the zone file cuts a
zone that spans two regions. Rows are summed here, and a sum with a missing part is missing. Brut
or seasonally adjusted (CVS), at the end of the quarter. Apprentices count from the publication of
2023T1 on. Publisher: Urssaf, licence ODbL.
"""

from pathlib import Path

import pandas as pd

from fpi_eval.sources.reading import ColumnSchema, TableSchema
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table

_QUARTER = (
    ColumnSchema(
        "annee", "annee", "entier", aliases=("Année",), nullable=False, low=1990, high=2099
    ),
    ColumnSchema(
        "trimestre",
        "trimestre",
        "code",
        aliases=("Trimestre",),
        nullable=False,
        pattern=r"(\d{4}-?)?T?[1-4]",
        expected="un trimestre : 1, T1 ou 2023T1",
    ),
)
_JOBS = (
    ColumnSchema(
        "emplois", "effectifs_salaries_brut", "effectif", aliases=("Effectifs salariés (brut)",)
    ),
    ColumnSchema(
        "emplois_cvs", "effectifs_salaries_cvs", "effectif", aliases=("Effectifs salariés (CVS)",)
    ),
)
_FORMER = ColumnSchema(
    "code_ancienne_region",
    "code_ancienne_region",
    "code",
    aliases=("Code ancienne région",),
    required=False,
)

REGION_SECTEUR = TableSchema(
    name="urssaf_region",
    columns=(
        *_QUARTER,
        ColumnSchema(
            "code_region",
            "code_region",
            "code",
            aliases=("Code région",),
            nullable=False,
            pattern=r"\d{1,2}",
        ),
        _FORMER,
        ColumnSchema("secteur", "secteur_na28i", nullable=False, aliases=("Secteur NA28i",)),
        *_JOBS,
    ),
    key=("annee", "trimestre", "code_region", "code_ancienne_region", "secteur"),
)
ZONE = TableSchema(
    name="urssaf_zone",
    columns=(
        *_QUARTER,
        ColumnSchema(
            "code_zone",
            "code_zone_d_emploi",
            "code",
            aliases=("Code zone d'emploi",),
            nullable=False,
            pattern=r"\d{1,4}",
        ),
        ColumnSchema(
            "code_zone_region",
            "code_zone_d_emploi_regionalisee",
            "code",
            aliases=("Code zone d'emploi régionalisée",),
            required=False,
        ),
        ColumnSchema(
            "code_region", "code_region", "code", aliases=("Code région",), pattern=r"\d{1,2}"
        ),
        _FORMER,
        *_JOBS,
    ),
)


def read_urssaf_region(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return jobs per region, sector (28 posts) and quarter.

    Returns
    -------
    Reading
        Table: code_region ("84"), secteur (code and name as published), annee, trimestre (1 to
        4), emplois, emplois_cvs.
    """
    reading = read_table(path, REGION_SECTEUR, renaming)
    table = reading.table.assign(code_region=reading.table["code_region"].str.zfill(2))
    return Reading(_summed(table, ["code_region", "secteur"]), reading.provenance)


def read_urssaf_zone(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return jobs per zone d'emploi and quarter, all sectors, both parts of a cut zone together.

    Returns
    -------
    Reading
        Table: code_zone (4 digits), annee, trimestre (1 to 4), emplois, emplois_cvs.
    """
    reading = read_table(path, ZONE, renaming)
    table = reading.table.assign(code_zone=reading.table["code_zone"].str.zfill(4))
    return Reading(_summed(table, ["code_zone"]), reading.provenance)


def _summed(table: pd.DataFrame, place: list[str]) -> pd.DataFrame:
    """Return sums over the rows of a place; missing as soon as one part is missing."""
    quarter = table["trimestre"].str[-1].astype("int64")
    table = table.assign(trimestre=quarter, annee=table["annee"].astype("int64"))
    groups = table.groupby([*place, "annee", "trimestre"])[["emplois", "emplois_cvs"]]
    complete = groups.count().eq(groups.size(), axis=0)
    return groups.sum().where(complete).reset_index()
