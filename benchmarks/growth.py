"""How time grows when cells, years, regions, hidden counts or twins double: one exponent each.

    nice -n 5 python benchmarks/growth.py            writes results/growth.md, growth.parquet

Time is the processor's (what else runs on the machine hardly counts), the least of three; the
exponent is the slope of log time on log size, over all sizes and over the last doubling.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from provenance import code_of, record
from scoreboard import one_run

from fpi_eval.disclosure import protect
from fpi_eval.impact.j_and_bjs2_t import j_and_bjs2_t
from fpi_eval.twin import SMALL, draw

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))
invented_panel = import_module("invented").invented_panel

TABLE, ROWS = HERE / "results" / "growth.md", HERE / "results" / "growth.parquet"
SEED, REPEATS, LIMIT = 0, 3, 1.2
Made = Callable[[], object]


def estimators(regions: int, etabs: int, years: int) -> Made:
    """Return J and BJS2-T on an invented panel: four courses an establishment."""
    start = 2016 + years // 2
    panel = invented_panel(
        SEED, regions=regions, etabs=etabs, years=range(2016, 2016 + years), start=start,
        noise=2.0, courses=12, opened=40,
    )  # fmt: skip
    return lambda: j_and_bjs2_t(panel, "diplomes")


def protection(rows: int) -> Made:
    """Return the protection of counts by establishment, course and département, half small."""
    rng = np.random.default_rng(SEED)
    etab = np.arange(rows) // 5
    table = pd.DataFrame(
        {"departement": etab // 20, "uai": etab, "formation": np.arange(rows) % 5,
         "n": rng.negative_binomial(1, 0.08, rows)}
    ).astype({"departement": str, "uai": str, "formation": str})  # fmt: skip
    margins = [["uai", "formation"], ["uai"], ["departement", "formation"], ["departement"], []]
    dims = ["departement", "uai", "formation"]
    return lambda: protect(table, dims=dims, values=["n"], margins=margins)


#: What doubles → sizes, and what is timed at one of them.
AXES: dict[str, tuple[tuple[int, ...], Callable[[int], Made]]] = {
    "cellules (J et BJS2-T)": (
        (3_120, 6_240, 12_480, 24_960), lambda n: estimators(13, n // 52, 12),
    ),
    "années (J et BJS2-T)": ((8, 16, 32, 64), lambda n: estimators(13, 60, n)),
    "régions, à cellules égales (J et BJS2-T)": (
        (7, 14, 28, 56), lambda n: estimators(n, 840 // n, 12),
    ),
    "comptes à protéger": ((1_000, 2_000, 4_000, 8_000), protection),
    "cellules d'un jumeau": (
        (1_000, 2_000, 4_000, 8_000),
        lambda n: lambda: draw(replace(SMALL, n_cells_region=n // 4, n_cells_other=3 * n // 4), 1),
    ),
    "jumeaux jugés": (
        (1, 2, 4, 8),
        lambda n: lambda: [one_run("lifelike", "diplomes", s, 0.24) for s in range(n)],
    ),
}  # fmt: skip


def seconds(run: Made) -> float:
    """Return the least processor time of a few runs."""
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


def measured(axis: str) -> pd.DataFrame:
    """Return one row per size of an axis."""
    sizes, made = AXES[axis]
    return pd.DataFrame(
        {"axe": axis, "taille": n, "secondes": seconds(made(n)), "seed": SEED} for n in sizes
    )


def exponents(rows: pd.DataFrame) -> pd.DataFrame:
    """Return by axis the exponent over all sizes and over the last doubling."""
    found = {}
    for axis, part in rows.groupby("axe", sort=False):
        size, spent = np.log(part["taille"].to_numpy()), np.log(part["secondes"].to_numpy())
        last = (spent[-1] - spent[-2]) / (size[-1] - size[-2])
        found[axis] = (np.polyfit(size, spent, 1)[0], last)
    return pd.DataFrame(found, index=["exposant", "dernier"]).T


def markdown(rows: pd.DataFrame) -> str:
    """Return the table as Markdown."""
    found = exponents(rows)
    lines = [
        "# Croissance du temps de calcul quand une taille double",
        "",
        f"Code : {', '.join(rows['code'].unique())} ; graine {SEED} ; secondes de processeur, la "
        f"plus petite de {REPEATS} mesures ; exposant : 1 si le temps double avec la taille. "
        f"Au-delà de {LIMIT} : à expliquer.",
        "",
        "| ce qui double | tailles | secondes | exposant | au dernier doublement |",
        "|---|---|---|---|---|",
    ]
    for axis, part in rows.groupby("axe", sort=False):
        sizes = ", ".join(f"{n:_}".replace("_", " ") for n in part["taille"].astype(int))
        spent = " ; ".join(f"{s:.2f}" for s in part["secondes"])
        one, last = found.loc[axis, ["exposant", "dernier"]]
        lines.append(f"| {axis} | {sizes} | {spent} | {one:.2f} | {last:.2f} |")
    return re.sub(r"(\d)\.(\d)", r"\1,\2", "\n".join([*lines, ""]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="*", default=[*AXES], choices=[*AXES])
    args = parser.parse_args()
    code = code_of("growth")
    record(code, "growth")
    kept = pd.read_parquet(ROWS) if ROWS.exists() else pd.DataFrame({"axe": [], "code": []})
    kept = kept[(kept["code"] == code) & ~kept["axe"].isin(args.only)]
    for axis in args.only:
        kept = pd.concat([kept, measured(axis).assign(code=code)])
        kept.to_parquet(ROWS, index=False)
    TABLE.write_text(markdown(kept), encoding="utf-8")
    print(markdown(kept))


if __name__ == "__main__":
    main()
