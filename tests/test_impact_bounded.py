"""Additional employed under hidden counts: ends that hold, that shrink, that meet when known."""

import itertools

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel
from scipy import stats

from fpi_eval import twin
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS, NET, sample
from fpi_eval.impact.j import fit_j, j, report
from fpi_eval.impact.jobs import bounded
from fpi_eval.impact.jobs.bounded import ALL, bounded_employment
from fpi_eval.impact.jobs.graduates import scaled, seat_exits, two_cohorts
from fpi_eval.regression.partial import imbens_manski

NAME = "en_emploi_6_mois"
# No course that they expose is compared: nothing tells what those lose.
UNTOLD = {("Supérieur", "Net"), ("numerique", "Net")}


def pooled(panel: pd.DataFrame, hide: int = 0) -> pd.DataFrame:
    """Return the panel with counts of two cohorts, those under ``hide`` pupils between two ends."""
    by_cell = panel.groupby("cell")
    n = panel["terminale"] + by_cell["terminale"].shift()
    known = panel[NAME] + by_cell[NAME].shift()
    masked = n < hide
    return panel.assign(
        terminale_2=n, **{NAME: known, f"{NAME}_bas": known.mask(masked, 0.0),
                          f"{NAME}_haut": known.mask(masked, n)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def drawn() -> twin.Twin:
    return twin.draw(twin.SMALL, 2)


@pytest.fixture(scope="module")
def known(drawn):
    return bounded_employment(pooled(drawn.panel))


def test_without_hidden_counts_both_ends_are_the_effect_of_j_on_two_cohorts(drawn, monkeypatch):
    monkeypatch.setattr(bounded, "COMPARABLE", 0)  # J keeps small courses too
    known = bounded_employment(pooled(drawn.panel))
    frame = two_cohorts(sample(pooled(drawn.panel), "en_emploi_6_mois"))
    wanted = [scaled(e, seat_exits(frame)) for e in report(frame, fit_j(frame))]
    for effect, label in (("Brut", GROSS), ("Net", NET)):
        row = known.table[(known.table["group"] == ALL) & (known.table["effect"] == effect)].iloc[0]
        j = next(e for e in wanted if e.label == label.replace(" par place", " en tout"))
        assert row["low"] == pytest.approx(j.estimate, rel=1e-10)
        assert row["high"] == pytest.approx(j.estimate, rel=1e-10)
        assert row["hidden_share"] == 0.0


def test_hidden_counts_open_a_range_that_holds_the_effect_they_hide(drawn, known):
    hidden = bounded_employment(pooled(drawn.panel, hide=20))
    for got, true in zip(hidden.table.itertuples(), known.table.itertuples(), strict=True):
        assert (got.group, got.effect) == (true.group, true.effect)
        if (got.group, got.effect) in UNTOLD:
            assert np.isnan([got.low, got.high, got.ci_low, got.ci_high, true.low]).all()
            continue
        assert got.low < true.low < got.high
        assert got.ci_low < got.low < got.high < got.ci_high
    assert 0 < hidden.table["hidden_share"].iloc[0] < 1


def test_fewer_hidden_counts_make_a_narrower_range(drawn):
    widths = [
        (lambda t: t["high"] - t["low"])(bounded_employment(pooled(drawn.panel, hide=h)).table)
        for h in (10, 20)
    ]
    assert (widths[0].dropna() < widths[1].dropna()).all()
    assert widths[0].isna().sum() == len(UNTOLD)


def test_the_ends_are_reached_by_filling_hidden_counts_as_their_weights_ask(drawn):
    # Any filling in between, here the true one and a random one, stays inside.
    panel = pooled(drawn.panel, hide=20)
    found = bounded_employment(panel).table.iloc[0]
    rng = np.random.default_rng(0)
    share = rng.uniform(size=len(panel))
    low, high = panel[f"{NAME}_bas"], panel[f"{NAME}_haut"]
    filled = (low + share * (high - low)).rename(NAME)
    one = bounded_employment(
        panel.assign(**{f"{NAME}_bas": filled, f"{NAME}_haut": filled})
    ).table.iloc[0]
    assert found["low"] < one["low"] < found["high"]


def test_each_end_has_the_freedom_of_its_own_clusters(drawn, monkeypatch):
    ends = itertools.cycle([(0.1, 0.05, 3), (0.2, 0.05, 30)])
    monkeypatch.setattr(bounded, "_fitted", lambda *_: next(ends))
    row = bounded_employment(pooled(drawn.panel)).table.iloc[0]
    normal = imbens_manski(0.1, 0.2, 0.05, 0.05)
    far = stats.t.ppf(0.975, [3, 30]) / stats.norm.ppf(0.975)
    assert row["ci_low"] == pytest.approx(row["seats"] * (0.1 - far[0] * (0.1 - normal.ci_low)))
    assert row["ci_high"] == pytest.approx(row["seats"] * (0.2 + far[1] * (normal.ci_high - 0.2)))


def test_more_seats_closed_than_opened_leave_the_ends_in_order():
    one = j(invented_panel(1, noise=0.1), "diplomes")[GROSS]
    total = scaled(one, -10.0)
    assert (total.estimate, total.std_error) == (-10 * one.estimate, 10 * one.std_error)
    assert (total.ci_low, total.ci_high) == (-10 * one.ci_high, -10 * one.ci_low)


def test_the_comparison_is_chosen_on_years_before_any_opening(drawn):
    frame = pd.DataFrame(
        {"cell": [1, 1, 2, 2, 3, 3], "time": [2020, 2024] * 3, "dose": [0, 0, 0, 0, 0, 6.0],
         "eleves": [50, 10, 30, 90, 12, 12.0]}
    )  # fmt: skip
    kept = bounded._comparable(frame)
    assert set(kept["cell"]) == {1, 3}  # 1 was large before, 2 only after, 3 opened seats


def test_by_level_and_filiere_when_there_is_more_than_one(known):
    assert {"Secondaire", "Supérieur"} <= set(known.table["group"])
    assert "personnes en emploi à 6 mois" in known.summary()


def test_seats_without_published_leavers_are_told():
    panel = invented_panel(1, start=2031)
    panel = panel.assign(terminale=30.0, **{NAME: 10.0})
    with pytest.raises(FpiError, match="place ouverte"):
        bounded_employment(pooled(panel))


def test_an_unknown_horizon_or_a_missing_column_is_told(drawn):
    with pytest.raises(FpiError, match="choisissez parmi"):
        bounded_employment(drawn.panel, 9)
    with pytest.raises(FpiError, match="colonne absente"):
        bounded_employment(drawn.panel, 6)


def test_with_one_site_that_can_be_compared_there_is_no_interval_and_the_reason_is_told(drawn):
    panel = pooled(drawn.panel)
    first = panel[panel["seats"] > 0].drop_duplicates("uai").sort_values("rentree", kind="stable")
    seen, alone = first["cell"].iloc[:2]
    others = set(panel.loc[panel["seats"] != 0, "uai"]) - set(first["uai"].iloc[:2])
    mine = panel["uai"].isin(first["uai"].iloc[:2]) & ~panel["cell"].isin([seen, alone])
    few = panel[~panel["uai"].isin(others) & ~mine]
    few = few.assign(course=few["course"].mask(few["cell"] == alone, "la seule de son espèce"))
    with pytest.raises(FpiError, match="de quoi être comparés"):
        bounded_employment(few)
