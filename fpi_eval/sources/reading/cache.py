"""Keep parsed tables as Parquet, keyed by content and by reader, so that a second run is quick.

An entry is named by the SHA-256 of the raw file, of the reader and its arguments, and of the
reading code itself: a new file, another argument or a changed reader never finds an old entry.
An entry whose own hash is wrong is made again. Raw files are only ever opened for reading.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fpi_eval.sources.reading.raw import read_bytes
from fpi_eval.sources.reading.reading import Provenance, Reading
from fpi_eval.store import cache_folder, write_whole

VERSION = 1
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
    reading = _load(entry)
    if reading is not None:
        return Reading(reading.table, replace(reading.provenance, fichier=Path(path).name))
    reading = reader(path, *args, **options)
    if reading.provenance.sha256 == digest:  # else the file changed meanwhile
        _store(entry, reading)
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


def _store(entry: Path, reading: Reading) -> None:
    buffer = pa.BufferOutputStream()
    table = pa.Table.from_pandas(reading.table, preserve_index=False)
    pq.write_table(table, buffer, compression="lz4")
    content = buffer.getvalue().to_pybytes()
    note = {
        "parquet": hashlib.sha256(content).hexdigest(),
        "types": [str(dtype) for dtype in reading.table.dtypes],
        "provenance": asdict(reading.provenance),
    }
    note["empreinte"] = _own_hash(note)
    words = json.dumps(note, ensure_ascii=False, indent=1).encode()
    try:
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(entry.with_suffix(".parquet"), content)
        write_whole(entry.with_suffix(".json"), words)
    except OSError:
        return


def _load(entry: Path) -> Reading | None:
    """Return the entry, or None if it is absent, or not byte for byte what was stored."""
    try:
        note = json.loads(entry.with_suffix(".json").read_bytes())
        content = entry.with_suffix(".parquet").read_bytes()
        sound = note.pop("empreinte") == _own_hash(note)
        if not sound or note["parquet"] != hashlib.sha256(content).hexdigest():
            return None
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    table = pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False).to_pandas()
    types = dict(zip(table.columns, note["types"], strict=True))
    changed = {name: dtype for name, dtype in types.items() if str(table[name].dtype) != dtype}
    origin = note["provenance"]
    origin |= {name: tuple(origin[name]) for name in ("colonnes_inconnues", "colonnes_absentes")}
    return Reading(table.astype(changed) if changed else table, Provenance(**origin))


def _own_hash(note: dict) -> str:
    return hashlib.sha256(json.dumps(note, sort_keys=True).encode()).hexdigest()
