"""Draws of the share of entrants taken from neighbouring courses, from J's own equation."""

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import DISPLACEMENT, GROSS, WEIGHTS, sample
from fpi_eval.impact.j import combination, fit_j
from fpi_eval.misspelt import known_options

DRAWS = 2000
WEAK = 2.0  # own effect in standard errors, under which a share of it means nothing


@known_options
def diversion_draws(panel: pd.DataFrame, *, seed: int = 0) -> np.ndarray:
    """Return draws of − displacement / own effect, (DRAWS,), both from one clustered covariance.

    Below zero where neighbours gain, above one where they lose more than the seats bring: the draws
    are not bent to what one would like. Raises `FpiError`: the own effect cannot be told from zero.
    """
    frame = sample(panel, "entrants")
    fit = fit_j(frame)
    reach = (1.0, *frame.reach)
    weights = np.column_stack(
        [combination(fit, np.multiply(WEIGHTS[label], reach)) for label in (GROSS, DISPLACEMENT)]
    )
    psi = fit.jackknife(frame.loc[fit.keep, "code_departement"].to_numpy()) @ weights
    own, moved = weights.T @ fit.coefficients
    if own < WEAK * np.sqrt((psi[:, 0] ** 2).sum()):
        raise FpiError(
            "l'effet propre des places ne se distingue pas de zéro : la part déplacée n'a pas de "
            "sens.",
            conseil="Attendez une rentrée de plus.",
        )
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_normal([own, moved], psi.T @ psi, DRAWS)
    return -drawn[:, 1] / drawn[:, 0]
