"""BJS2-T, the co-primary: imputation net of displacement, opened cells' trend carried on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import (
    EFFECTS_TEXT,
    EXPOSURES,
    GROSS,
    OTHERS,
    SCALE_TEXT,
    SLOPE_TEXT,
    described,
    effects,
    final,
    paths,
    sample,
    scale,
    with_covariates,
)
from fpi_eval.impact.imputation import UNCOMPARED, influences, used_rows
from fpi_eval.impact.j import fit_j
from fpi_eval.impact.uncertainty import BJS, Clusters, answer
from fpi_eval.panel.sample import Sample
from fpi_eval.regression import linear
from fpi_eval.regression.counterfactual import impute
from fpi_eval.results import Estimate

CORRECTED = {**EXPOSURES, OTHERS: "other_dose"}  # regressor of J → column of the frame
DESCRIPTION = (
    f"Imputation sur les observations de J : {SCALE_TEXT}. Le résultat est corrigé de ce que J "
    "attribue au déplacement et, où l'on en connaît, aux places d'autres budgets. Un modèle, "
    "estimé sur les seules observations sans place en vigueur à l'entrée de la promotion, prédit "
    f"les autres : {EFFECTS_TEXT}, et {SLOPE_TEXT}. L'effet est la somme des écarts à cette "
    "prédiction, là où elle existe, en élèves et comptés en moins où des places ferment, "
    "rapportée à celle des places, ouvertes ou fermées (Borusyak, Jaravel et Spiess, 2024 ; "
    "Rambachan et Roth, 2023, pour le sens d'une telle hypothèse). L'erreur compte celle de la "
    "première étape, par les fonctions d'influence."
)


@dataclass(frozen=True, slots=True, eq=False)
class TrendFit:
    """Estimate, its influences by establishment and by département, the rows that it rests on.

    Influences are those of all ``clusters`` of the sample, since J's step reads all its rows; the
    treated ones are counted among ``used`` rows.
    """

    value: float
    by_etab: np.ndarray
    by_dep: np.ndarray
    clusters: Clusters
    used: Sample


def fit_t(
    frame: Sample,
    first: linear.LinearFit,
    *,
    proportional: bool = True,
    covariates: Sequence[str] = (),
) -> TrendFit:
    r"""Return the two-step estimate and its influences.

    .. math:: \theta_T = v'(Y - \hat\kappa_e X^e - \hat\kappa_d X^d)

    v depends on the design alone, so :math:`\partial\theta_T/\partial\kappa = -v'X` and each
    cluster's influence is that of the imputation minus :math:`v'X` times that of
    :math:`\hat\kappa` in ``first``, the regression J on the same frame and ``covariates``.
    """
    treated = (frame["dose"] != 0).to_numpy()
    n = scale(frame, proportional=proportional)
    others = [name for name in CORRECTED if name in first.names]
    at = [first.names.index(name) for name in others]
    near = frame[[CORRECTED[name] for name in others]].to_numpy(float) / n[:, None]
    path = trend(frame) if proportional else trend(frame) * np.abs(final_dose(frame))
    model = impute(
        frame["y"].to_numpy() / n - near @ first.coefficients[at],
        treated,
        effects(frame),
        np.column_stack([path, *paths(frame, covariates).values()]),
        n if proportional else None,
    )
    on = treated & model.usable
    if not on.any():
        raise FpiError(UNCOMPARED)
    dose = frame["dose"].to_numpy()
    target = np.where(on, n * np.sign(dose) / np.abs(dose[on]).sum(), 0.0)[:, None]
    v = model.weights(target)
    found = []
    for column in ("uai", "code_departement"):
        cluster = frame[column].to_numpy()
        psi = influences(frame, model, v, dose / n, cluster)[:, 0]
        found.append(psi - first.among_all(cluster)[:, at] @ (near.T @ v[:, 0]))
    value = float(target[on, 0] @ model.tau[on])
    clusters = Clusters.of(frame, on).of_years(frame, on)
    return TrendFit(value, found[0], found[1], clusters, used_rows(frame, model))


def trend(frame: pd.DataFrame) -> np.ndarray:
    """Return years for cells that open (minus for those that close), 0 for the others, (n_obs,)."""
    return np.sign(final_dose(frame)) * (frame["time"] - frame["time"].min()).to_numpy(float)


def final_dose(frame: pd.DataFrame) -> np.ndarray:
    """Return each cell's largest net seats, negative where it closes, (n_obs,)."""
    return final(frame["cell"], frame["dose"].to_numpy())


@any_table
def bjs2_t(
    panel: pd.DataFrame,
    y: str = "diplomes",
    *,
    niveau: str | None = None,
    proportional: bool = True,
    covariates: Sequence[str] = (),
) -> Estimate:
    """Return the gross effect per seat if opened cells had kept the trend they had before.

    The trend is common to them: per student of their size or, if not ``proportional``, per seat.
    It survives a selection of sites on their trend, which J does not, at the price of an error
    some quarter larger; it assumes that trends go on in a straight line. ``covariates``: as in J.
    """
    frame = with_covariates(sample(panel, y, niveau=niveau), panel, covariates)
    options: dict[str, Any] = {"proportional": proportional, "covariates": covariates}
    said = described(DESCRIPTION, covariates, proportional=proportional)
    return report(fit_t(frame, fit_j(frame, **options), **options), said)


def report(found: TrendFit, description: str = DESCRIPTION) -> Estimate:
    """Return the estimate of a fitted BJS2-T."""
    return answer(
        found.used,
        found.value,
        found.by_etab,
        found.by_dep,
        estimator="BJS2-T",
        label=GROSS,
        dropped=found.used.dropped,
        kind=BJS,
        clusters=found.clusters,
        description=description,
    )
