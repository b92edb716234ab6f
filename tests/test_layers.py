"""Data flows one way: a module imports only from the layers above it."""

import ast
from pathlib import Path

import pytest

LAYERS = [
    "errors", "text", "programme", "schema", "sources", "twin", "disclosure", "panel",
    "indicators", "inference", "plots", "results", "impact", "checks", "plan", "power",
    "projection", "costs", "report", "cli",
]  # fmt: skip
PACKAGE = Path(__file__).parents[1] / "fpi_eval"
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p.name != "__init__.py" or p.parent != PACKAGE)


def layer_of(dotted: str) -> str | None:
    parts = dotted.split(".")
    return parts[1] if parts[0] == "fpi_eval" and len(parts) > 1 else None


def imported_layers(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "fpi_eval":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(layer_of(node.module))
        elif isinstance(node, ast.Import):
            found |= {layer_of(alias.name) for alias in node.names}
    return {name for name in found if name in LAYERS}


def test_every_module_has_a_layer():
    names = {p.relative_to(PACKAGE).parts[0].removesuffix(".py") for p in MODULES}
    assert names - {"__main__"} <= set(LAYERS)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_from_layers_above_it(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__main__":
        return
    below = {name for name in imported_layers(path) if LAYERS.index(name) > LAYERS.index(own)}
    assert not below, f"{own} importe {below}, qui viennent après dans la chaîne"
