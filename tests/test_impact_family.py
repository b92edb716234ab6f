"""Several outcomes on one bootstrap: what stands, what is told, how often it cries wolf."""

import numpy as np
import pandas as pd
import pytest

from fpi_eval import twin
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS, NET, WEIGHTS
from fpi_eval.impact.j import j
from fpi_eval.impact.outcomes import OUTCOMES, Family, study_family

ADJUSTED = ["p_romano_wolf", "p_holm"]


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    return twin.draw(twin.SMALL, 1).panel


@pytest.fixture(scope="module")
def found(small) -> Family:
    return study_family(small, draws=999)


def test_estimates_of_the_family_are_those_of_j_one_by_one(small, found):
    assert list(found.table["outcome"]) == list(OUTCOMES)
    for row in found.table.itertuples():
        alone = j(small, row.outcome)[GROSS]
        assert (row.estimate, row.ci_low, row.ci_high, row.p_value) == (
            alone.estimate, alone.ci_low, alone.ci_high, alone.p_value
        )  # fmt: skip


def test_the_net_effect_is_the_sum_of_three_coefficients(small):
    net = study_family(small, ("entrants",), effect=NET, draws=99).table.iloc[0]
    assert net["estimate"] == pytest.approx(j(small, "entrants")[NET].estimate)
    assert net["effect"] == NET


@pytest.mark.parametrize("effect", list(WEIGHTS))
def test_adjusted_p_values_are_never_below_the_outcomes_own(small, effect):
    table = study_family(small, effect=effect, draws=199).table
    for name in ADJUSTED:
        assert (table[name] >= table["p_value"]).all()
        assert table[name].le(1).all()


def test_the_outcome_announced_as_primary_is_shown_and_not_adjusted(small, found):
    told = study_family(small, principal="diplomes", draws=999)
    rows = told.table.set_index("outcome")
    assert rows.loc["diplomes", ADJUSTED].isna().all()
    assert rows.drop(index="diplomes")[ADJUSTED].notna().all(axis=None)
    assert "résultat principal, sans ajustement" in told.summary()
    smaller = rows["p_holm"].dropna()
    everything = found.table.set_index("outcome")["p_holm"]
    assert (smaller <= everything[smaller.index] + 1e-12).all()


def test_an_outcome_that_is_absent_or_cannot_be_moved_yet_is_told(small):
    early = small[small["rentree"] <= 2024]
    told = study_family(early.assign(sortants=np.nan), ("entrants", "sortants", "salaires"))
    assert list(told.table["outcome"]) == ["entrants"]
    assert set(told.absent) == {"sortants", "salaires"}
    assert "Sortants d'études : absent des données." in told.summary()


def test_a_family_of_nothing_is_refused(small):
    with pytest.raises(FpiError, match="aucun résultat de la famille"):
        study_family(small, ("salaires",))
    with pytest.raises(FpiError, match="effet « total » inconnu"):
        study_family(small, effect="total")


def test_the_same_seed_gives_the_same_p_values_and_rows_order_does_not_matter(small):
    one = study_family(small, ("entrants", "diplomes"), draws=199, seed=3).table
    two = study_family(small, ("entrants", "diplomes"), draws=199, seed=3).table
    pd.testing.assert_frame_equal(one, two)
    three = study_family(small, ("diplomes", "entrants"), draws=199, seed=3).table
    key = ["outcome", "p_romano_wolf"]
    assert dict(three[key].to_numpy()) == pytest.approx(dict(one[key].to_numpy()))


def test_real_effects_stand(found):
    assert len(found.standing) == len(OUTCOMES)
    assert "6 après correction : entrants, élèves en dernière année" in found.sentence()
    never = Family(found.table.assign(p_romano_wolf=0.0001), found.draws).summary()
    assert "p ajustée moins de 0,001" in never
    assert "0,000" not in never


def test_sentences_say_what_stands():
    def told(p: list[float], adjusted: list[float]) -> str:
        table = pd.DataFrame({"label": ["Entrants", "Diplômés"], "p_value": p,
                              "p_romano_wolf": adjusted})  # fmt: skip
        return Family(table, "").sentence()

    assert told([0.2, 0.4], [0.3, 0.4]).endswith("aucun ne se distingue de zéro, même pris seul.")
    assert told([0.03, 0.4], [0.06, 0.4]).endswith("aucun ne résiste à la correction.")
    assert told([0.01, 0.4], [0.02, 0.4]).endswith("1 après correction : entrants.")
    assert told([0.01, 0.4], [np.nan, np.nan]) == "Un seul résultat : il n'y a rien à ajuster."
