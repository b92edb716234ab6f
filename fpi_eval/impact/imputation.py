"""Imputation per seat and per opening: overall, by cohort, age, filière, level; event study."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import (
    EFFECTS_TEXT,
    NEAR,
    alone,
    described,
    effects,
    paths,
    sample,
    with_covariates,
)
from fpi_eval.impact.uncertainty import BJS, Clusters, answer
from fpi_eval.panel import coding
from fpi_eval.panel.sample import Sample
from fpi_eval.regression.counterfactual import Imputation, impute, influence
from fpi_eval.results import Estimate, Estimates

OWN_EFFECTS = "effets fixes de cellule et de formation × session"
DESCRIPTION = (
    f"Imputation : un modèle à {OWN_EFFECTS}, estimé sur les "
    "seules observations sans place ouverte, sur aucun budget, ni voisin exposé, prédit ce "
    "qu'aurait été le résultat des cellules traitées ; l'effet est l'écart entre l'observé et "
    "cette prédiction, rapporté aux places. Variance prudente par groupe (Borusyak, Jaravel et "
    "Spiess, 2024, théorème 3)."
)
UNCOMPARED = (
    "aucune observation d'une cellule ouverte n'a de comparaison : il faut des années d'avant, et "
    "des cellules de la même formation sans ouverture aux mêmes sessions."
)
YEARS = ("cohort", "age")
CLOSED = -1  # year of cells that never opened, or closed
GROUPS = {"cohort": "cohorte", "age": "ancienneté", "filiere": "filière", "niveau": "niveau"}


def unexposed(frame: Sample) -> Sample:
    """Return the frame `alone`, without untreated rows whose neighbours opened seats either."""
    own = alone(frame)
    exposed = ((own["dose"] == 0) & (own[[*NEAR]] != 0).any(axis=1)).to_numpy()
    dropped = ("observation exposée aux ouvertures voisines", int(exposed.sum()))
    return own.of(own.frame[~exposed], dropped)


@any_table
def imputation(
    panel: pd.DataFrame,
    y: str = "diplomes",
    *,
    by: str | None = None,
    niveau: str | None = None,
    region_effects: bool = False,
    covariates: Sequence[str] = (),
) -> Estimate | Estimates:
    r"""Return the effect per opened seat, :math:`\sum\tau_{it} / \sum S_{it}`, or one per group.

    Parameters
    ----------
    by : {"cohort", "age", "filiere", "niveau"}, optional
        Groups of treated rows; ``age`` counts years from the first possible effect.
    region_effects : bool
        Add region × session effects to the untreated model.
    covariates : sequence of str
        Columns whose mean in each cell, before the first opening of all, has a slope of its own
        every session in the untreated model.
    """
    if by is not None and by not in GROUPS:
        raise FpiError(f"regroupement « {by} » inconnu : choisissez parmi {', '.join(GROUPS)}.")
    frame = unexposed(with_covariates(sample(panel, y, niveau=niveau), panel, covariates))
    label = "Effet par place"
    model = fit(frame, region=region_effects, covariates=covariates)
    keys = pd.Series("", index=frame.index) if by is None else _keys(frame, by)
    keys = keys.clip(lower=CLOSED) if by in YEARS else keys
    on = model.treated & model.usable
    if not on.any():
        raise FpiError(UNCOMPARED)
    groups = {
        _named(label, by, key): on & (keys == key).to_numpy() for key in sorted(keys[on].unique())
    }
    said = DESCRIPTION.replace(OWN_EFFECTS, EFFECTS_TEXT) if region_effects else DESCRIPTION
    found = by_group(frame, model, groups, described(said, covariates))
    return found[0] if by is None else found


def _named(label: str, by: str | None, key: Any) -> str:
    """Return the label of a group of treated rows."""
    if by is None:
        return label
    return f"{label}, " + ("fermetures" if key == CLOSED else f"{GROUPS[by]} {key}")


def by_group(
    frame: Sample,
    model: Imputation,
    groups: Mapping[str, np.ndarray],
    description: str = DESCRIPTION,
) -> Estimates:
    """Return the effect per seat of each group of treated rows, by its label.

    Treated clusters are those of the group: the others say nothing of its spread.
    """
    target = np.column_stack([target_of(frame, rows) for rows in groups.values()])
    values, by_etab, by_dep = read(frame, model, target)
    used = used_rows(frame, model)
    facts: dict[str, Any] = {"estimator": "Imputation", "kind": BJS, "description": description}
    facts["dropped"] = used.dropped
    found = []
    for m, (label, rows) in enumerate(groups.items()):
        on = rows[model.usable]
        clusters = Clusters.of(used, on).of_years(used, on)
        psi = by_etab[:, m], by_dep[:, m]
        found.append(answer(used, values[m], *psi, label=label, clusters=clusters, **facts))
    return Estimates(tuple(found))


def fit(frame: pd.DataFrame, *, region: bool = False, covariates: Sequence[str] = ()) -> Imputation:
    """Return the untreated model of a frame and the effects it leaves on treated rows."""
    treated = (frame["dose"] != 0).to_numpy()
    found = [*paths(frame, covariates).values()]
    own = np.column_stack(found) if found else None
    return impute(frame["y"].to_numpy(), treated, effects(frame, region=region), own)


def used_rows(frame: Sample, model: Imputation) -> Sample:
    """Return the rows that count, the others added to what was dropped."""
    lost = ("observation traitée sans comparaison", int((~model.usable).sum()))
    return frame.of(frame.frame if model.usable.all() else frame.frame[model.usable], lost)


def read(
    frame: pd.DataFrame, model: Imputation, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values (m,) of targets, and influences by establishment and département (G, m)."""
    v, on = model.weights(target), model.treated & model.usable
    found = []
    for column in ("uai", "code_departement"):
        cluster = frame[column].to_numpy()
        psi = influences(frame, model, v, frame["dose"].to_numpy(), cluster)
        found.append(psi[np.isin(np.unique(cluster), pd.unique(cluster[model.usable]))])
    return target[on].T @ model.tau[on], found[0], found[1]


def influences(
    frame: pd.DataFrame, model: Imputation, v: np.ndarray, dose: np.ndarray, cluster: np.ndarray
) -> np.ndarray:
    """Return cluster influences (G, m) of the estimates ``v'y``, one effect per seat a `year`."""
    on, cell = model.treated & model.usable, frame["cell"].to_numpy()
    found = []
    for one in v.T:
        year = years(frame, on & (one != 0), cluster)
        found.append(influence(model, one[:, None], dose, cell, year, cluster))
    return np.hstack(found)


def years(frame: pd.DataFrame, rows: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Return years since the opening, those of a single cluster among some rows joined to another.

    Alone, its effect would be its own mean: no residual would be left to measure an error.
    """
    at, names = pd.factorize(ages(frame).to_numpy(), sort=True)
    groups = pd.Series(cluster[rows]).groupby(at[rows]).nunique()
    several = groups.index[groups > 1].to_numpy()
    if not len(several):
        return np.zeros(len(at), dtype=int)
    return several[np.abs(names[several][:, None] - names).argmin(axis=0)][at]


def target_of(frame: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Return the weights w1: a closure counts with a minus sign."""
    dose = frame["dose"].to_numpy()
    return np.where(rows, np.sign(dose) / np.abs(dose[rows]).sum(), 0.0)


def ages(frame: pd.DataFrame) -> pd.Series:
    """Return years since the first possible effect of an opening."""
    return (frame["time"] - frame["cohort"]).fillna(CLOSED).astype(int)


def _keys(frame: pd.DataFrame, by: str) -> pd.Series:
    if by in YEARS:
        return ages(frame) if by == "age" else frame["cohort"].fillna(CLOSED).astype(int)
    return coding.column(frame, by)
