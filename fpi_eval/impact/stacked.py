"""Stacked difference in differences: one clean experiment per opening wave, then pooled."""

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import NEVER_OPENED, any_table
from fpi_eval.impact.frame import alone, sample
from fpi_eval.impact.uncertainty import event_table, single
from fpi_eval.panel.sample import Sample
from fpi_eval.regression import linear
from fpi_eval.regression.absorb import interaction
from fpi_eval.results import Estimate, EventStudy

BEFORE, AFTER = 5, 4
REFERENCE = -1
TEXT = (
    "Empilement par rentrée d'ouverture : les cellules ouvertes cette année-là et, dans les mêmes "
    "formations, les cellules jamais ouvertes des régions sans ouverture ni fermeture, de {before} "
    "ans avant à {after} ans après, sans les observations aux places ouvertes sur un autre budget "
    "; effets fixes de cellule × vague et de formation × année × vague, places instrumentées par "
    "le fait d'en avoir ouvert (Cengiz, Dube, Lindner et Zipperer, 2019)."
)


def stack(whole: Sample) -> Sample:
    """Return one copy of the estimation frame per wave, cut to its window, clean controls only.

    Parameters
    ----------
    whole : Sample
        From `panel.align`: cell, course, code_region, time, cohort, dose, y.

    Returns
    -------
    Sample
        With ``wave``, ``rel_time``, and ``size``: first seats opened there (0 for controls).
        ``dropped`` counts treated cells whose course has no control.

    Raises
    ------
    FpiError
        No wave, or no never-opened cell in a region without openings.
    """
    acting = whole["cohort"].notna() | (whole["dose"] != 0)  # closures too, on any budget's rows
    own, moved = alone(whole), whole.loc[acting, "code_region"].unique()
    frame = own.frame
    treated = frame["cohort"].notna()
    waves = np.sort(frame.loc[treated, "cohort"].unique())
    if not len(waves):
        raise FpiError(NEVER_OPENED, colonne="cohort")
    clean = frame[~treated & ~frame["code_region"].isin(moved)]
    opened = frame[treated & (frame["dose"] > 0)].sort_values("time", kind="stable")
    size = opened.groupby("cell")["dose"].first()
    parts, lost = [], set()
    for wave in waves:
        rows = frame[frame["cohort"] == wave]
        known = rows["course"].isin(clean["course"].unique())
        lost |= set(rows.loc[~known, "cell"])
        rows = rows[known]
        part = pd.concat([rows, clean[clean["course"].isin(rows["course"].unique())]])
        part = part.assign(wave=wave, rel_time=(part["time"] - wave).astype(int))
        parts.append(part[part["rel_time"].between(-BEFORE, AFTER)])
    out = pd.concat(parts, ignore_index=True)
    if not out["cohort"].isna().any():
        raise FpiError(
            "aucune cellule jamais ouverte dans une région sans ouverture, pour ces formations : "
            "l'empilement n'a pas de témoin."
        )
    out["size"] = out["cell"].map(size).where(out["cohort"].notna(), 0.0).fillna(0.0)
    reason = ("cellule ouverte sans témoin de la même formation", len(lost))
    return own.of(out, reason)


def _effects(stacked: pd.DataFrame) -> list[np.ndarray]:
    """Return fixed effects: cell × wave, course × year × wave."""
    wave = stacked["wave"].to_numpy()
    return [
        interaction(stacked["cell"].to_numpy(), wave),
        interaction(stacked["course"].to_numpy(), stacked["time"].to_numpy(), wave),
    ]


def pooled(stacked: pd.DataFrame, description: str = "") -> Estimate:
    """Return the effect per seat of a `stack`, seats instrumented by having opened some."""
    dose = stacked[["dose"]].to_numpy(dtype=float)
    fit = linear.fit(
        stacked["y"].to_numpy(dtype=float),
        dose,
        _effects(stacked),
        names=("places",),
        instruments=np.sign(dose),
    )
    return single(stacked, fit, "places", estimator="Empilement", description=description)


def _by_year(stacked: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Return seats by event year (first opening's before it), their instruments and the years."""
    treated = stacked["cohort"].notna().to_numpy()
    rel_time, year = stacked["rel_time"].to_numpy(), _effects(stacked)[1]
    compared = treated & np.isin(year, year[~treated])
    if REFERENCE not in rel_time[compared]:  # another year would be it, in silence
        raise FpiError(
            "aucune cellule ouverte n'a de témoin l'année d'avant, à laquelle comparer les autres.",
            conseil="Si le tableau n'a qu'une année sur plusieurs, numérotez-les "
            '(table[année].rank(method="dense")).',
        )
    years = [int(e) for e in np.unique(rel_time[treated]) if e != REFERENCE]
    z = np.column_stack([treated & (rel_time == e) for e in years]).astype(float)
    seats = np.where(rel_time < 0, stacked["size"], stacked["dose"]).astype(float)
    return z * seats[:, None], z, years


def stacked_event_study(frame: pd.DataFrame) -> EventStudy:
    """Return the event study per seat of an estimation frame; see `stacked`."""
    description = TEXT.format(before=BEFORE, after=AFTER)
    data = stack(frame)
    x, z, years = _by_year(data)
    fit = linear.fit(
        data["y"].to_numpy(dtype=float),
        x,
        _effects(data),
        names=[str(e) for e in years],
        instruments=z,
    )
    used = data[fit.keep]
    return event_table(
        used,
        [int(name) for name in fit.names],
        fit.coefficients,
        fit.influence(used["uai"].to_numpy()),
        fit.influence(used["code_departement"].to_numpy()),
        estimator="Empilement",
        dropped=data.dropped + fit.dropped,
        description=description,
        overall=pooled(data, description),
    )


@any_table
def stacked(panel: pd.DataFrame, y: str = "diplomes", *, niveau: str | None = None) -> EventStudy:
    """Return effects per seat by year from the opening, pooled over waves, and their overall.

    Parameters
    ----------
    panel : DataFrame
        Cell panel.
    niveau : str, optional
        ``secondaire`` or ``superieur``; both by default.

    Notes
    -----
    ``y = cell × wave + course × year × wave + sum_e theta_e S 1[rel_time = e]``, S instrumented by
    treated × event year. A control recurs across waves: errors are clustered, those of the years
    as in `event_table`, that of their overall as in `Clusters.interval`. Cengiz et al. (2019),
    QJE 134(3).
    """
    return stacked_event_study(sample(panel, y, niveau=niveau))
