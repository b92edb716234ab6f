import re
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from thin import check_thin

import fpi_eval as fpi
from fpi_eval import checks, headline, impact
from fpi_eval.absent import Absent, attempt
from fpi_eval.costs import job_costs, net_jobs, programme_costs
from fpi_eval.costs.programme_costs import NEVER, WITHOUT, committed
from fpi_eval.figures import Figure
from fpi_eval.headline import in_chapters
from fpi_eval.headline.first_page import first_page
from fpi_eval.headline.quantity import (
    COUNTED,
    PROJECTED,
    Headline,
    Quantity,
    Scope,
    gathered,
)
from fpi_eval.indicators import emploi_publie, passage
from fpi_eval.programme import load_programme
from fpi_eval.projection import LECTURES, gap_to_plan, measured_rates, outlook, retroprojection
from fpi_eval.projection.gap import SEATS
from fpi_eval.projection.projection import Projection
from fpi_eval.report.pages import cibles as cibles
from fpi_eval.report.pages import couts as couts
from fpi_eval.report.pages import eventails as eventails
from fpi_eval.report.pages import totaux as totaux
from fpi_eval.report.pages import trajectoire as vue
from fpi_eval.report.runner.notebooks import inspect
from fpi_eval.tables import Table
from fpi_eval.text import nombre

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "06_trajectoire_et_couts.ipynb"


def analysed(annee: fpi.Year) -> SimpleNamespace:
    """Make what the notebook makes."""
    found, what = outlook(annee), annee.programme
    rates = emploi_publie(annee, 12)
    costs, jobs = programme_costs(what, found), job_costs(what, found, net_jobs(found, rates))
    panel, context = annee.panel, annee.context
    outcome = checks.observed_outcome(panel, what)
    groups = totaux.decoupages(what)
    total = checks.allowed(
        checks.evaluated(panel, outcome, what),
        attempt(impact.totals, annee.cells, "entrants", names=groups),
    )
    numbers = headline.trajectoire(annee, found, costs)
    past = retroprojection(passage(annee), lag=2, seed=what.graine)
    return SimpleNamespace(
        annee=annee, outlook=found, rates=rates, context=context, total=total,
        calendrier=vue.calendrier(found),
        mesures=vue.mesures(measured_rates(annee), context),
        reponse=vue.reponse(found, numbers),
        prix=couts.reponse(numbers, what),
        limites=vue.limites(found),
        eventail=eventails.eventail(found),
        niveaux=eventails.niveaux(found),
        diplomes=eventails.diplomes(found),
        filieres=eventails.filieres(found),
        probabilites=cibles.probabilites(found),
        restantes=cibles.restantes(found),
        ecart=cibles.ecart(attempt(gap_to_plan, found), context),
        epreuve=cibles.epreuve(past, context),
        couts=couts.couts(costs, context),
        emplois=couts.emplois(jobs, rates, context),
        acceptabilite=couts.acceptabilite(found),
        chiffres=numbers,
        entrants=totaux.entrants(total, "source"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def simulees(annee_simulee) -> SimpleNamespace:
    return analysed(annee_simulee)


@pytest.fixture(scope="module")
def reelles(annee_reelle) -> SimpleNamespace:
    return analysed(annee_reelle)


def test_what_each_step_takes_from_the_plan_adds_up_to_the_gap(simulees):
    rows = gap_to_plan(simulees.outlook).set_index(["niveau", "facteur"])
    for _, part in rows.groupby("niveau"):
        gap = part["prevu"].prod() - part["realise"].prod()
        assert part["manque"].sum() == pytest.approx(gap)
    # Fill as declared, of seats that are no longer new: those seen are younger.
    new = simulees.outlook.rates["remplissage", "secondaire"].moyenne
    assert rows.loc[("secondaire", "remplissage"), "realise"] > new
    shown = simulees.ecart.frame
    assert shown["effet"].tolist() == pytest.approx((-rows["manque"]).tolist(), abs=2)
    opened = simulees.outlook.register["places_ouvertes"].sum()
    assert rows.xs("places", level="facteur")["realise"].sum() <= opened


def test_the_steps_add_up_as_they_are_shown():
    steps = [SEATS, *list(vue.LIENS)[:2]]
    gap = pd.DataFrame({"niveau": "secondaire", "facteur": steps, "manque": [12.4, 7.4, 3.4]})
    gap = gap.assign(prevu=1.0, realise=0.9)
    made = cibles.ecart(gap, SimpleNamespace(credit="c"))
    assert made.shown.iloc[:, -1].tolist() == ["−13", "−7", "−3"]
    assert "En tout, −23 par" in made.note


def test_a_fan_is_drawn_against_the_last_target_that_its_reading_can_reach():
    """Two targets of entrants and one of graduates, which entrants are not held against."""
    made = [
        SimpleNamespace(niveau=level, echeance=due, personnes=people, lecture=reading)
        for level, due, people, reading in (
            ("ensemble", 2028, 5000, "entrants"),
            ("ensemble", 2030, 9000, "entrants"),
            ("superieur", 2030, 400, "entrants"),
            ("ensemble", 2030, 6000, "diplomes"),
        )
    ]
    both, alone = SimpleNamespace(cibles=made), SimpleNamespace(cibles=made[3:])
    assert Projection.aimed(both, "entrants").personnes == 9000
    assert Projection.aimed(both, "diplomes").personnes == 6000
    assert Projection.aimed(alone, "entrants") is None


def test_the_chapter_finds_the_largest_target_that_is_projected():
    expected = replace(seats_of("FPI"), key="entrees_attendues_2030_plan", nature=PROJECTED,
                       unit="personnes", value=2000.0, low=1000.0, high=3000.0)  # fmt: skip
    aims = [
        replace(seats_of("FPI"), key=f"cible_{due}", value=people,
                scope=Scope("FPI", annees=f"échéance {due}"))
        for due, people in ((2026, 12_000.0), (2030, 9000.0))
    ]  # fmt: skip
    find = in_chapters.FINDINGS["06_trajectoire_et_couts"]
    assert plain(find(Headline((*aims, expected)))).startswith("D'ici 2030, 2 000 personnes")
    assert find(Headline(tuple(aims))) == ""


def test_the_figure_by_level_says_the_numbers_of_its_table():
    fan = pd.DataFrame(
        [[2030.0, 1160.3, 1180, 1205.2, 1220, 1239.6]], columns=["annee", *eventails.QUANTILES]
    )
    target = SimpleNamespace(niveau="superieur", echeance=2030, personnes=1500, lecture="entrants")
    flux = SimpleNamespace(rows=lambda niveau: np.array([True]))
    main = SimpleNamespace(fan=lambda *_: fan, flux=flux, ahead=[target], title="t")
    made = eventails.niveaux(SimpleNamespace(main=main, context=SimpleNamespace(credit="c")))
    assert made.table.shown["Médiane"].tolist() == ["1\u202f205"]
    assert "médiane 1\u202f205" in made.svg
    assert "1\u202f205 en médiane" in made.alt


def seats_of(programme: str) -> Quantity:
    day = date(2027, 1, 31)
    return Quantity(
        "places_ouvertes", "Places", "places", COUNTED, Scope(programme), "registre", day, 760.0
    )


@pytest.mark.parametrize("order", [1, -1])
def test_the_answer_is_on_the_largest_target_to_come_in_any_order(order):
    targets = [
        SimpleNamespace(code=f"{due}", personnes=people, echeance=due, lecture="entrants")
        for people, due in ((2200, 2028), (9000, 2030))
    ][::order]
    one = SimpleNamespace(ahead=targets, title="Plan", chance=lambda *_: 0.5)
    found = SimpleNamespace(main=one, projections={"plan": one})
    expected = [
        replace(seats_of("FPI"), key=f"entrees_attendues_{aim.code}_plan", nature=PROJECTED,
                unit="personnes", value=float(aim.echeance), low=1000.0, high=3000.0)
        for aim in targets
    ]  # fmt: skip
    said = plain(vue.reponse(found, Headline(tuple(expected))))
    assert said.startswith("D'ici 2030, 2 000 personnes")
    assert "pour 9 000 visées" in said
    assert "50 chances sur 100 d'atteindre 9 000 personnes" in said
    one.ahead = [SimpleNamespace(**vars(aim) | {"lecture": "diplomes"}) for aim in targets]
    graduates = plain(vue.reponse(found, Headline()))
    assert graduates == "50 chances sur 100 d'atteindre 9 000 diplômés, scénario « Plan »."
    one.ahead = []
    assert vue.reponse(found, Headline()) == vue.PAST


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def test_the_notebook_is_thin_and_declares_what_it_shows():
    assert check_thin(NOTEBOOK) == []
    info = inspect(NOTEBOOK)
    assert list(info.parameters) == ["programme", "rentree", "donnees"]
    names = [*info.declares["tables"], *info.declares["figures"]]
    views = (vue, cibles, couts, eventails, totaux)
    assert all(any(hasattr(view, name) for view in views) for name in names)


def test_calendar_marks_what_is_to_come(simulees):
    shown = simulees.calendrier.shown
    first = shown[(shown["Ouverture"] == "2024") & (shown["Durée"] == "3 ans")].iloc[0]
    assert first["Entrants"] == "janvier 2025"
    assert first["Élèves en dernière année"] == "janvier 2027"
    assert first["Résultats aux examens"] == "mars 2028 (à venir)"
    assert first["En emploi six mois après"] == "décembre 2028 (à venir)"


def test_rates_come_from_constats_where_there_are_some(simulees):
    shown = simulees.mesures.shown.set_index(["Taux", "Niveau"])
    retained = ("Entrants qui atteignent la dernière année", "Secondaire")
    assert shown.loc[retained, "Origine"] == "données"
    graduates = "Élèves de dernière année diplômés"
    assert shown.loc[(graduates, "Secondaire"), "Origine"] == "données"  # exams are published
    assert shown.loc[(graduates, "Supérieur"), "Origine"] == "hypothèse"  # none is, for BTS
    assert "Par hypothèse, les places neuves" in simulees.mesures.note
    assert "la page « Les limites » dit l'écart retenu" in simulees.mesures.note


def test_fans_and_tables_are_made(simulees):
    assert isinstance(simulees.eventail, Figure)
    assert isinstance(simulees.diplomes, Figure)
    assert "Trait en tirets : 9 000 visées." in plain(simulees.eventail.alt)  # it is drawn
    for table in (
        simulees.filieres,
        simulees.probabilites,
        simulees.couts,
    ):
        assert isinstance(table, Table)
        assert "n. d." not in table.shown.to_numpy().ravel()


def test_probabilities_are_told_for_every_scenario_target_and_reading(simulees):
    shown = simulees.probabilites.shown
    # The targets of 2026 are past: counted, not projected. « Plan » and « aucun » are now the same.
    assert len(shown) == 2 * 3
    assert shown["Scénario"].iloc[0] == "Aucune place de plus après 2026"
    assert set(shown["Lecture"]) == {"Entrés dans une place ouverte", "Places × années", "Diplômés"}


def test_gross_and_net_readings_stand_side_by_side_and_net_counts_fewer(simulees):
    table = simulees.probabilites
    rows = table.frame[table.frame["lecture"] != LECTURES["places_annees"]]
    whole = [float(v.split(" ")[0].replace("\u202f", "")) for v in rows["personnes"]]
    net = [float(v.split(" ")[0].replace("\u202f", "")) for v in rows["personnes_net"]]
    assert all(b < a for a, b in zip(whole, net, strict=True))
    assert "pris aux formations voisines" in plain(table.note)
    assert LECTURES["additionnels"] in set(simulees.restantes.frame["lecture"])


def test_fill_of_opened_seats_is_used_where_it_is_known_and_all_seats_elsewhere(
    simulees, monkeypatch
):
    shown = simulees.mesures.shown.set_index(["Taux", "Niveau"])["Origine"]
    assert shown["Entrants par place ouverte", "Secondaire"] == "estimation"
    module = import_module("fpi_eval.projection.outlook")
    monkeypatch.setattr(module, "WEAK", 0.0)  # nothing is then known well enough
    found = measured_rates(simulees.annee)
    assert {found["remplissage", niveau].origine for niveau in ("secondaire", "superieur")} == {
        "données"
    }


def test_a_person_aimed_at_is_not_counted():
    found = programme_costs(load_programme("fpi_aura"), Absent("Sans registre."))
    context = SimpleNamespace(programme=load_programme("fpi_aura"), credit="essai")
    shown = couts.couts(found, context).shown
    aimed = shown["Par"].str.startswith("personne visée")
    assert aimed.any()
    assert set(shown.loc[aimed, "Intervalle à 95 %"]) == {"cible publiée"}


def test_a_target_whose_date_is_past_has_no_rentree_left(simulees):
    shown = simulees.restantes.shown
    assert set(shown["Rentrées restantes"]) == {"4"}
    assert set(shown["Cible"]) == {"Personnes formées d'ici 2030"}
    whole = shown[shown["Lecture"].eq("Diplômés") & shown["Rentrées restantes"].eq("4")]
    main = whole["Scénario"].str.startswith("Aucune place")
    assert set(whole.loc[main, "Places par rentrée"]) == {"7\u202f900"}
    net = shown["Lecture"].eq("Diplômés en plus, déplacement déduit")
    assert set(shown.loc[net, "Places par rentrée"]) == {"hors d'atteinte"}


def test_the_predecessor_cost_is_a_lower_bound(simulees):
    shown = simulees.couts.shown
    before = shown[shown["Programme"] == "ATCF"].iloc[0]
    assert plain(before["Euros"]) == "10 000 €"
    assert before["Intervalle à 95 %"] == "borne inférieure"
    assert before["Par"] == "place annoncée"  # the register opens fewer
    assert "ATCF n'a publié qu'un montant minimal" in simulees.couts.note
    counted = shown[shown["Par"] == "place, ouverte ou à ouvrir"].iloc[0]
    assert counted["Intervalle à 95 %"] == "compté"
    assert simulees.couts.source.startswith("Registre des ouvertures ; Académie")
    assert simulees.chiffres["cout_place"].source == "Registre des ouvertures"


def test_past_projections_are_put_to_the_test(simulees):
    table = simulees.epreuve
    assert len(table.shown) >= 5
    assert "bande à 80 %" in plain(table.note)
    shown = table.frame[["observe", "mediane", "bas", "haut"]]
    assert (shown % 10 == 0).all(axis=None)


def test_limits_name_the_assumed_rates_and_what_is_not_seen(simulees):
    words = plain(simulees.limites)
    assert "Taux supposés" in words
    said = r"s'écartaient de ceux des autres de [+−]\d,\d % par an \(erreur \d,\d %\)"
    assert re.search(said, words)
    corrected = r"en est corrigé \(secondaire : [+−]?0,\d\d élève par place\), et sa fourchette"
    assert re.search(corrected, words)
    assert (
        "Pas encore visibles, pour aucune place du programme : résultats aux examens, en emploi six"
        in words
    )
    assert "des places de la voie scolaire (FPI AURA) seulement." in words


def test_what_is_to_come_has_one_name_on_every_page(simulees):
    labels = {one.key: one.label for one in simulees.chiffres if one.key.startswith("a_venir")}
    first = first_page(Headline((seats_of("FPI AURA"), *simulees.chiffres))).dates
    assert labels["a_venir_diplomes"] == "Résultats aux examens (par lycée ou académie)"
    assert labels["a_venir_en_emploi_6_mois"] == "En emploi six mois après (FPI AURA)"
    assert {words for _, words in first} == set(labels.values())


def test_without_a_register_only_planning_ratios_are_shown(reelles):
    assert "s'écartaient" not in plain(reelles.limites)  # no fill is learnt
    assert "Le programme n'a pas commencé : ses premières places" in plain(reelles.reponse)
    words = plain(reelles.prix)
    assert "2 400 €" in words  # 22 M€ / 9 000
    assert "5 900 €" in words  # 22 M€ / 3 700
    assert "2 600 €" in words  # 9.5 M€ / 3 700
    silent = ("calendrier", "eventail", "niveaux", "diplomes", "filieres", "emplois",
              "acceptabilite", "probabilites", "restantes")  # fmt: skip
    for name in silent:
        absent = getattr(reelles, name)
        assert isinstance(absent, Absent)
        assert absent == reelles.context.no_openings
    assert [plain(v) for v in reelles.couts.shown["Euros"]] == [
        "2 400 €", "1 100 €", "10 000 €",
    ]  # fmt: skip
    assert "ne peuvent pas encore" in str(reelles.epreuve)


def test_a_cost_per_person_says_its_scenario_and_how_sure_its_range_is(simulees):
    said = simulees.prix.split("\n\n")
    assert said[1].startswith("Coût complet par personne entrée : ")
    assert f"scénario « {simulees.outlook.main.title} »" in said[2]
    assert said[2].endswith("Fourchette de 95 chances sur 100.")


def test_each_cost_counts_fewer_people_than_the_step_before(simulees):
    rows = simulees.couts.frame
    full = rows[(rows["basis"] == "Coût complet") & (rows["programme"] == "FPI AURA")]
    units = full["unit"].str.split(" d'ici").str[0]
    ratio = dict(zip(units, full["ratio"], strict=True))
    seat = "place, ouverte ou à ouvrir"
    chain = [seat, "entrant", "personne allée au bout de ses études", "diplômé"]
    assert set(chain) <= set(ratio)
    assert ratio["entrant"] < ratio["personne allée au bout de ses études"] < ratio["diplômé"]
    net = full[units == "diplômé en plus (net)"].iloc[0]
    assert net["count"] < full.loc[units == "diplômé", "count"].iloc[0]
    assert net["ratio"] == couts.UNTOLD  # nothing bounds it above
    assert net["words"].endswith("non borné vers le haut")


def test_people_counted_by_a_cost_are_those_that_the_trajectory_shows(simulees):
    rows = simulees.couts.frame
    units = rows["unit"].str.split(" d'ici").str[0]
    counted = {unit: plain(nombre(n)) for unit, n in zip(units, rows["count"], strict=True)}
    ahead = simulees.probabilites.shown.head(3).set_index("Lecture")
    for reading, unit in (("Entrés dans une place ouverte", "entrant"), ("Diplômés", "diplômé")):
        assert plain(ahead.loc[reading, "Brut"]).startswith(f"{counted[unit]} (")
        assert plain(ahead.loc[reading, "Net"]).startswith(f"{counted[f'{unit} en plus (net)']} (")


def test_a_subsidy_that_the_register_does_not_write_is_unknown_and_not_nothing(simulees):
    what = simulees.annee.programme
    silent = replace(simulees.outlook, register=simulees.outlook.register.assign(subvention=0.0))
    assert set(committed(what, simulees.outlook)) == {"Coût complet", "Subvention"}
    assert set(committed(what, silent)) == {"Coût complet"}


def test_a_net_job_costs_what_a_net_graduate_does_over_the_published_share_employed(simulees):
    rows = simulees.emplois.frame
    best = rows[(rows["sinon"] == NEVER) & (rows["lieu"] == "tous secteurs")].iloc[0]
    costs = simulees.couts.frame
    net = costs[costs["unit"].str.startswith("diplômé en plus")].iloc[0]
    rates = simulees.rates["taux"]
    assert rates.min() < best["count"] / net["count"] < rates.max()
    industry = rows[(rows["sinon"] == NEVER) & (rows["lieu"] != "tous secteurs")].iloc[0]
    assert industry["count"] == pytest.approx(best["count"] * (1 - 0.33), rel=1e-9)
    other = rows[(rows["sinon"] == WITHOUT) & (rows["lieu"] == "tous secteurs")].iloc[0]
    assert other["count"] == pytest.approx(best["count"] * (1 - 0.82), rel=1e-9)
    assert set(rows["ratio"]) == {couts.UNTOLD}  # nothing bounds them above
    assert "le coût ne serait pas borné" in plain(simulees.emplois.note)


def test_chances_of_costing_less_grow_with_the_price(simulees):
    drawn = simulees.acceptabilite.table.frame
    for _, part in drawn.groupby("label"):
        assert part["share"].is_monotonic_increasing
        assert part["share"].iloc[0] < 0.2 < 0.8 < part["share"].iloc[-1]


def test_a_price_has_the_chances_that_draws_without_anyone_more_leave_it(simulees, monkeypatch):
    for mean, chances in ((900.0, "80 chances"), (300.0, "60 chances"), (-900.0, "")):
        net = np.random.default_rng(0).normal(mean, 600, 2000)
        monkeypatch.setattr(type(simulees.outlook), "draws", lambda *_, net=net: net)
        drawn = couts.acceptabilite(simulees.outlook)
        assert bool(drawn) == bool(chances)
        if drawn:
            assert drawn.titre.startswith(chances)
            share = drawn.table.frame.groupby("label")["share"]
            assert (share.first() < share.last() / 2).all()


def test_totals_are_told_by_level_filiere_academie_and_departement(simulees):
    shown = simulees.entrants.shown
    assert {"Ensemble", "Niveau", "Filière", "Académie", "Département"} <= set(shown["Découpage"])
    assert "Grenoble" in set(shown["Groupe"])
    net = shown["Net"].map(plain)
    told = net.str.extract(r"^(?:(\+\d[\d ]*|−\d[\d ]*) \()?(.+?) à (.+?)\)?$").dropna(
        subset=[1, 2]
    )
    zero = told[1].str.match("[−0]") & told[2].str.match(r"[+0]")
    assert (told[0].isna() == zero).all()  # a number only where the interval leaves zero out
    assert len(told) + net.eq("trop incertain").sum() == len(net)
    assert zero.any()
    assert "est ôté" in simulees.entrants.note
    assert totaux.methode(simulees.total).startswith("Effet par place multiplié")
    for high, words in ((8.0, "+10 (+10 à +10)"), (np.inf, "trop incertain")):
        few = simulees.total.table.assign(gross=7.0, gross_low=6.0, gross_high=high)
        told = totaux.entrants(replace(simulees.total, table=few), "source").shown["Brut"]
        assert set(told.map(plain)) == {words}  # as few people as that give no count back
    wide = simulees.total.table.assign(
        ci_low=-7.0, ci_high=12.0, estimate=2.0, gross=2.0, gross_low=1.0, gross_high=3.0
    )
    for seats, words in ((9.0, "trop incertain"), (10.0, "−10 à +10")):
        told = totaux.entrants(replace(simulees.total, table=wide.assign(seats=seats)), "source")
        assert set(told.shown["Net"].map(plain)) == {words}
    own = wide.assign(seats=10.0, gross_low=-20.0, gross_high=20.0)  # nor is its own part told
    told = totaux.entrants(replace(simulees.total, table=own), "source")
    assert set(told.shown["Net"].map(plain)) == {"trop incertain"}


def test_totals_are_silent_where_the_verdict_forbids_the_number(reelles):
    assert isinstance(reelles.total, Absent)
    assert reelles.entrants == reelles.total
    assert totaux.methode(reelles.total) == ""


def test_employed_per_final_year_student_are_counts_over_counts(reelles):
    found = reelles.rates.set_index(["niveau", "millesime"])
    row = found.loc[("superieur", "2019_2020")]
    assert row["taux"] == pytest.approx(row["en_emploi"] / row["terminale"])
    assert 0.35 < row["taux"] < 0.50


def test_without_register_or_overall_target_a_cost_is_per_person_of_the_levels_aimed_at():
    ours = load_programme("fpi_aura")
    levels = tuple(target for target in ours.cibles if target.niveau != "ensemble")
    found = programme_costs(ours.model_copy(update={"cibles": levels}), Absent("pas de registre"))
    assert {(cost.unit, cost.count) for cost in found} == {("personne visée (2026)", 3700)}
    assert {(c.unit, c.count) for c in programme_costs(ours, Absent(""))} == {
        ("personne visée (2030)", 9000)
    }


def test_a_target_on_the_way_to_another_is_counted_in_it():
    ours = load_programme("fpi_aura")
    secondary, higher, _ = ours.cibles
    first = secondary.model_copy(update={"code": "etape", "personnes": 900, "echeance": 2025})
    graduates = higher.model_copy(update={"code": "dip", "personnes": 700, "lecture": "diplomes"})
    later = graduates.model_copy(update={"echeance": 2028})
    for aims in (
        (first, secondary, higher),
        (secondary, graduates, higher, first),
        (secondary, higher, later),
    ):
        what = ours.model_copy(update={"cibles": aims})
        found = programme_costs(what, Absent(""))
        assert {(one.unit, one.count) for one in found} == {("personne visée (2026)", 3700)}
        silent = dict.fromkeys(("cout_place", "cout_personne"), Absent("sans registre."))
        assert "réunies (3 700)" in plain(couts.reponse(silent, what))


def test_two_targets_of_one_date_have_each_their_seats_to_open():
    annee = fpi.load("fpi_aura", 2024)
    numbers = gathered([headline.trajectoire(annee, outlook(annee), ())])
    ahead = [c for c in annee.programme.cibles if c.echeance > 2024 and c.lecture == "entrants"]
    assert len(ahead) == 3
    named = [numbers[f"places_a_ouvrir_{c.code}"] for c in ahead]
    assert len({(one.label, str(one.scope)) for one in named}) == 3


def test_neighbours_that_gain_add_people_and_take_none_off():
    said = vue.phrase_nette(SimpleNamespace(displaced=(-1.36, -0.79, -0.37)))
    assert said.replace("\u00a0", " ").startswith(
        "Lectures nettes : 79 % d'entrants ajoutés, gagnés par les formations voisines "
        "(8 chances sur 10 : de 37 % à 136 %)"
    )
    assert "pris" in vue.phrase_nette(SimpleNamespace(displaced=(-0.04, 0.34, 0.92)))
