"""Pupils by level, from a file of one column per level and sex."""

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.effectifs import EFFECTIFS, NIVEAUX, read_effectifs

FILLED = {
    "2ndes_pro": 61, "2ndes_pro_filles": 50, "2ndes_pro_garcons": 11, "2ndes_pro_production": 17,
    "2ndes_pro_services": 44, "bma_en_1_an": 5,
}  # fmt: skip


def write(folder, values, drop=()):
    """Write one lycée with the counts given, zero elsewhere, under the file's own header."""
    fixed = {"rentree_scolaire": "2022", "numero_lycee": "0699001J", "secteur": "PUBLIC",
             "nombre_d_eleves": 66}  # fmt: skip
    names = [c.header for c in EFFECTIFS.columns if c.header not in drop]
    row = [str({**fixed, **values}.get(name, 0)) for name in names]
    path = folder / "fr-en-lycee_pro-effectifs-niveau-sexe-lv.csv"
    header = ["region_academique", *names, "2ndes_pro_lv1_allemand"]
    path.write_text(";".join(header) + "\nX;" + ";".join(row) + ";0\n", encoding="utf-8-sig")
    return path


def test_each_level_is_a_row_and_its_parts_are_columns(tmp_path):
    table = read_effectifs(write(tmp_path, FILLED)).table.set_index("niveau")
    assert list(table.index) == list(NIVEAUX)
    seconde = table.loc["2nde_pro"]
    assert seconde[["effectif", "filles", "garcons", "production", "services"]].tolist() == [
        61, 50, 11, 17, 44,
    ]  # fmt: skip
    assert table.loc["bma_en_1_an", "effectif"] == 5
    assert table.loc["bma_en_1_an", ["filles", "production"]].isna().all()


def test_languages_are_reported_as_unknown_columns(tmp_path):
    origin = read_effectifs(write(tmp_path, FILLED)).provenance
    assert origin.colonnes_inconnues == ("region_academique", "2ndes_pro_lv1_allemand")


def test_a_vintage_without_the_three_year_cap_has_no_such_level(tmp_path):
    drop = [c.header for c in EFFECTIFS.columns if c.header.startswith("cap_en_3_ans")]
    assert "cap_en_3_ans" not in set(read_effectifs(write(tmp_path, FILLED, drop)).table["niveau"])


def test_girls_and_boys_that_do_not_make_the_level_are_refused(tmp_path):
    with pytest.raises(FpiError, match="« 50 » et « 12 » ne font pas « 61 »"):
        read_effectifs(write(tmp_path, FILLED | {"2ndes_pro_garcons": 12}))


def test_the_real_file_gives_the_final_years_of_production_in_aura(donnees_reelles):
    name = "fr-en-lycee_pro-effectifs-niveau-sexe-lv.csv"
    reading = read_effectifs(donnees_reelles / "effectifs" / name)
    assert reading.provenance.lignes == 8_870
    assert len(reading.table) == 8_870 * 11
    departements = ("001", "003", "007", "015", "026", "038", "042", "043", "063", "069", "073",
                    "074")  # fmt: skip
    table = reading.table
    aura = table[table["uai"].str[:3].isin(departements)]
    finals = aura[aura["niveau"] == "terminale_pro"].groupby("rentree")["production"].sum()
    assert finals.tolist() == [7_250, 7_308, 7_274, 7_109]
