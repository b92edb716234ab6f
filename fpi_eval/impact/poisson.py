"""Poisson imputation: untreated outcomes multiply, so cells of very different size compare."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import effects, sample
from fpi_eval.impact.imputation import UNCOMPARED, unexposed, years
from fpi_eval.impact.uncertainty import BJS, Clusters, answer
from fpi_eval.regression.absorb import Absorber, compact
from fpi_eval.regression.counterfactual import (
    estimable,
    influence_of,
    levels,
    placed,
    prediction,
)
from fpi_eval.results import Estimate

DESCRIPTION = (
    "Imputation de Poisson : un modèle multiplicatif à effets de cellule et de formation × "
    "session, estimé sur les observations sans place ouverte, sur aucun budget, ni voisin exposé, "
    "prédit ce qu'aurait été le résultat (Borusyak, Jaravel et Spiess, 2024 ; Wooldridge, 2023, "
    "pour la forme exponentielle). Variance prudente par groupe."
)
TOLERANCE = 1e-10
MAX_SWEEPS = 5000


def fit_margins(y: np.ndarray, codes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return multiplicative effects whose fit has the margins of y.

    Iterative proportional fitting gives the Poisson maximum-likelihood fit on those effects; a
    level whose y are all 0 gets 0.
    """
    coded = [compact(c) for c in codes]
    totals = [np.bincount(c, y, k) for c, k in coded]
    factors = [np.ones(k) for _, k in coded]
    fitted = np.ones(len(y))
    for _ in range(MAX_SWEEPS):
        worst = 0.0
        for e, (c, k) in enumerate(coded):
            current = np.bincount(c, fitted, k)
            ratio = np.divide(totals[e], current, out=np.zeros(k), where=current > 0)
            factors[e] *= ratio
            fitted *= ratio[c]
            worst = max(worst, np.abs(ratio[totals[e] > 0] - 1).max(initial=0.0))
        if worst < TOLERANCE:
            return factors
    raise FpiError("l'ajustement de Poisson ne converge pas : trop de cellules vides.")


@any_table
def poisson_imputation(
    panel: pd.DataFrame, y: str = "diplomes", *, niveau: str | None = None
) -> Estimate:
    r"""Return the effect per seat with :math:`E[Y_{it}(0)] = \exp(a_i + \lambda_{kt})`.

    Treated rows whose cell or course × session was always empty have a prediction of 0 that no
    observation supports, those that no chain of untreated rows links to both have one that is
    arbitrary: they are dropped, and counted.
    """
    frame = unexposed(sample(panel, y, niveau=niveau))
    seen = frame["y"].to_numpy()
    treated = (frame["dose"] != 0).to_numpy()
    base = ~treated
    codes = [compact(e)[0] for e in effects(frame, region=False)]
    factors = fit_margins(seen[base], [compact(c[base])[0] for c in codes])
    rows = [placed(c, base, compact(c[base])[0]) for c in codes]
    mu = np.ones(len(frame))
    for factor, row in zip(factors, rows, strict=True):
        mu *= np.where(row >= 0, factor[np.maximum(row, 0)], 0.0)
    usable = mu > 0
    lost = ("observation sans comparaison non nulle", int((~usable).sum()))
    frame = frame.of(frame.frame[usable], lost)
    treated, kept = treated[usable], [c[usable] for c in codes]
    if not treated.any():
        raise FpiError(UNCOMPARED)
    absorber = Absorber([c[~treated] for c in kept], mu[usable][~treated])
    first, others = levels(kept, ~treated, absorber)
    linked = ~treated | estimable(absorber, first, others)
    lost = ("observation traitée sans comparaison", int((~linked).sum()))
    frame = frame.of(frame.frame[linked], lost)
    seen, mu = seen[usable][linked], mu[usable][linked]
    treated, first, others = treated[linked], first[linked], others[linked]
    if not treated.any():
        raise FpiError(UNCOMPARED)
    base = ~treated
    dose = frame["dose"].to_numpy()
    target = np.where(treated, np.sign(dose) / np.abs(dose[treated]).sum(), 0.0)
    v = target.copy()
    v[base] = -prediction(absorber, first[treated], others[treated], (target * mu)[treated])
    cell, by = frame["cell"].to_numpy(), []
    for cluster in (frame[c].to_numpy() for c in ("uai", "code_departement")):
        year = years(frame, treated, cluster)
        by.append(influence_of(seen - mu, treated, v, dose, cell, year, cluster))
    value = float(target @ np.where(treated, seen - mu, 0.0))
    return answer(
        frame,
        value,
        by[0],
        by[1],
        estimator="Imputation de Poisson",
        dropped=frame.dropped,
        kind=BJS,
        clusters=Clusters.of(frame).of_years(frame, treated),
        description=DESCRIPTION,
    )
