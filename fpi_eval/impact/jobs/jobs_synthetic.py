"""Jobs of a region, or of its zones, beside a synthetic one: by year or by quarter."""

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs.synthetic import SyntheticEffect, synthetic

FEWEST = 4  # periods before, under which weights would follow chance


def synthetic_jobs(
    jobs: pd.DataFrame,
    region: str,
    *,
    start: int,
    unit: str = "code_region",
    time: str = "annee",
    method: str = "sdid",
    draws: int = 200,
    seed: int = 0,
) -> SyntheticEffect:
    """Return the change in log jobs of the region's units from ``start`` on, placebo inference.

    Parameters
    ----------
    jobs : DataFrame
        ``code_region``, ``unit``, ``time``, emplois: rows are summed by unit and time; keep
        beforehand the sectors of one filière to follow it alone.
    start : int
        First period with graduates of the programme.
    unit : str
        "code_region", or "code_zone": then the region's zones are the treated ones.
    time : str
        Column of whole numbers; see `quarter` for quarterly series.
    method : {"sdid", "sc", "did"}

    Notes
    -----
    Read `detectability` first. With 12 other regions no p-value goes below 1/13. Units without
    jobs at some date are left out, and so are zones of several regions.
    """
    homes = jobs.groupby(unit)["code_region"].nunique()
    inside = jobs[jobs[unit].isin(homes.index[homes == 1])]
    sums = inside.groupby([unit, time], as_index=False)["emplois"].sum(min_count=1)
    periods = sums[time].nunique()
    whole = sums[sums["emplois"] > 0].groupby(unit)[time].transform("size") == periods
    frame = sums[sums["emplois"] > 0][whole]
    if (np.unique(frame[time]) < start).sum() < FEWEST:
        raise FpiError(f"il faut au moins {FEWEST} périodes d'emploi avant {start}.")
    home = inside.groupby(unit)["code_region"].first()
    treated = (frame[unit].map(home) == region) & (frame[time] >= start)
    frame = frame.assign(y=np.log(frame["emplois"]), treated=treated)
    return synthetic(frame, unit=unit, time=time, method=method, draws=draws, seed=seed)
