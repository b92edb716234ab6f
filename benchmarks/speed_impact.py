"""Time and memory of the estimators beside pyfixest and diff-diff, in one process.

Usage: python benchmarks/speed_impact.py [N ...]   (units, times 10 years; default 1000 10000)

Prints a Markdown table: median of five runs after a first one, and the peak traced by Python
during one more. A task that needs more than LIMIT seconds is run once more only.
"""

import sys
import time
import tracemalloc
import warnings

import numpy as np
import pandas as pd

from fpi_eval.impact import linear
from fpi_eval.impact.counterfactual import impute, influence
from fpi_eval.inference import wild_cluster

YEARS, RUNS, LIMIT = 10, 5, 20.0
TOO_LONG = {("diff-diff", "bootstrap sauvage, 9 999 tirages, 50 groupes"): 1_000}
LEADS = [m for m in range(-5, 5) if m != -1]
warnings.simplefilter("ignore")


def panel(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"i": np.repeat(np.arange(n), YEARS), "t": np.tile(np.arange(YEARS), n)})
    cohort = rng.choice([0, 4, 5, 6, 7], n, p=[0.6, 0.1, 0.1, 0.1, 0.1])
    frame["g"] = cohort[frame["i"]]
    frame["state"] = frame["i"] % 50
    frame["on"] = (frame["g"] > 0) & (frame["t"] >= frame["g"])
    frame["d"] = ((frame["state"] < 12) & (frame["t"] >= 5)).astype(float)
    shock = rng.normal(size=(50, YEARS))[frame["state"], frame["t"]]
    frame["y"] = rng.normal(size=n)[frame["i"]] + shock + rng.normal(size=len(frame)) + frame["on"]
    rel = np.clip(np.where(frame["g"] > 0, frame["t"] - frame["g"], -1), -5, 4)
    for m in LEADS:
        frame[f"r{m + 5}"] = (rel == m).astype(float)
    return frame


def event_study_ours(frame):
    x = frame[[f"r{m + 5}" for m in LEADS]].to_numpy()
    cell = frame["i"].to_numpy()
    effects = [cell, frame["t"].to_numpy()]
    fit = linear.fit(frame["y"].to_numpy(), x, effects, names=[str(m) for m in LEADS])
    j = fit.position("1")
    return fit.coefficients[j], np.sqrt(fit.covariance(cell)[j, j])


def event_study_pyfixest(frame):
    import pyfixest as pf

    names = " + ".join(f"r{m + 5}" for m in LEADS)
    fit = pf.feols(f"y ~ {names} | i + t", frame, vcov={"CRV1": "i"})
    return fit.coef()["r6"], fit.se()["r6"]


def imputation_ours(frame):
    treated, cell = frame["on"].to_numpy(), frame["i"].to_numpy()
    model = impute(frame["y"].to_numpy(), treated, [cell, frame["t"].to_numpy()])
    v = model.weights((treated / treated.sum())[:, None])
    groups = (frame["g"] * 100 + frame["t"]).to_numpy()
    psi = influence(model, v, np.ones(len(frame)), cell, groups, cell)
    return model.tau[treated].mean(), np.sqrt((psi**2).sum())


def imputation_diff_diff(frame):
    from diff_diff import ImputationDiD

    fit = ImputationDiD().fit(frame, outcome="y", unit="i", time="t", first_treat="g")
    return fit.overall_att, fit.overall_se


def wild_ours(frame):
    effects, state = [frame["i"].to_numpy(), frame["t"].to_numpy()], frame["state"].to_numpy()
    fit = linear.fit(frame["y"].to_numpy(), frame[["d"]].to_numpy(), effects, names=["d"])
    test = wild_cluster(
        fit.y, fit.x[:, 0], fit.x[:, :0], state, n_parameters=fit.n_parameters(state),
        effects=fit.absorber,
    )  # fmt: skip
    return test.t, test.p_value


def wild_diff_diff(frame):
    from diff_diff import TwoWayFixedEffects

    frame = frame.assign(treated=frame["state"] < 12, post=frame["t"] >= 5).astype(
        {"treated": int, "post": int}
    )
    model = TwoWayFixedEffects(cluster="state", inference="wild_bootstrap", n_bootstrap=9999)
    fit = model.fit(frame, outcome="y", treatment="treated", time="post", unit="i")
    return fit.att / fit.se, fit.p_value


TASKS = {
    "étude d'événement, erreurs par unité": {
        "fpi_eval": event_study_ours, "pyfixest": event_study_pyfixest,
    },
    "imputation avec erreurs": {
        "fpi_eval": imputation_ours, "diff-diff": imputation_diff_diff,
    },
    "bootstrap sauvage, 9 999 tirages, 50 groupes": {
        "fpi_eval": wild_ours, "diff-diff": wild_diff_diff,
    },
}  # fmt: skip


def measure(task, frame) -> tuple[float, float, tuple]:
    """Return the median time (s), traced peak (MB) and the answer."""
    start = time.perf_counter()
    answer = task(frame)
    times, first = [], time.perf_counter() - start
    for _ in range(1 if first > LIMIT else RUNS):
        start = time.perf_counter()
        task(frame)
        times.append(time.perf_counter() - start)
    tracemalloc.start()
    task(frame)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return float(np.median(times)), peak, answer


def main(sizes: list[int]) -> None:
    print("| tâche | unités × 10 ans | paquet | temps médian (s) | pic (Mo) | réponse |")
    print("|---|---|---|---|---|---|")
    for n in sizes:
        frame = panel(n)
        for name, packages in TASKS.items():
            for package, task in packages.items():
                if n > TOO_LONG.get((package, name), np.inf):
                    print(f"| {name} | {n} | {package} | trop long, non lancé | | |")
                    continue
                try:
                    seconds, peak, answer = measure(task, frame)
                except Exception as error:  # a peer may refuse a task: say so and go on
                    row = f"refusé ({type(error).__name__}) | |"
                else:
                    shown = ", ".join(f"{float(value):.6f}" for value in answer)
                    row = f"{seconds:.3f} | {peak:.0f} | {shown}"
                print(f"| {name} | {n} | {package} | {row} |", flush=True)


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [1_000, 10_000])
