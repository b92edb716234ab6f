"""From the cell panel to the estimation frame: each outcome beside the seats that can move it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.panel import coding
from fpi_eval.panel.sample import Sample
from fpi_eval.text import AUTRE

FIXED = [
    "cell", "uai", "course", "famille", "filiere", "niveau", "voie", "duree", "code_departement",
    "code_academie", "code_region",
]  # fmt: skip
AREA = "voisinage"  # where neighbours are looked for, if another than the département is declared
IDENTIFIERS = [*FIXED, "nouvelle", AREA]
AT_ENTRY = ("entrants", "voeux_1", "places", "entrants_filles", "entrants_garcons")
SIZE, LAG = "effectif_avant", "decalage"  # columns that an own table may declare
KNOWN = "{outcome}_{group}_connus"  # people of whom the files tell whether they are in the group


@dataclass(frozen=True, slots=True, eq=False)
class SeatGrid:
    """Seats in force, cells × rentrées.

    ``cells`` has one row per cell (identifiers), ``years`` the rentrées, ``seats`` the matrix
    (n_cells, n_years) carried over rows missing inside a cell's life, 0 outside it;
    ``first`` is the column of each cell's first row, ``cell`` the cell of each row of the panel.
    """

    cells: pd.DataFrame
    years: np.ndarray
    seats: np.ndarray
    first: np.ndarray
    cell: np.ndarray


def lag_column(table: pd.DataFrame, name: str, least: int = 0) -> np.ndarray:
    """Return a column of whole numbers of years, ``least`` or more."""
    found = coding.numbers(table, name, missing=False)
    wrong = (found < least) | (found != np.round(found))
    coding.refuse(wrong, name, "durée impossible", "un nombre entier d'années est attendu.")
    return found.astype(np.int64)


def lag_of(outcome: str, table: pd.DataFrame) -> np.ndarray:
    """Return how many rentrées before the outcome its students entered, (n_obs,).

    What the table declares (column ``decalage``, or ``decalage`` and the outcome's name); else 0
    for outcomes at entry, and for the others ``duree`` − 1, or 0 where there is no ``duree``.
    """
    for name in (f"{LAG} {outcome}", LAG):
        if name in table:
            return lag_column(table, name)
    if outcome in AT_ENTRY or "duree" not in table:
        return np.zeros(len(table), dtype=np.int64)
    return lag_column(table, "duree", 1) - 1


def known_of(table: pd.DataFrame, outcome: str, group: str) -> pd.Series:
    """Return how many people are known to be in a group or not: all, where nothing says less.

    Missing where nobody is, of people there are, or of a whole rentrée: its files do not tell.
    """
    told = table.get(KNOWN.format(outcome=outcome, group=group), table[outcome])
    every = told.groupby(table["rentree"]).transform("sum")
    people = table[outcome].groupby(table["rentree"]).transform("sum")
    return told.mask((told == 0) & ((table[outcome] > 0) | (every == 0) & (people > 0)))


def targeted_of(panel: pd.DataFrame) -> np.ndarray:
    """Return whether each row is of a filière of the programme, every row without the column."""
    if "filiere" not in panel:
        return np.ones(len(panel), dtype=bool)
    return (panel["filiere"].notna() & (panel["filiere"] != AUTRE)).to_numpy()


def students(panel: pd.DataFrame) -> str:
    """Return the column of the students whose mean before any opening is a cell's size."""
    return SIZE if SIZE in panel else "entrants"


def seat_grid(panel: pd.DataFrame, column: str = "seats") -> SeatGrid:
    """Return the seats of ``column`` as a grid; the panel must have one row per cell × rentrée."""
    coding.some(panel)
    codes, names = coding.codes(panel, "cell")
    rentree = coding.years(panel, "rentree")
    coding.once(panel, "cell", "rentree", rentree)
    years = np.arange(rentree.min(), rentree.max() + 1)
    grid = np.full((len(names), len(years)), np.nan)
    seen = np.zeros(grid.shape, dtype=bool)
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
    return SeatGrid(cells, years, np.where(alive, carried, 0.0), seen.argmax(axis=1), codes)


def size_before(panel: pd.DataFrame, grid: SeatGrid) -> np.ndarray:
    """Return each cell's mean students over rentrées before the first opening of all, (n_cells,).

    A cell without a figure then weighs 0: it cannot lose students it did not have. In a table that
    has no students (1 everywhere) cells weigh 1, whenever they enter, unless they are new.
    """
    if SIZE in panel and (panel[SIZE] == 1).all():
        return 1.0 - grid.cells.get("nouvelle", pd.Series(0.0, grid.cells.index)).to_numpy(float)
    moved = (grid.seats != 0).any(axis=0)
    start = grid.years[moved.argmax()] if moved.any() else grid.years[-1] + 1
    found = panel[students(panel)].to_numpy(float, na_value=np.nan)
    known = (coding.years(panel, "rentree") < start) & ~np.isnan(found)
    sums, counts = np.zeros(len(grid.cells)), np.zeros(len(grid.cells))
    np.add.at(sums, grid.cell[known], found[known])
    np.add.at(counts, grid.cell[known], 1)
    return sums / np.maximum(counts, 1)


def exposures(grid: SeatGrid, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return exposures of never-treated cells to neighbours' seats, two (n_cells, n_years).

    .. math:: X_{jt} = \frac{size_j}{\sum_{l \in g(j),\, untreated} size_l} \sum_{i \in g(j)} S_{it}

    with g the establishment, then the area (`area_of`) × famille. Summed over the untreated cells
    of a group this is its number of opened seats, so a coefficient reads *change per opened seat*.
    """
    untreated = ~(grid.seats != 0).any(axis=1)
    etab, _ = pd.factorize(grid.cells["uai"])
    dep, _ = pd.factorize(neighbours_of(grid.cells))
    return _share(grid.seats, size * untreated, etab), _share(grid.seats, size * untreated, dep)


def area_of(cells: pd.DataFrame) -> pd.Series:
    """Return where the neighbours of each cell are looked for: the département unless declared."""
    return cells[AREA if AREA in cells else "code_departement"]


def neighbours_of(cells: pd.DataFrame) -> pd.Series:
    """Return the group of neighbours of each cell beyond its establishment: area × famille."""
    return area_of(cells).astype(str) + "|" + cells["famille"].astype(str)


def _share(seats: np.ndarray, size: np.ndarray, group: np.ndarray) -> np.ndarray:
    total = np.zeros((group.max() + 1, seats.shape[1]))
    moved = np.flatnonzero((seats != 0).any(axis=1))
    np.add.at(total, group[moved], seats[moved])
    mass = np.bincount(group, size)
    share = np.divide(size, mass[group], out=np.zeros(len(size)), where=mass[group] > 0)
    return share[:, None] * total[group]


def _given(panel: pd.DataFrame, computed: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
    """Return the exposures of the table where it has them, the computed ones otherwise."""
    names = ("exposure_etab", "exposure_dep")
    return [
        seat_grid(panel, name).seats if name in panel else found
        for name, found in zip(names, computed, strict=True)
    ]


def align(panel: pd.DataFrame, outcome: str) -> Sample:
    """Return the estimation frame of one outcome: each row beside the seats that can move it.

    A graduate of row ``rentree = y`` entered at ``y − duree + 1``; seats, other openings and
    exposures are read there (`lag_of`). Rows whose seats at that date are unknown (a cell that
    enters the panel with seats already open, and is not new) are dropped, and counted with missing
    outcomes in ``dropped``.

    Parameters
    ----------
    panel : DataFrame
        Cell panel, one row per cell × rentrée, **all** cells: exposures need the neighbours.
    outcome : str
        Any column of numbers.

    Returns
    -------
    Sample
        Identifiers of the cell, and ``time`` (rentrée of the row), ``lag``, ``y``, ``dose`` (lagged
        net seats), ``opened`` (dose > 0), ``cohort`` (first ``time`` with dose > 0, NaN if never),
        ``exposure_etab``, ``exposure_dep``, ``other_dose`` (openings on other budgets),
        ``size`` (mean entrants before any opening), ``nouvelle`` (new cells: a stratum of their
        own). The index is the panel's.
    """
    if outcome not in panel:
        found = ", ".join(map(str, panel.columns))
        raise FpiError(f"résultat absent du panel (trouvé : {found}).", colonne=outcome)
    grid = seat_grid(panel)
    coding.labels(panel, "uai")
    cell, time, lag = grid.cell, coding.years(panel, "rentree"), lag_of(outcome, panel)
    size = size_before(panel, grid)
    at_etab, at_dep = _given(panel, exposures(grid, size))
    entry = time - grid.years[0] - lag  # column of the rentrée at which the row's students entered

    def then(values: np.ndarray) -> np.ndarray:
        return np.where(entry >= 0, values[cell, np.maximum(entry, 0)], 0.0)

    y, dose = coding.numbers(panel, outcome), then(grid.seats)
    new = panel["nouvelle"].to_numpy(bool) if "nouvelle" in panel else np.zeros(len(panel), bool)
    first = grid.first[cell]
    unknown = (entry < first) & (grid.seats[cell, first] != 0) & ~new
    missing = np.isnan(y)
    keep = ~(unknown | missing)
    rows = slice(None) if keep.all() else keep
    cohort = np.full(len(grid.cells), np.nan)
    np.fmin.at(cohort, cell[dose > 0], time[dose > 0])
    others = np.zeros(len(cell))
    if "autres_places" in panel and panel["autres_places"].any():
        others = then(seat_grid(panel, "autres_places").seats)
    columns = {
        "time": time,
        "lag": lag,
        "y": y,
        "dose": dose,
        "opened": dose > 0,
        "exposure_etab": then(at_etab),
        "exposure_dep": then(at_dep),
        "size": size[cell],
        "other_dose": others,
        "cohort": cohort[cell],
    }
    own = panel.loc[rows, [c for c in IDENTIFIERS if c in panel]]
    made = {name: values[rows] for name, values in columns.items()}
    frame = pd.DataFrame({name: own[name] for name in own} | made, index=own.index, copy=False)
    dropped = (
        ("résultat manquant", int(missing.sum())),
        ("places inconnues à la rentrée d'entrée", int((unknown & ~missing).sum())),
    )
    known = ~unknown
    seats = {"cell": panel["cell"].to_numpy(), "time": time, "dose": dose}
    every = pd.DataFrame({n: v[known] for n, v in seats.items()}, panel.index[known], copy=False)
    return Sample(frame, outcome, dropped, seats=every)
