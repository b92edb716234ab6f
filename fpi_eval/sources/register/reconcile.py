"""The register of openings against the places observed in Affelnet and Parcoursup.

Places are compared for one establishment × course × voie, within one source, between one rentrée
and the one before. A hidden capacity is unknown, not zero; a new row is not a new seat.
"""

from dataclasses import asdict, dataclass, replace
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

CONFIRMEE, SUPERIEURE, INFERIEURE = "confirmée", "supérieure", "inférieure"
INTROUVABLE, NON_VERIFIABLE = "introuvable", "non vérifiable"
CFD_LENGTH = 8


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one source says of a cell: the change seen, or why there is none."""

    statut: str
    motif: str
    variation: float = np.nan


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
        The register's rows and columns, and: variation, statut, motif (what the files show, or
        why they show nothing: the page counts openings by it). statut is ``confirmée``,
        ``supérieure`` or ``inférieure`` (the observed change is larger or smaller than the declared
        one), ``introuvable`` (the file of that rentrée does not have the cell), ``non vérifiable``
        (no previous year, no file, capacity hidden, sources at odds).
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
        motif = "aucun fichier de places de ce niveau et de cette voie à cette rentrée"
        return asdict(_Finding(NON_VERIFIABLE, motif))
    if np.isnan(opening.declared):
        return asdict(_Finding(NON_VERIFIABLE, "places ouvertes non remplies dans le registre"))
    findings = [_look(book, source, opening) for source in sources]
    seen = [found for found in findings if not found.statut]
    if not seen:
        hidden = [found for found in findings if found.statut == NON_VERIFIABLE]
        return asdict((hidden or findings)[0])
    if len({found.variation for found in seen}) > 1:
        return asdict(_Finding(NON_VERIFIABLE, "les sources se contredisent"))
    gap = seen[0].variation - opening.declared
    statut = CONFIRMEE if gap == 0 else SUPERIEURE if gap > 0 else INFERIEURE
    return asdict(replace(seen[0], statut=statut))


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
        return _Finding(INTROUVABLE, f"{what} du fichier de cette rentrée")
    if source not in book.files.get((opening.niveau, opening.voie, last), ()):
        return _Finding(NON_VERIFIABLE, "pas de fichier de la rentrée d'avant")
    if not before and (source, opening.uai, last) not in book.schools:
        return _Finding(NON_VERIFIABLE, "établissement absent du fichier de la rentrée d'avant")
    if len({cell.course for cell in (*now, *before)}) > 1:
        motif = "plusieurs années d'entrée pour ce diplôme : le registre doit dire laquelle"
        return _Finding(NON_VERIFIABLE, f"{motif} (mefstat11)")
    return _change(now, before)


def _change(now: list, before: list) -> _Finding:
    """Return the change of a cell found, at one rentrée at least."""
    words = "même formation aux deux rentrées" if before else "formation nouvelle ici"
    first, second = (cells[0].places if cells else 0.0 for cells in (before, now))
    if np.isnan(second - first):
        return _Finding(NON_VERIFIABLE, "places masquées ou inconnues", second - first)
    if now and before and now[0].lignes != before[0].lignes:
        motif = "la formation n'a pas autant de lignes aux deux rentrées"
        return _Finding(NON_VERIFIABLE, motif, second - first)
    return _Finding("", words if now else "formation fermée", second - first)
