"""The workbook and the exported files: readable, harmless, reproducible, whole."""

import re
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from fpi_eval import escapes
from fpi_eval.disclosure.shown import _made
from fpi_eval.errors import FpiError
from fpi_eval.indicators.catalogue import SOLDE_PLACES, TAUX_REALISATION
from fpi_eval.report.published.make import column, show
from fpi_eval.sheets import Column, Sheet
from fpi_eval.table_files import csv_bytes, export_tables, replace_files
from fpi_eval.tables import ShownTable
from fpi_eval.tables import table as displayed
from fpi_eval.text import written
from fpi_eval.workbook import sheet_names, write_workbook

COLUMNS = (
    Column("formation", "Formation"),
    Column("millesime", "Millésime"),
    Column("sortants", "Sortants", "effectif", "Ont quitté la formation", "InserJeunes"),
    Column("taux", "Taux d'emploi à 6 mois", "taux", "En emploi / sortants"),
)


def table(**changes):
    frame = pd.DataFrame(
        {
            "formation": ["=1+1", "BTS", "-2", "@SUM(A1)", "\tx"],
            "millesime": pd.Series([2022, (2021, 2022), 2022, 2022, 2022], dtype=object),
            "sortants": [1234.0, np.nan, np.nan, 25.0, 30.0],
            "taux": [0.482, np.nan, np.nan, 0.5, 0.25],
            "brouillon": 1,
        }
    )
    hidden = pd.DataFrame({"sortants": [False, True, False, False, False]})
    base = {
        "name": "insertion",
        "title": "L'emploi à 6 mois par formation",
        "columns": COLUMNS,
        "source": "InserJeunes, DEPP-Dares",
        "date": date(2026, 11, 24),
    }
    rows = {"frame": frame, "hidden": hidden}
    rows |= {name: changes.pop(name) for name in rows if name in changes}
    return Sheet(**({"rows": _made(**rows)} | base | changes))


@pytest.fixture
def book(tmp_path):
    path = write_workbook(tmp_path / "rapport.xlsx", [table()], title="Rapport", warning="Simulé.")
    return openpyxl.load_workbook(path)


def test_a_sheet_has_title_source_date_header_and_frozen_panes(book):
    sheet = book["insertion"]
    assert book.sheetnames == ["Sommaire", "Définitions", "insertion"]
    assert sheet["A1"].value == "L'emploi à 6 mois par formation"
    assert sheet["A2"].value == "Source : InserJeunes, DEPP-Dares. 24 novembre 2026."
    assert sheet["A3"].value.startswith("Simulé.")
    header = [cell.value for cell in sheet[5]]
    assert header == ["Formation", "Millésime", "Sortants", "Taux d'emploi à 6 mois"]
    assert sheet.freeze_panes == "A6"
    assert sheet.column_dimensions["D"].width > 20


def test_numbers_stay_numbers_in_french_formats_and_hidden_cells_read_s(book):
    sheet = book["insertion"]
    assert (sheet["C6"].value, sheet["C6"].number_format) == (1234, "#,##0")
    assert (sheet["D6"].value, sheet["D6"].number_format) == (0.482, r"0.0\ %")
    assert [sheet["C7"].value, sheet["C8"].value, sheet["D8"].value] == ["s", "n. d.", "n. d."]
    assert sheet["B7"].value == "cumul 2021-2022"


def test_a_gap_of_shares_is_in_points_a_ratio_has_two_digits_and_mixed_numbers_their_own(tmp_path):
    """Pages say +17,4 points: neither +17,4 %, nor 0,2; a count among shares reads 831."""
    columns = (
        Column("ecart", "Écart", "points"),
        Column("taux", "Pression", "decimal"),
        Column("valeur", "Valeur", "nombre"),
    )
    frame = pd.DataFrame({"ecart": [0.174, None], "taux": [0.63, 2.0], "valeur": [831.0, 2.5]})
    gaps = table(columns=columns, frame=frame, hidden=frame[[]].copy())
    path = write_workbook(tmp_path / "r.xlsx", [gaps], title="Rapport")
    first, second = openpyxl.load_workbook(path)["insertion"]["A6:C7"]
    assert [cell.value for cell in first] == [17.4, 0.63, 831]
    shares, ratio, count = (cell.number_format for cell in first)
    assert shares.split(";")[:2] == [r'+#,##0.0\ "pts"', r'\-#,##0.0\ "pts"']
    assert (ratio, count, second[2].number_format) == ("#,##0.0#", "#,##0", "#,##0.0")
    assert second[0].value == "n. d."
    files = export_tables(tmp_path, [gaps])
    words = pd.read_csv(files[2], sep=";", encoding="utf-8-sig")
    assert words["unite"][0] == "points / 100"  # files keep 0.174


@pytest.mark.parametrize(
    ("declared", "value", "page", "sheet"),
    [
        (Column("n", "Avancement", "taux", digits=0), 0.233, "23\u00a0%", r"0\ %"),
        (Column("n", "Taux d'emploi", "taux"), 0.233, "23,3\u00a0%", r"0.0\ %"),
        (Column("n", "Solde", "effectif", signed=True), 5.0, "+5", r"+#,##0;\-#,##0;#,##0"),
        (Column("n", "Écart", "decimal", signed=True), -0.07, "\u22120,07",
         r"+#,##0.0#;\-#,##0.0#;#,##0.0#"),
        (column(TAUX_REALISATION), 0.915, "92\u00a0%", r"0\ %"),
        (column(SOLDE_PLACES), 12.0, "+12", r"+#,##0;\-#,##0;#,##0"),
    ],
)  # fmt: skip
def test_a_column_declares_once_its_digits_and_its_sign(tmp_path, declared, value, page, sheet):
    frame = pd.DataFrame({declared.name: [value]})
    one = table(columns=(declared,), frame=frame, hidden=frame[[]].copy())
    assert show(one).shown.iloc[0, 0] == page
    path = write_workbook(tmp_path / "r.xlsx", [one], title="Rapport")
    cell = openpyxl.load_workbook(path)["insertion"]["A6"]
    assert (cell.value, cell.number_format) == (value, sheet)


def test_text_that_looks_like_a_formula_is_stored_as_text(book):
    sheet = book["insertion"]
    for row, text in ((6, "=1+1"), (8, "-2"), (9, "@SUM(A1)"), (10, "\tx")):
        cell = sheet.cell(row, 1)
        assert (cell.data_type, cell.value, cell.quotePrefix) == ("s", text, True)
    assert not sheet["A7"].quotePrefix


def test_no_formula_is_written_whatever_the_text_of_titles_and_definitions(tmp_path):
    evil = table(
        title="=HYPERLINK(1)",
        columns=(Column("formation", "=2", "texte", "+3", "@4"),),
        hidden=pd.DataFrame(index=range(5)),
    )
    path = write_workbook(tmp_path / "x.xlsx", [evil], title="=5", warning="-6")
    cells = [c for s in openpyxl.load_workbook(path) for row in s.iter_rows() for c in row]
    assert sum(isinstance(c.value, str) and c.value[0] in "=+-@" for c in cells) >= 6
    assert all(cell.data_type != "f" for cell in cells)


def test_workbooks_are_made_without_lxml_and_the_environment_stays_as_it_was():
    said = (
        "import os, sys, fpi_eval; light = 'openpyxl' not in sys.modules; import fpi_eval.workbook,"
        " openpyxl.xml; print(light, openpyxl.xml.LXML, 'OPENPYXL_LXML' in os.environ)"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]
    alone = re.compile(r"^\s*(?:import|from) openpyxl\b", re.MULTILINE)
    folder = Path(escapes.__file__).parent
    found = [p.name for p in folder.rglob("*.py") if alone.search(p.read_text(encoding="utf-8"))]
    assert found == ["openpyxl_alone.py"]


def test_definitions_give_one_line_per_column(book):
    rows = list(book["Définitions"].iter_rows(min_row=6, values_only=True))
    assert len(rows) == 4
    assert rows[2] == (
        "insertion",
        "sortants",
        "Sortants",
        "effectif",
        "Ont quitté la formation",
        "InserJeunes",
    )


def test_the_same_tables_give_the_same_bytes_whenever_they_are_written(tmp_path):
    one, two = (
        write_workbook(tmp_path / f"{number}.xlsx", [table()], title="R") for number in "12"
    )
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
        page = archive.read("xl/worksheets/sheet2.xml").decode()
    assert core.count("2026-11-24T00:00:00Z") == 2
    assert "é" in page  # &#233; where lxml is installed, did openpyxl take it


def test_sheet_names_are_short_valid_and_distinct():
    names = sheet_names(["a/b", "x" * 40, "x" * 45, "X" * 31, "définitions", "'"])
    assert names[0] == "a b"
    assert names[1:4] == ["x" * 31, "x" * 29 + " 2", "X" * 29 + " 3"]
    assert names[4:] == ["définitions 2", "Tableau"]
    long = "07 Comment la méthode a été vérifiée"
    assert sheet_names([long, long]) == [
        "07 Comment la méthode a été",
        "07 Comment la méthode a été 2",
    ]
    assert sheet_names([f"{'x' * 31} y"]) == ["x" * 31]


def test_a_table_that_still_holds_a_hidden_value_is_refused():
    with pytest.raises(FpiError, match="masquée est encore présente"):
        table(hidden=pd.DataFrame({"sortants": [True, True, False, False, False]}))


def test_an_unknown_unit_or_column_is_refused():
    with pytest.raises(FpiError, match="unité « kg »"):
        Column("a", "A", "kg")
    with pytest.raises(FpiError, match="colonne absente"):
        table(columns=(Column("absente", "?"),))


def test_csv_is_french_and_parquet_keeps_numbers_and_flags(tmp_path):
    files = export_tables(tmp_path / "tables", [table()])
    assert [f.name for f in files] == ["insertion.parquet", "insertion.csv", "dictionnaire.csv"]
    raw = files[1].read_bytes()
    lines = raw.decode("utf-8-sig").split("\r\n")
    assert raw.startswith(b"\xef\xbb\xbf")
    assert lines[0] == "formation;millesime;sortants;taux"
    assert lines[1] == "'=1+1;2022;1234;0,482"
    assert lines[2] == "BTS;cumul 2021-2022;s;n. d."
    assert lines[3].startswith("'-2;")
    frame = pd.read_parquet(files[0])
    assert frame["sortants_secret"].tolist() == [False, True, False, False, False]
    assert frame["sortants"].iloc[0] == 1234
    assert np.isnan(frame["sortants"].iloc[1])
    words = pd.read_csv(files[2], sep=";", encoding="utf-8-sig")
    assert words["colonne"].tolist() == ["formation", "millesime", "sortants", "taux"]


def test_two_tables_of_the_same_name_are_refused(tmp_path):
    with pytest.raises(FpiError, match="tous différents"):
        export_tables(tmp_path, [table(), table()])


def test_a_failed_write_leaves_the_old_files_as_they_were(tmp_path):
    old = tmp_path / "a.csv"
    old.write_bytes(b"ancien")
    with pytest.raises(TypeError):
        replace_files({old: b"nouveau", tmp_path / "b.csv": "pas des octets"})
    assert old.read_bytes() == b"ancien"
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


HOSTILE = [
    "=1+1", "+1+1", "-2+3+cmd|' /C calc'!A0", "-1@x", "@SUM(A1)", "\t=1+1", "\r=1", " =1+1", "\n=1",
    "\uff1d1+1", "\x1b]0;titre\x07=1+1", "\x9b31m=1", "\x00=1",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_csv_cell_runs_or_obeys_a_terminal(text):
    head, row = csv_bytes([text], [[text]]).decode("utf-8-sig").split("\r\n")[:2]
    for cell in (escapes.csv(text), head.strip('"'), row.strip('"')):
        assert not escapes.is_formula(cell)
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", cell)


@pytest.mark.parametrize("text", ["Lyon", "1 234,5", "n. d.", "\u2212 3", "12 %"])
def test_ordinary_text_is_left_as_it_is(text):
    assert escapes.csv(text) == text


def shown(**changes):
    """A table as a page shows it: a code, a rate, an amount and a signed gap."""
    frame = pd.DataFrame(
        {"zone": ["8413", "0069"], "taux": [0.6271, None], "cout": [28947.3, 5.0], "ecart": [3, -2]}
    )
    formats = {"taux": "pourcent", "cout": "euros", "ecart": "signe"}
    return ShownTable.of(displayed(frame, "Un titre", formats=formats).resource("Un titre"))


def test_the_first_sheet_links_to_every_table_and_each_can_be_filtered_and_printed(tmp_path):
    pages = {"04 L'emploi": [shown(), shown()]}
    path = write_workbook(tmp_path / "x.xlsx", [table()], title="R", about=["A"], pages=pages)
    book = openpyxl.load_workbook(path)
    links = [cell.hyperlink.location for cell in book["Sommaire"]["A"] if cell.hyperlink]
    assert links == ["'04 L''emploi'!A1", "'04 L''emploi'!A7", "'Définitions'!A1", "'insertion'!A1"]
    assert [book["Sommaire"].cell(row, 1).value for row in (7, 10)] == ["04 L'emploi", "insertion"]
    made = [one for sheet in book for one in sheet.tables.values()]
    assert [one.ref for one in made] == ["A5:F9", "A2:D4", "A8:D10", "A5:D10"]
    assert len({one.displayName for one in made}) == 4
    for sheet in book:
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.orientation) == (1, "landscape")


def test_tables_of_pages_hold_numbers_rounded_as_shown_and_codes_as_text(tmp_path):
    path = write_workbook(tmp_path / "x.xlsx", [table()], title="R", pages={"P": [shown()]})
    first, second = openpyxl.load_workbook(path)["P"].iter_rows(min_row=3, max_row=4)
    assert [cell.value for cell in first] == ["8413", 0.627, 28947, 3]
    assert [cell.value for cell in second] == ["0069", "n. d.", 5, -2]
    formats = [r"0.0\ %", r'#,##0\ "€"', r"+#,##0;\-#,##0;#,##0"]
    assert [cell.number_format for cell in first[1:]] == [r"#,##" + formats[0], *formats[1:]]


def test_bounds_of_a_range_are_numbers_in_columns_of_their_own():
    rows = {
        "classe": ["de 0,1 à 0,5", "plus"],
        "annees": ["2019 à 2030", "2024"],
        "net": ["+800 (+550 à +1\u202f250)", "trop incertain"],
        "brut": ["\u2212300 à +1\u202f400", "10 à 14\u00a0%"],
        "seuls": ["138", "1\u202f500 (900 à 1\u202f750)"],
        "euros": ["de 1\u202f700\u00a0€ à 3\u202f100\u00a0€", "de 5\u00a0€ à 8\u00a0€"],
    }
    made = ShownTable.of(displayed(pd.DataFrame(rows), "T").resource("T"))
    ends = [
        f"{n}, borne {end}" for n in ("net", "brut", "seuls", "euros") for end in ("basse", "haute")
    ]
    heads = ["classe", "annees", "net", *ends[:4], "seuls", *ends[4:]]
    assert [*made.heads] == heads
    first, second = ([getattr(cell, "value", cell) for cell in row] for row in made.rows)
    assert first == ["de 0,1 à 0,5", "2019 à 2030", 800, 550, 1250, -300, 1400, 138, "", "",
                     1700, 3100]  # fmt: skip
    assert second[2:] == ["trop incertain", "", "", 0.1, 0.14, 1500, 900, 1750, 5, 8]


def test_a_column_that_has_the_head_of_a_bound_is_kept_beside_it():
    rows = {"a": ["x"], "net": ["\u2212300 à +400"], "net, borne basse": ["mot"]}
    made = ShownTable.of(displayed(pd.DataFrame(rows), "T").resource("T"))
    assert len(made.heads) == len(made.rows[0]) == 4
    assert made.rows[0][-1] == "mot"


def test_heads_of_an_excel_table_are_distinct_and_not_empty(tmp_path):
    twice = ShownTable("t", "T", ("A", "a", ""), ((written("1"), "x", "y"),), "")
    path = write_workbook(tmp_path / "x.xlsx", [table()], title="R", pages={"P": [twice]})
    assert [c.value for c in openpyxl.load_workbook(path)["P"][2]] == ["A", "a (2)", "Colonne 3"]


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("1\u202f234,50", 1234.5), ("\u221248,2\u00a0%", -0.482), ("+3\u00a0points", 3),
        ("22\u202f000\u00a0€", 22000), ("0", 0), ("069", None), ("2022-2023", None), ("s", None),
        ("1 23", None), ("de 3 à 5", None), ("١٢", None), ("1٢", None),
    ],
)  # fmt: skip
def test_a_number_is_read_back_as_it_was_written(words, value):
    found = written(words)
    assert (found and found.value) == value
