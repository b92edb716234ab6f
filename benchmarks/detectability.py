"""Is the detectability statement right? Judge it on jobs of simulated programmes.

    python benchmarks/detectability.py --reps 60

The true chance of seeing an effect comes from the spread, over all draws, of the change that a
programme would have to be told from; the statement of each draw uses its own years before the
programme only. The table goes to benchmarks/results/detectability.md.
"""

import argparse
import re
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from fpi_eval.impact.jobs.detectability import from_jobs
from fpi_eval.programme import load_programme
from fpi_eval.sources import naf
from fpi_eval.twin import SMALL, draw, simulated

RESULTS = Path(__file__).parent / "results"
(REGION,) = simulated(load_programme()).regions
BEFORE, YEARS = 2023, 3
GRADUATES = (600, 9_000, 50_000, 150_000, 300_000, 600_000, 1_500_000)


def industry(seed: int) -> pd.DataFrame:
    """Return industrial jobs of one draw, in the columns of the Urssaf panel, without effect."""
    jobs = draw(SMALL, seed).jobs
    jobs = jobs[naf.industry(jobs["na38"])]
    return jobs.assign(
        secteur=jobs["na38"], code_zone=jobs["zone_emploi"],
        emplois=jobs["effectifs"] - jobs["effet"],
    )  # fmt: skip


def change(jobs: pd.DataFrame) -> tuple[float, float]:
    """Return the region's log growth minus the others' mean from BEFORE on, and its jobs then."""
    totals = jobs.pivot_table(index="annee", columns="code_region", values="emplois", aggfunc="sum")
    growth = np.log(totals.loc[BEFORE + YEARS] / totals.loc[BEFORE])
    return float(growth[REGION] - growth.drop(REGION).mean()), float(totals.loc[BEFORE, REGION])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reps", type=int, default=100)
    args = parser.parse_args()
    said, moves = [], []
    for seed in range(7_000, 7_000 + args.reps):
        jobs = industry(seed)
        moves.append(change(jobs))
        for graduates in GRADUATES:
            found = from_jobs(jobs, REGION, graduates=graduates, before=BEFORE, years=YEARS)
            said.append((graduates, found.visible, found.power))
    table = pd.DataFrame(said, columns=["graduates", "visible", "power"])
    spread = np.std([m for m, _ in moves], ddof=1)
    employment = np.mean([e for _, e in moves])
    limit = stats.norm.ppf(0.975)
    lines = ["# Dit-on bien si un effet pourrait se voir ? (données simulées)", "",
             f"{args.reps} tirages de la petite France simulée. Chances vraies : test à 5 % sur "
             f"l'écart, connu ici, entre l'emploi industriel d'Auvergne-Rhône-Alpes et celui des "
             f"autres régions en {YEARS} ans ({100 * spread:.1f} %).", "",
             "| diplômés | chances vraies de voir | chances annoncées (moyenne) | "
             "« ne peut être vu » | juste |", "|---|---|---|---|---|"]  # fmt: skip
    for graduates, rows in table.groupby("graduates"):
        shift = 0.5 * graduates / (spread * employment)
        true = stats.norm.sf(limit - shift) + stats.norm.cdf(-limit - shift)
        blind = (~rows["visible"]).mean()
        right = f"{100 * blind:.0f} %" if true < 0.2 else (
            f"{100 * (1 - blind):.0f} %" if true > 0.8 else "entre les deux")  # fmt: skip
        lines.append(f"| {graduates} | {100 * true:.0f} % | {100 * rows['power'].mean():.0f} % | "
                     f"{100 * blind:.0f} % | {right} |")  # fmt: skip
    text = re.sub(r"(\d)\.(\d)", r"\1,\2", "\n".join(lines)) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "detectability.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
