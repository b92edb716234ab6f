"""Measure tasks in this process, packages in turn: medians of five, peak, growth, as Markdown.

The peak is the larger of what Python's allocator traces and of what the process grows by: compiled
libraries allocate on their own, and freed memory is reused without growing.
"""

import argparse
import gc
import os
import platform
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median

import pandas as pd
from provenance import code_of, record

RUNS = 5
LIMIT = 30.0  # a task whose first run is longer is measured once more only
HEAD = (
    "tâche | unités | paquet | secondes | de processeur | croissance | pic (Mo) | mesures | réponse"
)
HERE = Path(__file__).parent
COLUMNS = [
    "code", "tache", "unites", "paquet", "secondes", "processeur", "pic", "mesures", "dit",
]  # fmt: skip
STATM = Path("/proc/self/statm")

#: task → package → function of the frame, which returns the numbers to compare.
Tasks = dict[str, dict[str, Callable[[pd.DataFrame], tuple[float, ...]]]]


def resident() -> int:
    """Return the bytes the process holds, 0 where the system does not say."""
    if not STATM.exists():
        return 0
    return int(STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def grown(run: Callable, frame: pd.DataFrame) -> float:
    """Return the megabytes by which the process grows at most during one run."""
    gc.collect()
    start = most = resident()
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.002):
            most = max(most, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run(frame)
        most = max(most, resident())
    finally:
        done.set()
        watcher.join()
    return (most - start) / 1e6


def measured(
    packages: dict[str, Callable], frame: pd.DataFrame, limit: float = LIMIT
) -> dict[str, tuple | str]:
    """Return by package seconds, processor seconds, peak (MB), runs and answer, or its refusal.

    After a first run of each, packages take turns: what else the machine does falls on all alike.
    """
    found: dict[str, tuple | str] = {}
    answers, wanted = {}, {}
    for package, run in packages.items():
        start = time.perf_counter()
        try:
            answers[package] = run(frame)
        except Exception as error:  # a peer may refuse a task: say so and go on
            found[package] = f"refusé ({type(error).__name__})"
            continue
        wanted[package] = 1 if time.perf_counter() - start > limit else RUNS
    spent: dict[str, list[tuple[float, float]]] = {package: [] for package in answers}
    for turn in range(RUNS):
        for package in (one for one in answers if turn < wanted[one]):
            start, busy = time.perf_counter(), time.process_time()
            packages[package](frame)
            spent[package].append((time.perf_counter() - start, time.process_time() - busy))
    for package, answer in answers.items():
        rise = grown(packages[package], frame)
        tracemalloc.start()
        packages[package](frame)
        traced = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        wall, busy = (median(one) for one in zip(*spent[package], strict=True))
        found[package] = (wall, busy, max(traced, rise), wanted[package], answer)
    return {package: found[package] for package in packages}


def rows(
    tasks: Tasks,
    sizes: dict[str, list[int]],
    panels: dict[str, Callable[[int], pd.DataFrame]],
    too_long: dict[tuple[str, str], int],
) -> Iterator[dict[str, object]]:
    """Yield one row per task, size and package.

    ``too_long`` gives, by package and task, the largest size worth running.
    """
    for task, packages in tasks.items():
        for n in sizes[task]:
            able = {p: run for p, run in packages.items() if n <= too_long.get((p, task), n)}
            found = measured(able, panels[task](n))
            for package in packages:
                row: dict[str, object] = {"tache": task, "unites": n, "paquet": package}
                one = found.get(package, "trop long, non lancé")
                if isinstance(one, str):
                    yield row | {"dit": one}
                    continue
                shown = ", ".join(f"{float(value):.6f}" for value in one[4])
                names = ("secondes", "processeur", "pic", "mesures")
                yield row | dict(zip(names, one[:4], strict=True)) | {"dit": shown}


def line(row: pd.Series, before: float | None) -> str:
    """Return a row of the table; growth is the processor time over that of the size before."""
    units = f"{row['unites']:_}".replace("_", " ")
    start = f"| {row['tache']} | {units} | {row['paquet']} |"
    if pd.isna(row["secondes"]):
        return f"{start} {row['dit']} | | | | | |"
    growth = "" if before is None else f"× {row['processeur'] / before:.1f}"
    times = f"{row['secondes']:.3f} | {row['processeur']:.3f} | {growth}"
    return f"{start} {times} | {row['pic']:.0f} | {row['mesures']:.0f} | {row['dit']} |"


def markdown(title: str, notes: Iterable[str], kept: pd.DataFrame) -> str:
    """Return title, machine, versions, notes and table."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("pyfixest", "diff-diff", "numpy"))
    machine = f"{platform.machine()}, {os.cpu_count()} cœurs, Python {platform.python_version()}"
    facts = [
        f"Machine : {machine} ; {packages}.",
        f"Code : {', '.join(kept['code'].unique())}.",
        "Chaque paquet dans le même processus, à tour de rôle, après un premier tour : médiane de "
        f"{RUNS} mesures (une seule si un tour dépasse {LIMIT:.0f} s). Les secondes de processeur "
        "ne comptent pas ce que d'autres programmes de la machine prennent.",
        "Croissance : temps de processeur rapporté à celui de la taille précédente.",
        "Pic : le plus grand de la mémoire suivie par Python et de la croissance du processus.",
    ]
    columns = HEAD.split(" | ")
    table = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for _, own in kept.groupby(["tache", "paquet"], sort=False):
        before = None
        for _, row in own.sort_values("unites", kind="stable").iterrows():
            table.append(line(row, before))
            before = None if pd.isna(row["processeur"]) else row["processeur"]
    said = [f"- {one}" for one in [*facts, *notes]]
    return "\n".join([f"# {title}", "", *said, "", *table, ""])


def main(
    name: str,
    title: str,
    tasks: Tasks,
    panel: Callable[[int], pd.DataFrame],
    *,
    notes: Iterable[str] = (),
    too_long: dict[tuple[str, str], int] | None = None,
    sizes: dict[str, list[int]] | None = None,
    panels: dict[str, Callable[[int], pd.DataFrame]] | None = None,
) -> None:
    """Measure what the command line asks for; rows are kept, and the same code goes on from there.

    ``sizes`` and ``panels`` are those of tasks that have their own.
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--only", default="", help="part of the names of the tasks to run")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    where = HERE / "results" / f"{name}.parquet"
    code = code_of(name)
    record(code, name)
    kept = pd.read_parquet(where) if where.exists() else pd.DataFrame({"code": []})
    kept = kept[kept["code"] == code]
    asked = {task: (sizes or {}).get(task, sorted(options.sizes)) for task in tasks}
    made = {task: (panels or {}).get(task, panel) for task in tasks}
    for task in (one for one in tasks if options.only in one):
        known = set(kept.loc[kept["tache"] == task, "unites"]) if len(kept) else set()
        left = [n for n in asked[task] if n not in known]
        for row in rows({task: tasks[task]}, {task: left}, made, too_long or {}):
            columns = pd.DataFrame([{"code": code} | row], columns=COLUMNS)
            kept = pd.concat([kept, columns]) if len(kept) else columns
            print(line(kept.iloc[-1], None), flush=True)
        kept.to_parquet(where, index=False)
        path = HERE / "results" / f"{name}.md"
        path.write_text(markdown(title, notes, kept), encoding="utf-8")
