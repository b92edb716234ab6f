"""The simulated France before any programme: places, wishes, entrants, outcomes of every cell.

Each source of chance has its own stream, so that a switch moves what it says and nothing else:
the same seed gives the same establishments, the same shocks and the same pupils whatever the
programme. Counts come from fixed normal draws pushed through their mean and variance, which keeps
two worlds with nearly equal means nearly equal pupil by pupil.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaincinv, ndtr, ndtri, stdtrit

from fpi_eval.calendar import HORIZONS
from fpi_eval.twin.capacity import base_places, declared_places, fill_rates, groups_of
from fpi_eval.twin.parameters import FIRST, LAST, TwinParameters
from fpi_eval.twin.setting import Setting
from fpi_eval.twin.sites import cell_table, draw_courses, draw_mergers, draw_sites

BURN_IN = 2  # a graduate of 2016 may have entered in 2014
YEARS = np.arange(FIRST - BURN_IN, LAST + 1)

STREAMS = (
    "sites", "cells", "places", "pressure", "walks", "entrants", "retention", "success", "studies",
    "employment", "openings", "selection", "extra", "removed", "other_openings", "closures",
    "seats_error", "reform", "jobs", "files", "mergers", "region_shock", "hors_registre",
    "renovation", "etapes",
)  # fmt: skip

#: Share of final-year students who stay in education, and employed at 6, 12, 18, 24 months per
#: leaver (InserJeunes millésime 2019_2020, all regions), by level and voie.
POURSUITE = {
    ("mc", "scolaire"): 0.32,
    ("cap", "scolaire"): 0.52,
    ("bacpro", "scolaire"): 0.54,
    ("bts", "scolaire"): 0.42,
    ("mc", "apprentissage"): 0.37,
    ("cap", "apprentissage"): 0.46,
    ("bacpro", "apprentissage"): 0.39,
    ("bts", "apprentissage"): 0.38,
}
EMPLOI = {
    ("mc", "scolaire"): (0.46, 0.52, 0.525, 0.575),
    ("cap", "scolaire"): (0.205, 0.28, 0.336, 0.407),
    ("bacpro", "scolaire"): (0.34, 0.43, 0.465, 0.536),
    ("bts", "scolaire"): (0.518, 0.59, 0.606, 0.665),
    ("mc", "apprentissage"): (0.665, 0.74, 0.75, 0.784),
    ("cap", "apprentissage"): (0.53, 0.60, 0.62, 0.67),
    ("bacpro", "apprentissage"): (0.63, 0.69, 0.705, 0.745),
    ("bts", "apprentissage"): (0.69, 0.735, 0.75, 0.77),
}
#: A cell's shocks never take it farther from its level, in standard deviations of one: the largest
#: yearly change of pupils (log) in real lycées of 50 to 100, over the usual one (results by lycée,
#: sessions 2012 to 2017).
FARTHEST = 14.0
# Logit shift of employment by exam session: the recovery of 2021–2022, the entry of public jobs
# into the field with the leavers of 2022, the fall of 2024 (DEPP, 48 % then 41 %).
EMPLOI_SESSIONS = {2020: -0.05, 2021: 0.15, 2022: 0.50, 2023: 0.36, 2024: 0.20, 2025: 0.20}


def streams(seed: int) -> dict[str, np.random.Generator]:
    """Return one independent generator per source of chance."""
    return {name: np.random.default_rng([seed, k]) for k, name in enumerate(STREAMS)}


@dataclass(frozen=True, slots=True)
class World:
    """The France without the programme; arrays are cells × ``YEARS`` unless said otherwise.

    ``final`` years: a pupil who entered at ``y − duree + 1`` is in the final year at ``y``.
    """

    cells: pd.DataFrame
    mean: np.ndarray
    pressure: np.ndarray
    trend: np.ndarray
    places: np.ndarray
    autres_places: np.ndarray
    counts: dict[str, np.ndarray]
    rates: dict[str, np.ndarray]


def draw_world(p: TwinParameters, setting: Setting, rng: dict[str, np.random.Generator]) -> World:
    """Draw the France without the programme."""
    sites = draw_sites(p, setting, rng["sites"])
    site, course = draw_courses(p, setting, sites, rng["cells"])
    merged = draw_mergers(sites, site, course, rng["mergers"])
    cells = cell_table(setting, sites, site, course, *merged)
    groups = groups_of(cells)
    base = base_places(cells, groups, rng["places"])
    level, pressure = _pressure(cells, rng["pressure"])
    shift, trend = _shifts(p, setting.debut, cells, rng)
    fill = fill_rates(cells, groups, level)
    autres = _other_openings(p.other_openings, ~cells["ici"], rng["other_openings"])
    untold = _other_openings(p.hors_registre, cells["ici"] & cells["cible"], rng["hors_registre"])
    mean = base[:, None] * fill[:, None] * np.exp(shift) + p.fill * (autres + untold)
    places = declared_places(p, cells, base, len(YEARS), rng["places"]) + autres + untold
    # Seats are a ceiling: good years add less than bad years take away (Parcoursup 2018–2019).
    noise = rng["entrants"].standard_normal(mean.shape)
    noise = np.where(noise > 0, 0.6, 1.1) * noise
    entrants = np.maximum(np.floor(mean + np.sqrt(p.dispersion * mean) * noise + 0.5), 0.0)
    rates = _rates(p, cells, rng)
    counts = _outcomes(entrants, cells["duree"].to_numpy(), rates, rng)
    pressure = pressure * np.exp(shift)
    counts["voeux_1"] = np.floor(pressure * base[:, None] + 0.5)
    return World(cells, mean, pressure, trend, places, autres, counts, rates)


def _pressure(cells: pd.DataFrame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return each cell's rank of attractiveness and its wishes per place over the years."""
    u = rng.random(len(cells))
    noise = rng.standard_normal((len(cells), len(YEARS)))
    bts = (cells["diplome"] == "bts").to_numpy()
    apprenti = (cells["voie"] == "apprentissage").to_numpy()
    premiere = ((cells["diplome"] == "bacpro") & (cells["duree"] == 2)).to_numpy()
    steady = np.empty(len(cells))
    steady[bts] = (
        np.where(apprenti, 4.7, 11.9)[bts] * np.exp(np.where(apprenti, 1.0, 0.78) * ndtri(u))[bts]
    )
    # Few ask first for a mention complémentaire (median .27, ninth decile .72, Affelnet 2022).
    mc = (cells["diplome"] == "mc").to_numpy()
    for here, scale, shape in (
        (premiere, 0.27, 4.0),
        (mc, 0.255, 1.3),
        (~premiere & ~bts & ~mc, 0.42, 2.3),
    ):
        steady[here] = scale * gammaincinv(shape, u[here])
    noise *= np.where(bts, 0.16, 0.26)[:, None]
    return u, steady[:, None] * np.exp(noise, out=noise)


def _shifts(
    p: TwinParameters, debut: int, cells: pd.DataFrame, rng: dict[str, np.random.Generator]
) -> tuple[np.ndarray, np.ndarray]:
    """Return log shifts of demand (cells × years, 0 on average in 2020) and the cell trends."""
    walks, years = rng["walks"], YEARS - 2020
    trend = p.trend_sd * walks.standard_normal(len(cells))
    shift = trend[:, None] * years
    for key, step in (
        ("course_index", p.course_walk),
        ("code_region", p.region_walk),
        ("code_departement", p.departement_walk),
        ("site", p.etablissement_walk),
    ):
        codes = pd.factorize(cells[key], sort=True)[0]
        steps = walks.standard_normal((codes.max() + 1, len(YEARS)))
        path = np.cumsum(steps, axis=1)
        path -= path[:, [int(np.flatnonzero(years == 0)[0])]]
        shift += step * path[codes]
    shocks = _tailed(walks.standard_normal(shift.shape), p.cell_tails)
    shift += p.cell_noise * _lasting(shocks, p.cell_memory)
    targeted = cells["ici"].to_numpy() & cells["cible"].to_numpy()
    if p.region_shock:
        rank = rng["region_shock"].permutation(cells["course_index"].max() + 1)
        hit = targeted & ((rank < p.region_shock_share * len(rank))[cells["course_index"]])
        shift[np.ix_(hit, debut <= YEARS)] += p.region_shock
        trend = trend + p.region_shock * (hit & (p.region_shock_share < 1))
    if p.course_trend_region:
        shift[targeted] += p.course_trend_region * years
    if p.reform:
        jolt = rng["reform"].standard_normal(cells["course_index"].max() + 1)
        shift[:, debut < YEARS] += p.reform * jolt[cells["course_index"].to_numpy(), None]
    if p.renovation:
        since = cells["rentree_renovation"].fillna(np.inf).to_numpy()[:, None] <= YEARS
        shift += p.renovation * since * rng["renovation"].standard_normal((len(cells), 1))
    return shift, trend


def _tailed(shocks: np.ndarray, tails: float) -> np.ndarray:
    """Return normal shocks as those of a Student law of the same variance."""
    if not tails:
        return shocks
    return stdtrit(tails, ndtr(shocks)) * np.sqrt((tails - 2) / tails)


def _lasting(shocks: np.ndarray, memory: float) -> np.ndarray:
    """Return shocks (cells × years) of which a share is still there a year later, bounded."""
    out = shocks.copy()
    if memory:
        out[:, 0] /= np.sqrt(1 - memory**2)
        for k in range(1, out.shape[1]):
            out[:, k] += memory * out[:, k - 1]
    return np.clip(out, -FARTHEST, FARTHEST, out=out)


def _other_openings(share: float, where: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """Return seats opened outside the programme in some cells, cumulative, cells × years."""
    opened = np.zeros((len(where), len(YEARS)))
    if share:
        hit = (rng.random(opened.shape) < share) & where.to_numpy()[:, None] & (YEARS >= 2018)
        opened = np.cumsum(hit * rng.choice([6.0, 12.0, 15.0], size=opened.shape), axis=1)
    return opened


def _rates(
    p: TwinParameters, cells: pd.DataFrame, rng: dict[str, np.random.Generator]
) -> dict[str, np.ndarray]:
    """Return the probabilities of each link; cells × years where the calendar matters."""
    level = cells["diplome"].to_numpy()
    premiere = (level == "bacpro") & (cells["duree"].to_numpy() == 2)
    apprenti = (cells["voie"] == "apprentissage").to_numpy().astype(int)
    names, k = np.unique(level.astype(str), return_inverse=True)
    both = [[(name, voie) for voie in ("scolaire", "apprentissage")] for name in names]
    keep = np.array([getattr(p, f"retention_{name}") for name in names])[k]
    keep = np.where(premiere, p.retention_bacpro_premiere, keep)
    success = np.array([getattr(p, f"success_{name}") for name in names])[k]
    stay = np.array([[POURSUITE[key] for key in row] for row in both])[k, apprenti]
    emploi = np.array([[EMPLOI[key] for key in row] for row in both])[k, apprenti]
    n, k = len(cells), cells["course_index"].max() + 1
    course = cells["course_index"].to_numpy()
    spread = rng["employment"].standard_normal((n, 1))
    calendar = np.array([EMPLOI_SESSIONS.get(int(y) + 1, 0.0 if y < 2020 else 0.20) for y in YEARS])
    session = 0.08 * rng["employment"].standard_normal((k, len(YEARS)))[course]
    region = pd.factorize(cells["code_region"], sort=True)[0]
    trade = 0.45 * rng["employment"].standard_normal((k, 1))[course]
    local = 0.15 * rng["employment"].standard_normal((region.max() + 1, 1))[region]
    niche = rng["employment"].standard_normal((k, region.max() + 1, 1))
    local = local + 0.20 * niche[course, region]
    shift = 0.08 + calendar + session + trade + local + 0.35 * spread
    # Rates at 12, 18 and 24 months are drawn as shares of those not yet at work.
    late = np.diff(emploi, axis=1) / (1 - emploi[:, :-1])
    jury = 0.08 * rng["success"].standard_normal((k, len(YEARS)))[course]
    ability = 0.40 * rng["success"].standard_normal((n, 1))
    studies = 0.40 * rng["studies"].standard_normal((n, 1))
    drift = 0.03 * np.clip(YEARS - 2019, -3, 3)
    return {
        "retention": _logit_shift(keep, 0.30 * rng["retention"].standard_normal(n)),
        "success": _logit_shift(success[:, None], jury + ability),
        "leave": 1 - _logit_shift(stay[:, None], studies + drift),
        "employed": _logit_shift(emploi[:, :1], shift),
        "late": late,
    }


def _logit_shift(rate: np.ndarray, shift: np.ndarray) -> np.ndarray:
    safe = np.clip(rate, 1e-9, 1 - 1e-9)
    odds = safe / (1 - safe) * np.exp(shift)
    odds /= 1 + odds
    odds[np.broadcast_to(rate >= 1, odds.shape)] = 1.0
    return odds


def _outcomes(
    entrants: np.ndarray,
    duree: np.ndarray,
    rates: dict[str, np.ndarray],
    rng: dict[str, np.random.Generator],
) -> dict[str, np.ndarray]:
    """Return the counts of every link of the chain."""
    terminale = _share(lag(entrants, duree), rates["retention"][:, None], rng["retention"])
    diplomes = _share(terminale, rates["success"], rng["success"])
    sortants = _share(terminale, rates["leave"], rng["studies"])
    employed = [_share(sortants, rates["employed"], rng["employment"])]
    for k in range(3):
        idle = sortants - employed[-1]
        gain = _share(idle, rates["late"][:, [k]], rng["employment"])
        employed.append(employed[-1] + gain)
    names = [f"en_emploi_{months}_mois" for months in HORIZONS]
    return {
        "entrants": entrants,
        "terminale": terminale,
        "diplomes": diplomes,
        "sortants": sortants,
        **dict(zip(names, employed, strict=True)),
    }


def lag(entry: np.ndarray, duree: np.ndarray) -> np.ndarray:
    """Return entry-year values at the final year: column y holds what entered at y − duree + 1."""
    out = np.zeros_like(entry)
    for d in np.unique(duree):
        rows = duree == d
        out[rows, d - 1 :] = entry[rows, : entry.shape[1] - d + 1]
    return out


def _share(total: np.ndarray, rate: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a binomial-like share of each total from fixed normal draws, within 0 and total."""
    value = rng.standard_normal(total.shape)
    mean = total * rate
    value *= np.sqrt(mean * (1 - rate))
    value += mean
    value += 0.5
    np.floor(value, out=value)
    return np.clip(value, 0.0, total, out=value)
