"""Entrants beside places, pupils beside entrants, graduates beside candidates, by course."""

from functools import lru_cache

import pandas as pd

from fpi_eval.misspelt import known_options
from fpi_eval.panel import examens
from fpi_eval.panel.year import Year

COUNTS = ["course", "niveau", "annee", "n", "k"]


@lru_cache(maxsize=4)
def cellules(p: Year) -> pd.DataFrame:
    """Return the cell panel of the programme's filières in its region, school route."""
    rows = p.cells
    here = p.donnees.programme.territoire.ici(rows["code_region"])
    return rows[
        here
        & rows["filiere"].isin(p.donnees.programme.codes_filieres)
        & (rows["voie"] == "scolaire")
    ]


def remplissage(p: Year) -> pd.DataFrame:
    """Return places (n) and entrants (k) by course × level × rentrée, where both are known."""
    rows = cellules(p).dropna(subset=["places", "entrants"])
    return _counts(rows, "places", "entrants")


def retention(p: Year) -> pd.DataFrame:
    """Return entrants (n) and, duree − 1 rentrées later, final-year pupils (k) of the same cell.

    ``annee`` is the rentrée of the final year. Courses of one year are left out: entrants and
    final-year pupils are then the same.
    """
    rows = cellules(p)
    rows = rows[rows["duree"] > 1]
    start = rows[["cell", "rentree", "entrants"]].assign(
        rentree=rows["rentree"] + rows["duree"] - 1
    )
    both = rows.drop(columns="entrants").merge(start, on=["cell", "rentree"])
    return _counts(both.dropna(subset=["entrants", "terminale"]), "entrants", "terminale")


def reussite(p: Year) -> pd.DataFrame:
    """Return candidates (n) and graduates (k) by course × level × session, both voies."""
    rows = examens.reussite(p, ("course", "niveau", "session"))
    return rows[rows["presents"] > 0].set_axis(COUNTS, axis=1)


def _counts(rows: pd.DataFrame, n: str, k: str) -> pd.DataFrame:
    table = rows.groupby(["course", "niveau", "rentree"])[[n, k]].sum()
    return table[table[n] > 0].reset_index().set_axis(COUNTS, axis=1)


@known_options
def passage(p: Year) -> pd.DataFrame:
    """Return places at entry (n) and final-year students (k) by course × level × millésime.

    Both cohorts' places must be known; ``annee`` is the session of the second one. Consecutive
    millésimes share a cohort.
    """
    rows = p.regional
    here = p.donnees.programme.territoire.ici(rows["code_region"])
    kept = rows[here & rows["observe"] & (rows["cohortes_places"] == 2)]
    kept = kept[
        kept["filiere"].isin(p.donnees.programme.codes_filieres) & (kept["voie"] == "scolaire")
    ]
    kept = kept.dropna(subset=["niveau"]).assign(annee=kept["millesime"].str[-4:].astype("int64"))
    table = kept.groupby(["course", "niveau", "annee"])[["places_entree", "terminale"]].sum()
    return table.reset_index().set_axis(COUNTS, axis=1)
