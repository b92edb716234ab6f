"""Every piece is connected or gone: no code serves tests alone, no reader or indicator waits."""

import ast
from functools import cache

import pytest
from reach import Graph, Module

from fpi_eval.sources.known_sources import CATALOGUE

#: What no command, notebook, page or guide reaches, and why it stays.
EXCEPTIONS: dict[str, str] = {}
#: Sources that only `check` reads, and why.
ONLY_CHECKED: dict[str, str] = {}


@cache
def graph() -> Graph:
    return Graph()


def test_every_definition_is_reached_from_a_command_a_notebook_a_page_or_a_guide():
    found = {name: f"{one.lines} lines" for name, one in graph().unreached().items()}
    assert {k: v for k, v in found.items() if k not in EXCEPTIONS} == {}


def test_no_exception_has_been_reached_since():
    assert EXCEPTIONS.keys() - graph().unreached().keys() == set()


def test_every_source_feeds_a_panel_a_table_or_a_page():
    unfed = {entry.name for entry in CATALOGUE if not graph().feeds(entry.name)}
    assert unfed == set(ONLY_CHECKED)


@pytest.mark.parametrize("name", ["", ".records", ".impact"])
def test_every_name_imported_when_first_used_is_there(name):
    module = graph().modules[f"fpi_eval{name}"]
    assert module.lazy
    assert not [lazy for lazy in module.lazy if graph().find(module.name, lazy) is None]


def small(code: str) -> Graph:
    """Return the graph with a module of these lines beside the package's."""
    made = Graph.__new__(Graph)
    made.modules = {"fpi_eval.m": Module("fpi_eval.m", ast.parse(code))}
    made.asked, made.said, made.reached, made.classes, made._todo = set(), set(), set(), [], []
    made._reach(made.modules["fpi_eval.m"].definitions["start"])
    made._spread()
    return made


def test_a_name_in_all_or_in_an_unreached_function_reaches_nothing():
    found = small(
        "__all__ = ['listed']\n"
        "LIMIT, IDLE = 3, 4\n"
        "def start(): return Kept(LIMIT).shown()\n"
        "def listed(): return named()\n"
        "def named(): return 1\n"
        "class Kept:\n"
        "    def __init__(self, n): self.n = n\n"
        "    def shown(self): return inner()\n"
        "    def hidden(self): return 2\n"
        "def inner(): return 3\n"
    )
    assert set(found.unreached()) == {"m.IDLE", "m.listed", "m.named", "m.Kept.hidden"}
