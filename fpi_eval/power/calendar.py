"""When each outcome of an opening is measured, then published; what cannot be seen yet.

An opening at rentrée w in a course of d years brings entrants in September w, final-year students
at rentrée w + d − 1, graduates in June w + d, a first employment rate in January w + d + 1.
"""

from datetime import date

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.panel.publication import RESULTATS, Resultat

COLUMNS = (
    "rentree", "niveau", "duree", "places", "resultat", "ligne", "mesure", "publication",
    "publication_pleine", "observable",
)  # fmt: skip


LABELS = {item.name: item.label for item in RESULTATS}
SHOWN = ("entrants", "terminale", "diplomes", "en_emploi_6_mois", "en_emploi_24_mois")

#: Years of a course by the level that begins its diploma code (Base centrale des nomenclatures).
BAC_PRO = "400"
YEARS = {"010": 1, "461": 1, "561": 1, "320": 2, "450": 2, "500": 2, "400": 3}


def durees(
    register: pd.DataFrame,
    mef: pd.DataFrame | None = None,
    familles: pd.DataFrame | None = None,
) -> pd.Series:
    """Return the years from entry to exam of each opening, NaN where nothing tells.

    Parameters
    ----------
    register : DataFrame
        With ``duree``, or ``mefstat11`` and ``cfd``.
    mef : DataFrame, optional
        Nomenclature: mefstat11, duree, annee; a bac pro opened in 1re lasts two years.
    familles : DataFrame, optional
        Familles de métiers: cfd. Their bac pro is entered in 1re, after a common 2nde; apprentices
        have no MEF that says so.
    """
    if "duree" in register:
        return register["duree"].astype(float)
    code = _text(register, "mefstat11")
    by_level = _text(register, "cfd").str[:3].map(YEARS)
    year = pd.to_numeric(code.str[3], errors="coerce")
    years = by_level.astype(float) - (year - 1).fillna(0)
    if familles is not None:
        later = (years == YEARS[BAC_PRO]) & year.isna() & register["cfd"].isin(familles["cfd"])
        years = years.mask(later, YEARS[BAC_PRO] - 1)
    if mef is not None:
        known = mef.drop_duplicates("mefstat11").set_index("mefstat11")
        years = code.map(known["duree"] - known["annee"] + 1).astype(float).fillna(years)
    return years


def _text(register: pd.DataFrame, column: str) -> pd.Series:
    empty = pd.Series("", register.index, dtype="str")
    return register[column].fillna("").astype("str") if column in register else empty


def opened(register: pd.DataFrame) -> pd.Series:
    """Return the seats of each opening: opened, or planned while it is not known."""
    return register["places_ouvertes"].fillna(register["places_prevues"]).astype(float)


def calendrier(
    register: pd.DataFrame,
    *,
    mef: pd.DataFrame | None = None,
    familles: pd.DataFrame | None = None,
    jour: date | None = None,
    resultats: tuple[str, ...] = SHOWN,
) -> pd.DataFrame:
    """Return when each outcome of each wave of openings is measured and published.

    Parameters
    ----------
    register : DataFrame
        Register of openings: rentree, niveau, places, and what `durees` reads.
    jour : date, optional
        Day from which one looks, today by default: what is published later cannot be seen.

    Returns
    -------
    DataFrame
        One row per rentrée × level × years × outcome: ``places``, ``ligne`` (rentrée of the panel
        row that holds it), ``mesure``, ``publication``, ``publication_pleine`` (first
        publication whose cohorts all had the seats: millésimes pool two) as dates, first of the
        month, ``observable``. ``attrs["sans_duree"]`` counts the openings set aside.
    """
    unknown = set(resultats) - set(LABELS)
    if unknown:
        raise FpiError(f"résultat « {min(unknown)} » inconnu : choisissez parmi {list(LABELS)}.")
    years = durees(register, mef, familles)
    rows = register.assign(duree=years, places=opened(register))[years.notna()]
    waves = rows.astype({"duree": int}).groupby(["rentree", "niveau", "duree"])["places"].sum()
    day = jour or date.today()
    kept = [item for item in RESULTATS if item.name in resultats]
    made = [
        _row(rentree, niveau, duree, places, item, day)
        for (rentree, niveau, duree), places in waves.items()
        if places > 0
        for item in kept
    ]
    table = pd.DataFrame(made, columns=list(COLUMNS))
    table.attrs["sans_duree"] = int(years.isna().sum())
    return table


def _row(rentree: int, niveau: str, duree: int, places: float, item: Resultat, day: date):
    when = item.dates(rentree, duree)
    line = rentree + (duree - 1 if item.with_course else 0)
    return (rentree, niveau, duree, places, item.name, line, *when, when[1] <= day)


def premieres(table: pd.DataFrame) -> pd.DataFrame:
    """Return, by outcome, the first publication, and the share of seats that can be read by now.

    Columns: resultat, label, ligne (first panel row), mesure, publication, publication_pleine,
    part_observable.
    """
    seen = table["places"].where(table["observable"], 0.0)
    groups = table.assign(vues=seen).groupby("resultat", sort=False)
    first = groups[["ligne", "mesure", "publication", "publication_pleine"]].min()
    sums = groups[["vues", "places"]].sum()
    first["part_observable"] = np.divide(sums["vues"], sums["places"])
    first.insert(0, "label", first.index.map(LABELS))
    order = [name for name in LABELS if name in first.index]
    return first.loc[order].reset_index()
