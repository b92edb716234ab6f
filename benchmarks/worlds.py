"""A second family of simulated programmes, written apart from the twin, to judge what it tuned.

Another functional form: pupils fill a share of places that saturates (logistic in demand), demand
of a cell wanders (autoregressive, heavy tails) under a yearly noise, effects differ from site to
site, regions differ in size. Violations are switches of `World`.

Moments aimed at, those of real lycées of 50 to 100 pupils (`dynamics`):
spread of the yearly change of final-year pupils .12, variance over three years 2.4 times that over
one.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

YEARS = np.arange(2011, 2029)
SHOWN = 2014
FIRST = 2021  # first rentrée of opening
WAVES, SHARES = (2021, 2022, 2023), (0.4, 0.35, 0.25)
DOSES = (6, 8, 12, 15, 24)
RAMP = (0.7, 0.9, 1.0)


@dataclass(frozen=True)
class World:
    """Size of the country and of the programme, and what violates the method's assumptions.

    ``sites``: establishments that open; ``memory``, ``shock``: of the cells' demand, on the logit
    scale; ``noise``: yearly, log; ``drift_sd``: spread of the cells' own trends a year;
    ``selection_drift``, ``selection_pressure``: log-odds of opening per standard deviation of the
    cell's trend, of its demand the year before; ``stops``: the trend of opened cells ends when they
    open; ``anticipation``: extra entrants per seat the year before; ``site_shock``: lasting log
    shock of demand in opened cells at their very opening; ``false_register``: share of declared
    openings that did not take place.
    """

    regions: int = 13
    schools: int = 620
    sites: int = 40
    fill: float = 0.78
    displacement: float = 0.12
    drift_sd: float = 0.010
    memory: float = 0.9
    shock: float = 0.55
    noise: float = 0.12
    region_sd: float = 0.04
    selection_drift: float = 0.0
    selection_pressure: float = 0.0
    stops: bool = False
    anticipation: float = 0.0
    site_shock: float = 0.0
    false_register: float = 0.0


CLEAN = World()
WORLDS = {
    "propre": CLEAN,
    "sans effet": replace(CLEAN, fill=0.0),
    "30 établissements": replace(CLEAN, sites=30),
    "chocs de région": replace(CLEAN, region_sd=0.10),
    "sélection sur la tendance": replace(CLEAN, drift_sd=0.03, selection_drift=1.5),
    "croissance qui s'arrête": replace(CLEAN, drift_sd=0.03, selection_drift=1.5, stops=True),
    "sélection sur la demande": replace(CLEAN, selection_pressure=1.5),
    "anticipation": replace(CLEAN, anticipation=0.20),
    "choc à l'ouverture": replace(CLEAN, site_shock=0.30),
    "registre faux": replace(CLEAN, false_register=0.20),
    "tendance, un tiers": replace(CLEAN, drift_sd=0.03, selection_drift=0.5),
    "tendance, deux tiers": replace(CLEAN, drift_sd=0.03, selection_drift=1.0),
}


@dataclass(frozen=True)
class Drawn:
    """A cell panel and what the programme really changed in it, per seat × session."""

    panel: pd.DataFrame
    theta: float
    net: float


def draw(w: World, seed: int) -> Drawn:
    """Return the panel of a seed, and the true gross and net effect on graduates."""
    rng = np.random.default_rng([seed, 77])
    cells = _cells(w, rng)
    n, t = len(cells), len(YEARS)
    own = w.drift_sd * rng.standard_t(6, n) / np.sqrt(1.5)
    wander = _wander(w, n, rng)
    z = cells["base"].to_numpy()[:, None] + _shared(w, cells, rng) + wander
    z = z + 4 * own[:, None] * (YEARS - 2018)  # a logistic of slope 1/4 at most
    openings = _openings(w, cells, own, z, rng)
    seats, real = _in_force(openings, n)
    opened = (seats > 0).any(axis=1)
    first = np.where(opened, YEARS[(seats > 0).argmax(axis=1)], 9999)
    after = np.maximum(YEARS[None, :] - first[:, None], 0)
    if w.stops:
        z = z - 4 * own[:, None] * after
    z = z + w.site_shock * (YEARS[None, :] >= first[:, None])
    capacity = cells["capacity"].to_numpy()[:, None]
    mean = capacity * 1.05 / (1 + np.exp(-z))
    noise = w.noise * rng.standard_t(5, mean.shape) / np.sqrt(5 / 3)
    entrants = np.rint(np.clip(mean * np.exp(noise), 0, 1.4 * capacity))
    keep = rng.beta(30, 4, n)
    success = np.clip(0.82 + 0.03 * rng.standard_normal((cells["course"].nunique(), t)), 0.5, 0.98)
    success = success[cells["course"].to_numpy()]
    lag = cells["duree"].to_numpy() - 1
    final = rng.binomial(_lagged(entrants, lag).astype(int), keep[:, None])
    graduates = rng.binomial(final, success)
    came, gone = _pupils(w, cells, real, entrants, opened, rng)
    came_final = rng.binomial(_lagged(came, lag).astype(int), keep[:, None])
    came_grad = rng.binomial(came_final, 0.96 * success)
    gone_final = np.minimum(rng.binomial(_lagged(gone, lag).astype(int), keep[:, None]), final)
    gone_grad = np.minimum(rng.binomial(gone_final, success), graduates)
    counts = {
        "entrants": entrants + came - gone, "terminale": final + came_final - gone_final,
        "diplomes": graduates + came_grad - gone_grad,
    }  # fmt: skip
    counts["places"] = np.rint(capacity + 0 * z + seats)
    counts["voeux_1"] = np.rint(capacity * np.exp(0.7 * z - 0.3))
    shown = YEARS >= SHOWN
    dose = _lagged(seats, lag)[:, shown].sum()
    theta = came_grad[:, shown].sum() / dose
    net = theta - gone_grad[:, shown].sum() / dose
    return Drawn(_table(cells, seats, counts, shown), float(theta), float(net))


def _cells(w: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return one row per cell: 40 courses, of which 16 targeted in 6 families."""
    size = np.r_[1.6, rng.uniform(0.4, 1.4, w.regions - 1)]
    region = rng.choice(w.regions, w.schools, p=size / size.sum())
    rows = []
    for school, r in enumerate(region):
        dep = r * 100 + rng.integers(0, 4 + int(5 * size[r]))
        for course in rng.choice(40, size=min(2 + rng.poisson(3), 9), replace=False):
            rows.append((school, r, dep, course))
    cells = pd.DataFrame(rows, columns=["uai", "code_region", "code_departement", "course"])
    n = len(cells)
    course = cells["course"]
    cells["famille"] = np.where(course < 16, course % 6, 6 + course % 5)
    cells["cible"] = course < 16
    cells["duree"] = np.array([1, 2, 2, 3])[course % 4]
    cells["niveau"] = np.where(course % 3 == 0, "superieur", "secondaire")
    cells["capacity"] = np.clip(rng.lognormal(3.1, 0.35, n), 8, 60).round()
    cells["base"] = rng.normal(0.9, 0.7, n)
    return cells


def _wander(w: World, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return demand shocks of the cells: autoregressive, Student's t with 4 degrees of freedom."""
    steps = w.shock * rng.standard_t(4, (n, len(YEARS))) / np.sqrt(2)
    out = np.zeros_like(steps)
    out[:, 0] = steps[:, 0] / np.sqrt(1 - w.memory**2)
    for k in range(1, len(YEARS)):
        out[:, k] = w.memory * out[:, k - 1] + steps[:, k]
    return out


def _shared(w: World, cells: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return shocks of courses (walks) and of regions and départements (autoregressive)."""
    total = np.zeros((len(cells), len(YEARS)))
    for name, sd in (("course", 0.08), ("code_region", w.region_sd), ("code_departement", 0.05)):
        code = pd.factorize(cells[name])[0]
        steps = sd * rng.standard_normal((code.max() + 1, len(YEARS)))
        total += np.cumsum(steps, axis=1)[code] * (1.0 if name == "course" else 0.7)
    return total


def _openings(w: World, cells, own, z, rng) -> pd.DataFrame:
    """Return openings: cell, rentree, seats, and whether they took place."""
    before = z[:, np.flatnonzero(YEARS == FIRST - 1)[0]]
    score = w.selection_drift * own / own.std()
    score = score + w.selection_pressure * (before - before.mean()) / before.std()
    pool = cells.assign(score=score)[(cells["code_region"] == 0) & cells["cible"]]
    pool["score"] += rng.gumbel(size=len(pool))
    order = pool.sort_values("score", ascending=False, kind="stable")
    schools = order["uai"].drop_duplicates().iloc[: w.sites]
    chosen = order[order["uai"].isin(schools)]
    rank = chosen.groupby("uai").cumcount()
    chosen = chosen[(rank == 0) | ((rank == 1) & (rng.random(len(chosen)) < 0.6))]
    k = len(chosen)
    return pd.DataFrame(
        {"cell": chosen.index, "rentree": rng.choice(WAVES, k, p=SHARES),
         "seats": rng.choice(DOSES, k), "real": rng.random(k) >= w.false_register}
    )  # fmt: skip


def _in_force(openings: pd.DataFrame, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return declared and real seats in force, cells × years."""
    seats = np.zeros((n, len(YEARS)))
    on = openings["rentree"].to_numpy()[:, None] <= YEARS
    seats[openings["cell"]] = on * openings["seats"].to_numpy()[:, None]
    real = np.zeros_like(seats)
    real[openings["cell"]] = seats[openings["cell"]] * openings["real"].to_numpy()[:, None]
    return seats, real


def _pupils(w: World, cells, real, entrants, opened, rng) -> tuple[np.ndarray, np.ndarray]:
    """Return entrants who come for the seats, and those whom neighbours lose, cells × years."""
    n, t = real.shape
    first = np.where(real.any(axis=1), (real > 0).argmax(axis=1), t)
    age = np.arange(t)[None, :] - first[:, None]
    ramp = np.asarray(RAMP)[np.clip(age, 0, len(RAMP) - 1)]
    site = rng.beta(8 * w.fill + 1e-6, 8 * (1 - w.fill), n) if w.fill else np.zeros(n)
    came = rng.binomial(real.astype(int), np.clip(site[:, None] * ramp, 0, 1)).astype(float)
    if w.anticipation:
        last = real[:, -1].astype(int)
        rows = np.flatnonzero((first > 0) & (first < t))
        came[rows, first[rows] - 1] = rng.binomial(last[rows], w.anticipation)
    gone = np.zeros_like(came)
    zone = cells["code_departement"].astype(str) + "|" + cells["famille"].astype(str)
    for key in (cells["uai"], zone):
        code = pd.factorize(key)[0]
        flow, mass = (np.zeros((code.max() + 1, t)) for _ in range(2))
        np.add.at(flow, code, came)
        np.add.at(mass, code, np.where(opened[:, None], 0.0, entrants))
        rate = np.divide(w.displacement * flow, mass, out=np.zeros_like(flow), where=mass > 0)
        gone += rng.binomial((entrants * ~opened[:, None]).astype(int), np.clip(rate[code], 0, 0.4))
    return came, np.minimum(gone, entrants)


def _lagged(values: np.ndarray, lag: np.ndarray) -> np.ndarray:
    """Return entry-year values at the final year."""
    out = np.zeros_like(values)
    for d in np.unique(lag):
        rows = lag == d
        out[rows, d:] = values[rows, : values.shape[1] - d]
    return out


def _table(cells, seats, counts, shown) -> pd.DataFrame:
    k = int(shown.sum())
    row = np.repeat(np.arange(len(cells)), k)
    table = cells.drop(columns=["cible", "capacity", "base"]).iloc[row].reset_index(drop=True)
    table.insert(0, "cell", row)
    return table.assign(
        code_academie=table["code_region"], voie="scolaire", nouvelle=False, autres_places=0.0,
        filiere=np.where(cells["cible"].to_numpy()[row], "visée", "autre"),
        rentree=np.tile(YEARS[shown], len(cells)), seats=seats[:, shown].ravel(),
        **{name: values[:, shown].ravel().astype(float) for name, values in counts.items()},
    )  # fmt: skip
