"""Tables and figures as readers see them."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook, new_output

from fpi_eval.disclosure.shown import Shown, _made, public
from fpi_eval.errors import FpiError
from fpi_eval.figures import Figure
from fpi_eval.report.runner.extract import write_tables
from fpi_eval.tables import RESOURCE, slug, table

FRAME = pd.DataFrame(
    {
        "filiere": ["Numérique", "Industrie <b>", "Ensemble"],
        "places": [1234.0, np.nan, 5678.0],
        "taux": [0.482, 0.5, np.nan],
        "diplomes": [np.nan, 12, 40],
    }
)
SHOWN = _made(FRAME, pd.DataFrame({"diplomes": [True, False, False]}))
FORMATS = {"taux": "pourcent", "diplomes": "nombre"}


def parsed(**options):
    options = {"formats": FORMATS, **options}
    return BeautifulSoup(table(SHOWN, "Places, par filière", **options).to_html(), "html.parser")


def test_numbers_are_written_in_french_and_missing_ones_said():
    shown = table(SHOWN, "T", formats=FORMATS).shown
    assert shown["places"].tolist() == ["1\u202f234", "n. d.", "5\u202f678"]
    assert shown["taux"].tolist() == ["48,2\u00a0%", "50,0\u00a0%", "n. d."]
    assert shown["diplomes"].tolist() == ["s", "12", "40"]


def test_a_column_without_format_has_one_digit_only_if_it_needs_it():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.25], "c": [True, False]})
    shown = table(frame, "T").shown
    assert shown.to_dict("list") == {"a": ["1", "2"], "b": ["1,0", "2,3"], "c": ["oui", "non"]}


def test_dates_categories_and_whole_numbers_that_may_miss_are_shown():
    frame = pd.DataFrame(
        {
            "c": pd.Categorical(["x", "y"]),
            "jour": pd.to_datetime(["2024-01-31", None]),
            "m": pd.array([1, None], dtype="Int64"),
        }
    )
    assert table(frame, "T").shown.to_numpy().tolist() == [
        ["x", "31/01/2024", "1"],
        ["y", "n. d.", "n. d."],
    ]


def test_a_named_index_becomes_the_first_column():
    frame = pd.DataFrame({"n": [1]}, index=pd.Index(["Ain"], name="departement"))
    assert list(table(frame, "T").shown) == ["departement", "n"]


def test_years_are_not_written_as_quantities():
    frame = pd.DataFrame({"rentree": [2022], "n": [2022], "an": [2022]})
    shown = table(frame, "T", formats={"an": "annee_scolaire"}).shown
    assert shown.iloc[0].tolist() == ["2022", "2\u202f022", "2022-2023"]


def test_csv_files_hold_what_is_shown_as_spreadsheets_read_it(tmp_path):
    frame = FRAME.assign(filiere=["=1+1", "-x", "Ensemble"], ecart=[-5, 12, 0])
    formats = FORMATS | {"ecart": "signe"}
    shown = [table(SHOWN.derived(frame), "Places", formats=formats)._repr_mimebundle_()]
    cells = [new_code_cell("t", outputs=[new_output("execute_result", data=d) for d in shown])]
    (made,) = write_tables(tmp_path, "02_places", new_notebook(cells=cells), "_simule")
    assert made.file == "tables/02_places_01_places_simule.csv"
    assert (tmp_path / made.file).read_text(encoding="utf-8-sig").splitlines() == [
        "filiere;places;taux;diplomes;ecart",
        "'=1+1;1234;0,482;s;-5",
        "'-x;n. d.;0,5;12;12",
        "Ensemble;5678;n. d.;40;0",
    ]


def test_a_table_has_a_caption_scopes_and_numbers_to_the_right():
    soup = parsed()
    assert soup.table.find(True).name == "caption"
    assert soup.caption.get_text() == "Places, par filière"
    assert {th["scope"] for th in soup.select("thead th")} == {"col"}
    assert [th.get_text() for th in soup.select("tbody th[scope=row]")] == list(FRAME["filiere"])
    assert all("gt_right" in td["class"] for td in soup.select("tbody td"))
    assert "gt_left" in soup.select_one("tbody th")["class"]


def test_a_heading_of_a_group_heads_a_body_of_its_own_lines():
    rows = pd.DataFrame({"voie": ["X", "X", "Y", "Y"], "mot": ["p", "q", "p", "r"], "n": range(4)})
    soup = BeautifulSoup(table(rows, "T", note="Une note.").to_html(), "html.parser")
    groups = [
        [cell.get_text() for cell in body.select("th[scope=rowgroup], th[scope=row]")]
        for body in soup.find_all("tbody")
    ]
    assert groups == [["X", "p", "q"], ["Y", "p", "r"]]
    assert [part.name for part in soup.table.find_all(True, recursive=False)] == [
        "caption", "thead", "tbody", "tbody", "tfoot"
    ]  # fmt: skip
    assert not soup.select("[scope=colgroup]")


def test_words_cannot_inject_markup():
    assert not parsed(note="<b>gras</b>").find("b")


def test_the_marks_used_and_only_they_are_explained():
    foot = parsed(source="Affelnet").tfoot.get_text(" ")
    assert "s : masqué" in foot
    assert "n. d. : non disponible" in foot
    assert "Source : Affelnet" in foot
    plain = table(FRAME[["filiere"]].iloc[:1], "T")
    assert plain.notes == []


def test_a_table_gives_the_same_bytes_each_time_and_no_id_that_could_clash():
    assert str(parsed()) == str(parsed())
    assert "id=" not in str(parsed())


def test_a_table_reads_as_plain_text_and_as_latex():
    heads = {name: name for name in SHOWN.frame} | {"places": "Places ouvertes"}
    made = table(SHOWN, "Places", formats=FORMATS, labels=heads)
    assert repr(made).splitlines()[0] == "Places"
    assert "Places ouvertes" in repr(made)
    latex = made.to_latex()
    assert r"\toprule" in latex
    assert r"48,2" in latex
    assert r"\%" in latex


def test_labels_choose_the_columns_and_their_order():
    rows = pd.DataFrame({"a": [1], "diplomes": [2], "b": [3]})  # nobody protected the second
    made = table(rows, "T", labels={"b": "B", "a": "A"})
    assert list(made.shown) == ["B", "A"]


def test_two_columns_under_one_title_are_refused():
    rows = pd.DataFrame({"a": [1], "b": [2]})
    with pytest.raises(FpiError, match="même titre « Places »"):
        table(rows, "Places", labels={"a": "Places", "b": "Places"})
    with pytest.raises(FpiError, match="même titre « b »"):
        table(rows, "Places", labels={"a": "b", "b": "b"})


def test_an_unknown_column_or_format_is_refused():
    with pytest.raises(FpiError, match="pas de colonne « taus »"):
        table(SHOWN, "T", formats={"taus": "pourcent"})
    with pytest.raises(FpiError, match="« pourcents » inconnu"):
        table(SHOWN, "T", formats={"taux": "pourcents"})


def test_what_a_table_keeps_for_the_report_is_what_it_shows():
    bundle = table(SHOWN, "Places, par filière", formats=FORMATS)._repr_mimebundle_()
    assert bundle[RESOURCE]["name"] == "places-par-filiere"
    assert bundle[RESOURCE]["data"][0]["diplomes"] == "s"
    assert bundle["text/html"].startswith("<table")


def draw():
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.bar(["a"], [1])
    return fig, ax


def test_a_long_title_makes_a_file_name_of_whole_words():
    assert slug("Écart, en points") == "ecart-en-points"
    assert slug("mot " * 30) == "-".join(["mot"] * 15)
    assert slug("x" * 80) == "x" * 60


def test_a_figure_has_title_words_source_and_data_and_is_closed():
    fig, ax = draw()
    made = Figure(ax, "Titre", "Affelnet", 'Une barre "a"', pd.DataFrame({"x": ["a"], "n": [1]}))
    soup = BeautifulSoup(made.to_html(), "html.parser")
    wide, narrow = soup.find_all("svg")
    for drawing in (wide, narrow):
        named = [drawing.find(id=name).string for name in drawing["aria-labelledby"].split()]
        assert named == ["Titre", 'Une barre "a"']
        assert "a" in [words.string.strip() for words in drawing.find_all("text")]
    assert "display:none" in narrow["style"]
    assert "display:none" not in wide["style"]
    assert soup.figcaption.get_text() == "Source : Affelnet"
    assert soup.details.table.caption.get_text() == "Titre"
    assert not plt.fignum_exists(fig.number)


def test_a_figure_gives_the_same_bytes_each_time():
    assert Figure(draw()[0], "t", "s", "a").to_html() == Figure(draw()[0], "t", "s", "a").to_html()


def test_a_figure_without_words_is_refused():
    fig, _ = draw()
    with pytest.raises(FpiError, match="ne la voient pas"):
        Figure(fig, "Titre", "source", " ")
    plt.close(fig)


def test_counts_of_people_that_nothing_protected_are_refused_wherever_they_would_be_shown():
    for show in (lambda rows: table(rows, "T"), lambda rows: Figure(draw()[0], "t", "s", "a", rows),
                 public):  # fmt: skip
        with pytest.raises(FpiError, match=r"colonne « diplomes ».*compte des personnes"):
            show(FRAME)
    assert table(FRAME.assign(diplomes="juin 2026"), "T")


def test_only_disclosure_says_what_may_be_shown_and_what_is_hidden_is_gone():
    with pytest.raises(FpiError, match=r"vient de « fpi_eval\.disclosure » seulement"):
        Shown(FRAME, pd.DataFrame(index=FRAME.index))
    with pytest.raises(FpiError, match="une valeur masquée est encore présente"):
        SHOWN.derived(FRAME.assign(diplomes=[3, 12, 40]))
