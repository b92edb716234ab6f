"""Real results by filière: places, pressure, final-year students, employment, here and elsewhere.

Every rate is a sum of counts over a sum of counts; a row whose numerator is unknown does not count
in the denominator. Courses outside the three filières are left out.
"""

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from fpi_eval.disclosure import Protected, Rate, Thresholds, protect
from fpi_eval.panel.panels import FILIERES, Panels

HERE, ELSEWHERE = "region", "autres"
BY = ["territoire", "filiere", "niveau", "voie"]


def territoire(code_region: pd.Series, region: str) -> pd.Series:
    """Return ``region`` for the programme's region and ``autres`` for every other."""
    return pd.Series(np.where(code_region == region, HERE, ELSEWHERE), code_region.index)


def ratio(table: pd.DataFrame, numerator: str, denominator: str, by: list[str]) -> pd.DataFrame:
    """Return by group the sums of numerator and denominator, both known, and their ratio."""
    known = table.dropna(subset=[numerator, denominator])
    sums = known.groupby(by)[[numerator, denominator]].sum().reset_index()
    sums["taux"] = sums[numerator] / sums[denominator].where(sums[denominator] > 0)
    return sums


def with_wilson(rates: pd.DataFrame, numerator: str, denominator: str) -> pd.DataFrame:
    """Return the rates with a 95 % Wilson interval (Wilson, 1927)."""
    low, high = proportion_confint(
        rates[numerator], rates[denominator], alpha=0.05, method="wilson"
    )
    return rates.assign(ic_bas=low, ic_haut=high)


def _of_the_three(p: Panels, table: pd.DataFrame) -> pd.DataFrame:
    region = p.donnees.programme.territoire.code_region
    kept = table[table["filiere"].isin(FILIERES)]
    return kept.assign(territoire=territoire(kept["code_region"], region))


def places(p: Panels) -> pd.DataFrame:
    """Return entry places by territory × filière × level × voie × rentrée.

    Levels stay apart: 2nde, 1re and CAP places are entries of different courses, and never added
    for one course.
    """
    seats = _of_the_three(p, p.capacites.table)
    return seats.groupby([*BY, "rentree"])["places"].sum(min_count=1).reset_index()


def places_constantes(p: Panels) -> pd.DataFrame:
    """Return places of cells known at two consecutive rentrées, by territory × filière × level.

    Columns: …, avant, apres, places_avant, places_apres, cellules, evolution. Comparing the same
    cells keeps changes of codes and of census out.
    """
    seats = _of_the_three(p, p.capacites.table)
    cell = [*BY, "source", "uai", "mefstat11"]
    known = seats.groupby([*cell, "rentree"])["places"].sum(min_count=1).dropna().reset_index()
    before = known.assign(rentree=known["rentree"] + 1).rename(columns={"places": "places_avant"})
    both = known.merge(before, on=[*cell, "rentree"])
    table = both.groupby([*BY, "rentree"]).agg(
        places_avant=("places_avant", "sum"),
        places_apres=("places", "sum"),
        cellules=("uai", "size"),
    )
    table["evolution"] = table["places_apres"] / table["places_avant"] - 1
    return table.reset_index()


def pression(p: Panels) -> pd.DataFrame:
    """Return first wishes per place (Affelnet) by territory × filière × rentrée."""
    seats = _of_the_three(p, p.capacites.table)
    seats = seats[(seats["source"] == "affelnet") & (seats["places"] > 0)]
    return ratio(seats, "voeux_1", "places", ["territoire", "filiere", "rentree"])


def demande(p: Panels) -> pd.DataFrame:
    """Return confirmed wishes per place (Parcoursup, BTS) by territory × filière × voie × rentrée.

    Parcoursup wishes are not ranked: this is not a pressure.
    """
    seats = _of_the_three(p, p.capacites.table)
    seats = seats[(seats["source"] == "parcoursup_bts") & (seats["places"] > 0)]
    return ratio(seats, "voeux", "places", ["territoire", "filiere", "voie", "rentree"])


def places_par_departement(p: Panels) -> pd.DataFrame:
    """Return the region's entry places of the rentrée by département, a column per filière."""
    facts = p.donnees.programme.territoire
    seats = _of_the_three(p, p.capacites.table)
    rows = seats[(seats["territoire"] == HERE) & (seats["rentree"] == p.donnees.rentree)]
    table = rows.pivot_table(
        index="code_departement", columns="filiere", values="places", aggfunc="sum", fill_value=0.0
    )
    table = table.reindex(index=[d.code for d in facts.departements], columns=list(FILIERES))
    names = {d.code: d.nom for d in facts.departements}
    return (
        table.fillna(0.0)
        .rename_axis(columns=None)
        .rename(index=names)
        .reset_index(names="departement")
    )


def terminale(p: Panels) -> pd.DataFrame:
    """Return final-year students by territory × filière × level × voie × millésime."""
    rows = _of_the_three(p, p.resultats)
    return rows.groupby([*BY, "millesime"])["terminale"].sum().reset_index()


def emploi(p: Panels, *, by: tuple[str, ...] = ("territoire", "filiere", "voie")) -> pd.DataFrame:
    """Return the employment rate at 6 months: employed leavers over leavers, with its interval.

    The interval treats leavers as independent draws; it does not speak of change between years.
    """
    rows = _of_the_three(p, p.inserjeunes)
    rates = ratio(rows, "en_emploi_6_mois", "sortants", [*by, "millesime"])
    return with_wilson(rates, "en_emploi_6_mois", "sortants")


def emploi_protege(p: Panels) -> Protected:
    """Return leavers and employed by territory × filière × voie (× level) × millésime, fit to show.

    Both groupings are protected together: no hidden cell can be had by difference.
    """
    rows = _of_the_three(p, p.inserjeunes).dropna(subset=["en_emploi_6_mois", "sortants"])
    dims = [*BY, "millesime"]
    detail = rows.groupby(dims)[["sortants", "en_emploi_6_mois"]].sum().reset_index()
    secret = p.donnees.programme.secret
    return protect(
        detail,
        dims=dims,
        values=["sortants", "en_emploi_6_mois"],
        margins=[tuple(dims), ("territoire", "filiere", "voie", "millesime")],
        rates=[Rate("taux", "en_emploi_6_mois", "sortants")],
        thresholds=Thresholds(secret.effectif_minimum, secret.denominateur_minimum),
        name="insertion",
    )


def largest_gap(p: Panels) -> tuple[int, float]:
    """Return how many published rates were compared with counts, and the largest gap."""
    rows = p.inserjeunes.dropna(subset=["taux_emploi_6_mois", "en_emploi_6_mois", "sortants"])
    gap = (rows["en_emploi_6_mois"] / rows["sortants"] - rows["taux_emploi_6_mois"]).abs()
    return len(rows), float(gap.max())
