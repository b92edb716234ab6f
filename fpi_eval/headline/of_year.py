"""All headline numbers of a year at once, with their intervals, or their amounts alone."""

from functools import cache

import numpy as np

from fpi_eval.absent import Absent, attempt
from fpi_eval.checks import Evaluation, evaluated, observed_outcome
from fpi_eval.checks.evaluation import seat_years
from fpi_eval.costs import programme_costs
from fpi_eval.headline.of_effect import effet, uncounted
from fpi_eval.headline.of_jobs import emploi
from fpi_eval.headline.of_places import Entered, places
from fpi_eval.headline.of_trajectory import trajectoire
from fpi_eval.headline.quantity import Headline, gathered
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.j import j
from fpi_eval.impact.jobs.visibility import detectable_effects
from fpi_eval.panel.year import Year
from fpi_eval.plan import held_against
from fpi_eval.projection import outlook
from fpi_eval.records import INDUSTRY_JOBS, count
from fpi_eval.results import Estimates

projected = cache(outlook)  # seven seconds, for the numbers and then for their amounts


def whole(year: Year, entered: Entered | None) -> Headline:
    """Return the headline numbers that a year's report publishes."""
    outcome = observed_outcome(year.panel, year.programme)
    evaluation = held_against(evaluated(year.panel, outcome, year.programme), year.programme)
    jobs = emploi(year, attempt(detectable_effects, year), _working(year))
    return gathered((places(year, entered), effet(year, evaluation), jobs, _projection(year)))


def _working(year: Year) -> Evaluation | Absent:
    people = attempt(count, year)
    if isinstance(people, Absent):
        return people
    return evaluated(people.panel, INDUSTRY_JOBS, year.programme)


def amounts(year: Year, entered: Entered | None, outcome: str) -> dict[str, float]:
    """Return the numbers that take no simulation, by key, those of the effect by J alone.

    ``outcome`` is the one studied; ``entered`` people entered by target, not protected: what is
    made of them is for `headline.change` only.
    """
    counted = (places(year, entered), emploi(year, attempt(detectable_effects, year)))
    found = {one.key: one.amount for part in counted for one in part if one}
    return found | _effects(year, outcome)


def dear_amounts(year: Year) -> dict[str, float]:
    """Return the numbers that take a simulation, by key."""
    return {one.key: one.amount for one in _projection(year) if one} | _in_industry(year)


def _projection(year: Year) -> Headline:
    found = projected(year)
    return trajectoire(year, found, programme_costs(year.programme, found))


def _in_industry(year: Year) -> dict[str, float]:
    """Return people at work in the region's industry for a hundred seats, by J alone."""
    people = attempt(count, year)
    found = people and attempt(j, people.panel.table, INDUSTRY_JOBS)
    return {"industrie_100": 100 * found[NET].estimate} if isinstance(found, Estimates) else {}


def _effects(year: Year, outcome: str) -> dict[str, float]:
    """Return the effects of a hundred seats, and of all, without interval, and seats without."""
    entered, studied = (attempt(j, year.cells, name) for name in ("entrants", outcome))
    found = {} if year.panel.seats_derived else {"places_hors_effet": uncounted(year)}
    if isinstance(entered, Estimates):
        found["entrants_brut_100"] = 100 * entered[GROSS].estimate
        found["entrants_100"] = 100 * entered[NET].estimate
    if isinstance(studied, Estimates):
        found["effet_brut"] = 100 * studied[GROSS].estimate
        found["effet_net"] = 100 * studied[NET].estimate
        times = seat_years(year.cells, outcome) or np.nan
        found["effet_total"] = times * studied[NET].estimate
    return {key: value for key, value in found.items() if value == value}  # net: may be unknown
