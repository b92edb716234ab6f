"""Data flows one way: a module imports only from those above it, and no two import each other."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

LAYERS = [
    "errors", "several_regions", "language", "escapes", "terminal", "pinned", "text", "misspelt",
    "rounding", "colours", "openpyxl_alone", "absent", "traced", "versions", "store", "calendar",
    "toml_faults", "programme_folders", "programme", "disclosure", "tables",
    "plots", "maps", "figures", "sheets", "table_files", "workbook", "paper", "sources", "twin",
    "panel", "records", "indicators", "regression", "results", "impact", "checks", "plan", "power",
    "projection", "costs", "headline", "cluster", "report", "creation",
    "cli",
]  # fmt: skip
#: Inside the report, what each part may not import: pages → published → edition ← runner.
REPORT = {
    "pages": {"runner"},
    "published": {"pages", "runner"},
    "edition": {"pages", "published", "runner"},
    "runner": {"pages"},
}
FOLDER = Path(__file__).parents[1] / "fpi_eval"
FILES = sorted(FOLDER.rglob("*.py"))


def dotted(path: Path) -> str:
    name = ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


NAMES = {dotted(path) for path in FILES}


def imported(path: Path) -> set[str]:
    """Return the project's modules that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in NAMES else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name in NAMES} - {dotted(path)}


@cache
def graph() -> dict[str, set[str]]:
    """Return what each module imports; read by a test, not while tests are collected."""
    return {dotted(path): imported(path) for path in FILES}


def layer(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def test_every_module_has_a_layer():
    assert {layer(name) for name in NAMES} - {"", "__main__"} == set(LAYERS)


def test_a_module_imports_only_from_those_above_it():
    for name in NAMES - {"fpi_eval", "fpi_eval.__main__"}:
        own = LAYERS.index(layer(name))
        below = {n for n in graph()[name] if layer(n) in LAYERS and LAYERS.index(layer(n)) > own}
        assert not below, f"{name} imports {below}, which come after it"


def test_no_two_modules_import_each_other():
    faces = {name for name in NAMES if any(n.startswith(f"{name}.") for n in NAMES)}
    apart = {
        name: {n for n in found if not (n in faces and name.startswith(f"{n}."))}
        for name, found in graph().items()
    }
    try:
        TopologicalSorter(apart).prepare()
    except CycleError as error:
        pytest.fail("circle of imports: " + " → ".join(error.args[1]))


@pytest.mark.parametrize("part", sorted(REPORT))
def test_parts_of_the_report_do_not_touch(part):
    start = f"fpi_eval.report.{part}"
    mine = [n for n in NAMES if n == start or n.startswith(f"{start}.")]
    forbidden = tuple(f"fpi_eval.report.{other}" for other in REPORT[part])
    assert mine
    assert not {(n, m) for n in mine for m in graph()[n] if m.startswith(forbidden)}


def test_no_two_classes_share_a_name():
    found: dict[str, list[str]] = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(dotted(path))
    twice = {name: where for name, where in found.items() if len(where) > 1}
    assert not twice


def test_no_two_modules_share_a_name():
    stems = [path.stem for path in FILES if path.stem != "__init__"]
    assert not {stem for stem in stems if stems.count(stem) > 1}
