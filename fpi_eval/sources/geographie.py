"""Communes, départements, regions and zones d'emploi (INSEE, code officiel géographique).

Zones d'emploi changed in 2020; both files here carry the zones of 2020, for the communes of 2020
and of 2023. Urssaf counts Paris, Lyon and Marseille by arrondissement, and old files name communes
that have merged since: `zones_par_commune` sends both to the commune of today. A zone may cross
départements and regions. In 2020 the file gives Nanchez (39130) four times. Publisher: INSEE,
Licence Ouverte.
"""

from pathlib import Path

import pandas as pd

from fpi_eval.sources.reading import TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import strict, verify, without_blank_rows, without_repeats

COMMUNE = r"\d[0-9AB]\d{3}"
DEPARTEMENT = r"\d{2,3}|2[AB]"
REGION = r"\d{2}"
ZONE = r"\d{4}"

COMMUNES = TableSchema(
    name="communes",
    columns=(
        column("code", "type_commune", "TYPECOM", nullable=False,
               choices=("COM", "COMA", "COMD", "ARM")),
        column("code", "code_commune", "COM", nullable=False, pattern=COMMUNE),
        column("code", "code_region", "REG", pattern=REGION),
        column("code", "code_departement", "DEP", pattern=DEPARTEMENT),
        column("texte", "libelle", "LIBELLE", nullable=False),
        column("code", "commune_parente", "COMPARENT", pattern=COMMUNE),
    ),
    key=("type_commune", "code_commune"),
)  # fmt: skip
ZONES_EMPLOI = TableSchema(
    name="zones_emploi",
    columns=(
        column("code", "code_commune", "CODGEO", pattern=COMMUNE),
        column("texte", "libelle", "LIBGEO"),
        column("code", "code_departement", "DEP", pattern=DEPARTEMENT),
        column("code", "code_region", "REG", pattern=REGION),
        column("code", "code_zone", "ZE2020", pattern=ZONE),
    ),
)
LIBELLES = TableSchema(
    name="libelles_zonages",
    columns=(
        column("code", "niveau", "NIVGEO"),
        column("code", "code", "CODGEO"),
        column("texte", "libelle", "LIBGEO"),
    ),
)


def read_communes(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return communes, arrondissements (ARM), merged and delegated communes (COMA, COMD)."""
    return _three_characters(read_table(path, COMMUNES, renaming))


def read_zones_emploi(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return the zone d'emploi of each commune.

    Returns
    -------
    Reading
        Table: code_commune, libelle, code_departement ("001"), code_region, code_zone.
    """
    reading = without_blank_rows(read_table(path, ZONES_EMPLOI, renaming))
    reading = without_repeats(reading, "commune répétée à l'identique")
    filled = tuple(column.name for column in ZONES_EMPLOI.columns)
    checked = verify(reading, strict(ZONES_EMPLOI, filled=filled, key=("code_commune",)))
    return _three_characters(checked)


def read_libelles_zonages(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return names of zones: niveau (ZE2020, EPCI, DEP, …), code, libelle."""
    reading = without_blank_rows(read_table(path, LIBELLES, renaming))
    schema = strict(LIBELLES, filled=("niveau", "code", "libelle"), key=("niveau", "code"))
    return verify(reading, schema)


def zones_par_commune(communes: pd.DataFrame, zones: pd.DataFrame) -> pd.DataFrame:
    """Return where each commune code lies, arrondissements and merged communes included.

    Parameters
    ----------
    communes : DataFrame
        Table of `read_communes`.
    zones : DataFrame
        Table of `read_zones_emploi`.

    Returns
    -------
    DataFrame
        code_commune (as other files may write it), commune_actuelle, code_zone,
        code_departement, code_region; unique in code_commune.
    """
    moved = communes.dropna(subset=["commune_parente"]).drop_duplicates("code_commune")
    moved = moved[~moved["code_commune"].isin(zones["code_commune"])]
    current = pd.concat(
        [
            zones[["code_commune"]].assign(commune_actuelle=zones["code_commune"]),
            moved[["code_commune"]].assign(commune_actuelle=moved["commune_parente"]),
        ]
    )
    where = zones.drop(columns="libelle").rename(columns={"code_commune": "commune_actuelle"})
    return current.merge(where, on="commune_actuelle", validate="many_to_one")


def _three_characters(reading: Reading) -> Reading:
    code = reading.table["code_departement"].str.zfill(3)
    return Reading(reading.table.assign(code_departement=code), reading.provenance)
