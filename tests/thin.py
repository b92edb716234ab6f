"""The thin rules: what a notebook of the report may not hold."""

import ast
from collections.abc import Iterable
from pathlib import Path

import nbformat

from fpi_eval.report.runner.notebooks import PARAMETERS, literals, load, tags

MAX_CODE_CELLS, MAX_LINES = 15, 8
FORBIDDEN = {
    ast.FunctionDef: "def",
    ast.AsyncFunctionDef: "def",
    ast.ClassDef: "class",
    ast.Lambda: "lambda",
    ast.For: "for",
    ast.AsyncFor: "for",
    ast.comprehension: "for",
    ast.While: "while",
    ast.If: "if",
    ast.IfExp: "if",
}


def check_thin(path: str | Path) -> list[str]:
    """Return what a notebook does against the thin rules, one French sentence each; [] if fine."""
    notebook = load(Path(path))
    findings = list(_check_parameters(notebook))
    code = [(n, c) for n, c in enumerate(notebook.cells, start=1) if c.cell_type == "code"]
    if len(code) > MAX_CODE_CELLS:
        findings.append(f"{len(code)} cellules de code ; {MAX_CODE_CELLS} au plus")
    for number, cell in code:
        findings += [f"cellule {number} : {fault}" for fault in _check_cell(cell)]
    return findings


def _check_parameters(notebook: nbformat.NotebookNode) -> Iterable[str]:
    """Yield the faults of the parameters cell."""
    places = [n for n, c in enumerate(notebook.cells, start=1) if PARAMETERS in tags(c)]
    if places != [2]:
        where = ", ".join(map(str, places)) or "aucune"
        yield f"la cellule « {PARAMETERS} » doit être la deuxième, et la seule (trouvé : {where})"
    for number in places:
        cell = notebook.cells[number - 1]
        try:
            literals(cell.source)
        except ValueError as error:
            yield f"cellule {number}, {error}"


def _check_cell(cell: nbformat.NotebookNode) -> Iterable[str]:
    """Yield the faults of one code cell."""
    if cell.outputs or cell.execution_count is not None:
        yield "sorties enregistrées ; effacez-les avant d'enregistrer"
    lines = len(cell.source.strip().splitlines())
    if lines > MAX_LINES:
        yield f"{lines} lignes ; {MAX_LINES} au plus"
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        yield "ce n'est pas du Python seul (commande « % » ou « ! », ou faute de syntaxe)"
        return
    words = {FORBIDDEN[type(node)] for node in ast.walk(tree) if type(node) in FORBIDDEN}
    for word in sorted(words):
        yield f"« {word} » interdit : il manque une fonction à la bibliothèque"
