"""Communes and zones d'emploi: codes, arrondissements, merged communes, zones across regions."""

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.geographie import (
    read_communes,
    read_libelles_zonages,
    read_zones_emploi,
    zones_par_commune,
)

COMMUNES = (
    "TYPECOM,COM,REG,DEP,CTCD,ARR,TNCC,NCC,NCCENR,LIBELLE,CAN,COMPARENT\n"
    "COM,69123,84,69,69M,691,0,LYON,Lyon,Lyon,6999,\n"
    "ARM,69381,84,69,69M,691,0,LYON 1ER,Lyon 1er,Lyon 1er Arrondissement,,69123\n"
    "COM,71270,27,71,71D,712,0,MACON,Mâcon,Mâcon,7199,\n"
    "COM,01004,84,01,01D,011,1,AMBERIEU,Ambérieu,Ambérieu,0101,\n"
    "COMD,01005,,,,,1,ANCIENNE,Ancienne,Ancienne,,01004\n"
)
ZONES = (
    "CODGEO,LIBGEO,DEP,REG,EPCI,ZE2020,BV2022\n"
    "69123,Lyon,69,84,200046977,8421,69123\n"
    "71270,Mâcon,71,27,200070308,0055,71270\n"
    "01004,Ambérieu,01,84,240100883,0055,01004\n"
    "01004,Ambérieu,01,84,240100883,0055,01004\n"
    ",,,,,,\n"
)


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def where(tmp_path):
    communes = read_communes(write(tmp_path, "communes.csv", COMMUNES)).table
    zones = read_zones_emploi(write(tmp_path, "table_supracom_2023.csv", ZONES)).table
    return zones_par_commune(communes, zones).set_index("code_commune")


def test_an_arrondissement_and_a_merged_commune_lie_in_the_commune_of_today(where):
    assert where.loc["69381", ["commune_actuelle", "code_zone"]].tolist() == ["69123", "8421"]
    assert where.loc["01005", ["commune_actuelle", "code_departement"]].tolist() == ["01004", "001"]
    assert where.index.is_unique


def test_repeated_and_empty_lines_are_counted(tmp_path):
    origin = read_zones_emploi(write(tmp_path, "table_supracom_2023.csv", ZONES)).provenance
    assert origin.lignes_ecartees == {"ligne vide": 1, "commune répétée à l'identique": 1}


def test_a_commune_in_two_zones_is_refused(tmp_path):
    text = ZONES + "69123,Lyon,69,84,200046977,8422,69123\n"
    with pytest.raises(FpiError, match="clé en double"):
        read_zones_emploi(write(tmp_path, "table_supracom_2023.csv", text))


def test_the_real_geography_has_39_zones_in_aura(donnees_reelles):
    folder = donnees_reelles / "geographie"
    zones = read_zones_emploi(folder / "table_supracom_2023.csv").table
    aura = zones[zones["code_region"] == "84"]
    assert len(zones) == 34_945
    assert aura["code_zone"].nunique() == 39
    communes = read_communes(folder / "communes.csv").table
    where = zones_par_commune(communes, zones).set_index("code_commune")
    assert where.loc["69381", "code_zone"] == where.loc["69123", "code_zone"]
    assert communes.loc[~communes["code_commune"].isin(where.index), "code_commune"].nunique() < 5


def test_the_other_real_files_of_geography_are_read_whole(donnees_reelles):
    folder = donnees_reelles / "geographie"
    assert len(read_zones_emploi(folder / "table_supracom_2020.csv").table) == 34_968
    labels = read_libelles_zonages(folder / "libelles_supracom_2023.csv").table
    assert (labels["niveau"] == "ZE2020").sum() == 306
