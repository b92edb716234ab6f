"""BJS2-T, the co-primary: imputation net of displacement, each site's own trend carried on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.impact import linear
from fpi_eval.impact.counterfactual import Imputation, impute, influence
from fpi_eval.impact.seats import DEP, ETAB, GROSS, effects, fit_j, sample
from fpi_eval.impact.uncertainty import answer
from fpi_eval.results import Estimate

DESCRIPTION = (
    "Imputation sur le résultat corrigé du déplacement estimé par J, avec effets fixes de cellule, "
    "de formation × session et de région × session, et prolongement de la tendance, "
    "proportionnelle aux places, que les sites suivaient avant d'ouvrir (Borusyak, Jaravel et "
    "Spiess, 2024 ; Rambachan et Roth, 2023, pour le sens d'une telle hypothèse). L'erreur compte "
    "celle de la première étape, par les fonctions d'influence."
)


@dataclass(frozen=True, slots=True, eq=False)
class TrendFit:
    """Estimate, slope per seat and year of opened cells before opening, joint influences."""

    value: float
    slope: float
    by_etab: np.ndarray
    by_dep: np.ndarray
    frame: pd.DataFrame


def fit_t(frame: pd.DataFrame, first: linear.LinearFit) -> TrendFit:
    r"""Return the two-step estimate and its influences.

    .. math:: \theta_T = v'(Y - \hat\kappa_e X^e - \hat\kappa_d X^d)

    v depends on the design alone, so :math:`\partial\theta_T/\partial\kappa = -v'X` and each
    cluster's influence is that of the imputation minus :math:`v'X` times that of
    :math:`\hat\kappa` in ``first``, the regression J on the same frame.
    """
    treated = (frame["dose"] != 0).to_numpy()
    near, kappa = _displacement(frame, first)
    corrected = frame["y"].to_numpy() - near @ kappa
    model = impute(corrected, treated, effects(frame), trend(frame)[:, None])
    on = treated & model.usable
    dose = frame["dose"].to_numpy()
    target = np.where(on, np.sign(dose) / np.abs(dose[on]).sum(), 0.0)[:, None]
    v = model.weights(target)
    found = []
    for column in ("uai", "code_departement"):
        cluster = frame[column].to_numpy()
        psi = _influence(frame, model, v, cluster)
        found.append(psi - _first_step(frame, first, cluster) @ (near.T @ v[:, 0]))
    value = float(target[on, 0] @ model.tau[on])
    return TrendFit(value, float(model.slopes[0]), found[0], found[1], frame)


def trend(frame: pd.DataFrame) -> np.ndarray:
    """Return final seats times years, (n_obs,): the path along which opened cells may differ."""
    dose = frame["dose"].groupby(frame["cell"])
    final = dose.transform("max").where(dose.transform("max") > 0, dose.transform("min"))
    return (final * (frame["time"] - frame["time"].min())).to_numpy(float)


def _displacement(frame, first) -> tuple[np.ndarray, np.ndarray]:
    names = [n for n in (ETAB, DEP) if n in first.names]
    columns = {ETAB: "exposure_etab", DEP: "exposure_dep"}
    near = frame[[columns[n] for n in names]].to_numpy(float).reshape(len(frame), -1)
    return near, first.coefficients[[first.names.index(n) for n in names]]


def _influence(frame, model: Imputation, v, cluster) -> np.ndarray:
    age = (frame["time"] - frame["cohort"]).fillna(-1).to_numpy(int)
    dose, cell = frame["dose"].to_numpy(), frame["cell"].to_numpy()
    return influence(model, v, dose, cell, age - age.min(), cluster)[:, 0]


def _first_step(frame, first: linear.LinearFit, cluster) -> np.ndarray:
    """Return influences of the displacement coefficients, among all clusters of the frame."""
    names = np.unique(cluster)
    inside = cluster[first.keep]
    out = np.zeros((len(names), len(first.names)))
    out[np.searchsorted(names, np.unique(inside))] = first.influence(inside)
    return out[:, [first.names.index(n) for n in (ETAB, DEP) if n in first.names]]


def bjs2_t(
    panel: pd.DataFrame, outcome: str = "diplomes", *, niveau: str | None = None
) -> Estimate:
    """Return the gross effect per seat if opened cells had kept the trend they had before.

    It survives a selection of sites on their trend, which J does not, at the price of an error
    some quarter larger; it assumes that trends go on in a straight line.
    """
    frame = sample(panel, outcome, niveau=niveau)
    found = fit_t(frame, fit_j(frame))
    return answer(
        frame, found.value, found.by_etab, found.by_dep, estimator="BJS2-T", label=GROSS,
        dropped=frame.attrs["dropped"], description=DESCRIPTION,
    )  # fmt: skip
