"""BTS places of Parcoursup 2018 and 2019 beside the final-year students that they became.

The portal names courses in words, InserJeunes by code: names are matched exactly once spelled
alike, then through a declared table; what is left unmatched is counted, never guessed.
"""

import re
from dataclasses import dataclass

import pandas as pd

from fpi_eval.text import plain

SMALL_WORDS = r"\b(option|opt|de|des|du|d|l|la|le|les|et|en|a|bts)\b"


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """Parcoursup courses matched with diplomas: links, and how many rows and places matched."""

    links: pd.DataFrame
    rates: pd.DataFrame


def spelled(label: str) -> str:
    """Return a course's name without case, accents, punctuation and small words."""
    return " ".join(re.sub(SMALL_WORDS, " ", plain(label)).split())


def match_bts(bts: pd.DataFrame, diplomes: pd.DataFrame, declared: pd.DataFrame) -> Matching:
    """Return which diploma(s) each BTS name of Parcoursup stands for.

    Parameters
    ----------
    bts : DataFrame
        rentree, formation ("BTS - Production", …), specialite, places.
    diplomes : DataFrame
        cfd, libelle, ouverture, fermeture (dates): BTS diplomas.
    declared : DataFrame
        specialite, cfd: names that differ, or first years common to several options.

    Returns
    -------
    Matching
        ``links``: specialite, cfd, one row per pair. ``rates``: by formation × rentree, rows,
        places, share of places that is matched.
    """
    first, last = bts["rentree"].min(), bts["rentree"].max()
    alive = diplomes[
        (diplomes["ouverture"].isna() | (diplomes["ouverture"].dt.year <= last))
        & (diplomes["fermeture"].isna() | (diplomes["fermeture"].dt.year > first))
    ]
    names = alive.assign(nom=alive["libelle"].map(spelled)).drop_duplicates(["nom", "cfd"])
    wanted = pd.DataFrame({"specialite": bts["specialite"].dropna().unique()})
    by_table = wanted.merge(declared[["specialite", "cfd"]], on="specialite")
    rest = wanted[~wanted["specialite"].isin(by_table["specialite"])]
    by_name = (
        rest.assign(nom=rest["specialite"].map(spelled))
        .merge(names[["nom", "cfd"]], on="nom")
        .drop(columns="nom")
    )
    links = pd.concat([by_table, by_name], ignore_index=True)
    found = bts["specialite"].isin(links["specialite"])
    marked = bts.assign(places_reliees=bts["places"].where(found, 0))
    rates = marked.groupby(["formation", "rentree"]).agg(
        lignes=("specialite", "size"),
        places=("places", "sum"),
        places_reliees=("places_reliees", "sum"),
    )
    rates["part_places"] = rates.pop("places_reliees") / rates["places"]
    return Matching(links, rates.reset_index())


def passage_panel(
    bts: pd.DataFrame, links: pd.DataFrame, results: pd.DataFrame, identity: pd.DataFrame
) -> pd.DataFrame:
    """Return region × BTS name × millésime: places of its known cohort(s), final-year students.

    A millésime (A, B) holds the entrants of rentrées A − 2 and B − 2. With sessions 2018 and 2019,
    both are known for 2020_2021, one for the millésimes on either side.

    Parameters
    ----------
    bts : DataFrame
        code_region, specialite, rentree, places; school route, distance learning set aside.
    links, identity : DataFrame
        specialite, cfd; and cfd, course.
    results : DataFrame
        code_region, course, voie, millesime, filiere, terminale, en_emploi_6_mois.
    """
    courses = links.merge(identity, on="cfd", how="left")
    courses["course"] = courses["course"].where(courses["course"].notna(), courses["cfd"])
    pairs = courses[["specialite", "course"]].drop_duplicates()
    school = results[results["voie"] == "scolaire"].merge(pairs, on="course")
    keys = ["code_region", "specialite", "millesime"]
    counted = school.groupby(keys)[["terminale", "en_emploi_6_mois"]].sum(min_count=1)
    filieres = school.drop_duplicates("specialite").set_index("specialite")["filiere"]
    rows = bts.groupby(["code_region", "specialite", "rentree"])["places"]
    places = rows.sum().where(rows.count() == rows.size())  # known where those of all rows are
    wide = places.unstack("rentree").add_prefix("places_").reset_index()  # noqa: PD010
    table = counted.reset_index().merge(wide, on=["code_region", "specialite"])
    return table.assign(filiere=table["specialite"].map(filieres))
