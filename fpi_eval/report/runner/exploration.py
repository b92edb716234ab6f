"""A copy of a notebook for research, its parameters filled in."""

import re
from collections.abc import Mapping
from pathlib import Path

import nbformat

from fpi_eval.errors import FpiError
from fpi_eval.misspelt import hint
from fpi_eval.report.runner.notebooks import PARAMETERS, discover, tags
from fpi_eval.several_regions import worded
from fpi_eval.text import liste


def copy_for_exploration(
    folder: Path, name: str, values: Mapping[str, object], target: Path, *, write: bool = True
) -> Path:
    """Return a new copy of the notebook in the target folder, never over an earlier one.

    Parameters
    ----------
    folder : Path
        The notebooks' folder.
    name : str
        Notebook's file name, with or without extension.
    values : mapping
        Value of each parameter that the notebook declares.
    target : Path
        Where copies go.
    write : bool
        Without it, only the copy's name is returned.
    """
    infos = {info.name: info for info in discover(folder)}
    wanted = name.removesuffix(".ipynb")
    if wanted not in infos:
        meant = hint(wanted, infos, 0.4)
        raise FpiError(f"notebook « {name} » inconnu.{meant} Notebooks : {liste(infos)}.")
    notebook = nbformat.read(infos[wanted].path, as_version=4)
    known = {k: v for k, v in values.items() if k in infos[wanted].parameters}
    for cell in notebook.cells:
        if PARAMETERS in tags(cell):
            cell.source = _filled(cell.source, known)
        elif cell.cell_type == "markdown":
            cell.source = worded(cell.source)
    copy = _free(target, f"{wanted}_{values.get('rentree', '')}")
    if write:
        target.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, copy)
    return copy


def _filled(source: str, values: Mapping[str, object]) -> str:
    for name, value in values.items():
        filled = f"{name} = {value!r}".replace("\\", r"\\")
        source = re.sub(rf"(?m)^{name}\s*(:[^=\n]*)?=.*$", filled, source)
    return source


def _free(folder: Path, stem: str) -> Path:
    """Return the first file name that is not taken: stem, then stem_2 and so on."""
    number = 1
    while (path := folder / f"{stem}{'' if number == 1 else f'_{number}'}.ipynb").exists():
        number += 1
    return path
