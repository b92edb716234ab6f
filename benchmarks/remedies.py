"""What a declaration mends: hidden counts known to be small, neighbours as far as the académie.

Run: ``python benchmarks/remedies.py --tirages 40``, then ``--bilan``.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from provenance import code_of, record
from runner import by_seed
from score_estimators import light_draw, truths

from fpi_eval import impact
from fpi_eval.results import Estimates
from fpi_eval.twin import SCENARIOS, TwinParameters

STORE = Path(__file__).parent / "results" / "remedies.parquet"
FIRST_SEED = 900_100
OUTCOME = "diplomes"
AIMS = {impact.GROSS: "theta_suivies", impact.NET: "net"}
MASKED, FAR = SCENARIOS["masques"], SCENARIOS["displacement_academie"]


def small(p: TwinParameters) -> TwinParameters:
    """Return the same world, a quarter of its cells."""
    return replace(p, n_cells_region=600, n_cells_other=3_600)


def answers(seed: int) -> Iterator[tuple[str, str, dict[str, float], Estimates]]:
    """Give the world, what is declared, the truth and the estimates."""
    panel, truth = light_draw(small(MASKED), seed, OUTCOME)
    aims = truths(panel, truth, OUTCOME)
    whole, _ = light_draw(small(replace(MASKED, masques=0)), seed, OUTCOME)
    yield "masques", "rien n'est masqué", aims, impact.j(whole, OUTCOME)
    yield "masques", "J sur ce qui est montré", aims, impact.j(panel, OUTCOME)
    yield "masques", "J, effectifs masqués", aims, impact.masked(panel, OUTCOME).effects
    panel, truth = light_draw(small(FAR), seed, OUTCOME, area="code_academie")
    aims = truths(panel, truth, OUTCOME)
    near = panel.drop(columns="voisinage")
    yield "académie", "voisinage : département", aims, impact.j(near, OUTCOME)
    yield "académie", "voisinage : académie", aims, impact.j(panel, OUTCOME)


def draw(seed: int) -> list[dict]:
    """Return a row per world, declaration and effect."""
    return [
        {"monde": world, "declare": declared, "effet": label, "seed": seed, "verite": aims[aim],
         "estime": found[label].estimate, "erreur": found[label].std_error,
         "bas": found[label].ci_low, "haut": found[label].ci_high}
        for world, declared, aims, found in answers(seed) for label, aim in AIMS.items()
    ]  # fmt: skip


def report(rows: pd.DataFrame) -> pd.DataFrame:
    """Return bias and coverage, with their Monte Carlo errors."""
    off = rows["estime"] - rows["verite"]
    held = (rows["bas"] <= rows["verite"]) & (rows["verite"] <= rows["haut"])
    groups = rows.assign(off=off, held=held.astype(float)).groupby(
        ["monde", "effet", "declare"], sort=False
    )
    table = groups.agg(
        tirages=("seed", "size"), verite=("verite", "mean"), biais=("off", "mean"),
        ecart_type=("off", "std"), erreur=("erreur", "mean"), couverture=("held", "mean"),
    )  # fmt: skip
    n, share = table["tirages"], table["couverture"]
    return table.assign(
        mc_biais=table["ecart_type"] / np.sqrt(n), mc_couverture=np.sqrt(share * (1 - share) / n)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tirages", type=int, default=40)
    parser.add_argument("--bilan", action="store_true")
    asked = parser.parse_args()
    if not asked.bilan:
        code = code_of("remedies")
        record(code, "remedies")
        by_seed(STORE, code, range(FIRST_SEED, FIRST_SEED + asked.tirages), draw)
    kept = pd.read_parquet(STORE)
    print(*kept["code"].unique(), report(kept).round(3).to_string(), sep="\n")


if __name__ == "__main__":
    main()
