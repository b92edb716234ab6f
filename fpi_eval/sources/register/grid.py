"""A workbook or sheet as people fill it: the register's rows as text, oddities read or refused.

What a person means is read (a title above the header, blank rows, a TOTAL row, a sheet of another
kind); what could mean two things (a hidden or struck row, a merged cell, a second register) is
refused with the sheet, the row, and what to do.
"""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from html import unescape
from zipfile import BadZipFile

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineError, CalamineWorkbook

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import TableSchema
from fpi_eval.sources.reading.excel import (
    MAX_ROWS,
    check_rows,
    check_size,
    named_sheet,
    read_sheet,
    unreadable,
)
from fpi_eval.sources.reading.headers import spelling
from fpi_eval.text import liste

OLD_EXCEL = b"\xd0\xcf\x11\xe0"  # first bytes of a .xls, and of a workbook under a password
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
TITLE_ROWS = 20  # rows among which the header is looked for
KNOWN_HEADERS = 5  # names of ours that make a row the header
OURS = ("guide", "listes")  # the other sheets of the template
HIDDEN_ODS = re.compile(  # a row that is hidden, or that a filter hides, and is not empty
    rb'<table:table-row[^>]* table:visibility="(?:collapse|filter)"[^>]*>'
    rb"(?:(?!</table:table-row>).)*?office:value",
    re.DOTALL,
)
SHEETS_ODS = re.compile(
    rb'<table:table [^>]*?table:name="([^"]*)"[^>]*(?<!/)>(.*?)</table:table>', re.DOTALL
)
SHOW_THEM = (
    "On ne sait pas si ces lignes comptent. Affichez-les (ou effacez le filtre), puis gardez-les "
    "ou supprimez-les."
)


@dataclass(frozen=True, slots=True)
class Grid:
    """A header, the rows under it as text, and the line of each in the file."""

    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    kind: str


def read_grid(content: bytes, sheet: str, schema: TableSchema, fichier: str) -> Grid:
    """Return the register's sheet of a `.xlsx` or `.ods`, whatever the file's name says it is.

    Raises `FpiError`: old or protected workbook, two registers, hidden, struck or merged cells
    among the rows.
    """
    if content.startswith(OLD_EXCEL):
        raise _old_or_protected(content, fichier)
    if _is_ods(content):
        first, rows = _ods(content, sheet, schema, fichier)
        kind = "ods"
    else:
        first, rows = read_sheet(content, sheet, fichier)
        kind = "xlsx"
    grid = _under_header([first, *rows], schema, kind)
    if kind == "xlsx":
        _refuse_ambiguous(content, sheet, schema, grid, fichier)
    return grid


def header_row(rows: list[list[str]], schema: TableSchema) -> int:
    """Return which of the first rows is the header: the first that holds enough names of ours."""
    known = {spelling(name) for c in schema.columns for name in (c.header, c.name, *c.aliases)}
    for i, row in enumerate(rows[:TITLE_ROWS]):
        if sum(spelling(cell) in known for cell in row if cell) >= KNOWN_HEADERS:
            return i
    return 0


def _under_header(rows: list[list[str]], schema: TableSchema, kind: str) -> Grid:
    at = header_row(rows, schema)
    header = [cell.strip() for cell in rows[at]]
    width = max((i + 1 for i, name in enumerate(header) if name), default=0)
    body = [(row + [""] * width)[:width] for row in rows[at + 1 :]]
    return Grid(header[:width], body, list(range(at + 2, at + 2 + len(body))), kind)


def _is_ods(content: bytes) -> bool:
    try:
        return "content.xml" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def _ods(
    content: bytes, sheet: str, schema: TableSchema, fichier: str
) -> tuple[list[str], list[list[str]]]:
    check_size(content, fichier)
    try:
        written = zipfile.ZipFile(io.BytesIO(content)).read("content.xml")
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        tables = {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)[: MAX_ROWS + 2]
            for name in book.sheet_names
        }
    except (CalamineError, ValueError, OSError, RuntimeError, BadZipFile, zlib.error) as error:
        raise FpiError(
            "ce n'est pas un classeur LibreOffice (.ods) lisible. Ouvrez-le et enregistrez-le à "
            "nouveau, au format .ods ou .xlsx.",
            fichier=fichier,
        ) from error
    texts = {name: [[_text(v) for v in row] for row in rows] for name, rows in tables.items()}
    read = named_sheet(list(texts), sheet, fichier)
    pages = {unescape(name.decode()): rows for name, rows in SHEETS_ODS.findall(written)}
    if HIDDEN_ODS.search(pages.get(read, written)):
        raise FpiError(f"une ligne ou plus est masquée. {SHOW_THEM}", fichier=fichier)
    check_rows(texts[read], fichier)
    for name in texts:
        if name != read and spelling(name) not in OURS:
            _refuse_second(name, texts[name], schema, fichier)
    rows = texts[read] or [[]]
    return rows[0], rows[1:]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _old_or_protected(content: bytes, fichier: str) -> FpiError:
    if ENCRYPTED in content:
        return FpiError(
            "ce classeur est protégé par un mot de passe. Dans Excel : Fichier, Informations, "
            "Protéger le classeur, Chiffrer avec mot de passe, puis videz le mot de passe et "
            "enregistrez.",
            fichier=fichier,
        )
    return FpiError(
        "ce classeur est à l'ancien format d'Excel (.xls). Ouvrez-le et choisissez Fichier, "
        "Enregistrer sous, « Classeur Excel (.xlsx) » ; puis retirez le .xls du dossier.",
        fichier=fichier,
    )


def _refuse_second(name: str, rows: list[list[str]], schema: TableSchema, fichier: str) -> None:
    """Raise if another sheet holds openings too: nobody knows which of the two is meant."""
    known = {spelling(c.header) for c in schema.columns}
    filled = [row for row in rows if any(row)]
    names_ours = any(spelling(cell) in known for row in filled[:TITLE_ROWS] for cell in row if cell)
    if len(filled) > 1 and names_ours:
        raise FpiError(
            f"la feuille « {name} » porte aussi des ouvertures. Attendu : une seule feuille "
            "d'ouvertures. Recopiez ses lignes sous celles de « Ouvertures » et supprimez-la, ou "
            "rangez-la dans un autre classeur.",
            fichier=fichier,
        )


def _refuse_ambiguous(
    content: bytes, sheet: str, schema: TableSchema, grid: Grid, fichier: str
) -> None:
    """Raise for what the cells' text does not show: merges, hidden and struck rows, sheets."""
    try:
        book = openpyxl.load_workbook(io.BytesIO(content))
    except Exception as error:  # damaged XML makes the parsers under openpyxl raise anything
        raise unreadable(fichier) from error
    page = next(
        (s for s in book.worksheets if spelling(s.title) == spelling(sheet)), book.worksheets[0]
    )
    for other in book.worksheets:
        if other is not page and spelling(other.title) not in OURS:
            rows = other.iter_rows(max_row=TITLE_ROWS, values_only=True)
            _refuse_second(other.title, [[_text(v) for v in r] for r in rows], schema, fichier)
    last = max((n for n, row in zip(grid.lines, grid.rows, strict=True) if any(row)), default=0)
    _refuse_merged(page, grid.lines[0] - 1 if grid.lines else 1, last, fichier)
    _refuse_marked(page, grid, fichier)


def _refuse_merged(page: Worksheet, header: int, last: int, fichier: str) -> None:
    for area in page.merged_cells.ranges:
        if header <= area.max_row and area.min_row <= last:
            where = "dans l'en-tête" if area.min_row <= header else "parmi les ouvertures"
            raise FpiError(
                f"feuille « {page.title} » : cellules fusionnées {area.coord} {where}. Attendu : "
                "une cellule par valeur. Défusionnez-les (Accueil, Fusionner et centrer) et "
                "écrivez la valeur, ou le nom de colonne, dans chacune.",
                fichier=fichier,
                ligne=area.min_row,
            )


def _refuse_marked(page: Worksheet, grid: Grid, fichier: str) -> None:
    filled = [n for n, row in zip(grid.lines, grid.rows, strict=True) if any(row)]
    hidden = [n for n in filled if page.row_dimensions[n].hidden]
    if hidden:
        raise FpiError(
            f"feuille « {page.title} » : ligne(s) masquée(s) {liste(hidden[:8])}. {SHOW_THEM}",
            fichier=fichier,
            ligne=hidden[0],
        )
    struck = [n for n in filled if any(c.font and c.font.strike for c in page[n] if c.value)]
    if struck:
        raise FpiError(
            f"feuille « {page.title} » : ligne(s) barrée(s) {liste(struck[:8])}. Une rature n'est "
            "pas lue. Supprimez la ligne si l'ouverture est annulée, ou retirez la rature.",
            fichier=fichier,
            ligne=struck[0],
        )
