"""The benchmark of planted programmes: worlds whose truth is right, verdicts read again."""

from dataclasses import replace

import numpy as np
import pandas as pd
import planted as benchmark
import pytest
import worlds

from fpi_eval.checks import drift
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.j import j
from fpi_eval.sources.resultats_lycees import read_resultats_lycees
from fpi_eval.twin import DELIVERED, LIFELIKE, SCENARIOS, draw
from fpi_eval.twin.moments import REAL_DYNAMICS, dynamics
from fpi_eval.twin.world import FARTHEST


def row(**other):
    base = dict.fromkeys(benchmark.COLUMNS, 0.5) | {
        "family": benchmark.OTHER, "world": "propre", "seed": 1, "code": "abc", "theta": 0.4,
        "net": 0.4, "estimate": 0.45, "ci_low": 0.3, "ci_high": 0.6, "cal_low": 0.35,
        "cal_high": 0.55, "contained": 0.95, "found": 0.05,
    }  # fmt: skip
    base |= {f"p_{t}": 0.9 for t in benchmark.TESTS} | {f"biais_{t}": 0.2 for t in benchmark.TESTS}
    return base | other


def test_verdicts_are_read_again_from_the_current_thresholds():
    rows = pd.DataFrame(
        [row(), row(seed=2, contained=0.3), row(seed=3, p_tendance=0.001),
         row(seed=4, cal_low=-0.1, cal_high=0.9)]
    )  # fmt: skip
    words = benchmark.judged(rows)["niveau"].tolist()
    assert words == ["solide", "non concluant", "à lire avec prudence", "non concluant"]
    said = benchmark.markdown(rows)
    assert "| propre | 4 |" in said
    assert "étalonné tient" in said


def test_rows_are_calibrated_again_under_another_prior():
    rows = benchmark.kept().iloc[:40].reset_index(drop=True)
    again = benchmark.under(rows, drift.NO_DRIFT, drift.SPREAD)
    for name in ("cal_low", "cal_high", "net_cal_low", "net_cal_high"):
        assert again[name].to_numpy() == pytest.approx(rows[name].to_numpy(), abs=1e-9)
    wide, narrow = (
        (found["cal_high"] - found["cal_low"]).mean()
        for found in (benchmark.under(rows, 0.5, 0.03), again)
    )
    assert wide > 1.05 * narrow


def test_the_second_family_counts_the_pupils_that_its_programme_brings():
    drawn = worlds.draw(worlds.CLEAN, 3)
    found = j(drawn.panel, "diplomes")
    for label, truth in ((GROSS, drawn.theta), (NET, drawn.net)):
        assert abs(found[label].estimate - truth) < 4 * found[label].std_error
    none = worlds.draw(worlds.WORLDS["sans effet"], 3)
    assert (none.theta, none.net) == (0.0, 0.0)
    again = worlds.draw(worlds.CLEAN, 3)
    pd.testing.assert_frame_equal(again.panel, drawn.panel)
    assert (drawn.panel[["entrants", "terminale", "diplomes"]] >= 0).all(axis=None)


def test_the_second_family_wanders_as_real_schools_do():
    rows = worlds.draw(worlds.CLEAN, 4).panel
    rows = rows[rows["rentree"].between(2017, 2020)].rename(columns={"terminale": "effectif"})
    found = dynamics(rows)
    assert 0.09 < found["variation_1"] < 0.16
    assert 1.3 < found["rapport_3"] < 2.6


@pytest.mark.parametrize("world", ["sélection sur la tendance", "choc à l'ouverture"])
def test_violations_bias_j_and_clean_worlds_do_not(world):
    seeds = range(6)
    gaps = {
        name: np.mean(
            [
                j(d.panel, "diplomes")[GROSS].estimate - d.theta
                for d in (worlds.draw(worlds.WORLDS[name], s) for s in seeds)
            ]
        )
        for name in ("propre", world)
    }
    assert abs(gaps["propre"]) < 0.06  # 6 draws of standard error .05
    assert gaps[world] > gaps["propre"] + 0.03


def test_shocks_last_in_the_delivered_twin_as_in_results_by_lycee():
    # Real lycées of 50 to 100 pupils: .12, 2.3 (results 2014–2017), .11, 1.6 (pupils 2019–2022).
    found = {}
    for name in ("realistic", "lively", "lifelike"):
        panel = draw(replace(SCENARIOS[name], n_cells_region=600, n_cells_other=3_600), 7).panel
        rows = panel[(panel["niveau"] == "secondaire") & (panel["voie"] == "scolaire")]
        rows = rows[rows["rentree"].between(2019, 2022)].rename(columns={"terminale": "effectif"})
        found[name] = dynamics(rows)
    for name in ("lively", "lifelike"):
        assert 0.10 < found[name]["variation_1"] < 0.15
        assert 1.4 < found[name]["rapport_3"] < 2.6
    # Tails: mergers and split classes widen the plain standard deviation.
    tails = {n: v["ecart_type_1"] / v["variation_1"] for n, v in found.items()}
    assert tails["lifelike"] > tails["lively"]
    assert found["realistic"]["rapport_3"] < 1.3
    size = {"n_cells_region": 300, "n_cells_other": 900, "courses_taught": 0.15}
    size |= {"selection_pressure": 0.2, "selection_trend": 0.12}  # `benchmarks/selection.py`
    assert replace(LIFELIKE, **size) == DELIVERED


def test_the_published_dynamics_are_those_of_the_file(donnees_reelles):
    name = "fr-en-indicateurs-de-resultat-des-lycees-denseignement-professionnels.csv"
    rows = read_resultats_lycees(donnees_reelles / "resultats" / name).table
    rows = rows[~rows["uai"].str[:2].isin(["97", "98"]) & rows["session"].between(2014, 2017)]
    found = dynamics(rows.rename(columns={"presents": "effectif"}))
    assert found == pytest.approx(REAL_DYNAMICS, rel=1e-3)


def test_the_farthest_that_shocks_take_a_cell_is_the_largest_change_of_the_file(donnees_reelles):
    name = "fr-en-indicateurs-de-resultat-des-lycees-denseignement-professionnels.csv"
    rows = read_resultats_lycees(donnees_reelles / "resultats" / name).table
    rows = rows[~rows["uai"].str[:2].isin(["97", "98"])]
    wide = rows.pivot_table(index="uai", columns="session", values="presents", aggfunc="sum")
    wide = wide[wide.mean(axis=1).between(50, 100)]
    change = np.log(wide.where(wide > 0)).diff(axis=1)
    change -= change.median()
    usual = np.subtract(*np.nanquantile(change, (0.75, 0.25))) / 1.349
    assert np.nanmax(np.abs(change)) / usual == pytest.approx(FARTHEST, rel=0.01)


def test_no_cell_of_a_lifelike_france_outgrows_a_large_lycee():
    # A cell of 2.5e15 pupils had been drawn: the law of shocks had no bound.
    drawn = draw(replace(SCENARIOS["lifelike"], n_cells_region=600, n_cells_other=3_600), 100117)
    assert drawn.panel["entrants"].max() < 2_000


def test_the_dynamics_of_a_walk_are_those_of_a_walk():
    rng = np.random.default_rng(0)
    walk = 4.3 + np.cumsum(rng.normal(0, 0.02, (2000, 5)), axis=1)
    rows = pd.DataFrame({"uai": np.repeat(np.arange(2000), 5), "rentree": np.tile(range(5), 2000),
                         "effectif": np.exp(walk).ravel()})  # fmt: skip
    found = dynamics(rows)
    assert found["variation_1"] == pytest.approx(0.02, rel=0.05)
    assert found["rapport_3"] == pytest.approx(3.0, rel=0.12)
