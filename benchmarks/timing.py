"""Measure tasks in this process and write them as one Markdown table: median of five, peak, growth.

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
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

import pandas as pd

RUNS = 5
LIMIT = 30.0  # a task whose first run is longer is measured once more only
HEAD = "tâche | unités × 10 ans | paquet | secondes | croissance | pic (Mo) | mesures | réponse"
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


def measure(run: Callable, frame: pd.DataFrame) -> tuple[float, float, int, tuple]:
    """Return the median time (s) after a first run, the peak (MB), the runs timed, the answer."""
    start = time.perf_counter()
    answer = run(frame)
    wanted = 1 if time.perf_counter() - start > LIMIT else RUNS
    times = []
    for _ in range(wanted):
        start = time.perf_counter()
        run(frame)
        times.append(time.perf_counter() - start)
    rise = grown(run, frame)
    tracemalloc.start()
    run(frame)
    traced = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return median(times), max(traced, rise), wanted, answer


def rows(
    tasks: Tasks,
    sizes: list[int],
    panel: Callable[[int], pd.DataFrame],
    too_long: dict[tuple[str, str], int],
) -> Iterator[str]:
    """Yield one line per task, package and size; growth is the time over that of the size before.

    ``too_long`` gives, by package and task, the largest size worth running.
    """
    frames = {n: panel(n) for n in sizes}
    for task, packages in tasks.items():
        for package, run in packages.items():
            before = None
            for n, frame in frames.items():
                size = f"{n:_}".replace("_", " ")
                line = f"| {task} | {size} | {package} |"
                if n > too_long.get((package, task), n):
                    yield f"{line} trop long, non lancé | | | | |"
                    continue
                try:
                    seconds, peak, runs, answer = measure(run, frame)
                except Exception as error:  # a peer may refuse a task: say so and go on
                    yield f"{line} refusé ({type(error).__name__}) | | | | |"
                    continue
                growth = "" if before is None else f"× {seconds / before:.1f}"
                before = seconds
                shown = ", ".join(f"{float(value):.6f}" for value in answer)
                yield f"{line} {seconds:.3f} | {growth} | {peak:.0f} | {runs} | {shown} |"


def header(title: str, notes: Iterable[str]) -> list[str]:
    """Return title, machine, versions and notes."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("pyfixest", "diff-diff", "numpy"))
    machine = f"{platform.machine()}, {os.cpu_count()} cœurs, Python {platform.python_version()}"
    facts = [f"Machine : {machine} ; {packages}.", f"Date : {date.today().isoformat()}."]
    facts += [
        "Chaque paquet dans le même processus, après un premier tour : médiane de "
        f"{RUNS} mesures (une seule si un tour dépasse {LIMIT:.0f} s).",
        "Croissance : temps rapporté à celui de la taille précédente (× 10 : linéaire).",
        "Pic : le plus grand de la mémoire suivie par Python et de la croissance du processus.",
    ]
    columns = HEAD.split(" | ")
    table = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return [f"# {title}", "", *(f"- {line}" for line in [*facts, *notes]), "", *table]


def main(
    name: str,
    title: str,
    tasks: Tasks,
    panel: Callable[[int], pd.DataFrame],
    *,
    notes: Iterable[str] = (),
    too_long: dict[tuple[str, str], int] | None = None,
) -> None:
    """Measure what the command line asks for; print the table and write it to results/."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000])
    parser.add_argument("--only", default="", help="part of the names of the tasks to run")
    parser.add_argument("--output", type=Path, help="file (default: results, if all is run)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    kept = {task: runs for task, runs in tasks.items() if options.only in task}
    lines = header(title, notes)
    print("\n".join(lines))
    for line in rows(kept, sorted(options.sizes), panel, too_long or {}):
        print(line, flush=True)
        lines.append(line)
    output = options.output
    if output is None and not options.only:
        output = Path(__file__).parent / "results" / f"{name}.md"
    if output is not None:
        output.write_text("\n".join(lines) + "\n", encoding="utf-8")
