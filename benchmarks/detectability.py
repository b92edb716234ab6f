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
from provenance import code_of, record
from runner import by_seed
from scipy import stats

from fpi_eval.impact.jobs.detectability import from_jobs
from fpi_eval.programme import load_programme
from fpi_eval.sources import naf
from fpi_eval.twin import SMALL, draw, simulated

RESULTS = Path(__file__).parent / "results"
(REGION,) = simulated(load_programme()).regions
BEFORE, YEARS, FIRST_SEED = 2023, 3, 7_000
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


def one(seed: int) -> list[dict]:
    """Return what is said of each number of graduates on one draw, and the draw's own change."""
    jobs = industry(seed)
    moved, employment = change(jobs)
    found = {n: from_jobs(jobs, REGION, graduates=n, before=BEFORE, years=YEARS) for n in GRADUATES}
    return [
        {"seed": seed, "graduates": n, "visible": f.visible, "power": f.power, "change": moved,
         "employment": employment}
        for n, f in found.items()
    ]  # fmt: skip


def markdown(rows: pd.DataFrame) -> str:
    """Return the table: true chance of seeing an effect, and what the statements say of it."""
    draws = rows.drop_duplicates("seed")
    spread, employment = draws["change"].std(), draws["employment"].mean()
    limit = stats.norm.ppf(0.975)
    lines = ["# Dit-on bien si un effet pourrait se voir ? (données simulées)", "",
             f"{len(draws)} tirages de la petite France simulée, graines à partir de {FIRST_SEED}, "
             f"code {', '.join(rows['code'].unique())}. Chances vraies : test à 5 % sur "
             f"l'écart, connu ici, entre l'emploi industriel d'Auvergne-Rhône-Alpes et celui des "
             f"autres régions en {YEARS} ans ({100 * spread:.1f} %).", "",
             "| diplômés | chances vraies de voir | chances annoncées (moyenne) | "
             "« ne peut être vu » | juste |", "|---|---|---|---|---|"]  # fmt: skip
    for graduates, part in rows.groupby("graduates"):
        shift = 0.5 * graduates / (spread * employment)
        true = stats.norm.sf(limit - shift) + stats.norm.cdf(-limit - shift)
        blind = (~part["visible"]).mean()
        right = f"{100 * blind:.0f} %" if true < 0.2 else (
            f"{100 * (1 - blind):.0f} %" if true > 0.8 else "entre les deux")  # fmt: skip
        lines.append(f"| {graduates} | {100 * true:.0f} % | {100 * part['power'].mean():.0f} % | "
                     f"{100 * blind:.0f} % | {right} |")  # fmt: skip
    return re.sub(r"(\d)\.(\d)", r"\1,\2", "\n".join(lines)) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reps", type=int, default=100)
    args = parser.parse_args()
    code = code_of("detectability")
    record(code, "detectability")
    seeds = range(FIRST_SEED, FIRST_SEED + args.reps)
    rows = by_seed(RESULTS / "detectability.parquet", code, seeds, one)
    (RESULTS / "detectability.md").write_text(markdown(rows), encoding="utf-8")
    print(markdown(rows))


if __name__ == "__main__":
    main()
