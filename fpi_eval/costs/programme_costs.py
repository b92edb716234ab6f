"""What the programme costs per seat, per person, per net graduate and per net job."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.calendar import opened
from fpi_eval.checks import Evaluation
from fpi_eval.costs.unit import UnitCost, acceptability, unit_cost
from fpi_eval.misspelt import known_options
from fpi_eval.panel import align
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.year import Year
from fpi_eval.programme import Cible, Cout, Programme
from fpi_eval.projection.outlook import Outlook
from fpi_eval.regression.ratio import Interval
from fpi_eval.rounding import figures

BASES = ("Coût complet", "Subvention")
FULL = BASES[0]
MONTHS = 12
NET_GRADUATES = "diplomes_additionnels"
UNITS = {
    "entrants": "entrant",
    "additionnels": "entrant en plus (net)",
    "acheves": "personne allée au bout de ses études",
    "diplomes": "diplômé",
    NET_GRADUATES: "diplômé en plus (net)",
}
SEAT = "place, ouverte ou à ouvrir"
IN_INDUSTRY = "personne de plus dans l'industrie de la région (net)"
NEVER, WITHOUT = "aucun n'aurait eu d'emploi", "ils auraient eu l'emploi des non-diplômés"
NO_SEAT_COST = (
    "Le registre n'écrit pas ce qu'ont coûté les places ouvertes : pas de coût par personne dans "
    "l'industrie."
)
NO_INDUSTRY = (
    "L'effet sur les personnes en emploi dans l'industrie n'a pas d'intervalle : pas de coût par "
    "personne dans l'industrie."
)
NO_NET = (
    "Le coût par emploi demande les diplômés en plus, déplacement déduit : ces fichiers ne "
    "permettent pas encore de l'estimer."
)


NOBODY = (
    "Moins d'un tirage sur cinq amène un diplômé de plus : quel que soit le prix, les chances "
    "seraient de moins d'une sur cinq."
)
PRICES = 80  # points of the acceptability curve
FARTHEST = 0.98  # the curve stops where nearly all draws that bring anyone cost less
SURE, RARE = 80, 0.2  # chances in 100 that are told where some price has them; draws for a curve


@dataclass(frozen=True, slots=True)
class JobCost:
    """Cost of a net job under one assumption on what graduates would have had otherwise."""

    cost: UnitCost
    otherwise: str
    place: str


def amounts(cost: Cout) -> dict[str, float]:
    """Return full cost and, where it is known, subsidy, in euros."""
    both = zip(BASES, (cost.total, cost.subvention), strict=True)
    return {basis: amount for basis, amount in both if amount is not None}


def committed(programme: Programme, found: Outlook) -> dict[str, float]:
    """Return full cost and subsidy of the seats that the main projection counts.

    What the register says the opened seats cost, each seat still to come costing as much; the whole
    budget where the register does not say it.
    """
    counted = float(found.main.flux.groups["places"].sum())
    seat = seat_costs(found.register)
    return {name: one * counted for name, one in seat.items()} or amounts(programme.cout)


def seat_costs(register: pd.DataFrame) -> dict[str, float]:
    """Return what the register says an opened seat cost, nothing where it does not say it all.

    What was paid for an opening without a seat, or a closure, is paid for those that opened.
    """
    seats = opened(register).clip(lower=0).fillna(0.0)
    nothing = seats.map({0.0: 0.0})  # without a seat, no amount need be written
    paid = {
        basis: register[name].astype(float).fillna(nothing)
        for basis, name in zip(BASES, ("cout", "subvention"), strict=True)
        if name in register
    }
    if FULL not in paid or not seats.any() or paid[FULL].isna().any():
        return {}
    return {
        basis: float(column.sum() / seats.sum())
        for basis, column in paid.items()
        if column.notna().all() and column.sum() > 0  # none written is none known, not none paid
    }


def by_horizon(programme: Programme, unit: str) -> str:
    """Return a unit with the year by which it is counted."""
    return f"{unit} d'ici {programme.projection.horizon}"


@known_options
def programme_costs(programme: Programme, found: Outlook | Absent) -> tuple[UnitCost, ...]:
    """Return costs per opened seat and projected person; per person aimed at without a register."""
    if isinstance(found, Absent):
        return tuple(
            unit_cost(f"personne visée ({year})", cost, count, basis=basis)
            for basis, cost in amounts(programme.cout).items()
            for year, count in aimed_at(programme.cibles).items()
        )
    items = []
    counted = float(found.main.flux.groups["places"].sum())
    for basis, cost in committed(programme, found).items():
        items.append(unit_cost(SEAT, cost, counted, basis=basis))
        for lecture, unit in UNITS.items():
            total = found.draws(lecture)
            if total is not None:
                items.append(estimated_cost(by_horizon(programme, unit), cost, total, basis))
    return tuple(items)


def aimed_at(targets: Sequence[Cible]) -> dict[int, float]:
    """Return people aimed at by year: the targets of all levels, else the levels' added up."""
    whole: dict[int, float] = {
        one.echeance: one.personnes for one in _of_entrants(targets) if one.niveau == "ensemble"
    }
    last = last_of_levels(targets)
    return whole or {max(one.echeance for one in last): sum(one.personnes for one in last)}


def last_of_levels(targets: Sequence[Cible]) -> list[Cible]:
    """Return the last target of each level, of people who enter: those before are counted in it."""
    by_date = sorted(_of_entrants(targets), key=lambda one: one.echeance)
    return list({one.niveau: one for one in by_date if one.niveau in text.NIVEAUX}.values())


def _of_entrants(targets: Sequence[Cible]) -> Sequence[Cible]:
    """Return the targets that count people who enter, all of them where none does."""
    return [one for one in targets if one.lecture == "entrants"] or targets


def estimated_cost(unit: str, cost: float, total: np.ndarray, basis: str) -> UnitCost:
    """Return the cost of a unit counted by draws (B,), of which the median is shown everywhere."""
    middle, error = float(np.median(total)), float(total.std())
    return unit_cost(unit, cost, middle, error, basis=basis, draws=total)


@known_options
def acceptability_curves(found: Outlook) -> pd.DataFrame | Absent:
    """Return the chances that a net graduate costs less than each price: label, threshold, share.

    Full cost, then subsidy. Prices end where nearly all draws that bring anyone cost less.
    """
    total = found.draws(NET_GRADUATES)
    if total is None:
        return Absent(NO_NET)
    some, paid = total[total >= 1], committed(found.context.programme, found)
    if len(some) < len(total) * RARE:
        return Absent(NOBODY)
    dear = 10 * figures(max(np.quantile(cost / some, FARTHEST) for cost in paid.values()) / 10)
    prices = np.linspace(0, dear, PRICES + 1)
    parts = [acceptability(cost, total, prices).assign(label=name) for name, cost in paid.items()]
    return pd.concat(parts)


@known_options
def sure_prices(curves: pd.DataFrame) -> tuple[float, dict[str, float]]:
    """Return the chances in 100 that every curve reaches, `SURE` at most, and the prices there."""
    parts = {str(basis): part for basis, part in curves.groupby("label", sort=False)}
    sure = min(SURE, *(10 * (10 * part["share"].max() // 1) for part in parts.values()))
    return sure, {
        basis: float(part.loc[part["share"] >= sure / 100, "threshold"].min())
        for basis, part in parts.items()
    }


@known_options
def industry_costs(
    year: Year, panel: CellPanel, evaluation: Evaluation
) -> tuple[UnitCost, ...] | Absent:
    """Return the cost of each person more in the region's industry, neighbours' losses taken off.

    The cost of the seats whose leavers have been seen, over the people whom they brought so far:
    it falls as the same seats bring more. The interval is that of the effect, calibrated.
    """
    seat = seat_costs(year.register)
    if not seat:
        return Absent(NO_SEAT_COST)
    frame = align(panel.table, evaluation.outcome)
    seats = float(frame["dose"].clip(lower=0).groupby(frame["cell"]).max().sum())
    found = evaluation.total()
    few, many = found.ci_low, found.ci_high
    if np.isnan(few) or np.isnan(many):
        return Absent(NO_INDUSTRY)
    return tuple(
        UnitCost(
            IN_INDUSTRY, basis, one * seats, found.estimate, found.std_error,
            Interval(one * seats / many, one * seats / few if few > 0 else np.inf)
            if many > 0 else Interval(np.nan, np.nan),
        )
        for basis, one in seat.items()
    )  # fmt: skip


@known_options
def net_jobs(found: Outlook | Absent, rates: pd.DataFrame) -> np.ndarray | Absent:
    """Return draws of net graduates employed 12 months later, one published millésime each.

    ``rates``: niveau, millesime, taux: employed per final-year student
    (`indicators.emploi_publie`).
    """
    if isinstance(found, Absent):
        return found
    flux = found.main.flux
    if flux.diversion is None or rates.empty:
        return Absent(NO_NET)
    rng = np.random.default_rng(found.context.programme.graine)
    draws, jobs = len(flux.entrants), np.zeros(len(flux.entrants))
    years = sorted(rates["millesime"].unique())
    one = rng.choice(len(years), draws)  # both levels of the same year: they move together
    for niveau in text.NIVEAUX:
        of = rates[rates["niveau"] == niveau].set_index("millesime")["taux"].reindex(years)
        graduates = flux.cumulated(NET_GRADUATES, niveau)[:, -1]
        if graduates.any() and of.isna().all():
            return Absent(NO_NET)
        jobs = jobs + graduates * of.fillna(of.mean()).fillna(0.0).to_numpy()[one]
    return jobs


@known_options
def job_costs(
    programme: Programme, found: Outlook | Absent, jobs: np.ndarray | Absent
) -> tuple[JobCost, ...] | Absent:
    """Return the cost per net job at 12 months under what graduates would have had otherwise."""
    if isinstance(found, Absent):
        return found
    if isinstance(jobs, Absent):
        return jobs
    what = programme.additionnalite
    elsewhere = {NEVER: 0.0} | ({} if what.emploi_sans is None else {WITHOUT: what.emploi_sans})
    places = {"tous secteurs": 1.0}
    if what.fuite:  # not declared: what stays in the region's industry is not known
        places["industrie régionale"] = 1 - what.fuite
    return tuple(
        JobCost(estimated_cost("emploi net", cost, jobs * (1 - share) * kept, basis), words, place)
        for basis, cost in committed(programme, found).items()
        for words, share in elsewhere.items()
        for place, kept in places.items()
    )
