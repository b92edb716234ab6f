"""Read one sheet of an Excel workbook as text, whatever the workbook holds."""

import io
import zipfile

from fpi_eval.errors import FpiError
from fpi_eval.openpyxl_alone import load_workbook
from fpi_eval.sources.reading.headers import spelling
from fpi_eval.text import liste, nombre

MAX_BYTES, MAX_UNPACKED, MAX_ROWS = 20_000_000, 200_000_000, 20_000


def read_sheet(content: bytes, sheet: str, fichier: str) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a sheet, as text; row ``i`` stands on line ``i + 2``.

    A formula gives its last value when that is a number; otherwise it stays as written, so that
    whoever checks the cell sees it.

    Parameters
    ----------
    content : bytes
        A `.xlsx` file.
    sheet : str
        Name of the sheet; a workbook of one sheet needs no such name.

    Raises
    ------
    FpiError
        Not a workbook, too large, several sheets and none of that name.
    """
    check_size(content, fichier)
    written = _rows(content, sheet, fichier, values=False)
    shown = _rows(content, sheet, fichier, values=True)
    header = [as_text(name) for name in (written or [()])[0]]
    width = max(
        (i + 1 for row in written for i, cell in enumerate(row) if cell is not None), default=0
    )
    header += [""] * (width - len(header))
    rows = [
        [as_text(_at(row, i), _at(values, i)) for i in range(width)]
        for row, values in zip(written[1:], shown[1:], strict=True)
    ]
    return header[:width], rows


def check_size(content: bytes, fichier: str) -> None:
    """Raise for a file that is no zipped workbook, or that is too large."""
    try:
        unpacked = sum(i.file_size for i in zipfile.ZipFile(io.BytesIO(content)).infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise unreadable(fichier) from error
    if len(content) > MAX_BYTES or unpacked > MAX_UNPACKED:
        raise FpiError(
            f"classeur trop gros. Attendu : moins de {MAX_BYTES // 1_000_000} Mo, et de "
            f"{MAX_UNPACKED // 1_000_000} Mo une fois décompressé. Gardez la feuille utile seule.",
            fichier=fichier,
        )


def _rows(content: bytes, sheet: str, fichier: str, *, values: bool) -> list[tuple]:
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=values)
        page = book[named_sheet(book.sheetnames, sheet, fichier)]
        page.reset_dimensions()
        rows = [tuple(row) for row in page.iter_rows(max_row=MAX_ROWS + 2, values_only=True)]
        book.close()
    except FpiError:
        raise
    except Exception as error:  # damaged XML makes the parsers under openpyxl raise anything
        raise unreadable(fichier) from error
    check_rows(rows, fichier)
    return rows


def check_rows(rows: list, fichier: str) -> None:
    """Raise for a sheet of more rows than are read: none is left aside without a word."""
    if len(rows) > MAX_ROWS + 1:
        raise FpiError(
            f"plus de {nombre(MAX_ROWS)} lignes. Retirez les lignes vides.", fichier=fichier
        )


def named_sheet(names: list[str], sheet: str, fichier: str) -> str:
    """Return which sheet bears the name, or the only one; none of several is guessed."""
    found = next((name for name in names if spelling(name) == spelling(sheet)), None)
    if found or len(names) == 1:
        return found or names[0]
    raise FpiError(
        f"feuille « {sheet} » absente (trouvé : {liste(names) or 'aucune'}). Renommez ainsi la "
        "feuille à lire.",
        fichier=fichier,
    )


def unreadable(fichier: str) -> FpiError:
    """Return the error of a file that is no readable workbook."""
    return FpiError(
        "ce n'est pas un classeur Excel (.xlsx) lisible. Ouvrez-le dans le tableur et "
        "enregistrez-le à nouveau au format .xlsx.",
        fichier=fichier,
    )


def _at(row: tuple, place: int) -> object:
    return row[place] if place < len(row) else None


def as_text(written: object, value: object = None) -> str:
    """Return a cell as text: a formula by its value, where that is a number."""
    written = getattr(written, "text", written)  # a formula over several cells is an object
    formula = isinstance(written, str) and written.startswith("=")
    kept = value if formula and isinstance(value, int | float) else written
    if kept is None:
        return ""
    if isinstance(kept, float) and kept.is_integer():
        kept = int(kept)
    return str(kept).strip()
