"""J, the primary estimator: effect per seat, displacement of neighbours, net; Wald; lags."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from fpi_eval.impact.columns import any_table
from fpi_eval.impact.few_treated import interval_of_gross
from fpi_eval.impact.frame import (
    EFFECTS_TEXT,
    EXPOSURES,
    GROSS,
    MOVED_TEXT,
    NEAR_TEXT,
    NET,
    OTHERS,
    REACH_TEXT,
    REGRESSORS,
    SAMPLE_TEXT,
    SCALE_TEXT,
    SEATS,
    WEIGHTS,
    alone,
    described,
    effects,
    final,
    paths,
    sample,
    scale,
    with_covariates,
)
from fpi_eval.impact.placebo_regions import candidate
from fpi_eval.impact.uncertainty import CR3, Clusters, answers, error, single
from fpi_eval.panel.sample import Sample
from fpi_eval.regression import linear
from fpi_eval.results import Estimate, Estimates

# What `design` does.
REGRESSORS_TEXT = (
    "les places en vigueur quand la promotion est entrée, instrumentées par leur signe (+1, −1 ou "
    "0, non divisé), de sorte que chaque place pèse autant ; et l'exposition aux places des "
    f"voisines, {NEAR_TEXT} (total des places du groupe × part de "
    "la cellule, selon sa taille, parmi celles qui n'en ouvrent pas), instrumentée, dès qu'elle "
    "n'est plus nulle, par la plus grande valeur qu'elle atteint dans la cellule (la plus basse "
    "si elle ne dépasse jamais 0) ; les ouvertures sur d'autres budgets, si on les connaît, sont "
    "leur propre instrument"
)
J_TEXT = (
    f"Doubles moindres carrés, une observation par cellule et session ({SAMPLE_TEXT}) : "
    f"{SCALE_TEXT}. Régresseurs : {REGRESSORS_TEXT}. {EFFECTS_TEXT[0].upper()}{EFFECTS_TEXT[1:]} "
    "(Angrist et Imbens, 1995 ; Cameron et Miller, 2015). Effet brut : coefficient des places ; "
    f"déplacement : {MOVED_TEXT}, {REACH_TEXT} ; effet net : leur somme."
)
WALD_TEXT = (
    "Régression par doubles moindres carrés sur les places ouvertes, instrumentées par le fait "
    "d'en avoir ouvert, avec effets fixes de cellule et de formation × session, sans les "
    "observations aux places ouvertes sur un autre budget (Angrist et Imbens, 1995)."
)

ALONE_TEXT = (
    "Aucune formation voisine n'est dans ces données : rien n'y montre ce que les places prennent "
    "à d'autres, le déplacement est compté nul et l'effet net est l'effet brut."
)


def design(
    frame: pd.DataFrame,
    exposures: Mapping[str, str] = EXPOSURES,
    *,
    proportional: bool = True,
) -> tuple[tuple[str, ...], Iterator[np.ndarray], Iterator[np.ndarray]]:
    """Return the names of J's regressors, then they and their instruments, column by column.

    Seats come first, instrumented by their sign, which alone is not divided by `scale`; exposures
    (``exposures`` maps names to columns) by their final value from the first opening around on.
    Least squares would weigh a year by the square of the seats then in force, hence give the last
    years, when openings have filled up, more than their seats.

    Openings on other budgets, if any are known, enter as a second dose (METHOD, B2-10).
    """
    n = scale(frame, proportional=proportional)
    others = {OTHERS: "other_dose"} if frame["other_dose"].any() else {}
    columns = {SEATS: "dose", **exposures, **others}
    x = (frame[c].to_numpy(float) / n for c in columns.values())
    z = (_instrument(frame, c) / (1.0 if c == "dose" else n) for c in columns.values())
    return tuple(columns), x, z


def _instrument(frame: pd.DataFrame, column: str) -> np.ndarray:
    values = frame[column].to_numpy(float)
    if column == "dose":
        return np.sign(values)
    if column == "other_dose":
        return values
    return np.where(values != 0, final(frame["cell"], values), 0.0)


def fit_j(
    frame: pd.DataFrame,
    *,
    proportional: bool = True,
    exposures: Mapping[str, str] = EXPOSURES,
    covariates: Sequence[str] = (),
    information: np.ndarray | None = None,
) -> linear.LinearFit:
    """Return the regression J on an estimation frame.

    ``covariates`` are columns fixed by cell: each has a slope of its own every session, so that
    cells alike on them before are those compared. ``information`` multiplies the rows' weights.
    """
    n = scale(frame, proportional=proportional)
    weights = n if information is None else n * information
    names, x, z = design(frame, exposures, proportional=proportional)
    own = paths(frame, covariates)
    return linear.fit(
        frame["y"].to_numpy() / n,
        chain(x, own.values()),
        effects(frame),
        names=(*names, *own),
        instruments=chain(z, own.values()),
        weights=weights if proportional else None,
    )


@any_table
def j(
    panel: pd.DataFrame,
    y: str = "diplomes",
    *,
    niveau: str | None = None,
    proportional: bool = True,
    covariates: Sequence[str] = (),
) -> Estimates:
    r"""Return gross effect, displacement and net effect per opened seat.

    .. math:: Y_{it} = n_i (a_i + \lambda_{kt} + \mu_{rt}) + \theta S_{i,t-d}
              + \kappa_e X^e_{it} + \kappa_d X^d_{it} + u_{it}

    S is instrumented by its sign (a closure is an opening with a minus sign), so that every seat
    weighs the same. Net = :math:`\theta + \kappa_e + \kappa_d`, its error from the joint
    clustered covariance. Identification: untreated growth equal given course × session and
    region × session, no anticipation, neighbours affected only through the exposures.
    ``covariates``: columns whose mean in each cell, before the first opening of all, has a slope of
    its own every session.
    """
    frame = with_covariates(sample(panel, y, niveau=niveau), panel, covariates)
    said = described(J_TEXT, covariates, proportional=proportional)
    options: dict[str, Any] = {"proportional": proportional, "covariates": covariates}
    return report(frame, fit_j(frame, **options), covariates, said)


def report(
    frame: Sample, fit: linear.LinearFit, covariates: Sequence[str] = (), description: str = J_TEXT
) -> Estimates:
    """Return gross effect, displacement and net effect of a fitted J."""
    fit.position(SEATS)
    used = frame if fit.keep.all() else frame[fit.keep]
    clusters = Clusters.of(used)
    psi = fit.jackknife(clusters.etab), fit.jackknife(clusters.dep)
    dropped = frame.dropped + fit.dropped
    few = interval_of_gross(used, fit, clusters, psi[0], covariates)
    reached = {n: np.multiply(w, (1.0, *frame.reach)) for n, w in WEIGHTS.items()}
    combined = {label: combination(fit, weights) for label, weights in reached.items()}
    coefficients, proportional = fit.coefficients, fit.weights is not None
    del fit  # its columns are as large as the panel: placebo regions need the room
    gross = error(psi[0] @ combined[GROSS])
    placebo = [] if few else candidate(frame, gross, covariates, proportional=proportional)
    own: dict[str, dict[str, Any]] = {GROSS: {"instead": few, "also": placebo}}
    note = ""
    if not any(frame.reach):  # no neighbour anywhere: one number, one interval
        own[NET], note = own[GROSS], ALONE_TEXT
        description = f"{description} {ALONE_TEXT}"
    found = answers(
        used,
        coefficients,
        psi,
        combined,
        own=own,
        estimator="J",
        dropped=dropped,
        description=description,
        kind=CR3,
        clusters=clusters,
    )
    return replace(found, note=note)


def combination(
    fit: linear.LinearFit,
    weights: Sequence[float] | np.ndarray,
    names: Sequence[str] = REGRESSORS,
) -> np.ndarray:
    """Return weights on the coefficients, NaN where one that counts cannot be estimated.

    A regressor that others combine needs none: theirs hold its effect. An exposure that is nil in
    the regression, or that effects hold whole, is not without effect: nothing tells it.
    """
    wanted = dict(zip(names, weights, strict=True))
    if any(wanted.get(name) for name in fit.emptied):
        return np.full(len(fit.names), np.nan)
    return np.array([wanted.get(name, 0.0) for name in fit.names])


@any_table
def wald(panel: pd.DataFrame, y: str = "diplomes", *, niveau: str | None = None) -> Estimate:
    """Return the effect per seat without neighbours: seats instrumented by having opened some."""
    frame = alone(sample(panel, y, niveau=niveau))
    dose = frame[["dose"]].to_numpy(float)
    fit = linear.fit(
        frame["y"].to_numpy(),
        dose,
        effects(frame, region=False),
        names=(SEATS,),
        instruments=np.sign(dose),
    )
    return single(frame, fit, SEATS, estimator="Wald", description=WALD_TEXT)
