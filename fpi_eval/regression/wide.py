"""Panels with one column a unit, sorted by opening cohort: cohorts and controls are slices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.panel import coding
from fpi_eval.text import pluriel


@dataclass(frozen=True, slots=True, eq=False)
class Wide:
    """Panel with one column a unit, units sorted by cohort, never opened last.

    Attributes
    ----------
    y : ndarray, shape (T, n)
        Outcome, NaN where missing.
    x : ndarray, shape (p, T, n)
        Covariates.
    times : ndarray, shape (T,)
    cohorts, starts : ndarray, shapes (C,) and (C + 2,)
        Units of cohort c are ``starts[c]:starts[c + 1]``; the never opened follow.
    weights : ndarray, shape (n,)
    cluster : ndarray of int, shape (n,), or None when each unit is its own cluster
    """

    y: np.ndarray
    x: np.ndarray
    times: np.ndarray
    cohorts: np.ndarray
    starts: np.ndarray
    weights: np.ndarray
    cluster: np.ndarray | None
    notes: tuple[str, ...]

    @property
    def n_clusters(self) -> int:
        """Return the number of clusters."""
        return self.y.shape[1] if self.cluster is None else int(self.cluster.max()) + 1

    def n_compared(self, *, not_yet: bool = False) -> int:
        """Return clusters of the units never opened or, ``not_yet``, opened after the first."""
        after = slice(self.starts[1 if not_yet else -2], None)
        return (
            self.starts[-1] - after.start
            if self.cluster is None
            else len(np.unique(self.cluster[after]))
        )

    def add(self, sums: np.ndarray, where: slice | np.ndarray, values: np.ndarray) -> None:
        """Add values of some units to the sums of their clusters, shape (n_clusters,)."""
        if self.cluster is None:
            sums[where] += values
        else:
            sums += np.bincount(self.cluster[where], values, len(sums))


def widen(
    frame: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    weights: str | None = None,
    cluster: str | None = None,
    covariates: Sequence[str] = (),
    anticipation: int = 0,
    lag: np.ndarray | int = 0,
    lag_name: str = "lag",
) -> Wide:
    """Return the panel in wide form, cohorts with no year before the opening left out.

    ``lag`` is how many years after the opening its first effect can be seen, as the column
    ``lag_name`` says. A missing outcome is
    an absent row: units and years of which nothing is known, and units whose covariates never are,
    are not in the panel.

    Raises
    ------
    FpiError
        A column is missing or cannot be read (`panel.coding`), a unit appears twice in a year, a
        cohort, its lag, a weight or cluster changes within a unit, a weight is not positive, or
        there is a single cluster.
    """
    codes, labels = coding.codes(frame, unit, ordered=False)
    years = coding.years(frame, time)
    coding.once(frame, unit, time, years)
    n, known = len(labels), ~np.isnan(coding.numbers(frame, outcome))
    if not known.any():
        raise FpiError("aucune valeur connue.", colonne=outcome)
    years = years.astype(float)
    first = coding.cohorts(frame, cohort, years)
    late = np.where(np.isnan(first), 0, lag) if np.ndim(lag) else None
    first = coding.constant(first, codes, n, cohort)
    first = first + (lag if late is None else coding.constant(late, codes, n, lag_name))
    times = np.unique(years if known.all() else years[known])
    first = np.where(np.isnan(first) | (first > times[-1] + anticipation), np.inf, first)
    seen = np.bincount(codes[known], minlength=n) > 0
    told = known.copy()
    for name in covariates:
        told &= np.isfinite(coding.numbers(frame, name))
    bare = int(seen.sum())
    seen &= np.bincount(codes[told], minlength=n) > 0
    bare -= int(seen.sum())
    usable = seen & (first > times[0] + anticipation)
    order = np.flatnonzero(usable)[np.argsort(first[usable], kind="stable")]
    first = first[order]
    rank = np.full(n, -1)
    rank[order] = np.arange(len(order))
    at, shape = rank[codes], (len(times), len(order))
    row = known & (at >= 0)
    row = slice(None) if row.all() else row  # a copy less
    cell = np.searchsorted(times, years[row]) * len(order) + at[row]

    def spread(name: str) -> np.ndarray:
        wide = np.full(shape[0] * shape[1], np.nan)
        wide[cell] = coding.numbers(frame, name)[row]
        return wide.reshape(shape)

    groups, n_clusters = None, len(order)
    if cluster is not None:
        groups = coding.constant(coding.codes(frame, cluster, ordered=False)[0], codes, n, cluster)
        names, groups = np.unique(groups[order], return_inverse=True)
        n_clusters = len(names)
    if n_clusters == 1:
        raise FpiError("un seul groupe : aucune erreur ne se mesure.", colonne=cluster or unit)
    cohorts = np.unique(first[np.isfinite(first)])
    unread = int(seen.sum()) - len(order)
    left = {"sans année avant ouverture": unread, "sans covariables connues": bare}
    return Wide(
        y=spread(outcome),
        x=np.array([spread(name) for name in covariates]).reshape(-1, *shape),
        times=times,
        cohorts=cohorts,
        starts=np.append(np.searchsorted(first, [*cohorts, np.inf]), len(order)),
        weights=_weights(frame, weights, codes, n)[order],
        cluster=groups,
        notes=tuple(
            f"{pluriel(count, 'cellule')} {why}, {'mise' if count == 1 else 'mises'} de côté."
            for why, count in left.items()
            if count
        ),
    )


def _weights(frame: pd.DataFrame, name: str | None, codes: np.ndarray, n: int) -> np.ndarray:
    """Return one positive weight a unit."""
    if name is None:
        return np.ones(n)
    weight = coding.constant(coding.numbers(frame, name), codes, n, name)
    if not (weight > 0).all():
        raise FpiError("poids nul, négatif ou manquant : donnez-en un positif.", colonne=name)
    return weight


def base_year(times: np.ndarray, g: float, t: float, base: str, anticipation: int) -> int:
    """Return the position of the year that year ``t`` of cohort ``g`` is compared with.

    From the first year that may already move on, the last one that may not.
    """
    start = g - anticipation
    limit = start if base == "universal" or t >= start else t
    return int(np.searchsorted(times, limit)) - 1
