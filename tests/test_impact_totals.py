"""Programme totals by group: truth without noise, sums, small territories, honest intervals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel

from fpi_eval import twin
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import NET
from fpi_eval.impact.groups.territories import Territories, paule_mandel, territories
from fpi_eval.impact.groups.totals import ALL, OTHERS, SHOWN_ALONE, small, totals
from fpi_eval.impact.j import j as j_j
from fpi_eval.panel import align

EXACT = 1e-8
NO_NAMES = {"academie": {"10": "Lyon"}, "departement": {"069": "Rhône"}}


def in_six_departements(seed: int, **options) -> pd.DataFrame:
    """Return an invented panel with six départements a region, where only the same site loses."""
    panel = invented_panel(seed, dep=0.0, opened=40, **options)
    number = panel["uai"].str[2:].astype(int) % 6
    return panel.assign(code_departement=panel["uai"].str[:2] + number.astype(str))


@pytest.fixture(scope="module")
def drawn() -> twin.Twin:
    return twin.draw(replace(twin.DEFAULT, n_cells_region=900, n_cells_other=2700), 4)


@pytest.fixture(scope="module")
def found(drawn):
    return totals(drawn.panel, "entrants", names=NO_NAMES)


def test_variance_between_groups_is_what_their_spread_shows_beyond_the_noise():
    # Three values 0, 1, 2 of noise .25: their variance is 1, of which .25 is noise.
    assert paule_mandel(np.array([0.0, 1.0, 2.0]), np.full(3, 0.25)) == pytest.approx(0.75)


def test_variance_between_groups_is_zero_when_noise_is_enough():
    assert paule_mandel(np.array([0.0, 1.0, 2.0]), np.full(3, 1.5)) == 0.0


def test_a_departement_alone_keeps_a_quarter_of_every_variance():
    # One seat-year in each of two départements, noise 1, nothing between, mean known exactly.
    table = pd.DataFrame({"seats": [1.0, 1.0], "moved": [1.0, 1.0], "half": [0.4, 0.6],
                          "noise": 1.0, "exposure_etab": 0.0, "exposure_dep": 0.0})  # fmt: skip
    made = Territories("entrants", table, 0.0, np.zeros(3), np.zeros((3, 3)), 1)
    value, error = made.total(np.array([True, False]), net=False)
    assert value == 0.4
    # ¼ × 1 for itself, ½ × ½ × 1 for being half of the mean.
    assert error == pytest.approx(np.sqrt(0.25 + 0.25))


def test_without_noise_every_departement_gets_its_seats_times_the_effect():
    panel = in_six_departements(1)
    got = territories(panel, "diplomes")
    dose = align(panel, "diplomes")
    seen = dose["dose"].groupby(dose["code_departement"].astype(str)).sum()
    for row in got.table.itertuples():
        kept = (got.table["code_departement"] == row.code_departement).to_numpy()
        value, error = got.total(kept, net=False)
        assert value == pytest.approx(0.5 * seen[row.code_departement], abs=1e-6)
        assert error == pytest.approx(0.0, abs=1e-4)


def test_departements_add_up_to_academies_and_to_the_programme(drawn, found):
    rows = found.table.set_index(["dimension", "group"])
    for column in ("seats", "n_etab", "gross", "estimate"):
        parts = [rows.loc[name, column].sum() for name in ("Académie", "Département")]
        assert parts[0] == pytest.approx(parts[1], rel=1e-10)
        assert parts[0] == pytest.approx(rows.loc[(ALL, ALL), column], rel=1e-10)


def test_the_whole_is_the_programmes_effect_times_its_seats(drawn, found):
    net = j_j(drawn.panel, "entrants")[NET]
    n = align(drawn.panel, "entrants")["dose"].sum()
    whole = found.table.iloc[0]
    assert whole["seats"] == n
    assert whole["estimate"] == pytest.approx(n * net.estimate, rel=1e-10)
    assert whole["ci_high"] == pytest.approx(n * net.ci_high, rel=1e-10)


def test_intervals_hold_what_each_group_really_gained(drawn, found):
    truth = drawn.truth.cells[drawn.truth.cells["outcome"] == "entrants"]
    place = drawn.panel.drop_duplicates("cell").set_index("cell")["code_departement"]
    own = truth["own"].groupby(truth["cell"].map(place)).sum()
    rows = found.table[found.table["dimension"] == "Département"].set_index("group")
    rows = rows.rename(index={"Rhône": "069"}).drop(index=OTHERS, errors="ignore")
    inside = own.loc[rows.index].between(rows["gross_low"], rows["gross_high"])
    assert len(rows) >= 5
    assert inside.mean() >= 0.8
    wide = (rows["gross_high"] - rows["gross_low"]) / rows["gross"]
    assert wide.between(0.05, 1.0).all()


def test_a_split_with_one_group_is_not_shown_beside_the_whole():
    made = totals(in_six_departements(1, noise=1.0), "diplomes")
    assert not made.table["dimension"].isin(["Voie", "Niveau", "Filière"]).any()


def test_an_academie_or_a_departement_alone_is_not_shown_beside_the_whole(drawn):
    one = drawn.panel.assign(code_academie=drawn.panel["code_region"])
    kinds = totals(one, "entrants").table["dimension"].value_counts()
    assert "Académie" not in kinds
    assert kinds["Département"] > 1
    alone = one.assign(code_departement=one["code_region"])
    assert "Département" not in set(totals(alone, "entrants").table["dimension"])


def test_names_given_replace_codes(found):
    groups = found.table.groupby("dimension")["group"].agg(set)
    assert "Rhône" in groups["Département"]
    assert "Lyon" in groups["Académie"]
    assert {"Secondaire", "Supérieur"} == groups["Niveau"]


def test_small_territories_are_shown_together_never_one_alone():
    code = pd.Series(["a", "b", "c", "d"])
    sites = pd.Series([1, 4, 6, 9]).groupby(code)
    assert list(code[small(sites, code)]) == ["a", "b"]  # 1 is small; with 4 they are enough
    sites = pd.Series([3, 4, 6, 9]).groupby(code)
    assert not small(sites, code).any()


def test_no_territory_of_the_table_rests_on_fewer_sites_than_the_threshold(found):
    assert (found.table["n_etab"] >= SHOWN_ALONE).all()


def test_too_few_sites_are_told_and_other_groups_stay():
    few = replace(twin.SCENARIOS["few4"], n_cells_region=600, n_cells_other=1200)
    panel = twin.draw(few, 1).panel
    with pytest.raises(FpiError, match="établissements ouverts"):
        territories(panel, "entrants")
    made = totals(panel, "entrants")
    assert "Territoires" in made.absent
    assert not made.table["dimension"].isin(["Académie", "Département"]).any()


def test_a_departement_with_only_new_courses_gets_the_mean_and_its_whole_difference_as_error():
    panel = in_six_departements(1, noise=1.0)
    opened = panel[panel["seats"] > 0]
    one = opened["code_departement"].iloc[0]
    mine = panel["cell"].isin(opened.loc[opened["code_departement"] == one, "cell"])
    got = territories(panel.assign(nouvelle=mine), "entrants")
    at = (got.table["code_departement"] == str(one)).to_numpy()
    assert got.table.loc[at, "own"].isna().all()
    assert got.table.loc[at, "half"].item() == got.effects[0]
    error = got.total(at, net=False)[1]
    others = np.array([got.total(np.arange(len(at)) == j, net=False)[1] for j in range(len(at))])
    n = got.table["seats"].to_numpy()
    assert error / n[at] > (others[~at] / n[~at]).min()


def by_school(panel: pd.DataFrame, schools) -> pd.DataFrame:
    """Return the panel with these schools, and half of those elsewhere, of another level."""
    away = (panel["code_region"] != "84") & (panel["uai"].str[2:].astype(int) % 2 == 0)
    other = panel["uai"].isin(schools) | away
    return panel.assign(niveau=np.where(other, "superieur", "secondaire"))


def test_a_group_of_which_two_schools_have_a_past_is_not_told_as_four():
    panel = in_six_departements(1, noise=1.0)
    schools = panel.loc[panel["seats"] != 0, "uai"].unique()[:4]
    new = panel["uai"].isin(schools[2:]) & (panel.groupby("cell")["seats"].transform("max") > 0)
    panel = by_school(panel.assign(nouvelle=new), schools)
    assert "Niveau, supérieur" in totals(panel, "entrants").absent
    told = totals(panel.assign(nouvelle=False), "entrants").table
    assert told.set_index("group").loc["Supérieur", "n_etab"] == 4


def test_where_more_seats_close_than_open_low_bounds_stay_below():
    panel = in_six_departements(1, noise=1.0)
    panel = by_school(panel, panel.loc[panel["seats"] != 0, "uai"].unique()[:6])
    shut = panel["niveau"] == "superieur"
    table = totals(panel.assign(seats=panel["seats"].mask(shut, -panel["seats"]))).table
    assert table["seats"].min() < 0
    assert (table["gross_low"] <= table["gross_high"]).all()
    assert (table["ci_low"] <= table["ci_high"]).all()


def test_a_group_that_closes_as_many_seats_as_it_opens_has_no_total():
    panel = in_six_departements(1, noise=1.0)
    panel = panel.assign(seats=12.0 * (panel["seats"] > 0))
    first = panel[panel["seats"] > 0].groupby("cell")["rentree"].min()
    alike = first.index[first == first.min()]
    half = len(alike) // 2
    panel = panel[~panel["cell"].isin(first.index.difference(alike[: 2 * half]))]
    shut = panel["cell"].isin(alike[:half])
    made = totals(panel.assign(seats=panel["seats"].mask(shut, -panel["seats"])), "entrants")
    whole = made.table.set_index("dimension").loc[ALL]
    assert whole["seats"] == 0
    assert whole[["gross", "gross_low", "estimate", "ci_low", "ci_high"]].isna().all()
    assert "n. d. net (sans intervalle)" in made.summary()
    assert "Ensemble, " not in made.summary()


def test_an_own_table_has_the_splits_it_has_whatever_their_codes():
    panel = in_six_departements(1, noise=1.0).drop(columns=["niveau", "voie"])
    number = panel["code_departement"].astype(int)
    panel = panel.assign(
        filiere=1 + panel["cell"] % 2, code_departement=number, code_academie=number % 2
    )
    groups = totals(panel, "diplomes").table.groupby("dimension")["group"].agg(list)
    assert groups["Filière"] == ["1", "2"]
    assert len(groups["Académie"]) == 2
    assert "Niveau" not in groups


def test_totals_are_gross_alone_where_no_exposed_course_is_compared():
    panel = in_six_departements(1, noise=1.0)
    away = panel["cell"] == panel["cell"].max()
    near = 5.0 * away * (panel["rentree"] >= 2022)
    panel = panel.assign(exposure_etab=near, exposure_dep=0.0)
    hidden = panel.assign(filiere=panel["filiere"].mask(away, "autre"))
    table = totals(hidden, "entrants").table
    assert np.isfinite(table[["gross", "gross_low", "gross_high"]]).all(axis=None)
    assert np.isnan(table.loc[table["dimension"] == ALL, ["estimate", "ci_low"]]).all(axis=None)
    assert "n. d. net (sans intervalle)" in totals(hidden, "entrants").summary()
    # Only the département of that course has something unknown around it: none of those opened.
    assert np.isfinite(table.loc[table["dimension"] != ALL, "estimate"]).all()


def test_a_departement_that_closes_as_many_seats_as_it_opens_has_an_error():
    panel = in_six_departements(1, noise=1.0)
    opened = panel[panel["seats"] != 0]
    code = opened["code_departement"].iloc[0]
    mine = opened.loc[opened["code_departement"] == code, "cell"].unique()
    sign = panel["cell"].map(dict(zip(mine, [1.0, -1.0] + [0.0] * len(mine), strict=False)))
    swapped = 12.0 * sign * (panel["rentree"] >= 2022)
    got = territories(panel.assign(seats=swapped.fillna(panel["seats"])), "entrants")
    at = (got.table["code_departement"] == code).to_numpy()
    assert got.table.loc[at, "seats"].item() == 0
    assert np.isfinite(got.total(at, net=False)[1])
    assert np.isnan(got.interval(at, net=False)).all()  # as the total of any group


def test_a_programme_that_closes_as_many_seats_as_it_opens_has_departements():
    panel = in_six_departements(1, noise=1.0)
    opened = panel.loc[panel["seats"] != 0, "cell"].unique()
    sign = panel["cell"].map(dict(zip(opened, [1.0, -1.0] * 20, strict=True))).fillna(0.0)
    panel = panel.assign(seats=12.0 * sign * (panel["rentree"] >= 2022))
    got = territories(panel, "entrants")
    assert got.table["seats"].sum() == 0
    assert (
        got.table["half"].between(*np.sort([got.table["own"].min(), got.table["own"].max()])).all()
    )
    one = np.arange(len(got.table)) == got.table["seats"].argmax()
    assert np.isfinite(got.interval(one)).all()


@pytest.mark.parametrize("sharing", [1, 2])
def test_departements_that_nothing_tells_apart_are_not_read_as_their_difference(sharing):
    panel = in_six_departements(1, noise=1.0)
    opened = panel[panel["seats"] != 0].drop_duplicates("cell")
    kept = opened.groupby("code_departement")["cell"].first().iloc[:sharing]
    here = opened["code_departement"].isin(kept.index)
    panel = panel[~panel["cell"].isin(set(opened.loc[here, "cell"]) - set(kept))]
    mine = panel["cell"].isin(kept)  # their one opened course is taught nowhere else
    seats = panel["seats"].mask(mine, 12.0 * (panel["rentree"] >= 2022))
    panel = panel.assign(course=panel["course"].mask(mine, "seule"), seats=seats)
    if sharing == 1:
        own = territories(panel, "entrants").table.set_index("code_departement")["own"]
        assert own.index[own.isna()].tolist() == kept.index.tolist()
    else:
        with pytest.raises(FpiError, match="ne varie plus"):
            territories(panel, "entrants")
