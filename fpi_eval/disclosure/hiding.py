"""The search for complementary cells: one linear program for each cell not yet safe."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from fpi_eval.disclosure.system import System
from fpi_eval.errors import FpiError

TOLERANCE = 1e-6
SECONDS = 20.0
NEAR = 200  # groups of unknowns tried first: beyond, programs get slow
FAR = 25  # counts above this many widths never shift down to zero


@dataclass(frozen=True, slots=True)
class Target:
    """A count (row on the unknowns) to keep uncertain; with `must`, or the report stops."""

    row: sparse.csr_matrix
    value: float
    label: str
    must: bool = True

    @property
    def key(self) -> bytes:
        """Identify the count: two cells with the same content have the same key."""
        return self.row.indices.tobytes() + self.row.data.tobytes()


class Hiding:
    """Which rows of the system are hidden, and the alternative tables that prove them uncertain.

    A row is hideable (in the new report), frozen (already public) or neither (shown nowhere, yet
    perhaps computable). `lowest` is the smallest value a reader may suppose behind a hidden row.
    """

    def __init__(self, system: System, truth: np.ndarray, width: int) -> None:
        n = system.matrix.shape[0]
        self.system, self.truth, self.width = system, truth, width
        self.value = np.rint(system.matrix @ truth)
        self.hidden, self.hideable, self.frozen = (np.zeros(n, dtype=bool) for _ in range(3))
        self.lowest = np.zeros(n)
        self.targets: list[Target] = []
        self.done: list[tuple[Target, float]] = []
        self.proofs = np.zeros((1, len(truth)))

    def own(self, row: int, label: str, *, secret: bool, may_be_zero: bool) -> None:
        """Declare a row of the new report, hidden from the start if `secret`; a zero is shown."""
        self.hideable[row] = secret or self.value[row] > 0
        self.frozen[row] = not self.hideable[row]
        self.hidden[row] = secret
        self.lowest[row] = 0 if may_be_zero or self.frozen[row] else 1
        if secret:
            self.watch(self.system.matrix[row], label)

    def earlier(
        self, row: int, label: str, shown: float, *, secret: bool, may_be_zero: bool
    ) -> None:
        """Declare a row of an earlier report, which shows `shown` (missing where hidden)."""
        if np.isnan(shown):
            self.lowest[row] = 0 if may_be_zero else min(1, self.value[row])
            if secret:
                self.watch(self.system.matrix[row], label)
        elif abs(shown - self.value[row]) > TOLERANCE:
            raise FpiError(
                f"{label} : un rapport antérieur a publié un effectif que le tableau détaillé ne "
                "redonne plus. Gardez les données du millésime publié, ou retirez ce rapport de "
                "« known » en disant pourquoi."
            )
        else:
            self.frozen[row] = True

    def watch(self, row: sparse.csr_matrix, label: str) -> None:
        """Ask that the count `row` of the unknowns stays uncertain by the protection width."""
        self.targets.append(Target(row, float((row @ self.truth)[0]), label))

    def run(self) -> None:
        """Hide complementary cells until each target has its width, then show again the useless."""
        program = _Program(self)
        self.targets.sort(key=lambda target: target.value)
        for target in self.targets:  # grows: each cell hidden becomes a target
            self._protect(program, target)
            spread = self._spread(target.row)
            if target.must and spread < self.width:
                raise FpiError(
                    f"{target.label} : ce qui est déjà public ne permet plus de protéger cette "
                    "cellule. Publiez à un niveau plus agrégé, ou retirez cette ligne du tableau "
                    "détaillé."
                )
            self.done.append((target, min(spread, self.width)))
        if self.done:
            self._show_useless()

    def _spread(self, row: sparse.csr_matrix) -> float:
        return float(np.ptp(self.proofs[:, row.indices] @ row.data))

    def _protect(self, program: "_Program", target: Target) -> None:
        if self._spread(target.row) >= self.width:
            return
        if self._move(program, target, self.width):
            return
        up = min(self.width, program.furthest(target.row, 1))
        if up > 0:
            self._move(program, target, up)
        down = min(self.width - up, program.furthest(target.row, -1))
        if down > 0:
            self._move(program, target, -down)

    def _move(self, program: "_Program", target: Target, by: float) -> bool:
        shift = program.cheapest(target.row, by)
        if shift is None:
            return False
        self.proofs = np.vstack([self.proofs, shift])
        moved = np.abs(self.system.matrix @ shift) > TOLERANCE
        for row in np.flatnonzero(moved & self.hideable & ~self.hidden):
            self.hidden[row] = True
            label = f"complément de {target.label}"
            self.targets.append(
                Target(self.system.matrix[row], float(self.value[row]), label, must=False)
            )
        return True

    def _show_useless(self) -> None:
        """Show again, largest first, the complementary cells that no proof needs."""
        moves = np.vstack([self.proofs[:, t.row.indices] @ t.row.data for t, _ in self.done])
        needed = np.array([need for _, need in self.done]) - TOLERANCE
        keys = np.array([target.key for target, _ in self.done], dtype=object)
        primary = {target.key for target, _ in self.done if target.must}
        active, usable = np.ones(len(keys), dtype=bool), np.ones(len(self.proofs), dtype=bool)
        for row in sorted(np.flatnonzero(self.hidden), key=lambda r: -self.value[r]):
            own = Target(self.system.matrix[row], 0, "")
            if own.key in primary:
                continue
            still = self.proofs[:, own.row.indices] @ own.row.data
            left, others = usable & (np.abs(still) < TOLERANCE), active & (keys != own.key)
            if (np.ptp(moves[np.ix_(others, left)], axis=1) >= needed[others]).all():
                self.hidden[row], active, usable = False, others, left


class _Program:
    """The linear programs over shifts of the unknowns that leave all that is shown unchanged."""

    def __init__(self, hiding: Hiding) -> None:
        self.hiding, system = hiding, hiding.system
        self.by_column = system.matrix.tocsc()
        self.groups = np.array([group for _, group in system.columns])
        self.weight = 1 / np.maximum(np.diff(system.matrix.indptr), 1)
        self.all = np.arange(len(self.groups))

    def cheapest(self, row: sparse.csr_matrix, by: float) -> np.ndarray | None:
        """Return the shift that moves `row` by `by` and the fewest people in shown cells."""
        near = self._near(row)
        shift = self._solve(near, row, (by, by), priced=True)
        if shift is None and len(near) < len(self.all):
            shift = self._solve(self.all, row, (by, by), priced=True)
        return shift

    def furthest(self, row: sparse.csr_matrix, sign: int) -> float:
        """Return how far `row` may move up or down (at most the width) if all may be hidden."""
        width = self.hiding.width
        shift = self._solve(self.all, -sign * row, (-width, width), priced=False)
        return 0.0 if shift is None else abs(float((row @ shift)[0]))

    def _near(self, row: sparse.csr_matrix) -> np.ndarray:
        """Return the unknowns that share most small cells with `row`: a swap is mostly local."""
        shared = self.hiding.system.matrix @ (row != 0).toarray()[0].astype(float)
        close = self.by_column.T @ (shared * self.weight)
        by_group = np.bincount(self.groups, weights=close)
        return np.flatnonzero(np.isin(self.groups, np.argsort(-by_group, kind="stable")[:NEAR]))

    def _solve(
        self,
        places: np.ndarray,
        row: sparse.csr_matrix,
        reach: tuple[float, float],
        *,
        priced: bool,
    ) -> np.ndarray | None:
        """Return the best whole shift of the unknowns `places`, None if there is none.

        Best is cheapest if `priced`, else the lowest ``row @ shift``.
        """
        hiding, n = self.hiding, len(places)
        matrix = self.by_column[:, places].tocsr()
        touched = np.diff(matrix.indptr) > 0
        shown = np.flatnonzero(touched & hiding.hideable & ~hiding.hidden)
        loose = touched & ~hiding.frozen & (hiding.value <= FAR * hiding.width)
        shape = _Shape(n, len(shown) if priced else 0)
        constraints = [
            shape.rows(matrix[touched & hiding.frozen], 0, 0),
            shape.rows(matrix[loose], (hiding.lowest - hiding.value)[loose], np.inf),
            *self._relations(places, shape),
            shape.rows(row[:, places], *reach),
        ]
        cost = np.r_[row[:, places].toarray()[0] * (not priced), np.zeros(2 * shape.n_priced)]
        if priced:
            constraints.append(shape.moves(matrix[shown]))
            cost[n:] = np.tile(hiding.value[shown] + 1, 2)
        found = _whole(cost, shape, -hiding.truth[places], constraints)
        if found is None:
            return None
        shift = np.zeros(len(self.all))
        shift[places] = found
        low = hiding.lowest - hiding.value - TOLERANCE
        moved = hiding.system.matrix @ shift
        return shift if ((moved >= low) | (moved == 0)).all() else None

    def _relations(self, places: np.ndarray, shape: "_Shape") -> list[LinearConstraint]:
        system = self.hiding.system
        mine = system.relations[:, places]
        kept = np.diff(mine.indptr) > 0
        low = np.where(system.exact, 0, -(system.relations @ self.hiding.truth))[kept]
        return [shape.rows(mine[kept], low, np.where(system.exact, 0, np.inf)[kept])]


@dataclass(frozen=True, slots=True)
class _Shape:
    """Columns of a program: shifts of unknowns, then the rise and the fall of priced cells."""

    n: int
    n_priced: int

    def rows(self, rows: sparse.csr_matrix, low: object, high: object) -> LinearConstraint:
        empty = sparse.csr_matrix((rows.shape[0], 2 * self.n_priced))
        return LinearConstraint(sparse.hstack([rows, empty], format="csr"), low, high)

    def moves(self, rows: sparse.csr_matrix) -> LinearConstraint:
        one = sparse.eye_array(self.n_priced, format="csr")
        return LinearConstraint(sparse.hstack([rows, -one, one], format="csr"), 0, 0)


def _whole(
    cost: np.ndarray, shape: _Shape, lowest: np.ndarray, constraints: list[LinearConstraint]
) -> np.ndarray | None:
    """Return the shift that a linear program gives, or an integer one where it is not whole."""
    whole = np.r_[np.ones(shape.n), np.zeros(2 * shape.n_priced)]
    for integrality in (np.zeros_like(whole), whole):
        found = milp(
            cost,
            integrality=integrality,
            bounds=Bounds(np.r_[lowest, np.zeros(2 * shape.n_priced)], np.inf),
            constraints=[c for c in constraints if c.A.shape[0]],
            options={"time_limit": SECONDS},
        )
        if found.x is None:
            return None
        shift = np.rint(found.x[: shape.n])
        if np.abs(shift - found.x[: shape.n]).max(initial=0) < TOLERANCE:
            return shift
    return None
