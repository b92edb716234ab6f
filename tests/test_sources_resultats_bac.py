"""Baccalauréat results: the code is in the label, sexes and statuses are summed."""

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.resultats_bac import read_resultats_bac, read_resultats_bac_departement

HEADER = (
    "\ufeffsession;academie;sexe;statut_du_candidat;voie;serie;diplome_specialite;"
    "nombre_d_inscrits;nombre_de_presents;nombre_d_admis_au_1er_groupe;nombre_d_admis_totaux\n"
)
ROWS = (
    "2022;LYON;FILLES;SCOLAIRE;BAC PROFESSIONNEL;BAC PRO PRODUCTION MEN;"
    "BAC PRO 25007 MAINTENANCE EQUIPEMENTS INDUST.;5.0;4.0;3.0;3.0\n"
    "2022;LYON;GARCONS;SCOLAIRE;BAC PROFESSIONNEL;BAC PRO PRODUCTION MEN;"
    "BAC PRO 25007 MAINTENANCE EQUIPEMENTS INDUST.;40.0;38.0;30.0;33.0\n"
    "2022;LYON;GARCONS;APPRENTISSAGE;BAC PROFESSIONNEL;BAC PRO PRODUCTION MEN;"
    "BACPRO 20002 ETUD.DEFINITION PRDTS INDUSTRIEL;2.0;2.0;1.0;1.0\n"
    "2022;LYON;GARCONS;SCOLAIRE;BAC PROFESSIONNEL;BAC PRO PRODUCTION AGRI;"
    "BAC PRO AG 21113 CGEVV;7.0;7.0;7.0;7.0\n"
    "2022;LYON;GARCONS;SCOLAIRE;BAC GENERAL;GENERALE;BAC GENE 10019 BAC GENERAL;9.0;9.0;9.0;9.0\n"
)


def write(folder, rows=ROWS):
    path = folder / "fr-en-baccalaureat-par-academie.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    return path


def test_the_three_spellings_of_the_label_give_a_code(tmp_path):
    reading = read_resultats_bac(write(tmp_path))
    assert reading.table["code"].tolist() == ["25007", "25007", "20002", "21113"]
    assert reading.provenance.lignes_ecartees == {"baccalauréat général ou technologique": 1}
    assert reading.table["rentree"].unique().tolist() == [2021]


def test_more_admitted_than_present_is_refused(tmp_path):
    with pytest.raises(FpiError, match="« 5 » admis pour « 4 » présents"):
        read_resultats_bac(write(tmp_path, ROWS.replace("5.0;4.0;3.0;3.0", "5.0;4.0;3.0;5.0")))


def test_a_speciality_without_code_is_refused_with_its_line(tmp_path):
    with pytest.raises(FpiError, match="cinq chiffres") as error:
        read_resultats_bac(write(tmp_path, ROWS.replace("BACPRO 20002", "BACPRO")))
    assert error.value.ligne == 4


def test_the_real_file_has_1610_professional_rows_in_aura(donnees_reelles):
    name = "fr-en-baccalaureat-par-academie.csv"
    reading = read_resultats_bac(donnees_reelles / "resultats" / name)
    assert (reading.provenance.lignes, len(reading.table)) == (16_929, 13_635)
    aura = reading.table["academie"].isin(["LYON", "GRENOBLE", "CLERMONT-FERRAND"])
    assert aura.sum() == 1_610


def test_a_departement_of_which_one_sex_is_hidden_has_no_count(tmp_path):
    path = tmp_path / "fr-en-baccalaureat-par-departement.csv"
    path.write_text(
        "session;code_departement;sexe;voie;nombre_de_presents;nombre_d_admis_totaux\n"
        "2022;069;FILLES;BAC PROFESSIONNEL;4;nd\n"
        "2022;069;GARCONS;BAC PROFESSIONNEL;40;33\n",
        encoding="utf-8",
    )
    table = read_resultats_bac_departement(path).table
    assert table["presents"].tolist() == [44]
    assert table["admis"].isna().all()
