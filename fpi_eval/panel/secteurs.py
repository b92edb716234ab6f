"""Which sectors each filière feeds (declared), and the jobs that Urssaf counts in them."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from fpi_eval.disclosure import TOTAL
from fpi_eval.programme import Programme
from fpi_eval.sources import geographie, urssaf
from fpi_eval.sources import known_sources as catalogue
from fpi_eval.sources.declared_filieres import filiere, read_declared
from fpi_eval.sources.naf import A17_OF_A38, industry
from fpi_eval.sources.reading import TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading
from fpi_eval.sources.reading.schema import no_rows
from fpi_eval.sources.years import oddities
from fpi_eval.text import liste

SOURCE = "urssaf"
#: Files that place a commune in its zone, then an APE in its sector: catalogue names.
PLACES = ("communes", "zones_emploi")
NEEDED = (*PLACES, "naf")
ZONE_NAMES = "libelles_zonages"  # read where it is there
FILE = "secteurs.csv"
EMPLOIS = (
    "code_zone", "code_departement", "code_region", "secteur", "annee", "etablissements", "emplois",
    "masquees",
)  # fmt: skip


def declared(programme: Programme) -> bool:
    """Return whether the programme says which sectors its filières feed."""
    return (programme.dossier / FILE).is_file()


def nothing(programme: Programme) -> pd.DataFrame:
    """Return the map of a programme that declares none."""
    return no_rows(_schema(programme)).assign(industrie=pd.Series(dtype=bool))


def of_programme(programme: Programme) -> pd.DataFrame:
    """Return the map that the programme declares, empty where it declares none."""
    return read_secteurs(programme) if declared(programme) else nothing(programme)


def _schema(programme: Programme) -> TableSchema:
    return TableSchema(
        FILE.removesuffix(".csv"),
        (
            filiere(*programme.codes_filieres),
            column("code", "na38", "na38", nullable=False, choices=tuple(sorted(_sectors())),
                   expected="un secteur de la NAF 38, comme CI"),
            column("code", "na88", "na88", nullable=False, pattern=r"\d{2}( \d{2})*",
                   expected="des divisions (NAF 88) : deux chiffres, séparées par un espace"),
            column("texte", "libelle", "libelle"),
            column("texte", "motif", "motif", nullable=False,
                   expected="pourquoi la filière alimente ce secteur"),
        ),
        key=("filiere", "na38"),
    )  # fmt: skip


def read_secteurs(programme: Programme) -> pd.DataFrame:
    """Return the declared map filière → NAF 38 sectors, with ``industrie`` (bool) added.

    Raises
    ------
    FpiError
        File or column absent, unknown filière, unknown sector, pair written twice, reason empty.
    """
    table = read_declared(
        programme,
        _schema(programme),
        "il dit quels secteurs d'activité chaque filière alimente. Écrivez-le sur le modèle d'un "
        "programme fourni (dossier data).",
    )
    return table.assign(industrie=industry(table["na38"]))


def _sectors() -> set[str]:
    """Return the 38 codes of the NAF aggregation."""
    alone = {"AZ", "FZ", "GZ", "HZ", "IZ", "KZ", "LZ"}
    return set(A17_OF_A38) | alone


def urssaf_files(programme: Programme, folder: Path) -> dict[str, Path]:
    """Return the Urssaf file and those it needs, by source, latest year first; {} if one misses."""
    if SOURCE not in programme.sources:
        return {}
    found = latest(programme, folder, (SOURCE, *NEEDED))
    return found if all(path.is_file() for path in found.values()) else {}


def latest(programme: Programme, folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Return the latest year's file of each source, declared or not, which may not be there."""
    known = {entry.name: entry.pattern for entry in reversed(catalogue.entries(programme))}
    patterns = {name: re.sub(r"\{\w+\}", "*", known[name]) for name in names}
    return {
        name: max(folder.glob(pattern), default=folder / pattern)
        for name, pattern in patterns.items()
    }


def table_of(programme: Programme, files: Mapping[str, Path], name: str) -> pd.DataFrame:
    """Return the table of one of these files, by the columns that the programme declares."""
    reader = catalogue.source(name).load()
    return reader(files[name], renaming=Renaming.of(programme, name)).table


def zones(programme: Programme, files: Mapping[str, Path]) -> pd.DataFrame:
    """Return the zone d'emploi of each commune: see `geographie.zones_par_commune`."""
    return geographie.zones_par_commune(*(table_of(programme, files, name) for name in PLACES))


def oddities_of_jobs(jobs: pd.DataFrame, secteurs: pd.DataFrame) -> list[str]:
    """Return, in French, declared sectors that are not in the file, years copied or cut short."""
    lost = sorted(set(secteurs.loc[_beyond(jobs, secteurs), "na38"]))
    said = (
        f"{SOURCE} : le fichier paraît filtré, sans {liste(lost)} que {FILE} nomme. Les emplois "
        "des filières de ces secteurs ne sont pas donnés. Téléchargez l'export sans filtre de "
        "secteur."
    )
    return [said] * bool(lost) + oddities(SOURCE, {"": jobs})


def _beyond(jobs: pd.DataFrame, secteurs: pd.DataFrame) -> pd.Series:
    """Return which declared sectors are of a part of the economy that the file leaves out whole.

    A sector alone may have no job in a region; manufacturing, the rest of industry and everything
    else have some in each: without a row, a filter was asked for.
    """
    there = set(jobs["secteur"].map(_part))
    return ~secteurs["na38"].map(_part).isin(there) & (len(jobs) > 0)


def _part(na38: str) -> str:
    """Return whether a sector is of manufacturing, of the rest of industry, or of neither."""
    a17 = A17_OF_A38.get(na38, na38)
    return "C" if a17.startswith("C") else a17 if a17 == "DE" else ""


def _given(jobs: pd.DataFrame, secteurs: pd.DataFrame) -> pd.DataFrame:
    """Return the map without the filières of which the file lacks a sector: a part is no total."""
    partial = secteurs.loc[_beyond(jobs, secteurs), "filiere"]
    return secteurs[~secteurs["filiere"].isin(partial)]


def read_emplois(programme: Programme, files: dict[str, Path]) -> Reading:
    """Return the reading of jobs per zone d'emploi, département, sector and year."""
    return urssaf.read_urssaf_commune_ape(
        files[SOURCE],
        zones(programme, files),
        table_of(programme, files, "naf"),
        renaming=Renaming.of(programme, SOURCE),
    )


def emplois_filieres(jobs: pd.DataFrame, secteurs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return jobs in the sectors each filière feeds, by filière, ``by`` and year.

    A sector that feeds two filières counts in both: all of them are `emplois_alimentes`, not their
    sum. Jobs of which no part is given are missing; a filière has no row where the file leaves out
    a part of the economy that it feeds.
    """
    fed = _given(jobs, secteurs)[["filiere", "na38", "industrie"]]
    fed = jobs.merge(fed, left_on="secteur", right_on="na38")
    keys = ["filiere", *by, "annee"]
    columns = ["emplois", "etablissements", "masquees"]
    return fed.groupby(keys, as_index=False)[columns].sum(min_count=1)


def emplois_alimentes(jobs: pd.DataFrame, secteurs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return jobs in all the sectors that filières feed, each counted once (filière `TOTAL`)."""
    once = _given(jobs, secteurs).drop_duplicates("na38").assign(filiere=TOTAL)
    return emplois_filieres(jobs, once, by)
