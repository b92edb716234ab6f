"""Take the tables shown by executed notebooks out to CSV files."""

from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from fpi_eval.report.published.shown_tables import shown_tables
from fpi_eval.table_files import csv_bytes
from fpi_eval.text import Written

FOLDER = "tables"


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table of the report as a file: path inside the report, title, page it is shown on."""

    file: str
    title: str
    page: str


def write_tables(folder: Path, page: str, notebook: NotebookNode, suffix: str) -> list[TableFile]:
    """Write each table that the notebook displays, its numbers as numbers; return the files."""
    files = []
    for number, table in enumerate(shown_tables(notebook), start=1):
        path = folder / FOLDER / f"{page}_{number:02}_{table.name}{suffix}.csv"
        path.parent.mkdir(exist_ok=True)
        rows = [[_plain(cell) for cell in row] for row in table.rows]
        path.write_bytes(csv_bytes(map(_plain, table.heads), rows))
        files.append(TableFile(path.relative_to(folder).as_posix(), table.title, page))
    return files


def _plain(cell: Written | str) -> float | str:
    """Return a cell as other files join on it: a number, or words with ordinary hyphens."""
    return cell.value if isinstance(cell, Written) else cell.replace("\u2011", "-")
