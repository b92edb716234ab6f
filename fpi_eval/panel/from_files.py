"""The cell panel from files: pupils per establishment × course × rentrée, places, opened seats.

Pupils come from the constat de rentrée (voie scolaire), places from capacity files, seats from
the register or, without one, from the increases that capacity files show (in the programme's
region and filières; increases elsewhere are other openings). No open file gives
graduates per establishment × course: that column is empty, and final-year pupils are the nearest
outcome.
"""

import numpy as np
import pandas as pd

from fpi_eval.panel.admissions import SEXES
from fpi_eval.panel.areas import with_area
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.cells import AREA, FIXED
from fpi_eval.panel.identity import BAC_PRO, latest_uai
from fpi_eval.panel.matching import departement_of
from fpi_eval.panel.panels import Panels
from fpi_eval.panel.regional_panel import with_course
from fpi_eval.panel.tension import with_tension

KEYS = ["uai", "course", "voie"]
BAC_PRO_YEARS = 3
FROM_FILES = ["places", "voeux_1", "entrants", "terminale"]
UNKNOWN = ["diplomes", "sortants", "en_emploi_6_mois", "en_emploi_12_mois"]
COLUMNS = [
    *FIXED,
    "rentree",
    *FROM_FILES,
    *UNKNOWN,
    "seats",
    "autres_places",
    "cohort",
    "nouvelle",
]


def cell_panel(p: Panels) -> CellPanel:
    """Return the cell panel that the run's files allow, one row per cell × rentrée.

    A cell lives from its first to its last pupil or place. Inside, an establishment that the
    constat of a year lists without that course has 0 pupils in it; one that it does not list, or
    a year without constat, is unknown.

    Returns
    -------
    CellPanel
        Columns of the cell panel; ``diplomes``, ``sortants`` and ``en_emploi_…`` are unknown. With
        Parcoursup, also ``entrants_filles`` and ``entrants_garcons``: women and men admitted in BTS
        on that platform (`admissions`), not pupils of the constat.
        Then ``tension`` if the folder has Dares' file and the programme declares its occupations.
    """
    changes = p.donnees.changements_uai
    pupils = _pupils(p, changes)
    places = _places(p)
    counts = pupils.merge(places, "outer", [*KEYS, "rentree"])
    if counts.empty:
        return CellPanel(pd.DataFrame(columns=COLUMNS))
    words = _words(p, counts)
    placed = words.dropna(subset=["duree", "code_region"])
    seats, derived = openings(p)
    every = _lives(counts, pupils)
    table, matched = _with_seats(every.merge(placed, on=KEYS), seats, derived, words)
    unplaced = every.groupby(KEYS).ngroups - table.groupby(KEYS).ngroups
    table = with_area(table, p)
    unresolved = _vanished(table)
    table[UNKNOWN] = np.nan
    if len(p.admissions):
        table = table.merge(p.admissions, "left", [*KEYS, "rentree"])
    table["cell"] = table.groupby(KEYS).ngroup().astype("int64")
    table = table.astype({"duree": "int64", "rentree": "int64"})
    out = table.sort_values(["cell", "rentree"], ignore_index=True)
    out = out[[*COLUMNS, *(c for c in (AREA, *SEXES) if c in out)]]
    return CellPanel(
        with_tension(out, p.tension),
        seats_derived=derived,
        matched=matched,
        unresolved=unresolved,
        unplaced=unplaced,
        simulated=p.donnees.simulees,
    )


def coded(p: Panels, rows: pd.DataFrame, *, common: bool = True) -> pd.DataFrame:
    """Return rows with course, filière and level; a BTS option counts in its common first year.

    With ``common`` false each option keeps its own code.
    """
    codes = p.donnees.nomenclatures
    mef = codes.mef.drop_duplicates("mefstat11").set_index("mefstat11")["cfd"]
    cfd = rows["cfd"] if "cfd" in rows else pd.Series(None, rows.index, dtype="str")
    cfd = cfd.where(cfd.notna(), rows["mefstat11"].map(mef))
    shared = codes.options_bts.drop_duplicates("cfd").set_index("cfd")["cfd_commun"]
    rows = rows.assign(cfd=cfd.map(shared).fillna(cfd) if common else cfd)
    return with_course(rows, codes.mef, p.identity, p.filieres)


def final_year(p: Panels) -> pd.DataFrame:
    """Return final-year pupils as the constat counts them.

    Columns ``uai_lu`` and ``cfd_lu`` (codes as read), ``uai`` and ``option`` (lasting ones, each
    BTS option apart), rentree, effectif.
    """
    rows = p.donnees.table("constat")
    mef = p.donnees.nomenclatures.mef.drop_duplicates("mefstat11").set_index("mefstat11")
    last = rows["mefstat11"].map(mef["annee"]) == rows["mefstat11"].map(mef["duree"])
    return lasting(p, rows[last])[["uai_lu", "cfd_lu", "uai", "option", "rentree", "effectif"]]


def lasting(p: Panels, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of a UAI × MEFSTAT11 file with their codes as read and lasting ones."""
    own = coded(p, rows, common=False)
    return rows.assign(
        uai_lu=rows["uai"],
        cfd_lu=own["cfd"],
        option=own["course"],
        uai=latest_uai(rows["uai"], p.donnees.changements_uai),
    ).dropna(subset=["option"])


def _pupils(p: Panels, changes: pd.DataFrame) -> pd.DataFrame:
    """Return entrants and final-year pupils per cell × rentrée, unknown as soon as one row is."""
    empty = pd.DataFrame(columns=[*KEYS, "rentree", "entrants", "terminale"])
    if not p.donnees.a("constat"):
        return empty
    rows = p.donnees.table("constat")
    codes = p.donnees.nomenclatures
    rows = rows[~rows["mefstat11"].isin(codes.familles["mefstat11_commun"])]
    rows = coded(p, rows.assign(uai=latest_uai(rows["uai"], changes), voie="scolaire"))
    mef = codes.mef.drop_duplicates("mefstat11").set_index("mefstat11")
    year, length = rows["mefstat11"].map(mef["annee"]), rows["mefstat11"].map(mef["duree"])
    bac_pro = rows["niveau_diplome"].isin(BAC_PRO) & (length == BAC_PRO_YEARS)
    later = bac_pro & rows["course"].isin(p.donnees.familles["cfd"])
    first, last = year == np.where(later, 2, 1), year == length
    rows = rows.assign(
        entrants=rows["effectif"].where(first, 0.0), terminale=rows["effectif"].where(last, 0.0)
    )
    grouped = rows[rows["course"].notna() & (first | last)].groupby([*KEYS, "rentree"])
    return grouped[["entrants", "terminale"]].sum(skipna=False).reset_index()


def _places(p: Panels) -> pd.DataFrame:
    """Return places and first wishes per cell × rentrée; unknown as soon as one row is."""
    grouped = p.capacites.table.groupby([*KEYS, "rentree"])
    return grouped[["places", "voeux_1"]].sum(skipna=False).reset_index()


def _words(p: Panels, counts: pd.DataFrame) -> pd.DataFrame:
    """Return what never changes of a cell: famille, filière, level, length, territory.

    Famille and filière are those of the diploma that the register opens, else of the one which has
    the places: the course keeps its oldest code, whose NSF group may be another.
    """
    cells = counts[KEYS].drop_duplicates()
    seen = cells.assign(mefstat11=None, cfd=cells["course"])
    seen = with_course(seen, p.donnees.nomenclatures.mef, p.identity, p.filieres)
    held = p.capacites.table.sort_values(["rentree", "places"], kind="stable")
    opened = coded(p, p.registre) if p.donnees.a("ouvertures") else held.head(0)
    latest = pd.concat([held, opened]).groupby("course")[["filiere", "groupe_nsf"]].last()
    for name in latest:
        seen[name] = seen["course"].map(latest[name]).fillna(seen[name])
    mef = p.donnees.nomenclatures.mef
    courses = p.identity.drop_duplicates("cfd").set_index("cfd")["course"]
    known = mef["cfd"].map(courses).fillna(mef["cfd"])
    length = mef["duree"].groupby(known).max()
    levels = p.identity.drop_duplicates("cfd").set_index("cfd")["niveau_diplome"]
    three = mef["cfd"].map(levels).isin(BAC_PRO) & (mef["duree"] == BAC_PRO_YEARS)
    bac_pro = known[three].unique()
    duree = seen["course"].map(length)
    shorter = seen["course"].isin(p.donnees.familles["cfd"]) & seen["course"].isin(bac_pro)
    regions = p.donnees.nomenclatures.departements.drop_duplicates("code_departement")
    seen = seen.assign(
        duree=duree - shorter.to_numpy(),
        famille=seen["groupe_nsf"],
        code_departement=departement_of(seen["uai"], regions),
    )
    places = regions[["code_departement", "code_academie", "code_region"]]
    kept = [*KEYS, "famille", "filiere", "niveau", "duree", "code_departement"]
    return seen[kept].merge(places, "left", "code_departement")


def _lives(counts: pd.DataFrame, pupils: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cell and rentrée of its life, known zeros filled in."""
    years = np.sort(counts["rentree"].unique())
    alive = counts[(counts[["entrants", "terminale", "places"]].fillna(0) > 0).any(axis=1)]
    span = alive.groupby(KEYS)["rentree"].agg(["min", "max"]).reset_index()
    table = span.merge(pd.DataFrame({"rentree": years}), "cross")
    table = table[table["rentree"].between(table["min"], table["max"])].drop(columns=["min", "max"])
    table = table.merge(counts, "left", [*KEYS, "rentree"])
    listed, told = (
        pd.MultiIndex.from_frame(table[keys]).isin(pd.MultiIndex.from_frame(pupils[keys]))
        for keys in (["uai", "rentree"], [*KEYS, "rentree"])
    )
    none = listed & ~told & (table["voie"] == "scolaire").to_numpy()
    for name in ("entrants", "terminale"):
        table[name] = table[name].mask(none, 0.0).astype(float)
    return table


def openings(p: Panels) -> tuple[pd.DataFrame, bool]:
    """Return opened seats by cell and rentrée, and whether they are derived from capacities."""
    derived = not p.donnees.a("ouvertures")
    rows = p.derivees if derived else coded(p, p.registre)
    rows = rows.assign(
        rentree=rows["rentree"].astype("int64"),
        ouvertes=rows["places_ouvertes"].astype(float),
    )
    if derived:
        here = p.donnees.programme.territoire.ici(rows["code_region"])
        here &= rows["filiere"].isin(p.donnees.programme.codes_filieres)
        rows["ailleurs"] = rows["ouvertes"].where(~here, 0.0)
        rows["ouvertes"] = rows["ouvertes"].where(here, 0.0)
    else:
        rows["ailleurs"] = 0.0
    grouped = rows.dropna(subset=["ouvertes"]).groupby([*KEYS, "rentree"], as_index=False)
    return grouped[["ouvertes", "ailleurs"]].sum(), derived


def _with_seats(
    table: pd.DataFrame, seats: pd.DataFrame, derived: bool, words: pd.DataFrame
) -> tuple[pd.DataFrame, float]:
    """Return the panel with seats in force, and the share of seats found."""
    first = table.groupby(KEYS)["rentree"].agg(["min", "max"]).reset_index()
    placed = seats.merge(first, "left", KEYS)
    covered = pd.MultiIndex.from_frame(
        words[["voie", "niveau"]].drop_duplicates()
    )  # voie × level that the files show at all
    kinds = _kinds(placed, words)
    inside = pd.MultiIndex.from_frame(kinds[["voie", "niveau"]]).isin(covered)
    size = placed["ouvertes"].abs()
    found = placed["min"].notna() & (placed["rentree"] <= placed["max"])
    field = size[inside | found].sum()
    matched = float(size[found].sum() / field) if field and not derived else np.nan
    # An opening before the files' first year is in force from the cell's first row on.
    placed = placed[found].assign(rentree=lambda t: t[["rentree", "min"]].max(axis=1))
    added = placed.groupby([*KEYS, "rentree"], as_index=False)[["ouvertes", "ailleurs"]].sum()
    table = table.merge(added, "left", [*KEYS, "rentree"]).sort_values([*KEYS, "rentree"])
    table[["ouvertes", "ailleurs"]] = table[["ouvertes", "ailleurs"]].fillna(0.0)
    running = table.groupby(KEYS)[["ouvertes", "ailleurs"]].cumsum()
    table["seats"], table["autres_places"] = running["ouvertes"], running["ailleurs"]
    opened = table["rentree"].where(table["seats"] > 0)
    table["cohort"] = opened.groupby([table[k] for k in KEYS]).transform("min")
    start = table.groupby(KEYS)["rentree"].transform("min")
    known = _kinds(table, words).assign(rentree=table["rentree"])  # from when files show its kind
    known = known.groupby(["voie", "niveau"], dropna=False)["rentree"].transform("min")
    table["nouvelle"] = (table["cohort"] == start) & (start > known)
    return table.drop(columns=["ouvertes", "ailleurs"]), matched


def _kinds(placed: pd.DataFrame, words: pd.DataFrame) -> pd.DataFrame:
    """Return voie and level of each opening, the level read from its course."""
    level = words.drop_duplicates("course").set_index("course")["niveau"]
    return pd.DataFrame({"voie": placed["voie"], "niveau": placed["course"].map(level)})


def _vanished(table: pd.DataFrame) -> float:
    """Return the share of opened cells that end before the last rentrée, seats still in force."""
    last = table.sort_values("rentree", kind="stable").drop_duplicates(KEYS, keep="last")
    opened = last[last["seats"] > 0]
    if opened.empty:
        return float("nan")
    return float((opened["rentree"] < table["rentree"].max()).mean())
