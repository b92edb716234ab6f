"""The chain: dates, links that telescope, a bootstrap that is one, fair shares of a gap."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from dense import columns_of_j
from invented_chain import LOST, PER_SEAT, invented_chain

from fpi_eval.calendar import first_seen, observable_on
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import effects
from fpi_eval.impact.j import fit_j
from fpi_eval.impact.jobs.chain import _link, chain, ends, links
from fpi_eval.impact.jobs.cohorts import CohortFit, _resamples, cohort_frame, fit_cohorts
from fpi_eval.impact.shapley import attribute
from fpi_eval.regression import linear

EXACT = 1e-8
NAMES = tuple(link.outcome for link in links())


@pytest.mark.parametrize(
    ("outcome", "duree", "expected"),
    [
        ("entrants", 3, date(2027, 1, 1)),
        ("terminale", 3, date(2029, 1, 1)),
        ("diplomes", 3, date(2030, 3, 1)),
        ("sortants", 3, date(2030, 12, 1)),
        ("en_emploi_6_mois", 3, date(2030, 12, 1)),
        ("en_emploi_24_mois", 3, date(2032, 6, 1)),
        ("en_emploi_6_mois", 1, date(2028, 12, 1)),
        ("en_emploi_12_mois", 2, date(2030, 6, 1)),
    ],
)
def test_an_opening_of_2026_is_read_when_its_own_students_are_published(outcome, duree, expected):
    assert observable_on(outcome, 2026, duree) == expected


def test_the_first_date_of_any_opening_wins():
    panel = pd.DataFrame({"cell": [0, 0, 1], "rentree": [2024, 2025, 2026], "seats": [0.0, 6, 6],
                          "duree": [2, 2, 1]})  # fmt: skip
    assert first_seen(panel, "entrants") == date(2026, 1, 1)
    assert first_seen(panel, "diplomes") == date(2028, 3, 1)
    with pytest.raises(FpiError, match="publication"):
        observable_on("salaire", 2024, 2)
    with pytest.raises(FpiError, match="calendrier"):
        first_seen(panel.assign(seats=0.0), "diplomes")


def test_without_noise_every_link_is_the_truth_and_the_product_telescopes_exactly():
    found = chain(invented_chain(1), draws=19)
    rows = found.table.set_index("outcome")
    for name in NAMES:
        assert rows.loc[name, "per_100"] == pytest.approx(100 * PER_SEAT[name], abs=100 * EXACT)
    assert rows.loc["terminale", "link"] == pytest.approx(0.6 / 0.8, abs=EXACT)
    assert rows.loc["en_emploi_6_mois", "link"] == pytest.approx(0.5, abs=EXACT)
    near = sum(cohort_frame(invented_chain(1), NAMES).reach)
    expected = 100 * PER_SEAT["diplomes"] * (1 + LOST * near)
    assert rows.loc["diplomes", "net_per_100"] == pytest.approx(expected, abs=1e-6)
    # Nothing varies between resamples of a panel without noise.
    np.testing.assert_allclose(found.fit.gross_draws, np.tile(found.fit.gross, (19, 1)), atol=1e-7)


def test_the_product_telescopes_with_noise_whatever_the_horizon():
    for horizon in (6, 24):
        found = chain(invented_chain(2, noise=2.0), horizon=horizon, draws=19)
        rows = found.table.set_index("outcome")["link"]
        jobs = rows["entrants"] * rows["terminale"] * rows["sortants"] * rows.iloc[-1]
        assert jobs == pytest.approx(found.table["per_100"].iloc[-1] / 100, rel=1e-12)


def test_each_effect_is_the_regression_j_of_its_own_outcome():
    panel = invented_chain(3, noise=2.0)
    frame = cohort_frame(panel, NAMES)
    fit = fit_cohorts(frame, NAMES, draws=9)
    used = frame.dropna(subset=list(NAMES))
    for j, name in enumerate(NAMES):
        one = fit_j(used.assign(y=used[name]))
        assert fit.gross[j] == pytest.approx(one.coefficients[0], abs=EXACT)


def test_resamples_keep_the_size_of_each_stratum():
    treated = np.array([True, False, True, False, False])
    times = _resamples(treated, 50, seed=1)
    np.testing.assert_array_equal(times[:, treated].sum(axis=1), 2)
    np.testing.assert_array_equal(times[:, ~treated].sum(axis=1), 3)


def test_fast_resamples_spread_like_full_refits():
    """Effects are not taken out again in each resample: the spread stays within a fifth."""
    panel = invented_chain(4, noise=3.0)
    frame = cohort_frame(panel, NAMES)
    frame = frame[frame[list(NAMES)].notna().all(axis=1)]
    fast = fit_cohorts(frame, NAMES, draws=400).gross_draws[:, 2]
    x, z, names = columns_of_j(frame)
    n = frame["size"].to_numpy()
    z[:, 1:] /= n[:, None]
    labels, groups = np.unique(frame["uai"], return_inverse=True)
    opened = np.bincount(groups, frame["dose"] != 0) > 0
    full = [
        linear.fit(frame["diplomes"].to_numpy() / n, x / n[:, None], effects(frame),
                   names=names, instruments=z, weights=n * times[groups]).coefficients[0]
        for times in _resamples(opened, 60, seed=6)
    ]  # fmt: skip
    assert len(labels) == len(opened)
    assert fast.std() == pytest.approx(np.std(full), rel=0.2 + 2 / np.sqrt(2 * 60))


def test_outcomes_not_seen_yet_are_dated_and_never_filled():
    panel = invented_chain(5, start=2022)
    panel.loc[panel["rentree"] >= 2022, "en_emploi_6_mois"] = np.nan
    panel = panel.drop(columns="sortants")
    found = chain(panel, draws=19)
    assert found.table["outcome"].tolist() == ["entrants", "terminale", "diplomes"]
    assert found.pending["outcome"].tolist() == ["sortants", "en_emploi_6_mois"]
    first = min(observable_on("en_emploi_6_mois", int(w), int(d)) for w, d in panel[
        panel["seats"] > 0].groupby("cell").agg(w=("rentree", "min"), d=("duree", "first"))
        .to_numpy())  # fmt: skip
    assert found.pending["date"].iloc[1] == first
    assert "pas observé, ou trop peu ; premier chiffre selon le calendrier" in found.summary()
    shown = found.to_frame().set_index("outcome")
    assert shown.loc["en_emploi_6_mois", ["link", "estimate"]].isna().all()


def test_a_weak_first_link_gives_later_links_fieller_intervals():
    panel = invented_chain(7, noise=60.0)
    found = chain(panel, draws=199)
    spread = found.fit.gross_draws[:, 0].std() / abs(found.fit.gross[0])
    assert spread > 0.25
    assert found.table.loc[1, "rule"] == "Fieller"


def test_a_fieller_link_of_few_groups_is_widened_as_percentiles_are():
    """Half of an ill known parent, plus a noise e of its own: (r − ½)² (1 − q² v) = q² var(e)."""
    rng = np.random.default_rng(0)
    parent, own = rng.normal(1, 0.3, 200_000), rng.normal(0, 0.1, 200_000)
    draws = np.column_stack([parent, 0.5 * parent + own])
    low, high = {}, {}
    for groups in (12, 1_000):
        fit = CohortFit((), np.array([1.0, 0.5]), None, draws, None, 1_000, groups)
        value, low[groups], high[groups], rule = _link(fit, 1, 0)
        assert (value, rule) == (0.5, "Fieller")
    for groups, q in ((12, 2.201 * np.sqrt(12 / 11)), (1_000, 1.962)):
        half = q * 0.1 / np.sqrt(1 - q**2 * 0.3**2)
        assert [low[groups], high[groups]] == pytest.approx([0.5 - half, 0.5 + half], abs=0.01)


def test_an_unknown_horizon_and_a_panel_without_seats_are_refused():
    with pytest.raises(FpiError, match="9 mois"):
        links(9)
    with pytest.raises(FpiError):
        chain(invented_chain(1).assign(seats=0.0))


def test_shapley_shares_a_product_fairly():
    # Target 100 × 0.8 = 80, achieved 50 × 0.6 = 30. Orders: seats first 40 then 10; fill first
    # 20 then 30: seats (40 + 30) / 2 = 35, fill (10 + 20) / 2 = 15.
    found = attribute({"places": 100, "remplissage": 0.8}, {"places": 50, "remplissage": 0.6})
    assert found["manque"].tolist() == pytest.approx([35, 15])
    assert found["manque"].sum() == pytest.approx(80 - 30)


def test_shapley_gives_nothing_to_a_factor_on_target_and_adds_up_with_five():
    planned = dict(zip("abcde", (1000, 0.9, 0.9, 0.8, 0.9), strict=True))
    achieved = dict(zip("abcde", (900, 0.7, 0.9, 0.75, 0.7), strict=True))
    found = attribute(planned, achieved).set_index("facteur")["manque"]
    assert found["c"] == pytest.approx(0)
    gap = np.prod(list(planned.values())) - np.prod(list(achieved.values()))
    assert found.sum() == pytest.approx(gap)
    with pytest.raises(FpiError, match="facteurs"):
        attribute({"a": 1}, {"b": 1})


def test_few_treated_groups_push_the_percentiles_outwards():
    drawn = np.random.default_rng(0).normal(size=200_000)
    many, few = (CohortFit((), None, None, None, None, 100, g) for g in (1_000, 12))
    assert ends(many, drawn) == pytest.approx([-1.96, 1.96], abs=0.03)
    wanted = 2.201 * np.sqrt(12 / 11)  # t at 11 degrees of freedom
    assert ends(few, drawn) == pytest.approx([-wanted, wanted], abs=0.04)
    against = CohortFit((), None, None, None, None, 100, 1_000, 12)
    assert ends(against, drawn).tolist() == ends(few, drawn).tolist()


def test_a_chain_counts_the_establishments_that_openings_are_compared_with():
    panel = invented_chain(3, noise=1.0, etabs=20, opened=24)
    opened = panel.loc[panel["seats"] != 0, "uai"].unique()
    calm = panel.loc[~panel["uai"].isin(opened), "uai"].unique()[::20][:3]
    cells = panel.loc[panel["seats"] != 0, "cell"].unique()
    few = panel[panel["cell"].isin(cells) | panel["uai"].isin(calm)]
    fit = chain(few).fit
    frame = cohort_frame(few, fit.outcomes).dropna(subset=list(fit.outcomes))
    there = frame["dose"].ne(0).groupby([frame["course"], frame["time"]]).transform("any")
    assert fit.n_compared == frame.loc[there & (frame["dose"] == 0), "uai"].nunique()
    assert fit.groups == fit.n_compared < fit.n_treated_clusters
