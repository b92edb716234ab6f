"""Waves of openings: how many courses and seats opened each rentrée, and when they are seen."""

import pandas as pd

from fpi_eval.panel import CellPanel
from fpi_eval.panel.cells import lag_of, targeted_of

COLUMNS = (
    "rentree", "duree", "voie", "formations", "places", "derniere_annee", "sortie", "observee",
)  # fmt: skip


def waves(panel: CellPanel, outcome: str) -> pd.DataFrame:
    """Return the openings of the programme's filières by rentrée × length × voie.

    Columns: ``formations`` (cells that gained seats), ``places`` (gained), ``derniere_annee`` and
    ``sortie`` (rentrée and June in which their first students reach the final year, then leave),
    ``observee`` (whether ``outcome`` is in the files at that rentrée).
    """
    table = panel.table
    opened = table[(table["seats"] != 0) & targeted_of(table)]
    if opened.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    rows = table[table["cell"].isin(opened["cell"])].sort_values(["cell", "rentree"])
    gain = rows["seats"] - rows.groupby("cell")["seats"].shift(fill_value=0.0)
    groups = rows.assign(places=gain)[gain > 0].groupby(["rentree", "duree", "voie"])
    found = groups.agg(formations=("cell", "nunique"), places=("places", "sum")).reset_index()
    last = found["rentree"] + lag_of("terminale", found)
    seen = table.loc[table[outcome].notna(), "rentree"].max()
    return found.assign(
        derniere_annee=last, sortie=found["rentree"] + found["duree"], observee=last <= seen
    )
