"""Parcoursup, apprenticeship: missing codes, obsolete identifiers, two header styles."""

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.parcoursup_apprentissage import read_parcoursup_apprentissage

NAMES = (
    "session;contrat_etab;cod_uai;g_ea_lib_vx;dep;fili;fil_lib_voe_acc;capa_fin;voe_tot;prop_tot;"
    "nb_rech_con;nb_ref_classe;nb_ref_place;cod_aff_form\n"
)
LABELS = (
    "Session;Statut de l’établissement de la filière de formation;Code UAI de l'établissement;"
    "Établissement;Code départemental de l’établissement;Filière de formation très agrégée;"
    "Filière de formation détaillée;Capacité de l’établissement par formation;"
    "Effectif total des candidats pour la formation;Effectif total des candidats ayant reçu une "
    "proposition d’admission de la part de l’établissement;"
    "Nombre de de vœux placés en « Recherche de contrat » par la formation;"
    "nb_ref_classe;nb_ref_place;cod_aff_form\n"
)
ROWS = (
    "2025;Public;0699001J;CFA X;1;BTS;MS;18;36;4;30;0;0;26599\n"
    "2025;Public;identifiant obsolète;CFA Y;69;BTS;MS;999;12;0;12;0;0;26600\n"
)


def write(folder, text):
    path = folder / "fr-esr-parcoursup-apprentissage.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("header", [NAMES, LABELS], ids=["noms courts", "libellés"])
def test_missing_codes_are_missing(tmp_path, header):
    table = read_parcoursup_apprentissage(write(tmp_path, header + ROWS)).table
    assert table["places"].tolist()[0] == 18
    assert table["places"].isna().tolist() == [False, True]
    assert table["uai"].isna().tolist() == [False, True]
    assert table["code_departement"].tolist() == ["001", "069"]
    assert table["rentree"].tolist() == [2025, 2025]


def test_more_proposals_than_candidates_are_refused(tmp_path):
    with pytest.raises(FpiError, match="parmi « 36 »"):
        read_parcoursup_apprentissage(write(tmp_path, NAMES + ROWS.replace("36;4", "36;40")))
