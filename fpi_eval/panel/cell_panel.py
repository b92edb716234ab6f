"""The cell panel with what its files let one know of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from fpi_eval.text import SIMULATED, nombre, pluriel, pourcent

NAN = float("nan")
UNPLACED = (
    "formation laissée de côté, sans durée ou sans région connue",
    "formations laissées de côté, sans durée ou sans région connue",
)


def opened_seats(rows: pd.DataFrame, keys: Sequence[str] = ("cell",)) -> pd.Series:
    """Return the seats open at the last rentrée of each cell, by ``keys``; closures open none."""
    last = rows.sort_values("rentree", kind="stable").drop_duplicates([*keys], keep="last")
    return last.set_index([*keys])["seats"].clip(lower=0)


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
    unplaced : int
        Cells left out: no file tells how long their course is, or where they are.
    pooled : bool
        Two consecutive years of an outcome share a cohort.
    simulated : bool
        Files are the twin's.
    """

    table: pd.DataFrame
    seats_derived: bool = False
    matched: float = NAN
    unresolved: float = NAN
    pooled: bool = False
    unplaced: int = 0
    simulated: bool = False

    @classmethod
    def of(cls, panel: "CellPanel | pd.DataFrame") -> "CellPanel":
        """Return the panel itself, or a table of which nothing more is known."""
        return panel if isinstance(panel, cls) else cls(panel)

    def __repr__(self) -> str:
        """Return what it holds, and what decides of what may be said of it."""
        seats = "hausses de capacité, sans registre" if self.seats_derived else "registre"
        facts = (
            ("appariées au registre", self.matched),
            ("ouvertes puis disparues des fichiers", self.unresolved),
        )
        said = [f"{words} : {pourcent(share)}" for words, share in facts if pd.notna(share)]
        pooled = ["deux années qui se suivent partagent une cohorte"] * self.pooled
        aside = [pluriel(self.unplaced, *UNPLACED)] * (self.unplaced > 0)
        rows = f"{nombre(len(self.table))} lignes (formation × rentrée), dans .table"
        rows += f" ({SIMULATED.lower()})" * self.simulated
        return " ; ".join([f"Panel : {rows}", f"places : {seats}", *said, *aside, *pooled])

    def with_table(self, table: pd.DataFrame) -> "CellPanel":
        """Return the same facts about another table of the same files."""
        return replace(self, table=table)
