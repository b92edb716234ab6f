"""Entry cohorts followed to jobs: the same rows, weights and instruments for every outcome."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import ALIKE, GROSS, NET, SEATS, WEIGHTS, effects, reach, sample, scale
from fpi_eval.impact.j import combination, design
from fpi_eval.impact.uncertainty import Clusters, changing, opposite
from fpi_eval.panel.cells import align, lag_of
from fpi_eval.panel.sample import Sample
from fpi_eval.regression import linear
from fpi_eval.regression.absorb import interaction
from fpi_eval.regression.rows import sum_by
from fpi_eval.regression.sandwich import codes

DRAWS = 999


@dataclass(frozen=True, slots=True, eq=False)
class CohortFit:
    """J on one cohort frame for several outcomes at once.

    ``gross`` and ``net`` are effects per seat (m,), ``gross_draws`` and ``net_draws`` (B, m)
    those of the resamples.
    """

    outcomes: tuple[str, ...]
    gross: np.ndarray
    net: np.ndarray
    gross_draws: np.ndarray
    net_draws: np.ndarray
    n_clusters: int
    n_treated_clusters: int
    n_compared: float = np.inf

    @property
    def groups(self) -> int:
        """Treated clusters, or those they are compared with if there are fewer; two at least."""
        return max(int(min(self.n_treated_clusters, self.n_compared)), 2)


def cohort_frame(
    panel: pd.DataFrame, outcomes: tuple[str, ...], *, niveau: str | None = None
) -> Sample:
    """Return one row per cell × entry rentrée, with every outcome of those who entered then.

    Seats and exposures are those of the entry. An outcome that does not exist, or is not known
    yet for a cohort, is NaN.
    """
    frame = sample(panel, "entrants", niveau=niveau)
    entered, found = align(panel, "entrants"), {}
    inside, reaches = entered.index.isin(frame.index), {}
    index = pd.MultiIndex.from_arrays([panel["cell"], panel["rentree"]])
    for name in outcomes:
        if name not in panel:
            found[name] = np.nan
            continue
        at = frame["time"] + lag_of(name, panel.loc[frame.index])
        known = pd.Series(panel[name].to_numpy(float), index=index)
        found[name] = known.reindex(pd.MultiIndex.from_arrays([frame["cell"], at])).to_numpy()
        reaches[name] = reach(entered, inside, level_of(panel, name, niveau))
    return replace(frame.assign(**found), reaches=reaches)


def level_of(panel: pd.DataFrame, outcome: str, niveau: str | None) -> tuple[float, ...]:
    """Return `impact.frame.level` of an outcome, 1 while no seat can have moved it."""
    if outcome in ALIKE:
        return 1.0, 1.0
    try:
        return sample(panel, outcome, niveau=niveau).level
    except FpiError:
        return 1.0, 1.0


def fit_cohorts(
    frame: pd.DataFrame,
    outcomes: tuple[str, ...],
    *,
    cluster: str = "uai",
    draws: int = DRAWS,
    proportional: bool = True,
) -> CohortFit:
    r"""Return J for all outcomes of complete cohorts, with their joint cluster bootstrap.

    Every outcome is multiplied by the same vector v of the design, so ratios of effects are
    links that telescope. Clusters are drawn with replacement among treated and among untreated
    ones apart; a resample with multiplicities :math:`m_g` solves
    :math:`\sum_g m_g A_g\,\beta = \sum_g m_g b_g`, regressors keeping the effects removed from
    the whole sample, as in the jackknife (exact for effects nested in the cluster).
    """
    used = frame.dropna(subset=list(outcomes))
    n = scale(used, proportional=proportional)
    names, x, z = design(used, proportional=proportional)
    fit = linear.fit(
        used[outcomes[0]].to_numpy() / n,
        x,
        effects(used),
        names=names,
        instruments=z,
        weights=n if proportional else None,
    )
    fit.position(SEATS)
    y = fit.absorber.residualize(used[list(outcomes)].to_numpy()[fit.keep] / n[fit.keep, None])
    weighted = fit.x if fit.weights is None else fit.x * fit.weights[:, None]
    groups, labels = codes(used[cluster].to_numpy()[fit.keep])
    k, m = len(fit.names), len(outcomes)
    left = _by_group(groups, weighted, fit.endogenous)
    right = _by_group(groups, weighted, y)
    kept = used if fit.keep.all() else used[fit.keep]
    moved, strata = changing(kept), interaction(kept["course"], kept["time"])
    treated = np.bincount(groups, kept["dose"] != 0) > 0
    clusters = Clusters.counted(groups, groups, moved, *opposite(moved, ~moved, strata))
    if treated.sum() < 2:
        raise FpiError("moins de deux groupes traités : la chaîne n'a pas d'intervalle.")
    times = np.vstack([np.ones(len(labels)), _resamples(treated, draws, seed=0)])
    beta = np.linalg.solve((times @ left).reshape(-1, k, k), (times @ right).reshape(-1, k, m))
    reach = [(1.0, *frame.reach_for(name)) for name in outcomes]
    gross, net = (
        np.einsum("mk,bkm->bm", [combination(fit, np.multiply(w, r)) for r in reach], beta)
        for w in (WEIGHTS[GROSS], WEIGHTS[NET])
    )
    return CohortFit(
        outcomes,
        gross[0],
        net[0],
        gross[1:],
        net[1:],
        len(labels),
        int(treated.sum()),
        clusters.n_compared_etab,
    )


def _by_group(groups: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return sums over groups of left'right, (G, k·m)."""
    products = (left[:, :, None] * right[:, None, :]).reshape(len(left), -1)
    return sum_by(groups, products)


def _resamples(treated: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Return multiplicities (draws, G): each stratum drawn with replacement, size kept."""
    rng = np.random.default_rng(seed)
    times = np.zeros((draws, len(treated)))
    for stratum in (treated, ~treated):
        size = int(stratum.sum())
        if size:
            times[:, stratum] = rng.multinomial(size, np.full(size, 1 / size), size=draws)
    return times
