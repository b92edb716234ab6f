"""What the opened seats change: pupils who come, pupils who are taken from elsewhere.

The world without the programme is drawn once (``world``). The programme then adds *extra* pupils
in the opened cells and *removes* pupils from neighbours and closed courses. Removed pupils are
chosen among those already drawn, with the outcomes already drawn for them (hypergeometric draws):
the two worlds share every pupil that the programme does not touch.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fpi_eval.twin.drawn_openings import seats_in_force
from fpi_eval.twin.parameters import TwinParameters
from fpi_eval.twin.world import YEARS, World

#: Links of the chain: outcome, the outcome it is a part of.
LINKS = (
    ("terminale", "entrants"),
    ("diplomes", "terminale"),
    ("sortants", "terminale"),
    ("en_emploi_6_mois", "sortants"),
)
LATER = ("en_emploi_12_mois", "en_emploi_18_mois", "en_emploi_24_mois")
OUTCOMES = ("entrants", "terminale", "diplomes", "sortants", "en_emploi_6_mois", *LATER)


@dataclass(frozen=True, slots=True)
class Applied:
    """Pupils the programme adds and removes: rows of (cell, year index, outcomes).

    ``part`` tells ``own`` (opened and closed cells, seats in force), ``anticipated`` (before the
    opening) and ``displaced`` (cells without seats). ``removed`` counts carry a minus sign.
    """

    world: World
    seats: np.ndarray
    declared: np.ndarray
    nouvelle: np.ndarray
    changes: pd.DataFrame


def run_programme(
    p: TwinParameters, world: World, openings: pd.DataFrame, rng: dict[str, np.random.Generator]
) -> Applied:
    """Return the changes that the openings bring to the world."""
    n = len(world.cells)
    seats = seats_in_force(openings, n)
    declared = seats_in_force(openings, n, "places_declarees")
    nouvelle = np.zeros(n, dtype=bool)
    nouvelle[openings.loc[openings["nouvelle"], "cell"]] = True
    world = _without(world, nouvelle)
    extra = _extra(p, world, openings, rng["extra"])
    removed = _removed(p, world, seats, extra, rng["removed"])
    changes = pd.concat([extra, removed], ignore_index=True)
    return Applied(world, seats, declared, nouvelle, changes)


def _without(world: World, nouvelle: np.ndarray) -> World:
    """Return the world where the cells yet to be created are empty."""

    def emptied(values: np.ndarray) -> np.ndarray:
        values = values.copy()
        values[nouvelle] = 0.0
        return values

    counts = {name: emptied(values) for name, values in world.counts.items()}
    return replace(world, mean=emptied(world.mean), places=emptied(world.places), counts=counts)


def _fill(p: TwinParameters, openings: pd.DataFrame) -> np.ndarray:
    """Return the chance that a seat is filled, openings × years; zero before the opening."""
    age = YEARS - openings["rentree"].to_numpy()[:, None]
    ramp = np.asarray(p.ramp_up)
    seats = openings["places_ouvertes"].to_numpy()[:, None]
    by_wave = openings["rentree"].map(dict(p.cohort_effects)).fillna(1.0).to_numpy()[:, None]
    fill = p.fill * ramp[np.clip(age, 0, len(ramp) - 1)] * by_wave
    fill = fill * (1 + p.effect_growth * np.clip(age, 0, None))
    if p.fill:
        fill = fill - p.concavity * (seats - 12) / 12
    fill = np.where(openings["vide"].to_numpy()[:, None], 0.0, fill)
    fill = np.where(age >= 0, fill, 0.0)
    fill = np.where((age == -1) & (p.fill > 0), p.anticipation, fill)
    return np.clip(fill, 0.0, 1.0)


def _extra(
    p: TwinParameters, world: World, openings: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the pupils who come because of the seats, with all their later outcomes."""
    opened = openings[openings["places_ouvertes"] > 0].reset_index(drop=True)
    fill = _fill(p, opened)
    row, year = np.nonzero(fill > 0)
    cell = opened["cell"].to_numpy()[row]
    final = year + world.cells["duree"].to_numpy()[cell] - 1
    seats = opened["places_ouvertes"].to_numpy()[row]
    uniform = rng.random((len(OUTCOMES), *fill.shape))[:, row, year]
    entrants = _thin(uniform[0], seats, fill[row, year])
    seen = final < len(YEARS)
    at = np.minimum(final, len(YEARS) - 1)
    rates = {
        "terminale": world.rates["retention"][cell],
        "diplomes": world.rates["success"][cell, at] * (1 - p.marginal_penalty),
        "sortants": world.rates["leave"][cell, at],
        "en_emploi_6_mois": world.rates["employed"][cell, at],
    }
    values = {"entrants": entrants}
    for k, (name, parent) in enumerate(LINKS, start=1):
        values[name] = _thin(uniform[k], values[parent], rates[name])
    previous = values["en_emploi_6_mois"]
    for k, name in enumerate(LATER):
        idle = values["sortants"] - previous
        previous = previous + _thin(uniform[5 + k], idle, world.rates["late"][cell, k])
        values[name] = previous
    values["industrie"] = _industry(p, world, cell, values["en_emploi_6_mois"], rng)
    early = year < opened["rentree"].to_numpy()[row] - YEARS[0]
    part = np.where(early, "anticipated", "own")
    return _rows(cell, year, final, seen, part, values, sign=1)


def _removed(
    p: TwinParameters,
    world: World,
    seats: np.ndarray,
    extra: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the pupils taken from neighbours and from courses closed to pay for the seats."""
    chance = _displacement(p, world, seats, extra)
    closed = seats < 0
    with np.errstate(divide="ignore", invalid="ignore"):
        cut = np.clip(-seats * p.fill / world.mean, 0, 0.95)
    chance = np.where(closed, np.nan_to_num(cut), chance)
    cell, year = np.nonzero(chance > 0)
    final = year + world.cells["duree"].to_numpy()[cell] - 1
    seen = final < len(YEARS)
    at = np.minimum(final, len(YEARS) - 1)
    base = {name: world.counts[name][cell, at] for name in OUTCOMES}
    base["entrants"] = world.counts["entrants"][cell, year]
    gone = {"entrants": _thin(rng.random(len(cell)), base["entrants"], chance[cell, year])}
    for name, parent in LINKS:
        gone[name] = _part(base[name], base[parent], gone[parent], seen, rng)
    previous = "en_emploi_6_mois"
    for name in LATER:
        gain, idle = base[name] - base[previous], base["sortants"] - base[previous]
        taken = _part(gain, idle, gone["sortants"] - gone[previous], seen, rng)
        gone[name] = gone[previous] + taken
        previous = name
    gone["industrie"] = _industry(p, world, cell, gone["en_emploi_6_mois"], rng)
    part = np.where(closed[cell, year], "own", "displaced")
    return _rows(cell, year, final, seen, part, gone, sign=-1)


def _displacement(
    p: TwinParameters, world: World, seats: np.ndarray, extra: pd.DataFrame
) -> np.ndarray:
    """Return the chance that a pupil of a cell without seats leaves for an opened seat."""
    cells, chance = world.cells, np.zeros_like(world.mean)
    own, near = p.displacement_etablissement, p.displacement_departement
    far = (p.displacement_academie, p.displacement_region)
    if not (own or near or any(far)) or extra.empty:
        return chance
    filled = np.zeros_like(world.mean)
    np.add.at(filled, (extra["cell"], extra["year"]), extra["entrants"])
    ever = (seats != 0).any(axis=1)
    open_mean = np.where(ever[:, None], 0.0, world.mean)
    zone = cells["code_departement"] + cells["famille"]
    for share, key in ((own, cells["site"]), (near, zone)):
        chance += share * _ratio(_total(filled, key), _total(open_mean, key))
    inside = zone
    for share, column in zip(far, ("code_academie", "code_region"), strict=True):
        around = cells[column] + cells["famille"]
        if share:
            rate = _ratio(filled, _total(open_mean, around) - _total(open_mean, inside))
            chance += share * (_total(rate, around) - _total(rate, inside))
        inside = around
    return np.where(ever[:, None], 0.0, np.clip(chance, 0.0, 0.5))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part over whole, 0 where there is nothing to share."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _total(values: np.ndarray, key: pd.Series) -> np.ndarray:
    """Return the sum over the group of each row, cells × years."""
    codes = pd.factorize(key)[0]
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    return np.add.reduceat(values[order], starts, axis=0)[codes]


def _thin(uniform: np.ndarray, total: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return binomial counts from fixed uniforms, so that a higher rate never loses a pupil."""
    from scipy.stats import binom  # slow to import: only a twin being drawn needs it

    rate = np.clip(rate, 0.0, 1.0)
    value = np.nan_to_num(binom.ppf(uniform, total, rate))
    return np.clip(value, 0.0, total)


def _part(
    good: np.ndarray, total: np.ndarray, taken: np.ndarray, seen: np.ndarray, rng
) -> np.ndarray:
    """Return how many of the ``taken`` among ``total`` are ``good``."""
    ok = seen & (taken > 0)
    out = np.zeros(len(good))
    good, total, taken = (x[ok].astype(np.int64) for x in (good, total, taken))
    out[ok] = rng.hypergeometric(good, total - good, taken)
    return out


def _industry(p: TwinParameters, world: World, cell, employed, rng) -> np.ndarray:
    target = world.cells["cible"].to_numpy()[cell]
    share = np.where(target, p.industry_share_target, p.industry_share_other)
    return _thin(rng.random(len(cell)), employed, share)


def _rows(cell, year, final, seen, part, values, sign) -> pd.DataFrame:
    """Return one row per group of pupils: where, when they enter, when they finish."""
    table = pd.DataFrame({"cell": cell, "year": year, "final": final, "seen": seen, "part": part})
    for name, value in values.items():
        shown = value if name == "entrants" else np.where(seen, value, 0.0)
        table[name] = sign * shown
    return table
