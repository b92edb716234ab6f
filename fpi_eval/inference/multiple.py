"""Several outcomes: p-values adjusted for having looked at all of them."""

import numpy as np


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return Holm (1979) adjusted p-values, (k,); valid whatever the dependence."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    out = np.empty_like(p)
    out[order] = np.minimum(stepped, 1.0)
    return out


def score_draws(influence: np.ndarray, draws: int = 9999, seed: int = 0) -> np.ndarray:
    """Return |t| of k estimates under the null, (draws, k), from cluster influences (G, k).

    The same random signs multiply all estimates, so their dependence is kept.
    """
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], size=(draws, len(influence)))
    return np.abs(signs @ influence) / np.sqrt((influence**2).sum(axis=0))


def romano_wolf(t: np.ndarray, t_null: np.ndarray) -> np.ndarray:
    """Return step-down adjusted p-values (Romano and Wolf, 2005), (k,).

    Parameters
    ----------
    t : array (k,)
        Test statistics.
    t_null : array (draws, k)
        Their draws under the null, dependence kept (`score_draws`, or a bootstrap).
    """
    size = np.abs(np.asarray(t, dtype=float))
    order = np.argsort(-size)
    null = np.abs(t_null)[:, order]
    highest = np.maximum.accumulate(null[:, ::-1], axis=1)[:, ::-1]
    raw = (1 + (highest >= size[order] * (1 - 1e-12)).sum(axis=0)) / (1 + len(null))
    out = np.empty(len(size))
    out[order] = np.minimum(np.maximum.accumulate(raw), 1.0)
    return out
