"""Run the notebooks of a report and put it in place, whole or not at all."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fpi_eval.errors import FpiError
from fpi_eval.misspelt import hint
from fpi_eval.pinned import pinned
from fpi_eval.report.edition import Edition
from fpi_eval.report.runner import manifest
from fpi_eval.report.runner.execution import Execution
from fpi_eval.report.runner.journal import Journal
from fpi_eval.report.runner.manifest import UNCHANGED, Basis, Report, shown_paths
from fpi_eval.report.runner.notebooks import NotebookInfo, inspect
from fpi_eval.report.runner.progress import display
from fpi_eval.report.runner.swap import no_other, recover_all, replaced
from fpi_eval.text import liste, nombre, pluriel


def run(
    notebooks: Sequence[NotebookInfo | str | Path],
    parameters: Mapping[str, Any],
    target: str | Path,
    *,
    edition: Edition,
    inputs: Mapping[str, Path] | None = None,
    basis: Basis | None = None,
    root: str | Path | None = None,
    force: bool = False,
    progress: bool = True,
    extras: Callable[[Path], list[Path]] | None = None,
    beside: Callable[[], object] | None = None,
    journal: Journal | None = None,
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
    basis : Basis, optional
        What the report depends on, where it is known already: no input is then read again, and
        notebooks are executed as it has them.
    root : path, optional
        Working folder of the notebooks; default: the current folder.
    force : bool
        Run every notebook again, even those whose results nothing can have changed.
    progress : bool
        Show what is being done on the error stream.
    extras : callable, optional
        Given the folder being filled, writes more files in it (the workbook) and returns them:
        the front page links those that it can present; if it raises, nothing is replaced.
    beside : callable, optional
        What `extras` needs that no notebook makes, computed while the last notebooks run.
    journal : Journal, optional
        Where what is done is written; by default the one beside the target.

    Raises
    ------
    FpiError
        A parameter that is not declared or of the wrong type; a notebook that fails.
    """
    started = time.monotonic()
    root = Path(root or Path.cwd()).absolute()
    target = Path(target).absolute()
    parameters = {k: str(v) if isinstance(v, Path) else v for k, v in parameters.items()}
    infos = [n if isinstance(n, NotebookInfo) else inspect(n) for n in notebooks]
    for info in infos:
        check_parameters(info, parameters)
    inputs = inputs or {}
    if basis is None:
        paths = [info.path for info in infos]
        basis = Basis.of(paths, parameters, edition=edition, inputs=inputs, root=root)
    journal = journal or Journal(target)
    with display(progress) as out, journal.refusals(), no_other(target):
        recover_all(target)
        if not force and manifest.is_current(target, basis):
            out.say(UNCHANGED)
            return Report(target, made=False, seconds=time.monotonic() - started)
        journal.write("debut", **basis.as_dict())
        good = {} if force else manifest.still_good(target, basis)
        hashes = {inputs[name]: hashed for name, hashed in basis.inputs.items()}
        with pinned(hashes), replaced(target) as folder:
            for path, _ in good.values():
                shutil.copy2(path, folder / path.name)
            if good:
                out.say(f"Repris tels quels : {liste(good)}.")
            hidden = shown_paths(parameters, root)
            execution = Execution(parameters, root, hidden, basis.notebooks, journal, out, beside)
            due = [info for info in infos if info.path.name not in good]
            warnings = execution.all(due, [folder / edition.file(i.name, "ipynb") for i in due])
            more = []
            if extras is not None:
                out.say("Tableaux…")
                with journal.step("tableaux"):
                    more = extras(folder)
            out.say("Mise en page…")
            from fpi_eval.report.runner import html  # half of all imports: notebooks run without

            manifest.check_unchanged(inputs, basis.inputs)
            with journal.step("mise en page"):
                html.render(folder, infos, edition, [path.relative_to(folder) for path in more])
            declares = {info.path.name: info.declares for info in infos}
            known = {name: files for name, (_, files) in good.items()} | execution.used
            used = {name: known.get(name) or sorted(basis.inputs) for name in declares}
            manifest.write(
                folder, basis=basis, declares=declares, used=used, inputs=inputs, root=root
            )
        seconds = time.monotonic() - started
        journal.end("fin", started, repris=list(good), avertissements=len(warnings))
        if warnings:
            journal.tell(warnings)
            said = pluriel(len(warnings), "avertissement")
            out.say(f"{said} de bibliothèques pendant le calcul : voir {journal.details}.")
        out.say(f"Rapport prêt en {nombre(seconds, 1)} s : {target / 'index.html'}")
    return Report(target, made=True, seconds=seconds)


def check_parameters(info: NotebookInfo, parameters: Mapping[str, Any]) -> None:
    """Refuse a parameter that the notebook does not declare, or of another type."""
    for name, value in parameters.items():
        if name not in info.parameters:
            meant = hint(name, info.parameters, 0.5)
            raise FpiError(
                f"le paramètre « {name} » n'est pas déclaré par ce notebook.{meant} "
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
