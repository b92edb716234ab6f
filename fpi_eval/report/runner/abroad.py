"""The chapters of a report in another language, made of its headline quantities alone."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from nbformat.v4 import new_code_cell, new_output

from fpi_eval.errors import FpiError
from fpi_eval.figures import Figure
from fpi_eval.headline import Headline
from fpi_eval.headline.in_chapters import FINDINGS, drawing, numbers
from fpi_eval.language import _
from fpi_eval.report.edition import Edition
from fpi_eval.report.runner.chapters import Page, Section
from fpi_eval.tables import Table


def chapters(
    found: Headline, french: Sequence[Page], edition: Edition
) -> Iterator[tuple[Page, Page]]:
    """Yield each French page that can be told in this language, and its page there.

    A chapter without a number to tell, or whose title is the project's own, stays in French.
    """
    for page in french:
        name = page.file.removesuffix(f"{edition.suffix}.html")
        finding = FINDINGS[name](found) if name in FINDINGS else ""
        if finding:
            with suppress(FpiError):
                yield page, _told(page, name, finding, found, edition)


def _told(page: Page, name: str, finding: str, found: Headline, edition: Edition) -> Page:
    """Return the chapter: its finding, one drawing where there is something to compare, numbers."""
    source = _(" ; ").join(_(one) for one in edition.sources)
    parts = [drawing(found, name, source), numbers(found, name, source)]
    cells = tuple(_shown(part) for part in parts if part)
    return Page(
        file=edition.file(name, "html"),
        title=_(page.title),
        short=_(page.short),
        question=_(page.question),
        finding=finding.rstrip("."),
        sections=(Section("", name, cells),),
    )


def _shown(part: Figure | Table):
    """Return a cell that shows a figure or a table."""
    return new_code_cell(outputs=[new_output("display_data", {"text/html": part.to_html()})])
