"""Rates that add two cohorts of leavers: by hand, and against the likelihood with dummies."""

import dense
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from random_panels import random_programme

from fpi_eval.impact import binomial
from fpi_eval.impact.frame import sample

POINT, ERROR = 1e-8, 1e-6


def two_cells(odds: dict[int, list], leavers: float = 90.0) -> pd.DataFrame:
    """Return a panel where cell 1 opens seats in 2022; odds of a job by cell, from 2021 on."""
    rows = [
        (cell, 2021 + k, leavers, leavers * o / (1 + o))
        for cell, path in odds.items() for k, o in enumerate(path)
    ]  # fmt: skip
    panel = pd.DataFrame(rows, columns=["cell", "rentree", "sortants", "en_emploi_6_mois"])
    panel["seats"] = 12.0 * ((panel["cell"] == 1) & (panel["rentree"] >= 2022))
    for name in ("uai", "code_departement", "code_region", "code_academie"):
        panel[name] = panel["cell"].astype(str)
    words = {"course": "c", "famille": "f", "filiere": "numerique", "niveau": "secondaire"}
    return panel.assign(
        **words, voie="scolaire", duree=1, entrants=20.0, autres_places=0.0, nouvelle=False
    )


# Year effects 1, 1, 2 on the odds; half of an opening doubles them, a whole one makes them four
# times larger: 1, 1 × 2, 2 × 4. So the log-odds of an opening are 2 ln 2 and, in points,
# (2/3 − 1/2 + 8/9 − 2/3) / 2 = 7/36.
HALF_THEN_WHOLE = {0: [1, 1, 2], 1: [1, 2, 8]}


def found_in(panel: pd.DataFrame, **options) -> tuple[float, float]:
    found = binomial.rate(panel, **options)
    return found[binomial.LOGIT].estimate, found[binomial.POINTS].estimate


def test_the_first_rate_after_an_opening_holds_half_of_it():
    expected = pytest.approx((2 * np.log(2), 7 / 36), abs=1e-9)
    assert found_in(two_cells(HALF_THEN_WHOLE), two_cohorts=True) == expected
    assert found_in(two_cells(HALF_THEN_WHOLE)) != expected


def test_order_of_rows_changes_nothing():
    panel = two_cells(HALF_THEN_WHOLE).iloc[::-1]
    expected = pytest.approx((2 * np.log(2), 7 / 36), abs=1e-9)
    assert found_in(panel, two_cohorts=True) == expected


@pytest.mark.parametrize("how", ["hidden", "absent"])
def test_a_year_without_a_rate_still_counts_in_the_next_one(how):
    # The rate of 2022 is unknown; that of 2023 holds two whole cohorts, 2024 too.
    panel = two_cells({0: [1, 1, 2, 1], 1: [1, 2, 8, 4]})
    gone = (panel["cell"] == 1) & (panel["rentree"] == 2022)
    if how == "hidden":
        panel["en_emploi_6_mois"] = panel["en_emploi_6_mois"].mask(gone)
    else:
        panel = panel[~gone]
    logit, points = found_in(panel, two_cohorts=True)
    # Absent rows do not say that seats opened in 2022: the grid carries the last known year.
    if how == "hidden":
        assert logit == pytest.approx(2 * np.log(2), abs=1e-9)
        assert points == pytest.approx((8 / 9 - 2 / 3 + 4 / 5 - 1 / 2) / 2, abs=1e-9)
    else:
        assert logit > 2 * np.log(2)


@pytest.mark.parametrize("seed", range(50))
def test_equal_to_the_likelihood_with_dummies(seed):
    panel = random_programme(seed)
    rng = np.random.default_rng(seed)
    panel["sortants"] = rng.integers(20, 60, len(panel)).astype(float)
    rate = 0.3 + 0.3 * rng.random(len(panel)) + 0.1 * (panel["seats"] > 0)
    jobs = rng.binomial(panel["sortants"].astype(int), rate).astype(float)
    panel["en_emploi_6_mois"] = np.where(rng.random(len(panel)) < 0.05, np.nan, jobs)
    found = binomial.rate(panel, two_cohorts=True)[binomial.LOGIT]
    everywhere = sample(panel.assign(en_emploi_6_mois=0.0), "en_emploi_6_mois")
    path = everywhere.pivot_table("dose", "cell", "time").ffill(axis=1).fillna(0)
    frame = sample(panel, "en_emploi_6_mois")
    before = [
        np.sign(path.loc[c, t - 1]) if t - 1 in path else 0.0
        for c, t in zip(frame["cell"], frame["time"], strict=True)
    ]
    d = (np.sign(frame["dose"].to_numpy()) + before) / 2
    total = panel.loc[frame.index, "sortants"].to_numpy()
    effects = [frame["cell"].to_numpy(), frame.groupby(["course", "time"]).ngroup().to_numpy()]
    basis = dense.full_rank(dense.dummies(effects))
    counts = np.column_stack([frame["y"], total - frame["y"]])
    design = np.column_stack([d, basis])
    fit = sm.GLM(counts, design, sm.families.Binomial()).fit(tol=1e-13)
    assert found.estimate == pytest.approx(fit.params[0], abs=POINT)
    groups = next(
        frame[c].to_numpy() for c in ("uai", "code_departement")
        if frame[c].nunique() == found.n_clusters
    )  # fmt: skip
    p = fit.fittedvalues
    inverse = np.linalg.inv((design * (total * p * (1 - p))[:, None]).T @ design)
    scores = pd.DataFrame(design * (frame["y"].to_numpy() - total * p)[:, None])
    sums = scores.groupby(groups).sum().to_numpy()
    n, g, k = len(frame), len(sums), dense.n_parameters(effects, groups, 1)
    variance = (inverse @ (sums.T @ sums) @ inverse)[0, 0] * g / (g - 1) * (n - 1) / (n - k)
    assert np.linalg.norm(found.influence) == pytest.approx(np.sqrt(variance), abs=ERROR)
