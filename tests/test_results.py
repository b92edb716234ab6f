"""Every result speaks French, gives a tidy table, draws itself, and says how it was made."""

import importlib
import inspect
import pkgutil
import re
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from invented import invented_panel
from test_impact_bounded import pooled
from test_impact_exposure import invented as invented_jobs
from test_impact_masked import panels as with_hidden
from test_impact_regional import panel as regional_panel

import fpi_eval
from fpi_eval import twin
from fpi_eval.checks import Study, evaluate, per_opening, specification_curve
from fpi_eval.checks.honest_bounds import honest_bounds
from fpi_eval.costs import unit_cost
from fpi_eval.errors import FpiError
from fpi_eval.impact.as_event_study import opening_study
from fpi_eval.impact.bjs2_t import bjs2_t
from fpi_eval.impact.callaway_santanna import callaway_santanna
from fpi_eval.impact.displacement.net import displacement, substitution
from fpi_eval.impact.frame import sample
from fpi_eval.impact.groups.dose_response import dose_response
from fpi_eval.impact.groups.heterogeneity import heterogeneity
from fpi_eval.impact.groups.sexes import sexes
from fpi_eval.impact.groups.totals import totals
from fpi_eval.impact.imputation import imputation
from fpi_eval.impact.j import j, wald
from fpi_eval.impact.j_and_bjs2_t import j_and_bjs2_t
from fpi_eval.impact.jobs.adjusted import adjusted
from fpi_eval.impact.jobs.bounded import bounded_employment
from fpi_eval.impact.jobs.chain import chain
from fpi_eval.impact.jobs.detectability import from_reference
from fpi_eval.impact.jobs.exposure import exposure_regression
from fpi_eval.impact.jobs.marginal import marginal
from fpi_eval.impact.jobs.regional import regional_change
from fpi_eval.impact.jobs.synthetic import synthetic
from fpi_eval.impact.masked import masked
from fpi_eval.impact.outcomes import study_family
from fpi_eval.impact.placebo_regions import placebo_regions
from fpi_eval.impact.poisson import poisson_imputation
from fpi_eval.impact.stacked import stacked
from fpi_eval.impact.sun_abraham import sun_abraham
from fpi_eval.impact.triple import triple_difference
from fpi_eval.impact.twfe import twfe
from fpi_eval.power.detect import puissance
from fpi_eval.programme import Secret, load_programme
from fpi_eval.projection import projeter
from fpi_eval.results import Estimates, EventStudy, Result

METHODS = ("summary", "to_frame", "plot", "method", "to_latex")
FPI = load_programme("fpi_aura")
YEAR = re.compile(r"\((?:[^()]*[,; ])?(?:19|20)\d\d\b")
# Accounts, designs and chances are not estimates: they have no interval.
NOT_ESTIMATES = {"detectability", "projection", "power"}
# A plan is a document that was written; `Result` and `Headed` are the contract itself.
NOT_RESULTS = {"Headed", "Plan", "Result", "TooFew"}  # the last is absent, and says why
WITH_RESULTS = {"results", "impact", "checks", "plan", "power", "projection", "costs"}


@pytest.fixture(scope="module")
def small() -> twin.Twin:
    return twin.draw(twin.SMALL, 1)


def _few_units(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the twin's entrants by region and year, the programme's region opening in 2024."""
    sums = panel.groupby(["code_region", "rentree"], as_index=False)["entrants"].sum()
    sums["y"] = np.log(sums["entrants"])
    treated = (sums["code_region"] == "84") & (sums["rentree"] >= 2024)
    return sums.rename(columns={"code_region": "unit", "rentree": "time"}).assign(treated=treated)


def _by_sex(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the twin's panel with a quarter of women among its BTS entrants."""
    bts = panel["entrants"].where((panel["niveau"] == "superieur") & (panel["voie"] == "scolaire"))
    return panel.assign(entrants_filles=0.25 * bts, entrants_garcons=0.75 * bts)


CASES = {
    "j": lambda t: j(t.panel),
    "wald": lambda t: wald(t.panel),
    "bjs2-t": lambda t: bjs2_t(t.panel),
    "together": lambda t: j_and_bjs2_t(t.panel),
    "per seat": lambda t: imputation(t.panel),
    "group-time effects": lambda t: _callaway(t),
    "group": lambda t: _callaway(t).aggregate("group"),
    "dynamic": lambda t: _callaway(t).aggregate("dynamic"),
    "calendar": lambda t: _callaway(t).aggregate("calendar"),
    "simple": lambda t: _callaway(t).aggregate("simple"),
    "callaway study": lambda t: opening_study(t.panel, base="universal"),
    "sun-abraham": lambda t: opening_study(t.panel, estimator=sun_abraham),
    "stacked": lambda t: stacked(t.panel),
    "twfe": lambda t: twfe(t.panel),
    "dose": lambda t: dose_response(t.panel, "entrants"),
    "poisson": lambda t: poisson_imputation(t.panel),
    "triple": lambda t: triple_difference(t.panel),
    "placebo regions": lambda t: placebo_regions(t.panel),
    "sdid": lambda t: synthetic(_few_units(t.panel)),
    "sc": lambda t: synthetic(_few_units(t.panel), method="sc"),
    "did": lambda t: synthetic(_few_units(t.panel), method="did"),
    "displacement": lambda t: displacement(t.panel),
    "substitution": lambda t: substitution(t.panel),
    "totals": lambda t: totals(t.panel, "entrants"),
    "chain": lambda t: chain(t.panel, draws=49),
    "bounded": lambda t: bounded_employment(pooled(t.panel, hide=20)),
    "shift-share": lambda t: exposure_regression(invented_jobs(1, slope=0.4, noise=0.02)),
    "detectability": lambda t: from_reference(480_000, 0.01, graduates=2000, years=3),
    "regional": lambda t: regional_change(regional_panel(), "terminale", region="01"),
    "relative": lambda t: honest_bounds(stacked(t.panel, "entrants")),
    "smooth": lambda t: honest_bounds(stacked(t.panel, "entrants"), "smooth"),
    "cost": lambda t: unit_cost("diplômé net", 9.5e6, 700.0, 120.0),
    "unbounded cost": lambda t: unit_cost("emploi net", 9.5e6, 60.0, 120.0),
    "family": lambda t: study_family(t.panel, draws=199),
    "sexes": lambda t: sexes(_by_sex(t.panel)),
    "heterogeneity": lambda t: heterogeneity(t.panel, by=("niveau", "sexe"), draws=199),
    "projection": lambda t: projeter(FPI, t.openings.iloc[:0], rentree=2023, draws=50),
    "power": lambda t: puissance(
        t.panel,
        t.openings[t.openings["projet"] == "FPI"],
        programme=FPI,
        resultats=("entrants",),
        rentrees=(2026,),
        draws=3,
    ),
    "evaluation": lambda t: _allowed(evaluate(t.panel, "entrants", FPI, draws=8)),
    "marginal": lambda t: marginal(
        t.panel.assign(diplomes_femmes=(0.3 * t.panel["diplomes"]).round()), ("femmes",)
    ),
    "adjusted": lambda t: adjusted(
        t.panel.assign(terminale_femmes=(0.3 * t.panel["terminale"]).round()),
        "diplomes",
        ("femmes",),
    ),
    "choices": lambda t: specification_curve(Study(t.panel, "entrants")),
    "choices per opening": lambda t: per_opening(Study(t.panel, "entrants")),
    "masked": lambda _: masked(with_hidden(threshold=14)[0], "terminale", threshold=14),
}


def _allowed(found):
    """Return the evaluation as if no hard check had failed: a small twin lacks comparisons."""
    failed = [c for c in found.checks if c.dur and c.statut == "fail"]
    return found.with_checks(replace(c, statut="pass") for c in failed)


def _callaway(t: twin.Twin):
    frame = sample(t.panel, "entrants")
    return callaway_santanna(frame, cluster="uai")


def _hidden(panel: pd.DataFrame) -> pd.DataFrame:
    year = panel[panel["rentree"] == 2023]
    small = year["sortants"] < 20
    return year.assign(
        sortants=year["sortants"].mask(small), en_emploi_6_mois=year["en_emploi_6_mois"].mask(small)
    )


@pytest.fixture(scope="module")
def results(small) -> dict[str, Result]:
    found = {name: case(small) for name, case in CASES.items()}
    return found | {"planted": found["evaluation"].planted}


@pytest.fixture(params=[*CASES, "planted"])
def result(request, results):
    return request.param, results[request.param]


def test_every_result_keeps_the_contract(result):
    _, found = result
    assert isinstance(found, Result)


def test_every_summary_is_french_and_has_a_number(result):
    found = result[1]
    said = found.summary()
    assert re.search(r"\d", said), said
    assert re.search(r"[éèêàç]", said), said
    assert not re.search(r"\bnan\b|\binf\b|None|n\. d\. à", said), said
    assert said.rstrip().endswith((".", "!")), said


def test_every_table_is_tidy_and_a_copy(result):
    name, found = result
    frame = found.to_frame()
    assert len(frame)
    assert frame.columns.is_unique
    if name not in NOT_ESTIMATES and name != "regional":
        assert {"estimate", "ci_low", "ci_high"} <= set(frame)
        known = frame.dropna(subset=["estimate", "ci_low", "ci_high"])
        assert len(known)
        if not name.startswith(("relative", "smooth")):
            assert (known["ci_low"] <= known["estimate"] + 1e-9).all()
            assert (known["estimate"] <= known["ci_high"] + 1e-9).all()
    before = frame.iloc[0].copy()
    frame.iloc[0] = frame.iloc[-1]
    frame["de_trop"] = 0
    pd.testing.assert_series_equal(found.to_frame().iloc[0], before)


def test_every_figure_has_labelled_axes_and_draws_something(result):
    _, found = result
    ax = found.plot()
    try:
        assert ax.has_data()
        for axis in (ax.xaxis, ax.yaxis):
            ticks = [tick.get_text() for tick in axis.get_ticklabels()]
            named = bool(ticks) and all(re.search(r"[^\W\d]|\b20\d\d\b", t) for t in ticks if t)
            assert axis.get_label().get_text().strip() or named
        other = plt.subplots()[1]
        assert found.plot(other) is other
    finally:
        plt.close("all")


def test_every_method_could_stand_in_a_paper(result):
    _, found = result
    said = found.method()
    assert len(said) > 120, said
    assert YEAR.search(said), said
    assert said.rstrip().endswith("."), said
    assert "  " not in said
    assert re.search(r"[éèêàç]", said)


def test_every_result_shows_itself_in_french_and_to_those_who_do_not_see(result):
    _, found = result
    shown = found._repr_mimebundle_()
    assert shown["text/plain"] == found.summary() == repr(found)
    page = BeautifulSoup(shown["text/html"], "html.parser")
    said = " ".join(p.get_text("\n") for p in page.find_all("p"))
    assert said.split() == found.summary().split()
    (table,) = page.find_all("table")
    assert table.caption.get_text().startswith(found.caption)
    assert found.caption != Result.caption
    assert all(head.get("scope") in {"col", "row", "rowgroup"} for head in table.find_all("th"))
    assert len(table.select("tbody tr:not(.gt_group_heading_row)")) == len(found.to_frame())
    assert not page.find_all(style=True)


def test_every_result_can_be_written_for_a_paper(result):
    _, found = result
    made = found.to_latex(simulees=True, secret=Secret())
    assert r"\toprule" in made
    assert "données simulées" in made
    assert "non précisé" in found.to_latex(secret=Secret())


def test_an_unknown_estimate_says_which_there_are(small):
    with pytest.raises(FpiError, match=r"« Net »\. .*« Effet net par place »"):
        j(small.panel)["Net"]


def test_words_of_a_result_cannot_become_markup(small):
    found = replace(j(small.panel)[0], outcome="<b>x</b>", label="<script>")
    html = found._repr_mimebundle_()["text/html"]
    assert "<script>" not in html
    assert "<b>" not in html


def test_what_is_too_small_is_said_neither_in_the_table_nor_in_the_sentences():
    found = unit_cost("diplômé", 9.5e6, 3.0)
    shown = found._repr_mimebundle_()
    for words in (*shown.values(), repr(found), found.to_latex(secret=Secret())):
        assert "3\u202f166\u202f667" not in words
        assert "masqué" in words
    assert "3\u202f166\u202f667" in found.summary()


def classes_with_a_summary() -> dict[str, type]:
    found = {}
    for module in pkgutil.walk_packages(fpi_eval.__path__, "fpi_eval."):
        if module.name.split(".")[1] in WITH_RESULTS:
            for one in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(one) and one.__module__ == module.name:
                    found[one.__name__] = one
    return {k: v for k, v in found.items() if hasattr(v, "summary") and k not in NOT_RESULTS}


def test_a_class_that_has_a_summary_has_the_three_others_and_is_tried_above(results):
    tried = {type(found).__name__ for found in results.values()}
    walked = classes_with_a_summary()
    assert len(walked) > 20
    assert set(walked) == tried
    for name, one in walked.items():
        assert issubclass(one, Result), name
        lacking = [m for m in METHODS if not inspect.isfunction(getattr(one, m, None))]
        assert not lacking, f"{name} : {lacking}"


def years(**columns) -> EventStudy:
    table = pd.DataFrame({"rel_time": [-2, -1, 0], **columns})
    return EventStudy("diplomes", "Empilement", table, 10, 5, 4, 2, "règle", np.eye(len(table)))


def test_the_year_of_reference_is_named_and_never_given_a_missing_interval():
    nan = np.nan
    said = years(
        estimate=[0.1, 0.0, 0.5], std_error=[0.1, nan, 0.1], ci_low=[-0.1, nan, 0.3],
        ci_high=[0.3, nan, 0.7],
    ).summary().splitlines()  # fmt: skip
    assert said[0] == "Année −2 : +0,100 (de −0,100 à +0,300)"
    assert said[1] == "Année −1 : 0 (année de référence)"
    assert said[2] == "Année 0 : +0,500 (de +0,300 à +0,700)"
    assert "n. d." not in "\n".join(said)


def test_a_year_without_estimate_or_interval_says_which_is_missing():
    nan = np.nan
    found = years(estimate=[nan, 0.0, 0.5], ci_low=[nan] * 3, ci_high=[nan] * 3)
    said = found.summary().splitlines()
    assert said[0].endswith("non estimable")
    assert said[2].endswith("+0,500 (sans intervalle)")


def test_the_verdict_comes_first(small):
    for make in (lambda: study_family(small.panel, ("entrants", "diplomes"), draws=49),
                 lambda: heterogeneity(small.panel, by=("niveau",), draws=49),
                 lambda: j(small.panel)):  # fmt: skip
        said = make().with_verdict("prudence").summary()
        assert said.startswith("Verdict sur le plan d'évaluation : prudence")


def test_results_are_not_changed_by_being_read(small):
    found = j(small.panel)
    same = replace(found)
    found.summary(), found.method(), found.to_frame()
    assert found.items == same.items


def test_with_one_treated_establishment_nothing_speaks_of_a_missing_interval():
    few = twin.draw(replace(twin.SMALL, treated_etablissements=1), 3).panel
    results = (
        j(few, "entrants"),
        study_family(few, ("entrants", "terminale"), draws=99),
        heterogeneity(few, "entrants", draws=99),
        j_and_bjs2_t(few, "entrants"),
        callaway_santanna(few, "entrants"),
    )
    for found in results:
        said = found.summary()
        assert "n. d. à" not in said
        assert "nan" not in said
    assert "sans intervalle" in study_family(few, ("entrants",), draws=99).summary()


def test_the_table_of_several_estimates_is_titled_by_their_outcome(small):
    one = wald(small.panel, "terminale")
    two = Estimates((one, replace(one, outcome="diplomes")))
    assert "(élèves en dernière année)" in Estimates((one, one)).to_latex(secret=Secret())
    assert "Effets estimés}" in two.to_latex(secret=Secret())


def test_some_estimates_are_taken_as_those_of_a_tuple():
    found = j(invented_panel(noise=1.0), "diplomes")
    assert found[:2] == (found[0], found[1])
    assert found[1:] == tuple(found)[1:]
