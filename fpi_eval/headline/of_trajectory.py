"""What is to come: people expected by each target's date, what a seat costs, when more is known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fpi_eval.absent import Absent
from fpi_eval.calendar import premieres
from fpi_eval.costs.programme_costs import FULL, SEAT, UNITS, by_horizon, seat_costs
from fpi_eval.costs.unit import UnitCost
from fpi_eval.headline.of_places import EVERY_LEVEL, REGISTER, level_of
from fpi_eval.headline.quantity import (
    ESTIMATED,
    PROJECTED,
    Headline,
    Measure,
    Quantity,
    Scope,
    Unknown,
    declared,
)
from fpi_eval.language import _
from fpi_eval.misspelt import known_options
from fpi_eval.panel.year import Year
from fpi_eval.programme import Cible
from fpi_eval.projection.outlook import Outlook
from fpi_eval.projection.projection import Projection

SOURCE = "Projection fpi_eval"
EVERY_VOIE = "toutes voies"
NOT_YET = "pas encore publié."
#: What is to come, in words, and where it will be read; the programme's name where that is empty.
LATER = {
    "diplomes": ("Résultats aux examens", "par lycée ou académie"),
    "en_emploi_6_mois": ("En emploi six mois après", ""),
    "en_emploi_24_mois": ("En emploi deux ans après", ""),
}


@known_options
def trajectoire(year: Year, found: Outlook | Absent, prices: Sequence[UnitCost]) -> Headline:
    """Return people expected by each target still to come, by scenario, costs, and dates."""
    day, programme = year.context.day, year.programme
    made = [cout_place(day, year, found, prices), cout_personne(day, year, found, prices)]
    if isinstance(found, Absent):
        return Headline(tuple(made))
    ahead = [c for c in programme.cibles if c.lecture == "entrants" and c.echeance > year.rentree]
    for target in ahead:
        for code, one in found.projections.items():
            expected = entrees_attendues(day, year, target, one)
            made.append(replace(expected, key=f"{expected.key}_{target.code}_{code}"))
        more = places_a_ouvrir(day, year, target, found.main)
        made.append(replace(more, key=f"{more.key}_{target.code}"))
    return Headline((*made, *_to_come(year, found)))


def _to_come(year: Year, found: Outlook) -> list[Quantity]:
    """Return the outcomes of the programme's seats that nobody can know yet, with their date."""
    rows = premieres(found.calendar)
    late = rows[rows["part_observable"] == 0]
    made = [a_venir(year.context.day, year, row) for row in late.itertuples()]
    name = year.programme.nom
    return [
        replace(
            one,
            key=f"{one.key}_{row.resultat}",
            label=later(row.resultat, name) if row.resultat in LATER else row.label,
        )
        for one, row in zip(made, late.itertuples(), strict=True)
    ]


def later(outcome: str, programme: str) -> str:
    """Return an outcome to come, one of `LATER`, with where it will be read, or of whose seats."""
    words, where = LATER[outcome]
    aside = _(where) or programme
    return f"{_(words)} ({aside})" if aside else _(words)


@declared("a_venir", "Résultat à venir", "personnes")
def a_venir(year: Year, row) -> Absent:
    """Return that an outcome of the programme's seats is not published, and when it will be."""
    return Unknown(NOT_YET, row.publication)


def _cost(prices: Sequence[UnitCost], unit: str) -> UnitCost | None:
    """Return the full cost of a unit, where there is any to divide by."""
    return next((o for o in prices if (o.basis, o.unit) == (FULL, unit) and o.count > 0), None)


def _unpriced(found: Outlook | Absent) -> Absent:
    """Return why a cost is not known: there is no projection, or nothing to divide by in it."""
    if isinstance(found, Absent):
        return Absent(f"{found.reason[:1].lower()}{found.reason[1:]}")
    return Absent("aucune place ouverte, ou à ouvrir, n'est comptée.")


# Where the register does not say what opened seats cost: the budget over all the seats counted.
BUDGET = "Budget par place, ouverte ou à ouvrir"
LEAST = "Budget minimal par place, ouverte ou à ouvrir"  # only a lower bound is published


@declared("cout_place", "Coût complet d'une place ouverte", "€", ESTIMATED)
def cout_place(year: Year, found: Outlook | Absent, prices: Sequence[UnitCost]) -> Measure | Absent:
    """Return what an opened seat cost, else the budget per seat that it pays for."""
    one = _cost(prices, SEAT)
    if isinstance(found, Absent) or one is None:
        return _unpriced(found)
    if seat_costs(found.register):
        return Measure(one.ratio, _money(year), REGISTER)
    cost = year.programme.cout
    return Measure(one.ratio, _money(year), cost.source, label=LEAST if cost.minimum else BUDGET)


@declared("cout_personne", "Coût complet par personne entrée", "€", ESTIMATED)
def cout_personne(
    year: Year, found: Outlook | Absent, prices: Sequence[UnitCost]
) -> Measure | Absent:
    """Return the cost of the same seats over those who enter them by the horizon."""
    one = _cost(prices, by_horizon(year.programme, UNITS["entrants"]))
    if isinstance(found, Absent) or one is None:
        return _unpriced(found)
    low, high = one.interval.positive()
    scope = replace(_money(year), annees=_by(year.programme.projection.horizon, found.main))
    return Measure(one.ratio, scope, SOURCE, low, high, 0.95)


def _by(year: int, one: Projection) -> str:
    """Return by when people are counted, and in which scenario."""
    return _("d'ici {year}, scénario « {scenario} »").format(year=year, scenario=one.title)


def _money(year: Year) -> Scope:
    return Scope(year.programme.nom, _(EVERY_LEVEL), _(EVERY_VOIE))


@declared("entrees_attendues", "Entrées attendues dans les places ouvertes", "personnes", PROJECTED)
def entrees_attendues(year: Year, target: Cible, one: Projection) -> Measure | Absent:
    """Return people expected to enter by a target's date in one scenario, 8 chances in 10."""
    low, middle, high = np.quantile(one.cible(target, "entrants"), [0.1, 0.5, 0.9])
    level = level_of(target) or _(EVERY_LEVEL)
    when = _by(target.echeance, one)
    scope = Scope(year.programme.nom, level, _(EVERY_VOIE), annees=when)
    return Measure(float(middle), scope, SOURCE, float(low), float(high), 0.80)


@declared("places_a_ouvrir", "Places à ouvrir en plus à chaque rentrée", "places", PROJECTED)
def places_a_ouvrir(year: Year, target: Cible, one: Projection) -> Measure | Absent:
    """Return seats to open each rentrée left to reach a target with 80 chances in 100."""
    seats = one.places_par_an(target, "entrants")
    if not np.isfinite(seats) or seats > target.personnes:
        return Absent("aucun nombre de places n'y suffirait avant l'échéance.")
    aim = _("pour la cible {year}").format(year=target.echeance)
    level = level_of(target) or _(EVERY_LEVEL)
    scope = Scope(year.programme.nom, level, _(EVERY_VOIE), annees=aim)
    return Measure(float(seats), scope, SOURCE)
