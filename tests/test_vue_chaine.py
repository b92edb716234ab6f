"""Links and deductions on pages: dated where not observable, measured or said not to be."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

import fpi_eval as fpi
from fpi_eval import headline, impact, text
from fpi_eval.absent import Absent, attempt
from fpi_eval.headline.of_effect import entrants_100
from fpi_eval.language import speaking
from fpi_eval.report.pages import chaine as vue
from fpi_eval.report.runner import translated
from fpi_eval.results import Estimate, Estimates
from fpi_eval.rounding import rounded
from fpi_eval.tables import Table


def analysed(annee: fpi.Year) -> SimpleNamespace:
    """Make what the notebook makes."""
    cells, context = annee.cells, annee.context
    links = attempt(impact.chain, cells)
    moved = attempt(impact.displaced_entrants, cells)
    rungs = {
        "Échelle": attempt(impact.ladder, cells),
        "Déplacement": attempt(impact.by_fill, cells),
        "Effet propre": attempt(impact.own_by_fill, cells),
    }
    entered = attempt(impact.j, cells, "entrants")
    chiffres = headline.Headline((entrants_100(context.day, annee, entered),))
    return SimpleNamespace(
        chiffres=chiffres,
        what=annee.programme.additionnalite,
        maillons=vue.maillons(
            links,
            annee.panel,
            attempt(impact.exam_effects, annee.exams, cells),
            attempt(fpi.projection.counted_success, links, annee),
            context,
        ),
        deductions=vue.deductions(chiffres, moved, annee.programme.additionnalite),
        echelles=vue.echelles(rungs, context),
    )


@pytest.fixture(scope="module")
def simulees(annee_simulee) -> SimpleNamespace:
    return analysed(annee_simulee)


def test_links_that_are_not_seen_have_a_date_and_no_figure(simulees):
    table = simulees.maillons
    seen = table.frame["quand"].eq("observé") | table.frame["quand"].str.startswith("aux examens")
    late = table.frame[~seen]
    assert late["label"].tolist() == ["Sortie d'études", "Emploi à 6 mois"]
    assert late["link"].isna().all()
    assert late["quand"].str.contains("20").all()


def test_success_is_measured_at_the_exams_mesh_by_mesh(simulees):
    rows = simulees.maillons.frame.set_index("label")
    # Too few territories opened seats: no interval of their candidates leaves zero out.
    assert not (rows["quand"] == "aux examens, autre maille").any()
    assert rows.loc["Réussite, tous les candidats", "link"] > 0.5


def test_what_remains_starts_from_the_headline_and_the_unmeasured_is_named(simulees):
    net = simulees.chiffres["entrants_100"]
    said = simulees.deductions
    assert said.startswith(net.phrase)
    left = replace(net, value=net.amount * (1 - simulees.what.fuite)).rounded
    assert f"Aubaine de 0\u00a0% : {left:.0f} entrants de plus" in said
    ends = [rounded(v * (1 - simulees.what.fuite), net.step) for v in (net.low, net.high)]
    low, high = (text.nombre(v) for v in ends)
    assert f"{left:.0f} entrants de plus (entre {low} et {high}). Aubaine de" in said
    assert "Substitution entre voies : non mesurée" in said


def test_rungs_and_fill_are_told_together(simulees):
    table = simulees.echelles
    assert isinstance(table, Table)
    assert table.frame["mesure"].value_counts().to_dict() == {
        "Échelle": 4, "Déplacement": 2, "Effet propre": 2,
    }  # fmt: skip
    assert "échelon" not in table.note


def test_a_rung_that_nothing_compares_is_said_to_be_absent():
    one = Estimate("entrants", "J", 0.4, 0.1, 0.2, 0.6, 0.001, 9, 9, 9, 9, "règle")
    rungs = Estimates((one,), "Rien à comparer : département.")
    said = "Un échelon absent n'a aucun territoire auquel se comparer."
    assert vue.echelles({"Échelle": rungs}, SimpleNamespace(credit="")).note.endswith(said)
    with speaking("en"):
        assert translated.said(said)


def test_real_files_say_why_there_is_no_chain(annee_reelle):
    found = analysed(annee_reelle)
    for said in (found.maillons, found.deductions, found.echelles):
        assert isinstance(said, Absent)
        assert "ne le permettent pas encore" in str(said)
