"""Judge every estimator on hundreds of simulated programmes whose truth is known.

Bias, RMSE, coverage of the 95 % interval, and how often zero is rejected (a false alarm where the
truth is zero, the power elsewhere), each with its Monte Carlo error. One draw of a programme is
shared by all estimators. Scenarios take turns, so that a run cut short has judged them all on as
many draws; a run resumes where it stopped, as long as the code judged has not changed. Rows by
seed are published as Parquet beside each table, with the fingerprint of the code.

    python benchmarks/scoreboard.py --workers 2 --until 14:15
    python benchmarks/scoreboard.py --set mondes --outcome terminale --plan 100 --size 0.24
"""

import argparse
import os
import platform
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import runner
from provenance import code_of, record
from runner import read_store, rows_of, today_at
from score_estimators import ESTIMATORS, answers, light_draw, truths
from score_tables import KEYS, RESULTS, between, brief, markdown, summarise

from fpi_eval.twin import SCENARIOS, TwinParameters

#: Seeds that no test nor earlier table has used.
FIRST_SEED = 100_000
NULL_ONE = replace(SCENARIOS["null"], treated_etablissements=1)
ISSUE = (
    "benign", "realistic", "dep_shock", "sel_trend", "null", "few20", "few10",
    "few4", "few1", "null_few1",
)  # fmt: skip
#: What real programmes do and meet, one option at a time, then all together.
WORLDS = (
    "realistic", "null", "lifelike", "lifelike_selected", "region_shock_some",
    "selection_pressure", "other_openings",
    "hors_registre", "closures_cible", "etapes", "displacement_academie", "displacement_region",
    "renovation", "trois_ans_avant", "masques", "lifelike_everything",
)  # fmt: skip
SETS = {"programme": ISSUE, "mondes": WORLDS}
SCORED: dict[str, TwinParameters] = {
    name: NULL_ONE if name == "null_few1" else SCENARIOS[name] for name in (*ISSUE, *WORLDS)
}

#: Rounds: these scenarios, one draw each in turn, to so many draws each; then the next round.
PLAN = ((ISSUE, 100), (tuple(name for name in ISSUE if name != "dep_shock"), 500), (ISSUE, 500))

COLUMNS = (
    "scenario", "outcome", "seed", "estimator", "estimand", "estimate", "std_error", "ci_low",
    "ci_high", "p_value", "truth",
)  # fmt: skip

Run = tuple[str, str, int]
RUN = KEYS[:3]


def one_run(scenario: str, outcome: str, seed: int, size: float = 1.0) -> list[dict]:
    """Return one row per estimator for one simulated programme."""
    p = SCORED[scenario]
    if size != 1.0:
        p = replace(
            p,
            n_cells_region=round(p.n_cells_region * size),
            n_cells_other=round(p.n_cells_other * size),
        )
    panel, truth = light_draw(p, seed, outcome)
    aims = truths(panel, truth, outcome)
    rows = []
    for name, result in answers(panel, outcome).items():
        estimand = ESTIMATORS[name]
        values = (scenario, outcome, seed, name, estimand, *result, aims[estimand])
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def planned(plan: Iterable[tuple[Iterable[str], int]], outcome: str, done: set[Run]) -> list[Run]:
    """Return the runs of a plan not yet done, in order: scenarios take turns within a round."""
    runs = (
        (scenario, outcome, FIRST_SEED + k)
        for names, reps in plan
        for k in range(reps)
        for scenario in names
    )
    return [run for run in dict.fromkeys(runs) if run not in done]


def finished(store: Path) -> set[Run]:
    """Return the runs of the store that have a row for every estimator."""
    if not store.exists():
        return set()
    counts = read_store(store).groupby(RUN)["estimator"]
    return {key for key, names in counts if set(ESTIMATORS) <= set(names)}


def run(
    store: Path,
    todo: list[Run],
    workers: int,
    *,
    until: datetime | None = None,
    size: float = 1.0,
    cluster: str = "",
) -> None:
    """Compute what is missing and append it as it comes; start nothing after ``until``."""
    compute = partial(one_run, size=size)
    runner.run(store, todo, compute, COLUMNS, workers, until=until, cluster=cluster)


def facts(runs: pd.DataFrame, args: argparse.Namespace) -> dict[str, str]:
    """Return what the table says of its run: draws, seeds, code judged, machine, date."""
    draws = runs.groupby("scenario", sort=False)["seed"].nunique()
    span = sorted({int(draws.min()), int(draws.max())})
    counts = " ou ".join(map(str, span))
    return {
        "Tirages par scénario": f"{counts} (plan : {args.plan or PLAN[-1][1]})",
        "Taille": f"{runs['size'].iloc[0]:g} fois 2 500 cellules dans la région, 15 000 ailleurs",
        "Graines": f"{runs['seed'].min()} à {runs['seed'].max()}",
        "Résultat": runs["outcome"].iloc[0],
        "Code jugé": ", ".join(sorted(runs["code"].unique())),
        "Machine": f"{platform.machine()}, {os.cpu_count()} cœurs, Python "
        f"{platform.python_version()}",
        "Date": date.today().isoformat(),
        "Commande": f"`python benchmarks/scoreboard.py --set {args.set} --outcome {args.outcome} "
        f"--size {runs['size'].iloc[0]:g}`",
    }


def _plan(args: argparse.Namespace) -> list[tuple[list[str], int]]:
    names = args.scenarios or SETS[args.set]
    if args.plan is None and args.set == "programme":
        return [([n for n in part if n in names], reps) for part, reps in PLAN]
    return [(list(names), args.plan or PLAN[-1][1])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--plan", type=int, help="tirages de chaque scénario, au lieu du plan")
    parser.add_argument("--set", default="programme", choices=SETS)
    parser.add_argument("--scenarios", nargs="*", choices=[*SCORED])
    parser.add_argument("--outcome", default="diplomes")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--cluster", default="", help="grappe dask, tcp://…, lancée avec PYTHONPATH=benchmarks"
    )
    parser.add_argument("--until", help="heure d'arrêt, HH:MM")
    parser.add_argument("--size", type=float, default=1.0, help="taille relative de la France")
    parser.add_argument("--table", action="store_true", help="écrit le tableau sans rien tirer")
    args = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    code = code_of("scoreboard")
    record(code, "scoreboard")
    store = RESULTS / f"runs_{args.size:g}_{code}.csv"
    todo = [] if args.table else planned(_plan(args), args.outcome, finished(store))
    if todo:
        until = today_at(args.until)
        run(store, todo, args.workers, until=until, size=args.size, cluster=args.cluster)
    main_one = (args.set, args.outcome, args.size) == ("programme", "diplomes", 1.0)
    path = RESULTS / ("scoreboard.md" if main_one else f"scoreboard_{args.set}_{args.outcome}.md")
    runs = rows_of(store, path.with_suffix(".parquet"), RUN, code=code, size=args.size)
    runs = runs.drop_duplicates(KEYS)
    runs = runs[runs["scenario"].isin(SETS[args.set]) & (runs["outcome"] == args.outcome)]
    size = runs["size"].round(6)  # published in seven figures; those made here are the last
    runs = runs[size == size.iloc[-1]]
    table = summarise(runs, [*SETS[args.set]], [*ESTIMATORS])
    path.write_text(markdown(table, facts(runs, args)), encoding="utf-8")
    small = dict.fromkeys(runs.select_dtypes("float64"), "float32")  # seven figures are kept
    runs.astype(small).to_parquet(path.with_suffix(".parquet"), index=False)
    if main_one and not args.scenarios:
        readme = Path(__file__).parents[1] / "README.md"
        text = readme.read_text(encoding="utf-8")
        readme.write_text(between(text, "scoreboard", brief(table)), encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
