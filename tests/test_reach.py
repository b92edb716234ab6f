"""Every piece is connected or gone: no code serves tests alone, no reader or indicator waits."""

import ast
from functools import cache

import pytest
from options import never_given, never_read
from reach import Graph, Module

from fpi_eval.sources.known_sources import CATALOGUE

#: What no command, notebook, page or guide reaches, and why it stays.
EXCEPTIONS: dict[str, str] = {}
#: Sources that only `check` reads, and why.
ONLY_CHECKED: dict[str, str] = {}
#: Options that neither the package, a notebook, a guide nor a benchmark gives, and why they stay.
UNGIVEN = {
    "disclosure.suppress.protect": (
        "one table takes what `protect_together` takes for many: tests hold each rule on it",
        ("known", "parts", "public", "rates"),
    ),
    "impact.displacement.net.substitution": ("the outcome, as in every estimator", ("y",)),
    "impact.jobs.synthetic.synthetic": (
        "a researcher's: who is treated, which of the three weightings, which draw",
        ("method", "seed", "treated"),
    ),
    "impact.placebo_regions.placebo_regions": (
        "a researcher's: the placebo of a J with its own effects and covariates, other draws",
        ("covariates", "region_effects", "seed"),
    ),
    "plan.write_plan": ("tests set the day", ("today",)),
    "power.detect.puissance": (
        "a researcher's: a study of other rentrées, days and draws than the command's",
        ("draws", "horizon", "jour", "rentrees", "seed"),
    ),
    "records.exports.outcomes_table": ("a researcher's: tables of other groups", ("known",)),
    "results.Result.to_latex": ("a researcher's: for a paper", ("secret", "source", "titre")),
    "sources.portal.fetch.fetch": (
        "tests put a portal of this machine, a clock and no waiting in their place",
        ("client", "limits", "now", "sleep"),
    ),
}

#: Fields that neither the package, a notebook, a guide nor a benchmark reads, and why they stay.
UNREAD = {
    "impact.jobs.synthetic.SyntheticEffect": ("a researcher's: who weighs", ("unit_weights",)),
    "records.open.Records": ("open as long as its tables are read", ("connection",)),
    "regression.wild.WildTest": ("a researcher's: whether p is exact", ("enumerated",)),
    "sources.reading.reading.Provenance": ("how a file was read", ("encodage", "separateur")),
    "twin.parameters.TwinParameters": (
        "read by the name of a diploma or of a level",
        (*(f"retention_{d}" for d in ("bacpro", "bts", "cap", "mc")), "seats_secondaire",
         *(f"success_{d}" for d in ("bacpro", "bts", "cap", "mc")), "seats_superieur"),
    ),
}  # fmt: skip


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


def test_every_option_is_given_by_somebody_or_has_a_reason_to_stay():
    excused = {f"{name}({o})" for name, (_, options) in UNGIVEN.items() for o in options}
    assert never_given(graph()) ^ excused == set()


def test_every_field_of_a_result_is_read_by_somebody_or_has_a_reason_to_stay():
    excused = {f"{name}.{one}" for name, (_, fields) in UNREAD.items() for one in fields}
    assert never_read(graph()) ^ excused == set()


@pytest.mark.parametrize("name", ["", ".records", ".impact"])
def test_every_name_imported_when_first_used_is_there(name):
    module = graph().modules[f"fpi_eval{name}"]
    assert module.lazy
    assert not [lazy for lazy in module.lazy if graph().find(module.name, lazy) is None]


def small(code: str) -> Graph:
    """Return the graph with a module of these lines beside the package's."""
    made = Graph.__new__(Graph)
    made.starts = []
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


def test_an_option_is_given_by_keyword_by_position_by_hand_over_or_never():
    found = small(
        "def start(rows):\n"
        "    kept(rows, 1); attempt(handed, rows, here=2); spread(**rows)\n"
        "    return dict(loose=3)\n"
        "def kept(rows, place=0, idle=0): return rows\n"
        "def handed(rows, *, here=0, idle=0): return rows\n"
        "def spread(*, loose=0, idle=0): return 1\n"
    )
    assert never_given(found) == {f"m.{name}(idle)" for name in ("kept", "handed", "spread")}


def test_a_field_is_read_as_an_attribute_or_by_its_name():
    found = small(
        "def start(row): return row.kept, getattr(row, 'named')\n"
        "@dataclass\n"
        "class Row:\n"
        "    kept: int\n"
        "    named: int\n"
        "    idle: int = 0\n"
    )
    assert never_read(found) == {"m.Row.idle"}
