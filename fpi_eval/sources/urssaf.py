"""Urssaf: private-sector jobs and establishments, commune × APE, wide by year, to zone × sector.

Export `etablissements-et-effectifs-salaries-au-niveau-commune-x-ape-last` (about 1.23 million rows,
31 December of each year since 2006). An empty cell is unknown, never zero: sums are over the cells
given, and `masquees` counts the commune × APE cells with establishments but no number of jobs.
Paris, Lyon and Marseille come by arrondissement. Apprentices count from the publication of 2023T1
on. Private sector only. Publisher: Urssaf, licence ODbL (share-alike: results must say so).
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from fpi_eval.errors import FpiError
from fpi_eval.sources.geographie import COMMUNE
from fpi_eval.sources.naf import secteurs
from fpi_eval.sources.reading import TableSchema, column
from fpi_eval.sources.reading.headers import Renaming, spelling
from fpi_eval.sources.reading.large import LargeFile
from fpi_eval.sources.reading.reading import Reading
from fpi_eval.text import liste, nombre

_YEARS = {
    "etablissements": re.compile(r"nombre d.etablissements (\d{4})"),
    "emplois": re.compile(r"effectifs salaries (\d{4})"),
}
_BASE = (
    column("code", "code_commune", "code_commune", "Code commune", pattern=COMMUNE),
    column("code", "code_ape", "code_ape", "Code APE", pattern=r"\d{4}[A-Z]"),
)
URSSAF = TableSchema("urssaf", _BASE)
_PLACE = ["code_zone", "code_departement", "code_region"]
_SHOWN = 5
MOST_LOST, FEWEST_ROWS = 0.05, 100
"""Share of rows of unknown code above which the file is of another nomenclature, of so many."""
_REMEDY = {
    "commune": "Un tableur a peut-être retiré les zéros du début (« 1004 » pour « 01004 ») : "
    "téléchargez le fichier à nouveau, sans l'ouvrir.",
    "code APE": "Le fichier suit sans doute une autre nomenclature que la NAF rév. 2 de 2008 "
    "(NAF 2025) : déposez une année qui la suit encore.",
}


def read_urssaf_commune_ape(
    path: Path,
    geographie: pd.DataFrame,
    naf: pd.DataFrame,
    *,
    niveau: str = "a38",
    renaming: Renaming | None = None,
) -> Reading:
    """Return jobs and establishments per zone d'emploi, département, sector and year.

    Parameters
    ----------
    geographie : DataFrame
        Table of `geographie.zones_par_commune`.
    naf : DataFrame
        Table of `naf.read_naf`.
    niveau : str
        Aggregation of activities: "a88", "a38", "a17" or "a10".

    Returns
    -------
    Reading
        Table: code_zone, code_departement, code_region, secteur, annee, etablissements, emplois
        (sums over the cells given; NaN where none is), masquees (cells with establishments and no
        number of jobs). A zone that crosses départements has one row in each: sum with `par_zone`
        or `par_departement`. Rows of unknown commune or APE are set aside, with their codes.

    Raises
    ------
    FpiError
        Unknown header, years missing from one of the two series, a negative or fractional
        count, the same commune × APE twice, more than a few rows of unknown commune or APE.
    """
    file, years = _open(path, renaming)
    sums = _Sums.of(file, years, geographie, secteurs(naf, niveau))
    numbers = frozenset(f"{series}_{year}" for series in _YEARS for year in years)
    rows = 0
    for start, batch in file.batches(numbers):
        sums.add(start, batch)
        rows += batch.num_rows
    sums.refuse_repeats()
    sums.refuse_lost(rows)
    return Reading(sums.table(), file.provenance(rows, sums.set_aside()))


def _open(path: Path, renaming: Renaming | None) -> tuple[LargeFile, list[int]]:
    """Return the file with a schema of the years that its header carries."""
    file = LargeFile(path, URSSAF, renaming)
    headers = {name: _years(file.header, pattern) for name, pattern in _YEARS.items()}
    years = sorted(headers["emplois"])
    alone = set(headers["emplois"]) ^ set(headers["etablissements"])
    if not years or alone:
        raise FpiError(
            "attendu deux colonnes par année, nombre_d_etablissements_AAAA et "
            f"effectifs_salaries_AAAA ; année(s) sans l'une des deux : {liste(sorted(alone))}."
            if alone
            else "aucune colonne effectifs_salaries_AAAA. Téléchargez l'export « commune × APE ».",
            fichier=file.name,
            ligne=1,
            colonne="effectifs_salaries_AAAA"
            if alone <= set(headers["etablissements"])
            else "nombre_d_etablissements_AAAA",
        )
    counts = (
        column("effectif", f"{series}_{year}", headers[series][year])
        for series in _YEARS
        for year in years
    )
    return LargeFile(path, TableSchema("urssaf", (*_BASE, *counts)), renaming), years


def _years(header: Iterable[str], pattern: re.Pattern[str]) -> dict[int, str]:
    found = ((pattern.fullmatch(spelling(name)), name) for name in header)
    return {int(match[1]): name for match, name in found if match}


@dataclass(slots=True)
class _Sums:
    """Running sums by place × sector × year; each batch is added and forgotten."""

    file: LargeFile
    years: list[int]
    places: pd.DataFrame
    sectors: np.ndarray
    place_of: pd.Series
    sector_of: pd.Series
    totals: dict[str, np.ndarray]
    keys: list[np.ndarray] = field(default_factory=list)
    lost: dict[str, Counter] = field(
        default_factory=lambda: {"commune": Counter(), "code APE": Counter()}
    )

    @classmethod
    def of(
        cls, file: LargeFile, years: list[int], geographie: pd.DataFrame, sector: pd.Series
    ) -> "_Sums":
        """Return empty sums, with the place of each commune and the sector of each APE."""
        groups = geographie.groupby(_PLACE)
        place_of = pd.Series(groups.ngroup().to_numpy(), index=geographie["code_commune"])
        codes, sectors = pd.factorize(sector, sort=True)
        shape = (len(years), groups.ngroups * len(sectors))
        names = (*_YEARS, *(f"{series}_connus" for series in _YEARS), "masquees")
        return cls(
            file,
            years,
            groups.size().reset_index()[_PLACE],
            np.asarray(sectors),
            place_of,
            pd.Series(codes, index=sector.index),
            {name: np.zeros(shape) for name in names},
        )

    def add(self, start: int, batch: pa.Table) -> None:
        """Add one batch of rows."""
        commune, unknown_communes = _position(batch["code_commune"], self.place_of.index)
        ape, unknown_apes = _position(batch["code_ape"], self.sector_of.index, commune >= 0)
        self.lost["commune"].update(unknown_communes)
        self.lost["code APE"].update(unknown_apes)
        kept = (commune >= 0) & (ape >= 0)
        self.keys.append(np.where(kept, commune * len(self.sector_of) + ape, -1))
        place = self.place_of.to_numpy()[commune[kept]]
        group = place * len(self.sectors) + self.sector_of.to_numpy()[ape[kept]]
        for i, year in enumerate(self.years):
            jobs = self._counts(batch, f"emplois_{year}", start)[kept]
            sites = self._counts(batch, f"etablissements_{year}", start)[kept]
            self._accumulate(i, group, "emplois", jobs)
            self._accumulate(i, group, "etablissements", sites)
            hidden = group[np.isnan(jobs) & (sites > 0)]
            self.totals["masquees"][i] += np.bincount(hidden, minlength=self.size)

    @property
    def size(self) -> int:
        """Number of place × sector groups."""
        return self.totals["emplois"].shape[1]

    def _accumulate(self, i: int, group: np.ndarray, name: str, values: np.ndarray) -> None:
        known = ~np.isnan(values)
        self.totals[name][i] += np.bincount(group[known], values[known], self.size)
        self.totals[f"{name}_connus"][i] += np.bincount(group[known], minlength=self.size)

    def _counts(self, batch: pa.Table, name: str, start: int) -> np.ndarray:
        values = batch[name].to_numpy()
        wrong = (values < 0) | (np.abs(values - np.rint(values)) > 0)
        if wrong.any():
            row = int(wrong.argmax())
            raise self.file.bad_value(name, f"{values[row]:g}", start + row)
        return values

    def table(self) -> pd.DataFrame:
        """Return the sums as rows, where at least one cell was given."""
        given = self.totals["emplois_connus"] + self.totals["etablissements_connus"] > 0
        year, group = np.nonzero(given)
        rows = self.places.iloc[group // len(self.sectors)].reset_index(drop=True)
        rows["secteur"] = self.sectors[group % len(self.sectors)]
        rows["annee"] = np.array(self.years, dtype=np.int64)[year]
        for name in _YEARS:
            known = self.totals[f"{name}_connus"][year, group] > 0
            rows[name] = np.where(known, self.totals[name][year, group], np.nan)
        rows["masquees"] = self.totals["masquees"][year, group].astype(np.int64)
        return rows.sort_values([*_PLACE, "secteur", "annee"], ignore_index=True)

    def refuse_repeats(self) -> None:
        """Raise when the same commune × APE stands twice."""
        keys = np.concatenate(self.keys) if self.keys else np.array([], dtype=np.int64)
        order = np.argsort(keys, kind="stable")
        twice = (np.diff(keys[order]) == 0) & (keys[order][1:] >= 0)
        if not twice.any():
            return
        row = int(order[1:][twice].min())
        commune, ape = divmod(int(keys[row]), len(self.sector_of))
        raise FpiError(
            f"commune × APE en double ({self.place_of.index[commune]} × "
            f"{self.sector_of.index[ape]}) ; {int(twice.sum())} doublon(s) en tout. Attendu : une "
            "seule ligne. Téléchargez le fichier à nouveau.",
            fichier=self.file.name,
            ligne=row + 2,
            colonne="code_commune × code_ape",
        )

    def refuse_lost(self, rows: int) -> None:
        """Raise where so many rows are of unknown codes that sums without them would be wrong."""
        for kind, codes in self.lost.items():
            if rows >= FEWEST_ROWS and codes.total() > MOST_LOST * rows:
                raise FpiError(
                    f"{nombre(codes.total())} lignes sur {nombre(rows)} ont un code que la "
                    f"nomenclature ne connaît pas ({_most(codes)}). {_REMEDY[kind]}",
                    fichier=self.file.name,
                    colonne=kind,
                )

    def set_aside(self) -> dict[str, int]:
        """Return how many rows had an unknown commune or APE, with the most frequent codes."""
        return {
            f"{kind} absent de la nomenclature : {_most(codes)}": codes.total()
            for kind, codes in self.lost.items()
            if codes
        }


def _most(codes: Counter) -> str:
    """Return the most frequent codes."""
    return ", ".join(code or "(vide)" for code, _ in codes.most_common(_SHOWN))


def _position(
    values: pa.ChunkedArray, index: pd.Index, among: np.ndarray | bool = True
) -> tuple[np.ndarray, Counter]:
    """Return each value's position in the index (-1 if absent), and the absent values counted.

    ``among``: rows whose absent values are counted; the others are set aside already.
    """
    coded = values.combine_chunks().dictionary_encode()
    words = [word.strip() for word in coded.dictionary.to_pylist()]
    positions = index.get_indexer(words)[coded.indices.to_numpy()]
    absent = np.bincount(coded.indices.to_numpy()[(positions < 0) & among], minlength=len(words))
    return positions, Counter({words[i]: int(absent[i]) for i in np.flatnonzero(absent)})
