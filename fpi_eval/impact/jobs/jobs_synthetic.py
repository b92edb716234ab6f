"""Jobs of a region beside a synthetic one, by year."""

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs.synthetic import SyntheticEffect, synthetic

FEWEST = 4  # years before, under which weights would follow chance


def synthetic_jobs(jobs: pd.DataFrame, region: str, *, start: int) -> SyntheticEffect:
    """Return the change in log jobs of the region from the year ``start`` on, placebo inference.

    Rows of ``jobs`` (code_region, annee, emplois) are summed; keep beforehand the sectors of one
    filière to follow it alone. Read `detectability` first: with 12 other regions no p-value goes
    below 1/13. Regions without jobs in some year are left out.
    """
    keys = ["code_region", "annee"]
    sums = jobs.groupby(keys, as_index=False)["emplois"].sum(min_count=1)
    known = sums[sums["emplois"] > 0]
    whole = known.groupby("code_region")["annee"].transform("size") == sums["annee"].nunique()
    frame = known[whole]
    if (np.unique(frame["annee"]) < start).sum() < FEWEST:
        raise FpiError(f"il faut au moins {FEWEST} années d'emploi avant {start}.")
    treated = (frame["code_region"] == region) & (frame["annee"] >= start)
    frame = frame.assign(y=np.log(frame["emplois"]), treated=treated)
    return synthetic(frame, unit="code_region", time="annee")
