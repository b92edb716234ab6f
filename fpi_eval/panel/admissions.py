"""Women and men admitted in BTS on Parcoursup, per establishment × course × rentrée.

The constat de rentrée does not tell sexes per course; Parcoursup does, for BTS of the school
route. These are admissions on the platform (`acc_tot`, `acc_tot_f`), close to the entrants of the
September that follows but not equal to them: some admitted never come, others come later.
"""

import pandas as pd

from fpi_eval.panel.identity import latest_uai
from fpi_eval.panel.loading import Donnees

SOURCES = ("parcoursup_portail", "parcoursup")  # of a session in both, the first one's rows
SEXES = ["entrants_filles", "entrants_garcons"]
COLUMNS = ["uai", "course", "voie", "rentree", *SEXES]


def read(donnees: Donnees) -> pd.DataFrame:
    """Return the BTS rows of every session read, distance learning set aside; maybe none."""
    parts: list[pd.DataFrame] = []
    for source in SOURCES:
        if donnees.a(source):
            rows = donnees.table(source)
            seen = {year for part in parts for year in part["rentree"].unique()}
            parts.append(rows[~rows["rentree"].isin(seen)])
    if not parts:
        return pd.DataFrame()
    rows = pd.concat(parts, ignore_index=True)
    return rows[(rows["type_formation"] == "BTS") & ~rows["a_distance"]].reset_index(drop=True)


def by_cell(
    rows: pd.DataFrame, links: pd.DataFrame, donnees: Donnees, identity: pd.DataFrame
) -> pd.DataFrame:
    """Return women and men admitted per cell × rentrée: both known, or neither.

    Parameters
    ----------
    rows : DataFrame
        uai, specialite, rentree, admis, admis_f.
    links : DataFrame
        specialite, cfd. A name that stands for several courses is nobody's; options of a common
        first year are that first year.
    identity : DataFrame
        cfd, course.

    Returns
    -------
    DataFrame
        uai, course, voie ("scolaire"), rentree, entrants_filles, entrants_garcons (NaN as soon as
        one of the cell's rows is unknown). Rows without an establishment or a course are left out.
    """
    course = rows["specialite"].map(_courses(links, donnees, identity))
    table = rows.assign(
        uai=latest_uai(rows["uai"], donnees.changements_uai),
        course=course,
        voie="scolaire",
        entrants_filles=rows["admis_f"],
        entrants_garcons=rows["admis"] - rows["admis_f"],
    )
    known = table["entrants_garcons"].notna()
    table[SEXES] = table[SEXES].astype(float).where(known)
    kept = table["uai"].notna() & table["course"].notna()
    grouped = table[kept].assign(inconnu=~known).groupby(COLUMNS[:4])
    out = grouped[SEXES].sum()
    return out.mask(grouped["inconnu"].any()).reset_index()


def _courses(links: pd.DataFrame, donnees: Donnees, identity: pd.DataFrame) -> pd.Series:
    """Return the course of each name that stands for one alone."""
    known = identity.drop_duplicates("cfd").set_index("cfd")["course"]
    # Options are listed under their codes of today, names of 2018 carry those of then: by course.
    options = donnees.nomenclatures.options_bts[["cfd", "cfd_commun"]]
    options = options.apply(lambda cfd: cfd.map(known).fillna(cfd)).drop_duplicates("cfd")
    course = links["cfd"].map(known).fillna(links["cfd"])
    course = course.map(options.set_index("cfd")["cfd_commun"]).fillna(course)
    pairs = links.assign(course=course)[["specialite", "course"]].drop_duplicates()
    return pairs.drop_duplicates("specialite", keep=False).set_index("specialite")["course"]
