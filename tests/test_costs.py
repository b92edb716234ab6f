"""Unit costs: ratios whose denominator may be zero."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fpi_eval.costs.programme_costs import seat_costs
from fpi_eval.costs.unit import (
    Interval,
    acceptability,
    bootstrap_ratio,
    cost_table,
    fieller,
    unit_cost,
)
from fpi_eval.errors import FpiError


def test_cost_per_counted_seat_has_no_interval():
    found = unit_cost("place ouverte", 22_000_000, 2_000)
    assert found.ratio == 11_000
    assert found.summary() == "Coût complet par place ouverte : 11\u202f000\u00a0€."
    for seats in range(101, 161):  # of the register's own cost, a number that no float holds
        found = unit_cost("place ouverte", 22_000_000 / 97 * seats, seats)
        assert found.interval == Interval(found.ratio, found.ratio)


def test_fieller_solves_its_equation_at_both_ends():
    found = fieller(6.0, 3.0, 0.25, 0.09, 0.05)
    for r in (found.low, found.high):
        t = (6 - 3 * r) / np.sqrt(0.25 - 2 * r * 0.05 + r**2 * 0.09)
        assert abs(t) == pytest.approx(1.959964, abs=1e-5)
    assert found.low < 2 < found.high
    assert found.bounded


def test_fieller_of_a_known_cost_is_the_cost_over_the_ends_of_the_count():
    found = fieller(100.0, 10.0, 0.0, 1.0)
    z = stats.norm.ppf(0.975)
    assert (found.low, found.high) == pytest.approx((100 / (10 + z), 100 / (10 - z)))


def test_cost_is_unbounded_when_the_count_may_be_zero():
    found = unit_cost("diplômé net", 22e6, 100, 80)
    low, high = found.interval.positive()
    assert low == pytest.approx(22e6 / (100 + stats.norm.ppf(0.975) * 80))
    assert high == np.inf
    assert "non borné" in found.summary()
    assert not found.interval.bounded


def test_a_negative_count_gives_no_cost():
    found = unit_cost("diplômé net", 22e6, -100, 10)
    assert np.isnan(found.ratio)
    assert found.bounds() == "aucun coût positif compatible"
    assert "n. d." in found.summary()


def test_fieller_says_everything_when_neither_part_is_known():
    found = fieller(0.1, 0.1, 1.0, 1.0)
    assert (found.low, found.high) == (-np.inf, np.inf)


@pytest.mark.parametrize("denominator", [0.0, 0.5, 3.0])
def test_fieller_covers_even_near_a_zero_denominator(denominator):
    rng = np.random.default_rng(0)
    n = rng.normal(1.0, 0.3, 4_000)
    d = rng.normal(denominator, 0.4, 4_000)
    truth = 1.0 / denominator if denominator else 1e9
    covered = 0
    for a, b in zip(n, d, strict=True):
        found = fieller(a, b, 0.09, 0.16)
        inside = found.low <= truth <= found.high
        covered += (not (found.low < truth < found.high)) if found.outside else inside
    assert covered / 4_000 == pytest.approx(0.95, abs=0.012)


def test_bootstrap_of_a_safe_count_is_a_percentile_interval():
    draws = np.arange(1, 1_001.0)
    found = bootstrap_ratio(1_000.0, draws)
    assert found.low == pytest.approx(1_000 / 976, rel=1e-3)
    assert found.high == pytest.approx(1_000 / 25, rel=0.05)


def test_bootstrap_is_unbounded_when_resamples_reach_zero():
    draws = np.random.default_rng(0).normal(100, 80, 2_000)
    found = unit_cost("diplômé net", 22e6, 100, 80, draws=draws)
    assert found.interval.high == np.inf
    assert found.bounds().endswith("non borné vers le haut")


def test_draws_that_bring_nobody_give_no_cost():
    found = unit_cost("diplômé", 22e6, 0.0, 0.0, draws=np.zeros(100))
    assert found.bounds() == "aucun coût positif compatible"
    assert found.summary().endswith("n. d., aucun en plus n'est estimé.")


def test_what_an_opening_without_a_seat_cost_is_paid_for_those_that_opened():
    register = pd.DataFrame(
        {"places_ouvertes": [10.0, 0.0, -8.0], "places_prevues": 10.0, "cout": [1000, 500, np.nan]}
    )
    assert seat_costs(register) == {"Coût complet": 150.0}
    assert seat_costs(register[1:]) == seat_costs(register.assign(cout=[np.nan, 500, 0])) == {}


def test_a_cost_in_industry_has_no_end_where_the_programme_may_have_brought_nobody(monkeypatch):
    """Ten seats at 100 euros: 1,000 euros over the ends of the total, where these are people."""
    module = import_module("fpi_eval.costs.programme_costs")
    frame = pd.DataFrame({"dose": [10.0], "cell": [1]})
    monkeypatch.setattr(module, "align", lambda *_: frame)
    register = pd.DataFrame({"places_ouvertes": [10.0], "places_prevues": 10.0, "cout": 1000.0})
    said = {}
    for low, high in ((4.0, 10.0), (-4.0, 10.0), (-10.0, -4.0), (np.nan, np.nan)):
        total = SimpleNamespace(estimate=(low + high) / 2, std_error=1.0, ci_low=low, ci_high=high)
        evaluation = SimpleNamespace(outcome="industrie", total=lambda total=total: total)
        year, panel = SimpleNamespace(register=register), SimpleNamespace(table=None)
        found = module.industry_costs.__wrapped__(year, panel, evaluation)
        if np.isnan(low):
            assert found.reason == module.NO_INDUSTRY  # unknown is not below zero
        else:
            said[low] = found[0].bounds().replace("\xa0", " ")
    assert said == {
        4.0: "de 100 € à 250 €", -4.0: "au moins 100 €, non borné vers le haut",
        -10.0: "aucun coût positif compatible",
    }  # fmt: skip


def test_bootstrap_refuses_missing_draws():
    with pytest.raises(FpiError, match="tirages"):
        bootstrap_ratio(1.0, np.array([1.0, np.nan]))
    for costs in ([], [1.0, 2.0]):
        with pytest.raises(FpiError, match=f"{len(costs)} coûts : un seul est attendu, ou un par"):
            bootstrap_ratio(costs, np.ones(3))


def test_outside_set_keeps_its_positive_part():
    assert Interval(-2.0, 5.0, outside=True).positive() == (5.0, np.inf)
    assert Interval(1.0, 5.0, outside=True).positive() == (0.0, np.inf)
    assert Interval(-5.0, 3.0).positive() == (0.0, 3.0)


def test_acceptability_is_half_at_the_estimated_cost_and_rises():
    prices, draws = [50.0, 100.0, 400.0], np.random.default_rng(0).normal(10, 2, 100_000)
    share = acceptability(1_000, draws, prices)["share"].to_numpy()
    normal = stats.norm.cdf((np.multiply(prices, 10) - 1_000) / np.multiply(prices, 2))
    assert share == pytest.approx(normal, abs=0.01)


def test_table_says_in_words_what_is_not_bounded():
    table = cost_table([unit_cost("place ouverte", 10, 2), unit_cost("diplômé net", 10, 1, 2)])
    assert list(table["bounded"]) == [True, False]
    assert table["ratio"].tolist() == [5, 10]
