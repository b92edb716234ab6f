"""The pre-analysis plan: written whole, never replaced, sealed; deviations said one by one."""

import json
from dataclasses import replace
from datetime import date, timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from invented import invented_panel

from fpi_eval.calendar import first_known
from fpi_eval.checks import evaluate
from fpi_eval.checks.verdict import DOUBTFUL, YES, rule
from fpi_eval.errors import FpiError
from fpi_eval.plan import (
    PLANS,
    SPECIFICATION,
    deviations,
    followed,
    plan_check,
    plans,
    read_plan,
    write_plan,
)
from fpi_eval.programme import load_programme

DAY = date(2024, 3, 1)


@pytest.fixture(scope="module")
def programme():
    return load_programme("fpi_aura")


@pytest.fixture
def plan(programme, tmp_path):
    return read_plan(write_plan(programme, tmp_path, today=DAY))


def changed(programme, **sections):
    return programme.model_copy(update=sections)


def test_a_plan_says_outcomes_specification_controls_and_thresholds(plan, programme):
    assert plan.date == DAY
    assert len(plan.sha256) == 64
    assert plan.contenu["resultats"]["principal"] == programme.resultats.principal
    assert plan.contenu["specification"]["estimateurs"] == ["J", "BJS2-T"]
    assert plan.contenu["seuils"]["etablissements"]["good"] == 40
    assert "1 mars 2024" in plan.summary()
    assert "« diplomes »" in plan.summary()


def test_a_second_plan_never_replaces_the_first(programme, tmp_path):
    first = write_plan(programme, tmp_path, today=DAY)
    before = first.read_bytes()
    second = write_plan(programme, tmp_path, today=DAY)
    later = write_plan(programme, tmp_path, today=date(2025, 1, 2))
    tenth = [write_plan(programme, tmp_path, today=DAY) for _ in range(8)][-1]
    assert first.read_bytes() == before
    assert plans(tmp_path)[:2] == [first, second]
    assert plans(tmp_path)[-2:] == [tenth, later]
    assert not list(tmp_path.glob(".en_cours*"))


def test_the_seal_is_the_one_that_sha256sum_checks(programme, tmp_path):
    path = write_plan(programme, tmp_path, today=DAY)
    seal = (tmp_path / f"{path.name}.sha256").read_text()
    assert seal == f"{read_plan(path).sha256}  {path.name}\n"


def test_a_plan_changed_by_hand_is_refused(programme, tmp_path):
    path = write_plan(programme, tmp_path, today=DAY)
    path.write_text(path.read_text().replace("diplomes", "entrants"))
    with pytest.raises(FpiError, match="a changé depuis"):
        read_plan(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p.unlink(), "plan introuvable, alors que son empreinte"),
        (lambda p: [one.unlink() for one in p.parent.iterdir()], "plan introuvable. Écrivez-le"),
        (lambda p: (p.parent / f"{p.name}.sha256").unlink(), "l'empreinte"),
    ],
)
def test_a_missing_file_says_what_to_do(programme, tmp_path, make, words):
    path = write_plan(programme, tmp_path, today=DAY)
    make(path)
    with pytest.raises(FpiError, match=words):
        read_plan(path)


def test_a_plan_renamed_to_come_first_is_refused(programme, tmp_path):
    path = write_plan(programme, tmp_path, today=date(2025, 9, 1))
    seal = path.with_name(f"{path.name}.sha256")
    early = path.rename(tmp_path / "plan_2023-01-01.json")
    seal.rename(tmp_path / f"{early.name}.sha256")
    with pytest.raises(FpiError, match="daté du 1 septembre 2025, son nom dit un autre jour"):
        read_plan(early)


def test_a_plan_removed_leaves_its_seal_which_says_so_and_keeps_its_name(programme, tmp_path):
    run = evaluate(invented_panel(31, noise=1.0, etabs=20), "diplomes", programme, draws=0)
    programme, folder = changed(programme, dossier=tmp_path), tmp_path / PLANS
    first = write_plan(programme, folder, today=DAY)
    first.unlink()
    second = write_plan(programme, folder, today=DAY)
    assert second.stem.endswith("_2")
    assert plans(folder) == [first, second]
    said = followed(programme, run)
    assert said.statut == "caution"
    assert said.phrase.startswith(f"{first.name} : plan introuvable, alors que son empreinte")


def test_a_copy_under_another_name_comes_after_its_original(programme, tmp_path):
    first = write_plan(programme, tmp_path, today=DAY)
    copy = tmp_path / f"{first.stem}_copie.json"
    copy.write_bytes(first.read_bytes())
    assert plans(tmp_path) == [first, copy]


def test_another_json_file_is_not_a_plan(tmp_path):
    import hashlib

    for content in ([1], {"date": "hier"}, {"date": "2024-03-01", "format": 9}):
        path = tmp_path / "plan_2024-03-01.json"
        path.write_text(json.dumps(content))
        seal = hashlib.sha256(path.read_bytes()).hexdigest()
        path.with_name(path.name + ".sha256").write_text(seal)
        with pytest.raises(FpiError, match="plan"):
            read_plan(path)


def test_nothing_changed_is_no_deviation(plan, programme):
    assert deviations(plan, programme) == []


def test_each_change_of_the_programme_is_one_sentence(plan, programme):
    other = changed(
        programme,
        resultats=programme.resultats.model_copy(update={"principal": "entrants"}),
        seuils=programme.seuils.model_copy(update={"etablissements_traites_solide": 20}),
        graine=1,
    )
    found = deviations(plan, other)
    assert len(found) == 3
    assert any("« principal »" in line for line in found)
    assert any("« etablissements »" in line for line in found)
    assert any("annoncé : 20240901 ; à présent : 1" in line for line in found)


def test_what_makes_the_sample_beside_programme_toml_is_sealed_too(programme, tmp_path):
    programme, table = changed(programme, dossier=tmp_path), tmp_path / "filieres.csv"
    table.write_text("nsf;filiere\n255;electronique\n", encoding="utf-8")
    plan = read_plan(write_plan(programme, tmp_path / PLANS, today=DAY))
    assert deviations(plan, programme) == []
    table.write_text("nsf;filiere\n227;electronique\n", encoding="utf-8")
    faster = programme.projection.model_copy(update={"montee_en_charge": (0.5, 1.0)})
    assert deviations(plan, changed(programme, projection=faster)) == [
        "« filieres.csv » : changé depuis le plan.",
        "« montee_en_charge » : changé depuis le plan.",
    ]
    older = {name: said for name, said in plan.contenu.items() if name != "aussi"}
    assert deviations(replace(plan, contenu=older), programme) == []


def test_a_run_on_another_outcome_or_without_a_check_deviates(plan, programme):
    run = evaluate(invented_panel(31, noise=1.0, etabs=20), "diplomes", programme, draws=0)
    assert deviations(plan, programme, run) == []
    panel = invented_panel(31, noise=1.0, etabs=20)
    other = evaluate(panel.assign(terminale=panel["diplomes"]), "terminale", programme, draws=0)
    (line,) = deviations(plan, programme, other)
    assert "« terminale » (secondaire)" in line
    assert "« diplomes »" in line


def test_another_number_of_fake_programmes_deviates(plan, programme):
    run = evaluate(invented_panel(31, noise=1.0, etabs=20), "diplomes", programme, draws=0)
    assert deviations(plan, programme, run) == []
    for failed, said in (
        (10, []),
        (90, ["Faux programmes plantés : 280, annoncés : 200."]),
    ):
        fakes = SimpleNamespace(n_draws=190, failed=failed)
        assert deviations(plan, programme, replace(run, planted=fakes)) == said


def test_an_announced_outcome_that_no_file_gives_is_said_and_is_no_deviation(plan, programme):
    panel = invented_panel(31, noise=1.0, etabs=20).rename(columns={"diplomes": "terminale"})
    run = evaluate(panel, "terminale", programme, draws=0)
    assert run.missing == "diplomes"
    assert deviations(plan, programme, run) == []
    check = plan_check(plan, programme, run)
    assert check.statut == "pass"
    assert check.phrase == (
        "plan du 1 mars 2024. « diplomes », annoncé, n'est dans aucun fichier : « terminale » est "
        "étudié à la place. Le reste est suivi."
    )
    assert run.with_checks([check]).verdict.niveau == run.verdict.niveau


def test_an_outcome_that_no_plan_announced_deviates_even_where_the_announced_one_is_lost(
    programme, tmp_path
):
    alone = programme.resultats.model_copy(update={"secondaires": ()})
    programme = changed(programme, resultats=alone)
    plan = read_plan(write_plan(programme, tmp_path, today=DAY))
    panel = invented_panel(31, noise=1.0, etabs=20).rename(columns={"diplomes": "terminale"})
    check = plan_check(plan, programme, evaluate(panel, "terminale", programme, draws=0))
    assert check.statut == "caution"
    assert "« terminale » (non annoncé)" in check.phrase
    assert "suivi" not in check.phrase


@pytest.mark.parametrize(
    ("outcome", "day"),
    [
        ("entrants", date(2024, 11, 1)),
        ("terminale", date(2024, 11, 1)),
        ("diplomes", date(2025, 7, 1)),
        ("sortants", date(2026, 2, 1)),
        ("autre", date(2025, 7, 1)),
    ],
)
def test_a_plan_is_late_once_its_own_outcome_could_be_known(outcome, day, programme, tmp_path):
    assert first_known(outcome, 2024) == day
    own = programme.resultats.model_copy(update={"principal": outcome})
    other = changed(programme, resultats=own)
    for today, late in ((day - timedelta(1), False), (day, True)):
        plan = read_plan(write_plan(other, tmp_path, today=today))
        assert ("après les premiers résultats" in plan_check(plan, other).phrase) == late


def test_a_late_plan_that_is_not_followed_is_said_to_be_both(programme, tmp_path):
    late = read_plan(write_plan(programme, tmp_path, today=date(2025, 9, 1)))
    said = plan_check(late, changed(programme, graine=1)).phrase
    assert "écrit après les premiers résultats possibles. La graine aléatoire" in said


def test_the_check_tells_absent_followed_late_and_abandoned_plans(plan, programme, tmp_path):
    assert plan_check(None, programme).statut == "non_evaluable"
    assert plan_check(plan, programme).statut == "pass"
    late = read_plan(write_plan(programme, tmp_path, today=date(2025, 9, 1)))
    assert plan_check(late, programme).statut == "caution"
    assert "après les premiers résultats" in plan_check(late, programme).phrase
    gone = plan_check(plan, changed(programme, graine=1))
    assert (gone.statut, gone.valeur) == ("caution", 1.0)


def test_a_run_is_held_to_the_first_plan_and_a_forged_plan_is_said(programme, tmp_path):
    run = evaluate(invented_panel(31, noise=1.0, etabs=20), "diplomes", programme, draws=0)
    programme = changed(programme, dossier=tmp_path)
    folder = tmp_path / PLANS
    assert followed(programme, run).statut == "non_evaluable"
    first = write_plan(changed(programme, graine=1), folder, today=DAY)
    write_plan(programme, folder, today=date(2024, 4, 1))
    assert "La graine aléatoire" in followed(programme, run).phrase
    assert followed(programme, run).phrase.endswith("C'est le premier de 2 plans : il fait foi.")
    first.write_text("{}")
    forged = followed(programme, run)
    assert forged.statut == "caution"
    assert "a changé depuis" in forged.phrase


def test_a_first_plan_without_its_seal_is_said_and_the_second_does_not_take_its_place(
    programme, tmp_path
):
    run = evaluate(invented_panel(31, noise=1.0, etabs=20), "diplomes", programme, draws=0)
    programme, folder = changed(programme, dossier=tmp_path), tmp_path / PLANS
    cut = write_plan(changed(programme, graine=1), folder, today=DAY)
    cut.with_name(f"{cut.name}.sha256").unlink()
    second = write_plan(programme, folder, today=DAY)
    assert plans(folder) == [cut, second]
    said = followed(programme, run)
    assert said.statut == "caution"
    assert said.phrase.startswith(f"{cut.name} : l'empreinte {cut.name}.sha256 manque")
    cut.unlink()  # as the sentence asks, when it was never whole
    assert followed(programme, run).statut == "pass"


def test_a_disk_without_links_holds_plans_too_and_none_is_replaced(
    programme, tmp_path, monkeypatch
):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("fpi_eval.plan.os.link", refuse)
    first, second = (write_plan(programme, tmp_path, today=DAY) for _ in range(2))
    assert plans(tmp_path) == [first, second]
    assert read_plan(first).sha256 == read_plan(second).sha256
    assert len(list(tmp_path.iterdir())) == 4


def test_the_sealed_plan_says_the_rule_of_the_verdict_from_the_numbers_that_make_it(monkeypatch):
    said = rule()
    assert SPECIFICATION["verdict"].endswith(said)
    numbers = {"HELD": {YES: 0.9, DOUBTFUL: 0.5}, "FOUND": {YES: 0.01, DOUBTFUL: 0.4},
               "ALPHA": 0.1, "SMALLEST_BIAS": 0.2, "SMALLEST_EFFECT": 0.3,
               "TESTS": ("tendance",)}  # fmt: skip
    module = import_module("fpi_eval.checks.verdict")
    for name, value in numbers.items():
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            assert rule() != said, name
