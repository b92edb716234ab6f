"""Time and memory of Callaway–Sant'Anna with all averages beside diff-diff, as Markdown.

python benchmarks/speed_cs.py 1000 10000 100000    writes benchmarks/results/speed_cs.md
"""

import numpy as np
import pandas as pd
from timing import main

from fpi_eval.impact.callaway_santanna import callaway_santanna

KINDS = ("simple", "group", "dynamic", "calendar")
YEARS = np.arange(2016, 2026)
COHORTS = np.arange(2018, 2025)
TASK = "Callaway–Sant'Anna, toutes les moyennes"
CLUSTERED = f"{TASK}, groupes de 8 unités"
NOTES = (
    "pyfixest n'a pas cet estimateur ; diff-diff n'a pas la moyenne par année, que la "
    "nôtre calcule en plus.",
    "Réponse : effet moyen et son erreur. Bandes simultanées par bootstrap non comprises : ici "
    "comme chez diff-diff, elles ne sont tirées que si on les demande.",
)


def simulated(n: int, seed: int = 0) -> pd.DataFrame:
    """Return n units × 10 years, half never treated, seven cohorts, clusters of eight units."""
    rng = np.random.default_rng(seed)
    cohort = rng.choice([np.nan, *COHORTS], size=n, p=[0.51] + [0.07] * 7)
    unit, year = np.repeat(np.arange(n), len(YEARS)), np.tile(YEARS, n)
    y = rng.normal(size=n)[unit] + rng.normal(size=len(unit)) + (year >= cohort[unit])
    frame = pd.DataFrame({"cell": unit, "time": year, "y": y, "cohort": cohort[unit]})
    frame["group"] = unit // 8
    frame["g"] = frame["cohort"].fillna(0).astype(int)
    return frame


def ours(frame: pd.DataFrame, cluster: str | None = None) -> tuple[float, float]:
    effects = callaway_santanna(frame, cluster=cluster)
    averages = {kind: effects.aggregate(kind) for kind in KINDS}
    return averages["simple"].overall, averages["simple"].overall_std_error


def diff_diff(frame: pd.DataFrame, cluster: str | None = None) -> tuple[float, float]:
    import diff_diff

    found = diff_diff.CallawaySantAnna(cluster=cluster, estimation_method="reg").fit(
        frame, outcome="y", unit="cell", time="time", first_treat="g"
    )
    for level in ("event_study", "group"):
        found.aggregate(level)
    return found.overall_att, found.overall_se


TASKS = {
    TASK: {"fpi_eval": ours, "diff-diff": diff_diff},
    CLUSTERED: {
        "fpi_eval": lambda frame: ours(frame, "group"),
        "diff-diff": lambda frame: diff_diff(frame, "group"),
    },
}

if __name__ == "__main__":
    main("speed_cs", "Vitesse : Callaway–Sant'Anna", TASKS, simulated, notes=NOTES)
