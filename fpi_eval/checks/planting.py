"""One fake programme: sites, seats, drift and effect put in an untouched panel, then J on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.checks.donors import Donor
from fpi_eval.checks.drawing import Openings
from fpi_eval.impact.few_treated import said, wild_design
from fpi_eval.impact.frame import GROSS, NET, SEATS, WEIGHTS
from fpi_eval.impact.j import combination, design
from fpi_eval.impact.uncertainty import (
    CR3,
    Candidate,
    ChosenInterval,
    Clusters,
    error,
    opposite,
)
from fpi_eval.regression import choose, linear
from fpi_eval.regression.linear import LinearFit
from fpi_eval.regression.wild import FEWER_DRAWS, WildDesign


@dataclass(frozen=True, slots=True, eq=False)
class Fake:
    """Seats of a fake programme on the rows of J, and what neighbours are exposed to."""

    cell: np.ndarray
    dose: np.ndarray
    etab: np.ndarray
    dep: np.ndarray
    reach: tuple[float, ...]


def seats_of(
    donor: Donor,
    openings: Openings,
    chosen: np.ndarray,
    level: Sequence[float] = (1.0, 1.0),
) -> Fake:
    """Return the programme in the chosen cells: each path acts at the same times as the real one.

    Exposures are those of `panel.cells.exposures`: shares of the group's seats in proportion of
    size among its cells that open none; ``level`` is what the real run's `impact.frame.level` is.
    """
    cells, years = donor.cells, donor.years
    on = np.flatnonzero(chosen >= 0)
    cell, lag = chosen[on], cells["lag"].to_numpy()
    at = years[None, :] + lag[cell][:, None] + donor.shift - openings.times[0]
    last = openings.paths.shape[1] - 1
    path = openings.paths[on][np.arange(len(on))[:, None], np.clip(at, 0, last)]
    seats = np.zeros((len(cells), len(years)))
    seats[cell] = np.where(at >= 0, path, 0.0)
    free = cells["size"].to_numpy() * ~np.isin(np.arange(len(cells)), cell)
    inside = donor.entry >= 0
    rows = {"dose": np.where(inside, seats[donor.row, donor.entry], 0.0)}
    for group in ("etab", "dep"):
        code = cells[group].to_numpy()
        total = np.zeros((code.max() + 1, len(years)))
        np.add.at(total, code[cell], seats[cell])
        mass = np.bincount(code, free)
        share = np.divide(free, mass[code], out=np.zeros(len(free)), where=mass[code] > 0)
        near = share[donor.row] * total[code[donor.row], donor.entry]
        rows[group] = np.where(inside, near, 0.0)
    opened, used = rows["dose"].sum(), donor.used
    worth = np.array(level)[:, None].repeat(len(donor.row), axis=1)
    worth[:, used] = 1.0
    etab, dep = (
        (rows[g] * w).sum() / opened if opened else float(rows[g].any())
        for g, w in zip(("etab", "dep"), worth, strict=True)
    )
    opened_there = {k: rows[k][used] for k in ("dose", "etab", "dep")}
    return Fake(cell=donor.row[used], **opened_there, reach=(etab, dep))


@dataclass(frozen=True, slots=True)
class PlantedTruth:
    """What is planted: effect per seat, displacement coefficients, drift a year, ramp-up by age."""

    effect: float
    kappa: tuple[float, float]
    drift: float
    ramp: Sequence[float]


def outcome_of(
    donor: Donor, fake: Fake, truth: PlantedTruth, rng: np.random.Generator
) -> tuple[np.ndarray, float, float]:
    """Return the outcome with the fake programme, and its true gross and net effect per seat.

    Everything is whole pupils: those who come are binomial in the seats, those who leave are drawn
    among those there; a drift adds or takes pupils of the opened sites in proportion, every year.
    """
    y = donor.y.copy()
    on = fake.dose != 0
    sited = np.isin(fake.cell, np.unique(fake.cell[on]))
    middle = donor.time[sited & ~on].mean() if (sited & ~on).any() else donor.time.mean()
    moved = _drifted(y[sited], truth.drift * (donor.time[sited] - middle), rng)
    y[sited] += moved
    came = _come(fake, donor.time, on, truth, rng, y)
    y[on] += came
    near = truth.kappa[0] * fake.etab + truth.kappa[1] * fake.dep
    lost = (near < 0) & (y > 0) & ~on
    y[lost] -= rng.binomial(y[lost].astype(int), np.clip(-near[lost] / y[lost], 0, 1))
    gross = float((np.sign(fake.dose[on]) * came).sum() / np.abs(fake.dose[on]).sum())
    net = gross + truth.kappa[0] * fake.reach[0] + truth.kappa[1] * fake.reach[1]
    return y, gross, net


def _drifted(y: np.ndarray, path: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    chance = np.clip(np.abs(np.expm1(path)), 0.0, 1.0)
    return np.sign(path) * rng.binomial(np.maximum(y, 0).astype(int), chance)


def _come(fake, time, on, truth: PlantedTruth, rng, y) -> np.ndarray:
    """Return pupils who come to opened seats (who leave closed ones), one binomial a row."""
    if truth.effect == 0 or not on.any():
        return np.zeros(int(on.sum()))
    first = np.full(fake.cell.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, fake.cell[on], time[on])
    age = np.clip(time[on] - first[fake.cell[on]], 0, len(truth.ramp) - 1)
    ramp, size = np.asarray(truth.ramp)[age], np.abs(fake.dose[on])
    chance = np.abs(truth.effect) * ramp / np.average(ramp, weights=size)
    found = rng.binomial(np.rint(size).astype(int), np.clip(chance, 0, 1)).astype(float)
    sign = np.sign(truth.effect) * np.sign(fake.dose[on])
    return np.maximum(sign * found, -np.maximum(y[on], 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class PlantedDesign:
    """J's regressors of a fake programme, net of effects: they serve any outcome."""

    names: tuple[str, ...]
    raw: np.ndarray
    net: np.ndarray
    clusters: Clusters


def design_of(donor: Donor, fake: Fake, etab: np.ndarray, dep: np.ndarray) -> PlantedDesign:
    """Return regressors then instruments of `impact.j.design`, net of effects."""
    near = {"exposure_etab": fake.etab, "exposure_dep": fake.dep}
    rows = {"cell": fake.cell, "size": donor.n, "dose": fake.dose, "other_dose": donor.other}
    names, x, z = design(pd.DataFrame({**rows, **near}))
    raw = np.column_stack([*x, *z])
    on = fake.dose != 0
    clusters = Clusters.counted(etab, dep, on, *opposite(on, ~on, donor.effects[1]))
    return PlantedDesign(names, raw, donor.absorber.residualize(raw), clusters)


def run_j(
    donor: Donor,
    design: PlantedDesign,
    fake: Fake,
    outcomes: Sequence[np.ndarray],
    factor: Sequence[Candidate],
) -> list[dict[str, tuple[float, ChosenInterval]]]:
    """Return, by outcome, J's gross and net effect with intervals by the real run's rules."""
    y, weights = np.column_stack(outcomes), donor.absorber.weights
    net = donor.net[:, None] + donor.absorber.residualize((y - donor.y[:, None]) / donor.n[:, None])
    long, lengths = (
        linear.lengths(y / donor.n[:, None], weights),
        linear.lengths(design.raw, weights),
    )
    fits = [
        linear.solved(
            np.column_stack([net[:, k], design.net]),
            np.r_[long[k], lengths],
            design.names,
            donor.absorber,
            donor.effects,
            np.ones(len(y), dtype=bool),
            two_stages=True,
        )
        for k in range(len(outcomes))
    ]
    at = fits[0].position(SEATS)
    few = choose(design.clusters.n_treated_etab).key == "wild"
    # the level is as exact with 1,999 draws: alpha times (draws + 1) is whole
    wild = wild_design(fits[0], at, design.clusters, draws=FEWER_DRAWS) if few else None
    return [_read(fit, design.clusters, fake.reach, factor, wild) for fit in fits]


def _read(
    fit: LinearFit, clusters: Clusters, reach, factor: Sequence[Candidate], wild: WildDesign | None
) -> dict[str, tuple[float, ChosenInterval]]:
    by_etab, by_dep = (fit.jackknife(c) for c in (clusters.etab, clusters.dep))
    found = {}
    for label in (GROSS, NET):
        w = combination(fit, np.multiply(WEIGHTS[label], (1.0, *reach)))
        value, std_error = float(w @ fit.coefficients), error(by_etab @ w)
        if label == GROSS and wild:
            found[label] = (value, said(wild.test(fit.y), std_error, clusters))
            continue
        also = [Candidate(c.name, c.std_error * std_error, c.df) for c in factor]
        also = also if label == GROSS else []
        interval, _ = clusters.interval(value, by_etab @ w, by_dep @ w, CR3, also)
        found[label] = (value, interval)
    return found
