"""Attack the reports of successive years held together: 100 twins, and the real years.

    python benchmarks/disclosure.py --jumeaux 100 --coeurs 2
    python benchmarks/disclosure.py --donnees DOSSIER --annees 2021 2022 2023

Each twin is another seed, its reports those of three successive rentrées from the same files, each
with what was published then: every sheet and the kept publication, as a run writes them. The
package's own audit is left out: the adversary of the tests alone judges what the protection shows.
Rows are kept by seed as they end: a seed attacked with the present code is not attacked again, so
a run cut short goes on where it stopped.
"""

import argparse
import os
import sys
import tempfile
import time
from functools import partial
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
from provenance import code_of, record

from fpi_eval.panel.simulated_folder import simulated_folder
from fpi_eval.programme import load_programme
from fpi_eval.report.published import protection

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))
import adversary

ROWS = HERE / "results" / "disclosure.parquet"
TABLE = HERE / "results" / "disclosure.md"
FIRST_SEED, YEARS = 500, (2024, 2025, 2026)
REAL, TWIN = "réel", "jumeau"
WORDS = {
    "entrants": "Entrants et personnes formées",
    "voeux": "Vœux",
    "devenir": "Devenir des élèves",
}


def attacked(seed: int, what: str, years: tuple[int, ...], donnees: str = "") -> list[dict]:
    """Return a row per family of counts: how many are hidden, how many held too narrowly."""
    protection.check = lambda *_: 0
    programme = load_programme(HERE.parent / "data" / "fpi_aura")
    programme, start = programme.model_copy(update={"graine": seed}), time.process_time()
    with tempfile.TemporaryDirectory() as root:
        os.environ["FPI_EVAL_CACHE"] = f"{root}/cache"
        files = donnees or simulated_folder(programme, max(years))
        p, folders = adversary.publish(Path(root), programme, years, files)
        found = adversary.attack(folders, p)
    seconds = round(time.process_time() - start, 1)
    return [
        {"monde": what, "seed": seed, "annees": f"{years[0]}-{years[-1]}", "rapports": len(years),
         "comptes": name, "masques": hidden, "etroits": len(said), "lesquels": " | ".join(said),
         "secondes": seconds}
        for name, (hidden, said) in found.items()
    ]  # fmt: skip


def table(rows: pd.DataFrame) -> str:
    """Return the Markdown table of all attacks kept."""
    lines = ["# Reports attacked, all years held together", "",
             "| monde | années | rapports attaqués | comptes | masqués | trop étroits |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for (what, years, name), group in rows.groupby(["monde", "annees", "comptes"], sort=False):
        lines.append(
            f"| {what} | {years} | {group['rapports'].sum()} | {WORDS[name]} | "
            f"{group['masques'].sum()} | {group['etroits'].sum()} |"
        )
    known = ", ".join(f"`{one}`" for one in sorted(set(rows["code"])))
    return "\n".join([
        *lines, "",
        "Too narrow: the adversary bounds a hidden count that may be small to fewer than four "
        "units, or finds it. Rows by seed: `disclosure.parquet`. Made by "
        f"`benchmarks/disclosure.py`, code {known}.", "",
    ])  # fmt: skip


def keep(rows: pd.DataFrame, found: list[dict], made: str) -> pd.DataFrame:
    """Add the rows of one attack, in place of those it had, and write them all."""
    new = pd.DataFrame(found).assign(code=made)
    if len(rows):
        again = (rows["monde"] == new["monde"][0]) & (rows["seed"] == new["seed"][0])
        new = pd.concat([rows[~again], new])
    new = new.sort_values(["monde", "seed"], kind="stable", ignore_index=True)
    new.to_parquet(ROWS, index=False)
    TABLE.write_text(table(new), encoding="utf-8")
    return new


def main() -> None:
    """Attack what is asked, keep its rows, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jumeaux", type=int, default=0)
    parser.add_argument("--premier", type=int, default=FIRST_SEED)
    parser.add_argument("--coeurs", type=int, default=1)
    parser.add_argument("--donnees", default="")
    parser.add_argument("--annees", type=int, nargs="*", default=[2021, 2022, 2023])
    asked = parser.parse_args()
    kept, made = pd.read_parquet(ROWS) if ROWS.exists() else pd.DataFrame(), code_of("disclosure")
    record(made, "disclosure")
    if asked.donnees:
        kept = keep(kept, attacked(0, REAL, tuple(asked.annees), asked.donnees), made)
    seeds = range(asked.premier, asked.premier + asked.jumeaux)
    done = set(kept.loc[kept["code"] == made, "seed"]) if len(kept) else set()
    wanted = sorted(set(seeds) - done)
    with get_context("forkserver").Pool(asked.coeurs, maxtasksperchild=10) as pool:
        for found in pool.imap_unordered(partial(attacked, what=TWIN, years=YEARS), wanted):
            kept = keep(kept, found, made)
            print([tuple(row.values())[1:7] for row in found], found[0]["secondes"], flush=True)


if __name__ == "__main__":
    main()
