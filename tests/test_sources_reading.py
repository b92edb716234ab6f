import gzip

import pandas as pd
import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import ColumnSchema, RowRule, TableSchema
from fpi_eval.sources.reading.headers import Renaming, spelling
from fpi_eval.sources.reading.reading import read_table

PLACES = TableSchema(
    "essai",
    (
        ColumnSchema("uai", "UAI", "uai", nullable=False),
        ColumnSchema("places", "Capacité d'accueil", "effectif", aliases=("capa_fin",)),
        ColumnSchema("taux", "Taux", "pourcentage", required=False),
        ColumnSchema("ouverture", "Ouverture", "date", required=False),
        ColumnSchema(
            "filiere", "Filière", required=False, repeated="last", fallbacks=("Spécialité",)
        ),
    ),
    key=("uai",),
    rules=(
        RowRule(
            ("places", "taux"),
            lambda t: (t["places"] == 0) & t["taux"].notna(),
            "{places} places et pourtant un taux de {taux}.",
        ),
    ),
)


def read(tmp_path, text, *, name="essai.csv", encoding="utf-8", renaming=None):
    path = tmp_path / name
    content = text.encode(encoding)
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return read_table(path, PLACES, renaming)


def refused(tmp_path, text, *words, **options):
    with pytest.raises(FpiError) as error:
        read(tmp_path, text, **options)
    for word in ("essai.csv", *words):
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("15", 15),
        ("15.0", 15),
        ("1 200", 1200),
        ("1\u202f200", 1200),
        ("1\u2009200", 1200),
        (" 15 ", 15),
        ("nd", None),
        ("ND", None),
        ("-", None),
        ("", None),
        ("15,0", 15),
    ],
)
def test_a_count_is_read_however_it_is_written(tmp_path, cell, value):
    table = read(tmp_path, f"UAI;Capacité d'accueil\n0010001W;{cell}\n").table
    assert table["places"].iloc[0] == value or (value is None and table["places"].isna().all())


@pytest.mark.parametrize(
    "cell",
    ["1e3", "0x1F", "1_000", "12 34", "1,234,5", "inf", "quinze", "1.5", "1.000", "12,000", "<5"],
)
def test_what_only_looks_like_a_count_is_refused_with_its_place(tmp_path, cell):
    refused(
        tmp_path,
        f"UAI;Capacité d'accueil\n0010001W;12\n0010006B;{cell}\n",
        "ligne 3",
        "« Capacité d'accueil »",
        cell,
    )


def test_dates_are_read_in_both_forms_and_an_impossible_one_is_refused(tmp_path):
    text = "UAI;capa_fin;Ouverture\n0010001W;1;01/09/2021\n0010006B;1;2022-09-01\n"
    days = read(tmp_path, text).table["ouverture"]
    assert list(days) == [pd.Timestamp("2021-09-01"), pd.Timestamp("2022-09-01")]
    refused(tmp_path, "UAI;capa_fin;Ouverture\n0010001W;1;31/02/2021\n", "ligne 2", "« Ouverture »")


def test_the_control_letter_of_a_uai_is_verified(tmp_path):
    refused(tmp_path, "UAI;capa_fin\n0010001W;1\n0010002W;1\n", "ligne 3", "« UAI »", "0010002W")


def test_a_rule_across_columns_names_them_all_as_the_file_writes_them(tmp_path):
    refused(
        tmp_path,
        "UAI;capa_fin;TAUX\n0010001W;0;50\n",
        "ligne 2",
        "« capa_fin », « TAUX »",
        "« 0 » places et pourtant un taux de « 50 »",
    )


def test_headers_differ_freely_in_case_accents_blanks_and_punctuation():
    assert spelling("Code UAI de l’établissement ") == spelling("Code.UAI.de.l.etablissement")
    assert spelling("Demandes vœux 1") == spelling("DEMANDES VOEUX  1")
    assert spelling("% d'admis") != spelling("d'admis")


def test_the_last_of_two_equal_headers_is_read_where_the_table_says_so(tmp_path):
    text = "UAI;Filière;capa_fin;Filière\n0010001W;large;3;fine\n"
    assert read(tmp_path, text).table["filiere"].iloc[0] == "fine"


def test_a_fallback_is_read_only_where_the_header_is_absent(tmp_path):
    assert read(tmp_path, "UAI;capa_fin;Spécialité\n0010001W;3;x\n").table["filiere"].iloc[0] == "x"
    both = read(tmp_path, "UAI;capa_fin;Spécialité;Filière\n0010001W;3;x;y\n")
    assert both.table["filiere"].iloc[0] == "y"
    assert both.provenance.colonnes_inconnues == ("Spécialité",)


def test_a_renamed_column_is_refused_with_the_nearest_and_read_once_declared(tmp_path):
    text = "UAI;Capacités d'accueils\n0010001W;3\n"
    where = "[sources.essai.colonnes] de programme.toml (ligne 12)"
    refused(
        tmp_path,
        text,
        "La plus proche est « Capacités d'accueils »",
        where,
        renaming=Renaming(where=where),
    )
    declared = Renaming({"places": "Capacités d'accueils"}, where)
    assert read(tmp_path, text, renaming=declared).table["places"].iloc[0] == 3
    usual = "UAI;Capacité d'accueil\n0010001W;4\n"
    assert read(tmp_path, usual, renaming=declared).table["places"].iloc[0] == 4
    both = "UAI;Capacité d'accueil;Capacités d'accueils\n0010001W;4;3\n"
    assert read(tmp_path, both, renaming=declared).table["places"].iloc[0] == 3


def test_a_table_without_a_renaming_tells_of_no_section_to_declare_it_in(tmp_path):
    text = "UAI;Capacités d'accueils\n0010001W;3\n"
    refused(tmp_path, text, "rendez-lui le nom « Capacité d'accueil »")
    with pytest.raises(FpiError) as error:
        read(tmp_path, text)
    assert "programme.toml" not in str(error.value)


def test_line_numbers_hold_after_blank_and_multiline_records(tmp_path):
    cut = "UAI;capa_fin\n\n0010001W;1\n\n0010006B;2;\n"
    refused(tmp_path, cut, "ligne 5", "3 valeur(s)")
    refused(tmp_path, f"sep=;\n{cut}", "ligne 6", "3 valeur(s)")
    refused(tmp_path, 'UAI;capa_fin;Filière\n0010001W;1;"a\nb"\n0010006B;1\n', "ligne 4")
    refused(tmp_path, "UAI;capa_fin\n\n0010001W;1\n\n0010006B;x\n", "ligne 5")
    refused(tmp_path, 'UAI;capa_fin;Filière\n0010001W;1;"a\nb"\n0010006B;x;c\n', "ligne 4")


HEADER = "UAI;Capacité d'accueil"


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r"])
def test_a_header_alone_is_said_so_whatever_ends_it(tmp_path, end):
    refused(tmp_path, HEADER + end, "aucune ligne sous l'en-tête")


def test_a_file_pasted_in_a_cell_is_told_by_its_line_and_not_repeated(tmp_path):
    rows = f"{HEADER}\n0010001W;12\n0010006B;"
    refused(tmp_path, f"{rows}{'1' * 3_000_000}\n", "ligne 3", "ligne bien trop longue")
    with pytest.raises(FpiError) as error:
        read(tmp_path, f"{rows}{'1' * 130_000}\n")
    assert "ligne 3" in str(error.value)
    assert len(str(error.value)) < 500


def test_a_gzip_is_read_and_a_cut_one_refused(tmp_path):
    text = "UAI;capa_fin\n0010001W;1\n"
    assert len(read(tmp_path, text, name="essai.csv.gz").table) == 1
    path = tmp_path / "essai.csv.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FpiError, match="gzip"):
        read_table(path, PLACES)
    path.write_text(text)  # a browser unpacked it and kept its name
    assert len(read_table(path, PLACES).table) == 1


def test_parquet_gives_the_same_table_as_csv(tmp_path):
    text = "UAI;capa_fin;Taux\n0010001W;12;50\n0010006B;;\n"
    pd.DataFrame(
        {"UAI": ["0010001W", "0010006B"], "capa_fin": [12.0, None], "Taux": [50.0, None]}
    ).to_parquet(tmp_path / "essai.parquet")
    from_parquet = read_table(tmp_path / "essai.parquet", PLACES).table
    pd.testing.assert_frame_equal(from_parquet, read(tmp_path, text).table)


def test_raw_files_are_left_as_they_were(tmp_path):
    text = "UAI;capa_fin\n0010001W;1\n"
    read(tmp_path, text)
    path = tmp_path / "essai.csv"
    path.chmod(0o444)
    read_table(path, PLACES)
    assert path.read_text(encoding="utf-8") == text
