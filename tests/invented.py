"""Small invented cell panels whose truth is known."""

import numpy as np
import pandas as pd


def invented_panel(
    seed: int = 0, *, regions=5, etabs=12, courses=6, years=range(2016, 2031), opened=14,
    per_seat=0.5, etab=-0.1, dep=-0.1, noise=0.0, trend=0.0, new=0, start=2022,
    proportional=True,
) -> pd.DataFrame:  # fmt: skip
    """Return a panel where a seat adds ``per_seat`` graduates and takes from its neighbours.

    Only region "84" opens seats. Effects of cell, course × year and region × year are large,
    the latter two in proportion of the cell's size if ``proportional``.
    """
    from fpi_eval.panel.cells import exposures, seat_grid, size_before

    rng = np.random.default_rng(seed)
    years = np.asarray(list(years))
    cells = pd.DataFrame(
        [
            (f"{r:02d}{e:03d}", c, r, e % 4)
            for r in range(regions) for e in range(etabs)
            for c in rng.choice(courses, size=4, replace=False)
        ], columns=["uai", "course", "region", "dep"],
    )  # fmt: skip
    n = len(cells)
    cells["cell"] = np.arange(n)
    cells["famille"] = "f" + (cells["course"] % 3).astype(str)
    cells["duree"] = 1 + cells["course"] % 3
    cells["code_region"] = np.where(cells["region"] == 0, "84", cells["region"].astype(str))
    cells["code_departement"] = cells["region"].astype(str) + cells["dep"].astype(str)
    cells["code_academie"] = cells["code_region"]
    cells["course"] = "c" + cells["course"].astype(str)
    cells["filiere"], cells["niveau"], cells["voie"] = "numerique", "secondaire", "scolaire"
    size = rng.uniform(15, 40, n)
    treated = rng.choice(np.flatnonzero(cells["code_region"] == "84"), opened, replace=False)
    first = np.full(n, np.inf)
    first[treated] = start + rng.integers(0, 3, opened)
    seats = np.zeros(n)
    seats[treated] = rng.choice([6.0, 12, 24], opened)
    cells["nouvelle"] = False
    cells.loc[treated[:new], "nouvelle"] = True
    panel = cells.loc[cells.index.repeat(len(years))].reset_index(drop=True)
    panel["rentree"] = np.tile(years, n)
    panel["seats"] = np.where(panel["rentree"] >= first[panel["cell"]], seats[panel["cell"]], 0.0)
    panel["autres_places"] = 0.0
    panel["entrants"] = size[panel["cell"]]
    grid = seat_grid(panel)
    near, far = exposures(grid, size_before(panel, grid))
    at = panel["rentree"] - panel["duree"] + 1 - years[0]
    inside, at = (at >= 0).to_numpy(), np.maximum(at, 0)
    cell = panel["cell"].to_numpy()

    factor = size[cell] / 25 if proportional else 1.0

    def past(m):
        return np.where(inside, m[cell, at], 0.0)

    def shock(*keys):
        codes = panel.groupby(list(keys)).ngroup().to_numpy()
        return factor * rng.normal(0, 3, codes.max() + 1)[codes]

    panel["diplomes"] = (
        rng.uniform(5, 40, n)[cell] + shock("course", "rentree") + shock("code_region", "rentree")
        + per_seat * past(grid.seats) + etab * past(near) + dep * past(far)
        + trend * seats[cell] * (panel["rentree"] - years[0])
        + noise * rng.normal(size=len(panel))
    )  # fmt: skip
    existed = ~panel["nouvelle"] | (panel["seats"] > 0)
    panel.loc[panel["nouvelle"], "diplomes"] = (per_seat * past(grid.seats))[panel["nouvelle"]]
    return panel[existed].drop(columns=["region", "dep"]).reset_index(drop=True)


def opened_elsewhere(panel: pd.DataFrame, since: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows where seats opened in some cells of other regions, and where they can act."""
    some = np.random.default_rng(0).choice(panel["cell"].unique(), 60, replace=False)
    there = (panel["code_region"] != "84") & panel["cell"].isin(some)
    acting = panel["rentree"] - panel["duree"] + 1 >= since
    return (there & (panel["rentree"] >= since)).to_numpy(), (there & acting).to_numpy()
