"""Every estimator runs on a researcher's own table, its columns named, as on the cell panel."""

import copy
import importlib
import inspect
import pickle
import subprocess
import sys
import warnings
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel
from scipy import stats

import fpi_eval
from fpi_eval import checks, impact, indicators, misspelt, twin
from fpi_eval.errors import FpiError
from fpi_eval.impact import columns
from fpi_eval.impact.field_names import ALSO
from fpi_eval.panel.cell_panel import CellPanel

#: Own names of the columns of the cell panel.
OWN = {
    "cell": "classe", "rentree": "annee", "seats": "postes", "course": "diplome_prepare",
    "code_region": "reg", "uai": "lycee", "code_departement": "dep", "famille": "domaine",
    "entrants": "inscrits", "duree": "longueur", "diplomes": "recus", "autres_places": "autres",
    "nouvelle": "neuve", "filiere": "branche",
}  # fmt: skip
NAMED = {
    "unit": "classe", "time": "annee", "dose": "postes", "course": "diplome_prepare",
    "region": "reg", "cluster": "lycee", "departement": "dep", "famille": "domaine",
    "size": "inscrits", "duree": "longueur", "other_dose": "autres", "new": "neuve",
    "filiere": "branche",
}  # fmt: skip
ON_THE_PANEL = (
    "j", "bjs2_t", "j_and_bjs2_t", "wald", "imputation",
    "poisson_imputation", "opening_study", "stacked", "triple_difference", "twfe", "intertemporal",
    "placebo_regions", "displacement", "substitution", "ladder", "by_fill", "own_by_fill",
    "heterogeneity", "totals",
)  # fmt: skip
#: Estimators of several outcomes, of openings by cohort or size, tested by themselves.
APART = (
    "callaway_santanna", "sun_abraham", "synthetic", "chain", "study_family", "dose_response",
    "masked",
)  # fmt: skip
CLOSE = 1e-8
MODULES = (
    checks, fpi_eval.costs, fpi_eval.headline, impact, indicators, fpi_eval.power,
    fpi_eval.projection, fpi_eval.records, twin,
)  # fmt: skip
ONE = indicators.Indicator(
    name="places_ouvertes", label="Places ouvertes", definition="Places.", formula="places",
    source="registre", limite="aucune", numerator=("seats",),
)  # fmt: skip
#: Classes that a researcher makes.
CHECKED = (checks.Study, impact.Columns, impact.Ring, indicators.Indicator)


@cache
def panel() -> pd.DataFrame:
    table = invented_panel(3, noise=1.0, new=3)
    rng = np.random.default_rng(0)
    table["places"] = table["entrants"] * rng.uniform(0.9, 1.4, len(table)).round(1)
    table["sortants"] = (0.8 * table["diplomes"]).clip(lower=0).round()
    table["en_emploi_6_mois"] = (0.5 * table["sortants"]).round()
    table["terminale"] = table["diplomes"].clip(lower=0) * 1.1
    return table


@cache
def own() -> pd.DataFrame:
    """Return the same panel: own names, mixed rows and columns, text units, dates, no index."""
    table = panel().rename(columns=OWN)
    table["inscrits"] = panel()["entrants"]
    table["classe"] = pd.Categorical("c" + table["classe"].astype(str).str.zfill(4))
    table["annee"] = pd.to_datetime(table["annee"].astype(str) + "-09-01")
    table["lycee"] = table["lycee"].astype("category")
    table = table[sorted(table.columns)].sample(frac=1, random_state=1)
    return table.set_index(np.zeros(len(table), dtype=int))


def numbers(found) -> np.ndarray:
    table = found if isinstance(found, pd.DataFrame) else found.to_frame()
    return table.select_dtypes("number").to_numpy(float)


def test_every_estimator_that_takes_any_table_is_run_here():
    open_ones = {
        name for name in impact.__all__
        if inspect.isfunction(found := getattr(impact, name))
        and {"unit", "time"} <= set(inspect.signature(found).parameters)
    }  # fmt: skip
    assert open_ones == {*ON_THE_PANEL, *APART}


@pytest.mark.parametrize("name", ON_THE_PANEL)
def test_an_own_table_gives_what_the_cell_panel_gives(name):
    estimator = getattr(impact, name)
    table = own().assign(entrants=own()["inscrits"]) if "fill" in name else own()
    wanted = estimator(panel(), "diplomes")
    before = table.copy()
    found = estimator(table, y="recus", **NAMED)
    np.testing.assert_allclose(numbers(found), numbers(wanted), atol=CLOSE)
    pd.testing.assert_frame_equal(table, before)
    assert str(found.summary()).strip()


def test_a_cell_panel_will_do_too():
    found = impact.j(CellPanel(panel()), "diplomes")
    np.testing.assert_array_equal(numbers(found), numbers(impact.j(panel(), "diplomes")))


@pytest.mark.parametrize("name", ["callaway_santanna", "sun_abraham"])
def test_group_time_effects_of_an_own_table(name):
    estimator = getattr(impact, name)
    opened = panel().loc[panel()["seats"] > 0].groupby("cell")["rentree"].min()
    table = panel()[~panel()["nouvelle"]].assign(cohort=lambda d: d["cell"].map(opened))
    wanted = estimator(table, "diplomes", cluster="uai").to_frame()
    mine = table.rename(columns=OWN | {"cohort": "ouverture"}).sample(frac=1, random_state=2)
    found = estimator(
        mine, "recus", unit="classe", time="annee", cohort="ouverture", duree="longueur",
        cluster="lycee",
    )  # fmt: skip
    np.testing.assert_allclose(numbers(found), numbers(wanted), atol=CLOSE)
    entered = estimator(table, "diplomes", lag=0).aggregate("simple").overall
    assert estimator(table, "diplomes", duree=None).aggregate("simple").overall == entered


def test_a_synthetic_control_of_an_own_table():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"reg": np.repeat(list("abcdefgh"), 8), "an": np.tile(range(8), 8)})
    table["emplois"] = rng.normal(size=64).cumsum()
    table["traite"] = (table["reg"] == "h") & (table["an"] >= 5)
    wanted = impact.synthetic(table.set_axis(["unit", "time", "y", "treated"], axis=1), draws=50)
    found = impact.synthetic(table, "emplois", unit="reg", time="an", treated="traite", draws=50)
    assert found.estimate == pytest.approx(wanted.estimate)


@pytest.mark.parametrize("name", ["chain", "study_family"])
def test_estimators_of_several_outcomes_on_an_own_table(name):
    estimator = getattr(impact, name)
    options = {"draws": 19}
    if name == "study_family":
        options["outcomes"] = ("terminale", "sortants")
    mine = own().assign(entrants=own()["inscrits"], diplomes=own()["recus"])
    wanted, found = estimator(panel(), **options), estimator(mine, **NAMED, **options)
    np.testing.assert_allclose(numbers(found), numbers(wanted), atol=1e-6)


def test_an_outcome_is_any_numeric_column_and_its_lag_is_declared():
    table = panel().assign(heures=panel()["diplomes"] * 10, retard=panel()["duree"] - 1)
    wanted = numbers(impact.wald(table, "heures"))
    for lag in ("duree", "retard"):
        np.testing.assert_array_equal(numbers(impact.wald(table, "heures", lag=lag)), wanted)
    bare = table.drop(columns="duree")
    at_once = numbers(impact.wald(bare, "heures"))
    np.testing.assert_array_equal(numbers(impact.wald(table, "heures", lag=0)), at_once)
    assert not np.allclose(at_once, wanted)
    assert impact.wald(table, "heures").outcome == "heures"


def test_given_exposures_and_sizes_are_used_and_absent_structure_is_declared():
    table = panel()
    given = table.assign(etab=0.0, dep=0.0)
    none = {"cluster": None, "departement": None}
    alone = impact.j(table, "diplomes", **none)[impact.GROSS].estimate
    same = impact.j(given, "diplomes", exposure_etab="etab", exposure_dep="dep")[impact.GROSS]
    assert same.estimate == pytest.approx(alone)
    bare = table[["cell", "rentree", "seats", "diplomes", "duree"]]
    absent = dict.fromkeys(("course", "region", "cluster", "departement", "size"))
    found = impact.wald(bare, "diplomes", **absent)
    assert np.isfinite(found.std_error)
    for name in ("j", "bjs2_t", "imputation", "twfe", "poisson_imputation", "opening_study"):
        assert np.isfinite(numbers(getattr(impact, name)(bare, "diplomes", **absent))).any(), name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clutser": "lycee"}, "« clutser » inconnue : vouliez-vous dire « cluster »"),
        ({"time": "an"}, "colonne « an » : absente : nommez-la par time"),
        ({"region": "regionn"}, r"« regionn » : absente : nommez-la .*\(region=None\)"),
        (
            {"region": "ra", "cluster": "cb"},
            r"^colonnes « (ra|cb) » et « (ra|cb) » absentes : "
            r"nommez-les \(.*=….*=…\)",
        ),
        ({"duree": "long"}, "colonne « long » : colonne absente"),
        ({"lag": -1}, "lag=-1"),
        ({"lag": "retard"}, "« retard » : colonne absente"),
        ({"lag": "postes"}, "« postes » : plus de 10 ans, et plus que le tableau n'en compte"),
        ({"lag": "inscrits"}, "« inscrits » : durée impossible"),
        ({"dose": "branche"}, "« branche » : .* n'est pas un nombre"),
        ({"lag": 1.5}, r"^j : lag = « 1.5 » : un nom, un nombre entier \(0 ou plus\)"),
    ],
)
def test_what_is_named_wrong_is_refused_in_french(options, message):
    with pytest.raises(FpiError, match=message):
        impact.j(own(), "recus", **{**NAMED, **options})


def school_year(year):
    return f"{year}-{year + 1}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(lycee=d["lycee"].astype(object).mask(d["postes"] > 0)), "« lycee »"),
        (lambda d: d.assign(postes=np.inf), "« postes » : valeur infinie"),
        (lambda d: d.assign(dep=d["annee"].dt.year), "« dep » change d'une année à l'autre"),
        (lambda d: d.assign(recus="douze"), "« recus » : « douze »"),
        (lambda d: d.drop(columns="recus"), "« recus » : colonne absente"),
        (
            lambda d: pd.concat([d, d]),
            "« classe », « annee » : deux lignes ou plus .* « c\\d+ » en \\d{4}",
        ),
        (
            lambda d: pd.concat(
                [d.assign(annee=d["annee"].dt.year.map(w)) for w in (str, school_year)]
            ),
            "« classe », « annee » : deux lignes ou plus",  # 2023 and « 2023-2024 »
        ),
        (lambda d: d.set_index("classe"), "« classe » : c'est l'index .*reset_index"),
        (lambda d: d[d["branche"] == "chimie"], "aucune ligne"),
        (lambda d: d.to_dict(), "un tableau .*est attendu : dict"),
        (lambda d: SimpleNamespace(to_pandas=d), r"le sien : \.to_pandas\(\)"),
        (lambda d: SimpleNamespace(cells=d), r"SimpleNamespace \(le sien : \.cells\)"),
        (lambda d: d.assign(recus=np.nan), "« recus » : aucune valeur connue"),
        (lambda d: d.rename(columns={"recus": "recu"}), "Vouliez-vous dire « recu »"),
        (lambda d: pd.concat([d, d[["lycee"]]], axis=1), "« lycee » : deux colonnes portent ce"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(change, message):
    with pytest.raises(FpiError, match=message):
        impact.j(change(own()), "recus", **NAMED)


@pytest.mark.parametrize("name", ["j", "bjs2_t", "imputation", "placebo_regions"])
def test_a_column_of_texts_and_numbers_is_one_of_texts(name):
    table = panel().assign(code_region=panel()["code_region"].replace("84", "2A"))
    mixed = table.assign(code_region=[c if c == "2A" else int(c) for c in table["code_region"]])
    found, wanted = (getattr(impact, name)(t, "diplomes") for t in (mixed, table))
    np.testing.assert_allclose(numbers(found), numbers(wanted), atol=CLOSE)


def test_a_school_year_is_the_year_of_its_september():
    table = own()
    year = table["annee"].dt.year
    written = table.assign(annee=year.astype(str) + "-" + (year + 1).astype(str))
    wanted = numbers(impact.wald(panel(), "diplomes"))
    found = numbers(impact.wald(written, "recus", **NAMED))
    np.testing.assert_allclose(found, wanted, atol=CLOSE)
    with pytest.raises(FpiError, match="« 2019-2021 » n'est pas un nombre"):
        impact.wald(table.assign(annee="2019-2021"), "recus", **NAMED)


def place_said(module, name) -> str:
    with pytest.raises(AttributeError) as refusal:
        getattr(module, name)
    return str(refusal.value).partition(" : voyez fpi_eval.")[2]


def test_the_names_that_the_field_uses_say_where_the_estimator_is():
    for place, names in ALSO.items():
        where, name = place.rsplit(".", 1)
        assert hasattr(importlib.import_module(f"fpi_eval.{where}"), name), place
        for module in (checks, fpi_eval.headline, fpi_eval.power):
            asked = [name for name in names.split() if name not in dir(module)][-1:]
            assert [place_said(module, name) for name in asked] == [place] * len(asked)
        assert place_said(impact, names.split()[0]) == place


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda t: impact.sun_abraham(t.drop(columns="rentree")), "« rentree » : absente.*time=…"),
        (lambda t: impact.sun_abraham(t, duree="annees"), "« annees » : colonne absente"),
        (lambda t: impact.sun_abraham(t, lag="seats"), "« seats » : plus de 10 ans"),
        (lambda t: impact.j(t.assign(mois=12 * t["duree"]), duree="mois"), "« mois » : plus de 10"),
        (lambda t: impact.j(t.assign(w=t["rentree"] % 3), lag="w"), "« w » change d'une année à"),
        (lambda t: impact.sun_abraham(t, time="annee"), "« annee » : absente.*trouvé : uai"),
        (lambda t: impact.callaway_santanna(t, control="nevr"), "control='nevr'.*never ou not_yet"),
        (lambda t: impact.j(t, "diplomes", niveau="lycee"), "« lycee » inconnu : secondaire et"),
        (lambda t: impact.displacement(t, rings=("uai",)), "un voisinage .*non « uai »"),
        (lambda t: impact.displacement(t, rings=impact.Ring("x", ("uaii",))), "dire « uai »"),
        (lambda t: impact.study_family(t, []), "aucun résultat demandé"),
        (lambda t: impact.study_family(t, "diplomes", principal="x"), "principal « x » : il n'est"),
        (lambda t: checks.specification_curve(t), "une étude .*non « DataFrame » .*Study"),
        (lambda t: checks.explaining_slope(t), "une étude .*non « DataFrame » .*Study"),
    ],
)  # fmt: skip
def test_a_mistake_of_the_hand_is_told_in_french(asked, message):
    with pytest.raises(FpiError, match=message):
        asked(panel().assign(niveau="secondaire"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda: fpi_eval.load("fpi_aura", 2026, donees="x"), "« donees » .*dire « donnees »"),
        (lambda: fpi_eval.load("fpi_aura"), "load : il manque « rentree »"),
        (lambda: checks.verdict(checks.Study(panel(), "diplomes")), "checks.evaluate.*verdict"),
        (lambda: checks.verdict(checks.Study(panel(), "diplomes"), None), "non « Study » : .*eval"),
        (lambda: checks.verdict([1], None), "un contrôle est attendu .*non « 1 »"),
        (lambda: checks.THRESHOLDS["tendence"], "Vouliez-vous dire « tendance »"),
        (lambda: indicators.INDICATORS["x"], "« x » inconnu. Noms possibles : .*places"),
        (lambda: indicators.compute(panel()), "il manque « indicator »"),
        (lambda: indicators.compute(panel(), "places"), "non « places » : fpi.indicators.IN"),
        (lambda: fpi_eval.checks.plant(panel(), panel()), "« fit », « estimates » et « outcome »"),
        (lambda: fpi_eval.checks.evaluate(own(), "recus", unite="x"), "vouliez-vous dire « unit »"),
        (lambda: impact.j(panel())["brut"], "« brut »"),
        (lambda: impact.j(panel())[9], "place 9 : ce résultat en a 3, de 0 à 2"),
        (lambda: impact.j(panel()).to_latex("f.tex"), "« f.tex » en trop ; .*titre.*write_text"),
        (lambda: impact.j(panel())[0].to_latex(title="x"), "« title » .*dire « titre »"),
        (lambda: impact.j(panel(), "diplomes", panel()), "« DataFrame » en trop"),
        (lambda: impact.j(panel(), "diplomes", y="x"), "« y » est donné deux fois"),
        (lambda: impact.chain(panel(), hirizon=6), "dire « horizon »"),
        (lambda: impact.j(panel(), proportional="non"), "= « non » : True ou False est attendu"),
        (lambda: impact.imputation(panel(), region_effects=None), "« None » : True ou False"),
        (lambda: impact.sun_abraham(panel(), anticipation=-1), r"« -1 » : un nombre entier \(0 ou"),
        (lambda: impact.callaway_santanna(panel(), anticipation=0.5), "« 0.5 » : un nombre entier"),
        (lambda: impact.heterogeneity(panel(), draws=True), "« True » : un nombre entier"),
        (lambda: impact.study_family(panel(), "diplomes", draws=-1), "« -1 » : un nombre entier"),
        (lambda: checks.evaluate(own(), "recus", draws="10"), "« 10 » : un nombre entier"),
        (lambda: twin.draw("SMALL"), "paramètres du .*« SMALL » : fpi.twin.SMALL"),
        (lambda: twin.SCENARIOS["realistc"], "« realistc » inconnu. .*dire « realistic »"),
    ],
)  # fmt: skip
def test_a_call_or_a_name_that_does_not_exist_is_refused_with_what_was_expected(asked, message):
    with pytest.raises(FpiError, match=message):
        asked()


@pytest.mark.parametrize(
    "face",
    [
        fpi_eval.checks,
        fpi_eval.costs,
        impact,
        indicators,
        fpi_eval.power,
        fpi_eval.projection,
        twin,
    ],
)
def test_every_public_function_that_has_options_refuses_another_in_french(face):
    tried = 0
    for name in face.__all__:
        made = getattr(face, name)
        if not inspect.isfunction(made) or not made.__module__.startswith("fpi_eval"):
            continue
        kinds = inspect.signature(made).parameters.values()
        passes_on = any(p.kind is p.VAR_KEYWORD for p in kinds)  # to an estimator, which refuses
        if any(p.default is not p.empty for p in kinds) and not passes_on:
            tried += 1
            with pytest.raises(FpiError, match=f"^{name} : option « optoin » inconnue"):
                made(*(None for p in kinds if p.default is p.empty), optoin=1)
    assert tried


#: What no signature can tell wrong: an answer of any kind, what merely has the attributes asked.
ANYTHING = {("allowed", "found"), ("told", "found"), ("places", "entered"), ("draw", "programme")}


@pytest.mark.parametrize("face", [fpi_eval.load, *MODULES], ids=lambda m: m.__name__)
def test_every_public_argument_is_checked_as_its_signature_says(face):
    made = [getattr(face, name) for name in getattr(face, "__all__", ())] or [face]
    kinds = (*filter(inspect.isfunction, made), *(c for c in made if c in CHECKED))
    for one in kinds:
        assert inspect.isclass(one) or hasattr(one, "__wrapped__"), one
        for p in inspect.signature(one).parameters.values():
            named = p.annotation is p.empty and p.name in columns.NAMES  # `Columns` checks it
            if (one.__name__, p.name) in ANYTHING or named or p.kind is p.VAR_KEYWORD:
                continue
            alone = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY)])
            with pytest.raises(FpiError, match=f"^{one.__name__} : .*{p.name}"):
                misspelt.bound(one.__name__, alone, (), {p.name: object()})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda t: impact.j(t, covariates=None), "covariates = « None » : une liste de noms"),
        (lambda t: impact.j(t, covariates=[["seats"]]), "covariates = « list » : une liste de no"),
        (lambda t: impact.j(t, niveau=t["uai"]), "niveau : un nom est attendu, non des valeurs"),
        (lambda t: impact.j(t, unit=["cell"]), "^j : unit : un seul nom est attendu, pas une"),
        (lambda t: impact.opening_study(t, estimator="sun"), "« sun » : une fonction est attendue"),
        (lambda t: impact.totals(t, names=["uai"]), "names = « list » : un dictionnaire ou None"),
        (lambda t: impact.synthetic(None), "un tableau .*est attendu : NoneType"),
        (lambda t: impact.displaced_entrants(t.drop(columns="entrants")), "« entrants » : .*absen"),
        (lambda t: impact.regional_change(t, "x", region="84"), "« millesime » : colonne absente"),
        (lambda t: checks.Study(t, "diplomes", lag=0), "« lag » inconnue.*columns=dict"),
        (lambda t: checks.Study(t, "diplomes", columns="lag"), "columns = « lag » : un dictio"),
        (lambda t: checks.evaluate(t, "diplomes", "fpi"), "un programme .*non « fpi » : fpi.load"),
        (lambda t: checks.honest_bounds(t), "une étude d'événement .*non « DataFrame »"),
        (lambda t: indicators.compute(t, ONE, by=None), "by = « None » : une liste de noms"),
        (lambda t: indicators.compute_all(t, []), "aucun indicateur demandé"),
        (lambda t: indicators.compute(t.assign(seats="x"), ONE), "« seats » : « x » n'est pas"),
        (lambda t: indicators.emploi_publie(t), "une année est attendue pour p"),
        (lambda t: indicators.in_seats(pd.concat([t, t])), "deux lignes ou plus pour une même"),
        (lambda t: indicators.entry_cohort(t.set_index(["cell", "rentree"])), "c'est l'index"),
        (lambda t: replace(ONE, unit="bananes"), "unit = « bananes » inconnu.*effectif, taux"),
        (lambda t: replace(ONE, niveau_validite="ville"), "« ville » inconnu.*etablissement, f"),
        (lambda t: replace(ONE, proportion=True), "proportion sans dénominateur"),
        (lambda t: replace(ONE, numerator=()), "numérateur vide"),
        (lambda t: impact.Ring("x", ("uai",), within_km="100"), "within_km = « 100 » : un nombre"),
        (lambda t: fpi_eval.power.calendrier(t), "« places_ouvertes » : colonne absente du reg"),
        (lambda t: fpi_eval.power.durees(t[["uai"]], t), "absente de la nomenclature des MEF"),
        (lambda t: fpi_eval.power.puissance(t.drop(columns="voie"), t), "« voie » : colonne absen"),
        (lambda t: impact.exam_effects(t), "« maille » : colonne absente"),
        (lambda t: fpi_eval.costs.unit_cost("place", "dix", 3), "cost = « dix » : un nombre est"),
        (lambda t: fpi_eval.load("fpi_aura", 2026, 3), "donnees = « 3 » : un chemin est attendu"),
    ],
)  # fmt: skip
def test_an_option_of_another_kind_is_refused_with_what_was_expected(asked, message):
    with pytest.raises(FpiError, match=message):
        asked(panel())


def test_without_families_neighbours_are_of_the_same_course():
    alone = NAMED | {"famille": None}
    found = numbers(impact.j(own(), "recus", **alone))
    wanted = numbers(impact.j(own(), "recus", **NAMED | {"famille": "diplome_prepare"}))
    np.testing.assert_allclose(found, wanted, atol=CLOSE)
    one = own().assign(tous="x")
    found = numbers(impact.j(one, "recus", **alone | {"course": None}))
    wanted = numbers(impact.j(one, "recus", **NAMED | {"course": None, "famille": "tous"}))
    np.testing.assert_allclose(found, wanted, atol=CLOSE)


def test_one_name_or_a_column_of_names_is_a_list_of_names():
    wanted = numbers(impact.j(panel(), "diplomes", covariates=["places"]))
    columns = (pd.Series(["places"]), pd.Index(["places"]), np.array(["places"]))
    for names in ("places", *columns, {"places": "Places"}, (n for n in ["places"])):
        found = numbers(impact.j(panel(), "diplomes", covariates=names))
        np.testing.assert_allclose(found, wanted, atol=CLOSE)
    assert replace(ONE, numerator="seats") == ONE  # not the letters of the word
    with pytest.raises(FpiError, match="un indicateur est attendu pour indicators"):
        indicators.definitions({ONE.name: ONE})


def test_numbers_held_otherwise_are_an_array():
    wanted = fpi_eval.costs.acceptability(9.0, np.array([1.0, 2.0, 4.0]), np.array([0.0, 4.0, 8.0]))
    whole = pd.Series([1, 2, 4])
    for draws in ([1, 2, 4], whole, whole.astype("Int64"), whole.astype(object).to_numpy()):
        found = fpi_eval.costs.acceptability(9, draws, range(0, 9, 4))
        pd.testing.assert_frame_equal(found, wanted, check_dtype=False)
    for kind in (list, np.array, pd.Series):
        assert np.ravel(indicators.wilson(kind([3]), kind([10]))) == pytest.approx(
            [0.108, 0.603], 1e-2
        )
    with pytest.raises(FpiError, match=r"un tableau de nombres \(numpy\) est attendu"):
        fpi_eval.costs.acceptability(9, ["deux"], [0, 4])


def test_counts_written_as_texts_or_categories_are_counts():
    wanted = indicators.compute(panel(), ONE, "rentree")
    for kind in (str, "category", "Int64", object):
        written = panel().assign(seats=panel()["seats"].astype(int).astype(kind))
        pd.testing.assert_frame_equal(indicators.compute(written, ONE, "rentree"), wanted)


def test_one_outcome_of_a_family_is_its_name():
    found = impact.study_family(panel(), "diplomes", draws=99)
    assert found.table["outcome"].tolist() == ["diplomes"]


def test_a_group_that_nobody_knows_makes_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (
            "x : aucun groupe" in impact.heterogeneity(panel().assign(x=np.nan), by="x").summary()
        )


def test_a_study_shows_what_it_is_and_no_table():
    assert repr(checks.Study(panel(), "diplomes")).startswith("Étude de « diplomes » sur ")


def test_the_verdict_is_asked_of_a_table_of_ones_own():
    wanted = checks.evaluate(panel(), "diplomes", draws=2)
    found = checks.evaluate(own(), "recus", draws=2, **NAMED)
    gross = found.estimates[impact.GROSS].estimate
    assert gross == pytest.approx(wanted.estimates[impact.GROSS].estimate)
    assert found.planted.draws["kind"].nunique() == wanted.planted.draws["kind"].nunique()
    assert found.checks_frame()["name"].tolist() == wanted.checks_frame()["name"].tolist()
    study = checks.Study(own(), "recus", columns=NAMED)
    plain = checks.Study(panel(), "diplomes")
    assert study.gross.estimate == pytest.approx(plain.gross.estimate, abs=CLOSE)


def test_displacement_is_not_told_of_a_table_that_knows_no_neighbour():
    alone = NAMED | {"departement": None, "famille": None, "region": None, "cluster": "classe"}
    found = impact.displacement(own(), "recus", **alone)
    assert np.isnan([found.diversion, found.neighbours.estimate, found.net.estimate]).all()
    assert np.isfinite(found.own.estimate)
    assert "aucune formation voisine exposée n'est comparée" in found.summary()
    assert "ne permettent pas de dire si le déplacement dépasse 20" in found.summary()


def test_a_single_group_is_named_without_a_list():
    entered = indicators.INDICATORS["entrants"]
    found, wanted = (indicators.compute(panel(), entered, by) for by in ("rentree", ["rentree"]))
    pd.testing.assert_frame_equal(found, wanted)


def test_what_each_estimate_holds_is_said_to_who_asks_all_of_them():
    found = checks.Study(panel(), "diplomes").estimates
    with pytest.raises(AttributeError, match=r"écrivez \[0\]\.estimate"):
        _ = found.estimate
    assert not hasattr(found, "__deepcopy__")
    assert copy.deepcopy(found).to_frame().equals(found.to_frame())
    assert pickle.loads(pickle.dumps(found)).summary() == found.summary()


@pytest.mark.parametrize("module", [checks, fpi_eval.power, fpi_eval.headline])
def test_completion_shows_what_a_researcher_uses(module):
    assert set(dir(module)) == set(module.__all__)


def test_a_list_of_outcomes_is_refused_in_french():
    with pytest.raises(FpiError, match="y : un seul nom est attendu, pas une liste"):
        impact.j(own(), ["recus"], **NAMED)
    with pytest.raises(FpiError, match="y : un nom est attendu, non des valeurs"):
        impact.j(own(), own()["recus"], **NAMED)


def test_a_name_written_nearly_so_is_told():
    with pytest.raises(AttributeError, match=r"sun_abraham \?$"):
        impact.sun_abrahan  # noqa: B018 (what a researcher types)


def test_the_library_says_where_an_estimator_is_and_what_is_written_nearly_so():
    places = {"j": "impact.j", "evaluate": "checks.evaluate", "compute": "indicators.compute"}
    told = {name: f"voyez fpi_eval.{place}" for name, place in places.items()}
    for name, said in {**told, "laod": "load ?", "rien": "impact"}.items():
        with pytest.raises(AttributeError, match=said):
            getattr(fpi_eval, name)
    with pytest.raises(AttributeError, match=r"voyez fpi_eval\.impact\.opening_study"):
        _ = fpi_eval.event_study
    assert not hasattr(fpi_eval, "__wrapped__")


@pytest.mark.parametrize("name", ["maps", "regression", "sources"])
def test_every_module_is_found_by_its_name(monkeypatch, name):
    monkeypatch.delattr(fpi_eval, name, raising=False)  # as where nothing has imported it yet
    assert getattr(fpi_eval, name) is importlib.import_module(f"fpi_eval.{name}")


def test_names_of_columns_show_in_help_and_completion():
    shown = inspect.signature(impact.j).parameters
    assert shown["unit"].default == "cell"
    assert {"time", "dose", "lag", "cluster", "exposure_dep"} <= set(shown)
    assert "``departement``" in impact.j.__doc__
    assert set(impact.__all__) <= set(dir(impact))


ORDERS = (
    "import fpi_eval.impact.j; import fpi_eval.impact as i",
    "import fpi_eval.impact as i; i.j; import fpi_eval.impact.j",
    "from fpi_eval.impact import j; import fpi_eval.impact.j; import fpi_eval.impact as i",
    "import fpi_eval.impact.displacement.net, fpi_eval.impact.twfe; import fpi_eval.impact as i",
)


NAMES = "'j', 'displacement', 'twfe', 'imputation', 'stacked', 'callaway_santanna'"
#: One process a line of `sys.argv`, forked once the packages that all of them need are there.
IN_TURN = f"""
import os, sys, types, pandas, pydantic, scipy.stats, seaborn
for order in sys.argv[1:]:
    if not (child := os.fork()):
        exec(order)
        assert all(type(getattr(i, n)) is types.FunctionType for n in ({NAMES})), order
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, order
"""


def test_names_are_functions_whatever_was_imported_before():
    subprocess.run([sys.executable, "-c", IN_TURN, *ORDERS], check=True)


def test_modules_are_still_reached_by_their_path():
    assert importlib.import_module("fpi_eval.impact.j").j is impact.j


SAME = {
    "an index named as a column": lambda d: d.set_index("cell", drop=False),
    "two levels of index": lambda d: d.set_index(["cell", "rentree"], drop=False),
    "years as text": lambda d: d.assign(rentree=d["rentree"].astype(str)),
    "years as categories": lambda d: d.assign(rentree=d["rentree"].astype("category")),
    "years as periods": lambda d: d.assign(rentree=pd.PeriodIndex(d["rentree"].map(str), freq="Y")),
    "years in one byte": lambda d: d.assign(rentree=(d["rentree"] - 2000).astype("int8")),
    "marks as objects": lambda d: d.assign(nouvelle=d["nouvelle"].astype(object)),
    "outcomes as text": lambda d: d.assign(diplomes=d["diplomes"].map(repr)),
    "students as text": lambda d: d.assign(entrants=d["entrants"].map(repr)),
    "lengths as text": lambda d: d.assign(duree=d["duree"].map(str)),
    "seats as integers": lambda d: d.assign(seats=d["seats"].astype("Int64")),
    "nullable types": lambda d: d.convert_dtypes(),
    "arrow types": lambda d: d.convert_dtypes(dtype_backend="pyarrow"),
    "names that estimators use": lambda d: d.assign(y=1, time=3, dose=5, size=7, cohort=4, unit=1),
    "a year not seen yet": lambda d: pd.concat(
        [d, d[d["rentree"] == 2030].assign(rentree=2031, diplomes=np.nan)], ignore_index=True
    ),
    "categories out of order": lambda d: d.assign(
        **{c: pd.Categorical(d[c], ["@", *sorted(set(d[c]), reverse=True)]) for c in TEXTS}
    ),
}  # fmt: skip
TEXTS = ("uai", "course", "code_region", "code_departement", "famille")
REFUSED = {
    "a year missing": lambda d: d.assign(rentree=d["rentree"].astype(float).mask(d.index == 5)),
    "an infinite year": lambda d: d.assign(rentree=d["rentree"].mask(d.index == 5, np.inf)),
    "half a year": lambda d: d.assign(rentree=d["rentree"] + 0.5),
    "a mark missing": lambda d: d.assign(nouvelle=d["nouvelle"].astype(object).mask(d.index == 2)),
    "no outcome at all": lambda d: d.assign(diplomes=np.nan),
    "complex numbers": lambda d: d.assign(diplomes=1j * d["diplomes"]),
    "seats missing": lambda d: d.assign(seats=d["seats"].mask(d.index == 7)),
    "other seats infinite": lambda d: d.assign(autres_places=np.inf),
    "students infinite": lambda d: d.assign(entrants=d["entrants"].mask(d.index == 7, np.inf)),
    "a course of no year": lambda d: d.assign(duree=0),
    "a course of minus a year": lambda d: d.assign(duree=-1),
    "a course of a year and a half": lambda d: d.assign(duree=1.5),
    "a column named twice": lambda d: pd.concat([d, d[["diplomes"]]], axis=1),
    "no seat": lambda d: d.assign(seats=0.0),
    "one year": lambda d: d[d["rentree"] == 2026],
    "no row": lambda d: d.iloc[:0],
    **{f"{c} missing": lambda d, c=c: d.assign(**{c: d[c].mask(d.index == 2)}) for c in TEXTS},
}  # fmt: skip


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_what_can_be_read_changes_no_number(change):
    wanted = numbers(impact.wald(panel(), "diplomes"))
    np.testing.assert_allclose(
        numbers(impact.wald(change(panel()), "diplomes")), wanted, atol=CLOSE
    )


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_what_means_nothing_is_refused(change):
    with pytest.raises(FpiError):
        impact.wald(change(panel()), "diplomes")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(entrants=0.0), "aucun élève connu avant la première ouverture"),
        (lambda d: d.assign(seats=d["seats"].groupby(d["cell"]).transform("max")), "aucun élève"),
        (lambda d: d[~d["nouvelle"]].assign(filiere="autre"), "hors des filières"),
    ],
)
def test_why_no_seat_can_act_is_said(change, message):
    with pytest.raises(FpiError, match=message):
        impact.j(change(panel()), "diplomes")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("imputation", lambda d: d.assign(seats=9.0 * (d["rentree"] >= 2024)), "de comparaison"),
        ("bjs2_t", lambda d: d[d["rentree"].isin([2020, 2028])], "deux années d'avant"),
        ("dose_response", lambda d: d.assign(seats=-d["seats"]), "que des fermetures"),
        ("poisson_imputation", lambda d: d.assign(diplomes=0.0), "de comparaison"),
    ],
)
def test_an_effect_that_nothing_tells_is_refused(name, change, message):
    with pytest.raises(FpiError, match=message):
        getattr(impact, name)(change(panel()), "diplomes")


def test_an_outcome_of_zeros_has_no_effect_and_no_error():
    gross = impact.j(panel().assign(diplomes=0.0), "diplomes")[impact.GROSS]
    assert (gross.estimate, gross.ci_low, gross.ci_high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("name", ["j", "bjs2_t", "imputation", "placebo_regions"])
@pytest.mark.parametrize("few", [False, True])
def test_a_covariate_that_says_nothing_changes_nothing(name, few):
    table = panel().assign(une=3.0, part=panel()["cell"] % 7, double=2.0 * (panel()["cell"] % 7))
    if few:
        table["seats"] *= table["cell"].isin(table.loc[table["seats"] > 0, "cell"].unique()[:5])
    for without, with_it in ([], ["une"]), (["part"], ["part", "double", "une"]):
        wanted, found = (
            numbers(getattr(impact, name)(table, "diplomes", covariates=c))
            for c in (without, with_it)
        )
        np.testing.assert_allclose(found, wanted, atol=CLOSE)


def test_fill_is_read_from_texts_too():
    written = panel().assign(**{c: panel()[c].map(repr) for c in ("places", "entrants")})
    wanted = numbers(impact.by_fill(panel(), "diplomes"))
    np.testing.assert_allclose(numbers(impact.by_fill(written, "diplomes")), wanted, atol=CLOSE)


ABSENT = dict.fromkeys(("course", "region", "cluster", "departement", "famille", "size", "duree"))


def bare(n: int, opened: int, always: int, late: int) -> pd.DataFrame:
    """Return units × years without students: some open from the first year, some enter late."""
    rng, years = np.random.default_rng(0), 8
    unit, time = np.repeat(np.arange(n), years), np.tile(np.arange(2010, 2010 + years), n)
    first = np.full(n, 9999)
    first[:opened] = 2012 + np.arange(opened) % 4
    first[opened : opened + always] = 2010
    table = pd.DataFrame({"unit": unit, "time": time, "y": rng.normal(size=n * years)})
    table["seats"] = (time >= first[unit]) * (2.0 + unit % 3)
    return table[(unit < n - late) | (time > 2012)]


@pytest.mark.parametrize(("always", "late"), [(1, 0), (0, 15), (3, 15)])
def test_units_of_a_table_without_students_count_whenever_they_enter(always, late):
    table = bare(40, 12, always, late)
    found = impact.wald(table, "y", unit="unit", time="time", dose="seats", lag=0, **ABSENT)
    dummies = [pd.get_dummies(table[c], dtype=float) for c in ("unit", "time")]
    effects = np.column_stack(dummies)
    z = (table["seats"] > 0).to_numpy(float)
    net = z - effects @ np.linalg.lstsq(effects, z, rcond=None)[0]
    assert found.estimate == pytest.approx((net @ table["y"]) / (net @ table["seats"]))
    assert (found.n_cells, found.n_treated_clusters) == (40, 12)
    assert f"t à {12 - 1} degrés" in found.rule


def against_few(n: int) -> pd.DataFrame:
    """Return 12 units that open together and n that never do."""
    table = bare(12 + n, 12, 0, 0)
    opened = (table["unit"] < 12) & (table["time"] >= 2013)
    return table.assign(seats=opened * (2.0 + table["unit"] % 3))


@pytest.mark.parametrize("elsewhere", [False, True], ids=["alone", "beside other courses"])
@pytest.mark.parametrize(
    "name",
    ["wald", "imputation", "poisson_imputation", "intertemporal", "opening_study", "twfe", "j"],
)
def test_few_units_to_compare_with_leave_few_degrees_of_freedom(name, elsewhere):
    """Units of courses that nobody opens say nothing of the years of those opened."""
    named = ABSENT | {"unit": "unit", "time": "time", "dose": "seats", "lag": 0}
    named |= {} if name == "twfe" else {"course": "course"}
    for n in (1, 3):
        table = against_few(n).assign(y=lambda d: d["y"] + 9, course="a")
        if elsewhere and name != "twfe":  # it has no effects of courses
            others = bare(30, 0, 0, 0).assign(course="b", unit=lambda d: d["unit"] + 100)
            table = pd.concat([table, others.assign(y=lambda d: d["y"] + 9)], ignore_index=True)
        found = getattr(impact, name)(table, "y", **named)
        found = found.overall if name == "opening_study" else found
        found = found[0] if name == "j" else found
        found = found.estimate if name == "twfe" else found
        half = (found.ci_high - found.ci_low) / 2
        if name == "j":  # its interval of few establishments is no Student's
            assert np.isfinite(half) == (n > 1)
            continue
        wanted = np.nan if n == 1 else stats.t.ppf(0.975, n - 1) * found.std_error
        assert half == pytest.approx(wanted, nan_ok=True), n


@pytest.mark.parametrize("name", ["wald", "j", "twfe"])
def test_a_course_open_everywhere_counts_where_it_is_compared(name):
    """Effects of its years leave nothing of it; a two-way estimate compares it with all others."""
    named = ABSENT | {"unit": "unit", "time": "time", "dose": "seats", "lag": 0, "course": "course"}
    everywhere = against_few(0).assign(course="b", unit=lambda d: d["unit"] + 100)
    everywhere = pd.concat([everywhere, everywhere.assign(unit=lambda d: d["unit"] + 100)])
    beside = bare(20, 3, 0, 0).assign(course="a")
    table = pd.concat([everywhere, beside], ignore_index=True).assign(y=lambda d: d["y"] + 9)
    found = getattr(impact, name)(table, "y", **named)
    found = {"twfe": lambda: found.estimate, "j": lambda: found[0], "wald": lambda: found}[name]()
    assert found.df == (27 - 1 if name == "twfe" else 3 - 1)


def test_openings_of_courses_taught_once_are_not_moved_with_the_others():
    named = ABSENT | {"unit": "unit", "time": "time", "dose": "seats", "lag": 0, "course": "course"}
    table = bare(20, 3, 0, 0).assign(course="a", y=lambda d: d["y"] + 9)
    once = bare(12, 12, 0, 0).assign(unit=lambda d: d["unit"] + 100, y=lambda d: d["y"] + 9)
    once["course"] = once["unit"].astype(str)
    wanted = impact.j(table, "y", **named)[0]
    found = impact.j(pd.concat([table, once], ignore_index=True), "y", **named)[0]
    assert "permutation" in wanted.rule
    assert (found.ci_low, found.ci_high) == pytest.approx((wanted.ci_low, wanted.ci_high))


def test_a_group_of_effects_is_compared_within_its_own_courses():
    few = against_few(2).assign(course="a", branch="few")
    many = bare(30, 8, 0, 0).assign(course="b", branch="many", unit=lambda d: d["unit"] + 100)
    named = ABSENT | {"unit": "unit", "time": "time", "dose": "seats", "lag": 0, "course": "course"}
    found = impact.imputation(
        pd.concat([few, many], ignore_index=True), "y", by="filiere", filiere="branch", **named
    )
    assert {one.label.split()[-1]: one.df for one in found} == {"few": 2 - 1, "many": 8 - 1}


def test_a_long_course_open_since_the_first_year_does_not_count_as_treated():
    """Its first year is later: outcomes before come from students whose seats are unknown."""
    table = bare(30, 8, 3, 0).assign(duree=lambda d: np.where(d["unit"].between(8, 10), 3, 1))
    named = ABSENT | {"unit": "unit", "time": "time", "dose": "seats", "duree": "duree"}
    assert impact.wald(table, "y", **named).n_openings == 8


def test_two_territories_compared_with_each_other_alone_have_no_error():
    table = bare(12, 2, 0, 0).assign(region=lambda d: np.where(d["unit"] < 2, "here", "there"))
    named = ABSENT | {"region": "region", "unit": "unit", "time": "time", "dose": "seats"}
    found = impact.ladder(table, "y", lag=0, **named)[0]
    assert np.isfinite(found.estimate)
    assert np.isnan([found.std_error, found.ci_low, found.p_value]).all()


def test_an_event_study_counts_the_cells_that_it_cannot_read():
    table = bare(40, 12, 3, 0)
    named = ABSENT | {"unit": "unit", "time": "time", "dose": "seats", "lag": 0}
    found = impact.opening_study(table, "y", **named)
    assert (found.n_cells, dict(found.dropped)["cellule sans année d'avant son ouverture"]) == (
        37,
        3,
    )
    alone = table.assign(course=np.where(table["unit"] == 0, "a", "b"))
    found = impact.intertemporal(alone, "y", **named | {"course": "course"})
    assert dict(found.dropped)["cellule dont les places changent, sans comparaison"] == 1


@pytest.mark.parametrize("name", ["j", "wald", "imputation", "intertemporal"])
def test_an_effect_without_any_error_has_an_interval_and_a_p_value_that_agree(name):
    named = ABSENT | {"unit": "unit", "time": "time", "dose": "seats", "lag": 0}
    for effect in (0.0, 1.0):
        table = bare(40, 12, 0, 0).assign(y=lambda d, e=effect: 1.0 + d["unit"] + e * d["seats"])
        found = getattr(impact, name)(table, "y", **named)
        found = found[0] if name == "j" else found
        bounds = [found.estimate, found.ci_low, found.ci_high]
        np.testing.assert_allclose(bounds, effect, atol=1e-6)
        assert (found.p_value < 0.05) == (effect > 0)


def test_without_any_neighbour_the_method_says_that_displacement_is_taken_to_be_nil():
    named = ABSENT | {"unit": "unit", "time": "time", "dose": "seats", "lag": 0}
    table = bare(40, 12, 0, 0).assign(place=lambda d: d["unit"] % 10, kind="x")
    said = "déplacement est compté nul"
    assert said in impact.j(table, "y", **named).method()
    for found in (impact.j, impact.j_and_bjs2_t):
        assert said in found(table, "y", **named).summary()
    near = named | {"departement": "place", "famille": "kind"}
    assert said not in impact.j(table, "y", **near).method()
    assert said not in impact.j_and_bjs2_t(table, "y", **near).summary()
