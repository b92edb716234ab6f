"""How often a family of outcomes is announced by mistake: ``python benchmarks/family.py 300``.

Twins without any effect: in how many of them does at least one outcome stand, one by one, after
Romano and Wolf, after Holm? Twins whose effect per seat is the same everywhere: in how many does
a difference between groups stand?
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from provenance import code_of, record
from runner import by_seed

from fpi_eval import text
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.groups.heterogeneity import heterogeneity
from fpi_eval.impact.outcomes import study_family
from fpi_eval.twin import DEFAULT, SMALL, draw

FIRST_SEED, DRAWS = 50_000, 999
# Seats fill alike everywhere and displace nobody: entrants per seat are the same in every group.
ALIKE = replace(DEFAULT, n_cells_region=300, n_cells_other=900)
GROUPS = "découpages, effet brut par place"
FAMILIES = {f"résultats, {effect.lower()}": effect for effect in (GROSS, NET)} | {GROUPS: ""}
HEAD = """# Fausses alertes d'une famille

Jumeaux sans effet (résultats) ou à l'effet partout le même (découpages), petite taille, {n}
graines à partir de 50 000, 999 tirages : part des jumeaux où au moins une valeur p passe sous 5 %.
`python benchmarks/family.py {n}` ; code {code} ; lignes par graine dans `family.parquet`.

| famille | correction | jumeaux | fausses alertes | erreur de Monte-Carlo |
|---|---|---|---|---|
"""
COLUMNS = {"p_value": "sans correction", "p_romano_wolf": "Romano–Wolf", "p_holm": "Holm"}
PLACE = Path(__file__).parent / "results" / "family.md"


def one(family: str, seed: int) -> dict:
    """Return whether one twin of a family has a p-value under 5 %, by correction."""
    if family == GROUPS:
        found = heterogeneity(draw(ALIKE, seed).panel, "entrants", draws=DRAWS, seed=seed).tests
    else:
        panel = draw(replace(SMALL, fill=0.0), seed).panel
        found = study_family(panel, effect=FAMILIES[family], draws=DRAWS, seed=seed).table
    hits = {name: bool((found[name] <= 0.05).any()) for name in COLUMNS}
    return {"famille": family, "seed": seed, **hits}


def markdown(rows: pd.DataFrame) -> str:
    """Return the table: how many twins have a false finding, by family and correction."""
    lines = [HEAD.format(n=rows["seed"].nunique(), code=", ".join(rows["code"].unique()))]
    for family, part in rows.groupby("famille", sort=False):
        for name, words in COLUMNS.items():
            share, n = part[name].mean(), len(part)
            shown = text.pourcent(share), text.pourcent(np.sqrt(share * (1 - share) / n))
            lines.append(f"| {family} | {words} | {n} | {' | '.join(shown)} |\n")
    return "".join(lines)


def main(n: int) -> None:
    """Write rows and table; twins already judged by this code are not drawn again."""
    code = code_of("family")
    record(code, "family")
    seeds = range(FIRST_SEED, FIRST_SEED + n)
    rows = by_seed(
        PLACE.with_suffix(".parquet"), code, seeds,
        lambda seed: [one(family, seed) for family in FAMILIES],
    )  # fmt: skip
    PLACE.write_text(markdown(rows), encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
