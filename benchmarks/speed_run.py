"""Time a yearly report against papermill and nbconvert, and against its bare cells, alternated.

    python benchmarks/speed_run.py --reps 3         some five minutes a repetition, two quiet cores
    python benchmarks/speed_run.py --many 20 6      20 programmes × 6 years: two workers, then one

Each measure is wall seconds, then processor seconds of all its processes. It is written as it comes
to results/speed_run.parquet, and the medians to speed_run.md: the same command, started again with
the same code, goes on where it was stopped.
"""

import argparse
import ctypes
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from IPython.core.interactiveshell import InteractiveShell
from provenance import HERE, code_of, record

from fpi_eval.cluster import SHARE, cores, processes
from fpi_eval.programme_folders import PROJECT
from fpi_eval.report.runner.execution import environment
from fpi_eval.report.runner.forks import needed
from fpi_eval.store import forget
from fpi_eval.text import nombre

RENTREE, FIRST = "2026", 2024
COMMAND = str(Path(sys.executable).with_name("fpi-eval"))
TITLE = "Temps d'un rapport annuel"
ROWS, TABLE = HERE / "results" / "speed_run.parquet", HERE / "results" / "speed_run.md"
STOCK, WHOLE = "papermill puis nbconvert, l'un après l'autre", "rapport entier (HTML, PDF)"
BARE, TWO, ONE = "cellules seules, processus dérivés", "deux processus dask", "un cœur chacun"
RATIOS = (
    (STOCK, WHOLE, "papermill et nbconvert prennent {} fois le temps du rapport, objectif 3"),
    (WHOLE, BARE, "le rapport prend {} fois le temps des cellules seules, objectif 1,3 au plus"),
    (f"l'un après l'autre, {ONE}", TWO, "deux processus vont {} fois plus vite, objectif 1,8"),
)
GOALS = {
    "rien n'a changé": "1,5 s", "import fpi_eval": "0,3 s", "fpi-eval --help": "0,4 s",
    "fpi-eval check, dossier inchangé": "1 s",
}  # fmt: skip
COLUMNS = ["code", "tache", "secondes", "processeur", "charge", "arrets"]
SEED = re.compile(r"^graine *= *\d+", re.MULTILINE)
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
        os.environ["FPI_EVAL_CACHE"] = str(root / "cache")
        measures = many(root, *options.many) if options.many else one(root)
        ready = None if options.many else partial(call, made_of(root))
        alternated(measures, 1 if options.many else options.reps, ready)
    TABLE.write_text(markdown(pd.read_parquet(ROWS)), encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))


def alternated(
    measures: Mapping[str, Callable[[], int | None]], reps: int, ready: Callable[[], None] | None
) -> None:
    """Measure each task as often as asked, one of each in turn; what is known already is kept,
    and what other commands measured, each with its code.

    ``ready`` makes the report that stands before each of them. A task may return how many of its
    reports stopped: they are counted beside its time.
    """
    code = code_of("speed_run")
    record(code, "speed_run")
    rows = pd.read_parquet(ROWS) if ROWS.exists() else pd.DataFrame({"code": [], "tache": []})
    rows = rows[(rows["code"] == code) | ~rows["tache"].isin([*measures])]
    for number in range(reps):
        for task, run in measures.items():
            if (rows["tache"] == task).sum() > number:
                continue
            if ready:
                ready()
            wall, cpu = time.perf_counter(), spent()
            stopped = run()
            found = [code, task, time.perf_counter() - wall, spent() - cpu, os.getloadavg()[0]]
            rows = pd.concat([rows, pd.DataFrame([[*found, stopped or 0]], columns=COLUMNS)])
            rows.to_parquet(ROWS, index=False)
            TABLE.write_text(markdown(rows), encoding="utf-8")
            print(f"{task} : {found[2]:.2f} s", file=sys.stderr, flush=True)


def markdown(rows: pd.DataFrame) -> str:
    """Return the table of medians."""
    lines = [
        f"# {TITLE}",
        "",
        f"{os.cpu_count()} cœurs ; médianes, du plus petit au plus grand temps entre parenthèses ; "
        "charge : celle de la machine à la fin, une minute ; plus que les cœurs mesurés, d'autres "
        "calculs tournaient à côté. « 20 × 6 » : 20 programmes, 6 rentrées de chacun.",
        "",
        "| ce qui est mesuré | secondes | secondes de processeur | charge | mesures | code |",
        "|---|---|---|---|---|---|",
    ]
    for task, own in rows.groupby("tache", sort=False):
        wall = own["secondes"]
        middle, least, most = (
            nombre(found, 2) for found in (wall.median(), wall.min(), wall.max())
        )
        cpu, load = nombre(own["processeur"].median(), 1), nombre(own["charge"].median(), 1)
        stopped = int(own.get("arrets", pd.Series(dtype=float)).sum())
        count = f"{len(own)} (rapports arrêtés : {stopped})" if stopped else f"{len(own)}"
        said = f"{middle} ({least}–{most}) | {cpu} | {load} | {count} | {own['code'].iloc[0]}"
        lines.append(f"| {task} | {said} |")
    return "\n".join([*lines, "", *compared(rows), ""])


def compared(rows: pd.DataFrame) -> list[str]:
    """Return the ratios that are aimed at, of the medians of one table, each with its goal."""
    middles = rows.groupby("tache", sort=False)[["secondes", "processeur"]].median()
    middle, said = middles["secondes"], []
    for longer, shorter, words in RATIOS:
        pairs = [(task, task.replace(longer, shorter)) for task in middle.index if longer in task]
        for a, b in pairs:
            if b in middle:
                same = ""
                if shorter == TWO:  # the same work: what slows one of them shows there
                    wall, cpu = middles.loc[a] / middles.loc[b]
                    same = f", {nombre(wall / cpu, 2)} à temps de processeur égal"
                said.append(f"- {words.format(nombre(middle[a] / middle[b], 2))}{same} ({a} ; {b})")
    return [
        *said,
        *(f"- {task} : objectif {goal}" for task, goal in GOALS.items() if task in middle),
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
    made = made_of(root)
    for name in needed():
        import_module(name)
    return {
        WHOLE: lambda: anew(partial(again, root, made)),
        STOCK: lambda: anew(partial(stock, root)),
        BARE: lambda: anew(partial(bare, root)),
        "rapport entier, résultats gardés": lambda: again(root, made),
        "rien n'a changé": lambda: call(made),
        "un notebook a changé": lambda: changed(
            page, b'"language_info"', b'"language_info" ', made
        ),
        "un fichier d'une page a changé (secteurs.csv)": lambda: changed(
            declared.with_name("secteurs.csv"), b"Industrie chimique", b"Chimie", made
        ),
        "une entrée a changé (programme.toml)": lambda: changed(declared, b"\n", b"\n\n", made),
        "import fpi_eval": lambda: call([sys.executable, "-c", "import fpi_eval"]),
        "fpi-eval --help": lambda: call([COMMAND, "--help"]),
        "fpi-eval check": lambda: call([COMMAND, "check", *made[2:]]),
        "fpi-eval check, dossier inchangé": lambda: call([COMMAND, "check", *made[2:]]),
    }


def made_of(root: Path) -> list[str]:
    """Return the command that makes the report."""
    return [COMMAND, "run", RENTREE, "--programme", str(root / "data" / "fpi_aura")]


def many(root: Path, programmes: int, count: int) -> dict[str, Callable[[], int]]:
    """Return reports made on two workers of one core each, then one after the other: on one core
    each, then on all.

    Each programme has a seed, hence data, of its own: nothing kept for one serves another.
    """
    names = [root / "data" / f"programme_{number}" for number in range(programmes)]
    for number, name in enumerate(names):
        shutil.copytree(root / "data" / "fpi_aura", name)
        declared = name / "programme.toml"
        seeded = SEED.sub(rf"\g<0>{number}", declared.read_text(encoding="utf-8"))
        declared.write_text(seeded, encoding="utf-8")
    years = range(FIRST, FIRST + count)
    ways = {
        TWO: (2, 2),
        f"l'un après l'autre, {ONE}": (1, 1),
        "l'un après l'autre, tous les cœurs": (1, cores()),
    }
    return {
        f"{programmes} × {count}, {words}": partial(apart, [*map(str, names)], [*years], *way)
        for words, way in ways.items()
    }


def apart(*given: object) -> int:
    """Spread reports from a process that ends: what watches over its workers ends with it.

    Return how many of them stopped.
    """
    code = f"import speed_run; print(speed_run.spread_out{given!r})"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=HERE, check=True, stdout=subprocess.PIPE, text=True
    )
    return int(ran.stdout.split()[-1])


def spread_out(names: Sequence[str], years: Sequence[int], workers: int, share: int) -> int:
    from fpi_eval.cluster import spread

    for gone in ("reports", "cache"):
        shutil.rmtree(Path(names[0]).parents[1] / gone, ignore_errors=True)
    os.environ[SHARE] = str(share)
    tasks = [(name, year, "", False) for name in names for year in years]
    made = spread(attempted, tasks, workers=workers, in_order=itemgetter(0))
    stopped = [(task, found) for task, found in made if found]
    for (name, year, *_), found in stopped:
        print(f"{Path(name).name}, {year} : {found}", file=sys.stderr, flush=True)
    return len(stopped)


def attempted(*task: Any) -> str:
    """Make a report; return why it stopped, for one that did: the others are still timed."""
    from fpi_eval.report.runner.yearly import quietly

    try:
        quietly(*task)
    except Exception as error:
        return repr(error)
    return ""


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
