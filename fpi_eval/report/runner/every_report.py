"""The page that lists every report of the project: programme, year, proof, first numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bs4 import BeautifulSoup
from filelock import FileLock
from jinja2 import Environment, FileSystemLoader

from fpi_eval.errors import FpiError
from fpi_eval.headline import Headline, Quantity
from fpi_eval.headline.first_page import as_number, begun, entered, largest_target, only_own, vague
from fpi_eval.language import FRENCH, NAMES, OTHERS, _, speaking, spoken
from fpi_eval.report.edition import MANIFEST, QUANTITIES, SIMULATED_SUFFIX, front, manifest_of
from fpi_eval.report.published.shown_quantities import read_quantities
from fpi_eval.report.runner.accessible import set_french
from fpi_eval.table_files import replace_files
from fpi_eval.text import BANNER, MISSING

TEMPLATES = Path(__file__).parent / "templates" / "rapport"
PAGE = "index.html"
SHOWN = {"titre", "annee_scolaire", "donnees"}  # of a manifest


@dataclass(frozen=True, slots=True)
class Line:
    """One report: its programme, folder, year, page, if it is simulated, what it found first."""

    programme: str
    folder: str
    year: str
    page: str
    simulated: bool
    proof: str
    numbers: tuple[str, ...]


def write(folder: Path) -> Path:
    """Write the list of the reports of a folder, each in ``<programme>/<rentree>``.

    Runs that end together write one after the other: the last one has seen all of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".liste.verrou"):
        others = [code for code in OTHERS if any(folder.glob(f"*/*/{front(code)}"))]
        pages = {}
        for code in (FRENCH, *others):
            with speaking(code):
                shown = _page(list(_lines(folder)), {FRENCH, *others} - {code})
                pages[folder / front(code)] = shown.encode()
        replace_files(pages)
    return folder / PAGE


def _page(lines: list[Line], others: set[str]) -> str:
    folders: dict[str, list[Line]] = {}
    for one in lines:
        folders.setdefault(one.folder, []).append(one)
    titles = [rows[0].programme for rows in folders.values()]
    words = {
        "programmes": {
            title if titles.count(title) == 1 else f"{title} ({folder})": rows
            for title, (folder, rows) in zip(titles, folders.items(), strict=True)
        },
        "_": _,
        "langue": spoken(),
        "others": [(front(code), code, NAMES[code]) for code in sorted(others)],
        "banner": _(BANNER) if lines and all(one.simulated for one in lines) else "",
        "css": (TEMPLATES / "style.css").read_text(encoding="utf-8"),
    }
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    html = made.get_template("rapports.html.j2").render(words)
    if spoken() != FRENCH:
        return html
    soup = BeautifulSoup(html, "html.parser")
    set_french(soup.select("body")[0])
    return str(soup)


def _lines(folder: Path) -> Iterator[Line]:
    """Yield every whole report, those of a programme from the latest year on.

    A folder whose manifest is not that of a report is none, nor is one being made or put aside.
    """
    years = (p for p in folder.glob(f"*/*/{MANIFEST}") if p.parts[-2].isdecimal())
    for place in sorted(years, key=lambda p: (p.parts[-3], -int(p.parts[-2]))):
        kept = manifest_of(place.parent)
        if not kept.keys() >= SHOWN or not (place.parent / PAGE).is_file():
            continue
        simulated = kept["donnees"] != "réelles"
        suffix = SIMULATED_SUFFIX if simulated else ""
        found = _numbers(place.with_name(f"{QUANTITIES}{suffix}.json"))
        own = front(spoken())
        name = own if (place.parent / own).is_file() else PAGE
        page = quote("/".join((*place.parts[-3:-1], name)))
        proof = _(found.notes.get("verdict", "")) + only_own(found) or _not_yet(found)
        numbers = tuple(_shown(found))
        title, year = kept["titre"], kept["annee_scolaire"]
        yield Line(title, place.parts[-3], year, page, simulated, proof, numbers)


def _numbers(path: Path) -> Headline:
    """Return a report's headline numbers; none from one that an older version made, or untold."""
    try:
        found = read_quantities(path)
        return found.said(spoken())
    except FpiError:
        return Headline()


def _shown(found: Headline) -> Iterator[str]:
    """Yield seats opened of planned, people entered of the largest target, the net effect."""
    yield _of(found.get("places_ouvertes"), found.get("places_prevues")) or _not_yet(found)
    largest = largest_target(found)
    yield _of(entered(found, largest), largest) or _not_yet(found)
    effect = found.get("effet_net")
    unknown = _("trop incertain") if vague(effect) else _(MISSING)
    yield _effect(found, effect) if effect else unknown


def _effect(found: Headline, effect: Quantity) -> str:
    """Return the net effect as the first page tells it: a number and its range, or the range."""
    number, effect = as_number(found, effect), effect.in_words
    if number:
        return f"{effect.number} {effect.unit} ({effect.range})"
    said = _("trop incertain : {range} {people}")
    return said.format(range=effect.range, people=effect.unit)


def _not_yet(found: Headline) -> str:
    """Return why a number is not there: the programme has not begun, or it is not known."""
    return _(MISSING) if begun(found) else _("aucune encore")


def _of(done: Quantity | None, wanted: Quantity | None) -> str:
    if not done:
        return ""
    words = _("{done} sur {wanted}")
    return words.format(done=done.number, wanted=wanted.number) if wanted else done.number
