"""Draws of the share of entrants taken from neighbouring courses, from J's own equation."""

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.displacement.net import displacement
from fpi_eval.misspelt import known_options

DRAWS = 2000
WEAK = 2.0  # own effect in standard errors, under which a share of it means nothing


@known_options
def diversion_draws(panel: pd.DataFrame, *, seed: int = 0) -> np.ndarray:
    """Return draws of − displacement / own effect, (DRAWS,), both by the rule of `displacement`.

    One clustered covariance, of its level and with its degrees of freedom (Student; 2.5 at least,
    for draws to have a spread). Below zero where neighbours gain, above one where they lose more
    than the seats bring: the draws are not bent to what one would like. Raises `FpiError`: the own
    effect cannot be told from zero.
    """
    found = displacement(panel, "entrants")
    if np.isnan(found.diversion):
        raise FpiError("rien ne dit ce que perdent les formations voisines.")
    centre = np.array([found.own.estimate, found.neighbours.estimate])
    if found.df < 1 or centre[0] < WEAK * np.sqrt(found.covariance[0, 0]):
        raise FpiError(
            "l'effet propre des places ne se distingue pas de zéro : la part déplacée n'a pas de "
            "sens.",
            conseil="Attendez une rentrée de plus.",
        )
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_normal([0, 0], found.covariance, DRAWS)
    df = max(found.df, 2.5)
    own, moved = (centre + drawn / np.sqrt(rng.chisquare(df, (DRAWS, 1)) / df)).T
    return -moved / own
