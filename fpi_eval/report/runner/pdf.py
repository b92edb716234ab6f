"""The report on paper: all of it, two pages for a meeting, six slides to show there.

All are made from the finished pages, by typst, which refuses a figure without words: tagged
(PDF/UA-1), with bookmarks, title and language.
"""

import copy
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst
from bs4 import BeautifulSoup, PageElement, Tag

from fpi_eval import escapes
from fpi_eval.language import FRENCH, _, locale
from fpi_eval.report.edition import Edition, today
from fpi_eval.report.runner.accessible import set_french
from fpi_eval.report.runner.chapters import Page
from fpi_eval.report.runner.shortened import slides, synthesis
from fpi_eval.store import kept
from fpi_eval.text import date_longue

TEMPLATE = Path(__file__).parent / "templates" / "rapport" / "papier.typ"
#: Of a drawing, the names that HTML has in small letters and SVG has not.
CASES = {"viewbox": "viewBox", "clippath": "clipPath", "patternunits": "patternUnits"}
INLINE = {"strong": "strong", "b": "fort", "em": "emph", "i": "emph", "small": "note"}
#: Classes of a page that paper shows: side by side, or on a ground of their own.
BESIDE = {"tuiles": "tuiles", "suites": "cote", "images": "cote"}
GROUND = {"reponse", "couverture"}
AIRY = {"tuiles", "suites", "chaine", "planche", "couverture"}  # takes the room that a page leaves
SCREEN = (
    "nav, form, fieldset, figure details, .source, .surtitre, [aria-hidden]:not(.barre, .degres)"
)
#: The front page's drawing, whose style sheet paper has not.
INK, GREY = "#000091", "#55555f"
DRAWN = {
    "rect.plein": {"fill": INK},
    "rect.futur": {
        "fill": "none",
        "stroke": GREY,
        "stroke-width": "0.7",
        "stroke-dasharray": "3 2",
    },
    "text": {"font-family": "DejaVu Sans", "font-size": "10.8"},
    "text.nombre": {"font-weight": "bold"},
    "text.futur": {"fill": GREY, "font-weight": "normal"},
}
WHOLE = 640  # pixels of a drawing that tells no width
TALL = 0.9  # of its width: a drawing higher than this may be cut between rows of frames
WHOLE_ROWS = 16  # a table of no more rows is on one page, its title and notes too
#: Letters, in points: the largest that fits the pages wanted, else the last.
SIZES = {"Rapport": (10.0,), "Synthèse": (12.5, 12.0, 11.5, 11.0, 10.0, 9.0, 8.0, 7.5)}
SIZES["Diapositives"] = (20.0, 18.0, 16.0, 14.0, 12.0)
PAGES = {"Synthèse": 2, "Diapositives": 6}


def write(folder: Path, pages: Sequence[Page], edition: Edition) -> None:
    """Write the three documents from the pages of the folder, the front page first.

    Without chapters there is no whole report, and the front page is the synthesis.
    """
    front, *mains = (_main(folder / file) for file in (edition.front, *(p.file for p in pages)))
    chapters = list(zip(pages, mains, strict=True))
    made = {
        "rapport": ("Rapport", [front, *mains] if pages else []),
        "synthese": ("Synthèse", synthesis(front, chapters)),
        "diapositives": ("Diapositives", slides(front, chapters)),
    }
    with ThreadPoolExecutor() as pool:
        jobs = {}
        for name, (kind, tags) in made.items():
            for tag in tags if edition.langue == FRENCH else ():
                set_french(tag)
            if tags:
                writer = _Writer()
                said = TEMPLATE.read_text("utf-8") + writer.blocks(tags)
                facts, day = _facts(kind, edition), today()
                job = partial(kept, _compile, kind, said, writer.drawings, facts, day)
                jobs[folder / edition.file(name, "pdf")] = pool.submit(job)
        for target, made_now in jobs.items():  # typst works while the next document is written
            target.write_bytes(made_now.result())


def _main(path: Path) -> Tag:
    """Return what a page says, without what only a screen uses."""
    main = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select("main")[0]
    for tag in main.select(f"{SCREEN}, hr"):
        tag.decompose()
    return main


def _facts(kind: str, edition: Edition) -> dict[str, str]:
    """Return what every page of a document says of it."""
    return {
        "kind": kind,
        "titre": edition.titre,
        "annee": edition.annee,
        "avis": edition.banner,
        "date": date_longue(today()),
        "nom": _(kind),
        "page": _("Page"),
        "sur": _("sur"),
        "sommaire": _("Sommaire"),
        "langue": edition.langue,
        "region": locale().partition("_")[2],
    }


def _compile(
    kind: str, said: str, drawings: Mapping[str, str], words: Mapping[str, str], day: date
) -> bytes:
    """Return the document, at the first size of letters that keeps it on its pages."""
    noon = int(datetime.combine(day, time(12), UTC).timestamp())
    with tempfile.TemporaryDirectory(prefix="fpi_eval_") as place:
        for name, content in {**drawings, "document.typ": said}.items():
            Path(place, name).write_text(content, "utf-8")
        source = Path(place, "document.typ")
        options: dict[str, Any] = {
            "root": place,
            "font_paths": [mpl.get_data_path() + "/fonts/ttf"],
            "ignore_system_fonts": True,
        }
        for size in SIZES[kind]:
            options["sys_inputs"] = {**words, "taille": str(size)}
            if kind not in PAGES or _pages(source, options) <= PAGES[kind]:
                break
        return typst.compile(source, pdf_standards="ua-1", timestamp=noon, **options)


def _pages(source: Path, options: dict[str, Any]) -> int:
    return int(json.loads(typst.query(source, "<pages>", field="value", one=True, **options)))


class _Writer:
    """Turns the elements of a page into typst's words, and drawings into files, by name."""

    def __init__(self) -> None:
        self.drawings: dict[str, str] = {}

    def blocks(self, tags: Iterable[PageElement]) -> str:
        """Return elements one after the other, each a block."""
        return "\n\n".join(filter(None, (self.block(tag) for tag in tags)))

    def block(self, tag: PageElement) -> str:
        """Return one element."""
        if not isinstance(tag, Tag):
            return _string(str(tag)) if str(tag).strip() else ""
        if tag.name in ("h1", "h2", "h3", "h4", "h5", "h6"):
            return f"#heading(level: {tag.name[1]})[{self.inline(tag)}]"
        match tag.name:
            case "ul" | "ol":
                kind = "list" if tag.name == "ul" else "enum"
                items = (self.item(li) for li in tag.find_all("li", recursive=False))
                return f"#{kind}({''.join(f'[{item}],' for item in items)})"
            case "table":
                return self.table(tag)
            case "figure":
                return self.figure(tag)
            case "svg":
                return self.picture(tag)
            case "hr":
                return "#pagebreak()"
            case "pre":
                return f"#raw({escapes.typst(tag.get_text())}, block: true)"
            case "p" if _introduces(tag):
                return f"#block(sticky: true)[{self.inline(tag)}]"
            case "p" | "a" | "span" | "dt" | "dd" | "strong" | "b" | "em" | "i" | "small":
                return self.inline(tag)
        return self.group(tag)

    def group(self, tag: Tag) -> str:
        """Return elements that stand together, as their class says."""
        classes = set(tag.get_attribute_list("class"))
        inside = [said for child in tag.children if (said := self.block(child))]
        whole = "\n\n".join(inside)
        if beside := classes & set(BESIDE):
            whole = f"#{BESIDE[beside.pop()]}({''.join(f'[{one}],' for one in inside)})"
        if ground := classes & GROUND:
            whole = f"#{ground.pop()}[{whole}]"
        return f"#souffle()\n{whole}\n#fin()" if classes & AIRY else whole

    def picture(self, svg: Tag) -> str:
        """Return a drawing of the front page: a bar, or the chain with its words."""
        if "etroit" in svg.get_attribute_list("class"):
            return ""
        if "barre" in svg.get_attribute_list("class"):
            return f"#jauge({svg.select('.plein')[0]['width']}%)"
        for name, style in DRAWN.items():
            for part in svg.select(name):
                part.attrs |= style
        return f"#dessin({self._drawing(svg)}, [], [])"

    def item(self, tag: Tag) -> str:
        """Return an item of a list: words, or blocks."""
        return self.blocks(tag.children) if tag.find(["p", "ul", "ol"]) else self.inline(tag)

    def inline(self, tag: Tag) -> str:
        """Return the words of an element."""
        return "".join(self._words(child) for child in tag.children)

    def _words(self, child: PageElement) -> str:
        if not isinstance(child, Tag):
            return _string(str(child))
        if child.name == "br":
            return "#linebreak()"
        if child.name == "code":
            return f"#raw({escapes.typst(child.get_text())})"
        if "degres" in child.get_attribute_list("class"):
            return f"#degres({len(child.select('.atteint'))})"
        said = self.inline(child)
        if "simule" in child.get_attribute_list("class"):
            return f"#simule[{said}]"
        if child.name in INLINE:
            return f"#{INLINE[child.name]}[{said}]"
        link = str(child.get("href", ""))
        return f"#link({escapes.typst(link)})[{said}]" if link.startswith("http") else said

    def table(self, tag: Tag) -> str:
        """Return a table with its heads and groups' names, which pages repeat, and its notes."""
        rows = [row for row in tag.find_all("tr") if not row.find_parent("tfoot")]
        heads = [row for row in rows if row.find_parent("thead")]
        width = sum(_span(cell, "colspan") for cell in rows[0].find_all(["th", "td"]))
        told = [self._row(row) for row in rows if row not in heads]
        head = f"table.header({''.join(self._row(row) for row in heads)})," if heads else ""
        name = self.inline(tag.caption) if tag.caption else _string(str(tag["aria-label"]))
        notes = "".join(f"[{self.inline(td)}]," for td in tag.select("tfoot td"))
        whole = "true" if len(rows) <= WHOLE_ROWS else "false"
        apart = -1 if notes and told and not tag.select("[rowspan]") else len(told)
        body, last = "".join(told[:apart]), "".join(told[apart:])
        return f"#tableau([{name}], {width}, {whole}, ({last}), ({notes}), {head}{body})"

    def _row(self, row: Tag) -> str:
        cells = row.find_all(["th", "td"])
        if "gt_group_heading_row" not in row.get_attribute_list("class"):
            return "".join(map(self._cell, cells))
        wide, name = _span(cells[0], "colspan"), self.inline(cells[0])
        return f"table.header(level: 2, table.cell(colspan: {wide}, align: left)[#strong[{name}]]),"

    def _cell(self, cell: Tag) -> str:
        spans = {name: _span(cell, name) for name in ("colspan", "rowspan")}
        said = "".join(f"{name}: {value}, " for name, value in spans.items() if value > 1)
        side = "right" if "gt_right" in cell.get_attribute_list("class") else "left"
        return f"table.cell({said}align: {side})[{self.inline(cell)}],"

    def figure(self, tag: Tag) -> str:
        """Return a figure: title, drawing with its words, source; a phone's in half a page."""
        titles, sources = tag.select(".figure-titre"), tag.select("figcaption")
        titre, source = ("".join(map(self.inline, found)) for found in (titles, sources))
        kind = "etroit" if tag.find_parent(class_="images") else "large"
        whole = tag.select(f"svg.{kind}") or tag.select("svg")
        slide = tag.find_parent(class_="diapo")
        parts = [part for svg in whole for part in ([svg] if slide else _rows(svg))]
        last = len(parts) - 1
        return "\n\n".join(
            f"#dessin({self._drawing(part)}, [{titre * (not n)}], [{source * (n == last)}])"
            for n, part in enumerate(parts)
        )

    def _drawing(self, svg: Tag) -> str:
        """Keep a drawing as a file; return its name, its words, and its width in pixels."""
        drawing = str(svg).replace("display:none;", "")
        name = f"dessin{len(self.drawings) + 1}.svg"
        for low, right in CASES.items():
            drawing = drawing.replace(low, right)
        self.drawings[name] = drawing
        words = "".join(tag.get_text() for tag in svg.select("desc"))
        width = str(svg.get("style", "")).partition("max-width:")[2].partition("px")[0]
        return f"{escapes.typst(name)}, {escapes.typst(words)}, {width or WHOLE}"


def _rows(svg: Tag) -> list[Tag]:
    """Return a tall drawing cut between its rows of frames: half a page need not stay empty."""
    left, top, wide, high = map(float, str(svg["viewbox"]).split())
    cuts = [float(cut) for cut in str(svg.get("data-rangs", "")).split()]
    if high <= TALL * wide or not cuts:
        return [svg]
    parts: list[Tag] = []
    for start, end in pairwise([top, *cuts, top + high]):
        part = copy.copy(svg)
        part["viewbox"] = f"{left:g} {start:g} {wide:g} {end - start:g}"
        for words in part.select("desc") if parts else ():
            words.string = _("Suite du dessin précédent.")
        parts.append(part)
    return parts


def _introduces(tag: Tag) -> bool:
    """Return whether a table or a figure comes next: its page is that of the words before it."""
    after = tag.find_next(["p", "ul", "ol", "h2", "h3", "table", "figure"])
    return after is not None and after.name in ("table", "figure")


def _span(cell: Tag, name: str) -> int:
    return int(str(cell.get(name, "1")))


def _string(words: str) -> str:
    """Return words that typst takes as they are."""
    return f"#{escapes.typst(words.replace(chr(10), ' '))};"
