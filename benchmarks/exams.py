"""How often the exam effects' 95 % interval holds the truth, by the territories that opened seats.

Invented panels of each mesh's own shape: specialities × territories (académies, départements) or
one count a territory (départements, lycées), binomial graduates, growth of each territory's own.
Run by hand: ``python benchmarks/exams.py``.
"""

import numpy as np
import pandas as pd

from fpi_eval.impact.jobs.exams import exam_effects

SESSIONS, CANDIDATES, SUCCESS, DRAWS = range(2018, 2024), 0.8, 0.82, 200
SHAPES = {
    "académie × spécialité": (30, 20, 40.0, 13),
    "département × spécialité": (96, 20, 15.0, 13),
    "département, toutes spécialités": (96, 1, 900.0, 13),
    "lycée, toutes spécialités": (600, 1, 90.0, 13),
}


def panel(shape: tuple[int, int, float, int], treated: int, seed: int) -> pd.DataFrame:
    """Return one panel: sizes, regional shocks, drifts, seats in the first territories."""
    territories, courses, size, regions = shape
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(range(territories), range(courses), SESSIONS, indexing="ij"), -1)
    t, c, year = grid.reshape(-1, 3).T
    base = size * rng.lognormal(0, 0.5, (territories, courses))[t, c]
    drift = rng.normal(0, 0.02, territories)[t] * (year - SESSIONS[0])
    shock = rng.normal(0, 0.03, (regions, 6))[t % regions, year - SESSIONS[0]]
    seats = 12.0 * ((t < treated) & (c == 0) & (year >= 2022))
    sat = rng.poisson(base * np.exp(drift + shock)) + rng.binomial(seats.astype(int), CANDIDATES)
    passed = rng.binomial(sat, SUCCESS)
    return pd.DataFrame(
        {"maille": "m", "cell": t * courses + c, "territoire": t.astype(str),
         "code_region": (t % regions).astype(str), "course": c.astype(str), "filiere": "f",
         "rentree": year, "presents": sat.astype(float), "diplomes": passed.astype(float),
         "seats": seats}
    )  # fmt: skip


def coverage(shape: tuple[int, int, float, int], treated: int, draws: int = DRAWS) -> pd.Series:
    """Return the share of intervals that hold the truth, candidates and graduates."""
    truth = {"presents": CANDIDATES, "diplomes": CANDIDATES * SUCCESS}
    held = [
        {e.outcome: e.ci_low <= truth[e.outcome] <= e.ci_high for e in found if e.outcome in truth}
        for seed in range(draws)
        for found in [exam_effects(panel(shape, treated, seed))]
    ]
    return pd.DataFrame(held).mean()


def main() -> None:
    """Print one row a mesh and a number of territories."""
    for name, shape in SHAPES.items():
        for treated in (2, 3, 5, 8):
            print(name, treated, coverage(shape, treated).round(3).to_dict(), flush=True)


if __name__ == "__main__":
    main()
