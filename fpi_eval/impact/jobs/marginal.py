"""Who graduates because seats opened: each group's share among them, beside its share before."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS
from fpi_eval.impact.j import j
from fpi_eval.misspelt import known_options
from fpi_eval.panel import CellPanel, coding
from fpi_eval.panel.cells import known_of
from fpi_eval.results import Result

DESCRIPTION = (
    "La part d'un groupe parmi les diplômés de plus est l'effet par place (J) sur les diplômés du "
    "groupe, rapporté à l'effet sur tous. Son écart à la part d'avant est l'effet sur « diplômés "
    "du groupe − part d'avant × diplômés », même régression et même erreur, rapporté au même "
    "effet, comme on décrit les personnes qu'un instrument fait changer (Abadie, 2003)."
)
EMPTY = pd.Series(dtype=float)
TIDY = {"groupe": "label", "ecart": "estimate", "ecart_bas": "ci_low", "ecart_haut": "ci_high"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Marginal(Result):
    """Share of each group before the openings and among the graduates they add.

    ``table`` columns: ``groupe``, ``avant``, ``marginaux``, ``ecart``, ``ecart_bas``,
    ``ecart_haut`` (95 %, the total effect taken as known).
    """

    caption = "Qui sont les diplômés de plus"
    methode = DESCRIPTION

    table: pd.DataFrame = field(repr=False)

    def summary(self) -> str:
        """Return one French sentence a group."""
        lines = []
        for row in self.table.itertuples():
            apart = row.ecart_bas > 0 or row.ecart_haut < 0
            lines.append(
                f"{row.groupe} : {text.pourcent(row.avant)} des diplômés avant, "
                f"{text.pourcent(row.marginaux)} des diplômés de plus"
                + ("." if apart else " (écart qu'on ne distingue pas du hasard).")
            )
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row a group: its share before and among those added, and their gap."""
        return self.table.rename(columns=TIDY)


@known_options
def marginal(
    panel: CellPanel | pd.DataFrame, groups: Iterable[str], outcome: str = "diplomes"
) -> Marginal:
    """Return who the additional graduates are.

    Parameters
    ----------
    panel : CellPanel or DataFrame
        Cells with ``outcome`` and a column ``<outcome>_<group>`` for each group; shares are of
        those of whom one knows (`panel.cells.known_of`). A group not known before the openings
        is left out, as one where the people added may be nobody: shares would be gaps over noise.

    Raises
    ------
    FpiError
        No group is left.
    """
    table = CellPanel.of(panel).table
    coding.needed(table, "cell", "rentree", "seats", "cohort", outcome)
    rows, told = [], [g for g in groups if table.get(f"{outcome}_{g}", EMPTY).notna().any()]
    for group in told:
        column = f"{outcome}_{group}"
        count = known_of(table, outcome, group).where(table[column].notna())
        known = table.assign(**{outcome: count})  # seats of rows not told still count
        before = known[known["cell"].isin(known.loc[known["seats"] > 0, "cell"])]
        before = before[before["rentree"] < before["cohort"]].dropna(subset=outcome)
        if not before[outcome].sum() > 0:
            continue
        total = j(known, outcome)[GROSS]
        if not total.ci_low > 0:
            continue
        share = float(before[column].sum() / before[outcome].sum())
        found = j(known.assign(**{outcome: known[column] - share * known[outcome]}), outcome)[GROSS]
        gap = np.array([found.estimate, found.ci_low, found.ci_high]) / total.estimate
        rows.append((group, share, share + gap[0], *gap))
    if told and not rows:
        raise FpiError(
            "pas de diplômé de plus que l'on distingue de zéro, ou groupes inconnus avant les "
            "ouvertures."
        )
    names = ["groupe", "avant", "marginaux", "ecart", "ecart_bas", "ecart_haut"]
    return Marginal(pd.DataFrame(rows, columns=names))
