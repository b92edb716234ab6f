"""Which outcome can be studied, and whether the verdict lets its effect be shown."""

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.calendar import in_industry
from fpi_eval.checks.evaluation import Evaluation, evaluate
from fpi_eval.checks.planted import Planted
from fpi_eval.checks.verdict import FAIL
from fpi_eval.disclosure import Thresholds, mean_told
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS
from fpi_eval.impact.groups.totals import Totals
from fpi_eval.impact.outcomes import Family
from fpi_eval.panel import CellPanel
from fpi_eval.programme import Programme
from fpi_eval.results import Estimates, EventStudy
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
FEW = (
    "Trop peu d'établissements ont ouvert des places : un effet par place dirait ce que font les "
    "élèves de chacun. Il n'est pas donné, comme toute moyenne de moins de cinq."
)
T = TypeVar("T")


def observed_outcome(panel: CellPanel, programme: Programme) -> str | Absent:
    """Return the programme's primary outcome, or the nearest one that the files give."""
    wanted, table = programme.resultats.principal, panel.table
    for name in (wanted, *INSTEAD):
        if name in table and table[name].notna().any():
            return name
    return Absent("Aucun fichier ne donne d'effectif par établissement et formation.")


def evaluated(panel: CellPanel, outcome: str | Absent, programme: Programme) -> Evaluation | Absent:
    """Return the evaluation of an outcome, or why these files do not allow one: see `evaluate`.

    An effect that rests on too few opened establishments would give their counts back: no report
    gives it.
    """
    if isinstance(outcome, Absent):
        return outcome
    try:
        found = kept(evaluate, panel, outcome, programme)
        opened = found.estimates[GROSS].n_treated_clusters
        return found if mean_told(opened, Thresholds.of(programme.secret)) else Absent(FEW)
    except FpiError as error:
        return _unable(panel, outcome, str(error))
    except np.linalg.LinAlgError:
        reason = "trop peu de places ouvertes pour séparer leur effet du reste."
        return _unable(panel, outcome, reason)


def _unable(panel: CellPanel, outcome: str, reason: str) -> Absent:
    """Return what the files lack for an estimate."""
    table, reason = panel.table, reason.partition(" Attendez")[0]
    known = sorted(table.loc[table[outcome].notna(), "rentree"].unique())
    opened = table.loc[table["seats"] != 0, "rentree"]
    first = "hausses de capacité" if panel.seats_derived else "places ouvertes"
    years = ("à la rentrée " if len(known) == 1 else "aux rentrées ") + text.liste(known)
    since = (
        f", et les premières {first} datent de la rentrée {opened.min()}."
        if len(opened)
        else ", et aucune place ouverte."
    )
    return Absent(
        "Aucun effet ne peut encore être estimé. Les fichiers ne donnent les effectifs par "
        f"établissement et formation ({NAMES.get(outcome, outcome)}) qu'{years}{since} "
        f"{reason[0].upper()}{reason[1:]}",
        holder="DEPP : constats de rentrée des autres années, par établissement et formation.",
    )


def allowed(evaluation: Evaluation | Absent, found: T | Absent) -> T | Absent:
    """Return a result headed by the verdict, or why the verdict forbids to show it.

    Of an event study and of a family, without the years and outcomes that rest on few openings.
    """
    if isinstance(evaluation, Absent):
        return evaluation
    if evaluation.blocked:
        failed = text.liste(
            f"« {c.titre} »" for c in evaluation.checks if c.dur and c.statut == FAIL
        )
        return Absent(f"Le verdict interdit de donner l'effet : échec de {failed}.")
    if isinstance(found, EventStudy | Family):
        found = _told(found)
    headed = getattr(found, "with_verdict", None)  # a table of figures has no heading
    return headed(evaluation.verdict.niveau) if headed else found


def _told(found: EventStudy | Family) -> Any:
    """Return the rows that rest on enough opened cells (years) or establishments (outcomes)."""
    count = found.table["n_cells" if isinstance(found, EventStudy) else "n_treated_clusters"]
    told = np.array([mean_told(n, Thresholds()) for n in count])
    rows = found.table[told].reset_index(drop=True)
    if isinstance(found, Family):
        return replace(found, table=rows) if len(rows) else Absent(FEW)
    after = (rows["rel_time"] >= 0).any()
    square = found.covariance[np.ix_(told, told)]
    return replace(found, table=rows, covariance=square) if after else Absent(FEW)


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
