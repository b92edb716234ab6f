"""Placebo regions: what the estimator finds where the programme did not go."""

import numpy as np
import pandas as pd
from scipy.stats import chi2

from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.few_treated import Placement, paths_of
from fpi_eval.impact.frame import effects, sample
from fpi_eval.impact.uncertainty import Candidate
from fpi_eval.regression import placebo_error
from fpi_eval.regression.absorb import Absorber
from fpi_eval.regression.sandwich import codes, sum_by

MINIMUM = 5  # placebo regions from which their spread can be read


@any_table
def placebo_regions(
    panel: pd.DataFrame,
    y: str = "diplomes",
    *,
    niveau: str | None = None,
    region_effects: bool = True,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the effect per seat "found" in each untreated region, doses and dates copied there.

    The treated regions' rows leave the sample; their openings are put in establishments of the
    placebo region drawn at random among those with enough courses. With 12 regions no p-value
    goes below 1/13.

    Returns
    -------
    DataFrame
        Columns code_region, estimate, std_error (by establishment); ``attrs`` has std_error (root
        mean square of the estimates) and df.
    """
    frame = sample(panel, y, niveau=niveau)
    table = copied(frame, region_effects=region_effects, seed=seed)
    if table.empty:
        raise FpiError("toutes les régions ouvrent des places : il n'y a pas de région placebo.")
    return table


def copied(frame: pd.DataFrame, *, region_effects: bool = True, seed: int = 0) -> pd.DataFrame:
    """Return `placebo_regions` of an estimation frame; empty if every region opens seats."""
    treated = frame.loc[frame["dose"] != 0, "code_region"].unique()
    paths = paths_of(frame)
    rest = frame[~frame["code_region"].isin(treated)]
    regions = np.sort(rest["code_region"].unique())
    if len(regions) == 0:
        return pd.DataFrame({"code_region": [], "estimate": [], "std_error": []})
    n = rest["size"].to_numpy(float)
    absorber = Absorber(effects(rest, region=region_effects), n)
    place, rng = Placement(rest), np.random.default_rng(seed)
    seats = np.zeros((len(rest), len(regions)))
    for m, region in enumerate(regions):
        cells = rest[rest["code_region"] == region].drop_duplicates("cell").groupby("uai").size()
        dose = place(paths, _homes(cells, [len(p) for p in paths], rng))
        seats[list(dose), m] = list(dose.values())
    y = absorber.residualize(rest["y"].to_numpy() / n) * n
    table = pd.DataFrame({"code_region": regions})
    net = absorber.residualize(np.sign(seats))
    table[["estimate", "std_error"]] = _walds(y, seats, net, rest["uai"].to_numpy())
    values = table["estimate"].to_numpy()
    table.attrs["std_error"], table.attrs["df"] = placebo_error(values)
    return table


def _walds(y: np.ndarray, seats: np.ndarray, net: np.ndarray, uai: np.ndarray) -> np.ndarray:
    """Return seat-weighted Walds and their clustered errors, one row per column of ``seats``.

    ``y`` is the weighted outcome net of effects, ``net`` the sign of seats net of effects.
    """
    length = np.einsum("im,im->m", net, seats)
    values = np.divide(y @ net, length, out=np.full(len(length), np.nan), where=length > 0)
    scores = sum_by(codes(uai)[0], net * (y[:, None] - seats * values))
    spread = np.sqrt((scores**2).sum(axis=0) * len(scores) / (len(scores) - 1))
    return np.column_stack([values, spread / length])


def candidate(frame: pd.DataFrame, std_error: float) -> list[Candidate]:
    r"""Return the clustered error as the placebo regions would correct it, if they call for it.

    A shock of a whole region is invisible to errors clustered inside it, and shows in regions
    where nothing was opened. Regions differ in size, hence each placebo is compared to its own
    clustered error: :math:`f^2 = \frac1R \sum_r (\hat\theta_r / s_r)^2` is 1 on average without
    such shocks, and the error becomes :math:`f` times ``std_error``, with t(R). It is called for
    when :math:`R f^2` passes the 95 % point of its chi-square; nothing is returned otherwise, nor
    with fewer than `MINIMUM` regions.
    """
    table = copied(frame).dropna()
    table = table[table["std_error"] > 0]
    df = len(table)
    total = float(((table["estimate"] / table["std_error"]) ** 2).sum())
    if df < MINIMUM or total <= chi2.ppf(0.95, df):
        return []
    error = std_error * np.sqrt(total / df)
    return [Candidate(f"{df} régions placebo, t à {df} degrés de liberté", error, df)]


def _homes(cells: pd.Series, needs: list[int], rng: np.random.Generator) -> list[str]:
    """Return one establishment per source, without replacement while some are left.

    The largest sources choose first; where none is large enough the largest left is taken.
    """
    order = rng.permutation(len(cells))
    names, sizes = cells.index.to_numpy()[order], cells.to_numpy()[order]
    free = np.ones(len(names), dtype=bool)
    homes = [""] * len(needs)
    for j in np.argsort(needs)[::-1]:
        if not free.any():
            free[:] = True
        fits = free & (sizes >= needs[j])
        home = np.argmax(fits) if fits.any() else np.argmax(np.where(free, sizes, -1))
        homes[j] = names[home]
        free[home] = False
    return homes
