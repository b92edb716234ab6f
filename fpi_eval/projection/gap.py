"""Graduates of a year fewer than planned, and what each step from seats to diploma accounts for."""

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.shapley import attribute
from fpi_eval.misspelt import known_options
from fpi_eval.projection.outlook import Outlook
from fpi_eval.projection.rates import LIENS, hypotheses

SEATS = "places"


@known_options
def gap_to_plan(found: Outlook) -> pd.DataFrame:
    """Return, by level, what each step takes from the graduates that the plan gives a year.

    Planned: seats decided, and the rates declared in programme.toml; achieved: seats opened, and
    the rates that files show, a rate that none shows staying as declared. Fill is that of full
    capacity in both: what openings show at their ages, brought there as the projection does. Seats
    opened or not, known in both: an opening not yet known is left out. Columns niveau, facteur
    (places or a link), prevu, realise, manque (graduates fewer).
    """
    assumed = hypotheses(found.context.programme)
    rows = found.register.dropna(subset=["places_prevues", "places_ouvertes"])
    seats = rows[["niveau", "places_prevues", "places_ouvertes"]].astype(
        {"places_prevues": float, "places_ouvertes": float}
    )
    seats = seats[seats["places_prevues"] > 0].groupby("niveau").sum()
    if seats.empty:
        raise FpiError("le registre ne donne pas à la fois places prévues et places ouvertes.")
    parts = []
    for niveau, one in seats.iterrows():
        planned = {lien: assumed[lien, niveau].moyenne for lien in LIENS}
        achieved = {lien: _achieved(found, lien, niveau) for lien in LIENS}
        table = attribute(
            {SEATS: one["places_prevues"], **planned}, {SEATS: one["places_ouvertes"], **achieved}
        )
        parts.append(table.assign(niveau=niveau))
    return pd.concat(parts, ignore_index=True)


def _achieved(found: Outlook, lien: str, niveau: str) -> float:
    """Return a rate that files show, fill at the age from which it is declared."""
    rate = found.rates[lien, niveau]
    if rate.profil is None:
        return rate.moyenne
    return float(found.main.flux.fill[niveau][:, -1].mean())
