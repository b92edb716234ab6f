"""The evaluation of one outcome: estimates, checks and verdict together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import text
from fpi_eval.absent import Absent, attempt, or_why
from fpi_eval.checks import robustness, samples, trends
from fpi_eval.checks.planted import Planted
from fpi_eval.checks.planter import DRAWS, RAMP, plant
from fpi_eval.checks.study import Study
from fpi_eval.checks.thresholds import FAIL, Check
from fpi_eval.checks.verdict import INVISIBLE, SMALLEST_EFFECT, Verdict, listed, rule, verdict
from fpi_eval.disclosure import Gate
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import NAMES
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.masked import Masked, masked
from fpi_eval.misspelt import known_options, only_known
from fpi_eval.panel import align
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.programme import Programme, Secret
from fpi_eval.results import Estimate, Estimates, EventStudy, Result, within

CHECKS: tuple[tuple[tuple[str, ...], Callable[[Study], Check | list[Check]]], ...] = (
    (("etablissements", "departements", "groupes_effectifs"), samples.comptes),
    (("support",), samples.support),
    (("tendance", "tendance_invisible"), trends.tendance),
    (("placebo_delai",), trends.placebo_delai),
    (("anticipation",), trends.anticipation),
    (("rupture",), trends.rupture),
    (("ecart_j_t",), trends.ecart),
    (("deplacement",), trends.deplacement),
    (("portee",), robustness.portee),
    (("un_de_moins",), robustness.un_de_moins),
    (("regions_placebo",), robustness.regions_placebo),
    (("dose",), samples.dose),
    (("manquants", "manquants_lies"), samples.manquants),
    (("equilibre",), samples.equilibre),
    (("exposes",), samples.exposes),
    (("contamination",), samples.contamination),
    (("maturite",), samples.maturite),
    (("appariement", "uai", "definitions", "composition", "millesimes"), samples.fichiers),
)
TOTAL = "Effet net total"
FEW_SECOND = "BJS2-T repose sur trop peu d'établissements pour que l'écart soit dit."
FIGURES = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]
METHOD = (
    "Le verdict répond à deux questions. Valide ? D'après les programmes plantés seuls. Précis ? "
    "D'après la largeur de l'intervalle étalonné. {rule} Les contrôles, au nombre de {n} et à "
    "seuils déclarés d'avance, sont donnés à côté : ceux d'une violation et ceux de "
    "l'information ; l'échec d'un contrôle dit dur interdit de donner le chiffre."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evaluation(Result):
    """Effect of the programme on one outcome, its checks, its verdict.

    Attributes
    ----------
    programme, outcome : str
    estimates : Estimates
        J (gross, displacement, net), BJS2-T, and their gap, headed by the verdict: always there,
        even when the verdict forbids to show them. The intervals of the gross and of the net
        effect are calibrated; `planted` also holds the plain ones.
    checks : tuple of Check
    planted : Planted or Absent
        What J finds on fake programmes whose effect is known.
    verdict : Verdict
    curve : DataFrame
        Effect per seat under every declared choice (`robustness.specification_curve`).
    balance : DataFrame
        `samples.balance`.
    event : EventStudy or None
    masked : Masked or Absent
        Gross and net effect knowing that hidden counts are small, where some are hidden.
    seat_years : float
        Seats opened, counted once per session whose outcome is seen.
    smallest : float
        Smallest effect per seat that matters, declared by the programme.
    missing : str
        The programme's primary outcome, if it is another one and the panel does not hold it.
    secret : Secret
        Thresholds that the programme declares, for what leaves the analysis.
    """

    caption = "Évaluation et contrôles"

    programme: str
    outcome: str
    estimates: Estimates
    checks: tuple[Check, ...]
    planted: Planted | Absent
    verdict: Verdict
    curve: pd.DataFrame
    balance: pd.DataFrame
    event: EventStudy | None
    masked: Masked | Absent
    seat_years: float
    smallest: float = SMALLEST_EFFECT
    missing: str = ""
    secret: Secret = field(default_factory=Secret)

    def told_by(self, gate: Gate) -> "Evaluation | None":
        """Return the evaluation if its effect rests on enough openings, and what of it does."""
        if not self.estimates[GROSS].told_by(gate):
            return None
        curve, balance = gate.passed(self.curve), gate.passed(self.balance)
        told = replace(self, curve=curve, balance=balance, event=gate.passed(self.event))
        if self.estimates[-1].told_by(gate):
            return told
        # BJS2-T compares fewer openings than J: it has no figure, and their gap none either.
        blank: dict[str, Any] = {**dict.fromkeys(FIGURES, np.nan), "influence": None}
        items = (one if one.told_by(gate) else replace(one, **blank) for one in self.estimates)
        told = replace(told, estimates=replace(self.estimates, items=tuple(items), note=""))
        return told.with_checks(
            replace(one, phrase=FEW_SECOND, valeur=np.nan)
            for one in self.checks
            if one.name == "ecart_j_t"
        )

    @property
    def blocked(self) -> bool:
        """Whether a hard check failed: the number must not be given."""
        return self.verdict.bloque

    @property
    def hard_failures(self) -> str:
        """A sentence for each hard check that failed; empty when none did."""
        failed = (c.titre for c in self.checks if c.dur and c.statut == FAIL)
        return " ".join(f"Échec de « {titre} »." for titre in failed)

    def total(self) -> Estimate:
        """Return the net effect per seat times the seat-years seen, with its interval.

        As many seats closed as opened have no total.
        """
        net = self.estimates[NET].of_seats(self.seat_years or np.nan)
        return replace(net, label=TOTAL, influence=None)

    def with_checks(self, more: Check | Iterable[Check]) -> "Evaluation":
        """Return the evaluation with more checks, and the verdict they lead to."""
        more = listed(more)
        names = {c.name for c in more}
        kept = (*(c for c in self.checks if c.name not in names), *more)
        return _judged(self, kept, verdict(kept, self.planted, smallest=self.smallest))

    def summary(self) -> str:
        """Return French sentences: verdict, reasons, then effects if they may be given."""
        lines = [f"Verdict sur le plan d'évaluation : {self.verdict.phrase}"]
        lines += [f"– {reason}" for reason in self.verdict.raisons]
        lines.append(INVISIBLE)
        if self.blocked:
            return "\n".join([*lines, "Aucun effet n'est donné."])
        total = self.total()
        said = (
            f"{TOTAL} sur « {self.outcome} » : {text.signe(total.estimate)} "
            f"({within(total.ci_low, total.ci_high, 0)}), pour "
            f"{text.nombre(self.seat_years)} places × sessions observées."
        )
        effects = replace(self.estimates, verdict=None).summary()
        hidden = [self.masked.summary()] if self.masked else []
        return "\n".join([*lines, effects, said, *hidden])

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per estimate, the total last; no figure when blocked."""
        table = pd.concat([self.estimates.to_frame(), self.total().to_frame()], ignore_index=True)
        if self.blocked:
            table[FIGURES] = np.nan
        return table.assign(programme=self.programme, verdict=self.verdict.niveau)

    def checks_frame(self) -> pd.DataFrame:
        """Return one row per check: titre, constat, light in French, threshold."""
        names = [
            "name", "genre", "titre", "statut", "phrase", "seuil", "valeur", "incertitude", "biais",
            "dur",
        ]  # fmt: skip
        rows = [{n: getattr(c, n) for n in names} | {"statut": c.avis} for c in self.checks]
        return pd.DataFrame(rows, columns=names)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the event study, or the estimates where there is none."""
        if self.blocked:
            raise FpiError(f"le verdict interdit de montrer l'effet. {self.hard_failures}")
        return self.estimates.plot(ax) if self.event is None else self.event.plot(ax)

    def method(self) -> str:
        """Return French paragraphs on the method, with references."""
        used = [*self.estimates][:-1]  # the gap is that of two estimators already described
        texts = dict.fromkeys(e.description for e in used)
        rules: dict[str, list[str]] = {}
        for one in used:
            rules.setdefault(one.rule, []).append(f"{one.label} ({one.estimator})")
        hows = [f"{text.liste(names)} : {rule}." for rule, names in rules.items()]
        how = " ".join(["Erreurs et intervalles.", *hows])
        fakes = [self.planted.method()] if self.planted else []
        return "\n".join([*texts, how, *fakes, METHOD.format(n=len(self.checks), rule=rule())])


@known_options
def evaluate(
    panel: CellPanel | pd.DataFrame,
    outcome: str | None = None,
    programme: Programme | None = None,
    *,
    niveau: str | None = None,
    draws: int = DRAWS,
    **columns: Any,
) -> Evaluation:
    """Return estimates, checks and verdict for one outcome.

    Parameters
    ----------
    panel : CellPanel or DataFrame
        All cells.
    outcome : str, optional
        The programme's primary outcome by default.
    programme : Programme, optional
        Its name, thresholds, smallest effect that matters, ramp-up and seed.
    niveau : str, optional
        ``secondaire`` or ``superieur``; both by default.
    draws : int
        Fake programmes planted in the panel; 0 plants none, hence gives no verdict.
    **columns
        What a table of one's own calls its columns, as estimators take it.

    Raises
    ------
    FpiError
        No outcome named, or no opened seat can have moved it yet.
    """
    own = ("panel", "outcome", "programme", "niveau", "draws")
    only_known("evaluate", columns, [*own, *NAMES])
    if outcome is None:
        if programme is None:
            raise FpiError("nommez le résultat à étudier, ou donnez le programme.")
        outcome = programme.resultats.principal
    study = Study(panel, outcome, niveau, programme, columns)
    _ = study.table, study.gross  # raise, with their reason, what no check could say
    checks: list[Check] = []
    for names, make in CHECKS:
        checks += _made(study, names, make)
    curve = robustness.specification_curve(study).table
    checks.append(robustness.specifications(study, curve))
    planted = _planted(study, draws)
    smallest = programme.resultats.plus_petit_effet if programme else SMALLEST_EFFECT
    found = verdict(checks, planted, smallest=smallest)
    made = Evaluation(
        programme="" if programme is None else programme.nom,
        outcome=outcome,
        estimates=planted.corrected(study.estimates) if planted else study.estimates,
        checks=tuple(checks),
        planted=planted,
        verdict=found,
        curve=curve,
        balance=samples.balance(study),
        event=or_why(lambda: study.event, "{why}") or None,
        masked=_masked(study),
        seat_years=seat_years(study.panel, outcome, niveau),
        smallest=smallest,
        missing=_missing(study),
        secret=programme.secret if programme else Secret(),
    )
    return _judged(made, made.checks, found)


def _judged(found: Evaluation, checks: tuple[Check, ...], said: Verdict) -> Evaluation:
    """Return the evaluation whose every result is headed by the verdict."""
    event = None if found.event is None else found.event.with_verdict(said.niveau)
    estimates = found.estimates.with_verdict(said.niveau)
    return replace(found, checks=checks, verdict=said, estimates=estimates, event=event)


def _made(study: Study, names: tuple[str, ...], make: Callable) -> list[Check]:
    """Return what a check found; what stopped it becomes its reason."""
    try:
        found = make(study)
    except FpiError as error:
        return [study.blank(name, str(error)) for name in names]
    except np.linalg.LinAlgError:
        return [study.blank(name, "trop peu de variation pour ce contrôle.") for name in names]
    return [found] if isinstance(found, Check) else found


def _planted(study: Study, draws: int) -> Planted | Absent:
    """Return the fake programmes of a study, its seed and ramp-up declared by the programme."""
    if draws < 1:
        return Absent("Aucun faux programme n'a été demandé.")
    programme = study.programme
    ramp = programme.projection.montee_en_charge if programme else RAMP
    return attempt(
        plant,
        study.panel,
        study.frame,
        study.fit,
        study.estimates,
        study.outcome,
        niveau=study.niveau,
        draws=draws,
        seed=programme.graine if programme else 0,
        ramp=ramp,
    )


def _masked(study: Study) -> Masked | Absent:
    """Return the effects knowing that counts under the producer's threshold are hidden."""
    secret = study.programme.secret if study.programme else Secret()
    return attempt(
        masked,
        study.panel,
        study.outcome,
        niveau=study.niveau,
        threshold=secret.denominateur_minimum,
    )


def _missing(study: Study) -> str:
    """Return the announced primary outcome that the panel does not give; empty otherwise."""
    wanted = study.programme.resultats.principal if study.programme else study.outcome
    given = wanted in study.panel and study.panel[wanted].notna().any()
    return "" if given or wanted == study.outcome else wanted


def seat_years(panel: pd.DataFrame, outcome: str, niveau: str | None = None) -> float:
    """Return the seats opened, counted once per session whose outcome is seen."""
    frame = align(panel, outcome)
    rows = frame if niveau is None else frame[frame["niveau"] == niveau]
    return float(rows["dose"].sum())
