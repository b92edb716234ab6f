"""Link entry-year codes to final-year codes: places carry the first, outcomes the second.

In this order: the final code that Affelnet publishes, if it is a course's final year (for a common
2nde it is a code that no pupil has: 4,768 of 19,767 rows in 2021); the specialities of a common
first year (`familleMetiers`, `optionsBTS`), each with its part; the final year that
the nomenclature has of the same diploma, dispositif and length. The rest is listed as such.
"""

import pandas as pd

from fpi_eval.sources.nomenclatures import Nomenclatures

COLUMNS = ["mefstat11_entree", "mefstat11_terminale", "cfd_terminale", "part", "lien"]


def link_entry_to_final(
    entry: pd.Series,
    nomenclatures: Nomenclatures,
    *,
    terminale: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> pd.DataFrame:
    """Return the final-year code, or codes, of each entry-year code.

    Parameters
    ----------
    entry : Series
        Entry-year MEFSTAT11 codes, repeated or not.
    terminale : Series, optional
        Final-year code published beside each of them (`mef_stat_terminale`), same index.
    weights : Series, optional
        Final-year students by final MEFSTAT11: parts of a common first year are proportional to
        them. Without it, or where none of its specialities has any, parts are equal.

    Returns
    -------
    DataFrame
        mefstat11_entree, mefstat11_terminale, cfd_terminale, part (sums to 1 over an entry
        code), lien (terminale, famille, options, règle or aucun); sorted; an entry code without a
        final one keeps a row with `lien` = ``aucun``, NaN elsewhere.
    """
    codes = pd.Series(entry.dropna().unique(), dtype="str")
    mef = nomenclatures.mef.drop_duplicates("mefstat11").set_index("mefstat11")
    found = [
        _published(entry, terminale, mef),
        _families(codes, nomenclatures),
        _options(codes, nomenclatures, mef),
        _rule(codes, mef),
    ]
    done: set[str] = set()
    kept = []
    for links in found:
        links = links[~links["mefstat11_entree"].isin(done)]
        done |= set(links["mefstat11_entree"])
        kept.append(links)
    kept.append(pd.DataFrame({"mefstat11_entree": codes[~codes.isin(done)], "lien": "aucun"}))
    table = pd.concat(kept, ignore_index=True)
    table["cfd_terminale"] = table["mefstat11_terminale"].map(mef["cfd"])
    table["part"] = _parts(table, weights)
    return table[COLUMNS].sort_values(COLUMNS[:2], ignore_index=True, kind="stable")


def _published(entry: pd.Series, terminale: pd.Series | None, mef: pd.DataFrame) -> pd.DataFrame:
    if terminale is None:
        return _links([], [], "terminale")
    pairs = pd.DataFrame({"e": entry, "t": terminale}).dropna().drop_duplicates()
    pairs = pairs[pairs["t"].isin(mef.index[mef["annee"] == mef["duree"]])]
    return _links(pairs["e"], pairs["t"], "terminale")


def _families(codes: pd.Series, nomenclatures: Nomenclatures) -> pd.DataFrame:
    own = nomenclatures.familles[nomenclatures.familles["mefstat11_commun"].isin(codes)]
    return _links(own["mefstat11_commun"], own["mefstat11"], "famille")


def _options(codes: pd.Series, nomenclatures: Nomenclatures, mef: pd.DataFrame) -> pd.DataFrame:
    """Return the options of a BTS's common first year, in the same dispositif."""
    first = pd.DataFrame({"entree": codes, "cfd_commun": codes.map(mef["cfd"])})
    first = first.merge(nomenclatures.options_bts[["cfd_commun", "cfd"]], on="cfd_commun")
    first["dispositif"] = first["entree"].map(mef["dispositif"])
    last = mef[mef["annee"] == mef["duree"]].reset_index()[["mefstat11", "cfd", "dispositif"]]
    both = first.merge(last, on=["cfd", "dispositif"])
    return _links(both["entree"], both["mefstat11"], "options")


def _rule(codes: pd.Series, mef: pd.DataFrame) -> pd.DataFrame:
    """Return the final year of the same diploma, dispositif and length, where it is one code."""
    same = ["dispositif", "cfd", "duree"]
    rows = mef.reset_index()[["mefstat11", "annee", *same]]
    last = rows[rows["annee"] == rows["duree"]].drop_duplicates(same, keep=False)
    both = rows[rows["mefstat11"].isin(codes)].merge(last, on=same, suffixes=("", "_final"))
    return _links(both["mefstat11"], both["mefstat11_final"], "règle")


def _links(entry: pd.Series | list, final: pd.Series | list, lien: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "mefstat11_entree": pd.Series(entry, dtype="str").to_numpy(),
            "mefstat11_terminale": pd.Series(final, dtype="str").to_numpy(),
            "lien": lien,
        }
    ).drop_duplicates()


def _parts(table: pd.DataFrame, weights: pd.Series | None) -> pd.Series:
    """Return the part of each final code: by weight where some is known, else equal."""
    entry = table["mefstat11_entree"]
    equal = 1.0 / table.groupby("mefstat11_entree")["lien"].transform("size")
    part = equal
    if weights is not None:
        own = table["mefstat11_terminale"].map(weights).fillna(0.0).astype("float64")
        total = own.groupby(entry).transform("sum")
        part = (own / total).where(total > 0, equal)
    return part.where(table["lien"] != "aucun").astype("float64")
