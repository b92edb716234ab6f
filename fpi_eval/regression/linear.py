"""Least squares and two-stage least squares with absorbed effects, clustered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fpi_eval.errors import FpiError
from fpi_eval.regression.absorb import (
    Absorber,
    Coded,
    compact,
    counted_rank,
    without_singletons,
)
from fpi_eval.regression.sandwich import codes, small_sample, sum_by

COMBINATION = 1e-11  # squared share of a regressor's length left by the regressors before it
COLLINEAR = 1e-9  # share of a regressor's length left by the effects, under which it is nothing


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """A fitted regression, its regressors net of absorbed effects.

    ``x`` (n_obs, k) are regressors (projected on instruments) net of effects, ``y`` and
    ``endogenous`` the outcome and raw regressors net of effects, ``instruments`` those of the
    regression (the regressors themselves in least squares), ``keep`` the rows used among
    those given, ``dropped`` why others were not.
    """

    names: tuple[str, ...]
    coefficients: np.ndarray
    bread: np.ndarray
    x: np.ndarray
    y: np.ndarray
    endogenous: np.ndarray
    instruments: np.ndarray
    residuals: np.ndarray
    weights: np.ndarray | None
    effects: tuple[np.ndarray | Coded, ...]
    absorber: Absorber
    keep: np.ndarray
    collinear: tuple[str, ...]

    def scores(self, codes: np.ndarray) -> np.ndarray:
        """Return sums by cluster coded 0..G-1 of regressor times weight times residual, (G, k)."""
        weighted = self.residuals if self.weights is None else self.residuals * self.weights
        return sum_by(codes, self.x, weighted)

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
        return np.sqrt(factor) * self.scores(integers) @ self.bread.T

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
        k = len(self.names)
        own = np.empty((len(names), k, k))
        for i in range(k):
            weighted = self.x[:, i] if self.weights is None else self.x[:, i] * self.weights
            own[:, i] = sum_by(integers, self.endogenous, weighted)
        left = np.linalg.inv(self.bread) - own
        moved = np.linalg.solve(left, self.scores(integers)[:, :, None])[:, :, 0]
        return np.sqrt((len(names) - 1) / len(names)) * moved

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
    x: np.ndarray,
    effects: Sequence[np.ndarray],
    *,
    names: Sequence[str],
    instruments: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    singletons: bool = False,
) -> LinearFit:
    """Return the regression of y (n_obs,) on x (n_obs, k) net of effects.

    Parameters
    ----------
    instruments : array (n_obs, q >= k), optional
        All instruments, exogenous regressors included; then two-stage least squares.
    weights : array (n_obs,), optional
        Rows of zero weight are left out.
    singletons : bool
        Keep observations alone in an effect; they carry no information but count in N.
    """
    keep = np.ones(len(y), dtype=bool) if weights is None else np.asarray(weights) > 0
    coded = _kept(effects, keep)
    if not singletons and not (alone := without_singletons(coded)).all():
        keep[keep] = alone
        coded = _kept(effects, keep)
    rows = slice(None) if keep.all() else keep
    weights = None if weights is None else np.asarray(weights, dtype=float)[rows]
    blocks = [np.asarray(y)[:, None], x] + ([] if instruments is None else [instruments])
    net = np.empty((int(keep.sum()), sum(np.shape(b)[1] for b in blocks)), order="F")
    at = 0
    for block in blocks:  # columns in one piece, the only copy
        for column in np.asarray(block).T:
            net[:, at] = column[rows]
            at += 1
    before = lengths(net, weights)
    absorber = Absorber(coded, weights)
    absorber.clean(net)
    return solved(net, before, names, absorber, coded, keep, two_stages=instruments is not None)


def _kept(effects: Sequence[np.ndarray], keep: np.ndarray) -> tuple[Coded, ...]:
    whole = keep.all()
    return tuple(compact(np.asarray(e) if whole else np.asarray(e)[keep]) for e in effects)


def lengths(columns: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the (weighted) length of each column, (k,)."""
    return np.sqrt([c @ (c if weights is None else c * weights) for c in columns.T])


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
    gram = cross(net[:, : k + 1], net[:, : k + 1], weights)
    kept = independent(gram[1:, 1:], before[1 : k + 1])
    endogenous = net[:, 1 : k + 1] if len(kept) == k else net[:, [j + 1 for j in kept]]
    at = [j + 1 for j in kept]
    regressors = z = endogenous
    inner, with_y = gram[np.ix_(at, at)], gram[at, 0]
    if two_stages:
        z = net[:, k + 1 :]
        squares = cross(z, z, weights)
        one = independent(squares, before[k + 1 :])
        if len(one) < len(kept):
            raise FpiError("les instruments ne distinguent pas les effets demandés.")
        z = z if len(one) == z.shape[1] else z[:, one]
        regressors = z @ solve(z, endogenous, weights)
        inner, with_y = (
            cross(regressors, regressors, weights),
            cross(regressors, net[:, 0], weights),
        )
    bread = np.linalg.inv(inner)
    beta = bread @ with_y
    return LinearFit(
        names=tuple(names[j] for j in kept),
        coefficients=beta,
        bread=bread,
        x=regressors,
        y=net[:, 0],
        endogenous=endogenous,
        instruments=z,
        residuals=net[:, 0] - endogenous @ beta,
        weights=weights,
        effects=tuple(effects),
        absorber=absorber,
        keep=keep,
        collinear=tuple(n for j, n in enumerate(names) if j not in kept),
    )


def solve(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return weighted least-squares coefficients of y on x."""
    root = 1.0 if weights is None else np.sqrt(weights)[:, None]
    return np.linalg.lstsq(x * root, y * root, rcond=None)[0]


def cross(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return (weighted) cross-products of columns."""
    return (x if weights is None else x * weights[:, None]).T @ y


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
