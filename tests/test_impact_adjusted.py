"""Effect at equal composition: an independent package, and a bias that composition explains."""

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel

from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS
from fpi_eval.impact.j import j
from fpi_eval.impact.jobs.adjusted import adjusted
from fpi_eval.impact.jobs.marginal import marginal
from fpi_eval.panel.cells import known_of

YEARS = range(2016, 2024)
EFFECT = 0.4
NEAR = 1e-6


def people(seed: int, *, n=160, noise=1.0, drift=2.0) -> pd.DataFrame:
    """Return cells of 20 students each where the share of women decides of openings and trend.

    Everyone is alone in their school and département, so that no neighbour is exposed.
    """
    rng = np.random.default_rng(seed)
    women = rng.uniform(0.1, 0.9, n)
    wave = np.where(rng.random(n) < women, rng.choice([2019, 2021], n), 9_999)
    cells = pd.DataFrame({"cell": np.arange(n), "women": women, "wave": wave})
    cells["uai"] = "u" + cells["cell"].astype(str)
    cells["code_departement"] = "d" + (cells["cell"] % 40).astype(str)
    cells["famille"] = "f" + cells["cell"].astype(str)
    cells = cells.assign(course="c", code_region="r", filiere="numerique", nouvelle=False)
    cells = cells.assign(niveau="secondaire", duree=1, autres_places=0.0, voie="scolaire")
    panel = cells.merge(pd.DataFrame({"rentree": list(YEARS)}), how="cross")
    panel["seats"] = np.where(panel["rentree"] >= panel["wave"], 10.0, 0.0)
    panel["entrants"] = 20.0
    panel["terminale"] = 1_000.0
    panel["terminale_femmes"] = 1_000 * panel["women"]
    year = panel["rentree"] - YEARS[0]
    panel["au_travail"] = (
        5
        + EFFECT * panel["seats"]
        + drift * panel["women"] * year
        + noise * rng.normal(size=len(year))
    )
    return panel


@pytest.mark.parametrize("seed", [1, 2])
def test_at_equal_composition_is_the_sum_of_an_independent_package_over_the_seats(seed):
    package = pytest.importorskip("moderndid")
    panel = people(seed)
    found = adjusted(panel, "au_travail", ["femmes"]).effects[3]
    table = panel.assign(g=panel["wave"].replace(9_999, 0).astype(float))
    theirs = package.att_gt(
        table, yname="au_travail", tname="rentree", idname="cell", gname="g",
        xformla="~ women", est_method="dr", control_group="nevertreated",
    )  # fmt: skip
    pairs = zip(theirs.groups, theirs.times, theirs.att_gt, strict=True)
    size = panel.drop_duplicates("cell")["wave"].value_counts()
    after = [(size[int(g)], value) for g, t, value in pairs if t >= g]
    people_added = sum(n * value for n, value in after)
    assert found.estimate == pytest.approx(people_added / sum(10 * n for n, _ in after), abs=NEAR)


def test_what_composition_explains_is_removed_and_said():
    found = adjusted(people(3, noise=0.0), "au_travail", ["femmes", "adultes"])
    first, same, plain, alike = found.effects
    assert same.estimate == pytest.approx(EFFECT, abs=NEAR)
    assert alike.estimate == pytest.approx(EFFECT, abs=NEAR)
    assert first.estimate > EFFECT + 0.02
    assert plain.estimate > EFFECT + 0.02
    row = found.balance.iloc[0]
    assert row.groupe == "femmes"
    assert row.ouvertes > row.autres
    assert row.difference > 0.5


def test_in_draws_the_interval_at_equal_composition_holds_the_effect():
    held = [
        one.ci_low <= EFFECT <= one.ci_high
        for one in (
            adjusted(people(s), "au_travail", ["femmes"]).effects[3] for s in range(100, 140)
        )
    ]
    assert np.mean(held) >= 0.86  # 95 % less 2.6 errors of 40 draws


def test_no_composition_before_the_openings_is_refused():
    with pytest.raises(FpiError, match="composition"):
        adjusted(people(4), "au_travail", ["adultes"])


@pytest.mark.parametrize("n_opened", [2, 4])
def test_with_few_openings_moved_ones_are_compared_at_equal_composition_too(n_opened):
    panel = people(4, noise=0.0)
    opened = panel.loc[panel["seats"] > 0, "cell"].unique()
    last = panel["cell"].isin(opened[n_opened:])
    panel["au_travail"] -= EFFECT * panel["seats"].where(last, 0.0)
    panel["seats"] = panel["seats"].mask(last, 0.0)
    gross, same = adjusted(panel, "au_travail", ["femmes"]).effects[:2]
    assert gross.ci_high - gross.ci_low > 0.3  # moved openings meet other shares of women
    assert (same.ci_low, same.ci_high) == pytest.approx((EFFECT, EFFECT), abs=NEAR)


def test_people_of_unknown_group_are_in_no_share():
    """Half of each cell is known, and a year whose students are not: shares are as without both."""
    panel = people(3, noise=0.0)
    whole = adjusted(panel, "au_travail", ["femmes"])
    half = panel.assign(
        terminale=panel["terminale"].where(panel["rentree"] != YEARS[0]),
        terminale_femmes=0.5 * panel["terminale_femmes"],
        terminale_femmes_connus=0.5 * panel["terminale"],
    )
    found = adjusted(half, "au_travail", ["femmes"])
    pd.testing.assert_frame_equal(found.balance, whole.balance)
    known = found.effects.to_frame()["estimate"]
    assert known.tolist() == pytest.approx(whole.effects.to_frame()["estimate"].tolist(), abs=NEAR)


def test_the_share_among_those_added_is_of_people_whose_group_is_known():
    """Three women in ten, before and among those added: of whom half are known, some years none."""
    panel = invented_panel(5, noise=0.1)
    panel["cohort"] = panel["rentree"].where(panel["seats"] > 0).groupby(panel["cell"]).transform(
        "min"
    )  # fmt: skip
    women = 0.15 * panel["diplomes"]
    panel = panel.assign(
        diplomes_femmes=women.mask(panel["rentree"] == 2017),
        diplomes_femmes_connus=0.5 * panel["diplomes"],
    )
    (row,) = marginal(panel, ["femmes"]).to_frame().itertuples()
    assert (row.avant, row.marginaux) == pytest.approx((0.3, 0.3), abs=NEAR)
    # As files are counted where a millésime lacks the column: zero women, of zero people known.
    names = ["diplomes_femmes", "diplomes_femmes_connus"]
    silent = panel.assign(**{n: panel[n].where(panel["rentree"] > 2018, 0.0) for n in names})
    few = silent["diplomes"].where(silent["cell"] % 9 > 0, 0.0)  # a zero tells no more than others
    assert (
        known_of(silent.assign(diplomes=few), "diplomes", "femmes")[silent["rentree"] <= 2018]
        .isna()
        .all()
    )
    (row,) = marginal(silent, ["femmes"]).to_frame().itertuples()
    assert (row.avant, row.marginaux) == pytest.approx((0.3, 0.3), abs=NEAR)


def test_a_group_that_is_badly_known_leaves_the_others_their_row():
    panel = invented_panel(5, noise=0.1)
    first = panel["rentree"].where(panel["seats"] > 0).groupby(panel["cell"]).transform("min")
    late = panel["rentree"] > 2024
    panel = panel.assign(
        cohort=first,
        diplomes_femmes=0.3 * panel["diplomes"],
        diplomes_adultes=(0.3 * panel["diplomes"]).where(late, 0.0),
        diplomes_adultes_connus=panel["diplomes"].where(late, 0.0),
        diplomes_residents=0.0,
        diplomes_residents_connus=(panel["diplomes"] - panel["seats"]).clip(lower=0.0),
    )
    assert marginal(panel, ["adultes", "femmes", "residents"]).table["groupe"].tolist() == [
        "femmes"
    ]
    with pytest.raises(FpiError, match="pas de diplômé de plus"):
        marginal(panel, ["adultes", "residents"])
    nobody = invented_panel(5, noise=0.1, per_seat=0.0)  # chance alone puts the effect above zero
    nobody = nobody.assign(cohort=first, diplomes_femmes=0.3 * nobody["diplomes"])
    assert j(nobody, "diplomes")[GROSS].estimate > 0
    with pytest.raises(FpiError, match="distingue de zéro"):
        marginal(nobody, ["femmes"])
