"""The counts of people that a report shows, each table with its margins, protected together.

Four systems share no count, so each is protected by itself: wishes, entrants, people trained, and
what becomes of final-year students. Whatever shows people reads them here: rates are computed from
the counts that stay, so that they can tell no more. Recent years have a detail (département,
course); older ones are sums only, under what last year's report already hid.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from fpi_eval.disclosure import (
    TOTAL,
    Parts,
    Protected,
    Publication,
    Rate,
    Thresholds,
    audit,
    protect,
)
from fpi_eval.disclosure.rules import EFFECTIF, TAUX
from fpi_eval.errors import FpiError
from fpi_eval.indicators.declare import EMPLOYED
from fpi_eval.indicators.derive import in_seats
from fpi_eval.indicators.filieres import of_the_three
from fpi_eval.panel.from_files import cell_panel
from fpi_eval.panel.panels import Panels
from fpi_eval.panel.regional import HERE
from fpi_eval.report import publication

AUTRES = "—"  # detail of other regions and of older years: not distinguished
PLACE = ["code_academie", "code_departement"]
MILLESIMES = 4  # last ones shown


@dataclass(frozen=True, slots=True)
class Safe:
    """A table fit to publish, and what audits it: last year's cells that it shares years with."""

    table: Protected
    known: tuple[Publication, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """Shown cells."""
        return self.table.frame

    @property
    def hidden(self) -> pd.DataFrame:
        """Where something is hidden."""
        return self.table.hidden


def all_systems(p: Panels) -> dict[str, Safe]:
    """Return every protected table that the data allow, by name."""
    made = {"voeux": voeux(p), "entrants": entrants(p), "formes": formes(p), "devenir": devenir(p)}
    return {name: safe for name, safe in made.items() if safe is not None}


def check(safe: Safe, thresholds: Thresholds) -> int:
    """Return how many hidden counts the audit bounded; raise if one can be recovered."""
    published = [*safe.known, safe.table.publication]
    return len(audit(published, thresholds=thresholds))


def thresholds_of(p: Panels) -> Thresholds:
    """Return the programme's thresholds."""
    secret = p.donnees.programme.secret
    return Thresholds(secret.effectif_minimum, secret.denominateur_minimum)


@cache
def voeux(p: Panels) -> Safe | None:
    """Return wishes beside places by territory × level × filière × voie × rentrée.

    Académies and départements of the region for the rentrée and the one before. Affelnet: first
    wishes (secondary); Parcoursup: confirmed wishes (BTS). A cell counts where both are known.
    """
    rows = of_the_three(p, p.capacites.table)
    affelnet = (rows["source"] == "affelnet") & (rows["niveau"] == "secondaire")
    wished = rows["voeux_1"].where(affelnet).notna() | rows["voeux"].notna() & ~affelnet
    rows = rows[wished & (rows["places"] > 0)]
    dims = ["territoire", "niveau", "filiere", "voie", *PLACE, "rentree"]
    groups = [("territoire", "niveau", "filiere", "voie", *PLACE[:k]) for k in (2, 1, 0)]
    return _protected(
        p, "voeux", _located(p, rows), dims, ["voeux_1", "voeux"], groups, public=["places"]
    )


@cache
def cellules(p: Panels) -> pd.DataFrame:
    """Return the cell panel from files, three filières, voie scolaire, with territory."""
    rows = of_the_three(p, cell_panel(p))
    return rows[(rows["voie"] == "scolaire") & rows["niveau"].notna()]


@cache
def entrants(p: Panels) -> Safe | None:
    """Return entrants beside places by territory × level × filière × rentrée, where both known."""
    rows = cellules(p)
    rows = rows[rows["entrants"].notna() & (rows["places"] > 0)]
    dims = ["territoire", "niveau", "filiere", *PLACE, "rentree"]
    groups = [("territoire", "niveau", "filiere", *PLACE[:k]) for k in (2, 1, 0)]
    return _protected(p, "entrants", _located(p, rows), dims, ["entrants"], groups,
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
    return _protected(p, "formes", people, dims, ["entrants_programme"], groups,
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
    rows = of_the_three(p, p.inserjeunes)
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
    return _protected(
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
    rows = of_the_three(p, p.inserjeunes)
    rows = rows[(rows["territoire"] == HERE) & (rows["millesime"] == rows["millesime"].max())]
    known = rows["terminale"].where(rows["sortants"].notna())
    return float(known.sum() / rows["terminale"].sum())


def _protected(
    p: Panels,
    name: str,
    rows: pd.DataFrame,
    dims: list[str],
    values: list[str],
    margins: list[tuple[str, ...]],
    *,
    public: Sequence[str] = (),
    windows: Sequence[object] | None = None,
    fine: Sequence[object] | None = None,
    **more: object,
) -> Safe | None:
    """Return the protected table of a system, last year's publication in mind; None if no row."""
    if rows.empty:
        return None
    year = dims[-1]
    counts = [*values, *public]
    detail = rows.groupby(dims)[counts].sum(min_count=1).reset_index()
    years = list(detail[year].unique())
    if fine is None:
        fine = years if windows else [y for y in years if y >= p.donnees.rentree - 1]
    before = publication.previous(p.donnees).get(name)
    known = () if before is None else (publication.within(before, year, fine),)
    known = tuple(one for one in known if len(one.frame))
    arguments = dict(
        dims=dims, values=values, margins=margins, public=public,
        windows={year: list(windows or years)}, thresholds=thresholds_of(p), name=name, **more,
    )  # fmt: skip
    try:
        safe = protect(detail, known=known, **arguments)
    except FpiError as error:
        if not known:
            raise
        if not p.donnees.simulees:
            raise _revised(p, error) from error
        return Safe(_told(protect(detail, **arguments)), ())  # another twin: no secret to keep
    safe = _told(safe)
    return Safe(publication.still_hidden(safe, before) if before else safe, known)


def _told(safe: Protected) -> Protected:
    """Return the tables without the cells of places not told apart: each repeats a wider one."""
    dims = list(safe.publication.dims)
    kept = safe.frame[dims].ne(AUTRES).all(axis=1)
    frame, hidden = (part[kept].reset_index(drop=True) for part in (safe.frame, safe.hidden))
    shown = replace(safe.publication, frame=frame, hidden=hidden)
    n = int(hidden[list(shown.counts)].to_numpy().sum())
    reasons = safe.reasons[kept].reset_index(drop=True)
    first = int(reasons[list(shown.counts)].isin([EFFECTIF, TAUX]).to_numpy().sum())
    return replace(safe, frame=frame, hidden=hidden, n_primary=first, n_complementary=n - first,
                   publication=shown, reasons=reasons)  # fmt: skip


def _revised(p: Panels, error: FpiError) -> FpiError:
    path = publication.path_of(p.donnees, p.donnees.rentree - 1)
    return FpiError(
        f"{error} Le rapport précédent est lu dans {path.name} : si un producteur a révisé ses "
        "données, refaites d'abord ce rapport avec elles.",
        fichier=path.parent.name,
    )


def margin(safe: Safe, *shown: str, **fixed: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cells and flags of one grouping: `shown` dimensions told, the others summed.

    The year is always told; `fixed` keeps one value of a dimension.
    """
    dims = list(safe.table.publication.dims)
    frame = safe.frame
    kept = np.ones(len(frame), dtype=bool)
    for dim in dims[:-1]:
        told = frame[dim] != TOTAL
        kept &= told if dim in shown else ~told
    for dim, value in fixed.items():
        kept &= frame[dim].map(lambda v, w=value: v == w)
    return frame[kept].reset_index(drop=True), safe.hidden[kept].reset_index(drop=True)
