"""Who opens: a logit on what was known before, and sites drawn from it as the real ones were."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

RIDGE = 1.0  # of the logit, on standardised variables: few openings, as many questions
GROUPED = 0.7  # share of the programme's region from which another region is large enough
THINNED = 0.8  # largest share of a host's establishments that may open


@dataclass(frozen=True, slots=True, eq=False)
class Openings:
    """The programme as it is copied elsewhere.

    ``paths`` (n_cells, n_times) are seats that can act at each of ``times``, ``uai`` the
    establishment (0..n-1) of each path; ``start`` the first rentrée of any opening, ``first``
    the first time one can act; ``regions`` those that open, ``n_host`` their establishments.
    """

    paths: np.ndarray
    times: np.ndarray
    uai: np.ndarray
    start: int
    first: int
    regions: np.ndarray
    n_host: int


def openings_of(panel: pd.DataFrame, frame: pd.DataFrame) -> Openings:
    """Return the openings that an estimation frame holds."""
    treated = frame["cell"].isin(frame.loc[frame["dose"] != 0, "cell"])
    grid = frame[treated].pivot_table(index=["uai", "cell"], columns="time", values="dose")
    times = np.arange(frame["time"].min(), frame["time"].max() + 1)
    grid = grid.reindex(columns=times).ffill(axis=1).fillna(0.0)
    regions = frame.loc[treated, "code_region"].unique()
    return Openings(
        paths=grid.to_numpy(),
        times=times,
        uai=pd.factorize(grid.index.get_level_values("uai"))[0],
        start=int(panel.loc[panel["seats"] != 0, "rentree"].min()),
        first=int(frame.loc[frame["dose"] != 0, "time"].min()),
        regions=regions,
        n_host=frame.loc[frame["code_region"].isin(regions), "uai"].nunique(),
    )


def features(before: pd.DataFrame) -> pd.DataFrame:
    """Return what was known of each cell before: size, pressure, drift, level, voie, neighbours."""
    rows = before.reindex(
        columns=["cell", "uai", "rentree", "niveau", "voie", "entrants", "places", "voeux_1"]
    )
    group = rows.groupby("cell")
    sums = group[["entrants", "places", "voeux_1"]].sum(min_count=1)
    facts = group[["uai", "niveau", "voie"]].first()
    size = group["entrants"].mean()
    late = rows["rentree"] > rows["rentree"].max() - 3
    recent = rows[late].groupby("cell")["entrants"].mean().reindex(size.index)
    courses = rows.groupby("uai")["cell"].nunique()
    return pd.DataFrame(
        {
            "taille": np.log1p(size),
            "pression": np.log1p(sums["voeux_1"] / sums["places"].replace(0.0, np.nan)),
            "evolution": recent / size.replace(0.0, np.nan),
            "superieur": facts["niveau"].eq("superieur").astype(float),
            "apprentissage": facts["voie"].eq("apprentissage").astype(float),
            "formations": np.log(facts["uai"].map(courses)),
        }
    )


@dataclass(frozen=True, slots=True, eq=False)
class Propensity:
    """A fitted logit: log-odds of opening from `features`, unknown values at their mean."""

    mean: pd.Series
    spread: pd.Series
    slopes: np.ndarray

    def __call__(self, known: pd.DataFrame) -> pd.Series:
        """Return log-odds, up to a constant."""
        z = ((known - self.mean) / self.spread).fillna(0.0)
        return pd.Series(z.to_numpy() @ self.slopes, index=known.index)


def propensity(known: pd.DataFrame, opened: np.ndarray) -> Propensity:
    """Return the ridge logit of having opened, on the cells of the programme's region."""
    mean, spread = known.mean().fillna(0.0), known.std().replace(0.0, 1.0).fillna(1.0)
    z = ((known - mean) / spread).fillna(0.0).to_numpy()
    x = np.column_stack([np.ones(len(z)), z])
    penalty = RIDGE * np.diag([0.0, *np.ones(z.shape[1])])
    beta = np.zeros(x.shape[1])
    share = np.clip(opened.mean(), 1e-3, 1 - 1e-3)
    beta[0] = np.log(share / (1 - share))
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        hessian = (x * (p * (1 - p))[:, None]).T @ x + penalty + 1e-9 * np.eye(len(beta))
        beta = beta + np.linalg.solve(hessian, x.T @ (opened - p) - penalty @ beta)
    return Propensity(mean, spread, beta[1:])


@dataclass(frozen=True, slots=True, eq=False)
class HostRegions:
    """Cells that can receive seats, and how many establishments they make, by region."""

    cells: dict[str, np.ndarray]
    n_etabs: dict[str, int]

    @classmethod
    def of(cls, cells: pd.DataFrame) -> "HostRegions":
        """Return the hosts among an untouched panel's cells."""
        by_region = cells[cells["host"]].groupby("code_region")
        rows = {region: group.index.to_numpy() for region, group in by_region}
        return cls(rows, by_region["uai"].nunique().to_dict())

    def drawn(self, wanted: int, rng: np.random.Generator) -> np.ndarray:
        """Return the cells of one region, or of several drawn together when one is too small."""
        order = rng.permutation(np.array(list(self.n_etabs)))
        sizes = np.cumsum([self.n_etabs[region] for region in order])
        chosen = order[: 1 + int(np.searchsorted(sizes, GROUPED * wanted))]
        return np.sort(np.concatenate([self.cells[region] for region in chosen]))


def sites(
    openings: Openings, cells: pd.DataFrame, eligible: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the cell that receives each path, −1 for those left out of too small a host.

    Establishments are drawn without replacement with chances in proportion of their cells' odds,
    the largest programmes first; cells inside them likewise (Gumbel's trick).
    """
    score = cells["score"].to_numpy()[eligible]
    score = score + rng.gumbel(size=len(score))
    order = eligible[np.argsort(-score, kind="stable")]
    by_school: dict[int, list[int]] = {}
    for cell, school in zip(order, cells["etab"].to_numpy()[order], strict=True):
        by_school.setdefault(school, []).append(cell)
    needs = np.bincount(openings.uai)
    room = max(1, int(THINNED * len(by_school)))
    sources = rng.permutation(len(needs))[:room]
    chosen = np.full(len(openings.uai), -1)
    for source in sources[np.argsort(-needs[sources], kind="stable")]:
        fits = (s for s, own in by_school.items() if len(own) >= needs[source])
        school = next(fits, None)
        if school is None:
            school = max(by_school, key=lambda s: len(by_school[s]))
        paths = np.flatnonzero(openings.uai == source)[: len(by_school[school])]
        chosen[paths] = by_school.pop(school)[: len(paths)]
    return chosen
