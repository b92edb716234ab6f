"""Take the tables shown by executed notebooks out to CSV files."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from fpi_eval.sheets import csv_text
from fpi_eval.tables import RESOURCE

FOLDER = "tables"
NUMBER = re.compile(r"[+\u2212-]?\d[\d\s]*(,\d+)?(\s%)?")


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table of the report as a file: path inside the report, title, page it is shown on."""

    file: str
    title: str
    page: str


def write_tables(folder: Path, page: str, notebook: NotebookNode, suffix: str) -> list[TableFile]:
    """Write each table that the notebook displays, as it is displayed, and return the files."""
    shown = [
        output.data[RESOURCE]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if RESOURCE in output.get("data", {})
    ]
    files = []
    for number, table in enumerate(shown, start=1):
        path = folder / FOLDER / f"{page}_{number:02}_{table['name']}{suffix}.csv"
        path.parent.mkdir(exist_ok=True)
        _write_csv(path, table)
        files.append(TableFile(path.relative_to(folder).as_posix(), table["title"], page))
    return files


def _write_csv(path: Path, table: dict) -> None:
    """Write a table for French spreadsheets: UTF-8 with mark, semicolons, no formula runs."""
    names = [field["name"] for field in table["schema"]["fields"]]
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        writer.writerow([_cell(name) for name in names])
        writer.writerows([_cell(row[name]) for name in names] for row in table["data"])


def _cell(cell: str) -> str:
    """Return a cell as a spreadsheet reads it: plain numbers, and nothing run as a formula."""
    if NUMBER.fullmatch(cell):
        return re.sub(r"\s", "", cell).replace("\u2212", "-")
    return csv_text(cell)
