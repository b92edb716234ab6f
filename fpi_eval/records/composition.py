"""Students and graduates by group: women, adults, no earlier diploma, living in the region."""

from typing import Any

import pandas as pd

from fpi_eval.panel.cells import KNOWN
from fpi_eval.records.open import Records, run
from fpi_eval.records.panel import KEYS, persons_of

ADULT = 20  # age reached in the autumn of the final year
NONE = "aucun"


def with_groups(records: Records, counted: pd.DataFrame) -> pd.DataFrame:
    """Return counts with ``terminale_<group>`` and ``diplomes_<group>`` for each group known.

    Beside each, those of whom the files tell (`panel.cells.KNOWN`): its share is of them alone.
    """
    persons = persons_of(records)
    sums = {}
    for name, member in _members(persons).items():
        columns = ("{outcome}_{group}", member.fill_null(False)), (KNOWN, member.notnull())
        for column, told in columns:
            one = told.cast("int64")
            sums[column.format(outcome="terminale", group=name)] = one.sum()
            sums[column.format(outcome="diplomes", group=name)] = (one * persons["diplome"]).sum()
    if not sums:
        return counted
    found = run(persons.group_by(KEYS).aggregate(**sums))
    found["rentree"] = found["rentree"].astype("int64")
    for name in KEYS[:-1]:
        found[name] = found[name].astype(object).where(found[name].notna(), None)
    return counted.merge(found, "left", KEYS)


def _members(persons: Any) -> dict[str, Any]:
    """Return whether each person is in each group, for those that the files tell."""
    columns, found = set(persons.columns), {}
    if "sexe" in columns:
        found["femmes"] = persons["sexe"] == "F"
    if "annee_naissance" in columns:
        found["adultes"] = persons["rentree"] - persons["annee_naissance"] >= ADULT
    if "diplome_anterieur" in columns:
        found["sans_diplome"] = persons["diplome_anterieur"] == NONE
    found["residents"] = persons["region_residence"] == persons["region"]
    return found
