"""Which options of the package's functions somebody gives, read from the code without running it.

A caller is the package itself, a notebook, a guide, the site or a benchmark; tests are none. Calls
are known by the last name written. An option is given by keyword, by position, or by a call that
hands the function over with it (``attempt(j, panel, niveau=…)``); a call with ``**options``, and a
function kept as a value, may give any keyword that some call writes.
"""

import ast
from collections import defaultdict
from dataclasses import dataclass, field

from reach import ROOT, Graph, Module, _called, _source

from fpi_eval.sources.known_sources import CATALOGUE


@dataclass
class Calls:
    """What callers write: by function the keywords, the most positions, whether ``**`` is there."""

    keywords: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    positions: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    open: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)

    def read(self, module: Module) -> None:
        nodes = list(ast.walk(module.tree))
        other = {
            alias.asname: alias.name
            for node in nodes if isinstance(node, ast.ImportFrom)
            for alias in node.names if alias.asname
        }  # fmt: skip
        functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        for node in nodes:
            if isinstance(node, ast.Call):
                for place, one in enumerate([node.func, *node.args]):
                    if name := other.get(last(one), last(one)):
                        self._call(name, node, len(node.args) - place)
            elif isinstance(node, ast.Name | ast.Attribute) and id(node) not in functions:
                self.values.add(other.get(last(node), last(node)))
            elif isinstance(node, ast.Dict):
                self.written |= {k.value for k in node.keys if isinstance(k, ast.Constant)}

    def _call(self, name: str, node: ast.Call, positions: int) -> None:
        given = {keyword.arg for keyword in node.keywords}
        self.keywords[name] |= given - {None}
        self.written |= given - {None}
        starred = any(isinstance(one, ast.Starred) for one in node.args)
        self.positions[name] = max(self.positions[name], 99 if starred else positions)
        if None in given:
            self.open.add(name)

    def give(self, function: str, option: str, position: int | None) -> bool:
        if option in self.keywords[function]:
            return True
        if position is not None and self.positions[function] > position:
            return True
        loosely = function in self.open or function in self.values
        return loosely and option in self.written


def last(node: ast.expr) -> str:
    """Return the last name of an expression, none if it is not one."""
    return {ast.Name: "id", ast.Attribute: "attr"}.get(type(node), "") and (
        node.id if isinstance(node, ast.Name) else node.attr
    )


def benchmarks() -> list[Module]:
    """Return the benchmarks, which call the package as a user does."""
    files = sorted((ROOT / "benchmarks").glob("*.py"))
    return [Module(path.stem, ast.parse(_source(path))) for path in files]


def never_given(graph: Graph) -> set[str]:
    """Return ``module.function(option)`` for every option that no caller gives."""
    calls = Calls()
    for module in (*graph.modules.values(), *graph.starts, *benchmarks()):
        calls.read(module)
    calls.values |= {entry.reader.split(":")[1] for entry in CATALOGUE}
    found = set()
    for module in graph.modules.values():
        for one in module.definitions.values():
            if one.framework:
                continue
            inside = [] if graph._inherits_outside(one) else list(one.methods.values())
            for function in [one] if one.kind == "function" else inside:
                if function.framework:
                    continue
                (node,) = function.nodes
                for option, position in options(node, method=function is not one):
                    if not calls.give(node.name, option, position):
                        found.add(f"{function.full_name}({option})")
    return found


def options(node: ast.FunctionDef, *, method: bool) -> list[tuple[str, int | None]]:
    """Return a function's options, each with its position if it has one."""
    ordered = [*node.args.posonlyargs, *node.args.args]
    static = any(ast.unparse(_called(d)) == "staticmethod" for d in node.decorator_list)
    shift = int(method and not static)
    first = len(ordered) - len(node.args.defaults)
    named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return [
        *((one.arg, place - shift) for place, one in enumerate(ordered) if place >= first),
        *((one.arg, None) for one, default in named if default is not None),
    ]


def never_read(graph: Graph) -> set[str]:
    """Return ``module.Class.field`` for every field of a dataclass that no caller reads by name."""
    read: set[str] = set(graph.asked)
    for module in (*graph.modules.values(), *graph.starts, *benchmarks()):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                read.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                read.add(node.value)
    classes = (
        (one, node)
        for module in graph.modules.values()
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and (one := module.definitions.get(node.name))
        if any("dataclass" in ast.unparse(d) for d in node.decorator_list)
    )
    return {
        f"{one.full_name}.{line.target.id}"
        for one, node in classes
        for line in node.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        if line.target.id not in read
    }
