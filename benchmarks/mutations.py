"""Real files damaged ten thousand times: read as they then say, or refused with their name.

``python benchmarks/mutations.py --fois 10000`` takes slices of the real files (FPI_EVAL_DONNEES)
and the small files of the same shapes, damages each by a seeded mutation, reads it by the project's
reader, and compares with a second reading, cell by cell (`tests/small_files.said`). What is left to
mend is listed: another exception, a number that the text does not say, a refusal without the file.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from provenance import code_of  # noqa: E402
from small_files import SMALLS, Small, Unreadable, said  # noqa: E402
from test_mutations import REAL, same  # noqa: E402

from fpi_eval.errors import FpiError  # noqa: E402

TARGET = Path(__file__).parent / "results" / "mutations.md"
DATA = Path(os.environ.get("FPI_EVAL_DONNEES", ROOT.parent / "shared" / "data"))
SEED, SLICE = 20260901, 60
Random = np.random.Generator


def _flip(content: bytes, rng: Random) -> bytes:
    made = bytearray(content)
    for place in rng.integers(0, len(made), rng.integers(1, 4)):
        made[place] ^= 1 << int(rng.integers(0, 8))
    return bytes(made)


def _cut(content: bytes, rng: Random) -> bytes:
    return content[: rng.integers(0, len(content))]


def _insert(content: bytes, rng: Random) -> bytes:
    pieces = [b'"', b";", b",", b"\n", b"\r", b"\t", b"\0", b"\xff", b"\xef\xbb\xbf", "٣".encode(),
              b" ", b"-", b"%", b"e3", b"'", b"\x1b[31m", "é".encode("cp1252")]  # fmt: skip
    place = rng.integers(0, len(content) + 1)
    return content[:place] + pieces[rng.integers(len(pieces))] + content[place:]


def _remove(content: bytes, rng: Random) -> bytes:
    place = int(rng.integers(0, len(content)))
    return content[:place] + content[place + int(rng.integers(1, 6)) :]


def _rows(change: Callable[[list[bytes], Random], list[bytes]]) -> Callable[[bytes, Random], bytes]:
    def made(content: bytes, rng: Random) -> bytes:
        return b"".join(change(content.splitlines(keepends=True), rng))

    return made


def _repeat(rows: list[bytes], rng: Random) -> list[bytes]:
    k, at = rng.integers(0, len(rows)), rng.integers(1, len(rows) + 1)
    return [*rows[:at], rows[k], *rows[at:]]


def _lose(rows: list[bytes], rng: Random) -> list[bytes]:
    k = rng.integers(0, len(rows))
    return [*rows[:k], *rows[k + 1 :]]


def _cell(rows: list[bytes], rng: Random) -> list[bytes]:
    wrong = [b"", b"abc", b"1e3", b"12 34", b"-3", b"140", b"nd", b"1,5,2", b"=1+1",
             b"120000 120000", "١٢".encode(), b"0,62", b"100", b"0000000A"]  # fmt: skip
    k = int(rng.integers(0, len(rows)))
    cells = rows[k].split(b";")
    cells[rng.integers(0, len(cells))] = wrong[rng.integers(len(wrong))]
    return [*rows[:k], b";".join(cells), *rows[k + 1 :]]


MUTATIONS = {
    "octets inversés": _flip,
    "fichier coupé": _cut,
    "signe ajouté": _insert,
    "octets perdus": _remove,
    "ligne répétée": _rows(_repeat),
    "ligne perdue": _rows(_lose),
    "cellule remplacée": _rows(_cell),
}


def files(data: Path) -> list[Small]:
    """Return the small files, and a slice of each real file that is there."""
    known = {small.name: small for small in SMALLS}
    found = list(SMALLS)
    for name, path in REAL.items():
        if (data / path).is_file():
            with (data / path).open(encoding="utf-8-sig", newline="") as lines:
                text = "".join(line for _, line in zip(range(SLICE), lines, strict=False))
            found.append(replace(known[name], text=text.replace("\r\n", "\n")))
    return found


def verdict(small: Small, content: bytes, folder: Path) -> str:
    """Return what became of a damaged file; what starts with « FAUTE » is to be mended."""
    path = folder / small.fichier
    path.write_bytes(content)
    try:
        table: pd.DataFrame = small.read(path).table
    except FpiError as error:
        return "refusé" if small.fichier in str(error) else f"FAUTE : sans fichier ({error})"
    except Exception as error:
        return f"FAUTE : {type(error).__name__} ({error})"
    try:
        wanted = said(small, content)
    except Unreadable:
        return "FAUTE : lu, et illisible"
    wanted = wanted.drop(columns=_unnamed(small, content, table), errors="ignore")
    return "lu" if same(table, wanted) else "FAUTE : autres nombres"


def _unnamed(small: Small, content: bytes, table: pd.DataFrame) -> list[str]:
    """Return the optional columns whose name is damaged, so that nothing was read of them."""
    heads = content.decode("utf-8-sig", errors="replace").partition("\n")[0].strip().split(";")
    places = {name: place for name, (place, _) in small.numbers.items()} | small.codes
    return [
        name
        for name, place in places.items()
        if heads[place : place + 1] != small.cells[0][place : place + 1]
        and (name not in table or table[name].isna().all())
    ]


def tried(times: int, data: Path = DATA, seed: int = SEED) -> pd.DataFrame:
    """Return a row a mutation: file, mutation, what became of it, seed."""
    choices, rows = files(data), []
    with tempfile.TemporaryDirectory() as where:
        for number in range(times):
            rng = np.random.default_rng((seed, number))
            small = choices[rng.integers(len(choices))]
            name = list(MUTATIONS)[rng.integers(len(MUTATIONS))]
            content = MUTATIONS[name](small.text.encode(), rng)
            rows.append((small.name, name, verdict(small, content, Path(where)), number))
    return pd.DataFrame(rows, columns=["fichier", "mutation", "issue", "numero"])


def main() -> None:
    """Write the table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--fois", type=int, default=10_000)
    times = asked.parse_args().fois
    found = tried(times)
    kind = found["issue"].str.partition(" : ")[0]
    table = pd.crosstab(found["mutation"], kind)
    code = code_of(("sources",), Path(__file__))
    shapes = found["fichier"].nunique()
    about = f"{times} mutations, graine {SEED}, {shapes} formes ; code {code}."
    head = ["mutation", *table.columns]
    lines = [about, "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in table.itertuples()] + [""]
    for issue, number in Counter(found.loc[kind == "FAUTE", "issue"].str[:200]).most_common(30):
        lines.append(f"- {number} × {issue}")
    TARGET.write_text("\n".join([*lines, ""]), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
