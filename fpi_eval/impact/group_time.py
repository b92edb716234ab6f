"""Effects by cohort and year with their joint influence functions, and what is averaged from them.

Every average (simple, group, dynamic, calendar) is linear in the effects ATT(g, t) and in the
cohort masses, so its influence function is a row of numbers times one joint matrix: it is exact,
and nothing is estimated twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from fpi_eval import plots
from fpi_eval.errors import FpiError
from fpi_eval.regression import interval
from fpi_eval.regression.bands import DRAWS, LEVEL, sup_t
from fpi_eval.results import Result, within
from fpi_eval.text import nombre, pluriel, signe

KINDS = {
    "simple": "toutes rentrées et années d'ouverture réunies",
    "group": "moyenne par rentrée d'ouverture",
    "dynamic": "moyenne par ancienneté de l'ouverture",
    "calendar": "moyenne par année",
}
LABELS = {"simple": "Toutes réunies", "group": "Ouverture {}", "calendar": "Année {}"}
RULE = (
    "influences sommées par groupe, t à autant de degrés de liberté que de groupes traités qui y "
    "comptent (ou de groupes témoins, s'il y en a moins) moins un ; bande "
    "simultanée par bootstrap multiplicateur"
)
BANDS = (
    "Effets réunis : {kind}. Influences sommées par groupe, poids estimés compris, loi t à autant "
    "de degrés de liberté que de groupes traités qui y comptent (ou de groupes témoins, s'il y en "
    "a moins) moins un ; bande simultanée par "
    "bootstrap multiplicateur (Callaway et Sant'Anna, 2021, section 4)."
)
DESCRIPTIONS = {
    "Callaway": (
        "Effets par rentrée d'ouverture et année, chaque cellule comparée à elle-même "
        "(Callaway et Sant'Anna, 2021), moyennés par ancienneté de l'ouverture avec des poids "
        "proportionnels à la taille des cohortes, dont l'erreur est comptée."
    ),
    "Sun": (
        "Étude d'événement où chaque rentrée d'ouverture a ses propres effets, moyennés selon "
        "leur part observée (Sun et Abraham, 2021)."
    ),
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Aggregation(Result):
    """Averages of group-time effects: one row a label, and their overall average.

    Attributes
    ----------
    kind : str
        ``simple``, ``group`` (label = cohort), ``dynamic`` (label = years since opening) or
        ``calendar`` (label = year).
    label, att, std_error : ndarray, shape (n_rows,)
    covariance : ndarray, shape (n_rows, n_rows)
        Small-sample factor included.
    overall, overall_std_error : float
    df : int
        Degrees of freedom of the overall average.
    freedom : ndarray of int, shape (n_rows,)
        Those of each row: treated clusters of its cohorts less one, or those they are compared
        with; no interval under 1.
    bootstrap : callable
        Draws the quantile behind `critical`, when it is asked for.
    """

    caption = "Effet des ouvertures, agrégé"

    kind: str
    label: np.ndarray
    att: np.ndarray
    std_error: np.ndarray
    covariance: np.ndarray
    overall: float
    overall_std_error: float
    df: int
    freedom: np.ndarray
    bootstrap: Callable[[], float]
    description: str = field(default="", repr=False)

    @property
    def critical(self) -> float:
        """Return the quantile of the largest ``|t|`` over the rows, for simultaneous bands."""
        return self.bootstrap()

    @property
    def overall_interval(self) -> tuple[float, float]:
        """Return the Student interval of the overall average."""
        return interval(self.overall, self.overall_std_error, self.df)[:2]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a label: estimate, error, pointwise interval, simultaneous band."""
        point = stats.t.ppf((1 + LEVEL) / 2, self.freedom) * self.std_error
        band = np.fmax(self.critical * self.std_error, point)  # a row may have fewer than `df`
        band[self.freedom < 1] = np.nan
        return pd.DataFrame(
            {
                "kind": self.kind,
                "label": self.label,
                "estimate": self.att,
                "std_error": self.std_error,
                "ci_low": self.att - point,
                "ci_high": self.att + point,
                "band_low": self.att - band,
                "band_high": self.att + band,
            }
        )

    def summary(self) -> str:
        """Return one French sentence: the overall average and its interval."""
        low, high = self.overall_interval
        return f"Effet moyen {signe(self.overall, 3)} ({within(low, high, 3)}), {KINDS[self.kind]}."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw effects by age as an event study, others as one line each."""
        table = self.to_frame()
        if self.kind == "dynamic":
            return plots.event_study(table.rename(columns={"label": "rel_time"}), ax)
        words = [LABELS[self.kind].format(int(v)) for v in self.label]
        return plots.estimates(table.assign(label=words), ax)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return f"{self.description} {BANDS.format(kind=KINDS[self.kind])}".strip()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GroupTimeEffects(Result):
    """ATT(g, t) with the influence of each cluster on each of them.

    Attributes
    ----------
    estimator : str
        Estimator and comparison cells, in French.
    cohort, time, att, n_treated, n_control : ndarray, shape (K,)
        One entry per cohort and year; ``att`` is NaN where nothing can be compared.
    reference : ndarray of bool, shape (K,)
        Base year of a universal base period: zero by construction.
    influence : ndarray, shape (K + C, G)
        Cluster sums; the last C rows are the cohort masses (absent where they count as fixed).
    covariance : ndarray, shape (K + C, K + C)
        ``factor * influence @ influence.T``.
    mass : ndarray, shape (K,)
        Weight of each effect in the averages.
    cohorts, masses : ndarray, shape (C,)
        Weight of each cohort in the overall average by cohort.
    factor : float
        Small-sample factor, fixed effects nested in clusters not counted.
    treated : ndarray of bool, shape (C, G)
        Clusters of each cohort.
    n_compared : int
        Clusters of comparison units.
    n_obs, n_units, n_clusters : int
    anticipation : int
        Years before the opening in which outcomes may already move.
    notes : tuple of str
        What was left out, in French.
    """

    caption = "Effet par vague d'ouverture et par année"

    estimator: str
    cohort: np.ndarray
    time: np.ndarray
    att: np.ndarray
    n_treated: np.ndarray
    n_control: np.ndarray
    reference: np.ndarray
    influence: np.ndarray
    covariance: np.ndarray
    mass: np.ndarray
    cohorts: np.ndarray
    masses: np.ndarray
    factor: float
    treated: np.ndarray
    n_compared: int
    n_obs: int
    n_units: int
    n_clusters: int
    anticipation: int = 0
    notes: tuple[str, ...] = ()

    @property
    def n_treated_clusters(self) -> int:
        """Return the number of clusters of all cohorts."""
        return int(self.treated.any(axis=0).sum())

    @property
    def df(self) -> int:
        """Return degrees of freedom: treated clusters, or compared ones if fewer, less one."""
        return min(self.n_treated_clusters, self.n_compared) - 1

    def freedom(self, rows: np.ndarray) -> np.ndarray:
        """Return degrees of freedom of averages of effects, weights (n_rows, K)."""
        of, each = self.cohorts[:, None] == self.cohort, self.treated.sum(axis=1)
        used = np.array([(of & (row != 0)).any(axis=1) for row in rows])
        if each.sum() == self.n_treated_clusters:  # none has two cohorts: a sum counts each once
            own = used @ each
        else:
            own = np.array([self.treated[cohorts].any(axis=0).sum() for cohorts in used])
        return np.minimum(own, self.n_compared) - 1

    @property
    def std_error(self) -> np.ndarray:
        """Return the cluster-robust error of each ATT(g, t); NaN where there is no estimate."""
        error = np.sqrt(np.diag(self.covariance)[: len(self.att)])
        return np.where(np.isnan(self.att) | self.reference, np.nan, error)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cohort and year, with pointwise intervals."""
        own = self.treated.sum(axis=1)[np.searchsorted(self.cohorts, self.cohort)]
        freedom = np.minimum(own, self.n_compared) - 1
        half = stats.t.ppf((1 + LEVEL) / 2, freedom) * self.std_error
        return pd.DataFrame(
            {
                "cohort": self.cohort,
                "time": self.time,
                "rel_time": self.time - self.cohort,
                "estimate": self.att,
                "std_error": self.std_error,
                "ci_low": self.att - half,
                "ci_high": self.att + half,
                "n_treated": self.n_treated,
                "n_control": self.n_control,
            }
        )

    def aggregate(self, kind: str = "dynamic", *, draws: int = DRAWS, seed: int = 0) -> Aggregation:
        """Return the averages of one kind (Callaway and Sant'Anna 2021, section 3).

        Parameters
        ----------
        kind : {"simple", "group", "dynamic", "calendar"}
        draws, seed
            Of the multiplier bootstrap behind the simultaneous band; see `sup_t`.

        Notes
        -----
        Cohorts weigh by their mass, estimated: its variance is counted. The overall average of
        ``group`` weighs cohorts by mass; those of ``dynamic`` (years ≥ 0) and ``calendar`` give
        each row the same weight.
        """
        if kind not in KINDS:
            raise FpiError(f"agrégation « {kind} » inconnue : choisir parmi {', '.join(KINDS)}.")
        label, rows = _rows(self, kind)
        if not len(label):
            raise FpiError(
                "aucun effet estimable après l'ouverture : rien à agréger.",
                conseil="Il faut des unités qui ouvrent et d'autres qui n'ouvrent pas, vues la "
                "même année avant l'ouverture et la même année après.",
            )
        att = rows[:, : len(self.att)] @ np.nan_to_num(self.att)
        overall = _overall(self, kind, label, att, rows)
        covariance = rows @ self.covariance @ rows.T
        error = np.sqrt(np.diag(covariance))
        error = np.where(error > 0, error, np.nan)
        return Aggregation(
            kind=kind,
            label=label,
            att=att,
            std_error=error,
            covariance=covariance,
            overall=float(overall[: len(self.att)] @ np.nan_to_num(self.att)),
            overall_std_error=float(np.sqrt(overall @ self.covariance @ overall)),
            df=int(self.freedom(overall[None, : len(self.att)])[0]),
            freedom=self.freedom(rows[:, : len(self.att)]),
            description=describe(self.estimator),
            bootstrap=partial(sup_t, covariance, df=self.df, draws=draws, seed=seed),
        )

    def summary(self) -> str:
        """Return French sentences: overall effect, number of clusters, what was left out."""
        parts = [
            f"{self.estimator}. {self.aggregate('simple').summary()}",
            f"{pluriel(self.n_treated_clusters, 'groupe traité', 'groupes traités')} sur "
            f"{nombre(self.n_clusters)}.",
            *self.notes,
        ]
        return " ".join(parts)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every ATT(g, t) that can be estimated, one line per cohort and year."""
        table = self.to_frame().dropna(subset=["ci_low"])
        words = [f"{int(g)}, année {int(t)}" for g, t in zip(table.cohort, table.time, strict=True)]
        return plots.estimates(table.assign(label=words), ax)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return f"{describe(self.estimator)} {RULE.capitalize()}."


def describe(estimator: str) -> str:
    """Return the paragraph of the estimator whose name begins so, empty if there is none."""
    return next((v for k, v in DESCRIPTIONS.items() if estimator.startswith(k)), "")


def _weights(effects: GroupTimeEffects, keep: np.ndarray) -> np.ndarray:
    """Return the row (length K + C) of the mass-weighted average of the kept effects."""
    k = len(effects.att)
    position = np.searchsorted(effects.cohorts, effects.cohort)
    mass = np.where(keep, effects.mass, 0.0)
    share = mass / mass.sum()
    gap = np.where(keep, np.nan_to_num(effects.att) - share @ np.nan_to_num(effects.att), 0.0)
    by_cohort = np.bincount(position, weights=gap, minlength=len(effects.cohorts)) / mass.sum()
    return np.concatenate([share, by_cohort[: len(effects.influence) - k]])


def _rows(effects: GroupTimeEffects, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and the matrix (n_rows, K + C) that averages effects and masses."""
    usable = np.isfinite(effects.att)
    post = usable & (effects.time >= effects.cohort)
    if kind == "simple":
        key, keep = np.zeros_like(effects.time), post
    elif kind == "dynamic":
        key, keep = effects.time - effects.cohort, usable
    else:
        key, keep = (effects.cohort if kind == "group" else effects.time), post
    label = np.unique(key[keep])
    rows = [_weights(effects, keep & (key == value)) for value in label]
    return label, np.array(rows).reshape(len(label), len(effects.influence))


def _overall(
    effects: GroupTimeEffects, kind: str, label: np.ndarray, att: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Return the row (length K + C) of the overall average of one kind."""
    if kind != "group":
        return rows[label >= 0].mean(axis=0) if kind == "dynamic" else rows.mean(axis=0)
    position = np.searchsorted(effects.cohorts, label)
    share = effects.masses[position] / effects.masses[position].sum()
    total = share @ rows
    n_fixed = len(effects.influence) - len(effects.att)
    if n_fixed:
        gap = (att - share @ att) / effects.masses[position].sum()
        total[len(effects.att) + position] += gap
    return total
