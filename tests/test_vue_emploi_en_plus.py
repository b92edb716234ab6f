"""Employment by course on page 04: the answer, both meshes, what is late, the break of scope."""

import re
from types import SimpleNamespace

import pytest

import fpi_eval as fpi
from fpi_eval.absent import Absent
from fpi_eval.report.pages import emploi_en_plus as plus
from fpi_eval.report.pages import insertion as vue_insertion


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


@pytest.fixture(scope="module")
def e():
    return vue_insertion.etude(fpi.load("fpi_aura", 2026))


def test_the_answer_counts_people_with_an_interval_and_says_when_it_cannot_tell(e):
    said = plain(plus.phrase(e))
    assert re.search(
        r"comptent \d+ personnes de (plus|moins) en emploi à 6 mois \(intervalle", said
    )
    assert "On ne peut pas encore dire si plus de personnes travaillent." in said
    assert "en comptant l'aléa" in said


def test_both_meshes_are_shown_and_what_is_late_is_told(e):
    shown = plus.effets(e)
    assert {"Établissement", "Formation"} == set(shown.shown["Maille"])
    assert set(shown.shown["Durée"]) >= {"6 mois", "12 mois"}
    assert "À 12, 18 et 24 mois : par établissement" in plain(shown.note)
    assert "n. d." not in shown.shown.to_numpy().ravel()


def test_the_break_of_scope_is_the_change_elsewhere_when_public_jobs_come_in(e):
    rows = plus.rupture(e.p).frame
    assert (rows["ecart"] == rows["apres"] - rows["avant"]).all()
    assert rows["avant"].between(0.3, 0.9).all()
    assert len(rows) == 2


def test_without_an_evaluation_the_answer_gives_its_reason():
    silent = SimpleNamespace(evaluation=None, raison="On ne peut pas estimer d'effet.")
    assert plus.phrase(silent) == "On ne peut pas estimer d'effet."


def test_without_the_files_the_page_says_which_are_missing(e, monkeypatch):
    monkeypatch.setattr(plus, "comptes", lambda p: plus.emploi_formations.employed(p).iloc[:0])
    plus._effects.cache_clear()
    try:
        assert plus._effects(e, 6) == Absent(plus.NO_FILE)
        assert "formation-fine" in plus.NO_FILE
    finally:
        plus._effects.cache_clear()
