"""Effects by opening cohort and year, each cell compared with itself (Callaway, Sant'Anna 2021)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import opened
from fpi_eval.impact.group_time import GroupTimeEffects
from fpi_eval.misspelt import known_options
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.sample import Sample
from fpi_eval.regression.doubly_robust import doubly_robust, standardised
from fpi_eval.regression.linear import solve
from fpi_eval.regression.wide import Wide, base_year
from fpi_eval.text import pluriel

CONTROLS = {"never": "cellules jamais ouvertes", "not_yet": "cellules pas encore ouvertes"}
BASES = ("varying", "universal")


def _comparison(wide: Wide, c: int, latest: float, control: str) -> list[slice]:
    """Return the slices of the comparison units: suffixes, since units are sorted by cohort."""
    never, end = wide.starts[-2], wide.starts[-1]
    if control == "never":
        return [slice(never, end)]
    start = wide.starts[np.searchsorted(wide.cohorts, latest, side="right")]
    own = slice(wide.starts[c], wide.starts[c + 1])
    if start <= own.start:
        return [slice(start, own.start), slice(own.stop, end)]
    return [slice(start, end)]


def _means(wide: Wide, t: int, b: int, where: list[slice]) -> tuple[float, list, int]:
    """Return the weighted mean change, each unit's influence on it by slice, and their number."""
    changes, weights = [], []
    for part in where:
        change, weight = wide.y[t, part] - wide.y[b, part], wide.weights[part]
        if np.isnan(change.sum()):
            known = change == change
            change, weight = np.where(known, change, 0.0), weight * known
        changes.append(change)
        weights.append(weight)
    total = sum(w.sum() for w in weights)
    count = sum(np.count_nonzero(w) for w in weights)  # a missing change weighs nothing
    if not count:
        return float("nan"), [0.0] * len(where), 0
    mean = sum(w @ d for w, d in zip(weights, changes, strict=True)) / total
    return mean, [w * (d - mean) / total for w, d in zip(weights, changes, strict=True)], int(count)


def _plain(wide: Wide, t: int, b: int, own: slice, others: list[slice]) -> tuple:
    """Return the difference of mean changes, both counts, and influences by slice."""
    mean1, parts1, n1 = _means(wide, t, b, [own])
    mean0, parts0, n0 = _means(wide, t, b, others)
    if not (n1 and n0):
        return mean1 - mean0, n1, n0, []
    psi = [(own, parts1[0]), *((part, -v) for part, v in zip(others, parts0, strict=True))]
    return mean1 - mean0, n1, n0, psi


def _adjusted(wide: Wide, t: int, b: int, own: slice, others: list[slice]) -> tuple:
    """Return the doubly robust ATT, both counts, and influences; NaN without overlap."""
    index = np.concatenate([np.arange(s.start, s.stop) for s in [own, *others]])
    change = wide.y[t, index] - wide.y[b, index]
    x = np.column_stack([np.ones(len(index)), *wide.x[:, b, index]])
    known = np.isfinite(change) & np.isfinite(x).all(axis=1)
    index, treated = index[known], (np.arange(len(known)) < own.stop - own.start)[known]
    n1, n0 = int(treated.sum()), int((~treated).sum())
    if min(n1, n0) <= 0:
        return float("nan"), n1, n0, []
    try:
        att, values = doubly_robust(change[known], treated, x[known], wide.weights[index])
    except FloatingPointError:
        return float("nan"), n1, n0, []
    return att, n1, n0, [(index, values)]


@known_options
def callaway_santanna(
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
    covariates: Sequence[str] = (),
    control: str = "never",
    base: str = "varying",
    anticipation: int = 0,
) -> GroupTimeEffects:
    """Return ATT(g, t) for every opening cohort and year.

    Parameters
    ----------
    panel : CellPanel or DataFrame
        One row per unit and year, in any order; absent rows and missing outcomes are the same.
    y, time : str, optional
        Outcome and year; by default those of the cell panel (``diplomes``, ``rentree``) or, in an
        estimation frame, ``y`` and ``time``.
    cohort : str
        First year of treatment: empty if never, or infinity, 0, −1.
    lag, duree : optional
        Years from the opening to the first outcome that it can move: a number, a column or, by
        default, 0 for outcomes at entry, else ``duree`` − 1 where that column is there.
    weights : str, optional
        Positive, one value a unit.
    cluster : str, optional
        Constant within unit; the unit itself by default.
    covariates : str or sequence of str
        If any, the doubly robust estimator, with their values of the base year.
    control : {"never", "not_yet"}
    base : {"varying", "universal"}
        Before the opening, compare each year with the one before it, or every year with the last
        one before the opening.
    anticipation : int
        Years before the opening in which outcomes may already move.

    Raises
    ------
    FpiError
        Unknown option, no comparison unit, or a malformed panel (see `widen`).

    Notes
    -----
    ATT(g, t) = mean change of cohort g from its base year to t, less that of comparison units,
    over the units observed in both years: a cell is only compared with itself. Errors sum
    influence by cluster, times G / (G − 1).

    References
    ----------
    Callaway and Sant'Anna (2021), Journal of Econometrics 225(2), 200-230.
    """
    for name, value, known in (("control", control, CONTROLS), ("base", base, BASES)):
        if value not in known:
            raise FpiError(f"{name}={value!r} inconnu : {' ou '.join(known)} est attendu.")
    covariates = (covariates,) if isinstance(covariates, str) else covariates
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
        covariates=covariates,
        anticipation=anticipation,
    )
    if control == "never" and wide.starts[-1] == wide.starts[-2]:
        raise FpiError("aucune cellule jamais ouverte : choisir control='not_yet'.", colonne=cohort)
    _distinct(wide, covariates)
    pairs = _pairs(wide, base, anticipation)
    return _estimate(wide, pairs, control, anticipation, adjusted=bool(covariates))


def _distinct(wide: Wide, covariates: Sequence[str]) -> None:
    """Raise when a covariate is constant, or a combination of those before it."""
    x = wide.x.reshape(len(wide.x), -1 if len(wide.x) else 0)
    x = x[:, np.isfinite(x).all(axis=0)].T
    for k, name in enumerate(covariates):
        columns = standardised(np.column_stack([np.ones(len(x)), x[:, : k + 1]]))
        left = columns[:, -1] - columns[:, :-1] @ solve(columns[:, :-1], columns[:, -1])
        if not len(x) or np.sqrt(np.mean(left**2)) < 1e-7:
            raise FpiError(
                "covariable constante, ou combinaison des précédentes : retirez-la.", colonne=name
            )


def _pairs(wide: Wide, base: str, anticipation: int) -> list[tuple[int, int, int]]:
    """Return (cohort, year, base year) positions, where a base year exists."""
    out = []
    for c, g in enumerate(wide.cohorts):
        for t, year in enumerate(wide.times):
            b = base_year(wide.times, g, year, base, anticipation)
            if b >= 0:
                out.append((c, t, b))
    return out


def _estimate(
    wide: Wide, pairs: list, control: str, anticipation: int, *, adjusted: bool
) -> GroupTimeEffects:
    """Return the effects of all (cohort, year) pairs with their influence functions."""
    k, n_cohorts = len(pairs), len(wide.cohorts)
    own = [slice(*wide.starts[c : c + 2]) for c in range(n_cohorts)]
    influence = np.zeros((k + n_cohorts, wide.n_clusters))
    att, n1, n0 = np.zeros(k), np.zeros(k, dtype=int), np.zeros(k, dtype=int)
    compare = _adjusted if adjusted else _plain
    for row, (c, t, b) in enumerate(pairs):
        if t != b:
            latest = max(wide.times[t], wide.times[b]) + anticipation
            others = _comparison(wide, c, latest, control)
            att[row], n1[row], n0[row], parts = compare(wide, t, b, own[c], others)
            for where, values in parts:
                wide.add(influence[row], where, values)
    for c in range(n_cohorts):
        wide.add(influence[k + c], own[c], wide.weights[own[c]])
    factor = wide.n_clusters / (wide.n_clusters - 1)
    missing = int(np.isnan(att).sum())
    note = f"{pluriel(missing, 'couple')} (ouverture, année) sans comparaison possible."
    c, t, b = np.array(pairs).T
    return GroupTimeEffects(
        estimator=f"Callaway–Sant'Anna, témoins : {CONTROLS[control]}",
        cohort=wide.cohorts[c],
        time=wide.times[t],
        att=att,
        n_treated=n1,
        n_control=n0,
        reference=t == b,
        influence=influence,
        covariance=factor * (influence @ influence.T),
        mass=influence[k:].sum(axis=1)[c],
        cohorts=wide.cohorts,
        masses=influence[k:].sum(axis=1),
        factor=factor,
        treated=influence[k:] != 0,
        n_compared=wide.n_compared(not_yet=control == "not_yet"),
        n_obs=int(np.isfinite(wide.y).sum()),
        n_units=wide.y.shape[1],
        n_clusters=wide.n_clusters,
        anticipation=anticipation,
        notes=wide.notes + ((note,) if missing else ()),
    )
