"""What executed notebooks show, by kind; their tables."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from fpi_eval.tables import RESOURCE, ShownTable


def executed(folder: Path) -> dict[str, NotebookNode]:
    """Return a report's executed notebooks, by name of file."""
    paths = sorted(folder.glob("0*.ipynb"))
    return {path.stem: nbformat.read(path, as_version=4) for path in paths}


def shown(notebook: NotebookNode, kind: str) -> Iterator[Any]:
    """Yield what a notebook displays under a MIME type, in order."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if kind in output.get("data", {}):
                yield output.data[kind]


def shown_tables(notebook: NotebookNode) -> list[ShownTable]:
    """Return each table that the notebook displays, in order."""
    return [ShownTable.of(one) for one in shown(notebook, RESOURCE)]


def tables_by_page(notebooks: Mapping[str, NotebookNode]) -> dict[str, Sequence[ShownTable]]:
    """Return the tables of executed notebooks, under the titles of the pages."""
    found: dict[str, Sequence[ShownTable]] = {}
    for name, notebook in notebooks.items():
        tables = shown_tables(notebook)
        if tables:
            title = notebook.cells[0].source.partition("\n")[0].lstrip("# ")
            found[f"{name[:2]} {title}"] = tables
    return found
