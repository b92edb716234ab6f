"""Synthetic control and synthetic difference in differences for a few treated aggregates.

For a region × filière against the others, where no cluster-robust error is available: inference
is by placebo on comparison units.
"""

from dataclasses import dataclass, field
from itertools import combinations, permutations
from math import comb, perm

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import optimize, stats

from fpi_eval import plots
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding
from fpi_eval.results import Result
from fpi_eval.text import intervalle, nombre, pluriel, signe

METHODS = {
    "sdid": "différence de différences synthétique",
    "sc": "contrôle synthétique",
    "did": "différence de différences",
}
TEXTS = {
    "sdid": (
        "Différence de différences synthétique : unités et années de comparaison reçoivent des "
        "poids tels que leur évolution suive celle des unités traitées avant le programme "
        "(Arkhangelsky, Athey, Hirshberg, Imbens et Wager, 2021)."
    ),
    "sc": (
        "Contrôle synthétique : une moyenne pondérée des unités de comparaison, poids positifs de "
        "somme 1, reproduit le niveau des unités traitées avant le programme (Abadie, Diamond et "
        "Hainmueller, 2010)."
    ),
    "did": (
        "Différence de différences, toutes les unités et années de comparaison pesant autant "
        "(Card et Krueger, 1994)."
    ),
}
INFERENCE = (
    "Erreur : dispersion des effets placebo, chaque unité de comparaison prise à son tour comme "
    "traitée ; valeur p : rang de l'effet parmi eux. L'intervalle suppose que les unités traitées "
    "varient comme les autres."
)
STAGGERED = (
    " Plusieurs dates de départ : un effet par date, contre les unités jamais traitées, pesé par "
    "le nombre d'unités traitées × années d'après (Arkhangelsky et al., 2021, annexe ; Clarke, "
    "Pailañir, Athey et Imbens, 2024)."
)
LEVEL = 0.95
SMALL_RIDGE = 1e-6


def simplex_weights(
    predictors: np.ndarray, target: np.ndarray, *, ridge: float = 0.0, intercept: bool = True
) -> np.ndarray:
    """Return the weights ≥ 0 of sum 1 for which ``predictors @ weights`` is nearest to target.

    Parameters
    ----------
    predictors : ndarray, shape (n, k)
    target : ndarray, shape (n,)
    ridge : float
        Adds ``n ridge² |weights|²`` to the sum of squares.
    intercept : bool
        Leave a constant gap free.

    Notes
    -----
    Exact. With weights of sum 1 the residual is ``(predictors − target) weights``; adding the row
    ``sum = 1`` to a non-negative least squares gives a multiple of the solution.
    """
    gap = predictors - target[:, None]
    if intercept:
        gap = gap - gap.mean(axis=0)
    k = gap.shape[1]
    rows = np.vstack([gap, ridge * np.sqrt(len(gap)) * np.eye(k)])
    scale = np.linalg.norm(rows, axis=0).max()
    rows = np.vstack([rows / (scale if scale > 0 else 1.0), np.ones(k)])
    weights = optimize.nnls(rows, np.append(np.zeros(len(rows) - 1), 1.0), maxiter=50 * k)[0]
    return weights / weights.sum()


def synthetic_weights(y: np.ndarray, n_treated: int, n_post: int, method: str) -> tuple:
    """Return unit weights (n − n_treated,) and year weights (T − n_post,) of one method.

    Parameters
    ----------
    y : ndarray, shape (n, T)
        Comparison units first, treated last; years before first.
    """
    n0, t0 = y.shape[0] - n_treated, y.shape[1] - n_post
    if method == "did":
        return np.full(n0, 1 / n0), np.full(t0, 1 / t0)
    before, treated = y[:n0, :t0], y[n0:, :t0].mean(axis=0)
    noise = _noise(before)
    if method == "sc":
        ridge = SMALL_RIDGE * noise
        return simplex_weights(before.T, treated, ridge=ridge, intercept=False), np.zeros(t0)
    ridge = (n_treated * n_post) ** 0.25 * noise
    units = simplex_weights(before.T, treated, ridge=ridge)
    years = simplex_weights(before, y[:n0, t0:].mean(axis=1), ridge=SMALL_RIDGE * noise)
    return units, years


def _noise(before: np.ndarray) -> float:
    """Return the spread of yearly changes; 1 where nothing varies, so that units weigh alike."""
    changes = np.diff(before, axis=1)
    spread = changes.std(ddof=1) if changes.size > 1 else abs(changes.item())
    return spread or 1.0


def synthetic_effect(
    y: np.ndarray, n_treated: int, n_post: int, method: str
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the average effect after, and the weights; see `synthetic_weights`."""
    units, years = synthetic_weights(y, n_treated, n_post, method)
    across = np.append(-units, np.full(n_treated, 1 / n_treated))
    along = np.append(-years, np.full(n_post, 1 / n_post))
    return float(across @ y @ along), units, years


@dataclass(frozen=True, slots=True, eq=False)
class Cohorts:
    """Effects by starting year (column of y), their weights, and what their comparisons weigh.

    ``gaps`` and ``years`` are by year since the start, missing where a cohort is not seen.
    """

    starts: np.ndarray
    weights: np.ndarray
    effects: np.ndarray
    units: np.ndarray
    gaps: pd.DataFrame
    years: pd.DataFrame

    @property
    def effect(self) -> float:
        """Return the mean effect over treated units and years after their start."""
        return float(self.weights @ self.effects)


def by_start(y: np.ndarray, start: np.ndarray, method: str) -> Cohorts:
    r"""Return the effect of each starting year on the units never treated, and their weights.

    .. math:: \hat\tau = \sum_a \frac{N_a (T - a)}{\sum_b N_b (T - b)} \hat\tau_a

    Parameters
    ----------
    y : ndarray, shape (n, T)
    start : ndarray, shape (n,)
        Column from which each unit is treated, T if never.
    """
    never, last = start == y.shape[1], y.shape[1]
    starts, sizes = np.unique(start[~never], return_counts=True)
    effects, units, gaps, years = [], [], {}, {}
    for first, size in zip(starts, sizes, strict=True):
        rows = np.vstack([y[never], y[start == first]])
        effect, across, along = synthetic_effect(rows, size, last - first, method)
        effects.append(effect)
        units.append(across)
        apart = rows[-size:].mean(axis=0) - across @ rows[:-size]
        gaps[first] = pd.Series(apart, np.arange(last) - first)
        years[first] = pd.Series(along, np.arange(first) - first)
    weights = sizes * (last - starts) / (sizes * (last - starts)).sum()
    found = pd.DataFrame(gaps).sort_index(), pd.DataFrame(years).sort_index()
    return Cohorts(starts, weights, np.array(effects), np.array(units), *found)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SyntheticEffect(Result):
    """Average effect on the treated after the start, with placebo inference.

    Attributes
    ----------
    kind : str
        ``sdid``, ``sc`` or ``did``.
    estimate, std_error : float
        Error: spread of placebo effects (Arkhangelsky et al. 2021, algorithm 4).
    ci_low, ci_high, freedom
        Student interval; placebos are many, but of so few comparison units.
    p_value : float
        Rank of the absolute effect among placebo effects; cannot go below
        1 / (number of placebos + 1).
    placebos : ndarray, shape (B,)
    unit_weights, year_weights : Series
    gap : Series
        Treated average less synthetic one, by year; by year since the start if there are several.
    cohorts : DataFrame
        One row a starting year: start, n_units, n_years, weight, estimate.
    """

    caption = "Effet par contrôle synthétique"

    kind: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    freedom: int
    p_value: float
    placebos: np.ndarray
    unit_weights: pd.Series
    year_weights: pd.Series
    gap: pd.Series
    cohorts: pd.DataFrame = field(repr=False)

    @property
    def smallest_detectable(self) -> float:
        """Return the effect seen with 80 % power at 5 %: what a null result can exclude."""
        far = stats.t.ppf(0.975, self.freedom) + stats.t.ppf(0.8, self.freedom)
        return float(far * self.std_error)

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row."""
        names = ("kind", "estimate", "std_error", "ci_low", "ci_high", "p_value")
        row = {name: getattr(self, name) for name in names}
        row |= {"n_placebos": len(self.placebos)}
        return pd.DataFrame([row | {"smallest_detectable": self.smallest_detectable}])

    def summary(self) -> str:
        """Return French sentences: effect, interval, what could have been seen."""
        return (
            f"Effet par {METHODS[self.kind]} : {signe(self.estimate, 2)} (intervalle à 95 % "
            f"{intervalle(self.ci_low, self.ci_high, 2)}, "
            f"{pluriel(len(self.placebos), 'placebo')}). "
            f"Un effet inférieur à {nombre(self.smallest_detectable, 2)} en valeur absolue "
            "passerait inaperçu."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gap between the treated and their synthetic comparison, year by year."""
        first = self.gap.index[len(self.year_weights)]
        return plots.gap(self.gap, first, ax)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        several = STAGGERED if len(self.cohorts) > 1 else ""
        return f"{TEXTS[self.kind]}{several} {INFERENCE}"


def _placebos(y: np.ndarray, start: np.ndarray, method: str, draws: int, seed: int) -> np.ndarray:
    """Return effects on comparison units taken as treated: all choices if few, else drawn."""
    own, others = start[start < y.shape[1]], y[start == y.shape[1]]
    n0, n_treated = len(others), len(own)
    if n0 - n_treated < 1:
        raise FpiError("trop peu de témoins pour un placebo : il en faut plus que de traités.")
    several = len(np.unique(own)) > 1  # then who starts when matters, not only who is taken
    count = perm(n0, n_treated) if several else comb(n0, n_treated)
    if count <= draws:
        chosen = list((permutations if several else combinations)(range(n0), n_treated))
    else:
        rng = np.random.default_rng(seed)
        chosen = [tuple(rng.choice(n0, n_treated, replace=False)) for _ in range(draws)]
    out = []
    for taken in chosen:
        as_if = np.full(n0, y.shape[1])
        as_if[list(taken)] = own
        out.append(by_start(others, as_if, method).effect)
    return np.array(out)


def _balanced(
    frame: pd.DataFrame, y: str, unit: str, time: str, treated: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return outcomes and treatment, units × years, each known once."""
    coding.some(frame)
    table = pd.DataFrame(
        {
            "y": coding.numbers(frame, y),
            "treated": coding.numbers(frame, treated, missing=False) != 0,
        }
    )
    at = [labels[integers] for integers, labels in (coding.codes(frame, c) for c in (unit, time))]
    table.index = pd.MultiIndex.from_arrays(at, names=[unit, time])
    coding.once(frame, unit, time)
    if len(table) < len(np.unique(at[0])) * len(np.unique(at[1])) or table["y"].isna().any():
        raise FpiError("panel incomplet : une valeur attendue par unité et par année.")
    return table["y"].unstack(), table["treated"].unstack()  # noqa: PD010


@known_options
def synthetic(
    frame: pd.DataFrame,
    y: str = "y",
    *,
    unit: str = "unit",
    time: str = "time",
    treated: str = "treated",
    method: str = "sdid",
    draws: int = 1_000,
    seed: int = 0,
) -> SyntheticEffect:
    """Return the effect on units treated from one common year on, or each from its own.

    Parameters
    ----------
    frame : DataFrame
        Balanced: one row per unit and year.
    treated : str
        True from its start on for a treated unit.
    method : {"sdid", "sc", "did"}
    draws : int
        Most placebo assignments tried; all of them when there are fewer.

    Raises
    ------
    FpiError
        Unbalanced panel, a treatment that stops, no unit or no year to compare with.

    References
    ----------
    Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), American Economic Review 111(12);
    Clarke, Pailañir, Athey and Imbens (2024), Stata Journal 24(4), for several starting years;
    Abadie, Diamond and Hainmueller (2010), JASA 105(490).
    """
    if method not in METHODS:
        raise FpiError(f"méthode « {method} » inconnue : {', '.join(METHODS)}.")
    wide, d = _balanced(frame, y, unit, time, treated)
    order = np.lexsort(wide.to_numpy().T[::-1])  # so that placebos drawn do not depend on names
    wide, on = wide.iloc[order], d.to_numpy()[order]
    start = np.where(on.any(axis=1), on.argmax(axis=1), on.shape[1])
    if not on.any() or (start < on.shape[1]).all() or start.min() == 0:
        raise FpiError("il faut des unités jamais traitées et des années avant le traitement.")
    if (on != (np.arange(on.shape[1]) >= start[:, None])).any():
        raise FpiError("une unité traitée doit le rester : le traitement s'arrête dans ce tableau.")
    if start.min() < 2 and method != "did":
        raise FpiError(
            "une seule année avant le traitement : il en faut deux pour peser les unités de "
            "comparaison (ou method='did')."
        )
    values = wide.to_numpy(dtype=float)
    found = by_start(values, start, method)
    placebos = _placebos(values, start, method, draws, seed)
    return _result(wide, start, method, found, placebos)


def _result(wide, start, method: str, found: Cohorts, placebos: np.ndarray) -> SyntheticEffect:
    effect, never = found.effect, start == wide.shape[1]
    error = float(np.sqrt(np.mean((placebos - placebos.mean()) ** 2)))
    freedom = max(min(len(placebos), never.sum()) - 1, 1)
    half = stats.t.ppf((1 + LEVEL) / 2, freedom) * error
    gap, years = (_by_year(table, found.weights) for table in (found.gaps, found.years))
    if len(found.starts) == 1:
        gap.index, years.index = wide.columns, wide.columns[: found.starts[0]]
    cohorts = pd.DataFrame(
        {
            "start": wide.columns[found.starts],
            "n_units": [(start == first).sum() for first in found.starts],
            "n_years": wide.shape[1] - found.starts,
            "weight": found.weights,
            "estimate": found.effects,
        }
    )
    return SyntheticEffect(
        kind=method,
        estimate=effect,
        std_error=error,
        ci_low=effect - half,
        ci_high=effect + half,
        freedom=freedom,
        p_value=float((1 + np.sum(np.abs(placebos) >= abs(effect))) / (1 + len(placebos))),
        placebos=placebos,
        unit_weights=pd.Series(found.weights @ found.units, index=wide.index[never]).sort_index(),
        year_weights=years,
        gap=gap,
        cohorts=cohorts,
    )


def _by_year(table: pd.DataFrame, weights: np.ndarray) -> pd.Series:
    """Return the mean over the cohorts seen each year since their start."""
    seen = table.notna().to_numpy() * weights
    return (table.fillna(0.0) * weights).sum(axis=1) / seen.sum(axis=1)
