"""Synthetic control and synthetic difference in differences for a few treated aggregates.

For a region × filière against the others, where no cluster-robust error is available: inference
is by placebo on comparison units.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import optimize, stats

from fpi_eval import plots
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import known_options
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
    noise = np.diff(before, axis=1).std(ddof=1)
    if method == "sc":
        ridge = SMALL_RIDGE * noise
        return simplex_weights(before.T, treated, ridge=ridge, intercept=False), np.zeros(t0)
    ridge = (n_treated * n_post) ** 0.25 * noise
    units = simplex_weights(before.T, treated, ridge=ridge)
    years = simplex_weights(before, y[:n0, t0:].mean(axis=1), ridge=SMALL_RIDGE * noise)
    return units, years


def synthetic_effect(
    y: np.ndarray, n_treated: int, n_post: int, method: str
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the average effect after, and the weights; see `synthetic_weights`."""
    units, years = synthetic_weights(y, n_treated, n_post, method)
    across = np.append(-units, np.full(n_treated, 1 / n_treated))
    along = np.append(-years, np.full(n_post, 1 / n_post))
    return float(across @ y @ along), units, years


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SyntheticEffect(Result):
    """Average effect on the treated after the start, with placebo inference.

    Attributes
    ----------
    kind : str
        ``sdid``, ``sc`` or ``did``.
    estimate, std_error : float
        Error: spread of placebo effects (Arkhangelsky et al. 2021, algorithm 4).
    p_value : float
        Rank of the absolute effect among placebo effects; cannot go below
        1 / (number of placebos + 1).
    placebos : ndarray, shape (B,)
    unit_weights, year_weights : Series
    gap : Series
        Treated average less synthetic one, by year.
    """

    caption = "Effet par contrôle synthétique"

    kind: str
    estimate: float
    std_error: float
    p_value: float
    placebos: np.ndarray
    unit_weights: pd.Series
    year_weights: pd.Series
    gap: pd.Series

    @property
    def interval(self) -> tuple[float, float]:
        """Return the Student interval with as many degrees of freedom as placebos less one."""
        half = stats.t.ppf((1 + LEVEL) / 2, max(len(self.placebos) - 1, 1)) * self.std_error
        return self.estimate - half, self.estimate + half

    @property
    def smallest_detectable(self) -> float:
        """Return the effect seen with 80 % power at 5 %: what a null result can exclude."""
        df = max(len(self.placebos) - 1, 1)
        return float((stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)) * self.std_error)

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row."""
        low, high = self.interval
        return pd.DataFrame(
            [
                {
                    "kind": self.kind,
                    "estimate": self.estimate,
                    "std_error": self.std_error,
                    "ci_low": low,
                    "ci_high": high,
                    "p_value": self.p_value,
                    "n_placebos": len(self.placebos),
                    "smallest_detectable": self.smallest_detectable,
                }
            ]
        )

    def summary(self) -> str:
        """Return French sentences: effect, interval, what could have been seen."""
        low, high = self.interval
        return (
            f"Effet par {METHODS[self.kind]} : {signe(self.estimate, 2)} (intervalle à 95 % "
            f"{intervalle(low, high, 2)}, {pluriel(len(self.placebos), 'placebo')}). "
            f"Un effet inférieur à {nombre(self.smallest_detectable, 2)} en valeur absolue "
            "passerait inaperçu."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gap between the treated and their synthetic comparison, year by year."""
        first = self.gap.index[len(self.year_weights)]
        return plots.gap(self.gap, first, ax)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return f"{TEXTS[self.kind]} {INFERENCE}"


def _placebos(y: np.ndarray, n_treated: int, n_post: int, method: str, draws: int, seed: int):
    """Return effects on comparison units taken as treated: all choices if few, else drawn."""
    n0 = y.shape[0] - n_treated
    if n0 - n_treated < 1:
        raise FpiError("trop peu de témoins pour un placebo : il en faut plus que de traités.")
    if comb(n0, n_treated) <= draws:
        chosen = list(combinations(range(n0), n_treated))
    else:
        rng = np.random.default_rng(seed)
        chosen = [tuple(rng.choice(n0, n_treated, replace=False)) for _ in range(draws)]
    out = []
    for taken in chosen:
        rest = np.setdiff1d(np.arange(n0), taken)
        out.append(synthetic_effect(y[[*rest, *taken]], n_treated, n_post, method)[0])
    return np.array(out)


def _balanced(
    frame: pd.DataFrame, y: str, unit: str, time: str, treated: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return outcomes and treatment, units × years, each known once."""
    table = pd.DataFrame(
        {
            "y": coding.numbers(frame, y),
            "treated": coding.numbers(frame, treated, missing=False) != 0,
        }
    )
    at = [labels[integers] for integers, labels in (coding.codes(frame, c) for c in (unit, time))]
    table.index = pd.MultiIndex.from_arrays(at, names=[unit, time])
    if table.index.has_duplicates:
        raise FpiError("ligne en double pour une même unité et une même année.", colonne=unit)
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
    """Return the effect on units treated from one common year on.

    Parameters
    ----------
    frame : DataFrame
        Balanced: one row per unit and year.
    treated : str
        True from the start on for treated units.
    method : {"sdid", "sc", "did"}
    draws : int
        Most placebo assignments tried; all of them when there are fewer.

    Raises
    ------
    FpiError
        Unbalanced panel, several starting years, no unit or no year to compare with.

    References
    ----------
    Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), American Economic Review 111(12);
    Abadie, Diamond and Hainmueller (2010), JASA 105(490).
    """
    if method not in METHODS:
        raise FpiError(f"méthode « {method} » inconnue : {', '.join(METHODS)}.")
    wide, d = _balanced(frame, y, unit, time, treated)
    ever, after = d.any(axis=1), d.any(axis=0)
    if ever.all() or after.all() or not ever.any():
        raise FpiError("il faut des unités jamais traitées et des années avant le traitement.")
    if not (d.loc[ever, after].all(axis=None) and after.to_numpy()[after.argmax() :].all()):
        raise FpiError("les unités traitées doivent l'être à partir d'une même année.")
    if (~after).sum() < 2 and method != "did":
        raise FpiError(
            "une seule année avant le traitement : il en faut deux pour peser les unités de "
            "comparaison (ou method='did')."
        )
    wide = pd.concat([wide[~ever], wide[ever]])
    n_treated, n_post = int(ever.sum()), int(after.sum())
    values = wide.to_numpy(dtype=float)
    effect, units, years = synthetic_effect(values, n_treated, n_post, method)
    placebos = _placebos(values, n_treated, n_post, method, draws, seed)
    gap = wide[-n_treated:].mean() - units @ wide[:-n_treated]
    return SyntheticEffect(
        kind=method,
        estimate=effect,
        std_error=float(np.sqrt(np.mean((placebos - placebos.mean()) ** 2))),
        p_value=float((1 + np.sum(np.abs(placebos) >= abs(effect))) / (1 + len(placebos))),
        placebos=placebos,
        unit_weights=pd.Series(units, index=wide.index[:-n_treated]),
        year_weights=pd.Series(years, index=wide.columns[:-n_post]),
        gap=gap,
    )
