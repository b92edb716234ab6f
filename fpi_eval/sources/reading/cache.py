"""Keep parsed tables, keyed by content and by reader, so that a second run is quick.

An entry is named by the SHA-256 of the raw file, of the reader and its arguments, and of the
reading code itself: a new file, another argument or a changed reader never finds an old entry.
An entry whose own hash is wrong is made again. Raw files are only ever opened for reading.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from fpi_eval.sources.reading.raw import read_bytes
from fpi_eval.sources.reading.reading import Reading
from fpi_eval.store import ABSENT, cache_folder, keep_entry, read_entry

VERSION = 2
SUBFOLDER = "tables"


def cached(
    reader: Callable[..., Reading],
    path: Path,
    *args: object,
    cache: Path | None = None,
    **options: object,
) -> Reading:
    """Return what `reader(path, *args, **options)` returns, read again only if something changed.

    Parameters
    ----------
    reader : callable
        A reader of this package.
    cache : Path, optional
        Folder of the cache; by default `cache_folder()`. A folder that cannot be written is
        no fault: the file is then read each time.

    Raises
    ------
    FpiError
        As the reader does; nothing is then kept.
    """
    digest = hashlib.sha256(read_bytes(Path(path))).hexdigest()
    entry = (cache or cache_folder()) / SUBFOLDER / f"{digest}-{_key(reader, args, options)}"
    reading = read_entry(entry)
    if reading is not ABSENT:
        return Reading(reading.table, replace(reading.provenance, fichier=Path(path).name))
    reading = reader(path, *args, **options)
    if reading.provenance.sha256 == digest:  # else the file changed meanwhile
        keep_entry(entry, reading)
    return reading


@lru_cache(maxsize=1)
def reader_version() -> str:
    """Return the hash of the code that turns a raw file into a table, and of `VERSION`."""
    files = sorted(Path(__file__).parents[1].rglob("[!.]*.py"))
    code = b"\0".join(path.read_bytes() for path in files)
    return hashlib.sha256(f"{VERSION} {pd.__version__}".encode() + code).hexdigest()


def _key(reader: Callable, args: tuple, options: dict) -> str:
    call = (reader.__module__, reader.__qualname__, args, sorted(options.items()))
    return hashlib.sha256(f"{reader_version()} {call!r}".encode()).hexdigest()[:24]
