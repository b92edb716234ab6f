"""The cell panel with what its files let one know of it."""

from dataclasses import dataclass, replace

import pandas as pd

NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class CellPanel:
    """One row per cell × rentrée, and the facts that decide what a report may say of it.

    Attributes
    ----------
    table : DataFrame
    seats_derived : bool
        No register: seats are the increases that capacity files show.
    matched : float
        Share of the register's seats found, where files cover their voie and level; NaN unknown.
    unresolved : float
        Share of opened cells that vanish, their seats still in force; NaN unknown.
    pooled : bool
        Two consecutive years of an outcome share a cohort.
    """

    table: pd.DataFrame
    seats_derived: bool = False
    matched: float = NAN
    unresolved: float = NAN
    pooled: bool = False

    @classmethod
    def of(cls, panel: "CellPanel | pd.DataFrame") -> "CellPanel":
        """Return the panel itself, or a table of which nothing more is known."""
        return panel if isinstance(panel, cls) else cls(panel)

    def with_table(self, table: pd.DataFrame) -> "CellPanel":
        """Return the same facts about another table of the same files."""
        return replace(self, table=table)
