"""Notebooks stay thin, and the example report is executed, complete and labelled as simulated."""

import json
from pathlib import Path

import pytest

from fpi_eval.report.runner.notebooks import check_thin, discover

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
EXEMPLE = sorted((ROOT / "reports" / "exemple").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_thin(path):
    assert check_thin(path) == []


@pytest.mark.parametrize("info", discover(ROOT / "notebooks"), ids=lambda i: i.name)
def test_a_notebook_declares_the_three_parameters_its_question_and_its_content(info):
    assert set(info.parameters) == {"programme", "rentree", "donnees"}
    assert info.question.endswith("?")
    assert info.declares["sources"]


def test_the_example_report_has_every_notebook():
    assert [p.stem.removesuffix("_simule") for p in EXEMPLE] == [p.stem for p in NOTEBOOKS]


@pytest.mark.parametrize("path", EXEMPLE, ids=lambda p: p.stem)
def test_an_example_notebook_is_executed_and_holds_no_path_of_a_machine(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    silent = 3  # parameters, parameters received, loading
    assert sum(bool(cell["outputs"]) for cell in code) >= len(code) - silent
    assert "simulées" in path.read_text(encoding="utf-8")
    for trace in ("/home/", "/root/", "/work/", "/tmp/", "site-packages", "C:\\\\"):
        assert trace not in path.read_text(encoding="utf-8"), trace
