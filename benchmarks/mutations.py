"""Real files damaged ten thousand times: read as they then say, or refused by file and column.

``python benchmarks/mutations.py --fois 10000`` takes lines of every real file that a source reads
(FPI_EVAL_DONNEES, and the folder of later files beside it), of the simulated files of other shapes,
and invented files for the sources that are in neither (`tests/shapes.py`), damages each by a seeded
mutation, reads it by the project's
reader, and compares with a second reading, cell by cell (`tests/small_files.said`). What is left to
mend is listed: another exception, a number that the text does not say, a refusal without the file,
or without one of the columns that the damage touched. Mutations done are kept
under the code's fingerprint: a run that stops goes on where it was.
"""

import argparse
import csv
import io
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from provenance import code_of, record  # noqa: E402
from shapes import shapes  # noqa: E402
from small_files import Small, Unreadable, said, same  # noqa: E402

import fpi_eval as fpi  # noqa: E402
from fpi_eval.errors import FpiError  # noqa: E402
from fpi_eval.text import liste  # noqa: E402

TARGET = Path(__file__).parent / "results" / "mutations.md"
KEPT = Path(tempfile.gettempdir()) / "fpi_eval_mutations"
#: What is wrong with a whole file, or where it cannot be cut into columns: a line at the most.
WHOLE = re.compile(
    r"est vide|octet |commence en UTF-16|encodés deux fois|Macintosh|aucune ligne|colonnes absentes"
    r"|en répètent une autre|lignes illisibles|une valeur de plus de|Aucun code|ni colonne"
    r"|lignes dans le fichier"
)
DATA = Path(os.environ.get("FPI_EVAL_DONNEES", ROOT.parent / "shared" / "data"))
SEED, STEP = 20260901, 500
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


def _width(rows: list[bytes]) -> int:
    return rows[0].count(b";") + 1


def _swap_columns(rows: list[bytes], rng: Random) -> list[bytes]:
    """Two columns change places, header and all: the table says the same."""
    i, j = rng.integers(0, _width(rows), 2)
    return [b";".join(_swapped(row, i, j)) + b"\n" for row in rows]


def _swap_values(rows: list[bytes], rng: Random) -> list[bytes]:
    """Two columns change places under the same header."""
    i, j = rng.integers(0, _width(rows), 2)
    return rows[:1] + [b";".join(_swapped(row, i, j)) + b"\n" for row in rows[1:]]


def _swapped(row: bytes, i: int, j: int) -> list[bytes]:
    cells = row.rstrip(b"\r\n").split(b";")
    if max(i, j) < len(cells):
        cells[i], cells[j] = cells[j], cells[i]
    return cells


def _column(change: Callable[[bytes], bytes]) -> Callable[[list[bytes], Random], list[bytes]]:
    """Return what changes every value of one column."""

    def made(rows: list[bytes], rng: Random) -> list[bytes]:
        place, done = rng.integers(0, _width(rows)), rows[:1]
        for row in rows[1:]:
            cells = row.rstrip(b"\r\n").split(b";")
            if place < len(cells):
                cells[place] = change(cells[place])
            done.append(b";".join(cells) + b"\n")
        return done

    return made


def _comma(value: bytes) -> bytes:
    return value.replace(b".", b",") if b"." in value else value.replace(b",", b".")


def _hundredth(value: bytes) -> bytes:
    """Rates as fractions: 54 becomes 0.54."""
    return b"%.4f" % (int(value) / 100) if value.isdigit() else value


def _foreign_digits(value: bytes) -> bytes:
    return "".join(chr(0x660 + int(c)) if c.isascii() and c.isdigit() else c
                   for c in value.decode()).encode()  # fmt: skip


def _thousands(value: bytes) -> bytes:
    """Groups of three digits: 63100 becomes 63 100, with a narrow space."""
    return f"{int(value):,}".replace(",", "\u202f").encode() if value.isdigit() else value


def _shorten(rows: list[bytes], rng: Random) -> list[bytes]:
    """One line loses its end, and keeps its line break."""
    k = int(rng.integers(0, len(rows)))
    return [*rows[:k], rows[k].rstrip()[: rng.integers(0, len(rows[k]))] + b"\n", *rows[k + 1 :]]


def _merge(rows: list[bytes], rng: Random) -> list[bytes]:
    """A stray quotation mark, then another: the cells or the lines between become one value."""
    text = b"".join(rows)
    first, last = sorted(rng.integers(0, len(text), 2))
    last = min(last, first + int(rng.integers(1, 200)))
    whole = text[:first] + b'"' + text[first:last] + b'"' + text[last:]
    return whole.splitlines(keepends=True)


def _twice(rows: list[bytes], rng: Random) -> list[bytes]:
    """The file, pasted after itself from some line on."""
    return [*rows, *rows[rng.integers(0, len(rows)) :]]


def _encode(content: bytes, rng: Random) -> bytes:
    """Another encoding, sound or not."""
    text = content.decode()
    choices = ["cp1252", "utf-16", "utf-16-le", "latin-1", "mac-roman", "utf-8-sig"]
    name = choices[rng.integers(len(choices))]
    if rng.integers(0, 3) == 0:  # encoded twice
        return text.encode().decode("latin-1").encode()
    try:
        return text.encode(name)
    except UnicodeEncodeError:  # a letter that it does not have
        return text.encode("utf-8-sig")


MUTATIONS = {
    "octets inversés": _flip,
    "fichier coupé": _cut,
    "signe ajouté": _insert,
    "octets perdus": _remove,
    "ligne répétée": _rows(_repeat),
    "ligne perdue": _rows(_lose),
    "cellule remplacée": _rows(_cell),
    "colonnes déplacées": _rows(_swap_columns),
    "valeurs de deux colonnes échangées": _rows(_swap_values),
    "virgule et point": _rows(_column(_comma)),
    "centièmes": _rows(_column(_hundredth)),
    "chiffres étrangers": _rows(_column(_foreign_digits)),
    "milliers séparés": _rows(_column(_thousands)),
    "colonne vidée": _rows(_column(lambda _: b"")),
    "ligne tronquée": _rows(_shorten),
    "guillemets de trop": _rows(_merge),
    "fichier recollé": _rows(_twice),
    "autre encodage": _encode,
}


def files() -> list[Small]:
    """Return the shapes of all files: real, simulated, invented."""
    real = [
        folder for folder in (DATA, DATA.with_name(f"{DATA.name}_suivantes")) if folder.is_dir()
    ]
    return shapes(*real, simulated=fpi.load("fpi_aura", 2026).donnees.dossier)


def verdict(small: Small, content: bytes, folder: Path, *, same_words: bool = False) -> str:
    """Return what became of a damaged file; what starts with « FAUTE » is to be mended.

    ``same_words``: the damage moves or encodes what the file says, and changes none of it.
    """
    path = folder / small.fichier
    path.write_bytes(content)
    try:
        table: pd.DataFrame = small.read(path).table
    except FpiError as error:
        return refusal(small, content, error)
    except Exception as error:
        return f"FAUTE : {type(error).__name__} ({error})"
    try:
        wanted = said(small, small.text.encode() if same_words else content)
    except Unreadable:
        return "FAUTE : lu, et illisible"
    if same_words:
        return "lu" if same(table, wanted) else "FAUTE : autres nombres"
    wanted = wanted.drop(columns=_unread(small, content, table, wanted), errors="ignore")
    return "lu" if same(table, wanted) else "FAUTE : autres nombres"


def refusal(small: Small, content: bytes, error: FpiError) -> str:
    """Return how well a refusal says where: the file, and a column that the damage touched."""
    if small.fichier not in str(error):
        return f"FAUTE : sans fichier ({error})"
    if WHOLE.search(str(error)):
        return "refusé : fichier entier"
    if not error.colonne:
        return f"FAUTE : sans colonne ({error})"
    touched = _touched(small, content)
    if touched and "" not in touched and not any(name in str(error) for name in touched):
        return f"FAUTE : {liste(touched)}, et non ({error})"
    return "refusé : colonne"


def _touched(small: Small, content: bytes) -> set[str]:
    """Return the headers of the cells that changed; none where rows are not the same ones."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
    except (UnicodeDecodeError, csv.Error):
        return set()
    was = small.cells
    if [len(row) for row in rows] != [len(row) for row in was] or rows[0] != was[0]:
        return set()
    return {
        name
        for k, name in enumerate(was[0])
        if any(old[k] != new[k] for old, new in zip(was, rows, strict=True))
    }


def _unread(small: Small, content: bytes, table: pd.DataFrame, whole: pd.DataFrame) -> list[str]:
    """Return the optional columns whose name is damaged and of which nothing else was read.

    What another column gave in its place (a course's number, from its link) must be the value.
    """
    heads = content.decode("utf-8-sig", errors="replace").partition("\n")[0].strip().split(";")
    places = {name: place for name, (place, _) in small.numbers.items()}
    places |= {**small.codes, **small.texts, **small.dates}
    damaged = [
        name
        for name, place in places.items()
        if heads[place : place + 1] != small.cells[0][place : place + 1]
    ]
    return [
        name
        for name in damaged
        if name not in table
        or (len(table) == len(whole) and table[name].isin([None, np.nan, *whole[name]]).all())
    ]


def tried(numbers: Iterable[int], choices: list[Small], seed: int = SEED) -> pd.DataFrame:
    """Return a row a mutation: source, file, mutation, what became of it, seed."""
    rows = []
    with tempfile.TemporaryDirectory() as where:
        for number in numbers:
            rng = np.random.default_rng((seed, number))
            small = choices[rng.integers(len(choices))]
            name = list(MUTATIONS)[rng.integers(len(MUTATIONS))]
            content = MUTATIONS[name](small.text.encode(), rng)
            same_words = name == "autre encodage" or (
                name == "colonnes déplacées" and not small.ordered
            )
            found = verdict(small, content, Path(where), same_words=same_words)
            rows.append((small.name, small.fichier, name, found, number))
    return pd.DataFrame(rows, columns=["source", "fichier", "mutation", "issue", "numero"])


def resumed(times: int, code: str) -> pd.DataFrame:
    """Return the rows of every mutation, those of this code that were done before taken as kept."""
    KEPT.mkdir(exist_ok=True)
    choices, parts = files(), []
    for start in range(0, times, STEP):
        numbers = range(start, min(start + STEP, times))
        path = KEPT / f"{code}_{start}_{numbers.stop}.csv"  # the last ones may be fewer
        if not path.exists():
            tried(numbers, choices).to_csv(path, index=False)
        parts.append(pd.read_csv(path))
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Write the table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--fois", type=int, default=10_000)
    times = asked.parse_args().fois
    code = code_of("mutations")
    record(code, "mutations")
    found = resumed(times, code)
    kind = found["issue"].where(~found["issue"].str.startswith("FAUTE"), "FAUTE")
    table = pd.crosstab(found["mutation"], kind)
    names = found.drop_duplicates(["source", "fichier"])
    about = (
        f"{times} mutations, graine {SEED}, {len(names)} fichiers de {names['source'].nunique()} "
        f"sources ; code {code}."
    )
    head = ["mutation", *table.columns]
    lines = [about, "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in table.itertuples()] + [""]
    for issue, number in Counter(found.loc[kind == "FAUTE", "issue"].str[:200]).most_common(30):
        lines.append(f"- {number} × {issue}")
    TARGET.write_text("\n".join([*lines, ""]), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
