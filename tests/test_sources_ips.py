"""Social position index: repeated rows out, voies in order."""

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.ips import read_ips

HEADER = (
    "rentree_scolaire;academie;code_du_departement;uai;code_insee_de_la_commune;secteur;"
    "type_de_lycee;effectifs_voie_gt;effectifs_voie_pro;effectifs_ensemble_gt_pro;ips_voie_gt;"
    "ips_voie_pro;ips_ensemble_gt_pro;ecart_type_de_l_ips_voie_gt;ecart_type_de_l_ips_voie_pro\n"
)
LPO = "2022-2023;LYON;069;0699001J;69123;public;LPO;556.0;334.0;890.0;99.2;84.2;93.6;33.3;24.8\n"
LP = "2022-2023;LYON;069;0699002K;69123;public;LP;;583.0;583.0;;91.5;91.5;;27.2\n"


def write(folder, *rows):
    path = folder / "fr-en-ips-lycees-ap2022.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def test_a_row_repeated_to_the_letter_is_kept_once_and_counted(tmp_path):
    reading = read_ips(write(tmp_path, LPO, LP, LPO))
    assert reading.table["ips_pro"].tolist() == [84.2, 91.5]
    assert reading.table["rentree"].tolist() == [2022, 2022]
    assert reading.provenance.lignes_ecartees == {"ligne répétée à l'identique": 1}


def test_two_different_rows_for_one_lycee_are_refused(tmp_path):
    with pytest.raises(FpiError, match="clé en double"):
        read_ips(write(tmp_path, LPO, LP, LPO.replace("93.6", "93.7")))


def test_an_index_outside_those_of_its_voies_is_refused(tmp_path):
    with pytest.raises(FpiError, match="n'est pas entre"):
        read_ips(write(tmp_path, LPO.replace("93.6", "79.9")))


def test_the_real_file_has_743_repeated_rows(donnees_reelles):
    reading = read_ips(donnees_reelles / "effectifs" / "fr-en-ips-lycees-ap2022.csv")
    assert (reading.provenance.lignes, len(reading.table)) == (4_341, 3_598)
