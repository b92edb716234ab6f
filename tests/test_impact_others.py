"""Binomial regression, two-way decomposition, triple difference, results in words."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from invented import invented_panel
from matplotlib.axes import Axes

from fpi_eval.impact import binomial, triple
from fpi_eval.impact.imputation import event_study
from fpi_eval.impact.j import j
from fpi_eval.impact.twfe import goodman_bacon
from fpi_eval.impact.twfe import twfe as twfe_twfe
from fpi_eval.panel import align
from fpi_eval.regression import cr1


def test_grouped_logit_equals_statsmodels_with_dummies():
    rng = np.random.default_rng(0)
    cell, year = np.repeat(np.arange(20), 6), np.tile(np.arange(6), 20)
    x = ((cell < 8) & (year > 2)).astype(float)
    total = rng.integers(20, 60, 120).astype(float)
    rate = 1 / (1 + np.exp(-(0.2 + 0.5 * x + cell / 20 - year / 6)))
    success = rng.binomial(total.astype(int), rate).astype(float)
    beta, bread, net, odds, _ = binomial.fit_logit(success, total, x[:, None], [cell, year])
    dummies = pd.get_dummies(pd.DataFrame({"c": cell, "y": year}).astype(str), drop_first=True)
    design = sm.add_constant(np.column_stack([x, dummies.to_numpy(float)]))
    model = sm.GLM(np.column_stack([success, total - success]), design, sm.families.Binomial())
    other = model.fit(tol=1e-12)
    assert beta[0] == pytest.approx(other.params[1], abs=1e-8)
    scores = net * (success - total / (1 + np.exp(-odds)))[:, None]
    ours = np.sqrt(cr1(bread, scores, cell, 0)[0, 0])
    full = design * (success - total * other.fittedvalues)[:, None]
    sums = np.column_stack([np.bincount(cell, column) for column in full.T])
    inverse = np.linalg.inv(
        (design * (total * other.fittedvalues * (1 - other.fittedvalues))[:, None]).T @ design
    )
    theirs = np.sqrt((inverse @ sums.T @ sums @ inverse)[1, 1] * 20 / 19 * 119 / 120)
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_levels_without_variation_are_set_aside():
    success, total = np.array([0.0, 0, 5, 5, 2, 3]), np.array([5.0, 5, 5, 5, 5, 5])
    assert binomial.separated(success, total, [np.array([0, 0, 1, 1, 2, 2])]).tolist() == [
        True, True, True, True, False, False,
    ]  # fmt: skip


def test_a_rate_moved_by_the_openings_is_found_in_points():
    panel = invented_panel(1, opened=24)
    rng = np.random.default_rng(0)
    panel["sortants"] = 400.0
    dose = align(panel, "diplomes")["dose"].to_numpy()
    rate = np.clip(0.4 + 0.05 * (dose > 0) + 0.002 * (panel["cell"] % 20), 0, 1)
    panel["en_emploi_6_mois"] = rng.binomial(400, rate).astype(float)
    found = binomial.rate(panel)[binomial.POINTS]
    assert abs(found.estimate - 0.05) < 0.01
    assert found.ci_low < 0.05 < found.ci_high


def test_decomposition_adds_up_to_the_two_way_estimate():
    found = twfe_twfe(invented_panel(2, noise=2.0))
    product = found.table["weight"] @ found.table["estimate"]
    assert product == pytest.approx(found.estimate.estimate, abs=1e-10)
    assert found.table["weight"].sum() == pytest.approx(1.0)


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
    events = event_study(panel)
    assert isinstance(events.plot(), Axes)
    assert "Année 0" in events.summary()
    assert events.covariance.shape == (len(events.table),) * 2
    errors = np.sqrt(np.diag(events.covariance))
    np.testing.assert_allclose(errors, events.table["std_error"])
