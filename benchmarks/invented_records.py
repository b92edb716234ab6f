"""Any number of invented persons and contracts, streamed to Parquet, with the counts to find.

For measuring speed and trying a machine: no more than a piece is ever held. Unlike the twin's
files these know no programme; what is known of them is their exact counts.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fpi_eval.twin.geography import departements, uai, uai_prefix

HORIZONS = (6, 12, 18, 24)
PER_PERSON = 5  # a contract at each horizon, and a second job at six months
YEARS = range(2016, 2026)
VOIES = ("apprentissage", "scolaire")
PIECE = 250_000  # persons held at once
SITES, COURSES = 2_000, 15  # as many cells a year as France has
APE = np.array(["2562B", "2822Z", "3511Z", "4711D", "6201Z", "5610C", "4321A", "8610Z"])
FACTORY = 3  # the first of them are industry
#: Odd, hence one to one over 64 bits.
SCRAMBLE = np.uint64(0x9E3779B97F4A7C15)


def generate(folder: str | Path, contracts: int, *, seed: int = 0) -> pd.DataFrame:
    """Write so many contracts and their persons, and return the counts that they add up to.

    One row per uai × mefstat11 × cfd × voie × rentrée, columns as `counts` has them, for
    contracts that count by place of work.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    groups = [(year, voie) for year in YEARS for voie in VOIES]
    people = np.full(len(groups), contracts // PER_PERSON // len(groups))
    people[: contracts // PER_PERSON % len(groups)] += 1
    sites = _sites()
    return pd.concat(
        [
            _group(folder, sites, *group, int(size), np.random.default_rng([seed, k]), k)
            for k, (group, size) in enumerate(zip(groups, people, strict=True))
        ],
        ignore_index=True,
    )


def _sites() -> pd.DataFrame:
    """Return establishments with a commune of their region and one of another."""
    deps = departements()
    rows = deps.iloc[np.arange(SITES) % len(deps)].reset_index(drop=True)
    numbers = (9_001 + np.arange(SITES) // len(deps)).tolist()
    codes = [uai(uai_prefix(d), n) for d, n in zip(rows["code_departement"], numbers, strict=True)]
    home = rows["code_departement"].str[1:] + "901"
    away = np.where(rows["code_region"] == "11", "69901", "75901")
    return pd.DataFrame({"uai": codes, "home": home, "away": away})


def _group(folder, sites, year, voie, size, rng, k) -> pd.DataFrame:
    """Write the files of a millésime and voie by pieces, and return their counts."""
    name = f"{year}-{year + 1}_{voie}.parquet"
    writers: dict[Path, pq.ParquetWriter] = {}
    totals = np.zeros((3 + 2 * len(HORIZONS), SITES * COURSES), dtype=np.int64)
    for first in range(0, size, PIECE):
        n = min(PIECE, size - first)
        number = np.arange(first, first + n, dtype="uint64") + np.uint64(k << 40)
        ids = (number * SCRAMBLE >> np.uint64(1)).astype("int64")
        cell = rng.integers(0, SITES * COURSES, n)
        leaver, graduate = rng.random(n) < 0.5, rng.random(n) < 0.8
        since = rng.choice([6, 12, 18, 24, 99], n, p=[0.5, 0.1, 0.05, 0.05, 0.3])
        ape, here = rng.integers(0, len(APE), n), rng.random(n) < 0.8
        _append(
            writers, folder / f"personnes_{name}", _people(ids, cell, sites, leaver, graduate, voie)
        )
        seen = [np.ones(n, bool), graduate, leaver]
        for months in HORIZONS:
            works = leaver & (since <= months)
            seen += [works, works & (ape < FACTORY) & here]
            table = _jobs(ids, cell, sites, ape, here, works, year, months, rng)
            _append(writers, folder / f"contrats_{months}_{name}", table)
        for row, true in enumerate(seen):
            totals[row] += np.bincount(cell[true], minlength=SITES * COURSES)
    for writer in writers.values():
        writer.close()
    return _table(totals, sites, year, voie)


def _append(writers: dict, path: Path, table: pa.Table) -> None:
    if path not in writers:
        writers[path] = pq.ParquetWriter(path, table.schema, compression="zstd")
    writers[path].write_table(table)


def _coded(codes: np.ndarray, words) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype("int32")), pa.array(list(words)))


def _people(ids, cell, sites, leaver, graduate, voie) -> pa.Table:
    return pa.table(
        {
            "id_personne": ids,
            "uai": _coded(cell // COURSES, sites["uai"]),
            ("mefstat11" if voie == "scolaire" else "cfd"): _coded(cell % COURSES, _courses(voie)),
            "commune_residence": _coded(cell // COURSES, sites["home"]),
            "poursuite": (~leaver).astype("int8"),
            "diplome": graduate.astype("int8"),
        }
    )


def _courses(voie: str) -> list[str]:
    start = "2473125" if voie == "scolaire" else "4002"
    return [f"{start}{k:04d}" for k in range(COURSES)]


def _jobs(ids, cell, sites, ape, here, works, year, months, rng) -> pa.Table:
    """Return a contract per person: running if they work, over if not; at six months two."""
    n, second = len(ids), months == HORIZONS[0]
    day = np.datetime64(f"{year + 1}-07-15") + 30 * months * np.timedelta64(1, "D")
    start = day - rng.integers(60, 90, n) * np.timedelta64(1, "D")
    end = np.where(works, np.datetime64("NaT", "D"), start + np.timedelta64(20, "D"))
    place = np.where(here, cell // COURSES, SITES + cell // COURSES)
    columns = [ids, np.ones(n, "int8"), start, end, ape, place]
    if second:  # shorter, in another sector, while the first runs: the rule must leave it aside
        other = start + np.timedelta64(10, "D")
        stop = np.where(works, other + np.timedelta64(200, "D"), end)
        more = [ids, np.zeros(n, "int8"), other, stop, (ape + FACTORY) % len(APE), place]
        columns = [np.concatenate(pair) for pair in zip(columns, more, strict=True)]
    ids, main, start, end, ape, place = columns
    return pa.table(
        {
            "id_personne": ids,
            "principal": main,
            "debut": pa.array(start, pa.date32()),
            "fin": pa.array(end, pa.date32()),
            "nature": _coded(np.zeros(len(ids), int), ["CDD"]),
            "ape": _coded(ape, APE),
            "commune": _coded(place, [*sites["home"], *sites["away"]]),
        }
    )


def _table(totals: np.ndarray, sites: pd.DataFrame, year: int, voie: str) -> pd.DataFrame:
    """Return the counts of the cells that have somebody."""
    cell = np.flatnonzero(totals[0])
    course = np.array(_courses(voie), dtype=object)[cell % COURSES]
    none = np.full(len(cell), None, dtype=object)
    names = ["terminale", "diplomes", "sortants"]
    for months in HORIZONS:
        names += [f"en_emploi_{months}_mois", f"en_emploi_industrie_region_{months}"]
    return pd.DataFrame(
        {
            "uai": sites["uai"].to_numpy(dtype=object)[cell // COURSES],
            "mefstat11": course if voie == "scolaire" else none,
            "cfd": none if voie == "scolaire" else course,
            "voie": voie,
            "rentree": year,
            **dict(zip(names, totals[:, cell].astype(float), strict=True)),
        }
    )
