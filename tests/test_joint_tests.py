"""Joint tests keep their size with few clusters: trends, placebo, event study, heterogeneity."""

import joint
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fpi_eval.regression.bands import joint_test

LEVEL = 0.05


def too_far(rejected, draws, errors=3.5):
    """Return whether a share of rejections is further from the level than chance allows."""
    return abs(rejected / draws - LEVEL) > errors * np.sqrt(LEVEL * (1 - LEVEL) / draws)


@pytest.mark.parametrize(("n_clusters", "k"), [(5, 3), (8, 5), (12, 5), (20, 5), (40, 2)])
def test_a_true_null_is_rejected_five_times_in_a_hundred(n_clusters, k):
    rng = np.random.default_rng(n_clusters)
    draws, rejected, without = 2_000, 0, 0
    for _ in range(draws):
        x = rng.normal(size=(n_clusters, k))
        gap = (x - x.mean(axis=0)) / np.sqrt(n_clusters * (n_clusters - 1))
        f, rank, p = joint_test(x.mean(axis=0), gap.T @ gap, n_clusters - 1)
        rejected += p < LEVEL
        plain = f * (n_clusters - 1) / (n_clusters - rank)  # T²/k
        without += stats.f.sf(plain, rank, n_clusters - 1) < LEVEL
    assert not too_far(rejected, draws)
    if n_clusters <= 12:
        assert too_far(without, draws)


def test_one_estimate_keeps_its_t_test():
    _, rank, p = joint_test(np.array([2.0]), np.array([[1.0]]), 9)
    assert (rank, p) == (1, pytest.approx(2 * stats.t.sf(2.0, 9)))


def test_with_no_more_clusters_than_estimates_the_smallest_p_is_corrected_for_their_number():
    f, rank, p = joint_test(np.array([0.0, 3.0, 0.0]), np.eye(3), 2)
    assert (np.isnan(f), rank) == (True, 3)
    assert p == pytest.approx(3 * 2 * stats.t.sf(3.0, 2))


def test_tests_of_one_panel_keep_their_size_with_few_clusters():
    rows = pd.read_parquet(joint.ROWS)
    assert len(rows) >= 1_000
    for name in joint.TESTS:
        p = rows[name].dropna()
        assert len(p) > 0.9 * len(rows), name
        assert (p < LEVEL).sum() <= stats.binom.ppf(0.999, len(p), LEVEL), name


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_one_panel_gives_its_row(seed):
    row = pd.read_parquet(joint.ROWS).set_index("seed").loc[seed, [*joint.TESTS]]
    made = pd.Series(joint.one(seed))[[*joint.TESTS]]
    assert made.to_numpy(float) == pytest.approx(row.to_numpy(float), abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("df", [2, 12])
def test_a_joint_test_is_the_same_in_any_units(df):
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 4))
    estimate, covariance = rng.normal(size=4) + 1, root @ root.T
    units = np.array([1.0, 1e9, 1e-6, 1e3])
    wanted = joint_test(estimate, covariance, df)
    found = joint_test(estimate * units, covariance * np.outer(units, units), df)
    assert found == pytest.approx(wanted, nan_ok=True)
    more = np.zeros((5, 5))
    more[:4, :4] = covariance
    assert joint_test(np.append(estimate, 0.0), more, df) == pytest.approx(wanted, nan_ok=True)
