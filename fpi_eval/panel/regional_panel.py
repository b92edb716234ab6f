"""The real panel: region × course × voie × millésime, places at entry beside what became of them.

Places carry the entry-year code and the rentrée, outcomes the final-year code and the millésime
(leavers of two Junes): both are brought to the course's identity and to the same two cohorts.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd

from fpi_eval.panel.matching import filieres_of
from fpi_eval.programme import Territoire

KEYS = ["code_region", "course", "voie"]
HERE, ELSEWHERE = "region", "autres"
COUNTS = [
    "terminale", "poursuite", "sortants", "en_emploi_6_mois", "en_emploi_12_mois",
    "en_emploi_18_mois", "en_emploi_24_mois",
]  # fmt: skip


def territoire(code_region: pd.Series, place: Territoire) -> pd.Series:
    """Return ``region`` for the programme's regions and ``autres`` for every other."""
    return pd.Series(np.where(place.ici(code_region), HERE, ELSEWHERE), code_region.index)


def millesime(session: int) -> str:
    """Return the millésime whose *second* cohort is the leavers of June of that year."""
    return f"{session - 1}_{session}"


def with_course(
    table: pd.DataFrame, mef: pd.DataFrame, identity: pd.DataFrame, filieres: pd.DataFrame
) -> pd.DataFrame:
    """Return the table with cfd, course, groupe_nsf, filiere and niveau of each row.

    Parameters
    ----------
    table : DataFrame
        With ``mefstat11`` or ``cfd`` (one of them filled).
    mef : DataFrame
        Nomenclature with mefstat11, cfd.
    identity : DataFrame
        cfd, course (identity through renovation), groupe_nsf, niveau, niveau_diplome, as
        `with_levels` gives them.
    filieres : DataFrame
        code (three-digit NSF group, or a CFD that is an exception), filiere.
    """
    codes = mef.drop_duplicates("mefstat11").set_index("mefstat11")["cfd"]
    cfd = table["cfd"].where(table["cfd"].notna(), table["mefstat11"].map(codes))
    known = identity.drop_duplicates("cfd").set_index("cfd")
    course = cfd.map(known["course"])
    return table.assign(
        cfd=cfd,
        course=course.where(course.notna(), cfd),
        **filieres_of(cfd, identity, filieres),
        niveau=cfd.map(known["niveau"]),
        niveau_diplome=cfd.map(known["niveau_diplome"]),
    )


def outcomes(inserjeunes: pd.DataFrame) -> pd.DataFrame:
    """Return counts by region × course × voie × millésime from rows that have a course.

    Codes of one course (old and new diploma) are added. A sum is known where all its rows are: one
    that a hidden code left would read as a drop the year it is hidden.
    """
    grouped = inserjeunes.groupby([*KEYS, "millesime"], sort=True)
    counts = grouped[COUNTS].sum().where(grouped[COUNTS].count().eq(grouped.size(), axis=0))
    return counts.join(grouped[["filiere", "niveau", "groupe_nsf"]].first()).reset_index()


def entry_places(capacities: pd.DataFrame) -> pd.DataFrame:
    """Return places by region × course × voie × rentrée, and how many rows do not tell theirs.

    ``duree`` is that of most places: an establishment with the 2nde of a course that the others
    have in 1re would else make all of them leave a year late.

    Parameters
    ----------
    capacities : DataFrame
        code_region, course, voie, rentree, duree (years from the entry year to leaving),
        places; distance learning and rows that are not an entry already set aside.
    """
    marked = capacities.assign(lignes_sans_places=capacities["places"].isna().astype("int64"))
    grouped = marked.groupby([*KEYS, "rentree"], sort=True)
    table = grouped["places"].sum(min_count=1).to_frame().join(grouped["lignes_sans_places"].sum())
    seats = marked.groupby([*KEYS, "rentree", "duree"])["places"].sum().reset_index("duree")
    seats = seats.sort_values(["places", "duree"], kind="stable")["duree"]
    return table.join(seats[~seats.index.duplicated(keep="last")]).reset_index()


def link_places(places: pd.DataFrame) -> pd.DataFrame:
    """Return places by the millésime in which the cohort they admit leaves.

    A place of rentrée t in a course of d years leaves in June t + d: it is in the millésimes
    (t+d-1, t+d) and (t+d, t+d+1). Two rentrées that leave together (a course counted in 2nde, then
    in 1re) are one cohort, of the larger one's places: the other may be of some establishments
    only. ``cohortes_places`` counts the cohorts (0 to 2) whose places are known of every row;
    ``places_entree`` adds those known, and is complete only when both are.
    """
    leaving = places.assign(session=(places["rentree"] + places["duree"]).astype("int64"))
    leaving = leaving.sort_values(["places", "rentree"], na_position="first", kind="stable")
    places = leaving.drop_duplicates([*KEYS, "session"], keep="last")
    session = places["session"]
    whole = places["rentree"].where(places["lignes_sans_places"] == 0)
    both = pd.concat(
        [
            places.assign(millesime=(session + shift).map(millesime), entiere=whole)
            for shift in (0, 1)
        ]
    )
    grouped = both.dropna(subset=["places"]).groupby([*KEYS, "millesime"])
    return (
        grouped.agg(
            places_entree=("places", "sum"),
            cohortes_places=("entiere", "nunique"),
        )
        .reset_index()
        .astype({"cohortes_places": "int64"})
    )


def build_regional_panel(results: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Return one row per region × course × voie × millésime, places at entry joined to outcomes.

    Rows with places and no outcome yet are kept (`observe` is False): those cohorts have not
    left, or their figures are not published.
    """
    panel = results.merge(link_places(places), "outer", [*KEYS, "millesime"], validate="1:1")
    panel["observe"] = panel["terminale"].notna()
    panel["cohortes_places"] = panel["cohortes_places"].fillna(0).astype("int64")
    for name in ("filiere", "niveau", "groupe_nsf"):
        known = results.drop_duplicates("course").set_index("course")[name]
        panel[name] = panel[name].where(panel[name].notna(), panel["course"].map(known))
    return panel.sort_values([*KEYS, "millesime"], ignore_index=True)


def entries_only(
    affelnet: pd.DataFrame,
    common_years: Collection[str],
    in_family: pd.Series,
) -> pd.Series:
    """Return, for each Affelnet row, why it is not an entry year, or an empty text if it is.

    A bac pro inside a famille de métiers is counted in 1re (its 2nde is common), one outside in
    2nde; adding both would count pupils twice. Where a lycée offers only the 2nde of a speciality
    (agriculture), that 2nde is the entry; where it offers only the 1re, that 1re is: the year in
    which a renovation moves the 2nde to a code that the file does not hold would else have none.

    Parameters
    ----------
    affelnet : DataFrame
        uai, rentree, mefstat11, and famille (what renovations connect), groupe_nsf, annee (year of
        study), bac_pro (of three years), as the nomenclature says of that code; annee is missing
        for a code it does not hold.
    common_years : collection of str
        MEFSTAT11 of common 2ndes.
    in_family : Series of bool
        Whether the row's course belongs to a famille de métiers.
    """
    year, code, bac_pro = affelnet["annee"], affelnet["mefstat11"], affelnet["bac_pro"]
    lineage = pd.MultiIndex.from_frame(affelnet[["uai", "rentree", "famille"]])
    with_premiere = lineage.isin(lineage[bac_pro & (year == 2)])
    # A 2nde common to the options of one diploma has its own code, and their NSF group.
    group = pd.MultiIndex.from_frame(affelnet[["uai", "rentree", "groupe_nsf"]])
    with_seconde = group.isin(group[bac_pro & (year == 1) & ~code.isin(common_years)])
    reasons = np.select(
        [
            year.isna(),
            code.isin(common_years),
            bac_pro & (year == 1) & in_family & with_premiere,
            bac_pro & (year == 2) & ~in_family & with_seconde,
            (year != 1) & ~(bac_pro & (year == 2)),
        ],
        [
            "code de formation absent de la nomenclature",
            "2nde commune : les places se comptent en 1re",
            "2nde d'une formation à famille de métiers : comptée en 1re",
            "1re hors famille de métiers : les places se comptent en 2nde",
            "année qui n'est pas celle de l'entrée",
        ],
        "",
    )  # fmt: skip
    return pd.Series(reasons, index=affelnet.index, dtype="str")
