"""What sentences, alternative texts and headline quantities tell of counts that tables hide.

``python tests/adversary_texts.py DOSSIER… [--donnees DOSSIER]`` attacks whole rendered reports held
together: their sheets, pages, quantities, kept publications, notebooks, the points of their figures
that count people, and the words of their pages and of their PDF files.
"""

import argparse
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import nbformat
import numpy as np
from adversary import MEANS, RATES, Adversary, Said, World, heard, misread, narrow, table
from adversary import told as value_of
from bs4 import BeautifulSoup

from fpi_eval.report.published.shown_tables import executed

SPACES = re.compile("[ \u00a0\u202f\n\t]+")
COUNTED = ("01", "02", "04", "05")  # notebooks whose figures show counts; others show estimates
AXES = re.compile(r"matplotlib\.axis_")
COUNTS = re.compile("Élèves|Sortants|Entrants|Présents|Personnes|vœux")  # heads of tables of people
ABOUT = re.compile(r"95 %|\d+ mois|20\d\d(?:-20\d\d)?|\bQ\d")  # no count of people
NOTHING = ((0.0, 0.0), (100.0, 0.0))  # a bar of nobody, or of all: what shares are drawn on
EDGE = 0.1  # of a point of the drawing
SMALL = 20  # points of a drawing: a closed line no larger is a mark
LEAST, MORE = 22, 160  # area of a mark of nobody, and how much more the largest has
SHADES = ("0.12", "0.24", "0.36", "0.48")  # of a map: each a quarter of its largest value
LONGEST = 60  # words of a sentence: what is longer is a table that a PDF file lays flat
END = re.compile(r"(?<=[.;!?])\s+(?=[A-ZÀ-Ý])")
PEOPLE = (r"(?:premiers? )?(?:vœux?|entrants?|personnes?|élèves?|étudiants?|sortants?|diplômés?|"
          r"candidats?|jeunes)")  # fmt: skip


def sentences(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (file, sentence) of pages but their tables, of alternative texts, of notebooks, PDF."""
    for path in sorted(folder.glob("*.html")):
        yield from _split(path.name, path.read_text(encoding="utf-8"))
    for path in sorted(folder.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                yield from _split(path.name, cell.source)
            for output in cell.get("outputs", ()):
                data = output.get("data", {})
                yield from _split(path.name, data.get("text/html", output.get("text", "")))
    if shutil.which("pdftotext"):
        for path in sorted(folder.glob("*.pdf")):
            run = subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True)
            yield from _split(path.name, run.stdout.decode())


def _split(name: str, html: str) -> Iterator[tuple[str, str]]:
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup.find_all(["table", "script", "style"]):
        tag.decompose()
    blocks = soup.find_all(["p", "li", "figcaption", "desc", "title", "h1", "h2", "h3", "h4", "dd"])
    told = [tag.get_text(" ") for tag in blocks] or [soup.get_text(" ")]
    told += [tag.get(a) for tag in soup.find_all(True) for a in ("alt", "aria-label", "title")]
    for one in told:
        for sentence in END.split(SPACES.sub(" ", (one or "").replace("’", "'")).strip()):
            if any(letter.isdigit() for letter in sentence) and sentence.count(" ") < LONGEST:
                yield name, sentence


def unread(notebook) -> list[str]:
    """Return the outputs of a notebook that are neither its page's words and tables nor data."""
    known = {"text/html", "text/plain", "application/vnd.dataresource+json",
             "application/vnd.fpi-eval.chiffres+json",
             "application/vnd.fpi-eval.absent+json"}  # fmt: skip
    found = []
    for output in (one for cell in notebook.cells for one in cell.get("outputs", ())):
        data = output.get("data", {})
        found += [f"type non lu : {kind}" for kind in set(data) - known]
        if output.output_type not in ("display_data", "execute_result", "stream"):
            found.append(f"sortie non lue : {output.output_type}")
        rest = {kind: value for kind, value in data.items() if kind != "text/plain"}
        more = _numbers(data.get("text/plain", "")) - _numbers(json.dumps(rest, ensure_ascii=False))
        if rest and more:
            found.append(f"nombres du seul texte : {sorted(more)}")
    return found


def _numbers(words: str) -> set[str]:
    return set(re.findall(r"\d+", re.sub(r"(?<=\d)[\u00a0\u202f](?=\d)", "", words)))


def undrawn(notebook, also: Sequence[tuple[float, float]] = ()) -> list[str]:
    """Return what figures draw or describe that their own table does not show, rounded as it is.

    Of marks and curves their points; of bars their length, or both ends; of the alternative text
    of a figure whose table counts people, each number. `also`: values that a sheet tells, and ±;
    figures of the smallest effects that can be seen draw no count.
    """
    found = []
    for data in (o.get("data", {}) for c in notebook.cells for o in c.get("outputs", ())):
        rows = data.get("application/vnd.dataresource+json", {}).get("data", [])
        if not (rows and "effet" in " ".join(rows[0])):
            for drawing in BeautifulSoup(data.get("text/html", ""), "html.parser").find_all("svg"):
                found += _unshown(drawing, rows, also)
    return found


def _unshown(drawing, rows: Sequence[Mapping[str, str]], also: Sequence) -> Iterator[str]:
    """Yield what one drawing, wide or for a phone, tells that its table does not."""
    shown = [number for row in rows for cell in row.values() for number in _told(str(cell))]
    shown += [*also, *NOTHING]
    title = drawing.title.get_text()

    def near(value: float, wide: float) -> bool:
        return any(abs(value - one) <= half + wide for one, half in shown)

    for ways, wide in drawn(drawing):
        if not any(all(near(value, wide) for value in way) for way in ways):
            yield f"{title} : {' ou '.join(f'{value:g}' for value in ways[0])}"
    columns = [[_told(str(row[head])) for row in rows] for head in (rows[0] if rows else ())]
    numbers = [np.array([one[0][0] for one in col if len(one) == 1]) for col in columns]
    if not any(_sized(sizes(drawing), col) for col in numbers) and len(sizes(drawing)):
        yield f"{title} : tailles {sizes(drawing).round(3).tolist()}"
    for told in shades(drawing):
        if not any(not told - _quarters(col) for col in numbers):
            yield f"{title} : teintes {dict(told)}"
    labels = [t for t in drawing.find_all("text") if not t.find_parent("g", id=AXES)]
    words = [re.sub(ABOUT, "", t.get_text()) for t in labels]
    if rows and COUNTS.search(" ".join(rows[0])):
        words.append(re.sub(ABOUT, "", f"{title} {drawing.desc.get_text()}"))
    for value, half in (number for one in words for number in _told(one)):
        if not near(value, half):
            yield f"{title}, écrit ou texte de remplacement : {value:g}"


def sizes(drawing) -> np.ndarray:
    """Return what the areas of marks tell, the largest 1; nothing where all have the same."""
    shapes = {path.get("id"): path for path in drawing.find_all("path", id=True)}
    areas = []
    for mark in drawing.find_all(["use", "path"]):
        if mark.get("clip-path") or mark.find_parent("g", attrs={"clip-path": True}):
            path = shapes[mark["xlink:href"][1:]] if mark.name == "use" else mark
            if _place(mark) is not None and not mark.find_parent("g", id=AXES):
                ends = _vertices(path)
                turned = 2 if len(ends) == 4 and len(set(ends[:, 0].round(3))) == 3 else 1
                areas.append(np.ptp(ends, axis=0).max() ** 2 / turned)
    found = (np.array(areas) - LEAST) / MORE
    return found if len(found) and np.ptp(found) > 0.01 else np.zeros(0)


def _sized(sizes: np.ndarray, column: np.ndarray) -> bool:
    """Return whether marks are as large as numbers of a column, against one of them."""
    within = (np.abs(sizes[:, None] * top - column).min(axis=1) < EDGE for top in column)
    return any(one.all() for one in within)


def shades(drawing) -> Iterator[Counter]:
    """Yield how many areas of each map have each shade."""
    maps: dict[str, Counter] = {}
    for area in [] if drawing.find("g", id=AXES) else drawing.find_all("path"):
        shade = re.search(r"fill-opacity: ([\d.]+)", area.get("style", ""))
        if shade and shade[1] in SHADES:
            maps.setdefault(area.get("clip-path", ""), Counter())[shade[1]] += 1
    yield from maps.values()


def _quarters(column: np.ndarray) -> Counter:
    """Return how many numbers of a column are in each quarter of its largest."""
    some = column[column > 0]
    return Counter(SHADES[int(np.ceil(4 * one / some.max())) - 1] for one in some)


def drawn(drawing) -> Iterator[tuple[list[tuple[float, ...]], float]]:
    """Yield what each stroke is worth on the axes whose ticks are numbers, in each way, and ±."""
    for axis in drawing.find_all("g", id=AXES) if drawing else ():
        side = (int(axis["id"].rpartition("_")[2]) - 1) % 2  # x, then y, of each frame
        if scale := _scale(axis, side):
            frame = _vertices(axis.parent.find("path"))[:, side]
            for mark in axis.parent.find_all(["use", "path"]):
                if not mark.find_parent("g", id=AXES):
                    yield from _worth(mark, side, scale, (frame.min(), frame.max()))


def _worth(mark, side: int, scale: tuple, frame: tuple) -> Iterator[tuple[list, float]]:
    slope, origin, wide, years = scale
    place = _place(mark)
    if place is not None:
        yield [(slope * place[side] + origin,)], wide
    elif mark.name == "path" and mark.get("clip-path"):
        at = _vertices(mark)[:, side]
        if not mark["d"].strip().endswith("z"):  # a line: what lies on the frame is no value
            inside = [one for one in at if all(abs(one - edge) > EDGE for edge in frame)]
            yield from (([(slope * one + origin,)], wide) for one in inside)
        elif not years:
            low, high = sorted(slope * one + origin for one in (at.min(), at.max()))
            yield [(high - low,), (low, high)], 2 * wide


def _scale(axis, side: int) -> tuple[float, float, float, bool] | None:
    """Return slope and origin of an axis, how far its ticks are, whether they are years."""
    groups = [g for g in axis.find_all("g", recursive=False) if g.find("use") and g.find("text")]
    told = [_told(group.find("text").get_text()) for group in groups]
    if len(told) < 2 or any(len(one) != 1 for one in told):
        return None
    at = np.array([float(group.find("use")["xy"[side]]) for group in groups])
    values = np.array([one[0][0] for one in told])
    slope, origin = np.polyfit(at, values, 1)
    wide = float(np.abs(slope * at + origin - values).max()) + 1e-3 * abs(slope)
    return slope, origin, wide, bool(((values > 1990) & (values < 2100)).all())


def _vertices(path) -> np.ndarray:
    return np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d", "")), dtype=float)


def _place(mark) -> tuple[float, float] | None:
    """Return where a mark is: that of a sign, or the middle of a small closed line."""
    if mark.name == "use":
        return float(mark["x"]), float(mark["y"])
    ends = _vertices(mark)
    if not mark.get("clip-path") or not mark["d"].strip().endswith("z") or not len(ends):
        return None
    size = np.ptp(ends, axis=0)
    if all(len(set(side.round(3))) <= 2 for side in ends.T) and np.ptp(size) > EDGE:
        return None  # a bar
    return tuple((ends.min(axis=0) + size / 2).tolist()) if 0 < size.max() < SMALL else None


def _told(words: str) -> list[tuple[float, float]]:
    """Return the numbers that words tell, each with half a unit of its last digit."""
    plain = re.sub(r"(?<=\d)[\u00a0\u202f](?=\d)", "", words.replace("\u2212", "-"))
    numbers = re.findall(r"(?<![\d,])(-?\d+)(?:,(\d+))?", plain)
    return [(float(f"{whole}.{part or 0}"), 0.5 * 10.0 ** -len(part)) for whole, part in numbers]


def tells(worlds: Mapping[str, World], said: Mapping[str, Sequence[Said]], told) -> list[str]:
    """Return the sentences that name a hidden count and tell its value, or its rate."""
    lines = [(name, sentence, sentence.lower()) for name, sentence in dict.fromkeys(told)]
    found = set()
    for which, world in worlds.items():
        for one in said[which]:
            words = [w.lower() for w in one.words if any(c.isalpha() for c in w)]
            words = [w for w in words if w not in ("ensemble", "autres régions")]
            if not one.hidden or not words:
                continue
            value = round((one.row @ world.truth)[0])
            count = re.compile(rf"(?<![\d,]){value}(?: (?:de )?{PEOPLE}\b| sur \d)")
            shares = _shares(world, one, value)
            for name, sentence, low in lines:
                tells = count.search(low) or any(share in low for share in shares)
                if tells and all(word in low for word in words):
                    found.add(f"{name} : {one.label} = {value} : {sentence}")
    return sorted(found)


def _shares(world: World, one: Said, value: int) -> list[str]:
    """Return how sentences would write the rates of a hidden count on its public bases."""
    said = []
    for rate, (top, base) in RATES.items():
        if list(top) == [one.kind] and (base in world.kinds or base in world.rows):
            inside = one.row.indices % len(world.rows)
            if base in world.kinds:
                size = world.truth[inside + len(world.rows) * world.kinds.index(base)].sum()
            else:
                size = world.rows[base].to_numpy()[inside].sum()
            if size and value and "pression" not in rate and "demande" not in rate:
                said.append(f" {100 * value / size:.1f} %".replace(".", ","))
            elif size and value:
                said.append(f" {value / size:.2f} ".replace(".", ","))
    return said


def main() -> None:
    """Attack the reports of folders `…/<programme>/<rentree>` together, and say what was found."""
    import fpi_eval as fpi
    from fpi_eval.programme import load_programme

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dossiers", type=Path, nargs="+")
    parser.add_argument("--donnees", default="")
    asked = parser.parse_args()
    folders = {int(folder.name): folder for folder in asked.dossiers}
    p = fpi.load(load_programme(asked.dossiers[0].parent.name), max(folders), asked.donnees)
    worlds, said = heard(folders, p)
    print(*(misread(worlds, said) or ["every line is read as it is"]), sep="\n")
    for name, some in said.items():
        ends = Adversary(worlds[name], some).ends() if some else []
        print(f"{name}: {len(ends)} hidden", *narrow(ends), sep="\n  ")
    for folder in asked.dossiers:
        sheet = table(folder / "tables", "quadrants")
        also = [
            (100 * m, 0.05) for row in sheet for n in MEANS if (m := value_of(row[n])) is not None
        ]
        for name, notebook in executed(folder).items():
            found = undrawn(notebook, also) if name.startswith(COUNTED) else []
            print(
                *(f"{folder.name}/{name}: {one}\n" for one in [*unread(notebook), *found]), end=""
            )
        told = list(sentences(folder))
        print(f"{folder.name}: {len(told)} sentences with a number")
        print(*(f"  {one}\n" for one in tells(worlds, said, told)), end="")


if __name__ == "__main__":
    main()
