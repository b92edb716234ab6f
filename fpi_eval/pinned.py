"""The contents that a run began with: readers refuse any other under the same name.

A run writes its input files and their hashes down, and its notebooks inherit where: they and the
workbook then read one set of contents, or stop. A file changed meanwhile, even put back since, can
be in no page.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from fpi_eval.errors import FpiError

VARIABLE = "FPI_EVAL_ENTREES"


@contextmanager
def pinned(hashes: Mapping[Path, str]) -> Iterator[None]:
    """Hold readers, here and in the processes started within, to these contents of these files."""
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory(prefix="fpi_eval_") as folder:
        listed = Path(folder) / "entrees.json"
        words = {str(path.absolute()): digest for path, digest in hashes.items()}
        listed.write_text(json.dumps(words), encoding="utf-8")
        os.environ[VARIABLE] = str(listed)
        try:
            yield
        finally:
            os.environ.pop(VARIABLE)
            if before is not None:
                os.environ[VARIABLE] = before


def verify(path: Path, content: bytes | str | None = None) -> None:
    """Raise if a run holds this file to another content (its bytes, or their SHA-256).

    Without the content the file is read, where a run holds it to one.
    """
    wanted = _held_to(path)
    if wanted is None:
        return
    if content is None:
        content = sha256(path)
    found = content if isinstance(content, str) else hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise changed(Path(path).name)


def changed(fichier: str) -> FpiError:
    """Return the error of an input that is no longer the file that a run began with."""
    return FpiError(
        "ce fichier a changé pendant le calcul : les pages n'auraient pas toutes les mêmes "
        "données. Rien n'a été remplacé ; relancez quand il ne change plus.",
        fichier=fichier,
    )


def digest(path: Path) -> str:
    """Return the SHA-256 of a file: the one that a run holds it to, where there is one."""
    return _held_to(path) or sha256(path)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as it lies on disk."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _held_to(path: Path) -> str | None:
    """Return the SHA-256 that a run holds a file to; None where it holds it to none."""
    listed = os.environ.get(VARIABLE)
    return _listed(listed).get(str(Path(path).absolute())) if listed else None


@lru_cache(maxsize=4)
def _listed(name: str) -> dict[str, str]:
    """Return the hashes that a run wrote down; its folder is new each time."""
    found: dict[str, str] = json.loads(Path(name).read_text(encoding="utf-8"))
    return found


def files_under(place: Path) -> list[Path]:
    """Return each file under a folder, sorted, folders that are links entered, each once."""
    found, seen = [], set[str]()
    ways = os.path.abspath(place), os.path.realpath(place)  # which may itself be a link
    above = {os.path.realpath(up) for way in ways for up in Path(way).parents}
    for inside, folders, names in os.walk(place, followlinks=True):
        if (real := os.path.realpath(inside)) in seen | above:
            folders.clear()  # a link that leads back up has no end, or the whole disk
        elif real not in above:
            found += [path for name in names if (path := Path(inside, name)).is_file()]
        seen.add(real)
    return sorted(found)
