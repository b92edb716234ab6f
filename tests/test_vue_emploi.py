"""The page on industrial employment: detectability first, and no number that nothing supports."""

import shutil
from types import SimpleNamespace

import pandas as pd
import pytest
from thin import check_thin

import fpi_eval as fpi
from fpi_eval import headline, impact
from fpi_eval.absent import Absent, attempt
from fpi_eval.disclosure.shown import _made
from fpi_eval.errors import FpiError
from fpi_eval.figures import Figure
from fpi_eval.impact.jobs import visibility
from fpi_eval.report.pages import emploi_industriel as vue
from fpi_eval.report.pages import insertion
from fpi_eval.report.runner.notebooks import inspect
from fpi_eval.rounding import figures
from fpi_eval.tables import Table


def analysed(annee: fpi.Year) -> SimpleNamespace:
    """Make what the notebook makes."""
    context, jobs = annee.context, annee.jobs
    cases = attempt(impact.detectable_effects, annee)
    chiffres = headline.emploi(annee, cases)
    return SimpleNamespace(
        annee=annee,
        decelable_number=chiffres["effet_decelable"].number,
        reponse=vue.reponse(cases, annee.reference, jobs, context, chiffres),
        decelable=vue.decelable(cases, jobs, context),
        face_a_face=vue.face_a_face(cases, jobs, context),
        exposition=vue.exposition(attempt(impact.exposed_jobs, annee)),
        references=vue.references(annee.reference, jobs),
        secteurs=vue.secteurs(annee.secteurs, context),
        emploi_filieres=vue.emploi_filieres(annee.jobs_by_filiere, context),
        departements=vue.departements(annee.jobs_by_departement, context),
        zones=vue.zones(annee.jobs_by_zone, annee.openings_without_zone, context),
        limites=vue.limites(jobs, annee.odd_years_of_jobs),
    )


def test_a_year_of_jobs_copied_from_the_one_before_is_said_on_the_page(simulated):
    jobs = simulated.annee.jobs
    assert simulated.annee.odd_years_of_jobs == []
    last = int(jobs["annee"].max())
    copied = pd.concat([jobs[jobs["annee"] < last],
                        jobs[jobs["annee"] == last - 1].assign(annee=last)])  # fmt: skip
    secteurs = simulated.annee.secteurs
    said = fpi.Year.odd_years_of_jobs.fget(SimpleNamespace(jobs=copied, secteurs=secteurs))
    assert len(said) == 1
    assert f"{last - 1} et {last}" in said[0]
    assert vue.limites(copied, said).startswith(said[0])


@pytest.fixture(scope="module")
def simulated(annee_simulee) -> SimpleNamespace:
    return analysed(annee_simulee)


@pytest.fixture(scope="module")
def bare(simulated, tmp_path_factory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("sans") / "donnees"
    shutil.copytree(simulated.annee.donnees.dossier, folder)
    shutil.rmtree(folder / "urssaf")
    (folder / "ouvertures.csv").unlink()
    return analysed(fpi.load("fpi_aura", 2026, folder))


def test_the_answer_says_first_that_no_effect_could_be_seen(simulated):
    said = simulated.reponse
    first = said.split("\n\n")[0]
    assert "ne pourrait pas se voir" in first
    assert simulated.decelable_number in first
    assert "se libère chaque année en fin de carrière" in said


def test_exposed_zones_give_a_number_or_say_what_forbids_one(simulated, bare):
    assert "personne n'est encore sorti des places de FPI AURA" in simulated.exposition
    assert "emploi de l'Urssaf" in bare.exposition


def test_the_smallest_visible_effect_is_measured_on_regions_and_on_zones(simulated):
    table = simulated.decelable
    assert set(table.frame["verdict"]) == {"invisible"}
    # Two scenarios; a synthetic region needs four years before a window as long as the horizon.
    assert table.frame["design"].value_counts().to_list() == [2, 2, 1]
    assert (table.frame["plausible_jobs"] < table.frame["smallest"]).all()
    each = table.frame["smallest_per_graduate"]
    assert each.tolist() == [figures(value) for value in each]


def test_zones_that_cannot_be_measured_leave_the_regions(simulated, monkeypatch):
    def refused(*_):
        raise FpiError("aucune zone")

    whole = impact.detectable_effects(simulated.annee).values()
    monkeypatch.setattr(visibility, "_exposed", refused)
    alone = impact.detectable_effects(simulated.annee).values()
    for found, wanted in zip(alone, whole, strict=True):
        assert found.origin == wanted.origin
        assert len(found.designs) == len(wanted.designs) - 1


def test_every_table_and_figure_is_made(simulated):
    for name in ("decelable", "references", "secteurs", "emploi_filieres", "zones"):
        assert isinstance(getattr(simulated, name), Table)
    assert isinstance(simulated.departements, Figure)
    assert isinstance(simulated.face_a_face, Figure)
    assert "coefficient" in vue.methode()


def test_without_urssaf_the_page_says_so_and_shows_the_arithmetic(bare):
    said = bare.reponse
    assert str(vue.NO_URSSAF) in said
    for said in (bare.emploi_filieres, bare.departements, bare.zones):
        assert said == vue.NO_URSSAF
    assert bare.decelable.frame["smallest"].iloc[0] > 30_000
    assert str(vue.NO_URSSAF) in bare.limites


def test_the_real_files_have_no_jobs_and_the_page_still_answers(annee_reelle):
    p = analysed(annee_reelle)
    assert "ne pourrait pas se voir" in p.reponse
    assert isinstance(p.decelable, Table)


def test_the_notebook_is_thin_and_declares_what_it_shows():
    path = "notebooks/05_emploi_industriel.ipynb"
    assert check_thin(path) == []
    assert inspect(path).declares["figures"] == ["face_a_face", "departements"]


@pytest.mark.parametrize(
    "name", ["reponse", "taux", "par_filiere", "durees", "devenir", "terminale"]
)
def test_files_without_a_student_in_a_last_year_are_said_by_every_part_of_the_page(name):
    assert getattr(insertion, name)(None) == Absent(insertion.NO_RATE)


def test_no_course_above_the_mean_is_said_without_a_zero():
    assert insertion._above(0) == "Aucune formation n'atteint"
    assert insertion._above(2) == "2 formations atteignent"


RATES = pd.DataFrame(
    {
        "territoire": ["Ici", "Ici", insertion.ELSEWHERE, insertion.ELSEWHERE],
        "voie": ["Voie scolaire", "Apprentissage"] * 2,
        "millesime": "2021-2022",
        "filiere": insertion.ENSEMBLE,
        "niveau": insertion.ENSEMBLE,
        "en_emploi_6_mois": 50.0,
        "sortants": 100.0,
        **{f"taux_emploi_6_mois{part}": [0.4, 0.7, 0.5, 0.6] for part in ("", "_bas", "_haut")},
    }
)


def test_one_voie_above_and_one_below_is_said_without_a_double_negation():
    whole = _made(RATES, RATES[[]].copy())
    sheet = SimpleNamespace(frame=RATES, rows=whole, source="S", note="L'emploi public compte.")
    programme = SimpleNamespace(nom="Essai", rentree_debut=2024)
    context = SimpleNamespace(region="Ici", programme=programme)
    title = insertion.taux(sheet, context).titre
    assert title.endswith("sont plus souvent en emploi à 6 mois qu'ailleurs en apprentissage, "
                          "pas en voie scolaire")  # fmt: skip
    said = insertion.reponse(sheet, Absent("Rien."), context)
    assert "70\u00a0% des 100 sortants de la région ont un emploi salarié six mois après" in said
    assert "sortants de 2021 et 2022. L'emploi public compte." in said
