"""A raw delimited text file: bytes, encoding, separator, header, records as strings."""

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from fpi_eval.errors import FpiError
from fpi_eval.pinned import verify
from fpi_eval.sources.reading import TableSchema
from fpi_eval.sources.reading.check import line_of
from fpi_eval.sources.reading.headers import spelling
from fpi_eval.text import liste, nombre

HEADER_MAX = 100_000
LONGEST = 1_000_000  # characters of a line: Arrow reads little more at once
SEP_LINE = re.compile(r"\ufeff?sep=.?[ \t]*\r?\n", re.IGNORECASE)  # Excel's own first line
GZIP = b"\x1f\x8b"  # browsers unpack a file and leave it its name, or the other way round
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # « Texte Unicode » of Excel
MOJIBAKE = re.compile(
    "Ã[\xa9\xa8\xaa\xa0\xa2\xb4\xa7\xae\xbb\x80-\x9f]|Ã‰|Ãˆ|Å[“’\x92\x93]|â€™|Â[°«»]"
)
MACINTOSH = re.compile(
    "(?<=[A-Za-z])[ŽˆƒÕ™‰](?=[A-Za-z])|(?<=[a-z])Ž|(?<=[A-Z])æ(?=[A-Z])|[ÎÏ](?=[Uu])"
)
UTF8_ACCENTS = [c.encode() for c in "éèêëàâçôûîïÉÈÀ"]  # pairs that cp1252 text never holds
SEPARATORS = {";": "point-virgule", ",": "virgule", "\t": "tabulation"}


class RawFile:
    """A delimited text file as strings: header, columns, and the line of each record."""

    def __init__(self, path: Path, schema: TableSchema) -> None:
        self.path, self.schema = Path(path), schema
        self.text, self.skipped = "", 0
        self.content = read_bytes(self.path)
        self.sha256 = hashlib.sha256(self.content).hexdigest()
        whole, self.encoding = self._decode()
        refuse_mojibake(whole, self.name, self.encoding)
        mark = SEP_LINE.match(whole)
        self.skip(mark.end() if mark else 0, whole)
        self.header, self.separator = self._header()

    def skip(self, start: int, text: str | None = None) -> None:
        """Read from this character on: what stands before is no row (`sep=;`, a title)."""
        text = self.text if text is None else text
        self.skipped += text.count("\n", 0, start)
        self.text = text[start:]

    def header_again(self) -> None:
        """Look for the header once more, after `skip`."""
        self.header, self.separator = self._header()

    @property
    def name(self) -> str:
        """Name shown in messages."""
        return self.path.name

    def _decode(self) -> tuple[str, str]:
        plain = self._unzip() if self.content.startswith(GZIP) else self.content
        if not plain.strip():
            raise FpiError(
                "le fichier est vide. Téléchargez-le à nouveau.", fichier=self.name, ligne=1
            )
        if plain.startswith(UTF_16):
            return self._decode_utf16(plain)
        if b"\x00" in plain:
            ligne = plain[: plain.index(b"\x00")].count(b"\n") + 1
            raise FpiError(
                "octet nul trouvé : ce n'est pas un fichier texte en UTF-8 ou cp1252. "
                "Téléchargez-le à nouveau, au format CSV.",
                fichier=self.name,
                ligne=ligne,
            )
        encoding = "utf-8-sig" if plain.startswith(b"\xef\xbb\xbf") else "utf-8"
        try:
            return plain.decode(encoding), encoding
        except UnicodeDecodeError as error:
            return self._decode_cp1252(plain, encoding, error)

    def _decode_utf16(self, plain: bytes) -> tuple[str, str]:
        try:
            return plain.decode("utf-16"), "utf-16"
        except UnicodeDecodeError as error:
            raise FpiError(
                "le fichier commence en UTF-16 et ne s'y lit pas jusqu'au bout. Enregistrez-le au "
                "format « CSV UTF-8 ».",
                fichier=self.name,
            ) from error

    def _unzip(self) -> bytes:
        try:
            return gzip.decompress(self.content)
        except (OSError, EOFError, zlib.error) as error:
            raise not_whole("gzip", self.name) from error

    def _decode_cp1252(
        self, plain: bytes, encoding: str, error: UnicodeDecodeError
    ) -> tuple[str, str]:
        """Read as cp1252 a file without a byte that would be UTF-8; a mixture is refused."""
        ligne = plain[: error.start].count(b"\n") + 1
        mixed = encoding == "utf-8-sig" or any(pair in plain for pair in UTF8_ACCENTS)
        if not mixed:
            try:
                return plain.decode("cp1252"), "cp1252"
            except UnicodeDecodeError as other:
                ligne = plain[: other.start].count(b"\n") + 1
        raise FpiError(
            f"octet 0x{plain[error.start]:02x} illisible : le fichier n'est ni en UTF-8 ni en "
            "cp1252. Téléchargez-le à nouveau, ou enregistrez-le en UTF-8.",
            fichier=self.name,
            ligne=ligne,
        )

    def _header(self) -> tuple[list[str], str]:
        """Return the header and the separator under which most columns are known."""
        best: tuple[int, int, list[str], str] = (-1, -1, [], ";")
        known = {spelling(h) for c in self.schema.columns for h in (c.header, *c.aliases)}
        for separator in SEPARATORS:
            names = first_record(self.text, separator, self.name)
            score = sum(spelling(name) in known for name in names)
            best = max(best, (score, len(names), names, separator), key=lambda b: b[:2])
        score, width, names, separator = best
        if width == 1 and len(self.schema.columns) > 1:
            raise FpiError(
                f"une seule colonne trouvée (« {names[0][:60]} ») : séparateur inconnu. Attendu : "
                f"{liste(SEPARATORS.values())}. Enregistrez le fichier avec l'un d'eux.",
                fichier=self.name,
                ligne=1,
                colonne=self.schema.columns[0].header,
            )
        return names, separator

    @cached_property
    def lines(self) -> "Lines | None":
        """Line of each record, or None when record `i` simply stands on line `i + 2`."""
        odd = self.skipped or any(mark in self.text for mark in ('"', "\n\n", "\n\r\n"))
        return Lines(self.text, self.separator, self.skipped) if odd else None

    def refuse_swallowed_rows(self) -> None:
        """Raise where a quotation mark opens a value that holds whole rows of the file.

        A value may span lines, but not hold as many separators as a row: those are rows that a
        stray quotation mark, closed far below or never, has hidden.
        """
        if '"' not in self.text:
            return
        rows = len(self.header) - 1
        records = _records(self.text, self.separator)
        start = 1
        for record in _told(records, self.name):
            end = records.line_num
            if end > start:
                self._refuse_swallowed(record, start, rows)
            start = end + 1

    def _refuse_swallowed(self, record: list[str], start: int, separators: int) -> None:
        """Raise if one value of this record, which spans lines from `start`, holds rows."""
        line = start
        for place, (name, value) in enumerate(zip(self.header, record, strict=False), start=1):
            if "\n" in value and value.count(self.separator) >= separators:
                raise FpiError(
                    f"un guillemet s'ouvre ici et avale {value.count(chr(10))} ligne(s) du "
                    "fichier. Attendu : des guillemets par paires, autour d'une seule valeur. "
                    "Effacez ce guillemet et celui qui le ferme, ou téléchargez à nouveau.",
                    fichier=self.name,
                    ligne=line + self.skipped,
                    colonne=name or f"sans nom, n° {place}",
                )
            line += value.count("\n")

    def strings(self, positions: Collection[int]) -> dict[int, pd.Series]:
        """Return the columns at these positions as strings."""
        names = [str(i) for i in range(len(self.header))]
        bad: list[pacsv.InvalidRow] = []

        def refuse(row: pacsv.InvalidRow) -> str:
            bad.append(row)
            return "skip"

        kept = [names[i] for i in positions]
        try:
            table = pacsv.read_csv(
                pa.BufferReader(f"{self.text}\n".encode()),  # a header that ends nowhere is one too
                read_options=pacsv.ReadOptions(
                    column_names=names, skip_rows_after_names=1, use_threads=False
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=self.separator,
                    newlines_in_values='"' in self.text,
                    invalid_row_handler=refuse,
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(kept, pa.string()),
                    include_columns=kept,
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            lines = enumerate(self.text.split("\n"), start=1 + self.skipped)
            raise unreadable(lines, self.name) from error
        if bad:
            row = bad[0]
            line = line_of(row.number - 2, self.lines) if row.number else None
            raise truncated(row, self.header, self.name, line)
        return {i: table.column(names[i]).to_pandas() for i in positions}


class Lines:
    """Line in the file of each record, counted only when an error asks for one."""

    def __init__(self, text: str, separator: str, skipped: int = 0) -> None:
        self.text, self.separator, self.skipped = text, separator, skipped

    @cached_property
    def _starts(self) -> list[int]:
        reader = _records(self.text, self.separator)
        starts, end = [], 0
        for record in _told(reader):
            if record:
                starts.append(end + 1)
            end = reader.line_num
        return starts[1:]

    def __getitem__(self, row: int) -> int:
        return self._starts[row] + self.skipped


def unreadable(lines: Iterable[tuple[int, str | bytes]], fichier: str) -> FpiError:
    """Return the error of a text that Arrow cannot cut into rows, with its line too long if any."""
    return FpiError(
        "ligne bien trop longue, ou coupée par un guillemet : un guillemet ouvert et jamais fermé, "
        "ou un autre fichier collé dans une cellule. Corrigez-la, ou téléchargez le fichier à "
        "nouveau.",
        fichier=fichier,
        ligne=next((number for number, line in lines if len(line) > LONGEST), None),
    )


def not_whole(kind: str, fichier: str) -> FpiError:
    """Return the error of a file that is cut short, damaged or not of the kind that it says."""
    return FpiError(
        f"ce n'est pas un fichier {kind} entier. Téléchargez-le à nouveau.", fichier=fichier
    )


def truncated(
    row: pacsv.InvalidRow, header: list[str], fichier: str, ligne: int | None
) -> FpiError:
    """Return the error of a row that has fewer or more values than the header."""
    found, expected = row.actual_columns, row.expected_columns
    place = min(max(found, 1), expected)
    return FpiError(
        f"{found} valeur(s) trouvée(s), {expected} attendue(s) comme dans l'en-tête : "
        "ligne tronquée ou séparateur de trop. Téléchargez le fichier à nouveau, ou "
        "corrigez la ligne.",
        fichier=fichier,
        ligne=ligne,
        colonne=header[place - 1] or f"n° {place}",
    )


def refuse_mojibake(text: str, fichier: str, encoding: str) -> None:
    """Raise where accents are other letters than were written: names would match nothing."""
    if found := MOJIBAKE.search(text):
        why = ("accents encodés deux fois (« {} ») : le fichier, en UTF-8, a été ouvert comme s'il "
               "était en cp1252 puis enregistré.")  # fmt: skip
    elif encoding == "cp1252" and (found := MACINTOSH.search(text)):
        why = "accents d'un ancien Macintosh (« {} ») : le fichier n'est ni en UTF-8 ni en cp1252."
    else:
        return
    start = text.rfind("\n", 0, found.start()) + 1
    around = text[max(start, found.start() - 12) : found.end() + 12].split("\n")[0]
    raise FpiError(
        f"{why.format(around)} Téléchargez-le à nouveau, sans l'ouvrir dans un tableur.",
        fichier=fichier,
        ligne=text.count("\n", 0, found.start()) + 1,
    )


def _records(text: str, separator: str) -> Any:
    """Return a reader of records as lists of strings: slow, for headers and line numbers."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def first_record(text: str, separator: str, fichier: str) -> list[str]:
    """Return the first record of a text, whatever ends its lines; empty if there is none."""
    return next(_told(_records(text[:HEADER_MAX], separator), fichier), [])


def _told(records: Any, fichier: str | None = None) -> Iterator[list[str]]:
    """Yield the records, a value that no table holds being refused in French."""
    try:
        yield from records
    except csv.Error as error:
        raise FpiError(
            f"une valeur de plus de {nombre(csv.field_size_limit())} caractères : un guillemet "
            "ouvert et jamais fermé, ou un autre fichier collé dans une cellule. Effacez-la, ou "
            "téléchargez le fichier à nouveau.",
            fichier=fichier,
            ligne=records.line_num + 1,
        ) from error


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes, or a French error that says what the folder holds."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        folder = path.parent
        there = sorted(p.name for p in folder.glob("*"))[:8] if folder.is_dir() else []
        found = (
            f"Le dossier contient : {liste(there)}." if there else "Son dossier est vide ou absent."
        )
        raise FpiError(
            f"fichier absent. {found} Déposez-le, ou corrigez « fichier » dans programme.toml.",
            fichier=str(path),
        ) from error
    except (IsADirectoryError, PermissionError) as error:
        raise FpiError(
            "fichier illisible : dossier, ou droits insuffisants.", fichier=str(path)
        ) from error
    verify(path, content)
    return content
