"""Documents on paper: tagged, titled, in French, their drawings told in words."""

import re
from itertools import pairwise

import matplotlib.pyplot as plt
import pandas as pd
import pikepdf
import pytest
from bs4 import BeautifulSoup
from test_report_html import EDITION, OUTPUTS, output, render

from fpi_eval.figures import Figure
from fpi_eval.report.runner.pdf import _Writer
from fpi_eval.tables import table

WORDS = "Une barre : 1 place."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    ax = plt.subplots()[1]
    ax.bar(["a"], [1])
    figure = output(Figure(ax, "Places", "Affelnet", WORDS)._repr_mimebundle_())
    outputs = OUTPUTS | {6: [*OUTPUTS[6][:1], figure]}
    return render(tmp_path_factory.mktemp("rapport") / "2023", outputs=outputs)


@pytest.fixture(params=["rapport", "synthese", "diapositives"])
def document(request, folder):
    with pikepdf.open(folder / EDITION.file(request.param, "pdf")) as opened:
        yield opened


def elements(tag):
    """Return each element of the document's structure, in reading order: its name, itself."""
    children = tag.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            yield str(child.S), child
            yield from elements(child)


def test_a_document_says_its_language_its_title_and_that_it_is_for_all(document):
    assert document.Root.Lang == "fr-FR"
    assert bool(document.Root.MarkInfo.Marked)
    assert bool(document.Root.ViewerPreferences.DisplayDocTitle)
    assert "/Outlines" in document.Root
    with document.open_metadata() as said:
        assert said["pdfuaid:part"] == "1"
        assert "Formation Pro Industrie" in said["dc:title"]


def test_every_page_is_tagged_and_every_drawing_has_its_words(document):
    found = list(elements(document.Root.StructTreeRoot))
    drawings = [tag for name, tag in found if name == "/Figure"]
    assert [str(tag.Alt).replace("\u00a0", " ") for tag in drawings] == [WORDS]
    assert all("/StructParents" in page for page in document.pages)


def test_headings_skip_no_level_and_tables_have_heads(document):
    names = [name for name, _ in elements(document.Root.StructTreeRoot)]
    levels = [int(name[2:]) for name in names if re.fullmatch(r"/H\d", name)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert names.count("/Table") == 0 or "/TH" in names


@pytest.mark.parametrize(("name", "most"), [("synthese", 2), ("diapositives", 6)])
def test_the_short_ones_have_few_pages(folder, name, most):
    with pikepdf.open(folder / EDITION.file(name, "pdf")) as opened:
        assert 1 < len(opened.pages) <= most


def test_the_same_report_gives_the_same_bytes(folder, tmp_path):
    again = render(tmp_path / "2023", outputs={})
    twice = render(tmp_path / "autre" / "2023", outputs={})
    name = EDITION.file("rapport", "pdf")
    assert (again / name).read_bytes() == (twice / name).read_bytes()


def test_a_tall_drawing_is_cut_between_its_rows_of_frames_but_not_on_a_slide():
    def parts(rows, around="main"):
        axes = plt.subplots(rows, 1, figsize=(4, 3 * rows), layout="constrained", squeeze=False)[1]
        for ax in axes.flat:
            ax.set(title="Titre", xlabel="Abscisse")
        shown = Figure(axes[0][0], "Places", "Affelnet", WORDS).to_html()
        figure = BeautifulSoup(f"<{around}>{shown}</div>", "html.parser").figure
        return re.findall(r"#dessin\(([^)]*)\)", _Writer().figure(figure))

    (alone,) = parts(1)
    assert WORDS in alone
    first, second = parts(2)
    assert WORDS in first and "Places" in first and "Affelnet" not in first  # noqa: PT018
    assert WORDS not in second and "Places" not in second and "Affelnet" in second  # noqa: PT018
    assert len(parts(2, 'div class="diapo"')) == 1


def test_a_table_that_goes_on_says_again_of_which_group_its_rows_are():
    rows = [(name, f"Lycée {n}", n) for name in ("Bois", "Métal") for n in range(30)]
    made = table(pd.DataFrame(rows, columns=["filiere", "lycee", "places"]), "Places")
    said = _Writer().table(BeautifulSoup(made.to_html(), "html.parser").table)
    repeated = re.findall(r"header\(level: 2, table\.cell\(colspan: \d, .*?\)\[(.*?)\]\),", said)
    assert ["Bois" in repeated[0], "Métal" in repeated[1], len(repeated)] == [True, True, 2]
