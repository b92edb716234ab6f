"""Jobs: exposure worked out by hand, slope recovered, and whether anything could be seen."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs.detectability import (
    Design,
    Detectability,
    from_jobs,
    from_reference,
    growth_spread,
    synthetic_jobs,
    zones_design,
)
from fpi_eval.impact.jobs.exposure import exposure_panel, exposure_regression, net_of_effects
from fpi_eval.report.pages import emploi_industriel

EXACT = 1e-8
SECTEURS = pd.DataFrame({"filiere": ["numerique", "numerique", "energie_decarbonee"],
                         "na38": ["CI", "CJ", "DZ"]})  # fmt: skip


def jobs_of(rows) -> pd.DataFrame:
    names = ["code_zone", "code_region", "secteur", "annee", "emplois"]
    return pd.DataFrame(rows, columns=names)


def test_graduates_go_to_the_zones_that_taught_them_and_to_sectors_by_their_jobs():
    jobs = jobs_of([
        ("Z1", "84", "CI", 2020, 300.0), ("Z1", "84", "CI", 2021, 330),
        ("Z1", "84", "CJ", 2020, 100), ("Z1", "84", "CJ", 2021, 100),
        ("Z2", "84", "CI", 2020, 50), ("Z2", "84", "CI", 2021, 60),
        ("Z2", "84", "DZ", 2020, np.nan), ("Z2", "84", "DZ", 2021, 5),
        ("Z2", "84", "FZ", 2020, 900), ("Z2", "84", "FZ", 2021, 900),
    ])  # fmt: skip
    mix = pd.DataFrame({"code_zone": ["Z1", "Z2"], "course": "k", "filiere": "numerique",
                        "part": [0.8, 0.2]})  # fmt: skip
    found = exposure_panel(jobs, mix, pd.Series({"k": 10.0}), SECTEURS, start=2020, end=2021)
    units = found.units.set_index(["code_zone", "secteur"])
    # Z1: 8 graduates over 400 fed jobs, 0.02 a job in both sectors; Z2: 2 over 50.
    assert units["exposure"].to_dict() == pytest.approx(
        {("Z1", "CI"): 0.02, ("Z1", "CJ"): 0.02, ("Z2", "CI"): 0.04}
    )
    assert units["growth"].to_dict() == pytest.approx(
        {("Z1", "CI"): 0.1, ("Z1", "CJ"): 0.0, ("Z2", "CI"): 0.2}
    )
    assert found.dropped[0][1] == 1
    # Exposure times jobs adds up to the graduates.
    assert (units["exposure"] * units["start"]).sum() == pytest.approx(10)


def invented(seed=0, *, slope=0.0, noise=0.0, zones=40, courses=12):
    rng = np.random.default_rng(seed)
    names = [f"{s}{i}" for i in range(4) for s in ("CI", "CJ", "DZ")][:12]
    secteurs = pd.DataFrame({"filiere": [f"f{i % 4}" for i in range(12)], "na38": names})
    mix = pd.DataFrame([
        (f"Z{z}", f"k{k}", f"f{k % 4}", p)
        for k in range(courses) for z, p in enumerate(rng.dirichlet(np.ones(zones) * 0.3))
    ], columns=["code_zone", "course", "filiere", "part"])  # fmt: skip
    graduates = pd.Series(rng.uniform(20, 200, courses), index=[f"k{k}" for k in range(courses)])
    size = rng.uniform(200, 3000, (zones, 12))
    base = jobs_of([(f"Z{z}", "84", s, 2020, size[z, j]) for z in range(zones)
                    for j, s in enumerate(names)])  # fmt: skip
    same = pd.concat([base, base.assign(annee=2021)])
    x = exposure_panel(same, mix, graduates, secteurs, start=2020, end=2021).units["exposure"]
    by_zone, by_sector = rng.normal(0, 0.03, zones), rng.normal(0, 0.03, 12)
    sorted_units = base.sort_values(["code_zone", "secteur"])
    zone = sorted_units["code_zone"].str[1:].astype(int).to_numpy()
    sector = sorted_units["secteur"].map({s: j for j, s in enumerate(names)}).to_numpy()
    growth = slope * x.to_numpy() + by_zone[zone] + by_sector[sector]
    growth = growth + noise * rng.normal(size=len(growth))
    after = sorted_units.assign(annee=2021, emplois=sorted_units["emplois"] * (1 + growth))
    jobs = pd.concat([base, after])
    return exposure_panel(jobs, mix, graduates, secteurs, start=2020, end=2021)


def test_without_noise_the_slope_is_the_jobs_per_graduate():
    found = exposure_regression(invented(1, slope=0.4)).found
    assert found.estimate == pytest.approx(0.4, abs=EXACT)
    assert found.se_akm == pytest.approx(0, abs=EXACT)


def test_the_slope_is_that_of_statsmodels_with_dummies():
    panel = invented(2, slope=0.4, noise=0.02)
    units = panel.units.assign(total=panel.shares.sum(axis=1))
    fit = smf.wls("growth ~ exposure + total + C(code_zone) + C(secteur)", units,
                  weights=units["start"]).fit()  # fmt: skip
    found = exposure_regression(panel)
    assert found.found.estimate == pytest.approx(fit.params["exposure"], abs=1e-7)
    assert found.se_zone > 0


def test_an_exposure_that_was_chosen_is_instrumented_by_past_teaching():
    taught = invented(4, slope=0.4, courses=60)
    rng = np.random.default_rng(4)
    units = taught.units
    chosen = units["exposure"] + 0.5 * units["exposure"].mean() * rng.normal(size=len(units))
    moved = units["growth"] + 2.0 * (chosen - units["exposure"])  # seats where jobs grow
    panel = replace(taught, units=units.assign(exposure=chosen, growth=moved))
    found = exposure_regression(panel, taught)
    assert found.instrumented.trusted
    design = "+ total + C(code_zone) + C(secteur)"
    table = panel.units.assign(total=taught.shares.sum(axis=1), z=units["exposure"])
    first, reduced = (
        smf.wls(f"{name} ~ z {design}", table, weights=table["start"]).fit().params["z"]
        for name in ("exposure", "growth")
    )
    assert found.instrumented.estimate == pytest.approx(reduced / first, abs=1e-6)
    assert abs(found.instrumented.estimate - 0.4) < abs(found.found.estimate - 0.4)
    assert "Instrumentés" in found.summary()
    rows = found.to_frame()
    assert rows["estimate"].tolist() == [found.found.estimate, found.instrumented.estimate]
    assert rows["se_bhj"].tolist() == [found.found.se_bhj, found.instrumented.se_bhj]
    assert rows["label"].tolist() == [
        "Emplois par personne",
        "Instrumentés par l'enseignement d'avant",
    ]
    assert len(found.plot().get_yticklabels()) == 2


def test_few_unequal_shocks_are_not_trusted_and_it_is_said():
    found = exposure_regression(invented(3, noise=0.02))
    assert found.found.effective_shocks < 20
    assert not found.found.trusted
    assert "on n'en conclut rien" in found.summary()
    assert found.caveat in emploi_industriel.exposition(found)
    assert "Emplois par personne" not in emploi_industriel.exposition(found)
    assert found.to_frame().loc[0, "n_zones"] == 40


def test_as_many_graduates_of_each_course_say_nothing_and_leave_the_other_answer():
    """Exposure is then the sum of shares, a control: what is left of it is rounding."""
    panel = invented(3, noise=0.02)
    shocks = np.full(len(panel.shocks), 50.0)
    flat = replace(panel, shocks=shocks, units=panel.units.assign(exposure=panel.shares @ shocks))
    with pytest.raises(FpiError, match="ne varie plus"):
        exposure_regression(flat)
    assert zones_design(flat, "84", 3) == []
    assert exposure_regression(panel, flat).instrumented is None


def test_as_many_effects_as_units_measure_no_error():
    jobs = jobs_of([(f"Z{z}", "84", s, y, 100.0 + 10 * z + (y - 2020) * (z + 3 * (s == "CI")))
                    for z in range(3) for s in ("CI", "DZ") for y in (2020, 2021)])  # fmt: skip
    mix = pd.DataFrame([("Z0", "a", "numerique", 0.7), ("Z1", "a", "numerique", 0.3),
                        ("Z1", "b", "energie_decarbonee", 0.4),
                        ("Z2", "b", "energie_decarbonee", 0.6)],
                       columns=["code_zone", "course", "filiere", "part"])  # fmt: skip
    panel = exposure_panel(jobs, mix, pd.Series({"a": 10.0, "b": 30.0}), SECTEURS, start=2020,
                           end=2021)  # fmt: skip
    assert net_of_effects(panel.units, panel.shares)[1].any()
    assert zones_design(panel, "84", 3) == []  # an error of zero would see any effect


def test_missing_years_or_courses_are_refused():
    jobs = jobs_of([("Z1", "84", "CI", 2020, 300.0)])
    mix = pd.DataFrame({"code_zone": ["Z1"], "course": "k", "filiere": "numerique", "part": [1.0]})
    with pytest.raises(FpiError, match="2021"):
        exposure_panel(jobs, mix, pd.Series({"k": 1.0}), SECTEURS, start=2020, end=2021)
    both = pd.concat([jobs, jobs.assign(annee=2021)])
    with pytest.raises(FpiError, match="aucune formation"):
        exposure_panel(both, mix, pd.Series({"autre": 1.0}), SECTEURS, start=2020, end=2021)


def test_the_published_employment_alone_already_says_that_nothing_can_be_seen():
    found = from_reference(508_800, 0.01, graduates=9_000, years=6)
    # 1 % × √(6 × 13/12) × 508 800 = 12 972 jobs of noise; t at 12 freedoms: 2.179 + 0.873.
    assert found.best.std_error == pytest.approx(0.01 * np.sqrt(6.5) * 508_800)
    assert found.best.smallest == pytest.approx(3.0514 * found.best.std_error, rel=1e-3)
    assert found.jobs == 4_500
    assert not found.visible
    assert found.power < 0.2
    said = found.summary()
    assert said.startswith("Aucun effet")
    for number in ("9\u202f000", "4\u202f500", "508\u202f800"):
        assert number in said


def test_power_is_80_percent_at_the_smallest_effect_and_5_percent_at_zero():
    design = Design("x", 100.0, 200)
    assert design.power(design.smallest) == pytest.approx(0.80, abs=0.005)
    assert design.power(0) == pytest.approx(0.05)
    large = Detectability(10_000, 0.5, 1e5, 1, (Design("x", 100.0, 12),), "")
    assert large.visible
    assert "pourrait être vu" in large.summary()


def test_the_spread_is_that_of_untreated_regions_around_each_other():
    years = range(2016, 2024)
    rng = np.random.default_rng(4)
    steps = rng.normal(0, 0.01, (8, 13))
    size = np.r_[np.full(12, 1.0), 12.0]
    totals = pd.DataFrame(size * 1000 * np.exp(np.cumsum(steps, axis=0)), index=years,
                          columns=[str(r) for r in range(13)])  # fmt: skip
    treated = totals.assign(**{"0": 1000 * np.arange(1, 9)})
    gaps = np.array([
        [steps[t, r] - np.mean(np.delete(steps[t, 1:], r - 1)) for r in range(1, 13)]
        for t in range(1, 8)
    ])  # fmt: skip
    w = totals.drop(columns="0").mean().to_numpy()
    found, df = growth_spread(treated, "0", 1)
    assert found == pytest.approx(np.sqrt(np.mean(gaps**2 @ w) / w.sum()))
    assert df == pytest.approx(w.sum() ** 2 / (w @ w) - 1)
    assert df < 4  # one region holds half of the jobs
    # What the programme's region did does not count.
    assert growth_spread(totals, "0", 1)[0] == pytest.approx(found)


def test_measured_spread_and_zones_are_two_ways_of_looking_and_the_best_one_decides():
    rng = np.random.default_rng(5)
    path = np.cumsum(rng.normal(0, 0.01, (8, 13)), axis=0)
    jobs = jobs_of([(f"Z{r}", str(r), "CI", 2016 + t, 50_000 * np.exp(path[t, r]))
                    for t in range(8) for r in range(13)])  # fmt: skip
    panel = invented(6, noise=0.03)
    panel.units["code_region"] = "3"
    found = from_jobs(jobs, "3", graduates=float(panel.shocks.sum()), before=2022, years=3,
                      exposure=panel)  # fmt: skip
    assert len(found.designs) == 3
    assert [round(d.df) for d in found.designs] == [11, 11, 39]
    assert found.best.smallest == min(d.smallest for d in found.designs)
    expected = exposure_regression(panel).se_zone * panel.shocks.sum() * np.sqrt(3)
    assert found.designs[2].std_error == pytest.approx(expected)
    t = stats.t.ppf(0.975, 39) + stats.t.ppf(0.80, 39)
    assert found.designs[2].smallest == pytest.approx(t * expected)
    with pytest.raises(FpiError, match="trois années"):
        from_jobs(jobs, "3", graduates=1, before=2017, years=3)
    late = jobs[(jobs["code_region"] != "3") | (jobs["annee"] > 2016)]
    (alone,) = from_jobs(late, "3", graduates=1, before=2022, years=3).designs
    assert alone == found.designs[0]
    new = jobs[(jobs["code_region"] != "7") | (jobs["annee"] > 2018)]
    without = jobs[jobs["code_region"] != "7"]
    for table in (new, jobs.assign(emplois=jobs["emplois"].where(jobs.index.isin(new.index)))):
        assert (
            from_jobs(table, "3", graduates=1, before=2022, years=3).designs
            == from_jobs(without, "3", graduates=1, before=2022, years=3).designs
        )


def regions_of(effect: float, *, start=2024, noise=0.001, seed=7) -> pd.DataFrame:
    """Return jobs of 13 regions on common paths, the last one with an effect (log) from start."""
    rng = np.random.default_rng(seed)
    years = np.arange(2016, 2027)
    loads = rng.uniform(0.5, 1.5, (13, 2))
    paths = loads @ np.cumsum(rng.normal(0, 0.01, (2, len(years))), axis=1)
    paths = paths + noise * rng.normal(size=paths.shape)
    paths[12] += effect * (years >= start)
    return jobs_of([(f"Z{r}", str(r), "CI", int(y), 1000 * np.exp(10 + paths[r, t]))
                    for r in range(13) for t, y in enumerate(years)])  # fmt: skip


def test_a_large_effect_on_a_region_is_found_and_ranks_first_among_placebos():
    found = synthetic_jobs(regions_of(0.10), "12", start=2024)
    assert found.estimate == pytest.approx(0.10, abs=0.01)
    assert found.p_value == pytest.approx(1 / 13)


def test_too_few_periods_before_are_refused():
    with pytest.raises(FpiError, match="4 années"):
        synthetic_jobs(regions_of(0.0), "12", start=2018)
