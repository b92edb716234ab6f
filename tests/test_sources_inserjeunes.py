import pandas as pd
import pytest
from small_files import CFA, LYCEES, REGION, UNNAMED, put

from fpi_eval.errors import FpiError
from fpi_eval.sources.inserjeunes_cfa import read_inserjeunes_cfa
from fpi_eval.sources.inserjeunes_etablissement import (
    RATES,
    parse_millesime,
    read_inserjeunes_apprentissage,
    read_inserjeunes_etablissement,
)
from fpi_eval.sources.inserjeunes_region import read_inserjeunes_region

ROWS = {  # DATA.md counts lines of the yearly files; the header is not one of them
    "2018_2019": (4569, 851), "2019_2020": (4674, 1041),
    "2020_2021": (4972, 1767), "2021_2022": (5325, 2288),
}  # fmt: skip
AURA_TERMINALE = {  # sums made directly from the raw file, DATA.md and issue 2
    ("2019_2020", "apprentissage"): 44304, ("2019_2020", "scolaire"): 67356,
    ("2020_2021", "apprentissage"): 51151, ("2020_2021", "scolaire"): 67936,
    ("2021_2022", "apprentissage"): 62980, ("2021_2022", "scolaire"): 67409,
}  # fmt: skip


def refused(tmp_path, old, new, *words):
    assert old in REGION.text
    with pytest.raises(FpiError) as error:
        read_inserjeunes_region(put(tmp_path, REGION, REGION.text.replace(old, new, 1)))
    for word in words:
        assert word in str(error.value)


def test_counts_and_rates_of_a_region_hidden_ones_missing_not_zero(tmp_path):
    table = read_inserjeunes_region(put(tmp_path, REGION)).table
    first, hidden = table.iloc[0], table.iloc[4]
    assert (first["terminale"], first["sortants"], first["en_emploi_6_mois"]) == (120, 50, 28)
    assert first["taux_emploi_6_mois"] == pytest.approx(0.56)
    assert hidden["terminale"] == 3
    assert hidden[["sortants", "poursuite", "taux_emploi_6_mois"]].isna().all()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (";70;50;62", ";71;50;62", ["ligne 2", "« nb_sortant », « nb_poursuite_etudes »"]),
        (";28;70;50;62;66;68;56;", ";51;70;50;62;66;68;;", ["« nb_en_emploi_6_mois »", "« 51 »"]),
        (";56;58\n", ";58;58\n", ["« taux_emploi_6_mois »", "à l'arrondi près"]),
        ("scolaire;;23220023446", "scolaire;22023446;23220023446", ["ligne 4", "« cfd »"]),
        ("scolaire_23220023446", "scolaire_23220023447", ["ligne 4", "« id »"]),
        ("\n2020_2021_01_scolaire_23830025007;2020_2021",
         "\n2020_2023_01_scolaire_23830025007;2020_2023", ["ligne 2", "ne se suivent pas"]),
        ("2020_2021_01_scolaire_23830025007;2020_2021",
         "2021_2022_01_scolaire_23830025007;2021_2022", ["ligne 3", "en double", "ligne 2"]),
        (";85;41", ";140;41", ["ligne 5", "« taux_emploi_6_mois »", "« 140 »"]),
    ],
)  # fmt: skip
def test_what_does_not_agree_across_columns_is_refused(tmp_path, old, new, words):
    refused(tmp_path, old, new, *words)


def test_unnamed_columns_are_read_by_position(tmp_path):
    table = read_inserjeunes_apprentissage(put(tmp_path, UNNAMED), "2018_2019").table
    first = table.iloc[0]
    assert first["part_interruption"] == pytest.approx(0.41)
    assert first["taux_poursuite"] == pytest.approx(0.38)
    assert first["taux_emploi_24_mois"] == pytest.approx(0.71)
    assert set(table["public"]) == {"apprentis"}


def test_a_file_of_lycees_read_as_one_of_apprenticeship_is_refused(tmp_path):
    text = UNNAMED.text.replace(";41;38;", ';"ensemble";38;')
    with pytest.raises(FpiError, match="« ensemble »"):
        read_inserjeunes_apprentissage(put(tmp_path, UNNAMED, text), "2018_2019")


def test_each_public_keeps_its_row_and_value_added_is_a_difference_of_rates(tmp_path):
    table = read_inserjeunes_etablissement(put(tmp_path, LYCEES), "2021_2022").table
    assert list(table["public"]) == ["ensemble", "apprentis", "ensemble"]
    assert table["valeur_ajoutee"].iloc[0] == pytest.approx(0.09)
    assert table.loc[2, list(RATES)].isna().all()


def test_the_portal_s_short_names_say_their_millesime(tmp_path):
    header = ("annee;uai;libelle;region;dont_apprentis_eple;taux_poursuite_etudes;"
              "taux_emploi_6_mois;taux_emploi_6_mois_attendu;va_emploi_6_mois;"
              "part_en_poursuite_d_etudes;part_en_emploi_6_mois_apres_la_sortie;"
              "part_des_autres_situations\n")  # fmt: skip
    rows = "".join(
        f"cumul {y}-{y + 1};0010001W;Lycée;AURA;ensemble;57;54;45;9;57;23;20\n"
        for y in (2021, 2022)
    )
    header = header.replace("libelle", "Libellé")
    path = put(tmp_path, LYCEES, header + rows)
    assert list(read_inserjeunes_etablissement(path).table["millesime"]) == [
        "2021_2022", "2022_2023"]  # fmt: skip
    one = read_inserjeunes_etablissement(path, "2022_2023")
    assert one.provenance.lignes_ecartees == {"autre millésime": 1}
    with pytest.raises(FpiError, match="2023_2024 absent"):
        read_inserjeunes_etablissement(path, "2023_2024")


def test_a_yearly_file_needs_its_millesime_and_a_wrong_one_is_refused(tmp_path):
    with pytest.raises(FpiError, match="ne dit pas son millésime"):
        read_inserjeunes_etablissement(put(tmp_path, LYCEES))
    with pytest.raises(FpiError, match="deux années qui se suivent"):
        parse_millesime("2021_2023")
    assert parse_millesime("cumul 2021-2022") == "2021_2022"


def test_cfa_of_several_millesimes(tmp_path):
    table = read_inserjeunes_cfa(put(tmp_path, CFA)).table
    assert list(table["millesime"]) == ["2021_2022", "2022_2023"]
    assert table["taux_emploi_12_mois"].iloc[0] == pytest.approx(0.77)


def test_aura_s_final_year_students_are_the_raw_file_s(donnees_reelles):
    reading = read_inserjeunes_region(donnees_reelles / "inserjeunes" / "ij_region_data.csv")
    assert len(reading.table) == reading.provenance.lignes == 29410
    aura = reading.table[reading.table["code_region"] == "84"]
    assert aura.groupby(["millesime", "voie"])["terminale"].sum().to_dict() == AURA_TERMINALE


@pytest.mark.parametrize("millesime", ROWS)
def test_every_row_of_the_yearly_files_is_read(donnees_reelles, millesime):
    stem = donnees_reelles / "inserjeunes" / f"depp-2022-etablissements-{millesime}"
    lycees = read_inserjeunes_etablissement(f"{stem}-pro.csv", millesime)
    cfa = read_inserjeunes_apprentissage(f"{stem}-apprentissage.csv", millesime)
    assert (len(lycees.table), len(cfa.table)) == ROWS[millesime]


def test_unnamed_columns_hold_what_the_portal_names(donnees_reelles):
    folder = donnees_reelles / "inserjeunes"
    portal = read_inserjeunes_cfa(folder / "fr-en-inserjeunes-cfa.csv", "2018_2019").table
    yearly = read_inserjeunes_apprentissage(
        folder / "depp-2022-etablissements-2018_2019-apprentissage.csv", "2018_2019"
    ).table
    columns = ["uai", *RATES]
    pd.testing.assert_frame_equal(
        *(t[columns].sort_values("uai", ignore_index=True, kind="stable") for t in (portal, yearly))
    )
