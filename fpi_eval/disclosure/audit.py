"""The adversary's view: bounds of each hidden count, from published figures alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from fpi_eval.disclosure.bounds import Feasible
from fpi_eval.disclosure.margins import Publication, check_publications
from fpi_eval.disclosure.rules import PublicShare, Thresholds, may_be_zero, within
from fpi_eval.disclosure.system import System, build_system
from fpi_eval.errors import FpiError

TOLERANCE = 1e-6


def audit(
    published: Sequence[Publication],
    *,
    thresholds: Thresholds = Thresholds(),  # noqa: B008
    exact: bool = False,
    strict: bool = True,
) -> pd.DataFrame:
    """Return how small and how large each hidden count may be, given all that is published.

    Parameters
    ----------
    published : sequence of Publication
        All reports out, the newest last: its catalogue must hold the detailed rows of all.
    thresholds : Thresholds
        Declares the width required.
    exact : bool
        Search both ends of every cell. Otherwise the search stops at the required width, which
        two whole tables that agree with all that is published then prove.
    strict : bool
        Raise if a cell is exposed; otherwise only say so in the column `expose`.

    Returns
    -------
    DataFrame
        One row per hidden count: `publication`, the dimensions, `effectif` (which count), `bas`,
        `haut`, `largeur` (``haut − bas``, infinite where nothing bounds it) and `expose`.

    Raises
    ------
    FpiError
        If a hidden cell is exposed (one value left; or fewer than the required width, where the
        cell may be small or is hidden by the publisher's rule), or if reports contradict.

    Notes
    -----
    Values are proved by whole tables: a linear program, and an integer one where its solution is
    not whole. An interval below the required width is exact; where an integer program is too
    long to prove it, the cell is exposed. Rates shown without their counts enter as the two
    inequalities that their rounding step leaves.
    """
    check_publications(published, "published")
    view = _view(published, thresholds)
    enough = np.inf if exact else thresholds.width
    low, high, proved = view.feasible().ranges(view.system.matrix[view.targets], enough)
    dims = _space(published[-1])
    labels = [view.label(row) for row in view.targets]
    bounds = pd.DataFrame(labels, columns=["publication", *dims, "effectif"])
    bounds = bounds.assign(bas=low, haut=high)
    bounds["largeur"] = bounds["haut"] - bounds["bas"]
    narrow = bounds["largeur"] < thresholds.width
    sensitive = (bounds["bas"] < thresholds.effectif_minimum) | view.by_rate
    bounds["expose"] = (bounds["largeur"] < 1) | (narrow & (sensitive | ~proved))
    if strict and bounds["expose"].any():
        _refuse(bounds[bounds["expose"]], dims)
    return bounds


def _refuse(exposed: pd.DataFrame, dims: Sequence[str]) -> None:
    first = exposed.iloc[0]
    where = ", ".join(f"{dim} = {first[dim]}" for dim in dims)
    raise FpiError(
        f"{len(exposed)} cellule(s) masquée(s) se retrouve(nt) par calcul, à commencer par "
        f"« {first['effectif']} » ({where}). Ne publiez pas : repassez ces tableaux ensemble dans "
        "« protect », avec les rapports antérieurs dans « known »."
    )


@dataclass(frozen=True, slots=True)
class _View:
    """All that is public, as one system: `shown` is missing where a row is not."""

    system: System
    cells: pd.DataFrame
    source: np.ndarray
    shown: np.ndarray
    lowest: np.ndarray
    targets: np.ndarray
    by_rate: np.ndarray
    slopes: list[sparse.csr_matrix]

    def label(self, row: int) -> tuple:
        cell = self.system.cell[row]
        return (self.source[cell], *self.cells.loc[cell], self.system.measure[row])

    def feasible(self) -> Feasible:
        """Return the set of tables of counts that agree with all that is public."""
        system, known = self.system, ~np.isnan(self.shown)
        slopes = sparse.vstack([sparse.csr_matrix((0, system.matrix.shape[1])), *self.slopes])
        extra = sparse.vstack([system.relations, slopes], format="csr")
        return Feasible(
            sums=system.matrix[known],
            totals=self.shown[known],
            rows=sparse.vstack([system.matrix[~known], extra], format="csr"),
            low=np.r_[self.lowest[~known], system.low, np.zeros(slopes.shape[0])],
            high=np.r_[
                np.full((~known).sum(), np.inf),
                system.high,
                np.full(slopes.shape[0], np.inf),
            ],
        )


def _view(published: Sequence[Publication], thresholds: Thresholds) -> _View:
    newest = published[-1]
    names = [
        n for n in dict.fromkeys(n for p in published for n in p.counts) if n in newest.structure
    ]
    cells = pd.concat([p.cells(_space(newest)) for p in published], ignore_index=True)
    relations = [r for p in published for r in (*p.parts, *within(p.rates, names))]
    links = [link for link in newest.links if {link.share, link.whole} <= set(names)]
    system = build_system(cells, newest.structure, names, list(dict.fromkeys(relations)), links)
    shown, lowest = np.full(len(system.cell), np.nan), np.zeros(len(system.cell))
    by_rate = np.zeros(len(system.cell), dtype=bool)
    targets, slopes, first = [], [], 0
    for p in published:
        for row, offset, name, free, rated in _published_rows(p, system, first, thresholds, links):
            shown[row], by_rate[row] = p.frame[name].iloc[offset], rated
            if name in p.hidden and p.hidden[name].iloc[offset]:
                lowest[row] = 0 if free else 1
                targets.append(row)
        slopes += _slopes(p, system, first)
        first += len(p.frame)
    source = np.repeat([p.name for p in published], [len(p.frame) for p in published])
    places = np.array(targets, dtype=int)
    return _View(system, cells, source, shown, lowest, places, by_rate[places], slopes)


def _space(p: Publication) -> list[str]:
    return list(p.space or p.dims)


def _published_rows(
    p: Publication,
    system: System,
    first: int,
    thresholds: Thresholds,
    links: Sequence[PublicShare],
) -> Iterator[tuple[int, int, str, bool, bool]]:
    """Yield row, position and count of what a report prints, then whether it may be zero.

    Last, whether the publisher's rule hides it whatever its value.
    """
    counts = {name: p.frame[name].to_numpy(dtype=float) for name in p.counts if name in p.frame}
    rated = {name: may_be_zero(name, counts, p.rates, thresholds) for name in counts}
    zeros = {name: may_be_zero(name, counts, p.rates, thresholds, links) for name in counts}
    for row, offset, name in system.rows_of(first, len(p.frame)):
        if name in counts:
            yield row, offset, name, bool(zeros[name][offset]), bool(rated[name][offset])


def _slopes(p: Publication, system: System, first: int) -> list[sparse.csr_matrix]:
    """Return rows that must be ≥ 0: what a rounded rate says of counts that are not both shown."""
    rows = []
    for rate in p.rates:
        if rate.step is None or rate.name not in p.frame:
            continue
        for offset, value in enumerate(p.frame[rate.name].to_numpy(dtype=float)):
            top = system.at.get((first + offset, rate.numerator))
            base = system.at.get((first + offset, rate.denominator))
            if np.isnan(value) or top is None or base is None:
                continue
            numerator, denominator = system.matrix[top], system.matrix[base]
            half = rate.step / 2 + TOLERANCE
            rows.append(numerator - (value - half) * denominator)
            rows.append((value + half) * denominator - numerator)
    return rows
