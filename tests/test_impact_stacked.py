"""Stacked difference in differences."""

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel

from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import sample
from fpi_eval.impact.stacked import pooled, stack, stacked, stacked_event_study
from fpi_eval.impact.uncertainty import ALONE, FEWER
from fpi_eval.panel.sample import Sample
from fpi_eval.regression import interval


def frame_of(rows: list[tuple], cohorts: dict, seats: dict, regions: dict) -> Sample:
    frame = pd.DataFrame(rows, columns=["cell", "time", "y"])
    frame["cohort"] = frame["cell"].map(cohorts).astype(float)
    opened = frame["time"] >= frame["cohort"]
    frame["dose"] = np.where(opened, frame["cell"].map(seats).fillna(0), 0.0)
    frame["code_region"] = frame["cell"].map(regions)
    frame["uai"] = frame["code_departement"] = frame["cell"].astype(str)
    frame["course"], frame["other_dose"] = "a", 0.0
    return Sample(frame, "diplomes")


# Cells 1 and 2 of region R open 10 and 20 seats at year 2 and gain 5 and 11; cell 3, of another
# region, gains 2; cell 4, never opened but of region R, gains 50 and must not be a control.
# Per seat: (mean gain − 2) / mean seats = (8 − 2) / 15.
SMALL = frame_of(
    [(1, 1, 0), (1, 2, 5), (2, 1, 3), (2, 2, 14), (3, 1, 1), (3, 2, 3), (4, 1, 0), (4, 2, 50)],
    {1: 2, 2: 2}, {1: 10, 2: 20}, {1: "R", 2: "R", 3: "S", 4: "R"},
)  # fmt: skip


def test_effect_per_seat_by_hand():
    found = stacked_event_study(SMALL)
    assert found.overall.estimate == pytest.approx(6 / 15)
    assert found.table["estimate"].tolist() == pytest.approx([6 / 15])
    assert found.overall.n_cells == 3


def test_a_single_opened_establishment_has_no_interval_year_by_year_either():
    rows = [(1, 1, 0), (1, 2, 5), (3, 1, 1), (3, 2, 3), (5, 1, 0), (5, 2, 3)]
    found = stacked_event_study(frame_of(rows, {1: 2}, {1: 10}, {1: "R", 3: "S", 5: "S"}))
    assert found.rule == found.overall.rule == ALONE
    assert found.table[["std_error", "ci_low", "ci_high", "p_value"]].isna().all(axis=None)
    assert found.table["estimate"].tolist() == pytest.approx([found.overall.estimate])
    assert np.isnan(found.covariance).all()


def test_a_year_has_the_degrees_of_freedom_of_the_establishments_it_follows():
    rng = np.random.default_rng(0)
    rows = [(c, t, rng.normal()) for c in (1, 2, 3, 5, 6) for t in (1, 2, 3)]
    regions = {1: "R", 2: "R", 3: "S", 5: "S", 6: "S"}
    found = stacked_event_study(frame_of(rows, {1: 2, 2: 3}, {1: 10, 2: 10}, regions))
    table = found.table.set_index("rel_time")
    low, high, p_value = interval(table.estimate[0], table.std_error[0], 1)
    assert table.loc[0, ["ci_low", "ci_high", "p_value"]].tolist() == [low, high, p_value]
    assert table.loc[1, ["std_error", "ci_low", "ci_high"]].isna().all()  # one establishment
    assert found.rule.endswith(FEWER)


def test_controls_recur_in_each_wave_within_the_window():
    rows = [(c, t, float(c * t)) for c in (1, 2, 3) for t in range(1, 16)]
    frame = frame_of(rows, {1: 7, 2: 10}, {1: 1, 2: 1}, {1: "R", 2: "R", 3: "S"})
    data = stack(frame)
    assert sorted(data["wave"].unique()) == [7, 10]
    assert data.groupby("wave")["cell"].unique().map(sorted).tolist() == [[1, 3], [2, 3]]
    window = data.groupby("wave")["time"].agg(["min", "max"]).to_numpy()
    assert window.tolist() == [[2, 11], [5, 14]]


def test_a_course_without_control_is_left_out_and_counted():
    other = SMALL[SMALL["cell"] == 1].assign(cell=9, uai="9", course="b")
    data = stack(SMALL.of(pd.concat([SMALL.frame, other.frame])))
    assert 9 not in set(data["cell"])
    assert ("cellule ouverte sans témoin de la même formation", 1) in data.dropped


def test_a_region_that_only_closes_seats_is_no_control():
    shut = SMALL[SMALL["cell"] == 3].assign(
        cell=5, uai="5", code_region="T", dose=[0.0, -10.0], y=[9.0, 0.0]
    )
    found = stacked_event_study(SMALL.of(pd.concat([SMALL.frame, shut.frame])))
    assert found.overall.estimate == pytest.approx(6 / 15)
    assert found.table["estimate"].tolist() == pytest.approx([6 / 15])


@pytest.mark.parametrize("lacking", [(1, 2, 3), (3,)])  # all cells, or those they are compared to
def test_without_the_year_before_no_other_is_the_reference_in_silence(lacking):
    times = {c: (1, 2, 4, 5) if c in lacking else (1, 2, 3, 4, 5) for c in (1, 2, 3)}
    rows = [(c, t, float(c * t)) for c in times for t in times[c]]
    frame = frame_of(rows, {1: 4, 2: 4}, {1: 10, 2: 20}, {1: "R", 2: "R", 3: "S"})
    assert np.isfinite(pooled(stack(frame)).estimate)
    with pytest.raises(FpiError, match="l'année d'avant"):
        stacked_event_study(frame)


def test_no_control_elsewhere_is_refused():
    with pytest.raises(FpiError, match="jamais ouverte"):
        stack(SMALL[SMALL["cell"] != 3])


def test_without_noise_the_effect_per_seat_is_exact():
    frame = sample(invented_panel(1), "diplomes")
    year = frame.groupby(["course", "time"]).ngroup().to_numpy()
    noise = np.random.default_rng(0).normal(size=year.max() + 1)
    frame = frame.assign(y=frame["cell"] + noise[year] + 0.5 * frame["dose"])
    found = stacked_event_study(frame)
    table = found.table.set_index("rel_time")
    assert table.index.tolist() == [-5, -4, -3, -2, 0, 1, 2, 3, 4]
    assert table.estimate[table.index < -1].to_numpy() == pytest.approx(0, abs=1e-9)
    assert table.estimate[table.index >= 0].to_numpy() == pytest.approx(0.5, abs=1e-9)
    assert found.overall.estimate == pytest.approx(0.5, abs=1e-9)


def test_from_the_panel_to_words():
    found = stacked(invented_panel(2, noise=1.0))
    assert "Empilement" in found.summary()
    assert "de 5 ans avant à 4 ans après" in found.method()
