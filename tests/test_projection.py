from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel
from scipy import stats

from fpi_eval import twin
from fpi_eval.absent import Absent, attempt
from fpi_eval.checks import drift
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import DISPLACEMENT, GROSS
from fpi_eval.impact.j import j
from fpi_eval.panel import align
from fpi_eval.programme import load_programme
from fpi_eval.projection import (
    Profil,
    Taux,
    crps,
    diversion_draws,
    from_counts,
    from_profile,
    hypotheses,
    openings,
    pit,
    projeter,
    retroprojection,
    score,
    seen,
    simulate,
)
from fpi_eval.projection.filling import fill_draws, ramp_draws
from fpi_eval.projection.flow import _whole
from fpi_eval.projection.loss import Loss, of_cells, of_exams
from fpi_eval.projection.projection import Projection, chances
from fpi_eval.projection.rates import SD_ANNEE
from fpi_eval.sources.register.openings import REGISTRE

FPI = load_programme("fpi_aura")
outlook = import_module("fpi_eval.projection.outlook")
NO_OPENING = pd.DataFrame(columns=[column.name for column in REGISTRE.columns])


def sure(fill: float = 1.0, stay: float = 1.0, good: float = 1.0) -> dict:
    """Return rates known for certain, the same for all courses and years."""
    values = {"remplissage": fill, "retention": stay, "reussite": good}
    return {
        (lien, niveau): Taux(lien, niveau, value, 1e12, "test", "", rho=0.0, sd_annee=0.0)
        for lien, value in values.items()
        for niveau in ("secondaire", "superieur")
    }


def opening(places: float, rentree: int = 2024, duree: int = 2, niveau: str = "superieur"):
    columns = ["course", "filiere", "niveau", "duree", "rentree", "places"]
    row = ("32025010", "numerique", niveau, duree, rentree, places)
    return pd.DataFrame([row], columns=columns)


def test_full_seats_bring_one_entrant_a_year_and_graduates_after_the_course():
    flux = simulate(opening(100), sure(), horizon=2027, draws=3)
    assert flux.years.tolist() == [2024, 2025, 2026, 2027]
    # Certain rates stop at 0.9999: at most a pupil in a thousand is lost.
    assert flux.cumulated("entrants")[0] == pytest.approx([100, 200, 300, 400], abs=3)
    assert flux.cumulated("diplomes")[0] == pytest.approx([0, 0, 100, 200], abs=3)
    assert flux.cumulated("places_annees")[0].tolist() == [100, 200, 300, 400]


def test_each_link_takes_its_share():
    flux = simulate(opening(100_000), sure(0.8, 0.5, 0.9), horizon=2026, draws=50)
    assert flux.cumulated("entrants")[:, -1].mean() == pytest.approx(240_000, rel=0.002)
    assert flux.cumulated("diplomes")[:, -1].mean() == pytest.approx(36_000, rel=0.01)


def test_those_who_enter_a_course_of_one_year_are_in_its_final_year():
    flux = simulate(opening(1000, duree=1), sure(1.0, 0.5, 1.0), horizon=2025, draws=3)
    assert flux.cumulated("diplomes")[:, -1] == pytest.approx(1000, abs=5)


def test_seats_that_are_not_kept_bring_nobody():
    flux = simulate(opening(100), sure(), horizon=2026, maintien=0.5, draws=2)
    assert flux.places[0].tolist() == [100, 50, 25]


def test_before_any_opening_the_declared_delay_may_be_nil_or_double():
    draws = ramp_draws((0.75, 1.0), 4000, np.random.default_rng(0))
    assert draws[:, 1].tolist() == [1.0] * 4000
    assert draws[:, 0].mean() == pytest.approx(0.75, abs=0.01)
    assert draws[:, 0].std() == pytest.approx(np.hypot(0.5 / np.sqrt(12), 0.05), abs=0.01)


def profile(effects: list[float], error: float, df: float = 40.0, moved=(1.0, 0.0)) -> Taux:
    k = len(effects)
    covariance, mean_error = error**2 * np.eye(k), error / np.sqrt(k)
    found = Profil(
        np.arange(k), np.full(k, 1 / k), np.array(effects), covariance, mean_error, df, df,
        np.array(moved),
    )  # fmt: skip
    return from_profile("superieur", found, "test")


def test_a_fill_seen_in_the_first_year_is_raised_to_full_capacity():
    rate = {"superieur": profile([0.4], 1e-6)}
    full, _, path = fill_draws(rate, (0.5, 1.0), 4000, np.random.default_rng(0))
    assert full["superieur"] * path[:, 0] == pytest.approx(np.full(4000, 0.4), abs=1e-3)


def test_levels_moved_by_the_same_places_are_wrong_together():
    for moved, same in (((1.0, 0.0), 1.0), ((0.0, 1.0), 0.0), ((0.6, 0.8), 0.6)):
        rates = {"secondaire": profile([0.6], 0.05), "superieur": profile([0.6], 0.05, moved=moved)}
        full, *_ = fill_draws(rates, (1.0,), 4000, np.random.default_rng(0))
        found = np.corrcoef(full["secondaire"], full["superieur"])[0, 1]
        assert found == pytest.approx(same, abs=0.05)


def test_a_delay_that_is_not_seen_is_forgotten_and_one_that_is_seen_is_kept():
    ramp, rng = (0.75, 0.90, 1.0), np.random.default_rng(0)
    full, _, path = fill_draws({"superieur": profile([0.8, 0.8, 0.8], 0.01)}, ramp, 4000, rng)
    assert path[:, 0].mean() == pytest.approx(1.0, abs=0.02)
    assert full["superieur"].mean() == pytest.approx(0.8, abs=0.01)
    full, _, path = fill_draws({"superieur": profile([0.6, 0.72, 0.8], 0.01)}, ramp, 4000, rng)
    assert path[:, 0].mean() == pytest.approx(0.75, abs=0.02)
    assert full["superieur"].mean() == pytest.approx(0.8, abs=0.01)


def test_a_delay_hardly_seen_leaves_the_declared_one():
    ramp, rng = (0.75, 0.90, 1.0), np.random.default_rng(0)
    *_, path = fill_draws({"superieur": profile([0.8, 0.8, 0.8], 1.0)}, ramp, 4000, rng)
    assert path[:, 0].mean() == pytest.approx(0.75, abs=0.02)


def test_fill_by_age_of_the_twin_is_what_the_twin_was_given():
    panel = twin.draw(replace(twin.SMALL, concavity=0.0, displacement_departement=0.0), 5).panel
    found = seen(panel[panel["rentree"] <= 2028], "secondaire")
    assert found.ages.tolist() == [0, 1, 2]
    errors = np.sqrt(np.diag(found.covariance))
    assert (np.abs(found.effets - [0.6, 0.72, 0.8]) < 3 * errors).all()
    assert found.poids.sum() == pytest.approx(1.0)


def own_fills(fills: tuple[float, ...], seed: int) -> float:
    """Return the part of the error that is the openings' own fills, told in turn."""
    panel = invented_panel(seed, etabs=20, opened=15, years=range(2016, 2027), start=2020)
    rng, cell = np.random.default_rng(seed), panel["cell"].to_numpy()
    size = panel["entrants"] * np.exp(0.05 * rng.normal(size=len(panel)))
    fill = np.resize(fills, cell.max() + 1)[cell]
    return seen(panel.assign(entrants=size + fill * panel["seats"]), "secondaire").propre


def test_the_fills_of_the_openings_there_are_no_error_of_theirs(monkeypatch):
    monkeypatch.setattr(drift, "SPREAD", 1e-9)  # what is not known of a drift is none of theirs
    same, different = ([own_fills(f, s) for s in range(6)] for f in ((0.8,), (1.0, 0.3)))
    assert np.mean(same) < 0.25
    assert np.mean(different) > 0.45


def growing(rate: float, seed: int) -> pd.DataFrame:
    """Return a panel whose opened cells grow every year, and whose seats fill at 0.8."""
    panel = invented_panel(seed, etabs=20, opened=15, years=range(2016, 2027), start=2020)
    opened = panel.groupby("cell")["seats"].transform("max") > 0
    years = np.where(opened, panel["rentree"] - 2018, 0)
    noise = np.random.default_rng(seed).normal(0, 0.004, len(panel))
    size = panel["entrants"] * np.exp(rate * years + noise)
    return panel.assign(entrants=size + 0.8 * panel["seats"])


def test_what_opened_courses_gained_already_is_no_fill():
    for rate in (0.02, -0.02):
        found = [seen(growing(rate, seed), "secondaire") for seed in range(4)]
        fill = np.mean([one.moyenne[0] for one in found])
        slope, _, taken = np.mean([one.derive for one in found], axis=0)
        assert fill == pytest.approx(0.8, abs=0.03)
        assert slope == pytest.approx(rate, abs=0.003)
        assert abs(taken) > 0.2
        assert np.sign(taken) == np.sign(rate)


def test_a_growth_that_no_year_tells_widens_what_is_known_of_the_fill():
    panel = growing(0.0, 0)
    first = panel["rentree"].where(panel["seats"] > 0).groupby(panel["cell"]).transform("min")
    short = panel[~(panel["rentree"] < first - 1)]  # a single year before
    before, known = (seen(one, "secondaire") for one in (short, panel))
    assert np.isnan(before.derive[0])
    assert before.derive[2] == 0
    assert before.erreur > 2 * known.erreur
    assert np.isfinite(before.libertes_moyenne)


def test_openings_whose_entrants_no_file_counts_yet_are_not_seen():
    panel = invented_panel(1, etabs=20, opened=15, years=range(2016, 2027), start=2020)
    noise = np.random.default_rng(1).normal(size=len(panel))
    panel = panel.assign(entrants=panel["entrants"] + 0.8 * panel["seats"] + noise)
    late = panel.assign(entrants=panel["entrants"].where(panel["rentree"] < 2026))
    assert [seen(p, "secondaire").vu for p in (panel, late)] == [2026, 2025]


def test_openings_seen_take_the_fill_that_is_better_known():
    rate = replace(profile([0.5], 0.05, df=1e6), sd_annee=0.0)
    known = replace(rate, profil=replace(rate.profil, propre=0.5, vu=2024))
    table = pd.concat([opening(1e6, 2024), opening(1e6, 2025)], ignore_index=True)
    rates = sure() | {("remplissage", "superieur"): known}
    flux = simulate(table, rates, horizon=2025, draws=4000)
    there, ahead = (flux.entrants[:, k, -1].std() for k in (0, 1))
    assert there / ahead == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_extra_pupils_succeed_less():
    flux = simulate(opening(200_000), sure(), horizon=2026, penalty=0.05, draws=400, seed=3)
    share = flux.cumulated("diplomes")[:, -1] / 200_000
    assert share.mean() == pytest.approx(0.95, abs=0.005)
    assert share.min() >= 0.92


def test_a_loss_of_a_fifth_is_learnt_from_graduates_and_from_exams():
    """Cells, then the same counts as exams at the mesh of établissements: nearly the same."""
    cells = twin.draw(replace(twin.SMALL, marginal_penalty=0.20), 65_002).panel
    cells = cells[cells["rentree"] <= 2026]
    found = of_cells(cells, 0.05)
    assert abs(found.measured - 0.20) < 2 * found.std_error
    assert found.declared < found.mean < found.measured  # drawn towards the measure, not past it
    draws = found.draw(np.random.default_rng(0), 4_000)
    assert draws.mean() == pytest.approx(found.mean, abs=0.005)
    due = cells.dropna(subset=["terminale", "diplomes"])
    never = ~due["cell"].isin(due.loc[due["seats"] != 0, "cell"])
    sums = due[never].groupby(["course", "rentree"])[["terminale", "diplomes"]].sum()
    usual = (sums["diplomes"] / sums["terminale"]).rename("usual").reset_index()
    due = due.merge(usual.dropna(), on=["course", "rentree"])
    due["attendus"] = due["terminale"] * due["usual"]
    by_hand = j(due, "diplomes")[0].estimate / j(due, "attendus")[0].estimate
    assert found.measured == pytest.approx(1 - by_hand)
    sat = align(cells, "diplomes").frame
    exams = pd.DataFrame(
        {"maille": "lycée", "cell": sat["cell"], "territoire": sat["uai"], "rentree": sat["time"],
         "code_region": sat["code_region"], "course": sat["course"], "filiere": sat["filiere"],
         "presents": cells["terminale"].reindex(sat.index), "diplomes": sat["y"],
         "seats": sat["dose"]}
    )  # fmt: skip
    published = of_exams(exams, 0.05)
    assert abs(published.measured - found.measured) < found.std_error
    opened = exams.loc[exams["seats"] != 0, "territoire"].unique()
    few = exams[~exams["territoire"].isin(opened[3:])]
    assert of_exams(few, 0.05) == Loss(0.05)  # three territories: the declared loss stays


def test_a_loss_whose_two_effects_are_clustered_apart_stays_declared(monkeypatch):
    found = iter("ed")

    def effect(*_, **__):
        psi = pd.Series(0.01, index=next(found) + pd.Index(list("01234567")))
        return {GROSS: SimpleNamespace(estimate=0.5, influence=psi, df=7)}

    monkeypatch.setattr(import_module(of_cells.__module__), "j", effect)
    cells = invented_panel(1)
    with pytest.raises(FpiError, match="ne se mesure pas"):
        of_cells(cells.assign(terminale=cells["diplomes"] / 0.8), 0.05)


@pytest.mark.parametrize(("df", "told"), [(3, False), (7, True)])
def test_a_loss_of_few_groups_or_against_few_stays_declared(df, told, monkeypatch):
    one = SimpleNamespace(estimate=0.5, influence=pd.Series([0.01]), df=df)
    monkeypatch.setattr(import_module(of_cells.__module__), "j", lambda *_, **__: {GROSS: one})
    cells = invented_panel(1).assign(terminale=lambda t: t["diplomes"] / 0.8)
    found = attempt(of_cells, cells, 0.05)
    assert (found.df == df) if told else "ne se mesure pas" in found.reason


def test_an_estimate_that_a_years_data_do_not_allow_is_none_of_the_projections(monkeypatch):
    """A jackknife that cannot be made: the fill and the share are then those declared."""

    def singular(*_, **__):
        raise np.linalg.LinAlgError("Singular matrix")

    year = SimpleNamespace(cells=invented_panel(1), programme=FPI)
    for name in ("seen", "diversion_draws"):
        monkeypatch.setattr(outlook, name, singular)
    assert outlook._profile(year, "secondaire") is None
    assert outlook._diversion(year) is None


def test_register_tells_the_past_and_the_scenario_the_future():
    register = pd.DataFrame(
        {"rentree": [2024, 2025], "niveau": "superieur", "filiere": "numerique", "cfd": "32032610",
         "mefstat11": "", "places_prevues": [20.0, 99.0], "places_ouvertes": [18.0, 99.0]}
    )  # fmt: skip
    table = openings(FPI, register, FPI.scenario("plan"), rentree=2024)
    by_year = table.groupby(["rentree", "niveau"])["places"].sum()
    assert by_year[2024, "superieur"] == 18
    assert by_year[2025, "superieur"] == 350  # the scenario's, not the register's later row
    assert by_year[2025, "secondaire"] == 490
    later = table[(table["rentree"] == 2025) & (table["niveau"] == "superieur")]
    assert set(later["filiere"]) == {"numerique"}  # shared as the register's seats are


def test_what_opens_after_the_horizon_is_not_in_the_projection():
    register = pd.DataFrame(
        {"rentree": [2030, 2031], "niveau": "superieur", "filiere": "numerique", "cfd": "32032610",
         "mefstat11": "", "places_prevues": 20.0, "places_ouvertes": 20.0}
    )  # fmt: skip
    table = openings(FPI, register, FPI.scenario("aucun"), rentree=2032)
    assert table["rentree"].tolist() == [2030]


def test_without_a_register_seats_are_shared_equally_in_whole_numbers():
    table = openings(FPI, NO_OPENING, FPI.scenario("plan"), rentree=2023)
    first = table[(table["rentree"] == 2024) & (table["niveau"] == "superieur")]
    assert sorted(first["places"]) == [133, 133, 134]
    assert _whole(pd.Series([1.5, 1.25, 0.25])).tolist() == [2, 1, 0]


def test_rate_from_counts_by_hand():
    # X² = 2 × 2² / (10 × .25) = 3.2; rho = 2.2 / 9; known as by 400 / (20 × 3.2) pupils.
    table = pd.DataFrame({"course": ["a", "b"], "annee": 2020, "n": [10, 10], "k": [7, 3]})
    rate = from_counts("retention", "superieur", table, "")
    assert rate.moyenne == 0.5
    assert rate.rho == pytest.approx(2.2 / 9)
    assert rate.effectif == pytest.approx(6.25)
    assert rate.sd_annee == SD_ANNEE  # one year does not tell


def test_courses_that_are_alike_have_no_spread_and_more_than_all_is_all():
    table = pd.DataFrame({"course": ["a", "b"], "annee": 2020, "n": [10, 10], "k": [5, 5]})
    assert from_counts("retention", "superieur", table, "").rho == 0
    unknown = from_counts("retention", "superieur", table.assign(k=[5, np.nan]), "")
    assert unknown.moyenne == 0.5  # not a quarter: nobody says that none passed
    more = table.assign(k=[12, 10])
    assert from_counts("retention", "superieur", more, "").moyenne == pytest.approx(1, abs=1e-3)


def test_an_incomplete_year_does_not_pass_for_a_shock():
    rows = [("a", year, 1000, 800) for year in range(2019, 2023)] + [("b", 2018, 10, 1)]
    table = pd.DataFrame(rows, columns=["course", "annee", "n", "k"])
    assert from_counts("retention", "superieur", table, "").sd_annee == 0.0


def certain(register_places: float, duree: int = 2, **rates: float) -> Projection:
    """Return a projection with certain rates, from one opening of 2025, to a target of 2027."""
    target = FPI.cibles[0].model_copy(
        update={"niveau": "superieur", "personnes": 100, "echeance": 2027}
    )
    used = sure(**rates)
    flux = simulate(opening(register_places, 2025, duree), used, horizon=2030, draws=20)
    return Projection(FPI.scenario("aucun"), 2025, flux, used, (target,))


def test_seats_still_to_open_are_the_missing_people_over_what_a_seat_a_year_brings():
    # 10 seats × 3 years = 30 entrants; a seat in 2026 and one in 2027 bring 2 + 1 by 2027.
    result = certain(10)
    assert result.places_par_an(result.cibles[0], "entrants") == pytest.approx(70 / 3, abs=0.2)
    # Graduates of 2027: those entered in 2025 only; a seat opened in 2026 comes too late.
    assert result.places_par_an(result.cibles[0], "diplomes") == np.inf
    # Of one year: those who enter in 2025 and 2026; a seat opened in 2026 brings one more. Nobody
    # leaves before a final year that is also the first.
    short = certain(10, duree=1, stay=0.5)
    assert short.places_par_an(short.cibles[0], "diplomes") == pytest.approx(80, abs=0.2)


def test_seats_still_to_open_close_as_fast_as_those_of_the_scenario():
    # A seat in 2026, of which .57 is left in 2027, and one in 2027 bring 1 + .57 + 1 by 2027.
    result = certain(10)
    assert result.title == "Aucune place de plus après 2025"
    result = replace(result, scenario=result.scenario.model_copy(update={"maintien": 0.57}))
    assert result.title.endswith("après 2025, 57\u00a0% des places gardées chaque année")
    assert result.places_par_an(result.cibles[0], "entrants") == pytest.approx(70 / 2.57, abs=0.2)


def test_a_target_already_sure_needs_no_seat():
    result = certain(40)
    table = result.probabilites().set_index("lecture")
    assert table.loc["entrants", "probabilite"] == 1.0
    assert table.loc["entrants", "places_par_an"] == 0.0
    assert table.loc["diplomes", "probabilite"] == 0.0


def test_a_target_of_graduates_is_said_under_that_reading_alone():
    result = certain(40)
    graduates = result.cibles[0].model_copy(update={"lecture": "diplomes"})
    said = [one.summary() for one in (result, replace(result, cibles=(graduates,)))]
    assert ["s'il veut dire « diplômé »." in words for words in said] == [True, False]
    assert said[1].endswith("si « formé » veut dire « diplômés ».")


def test_a_target_that_falls_before_anything_opens_counts_nobody():
    result = certain(40)
    early = result.cibles[0].model_copy(update={"echeance": 2024})
    assert result.cible(early, "entrants").max() == 0


def test_net_readings_need_the_diversion_and_take_it_off():
    flux = simulate(opening(100), sure(), horizon=2025, draws=4)
    with pytest.raises(FpiError, match="déplacement"):
        flux.cumulated("additionnels")
    with pytest.raises(FpiError, match="3 tirages du déplacement pour 4"):
        simulate(opening(100), sure(), horizon=2025, draws=4, diversion=np.zeros(3))
    net = simulate(opening(100), sure(), horizon=2025, draws=4, diversion=np.full(4, 0.3))
    expected = 0.7 * net.cumulated("entrants")
    assert net.cumulated("additionnels") == pytest.approx(expected)


def test_diversion_draws_are_centred_on_what_j_finds():
    panel = twin.draw(twin.SMALL, 3).panel
    found = j(panel, "entrants")
    centre = -found[DISPLACEMENT].estimate / found[GROSS].estimate
    draws = diversion_draws(panel)
    assert np.median(draws) == pytest.approx(centre, abs=0.02)
    assert draws.std() > 0.02


def test_a_share_is_drawn_at_the_level_and_with_the_freedom_that_displacement_has(monkeypatch):
    """Own effect known, four degrees of freedom: the share is that far from its centre."""
    module = import_module(diversion_draws.__module__)
    found = SimpleNamespace(
        own=SimpleNamespace(estimate=1.0), neighbours=SimpleNamespace(estimate=-0.2),
        covariance=np.diag([1e-12, 0.01]), df=4, diversion=0.2,
    )  # fmt: skip
    monkeypatch.setattr(module, "displacement", lambda *_: found)
    ends = np.quantile(diversion_draws(NO_OPENING), [0.1, 0.9])
    assert ends == pytest.approx(0.2 + 0.1 * stats.t.ppf([0.1, 0.9], 4), abs=0.02)
    found.df = 0
    with pytest.raises(FpiError, match="ne se distingue pas"):
        diversion_draws(NO_OPENING)


def test_a_share_of_nothing_is_refused():
    panel = twin.draw(replace(twin.SMALL, fill=0.0), 3).panel
    with pytest.raises(FpiError, match="ne se distingue pas de zéro"):
        diversion_draws(panel)


def test_the_plan_leads_to_the_orders_of_size_of_the_method_note():
    result = projeter(FPI, NO_OPENING, rentree=2023, draws=400)
    table = result.probabilites().set_index(["code", "lecture"])["mediane"]
    assert table["secondaire", "entrants"] == pytest.approx(2069, rel=0.05)
    assert table["superieur", "entrants"] == pytest.approx(1476, rel=0.05)
    assert table["2030", "entrants"] == pytest.approx(11_211, rel=0.05)
    words = result.summary()
    assert "moins d'une chance sur 100 s'il veut dire « diplômé »" in words
    assert "CRPS" in result.method()
    assert result.plot().get_ylabel() == "Personnes"


def test_nothing_opened_trains_nobody():
    result = projeter(FPI, NO_OPENING, rentree=2023, scenario="aucun", draws=10)
    assert result.fan()["q90"].max() == 0
    assert result.fans().empty


def test_fans_of_filieres_and_levels_add_up_to_the_whole():
    result = projeter(FPI, NO_OPENING, rentree=2023, draws=50)
    parts = sum(
        result.flux.cumulated("entrants", niveau, f.code)
        for niveau in ("secondaire", "superieur")
        for f in FPI.filieres
    )
    assert np.array_equal(parts, result.flux.cumulated("entrants"))


def test_same_seed_same_projection():
    first, second = (projeter(FPI, NO_OPENING, rentree=2023, draws=20) for _ in range(2))
    assert np.array_equal(first.flux.entrants, second.flux.entrants)


def test_crps_and_pit_by_hand():
    # E|X - 1| = 1, E|X - X'| = (0 + 2 + 2 + 0) / 4 = 1.
    assert crps(np.array([0.0, 2.0]), 1.0) == pytest.approx(0.5)
    assert crps(np.array([3.0, 3.0]), 3.0) == 0.0
    assert pit(np.array([1.0, 2.0, 2.0, 3.0]), 2.0) == pytest.approx(0.5)


def test_score_says_whether_the_band_holds_the_outcome():
    draws = np.arange(101.0)
    assert score(draws, 10.0)["dans_bande"]
    assert not score(draws, 9.0)["dans_bande"]
    assert score(draws, 50.0)["mediane"] == 50.0


def test_past_projections_use_earlier_years_only():
    rng = np.random.default_rng(0)
    rows = [
        (f"c{c}", "superieur", year, 200, rng.binomial(200, 0.7))
        for c in range(10)
        for year in range(2015, 2023)
    ]
    table = pd.DataFrame(rows, columns=["course", "niveau", "annee", "n", "k"])
    back = retroprojection(table, lag=2)
    assert back["annee"].tolist() == list(range(2017, 2023))
    changed = table.assign(k=table["k"].where(table["annee"] < 2022, 0))
    assert retroprojection(changed, lag=2)["mediane"].tolist() == back["mediane"].tolist()
    with pytest.raises(FpiError, match="« n » : colonne absente"):
        retroprojection(table.drop(columns="n"))


def test_bands_hold_the_outcome_about_eight_times_in_ten_when_the_model_is_right():
    found = hypotheses(FPI)
    table = pd.concat([opening(30, 2024 + k % 3).assign(course=f"c{k}") for k in range(20)])
    flux = simulate(table, found, horizon=2030, draws=2000, seed=1)
    other = simulate(table, found, horizon=2030, draws=400, seed=2)
    low, high = np.quantile(flux.cumulated("diplomes")[:, -1], [0.1, 0.9])
    came = other.cumulated("diplomes")[:, -1]
    assert ((low <= came) & (came <= high)).mean() == pytest.approx(0.80, abs=0.06)  # 3 × 2 points


def test_unknown_scenario_or_missing_assumption_says_what_to_add():
    with pytest.raises(FpiError, match=r"« rapide » inconnu.*plan, lent et aucun"):
        projeter(FPI, NO_OPENING, rentree=2023, scenario="rapide")
    bare = FPI.model_copy(update={"hypotheses": ()})
    with pytest.raises(FpiError, match=r"\[\[hypotheses\]\]"):
        projeter(bare, NO_OPENING, rentree=2023)
    flux = projeter(bare, NO_OPENING, rentree=2023, found=sure(), draws=2).flux  # nothing to assume
    assert len(flux.groups)


def test_a_programme_without_a_scenario_or_an_assumption_has_a_page_that_says_so(monkeypatch):
    bare = FPI.model_copy(update={"hypotheses": ()})
    register = SimpleNamespace(du_programme=lambda _: opening(10))
    monkeypatch.setattr(outlook, "deploiement", register)
    monkeypatch.setattr(outlook, "measured_rates", lambda year: hypotheses(year.programme))
    said = outlook._outlook(SimpleNamespace(programme=bare))
    assert isinstance(said, Absent)
    assert "aucune hypothèse pour « remplissage » au niveau « secondaire »" in said.reason
    none = FPI.model_copy(update={"scenarios": ()})
    assert outlook._outlook(SimpleNamespace(programme=none)).reason.startswith("Aucun scénario")


def test_chances_are_said_in_words():
    assert chances(0.0) == "moins d'une chance sur 100"
    assert chances(0.314) == "31 chances sur 100"
    assert chances(1.0) == "plus de 99 chances sur 100"


def test_a_kept_projection_speaks_of_the_folder_that_asks_for_it():
    """What is kept may have been made in another copy of the folder."""
    theirs = outlook.Outlook("ailleurs", pd.DataFrame(), {}, None, {}, pd.DataFrame(), None, 3)
    year = SimpleNamespace(kept=lambda make: theirs, context="ici")
    made = outlook.outlook.__wrapped__
    found = made(year)
    assert (found.context, found.without_length) == ("ici", 3)
    none = Absent("aucune ouverture.")
    assert made(SimpleNamespace(kept=lambda make: none, context="ici")) is none
