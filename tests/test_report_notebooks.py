"""What a notebook declares is read; what it may not do is said."""

import nbformat
import pytest
from notebooks_minuscules import write_notebook
from thin import check_thin

from fpi_eval.errors import FpiError
from fpi_eval.report.runner.exploration import copy_for_exploration
from fpi_eval.report.runner.notebooks import discover, inspect
from fpi_eval.several_regions import programme_of


def test_title_question_parameters_and_declarations_are_read(tmp_path):
    path = write_notebook(tmp_path / "02_places.ipynb", "1", declares={"sources": ["affelnet"]})
    info = inspect(path)
    assert info.name == "02_places"
    assert info.title == "Les places"
    assert info.question == "Combien de places, et où ?"
    assert dict(info.parameters) == {"programme": "fpi_aura", "rentree": 2023, "donnees": "data"}
    assert info.declares["sources"] == ["affelnet"]


def test_only_numbered_notebooks_are_discovered_in_order(tmp_path):
    for name in ("02_b", "01_a", "brouillon", "exploration/03_c"):
        write_notebook(tmp_path / f"{name}.ipynb")
    assert [info.name for info in discover(tmp_path)] == ["01_a", "02_b"]


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(FpiError, match="aucun notebook"):
        discover(tmp_path)


@pytest.mark.parametrize("value", ["-1", "2.5", "None", "True", "[1, 2]", "{'a': 1}", "'x'"])
def test_every_literal_may_be_a_parameter(tmp_path, value):
    path = write_notebook(tmp_path / "01.ipynb", parameters=f"a: object = {value}")
    assert inspect(path).parameters["a"] == eval(value)


@pytest.mark.parametrize(
    "source", ["a = 1 + x", "a = int('1')", "import os", "a, b = 1, 2", "a +="]
)
def test_a_parameter_that_is_computed_is_refused_with_its_line(tmp_path, source):
    path = write_notebook(tmp_path / "01.ipynb", parameters=f"b = 1\n{source}")
    with pytest.raises(FpiError, match=r"01\.ipynb : cellule 2, ligne 2"):
        inspect(path)


def test_a_notebook_without_parameters_or_title_or_json_is_refused(tmp_path):
    path = write_notebook(tmp_path / "01.ipynb", ("parameters", "b = 1"))
    with pytest.raises(FpiError, match="2 cellule"):
        inspect(path)
    with pytest.raises(FpiError, match="n'est pas un titre"):
        inspect(write_notebook(tmp_path / "02.ipynb", first="Bonjour"))
    (tmp_path / "03.ipynb").write_text("{")
    with pytest.raises(FpiError, match="n'est pas un notebook"):
        inspect(tmp_path / "03.ipynb")
    with pytest.raises(FpiError, match="introuvable"):
        inspect(tmp_path / "04.ipynb")


def test_a_thin_notebook_has_no_finding(tmp_path):
    path = write_notebook(tmp_path / "01.ipynb", "# ## Quoi ?", "a = f(programme)", "a.plot()")
    assert check_thin(path) == []


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ("def f():\n    pass", "def"),
        ("class A:\n    pass", "class"),
        ("f = lambda x: x", "lambda"),
        ("for i in x:\n    i", "for"),
        ("[i for i in x]", "for"),
        ("if x:\n    y", "if"),
        ("y if x else z", "if"),
        ("while x:\n    y", "while"),
    ],
)
def test_what_belongs_in_the_library_is_found_in_a_cell(tmp_path, cell, word):
    (finding,) = check_thin(write_notebook(tmp_path / "01.ipynb", "x = 1", cell))
    assert finding.startswith(f"cellule 4 : « {word} »")


def test_long_cells_many_cells_outputs_and_magics_are_found(tmp_path):
    path = write_notebook(tmp_path / "01.ipynb", "\n".join("abcdefghi"), "%matplotlib inline")
    assert [f.split(" : ")[0] for f in check_thin(path)] == ["cellule 3", "cellule 4"]
    many = write_notebook(tmp_path / "02.ipynb", *["1"] * 15)
    assert check_thin(many) == ["16 cellules de code ; 15 au plus"]
    text = path.read_text().replace('"execution_count": null', '"execution_count": 1', 1)
    path.write_text(text)
    assert any("sorties enregistrées" in finding for finding in check_thin(path))


def test_the_parameters_cell_is_second_and_alone(tmp_path):
    path = write_notebook(tmp_path / "01.ipynb", ("parameters", "b = f()"))
    findings = check_thin(path)
    assert "trouvé : 2, 3" in findings[0]
    assert "cellule 3, ligne 1 : « b = f() »" in findings[1]


def test_a_copy_for_research_fills_in_annotated_parameters_too(tmp_path):
    write_notebook(tmp_path / "01_a.ipynb", parameters="rentree: int = 2023\ndonnees = 'a=b'")
    values = {"rentree": 2026, "donnees": "C:\\d"}
    copy = copy_for_exploration(tmp_path, "01_a", values, tmp_path / "copies")
    assert dict(inspect(copy).parameters) == values


def test_a_copy_for_research_speaks_of_the_regions_of_its_programme(tmp_path):
    path = write_notebook(tmp_path / "01_a.ipynb", "print('dans la région')")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("Qui travaille dans la région"))
    nbformat.write(notebook, path)
    with programme_of(2):
        copy = copy_for_exploration(tmp_path, "01_a", {}, tmp_path / "copies")
    *_, code, words = nbformat.read(copy, as_version=4).cells
    assert code.source == "print('dans la région')"
    assert words.source == "Qui travaille dans les deux régions"
