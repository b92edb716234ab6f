"""What was already published when a rentrée's report is made: nothing later is read."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from fpi_eval.calendar import last_published
from fpi_eval.sources.reading.reading import Reading

MONTHS = re.compile(r"_(\d+)_mois")
LONGEST = 24  # months: InserSup's 30 come out in the same year
LATE = "pas encore publié"


def last_counted(rentree: int) -> int:
    """Return the last year that yearly files of jobs (Urssaf, Dares) count: out within a year."""
    return rentree - 1


def published(reading: Reading, rentree: int) -> Reading:
    """Return the reading without rows, nor values of rows, published after the day of view."""
    table, late = reading.table, _late_rows(reading.table, rentree)
    if late.any():
        aside = {**reading.provenance.lignes_ecartees, LATE: int(late.sum())}
        origin = replace(reading.provenance, lignes_ecartees=aside)
        reading = Reading(table[~late].reset_index(drop=True), origin)
    return _without_late_values(reading, rentree) if "millesime" in table else reading


def _late_rows(table: pd.DataFrame, rentree: int) -> pd.Series:
    """Return which rows are of leavers, exams, jobs, places or openings not known yet."""
    if "millesime" in table:
        return _leavers(table) > last_published("en_emploi_6_mois", rentree)
    if "session" in table:
        return table["session"] > last_published("diplomes", rentree)
    if "annee" in table:
        return table["annee"] > last_counted(rentree)
    if "rentree" in table:
        return table["rentree"] > rentree
    return pd.Series(False, table.index)


def _leavers(table: pd.DataFrame) -> pd.Series:
    """Return the last year of leavers of each row's millésime."""
    each, named = pd.factorize(table["millesime"])
    years = np.array([int(one[-4:]) for one in named], dtype="int64")
    return pd.Series(years[each], table.index)


def _without_late_values(reading: Reading, rentree: int) -> Reading:
    """Return the reading whose figures so many months after are blank while they are to come."""
    table = reading.table
    leavers, blank = _leavers(table), {}
    for name in table.columns:
        if found := MONTHS.search(name):
            outcome = f"en_emploi_{min(int(found[1]), LONGEST)}_mois"
            if (late := leavers > last_published(outcome, rentree)).any():
                blank[name] = table[name].mask(late)
    return Reading(table.assign(**blank), reading.provenance)
