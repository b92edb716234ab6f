"""Additional employed leavers when some counts are hidden: the effects that stay possible.

Every effect of J is a weighted sum of outcomes, :math:`v'y`. A hidden count lies between two ends,
so the effect lies between the sums that take, in each hidden cell, the end that lowers it or the
one that raises it.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from fpi_eval import plots, text
from fpi_eval.calendar import employed
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS, NET, SEATS, WEIGHTS, level, reach, sample
from fpi_eval.impact.j import combination, fit_j
from fpi_eval.impact.jobs.graduates import seat_exits, two_cohorts
from fpi_eval.impact.uncertainty import CR3, UNKNOWN, Clusters
from fpi_eval.misspelt import known_options
from fpi_eval.panel import align, coding
from fpi_eval.regression.partial import imbens_manski
from fpi_eval.regression.ratio import LEVEL
from fpi_eval.results import Headed, heading

EFFECTS = {GROSS: "Brut", NET: "Net"}
BY = {"niveau": text.NIVEAUX, "filiere": {}}
ALL = "Ensemble"
NORMAL = stats.norm.ppf((1 + LEVEL) / 2)
COMPARABLE = 40  # pupils of two cohorts: half of them may leave and still be published
METHOD = (
    "Régression J sur le nombre de sortants en emploi, deux cohortes par millésime : une ligne "
    "répond aux places des deux années. Sont comparées les formations d'au moins 40 élèves avant "
    "le programme : plus petites, elles seraient surtout masquées. L'effet est une somme pondérée "
    "des effectifs ; là où l'éditeur masque un effectif, chaque poids prend la borne qui abaisse, "
    "puis celle qui relève l'effet (Manski, 2003). Intervalle à 95 % du nombre lui-même (Imbens et "
    "Manski, 2004), erreurs jackknife par groupe."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BoundedEffects(Headed):
    """Additional employed at some months, gross and net, in people, between two ends.

    ``table`` has one row per group × effect: group, effect, low, high (what hidden counts allow),
    ci_low, ci_high (Imbens–Manski), seats (seat-years, each cohort once), n_etab, hidden_share (of
    the final-year pupils of opened cells, those whose employment is hidden).
    """

    caption = "Personnes en emploi en plus, entre deux bornes"
    methode = METHOD

    horizon: int
    table: pd.DataFrame
    verdict: str | None = None

    def summary(self) -> str:
        """Return one French sentence per row: the range, its interval, what is hidden."""
        lines = [
            f"{r.group}, effet {r.effect.lower()} : {UNKNOWN}."
            if np.isnan(r.low)
            else f"{r.group}, effet {r.effect.lower()} : de {text.signe(r.low)} à "
            f"{text.signe(r.high)} personnes en emploi à {self.horizon} mois (intervalle à 95 % "
            f"{text.intervalle(r.ci_low, r.ci_high, 0)} ; {text.pourcent(r.hidden_share, 0)} des "
            "élèves des formations ouvertes dans des effectifs masqués)."
            for r in self.table.itertuples()
        ]
        return "\n".join([*heading(self.verdict), *lines])

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per group × effect; the estimate is the middle of the range."""
        middle = (self.table["low"] + self.table["high"]) / 2
        return self.table.assign(estimate=middle, outcome=employed(self.horizon))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each range inside its interval."""
        rows = self.table.assign(
            label=self.table["group"] + ", " + self.table["effect"].str.lower()
        )
        return plots.ranges(rows, ax, xlabel=f"Personnes en emploi à {self.horizon} mois, en plus")


@known_options
def bounded_employment(
    panel: pd.DataFrame, horizon: int = 6, *, words: Mapping[str, str] | None = None
) -> BoundedEffects:
    """Return what the programme added to leavers employed, in all and by level and filière.

    Parameters
    ----------
    panel : DataFrame
        Cell panel with ``en_emploi_{horizon}_mois_bas`` and ``_haut``: counts of two cohorts on
        the row of the younger one's final year, equal where known (`panel.emploi_formations`).
    horizon : {6, 12, 18, 24}
        Months after leaving.
    words : mapping, optional
        French name of each filière; its code without it.

    Raises
    ------
    FpiError
        Unknown horizon, columns absent, or no opened seat whose leavers are published yet.
    """
    name = employed(horizon)
    low, high = f"{name}_bas", f"{name}_haut"
    coding.needed(panel, low, high, "terminale_2")
    middle = panel.assign(**{name: (panel[low] + panel[high]) / 2})
    frame, whole = sample(middle, name), align(middle, name)
    rows = panel.loc[frame.index]
    ends = {"bas": rows[low].to_numpy(), "haut": rows[high].to_numpy()}
    mixed = two_cohorts(frame.assign(**ends, eleves=rows["terminale_2"].to_numpy()))
    if not (mixed["dose"] != 0).any():
        raise FpiError(
            "aucune place ouverte n'a encore de sortants dans un millésime publié, avec le "
            "millésime d'avant pour comparer."
        )
    mixed = _comparable(mixed)
    rows = _effects(ALL, mixed)
    for column, known in BY.items():
        called = {**known, **(words or {})}
        keys = sorted(mixed.loc[mixed["dose"] != 0, column].unique())
        for key in keys if len(keys) > 1 else ():
            part, of = mixed[mixed[column] == key], whole[whole[column] == key]
            read = of.index.isin(frame.index)
            part = replace(part, reach=reach(of, read, level(of, read)))
            with suppress(FpiError, np.linalg.LinAlgError):  # too few opened or compared
                rows += _effects(called.get(key, key), part)
    names = [
        "group", "effect", "low", "high", "ci_low", "ci_high", "seats", "n_etab", "hidden_share",
    ]  # fmt: skip
    return BoundedEffects(horizon, pd.DataFrame(rows, columns=names))


def _comparable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame without never-opened cells that were small before the programme.

    Most of their counts are hidden: kept, they would open the range without saying anything. The
    choice is made on years before any opening, so that no effect can move it.
    """
    opened = frame.groupby("cell")["dose"].transform(lambda d: (d != 0).any()).to_numpy(bool)
    first = frame.loc[frame["dose"] != 0, "time"].min()
    before = frame["eleves"].where(frame["time"] < first)
    large = (before.groupby(frame["cell"]).transform("mean") >= COMPARABLE).to_numpy(bool)
    return frame[opened | large]


def _effects(group: str, frame: pd.DataFrame) -> list[tuple]:
    """Return the range of the gross and of the net effect of one group, in people."""
    opened = frame[frame["dose"] != 0]
    sites, total = opened["uai"].nunique(), seat_exits(frame)
    if sites < 2:
        raise FpiError("moins de deux établissements ouverts.")
    hidden = (opened["haut"] > opened["bas"]).to_numpy()
    share = float(opened.loc[hidden, "eleves"].sum() / max(opened["eleves"].sum(), 1.0))
    middle = fit_j(frame.assign(y=(frame["bas"] + frame["haut"]) / 2))
    middle.position(SEATS)
    found = []
    for label, words in EFFECTS.items():
        weights = np.multiply(WEIGHTS[label], (1.0, *frame.reach))
        weights = combination(middle, weights)
        if np.isnan(weights).any():  # nothing tells what neighbours lose
            found.append((group, words, *[np.nan] * 4, total, sites, share))
            continue
        v = np.zeros(len(frame))
        v[middle.keep] = middle.x @ (middle.bread @ weights)
        bas, haut = frame["bas"].to_numpy(), frame["haut"].to_numpy()
        least, most = np.where(v > 0, bas, haut), np.where(v > 0, haut, bas)
        (low, low_error, low_df), (high, high_error, high_df) = (
            _fitted(frame.assign(y=y), weights) for y in (least, most)
        )
        ends = imbens_manski(low, high, low_error, high_error)
        # Few treated groups, which may be others at each end: Student's quantile, not the normal.
        below, above = stats.t.ppf((1 + LEVEL) / 2, [low_df, high_df]) / NORMAL
        ci_low, ci_high = low - below * (low - ends.ci_low), high + above * (ends.ci_high - high)
        # More seats closed than opened turn the ends around.
        ci_low, low, high, ci_high = sorted(float(total * e) for e in (ci_low, low, high, ci_high))
        found.append((group, words, low, high, ci_low, ci_high, total, sites, share))
    return found


def _fitted(frame: pd.DataFrame, weights: np.ndarray) -> tuple[float, float, int]:
    """Return an effect per seat, its error (widest rule of J) and degrees of freedom."""
    fit = fit_j(frame)
    used = frame[fit.keep]
    clusters = Clusters.of(used)
    by_etab, by_dep = (fit.jackknife(c) @ weights for c in (clusters.etab, clusters.dep))
    value = float(weights @ fit.coefficients)
    found, level = clusters.interval(value, by_etab, by_dep, CR3)
    if not np.isfinite(found.std_error):
        raise FpiError(
            "moins de deux établissements ouverts ont de quoi être comparés : pas d'intervalle."
        )
    return value, found.std_error, clusters.df_at(wide=level == "département")
