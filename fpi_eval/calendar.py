"""When each outcome of an opening is measured and published: the one table of these lags."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from babel.dates import format_date

from fpi_eval.errors import FpiError
from fpi_eval.language import locale
from fpi_eval.misspelt import known_options
from fpi_eval.text import liste


@dataclass(frozen=True, slots=True)
class Resultat:
    """When one outcome is seen: (years after the rentrée, years of the course counted, month).

    ``pooled``: published as millésimes of two cohorts, so that the first one made of treated
    cohorts only comes a year later.
    """

    name: str
    label: str
    mesure: tuple[int, int]
    publication: tuple[int, int]
    with_course: bool = True
    pooled: bool = False

    @property
    def apprentis(self) -> bool:
        """Whether a file counts apprentices too, by establishment and course: InserJeunes alone."""
        return self.name.startswith("en_emploi_")

    def dates(self, rentree: int, duree: int) -> tuple[date, date, date]:
        """Return measured, published, and published on treated cohorts only (first of month)."""
        start = rentree + (duree if self.with_course else 0)
        (late, month), (later, published) = self.mesure, self.publication
        full = start + later + int(self.pooled)
        return (
            date(start + late, month, 1),
            date(start + later, published, 1),
            date(full, published, 1),
        )


#: Lags read from DEPP's own dates: constat of rentrée r in January r + 1 (Orion); leavers of 2022:
#: 6 months measured in January 2023, published in December 2023; 24 months, July 2024, June 2025.
#: 12 and 18 months are given the same eleven months. Exam results by lycée: March of next year.
RESULTATS = (
    Resultat("entrants", "Entrants", (0, 10), (1, 1), with_course=False),
    Resultat("terminale", "Élèves en dernière année", (-1, 10), (0, 1)),
    Resultat("diplomes", "Diplômés", (0, 6), (1, 3)),
    Resultat("en_emploi_6_mois", "En emploi à 6 mois", (1, 1), (1, 12), pooled=True),
    Resultat("en_emploi_12_mois", "En emploi à 12 mois", (1, 7), (2, 6), pooled=True),
    Resultat("en_emploi_18_mois", "En emploi à 18 mois", (2, 1), (2, 12), pooled=True),
    Resultat("en_emploi_24_mois", "En emploi à 24 mois", (2, 7), (3, 6), pooled=True),
)
OF_APPRENTICES = tuple(item.name for item in RESULTATS if item.apprentis)


HORIZONS = (6, 12, 18, 24)  # months after leaving at which employment is measured


def employed(months: int) -> str:
    """Return the column of leavers at work so many months later, one of `HORIZONS`."""
    if months not in HORIZONS:
        raise FpiError(f"emploi à {months} mois : choisissez parmi {liste(HORIZONS)}.")
    return f"en_emploi_{months}_mois"


def in_industry(months: int) -> str:
    """Return the column of those who work in the industry of their establishment's region."""
    return f"en_emploi_industrie_region_{months}"


#: Leavers are published with the first employment figure, who works in industry with the others.
WITH = {"sortants": employed(6)} | {in_industry(k): employed(k) for k in HORIZONS}


def observable_on(outcome: str, rentree: int, duree: int) -> date:
    """Return the month in which the first figure on an opening's own students is published.

    Parameters
    ----------
    outcome : str
        entrants, terminale, diplomes, sortants, en_emploi_6_mois, ….
    rentree : int
        Rentrée of the opening.
    duree : int
        Years of the course; its students leave in June of ``rentree + duree``.
    """
    lags = {item.name: item for item in RESULTATS}
    name = WITH.get(outcome, outcome)
    if name not in lags:
        raise FpiError(f"aucune date de publication pour « {outcome} » (connus : {liste(lags)}).")
    return lags[name].dates(rentree, duree)[1]


def first_known(outcome: str, rentree: int) -> date:
    """Return the day from which a one-year course's outcome can be known, published or not.

    The end of the month in which it is measured; for one without a calendar, that of exams.
    """
    lags = {item.name: item for item in RESULTATS}
    measured = lags.get(WITH.get(outcome, outcome), lags["diplomes"]).dates(rentree, 1)[0]
    return date(measured.year + measured.month // 12, measured.month % 12 + 1, 1)


def seen_on(rentree: int) -> date:
    """Return the day from which a rentrée's report looks: when its constat is known."""
    return date(rentree + 1, 1, 31)


def last_published(outcome: str, rentree: int) -> int:
    """Return the last year of leavers whose outcome is out when a rentrée's report is made."""
    later, month = next(one.publication for one in RESULTATS if one.name == outcome)
    day = seen_on(rentree)
    return day.year - later - (month > day.month)


def first_seen(panel: pd.DataFrame, outcome: str) -> date:
    """Return the month of the first figure on any opened seat of the panel."""
    opened = panel[(panel["seats"] > 0).to_numpy()]
    if opened.empty:
        raise FpiError("aucune place ouverte dans le panel : il n'y a pas de calendrier.")
    first = opened.groupby("cell").agg(rentree=("rentree", "min"), duree=("duree", "first"))
    pairs = first.drop_duplicates().itertuples(index=False)
    return min(observable_on(outcome, int(r), int(d)) for r, d in pairs)


def month(day: date) -> str:
    """Return a month in words, e.g. ``décembre 2030``."""
    return format_date(day, "MMMM y", locale=locale())


COLUMNS = (
    "rentree", "niveau", "duree", "places", "comptees", "resultat", "ligne", "mesure",
    "publication", "publication_pleine", "observable",
)  # fmt: skip


LABELS = {item.name: item.label for item in RESULTATS}
SHOWN = ("entrants", "terminale", "diplomes", "en_emploi_6_mois", "en_emploi_24_mois")

#: Usual years of a course by the level that begins its diploma code, one for every diploma of the
#: nomenclature (a rule of its reader); used among the lengths that the nomenclature gives, and
#: where it gives none: universities and schools (licence pro, licence, master, engineer), then
#: certificats de spécialisation and brevet professionnel of agriculture.
BAC_PRO = "400"
YEARS = {
    "010": 1, "461": 1, "561": 1, "320": 2, "450": 2, "500": 2, "400": 3,
    "250": 1, "205": 3, "135": 2, "170": 3,
    "363": 1, "463": 1, "563": 1, "453": 2,
}  # fmt: skip


@known_options
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
        Nomenclature: mefstat11, cfd, duree, annee; a bac pro opened in 1re lasts two years. With
        it, a MEF that it does not hold has no length.
    familles : DataFrame, optional
        Familles de métiers: cfd, every code of a course. Their bac pro is entered in 1re, after a
        common 2nde; apprentices have no MEF that says so.
    """
    if "duree" in register:
        return register["duree"].astype(float)
    if mef is not None:
        there(mef, "mefstat11", "cfd", "duree", "annee", of="de la nomenclature des MEF")
    if familles is not None:
        there(familles, "cfd", of="des familles de métiers")
    code = _text(register, "mefstat11")
    by_level = _text(register, "cfd").str[:3].map(YEARS)
    if mef is not None:
        by_level = _among(by_level, _text(register, "cfd"), mef)
    year = pd.to_numeric(code.str[3], errors="coerce")
    years = by_level.astype(float) - (year - 1).fillna(0)
    if familles is not None:
        later = (years == YEARS[BAC_PRO]) & year.isna() & register["cfd"].isin(familles["cfd"])
        years = years.mask(later, YEARS[BAC_PRO] - 1)
    if mef is not None:
        known = mef.drop_duplicates("mefstat11").set_index("mefstat11")
        told = code.map(known["duree"] - known["annee"] + 1).astype(float)
        years = told.where(code != "", years)  # a MEF that the nomenclature lacks tells nothing
        years = years.mask(code.isin(known.index[known["annee"].isna()]), by_level)
    return years.where(years > 0)  # a year beyond the last one: the code is of another course


def _among(usual: pd.Series, cfd: pd.Series, mef: pd.DataFrame) -> pd.Series:
    """Return the usual years of each diploma if the nomenclature has them, else its longest."""
    told = mef.groupby("cfd")["duree"]
    longest = cfd.map(told.max())
    have = pd.MultiIndex.from_frame(mef[["cfd", "duree"]].dropna().astype({"duree": float}))
    agree = pd.MultiIndex.from_arrays([cfd, usual.astype(float)]).isin(have)
    return usual.where(agree | longest.isna(), longest)


def _text(register: pd.DataFrame, column: str) -> pd.Series:
    empty = pd.Series("", register.index, dtype="str")
    if column not in register:
        return empty
    return register[column].astype(object).fillna("").astype("str")  # categories have no ""


def _rentrees(register: pd.DataFrame) -> pd.Series:
    """Return the rentrée of each opening as a whole number, also where it is written as a text."""
    found = pd.to_numeric(register["rentree"], errors="coerce")
    odd = register["rentree"][~(found % 1 == 0)]
    if len(odd):
        raise FpiError(
            f"« {odd.iloc[0]} » n'est pas une année (2026 pour 2026-2027).", colonne="rentree"
        )
    return found.astype(int)


def there(table: pd.DataFrame, *names: str, of: str = "du registre des ouvertures") -> None:
    """Raise when a column is absent of the register or of a nomenclature."""
    for name in names:
        if name not in table:
            found = ", ".join(map(str, table.columns))
            raise FpiError(f"colonne absente {of} (trouvé : {found}).", colonne=name)


def opened(register: pd.DataFrame) -> pd.Series:
    """Return the seats of each row: opened, or planned while not known; below zero if closed."""
    there(register, "places_ouvertes", "places_prevues")
    return register["places_ouvertes"].fillna(register["places_prevues"]).astype(float)


def first_leavers(
    register: pd.DataFrame,
    mef: pd.DataFrame | None = None,
    familles: pd.DataFrame | None = None,
) -> int | None:
    """Return the June in which students of opened seats first leave; None where none is open.

    A course whose length nothing tells may be as short as the shortest.
    """
    kept = register[(opened(register) > 0).to_numpy()]
    if kept.empty:
        return None
    years = durees(kept, mef, familles).fillna(min(YEARS.values()))
    return int((kept["rentree"].astype(float) + years).min())


@known_options
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
        One row per rentrée × level × years × outcome: ``places``, ``comptees`` (those whose pupils
        a file counts: of apprentices, employment alone), ``ligne`` (rentrée of the panel row that
        holds it), ``mesure``, ``publication``, ``publication_pleine`` (first publication whose
        cohorts all had the seats: millésimes pool two) as dates, first of the month,
        ``observable``. Openings whose length nothing tells are set aside (`without_length`), and
        closures, which nobody enters.
    """
    unknown = set(resultats) - set(LABELS)
    if unknown:
        raise FpiError(f"résultat « {min(unknown)} » inconnu : choisissez parmi {list(LABELS)}.")
    there(register, "rentree", "niveau")
    years = durees(register, mef, familles)
    seats = opened(register).clip(lower=0)
    school = seats.where(_text(register, "voie") != "apprentissage", 0.0)
    facts = {"rentree": _rentrees(register), "niveau": register["niveau"].astype(object)}
    facts |= {"duree": years, "places": seats, "scolaires": school}
    rows = pd.DataFrame(facts)[years.notna()]
    groups = rows.astype({"duree": int}).groupby(["rentree", "niveau", "duree"])
    waves = groups[["places", "scolaires"]].sum()
    day = jour or date.today()
    kept = [item for item in RESULTATS if item.name in resultats]
    made = [
        _row(wave, places, places if item.apprentis else school, item, day)
        for wave, places, school in waves.itertuples()
        if places > 0
        for item in kept
    ]
    return pd.DataFrame(made, columns=list(COLUMNS))


def without_length(
    register: pd.DataFrame,
    mef: pd.DataFrame | None = None,
    familles: pd.DataFrame | None = None,
) -> int:
    """Return how many openings `calendrier` sets aside: nothing tells how long their course is."""
    return int((durees(register, mef, familles).isna() & (opened(register) > 0)).sum())


def _row(wave: tuple[int, str, int], places: float, counted: float, item: Resultat, day: date):
    rentree, _, duree = wave
    when = item.dates(rentree, duree)
    line = rentree + (duree - 1 if item.with_course else 0)
    return (*wave, places, counted, item.name, line, *when, when[1] <= day)


@known_options
def premieres(table: pd.DataFrame) -> pd.DataFrame:
    """Return, by outcome, the first publication, and the share of seats that can be read by now.

    Columns: resultat, label, ligne (first panel row), mesure, publication, publication_pleine,
    part_observable. The share is of the seats that a file counts, the dates those of their waves;
    where there are none, those of all waves.
    """
    never = table["comptees"].groupby(table["resultat"]).transform("sum") <= 0
    table = table[(table["comptees"] > 0) | never]
    seen = table["comptees"].where(table["observable"], 0.0)
    groups = table.assign(vues=seen).groupby("resultat", sort=False)
    first = groups[["ligne", "mesure", "publication", "publication_pleine"]].min()
    sums = groups[["vues", "comptees"]].sum()
    first["part_observable"] = sums["vues"] / sums["comptees"].replace(0.0, np.nan)
    first.insert(0, "label", first.index.map(LABELS))
    order = [name for name in LABELS if name in first.index]
    return first.loc[order].reset_index()
