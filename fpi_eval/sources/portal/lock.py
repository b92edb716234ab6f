"""`sources.lock.json`: what each fetched file was when it came, and whether it is still so."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from fpi_eval.errors import FpiError
from fpi_eval.pinned import sha256

LOCK = "sources.lock.json"
VERSION = 1
PART = ".part"

Etat = Literal["conforme", "modifié", "absent", "incomplet"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A fetched file: its source, address, licence, hash, size in octets and date (UTC)."""

    source: str
    url: str
    licence: str
    format: str
    sha256: str
    taille: int
    date: str
    etag: str = ""
    last_modified: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of one file of the lock: its state, the hash expected and the hash found."""

    fichier: str
    etat: Etat
    sha256_attendu: str
    sha256_trouve: str = ""

    def summary(self) -> str:
        """Return one French line."""
        words = {
            "conforme": "conforme à son téléchargement",
            "modifié": f"modifié depuis son téléchargement (empreinte {self.sha256_trouve[:12]}, "
            f"attendue {self.sha256_attendu[:12]}) : téléchargez-le à nouveau",
            "absent": "absent : téléchargez-le à nouveau",
            "incomplet": "téléchargement interrompu : relancez-le",
        }
        return f"{self.fichier} : {words[self.etat]}."


def read_lock(folder: Path) -> dict[str, Entry]:
    """Return the lock's entries by file, none when there is no lock yet.

    Raises `FpiError`: the lock is not the JSON that `write_lock` writes.
    """
    path = Path(folder) / LOCK
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            raise ValueError(f"version {data['version']}")
        return {name: Entry(**entry) for name, entry in data["fichiers"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FpiError(
            f"verrou illisible ({error}). Rétablissez une copie, ou supprimez-le et relancez le "
            "téléchargement : il sera refait.",
            fichier=LOCK,
        ) from error


def write_lock(folder: Path, entries: dict[str, Entry]) -> None:
    """Write the lock, sorted, in one step: a reader sees the old one or the new one."""
    data = {"version": VERSION, "fichiers": {k: asdict(v) for k, v in entries.items()}}
    text = json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    write_atomically(Path(folder) / LOCK, text)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file in one step."""
    part = path.with_name(path.name + PART)
    with part.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def verify(folder: Path) -> list[Verification]:
    """Return the state of every file of the lock, and of downloads left unfinished.

    Files that the lock does not name (put there by hand) are not looked at.
    """
    folder = Path(folder)
    entries = read_lock(folder)
    found = [_verify_one(folder, name, entry) for name, entry in sorted(entries.items())]
    parts = sorted(folder.rglob(f"*{PART}"))
    unfinished = [p.relative_to(folder).as_posix() for p in parts if not p.name.startswith(LOCK)]
    return found + [
        Verification(name, "incomplet", "") for name in unfinished if ".json" not in name
    ]


def _verify_one(folder: Path, name: str, entry: Entry) -> Verification:
    path = folder / name
    if not path.is_file():
        return Verification(name, "absent", entry.sha256)
    found = sha256(path)
    same = found == entry.sha256
    return Verification(name, "conforme" if same else "modifié", entry.sha256, found)
