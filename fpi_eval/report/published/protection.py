"""Protect the tables of a report that a reader holds together, earlier reports in mind; audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fpi_eval.absent import Absent
from fpi_eval.disclosure import (
    TOTAL,
    Parts,
    Protected,
    Publication,
    PublicShare,
    Rate,
    Shown,
    Thresholds,
    ToPublish,
    Unprotectable,
    audit,
    protect_together,
    with_margins,
)
from fpi_eval.errors import FpiError
from fpi_eval.panel.year import Year
from fpi_eval.report.published import memory as publication
from fpi_eval.store import kept
from fpi_eval.text import liste

AUTRES = "—"  # detail of other regions and of older years: not distinguished


@dataclass(frozen=True, slots=True)
class Safe:
    """A table fit to publish, and what audits it: earlier reports, and the tables beside it."""

    table: Protected
    known: tuple[Publication, ...]
    beside: tuple[Publication, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """Shown cells."""
        return self.table.frame

    @property
    def hidden(self) -> pd.DataFrame:
        """Where something is hidden."""
        return self.table.hidden

    def derived(self, frame: pd.DataFrame, hidden: pd.DataFrame) -> Shown:
        """Return rows made from the shown cells alone, and where they lack a hidden value."""
        return self.table.shown.derived(frame, hidden)


def check(safe: Safe, thresholds: Thresholds) -> int:
    """Return how many hidden counts the audit bounded; raise if one can be recovered."""
    published = [*safe.known, *safe.beside, safe.table.publication]
    return len(kept(audit, published, thresholds=thresholds))


def thresholds_of(p: Year) -> Thresholds:
    """Return the programme's thresholds."""
    return Thresholds.of(p.donnees.programme.secret)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table that a report wants to show: rows that tell its cells, and their groupings.

    The year is the last of `dims`; groupings go from the finest to the coarsest.
    """

    name: str
    rows: pd.DataFrame
    dims: list[str]
    counts: list[str]
    groups: list[tuple[str, ...]]
    windows: Sequence[object]
    public: tuple[str, ...] = ()
    rates: tuple[Rate, ...] = ()
    parts: tuple[Parts, ...] = ()

    def layout(self, dropped: int) -> ToPublish:
        """Return the cells without the finest groupings, the coarsest always kept.

        The cells of places not told apart are left out: each repeats a wider one.
        """
        groups = self.groups[min(dropped, len(self.groups) - 1) :]
        windows = {self.dims[-1]: list(self.windows)}
        cells = with_margins(self.rows, self.dims, margins=groups, windows=windows)
        kept = cells.ne(AUTRES).all(axis=1)
        return ToPublish(
            self.name,
            cells[kept].reset_index(drop=True),
            tuple(self.counts),
            self.rates,
            self.parts,
            self.public,
        )


@dataclass(frozen=True, slots=True)
class ShownYears:
    """Years that other reports show in a table, and those whose finest cells they tell."""

    years: frozenset[object]
    told: frozenset[object]


def shown_before(p: Year, name: str, finest: str) -> ShownYears:
    """Return what other reports show in a table of which `finest` is the finest dimension.

    These years keep their detail in the system: what a reader holds from then still counts.
    """
    pairs = [
        (year, place != TOTAL)
        for before in publication.elsewhere(p.donnees).get(name, ())
        for year, place in before.frame[[before.dims[-1], finest]].itertuples(index=False)
    ]
    told = frozenset(year for year, fine in pairs if fine)
    return ShownYears(frozenset(year for year, _ in pairs), told)


def protected(
    p: Year,
    wanted: Sequence[Wanted],
    rows: pd.DataFrame,
    dims: list[str],
    *,
    fine: Sequence[object],
    links: Sequence[PublicShare] = (),
) -> dict[str, Safe | Absent]:
    """Return the tables of one system, what all other reports published in mind, by name.

    Parameters
    ----------
    wanted : sequence of Wanted
        Tables that a reader holds together.
    rows : DataFrame
        Finest rows that the system tells apart: `dims`, the year last, and all counts.
    fine : sequence
        Years whose detail is in `rows`: other reports are read there.
    links : sequence of PublicShare
        Counts that are a public share of another.

    Notes
    -----
    Where what is already public leaves no way to protect a cell, tables are published at wider
    and wider groupings; then without the cells that touch it; else not at all, with the reason.
    """
    _all_there(p, wanted, fine)
    counts = [name for one in wanted for name in (*one.counts, *one.public)]
    how: dict[str, Any] = dict.fromkeys(counts, lambda column: column.sum(min_count=1))
    how |= {link.ratio: "first" for link in links}
    detail = rows.groupby(dims).agg(how).reset_index()
    others = [
        publication.united(
            part
            for one in wanted
            for other in told.get(one.name, ())
            if len((part := publication.within(other, one.dims[-1], fine)).frame)
        )
        for told in publication.in_turn(p.donnees)
    ]
    found = _found(p, wanted, detail, dims, links, others)
    if isinstance(found, Absent):
        return {one.name: found for one in wanted}
    tables, known = found
    return {
        name: Safe(table, known, tuple(t.publication for n, t in tables.items() if n != name))
        for name, table in tables.items()
    }


def _all_there(p: Year, wanted: Sequence[Wanted], fine: Sequence[object]) -> None:
    """Raise if files lack a year that other reports sum with those still there."""
    lost = {
        year
        for one in wanted
        for other in publication.elsewhere(p.donnees).get(one.name, ())
        for year in publication.gone(other, one.dims[-1], fine, p.donnees.rentree)
    }
    if lost and not p.donnees.simulees:
        raise FpiError(
            f"la rentrée {min(lost)}, que d'autres rapports additionnent à de plus récentes, n'est "
            "plus dans les fichiers : une différence entre rapports rendrait peut-être des "
            "effectifs masqués. Remettez ses fichiers dans le dossier."
        )


def _found(
    p: Year,
    wanted: Sequence[Wanted],
    detail: pd.DataFrame,
    dims: list[str],
    links: Sequence[PublicShare],
    others: Sequence[tuple[Publication, ...]],
) -> tuple[dict[str, Protected], tuple[Publication, ...]] | Absent:
    """Return the protected tables and the other reports that they take into account.

    The first of ``others`` that the files do not contradict; another twin's report is unknown.
    """
    for known in [*others, ()] if p.donnees.simulees else others:
        try:
            return _laid_out(p, wanted, detail, dims, links, known)
        except FpiError as error:
            if not known:
                raise
            refused = error
    raise _revised(p, refused) from refused


def _laid_out(
    p: Year,
    wanted: Sequence[Wanted],
    detail: pd.DataFrame,
    dims: list[str],
    links: Sequence[PublicShare],
    known: tuple[Publication, ...],
) -> tuple[dict[str, Protected], tuple[Publication, ...]] | Absent:
    """Return tables at the finest groupings that can be protected with ``known`` in mind."""
    how: dict[str, Any] = {"dims": dims, "links": links, "thresholds": thresholds_of(p)}
    wider = max(len(one.groups) for one in wanted)
    for dropped, withdraw in [*((dropped, False) for dropped in range(wider)), (0, True)]:
        layouts = [one.layout(dropped) for one in wanted]
        try:
            made = kept(protect_together, detail, layouts, known=known, withdraw=withdraw, **how)
            return made, known
        except Unprotectable as error:
            why = error.raison  # without the cell: only its authors may know which is not safe
    return Absent(f"tableau laissé de côté : {why}")


def _revised(p: Year, error: FpiError) -> FpiError:
    """Return the refusal with the reports that the files may contradict: only earlier ones stop."""
    years = [path.parent.name for path in publication.before(p.donnees)]
    read, again = "Rapport antérieur lu", "ce rapport"
    if len(years) > 1:
        read, again = "Rapports antérieurs lus", "ceux d'avant la révision, dans l'ordre,"
    return FpiError(
        f"{error} {read} : {liste(years)}. Si un producteur a révisé ses données, refaites d'abord "
        f"{again} avec elles."
    )


def margin(safe: Safe, *shown: str, **fixed: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cells and flags of one grouping: `shown` dimensions told, the others summed.

    The year is always told; `fixed` keeps one value of a dimension.
    """
    dims = list(safe.table.publication.dims)
    frame = safe.frame
    kept = np.ones(len(frame), dtype=bool)
    for dim in dims[:-1]:
        told = frame[dim] != TOTAL
        kept &= told if dim in shown else ~told
    for dim, value in fixed.items():
        kept &= frame[dim].map(lambda v, w=value: v == w)
    return frame[kept].reset_index(drop=True), safe.hidden[kept].reset_index(drop=True)
