"""Real results by filière: places, pressure, final-year students, employment, here and elsewhere.

Every rate is a sum of counts over a sum of counts; a row whose numerator is unknown does not count
in the denominator. Courses outside the programme's filières are left out.
"""

import pandas as pd

from fpi_eval.indicators.catalogue import TAUX_DEMANDE, TAUX_EMPLOI_6_MOIS, TAUX_PRESSION
from fpi_eval.indicators.compute import compute
from fpi_eval.indicators.declare import Indicator
from fpi_eval.panel.panels import Panels
from fpi_eval.panel.regional_panel import HERE, territoire

BY = ["territoire", "filiere", "niveau", "voie"]


def rates(table: pd.DataFrame, indicator: Indicator, by: list[str]) -> pd.DataFrame:
    """Return the indicator by group under the columns' own names, groups without a base left out.

    Columns: `by`, the counts of numerator and denominator, ``taux``, ``ic_bas``, ``ic_haut``.
    """
    found = compute(table, indicator, by)
    found = found[found["n_rows"] > 0].reset_index(drop=True)
    names = {
        "numerator": indicator.numerator[0],
        "denominator": indicator.denominator,
        "value": "taux",
        "ci_low": "ic_bas",
        "ci_high": "ic_haut",
    }
    return found.rename(columns=names)[[*by, *names.values()]]


def of_programme(p: Panels, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the programme's filières, with their territory."""
    place = p.donnees.programme.territoire
    kept = table[table["filiere"].isin(p.donnees.programme.codes_filieres)]
    return kept.assign(territoire=territoire(kept["code_region"], place))


def places(p: Panels) -> pd.DataFrame:
    """Return entry places by territory × filière × level × voie × rentrée.

    Levels stay apart: 2nde, 1re and CAP places are entries of different courses, and never added
    for one course.
    """
    seats = of_programme(p, p.capacites.table)
    return seats.groupby([*BY, "rentree"])["places"].sum(min_count=1).reset_index()


def places_constantes(p: Panels) -> pd.DataFrame:
    """Return places of cells known at two consecutive rentrées, by territory × filière × level.

    Columns: …, avant, apres, places_avant, places_apres, cellules, evolution. Comparing the same
    cells keeps changes of codes and of census out.
    """
    seats = of_programme(p, p.capacites.table)
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
    seats = of_programme(p, p.capacites.table)
    seats = seats[(seats["source"] == "affelnet") & (seats["places"] > 0)]
    return rates(seats, TAUX_PRESSION, ["territoire", "filiere", "rentree"])


def demande(p: Panels) -> pd.DataFrame:
    """Return confirmed wishes per place (Parcoursup, BTS) by territory × filière × voie × rentrée.

    Parcoursup wishes are not ranked: this is not a pressure.
    """
    seats = of_programme(p, p.capacites.table)
    seats = seats[(seats["source"] == "parcoursup_bts") & (seats["places"] > 0)]
    return rates(seats, TAUX_DEMANDE, ["territoire", "filiere", "voie", "rentree"])


def places_par_departement(p: Panels) -> pd.DataFrame:
    """Return the region's entry places of the rentrée by département, a column per filière."""
    facts = p.donnees.programme.territoire
    seats = of_programme(p, p.capacites.table)
    rows = seats[(seats["territoire"] == HERE) & (seats["rentree"] == p.donnees.rentree)]
    table = rows.pivot_table(
        index="code_departement", columns="filiere", values="places", aggfunc="sum", fill_value=0.0
    )
    table = table.reindex(
        index=[d.code for d in facts.departements], columns=list(p.donnees.programme.codes_filieres)
    )
    names = {d.code: d.nom for d in facts.departements}
    return (
        table.fillna(0.0)
        .rename_axis(columns=None)
        .rename(index=names)
        .reset_index(names="departement")
    )


def terminale(p: Panels) -> pd.DataFrame:
    """Return final-year students by territory × filière × level × voie × millésime."""
    rows = of_programme(p, p.resultats)
    return rows.groupby([*BY, "millesime"])["terminale"].sum().reset_index()


def emploi(p: Panels, *, by: tuple[str, ...] = ("territoire", "filiere", "voie")) -> pd.DataFrame:
    """Return the employment rate at 6 months: employed leavers over leavers, with its interval.

    The interval treats leavers as independent draws; it does not speak of change between years.
    """
    rows = of_programme(p, p.inserjeunes)
    return rates(rows, TAUX_EMPLOI_6_MOIS, [*by, "millesime"])


def largest_gap(p: Panels) -> tuple[int, float]:
    """Return how many published rates were compared with counts, and the largest gap."""
    rows = p.inserjeunes.dropna(subset=["taux_emploi_6_mois", "en_emploi_6_mois", "sortants"])
    gap = (rows["en_emploi_6_mois"] / rows["sortants"] - rows["taux_emploi_6_mois"]).abs()
    return len(rows), float(gap.max())
