"""Discover the notebooks and read what each declares."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat

from fpi_eval.errors import FpiError
from fpi_eval.report.edition import NOTEBOOKS

PARAMETERS = "parameters"


@dataclass(frozen=True, slots=True)
class NotebookInfo:
    """What a notebook says of itself: title, question, parameters with defaults, declarations."""

    path: Path
    title: str
    question: str
    parameters: Mapping[str, Any]
    declares: Mapping[str, Any]

    @property
    def name(self) -> str:
        """File name without extension, which is also the name of its page."""
        return self.path.stem


def discover(folder: str | Path) -> list[NotebookInfo]:
    """Return what the notebooks ``0*.ipynb`` of a folder declare, in the order of their names."""
    paths = sorted(Path(folder).glob(NOTEBOOKS))
    if not paths:
        raise FpiError(
            "aucun notebook « 0….ipynb » dans ce dossier. Indiquez le dossier « notebooks » "
            "du projet.",
            fichier=str(folder),
        )
    return [inspect(path) for path in paths]


def inspect(path: str | Path) -> NotebookInfo:
    """Return the title, question, parameters and declarations of one notebook.

    Raises `FpiError`: not a notebook, no title in the first cell, not exactly one `parameters`
    cell, or a parameter that is not a literal.
    """
    path = Path(path)
    notebook = load(path)
    first = notebook.cells[0] if notebook.cells else nbformat.v4.new_raw_cell()
    match = re.search(r"^# +(.+)$", first.source, re.M) if first.cell_type == "markdown" else None
    if not match:
        raise FpiError(
            "la première cellule n'est pas un titre. Écrivez-y « # Titre », puis la question.",
            fichier=path.name,
        )
    question = re.sub(r"\s+", " ", first.source[match.end() :]).strip()
    return NotebookInfo(
        path=path,
        title=match[1].strip(),
        question=re.sub(r"^Questions?\s*[.:]\s*", "", question.replace("**", "")),
        parameters=MappingProxyType(_parameters(notebook, path.name)),
        declares=MappingProxyType(dict(notebook.metadata.get("fpi_eval", {}))),
    )


def load(path: Path) -> nbformat.NotebookNode:
    """Return the notebook, or say that the file is missing or is not one."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError as error:
        raise FpiError("notebook introuvable.", fichier=str(path)) from error
    except (ValueError, nbformat.ValidationError, AttributeError) as error:
        raise FpiError(
            "ce fichier n'est pas un notebook lisible. Rouvrez-le dans JupyterLab et "
            "enregistrez-le.",
            fichier=str(path),
        ) from error


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get("tags", []))


def literals(source: str) -> dict[str, Any]:
    """Return the names and values of a cell made of ``name = literal`` lines, in order.

    Raises `ValueError`: with the number and text of the first line that is something else.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise ValueError(f"ligne {error.lineno} : syntaxe incorrecte") from error
    found: dict[str, Any] = {}
    for node in body:
        text = ast.get_source_segment(source, node)
        try:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                raise ValueError
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if not isinstance(target, ast.Name):
                raise ValueError
            found[target.id] = ast.literal_eval(node.value)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"ligne {node.lineno} : « {text} » n'est pas une valeur écrite en clair"
            ) from error
    return found


def _parameters(notebook: nbformat.NotebookNode, fichier: str) -> dict[str, Any]:
    """Return the parameters and their defaults."""
    cells = [
        (number, cell)
        for number, cell in enumerate(notebook.cells, start=1)
        if PARAMETERS in tags(cell)
    ]
    if len(cells) != 1:
        raise FpiError(
            f"{len(cells)} cellule(s) étiquetée(s) « {PARAMETERS} » ; il en faut exactement une, "
            "la deuxième du notebook.",
            fichier=fichier,
        )
    number, cell = cells[0]
    try:
        return literals(cell.source)
    except ValueError as error:
        raise FpiError(
            f"cellule {number}, {error}. La cellule des paramètres ne contient que des valeurs "
            "écrites en clair, par exemple « rentree = 2023 ».",
            fichier=fichier,
        ) from error
