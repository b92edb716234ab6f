"""Tiny notebooks for the tests of the report."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = 'programme = "fpi_aura"\nrentree = 2023\ndonnees = "data"'
FIRST = "# Les places\n\n**Question.** Combien de places, et où ?"


def write_notebook(
    path: Path,
    *cells: str | tuple[str, str],
    first: str = FIRST,
    parameters: str = PARAMETERS,
    declares: dict | None = None,
) -> Path:
    """Write a notebook; a cell is code, markdown if it starts with #, or a pair (tag, cell)."""
    made = [new_markdown_cell(first), _cell(("parameters", parameters))]
    made += [_cell(cell) for cell in cells]
    for number, cell in enumerate(made):
        cell["id"] = f"c{number}"
    notebook = new_notebook(cells=made)
    notebook.metadata["fpi_eval"] = declares or {}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def _cell(cell: str | tuple[str, str]):
    tag, source = cell if isinstance(cell, tuple) else ("", cell)
    made = new_markdown_cell(source) if source.startswith("#") else new_code_cell(source)
    made.metadata["tags"] = [tag] if tag else []
    return made


def content(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, hidden ones too, with its bytes."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }
