"""The linear system that links all cells: each is a sum of groups of detailed rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from fpi_eval.disclosure.margins import membership
from fpi_eval.disclosure.rules import Parts, PublicShare


@dataclass(frozen=True, slots=True)
class System:
    """Unknown counts, and the rows that sum them.

    Detailed rows that every cell takes or leaves together are one unknown: nobody could tell them
    apart, and the system is no larger than the finest table published.

    Parameters
    ----------
    matrix : csr_matrix
        (rows × unknowns); row ``r`` is the count ``measure[r]`` of cell ``cell[r]``.
    at : dict
        From (cell, measure) to row; absent where the count was never collected.
    relations : csr_matrix
        Each row is total − parts, over one unknown group, and is from `low` to `high`: from zero
        to zero where the parts are all, else to infinity. For a rounded share of a count, it is
        their difference, at most one half either way.
    classes : (detailed rows,) int array
        Unknown group of each detailed row.
    """

    matrix: sparse.csr_matrix
    cell: np.ndarray
    measure: np.ndarray
    at: dict[tuple[int, str], int]
    relations: sparse.csr_matrix
    low: np.ndarray
    high: np.ndarray
    classes: np.ndarray
    columns: dict[tuple[str, int], int]

    def unknowns(self, detail: pd.DataFrame) -> np.ndarray:
        """Return the true value of each unknown, from the detailed table."""
        truth = np.zeros(len(self.columns))
        sums = detail.groupby(self.classes).sum(numeric_only=True)
        for (name, group), column in self.columns.items():
            truth[column] = sums.loc[group, name]
        return truth

    def rows_of(self, first: int, size: int) -> Iterator[tuple[int, int, str]]:
        """Yield (row, position in the block, count) of the cells `first` to `first + size − 1`."""
        for row in np.flatnonzero((self.cell >= first) & (self.cell < first + size)):
            yield int(row), int(self.cell[row]) - first, self.measure[row]

    def layout(
        self, values: np.ndarray, first: int, size: int, names: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """Return row values as one array per count, missing where it was not collected."""
        table = {name: np.full(size, np.nan) for name in names}
        for row, offset, name in self.rows_of(first, size):
            if name in table:
                table[name][offset] = values[row]
        return table


def build_system(
    cells: pd.DataFrame,
    structure: pd.DataFrame,
    values: Sequence[str],
    parts: Sequence[Parts],
    links: Sequence[PublicShare] = (),
) -> System:
    """Return the system of the counts `values` over `cells`.

    ``cells``: dimension columns only: all cells of all publications. ``structure``: catalogue of
    detailed rows: dimensions, booleans `values` (collected or not), and the ratios of `links`,
    missing where there is none.
    """
    belongs = membership(cells, structure)
    collected = structure[list(values)].to_numpy(dtype=bool)
    ratios = structure[[link.ratio for link in links]].to_numpy(dtype=float)
    classes = _classes(belongs, collected, ~np.isnan(ratios).all(axis=1))
    first = np.unique(classes, return_index=True)[1]
    columns = {
        (name, group): 0
        for m, name in enumerate(values)
        for group, atom in enumerate(first)
        if collected[atom, m]
    }
    columns = {key: position for position, key in enumerate(columns)}
    matrix, cell, measure = _rows(belongs[:, first], values, columns)
    at = {(int(c), name): row for row, (c, name) in enumerate(zip(cell, measure, strict=True))}
    relations, low, high = _relations(parts, links, ratios[first], columns)
    return System(matrix, cell, measure, at, relations, low, high, classes, columns)


def _classes(belongs: sparse.csr_matrix, collected: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """Return the group of each detailed row; those `alone` share theirs with no other."""
    columns = belongs.tocsc()
    columns.sort_indices()
    starts = columns.indptr
    seen: dict[tuple[bytes, bytes], int] = {}
    groups = [
        seen.setdefault(
            (
                columns.indices[starts[a] : starts[a + 1]].tobytes(),
                collected[a].tobytes() + (str(a).encode() if alone[a] else b""),
            ),
            len(seen),
        )
        for a in range(belongs.shape[1])
    ]
    return np.array(groups, dtype=int)


def _rows(
    belongs: sparse.csr_matrix, values: Sequence[str], columns: dict[tuple[str, int], int]
) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    blocks, cell, measure = [], [], []
    for name in values:
        groups = [group for known, group in columns if known == name]
        place = [columns[name, group] for group in groups]
        spread = sparse.csr_matrix(
            (np.ones(len(groups)), (groups, place)), shape=(belongs.shape[1], len(columns))
        )
        block = (belongs @ spread).tocsr()
        kept = np.flatnonzero(np.diff(block.indptr) > 0)
        blocks.append(block[kept])
        cell.append(kept)
        measure += [name] * len(kept)
    return (
        sparse.vstack(blocks, format="csr"),
        np.concatenate(cell),
        np.array(measure, dtype=object),
    )


def _relations(
    parts: Sequence[Parts],
    links: Sequence[PublicShare],
    ratios: np.ndarray,
    columns: dict[tuple[str, int], int],
) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Return rows on the unknowns, and between what and what each is."""
    found = []
    for relation in parts:
        weights = (1.0, *[-1.0] * len(relation.parts))
        ends = (0.0, 0.0 if relation.exhaustive else np.inf)
        names = (relation.total, *relation.parts)
        found += [(names, weights, group, ends) for group in range(len(ratios))]
    for place, link in enumerate(links):
        for group in np.flatnonzero(~np.isnan(ratios[:, place])):
            names, weights = (link.share, link.whole), (1.0, -ratios[group, place])
            found.append((names, weights, int(group), (-0.5, 0.5)))
    kept = [one for one in found if all((name, one[2]) in columns for name in one[0])]
    rows = [row for row, one in enumerate(kept) for _ in one[0]]
    places = [columns[name, one[2]] for one in kept for name in one[0]]
    data = [weight for one in kept for weight in one[1]]
    low, high = np.array([one[3] for one in kept], dtype=float).reshape(-1, 2).T
    shape = (len(kept), len(columns))
    return sparse.csr_matrix((data, (rows, places)), shape=shape), low, high
