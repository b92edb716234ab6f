"""Write `manifest.json`: what made a report, so that it can be made again or checked."""

import gzip
import hashlib
import json
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

import fpi_eval
from fpi_eval.errors import FpiError
from fpi_eval.report.edition import Edition, today
from fpi_eval.report.runner.notebooks import NotebookInfo

NAME = "manifest.json"
PACKAGE = Path(fpi_eval.__file__).parent
SOURCE_SUFFIXES = {".py", ".j2", ".css", ".json", ".toml", ".csv"}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def input_records(inputs: Mapping[str, Path]) -> list[dict[str, object]]:
    """Return one record per input file: name, hash, bytes, rows (None if not counted)."""
    return [
        {
            "fichier": name,
            "sha256": sha256(path),
            "octets": path.stat().st_size,
            "lignes": _rows(path),
        }
        for name, path in sorted(inputs.items())
    ]


def check_unchanged(inputs: Mapping[str, Path], records: list[dict[str, object]]) -> None:
    """Raise if an input is no longer the file that the run began with.

    Raises
    ------
    FpiError
        The pages would come from one file and the manifest from another.
    """
    before = {record["fichier"]: record["sha256"] for record in records}
    for name, path in sorted(inputs.items()):
        if not path.is_file() or sha256(path) != before[name]:
            raise FpiError(
                "ce fichier a changé pendant le calcul : les pages n'auraient pas toutes les mêmes "
                "données. Rien n'a été remplacé ; relancez quand il ne change plus.",
                fichier=name,
            )


def package_versions() -> dict[str, str]:
    """Return the versions of the direct dependencies that are installed."""
    try:
        required = metadata.requires("fpi-eval") or []
    except metadata.PackageNotFoundError:
        required = _declared_dependencies()
    names = {
        re.split(r"[^\w.\-]", line, maxsplit=1)[0] for line in required if "extra ==" not in line
    }
    versions = {}
    for name in sorted(names):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def library_hash() -> str:
    """Return a hash of the library's own source files, names and contents."""
    digest = hashlib.sha256()
    for path in sorted(p for p in PACKAGE.rglob("*") if p.suffix in SOURCE_SUFFIXES):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def fingerprint(
    notebooks: Iterable[NotebookInfo],
    parameters: Mapping[str, object],
    edition: Edition,
    inputs: list[dict[str, object]],
) -> str:
    """Return the hash of all that a report depends on; the date and the commit are not part."""
    parts = {
        "notebooks": {info.path.name: info.sha256 for info in notebooks},
        "parametres": dict(parameters),
        "edition": edition.as_dict(),
        "entrees": inputs,
        "bibliotheque": [fpi_eval.__version__, library_hash()],
        "environnement": [platform.python_version(), package_versions()],
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def write(
    folder: Path,
    *,
    edition: Edition,
    parameters: Mapping[str, object],
    notebooks: Iterable[NotebookInfo],
    inputs: list[dict[str, object]],
    inputs_hash: str,
    root: Path,
) -> None:
    """Write the manifest of the files already in the folder, keys always in the same order.

    Only `genere_le`, and the hashes of the pages that print that date, vary from day to day.
    """
    outputs = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != NAME)
    content = {
        "programme": edition.programme,
        "titre": edition.titre,
        "rentree": edition.rentree,
        "annee_scolaire": edition.annee,
        "donnees": edition.donnees,
        "parametres": dict(sorted(parameters.items())),
        "empreinte_des_entrees": inputs_hash,
        "plan_analyse_sha256": edition.plan_sha256,
        "notebooks": [
            {"fichier": i.path.name, "sha256": i.sha256, "declare": dict(i.declares)}
            for i in notebooks
        ],
        "entrees": inputs,
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
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> dict | None:
    """Return the manifest of a report, or None if there is none that can be read."""
    try:
        return json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def is_current(folder: Path, inputs_hash: str) -> bool:
    """Return whether the folder's report was made from these inputs and is still whole."""
    manifest = read(folder)
    if not isinstance(manifest, dict) or manifest.get("empreinte_des_entrees") != inputs_hash:
        return False
    files = manifest.get("sorties", [])
    return bool(files) and all(
        (folder / f["fichier"]).is_file() and sha256(folder / f["fichier"]) == f["sha256"]
        for f in files
    )


def git_commit(root: Path) -> str | None:
    """Return the commit of the project's folder, None outside a repository."""
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _declared_dependencies() -> list[str]:
    """Return the dependencies of a checkout that is run without being installed."""
    import tomllib

    project = PACKAGE.parent / "pyproject.toml"
    if not project.is_file():
        return []
    return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]


def _rows(path: Path) -> int | None:
    """Return the number of data rows: lines after the header, or what the Parquet file says."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_metadata(path).num_rows
    if not {".csv", ".txt", ".tsv"} & set(path.suffixes):
        return None
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        return max(sum(1 for line in stream if line.strip()) - 1, 0)
