"""Tables → one .xlsx workbook: contents with links, one table a sheet, the pages' own tables."""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from pathlib import Path

from fpi_eval import escapes
from fpi_eval.disclosure import MARK, public
from fpi_eval.errors import FpiError
from fpi_eval.openpyxl_alone import (
    Alignment,
    Cell,
    Font,
    Hyperlink,
    PatternFill,
    Table,
    TableStyleInfo,
    Workbook,
    Worksheet,
    get_column_letter,
    quote_sheetname,
)
from fpi_eval.sheets import Column, Sheet, dictionary
from fpi_eval.store import kept
from fpi_eval.table_files import replace_files
from fpi_eval.tables import ShownTable, slug
from fpi_eval.text import MISSING, Written, date_longue

# Excel stores invariant codes and shows them in the reader's language: 12 345,6 in French.
FORMATS = {
    "annee": "0",
    "effectif": "#,##0",
    "decimal": "#,##0.0#",
    "euros": r'#,##0\ "€"',
}
OF_UNITS = {"%": r"\ %", "€": r'\ "€"', "point": r'\ "pt"', "points": r'\ "pts"'}
FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
SHEET_NAME, NARROWEST, WIDEST = 31, 10, 60
EPOCH = (1980, 1, 1, 0, 0, 0)
HEADER_ROW = 5
CONTENTS, DEFINITIONS = "Sommaire", "Définitions"
SHEET_HEAD = "Feuille"  # head of the contents
LEGEND = f"{MARK} : masqué (secret statistique) ; {MISSING} : non disponible."
FIRM = Font(bold=True)
TITLE = Font(bold=True, size=13)
LINK = Font(color="0B4F9E", underline="single")
HEAD = PatternFill("solid", fgColor="DDE5EE")
STYLE = TableStyleInfo("TableStyleLight1", showRowStripes=True)


def write_workbook(
    path: Path,
    tables: Sequence[Sheet],
    *,
    title: str,
    warning: str = "",
    about: Sequence[str] = (),
    pages: Mapping[str, Sequence[ShownTable]] | None = None,
) -> Path:
    """Write the tables into one workbook, whole or not at all, and return its path.

    Parameters
    ----------
    path : Path
        The .xlsx file; the same tables give the same bytes.
    tables : sequence of Sheet
        One sheet each, after the contents and a sheet of definitions.
    title, warning : str
        Title of the workbook, and what must be read first (``Données simulées``).
    about : sequence of str
        What the contents say under the title: next update, contact.
    pages : mapping of str to sequence of ShownTable, optional
        The tables of each page of the report, one sheet a page, one under the other.
    """
    if not tables:
        raise FpiError("aucun tableau à écrire dans le classeur.", fichier=str(path))
    content = kept(_content, list(tables), title, warning, list(about), dict(pages or {}))
    replace_files({Path(path): content})
    return Path(path)


def _content(
    tables: list[Sheet],
    title: str,
    warning: str,
    about: list[str],
    pages: dict[str, Sequence[ShownTable]],
) -> bytes:
    """Return the bytes of the workbook: see `write_workbook`."""
    book = Workbook()
    contents = book.active
    contents.title = CONTENTS
    names = sheet_names([*pages, *(table.name for table in tables)])
    links: list[tuple[Cell, str, object]] = []
    definitions = book.create_sheet(DEFINITIONS)
    for name, shown in zip(names, pages.values(), strict=False):
        links += _page(book.create_sheet(name), shown, warning)
    links.append((definitions["A1"], "Définition de chaque colonne des feuilles suivantes", ""))
    of_tables = names[len(pages) :]
    for table, name in zip(tables, of_tables, strict=True):
        _sheet(sheet := book.create_sheet(name), table, warning)
        links.append((sheet["A1"], table.title, len(table.frame)))
    _definitions(definitions, tables, of_tables, title, warning)
    day = max(table.date for table in tables)
    _contents(contents, title, [f"{date_longue(day).capitalize()}.", warning, *about], links)
    for sheet in book.worksheets:
        printed(sheet, title)
    book.properties.title, book.properties.creator = escapes.plain(title), "fpi_eval"
    book.properties.created = datetime.combine(day, time())
    buffer = io.BytesIO()
    book.save(buffer)
    return same_bytes(buffer.getvalue(), book.properties.created)


def sheet_names(names: Sequence[str]) -> list[str]:
    """Return valid, distinct sheet names of at most 31 characters."""
    taken, result = {CONTENTS.lower(), DEFINITIONS.lower(), "history"}, []
    for name in names:
        base = _cut(FORBIDDEN.sub(" ", name).strip(" '")).strip(" '") or "Tableau"
        candidate, number = base, 2
        while candidate.lower() in taken:
            suffix = f" {number}"
            candidate, number = base[: SHEET_NAME - len(suffix)] + suffix, number + 1
        taken.add(candidate.lower())
        result.append(candidate)
    return result


def _cut(name: str) -> str:
    """Return the whole words of a name that a sheet's holds, or as much of its first one."""
    if len(name) <= SHEET_NAME:
        return name
    return name[: SHEET_NAME + 1].rpartition(" ")[0] or name[:SHEET_NAME]


def _put(cell: Cell, value: object, number_format: str = "") -> None:
    """Write a value as a number or as text, never as a formula or a control character."""
    cell.value = escapes.plain(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"
        if escapes.is_formula(value):
            cell.quotePrefix = True
        if value in (MARK, MISSING):
            cell.alignment = Alignment(horizontal="right")
    elif number_format:
        cell.number_format = number_format


def _contents(
    sheet: Worksheet, title: str, lines: Sequence[str], links: Sequence[tuple[Cell, str, object]]
) -> None:
    """Write the first sheet: what the workbook is, and a link to each table."""
    _put(sheet.cell(1, 1), title)
    sheet.cell(1, 1).font = TITLE
    said = [line for line in (*lines, LEGEND) if line]
    for row, line in enumerate(said, start=2):
        _put(sheet.cell(row, 1), line)
    first = len(said) + 3
    for place, head in enumerate((SHEET_HEAD, "Tableau", "Lignes"), start=1):
        _head(sheet.cell(first, place), head)
    for row, (there, name, count) in enumerate(links, start=first + 1):
        cell, where = sheet.cell(row, 1), there.parent.title
        _put(cell, where)
        where = f"{quote_sheetname(where)}!{there.coordinate}"
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=where, display=escapes.plain(name))
        cell.font = LINK
        _put(sheet.cell(row, 2), name)
        _put(sheet.cell(row, 3), count, FORMATS["effectif"])
    for column, width in zip("ABC", (34, 110, NARROWEST), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = sheet.cell(first + 1, 1)


def _page(
    sheet: Worksheet, tables: Sequence[ShownTable], warning: str
) -> list[tuple[Cell, str, object]]:
    """Write a page's tables one under the other; return where each begins, title, rows."""
    links: list[tuple[Cell, str, object]] = []
    row = 1
    if warning:
        _put(sheet.cell(row, 1), warning)
        row += 2
    for table in tables:
        head = sheet.cell(row, 1)
        links.append((head, table.title, len(table.rows)))
        _put(head, table.title)
        head.font = FIRM
        columns = list(zip(*table.rows, strict=True)) if table.rows else [()] * len(table.heads)
        _grid(sheet, row + 1, table.heads, columns)
        row += len(table.rows) + 2
        _put(sheet.cell(row, 1), table.notes)
        row += 2
    return links


def _sheet(sheet: Worksheet, table: Sheet, warning: str) -> None:
    """Write one table: title, source, notes, then the rows."""
    _put(sheet.cell(1, 1), table.title)
    sheet.cell(1, 1).font = TITLE
    source = f"Source : {table.source}. " if table.source else ""
    _put(sheet.cell(2, 1), f"{source}{date_longue(table.date).capitalize()}.")
    told = (f"{warning}." if warning else "", table.note, LEGEND)
    _put(sheet.cell(3, 1), " ".join(part for part in told if part))
    heads = [column.label for column in table.columns]
    columns = [_cells(table, column) for column in table.columns]
    formats = [_code(column) for column in table.columns]
    _grid(sheet, HEADER_ROW, heads, columns, formats)
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, 1)
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"


def _code(column: Column) -> str:
    """Return the code under which a column's numbers are shown as pages do."""
    code = FORMATS.get(column.unit, "")
    if column.unit == "taux":
        code = f"0{_after_comma(column.decimals)}{OF_UNITS['%']}"
    return _signed(code) if column.signed else code


def _cells(table: Sheet, column: Column) -> list[object]:
    """Return cells; a gap of shares is in points, mixed numbers have their own digits."""
    cells = table.text(column)
    if column.unit == "points":
        return [_points(v) if isinstance(v, (int, float)) else v for v in cells]
    if column.unit == "nombre":
        return [_own_digits(v) if isinstance(v, (int, float)) else v for v in cells]
    return cells


def _points(gap: float) -> Written:
    return Written(round(100 * gap, 9), 1, "points", signed=True)


def _own_digits(value: float) -> Written:
    """Return a number with its decimals, two at most."""
    return Written(value, len(f"{value:.2f}".rstrip("0").partition(".")[2]), grouped=True)


def _grid(
    sheet: Worksheet,
    top: int,
    heads: Sequence[str],
    columns: Sequence[Sequence[object]],
    formats: Sequence[str] = (),
) -> None:
    """Write heads and columns from row `top` as an Excel table that can be filtered and sorted."""
    heads = distinct(heads)
    for place, (head, cells) in enumerate(zip(heads, columns, strict=True), start=1):
        _head(sheet.cell(top, place), head)
        for row, value in enumerate(cells, start=top + 1):
            if isinstance(value, Written):
                _put(sheet.cell(row, place), value.value, _excel(value))
            else:
                _put(sheet.cell(row, place), value, formats[place - 1] if formats else "")
        _widen(sheet, place, [head, *cells])
    rows = len(columns[0]) if columns else 0
    if rows:
        count = sum(len(one.tables) for one in sheet.parent.worksheets)
        ref = f"A{top}:{get_column_letter(len(heads))}{top + rows}"
        name = f"T{count + 1}_{slug(sheet.title).replace('-', '_')}"
        sheet.add_table(Table(displayName=name, ref=ref, tableStyleInfo=STYLE))


def distinct(heads: Sequence[str]) -> list[str]:
    """Return column heads that an Excel table accepts: not empty, no two the same."""
    made: list[str] = []
    for place, head in enumerate(heads, start=1):
        free = head or f"Colonne {place}"
        taken = {one.lower() for one in made}
        made.append(f"{free} ({place})" if free.lower() in taken else free)
    return made


def _excel(number: Written) -> str:
    """Return the code under which a spreadsheet shows a number as the page does."""
    whole = "0" if number.value >= 1000 and not number.grouped else "#,##0"
    unit = OF_UNITS.get(number.unit, "")
    code = f"{whole}{_after_comma(number.decimals)}{unit}"
    return _signed(code) if number.signed else code


def _after_comma(decimals: int) -> str:
    return "." + "0" * decimals if decimals else ""


def _signed(code: str) -> str:
    return rf"+{code};\-{code};{code}"


def _head(cell: Cell, label: str) -> None:
    _put(cell, label)
    cell.font, cell.fill = FIRM, HEAD
    cell.alignment = Alignment(wrap_text=True, vertical="top")


def _widen(sheet: Worksheet, place: int, cells: Sequence[object]) -> None:
    longest = max(len(_as_seen(cell)) for cell in cells)
    width = min(max(longest + 2, NARROWEST), WIDEST)
    column = sheet.column_dimensions[get_column_letter(place)]
    column.width = max(width, column.width if column.customWidth else 0)


def _as_seen(cell: object) -> str:
    """Return about what a cell shows, for its width."""
    value = cell.value if isinstance(cell, Written) else cell
    return str(round(value, 4) if isinstance(value, float) else value)


def printed(sheet: Worksheet, title: str) -> None:
    """Set a sheet to print on A4, as wide as the page, numbered."""
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape"
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.oddFooter.left.text = f"{title} : {sheet.title}".replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"


def _definitions(
    sheet: Worksheet, tables: Sequence[Sheet], names: Sequence[str], title: str, warning: str
) -> None:
    sheet_of = {table.name: name for table, name in zip(tables, names, strict=True)}
    words = dictionary(tables).assign(tableau=lambda t: t["tableau"].map(sheet_of))
    columns = tuple(
        Column(name, label)
        for name, label in zip(
            words.columns,
            ("Feuille", "Colonne", "Libellé", "Unité", "Définition", "Source"),
            strict=True,
        )
    )
    day = max(table.date for table in tables)
    words = Sheet(DEFINITIONS, title, public(words), columns, "voir chaque ligne", day)
    _sheet(sheet, words, warning)


def same_bytes(content: bytes, day: datetime) -> bytes:
    """Return the zip archive without the time at which it was made."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == "docProps/core.xml":
                stamp = f"{day:%Y-%m-%dT%H:%M:%SZ}".encode()
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, data)
            info = zipfile.ZipInfo(entry.filename, EPOCH)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            new.writestr(info, data)
    return result.getvalue()
