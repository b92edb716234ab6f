"""A workbook or sheet as people fill it: the register's rows as text, oddities read or refused.

What a person means is read (a title above the header, blank rows, a TOTAL row, a sheet of another
kind); what could mean two things (a hidden or struck row, a merged cell, a second register) is
refused with the sheet, the row, and what to do.
"""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from xml.etree import ElementTree
from zipfile import BadZipFile

from python_calamine import CalamineError, CalamineWorkbook

from fpi_eval.errors import FpiError
from fpi_eval.openpyxl_alone import CellRange, load_workbook
from fpi_eval.sources.reading import TableSchema
from fpi_eval.sources.reading.excel import (
    MAX_ROWS,
    as_text,
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
TOTAL = re.compile(r"(sous )?tota(l|ux)\b")
SHOW_THEM = (
    "On ne sait pas si ces lignes comptent. Affichez-les (ou effacez le filtre), puis gardez-les "
    "ou supprimez-les."
)
STRUCK = (
    "Une rature n'est pas lue. Supprimez la ligne si l'ouverture est annulée, ou retirez la rature."
)


@dataclass(frozen=True, slots=True)
class Grid:
    """A header, the rows under it as text, and the line of each in the file."""

    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    kind: str


@dataclass(frozen=True, slots=True)
class Marks:
    """What a sheet's text does not show: hidden rows, struck (row, column), merged cells."""

    hidden: list[int] = field(default_factory=list)
    struck: list[tuple[int, int]] = field(default_factory=list)
    merged: list[CellRange] = field(default_factory=list)


def read_grid(content: bytes, sheet: str, schema: TableSchema, fichier: str) -> Grid:
    """Return the register's sheet of a `.xlsx` or `.ods`, whatever the file's name says it is.

    Raises `FpiError`: old or protected workbook, two registers, hidden, struck or merged cells
    among the rows.
    """
    if content.startswith(OLD_EXCEL):
        raise _old_or_protected(content, fichier)
    if _is_ods(content):
        rows, title, marks = _ods(content, sheet, schema, fichier)
        grid = _under_header(rows, schema, "ods")
    else:
        first, below = read_sheet(content, sheet, fichier)
        grid = _under_header([first, *below], schema, "xlsx")
        title, marks = _marks_of_excel(content, sheet, schema, grid, fichier)
    _refuse_ambiguous(title, marks, grid, fichier)
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
) -> tuple[list[list[str]], str, Marks]:
    check_size(content, fichier)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        tables = {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)[: MAX_ROWS + 2]
            for name in book.sheet_names
        }
        texts = {name: [[as_text(v) for v in row] for row in rows] for name, rows in tables.items()}
        read = named_sheet(list(texts), sheet, fichier)
        check_rows(texts[read], fichier)
        written = _OpenDocument(read)
        ElementTree.XMLParser(target=written).feed(
            zipfile.ZipFile(io.BytesIO(content)).read("content.xml")
        )
    except (
        CalamineError, ElementTree.ParseError, ValueError, OSError, RuntimeError, BadZipFile,
        zlib.error,
    ) as error:  # fmt: skip
        raise FpiError(
            "ce n'est pas un classeur LibreOffice (.ods) lisible. Ouvrez-le et enregistrez-le à "
            "nouveau, au format .ods ou .xlsx.",
            fichier=fichier,
        ) from error
    for name in texts:
        if name != read and spelling(name) not in OURS:
            _refuse_second(name, texts[name], schema, fichier, read)
    return texts[read] or [[]], read, written.marks


class _OpenDocument:
    """What a sheet of `content.xml` marks, row by row as it is parsed: nothing is kept of it."""

    def __init__(self, sheet: str) -> None:
        self.sheet, self.inside, self.row, self.column = sheet, False, 0, 0
        self.style, self.lined, self.lines, self.marks = "", set[str](), range(0), Marks()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Note what an element says of the rows or cells that it begins."""
        kind = tag.rpartition("}")[2]
        said = {name.rpartition("}")[2]: value for name, value in attributes.items()}
        if kind == "style":
            self.style = said.get("name", "") if said.get("family") == "table-cell" else ""
        elif kind == "text-properties" and self.style:
            through = (said.get(f"text-line-through-{one}", "none") for one in ("style", "type"))
            self.lined |= {self.style} if set(through) != {"none"} else set()
        elif kind == "table":
            self.inside, self.row = said.get("name") == self.sheet, 0
        elif kind == "table-row" and self.inside:
            first, self.row = self.row + 1, self.row + int(said.get("number-rows-repeated", 1))
            self.lines, self.column = range(first, min(self.row, MAX_ROWS + 1) + 1), 0
            if said.get("visibility", "visible") != "visible":
                self.marks.hidden.extend(self.lines)
        elif kind in ("table-cell", "covered-table-cell") and self.inside:
            many, tall, wide = (
                int(said.get(f"number-{one}", 1))
                for one in ("columns-repeated", "rows-spanned", "columns-spanned")
            )
            left, top = self.column + 1, self.lines.start
            self.column += many
            if "value-type" in said and said.get("style-name") in self.lined:
                self.marks.struck.extend((line, left) for line in self.lines)
            if tall * wide > 1:
                area = CellRange(None, left, top, left + wide - 1, top + tall - 1)
                self.marks.merged.append(area)


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


def _refuse_second(
    name: str, rows: list[list[str]], schema: TableSchema, fichier: str, read: str
) -> None:
    """Raise if another sheet holds openings too: nobody knows which of the two is meant."""
    known = {spelling(c.header) for c in schema.columns}
    filled = [row for row in rows if any(row)]
    ours = [sum(spelling(cell) in known for cell in row if cell) for row in filled[:TITLE_ROWS]]
    named = spelling(name).startswith(spelling(read))  # « Ouvertures 2023 »
    if len(filled) > 1 and max(ours) > (0 if named else 1):  # one word of ours may stand in notes
        raise FpiError(
            f"la feuille « {name} » porte aussi des ouvertures. Attendu : une seule feuille "
            "d'ouvertures. Recopiez ses lignes sous celles de « Ouvertures » et supprimez-la, ou "
            "rangez-la dans un autre classeur.",
            fichier=fichier,
        )


def _marks_of_excel(
    content: bytes, sheet: str, schema: TableSchema, grid: Grid, fichier: str
) -> tuple[str, Marks]:
    """Return the name and the marks of the sheet read; raise for a second one of openings."""
    try:
        book = load_workbook(io.BytesIO(content))
    except Exception as error:  # damaged XML makes the parsers under openpyxl raise anything
        raise unreadable(fichier) from error
    page = next(
        (s for s in book.worksheets if spelling(s.title) == spelling(sheet)), book.worksheets[0]
    )
    for other in book.worksheets:
        if other is not page and spelling(other.title) not in OURS:
            rows = other.iter_rows(max_row=TITLE_ROWS, values_only=True)
            texts = [[as_text(v) for v in r] for r in rows]
            _refuse_second(other.title, texts, schema, fichier, page.title)
    read = page.iter_rows(max_row=max(grid.lines, default=1), max_col=len(grid.header) or 1)
    struck = [(c.row, c.column) for r in read for c in r if c.value and c.font and c.font.strike]
    hidden = [n for n, row in page.row_dimensions.items() if row.hidden]
    return page.title, Marks(hidden, struck, list(page.merged_cells.ranges))


def _refuse_ambiguous(title: str, marks: Marks, grid: Grid, fichier: str) -> None:
    """Raise for what the cells' text does not show: merges, hidden and struck rows."""
    filled = {n: row for n, row in zip(grid.lines, grid.rows, strict=True) if any(row)}
    totals = {n for n, row in filled.items() if TOTAL.match(spelling(next(filter(None, row))))}
    header = grid.lines[0] - 1 if grid.lines else 1
    for area in marks.merged:
        if area.min_row == area.max_row and area.min_row in totals:
            continue  # the word TOTAL over several columns: no opening
        if header <= area.max_row and area.min_row <= max(filled, default=0):
            where = "dans l'en-tête" if area.min_row <= header else "parmi les ouvertures"
            raise FpiError(
                f"feuille « {title} » : cellules fusionnées {area.coord} {where}. Attendu : "
                "une cellule par valeur. Défusionnez-les (Accueil, Fusionner et centrer) et "
                "écrivez la valeur, ou le nom de colonne, dans chacune.",
                fichier=fichier,
                ligne=area.min_row,
            )
    struck = [line for line, column in marks.struck if column <= len(grid.header)]
    for lines, words, advice in (
        (marks.hidden, "masquée", SHOW_THEM), (struck, "barrée", STRUCK)
    ):  # fmt: skip
        if found := sorted(set(filled) & set(lines)):
            raise FpiError(
                f"feuille « {title} » : ligne(s) {words}(s) {liste(found[:8])}. {advice}",
                fichier=fichier,
                ligne=found[0],
            )
