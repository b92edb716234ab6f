"""Chain and waterfall on pages: dated where not observable, measured or said not to be."""

import pytest

import fpi_eval as fpi
from fpi_eval.figures import Figure
from fpi_eval.report.pages import chaine as vue
from fpi_eval.tables import Table


@pytest.fixture(scope="module")
def simulees() -> fpi.Year:
    return fpi.load("fpi_aura", 2026)


def test_the_chain_ends_at_the_last_outcome_of_the_files(simulees):
    figure = vue.chaine(simulees)
    assert isinstance(figure, Figure)
    assert "élèves de plus en dernière année" in figure.titre
    assert "Places ouvertes 100" in figure.alt


def test_links_that_are_not_seen_have_a_date_and_no_figure(simulees):
    table = vue.maillons(simulees)
    late = table.frame[table.frame["quand"] != "observé"]
    assert late["label"].tolist() == ["Réussite", "Sortie d'études", "Emploi à 6 mois"]
    assert late["link"].isna().all()
    assert late["quand"].str.contains("20").all()


def test_steps_from_gross_to_net_add_up_and_the_unmeasured_one_is_named(simulees):
    figure = vue.cascade(simulees)
    rows = figure.table.frame.set_index("label")
    assert rows["remaining"].iloc[-1] == pytest.approx(
        rows["amount"].iloc[0] + rows["amount"].iloc[1:-1].sum()
    )
    assert "Substitution entre voies" not in rows.index
    assert "Substitution entre voies : non mesurée" in vue.deductions(simulees)


def test_rungs_and_fill_are_told_together(simulees):
    table = vue.echelles(simulees)
    assert isinstance(table, Table)
    assert table.frame["sens"].value_counts().to_dict() == {
        "Échelle": 4, "Déplacement": 2, "Effet propre": 2,
    }  # fmt: skip


def test_real_files_say_why_there_is_no_chain(donnees_reelles):
    p = fpi.load("fpi_aura", 2022, donnees_reelles)
    assert "ne le permettent pas encore" in str(vue.chaine(p))
    for make in (vue.maillons, vue.cascade, vue.deductions, vue.echelles):
        assert str(make(p)) == vue.ABOVE
