"""What a page shows of individual files: people at work in the region's industry, net."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from fpi_eval import rounding
from fpi_eval.absent import Absent
from fpi_eval.checks import Evaluation, allowed
from fpi_eval.headline import Headline
from fpi_eval.panel.context import Context
from fpi_eval.report.pages.diplomes import PER_SEAT
from fpi_eval.tables import Table, table

if TYPE_CHECKING:  # its engine is an extra
    from fpi_eval.records.counted import Counted


def reponse(evaluation: Evaluation | Absent, chiffres: Headline) -> str:
    """Return how many more work in the region's industry; nothing where they cannot be counted."""
    if isinstance(evaluation, Absent):
        return ""
    found = chiffres["industrie_100"]
    low, high = found.ends
    sure = low is not None and high is not None and low * high > 0
    doubt = "" if sure else " On ne peut pas encore dire si plus de personnes y travaillent."
    return f"{found.phrase}{doubt} Avis des contrôles : {evaluation.verdict.niveau}."


def lecture(compte: "Counted | Absent") -> str:
    """Return what was read of the files, and what was wrong in them."""
    return "" if isinstance(compte, Absent) else "\n\n".join(compte.summary().split("\n"))


def effets(evaluation: Evaluation | Absent, context: Context) -> Table | Absent:
    """Return the effect of 100 seats: gross, displacement, net, with calibrated intervals."""
    found = allowed(evaluation, evaluation)
    if isinstance(found, Absent):
        return found
    figures = ["estime", "bas", "haut"]
    rows = [
        (word, *_rounded(one.estimate, one.ci_low, one.ci_high))
        for one, word in ((found.estimates[label], word) for label, word in PER_SEAT.items())
    ]
    return table(
        pd.DataFrame(rows, columns=["effet", *figures]),
        "Personnes de plus dans l'industrie de la région, pour 100 places ouvertes",
        formats=dict.fromkeys(figures, ("signe", 0)),
        labels={
            "effet": "Effet",
            "estime": "Personnes",
            "bas": "Borne basse",
            "haut": "Borne haute",
        },
        source=f"Fichiers individuels ; {context.credit}",
        note="Intervalles à 95 %, étalonnés sur de faux programmes quand ils peuvent l'être. "
        "Industrie : sections B à E de la NAF, ou secteurs déclarés de la filière. Région : celle "
        "de l'établissement de formation, par le lieu de travail. Un contrat par personne, le "
        "principal, en cours au jour d'observation.",
    )


def _rounded(*values: float) -> Iterator[float]:
    """Yield an effect and its ends for 100 seats, rounded by the width of the interval."""
    step = rounding.step_of(100 * values[1], 100 * values[2])
    yield from (rounding.rounded(100 * value, step) for value in values)
