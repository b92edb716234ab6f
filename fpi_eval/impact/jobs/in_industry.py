"""People at work in the region's industry because seats opened: J on counts of individual files."""

import numpy as np

from fpi_eval.absent import TOO_FEW, Absent
from fpi_eval.errors import FpiError
from fpi_eval.impact.j import j
from fpi_eval.panel import CellPanel
from fpi_eval.results import Estimates

OUTCOME = "en_emploi_industrie_region_{}"


def in_industry(panel: CellPanel | Absent, *, months: int = 6) -> Estimates | Absent:
    """Return the effect per seat on people in the region's industry, or why it is not known.

    Parameters
    ----------
    panel : CellPanel
        With ``en_emploi_industrie_region_6`` and the like (`fpi_eval.records.count`).
    months : int
        Months since leaving: 6, 12, 18 or 24.
    """
    if isinstance(panel, Absent):
        return panel
    name = OUTCOME.format(months)
    if name not in panel.table or panel.table[name].isna().all():
        return Absent(f"Aucun contrat à {months} mois dans les fichiers individuels.")
    try:
        return j(panel.table.dropna(subset=[name]), name)
    except FpiError as error:
        return Absent(f"Ces fichiers individuels ne le permettent pas encore : {error}")
    except np.linalg.LinAlgError:
        return Absent(TOO_FEW)
