"""The chapters of a report in another language: headline quantities, then what is translated."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from nbformat.v4 import new_code_cell, new_output

from fpi_eval.errors import FpiError
from fpi_eval.figures import Figure
from fpi_eval.headline import Headline
from fpi_eval.headline.in_chapters import FINDINGS, drawing, numbers
from fpi_eval.language import _
from fpi_eval.report.edition import Edition
from fpi_eval.report.runner import translated
from fpi_eval.report.runner.chapters import Page, Section
from fpi_eval.tables import Table


def chapters(
    found: Headline, french: Sequence[Page], edition: Edition
) -> Iterator[tuple[Page, Page]]:
    """Yield each French page that can be told in this language, and its page there.

    A chapter of which nothing is known, or whose title is the project's own, stays in French.
    """
    for page in french:
        name = page.file.removesuffix(f"{edition.suffix}.html")
        with suppress(FpiError):
            yield page, _told(page, name, found, edition)


def _told(page: Page, name: str, found: Headline, edition: Edition) -> Page:
    """Return the chapter: its finding and numbers where they have a place, its own sections."""
    finding = FINDINGS[name](found) if name in FINDINGS else ""
    own = translated.told(page, edition.file(name, "html"), finding.rstrip("."))
    if not finding:
        return own
    source = _(" ; ").join(_(one) for one in edition.sources)
    parts = [drawing(found, name, source), numbers(found, name, source)]
    first = Section("", name, tuple(_shown(part) for part in parts if part))
    return replace(own, sections=(first, *own.sections))


def _shown(part: Figure | Table):
    """Return a cell that shows a figure or a table."""
    return new_code_cell(outputs=[new_output("display_data", {"text/html": part.to_html()})])
