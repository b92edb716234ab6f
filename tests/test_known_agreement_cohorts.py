"""Panels of 1 to 40 cohorts of 1 to 40 cells, unbalanced: against diff_diff and pyfixest."""

import warnings

import dense
import numpy as np
import pandas as pd
import pytest
from random_panels import sun_abraham_of_pyfixest, uneven_panel

from fpi_eval.impact.callaway_santanna import callaway_santanna
from fpi_eval.impact.sun_abraham import sun_abraham
from fpi_eval.regression import linear
from fpi_eval.regression.counterfactual import impute, influence

POINT, ERROR = 1e-8, 1e-6  # agreement asked of an independent package
PANELS = pytest.mark.parametrize("seed", range(30))


def package(name: str):
    return pytest.importorskip(name, reason=f"témoin {name} absent")


# Not compared, for diff_diff does otherwise: doubly robust (its odds weights are not normalised;
# exact derivatives check ours), simple and group averages with anticipation (it averages from
# g − anticipation on, the paper from g on), calendar (it has none).
@PANELS
@pytest.mark.filterwarnings("ignore")
def test_callaway_santanna_equals_diff_diff(seed):
    other = package("diff_diff")
    frame = uneven_panel(seed)
    weights, anticipation = "w" if seed % 2 else "one", int(seed % 3 == 2)
    frame = frame.assign(one=1.0, g=frame["cohort"].fillna(0))
    control, base = ("never", "not_yet")[seed // 2 % 2], ("varying", "universal")[seed // 4 % 2]
    ours = callaway_santanna(
        frame, weights=weights, cluster="group", control=control, base=base,
        anticipation=anticipation,
    )  # fmt: skip
    names = {"never": "never_treated", "not_yet": "not_yet_treated"}
    theirs = other.CallawaySantAnna(
        control_group=names[control], base_period=base, anticipation=anticipation,
        estimation_method="reg",
    ).fit(
        frame, outcome="y", unit="cell", time="time", first_treat="g",
        survey_design=other.SurveyDesign(weights=weights, psu="group"),
    )  # fmt: skip
    cells = ours.to_frame().set_index(["cohort", "time"])
    shared = {
        k: v for k, v in theirs.group_time_effects.items()
        if k in cells.index and np.isfinite(v["effect"])
    }  # fmt: skip
    found = cells.loc[list(shared)]
    points = np.array([v["effect"] for v in shared.values()])
    errors = np.array([v["se"] for v in shared.values()])
    assert len(shared) >= 0.9 * cells["estimate"].notna().sum() > 0
    assert found["estimate"].to_numpy() == pytest.approx(points, abs=POINT)
    free = (found["rel_time"] != -1 - anticipation).to_numpy()  # the base has no error
    assert found["std_error"].to_numpy()[free] == pytest.approx(errors[free], abs=ERROR)
    dynamic = ours.aggregate("dynamic").to_frame().set_index("label")
    averages = theirs.aggregate("event_study").to_dataframe().set_index("event_time")
    averages = averages[np.isfinite(averages["se"])]
    assert len(averages) >= 3
    average = dynamic.loc[averages.index]
    assert average["estimate"].to_numpy() == pytest.approx(averages["att"].to_numpy(), abs=POINT)
    assert average["std_error"].to_numpy() == pytest.approx(averages["se"].to_numpy(), abs=ERROR)
    if not anticipation:
        simple = ours.aggregate("simple")
        assert simple.overall == pytest.approx(theirs.overall_att, abs=POINT)
        assert simple.overall_std_error == pytest.approx(theirs.overall_se, abs=ERROR)


# Up to 16 cohorts: 40 make 1,600 columns, 30 s of pyfixest; the next test takes those. Errors are
# compared without N − K: in 0.60 the number of effects that it counts as nested was seen to change
# from one process to the next.
@PANELS
@pytest.mark.filterwarnings("ignore")
def test_sun_abraham_equals_pyfixest(seed):
    pf = package("pyfixest")
    frame = uneven_panel(seed, most=16)
    weights = "w" if seed % 2 else None
    ours = sun_abraham(frame, weights=weights, cluster="group")
    theirs = sun_abraham_of_pyfixest(pf, frame, weights)
    table = ours.to_frame().set_index(["cohort", "rel_time"])
    known = table.loc[theirs.index]["estimate"].notna().to_numpy()
    assert known.sum() == table["std_error"].notna().sum() > 0
    found = table.loc[theirs.index[known]]
    assert found["estimate"].to_numpy() == pytest.approx(
        theirs["Estimate"].to_numpy()[known], abs=POINT
    )
    clusters = ours.n_clusters / (ours.n_clusters - 1)
    errors = found["std_error"].to_numpy() * np.sqrt(clusters / ours.factor)
    assert errors == pytest.approx(theirs["Std. Error"].to_numpy()[known], abs=ERROR)
    rows = frame[frame.groupby("cell")["time"].transform("size") > 1]
    used = len(theirs) + frame["time"].nunique()
    if known.all():
        assert ours.factor == pytest.approx(clusters * (len(rows) - 1) / (len(rows) - used))


@pytest.mark.parametrize("weights", [None, "w"])
def test_sun_abraham_of_forty_cohorts_is_callaway_santanna(weights):
    frame = uneven_panel(30)  # a twin that misses no row: both then make the same comparisons
    cells = frame.groupby("cell")[["cohort", "group", "w"]].first()
    years = np.arange(1, 46)
    full = cells.loc[cells.index.repeat(len(years))].reset_index()
    full["time"] = np.tile(years, len(cells))
    full["y"] = np.random.default_rng(0).normal(size=len(full)) + full["cell"]
    ours = sun_abraham(full, cluster="group", weights=weights)
    other = callaway_santanna(full, cluster="group", weights=weights, base="universal")
    assert ours.to_frame()["cohort"].nunique() == 40
    assert ours.att == pytest.approx(other.att, abs=POINT)
    errors = ours.std_error / np.sqrt(ours.factor), other.std_error / np.sqrt(other.factor)
    assert errors[0] == pytest.approx(errors[1], abs=ERROR, nan_ok=True)


@PANELS
@pytest.mark.filterwarnings("ignore")
def test_event_study_regression_equals_pyfixest(seed):
    pf = package("pyfixest")
    frame = uneven_panel(seed)
    weights = "w" if seed % 2 else None
    rel = np.clip((frame["time"] - frame["cohort"]).fillna(-1), -4, 4).to_numpy()
    years = [m for m in (-4, -3, -2, 0, 1, 2, 3, 4) if (rel == m).any()]
    names = [f"r{m + 4}" for m in years]
    frame[names] = np.equal.outer(rel, years).astype(float)
    ours = linear.fit(
        frame["y"].to_numpy(), frame[names].to_numpy(),
        [frame["cell"].to_numpy(), frame["time"].to_numpy()], names=names,
        weights=None if weights is None else frame["w"].to_numpy(),
    )  # fmt: skip
    used = frame[ours.keep]
    fit = pf.feols(
        f"y ~ {' + '.join(ours.names)} | cell + time", frame, weights=weights,
        vcov={"CRV1": "group"}, ssc=pf.ssc(k_adj=False), fixef_tol=1e-12,
    )  # fmt: skip
    assert ours.coefficients == pytest.approx(fit.coef()[list(ours.names)].to_numpy(), abs=POINT)
    group = used["group"].to_numpy()
    n, k = (
        len(used),
        dense.n_parameters(used[["cell", "time"]].to_numpy().T, group, len(ours.names)),
    )
    errors = np.sqrt(np.diag(ours.covariance(group)) * (n - k) / (n - 1))
    assert errors == pytest.approx(fit.se()[list(ours.names)].to_numpy(), abs=ERROR)


def imputation(frame: pd.DataFrame, weights: np.ndarray | None) -> tuple[float, float]:
    """Return our mean effect of treated rows and its conservative error, clustered by cell."""
    treated, cell = frame["on"].to_numpy(), frame["cell"].to_numpy()
    model = impute(
        frame["y"].to_numpy(), treated, [cell, frame["time"].to_numpy()], weights=weights
    )
    on = treated & model.usable
    v = model.weights((on / on.sum())[:, None])
    group = (frame["cohort"].fillna(0) * 1000 + frame["time"]).to_numpy(int)
    psi = influence(model, v, np.ones(len(frame)), cell, group, cell)
    return float(model.tau[on].mean()), float(np.linalg.norm(psi))


def eventful(seed: int) -> pd.DataFrame:
    frame = uneven_panel(seed)
    return frame.assign(on=frame["time"] >= frame["cohort"], g=frame["cohort"].fillna(0))


@PANELS
def test_imputation_equals_diff_diff(seed):
    other = package("diff_diff")
    frame = eventful(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = other.ImputationDiD().fit(
            frame, outcome="y", unit="cell", time="time", first_treat="g"
        )
    value, error = imputation(frame, None)
    assert value == pytest.approx(theirs.overall_att, abs=POINT)
    assert error == pytest.approx(theirs.overall_se, abs=ERROR)


# Not by diff_diff: its weights are those of a survey, which enter the average too.
@PANELS
def test_weighted_imputation_equals_statsmodels(seed):
    frame = eventful(seed)
    frame = frame[frame["cell"] % 3 > 0] if len(frame) > 2000 else frame
    y, on, cell = (frame[c].to_numpy() for c in ("y", "on", "cell"))
    w = frame["w"].to_numpy()
    guess, reach, known = dense.imputed(y, on, [cell, frame["time"].to_numpy()], w)
    v = (on & known) / (on & known).sum()
    gap, value = np.where(known, y - guess, 0.0), v @ np.where(known, y - guess, 0.0)
    v[~on] = -(v[on] @ reach[on])
    group = (frame["cohort"].fillna(0) * 1000 + frame["time"]).to_numpy(int)
    psi = dense.conservative(gap, on & known, v, np.ones(len(y)), cell, group, cell)
    assert imputation(frame, w) == (
        pytest.approx(value, abs=POINT), pytest.approx(np.linalg.norm(psi), abs=ERROR)
    )  # fmt: skip
