"""How often a family of outcomes is announced by mistake: ``python -m benchmarks.family 300``.

Twins of the scenario without any effect: in how many of them does at least one outcome stand, one
by one, after Romano and Wolf, after Holm? On twins with an effect: how often each stands. And on
twins whose effect per seat is the same everywhere: how often a difference between groups stands.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.impact import seats
from fpi_eval.impact.family import study_family
from fpi_eval.twin import SMALL, draw

FIRST_SEED, DRAWS = 50_000, 999
COLUMNS = {"p_value": "sans correction", "p_romano_wolf": "Romano–Wolf", "p_holm": "Holm"}
PLACE = Path(__file__).parent / "results" / "family.csv"


def outcomes(n: int, effect: str) -> list[dict]:
    """Return how many null twins have an outcome under 5 %, by correction."""
    hits = dict.fromkeys(COLUMNS, 0)
    for seed in range(FIRST_SEED, FIRST_SEED + n):
        panel = draw(replace(SMALL, fill=0.0), seed).panel
        table = study_family(panel, effect=effect, draws=DRAWS, seed=seed).table
        for name in COLUMNS:
            hits[name] += bool((table[name] <= 0.05).any())
    return [row(f"résultats, {effect.lower()}", COLUMNS[k], v, n) for k, v in hits.items()]


def row(family: str, correction: str, hits: int, n: int) -> dict:
    """Return one line with its Monte Carlo error."""
    share = hits / n
    return {"famille": family, "correction": correction, "jumeaux": n, "fausses_alertes": share,
            "erreur_mc": np.sqrt(share * (1 - share) / n)}  # fmt: skip


def main(n: int) -> pd.DataFrame:
    """Write and return the table."""
    rows = [line for effect in (seats.GROSS, seats.NET) for line in outcomes(n, effect)]
    table = pd.DataFrame(rows)
    table.to_csv(PLACE, index=False, float_format="%.4f")
    return table


if __name__ == "__main__":
    start = time.perf_counter()
    print(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300).to_string(index=False))
    print(f"{time.perf_counter() - start:.0f} s")
