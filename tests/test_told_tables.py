"""The workbook in English: no French head is left, and cells hold the numbers of the French one."""

import csv
import re
from datetime import date

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import quote_sheetname

from fpi_eval.disclosure import public
from fpi_eval.errors import FpiError
from fpi_eval.language import speaking
from fpi_eval.report.edition import PROJECT
from fpi_eval.report.published.book import tableaux
from fpi_eval.report.published.shown_tables import executed, tables_by_page
from fpi_eval.report.runner import told_tables
from fpi_eval.report.runner.extract import TableFile, write_tables
from fpi_eval.sheets import Column, Sheet
from fpi_eval.table_files import export_tables
from fpi_eval.tables import ShownTable
from fpi_eval.workbook import DEFINITIONS, write_workbook

FRENCH = re.compile(r"\b(?:les|des|une|est|pour|dans|élèves|rentrée|masqué|taux)\b", re.I)
TITLE = "Programme exemple, 2026-2027"
NUMBER, DECIMAL = re.compile(r"-?\d+(?:,\d+)?"), re.compile(r"-?\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def books(annee_simulee, tmp_path_factory):
    folder = tmp_path_factory.mktemp("classeurs")
    pages = tables_by_page(executed(PROJECT / "reports" / "exemple"))
    about = ["Contact : quelqu'un@exemple.fr."]
    french = write_workbook(
        folder / "fr.xlsx", tableaux(annee_simulee), title=TITLE, about=about, pages=pages
    )
    with speaking("en"):
        english = told_tables.write_workbook(french, folder / "en.xlsx")
    return [openpyxl.load_workbook(path) for path in (french, english)]


def around(sheet):
    """Return the cells of a sheet that are in no row of a table: titles, heads, notes."""
    rows = {c.coordinate for t in sheet.tables.values() for r in sheet[t.ref][1:] for c in r}
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.coordinate not in rows]
    return [cell.value for cell in cells if cell.value is not None]


def test_every_sheet_is_there_under_an_english_name(books):
    french, english = (book.sheetnames for book in books)
    assert len(french) == len(english)
    assert not [name for name in english if FRENCH.search(name) or re.search("[éèàç]", name)]


def test_no_title_head_or_note_is_left_in_french(books):
    said = {value for sheet in books[1].worksheets for value in around(sheet)}
    assert {str(one) for one in said if FRENCH.search(str(one))} == set()
    assert "s: hidden (statistical confidentiality); n/a: not available." in said


def test_definitions_are_english(books):
    rows = books[1][books[1].sheetnames[books[0].sheetnames.index(DEFINITIONS)]]
    said = [str(row[4]) for row in rows.iter_rows(values_only=True) if row[4]]
    assert len(said) > 40
    assert [one for one in said if FRENCH.search(one)] == []
    sources = {str(row[5]) for row in rows.iter_rows(min_row=6, values_only=True)}
    assert [one for one in sources if "rentrée" in one or "données" in one] == []


def test_numbers_are_the_same_in_the_same_cells(books):
    for here, there in zip(*(book.worksheets[1:] for book in books), strict=True):
        french, english = (
            {c.coordinate: (c.value, c.number_format) for row in sheet.iter_rows() for c in row
             if c.value is not None and not isinstance(c.value, str)}
            for sheet in (here, there)
        )  # fmt: skip
        assert english == french, here.title
    numbers = [c for sheet in books[1].worksheets for row in sheet.iter_rows() for c in row]
    assert sum(isinstance(cell.value, (int, float)) for cell in numbers) > 3000


def test_links_lead_to_the_sheets_and_tables_have_their_heads(books):
    for book in books:
        cells = book.worksheets[0]["A"]
        places = {c.hyperlink.location.rpartition("!")[0] for c in cells if c.hyperlink}
        assert places == {quote_sheetname(name) for name in book.sheetnames[1:]}
    for sheet in books[1].worksheets:
        for one in sheet.tables.values():
            heads = [str(cell.value) for cell in sheet[one.ref][0]]
            assert heads == [column.name for column in one.tableColumns]
            assert len(set(map(str.lower, heads))) == len(heads)


def test_a_sheet_that_cannot_be_told_is_left_out_and_named(annee_simulee, tmp_path):
    tables = tableaux(annee_simulee)[:1]
    french = write_workbook(tmp_path / "fr.xlsx", tables, title=TITLE)
    book = openpyxl.load_workbook(french)
    book.worksheets[-1]["A1"] = "Rien de tel que ce tableau"
    book.save(french)
    with speaking("en"):
        english = told_tables.write_workbook(french, tmp_path / "en.xlsx")
    made = openpyxl.load_workbook(english)
    assert made.sheetnames == ["Contents", "Definitions"]
    said = [cell.value for cell in made.worksheets[0]["A"]]
    assert any(f"French workbook: {tables[0].name}" in str(one) for one in said)


def test_the_dictionary_is_english_and_keeps_the_names_of_columns(annee_simulee, tmp_path):
    export_tables(tmp_path, tableaux(annee_simulee))
    source = tmp_path / "dictionnaire.csv"
    with speaking("en"):
        target = told_tables.write_dictionary(source, tmp_path / "dictionnaire_en.csv")
    french, english = read(source, ";"), read(target, ",")
    assert english[0] == ["table", "column", "Label", "Unit", "Definition", "Source"]
    assert [row[:2] for row in english[1:]] == [row[:2] for row in french[1:]]
    assert [row for row in english if FRENCH.search(" ".join(row[2:5]))] == []


def read(path, delimiter):
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream, delimiter=delimiter))


def test_every_table_of_the_pages_is_a_file_with_english_heads_and_the_same_numbers(tmp_path):
    french = [
        file
        for name, notebook in executed(PROJECT / "reports" / "exemple").items()
        for file in write_tables(tmp_path, name[:2], notebook, "_simule")
    ]
    with speaking("en"):
        english = told_tables.write_tables(tmp_path, french, "_simule")
    assert len(english) == len(french) > 50
    assert len({file.file for file in english}) == len(english)
    rows, numbers = {cell for one in french for row in one.table.rows for cell in row}, 0
    for here, there in zip(french, english, strict=True):
        assert there.file.startswith(f"tables/en/{here.place}_")
        assert not FRENCH.search(there.title)
        (heads, *cells), (told, *same) = (
            read(tmp_path / here.file, ";"),
            read(tmp_path / there.file, ","),
        )
        assert not [
            t for t, h in zip(told, heads, strict=True) if FRENCH.search(t) and h not in rows
        ]
        found = [
            [cell.replace(",", ".") for cell in row if NUMBER.fullmatch(cell)] for row in cells
        ]
        assert found == [[cell for cell in row if DECIMAL.fullmatch(cell)] for row in same]
        numbers += sum(map(len, found))
    assert numbers > 1000


def test_a_table_whose_head_has_no_translation_is_no_file(tmp_path):
    table = ShownTable("t", "Les données", ("Rien de tel que cette tête",), (("Ain",),), "")
    with speaking("en"):
        assert told_tables.write_tables(tmp_path, [TableFile("t.csv", "01", table)], "") == []


def test_a_cell_is_told_whole_or_part_by_part():
    with speaking("en"):
        assert told_tables.words("29 novembre 2026.") == "29 November 2026."
        assert told_tables.words("Formule : places ouvertes / places prévues.").startswith(
            "Formula"
        )
        with pytest.raises(FpiError, match="pas traduit"):
            told_tables.words("Source : rien de tel")


def test_whom_a_key_figure_is_about_is_told_and_other_names_stay(tmp_path):
    rows = {"champ": ["FPI AURA, secondaire", "Lyon"], "libelle": ["Places ouvertes"] * 2}
    columns = (Column("libelle", "Chiffre"), Column("champ", "Champ"))
    made = Sheet(
        "chiffres_cles", "Chiffres clés, ceux de la première page et des chapitres",
        public(pd.DataFrame(rows)), columns, "Registre des ouvertures", date(2027, 1, 31),
    )  # fmt: skip
    french = write_workbook(tmp_path / "fr.xlsx", [made], title=TITLE)
    said = {"FPI AURA, secondaire": "FPI AURA, upper secondary"}
    with speaking("en"):
        path = told_tables.write_workbook(french, tmp_path / "en.xlsx", said)
    cells = openpyxl.load_workbook(path)["key_figures"].iter_rows(min_row=6, values_only=True)
    assert list(cells) == [("Opened seats", said["FPI AURA, secondaire"]), ("Opened seats", "Lyon")]
