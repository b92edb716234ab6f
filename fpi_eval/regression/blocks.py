"""Sparse pieces of the normal equations of several effects: cross tables, blocks, components."""

import numpy as np
import scipy.sparse as sp
from scipy.linalg import cho_solve
from scipy.linalg.lapack import dpstrf

COLLINEAR = 1e-9  # relative pivot under which a level is a combination of the others


def table(rows: np.ndarray, columns: np.ndarray, weights: np.ndarray, shape) -> sp.csr_array:
    """Return sums of weights by pair of levels."""
    at = (rows.astype(np.int32), columns.astype(np.int32))
    return sp.coo_array((weights, at), shape=shape).tocsr()


def components(cross: sp.csr_array) -> int:
    """Return how many sets of levels no observation links."""
    graph = sp.block_array([[None, cross], [cross.T, None]])
    return sp.csgraph.connected_components(graph, directed=False)[0]


def linked(first: np.ndarray, second: np.ndarray, shape) -> tuple[int, np.ndarray]:
    """Return how many sets of levels of ``second`` no level of ``first`` links, and each's set."""
    n, p = shape
    graph = sp.coo_array((np.ones(len(first)), (first, n + second)), shape=(n + p, n + p))
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
