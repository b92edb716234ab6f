"""Where fake programmes are planted: rows that no opening can have moved, absorbed once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.checks.drawing import Openings, features
from fpi_eval.impact.frame import effects, new_of
from fpi_eval.panel.cells import align, neighbours_of, students, targeted_of
from fpi_eval.regression.absorb import Absorber, without_singletons

ELSEWHERE, BEFORE, OTHERS = "autres régions", "années d'avant", "autres formations"
SHARES = {ELSEWHERE: 0.5, BEFORE: 0.25, OTHERS: 0.25}  # of the draws, where all three exist
FEWEST_YEARS = 2  # before the planted opening
FEWEST_HOSTS = 4  # establishments that can receive it


@dataclass(frozen=True, slots=True, eq=False)
class Donor:
    """An untouched panel that fake programmes are planted in.

    ``cells`` has one row per cell: uai, code_departement, code_region, size, lag, score (log-odds
    of opening), host (whether it can receive seats), codes of its groups of neighbours. ``row`` and
    ``entry`` are, for each row, its cell and the column of ``years`` its students entered at (−1
    before the panel); ``used`` are the rows of J, for which come ``y``, ``n`` (what outcomes are
    divided by), ``net`` (outcome net of effects) and ``other`` (openings on other budgets).
    ``shift``: years by which the programme is moved back.
    """

    kind: str
    shift: int
    cells: pd.DataFrame
    years: np.ndarray
    row: np.ndarray
    entry: np.ndarray
    used: np.ndarray
    time: np.ndarray
    y: np.ndarray
    n: np.ndarray
    net: np.ndarray
    other: np.ndarray
    effects: list[np.ndarray]
    absorber: Absorber


def donors(
    panel: pd.DataFrame,
    outcome: str,
    niveau: str | None,
    openings: Openings,
    score: Callable[[pd.DataFrame], pd.Series],
) -> list[Donor]:
    """Return the untouched panels of a run: other regions, years before, other courses."""
    real = align(panel, outcome)
    moved = (real[["dose", "exposure_etab", "exposure_dep"]] != 0).any(axis=1)
    first, oldest, last = real.loc[moved, "time"].min(), real["time"].min(), real["time"].max()
    # Not by ``first``, of new courses and neighbours too: moved by it, the seats of few years
    # would all act after the last one.
    back = int(min(last - openings.first + 1, (openings.first - oldest) // 2))
    touched = real.loc[moved, "cell"].unique()
    there = panel["code_region"].isin(openings.regions)
    targeted = pd.Series(targeted_of(panel), panel.index)
    wanted = (
        (ELSEWHERE, panel[~there], 0, targeted & ~there),
        (BEFORE, panel[panel["rentree"] < first], back, targeted & there),
        (OTHERS, panel[~panel["cell"].isin(touched)], 0, ~targeted & there),
    )
    found = []
    for kind, rows, shift, host in wanted:
        if rows.empty or (kind == BEFORE and shift < 1):
            continue
        courses = ~targeted if kind == OTHERS else targeted
        if niveau is not None:
            courses &= panel["niveau"] == niveau
        members = (panel.loc[courses, "cell"], panel.loc[host, "cell"])
        start = openings.start - shift
        made = _donor(kind, rows.assign(seats=0.0), outcome, start, members, shift, score)
        if made is not None and _enough(made, openings):
            found.append(made)
    return found


def _enough(donor: Donor, openings: Openings) -> bool:
    """Return whether a programme put there would have years on both sides and schools to go to."""
    first, years = openings.first - donor.shift, np.unique(donor.time)
    before = years < first
    hosts = donor.cells.loc[donor.cells["host"], "uai"].nunique()
    return before.sum() >= FEWEST_YEARS and not before.all() and hosts >= FEWEST_HOSTS


def _donor(kind, panel, outcome, start, members, shift, score) -> Donor | None:
    """Return one untouched panel; None if no row of it can enter J."""
    frame = align(panel, outcome)
    row, names = pd.factorize(frame["cell"], sort=True)
    cells = frame.iloc[np.unique(row, return_index=True)[1]].reset_index(drop=True)
    before = panel[panel["rentree"] < start]
    size = before.groupby("cell")[students(panel)].mean().reindex(names).fillna(0.0).to_numpy()
    in_j, host = (cells["cell"].isin(c.unique()).to_numpy() for c in members)
    in_j = in_j & (size > 0) & ~new_of(cells)
    used = np.flatnonzero(in_j[row])
    used = used[without_singletons(effects(frame.iloc[used]))] if len(used) else used
    if not len(used):
        return None
    alone = np.bincount(row, frame["other_dose"] != 0) > 0
    near = pd.factorize(neighbours_of(cells))[0]
    cells = cells[["cell", "uai", "code_departement", "code_region", "lag"]].assign(
        size=size,
        host=host & in_j & ~alone & np.isin(np.arange(len(cells)), row[used]),
        score=score(features(before)).reindex(names).fillna(0.0).to_numpy(),
        etab=pd.factorize(cells["uai"])[0],
        dep=near,
    )
    years = np.arange(panel["rentree"].min(), panel["rentree"].max() + 1)
    entry = frame["time"].to_numpy() - cells["lag"].to_numpy()[row] - years[0]
    base = frame.iloc[used]
    y, n, fixed = base["y"].to_numpy(float), size[row[used]], effects(base)
    absorber = Absorber(fixed, n)
    return Donor(
        kind,
        shift,
        cells,
        years,
        row,
        np.maximum(entry, -1),
        used,
        base["time"].to_numpy(),
        y,
        n,
        absorber.residualize(y / n),
        base["other_dose"].to_numpy(float),
        fixed,
        absorber,
    )
