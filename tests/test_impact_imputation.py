"""Imputation, linear and Poisson, against hand work and an independent package."""

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel

from fpi_eval import impact
from fpi_eval.errors import FpiError
from fpi_eval.impact import poisson
from fpi_eval.impact.imputation import imputation, years
from fpi_eval.regression.counterfactual import impute, influence

EXACT, POINT, ERROR = 1e-8, 1e-8, 1e-6


def staggered(seed, weighted=False):
    rng = np.random.default_rng(seed)
    n, years = int(rng.integers(40, 90)), int(rng.integers(6, 10))
    frame = pd.DataFrame({"i": np.repeat(np.arange(n), years), "t": np.tile(np.arange(years), n)})
    frame["g"] = rng.choice([0, 3, 4, 5], n)[frame["i"]]
    frame["on"] = (frame["g"] > 0) & (frame["t"] >= frame["g"])
    frame["y"] = rng.normal(size=n)[frame["i"]] + frame["t"] + rng.normal(size=len(frame))
    frame["y"] += frame["on"] * (1 + 0.2 * (frame["t"] - frame["g"]))
    return frame.sample(frac=0.95, random_state=seed).reset_index(drop=True)


def ours(frame):
    treated = frame["on"].to_numpy()
    cell = frame["i"].to_numpy()
    model = impute(frame["y"].to_numpy(), treated, [cell, frame["t"].to_numpy()])
    on = treated & model.usable
    target = (on / on.sum())[:, None]
    v = model.weights(target)
    groups = (frame["g"] * 100 + frame["t"]).to_numpy()
    psi = influence(model, v, np.ones(len(frame)), cell, groups, cell)
    return model, v, float(v[:, 0] @ np.where(model.usable, frame["y"], 0)), np.sqrt((psi**2).sum())


def test_weights_times_outcomes_give_the_mean_of_imputed_effects():
    frame = staggered(1)
    model, v, value, _ = ours(frame)
    on = model.treated & model.usable
    assert value == pytest.approx(model.tau[on].mean(), abs=1e-10)
    assert v[on].sum() == pytest.approx(1.0)
    assert v[:, 0].sum() == pytest.approx(0.0, abs=1e-10)


def test_imputation_worked_by_hand():
    # Cell 0 is treated in year 2: it would have been 3 + (6 - 4) = 5; it is 9.
    y = np.array([1.0, 3, 9, 4, 4, 6, 2, 4, 6])
    treated = np.array([0, 0, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    model = impute(y, treated, [np.repeat([0, 1, 2], 3), np.tile([0, 1, 2], 3)])
    # Controls rise by 0 and 2, then 2 and 2; cells fitted over two years.
    controls = np.array([[4.0, 4, 6], [2, 4, 6]]).mean(axis=0)
    expected = 9 - (2 + controls[2] - controls[:2].mean())
    assert model.tau[2] == pytest.approx(expected)


def test_years_of_a_single_establishment_are_joined_to_the_nearest_that_two_have():
    rows = [("a", t, 2020) for t in range(2019, 2025)] + [("b", t, 2021) for t in range(2021, 2024)]
    frame = pd.DataFrame(rows, columns=["uai", "time", "cohort"])
    school, on = frame["uai"].to_numpy(), (frame["time"] >= frame["cohort"]).to_numpy()
    assert years(frame, on, school).tolist() == [1, 1, 2, 3, 3, 3, 1, 2, 3]
    assert len(set(years(frame, on & (school == "a"), school))) == 1


def test_rows_without_comparison_are_not_used():
    cell, year = np.repeat([0, 1, 2], 3), np.tile([0, 1, 2], 3)
    treated = np.zeros(9, dtype=bool)
    treated[[0, 1, 2, 5]] = True  # cell 0 always treated; cell 1 in year 2
    model = impute(np.arange(9.0), treated, [cell, year])
    assert model.usable.tolist() == [False] * 3 + [True] * 6


def test_a_prediction_across_disconnected_sets_is_refused():
    # Untreated rows: cells 0, 1 in years 0, 1; cell 2 in years 2, 3. Cell 0 in year 2 is treated.
    cell, year = np.array([0, 0, 1, 1, 2, 2, 0]), np.array([0, 1, 0, 1, 2, 3, 2])
    treated = np.array([False] * 6 + [True])
    assert not impute(np.arange(7.0), treated, [cell, year]).usable[6]


@pytest.mark.parametrize("region", [False, True])
def test_without_noise_nor_neighbours_every_group_returns_the_truth(region):
    panel = invented_panel(1, etab=0.0, dep=0.0, proportional=False)
    if not region:
        panel = panel.drop(columns="diplomes").assign(
            diplomes=panel["cell"] + 0.5 * _dose(panel) + panel["rentree"] % 5
        )
    for by in (None, "cohort", "age", "niveau", "filiere"):
        found = imputation(panel, by=by, region_effects=region).to_frame()
        np.testing.assert_allclose(found["estimate"], 0.5, atol=EXACT)


def _dose(panel):
    from fpi_eval.panel import align

    return align(panel, "diplomes")["dose"]


@pytest.mark.parametrize("by", ["cohort", "age"])
def test_closures_are_a_group_of_their_own_not_a_year(by):
    panel = invented_panel(4, etab=0.0, dep=0.0)
    shut = panel["cell"].isin(panel.loc[panel["seats"] > 0, "cell"].unique()[:5])
    panel["seats"] = panel["seats"].mask(shut, -panel["seats"])
    panel["diplomes"] = panel["cell"] + 0.5 * _dose(panel) + panel["rentree"] % 5
    found = imputation(panel, by=by).to_frame().set_index("label")
    assert found.loc["Effet par place, fermetures", "estimate"] == pytest.approx(0.5, abs=1e-6)
    assert not found.index.str.contains("-").any()


def test_margins_fit_is_the_poisson_maximum_likelihood():
    pf = pytest.importorskip("pyfixest")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"i": np.repeat(np.arange(30), 6), "t": np.tile(np.arange(6), 30)})
    frame["y"] = rng.poisson(np.exp(1 + frame["i"] / 30 + frame["t"] / 6)).astype(float)
    frame["x"] = rng.normal(size=len(frame))
    a, b = poisson.fit_margins(
        frame["y"].to_numpy(), [frame["i"].to_numpy(), frame["t"].to_numpy()]
    )
    mu = a[frame["i"]] * b[frame["t"]]
    # The score of any further regressor net of effects is that of a fitted Poisson regression.
    for column in ("i", "t"):
        sums = frame.assign(mu=mu).groupby(column)[["y", "mu"]].sum()
        np.testing.assert_allclose(sums["mu"], sums["y"], rtol=1e-9)
    fitted = pf.fepois("y ~ x | i + t", frame)
    log_mu = np.log(mu) - np.log(mu).mean()
    assert np.corrcoef(log_mu, np.log(fitted.predict(type="response")))[0, 1] > 0.98


def test_poisson_imputation_recovers_a_multiplicative_world():
    panel = invented_panel(4, etab=0.0, dep=0.0)
    rng = np.random.default_rng(0)
    years = np.exp(rng.normal(0, 0.2, 40))[panel["rentree"] - 2010]
    panel["diplomes"] = (5 + panel["cell"] % 30) * years + 0.5 * _dose(panel)
    assert poisson.poisson_imputation(panel).estimate == pytest.approx(0.5, abs=1e-6)


def test_poisson_imputation_does_not_predict_across_disconnected_sets():
    # Course a: cell 0 untreated in 2016 and 2017, cell 1 in 2018 and 2019; 0 in 2018 is treated.
    rows = [(cell, year, "ab"[cell > 1]) for cell in range(5) for year in range(2016, 2020)]
    panel = pd.DataFrame(rows, columns=["cell", "rentree", "course"])
    rng = np.random.default_rng(0)
    panel = panel.assign(recus=rng.poisson(20.0, len(panel)).astype(float), entrants=20.0)
    late = panel["rentree"] >= 2018
    gone = (panel["cell"] == 0) & (panel["rentree"] == 2019) | (panel["cell"] == 1) & ~late
    panel["recus"] = panel["recus"].mask(gone)
    panel["seats"] = 10.0 * (panel["cell"].isin([0, 2]) & late)
    absent = dict.fromkeys(("region", "cluster", "departement"))
    both = poisson.poisson_imputation(panel, "recus", **absent)
    alone = poisson.poisson_imputation(panel[panel["course"] == "b"], "recus", **absent)
    assert both.estimate == pytest.approx(alone.estimate, abs=EXACT)
    assert dict(both.dropped)["observation traitée sans comparaison"] == 1


def test_an_unknown_grouping_is_an_error_in_french():
    with pytest.raises(FpiError, match="regroupement « region » inconnu"):
        imputation(invented_panel(0), by="region")
    with pytest.raises(FpiError, match="absente"):
        imputation(invented_panel(0).drop(columns="niveau"), by="niveau")


def test_a_group_rests_on_its_own_establishments_not_on_those_of_all():
    panel = invented_panel(4, noise=1.0)
    alone = panel.loc[panel["seats"] != 0, "uai"].iloc[0]
    panel["niveau"] = np.where(panel["uai"] == alone, "superieur", "secondaire")
    whole, (many, one) = imputation(panel), imputation(panel, by="niveau")
    assert one.openings == one.n_treated_clusters == 1
    assert np.isnan(one.ci_low)
    assert many.openings == whole.openings - 1


@pytest.mark.parametrize(
    "estimator", [imputation, impact.poisson_imputation, impact.bjs2_t, impact.intertemporal]
)
def test_a_single_unit_that_never_opens_says_nothing_of_its_own_spread(estimator):
    """Later openings compare only the years before: t(6) rejected a true null half of the time."""
    cell, year = (a.ravel() for a in np.meshgrid(np.arange(13), np.arange(10), indexing="ij"))
    noise = np.random.default_rng(0).normal(20, 1, cell.size)
    seats = ((cell < 12) & (year >= 5 + cell % 2)).astype(float)
    table = pd.DataFrame({"cell": cell, "rentree": year + 2000, "y": noise, "seats": seats})
    names = ("course", "region", "departement", "famille", "size", "duree")
    facts = dict(cluster="cell", lag=0, **dict.fromkeys(names))
    assert "sans intervalle" in estimator(table, "y", **facts).summary()
    more = pd.concat([table, *(table[cell == 12].assign(cell=13 + k) for k in range(12))])
    more["y"] += np.random.default_rng(1).normal(0, 1, len(more))
    assert estimator(more, "y", **facts).df == 11
