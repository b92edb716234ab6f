"""Judge every estimator on hundreds of simulated programmes whose truth is known.

Bias, RMSE, coverage of the 95 % interval, and how often zero is rejected (a false alarm where the
truth is zero, the power elsewhere), each with its Monte Carlo error. Runs resume: what is already
in ``benchmarks/results/runs_*.csv`` is not computed again.

    python benchmarks/scoreboard.py --reps 500 --workers 2
    python benchmarks/scoreboard.py --reps 20 --scenarios realistic null
"""

import argparse
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from rich.progress import Progress
from scipy.stats import t as student

from fpi_eval.twin import SCENARIOS, draw

RESULTS = Path(__file__).parent / "results"
FIRST_SEED = 1_000
COLUMNS = (
    "scenario", "outcome", "seed", "estimator", "estimand", "estimate", "std_error", "ci_low",
    "ci_high", "truth",
)  # fmt: skip

Result = tuple[float, float, float, float]


def lagged(panel: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return the targeted courses with the outcome ``y`` and the seats that can move it, ``dose``.

    Final-year outcomes of rentrée y depend on the seats in force at y − duree + 1.
    """
    table = panel[panel["filiere"] != "autre"].reset_index(drop=True)
    years = table["rentree"].nunique()
    seats = table["seats"].to_numpy().reshape(-1, years)
    duree = table["duree"].to_numpy().reshape(-1, years)[:, 0]
    dose = seats.copy()
    if outcome not in ("entrants", "voeux_1", "places"):
        for d in np.unique(duree[duree > 1]):
            rows = duree == d
            dose[rows] = np.pad(seats[rows], ((0, 0), (d - 1, 0)))[:, :years]
    return table.assign(y=table[outcome], dose=dose.ravel(), time=table["rentree"])


def naive_before_after(frame: pd.DataFrame) -> Result:
    """Return the rise per seat of the opened cells, after minus before, no comparison."""
    ever = frame.groupby("cell")["dose"].transform("max") > 0
    rows = frame[ever]
    opened = rows["dose"] > 0
    before = rows["y"].where(~opened).groupby(rows["cell"]).transform("mean")
    gain = (rows["y"] - before)[opened]
    sums = pd.DataFrame({"gain": gain, "seats": rows["dose"][opened], "uai": rows["uai"][opened]})
    by_site = sums.groupby("uai").sum()
    theta = by_site["gain"].sum() / by_site["seats"].sum()
    score = by_site["gain"] - theta * by_site["seats"]
    count = len(by_site)
    spread = np.sqrt((score**2).sum() * count / max(count - 1, 1)) / by_site["seats"].sum()
    return _interval(theta, spread, count - 1)


def twfe_dose(frame: pd.DataFrame) -> Result:
    """Return the coefficient of seats with cell and rentrée effects (weights large openings)."""
    return _within(frame, frame["time"].astype(str), "dose")


def twfe_binary(frame: pd.DataFrame) -> Result:
    """Return the coefficient of "has opened seats" with cell and rentrée effects, per seat."""
    mean = frame["dose"][frame["dose"] > 0].mean()
    return tuple(value / mean for value in _within(frame, frame["time"].astype(str), "opened"))


def dose_course_session(frame: pd.DataFrame) -> Result:
    """Return the coefficient of seats with cell and course × rentrée effects."""
    return _within(frame, frame["course"] + frame["time"].astype(str), "dose")


def wald_course_session(frame: pd.DataFrame) -> Result:
    """Return seats instrumented by "has opened seats": every seat weighs the same."""
    return _within(frame, frame["course"] + frame["time"].astype(str), "dose", "opened")


def _within(frame: pd.DataFrame, period: pd.Series, x: str, z: str | None = None) -> Result:
    """Return the (instrumented) slope after absorbing cells and periods, clustered by UAI.

    The panel is balanced within each course, so that one pass of means absorbs both exactly.
    """
    frame = frame.assign(opened=(frame["dose"] > 0).astype(float))
    rows = frame.loc[:, ["y", x, *([z] if z and z != x else [])]]
    cell, time = frame["cell"].to_numpy(), pd.factorize(period)[0]
    # Courses balance separately: the grand mean is that of the rows sharing the same periods.
    if period.nunique() == frame["time"].nunique():
        block = np.zeros(len(frame), dtype=int)
    else:
        block = pd.factorize(frame["course"])[0]
    clean = rows - rows.groupby(cell).transform("mean") - rows.groupby(time).transform("mean")
    clean = clean + rows.groupby(block).transform("mean")
    instrument = clean[z or x].to_numpy()
    bread = instrument @ clean[x].to_numpy()
    slope = instrument @ clean["y"].to_numpy() / bread
    error = clean["y"].to_numpy() - slope * clean[x].to_numpy()
    score = pd.Series(instrument * error).groupby(frame["uai"].to_numpy()).sum()
    groups = len(score)
    # Cell effects are nested in the cluster and not counted; period effects are.
    size, used = len(frame), time.max() + 1
    factor = groups / (groups - 1) * (size - 1) / (size - used - 1)
    return _interval(slope, np.sqrt(factor * (score**2).sum()) / abs(bread), groups - 1)


def _interval(estimate: float, std_error: float, degrees: int) -> Result:
    margin = student.ppf(0.975, max(degrees, 1)) * std_error
    return float(estimate), float(std_error), float(estimate - margin), float(estimate + margin)


#: Name → (estimator, estimand of the truth it is judged against).
ESTIMATORS: dict[str, tuple[Callable[[pd.DataFrame], Result], str]] = {
    "avant/après naïf": (naive_before_after, "theta"),
    "deux effets fixes, dose": (twfe_dose, "theta"),
    "deux effets fixes, oui/non": (twfe_binary, "theta"),
    "dose, formation × session": (dose_course_session, "theta"),
    "Wald, formation × session": (wald_course_session, "theta"),
}


def one_run(scenario: str, outcome: str, seed: int, size: float) -> list[dict]:
    """Return one row per estimator for one simulated programme."""
    p = SCENARIOS[scenario]
    if size != 1.0:
        p = replace(
            p,
            n_cells_aura=round(p.n_cells_aura * size),
            n_cells_other=round(p.n_cells_other * size),
        )
    twin = draw(p, seed)
    truth = twin.truth.per_seat(outcome)
    frame = lagged(twin.panel, outcome)
    rows = []
    for name, (estimator, estimand) in ESTIMATORS.items():
        values = (scenario, outcome, seed, name, estimand, *estimator(frame), truth[estimand])
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def missing_runs(store: Path, scenarios: list[str], outcome: str, reps: int) -> Iterator[tuple]:
    """Yield (scenario, outcome, seed) not yet done by every estimator."""
    done: set[tuple] = set()
    if store.exists():
        counts = read_store(store).groupby(["scenario", "outcome", "seed"])["estimator"]
        done = {key for key, names in counts if set(ESTIMATORS) <= set(names)}
    for scenario in scenarios:
        for seed in range(FIRST_SEED, FIRST_SEED + reps):
            if (scenario, outcome, seed) not in done:
                yield scenario, outcome, seed


def read_store(store: Path) -> pd.DataFrame:
    """Return the rows already computed; ``null`` is a scenario, not a missing value."""
    return pd.read_csv(store, keep_default_na=False, na_values=[""])


def run(store: Path, todo: list[tuple], workers: int, size: float) -> None:
    """Compute what is missing, two programmes at a time, and append it as it comes."""
    context = get_context("spawn")
    with Progress() as progress, ProcessPoolExecutor(workers, mp_context=context) as pool:
        task = progress.add_task("programmes simulés", total=len(todo))
        futures = [pool.submit(one_run, *key, size) for key in todo]
        for future in as_completed(futures):
            rows = pd.DataFrame(future.result(), columns=list(COLUMNS))
            rows.to_csv(store, mode="a", header=not store.exists(), index=False)
            progress.advance(task)


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Return bias, RMSE, coverage, rejection of zero, with Monte Carlo standard errors."""
    runs = runs.drop_duplicates(["scenario", "outcome", "seed", "estimator"], keep="last")
    rank = {name: k for k, name in enumerate((*SCENARIOS, *ESTIMATORS))}
    runs = runs.sort_values(["scenario", "estimator", "seed"], key=lambda s: s.map(rank).fillna(s))
    error = runs["estimate"] - runs["truth"]
    table = runs.assign(
        error=error,
        square=error**2,
        covered=(runs["ci_low"] <= runs["truth"]) & (runs["truth"] <= runs["ci_high"]),
        rejected=(runs["ci_low"] > 0) | (runs["ci_high"] < 0),
    )
    groups = table.groupby(["outcome", "scenario", "estimator"], sort=False)
    out = groups.agg(
        n=("seed", "size"),
        truth=("truth", "mean"),
        bias=("error", "mean"),
        sd=("error", "std"),
        mean_square=("square", "mean"),
        se=("std_error", "mean"),
        coverage=("covered", "mean"),
        rejection=("rejected", "mean"),
    ).reset_index()
    out["bias_mc"] = out["sd"] / np.sqrt(out["n"])
    out["rmse"] = np.sqrt(out["mean_square"])
    # Delta method: sd(error²) / (2 RMSE √n).
    out["rmse_mc"] = groups["square"].std().to_numpy() / (2 * out["rmse"] * np.sqrt(out["n"]))
    for name in ("coverage", "rejection"):
        out[f"{name}_mc"] = np.sqrt(out[name] * (1 - out[name]) / out["n"])
    return out.drop(columns="mean_square")


def markdown(table: pd.DataFrame) -> str:
    """Return the scoreboard as Markdown, one table a scenario, numbers as in French reports."""
    lines = ["# Tableau d'honneur des estimateurs (données simulées)", ""]
    lines += [
        "Effet par place, comparé à l'effet vrai du même tirage. ± : erreur de Monte-Carlo.",
        "Rejet de zéro : fausse alarme si la vérité est nulle, puissance sinon.",
        "",
    ]
    for (outcome, scenario), rows in table.groupby(["outcome", "scenario"], sort=False):
        truth, n = rows["truth"].mean(), int(rows["n"].min())
        lines += [f"## {scenario} · {outcome} · vérité {truth:.3f} · {n} programmes", ""]
        lines += ["| estimateur | biais | EQM (racine) | couverture à 95 % | rejet de zéro |"]
        lines += ["|---|---|---|---|---|"]
        for row in rows.itertuples():
            lines.append(
                f"| {row.estimator} | {row.bias:+.3f} ± {row.bias_mc:.3f} "
                f"| {row.rmse:.3f} ± {row.rmse_mc:.3f} "
                f"| {100 * row.coverage:.0f} % ± {100 * row.coverage_mc:.0f} "
                f"| {100 * row.rejection:.0f} % ± {100 * row.rejection_mc:.0f} |"
            )
        lines.append("")
    return re.sub(r"(\d)\.(\d)", r"\1,\2", "\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reps", type=int, default=500)
    parser.add_argument("--scenarios", nargs="*", default=list(SCENARIOS), choices=list(SCENARIOS))
    parser.add_argument("--outcome", default="diplomes")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--size", type=float, default=1.0, help="taille relative de la France")
    args = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    store = RESULTS / f"runs_{args.size:g}.csv"
    todo = list(missing_runs(store, args.scenarios, args.outcome, args.reps))
    if todo:
        run(store, todo, args.workers, args.size)
    runs = read_store(store)
    table = summarise(runs[runs["scenario"].isin(args.scenarios)])
    path = RESULTS / "scoreboard.md"
    path.write_text(markdown(table), encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
