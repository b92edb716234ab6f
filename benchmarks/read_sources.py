"""Time and peak memory of reading every file of a data folder: from the files, then cached.

Each measure runs in a process of its own. Targets: under 3 s from the files, under 0.5 s cached,
peak memory under 500 MB. Run: python benchmarks/read_sources.py [FOLDER] > table.md
"""

import json
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

DEFAULT = Path(os.environ.get("FPI_EVAL_DONNEES", Path(__file__).parents[2] / "shared" / "data"))
TARGETS = {"fichiers": 3.0, "cache, première fois": None, "cache": 0.5}


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


def main() -> None:
    """Print the table in Markdown, and the raw figures as JSON on the standard error."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    with tempfile.TemporaryDirectory() as cache:
        results = {
            "fichiers": alone(read_all, folder, None),
            "cache, première fois": alone(read_all, folder, Path(cache)),
            "cache": alone(read_all, folder, Path(cache)),
        }
    print(f"Machine : {machine()}\n")
    print("| lecture | fichiers | lignes | secondes | processeur (s) | imports (s) | pic (Mo) | "
          "objectif (s) |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for name, r in results.items():
        goal = TARGETS[name] or ""
        print(f"| {name} | {r['fichiers']} | {r['lignes']} | {r['secondes']:.2f} | "
              f"{r['processeur']:.2f} | {r['imports']:.2f} | {r['mo']:.0f} | {goal} |")  # fmt: skip
    json.dump(results, sys.stderr)


if __name__ == "__main__":
    main()
