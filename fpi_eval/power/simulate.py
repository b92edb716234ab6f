"""The error of J where the register's openings are placed: as many draws as wanted."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import DISPLACEMENT, WEIGHTS, sample
from fpi_eval.impact.j import fit_j, report
from fpi_eval.power.placement import Hosts, Pattern, shifted_years, with_openings

SPREAD = 0.05  # between courses, of the effect per seat: sd of 11 points around 50 %
DRAWS = 24


def simulate(
    rest: pd.DataFrame,
    pat: Pattern,
    outcome: str,
    years: Sequence[int],
    *,
    size: float = 0.0,
    effect: float = 0.0,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the error of J where openings are placed: draw × rentrée × kind of effect.

    Columns: resultat, effet, rentree, tirage, estimate, std_error, ci_low, ci_high; the effect
    added (``effect`` a seat on average) is taken off the estimate and its interval.
    """
    moves = {year: shifted_years(rest, pat, year) for year in years}
    rows = []
    for back in sorted({b for b in moves.values() if b is not None}):
        hosts = Hosts(rest, pat.first - back)
        until = [year for year in years if moves[year] == back]
        for draw in range(draws):
            rng = np.random.default_rng([seed, draw])
            placed = with_openings(rest, hosts.place(pat, size, rng), back)
            for year in until:
                known = placed[placed["rentree"] <= year - back]
                noise = np.random.default_rng([seed, draw, 1])
                rows += _one(known, effect, (outcome, year, draw), noise)
    names = ["resultat", "effet", "rentree", "tirage", "estimate", "std_error", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=names)


def _one(
    panel: pd.DataFrame, effect: float, key: tuple[str, int, int], rng: np.random.Generator
) -> list[tuple]:
    """Return the three effects of J on a panel; nan when no placed seat acts yet."""
    outcome, year, draw = key
    try:
        frame = with_effect(sample(panel, outcome), effect, rng)
        items = report(frame, fit_j(frame))
    except FpiError:  # no seat acts yet, or a course × session effect takes it whole
        return [(outcome, label, year, draw, *[np.nan] * 4) for label in WEIGHTS]
    rows = []
    for e in items:
        off = 0.0 if e.label == DISPLACEMENT else effect
        found = (e.estimate - off, e.std_error, e.ci_low - off, e.ci_high - off)
        rows.append((outcome, e.label, year, draw, *found))
    return rows


def with_effect(frame: pd.DataFrame, effect: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return the estimation frame with pupils added, each seat bringing one with some chance.

    Courses differ (beta law around the effect), and seats are filled one by one (binomial): an
    effect that were the same for every seat would be seen too easily.
    """
    dose = frame["dose"].to_numpy()
    rows = np.flatnonzero(dose > 0)
    if not effect or not len(rows):
        return frame
    code, cells = pd.factorize(frame["cell"].to_numpy()[rows])
    spread = 1 / SPREAD - 1
    chance = rng.beta(effect * spread, (1 - effect) * spread, len(cells))
    y = frame["y"].to_numpy().copy()
    y[rows] += rng.binomial(np.rint(dose[rows]).astype(int), chance[code])
    return frame.assign(y=y)
