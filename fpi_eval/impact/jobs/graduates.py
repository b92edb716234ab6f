"""Graduates' employment: additional employed, never the change of a rate alone."""

from dataclasses import replace

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.panel.sample import Sample
from fpi_eval.results import Estimate

MIXTURE = ("dose", "exposure_etab", "exposure_dep", "other_dose")


def two_cohorts(frame: Sample) -> Sample:
    """Return the estimation frame of outcomes published by millésime: two cohorts added.

    The published outcome of year t adds the cohorts of t − 1 and t, so that it answers to
    ``S_t + S_{t-1}``: twice the mean dose. Exposures likewise. Rows whose year before is not in
    the frame are dropped. Consecutive rows share a cohort: cluster by establishment or wider.
    Columns ``dose_own`` and ``dose_before`` keep the seats of each cohort (`seat_exits`).
    """
    ordered = frame.sort_values(["cell", "time"])
    before = ordered.groupby("cell")["time"].shift() == ordered["time"] - 1
    summed = ordered[list(MIXTURE)] + ordered.groupby("cell")[list(MIXTURE)].shift()
    last = ordered.groupby("cell")["dose"].shift()
    out = ordered.assign(
        **{name: summed[name] for name in MIXTURE}, dose_own=ordered["dose"], dose_before=last
    )[before]
    out["opened"] = out["dose"] > 0
    out["cohort"] = out["time"].where(out["opened"]).groupby(out["cell"]).transform("min")
    return frame.of(out, ("premier millésime de la cellule", int((~before).sum())))


def seat_exits(frame: pd.DataFrame) -> float:
    """Return the seat-years whose leavers are observed, each cohort once.

    Two rows that follow each other share a cohort: summing their doses would count its people
    twice. As many closed as opened leave no number of seats to tell an effect of.
    """
    ordered = frame.sort_values(["cell", "time"])
    again = ordered.groupby("cell")["time"].shift() == ordered["time"] - 1
    total = (ordered["dose_own"] + ordered["dose_before"].mask(again, 0.0)).sum()
    if total == 0:
        raise FpiError("autant de places fermées qu'ouvertes : leur effet en tout n'a pas de sens.")
    return float(total)


def scaled(estimate: Estimate, seat_years: float) -> Estimate:
    """Return an effect per seat as a programme total, its error scaled with it."""
    label = estimate.label.replace(" par place", " en tout")
    return replace(estimate.of_seats(seat_years), label=label)
