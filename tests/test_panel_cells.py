"""Seats and exposures beside each outcome, on tables worked by hand."""

import numpy as np
import pandas as pd
import pytest

from fpi_eval.errors import FpiError
from fpi_eval.panel import align, exposures, seat_grid
from fpi_eval.panel.cells import size_before


def table(seats=(0, 0, 12, 12), duree=2, **changes):
    """Three cells of one establishment: a opens 12 seats in 2022, b has 10 entrants, c has 30."""
    rows = (
        [("a", 20, s, y) for s, y in zip(seats, range(2020, 2024), strict=True)]
        + [("b", 10, 0, y) for y in range(2020, 2024)]
        + [("c", 30, 0, y) for y in range(2020, 2024)]
    )
    panel = pd.DataFrame(rows, columns=["cell", "entrants", "seats", "rentree"])
    panel["cell"] = panel["cell"].map({"a": 0, "b": 1, "c": 2})
    panel = panel.assign(
        uai="u", course="x", famille="f", filiere="numerique", niveau="secondaire",
        voie="scolaire", duree=duree, code_departement="069", code_academie="10",
        code_region="84", places=24.0, diplomes=8.0, autres_places=0.0, nouvelle=False,
    )  # fmt: skip
    return panel.assign(**changes)


def column(frame, cell, name):
    return frame.loc[frame["cell"] == cell, name].tolist()


def test_entrants_meet_the_seats_of_their_own_rentree():
    as_floats = table().astype({"rentree": float})  # after a merge
    as_dates = table(rentree=pd.to_datetime([f"{y}-09-01" for y in table()["rentree"]]))
    for panel in (table(), as_floats, as_dates):
        assert column(align(panel, "entrants"), 0, "dose") == [0, 0, 12, 12]


def test_graduates_of_a_two_year_course_meet_the_seats_of_the_rentree_before():
    frame = align(table(), "diplomes")
    assert column(frame, 0, "dose") == [0, 0, 0, 12]
    assert column(frame, 0, "opened") == [False, False, False, True]
    assert column(frame, 0, "cohort") == [2023.0] * 4
    assert np.isnan(column(frame, 1, "cohort")).all()


def test_exposure_shares_the_seats_among_untreated_neighbours_by_size():
    frame = align(table(), "entrants")
    assert column(frame, 1, "exposure_etab") == [0, 0, 3, 3]
    assert column(frame, 2, "exposure_etab") == [0, 0, 9, 9]
    assert column(frame, 0, "exposure_etab") == [0, 0, 0, 0]
    assert column(frame, 2, "exposure_dep") == [0, 0, 9, 9]


def test_exposures_add_up_to_the_opened_seats():
    grid = seat_grid(table())
    near, far = exposures(grid, size_before(table(), grid))
    np.testing.assert_allclose(near.sum(axis=0), grid.seats.sum(axis=0))
    np.testing.assert_allclose(far.sum(axis=0), grid.seats.sum(axis=0))


def test_size_is_read_before_the_first_opening():
    panel = table()
    panel.loc[(panel["cell"] == 1) & (panel["rentree"] >= 2022), "entrants"] = 1000
    assert column(align(panel, "entrants"), 1, "size") == [10.0] * 4


def test_seats_stay_in_force_when_a_row_is_missing():
    panel = table((0, 12, 12, 12))
    panel = panel[~((panel["cell"] == 0) & (panel["rentree"] == 2022))]
    assert column(align(panel, "diplomes"), 0, "dose") == [0, 0, 12]


def test_a_closure_is_an_opening_with_a_minus_sign():
    frame = align(table((0, 0, -6, -6)), "entrants")
    assert column(frame, 0, "dose") == [0, 0, -6, -6]
    assert not frame["opened"].any()
    assert column(frame, 1, "exposure_etab") == [0, 0, -1.5, -1.5]


def test_rows_whose_entry_seats_are_unknown_are_dropped_and_counted():
    frame = align(table((12, 12, 12, 12)), "diplomes")
    assert column(frame, 0, "time") == [2021, 2022, 2023]
    assert dict(frame.dropped)["places inconnues à la rentrée d'entrée"] == 1


def test_a_new_cell_had_no_seat_before_it_existed():
    frame = align(table((12, 12, 12, 12), nouvelle=True), "diplomes")
    assert column(frame, 0, "dose") == [0, 12, 12, 12]


def test_missing_outcomes_are_dropped_and_counted():
    panel = table()
    panel.loc[3, "diplomes"] = np.nan
    frame = align(panel, "diplomes")
    assert len(frame) == 11
    assert dict(frame.dropped)["résultat manquant"] == 1


def test_the_caller_s_table_is_left_as_it_was():
    panel = table()
    before = panel.copy()
    align(panel, "diplomes")
    pd.testing.assert_frame_equal(panel, before)


@pytest.mark.parametrize(
    ("panel", "outcome", "message"),
    [
        (table(), "notes", "absent du panel"),
        (table(notes="vu"), "notes", "« vu » n'est pas un nombre"),
        (table(notes=np.inf), "notes", "valeur infinie"),
        (pd.concat([table(), table()]), "diplomes", "deux lignes"),
        (table().iloc[:0], "diplomes", "aucune ligne"),
        (table().assign(cell=[None, *"aaabbbbcccc"]), "diplomes", "identifiant manquant"),
        (table(duree=[np.nan, *[2.0] * 11]), "diplomes", "valeur manquante à la ligne 1"),
        (table(duree=2.5), "diplomes", "durée impossible"),
        (table(uai=[*"uuuuvvv", None, *"wwww"]), "diplomes", "identifiant manquant à la ligne 8"),
        (table(rentree=[np.nan, 2021, 2022, 2023] * 3), "diplomes", "année manquante"),
        (table(rentree=[2020.0] * 12), "diplomes", "dont « 0 » en 2020\\)"),
    ],
)
def test_mistakes_are_said_in_french(panel, outcome, message):
    with pytest.raises(FpiError, match=message):
        align(panel, outcome)
