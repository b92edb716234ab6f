"""Rings of neighbours around opened cells: who may lose students to them, and how exposed."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import level, reach
from fpi_eval.misspelt import checked_fields
from fpi_eval.panel import coding
from fpi_eval.panel.cells import align, area_of, lag_of, seat_grid, size_before
from fpi_eval.panel.sample import Sample

EARTH_KM = 6371.0
PLACE = "code_departement"  # in a ring: the département, or the area declared in its stead


@checked_fields()
@dataclass(frozen=True, slots=True)
class Ring:
    """Neighbours of an opened cell: same values here, different values there, within a distance.

    Parameters
    ----------
    name : str
        What readers see, in French.
    same, different : tuple of str
        Columns of the panel whose values must be those of the opened cell, or others;
        ``code_departement`` is read as the declared area where the panel has one.
    beyond_km, within_km : float
        Distance as the crow flies between establishments, if ``within_km`` is finite: more than
        ``beyond_km``, at most ``within_km``. The panel then needs latitude and longitude (degrees).
    """

    name: str
    same: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    beyond_km: float = -1.0
    within_km: float = np.inf

    @property
    def by_distance(self) -> bool:
        """Return whether coordinates are needed."""
        return bool(np.isfinite(self.within_km))


ETABLISSEMENT = Ring("autres formations de l'établissement", ("uai",))
FAMILLE = Ring("même famille, même voisinage", (PLACE, "famille"))
MEME_VOIE = Ring("même famille et même voie, même voisinage", (PLACE, "famille", "voie"))
AUTRE_VOIE = Ring("même famille, autre voie, même voisinage", (PLACE, "famille"), ("voie",))
ACADEMIE = Ring("même famille, ailleurs dans l'académie", ("code_academie", "famille"), (PLACE,))
REGION = Ring("même famille, ailleurs dans la région", ("code_region", "famille"), (PLACE,))
DEFAULT = (ETABLISSEMENT, FAMILLE)
VOIES = (ETABLISSEMENT, MEME_VOIE, AUTRE_VOIE)


def checked(panel: pd.DataFrame, rings: Iterable[Ring] | Ring) -> tuple[Ring, ...]:
    """Return rings as a tuple; raise on what is none, or names a column that is not there."""
    found = (rings,) if isinstance(rings, Ring) else tuple(rings)
    for ring in found:
        for name in (*ring.same, *ring.different):
            if name != PLACE:
                coding.column(panel, name)
    if len({ring.name for ring in found}) < len(found):
        raise FpiError("deux voisinages (Ring) portent le même nom : donnez-en un à chacun.")
    return found


def ring_exposures(panel: pd.DataFrame, outcome: str, rings: tuple[Ring, ...]) -> pd.DataFrame:
    r"""Return exposures of the panel's rows (n_obs, n_rings).

    .. math:: X^r_{jt} = \sum_i \frac{size_j\,1[j \in r(i)]}{\sum_{l \in r(i)} size_l} S_{it}

    over the never-opened cells j of each opened cell's ring: summed over them it is the number of
    opened seats that have a neighbour, read when the students of the outcome entered. A cell of
    which a value is missing is in no ring of the same value.
    """
    grid = seat_grid(panel)
    cells = panel.drop_duplicates("cell").set_index("cell", drop=False).loc[grid.cells["cell"]]
    cells = cells.assign(**{PLACE: area_of(cells)})
    size = size_before(panel, grid)
    moved = (grid.seats != 0).any(axis=1)
    places = _places(panel, cells) if any(r.by_distance for r in rings) else None
    column = panel["rentree"].to_numpy() - grid.years[0] - lag_of(outcome, panel)
    inside, at = column >= 0, np.maximum(column, 0)
    found = {}
    for ring in rings:
        by_cell = _exposure(grid.seats, cells, size * ~moved, ring, places)
        found[ring.name] = np.where(inside, by_cell[grid.cell, at], 0.0)
    return pd.DataFrame(found, index=panel.index)


def ring_reach(panel: pd.DataFrame, kept: Sample, found: pd.DataFrame) -> np.ndarray:
    """Return exposure per opened seat of each ring, as J counts it, ``kept`` the rows of J."""
    rows = align(panel, kept.outcome)
    rows, inside = rows.of(rows.join(found)), rows.index.isin(kept.index)
    return np.array(reach(rows, inside, level(rows, inside, list(found)), list(found)))


def _exposure(seats, cells: pd.DataFrame, mass, ring: Ring, places) -> np.ndarray:
    """Return exposures of all cells to the seats of the moved ones, (n_cells, n_years)."""
    codes = {c: pd.factorize(cells[c])[0] for c in (*ring.same, *ring.different)}
    out = np.zeros(seats.shape)
    for i in np.flatnonzero((seats != 0).any(axis=1)):
        near = mass > 0
        for name in ring.same:
            near &= (codes[name] == codes[name][i]) & (codes[name] >= 0)
        for name in ring.different:
            near &= codes[name] != codes[name][i]
        if ring.by_distance:
            far = distance_km(places, places[i])
            near &= (far > ring.beyond_km) & (far <= ring.within_km)
        total = mass[near].sum()
        if total > 0:
            out[near] += mass[near, None] / total * seats[i]
    return out


def _places(panel: pd.DataFrame, cells: pd.DataFrame) -> np.ndarray:
    missing = [c for c in ("latitude", "longitude") if c not in panel]
    if missing:
        raise FpiError(
            "un rayon en kilomètres demande les coordonnées des établissements.",
            colonne=missing[0],
        )
    places = panel.groupby("cell")[["latitude", "longitude"]].first()
    return places.loc[cells["cell"]].to_numpy(float)


def distance_km(places: np.ndarray, here: np.ndarray) -> np.ndarray:
    """Return great-circle distances (haversine) of (n, 2) latitudes and longitudes to one place."""
    lat, lon = np.radians(places).T
    lat_0, lon_0 = np.radians(here)
    half = np.sin((lat - lat_0) / 2) ** 2
    half += np.cos(lat) * np.cos(lat_0) * np.sin((lon - lon_0) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(half))
