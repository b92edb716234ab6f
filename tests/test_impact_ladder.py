"""Wider groups contain the neighbours that lose; fill before tells which could be replaced."""

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel

from fpi_eval import twin
from fpi_eval.errors import FpiError
from fpi_eval.impact.displacement.ladder import GROUPS, by_fill, fill_before, ladder, own_by_fill


def with_places(panel: pd.DataFrame, fill: pd.Series) -> pd.DataFrame:
    """Return the panel with places such that each cell's fill before is the one given."""
    return panel.assign(places=panel["entrants"] / panel["cell"].map(fill))


def test_fill_before_is_entrants_over_places_of_the_years_before_the_first_opening():
    rows = [("a", 2019, 8.0, 10.0, 0.0), ("a", 2020, 6.0, 10.0, 0.0), ("a", 2021, 30.0, 10.0, 5.0),
            ("b", 2020, 9.0, 0.0, 0.0), ("c", 2020, np.nan, 10.0, 0.0)]  # fmt: skip
    panel = pd.DataFrame(rows, columns=["cell", "rentree", "entrants", "places", "seats"])
    found = fill_before(panel.assign(duree=1))
    assert found["a"] == pytest.approx(0.7)
    assert "b" not in found.index
    assert "c" not in found.index


def test_without_displacement_every_rung_finds_the_seats_effect():
    panel = invented_panel(etab=0.0, dep=0.0, courses=6, opened=8)
    flat = panel.assign(diplomes=panel["entrants"] + 0.5 * past_seats(panel))
    assert [round(e.estimate, 6) for e in ladder(flat, "diplomes")] == [0.5] * 4


def test_seats_of_another_budget_are_a_second_dose_of_every_rung():
    panel = invented_panel(etab=0.0, dep=0.0, courses=6, opened=8)
    closed = panel.groupby("cell")["seats"].transform("max") == 0  # in the programme's region too
    other = closed & (panel["cell"] % 5 == 0) & (panel["rentree"] >= 2021)
    panel = panel.assign(autres_places=10.0 * other)
    moved = 0.5 * past_seats(panel) + 0.8 * past_seats(panel, "other_dose")
    flat = panel.assign(diplomes=panel["entrants"] + moved)
    assert [round(e.estimate, 6) for e in ladder(flat, "diplomes")] == [0.5] * 4


def test_a_rung_that_nothing_compares_is_told_and_leaves_the_others():
    panel = invented_panel(3, noise=1.0, regions=4, etabs=8, opened=10)
    whole = ladder(panel, "diplomes")
    region = panel["code_region"]
    for alone in (region == "84", region != ""):  # that région is one département, then all are
        place = panel["code_departement"].mask(alone, region)
        found = ladder(panel.assign(code_departement=place), "diplomes")
        assert [e.label for e in found] == [e.label for e in whole][:3]
        assert found.note == "Rien à comparer : département."


def test_a_territory_of_several_schools_is_one_cluster_every_year():
    panel = invented_panel(3, noise=1.0, regions=4, etabs=8, opened=10)
    opened = panel.loc[panel["seats"] != 0, "uai"].nunique()
    course, school, family, wide = ladder(panel, "diplomes")
    assert [e.openings for e in (course, school, family, wide)] == [opened] * 4
    assert wide.n_clusters == panel["code_departement"].nunique()
    assert "établissement" not in family.rule + wide.rule
    assert "parmi" not in wide.rule  # its two levels are one


def past_seats(panel: pd.DataFrame, column: str = "dose") -> np.ndarray:
    from fpi_eval.panel import align

    return align(panel, "diplomes")[column].to_numpy()


def test_a_student_taken_inside_the_school_is_lost_from_the_school_rung_on():
    panel = invented_panel(etab=-0.2, dep=0.0, opened=8)
    from fpi_eval.panel import align

    frame = align(panel, "diplomes")
    moved = 0.5 * frame["dose"] - 0.2 * frame["exposure_etab"]
    # Courses of one length, so that a school's seats and losses fall in the same years.
    flat = panel.assign(duree=1)
    frame = align(flat, "diplomes")
    moved = 0.5 * frame["dose"] - 0.2 * frame["exposure_etab"]
    rungs = {e.label: e.estimate for e in ladder(flat.assign(diplomes=20 + moved), "diplomes")}
    assert rungs["Effet par place : établissement"] == pytest.approx(0.3, abs=0.03)
    assert rungs["Effet par place : département"] == pytest.approx(0.3, abs=0.03)


def test_displacement_is_found_where_it_is_among_full_or_other_neighbours():
    panel = invented_panel(etab=0.0, dep=0.0, opened=10)
    full = pd.Series({c: 1.0 if c % 2 else 0.5 for c in panel["cell"].unique()})
    panel = with_places(panel, full)
    from fpi_eval.panel import align

    frame = align(panel, "diplomes")
    near = (frame["exposure_etab"] + frame["exposure_dep"]) * (frame["cell"] % 2 == 0)
    panel = panel.assign(diplomes=panel["diplomes"] - 0.2 * near)
    found = {e.label.split(" : ")[1]: e.estimate for e in by_fill(panel, "diplomes")}
    assert found[GROUPS[True]] == pytest.approx(0.0, abs=1e-6)
    reach = near.sum() / frame.loc[~frame["nouvelle"], "dose"].sum()
    assert found[GROUPS[False]] == pytest.approx(-0.2 * reach, rel=1e-6)


def test_as_many_seats_closed_as_opened_move_neighbours_by_a_finite_number():
    panel = invented_panel(noise=1.0, opened=2, start=2022)
    one, other = panel.loc[panel["seats"] != 0, "cell"].unique()
    sign = panel["cell"].map({one: 12.0, other: -12.0}).fillna(0.0)
    panel = panel.assign(seats=sign * (panel["rentree"] >= 2024))
    panel = with_places(panel, pd.Series(1.0, panel["cell"].unique()))
    assert np.isfinite([e.estimate for e in by_fill(panel, "entrants")]).all()


def test_own_effect_is_told_apart_by_the_fill_before():
    drawn = twin.draw(twin.SMALL, 3)
    found = own_by_fill(drawn.panel, "entrants")
    assert len(found) == 2
    assert all(0.4 < e.estimate < 1.0 for e in found)


def test_openings_where_nothing_tells_the_fill_are_in_neither_group():
    """Two more pupils a seat there change neither effect."""
    panel = twin.draw(twin.SMALL, 3).panel
    some = panel["cell"].isin(panel.loc[panel["seats"] > 0, "cell"].unique()[::3])
    panel = panel.assign(places=panel["places"].mask(some))
    more = panel.assign(entrants=panel["entrants"] + 2 * panel["seats"] * some)
    known, again = (own_by_fill(p, "entrants").to_frame()["estimate"] for p in (panel, more))
    assert known.tolist() == pytest.approx(again.tolist())


def test_fill_of_neighbours_where_there_are_none_is_refused_in_words():
    panel = invented_panel(opened=8)
    panel = with_places(panel, pd.Series(1.0, panel["cell"].unique()))
    with pytest.raises(FpiError, match="rien ne dit ce que perdent"):
        by_fill(panel, "diplomes", cluster=None, departement=None)
