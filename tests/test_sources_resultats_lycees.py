"""Exam results of lycées professionnels: labelled file of 2012-2017 and portal file."""

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.resultats_lycees import IVAL, read_resultats_lycees

V2 = (
    "annee;uai;libelle_uai;secteur;code_commune;libelle_commune;presents_total;taux_reu_total;"
    "va_reu_total;taux_acces_2nde;va_acces_2nde;taux_men_total;va_men_total;eff_2nde;eff_1ere;"
    "eff_term\n"
    "2024-01-01;0699001J;LP X;public;69123;LYON;80;90;-2;70;1;40;3;96;90;85\n"
    "2023;0699001J;LP X;public;69123;LYON;75;88;;70;1;40;3;96;90;85\n"
)
LABELLED = {
    "Code établissement": "0699001J", "Année": "2017", "Secteur Public/Privé": "PU",
    "Code commune/arrondissement": "1004", "code région": "84",
    "Effectifs présents Total secteurs": "24", "Effectifs présents Production": "14",
    "Effectifs présents Services": "10", "Taux Brut de Réussite Total secteurs": "92",
    "Taux Réussite Attendu France": "88", "Taux Reussite Attendu France Production": "ND",
}  # fmt: skip


def labelled(folder, *changes):
    names = [column.header for column in IVAL.columns]
    rows = [[{**LABELLED, **change}.get(name, "") for name in names] for change in changes]
    path = folder / "fr-en-indicateurs-de-resultat-des-lycees-denseignement-professionnels.csv"
    lines = [";".join(["Etablissement", *names]), *(";".join(["X", *row]) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_value_added_is_observed_minus_expected(tmp_path):
    row = read_resultats_lycees(labelled(tmp_path, {})).table.iloc[0]
    assert row["valeur_ajoutee"] == pytest.approx(0.92 - 0.88)
    assert (row["session"], row["rentree"], row["code_commune"]) == (2017, 2016, "01004")
    assert row[["taux_attendu_production"]].isna().all()


def test_the_portal_file_gives_the_value_added_and_a_date(tmp_path):
    path = tmp_path / "fr-en-indicateurs-de-resultat-des-lycees-pro_v2.csv"
    path.write_text(V2, encoding="utf-8-sig")
    table = read_resultats_lycees(path).table
    assert table["session"].tolist() == [2024, 2023]
    assert table["valeur_ajoutee"].tolist()[0] == pytest.approx(-0.02)
    assert table["taux_attendu"].tolist()[0] == pytest.approx(0.92)
    assert table["taux_attendu"].isna().tolist() == [False, True]


def test_the_second_region_of_guadeloupe_is_set_aside_but_not_a_lone_row(tmp_path):
    path = labelled(
        tmp_path,
        {"code région": "0"},
        {"code région": "01"},
        {"Code établissement": "0699002K", "code région": "0"},
    )
    reading = read_resultats_lycees(path)
    assert reading.table["code_region"].tolist() == ["01", "0"]
    assert sum(reading.provenance.lignes_ecartees.values()) == 1


def test_production_and_services_must_make_the_total(tmp_path):
    with pytest.raises(FpiError, match="ne font pas « 24 »"):
        read_resultats_lycees(labelled(tmp_path, {"Effectifs présents Services": "11"}))


def test_the_real_file_has_its_lycees_of_aura(donnees_reelles):
    folder = donnees_reelles / "resultats"
    name = "fr-en-indicateurs-de-resultat-des-lycees-denseignement-professionnels.csv"
    reading = read_resultats_lycees(folder / name)
    assert (reading.provenance.lignes, len(reading.table)) == (12_283, 12_157)
    aura = reading.table[reading.table["code_region"] == "84"]
    assert aura.groupby("session").size().tolist() == [249, 252, 252, 256, 260, 256]
