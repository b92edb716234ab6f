"""Absorb several fixed effects exactly: the one way every estimator of this folder demeans."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.linalg import cho_solve
from scipy.linalg.lapack import dpstrf

from fpi_eval.errors import FpiError
from fpi_eval.regression.blocks import (
    COLLINEAR,
    NARROW,
    components,
    crossed,
    folded,
    invert_blocks,
    linked,
    paired,
    table,
)
from fpi_eval.regression.rows import CODE, Runs, carried, ranked

DENSE_MAX = 3000  # above it, the reduced system is solved by conjugate gradient
TOLERANCE = 1e-12  # relative, of the conjugate gradient
BLOCKS_MAX = 30_000_000  # numbers held by all blocks of an effect that falls in blocks
# Costs, in steps of a dense factor (1.25e-11 s), measured from 300 to 3,000 levels: of a step of
# conjugate gradient and of each entry it reads; of a pair of entries multiplied, of one filled.
STEP, ENTRY, PAIR, FILLED = 2_800_000, 116, 104, 5_200


class Coded(NamedTuple):
    """Labels as integers 0..k-1, and k."""

    codes: np.ndarray
    size: int


class Absorber:
    r"""Least squares on sets of dummies, weighted or not, balanced or not.

    The effect with most levels is eliminated by hand; what remains is the Schur complement

    .. math:: S = D_2'WD_2 - D_2'WD_1 (D_1'WD_1)^{-1} D_1'WD_2

    factored once by pivoted Cholesky, whose rank is exact: collinear levels are set to zero and
    counted. Where the next effect falls in blocks that only the last ones link (courses over the
    years, each cell teaching one course), the blocks go first, one by one. It then serves any
    number of variables (Frisch-Waugh-Lovell). Beyond ``DENSE_MAX`` remaining levels, conjugate
    gradient takes its place (Correia, 2017) and the rank comes from connected components, an upper
    bound beyond two effects. With two effects that rank is exact: conjugate gradient goes first,
    until it has cost what the factor would, which then takes over for good.

    Parameters
    ----------
    codes : sequence of arrays, each (n_obs,)
        One array of labels or integers per fixed effect.
    weights : array (n_obs,), optional
        Positive weights.

    Attributes
    ----------
    rank : int
        Dimension of the space spanned by all dummies.
    n_collinear : int
        Levels that are combinations of the others.
    """

    def __init__(
        self,
        codes: Sequence[np.ndarray | Coded],
        weights: np.ndarray | None = None,
    ) -> None:
        coded = [compact(c) for c in codes]
        order = sorted(range(len(coded)), key=lambda e: -coded[e][1])
        self.order, self.weights = order, weights
        self.first, self.n_first = coded[order[0]]
        self.others = [coded[e][0] for e in order[1:]]
        sizes = [coded[e][1] for e in order[1:]]
        self.offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        self.n_others = int(self.offsets[-1])
        self.mine = () if weights is None else (weights,)
        self.own = carried(self.first, self.n_first)
        self.ways = [carried(c, size) for c, size in zip(self.others, sizes, strict=True)]
        self.mass = np.bincount(self.first, weights, self.n_first)
        self._cross: sp.csr_array | None = None
        self._reduce()

    @property
    def cross(self) -> sp.csr_array:
        """Weights by level of the first effect and of each of the others, (n_first, n_others)."""
        if self._cross is None:
            own, offsets = self.own, self.offsets[:-1].astype(CODE)
            self._cross = crossed(
                self.first,
                [c.astype(CODE) + o for c, o in zip(self.others, offsets, strict=True)],
                np.ones(len(self.first)) if self.weights is None else self.weights,
                (self.n_first, self.n_others),
                own.starts if isinstance(own, Runs) and own.level is None else None,
            )
        return self._cross

    def lighten(self) -> None:
        """Drop the table that `clean` does not need; it is made again where it is."""
        self._cross = None

    def _reduce(self) -> None:
        """Build and factor the Schur complement."""
        n, p = self.n_first, self.n_others
        self.rank, self.n_collinear, self.refine = n, 0, False
        if p == 0:
            return
        self.inner = paired(self.others, np.diff(self.offsets).tolist(), self.weights)
        self.rows = folded(self.cross, self.mass)
        self.diagonal = self.inner.diagonal() - np.bincount(self.rows.indices, self.rows.data**2, p)
        self.diagonal[self.diagonal < COLLINEAR * self.inner.diagonal()] = 0.0
        self.scale = np.divide(
            1.0, np.sqrt(self.diagonal), out=np.zeros(p), where=self.diagonal > 0
        )
        self.factor: np.ndarray | None = None
        lead, label, widest = self._blocks()
        dense = max(p - lead, widest) <= DENSE_MAX
        self.patience = self._patience() if dense else np.inf
        if dense and (len(self.others) > 1 or self.patience < 1):
            self._factorise(lead, label)
        else:
            self.n_collinear = components(self.cross) + len(self.others) - 1
        self.rank = n + p - self.n_collinear

    def _patience(self) -> float:
        """Return how many steps of conjugate gradient, one column each, cost what the factor does.

        Few levels are factored at once. Levels that few rows link need many steps, and little to
        factor: a chain of 1,000 takes some 640 a column, as many levels linked at random 7.
        """
        p, entries = self.n_others, np.diff(self.rows.indptr).astype(float)
        if p <= NARROW:
            return 0.0
        pairs = float(entries @ entries)
        factor = p**3 + FILLED * min(p**2, pairs) + PAIR * pairs
        return factor // (STEP + ENTRY * self.rows.nnz)

    def _blocks(self) -> tuple[int, np.ndarray, int]:
        """Return how many levels fall in blocks, the block of each, the size of the largest."""
        none = (0, np.empty(0, dtype=int), 0)
        if len(self.others) < 2:
            return none
        lead = int(self.offsets[1])
        count, label = linked(self.rows[:, :lead])
        widest = int(np.bincount(label).max())
        return (lead, label, widest) if count > 1 and count * widest**2 <= BLOCKS_MAX else none

    def _factorise(self, lead: int, label: np.ndarray) -> None:
        # Few levels, such as years, fill their table: dense products are faster then.
        plain = self.rows.toarray() if self.n_others <= NARROW else self.rows
        schur = sp.coo_array(self.inner - sp.csr_array(plain.T @ plain))
        row, column = schur.coords
        schur.data *= self.scale[row] * self.scale[column]
        schur = schur.tocsr()
        self.lead, self.link = lead, schur[lead:, :lead].toarray()
        self.inverse, rank, pivot = invert_blocks(schur[:lead, :lead].tocoo(), label)
        self.through = (self.inverse @ self.link.T).T  # the inverse is symmetric
        rest = schur[lead:, lead:].toarray() - self.through @ self.link.T
        factor, pivots, left, _ = dpstrf(rest, tol=COLLINEAR, lower=1)
        self.factor = lower = np.asfortranarray(factor[:left, :left])
        self.kept = pivots[:left] - 1
        self.n_collinear = self.n_others - rank - left
        smallest = np.abs(np.diag(lower)).min() if left else 1.0
        self.refine = min(smallest, pivot) < 1e-2

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Return a solution of ``S d = right``, right (n_others, k): zero for collinear levels."""
        scaled = right * self.scale[:, None]
        solution = np.zeros_like(scaled)
        if self.factor is None and not self._conjugate_gradient(scaled, solution):
            self._factorise(0, np.empty(0, dtype=int))
            solution[:] = 0.0
        if self.factor is not None:
            early, late = scaled[: self.lead], scaled[self.lead :]
            after = solution[self.lead :]
            left = (late - self.through @ early)[self.kept]
            after[self.kept] = cho_solve((self.factor, True), left)
            solution[: self.lead] = self.inverse @ (early - self.link.T @ after)
        return solution * self.scale[:, None]

    def _conjugate_gradient(self, right: np.ndarray, solution: np.ndarray) -> bool:
        """Solve the scaled, consistent system in place; False when out of patience."""
        for column in range(right.shape[1]):
            x, residual = solution[:, column], right[:, column].copy()
            direction = residual.copy()
            norm = residual @ residual
            target = TOLERANCE**2 * norm  # the system may be singular: iterating on would drift
            for _ in range(10_000):
                if norm <= target or norm == 0:
                    break
                self.patience -= 1
                if self.patience < 0:
                    return False
                image = self.scale * self._schur_times(self.scale * direction)
                step = norm / (direction @ image)
                x += step * direction
                residual -= step * image
                new = residual @ residual
                direction = residual + (new / norm) * direction
                norm = new
        return True

    def _schur_times(self, vector: np.ndarray) -> np.ndarray:
        return self.inner @ vector - self.rows.T @ (self.rows @ vector)

    def sums(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return weighted sums of (n_obs, k) values by level: first effect, remaining ones."""
        first = np.empty((self.n_first, values.shape[1]))  # as a sparse product returns
        others = np.empty((self.n_others, values.shape[1]), order="F")
        for j in range(values.shape[1]):
            first[:, j] = self.own.add(values[:, j], *self.mine)
            for way, lo, hi in zip(self.ways, self.offsets, self.offsets[1:], strict=False):
                others[lo:hi, j] = way.add(values[:, j], *self.mine)
        return first, others

    def normal(self, first: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the solution of the normal equations ``D'WD d = (first, others)``."""
        first = first / self.mass[:, None]
        if self.n_others == 0:
            return first, others
        others = self.solve(others - self.cross.T @ first)
        moved = self.cross @ others
        moved /= self.mass[:, None]
        first -= moved
        return first, others

    def effects(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return fitted effects of (n_obs, k) values: first (n_first, k), others (n_others, k)."""
        return self.normal(*self.sums(values))

    def few(
        self, rows: Sequence[np.ndarray], values: Sequence[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return fitted effects of columns that are zero but on some rows, weighted values there.

        No column is ever made: a thousand of them cost their own rows, not all rows.
        """
        first, others = np.zeros((self.n_first, len(rows))), np.zeros((self.n_others, len(rows)))
        for j, (at, value) in enumerate(zip(rows, values, strict=True)):
            np.add.at(first[:, j], self.first[at], value)
            for c, lo in zip(self.others, self.offsets, strict=False):
                np.add.at(others[:, j], c[at] + lo, value)
        return self.normal(first, others)

    def by_group(self, values: np.ndarray, group: np.ndarray) -> Iterator[sp.csr_array]:
        """Yield sums of values (n_obs,) by group coded 0..G-1 and level, for each effect."""
        n = int(group.max()) + 1
        sizes = (self.n_first, *np.diff(self.offsets))
        for c, size in zip((self.first, *self.others), sizes, strict=True):
            yield table(group, c, values, (n, size))

    def spread(
        self, first: np.ndarray, others: np.ndarray, rows: slice | np.ndarray = slice(None)
    ) -> np.ndarray:
        """Return the sum of effects carried by observations (all by default), (n_rows, k)."""
        fitted = first[self.first[rows]]
        for c, lo in zip(self.others, self.offsets, strict=False):
            fitted += others[c[rows] + lo]
        return fitted

    def residualize(self, values: np.ndarray) -> np.ndarray:
        """Return what the dummies leave of values, (n_obs,) or (n_obs, k)."""
        matrix = np.asarray(values, dtype=float)
        residual = np.array(matrix.reshape(len(matrix), -1), order="F")  # columns in one piece
        self.clean(residual)
        return residual.reshape(matrix.shape, order="F")

    def clean(self, columns: np.ndarray) -> None:
        """Leave in columns (n_obs, k), in place, what the dummies leave of them."""
        self._remove(columns)
        if self.refine:  # one more step brings ill-conditioned normal equations to rounding error
            self._remove(columns)

    def _remove(self, columns: np.ndarray) -> None:
        """Take fitted effects out of columns, in place: the first, the others net of it, it."""
        sums = np.empty((self.n_others, columns.shape[1]), order="F")
        pieces = [*zip(self.ways, self.offsets, self.offsets[1:], strict=False)]
        for j, column in enumerate(columns.T):
            self._demean(column)
            for way, lo, hi in pieces:
                sums[lo:hi, j] = way.add(column, *self.mine)
        if not self.n_others:
            return
        others = np.asfortranarray(self.solve(sums))
        for j, column in enumerate(columns.T):
            for way, lo, hi in pieces:
                way.take(column, others[lo:hi, j])
            self._demean(column)

    def _demean(self, column: np.ndarray) -> None:
        self.own.take(column, self.own.add(column, *self.mine) / self.mass)


def compact(labels: np.ndarray | pd.Categorical | pd.Series | Coded) -> Coded:
    """Return labels as integers 0..k-1, and k; a missing one is refused: it is in no level."""
    if isinstance(labels, Coded):
        return labels
    if not isinstance(labels, pd.Categorical | pd.Series):  # texts are coded where they are
        labels = np.asarray(labels)
    if isinstance(labels.dtype, np.dtype) and (found := ranked(np.asarray(labels))):
        return Coded(found[0], len(found[1]))
    codes, unique = pd.factorize(labels)
    if (codes < 0).any():
        raise FpiError("étiquette manquante dans un effet fixe ou un groupe.")
    return Coded(codes.astype(CODE), len(unique))


def interaction(*labels: np.ndarray) -> np.ndarray:
    """Return one integer per combination of labels, 0..k-1."""
    codes, _ = compact(labels[0])
    for other in labels[1:]:
        second, k = compact(other)
        codes, _ = compact(codes.astype(np.int64) * k + second)
    return codes.astype(CODE, copy=False)


def without_singletons(codes: Sequence[np.ndarray | Coded]) -> np.ndarray:
    """Return the mask of observations left when levels seen once are dropped, repeatedly."""
    coded = [compact(c) for c in codes]
    keep = np.ones(len(coded[0].codes), dtype=bool)
    counts = [np.bincount(c, minlength=k) for c, k in coded]
    while any((count == 1).any() for count in counts):
        for (c, _), count in zip(coded, counts, strict=True):
            keep &= (count != 1)[c]
        counts = [np.bincount(c[keep], minlength=k) for c, k in coded]
    return keep


def nested(codes: np.ndarray | Coded, cluster: np.ndarray | Coded) -> bool:
    """Return whether each level lies in a single cluster."""
    (inner, k), (outer, _) = compact(codes), compact(cluster)
    if np.array_equal(inner, outer):
        return True
    seen = np.empty(k, dtype=np.int64)
    seen[inner] = outer
    return bool((seen[inner] == outer).all())


def counted_rank(
    absorber: Absorber, codes: Sequence[np.ndarray | Coded], cluster: np.ndarray | Coded
) -> int:
    """Return how many absorbed parameters count in K: effects nested in the cluster do not.

    When some are nested, the constant they contain still counts for one, as in `fixest`.
    """
    outer = compact(cluster)
    inside = [c for c in map(compact, codes) if nested(c, outer)]
    if not inside:
        return absorber.rank
    inner = inside[0].size if len(inside) == 1 else Absorber(inside).rank
    return absorber.rank - inner + 1
