"""Seat increases that Affelnet and Parcoursup show by themselves, without a register.

Places are compared for one establishment × course × voie, within one source, between one rentrée
and the one before. A hidden capacity is unknown, not zero; a new row is not a new seat.
"""

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.sources.territoires import departement_code
from fpi_eval.text import liste

CAPACITES = ("uai", "mefstat11", "cfd", "niveau", "voie", "rentree", "places", "source")
CELL = ["source", "uai", "course", "voie"]
OPENED = ["uai", "mefstat11", "cfd", "voie", "rentree"]
OFFERS = "parcoursup_bts"


def derive_openings(capacities: pd.DataFrame, *, continuity: pd.DataFrame) -> pd.DataFrame:
    """Return the seat increases that capacity files show by themselves.

    Only a cell (establishment × course × voie, one source) published at both rentrées, with
    known places, which Affelnet does not list under more rows at one of them, can have gained
    seats; everything else gives nothing.

    Parameters
    ----------
    capacities : DataFrame
        uai, mefstat11, cfd, niveau, voie, rentree, places, source; distance courses left out.
    continuity : DataFrame
        ancien_cfd, nouveau_cfd: renovations, one for one. Old and new codes alive together are
        added up. Where a diploma splits or merges, codes stay apart, and a cell is set aside
        as soon as a linked code stands in the same establishment: seats may have moved.

    Returns
    -------
    DataFrame
        uai, mefstat11, cfd, voie, rentree, code_departement, and the places gained as a register
        has them: ``places_ouvertes``.
    """
    observed = observed_places(capacities, continuity)
    pairs = _with_year_before(observed)
    gained = pairs["places"] - pairs["places_avant"]  # unknown where either year is
    same = (pairs["lignes"] == pairs["lignes_avant"]) & ~_in_doubt(pairs, observed, continuity)
    table = pairs.assign(places_ouvertes=gained.astype("float64"))[same & (gained >= 1)]
    table = table.assign(code_departement=table["uai"].map(departement_code))
    table = table.sort_values(["rentree", "source", "uai", "mefstat11", "voie"], ignore_index=True)
    return table[[*OPENED, "code_departement", "places_ouvertes"]]


def _with_year_before(observed: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of each rentrée that follows another file of the same source."""
    before = observed.assign(rentree=observed["rentree"] + 1)
    known = before[["source", "rentree"]].drop_duplicates()
    columns = [*CELL, "rentree", "places", "lignes"]
    return observed.merge(known, on=["source", "rentree"]).merge(
        before[columns], on=[*CELL, "rentree"], how="left", suffixes=("", "_avant")
    )


def _in_doubt(pairs: pd.DataFrame, observed: pd.DataFrame, continuity: pd.DataFrame) -> pd.Series:
    """Return the cells whose diploma splits or merges with another that stands there too."""
    near = neighbours(continuity)
    place = ["source", "uai", "voie", "cfd", "rentree"]
    alive = set(observed.loc[observed["cfd"].isin(near), place].itertuples(index=False, name=None))
    rows = pairs.loc[pairs["cfd"].isin(near), place]
    doubt = [
        any(
            (source, uai, voie, other, year) in alive
            for other in near[cfd]
            for year in (rentree - 1, rentree)
        )
        for source, uai, voie, cfd, rentree in rows.itertuples(index=False, name=None)
    ]
    return pd.Series(doubt, rows.index, dtype=bool).reindex(pairs.index, fill_value=False)


# ── courses and cells ───────────────────────────────────────────────────────────────────────────


def links_of(continuity: pd.DataFrame) -> dict[str, str]:
    """Return old code → last code, following one-for-one renovations."""
    clear = continuity.drop(_unclear_links(continuity).index).drop_duplicates()
    ahead = dict(zip(clear["ancien_cfd"], clear["nouveau_cfd"], strict=True))
    last = {}
    for start in ahead:
        code, seen = start, {start}
        while code in ahead:
            code = ahead[code]
            if code in seen:
                raise FpiError(
                    f"les rénovations tournent en rond à partir de {start}. Retirez l'une d'elles.",
                    colonne="nouveau_cfd",
                )
            seen.add(code)
        last[start] = code
    return last


def _unclear_links(continuity: pd.DataFrame) -> pd.DataFrame:
    """Return the links of a diploma that splits or of several that merge."""
    pairs = continuity[["ancien_cfd", "nouveau_cfd"]].drop_duplicates()
    split = pairs["ancien_cfd"].duplicated(keep=False)
    return pairs[split | pairs["nouveau_cfd"].duplicated(keep=False)]


def neighbours(continuity: pd.DataFrame) -> dict[str, set[str]]:
    """Return, for each code of an unclear link, the codes its seats may move to or come from."""
    links = links_of(continuity)
    near: dict[str, set[str]] = {}
    for pair in _unclear_links(continuity).itertuples(index=False):
        old, new = (links.get(code, code) for code in (pair.ancien_cfd, pair.nouveau_cfd))
        if old != new:
            near.setdefault(old, set()).add(new)
            near.setdefault(new, set()).add(old)
    return near


def mapped(cfd: pd.Series, links: dict[str, str]) -> pd.Series:
    """Return each code's last one, through one-for-one renovations."""
    return cfd.map({code: links.get(code, code) for code in cfd.dropna().unique()}).astype("str")


def courses(table: pd.DataFrame, continuity: pd.DataFrame) -> pd.Series:
    """Return the code a row is compared by: its mefstat11, renovated, or its cfd without one.

    The mefstat11 of entry keeps apart the 2nde and the 1re of one diploma, whose places must
    never be added; its last five characters are the diploma's.
    """
    # A key to compare by, never a code that is shown or looked up: what it cuts is the rule that
    # every row of nMef.csv is held to when it is read (`formations._same_course`).
    latest = mapped(table["cfd"].astype("str"), links_of(continuity))
    entry = table["mefstat11"].astype("str")
    moved = latest.notna() & entry.notna() & (latest != table["cfd"])
    return entry.mask(moved, entry.str[:6] + latest.str[3:]).fillna(latest)


def repeats(capacities: pd.DataFrame, code: list[str]) -> pd.Series:
    """Return under how many rows each row's code may stand for one class: 1 in Parcoursup.

    Affelnet can list one class under several rows, each with its whole capacity, and old exports
    do not mark them. A row of Parcoursup is an offer, with places of its own.
    """
    rows = capacities.groupby(code, dropna=False)["uai"].transform("size")
    return rows.mask(capacities["source"] == OFFERS, 1)


def observed_places(capacities: pd.DataFrame, continuity: pd.DataFrame) -> pd.DataFrame:
    """Return places per cell and rentrée, unknown as soon as one of its rows is unknown."""
    missing = [name for name in CAPACITES if name not in capacities]
    if missing:
        raise FpiError(
            f"colonne(s) absente(s) des capacités : {liste(missing)}. Attendu : {liste(CAPACITES)}."
        )
    table = capacities.reset_index(drop=True).astype({"mefstat11": "str", "cfd": "str"})
    table = table.assign(
        course=courses(table, continuity),
        cfd=mapped(table["cfd"], links_of(continuity)),
        inconnue=table["places"].isna(),
        mefstat11_publie=table["mefstat11"],
        cfd_publie=table["cfd"],
    )
    table["lignes"] = repeats(table, [*CELL, "rentree", "mefstat11_publie", "cfd_publie"])
    grouped = table.groupby([*CELL, "rentree"], as_index=False).agg(
        places=("places", "sum"),
        lignes=("lignes", "max"),
        inconnue=("inconnue", "any"),
        mefstat11=("mefstat11", "last"),
        cfd=("cfd", "last"),
        niveau=("niveau", "last"),
    )
    grouped["places"] = grouped["places"].mask(grouped["inconnue"])
    return grouped.drop(columns="inconnue")
