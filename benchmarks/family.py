"""How often a family of outcomes is announced by mistake: ``python -m benchmarks.family 300``.

Twins without any effect: in how many of them does at least one outcome stand, one by one, after
Romano and Wolf, after Holm? Twins whose effect per seat is the same everywhere: in how many does
a difference between groups stand?
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.groups.heterogeneity import heterogeneity
from fpi_eval.impact.outcomes import study_family
from fpi_eval.twin import DEFAULT, SMALL, draw

FIRST_SEED, DRAWS = 50_000, 999
# Seats fill alike everywhere and displace nobody: entrants per seat are the same in every group.
ALIKE = replace(DEFAULT, n_cells_region=300, n_cells_other=900)
HEAD = """# Fausses alertes d'une famille

Jumeaux sans effet (résultats) ou à l'effet partout le même (découpages), petite taille, {n}
graines à partir de 50 000, 999 tirages : part des jumeaux où au moins une valeur p passe sous 5 %.
`python -m benchmarks.family {n}`.

"""
COLUMNS = {"p_value": "sans correction", "p_romano_wolf": "Romano–Wolf", "p_holm": "Holm"}
PLACE = Path(__file__).parent / "results" / "family.md"


def outcomes(n: int, effect: str) -> list[dict]:
    """Return how many null twins have an outcome under 5 %, by correction."""
    hits = dict.fromkeys(COLUMNS, 0)
    for seed in range(FIRST_SEED, FIRST_SEED + n):
        panel = draw(replace(SMALL, fill=0.0), seed).panel
        table = study_family(panel, effect=effect, draws=DRAWS, seed=seed).table
        for name in COLUMNS:
            hits[name] += bool((table[name] <= 0.05).any())
    return [row(f"résultats, {effect.lower()}", COLUMNS[k], v, n) for k, v in hits.items()]


def groups(n: int) -> list[dict]:
    """Return how many twins where every seat counts alike have a difference under 5 %."""
    hits = dict.fromkeys(COLUMNS, 0)
    for seed in range(FIRST_SEED, FIRST_SEED + n):
        panel = draw(ALIKE, seed).panel
        tests = heterogeneity(panel, "entrants", draws=DRAWS, seed=seed).tests
        for name in COLUMNS:
            hits[name] += bool((tests[name] <= 0.05).any())
    return [row("découpages, effet brut par place", COLUMNS[k], v, n) for k, v in hits.items()]


def row(family: str, correction: str, hits: int, n: int) -> dict:
    """Return one line with its Monte Carlo error."""
    share = hits / n
    return {"famille": family, "correction": correction, "jumeaux": n, "fausses_alertes": share,
            "erreur_mc": np.sqrt(share * (1 - share) / n)}  # fmt: skip


def main(n: int) -> pd.DataFrame:
    """Write and return the table."""
    rows = [line for effect in (GROSS, NET) for line in outcomes(n, effect)]
    table = pd.DataFrame(rows + groups(n))
    lines = ["| " + " | ".join(table) + " |", "|" + "---|" * table.shape[1]]
    lines += ["| " + " | ".join(_shown(v) for v in r) + " |" for r in table.itertuples(index=False)]
    PLACE.write_text(HEAD.format(n=n) + "\n".join(lines) + "\n", encoding="utf-8")
    return table


def _shown(value: object) -> str:
    return text.pourcent(value) if isinstance(value, float) else str(value)


if __name__ == "__main__":
    start = time.perf_counter()
    print(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300).to_string(index=False))
    print(f"{time.perf_counter() - start:.0f} s")
