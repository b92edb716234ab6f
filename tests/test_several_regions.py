"""A programme of several regions says so wherever its pages speak of « la région »."""

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from html import escape

import nbformat
import pandas as pd
import pytest
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup

from fpi_eval.cli.evaluate import say_of
from fpi_eval.disclosure import public
from fpi_eval.language import CHAPTERS, ENGLISH, MESSAGES, _, path_of, speaking
from fpi_eval.programme import load_programme
from fpi_eval.report.runner import aligned, told_tables
from fpi_eval.report.runner.clean import clean
from fpi_eval.report.runner.translated import said
from fpi_eval.several_regions import FRENCH, in_a_thread, programme_of, worded
from fpi_eval.sheets import Column, Sheet, in_regions

TOLD = {
    "La région a-t-elle bougé ?": "Les deux régions ont-elles bougé ?",
    "l'industrie de la région à 6 mois": "l'industrie des deux régions à 6 mois",
    "la région face aux autres régions": "les deux régions face aux autres régions",
    "la moyenne régionale du même diplôme": "la moyenne du même diplôme dans les deux régions",
    "les moyennes régionales": "les moyennes des deux régions",
    "Région : celle de l'établissement de formation, par le lieu de travail.": "Région : l'une des "
    "deux du programme pour qui y étudie, celle de son établissement sinon, par le lieu de "
    "travail.",
    "Region: that of the training school, by place of work.": "Region: one of the programme's two "
    "for who studies there, that of the school otherwise, by place of work.",
    "Région": "Les deux régions",
    "<th>Région</th>": "<th>Les deux régions</th>",
    "the region's industry": "the two regions' industry",
    "has the region moved?": "have the two regions moved?",
}  # fmt: skip
KEPT = (
    "L'écart d'une région", "chaque région", "même famille, ailleurs dans la région",
    "toute la région", "de la région Bretagne", "de la région académique", "région, rectorat",
    "effets fixes de la région × session", "une région synthétique", "Autres régions",
    "(guide « Qui travaille dans l'industrie de la région ? »)",
)  # fmt: skip


@pytest.mark.parametrize("one", TOLD)
def test_words_of_one_region_become_those_of_two(one):
    assert worded(one) == one
    with programme_of(2):
        assert worded(one) == TOLD[one]
        assert worded(TOLD[one]) == TOLD[one]  # a notebook that is taken again as it is


@pytest.mark.parametrize("one", KEPT)
def test_any_region_a_named_one_and_a_guide_s_title_stay(one):
    with programme_of(2):
        assert worded(one) == one


def test_every_number_of_regions_is_written_in_letters():
    with programme_of(18):
        assert worded("de la région") == f"des {FRENCH[-1]} régions"


@pytest.mark.parametrize("form", ["{}", "<td>{}</td>", "Places de {} dans la région"])
def test_what_a_programme_declares_stays_as_it_was_written(form):
    """A source is a quotation: the « Délibération de la région » is of no two regions."""
    aura = load_programme("fpi_aura")
    source, name = "Délibération de la région,\n2019", "L'industrie de la région & la région"
    cost = aura.cout.model_copy(update={"source": source})
    both = aura.territoire.model_copy(update={"codes_regions": ("84", "53")})
    two = aura.model_copy(update={"territoire": both, "cout": cost, "nom": name})
    one = aura.model_copy(update={"cout": cost})
    around = form.replace("la région", "les deux régions")
    for text in (source, source.replace("\n", " "), name, escape(name), "Bilan de la région"):
        with one.words(["Bilan de la région"]):
            assert worded(form.format(text)) == form.format(text)
        with two.words(["Bilan de la région"]):
            assert worded(form.format(text)) == around.format(text)


def test_a_command_speaks_of_the_regions_of_its_programme(capsys):
    aura = load_programme("fpi_aura")
    both = aura.territoire.model_copy(update={"codes_regions": ("84", "53")})
    for what in (aura, aura.model_copy(update={"territoire": both})):
        say_of(what, "Dans la région.")
    assert capsys.readouterr().out.split("\n") == ["Dans la région.", "Dans les deux régions.", ""]


def test_another_thread_writes_for_the_same_programme():
    texts = ["Bilan de la région", "dans la région"]
    with ThreadPoolExecutor(1) as pool, programme_of(2, texts[:1]):
        found = pool.submit(in_a_thread(partial(list, map(worded, texts)))).result()
    assert found == ["Bilan de la région", "dans les deux régions"]


@pytest.mark.parametrize("domain", [CHAPTERS, MESSAGES])
def test_no_sentence_of_the_pages_speaks_of_one_region_nor_its_english(domain):
    left = re.compile(r"\b(?:[Ll]a région|[Tt]he region|régionales?|regional mean)\b(?! ×)")
    with path_of(ENGLISH, domain).open("rb") as stream, programme_of(2):
        told = [
            worded(words) for one in read_po(stream) if one.id for words in (one.id, one.string)
        ]
    alone = re.compile(r"(?<!dans )\b[Ll]es deux régions (?:n')?(?:a|est|va|peut|doit|bouge)\b")
    assert not [one for one in told if alone.search(one)]  # the verb of one region alone
    spoken = [one for one in told if left.search(one)]
    assert not [
        one
        for one in spoken
        if not re.search("ailleurs dans la rég|toute la rég|elsewhere in the reg|“Qui|« Qui", one)
    ]


def test_a_sentence_of_two_regions_has_its_english():
    french = "Combien de personnes de plus travaillent dans l'industrie de la région ?"
    with programme_of(2), speaking(ENGLISH):
        assert said(worded(french)) == "How many more people work in the two regions' industry?"
        assert _("Dans l'industrie de la région") == "In the two regions' industry"
    with speaking(ENGLISH):
        assert said(french) == "How many more people work in the region's industry?"


def test_what_a_notebook_shows_is_of_two_regions_and_its_code_is_as_written():
    rows = {"schema": {"fields": [{"name": "Région"}]}, "data": [{"Région": "12"}]}
    shown = nbformat.v4.new_output("display_data", {"application/json": rows})
    code = nbformat.v4.new_code_cell("lire('la région')", outputs=[shown])
    text = nbformat.v4.new_markdown_cell("Dans la région")
    with programme_of(2):
        prose, run = clean(nbformat.v4.new_notebook(cells=[text, code]), {}).cells
    assert prose.source == "Dans les deux régions"
    assert run.source == code.source
    kept = run.outputs[0].data["application/json"]
    assert kept["schema"]["fields"][0]["name"] == "Les deux régions"
    assert kept["data"] == [{"Les deux régions": "12"}]


def test_a_published_table_is_of_two_regions_in_its_title_its_heads_and_its_cells():
    columns = (Column("lieu", "Région", definition="Élèves de la région."), Column("n", "Lignes"))
    rows = public(pd.DataFrame({"lieu": ["Industrie de la région"], "n": [3]}, dtype=object))
    sheet = Sheet("t", "CFA de la région", rows, columns, "", pd.Timestamp(2026, 1, 1).date())
    with programme_of(2):
        told = in_regions(sheet)
    assert told.title == "CFA des deux régions"
    assert told.columns[0].label == "Les deux régions"
    assert told.columns[0].definition == "Élèves des deux régions."
    assert told.frame.to_numpy().tolist() == [["Industrie des deux régions", 3]]
    assert told.frame.dtypes.equals(sheet.frame.dtypes)
    assert in_regions(sheet) is sheet


def test_a_label_of_several_lines_is_laid_out_again_up_to_the_edge_it_had():
    lines = ("La région face aux autres", "régions")
    style = "font-size: 10px; font-family: 'DejaVu Sans'"
    drawn = [BeautifulSoup(f'<text style="{style}">{one}</text>', "html.parser") for one in lines]
    left = [180 - aligned._width(one.find("text")) for one in drawn]
    texts = "".join(
        f'<text style="{style}" transform="translate({x} {12 * n})">{one}</text>'
        for n, (x, one) in enumerate(zip(left, lines, strict=True))
    )
    output = nbformat.v4.new_output("display_data", {"text/html": f"<svg><g>{texts}</g></svg>"})
    code = nbformat.v4.new_code_cell("figure()", outputs=[output])
    with programme_of(2):
        (cell,) = clean(nbformat.v4.new_notebook(cells=[code]), {}).cells
    found = BeautifulSoup(cell.outputs[0].data["text/html"], "html.parser").find_all("text")
    assert [one.get_text() for one in found] == ["Les deux régions face", "aux autres régions"]
    ends = [aligned._x(one) + aligned._width(one) for one in found]
    assert ends == pytest.approx([180, 180], abs=1e-3)


def test_a_cell_of_the_workbook_is_told_for_the_programme_now_written_of():
    asked = "Combien de personnes de plus travaillent dans l'industrie des deux régions ?"
    told = []
    for regions in (1, 2):
        with speaking(ENGLISH), programme_of(regions):
            told.append(told_tables._or_as_it_is(asked))
    assert told[0] == asked
    assert "the two regions" in told[1]
