"""What a declaration mends: hidden counts known to be small, far neighbours, shocks of regions.

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
from fpi_eval.results import Estimate
from fpi_eval.twin import SCENARIOS, TwinParameters

STORE = Path(__file__).parent / "results" / "remedies.parquet"
FIRST_SEED = 900_100
OUTCOME = "diplomes"
AIMS = {impact.GROSS: "theta_suivies", impact.NET: "net"}
MASKED, FAR = SCENARIOS["masques"], SCENARIOS["displacement_academie"]
REGIONAL = SCENARIOS["realistic"]


def small(p: TwinParameters) -> TwinParameters:
    """Return the same world, a quarter of its cells."""
    return replace(p, n_cells_region=600, n_cells_other=3_600)


def answers(seed: int) -> Iterator[tuple[str, str, str, float, Estimate]]:
    """Give the world, what is declared, the effect, its truth and its estimate."""
    panel, truth = light_draw(small(MASKED), seed, OUTCOME)
    whole, _ = light_draw(small(replace(MASKED, masques=0)), seed, OUTCOME)
    aims = truths(panel, truth, OUTCOME)
    for declared, found in (
        ("rien n'est masqué", impact.j(whole, OUTCOME)),
        ("J sur ce qui est montré", impact.j(panel, OUTCOME)),
        ("J, effectifs masqués", impact.masked(panel, OUTCOME).effects),
    ):
        yield from (
            ("masques", declared, label, aims[aim], found[label]) for label, aim in AIMS.items()
        )
    panel, truth = light_draw(small(FAR), seed, OUTCOME, area="code_academie")
    aims = truths(panel, truth, OUTCOME)
    for declared, table in (
        ("voisinage : département", panel.drop(columns="voisinage")),
        ("voisinage : académie", panel),
    ):
        found = impact.j(table, OUTCOME)
        yield from (
            ("académie", declared, label, aims[aim], found[label]) for label, aim in AIMS.items()
        )
    panel, truth = light_draw(small(REGIONAL), seed, OUTCOME)
    aim = truths(panel, truth, OUTCOME)["theta_suivies"]
    for name, estimator in (
        ("imputation", impact.imputation),
        ("intertemporel", impact.intertemporal),
    ):
        for regions in (False, True):
            declared = f"{name}, {'avec' if regions else 'sans'} effets de région"
            yield (
                "régions",
                declared,
                impact.GROSS,
                aim,
                estimator(panel, OUTCOME, region_effects=regions),
            )


def draw(seed: int) -> list[dict]:
    """Return a row per world, declaration and effect."""
    return [
        {"monde": world, "declare": declared, "effet": label, "seed": seed, "verite": aim,
         "estime": found.estimate, "erreur": found.std_error,
         "bas": found.ci_low, "haut": found.ci_high}
        for world, declared, label, aim, found in answers(seed)
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
