"""What each check's light is worth: how often it turns on where nothing is wrong, and elsewhere.

    nice -n 10 python benchmarks/lights.py --reps 40 --until 21:15
    python benchmarks/lights.py --reps 0        # only rewrite the table

Worlds and their truth are those of `planted`, on later seeds. Rows are kept in
``results/lights.parquet`` with the fingerprint of the code that made them.
"""

import argparse
import os
import re
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
from planted import OTHER, OUTCOME, RUN, TWIN, drawn, worlds_of
from provenance import code_of, record
from runner import finished, rows_of, run, today_at

from fpi_eval.checks import evaluate
from fpi_eval.checks.thresholds import CAUTION, FAIL, INFORMATION, THRESHOLDS, UNKNOWN, VIOLATION

RESULTS = Path(__file__).parent / "results"
TABLE, ROWS = RESULTS / "lights.md", RESULTS / "lights.parquet"
CLEAN = {TWIN: ("realistic", "lively", "other_openings"), OTHER: ("propre",)}
BROKEN = {
    TWIN: ("sel_trend", "anticipation", "masques", "region_shock_some", "displacement_academie",
           "displacement_region"),
    OTHER: ("sélection sur la tendance", "sélection sur la demande", "choc à l'ouverture"),
}  # fmt: skip
FIRST_SEED, APART = 720_000, 500
COLUMNS = ("family", "world", "seed", "code", "check", "genre", "light")


def one_run(family: str, world: str, seed: int, made_by: str) -> list[tuple]:
    """Return one row per check of a simulated programme."""
    panel, _, _ = drawn(family, world, seed)
    checks = evaluate(panel, OUTCOME, draws=0).checks
    return [(family, world, seed, made_by, c.name, c.genre, c.statut) for c in checks]


def shares(runs: pd.DataFrame) -> pd.DataFrame:
    """Return check × world: share of draws, of those that could be read, where the light is on."""
    known = runs[runs["light"] != UNKNOWN]
    lit = known.assign(lit=known["light"].isin([CAUTION, FAIL]))
    return lit.pivot_table(
        index=["genre", "check"], columns="world", values="lit", sort=False, observed=True
    )


def markdown(runs: pd.DataFrame) -> str:
    """Return the table as Markdown, numbers as in French reports."""
    draws = runs.groupby("world")["seed"].nunique()
    order, clean = worlds_of(CLEAN, BROKEN), worlds_of(CLEAN)
    table = shares(runs).reindex(columns=[w for w in order if w in draws.index])
    heads = [f"{w} ({draws[w]}){'' if w in clean else ', violation'}" for w in table.columns]
    lines = [
        "# Ce que vaut chaque voyant (mondes simulés)",
        "",
        f"Part des programmes, en %, où le contrôle n'est pas satisfait (prudence ou échec ; "
        f"limité ou insuffisant pour l'information) ; résultat : {OUTCOME}. Entre parenthèses, le "
        f"nombre de tirages. Erreur de Monte-Carlo : au plus "
        f"{50 / draws.min() ** 0.5:.0f} points. « — » : rien à lire dans ce monde. "
        "Un voyant de l'information n'est pas une alerte ; un voyant de violation n'en est une "
        "que par la famille des six tests du verdict "
        f"(`planted.md`). Code : {', '.join(sorted(runs['code'].unique()))}.",
        "",
        "| contrôle | " + " | ".join(heads) + " |",
        "|" + "---|" * (len(heads) + 1),
    ]
    for genre in (VIOLATION, INFORMATION):
        lines.append(f"| **{genre}** |" + " |" * len(heads))
        for check, row in table.loc[genre].iterrows():
            name = THRESHOLDS[check].titre
            cells = ["—" if pd.isna(v) else f"{100 * v:.0f}" for v in row]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return re.sub(r"(\d)\.(\d)", r"\1,\2", "\n".join([*lines, ""]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reps", type=int, default=40)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--until", help="heure d'arrêt, HH:MM")
    args = parser.parse_args()
    code = code_of("lights")
    record(code, "lights")
    store = RESULTS / f"lights_{code}.csv"
    done = finished(store, RUN)
    worlds = [(f, w) for group in (CLEAN, BROKEN) for f, names in group.items() for w in names]
    todo = [
        (family, world, seed, code)
        for k in range(args.reps)
        for rank, (family, world) in enumerate(worlds)
        if (family, world, seed := FIRST_SEED + APART * rank + k) not in done
    ]
    run(store, todo, one_run, COLUMNS, args.workers, until=today_at(args.until))
    texts = [name for name in COLUMNS if name != "seed"]
    rows = rows_of(store, ROWS, RUN).astype(dict.fromkeys(texts, "str"))
    TABLE.write_text(markdown(rows), encoding="utf-8")
    rows.astype(dict.fromkeys(texts, "category")).to_parquet(ROWS, index=False)
    print(TABLE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
