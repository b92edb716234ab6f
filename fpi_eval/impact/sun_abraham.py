"""Interaction-weighted event study (Sun, Abraham 2021), in closed form.

Its regression gives every cohort and year its own dummy besides unit effects, so it splits into
one unit-and-year regression a cohort: T × T systems, whatever the number of units.
"""

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import opened
from fpi_eval.impact.group_time import GroupTimeEffects
from fpi_eval.misspelt import known_options
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.sample import Sample
from fpi_eval.regression.sandwich import small_sample
from fpi_eval.regression.wide import Wide, base_year
from fpi_eval.text import pluriel

UNIDENTIFIED = 1e-8


def _year_effects(
    y: np.ndarray, w: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return year effects net of unit effects, their influence, the contrasts known, weights.

    Parameters
    ----------
    y : ndarray, shape (T, n)
        NaN where missing.
    w : ndarray, shape (n,)

    Returns
    -------
    delta : ndarray, shape (T,)
        Up to a constant.
    influence : ndarray, shape (T, n)
    projector : ndarray, shape (T, T)
        Onto identified contrasts.
    mass : ndarray, shape (T,)
        Weight observed each year.
    """
    seen = y == y
    share = seen / np.maximum(seen.sum(axis=0), 1)
    value = np.where(seen, y, 0.0)
    value -= seen * (value * share).sum(axis=0)
    weighted = seen * w
    laplacian = np.diag(weighted.sum(axis=1)) - weighted @ share.T
    bread = np.linalg.pinv(laplacian, rcond=UNIDENTIFIED, hermitian=True)
    delta = bread @ (value @ w)
    value -= seen * (delta[:, None] - delta @ share)
    return delta, bread @ (value * w), bread @ laplacian, weighted.sum(axis=1)


def _without_never(wide: Wide, anticipation: int) -> Wide:
    """Return the panel before the last cohort may move, that cohort being the comparison."""
    if len(wide.cohorts) < 2:
        raise FpiError("une seule rentrée d'ouverture et aucune cellule jamais ouverte.")
    before = wide.times < wide.cohorts[-1] - anticipation
    return Wide(
        y=wide.y[before],
        x=wide.x[:, before],
        times=wide.times[before],
        cohorts=wide.cohorts[:-1],
        starts=np.append(wide.starts[:-2], wide.starts[-1]),
        weights=wide.weights,
        cluster=wide.cluster,
        notes=wide.notes,
    )


@known_options
def sun_abraham(
    panel: CellPanel | Sample | pd.DataFrame,
    y: str | None = None,
    *,
    unit: str = "cell",
    time: str | None = None,
    cohort: str = "cohort",
    lag: str | int | None = None,
    duree: str | None = "duree",
    weights: str | None = None,
    cluster: str | None = None,
    anticipation: int = 0,
) -> GroupTimeEffects:
    """Return cohort-by-year effects of the saturated event study, and what averages them.

    Parameters
    ----------
    panel, y, unit, time, cohort, lag, duree, weights, cluster, anticipation
        As in `callaway_santanna`; comparison units are the never opened or, without any, the
        last cohort before it may move.

    Notes
    -----
    ``y_it = a_i + l_t + sum_{g, t != g - 1} beta_gt 1[cohort_i = g] + u_it``. Because cohorts
    have their own years, ``beta_gt`` is the change of cohort g's year effects since g − 1 less
    that of comparison units. Errors are CR1, unit effects not counted; in ``aggregate("dynamic")``
    cohorts weigh by their observed weight that year, taken as fixed.

    References
    ----------
    Sun and Abraham (2021), Journal of Econometrics 225(2), 175-199.
    """
    wide = opened(
        panel,
        y,
        unit=unit,
        time=time,
        cohort=cohort,
        lag=lag,
        duree=duree,
        weights=weights,
        cluster=cluster,
        anticipation=anticipation,
    )
    controls = "cellules jamais ouvertes"
    if wide.starts[-1] == wide.starts[-2]:
        wide = _without_never(wide, anticipation)
        controls = "dernières cellules ouvertes, avant que rien n'y bouge"
    return _contrasts(wide, anticipation, controls)


def _contrasts(wide: Wide, anticipation: int, controls: str) -> GroupTimeEffects:
    n_years, n_cohorts = len(wide.times), len(wide.cohorts)
    parts = [slice(*wide.starts[c : c + 2]) for c in range(n_cohorts + 1)]
    fits = [_year_effects(wide.y[:, part], wide.weights[part]) for part in parts]
    pairs = [(c, t) for c in range(n_cohorts) for t in range(n_years)]
    c, t = np.array(pairs).T
    b = np.array([base_year(wide.times, g, g, "universal", anticipation) for g in wide.cohorts])[c]
    delta, delta0 = np.array([fit[0] for fit in fits[:-1]]), fits[-1][0]
    att = delta[c, t] - delta[c, b] - delta0[t] + delta0[b]
    influence = np.zeros((len(pairs), wide.n_clusters))
    known = np.zeros(len(pairs), dtype=bool)
    for k, (g, year, start) in enumerate(zip(c, t, b, strict=True)):
        for fit, part, sign in ((fits[g], parts[g], 1.0), (fits[-1], parts[-1], -1.0)):
            wide.add(influence[k], part, sign * (fit[1][year] - fit[1][start]))
        known[k] = _known(fits[g][2], year, start) and _known(fits[-1][2], year, start)
    influence[~known] = 0.0
    seen = np.isfinite(wide.y)
    seen &= seen.sum(axis=0) > 1
    n_parameters = int((known & (t != b)).sum()) + n_years
    factor = small_sample(int(seen.sum()), n_parameters, wide.n_clusters)
    counts = np.array([seen[:, part].sum(axis=1) for part in parts])
    mass = np.array([fit[3] for fit in fits])
    unknown = int((~known).sum())
    note = f"{pluriel(unknown, 'couple')} (ouverture, année) sans comparaison possible."
    size = np.zeros((n_cohorts, wide.n_clusters))
    for row, part in zip(size, parts[:-1], strict=True):
        wide.add(row, part, np.ones(part.stop - part.start))
    return GroupTimeEffects(
        estimator=f"Sun–Abraham, témoins : {controls}",
        cohort=wide.cohorts[c],
        time=wide.times[t],
        att=np.where(known, att, np.nan),
        n_treated=counts[c, t],
        n_control=counts[-1, t],
        reference=t == b,
        influence=influence,
        covariance=factor * (influence @ influence.T),
        mass=mass[c, t],
        cohorts=wide.cohorts,
        masses=np.array([wide.weights[part].sum() for part in parts[:-1]]),
        factor=factor,
        treated=size > 0,
        n_compared=wide.n_compared(),
        n_obs=int(seen.sum()),
        n_units=wide.y.shape[1],
        n_clusters=wide.n_clusters,
        anticipation=anticipation,
        notes=wide.notes + ((note,) if unknown else ()),
    )


def _known(projector: np.ndarray, t: int, b: int) -> bool:
    """Return whether the contrast of two years lies in what the data identify."""
    contrast = np.zeros(len(projector))
    contrast[t] += 1
    contrast[b] -= 1
    return bool(np.abs(projector @ contrast - contrast).max() < UNIDENTIFIED)
