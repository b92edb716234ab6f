"""Run the tests nearest to what changed since a commit (HEAD by default), for 30 s at most."""

import ast
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def changed(base: str) -> set[str]:
    """Return the paths that differ from ``base`` or that git does not know yet."""
    git = ["git", "-C", str(ROOT)]
    differ = [*git, "diff", "--name-only", base]
    new = [*git, "ls-files", "--others", "--exclude-standard"]
    return {
        line
        for command in (differ, new)
        for line in subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.splitlines()
    }


def modules(paths: set[str]) -> set[str]:
    """Return the dotted names of the package's modules among paths."""
    own = (Path(p).with_suffix("") for p in paths if p.startswith("fpi_eval/") and p[-3:] == ".py")
    return {".".join(p.parts).removesuffix(".__init__") for p in own}


@cache
def imported(path: Path) -> set[str]:
    """Return what a file imports, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def nearest(module: str, tests: dict[Path, set[str]], library: dict[str, set[str]]) -> set[Path]:
    """Return the tests that import a module, or else those of the modules that import it."""
    seen, wave = set(), {module}
    while wave:
        found = {path for path, names in tests.items() if names & wave}
        if found:
            return found
        seen |= wave
        wave = {name for name, names in library.items() if names & wave} - seen
    return set()


def naming(path: Path, among: Iterable[Path]) -> set[Path]:
    """Return the files that read one of no module: by its name, by a folder's in their own name.

    Without any, those that name the nearest of its folders.
    """
    said = {one: one.read_text(encoding="utf-8") for one in among}
    around = [one for one in reversed(path.parts[:-1]) if one != "fpi_eval" and len(one) > 3]
    found = {one for one, words in said.items() if f'"{path.stem}' in words}
    found |= {one for one in said for part in around if f"_{part}_" in f"{one.stem}_"}
    folders = ({one for one in said if f'"{part}"' in said[one]} for part in around)
    return found or next(filter(None, folders), set())


def selected(paths: set[str]) -> list[str]:
    """Return the test files that changed, and for each other file that did the tests nearest to it.

    Those that bear a module's name come first, then those that import the least.
    """
    tests = {path: imported(path) for path in sorted((ROOT / "tests").glob("test_*.py"))}
    own = {str(p.relative_to(ROOT)): p for p in (ROOT / "fpi_eval").rglob("*.py")}
    library = {name: imported(own[path]) for path in own for name in modules({path})}
    found = {path for path in tests if str(path.relative_to(ROOT)) in paths}
    for module in modules(paths):
        found |= nearest(module, tests, library)
    for path in map(Path, paths):
        if path.parts[0] == "tests":  # what tests share
            found |= {test for test, names in tests.items() if path.stem in names}
        elif path.suffix != ".py":
            read_by = modules({str(p.relative_to(ROOT)) for p in naming(path, own.values())})
            near = (nearest(module, tests, library) for module in read_by)
            found |= naming(path, tests) or set().union(*near)
    named = [module.rpartition(".")[2] for module in modules(paths)]

    def distance(path: Path) -> tuple[bool, int, str]:
        own = any(f"_{name}_" in f"{path.stem}_" for name in named)
        return not own, len(tests[path]), path.name

    return [str(path) for path in sorted(found, key=distance)]


if __name__ == "__main__":
    found = selected(changed(sys.argv[1] if len(sys.argv) > 1 else "HEAD"))
    if not found:
        print("Rien n'a changé dans la bibliothèque ni dans les tests.")
        sys.exit(0)
    sys.path.insert(0, str(ROOT / "tests"))
    files = dict.fromkeys([str(ROOT / "tests" / "test_layers.py"), *found])
    plugins = ["-p", "no:nbval", "-p", "budget"]
    sys.exit(pytest.main(["-q", *plugins, "-n", "auto", "--dist", "load", *files]))
