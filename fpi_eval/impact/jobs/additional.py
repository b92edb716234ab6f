"""How many more people work because seats opened: by whole establishment, by course in bounds."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from fpi_eval.absent import Absent, or_why
from fpi_eval.calendar import HORIZONS, employed, first_seen, month
from fpi_eval.impact.jobs.bounded import BoundedEffects, bounded_employment
from fpi_eval.impact.jobs.employed_by_site import employed_by_site
from fpi_eval.misspelt import known_options
from fpi_eval.panel import CellPanel
from fpi_eval.panel.emploi_formations import with_employment
from fpi_eval.results import Estimates

NO_FILE = (
    "Le fichier InserJeunes par lycée professionnel et formation "
    "(fr-en-inserjeunes-lycee_pro-formation-fine) n'est pas dans le dossier : l'emploi des places "
    "ouvertes ne peut pas être estimé. « fpi-eval fetch » le télécharge."
)
NO_SITE = (
    "Les fichiers InserJeunes par établissement ne sont pas dans le dossier : l'emploi des "
    "établissements qui ont ouvert des places ne peut pas être estimé."
)


@dataclass(frozen=True, slots=True, eq=False)
class AdditionalJobs:
    """Additional employed leavers by months since leaving, or why each is not known.

    ``sites``: by whole establishment, where nearly nothing is hidden. ``courses``: by course,
    between the bounds that hidden counts leave.
    """

    sites: Mapping[int, Estimates | Absent]
    courses: Mapping[int, BoundedEffects | Absent]

    def with_verdict(self, verdict: str) -> "AdditionalJobs":
        """Return the same results, headed by the verdict on the design."""

        def headed(found):
            return {k: one and one.with_verdict(verdict) for k, one in found.items()}

        return AdditionalJobs(headed(self.sites), headed(self.courses))


@known_options
def additional_jobs(
    panel: CellPanel,
    sites: pd.DataFrame,
    courses: pd.DataFrame,
    *,
    words: Mapping[str, str] | None = None,
) -> AdditionalJobs:
    """Return additional employed leavers at 6, 12, 18 and 24 months.

    Parameters
    ----------
    sites, courses : DataFrame
        Employed leavers per establishment, and per establishment × course, × millésime (a year's
        ``employed_sites`` and ``employed_courses``); empty without their files.
    words : mapping, optional
        French names of filières.
    """

    def by_site(horizon: int) -> Estimates | Absent:
        if sites.empty:
            return Absent(NO_SITE)
        return or_why(
            lambda: employed_by_site(panel.table, sites, horizon),
            "par établissement, {why}",
        )

    def by_course(horizon: int) -> BoundedEffects | Absent:
        if courses.empty:
            return Absent(NO_FILE)
        day = first_seen(panel.table, employed(horizon))
        return or_why(
            lambda: bounded_employment(known, horizon, words=words),
            f"par formation, {{why}} Selon le calendrier, premier chiffre en {month(day)}.",
        )

    known = panel.table if courses.empty else with_employment(panel.table, courses)
    return AdditionalJobs({h: by_site(h) for h in HORIZONS}, {h: by_course(h) for h in HORIZONS})
