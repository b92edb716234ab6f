"""Sparse pieces of the normal equations of several effects: cross tables, blocks, components."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from scipy.linalg import cho_solve
from scipy.linalg.lapack import dpstrf

from fpi_eval.regression.rows import CODE

COLLINEAR = 1e-9  # relative pivot under which a level is a combination of the others
NARROW = 64  # levels up to which their table is nearly full


def table(rows: np.ndarray, columns: np.ndarray, weights: np.ndarray, shape) -> sp.csr_array:
    """Return sums of weights by pair of levels."""
    if shape[0] * shape[1] <= len(rows):  # nothing to sort
        pairs = rows.astype(np.int64) * shape[1] + columns
        return sp.csr_array(np.bincount(pairs, weights, shape[0] * shape[1]).reshape(shape))
    at = (rows.astype(CODE, copy=False), columns.astype(CODE, copy=False))
    return sp.coo_array((weights, at), shape=shape).tocsr()


def crossed(
    first: np.ndarray,
    others: Sequence[np.ndarray],
    weights: np.ndarray,
    shape: tuple[int, int],
    starts: np.ndarray | None,
) -> sp.csr_array:
    """Return sums of weights by level of the first effect and of each of the others.

    Rows of the first effect that come in its order, each from ``starts`` on, are the table's own
    order: nothing to sort.
    """
    if starts is None:
        return sum(table(first, c, weights, shape) for c in others).tocsr()
    columns, k = np.stack(others, axis=1).ravel(), len(others)
    ends = np.append(starts, len(first)).astype(np.int32) * k
    made = sp.csr_array((np.repeat(weights, k), columns, ends), shape=shape)
    made.sum_duplicates()
    return made


def paired(
    others: Sequence[np.ndarray], sizes: Sequence[int], weights: np.ndarray | None
) -> sp.csr_array:
    """Return sums of weights by pair of levels of the other effects, all their levels in a row."""
    mass = np.ones(len(others[0])) if weights is None else weights
    grid: list[list] = [[None] * len(sizes) for _ in sizes]
    for e, (c, k) in enumerate(zip(others, sizes, strict=True)):
        grid[e][e] = sp.diags_array(np.bincount(c, mass, k))
        for f in range(e + 1, len(sizes)):
            grid[e][f] = table(c, others[f], mass, (k, sizes[f]))
            grid[f][e] = grid[e][f].T
    return sp.block_array(grid).tocsr()


def components(cross: sp.csr_array) -> int:
    """Return how many sets of levels no observation links."""
    graph = sp.block_array([[None, cross], [cross.T, None]])
    return sp.csgraph.connected_components(graph, directed=False)[0]


def folded(cross: sp.csr_array, mass: np.ndarray) -> sp.csr_array:
    """Return rows with the Gram matrix of ``cross`` over the root of ``mass``, as few as can be.

    Rows of equal entries in the same columns (units seen in the same years, their weight constant)
    are one row: a panel has thousands of units and few patterns. Patterns are told by sums of
    random 64-bit marks: among a million patterns, two would be taken for one once in 10⁷ panels.
    """
    start, length = cross.indptr[:-1], np.diff(cross.indptr)
    lowest = np.minimum.reduceat(cross.data, start)
    if cross.shape[1] <= NARROW or not np.array_equal(np.repeat(lowest, length), cross.data):
        return _scaled(cross, 1 / np.sqrt(mass))
    mark = np.random.default_rng(0).integers(2**64 - 1, size=cross.shape[1], dtype=np.uint64)
    marks = np.add.reduceat(mark[cross.indices], start)
    _, first, group = np.unique(marks, return_index=True, return_inverse=True)
    total = np.bincount(group, lowest**2 / mass)
    return _scaled(cross[first], np.sqrt(total) / lowest[first])


def _scaled(rows: sp.csr_array, by: np.ndarray) -> sp.csr_array:
    return sp.csr_array(
        (rows.data * np.repeat(by, np.diff(rows.indptr)), rows.indices, rows.indptr), rows.shape
    )


def linked(rows: sp.csr_array) -> tuple[int, np.ndarray]:
    """Return how many sets of columns no row links, and the set of each column."""
    n, p = rows.shape
    graph = sp.block_array([[sp.csr_array((n, n)), rows], [None, sp.csr_array((p, p))]])
    count, label = sp.csgraph.connected_components(graph, directed=False)
    return count, label[n:]


def invert_blocks(matrix: sp.coo_array, label: np.ndarray) -> tuple[sp.csr_array, int, float]:
    """Return a generalised inverse of a block-diagonal matrix, its rank, its smallest pivot.

    Levels found collinear inside their block get a zero row and column.
    """
    n = len(label)
    if n == 0:
        return sp.csr_array((0, 0)), 0, 1.0
    size = np.bincount(label)
    members = np.argsort(label, kind="stable")
    starts = np.concatenate([[0], np.cumsum(size)])
    place = np.empty(n, dtype=np.int64)
    place[members] = np.arange(n) - np.repeat(starts[:-1], size)
    blocks = np.zeros((len(size), size.max(), size.max()))
    row, column = matrix.coords
    blocks[label[row], place[row], place[column]] = matrix.data
    rank, smallest, rows, columns, values = 0, 1.0, [], [], []
    for block, width, start in zip(blocks, size, starts, strict=False):
        factor, pivots, found, _ = dpstrf(block[:width, :width], tol=COLLINEAR, lower=1)
        if found == 0:
            continue
        factor = factor[:found, :found]
        kept = members[start + pivots[:found] - 1]
        inverse = cho_solve((factor, True), np.eye(found))
        rank, smallest = rank + found, min(smallest, float(np.abs(np.diag(factor)).min()))
        rows.append(np.repeat(kept, found))
        columns.append(np.tile(kept, found))
        values.append(inverse.ravel())
    if rank == 0:
        return sp.csr_array((n, n)), 0, 1.0
    at = (np.concatenate(rows), np.concatenate(columns))
    return sp.coo_array((np.concatenate(values), at), shape=(n, n)).tocsr(), rank, smallest
