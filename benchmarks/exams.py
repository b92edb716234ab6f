"""How often the exam effects' 95 % interval holds the truth, by the territories that opened seats.

Invented panels of each mesh's own shape: specialities × territories (académies, départements) or
one count a territory (départements, lycées), binomial graduates, growth of each territory's own.
Run by hand: ``python benchmarks/exams.py --reps 200``.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import provenance
from runner import by_seed

from fpi_eval.impact.jobs.exams import exam_effects

SESSIONS, CANDIDATES, SUCCESS, DRAWS = range(2018, 2024), 0.8, 0.82, 200
SHAPES = {
    "académie × spécialité": (30, 20, 40.0, 13),
    "département × spécialité": (96, 20, 15.0, 13),
    "département, toutes spécialités": (96, 1, 900.0, 13),
    "lycée, toutes spécialités": (600, 1, 90.0, 13),
}
TREATED = (2, 3, 5, 8)
RESULT = Path(__file__).parent / "results" / "exams.md"
TEXT = """# Effet des places sur les diplômés, par maille d'examen (tableaux inventés)

Part des intervalles à 95 % qui contiennent la vérité, selon le nombre de territoires où des places
ont ouvert, ± une erreur de Monte-Carlo. Chaque territoire a sa propre pente, chaque région ses
années. Sous cinq départements, le rapport ne donne pas l'estimation toutes spécialités : elle n'est
ici que pour comparer.

- Graines : à partir de 0
- Code jugé : empreinte {code}

| maille | territoires | tirages | candidats | diplômés |
|---|---|---|---|---|
"""


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


def held(name: str, treated: int, seed: int) -> dict:
    """Return whether the interval of each outcome of one panel holds the truth."""
    truth = {"presents": CANDIDATES, "diplomes": CANDIDATES * SUCCESS}
    found = exam_effects(panel(SHAPES[name], treated, seed))
    inside = {
        e.outcome: e.ci_low <= truth[e.outcome] <= e.ci_high for e in found if e.outcome in truth
    }
    return {"maille": name, "territoires": treated, "seed": seed, **inside}


def table(rows: pd.DataFrame) -> str:
    """Return the table of coverage: one row a mesh and a number of territories that opened."""
    lines = []
    for (name, treated), part in rows.groupby(["maille", "territoires"], sort=False):
        shares = part[["presents", "diplomes"]].astype(float).mean()
        cells = [f"{100 * p:.0f} % ± {100 * np.sqrt(p * (1 - p) / len(part)):.0f}" for p in shares]
        lines.append(f"| {name} | {treated} | {len(part)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Write the rows and the table, with the fingerprint of the code that made them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reps", type=int, default=DRAWS)
    draws = parser.parse_args().reps
    code = provenance.code_of("exams")
    provenance.record(code, "exams")
    rows = by_seed(
        RESULT.with_suffix(".parquet"), code, range(draws),
        lambda seed: [held(name, treated, seed) for name in SHAPES for treated in TREATED],
    )  # fmt: skip
    RESULT.write_text(f"{TEXT.format(code=code)}{table(rows)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
