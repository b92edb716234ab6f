import pandas as pd
import pytest

from fpi_eval.panel.bts_passage import match_bts, passage_panel, spelled

BTS = pd.DataFrame(
    {
        "code_region": "84",
        "formation": "BTS - Production",
        "specialite": ["Electrotechnique", "Systèmes numériques - Option A", "Inconnu"] * 2,
        "rentree": [2018] * 3 + [2019] * 3,
        "places": [24.0, 30.0, 6.0, 30.0, 30.0, 0.0],
    }
)
DIPLOMES = pd.DataFrame(
    {
        "cfd": ["32025515", "32025520", "32025501", "32020112"],
        "libelle": ["ELECTROTECHNIQUE (BTS)", "ELECTROTECHNIQUE (BTS)", "ELECTROTECHNIQUE",
                    "SYSTEMES NUMERIQUES OPTION A : INFORMATIQUE ET RESEAUX (BTS)"],
        "ouverture": pd.to_datetime(["2006-09-01", "2020-09-01", "1953-10-28", "2014-09-01"]),
        "fermeture": pd.to_datetime(["2021-08-31", None, "1992-09-02", "2024-08-31"]),
    }
)  # fmt: skip
DECLARED = pd.DataFrame({"specialite": ["Systèmes numériques - Option A"], "cfd": ["32020112"]})


def test_names_are_compared_without_accents_case_and_small_words():
    assert spelled("Étude de l'Électricité (BTS)") == spelled("ETUDES ELECTRICITE").replace(
        "etudes", "etude"
    )


def test_a_name_matches_the_diploma_alive_in_those_years_only():
    links = match_bts(BTS, DIPLOMES, DECLARED).links.set_index("specialite")
    assert links.loc["Electrotechnique", "cfd"] == "32025515"
    assert {"Electrotechnique", "Systèmes numériques - Option A"} <= set(links.index)
    assert "Inconnu" not in links.index


def test_match_rates_count_places():
    rates = match_bts(BTS, DIPLOMES, DECLARED).rates.set_index("rentree")
    assert rates["part_places"].to_dict() == pytest.approx({2018: 54 / 60, 2019: 1.0})


def test_old_and_new_diploma_are_added_in_the_final_year():
    links = match_bts(BTS, DIPLOMES, DECLARED).links
    identity = pd.DataFrame(
        {"cfd": ["32025515", "32025520", "32020112"], "course": ["32025520", "32025520", "x"]}
    )
    results = pd.DataFrame(
        {"code_region": "84", "course": ["32025520", "32025520", "x"], "filiere": "f",
         "voie": ["scolaire", "apprentissage", "scolaire"], "millesime": "2020_2021",
         "terminale": [40.0, 99.0, 50.0], "en_emploi_6_mois": [20.0, 60.0, None]}
    )  # fmt: skip
    table = passage_panel(BTS, links, results, identity).set_index("specialite")
    assert table.loc["Electrotechnique", ["terminale", "places_2018", "places_2019"]].tolist() == [
        40.0, 24.0, 30.0,
    ]  # fmt: skip
    assert pd.isna(table.loc["Systèmes numériques - Option A", "en_emploi_6_mois"])
    more = pd.concat([BTS, BTS.iloc[:1].assign(places=None)])  # a lycée whose places are not known
    again = passage_panel(more, links, results, identity).set_index("specialite")
    assert pd.isna(again.loc["Electrotechnique", "places_2018"])
    assert again.loc["Electrotechnique", "places_2019"] == 30.0
