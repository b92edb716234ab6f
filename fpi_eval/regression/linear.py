"""Least squares and two-stage least squares with absorbed effects, clustered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from fpi_eval.errors import FpiError
from fpi_eval.regression.absorb import (
    Absorber,
    Coded,
    compact,
    counted_rank,
    without_singletons,
)
from fpi_eval.regression.rows import blocks, sum_by
from fpi_eval.regression.sandwich import codes, small_sample

COMBINATION = 1e-11  # squared share of a regressor's length left by the regressors before it
COLLINEAR = 1e-9  # share of a regressor's length left by the effects, under which it is nothing


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """A fitted regression, its regressors net of absorbed effects.

    ``y`` and ``endogenous`` (n_obs, k) are the outcome and regressors net of effects,
    ``instruments`` (n_obs, q) those of the regression (the regressors themselves in least squares),
    ``first_stage`` (q, k) what they explain of regressors, ``keep`` the rows used among those
    given, ``dropped`` why others were not; ``collinear`` the regressors that have no coefficient,
    ``emptied`` those of them that are zero or held whole by the effects: no other tells theirs.
    """

    names: tuple[str, ...]
    coefficients: np.ndarray
    bread: np.ndarray
    y: np.ndarray
    endogenous: np.ndarray
    instruments: np.ndarray
    first_stage: np.ndarray
    residuals: np.ndarray
    weights: np.ndarray | None
    effects: tuple[np.ndarray | Coded, ...]
    absorber: Absorber
    keep: np.ndarray
    collinear: tuple[str, ...]
    emptied: tuple[str, ...]

    @property
    def x(self) -> np.ndarray:
        """Regressors projected on instruments, net of effects, (n_obs, k)."""
        if self.instruments is self.endogenous:
            return self.endogenous
        return (self.first_stage.T @ self.instruments.T).T  # columns in one piece

    def scores(self, codes: np.ndarray) -> np.ndarray:
        """Return sums by cluster coded 0..G-1 of regressor times weight times residual, (G, k)."""
        return sum_by(codes, self.instruments, self.residuals, *self._mass) @ self.first_stage

    @property
    def _mass(self) -> tuple[np.ndarray, ...]:
        return () if self.weights is None else (self.weights,)

    @property
    def dropped(self) -> tuple[tuple[str, int], ...]:
        """What was left out: singletons, collinear regressors."""
        alone = len(self.keep) - int(self.keep.sum())
        gone = len(self.collinear)
        return (("observation seule dans son effet fixe", alone), ("variable colinéaire", gone))

    def n_parameters(self, cluster: np.ndarray | Coded) -> int:
        """Return K: regressors, and absorbed effects not nested in the cluster."""
        return len(self.names) + counted_rank(self.absorber, self.effects, cluster)

    def influence(self, cluster: np.ndarray) -> np.ndarray:
        """Return cluster influences (G, k), whose squares add up to the CR1 variances."""
        integers, names = codes(cluster)
        if len(names) < 2:  # one cluster measures no error
            return np.full((len(names), len(self.names)), np.nan)
        n_parameters = self.n_parameters(Coded(integers, len(names)))
        factor = small_sample(len(self.y), n_parameters, len(names))
        return self.scores(integers) @ (np.sqrt(factor) * self.bread.T)

    def covariance(self, cluster: np.ndarray) -> np.ndarray:
        """Return the CR1 covariance, cluster being labels of the rows kept."""
        psi = self.influence(cluster)
        return psi.T @ psi

    def jackknife(self, cluster: np.ndarray) -> np.ndarray:
        r"""Return cluster influences (G, k) whose squares add up to the CR3 variances.

        Each is minus the move of the estimate when the cluster leaves,
        :math:`(X'X - X_g'X_g)^{-1} X_g'u_g`, times :math:`\sqrt{(G-1)/G}`. Regressors keep the
        effects removed from the whole sample, which is exact for effects nested in the cluster.
        """
        integers, names = codes(cluster)
        if len(names) < 2:
            return np.full((len(names), len(self.names)), np.nan)
        by_instrument = [
            sum_by(integers, self.endogenous, z, *self._mass) for z in self.instruments.T
        ]
        own = self.first_stage.T @ np.stack(by_instrument, axis=1)
        left = np.linalg.inv(self.bread) - own
        moved = np.linalg.solve(left, self.scores(integers)[:, :, None])[:, :, 0]
        return np.sqrt((len(names) - 1) / len(names)) * moved

    def among_all(self, cluster: np.ndarray) -> np.ndarray:
        """Return those influences among the clusters of all rows given, nil without a row kept."""
        names, inside = np.unique(cluster), cluster[self.keep]
        found = np.zeros((len(names), len(self.names)))
        found[np.searchsorted(names, np.unique(inside))] = self.jackknife(inside)
        return found

    def position(self, name: str) -> int:
        """Return the place of a regressor; raise if the data could not tell it from the others."""
        if name not in self.names:
            raise FpiError(
                f"« {name} » ne varie plus une fois retirés les effets fixes : "
                "il manque des cellules ou des années de comparaison."
            )
        return self.names.index(name)


def fit(
    y: np.ndarray,
    x: np.ndarray | Iterator[np.ndarray],
    effects: Sequence[np.ndarray],
    *,
    names: Sequence[str],
    instruments: np.ndarray | Iterator[np.ndarray] | None = None,
    weights: np.ndarray | None = None,
) -> LinearFit:
    """Return the regression of y (n_obs,) on x (n_obs, k) net of effects.

    Parameters
    ----------
    x : array (n_obs, k)
        Or its columns, one after the other: each is then made, read and forgotten.
    instruments : array (n_obs, q >= k), optional
        All instruments, exogenous regressors included; then two-stage least squares. Or k columns,
        one after the other.
    weights : array (n_obs,), optional
        Rows of zero weight are left out.
    """
    keep = np.ones(len(y), dtype=bool) if weights is None else np.asarray(weights) > 0
    coded = _kept(effects, keep)
    if not (alone := without_singletons(coded)).all():
        keep[keep] = alone
        if not keep.any():
            raise FpiError("chaque observation est seule dans un effet fixe : rien à comparer.")
        coded = _kept(effects, keep)
    rows = slice(None) if keep.all() else keep
    weights = None if weights is None else np.asarray(weights, dtype=float)[rows]
    absorber = Absorber(coded, weights)
    absorber.lighten()
    k = len(names)
    given = [_columns(x, k)] + ([] if instruments is None else [_columns(instruments, k)])
    net = np.empty((int(keep.sum()), 1 + sum(count for count, _ in given)), order="F")
    net[:, 0] = np.asarray(y)[rows]
    del y  # a fit of millions of rows holds each column once
    for at, column in enumerate(chain(*(columns for _, columns in given)), start=1):
        net[:, at] = column[rows]
    before = lengths(net, weights)
    absorber.clean(net)
    return solved(net, before, names, absorber, coded, keep, two_stages=instruments is not None)


def _columns(block: np.ndarray | Iterator[np.ndarray], k: int) -> tuple[int, Iterator[np.ndarray]]:
    """Return how many columns a block has, k unless it says, and they."""
    if isinstance(block, Iterator):
        return k, block
    return np.shape(block)[1], iter(np.asarray(block).T)


def _kept(effects: Sequence[np.ndarray], keep: np.ndarray) -> tuple[Coded, ...]:
    whole = keep.all()
    return tuple(compact(np.asarray(e) if whole else np.asarray(e)[keep]) for e in effects)


def lengths(columns: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the (weighted) length of each column, (k,)."""
    return np.sqrt([cross(c, c, weights) for c in columns.T])


def solved(
    net: np.ndarray,
    before: np.ndarray,
    names: Sequence[str],
    absorber: Absorber,
    effects: Sequence[np.ndarray | Coded],
    keep: np.ndarray,
    *,
    two_stages: bool,
) -> LinearFit:
    """Return the regression from columns already net of effects: y, regressors, instruments.

    ``before`` are the lengths of the same columns before: what they have lost says what the effects
    contain.
    """
    weights, k = absorber.weights, len(names)
    gram = cross(net, net, weights)
    kept = independent(gram[1 : k + 1, 1 : k + 1], before[1 : k + 1])
    alive = np.sqrt(np.diag(gram))[1 : k + 1] > COLLINEAR * before[1 : k + 1]
    at = [j + 1 for j in kept]
    z = endogenous = net[:, 1 : k + 1] if len(kept) == k else net[:, at]
    first_stage = np.eye(len(at))
    if two_stages:
        one = independent(gram[k + 1 :, k + 1 :], before[k + 1 :])
        if len(one) < len(kept):
            raise FpiError("les instruments ne distinguent pas les effets demandés.")
        at = [j + k + 1 for j in one]
        z = net[:, k + 1 :] if len(at) == net.shape[1] - k - 1 else net[:, at]
        first_stage = solve(z, endogenous, weights)
    bread = np.linalg.inv(first_stage.T @ gram[np.ix_(at, at)] @ first_stage)
    beta = bread @ (first_stage.T @ gram[at, 0])
    residuals = endogenous @ beta
    np.subtract(net[:, 0], residuals, out=residuals)
    return LinearFit(
        names=tuple(names[j] for j in kept),
        coefficients=beta,
        bread=bread,
        y=net[:, 0],
        endogenous=endogenous,
        instruments=z,
        first_stage=first_stage,
        residuals=residuals,
        weights=weights,
        effects=tuple(effects),
        absorber=absorber,
        keep=keep,
        collinear=tuple(n for j, n in enumerate(names) if j not in kept),
        emptied=tuple(n for n, there in zip(names, alive, strict=True) if not there),
    )


def solve(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return weighted least-squares coefficients of y on x, from the factor R of both."""
    k = x.shape[1]
    factor = np.column_stack([x[:0], y[:0]])
    for rows in blocks(len(x)):
        both = np.column_stack([x[rows], y[rows]])
        if weights is not None:
            both *= np.sqrt(weights[rows, None])
        factor = np.asarray(np.linalg.qr(np.vstack([factor, both]), mode="r"))
    found = np.linalg.lstsq(factor[:, :k], factor[:, k:], rcond=None)[0]
    return found if y.ndim > 1 else found[:, 0]


def cross(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return (weighted) cross-products of columns."""
    if weights is None:
        return x.T @ y
    return sum((x[b].T * weights[b]) @ y[b] for b in blocks(len(x)))


def independent(gram: np.ndarray, before: np.ndarray) -> list[int]:
    """Return columns, told by their cross-products, that are no combination of those before.

    ``before``: their lengths before effects were removed; those that the effects emptied go too.
    """
    length = np.sqrt(np.diag(gram))
    alive = [j for j in range(len(length)) if length[j] > COLLINEAR * before[j]]
    kept: list[int] = []
    for j in alive:
        basis = gram[np.ix_(kept, kept)] / np.outer(length[kept], length[kept])
        with_it = gram[kept, j] / (length[kept] * length[j])
        left = 1.0 - (with_it @ np.linalg.solve(basis, with_it) if kept else 0.0)
        if left > COMBINATION:
            kept.append(j)
    return kept
