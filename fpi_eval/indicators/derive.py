"""Columns that some indicators need, each from one row or one cell's own history."""

import pandas as pd

from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding

COUNTS = ("entrants", "places", "seats")


def _read(panel: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Return the panel, one row per cell × rentrée, its counts as numbers."""
    coding.once(panel, "cell", "rentree")
    return coding.with_numbers(coding.named_once(panel), ("rentree", *names))


@known_options
def entry_cohort(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with what its final-year students found at entry, ``duree − 1`` years ago.

    Adds ``entrants_cohorte``, ``places_cohorte`` and ``seats_cohorte``: missing before the panel
    begins.
    """
    panel = _read(panel, "duree", *(name for name in COUNTS if name in panel))
    names = [name for name in COUNTS if name in panel]
    past = panel[["cell", "rentree", *names]].rename(columns={n: f"{n}_cohorte" for n in names})
    past = past.rename(columns={"rentree": "_entree"})
    entered = panel.assign(_entree=panel["rentree"] - panel["duree"] + 1)
    joined = entered.merge(past, on=["cell", "_entree"], how="left", validate="many_to_one")
    return joined.drop(columns="_entree")


@known_options
def in_seats(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with the people in the programme's seats, pro rata of the cell.

    ``entrants_programme`` = entrants × seats / places (share at most 1), and
    ``diplomes_programme`` = graduates × the same share at their entry. This is bookkeeping: who
    would have studied elsewhere is the impact's question.
    """
    panel = _read(panel, "places", "seats", "entrants", "diplomes")
    panel = panel if "seats_cohorte" in panel else entry_cohort(panel)
    now = (panel["seats"] / panel["places"].where(panel["places"] > 0)).clip(0, 1)
    base = panel["places_cohorte"].where(panel["places_cohorte"] > 0)
    then = (panel["seats_cohorte"] / base).clip(0, 1)
    return panel.assign(
        entrants_programme=(panel["entrants"] * now).mask(panel["seats"] <= 0, 0.0),
        diplomes_programme=(panel["diplomes"] * then).mask(panel["seats_cohorte"] <= 0, 0.0),
    )
