"""Triple difference: targeted courses against the others of the region, and other regions."""

import numpy as np
import pandas as pd

from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import SEATS, effects, sample
from fpi_eval.impact.imputation import unexposed
from fpi_eval.impact.uncertainty import single
from fpi_eval.regression import linear
from fpi_eval.results import Estimate

DESCRIPTION = (
    "Triple différence : toutes les formations, ciblées ou non, avec effets fixes de cellule, de "
    "formation × session et de région × session, places instrumentées par l'ouverture, voisins "
    "exposés exclus (Gruber, 1994 ; Olden et Møen, 2022). Elle retire ce qui touche toute la "
    "région, non ce qui toucherait ses seules formations ciblées."
)


@any_table
def triple_difference(
    panel: pd.DataFrame, y: str = "diplomes", *, niveau: str | None = None
) -> Estimate:
    """Return the effect per seat net of what moves all courses of the region.

    Exposed neighbours are dropped first: displacement would pass for a shock of the region.
    """
    frame = unexposed(sample(panel, y, targeted=False, niveau=niveau))
    dose = frame[["dose"]].to_numpy(float)
    fit = linear.fit(
        frame["y"].to_numpy(), dose, effects(frame), names=(SEATS,), instruments=np.sign(dose)
    )
    return single(frame, fit, SEATS, estimator="Triple différence", description=DESCRIPTION)
