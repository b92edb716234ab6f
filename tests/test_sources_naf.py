"""NAF: sub-classes in their aggregations, a file in cp1252 with a header over several lines."""

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.naf import (
    NAF,
    read_naf,
    secteurs,
)

EMPTY = ";" * 13
PASSAGE = (
    ";".join(NAF.layouts[0].headers)
    + f"\nA 732;;A 615;A 272;A 129;A 88;A 64;A 38;A 21;A 10{EMPTY}\n"
    + f"25.11Z;Fabrication de structures métalliques;25.11;25.1;C25A;25;CH2;CH;C;BE{EMPTY}25.11Z\n"
    + f"35.11Z;Production d'électricité;35.11;35.1;D35A;35;DZ0;DZ;D;BE{EMPTY}35.11Z\n"
    + f'15.11Z;"Apprêt ; tannage";15.11;15.1;C15Z;15;CB0;CB;C;BE{EMPTY}15.11Z\n'
    + f"62.01Z;Programmation informatique;62.01;62.0;J62Z;62;JC0;JC;J;JZ{EMPTY}62.01Z\n"
)


def write(folder, name, text):
    path = folder / name
    path.write_bytes(text.encode("cp1252"))
    return path


def test_each_subclass_has_its_aggregations_and_industry_is_be(tmp_path):
    reading = read_naf(write(tmp_path, "table_NAF2-NA.csv", PASSAGE))
    table = reading.table.set_index("code_ape")
    assert table["a38"].to_dict() == {"2511Z": "CH", "3511Z": "DZ", "1511Z": "CB", "6201Z": "JC"}
    assert table["a17"].to_dict() == {"2511Z": "C5", "3511Z": "DE", "1511Z": "C5", "6201Z": "JZ"}
    assert table["industrie"].tolist() == [True, True, True, False]
    assert reading.provenance.lignes_ecartees == {"seconde ligne d'en-tête": 1}


def test_sectors_are_given_by_ape_and_an_unknown_level_is_refused(tmp_path):
    naf = read_naf(write(tmp_path, "table_NAF2-NA.csv", PASSAGE)).table
    assert secteurs(naf, "a88")["2511Z"] == "25"
    with pytest.raises(FpiError, match="a99"):
        secteurs(naf, "a99")


def test_the_real_passage_table_has_732_subclasses_of_which_291_industrial(donnees_reelles):
    table = read_naf(donnees_reelles / "nomenclatures" / "naf2008" / "table_NAF2-NA.csv").table
    assert (len(table), table["industrie"].sum()) == (732, 291)
    counts = {level: table[level].nunique() for level in ("a88", "a64", "a38", "a21", "a17", "a10")}
    assert counts == {"a88": 88, "a64": 64, "a38": 38, "a21": 21, "a17": 17, "a10": 10}


def test_a_quotation_mark_in_a_column_without_a_name_is_refused_by_its_place(tmp_path):
    text = PASSAGE.replace(";C25A;", ';"C25A;').replace(";D35A;", ';D35A";')
    with pytest.raises(FpiError, match="un guillemet s'ouvre ici") as error:
        read_naf(write(tmp_path, "table_NAF2-NA.csv", text))
    assert error.value.colonne == "sans nom, n° 5"
