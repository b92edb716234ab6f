"""Graduates' employment: additional employed, never the change of a rate alone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import reach, sample
from fpi_eval.impact.j import fit_j, report
from fpi_eval.panel.sample import Sample
from fpi_eval.results import Estimate, Estimates

HORIZONS = (6, 12, 18, 24)
GROUPS = {"voie": text.VOIES, "niveau": text.NIVEAUX, "filiere": {}}
FIRST_WITH_PUBLIC = 2021  # rentrée of the leavers of June 2022, from whom on public jobs count
MIXTURE = ("dose", "exposure_etab", "exposure_dep", "other_dose")


def volume_and_rate(
    leavers_before: float, rate_before: float, leavers_after: float, rate_after: float
) -> dict[str, float]:
    """Return the change in employed split exactly: more leavers, better rate.

    ``volume`` is the change in leavers at the earlier rate, ``rate`` the change in rate over the
    later leavers; they add up to the change in (leavers × rate). A rate can fall while more
    people work, when seats bring in more leavers.
    """
    volume = (leavers_after - leavers_before) * rate_before
    quality = leavers_after * (rate_after - rate_before)
    return {"volume": volume, "rate": quality, "total": volume + quality}


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


def seat_exits(frame: pd.DataFrame, unit: str = "cell") -> float:
    """Return the seat-years whose leavers are observed, each cohort once.

    Two rows that follow each other share a cohort: summing their doses would count its people
    twice.
    """
    if "dose_own" not in frame:
        return float(frame["dose"].sum())
    ordered = frame.sort_values([unit, "time"])
    again = ordered.groupby(unit)["time"].shift() == ordered["time"] - 1
    return float((ordered["dose_own"] + ordered["dose_before"].mask(again, 0.0)).sum())


def additional_employed(
    panel: pd.DataFrame,
    horizon: int = 6,
    *,
    by: str | None = None,
    millesimes: bool = False,
    total: bool = False,
) -> Estimates:
    r"""Return gross, displaced and net additional employed leavers per seat (or in all).

    The outcome is the *count* of employed leavers, leavers × rate: J on it gives
    :math:`\Delta(L \times e)`. Course × session effects take out any change of scope or of
    calendar shared by a course, among them the public sector counted from 2022 on.

    Parameters
    ----------
    horizon : {6, 12, 18, 24}
        Months after leaving.
    by : {"voie", "niveau", "filiere"}, optional
        One set of estimates per group of opened courses, each with its own regression; students
        displaced are counted in the group that loses them.
    millesimes : bool
        The outcome of a row adds its cohort and the one before (`two_cohorts`).
    total : bool
        Multiply by the seat-years whose leavers are observed, each cohort once.
    """
    if horizon not in HORIZONS:
        raise FpiError(f"emploi à {horizon} mois : choisissez parmi {text.liste(HORIZONS)}.")
    if by is not None and by not in GROUPS:
        raise FpiError(f"regroupement « {by} » inconnu : choisissez parmi {text.liste(GROUPS)}.")
    frame = sample(panel, f"en_emploi_{horizon}_mois")
    frame = two_cohorts(frame) if millesimes else frame
    if by is None:
        return Estimates(tuple(_effects(frame, total)), note=_note(horizon))
    items: list[Estimate] = []
    for key in sorted(frame.loc[frame["dose"] != 0, by].unique()):
        part = frame[frame[by] == key]
        part = replace(part, reach=reach(part))
        found = _effects(part, total)
        items += [replace(e, label=f"{e.label}, {GROUPS[by].get(key, key).lower()}") for e in found]
    return Estimates(tuple(items), note=_note(horizon))


def _effects(frame: pd.DataFrame, total: bool) -> Sequence[Estimate]:
    found = report(frame, fit_j(frame))
    if not total:
        return found.items
    return [scaled(e, seat_exits(frame)) for e in found]


def scaled(estimate: Estimate, seat_years: float) -> Estimate:
    """Return an effect per seat as a programme total, its error scaled with it."""
    values = {
        name: getattr(estimate, name) * seat_years
        for name in ("estimate", "std_error", "ci_low", "ci_high", "influence")
    }
    return replace(estimate, **values, label=estimate.label.replace(" par place", " en tout"))


def _note(horizon: int) -> str:
    return (
        f"Sortants en emploi salarié à {horizon} mois, en nombre (sortants × taux) : un taux qui "
        "baisse peut cacher plus de personnes en emploi, et l'inverse."
    )


def break_of_scope(
    panel: pd.DataFrame, horizon: int = 6, *, first: int = FIRST_WITH_PUBLIC
) -> pd.DataFrame:
    """Return what the change of scope did to never-opened cells: rate before, after, gap.

    It is what a before/after comparison of one region would wrongly call an effect. One row per
    voie: employed / leavers at the last rentrée under the old scope and the first under the new.

    Returns
    -------
    DataFrame
        Columns voie, before, after, gap (points, 0..1).
    """
    name = f"en_emploi_{horizon}_mois"
    ever = panel.groupby("cell")["seats"].transform(lambda s: (s != 0).any())
    known = panel[~ever & panel[name].notna() & panel["sortants"].notna()]
    known = known[known["rentree"].isin([first - 1, first])]
    sums = known.groupby(["voie", "rentree"])[[name, "sortants"]].sum()
    if set(known["rentree"]) != {first - 1, first}:
        raise FpiError(f"les rentrées {first - 1} et {first} manquent au panel : pas de rupture.")
    rate = (sums[name] / sums["sortants"]).rename("rate").reset_index()
    table = rate.pivot_table(index="voie", columns="rentree", values="rate")
    table = table.rename(columns={first - 1: "before", first: "after"}).rename_axis(columns=None)
    return table.assign(gap=table["after"] - table["before"]).reset_index()


def without_course_sessions(panel: pd.DataFrame, horizon: int = 6) -> float:
    """Return the gross effect per seat if the break were not absorbed (cell effects alone).

    Beside `additional_employed`, it shows how much the change of scope and the calendar weigh.
    """
    frame = sample(panel, f"en_emploi_{horizon}_mois")
    n = frame["size"].to_numpy(float)
    cell = pd.factorize(frame["cell"])[0]
    x = np.column_stack([frame["dose"] / n, np.sign(frame["dose"]), frame["y"] / n])
    mean = np.column_stack([np.bincount(cell, n * c) / np.bincount(cell, n) for c in x.T])
    net = x - mean[cell]
    return float((n * net[:, 1]) @ net[:, 2] / ((n * net[:, 1]) @ net[:, 0]))
