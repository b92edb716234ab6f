"""A headline quantity has one value in a report, a field, and the digits that it deserves."""

import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from fpi_eval import rounding, text
from fpi_eval.absent import Absent
from fpi_eval.costs.programme_costs import SEAT
from fpi_eval.costs.unit import unit_cost
from fpi_eval.errors import FpiError
from fpi_eval.headline import in_chapters, of_jobs, of_places, of_trajectory
from fpi_eval.headline.first_page import first_page
from fpi_eval.headline.quantity import (
    COUNTED,
    DECLARED,
    ESTIMATED,
    PROJECTED,
    Headline,
    Measure,
    Quantity,
    Scope,
    Unknown,
    declared,
    gathered,
)
from fpi_eval.language import speaking
from fpi_eval.panel.emplois import REGIONAL
from fpi_eval.report.published.shown_quantities import sheet, shown_quantities

DAY = date(2027, 1, 31)
NAN, INF = float("nan"), float("inf")
FPI = Scope("FPI", "secondaire", "voie scolaire", annees="rentrées 2024 à 2026")


def seats(value=760.0, **changes):
    kept = {"key": "places", "label": "Places ouvertes", "unit": "places", "nature": COUNTED}
    return Quantity(
        **(kept | {"scope": FPI, "source": "registre"} | changes), as_of=DAY, value=value
    )


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0 place"), (1.0, "1 place"), (2.0, "2 places")]
)
def test_a_count_below_two_is_singular(value, shown):
    assert seats(value).shown.replace("\u00a0", " ") == shown
    with speaking("en"):
        said = seats(value, unit="people").shown.replace("\u00a0", " ")
    assert said == {0: "0 people", 1: "1 person", 2: "2 people"}[value]


def test_a_programme_that_opened_no_seat_says_none():
    made = (seats(0.0, key="places_ouvertes"), seats(831.0, key="places_prevues"))
    said = "FPI n'a encore ouvert aucune place, sur 831 prévues."
    assert in_chapters.places(Headline(made)).replace("FPI AURA", "FPI") == said


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (47.6, 9.8, 86.0, "50 élèves, sans doute entre 10 et 85"),
        (52.8, 44.1, 65.9, "53 élèves, sans doute entre 44 et 66"),
        (2702.0, 2356.0, 3041.0, "2 700 élèves, sans doute entre 2 350 et 3 050"),
        (0.4, -0.3, 1.2, "0 élèves, sans doute entre 0 et 1"),
    ],
)
def test_the_width_of_the_interval_decides_of_the_digits(value, low, high, shown):
    one = seats(value, low=low, high=high, unit="élèves", nature=ESTIMATED)
    assert one.shown.replace("\u202f", " ").replace("\xa0", " ") == shown


def test_no_doubt_is_said_of_95_times_in_100_alone():
    one = seats(2702.0, low=2356.0, high=3041.0, unit="personnes", nature=PROJECTED, level=0.80)
    words = "2 700 personnes, huit fois sur dix entre 2 350 et 3 050"
    assert one.shown.replace("\u202f", " ").replace("\xa0", " ") == words
    assert "huit fois sur dix entre" in in_chapters.trajectoire(one, "9 000", 2030)
    assert "sans doute entre" in replace(one, level=0.95).shown
    with speaking("en"):
        assert "eight times in ten between 2,350 and 3,050" in one.shown


@pytest.mark.parametrize("ends", [(NAN, NAN), (-0.2, NAN), (NAN, 0.2), (-INF, INF), (-1.0, 1.1)])
def test_an_effect_without_a_useful_interval_is_no_number(ends):
    assert rounding.untold(*ends)
    rows = pd.DataFrame([(0.3, *ends), (0.3, -0.7, 1.3)], columns=["estimate", "ci_low", "ci_high"])
    assert rounding.told(rows)["estimate"].tolist() == [rounding.UNTOLD, 0.3]
    people = rows.assign(low=rows["ci_low"] * 30, high=rows["ci_high"] * 30, said="de 3 à 9")
    told = rounding.told(people, pd.Series([30, 30]), value="said", ends=("low", "high"))
    assert told["said"].tolist() == [rounding.UNTOLD, "de 3 à 9"]


def test_an_estimate_keeps_no_digit_that_would_tell_single_counts():
    kept = seats(41.23456789, low=-1.23456789, high=83.456789, nature=ESTIMATED).as_dict()
    assert [kept[name] for name in ("value", "low", "high")] == [41.235, -1.2346, 83.457]
    assert seats(1307144.0).as_dict()["value"] == 1307144


def test_an_amount_has_two_figures_and_a_count_all_of_them():
    assert seats(28947.0, unit="€", nature=ESTIMATED).number == "29\u202f000"
    assert seats(1307144.0).number == "1\u202f307\u202f144"


@pytest.mark.parametrize(
    ("value", "said"),
    [(28_947, "29\u202f000"), (41.6, "42"), (9.96, "10"), (3.14, "3,1"), (0.4249, "0,42"),
     (0.0123, "0,012"), (0, "0"), (float("nan"), text.MISSING)],
)  # fmt: skip
def test_a_number_is_written_with_its_two_figures_whatever_its_size(value, said):
    assert rounding.in_figures(value) == said


def test_an_amount_has_two_figures_with_an_interval_as_in_the_table_of_costs():
    one = seats(1005.0, low=857.0, high=1263.0, unit="€", nature=ESTIMATED)
    assert one.shown.replace("\u202f", " ") == "1 000\xa0€, sans doute entre 860 et 1 300"


def test_a_phrase_says_number_unit_and_field_or_why_it_is_not_known_and_when():
    assert seats().phrase == (
        "Places ouvertes : 760\xa0places (FPI, secondaire, voie scolaire, rentrées 2024 à 2026)."
    )
    later = seats(None, reason="pas encore publié.", known_on=date(2027, 12, 1))
    assert not later
    assert later.phrase == "Places ouvertes : pas encore publié. À partir de décembre 2027."


def test_a_declared_function_names_what_it_finds_and_keeps_why_it_finds_nothing():
    @declared("essai", "Essai", "places")
    def essai(found):
        return found

    try:
        made = essai(DAY, Measure(3.0, FPI, "registre", unit="places de plus"))
        assert (made.key, made.unit, made.as_of, made.value) == (
            "essai",
            "places de plus",
            DAY,
            3.0,
        )
        assert essai(DAY, Absent("rien.")).reason == "rien."
        assert essai(DAY, Unknown("plus tard.", date(2028, 1, 1))).known_on == date(2028, 1, 1)
        with pytest.raises(FpiError, match="deux fois"):
            declared("essai", "Autre", "places")(lambda found: found)
    finally:
        del DECLARED["essai"]


def published(*quantities):
    """Return an executed notebook that shows these quantities, as it is read from its file."""
    data = json.loads(json.dumps(Headline(quantities)._repr_mimebundle_()))
    shown = new_output("execute_result", data=data, execution_count=1)
    return new_notebook(cells=[new_code_cell("", outputs=[shown])])


def test_the_share_opened_is_over_the_seats_whose_opening_is_known():
    register = pd.DataFrame(
        {
            "places_prevues": [12.0, 12.0],
            "places_ouvertes": [6.0, float("nan")],
            "niveau": "secondaire",
            "voie": "scolaire",
            "rentree": 2024,
        }
    )
    year = SimpleNamespace(programme=SimpleNamespace(nom="P", rentree_debut=2024), rentree=2024)
    share, opened = (getattr(of_places, n).__wrapped__ for n in ("realisation", "places_ouvertes"))
    assert share(year, register).value == 0.5
    assert share(year, register).label == of_places.KNOWN_ONLY  # 6 of 24 is another number
    assert not share(year, register[:1]).label
    assert isinstance(share(year, register[1:]), Absent)
    assert opened(year, register[1:]).reason == of_places.UNSAID  # empty is not zero
    lost = pd.concat([register[1:], register[1:].assign(places_prevues=-8, places_ouvertes=-8)])
    assert opened(year, lost).reason == of_places.UNSAID


def test_a_seat_has_no_cost_where_none_opens():
    none = [unit_cost(SEAT, 1e6, 0.0)]
    cost = of_trajectory.cout_place.__wrapped__
    assert "n'est comptée" in cost(None, None, none).reason
    assert cost(None, Absent("Le registre manque."), none).reason == "le registre manque."


@pytest.mark.parametrize(("told", "least", "words"), [
    (60_000.0, False, "Une place ouverte a coûté 6 000 €"),
    (NAN, False, "Le budget est de 6 000 € par place ouverte ou à ouvrir"),
    (NAN, True, "Le budget est d'au moins 6 000 € par place ouverte ou à ouvrir"),
])  # fmt: skip
def test_a_budget_is_not_said_to_be_what_opened_seats_have_cost(told, least, words):
    paid = SimpleNamespace(minimum=least, source="Dossier")
    what = SimpleNamespace(nom="P", cout=paid)
    year = SimpleNamespace(programme=what, donnees=SimpleNamespace(vu_le=DAY))
    register = pd.DataFrame({"places_prevues": [5, 5], "places_ouvertes": [5, 5],
                             "cout": [0.0, told]})  # fmt: skip
    found = SimpleNamespace(register=register)
    cost = of_trajectory.cout_place.__wrapped__(year, found, [unit_cost(SEAT, 120_000, 20.0)])
    shown = seats(cost.value, key="cout_place", unit="€", scope=cost.scope,
                  label=cost.label or "Coût complet d'une place ouverte")  # fmt: skip
    one = Headline((shown,))
    assert in_chapters.couts(one).replace("\u202f", " ").replace("\xa0", " ").startswith(words)
    assert first_page(one).budget == (told is NAN)


def test_jobs_are_those_declared_where_the_file_is_of_another_region():
    jobs = pd.DataFrame({"code_region": ["84"], "secteur": ["CI"], "annee": [2023], "emplois": 5.0})
    known = pd.DataFrame({"valeur": 7.0, "date": "2022", "source": "s"}, index=[REGIONAL[0]])
    place = SimpleNamespace(ici=lambda codes: codes == "32")
    year = SimpleNamespace(jobs=jobs, programme=SimpleNamespace(territoire=place), reference=known,
                           context=SimpleNamespace(region="Hauts-de-France"))  # fmt: skip
    assert of_jobs.emplois_industriels.__wrapped__(year).value == 7.0


def test_what_notebooks_publish_is_what_a_report_collects():
    cost = seats(2800.0, key="cout", label="Coût", unit="€", low=2300.0, high=float("inf"))
    later = seats(None, key="emploi", label="Emploi", known_on=date(2027, 12, 1))
    found = shown_quantities([published(seats(), cost), published(seats(), later)])
    assert found.quantities == (seats(), cost, later)
    assert sheet(found).frame["libelle"].tolist() == ["Places ouvertes", "Coût", "Emploi"]


@pytest.mark.parametrize("other", [seats(761.0), seats(761.0, key="ouvertes")])
def test_two_values_under_one_key_or_one_label_are_refused(other):
    with pytest.raises(FpiError, match="« Places ouvertes » a deux valeurs"):
        shown_quantities([published(seats()), published(other)])


def test_what_is_not_known_has_no_value_that_could_differ():
    lost = [seats(None, key=key, scope=Scope(), reason="pas de registre.") for key in "ab"]
    assert len(gathered([Headline(tuple(lost))]).quantities) == 2


def test_shares_of_two_targets_of_one_level_are_two_values():
    aims = [SimpleNamespace(personnes=n, echeance=due) for n, due in ((3000, 2027), (9000, 2030))]
    made = [replace(of_places.avancement(DAY, one, seats()), key=f"{one.echeance}") for one in aims]
    assert len(gathered([Headline(tuple(made))]).quantities) == 2


def test_one_label_may_have_two_values_in_two_fields():
    other = seats(120.0, key="atcf", scope=Scope("ATCF"))
    assert len(gathered([Headline((seats(), other))]).quantities) == 2
