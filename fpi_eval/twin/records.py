"""Write a twin person by person and contract by contract, so that counting gives its panel back.

Beside the contract of each person at work stand those that the producer's rules must leave aside:
second jobs, contracts over before the day that counts, contracts of those who go on studying.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.calendar import HORIZONS, employed, in_industry, observable_on
from fpi_eval.misspelt import known_options
from fpi_eval.twin.courses import cfd_at, mefstat11
from fpi_eval.twin.draw import Twin
from fpi_eval.twin.files.write import rentrees
from fpi_eval.twin.industry import with_industry

STREAM = 1_901
INDUSTRY = np.array(["2562B", "2822Z", "2611Z", "3511Z", "1051A", "3811Z"])
SERVICES = np.array(["4711D", "6201Z", "5610C", "8610Z", "4321A", "7820Z"])
#: Odd, hence a one-to-one scramble of 48 bits: an id says nothing of its person's row.
SCRAMBLE, MASK = np.uint64(0x9E3779B97F4B), np.uint64((1 << 48) - 1)


@known_options
def write_records(
    twin: Twin,
    folder: str | Path,
    *,
    years: Iterable[int],
    seen: date = date.max,
) -> list[Path]:
    """Write the twin's persons and contracts and return the paths.

    One file of persons by millésime and voie, one of contracts by horizon, millésime and voie, as
    the producer's study base has them. ``years``: rentrées of the final year of the persons
    written. ``seen``: what is published later is not written: contracts at a horizon, then persons.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    panel = with_industry(twin)
    paths = []
    for year in rentrees(years):
        told = [k for k in HORIZONS if observable_on(employed(k), year, 1) <= seen]
        for voie in ("apprentissage", "scolaire") if told else ():
            rows = panel[(panel["rentree"] == year) & (panel["voie"] == voie)]
            rng = np.random.default_rng([twin.seed, STREAM, year, len(voie)])
            persons, contracts = _of_a_year(rows, twin, year, rng)
            name = f"{year}-{year + 1}_{voie}.parquet"
            paths.append(_write(persons, folder / f"personnes_{name}"))
            contracts = contracts[contracts["horizon"].isin(told)]
            for months, table in contracts.groupby("horizon"):
                paths.append(_write(table, folder / f"contrats_{months}_{name}"))
    return paths


def _write(table: pd.DataFrame, path: Path) -> Path:
    table.to_parquet(path, index=False)
    return path


def _of_a_year(
    rows: pd.DataFrame, twin: Twin, year: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    cells = twin.cells.set_index("cell", drop=False).loc[rows["cell"]].reset_index(drop=True)
    rows = rows.reset_index(drop=True)
    size = rows["terminale"].to_numpy().astype(int)
    row = np.repeat(np.arange(len(rows)), size)
    rank = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
    persons = _persons(rows, cells, row, rank, year, rng)
    return persons, _contracts(rows, cells, persons["id_personne"].to_numpy(), row, rank, year, rng)


def _persons(rows, cells, row, rank, year, rng) -> pd.DataFrame:
    """Return final-year students; the first of each cell leave, graduates are drawn apart."""
    n = len(row)
    cfd = cfd_at(cells, year - cells["duree"] + 1)
    apprenti = (cells["voie"] == "apprentissage").to_numpy()
    # DISPOSITIF counts a bac pro entered in première from the seconde: three years.
    length = np.where(cells["diplome"] == "bacpro", 3, cells["duree"])
    mef = mefstat11(cfd, cells["diplome"], pd.Series(length))
    order = np.lexsort((rng.random(n), row))
    drawn = np.empty(n, dtype=int)
    drawn[order] = rank
    number = np.arange(n, dtype="uint64") + np.uint64((year * 2 + int(apprenti.any())) << 28)
    home = cells["code_commune"].to_numpy(dtype=object)[row]
    return pd.DataFrame(
        {
            "id_personne": [f"{x:012x}" for x in ((number * SCRAMBLE) & MASK).tolist()],
            "millesime": f"{year}-{year + 1}",
            "uai": rows["uai"].to_numpy(dtype=object)[row],
            "mefstat11": np.where(apprenti, None, mef.to_numpy(dtype=object))[row],
            "cfd": np.where(apprenti, cfd.to_numpy(dtype=object), None)[row],
            "voie": rows["voie"].to_numpy(dtype=object)[row],
            "sexe": np.where(rng.random(n) < 0.3, "F", "M"),
            "annee_naissance": year - rng.integers(17, 22, n),
            "commune_residence": np.where(rng.random(n) < 0.93, home, _elsewhere(home)),
            "poursuite": (rank >= rows["sortants"].to_numpy()[row]).astype("int8"),
            "diplome": (drawn < rows["diplomes"].to_numpy()[row]).astype("int8"),
            "diplome_anterieur": rng.choice(["aucun", "cap", "bac"], n, p=[0.6, 0.25, 0.15]),
        }
    )


def _elsewhere(home: np.ndarray) -> np.ndarray:
    """Return a commune of another region than that of each commune: Paris, Lyon for Paris's."""
    paris = ("75", "77", "78", "91", "92", "93", "94", "95")
    return np.array(["69901" if c[:2] in paris else "75901" for c in home], dtype=object)


def _contracts(rows, cells, ids, row, rank, year, rng) -> pd.DataFrame:
    """Return the contract of each person at work, then those that rules must leave aside."""
    n, home = len(row), cells["code_commune"].to_numpy(dtype=object)[row]
    first, factory, before, good = np.full(n, 99), np.zeros(n, bool), 0, 0
    for months in HORIZONS:
        now = rows[employed(months)].to_numpy().astype(int)
        there = rows[in_industry(months)].to_numpy().astype(int)
        new = (rank >= np.broadcast_to(before, len(rows))[row]) & (rank < now[row])
        first[new] = months
        late = np.broadcast_to(before, len(rows))[row] + (there - good)[row]
        factory |= new & (rank < late)
        before, good = now, there
    away = ~factory & (rng.random(n) < 0.15)  # industry too, but in another region
    ape = np.where(factory | away, rng.choice(INDUSTRY, n), rng.choice(SERVICES, n))
    place = np.where(away, _elsewhere(home), home)
    kind = np.where(rng.random(n) < 0.45, "CDI", "CDD")
    studying, cdd = rank >= rows["sortants"].to_numpy()[row], np.full(n, "CDD")
    frames = []
    for months in HORIZONS:
        day = np.datetime64(f"{year + 1}-07-15") + 30 * months * np.timedelta64(1, "D")
        for who, principal, gap, length, sector, nature in (
            (first <= months, 1, 60, None, ape, kind),
            ((first <= months) & (rng.random(n) < 0.15), 0, 20, 90, rng.choice(INDUSTRY, n), cdd),
            ((first == 99) & (rng.random(n) < 0.10), 1, 300, 120, rng.choice(INDUSTRY, n), cdd),
            (studying & (rng.random(n) < 0.20), 1, 60, None, rng.choice(INDUSTRY, n), cdd),
        ):
            who = np.flatnonzero(who)
            start = day - (gap + rng.integers(0, 25, len(who))) * np.timedelta64(1, "D")
            end = np.full(len(who), np.datetime64("NaT", "D"))
            if length is not None:
                end = start + np.timedelta64(length, "D")
            frames.append(
                pd.DataFrame(
                    {
                        "id_personne": ids[who],
                        "horizon": months,
                        "principal": principal,
                        "debut": start.astype("datetime64[s]"),
                        "fin": end.astype("datetime64[s]"),
                        "nature": nature[who],
                        "ape": sector[who],
                        "commune": place[who],
                        "public": (sector[who] == "8610Z").astype("int8"),
                        "employeur": [
                            f"{x:09d}" for x in rng.integers(0, 40_000, len(who)).tolist()
                        ],
                        "salaire": np.round(rng.lognormal(7.3, 0.2, len(who)), 2),
                    }
                )
            )
    out = pd.concat(frames, ignore_index=True)
    return out.sample(frac=1.0, random_state=int(rng.integers(1 << 31)), ignore_index=True)
