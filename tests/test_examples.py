"""The examples of docstrings say what the library does today."""

import doctest
import importlib
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import fpi_eval

PACKAGE = Path(fpi_eval.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if "    >>> " in path.read_text(encoding="utf-8")
)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_show(name):
    found = doctest.testmod(importlib.import_module(f"fpi_eval.{name}"), optionflags=FLAGS)
    plt.close("all")
    assert not found.failed


def test_what_a_user_meets_first_has_an_example():
    finder = doctest.DocTestFinder(exclude_empty=True)
    tried = set()
    for name in MODULES:
        module = importlib.import_module(f"fpi_eval.{name}")
        tried |= {test.name.rpartition(".")[2] for test in finder.find(module) if test.examples}
    assert {"Absent", "Estimate", "Estimates", "Figure", "Table", "public"} <= tried
