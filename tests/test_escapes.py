"""One list of hostile words against every way out."""

import csv as standard
import io
import re
import tomllib
from datetime import date

import openpyxl
import pandas as pd
import pytest
import typst
from bs4 import BeautifulSoup
from hostile import COMMANDS, HOSTILE, markup

from fpi_eval import escapes
from fpi_eval.disclosure import public
from fpi_eval.figures import Figure
from fpi_eval.plots import plt
from fpi_eval.sheets import Column, Sheet
from fpi_eval.table_files import csv_bytes
from fpi_eval.tables import table
from fpi_eval.terminal import Terminal, say
from fpi_eval.workbook import write_workbook

EVERY = [*HOSTILE, *COMMANDS]
every = pytest.mark.parametrize("words", EVERY)


@every
def test_html_shows_words_as_they_are(words):
    made = f'<p title="{escapes.html(words)}">{escapes.html(words)}</p>'
    assert not markup(made)
    paragraph = BeautifulSoup(made, "html.parser").select("p")[0]
    assert paragraph.get_text() == paragraph["title"] == escapes.plain(words)


@every
def test_a_style_sheet_keeps_words_inside_their_string(words):
    assert not re.search(r'["<>\n]', escapes.css(words)[1:-1])
    assert "\\" not in re.sub(r"\\[0-9a-f]+ ", "", escapes.css(words))


@every
def test_no_cell_runs_and_ordinary_text_is_kept(words):
    [[cell]] = standard.reader(
        io.StringIO(csv_bytes([words], []).decode("utf-8-sig")), delimiter=";"
    )
    assert not escapes.is_formula(cell)
    assert cell.removeprefix("'") == escapes.plain(words)


@every
def test_typst_and_toml_read_the_words_back(words):
    source = f"#metadata({escapes.typst(words)}) <dit>"
    assert typst.query(source.encode(), "<dit>", field="value", one=True)
    line = escapes.toml(words)
    assert tomllib.loads(f"nom = {line}")["nom"] == "".join(
        c if c.isprintable() else " " for c in words
    )


@every
def test_a_terminal_shows_words_and_obeys_none(words, capsys):
    console = Terminal(file=(shown := io.StringIO()), width=500, force_terminal=True)
    console.print(words)
    say(words)
    assert (
        shown.getvalue().strip() == capsys.readouterr().out.strip() == escapes.plain(words).strip()
    )


def test_every_word_in_one_table_one_figure_and_one_workbook(tmp_path):
    held = EVERY[:-1]  # the last is no text that a frame can hold
    frame = pd.DataFrame({"nom": held, "places": range(len(held))})
    title = " ".join(HOSTILE)
    shown = table(frame, title, source=title, note=title)
    _, ax = plt.subplots()
    ax.barh([escapes.plain(words) for words in held], frame["places"])
    drawn = Figure(ax, title, title, title, frame)
    for made in (shown.to_html(), drawn.to_html(), escapes.paragraphs(title)):
        assert not markup(made)
        assert not escapes.CONTROL.search(made)
    latex = shown.to_latex()
    assert "\\input{" not in latex
    assert "\\frac" not in latex
    one = Sheet("x", title, public(frame), (Column("nom", title), Column("places", "Places")),
                title, date(2026, 1, 1), title)  # fmt: skip
    path = write_workbook(tmp_path / "x.xlsx", [one], title=title, warning=title, about=[title])
    cells = [c for s in openpyxl.load_workbook(path) for row in s.iter_rows() for c in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert {escapes.plain(words) for words in held} - {"", *(cell.value for cell in cells)} == set()
