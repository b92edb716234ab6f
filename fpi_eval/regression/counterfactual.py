"""Imputed counterfactuals (Borusyak, Jaravel and Spiess, 2024): untreated rows predict the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fpi_eval.errors import FpiError
from fpi_eval.regression.absorb import Absorber, compact, interaction
from fpi_eval.regression.rows import sum_by
from fpi_eval.regression.sandwich import codes

ESTIMABLE = 1e-6
HELD = 1e-9  # a covariate whose rest is smaller than that is a combination of effects and others
NOT_HELD = (
    "une tendance ou une covariable du modèle ne peut s'estimer sur les seules observations non "
    "traitées, et celles que l'on prédit en dépendent : il faut au moins deux années d'avant par "
    "cellule qui ouvre, ou moins de covariables."
)


@dataclass(frozen=True, slots=True, eq=False)
class Imputation:
    """Model fitted on untreated rows, read on treated ones.

    ``tau`` (n_obs,) is outcome minus prediction on treated rows, residual on untreated ones;
    ``usable`` marks rows in the model or whose prediction the untreated rows determine. ``half``
    times its transpose is the inverse of covariates' cross product, ``unknown`` the combinations
    of them that untreated rows do not tell.
    """

    tau: np.ndarray
    treated: np.ndarray
    usable: np.ndarray
    absorber: Absorber
    levels: tuple[np.ndarray, np.ndarray]
    covariates: np.ndarray
    net: np.ndarray
    slopes: np.ndarray
    half: np.ndarray
    unknown: np.ndarray
    mass: np.ndarray

    def weights(self, target: np.ndarray) -> np.ndarray:
        r"""Return v (n_obs, m) such that the estimate of each target is ``v'y``.

        On treated rows v is the target :math:`w_1`, on untreated ones
        :math:`v_0 = -W_0Z_0 (Z_0'W_0Z_0)^{-1} Z_1' w_1`, in one solve, Z being effects and
        covariates, W the weights. Raises where the estimate takes slopes that are not known.
        """
        first, others = self.levels
        on, base = self.treated & self.usable, ~self.treated
        v = np.where(on[:, None], target, 0.0)
        spread = np.column_stack(
            [prediction(self.absorber, first[on], others[on], w) for w in target[on].T]
        )
        mass = self.mass[:, None]
        v[base] = -mass * spread
        if self.covariates.shape[1]:
            x, used = self.covariates[self.usable], v[self.usable]
            gap, most = x.T @ used, np.abs(x).T @ np.abs(used)
            if (np.abs(self.unknown.T @ gap) > ESTIMABLE * (np.abs(self.unknown.T) @ most)).any():
                raise FpiError(NOT_HELD)
            v[base] -= mass * self.net @ (self.half @ (self.half.T @ gap))
        return v


def impute(
    y: np.ndarray,
    treated: np.ndarray,
    effects: Sequence[np.ndarray],
    covariates: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> Imputation:
    """Return effects of treated rows: outcome minus the prediction of the untreated ones.

    Parameters
    ----------
    y : array (n_obs,)
        Outcome.
    treated : array of bool (n_obs,)
        Rows whose outcome the treatment may have moved.
    effects : sequence of arrays (n_obs,)
        Fixed effects of the untreated outcome.
    covariates : array (n_obs, k), optional
        Other terms of the untreated outcome, e.g. trends.
    weights : array (n_obs,), optional
        Positive weights of the untreated model.

    Notes
    -----
    A treated row whose effects the untreated rows do not determine (cell never seen untreated,
    course × session without comparison, disconnected set) is not ``usable``.
    """
    base = ~treated
    if not base.any():
        raise FpiError("toutes les lignes sont traitées : il n'y a pas de comparaison.")
    x = np.empty((len(y), 0)) if covariates is None else np.asarray(covariates, float)
    coded = [compact(e)[0] for e in effects]
    mass = np.ones(int(base.sum())) if weights is None else np.asarray(weights, float)[base]
    absorber = Absorber([c[base] for c in coded], None if weights is None else mass)
    first, others = levels(coded, base, absorber)
    net = absorber.residualize(x[base])
    root = np.sqrt(mass)[:, None]
    half, unknown = inverse_root(net * root, x[base] * root)
    slopes = half @ (half.T @ (net.T @ (mass * absorber.residualize(y[base]))))
    left = y - x @ slopes
    fitted = absorber.effects(left[base][:, None])
    known = (first >= 0) & (others >= 0).all(axis=1)
    usable = base | (known & estimable(absorber, first, others))
    tau = left - _predict(*fitted, first, others)
    return Imputation(
        tau, treated, usable, absorber, (first, others), x, net, slopes, half, unknown, mass
    )


def inverse_root(net: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return H, ``HH'`` the inverse of ``net'net`` where it has one, and where it has none."""
    size = np.linalg.norm(x, axis=0)
    size[size == 0] = 1.0
    _, s, turn = np.linalg.svd(net / size, full_matrices=len(net) < len(size))
    s = np.append(s, np.zeros(len(turn) - len(s)))
    axes = turn.T / size[:, None]
    return axes[:, s > HELD] / s[s > HELD], axes[:, s <= HELD]


def prediction(
    absorber: Absorber, first: np.ndarray, others: np.ndarray, w: np.ndarray
) -> np.ndarray:
    """Return how each untreated outcome weighs in the prediction of w-weighted rows, (n_base,).

    To be multiplied by the weight of the untreated row, if any.
    """
    moved = np.bincount(first, w, absorber.n_first)[:, None]
    shifted = np.zeros((absorber.n_others, 1))
    for column in others.T:
        shifted[:, 0] += np.bincount(column, w, absorber.n_others)
    return absorber.spread(*absorber.normal(moved, shifted))[:, 0]


def levels(coded, base, absorber) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's level in the absorber's numbering, -1 if unseen among untreated rows."""
    ordered = [coded[e] for e in absorber.order]
    seen = [
        absorber.first,
        *(c + o for c, o in zip(absorber.others, absorber.offsets, strict=False)),
    ]
    found = [placed(rows, base, inside) for rows, inside in zip(ordered, seen, strict=True)]
    return found[0], np.column_stack(found[1:]) if found[1:] else np.empty((len(base), 0), int)


def placed(code: np.ndarray, base: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return each row's level as ``inside`` numbers those of base rows, -1 if unseen there."""
    place = np.full(code.max() + 1, -1)
    place[code[base]] = inside
    return place[code]


def _predict(first_effect, other_effects, first, others) -> np.ndarray:
    fitted = first_effect[np.maximum(first, 0), 0].copy()
    for column in others.T:
        fitted += other_effects[np.maximum(column, 0), 0]
    return fitted


def estimable(absorber: Absorber, first: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return rows whose prediction is the same in all solutions of the normal equations.

    A random solution for the outcome 0 is drawn; it moves the other rows' predictions, almost
    surely, and only them.
    """
    if absorber.n_collinear == 0:
        return np.ones(len(first), dtype=bool)
    rng = np.random.default_rng(0)
    draw = rng.normal(size=(absorber.n_others, 1))
    image = absorber.inner @ draw - absorber.cross.T @ (
        (absorber.cross @ draw) / absorber.mass[:, None]
    )
    null = draw - absorber.solve(image)
    cell = -(absorber.cross @ null) / absorber.mass[:, None]
    return np.abs(_predict(cell, null, first, others)) < ESTIMABLE


def influence(
    model: Imputation,
    v: np.ndarray,
    dose: np.ndarray,
    cell: np.ndarray,
    partition: np.ndarray,
    cluster: np.ndarray,
) -> np.ndarray:
    """Return conservative cluster influences (G, m) of the estimates ``v'y`` (`influence_of`)."""
    on = model.treated & model.usable
    tau = np.where(model.usable, model.tau, 0.0)
    return np.column_stack(
        [influence_of(tau, on, column, dose, cell, partition, cluster) for column in v.T]
    )


def influence_of(
    tau: np.ndarray,
    treated: np.ndarray,
    v: np.ndarray,
    dose: np.ndarray,
    cell: np.ndarray,
    partition: np.ndarray,
    cluster: np.ndarray,
) -> np.ndarray:
    r"""Return conservative cluster influences (G,) (Borusyak et al., 2024, theorem 3).

    On treated rows the residual is :math:`\tau_{it} - \bar\tau_g S_{it}`, with one effect per seat
    and group of the partition,
    :math:`\bar\tau_g = \sum_i a_{ig} b_{ig} / \sum_i a_{ig}^2`,
    :math:`a_{ig} = \sum_{t} v_{it} S_{it}`, :math:`b_{ig} = \sum_t v_{it} \tau_{it}` (their
    equation 8, where S is 1). A coarser partition is more conservative; one with a single
    cluster per group has no residual left and must not be used.
    """
    on = np.flatnonzero(treated)
    groups, n_groups = compact(partition[on])
    pairs, n_pairs = compact(interaction(cell[on], groups))
    owner = np.zeros(n_pairs, dtype=np.int64)
    owner[pairs] = groups
    a = np.bincount(pairs, v[on] * dose[on], n_pairs)
    b = np.bincount(pairs, v[on] * tau[on], n_pairs)
    square, both = (np.bincount(owner, a * c, n_groups) for c in (a, b))
    mean = np.divide(both, square, out=np.zeros(n_groups), where=square > 0)
    residual = tau.copy()
    residual[on] -= mean[groups] * dose[on]
    return sum_by(codes(cluster)[0], v * residual)
