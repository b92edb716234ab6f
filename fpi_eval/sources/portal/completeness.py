"""Tell a whole CSV or Parquet file from a truncated one, an error page or an empty export."""

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

MAGIC = b"PAR1"
TAIL = 1 << 18
_BLOCK = 1 << 20


class NotWhole(Exception):
    """The file is truncated or is not what was asked for; its message is a French sentence."""


class NoRows(Exception):
    """The file is whole and holds a header only."""


def check_whole(path: Path, format: str, *, length_known: bool) -> None:
    """Raise `NotWhole` or `NoRows` unless the file is a whole, non-empty table.

    ``length_known``: whether the transfer itself proved that the last byte came. When it did not, a
    CSV file must also end with a line break.
    """
    if format == "parquet":
        _check_parquet(path)
    else:
        _check_csv(path, length_known=length_known)


def records(path: Path, format: str) -> int:
    """Return how many records a whole file holds under its header, however many lines each has."""
    if format == "parquet":
        return int(pq.read_metadata(path).num_rows)
    count, quoted = -1, False
    with path.open("rb") as stream:
        for line in stream:
            quoted ^= line.count(b'"') % 2 == 1
            count += not quoted and bool(line.strip())
    return count


def _check_parquet(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(4)
        stream.seek(0, 2)
        stream.seek(max(stream.tell() - 4, 0))
        tail = stream.read(4)
    for part, where in ((head, "au début"), (tail, "à la fin")):
        if part != MAGIC:
            raise NotWhole(f"marque PAR1 absente {where} du fichier Parquet")
    try:
        rows = pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError) as error:
        raise NotWhole("pied du fichier Parquet illisible") from error
    if rows == 0:
        raise NoRows


def _check_csv(path: Path, *, length_known: bool) -> None:
    size = path.stat().st_size
    quotes = _count_quotes(path)
    with path.open("rb") as stream:
        head = stream.read(TAIL)
        stream.seek(max(size - TAIL, 0))
        tail = stream.read()
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise NotWhole("fichier vide")
    if start[:1] in (b"<", b"{", b"["):
        raise NotWhole("page web ou message du portail au lieu d'un tableau")
    if b"\x00" in head or b"\x00" in tail:
        raise NotWhole("octet nul : ce n'est pas un fichier texte")
    if quotes % 2:
        raise NotWhole("guillemet ouvert et jamais fermé : le fichier est coupé")
    if not length_known and not tail.endswith(b"\n"):
        raise NotWhole("dernière ligne sans fin de ligne : le fichier est coupé")
    _check_last_record(head, tail, whole=size <= TAIL)


def _check_last_record(head: bytes, tail: bytes, *, whole: bool) -> None:
    """Compare the number of values of the last record with that of the header."""
    header, first_line = _first_record(head)
    body = tail[first_line:] if whole else tail
    last = _last_record(body)
    if last is None:
        raise NoRows
    for separator in (";", ",", "\t"):
        width, found = _width(header, separator), _width(last, separator)
        if width > 1 and found != width:
            raise NotWhole(
                f"dernière ligne de {found} valeur(s) pour {width} colonnes : le fichier est coupé"
            )
        if width > 1:
            return
    if " " in header.strip():
        raise NotWhole("nommée par une phrase, sans colonnes : ce n'est pas un tableau")


def header(path: Path) -> set[str]:
    """Return the names of a CSV file's columns, under the separator that gives the most."""
    with path.open("rb") as stream:
        first, _ = _first_record(stream.read(TAIL))
    rows = (next(csv.reader(io.StringIO(first, newline=""), delimiter=s), []) for s in ";,\t")
    return {name.strip() for name in max(rows, key=len)}


def _width(record: str, separator: str) -> int:
    try:
        return len(next(csv.reader(io.StringIO(record, newline=""), delimiter=separator), []))
    except csv.Error as error:
        raise NotWhole("ligne illisible") from error


def _first_record(head: bytes) -> tuple[str, int]:
    """Return the header (line breaks allowed inside quotes) and where it ends."""
    end = head.find(b"\n")
    while end != -1 and head[: end + 1].count(b'"') % 2:
        end = head.find(b"\n", end + 1)
    cut = len(head) if end == -1 else end + 1
    return head[:cut].decode("utf-8-sig", errors="replace"), cut


def _last_record(body: bytes) -> str | None:
    """Return the last record, of one line or of several when quoted; None when there is none."""
    lines = body.rstrip(b"\r\n").split(b"\n")
    for first in range(len(lines) - 1, -1, -1):
        record = b"\n".join(lines[first:])
        if record.count(b'"') % 2 == 0:
            return record.decode("utf-8", errors="replace") if record.strip() else None
    return None


def _count_quotes(path: Path) -> int:
    count = 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            count += block.count(b'"')
    return count
