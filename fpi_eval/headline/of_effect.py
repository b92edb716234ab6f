"""What seats changed: gross and net effect per 100 seats, one interval each, and the verdict."""

from dataclasses import replace

import numpy as np

from fpi_eval.absent import Absent
from fpi_eval.checks import NAMES, Evaluation, TooFew, allowed, told
from fpi_eval.headline.first_page import ranged
from fpi_eval.headline.of_places import EVERY_LEVEL, REGISTER, rentrees
from fpi_eval.headline.quantity import (
    ESTIMATED,
    VAGUE,
    Headline,
    Measure,
    Scope,
    Unknown,
    declared,
)
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.j import j
from fpi_eval.language import _
from fpi_eval.misspelt import known_options
from fpi_eval.panel.cells import targeted_of
from fpi_eval.panel.year import Year
from fpi_eval.results import Estimate, Estimates
from fpi_eval.rounding import untold

PEOPLE = {
    "entrants": "entrants de plus",
    "terminale": "élèves de plus en dernière année",
    "diplomes": "diplômés de plus",
}
BALANCED = "autant de places fermées qu'ouvertes, leur effet en tout ne peut pas se dire."
SOURCE = "Effectifs et places par établissement et formation ; calculs fpi_eval"


@known_options
def effet(year: Year, evaluation: Evaluation | Absent) -> Headline:
    """Return the effect of 100 seats on entrants and on the outcome studied, gross and net.

    The interval is the one that planted programmes calibrate, where there are any; no page shows
    another for the same number.
    """
    day = year.context.day
    entered = _entrants(year, evaluation)
    found = (
        entrants_brut_100(day, year, entered),
        entrants_100(day, year, entered),
        effet_brut(day, year, evaluation),
        effet_net(day, year, evaluation),
        effet_total(day, year, evaluation),
        places_hors_effet(day, year, evaluation),
    )
    return ranged(Headline(found, _notes(evaluation)))


def _notes(evaluation: Evaluation | Absent) -> dict[str, str]:
    if isinstance(evaluation, Absent):
        few = {"trop_peu": "oui"} if isinstance(evaluation, TooFew) else {}
        return {"sans_effet": str(evaluation), **few}
    said = evaluation.verdict
    return {
        "verdict": said.niveau,
        "valide": said.valide,
        "precis": "" if said.precis is None else "oui" if said.precis else "non",
        "indices": str(len(said.violations)),
        "resultat": evaluation.outcome,
        "plus_petit_effet": str(evaluation.smallest),
        **({"bloque": "oui"} if evaluation.blocked else {}),
    }


def _entrants(year: Year, evaluation: Evaluation | Absent) -> Estimates | Absent:
    """Return J on entrants, where the verdict allows an effect to be given."""
    if isinstance(evaluation, Absent) or evaluation.blocked:
        return _forbidden(evaluation)
    if evaluation.outcome == "entrants":
        return evaluation.estimates
    found = told(j(year.cells, "entrants"), year.programme)
    return Unknown(str(found)) if isinstance(found, Absent) else found


def _forbidden(evaluation: Evaluation | Absent) -> Absent:
    """Return why no effect is given: none can be made, or the verdict forbids it."""
    return Unknown(str(allowed(evaluation, evaluation)))


@known_options
def seats_scope(year: Year) -> Scope:
    """Return whose seats the effect is that of, and where it is read."""
    opened = year.cells[year.cells["seats"] != 0]
    first = int(opened["rentree"].min()) if len(opened) else year.rentree
    if year.panel.seats_derived:
        whose = _("places ouvertes dans la région, quel qu'en soit le financement")
    else:
        whose = year.programme.whose(first)
    return Scope(whose, _(EVERY_LEVEL), _("voie scolaire"), annees=rentrees(first, year.rentree))


def _measure(year: Year, found: Estimate, times: float = 100.0) -> Measure | Absent:
    """Return so many times the effect of a seat, 100 by default, and its interval.

    Nothing where the interval is wider than what a seat can hold.
    """
    if np.isnan(found.estimate):
        return Unknown(f"{found.rule}.")
    if untold(found.ci_low, found.ci_high):
        return Unknown(VAGUE)
    people = PEOPLE.get(found.outcome, NAMES.get(found.outcome, found.outcome))
    whole, scope = found.of_seats(times), seats_scope(year)
    return Measure(whole.estimate, scope, SOURCE, whole.ci_low, whole.ci_high, 0.95, unit=people)


def studied(
    year: Year, evaluation: Evaluation | Absent, label: str, times: float = 100.0
) -> Measure | Absent:
    """Return an effect on the outcome studied, where the verdict allows it to be given."""
    if isinstance(evaluation, Absent) or evaluation.blocked:
        return _forbidden(evaluation)
    return _measure(year, evaluation.estimates[label], times)


@declared(
    "entrants_brut_100",
    "Pour 100 places, entrants, formations ouvertes",
    "entrants de plus",
    ESTIMATED,
)
def entrants_brut_100(year: Year, found: Estimates | Absent) -> Measure | Absent:
    """Return how many more enter the opened courses for 100 seats."""
    if isinstance(found, Absent):
        return found
    return _measure(year, found[GROSS])


@declared(
    "entrants_100", "Pour 100 places, entrants, voisines comprises", "entrants de plus", ESTIMATED
)
def entrants_100(year: Year, found: Estimates | Absent) -> Measure | Absent:
    """Return how many more enter for 100 seats, what neighbours lose taken off."""
    if isinstance(found, Absent):
        return found
    return _measure(year, found[NET])


@declared("effet_brut", "Pour 100 places, dans les formations ouvertes", "élèves", ESTIMATED)
def effet_brut(year: Year, evaluation: Evaluation | Absent) -> Measure | Absent:
    """Return the gross effect of 100 seats on the outcome studied."""
    return studied(year, evaluation, GROSS)


@declared("effet_net", "Pour 100 places, voisines comprises", "élèves", ESTIMATED)
def effet_net(year: Year, evaluation: Evaluation | Absent) -> Measure | Absent:
    """Return the effect of 100 seats on the outcome studied, what neighbours lose taken off."""
    return studied(year, evaluation, NET)


@declared("effet_total", "Effet net de toutes les places observées", "élèves", ESTIMATED)
def effet_total(year: Year, evaluation: Evaluation | Absent) -> Measure | Absent:
    """Return the net effect times the seats, counted once a session whose outcome is seen."""
    times = np.nan if isinstance(evaluation, Absent) else evaluation.seat_years
    return studied(year, evaluation, NET, times) if times else Unknown(BALANCED)


@declared("places_hors_effet", "Places ouvertes que l'effet ne compte pas", "places")
def places_hors_effet(year: Year, evaluation: Evaluation | Absent) -> Measure | Absent:
    """Return opened seats whose pupils no file counts by course: apprenticeship, or no file."""
    if year.panel.seats_derived or isinstance(evaluation, Absent):
        return Unknown("sans registre ni effet, rien ne dit ce que l'effet ne compte pas.")
    scope = replace(seats_scope(year), voie=_("apprentissage, ou formation sans fichier"))
    return Measure(uncounted(year), scope, REGISTER)


def uncounted(year: Year) -> float:
    """Return the register's opened seats that no cell of the school route has."""
    opened = year.register["places_ouvertes"].astype(float).clip(lower=0).sum()
    cells = year.cells.sort_values(["cell", "rentree"], kind="stable")
    school = (cells["seats"] != 0) & targeted_of(cells) & (cells["voie"] != "apprentissage")
    rows = cells[cells["cell"].isin(cells.loc[school, "cell"])]
    gained = rows["seats"] - rows.groupby("cell")["seats"].shift(fill_value=0.0)
    return float(max(opened - gained.clip(lower=0).sum(), 0))
