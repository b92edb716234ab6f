"""Where an establishment is, which filière a diploma serves, and what could not be matched."""

import pandas as pd

from fpi_eval.sources.territoires import departement_code
from fpi_eval.text import AUTRE

UNTOLD = ""


def departement_of(uai: pd.Series, departements: pd.DataFrame) -> pd.Series:
    """Return the three-character département of each UAI, NaN where it has none.

    Parameters
    ----------
    departements : DataFrame
        code_departement of all départements, as `read_departements` returns them.
    """
    code = uai.map({one: departement_code(one) for one in uai.dropna().unique()})
    return code.where(code.isin(departements["code_departement"]))


def filieres_of(cfd: pd.Series, diplomes: pd.DataFrame, filieres: pd.DataFrame) -> pd.DataFrame:
    """Return the NSF group and the filière of each diploma.

    Parameters
    ----------
    cfd : Series
        Diploma codes.
    diplomes : DataFrame
        cfd, groupe_nsf: the publisher's group, which is not always the code's 4th to 6th
        characters.
    filieres : DataFrame
        code (three-digit NSF group, or a diploma that is an exception), filiere.

    Returns
    -------
    DataFrame
        groupe_nsf, filiere (``autre`` outside the programme); index of `cfd`.
    """
    group = cfd.map(diplomes.drop_duplicates("cfd").set_index("cfd")["groupe_nsf"])
    declared = filieres.set_index("code")["filiere"]
    exception, by_group = cfd.map(declared), group.map(declared)
    filiere = exception.where(exception.notna(), by_group).fillna(AUTRE)
    return pd.DataFrame({"groupe_nsf": group, "filiere": filiere})


def with_kin(filieres: pd.DataFrame, identity: pd.DataFrame, options: pd.DataFrame) -> pd.DataFrame:
    """Return the declared table, its exceptions extended to every code of the same course.

    A course keeps one code through renovation, its oldest, which nobody declares; the options of
    a BTS share a first year whose code is that of none. Exceptions hold for them too.

    Parameters
    ----------
    filieres : DataFrame
        code (NSF group, or diploma that is an exception), filiere.
    identity : DataFrame
        cfd, course.
    options : DataFrame
        cfd (option of a BTS), cfd_commun: a common first year follows when all options agree.
    """
    declared = filieres.set_index("code")["filiere"]
    known = options.dropna(subset=["cfd_commun", "cfd"])
    told = known["cfd"].map(declared).fillna(UNTOLD).groupby(known["cfd_commun"])
    first = told.first()
    agree = told.agg(lambda names: len(set(names)) == 1).astype(bool)
    shared = first[agree & (first != UNTOLD)]
    every = pd.concat([declared, shared[~shared.index.isin(declared.index)]])
    course = identity.drop_duplicates("cfd").set_index("cfd")["course"]
    # The last line of a course wins, should two of its diplomas be declared apart.
    of_course = every.groupby(every.index.map(course)).last()
    kin = course.map(of_course).dropna()
    kin = pd.concat([shared, kin[~kin.index.isin(shared.index)]])
    more = kin[~kin.index.isin(declared.index)].rename_axis("code").rename("filiere").reset_index()
    return pd.concat([filieres, more], ignore_index=True)
