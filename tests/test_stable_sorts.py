"""Ties keep their order: numpy's other sorts leave it to the instructions of the processor."""

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1]
FILES = sorted(FOLDER.joinpath("fpi_eval").rglob("*.py")) + sorted(
    FOLDER.joinpath("benchmarks").glob("*.py")
)


def unstable(tree: ast.AST) -> list[int]:
    """Return the lines that sort by one key, or ask for an order, without a stable sort.

    By several keys pandas is stable already.
    """
    found = []
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        given = {one.arg: one.value for one in call.keywords}
        by = given.get("by", call.args[0] if call.args else None)
        several = isinstance(by, ast.List) and (
            len(by.elts) > 1 or any(isinstance(one, ast.Starred) for one in by.elts)
        )
        kind = given.get("kind")
        stable = isinstance(kind, ast.Constant) and kind.value == "stable"
        if call.func.attr == "argsort" or (call.func.attr == "sort_values" and not several):
            found += [] if stable else [call.lineno]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_every_sort_is_stable(path):
    assert unstable(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_an_unstable_sort_is_seen():
    code = (
        "a.argsort()\nb.sort_values('x')\nb.sort_values(['x', 'y'])\nnp.argsort(c, kind='stable')"
    )
    assert unstable(ast.parse(code)) == [1, 2]
