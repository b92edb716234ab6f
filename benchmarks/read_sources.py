"""Time and peak memory of reading every file of a data folder: from the files, then cached.

Each measure runs in a process of its own. Targets: under 3 s from the files, under 0.5 s cached,
peak memory under 500 MB. Run: python benchmarks/read_sources.py [FOLDER], which writes
results/read_sources.md and .parquet.
"""

import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TABLE = Path(__file__).parent / "results" / "read_sources.md"
DEFAULT = Path(os.environ.get("FPI_EVAL_DONNEES", Path(__file__).parents[2] / "shared" / "data"))
TARGETS = {"depuis les fichiers": 3.0, "en écrivant le cache": None, "depuis le cache": 0.5}


def read_all(folder: Path, cache: Path | None) -> dict[str, float]:
    """Read every file that the catalogue explains; return seconds, memory, rows and files."""
    start = time.perf_counter()
    import pyarrow.parquet  # noqa: F401, imported here so that reading is timed alone

    from fpi_eval.sources import reading as schema  # noqa: F401
    from fpi_eval.sources.known_sources import CATALOGUE, discover
    from fpi_eval.sources.reading.cache import cached

    entries = {entry.name: entry for entry in reversed(CATALOGUE)}
    found = discover(folder).files
    for file in found:
        entries[file.source].load()
    imported = time.perf_counter()
    cpu = time.process_time()
    rows = 0
    for file in found:
        entry = entries[file.source]
        arguments = [entry.argument] if entry.argument else []
        if entry.year_argument:
            arguments = [int(file.year) if entry.year == "rentree" else file.year]
        reading = (
            cached(entry.load(), file.path, *arguments, cache=cache)
            if cache
            else entry.load()(file.path, *arguments)
        )
        rows += len(reading.table)
    return {
        "secondes": time.perf_counter() - imported,
        "processeur": time.process_time() - cpu,
        "imports": imported - start,
        "mo": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "lignes": rows,
        "fichiers": len(found),
    }


def alone(function: Callable[..., dict], *arguments: object) -> dict[str, float]:
    """Run in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def machine() -> str:
    """Return the processor, the number of cores and the versions that matter."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text().splitlines() if names.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line),
                 platform.processor())  # fmt: skip
    load = f"charge {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}, {os.cpu_count()} cœurs, {load}, Python {platform.python_version()}"


def markdown(rows: list[dict], code: str) -> str:
    """Return the table: what each reading takes, and what is aimed at."""
    from fpi_eval.text import nombre  # here: what a measured process imports is part of its measure

    lines = ["# Lire tous les fichiers d'une année", "",
             f"`OMP_NUM_THREADS=1 python benchmarks/read_sources.py`, {rows[0]['fichiers']} "
             f"fichiers réels, {nombre(rows[0]['lignes'])} lignes. {machine()}. "
             f"Code : {code}. Les imports sont en plus.", "",
             "| lecture | secondes | processeur (s) | imports (s) | pic (Mo) | objectif (s) |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for row in rows:
        spent = (nombre(row[name], 2) for name in ("secondes", "processeur", "imports"))
        goal = TARGETS[row["lecture"]]
        aim = "" if goal is None else nombre(goal, 1)
        lines.append(f"| {row['lecture']} | {' | '.join(spent)} | {row['mo']:.0f} | {aim} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure each reading once, write rows and table."""
    import pandas as pd
    from provenance import code_of, record

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    code = code_of("read_sources")
    with tempfile.TemporaryDirectory() as cache:
        asked = zip(TARGETS, (None, Path(cache), Path(cache)), strict=True)
        found = [{"lecture": name} | alone(read_all, folder, place) for name, place in asked]
    pd.DataFrame(found).assign(code=code).to_parquet(TABLE.with_suffix(".parquet"), index=False)
    TABLE.write_text(markdown(found, code), encoding="utf-8")
    record(code, "read_sources")
    print(TABLE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
