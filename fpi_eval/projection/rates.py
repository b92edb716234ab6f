"""Rates of the chain, and what is not known of them: level, spread of courses, yearly shocks."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import beta

from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.programme import Programme
from fpi_eval.text import NIVEAUX

LIENS = ("remplissage", "retention", "reussite")
RHO = 0.02  # between courses, where no data tells: sd of 5.7 points around a rate of 80 %
SD_ANNEE = 0.08  # yearly shock (logit) where under three years are known: 1.3 points around 80 %
COMPLETE = 0.5  # a year with under half of the largest one's pupils misses some courses
EDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Taux:
    """A rate: its value, how well it is known, how much it varies.

    Parameters
    ----------
    moyenne : float
        Between 0 and 1.
    effectif : float
        What the mean is known by, as if from so many independent pupils.
    rho : float
        Correlation of the pupils of one course (beta-binomial); 0 when courses are alike.
    sd_annee : float
        Standard deviation of the shock that all courses share in a year, in logit.
    profil : Profil, optional
        Fill seen by age of the opening (`filling.seen`), to learn how fast seats fill up.
    """

    lien: str
    niveau: str
    moyenne: float
    effectif: float
    origine: str
    source: str
    rho: float = RHO
    sd_annee: float = SD_ANNEE
    profil: "Profil | None" = None

    def draw(self, rng: np.random.Generator, draws: int) -> np.ndarray:
        """Return draws of the mean, (draws,)."""
        mean = min(max(self.moyenne, EDGE), 1 - EDGE)
        return rng.beta(mean * self.effectif, (1 - mean) * self.effectif, draws)

    def by_course(self, mean: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return the rate of each of n courses in each draw, (draws, n)."""
        mean = np.clip(mean, EDGE, 1 - EDGE)[:, None]
        if self.rho <= 0:
            return np.repeat(mean, n, axis=1)
        size = 1 / self.rho - 1
        return rng.beta(mean * size, (1 - mean) * size, (len(mean), n))


@known_options
def from_counts(lien: str, niveau: str, table: pd.DataFrame, source: str) -> Taux:
    r"""Return a rate from counts by course and year, by moments of the beta-binomial.

    With :math:`X^2 = \sum (k_i - n_i p)^2 / (n_i p q)` over m courses,
    :math:`\rho = (X^2 - (m - 1)) / \sum (n_i - 1)(1 - n_i / N)` (Kleinman 1973), and the mean is
    known as by :math:`N^2 / \sum n_i (1 + (n_i - 1) \rho)` pupils.

    Parameters
    ----------
    table : DataFrame
        course, annee, n (pupils at risk), k (those who pass); rows with n = 0 or k unknown do not
        count and k above n (repeaters, late arrivals) is brought back to n.
    """
    rows = table[(table["n"] > 0) & table["k"].notna()]
    rows = rows.assign(k=np.minimum(rows["k"], rows["n"]))
    if rows.empty:
        raise FpiError(f"aucun effectif pour estimer le taux « {lien} » ({niveau}).")
    courses = rows.groupby("course")[["n", "k"]].sum()
    n, k = courses["n"].to_numpy(float), courses["k"].to_numpy(float)
    total, p = n.sum(), k.sum() / n.sum()
    p = min(max(p, EDGE), 1 - EDGE)
    chi2 = ((k - n * p) ** 2 / (n * p * (1 - p))).sum()
    room = ((n - 1) * (1 - n / total)).sum()
    rho = float(np.clip((chi2 - (len(n) - 1)) / room, 0.0, 0.5)) if room > 0 else RHO
    known = total**2 / (n * (1 + (n - 1) * rho)).sum()
    return Taux(lien, niveau, p, float(known), "données", source, rho, _yearly(rows))


def _yearly(rows: pd.DataFrame) -> float:
    """Return the sd of yearly shocks, in logit, beyond what chance gives; few years: assumed."""
    years = rows.groupby("annee")[["n", "k"]].sum()
    years = years[years["n"] >= COMPLETE * years["n"].max()]
    if len(years) < 3:
        return SD_ANNEE
    p = ((years["k"] + 0.5) / (years["n"] + 1)).to_numpy()
    chance = (1 / (years["n"] * p * (1 - p))).mean()
    return float(np.sqrt(max(np.var(logit(p), ddof=1) - chance, 0.0)))


@known_options
def hypotheses(programme: Programme) -> dict[tuple[str, str], Taux]:
    """Return the rates that programme.toml assumes, by link and level."""
    return complete({}, programme)


def _assumed(programme: Programme, lien: str, niveau: str) -> Taux:
    h = programme.hypothese(lien, niveau)
    return Taux(lien, niveau, h.valeur, h.effectif, "hypothèse", h.source)


def shocked(rate: np.ndarray, shock: np.ndarray) -> np.ndarray:
    """Return rates moved by a shock in logit."""
    return expit(logit(np.clip(rate, EDGE, 1 - EDGE)) + shock)


def complete(
    found: Mapping[tuple[str, str], Taux], programme: Programme
) -> dict[tuple[str, str], Taux]:
    """Return the rates found, and the assumed ones for links without data, which must be there."""
    return {
        key: found[key] if key in found else _assumed(programme, *key)
        for key in itertools.product(LIENS, NIVEAUX)
    }


def to_frame(rates: Mapping[tuple[str, str], Taux]) -> pd.DataFrame:
    """Return one row a rate: lien, niveau, moyenne, bas and haut (95 %), origine, source."""
    rows = []
    for rate in rates.values():
        a, b = rate.moyenne * rate.effectif, (1 - rate.moyenne) * rate.effectif
        low, high = beta.ppf([0.025, 0.975], a, b)
        rows.append((rate.lien, rate.niveau, rate.moyenne, low, high, rate.origine, rate.source))
    names = ["lien", "niveau", "moyenne", "bas", "haut", "origine", "source"]
    return pd.DataFrame(rows, columns=names)


@dataclass(frozen=True, slots=True, eq=False)
class Profil:
    """Entrants per seat in force seen at ages 0, 1, 2… of the opening (the last one: and older).

    ``ages`` (k,) are those seen so far, ``poids`` (k,) their shares of the seat-years, ``effets``
    (k,) and ``covariance`` (k, k) the effects and their errors, ``erreur`` that of their mean over
    seats, ``influence`` what each département adds to it, in the same order for all levels.
    Degrees of freedom are groups of equal size that would weigh as much as those seen, less one:
    ``libertes`` at the rarest age, to tell ages apart, ``libertes_moyenne`` at all ages.
    ``propre`` is the part of the error's variance that is the fills of these very openings, which
    is none of theirs, ``vu`` the last rentrée seen and ``formations`` the opened
    courses seen.
    """

    ages: np.ndarray
    poids: np.ndarray
    effets: np.ndarray
    covariance: np.ndarray
    erreur: float
    libertes: float
    libertes_moyenne: float
    influence: np.ndarray
    propre: float = 0.0
    vu: int = -1
    formations: int = 0
    derive: tuple[float, float, float] = (np.nan, np.nan, 0.0)

    @property
    def moyenne(self) -> tuple[float, float]:
        """Return the effect per seat over all ages seen, and its error."""
        return float(self.poids @ self.effets), self.erreur

    def along(self, path: np.ndarray) -> np.ndarray:
        """Return paths (n, ages) at the ages seen; the last one goes on."""
        return path[:, np.minimum(self.ages, path.shape[1] - 1)]
