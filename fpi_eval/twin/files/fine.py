"""Write InserJeunes by lycée and course: rates only, two cohorts, blank under twenty.

The portal's file, with its short column names. Pupils are those of the ``pro`` establishment file,
apprentices aside, under the code of the diploma they prepared and the UAI of their final year.
Two bases: parts are over final-year pupils, employment rates over those who left education.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.calendar import HORIZONS
from fpi_eval.twin.courses import DIPLOMES, mefstat11
from fpi_eval.twin.files.exam_results import plain
from fpi_eval.twin.files.file_headers import columns
from fpi_eval.twin.files.outcome_files import COUNTS, percent, pooled, split_options
from fpi_eval.twin.geography import REGIONS

FINE = columns(
    "annee;uai;libelle;region;type_diplome;code_formation_mefstat11;libelle_formation;"
    "duree_formation;diplome_renove_ou_nouveau;part_en_poursuite_d_etudes;"
    "part_en_emploi_6_mois_apres_la_sortie;part_des_autres_situations;taux_poursuite_etudes;"
    "taux_emploi_6_mois;taux_emploi_12_mois;taux_emploi_18_mois;taux_emploi_24_mois"
)
_LABELS = {name: spec[4] for name, spec in DIPLOMES.items()}
_YEARS = {name: spec[3] for name, spec in DIPLOMES.items()}
_KEYS = ["uai", "mef"]
_SAME = ["code_region", "diplome", "libelle", "renove"]


def write_fine(
    rows: dict[int, pd.DataFrame], millesimes: list[tuple[int, int]], rentree: int, folder: Path
) -> Path:
    """Write the file of a rentrée: every millésime, 18 and 24 months blank in the last.

    Parameters
    ----------
    rows : dict of rentrée to DataFrame
        Cells with their counts, as `files_seats.rows_of` gives them.
    millesimes : list of (int, int)
        Sessions pooled, oldest first: (2021, 2022) is ``cumul 2021-2022``.
    rentree : int
        Year in the name of the file: when it was downloaded.
    """
    frames = []
    for k, (first, last) in enumerate(millesimes):
        table = fine_counts(pooled(rows, (first, last)))
        recent = k == len(millesimes) - 1
        frames.append(_rates(table, f"cumul {first}-{last}", recent=recent))
    path = folder / f"fr-en-inserjeunes-lycee_pro-formation-fine_{rentree}.csv"
    out = pd.concat(frames, ignore_index=True)
    out.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\n")
    return path


def fine_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Return counts of pooled pupils (not apprentices) by lycée and final-year MEFSTAT11.

    Columns: uai, mef, code_region, diplome, libelle, renove, terminale, sortants, en_emploi_6_mois
    to 24 (both cohorts), etablissement; sorted by uai and mef.
    """
    school = table["type"] != "CFA"
    names = (
        table[school].sort_values("rentree", kind="stable").groupby("uai")["etablissement"].last()
    )
    pupils = split_options(table[school & (table["voie"] == "scolaire")])
    pupils = pupils[pupils["terminale"] > 0].copy()
    years = pupils["diplome"].map(_YEARS)
    pupils["mef"] = mefstat11(pupils["cfd_sortie"], pupils["diplome"], years)
    pupils["renove"] = pupils["rentree"] - pupils["duree"] + 1 >= pupils["rentree_renovation"]
    pupils["libelle"] = _title(pupils)
    totals = dict.fromkeys(_SAME, "first") | dict.fromkeys(COUNTS, "sum")
    out = pupils.groupby(_KEYS, as_index=False).agg(totals)
    return out.assign(etablissement=out["uai"].map(names))


def _title(pupils: pd.DataFrame) -> list[str]:
    """Return the name of the course without its level, with the letter of a BTS option."""
    a, b = (pupils["cfd_sortie"] == pupils[f"option_{letter}"] for letter in "ab")
    letter = np.select([a, b], [" option A", " option B"], "")
    names = zip(pupils["libelle"], pupils["diplome"], letter, strict=True)
    return [text.removeprefix(f"{_LABELS[level]} ") + end for text, level, end in names]


def _rates(table: pd.DataFrame, annee: str, *, recent: bool) -> pd.DataFrame:
    """Return the rows of one millésime as published."""
    total, leavers, jobs = table["terminale"], table["sortants"], table["en_emploi_6_mois"]
    out = pd.DataFrame({"annee": annee, "uai": table["uai"], "libelle": table["etablissement"]})
    out["region"] = table["code_region"].map(REGIONS).map(plain)
    out["type_diplome"] = table["diplome"].map(_LABELS)
    out["code_formation_mefstat11"] = table["mef"]
    out["libelle_formation"] = table["libelle"]
    out["duree_formation"] = table["diplome"].map(_YEARS)
    out["diplome_renove_ou_nouveau"] = np.where(table["renove"], "oui", "non")
    staying = percent(total - leavers, total)
    out["part_en_poursuite_d_etudes"] = out["taux_poursuite_etudes"] = staying
    out["part_en_emploi_6_mois_apres_la_sortie"] = percent(jobs, total)
    out["part_des_autres_situations"] = percent(leavers - jobs, total)
    for months in HORIZONS:
        known = months <= 12 or not recent
        rate = percent(table[f"en_emploi_{months}_mois"], leavers)
        out[f"taux_emploi_{months}_mois"] = rate if known else ""
    return out[FINE]
