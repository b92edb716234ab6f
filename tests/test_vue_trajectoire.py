from pathlib import Path

import pytest

import fpi_eval as fpi
from fpi_eval.projection import LECTURES
from fpi_eval.report import vue_cibles as cibles
from fpi_eval.report import vue_trajectoire as vue
from fpi_eval.report.figure import Figure
from fpi_eval.report.notebooks import check_thin, inspect
from fpi_eval.report.tables import Table

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "06_trajectoire_et_couts.ipynb"


@pytest.fixture(scope="module")
def simulees() -> fpi.Panels:
    return fpi.panels(fpi.load_programme("fpi_aura"), 2026)


@pytest.fixture(scope="module")
def reelles(donnees_reelles) -> fpi.Panels:
    return fpi.panels(fpi.load_programme("fpi_aura"), 2022, donnees_reelles)


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def test_the_notebook_is_thin_and_declares_what_it_shows():
    assert check_thin(NOTEBOOK) == []
    info = inspect(NOTEBOOK)
    assert list(info.parameters) == ["programme", "rentree", "donnees"]
    names = [*info.declares["tables"], *info.declares["figures"]]
    assert all(hasattr(vue, name) or hasattr(cibles, name) for name in names)


def test_calendar_marks_what_is_to_come(simulees):
    shown = vue.calendrier(simulees).shown
    first = shown[(shown["Ouverture"] == "2024") & (shown["Durée"] == "3 ans")].iloc[0]
    assert first["Entrants"] == "janvier 2025"
    assert first["Élèves en dernière année"] == "janvier 2027"
    assert first["Diplômés"] == "mars 2028 (à venir)"
    assert first["En emploi à 6 mois"] == "décembre 2028 (à venir)"


def test_rates_come_from_constats_where_there_are_some(simulees):
    shown = vue.mesures(simulees).shown.set_index(["Taux", "Niveau"])
    retained = ("Entrants qui atteignent la dernière année", "Secondaire")
    assert shown.loc[retained, "Origine"] == "données"
    assert shown.loc[("Élèves de dernière année diplômés", "Secondaire"), "Origine"] == "hypothèse"


def test_fans_and_tables_are_made(simulees):
    assert isinstance(vue.eventail(simulees), Figure)
    assert isinstance(vue.diplomes(simulees), Figure)
    for table in (vue.filieres(simulees), cibles.probabilites(simulees), cibles.couts(simulees)):
        assert isinstance(table, Table)
        assert "n. d." not in table.shown.to_numpy().ravel()


def test_probabilities_are_told_for_every_scenario_target_and_reading(simulees):
    shown = cibles.probabilites(simulees).shown
    # Two targets of 2026 are the same in every scenario, that of 2030 is not: 3 readings each.
    assert len(shown) == (2 + 3) * 3
    assert shown["Scénario"].value_counts()["Tous les scénarios"] == 6
    assert set(shown["Lecture"]) == {"Entrés dans une place ouverte", "Places × années", "Diplômés"}


def test_gross_and_net_readings_stand_side_by_side_and_net_counts_fewer(simulees):
    table = cibles.probabilites(simulees)
    rows = table.frame[table.frame["lecture"] != LECTURES["places_annees"]]
    whole = [float(v.split(" ")[0].replace("\u202f", "")) for v in rows["personnes"]]
    net = [float(v.split(" ")[0].replace("\u202f", "")) for v in rows["personnes_net"]]
    assert all(b < a for a, b in zip(whole, net, strict=True))
    assert "pris aux formations voisines" in plain(table.note)
    assert LECTURES["additionnels"] in set(cibles.restantes(simulees).frame["lecture"])


def test_fill_of_opened_seats_is_used_where_it_is_known_and_all_seats_elsewhere(
    simulees, monkeypatch
):
    shown = vue.mesures(simulees).shown.set_index(["Taux", "Niveau"])["Origine"]
    assert shown["Places occupées", "Secondaire"] == "estimation"
    monkeypatch.setattr(vue, "WEAK", 0.0)  # nothing is then known well enough
    found = vue.taux.__wrapped__(simulees)
    assert {found["remplissage", niveau].origine for niveau in ("secondaire", "superieur")} == {
        "données"
    }


def test_a_target_whose_date_is_past_has_no_rentree_left(simulees):
    shown = cibles.restantes(simulees).shown
    assert set(shown["Rentrées restantes"]) == {"4"}
    assert "Échéance passée : Personnes formées de plus" in cibles.restantes(simulees).note
    whole = shown[shown["Lecture"].eq("Diplômés") & shown["Rentrées restantes"].eq("4")]
    assert set(whole["Places par rentrée"]) == {"hors d'atteinte"}


def test_the_predecessor_cost_is_a_lower_bound(simulees):
    shown = cibles.couts(simulees).shown
    before = shown[shown["Programme"] == "ATCF"].iloc[0]
    assert plain(before["Euros"]) == "10 078 €"
    assert before["Intervalle à 95 %"] == "borne inférieure"
    counted = shown[shown["Par"] == "place ouverte"].iloc[0]
    assert counted["Intervalle à 95 %"] == "compté"


def test_past_projections_are_put_to_the_test(simulees):
    table = cibles.epreuve(simulees)
    assert len(table.shown) >= 6
    assert "bande à 80 %" in plain(table.note)


def test_limits_name_the_assumed_rates_and_what_is_not_seen(simulees):
    words = plain(vue.limites(simulees))
    assert "Taux supposés" in words
    assert "diplômés (0 % des places lisibles)" in words


def test_without_a_register_only_planning_ratios_are_shown(reelles):
    words = plain(vue.reponse(reelles))
    assert "ne contient pas le registre" in words
    assert "2 444 €" in words  # 22 M€ / 9 000
    assert "5 946 €" in words  # 22 M€ / 3 700
    assert "2 568 €" in words  # 9.5 M€ / 3 700
    for name in ("calendrier", "eventail", "diplomes", "filieres"):
        assert getattr(vue, name)(reelles) == vue.NO_REGISTER
    assert cibles.probabilites(reelles) == cibles.restantes(reelles) == vue.NO_REGISTER
    assert [plain(v) for v in cibles.couts(reelles).shown["Euros"]] == [
        "2 444 €", "1 056 €", "10 078 €",
    ]  # fmt: skip
    assert "ne peuvent pas encore" in cibles.epreuve(reelles)
