"""Pupils enrolled: Orion's extract and the portal's export give the same table."""

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.constat import read_constat

ORION = (
    "\ufeffRentrée scolaire;UAI;Mef Bcp 11;Nombre d'élèves : Total\n"
    "2020;0699001J;23810025007;14\n"
    "2020;0699001J;23820025007;12\n"
    "2020;0699002K;32210031214;\n"
)
PORTAL = (
    "rentree_scolaire,academie_2020_lib_l,numero_d_etablissement,mef_bcp_11,mef_bcp_11_lib_l,"
    "nombre_d_eleves_total,nombre_d_eleves_filles\n"
    "2024,LYON,0699001J,23810025007,2NDPRO MEI,14,3\n"
)


def write(folder, text, name="constat.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_missing_head_count_is_not_zero(tmp_path):
    table = read_constat(write(tmp_path, ORION)).table
    assert table["effectif"].tolist()[:2] == [14, 12]
    assert table["effectif"].isna().tolist() == [False, False, True]
    assert table["rentree"].tolist() == [2020, 2020, 2020]


def test_the_portal_export_is_the_same_table_under_other_names(tmp_path):
    reading = read_constat(write(tmp_path, PORTAL))
    row = reading.table.iloc[0]
    assert (row["uai"], row["mefstat11"], row["effectif"]) == ("0699001J", "23810025007", 14)
    assert "nombre_d_eleves_filles" in reading.provenance.colonnes_inconnues


def test_the_same_class_twice_is_refused_with_its_line(tmp_path):
    again = ORION + "2020;0699001J;23810025007;14\n"
    with pytest.raises(FpiError, match="clé en double") as error:
        read_constat(write(tmp_path, again))
    assert error.value.ligne == 5


def test_the_real_file_has_the_rows_and_pupils_of_aura(donnees_reelles):
    table = read_constat(donnees_reelles / "orion" / "constat_2020.csv").table
    assert len(table) == 44_446
    departements = ("001", "003", "007", "015", "026", "038", "042", "043", "063", "069", "073",
                    "074")  # fmt: skip
    aura = table[table["uai"].str[:3].isin(departements)]
    assert (len(aura), aura["effectif"].sum()) == (5_141, 95_038)
