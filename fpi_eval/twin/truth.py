"""The true effect of the simulated programme, counted pupil by pupil on the same draw.

Nothing here knows an estimator: the truth is the difference between the world with the programme
and the world without it, pupils who exist in both cancelling out exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.calendar import LABELS
from fpi_eval.errors import FpiError
from fpi_eval.twin.applied import OUTCOMES, Applied
from fpi_eval.twin.world import FIRST, YEARS, lag

#: Outcomes of the truth; ``industrie``: employed at six months in the region's industry.
TRUE_OUTCOMES = (*OUTCOMES, "industrie")
NAMES = text.RESULTATS | LABELS | {"industrie": "En emploi à 6 mois, industrie de la région"}
PARTS = ("own", "displaced", "anticipated")


@dataclass(frozen=True, slots=True, repr=False)
class Truth:
    """What the programme really changed.

    Parameters
    ----------
    cells : pandas.DataFrame
        One row per cell × rentrée × outcome that the programme touches: ``cell``, ``rentree``,
        ``outcome``, ``filiere``, ``niveau``, ``voie``, ``age`` (years since the first opening of
        the cell when these pupils entered; missing for neighbours), ``seats`` (in force when
        they entered, 0 for neighbours), ``own``, ``displaced``, ``anticipated`` (pupils, signed).
    cohorts : pandas.DataFrame
        The same pupils followed from entry, for pupils whose final year is in the window: one row
        per cell × entry rentrée, one column per outcome, own effect only.
    """

    cells: pd.DataFrame
    cohorts: pd.DataFrame

    def __repr__(self) -> str:
        """Return what a terminal and a notebook show: effects by outcome, in all and per seat."""
        head = "Effets vrais du programme simulé, rentrées additionnées, en élèves :"
        return "\n".join([head, *(_said(name, self.per_seat(name)) for name in TRUE_OUTCOMES)])

    def effects(self, by: Sequence[str] = ()) -> pd.DataFrame:
        """Return effects by outcome and by ``filiere``, ``niveau``, ``voie``, ``rentree``, ``age``.

        Columns: ``seats`` (seat-years over treated cell-sessions), ``own``, ``displaced``,
        ``anticipated`` and ``net`` in pupils; ``theta`` = own / seats, ``kappa`` = displaced /
        seats; ``diversion`` = −kappa / theta.

        Displaced pupils are counted where they were lost: by filière or level, the seats of one
        group may displace pupils of another, and by age they are those of the missing age.
        """
        table = self.cells.groupby(["outcome", *by], sort=False, observed=True, dropna=False)
        table = table[["seats", *PARTS]].sum().reset_index()
        table["net"] = table["own"] + table["displaced"]
        seats = table["seats"].where(table["seats"] != 0)
        table["theta"] = table["own"] / seats
        table["kappa"] = table["displaced"] / seats
        table["diversion"] = -table["displaced"] / table["own"].where(table["own"] != 0)
        return table

    def per_seat(self, outcome: str, *, until: int | None = None) -> dict[str, float]:
        """Return ``theta``, ``kappa``, ``net`` and totals of one outcome, up to a rentrée.

        Zero seats give zero effects, so that a twin without programme has a truth of zero.
        """
        if outcome not in TRUE_OUTCOMES:
            raise FpiError(f"jumeau : résultat « {outcome} » inconnu ({', '.join(TRUE_OUTCOMES)}).")
        rows = self.cells[self.cells["outcome"] == outcome]
        if until is not None:
            rows = rows[rows["rentree"] <= until]
        seats, own, displaced = (float(rows[c].sum()) for c in ("seats", "own", "displaced"))
        scale = 1 / seats if seats else 0.0
        return {
            "seats": seats,
            "own": own,
            "displaced": displaced,
            "theta": own * scale,
            "kappa": displaced * scale,
            "net": (own + displaced) * scale,
        }


def _said(outcome: str, found: dict[str, float]) -> str:
    """Return the effects on one outcome in words."""
    own, lost = found["own"], found["displaced"]
    return (
        f"  {NAMES[outcome]} : {text.signe(own)} dans les places ouvertes, {text.signe(lost)} dans "
        f"les formations voisines, {text.signe(own + lost)} net ({text.signe(found['net'], 3)} par "
        "place)"
    )


def measure(programme: Applied) -> Truth:
    """Return the truth of a programme from the pupils it adds and removes."""
    return Truth(_cells(programme), _cohorts(programme))


def _cells(programme: Applied) -> pd.DataFrame:
    changes, table = programme.changes, programme.world.cells
    duree = table["duree"].to_numpy()
    moved = (programme.seats != 0).any(axis=1)
    moved[changes["cell"]] = True
    touched = np.flatnonzero(moved)
    place = np.cumsum(moved) - 1
    seats = programme.seats[touched]
    doses = {True: seats, False: lag(seats, duree[touched])}
    codes = {name: k for k, name in enumerate(PARTS)}
    part = changes["part"].map(codes).to_numpy(dtype=int)
    at = place[changes["cell"].to_numpy()]
    seen = changes["seen"].to_numpy()
    columns: dict[str, list[np.ndarray]] = {}
    for outcome in TRUE_OUTCOMES:
        first = outcome == "entrants"
        rows = np.ones(len(seen), dtype=bool) if first else seen
        when = changes["year" if first else "final"].to_numpy()[rows]
        total = np.zeros((len(PARTS), *seats.shape))
        np.add.at(total, (part[rows], at[rows], when), changes[outcome].to_numpy()[rows])
        cell, year = np.nonzero((doses[first] != 0) | (total != 0).any(axis=0))
        kept = YEARS[year] >= FIRST
        cell, year = cell[kept], year[kept]
        frame = {"cell": touched[cell].astype("int64"), "rentree": YEARS[year]}
        frame |= {"outcome": np.full(len(cell), outcome, dtype=object)}
        frame |= {"seats": doses[first][cell, year]}
        frame |= {name: total[k, cell, year] for k, name in enumerate(PARTS)}
        for name, values in frame.items():
            columns.setdefault(name, []).append(values)
    out = pd.DataFrame({name: np.concatenate(values) for name, values in columns.items()})
    for name in ("voie", "niveau", "filiere"):
        out.insert(3, name, table[name].array.take(out["cell"].to_numpy()))
    wait = np.where(out["outcome"] == "entrants", 0, duree[out["cell"]] - 1)
    opened = programme.seats > 0
    opening = np.where(opened.any(axis=1), YEARS[np.argmax(opened, axis=1)], np.nan)
    out.insert(6, "age", out["rentree"] - wait - opening[out["cell"]])
    return out


def _cohorts(programme: Applied) -> pd.DataFrame:
    """Return own effects by entry cohort, for those whose final year falls in the window."""
    changes = programme.changes
    own = changes[(changes["part"] == "own") & changes["seen"]]
    names = list(TRUE_OUTCOMES)
    counts = own.groupby(["cell", "year"])[names].sum()
    last = len(YEARS) - programme.world.cells["duree"].to_numpy()
    cell, year = np.nonzero(programme.seats)
    kept = year <= last[cell]
    index = pd.MultiIndex.from_arrays([cell[kept], year[kept]], names=["cell", "year"])
    table = counts.reindex(index, fill_value=0.0).reset_index()
    table.insert(2, "seats", programme.seats[table["cell"], table["year"]])
    table["year"] = YEARS[table["year"]]
    return table.rename(columns={"year": "rentree_entree"})
