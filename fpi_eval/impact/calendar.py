"""When what an opening changes can first be read: nothing is filled in before that date."""

from datetime import date

import pandas as pd
from babel.dates import format_date

from fpi_eval.errors import FpiError
from fpi_eval.panel.publication import RESULTATS
from fpi_eval.text import LOCALE, liste

#: Leavers are published with the first employment figure.
WITH = {"sortants": "en_emploi_6_mois"}


def observable_on(outcome: str, rentree: int, duree: int) -> date:
    """Return the month in which the first figure on an opening's own students is published.

    Parameters
    ----------
    outcome : str
        entrants, terminale, diplomes, sortants, en_emploi_6_mois, ….
    rentree : int
        Rentrée of the opening.
    duree : int
        Years of the course; its students leave in June of ``rentree + duree``.
    """
    lags = {item.name: item for item in RESULTATS}
    name = WITH.get(outcome, outcome)
    if name not in lags:
        raise FpiError(f"aucune date de publication pour « {outcome} » (connus : {liste(lags)}).")
    return lags[name].dates(rentree, duree)[1]


def first_seen(panel: pd.DataFrame, outcome: str) -> date:
    """Return the month of the first figure on any opened seat of the panel."""
    opened = panel[(panel["seats"] > 0).to_numpy()]
    if opened.empty:
        raise FpiError("aucune place ouverte dans le panel : il n'y a pas de calendrier.")
    first = opened.groupby("cell").agg(rentree=("rentree", "min"), duree=("duree", "first"))
    pairs = first.drop_duplicates().itertuples(index=False)
    return min(observable_on(outcome, int(r), int(d)) for r, d in pairs)


def month(day: date) -> str:
    """Return a month in words, e.g. ``décembre 2030``."""
    return format_date(day, "MMMM y", locale=LOCALE)
