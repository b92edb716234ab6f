"""Take the tables shown by executed notebooks out to CSV files."""

from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from fpi_eval.report.published.shown_tables import shown_tables
from fpi_eval.table_files import csv_bytes
from fpi_eval.tables import ShownTable
from fpi_eval.text import Written

FOLDER = "tables"


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table of the report as a file: path inside the report, name before its own, the table."""

    file: str
    place: str
    table: ShownTable

    @property
    def title(self) -> str:
        """Title of the table."""
        return self.table.title


def write_tables(folder: Path, page: str, notebook: NotebookNode, suffix: str) -> list[TableFile]:
    """Write each table that the notebook displays, its numbers as numbers; return the files."""
    return [
        write_table(folder, FOLDER, f"{page}_{number:02}", table, suffix)
        for number, table in enumerate(shown_tables(notebook), start=1)
    ]


def write_table(folder: Path, inside: str, place: str, table: ShownTable, suffix: str) -> TableFile:
    """Write a table, its numbers as numbers, in a folder inside the report's."""
    path = folder / inside / f"{place}_{table.name}{suffix}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [[_plain(cell) for cell in row] for row in table.rows]
    path.write_bytes(csv_bytes(map(_plain, table.heads), rows))
    return TableFile(path.relative_to(folder).as_posix(), place, table)


def _plain(cell: Written | str) -> float | str:
    """Return a cell as other files join on it: a number, or words with ordinary hyphens.

    Rates are shares of one, and so is their gap, which pages and the workbook write in points.
    """
    if not isinstance(cell, Written):
        return cell.replace("\u2011", "-")
    if cell.unit.startswith("point"):
        return round(cell.value / 100, cell.decimals + 2)
    return cell.value
