"""The graph of who names whom in the package, read from the code without running it.

A *definition* is a function, class, method or constant of a module. Following every name that a
reached definition writes, from commands, notebooks, guides and the site's own pages on, gives what
is reached; a method is reached when its class is and something reached asks for an attribute of
that name; a reader of the catalogue when code other than the readers' own names its source.
``__all__``, the list of indicators and an import by itself reach nothing.
"""

import ast
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fpi_eval.sources.known_sources import CATALOGUE

ROOT = Path(__file__).parents[1]
PACKAGE = "fpi_eval"
ATTRIBUTE = re.compile(r"\.([a-z_]\w*)")  # what a page template asks of its objects
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Lists of everything: to be in them is not to be used.
LISTS = {"indicators.catalogue.INDICATORS"}
#: Parents that call none of the methods of their children.
OURS = {"NamedTuple", "Protocol", "Exception", "Enum", "StrEnum", "ABC", "TypedDict"}
COMMAND = "command"  # the decorator that makes a function a command
PLAIN = {"property", "cached_property", "classmethod", "staticmethod", "advised", "known_options"}


@dataclass
class Definition:
    """A named piece of a module: what it names, which attributes it asks for."""

    module: "Module"
    name: str
    kind: str
    nodes: list[ast.AST]
    line: int = 0
    lines: int = 0
    methods: dict[str, "Definition"] = field(default_factory=dict)
    bases: list[ast.expr] = field(default_factory=list)
    framework: bool = False  # called by what its class inherits from, or registered by a decorator

    @property
    def full_name(self) -> str:
        return f"{self.module.name.removeprefix(PACKAGE + '.')}.{self.name}"

    @cached_property
    def own_imports(self) -> dict[str, tuple[str, str]]:
        return {k: v for node in self.nodes for k, v in _imports(node, self.module).items()}


@dataclass
class Module:
    """A file of the package, or a notebook or a guide read as if it were one."""

    name: str
    tree: ast.Module
    is_package: bool = False
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    lazy: dict[str, str] = field(default_factory=dict)  # name → module, of a package's `_FROM`

    def __post_init__(self) -> None:
        body = [s for s in self.tree.body if not _for_types_only(s)]
        self.body = Definition(self, "", "body", [])
        for statement in body:
            self._take(statement)

    def _take(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self.imports |= _imports(statement, self)
        elif isinstance(statement, ast.FunctionDef):
            self._define(Definition(self, statement.name, "function", [statement]), statement)
            registered = any(
                isinstance(_called(d), ast.Attribute) or ast.unparse(_called(d)) == COMMAND
                for d in statement.decorator_list
            )
            self.definitions[statement.name].framework = registered
        elif isinstance(statement, ast.ClassDef):
            self._take_class(statement)
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and (names := _targets(statement)):
            if names == ["_FROM"] and self.is_package:
                self.lazy = ast.literal_eval(statement.value)
            elif names != ["__all__"]:
                for name in names:
                    self._define(Definition(self, name, "constant", [statement]), statement)
        else:
            self.body.nodes.append(statement)

    def _take_class(self, statement: ast.ClassDef) -> None:
        inside = [s for s in statement.body if isinstance(s, ast.FunctionDef)]
        rest = [s for s in statement.body if s not in inside]
        around = [*statement.bases, *statement.decorator_list, *statement.keywords, *rest]
        found = Definition(self, statement.name, "class", around, bases=statement.bases)
        self._define(found, statement)
        for s in inside:
            method = Definition(self, f"{statement.name}.{s.name}", "method", [s])
            method.line, method.lines = s.lineno, s.end_lineno - s.lineno + 1
            method.framework = s.name.startswith(("__", "_repr_")) or any(
                ast.unparse(_called(d)).split(".")[-1] not in {*PLAIN, "setter"}
                for d in s.decorator_list
            )
            found.methods[s.name] = method

    def _define(self, found: Definition, node: ast.stmt) -> None:
        found.line, found.lines = node.lineno, node.end_lineno - node.lineno + 1
        before = self.definitions.get(found.name)
        if before is not None:  # a constant, or a notebook's variable, written twice
            found.nodes = [*before.nodes, *found.nodes]
        self.definitions[found.name] = found


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _for_types_only(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test)


def _targets(statement: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names = [n for t in targets for n in (t.elts if isinstance(t, ast.Tuple) else [t])]
    plain = all(isinstance(n, ast.Name) for n in names)
    return [n.id for n in names] if plain else []


def _imports(tree: ast.AST, module: Module) -> dict[str, tuple[str, str]]:
    """Return local name → (module, name in it, "" for the module itself)."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            found |= {a.asname or a.name: (node.module, a.name) for a in node.names}
        elif isinstance(node, ast.Import):
            for a in node.names:
                if a.name.split(".")[0] == PACKAGE:
                    found[a.asname or PACKAGE] = (a.name if a.asname else PACKAGE, "")
    return found


def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _notebook(path: Path) -> str:
    cells = json.loads(_source(path))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


class Graph:
    """Every module of the package and every place where a user starts."""

    def __init__(self) -> None:
        files = sorted((ROOT / PACKAGE).rglob("*.py"))
        self.modules = {
            _dotted(p): Module(_dotted(p), ast.parse(_source(p)), p.name == "__init__.py")
            for p in files
        }
        starts = {p: _notebook(p) for p in sorted((ROOT / "notebooks").glob("*.ipynb"))}
        written = (p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts)
        guides = [ROOT / "README.md", *sorted(written)]
        starts |= {p: "\n".join(BLOCK.findall(_source(p))) for p in guides}
        starts |= {p: _source(p) for p in sorted((ROOT / "docs").glob("*.py"))}
        self.starts = [Module(p.name, ast.parse(code)) for p, code in starts.items()]
        self.asked: set[str] = set()
        self.said: set[str] = set()
        self.reached: set[int] = set()
        self.classes: list[Definition] = []
        self._todo: list[Definition] = []
        self._walk()

    # Names
    def find(self, module: str, name: str) -> Definition | Module | None:
        """Return what `name` is in a module of the package, through re-exports."""
        if not name:
            return self.modules.get(module)
        if module not in self.modules:
            return None
        here = self.modules[module]
        if name in here.lazy:
            inner = here.lazy[name]
            return self.find(inner if inner.startswith(PACKAGE) else f"{module}.{inner}", name)
        if name in here.definitions:
            return here.definitions[name]
        if here.imports.get(name, (module, name)) != (module, name):
            return self.find(*here.imports[name])
        return self.modules.get(f"{module}.{name}")

    def _of(self, node: ast.expr, user: Definition) -> Definition | Module | None:
        """Return what an expression names, as far as names alone tell."""
        if isinstance(node, ast.Name):
            imported = user.own_imports.get(node.id) or user.module.imports.get(node.id)
            if node.id in user.own_imports or node.id not in user.module.definitions:
                return self.find(*imported) if imported else None
            return user.module.definitions[node.id]
        if isinstance(node, ast.Attribute):
            base = self._of(node.value, user)
            if isinstance(base, Module):
                return self.find(base.name, node.attr)
            if base is not None and base.kind == "class":
                return base.methods.get(node.attr)
        return None

    # The walk
    def _walk(self) -> None:
        for start in self.starts:
            self._names_in(start.body)
            for found in start.definitions.values():
                self._reach(found)
        self._reach(self.modules[f"{PACKAGE}.cli"].definitions["main"])
        for module in self.modules.values():
            if module.name.startswith(f"{PACKAGE}.cli."):
                for found in module.definitions.values():
                    if found.framework:
                        self._reach(found)
        for name in ("report.runner.forks", "report.runner.exemple"):
            self._reach(self.modules[f"{PACKAGE}.{name}"].body)
        for module in self.modules.values():  # what Python calls by itself, and what it names
            for name in ("__getattr__", "__dir__"):
                self._reach(module.definitions.get(name))
        for template in (ROOT / PACKAGE).rglob("*.j2"):
            self.asked |= set(ATTRIBUTE.findall(_source(template)))
        self._spread()

    def _spread(self) -> None:
        """Reach all that what is reached names, until nothing more is."""
        while self._todo:
            while self._todo:
                self._names_in(self._todo.pop())
            self._methods()
            for entry in CATALOGUE:
                if self.is_fed(entry.name):
                    self._reach(self._reader(entry.reader))

    def _reach(self, found: Definition | Module | None) -> None:
        if found is None:
            return
        if isinstance(found, Module):
            found = found.body
        if id(found) in self.reached:
            return
        self.reached.add(id(found))
        self._todo.append(found)
        if found.kind == "class":
            self.classes.append(found)
        if found is not found.module.body:
            self._reach(found.module.body)

    def _methods(self) -> None:
        for found in list(self.classes):
            for name, method in found.methods.items():
                if method.framework or name in self.asked or self._inherits_outside(found):
                    self._reach(method)

    def _inherits_outside(self, found: Definition) -> bool:
        """Return whether the class fills in methods that another library calls."""
        parents = [(self._of(base, found), ast.unparse(base)) for base in found.bases]
        return any(
            name.split(".")[-1] not in OURS if parent is None else self._inherits_outside(parent)
            for parent, name in parents
        )

    def _names_in(self, user: Definition) -> None:
        if user.full_name in LISTS:
            return
        reads = user.module.name.startswith(f"{PACKAGE}.sources")
        for node in (node for top in user.nodes for node in ast.walk(top)):
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                found = self._of(node, user)
                if found is not None:
                    self._reach(found)
                elif isinstance(node, ast.Attribute):
                    self.asked.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not reads:
                self.said.add(node.value)

    def _reader(self, reader: str) -> Definition | Module | None:
        module, name = reader.split(":")
        return self.find(f"{PACKAGE}.sources.{module}", name)

    def is_fed(self, source: str) -> bool:
        """Return whether code asks for this source's table, by name or as an attribute."""
        return source in self.said or source in self.asked

    def feeds(self, source: str) -> bool:
        """Return whether a source is asked for, or its own reader called."""
        readers = [self._reader(entry.reader) for entry in CATALOGUE if entry.name == source]
        return self.is_fed(source) or any(id(one) in self.reached for one in readers)

    def unreached(self) -> dict[str, Definition]:
        """Return the functions, classes, constants and public methods that nothing reaches."""
        found = {}
        for module in self.modules.values():
            for one in module.definitions.values():
                if one.name.startswith("__") or one.full_name in LISTS:
                    continue
                if id(one) not in self.reached:
                    found[one.full_name] = one
                    continue
                for name, method in one.methods.items():
                    if not name.startswith("_") and id(method) not in self.reached:
                        found[method.full_name] = method
        return found
