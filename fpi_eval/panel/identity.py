"""One identity over time: of a course through renovation, of an establishment through new UAIs.

The genealogy of diplomas is the publisher's own (`ANCIEN_DIPLOME_n`, `NOUVEAU_DIPLOME_n`). Only
links within one type of diploma count: a BEP that became a bac pro is another course. One old
code for one new code is the same course; where a diploma splits or several merge, no share can
be known, so the courses stay apart in one declared family, and are flagged.
"""

from collections import Counter

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.sources.formations import SUCCESSORS
from fpi_eval.sources.nomenclatures import Nomenclatures
from fpi_eval.sources.uai_changes import UAI_CHANGES, read_uai_changes  # noqa: F401

# The mention complémentaire became the certificat de spécialisation in 2023, course for course.
RENAMED_TYPES = frozenset({("010", "461"), ("010", "561")})

# Level of qualification (RNCP): 3 and 4 are taught in lycées before the bac, 5 to 8 after it.
NIVEAUX_RNCP = dict.fromkeys(("03", "04"), "secondaire") | dict.fromkeys(
    ("05", "06", "07", "08"), "superieur"
)

# Types of diploma (NIVEAU_FORMATION_DIPLOME): general and agricultural.
BTS = frozenset({"320", "323"})
BAC_PRO = frozenset({"400", "403"})

# As the Code de l'éducation writes them, which the nomenclature has in capitals.
TYPES = {
    "brevet de technicien superieur": "brevet de technicien supérieur",
    "mention complementaire": "mention complémentaire",
}

# Whether an old diploma has several heirs, whether a new one has several forebears.
WORDS = {
    (False, False): "1-1",
    (True, False): "scission",
    (False, True): "fusion",
    (True, True): "scission et fusion",
}


def renovations(diplomes: pd.DataFrame) -> pd.DataFrame:
    """Return the links old → new between known diplomas of one type, and how each one stands.

    Returns
    -------
    DataFrame
        ancien, nouveau, lien: ``1-1``, ``scission`` (the old one has several heirs), ``fusion``
        (the new one has several forebears) or ``scission et fusion``.
    """
    told = set()
    for i in range(1, SUCCESSORS + 1):
        back, ahead = diplomes[f"ancien_{i}"].dropna(), diplomes[f"nouveau_{i}"].dropna()
        told |= {*zip(back, diplomes["cfd"][back.index], strict=True)}
        told |= {*zip(diplomes["cfd"][ahead.index], ahead, strict=True)}
    level = dict(zip(diplomes["cfd"], diplomes["niveau_diplome"], strict=True))

    def one_type(old: str, new: str) -> bool:
        types = level.get(old), level.get(new)
        return types in RENAMED_TYPES or (types[0] == types[1] and pd.notna(types[0]))

    links = sorted(pair for pair in told if pair[0] != pair[1] and one_type(*pair))
    heirs, forebears = Counter(old for old, _ in links), Counter(new for _, new in links)
    rows = [(old, new, WORDS[heirs[old] > 1, forebears[new] > 1]) for old, new in links]
    return pd.DataFrame(rows, columns=["ancien", "nouveau", "lien"], dtype="str")


def course_identity(diplomes: pd.DataFrame) -> pd.DataFrame:
    """Return the course, stable over renovation, of every diploma.

    Parameters
    ----------
    diplomes : DataFrame
        `nFormationDiplome_`, as `DIPLOMES` declares it.

    Returns
    -------
    DataFrame
        cfd, course (the oldest code of its chain of 1-1 links: a later renovation does not
        change it), famille (the oldest code of all that splits and mergers connect), renovation
        (``aucune``, ``1-1``, or the split or merger that touches the diploma); one row per cfd.
    """
    links = renovations(diplomes)
    opened = diplomes.set_index("cfd")["date_ouverture"].fillna(pd.Timestamp("1900-01-01"))
    dates = opened.to_dict()
    rank = {code: k for k, code in enumerate(sorted(dates, key=lambda c: (dates[c], c)))}
    straight = links[links["lien"] == "1-1"]
    course = _first_of_group(diplomes["cfd"], straight, rank)
    famille = _first_of_group(diplomes["cfd"], links, rank)
    return pd.DataFrame(
        {
            "cfd": diplomes["cfd"],
            "course": course,
            "famille": famille,
            "renovation": diplomes["cfd"].map(_touching(links)).fillna("aucune"),
        }
    ).reset_index(drop=True)


def identity_of(codes: Nomenclatures) -> pd.DataFrame:
    """Return diploma code → course, one identity through renovation; NSF group, type, level."""
    known = course_identity(codes.diplomes)
    return with_levels(known, codes.tous_diplomes, codes.niveaux)


def with_levels(
    identity: pd.DataFrame, diplomes: pd.DataFrame, niveaux: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the identity of every diploma with its NSF group, type and level, as published.

    Nothing is read in the code's characters: they are right but for a few, and a code that the
    nomenclature does not hold would be given a level it never had.

    Parameters
    ----------
    diplomes : DataFrame
        cfd, groupe_nsf, niveau_diplome, niveau_rncp, of all lists (`Nomenclatures.tous_diplomes`).
    niveaux : DataFrame, optional
        niveau_diplome, niveau_rncp: serves where the diploma itself does not say its level.

    Returns
    -------
    DataFrame
        `identity` with a row for each diploma (course, famille: its code where identity has none),
        groupe_nsf, niveau_diplome, niveau (``secondaire``, ``superieur``, missing when unknown).
    """
    facts = diplomes.drop_duplicates("cfd")
    rncp = facts.get("niveau_rncp", pd.Series(None, facts.index, dtype="str"))
    if niveaux is not None and len(niveaux):
        by_type = niveaux.drop_duplicates("niveau_diplome").set_index("niveau_diplome")
        rncp = rncp.where(rncp.isin(NIVEAUX_RNCP), facts["niveau_diplome"].map(by_type.niveau_rncp))
    facts = facts[["cfd", "groupe_nsf", "niveau_diplome"]].assign(niveau=rncp.map(NIVEAUX_RNCP))
    table = identity.merge(facts, "outer", "cfd")
    return table.assign(**{n: table[n].fillna(table["cfd"]) for n in ("course", "famille")})


def with_families(familles: pd.DataFrame, identity: pd.DataFrame) -> pd.DataFrame:
    """Return the diplomas of familles de métiers (cfd), under every code before and after them.

    The list is of one day: a diploma that several became, or that several made, has the second
    year of study as its entry like them (technicien d'usinage, CIEL).
    """
    kin = identity.drop_duplicates("cfd").set_index("cfd")["famille"]
    listed = familles["cfd"]
    every = kin.index[kin.isin(listed.map(kin).dropna())]
    return pd.DataFrame({"cfd": sorted({*listed, *every})}, dtype="str")


def type_de_diplome(niveau_diplome: pd.Series, niveaux: pd.DataFrame) -> pd.Series:
    """Return the type of each diploma in the publisher's words, in few letters where it has them.

    A type that the nomenclature does not name keeps its code.
    """
    words = niveaux.drop_duplicates("niveau_diplome").set_index("niveau_diplome")["libelle"]
    named = niveau_diplome.map(words.astype("str").str.lower().replace(TYPES)).astype("str")
    return named.fillna("diplôme de type " + niveau_diplome.fillna("inconnu"))


def _touching(links: pd.DataFrame) -> pd.Series:
    """Return, for each linked diploma, all that its links are, to older and to newer ones."""
    ends = pd.concat([links["ancien"], links["nouveau"]], ignore_index=True)
    lien = pd.concat([links["lien"]] * 2, ignore_index=True)
    split = lien.str.contains("scission").groupby(ends).any()
    merged = lien.str.contains("fusion").groupby(ends).any()
    return pd.Series([WORDS[pair] for pair in zip(split, merged, strict=True)], split.index)


def _first_of_group(codes: pd.Series, links: pd.DataFrame, rank: dict[str, int]) -> pd.Series:
    """Return, for each code, the first-ranked code among those that links connect to it."""
    head = {code: code for code in codes}

    def find(code: str) -> str:
        while head[code] != code:
            head[code] = head[head[code]]
            code = head[code]
        return code

    for old, new in zip(links["ancien"], links["nouveau"], strict=True):
        first, second = sorted((find(old), find(new)), key=rank.__getitem__)
        head[second] = first
    return codes.map(find)


def latest_uai(uai: pd.Series, changes: pd.DataFrame) -> pd.Series:
    """Return each establishment's latest UAI, following the declared changes.

    Parameters
    ----------
    changes : DataFrame
        ancien_uai, nouveau_uai, as `UAI_CHANGES` declares them.

    Raises
    ------
    FpiError
        If the changes lead back to where they started.
    """
    ahead = dict(zip(changes["ancien_uai"], changes["nouveau_uai"], strict=True))
    last = {}
    for start in ahead:
        code, seen = start, set()
        while code in ahead:
            if code in seen:
                raise FpiError(
                    f"les changements d'UAI tournent en rond à partir de {start}. Retirez l'un "
                    "d'eux.",
                    fichier="uai_changements.csv",
                    colonne="nouveau_uai",
                )
            seen.add(code)
            code = ahead[code]
        last[start] = code
    found = uai.map(last)
    return found.where(found.notna(), uai)


def options_of_bts(entry: pd.Series, nomenclatures: Nomenclatures) -> pd.DataFrame:
    """Return the options of each common first year of a BTS among entry codes (MEFSTAT11).

    Columns: mefstat11, cfd_terminale (the option's diploma, in the same dispositif), part: equal,
    summing to 1 over an entry code; sorted by final-year code.
    """
    mef = nomenclatures.mef.drop_duplicates("mefstat11")
    codes = pd.DataFrame({"mefstat11": pd.Series(entry.dropna().unique(), dtype="str")})
    first = codes.merge(mef[["mefstat11", "cfd", "dispositif"]], on="mefstat11")
    first = first.rename(columns={"cfd": "cfd_commun"})
    first = first.merge(nomenclatures.options_bts[["cfd_commun", "cfd"]], on="cfd_commun")
    last = mef.loc[mef["annee"] == mef["duree"], ["mefstat11", "cfd", "dispositif"]]
    last = last.rename(columns={"mefstat11": "terminale"})
    both = first.merge(last, on=["cfd", "dispositif"]).drop_duplicates(["mefstat11", "terminale"])
    both = both.sort_values(["mefstat11", "terminale"], ignore_index=True, kind="stable")
    part = 1.0 / both.groupby("mefstat11")["cfd"].transform("size")
    return both.assign(cfd_terminale=both["cfd"], part=part)[["mefstat11", "cfd_terminale", "part"]]
