"""Exact wild cluster bootstrap, null imposed, absorbed effects included (Cameron et al., 2008)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import scipy.sparse as sp
from scipy.optimize import brentq

from fpi_eval.errors import FpiError
from fpi_eval.regression.absorb import Absorber
from fpi_eval.regression.rows import sum_by
from fpi_eval.regression.sandwich import codes, small_sample

WEBB = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])
RADEMACHER = np.array([-1.0, 1.0])
FEW = 12  # below it Rademacher signs give too few distinct samples (Webb, 2023)
MAX_CLUSTERS = 4000
DRAWS, FEWER_DRAWS, MANY_CLUSTERS = 9999, 1999, 500
TIE = 1e-10
ROUNDING = 1e-8
ALPHA = 1 - 0.95
BATCH = 64  # clusters absorbed at once


@dataclass(frozen=True, slots=True)
class WildTest:
    """Outcome of the bootstrap: ``kind`` is rademacher or webb, ``enumerated`` if complete."""

    t: float
    p_value: float
    ci_low: float
    ci_high: float
    kind: str
    draws: int
    enumerated: bool
    n_clusters: int


def affordable_draws(n_clusters: int) -> int:
    """Return how many draws to make: memory and time grow with clusters × draws."""
    return DRAWS if n_clusters <= MANY_CLUSTERS else FEWER_DRAWS


@lru_cache(maxsize=2)  # hundreds of planted programmes draw the same
def multipliers(n_clusters: int, draws: int = 9999, seed: int = 0) -> tuple[np.ndarray, str, bool]:
    """Return multipliers (draws, n_clusters), their kind, and whether all cases are listed."""
    kind, points = ("webb", WEBB) if n_clusters < FEW else ("rademacher", RADEMACHER)
    if len(points) ** n_clusters <= draws:
        return _fixed(np.array(list(product(points, repeat=n_clusters)))), kind, True
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(points), (draws, n_clusters), dtype=np.int8)
    return _fixed(points[picks]), kind, False


def _fixed(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values


class WildDesign:
    r"""The bootstrap test of one coefficient, for any outcome of a regression.

    Bootstrap samples :math:`y^* = \hat y_0 + v_g \tilde u_g` need no refitting: with
    :math:`\tilde x` the regressor net of everything else, numerator and scores of each sample are

    .. math:: \sum_g v_g \tilde x_g'\tilde u_g, \qquad
              s^*_h = \sum_g v_g\, \tilde x_h' [M_Z \tilde u^{(g)}]_h

    where :math:`\tilde u^{(g)}` is the restricted residual of cluster g alone and :math:`M_Z`
    removes *all* regressors and absorbed effects, exactly. Both are linear in the tested value,
    hence an interval at no cost.

    Parameters
    ----------
    x : array (n_obs,)
        Tested regressor, net of absorbed effects.
    others : array (n_obs, k)
        The other regressors, net of absorbed effects; k may be 0.
    cluster : array (n_obs,)
        Labels of clusters.
    n_parameters : int
        K of the small-sample factor.
    endogenous : array (n_obs,), optional
        Variable whose coefficient is tested when x is its instrument: the test is then that of
        Anderson and Rubin (1949), valid whatever the instrument's strength.
    effects : Absorber, optional
        What was absorbed. Absent, effects are taken as nested in clusters.
    """

    def __init__(
        self,
        x: np.ndarray,
        others: np.ndarray,
        cluster: np.ndarray,
        *,
        n_parameters: int,
        endogenous: np.ndarray | None = None,
        effects: Absorber | None = None,
        weights: np.ndarray | None = None,
        draws: int = DRAWS,
        seed: int = 0,
    ) -> None:
        self.g, names = codes(cluster)
        if len(names) > MAX_CLUSTERS:
            raise FpiError("trop de groupes pour le bootstrap sauvage : utilisez l'erreur CR1.")
        self.others, self.effects, self.weights = others, effects, weights
        self.n_clusters = len(names)
        self.drawn = multipliers(self.n_clusters, draws, seed)
        self.factor = small_sample(len(x), n_parameters, self.n_clusters)
        self.x = _without(x, others, weights)
        self.weighted = self.x if weights is None else self.x * weights
        self.moved = self._piece(x if endogenous is None else endogenous)

    def _piece(self, values: np.ndarray):
        """Return numerator, scores, and both in each sample, of what others leave of values."""
        residual, x, w = _without(values, self.others, self.weights), self.x, self.weights
        a, v = sum_by(self.g, self.weighted * residual), self.drawn[0]
        regressors = np.column_stack([self.others, x])
        c = score_map(x, residual, regressors, self.g, self.n_clusters, self.effects, w)
        b = float(a.sum()) / float(x @ self.weighted)
        own = a - b * sum_by(self.g, self.weighted * x)  # scores of the sample itself
        return a.sum(), own, v @ a, v @ c.T

    def test(self, y: np.ndarray) -> WildTest:
        """Return the test, against 0, of one outcome (n_obs,) net of absorbed effects."""
        v, kind, enumerated = self.drawn
        pieces = self._piece(y), self.moved
        p_value, t = _tests(pieces, self.factor, enumerated)
        estimate = pieces[0][0] / pieces[1][0]
        scale = np.sqrt(self.factor * np.sum((pieces[0][1] - estimate * pieces[1][1]) ** 2))
        low, high = invert(p_value, estimate, scale / abs(pieces[1][0]), ALPHA)
        return WildTest(t(0.0), p_value(0.0), low, high, kind, len(v), enumerated, self.n_clusters)


def wild_cluster(
    y: np.ndarray,
    x: np.ndarray,
    others: np.ndarray,
    cluster: np.ndarray,
    **design,
) -> WildTest:
    """Return the bootstrap test of one outcome, and the interval that inverts it: `WildDesign`."""
    return WildDesign(x, others, cluster, **design).test(y)


def _tests(pieces, factor: float, enumerated: bool) -> tuple[Callable, Callable]:
    """Return p-value and t as functions of the tested value."""
    (a, own_a, va, sa), (b, own_b, vb, sb) = pieces
    pairs = ((sa, sa), (sa, sb), (sb, sb))
    quadratic = factor * np.stack([np.einsum("bg,bg->b", p, q) for p, q in pairs], axis=1)
    least = np.finfo(float).tiny

    def t(value: float) -> float:
        square = factor * np.sum((own_a - value * own_b) ** 2)
        return (a - value * b) / np.sqrt(max(square, least))

    def p_value(value: float) -> float:
        if np.isnan(own := t(value)):
            return float("nan")
        spread = np.maximum(quadratic @ (1.0, -2 * value, value**2), least)
        beyond = np.count_nonzero((va - value * vb) ** 2 >= own**2 * (1 - TIE) * spread)
        return beyond / len(va) if enumerated else (1 + beyond) / (1 + len(va))

    return p_value, t


def invert(
    p_value: Callable[[float], float], estimate: float, std_error: float, alpha: float
) -> tuple[float, float]:
    """Return the values around the estimate that the test does not reject.

    An end is infinite where it rejects none, and both are missing where the error is.
    """
    if np.isnan(std_error):
        return std_error, std_error
    if std_error <= ROUNDING * abs(estimate):  # nothing varies: beyond it, the test is rounding
        return estimate, estimate
    bounds = []
    for side in (-1.0, 1.0):
        reach = 2.0
        while p_value(estimate + side * reach * std_error) > alpha and reach < 1e4:
            reach *= 1.5
        if reach >= 1e4:
            bounds.append(side * np.inf)
            continue
        bounds.append(
            brentq(
                lambda value: p_value(value) - alpha - 1e-12,
                estimate,
                estimate + side * reach * std_error,
                xtol=1e-5 * std_error,
            )
            if p_value(estimate) > alpha
            else estimate
        )
    return bounds[0], bounds[1]


def _without(values: np.ndarray, others: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    if others.shape[1] == 0:
        return values
    if weights is None:
        return values - others @ np.linalg.lstsq(others, values, rcond=None)[0]
    root = np.sqrt(weights)
    return values - others @ np.linalg.lstsq(others * root[:, None], values * root, rcond=None)[0]


def score_map(x, residual, regressors, g, n, effects, weights) -> np.ndarray:
    """Return C (G, G): C[h, g] = x_h' of what all regressors leave of cluster g's residual."""
    w = np.ones(len(x)) if weights is None else weights
    left = sum_by(g, regressors * (w * x)[:, None])
    right = sum_by(g, regressors * (w * residual)[:, None])
    gram = regressors.T @ (regressors * w[:, None])
    out = np.diag(sum_by(g, x * w * residual)) - left @ np.linalg.solve(gram, right.T)
    if effects is None:
        return out
    seen = np.empty(effects.n_first, dtype=np.int64)
    seen[effects.first] = g
    if not (seen[effects.first] == g).all():
        return out - _crossing(x * w, residual, g, n, effects)
    if effects.n_others:
        by_level = [_by_level(values * w, g, n, effects) for values in (x, residual)]
        out -= by_level[0] @ effects.solve(by_level[1].T)
    return out


def _by_level(values, g, n, effects) -> np.ndarray:
    """Return sums by cluster and level of the effects that cross clusters, (G, n_others)."""
    sizes = np.diff(effects.offsets)
    return np.column_stack(
        [
            np.bincount(g * k + c, values, n * k).reshape(n, k)
            for c, k in zip(effects.others, sizes, strict=True)
        ]
    )


def _both(values, g, effects) -> tuple[sp.csr_array, sp.csr_array]:
    """Return sums by cluster and level: first effect, others."""
    own, *others = effects.by_group(values, g)
    return own, sp.hstack([sp.csr_array((own.shape[0], 0)), *others], format="csr")


def _crossing(weighted_x, residual, g, n, effects) -> np.ndarray:
    """Return that last term when no effect is nested in clusters, absorbing each cluster alone."""
    w = 1.0 if effects.weights is None else effects.weights
    left, right = _both(weighted_x, g, effects), _both(residual * w, g, effects)
    out = np.empty((n, n))
    for start in range(0, n, BATCH):
        alone = slice(start, start + BATCH)
        fitted = effects.normal(*(side[alone].toarray().T for side in right))
        out[:, alone] = sum(side @ effect for side, effect in zip(left, fitted, strict=True))
    return out
