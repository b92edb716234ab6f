"""The data of one run: every file that the programme names, read once, with its provenance."""

import hashlib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.panel.doubts import filieres_in_doubt, left_out, strays
from fpi_eval.panel.identity import identity_of, with_families
from fpi_eval.panel.publication import published
from fpi_eval.panel.register_known import known_beside
from fpi_eval.panel.run_files import (
    PORTAL_OF,
    UAI_FILE,
    YEARLY,
    files_behind,
    files_of,
    folder_of,
    no_file,
    paths_of,
    read_on_use,
    wanted,
)
from fpi_eval.panel.secteurs import SOURCE as URSSAF
from fpi_eval.panel.secteurs import urssaf_files
from fpi_eval.pinned import digest
from fpi_eval.programme import Programme
from fpi_eval.sources import known_sources as catalogue
from fpi_eval.sources.nomenclatures import Nomenclatures, read_nomenclatures
from fpi_eval.sources.reading.cache import cached
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Provenance, Reading
from fpi_eval.sources.register.budget import overspent
from fpi_eval.sources.register.known import Known
from fpi_eval.sources.register.openings import read_ouvertures
from fpi_eval.sources.uai_changes import read_uai_changes
from fpi_eval.sources.uses import USES
from fpi_eval.sources.years import oddities
from fpi_eval.text import liste
from fpi_eval.traced import Traced, note

ESSENTIAL = ("affelnet", "parcoursup_bts", "inserjeunes_region", "constat")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Donnees:
    """What a run reads: readings by source and year, nomenclatures, and what is absent.

    ``lectures[source][year]``; the year is "" for a file that holds several. ``retards`` says
    which of the yearly sources stop before the rentrée, ``a_verifier`` which declared codes are
    unknown, which openings are of no filière and which amounts exceed the budget; ``identity`` is
    the course of each diploma (`identity_of`).
    """

    programme: Programme
    rentree: int
    dossier: Path
    simulees: bool
    lectures: Mapping[str, dict[str, Reading]]
    nomenclatures: Nomenclatures
    identity: pd.DataFrame
    absentes: dict[str, str] = field(default_factory=dict)
    fichiers: Mapping[str, Path] = field(default_factory=dict)
    retards: dict[str, str] = field(default_factory=dict)
    a_verifier: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Say in French which sources were read, with their years, and which are absent."""
        found = []
        for name, readings in self.lectures.items():
            years = [year.replace("_", "-") for year in readings if year]
            span = f"{years[0]} à {years[-1]}" if len(years) > 1 else "".join(years)
            found.append(f"{name} ({span})" if span else name)
        gone = [f"Absent : {liste(self.absentes)}."] if self.absentes else []
        return "\n".join([f"Lu : {liste(found)}.", *gone])

    @property
    def familles(self) -> pd.DataFrame:
        """Diplomas of familles de métiers (cfd), under every code: pupils enter them in 1re."""
        return with_families(self.nomenclatures.familles, self.identity)

    def table(self, source: str) -> pd.DataFrame:
        """Return all the source's years in one table.

        Raises
        ------
        FpiError
            If the folder holds no file of that source.
        """
        readings = self.lectures.get(source, {})
        if not readings:
            why = self.absentes.get(source, "aucun fichier")
            raise FpiError(f"source « {source} » absente : {why}.", fichier=str(self.dossier))
        return pd.concat([r.table for r in readings.values()], ignore_index=True)

    def alertes(self, lost: Iterable[tuple[str, str]] = ()) -> pd.DataFrame:
        """Return what is absent, late, lost or to verify: constat, source, detail, sections.

        ``lost`` are columns that an earlier report read: see `report.published.memory`.
        """
        note(self.fichiers)
        rows = [("Absente", name, why) for name, why in self.absentes.items()]
        rows += [("En retard", name, why) for name, why in self.retards.items()]
        rows += [("Colonne disparue", name, said) for name, said in (*self.disparues, *lost)]
        for said in self.vigilance:
            source, _, detail = said.partition(" : ")
            rows.append(("À vérifier", source, detail))
        table = pd.DataFrame(rows, columns=["constat", "source", "detail"])
        told = table["source"].map({n: use.sections for n, use in USES.items()})
        told = told.where(table["constat"] != "À vérifier")
        return table.assign(sections=told.fillna("").astype("str"))

    def a(self, source: str) -> bool:
        """Return whether the source has at least one file."""
        return source in self.lectures

    @property
    def empreinte(self) -> str:
        """Return the hash of what decides of every table: programme, rentrée, content of files."""
        files = getattr(self.fichiers, "content", self.fichiers)  # named, none is used yet
        read = [(name, digest(files[name])) for name in sorted(files)]
        said = repr((self.programme, self.rentree, self.simulees, self.absentes, read))
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def vigilance(self) -> tuple[str, ...]:
        """Return what is to be verified: openings, years that look copied or cut short."""
        return self.a_verifier + tuple(
            sentence
            for name, readings in self.lectures.items()
            for sentence in oddities(name, {year: r.table for year, r in readings.items()})
        )

    @property
    def disparues(self) -> list[tuple[str, str]]:
        """Return the optional columns that a source's last file no longer has, in French."""
        found = []
        for name, readings in self.lectures.items():
            for before, after in itertools.pairwise(sorted(readings)[-2:]):
                old, new = (set(readings[y].provenance.colonnes_absentes) for y in (before, after))
                schemas = catalogue.source(name).schemas() if new - old else []
                heads = {one.name: one.header for schema in schemas for one in schema.columns}
                if gone := liste(f"« {heads[one]} »" for one in sorted(new - old)):
                    found.append((name, f"{gone}, dans le fichier de {before}, pas de {after}"))
        return found

    @property
    def colonnes(self) -> dict[str, list[str]]:
        """Return the optional columns that each source of one file for all years has."""
        found = {}
        for one in catalogue.CATALOGUE:
            readings = self.lectures.get(one.name, {})
            if list(readings) == [""]:
                gone = readings[""].provenance.colonnes_absentes
                columns = [c for schema in one.schemas() for c in schema.columns]
                kept = {c.header for c in columns if not c.required and c.name not in gone}
                found[one.name] = sorted(kept)
        return found

    @property
    def changements_uai(self) -> pd.DataFrame:
        """Return the declared changes of establishments' codes, none if there is no file."""
        return _changes(self.programme, self.dossier)

    def provenances(self) -> list[tuple[str, str, Provenance]]:
        """Return source, year and provenance of each file read."""
        read = [
            (source, year, reading.provenance)
            for source, readings in self.lectures.items()
            for year, reading in readings.items()
        ]
        codes = [("nomenclatures", "", p) for p in self.nomenclatures.provenances.values()]
        return read + codes

    @property
    def credit(self) -> str:
        """Return the words that say under each table and figure where the data comes from."""
        return credit(simulated=self.simulees)


def credit(*, simulated: bool) -> str:
    """Return the words that say where a run's data comes from."""
    if simulated:
        return "données simulées (jumeau numérique de fpi_eval)"
    return "Affelnet, Parcoursup, InserJeunes (DEPP-Dares), calculs fpi_eval"


def load(programme: Programme, rentree: int, donnees: str | Path = "") -> Donnees:
    """Return the data of a run, from a folder or, without one, simulated.

    Parameters
    ----------
    rentree : int
        What is published after its report is left aside, as nobody could know it then.
    donnees : path, optional
        Folder that holds the files named in `programme.toml`.

    Raises
    ------
    FpiError
        Folder or compulsory file absent, requested year absent, or a file at fault.
    """
    simulated = not str(donnees)
    folder = folder_of(programme, rentree, donnees)
    codes = read_nomenclatures(folder / programme.source("nomenclatures").fichier, through=cached)
    identity = identity_of(codes)
    there = cache(lambda: catalogue.discover(folder, programme).files)
    found = paths_of(programme, rentree, folder)
    lectures: dict[str, dict[str, Reading]] = {}
    absentes: dict[str, str] = {}
    retards: dict[str, str] = {}
    doubts = () if simulated else filieres_in_doubt(programme, codes, identity)
    for name, paths in found.items():
        if not paths:
            absentes[name] = no_file(programme, name, rentree, folder, there())
            continue
        if name == "ouvertures":
            changes = _changes(programme, folder)
            known = known_beside(programme, codes, identity, lectures, changes)
            read = {"": _read_register(programme, paths[""], known)}
            spent = () if simulated else overspent(read[""].table, programme, paths[""].name)
            doubts += (*strays(read[""], known), *spent)
        else:
            read = {year: _read(programme, name, path, year) for year, path in paths.items()}
        known_now = {year: published(reading, rentree) for year, reading in read.items()}
        if name != "ouvertures" and _rows(read) and not _rows(known_now):
            absentes[name] = f"rien n'en est encore publié quand paraît le rapport de {rentree}"
            continue
        lectures[name] = known_now
        if name in YEARLY and folder / wanted(programme, name, rentree) not in paths.values():
            retards[name] = f"rentrée {rentree} absente, dernière lue : {max(paths)}"
    doubts += () if simulated else left_out(programme, codes, lectures)
    _merge_portal(lectures, absentes, retards, rentree)
    _require(lectures, rentree, folder)
    if URSSAF in programme.sources and not urssaf_files(programme, folder):
        absentes[URSSAF] = no_file(programme, URSSAF, rentree, folder, there())
    files = files_of(programme, rentree, folder)
    own = files_behind(found, folder)
    note(set(files).difference(read_on_use(programme, folder), *own.values()))
    return Donnees(
        programme,
        rentree,
        folder,
        simulated,
        lectures=Traced(lectures, own),
        nomenclatures=codes,
        identity=identity,
        absentes=absentes,
        fichiers=Traced(files, {name: [name] for name in files}),
        retards=retards,
        a_verifier=doubts,
    )


def _rows(readings: dict[str, Reading]) -> int:
    """Return how many rows the readings of a source hold."""
    return sum(len(reading.table) for reading in readings.values())


def _require(lectures: dict[str, dict[str, Reading]], rentree: int, folder: Path) -> None:
    """Raise if no source tells of places or pupils, or none that does holds the rentrée."""
    if not any(name in lectures for name in ESSENTIAL):
        raise FpiError(
            f"aucun fichier de {liste(ESSENTIAL)} jusqu'à la rentrée {rentree}. Déposez-en au "
            "moins un : rien d'autre ne dit des places, des élèves ou leur devenir.",
            fichier=str(folder),
        )
    years = {year for name in YEARLY for year in lectures.get(name, {}) if year}
    if years and str(rentree) not in years:
        raise FpiError(
            f"la rentrée {rentree} est absente de toutes les sources de places et d'élèves "
            f"(trouvé : {liste(sorted(years))}). Déposez un fichier de cette rentrée, ou "
            "choisissez-en une présente.",
            fichier=str(folder),
        )


def _merge_portal(
    lectures: dict[str, dict[str, Reading]],
    absentes: dict[str, str],
    retards: dict[str, str],
    rentree: int,
) -> None:
    """Put the portal's years under the source they complete, where that source lacks them.

    A source that has the rentrée, its own file or the portal's, misses nothing of either.
    """
    for name, portal in PORTAL_OF.items():
        if brought := lectures.pop(portal, {}):
            lectures[name] = dict(sorted((brought | lectures.get(name, {})).items()))
            absentes.pop(name, None)
        for one in (name, portal) if str(rentree) in lectures.get(name, {}) else ():
            absentes.pop(one, None)
            retards.pop(one, None)


def _read(programme: Programme, name: str, path: Path, year: str) -> Reading:
    renaming = Renaming.of(programme, name)
    entry = catalogue.source(name)
    return cached(entry.load(), path, *entry.arguments(path, year), renaming=renaming)


def _read_register(programme: Programme, path: Path, known: Known) -> Reading:
    named = {filiere.code: filiere.libelle for filiere in programme.filieres}
    return read_ouvertures(
        path,
        territoire=programme.territoire,
        projets=programme.noms_projets,
        filieres=named,
        renaming=Renaming.of(programme, "ouvertures"),
        known=known,
    )


def _changes(programme: Programme, folder: Path) -> pd.DataFrame:
    path = folder / programme.source("nomenclatures").fichier / UAI_FILE
    if not path.is_file():
        return pd.DataFrame(columns=["ancien_uai", "nouveau_uai"])
    return cached(read_uai_changes, path).table
