"""The search for complementary cells: one linear program for each cell not yet safe."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from fpi_eval.disclosure.rules import Thresholds, small
from fpi_eval.disclosure.system import System
from fpi_eval.errors import FpiError

TOLERANCE = 1e-6
STRICT = 1e-4  # what a half that could round either way is kept away from
WORK = 5_000_000  # entries of all programs together, before the tables are tried wider (minutes)
NODES = 2_000  # of an integer program, before its best answer so far is taken
NEAR = 200  # groups of unknowns tried first: beyond, programs get slow
LARGE, NEARER = 5_000, 60  # groups from which a system is large, and how many it tries first
FOUND = 1  # spread under which a count that need not be secret, but was hidden, is found
DETAIL = "Un détail qui n'est dans aucun tableau, et que plusieurs donneraient"
FAR = 25  # counts above this many widths enter a program only once it sends one too low


class Unprotectable(FpiError):
    """What is already public leaves no way to protect a cell, or none within the work allowed.

    Only its advice names the cell: who reads that one is not safe must not learn which.
    """


@dataclass(frozen=True, slots=True)
class Target:
    """A count (row of the watched counts) to keep uncertain, by `least` or the report stops."""

    place: int
    value: float
    label: str
    least: float


class Hiding:
    """Which rows of the system are hidden, and the alternative tables that prove them uncertain.

    A row is hideable (in the new report), frozen (already public) or neither (shown nowhere, yet
    perhaps computable). `lowest` is the smallest value a reader may suppose behind a hidden row.
    """

    def __init__(self, system: System, truth: np.ndarray, width: int) -> None:
        n = system.matrix.shape[0]
        self.system, self.truth, self.width = system, truth, width
        self.value = np.rint(system.matrix @ truth)
        self.hidden, self.hideable, self.frozen, self.mine, self.withdrawn, self.kept, self.told = (
            np.zeros(n, dtype=bool) for _ in range(7)
        )
        self.said, self.hidden_before, self.lowest = self.mine, self.kept, np.zeros(n)
        self.targets: list[Target] = []
        self.more: list[sparse.csr_matrix] = []

    def own(
        self, row: int, label: str, *, secret: bool, may_be_zero: bool, share: bool = False
    ) -> None:
        """Declare a row of the new report, hidden from the start if `secret`.

        A zero is shown, unless it is that of a `share` of another count.
        """
        self.mine[row] = True
        self.hideable[row] = secret or share or self.value[row] > 0
        self.frozen[row] = not self.hideable[row]
        self.hidden[row] = secret
        self.lowest[row] = 0 if may_be_zero or self.frozen[row] else 1
        if secret:
            self.watch_row(row, label)

    def earlier(
        self, row: int, label: str, shown: float, *, secret: bool, may_be_zero: bool
    ) -> None:
        """Declare a row of an earlier report, which shows `shown` (missing where hidden)."""
        if np.isnan(shown):
            self.kept[row] = True
            self.lowest[row] = 0 if may_be_zero else min(1, self.value[row])
            self.watch_row(row, label, least=self.width if secret else FOUND)
        elif abs(shown - self.value[row]) > TOLERANCE:
            raise FpiError(
                f"{label} : un rapport antérieur a publié un effectif que le tableau détaillé ne "
                "redonne plus. Gardez les données du millésime publié, ou retirez ce rapport de "
                "« known » en disant pourquoi."
            )
        else:
            self.frozen[row] = True

    def keep_hidden(self) -> None:
        """Hide again, for good, each count of the report that earlier ones hid and never showed."""
        same = same_rows(self.system.matrix)
        self.said = self.mine | self.frozen | self.kept
        self.told = np.isin(same, same[self.frozen & ~self.mine])
        self.hidden_before = np.isin(same, same[self.kept])
        self.kept = self.hidden_before & ~self.told & self.mine & self.hideable
        self.hidden |= self.kept

    def watch_row(self, row: int, label: str, *, least: float | None = None) -> None:
        """Ask that a row of the system stays uncertain by the protection width, or by `least`."""
        least = self.width if least is None else least
        self.targets.append(Target(row, float(self.value[row]), label, least))

    def watch_details(self, thresholds: Thresholds) -> None:
        """Ask the same of the finest small counts that no cell is, and of small rests.

        Several cells might tell them. No sum of counts is then known to be small, since each that
        is may be larger: neither a year inside a window, nor a cell of tables that cross.
        """
        matrix, n = self.system.matrix, len(self.truth)
        alone = np.diff(matrix.indptr) == 1
        rests = self.system.relations[np.isinf(self.system.high)]
        for rows, cells in ((sparse.identity(n, format="csr"), self.said), (rests, self.told)):
            public = np.isin(np.arange(n), matrix[cells & alone].indices)
            for row in np.flatnonzero(small(rows @ self.truth, thresholds)):
                if not public[rows[[row]].indices].all():
                    place = len(self.value) + len(self.more)
                    value = float((rows[[row]] @ self.truth)[0])
                    self.targets.append(Target(place, value, DETAIL, self.width))
                    self.more.append(rows[[row]])

    def run(self, *, withdraw: bool = False) -> None:
        """Hide complementary cells until each target has its width.

        With `withdraw`, a target that finds none takes out of the report the cells that touch it.
        """
        self.watched = sparse.vstack([self.system.matrix, *self.more], format="csr")
        self.proofs = Proofs(self.watched)
        program = _Program(self)
        self.targets.sort(key=lambda target: target.value)
        for target in self.targets:  # grows: each cell hidden becomes a target
            self._protect(program, target)
            spread, least = self.proofs.spread(target.place), target.least
            detail = target.place >= len(self.told)
            if spread < least and (detail or self.hidden_before[target.place]):
                left = program.left_before(self.watched[[target.place]], least)
                if detail or left >= FOUND:  # what earlier reports alone tell of it stays told
                    least = min(least, left)
            if spread < least and withdraw:
                self._withdraw(target)
                self._protect(program, target)
                spread = self.proofs.spread(target.place)
            if spread < least and (detail or not (withdraw and self.told[target.place])):
                raise Unprotectable(
                    "ce qui est déjà public ne permet plus de protéger une cellule.",
                    conseil=f"{target.label} : publiez à un niveau plus agrégé, ou retirez cette "
                    "ligne du tableau détaillé.",
                )

    def _withdraw(self, target: Target) -> None:
        """Take out of the report, zeros included, the cells that hold people of a target."""
        touched = (self.system.matrix @ (self.watched[[target.place]] != 0).T).toarray()[:, 0] > 0
        out = touched & self.mine
        self.withdrawn |= out
        self.hidden |= out
        self.hideable |= out
        self.frozen &= ~out
        self.lowest[out] = 0

    def _aim(self, target: Target) -> int:
        """Return the spread to look for: one more than the width where there may be nobody.

        At the width, two such counts could be 0 to 4 each, and be known to be 4 together.
        """
        place = target.place
        return self.width + int(place >= len(self.lowest) or self.lowest[place] == 0)

    def _protect(self, program: "_Program", target: Target) -> None:
        aim = self._aim(target)
        if self.proofs.spread(target.place) >= aim:
            return
        row = self.watched[[target.place]]
        if self._move(program, target, aim):
            return
        up = program.furthest(row, 1, aim)
        if up > 0:
            self._move(program, target, up)
        down = min(aim - up, program.furthest(row, -1, aim))
        if down > 0:
            self._move(program, target, -down)

    def _move(self, program: "_Program", target: Target, by: float) -> bool:
        shift = program.cheapest(self.watched[[target.place]], by)
        if shift is None:
            return False
        moved = self.proofs.add(shift)
        moved = moved[moved < len(self.value)]
        for row in moved[self.hideable[moved] & ~self.hidden[moved]]:
            self.hidden[row] = True
            self.watch_row(int(row), f"complément de {target.label}", least=0)
        return True


class Proofs:
    """The shifts found so far, as what each moves: a cell's spread is that of its moves and 0."""

    def __init__(self, watched: sparse.csr_matrix) -> None:
        self.by_unknown = watched.T.tocsr()
        self.low, self.high = np.zeros(watched.shape[0]), np.zeros(watched.shape[0])

    def add(self, shift: np.ndarray) -> np.ndarray:
        """Keep a shift and return the rows that it moves."""
        moves = (sparse.csr_matrix(shift[None, :]) @ self.by_unknown).tocoo()
        real = np.abs(moves.data) > TOLERANCE
        rows, by = moves.col[real], np.rint(moves.data[real])
        self.low[rows] = np.minimum(self.low[rows], by)
        self.high[rows] = np.maximum(self.high[rows], by)
        return np.sort(rows)

    def spread(self, place: int) -> float:
        """Return the distance between the two ends that a row reaches."""
        return float(self.high[place] - self.low[place])


def same_rows(rows: sparse.csr_matrix) -> np.ndarray:
    """Return the number of the first row with the same content, for each row."""
    rows = rows.tocsr()
    rows.sort_indices()
    seen: dict[tuple[bytes, bytes], int] = {}
    ends = zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
    keys = [(rows.indices[a:b].tobytes(), rows.data[a:b].tobytes()) for a, b in ends]
    return np.array([seen.setdefault(key, n) for n, key in enumerate(keys)], dtype=int)


class _Program:
    """The linear programs over shifts of the unknowns that leave all that is shown unchanged."""

    def __init__(self, hiding: Hiding) -> None:
        self.hiding, system = hiding, hiding.system
        self.by_column = system.matrix.tocsc()
        self.to_unknowns = system.matrix.T.tocsr()
        self.relations = system.relations.tocsc()
        rest = system.relations @ hiding.truth
        self.low = np.minimum(system.low + STRICT * (system.low < 0) - rest, 0)
        self.high = np.maximum(system.high - STRICT * (system.low < 0) - rest, 0)
        self.groups = np.array([group for _, group in system.columns])
        self.weight = 1 / np.maximum(np.diff(system.matrix.indptr), 1)
        self.all, self.left = np.arange(len(self.groups)), WORK

    def cheapest(self, row: sparse.csr_matrix, by: float) -> np.ndarray | None:
        """Return the shift that moves `row` by `by` and the fewest people in shown cells."""
        for places in self._wider(row):
            shift = self._solve(places, row, (by, by), priced=True)
            if shift is not None:
                return shift
        return None

    def furthest(self, row: sparse.csr_matrix, sign: int, most: int) -> float:
        """Return how far `row` may move up or down, at most `most`, if all may be hidden."""
        shift = self._solve(self.all, -sign * row, (-most, most), priced=False)
        return 0.0 if shift is None else abs(float((row @ shift)[0]))

    def left_before(self, row: sparse.csr_matrix, most: float) -> float:
        """Return how far `row` could go, at most `most` each way, if the report said nothing.

        Tables that are not whole count too: it is never too small.
        """
        hiding = self.hiding
        told = hiding.frozen & ~hiding.mine
        low = np.where(told, 0, np.where(hiding.mine, -np.inf, hiding.lowest - hiding.value))
        constraints = LinearConstraint(
            sparse.vstack([hiding.system.matrix, self.relations, row], format="csc"),
            np.r_[low, self.low, -most],
            np.r_[np.where(told, 0, np.inf), self.high, most],
        )
        bounds, way = Bounds(-hiding.truth, np.inf), row.toarray()[0]
        ends = [milp(c, bounds=bounds, constraints=constraints).fun for c in (way, -way)]
        return float(np.floor(TOLERANCE - sum(ends)))

    def _wider(self, row: sparse.csr_matrix) -> Iterator[np.ndarray]:
        """Yield wider and wider sets of unknowns, first those that share most small cells.

        A swap is mostly local; the last set holds all.
        """
        shared = self.hiding.system.matrix @ (row != 0).toarray()[0].astype(float)
        by_group = np.bincount(self.groups, weights=self.to_unknowns @ (shared * self.weight))
        order = np.argsort(-by_group, kind="stable")
        for size in (NEAR,) if len(order) <= LARGE else (NEARER, 10 * NEARER):
            if size < len(order):
                chosen = np.zeros(len(order), dtype=bool)
                chosen[order[:size]] = True
                yield np.flatnonzero(chosen[self.groups])
        yield self.all

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
        hiding, shift = self.hiding, np.zeros(len(self.all))
        rows, matrix = _touched(self.by_column[:, places])
        links, related = _touched(self.relations[:, places])
        self.left -= matrix.nnz
        if self.left < 0:
            raise Unprotectable(
                "la protection demande trop de calculs.",
                conseil="Publiez à un niveau plus agrégé.",
            )
        value, frozen = hiding.value[rows], hiding.frozen[rows]
        low = hiding.lowest[rows] - value
        shown = np.flatnonzero(hiding.hideable[rows] & ~hiding.hidden[rows] & priced)
        cost = np.zeros(len(places)) if priced else row[:, places].toarray()[0]
        bounded = ~frozen & (value <= FAR * hiding.width)
        while True:  # ends: each round bounds one count more
            kept = frozen | bounded
            found = _whole(
                np.r_[cost, np.tile(value[shown] + 1, 2)],
                -hiding.truth[places],
                sparse.vstack([matrix[kept], related, row[:, places]]),
                np.r_[np.where(frozen, 0, low)[kept], self.low[links], reach[0]],
                np.r_[np.where(frozen, 0, np.inf)[kept], self.high[links], reach[1]],
                matrix[shown],
            )
            if found is None:
                return None
            moved = matrix @ found
            too_low = ~kept & (moved < low - TOLERANCE) & (moved != 0)
            if not too_low.any():
                shift[places] = found
                return shift
            bounded |= too_low


def _touched(columns: sparse.csc_matrix) -> tuple[np.ndarray, sparse.csr_matrix]:
    """Return which rows are not empty, and the matrix of these alone."""
    rows, inverse = np.unique(columns.indices, return_inverse=True)
    parts = (columns.data, inverse, columns.indptr)
    return rows, sparse.csc_matrix(parts, shape=(len(rows), columns.shape[1])).tocsr()


def _whole(
    cost: np.ndarray,
    lowest: np.ndarray,
    rows: sparse.csr_matrix,
    low: np.ndarray,
    high: np.ndarray,
    priced: sparse.csr_matrix,
) -> np.ndarray | None:
    """Return the shift that a linear program gives, or an integer one where it is not whole.

    Columns are the shifts, then the rise and the fall of each count of `priced`.
    """
    n, k = len(lowest), priced.shape[0]
    one = sparse.eye_array(k, format="csr")
    table = sparse.block_array([[rows, None, None], [priced, -one, one]]) if k else rows
    constraints = LinearConstraint(table.tocsc(), np.r_[low, np.zeros(k)], np.r_[high, np.zeros(k)])
    bounds = Bounds(np.r_[lowest, np.zeros(2 * k)], np.inf)
    whole = np.r_[np.ones(n), np.zeros(2 * k)]
    for integrality in (np.zeros_like(whole), whole):
        found = milp(
            cost,
            integrality=integrality,
            bounds=bounds,
            constraints=constraints,
            options={"node_limit": NODES},
        )
        if found.x is None:
            return None
        shift = np.rint(found.x[:n])
        if np.abs(shift - found.x[:n]).max(initial=0) < TOLERANCE:
            return shift
    return None
