"""Run the notebooks of a report and put it in place, whole or not at all."""

import difflib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fpi_eval.errors import FpiError
from fpi_eval.report.edition import Edition
from fpi_eval.report.runner import html, manifest
from fpi_eval.report.runner.clean import shown_paths
from fpi_eval.report.runner.execution import Execution
from fpi_eval.report.runner.notebooks import NotebookInfo, inspect
from fpi_eval.report.runner.progress import display
from fpi_eval.report.runner.swap import recover, replaced
from fpi_eval.sources.reading.pinned import pinned
from fpi_eval.text import liste, nombre


@dataclass(frozen=True, slots=True)
class Report:
    """Where the report is, whether it was made now or was already there, and in how long."""

    folder: Path
    made: bool
    seconds: float
    warnings: tuple[str, ...] = ()

    @property
    def index(self) -> Path:
        """Front page."""
        return self.folder / "index.html"


def run(
    notebooks: Sequence[NotebookInfo | str | Path],
    parameters: Mapping[str, Any],
    target: str | Path,
    *,
    edition: Edition,
    inputs: Mapping[str, Path] | None = None,
    root: str | Path | None = None,
    force: bool = False,
    progress: bool = True,
    extras: Callable[[Path], list[Path]] | None = None,
) -> Report:
    """Execute the notebooks and write notebooks, pages, tables and manifest to `target`.

    Parameters
    ----------
    notebooks : sequence of NotebookInfo or path
        What to run, in the order of the pages.
    parameters : mapping
        Given to every notebook; each must declare all of them.
    target : path
        ``reports/<programme>/<rentree>``; replaced whole, or untouched if anything fails.
    edition : Edition
        What the pages say of themselves.
    inputs : mapping of str to path, optional
        Every file the result depends on (``programme.toml`` and the register included) under the
        name that the manifest gives it.
    root : path, optional
        Working folder of the notebooks; default: the current folder.
    force : bool
        Run again even if nothing that the report depends on has changed.
    progress : bool
        Show what is being done on the error stream.
    extras : callable, optional
        Given the folder being filled, writes more files in it (the workbook) and returns them:
        the front page links those that it can present; if it raises, nothing is replaced.

    Raises
    ------
    FpiError
        A parameter that is not declared or of the wrong type; a notebook that fails.
    """
    started = time.monotonic()
    root = Path(root or Path.cwd()).absolute()
    target = Path(target).absolute()
    log = target.with_name(f"{target.name}.journal.txt")
    parameters = {k: str(v) if isinstance(v, Path) else v for k, v in parameters.items()}
    infos = [n if isinstance(n, NotebookInfo) else inspect(n) for n in notebooks]
    for info in infos:
        check_parameters(info, parameters)
    paths = shown_paths(parameters, root)
    shown = {name: paths.get(str(root / str(v)), v) for name, v in parameters.items()}
    records = manifest.input_records(inputs or {})
    inputs_hash = manifest.fingerprint(infos, shown, edition, records)
    recover(target)
    with display(progress) as out:
        if not force and manifest.is_current(target, inputs_hash):
            out.say("Rien n'a changé depuis le dernier rapport : il est gardé tel quel.")
            return Report(target, made=False, seconds=time.monotonic() - started)
        files = inputs or {}
        hashes = {files[str(one["fichier"])]: str(one["sha256"]) for one in records}
        with pinned(hashes), replaced(target) as folder:
            execution = Execution(parameters, root, paths, log, out)
            outputs = [folder / edition.file(info.name, "ipynb") for info in infos]
            warnings = execution.all(infos, outputs)
            more = []
            if extras is not None:
                out.say("Tableaux…")
                more = extras(folder)
            out.say("Mise en page…")
            manifest.check_unchanged(inputs or {}, records)
            html.render(folder, infos, edition, [path.relative_to(folder) for path in more])
            manifest.write(
                folder,
                edition=edition,
                parameters=shown,
                notebooks=infos,
                inputs=records,
                inputs_hash=inputs_hash,
                root=root,
            )
        log.unlink(missing_ok=True)
        seconds = time.monotonic() - started
        out.say(f"Rapport prêt en {nombre(seconds, 1)} s : {target / 'index.html'}")
    return Report(target, made=True, seconds=seconds, warnings=tuple(warnings))


def check_parameters(info: NotebookInfo, parameters: Mapping[str, Any]) -> None:
    """Refuse a parameter that the notebook does not declare, or of another type."""
    for name, value in parameters.items():
        if name not in info.parameters:
            near = difflib.get_close_matches(name, info.parameters, n=1, cutoff=0.5)
            hint = f" Vouliez-vous dire « {near[0]} » ?" if near else ""
            raise FpiError(
                f"le paramètre « {name} » n'est pas déclaré par ce notebook.{hint} "
                f"Paramètres déclarés : {liste(info.parameters) or 'aucun'}.",
                fichier=info.path.name,
            )
        default = info.parameters[name]
        if not _same_kind(value, default):
            raise FpiError(
                f"le paramètre « {name} » vaut {value!r} ; il faut une valeur du même type que "
                f"{default!r}.",
                fichier=info.path.name,
            )


def _same_kind(value: Any, default: Any) -> bool:
    """Return whether a value may replace a default: same type, an int for a float, or None."""
    if value is None or default is None:
        return True
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return True
    return type(value) is type(default)
