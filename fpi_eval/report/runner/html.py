"""Render executed notebooks as self-contained, accessible French pages."""

import ast
import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePath
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from traitlets.config import Config

import fpi_eval
from fpi_eval.calendar import seen_on
from fpi_eval.headline.first_page import first_page
from fpi_eval.report.edition import Edition
from fpi_eval.report.published.shown_quantities import NAME as QUANTITIES
from fpi_eval.report.published.shown_quantities import shown_quantities
from fpi_eval.report.runner import accessible, manifest
from fpi_eval.report.runner.extract import write_tables
from fpi_eval.report.runner.notebooks import NotebookInfo, tags
from fpi_eval.text import date_longue

TEMPLATES = Path(__file__).parent / "templates"
LIMITS = "limites"
#: What a sentence gives to a notebook, alone or as `Absent`: no table, no figure's data.
WORDS = ({"text/plain"}, {"text/plain", "text/html"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the report, and the executed notebook behind it; `short` is its menu title."""

    file: str
    notebook: str
    title: str
    short: str
    question: str


def render(
    folder: Path,
    infos: Sequence[NotebookInfo],
    edition: Edition,
    extras: Sequence[PurePath] = (),
) -> None:
    """Write a page per executed notebook, the annexes, and the front page ``index.html``.

    `extras`: other files of the report, relative to it; the annexes link those a reader opens.
    """
    pages = [_page(info, edition) for info in infos]
    notebooks = [nbformat.read(folder / page.notebook, as_version=4) for page in pages]
    for notebook in notebooks:
        say_once(notebook)
    tables = [
        table
        for info, notebook in zip(infos, notebooks, strict=True)
        for table in write_tables(folder, info.name, notebook, edition.suffix)
    ]
    exporter, context = _exporter(), _context(pages, edition)
    for number, page in enumerate(pages):
        around = {"before": pages[:number][-1:], "after": pages[number + 1 :][:1]}
        resources = {"ctx": {**context, "page": page, **around}}
        body, _ = exporter.from_notebook_node(notebooks[number], resources)
        _write(folder / page.file, body, edition)
    context |= {
        "first": first_page(shown_quantities(notebooks)),
        "annexes": edition.file("annexes", "html"),
        "limits": _tagged(exporter, pages, notebooks, LIMITS),
        "tables": tables,
        "workbook": _extra(extras, edition.file("tableaux", "xlsx")),
        "dictionary": _extra(extras, "dictionnaire.csv"),
        "quantities": _extra(extras, edition.file(QUANTITIES, "json")),
    }
    _own_page(exporter, "annexes.html.j2", folder / context["annexes"], context, edition)
    context["css"] += (TEMPLATES / "rapport" / "accueil.css").read_text(encoding="utf-8")
    _own_page(exporter, "accueil.html.j2", folder / "index.html", context, edition)


def _own_page(
    exporter: HTMLExporter, template: str, path: Path, context: dict[str, Any], edition: Edition
) -> None:
    """Write a page that no notebook makes: the front page, the annexes."""
    made = exporter.environment.get_template(template).render(resources={"ctx": context})
    _write(path, made, edition)


def _extra(extras: Sequence[PurePath], name: str) -> str:
    """Return the path of another file of the report, empty if it is not there."""
    return next((path.as_posix() for path in extras if path.name == name), "")


def say_once(notebook: NotebookNode) -> None:
    """Empty, in a notebook read for its page, the cells of a section that repeat the one before.

    Several views of a section that have nothing to show give the same reason.
    """
    last = None
    for cell in notebook.cells:
        if cell.cell_type != "code":
            last = None
            continue
        said = [out.get("data", {}) for out in cell.get("outputs", ())]
        alone = len(said) == 1 and set(said[0]) in WORDS
        words = said[0]["text/plain"] if alone else None
        if words is not None and words == last:
            cell.outputs = []
        last = words


def _page(info: NotebookInfo, edition: Edition) -> Page:
    """Return the page of a notebook."""
    return Page(
        file=edition.file(info.name, "html"),
        notebook=edition.file(info.name, "ipynb"),
        title=info.title,
        short=str(info.declares.get("court", info.title)),
        question=info.question,
    )


def _exporter() -> HTMLExporter:
    """Return nbconvert's exporter with our templates only, and code left out."""
    config = Config()
    config.TemplateExporter.exclude_input = True
    config.TemplateExporter.exclude_input_prompt = True
    config.TemplateExporter.exclude_output_prompt = True
    exporter = HTMLExporter(
        config=config,
        template_name="rapport",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        language_code="fr",
    )
    exporter.register_filter("prose", prose)
    exporter.register_filter("css_string", css_string)
    return exporter


def _context(pages: Sequence[Page], edition: Edition) -> dict[str, Any]:
    """Return what every page's frame needs."""
    day, seen = manifest.today(), seen_on(edition.rentree)
    return {
        "pages": pages,
        "edition": edition,
        "date": date_longue(day),
        "date_iso": day.isoformat(),
        "seen": date_longue(seen),
        "seen_iso": seen.isoformat(),
        "version": fpi_eval.__version__,
        "css": (TEMPLATES / "rapport" / "style.css").read_text(encoding="utf-8"),
    }


def _tagged(
    exporter: HTMLExporter, pages: Sequence[Page], notebooks: Sequence[NotebookNode], tag: str
) -> list[dict[str, str]]:
    """Return, for each page that has one, the content of its first cell with this tag."""
    template = exporter.environment.get_template("cellule.html.j2")
    found = []
    for page, notebook in zip(pages, notebooks, strict=True):
        cells = [cell for cell in notebook.cells if tag in tags(cell)]
        if cells:
            content = template.render(cell=cells[0], resources={})
            found.append({"title": page.title, "file": page.file, "html": content})
    return found


def prose(text: str) -> str:
    """Return printed text as paragraphs, or as it stands where columns are aligned by spaces.

    A sentence that is a cell's last value comes quoted; the name of an object says nothing.
    """
    text = text.strip()
    with contextlib.suppress(ValueError, SyntaxError):
        value = ast.literal_eval(text)
        text = value if isinstance(value, str) else text
    if not text or re.fullmatch(r"<[^<>]*>|None|\[<.*>\]", text, re.S):
        return ""
    if re.search(r"\S {3,}\S", text):
        return f"<pre>{escape(text)}</pre>"
    blocks = re.split(r"\n\s*\n", text)
    return "".join(f"<p>{escape(block).replace(chr(10), '<br>')}</p>" for block in blocks)


def css_string(text: str) -> str:
    """Return text as a CSS string that cannot end its style element."""
    return '"' + re.sub(r'["\\<>\n]', lambda match: f"\\{ord(match[0]):x} ", text) + '"'


def _write(path: Path, html: str, edition: Edition) -> None:
    """Write a page once its headings, tables and figures are made accessible."""
    path.write_text(accessible.improve(html, edition), encoding="utf-8")
