"""Employed leavers per lycée: the publisher's rates of a whole establishment times its pupils.

Under 20 pupils a course is hidden, its establishment hardly ever: sums are seen where parts are
not.
"""

import numpy as np
import pandas as pd

from fpi_eval.calendar import HORIZONS
from fpi_eval.panel.from_files import final_year
from fpi_eval.panel.identity import latest_uai
from fpi_eval.panel.panels import Panels

SOURCE = "inserjeunes_etablissement"


def employed(p: Panels) -> pd.DataFrame:
    """Return employed leavers of the school route per establishment and millésime, two cohorts.

    Establishments whose rates mix pupils and apprentices, with no row for the former, are left
    out; so are those that changed UAI between the two years.

    Returns
    -------
    DataFrame
        uai, rentree (final year of the younger cohort), ``terminale_2``, ``sortants``,
        ``en_emploi_6_mois`` to 24 (NaN where hidden or not published). Empty without both files.
    """
    columns = ["uai", "rentree", "terminale_2", "sortants"]
    if not (p.donnees.a(SOURCE) and p.donnees.a("constat")):
        return pd.DataFrame(columns=columns)
    rows = pupils_only(p.donnees.table(SOURCE))
    rows = rows.assign(
        uai=latest_uai(rows["uai"], p.donnees.changements_uai),
        rentree=rows["millesime"].str[-4:].astype("int64") - 1,
    )
    rows = rows.drop_duplicates(["uai", "rentree"], keep=False)
    counts = final_year(p).groupby(["uai", "rentree"])["effectif"].sum(skipna=False)
    n = sum(
        counts.reindex(pd.MultiIndex.from_arrays([rows["uai"], rows["rentree"] - back])).to_numpy()
        for back in (0, 1)
    )
    leavers = (1 - rows["taux_poursuite"].to_numpy()) * n
    out = rows[["uai", "rentree"]].assign(terminale_2=n, sortants=leavers)
    for h in HORIZONS:
        rate = rows.get(f"taux_emploi_{h}_mois", pd.Series(np.nan, rows.index)).to_numpy(float)
        out[f"en_emploi_{h}_mois"] = rate * leavers
    if "part_emploi_6_mois" in rows:  # over pupils: known even when leavers are under 20
        part = rows["part_emploi_6_mois"].to_numpy(float) * n
        out["en_emploi_6_mois"] = out["en_emploi_6_mois"].fillna(pd.Series(part, out.index))
    return out.dropna(subset=["terminale_2"]).reset_index(drop=True)


def pupils_only(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per establishment and millésime, that of pupils in the school route."""
    own = pd.MultiIndex.from_frame(rows[["uai", "millesime"]])
    alone = ~own.isin(own[rows["public"] == "apprentis"])
    return rows[(rows["public"] == "scolaires") | ((rows["public"] == "ensemble") & alone)]
