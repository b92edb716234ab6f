"""Time and memory of Callaway–Sant'Anna and Sun–Abraham beside other packages, as Markdown.

python benchmarks/speed_cs.py 1000 10000 100000 > benchmarks/results/speed_cs.md

Medians after a first run. Peak memory is what Python's allocator traces: arrays of compiled
libraries that allocate on their own are not seen.
"""

import argparse
import sys
import time
import tracemalloc
import warnings
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from fpi_eval.impact.callaway_santanna import callaway_santanna
from fpi_eval.impact.sun_abraham import sun_abraham

KINDS = ("simple", "group", "dynamic", "calendar")
YEARS = np.arange(2016, 2026)
COHORTS = np.arange(2018, 2025)


def simulated(n: int, seed: int = 0) -> pd.DataFrame:
    """Return n units × 10 years, half never treated, seven cohorts, clusters of eight units."""
    rng = np.random.default_rng(seed)
    cohort = rng.choice([np.nan, *COHORTS], size=n, p=[0.51] + [0.07] * 7)
    unit, year = np.repeat(np.arange(n), len(YEARS)), np.tile(YEARS, n)
    y = rng.normal(size=n)[unit] + rng.normal(size=len(unit)) + (year >= cohort[unit])
    frame = pd.DataFrame({"cell": unit, "time": year, "y": y, "cohort": cohort[unit]})
    frame["group"] = unit // 8
    frame["g"] = frame["cohort"].fillna(0).astype(int)
    frame["rel"] = (frame["time"] - frame["cohort"]).fillna(-1).astype(int)
    return frame


def ours_cs(frame: pd.DataFrame) -> float:
    effects = callaway_santanna(frame, cluster="group")
    averages = {kind: effects.aggregate(kind) for kind in KINDS}
    return averages["simple"].overall


def diff_diff_cs(frame: pd.DataFrame) -> float:
    import diff_diff

    found = diff_diff.CallawaySantAnna(cluster="group", estimation_method="reg").fit(
        frame, outcome="y", unit="cell", time="time", first_treat="g"
    )
    for level in ("event_study", "group"):
        found.aggregate(level)
    return found.overall_att


def ours_sa(frame: pd.DataFrame) -> float:
    effects = sun_abraham(frame, cluster="group")
    dynamic = effects.aggregate("dynamic")
    return dynamic.att[dynamic.label == 0][0]


def pyfixest_sa(frame: pd.DataFrame) -> float:
    import pyfixest

    found = pyfixest.event_study(
        frame, "y", "cell", "time", "g", cluster="group", estimator="saturated"
    )
    return float(found.aggregate()["Estimate"].loc[0.0])


def diff_diff_sa(frame: pd.DataFrame) -> float:
    import diff_diff

    found = diff_diff.SunAbraham(cluster="group").fit(
        frame, outcome="y", unit="cell", time="time", first_treat="g"
    )
    return found.event_study_effects[0]["effect"]


TASKS = {
    "Callaway–Sant'Anna, all averages": {"fpi_eval": ours_cs, "diff-diff": diff_diff_cs},
    "Sun–Abraham": {"fpi_eval": ours_sa, "pyfixest": pyfixest_sa, "diff-diff": diff_diff_sa},
}


def timed(run, frame: pd.DataFrame, repeats: int) -> tuple[float, float, float, float]:
    """Return median wall and processor seconds after a first run, peak megabytes, the answer."""
    answer = run(frame)
    wall, processor = [], []
    for _ in range(repeats):
        start, begin = time.perf_counter(), time.process_time()
        run(frame)
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - begin)
    tracemalloc.start()
    run(frame)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return median(wall), median(processor), peak, answer


def main() -> None:
    """Print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| task | units × 10 years | package | seconds | processor s | peak MB | answer |")
    print("|---|---|---|---|---|---|---|")
    for task, packages in TASKS.items():
        for n in options.sizes:
            frame = simulated(n)
            for name, run in packages.items():
                wall, processor, peak, answer = timed(run, frame, options.repeats)
                row = f"| {task} | {n:,} | {name} | {wall:.3f} | {processor:.3f} | {peak:.0f} |"
                print(f"{row} {answer:.6f} |")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
