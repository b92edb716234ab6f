"""Attack the reports of successive years held together: 100 twins, and the real years.

    python benchmarks/disclosure.py --jumeaux 100
    python benchmarks/disclosure.py --donnees DOSSIER --annees 2021 2022 2023

Each twin is another seed, its reports those of three successive rentrées. The adversary is that of
the tests; its rows are kept by seed in `results/disclosure.csv`, from which the table is made.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
from provenance import code_of, record

from fpi_eval.programme import load_programme

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))
import adversary

ROWS = HERE / "results" / "disclosure.csv"
TABLE = HERE / "results" / "disclosure.md"
JUDGED = ("disclosure", "report/published")
FIRST_SEED, YEARS = 500, (2024, 2025, 2026)
WORDS = {
    "entrants": "Entrants et personnes formées",
    "voeux": "Vœux",
    "devenir": "Devenir des élèves",
}


def attacked(what: str, seed: int, years: list[int], donnees: str = "") -> list[dict]:
    """Return a row per family of counts: how many are hidden, how many held too narrowly."""
    programme = load_programme(HERE.parent / "data" / "fpi_aura")
    programme = programme.model_copy(update={"graine": seed})
    with tempfile.TemporaryDirectory() as root:
        os.environ["FPI_EVAL_CACHE"] = f"{root}/cache"
        p, folders = adversary.publish(Path(root), programme, years, donnees)
        found = adversary.attack(folders, p)
    code = code_of(JUDGED, Path(adversary.__file__))
    return [
        {"monde": what, "graine": seed, "annees": f"{years[0]}-{years[-1]}", "comptes": name,
         "masques": hidden, "etroits": len(said), "lesquels": " | ".join(said), "code": code}
        for name, (hidden, said) in found.items()
    ]  # fmt: skip


def table(rows: pd.DataFrame) -> str:
    """Return the Markdown table of all attacks kept."""
    lines = ["# Reports attacked, all years held together", "",
             "| monde | années | rapports attaqués | comptes | masqués | trop étroits |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for (what, years, name), group in rows.groupby(["monde", "annees", "comptes"], sort=False):
        lines.append(
            f"| {what} | {years} | {3 * len(group)} | {WORDS[name]} | "
            f"{group['masques'].sum()} | {group['etroits'].sum()} |"
        )
    return "\n".join([*lines, "", "Made by `benchmarks/disclosure.py`.", ""])


def main() -> None:
    """Attack what is asked, keep its rows, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jumeaux", type=int, default=0)
    parser.add_argument("--premier", type=int, default=FIRST_SEED)
    parser.add_argument("--donnees", default="")
    parser.add_argument("--annees", type=int, nargs="*", default=[2021, 2022, 2023])
    asked = parser.parse_args()
    kept = pd.read_csv(ROWS, keep_default_na=False) if ROWS.exists() else pd.DataFrame()
    done = set(kept["graine"]) if len(kept) else set()
    seeds = range(asked.premier, asked.premier + asked.jumeaux)
    wanted = [("jumeau", seed, list(YEARS), "") for seed in seeds if seed not in done]
    if asked.donnees:
        kept = kept[kept["monde"] != "réel"] if len(kept) else kept
        wanted.insert(0, ("réel", 0, asked.annees, asked.donnees))
    for one in wanted:
        kept = pd.concat([kept, pd.DataFrame(attacked(*one))], ignore_index=True)
        kept.to_csv(ROWS, index=False)
        print(
            one[:2], kept.tail(3)[["comptes", "masques", "etroits"]].to_dict("records"), flush=True
        )
    record(code_of(JUDGED, Path(adversary.__file__)), "disclosure")
    TABLE.write_text(table(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
