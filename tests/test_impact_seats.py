"""J, BJS2-T, Wald and lags: truth recovered without noise, pyfixest with it."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel, opened_elsewhere

from fpi_eval.errors import FpiError
from fpi_eval.impact import displacement, study_family
from fpi_eval.impact import few_treated as few
from fpi_eval.impact.bjs2_t import bjs2_t
from fpi_eval.impact.frame import DISPLACEMENT, GROSS, NET, effects, paths, sample
from fpi_eval.impact.j import fit_j, wald
from fpi_eval.impact.j import j as j_j
from fpi_eval.impact.j_and_bjs2_t import GAP, j_and_bjs2_t
from fpi_eval.impact.placebo_regions import (
    COPIES,
    _homes,
    _walds,
    candidate,
    copied,
    placebo_regions,
)
from fpi_eval.impact.stacked import stack
from fpi_eval.impact.uncertainty import UNKNOWN
from fpi_eval.panel import align
from fpi_eval.regression import interval
from fpi_eval.regression.absorb import Absorber
from fpi_eval.regression.rows import sum_by
from fpi_eval.regression.sandwich import codes

pf = pytest.importorskip("pyfixest")
EXACT = 1e-8


@pytest.mark.parametrize("proportional", [True, False])
def test_without_noise_j_returns_gross_displacement_and_net(proportional):
    panel = invented_panel(1, proportional=proportional)
    frame = sample(panel, "diplomes")
    fit = fit_j(frame, proportional=proportional)
    np.testing.assert_allclose(fit.coefficients, [0.5, -0.1, -0.1], atol=EXACT)
    found = j_j(panel, proportional=proportional)
    near, far = frame.reach
    assert found[GROSS].estimate == pytest.approx(0.5, abs=EXACT)
    assert found[DISPLACEMENT].estimate == pytest.approx(-0.1 * (near + far), abs=EXACT)
    total = found[GROSS].estimate + found[DISPLACEMENT].estimate
    assert found[NET].estimate == pytest.approx(total, abs=EXACT)


@pytest.mark.parametrize("proportional", [True, False])
def test_without_noise_the_trend_estimator_survives_a_trend_that_moves_j(proportional):
    flat = bjs2_t(invented_panel(2, proportional=proportional), proportional=proportional)
    assert flat.estimate == pytest.approx(0.5, abs=EXACT)
    panel = invented_panel(2, proportional=proportional, trend=0.02, etab=0.0, dep=0.0)
    found = j_and_bjs2_t(panel, proportional=proportional)
    assert found[GROSS].estimate > 0.6
    assert abs(found[3].estimate - 0.5) < 0.03
    gap = found[GAP]
    assert gap.estimate == pytest.approx(found[0].estimate - found[3].estimate, abs=EXACT)
    assert gap.std_error < found[0].std_error + found[3].std_error


def test_jackknife_influence_is_the_move_when_a_cluster_leaves():
    frame = sample(invented_panel(5, noise=2.0), "diplomes")
    fit = fit_j(frame)
    cluster = frame["code_departement"].to_numpy()[fit.keep]
    names = np.unique(cluster)
    left = cluster != names[0]
    w = fit.weights[left, None]
    without = np.linalg.solve(
        (fit.x[left] * w).T @ fit.endogenous[left], (fit.x[left] * w).T @ fit.y[left]
    )
    expected = np.sqrt((len(names) - 1) / len(names)) * (fit.coefficients - without)
    np.testing.assert_allclose(fit.jackknife(cluster)[0], expected, atol=1e-10)


def test_a_seat_weighs_the_same_in_a_small_and_in_a_large_opening():
    # Half an effect per seat up to 12 seats, a quarter beyond: the Wald is the mean per seat.
    panel = invented_panel(7, etab=0.0, dep=0.0, per_seat=0.0, opened=12)
    dose = align(panel, "diplomes")["dose"].to_numpy()
    gain = 0.5 * np.minimum(dose, 12) + 0.25 * np.maximum(dose - 12, 0)
    panel["diplomes"] = panel["cell"] + gain
    frame = sample(panel, "diplomes")
    fit = fit_j(frame, proportional=False)
    assert abs(fit.coefficients[0] - gain.sum() / dose.sum()) < 0.02


def test_order_of_cells_changes_nothing():
    panel = invented_panel(9, noise=2.0)
    mixed = panel.sample(frac=1, random_state=0)
    a, b = j_j(panel).to_frame(), j_j(mixed).to_frame()
    np.testing.assert_allclose(
        a[["estimate", "std_error", "ci_low"]], b[["estimate", "std_error", "ci_low"]], rtol=1e-6
    )


@pytest.mark.parametrize(
    ("opened", "etabs", "words"),
    [(60, 40, "jackknife"), (14, 12, "bootstrap sauvage"), (2, 12, "permutation")],
)
def test_the_rule_follows_the_number_of_treated_establishments(opened, etabs, words):
    panel = invented_panel(10, noise=1.0, opened=opened, etabs=etabs)
    gross = j_j(panel)[GROSS]
    assert words in gross.rule
    assert gross.ci_low < 0.5 < gross.ci_high
    assert gross.rule in gross.summary()


def test_one_treated_establishment_gets_a_placebo_and_no_interval():
    panel = invented_panel(11, noise=1.0, opened=1)
    gross = j_j(panel)[GROSS]
    assert np.isnan(gross.ci_low)
    assert not gross.beyond_zero
    assert "sans intervalle" in gross.summary()
    assert 0 < gross.p_value < 0.1
    both = j_and_bjs2_t(panel)
    assert np.isnan(both[GAP].std_error)
    assert "n'est pas mesurable" in both.note
    assert "s'accordent :" not in both.note


def test_without_neighbours_the_net_effect_has_the_interval_of_the_gross_one():
    panel = invented_panel(12, noise=2.0, opened=3)
    gross, _, net = j_j(panel, cluster=None, departement=None)
    assert (net.estimate, net.ci_low, net.ci_high) == (gross.estimate, gross.ci_low, gross.ci_high)
    assert net.rule == gross.rule


def test_where_no_exposed_course_is_in_the_regression_what_neighbours_lose_is_unknown():
    panel = invented_panel(12, noise=2.0)
    away = panel["cell"] == panel["cell"].max()
    near = 5.0 * away * (panel["rentree"] >= 2022)
    given = panel.assign(exposure_etab=near, exposure_dep=0.0)
    seen = j_j(given)
    assert np.isfinite([e.ci_low for e in seen]).all()
    hidden = given.assign(filiere=given["filiere"].mask(away, "autre"))
    gross, moved, net = j_j(hidden)
    assert np.isfinite([gross.estimate, gross.ci_low]).all()
    assert np.isnan([moved.estimate, net.estimate, net.std_error, net.ci_low, net.p_value]).all()
    assert net.rule == UNKNOWN
    assert "n. d. (sans intervalle" in net.summary()
    found = displacement(hidden, "diplomes")
    assert np.isnan([found.net.estimate, found.diversion, found.interval.low]).all()
    assert found.own.estimate == gross.estimate
    assert "aucune formation voisine exposée" in found.summary()
    with pytest.raises(FpiError, match="ni nombre ni intervalle"):
        study_family(hidden, ["diplomes"], effect=NET)


def test_an_exposure_that_another_one_holds_is_counted_once():
    panel = invented_panel(12, noise=2.0)
    near = 5.0 * (panel["cell"] % 7 == 6) * (panel["rentree"] >= 2022) * (panel["seats"] == 0)
    one, both = (panel.assign(exposure_etab=near, exposure_dep=k * near) for k in (0.0, 1.0))
    assert j_j(both)[NET].estimate == pytest.approx(j_j(one)[NET].estimate)


def test_a_bootstrap_says_by_what_it_is():
    panel = invented_panel(10, noise=1.0, opened=14, etabs=12)
    few, many = (j_j(p)[GROSS] for p in (panel, panel.assign(code_departement=panel["uai"])))
    assert f"bootstrap sauvage par établissement ({few.openings} traités)" in few.rule
    assert f"bootstrap sauvage par département ({many.openings} traités)" in many.rule


def test_an_estimate_rests_on_the_openings_that_have_a_comparison():
    panel = invented_panel(5, noise=1.0, opened=30, etabs=20)
    lone = panel[panel["cell"] == 0].assign(
        cell=panel["cell"].max() + 1, course="seule", famille="seule", code_departement="seul",
        uai="seul", seats=lambda d: 12.0 * (d["rentree"] >= 2024),
    )  # fmt: skip
    alone = bjs2_t(panel)
    added = pd.concat([panel, lone], ignore_index=True)
    found, gap = bjs2_t(added), j_and_bjs2_t(added)[GAP]
    assert found.estimate == pytest.approx(alone.estimate, abs=1e-6)
    for one in (found, gap):
        assert one.openings == alone.openings
        assert one.n_treated_clusters == alone.n_treated_clusters
        assert dict(one.dropped)["observation traitée sans comparaison"] > 0
    assert (found.ci_low, found.ci_high) == pytest.approx((alone.ci_low, alone.ci_high), abs=1e-6)


def test_seats_of_another_budget_are_no_comparison_of_the_wald():
    panel = invented_panel(3, noise=1.0)
    opened, acting = opened_elsewhere(panel, 2021)
    panel = panel.assign(autres_places=10.0 * opened)
    found = wald(panel)
    assert wald(panel.assign(diplomes=panel["diplomes"] + 50.0 * acting)).estimate == found.estimate
    assert dict(found.dropped)["observation aux places ouvertes sur un autre budget"] > 0


def test_a_placement_that_no_move_gives_is_added_to_them():
    panel = invented_panel(4, noise=0.1, regions=4, etabs=4, opened=0)
    first, second = panel.loc[panel["code_region"] == "84", "uai"].unique()[:2]
    cells = panel.groupby("uai")["cell"].unique()
    kept = ~panel["cell"].isin(cells[second][1:])  # too small a school for the other's two openings
    opened = panel["cell"].isin([*cells[first][:2], cells[second][0]]) & (panel["rentree"] >= 2022)
    panel = panel.assign(seats=12.0 * opened)[kept].reset_index(drop=True)
    frame = sample(panel, "diplomes")
    frame = frame.assign(y=frame["y"] + 5.0 * frame["dose"])
    test = few.moved_openings(frame, 5.0, 0.1)
    assert not test.exact
    assert test.p_value == test.floor == 1 / (1 + len(test.placebos))


def test_moving_openings_of_a_null_outcome_finds_nothing():
    panel = invented_panel(12, noise=2.0, opened=3, per_seat=0.0, etab=0.0, dep=0.0)
    frame = sample(panel, "diplomes")
    test = few.moved_openings(frame, 0.0, 0.05)
    assert test.p_value > 0.05
    assert test.ci_low < 0 < test.ci_high


def test_seats_of_another_budget_are_no_comparison_of_moved_openings():
    panel = invented_panel(12, noise=2.0, opened=3)
    opened, acting = opened_elsewhere(panel, 2021)
    panel = panel.assign(autres_places=10.0 * opened)
    more = panel.assign(diplomes=panel["diplomes"] + 50.0 * acting)
    one, other = (few.moved_openings(sample(p, "diplomes"), 0.0, 0.05) for p in (panel, more))
    assert (one.p_value, one.ci_low, one.ci_high) == (other.p_value, other.ci_low, other.ci_high)


def test_without_sizes_moved_openings_do_not_read_them():
    panel = invented_panel(12, noise=2.0, opened=3)
    factor = np.random.default_rng(0).uniform(0.2, 5.0, panel["cell"].max() + 1)
    other = panel.assign(entrants=panel["entrants"] * factor[panel["cell"]])
    one, same = (j_j(p, proportional=False)[GROSS] for p in (panel, other))
    assert (same.ci_low, same.ci_high) == pytest.approx((one.ci_low, one.ci_high), abs=1e-3)


def test_placebo_regions_spread_around_zero():
    panel = invented_panel(13, noise=2.0, regions=8)
    table = placebo_regions(panel)
    each = table.to_frame()
    assert len(each) == table.df == 7
    sites = panel.loc[panel["seats"] != 0, "uai"].nunique()  # whose spread gives each its error
    ends = interval(*each.loc[0, ["estimate", "std_error"]], sites - 1)
    assert each.loc[0, ["ci_low", "ci_high"]].tolist() == pytest.approx(ends[:2])
    assert len(table.table) == 7 * COPIES
    squares = (table.table["estimate"] ** 2).groupby(table.table["code_region"]).mean()
    assert table.std_error == pytest.approx(np.sqrt(squares.mean()))
    assert 0 < table.std_error < 0.3
    other = placebo_regions(panel, seed=1)
    assert not np.allclose(other.table["estimate"], table.table["estimate"])


def test_homes_are_the_first_drawn_that_are_large_enough_else_the_largest_left():
    rng = np.random.default_rng(0)
    for seed in range(60):
        courses, needs = rng.integers(1, 5, 6), rng.integers(1, 6, rng.integers(1, 14)).tolist()
        names = np.array([f"U{n}" for n in range(6)])
        found = _homes(names, courses, needs, np.random.default_rng(seed))
        drawn, free = np.random.default_rng(seed).permutation(6).tolist(), []
        for source in reversed(np.argsort(needs, kind="stable").tolist()):
            free = free or drawn.copy()  # once all have one, all may again
            large = [one for one in free if courses[one] >= needs[source]]
            home = large[0] if large else max(free, key=lambda one: courses[one])
            assert found[source] == names[home]
            free.remove(home)


def test_a_figure_names_each_placebo_region_once():
    found = placebo_regions(invented_panel(13, noise=2.0, regions=5, etabs=6))
    names = [tick.get_text() for tick in found.plot().get_yticklabels()]
    regions = found.table["code_region"].unique()
    assert sorted(names) == [f"Région {code}" for code in sorted(regions)]


def test_the_spread_of_placebo_regions_hardly_depends_on_the_draw_of_establishments():
    panel = invented_panel(13, noise=2.0, regions=12, etabs=30, opened=30)
    tables = [placebo_regions(panel, seed=seed).table for seed in range(8)]
    squares = np.stack([table.groupby("copy")["estimate"].apply(np.square).groupby("copy").mean()
                        for table in tables])  # fmt: skip
    assert np.std(np.sqrt(squares.mean(axis=1))) < 0.5 * np.std(np.sqrt(squares))


def shaken(panel, size):
    """Move the graduates of every region's targeted courses together, from 2024 on."""
    rng = np.random.default_rng(5)
    shocks = {region: size * rng.standard_normal() for region in sorted(set(panel["code_region"]))}
    late = (panel["rentree"] >= 2024) & (panel["filiere"] != "autre")
    moved = panel["code_region"].map(shocks) * panel.groupby("cell")["diplomes"].transform("first")
    return panel.assign(diplomes=panel["diplomes"] + moved.where(late, 0.0))


def test_placebo_regions_correct_the_error_only_where_regions_move_on_their_own(monkeypatch):
    panel = invented_panel(13, noise=2.0, regions=8, etabs=30, opened=40)
    plain = j_j(panel)[GROSS]
    assert "régions placebo" not in plain.rule
    table = copied(sample(panel, "diplomes"))
    shaken = table.assign(estimate=5 * table["std_error"] * (-1) ** table.index)
    module = import_module("fpi_eval.impact.placebo_regions")
    monkeypatch.setattr(module, "copied", lambda frame, **_: shaken)
    found = j_j(panel)[GROSS]
    assert found.rule.startswith("7 régions placebo")
    low, high, _ = interval(found.estimate, found.std_error, 7)
    assert (found.ci_low, found.ci_high) == pytest.approx((low, high))
    assert high - low > plain.ci_high - plain.ci_low


def test_five_placebo_regions_are_enough_and_multiply_the_error_by_what_they_find(monkeypatch):
    asked = {}
    rows = pd.DataFrame({"code_region": [*"aabbccddee", "f"], "std_error": [2.0] * 10 + [np.nan]})
    module = import_module("fpi_eval.impact.placebo_regions")
    rows = rows.assign(estimate=[6.0, -6] * 5 + [1])  # the last gives no error: it is none of five
    monkeypatch.setattr(module, "copied", lambda _, **how: asked.update(how) or rows)
    [found] = candidate(None, 0.1, ["part"], proportional=False)
    assert (found.std_error, found.df) == (pytest.approx(0.3), 5)
    assert asked == {"covariates": ["part"], "proportional": False}
    rows = rows[rows["code_region"] != "a"]
    assert candidate(None, 0.1) == []


def test_openings_go_to_the_course_of_their_name_and_all_find_a_place():
    cells = [("x", "menuiserie"), ("y", "soudure"), ("z", "mode")]
    frame = pd.DataFrame([(*cell, time) for cell in cells for time in (1, 2)],
                         columns=["cell", "course", "time"]).assign(uai="U")  # fmt: skip
    paths = [[("soudure", {2: 12.0}), ("cuir", {1: 5.0, 2: 6.0}), ("cuir", {2: 7.0})]]
    assert few.Placement(frame)(paths, ["U"]) == {3: 12.0, 0: 5.0, 1: 6.0, 5: 7.0}


def test_without_sizes_placebo_regions_do_not_read_them():
    frame = sample(invented_panel(13, noise=2.0, regions=6), "diplomes")
    factor = np.random.default_rng(0).uniform(0.2, 5.0, frame["cell"].max() + 1)
    other = frame.assign(size=frame["size"] * factor[frame["cell"]])
    one, same = (copied(f, proportional=False) for f in (frame, other))
    pd.testing.assert_frame_equal(one, same)
    assert not np.allclose(copied(frame)["estimate"], one["estimate"])


def test_a_region_whose_seats_meet_those_of_another_budget_is_no_placebo():
    panel = invented_panel(13, noise=2.0, regions=6)
    mine = (panel["cell"] == panel.loc[panel["code_region"] == "3", "cell"].min()) & (
        panel["rentree"] >= 2022
    )
    panel = panel.assign(seats=panel["seats"].mask(mine, 12.0), autres_places=5.0 * mine)
    frame = sample(panel, "entrants")
    assert sorted(copied(frame)["code_region"].unique()) == ["1", "2", "4", "5"]
    waves = stack(frame)
    assert sorted(waves.loc[waves["cohort"].isna(), "code_region"].unique()) == ["1", "2", "4", "5"]


def test_the_error_of_a_placebo_region_is_that_of_its_own_establishments():
    table = placebo_regions(invented_panel(13, noise=2.0, regions=12, etabs=30, opened=30)).table
    ratio = table["estimate"] / table["std_error"]
    assert 0.4 < np.mean(ratio**2) < 2.0


@pytest.mark.parametrize("covariates", [(), ("part",)])
def test_walds_of_placebo_regions_are_those_of_whole_columns(covariates):
    rest = sample(invented_panel(13, noise=2.0, regions=8), "diplomes")
    n, uai = rest["size"].to_numpy(float), codes(rest["uai"].to_numpy())[0]
    absorber, rng = Absorber(effects(rest), n), np.random.default_rng(0)
    rest = rest.assign(part=rng.random(rest["cell"].max() + 1)[rest["cell"]])
    dense = np.column_stack([np.empty((len(rest), 0)), *paths(rest, covariates).values()])
    dense = absorber.residualize(dense)
    root = np.sqrt(n)[:, None]

    def net_of_all(values):
        values = absorber.residualize(values)
        return values - dense @ np.linalg.lstsq(dense * root, values * root[:, 0], rcond=None)[0]

    seats = np.where(rng.random((len(rest), 3)) < 0.05, rng.choice([-6.0, 12.0]), 0.0)
    y = net_of_all(rest["y"].to_numpy() / n) * n
    doses = [{int(i): float(column[i]) for i in np.flatnonzero(column)} for column in seats.T]
    found = _walds(y, doses, absorber, uai, few.slopes(rest, absorber, n, covariates))
    for (value, spread), column in zip(found, seats.T, strict=True):
        net = net_of_all(np.sign(column))
        assert value == pytest.approx(y @ net / (net @ column), abs=1e-10)
        scores = sum_by(uai, net * (y - column * value))
        error = np.sqrt((scores**2).sum() * len(scores) / (len(scores) - 1)) / (net @ column)
        assert spread == pytest.approx(error, abs=1e-10)


def test_regions_that_a_covariate_explains_are_no_placebo_error():
    panel = invented_panel(13, noise=1.0, regions=8, etabs=30, opened=40)
    share = np.random.default_rng(1).random(panel["cell"].max() + 1)[panel["cell"]]
    grown = 40 * share * (panel["rentree"] >= 2024) * panel["entrants"] / 25
    panel = panel.assign(part=share, diplomes=panel["diplomes"] + grown)
    plain, known = (placebo_regions(panel, covariates=c).std_error for c in ((), ["part"]))
    assert known < plain / 2
    assert "régions placebo" not in j_j(panel, covariates=["part"])[GROSS].rule


def test_a_shock_of_whole_regions_is_seen_by_the_placebo_regions():
    panel = invented_panel(13, noise=2.0, regions=8)
    calm = placebo_regions(panel, region_effects=False)
    shaky = placebo_regions(shaken(panel, 0.5), region_effects=False)
    absorbed = placebo_regions(shaken(panel, 0.5))
    assert shaky.std_error > 2 * calm.std_error
    assert absorbed.std_error < shaky.std_error


def test_too_few_regions_give_no_placebo_error():
    frame = sample(invented_panel(13, noise=2.0, regions=3), "diplomes")
    assert candidate(frame, 1.0) == []


def test_too_early_an_outcome_is_an_error_in_french():
    panel = invented_panel(0, years=range(2016, 2022))
    with pytest.raises(FpiError, match="aucune place ouverte"):
        j_j(panel)
