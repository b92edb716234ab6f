"""Where, when and how many seats the simulated programme opens."""

from typing import Any

import numpy as np
import pandas as pd

from fpi_eval.twin.parameters import LAST, TwinParameters
from fpi_eval.twin.setting import Setting
from fpi_eval.twin.world import YEARS, World

SMALLEST = 130  # seats of a level under which a small France still opens them all


def draw_openings(
    p: TwinParameters, setting: Setting, world: World, rng: dict[str, np.random.Generator]
) -> pd.DataFrame:
    """Return one row per opening: cell, project, wave, planned, opened and declared seats.

    Openings go to targeted courses of a limited number of the region's establishments, which open
    until the seats of each level are planned; closures come as rows with negative seats.
    """
    chosen = _candidates(p, setting.debut - 1, world, rng)
    rows: list[tuple[int, str, int, int]] = []
    draw = rng["openings"]
    if setting.avant:
        name, rentree, places = setting.avant
        places = places if p.predecessor_seats is None else p.predecessor_seats
        rows += _plan(p, world, chosen, {"": places}, name, ((rentree, 1.0),), draw)
    used = {row[0] for row in rows}
    left = chosen[~chosen["cell"].isin(used)]
    level = {
        name: planned(places if (own := getattr(p, f"seats_{name}")) is None else own, p.scale)
        for name, places in setting.places
    }
    rows += _plan(p, world, left, level, setting.projet, setting.vagues, draw)
    table = pd.DataFrame(rows, columns=["cell", "projet", "rentree", "places_prevues"])
    table = table.astype(dict.fromkeys(["cell", "rentree", "places_prevues"], "int64"))
    half = draw.random(len(table)) < p.renoncement
    opened = np.where(half, table["places_prevues"] // 2, table["places_prevues"])
    table["places_ouvertes"] = opened.astype("int64")
    table["nouvelle"] = draw.random(len(table)) < p.nouvelle_share
    table["vide"] = draw.random(len(table)) < p.empty_seats
    table["finance"] = table["cell"]
    table = _in_steps(p, table, rng["etapes"])
    table = pd.concat([table, _closures(p, world, table, rng["closures"])], ignore_index=True)
    noise = rng["seats_error"].standard_normal(len(table))
    declared = table["places_ouvertes"] * np.exp(p.seats_error * noise)
    table["places_declarees"] = declared.round().astype("int64")
    table["cout_place"] = draw.lognormal(np.log(9_000), 0.35, size=len(table))
    return table


def _in_steps(p: TwinParameters, table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the openings, some in two rows: half of the seats, the rest a year later."""
    later = rng.random(len(table)) < p.etapes
    counts = ["places_prevues", "places_ouvertes"]
    rest = table.loc[later, counts] // 2
    table.loc[later, counts] -= rest
    year = (table.loc[later, "rentree"] + 1).clip(upper=LAST)
    second = table[later].assign(**rest, rentree=year)
    return pd.concat([table, second], ignore_index=True)


def planned(places: int, scale: float) -> int:
    """Return the seats that a twin of that scale opens: a small programme is not made smaller."""
    return max(round(places * scale), min(places, SMALLEST))


def _candidates(
    p: TwinParameters, before: int, world: World, rng: dict[str, np.random.Generator]
) -> pd.DataFrame:
    """Return the targeted cells of the establishments that open, in order of preference."""
    cells = world.cells
    here = cells["ici"] & cells["cible"] & cells["diplome"].ne("mc")
    pool = cells.loc[here, ["cell", "site", "niveau"]].copy()
    index = pool["cell"].to_numpy()
    pressure = np.log(world.pressure[index, before - YEARS[0]] + 0.05)
    group = pool["niveau"].to_numpy()
    for name in np.unique(group):
        here = group == name
        spread = pressure[here].std() or 1.0  # one cell of a level has none
        pressure[here] = (pressure[here] - pressure[here].mean()) / spread
    trend = world.trend[index]
    trend = trend / trend.std() if trend.std() > 0 else trend
    score = p.selection_trend * trend + p.selection_pressure * pressure
    pool["score"] = score + rng["selection"].gumbel(size=len(pool))
    best = np.exp(pool["score"]).groupby(pool["site"]).sum()
    sites = best.sort_values(ascending=False, kind="stable").index[: p.n_treated]
    pool = pool[pool["site"].isin(sites)]
    return pool.sort_values("score", ascending=False, kind="stable")


def _plan(
    p: TwinParameters,
    world: World,
    chosen: pd.DataFrame,
    targets: dict[str, int],
    projet: str,
    waves: tuple[tuple[int, float], ...],
    rng: np.random.Generator,
) -> list[tuple[int, str, int, int]]:
    """Return openings until each target is met or no cell is left; an opening is one dose."""
    years = np.array([year for year, _ in waves])
    shares = np.array([share for _, share in waves])
    # A few establishments cannot carry the whole programme: at most 45 seats each on average.
    room = 45 * p.n_treated / max(sum(targets.values()), 1)
    rows: list[tuple[int, str, int, int]] = []
    taken: set[tuple[int, int]] = set()
    for niveau, target in targets.items():
        pool = chosen[chosen["niveau"] == niveau] if niveau else chosen
        left = round(target * min(1.0, room))
        # Short of cells, a course opens again at another rentrée.
        cells = np.tile(pool["cell"].to_numpy(), 2).tolist()
        doses = rng.choice(p.doses, size=len(cells)).tolist()
        when = rng.choice(years, size=len(cells), p=shares / shares.sum()).tolist()
        for cell, year, dose in zip(cells, when, doses, strict=True):
            if left <= 0:
                break
            if (cell, year) in taken:
                continue
            rows.append((cell, projet, year, min(dose, left)))
            taken.add((cell, year))
            left -= min(dose, left)
    return rows


def _closures(
    p: TwinParameters, world: World, table: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Return negative openings in other courses of the same académie that pay for the seats."""
    if not p.closures or table.empty:
        return table.iloc[:0]
    cells = world.cells
    pool = cells[cells["ici"]]
    order = rng.permutation(np.flatnonzero(~pool["cible"]))
    order = np.r_[order, rng.permutation(np.flatnonzero(pool["cible"]))]
    pool = pool.iloc[order]
    academies = cells["code_academie"].to_numpy()
    cible = rng.random(len(table)) < p.closures_cible
    rows: list[tuple[Any, ...]] = []
    used: set[Any] = set(table["cell"])
    for row in table.itertuples():
        seats = round(p.closures * row.places_ouvertes)
        academie = academies[row.cell]
        options = pool[(pool["code_academie"] == academie) & (pool["cible"] == cible[row.Index])]
        options = options[~options["cell"].isin(used)]
        if not seats or options.empty:
            continue
        cell = int(options["cell"].iloc[0])
        used.add(cell)
        rows.append((cell, row.projet, row.rentree, -seats, -seats, False, False, row.cell))
    columns = ["cell", "projet", "rentree", "places_prevues", "places_ouvertes", "nouvelle", "vide"]
    columns.append("finance")
    return pd.DataFrame(rows, columns=columns)


def seats_in_force(
    openings: pd.DataFrame, n_cells: int, column: str = "places_ouvertes"
) -> np.ndarray:
    """Return seats in force, cells × years, cumulated over the rentrées."""
    seats = np.zeros((n_cells, len(YEARS)))
    opened = openings[["cell", "rentree", column]].to_numpy(dtype=np.int64)
    np.add.at(seats, (opened[:, 0], opened[:, 1] - YEARS[0]), opened[:, 2])
    return np.cumsum(seats, axis=1)
