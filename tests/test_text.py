from datetime import date

import numpy as np
import pytest

from fpi_eval import text

NBSP, THIN = "\u00a0", "\u202f"


def test_numbers_have_french_thousands_and_decimal_comma():
    assert text.nombre(12345.678, 1) == f"12{THIN}345,7"
    assert text.nombre(129) == "129"


def test_a_missing_number_reads_n_d():
    assert text.nombre(float("nan")) == text.pourcent(float("nan")) == text.MISSING


def test_rates_between_zero_and_one_read_as_percentages():
    assert text.pourcent(0.4823) == f"48,2{NBSP}%"


def test_differences_of_rates_read_in_points_with_their_sign():
    assert text.points(0.012) == f"+1,2{NBSP}point"
    assert text.points(-0.034) == f"\u22123,4{NBSP}points"


def test_amounts_read_in_whole_euros():
    assert text.euros(22e6) == f"22{THIN}000{THIN}000{NBSP}€"


def test_french_plural_begins_at_two():
    assert [text.pluriel(n, "place") for n in (1.4, 1.5)] == ["1 place", "2 places"]
    assert text.pluriel(0, "place") == "0 place"
    assert text.pluriel(2, "place") == "2 places"


def test_intervals_lists_dates_and_school_years_read_as_french():
    assert text.intervalle(-0.21, 1.3) == "de \u22120,2 à +1,3"
    assert text.liste(["a", "b", "c"]) == "a, b et c"
    assert text.date_longue(date(2026, 11, 24)) == "24 novembre 2026"
    assert text.annee_scolaire(2022) == "2022-2023"


def test_what_reads_as_zero_has_no_sign():
    assert [text.signe(value, 1) for value in (0.04, -0.04, 0.05001, -0.1)] == [
        "0,0",
        "0,0",
        "+0,1",
        "\u22120,1",
    ]
    assert [text.nombre(value, 2) for value in (-0.004, -0.005, -0.006)] == [
        "0,00",
        "\u22120,01",
        "\u22120,01",
    ]
    assert [text.part(one) for one in (0.57, 0.125)] == [f"57{NBSP}%", f"12,5{NBSP}%"]
    assert text.pourcent(-0.003, 0) == f"0{NBSP}%"
    assert [text.signe(0.05, 1), text.signe(-0.0005, 3)] == ["+0,1", "\u22120,001"]


def test_a_half_is_written_as_a_spreadsheet_shows_it():
    assert [text.nombre(value, 1) for value in (0.25, 1.05, 2.45)] == ["0,3", "1,1", "2,5"]
    assert [text.nombre(value) for value in (0.5, 2.5, -2.5)] == ["1", "3", "\u22123"]
    assert [text.pourcent(value, 0) for value in (0.125, 0.145)] == [f"13{NBSP}%", f"15{NBSP}%"]
    assert text.euros(2.5) == text.euros(3)


@pytest.mark.parametrize("digits", [0, 1, 2])
def test_a_sign_or_a_unit_changes_no_digit_of_a_number(digits):
    for value in np.concatenate([np.arange(1, 400) / 80, np.arange(1, 400) / 200]):
        alone = text.nombre(value, digits)
        assert text.signe(value, digits).lstrip("+") == alone
        assert text.nombre(text.arrondi(value, digits), digits) == alone
        points = text.points(value / 100, digits).partition(NBSP)[0].lstrip("+")
        assert points == text.pourcent(value / 100, digits).partition(NBSP)[0]


def test_a_number_that_is_missing_or_without_bound_is_not_rounded():
    assert np.isnan(text.arrondi(np.nan, 1))
    assert [text.signe(np.inf), text.nombre(-np.inf)] == ["+∞", "\u2212∞"]


def test_a_p_value_never_reads_as_zero():
    shown = [text.valeur_p(value) for value in (0.0004, 0.001, 0.0424)]
    assert shown == ["moins de 0,001", "0,001", "0,042"]
    assert text.valeur_p(float("nan")) == text.MISSING
    assert [text.p_egale(value) for value in (0.0004, 0.0424)] == ["p < 0,001", "p = 0,042"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Côtes d'Armor", "les Côtes d'Armor"),
        ("Côtes-d'Armor", "les Côtes-d'Armor"),
        ("Val-D'Oise", "le Val-D'Oise"),
        ("Saint-Martin", "Saint-Martin"),
        ("Hérault", "l'Hérault"),
        ("La Réunion", "La Réunion"),
    ],
)
def test_departements_keep_their_article_however_the_nomenclature_writes_them(name, said):
    assert text.departement(name) == said


def test_any_accented_vowel_elides():
    assert text.de("Île Réunion Compétences") == "d'Île Réunion Compétences"
    assert text.de("Œuvres") == "d'Œuvres"
    assert text.de("Bretagne") == "de Bretagne"
