"""How opened sites drifted before opening, with the chance that they did not drift at all."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from fpi_eval.impact.frame import effects, final, scale
from fpi_eval.impact.uncertainty import Clusters, error
from fpi_eval.regression import linear
from fpi_eval.regression.linear import LinearFit

# Set on seeds 190000 and 290000 onwards of both families of worlds (benchmarks/planted.py), judged
# on others: the largest chance of none with which 95 intervals in 100 hold where one programme in
# two has sites drawn on their drift or on demand, or pupils who come early.
NO_DRIFT = 0.9  # prior probability that sites were not drawn on their drift
SPREAD = 0.03  # prior standard deviation of a drift, a year
NOWHERE = float("nan")


@dataclass(frozen=True, slots=True)
class Drift:
    """The opened sites' own drift before opening, a share of their size a year.

    ``measured`` and ``std_error`` are what the data say (NaN where they say nothing); ``chance``
    the posterior probability that there is one, ``mean`` and ``sd`` its law if there is.
    ``df`` the degrees of freedom of the error; ``influence`` what each cluster (its label) brings
    to the measure.
    """

    measured: float
    std_error: float
    chance: float
    mean: float
    sd: float
    df: float = float("inf")
    influence: pd.Series | None = field(default=None, repr=False, compare=False)

    @property
    def linear(self) -> tuple[float, float]:
        """Return the drift and its error, drawn towards 0 by the prior's variance alone.

        The posterior waits for evidence that there is a drift at all, as befits a prior where nine
        programmes in ten have none; a band that must hold where every programme has one cannot.
        """
        variance = (1 - NO_DRIFT) * SPREAD**2
        if np.isnan(self.measured):
            return 0.0, float(np.sqrt(variance))
        keep = variance / (variance + self.std_error**2)
        return keep * self.measured, float(np.sqrt(keep) * self.std_error)

    def draw(self, rng: np.random.Generator) -> float:
        """Return one drift from its posterior."""
        there = rng.random() < self.chance
        return float(rng.normal(self.mean, self.sd)) if there else 0.0


def posterior(
    measured: float,
    std_error: float,
    df: float = np.inf,
    influence: pd.Series | None = None,
) -> Drift:
    r"""Return the posterior of a drift: none, or :math:`N(0, \sigma^2)` with the other chance.

    The prior chance of none is `NO_DRIFT`. The Bayes factor of a drift is that of the measure under
    Student's law of scale :math:`\sqrt{se^2 + \sigma^2}` and under that of scale se; without a
    measure the prior remains.
    """
    if not (np.isfinite(measured) and np.isfinite(std_error) and std_error > 0):
        return Drift(NOWHERE, NOWHERE, 1 - NO_DRIFT, 0.0, SPREAD)
    total = std_error**2 + SPREAD**2
    seen = [measured / np.sqrt(total), measured / std_error]
    log_factor = -np.diff(stats.t.logpdf(seen, max(df, 1))).item()
    log_factor -= 0.5 * np.log(total / std_error**2)
    odds = np.exp(min(log_factor, 700.0)) * (1 - NO_DRIFT) / NO_DRIFT
    keep = SPREAD**2 / total
    return Drift(
        measured,
        std_error,
        float(odds / (1 + odds)),
        keep * measured,
        float(np.sqrt(keep) * std_error),
        df,
        influence,
    )


def drift(frame: pd.DataFrame) -> Drift:
    """Return the drift of opened cells against the others, on rows not yet treated.

    Same effects, scale, weights and exposures as J; the slope is divided by the outcome per pupil
    of the cell, to be a share of the outcome a year. The last year before the first possible
    effect has an effect of its own: pupils who come early are no drift, and would correct an
    estimate that they lower the wrong way. Error (CR3) by establishment or by département,
    whichever is larger.
    """
    opened = final(frame["cell"], frame["dose"].to_numpy()) != 0
    rows = (frame["dose"] == 0).to_numpy()
    base, on = frame[rows], opened[rows]
    n, time = scale(base), base["time"].to_numpy(float)
    x = np.column_stack(
        [
            on * (time - time.min()),
            on * (time == first_time(frame)[rows] - 1),
            base[["exposure_etab", "exposure_dep"]].to_numpy() / n[:, None],
        ]
    )
    y = base["y"].to_numpy(float)
    level = y[on].sum() / n[on].sum() if on.any() else 0.0
    names = ("pente", "dernière année", "etab", "dep")
    try:
        fit = linear.fit(y / n, x, effects(base), names=names, weights=n)
        slope = fit.names.index("pente")
        by = [_influence(fit, base[c], slope) for c in ("uai", "code_departement")]
    except (ValueError, np.linalg.LinAlgError):
        return posterior(NOWHERE, NOWHERE)
    if level <= 0:
        return posterior(NOWHERE, NOWHERE)
    widest = max(by, key=error)
    clusters = Clusters.of(frame)
    df = clusters.df_at(wide=widest is by[1])
    measured = float(fit.coefficients[slope] / level)
    return posterior(measured, error(widest) / level, df, widest / level)


def first_time(frame: pd.DataFrame) -> np.ndarray:
    """Return the first time of opened or closed seats of each row's cell, (n_obs,); NaN if none."""
    moved = frame["time"].where(frame["dose"] != 0)
    return moved.groupby(frame["cell"]).transform("min").to_numpy(float)


def _influence(fit: LinearFit, cluster: pd.Series, column: int) -> pd.Series:
    """Return what each cluster brings to one coefficient, its index named as the clusters are."""
    label = cluster.to_numpy()[fit.keep]
    index = pd.Index(np.unique(label), name=cluster.name)
    return pd.Series(fit.jackknife(label)[:, column], index=index)


def carried(frame: pd.DataFrame, fit: LinearFit, weights: np.ndarray, gross: float) -> float:
    """Return what a drift of opened sites adds to J's combination of coefficients, per unit.

    J is linear in the outcome: it is what J makes of the pupils that the drift brings, the years
    after as those before, relative to the middle of the years before.
    """
    opened = final(frame["cell"], frame["dose"].to_numpy()) != 0
    more = brought(frame, opened, gross) / scale(frame)
    more = more[fit.keep] * (1.0 if fit.weights is None else fit.weights)
    return float(weights @ fit.bread @ (fit.x.T @ more))


def brought(frame: pd.DataFrame, opened: np.ndarray, gross: float) -> np.ndarray:
    """Return the pupils that a drift of 1 a year brings to opened rows, (n_obs,).

    Counted from the middle of the years before, on pupils that seats did not add: the outcome less
    a gross effect per seat.
    """
    early = opened & (frame["dose"] == 0).to_numpy()
    time, y = frame["time"].to_numpy(float), frame["y"].to_numpy(float)
    y = np.maximum(y - gross * frame["dose"].to_numpy(float), 0.0)
    middle = time[early].mean() if early.any() else time.mean()
    return np.where(opened, y * (time - middle), 0.0)


def shared(
    drift: Drift, frame: pd.DataFrame, fit: LinearFit, weights: np.ndarray, std_error: float
) -> float:
    """Return how much of the estimate's own noise a unit of noise in the measured drift tells.

    Covariance of both, from the same clusters, over the variance of the drift: what is in the
    error of the estimate already must not be added to it a second time. At most three quarters
    of the estimate's variance are said to be known so.
    """
    if drift.influence is None:
        return 0.0
    label = frame[drift.influence.index.name].to_numpy()[fit.keep]
    mine = pd.Series(fit.jackknife(label) @ weights, index=np.unique(label))
    known = drift.influence.reindex(mine.index).fillna(0.0)
    most = np.sqrt(0.75) * std_error / drift.std_error
    return float(np.clip((mine * known).sum() / drift.std_error**2, -most, most))
