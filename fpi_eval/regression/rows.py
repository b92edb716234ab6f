"""Sums over the rows of each level, and what levels take from rows, by the order rows come in.

Rows are read a few thousand at a time: what is made of them stays in the processor's cache.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

CODE = np.dtype(np.int32)  # codes: half of what positions take
BLOCK = 1 << 15  # rows at a time
SHORT = 4  # rows of a run, on average, under which runs save nothing


class Runs(NamedTuple):
    """Rows of a level that follow one another, as the years of a unit.

    ``starts`` is where each run begins, ``length`` how many rows it has (one number if all alike),
    ``level`` the level of each (None for 0, 1, 2, …), ``size`` how many levels there are.
    """

    starts: np.ndarray
    length: np.ndarray | int
    level: np.ndarray | None
    size: int

    def add(self, *columns: np.ndarray) -> np.ndarray:
        """Return the sum over each level's rows, of the product of the columns."""
        total = np.empty(len(self.starts))
        for mine, rows in self._parts(len(columns[0])):
            part = product(columns, rows)
            total[mine] = (
                part.reshape(-1, self.length) @ np.ones(self.length)
                if isinstance(self.length, int)
                else np.add.reduceat(part, self.starts[mine] - rows.start)
            )
        return total if self.level is None else np.bincount(self.level, total, self.size)

    def take(self, column: np.ndarray, given: np.ndarray) -> None:
        """Take from each row, in place, what is given for its level."""
        given = given if self.level is None else given[self.level]
        for mine, rows in self._parts(len(column)):
            if isinstance(self.length, int):
                part = column[rows].reshape(-1, self.length)
                part -= given[mine, None]
            else:
                column[rows] -= np.repeat(given[mine], self.length[mine])

    def _parts(self, n: int) -> Iterator[tuple[slice, slice]]:
        """Yield whole runs a few at a time, and their rows."""
        if 0 < n <= BLOCK:
            yield slice(0, len(self.starts)), slice(0, n)
            return
        at = np.unique(np.searchsorted(self.starts, range(0, n, BLOCK)))
        at = at[at < len(self.starts)]  # the last run may fill the last block
        first, ends = self.starts[at], np.append(at[1:], len(self.starts))
        for lo, hi, row, end in zip(at, ends, first, np.append(first[1:], n), strict=True):
            yield slice(lo, hi), slice(row, end)


class Turns(NamedTuple):
    """Levels 0..size-1 again and again, as the years of a balanced panel sorted by unit."""

    size: int

    def add(self, *columns: np.ndarray) -> np.ndarray:
        """Return the sum over each level's rows, of the product of the columns."""
        total = np.zeros(self.size)
        for rows in self._parts(len(columns[0])):
            part = product(columns, rows)
            total += np.ones(len(part) // self.size) @ part.reshape(-1, self.size)
        return total

    def take(self, column: np.ndarray, given: np.ndarray) -> None:
        """Take from each row, in place, what is given for its level."""
        several = np.tile(given, max(1, BLOCK // self.size))
        for rows in self._parts(len(column)):
            part = column[rows]
            part -= several[: len(part)]

    def _parts(self, n: int) -> Iterator[slice]:
        return blocks(n, max(1, BLOCK // self.size) * self.size)


class Anyhow(NamedTuple):
    """Levels in no order."""

    codes: np.ndarray
    size: int

    def add(self, *columns: np.ndarray) -> np.ndarray:
        """Return the sum over each level's rows, of the product of the columns."""
        total = np.zeros(self.size)
        for rows in blocks(len(columns[0]), max(BLOCK, self.size)):
            total += np.bincount(self.codes[rows], product(columns, rows), self.size)
        return total

    def take(self, column: np.ndarray, given: np.ndarray) -> None:
        """Take from each row, in place, what is given for its level."""
        for rows in blocks(len(column)):
            column[rows] -= given.take(self.codes[rows])


def product(columns: Sequence[np.ndarray], rows: slice) -> np.ndarray:
    """Return the product of columns on some rows."""
    part = columns[0][rows]
    for column in columns[1:]:
        part = part * column[rows]
    return part


def ranked(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray | range] | None:
    """Return integer labels as 0..k-1 in their order, and they; None where there is more to do.

    Labels that are 0..k-1 already come back as they are, the others as narrow integers.
    """
    if labels.dtype.kind not in "iu" or not len(labels) or labels.min() < 0:
        return None
    top = int(labels.max()) + 1
    if top > 2 * len(labels):
        return None
    there = np.zeros(top, dtype=bool)
    there[labels] = True
    if there.all():
        wide = labels.dtype.itemsize >= CODE.itemsize and labels.dtype.kind == "i"
        return (labels if wide else labels.astype(CODE)), range(top)
    names = np.flatnonzero(there)
    rank = np.zeros(top, dtype=CODE)
    rank[names] = np.arange(len(names))
    return rank[labels], names


def blocks(n: int, rows: int = BLOCK) -> Iterator[slice]:
    """Yield slices of at most so many rows."""
    return (slice(lo, min(lo + rows, n)) for lo in range(0, n, rows))


def carried(codes: np.ndarray, size: int) -> Runs | Turns | Anyhow:
    """Return how rows carry levels 0..size-1, all there."""
    n = len(codes)
    turns = n > 0 and n % size == 0 and np.array_equal(codes[:size], np.arange(size))
    if turns and np.array_equal(codes[size:], codes[:-size]):
        return Turns(size)
    starts = np.flatnonzero(np.r_[n > 0, codes[1:] != codes[:-1]])
    if SHORT * len(starts) > n:
        return Anyhow(codes, size)
    level, length = codes[starts], np.diff(starts, append=n)
    even = len(length) > 0 and (length == length[0]).all()
    plain = np.array_equal(level, np.arange(size))
    return Runs(starts, int(length[0]) if even else length, None if plain else level, size)


def sum_by(cluster: np.ndarray, values: np.ndarray, *factors: np.ndarray) -> np.ndarray:
    """Return sums of (n_obs,) or (n_obs, k) values, times factors, by cluster coded 0..G-1."""
    way = carried(cluster, int(cluster.max(initial=-1)) + 1)
    if values.ndim == 1:
        return way.add(values, *factors)
    sums = [way.add(column, *factors) for column in values.T]
    return np.array(sums).reshape(len(sums), -1).T
