"""Extremes of a count over all whole non-negative tables that agree with what is known."""

from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

from fpi_eval.errors import FpiError

TOLERANCE = 1e-6
UNLIMITED = 1e5
SWEEPS = 30
OPTIMAL, INFEASIBLE = 0, 2  # what scipy says of a program
NODES = 10_000  # of an integer program, before its answer so far is taken and said unproved


@dataclass(frozen=True, slots=True)
class _Block:
    """Unknowns linked to one another, and the rows that link them."""

    unknowns: np.ndarray
    rows: sparse.csr_matrix
    low: np.ndarray
    high: np.ndarray


class Feasible:
    """All tables x ≥ 0, whole, with ``sums @ x = totals`` and ``low ≤ rows @ x ≤ high``.

    Unknowns that shown sums give at once are fixed; the others fall into independent blocks, so
    that each program stays small.
    """

    def __init__(
        self,
        *,
        sums: sparse.csr_matrix,
        totals: np.ndarray,
        rows: sparse.csr_matrix,
        low: np.ndarray,
        high: np.ndarray,
    ) -> None:
        self.fixed = _fixed(sums, totals)
        known = np.nan_to_num(self.fixed)
        if (known < -TOLERANCE).any():
            _contradiction()
        matrix = sparse.vstack([sums, rows], format="csr")
        given = matrix @ known
        self.blocks, self.block_of = self._split(
            matrix, np.r_[totals, low] - given, np.r_[totals, high] - given
        )

    def _split(
        self, matrix: sparse.csr_matrix, low: np.ndarray, high: np.ndarray
    ) -> tuple[list[_Block], np.ndarray]:
        free = np.flatnonzero(np.isnan(self.fixed))
        rows = matrix[:, free]
        positive = np.asarray((rows < 0).sum(axis=1)).ravel() == 0
        empty = np.diff(rows.indptr) == 0
        if (empty & ((low > TOLERANCE) | (high < -TOLERANCE))).any():
            _contradiction()
        useful = ~empty & ~(positive & (low <= 0) & np.isinf(high))
        rows, low, high = rows[useful], low[useful], high[useful]
        links = (abs(rows).T @ abs(rows)).tocsr()
        n_blocks, block_of_free = connected_components(links, directed=False)
        block_of = np.full(matrix.shape[1], -1)
        block_of[free] = block_of_free
        block_of_row = block_of_free[rows.indices[rows.indptr[:-1]]] if rows.shape[0] else []
        blocks = []
        for number in range(n_blocks):
            inside = np.flatnonzero(np.asarray(block_of_row) == number)
            own = np.flatnonzero(block_of_free == number)
            blocks.append(_Block(free[own], rows[inside][:, own], low[inside], high[inside]))
        return blocks, block_of

    def ranges(
        self, rows: sparse.csr_matrix, enough: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return values that each count of `rows` (weights 0 or 1) may take at both ends.

        Both ends are exact where their distance is below `enough`; above, the search stops as
        soon as two whole tables prove that distance. Last, whether this holds: where a program
        was too long, the count may go beyond both ends.
        """
        low = high = np.rint(rows @ np.nan_to_num(self.fixed))
        proved = np.ones(rows.shape[0], dtype=bool)
        for block in self.blocks:
            inside = rows[:, block.unknowns]
            touched = np.flatnonzero(np.diff(inside.indptr))
            if len(touched):
                ends = _ranges(block, inside[touched], enough)
                low, high = low.copy(), high.copy()
                low[touched] += ends[0]
                high[touched] += ends[1]
                proved[touched] &= ends[2]
        return low, np.where(high >= UNLIMITED / 2, np.inf, high), proved


def _fixed(sums: sparse.csr_matrix, totals: np.ndarray) -> np.ndarray:
    """Return unknowns given by a zero sum or as the only one left in a sum; missing elsewhere."""
    fixed = np.full(sums.shape[1], np.nan)
    while True:
        free = np.flatnonzero(np.isnan(fixed))
        left = totals - sums @ np.nan_to_num(fixed)
        entries = sums[:, free].tocoo()
        alone = np.bincount(entries.row, minlength=len(left))[entries.row] == 1
        told = alone | (np.abs(left[entries.row]) < TOLERANCE)
        if not told.any():
            return fixed
        fixed[free[entries.col[told]]] = left[entries.row[told]]


def _ranges(
    block: _Block, counts: sparse.csr_matrix, enough: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ends of each count over a block, and whether they are proved.

    Many counts are searched at once, then one by one where needed.
    """
    search = _Search(block, counts)
    rng = np.random.default_rng(counts.shape[0])
    for _ in range(SWEEPS if np.isfinite(enough) else 0):
        narrow = search.narrower(enough)
        if not len(narrow):
            break
        weights = (rng.random(len(narrow)) - 0.5) @ counts[narrow]
        search.look(weights)
        search.look(-weights)
    proved = np.ones(counts.shape[0], dtype=bool)
    for place in search.narrower(enough):
        weights = counts[[place]].toarray()[0]
        for towards in (weights, -weights):
            if search.high[place] - search.low[place] >= enough:  # by another count's table
                break
            if not search.look(towards) and not search.look(towards, whole=True):
                proved[place] = False
    return search.low, search.high, proved | (search.high - search.low >= enough)


class _Search:
    """Ends of some counts of a block, widened by each whole table that a program returns."""

    def __init__(self, block: _Block, counts: sparse.csr_matrix) -> None:
        self.block, self.counts = block, counts
        self.low = np.full(counts.shape[0], np.inf)
        self.high = np.full(counts.shape[0], -np.inf)

    def narrower(self, enough: float) -> np.ndarray:
        """Return the places of the counts whose ends are not yet `enough` apart."""
        return np.flatnonzero(~(self.high - self.low >= enough))

    def look(self, weights: np.ndarray, *, whole: bool = False) -> bool:
        """Widen the ends with the table of smallest weighted sum; return False if it may not be."""
        table, smallest = _lowest(self.block, weights, whole)
        if table is not None:
            seen = np.rint(self.counts @ table)
            self.low, self.high = np.minimum(self.low, seen), np.maximum(self.high, seen)
        return smallest


def _lowest(block: _Block, weights: np.ndarray, whole: bool) -> tuple[np.ndarray | None, bool]:
    """Return the whole table that a program gives, if any, and whether none has a smaller sum."""
    found = milp(
        weights,
        integrality=int(whole),
        bounds=Bounds(0, UNLIMITED),
        constraints=LinearConstraint(block.rows, block.low, block.high) if len(block.low) else (),
        options={"mip_rel_gap": 0.0, "node_limit": NODES},
    )
    if found.x is None:
        if whole and found.status != INFEASIBLE:  # too long: nothing is known
            return None, False
        _contradiction()
    table = np.rint(found.x)
    if np.abs(table - found.x).max() >= TOLERANCE:
        return None, False
    return table, found.status == OPTIMAL


def _contradiction() -> NoReturn:
    raise FpiError(
        "les tableaux publiés se contredisent : aucun effectif ne les vérifie tous. Vérifiez que "
        "les rapports de « known » portent sur les mêmes données (révision, millésime)."
    )
