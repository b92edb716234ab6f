"""InserJeunes by lycée and course: rates, parts, hidden cells, both header styles."""

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.inserjeunes_formation_fine import read_inserjeunes_formation_fine

LABELS = (
    "\ufeffAnnée;UAI;Libellé;Région;Type diplome;Code formation mefstat11;Libellé formation;"
    "Durée formation;Diplôme rénové ou nouveau;DEVENIR Part poursuite études;"
    "DEVENIR Part en emploi 6 mois;DEVENIR Part autre situation 6 mois;Taux poursuite études;"
    "Taux emploi 6 mois;Taux emploi 12 mois;Taux emploi 18 mois;Taux emploi 24 mois\n"
)
NAMES = (
    "annee;uai;libelle;region;type_diplome;code_formation_mefstat11;libelle_formation;"
    "duree_formation;diplome_renove_ou_nouveau;part_en_poursuite_d_etudes;"
    "part_en_emploi_6_mois_apres_la_sortie;part_des_autres_situations;taux_poursuite_etudes;"
    "taux_emploi_6_mois;taux_emploi_12_mois;taux_emploi_18_mois;taux_emploi_24_mois\n"
)
SHOWN = (
    "cumul 2023-2024;0699001J;LP X;AUVERGNE-RHONE-ALPES;BAC PRO;23830025007;mei;3;;"
    "33.0;33.0;33.0;33.0;50.0;55.0;;\n"
)
HIDDEN = "cumul 2023-2024;0699001J;LP X;AUVERGNE-RHONE-ALPES;BTS;32220025014;ms;2;;nd;nd;;nd;;;;\n"


def write(folder, text):
    path = folder / "fr-en-inserjeunes-lycee_pro-formation-fine.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("header", [LABELS, NAMES], ids=["libellés", "noms courts"])
def test_percentages_become_rates_and_hidden_stays_missing(tmp_path, header):
    table = read_inserjeunes_formation_fine(write(tmp_path, header + SHOWN + HIDDEN)).table
    assert table["millesime"].tolist() == ["2023_2024", "2023_2024"]
    assert table["part_emploi_6_mois"].tolist()[0] == pytest.approx(0.33)
    assert table["taux_emploi_6_mois"].tolist()[0] == pytest.approx(0.50)
    assert table.iloc[1][["part_poursuite", "taux_emploi_6_mois"]].isna().all()


def test_parts_that_miss_one_hundred_by_more_than_rounding_are_refused(tmp_path):
    wrong = SHOWN.replace("33.0;33.0;33.0;", "33.0;50.0;33.0;")
    with pytest.raises(FpiError, match="ne font pas 100") as error:
        read_inserjeunes_formation_fine(write(tmp_path, LABELS + HIDDEN + wrong))
    assert error.value.ligne == 3


def test_two_years_that_do_not_follow_each_other_are_refused(tmp_path):
    wrong = SHOWN.replace("2023-2024", "2022-2024")
    with pytest.raises(FpiError, match="« cumul 2022-2024 » ne se suivent pas"):
        read_inserjeunes_formation_fine(write(tmp_path, LABELS + wrong))


def test_one_course_twice_in_a_millesime_is_refused(tmp_path):
    with pytest.raises(FpiError, match="clé en double"):
        read_inserjeunes_formation_fine(write(tmp_path, LABELS + SHOWN + SHOWN))
