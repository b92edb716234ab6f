"""How large each cell of the twin is: its capacity, how it fills, how the capacity is revised."""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from fpi_eval.twin.parameters import TwinParameters

#: Declared capacities: value → weight, by level and voie, shaped on Affelnet and Parcoursup.
PLACES = {
    "mc": {6: 1, 8: 3, 10: 3, 12: 6, 15: 2, 18: 1},
    "cap": {8: 9, 10: 8, 12: 26, 15: 24, 16: 11, 18: 5, 20: 5, 24: 10, 30: 3, 36: 2},
    "bacpro": {
        10: 4, 12: 10, 15: 22, 16: 4, 18: 4, 20: 5, 24: 22, 30: 16, 32: 5, 36: 3, 45: 4, 60: 5,
    },
    "bts": {
        12: 8, 15: 13, 18: 5, 20: 5, 24: 20, 28: 5, 30: 12, 32: 3, 35: 15, 36: 4, 45: 3, 48: 3,
        70: 3,
    },
    "bts_apprentissage": {
        4: 5, 6: 6, 8: 6, 10: 8, 12: 15, 15: 11, 18: 6, 20: 11, 24: 9, 28: 4, 30: 6, 40: 5, 60: 4,
        100: 2,
    },
    "mc_apprentissage": {
        2: 9, 4: 5, 6: 6, 8: 7, 10: 8, 12: 11, 15: 13, 20: 13, 25: 9, 30: 8, 50: 6, 80: 3,
    },
    "cap_apprentissage": {
        2: 10, 3: 4, 4: 4, 6: 5, 8: 4, 12: 4, 16: 5, 20: 6, 25: 7, 30: 8, 40: 10, 50: 9, 60: 8,
        80: 7, 100: 6, 150: 4,
    },
    "bacpro_apprentissage": {
        2: 15, 3: 8, 4: 6, 6: 8, 8: 7, 10: 8, 12: 9, 15: 9, 20: 9, 25: 7, 30: 6, 40: 4, 60: 3,
        80: 1,
    },
}  # fmt: skip

#: Quantile → entrants per place of the BTS admissions of 2019 (Parcoursup), the tails tempered.
FILL = {0.0: 0.10, 0.01: 0.24, 0.05: 0.55, 0.10: 0.70, 0.25: 0.84, 0.50: 0.94, 0.75: 1.0, 1.0: 1.04}

#: Correlation between the ranks of a cell's capacity and of how common its course is: measured on
#: Affelnet and Parcoursup; assumed for the secondary apprentices that CFA gather in large groups.
SIZE_TIES = {
    "mc": 0.1, "cap": 0.18, "bacpro": 0.35, "bts": 0.41, "mc_apprentissage": 0.6,
    "cap_apprentissage": 0.7, "bacpro_apprentissage": 0.7, "bts_apprentissage": 0.23,
}  # fmt: skip
#: The same between entrants per place and how common the course is, assumed: rare courses are
#: those that fill badly, which gives regional rows of a few pupils.
FILL_TIES = {
    "mc": 0.5, "cap": 0.2, "bacpro": 0.1, "bts": 0.5, "mc_apprentissage": 0.3,
    "cap_apprentissage": 0.3, "bacpro_apprentissage": 0.2, "bts_apprentissage": 0.5,
}  # fmt: skip


def groups_of(cells: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the rows of each level and voie, named as in ``PLACES``."""
    level = cells["diplome"].to_numpy()
    apprenti = (cells["voie"] == "apprentissage").to_numpy()
    names = [name.partition("_") for name in PLACES]
    return {
        "".join(name): np.flatnonzero((level == name[0]) & (apprenti == bool(name[2])))
        for name in names
    }


def tied_ranks(
    cells: pd.DataFrame, groups: dict[str, np.ndarray], luck: np.ndarray, ties: dict[str, float]
) -> np.ndarray:
    """Return ranks in (0, 1) by level and voie, correlated with how common the course is.

    Within a group they are spread evenly whatever the tie: it moves who is large, not how many.
    """
    apprenti = (cells["voie"] == "apprentissage").to_numpy()
    common = np.where(apprenti, cells["poids_apprentissage"], cells["poids_scolaire"])
    ranks = np.empty(len(cells))
    for name, here in groups.items():
        even = (np.arange(len(here)) + 0.5) / max(len(here), 1)
        score = np.empty(len(here))
        score[np.lexsort((luck[here], common[here]))] = ndtri(even)
        score = ties[name] * score + np.sqrt(1 - ties[name] ** 2) * luck[here]
        ranks[here[np.argsort(score, kind="stable")]] = even
    return ranks


def base_places(
    cells: pd.DataFrame, groups: dict[str, np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """Return each cell's usual capacity: common courses come in larger groups."""
    ranks = tied_ranks(cells, groups, rng.standard_normal(len(cells)), SIZE_TIES)
    places = np.empty(len(cells))
    for name, here in groups.items():
        cut = np.cumsum(list(PLACES[name].values())) / sum(PLACES[name].values())
        places[here] = np.array(list(PLACES[name]))[np.searchsorted(cut, ranks[here])]
    return places


def fill_rates(cells: pd.DataFrame, groups: dict[str, np.ndarray], u: np.ndarray) -> np.ndarray:
    """Return entrants per place of each cell in an ordinary year, from its rank in (0, 1)."""
    ranks = tied_ranks(cells, groups, ndtri(u), FILL_TIES)
    return np.interp(ranks, list(FILL), list(FILL.values()))


def declared_places(
    p: TwinParameters, cells: pd.DataFrame, base: np.ndarray, n_years: int, rng: np.random.Generator
) -> np.ndarray:
    """Return declared capacities: those of some cells are revised now and then, and back again."""
    shape = (len(cells), n_years)
    chance = np.full(len(cells), p.places_up + p.places_down)
    apprenti = (cells["voie"] == "apprentissage").to_numpy()
    bts = (cells["diplome"] == "bts").to_numpy()
    cap = (cells["diplome"] == "cap").to_numpy()
    chance = chance * np.select([apprenti, bts, cap], [3.5, 1.75, 0.6], 1.1)
    share = np.where(apprenti, 0.60, np.where(bts, 0.35, 0.25))
    mover = rng.random(len(cells)) < share
    moves = rng.random(shape) < np.where(mover, chance / share, 0.0)[:, None]
    sizes = np.select([apprenti, bts, cap], [11.0, 4.3, 5.0], 7.5)[:, None]
    step = np.maximum(1, np.round(rng.exponential(1.0, size=shape) * sizes))
    step = step * np.where(rng.random(shape) < 0.5, 1.0, -1.0)
    last = np.maximum.accumulate(np.where(moves, np.arange(shape[1]), 0), axis=1)
    away = np.cumsum(moves, axis=1) % 2 == 1
    drift = np.where(away, np.take_along_axis(step, last, axis=1), 0.0)
    return np.maximum(base[:, None] + np.maximum(drift, -0.5 * base[:, None]).round(), 2.0)
