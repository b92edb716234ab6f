"""From the cell panel to group-time effects, and from these to an event study and a pre-test."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.impact.callaway_santanna import callaway_santanna
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import alone, sample, with_covariates
from fpi_eval.impact.group_time import RULE, Aggregation, GroupTimeEffects, describe
from fpi_eval.regression import interval
from fpi_eval.results import Estimate, EventStudy

ALIKE = (
    "Cellules comparées semblables par {}, en moyenne par cellule avant toute ouverture : "
    "estimateur doublement robuste (Sant'Anna et Zhao, 2020)."
)


def as_event_study(effects: GroupTimeEffects, outcome: str, **options) -> EventStudy:
    """Return effects by age of the opening, with bands and the overall effect.

    Parameters
    ----------
    outcome : str
        Name shown to readers.
    options
        Of the simultaneous band: see `GroupTimeEffects.aggregate`.
    """
    dynamic = effects.aggregate("dynamic", **options)
    table = dynamic.to_frame().drop(columns="kind")
    table = table.rename(columns={"label": "rel_time"})
    table["p_value"] = 2 * stats.t.sf(np.abs(table.estimate / table.std_error), dynamic.freedom)
    covariance = dynamic.covariance.copy()
    reference = np.isnan(dynamic.std_error)
    covariance[reference] = covariance[:, reference] = np.nan
    description = describe(effects.estimator)
    return EventStudy(
        outcome=outcome,
        estimator=effects.estimator,
        table=table,
        n_obs=effects.n_obs,
        n_cells=effects.n_units,
        n_clusters=effects.n_clusters,
        n_treated_clusters=effects.n_treated_clusters,
        rule=RULE,
        covariance=covariance,
        overall=as_estimate(effects, effects.aggregate("simple"), outcome, description),
        df=dynamic.df,
        description=description,
    )


def as_estimate(
    effects: GroupTimeEffects, average: Aggregation, outcome: str, description: str = ""
) -> Estimate:
    """Return the overall average of one aggregation."""
    low, high, p_value = interval(average.overall, average.overall_std_error, average.df)
    return Estimate(
        outcome=outcome,
        estimator=effects.estimator,
        estimate=average.overall,
        std_error=average.overall_std_error,
        ci_low=low,
        ci_high=high,
        p_value=p_value,
        n_obs=effects.n_obs,
        n_cells=effects.n_units,
        n_clusters=effects.n_clusters,
        n_treated_clusters=effects.n_treated_clusters,
        rule=RULE,
        label="Effet par ouverture",
        df=average.df,
        description=description,
    )


def comparison_frame(
    panel: pd.DataFrame, outcome: str, *, niveau: str | None = None
) -> pd.DataFrame:
    """Return the estimation frame of openings as a yes/no event, against clean comparison cells.

    Left out, and counted: rows where another budget opened seats, cells that lost seats, from that
    year on (all their years if they had opened none), never-opened cells exposed to a neighbour's
    opening, cells of courses where nothing opened. Leaving closed cells out altogether would keep
    the openings that lasted.

    Raises
    ------
    FpiError
        No comparison cell is left.
    """
    frame = alone(sample(panel, outcome, niveau=niveau))
    never = frame["cohort"].isna()
    touched = (frame["exposure_etab"] != 0) | (frame["exposure_dep"] != 0)
    cell = frame["cell"]
    reasons = {
        "cellule ayant perdu des places": never & cell.isin(cell[frame["dose"] < 0])
        | _lost(frame.seats).reindex(frame.index),
        "témoin exposé à une ouverture voisine": never & cell.isin(cell[touched]),
        "témoin d'une formation sans ouverture": ~frame["course"].isin(frame["course"][~never]),
    }
    keep, dropped = pd.Series(True, index=frame.index), []
    for reason, gone in reasons.items():
        dropped.append((reason, int(cell[keep & gone].nunique())))
        keep &= ~gone
    if not (keep & never).any():
        raise FpiError("aucune cellule témoin à l'abri des ouvertures voisines.")
    return frame.of(frame.frame[keep], *dropped)


def _lost(known: pd.DataFrame) -> pd.Series:
    """Return rows from the first year on that a cell has fewer seats than the year before."""
    ordered = known.sort_values(["cell", "time"])
    fewer = (ordered.groupby("cell")["dose"].diff() < 0) | (ordered["dose"] < 0)
    return fewer.groupby(ordered["cell"]).cummax()


@any_table
def opening_study(
    panel: pd.DataFrame,
    y: str = "diplomes",
    *,
    estimator: Callable[..., GroupTimeEffects] = callaway_santanna,
    niveau: str | None = None,
    covariates: Sequence[str] = (),
    **options,
) -> EventStudy:
    """Return the effect of an opening by its age, from the cell panel, by establishment.

    Parameters
    ----------
    estimator : callable
        `callaway_santanna` or `sun_abraham`; ``options`` are its own.
    covariates : sequence of str
        Columns on which cells compared are alike: the mean of each cell before any opening.
        `callaway_santanna` alone takes some.
    """
    frame = with_covariates(comparison_frame(panel, y, niveau=niveau), panel, covariates)
    options |= {"covariates": covariates} if covariates else {}
    effects = estimator(frame, "y", time="time", lag=0, cluster="uai", **options)
    unread = frame["cell"].nunique() - effects.n_units
    lost = (
        ("cellule sans année d'avant son ouverture", unread),
        ("couple (ouverture, année) sans comparaison", int(np.isnan(effects.att).sum())),
    )
    found = as_event_study(effects, y)
    said = f"{found.description} {ALIKE.format(text.liste(covariates))}" if covariates else ""
    dropped = frame.dropped + lost
    return replace(found, dropped=dropped, description=said or found.description)
