"""From the cell panel to the event study of an opening."""

import numpy as np
import pytest
from invented import invented_panel

from fpi_eval.errors import FpiError
from fpi_eval.impact.as_event_study import comparison_frame, opening_study
from fpi_eval.impact.callaway_santanna import callaway_santanna
from fpi_eval.impact.sun_abraham import sun_abraham


def exact_panel():
    """A panel of entrants where an opening adds exactly 3, whatever its seats."""
    panel = invented_panel(1)
    panel["entrants"] = 10.0 + panel["cell"] + panel["rentree"] + 3.0 * (panel["seats"] > 0)
    return panel


@pytest.mark.parametrize("estimator", [callaway_santanna, sun_abraham])
def test_the_effect_of_an_opening_is_exact_without_noise(estimator):
    found = opening_study(exact_panel(), "entrants", estimator=estimator)
    table = found.table.set_index("rel_time")
    assert table.estimate[table.index >= 0].to_numpy() == pytest.approx(3, abs=1e-9)
    assert table.estimate[table.index < 0].to_numpy() == pytest.approx(0, abs=1e-9)
    assert found.overall.estimate == pytest.approx(3, abs=1e-9)


def test_exposed_cells_and_untouched_courses_are_left_out_and_counted():
    panel = exact_panel()
    frame = comparison_frame(panel, "entrants")
    never = frame["cohort"].isna()
    assert (frame.loc[never, "exposure_etab"] == 0).all()
    assert (frame.loc[never, "exposure_dep"] == 0).all()
    assert set(frame["course"]) == set(frame.loc[~never, "course"])
    counts = dict(frame.dropped)
    assert counts["témoin exposé à une ouverture voisine"] > 0
    assert "témoin exposé" in opening_study(panel, "entrants").summary()


def test_a_cell_that_lost_seats_is_no_comparison():
    panel = exact_panel()
    victim = panel.loc[panel["code_region"] != "84", "cell"].iloc[0]
    closed = (panel["cell"] == victim) & (panel["rentree"] >= 2024)
    panel["seats"] = np.where(closed, -6.0, panel["seats"])
    frame = comparison_frame(panel, "entrants")
    assert victim not in set(frame["cell"])
    assert dict(frame.dropped)["cellule ayant perdu des places"] == 1


def test_a_closure_is_seen_though_no_outcome_is_known_while_seats_are_open():
    panel = exact_panel()
    cell = panel.loc[panel["seats"] > 0, "cell"].iloc[0]
    mine, year = panel["cell"] == cell, panel["rentree"]
    first = year[mine & (panel["seats"] > 0)].min()
    assert year.max() > first
    panel["seats"] = panel["seats"].mask(mine & (year > first), 0.0)
    known = panel["entrants"].mask(mine & (year == first))
    frame = comparison_frame(panel.assign(entrants=known), "entrants")
    assert frame.loc[frame["cell"] == cell, "time"].max() < first
    assert dict(frame.dropped)["cellule ayant perdu des places"] == 1


def test_without_any_clean_cell_it_stops():
    panel = exact_panel()
    opened = panel.loc[panel["seats"] > 0, "cell"]
    with pytest.raises(FpiError, match="aucune cellule témoin"):
        comparison_frame(panel[panel["cell"].isin(opened)], "entrants")
