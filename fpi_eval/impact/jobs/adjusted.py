"""The gross effect given who the students were: J with covariates, and doubly robust."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.disclosure import Gate
from fpi_eval.errors import FpiError
from fpi_eval.impact.callaway_santanna import callaway_santanna
from fpi_eval.impact.frame import GROSS, sample
from fpi_eval.impact.imputation import unexposed
from fpi_eval.impact.j import fit_j, report
from fpi_eval.impact.uncertainty import CR1, answer
from fpi_eval.misspelt import known_options
from fpi_eval.panel import CellPanel
from fpi_eval.panel.cells import known_of
from fpi_eval.panel.sample import Sample
from fpi_eval.results import Estimate, Estimates, Result

J_ALIKE = "Effet brut par place, à composition égale"
ALIKE, PLAIN = "Effet brut, à composition égale", "Effet brut, même comparaison sans ajuster"
STUDENTS = "terminale"
DESCRIPTION = (
    "J, où la part de chaque groupe parmi les élèves de dernière année avant toute ouverture a une "
    "pente propre à chaque session. Puis effets par vague d'ouverture et année (Callaway et "
    "Sant'Anna, 2021), doublement robustes (Sant'Anna et Zhao, 2020) : à parts égales, les "
    "formations auraient évolué de même ; il suffit que le modèle d'évolution ou celui de "
    "l'ouverture soit juste. Résultat divisé par la taille de la cellule, qui pèse ; voisines "
    "exposées retirées ; somme des personnes de plus, rapportée aux places. Sans effets de "
    "formation ni de région, à la différence de J : les deux ne s'accordent que si ces chocs "
    "touchent peu le résultat. Erreurs : influences sommées par groupe."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Adjusted(Result):
    """Gross effect per seat: J without and with covariates, then doubly robust likewise.

    ``balance`` has one row a group, before any opening: groupe, ouvertes, autres (shares of the
    students), difference (of cells' shares, in standard deviations), n_ouvertes, n_autres
    (cells behind each share).
    """

    caption = "À composition égale"
    methode = DESCRIPTION

    effects: Estimates
    balance: pd.DataFrame = field(repr=False)

    def told_by(self, gate: Gate) -> "Adjusted | None":
        """Return effects and shares that rest on enough openings."""
        told = self.effects.told_by(gate)
        return (
            None if told is None else replace(self, effects=told, balance=gate.passed(self.balance))
        )

    def summary(self) -> str:
        """Return one French sentence an effect."""
        return "\n".join(
            f"{one.label} ({one.estimator}) : {text.signe(100 * one.estimate, 1)} pour 100 places "
            f"(intervalle à 95 % {text.intervalle(100 * one.ci_low, 100 * one.ci_high, 1)})."
            for one in self.effects
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row an effect."""
        return self.effects.to_frame()


@known_options
def adjusted(panel: CellPanel | pd.DataFrame, y: str, groups: Iterable[str]) -> Adjusted:
    """Return the gross effect given who the students were, by J and doubly robust.

    Parameters
    ----------
    panel : CellPanel or DataFrame
        Cells with ``y``, ``terminale`` and a column ``terminale_<group>`` for each group: shares
        of the groups among final-year students, before any opening, are the covariates.
    """
    table = CellPanel.of(panel).table
    frame = sample(table, y)
    first = frame.loc[frame["dose"] != 0, "time"].min()
    shares = _shares(table[table["rentree"] < first], groups)
    if shares.empty or not shares.shape[1]:
        raise FpiError("aucune composition connue avant les ouvertures : rien à égaliser.")
    rows = _comparable(frame, shares)
    gross = report(frame, fit_j(frame))[GROSS]
    known = frame.of(frame.frame.join(shares, on="cell").dropna(subset=list(shares)))
    names = list(shares)
    same = replace(report(known, fit_j(known, covariates=names), names)[GROSS], label=J_ALIKE)
    effects = (gross, same, _per_seat(rows, (), PLAIN), _per_seat(rows, [*shares], ALIKE))
    return Adjusted(Estimates(effects), _balance(frame, shares))


def _shares(before: pd.DataFrame, groups: Iterable[str]) -> pd.DataFrame:
    """Return each group's share of the final-year students of each cell, of those it is known."""
    columns = {g: f"{STUDENTS}_{g}" for g in groups if f"{STUDENTS}_{g}" in before}
    known = before.dropna(subset=[STUDENTS, *columns.values()])
    cell = known["cell"]
    shares = {
        g: known[c].groupby(cell).sum() / known_of(known, STUDENTS, g).groupby(cell).sum()
        for g, c in columns.items()
    }
    return pd.DataFrame(shares).dropna()


def _comparable(frame: Sample, shares: pd.DataFrame) -> Sample:
    """Return rows of known composition, neither exposed nor of a course that loses seats."""
    rows = unexposed(frame)
    lost = rows.loc[rows["dose"] < 0, "cell"].unique()
    table = rows.frame[~rows["cell"].isin(lost)].join(shares, on="cell")
    known = table.dropna(subset=list(shares))
    dropped = ("observation sans composition connue avant", len(table) - len(known))
    return rows.of(known.assign(taux=known["y"] / known["size"]), dropped)


def _per_seat(rows: Sample, covariates: Sequence[str], label: str) -> Estimate:
    """Return people added over seats, both summed over waves and years after the opening."""
    found, psi = {}, {}
    for cluster in ("uai", "code_departement"):
        effects = callaway_santanna(
            rows.frame,
            "taux",
            time="time",
            lag=0,
            weights="size",
            cluster=cluster,
            covariates=covariates,
        )
        on = np.isfinite(effects.att) & (effects.time >= effects.cohort)
        weight = effects.mass[on]
        seats = weight @ _doses(rows.frame, effects.cohort[on], effects.time[on])
        found[cluster] = weight @ effects.att[on] / seats
        influence = effects.influence[: len(on)][on]
        psi[cluster] = np.sqrt(effects.factor) * (weight @ influence) / seats
    return answer(
        rows,
        found["uai"],
        psi["uai"],
        psi["code_departement"],
        estimator="Callaway–Sant'Anna",
        label=label,
        kind=CR1,
        dropped=rows.dropped,
        description=DESCRIPTION,
    )


def _doses(table: pd.DataFrame, cohort: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return seats per student of each wave and year."""
    sums = table.groupby(["cohort", "time"])[["dose", "size"]].sum()
    per = sums["dose"] / sums["size"]
    return per.reindex(pd.MultiIndex.from_arrays([cohort, time])).to_numpy()


def _balance(frame: Sample, shares: pd.DataFrame) -> pd.DataFrame:
    """Return shares before any opening, in courses that open and in the others, and how many."""
    cells = frame.drop_duplicates("cell").set_index("cell")
    cells = shares.join(cells["size"], how="inner")
    opened = cells.index.isin(frame.loc[frame["dose"] != 0, "cell"])
    rows = []
    for group in shares:
        one, other = (cells.loc[k, group] for k in (opened, ~opened))
        means = [np.average(x, weights=cells.loc[x.index, "size"]) for x in (one, other)]
        spread = np.sqrt((one.var() + other.var()) / 2)
        apart = (one.mean() - other.mean()) / spread if spread > 0 else np.nan
        rows.append((group, *means, apart))
    table = pd.DataFrame(rows, columns=["groupe", "ouvertes", "autres", "difference"])
    return table.assign(n_ouvertes=int(opened.sum()), n_autres=int((~opened).sum()))
