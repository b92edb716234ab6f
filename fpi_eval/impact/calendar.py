"""When what an opening changes can be read: no figure before its date, none filled in instead."""

from datetime import date

import pandas as pd
from babel.dates import format_date

from fpi_eval.errors import FpiError
from fpi_eval.panel.cells import lag_of
from fpi_eval.text import LOCALE

#: Months from leaving (June) to publication: measured in the January (6, 18 months) or July (12,
#: 24) that follows, published some 11 months later (DEPP: leavers of 2022, 6 months in December
#: 2023, 24 months in June 2025).
PUBLISHED = {6: 18, 12: 24, 18: 30, 24: 36}


def observable_on(outcome: str, rentree: int, duree: int) -> date:
    """Return the month in which the first figure on an opening's own students is published.

    Parameters
    ----------
    outcome : str
        entrants, voeux_1, places, terminale, diplomes, sortants, en_emploi_6_mois, ….
    rentree : int
        Rentrée of the opening.
    duree : int
        Years of the course; its students leave in June of ``rentree + duree``.
    """
    if not lag_of(outcome, [duree]).any() and outcome in ("entrants", "voeux_1", "places"):
        return date(rentree, 12, 1)
    if outcome == "terminale":
        return date(rentree + duree - 1, 12, 1)
    if outcome == "diplomes":
        return date(rentree + duree, 7, 1)
    months = _months(outcome)
    year, month = divmod(5 + PUBLISHED[months], 12)
    return date(rentree + duree + year, month + 1, 1)


def _months(outcome: str) -> int:
    """Return the horizon behind an outcome; leavers are published with the 6-month figure."""
    if outcome == "sortants":
        return 6
    words = [w for w in outcome.split("_") if w.isdigit()]
    if not words or int(words[0]) not in PUBLISHED:
        raise FpiError(f"résultat « {outcome} » : aucune date de publication n'est connue.")
    return int(words[0])


def first_seen(panel: pd.DataFrame, outcome: str) -> date:
    """Return the month of the first figure on any opened seat of the panel."""
    opened = panel[(panel["seats"] > 0).to_numpy()]
    if opened.empty:
        raise FpiError("aucune place ouverte dans le panel : il n'y a pas de calendrier.")
    first = opened.groupby("cell").agg(rentree=("rentree", "min"), duree=("duree", "first"))
    pairs = first.drop_duplicates().itertuples(index=False)
    return min(observable_on(outcome, int(r), int(d)) for r, d in pairs)


def calendar(rentrees: list[int], durees: list[int], outcomes: list[str]) -> pd.DataFrame:
    """Return one row per rentrée of opening × duration, one column of dates per outcome."""
    rows = [
        {"rentree": w, "duree": d} | {o: observable_on(o, w, d) for o in outcomes}
        for w in rentrees for d in durees
    ]  # fmt: skip
    return pd.DataFrame(rows)


def month(day: date) -> str:
    """Return a month in words, e.g. ``décembre 2030``."""
    return format_date(day, "MMMM y", locale=LOCALE)
