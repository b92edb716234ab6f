"""Rates: logistic regression of grouped counts, weighted by denominators, effects absorbed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import effects, sample
from fpi_eval.impact.uncertainty import answer
from fpi_eval.panel import align
from fpi_eval.regression.absorb import Absorber, compact, counted_rank
from fpi_eval.regression.sandwich import codes, small_sample, sum_by
from fpi_eval.results import Estimates

DESCRIPTION = (
    "Régression logistique du taux sur l'ouverture, chaque cellule pesant son dénominateur, avec "
    "effets fixes de cellule et de formation × session absorbés (Papke et Wooldridge, 1996 ; "
    "Stammann, Heiss et McFadden, 2016). L'effet en points est la moyenne, sur les observations "
    "traitées, de l'écart entre le taux prédit et celui prédit sans ouverture."
)
LOGIT, POINTS = "Effet en logit", "Effet sur le taux"
TOLERANCE = 1e-12
MAX_STEPS = 60


def separated(success: np.ndarray, total: np.ndarray, effects: Sequence[np.ndarray]) -> np.ndarray:
    """Return rows in a level whose rate is exactly 0 or 1, repeatedly: they say nothing."""
    coded = [compact(e) for e in effects]
    out = total <= 0
    while True:
        more = np.zeros_like(out)
        for c, k in coded:
            yes = np.bincount(c[~out], success[~out], k)
            every = np.bincount(c[~out], total[~out], k)
            more |= ~out & ((yes <= 0) | (yes >= every))[c]
        if not more.any():
            return out
        out |= more


def fit_logit(
    success: np.ndarray, total: np.ndarray, x: np.ndarray, effects: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Absorber]:
    """Return coefficients (k,), bread (k, k), net regressors (n, k), log-odds (n,) and absorber.

    Iteratively reweighted least squares, effects absorbed at each step.
    """
    odds = np.log((success + 0.5) / (total - success + 0.5))
    before = np.inf
    for _ in range(MAX_STEPS):
        rate = expit(odds)
        weights = np.maximum(total * rate * (1 - rate), 1e-12)
        working = odds + (success - total * rate) / weights
        absorber = Absorber(effects, weights)
        net = absorber.residualize(np.column_stack([working, x]))
        bread = np.linalg.inv((net[:, 1:] * weights[:, None]).T @ net[:, 1:])
        beta = bread @ (net[:, 1:] * weights[:, None]).T @ net[:, 0]
        odds = working - (net[:, 0] - net[:, 1:] @ beta)
        deviance = -2 * np.sum(success * odds - total * np.logaddexp(0, odds))
        if abs(deviance - before) <= TOLERANCE * abs(deviance):
            return beta, bread, net[:, 1:], odds, absorber
        before = deviance
    raise FpiError("la régression logistique ne converge pas : un taux ne varie presque pas.")


@any_table
def rate(
    panel: pd.DataFrame,
    numerator: str = "en_emploi_6_mois",
    denominator: str = "sortants",
    *,
    niveau: str | None = None,
    two_cohorts: bool = False,
) -> Estimates:
    """Return the effect of an opening on a rate, in log-odds and in points (0..1).

    Parameters
    ----------
    two_cohorts : bool
        Published rates often add two cohorts of leavers: the dose is then the mean of the last
        two years' (METHOD, A5), and adjacent years share a cohort.
    """
    frame = sample(panel, numerator, niveau=niveau)
    total = panel.loc[frame.index, denominator].astype(float)
    frame = frame.assign(total=total, d=np.sign(frame["dose"]))
    if two_cohorts:
        frame = frame.assign(d=(frame["d"] + _year_before(panel, numerator, frame)) / 2)
    known = (frame["total"] > 0).to_numpy() & (frame["y"] <= frame["total"]).to_numpy()
    fes = effects(frame, region=False)
    out = ~known
    out[known] = separated(
        frame["y"].to_numpy()[known], frame["total"].to_numpy()[known], [e[known] for e in fes]
    )
    used = frame[~out]
    dropped = (
        *frame.dropped,
        ("taux inconnu", int((~known).sum())),
        ("taux toujours égal à 0 ou à 1", int((out & known).sum())),
    )
    if not used["d"].any():
        raise FpiError("aucun taux observé après une ouverture.")
    fes = [compact(e[~out])[0] for e in fes]
    success, total = used["y"].to_numpy(), used["total"].to_numpy()
    x = used[["d"]].to_numpy()
    beta, bread, net, odds, absorber = fit_logit(success, total, x, fes)
    psi = [
        _influence(success - total * expit(odds), net, bread, fes, absorber, used[c].to_numpy())
        for c in ("uai", "code_departement")
    ]
    treated = used["d"].to_numpy() != 0
    without = odds - beta[0] * used["d"].to_numpy()
    weight = total[treated] / total[treated].sum()
    points = float(weight @ (expit(odds) - expit(without))[treated])
    slope = expit(without) * (1 - expit(without)) * used["d"].to_numpy()
    slope = float(weight @ slope[treated])
    facts: dict[str, Any] = {
        "estimator": "Logit binomial",
        "dropped": dropped,
        "description": DESCRIPTION,
    }
    return Estimates(
        (
            answer(used, beta[0], psi[0], psi[1], label=LOGIT, **facts),
            answer(used, points, psi[0] * slope, psi[1] * slope, label=POINTS, **facts),
        )
    )


def _year_before(panel: pd.DataFrame, outcome: str, frame: pd.DataFrame) -> np.ndarray:
    """Return the sign of the seats a year earlier, known even if that year's rate is hidden.

    A cell's year absent from the panel takes its last known one; before the first, 0.
    """
    known = align(panel.assign(**{outcome: 0.0}), outcome)
    path = known.pivot_table(index="cell", columns="time", values="dose", aggfunc="first")
    years = range(known["time"].min() - 1, known["time"].max() + 1)
    path = np.sign(path.reindex(columns=years).ffill(axis=1).fillna(0.0))
    row = path.index.get_indexer(frame["cell"])
    return path.to_numpy()[row, path.columns.get_indexer(frame["time"] - 1)]


def _influence(residual, net, bread, fes, absorber, cluster) -> np.ndarray:
    integers, names = codes(cluster)
    k = net.shape[1] + counted_rank(absorber, fes, cluster)
    factor = np.sqrt(small_sample(len(residual), k, len(names)))
    return factor * (sum_by(integers, net * residual[:, None]) @ bread)[:, 0]
