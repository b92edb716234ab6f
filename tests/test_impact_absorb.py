"""Absorbed effects and regressions against dummies and pyfixest on random panels."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from fpi_eval.errors import FpiError
from fpi_eval.regression import absorb, linear
from fpi_eval.regression.rows import CODE, Anyhow, Runs, Turns, carried

pf = pytest.importorskip("pyfixest")
POINT, ERROR = 1e-8, 1e-6  # agreement asked of an independent package


def random_panel(seed):
    """Unbalanced panel with weights, missing cells, uneven groups."""
    rng = np.random.default_rng(seed)
    n, years = int(rng.integers(30, 80)), int(rng.integers(5, 10))
    frame = pd.DataFrame({"i": np.repeat(np.arange(n), years), "t": np.tile(np.arange(years), n)})
    frame["course"] = rng.integers(0, 5, n)[frame["i"]]
    frame["region"] = rng.integers(0, 4, n)[frame["i"]]
    frame["g"] = rng.integers(0, 12, n)[frame["i"]]
    start = np.where(rng.random(n) < 0.3, rng.integers(2, years, n), 99)[frame["i"]]
    size = rng.choice([6.0, 12.0, 24.0], n)[frame["i"]]
    frame["s"] = size * (frame["t"] >= start)
    frame["d"] = np.sign(frame["s"])
    frame["x"] = rng.normal(size=len(frame)) + frame["t"] / 5
    frame["w"] = rng.uniform(0.2, 3, n)[frame["i"]]
    frame["y"] = rng.normal(size=len(frame)) + 0.4 * frame["s"] + frame["i"] / 9 + frame["t"]
    frame["ct"] = absorb.interaction(frame["course"], frame["t"])
    frame["rt"] = absorb.interaction(frame["region"], frame["t"])
    return frame.sample(frac=0.85, random_state=seed).reset_index(drop=True)


def ours(frame, effects, *, weights=None, instrument=False):
    x = frame[["s", "x"]].to_numpy()
    z = frame[["d", "x"]].to_numpy() if instrument else None
    return linear.fit(
        frame["y"].to_numpy(), x, [frame[e].to_numpy() for e in effects], names=["s", "x"],
        instruments=z, weights=None if weights is None else frame[weights].to_numpy(),
    )  # fmt: skip


@pytest.mark.parametrize("weights", [None, "w", "y"], ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_rows_in_order_lose_what_they_lose_in_any_order(seed, weights):
    shuffled = random_panel(seed)
    frame = shuffled.sort_values(["i", "t"])
    assert shuffled["ct"].nunique() + shuffled["rt"].nunique() > absorb.NARROW or seed
    left = []
    for rows in (shuffled, frame):
        w = None if weights is None else np.exp(0.1 * rows[weights].to_numpy())
        codes = [absorb.interaction(rows[e]) for e in ("i", "ct", "rt")]
        net = absorb.Absorber(codes, w).residualize(rows[["y", "x"]].to_numpy())
        left.append(pd.DataFrame(net, rows.index).sort_index())
    np.testing.assert_allclose(*left, atol=1e-10)


@pytest.mark.parametrize("seed", range(50))
def test_regressions_equal_pyfixest_on_random_panels(seed):
    frame = random_panel(seed)
    effects = [("i", "t"), ("i", "ct"), ("i", "ct", "rt")][seed % 3]
    weights = "w" if seed % 2 else None
    instrument = seed % 5 == 0
    fit = ours(frame, effects, weights=weights, instrument=instrument)
    formula = "y ~ x | {} | s ~ d" if instrument else "y ~ s + x | {}"
    other = pf.feols(
        formula.format(" + ".join(effects)), frame, vcov={"CRV1": "g"}, weights=weights
    )
    order = ["s", "x"]
    np.testing.assert_allclose(fit.coefficients, other.coef()[order], atol=POINT)
    cluster = frame["g"].to_numpy()[fit.keep]
    errors = np.sqrt(np.diag(fit.covariance(cluster)))
    # pyfixest counts every level of crossing effects; ours counts the ranks they span.
    theirs = 2 + sum(frame.loc[fit.keep, e].nunique() for e in effects[1:]) - (len(effects) - 2)
    n = int(fit.keep.sum())
    rule = np.sqrt((n - fit.n_parameters(cluster)) / (n - theirs))
    np.testing.assert_allclose(errors * rule, other.se()[order], rtol=ERROR)


def test_effects_leave_what_dummies_leave_even_when_collinear():
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, 40, 400), rng.integers(0, 12, 400), rng.integers(0, 6, 400)]
    codes.append(codes[1] // 4)  # a combination of the second
    weights, x = rng.uniform(0.5, 2, 400), rng.normal(size=(400, 3))
    dummies = np.column_stack([np.equal.outer(c, np.unique(c)) for c in codes]).astype(float)
    root = np.sqrt(weights)[:, None]
    beta = np.linalg.lstsq(dummies * root, x * root, rcond=None)[0]
    absorber = absorb.Absorber(codes, weights)
    np.testing.assert_allclose(absorber.residualize(x), x - dummies @ beta, atol=1e-12)
    assert absorber.rank == np.linalg.matrix_rank(dummies)
    assert absorber.n_collinear == dummies.shape[1] - absorber.rank


@pytest.mark.parametrize("nested", [False, True], ids=["blocks", "blocks and a nested effect"])
def test_an_effect_that_falls_in_blocks_leaves_what_dummies_leave(nested):
    rng = np.random.default_rng(7)
    course, region = rng.integers(0, 9, 80), rng.integers(0, 4, 80)
    course[0], region[:2] = 9, 4  # a course taught once, a region nearly empty
    cell, year = np.repeat(np.arange(80), 6), np.tile(np.arange(6), 80)
    here = rng.random(480) < 0.8
    cell, year = cell[here], year[here]
    codes = [cell, 6 * course[cell] + year, 6 * region[cell] + year]
    codes += [course[cell]] if nested else []
    weights, x = rng.uniform(0.5, 2, len(cell)), rng.normal(size=(len(cell), 2))
    dummies = np.column_stack([np.equal.outer(c, np.unique(c)) for c in codes]).astype(float)
    root = np.sqrt(weights)[:, None]
    beta = np.linalg.lstsq(dummies * root, x * root, rcond=None)[0]
    absorber = absorb.Absorber(codes, weights)
    assert absorber.lead > 0
    np.testing.assert_allclose(absorber.residualize(x), x - dummies @ beta, atol=1e-12)
    assert absorber.rank == np.linalg.matrix_rank(dummies)


@pytest.mark.parametrize("names", [("i",), ("i", "t"), ("i", "ct", "rt")])
def test_sums_of_normal_equations_are_those_of_their_solution_and_stay_as_given(names):
    frame = random_panel(3)
    effects = absorb.Absorber([frame[c].to_numpy() for c in names], frame["w"].to_numpy())
    sums = effects.sums(frame[["y", "x"]].to_numpy())
    kept = [given.copy() for given in sums]
    solution = effects.normal(*sums)
    for given, before in zip(sums, kept, strict=True):
        np.testing.assert_array_equal(given, before)
    for found, given in zip(effects.sums(effects.spread(*solution)), sums, strict=True):
        np.testing.assert_allclose(found, given, rtol=1e-8, atol=1e-8)


def test_an_effect_already_explained_is_wholly_collinear():
    cell, year = np.repeat(np.arange(12), 4), np.tile(np.arange(4), 12)
    x = np.random.default_rng(0).normal(size=48)
    twice = absorb.Absorber([cell, cell // 2, cell // 6])
    assert (twice.rank, twice.n_collinear) == (12, 8)
    np.testing.assert_allclose(
        twice.residualize(x), x - x.reshape(12, 4).mean(axis=1)[cell], atol=1e-12
    )
    both = absorb.Absorber([cell, cell // 2, year])
    assert both.rank == 12 + 4 - 1


def test_conjugate_gradient_agrees_with_the_direct_factor(monkeypatch):
    frame = random_panel(3)
    codes = [frame[e].to_numpy() for e in ("i", "ct", "rt")]
    direct = absorb.Absorber(codes).residualize(frame["y"].to_numpy())
    monkeypatch.setattr(absorb, "DENSE_MAX", 0)
    iterated = absorb.Absorber(codes).residualize(frame["y"].to_numpy())
    np.testing.assert_allclose(iterated, direct, atol=1e-9)


def test_rank_counts_connected_sets():
    # Two sets of cells and years that never meet: one redundancy in each.
    absorber = absorb.Absorber([np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 2, 3])])
    assert absorber.rank == 3 + 4 - 2


def test_singletons_are_dropped_until_none_is_left():
    # Cell 2 is alone; once it is gone, year 2 is alone too.
    cells, years = np.array([0, 0, 1, 1, 2, 0]), np.array([0, 1, 0, 1, 2, 2])
    assert absorb.without_singletons([cells, years]).tolist() == [True] * 4 + [False] * 2


def test_a_missing_label_is_refused_and_joins_no_other():
    with pytest.raises(FpiError, match="étiquette manquante"):
        absorb.interaction(np.arange(3), np.array(["a", "b", None], dtype=object))


def test_effects_nested_in_the_cluster_do_not_count():
    cells, years = np.repeat([0, 1, 2, 3], 3), np.tile([0, 1, 2], 4)
    absorber = absorb.Absorber([cells, years])
    counted = absorb.counted_rank(absorber, [cells, years], cells // 2)
    assert (absorber.rank, counted) == (6, 3)


def test_a_regressor_that_effects_explain_is_reported_and_asking_for_it_is_an_error():
    frame = random_panel(1)
    frame["x"] = frame["t"] * 2.0
    fit = ours(frame, ("i", "t"))
    assert fit.collinear == ("x",)
    assert dict(fit.dropped)["variable colinéaire"] == 1
    with pytest.raises(FpiError, match="ne varie plus"):
        fit.position("x")


def test_order_of_rows_changes_nothing():
    frame = random_panel(2)
    mixed = frame.sample(frac=1, random_state=0)
    a, b = ours(frame, ("i", "ct", "rt")), ours(mixed, ("i", "ct", "rt"))
    np.testing.assert_allclose(a.coefficients, b.coefficients, atol=1e-10)
    np.testing.assert_allclose(
        a.covariance(frame["g"].to_numpy()[a.keep]), b.covariance(mixed["g"].to_numpy()[b.keep]),
        rtol=1e-8,
    )  # fmt: skip


def test_two_effects_take_the_cheaper_way_and_change_it_when_it_turns_dear():
    """Well linked levels need few steps; a chain of levels needs as many as it has levels."""
    rng = np.random.default_rng(4)
    links = np.arange(600)
    chain = np.r_[links, links], np.r_[links, np.minimum(links + 1, 599)]
    mixed = rng.integers(0, 5_000, 60_000), rng.integers(0, 3_000, 60_000)
    for codes, factored in ((chain, True), (mixed, False)):
        values = rng.normal(size=(len(codes[0]), 40))
        found = absorb.Absorber(codes)
        first, second = (np.unique(c, return_inverse=True)[1] for c in codes)
        rows = np.arange(len(values))
        dummies = sp.csr_array(
            (np.ones(2 * len(rows)), (np.r_[rows, rows], np.r_[first, second + first.max() + 1]))
        )
        residual = found.residualize(values)
        assert np.abs(dummies.T @ residual).max() < 1e-9
        assert (found.factor is not None) == factored
        assert found.rank == first.max() + second.max() + 1  # linked: one level too many


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (np.repeat(np.arange(9_000), 6), Runs),
        (np.repeat(np.arange(700), np.arange(700) % 90 + 5), Runs),
        (np.repeat(np.arange(900) % 40, 70), Runs),
        (np.tile(np.arange(9), 5_000), Turns),
        (np.r_[np.tile(np.arange(9), 5_000), 0, 1], Anyhow),
        (np.random.default_rng(0).permutation(np.arange(70_000) // 2), Anyhow),
        (np.zeros(70_000, dtype=int), Turns),
        (np.array([0]), Turns),
    ],
)
def test_levels_add_up_and_take_from_rows_whatever_the_order_of_rows(codes, kind):
    rng, size = np.random.default_rng(1), codes.max() + 1
    column, weights = rng.normal(size=(2, len(codes))), rng.uniform(size=len(codes))
    way = carried(codes.astype(CODE), size)
    assert type(way) is kind
    expected = np.bincount(codes, column[0] * column[1] * weights, size)
    np.testing.assert_allclose(way.add(*column, weights), expected, atol=1e-9)
    given = rng.normal(size=size)
    left = column[0] - given[codes]
    way.take(column[0], given)
    np.testing.assert_allclose(column[0], left, atol=1e-12)
