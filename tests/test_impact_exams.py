"""Graduates where exams are published: what a made-up file holds is found again."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import fpi_eval as fpi
from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs import exams as exams_of
from fpi_eval.impact.jobs.exams import _effect, _ratio, seats_seen
from fpi_eval.panel import examens
from fpi_eval.panel.cell_panel import opened_seats
from fpi_eval.regression.ratio import fieller

CANDIDATES, GRADUATES = 0.8, 0.6  # per seat, exactly


def exams(maille="CAP, département × spécialité", territories=24, opened=8):
    """Return 6 sessions of 4 specialities: shared shocks, and 10 seats from 2022 on in `opened`."""
    rng = np.random.default_rng(7)
    shocks = rng.normal(size=(10, 6))
    shocks -= shocks[:, :4].mean(axis=1, keepdims=True)  # the size before is then exact
    course, region = shocks[:4], shocks[4:]
    rows = [
        {
            "maille": maille, "cell": 4 * t + c, "territoire": f"{t:03d}",
            "code_region": str(t % 6), "course": f"c{c}", "filiere": "eau", "rentree": 2018 + y,
            "presents": (size := 40.0 + t) * (1 + 0.1 * (course[c, y] + region[t % 6, y]))
            + CANDIDATES * (seats := 10.0 * (t < opened and c == t % 4 and y >= 4)),
            "diplomes": size * (0.7 + 0.1 * (course[c, y] + region[t % 6, y])) + GRADUATES * seats,
            "seats": seats,
        }
        for t in range(territories) for c in range(4) for y in range(6)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def noisy(table, spread=1e-6):
    """Return the table with a little noise, without which nothing bounds an effect."""
    noise = np.random.default_rng(1).normal(0, spread, len(table))
    return table.assign(presents=table["presents"] + noise)


def test_effects_on_candidates_and_graduates_are_found_and_their_ratio_is_success():
    found = fpi.impact.exam_effects(noisy(exams()))
    values = {item.label.split(",")[0]: item.estimate for item in found}
    assert values["Candidats"] == pytest.approx(CANDIDATES, abs=1e-6)
    assert values["Diplômés"] == pytest.approx(GRADUATES, abs=1e-6)
    assert values["Réussite"] == pytest.approx(GRADUATES / CANDIDATES, abs=1e-6)


def test_success_is_told_only_where_the_interval_shown_of_candidates_leaves_zero_out():
    """On two territories 2 standard errors are far from enough: t has one degree of freedom."""
    few = fpi.impact.exam_effects(noisy(exams(opened=2), 4.0))
    sat = few.items[0]
    assert sat.estimate > 2 * sat.std_error
    assert sat.ci_low < 0
    assert [one.outcome for one in few] == ["presents", "diplomes"]


def test_success_against_few_territories_has_their_degrees_of_freedom():
    """Twelve territories open in every speciality, two do not: t has one degree of freedom."""
    table = noisy(exams(territories=14, opened=0), 0.5)
    opened = (table["territoire"] < "012") & (table["rentree"] >= 2022)
    more = np.where(opened, 10.0, 0.0)
    table = table.assign(seats=more, presents=table["presents"] + CANDIDATES * more,
                         diplomes=table["diplomes"] + GRADUATES * more)  # fmt: skip
    # One département is one region here: its path would hold the openings whole.
    sat, passed = (_effect(table.assign(code_region="0"), y, y) for y in ("presents", "diplomes"))
    assert sat.n_treated_clusters == 12
    assert sat.df == passed.df == 1
    both = np.column_stack([passed.influence, sat.influence])
    (above, cross), (_, below) = both.T @ both
    found = fieller(passed.estimate, sat.estimate, above, below, cross, df=1)
    success = _ratio(sat, passed, "")
    assert (success.ci_low, success.ci_high) == (
        (found.low, found.high) if found.bounded else (-np.inf, np.inf)
    )


def test_a_mesh_without_seats_is_named_with_its_reason_beside_the_others():
    other = exams("Bac pro, académie × spécialité").assign(seats=0.0)
    both = pd.concat([noisy(exams()), other.assign(cell=lambda t: t["cell"] + 1000)])
    found = fpi.impact.exam_effects(both)
    assert len(found) == 3
    assert "Bac pro, académie × spécialité : pas d'estimation" in found.note
    with pytest.raises(FpiError, match="aucun examen publié"):
        fpi.impact.exam_effects(other)


def test_seats_count_at_the_session_their_entrants_sit_and_from_the_first_session_on():
    cells = pd.DataFrame(
        {"cell": 1, "territoire": "069", "course": "50025001", "voie": "scolaire", "duree": 2,
         "rentree": [2020, 2021, 2022, 2023], "seats": [4.0, 4.0, 16.0, 16.0], "nouvelle": False},
    )  # fmt: skip
    rows = pd.DataFrame(
        {"territoire": "069", "course": "50025001", "rentree": [2020, 2021, 2022, 2023, 2024]}
    )
    seats = examens._with_seats(rows, cells).set_index("rentree")["seats"]
    told = {2021: 0.0, 2022: 0.0, 2023: 12.0, 2024: 12.0}
    assert seats.to_dict() == told  # of those who entered in 2019, nobody says in how many seats
    new = examens._with_seats(rows, cells.assign(nouvelle=True)).set_index("rentree")["seats"]
    assert new.to_dict() == {2020: 0.0, 2021: 4.0, 2022: 4.0, 2023: 16.0, 2024: 16.0}


def test_seats_opened_are_those_of_the_last_rentree_of_each_cell():
    rows = pd.DataFrame({
        "cell": ["a", "a", "b", "c", "c"], "rentree": [2025, 2024, 2025, 2025, 2024],
        "seats": [12.0, 20.0, -6.0, 0.0, 8.0],
    })  # fmt: skip
    assert opened_seats(rows).to_dict() == {"b": 0.0, "c": 0.0, "a": 12.0}
    assert seats_seen(rows.assign(maille="lycée")).tolist() == [12.0]


def test_a_hidden_count_is_never_zero(monkeypatch):
    """CAP: girls' graduates of 2022 are hidden, 2021 has no candidate of the second course."""
    table = pd.DataFrame(
        {
            "session": [2021, 2022, 2022, 2022],
            "diplome": "CAP",
            "territoire": "069",
            "code_region": "84",
            "cfd": ["50025007", "50025007", "50025007", "50025008"],
            "voie": "scolaire",
            "presents": [10.0, 4.0, 6.0, 8.0],
            "admis": [9.0, None, 5.0, 6.0],
        }
    ).assign(rentree=lambda t: t["session"] - 1)
    columns = ["cfd", "course", "groupe_nsf", "niveau", "niveau_diplome"]
    place = SimpleNamespace(ici=lambda code: code == "84")
    p = SimpleNamespace(
        identity=pd.DataFrame([["50025007", "a", "250", "secondaire", "500"]], columns=columns),
        filieres=pd.DataFrame({"code": ["250"], "filiere": ["elec"]}),
        donnees=SimpleNamespace(
            a=lambda name: name == "resultats_cap",
            nomenclatures=SimpleNamespace(mef=pd.DataFrame({"mefstat11": [], "cfd": []})),
            programme=SimpleNamespace(territoire=place, codes_filieres=["elec"]),
        ),
    )
    monkeypatch.setattr(examens, "_cap", lambda _: table)
    found = examens.reussite(p, ["session"])
    assert found.to_numpy().tolist() == [[2021, 10, 9]]
    cells = pd.DataFrame(
        columns=[
            "cell",
            "voie",
            "rentree",
            "duree",
            "course",
            "seats",
            "nouvelle",
            "code_departement",
            "code_academie",
        ]
    )
    rows = examens._by_course(p, cells).set_index(["course", "rentree"])["diplomes"]
    assert rows.to_dict() == {("a", 2020): 9, ("50025008", 2020): 0, ("50025008", 2021): 6}
    # Renovated into a code of another filière, a course is one cell: a row a session.
    told = table.assign(admis=1.0, cfd=["50025007", *["50032607"] * 3])
    monkeypatch.setattr(examens, "_cap", lambda _: told)
    p.identity = pd.DataFrame(
        [[code, "a", code[3:6], "secondaire", "500"] for code in ("50025007", "50032607")],
        columns=columns,
    )
    p.filieres = pd.DataFrame({"code": ["250", "326"], "filiere": ["elec", "numerique"]})
    rows = examens._by_course(p, cells)
    assert rows[["rentree", "presents"]].to_numpy().tolist() == [[2020, 10], [2021, 18]]
    assert set(rows["filiere"]) == {"elec"}


def test_the_simulated_files_give_every_mesh_and_the_same_graduates(annee_simulee):
    table = annee_simulee.exams
    assert set(table["maille"]) == {
        examens.CAP_MESH, examens.BAC_MESH, examens.DEPARTEMENT_MESH, examens.LYCEE_MESH
    }  # fmt: skip
    assert not table.duplicated(["cell", "rentree"]).any()
    sums = table.pivot_table("diplomes", "rentree", "maille", "sum")
    gap = sums[examens.LYCEE_MESH] / sums[examens.BAC_MESH] - 1
    assert gap.abs().max() < examens.ROUNDING
    effects = fpi.impact.exam_effects(table, annee_simulee.cells)
    # Each seat brings .4 graduates, .5 candidates: no mesh may deny it. Three académies open seats,
    # and shocks last: their estimate is far off, their interval must say so.
    for item in effects:
        truth = {"presents": 0.52, "diplomes": 0.41}.get(item.outcome)
        assert item.estimate > 0
        assert truth is None or item.ci_low < truth < item.ci_high
    assert f"{examens.DEPARTEMENT_MESH} : pas d'estimation" in effects.note  # three départements
    seen = exams_of.seats_seen(table)
    assert seen[examens.CAP_MESH] == 0 < seen[examens.LYCEE_MESH]  # no CAP session out yet
    assert "ces examens en voient" in effects.note


def test_a_ratio_joins_the_influences_of_the_same_group():
    """A group that one count lacks adds nothing to the other's, wherever it stands in the order."""
    candidates, graduates = fpi.impact.exam_effects(exams())[:2]
    both = pd.Series([0.02, 0.03, 0.01], index=["a", "b", "c"])
    passed = replace(graduates, estimate=0.6, influence=pd.Series([0.04, 0.01], index=["b", "c"]))
    sat = replace(candidates, estimate=0.8, influence=both)
    found = exams_of._ratio(sat, passed, "Réussite")
    apart = np.array([0.0, 0.04, 0.01]) - 0.6 / 0.8 * both.to_numpy()
    assert found.std_error == pytest.approx(np.sqrt(apart @ apart) / 0.8)
