"""Seats beside the jobs of the sectors that a filière feeds."""

from collections.abc import Sequence

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding


@known_options
def join_jobs(seats: pd.DataFrame, jobs: pd.DataFrame, *, on: Sequence[str]) -> pd.DataFrame:
    """Return seats by territory with their jobs, ready for ``PLACES_POUR_1000_EMPLOIS``.

    Parameters
    ----------
    seats : DataFrame
        `on` (zone d'emploi or département, and filière if jobs have it) and ``places_ouvertes``.
    jobs : DataFrame
        `on` and ``emplois``; rows of one territory (sectors) are added.
    on : sequence of str
        Keys of the territory.

    Returns
    -------
    DataFrame
        `on`, ``places_ouvertes`` (0 without an opening) and ``emplois_industriels``.

    Raises
    ------
    FpiError
        If seats are in a territory without jobs: a code of another year (zones d'emploi changed
        in 2020), most often.
    """
    keys = list(on)
    for table, count in ((seats, "places_ouvertes"), (jobs, "emplois")):
        coding.needed(table, *keys, count)
    seats = coding.with_numbers(seats, ["places_ouvertes"])
    jobs = coding.with_numbers(jobs, ["emplois"])
    opened = seats.groupby(keys, as_index=False)["places_ouvertes"].sum(min_count=1)
    work = jobs.groupby(keys, as_index=False)["emplois"].sum(min_count=1)
    both = work.merge(opened, on=keys, how="outer", indicator=True, validate="one_to_one")
    lost = both.loc[both["_merge"] == "right_only", keys[0]]
    if len(lost):
        raise FpiError(
            f"territoire « {lost.iloc[0]} » : des places y sont ouvertes, aucun emploi n'y est "
            "connu. Vérifiez le millésime du zonage.",
            colonne=keys[0],
        )
    both = both.rename(columns={"emplois": "emplois_industriels"})
    without = both["_merge"] == "left_only"
    return both.assign(places_ouvertes=both["places_ouvertes"].mask(without, 0.0))[
        [*keys, "places_ouvertes", "emplois_industriels"]
    ]
