"""Whole runs that are cut short or made elsewhere: the report must come out the same.

``python benchmarks/whole_runs.py ailleurs`` makes a report twice, with another hash seed, time
zone, locale, number of threads, folder and an empty cache, and lists the files that differ.
``python benchmarks/whole_runs.py coupures --fois 50`` kills a run at seeded times; after each kill
the last good report must stand, and a run from what is left must make it again, byte for byte.
Kills already done are read from the table and not done again.
``python benchmarks/whole_runs.py grappe --fois 5`` makes the reports of two programmes and two
years on two dask workers, of which one is killed at a seeded time: all must come out the same.
``python benchmarks/whole_runs.py hostile`` makes the hostile project of the tests with every
notebook, and holds it to the same tests.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from inspect import signature
from itertools import product
from pathlib import Path

import numpy as np

from fpi_eval import twin
from fpi_eval.cluster import local
from fpi_eval.report.runner.journal import path_of
from fpi_eval.report.runner.swap import LOCK

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
RESULTS = Path(__file__).parent / "results"
RUN = [sys.executable, "-m", "fpi_eval", "run", "2026", "--programme", "data/essai",
       "--donnees", "donnees"]  # fmt: skip
HERE = {"SOURCE_DATE_EPOCH": "1795478400", "PYTHONPATH": str(ROOT)}
ONE = {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"}
OTHER = {"PYTHONHASHSEED": "77", "TZ": "Pacific/Auckland", "LC_ALL": "C", "OMP_NUM_THREADS": "2",
         "OPENBLAS_NUM_THREADS": "2"}  # fmt: skip
SEED = 20260901


def project(folder: Path, notebooks: str) -> Path:
    """Return a project of its own: programme, notebooks, small simulated files."""
    shutil.copytree(ROOT / "data" / "fpi_aura", folder / "data" / "essai")
    (folder / "notebooks").mkdir()
    for path in (ROOT / "notebooks").glob(notebooks):
        shutil.copy2(path, folder / "notebooks")
    twin.write_files(twin.draw(twin.SMALL, 7), folder / "donnees", years=range(2020, 2027))
    return folder


def environment(folder: Path, **other: str) -> dict[str, str]:
    """Return the environment of a run whose cache is in a folder of its own."""
    return {**os.environ, **HERE, **other, "FPI_EVAL_CACHE": str(folder / "cache")}


def report(folder: Path) -> Path:
    """Return where the project's report is."""
    return folder / "reports" / "essai" / "2026"


def content(folder: Path) -> dict[str, str]:
    """Return the hash of each file of a report."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def elsewhere(notebooks: str) -> list[str]:
    """Return the lines of a table: files made, files that differ."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        places = [
            project(Path(one) / "un", notebooks),
            project(Path(two) / "dos s\u00e9", notebooks),
        ]
        for place, other in zip(places, (ONE, OTHER), strict=True):
            subprocess.run(RUN, cwd=place, env=environment(place, **other), check=True)
        first, second = (content(report(place)) for place in places)
        differ = [n for n in sorted({*first, *second}) if first.get(n) != second.get(n)]
        kept = Path(tempfile.gettempdir()) / "fpi_eval_ailleurs"
        for place in places if differ else ():
            shutil.copytree(report(place), kept / place.name, dirs_exist_ok=True)
    return ["| fichiers | différents |", "|---|---|",
            f"| {len(first)} | {len(differ)} {', '.join(differ)} |"]  # fmt: skip


def kills(notebooks: str, times: int, target: Path) -> list[str]:
    """Return the lines of a table, a kill each; those of the same code are not done again."""
    lines = ["| coupure | de | à (s) | après | rapport en place intact | refait à l'identique | "
             "restes |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    earlier = target.read_text("utf-8") if target.exists() else ""
    if earlier.startswith(_about(notebooks)):
        lines = [line for line in earlier.splitlines() if line.startswith("|")]
    moments = np.random.default_rng(SEED).uniform(0.02, 1.0, times)
    with tempfile.TemporaryDirectory() as where:
        place = project(Path(where) / "projet", notebooks)
        env = environment(place) | {"TMPDIR": where}
        started = time.monotonic()
        subprocess.run(RUN, cwd=place, env=env, check=True)
        whole, good = time.monotonic() - started, content(report(place))
        for number in range(len(lines) - 1, times + 1):
            moment = moments[number - 1] * whole
            alone = bool(number % 2)
            what = "la commande" if alone else "tout"
            said = _killed(place, env, moment, good, alone=alone)
            lines.append(f"| {number} | {what} | {moment:.1f} | {said} |")
            target.write_text(_page(lines, notebooks), "utf-8")
    return lines


def _killed(
    place: Path, env: dict[str, str], moment: float, good: dict[str, str], *, alone: bool
) -> str:
    """Kill a run that makes the report again, then run from what is left; return four cells.

    ``alone``: the command is killed and its kernels learn it; else all its processes at once.
    """
    process = subprocess.Popen([*RUN, "--refaire"], cwd=place, env=env, stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        (os.kill if alone else os.killpg)(process.pid, signal.SIGKILL)
        process.wait()
    reached = _reached(place) if process.returncode < 0 else "la fin"
    stands = content(report(place)) == good
    shutil.rmtree(report(place))  # so that the next run makes it from what the kill left
    subprocess.run(RUN, cwd=place, env=env, check=True, capture_output=True)
    again = content(report(place)) == good
    left = {path.name for path in report(place).parent.glob(".*")} - {LOCK}
    said = [reached, "oui" if stands else "NON", "oui" if again else "NON", str(len(left))]
    return " | ".join(said)


def workers_killed(notebooks: str, times: int) -> list[str]:
    """Return the lines of a table: for each kill of a worker, what the command and its reports say.

    The workers are those of another's cluster, started here on loopback; the command is the user's.
    """
    lines = ["| coupure | ouvrier tué | à (s) | commande | identiques à seuls | restes |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    draw = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as where:
        place = project(Path(where) / "projet", notebooks)
        shutil.copytree(place / "data" / "essai", place / "data" / "autre")
        env = environment(place) | {"TMPDIR": where}
        for name, year in product(("essai", "autre"), ("2025", "2026")):
            command = [year if w == "2026" else w.replace("essai", name) for w in RUN]
            subprocess.run(command, cwd=place, env=env, check=True)
        good, whole = _published(place), 0.0
        for number in range(times + 1):
            rank, moment = int(draw.integers(2)), draw.uniform(0.05, 0.8) * whole
            shutil.rmtree(place / "reports")
            shutil.rmtree(place / "cache")
            code, lasted = _on_a_cluster(place, env, kill=(rank, moment) if number else None)
            whole, now = whole or lasted, _published(place)
            differ = [name for name, digest in good.items() if now.get(name) != digest]
            killed = f"{rank + 1} | {moment:.1f}" if number else "aucun | "
            lines.append(
                f"| {number} | {killed} | {'réussie' if code == 0 else f'code {code}'} | "
                f"{len(good) - len(differ)} fichiers sur {len(good)} | "
                f"{len(now.keys() - good.keys())} |"
            )
            print(lines[-1], *differ[:10], sep="\n", file=sys.stderr, flush=True)
    return lines


def _published(place: Path) -> dict[str, str]:
    """Return the hash of every file of the project's reports but the journals, which hold times."""
    found = content(place / "reports")
    return {name: digest for name, digest in found.items() if not name.endswith(".journal.jsonl")}


def _on_a_cluster(
    place: Path, env: dict[str, str], kill: tuple[int, float] | None = None
) -> tuple[int, float]:
    """Run four reports on two workers, kill one of them meanwhile; return exit code and seconds."""
    os.environ.update(env)
    with local(2, **env) as cluster:
        command = [sys.executable, "-m", "fpi_eval", "run", "2025..2026", "--programme",
                   "essai,autre", "--donnees", "donnees", "--cluster",
                   cluster.scheduler_address]  # fmt: skip
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=place, env=env, stdout=subprocess.DEVNULL)
        if kill:
            rank, moment = kill
            with suppress(subprocess.TimeoutExpired):
                process.wait(moment)
            os.kill(cluster.workers[rank].pid, signal.SIGKILL)
        return process.wait(), time.monotonic() - started


def _reached(place: Path) -> str:
    """Return the last step that the journal says to have ended."""
    last = json.loads(path_of(report(place)).read_text("utf-8").splitlines()[-1])
    return "le départ" if last["quoi"] in ("debut", "fin") else last["nom"]


def hostile(notebooks: str) -> list[str]:
    """Return the lines of a table: files of the report, tests that it passes."""
    import test_hostile_run as tests

    names = tuple(sorted(path.stem for path in (ROOT / "notebooks").glob(notebooks)))
    checks = [value for name, value in vars(tests).items() if name.startswith("test_")]
    checks = [check for check in checks if list(signature(check).parameters) == ["made"]]
    with tempfile.TemporaryDirectory() as where:
        root = tests.hostile_project(Path(where) / tests.FOLDER, names)
        made = tests.report(root, tests.HERE)
        for check in checks:
            check(made)
        files = len(content(made[0]))
    return ["| notebooks | fichiers | contrôles tenus |", "|---|---|---|",
            f"| {len(names)} | {files} | {len(checks)} |"]  # fmt: skip


def _about(notebooks: str) -> str:
    code = hashlib.sha256()
    for path in sorted((ROOT / "fpi_eval").rglob("*.py")):
        code.update(path.read_bytes())
    return f"Notebooks {notebooks}, petit jumeau ; code {code.hexdigest()[:16]}."


def _page(lines: list[str], notebooks: str) -> str:
    return "\n".join([_about(notebooks), "", *lines, ""])


def main() -> None:
    """Make the table that is asked for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("quoi", choices=("ailleurs", "coupures", "grappe", "hostile"))
    asked.add_argument("--notebooks", default="0*.ipynb")
    asked.add_argument("--fois", type=int, default=50)
    options = asked.parse_args()
    target = RESULTS / f"{options.quoi}.md"
    tables = {
        "ailleurs": elsewhere,
        "hostile": hostile,
        "grappe": partial(workers_killed, times=options.fois),
    }
    if options.quoi in tables:
        lines = tables[options.quoi](options.notebooks)
        target.write_text(_page(lines, options.notebooks), "utf-8")
    else:  # written kill by kill
        lines = kills(options.notebooks, options.fois, target)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
