"""Columns that some indicators need, each from one row or one cell's own history."""

import pandas as pd

from fpi_eval.errors import FpiError

EXCEPTION_2023 = 2023


def seat_moves(requests: pd.DataFrame) -> pd.DataFrame:
    """Return requests of the training map with the seats opened, closed, recoloured, transformed.

    Parameters
    ----------
    requests : DataFrame
        ``campagne``, ``type_demande`` and, for each route (``scolaire``, ``apprentissage``), the
        capacity asked and the present one: ``capacite_scolaire``, ``capacite_scolaire_actuelle``,
        ``capacite_scolaire_coloree``, ``capacite_scolaire_coloree_actuelle``, and so on.

    Returns
    -------
    DataFrame
        With ``places_ouvertes``, ``places_fermees`` (colourings apart: max(Δ, 0) and max(−Δ, 0)),
        ``places_colorees`` (0 before the campaign of 2024, which did not have them) and
        ``places_transformees`` (from 2025 on: per route the larger of ``|Δ|`` and ``|Δ coloured|``
        where they have the same sign, else their sum; 2024: opened + closed + recoloured; 2023:
        opened, and closed in scolaire only). Formulas of Orion, without its colour-aware opening
        rule.
    """
    result = requests.assign(
        places_ouvertes=0.0, places_fermees=0.0, places_colorees=0.0, places_transformees=0.0
    )
    for route in ("scolaire", "apprentissage"):
        seats, colour = (_delta(requests, f"capacite_{route}{kind}") for kind in ("", "_coloree"))
        colour = colour.where(requests["campagne"] > EXCEPTION_2023, 0)
        seats = seats.where(requests["type_demande"] != "coloration", 0)
        opened, closed, coloured = seats.clip(lower=0), (-seats).clip(lower=0), colour.clip(lower=0)
        same = seats * colour >= 0
        both = pd.concat([seats.abs(), colour.abs()], axis=1)
        moved = both.max(axis=1).where(same, both.sum(axis=1))
        moved = moved.mask(requests["campagne"] == EXCEPTION_2023 + 1, opened + closed + coloured)
        first = opened + closed if route == "scolaire" else opened
        moved = moved.mask(requests["campagne"] == EXCEPTION_2023, first)
        result["places_ouvertes"] += opened
        result["places_fermees"] += closed
        result["places_colorees"] += coloured
        result["places_transformees"] += moved
    return result


def _delta(requests: pd.DataFrame, name: str) -> pd.Series:
    for column in (name, f"{name}_actuelle"):
        if column not in requests:
            raise FpiError("colonne de capacité absente des demandes.", colonne=column)
    return requests[name] - requests[f"{name}_actuelle"]


def entry_cohort(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with what its final-year students found at entry, ``duree − 1`` years ago.

    Adds ``entrants_cohorte``, ``places_cohorte`` and ``seats_cohorte``: missing before the panel
    begins.
    """
    names = [name for name in ("entrants", "places", "seats") if name in panel]
    past = panel[["cell", "rentree", *names]].rename(columns={n: f"{n}_cohorte" for n in names})
    past = past.rename(columns={"rentree": "_entree"})
    entered = panel.assign(_entree=panel["rentree"] - panel["duree"] + 1)
    joined = entered.merge(past, on=["cell", "_entree"], how="left", validate="many_to_one")
    return joined.drop(columns="_entree")


def gains(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with ``places_gagnees`` and ``entrants_gagnes`` since the rentrée before.

    Both are missing where the cell gained no place, or where the year before is unknown: marginal
    filling looks at new places only.
    """
    before = panel[["cell", "rentree", "places", "entrants"]].assign(rentree=panel["rentree"] + 1)
    both = panel[["cell", "rentree"]].merge(
        before, on=["cell", "rentree"], how="left", validate="one_to_one"
    )
    both.index = panel.index
    more = panel["places"] - both["places"]
    return panel.assign(
        places_gagnees=more.where(more > 0),
        entrants_gagnes=(panel["entrants"] - both["entrants"]).where(more > 0),
    )


def in_seats(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with the people in the programme's seats, pro rata of the cell.

    ``entrants_programme`` = entrants × seats / places (share at most 1), and
    ``diplomes_programme`` = graduates × the same share at their entry. This is bookkeeping: who
    would have studied elsewhere is the impact's question.
    """
    panel = panel if "seats_cohorte" in panel else entry_cohort(panel)
    now = (panel["seats"] / panel["places"].where(panel["places"] > 0)).clip(0, 1)
    base = panel["places_cohorte"].where(panel["places_cohorte"] > 0)
    then = (panel["seats_cohorte"] / base).clip(0, 1)
    return panel.assign(
        entrants_programme=(panel["entrants"] * now).mask(panel["seats"] == 0, 0.0),
        diplomes_programme=(panel["diplomes"] * then).mask(panel["seats_cohorte"] == 0, 0.0),
    )
