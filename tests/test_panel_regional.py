from types import SimpleNamespace

import pandas as pd
import pytest

from fpi_eval.indicators import emploi_publie
from fpi_eval.panel.regional_panel import (
    build_regional_panel,
    entries_only,
    entry_places,
    link_places,
    outcomes,
    with_course,
)

MEF = pd.DataFrame({"mefstat11": ["23830025007", "23830025012"], "cfd": ["40025007", "40025012"]})
IDENTITY = pd.DataFrame(
    [
        ("40025007", "40025012", "250", "400", "secondaire"),
        ("40025012", "40025012", "250", "400", "secondaire"),
        ("32020116", "32020116", "201", "320", "superieur"),
        # The publisher's group is not in the code: 211 beside the characters 212.
        ("40321201", "40321201", "211", "403", "secondaire"),
    ],
    columns=["cfd", "course", "groupe_nsf", "niveau_diplome", "niveau"],
)
FILIERES = pd.DataFrame(
    {"code": ["250", "32020116"], "filiere": ["reindustrialisation", "numerique"]}
)


def inserjeunes(**columns):
    rows = pd.DataFrame(
        {
            "millesime": "2020_2021",
            "code_region": "84",
            "voie": "scolaire",
            "mefstat11": ["23830025007", "23830025012"],
            "cfd": None,
            "terminale": [30.0, 12.0],
            "poursuite": [10.0, None],
            "sortants": [20.0, None],
            "en_emploi_6_mois": [9.0, None],
            "en_emploi_12_mois": [10.0, None],
            "en_emploi_18_mois": [None, None],
            "en_emploi_24_mois": [None, None],
        }
    )
    return rows.assign(**columns)


def test_old_and_new_code_of_a_renovated_diploma_are_one_course():
    table = outcomes(with_course(inserjeunes(), MEF, IDENTITY, FILIERES))
    assert len(table) == 1
    assert table.loc[0, "course"] == "40025012"
    assert table.loc[0, "terminale"] == 42
    assert table.loc[0, "filiere"] == "reindustrialisation"


def test_hidden_leavers_are_never_zero():
    table = outcomes(with_course(inserjeunes(), MEF, IDENTITY, FILIERES))
    assert table.loc[0, ["sortants", "en_emploi_6_mois", "en_emploi_18_mois"]].isna().all()


def test_an_exception_by_diploma_comes_before_the_nsf_group():
    row = inserjeunes().iloc[:1].assign(mefstat11=None, cfd="32020116", voie="apprentissage")
    found = with_course(row, MEF, IDENTITY, FILIERES).iloc[0]
    assert (found["filiere"], found["groupe_nsf"], found["niveau"]) == (
        "numerique", "201", "superieur",
    )  # fmt: skip


def test_level_and_group_are_the_publishers_not_the_characters_of_the_code():
    rows = inserjeunes().iloc[:1].assign(mefstat11=None, voie="apprentissage")
    rows = pd.concat([rows.assign(cfd=c) for c in ("40321201", "48199901")], ignore_index=True)
    found = with_course(rows, MEF, IDENTITY, FILIERES)
    assert found["groupe_nsf"].tolist()[0] == "211"
    assert found[["groupe_nsf", "niveau"]].iloc[1].isna().all()
    assert found["filiere"].tolist() == ["autre", "autre"]


def test_a_place_of_2018_in_a_two_year_course_is_in_the_two_millesimes_that_hold_june_2020():
    capacities = pd.DataFrame(
        {"uai": ["0690001A", "0690002B"], "code_region": "84", "course": "32025520",
         "voie": "scolaire", "rentree": [2018, 2019], "duree": 2, "places": [20.0, 24.0]}
    )  # fmt: skip
    linked = link_places(entry_places(capacities)).set_index("millesime")
    assert linked["places_entree"].to_dict() == {
        "2019_2020": 20, "2020_2021": 44, "2021_2022": 24,
    }  # fmt: skip
    assert linked["cohortes_places"].to_dict() == {
        "2019_2020": 1, "2020_2021": 2, "2021_2022": 1,
    }  # fmt: skip
    unknown = capacities.iloc[1:].assign(uai="0690003C", places=float("nan"))
    linked = link_places(entry_places(pd.concat([capacities, unknown]))).set_index("millesime")
    assert linked["places_entree"].to_dict()["2020_2021"] == 44
    assert linked["cohortes_places"].to_dict() == {  # a row of 2019 has no known places
        "2019_2020": 1, "2020_2021": 1, "2021_2022": 0,
    }  # fmt: skip
    seconde = capacities.assign(duree=[3, 2])  # counted in 2nde in 2018, in 1re in 2019
    linked = link_places(entry_places(seconde)).set_index("millesime")
    assert linked["places_entree"].to_dict() == {"2020_2021": 24, "2021_2022": 24}
    assert linked["cohortes_places"].to_dict() == {"2020_2021": 1, "2021_2022": 1}
    fewer = seconde.assign(places=[20.0, 6.0])  # some establishments alone have no 2nde left
    assert link_places(entry_places(fewer))["places_entree"].tolist() == [20, 20]
    both = seconde.assign(rentree=2019)  # 20 places in 2nde, 24 in 1re: most leave in June 2021
    linked = link_places(entry_places(both)).set_index("millesime")
    assert linked["places_entree"].to_dict() == {"2020_2021": 44, "2021_2022": 44}


def test_places_whose_cohort_has_not_left_stay_in_the_panel_as_not_observed():
    results = outcomes(with_course(inserjeunes(), MEF, IDENTITY, FILIERES))
    places = pd.DataFrame(
        {"code_region": "84", "course": "40025012", "voie": "scolaire", "rentree": [2021],
         "duree": 3, "places": [15.0], "lignes_sans_places": 0}
    )  # fmt: skip
    panel = build_regional_panel(results, places).set_index("millesime")
    assert panel["observe"].to_dict() == {
        "2020_2021": True, "2023_2024": False, "2024_2025": False,
    }  # fmt: skip
    assert panel.loc["2023_2024", "filiere"] == "reindustrialisation"
    assert panel.loc["2020_2021", "cohortes_places"] == 0


@pytest.mark.parametrize(
    ("codes", "in_family", "reasons"),
    [
        (["23810025007"], False, [""]),
        (["23820025007"], True, [""]),
        (["23810025007", "23820025007"], True, ["2nde d'une formation à famille de métiers", ""]),
        (["23810025007", "23820025007"], False, ["", "1re hors famille de métiers"]),
        (["23811021112"], True, [""]),
        (["23820025007"], False, [""]),  # its 2nde, under a new code, is not in the file
        (["23820025007", "23810025099"], False, ["1re hors famille de métiers", ""]),
        (["23820025106", "23810025014"], True, ["", "2nde d'une formation à famille de métiers"]),
        (["23810020006"], False, ["2nde commune"]),
        (["23210031214", "23220031214"], False, ["", "année qui n'est pas celle de l'entrée"]),
    ],
)
def test_only_the_entry_year_of_a_course_counts_its_places(codes, in_family, reasons):
    rows = pd.DataFrame({"uai": "0690001A", "rentree": 2022, "mefstat11": codes})
    said = {"23810025007": 1, "23820025007": 2, "23811021112": 1, "23810020006": 1,
            "23210031214": 1, "23220031214": 2, "23820025106": 2, "23810025014": 1,
            "23810025099": 1}  # fmt: skip
    rows["annee"] = rows["mefstat11"].map(said)
    rows["famille"] = ("400" + rows["mefstat11"].str[6:]).replace("40025014", "40025106")
    rows["groupe_nsf"] = rows["mefstat11"].str[6:9]
    rows["bac_pro"] = rows["mefstat11"].str.startswith("238")
    family = pd.Series(in_family, index=rows.index)
    found = entries_only(rows, {"23810020006"}, family)
    for text, expected in zip(found, reasons, strict=True):
        assert text.startswith(expected)
        assert bool(text) == bool(expected)


def test_a_hidden_code_of_a_course_has_its_pupils_in_neither_sum_of_published_employment():
    """InserJeunes hides the small old code; the rate is that of the code it gives."""
    programme = SimpleNamespace(
        territoire=SimpleNamespace(ici=lambda code: code == "84"),
        codes_filieres=["reindustrialisation"],
    )
    rows = with_course(inserjeunes(), MEF, IDENTITY, FILIERES)
    p = SimpleNamespace(inserjeunes=rows, donnees=SimpleNamespace(programme=programme))
    found = emploi_publie.__wrapped__(p, 12).iloc[0]
    assert (found["terminale"], found["taux"]) == (30, 10 / 30)
