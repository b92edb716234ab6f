"""Chain and waterfall on pages: dated where not observable, measured or said not to be."""

from types import SimpleNamespace

import pytest

import fpi_eval as fpi
from fpi_eval import impact
from fpi_eval.absent import Absent, attempt
from fpi_eval.figures import Figure
from fpi_eval.panel.examens import BAC_MESH, LYCEE_MESH
from fpi_eval.report.pages import chaine as vue
from fpi_eval.tables import Table


def analysed(annee: fpi.Year) -> SimpleNamespace:
    """Make what the notebook makes."""
    cells, context = annee.cells, annee.context
    links = attempt(impact.chain, cells, seed=annee.programme.graine)
    moved = attempt(impact.displaced_entrants, cells)
    rungs = {
        "Échelle": attempt(impact.ladder, cells),
        "Déplacement": attempt(impact.by_fill, cells),
        "Effet propre": attempt(impact.own_by_fill, cells),
    }
    return SimpleNamespace(
        chaine=vue.chaine(links, context),
        maillons=vue.maillons(
            links,
            annee.panel,
            attempt(impact.exam_effects, annee.exams, cells),
            attempt(fpi.projection.counted_success, links, annee),
            context,
        ),
        cascade=vue.cascade(moved, context),
        deductions=vue.deductions(moved, annee.programme.additionnalite),
        echelles=vue.echelles(rungs, context),
    )


@pytest.fixture(scope="module")
def simulees() -> SimpleNamespace:
    return analysed(fpi.load("fpi_aura", 2026))


def test_the_chain_ends_at_the_last_outcome_of_the_files(simulees):
    figure = simulees.chaine
    assert isinstance(figure, Figure)
    assert "élèves de plus en dernière année" in figure.titre
    assert "Places ouvertes 100" in figure.alt


def test_links_that_are_not_seen_have_a_date_and_no_figure(simulees):
    table = simulees.maillons
    seen = table.frame["quand"].eq("observé") | table.frame["quand"].str.startswith("aux examens")
    late = table.frame[~seen]
    assert late["label"].tolist() == ["Sortie d'études", "Emploi à 6 mois"]
    assert late["link"].isna().all()
    assert late["quand"].str.contains("20").all()


def test_success_is_measured_at_the_exams_mesh_by_mesh(simulees):
    rows = simulees.maillons.frame.set_index("label")
    measured = rows[rows["quand"] == "aux examens, autre maille"]
    # No CAP of the programme has a published session yet.
    assert set(measured.index) == {f"Réussite, {mesh}" for mesh in (BAC_MESH, LYCEE_MESH)}
    assert measured["link"].between(0.5, 1.1).all()
    assert measured["link_low"].isna().all()  # too few territories opened seats to bound a ratio


def test_steps_from_gross_to_net_add_up_and_the_unmeasured_one_is_named(simulees):
    figure = simulees.cascade
    rows = figure.table.frame.set_index("label")
    assert rows["remaining"].iloc[-1] == pytest.approx(
        rows["amount"].iloc[0] + rows["amount"].iloc[1:-1].sum()
    )
    assert "Substitution entre voies" not in rows.index
    assert "Substitution entre voies : non mesurée" in simulees.deductions


def test_rungs_and_fill_are_told_together(simulees):
    table = simulees.echelles
    assert isinstance(table, Table)
    assert table.frame["sens"].value_counts().to_dict() == {
        "Échelle": 4, "Déplacement": 2, "Effet propre": 2,
    }  # fmt: skip


def test_real_files_say_why_there_is_no_chain(donnees_reelles):
    found = analysed(fpi.load("fpi_aura", 2022, donnees_reelles))
    assert "ne le permettent pas encore" in str(found.chaine)
    for said in (found.maillons, found.cascade, found.deductions, found.echelles):
        assert isinstance(said, Absent)
        assert "ne le permettent pas encore" in str(said)
