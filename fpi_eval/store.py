"""What a run computes, kept on disk by content: several notebooks ask, one of them computes.

An entry is named by the SHA-256 of the function, its arguments (tables by their content), the
source of its module and of all that this module imports, and the versions it ran on: another
table, another argument or a changed library function never finds an old entry.
"""

import dataclasses
import hashlib
import inspect
import os
import pickle
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from numbers import Number
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from filelock import FileLock
from platformdirs import user_cache_path
from pydantic import BaseModel

from fpi_eval import _FROM
from fpi_eval.traced import note, noted
from fpi_eval.versions import package_versions

P = ParamSpec("P")
T = TypeVar("T")
PACKAGE = Path(__file__).parent
NAME, AS = "fpi_eval", "fpi"  # the library, and its name in notebooks
SUBFOLDER = "resultats"
LARGEST = 2_000_000_000  # bytes, over which the entries read longest ago go
SWEPT = 100  # times that a process sweeps the folder while it writes LARGEST
IMPORT = re.compile(r"^ *from (fpi_eval[\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)
ABSENT = object()
STARTED = time.time()
CALLED = re.compile(r"import_module\(")
INIT = "__init__"
File = tuple[str, str, int, int]  # name of a module, path, time and size of its source
DIGEST = hashlib.sha256().digest_size
_unswept: dict[Path, int] = {}  # bytes that this process wrote since it last swept a folder


def cache_folder() -> Path:
    """Return where what can be made again is kept: FPI_EVAL_CACHE, or the user's cache."""
    return Path(os.environ.get("FPI_EVAL_CACHE") or user_cache_path("fpi_eval"))


def kept(make: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Return what `make(*args, **options)` returns, computed once for all processes.

    A damaged entry is made again, and so is one that another user wrote: reading it runs its
    code. A folder that cannot be written is no fault. What `make` raises is not kept. The files
    used to make it are noted again each time.
    """
    entry = cache_folder() / SUBFOLDER / _key(make, args, options)
    lock = FileLock(entry.with_suffix(".verrou"))
    try:
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        return make(*args, **options)
    try:
        held = _read(entry)
        if held is ABSENT:
            with noted() as files:
                found = make(*args, **options)
            _keep(entry, pickle.dumps((found, files), protocol=5))
            return found
        found, files = held
        note(files)
        return found
    finally:
        lock.release()


def forget() -> None:
    """Remove every kept result: the next run computes all of them."""
    shutil.rmtree(cache_folder() / SUBFOLDER, ignore_errors=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write whole or not at all: under another name, then renamed."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".en_cours_")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _key(make: Callable, args: tuple, options: dict) -> str:
    bound = inspect.signature(make).bind(*args, **options)
    bound.apply_defaults()
    files = _files(PACKAGE)
    if make.__module__ not in _sources(files):
        raise TypeError(f"{make.__module__} is not of {NAME}: what changes it is not known")
    call = (make.__module__, make.__qualname__, _content(bound.arguments))
    versions = (platform.python_version(), package_versions())
    said = repr((call, _code(make.__module__, files=files), versions))
    return hashlib.sha256(said.encode()).hexdigest()


def _content(value: Any) -> object:
    """Return plain values that are equal when the contents are, whatever holds them in memory."""
    if value is None or isinstance(value, str | Number | date | Path | BaseModel):
        return repr(value)
    if isinstance(value, Mapping):
        return [(repr(key), _content(item)) for key, item in value.items()]
    if hasattr(type(value), "empreinte"):
        return [type(value).__qualname__, value.empreinte]
    if isinstance(value, list | tuple):
        return [_content(item) for item in value]
    if dataclasses.is_dataclass(value):
        told = (f.name for f in dataclasses.fields(value) if f.compare)
        fields = ((name, getattr(value, name)) for name in told)
        return [type(value).__qualname__, *((name, _content(item)) for name, item in fields)]
    return _table(value)


def _table(value: Any) -> object:
    import pandas as pd

    if not isinstance(value, pd.DataFrame):
        raise TypeError(f"{type(value)} has no content that the store knows how to name")
    mixed = [name for name, dtype in value.dtypes.items() if pd.api.types.is_object_dtype(dtype)]
    plain = value.assign(**{str(name): value[name].map(repr) for name in mixed})
    rows = pd.util.hash_pandas_object(plain).to_numpy()
    kinds = [(name, str(dtype)) for name, dtype in value.dtypes.items()]
    return (kinds, hashlib.sha256(rows.tobytes()).hexdigest())


def code_reached(source: str) -> str:
    """Return the hash of the library's modules that a notebook's code can reach."""
    used = [(_FROM.get(one, NAME), one) for one in re.findall(rf"\b{AS}\.(\w+)\b(?!\.)", source)]
    used += [(f"{NAME}.{one}", name) for one, name in re.findall(rf"\b{AS}\.(\w+)\.(\w+)", source)]
    said = "\n".join([source, *(f"from {origin} import {name}" for origin, name in used)])
    whole = re.search(rf"import {NAME}(?! as {AS}\b)", source)
    files = _files(PACKAGE)
    library = _sources(files)
    modules = [*_imported(said, library), *(_inside(NAME, library) if whole else ())]
    for origin, names in IMPORT.findall(said):  # a package in hand gives any of its modules
        for name in re.findall(r"\w+", names):
            modules += _inside(f"{origin}.{name}", library)
    return _code(*modules, files=files)


def _code(*modules: str, files: tuple[File, ...]) -> str:
    """Return the hash of modules' sources and of all that they import from the package.

    A source edited since this process began may not be the code that runs: nobody else finds it.
    """
    sources, needs, found, todo = _sources(files), _needs(files), set(), list(modules)
    while todo:
        name = todo.pop()
        if name in sources and name not in found:
            found.add(name)
            todo += needs[name]
    said = "\0".join(f"{name}\0{sources[name]}" for name in sorted(found))
    edited = any(time_ns > STARTED * 1e9 for name, _, time_ns, _ in files if name in found)
    own = f"{os.getpid()} {STARTED}" if edited else ""
    return hashlib.sha256(f"{own}{said}".encode()).hexdigest()


def _files(package: Path) -> tuple[File, ...]:
    """Return a package's modules: name (what begins the package has one that nothing imports)."""
    found = []
    for folder, inside, names in os.walk(package):
        inside[:] = [one for one in inside if one != "__pycache__"]
        around = (package.name, *Path(folder).relative_to(package).parts)
        for name in (one for one in names if one.endswith(".py") and one[0] != "."):
            stem, stat = name.removesuffix(".py"), os.stat(path := os.path.join(folder, name))
            own = around if stem == INIT and len(around) > 1 else (*around, stem)
            found.append((".".join(own), path, stat.st_mtime_ns, stat.st_size))
    return tuple(found)


@lru_cache(maxsize=2)
def _sources(files: tuple[File, ...]) -> dict[str, str]:
    return {name: Path(path).read_text(encoding="utf-8") for name, path, *_ in files}


@lru_cache(maxsize=2)
def _needs(files: tuple[File, ...]) -> dict[str, set[str]]:
    """Return what each module imports, and its package."""
    sources, needs = _sources(files), {}
    for name, path, *_ in files:
        around, source = name.rpartition(".")[0], sources[name]
        needs[name] = {around, *_imported(source, sources)}
        if Path(path).stem != INIT and CALLED.search(source):
            needs[name] |= {*_inside(around, sources)}
    return needs


def _imported(source: str, library: Mapping[str, str]) -> Iterator[str]:
    """Yield what a source imports; all of a package that finds its names when asked for them."""
    for origin, names in IMPORT.findall(source):
        yield origin
        for name in re.findall(r"(\w+)(?: as \w+)?", names):
            inner = f"{origin}.{name}"
            if inner in library:
                yield inner
            elif CALLED.search(library.get(origin, "")):
                yield from _inside(origin, library)


def _inside(name: str, library: Mapping[str, str]) -> Iterator[str]:
    return (one for one in library if one == name or one.startswith(f"{name}."))


def _read(entry: Path) -> Any:
    """Return the entry, ABSENT unless it is there, whole and ours."""
    try:
        if hasattr(os, "getuid") and entry.stat().st_uid != os.getuid():
            return ABSENT
        content = entry.read_bytes()
        if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
            return ABSENT
        os.utime(entry)
        return pickle.loads(content[DIGEST:])
    except Exception:  # whatever is wrong with it, it is made again
        return ABSENT


def _keep(entry: Path, content: bytes) -> None:
    """Write the entry, then remove what was read longest ago while all is too large.

    Thousands of entries are not looked at for each one written.
    """
    try:
        write_whole(entry, hashlib.sha256(content).digest() + content)
        _unswept[entry.parent] = _unswept.get(entry.parent, LARGEST) + len(content)
        if _unswept[entry.parent] <= LARGEST // SWEPT:
            return
        _unswept[entry.parent] = 0
        held = {path: path.stat() for path in entry.parent.iterdir()}
        total = sum(stat.st_size for stat in held.values())
        for path in sorted(held, key=lambda path: held[path].st_mtime):
            if total <= LARGEST:
                return
            if path.stem != entry.stem:
                total -= held[path].st_size
                path.unlink(missing_ok=True)
    except OSError:  # no room, or another process removes the same files
        return
