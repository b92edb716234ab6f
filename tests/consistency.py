"""Whether a report gives one value to each headline quantity, with its field, wherever it is read.

``python tests/consistency.py reports/fpi_aura/2026`` walks pages, alternative texts, tables of the
pages (CSV and workbook) and the quantities that the report publishes (JSON).
"""

import csv
import json
import re
import sys
from collections.abc import Iterator
from copy import copy
from itertools import chain, groupby
from pathlib import Path

import openpyxl
from bs4 import BeautifulSoup
from reader import plain

from fpi_eval import text
from fpi_eval.headline.quantity import DECLARED_FIGURE, Quantity

BLANK = re.compile("[ \u00a0\u202f\n\t]+")
NUMBER = r"[+−-]?\d+(?: \d{3})*(?:,\d+)?"
PER_100 = ("entrants_brut_100", "entrants_100", "effet_brut", "effet_net", "industrie_100")
#: Other methods, shown as such, and the numbers of an earlier report.
OTHERS = ("controles", "estimateurs", "methode", "07_", "08_")
OTHER_MEASURE = "si elle était|À composition égale"  # named as another measure than the headline
LEAST = 1000  # under it, two counts may be alike by chance
WHOLE = "Ensemble"


def flat(words: str) -> str:
    """Return words with plain spaces and apostrophes."""
    return BLANK.sub(" ", words.replace("’", "'")).strip()


def published(folder: Path) -> list[Quantity]:
    """Return the known quantities of a report."""
    path = next(folder.glob("chiffres*.json"))
    kept = json.loads(path.read_text(encoding="utf-8"))["chiffres"]
    return [one for one in map(Quantity.of, kept) if one]


def pages(folder: Path) -> dict[str, BeautifulSoup]:
    """Return the pages of a report by name of file."""
    paths = sorted(folder.glob("*.html"))
    return {p.name: BeautifulSoup(p.read_text(encoding="utf-8"), "html.parser") for p in paths}


def said(page: BeautifulSoup) -> str:
    """Return everything that a page says, to those who see it and to those who do not."""
    main = copy(page.main)
    for label in main.select("svg text"):
        label.decompose()  # ticks of an axis are no sentence
    for title in main.select("h1, h2, h3, caption, title, .figure-titre"):
        title.append(".")  # what follows is another sentence
    hidden = [tag.get("alt") or tag.get("aria-label") or "" for tag in main.find_all(True)]
    return flat(" ".join([plain(main), *(f"{words}." for words in hidden)]))


def grids(folder: Path) -> Iterator[tuple[str, list[list[object]]]]:
    """Yield the tables of the pages: those of CSV files, then the sheets of the workbook."""
    for path in sorted((folder / "tables").glob("[0-9][0-9]_*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield path.name, list(csv.reader(lines, delimiter=";"))
    for path in folder.glob("*.xlsx"):
        book = openpyxl.load_workbook(path, read_only=True)
        for sheet in book.worksheets:
            if re.match(r"\d\d ?_?", sheet.title):
                rows = [list(row) for row in sheet.values]
                for filled, block in groupby(rows, lambda row: any(v is not None for v in row)):
                    if filled:  # a sheet holds several tables, apart
                        yield f"{path.name}, {sheet.title}", list(block)


def faults(folder: Path) -> list[str]:
    """Return every quantity that has a second value, or that is told without its field."""
    known, read = published(folder), pages(folder)
    found = []
    for name, page in read.items():
        found += [f"{name} : {fault}" for fault in second(known, said(page))]
        found += [f"{name} : {fault}" for fault in without_field(known, page)]
        for grid in page.main.find_all("table"):
            words = flat(plain(grid.extract()))
            found += [f"{name} : {fault}" for fault in digits(named(known, words), words)]
        found += [f"{name} : {fault}" for fault in digits(known, said(page))]
        if not name.startswith(OTHERS):  # tables are gone: their rows say what each number is
            found += [f"{name} : {fault}" for fault in per_100(known, said(page))]
    for name, rows in grids(folder):
        spoken = named(known, flat(" ".join([name.replace("-", " "), *map(str, chain(*rows))])))
        found += [f"{name} : {fault}" for fault in (*totals(known, rows), *cells(spoken, rows))]
    return found


def named(known: list[Quantity], words: str) -> list[Quantity]:
    """Return the quantities whose unit a table speaks of: others meet its numbers by chance."""
    return [one for one in known if one.unit.split(" ")[0].rstrip("s") in words]


def value_of(cell: object) -> float | None:
    """Return the number that a cell of a table holds, None for words."""
    words = str(cell).replace(",", ".")
    return float(words) if re.fullmatch(r"-?\d+(\.\d+)?", words) else None


def second(known: list[Quantity], words: str) -> Iterator[str]:
    """Yield a label followed by a number that is not one of its own."""
    for label in {one.label for one in known}:
        own = {flat(one.number) for one in known if one.label == label}
        for number in re.findall(rf"{re.escape(flat(label))} : ({NUMBER}(?: %)?)", words):
            if number not in own:
                yield f"« {label} » vaut {number}, et non {', '.join(sorted(own))}"


def raw(known: list[Quantity]) -> Iterator[tuple[Quantity, float]]:
    """Yield the values that are shown with fewer digits than they have."""
    for one in known:
        pairs = zip((one.value, one.low, one.high), (one.rounded, *one.ends), strict=True)
        for value, shown in pairs:
            if value is None or shown is None or not LEAST <= abs(value) < float("inf"):
                continue
            if round(value) != round(shown):
                yield one, value


def digits(known: list[Quantity], words: str) -> Iterator[str]:
    """Yield a quantity written with more digits than it deserves."""
    for one, value in raw(known):
        number = re.escape(flat(text.nombre(value)))
        if re.search(rf"(?<!\d )(?<!\d){number}(?!\d)(?! \d{{3}})(?!,\d)", words):
            yield f"« {one.label} » : {flat(text.nombre(value))} au lieu de {flat(one.number)}"


def cells(known: list[Quantity], rows: list[list[object]]) -> Iterator[str]:
    """Yield a cell that holds a quantity with more digits than it deserves."""
    held = {round(v) for row in rows for cell in row if (v := value_of(cell)) is not None}
    for one, value in raw(known):
        if round(value) in held:
            yield f"« {one.label} » : {value:.0f} au lieu de {flat(one.number)}"


def per_100(known: list[Quantity], words: str) -> Iterator[str]:
    """Yield a sentence on 100 seats with a number that no quantity per 100 seats has."""
    own = {"100", "95"}
    for one in (q for q in known if q.key in PER_100):
        own |= {flat(text.nombre(v)) for v in (one.rounded, *one.ends) if v is not None}
    for sentence in re.split(r"(?<=[.!?])\s", words):
        if re.search(r"[Pp]our 100 places", sentence) and not re.search(OTHER_MEASURE, sentence):
            told = re.findall(rf"(?<![\d,])({NUMBER})(?! ?%)", sentence.split("(")[0])
            lost = [n for n in told if n.lstrip("+") not in own]
            if lost:
                yield f"pour 100 places, {', '.join(lost)} : {sentence[:90]}"


def without_field(known: list[Quantity], page: BeautifulSoup) -> Iterator[str]:
    """Yield a quantity that the answer of a page gives without saying whom it counts."""
    answer = [*page.main.select(".reponse p"), page.main.h1] if page.select(".reponse") else []
    words = flat(" ".join(map(plain, answer)))
    measured = [q for q in known if q.nature != DECLARED_FIGURE]  # a target has its date with it
    told = {flat(f"{q.number} {q.unit}") for q in measured if flat(str(q.scope)) in words}
    for one in measured:  # two may be equal by chance: one with its field is enough
        number = flat(f"{one.number} {one.unit}")
        if number in words and number not in told:
            yield f"« {one.label} » ({one.number}) sans son champ : {one.scope}"


def totals(known: list[Quantity], rows: list[list[object]]) -> Iterator[str]:
    """Yield the whole of a column under a quantity's label that is not its value."""
    heads: list[str] = []
    for row in rows:
        words = ["" if cell is None else str(cell) for cell in row]
        if not any(words) or any(one.label in words for one in known):
            heads = words  # a blank row ends a table
        if heads and words[0] == words[min(1, len(words) - 1)] == WHOLE:
            for one in known:
                at = heads.index(one.label) if one.label in heads else -1
                value = value_of(words[at]) if at >= 0 else None
                if value is not None and abs(value - one.amount) > 0.005 * max(1, one.amount):
                    yield f"« {one.label} » : {words[at]} en tout, et non {one.amount}"


if __name__ == "__main__":
    wrong = faults(Path(sys.argv[1]))
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))
