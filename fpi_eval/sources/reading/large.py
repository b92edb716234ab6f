"""Read a file too large for memory: batches of the needed columns, filtered before the checks.

Same rules as `reading` (declared columns, French errors, nothing guessed), for the portal exports
of a million rows. CSV (also gzipped) and Parquet.
"""

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from fpi_eval.errors import FpiError
from fpi_eval.pinned import sha256, verify
from fpi_eval.sources.reading import TableSchema, bad_value, check
from fpi_eval.sources.reading.headers import Renaming, match_header, spelling
from fpi_eval.sources.reading.raw import (
    GZIP,
    SEPARATORS,
    UTF_16,
    first_record,
    not_whole,
    refuse_mojibake,
    truncated,
    unreadable,
)
from fpi_eval.sources.reading.reading import MISSING, Provenance, Reading, convert, refuse_doubled
from fpi_eval.text import liste

BLOCK = 16 << 20
HEAD = 1 << 16
BATCH_ROWS = 65_536


class LargeFile:
    """A large delimited or Parquet file: header now, rows by batches later."""

    def __init__(self, path: Path, schema: TableSchema, renaming: Renaming | None = None) -> None:
        self.path, self.schema = Path(path), schema
        self.renaming = renaming or Renaming()
        if not self.path.is_file():
            raise FpiError(
                "fichier absent. Téléchargez-le, ou corrigez « fichier » dans programme.toml.",
                fichier=str(path),
            )
        self.parquet = self.path.suffix == ".parquet"
        self.encoding, self.separator = "parquet", ""
        self.header = self._parquet_header() if self.parquet else self._csv_header()

    @property
    def name(self) -> str:
        """Name shown in messages."""
        return self.path.name

    @cached_property
    def sha256(self) -> str:
        """Hash of the file as it lies on disk."""
        digest = sha256(self.path)
        verify(self.path, digest)
        return digest

    def provenance(self, rows: int, ecartees: dict[str, int] | None = None) -> Provenance:
        """Return where the table comes from, once its rows are counted."""
        _, unknown, absent = match_header(self.header, self.schema, self.renaming, self.name)
        return Provenance(
            self.schema.name,
            self.name,
            self.sha256,
            self.path.stat().st_size,
            rows,
            self.encoding,
            self.separator,
            unknown,
            absent,
            ecartees or {},
        )

    def batches(self, numbers: frozenset[str] = frozenset()) -> Iterator[tuple[int, pa.Table]]:
        """Yield the declared columns under our names, with the row at which each batch begins.

        Columns named in `numbers` come as float64 (missing is null), the others as strings.
        """
        places, _, _ = match_header(self.header, self.schema, self.renaming, self.name)
        kinds = {n: pa.float64() if n in numbers else pa.string() for n in places}
        start = 0
        for batch in self._parquet(places) if self.parquet else self._csv(places, kinds):
            if self.parquet:
                batch = self._cast(batch, kinds, start)
            yield start, batch
            start += batch.num_rows

    def _parquet_header(self) -> list[str]:
        try:
            return pq.read_schema(self.path).names
        except (pa.ArrowInvalid, OSError) as error:
            raise not_whole("Parquet", self.name) from error

    def _csv_header(self) -> list[str]:
        with self._open() as stream:
            head = _Watched(stream, self.name).read(HEAD)
        if len(head) == HEAD:  # whole lines: a character cut in two is no fault
            head = head[: head.rfind(b"\n") + 1] or head
        if head.startswith(UTF_16):
            raise FpiError(
                "le fichier est en UTF-16. Enregistrez-le au format « CSV UTF-8 ».",
                fichier=self.name,
            )
        bom = head.startswith(b"\xef\xbb\xbf")
        try:
            text, self.encoding = head.decode("utf-8-sig"), "utf-8-sig" if bom else "utf-8"
        except UnicodeDecodeError:
            text, self.encoding = head.decode("cp1252", "replace"), "cp1252"
        refuse_mojibake(text, self.name, self.encoding)
        known = {spelling(h) for c in self.schema.columns for h in (c.header, c.name, *c.aliases)}
        lines = {s: first_record(text, s, self.name) for s in SEPARATORS}
        self.separator = max(lines, key=lambda s: sum(spelling(n) in known for n in lines[s]))
        return lines[self.separator]

    def _open(self) -> io.BufferedIOBase:
        """Return the bytes, unpacked if they are packed: Arrow reads half an archive as a whole."""
        with self.path.open("rb") as stream:
            zipped = stream.read(len(GZIP)) == GZIP
        return gzip.open(self.path) if zipped else self.path.open("rb")

    def _csv(self, places: dict[str, int], kinds: Mapping[str, pa.DataType]) -> Iterator[pa.Table]:
        positions = [str(i) for i in range(len(self.header))]
        bad: list[pacsv.InvalidRow] = []

        def skip(row: pacsv.InvalidRow) -> str:
            bad.append(row)
            return "skip"

        watched = _Watched(self._open(), self.name)
        reader = self._guarded(
            lambda: pacsv.open_csv(
                pa.PythonFile(watched, mode="r"),
                pacsv.ReadOptions(
                    column_names=positions,
                    skip_rows_after_names=1,
                    block_size=BLOCK,
                    encoding=self.encoding.removesuffix("-sig"),
                ),
                pacsv.ParseOptions(
                    delimiter=self.separator,
                    newlines_in_values=False,
                    invalid_row_handler=skip,
                ),
                pacsv.ConvertOptions(
                    include_columns=[str(i) for i in places.values()],
                    column_types={str(i): kinds[n] for n, i in places.items()},
                    null_values=MISSING,
                    strings_can_be_null=False,
                ),
            ),
            kinds,
        )
        records = 0
        while True:
            try:
                batch = self._guarded(reader.read_next_batch, kinds)
            except StopIteration:
                if watched.lines - 1 > records:
                    self._refuse_swallowed(records)
                return
            records += batch.num_rows
            if bad:
                raise truncated(bad[0], self.header, self.name, self._line_of(bad[0]))
            yield pa.Table.from_batches([batch]).rename_columns(list(places))

    def _refuse_swallowed(self, records: int) -> None:
        """Raise when lines that are not blank are more than records: a quotation mark hides rows.

        Read again line by line: only when the lines counted on the way are too many.
        """
        with self._open() as stream:
            lines, odd = -1, None
            for number, line in enumerate(stream, start=1):
                lines += bool(line.strip())
                if line.count(b'"') % 2:
                    odd = odd or number
        if lines <= records:
            return
        raise FpiError(
            f"{lines} lignes dans le fichier, {records} lues : un guillemet s'ouvre ici et avale "
            "les lignes qui suivent. Attendu : des guillemets par paires, autour d'une seule "
            "valeur. Effacez ce guillemet et celui qui le ferme, ou téléchargez à nouveau.",
            fichier=self.name,
            ligne=odd,
        )

    def _parquet(self, places: dict[str, int]) -> Iterator[pa.Table]:
        file = pq.ParquetFile(self.path)
        names = {n: self.header[i] for n, i in places.items()}
        for batch in file.iter_batches(BATCH_ROWS, columns=list(names.values())):
            yield pa.table({n: batch.column(h) for n, h in names.items()})

    def _cast(self, batch: pa.Table, kinds: Mapping[str, pa.DataType], start: int) -> pa.Table:
        columns = {}
        for name, kind in kinds.items():
            values = batch[name]
            if pa.types.is_list(values.type):
                values = pc.binary_join(values.cast(pa.list_(pa.string())), ",")
            if kind == pa.float64() and not _is_number(values.type):
                texts = values.cast(pa.string())
                values = pc.if_else(pc.is_in(texts, pa.array(MISSING)), None, texts)
            try:
                columns[name] = values.cast(kind)
            except pa.ArrowInvalid as error:
                raise (self._bad_number(name, values, start) or error) from error
            if kind == pa.string():
                columns[name] = pc.fill_null(columns[name], "")
        return pa.table(columns)

    def _guarded(self, step, kinds: Mapping[str, pa.DataType]):
        """Run a step of the reader; on a value it cannot convert, find that value again."""
        try:
            return step()
        except pa.ArrowInvalid as error:
            numbers = {n for n, kind in kinds.items() if kind == pa.float64()}
            if "conversion error" in str(error) and numbers:
                for start, batch in self.batches():
                    for name in numbers:
                        if found := self._bad_number(name, batch[name], start):
                            raise found from None
            if "UTF8" not in str(error):
                with self._open() as stream:
                    raise unreadable(enumerate(stream, start=1), self.name) from error
            raise FpiError(
                "le fichier n'est pas en UTF-8 jusqu'au bout. Enregistrez-le en UTF-8, ou "
                "téléchargez-le à nouveau.",
                fichier=self.name,
            ) from error

    def _bad_number(self, name: str, values: pa.ChunkedArray, start: int) -> FpiError | None:
        texts = values.cast(pa.string()).to_pandas().fillna("").str.strip()
        wrong = pd.to_numeric(texts.mask(texts.isin(MISSING)), errors="coerce").isna()
        wrong &= ~texts.isin(MISSING)
        if not wrong.any():
            return None
        row = int(wrong.to_numpy().argmax())
        return self.bad_value(name, texts.iloc[row], start + row)

    def bad_value(self, name: str, found: str, row: int) -> FpiError:
        """Return the error of a value that its column may not hold, at a row counted from 0."""
        return bad_value(self.schema.column(name), f"« {found} »", self.name, row + 2)

    def _line_of(self, row: pacsv.InvalidRow) -> int | None:
        needle = row.text.encode(self.encoding.removesuffix("-sig"))
        with self._open() as stream:
            lines = enumerate(stream, start=1)
            return next((n for n, line in lines if line.rstrip(b"\r\n") == needle), None)


class _Watched(io.RawIOBase):
    """A stream that counts its lines as they are read."""

    def __init__(self, stream: io.BufferedIOBase, fichier: str) -> None:
        self.stream, self.fichier, self.ends, self.last = stream, fichier, 0, b"\n"

    @property
    def lines(self) -> int:
        """Lines read so far, blank ones included."""
        return self.ends + (self.last != b"\n")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            block = self.stream.read(size)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise not_whole("gzip", self.fichier) from error
        self.ends += block.count(b"\n")
        self.last = block[-1:] or self.last
        return block


def read_filtered(
    path: Path,
    schema: TableSchema,
    keep: Mapping[str, tuple[str, ...]],
    *,
    raison: str,
    renaming: Renaming | None = None,
) -> Reading:
    """Return the rows whose columns hold the values kept, checked against the schema.

    Parameters
    ----------
    keep : mapping of str to tuple of str
        For each column, the values that are kept; other rows are counted, not converted.
    raison : str
        Why the others are set aside, in French.

    Raises
    ------
    FpiError
        As `read_table`; and when no row at all is kept.
    """
    file = LargeFile(path, schema, renaming)
    kept, lines, rows = [], [], 0
    for start, batch in file.batches():
        mask = np.ones(batch.num_rows, dtype=bool)
        for name, values in keep.items():
            _refuse_header(batch[name], file, name, start)
            mask &= pc.is_in(pc.utf8_trim_whitespace(batch[name]), pa.array(values)).to_numpy()
        rows += batch.num_rows
        kept.append(batch.filter(pa.array(mask)).to_pandas())
        lines.append(np.flatnonzero(mask) + start + 2)
    strings = pd.concat(kept, ignore_index=True) if kept else pd.DataFrame()
    if strings.empty:
        words = " ; ".join(f"{schema.column(n).header} = {liste(v)}" for n, v in keep.items())
        raise FpiError(f"aucune ligne retenue parmi {rows} ({words}).", fichier=file.name)
    line = np.concatenate(lines)
    table = pd.DataFrame(
        {n: convert(strings[n], schema.column(n), file.name, line) for n in strings.columns}
    )
    refuse_doubled(table, schema, file.name)
    aside = {raison: rows - len(table)} if rows > len(table) else {}
    return Reading(
        check(table, schema, fichier=file.name, lines=line), file.provenance(rows, aside)
    )


def _refuse_header(values: pa.ChunkedArray, file: LargeFile, name: str, start: int) -> None:
    """Raise where the header stands again among the rows: a file pasted after itself."""
    places, _, _ = match_header(file.header, file.schema, file.renaming, file.name)
    head = file.header[places[name]]
    row = pc.index(values, pa.scalar(head, values.type)).as_py()
    if row >= 0:
        raise FpiError(
            "l'en-tête est écrit à nouveau parmi les lignes : le fichier est sans doute collé à la "
            "suite de lui-même. Téléchargez-le à nouveau.",
            fichier=file.name,
            ligne=start + row + 2,
            colonne=head,
        )


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)
