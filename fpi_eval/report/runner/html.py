"""Render executed notebooks as self-contained, accessible French pages."""

import ast
import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from traitlets.config import Config

import fpi_eval
from fpi_eval import escapes
from fpi_eval.calendar import seen_on
from fpi_eval.headline import Headline
from fpi_eval.headline.first_page import WORDS, first_page
from fpi_eval.language import FRENCH, NAMES, _, speaking
from fpi_eval.report.edition import QUANTITIES, Edition, today
from fpi_eval.report.published.shown_quantities import shown_quantities
from fpi_eval.report.runner import fork_server, pdf, told_tables, translated
from fpi_eval.report.runner.accessible import improve
from fpi_eval.report.runner.chapters import Page, compose
from fpi_eval.report.runner.extract import write_tables
from fpi_eval.report.runner.notebooks import NotebookInfo
from fpi_eval.store import kept
from fpi_eval.text import date_longue

TEMPLATES = Path(__file__).parent / "templates"


def render(
    folder: Path,
    infos: Sequence[NotebookInfo],
    edition: Edition,
    extras: Sequence[PurePath] = (),
) -> None:
    """Write a page per executed notebook, the annexes, and the front page ``index.html``.

    `extras`: other files of the report, relative to it; the annexes link those a reader opens.
    """
    notebooks = [
        nbformat.read(folder / edition.file(info.name, "ipynb"), as_version=4) for info in infos
    ]
    tables = [
        table
        for info, notebook in zip(infos, notebooks, strict=True)
        for table in write_tables(folder, info.name, notebook, edition.suffix)
    ]
    pages = compose(infos, notebooks, edition)
    exporter, context = _exporter(), _context(pages, edition)
    _write_pages(exporter, folder, pages, context, edition)
    found = shown_quantities(notebooks)
    context |= {
        "first": first_page(found),
        "chapters": pages,
        "others": [
            {"page": replace(edition, langue=c).front, "langue": c, "name": NAMES[c]}
            for c in edition.langues
        ],
        "annexes": edition.file("annexes", "html"),
        "tables": tables,
        "workbook": _extra(extras, edition.file("tableaux", "xlsx")),
        "dictionary": _extra(extras, "dictionnaire.csv"),
        "quantities": _extra(extras, edition.file(QUANTITIES, "json")),
    }
    _own_page(exporter, "annexes.html.j2", folder / context["annexes"], context, edition)
    context["css"] += (TEMPLATES / "rapport" / "accueil.css").read_text(encoding="utf-8")
    _own_page(exporter, "accueil.html.j2", folder / edition.front, context, edition)
    pdf.write(folder, pages, edition)
    for code in edition.langues:
        with speaking(code):
            _abroad(
                exporter,
                folder,
                found,
                context,
                replace(edition, langue=code, langues=()),
            )


def _abroad(
    exporter: HTMLExporter,
    folder: Path,
    found: Headline,
    context: dict[str, Any],
    edition: Edition,
) -> None:
    """Write what exists in another language: front page, chapters, their papers.

    The front page says which chapters exist in French only.
    """
    fields = [str(one.scope) for one in found]
    found = found.said(edition.langue)
    told = list(translated.chapters(found, context["pages"], edition))
    here, pages = {french.file for french, _own in told}, [own for _french, own in told]
    own = _context(pages, edition)
    _write_pages(exporter, folder, pages, own, edition)
    book = folder / edition.file("tableaux", "xlsx")
    own |= {
        "annexes": edition.file("annexes", "html"),
        "tables": told_tables.write_tables(folder, context["tables"], edition.suffix),
        "quantities": "",
        "css": context["css"],
        "first": first_page(found),
        "chapters": pages,
        "french": [page for page in context["pages"] if page.file not in here],
        "words": [(_(word), _(meaning)) for word, meaning in WORDS.items()],
        "others": [{"page": "index.html", "langue": FRENCH, "name": NAMES[FRENCH]}],
        "workbook": "",
    }
    if context["workbook"]:
        french = folder / context["workbook"]
        said = dict(zip(fields, [str(one.scope) for one in found], strict=True))
        own["workbook"] = told_tables.write_workbook(french, book, said).name
        words = folder / context["dictionary"]
        own["dictionary"] = f"tables/dictionnaire_{edition.langue}.csv"
        told_tables.write_dictionary(words, folder / own["dictionary"])
    _own_page(exporter, "annexes.html.j2", folder / own["annexes"], own, edition)
    _own_page(exporter, "accueil.html.j2", folder / edition.front, own, edition)
    pdf.write(folder, pages, edition)


def _write_pages(
    exporter: HTMLExporter,
    folder: Path,
    pages: Sequence[Page],
    context: dict[str, Any],
    edition: Edition,
) -> None:
    """Write chapters, each leading to the one before and to the one after."""
    made = []
    for number, page in enumerate(pages):
        around = {"before": pages[:number][-1:], "after": pages[number + 1 :][:1], "page": page}
        made.append(_filled(exporter, "index.html.j2", context | around))
    if edition.langue == FRENCH:  # from the last one on, while this process does the first ones
        fork_server.ahead([(improve, html, edition) for html in reversed(made)])
    for page, html in zip(pages, made, strict=True):
        _write(folder / page.file, html, edition)


def _filled(exporter: HTMLExporter, template: str, context: dict[str, Any]) -> str:
    """Return a page made from its template."""
    return exporter.environment.get_template(template).render(resources={"ctx": context})


def _own_page(
    exporter: HTMLExporter, template: str, path: Path, context: dict[str, Any], edition: Edition
) -> None:
    """Write a page from its template; menus mark it as the one that is read."""
    _write(path, _filled(exporter, template, context | {"here": path.name}), edition)


def _extra(extras: Sequence[PurePath], name: str) -> str:
    """Return the path of another file of the report, empty if it is not there."""
    return next((path.as_posix() for path in extras if path.name == name), "")


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
    exporter.environment.autoescape = True  # but what is said to be safe: HTML, styles
    exporter.environment.globals["_"] = _
    exporter.register_filter("prose", prose)
    exporter.register_filter("css_string", escapes.css)
    return exporter


def _context(pages: Sequence[Page], edition: Edition) -> dict[str, Any]:
    """Return what every page's frame needs."""
    day, seen = today(), seen_on(edition.rentree)
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
        return f"<pre>{escapes.html(text)}</pre>"
    return escapes.paragraphs(text)


def _write(path: Path, html: str, edition: Edition) -> None:
    """Write a page once its headings, tables and figures are made accessible.

    A page that is as it was is not improved again; translations are no part of what is kept.
    """
    french = edition.langue == FRENCH
    made = kept(improve, html, edition) if french else improve(html, edition)
    path.write_bytes(made.encode())
