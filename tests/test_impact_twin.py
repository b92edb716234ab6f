"""The primary and co-primary answers on simulated programmes whose truth is known."""

import pytest

from fpi_eval.impact.frame import DISPLACEMENT
from fpi_eval.impact.j_and_bjs2_t import GAP, j_and_bjs2_t
from fpi_eval.twin import SCENARIOS, draw


@pytest.fixture(scope="module", params=["realistic", "sel_trend"])
def answer(request):
    twin = draw(SCENARIOS[request.param], 1)
    return request.param, twin.truth.per_seat("diplomes"), j_and_bjs2_t(twin.panel)


def test_intervals_hold_the_truth_that_their_assumptions_let_them_see(answer):
    scenario, truth, found = answer
    gross, _, net, second, _ = found
    assert second.ci_low < truth["theta"] < second.ci_high
    assert net.ci_low < truth["net"] < net.ci_high
    assert (gross.ci_low < truth["theta"] < gross.ci_high) == (scenario == "realistic")


def test_the_gap_tells_a_selection_on_trends(answer):
    scenario, _, found = answer
    gap = found[GAP]
    assert (gap.p_value < 0.05) == (scenario == "sel_trend")
    assert ("s'accordent" in found.note) == (scenario == "realistic")
    assert found.summary().endswith(found.note)


def test_displacement_is_negative_and_counted_per_opened_seat(answer):
    _, truth, found = answer
    assert found[DISPLACEMENT].estimate < 0
    assert truth["kappa"] < 0
