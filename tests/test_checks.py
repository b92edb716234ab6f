"""Lights, verdict, and every check on panels where what it must find is known."""

import ast
import inspect
import re
from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel, opened_elsewhere
from IPython.lib.pretty import pretty
from scipy import stats

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.checks import (
    NO_EFFECT,
    THRESHOLDS,
    Check,
    Planted,
    Threshold,
    allowed,
    evaluate,
    evaluated,
    robustness,
    samples,
    thresholds,
    trends,
    verdict,
)
from fpi_eval.checks.calibration import Calibration
from fpi_eval.checks.drift import posterior
from fpi_eval.checks.honest_bounds import honest_bounds
from fpi_eval.checks.study import Study, before
from fpi_eval.checks.thresholds import CAUTION, FAIL, PASS, UNKNOWN
from fpi_eval.checks.trends import widened
from fpi_eval.checks.verdict import CAREFUL, INCONCLUSIVE, SOLID, TESTS, UNKNOWABLE, rule
from fpi_eval.disclosure import Gate
from fpi_eval.errors import FpiError
from fpi_eval.impact import j, ladder
from fpi_eval.impact.frame import GROSS, NET, sample
from fpi_eval.impact.j import fit_j
from fpi_eval.impact.j_and_bjs2_t import j_and_bjs2_t
from fpi_eval.language import speaking
from fpi_eval.panel import align
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.programme import Seuils, load_programme
from fpi_eval.report.pages import diplomes
from fpi_eval.report.runner import translated
from fpi_eval.twin import SCENARIOS, draw

EXACT = 1e-8
FPI = load_programme("fpi_aura")
ALONE = FPI.model_copy(update={"predecesseur": None})
DRAWS = 6  # planted programmes: enough to see what is made of them


def a_check(name, statut, hard=False):
    return Check(name, name, statut, 0.0, 0.0, "", "", hard)


def study_of(panel, outcome="diplomes"):
    return Study(panel, outcome)


@pytest.fixture(scope="module")
def noisy():
    return invented_panel(21, noise=1.0, etabs=20, opened=24)


@pytest.fixture(scope="module")
def evaluation(noisy):
    return evaluate(noisy, "diplomes", draws=DRAWS)


# ── lights and verdict ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("row", "value", "p", "light"),
    [
        (Threshold("m", 0.1, 0.4), 0.1, np.nan, PASS),
        (Threshold("m", 0.1, 0.4), 0.4, np.nan, CAUTION),
        (Threshold("m", 0.1, 0.4), 0.41, np.nan, FAIL),
        (Threshold("m", 0.1), 9.0, np.nan, CAUTION),
        (Threshold("m", 0.1, 0.4), np.nan, np.nan, UNKNOWN),
        (Threshold("n", 40, 15, high=True), 40, np.nan, PASS),
        (Threshold("n", 40, 15, high=True), 15, np.nan, CAUTION),
        (Threshold("n", 40, 15, high=True), 14, np.nan, FAIL),
        (Threshold("t", 0.05, 0.1, p=0.05, p_fail=0.01), 0.04, 0.001, PASS),
        (Threshold("t", 0.05, 0.1, p=0.05, p_fail=0.01), 0.5, 0.06, PASS),
        (Threshold("t", 0.05, 0.1, p=0.05, p_fail=0.01), 0.5, 0.03, CAUTION),
        (Threshold("t", 0.05, 0.1, p=0.05, p_fail=0.01), 0.08, 0.001, CAUTION),
        (Threshold("t", 0.05, 0.1, p=0.05, p_fail=0.01), 0.5, 0.001, FAIL),
        (Threshold("t", 0.05, 0.1, p=0.05, p_fail=0.01), 0.5, np.nan, UNKNOWN),
    ],
)
def test_a_light_follows_its_threshold_on_both_sides(row, value, p, light):
    assert row.light(value, p) == light


def planted_with(contained, found, low=0.3, high=0.5, *, of=100):
    """Return planted programmes of which so many held, and the calibrated interval."""
    n = np.arange(of)
    rows = pd.concat(
        [
            pd.DataFrame({"draw": n, "planted": True, "contained": n < contained, "found": True}),
            pd.DataFrame({"draw": n, "planted": False, "contained": True, "found": n < found}),
        ]
    ).assign(estimate=0.4, truth=0.4, kind="autres régions")
    rows["region"] = np.where(rows["draw"] % 2, "11", "24")
    table = pd.DataFrame(
        [(label, 0.4, low, high, 0.0, low, high, 0.0) for label in (GROSS, NET)],
        columns=["label", "estimate", "ci_low", "ci_high", "p_value", "cal_low", "cal_high",
                 "cal_p_value"],
    )  # fmt: skip
    error = {label: Calibration(0.0, 0.0) for label in (GROSS, NET)}
    return Planted("diplomes", 0.4, rows, posterior(np.nan, np.nan), error, table, 50, 2.0, 1.0)


@pytest.mark.parametrize(
    ("contained", "found", "interval", "valid", "precise", "level"),
    [
        (95, 5, (0.3, 0.5), "oui", True, SOLID),
        (95, 5, (0.1, 0.7), "oui", False, SOLID),  # not precise, yet told from zero
        (95, 5, (-0.2, 0.6), "oui", False, INCONCLUSIVE),  # neither no effect nor a large one
        (95, 5, (-0.05, 0.05), "oui", True, SOLID),  # surely no effect that matters
        (95, 5, (np.nan, np.nan), "oui", False, INCONCLUSIVE),  # no interval tells nothing
        (75, 5, (0.3, 0.5), "douteux", True, CAREFUL),
        (75, 5, (0.1, 0.7), "douteux", False, CAREFUL),
        (75, 5, (-1.7, 2.0), "douteux", False, INCONCLUSIVE),  # holds a loss and a large gain
        (95, 25, (0.3, 0.5), "douteux", True, CAREFUL),
        (65, 5, (0.3, 0.5), "non", True, INCONCLUSIVE),
        (95, 35, (0.3, 0.5), "non", True, INCONCLUSIVE),
        (40, 5, (0.3, 0.5), "non", True, INCONCLUSIVE),
    ],
)
def test_the_verdict_answers_valid_and_precise_apart(
    contained, found, interval, valid, precise, level
):
    said = verdict([a_check("dose", PASS)], planted_with(contained, found, *interval))
    assert (said.valide, said.precis, said.niveau) == (valid, precise, level)
    start = "sur 100 faux programmes plantés dans ces données, l'intervalle avant étalonnage a "
    assert said.phrase.startswith(
        f"{start}contenu l'effet brut vrai {contained} fois ; sans effet, il en a trouvé un "
        f"{found} fois. Soit "
    )


@pytest.mark.parametrize(
    ("contained", "of", "valid"),
    [(170, 200, "oui"), (51, 60, "oui"), (34, 40, "oui"), (19, 20, "oui"), (18, 20, "douteux"),
     (6, 6, "douteux"), (4, 6, "non")],
)  # fmt: skip
def test_a_yes_of_so_few_programmes_that_it_could_be_a_no_is_doubtful(contained, of, valid):
    said = verdict([a_check("dose", PASS)], planted_with(contained, 0, of=of))
    assert said.valide == valid
    assert "Un « oui » que l'erreur de tirage (Wilson, 95 %) mène à « non » devient" in rule()


def test_half_a_width_is_said_with_the_digits_that_tell_it_from_the_smallest_effect():
    for half, smallest, words in (
        (0.05, 0.1, "précis à 0,10 par place : oui pour l'effet brut (± 0,05), oui"),
        (0.0999, 0.1, "précis à 0,10 par place : oui pour l'effet brut (± 0,10), oui"),
        (0.1003, 0.1, "précis à 0,10 par place : non pour l'effet brut (± 0,1003, mais distinct"),
        (0.13, 0.125, "précis à 0,125 par place : non pour l'effet brut (± 0,130, mais distinct"),
        (np.nan, 0.1, "non pour l'effet brut (sans intervalle), non pour l'effet net (sans"),
        (np.inf, 0.1, "non pour l'effet brut (± ∞), non pour l'effet net (± ∞)"),
    ):
        made = planted_with(95, 5, 0.4 - half, 0.4 + half)
        assert words in verdict([a_check("dose", PASS)], made, smallest=smallest).phrase


def test_each_effect_is_said_to_be_apart_from_zero_where_it_is_but_no_number_that_is_forbidden():
    wide = planted_with(95, 5, 0.1, 0.7)
    end = "non pour l'effet brut (± 0,30, mais distinct de zéro), non pour l'effet net (± 0,30, mai"
    assert end in verdict([a_check("dose", PASS)], wide).phrase
    assert "distinct" not in verdict([a_check("support", FAIL, hard=True)], wide).phrase
    wide.calibrated.loc[1, "cal_low"] = -0.1
    said = verdict([a_check("dose", PASS)], wide).phrase
    assert said.endswith("non pour l'effet net (± 0,40).")


def test_draws_that_share_their_sites_are_told_as_fewer_and_their_shares_as_less_sure():
    apart = planted_with(97, 3)
    assert apart.contained_ci == (0.0, 1.0)  # one host region: nothing tells how others would do
    known = replace(apart, contained_over_regions=(0.91, 0.99), found_over_regions=(0.03, 0.03))
    assert known.contained_ci == (0.91, 0.99)  # Wilson's alone: 0.915 to 0.990
    assert known.found_ci == pytest.approx((0.0103, 0.0845), abs=1e-4)  # Wilson's: never narrower
    said = verdict([a_check("dose", PASS)], replace(known, thinned=0.92)).phrase
    assert "Soit 91\u00a0% à 99\u00a0%, et 1\u00a0% à 8\u00a0%, régions d'accueil" in said
    assert (
        "Les tirages se recoupent : leurs établissements ne feraient que 2,0 programmes sans "
        "établissement commun." in said
    )
    assert "92\u00a0% des ouvertures y tenaient" in said
    assert "hors des comptes" not in said
    assert replace(known, failed=57).doubt().endswith("estimer et hors des comptes : 57.")
    alone = replace(apart, draws=apart.draws.assign(region="11"))
    assert "Soit 92\u00a0% à 99\u00a0%, et 1\u00a0% à 8\u00a0%, à l'erreur" in alone.doubt()
    assert "une seule région d'accueil ne dit rien des autres" in alone.doubt()
    assert "les tirages" in known.summary().lower()


def test_an_effect_that_is_not_there_has_no_sign_to_be_wrong():
    found = planted_with(95, 5)
    assert replace(found, draws=found.draws.assign(truth=0.0)).wrong_sign == 0
    assert replace(found, draws=found.draws.assign(truth=-0.4)).wrong_sign == 1


def test_solid_is_said_of_the_gross_effect():
    assert "« Solide » : valide, sans violation, et l'effet brut précis ou distinct" in rule()


def test_lack_of_information_is_no_alarm_and_a_hard_failure_blocks_the_number():
    good = planted_with(95, 5)
    lack = [a_check(n, FAIL) for n in ("etablissements", "tendance_invisible", "rupture")]
    assert verdict(lack, good).niveau == SOLID
    assert {c.genre for c in lack} == {"information"}
    assert a_check("tendance", PASS).genre == "violation"
    found = verdict([*lack, a_check("support", FAIL, hard=True)], good)
    assert (found.niveau, found.bloque) == (INCONCLUSIVE, True)
    assert "support" in found.phrase
    with pytest.raises(FpiError, match="aucun contrôle"):
        verdict([], good)


def test_without_planted_programmes_nobody_can_know():
    said = verdict([a_check("dose", PASS)], Absent("Une seule année de résultats."))
    assert (said.niveau, said.valide, said.precis) == (UNKNOWABLE, "", None)
    assert said.phrase == "Une seule année de résultats. Donc : on ne peut pas le savoir."
    again = verdict([a_check("support", FAIL, hard=True)], Absent("Une seule année"))
    assert again.phrase == (
        "Une seule année. Donc : non concluant. Le chiffre n'est pas donné, échec de « support »."
    )


@pytest.mark.parametrize(
    ("p_values", "bias", "against"),
    [
        ((0.008, 0.9, 0.9, 0.9, 0.9, 0.9), 0.2, 1),
        ((0.012, 0.9, 0.9, 0.9, 0.9, 0.9), 0.2, 0),  # 6 tests: .072 once adjusted
        ((0.008, 0.008, 0.9, 0.9, 0.9, 0.9), 0.05, 0),  # too small to do harm
        ((0.9, 0.9, 0.9, 0.9, 0.9, 0.001), 0.2, 1),
        ((0.009, 0.009, 0.9, 0.9, 0.9, np.nan), 0.2, 2),
    ],
)
def test_evidence_of_violation_is_one_family_of_tests_weighed_by_size(p_values, bias, against):
    checks = [
        Check(name, name, PASS, 0.0, p, "", "", biais=bias)
        for name, p in zip(TESTS, p_values, strict=True)
    ]
    said = verdict(checks, planted_with(95, 5))
    assert len(said.violations) == against
    assert said.niveau == (CAREFUL if against else SOLID)


def test_programme_thresholds_replace_the_defaults_and_contradictions_are_refused():
    table = thresholds(Seuils(etablissements_traites_solide=10, etablissements_traites_prudence=4))
    assert [table["etablissements"].light(n) for n in (10, 9, 3)] == [PASS, CAUTION, FAIL]
    assert thresholds(Seuils(part_masquee_maximum=0.05))["manquants"].light(0.06) == FAIL
    assert THRESHOLDS["etablissements"].good == 40
    with pytest.raises(FpiError, match="Inversez"):
        thresholds(Seuils(etablissements_traites_solide=4, etablissements_traites_prudence=10))


# ── years before ────────────────────────────────────────────────────────────────────────────────


def test_a_programme_that_closes_more_than_it_opens_has_its_bounds_in_order(evaluation):
    closed = replace(evaluation, seat_years=-100.0)
    net, total = evaluation.estimates[NET], closed.total()
    assert (total.ci_low, total.ci_high) == (-100 * net.ci_high, -100 * net.ci_low)
    assert total.std_error == 100 * net.std_error
    none = [replace(e, ci_low=np.nan, ci_high=np.nan) for e in evaluation.estimates]
    estimates = replace(evaluation.estimates, items=tuple(none))
    assert "(sans intervalle), pour" in replace(evaluation, estimates=estimates).summary()


def test_a_plan_that_is_not_followed_is_no_lack_of_information():
    late = a_check("preinscription", CAUTION)
    assert (late.genre, late.avis) == ("violation", "prudence")


def test_without_noise_the_slope_before_is_the_one_put_in():
    for slope in (0.0, 0.02):
        frame = study_of(invented_panel(22, trend=slope)).frame
        time = frame["time"].to_numpy(float)
        assert before(frame, (time - 2016)[:, None]).slopes[0] == pytest.approx(slope, abs=EXACT)


def test_a_trend_alerts_and_its_absence_does_not(noisy):
    flat, unseen = trends.tendance(study_of(noisy))
    assert flat.statut == PASS
    assert 0 < unseen.valeur < 0.4
    steep, _ = trends.tendance(study_of(invented_panel(21, noise=1.0, etabs=20, trend=0.05)))
    assert steep.statut == FAIL
    gap = trends.ecart(study_of(invented_panel(21, noise=1.0, etabs=20, trend=0.05)))
    assert gap.statut in (CAUTION, FAIL)
    assert trends.ecart(study_of(noisy)).statut == PASS


def test_a_trend_is_weighed_alike_where_seats_were_there_for_a_while_only(noisy, monkeypatch):
    """Years without seats are then those after: the distance is negative, not what it carries."""
    study = study_of(noisy)
    years = trends.lever(study)
    before = [check.valeur for check in trends.tendance(study)]
    slope = trends.explaining_slope(study)
    monkeypatch.setattr(trends, "lever", lambda _: -years)
    assert [check.valeur for check in trends.tendance(study)] == before
    assert trends.explaining_slope(study) == -slope != 0
    assert min(before) > 0


def test_the_lever_is_the_distance_between_mean_years_before_and_after():
    # One cell of 10 seats from 2022 on, a course of one year: before 2016-2021, after 2022-2030.
    panel = invented_panel(23, opened=1, start=2022)
    own = panel[panel["seats"] > 0]
    first = own["rentree"].min() + own["duree"].iloc[0] - 1
    expected = (first + 2030) / 2 - (2016 + first - 1) / 2
    assert trends.lever(study_of(panel)) == pytest.approx(expected)


def test_graduates_who_come_too_early_fail_the_placebo_and_block_the_number():
    panel = invented_panel(24, noise=0.5, etabs=20, opened=24)
    assert trends.placebo_delai(study_of(panel)).statut == PASS
    early = panel.copy()
    first = panel["rentree"].where(panel["seats"] > 0).groupby(panel["cell"]).transform("min")
    waiting = (panel["duree"] > 1) & (panel["rentree"] >= first)
    waiting &= panel["rentree"] < first + panel["duree"] - 1
    early.loc[waiting, "diplomes"] += 0.4 * panel.loc[waiting, "seats"]
    found = evaluate(early, "diplomes", draws=0)
    check = next(c for c in found.checks if c.name == "placebo_delai")
    assert check.statut == FAIL
    assert check.dur
    assert found.blocked
    assert found.to_frame()["estimate"].isna().all()
    assert "Aucun effet n'est donné" in found.summary()
    assert found.summary().count(f"– {check.titre} : ") == 1  # a hard failure and a violation
    assert "Effet brut par place" not in found.summary()
    with pytest.raises(FpiError, match="interdit"):
        found.plot()


def test_an_outcome_at_entry_has_no_lag_to_use_as_a_placebo(noisy):
    panel = noisy.assign(entrants=noisy["diplomes"].clip(lower=1))
    assert trends.placebo_delai(study_of(panel, "entrants")).statut == UNKNOWN


def test_entrants_who_rise_the_year_before_are_anticipation():
    panel = invented_panel(25, noise=0.5, etabs=20, opened=24)
    rng = np.random.default_rng(0)
    panel["entrants"] += rng.normal(0, 1, len(panel))
    assert trends.anticipation(study_of(panel)).statut == PASS
    first = panel["rentree"].where(panel["seats"] > 0).groupby(panel["cell"]).transform("min")
    top = panel.groupby("cell")["seats"].transform("max")
    panel["entrants"] += np.where(panel["rentree"] == first - 1, 0.3 * top, 0.0)
    found = trends.anticipation(study_of(panel))
    assert found.statut == FAIL
    assert found.valeur == pytest.approx(0.3, abs=0.05)


def test_without_an_effect_there_is_nothing_to_break(monkeypatch):
    panel = invented_panel(26, noise=1.0, per_seat=0.0, etab=0.0, dep=0.0, etabs=20)
    assert trends.rupture(study_of(panel)).statut == UNKNOWN
    unsure = study_of(panel)
    monkeypatch.setattr(
        "fpi_eval.results.Estimate.beyond_zero", True
    )  # the average of years is not
    said = trends.rupture(unsure)
    assert (said.valeur, said.statut) == (0, FAIL)
    assert "ne se distingue pas de zéro, même sans écart" in said.phrase
    strong = invented_panel(26, noise=0.2, per_seat=0.8, etab=0.0, dep=0.0, etabs=20)
    assert trends.rupture(study_of(strong)).valeur > 1


def test_a_year_of_one_treated_cluster_is_in_no_bound(monkeypatch):
    study = study_of(invented_panel(26, noise=0.2, per_seat=0.8, etab=0.0, dep=0.0, etabs=20))
    event, known = study.event, study.event.table["rel_time"] < study.event.table["rel_time"].max()
    alone = replace(event, table=event.table.assign(ci_low=event.table["ci_low"].where(known)))
    cut = replace(
        event, table=event.table[known], covariance=event.covariance[np.ix_(known, known)]
    )
    found = []
    for one in (event, alone, cut):
        monkeypatch.setattr(Study, "event", one)
        found.append((honest_bounds(one).estimate, trends.rupture(study).valeur))
    assert found[1] == found[2] != found[0]


def test_a_study_fits_j_once(noisy, monkeypatch):
    wanted = j_and_bjs2_t(noisy, "diplomes").to_frame()
    for again in ("sample", "fit_j"):
        monkeypatch.setattr(import_module(j_and_bjs2_t.__module__), again, None)
    pd.testing.assert_frame_equal(study_of(noisy).estimates.to_frame(), wanted)


def test_an_evaluation_reads_its_panel_once_for_each_outcome(noisy, monkeypatch):
    module, read = import_module(Study.__module__), []
    as_panel = module.as_panel
    monkeypatch.setattr(module, "as_panel", lambda *a: read.append(a[2]) or as_panel(*a))
    evaluate(noisy, "diplomes", draws=0)
    assert read == ["diplomes", "entrants"]


# ── who is compared with whom ───────────────────────────────────────────────────────────────────


def test_treated_establishments_and_departements_are_counted(noisy):
    etabs, deps, effective = samples.comptes(study_of(noisy))
    rows = sample(noisy, "diplomes")
    moved = rows[rows["dose"] != 0]
    assert (etabs.valeur, deps.valeur) == (moved["uai"].nunique(), 4)
    alone = samples.comptes(study_of(invented_panel(11, noise=1.0, opened=1)))
    assert [c.phrase for c in alone[:2]] == ["1 établissement.", "1 département."]
    assert 1 < effective.valeur < rows["uai"].nunique()


def test_seats_of_a_course_nobody_else_teaches_have_no_support():
    panel = invented_panel(27, opened=4)
    cells = panel.loc[panel["seats"] > 0, "cell"].unique()
    assert samples.support(study_of(panel)).statut == PASS
    alone = panel["course"].where(~panel["cell"].isin(cells[:2]), "c9")
    found = samples.support(study_of(panel.assign(course=alone)))
    top = panel.groupby("cell")["seats"].max()
    share = 1 - top[cells[:2]].sum() / top.sum()
    assert found.valeur == pytest.approx(share)
    assert found.statut == (CAUTION if share >= 0.8 else FAIL)


def test_courses_that_stopped_before_the_opening_are_no_support():
    panel = invented_panel(27, opened=4)
    opened = panel["cell"].isin(panel.loc[panel["seats"] > 0, "cell"])
    course = panel.loc[opened, "course"].iloc[0]
    gone = (panel["course"] == course) & ~opened & (panel["rentree"] >= 2022)
    found = samples.support(study_of(panel.assign(diplomes=panel["diplomes"].mask(gone))))
    top = panel[opened].groupby("cell").agg(seats=("seats", "max"), course=("course", "first"))
    share = top.loc[top["course"] != course, "seats"].sum() / top["seats"].sum()
    assert share < 1
    assert found.valeur == pytest.approx(share)


def test_missing_outcomes_are_weighed_and_their_tie_with_openings_is_seen(noisy):
    rng = np.random.default_rng(1)
    some = noisy.copy()
    some.loc[rng.random(len(some)) < 0.2, "diplomes"] = np.nan
    share, tie = samples.manquants(study_of(some))
    assert share.statut == CAUTION
    assert share.valeur == pytest.approx(0.2, abs=0.02)
    assert tie.statut == PASS
    treated = some["uai"].isin(some.loc[some["seats"] > 0, "uai"])
    some.loc[treated & (rng.random(len(some)) < 0.4), "diplomes"] = np.nan
    assert samples.manquants(study_of(some))[1].statut == FAIL


def test_a_change_of_missing_outcomes_that_nothing_tells_is_not_said(noisy, monkeypatch):
    known = iter([(0.05, 0.5), (np.nan, np.nan)])
    monkeypatch.setattr(samples, "_apart", lambda *_: next(known))
    assert "Depuis" not in samples.manquants(study_of(noisy))[1].phrase


@pytest.mark.parametrize(
    ("found", "size", "p_value"),
    [
        ([(0.30, 0.4), (0.06, 1e-5)], 0.06, 2e-5),  # the wide gap is chance
        ([(0.02, 1e-9), (0.30, 1e-4)], 0.30, 2e-4),  # both are sure: the wider one
        ([(0.30, 0.4), (0.06, 0.3)], 0.06, 0.6),
    ],
)
def test_missing_outcomes_are_weighed_by_a_gap_that_was_tested(
    noisy, monkeypatch, found, size, p_value
):
    known = iter(found)
    monkeypatch.setattr(samples, "_apart", lambda *_: next(known))
    tie = samples.manquants(study_of(noisy))[1]
    assert (tie.valeur, tie.biais) == (size, size)
    assert tie.incertitude == pytest.approx(p_value)
    assert tie.phrase.count("(p ") == 2
    with speaking("en"):
        assert "Since the opening: " in translated.said(tie.phrase)


def test_courses_of_one_size_have_no_correlation_with_openings(noisy):
    assert samples.dose(study_of(noisy.assign(entrants=20.0))).statut == UNKNOWN
    few = samples.dose(study_of(invented_panel(11, noise=1.0, opened=2)))
    assert few.phrase.startswith("moins de trois ouvertures")  # not: all of one size


def test_outcomes_that_leave_the_mask_as_seats_open_are_seen():
    """Opened cells hide 11 % of their outcomes before and 3 % after: levels alone look alike."""
    rng = np.random.default_rng(2)
    panel = draw(replace(SCENARIOS["realistic"], n_cells_region=600, n_cells_other=900), 7).panel
    opened = panel["cell"].isin(panel.loc[panel["seats"] > 0, "cell"])
    after = opened & (panel["rentree"] >= panel.loc[panel["seats"] > 0, "rentree"].min() + 2)
    chance = np.where(after, 0.03, np.where(opened, 0.13, 0.11))
    panel.loc[rng.random(len(panel)) < chance, "diplomes"] = np.nan
    tie = samples.manquants(study_of(panel))[1]
    assert tie.statut in (CAUTION, FAIL)
    assert "Depuis l'ouverture" in tie.phrase


def test_pupils_taken_from_other_departements_of_the_academie_are_seen():
    found = {}
    for world in ("realistic", "displacement_academie"):
        small = replace(SCENARIOS[world], n_cells_region=1_200, n_cells_other=2_400)
        twin = draw(small, 320_003)
        found[world] = robustness.portee(study_of(twin.panel, "entrants"))
        truth = twin.truth.per_seat("entrants")
    assert found["realistic"].statut == PASS
    assert found["displacement_academie"].statut == CAUTION
    assert truth["kappa"] < -0.3  # .3 inside the département, .2 beyond, of .72 filled


def test_neighbours_of_the_whole_region_leave_nothing_farther_to_test():
    panel = invented_panel(0, noise=1.0)
    far = robustness.portee(study_of(panel.assign(voisinage=panel["code_region"])))
    assert "déjà celles de toute la région" in far.phrase


def test_when_every_opened_course_is_new_the_total_of_the_school_is_offered():
    small = replace(SCENARIOS["realistic"], n_cells_region=1_200, n_cells_other=2_400)
    twin = draw(replace(small, nouvelle_share=1.0), 320_003)
    with pytest.raises(FpiError, match=r"attendre n'y changera rien.*fpi\.impact\.ladder"):
        j(twin.panel, "entrants")
    school, zone, _ = ladder(twin.panel, "entrants")
    truth = twin.truth.per_seat("entrants")
    assert abs(school.estimate - truth["theta"]) < 0.06  # its own neighbours lose .15 of .73
    assert zone.estimate < school.estimate


def test_normalised_differences_are_those_computed_by_hand(noisy):
    panel = noisy.copy()
    opened = panel["cell"].isin(panel.loc[panel["seats"] > 0, "cell"])
    panel["entrants"] = panel["entrants"] + 8.0 * opened
    panel["places"], panel["voeux_1"] = 40.0, np.nan
    study = study_of(panel)
    table = samples.balance(study).set_index("variable")
    rows = panel[panel["rentree"] < panel.loc[panel["seats"] > 0, "rentree"].min()]
    means = rows.groupby("cell")["entrants"].mean()
    on = means.index.isin(study.treated["cell"])
    one, other = means[on], means[~on]
    by_hand = (one.mean() - other.mean()) / np.sqrt((one.var() + other.var()) / 2)
    assert table.loc["taille", "difference"] == pytest.approx(by_hand)
    assert table.loc["remplissage", "difference"] == pytest.approx(by_hand)
    assert np.isnan(table.loc["pression", "difference"])
    assert samples.equilibre(study).statut == CAUTION


def test_balance_reads_the_years_at_which_both_terms_of_a_ratio_are_known():
    """A missing year made a course of 20 entrants a year shrink, and half fill its places."""
    panel = invented_panel(27, opened=4).assign(entrants=20.0, places=25.0, voeux_1=50.0)
    gone = panel["cell"].isin(panel.loc[panel["seats"] > 0, "cell"]) & (panel["rentree"] < 2018)
    for name in ("entrants", "voeux_1"):
        some = panel.assign(**{name: panel[name].mask(gone)})
        table = samples.balance(study_of(some)).set_index("variable")[["ouvertes", "autres"]]
        for variable, value in {"remplissage": 0.8, "pression": 2.0, "evolution": 0.0}.items():
            assert table.loc[variable].tolist() == pytest.approx([value, value])


def test_the_largest_difference_is_named_as_such_where_none_is_sure(noisy, monkeypatch):
    rows = {
        "libelle": ["Entrants par an", "Évolution annuelle des entrants"],
        "difference": [-0.03, -0.20],
        "borne": [0.004, 0.0],
        "erreur": 0.1,
    }
    monkeypatch.setattr(samples, "balance", lambda _: pd.DataFrame(rows))
    said = samples.equilibre(study_of(noisy)).phrase
    assert said == (
        "aucune différence sûre ; la plus grande estimée est « Évolution annuelle des entrants » "
        "(\u22120,20)."
    )
    rows["borne"] = [0.01, 0.0]
    assert samples.equilibre(study_of(noisy)).phrase.startswith("plus forte différence sûre : Ent")


def test_the_share_that_a_rule_judges_is_said_to_one_decimal(noisy):
    said = robustness.un_de_moins(study_of(noisy)).phrase
    assert re.search(r"change l'effet de \d+,\d\s% de l'effet", said)


def test_exposed_neighbours_are_in_the_model(noisy):
    found = samples.exposes(study_of(noisy))
    assert (found.statut, found.valeur) == (PASS, 0.0)


def test_unknown_facts_of_files_are_said_unknown_and_known_ones_judged(noisy):
    found = {c.name: c.statut for c in samples.fichiers(study_of(noisy))}
    assert found == {
        "appariement": UNKNOWN, "uai": UNKNOWN, "definitions": PASS, "composition": UNKNOWN,
        "millesimes": PASS,
    }  # fmt: skip
    panel = CellPanel(noisy, matched=0.5, unresolved=0.01, pooled=True)
    match, lost, *_, twice = samples.fichiers(study_of(panel))
    assert twice.statut == CAUTION
    assert (match.statut, match.dur, lost.statut) == (FAIL, True, CAUTION)


def test_seats_whose_graduates_are_still_studying_are_not_mature():
    panel = invented_panel(28, opened=14, start=2022)
    assert samples.maturite(study_of(panel)).valeur == pytest.approx(1.0)
    created = samples.maturite(study_of(panel.assign(seats=-panel["seats"])))
    assert (created.statut, created.phrase[:13]) == (UNKNOWN, "aucune place ")
    early = panel[panel["rentree"] <= 2024].reset_index(drop=True)
    found = samples.maturite(study_of(early))
    assert 0 < found.valeur < 1
    assert found.statut == CAUTION
    apprentices = early[early["seats"] > 0].assign(voie="apprentissage", diplomes=np.nan, seats=9.0)
    apprentices["cell"] += early["cell"].max() + 1
    again = samples.maturite(replace(study_of(pd.concat([early, apprentices])), programme=ALONE))
    assert again.valeur == found.valeur  # no file will ever show them
    assert "(FPI AURA, voie scolaire, sans les formations nouvelles)" in again.phrase


@pytest.mark.parametrize("programme", [None, ALONE, FPI], ids=["nobody", "one", "two"])
def test_seats_that_are_mature_are_said_in_english_whoever_opened_them(programme):
    panel = invented_panel(28, opened=14, start=2022)
    voies = panel["cell"].mod(2).map({0: "scolaire", 1: "apprentissage"})
    for rows, voie in ((panel.assign(voie="scolaire"), ""), (panel.assign(voie=voies), " and ap")):
        found = samples.maturite(replace(study_of(rows), programme=programme))
        with speaking("en"):
            assert f"school route{voie}" in translated.said(found.phrase)


# ── estimates redone ────────────────────────────────────────────────────────────────────────────


def test_leaving_the_most_influential_establishment_out_moves_the_estimate_as_said(noisy):
    study = study_of(noisy)
    table = robustness.leave_one_out(study)
    etabs = table[table["niveau"] == "uai"]
    worst = etabs.loc[etabs["ecart"].abs().idxmax()]
    frame = study.frame[study.frame["uai"] != worst["groupe"]]
    refitted = fit_j(frame).coefficients[0]
    moved = study.gross.estimate - refitted
    assert worst["ecart"] == pytest.approx(moved, abs=0.3 * abs(moved) + 1e-3)


def test_the_curve_holds_every_choice_and_says_why_one_failed(noisy):
    found = robustness.specification_curve(study_of(noisy.assign(places=24.0)))
    curve = found.to_frame()
    assert curve["principal"].sum() == 1
    failed = curve[curve["estimate"].isna()]
    assert list(failed["label"]) == ["J, supérieur seul"]
    assert (failed["raison"] != "").all()
    same = curve[curve["famille"] == robustness.SAME]
    assert same["estimate"].between(0.2, 0.8).all()
    assert len(same) == 11
    part = curve["famille"] == robustness.PART  # a level alone is no choice of method
    low, high = (text.signe(end, 3) for end in curve.loc[~part, "estimate"].agg(["min", "max"]))
    first, last = found.summary().split("\n")
    assert first.endswith(f"sur « diplomes », 11 choix de méthode : de {low} à {high}.")
    widened = found.table.assign(estimate=found.table["estimate"].mask(part, 9.0))
    assert replace(found, table=widened).summary() == first
    assert last.startswith("Non estimé : J, supérieur seul (")


def test_without_an_interval_nothing_is_told_from_zero(noisy):
    study = study_of(invented_panel(11, noise=1.0, opened=1))
    assert np.isnan(study.gross.ci_low)
    assert robustness.un_de_moins(study).statut != FAIL
    assert robustness.regions_placebo(study).statut == PASS
    assert trends.rupture(study).statut == UNKNOWN
    assert robustness.portee(study).statut == UNKNOWN


def test_only_an_effect_told_from_zero_has_a_sign_to_contradict(noisy):
    gross = study_of(noisy).gross
    curve = pd.DataFrame({"label": ["a", "b"], "ci_low": [-3.0, 0.1], "ci_high": [-1.0, 0.9]})
    above = replace(gross, ci_low=0.2, ci_high=0.6)
    below = replace(gross, ci_low=-0.6, ci_high=-0.2)
    unsure = replace(gross, ci_low=-0.2, ci_high=0.2)
    assert list(robustness.contrary(above, curve)["label"]) == ["a"]
    assert list(robustness.contrary(below, curve)["label"]) == ["b"]
    assert robustness.contrary(unsure, curve).empty


# ── all together ────────────────────────────────────────────────────────────────────────────────


def test_every_declared_check_is_made_once(evaluation):
    names = [c.name for c in evaluation.checks]
    assert sorted(names) == sorted(set(THRESHOLDS) - {"preinscription"})
    assert evaluation.checks_frame()["statut"].notna().all()


def test_the_summary_begins_with_the_verdict_and_the_total_is_net_times_seats(evaluation, noisy):
    assert evaluation.summary().startswith("Verdict sur le plan d'évaluation : ")
    net = evaluation.estimates[NET]
    frame = align(noisy, "diplomes")
    assert evaluation.seat_years == pytest.approx(frame["dose"].sum())
    assert evaluation.total().estimate == pytest.approx(net.estimate * frame["dose"].sum())
    table = evaluation.to_frame()
    assert table["label"].iloc[-1] == "Effet net total"
    assert (table["verdict"] == evaluation.verdict.niveau).all()
    assert len(set(evaluation.method().splitlines())) == len(evaluation.method().splitlines())


def test_every_result_is_headed_by_the_verdict_but_the_summary_says_it_once(evaluation):
    heading = f"Verdict sur le plan d'évaluation : {evaluation.verdict.niveau}"
    assert evaluation.estimates.summary().startswith(heading)
    assert evaluation.event.summary().startswith(heading)
    assert evaluation.summary().count("Verdict sur le plan") == 1
    assert pretty(evaluation.verdict) == evaluation.verdict.phrase


def test_the_order_of_rows_changes_nothing(evaluation, noisy):
    other = evaluate(noisy.sample(frac=1, random_state=0), "diplomes", draws=DRAWS)
    one, two = evaluation.checks_frame(), other.checks_frame()
    assert list(one["statut"]) == list(two["statut"])
    np.testing.assert_allclose(one["valeur"], two["valeur"], rtol=1e-5, atol=1e-7)
    assert other.verdict.phrase == evaluation.verdict.phrase


def test_a_table_without_the_columns_that_estimators_do_not_ask_for_is_evaluated(evaluation, noisy):
    bare = ["filiere", "nouvelle", "autres_places", "voie", "niveau", "code_academie"]
    students = noisy.rename(columns={"entrants": "effectif_avant"}).drop(columns=bare)
    found = evaluate(students, "diplomes", draws=DRAWS)
    assert found.estimates[GROSS].estimate == pytest.approx(evaluation.estimates[GROSS].estimate)
    assert found.planted.draws["kind"].nunique() == evaluation.planted.draws["kind"].nunique()


def test_a_filiere_left_blank_is_none_of_the_programme_s(noisy):
    some = noisy["cell"].isin(noisy.loc[noisy["seats"] > 0, "cell"].unique()[:3])
    blank, other = (noisy["filiere"].mask(some, word) for word in (None, "autre"))
    kept = [sample(noisy.assign(filiere=f), "diplomes")["cell"].unique() for f in (blank, other)]
    assert list(kept[0]) == list(kept[1])


def test_more_checks_change_the_verdict(evaluation):
    one = a_check("uai", FAIL, hard=True)
    for given in (one, [one], iter([one])):
        more = evaluation.with_checks(given)
        assert more.blocked
        assert more.planted is evaluation.planted
        assert len(more.checks) == len(evaluation.checks)


def test_no_check_tells_the_effect_that_a_hard_failure_forbids(evaluation):
    """They are shown all the same: one gave the effect and its interval, two what led to it."""
    said = {c.name: c.phrase for c in evaluation.checks}
    for value in (evaluation.estimates[name].estimate for name in (GROSS, NET)):
        shown = {text.signe(value, 2), text.signe(value, 3)}
        assert [name for name, words in said.items() if any(one in words for one in shown)] == []
    same = evaluation.curve[evaluation.curve["famille"] == robustness.SAME]["estimate"]
    assert not [end for end in (same.min(), same.max()) if text.signe(end, 2) in str(said)]
    assert re.match(r"l'effet est \d+,\d fois aussi loin de zéro", said["regions_placebo"])
    assert np.isnan(next(c for c in evaluation.checks if c.name == "regions_placebo").incertitude)


def test_a_second_estimator_of_few_openings_has_no_figure_and_the_verdict_stands(evaluation):
    found = evaluation.estimates
    few = (*found[:3], *(replace(one, n_openings=4) for one in found[3:]))
    told = replace(evaluation, estimates=replace(found, items=few)).told_by(Gate(5))
    assert told.estimates[:3] == found[:3]
    assert told.to_frame()["estimate"].isna().tolist() == [False] * 3 + [True] * 2 + [False]
    assert not told.estimates.note
    gap = next(check for check in told.checks if check.name == "ecart_j_t")
    assert np.isnan(gap.valeur)
    with speaking("en"):
        assert translated.said(gap.phrase).startswith("BJS2-T rests on too few")
    assert told.verdict.niveau == evaluation.verdict.niveau
    assert evaluation.told_by(Gate(5)).estimates is found
    for shown, said in ((found, True), (replace(found, items=few).told_by(Gate(5)), False)):
        assert ("les deux estimateurs" in diplomes.effets(shown, "").note.lower()) == said


def test_why_a_check_could_not_be_made_is_told_in_english():
    """Untold, one sentence leaves the whole table of checks in French."""
    reasons = {"trop peu de variation pour ce contrôle."}
    for module in (samples, trends, robustness):
        tree = ast.parse(inspect.getsource(module))
        calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
        given = [one.args[-1] for one in calls if getattr(one.func, "attr", "") == "blank"]
        given += [one.value for one in ast.walk(tree) if isinstance(one, ast.Assign)
                  if getattr(one.targets[0], "id", "") == "reason"]  # fmt: skip
        reasons |= {one.value for one in given if isinstance(one, ast.Constant)}
    assert len(reasons) > 20
    with speaking("en"):
        assert [one for one in sorted(reasons) if not translated.said(one)] == []


@pytest.mark.parametrize("outcome", ["diplomes", "entrants"])
def test_what_checks_find_is_told_in_english(noisy, outcome):
    study = study_of(noisy, outcome)
    curve = robustness.specification_curve(study).table
    made = (trends.ecart, trends.deplacement, trends.rupture, robustness.un_de_moins,
            robustness.portee, robustness.regions_placebo)  # fmt: skip
    found = [make(study) for make in made]
    found += [samples.manquants(study)[0], robustness.specifications(study, curve)]
    with speaking("en"):
        assert all(translated.said(check.phrase) for check in found)


def test_a_forbidden_effect_is_told_in_english_whichever_checks_failed(evaluation):
    hard = {name: row.titre for name, row in THRESHOLDS.items() if row.hard}
    failed = [replace(a_check(name, FAIL, hard=True), titre=titre) for name, titre in hard.items()]
    refused = allowed(evaluation.with_checks(failed), evaluation)
    with speaking("en"):
        told = translated.said(str(refused))
    assert told.startswith("The verdict forbids giving the effect. “")
    assert told.count("” failed.") == len(hard) > 1


def test_an_evaluation_without_openings_or_without_an_outcome_is_refused(noisy):
    with pytest.raises(FpiError, match="aucune place ouverte"):
        evaluate(noisy.assign(seats=0.0), "diplomes")
    with pytest.raises(FpiError, match="nommez le résultat"):
        evaluate(noisy)


def test_a_column_that_the_panel_does_not_have_is_refused_by_its_name(noisy):
    with pytest.raises(FpiError, match="« seats »"):
        evaluate(noisy.drop(columns="seats"), "diplomes", FPI)
    with pytest.raises(FpiError, match="« diplome »"):
        evaluated(noisy, "diplome", FPI)
    with pytest.raises(FpiError, match="« seats »"):
        evaluated(noisy.drop(columns="seats"), "diplomes", FPI)
    empty = evaluated(noisy.assign(diplomes=np.nan), "diplomes", FPI)
    assert str(empty).startswith(f"{NO_EFFECT} Colonne « diplomes » : aucune valeur connue, aux an")


def test_a_check_that_raises_becomes_unknown_with_its_reason():
    panel = invented_panel(29, regions=1, noise=1.0, etabs=30, opened=6)
    found = {c.name: c for c in evaluate(panel, "diplomes", draws=0).checks}
    assert found["regions_placebo"].statut == UNKNOWN
    assert "région" in found["regions_placebo"].phrase


def test_results_never_change_the_panel(noisy):
    copy = noisy.copy()
    evaluate(noisy, "diplomes", draws=DRAWS)
    pd.testing.assert_frame_equal(copy, noisy)


def test_a_check_is_frozen():
    with pytest.raises(AttributeError):
        a_check("dose", PASS).statut = FAIL
    assert replace(a_check("dose", PASS), statut=FAIL).statut == FAIL


@pytest.mark.parametrize("bias", [0.0, 0.02, 0.05, 0.3])
def test_a_trend_that_would_have_been_missed_widens_by_the_quantile_of_a_folded_normal(bias):
    """Armstrong and Kolesár (2018), against scipy's own folded law; by hand without a bias."""
    gross = replace(j(invented_panel(noise=1.0), "diplomes")[GROSS], std_error=0.05)
    half, wide = widened(gross, bias)
    plain, missed = (stats.foldnorm.ppf(0.95, c) for c in (0.0, bias / 0.05))
    assert half == pytest.approx((gross.ci_high - gross.ci_low) / 2)
    assert wide / half == pytest.approx(missed / plain, rel=1e-6)
    assert np.isnan(widened(gross, np.nan)[1])


def test_rises_of_capacity_elsewhere_are_a_second_dose_of_one_of_the_choices():
    """A register says nothing of what other regions open: their capacities do."""
    panel = invented_panel(3, per_seat=0.5, etab=-0.1, dep=-0.1)
    later, acting = opened_elsewhere(panel, 2022)
    panel["places"] = 24.0 + 8.0 * later + panel["seats"]
    panel["diplomes"] += 0.4 * 8.0 * acting
    rows = robustness.specification_curve(study_of(panel)).table.set_index("label")["estimate"]
    assert rows["J, capacités des autres régions en seconde dose"] == pytest.approx(0.5, abs=1e-6)
    assert abs(rows["J (principal)"] - 0.5) > 1e-3
    found = robustness.capacities_elsewhere(panel)["autres_places"]
    assert found.tolist() == pytest.approx((8.0 * later).tolist())
    with pytest.raises(FpiError, match="déjà comptées"):
        robustness.capacities_elsewhere(panel.assign(autres_places=1.0))
    with pytest.raises(FpiError, match="capacités inconnues"):
        robustness.capacities_elsewhere(panel.assign(places=np.nan))
