"""What headline numbers an earlier report published, and what moved them since."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from fpi_eval.absent import Absent
from fpi_eval.disclosure import Thresholds
from fpi_eval.errors import FpiError
from fpi_eval.headline.change import Change, Changes, change, compared, listed
from fpi_eval.headline.of_year import amounts, dear_amounts, whole
from fpi_eval.headline.quantity import Headline
from fpi_eval.indicators import personnes_formees
from fpi_eval.panel.loading import Donnees
from fpi_eval.panel.two_years import (
    DEFINITION,
    OPENINGS,
    REGISTER,
    REVISED,
    TwoYears,
    defines,
    two_years,
)
from fpi_eval.panel.year import Year
from fpi_eval.pinned import sha256
from fpi_eval.programme import Programme
from fpi_eval.report.edition import QUANTITIES, inputs_read, kept_earlier, kept_file
from fpi_eval.report.published import counts, people
from fpi_eval.report.published.shown_quantities import read_quantities
from fpi_eval.text import liste
from fpi_eval.traced import note

FEW = 2  # inputs replaced, over which what takes a simulation is computed at both ends only
SAID = 3
DEAR = ("cout_", "entrees_attendues", "places_a_ouvrir", "industrie_100")


@dataclass(frozen=True, slots=True)
class EarlierReport:
    """A report that is in its folder: its rentrée, its headline numbers, its files' hashes."""

    rentree: int
    headline: Headline
    hashes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RawPeople:
    """People entered by target as the files count them, before any protection."""

    frame: pd.DataFrame
    source: str = ""


def quantities_path(donnees: Donnees, rentree: int) -> Path:
    """Return where the report of a rentrée keeps its headline numbers."""
    return kept_file(donnees.programme, rentree, QUANTITIES, simulated=donnees.simulees)


def published(donnees: Donnees, rentree: int) -> EarlierReport:
    """Return what the report of a rentrée published.

    Raises `FpiError`: there is no such report, or its file cannot be read.
    """
    path = quantities_path(donnees, rentree)
    if not path.is_file():
        other = kept_file(donnees.programme, rentree, QUANTITIES, simulated=not donnees.simulees)
        if other.is_file():
            of, advice = (
                ("vrais fichiers", "Indiquez leur dossier (--donnees).")
                if donnees.simulees
                else ("données simulées", "Refaites-le de vrais fichiers, ou ôtez --donnees.")
            )
            raise FpiError(
                f"le rapport de la rentrée {rentree} est fait de {of}. {advice}",
                fichier=str(path.parent),
            )
        named = f" --programme {donnees.programme.dossier.name}"
        option = named if donnees.simulees else f"{named} --donnees …"
        raise FpiError(
            f"le rapport de la rentrée {rentree} n'est pas dans ce dossier. Faites-le d'abord : "
            f"« fpi-eval run {rentree}{option} ».",
            fichier=str(path.parent),
        )
    note([f"{rentree}/{path.name}"])
    found = read_quantities(path)
    return EarlierReport(rentree, found, inputs_read(path.parent))


def last_report(year: Year) -> EarlierReport | Absent:
    """Return the latest earlier report of the programme, or that there is none."""
    what, simulated = year.programme, year.donnees.simulees
    earlier = list(kept_earlier(what, year.rentree, QUANTITIES, simulated=simulated))
    if earlier:
        return published(year.donnees, int(earlier[-1].partition("/")[0]))
    return Absent(
        f"Aucun rapport d'une rentrée d'avant {year.rentree} n'est dans le dossier des rapports : "
        "il n'y a rien à quoi comparer les chiffres.",
        answers="Qu'est-ce qui a changé depuis le rapport précédent ?",
    )


def since(year: Year, before: EarlierReport) -> Changes:
    """Return what moved from an earlier report to the one being made, of the same files."""
    after = whole(year, people.cibles(year))
    return between(two_years(year, before.rentree), before, after)


def between_reports(
    year: Year, rentree: int, dossier: str | Path = "", programme: Programme | None = None
) -> Changes:
    """Return what moved between two reports that are made, as `two_years` replaces inputs."""
    before, after = (published(year.donnees, one) for one in (rentree, year.rentree))
    years = two_years(year, rentree, dossier, programme)
    former = years.former.donnees
    others = [n for n in _others(former, before.hashes) if not defines(former, n)]
    if str(dossier) and others:
        raise FpiError(
            f"ces fichiers ne sont pas ceux que le rapport {rentree} avait lus : "
            f"{liste(sorted(others)[:SAID])}. Donnez le dossier gardé alors, ou retirez "
            "--donnees-avant : le reste ne se séparera pas des révisions.",
            fichier=str(dossier),
        )
    return between(years, before, after.headline)


def between(years: TwoYears, report: EarlierReport, after: Headline) -> Changes:
    """Return every change of a number, split between the inputs replaced."""
    before = report.headline
    causes, outcome = years.replaced, after.notes.get("resultat", "")

    @cache
    def light(taken: frozenset[str]) -> Mapping[str, float]:
        year = years.year(taken)
        return amounts(year, _entered(year), outcome)

    @cache
    def dear(taken: frozenset[str]) -> Mapping[str, float]:
        return dear_amounts(years.year(taken))

    pairs = compared(before, after)
    limits = Thresholds.of(years.latest.programme.secret)
    found = [
        change(*pair, causes, dear, ends=len(causes) > FEW, thresholds=limits)
        if pair[1].key.startswith(DEAR)
        else change(*pair, causes, light, thresholds=limits)
        for pair in pairs
    ]
    keys = {new.key for _, new in pairs}
    both = [one for one in after if one and before.get(one.key) and one.key not in keys]
    return Changes(
        years=(years.former.rentree, years.latest.rentree),
        moved=tuple(one for one in found if _moved(one)),
        same=tuple(one.after for one in found if not _moved(one)),
        come=listed(after, before),
        gone=listed(before, after),
        redefined=listed((one for one in both if one.unit != before[one.key].unit), Headline()),
        vague=listed((one for one in both if one.unit == before[one.key].unit), Headline()),
        unseparated=_unseparated(years, report.hashes),
    )


def _unseparated(years: TwoYears, hashes: Mapping[str, str]) -> tuple[str, ...]:
    """Return what changed since the report and of which no former version is at hand."""
    found = years.seen.donnees
    register = Path(found.programme.source(OPENINGS).fichier).stem
    moved = set()
    for name in _others(found, hashes):
        other = DEFINITION if defines(found, name) else REVISED
        moved.add(REGISTER if Path(name).stem == register else other)
    return tuple(
        kind for kind in (REVISED, REGISTER, DEFINITION) if kind in moved - {*years.replaced}
    )


def _others(found: Donnees, hashes: Mapping[str, str]) -> set[str]:
    """Return the files whose content is not the one that a report read."""
    return {
        name
        for name, path in found.fichiers.items()
        if hashes.get(name, "") not in ("", sha256(path))
    }


def _moved(one: Change) -> bool:
    return bool(one.amount) or any(one.parts.values())


def _entered(year: Year) -> RawPeople | None:
    """Return people entered by target, as the files count them."""
    targets = [one for one in year.programme.cibles if one.lecture == "entrants"]
    if year.registre.empty or not targets:
        return None
    rows = counts.en_places(year)
    if rows["entrants_programme"].isna().all():
        return None
    return RawPeople(personnes_formees(rows, targets, jusqu_a=year.rentree))
