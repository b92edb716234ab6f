"""What `03_diplomes` shows, with an effect, without one, and when the number is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

import fpi_eval as fpi
from fpi_eval import twin
from fpi_eval.checks import Check
from fpi_eval.figures import Figure
from fpi_eval.report.pages import diplomes as vue
from fpi_eval.report.pages import emploi_en_plus as plus
from fpi_eval.report.pages import insertion as insertion
from fpi_eval.report.runner.notebooks import check_thin, inspect
from fpi_eval.tables import Table

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "03_diplomes.ipynb"
SHOWN = ("effets", "brut_net", "evenement", "robustesse", "specification")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("jumeau")
    twin.write_files(twin.draw(twin.SMALL, 20240901), made, years=range(2019, 2027))
    return made


@pytest.fixture(scope="module")
def made(folder):
    return vue.etude(fpi.load("fpi_aura", 2026, folder))


@pytest.fixture(scope="module")
def early(folder):
    return vue.etude(fpi.load("fpi_aura", 2021, folder))


def test_the_answer_begins_with_the_verdict_and_gives_gross_net_and_total(made):
    said = vue.reponse(made)
    assert said.startswith("Verdict sur le plan d'évaluation : ")
    assert "Pour 100 places ouvertes" in said
    assert "Au total, effet net" in said
    assert "registre des ouvertures" in said


def test_the_outcome_studied_is_the_nearest_that_files_give_and_it_is_said(made):
    assert (made.voulu, made.outcome) == ("diplomes", "terminale")
    assert "Aucune source ouverte" in vue.resultat(made)
    assert vue.resultat(made) in vue.limites(made)


def test_every_section_shows_something(made):
    assert [type(getattr(vue, name)(made)) for name in SHOWN] == [
        Table, Figure, Figure, Table, Figure
    ]  # fmt: skip
    for name in ("controles", "equilibre", "calendrier"):
        assert isinstance(getattr(vue, name)(made), Table)
    assert vue.renverser(made).count("\n\n") >= 1


def test_the_table_of_effects_adds_up(made):
    rows = vue.effets(made).frame.set_index("effet")["valeur"]
    gross = rows["Effet brut"].iloc[0]
    assert rows["Effet net"] == pytest.approx(gross + rows["Déplacement"])


def test_the_page_says_whether_a_plan_was_written(made):
    assert vue.plan(made).startswith("Plan d'analyse écrit d'avance : ")


def test_checks_that_alert_come_first(made):
    order = ["échec", "prudence", "bon", "non évaluable"]
    seen = vue.controles(made).frame["statut"].map(order.index)
    assert seen.is_monotonic_increasing
    assert len(seen) == len(made.evaluation.checks)


def test_estimators_per_opening_stand_beside_those_per_seat(made):
    rows = vue.robustesse(made).frame
    assert set(rows["unite"]) == {"par place", "par ouverture"}
    assert {"Callaway–Sant'Anna", "Sun–Abraham"} <= set(rows["label"])


def test_the_calendar_counts_from_the_opening(made):
    rows = vue.calendrier(made).frame
    two = rows[(rows["rentree"] == "2024") & (rows["duree"] == "2")].iloc[0]
    assert (two["diplomes"], two["emploi"]) == ("juin 2026", "fin 2027")
    assert two["derniere_annee"] == "2025-2026"


def test_before_any_opening_the_report_says_why_there_is_no_effect(early):
    assert early.evaluation is None
    assert "On ne peut pas estimer d'effet" in vue.reponse(early)
    for name in (*SHOWN, "controles", "equilibre", "renverser"):
        assert str(getattr(vue, name)(early)) == vue.NOTHING
    assert "Aucune place ouverte" in str(vue.calendrier(early))
    assert "Une partie des places" in vue.limites(early)


def test_a_failed_hard_check_hides_every_number_but_shows_the_checks(made):
    bad = Check("support", "Formations comparables ailleurs", "fail", 0.1, 0.0, "", "aucune.", True)
    refused = replace(made, evaluation=made.evaluation.with_checks([bad]))
    assert refused.evaluation.blocked
    assert "interdit" in vue.reponse(refused)
    assert "Pour 100 places" not in vue.reponse(refused)
    for name in (*SHOWN, "renverser"):
        assert "interdit" in str(getattr(vue, name)(refused))
    assert isinstance(vue.controles(refused), Table)


def test_real_files_say_exactly_what_they_lack(donnees_reelles):
    found = vue.etude(fpi.load("fpi_aura", 2022, donnees_reelles))
    said = vue.reponse(found)
    assert "qu'à la rentrée 2020" in said
    assert "rentrée 2022" in said
    assert "Sans registre des ouvertures" in said
    rows = vue.calendrier(found).frame
    assert set(rows["diplomes"]) <= {"juin 2024", "juin 2025"}


def test_the_notebook_is_thin_and_declares_what_it_shows():
    assert check_thin(NOTEBOOK) == []
    info = inspect(NOTEBOOK)
    assert info.title == "Les diplômés"
    assert set(info.parameters) == {"programme", "rentree", "donnees"}
    assert all(hasattr(vue, n) for n in (*info.declares["tables"], *info.declares["figures"]))


def test_every_announced_outcome_is_adjusted_gross_and_net_and_the_missing_ones_told(made):
    rows = vue.famille(made).frame
    assert list(rows["effet"]) == ["Brut", "Brut", "Net", "Net"]
    assert set(rows["label"]) == {"Entrants", "Élèves en dernière année"}
    # The outcome that stands in for the announced one was chosen later: it is adjusted too.
    assert rows["p_romano_wolf"].astype(float).between(0, 1).all()
    gross = vue.effets(made).frame.set_index("effet")["valeur"]["Effet brut"].iloc[0]
    final = rows[(rows["effet"] == "Brut") & (rows["label"] != "Entrants")]
    assert final["estimate"].iloc[0] == pytest.approx(gross)
    said = vue.autres(made)
    assert said.startswith("Effet brut. Sur 2 résultats ajustés")
    assert "Absents des fichiers" in said
    assert "diplômés" in said


def test_a_primary_outcome_that_files_give_is_not_adjusted(made):
    rows = vue.famille(replace(made, voulu="terminale")).frame
    final = rows[rows["label"] == "Élèves en dernière année"]
    assert set(final["p_holm"]) == {"sans ajustement"}


def test_groups_stand_beside_the_sentence_that_says_whether_they_differ(made):
    rows = insertion.groupes(made).frame
    assert "Niveau" in set(rows["dimension"])
    assert (rows.groupby("dimension")["p_romano_wolf"].nunique() == 1).all()
    said = insertion.pour_qui(made)
    assert "découpage" in said.splitlines()[0]
    tension = rows[rows["dimension"] == "Tension du métier visé"]
    assert set(tension["group"]) == {"plus en tension", "moins en tension"}
    note = insertion.groupes(made).note
    assert "groupe NSF → famille professionnelle (metiers.csv), Dares 2019 ;" in note
    assert "Sur 100 entrants de plus en BTS (admis sur Parcoursup), " in said
    assert "contre" in said
    assert {"Filles", "Garçons"} <= set(rows["group"])
    assert "n'est pas celle de ces deux effets" in note


def test_without_tension_the_page_names_the_file_and_the_map_that_give_it(made):
    bare = replace(made, panel=made.panel.drop(columns="tension"))
    assert "Tension du métier visé : il faut le fichier" in insertion.pour_qui(bare)
    assert "carte déclarée" not in insertion.groupes(bare).note


def test_a_share_over_fewer_women_than_the_threshold_is_not_shown(made):
    panel = made.panel.copy()
    first = panel.index[(panel["rentree"] == 2019) & (panel["entrants_filles"] > 3)][:1]
    men = panel["entrants_filles"] + panel["entrants_garcons"]
    panel["entrants_filles"] = (panel["seats"] > 0).astype(float).where(men.notna())
    panel.loc[first, "entrants_filles"] = 3.0
    panel["entrants_garcons"] = men - panel["entrants_filles"]
    said = insertion.pour_qui(replace(made, panel=panel))
    assert "moins de 5 femmes ou hommes" in said
    assert "Sur 100 entrants" not in said


def test_without_parcoursup_the_page_says_that_no_file_gives_the_sex(made):
    panel = made.panel.drop(columns=["entrants_filles", "entrants_garcons"])
    said = insertion.pour_qui(replace(made, panel=panel))
    assert "Sexe : les fichiers lus ne le donnent pas" in said
    assert "Sur 100 entrants" not in said


def test_families_and_groups_are_silent_when_the_number_is_refused_or_impossible(made, early):
    bad = Check("support", "Formations comparables ailleurs", "fail", 0.1, 0.0, "", "aucune.", True)
    refused = replace(made, evaluation=made.evaluation.with_checks([bad]))
    for show in (vue.autres, vue.famille, insertion.pour_qui, insertion.groupes):
        assert "interdit" in str(show(refused))
        assert str(show(early)) == vue.NOTHING


def test_the_notebook_on_groups_is_thin_and_declares_them():
    path = NOTEBOOK.with_name("04_insertion.ipynb")
    assert check_thin(path) == []
    info = inspect(path)
    assert "groupes" in info.declares["tables"]
    names = (*info.declares["tables"], *info.declares["figures"])
    assert all(hasattr(insertion, n) or hasattr(plus, n) for n in names)
