"""The search for complementary cells: one linear program for each cell not yet safe."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from fpi_eval.disclosure.system import System
from fpi_eval.errors import FpiError

TOLERANCE = 1e-6
SECONDS = 20.0


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
        self.own = np.flatnonzero(hiding.hideable)
        matrix, relations, n = system.matrix, system.relations, len(self.own)
        rest = relations @ hiding.truth
        move = sparse.hstack([matrix[self.own], -sparse.eye_array(n), sparse.eye_array(n)])
        low = hiding.lowest - hiding.value
        fixed = hiding.frozen
        self.constraints = [
            LinearConstraint(move.tocsr(), 0, 0),
            self._on_shift(matrix[~fixed], low[~fixed], np.inf),
            self._on_shift(matrix[fixed], 0, 0),
            self._on_shift(
                relations, np.where(system.exact, 0, -rest), np.where(system.exact, 0, np.inf)
            ),
        ]
        self.constraints = [c for c in self.constraints if c.A.shape[0]]
        n_unknown = len(hiding.truth)
        self.bounds = Bounds(np.r_[-hiding.truth, np.zeros(2 * n)], np.inf)
        self.whole = np.r_[np.ones(n_unknown), np.zeros(2 * n)]

    def _on_shift(self, rows: sparse.csr_matrix, low: object, high: object) -> LinearConstraint:
        empty = sparse.csr_array((rows.shape[0], 2 * len(self.own)))
        return LinearConstraint(sparse.hstack([rows, empty], format="csr"), low, high)

    def cheapest(self, row: sparse.csr_matrix, by: float) -> np.ndarray | None:
        """Return the shift that moves `row` by `by` and the fewest people in shown cells."""
        price = np.where(self.hiding.hidden, 0.0, self.hiding.value + 1)[self.own]
        cost = np.r_[np.zeros(len(self.hiding.truth)), price, price]
        return self._solve(cost, [*self.constraints, self._on_shift(row, by, by)])

    def furthest(self, row: sparse.csr_matrix, sign: int) -> float:
        """Return how far `row` may move up or down (at most the width) if all may be hidden."""
        width = self.hiding.width
        cost = np.r_[-sign * row.toarray()[0], np.zeros(2 * len(self.own))]
        reach = self._on_shift(row, -width, width)
        shift = self._solve(cost, [*self.constraints, reach])
        return 0.0 if shift is None else abs(float((row @ shift)[0]))

    def _solve(self, cost: np.ndarray, constraints: list) -> np.ndarray | None:
        n = len(self.hiding.truth)
        for integrality in (np.zeros_like(self.whole), self.whole):
            found = milp(
                cost,
                integrality=integrality,
                bounds=self.bounds,
                constraints=constraints,
                options={"time_limit": SECONDS},
            )
            if found.x is None:
                return None
            shift = np.rint(found.x[:n])
            if np.abs(shift - found.x[:n]).max() < TOLERANCE:
                return shift
        return None
