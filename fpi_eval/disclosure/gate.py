"""The one gate of what leaves the analysis: nothing that rests on too few openings.

An effect per place, a mean or a fill over a few opened courses gives their counts back to whoever
knows the rest. Estimators ask nothing: a researcher sees all that his files allow. What a report
shows has passed here, with the thresholds of its programme.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from fpi_eval.programme import Secret

#: Columns that count the openings behind a row of a result; the first that is there is read.
OPENINGS = ("n_openings", "n_etab", "n_cells")
FEW = "trop peu d'établissements ouverts : l'effet dirait leurs effectifs."


@dataclass(frozen=True, slots=True)
class Gate:
    """Smallest number of openings, or of courses of a mean, that what is told rests on.

    Examples
    --------
    >>> gate = Gate.of(Secret(effectif_minimum=10))
    >>> gate.told(9), gate.told(10)
    (False, True)
    >>> gate.passed(pd.DataFrame({"estimate": [0.5, 0.7], "n_cells": [4, 12]}))
       estimate  n_cells
    0       0.7       12
    """

    least: int

    @classmethod
    def of(cls, secret: Secret) -> Self:
        """Return the gate of a programme: the smallest count it shows is its smallest crowd."""
        return cls(secret.effectif_minimum)

    def told(self, n: Any) -> Any:
        """Return whether what rests on ``n`` openings (a number, or a column) may be told."""
        return n >= self.least

    def rows(self, table: pd.DataFrame) -> np.ndarray:
        """Return which rows of a result may be told; all where no column counts openings."""
        name = next((name for name in OPENINGS if name in table), None)
        if name is None:
            return np.ones(len(table), dtype=bool)
        return (table[name].isna() | self.told(table[name])).to_numpy()

    def passed(self, found: Any) -> Any:
        """Return what may be told of a result or of a table; None for nothing.

        A result says itself what rests on how many openings (``told_by``); others pass whole. A
        table with a column ``raison`` keeps its rows, and says why their figures left; means with
        a count beside them (``autres``, ``n_autres``) leave alone.
        """
        if isinstance(found, pd.DataFrame):
            return self._table(found)
        return found.told_by(self) if hasattr(found, "told_by") else found

    def _table(self, table: pd.DataFrame) -> pd.DataFrame:
        told = self.rows(table)
        means = [name for name in table if f"n_{name}" in table]
        table = table.assign(**{m: table[m].where(self.told(table[f"n_{m}"])) for m in means})
        if "raison" not in table:
            return table[told].reset_index(drop=True)
        figures = {name: table[name].where(told) for name in table.select_dtypes("float")}
        return table.assign(**figures, raison=table["raison"].where(told, FEW))
