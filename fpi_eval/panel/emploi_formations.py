"""Employed leavers per establishment × course: published rates times counted pupils, or bounds.

InserJeunes gives rates by lycée professionnel and course, on two cohorts, blank under 20; the
constat de rentrée counts the same final-year pupils. What is blank is unknown, not zero: it is
kept between two ends, and only sums are ever shown.
"""

import numpy as np
import pandas as pd

from fpi_eval.calendar import HORIZONS
from fpi_eval.disclosure import Thresholds
from fpi_eval.panel.from_files import KEYS, coded, final_year, lasting
from fpi_eval.panel.identity import latest_uai
from fpi_eval.panel.panels import Panels

SOURCE = "inserjeunes_formation_fine"


def employed(p: Panels) -> pd.DataFrame:
    """Return employed leavers per cell and millésime, known or between two ends.

    Returns
    -------
    DataFrame
        uai, course, voie, rentree (final year of the younger cohort), ``terminale_2`` (final-year
        pupils of both cohorts), ``sortants``, ``en_emploi_6_mois`` to 24 (two cohorts; NaN where
        hidden), each employment count with ``_bas`` and ``_haut`` (equal where known; NaN where
        the horizon is not published for the millésime). Empty without both files.
    """
    if not (p.donnees.a(SOURCE) and p.donnees.a("constat")):
        return pd.DataFrame(columns=[*KEYS, "rentree", "terminale_2", "sortants"])
    table = _counts(_two_cohorts(p, _rates(p)), Thresholds.of(p.donnees.programme.secret))
    counted = [c for c in table if c.startswith(("terminale_2", "sortants", "en_emploi"))]
    # A cell adds the options of its BTS: unknown as soon as one is.
    cells = pd.MultiIndex.from_frame(table.assign(voie="scolaire")[[*KEYS, "rentree"]])
    unknown = table[counted].isna().groupby(cells).any()
    whole = table[counted].groupby(cells).sum().mask(unknown)
    whole.index = pd.MultiIndex.from_tuples(whole.index, names=[*KEYS, "rentree"])
    return whole.reset_index()


def with_employment(panel: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the cell panel with employment counts of two cohorts in place of unknown ones."""
    kept = panel.drop(columns=[c for c in table if c in panel and c not in (*KEYS, "rentree")])
    return kept.merge(table, "left", [*KEYS, "rentree"])


def _rates(p: Panels) -> pd.DataFrame:
    """Return published rates by establishment, option and millésime (rentrée of its last year)."""
    rows = p.donnees.table(SOURCE)
    # A millésime may stand in the files of two years: the later one is the publisher's last word.
    rows = rows.drop_duplicates(["millesime", "uai", "mefstat11"], keep="last")
    rows = lasting(p, rows.assign(cfd=None))
    rows = rows.assign(
        course=coded(p, rows)["course"], rentree=rows["millesime"].str[-4:].astype("int64") - 1
    )
    for h in HORIZONS:
        known = rows.groupby("rentree")[f"taux_emploi_{h}_mois"].transform("count") > 0
        rows[f"publie_{h}"] = known
    return rows


def _two_cohorts(p: Panels, rates: pd.DataFrame) -> pd.DataFrame:
    """Return the rates beside the final-year pupils of both cohorts.

    Where one row stands for an establishment and a course, its pupils are all theirs, whatever
    codes they had; where old and new codes stand side by side, each row has the pupils of its own.
    """
    pupils = final_year(p)
    sites = latest_uai(p.donnees.table("constat")["uai"], p.donnees.changements_uai)
    listed = set(zip(sites, p.donnees.table("constat")["rentree"], strict=True))
    alone = ~rates.duplicated(["uai", "option", "rentree"], keep=False).to_numpy()
    total = np.zeros(len(rates))
    for back in (0, 1):
        year, found = rates["rentree"] - back, []
        here = np.array([pair in listed for pair in zip(rates["uai"], year, strict=True)])
        for keys in (["uai", "option"], ["uai_lu", "cfd_lu"]):
            counts = pupils.groupby([*keys, "rentree"])["effectif"].sum(skipna=False)
            rows = pd.MultiIndex.from_arrays([*(rates[k] for k in keys), year])
            none = here & ~rows.isin(counts.index)  # a row without a count is not one
            found.append(np.where(none, 0.0, counts.reindex(rows).to_numpy()))
        total += np.where(alone, *found)
    return rates.assign(terminale_2=total).dropna(subset=["terminale_2"])


def _counts(table: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Return counts from rates and pupils, and what hidden ones may be.

    Parts are over final-year pupils, employment rates over leavers: under 20 leavers the part of
    the employed at 6 months still gives their number, as long as there are 20 pupils.
    """
    n = table["terminale_2"].to_numpy()
    leavers = np.rint((1 - table["taux_poursuite"].to_numpy()) * n)
    out = table[["uai", "course", "rentree", "terminale_2"]].assign(sortants=leavers)
    most = np.where(np.isnan(leavers), np.minimum(n, thresholds.largest_hidden), leavers)
    for h in HORIZONS:
        found = np.rint(table[f"taux_emploi_{h}_mois"].to_numpy() * leavers)
        if h == HORIZONS[0]:
            found = np.where(np.isnan(found), np.rint(table["part_emploi_6_mois"] * n), found)
        shown = table[f"publie_{h}"].to_numpy()
        hidden = np.isnan(found) & shown
        out[f"en_emploi_{h}_mois"] = found
        out[f"en_emploi_{h}_mois_bas"] = np.where(hidden, 0.0, found)
        out[f"en_emploi_{h}_mois_haut"] = np.where(hidden, most, found)
    return out
