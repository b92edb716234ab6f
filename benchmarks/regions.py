"""The report of every region, from the real files, read by both linters of the tests.

``python benchmarks/regions.py --dossier DOSSIER`` prepares a programme for each region by the
command that a user has, makes its report of 2022 from FPI_EVAL_DONNEES, and writes a line: seconds,
pages, what the reader's linter and the whole-report test find. ``--regions 28 53`` makes those
alone; the lines of the others are kept. A report that is refused is written with its sentence.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from consistency import faults  # noqa: E402
from reader import findings  # noqa: E402

from fpi_eval.creation import catalogue_of  # noqa: E402

TARGET = Path(__file__).parent / "results" / "regions.md"
DATA = Path(os.environ.get("FPI_EVAL_DONNEES", ROOT.parent / "shared" / "data"))
HEAD = ["| code | région | secondes | pages | lecteur | ensemble |", "|---|---|---|---|---|---|"]
LEFT = "What remains in French"
CHOSEN = ["--debut", "2022", "--filiere", "Électricité=255,227", "--cible", "secondaire=500",
          "--cout", "5000000", "--donnees", str(DATA)]  # fmt: skip


def made(code: str, folder: Path) -> tuple[Path, float, str]:
    """Return the report of a region, its seconds, and what was refused."""
    name, started = f"region_{code}", time.monotonic()
    for arguments in (["programme", name, "--region", code, *CHOSEN],
                      ["run", "2022", "--programme", name, "--donnees", str(DATA),
                       "--langue", "en"]):  # fmt: skip
        command = [sys.executable, "-m", "fpi_eval", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            return folder, time.monotonic() - started, done.stderr.strip().splitlines()[-1]
    return folder / "reports" / name / "2022", time.monotonic() - started, ""


def line(code: str, name: str, folder: Path) -> tuple[str, list[str]]:
    """Return a line of the table, and each finding."""
    report, seconds, refused = made(code, folder)
    if refused:
        return f"| {code} | {name} | {seconds:.0f} | refusé | {refused} | |", [refused]
    pages = len(list(report.glob("*.html")))
    read, whole = findings(report), faults(report)
    english = (page for page in report.glob("*_en.html") if LEFT in page.read_text("utf-8"))
    whole += [f"{page.name} : une partie reste en français" for page in sorted(english)]
    counts = f"{pages} | {len(read)} | {len(whole)}"
    return f"| {code} | {name} | {seconds:.0f} | {counts} |", [*read, *whole]


def main() -> None:
    """Write the table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--regions", nargs="*")
    asked.add_argument("--dossier", type=Path, required=True, help="where the reports stay")
    options = asked.parse_args()
    places = catalogue_of(str(DATA)).places.drop_duplicates("code_region")
    names = places.set_index("code_region")["region"].sort_index().drop(["00", "99"])
    kept = TARGET.read_text("utf-8").splitlines() if TARGET.exists() else []
    rows = {one.split(" | ")[0].strip("| "): one for one in kept if one.startswith("| ")}
    rows.pop("code", None)
    options.dossier.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "notebooks", options.dossier / "notebooks", dirs_exist_ok=True)
    for code in options.regions or names.index:
        shutil.rmtree(options.dossier / "data" / f"region_{code}", ignore_errors=True)
        rows[code], found = line(code, names[code], options.dossier)
        print(rows[code], *found, sep="\n", flush=True)
        text = ["Fichiers réels, rentrée 2022.", "", *HEAD, *(rows[k] for k in sorted(rows)), ""]
        TARGET.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
