"""Which options a BTS's common first year leads to."""

import pandas as pd

from fpi_eval.sources.nomenclatures import Nomenclatures


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
