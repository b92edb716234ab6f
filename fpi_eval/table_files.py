"""Tables → Parquet and CSV files with their data dictionary, all of them or none."""

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from fpi_eval import escapes
from fpi_eval.errors import FpiError
from fpi_eval.language import FRENCH, spoken
from fpi_eval.sheets import Sheet, dictionary, plain


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
        files[folder / f"{table.name}.csv"] = csv_bytes([c.name for c in table.columns], rows)
    words = dictionary(tables).replace({"unite": {"points": "points / 100"}})  # a share of one
    files[folder / "dictionnaire.csv"] = csv_bytes(words.columns, words.itertuples(index=False))
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


def csv_bytes(header: Iterable[object], rows: Iterable[Iterable[object]]) -> bytes:
    """Return a CSV file for spreadsheets of the language now written, no cell of which runs.

    French: semicolons between cells, numbers with a comma; elsewhere commas, numbers with a point.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter(), lineterminator="\r\n")
    writer.writerows([[_csv_cell(value) for value in row] for row in ([*header], *rows)])
    return buffer.getvalue().encode("utf-8-sig")


def delimiter() -> str:
    """Return what stands between two cells in the language now written."""
    return ";" if spoken() == FRENCH else ","


def _csv_cell(value: object) -> str:
    if isinstance(value, float):
        written = f"{value:.10g}"
        return written.replace(".", ",") if spoken() == FRENCH else written
    return escapes.csv(value) if isinstance(value, str) else str(value)


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
