"""Which outcome can be studied, and whether the verdict lets its effect be shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.calendar import in_industry
from fpi_eval.checks.evaluation import Evaluation, evaluate
from fpi_eval.checks.planted import Planted
from fpi_eval.checks.planter import DRAWS
from fpi_eval.disclosure import Gate
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import as_panel
from fpi_eval.impact.groups.totals import Totals
from fpi_eval.misspelt import known_options
from fpi_eval.panel import CellPanel
from fpi_eval.programme import Programme, Secret
from fpi_eval.results import Estimates
from fpi_eval.store import kept

#: Outcomes studied instead of the announced one where files do not give it, nearest first.
INSTEAD = ("terminale", "entrants")
NAMES = {
    "diplomes": "diplômés",
    "terminale": "élèves en dernière année",
    "entrants": "entrants",
    "en_emploi_6_mois": "en emploi à 6 mois",
    "en_emploi_12_mois": "en emploi à 12 mois",
    in_industry(6): "en emploi dans l'industrie de la région à 6 mois",
}
NO_EFFECT = "Aucun effet ne peut encore être estimé."
FEW = "Trop peu d'établissements ont ouvert des places."
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TooFew(Absent):
    """An effect that is not told: it rests on too few openings; `why` follows `FEW`."""

    why: str = field(default="", kw_only=True)


def few(secret: Secret) -> TooFew:
    """Return why nothing is told of an effect that rests on too few openings."""
    why = (
        "Un effet par place dirait ce que font les élèves de chaque établissement : il "
        f"n'est pas donné, comme toute moyenne de moins de {text.nombre(secret.effectif_minimum)} "
        "établissements."
    )
    return TooFew(f"{FEW} {why}", why=why)


@known_options
def observed_outcome(panel: CellPanel | pd.DataFrame, programme: Programme) -> str | Absent:
    """Return the programme's primary outcome, or the nearest one that the files give."""
    wanted, table = programme.resultats.principal, CellPanel.of(panel).table
    for name in (wanted, *INSTEAD):
        if name in table and table[name].notna().any():
            return name
    return Absent("Aucun fichier ne donne d'effectif par établissement et formation.")


@known_options
def evaluated(
    panel: CellPanel | pd.DataFrame,
    outcome: str | Absent,
    programme: Programme,
    *,
    draws: int = DRAWS,
) -> Evaluation | Absent:
    """Return the evaluation of an outcome, or why these files do not allow one: see `evaluate`.

    An effect that rests on too few opened establishments would give their counts back: no report
    gives it. ``draws``: fake programmes planted; ten times more cost ten times their time, and
    tell the shares of the verdict three times closer.
    """
    if isinstance(outcome, Absent):
        return outcome
    panel = CellPanel.of(panel)
    if not {"uai", "rentree", "seats", outcome} <= set(panel.table):
        as_panel(panel.table, y=outcome)  # refuses the column by its name
    opened = panel.table.loc[panel.table["seats"] != 0, "uai"].nunique()
    if opened and not Gate.of(programme.secret).told(opened):
        return few(programme.secret)
    try:
        return told(kept(evaluate, panel, outcome, programme, draws=draws), programme)
    except FpiError as error:
        return _unable(panel, outcome, error.raison)
    except np.linalg.LinAlgError:
        reason = "trop peu de places ouvertes pour séparer leur effet du reste."
        return _unable(panel, outcome, reason)


def _unable(panel: CellPanel, outcome: str, reason: str) -> Absent:
    """Return what the files lack for an estimate; its reason first, where they give many years."""
    table, reason = panel.table, text.capitale(reason)
    known = sorted(table.loc[table[outcome].notna(), "rentree"].unique())
    if not known:
        return Absent(f"{NO_EFFECT} {reason}")
    opened = table.loc[table["seats"] != 0, "rentree"]
    first = "hausses de capacité" if panel.seats_derived else "places ouvertes"
    what = f"les effectifs par établissement et formation ({NAMES.get(outcome, outcome)})"
    since = f"premières {first} datent de la rentrée {opened.min()}"
    if len(known) > 1 and len(known) == known[-1] - known[0] + 1:
        since = f"Les {since}." if len(opened) else "Aucune place n'est ouverte."
        whole = f"Les fichiers donnent {what} de la rentrée {known[0]} à la rentrée {known[-1]}."
        said = f"{reason} {whole} {since}"
    else:
        years = ("à la rentrée " if len(known) == 1 else "aux rentrées ") + text.liste(known)
        since = f", et les {since}" if len(opened) else ""  # the reason says that none opened
        said = f"Les fichiers ne donnent {what} qu'{years}{since}. {reason}"
    return Absent(
        f"{NO_EFFECT} {said}",
        holder="DEPP : constats de rentrée des autres années, par établissement et formation.",
    )


@known_options
def allowed(evaluation: Evaluation | Absent, found: T | Absent) -> T | Absent:
    """Return a result headed by the verdict, or why the verdict forbids to show it.

    Without what rests on few openings, as in `told`.
    """
    if isinstance(evaluation, Absent):
        return evaluation
    if evaluation.blocked:
        return Absent(f"Le verdict interdit de donner l'effet. {evaluation.hard_failures}")
    found = _passed(found, evaluation.secret)
    headed = getattr(found, "with_verdict", None)  # a table of figures has no heading
    return headed(evaluation.verdict.niveau) if headed else found


@known_options
def told(found: T | Absent, programme: Programme) -> T | Absent:
    """Return what a programme may tell of a result: nothing that rests on too few openings.

    Of results by name, each that may not be told is absent.
    """
    if isinstance(found, Mapping):
        return cast(Any, {name: told(one, programme) for name, one in found.items()})
    return _passed(found, programme.secret)


def _passed(found: T | Absent, secret: Secret) -> T | Absent:
    passed = Gate.of(secret).passed(found)
    return few(secret) if passed is None else passed


@known_options
def calibrated(
    evaluation: Evaluation | Absent, found: Estimates | Totals | Absent
) -> Estimates | Totals | Absent:
    """Return effects on the outcome judged with the interval that its planted programmes calibrate.

    As `allowed` otherwise: no interval but this one is shown beside the verdict.
    """
    if isinstance(evaluation, Evaluation) and isinstance(evaluation.planted, Planted):
        fakes, outcome = evaluation.planted, evaluation.outcome
        if isinstance(found, Totals) and found.outcome == outcome:
            found = fakes.corrected_totals(found)
        if isinstance(found, Estimates) and found[0].outcome == outcome:
            found = fakes.corrected(found)
    return allowed(evaluation, found)
