"""Tables → one .xlsx workbook, and Parquet and CSV files with their data dictionary."""

import csv
import io
import os
import re
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from fpi_eval.disclosure import MARK, public
from fpi_eval.errors import FpiError
from fpi_eval.sheets import Column, Sheet, csv_text, dictionary, is_risky, plain
from fpi_eval.text import MISSING, date_longue

# Excel stores invariant codes and shows them in the reader's language: 12 345,6 in French.
FORMATS = {
    "annee": "0",
    "effectif": "#,##0",
    "decimal": "#,##0.0",
    "taux": r"0.0\ %",
    "points": r"+0.0;\-0.0;0.0",
    "euros": r'#,##0\ "€"',
    "effet": r"+0.000;\-0.000;0.000",
    "probabilite": "0.000",
}
FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
SHEET_NAME, NARROWEST, WIDEST = 31, 10, 60
EPOCH = (1980, 1, 1, 0, 0, 0)
HEADER_ROW = 5
LEGEND = f"{MARK} : masqué (secret statistique) ; {MISSING} : non disponible."


def write_workbook(path: Path, tables: Sequence[Sheet], *, title: str, warning: str = "") -> Path:
    """Write the tables into one workbook, whole or not at all, and return its path.

    Parameters
    ----------
    path : Path
        The .xlsx file; the same tables give the same bytes.
    tables : sequence of Sheet
        One sheet each, after a sheet of definitions.
    title, warning : str
        Title of the workbook, and what must be read first (``Données simulées``).
    """
    if not tables:
        raise FpiError("aucun tableau à écrire dans le classeur.", fichier=str(path))
    book = Workbook()
    book.remove(book.active)
    names = sheet_names([table.name for table in tables])
    _definitions(book.create_sheet("Définitions"), tables, names, title, warning)
    for table, name in zip(tables, names, strict=True):
        _sheet(book.create_sheet(name), table, warning)
    book.properties.title, book.properties.creator = title, "fpi_eval"
    day = datetime.combine(max(table.date for table in tables), time())
    book.properties.created = day
    buffer = io.BytesIO()
    book.save(buffer)
    replace_files({Path(path): _same_bytes(buffer.getvalue(), day)})
    return Path(path)


def sheet_names(names: Sequence[str]) -> list[str]:
    """Return valid, distinct sheet names of at most 31 characters."""
    taken, result = {"définitions", "history"}, []
    for name in names:
        base = FORBIDDEN.sub(" ", name).strip(" '")[:SHEET_NAME].strip(" '") or "Tableau"
        candidate, number = base, 2
        while candidate.lower() in taken:
            suffix = f" {number}"
            candidate, number = base[: SHEET_NAME - len(suffix)] + suffix, number + 1
        taken.add(candidate.lower())
        result.append(candidate)
    return result


def _put(cell: Cell, value: object, number_format: str = "") -> None:
    """Write a value as a number or as text, never as a formula."""
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        if is_risky(value):
            cell.quotePrefix = True
        if value in (MARK, MISSING):
            cell.alignment = Alignment(horizontal="right")
    elif number_format:
        cell.number_format = number_format


def _sheet(sheet: Worksheet, table: Sheet, warning: str) -> None:
    _put(sheet.cell(1, 1), table.title)
    sheet.cell(1, 1).font = Font(bold=True, size=13)
    source = f"Source : {table.source}. " if table.source else ""
    _put(sheet.cell(2, 1), f"{source}{date_longue(table.date).capitalize()}.")
    _put(sheet.cell(3, 1), " ".join(part for part in (warning, table.note, LEGEND) if part))
    for place, column in enumerate(table.columns, start=1):
        _head(sheet.cell(HEADER_ROW, place), column.label)
        cells = table.text(column)
        for row, value in enumerate(cells, start=HEADER_ROW + 1):
            _put(sheet.cell(row, place), value, FORMATS.get(column.unit, ""))
        _widen(sheet, place, [column.label, *cells])
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, 1)


def _head(cell: Cell, label: str) -> None:
    _put(cell, label)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="DDE5EE")
    cell.alignment = Alignment(wrap_text=True, vertical="top")


def _widen(sheet: Worksheet, place: int, cells: Sequence[object]) -> None:
    longest = max(len(str(round(c, 4) if isinstance(c, float) else c)) for c in cells)
    width = min(max(longest + 2, NARROWEST), WIDEST)
    sheet.column_dimensions[get_column_letter(place)].width = width


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
    words = Sheet("Définitions", title, public(words), columns, "voir chaque ligne", day)
    _sheet(sheet, words, warning)


def _same_bytes(content: bytes, day: datetime) -> bytes:
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


def export_tables(folder: Path, tables: Sequence[Sheet]) -> list[Path]:
    """Write each table as Parquet and CSV, and ``dictionnaire.csv``; return the files.

    CSV: semicolons, UTF-8 with BOM, decimal comma, ``s`` where hidden. Parquet: hidden values are
    null, and a boolean column ``<name>_secret`` says where. All files are written, or none.
    """
    folder = Path(folder)
    names = [table.name for table in tables]
    if len(set(names)) < len(names) or any(not re.fullmatch(r"[\w-]+", name) for name in names):
        raise FpiError(
            "noms de tableaux attendus : tous différents, lettres, chiffres et tirets seulement.",
            fichier=str(folder),
        )
    files = {}
    for table in tables:
        files[folder / f"{table.name}.parquet"] = _parquet(table)
        rows = zip(*(table.text(column) for column in table.columns), strict=True)
        files[folder / f"{table.name}.csv"] = _csv([c.name for c in table.columns], rows)
    words = dictionary(tables)
    files[folder / "dictionnaire.csv"] = _csv(words.columns, words.itertuples(index=False))
    replace_files(files)
    return list(files)


def _parquet(table: Sheet) -> bytes:
    frame = pd.DataFrame(index=range(len(table.frame)))
    for column in table.columns:
        values = table.frame[column.name].reset_index(drop=True)
        if not pd.api.types.is_numeric_dtype(values):
            values = values.map(plain).map(lambda v: None if v is None else str(v))
        frame[column.name] = values
        if column.name in table.secret_columns():
            frame[f"{column.name}_secret"] = table.hidden[column.name].to_numpy(dtype=bool)
    return frame.to_parquet(index=False)


def _csv(header: Sequence[str], rows: object) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


def _csv_cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.10g}".replace(".", ",")
    return csv_text(value) if isinstance(value, str) else str(value)


def replace_files(files: dict[Path, bytes]) -> None:
    """Write all the files, then put them in place: a failure leaves the old ones as they were."""
    written: list[tuple[str, Path]] = []
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
            written.append((temporary, path))
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            os.chmod(temporary, 0o644)
        for temporary, path in written:
            os.replace(temporary, path)
    finally:
        for temporary, _ in written:
            Path(temporary).unlink(missing_ok=True)
