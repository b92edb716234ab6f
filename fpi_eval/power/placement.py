"""Put the register's openings in establishments where the programme did not go."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd

from fpi_eval.calendar import opened
from fpi_eval.errors import FpiError
from fpi_eval.panel.cells import targeted_of
from fpi_eval.sources.territoires import departement_code

Opening = tuple[str, tuple[tuple[int, float], ...]]
Source = tuple[Opening, ...]
MINIMUM_BEFORE = 2  # rentrées before the first opening, without which no path can be compared


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """The register's openings by département and establishment, whose shocks they share.

    ``areas``: one tuple of establishments a département, one tuple of openings an establishment; an
    opening is its level and its seats by rentrée. ``closures`` counts the rows with negative seats,
    which are not moved.
    """

    areas: tuple[tuple[Source, ...], ...]
    seats: float
    closures: int
    first: int

    @property
    def n_etablissements(self) -> int:
        """Return how many establishments open seats."""
        return sum(map(len, self.areas))


def pattern(register: pd.DataFrame) -> Pattern:
    """Return the openings of a register as a pattern to be put elsewhere."""
    rows = register.assign(places=opened(register))
    closed = rows["places"] < 0
    rows = rows[rows["places"] > 0]
    if rows.empty:
        raise FpiError("le registre ne contient aucune place ouverte : rien à détecter.")
    code = rows["cfd"].fillna("").astype("str") if "cfd" in rows else ""
    mef = rows["mefstat11"].fillna("").astype("str") if "mefstat11" in rows else ""
    rows = rows.assign(formation_=code + mef)
    areas: dict[str, list[Source]] = {}
    for uai, site in rows.groupby("uai", sort=True):
        source = tuple(
            (cell["niveau"].iloc[0], tuple(zip(cell["rentree"], cell["places"], strict=True)))
            for _, cell in site.groupby(["formation_", "voie"], sort=True)
        )
        areas.setdefault(departement_code(uai), []).append(source)
    return Pattern(
        tuple(map(tuple, areas.values())),
        float(rows["places"].sum()),
        int(closed.sum()),
        int(rows["rentree"].min()),
    )


def untreated(panel: pd.DataFrame, register: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Return the panel of the regions without programme seats, and the size of the programme's.

    The size is the mean entrants a year of its targeted courses before the first opening: the
    neighbours that displacement may touch. The programme's regions are those of the register's
    départements and those with seats in the panel.
    """
    home = panel["code_departement"].isin(register["uai"].map(departement_code).unique())
    moved = panel.loc[home | (panel["seats"].fillna(0) != 0), "code_region"].unique()
    inside = panel["code_region"].isin(moved)
    rest = panel[~inside]
    size = yearly_entrants(panel[inside], int(register["rentree"].min())).sum()
    if rest.empty:
        raise FpiError(
            "toutes les régions du panel ont ouvert des places : il n'y a pas de formation non "
            "traitée où en placer. Donnez le panel national."
        )
    return rest.sort_values(["cell", "rentree"], ignore_index=True), float(size)


def yearly_entrants(panel: pd.DataFrame, first: int) -> pd.Series:
    """Return mean entrants a year of targeted courses before a rentrée, by region."""
    rows = panel[(panel["rentree"] < first) & targeted_of(panel)]
    totals = rows.groupby(["code_region", "rentree"])["entrants"].sum()
    return totals.groupby("code_region").mean()


def shifted_years(panel: pd.DataFrame, pat: Pattern, until: int) -> int | None:
    """Return by how many years openings move back for the panel to reach ``until``.

    A panel that stops before ``until`` is read as if its last rentrée were that one; None when it
    then has too few rentrées before the first opening.
    """
    years = panel["rentree"]
    back = max(0, until - int(years.max()))
    before = pat.first - back - int(years.min())
    return back if before >= MINIMUM_BEFORE else None


class Hosts:
    """Cells that may host openings: targeted courses there just before them, by establishment."""

    def __init__(self, panel: pd.DataFrame, first: int) -> None:
        last = panel.loc[panel["rentree"] < first, "rentree"].max()
        alive = (panel["rentree"] == last) & targeted_of(panel) & (panel["entrants"] > 0)
        cells = panel[alive]
        if "nouvelle" in panel:
            cells = cells[~cells["nouvelle"].astype(bool)]
        self.free: dict[str, dict[str, list[int]]] = {}
        for uai, niveau, cell in cells[["uai", "niveau", "cell"]].itertuples(index=False):
            self.free.setdefault(uai, {}).setdefault(niveau, []).append(cell)
        sites = cells.drop_duplicates("uai")
        self.by_region = sites.groupby("code_region")["uai"].agg(list).to_dict()
        self.departement = sites.set_index("uai")["code_departement"].to_dict()
        self.sizes = yearly_entrants(panel, first)

    def order(self, size: float, rng: np.random.Generator) -> list[str]:
        """Return establishments at random, those of regions that together reach the size first.

        What displacement is measured with is the noise of all the neighbours: openings crowded in
        a smaller region would have fewer, and the error would look smaller than it is.
        """
        regions = list(rng.permutation(sorted(self.by_region)))
        total = np.cumsum([self.sizes.get(region, 0.0) for region in regions])
        n = int(np.searchsorted(total, size * 0.9) + 1)
        inside = [uai for region in regions[:n] for uai in self.by_region[region]]
        beyond = [uai for region in regions[n:] for uai in self.by_region[region]]
        return [*rng.permutation(inside), *rng.permutation(beyond)]

    def place(self, pat: Pattern, size: float, rng: np.random.Generator) -> dict[int, tuple]:
        """Return seats by rentrée of each chosen cell.

        A département's establishments stay in one département, an establishment's openings in one
        establishment, where there is room; those left over go to the rest of the départements
        taken, then elsewhere.
        """
        homes: dict[str, list[str]] = {}
        for uai in self.order(size, rng):
            homes.setdefault(self.departement[uai], []).append(uai)
        placed: dict[int, tuple] = {}
        left: list[Source] = []
        spare: list[str] = []
        for area in sorted(pat.areas, key=lambda sources: sum(map(len, sources)), reverse=True):
            openings = list(chain(*area))
            wide = max(
                homes,
                key=lambda name: (
                    self._room(homes[name], openings),
                    min(len(homes[name]), len(area)),
                ),
                default="",
            )
            near = homes.pop(wide, [])
            left += self._settle(area, near, placed, rng)
            spare += near
        for order in (spare, list(chain(*homes.values()))):
            left = self._settle(left, order, placed, rng)
        if left:
            raise FpiError(
                "trop peu d'établissements sans place du programme pour y placer les ouvertures "
                "du registre. Donnez le panel de toutes les régions."
            )
        return placed

    def _settle(
        self, sources: Sequence[Source], order: list[str], placed: dict[int, tuple], rng
    ) -> list[Source]:
        """Place openings in establishments, taken off ``order``, and return what finds no room."""
        queue = sorted(sources, key=len, reverse=True)
        left: list[Source] = []
        while queue:
            source = queue.pop(0)
            home = max(order, key=lambda uai: self._room([uai], source), default="")
            if not home or not self._room([home], source):
                left.append(source)
                continue
            order.remove(home)
            free = {level: list(rng.permutation(c)) for level, c in self.free[home].items()}
            over: list[Opening] = []
            for niveau, path in source:
                if free.get(niveau):
                    placed[int(free[niveau].pop())] = path
                else:
                    over.append((niveau, path))
            if over:
                queue.append(tuple(over))
        return left

    def _room(self, hosts: Iterable[str], openings: Iterable[Opening]) -> int:
        """Return how many openings find a course of their level in these establishments."""
        wanted = Counter(niveau for niveau, _ in openings)
        free = [self.free[uai] for uai in hosts]
        return sum(
            min(n, sum(len(levels.get(niveau, ())) for levels in free))
            for niveau, n in wanted.items()
        )


def with_openings(panel: pd.DataFrame, placed: dict[int, tuple], back: int) -> pd.DataFrame:
    """Return the panel with the seats of the placed openings in force, ``back`` years earlier."""
    rentree = panel["rentree"].to_numpy()
    seats = np.zeros(len(panel))
    cell = panel["cell"].to_numpy()
    for code, path in placed.items():
        low, high = np.searchsorted(cell, [code, code + 1])
        for year, places in path:
            seats[low:high] += places * (rentree[low:high] >= year - back)
    return panel.assign(seats=seats)
