"""What a projection says: fans, chances of each target under each reading, seats still to open."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.language import _
from fpi_eval.misspelt import known_options
from fpi_eval.programme import Cible, Programme, Scenario
from fpi_eval.projection import rates as taux
from fpi_eval.projection.flow import DUREE, Flux, openings, simulate
from fpi_eval.projection.loss import Loss
from fpi_eval.projection.rates import Taux
from fpi_eval.results import Result

QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)
NAMES = ["q10", "q25", "q50", "q75", "q90"]
PROBABILITY = 0.80
LECTURES = {
    "entrants": "Entrés dans une place ouverte",
    "places_annees": "Places × années",
    "diplomes": "Diplômés",
    "additionnels": "Entrés en plus, déplacement déduit",
    "diplomes_additionnels": "Diplômés en plus, déplacement déduit",
}
METHOD = (
    "Chaque place ouverte reçoit chaque année un élève avec la probabilité de remplissage (moins "
    "les premières rentrées), qui atteint la dernière année, puis réussit, avec les siennes. "
    "{draws} tirages portent l'incertitude sur la moyenne de chaque taux, l'écart entre formations "
    "(loi bêta-binomiale), un aléa par année, la montée en charge (délai déclaré, corrigé par ce "
    "que montrent les places déjà ouvertes) et le moindre succès des élèves en plus. Du "
    "remplissage appris est ôté ce que les formations ouvertes gagnaient déjà avant d'ouvrir. Les "
    "ouvertures à venir sont celles du scénario, et ne sont pas probabilisées. Projections passées "
    "jugées par la couverture de la bande à 80 %, le CRPS et la PIT (Gneiting et Raftery, 2007)."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Projection(Result):
    """Cohorts of one scenario, read against the programme's targets.

    ``rentree`` is the last known one; ``taux`` the rates used, each with its origin.
    """

    caption = "Personnes formées, projection"

    scenario: Scenario
    rentree: int
    flux: Flux
    taux: Mapping[tuple[str, str], Taux]
    cibles: tuple[Cible, ...]

    @property
    def title(self) -> str:
        """What the scenario still opens, and keeps: the register has replaced its past years."""
        rows, kept = self.flux.groups, self.scenario.maintien
        seats = float(rows.loc[rows["rentree"] > self.rentree, "places"].sum())
        none = _("Aucune place de plus après {last}")
        more = _("{scenario} : {seats} places de plus après {last}") if seats else none
        said = more.format(scenario=self.scenario.nom, seats=text.nombre(seats), last=self.rentree)
        if kept == 1:
            return said
        return said + _(", {share} des places gardées chaque année").format(share=text.part(kept))

    @property
    def ahead(self) -> tuple[Cible, ...]:
        """Targets whose date is to come: the others are counted, not projected."""
        return tuple(one for one in self.cibles if one.echeance > self.rentree)

    def aimed(self, lecture: str) -> Cible | None:
        """Return the last target of every level, against which a reading's fan is drawn.

        People who enter are not held against a target that counts graduates.
        """
        graduates = lecture.startswith("diplomes")
        read = [
            one
            for one in self.cibles
            if one.niveau == "ensemble" and (graduates or one.lecture == "entrants")
        ]
        return max(read, key=lambda one: (one.lecture == "diplomes", one.echeance), default=None)

    @property
    def lectures(self) -> list[str]:
        """Readings that can be counted: the net ones only when displacement is given."""
        net = self.flux.diversion is not None
        return [name for name in LECTURES if net or not name.endswith("additionnels")]

    def fan(
        self, lecture: str = "entrants", niveau: str = "ensemble", filiere: str = ""
    ) -> pd.DataFrame:
        """Return quantiles of what a reading counts up to each year: annee, q10 … q90."""
        total = self.flux.cumulated(lecture, niveau, filiere)
        values = np.quantile(total, QUANTILES, axis=0).T
        return pd.DataFrame(values, columns=NAMES).assign(annee=self.flux.years)[["annee", *NAMES]]

    def fans(self, lecture: str = "entrants") -> pd.DataFrame:
        """Return the fans of every filière × level."""
        pairs = self.flux.groups[["filiere", "niveau"]].drop_duplicates()
        parts = [
            self.fan(lecture, row.niveau, row.filiere).assign(
                filiere=row.filiere, niveau=row.niveau
            )
            for row in pairs.sort_values(["niveau", "filiere"]).itertuples()
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def cible(self, target: Cible, lecture: str) -> np.ndarray:
        """Return draws of what a reading counts by the target's date, (draws,)."""
        at = np.searchsorted(self.flux.years, target.echeance)
        if self.flux.years[at] > target.echeance:
            return np.zeros(len(self.flux.entrants))
        return self.flux.cumulated(lecture, target.niveau)[:, at]

    def chance(self, target: Cible, lecture: str) -> float:
        """Return the chance that a reading reaches a target by its date: the share of draws."""
        return float((self.cible(target, lecture) >= target.personnes).mean())

    def probabilites(self) -> pd.DataFrame:
        """Return, by target × reading, the chance of reaching it and the seats still to open.

        Columns: code, libelle, lecture, cible, echeance, mediane, bas, haut (80 %), probabilite,
        places_par_an (each remaining rentrée, for 80 chances in 100; infinite when no seat opened
        from now on counts before the date), rentrees_restantes.
        """
        rows = []
        for target in self.ahead:
            for lecture in self.lectures:
                total = self.cible(target, lecture)
                low, median, high = np.quantile(total, [0.1, 0.5, 0.9])
                rows.append(
                    (
                        target.code,
                        target.libelle,
                        lecture,
                        target.personnes,
                        target.echeance,
                        median,
                        low,
                        high,
                        self.chance(target, lecture),
                        self.places_par_an(target, lecture),
                        max(target.echeance - self.rentree, 0),
                    )
                )
        names = [
            "code", "libelle", "lecture", "cible", "echeance", "mediane", "bas", "haut",
            "probabilite", "places_par_an", "rentrees_restantes",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=names)

    def places_par_an(self, target: Cible, lecture: str) -> float:
        """Return seats to open each remaining rentrée, beyond the scenario's, to be that sure.

        In each draw the missing people are divided by what one seat a year brings; the answer is
        the quantile of these numbers. 0 when the target is that likely already.
        """
        missing = target.personnes - self.cible(target, lecture)
        gain = self._gain(target, lecture)
        with np.errstate(divide="ignore", invalid="ignore"):
            needed = np.where(missing <= 0, 0.0, np.where(gain > 0, missing / gain, np.inf))
        order = np.sort(needed)
        return float(order[int(np.ceil(PROBABILITY * len(order))) - 1])

    def _gain(self, target: Cible, lecture: str) -> np.ndarray:
        """Return what one seat opened each remaining rentrée adds by the date, (draws,).

        It closes as fast as the scenario's seats do, and its courses last as long as theirs; one
        of a year loses nobody before its final year (`flow.simulate`).
        """
        gain = np.zeros(len(self.flux.entrants))
        for (niveau, duree), share in self._shares(target.niveau).items():
            by_age = self.flux.fill[niveau]
            last = by_age.shape[1] - 1
            wait, passed = duree, self.flux.success[niveau]
            if duree > 1:
                passed = passed * self.flux.stay[niveau]
            if not lecture.startswith("diplomes"):
                wait, passed = 0, np.ones_like(passed)
            for w in range(self.rentree + 1, target.echeance + 1):
                for y in range(w, target.echeance + 1 - wait):
                    one = 1.0 if lecture == "places_annees" else by_age[:, min(y - w, last)]
                    gain += share * self.scenario.maintien ** (y - w) * one * passed
        if lecture.endswith("additionnels") and self.flux.diversion is not None:
            gain *= 1 - self.flux.diversion
        return gain

    def _shares(self, niveau: str) -> dict[tuple[str, int], float]:
        """Return the share of seats by level × years of the course, as `openings` shares them."""
        rows = self.flux.groups[self.flux.rows(niveau)]
        seats = rows.groupby(["niveau", "duree"])["places"].sum()
        if seats.empty:
            usual = {n: years for n, years in DUREE.items() if niveau in (n, "ensemble")}
            return {one: 1 / len(usual) for one in usual.items()}
        return (seats / seats.sum()).to_dict()

    def summary(self) -> str:
        """Return one French line a target to come: its published reading, then its graduates."""
        lines = [f"{self.title}."]
        table = self.probabilites().set_index(["code", "lecture"])
        for target in self.ahead:
            row = table.loc[(target.code, target.lecture)]
            graduate = chances(table.loc[(target.code, "diplomes"), "probabilite"])
            other = f", {graduate} s'il veut dire « diplômé »" * (target.lecture != "diplomes")
            lines.append(
                f"{target.libelle} : {text.nombre(row['mediane'])} "
                f"(de {text.nombre(row['bas'])} à {text.nombre(row['haut'])}, 80 %) en "
                f"{target.echeance}, pour une cible de {text.nombre(target.personnes)} ; "
                f"{chances(row['probabilite'])} de l'atteindre si « formé » veut dire "
                f"« {LECTURES[target.lecture].lower()} »{other}."
            )
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return the probabilities, one tidy row per target × reading."""
        return self.probabilites().assign(scenario=self.scenario.code)

    def plot(self, ax: Axes | None = None, lecture: str = "entrants") -> Axes:
        """Draw the fan of all levels, with the target that counts them."""
        target = self.aimed(lecture)
        people = np.nan if target is None else target.personnes
        return plots.fan(self.fan(lecture).assign(cible=people), ax)

    def method(self) -> str:
        """Return one French paragraph on the method."""
        return METHOD.format(draws=text.nombre(len(self.flux.entrants)))


def chances(probability: float) -> str:
    """Return a probability in words: ``87 chances sur 100``, ``moins d'une chance sur 100``."""
    if probability < 0.01:
        return "moins d'une chance sur 100"
    if probability > 0.99:
        return "plus de 99 chances sur 100"
    return f"{text.pluriel(round(100 * probability), 'chance')} sur 100"


@known_options
def projeter(
    programme: Programme,
    register: pd.DataFrame,
    *,
    rentree: int,
    scenario: str = "plan",
    found: Mapping[tuple[str, str], Taux] | None = None,
    diversion: np.ndarray | None = None,
    loss: Loss | None = None,
    mef: pd.DataFrame | None = None,
    familles: pd.DataFrame | None = None,
    draws: int = 2000,
    seed: int | None = None,
) -> Projection:
    """Return the projection of one scenario from the last known rentrée.

    Parameters
    ----------
    register : DataFrame
        Openings; those up to ``rentree`` are facts, the scenario tells the next ones.
    found : mapping, optional
        Rates that data gives, by (lien, niveau); others are the [[hypotheses]] of programme.toml.
    diversion : ndarray, shape (draws,), optional
        Draws of the share of entrants taken from elsewhere; without them no net reading.
    loss : Loss, optional
        How much less extra pupils succeed; the declared loss by default.
    seed : int, optional
        By default the programme's.
    """
    chosen = programme.scenario(scenario)
    used = taux.complete(found or {}, programme)
    table = openings(programme, register, chosen, rentree=rentree, mef=mef, familles=familles)
    rule = programme.projection
    flux = simulate(
        table,
        used,
        ramp=rule.montee_en_charge,
        penalty=rule.perte_marginale if loss is None else loss,
        horizon=rule.horizon,
        maintien=chosen.maintien,
        draws=draws,
        seed=programme.graine if seed is None else seed,
        diversion=diversion,
    )
    return Projection(chosen, rentree, flux, used, programme.cibles)
