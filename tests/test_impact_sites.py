"""Additional employed by establishment: exact without noise, hidden rows dropped, few told."""

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel

from fpi_eval import twin
from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs import employed_by_site as module
from fpi_eval.impact.jobs.employed_by_site import NET, SITE, employed_by_site
from fpi_eval.impact.jobs.graduates import seat_exits

NAME = "en_emploi_6_mois"


def made(seed: int, own: float = 0.4, away: float = -0.1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a cell panel and establishments whose employed follow seats exactly."""
    panel = invented_panel(seed, opened=20)
    panel[NAME] = 0.0
    every = panel[["uai", "rentree"]].drop_duplicates().assign(**{NAME: 0.0})
    rows = module._by_site(panel, every, NAME)
    rng = np.random.default_rng(seed)
    site = rows["uai"].map(dict(zip(rows["uai"].unique(), rng.uniform(1, 2, 99), strict=False)))
    when = rows.groupby(["code_region", "time"]).ngroup()
    shock = rng.normal(0, 0.2, when.max() + 1)[when]
    y = rows["size"] * (site + shock) + own * rows["dose"] + away * rows["exposure_dep"]
    return panel, rows[["uai", "time"]].assign(**{NAME: y}).rename(columns={"time": "rentree"})


def test_without_noise_seats_and_neighbours_effects_come_back():
    panel, sites = made(1)
    found = employed_by_site(panel, sites)
    frame = module._by_site(panel, sites, NAME)
    seats = seat_exits(frame)
    near = frame["exposure_dep"].sum() / frame["dose"].sum() * seats
    labels = [SITE.replace(" par place", " en tout"), NET.replace(" par place", " en tout")]
    assert [e.label for e in found] == labels
    assert found[0].estimate == pytest.approx(0.4 * seats, rel=1e-8)
    assert found[1].estimate == pytest.approx(0.4 * seats - 0.1 * near, rel=1e-8)


def test_a_millesime_counts_the_seats_of_both_cohorts():
    panel, sites = made(2)
    frame = module._by_site(panel, sites, NAME)
    one = panel[panel["uai"] == frame.loc[frame["dose"] > 0, "uai"].iloc[0]]
    year = int(frame["time"].max())
    lagged = [
        one[one["rentree"] == year - back - (d - 1)].loc[one["duree"] == d, "seats"].sum()
        for back in (0, 1) for d in one["duree"].unique()
    ]  # fmt: skip
    at = frame[(frame["uai"] == one["uai"].iloc[0]) & (frame["time"] == year)]
    assert at["dose"].item() == pytest.approx(sum(lagged))


def test_a_new_course_brings_its_first_cohort_to_its_establishment():
    panel, sites = made(1)
    own = panel["cell"] == panel.loc[(panel["seats"] > 0) & (panel["duree"] == 1), "cell"].iloc[0]
    new = panel.assign(nouvelle=own)[~own | (panel["seats"] > 0)]
    old, found = (module._by_site(table, sites, NAME) for table in (panel, new))
    pd.testing.assert_series_equal(found["dose"], old["dose"])
    assert seat_exits(found) == seat_exits(old)


def test_hidden_establishments_are_left_out_and_counted():
    panel, sites = made(3)
    hidden = sites.assign(**{NAME: sites[NAME].mask(sites.index % 7 == 0)})
    frame = module._by_site(panel, hidden, NAME)
    assert len(frame) == hidden[NAME].notna().sum()
    assert employed_by_site(panel, hidden)[0].estimate == pytest.approx(
        0.4 * seat_exits(frame), rel=1e-8
    )


def test_few_opened_establishments_are_told():
    panel, sites = made(4)
    some = panel.loc[panel["seats"] > 0, "uai"].unique()[:3]
    with pytest.raises(FpiError, match="il en faut 5"):
        employed_by_site(panel, sites[~sites["uai"].isin(set(panel["uai"]) - set(some))])
    for table, horizon, why in (
        (sites, 9, "choisissez parmi"),
        (sites, 12, "colonne absente"),
        (pd.concat([sites, sites.iloc[:1]]), 6, "deux lignes ou plus"),  # it would count twice
    ):
        with pytest.raises(FpiError, match=why):
            employed_by_site(panel, table, horizon)


def test_intervals_hold_what_establishments_gained_on_a_simulated_programme():
    drawn = twin.draw(twin.SMALL, 3)
    panel = drawn.panel[drawn.panel["voie"] == "scolaire"]
    pooled = panel.assign(**{NAME: panel[NAME] + panel.groupby("cell")[NAME].shift()})
    sites = pooled.dropna(subset=[NAME]).groupby(["uai", "rentree"], as_index=False)[NAME].sum()
    found = employed_by_site(panel, sites)
    truth = drawn.truth.cells
    truth = truth[(truth["outcome"] == NAME) & truth["cell"].isin(panel["cell"])]
    whole = (truth["own"] + truth["displaced"]).sum()
    assert found[1].ci_low < whole < found[1].ci_high
    assert abs(found[1].estimate - whole) < whole
