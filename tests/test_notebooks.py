"""Notebooks stay thin, and the example report is executed, complete and labelled as simulated."""

import ast
import builtins
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from thin import check_thin

from fpi_eval.programme import load_programme
from fpi_eval.report.edition import QUANTITIES, kept_earlier, kept_file, kept_later
from fpi_eval.report.runner import exemple
from fpi_eval.report.runner.notebooks import discover, literals, load

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
EXAMPLE = ROOT / "reports" / "exemple"
PAGES = sorted(EXAMPLE.glob("*.ipynb"))
EXAMPLE_OF = {path.stem.removesuffix("_simule"): path for path in PAGES}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_thin(path):
    assert check_thin(path) == []


@pytest.mark.parametrize("info", discover(ROOT / "notebooks"), ids=lambda i: i.name)
def test_a_notebook_declares_the_three_parameters_its_question_and_its_content(info):
    assert set(info.parameters) == {"programme", "rentree", "donnees"}
    assert info.question.endswith("?")
    assert info.declares["sources"]


def test_the_example_report_has_every_notebook():
    assert list(EXAMPLE_OF) == [path.stem for path in NOTEBOOKS]


def test_the_picture_of_the_readme_is_that_of_the_example_and_says_it_is_simulated():
    kept = (EXAMPLE / exemple.PICTURE).read_text(encoding="utf-8")
    assert kept == exemple.first_picture(EXAMPLE / exemple.ITS_PAGE)
    assert "Données simulées" in kept
    assert f"(reports/exemple/{exemple.PICTURE})" in (ROOT / "README.md").read_text("utf-8")


def test_the_example_is_made_as_if_no_other_report_stood_beside_it(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("raw"))
    monkeypatch.chdir(tmp_path)
    own = load_programme()
    for year in (exemple.RENTREE - 1, exemple.RENTREE + 1):
        other = kept_file(own, year, QUANTITIES, simulated=True)
        other.parent.mkdir(parents=True)
        other.write_text("{}", encoding="utf-8")
    seen = {}

    def run(_, parameters, target, *, root, **__):
        monkeypatch.chdir(root)
        what = load_programme(parameters["programme"])
        for kept in (kept_earlier, kept_later):
            seen[kept.__name__] = kept(what, exemple.RENTREE, QUANTITIES, simulated=True)
        seen["programme"] = what.code
        raise InterruptedError

    monkeypatch.setattr(exemple, "load", lambda *_: SimpleNamespace(credit="", fichiers={}))
    monkeypatch.setattr(exemple, "run", run)
    with pytest.raises(InterruptedError):
        exemple.main()
    assert seen == {"kept_earlier": {}, "kept_later": {}, "programme": own.code}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_example_is_the_notebooks_own_code_so_that_running_one_runs_both(path):
    own, (declared, received, *example) = cells_of(path), cells_of(EXAMPLE_OF[path.stem])
    assert literals(received) == literals(own[0])
    assert [declared, *example] == own


def cells_of(path: Path) -> list[str]:
    """Return the sources of the code cells."""
    return [cell.source for cell in load(path).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_an_example_notebook_is_executed_and_holds_no_path_of_a_machine(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    silent = 3  # parameters, parameters received, loading
    assert sum(bool(cell["outputs"]) for cell in code) >= len(code) - silent
    assert "simulées" in path.read_text(encoding="utf-8")
    for trace in ("/home/", "/root/", "/work/", "/tmp/", "site-packages", "C:\\\\"):
        assert trace not in path.read_text(encoding="utf-8"), trace


def code_of(path: Path) -> list[ast.Module]:
    """Return the code cells after the parameters, parsed."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        ast.parse("".join(cell["source"]))
        for cell in cells
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", [])
    ]


def root(node: ast.expr) -> str:
    """Return the name that an attribute or a call starts from."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return node.id if isinstance(node, ast.Name) else ""


def page_names(cells: list[ast.Module]) -> set[str]:
    """Return the names under which pages are imported."""
    imports = [n for cell in cells for n in ast.walk(cell) if isinstance(n, ast.ImportFrom)]
    return {
        alias.asname or alias.name
        for n in imports
        if n.module == "fpi_eval.report.pages"
        for alias in n.names
    }


def calls(cells: list[ast.Module]) -> list[ast.Call]:
    return [n for cell in cells for n in ast.walk(cell) if isinstance(n, ast.Call)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_pages_are_given_results_never_the_year(path):
    cells = code_of(path)
    pages = page_names(cells)
    worded = [n for n in calls(cells) if root(n.func) in pages]
    assert worded
    for call in worded:
        given = [*call.args, *(k.value for k in call.keywords)]
        assert not [a for a in given if isinstance(a, ast.Name) and a.id == "annee"], ast.unparse(
            call
        )


LIBRARY = {"fpi", "qualite", "deploiement", "filieres", "people", "seats", "others"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_what_a_page_words_was_made_in_the_notebook_by_the_library(path):
    cells = code_of(path)
    pages, known = page_names(cells), {"annee"}
    for cell in cells:
        for node in cell.body:
            if not isinstance(node, ast.Assign):
                continue
            roots = {root(n) for n in ast.walk(node.value) if isinstance(n, ast.Name)}
            if roots & (known | LIBRARY):
                known |= {
                    n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)
                }
    library = LIBRARY | known
    for call in calls(cells):
        if root(call.func) in pages:
            used = {n.id for n in ast.walk(call) if isinstance(n, ast.Name)} - pages
            used -= set(dir(builtins))
            assert used <= library, ast.unparse(call)


#: What a notebook must call, beside loading the year: the analysis is in the open.
ANALYSIS = {
    "01_donnees": {"qualite"},
    "02_places": {"deploiement", "filieres"},
    "03_diplomes": {"impact", "checks"},
    "04_insertion": {"impact", "checks", "indicators"},
    "05_emploi_industriel": {"impact"},
    "06_trajectoire_et_couts": {"projection", "costs", "indicators", "impact", "checks"},
    "07_jumeau": {"indicators"},
    "08_changements": {"since_last", "qualite"},
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_calls_the_library_by_its_public_names(path):
    named = {
        n.attr if root(n) == "fpi" else root(n)
        for cell in code_of(path)
        for n in ast.walk(cell)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
    }
    assert ANALYSIS[path.stem] <= named
