"""Time of the panel from individual files, by size and tool, each in its own process.

Run by hand: ``python benchmarks/records.py 10 30 100 --outils duckdb polars pandas --dossier D``.
Sizes in millions of contracts, five a person. Each tool counts people in work at six months and
in the region's industry by cell, and must find the counts that the files were made with. Wall
time on a shared machine says little: processor time is beside it.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
from invented_records import generate

from fpi_eval.programme import Individus
from fpi_eval.records.open import open_folder, regions_table
from fpi_eval.records.panel import counts
from fpi_eval.twin.geography import departements

RESULTS = Path(__file__).parent / "results" / "records.csv"
KEYS = ["uai", "code", "rentree"]
FOUND = ["diplomes", "sortants", "en_emploi_6_mois", "en_emploi_industrie_region_6"]
MILLION = 1_000_000


def with_duckdb(folder: Path) -> pd.DataFrame:
    with open_folder(folder, Individus(), regions_table(departements())) as records:
        return counts(records)


def with_polars(folder: Path) -> pd.DataFrame:
    import polars as pl

    when = r"(\d{4})-\d{4}_"
    people = pl.concat(
        pl.scan_parquet(folder / f"personnes_*_{voie}.parquet", include_file_paths="f").rename(
            {name: "code"}
        )
        for voie, name in (("scolaire", "mefstat11"), ("apprentissage", "cfd"))
    ).with_columns(
        pl.col("code").cast(pl.String),
        pl.col("f").str.extract(when).cast(pl.Int64).alias("rentree"),
    )
    jobs = pl.scan_parquet(folder / "contrats_6_*.parquet", include_file_paths="f").with_columns(
        pl.col("f").str.extract(when).cast(pl.Int64).alias("rentree")
    )
    day = pl.date(pl.col("rentree") + 2, 1, 15)
    jobs = jobs.filter(
        (pl.col("debut") <= day) & (pl.col("fin").is_null() | (pl.col("fin") >= day))
    )
    jobs = jobs.sort("principal", descending=True).group_by("id_personne", "rentree").first()
    return _counted_polars(pl, people.join(jobs, ["id_personne", "rentree"], "left"))


def _counted_polars(pl, table) -> pd.DataFrame:
    regions = regions_table(departements())
    by_commune = dict(zip(regions["commune"], regions["region"], strict=True))
    by_uai = dict(zip(regions["uai"], regions["region"], strict=True))
    leaver = pl.col("poursuite") == 0
    works = leaver & pl.col("debut").is_not_null()
    division = pl.col("ape").cast(pl.String).str.head(2).cast(pl.Int32, strict=False)
    here = pl.col("commune").cast(pl.String).str.head(2).replace_strict(
        by_commune, default=None, return_dtype=pl.Int64
    ) == pl.col("uai").cast(pl.String).str.head(3).replace_strict(
        by_uai, default=None, return_dtype=pl.Int64
    )  # fmt: skip
    factory = (works & division.is_between(5, 39) & here).fill_null(False)
    out = table.group_by("uai", "code", "rentree").agg(
        pl.col("diplome").cast(pl.Int64).sum().alias(FOUND[0]),
        leaver.cast(pl.Int64).sum().alias(FOUND[1]),
        works.cast(pl.Int64).sum().alias(FOUND[2]),
        factory.cast(pl.Int64).sum().alias(FOUND[3]),
    )
    return out.collect(engine="streaming").to_pandas()


def with_pandas(folder: Path) -> pd.DataFrame:
    regions = regions_table(departements())
    by_commune = regions.set_index("commune")["region"]
    by_uai = regions.set_index("uai")["region"]
    pieces = []
    for path in sorted(folder.glob("personnes_*.parquet")):
        people = pd.read_parquet(path)
        year = int(path.name.split("_")[1][:4])
        code = "mefstat11" if "mefstat11" in people else "cfd"
        jobs = pd.read_parquet(folder / path.name.replace("personnes", "contrats_6"))
        day = pd.Timestamp(f"{year + 2}-01-15")
        start, end = pd.to_datetime(jobs["debut"]), pd.to_datetime(jobs["fin"])
        jobs = jobs[(start <= day) & (end.isna() | (end >= day))]
        jobs = jobs.sort_values("principal", ascending=False, kind="stable").drop_duplicates(
            "id_personne"
        )
        table = people.merge(jobs, "left", "id_personne")
        leaver = table["poursuite"] == 0
        works = leaver & table["debut"].notna()
        division = pd.to_numeric(table["ape"].astype(str).str[:2], errors="coerce")
        here = table["commune"].astype(str).str[:2].map(by_commune) == table["uai"].astype(str).str[
            :3
        ].map(by_uai)
        table = table.assign(
            code=table[code].astype(str), uai=table["uai"].astype(str), rentree=year,
            **{FOUND[0]: table["diplome"].astype(int), FOUND[1]: leaver.astype(int),
               FOUND[2]: works.astype(int),
               FOUND[3]: (works & division.between(5, 39) & here).astype(int)},
        )  # fmt: skip
        pieces.append(table.groupby(KEYS)[FOUND].sum().reset_index())
    return pd.concat(pieces).groupby(KEYS)[FOUND].sum().reset_index()


TOOLS = {"duckdb": with_duckdb, "polars": with_polars, "pandas": with_pandas}


def one(tool: str, folder: Path) -> None:
    """Time a tool in this process, compare it with the counts of the files, print a row."""
    wall, start = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    found = TOOLS[tool](folder)
    wall, end = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_SELF)
    wanted = keyed(pd.read_parquet(folder / "attendu.parquet"))
    pd.testing.assert_frame_equal(keyed(found), wanted, check_dtype=False)
    processor = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
    print(f"{wall:.1f};{processor:.1f};{end.ru_maxrss / 1024**2:.2f}")


def keyed(table: pd.DataFrame) -> pd.DataFrame:
    if "code" not in table:
        table = table.assign(code=table["mefstat11"].fillna(table["cfd"]))
    table = table.astype({"uai": str, "code": str})
    return table.groupby(KEYS)[FOUND].sum().sort_index().astype(float)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("millions", nargs="*", type=float, default=[10])
    parser.add_argument("--outils", nargs="+", default=list(TOOLS))
    parser.add_argument("--dossier", type=Path, required=True)
    parser.add_argument("--un")
    asked = parser.parse_args()
    if asked.un:
        one(asked.un, asked.dossier)
        return
    for size in asked.millions:
        folder = asked.dossier / f"{size:g}"
        if not (folder / "attendu.parquet").is_file():
            generate(folder, int(size * MILLION)).to_parquet(folder / "attendu.parquet")
        for tool in asked.outils:
            command = [
                sys.executable,
                "-W",
                "ignore",
                __file__,
                "--un",
                tool,
                "--dossier",
                str(folder),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            said = done.stdout.strip() if not done.returncode else f"échec {done.returncode};;"
            row = f"{size:g};{size / 5:g};{tool};{said}"
            print(row, done.stderr[-800:] if done.returncode else "", flush=True)
            if not RESULTS.is_file():
                RESULTS.write_text("contrats_millions;personnes_millions;outil;secondes;"
                                   "secondes_processeur;memoire_go\n")  # fmt: skip
            with RESULTS.open("a") as out:
                out.write(row + "\n")


if __name__ == "__main__":
    main()
