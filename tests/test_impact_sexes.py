"""Women among extra BTS entrants: exact without noise, symmetric, additive, in the family."""

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel
from scipy import stats

from fpi_eval import twin
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import SEATS, sample
from fpi_eval.impact.groups import sexes as module
from fpi_eval.impact.groups.heterogeneity import ADMITTED, heterogeneity
from fpi_eval.impact.groups.sexes import MEN, WOMEN, sexes
from fpi_eval.impact.j import fit_j
from fpi_eval.regression.ratio import Interval

EXACT = 1e-10
FILLED = 0.8  # entrants per seat in the panels below


def admitted(panel: pd.DataFrame, before: float, extra: float) -> pd.DataFrame:
    """Return the panel with 20 admitted per cell, of which ``before`` women, and extra ones."""
    more = FILLED * panel["seats"]
    return panel.assign(
        **{WOMEN: 20 * before + extra * more, MEN: 20 * (1 - before) + (1 - extra) * more}
    )


@pytest.fixture(scope="module")
def noisy() -> pd.DataFrame:
    """Return 30 opened cells of uneven shares, with noise of their own for each sex."""
    panel = invented_panel(3, opened=30)
    rng = np.random.default_rng(5)
    share = rng.uniform(0.1, 0.5, panel["cell"].max() + 1)[panel["cell"]]
    total = panel["entrants"] + FILLED * panel["seats"]
    return panel.assign(
        **{WOMEN: share * total + rng.normal(0, 1, len(panel)),
           MEN: (1 - share) * total + rng.normal(0, 2, len(panel))}
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(noisy):
    return sexes(noisy)


def test_one_woman_in_four_extra_entrants_is_found_exactly_without_noise():
    told = sexes(admitted(invented_panel(3, opened=30), before=0.25, extra=0.25))
    assert told.women.estimate == pytest.approx(0.25 * FILLED, abs=EXACT)
    assert told.men.estimate == pytest.approx(0.75 * FILLED, abs=EXACT)
    assert told.share == pytest.approx(0.25, abs=EXACT)
    assert told.before == pytest.approx(0.25, abs=EXACT)
    assert told.gap.estimate == pytest.approx(0.0, abs=EXACT)


def test_fewer_women_than_before_is_a_gap_per_seat_of_the_difference_of_shares():
    told = sexes(admitted(invented_panel(3, opened=30), before=0.40, extra=0.25))
    assert told.before == pytest.approx(0.40, abs=EXACT)
    assert told.gap.estimate == pytest.approx((0.25 - 0.40) * FILLED, abs=EXACT)
    assert "25 sont des femmes (de 25 à 25), contre 40 avant" in told.sentence()
    assert "comptent moins de femmes" in told.sentence(0.01)


def test_effects_on_women_and_men_add_up_to_the_effect_on_both(noisy, found):
    frame = sample(noisy.assign(entrants_filles=noisy[WOMEN] + noisy[MEN]), WOMEN)
    fit = fit_j(frame)
    both = fit.coefficients[fit.position(SEATS)]
    assert found.women.estimate + found.men.estimate == pytest.approx(both, abs=EXACT)


def test_swapping_sexes_swaps_every_answer(noisy, found):
    other = sexes(noisy.rename(columns={WOMEN: MEN, MEN: WOMEN}))
    assert other.women.estimate == pytest.approx(found.men.estimate, abs=EXACT)
    assert other.share == pytest.approx(1 - found.share, abs=EXACT)
    assert other.before == pytest.approx(1 - found.before, abs=EXACT)
    assert other.gap.estimate == pytest.approx(-found.gap.estimate, abs=EXACT)
    assert other.gap.p_value == pytest.approx(found.gap.p_value, abs=EXACT)
    mirrored = (1 - found.bounds.high, 1 - found.bounds.low)
    assert (other.bounds.low, other.bounds.high) == pytest.approx(mirrored, abs=1e-8)


def test_the_bounds_are_the_shares_that_a_t_test_of_their_own_does_not_refuse(noisy, found):
    """At each end s, the regression of women minus s times all is just significant."""
    frame = sample(noisy, WOMEN)
    men = noisy.loc[frame.index, MEN]
    column = "code_departement" if found.freedom["code_departement"] >= 4 else "uai"
    for end in (found.bounds.low, found.bounds.high):
        fit = fit_j(frame.assign(y=(1 - end) * frame["y"] - end * men))
        at = fit.position(SEATS)
        psi = fit.jackknife(frame[column].to_numpy()[fit.keep])[:, at]
        t = abs(fit.coefficients[at]) / np.sqrt(psi @ psi)
        assert t == pytest.approx(stats.t.ppf(0.975, found.freedom[column]), rel=1e-6)


def test_the_share_before_counts_each_opened_cell_for_its_seats_before_its_own_opening():
    rows = [
        # cell, time, dose, women, men: cell 1 is 10 % women, 6 seat-years; cell 2 is 40 %, 2.
        (1, 2020, 0.0, 1.0, 9.0), (1, 2021, 3.0, 9.0, 1.0), (1, 2022, 3.0, 9.0, 1.0),
        (2, 2020, 0.0, 2.0, 8.0), (2, 2021, 0.0, 6.0, 4.0), (2, 2022, 2.0, 0.0, 9.0),
        (3, 2020, 0.0, 5.0, 5.0), (3, 2021, 0.0, 5.0, 5.0),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["cell", "time", "dose", "y", "men"])
    frame["uai"] = frame["code_departement"] = frame["cell"].astype(str)
    table = module._before(frame, frame["men"])
    assert table["women"].to_dict() == {1: 1.0, 2: 8.0}
    assert table["all"].to_dict() == {1: 10.0, 2: 20.0}
    assert table["weight"].to_dict() == {1: 6.0, 2: 2.0}


def test_the_influences_of_a_mean_of_equal_weights_give_its_usual_variance():
    values = pd.Series([0.1, 0.4, 0.3, 0.8])
    weight = pd.Series([0.25] * 4)
    psi = module._mean_influence(values - values.mean(), weight, pd.Series(list("abcd")))
    assert float(psi @ psi) == pytest.approx(values.var(ddof=1) / 4)


def test_the_test_of_sex_is_adjusted_with_the_other_dimensions(noisy, found):
    panel = noisy.assign(niveau=np.where(noisy["course"] < "c3", "secondaire", "superieur"))
    told = heterogeneity(panel, "diplomes", by=("niveau", "sexe"), draws=999)
    tests = told.tests.set_index("dimension")
    assert list(tests.index) == ["Niveau", ADMITTED]
    column = "code_departement" if told.level == "département" else "uai"
    psi, df = found.influence[column], found.freedom[column]
    t = found.gap.estimate / np.sqrt(psi @ psi)
    assert tests.loc[ADMITTED, "p_value"] == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-6)
    assert (tests["p_romano_wolf"] >= tests["p_value"]).all()
    assert tests["p_holm"].min() == pytest.approx(min(2 * tests["p_value"].min(), 1.0))
    rows = told.table[told.table["dimension"] == ADMITTED].set_index("group")["estimate"]
    assert rows.to_dict() == {"Femmes": found.women.estimate, "Hommes": found.men.estimate}
    assert not told.absent
    assert "part des femmes" in told.method()


def test_without_admissions_the_family_is_what_it_was(noisy):
    panel = noisy.assign(niveau=np.where(noisy["course"] < "c3", "secondaire", "superieur"))
    alone = heterogeneity(panel, "diplomes", by=("niveau",), draws=99)
    plain = heterogeneity(
        panel.drop(columns=[WOMEN, MEN]), "diplomes", by=("niveau", "sexe"), draws=99
    )
    pd.testing.assert_frame_equal(alone.tests, plain.tests)
    assert set(plain.absent) == {"sexe"}


def test_a_row_with_one_sex_known_counts_for_neither(noisy, found):
    half = noisy.copy()
    half.loc[half["rentree"] == 2016, MEN] = np.nan
    neither = half.copy()
    neither.loc[half["rentree"] == 2016, WOMEN] = np.nan
    one, other = sexes(half), sexes(neither)
    assert one.women.n_obs < found.women.n_obs
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())


def test_no_admission_after_an_opening_or_too_few_openings_is_said(noisy):
    early = noisy.assign(**{WOMEN: noisy[WOMEN].where(noisy["seats"] == 0)})
    with pytest.raises(FpiError, match="aucune place déjà ouverte"):
        sexes(early)
    told = heterogeneity(early, "diplomes", by=("sexe",), draws=99)
    assert told.absent["sexe"].startswith("Parcoursup")
    few = admitted(invented_panel(3, opened=3), 0.25, 0.25)
    with pytest.raises(FpiError, match="moins de 5 établissements ouverts"):
        sexes(few)


def test_an_effect_too_uncertain_to_be_divided_gives_no_share(found):
    unsure = module.replace(found, bounds=Interval(-np.inf, np.inf))
    assert "trop incertain" in unsure.sentence()
    fewer = {k: module.replace(getattr(found, k), estimate=-1.0) for k in ("women", "men")}
    assert "trop incertain" in module.replace(found, **fewer).sentence()  # nobody came
    row = unsure.to_frame().set_index("label").loc[module.SHARE]
    assert np.isnan(row["ci_low"])
    assert "nan" not in unsure.summary()


def test_bounds_are_cut_at_none_and_all(found):
    wide = module.replace(found, bounds=Interval(-0.2, 1.3))
    assert "(de 0 à 100)" in wide.sentence()


def test_the_twin_does_not_change_the_share_of_women():
    """Shares of women are those of cells, whatever the seats: the gap is null up to its error."""
    panel = twin.draw(twin.REALISTIC, 2).panel
    known = (panel["niveau"] == "superieur") & (panel["voie"] == "scolaire")
    share = 0.1 + 0.06 * (panel["cell"] % 7)
    women = np.floor(panel["entrants"] * share + 0.5).where(known)
    told = sexes(panel.assign(**{WOMEN: women, MEN: panel["entrants"] - women}))
    assert abs(told.gap.estimate) < 4 * told.gap.std_error
    assert told.bounds.low < told.before < told.bounds.high
