"""Cohort flow: seats opened × fill × retention × success, followed year by year, many times."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.calendar import durees, opened, there
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.programme import Programme, Scenario
from fpi_eval.projection.filling import fill_draws
from fpi_eval.projection.loss import Loss
from fpi_eval.projection.rates import LIENS, Taux, shocked
from fpi_eval.text import NIVEAUX

DUREE = {"secondaire": 3, "superieur": 2}
OPENINGS = ["course", "filiere", "niveau", "duree", "rentree", "places"]
COUNTED = {"acheves": "acheves", "diplomes": "diplomes", "diplomes_additionnels": "diplomes"}


@dataclass(frozen=True, slots=True, eq=False)
class Flux:
    """Simulated cohorts of opened seats.

    ``groups`` has one row per opening (columns of `OPENINGS`); ``years`` the rentrées; arrays are
    (draws, groups, years): ``entrants`` by rentrée of entry, ``acheves`` (final year followed) and
    ``diplomes`` by session (June of that year); ``places`` (groups, years) seats in force; by
    level, ``fill`` (draws, ages) expected entrants per seat by age of the opening, ``stay`` and
    ``success`` (draws,) expected shares of entrants in the final year, and of these who graduate;
    ``diversion`` (draws,) share of entrants taken from elsewhere, None if not given.
    """

    groups: pd.DataFrame
    years: np.ndarray
    places: np.ndarray
    entrants: np.ndarray
    acheves: np.ndarray
    diplomes: np.ndarray
    fill: dict[str, np.ndarray]
    stay: dict[str, np.ndarray]
    success: dict[str, np.ndarray]
    diversion: np.ndarray | None = None

    def rows(self, niveau: str = "ensemble", filiere: str = "") -> np.ndarray:
        """Return which groups belong to a level and a filière."""
        keep = np.ones(len(self.groups), dtype=bool)
        if niveau != "ensemble":
            keep &= (self.groups["niveau"] == niveau).to_numpy()
        if filiere:
            keep &= (self.groups["filiere"] == filiere).to_numpy()
        return keep

    def cumulated(self, lecture: str, niveau: str = "ensemble", filiere: str = "") -> np.ndarray:
        """Return what a reading counts up to each year, (draws, years)."""
        keep = self.rows(niveau, filiere)
        draws = len(self.entrants)
        if lecture == "places_annees":
            one = self.places[keep].sum(axis=0).cumsum()
            return np.repeat(one[None, :], draws, axis=0)
        counted = getattr(self, COUNTED.get(lecture, "entrants"))
        total = counted[:, keep].sum(axis=1).cumsum(axis=1).astype(float)
        if lecture.endswith("additionnels"):
            if self.diversion is None:
                raise FpiError(
                    "la lecture nette demande le taux de déplacement : donnez ses tirages."
                )
            total *= (1 - self.diversion)[:, None]
        return total


@known_options
def openings(
    programme: Programme,
    register: pd.DataFrame,
    scenario: Scenario,
    *,
    rentree: int,
    mef: pd.DataFrame | None = None,
    familles: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the openings of the register up to a rentrée, then those of the scenario.

    Seats of the scenario are shared between filières and course lengths as the register's are at
    the same level; without a register, equally between filières. Closures are left out: people
    trained are counted where seats opened. So are openings after the horizon, which nobody enters
    before it.
    """
    last = programme.projection.horizon
    there(register, "rentree", "niveau")
    known = register[register["rentree"] <= min(rentree, last)]
    years = durees(known, mef, familles)
    known = known.assign(
        duree=years.fillna(known["niveau"].map(DUREE)).astype(int),
        places=opened(known),
        course=_course(known),
    )
    known = known[known["places"] > 0]
    parts = [known[OPENINGS]]
    for opening in scenario.ouvertures:
        if rentree < opening.rentree <= last:
            parts += [
                _shared(programme, known, niveau, seats, opening.rentree)
                for niveau, seats in (
                    ("secondaire", opening.secondaire),
                    ("superieur", opening.superieur),
                )
            ]
    table = pd.concat([p for p in parts if len(p)] or [known[OPENINGS]], ignore_index=True)
    return table.astype({"duree": int, "rentree": int, "places": float})


def _course(register: pd.DataFrame) -> pd.Series:
    cfd = register["cfd"] if "cfd" in register else pd.Series("", register.index)
    code = cfd.fillna("").astype("str")
    return code.where(code != "", register["mefstat11"].fillna("").astype("str"))


def _shared(
    programme: Programme, known: pd.DataFrame, niveau: str, seats: float, rentree: int
) -> pd.DataFrame:
    if not seats:
        return pd.DataFrame(columns=OPENINGS)
    weights = known[known["niveau"] == niveau].groupby(["filiere", "duree"])["places"].sum()
    if weights.empty:
        index = [(f.code, DUREE[niveau]) for f in programme.filieres]
        weights = pd.Series(1.0, pd.MultiIndex.from_tuples(index, names=["filiere", "duree"]))
    rows = _whole(seats * weights / weights.sum()).rename("places").reset_index()
    name = rows["filiere"] + "|" + niveau + "|" + rows["duree"].astype(str)
    return rows.assign(niveau=niveau, rentree=rentree, course=name)[OPENINGS]


def _whole(parts: pd.Series) -> pd.Series:
    """Return whole numbers with the same total: largest remainders are rounded up."""
    floor = np.floor(parts)
    left = round(parts.sum() - floor.sum())
    up = (parts - floor).sort_values(ascending=False, kind="stable").index[:left]
    return floor + parts.index.isin(up)


@known_options
def simulate(
    table: pd.DataFrame,
    rates: Mapping[tuple[str, str], Taux],
    *,
    ramp: tuple[float, ...] = (1.0,),
    penalty: float | Loss = 0.0,
    horizon: int = 2030,
    maintien: float = 1.0,
    draws: int = 2000,
    seed: int = 0,
    diversion: np.ndarray | None = None,
) -> Flux:
    """Return simulated cohorts of the opened seats up to the horizon.

    Each draw takes the mean of each rate, the rate of each course around it, a shock a year, how
    fast seats fill up (the declared delay, corrected by what openings showed) and how much less
    the extra pupils succeed (`loss.Loss`: half to one and a half times the declared loss, or what
    effects measured); then pupils pass one by one (binomial).
    """
    if diversion is not None and len(diversion) != draws:
        raise FpiError(f"{len(diversion)} tirages du déplacement pour {draws} : donnez-en autant.")
    rng = np.random.default_rng(seed)
    first = int(table["rentree"].min()) if len(table) else horizon
    years = np.arange(min(first, horizon), horizon + 1)
    groups = table.reset_index(drop=True)
    age = years[None, :] - groups["rentree"].to_numpy()[:, None]
    places = np.where(age >= 0, groups["places"].to_numpy()[:, None] * maintien ** age.clip(0), 0)
    places = np.rint(places).astype(int)
    loss = (penalty if isinstance(penalty, Loss) else Loss(penalty)).draw(rng, draws)
    filling = {n: rates["remplissage", n] for n in NIVEAUX}
    full, there, by_age = fill_draws(filling, ramp, draws, rng)
    keep = {n: rates["retention", n].draw(rng, draws) for n in NIVEAUX}
    good = {n: rates["reussite", n].draw(rng, draws) * (1 - loss) for n in NIVEAUX}
    shape = (draws, len(groups), len(years))
    entrants, acheves, diplomes = (np.zeros(shape, np.int32) for _ in range(3))
    for niveau in NIVEAUX:
        rows = np.flatnonzero((groups["niveau"] == niveau).to_numpy())
        if len(rows):
            means = dict(zip(LIENS, (full[niveau], keep[niveau], good[niveau]), strict=True))
            used = {lien: rates[lien, niveau] for lien in LIENS}
            part = groups.iloc[rows]
            entrants[:, rows], acheves[:, rows], diplomes[:, rows] = _cohorts(
                part, places[rows], age[rows], used, means, there[niveau], by_age, rng
            )
    by_age_level = {n: np.clip(full[n][:, None] * by_age, 0, 1) for n in NIVEAUX}
    return Flux(
        groups, years, places, entrants, acheves, diplomes, by_age_level, keep, good, diversion
    )


def _cohorts(
    groups: pd.DataFrame,
    places: np.ndarray,
    age: np.ndarray,
    rates: Mapping[str, Taux],
    means: Mapping[str, np.ndarray],
    there: np.ndarray,
    by_age: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return entrants by rentrée, those who complete and graduate by session, of one level.

    Each (draws, groups, years); ``there`` (draws,) is the fill of the openings already seen.
    """
    draws, n_years = len(by_age), places.shape[1]
    course, names = pd.factorize(groups["course"])
    rate = {lien: rates[lien].by_course(means[lien], len(names), rng)[:, course] for lien in LIENS}
    if (profil := rates["remplissage"].profil) is not None:
        seen = (groups["rentree"] <= profil.vu).to_numpy()
        rate["remplissage"][:, seen] = there[:, None]
    shock = {lien: rng.normal(0, rates[lien].sd_annee, (draws, n_years)) for lien in LIENS}
    fill, stay, pass_ = (
        lambda y, lien=lien: shocked(rate[lien], shock[lien][:, [y]]) for lien in LIENS
    )
    entrants = np.zeros((draws, len(groups), n_years), np.int32)
    acheves, diplomes = np.zeros_like(entrants), np.zeros_like(entrants)
    span = groups["duree"].to_numpy()
    for y in range(n_years):
        at = by_age[:, np.clip(age[:, y], 0, by_age.shape[1] - 1)]
        seated = np.clip(fill(y) * at, 0, 1)
        entrants[:, :, y] = rng.binomial(places[:, y][None, :], seated)
        kept = np.where(span == 1, 1.0, stay(y))  # a course of one year is entered in its last one
        final = rng.binomial(entrants[:, :, y], kept)
        for d in np.unique(span[y + span < n_years]):
            one = span == d
            acheves[:, one, y + d] = final[:, one]
            diplomes[:, one, y + d] = rng.binomial(final[:, one], pass_(y + d)[:, one])
    return entrants, acheves, diplomes
