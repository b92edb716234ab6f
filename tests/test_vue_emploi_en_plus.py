"""Employment by course on page 04: the answer, both meshes, what is late, the break of scope."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

import fpi_eval as fpi
from fpi_eval import headline, impact
from fpi_eval.absent import Absent
from fpi_eval.indicators import scope_change
from fpi_eval.report.pages import emploi_en_plus as plus
from fpi_eval.report.published import people
from fpi_eval.rounding import UNTOLD
from fpi_eval.text import VOIES


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


@pytest.fixture(scope="module")
def jobs(annee_simulee):
    return impact.additional_jobs(
        annee_simulee.panel,
        annee_simulee.employed_sites,
        annee_simulee.employed_courses,
        words=annee_simulee.programme.mots_filieres,
    )


def test_the_answer_counts_people_with_an_interval_and_says_when_it_cannot_tell(
    annee_simulee, jobs
):
    said = plain(plus.phrase(jobs, headline.seats_scope(annee_simulee)))
    assert re.search(r"l'effet à 6 mois va de [+−]\d+ à [+−]\d+ personnes", said)
    assert said.startswith("On ne sait pas encore si les places ont mis plus de personnes")
    assert "Champ : ATCF et FPI AURA, lycées professionnels, voie scolaire ; les pertes" in said


@pytest.mark.parametrize(
    ("ends", "said"),
    [((10.0, 86.0), "50 personnes de plus sont en emploi"), ((1.0, 95.0), "va de 0 à +100")],
)
def test_the_answer_says_the_numbers_of_the_table(annee_simulee, jobs, ends, said):
    low, high = ends
    one = replace(jobs.sites[plus.MAIN][0], estimate=47.6, ci_low=low, ci_high=high)
    found = SimpleNamespace(sites={plus.MAIN: (one,)})
    assert said in plain(plus.phrase(found, headline.seats_scope(annee_simulee)))


def test_both_meshes_are_shown_and_what_is_late_is_told(annee_simulee, jobs):
    shown = plus.effets(jobs, annee_simulee.context)
    assert {"Établissement", "Formation"} == set(shown.shown["Maille"])
    assert set(shown.shown["Durée"]) >= {"6 mois", "12 mois"}
    assert "À 12, 18 et 24 mois : par établissement" in plain(shown.note)
    assert "étudiez" not in shown.note  # what an analyst would do
    assert "n. d." not in shown.shown.to_numpy().ravel()
    unknown = shown.shown[shown.shown.filter(like="Intervalle").iloc[:, 0] == "–"]
    assert set(unknown["Effet"]) == {"Net"}
    assert set(unknown["Personnes de plus"]) == {UNTOLD}
    assert "aucune des formations voisines exposées n'est comparée" in shown.note


def test_the_break_of_scope_is_the_change_elsewhere_when_public_jobs_come_in(annee_simulee):
    moved = scope_change(annee_simulee)
    rows = plus.rupture(moved, annee_simulee.context).frame
    before, after = (100 * rows[name].astype(float) for name in ("avant", "apres"))
    shown = after.round(1) - before.round(1)  # the gap of the two numbers beside it
    assert (100 * rows["ecart"]).tolist() == pytest.approx(shown.tolist(), abs=1e-9)
    assert rows["avant"].between(0.3, 0.9).all()
    assert len(rows) == 2


def test_real_rates_before_and_after_public_jobs_are_those_of_the_figure_above(donnees_reelles):
    """« 69,5 % » of other regions' apprentices in the figure was « 69,6 % » in this table."""
    p = fpi.load("fpi_aura", 2023, donnees_reelles)
    moved, figure = scope_change(p), people.emploi(p).frame
    whole = figure[figure[["filiere", "niveau"]].eq("Ensemble").all(axis=1)]
    whole = whole[whole["territoire"] == "Autres régions"].set_index(["voie", "millesime"])
    for when in ("avant", "apres"):
        year = moved[f"{when}_millesime"].str.replace("_", "-")
        shown = whole["taux_emploi_6_mois"].loc[
            list(zip(moved["voie"].map(VOIES), year, strict=True))
        ]
        assert moved[when].tolist() == pytest.approx(shown.tolist())


def test_without_the_files_the_page_says_which_are_missing(annee_simulee):
    none = annee_simulee.employed_courses.iloc[:0]
    found = impact.additional_jobs(annee_simulee.panel, annee_simulee.employed_sites.iloc[:0], none)
    scope = headline.seats_scope(annee_simulee)
    assert plus.phrase(found, scope) == plus.phrase(Absent("rien"), scope) == ""
    assert "formation-fine" in str(plus.effets(found, annee_simulee.context))


def test_the_verdict_heads_what_could_be_estimated(jobs):
    headed = jobs.with_verdict("solide")
    assert headed.sites[6].summary().startswith("Verdict sur le plan d'évaluation : solide")
    assert isinstance(headed.sites[24], Absent)
