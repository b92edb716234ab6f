"""Planted programmes: put where they are said, estimated as J would, read without flattery."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel
from scipy import optimize, stats

from fpi_eval.checks import plant
from fpi_eval.checks.calibration import Calibration, calibrate, over_groups, wilson
from fpi_eval.checks.donors import BEFORE, ELSEWHERE, OTHERS, donors
from fpi_eval.checks.drawing import HostRegions, features, openings_of, propensity, sites
from fpi_eval.checks.drift import NO_DRIFT, SPREAD, carried, drift, posterior
from fpi_eval.checks.planting import PlantedTruth, design_of, outcome_of, run_j, seats_of
from fpi_eval.checks.study import Study
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.groups.totals import ALL, COLUMNS, Totals
from fpi_eval.impact.j import fit_j, j
from fpi_eval.impact.uncertainty import Clusters
from fpi_eval.panel import align
from fpi_eval.regression import wild

EXACT = 1e-9
DRAWS = 24  # enough to tell half from nearly all


def whole(panel):
    """Return the panel with whole pupils, none negative."""
    return panel.assign(diplomes=np.maximum(np.rint(panel["diplomes"] + 25), 0))


@pytest.fixture(scope="module")
def panel():
    return whole(invented_panel(41, noise=1.5, etabs=26, opened=24))


def study_of(panel):
    return Study(panel.sort_values(["cell", "rentree"]), "diplomes")


def planted_in(panel, draws=DRAWS, **options):
    study = study_of(panel)
    return plant(
        study.panel, study.frame, study.fit, study.estimates, "diplomes", draws=draws, **options
    )


@pytest.fixture(scope="module")
def planted(panel):
    return planted_in(panel)


def donors_of(panel):
    study = study_of(panel)
    openings = openings_of(study.panel, study.frame)
    return openings, donors(study.panel, "diplomes", None, openings, lambda f: f["taille"] * 0.0)


# ── where and who ───────────────────────────────────────────────────────────────────────────────


def test_programmes_are_planted_where_nothing_opened():
    panel = whole(invented_panel(44, noise=1.5, etabs=26, opened=8))
    other = panel.assign(
        filiere=np.where(panel["course"].isin(["c0", "c1"]), "autre", panel["filiere"])
    )
    _, found = donors_of(other)
    kinds = {d.kind: d for d in found}
    assert set(kinds) == {ELSEWHERE, BEFORE, OTHERS}
    assert not kinds[ELSEWHERE].cells["code_region"].eq("84").any()
    assert set(kinds[BEFORE].cells.loc[kinds[BEFORE].cells["host"], "code_region"]) == {"84"}
    opened = align(other, "diplomes")
    touched = (opened[["dose", "exposure_etab", "exposure_dep"]] != 0).any(axis=1)
    assert kinds[BEFORE].time.max() < opened.loc[touched, "time"].min()
    used = set(kinds[OTHERS].cells.loc[kinds[OTHERS].cells["host"], "cell"])
    assert used
    assert not used & set(opened.loc[touched, "cell"])
    assert kinds[BEFORE].shift > 0


def test_years_before_see_a_programme_moved_back_act_even_where_new_courses_opened_first():
    # Three years before; the first seats to act are of a new course, a year before those of J.
    panel = invented_panel(47, etabs=26, opened=24, years=range(2019, 2031), new=12)
    openings, found = donors_of(whole(panel))
    real = align(panel, "diplomes")
    assert real.loc[real["dose"] != 0, "time"].min() == openings.first - 1
    assert [d.kind for d in found] == [ELSEWHERE, BEFORE]
    assert all(d.time.max() >= openings.first - d.shift for d in found)


def test_sites_are_as_many_as_the_real_ones_and_open_at_the_same_times(panel):
    openings, (donor, *_) = donors_of(panel)
    rng = np.random.default_rng(0)
    chosen = sites(
        openings, donor.cells, HostRegions.of(donor.cells).drawn(openings.n_host, rng), rng
    )
    kept = chosen[chosen >= 0]
    assert len(set(kept)) == len(kept)
    real = pd.Series(openings.uai[chosen >= 0]).nunique()
    assert donor.cells["uai"].to_numpy()[kept].size >= real
    fake = seats_of(donor, openings, chosen)
    by_time = pd.Series(fake.dose).groupby(donor.time).sum()
    expected = openings.paths[chosen >= 0].sum(axis=0)
    assert by_time.reindex(openings.times).tolist() == pytest.approx(expected.tolist())


def test_sites_look_like_those_that_opened():
    rng = np.random.default_rng(3)
    known = pd.DataFrame({"taille": rng.normal(size=4000), "evolution": rng.normal(size=4000)})
    known.loc[:50, "evolution"] = np.nan
    odds = -1 + 0.8 * known["taille"] - 0.5 * known["evolution"].fillna(0.0)
    opened = (rng.random(4000) < 1 / (1 + np.exp(-odds))).astype(float)
    found = propensity(known, opened)
    assert found.slopes / found.spread.to_numpy() == pytest.approx([0.8, -0.5], abs=0.12)


def test_features_use_only_what_they_are_given(panel):
    early = panel[panel["rentree"] < 2020]
    assert features(early).index.nunique() == early["cell"].nunique()
    assert features(early)["pression"].isna().all()  # no wishes in this panel


# ── planting ────────────────────────────────────────────────────────────────────────────────────


def test_a_fake_programme_is_estimated_exactly_as_j_estimates_a_real_one(panel, monkeypatch):
    monkeypatch.setattr("fpi_eval.checks.planting.FEWER_DRAWS", wild.DRAWS)  # as the real run
    openings, (donor, *_) = donors_of(panel)
    rng = np.random.default_rng(5)
    chosen = sites(
        openings, donor.cells, HostRegions.of(donor.cells).drawn(openings.n_host, rng), rng
    )
    fake = seats_of(donor, openings, chosen)
    truth = PlantedTruth(0.4, (-0.1, -0.1), 0.01, (0.8, 1.0))
    y, gross, _ = outcome_of(donor, fake, truth, rng)
    base = donor.cells.iloc[donor.row[donor.used]]
    codes = (pd.factorize(base[c])[0] for c in ("uai", "code_departement"))
    design = design_of(donor, fake, *codes)
    _, found = run_j(donor, design, fake, [donor.y, y], [])
    # The same programme written in a cell panel, for the public estimator.
    there = panel[panel["code_region"] != "84"].sort_values(["cell", "rentree"])
    there = there.reset_index(drop=True).assign(seats=0.0)
    names = donor.cells["cell"].to_numpy()
    for k, cell in enumerate(chosen):
        if cell < 0:
            continue
        rows = there["cell"] == names[cell]
        at = there.loc[rows, "rentree"] + int(donor.cells["lag"].iloc[cell]) - openings.times[0]
        path = openings.paths[k][np.clip(at, 0, openings.paths.shape[1] - 1)]
        there.loc[rows, "seats"] = np.where(at >= 0, path, 0.0)
    frame = align(there, "diplomes")
    at = pd.MultiIndex.from_arrays([names[donor.row[donor.used]], donor.time])
    key = pd.MultiIndex.from_arrays([there["cell"], there["rentree"]])
    there.loc[key.get_indexer(at), "diplomes"] = y
    rows = pd.MultiIndex.from_arrays([frame["cell"], frame["time"]]).get_indexer(at)
    for column, mine in (
        ("dose", fake.dose),
        ("exposure_etab", fake.etab),
        ("exposure_dep", fake.dep),
    ):
        np.testing.assert_allclose(frame[column].to_numpy()[rows], mine, atol=EXACT)
    real = j(there, "diplomes")
    counted = Clusters.of(frame.iloc[rows])
    for count in ("n_treated_etab", "n_treated_dep", "n_compared_etab", "n_compared_dep"):
        assert getattr(design.clusters, count) == getattr(counted, count)
    assert np.isfinite(gross)
    for label in (GROSS, NET):
        value, interval = found[label]
        assert value == pytest.approx(real[label].estimate, abs=1e-8)
        if real[label].rule == interval.rule:  # placebo regions are those of the real run
            assert interval.ci_low == pytest.approx(real[label].ci_low, abs=1e-4)


def test_planted_pupils_are_whole_and_none_is_missing(panel):
    openings, (donor, *_) = donors_of(panel)
    rng = np.random.default_rng(6)
    chosen = sites(
        openings, donor.cells, HostRegions.of(donor.cells).drawn(openings.n_host, rng), rng
    )
    fake = seats_of(donor, openings, chosen)
    for truth in (
        PlantedTruth(0.6, (-0.5, -0.5), -0.05, (1.0,)),
        PlantedTruth(-0.9, (0.0, 0.0), 0.05, (1.0,)),
    ):
        y, gross, _ = outcome_of(donor, fake, truth, rng)
        assert (y == np.rint(y)).all()
        assert y.min() >= 0
        assert gross == pytest.approx(truth.effect, abs=0.05)
    still = PlantedTruth(0.0, (0.0, 0.0), 0.0, (1.0,))
    y, gross, net = outcome_of(donor, fake, still, rng)
    assert (gross, net) == (0.0, 0.0)
    np.testing.assert_array_equal(y, donor.y)


# ── drift ───────────────────────────────────────────────────────────────────────────────────────


def test_a_drift_put_in_is_measured():
    base = invented_panel(42, etabs=16, opened=24)
    level = base.groupby("cell")["entrants"].transform("first")
    opened = base["cell"].isin(base.loc[base["seats"] > 0, "cell"])
    moved = base.assign(diplomes=level * (1 + 0.02 * opened * (base["rentree"] - 2016)))
    found = drift(Study(moved, "diplomes").frame)
    rows = moved[opened & (moved["seats"] == 0)]
    level = rows["diplomes"].sum() / rows["entrants"].sum()
    assert found.measured == pytest.approx(0.02 / level, rel=0.05)
    assert found.chance > 0.99


def test_the_posterior_is_that_of_bayes():
    found = posterior(0.02, 0.01)
    there = stats.norm.pdf(0.02, scale=np.hypot(0.01, SPREAD))
    none = stats.norm.pdf(0.02, scale=0.01)
    there, none = (1 - NO_DRIFT) * there, NO_DRIFT * none
    assert found.chance == pytest.approx(there / (there + none))
    assert found.mean == pytest.approx(0.02 * SPREAD**2 / (SPREAD**2 + 0.01**2))
    assert posterior(0.0, 0.001).chance < 0.1
    assert posterior(0.05, 0.001).chance == pytest.approx(1.0)
    unknown = posterior(np.nan, np.nan)
    assert (unknown.chance, unknown.mean, unknown.sd) == (1 - NO_DRIFT, 0.0, SPREAD)
    rng = np.random.default_rng(0)
    assert np.mean([unknown.draw(rng) == 0 for _ in range(2000)]) == pytest.approx(
        NO_DRIFT, abs=0.04
    )


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def test_wilsons_interval_is_the_published_one():
    # Newcombe (1998), table I: 81 of 263 gives .2553 to .3662; 0 of 20 gives 0 to .1611.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_shares_that_differ_between_regions_have_a_wider_interval():
    rng = np.random.default_rng(0)
    flag = np.repeat([1.0, 1.0, 1.0, 0.0], 25)
    low, high = over_groups(flag, np.repeat(["a", "b", "c", "d"], 25), rng)
    assert high - low > np.subtract(*wilson(75, 100)[::-1])
    assert over_groups(flag, np.repeat(["a"], 100), rng) == (0.0, 1.0)


def test_systematic_error_is_found_and_none_is_invented():
    rng = np.random.default_rng(0)
    se = rng.uniform(0.03, 0.06, 4000)
    found = calibrate(0.05 + rng.normal(0, np.hypot(se, 0.04)), se)
    assert (found.mu, found.s) == pytest.approx((0.05, 0.04), abs=0.005)
    assert calibrate(rng.normal(0, 0.5 * se), se).s == 0.0
    low, high, p = found.interval(0.05, 0.03, np.inf)
    assert (low + high) / 2 == pytest.approx(0.05 - found.mu)
    assert high - low == pytest.approx(2 * stats.norm.ppf(0.975) * np.hypot(0.03, found.s))
    assert p == pytest.approx(1.0, abs=0.2)


def test_a_calibrated_interval_holds_its_estimate_and_what_it_is_told_to_hold():
    found = Calibration(0.3, 0.01)  # a systematic error far larger than the interval
    low, high, p = found.interval(0.1, 0.02, np.inf)
    assert low < -0.2 < high == 0.1  # the corrected effect, and the estimate
    assert p == 1.0  # they are on both sides of zero
    assert found.interval(0.1, 0.02, np.inf, inside=(0.05, 0.15, 0.2)) == (low, 0.15, 0.2)
    low, high, p = Calibration(0.0, 0.0).interval(0.1, 0.02, np.inf)
    assert (low + high) / 2 == pytest.approx(0.1)
    assert p < 1e-5


def test_tails_of_errors_of_few_groups_are_no_systematic_error():
    rng, df = np.random.default_rng(1), 8
    se = rng.uniform(0.03, 0.06, 4000)
    tails = se * rng.standard_t(df, 4000)
    assert calibrate(tails, se).s > 0.015
    assert calibrate(tails, se, df=df).s < 0.008
    drifts = rng.normal(0, 0.03, 4000)
    errors = 0.02 + 6 * drifts + np.hypot(se, 0.05) * rng.standard_t(df, 4000)
    found = calibrate(errors, se, drifts, df)
    assert (found.mu, found.s) == pytest.approx((0.02, 0.05), abs=0.004)

    def loss(b):  # an independent fit of the same law
        scale = np.hypot(se, np.exp(b[2]))
        return -stats.t.logpdf(errors, df, b[0] + b[1] * drifts, scale).sum()

    best = optimize.minimize(loss, (0.0, 1.0, -3.0), method="Nelder-Mead",
                             options={"xatol": 1e-7, "fatol": 1e-7}).x  # fmt: skip
    assert (found.mu, found.s) == pytest.approx((best[0], np.exp(best[2])), abs=1e-5)


def test_noise_that_estimate_and_drift_share_is_counted_once():
    rng = np.random.default_rng(0)
    lever, told, v, se = 6.0, 2.0, 0.01, 0.05
    held = {True: [], False: []}
    for _ in range(2000):
        there = rng.random() > NO_DRIFT
        real, noise = there * rng.normal(0, SPREAD), rng.normal(0, v)
        error = lever * real + told * noise + rng.normal(0, np.sqrt(se**2 - (told * v) ** 2))
        seen = posterior(real + noise, v)
        low, high, _ = Calibration(0.0, 0.0, seen, lever, told).interval(1 + error, se, np.inf)
        held[there].append(low <= 1 <= high)
    # 95 % over the prior; hardly more where nothing drifts, which adding both noises held always.
    assert np.mean(held[True] + held[False]) == pytest.approx(0.95, abs=0.015)
    assert np.mean(held[False]) < 0.98


def test_j_carries_a_drift_as_far_as_a_second_fit_says(panel):
    study = study_of(panel)
    frame, gross = study.frame, study.gross.estimate
    weights = np.array([n == "places" for n in study.fit.names], float)
    opened = frame["cell"].isin(frame["cell"][frame["dose"] != 0])
    middle = frame["time"][opened & (frame["dose"] == 0)].mean()
    there = (frame["y"] - gross * frame["dose"]).clip(lower=0.0)
    more = (0.01 * opened * there * (frame["time"] - middle)).to_numpy()
    moved = fit_j(replace(frame, frame=frame.frame.assign(y=frame["y"] + more)))
    change = moved.coefficients[moved.position("places")] - gross
    assert change == pytest.approx(0.01 * carried(frame, study.fit, weights, gross), rel=1e-6)


def test_pupils_who_come_a_year_early_are_no_drift(panel):
    frame = study_of(panel).frame
    first = frame["time"].where(frame["dose"] != 0).groupby(frame["cell"]).transform("min")
    early = (frame["time"] == first - 1) * 0.15 * frame["size"]
    more = replace(frame, frame=frame.frame.assign(y=frame["y"] + early))
    before, after = drift(frame), drift(more)
    assert after.measured == pytest.approx(before.measured, rel=0.05)  # a share of a larger level


def test_on_a_clean_panel_the_interval_holds_what_was_planted(planted):
    assert planted.n_draws == DRAWS
    assert planted.contained_ci[1] > 0.90  # 95 % is within the error of so few draws
    assert planted.found_ci[0] < 0.10
    assert abs(planted.median_error) < 0.1
    assert planted.wrong_sign == 0
    assert planted.n_effective >= 1
    assert list(planted.to_frame()["label"]) == [GROSS, NET]
    assert planted.summary().startswith(
        f"sur {DRAWS} faux programmes plantés dans ces données, l'intervalle avant étalonnage a"
    )
    assert planted.failed == 0
    assert planted.plot() is not None
    assert "Schuemie" in planted.method()


def test_sites_that_drifted_before_are_found_and_the_calibrated_interval_allows_for_it(panel):
    opened = panel["cell"].isin(panel.loc[panel["seats"] > 0, "cell"])
    grown = panel["diplomes"] * np.exp(0.04 * (panel["rentree"] - 2020))
    found = planted_in(panel.assign(diplomes=np.where(opened, np.rint(grown), panel["diplomes"])))
    assert found.drift.chance > 0.95
    assert found.n_contained < 0.7 * DRAWS
    row = found.calibrated.iloc[0]
    assert row["estimate"] - (row["cal_low"] + row["cal_high"]) / 2 > 0.05


def test_the_same_seed_plants_the_same_programmes_whatever_the_order_of_rows(panel, planted):
    again = planted_in(panel.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(again.draws, planted.draws)
    assert not planted_in(panel, draws=4, seed=1).draws.equals(planted.draws.iloc[:8])


def test_programmes_that_cannot_be_estimated_are_counted_apart(panel, monkeypatch):
    planter = import_module("fpi_eval.checks.planter")
    make, tried = planter._one, []

    def sometimes(*of):
        tried.append(of)
        if len(tried) % 3 == 0:
            raise FpiError("rien n'y est séparé du reste.")
        return make(*of)

    monkeypatch.setattr(planter, "_one", sometimes)
    found = planted_in(panel, draws=6)
    assert (found.n_draws, found.failed) == (4, 2)
    assert found.doubt().endswith("hors des comptes : 2.")


def test_a_net_effect_that_nothing_tells_is_not_calibrated(panel):
    away = panel["cell"] == panel["cell"].max()
    hidden = panel.assign(
        exposure_etab=5.0 * away * (panel["rentree"] >= 2022),
        exposure_dep=0.0,
        filiere=panel["filiere"].mask(away, "autre"),
    )
    found, plain = planted_in(hidden, 6), study_of(hidden).estimates
    net = found.corrected(plain)[NET]
    assert np.isnan([net.estimate, net.ci_low, net.ci_high]).all()
    assert net.rule == plain[NET].rule
    known = found.calibrated.set_index("label")["cal_low"]
    assert np.isfinite(known[GROSS])
    assert np.isnan(known[NET])
    assert "n. d." not in found.summary()


def test_few_establishments_to_compare_with_leave_few_degrees_of_freedom(panel, monkeypatch):
    last = panel.groupby("cell")["seats"].transform("last")
    here, opened = panel["code_region"] == "84", panel["uai"].isin(panel["uai"][last > 0])
    free = panel.loc[here & ~opened, "uai"].unique()[:6]
    few = panel.assign(seats=last * (panel["rentree"] >= 2022), duree=1)
    few = few[(last > 0) | panel["uai"].isin(free)]
    module, given = import_module("fpi_eval.checks.planter"), []
    known = module.calibrate
    monkeypatch.setattr(module, "calibrate", lambda *a: given.append(a[3]) or known(*a))
    planted_in(few, 2)
    clusters = study_of(few).clusters
    assert given[0] == clusters.df_etab == len(free) - 1 < clusters.n_treated_etab - 1


def test_only_the_estimates_that_were_judged_take_their_calibrated_interval(panel, planted):
    whole = study_of(panel).estimates
    assert "étalonné" in planted.corrected(whole)[GROSS].rule
    part = replace(whole, items=tuple(replace(e, estimate=e.estimate + 0.1) for e in whole))
    assert planted.corrected(part).items == part.items  # J on one level, or with covariates


@pytest.mark.parametrize("seats", [100.0, -100.0, 0.0])
def test_totals_keep_their_order_and_seats_that_cancel_out_have_none(planted, seats):
    plain = planted.calibrated.set_index("label")
    times = seats or np.nan
    row = [ALL, ALL, seats, 30]
    for label in (GROSS, NET):
        value, low, high = times * plain.loc[label, ["estimate", "ci_low", "ci_high"]]
        row += [value, min(low, high), max(low, high)]
    group = ["Niveau", "Secondaire", 50.0, 9, 20.0, 10.0, 30.0, 15.0, 5.0, 25.0]
    found = planted.corrected_totals(
        Totals("diplomes", pd.DataFrame([row, group], columns=COLUMNS))
    )
    whole, part = found.table.iloc[0], found.table.iloc[1]
    for label, ends in ((GROSS, ["gross_low", "gross_high"]), (NET, ["ci_low", "ci_high"])):
        wanted = sorted(times * plain.loc[label, ["cal_low", "cal_high"]])
        assert list(whole[ends]) == pytest.approx(wanted, nan_ok=True)
        assert part[ends[0]] + part[ends[1]] == pytest.approx(40.0 if label == GROSS else 30.0)
        assert part[ends[1]] - part[ends[0]] >= 20.0
    unknown = planted.calibrated.mask(planted.calibrated["label"] == NET).assign(label=[GROSS, NET])
    part = replace(planted, calibrated=unknown).corrected_totals(found).table.iloc[1]
    assert part[["ci_low", "ci_high"]].isna().all()  # nothing says how much wider it should be
    assert part[["gross_low", "gross_high"]].notna().all()


def test_when_nothing_can_be_planted_the_reason_is_given(panel):
    few = whole(invented_panel(43, noise=1.0, etabs=20, opened=3))
    assert "cinq établissements" in planted_in(few).reason
    short = panel[panel["rentree"] >= 2021]
    missing = planted_in(short)
    assert not missing
    assert "pour y planter un programme" in missing.reason
