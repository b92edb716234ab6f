"""The counts of people that a report shows, each table with its margins, protected together.

Three systems share no count, so each is protected by itself: wishes; entrants and people trained,
who are a public share of them; and what becomes of final-year students. Whatever shows people reads
them here: rates are computed from the counts that stay, so that they can tell no more. Recent years
have a detail (département, course); older ones are sums only, under what earlier reports hid.
"""

from collections.abc import Collection
from functools import lru_cache

import pandas as pd

from fpi_eval.absent import Absent
from fpi_eval.disclosure import Parts, PublicShare, Rate
from fpi_eval.indicators.declare import EMPLOYED
from fpi_eval.indicators.derive import in_seats
from fpi_eval.indicators.filieres import of_programme
from fpi_eval.panel.from_files import KEYS, openings
from fpi_eval.panel.regional_panel import HERE
from fpi_eval.panel.year import Year
from fpi_eval.report.published.protection import AUTRES, Safe, Wanted, protected, shown_before

PLACE = ["code_academie", "code_departement"]
MILLESIMES = 4  # last ones shown


def all_systems(p: Year) -> dict[str, Safe]:
    """Return every protected table that the data allow, by name."""
    return {name: safe for name, safe in _all(p).items() if not isinstance(safe, Absent)}


def left_out(p: Year) -> list[str]:
    """Return the sentences that say why a table is not published."""
    return [
        f"« {TABLES[name]} » : {one.reason}"
        for name, one in _all(p).items()
        if isinstance(one, Absent)
    ]


def _all(p: Year) -> dict[str, Safe | Absent]:
    return {**_voeux(p), **_inscrits(p), **_devenir(p)}


TABLES = {
    "voeux": "Vœux",
    "entrants": "Entrants",
    "formes": "Personnes formées",
    "devenir": "Devenir des élèves de dernière année",
}


def voeux(p: Year) -> Safe | None:
    """Return wishes beside places, None where the data do not allow it."""
    return _voeux(p).get("voeux") or None


def entrants(p: Year) -> Safe | None:
    """Return entrants beside places by territory × level × filière × rentrée, where both known."""
    return _inscrits(p).get("entrants") or None


def formes(p: Year) -> Safe | None:
    """Return people who entered the programme's seats, since its start, by place and course kind.

    Entrants pro rata of the programme's seats in their cell, rounded there. Voie scolaire only:
    no open file counts apprentices who enter.
    """
    return _inscrits(p).get("formes") or None


def devenir(p: Year) -> Safe | None:
    """Return what becomes of final-year students, None where the data do not allow it."""
    return _devenir(p).get("devenir") or None


@lru_cache(maxsize=4)
def _voeux(p: Year) -> dict[str, Safe | Absent]:
    """Return wishes beside places by territory × level × filière × voie × rentrée.

    Académies and départements of the region for the last two rentrées of each. Affelnet: first
    wishes (secondary); Parcoursup: confirmed wishes (BTS). A cell counts where both are known.
    """
    rows = of_programme(p, p.capacites.table)
    affelnet = (rows["source"] == "affelnet") & (rows["niveau"] == "secondaire")
    wished = rows["voeux_1"].where(affelnet).notna() | rows["voeux"].notna() & ~affelnet
    rows = rows[wished & (rows["places"] > 0)]
    seen = shown_before(p, "voeux", "code_departement")
    told = {*seen.years, *rows.loc[_recent(rows), "rentree"]}
    rows = _located(rows, seen.told)
    dims = ["territoire", "niveau", "filiere", "voie", *PLACE, "rentree"]
    groups = [("territoire", "niveau", "filiere", "voie", *PLACE[:k]) for k in (2, 1, 0)]
    if rows.empty:
        return {}
    known = [name for name in ("voeux_1", "voeux") if rows[name].notna().any()]
    years = list(rows["rentree"].unique())
    one = Wanted("voeux", _located(rows), dims, known, groups, years, ("places",))
    return protected(p, [one], rows, dims, fine=[year for year in years if year in told])


@lru_cache(maxsize=4)
def cellules(p: Year) -> pd.DataFrame:
    """Return the cell panel from files, programme's filières, voie scolaire, territory."""
    rows = of_programme(p, p.cells)
    return rows[(rows["voie"] == "scolaire") & rows["niveau"].notna()]


@lru_cache(maxsize=4)
def _inscrits(p: Year) -> dict[str, Safe | Absent]:
    """Return entrants, and people in the programme's seats: one system, cell by cell.

    People = entrants × seats / places, which the register and the capacities make public.
    """
    rows = cellules(p)
    rows = rows[rows["entrants"].notna() & (rows["places"] > 0)]
    if rows.empty:
        return {}
    wanted = [_par_territoire(rows)]
    people = en_places(p) if not p.registre.empty else rows.iloc[:0].assign(seats=0.0)
    people = people[people["entrants"].notna() & (people["places"] > 0)]
    if len(people):
        wanted.append(_dans_les_places(p, people))
    told = rows["territoire"] == HERE
    fine = [*PLACE, "uai", "cell"]
    rows = rows.assign(**{name: rows[name].where(told, AUTRES) for name in fine})
    keys = ["cell", "rentree"]
    share = (people["seats"] / people["places"]).clip(0, 1)
    own = people[keys].assign(_part=share, entrants_programme=people.get("entrants_programme"))
    detail = rows.merge(own, "left", keys, validate="many_to_one")
    dims = ["territoire", "niveau", "filiere", *fine, "rentree"]
    links = [PublicShare("entrants_programme", "entrants", "_part")] if len(people) else []
    return protected(p, wanted, detail, dims, fine=list(rows["rentree"].unique()), links=links)


def _par_territoire(rows: pd.DataFrame) -> Wanted:
    dims = ["territoire", "niveau", "filiere", *PLACE, "rentree"]
    groups = [("territoire", "niveau", "filiere", *PLACE[:k]) for k in (2, 1, 0)]
    years = list(rows["rentree"].unique())
    return Wanted("entrants", _located(rows), dims, ["entrants"], groups, years, ("places",))


def _dans_les_places(p: Year, people: pd.DataFrame) -> Wanted:
    years = sorted(people["rentree"].unique())
    dims = ["niveau", "filiere", *PLACE, "uai", "rentree"]
    groups = [
        ("niveau", "filiere", *PLACE),
        ("niveau", *PLACE, "uai"),
        ("niveau", *PLACE),
        ("niveau", "filiere"),
        ("niveau",),
        (),
    ]
    ends = {p.donnees.rentree, *(one.echeance for one in p.donnees.programme.cibles)}
    known = [int(year) for year in years if year <= p.donnees.rentree]
    spans = {tuple(year for year in known if year <= end) for end in ends} - {()}
    windows = [span if len(span) > 1 else span[0] for span in sorted(spans, key=len)]
    return Wanted("formes", people, dims, ["entrants_programme"], groups, windows)


def _located(rows: pd.DataFrame, years: Collection[object] = ()) -> pd.DataFrame:
    """Return rows whose place is told in the region, for recent years and for `years`."""
    recent = _recent(rows) | rows["rentree"].isin(list(years))
    told = (rows["territoire"] == HERE) & recent
    return rows.assign(**{name: rows[name].where(told, AUTRES) for name in PLACE})


def _recent(rows: pd.DataFrame) -> pd.Series:
    """Return the rows of the last two rentrées of their level: its file may be late."""
    return rows["rentree"] >= rows.groupby("niveau")["rentree"].transform("max") - 1


@lru_cache(maxsize=4)
def en_service(p: Year) -> pd.DataFrame:
    """Return the region's cells (voie scolaire) with the programme's own seats in force."""
    rows = cellules(p)
    rows = rows[rows["territoire"] == HERE]
    start = p.donnees.programme.rentree_debut
    opened, _ = openings(p)  # not the panel's row of the year before, which may miss
    before = opened[opened["rentree"] < start].groupby(KEYS)["ouvertes"].sum()
    earlier = before.reindex(pd.MultiIndex.from_frame(rows[KEYS]), fill_value=0.0).to_numpy()
    seats = (rows["seats"] - earlier).clip(lower=0)
    return rows.assign(seats=seats.where(rows["rentree"] >= start, 0.0))


@lru_cache(maxsize=4)
def en_places(p: Year) -> pd.DataFrame:
    """Return cells with people in the programme's seats, a whole number in each."""
    rows = in_seats(en_service(p))
    rows = rows[rows["seats"] > 0]
    return rows.assign(entrants_programme=rows["entrants_programme"].round())


@lru_cache(maxsize=4)
def _devenir(p: Year) -> dict[str, Safe | Absent]:
    """Return what becomes of final-year students: territory × filière × level × voie × millésime.

    ``terminale`` counts those of the rows whose outcomes the publisher gives (`couverture`), of
    whom ``poursuite`` study on and ``sortants`` leave. At the last millésime the region's courses
    (voie scolaire) are told apart.
    """
    rows = of_programme(p, p.inserjeunes).dropna(subset="niveau")
    rows = rows[rows["millesime"].isin(sorted(rows["millesime"].unique())[-MILLESIMES:])]
    known = rows["sortants"].notna()
    last = rows["millesime"].max()
    seen = shown_before(p, "devenir", "course")
    told = (rows["territoire"] == HERE) & (rows["voie"] == "scolaire")
    told &= rows["millesime"].isin([last, *seen.told])
    rows = rows.assign(
        terminale=rows["terminale"].where(known),
        poursuite=rows["poursuite"].where(known),
        course=rows["course"].fillna("").where(told, AUTRES),
    )
    values = ["terminale", "poursuite", "sortants", *EMPLOYED]
    kind = ("territoire", "filiere", "niveau", "voie")
    groups = [
        (*kind, "course"),
        kind,
        ("territoire", "filiere", "voie"),
        ("territoire", "niveau", "voie"),
        ("territoire", "voie"),
    ]
    dims = [*kind, "course", "millesime"]
    now = rows.assign(course=rows["course"].where(rows["millesime"] == last, AUTRES))
    one = Wanted(
        "devenir",
        now,
        dims,
        values,
        groups,
        list(rows["millesime"].unique()),
        rates=(
            Rate("_poursuite", "poursuite", "terminale"),
            Rate("_part", EMPLOYED[0], "terminale"),
            *(Rate(f"_{name}", name, "sortants") for name in EMPLOYED),
        ),
        parts=(Parts("terminale", ("poursuite", "sortants"), exhaustive=True),),
    )
    fine = [last, *(one for one in seen.years if one < last)]
    return protected(p, [one], rows, dims, fine=fine) if len(rows) else {}


def couverture(p: Year) -> float:
    """Return the share of the region's final-year students whose outcomes are published.

    NaN where the region has none.
    """
    rows = of_programme(p, p.inserjeunes)
    rows = rows[(rows["territoire"] == HERE) & (rows["millesime"] == rows["millesime"].max())]
    known = rows["terminale"].where(rows["sortants"].notna())
    total = rows["terminale"].sum()
    return float(known.sum() / total) if total else float("nan")
