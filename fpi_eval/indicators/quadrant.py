"""Where a course stands against the mean of its region: Orion's quadrants."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fpi_eval.disclosure import Gate, Thresholds
from fpi_eval.disclosure.rules import below
from fpi_eval.indicators.catalogue import TAUX_EMPLOI_6_MOIS, TAUX_POURSUITE
from fpi_eval.indicators.compute import compute
from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding

GROUP = ("code_region", "niveau_diplome", "millesime")
OUTSIDE = "Hors quadrant"


@known_options
def quadrant(
    panel: pd.DataFrame,
    *,
    by: Sequence[str] = ("course",),
    thresholds: Thresholds | None = None,
) -> pd.DataFrame:
    """Return the quadrant of each course, voie scolaire, against its group's mean.

    Q1: employment and continuation at or above the mean; Q2: employment only; Q3: continuation
    only; Q4: neither. The group is the region × type of diploma × millésime, as Orion's
    (`importPositionsQuadrant`). The mean is that of the group's counts (sum over sum),
    not of its rates; over fewer courses than the smallest count that may be told, there is none.
    A course is « Hors quadrant » where a rate is unknown or under the publisher's denominator, or
    where its group has no mean.

    Returns
    -------
    DataFrame
        `GROUP`, `by`, ``taux_emploi_6_mois``, ``taux_poursuite``, the group's means
        ``moyenne_emploi`` and ``moyenne_poursuite``, ``quadrant``.
    """
    coding.needed(panel, *GROUP, *by, "voie", use=", nécessaire aux quadrants")
    rows, keys = panel[panel["voie"] == "scolaire"], [*GROUP, *by]
    limits = thresholds or Thresholds()
    gate = Gate(limits.effectif_minimum)
    table: Any = None
    for indicator, mean in (
        (TAUX_EMPLOI_6_MOIS, "moyenne_emploi"),
        (TAUX_POURSUITE, "moyenne_poursuite"),
    ):
        one = compute(rows, indicator, keys)
        courses = one.dropna(subset="value").groupby(list(GROUP))[by[0]].nunique()
        few = courses.index[[not gate.told(n) for n in courses]]
        value = one["value"].mask(below(one["denominator"], limits))
        one = one[keys].assign(**{indicator.name: value})
        means = compute(rows, indicator, GROUP).set_index(list(GROUP))["value"].rename(mean)
        means = means.mask(means.index.isin(few)).reset_index()
        one = one.merge(means, on=list(GROUP), validate="many_to_one")
        table = one if table is None else table.merge(one, on=keys, validate="one_to_one")
    employed = table[TAUX_EMPLOI_6_MOIS.name] >= table["moyenne_emploi"]
    continuing = table[TAUX_POURSUITE.name] >= table["moyenne_poursuite"]
    told = [TAUX_EMPLOI_6_MOIS.name, TAUX_POURSUITE.name, "moyenne_emploi", "moyenne_poursuite"]
    known = table[told].notna().all(axis=1)
    place = np.select(
        [~known, employed & continuing, employed, continuing], [OUTSIDE, "Q1", "Q2", "Q3"], "Q4"
    )
    table = table.assign(quadrant=place)
    return table[[*keys, *told, "quadrant"]]
