"""What `03_diplomes` shows, with an effect, without one, and when the number is refused."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from thin import check_thin

import fpi_eval as fpi
from fpi_eval import checks, headline, impact
from fpi_eval.absent import Absent, attempt
from fpi_eval.checks import Check
from fpi_eval.figures import Figure
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.j import J_TEXT
from fpi_eval.panel.simulated_folder import simulated_folder
from fpi_eval.plan import held_against
from fpi_eval.programme import load_programme
from fpi_eval.report.pages import chaine, familles, insertion, totaux
from fpi_eval.report.pages import diplomes as vue
from fpi_eval.report.pages import emploi_en_plus as plus
from fpi_eval.report.runner.notebooks import inspect
from fpi_eval.tables import Table

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "03_diplomes.ipynb"
SHOWN = ("effets", "pour_100", "evenement", "robustesse", "specification", "ecarts")


@pytest.fixture(scope="module")
def folder():
    """The embedded simulated set: what is planted in it is computed once for all tests."""
    return simulated_folder(load_programme("fpi_aura"), 2026)


def analysed(annee, panel=None):
    """Make what the notebook makes, on the year's panel or on another."""
    panel = panel or annee.panel
    outcome = checks.observed_outcome(panel, annee.programme)
    evaluation = held_against(checks.evaluated(panel, outcome, annee.programme), annee.programme)
    return shown(annee, panel, outcome, evaluation)


def shown(annee, panel, outcome, evaluation):
    """Return every object that the page shows, by name."""
    gate = partial(checks.allowed, evaluation)
    cells, study = panel.table, attempt(checks.Study, panel, outcome)
    effets = checks.calibrated(evaluation, attempt(impact.j_and_bjs2_t, cells, outcome))
    groups = attempt(
        impact.heterogeneity, cells, outcome,
        words=annee.programme.mots_filieres, seed=annee.programme.graine,
    )  # fmt: skip
    source = vue.source(annee.context, panel)
    choix = gate(attempt(checks.specification_curve, study))
    slope = attempt(checks.explaining_slope, study)
    study_of = attempt(impact.stacked, cells, outcome)
    smooth = attempt(checks.honest_bounds, study_of, "smooth")
    opening = attempt(checks.per_opening, study)
    chiffres = headline.effet(annee, evaluation)
    return SimpleNamespace(
        chiffres=chiffres, annee=annee, panel=panel, outcome=outcome,
        evaluation=evaluation, source=source,
        reponse=vue.reponse(evaluation, chiffres),
        effets=vue.effets(effets, source),
        pour_100=chaine.pour_100(chiffres, source),
        evenement=vue.evenement(gate(study_of), source),
        plantes=vue.plantes(evaluation, source),
        controles=vue.controles(evaluation, source),
        equilibre=vue.equilibre(evaluation, source),
        ecarts=vue.ecarts(gate(attempt(checks.honest_bounds, study_of)), smooth, source),
        robustesse=vue.robustesse(choix, opening, outcome, source),
        specification=vue.specification(choix, outcome, source),
        tailles=vue.tailles(gate(attempt(impact.dose_response, cells, outcome)), source),
        renverser=vue.renverser(evaluation, effets, slope),
        plan=vue.plan(evaluation),
        limites=vue.limites(annee.context, outcome, panel, evaluation),
        pour_qui=familles.pour_qui(gate(groups), annee.programme.secret),
        groupes=familles.groupes(gate(groups), outcome, source, annee.tension_note),
    )  # fmt: skip


def both_families(of, **other):
    """Return the sentence and the table on every announced outcome."""
    chosen = familles.annonces(of.annee.programme, of.outcome) | other
    gross, net = (
        checks.allowed(
            of.evaluation,
            attempt(impact.study_family, of.panel.table, effect=effect, **chosen),
        )
        for effect in (GROSS, NET)
    )
    return familles.autres(gross, net), familles.famille(gross, net, of.source)


@pytest.fixture(scope="module")
def made(annee_simulee):
    return analysed(annee_simulee)


@pytest.fixture(scope="module")
def early(folder):
    return analysed(fpi.load("fpi_aura", 2021, folder))


@pytest.fixture(scope="module")
def refused(made):
    bad = Check("support", "Formations comparables ailleurs", "fail", 0.1, 0.0, "", "aucune.", True)
    return shown(made.annee, made.panel, made.outcome, made.evaluation.with_checks([bad]))


def test_the_answer_begins_with_the_net_effect_its_range_and_field_then_the_verdict(made):
    net = headline.effet(made.annee, made.evaluation)["effet_net"]
    first, field, *rest = made.reponse.split("\n\n")
    assert "pour 100 places ouvertes" in first.lower()
    assert f"{net.range} {net.unit}" in first
    assert net.number not in first.split("ouvertes, ")[1]  # as on the first page: a range alone
    assert str(net.scope) in field
    assert made.evaluation.verdict.niveau in rest[-1]
    assert "faux programmes plantés dans ces données" in made.plan
    for said in (made.limites, made.plan):  # on the page of effects, and beside the verdict
        assert "Ce qu'aucun contrôle ne peut voir" in said
    assert "registre des ouvertures" in vue.origine(made.panel, made.chiffres)


def test_the_outcome_studied_is_the_nearest_that_files_give_and_it_is_said(made):
    assert made.annee.programme.resultats.principal == "diplomes"
    assert made.outcome == "terminale"
    said = vue.resultat(made.annee.context, made.outcome)
    assert "Aucune source ouverte" in said
    assert said in made.limites


def test_every_section_shows_something(made):
    assert [type(getattr(made, name)) for name in SHOWN] == [
        Table,
        Figure,
        Figure,
        Table,
        Figure,
        Table,
    ]
    assert isinstance(made.plantes, Figure)
    for name in ("controles", "equilibre", "tailles"):
        assert isinstance(getattr(made, name), Table)
    assert made.renverser.count("\n\n") >= 1


def test_the_table_of_effects_adds_up(made):
    rows = made.effets.frame.set_index("label")["estimate"]
    gross = rows["Effet brut"].iloc[0]
    assert rows["Effet net"] == pytest.approx(gross + rows["Déplacement"])


def test_bounds_on_trends_widen_and_begin_at_the_usual_interval(made):
    rows = made.ecarts.frame
    assert rows["m"].tolist() == ["0,0", "0,5", "1,0", "2,0"]
    assert rows["relatif"].is_unique
    assert rows["pente"].is_unique


def test_effects_shown_are_those_that_were_judged(made):
    shown_net = made.effets.frame.set_index("label")["estimate"]["Effet net"]
    assert shown_net == made.evaluation.estimates[NET].estimate


def test_one_interval_is_shown_beside_the_verdict_the_calibrated_one(made):
    """Page, first page, summary and total give the same; the plain one is in the annex alone."""
    row = made.evaluation.planted.calibrated.set_index("label").loc[NET]
    bounds = [row["cal_low"], row["cal_high"]]
    assert bounds[0] <= row["ci_low"] < row["ci_high"] <= bounds[1]  # never narrower
    shown = made.effets.frame.set_index("label").loc["Effet net", ["ci_low", "ci_high"]]
    front = headline.effet(made.annee, made.evaluation)["effet_net"]
    total = made.evaluation.total()
    groups = {"names": totaux.decoupages(made.annee.programme)}
    summed = impact.totals(made.annee.cells, made.outcome, **groups)
    whole = checks.calibrated(made.evaluation, summed).table.iloc[0]
    assert list(shown) == bounds
    assert [front.low, front.high] == [float(f"{100 * b:.5g}") for b in bounds]  # as published
    for found in (total, whole):
        assert [found.ci_low, found.ci_high] == pytest.approx(
            [made.evaluation.seat_years * b for b in bounds]
        )
    other = checks.calibrated(
        made.evaluation, impact.totals(made.annee.cells, "entrants", **groups)
    )
    second = impact.j_and_bjs2_t(made.annee.cells, made.outcome)[3]
    kept = made.evaluation.estimates[3]
    assert (kept.ci_low, kept.ci_high) == (second.ci_low, second.ci_high)  # BJS2-T: not planted
    plain = impact.totals(made.annee.cells, "entrants", **groups)
    assert other.table.equals(plain.table)  # planted on another outcome


def test_the_page_says_whether_a_plan_was_written(made):
    assert "Plan d'analyse écrit d'avance : " in made.plan


def test_checks_of_a_violation_come_first_then_those_of_information_alerts_before_others(made):
    order = {
        "Violation": ["échec", "prudence", "bon", "non évaluable"],
        "Information": ["insuffisant", "limité", "suffisant", "non évaluable"],
    }
    rows = made.controles.frame
    assert rows["genre"].tolist() == sorted(rows["genre"], reverse=True)
    for genre, part in rows.groupby("genre"):
        assert part["statut"].map(order[genre].index).is_monotonic_increasing
    assert len(rows) == len(made.evaluation.checks)


def test_a_lack_of_information_is_told_and_is_no_alarm(made):
    """The page of a solid verdict said that seven checks asked for caution: none of a violation."""
    for genre, one, many in (
        ("violation", "contrôle demande la prudence", "contrôles demandent la prudence"),
        ("information", "contrôle montre que", "contrôles montrent que"),
    ):
        checks = [c for c in made.evaluation.checks if c.genre == genre]
        lit = sum(c.statut in ("caution", "fail") for c in checks)
        assert (f"{lit} {one if lit == 1 else many}" in made.renverser) == bool(lit)
    assert "Ce que le test de tendance a pu manquer : " in made.renverser
    assert "élargit l'intervalle de l'effet brut de ±" in made.renverser


def test_estimators_per_opening_stand_beside_those_per_seat(made):
    rows = made.robustesse.frame
    assert set(rows["unite"]) == {"par place", "par ouverture"}
    assert {"Callaway–Sant'Anna", "Sun–Abraham"} <= set(rows["label"])


def test_a_hundred_seats_have_one_value_and_one_interval_on_the_page(made):
    drawn = made.pour_100.table.frame.set_index("label")
    net = made.chiffres["effet_net"]
    row = drawn.loc["Élèves de plus en dernière année, voisines comprises"]
    assert not net.sure
    assert tuple(row) == ("trop incertain", *net.ends)
    gross = made.chiffres["effet_brut"]
    row = drawn.loc["Élèves de plus en dernière année, formations ouvertes"]
    assert tuple(row) == (gross.rounded, *gross.ends)
    assert net.phrase in made.pour_100.alt
    register = made.annee.register["places_ouvertes"].astype(float).clip(lower=0).sum()
    school = made.annee.panel.table.query("voie == 'scolaire'")
    last = school[school["rentree"] == school["rentree"].max()]
    assert made.chiffres["places_hors_effet"].value == register - last["seats"].sum()


def test_before_any_opening_the_report_says_why_there_is_no_effect(early):
    assert isinstance(early.evaluation, Absent)
    assert early.reponse.startswith("Aucun effet ne peut encore être estimé.")
    for name in (*SHOWN, "plantes", "controles", "equilibre", "renverser"):
        assert str(getattr(early, name)) == str(early.evaluation)
    assert "Une partie des places" in early.limites


def test_a_failed_hard_check_hides_every_number_but_shows_the_checks(refused):
    assert refused.evaluation.blocked
    assert refused.reponse.startswith("Aucun effet n'est donné.\n\nLe verdict interdit de donner")
    assert refused.reponse.endswith("Échec de « Formations comparables ailleurs ».")
    assert refused.chiffres.notes["bloque"] == "oui"
    assert "100 places" not in refused.reponse
    for name in (*SHOWN, "plantes", "renverser"):
        assert "interdit" in str(getattr(refused, name))
    assert isinstance(refused.controles, Table)


def test_real_files_say_exactly_what_they_lack(annee_reelle):
    found = analysed(annee_reelle)
    said = found.reponse
    assert "qu'à la rentrée 2020" in said
    assert "rentrée 2022" in said
    assert "Sans registre des ouvertures" in vue.origine(found.panel, found.chiffres)


def test_a_region_without_a_rise_of_capacity_says_so(made):
    still = made.panel.table.assign(seats=0.0)
    panel = replace(made.panel, table=still, seats_derived=True)
    assert vue.origine(panel, made.chiffres).endswith("il n'y en a aucune.")


def test_a_verdict_not_held_against_a_plan_is_told_without_it():
    made = SimpleNamespace(checks=(), verdict=SimpleNamespace(phrase="sur 200 programmes."))
    assert vue.plan(made) == f"Sur 200 programmes.\n\n{vue.INVISIBLE}"


def test_the_notebook_is_thin_and_declares_what_it_shows():
    assert check_thin(NOTEBOOK) == []
    info = inspect(NOTEBOOK)
    assert info.title == "Les diplômés"
    assert set(info.parameters) == {"programme", "rentree", "donnees"}
    assert all(
        any(hasattr(page, n) for page in (vue, familles, chaine))
        for n in (*info.declares["tables"], *info.declares["figures"])
    )


def test_every_announced_outcome_is_adjusted_gross_and_net_and_the_missing_ones_told(made):
    said, table = both_families(made)
    rows = table.frame
    assert list(rows["effet"]) == ["Brut", "Brut", "Net", "Net"]
    assert set(rows["label"]) == {"Entrants", "Élèves en dernière année"}
    # The outcome that stands in for the announced one was chosen later: it is adjusted too.
    assert rows["p_romano_wolf"].astype(float).between(0, 1).all()
    gross = made.effets.frame.set_index("label")["estimate"]["Effet brut"].iloc[0]
    final = rows[(rows["effet"] == "Brut") & (rows["label"] != "Entrants")]
    assert final["estimate"].iloc[0] == pytest.approx(gross)
    assert said.startswith("Effet brut. Sur 2 résultats ajustés")
    assert "Absents des fichiers" in said
    assert "diplômés" in said


def test_a_primary_outcome_that_files_give_is_not_adjusted(made):
    rows = both_families(made, principal="terminale")[1].frame
    final = rows[rows["label"] == "Élèves en dernière année"]
    assert set(final["p_holm"]) == {"sans ajustement"}


def regrouped(made, table):
    """Return sentence and table by group on another panel, under the same verdict."""
    what = made.annee.programme
    found = checks.allowed(
        made.evaluation,
        impact.heterogeneity(table, made.outcome, words=what.mots_filieres, seed=what.graine),
    )
    return familles.pour_qui(found, what.secret), familles.groupes(found, made.outcome, made.source)


def test_groups_stand_beside_the_sentence_that_says_whether_they_differ(made):
    rows = made.groupes.frame
    assert "Niveau" in set(rows["dimension"])
    assert (rows.groupby("dimension")["p_romano_wolf"].nunique() == 1).all()
    said = made.pour_qui
    tension = rows[rows["dimension"] == "Tension du métier visé"]
    assert set(tension["group"]) == {"plus en tension", "moins en tension"}
    note = made.groupes.note
    assert (
        "groupe NSF → famille professionnelle (metiers.csv), Dares 2019 (valeurs simulées) ;"
        in note
    )
    # Ten openings in BTS among shocks that last: their effect is told by sex on no such basis.
    assert "En BTS, l'effet sur le nombre d'admis est trop incertain pour dire combien de " in said
    assert {"Femmes", "Hommes"} <= set(rows["group"])
    assert "n'est pas celle de ces deux effets" in note


def test_without_tension_the_page_names_the_file_and_the_map_that_give_it(made):
    bare = regrouped(made, made.panel.table.drop(columns="tension"))
    assert "Tension du métier visé : il faut le fichier" in bare[0]
    assert "carte déclarée" not in bare[1].note


def test_a_share_over_fewer_women_than_the_threshold_is_not_shown(made):
    panel = made.panel.table.copy()
    first = panel.index[(panel["rentree"] == 2019) & (panel["entrants_filles"] > 3)][:1]
    men = panel["entrants_filles"] + panel["entrants_garcons"]
    panel["entrants_filles"] = (panel["seats"] > 0).astype(float).where(men.notna())
    panel.loc[first, "entrants_filles"] = 3.0
    panel["entrants_garcons"] = men - panel["entrants_filles"]
    said = regrouped(made, panel)[0]
    assert "moins de 5 femmes ou hommes" in said
    assert "Sur 100 entrants" not in said


def test_without_parcoursup_the_page_says_that_no_file_gives_the_sex(made):
    panel = made.panel.table.drop(columns=["entrants_filles", "entrants_garcons"])
    said = regrouped(made, panel)[0]
    assert "Sexe : les fichiers lus ne le donnent pas" in said
    assert "Sur 100 entrants" not in said


def test_families_and_groups_are_silent_when_the_number_is_refused_or_impossible(refused, early):
    for said in (*both_families(refused), refused.pour_qui, refused.groupes):
        assert "interdit" in str(said)
    for said in (*both_families(early), early.pour_qui, early.groupes):
        assert said == early.evaluation


def test_the_notebook_on_groups_is_thin_and_declares_them():
    path = NOTEBOOK.with_name("04_insertion.ipynb")
    assert check_thin(path) == []
    info = inspect(path)
    assert "groupes" in info.declares["tables"]
    names = (*info.declares["tables"], *info.declares["figures"])
    assert all(any(hasattr(page, n) for page in (insertion, plus, familles)) for n in names)


def test_the_method_says_j_in_short_sentences_and_unfolds_its_exact_text(made):
    told = vue.methode(made.evaluation)
    first = told.words.split("\n\n")[:3]
    sentences = [one for part in first for one in part.removesuffix(".").split(". ")]
    assert "L'effet brut est le coefficient des places" in sentences[-1]
    assert sum(len(one.split()) for one in sentences) <= 160
    assert max(len(one.split()) for one in sentences) < 30
    assert J_TEXT not in told.words
    assert told.exact == J_TEXT
    assert J_TEXT.replace("'", "&#x27;") in told._repr_html_().split("<details")[1]
