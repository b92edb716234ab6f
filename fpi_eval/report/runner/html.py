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
from fpi_eval.headline.first_page import first_page
from fpi_eval.language import FRENCH, NAMES, _, speaking
from fpi_eval.report.edition import QUANTITIES, Edition
from fpi_eval.report.published.shown_quantities import shown_quantities
from fpi_eval.report.runner import accessible, manifest, pdf
from fpi_eval.report.runner.chapters import Page, compose
from fpi_eval.report.runner.extract import write_tables
from fpi_eval.report.runner.notebooks import NotebookInfo
from fpi_eval.text import date_longue

TEMPLATES = Path(__file__).parent / "templates"
#: Numbers of the region, in the words of their source, and shares that say two others again.
CONTEXT = ("emplois_industriels", "effet_decelable", "avancement_")
#: What a reader who does not know French schools must know.
WORDS = {
    "Place": "une place de formation financée, en première année ; elle sert à chaque rentrée.",
    "Rentrée": "l'année scolaire, nommée par son mois de septembre.",
    "Secondaire": "CAP et bac professionnel, dans les lycées professionnels.",
    "Supérieur": "surtout le BTS, deux ans après le bac.",
    "Voie scolaire": "au lycée, à temps plein ; l'apprentissage se partage avec un employeur.",
    "Formations voisines": "celles qui peuvent perdre les élèves qu'une place nouvelle attire.",
    "Fourchette": "celle qui contient la vraie valeur 95 fois sur 100 (80 pour une projection).",
    "Preuve": "ce que montre la méthode essayée sur de faux programmes ; trois degrés.",
}


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
    for number, page in enumerate(pages):
        around = {"before": pages[:number][-1:], "after": pages[number + 1 :][:1], "page": page}
        _own_page(exporter, "index.html.j2", folder / page.file, context | around, edition)
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
                found.said(code),
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
    """Write what exists in another language: front page with every number, synthesis, slides."""
    own = _context([], edition) | {
        "css": context["css"],
        "first": first_page(found),
        "chapters": context["chapters"],
        "numbers": [one for one in found if one and not one.key.startswith(CONTEXT)],
        "words": [(_(word), _(meaning)) for word, meaning in WORDS.items()],
        "others": [{"page": "index.html", "langue": FRENCH, "name": NAMES[FRENCH]}],
    }
    _own_page(exporter, "accueil.html.j2", folder / edition.front, own, edition)
    pdf.write(folder, [], edition)


def _own_page(
    exporter: HTMLExporter, template: str, path: Path, context: dict[str, Any], edition: Edition
) -> None:
    """Write a page from its template."""
    made = exporter.environment.get_template(template).render(resources={"ctx": context})
    _write(path, made, edition)


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
    """Write a page once its headings, tables and figures are made accessible."""
    path.write_text(accessible.improve(html, edition), encoding="utf-8")
