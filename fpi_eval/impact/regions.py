"""Placebo regions: what the estimator finds where the programme did not go."""

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.absorb import Absorber
from fpi_eval.impact.few import Placement, moved_walds, paths_of
from fpi_eval.impact.seats import effects, sample
from fpi_eval.inference import placebo_error


def placebo_regions(
    panel: pd.DataFrame,
    outcome: str = "diplomes",
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
        Columns code_region, estimate; ``attrs`` has std_error (root mean square) and df.
    """
    frame = sample(panel, outcome, niveau=niveau)
    treated = frame.loc[frame["dose"] != 0, "code_region"].unique()
    paths = paths_of(frame)
    rest = frame[~frame["code_region"].isin(treated)]
    regions = np.sort(rest["code_region"].unique())
    if len(regions) == 0:
        raise FpiError("toutes les régions ouvrent des places : il n'y a pas de région placebo.")
    n = rest["size"].to_numpy(float)
    absorber = Absorber(effects(rest, region=region_effects), n)
    net = absorber.residualize(rest["y"].to_numpy() / n) * n
    place, rng = Placement(rest), np.random.default_rng(seed)
    doses = []
    for region in regions:
        cells = rest[rest["code_region"] == region].drop_duplicates("cell").groupby("uai").size()
        doses.append(place(paths, _homes(cells, [len(p) for p in paths], rng)))
    values = moved_walds(doses, np.column_stack([net, net]), absorber, n)[:, 0]
    table = pd.DataFrame({"code_region": regions, "estimate": values})
    table.attrs["std_error"], table.attrs["df"] = placebo_error(values)
    return table


def _homes(cells: pd.Series, needs: list[int], rng: np.random.Generator) -> list[str]:
    """Return one establishment per source, without replacement while some are left.

    The largest sources choose first; where none is large enough the largest left is taken.
    """
    free = cells.sample(frac=1, random_state=rng)
    homes = [""] * len(needs)
    for j in np.argsort(needs)[::-1]:
        if free.empty:
            free = cells.sample(frac=1, random_state=rng)
        fits = free.index[free >= needs[j]]
        homes[j] = fits[0] if len(fits) else free.idxmax()
        free = free.drop(homes[j])
    return homes
