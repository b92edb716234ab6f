"""A year's projection: rates that its files show, one path per declared scenario, its calendar."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent, attempt
from fpi_eval.calendar import calendrier, without_length
from fpi_eval.disclosure import Gate
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import sample
from fpi_eval.impact.jobs.chain import Chain, ends
from fpi_eval.indicators import deploiement, remplissage
from fpi_eval.misspelt import known_options
from fpi_eval.panel.context import Context
from fpi_eval.panel.year import Year
from fpi_eval.programme import Programme
from fpi_eval.projection.diversion_draws import diversion_draws
from fpi_eval.projection.filling import from_profile, seen
from fpi_eval.projection.loss import Loss, of_cells, of_exams
from fpi_eval.projection.projection import Projection, projeter
from fpi_eval.projection.rates import Profil, Taux, complete, from_counts

CONSTATS = "constats de rentrée, toutes les places des filières du programme"
EXAMENS = (
    "examens publiés, filières du programme : reçus sur présents ; les absents n'y comptent pas"
)
MARGINAL = "entrants ajoutés par les places ouvertes (imputation), selon leur ancienneté"
UNFIT = FpiError, ArithmeticError, np.linalg.LinAlgError  # this year's data allow no estimate
NO_SCENARIO = Absent(
    "Aucun scénario n'est déclaré : rien ne dit quelles places ouvriront encore.",
    conseil="Ajoutez une section [[scenarios]] à programme.toml : code, libelle, ouvertures, "
    "source.",
)
WEAK = 0.25  # relative error above which the fill of opened seats says too little


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What a year lets one expect up to the horizon.

    Attributes
    ----------
    context : Context
    register : DataFrame
        The programme's openings.
    rates : mapping
        (link, level) → rate, measured or declared: see `measured_rates`.
    diversion : ndarray or None
        Draws of the share of entrants taken from neighbours; None if it means nothing yet.
    projections : mapping
        Scenario → projection, the main one first.
    calendar : DataFrame
        When each wave's outcomes are published, seen from the context's day.
    loss : Loss
        How much less extra pupils pass their exam: see `marginal_loss`.
    without_length : int
        Openings that are not in it: nothing tells how long their course is.
    """

    context: Context
    register: pd.DataFrame
    rates: Mapping[tuple[str, str], Taux]
    diversion: np.ndarray | None
    projections: Mapping[str, Projection]
    calendar: pd.DataFrame
    loss: Loss
    without_length: int = 0

    @property
    def main(self) -> Projection:
        """Projection of the main scenario."""
        return next(iter(self.projections.values()))

    @property
    def displaced(self) -> tuple[float, float, float] | None:
        """Share of entrants taken from neighbours: low, median, high (8 draws in 10 between)."""
        if self.diversion is None:
            return None
        low, middle, high = np.quantile(self.diversion, [0.1, 0.5, 0.9])
        return float(low), float(middle), float(high)

    def draws(self, lecture: str) -> np.ndarray | None:
        """Return draws of what a reading counts by the horizon; None for a net one not known."""
        flux = self.main.flux
        if lecture.endswith("additionnels") and flux.diversion is None:
            return None
        return flux.cumulated(lecture)[:, -1]


@known_options
def outlook(year: Year) -> Outlook | Absent:
    """Return the projection of every declared scenario, or why there is none.

    The context is this year's own: a kept result may have been made in another folder.
    """
    found = year.kept(_outlook)
    return found if isinstance(found, Absent) else replace(found, context=year.context)


def _outlook(year: Year) -> Outlook | Absent:
    register = deploiement.du_programme(year)
    if register.empty:
        return year.context.no_openings
    if not year.programme.scenarios:
        return NO_SCENARIO
    rates = attempt(measured_rates, year)
    if isinstance(rates, Absent):
        return rates
    programme, mef = year.programme, year.donnees.nomenclatures.mef
    codes = {"mef": mef, "familles": year.donnees.familles}
    moved, loss = _diversion(year), marginal_loss(year)
    made = {
        code: projeter(
            programme,
            register,
            rentree=year.rentree,
            scenario=code,
            found=rates,
            diversion=moved,
            loss=loss,
            **codes,
        )
        for code in _distinct(programme, year.rentree)
    }
    agenda = calendrier(register, jour=year.context.day, **codes)
    aside = without_length(register, **codes)
    return Outlook(year.context, register, rates, moved, made, agenda, loss, aside)


def _distinct(programme: Programme, rentree: int) -> list[str]:
    """Return the scenarios that still differ once the register has told their past, main first."""
    kept: dict[tuple, str] = {}
    for one in programme.scenarios:
        to_come = tuple(o for o in one.ouvertures if o.rentree > rentree)
        kept.setdefault((to_come, one.maintien), one.code)
    return list(kept.values())


@known_options
def measured_rates(year: Year) -> dict[tuple[str, str], Taux]:
    """Return rates by link × level: from seats, constats, exams if files allow, else declared.

    Fill is what opened seats added to entrants, by age of the opening, where that is known well
    enough; otherwise that of all seats.
    """
    gate = Gate.of(year.programme.secret)
    links = {
        "remplissage": (remplissage.remplissage(year), CONSTATS),
        "retention": (remplissage.retention(year), CONSTATS),
        "reussite": (remplissage.reussite(year), EXAMENS),
    }
    found: dict[tuple[str, str], Taux] = {
        (link, level): from_counts(link, level, rows, source)
        for link, (counts, source) in links.items()
        for level, rows in counts.groupby("niveau")
        if gate.told(rows["course"].nunique())
    }
    for level in text.NIVEAUX:
        if profile := _profile(year, level):
            found["remplissage", level] = from_profile(level, profile, MARGINAL)
    return complete(found, year.programme)


def marginal_loss(year: Year) -> Loss:
    """Return how much less extra pupils pass: from cells, else from exams, else as declared."""
    declared, cells = year.programme.projection.perte_marginale, year.cells
    try:
        if "diplomes" in cells and cells["diplomes"].notna().any():
            found = of_cells(cells, declared)
            told = Gate.of(year.programme.secret).told(found.df + 1)
            return found if told else Loss(declared)
        return of_exams(year.exams, declared) if len(year.exams) else Loss(declared)
    except UNFIT:
        return Loss(declared)


@known_options
def counted_success(found: Chain, year: Year) -> pd.DataFrame:
    """Return the chain's next link, success, from exam results: its rate, graduates per 100 seats.

    The chain follows no graduate by establishment and course: the rate is that of every candidate
    of the programme's filières, level by level. No row when no file gives any, or when the chain
    stops before the final year.
    """
    measured = measured_rates(year)
    rates = {level: measured["reussite", level] for level in found.levels.index}
    seen = found.table["outcome"].tolist()
    if seen[-1] != "terminale" or not any(r.origine == "données" for r in rates.values()):
        return pd.DataFrame()
    rng = np.random.default_rng(year.programme.graine)
    final = found.fit.gross_draws[:, found.fit.outcomes.index("terminale")]
    drawn = sum(found.levels[n] * r.draw(rng, len(final)) for n, r in rates.items())
    rate = sum(found.levels[n] * r.moyenne for n, r in rates.items())
    low, high = np.percentile(drawn, [2.5, 97.5])
    said = [
        f"{text.NIVEAUX[n]} : {'comptée' if r.origine == 'données' else 'hypothèse'}"
        for n, r in rates.items()
    ]
    row = {"label": "Réussite, tous les candidats", "link": rate, "link_low": low}
    row |= {"link_high": high, "per_100": rate * found.table["per_100"].iloc[-1]}
    row["low"], row["high"] = 100 * ends(found.fit, final * drawn)
    return pd.DataFrame([row | {"quand": f"aux examens ({', '.join(said).lower()})"}])


def _profile(year: Year, level: str) -> Profil | None:
    """Return the fill of opened seats by age, None if it is not known well enough."""
    ages = len(year.programme.projection.montee_en_charge)
    try:
        found = seen(year.cells, level, ages=ages)
    except UNFIT:
        return None
    mean, error = found.moyenne
    told = Gate.of(year.programme.secret).told(found.formations)
    return found if told and 0 < error <= WEAK * mean else None


def _diversion(year: Year) -> np.ndarray | None:
    try:
        frame = sample(year.cells, "entrants")
        if not Gate.of(year.programme.secret).told(frame.loc[frame["dose"] != 0, "uai"].nunique()):
            return None
        return diversion_draws(year.cells, seed=year.programme.graine)
    except UNFIT:
        return None
