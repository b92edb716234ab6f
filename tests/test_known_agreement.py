"""Estimators of the programme on 30 random panels, against pyfixest and dummies (statsmodels).

Panels are unbalanced, weighted where the estimator weighs, and 1 to 40 cells open seats.
"""

from functools import cache

import dense
import numpy as np
import pandas as pd
import pytest
from random_panels import random_programme

from fpi_eval.errors import FpiError
from fpi_eval.impact import poisson
from fpi_eval.impact.frame import sample
from fpi_eval.impact.imputation import imputation, unexposed
from fpi_eval.impact.j import fit_j, wald
from fpi_eval.impact.stacked import stack, stacked_event_study
from fpi_eval.impact.twfe import twfe as twfe_twfe
from fpi_eval.panel.sample import Sample

POINT, ERROR = 1e-8, 1e-6  # agreement asked of an independent package
PANELS = pytest.mark.parametrize("seed", range(30))
CLUSTERS = ("uai", "code_departement")


@cache
def programme(seed: int) -> pd.DataFrame:
    return random_programme(seed)


@cache
def frame_of(seed: int) -> Sample:
    """Return the estimation frame of a panel, its effects coded as columns."""
    frame = sample(programme(seed), "diplomes")
    keys = {"ct": ["course", "time"], "rt": ["code_region", "time"]}
    return frame.assign(**{name: frame.groupby(k).ngroup() for name, k in keys.items()})


def cluster_of(estimate, frame: pd.DataFrame) -> np.ndarray:
    """Return the clusters a result used: établissements or départements."""
    return next(frame[c].to_numpy() for c in CLUSTERS if frame[c].nunique() == estimate.n_clusters)


def pyfixest_error(fit, name: str, frame: pd.DataFrame, effects: list, cluster, k: int) -> float:
    """Return its error under our count of parameters: it counts nested ones by chance."""
    n = len(frame)
    counted = dense.n_parameters([frame[e].to_numpy() for e in effects], cluster, k)
    return fit.se()[name] * np.sqrt((n - 1) / (n - counted))


def feols(formula: str, frame: pd.DataFrame, cluster: np.ndarray):
    pf = pytest.importorskip("pyfixest")
    table = pd.DataFrame({c: frame[c] for c in frame}).assign(group=cluster)
    return pf.feols(
        formula, table, vcov={"CRV1": "group"}, ssc=pf.ssc(k_adj=False), fixef_tol=1e-12
    )


@PANELS
def test_j_equals_two_stages_with_dummies(seed):
    frame, proportional = frame_of(seed), seed % 3 > 0
    fit = fit_j(frame, proportional=proportional)
    x, z, names = dense.columns_of_j(frame)
    n = frame["size"].to_numpy() if proportional else np.ones(len(frame))
    frame = frame.assign(**{f"x{j}": x[:, j] / n for j in range(x.shape[1])})
    frame = frame.assign(**{f"z{j}": z[:, j] / (n if j else 1) for j in range(x.shape[1])}, n=n)
    frame = dense.without_singletons(frame, ["cell", "ct", "rt"])
    kept = [names.index(name) for name in fit.names]
    n, cluster = frame["n"].to_numpy(), frame["uai"].to_numpy()
    points, errors = dense.two_stages(
        frame["y"].to_numpy() / n, frame[[f"x{j}" for j in kept]].to_numpy(),
        frame[[f"z{j}" for j in kept]].to_numpy(), frame[["cell", "ct", "rt"]].to_numpy().T,
        cluster, n if proportional else None,
    )  # fmt: skip
    assert fit.keep.sum() == len(frame)
    assert fit.coefficients == pytest.approx(points, abs=POINT)
    assert np.sqrt(np.diag(fit.covariance(cluster))) == pytest.approx(errors, abs=ERROR)


@PANELS
def test_wald_equals_pyfixest(seed):
    found = wald(programme(seed))
    frame = frame_of(seed).assign(opened=lambda d: np.sign(d["dose"]))
    frame = dense.without_singletons(frame, ["cell", "ct"])
    cluster = cluster_of(found, frame)
    fit = feols("y ~ 1 | cell + ct | dose ~ opened", frame, cluster)
    assert found.estimate == pytest.approx(fit.coef()["dose"], abs=POINT)
    wanted = pyfixest_error(fit, "dose", frame, ["cell", "ct"], cluster, 1)
    assert np.linalg.norm(found.influence) == pytest.approx(wanted, abs=ERROR)


@PANELS
def test_two_way_regression_equals_pyfixest(seed):
    try:
        found = twfe_twfe(programme(seed)).estimate
    except FpiError as refusal:
        pytest.skip(f"panel {seed} : {refusal}")
    frame = frame_of(seed)
    years = frame["time"].nunique()
    frame = frame[frame.groupby("cell")["time"].transform("size") == years]
    frame = frame.assign(d=(frame["dose"] > 0).astype(float))
    cluster = cluster_of(found, frame)
    fit = feols("y ~ d | cell + time", frame, cluster)
    assert found.estimate == pytest.approx(fit.coef()["d"], abs=POINT)
    wanted = pyfixest_error(fit, "d", frame, ["cell", "time"], cluster, 1)
    assert np.linalg.norm(found.influence) == pytest.approx(wanted, abs=ERROR)


def imputation_oracle(frame: pd.DataFrame, found, *, poisson: bool) -> tuple[float, float]:
    """Return the effect per seat and its conservative error, from dummies."""
    y, treated = frame["y"].to_numpy(), (frame["dose"] != 0).to_numpy()
    effects = [frame["cell"].to_numpy(), frame["ct"].to_numpy()]
    guess, reach, known = dense.imputed(y, treated, effects, poisson=poisson)
    frame, gap, on = frame[known], (y - guess)[known], treated[known]
    dose = frame["dose"].to_numpy()
    v = np.where(on, np.sign(dose) / np.abs(dose[on]).sum(), 0.0)
    value = v @ gap
    v[~on] = -(v[on] @ reach[known][on])
    age = (frame["time"] - frame["cohort"]).fillna(-1).to_numpy(int)
    cluster = cluster_of(found, frame)
    many = pd.Series(cluster[on]).groupby(age[on]).nunique().loc[lambda n: n > 1].index
    age = np.array([min(many, key=lambda year: (abs(year - a), year), default=0) for a in age])
    psi = dense.conservative(gap, on, v, dose, frame["cell"].to_numpy(), age, cluster)
    n_treated = pd.unique(cluster[on]).size
    return value, np.linalg.norm(psi) * np.sqrt(n_treated / max(n_treated - 1, 1))


@PANELS
@pytest.mark.parametrize("kind", ["linear", "poisson"])
def test_imputation_per_seat_equals_statsmodels(seed, kind):
    estimator = {"linear": imputation, "poisson": poisson.poisson_imputation}[kind]
    found = estimator(programme(seed))
    frame = unexposed(frame_of(seed))
    value, error = imputation_oracle(frame, found, poisson=kind == "poisson")
    assert found.estimate == pytest.approx(value, abs=POINT)
    assert np.linalg.norm(found.influence) == pytest.approx(error, abs=ERROR)


@PANELS
def test_stacked_equals_pyfixest_and_two_stages_with_dummies(seed):
    frame = sample(programme(seed), "diplomes")
    try:
        found = stacked_event_study(frame)
    except FpiError as refusal:
        pytest.skip(f"panel {seed} : {refusal}")
    data = stack(frame).frame
    data["unit"] = data.groupby(["cell", "wave"]).ngroup()
    data["year"] = data.groupby(["course", "time", "wave"]).ngroup()
    data = dense.without_singletons(data, ["unit", "year"]).reset_index(drop=True)
    data["opened"] = (data["dose"] > 0).astype(float)
    cluster = cluster_of(found.overall, data)
    fit = feols("y ~ 1 | unit + year | dose ~ opened", data, cluster)
    assert found.overall.estimate == pytest.approx(fit.coef()["dose"], abs=POINT)
    wanted = pyfixest_error(fit, "dose", data, ["unit", "year"], cluster, 1)
    assert np.linalg.norm(found.overall.influence) == pytest.approx(wanted, abs=ERROR)
    kept = found.table["rel_time"].to_numpy()
    at = data["cohort"].notna().to_numpy()[:, None] & np.equal.outer(
        data["rel_time"].to_numpy(), kept
    )
    size = np.where(data["rel_time"] < 0, data["size"], data["dose"])
    points, errors = dense.two_stages(
        data["y"].to_numpy(), at * size[:, None], at.astype(float),
        data[["unit", "year"]].to_numpy().T, cluster_of(found, data),
    )  # fmt: skip
    assert found.table["estimate"].to_numpy() == pytest.approx(points, abs=POINT)
    if len(np.unique(cluster_of(found, data)[at.any(axis=1)])) == 1:
        errors = np.full(len(errors), np.nan)  # one treated cluster: no error
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(errors, abs=ERROR, nan_ok=True)
