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
    "Voisines exposées et places d'un autre budget exclues ; les chocs d'une région ne sont pas "
    "retirés."
)


@any_table
def intertemporal(
    panel: pd.DataFrame, y: str = "diplomes", *, niveau: str | None = None
) -> Estimate:
    r"""Return the effect per seat-year of doses that may rise, fall and come back.

    .. math:: \delta = \sum_{g,\ell} s_g [Y_{g,F_g-1+\ell} - Y_{g,F_g-1} - \overline{\Delta Y}]
              \Big/ \sum_{g,\ell} s_g (S_{g,F_g-1+\ell} - S_{g,1})

    :math:`F_g` is the first time seats change, :math:`s_g` the sign of that change,
    :math:`\overline{\Delta Y}` the mean change over the same years of cells of the same course
    and first dose whose seats have not moved yet. Each change is compared with one year, the last
    before it, so that closed years count as what they are. Errors by clusters of the cells.

    Raises
    ------
    FpiError
        No cell has both a year before and a comparison.
    """
    frame = unexposed(sample(panel, y, niveau=niveau))
    rows = frame.frame.sort_values(["cell", "time"], ignore_index=True)
    grid = _Grid.of(rows)
    score, weight, moved, compared = (np.zeros(grid.y.shape) for _ in range(4))
    effect = total = 0.0
    for course, start, first in grid.waves():
        mine = (grid.course == course) & (grid.base == start)
        switch, s = mine & (grid.first == first), grid.sign
        for at in range(first, grid.y.shape[1]):
            change = grid.y[:, at] - grid.y[:, first - 1]
            known = np.isfinite(change)
            own, others = switch & known, mine & (grid.first > at) & known
            if not own.any() or not others.any():
                continue
            gap = change - change[others].mean()
            more = s * (grid.dose[:, at] - start)
            effect += (s * gap)[own].sum()
            total += more[own].sum()
            score[own, at] += (s * gap)[own]
            weight[own, at] += more[own]
            moved[own, at] = compared[others, at] = 1.0
            score[others, at] -= s[own].sum() * gap[others] / others.sum()
    if not total:
        raise FpiError(
            "aucune cellule dont les places changent n'a à la fois une année d'avant et une "
            "cellule de comparaison de la même formation."
        )
    value = effect / total
    psi = ((score - value * weight) / total)[grid.row, grid.column]
    missed = int(((grid.first < grid.y.shape[1]) & ~moved.any(axis=1)).sum())
    used = frame.of(rows, ("cellule dont les places changent, sans comparaison", missed))
    by = []
    for name in ("uai", "code_departement"):
        integers, names = codes(rows[name].to_numpy())
        by.append(np.sqrt(len(names) / max(len(names) - 1, 1)) * sum_by(integers, psi))
    return answer(
        used,
        value,
        *by,
        estimator="Intertemporel",
        clusters=Clusters.of(
            used, *(marks[grid.row, grid.column] > 0 for marks in (moved, compared))
        ),
        dropped=used.dropped,
        label="Effet brut par place × session",
        description=DESCRIPTION,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Cells × times: outcome (NaN if unknown), dose in force; first change, its sign, per cell."""

    y: np.ndarray
    dose: np.ndarray
    course: np.ndarray
    base: np.ndarray
    first: np.ndarray
    sign: np.ndarray
    row: np.ndarray
    column: np.ndarray

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "_Grid":
        """Return the grid of an estimation frame."""
        row, cells = pd.factorize(rows["cell"], sort=True)
        column = (rows["time"] - rows["time"].min()).to_numpy(int)
        y = np.full((len(cells), column.max() + 1), np.nan)
        dose = y.copy()
        y[row, column], dose[row, column] = rows["y"], rows["dose"]
        dose = pd.DataFrame(dose).ffill(axis=1).bfill(axis=1).to_numpy()
        moved = dose != dose[:, [0]]
        first = np.where(moved.any(axis=1), moved.argmax(axis=1), y.shape[1])
        at = np.minimum(first, y.shape[1] - 1)
        sign = np.sign(dose[np.arange(len(cells)), at] - dose[:, 0])
        course = pd.factorize(rows.drop_duplicates("cell")["course"])[0]
        return cls(y, dose, course, dose[:, 0], first, sign, row, column)

    def waves(self) -> list[tuple]:
        """Return course, first dose and first time of change of the cells that change."""
        on = self.first < self.y.shape[1]
        return sorted(set(zip(self.course[on], self.base[on], self.first[on], strict=True)))
