"""The counts of people that a report shows, each table with its margins, protected together.

Four systems share no count, so each is protected by itself: wishes, entrants, people trained, and
what becomes of final-year students. Whatever shows people reads them here: rates are computed from
the counts that stay, so that they can tell no more. Recent years have a detail (département,
course); older ones are sums only, under what last year's report already hid.
"""

from collections.abc import Sequence
from functools import cache

import pandas as pd

from fpi_eval.disclosure import Parts, Rate
from fpi_eval.indicators.declare import EMPLOYED
from fpi_eval.indicators.derive import in_seats
from fpi_eval.indicators.filieres import of_programme
from fpi_eval.panel.panels import Panels
from fpi_eval.panel.regional import HERE
from fpi_eval.report.published.protection import AUTRES, Safe, protected

PLACE = ["code_academie", "code_departement"]
MILLESIMES = 4  # last ones shown


def all_systems(p: Panels) -> dict[str, Safe]:
    """Return every protected table that the data allow, by name."""
    made = {"voeux": voeux(p), "entrants": entrants(p), "formes": formes(p), "devenir": devenir(p)}
    return {name: safe for name, safe in made.items() if safe is not None}


@cache
def voeux(p: Panels) -> Safe | None:
    """Return wishes beside places by territory × level × filière × voie × rentrée.

    Académies and départements of the region for the rentrée and the one before. Affelnet: first
    wishes (secondary); Parcoursup: confirmed wishes (BTS). A cell counts where both are known.
    """
    rows = of_programme(p, p.capacites.table)
    affelnet = (rows["source"] == "affelnet") & (rows["niveau"] == "secondaire")
    wished = rows["voeux_1"].where(affelnet).notna() | rows["voeux"].notna() & ~affelnet
    rows = rows[wished & (rows["places"] > 0)]
    dims = ["territoire", "niveau", "filiere", "voie", *PLACE, "rentree"]
    groups = [("territoire", "niveau", "filiere", "voie", *PLACE[:k]) for k in (2, 1, 0)]
    known = [name for name in ("voeux_1", "voeux") if rows[name].notna().any()]
    return protected(p, "voeux", _located(p, rows), dims, known, groups, public=["places"])


@cache
def cellules(p: Panels) -> pd.DataFrame:
    """Return the cell panel from files, programme's filières, voie scolaire, territory."""
    rows = of_programme(p, p.cells)
    return rows[(rows["voie"] == "scolaire") & rows["niveau"].notna()]


@cache
def entrants(p: Panels) -> Safe | None:
    """Return entrants beside places by territory × level × filière × rentrée, where both known."""
    rows = cellules(p)
    rows = rows[rows["entrants"].notna() & (rows["places"] > 0)]
    dims = ["territoire", "niveau", "filiere", *PLACE, "rentree"]
    groups = [("territoire", "niveau", "filiere", *PLACE[:k]) for k in (2, 1, 0)]
    return protected(p, "entrants", _located(p, rows), dims, ["entrants"], groups,
                      public=["places"])  # fmt: skip


def _located(p: Panels, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose académie and département are told in the region, for recent years."""
    told = (rows["territoire"] == HERE) & (rows["rentree"] >= p.donnees.rentree - 1)
    return rows.assign(**{name: rows[name].where(told, AUTRES) for name in PLACE})


@cache
def en_service(p: Panels) -> pd.DataFrame:
    """Return the region's cells (voie scolaire) with the programme's own seats in force."""
    rows = cellules(p)
    rows = rows[rows["territoire"] == HERE]
    start = p.donnees.programme.rentree_debut
    before = rows[rows["rentree"] == start - 1].set_index("cell")["seats"]
    seats = (rows["seats"] - rows["cell"].map(before).fillna(0.0)).clip(lower=0)
    return rows.assign(seats=seats.where(rows["rentree"] >= start, 0.0))


@cache
def en_places(p: Panels) -> pd.DataFrame:
    """Return cells with people in the programme's seats, a whole number in each."""
    rows = in_seats(en_service(p))
    rows = rows[rows["seats"] > 0]
    return rows.assign(entrants_programme=rows["entrants_programme"].round())


@cache
def formes(p: Panels) -> Safe | None:
    """Return people who entered the programme's seats, since its start, by place and course kind.

    Entrants pro rata of the programme's seats in their cell, rounded there. Voie scolaire only:
    no open file counts apprentices who enter.
    """
    if p.registre.empty:
        return None
    people = en_places(p)
    people = people[people["entrants_programme"].notna()]
    if people.empty:
        return None
    years = sorted(people["rentree"].unique())
    dims = ["niveau", "filiere", *PLACE, "uai", "rentree"]
    groups = [("niveau", "filiere", *PLACE), ("niveau", *PLACE, "uai"), ("niveau", *PLACE),
              ("niveau", "filiere"), ("niveau",), ()]  # fmt: skip
    ends = {p.donnees.rentree, *(one.echeance for one in p.donnees.programme.cibles)}
    spans = {_span(years, min(end, p.donnees.rentree)) for end in ends} - {()}
    windows = [span if len(span) > 1 else span[0] for span in sorted(spans, key=len)]
    return protected(p, "formes", people, dims, ["entrants_programme"], groups,
                      windows=windows)  # fmt: skip


def _span(years: Sequence[int], last: int) -> tuple[int, ...]:
    return tuple(int(year) for year in years if year <= last)


@cache
def devenir(p: Panels) -> Safe | None:
    """Return what becomes of final-year students: territory × filière × level × voie × millésime.

    ``terminale`` counts those of the rows whose outcomes the publisher gives (`couverture`), of
    whom ``poursuite`` study on and ``sortants`` leave. At the last millésime the region's courses
    (voie scolaire) are told apart.
    """
    rows = of_programme(p, p.inserjeunes)
    rows = rows[rows["millesime"].isin(sorted(rows["millesime"].unique())[-MILLESIMES:])]
    known = rows["sortants"].notna()
    last = rows["millesime"].max()
    told = (rows["territoire"] == HERE) & (rows["millesime"] == last)
    told &= rows["voie"] == "scolaire"
    rows = rows.assign(
        terminale=rows["terminale"].where(known),
        poursuite=rows["poursuite"].where(known),
        course=rows["course"].fillna("").where(told, AUTRES),
    )
    values = ["terminale", "poursuite", "sortants", *EMPLOYED]
    kind = ("territoire", "filiere", "niveau", "voie")
    groups = [(*kind, "course"), kind, ("territoire", "filiere", "voie"),
              ("territoire", "niveau", "voie"), ("territoire", "voie")]  # fmt: skip
    return protected(
        p, "devenir", rows, [*kind, "course", "millesime"], values, groups,
        rates=[Rate("_poursuite", "poursuite", "terminale"),
               Rate("_part", EMPLOYED[0], "terminale"),
               *(Rate(f"_{name}", name, "sortants") for name in EMPLOYED)],
        parts=[Parts("terminale", ("poursuite", "sortants"), exhaustive=True),
               *(Parts("sortants", (name,)) for name in EMPLOYED)],
        fine=[last],
    )  # fmt: skip


def couverture(p: Panels) -> float:
    """Return the share of the region's final-year students whose outcomes are published."""
    rows = of_programme(p, p.inserjeunes)
    rows = rows[(rows["territoire"] == HERE) & (rows["millesime"] == rows["millesime"].max())]
    known = rows["terminale"].where(rows["sortants"].notna())
    return float(known.sum() / rows["terminale"].sum())
