"""What a page shows of individual files: people at work in the region's industry, net."""

import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.panel.context import Context
from fpi_eval.records.counted import Counted
from fpi_eval.results import Estimates
from fpi_eval.tables import Table, table


def reponse(effet: Estimates | Absent) -> str:
    """Return in a few sentences how many more work in the region's industry, or why not known."""
    if isinstance(effet, Absent):
        return str(effet)
    gross, net = effet[0], effet[2]
    more = text.nombre(100 * net.estimate)
    said = (
        f"Pour 100 places ouvertes, {more} personnes de plus travaillent dans l'industrie de la "
        "région six mois après leur sortie, déplacement déduit (intervalle à 95 % : "
        f"{text.intervalle(100 * net.ci_low, 100 * net.ci_high, 0)}) ; "
        f"{text.nombre(100 * gross.estimate)} avant de le déduire "
        f"({text.intervalle(100 * gross.ci_low, 100 * gross.ci_high, 0)})."
    )
    if net.ci_low <= 0 <= net.ci_high:
        said += " On ne peut pas encore dire si plus de personnes y travaillent."
    return said


def effets(effet: Estimates | Absent, context: Context) -> Table | Absent:
    """Return the effect per seat: gross, displacement, net, with intervals."""
    if isinstance(effet, Absent):
        return effet
    rows = pd.DataFrame(
        {
            "effet": [one.label for one in effet],
            "estime": [text.signe(one.estimate, 2) for one in effet],
            "intervalle": [text.intervalle(one.ci_low, one.ci_high, 2) for one in effet],
        }
    )
    return table(
        rows,
        "Personnes de plus dans l'industrie de la région, par place ouverte",
        labels={"effet": "Effet", "estime": "Personnes", "intervalle": "Intervalle à 95 %"},
        source=f"fichiers individuels ; {context.credit}",
        note="Industrie : sections B à E de la NAF (ou secteurs déclarés de la filière) ; région : "
        "celle de l'établissement de formation, par le lieu de travail ; un contrat par personne, "
        "le principal, en cours au jour d'observation.",
    )


def controle(compte: Counted | Absent) -> str:
    """Return the sentences that say what was read and what was wrong in it."""
    return str(compte) if isinstance(compte, Absent) else compte.summary()
