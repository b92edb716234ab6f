"""Courses that did not exist before: no past to compare with, a stratum of their own."""

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.uncertainty import answer
from fpi_eval.panel import align
from fpi_eval.regression.sandwich import codes, sum_by
from fpi_eval.results import Estimate

DESCRIPTION = (
    "Formations nouvelles : sans l'ouverture il n'y aurait eu personne, l'effet brut est donc "
    "l'effectif observé rapporté aux places ; tout l'enjeu causal est le déplacement."
)


@any_table
def new_cells(panel: pd.DataFrame, y: str = "diplomes") -> Estimate:
    r"""Return :math:`\sum Y / \sum S` over new cells, clustered (METHOD, B2-9)."""
    frame = align(panel, y)
    used = frame[frame["nouvelle"].to_numpy(bool) & frame["opened"].to_numpy()]
    if used["uai"].nunique() < 2:
        raise FpiError("moins de deux établissements ouvrent une formation nouvelle.")
    seen, dose = used["y"].to_numpy(), used["dose"].to_numpy()
    value = seen.sum() / dose.sum()
    psi = []
    for column in ("uai", "code_departement"):
        integers, names = codes(used[column].to_numpy())
        factor = np.sqrt(len(names) / max(len(names) - 1, 1))
        psi.append(factor * sum_by(integers, (seen - value * dose) / dose.sum()))
    return answer(
        used,
        value,
        psi[0],
        psi[1],
        estimator="Ratio",
        dropped=frame.dropped,
        label="Effet brut par place, formations nouvelles",
        description=DESCRIPTION,
    )
