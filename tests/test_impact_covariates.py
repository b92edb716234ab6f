"""Covariates in J, imputation and BJS2-T: dense least squares, and a drift that they explain."""

import numpy as np
import pandas as pd
import pytest
from dense import columns_of_j, dummies, two_stages
from invented import invented_panel

from fpi_eval import impact
from fpi_eval.errors import FpiError
from fpi_eval.impact.as_event_study import comparison_frame
from fpi_eval.impact.bjs2_t import trend
from fpi_eval.impact.frame import GROSS, sample
from fpi_eval.impact.imputation import unexposed

EXACT, SAME = 1e-8, 1e-7
NAMES = ("part", "rural")


def drifting(seed: int, *, noise: float = 1.0, drift: float = 0.0) -> pd.DataFrame:
    """Return a panel with a share and a mark by cell, whose courses grow with the share."""
    panel = invented_panel(
        seed, regions=3, etabs=8, years=range(2016, 2027), opened=9, start=2020, noise=noise
    )
    rng = np.random.default_rng([seed, 5])
    cell = panel["cell"].to_numpy()
    opened = np.unique(cell[panel["seats"] > 0])
    share = rng.uniform(0, 1, cell.max() + 1)
    share[opened] += 0.5
    panel["part"], panel["rural"] = share[cell], rng.integers(0, 2, cell.max() + 1)[cell]
    later = panel["rentree"] >= 2021  # what a covariate is later does not count
    panel["part"] += 0.3 * later * rng.normal(size=len(panel))
    step = (panel["rentree"] - 2016) ** 2 / 10
    panel["diplomes"] += drift * share[cell] * step * panel["entrants"] / 25
    return panel


def before(panel: pd.DataFrame, frame: pd.DataFrame) -> np.ndarray:
    """Return each row's covariates by session, the first left out."""
    first = panel.loc[panel["seats"] != 0, "rentree"].min()
    means = panel[panel["rentree"] < first].groupby("cell")[[*NAMES]].mean()
    mine = means.loc[frame["cell"]].to_numpy()
    sessions = np.equal.outer(frame["time"].to_numpy(), np.unique(frame["time"])[1:])
    return np.hstack([sessions * mine[:, [k]] for k in range(len(NAMES))])


def fixed(frame: pd.DataFrame, *, region: bool = True) -> list[np.ndarray]:
    keys = ["course", "code_region"] if region else ["course"]
    pairs = [frame.groupby([k, "time"]).ngroup().to_numpy() for k in keys]
    return [frame["cell"].to_numpy(), *pairs]


def dense_j(panel: pd.DataFrame, frame: pd.DataFrame) -> np.ndarray:
    n, own = frame["size"].to_numpy(), before(panel, frame)
    x, z, _ = columns_of_j(frame)
    x, z = x / n[:, None], np.column_stack([z[:, :1], z[:, 1:] / n[:, None]])
    y = frame["y"].to_numpy() / n
    x, z = np.hstack([x, own]), np.hstack([z, own])
    return two_stages(y, x, z, fixed(frame), frame["uai"], n)[0][:3]


def left_over(y, treated, columns, weights=None) -> np.ndarray:
    """Return treated outcomes less what untreated rows, on these columns, predict."""
    mass = np.ones(len(y)) if weights is None else weights
    root = np.sqrt(mass[~treated])
    slopes = np.linalg.lstsq(columns[~treated] * root[:, None], y[~treated] * root, rcond=None)[0]
    return y[treated] - columns[treated] @ slopes


def test_j_with_covariates_is_dense_two_stage_least_squares():
    panel = drifting(1)
    frame = sample(panel, "diplomes").frame
    found = impact.j(panel, covariates=NAMES)
    assert found[GROSS].estimate == pytest.approx(dense_j(panel, frame)[0], abs=SAME)
    assert found[GROSS].estimate != pytest.approx(impact.j(panel)[GROSS].estimate, abs=1e-4)


def test_imputation_with_covariates_is_the_untreated_regression():
    panel = drifting(2)
    frame = unexposed(sample(panel, "diplomes")).frame
    treated, dose = (frame["dose"] != 0).to_numpy(), frame["dose"].to_numpy()
    columns = np.hstack([dummies(fixed(frame, region=False)), before(panel, frame)])
    gap = left_over(frame["y"].to_numpy(), treated, columns)
    found = impact.imputation(panel, "diplomes", covariates=NAMES)
    assert found.estimate == pytest.approx(gap.sum() / dose[treated].sum(), abs=SAME)


def test_bjs2_t_with_covariates_is_the_untreated_regression_net_of_displacement():
    panel = drifting(3)
    frame = sample(panel, "diplomes").frame
    n, treated = frame["size"].to_numpy(), (frame["dose"] != 0).to_numpy()
    near = frame[["exposure_etab", "exposure_dep"]].to_numpy() / n[:, None]
    y = frame["y"].to_numpy() / n - near @ dense_j(panel, frame)[1:]
    columns = np.hstack([dummies(fixed(frame)), trend(frame)[:, None], before(panel, frame)])
    gap = left_over(y, treated, columns, n)
    expected = (n[treated] * gap).sum() / frame["dose"].sum()
    found = impact.bjs2_t(panel, covariates=NAMES)
    assert found.estimate == pytest.approx(expected, abs=SAME)


@pytest.mark.parametrize("name", ["j", "bjs2_t"])
def test_a_drift_that_a_covariate_explains_is_removed(name):
    panel = drifting(4, noise=0.0, drift=4.0)
    found = getattr(impact, name)(panel, covariates=["part"])
    plain = getattr(impact, name)(panel)
    one, other = (e if name == "bjs2_t" else e[GROSS] for e in (found, plain))
    assert one.estimate == pytest.approx(0.5, abs=EXACT)
    assert abs(other.estimate - 0.5) > 0.02


def test_one_covariate_may_be_named_alone():
    table = invented_panel(3, noise=1.0).assign(taille=lambda d: d["entrants"])
    alone, listed = (impact.imputation(table, covariates=c) for c in ("taille", ["taille"]))
    assert alone.estimate == listed.estimate


def test_a_covariate_named_as_what_estimators_read_does_not_take_its_place():
    with pytest.raises(FpiError, match="renommez-la"):
        impact.j(invented_panel(3).assign(size=lambda d: d["cell"] % 3), covariates="size")


def test_a_covariate_is_read_before_the_first_opening_not_before_its_first_effect():
    panel = drifting(1).assign(duree=3)
    opened = panel.loc[panel["seats"] != 0, "rentree"].min()
    early = panel["rentree"] < opened
    later = np.random.default_rng(0).normal(size=len(panel))
    found, again = (
        impact.j(panel.assign(part=panel["part"].where(early, values)), covariates=["part"])
        for values in (0.0, later)
    )
    assert found[GROSS].estimate == again[GROSS].estimate
    with pytest.raises(FpiError, match="avant la première ouverture"):
        impact.j(panel.assign(part=panel["part"].mask(early)), covariates=["part"])


def test_an_event_study_compares_cells_alike_on_what_they_were_before():
    panel = drifting(2, drift=2.0)
    plain = impact.opening_study(panel, "diplomes")
    alike = impact.opening_study(panel, "diplomes", covariates="part")
    frame = comparison_frame(panel, "diplomes")
    before = panel[panel["rentree"] < 2020].groupby("cell")["part"].mean()
    table = frame.frame.assign(part=frame["cell"].map(before))
    wanted = impact.callaway_santanna(
        table, "y", time="time", lag=0, cluster="uai", covariates=["part"]
    ).aggregate("simple")
    assert alike.overall.estimate == pytest.approx(wanted.overall, abs=EXACT)
    assert abs(alike.overall.estimate - plain.overall.estimate) > 0.1
    assert "semblables par part" in alike.method()
    assert "semblables" not in plain.method()
    with pytest.raises(FpiError, match="option « covariates » inconnue"):
        impact.opening_study(panel, "diplomes", estimator=impact.sun_abraham, covariates=["part"])
