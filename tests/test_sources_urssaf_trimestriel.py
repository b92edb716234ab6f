"""Urssaf, quarterly: former regions and cut zones are summed, missing parts stay missing."""

import pandas as pd
import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.urssaf_trimestriel import read_urssaf_region, read_urssaf_zone

REGION = (
    "region;ancienne_region;grand_secteur_d_activite;secteur_na28i;annee;trimestre;"
    "dernier_jour_du_trimestre;code_region;code_ancienne_region;effectifs_salaries_brut;"
    "effectifs_salaries_cvs;masse_salariale_brut;masse_salariale_cvs\n"
    "AURA;Rhône-Alpes;GS1 Industrie;CH Métallurgie;2023;1;2023-03-31;84;82;100;101;1;1\n"
    "AURA;Auvergne;GS1 Industrie;CH Métallurgie;2023;1;2023-03-31;84;83;40;41;1;1\n"
    "AURA;Rhône-Alpes;GS1 Industrie;CH Métallurgie;2023;2;2023-06-30;84;82;110;111;1;1\n"
    "AURA;Auvergne;GS1 Industrie;CH Métallurgie;2023;2;2023-06-30;84;83;;42;1;1\n"
)
ZONE = (
    "Code région;Code zone d'emploi;Année;Trimestre;Effectifs salariés (brut);"
    "Effectifs salariés (CVS)\n"
    "84;55;2023;T1;30;31\n"
    "27;55;2023;T1;70;71\n"
)


def write(folder, text, name="urssaf.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_former_regions_are_summed_and_a_missing_part_makes_the_sum_missing(tmp_path):
    table = read_urssaf_region(write(tmp_path, REGION)).table
    assert table["trimestre"].tolist() == [1, 2]
    assert table["emplois"].tolist()[0] == 140
    assert table["emplois"].isna().tolist() == [False, True]
    assert table["emplois_cvs"].tolist() == [142, 153]


def test_the_two_parts_of_a_zone_are_one_zone(tmp_path):
    table = read_urssaf_zone(write(tmp_path, ZONE)).table
    assert table.to_dict("records") == [
        {"code_zone": "0055", "annee": 2023, "trimestre": 1, "emplois": 100, "emplois_cvs": 102}
    ]


def test_parquet_gives_the_same_table(tmp_path):
    path = write(tmp_path, REGION)
    frame = pd.read_csv(path, sep=";", encoding="utf-8-sig")
    frame.to_parquet(tmp_path / "urssaf.parquet")
    pd.testing.assert_frame_equal(
        read_urssaf_region(tmp_path / "urssaf.parquet").table, read_urssaf_region(path).table
    )


def test_the_same_former_region_twice_is_refused(tmp_path):
    with pytest.raises(FpiError, match="clé en double"):
        read_urssaf_region(write(tmp_path, REGION + REGION.splitlines()[1] + "\n"))
