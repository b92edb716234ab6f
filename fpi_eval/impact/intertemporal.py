"""Seats that go up, down and back: effect per seat-year, against cells that have not moved."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import sample
from fpi_eval.impact.imputation import unexposed
from fpi_eval.impact.uncertainty import Clusters, answer
from fpi_eval.regression.rows import sum_by
from fpi_eval.regression.sandwich import codes
from fpi_eval.results import Estimate

DESCRIPTION = (
    "Doses non absorbantes : l'évolution d'une cellule depuis l'année d'avant son premier "
    "changement de places, moins celle des cellules de la même formation, aux mêmes places de "
    "départ, qui n'en ont pas encore changé ; somme de ces écarts rapportée à celle des places en "
    "plus ou en moins, années de fermeture comprises (de Chaisemartin et D'Haultfœuille, 2024). "
    "Voisines exposées et places d'un autre budget exclues ; "
)
SHOCKS = {
    False: "les chocs d'une région ne sont pas retirés.",
    True: "le choc que chaque région a connu entre les deux années est estimé sur les cellules qui "
    "n'ont pas changé, et retiré.",
}
NEAR_ZERO = 1e-8


@any_table
def intertemporal(
    panel: pd.DataFrame,
    y: str = "diplomes",
    *,
    niveau: str | None = None,
    region_effects: bool = False,
) -> Estimate:
    r"""Return the effect per seat-year of doses that may rise, fall and come back.

    .. math:: \delta = \sum_{g,\ell} s_g [Y_{g,F_g-1+\ell} - Y_{g,F_g-1} - \overline{\Delta Y}]
              \Big/ \sum_{g,\ell} s_g (S_{g,F_g-1+\ell} - S_{g,1})

    :math:`F_g` is the first time seats change, :math:`s_g` the sign of that change,
    :math:`\overline{\Delta Y}` the mean change over the same years of cells of the same course
    and first dose whose seats have not moved yet. Each change is compared with one year, the last
    before it, so that closed years count as what they are; seats are read every year, also where
    the outcome is missing. Years are those of the table: one in two, if it has one in two. Errors
    by clusters of the cells.

    Parameters
    ----------
    region_effects : bool
        Take off the change of each region beside its courses', fitted on cells that have not moved
        yet; openings of a region without one are dropped.

    Raises
    ------
    FpiError
        No cell has both a year before and a comparison.
    """
    frame = unexposed(sample(panel, y, niveau=niveau))
    rows = frame.frame.sort_values(["cell", "time"], ignore_index=True)
    grid = _Grid.of(rows, frame.seats)
    score, weight, moved, compared = (np.zeros(grid.y.shape) for _ in range(4))
    effect = total = 0.0
    for first in np.unique(grid.first[grid.first < grid.y.shape[1]]):
        for at in range(first, grid.y.shape[1]):
            change = grid.y[:, at] - grid.y[:, first - 1]
            own, others, gap, pull = grid.compare(change, first, at, region_effects)
            more = grid.sign * (grid.dose[:, at] - grid.base)
            effect += (grid.sign * gap)[own].sum()
            total += more[own].sum()
            score[own, at] += (grid.sign * gap)[own]
            weight[own, at] += more[own]
            score[others, at] -= (pull * gap)[others]
            moved[own, at] = compared[others, at] = 1.0
    if not total:
        raise grid.nothing()
    value = effect / total
    psi = ((score - value * weight) / total)[grid.row, grid.column]
    missed = int(((grid.first < grid.y.shape[1]) & ~moved.any(axis=1)).sum())
    used = frame.of(rows, ("cellule dont les places changent, sans comparaison", missed))
    by = []
    for name in ("uai", "code_departement"):
        integers, names = codes(rows[name].to_numpy())
        by.append(np.sqrt(len(names) / max(len(names) - 1, 1)) * sum_by(integers, psi))
    on, others = (marks[grid.row, grid.column] > 0 for marks in (moved, compared))
    return answer(
        used,
        value,
        *by,
        estimator="Intertemporel",
        clusters=Clusters.of(used, on, others).of_years(used, on),
        dropped=used.dropped,
        label="Effet brut par place × session",
        description=DESCRIPTION + SHOCKS[region_effects],
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Cells × times: outcome (NaN if unknown), dose in force; what each cell is compared within.

    ``wave`` codes course and first dose, ``region`` is one column per region, ``first`` the time of
    the first change (their number if none) and ``sign`` its sign.
    """

    y: np.ndarray
    dose: np.ndarray
    base: np.ndarray
    wave: np.ndarray
    region: np.ndarray
    first: np.ndarray
    sign: np.ndarray
    row: np.ndarray
    column: np.ndarray

    @classmethod
    def of(cls, rows: pd.DataFrame, known: pd.DataFrame) -> "_Grid":
        """Return the grid of an estimation frame, its doses where they are known."""
        row, cells = pd.factorize(rows["cell"], sort=True)
        known = known[known["cell"].isin(cells) & (known["time"] <= rows["time"].max())]
        times = np.unique(known["time"])  # a year that nobody has is between two, not one of them
        column = np.searchsorted(times, rows["time"])
        y = np.full((len(cells), len(times)), np.nan)
        dose = y.copy()
        y[row, column] = rows["y"]
        here, then = (
            pd.Index(cells).get_indexer(known["cell"]),
            np.searchsorted(times, known["time"]),
        )
        dose[here, then] = known["dose"]
        dose = pd.DataFrame(dose).ffill(axis=1).bfill(axis=1).to_numpy()
        moved = dose != dose[:, [0]]
        first = np.where(moved.any(axis=1), moved.argmax(axis=1), y.shape[1])
        at = np.minimum(first, y.shape[1] - 1)
        sign = np.sign(dose[np.arange(len(cells)), at] - dose[:, 0])
        one = rows.drop_duplicates("cell").assign(base=dose[:, 0])
        wave = one.groupby(["course", "base"]).ngroup().to_numpy()
        region = pd.get_dummies(one["code_region"]).to_numpy(float)
        return cls(y, dose, dose[:, 0], wave, region, first, sign, row, column)

    def nothing(self) -> FpiError:
        """Return why no change of seats can be compared, and what to do."""
        moves = np.flatnonzero(self.first < self.y.shape[1])
        if not np.isfinite(self.y[moves, self.first[moves] - 1]).any():
            return FpiError(
                "aucune cellule dont les places changent n'a de résultat connu l'année d'avant.",
                conseil="Complétez la colonne ou, si chaque cellule n'est vue qu'une année sur "
                "plusieurs, gardez celles qui le sont les mêmes années.",
            )
        return FpiError(
            "aucune cellule dont les places changent n'a de comparaison : une de la même "
            "formation, aux mêmes places de départ, qui n'en a pas encore changé.",
            conseil="Élargissez le tableau, ou comparez toutes les formations (course=None).",
        )

    def compare(
        self, change: np.ndarray, first: int, at: int, region_effects: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return who moved at ``first``, who had not at ``at``, and gaps from what these predict.

        The last array is the weight that each cell which had not moved has in the sum of the
        signed predictions: its gap times that weight is its share of the error.
        """
        known = np.isfinite(change)
        others = (self.first > at) & known
        there = self._per_wave(others)
        own = (self.first == first) & known & (there[self.wave] > 0)
        size = np.maximum(there, 1.0)

        def average(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
            return (self._per_wave(np.where(kept, values, 0.0)) / size)[self.wave]

        gap = change - average(change, others)
        if not region_effects:
            compared = others & (self._per_wave(own)[self.wave] > 0)
            return own, compared, gap, average(self.sign, own)
        x = self.region - np.stack([average(r, others) for r in self.region.T], axis=1)
        products = x[others].T @ x[others]
        inverse = np.linalg.pinv(products, rcond=NEAR_ZERO, hermitian=True)
        own &= np.abs(x - x @ inverse @ products).max(axis=1) < NEAR_ZERO
        gap = gap - x @ (inverse @ (x[others].T @ gap[others]))
        pull = average(self.sign, own) + x @ (inverse @ (x[own].T @ self.sign[own]))
        return own, others & own.any(), gap, pull

    def _per_wave(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self.wave, values, minlength=self.wave.max() + 1)
