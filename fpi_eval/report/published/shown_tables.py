"""The tables that executed notebooks show."""

from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from fpi_eval.tables import RESOURCE, ShownTable


def shown_tables(notebook: NotebookNode) -> list[ShownTable]:
    """Return each table that the notebook displays, in order."""
    return [
        ShownTable.of(output.data[RESOURCE])
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if RESOURCE in output.get("data", {})
    ]


def pages_of(folder: Path) -> dict[str, Sequence[ShownTable]]:
    """Return the tables of a report's executed notebooks, under the titles of the pages."""
    found: dict[str, Sequence[ShownTable]] = {}
    for path in sorted(folder.glob("0*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        tables = shown_tables(notebook)
        if tables:
            title = notebook.cells[0].source.partition("\n")[0].lstrip("# ")
            found[f"{path.stem[:2]} {title}"] = tables
    return found
