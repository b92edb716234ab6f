"""Judge every estimator on hundreds of simulated programmes whose truth is known.

Bias, RMSE, coverage of the 95 % interval, and how often zero is rejected (a false alarm where the
truth is zero, the power elsewhere), each with its Monte Carlo error. One draw of a programme is
shared by all estimators. Scenarios take turns, so that a run cut short has judged them all on as
many draws; a run resumes where it stopped, as long as the code judged has not changed.

    python benchmarks/scoreboard.py --workers 2 --until 14:15
    python benchmarks/scoreboard.py --plan 20 --scenarios realistic null
"""

import argparse
import ast
import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from importlib import import_module
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import runner
from runner import today_at
from score_estimators import ESTIMATORS, answers, light_draw, truths
from score_tables import RESULTS, between, brief, markdown, read_store, summarise

from fpi_eval.twin import SCENARIOS, TwinParameters

#: Seeds that no test nor earlier table has used.
FIRST_SEED = 100_000
NULL_ONE = replace(SCENARIOS["null"], treated_etablissements=1)
ISSUE = (
    "benign", "realistic", "region_shock", "dep_shock", "sel_trend", "null", "few20", "few10",
    "few4", "few1", "null_few1",
)  # fmt: skip
SCORED: dict[str, TwinParameters] = {
    name: NULL_ONE if name == "null_few1" else SCENARIOS[name] for name in ISSUE
}

#: Rounds: these scenarios, one draw each in turn, to so many draws each; then the next round.
PLAN = ((ISSUE, 100), (tuple(name for name in ISSUE if name != "dep_shock"), 500), (ISSUE, 500))

COLUMNS = (
    "scenario", "outcome", "seed", "estimator", "estimand", "estimate", "std_error", "ci_low",
    "ci_high", "p_value", "truth",
)  # fmt: skip
JUDGED = ("twin", "impact", "regression", "panel.cells")
WRITING = "fpi_eval.twin.files.write"  # writes the raw files, which no draw reads
LATE = tuple(
    import_module(f"fpi_eval.impact.{name}") for name in ("few_treated", "placebo_regions")
)  # loaded by J only when it needs them

Run = tuple[str, str, int]


def fingerprint() -> str:
    """Return a short hash of the code judged and of the judge, comments and layout left out.

    Judged are the modules that a draw and its answers load, nothing else of the library.
    """
    heads = tuple(f"fpi_eval.{name}" for name in JUDGED)
    loaded = [m for name, m in sorted(sys.modules.items()) if name.startswith(heads)]
    loaded = [m for m in {*loaded, *LATE} if not m.__name__.startswith(WRITING)]
    files = sorted(Path(module.__file__) for module in loaded)
    files.append(Path(__file__).parent / "score_estimators.py")
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        digest.update(ast.dump(ast.parse(path.read_text(encoding="utf-8"))).encode())
    return digest.hexdigest()[:10]


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
    counts = read_store(store).groupby(["scenario", "outcome", "seed"])["estimator"]
    return {key for key, names in counts if set(ESTIMATORS) <= set(names)}


def run(
    store: Path, todo: list[Run], workers: int, *, until: datetime | None = None, size: float = 1.0
) -> None:
    """Compute what is missing and append it as it comes; start nothing after ``until``."""
    compute = partial(one_run, size=size)
    runner.run(store, todo, compute, COLUMNS, workers, until=until)


def facts(runs: pd.DataFrame, code: str) -> dict[str, str]:
    """Return what the table says of its run: draws, seeds, code judged, machine, date."""
    draws = runs.groupby("scenario", sort=False)["seed"].nunique()
    span = sorted({int(draws.min()), int(draws.max())})
    counts = " ou ".join(map(str, span))
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "Tirages par scénario": f"{counts} (plan : {PLAN[-1][1]})",
        "Graines": f"{runs['seed'].min()} à {runs['seed'].max()}",
        "Résultat": runs["outcome"].iloc[0],
        "Code jugé": f"commit {commit or 'inconnu'}, empreinte {code}",
        "Machine": f"{platform.machine()}, {os.cpu_count()} cœurs, Python "
        f"{platform.python_version()}",
        "Date": date.today().isoformat(),
        "Commande": "`python benchmarks/scoreboard.py --workers 2`",
    }


def _plan(args: argparse.Namespace) -> list[tuple[list[str], int]]:
    rounds = PLAN if args.plan is None else [(ISSUE, args.plan)]
    return [([n for n in names if n in args.scenarios], reps) for names, reps in rounds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--plan", type=int, help="tirages de chaque scénario, au lieu du plan")
    parser.add_argument("--scenarios", nargs="*", default=list(ISSUE), choices=ISSUE)
    parser.add_argument("--outcome", default="diplomes")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--until", help="heure d'arrêt, HH:MM")
    parser.add_argument("--size", type=float, default=1.0, help="taille relative de la France")
    parser.add_argument("--table", action="store_true", help="écrit le tableau sans rien tirer")
    args = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    code = fingerprint()
    store = RESULTS / f"runs_{args.size:g}_{code}.csv"
    todo = [] if args.table else planned(_plan(args), args.outcome, finished(store))
    if todo:
        run(store, todo, args.workers, until=today_at(args.until), size=args.size)
    runs = read_store(store)
    runs = runs[runs["scenario"].isin(args.scenarios) & (runs["outcome"] == args.outcome)]
    table = summarise(runs, [*ISSUE], [*ESTIMATORS])
    path = RESULTS / "scoreboard.md"
    path.write_text(markdown(table, facts(runs, code)), encoding="utf-8")
    if set(args.scenarios) == set(ISSUE) and args.outcome == "diplomes" and args.size == 1.0:
        readme = Path(__file__).parents[1] / "README.md"
        text = readme.read_text(encoding="utf-8")
        readme.write_text(between(text, "scoreboard", brief(table)), encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
