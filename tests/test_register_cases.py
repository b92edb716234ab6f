"""Registers as people fill them: each mistake read right, or refused with a remedy that works."""

import zipfile
from html import escape

import openpyxl
import pytest
from openpyxl.styles import Font

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import uai_key
from fpi_eval.sources.register.known import Course, Known
from fpi_eval.sources.register.openings import REGISTRE, read_ouvertures

NAMES = [column.name for column in REGISTRE.columns]
GOOD = {
    "projet": "ESSAI", "uai": "0010001W", "mefstat11": "23810025007", "cfd": "40025007",
    "filiere": "industrie", "niveau": "secondaire", "voie": "scolaire", "rentree": 2024,
    "places_prevues": 12, "places_ouvertes": 10,
}  # fmt: skip
SECOND = GOOD | {"uai": "0010006B", "places_ouvertes": 8}
KNOWN = Known(
    mef={
        "23810025007": Course("40025007", 1, 3), "23820025007": Course("40025007", 2, 3),
        "23830025007": Course("40025007", 3, 3), "32211025520": Course("32025520", 1, 2),
    },
    diplomes={"40025007": "secondaire", "32025520": "superieur", "01022703": "secondaire"},
    filieres={"40025007": "industrie", "32025520": "industrie", "01022703": "autre"},
    bac_pro=frozenset({"40025007"}), uais=frozenset({"0010001W", "0010006B"}),
    debuts={"ESSAI": 2024},
)  # fmt: skip


def book(tmp_path, *rows, edit=lambda page, book: None, name="ouvertures.xlsx"):
    made = openpyxl.Workbook()
    page = made.active
    page.title = "Ouvertures"
    page.append(NAMES)
    for row in rows or (GOOD, SECOND):
        page.append([row.get(n) for n in NAMES])
    edit(page, made)
    path = tmp_path / name
    made.save(path)
    return path


def read(path):
    return read_ouvertures(path, filieres={"industrie": "Industrie", "eau": "Eau"}, known=KNOWN)


def seats(path):
    return read(path).table["places_ouvertes"].tolist()


def refusal(path):
    with pytest.raises(FpiError) as caught:
        read(path)
    return str(caught.value)


# ── read right ──────────────────────────────────────────────────────────────────────────────────


def test_a_title_above_the_header_is_no_header(tmp_path):
    def title(page, _):
        page.insert_rows(1)
        page["A1"] = "Registre des ouvertures 2024"
        page.merge_cells("A1:Q1")

    table = read(book(tmp_path, edit=title)).table
    assert table["places_ouvertes"].tolist() == [10, 8]
    assert table["ligne"].tolist() == [3, 4]


@pytest.mark.parametrize("merged", [False, True])
def test_a_total_row_is_set_aside_and_counted(tmp_path, merged):
    def total(page, _):
        page.append([])
        page.append(["TOTAL", *[None] * 12, 24, 18])
        if merged:
            page.merge_cells("A5:M5")

    reading = read(book(tmp_path, edit=total))
    assert reading.table["places_ouvertes"].sum() == 18
    assert reading.provenance.lignes_ecartees == {"ligne de total": 1}


@pytest.mark.parametrize("name", ["CFA TotalEnergies", "TotalEnergies", "Total Énergies"])
def test_an_opening_whose_name_begins_as_a_total_is_not_lost(tmp_path, name):
    row = GOOD | {"uai": None, "etablissement": name}
    assert "colonne « uai » : trouvé une cellule vide" in refusal(book(tmp_path, row, SECOND))


@pytest.mark.parametrize(
    "change",
    [
        {"places_ouvertes": "10,0"}, {"places_ouvertes": " 10 "}, {"rentree": "01/09/2024"},
        {"rentree": "2024-09-01 00:00:00"}, {"uai": "0010001 W"}, {"uai": "10001W"},
        {"rentree": "2024.0"},
    ],
)  # fmt: skip
def test_what_a_spreadsheet_does_to_a_cell_is_undone(tmp_path, change):
    row = read(book(tmp_path, GOOD | change)).table.iloc[0]
    assert (row["uai"], row["rentree"], row["places_ouvertes"]) == ("0010001W", 2024, 10)


def test_a_diploma_that_lost_its_zero_gets_it_back_where_the_nomenclature_has_it(tmp_path):
    row = GOOD | {"mefstat11": None, "cfd": 1022703}
    assert read(book(tmp_path, row)).table["cfd"].tolist() == ["01022703"]
    assert KNOWN.outside({"mefstat11": None, "cfd": "01022703"})


@pytest.mark.parametrize(
    ("encoding", "separator", "first"),
    [("utf-16", "\t", ""), ("utf-8-sig", ";", "sep=;\r\n"), ("cp1252", ";", "Registre 2024;;\r\n")],
)
def test_french_excels_csv_is_read_in_each_of_its_shapes(tmp_path, encoding, separator, first):
    lines = [separator.join(NAMES)]
    lines += [separator.join(str(r.get(n) or "") for n in NAMES) for r in (GOOD, SECOND)]
    path = tmp_path / "ouvertures.csv"
    path.write_bytes((first + "\r\n".join(lines) + "\r\n").encode(encoding))
    table = read(path).table
    assert table["places_ouvertes"].tolist() == [10, 8]
    assert table["ligne"].tolist() == ([3, 4] if first else [2, 3])


def test_two_stray_quotation_marks_do_not_hide_an_opening(tmp_path):
    rows = [row | {"etablissement": '"Lycée Ici'} for row in (GOOD, SECOND)]
    lines = ["Registre 2024;;", ";".join(NAMES)]
    lines += [";".join(str(row.get(name) or "") for name in NAMES) for row in rows]
    path = tmp_path / "ouvertures.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = refusal(path)
    assert "ligne 3, colonne « etablissement » : un guillemet s'ouvre ici et avale" in said


def test_libreoffice_is_read_as_excel_is(tmp_path):
    rows = [NAMES, *([row.get(n) for n in NAMES] for row in (GOOD, SECOND))]
    path = tmp_path / "ouvertures.ods"
    write_ods(path, rows)
    assert seats(path) == [10, 8]
    write_ods(path, rows, hidden=2)
    assert "« Ouvertures » : ligne(s) masquée(s) 3." in refusal(path)
    write_ods(path, [*rows, []], hidden=3)  # hidden and empty
    assert seats(path) == [10, 8]
    write_ods(path, rows, more="Notes")
    assert seats(path) == [10, 8]
    write_ods(path, rows, more="Guide", inside=ONE_HIDDEN)  # of a sheet that is not read
    assert seats(path) == [10, 8]
    write_ods(path, rows, hidden=2, more="Guide", inside=ONE_HIDDEN)
    assert "ligne(s) masquée(s) 3." in refusal(path)
    write_ods(path, rows, cells={(1, 1): ' table:style-name="barre"'})
    assert "« Ouvertures » : ligne(s) barrée(s) 2." in refusal(path)
    noted = [NAMES, [*rows[1], "", "note d'avant"], rows[2]]  # beside the register's columns
    write_ods(path, noted, cells={(1, len(NAMES) + 1): ' table:style-name="barre"'})
    assert seats(path) == [10, 8]
    seats_of_both = {(1, NAMES.index("places_ouvertes")): ' table:number-rows-spanned="2"'}
    write_ods(path, rows, cells=seats_of_both)  # the second row's would be read as not known yet
    assert "ligne 2 : feuille « Ouvertures » : cellules fusionnées O2:O3 parmi" in refusal(path)
    write_ods(path, rows, name="Feuille1", more="Notes")
    assert "« Ouvertures » absente (trouvé : Feuille1 et Notes)" in refusal(path)
    write_ods(path, [*rows, *([["x"]] * 20_000)])
    assert "plus de 20\u202f000 lignes" in refusal(path)


def test_an_ods_that_holds_no_sheet_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "ouvertures.ods"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("content.xml", "<a/>")
    with pytest.raises(FpiError, match=r"Ouvrez-le et enregistrez-le à nouveau"):
        read(path)


ONE_HIDDEN = (
    '<table:table-row table:visibility="collapse"><table:table-cell office:value-type="string">'
    "<text:p>x</text:p></table:table-cell></table:table-row>"
)


def write_ods(path, rows, hidden=None, cells=None, name="Ouvertures", more="", inside=""):
    """Write the smallest OpenDocument sheet: one table of texts and numbers, then another one."""

    def cell(i, j, value):
        said = (cells or {}).get((i, j), "")
        if isinstance(value, int):
            return f'<table:table-cell{said} office:value-type="float" office:value="{value}"/>'
        return (
            f'<table:table-cell{said} office:value-type="string">'
            f"<text:p>{escape(value or '')}</text:p></table:table-cell>"
        )

    marks = {hidden: ' table:style-name="r" table:visibility="filter"'}
    body = "".join(
        f"<table:table-row{marks.get(i, '')}>"
        f"{''.join(cell(i, j, value) for j, value in enumerate(row))}</table:table-row>"
        for i, row in enumerate(rows)
    )
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "style", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces}>'
        '<office:automatic-styles><style:style style:name="barre" style:family="table-cell">'
        '<style:text-properties style:text-line-through-style="solid"/></style:style>'
        "</office:automatic-styles><office:body><office:spreadsheet>"
        f'<table:table table:name="{name}">{body}</table:table>'
        + (
            f'<table:table table:name="{more}">{inside}</table:table>'
            if inside
            else f'<table:table table:name="{more}"/>' * bool(more)
        )
        + "</office:spreadsheet></office:body></office:document-content>"
    )
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", mime)
        book.writestr("META-INF/manifest.xml", manifest)
        book.writestr("content.xml", content)


def test_a_workbook_named_xls_that_is_not_one_is_read_for_what_it_is(tmp_path):
    path = book(tmp_path)
    assert seats(path.rename(tmp_path / "ouvertures.xls")) == [10, 8]


# ── refused, with the remedy ────────────────────────────────────────────────────────────────────


def test_an_old_excel_file_and_a_protected_one_are_told_apart(tmp_path):
    old = tmp_path / "ouvertures.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "Enregistrer sous" in refusal(old)
    old.write_bytes(old.read_bytes() + "EncryptedPackage".encode("utf-16-le"))
    assert "mot de passe" in refusal(old)


def test_hidden_struck_and_merged_cells_are_refused_until_their_remedy_is_applied(tmp_path):
    def hide(page, _):
        page.row_dimensions[3].hidden = True

    def strike(page, _):
        page["B3"].font = Font(strike=True)

    def merge(page, _):
        page.merge_cells("N1:O1")

    for edit, words in ((hide, "masquée"), (strike, "barrée"), (merge, "N1:O1")):
        said = refusal(book(tmp_path, edit=edit))
        assert words in said
        assert "Ouvertures" in said
    assert seats(book(tmp_path)) == [10, 8]


def test_a_second_register_in_the_workbook_is_refused(tmp_path):
    def second(_, made):
        other = made.create_sheet("Ouvertures 2025")
        other.append(NAMES)
        other.append([GOOD.get(n) for n in NAMES])

    assert "Ouvertures 2025" in refusal(book(tmp_path, edit=second))

    def begun(_, made):
        other = made.create_sheet("Ouvertures 2025")
        other.append(["projet"])
        other.append(["FPI"])

    assert "Ouvertures 2025" in refusal(book(tmp_path, edit=begun))

    def notes(_, made):
        page = made.create_sheet("Notes")
        page.append(["Formation", "à revoir avec le rectorat"])
        page.append(["Contact", "Mme X"])

    assert seats(book(tmp_path, edit=notes)) == [10, 8]


def unknown():
    return "0019999" + uai_key("0019999")


@pytest.mark.parametrize(
    ("change", "column", "words", "remedy"),
    [
        ({"uai": unknown()}, "uai", "uai_changements.csv", {}),
        ({"mefstat11": "23899999999", "cfd": None}, "mefstat11", "nMef.csv", {}),
        ({"mefstat11": None, "cfd": "40099999"}, "cfd", "nFormationDiplome_", {}),
        ({"rentree": 2023}, "rentree", "2024 ou après", {"rentree": 2024}),
        ({"mefstat11": "23830025007"}, "mefstat11", "23810025007 et 23820025007",
         {"mefstat11": "23820025007"}),
        ({"mefstat11": "32211025520", "niveau": "superieur"}, "cfd", "deux formations",
         {"cfd": "32025520"}),
        ({"places_ouvertes": 480}, "places_ouvertes", "2 fois les 12", {"places_ouvertes": 14}),
        ({"filiere": "eau"}, "filiere", "industrie, comme filieres.csv", {"filiere": "industrie"}),
    ],
)  # fmt: skip
def test_wrong_content_is_told_with_its_column_and_the_remedy_reads(
    tmp_path, change, column, words, remedy
):
    said = refusal(book(tmp_path, GOOD | change))
    assert f"colonne « {column} »" in said
    assert words in said
    if remedy:
        assert len(seats(book(tmp_path, GOOD | change | remedy))) == 1
