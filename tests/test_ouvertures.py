"""The register of openings: read, checked, written as a template, reconciled, derived."""

import io
import zipfile
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from fpi_eval.errors import FpiError
from fpi_eval.programme import Academie, Departement, Territoire, load_programme
from fpi_eval.sources.reading import uai_key
from fpi_eval.sources.register.budget import overspent
from fpi_eval.sources.register.fault import plain_number
from fpi_eval.sources.register.known import Course, Known
from fpi_eval.sources.register.observed import derive_openings as derived
from fpi_eval.sources.register.openings import REGISTRE
from fpi_eval.sources.register.openings import read_ouvertures as read
from fpi_eval.sources.register.reconcile import reconcile as reconciled
from fpi_eval.sources.register.template import FIELDS, ProgrammeFacts, write_template

FPI = load_programme(Path(__file__).parents[1] / "data" / "fpi_aura")
FILIERES = {filiere.code: filiere.libelle for filiere in FPI.filieres}
read_ouvertures = partial(read, projets=FPI.noms_projets, filieres=FILIERES)
AS_BEFORE = pd.DataFrame(columns=["ancien_cfd", "nouveau_cfd"], dtype="str")
derive_openings = partial(derived, continuity=AS_BEFORE)
reconcile = partial(reconciled, continuity=AS_BEFORE)
NAMES = [column.name for column in REGISTRE.columns]
AIN = Territoire(
    code_region="84", region="Région d'essai",
    academies=(Academie(code="10", nom="Lyon"), Academie(code="08", nom="Grenoble")),
    departements=(Departement(code="001", nom="Ain", academie="10"),
                  Departement(code="038", nom="Isère", academie="08")),
)  # fmt: skip
GOOD = {
    "projet": "FPI", "uai": "0010001W", "etablissement": "Lycée d'essai", "commune": "Bourg",
    "departement": "Ain", "academie": "Lyon", "mefstat11": "23810025007", "cfd": "40025007",
    "formation": "Maintenance", "filiere": "reindustrialisation", "niveau": "secondaire",
    "voie": "scolaire", "rentree": "2024", "places_prevues": "12", "places_ouvertes": "10",
    "cout": "120000", "subvention": "50000",
}  # fmt: skip


def key_of(digits):
    return digits + uai_key(digits)


def write(tmp_path, *changes, separator=";", encoding="utf-8", names=NAMES):
    rows = [GOOD | change for change in changes]
    lines = [separator.join(names)] + [
        separator.join(f'"{row[n]}"' if separator in row[n] else row[n] for n in names)
        for row in rows
    ]
    path = tmp_path / "ouvertures.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def message(tmp_path, *changes, **options):
    with pytest.raises(FpiError) as caught:
        read_ouvertures(write(tmp_path, *changes), **options)
    return str(caught.value)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("separator", [";", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_register_is_read_in_each_encoding_and_separator(tmp_path, separator, encoding):
    reading = read_ouvertures(write(tmp_path, {}, separator=separator, encoding=encoding))
    (row,) = reading.table.to_dict("records")
    assert row["etablissement"] == "Lycée d'essai"
    assert (row["rentree"], row["places_prevues"], row["places_ouvertes"]) == (2024, 12, 10)
    assert (row["cout"], row["subvention"], row["code_departement"]) == (120000, 50000, "001")
    assert row["ligne"] == 2
    assert reading.provenance.encodage == encoding


def test_empty_places_are_unknown_and_not_zero(tmp_path):
    table = read_ouvertures(write(tmp_path, {"places_ouvertes": "", "cout": ""})).table
    assert np.isnan(table["places_ouvertes"][0])
    assert np.isnan(table["cout"][0])


def test_blank_lines_are_skipped_and_line_numbers_hold(tmp_path):
    path = write(tmp_path, {}, dict.fromkeys(NAMES, ""), {"uai": "0010002X"})
    assert read_ouvertures(path).table["ligne"].tolist() == [2, 4]


def test_labels_and_case_are_absorbed(tmp_path):
    table = read_ouvertures(write(tmp_path, {
        "projet": "fpi", "uai": "0010001w", "niveau": "Secondaire", "voie": "Voie scolaire",
        "filiere": "Énergie décarbonée et industrie verte",
    })).table  # fmt: skip
    assert table.loc[0, ["projet", "uai", "niveau", "voie", "filiere"]].tolist() == [
        "FPI", "0010001W", "secondaire", "scolaire", "energie_decarbonee"]  # fmt: skip


def test_columns_may_stand_in_any_order_and_optional_ones_be_absent(tmp_path):
    kept = [n for n in reversed(NAMES) if n not in ("commune", "academie", "mefstat11", "cout")]
    table = read_ouvertures(write(tmp_path, {"subvention": ""}, names=kept)).table
    assert table["cfd"].tolist() == ["40025007"]
    assert table["mefstat11"].isna().all()


def test_a_closure_that_finances_an_opening_has_negative_places(tmp_path):
    closure = {"mefstat11": "23810025008", "cfd": "40025008", "cout": "", "subvention": "",
               "places_prevues": "-12", "places_ouvertes": "-12"}  # fmt: skip
    table = read_ouvertures(write(tmp_path, {}, closure)).table
    assert table["places_prevues"].tolist() == [12, -12]


@pytest.mark.parametrize(("text", "value"), [
    ("12 500,50 €", 12500.5), ("12\u202f500", 12500), ("\u2212 3", -3), ("1e5", np.nan),
    ("", np.nan), ("1.2.3", np.nan), ("NaN", np.nan), ("inf", np.nan), ("١٢", np.nan),
    ("5 8", np.nan), ("12€50", np.nan), ("120000\n50000", np.nan), ("1 000 000", 1e6),
])  # fmt: skip
def test_french_numbers_are_read_and_nothing_else(text, value):
    np.testing.assert_equal(plain_number(text), value)


def test_corsican_establishments_lie_in_their_departement(tmp_path):
    path = write(tmp_path, {"uai": key_of("6200001"), "departement": "2A", "academie": ""})
    assert read_ouvertures(path).table["code_departement"].tolist() == ["02A"]


def test_a_departement_overseas_is_not_the_one_of_its_last_digits(tmp_path):
    uai = {"uai": key_of("9740001"), "academie": ""}
    assert len(read_ouvertures(write(tmp_path, uai | {"departement": "974"})).table) == 1
    assert "attendu 974, comme l'UAI" in message(tmp_path, uai | {"departement": "74"})


# ── every kind of error, with its line and column ───────────────────────────────────────────────

ERRORS = [
    ({"projet": "ATFC"}, "projet", "« ATFC »", "ATCF et FPI"),
    ({"projet": ""}, "projet", "cellule vide", "Remplissez"),
    ({"uai": "001001W"}, "uai", "« 001001W »", "7 chiffres"),
    ({"uai": "0010001X"}, "uai", "« 0010001X »", "lettre de contrôle W"),
    ({"uai": key_of("0750001")}, "uai", "du territoire : Région d'essai", "001 et 038"),
    ({"departement": "Isère"}, "departement", "« Isère »", "001 (Ain)"),
    ({"departement": "38"}, "departement", "« 38 »", "001 (Ain)"),
    ({"academie": "Grenoble"}, "academie", "« Grenoble »", "Lyon"),
    ({"mefstat11": "2381002500"}, "mefstat11", "« 2381002500 »", "11 caractères"),
    ({"mefstat11": "2,381E+10"}, "mefstat11", "« 2,381E+10 »", "format Texte"),
    ({"cfd": "1025007", "mefstat11": ""}, "cfd", "« 1025007 »", "01025007"),
    ({"mefstat11": "", "cfd": ""}, "mefstat11", "cellule vide", "l'un des deux"),
    ({"cfd": "40025008"}, "cfd", "« 40025008 »", "25007"),
    ({"niveau": "superieur"}, "niveau", "« superieur »", "mefstat11 23810025007"),
    ({"niveau": "lycée"}, "niveau", "« lycée »", "secondaire et superieur"),
    ({"filiere": "autre"}, "filiere", "« autre »", "numerique"),
    ({"voie": "alternance"}, "voie", "« alternance »", "apprentissage"),
    ({"rentree": "24"}, "rentree", "« 24 »", "en quatre chiffres"),
    ({"rentree": "2024-2025"}, "rentree", "« 2024-2025 »", "Écrivez 2024"),
    ({"rentree": "2024-02-01 00:00:00"}, "rentree", "2024-02-01", "en quatre chiffres"),
    ({"rentree": "٢٠٢٤"}, "rentree", "«", "2000 et 2099"),
    ({"rentree": "septembre 2024"}, "rentree", "« septembre 2024 »", "en quatre chiffres"),
    ({"rentree": "1999"}, "rentree", "« 1999 »", "2000 et 2099"),
    ({"places_prevues": "12,5"}, "places_prevues", "« 12,5 »", "entier"),
    ({"places_prevues": "douze"}, "places_prevues", "« douze »", "nombre seul"),
    ({"places_prevues": ""}, "places_prevues", "cellule vide", "Remplissez"),
    ({"places_prevues": "900"}, "places_prevues", "« 900 »", "-500 et 500"),
    ({"places_ouvertes": "-10"}, "places_ouvertes", "« -10 »", "même signe"),
    ({"places_prevues": "0", "places_ouvertes": "0"}, "places_prevues", "« 0 »", "une place"),
    ({"places_prevues": "-12", "places_ouvertes": "-12"}, "places_prevues", "« -12 »", "finance"),
    ({"cout": "-5"}, "cout", "« -5 »", "positif ou nul"),
    ({"cout": "120.000"}, "cout", "« 120.000 »", "Écrivez 120000"),
    ({"cout": "\u22125.000"}, "cout", "« \u22125.000 »", "Écrivez -5000"),
    ({"subvention": "130000"}, "subvention", "« 130000 »", "au plus le coût"),
    ({"subvention": "nd"}, "subvention", "« nd »", "nombre seul"),
    ({"etablissement": "=1+1"}, "etablissement", "« =1+1 »", "formule"),
    ({"commune": "@SUM(A1)"}, "commune", "« @SUM(A1) »", "formule"),
    ({"projet": "EXEMPLE"}, "projet", "« EXEMPLE »", "Supprimez cette ligne"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "column", "found", "advice"), ERRORS)
def test_a_fault_is_told_with_its_line_its_column_and_what_to_do(
    tmp_path, change, column, found, advice
):
    with pytest.raises(FpiError) as caught:
        read_ouvertures(write(tmp_path, {"uai": key_of("0380001"), "departement": "038",
                                         "academie": "08", "rentree": "2023"}, change),
                        territoire=AIN)  # fmt: skip
    error = caught.value
    assert (error.fichier, error.ligne, error.colonne) == ("ouvertures.csv", 3, column)
    assert found in str(error)
    assert advice in str(error)
    assert "attendu" in str(error)


def test_the_same_opening_twice_names_both_lines(tmp_path):
    text = message(tmp_path, {}, {"places_prevues": "6"})
    assert "ligne 3" in text
    assert "déjà à la ligne 2" in text


def test_one_opening_written_by_each_code_is_a_duplicate_and_two_entry_years_are_not(tmp_path):
    courses = {
        "23810025007": Course("40025007", 1, 3),
        "23820025007": Course("40025007", 2, 3),
        "23210025007": Course("50025007", 1, 2),
    }
    by_mef, by_cfd = {"cfd": ""}, {"mefstat11": ""}
    codes = Known(mef=courses, bac_pro={"40025007"})
    text = message(tmp_path, by_mef, by_cfd, known=codes)
    assert "déjà à la ligne 2" in text
    assert "deux années d'entrée, écrivez mefstat11" in text
    assert "déjà à la ligne 2" in message(tmp_path, by_cfd, {})
    cap = {"mefstat11": "23210025007", "cfd": ""}  # ends alike, and is another diploma
    for other in ({"mefstat11": "23820025007"}, cap):
        path = write(tmp_path, by_mef, by_mef | other)
        assert len(read_ouvertures(path, known=codes).table) == 2
    table = read_ouvertures(write(tmp_path, by_cfd, cap), known=codes).table
    assert table["cfd"].tolist() == ["40025007", "50025007"]


def test_two_projects_may_open_the_same_course(tmp_path):
    assert len(read_ouvertures(write(tmp_path, {}, {"projet": "ATCF"})).table) == 2


def test_all_faults_are_gathered_and_twenty_are_shown(tmp_path):
    changes = [{"uai": "x", "rentree": str(2000 + i), "voie": "y"} for i in range(12)]
    text = message(tmp_path, *changes)
    assert "24 erreurs" in text
    assert text.count("\n") == 21
    assert "… et 4 autres erreurs." in text
    assert text.index("ligne 2,") < text.index("ligne 3,")


def test_a_missing_column_is_named_with_the_nearest(tmp_path):
    path = write(tmp_path, {})
    path.write_text(path.read_text(encoding="utf-8").replace("places_prevues", "place_prevue"),
                    encoding="utf-8")  # fmt: skip
    with pytest.raises(FpiError, match="place_prevue"):
        read_ouvertures(path)


def test_a_missing_column_that_no_other_can_be_is_to_be_added(tmp_path):
    names = [n for n in NAMES if n != "uai"]
    with pytest.raises(FpiError, match=r"toutes reconnues : ajoutez celle-ci"):
        read_ouvertures(write(tmp_path, {}, names=names))


def test_a_register_without_any_course_code_is_refused(tmp_path):
    names = [n for n in NAMES if n not in ("mefstat11", "cfd")]
    with pytest.raises(FpiError, match="dit la formation"):
        read_ouvertures(write(tmp_path, {}, names=names))


@pytest.mark.parametrize("content", [b"", b"\n\n", ";".join(NAMES).encode() + b"\n"])
def test_an_empty_register_is_said_so(tmp_path, content):
    path = tmp_path / "ouvertures.csv"
    path.write_bytes(content)
    with pytest.raises(FpiError, match=r"vide|aucune ouverture|colonne"):
        read_ouvertures(path)


def test_an_absent_file_is_said_so(tmp_path):
    with pytest.raises(FpiError, match="absent"):
        read_ouvertures(tmp_path / "ouvertures.csv")


# ── the template ────────────────────────────────────────────────────────────────────────────────

FACTS = ProgrammeFacts(
    "Programme d'essai", ("Ain", "Isère"), FPI.noms_projets, FPI.codes_filieres, 2027
)


def fill(path, *rows):
    """Delete the examples and write rows under the header, as a person would."""
    book = openpyxl.load_workbook(path)
    sheet = book["Ouvertures"]
    sheet.delete_rows(2, 2)
    for place, row in enumerate(rows, start=2):
        for column, name in enumerate(NAMES, start=1):
            value = row[name]
            number = name in ("rentree", "places_prevues", "places_ouvertes", "cout", "subvention")
            sheet.cell(place, column).value = int(value) if number and value else value or None
    book.save(path)
    return path


def test_the_template_has_lists_a_guide_and_no_macro(tmp_path):
    path = write_template(tmp_path / "modele.xlsx", FACTS)
    book = openpyxl.load_workbook(path, keep_vba=True)
    assert book.sheetnames == ["Ouvertures", "Guide", "Listes"]
    with closing(book.vba_archive) as archive:
        assert not any("vba" in name for name in archive.namelist())
    lists = {str(v.sqref)[0]: v for v in book["Ouvertures"].data_validations.dataValidation
             if v.type == "list"}  # fmt: skip
    columns = {name: openpyxl.utils.get_column_letter(NAMES.index(name) + 1)
               for name in ("projet", "departement", "filiere", "niveau", "voie")}  # fmt: skip
    assert set(lists) == set(columns.values())
    place = lists[columns["departement"]].formula1.split("!")[1].replace("$", "")
    assert [c[0].value for c in book["Listes"][place]] == ["Ain", "Isère"]
    guide = "\n".join(str(v) for row in book["Guide"].iter_rows(values_only=True) for v in row)
    assert all(field.name in guide and field.guide in guide for field in FIELDS)


def test_the_template_takes_its_lists_from_the_programme():
    facts = ProgrammeFacts.of(FPI)
    assert facts.departements[0] == "Ain"
    assert facts.filieres == ("reindustrialisation", "numerique", "energie_decarbonee")
    assert facts.projets == ("ATCF", "FPI")
    assert facts.debut == FPI.rentree_debut


def test_the_year_of_the_template_s_examples_is_the_programme_s_first(tmp_path):
    book = openpyxl.load_workbook(write_template(tmp_path / "modele.xlsx", FACTS))
    rows = list(book["Ouvertures"].iter_rows(min_row=2, max_row=3, values_only=True))
    assert [row[NAMES.index("rentree")] for row in rows] == [2027, 2027]
    guide = dict(book["Guide"].iter_rows(values_only=True))
    assert guide["rentree"] == "Année de septembre : 2027 pour l'année scolaire 2027-2028."


def amounts(*rows):
    return pd.DataFrame(rows, columns=["projet", "cout", "subvention"])


def test_amounts_above_the_declared_budget_are_told_with_both_and_the_file():
    spent = amounts(("FPI", 15e6, 5e6), ("FPI", 7e6 + 0.5, 4.5e6), ("ATCF", 9e6, 9e6))
    (said,) = overspent(spent, FPI, "registre.xlsx")
    assert "les coûts de registre.xlsx font 22\u202f000\u202f000,50\u00a0€" in said
    assert "« total » de [cout] dans programme.toml (22\u202f000\u202f000\u00a0€)" in said
    (said,) = overspent(amounts(("FPI", 10e6, 9.6e6)), FPI, "registre.xlsx")
    assert "les subventions de registre.xlsx font 9\u202f600\u202f000\u00a0€" in said
    assert "« subvention »" in said


def test_the_predecessor_s_amounts_are_another_budget_however_its_name_is_written():
    before = FPI.predecesseur.model_copy(update={"nom": "Atcf"})
    what = FPI.model_copy(update={"predecesseur": before})
    assert overspent(amounts(("FPI", 1e6, 0.5e6), ("ATCF", 30e6, 20e6)), what, "r.csv") == ()


def test_amounts_within_the_budget_or_above_a_declared_minimum_are_not_told():
    assert overspent(amounts(("FPI", 22e6, 9.5e6), ("FPI", np.nan, np.nan)), FPI, "r.csv") == ()
    least = FPI.model_copy(update={"cout": FPI.cout.model_copy(update={"minimum": True})})
    assert overspent(amounts(("FPI", 30e6, 20e6)), least, "r.csv") == ()
    before = FPI.predecesseur.model_copy(update={"nom": "Atcf"})  # the register has it in capitals
    named = FPI.model_copy(update={"predecesseur": before})
    assert overspent(amounts(("FPI", 22e6, 9.5e6), ("ATCF", 9e6, 9e6)), named, "r.csv") == ()


def test_another_programme_names_its_own_projects_and_filieres(tmp_path):
    path = write(tmp_path, {"projet": "Hauts", "filiere": "Rail et bus"})
    table = read(path, projets=("HAUTS",), filieres={"rail": "Rail et bus"}).table
    assert table.loc[0, ["projet", "filiere"]].tolist() == ["HAUTS", "rail"]
    with pytest.raises(FpiError, match=r"attendu métro\. Choisissez"):
        read(path, projets=("HAUTS",), filieres={"métro": "Métro"})
    path = write(tmp_path, {"projet": "Exemplaire"})  # which is no example of the template
    assert len(read(path, projets=("Exemplaire",), filieres=FILIERES).table) == 1


def test_the_examples_of_the_template_are_refused(tmp_path):
    path = write_template(tmp_path / "modele.xlsx", FACTS)
    with pytest.raises(FpiError, match="2 erreurs") as caught:
        read_ouvertures(path)
    assert str(caught.value).count("EXEMPLE") == 2
    assert "ligne 2, colonne « projet »" in str(caught.value)


def test_a_filled_template_reads_as_the_same_csv(tmp_path):
    rows = [GOOD, GOOD | {"uai": key_of("0380001"), "departement": "Isère", "academie": "",
                          "places_ouvertes": "", "cfd": ""}]  # fmt: skip
    path = fill(write_template(tmp_path / "modele.xlsx", FACTS), *rows)
    from_excel = read_ouvertures(path, territoire=AIN)
    from_csv = read_ouvertures(write(tmp_path, *rows), territoire=AIN)
    pd.testing.assert_frame_equal(from_excel.table, from_csv.table)
    assert from_excel.provenance.encodage == "xlsx"


def test_a_filled_register_is_never_overwritten(tmp_path):
    path = write_template(tmp_path / "modele.xlsx", FACTS)
    with pytest.raises(FpiError, match="existe déjà"):
        write_template(path, FACTS)


def test_texts_of_the_programme_never_become_formulas(tmp_path):
    facts = ProgrammeFacts(
        '=HYPERLINK("http://x")', ("=1+1", "@x"), projets=("+1",), filieres=("=2",), debut=2027
    )
    book = openpyxl.load_workbook(write_template(tmp_path / "modele.xlsx", facts))
    kinds = {c.data_type for sheet in book for row in sheet.iter_rows() for c in row}
    assert "f" not in kinds
    assert book["Listes"]["E2"].value == "=1+1"


def test_a_formula_in_a_text_is_refused_and_the_value_of_one_in_a_number_is_read(tmp_path):
    path = fill(write_template(tmp_path / "modele.xlsx", FACTS),
                GOOD | {"etablissement": '=HYPERLINK("http://x";"y")'})  # fmt: skip
    with pytest.raises(FpiError, match="formule") as caught:
        read_ouvertures(path)
    assert (caught.value.ligne, caught.value.colonne) == (2, "etablissement")
    book = openpyxl.load_workbook(fill_again(path))
    for formula in ("=100000+20000", ArrayFormula("P2", "=100000+20000")):
        book["Ouvertures"].cell(2, NAMES.index("cout") + 1).value = formula
        book.save(path)
        with pytest.raises(FpiError, match="« =100000") as caught:  # that nothing has computed
            read_ouvertures(path)
        assert caught.value.colonne == "cout"


def fill_again(path):
    book = openpyxl.load_workbook(path)
    book["Ouvertures"].cell(2, NAMES.index("etablissement") + 1).value = "Lycée"
    book.save(path)
    return path


@pytest.mark.parametrize("content", [b"pas un classeur", b"PK\x03\x04rien", b""])
def test_a_file_that_is_not_a_workbook_is_refused(tmp_path, content):
    path = tmp_path / "ouvertures.xlsx"
    path.write_bytes(content)
    with pytest.raises(FpiError, match="classeur Excel"):
        read_ouvertures(path)


def test_several_sheets_without_ours_are_refused(tmp_path):
    book = openpyxl.Workbook()
    book.create_sheet("Autre")
    buffer = io.BytesIO()
    book.save(buffer)
    path = tmp_path / "ouvertures.xlsx"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(FpiError, match="feuille « Ouvertures » absente"):
        read_ouvertures(path)


def test_a_workbook_that_unpacks_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fpi_eval.sources.reading.excel.MAX_UNPACKED", 1_000_000)
    path = tmp_path / "ouvertures.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"a" * 1_000_001)
    with pytest.raises(FpiError, match="trop gros"):
        read_ouvertures(path)


def test_the_last_value_of_a_computed_number_is_read(tmp_path):
    path = fill(write_template(tmp_path / "modele.xlsx", FACTS), GOOD)
    parts = {}
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    page = "xl/worksheets/sheet1.xml"
    parts[page] = parts[page].replace(b"<v>120000</v>", b"<f>100000+20000</f><v>120000</v>")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert read_ouvertures(path).table["cout"].tolist() == [120000]


def damage(content, rng):
    """Flip, cut, drop, insert or swap some bytes."""
    content, kind = bytearray(content), rng.integers(5)
    i, j = rng.integers(len(content), size=2)
    if kind == 0:
        content[i], content[j] = rng.integers(256, size=2)
    elif kind == 1:
        del content[i:]
    elif kind == 2:
        del content[i : i + 20]
    elif kind == 3:
        content[i:i] = rng.bytes(5)
    else:
        content[i : i + 9], content[j : j + 9] = content[j : j + 9], content[i : i + 9]
    return bytes(content)


def damaged_workbook(path, rng):
    """Damage the whole file or, more deviously, one part of a sound archive."""
    if rng.random() < 0.4:
        return damage(path.read_bytes(), rng)
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        victim = rng.choice(old.namelist())
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, damage(part, rng) if name == victim else part)
    return out.getvalue()


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_damaged_register_is_read_or_refused_in_french_never_a_traceback(tmp_path, suffix):
    rng = np.random.default_rng(20240901)
    rows = [GOOD | {"rentree": str(2020 + i)} for i in range(4)]
    whole = write(tmp_path, *rows)
    if suffix == "xlsx":
        whole = fill(write_template(tmp_path / "modele.xlsx", FACTS), *rows)
    path = tmp_path / f"abime.{suffix}"
    refusals = 0
    for _ in range(100):
        content = whole.read_bytes()
        path.write_bytes(damage(content, rng) if suffix == "csv" else damaged_workbook(whole, rng))
        try:
            read_ouvertures(path)
        except FpiError as error:
            refusals += error.fichier in (path.name, str(path))
    assert 20 < refusals < 100


# ── reconciliation ──────────────────────────────────────────────────────────────────────────────

MEF, CFD_ = "23810025007", "40025007"


def capacities(*rows):
    """Rows: uai, mefstat11, cfd, voie, rentree, places, source."""
    names = ["uai", "mefstat11", "cfd", "voie", "rentree", "places", "source"]
    table = pd.DataFrame(rows, columns=names).astype({"places": float})
    of_bts = [str(row.mefstat11 or row.cfd)[:1] == "3" for row in table.itertuples()]
    return table.assign(niveau=["superieur" if bts else "secondaire" for bts in of_bts])


def register(*rows):
    """Rows: uai, mefstat11, cfd, rentree, places_ouvertes."""
    names = ["uai", "mefstat11", "cfd", "rentree", "places_ouvertes"]
    table = pd.DataFrame(rows, columns=names).astype({"places_ouvertes": float})
    return table.assign(projet="FPI", voie="scolaire", niveau="secondaire")


def seats(uai, year, places, mef=MEF, cfd=CFD_, source="Affelnet"):
    return (uai, mef, cfd, "scolaire", year, places, source)


OTHER = [seats("Z", 2023, 15, "23810025555", "40025555"),
         seats("Z", 2024, 15, "23810025555", "40025555")]  # fmt: skip


def test_a_second_offer_of_parcoursup_is_seats_not_a_row_of_the_same_class():
    rows = [seats("A", 2023, 12), seats("A", 2024, 12), seats("A", 2024, 12)]
    offers = capacities(*rows).assign(source="parcoursup_bts")
    (row,) = reconcile(register(("A", MEF, CFD_, 2024, 12)), offers).to_dict("records")
    assert (row["statut"], row["variation"]) == ("confirmée", 12)
    assert derive_openings(offers)["places_ouvertes"].tolist() == [12.0]
    classes = capacities(*rows).assign(source="affelnet")
    assert derive_openings(classes).empty


@pytest.mark.parametrize(("before", "now", "declared", "statut"), [
    (12, 24, 12, "confirmée"),
    (12, 30, 12, "supérieure"),
    (12, 18, 12, "inférieure"),
    (24, 12, -12, "confirmée"),
    (12, 12, 12, "inférieure"),
])  # fmt: skip
def test_declared_seats_are_compared_with_the_change_observed(before, now, declared, statut):
    observed = capacities(seats("A", 2023, before), seats("A", 2024, now))
    (row,) = reconcile(register(("A", MEF, CFD_, 2024, declared)), observed).to_dict("records")
    assert row["statut"] == statut
    assert row["variation"] == now - before
    assert row["motif"] == "même formation aux deux rentrées"


@pytest.mark.parametrize(("rows", "statut", "words"), [
    (OTHER, "introuvable", "établissement absent"),
    ([*OTHER, seats("A", 2024, 15, "23810025999", "40025999")], "introuvable", "formation absente"),
    ([seats("A", 2024, 24)], "non vérifiable", "pas de fichier de la rentrée d'avant"),
    ([seats("A", 2023, 24)], "non vérifiable", "aucun fichier"),
    ([seats("A", 2023, np.nan), seats("A", 2024, 24)], "non vérifiable", "masquées"),
    ([seats("A", 2023, 12), seats("A", 2024, np.nan)], "non vérifiable", "masquées"),
    ([*OTHER, seats("A", 2024, 24)], "non vérifiable",
     "établissement absent du fichier de la rentrée d'avant"),
    ([seats("A", 2023, 12), seats("A", 2024, 24), seats("A", 2023, 12, source="Parcoursup"),
      seats("A", 2024, 12, source="Parcoursup")], "non vérifiable", "se contredisent"),
    ([seats("A", 2023, 12), seats("A", 2024, 12), seats("A", 2024, 12)],
     "non vérifiable", "pas autant de lignes"),
    ([*OTHER, seats("A", 2023, 12, "23820025007"), seats("A", 2024, 24)],
     "non vérifiable", "l'année d'entrée"),
    ([*OTHER, seats("A", 2023, 12, "23810025106", "40025106"), seats("A", 2024, 24)],
     "non vérifiable", "le diplôme"),
])  # fmt: skip
def test_what_cannot_be_verified_says_why(rows, statut, words):
    merged = pd.DataFrame({"ancien_cfd": ["40025106", "40025107"], "nouveau_cfd": CFD_})
    asked = register(("A", MEF, CFD_, 2024, 12))
    found = reconcile(asked, capacities(*rows), continuity=merged)
    assert found["statut"].tolist() == [statut]
    assert words in found["motif"][0]


def test_a_course_new_in_a_known_establishment_counts_from_zero():
    beside = [seats("A", year, 15, "23810025999", "40025999") for year in (2023, 2024)]
    observed = capacities(*OTHER, *beside, seats("A", 2024, 12))
    found = reconcile(register(("A", MEF, CFD_, 2024, 12)), observed)
    assert found["statut"].tolist() == ["confirmée"]
    assert "formation nouvelle" in found["motif"][0]


def test_a_closed_course_counts_as_minus_its_seats():
    found = reconcile(
        register(("A", MEF, CFD_, 2024, -12)), capacities(*OTHER, seats("A", 2023, 12))
    )
    assert found["statut"].tolist() == ["confirmée"]
    assert found["variation"].tolist() == [-12]


def test_two_openings_of_one_cell_are_compared_together():
    asked = register(("A", MEF, CFD_, 2024, 12), ("A", MEF, CFD_, 2024, 3))
    found = reconcile(asked, capacities(seats("A", 2023, 12), seats("A", 2024, 27)))
    assert found["statut"].tolist() == ["confirmée", "confirmée"]


def test_a_renovated_course_is_compared_with_its_old_code():
    observed = capacities(seats("A", 2023, 12), seats("A", 2024, 24, "23810025012", "40025012"))
    asked = register(("A", "23810025012", "40025012", 2024, 12))
    continuity = pd.DataFrame({"ancien_cfd": [CFD_], "nouveau_cfd": ["40025012"]})
    assert reconcile(asked, observed, continuity=continuity)["statut"].tolist() == ["confirmée"]
    without = reconcile(asked, observed)
    assert without["variation"].tolist() == [24]


def test_an_opening_without_its_mefstat11_is_found_by_its_cfd():
    observed = capacities(seats("A", 2023, 12), seats("A", 2024, 24))
    found = reconcile(register(("A", None, CFD_, 2024, 12)), observed)
    assert found["statut"].tolist() == ["confirmée"]


def test_a_cfd_of_two_entry_years_asks_for_the_mefstat11():
    rows = [seats("A", y, p, m) for m in (MEF, "23820025007") for y, p in ((2023, 12), (2024, 24))]
    found = reconcile(register(("A", None, CFD_, 2024, 12)), capacities(*rows))
    assert found["statut"].tolist() == ["non vérifiable"]
    assert "mefstat11" in found["motif"][0]


def test_an_opening_in_2nde_is_never_compared_with_the_1re_of_the_same_diploma():
    rows = [seats("A", 2023, 12, "23820025007"), seats("A", 2024, 24, "23820025007")]
    found = reconcile(register(("A", MEF, CFD_, 2024, 12)), capacities(*rows))
    assert found["statut"].tolist() == ["introuvable"]


def test_places_not_filled_yet_cannot_be_verified():
    observed = capacities(seats("A", 2023, 12), seats("A", 2024, 24))
    found = reconcile(register(("A", MEF, CFD_, 2024, np.nan)), observed)
    assert found["motif"].tolist() == ["places ouvertes non remplies dans le registre"]


def test_reconcile_leaves_its_arguments_alone():
    asked, observed = register(("A", MEF, CFD_, 2024, 12)), capacities(*OTHER)
    before = asked.copy(), observed.copy()
    reconcile(asked, observed)
    pd.testing.assert_frame_equal(asked, before[0])
    pd.testing.assert_frame_equal(observed, before[1])


# ── openings seen in capacities alone ───────────────────────────────────────────────────────────


def test_only_a_cell_known_at_both_rentrees_gains_seats():
    observed = capacities(
        seats("A", 2023, 12), seats("A", 2024, 24),        # +12
        seats("B", 2023, 24), seats("B", 2024, 12),        # fewer
        seats("C", 2024, 15),                              # new row
        seats("D", 2023, np.nan), seats("D", 2024, 15),    # unknown before
        seats("E", 2023, 12),                              # closed
        seats("F", 2023, 12), seats("F", 2024, 12), seats("F", 2024, 12),  # one row, then two
    )  # fmt: skip
    found = derive_openings(observed)
    columns = ["uai", "voie", "rentree", "places_ouvertes"]
    assert found[columns].to_numpy().tolist() == [["A", "scolaire", 2024, 12]]


def test_seats_are_added_within_a_voie_and_never_across_voies_levels_or_sources():
    rows = [seats("A", y, p) for y, p in ((2023, 12), (2023, 6), (2024, 15), (2024, 6))]
    rows += [seats("A", 2023, 5, "23820025007"), seats("A", 2024, 5, "23820025007")]
    rows += [(*seats("A", 2023, 9)[:3], "apprentissage", 2023, 9, "Affelnet")]
    rows += [seats("A", 2024, 90, source="Parcoursup")]
    found = derive_openings(capacities(*rows))
    assert found["places_ouvertes"].tolist() == [3]  # 18, then 21


CHANGED = pd.DataFrame({"ancien_cfd": [CFD_], "nouveau_cfd": ["40025012"]})


def test_a_new_code_is_not_a_new_seat():
    observed = capacities(seats("A", 2023, 12), seats("A", 2024, 12, "23810025012", "40025012"))
    assert len(derive_openings(observed, continuity=CHANGED)) == 0
    assert len(derive_openings(observed)) == 0


def test_old_and_new_codes_alive_together_are_added_up():
    observed = capacities(
        seats("A", 2023, 12), seats("A", 2024, 6), seats("A", 2024, 12, "23810025012", "40025012")
    )
    found = derive_openings(observed, continuity=CHANGED)
    assert found[["mefstat11", "cfd", "places_ouvertes"]].to_numpy().tolist() == [
        ["23810025012", "40025012", 6]]  # fmt: skip


def test_a_diploma_that_splits_is_set_aside_only_where_its_parts_stand():
    split = pd.DataFrame({"ancien_cfd": [CFD_] * 2, "nouveau_cfd": ["40025012", "40025013"]})
    observed = capacities(
        seats("A", 2023, 24, "23810025012", "40025012"), seats("A", 2023, 24),
        seats("A", 2024, 36, "23810025012", "40025012"),
        seats("B", 2023, 24, "23810025012", "40025012"),
        seats("B", 2024, 36, "23810025012", "40025012"),
    )  # fmt: skip
    found = derive_openings(observed, continuity=split)
    assert found["uai"].tolist() == ["B"]


def test_renovations_that_turn_round_are_refused():
    circle = pd.DataFrame({"ancien_cfd": [CFD_, "40025012"], "nouveau_cfd": ["40025012", CFD_]})
    with pytest.raises(FpiError, match="tournent en rond"):
        derive_openings(capacities(seats("A", 2023, 12)), continuity=circle)


def test_a_gap_year_gives_no_change():
    assert len(derive_openings(capacities(seats("A", 2022, 12), seats("A", 2024, 24)))) == 0


def test_a_capacity_frame_without_its_columns_is_refused():
    with pytest.raises(FpiError, match="places"):
        derive_openings(capacities(seats("A", 2023, 12)).drop(columns="places"))


# ── the real files ──────────────────────────────────────────────────────────────────────────────


def read_raw(folder, name, columns):
    table = pd.read_csv(folder / "orion" / name, sep=";", dtype=str, usecols=list(columns))
    return table.rename(columns=columns)


def test_1554_cells_of_the_real_affelnet_files_rise(donnees_reelles):
    """Raw sums, before any capacity is taken for a code: what the files say at face value."""
    columns = {"Etablissement d'accueil": "uai", "MEF STAT 11": "mefstat11",
               "Capacité carte scolaire": "places"}  # fmt: skip
    parts = [read_raw(donnees_reelles, f"attractivite_capacite_{y}.csv", columns).assign(rentree=y)
             for y in (2021, 2022)]  # fmt: skip
    table = pd.concat(parts).astype({"places": float})
    table = table.assign(cfd=None, voie="scolaire", niveau="secondaire", source="Affelnet")
    keys = [name for name in table if name not in ("places", "cfd")]
    even = table.groupby(keys, as_index=False)["places"].sum().assign(cfd=None)
    assert len(derive_openings(even)) == 1554


def test_every_real_uai_of_affelnet_has_its_control_letter(donnees_reelles):
    table = read_raw(donnees_reelles, "attractivite_capacite_2022.csv",
                     {"Etablissement d'accueil": "uai"})  # fmt: skip
    assert (table["uai"].str[7] == table["uai"].map(uai_key)).all()
