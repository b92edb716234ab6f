"""The workbook, the tables and the dictionary in another language: French ones, words told.

Cells hold the same numbers in the same places. A sheet whose title, heads or notes are not all in
the catalogues is left out, and the contents say so; names of the data stay as they are.
"""

import csv
import io
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from fpi_eval import escapes
from fpi_eval.errors import FpiError
from fpi_eval.language import _, spoken
from fpi_eval.openpyxl_alone import (
    Cell,
    Hyperlink,
    Workbook,
    Worksheet,
    load_workbook,
    quote_sheetname,
)
from fpi_eval.report.runner.extract import FOLDER as TABLES
from fpi_eval.report.runner.extract import TableFile, write_table
from fpi_eval.report.runner.translated import words
from fpi_eval.several_regions import Territory, territory
from fpi_eval.table_files import csv_bytes, replace_files
from fpi_eval.tables import ShownTable, slug
from fpi_eval.workbook import DEFINITIONS, SHEET_HEAD, distinct, printed, same_bytes, sheet_names

DEFINED = "CDE"  # columns of the definitions that must be told: label, unit, definition
DICTIONARY = ("tableau", "colonne", "Libellé", "Unité", "Définition", "Source")
CODES = 2  # first columns of the dictionary, which hold names of tables and of columns


def write_workbook(source: Path, target: Path, said: Mapping[str, str] | None = None) -> Path:
    """Write the workbook in the language now written, and return its path.

    `said`: what cells of the data read, which no catalogue holds, in this language.
    """
    book = load_workbook(source)
    contents, *sheets = book.worksheets
    title = str(contents["A1"].value)
    named = _names_of_data(book) | {title}
    told: dict[str, str] = {}
    for sheet in sheets:
        try:
            cells = list(_told(sheet, named, said or {}))
            told[sheet.title] = words(sheet.title)
        except FpiError:
            book.remove(sheet)
        else:
            _rewrite(sheet, cells)
    told = dict(zip(told, sheet_names(list(told.values())), strict=True))
    _contents(contents, told, [sheet.title for sheet in sheets if sheet.title not in told])
    for sheet in book.worksheets:
        sheet.title = told.get(sheet.title, _("Sommaire"))
        printed(sheet, title)
    buffer = io.BytesIO()
    book.save(buffer)
    replace_files({target: same_bytes(buffer.getvalue(), book.properties.created)})
    return target


def write_dictionary(source: Path, target: Path) -> Path:
    """Write the dictionary of the tables' columns in the language now written."""
    rows = list(csv.reader(io.StringIO(source.read_text("utf-8-sig")), delimiter=";"))
    named = [[*row[:CODES], *map(_or_as_it_is, row[CODES:])] for row in rows[1:]]
    replace_files({target: csv_bytes([words(head) for head in DICTIONARY], named)})
    return target


def write_tables(folder: Path, tables: Sequence[TableFile], suffix: str) -> list[TableFile]:
    """Write the pages' tables in the language now written, and return their files.

    A table is left out if its title or a head is in no catalogue; names of the data stay.
    """
    cells = (cell for one in tables for row in one.table.rows for cell in row)
    named = {cell for cell in cells if isinstance(cell, str)}
    made = []
    for one in tables:
        with suppress(FpiError):
            here = f"{TABLES}/{spoken()}"
            made.append(write_table(folder, here, one.place, _table(one.table, named), suffix))
    return made


def _table(table: ShownTable, named: Container[str]) -> ShownTable:
    """Return a table whose words are told."""
    heads = [_or_as_it_is(head) if head in named else words(head) for head in table.heads]
    rows = tuple(
        tuple(_or_as_it_is(cell) if isinstance(cell, str) else cell for cell in row)
        for row in table.rows
    )
    title = words(table.title)
    return replace(table, name=slug(title), title=title, heads=tuple(heads), rows=rows)


def _names_of_data(book: Workbook) -> set[str]:
    """Return the words of the rows of all tables, which may also head a column."""
    return {
        cell.value
        for sheet in book.worksheets
        for table in sheet.tables.values()
        for row in sheet[table.ref][1:]
        for cell in row
        if isinstance(cell.value, str)
    }


def _told(
    sheet: Worksheet, named: Container[str], said: Mapping[str, str]
) -> Iterator[tuple[Cell, str]]:
    """Yield the cells of a sheet that hold words, and these words told."""
    rows = {c.coordinate for t in sheet.tables.values() for r in sheet[t.ref][1:] for c in r}
    for cell in (cell for row in sheet.iter_rows() for cell in row):
        if isinstance(cell.value, str) and cell.value.strip():
            name = cell.coordinate in rows or cell.value in named
            if sheet.title == DEFINITIONS and cell.column_letter in DEFINED:
                name = False
            if name:
                yield cell, said.get(cell.value) or _or_as_it_is(cell.value)
            else:
                yield cell, words(cell.value)


def _or_as_it_is(text: str) -> str:
    """Return words told, or a name of the data."""
    return _looked_for(text, spoken(), territory())


@lru_cache(maxsize=20_000)  # thousands of cells repeat a few hundred names, in no catalogue
def _looked_for(text: str, code: str, place: Territory) -> str:
    """Return them in the language and for the territory now written: `code`, `place`."""
    try:
        return words(text) if text.strip() else text
    except FpiError:
        return text


def _rewrite(sheet: Worksheet, cells: Iterable[tuple[Cell, str]]) -> None:
    """Write a sheet's words; no two heads of a table are the same."""
    for cell, value in cells:
        cell.value, cell.data_type = escapes.plain(value), "s"
    for table in sheet.tables.values():
        row = sheet[table.ref][0]
        for cell, head in zip(row, distinct([str(cell.value) for cell in row]), strict=True):
            cell.value = head
        for column, cell in zip(table.tableColumns, row, strict=True):
            column.name = str(cell.value)


def _contents(sheet: Worksheet, told: Mapping[str, str], left: Sequence[str]) -> None:
    """Write the contents: its words, a link to each sheet that is there, what is left out."""
    column = [str(cell.value or "") for cell in sheet["A"]]
    first = column.index(SHEET_HEAD) + 1
    links = []
    for row in sheet.iter_rows(min_row=first + 1, max_col=3):
        place = str(row[0].hyperlink.location).rpartition("!")[2]
        links.append((told.get(str(row[0].value)), place, row[1].value, row[2].value))
        for cell in row:
            cell.value, cell.hyperlink = None, None
    for cell in [*sheet["A"][: first - 1], *sheet[first]]:
        if cell.value:
            cell.value = _or_as_it_is(str(cell.value))
    if left:
        line = _("Feuilles en français seulement, dans le classeur français : {names}.")
        sheet.cell(first - 1, 1).value = line.format(names=", ".join(left))
    kept = [link for link in links if link[0]]
    for number, (name, place, title, count) in enumerate(kept, start=first + 1):
        cell, said_title = sheet.cell(number, 1), words(str(title))
        cell.value, where = name, f"{quote_sheetname(str(name))}!{place}"
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=where, display=said_title)
        sheet.cell(number, 2).value, sheet.cell(number, 3).value = said_title, count
