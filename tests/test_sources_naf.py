"""NAF: sub-classes in their aggregations, files in cp1252 with headers over several lines."""

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.naf import (
    NAF,
    read_naf,
    read_naf_agregations,
    read_naf_intitules,
    read_naf_libelles,
    read_naf_niveaux,
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


def test_labels_follow_the_aggregation_named_in_the_file(tmp_path):
    text = '"Code\nA 38";Divisions;"Description\n (English)";"Description\n (Français)"\n'
    rows = "AZ;01-03;Agriculture;Agriculture, pêche\n;;;   \n"
    reading = read_naf_libelles(write(tmp_path, "int_eng_na_2008_a38.csv", text + rows))
    assert reading.table.to_dict("records") == [{"code": "AZ", "libelle": "Agriculture, pêche"}]
    assert reading.provenance.lignes_ecartees == {"ligne vide": 1}
    with pytest.raises(FpiError, match="agrégation inconnue"):
        read_naf_libelles(write(tmp_path, "int_eng.csv", text + rows))


def test_the_real_passage_table_has_732_subclasses_of_which_291_industrial(donnees_reelles):
    table = read_naf(donnees_reelles / "nomenclatures" / "naf2008" / "table_NAF2-NA.csv").table
    assert (len(table), table["industrie"].sum()) == (732, 291)
    counts = {level: table[level].nunique() for level in ("a88", "a64", "a38", "a21", "a17", "a10")}
    assert counts == {"a88": 88, "a64": 64, "a38": 38, "a21": 21, "a17": 17, "a10": 10}


def test_the_other_real_files_of_the_naf_are_read(donnees_reelles):
    folder = donnees_reelles / "nomenclatures" / "naf2008"
    assert len(read_naf_niveaux(folder / "naf2008_5_niveaux.csv").table) == 732
    assert len(read_naf_intitules(folder / "int_courts_naf_rev_2.csv").table) == 1_728
    assert len(read_naf_agregations(folder / "niv_agreg_naf_rev_2.csv").table) == 304
    sizes = {n: len(read_naf_libelles(folder / f"int_eng_na_2008_a{n}.csv").table)
             for n in (10, 17, 21, 38, 64, 88, 138)}  # fmt: skip
    assert sizes == {10: 12, 17: 17, 21: 21, 38: 39, 64: 65, 88: 88, 138: 138}
