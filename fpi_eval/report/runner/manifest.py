"""Write `manifest.json`: what made a report, so that it can be made again or checked."""

import gzip
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fpi_eval
from fpi_eval.errors import FpiError
from fpi_eval.pinned import changed, sha256
from fpi_eval.report.edition import LATER, MANIFEST, Edition, manifest_of, today
from fpi_eval.store import code_reached
from fpi_eval.versions import package_versions

UNCHANGED = "Rien n'a changé depuis le dernier rapport : il est gardé tel quel."
PACKAGE = Path(fpi_eval.__file__).parent
DATA_SUFFIXES = {".json", ".toml", ".csv", ".po"}
SOURCE_SUFFIXES = {".py", ".j2", ".css", ".typ"} | DATA_SUFFIXES


@dataclass(frozen=True, slots=True)
class Report:
    """Where the report is, whether it was made now or was already there, and in how long."""

    folder: Path
    made: bool
    seconds: float

    @property
    def index(self) -> Path:
        """Front page."""
        return self.folder / "index.html"


@dataclass(frozen=True, slots=True)
class Basis:
    """All that a report depends on; the date and the commit are not part.

    Attributes
    ----------
    notebooks : dict of str to str
        Source of each notebook, by file name.
    parameters : dict
        Those that notebooks receive, as readers see them.
    inputs : dict of str to str
        SHA-256 of each file, by name.
    facts : str
        What every page knows of all the files: which sources are absent, and why.
    """

    notebooks: Mapping[str, str]
    parameters: Mapping[str, object]
    edition: Edition
    inputs: Mapping[str, str]
    facts: str = ""

    @classmethod
    def of(
        cls,
        notebooks: Iterable[Path],
        parameters: Mapping[str, Any],
        *,
        edition: Edition,
        inputs: Mapping[str, Path],
        root: Path,
    ) -> "Basis":
        """Return what a report depends on now.

        Raises `FpiError`: the name of an input or of its folder is no text, which no manifest can
        hold.
        """
        hidden = shown_paths(parameters, root)
        shown = {name: v and hidden.get(str(root / str(v)), v) for name, v in parameters.items()}
        for name in (*inputs, *map(str, shown.values())):
            if (text := name.encode(errors="ignore").decode()) != name:
                raise FpiError(
                    "ce nom a des signes illisibles (accents d'un autre système ?). Renommez ce "
                    "fichier ou ce dossier.",
                    fichier=text,
                )
        sources = {path.name: path.read_bytes().decode(errors="replace") for path in notebooks}
        return cls(sources, shown, edition, {n: sha256(p) for n, p in sorted(inputs.items())})

    def as_dict(self) -> dict[str, object]:
        """Return what the journal keeps of it: parameters, hashes of inputs, versions."""
        return {
            "programme": self.edition.programme,
            "rentree": self.edition.rentree,
            "donnees": self.edition.donnees,
            "parametres": dict(self.parameters),
            "entrees": dict(self.inputs),
            "fpi_eval": fpi_eval.__version__,
            "python": platform.python_version(),
            "paquets": package_versions(),
        }

    def page(self, notebook: str, used: Iterable[str]) -> str:
        """Return the hash of what decides of one notebook's results, by the files that it used."""
        source, names = self.notebooks[notebook], sorted(self.inputs)
        code = "".join("".join(cell["source"]) + "\n" for cell in json.loads(source)["cells"])
        read = {name: self.inputs.get(name) for name in used}
        return self._hash(source, code_reached(code), data_hash(), names, read, self.facts)

    def whole(self) -> str:
        """Return the hash of what decides of the report, its pages' layout included.

        What later reports kept is left out: each already hides with this one in mind.
        """
        every = {name: digest for name, digest in self.inputs.items() if not name.startswith(LATER)}
        return self._hash(dict(self.notebooks), self.edition.as_dict(), library_hash(), every)

    def _hash(self, *own: object) -> str:
        versions = [fpi_eval.__version__, platform.python_version(), package_versions()]
        shared = [dict(self.parameters), versions]
        text = json.dumps([*own, *shared], sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def shown_paths(parameters: Mapping[str, object], root: Path) -> dict[str, str]:
    """Return the machine's paths and what is shown in their place.

    A parameter that is a path inside the project is shown relative to it; one outside, by its
    last part only.
    """
    shown: dict[str, str] = {}
    for value in parameters.values():
        if isinstance(value, str | Path) and value and (path := root / value).exists():
            inside = path.resolve().is_relative_to(root.resolve())
            shown[str(path)] = (
                path.resolve().relative_to(root.resolve()).as_posix()
                if inside
                else f"…/{path.resolve().name}"
            )
    shown |= {str(root): ".", sys.prefix: "[python]", sys.base_prefix: "[python]"}
    shown |= {os.path.expanduser("~"): "~", tempfile.gettempdir(): "[tmp]"}
    shown = {os.path.realpath(path): words for path, words in shown.items()} | shown
    return {path: words for path, words in shown.items() if len(path) > 3}


def check_unchanged(inputs: Mapping[str, Path], before: Mapping[str, str]) -> None:
    """Raise if an input is no longer the file that the run began with.

    Raises `FpiError`: the pages would come from one file and the manifest from another.
    """
    for name, path in sorted(inputs.items()):
        if not path.is_file() or sha256(path) != before[name]:
            raise changed(name)


@cache
def library_hash() -> str:
    """Return a hash of the library's own source files, names and contents."""
    return _hashed(SOURCE_SUFFIXES)


@cache
def data_hash() -> str:
    """Return a hash of the files that come with the library and that its modules read."""
    return _hashed(DATA_SUFFIXES)


def _hashed(suffixes: set[str]) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in PACKAGE.rglob("[!.]*") if p.suffix in suffixes):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def write(
    folder: Path,
    *,
    basis: Basis,
    declares: Mapping[str, Mapping[str, Any]],
    used: Mapping[str, Sequence[str]],
    inputs: Mapping[str, Path],
    root: Path,
) -> None:
    """Write the manifest of the files already in the folder, keys always in the same order.

    Only `genere_le`, and the hashes of the pages that print that date, vary from day to day.
    """
    outputs = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    edition = basis.edition
    content = {
        "programme": edition.programme,
        "titre": edition.titre,
        "rentree": edition.rentree,
        "annee_scolaire": edition.annee,
        "donnees": edition.donnees,
        "parametres": dict(sorted(basis.parameters.items())),
        "empreinte_des_entrees": basis.whole(),
        "notebooks": [
            {
                "fichier": name,
                "sha256": hashlib.sha256(basis.notebooks[name].encode()).hexdigest(),
                "utilise": list(used[name]),
                "empreinte": basis.page(name, used[name]),
                "declare": dict(said),
            }
            for name, said in declares.items()
        ],
        "entrees": [
            {
                "fichier": name,
                "sha256": basis.inputs[name],
                "octets": path.stat().st_size,
                "lignes": _rows(path),
            }
            for name, path in sorted(inputs.items())
        ],
        "sorties": [
            {
                "fichier": p.relative_to(folder).as_posix(),
                "sha256": sha256(p),
                "octets": p.stat().st_size,
            }
            for p in outputs
        ],
        "bibliotheque": {"fpi_eval": fpi_eval.__version__, "sha256": library_hash()},
        "commit": git_commit(root),
        "python": platform.python_version(),
        "paquets": package_versions(),
        "genere_le": today().isoformat(),
    }
    text = json.dumps(content, indent=2, ensure_ascii=False, default=str)
    (folder / MANIFEST).write_bytes(f"{text}\n".encode())


def is_current(folder: Path, basis: Basis) -> bool:
    """Return whether the folder's report was made from this basis and is still whole."""
    manifest = manifest_of(folder)
    if manifest.get("empreinte_des_entrees") != basis.whole():
        return False
    made = _sound(folder, manifest)
    return bool(made) and len(made) == len(manifest["sorties"])


def still_good(folder: Path, basis: Basis) -> dict[str, tuple[Path, list[str]]]:
    """Return the executed notebooks that would come out the same, by name of their source.

    Each with the files that it used.
    """
    manifest = manifest_of(folder)
    made = _sound(folder, manifest)
    found = {}
    for one in manifest.get("notebooks", []):
        name = one["fichier"]
        executed = folder / basis.edition.file(Path(name).stem, "ipynb")
        used = one.get("utilise", [])
        same = name in basis.notebooks and one.get("empreinte") == basis.page(name, used)
        if same and executed in made:
            found[name] = (executed, used)
    return found


def _sound(folder: Path, manifest: Mapping[str, Any]) -> set[Path]:
    """Return the report's files that are as the manifest says."""
    said = {folder / one["fichier"]: one["sha256"] for one in manifest.get("sorties", [])}
    return {path for path, hashed in said.items() if path.is_file() and sha256(path) == hashed}


def git_commit(root: Path) -> str | None:
    """Return the commit of the project's folder, None outside a repository."""
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _rows(path: Path) -> int | None:
    """Return the number of data rows: lines after the header, or what the Parquet file says."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_metadata(path).num_rows
    if not {".csv", ".txt", ".tsv"} & set(path.suffixes):
        return None
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        return max(sum(1 for line in stream if line.strip()) - 1, 0)
