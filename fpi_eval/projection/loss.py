"""How much less the pupils that opened seats add pass the exam: declared, or what effects show."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS
from fpi_eval.impact.j import j
from fpi_eval.impact.uncertainty import ENOUGH

SPREAD = 0.10  # sd of the true loss around the declared one, before anything is measured
RANGE = (-0.5, 0.95)
EXPECTED = "attendus"
MESH: dict[str, Any] = {
    "size": "presents",
    "cluster": "territoire",
    "departement": "territoire",
    "famille": None,
    "lag": 0,
}


@dataclass(frozen=True, slots=True)
class Loss:
    """Share by which extra pupils pass less than others: declared, then measured if it can be."""

    declared: float
    measured: float = np.nan
    std_error: float = np.nan
    df: float = np.inf

    @property
    def mean(self) -> float:
        """Declared value, drawn towards the measure as far as its error allows."""
        if not np.isfinite(self.std_error):
            return self.declared
        return self.declared + self._weight * (self.measured - self.declared)

    @property
    def _weight(self) -> float:
        return float(SPREAD**2 / (SPREAD**2 + self.std_error**2))

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return n draws: half to one and a half times the declared loss, or around the measure."""
        if not np.isfinite(self.std_error):
            return rng.uniform(0.5 * self.declared, 1.5 * self.declared, n)
        sd = np.sqrt(self._weight) * self.std_error
        return np.clip(self.mean + sd * rng.standard_t(max(self.df, 2.5), n), *RANGE)


def of_cells(cells: pd.DataFrame, declared: float) -> Loss:
    """Return the loss that graduates and final-year pupils of opened cells show."""
    return _measured(cells, declared, "terminale", "diplomes")


def of_exams(exams: pd.DataFrame, declared: float) -> Loss:
    """Return the loss that published exams show, at the mesh that measures it best."""
    found = [Loss(declared)]
    for _, rows in exams.groupby("maille", sort=False):
        table = rows.assign(exposure_etab=0.0, exposure_dep=0.0)
        try:
            found.append(_measured(table, declared, "presents", "diplomes", **MESH))
        except (FpiError, np.linalg.LinAlgError):
            continue
    return min(found, key=lambda one: np.nan_to_num(one.std_error, nan=np.inf))


def _measured(table: pd.DataFrame, declared: float, sat: str, passed: str, **columns: Any) -> Loss:
    """Return the loss of a table: one less the graduates added over those that were due.

    Due are the pupils added times the success of the same course, the same year, in cells that
    never opened: shocks to an exam are in both.
    """
    known = table.dropna(subset=[sat, passed])
    opened = known["cell"].isin(known.loc[known["seats"] != 0, "cell"])
    sums = known[~opened].groupby(["course", "rentree"])[[sat, passed]].sum()
    usual = (sums[passed] / sums[sat].where(sums[sat] > 0)).rename("usual").reset_index()
    rate = known[["course", "rentree"]].merge(usual, "left", ["course", "rentree"])["usual"]
    both = known.assign(**{EXPECTED: known[sat] * rate.to_numpy()}).dropna(subset=[EXPECTED])
    added, due = (j(both, name, **columns)[GROSS] for name in (passed, EXPECTED))
    one_level = added.influence.index.equals(due.influence.index)
    if due.estimate <= 0 or added.df + 1 < ENOUGH or not one_level:
        raise FpiError("trop peu d'élèves de plus à l'examen : leur réussite ne se mesure pas.")
    ratio = added.estimate / due.estimate
    psi = added.influence - ratio * due.influence
    error = float(np.sqrt(psi @ psi) / due.estimate)
    return Loss(declared, 1 - ratio, error, added.df)
