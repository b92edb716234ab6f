"""The evaluation of a run that several pages read, or why there is none."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.checks import Evaluation, evaluate
from fpi_eval.checks.verdict import FAIL
from fpi_eval.errors import FpiError
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.from_files import cell_panel
from fpi_eval.panel.panels import Panels
from fpi_eval.plan import followed

NAMES = {
    "diplomes": "diplômés",
    "terminale": "élèves en dernière année",
    "entrants": "entrants",
    "en_emploi_6_mois": "en emploi à 6 mois",
    "en_emploi_12_mois": "en emploi à 12 mois",
}


NOTHING = "Il n'y a pas d'effet à montrer : « En bref » dit pourquoi."


INSTEAD = ("terminale", "entrants")


@dataclass(frozen=True, slots=True, eq=False)
class Etude:
    """The evaluation of a run, or why there is none.

    ``voulu`` is the programme's primary outcome, ``outcome`` the one that the files allow.
    """

    p: Panels
    cells: CellPanel
    voulu: str
    outcome: str
    evaluation: Evaluation | None
    raison: str

    @property
    def panel(self) -> pd.DataFrame:
        """One row per cell × rentrée."""
        return self.cells.table

    @property
    def muette(self) -> str:
        """Why no effect can be shown; empty if it can."""
        if self.evaluation is None:
            return NOTHING
        if self.evaluation.blocked:
            failed = [c.titre for c in self.evaluation.checks if c.dur and c.statut == FAIL]
            return (
                "Le verdict interdit de donner l'effet : échec de "
                f"{text.liste(f'« {t} »' for t in failed)}."
            )
        return ""

    @property
    def source(self) -> str:
        """Where the figures come from."""
        seats_from = (
            "hausses de capacité" if self.cells.seats_derived else "registre des ouvertures"
        )
        return f"Constat de rentrée, {seats_from} ; {self.p.donnees.credit}"


def etude(p: Panels) -> Etude:
    """Return the evaluation of the run's files, on the outcome that they give."""
    cells = cell_panel(p)
    panel = cells.table
    wanted = p.donnees.programme.resultats.principal
    outcome = next((n for n in (wanted, *INSTEAD) if n in panel and panel[n].notna().any()), "")
    if not outcome:
        reason = "Aucun fichier ne donne d'effectif par établissement et formation."
        return Etude(p, cells, wanted, INSTEAD[0], None, reason)
    try:
        found = evaluate(cells, outcome, p.donnees.programme)
    except FpiError as error:
        return Etude(p, cells, wanted, outcome, None, _why(p, panel, outcome, str(error)))
    except np.linalg.LinAlgError:
        reason = "trop peu de places ouvertes pour séparer leur effet du reste."
        return Etude(p, cells, wanted, outcome, None, _why(p, panel, outcome, reason))
    found = found.with_checks([followed(p.donnees.programme, found)])
    return Etude(p, cells, wanted, outcome, found, "")


def _why(p: Panels, panel: pd.DataFrame, outcome: str, error: str) -> str:
    """Return what the files lack for an estimate."""
    known = sorted(panel.loc[panel[outcome].notna(), "rentree"].unique())
    opened = panel.loc[panel["seats"] != 0, "rentree"]
    years = ("à la rentrée " if len(known) == 1 else "aux rentrées ") + text.liste(known)
    said = (
        f"Les fichiers ne donnent les effectifs par établissement et formation "
        f"({NAMES.get(outcome, outcome)}) qu'{years}"
    )
    said += (
        f", et les premières places ouvertes datent de la rentrée {opened.min()}."
        if len(opened)
        else ", et aucune place ouverte."
    )
    return f"On ne peut pas estimer d'effet. {said} {error[0].upper()}{error[1:]}"
