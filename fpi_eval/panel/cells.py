"""From the cell panel to the estimation frame: each outcome beside the seats that can move it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError

IDENTIFIERS = [
    "cell", "uai", "course", "famille", "filiere", "niveau", "voie", "duree",
    "code_departement", "code_academie", "code_region", "nouvelle",
]  # fmt: skip
AT_ENTRY = ("entrants", "voeux_1", "places", "entrants_filles", "entrants_garcons")
AT_THE_END = ("terminale", "diplomes", "sortants")


@dataclass(frozen=True, slots=True, eq=False)
class SeatGrid:
    """Seats in force, cells × rentrées.

    ``cells`` has one row per cell (identifiers), ``years`` the rentrées, ``seats`` the matrix
    (n_cells, n_years) carried over rows missing inside a cell's life, 0 outside it;
    ``first`` is the column of each cell's first row.
    """

    cells: pd.DataFrame
    years: np.ndarray
    seats: np.ndarray
    first: np.ndarray


def lag_of(outcome: str, duree: np.ndarray) -> np.ndarray:
    """Return how many rentrées before the outcome its students entered: 0, or duree − 1."""
    if outcome in AT_ENTRY:
        return np.zeros(len(duree), dtype=int)
    if outcome in AT_THE_END or outcome.startswith("en_emploi_"):
        return np.asarray(duree, dtype=int) - 1
    expected = ", ".join((*AT_ENTRY, *AT_THE_END, "en_emploi_…"))
    raise FpiError(f"résultat « {outcome} » inconnu : choisissez parmi {expected}.")


def seat_grid(panel: pd.DataFrame, column: str = "seats") -> SeatGrid:
    """Return the seats of ``column`` as a grid; the panel must have one row per cell × rentrée."""
    codes, names = pd.factorize(panel["cell"], sort=True)
    rentree = panel["rentree"].to_numpy()
    years = np.arange(rentree.min(), rentree.max() + 1)
    grid = np.full((len(names), len(years)), np.nan)
    seen = np.zeros(grid.shape, dtype=bool)
    if pd.Series(codes * len(years) + (rentree - years[0])).duplicated().any():
        raise FpiError("deux lignes pour une même cellule et une même rentrée : gardez-en une.")
    grid[codes, rentree - years[0]] = panel[column].fillna(0.0).to_numpy()
    seen[codes, rentree - years[0]] = True
    known = np.maximum.accumulate(np.where(seen, np.arange(len(years)), -1), axis=1)
    last = len(years) - 1 - seen[:, ::-1].argmax(axis=1)
    alive = (known >= 0) & (np.arange(len(years)) <= last[:, None])
    carried = np.take_along_axis(grid, np.maximum(known, 0), axis=1)
    rows = np.empty(len(names), dtype=int)
    rows[codes[::-1]] = np.arange(len(panel))[::-1]
    present = [c for c in IDENTIFIERS if c in panel]
    cells = panel[present].iloc[rows].reset_index(drop=True)
    return SeatGrid(cells, years, np.where(alive, carried, 0.0), seen.argmax(axis=1))


def size_before(panel: pd.DataFrame, grid: SeatGrid) -> np.ndarray:
    """Return each cell's mean entrants over rentrées before the first opening of all, (n_cells,).

    A cell without a figure then weighs 0: it cannot lose students it did not have.
    """
    moved = (grid.seats != 0).any(axis=0)
    start = grid.years[moved.argmax()] if moved.any() else grid.years[-1] + 1
    before = panel[panel["rentree"] < start]
    means = before.groupby("cell")["entrants"].mean()
    return means.reindex(grid.cells["cell"]).fillna(0.0).to_numpy()


def exposures(grid: SeatGrid, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return exposures of never-treated cells to neighbours' seats, two (n_cells, n_years).

    .. math:: X_{jt} = \frac{size_j}{\sum_{l \in g(j),\, untreated} size_l} \sum_{i \in g(j)} S_{it}

    with g the establishment, then the département × famille. Summed over the untreated cells of a
    group this is its number of opened seats, so a coefficient reads *change per opened seat*.
    """
    untreated = ~(grid.seats != 0).any(axis=1)
    etab, _ = pd.factorize(grid.cells["uai"])
    dep, _ = pd.factorize(
        grid.cells["code_departement"].astype(str) + "|" + grid.cells["famille"].astype(str)
    )
    return _share(grid.seats, size * untreated, etab), _share(grid.seats, size * untreated, dep)


def _share(seats: np.ndarray, size: np.ndarray, group: np.ndarray) -> np.ndarray:
    total = np.zeros((group.max() + 1, seats.shape[1]))
    moved = np.flatnonzero((seats != 0).any(axis=1))
    np.add.at(total, group[moved], seats[moved])
    mass = np.bincount(group, size)
    share = np.divide(size, mass[group], out=np.zeros(len(size)), where=mass[group] > 0)
    return share[:, None] * total[group]


def align(panel: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return the estimation frame of one outcome: each row beside the seats that can move it.

    A graduate of row ``rentree = y`` entered at ``y − duree + 1``; seats, other openings and
    exposures are read there (`lag_of`). Rows whose seats at that date are unknown (a cell that
    enters the panel with seats already open, and is not new) are dropped, and counted with missing
    outcomes in ``frame.attrs["dropped"]``.

    Parameters
    ----------
    panel : DataFrame
        Cell panel, one row per cell × rentrée, **all** cells: exposures need the neighbours.
    outcome : str
        Column of counts: entrants, voeux_1, places, terminale, diplomes, sortants, en_emploi_….

    Returns
    -------
    DataFrame
        Identifiers of the cell, and ``time`` (rentrée of the row), ``y``, ``dose`` (lagged net
        seats), ``opened`` (dose > 0), ``cohort`` (first ``time`` with dose > 0, NaN if never),
        ``exposure_etab``, ``exposure_dep``, ``other_dose`` (openings on other budgets),
        ``size`` (mean entrants before any opening), ``nouvelle`` (new cells: a stratum of their
        own). The index is the panel's.
    """
    if outcome not in panel:
        raise FpiError(f"résultat absent du panel : {outcome}.", colonne=outcome)
    grid = seat_grid(panel)
    size = size_before(panel, grid)
    at_etab, at_dep = exposures(grid, size)
    cell = grid.cells["cell"].searchsorted(panel["cell"])
    column = panel["rentree"].to_numpy() - grid.years[0]
    column = column - lag_of(outcome, panel["duree"].to_numpy())
    inside = column >= 0
    at = np.maximum(column, 0)

    frame = panel[[c for c in IDENTIFIERS if c in panel]].copy()
    frame["time"] = panel["rentree"]
    frame["y"] = panel[outcome].astype(float)
    frame["dose"] = np.where(inside, grid.seats[cell, at], 0.0)
    frame["opened"] = frame["dose"] > 0
    frame["exposure_etab"] = np.where(inside, at_etab[cell, at], 0.0)
    frame["exposure_dep"] = np.where(inside, at_dep[cell, at], 0.0)
    frame["size"] = size[cell]
    frame["other_dose"] = 0.0
    if "autres_places" in panel and panel["autres_places"].any():
        frame["other_dose"] = np.where(inside, seat_grid(panel, "autres_places").seats[cell, at], 0)
    frame["cohort"] = frame["time"].where(frame["opened"]).groupby(frame["cell"]).transform("min")

    new = panel["nouvelle"].to_numpy(bool) if "nouvelle" in panel else np.zeros(len(panel), bool)
    first = grid.first[cell]
    unknown = (column < first) & (grid.seats[cell, first] != 0) & ~new
    missing = frame["y"].isna().to_numpy()
    frame = frame[~(unknown | missing)].copy()
    frame.attrs["dropped"] = (
        ("résultat manquant", int(missing.sum())),
        ("places inconnues à la rentrée d'entrée", int((unknown & ~missing).sum())),
    )
    frame.attrs["outcome"] = outcome
    return frame
