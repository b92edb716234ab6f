"""The page on industrial employment: detectability first, never a coefficient, with or without."""

import shutil

import pytest

import fpi_eval as fpi
from fpi_eval.figures import Figure
from fpi_eval.report.pages import emploi_industriel as vue
from fpi_eval.report.runner.notebooks import check_thin, inspect
from fpi_eval.tables import Table


@pytest.fixture(scope="module")
def simulated():
    return fpi.load("fpi_aura", 2026, "")


@pytest.fixture(scope="module")
def bare(simulated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sans") / "donnees"
    shutil.copytree(simulated.donnees.dossier, folder)
    shutil.rmtree(folder / "urssaf")
    (folder / "ouvertures.csv").unlink()
    return fpi.load("fpi_aura", 2026, folder)


def test_the_answer_says_first_that_no_effect_could_be_seen(simulated):
    said = vue.reponse(simulated)
    first = said.split("\n\n")[0]
    assert "Aucun effet" in first
    assert "9\u202f000 diplômés" in first
    assert "à la place" in said


def test_the_smallest_visible_effect_is_measured_on_regions_and_on_zones(simulated):
    table = vue.decelable(simulated)
    assert set(table.frame["verdict"]) == {"invisible"}
    # Two scenarios; a synthetic region needs four years before a window as long as the horizon.
    assert table.frame["design"].value_counts().to_list() == [2, 2, 1]
    assert (table.frame["plausible_jobs"] < table.frame["smallest"]).all()


def test_every_table_and_figure_is_made(simulated):
    for make in (vue.decelable, vue.references, vue.secteurs, vue.emploi_filieres, vue.zones):
        assert isinstance(make(simulated), Table)
    assert isinstance(vue.departements(simulated), Figure)
    assert "coefficient" in vue.methode(simulated)


def test_without_urssaf_the_page_says_so_and_shows_the_arithmetic(bare):
    said = vue.reponse(bare)
    assert "508\u202f800" in said
    assert vue.NO_URSSAF in said
    for make in (vue.emploi_filieres, vue.departements, vue.zones):
        assert str(make(bare)) == vue.NO_URSSAF
    assert vue.decelable(bare).frame["smallest"].iloc[0] > 30_000
    assert vue.NO_URSSAF in vue.limites(bare)


def test_the_real_files_have_no_jobs_and_the_page_still_answers(donnees_reelles):
    p = fpi.load("fpi_aura", 2022, donnees_reelles)
    assert "Aucun effet" in vue.reponse(p)
    assert isinstance(vue.decelable(p), Table)


def test_the_notebook_is_thin_and_declares_what_it_shows():
    path = "notebooks/05_emploi_industriel.ipynb"
    assert check_thin(path) == []
    assert inspect(path).declares["figures"] == ["chaine", "cascade", "departements"]
