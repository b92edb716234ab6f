"""The register of openings against the places observed in Affelnet and Parcoursup.

Places are compared for one establishment × course × voie, within one source, between one rentrée
and the one before. A hidden capacity is unknown, not zero; a new row is not a new seat.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from fpi_eval.sources.register.observed import (
    courses,
    links_of,
    mapped,
    neighbours,
    observed_places,
)
from fpi_eval.text import liste, signe

CONFIRMEE, SUPERIEURE, INFERIEURE = "confirmée", "supérieure", "inférieure"
INTROUVABLE, NON_VERIFIABLE = "introuvable", "non vérifiable"
CFD_LENGTH = 8


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one source says of a cell: the change seen, or why there is none."""

    statut: str
    motif: str
    avant: float = np.nan
    observees: float = np.nan

    @property
    def variation(self) -> float:
        return self.observees - self.avant


def reconcile(
    register: pd.DataFrame,
    capacities: pd.DataFrame,
    *,
    continuity: pd.DataFrame,
) -> pd.DataFrame:
    """Return the register with what capacity files say of each opening.

    Parameters
    ----------
    register : DataFrame
        As `read_ouvertures` gives it.
    capacities : DataFrame
        One row per published capacity: uai, mefstat11, cfd, voie, rentree, places, source.
    continuity : DataFrame
        ancien_cfd, nouveau_cfd: renovations, through which a course stays the same where one
        diploma became one; a diploma that splits or merges has seats that no file follows.

    Returns
    -------
    DataFrame
        The register's rows and columns, and: places_avant, places_observees, variation,
        source, statut, motif. statut is ``confirmée``, ``supérieure`` or ``inférieure`` (the
        observed change is larger or smaller than the declared one), ``introuvable`` (the file of
        that rentrée does not have the cell), ``non vérifiable`` (no previous year, no file,
        capacity hidden, sources at odds).
    """
    observed = observed_places(capacities, continuity)
    book = _Book(observed, neighbours(continuity))
    table = register.reset_index(drop=True)
    course = courses(table, continuity)
    keys = pd.DataFrame(
        {"uai": table["uai"], "voie": table["voie"], "rentree": table["rentree"], "course": course}
    )
    total = (
        table["places_ouvertes"]
        .groupby([keys[c] for c in keys])
        .transform(lambda places: places.sum(skipna=False))
    )
    openings = zip(
        table["uai"],
        table["voie"],
        table["rentree"],
        table["niveau"],
        course,
        mapped(table["cfd"], links_of(continuity)),
        total,
        strict=True,
    )
    rows = [_judge(book, _Opening(*opening)) for opening in openings]
    return pd.concat([table, pd.DataFrame(rows)], axis=1)


# ── one opening ─────────────────────────────────────────────────────────────────────────────────


class _Opening(NamedTuple):
    """What the register declares of one cell at one rentrée."""

    uai: str
    voie: str
    rentree: int
    niveau: str
    course: str
    cfd: str
    declared: float


class _Book:
    """Observed cells, by source, establishment, voie and rentrée."""

    def __init__(self, observed: pd.DataFrame, near: dict[str, set[str]]) -> None:
        self.near = near
        self.cells: dict[tuple, list] = {}
        self.schools: set[tuple] = set()
        self.files: dict[tuple, set[str]] = {}
        for row in observed.itertuples(index=False):
            self.cells.setdefault((row.source, row.uai, row.voie, row.rentree), []).append(row)
            self.schools.add((row.source, row.uai, row.rentree))
            self.files.setdefault((row.niveau, row.voie, row.rentree), set()).add(row.source)

    def find(self, source: str, opening: _Opening, rentree: int) -> list:
        """Return the cells that can be the opening's: by its own code, else by its cfd.

        The cfd serves only where one side has no mefstat11: a diploma's 2nde and its 1re have
        the same cfd, and are two cells.
        """
        cells = self.cells.get((source, opening.uai, opening.voie, rentree), [])
        exact = [cell for cell in cells if cell.course == opening.course]
        return exact or [
            cell
            for cell in cells
            if cell.cfd == opening.cfd and CFD_LENGTH in (len(cell.course), len(opening.course))
        ]

    def has_kin(self, source: str, opening: _Opening, rentree: int) -> bool:
        """Return whether the establishment has the opening's diploma at another entry year.

        Or another diploma that a renovation splits from it, or merges with it.
        """
        cells = self.cells.get((source, opening.uai, opening.voie, rentree), [])
        kin = {opening.cfd, *self.near.get(opening.cfd, ())}
        return any(cell.cfd in kin for cell in cells)


def _judge(book: _Book, opening: _Opening) -> dict[str, object]:
    sources = sorted(book.files.get((opening.niveau, opening.voie, opening.rentree), ()))
    if not sources:
        motif = "aucun fichier de places de ce niveau et de cette voie à la rentrée "
        return _row("", _Finding(NON_VERIFIABLE, f"{motif}{opening.rentree}"))
    if np.isnan(opening.declared):
        return _row("", _Finding(NON_VERIFIABLE, "places_ouvertes n'est pas rempli"))
    findings = {source: _look(book, source, opening) for source in sources}
    seen = {source: found for source, found in findings.items() if not found.statut}
    if not seen:
        hidden = {s: f for s, f in findings.items() if f.statut == NON_VERIFIABLE}
        return _row(*next(iter((hidden or findings).items())))
    changes = [found.variation for found in seen.values()]
    if max(changes) > min(changes):
        words = liste(f"{source} {signe(found.variation)}" for source, found in seen.items())
        return _row("", _Finding(NON_VERIFIABLE, f"les sources se contredisent ({words})"))
    source, found = next(iter(seen.items()))
    gap = found.variation - opening.declared
    statut = CONFIRMEE if gap == 0 else SUPERIEURE if gap > 0 else INFERIEURE
    return _row(source, replace(found, statut=statut))


def _look(book: _Book, source: str, opening: _Opening) -> _Finding:
    """Return what one source shows of the cell between the rentrée before and this one."""
    year, last = opening.rentree, opening.rentree - 1
    now, before = book.find(source, opening, year), book.find(source, opening, last)
    if bool(now) != bool(before) and book.has_kin(source, opening, last if now else year):
        motif = "le diplôme, ou l'année d'entrée, n'est pas le même aux deux rentrées"
        return _Finding(NON_VERIFIABLE, motif)
    if not now and not (before and opening.declared < 0):
        known = (source, opening.uai, year) in book.schools
        what = "formation absente" if known else "établissement absent (privé, ou autre UAI ?)"
        return _Finding(INTROUVABLE, f"{what} du fichier de la rentrée {year}")
    if source not in book.files.get((opening.niveau, opening.voie, last), ()):
        return _Finding(NON_VERIFIABLE, f"pas de fichier de la rentrée {last}")
    if not before and (source, opening.uai, last) not in book.schools:
        motif = f"établissement absent du fichier de la rentrée {last} : une nouvelle ligne"
        return _Finding(NON_VERIFIABLE, f"{motif} n'est pas une nouvelle place")
    if len({cell.course for cell in (*now, *before)}) > 1:
        motif = "plusieurs années d'entrée pour ce cfd : indiquez mefstat11"
        return _Finding(NON_VERIFIABLE, motif)
    return _change(now, before, opening)


def _change(now: list, before: list, opening: _Opening) -> _Finding:
    """Return the change of a cell found, at one rentrée at least."""
    words = "même formation aux deux rentrées" if before else "formation nouvelle ici"
    places = [cells[0].places if cells else 0.0 for cells in (before, now)]
    years = (opening.rentree - 1, opening.rentree)
    hidden = [str(y) for y, seats in zip(years, places, strict=True) if np.isnan(seats)]
    if hidden:
        motif = f"places masquées ou inconnues en {liste(hidden)}"
        return _Finding(NON_VERIFIABLE, motif, *places)
    if now and before and now[0].lignes != before[0].lignes:
        motif = f"la formation a {before[0].lignes} puis {now[0].lignes} lignes dans le fichier"
        return _Finding(NON_VERIFIABLE, motif, *places)
    return _Finding("", words if now else "formation fermée", *places)


def _row(source: str, finding: _Finding) -> dict[str, object]:
    return {
        "places_avant": finding.avant,
        "places_observees": finding.observees,
        "variation": finding.variation,
        "source": source,
        "statut": finding.statut,
        "motif": finding.motif,
    }
