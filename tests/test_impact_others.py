"""Two-way decomposition, triple difference, results in words."""

import numpy as np
import pytest
from invented import invented_panel
from matplotlib.axes import Axes

from fpi_eval.impact import triple
from fpi_eval.impact.j import j
from fpi_eval.impact.stacked import stacked
from fpi_eval.impact.twfe import goodman_bacon
from fpi_eval.impact.twfe import twfe as twfe_twfe
from fpi_eval.panel import align


def test_decomposition_adds_up_to_the_two_way_estimate():
    found = twfe_twfe(invented_panel(2, noise=2.0))
    product = found.table["weight"] @ found.table["estimate"]
    assert product == pytest.approx(found.estimate.estimate, abs=1e-10)
    assert found.table["weight"].sum() == pytest.approx(1.0)


def test_rows_of_closures_and_of_incomplete_cells_are_told_apart():
    panel = invented_panel(2, noise=2.0)
    opened = panel.loc[panel["seats"] > 0, "cell"].unique()
    calm = panel.loc[~panel["cell"].isin(opened), "cell"].unique()
    shut = panel["cell"] == opened[0]
    seats = panel["seats"].mask(shut, -panel["seats"])
    gap = (panel["cell"] == calm[0]) & (panel["rentree"] == 2020)
    lost = dict(twfe_twfe(panel.assign(seats=seats)[~gap]).estimate.dropped)
    rows = align(panel[~gap], "diplomes")["cell"]
    assert lost["observation de cellule où des places ferment"] == (rows == opened[0]).sum()
    assert lost["observation de cellule incomplète"] == (rows == calm[0]).sum()


def test_a_paper_says_what_each_comparison_compares_and_its_weight():
    made = twfe_twfe(invented_panel(2, noise=2.0)).to_latex(simulees=True)
    assert "& Poids" in made
    assert "face aux cellules jamais ouvertes" in made


def test_decomposition_worked_by_hand_on_one_cohort():
    # Treated 1 -> 5, never treated 2 -> 3: the only comparison is (5 - 1) - (3 - 2) = 3.
    table = goodman_bacon(np.array([[1.0, 5], [2, 3]]), np.array([1, 2]))
    assert table["estimate"].tolist() == [3.0]
    assert table["weight"].tolist() == [1.0]


def test_decomposition_equals_least_squares_with_several_cohorts_and_always_treated():
    rng = np.random.default_rng(3)
    start = np.repeat([0, 2, 4, 6, 7], [3, 4, 5, 2, 6])
    y = rng.normal(size=(20, 7))
    table = goodman_bacon(y, start)
    d = (np.arange(7) >= start[:, None]).astype(float)
    d -= d.mean(axis=1, keepdims=True) + d.mean(axis=0) - d.mean()
    assert table["weight"] @ table["estimate"] == pytest.approx((d * y).sum() / (d**2).sum())


def test_triple_difference_without_noise_nor_displacement_returns_the_truth():
    panel = invented_panel(4, etab=0.0, dep=0.0, proportional=False)
    panel.loc[panel["course"] == "c0", "filiere"] = "autre"
    panel.loc[panel["seats"].groupby(panel["cell"]).transform("max") > 0, "filiere"] = "numerique"
    assert triple.triple_difference(panel).estimate == pytest.approx(0.5, abs=1e-8)


def test_results_speak_french_draw_and_tabulate():
    panel = invented_panel(5, noise=2.0)
    found = j(panel).with_verdict("à lire avec prudence")
    lines = found.summary().splitlines()
    assert lines[0] == "Verdict sur le plan d'évaluation : à lire avec prudence"
    assert lines[1].startswith("Effet brut par place sur « diplomes » : +0,")
    assert len(found.to_frame()) == 3
    assert isinstance(found.plot(), Axes)
    assert "Angrist" in found.method()
    events = stacked(panel)
    assert isinstance(events.plot(), Axes)
    assert "Année 0" in events.summary()
    assert events.covariance.shape == (len(events.table),) * 2
    errors = np.sqrt(np.diag(events.covariance))
    np.testing.assert_allclose(errors, events.table["std_error"])
