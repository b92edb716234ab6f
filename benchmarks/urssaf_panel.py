"""Time and peak memory from a national-size Urssaf file to the zone × sector × year panel.

Generates in a temporary folder a file of the shape of the portal's export (36,000 communes, 700
APE, 18 years, about 1.5 million non-empty rows, labels included), as CSV and as Parquet, then
reads each in a process of its own. Targets hold for a quiet machine of two cores; `secondes_cpu`
(all threads, imports included) hardly depends on what else runs.
Run: python benchmarks/urssaf_panel.py [rows], which writes results/urssaf_panel.md and .parquet.
"""

import multiprocessing
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from provenance import RESULTS, code_of, record

from fpi_eval.sources.urssaf import read_urssaf_commune_ape
from fpi_eval.text import nombre

COMMUNES, APES, ZONES, YEARS, ROWS = 36_000, 700, 306, range(2006, 2024), 1_500_000
CHUNK, SEED = 100_000, 2024
TABLE = RESULTS / "urssaf_panel.md"
TARGET_SECONDS, TARGET_MB = 20, 2_000


def geography() -> pd.DataFrame:
    commune = np.arange(COMMUNES)
    zone = commune * ZONES // COMMUNES
    return pd.DataFrame(
        {
            "code_commune": [f"{i // 1000 + 1:02d}{i % 1000:03d}" for i in commune],
            "code_zone": [f"{z:04d}" for z in zone],
            "code_departement": [f"{i // 1000 + 1:03d}" for i in commune],
            "code_region": [f"{z % 13 + 11:02d}" for z in zone],
        }
    )


def activities() -> pd.DataFrame:
    ape = np.arange(APES)
    return pd.DataFrame(
        {
            "code_ape": [f"{i:04d}Z" for i in ape],
            "a88": [f"{i % 88 + 1:02d}" for i in ape],
            "a38": [f"S{i % 38:02d}" for i in ape],
            "a17": [f"{i % 17:02d}" for i in ape],
            "a10": [f"{i % 10:02d}" for i in ape],
        }
    )


def chunks(rows: int):
    """Yield tables of the export's columns, each commune × APE once."""
    rng = np.random.default_rng(SEED)
    places, sectors = geography(), activities()
    cells = np.sort(rng.choice(COMMUNES * APES, rows, replace=False))
    for begin in range(0, rows, CHUNK):
        cell = cells[begin : begin + CHUNK]
        place = places.iloc[cell // APES].reset_index(drop=True)
        ape = sectors.iloc[cell % APES].reset_index(drop=True)
        size = rng.lognormal(1.0, 1.2, len(cell))[:, None]
        jobs = rng.poisson(size, (len(cell), len(YEARS))).astype(float)
        sites = np.minimum(np.ceil(jobs / 6), 40)
        absent = rng.random(jobs.shape) < 0.25
        jobs[absent], sites[absent] = np.nan, np.nan
        jobs[(rng.random(jobs.shape) < 0.02) & ~absent] = np.nan
        columns = {
            "region": "Région " + place["code_region"],
            "ancienne_region": "Ancienne région " + place["code_region"],
            "departement": place["code_departement"] + " Nom du département",
            "zone_d_emploi": place["code_zone"] + " Nom de la zone d'emploi",
            "epci": "EPCI " + place["code_zone"] + " Communauté de communes",
            "commune": place["code_commune"] + " Nom de la commune",
            "intitule_commune": "Nom de la commune " + place["code_commune"],
            "grand_secteur_d_activite": "GS1 Industrie",
            "secteur_na17": ape["a17"] + " Fabrication d'autres produits industriels",
            "secteur_na38": ape["a38"] + " Métallurgie et fabrication de produits métalliques",
            "secteur_na88": ape["a88"] + " Fabrication de produits métalliques",
            "ape": ape["code_ape"] + " Fabrication de structures métalliques",
            "code_region": place["code_region"],
            "code_ancienne_region": place["code_region"],
            "code_departement": place["code_departement"].str[1:],
            "code_zone_d_emploi": place["code_zone"],
            "code_epci": "2000" + place["code_zone"],
            "code_commune": place["code_commune"],
            "code_ape": ape["code_ape"],
        }
        table = pd.DataFrame(columns)
        for name, values in (("nombre_d_etablissements", sites), ("effectifs_salaries", jobs)):
            for i, year in enumerate(YEARS):
                table[f"{name}_{year}"] = pd.array(values[:, i], dtype="Int64")
        yield pa.Table.from_pandas(table, preserve_index=False)


def generate(folder: Path, rows: int) -> tuple[Path, Path, float]:
    """Write the same table as CSV and Parquet; return both paths and the total of jobs."""
    text, parquet = folder / "urssaf.csv", folder / "urssaf.parquet"
    total, writers = 0.0, []
    for table in chunks(rows):
        if not writers:
            options = pacsv.WriteOptions(delimiter=";")
            writers = [
                pacsv.CSVWriter(text, table.schema, write_options=options),
                pq.ParquetWriter(parquet, table.schema),
            ]
        for writer in writers:
            writer.write_table(table)
        jobs = [n for n in table.column_names if n.startswith("effectifs_salaries_")]
        total += float(np.nansum(table.select(jobs).to_pandas().to_numpy(dtype=float)))
    for writer in writers:
        writer.close()
    return text, parquet, total


def measure(path: Path, expected: float, queue) -> None:
    start = time.perf_counter()
    reading = read_urssaf_commune_ape(path, geography(), activities(), niveau="a38")
    panel = reading.table.groupby(["code_zone", "secteur", "annee"])["emplois"].sum()
    seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    peak = usage.ru_maxrss / 1024
    queue.put(
        {
            "fichier": path.name,
            "mo": round(path.stat().st_size / 1e6),
            "lignes": reading.provenance.lignes,
            "lignes_panel": len(panel),
            "secondes": round(seconds, 2),
            "secondes_cpu": round(usage.ru_utime + usage.ru_stime, 2),
            "memoire_mo": round(peak),
            "emplois_retrouves": bool(panel.sum() == expected),
            "cible_tenue": seconds < TARGET_SECONDS and peak < TARGET_MB,
        }
    )


def markdown(found: pd.DataFrame) -> str:
    """Return the table: what reading each file takes."""
    lines = ["# Urssaf : communes × APE vers zone d'emploi × secteur", "",
             f"`python benchmarks/urssaf_panel.py`, fichier engendré (graine {SEED}) à la taille "
             f"nationale : {nombre(found['lignes'].max())} lignes, {len(YEARS)} années. "
             f"{platform.machine()}, {multiprocessing.cpu_count()} cœurs. "
             f"Code : {found['code'].iloc[0]}.", "",
             "| fichier | taille (Mo) | secondes | processeur (s) | pic (Mo) | total retrouvé | "
             "objectif |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in found.itertuples():
        spent = f"{nombre(row.secondes, 2)} | {nombre(row.secondes_cpu, 2)} | {row.memoire_mo}"
        told = "oui" if row.emplois_retrouves else "NON"
        goal = f"{TARGET_SECONDS} s, {TARGET_MB // 1000} Go"
        lines.append(f"| {row.fichier} | {row.mo} | {spent} | {told} | {goal} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure each file once, write rows and table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    context, code, found = multiprocessing.get_context("spawn"), code_of("urssaf_panel"), []
    with tempfile.TemporaryDirectory() as folder:
        text, parquet, total = generate(Path(folder), rows)
        for path in (text, parquet):
            queue = context.Queue()
            process = context.Process(target=measure, args=(path, total, queue))
            process.start()
            found.append({"code": code, "seed": SEED} | queue.get())
            process.join()
    measured = pd.DataFrame(found)
    measured.to_parquet(TABLE.with_suffix(".parquet"), index=False)
    TABLE.write_text(markdown(measured), encoding="utf-8")
    record(code, "urssaf_panel")
    print(markdown(measured))


if __name__ == "__main__":
    main()
