"""Time a yearly report against papermill and nbconvert, and against its bare cells, alternated.

``python benchmarks/speed_run.py --reps 3`` (each repetition takes some four minutes on two quiet
cores); ``--many 4 3`` makes the reports of four programmes for three years, on two workers of one
core each, then on one. Each measure is wall seconds, then processor seconds of all its processes;
the table ends with the load.
"""

import argparse
import ctypes
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import nbformat
from IPython.core.interactiveshell import InteractiveShell

from fpi_eval.cluster import SHARE
from fpi_eval.programme import PROJECT
from fpi_eval.report.runner.execution import environment, processes
from fpi_eval.report.runner.forks import needed
from fpi_eval.store import forget

RENTREE = "2026"
COMMAND = str(Path(sys.executable).with_name("fpi-eval"))
SUBREAPER = 36  # linux/prctl.h: what outlives its parent is waited for here, and counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--many", nargs=2, type=int, metavar=("PROGRAMMES", "YEARS"))
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory(prefix="mesure_") as name, environment():
        root = Path(name)
        shutil.copytree(PROJECT / "data", root / "data")
        shutil.copytree(PROJECT / "notebooks", root / "notebooks")
        measures = many(root, *options.many) if options.many else one(root)
        for task, wall, cpu in alternated(measures, 1 if options.many else options.reps):
            print(f"| {task} | {wall:.2f} | {cpu:.2f} |", flush=True)
    print(f"charge {os.getloadavg()[1]:.1f} sur {os.cpu_count()} cœurs")


def alternated(
    measures: dict[str, Callable[[], None]], reps: int
) -> list[tuple[str, float, float]]:
    """Return each task's median wall and processor seconds, one of each in turn."""
    times: dict[str, list[tuple[float, float]]] = {task: [] for task in measures}
    for _ in range(reps):
        for task, run in measures.items():
            wall, cpu = time.perf_counter(), spent()
            run()
            times[task].append((time.perf_counter() - wall, spent() - cpu))
            print(f"{task} : {times[task][-1][0]:.2f} s", file=sys.stderr, flush=True)
    return [
        (task, *(median(one) for one in zip(*all_, strict=True))) for task, all_ in times.items()
    ]


def spent() -> float:
    """Return the processor seconds of all that ended, once nothing runs."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            return used.ru_utime + used.ru_stime


def one(root: Path) -> dict[str, Callable[[], None]]:
    """Return what is measured of one report."""
    programme = root / "data" / "fpi_aura"
    page = root / "notebooks" / "02_places.ipynb"
    declared = programme / "programme.toml"
    made = [COMMAND, "run", RENTREE, "--programme", str(programme)]
    for name in needed():
        import_module(name)
    return {
        "rapport entier (HTML, PDF)": lambda: anew(partial(again, root, made)),
        "papermill puis nbconvert, l'un après l'autre": lambda: anew(partial(stock, root)),
        "cellules seules, processus dérivés": lambda: anew(partial(bare, root)),
        "rapport entier, résultats gardés": lambda: again(root, made),
        "rien n'a changé": lambda: call(made),
        "un notebook a changé": lambda: changed(
            page, b'"language_info"', b'"language_info" ', made
        ),
        "une entrée a changé (programme.toml)": lambda: changed(declared, b"\n", b"\n\n", made),
        "import fpi_eval": lambda: call([sys.executable, "-c", "import fpi_eval"]),
        "fpi-eval --help": lambda: call([COMMAND, "--help"]),
        "fpi-eval check": lambda: call([COMMAND, "check", *made[2:]]),
        "fpi-eval check, dossier inchangé": lambda: call([COMMAND, "check", *made[2:]]),
    }


def many(root: Path, programmes: int, count: int) -> dict[str, Callable[[], None]]:
    """Return reports made on two workers of one core each, then one after the other on one."""
    names = [root / "data" / f"programme_{number}" for number in range(programmes)]
    for name in names:
        shutil.copytree(root / "data" / "fpi_aura", name)
    years = range(int(RENTREE) - count + 1, int(RENTREE) + 1)
    return {
        f"{programmes} × {count}, {words}": partial(spread_out, names, years, workers)
        for words, workers in (("deux processus dask", 2), ("l'un après l'autre", 1))
    }


def spread_out(names: Sequence[Path], years: Sequence[int], workers: int) -> None:
    from fpi_eval.cluster import spread
    from fpi_eval.report.runner.yearly import quietly

    forget()
    shutil.rmtree(names[0].parents[1] / "reports", ignore_errors=True)
    os.environ[SHARE] = str(workers)
    tasks = [(str(name), year, "", False) for name in names for year in years]
    for _, found in spread(quietly, tasks, workers=workers):
        if isinstance(found, Exception):
            raise found


def anew(run: Callable[[], None]) -> None:
    """Run with no kept result."""
    forget()
    run()


def again(root: Path, command: Sequence[str]) -> None:
    """Make a report whose results are kept but whose pages are gone."""
    shutil.rmtree(root / "reports", ignore_errors=True)
    call(command)


def call(command: Sequence[str], **options: object) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)


def changed(path: Path, before: bytes, after: bytes, command: Sequence[str]) -> None:
    kept = path.read_bytes()
    path.write_bytes(kept.replace(before, after, 1))
    try:
        call(command)
    finally:
        path.write_bytes(kept)


def stock(root: Path) -> None:
    """Execute and convert each notebook as one does without this library."""
    given = ["-p", "rentree", RENTREE, "-p", "programme", str(root / "data" / "fpi_aura")]
    for path in sorted((root / "notebooks").glob("0*.ipynb")):
        made = root / path.name
        asked = [str(path), str(made), "-k", "python3", "--language", "python", *given]
        call([sys.executable, "-m", "papermill", "--no-progress-bar", *asked])
        call([sys.executable, "-m", "nbconvert", "--to", "html", str(made)])


def bare(root: Path) -> None:
    """Run the cells alone, in forked processes, as many at once as a report's notebooks."""
    with get_context("fork").Pool(processes(), maxtasksperchild=1) as pool:
        tasks = [(root, path) for path in sorted((root / "notebooks").glob("0*.ipynb"))]
        pool.starmap(cells, tasks, chunksize=1)


def cells(root: Path, path: Path) -> None:
    """Run the cells of one notebook in this process."""
    os.chdir(root)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    shell = InteractiveShell.instance()
    first, *others = (c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code")
    given = f"programme, rentree = {str(root / 'data' / 'fpi_aura')!r}, {RENTREE}"
    for source in (first, given, *others):
        shell.run_cell(source).raise_error()


if __name__ == "__main__":
    main()
