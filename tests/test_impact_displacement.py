"""Displacement: hand-worked rings, truth without noise, what the equivalence test may say."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel
from scipy import stats

from fpi_eval.errors import FpiError
from fpi_eval.impact.displacement.diversion import diversion
from fpi_eval.impact.displacement.net import displacement, substitution
from fpi_eval.impact.displacement.rings import (
    AUTRE_VOIE,
    ETABLISSEMENT,
    FAMILLE,
    MEME_VOIE,
    VOIES,
    Ring,
    distance_km,
    ring_exposures,
    ring_reach,
)
from fpi_eval.impact.frame import sample
from fpi_eval.impact.j import j as j_j
from fpi_eval.panel import align

EXACT = 1e-8


def four_cells() -> pd.DataFrame:
    """Cell 0 opens 10 seats in 2021; 1 shares its school, 2 its family by apprenticeship, 3 none.

    Sizes before: 20, 30, 10, 20. Cell 2 is 100 km north of the others.
    """
    rows = [
        (0, "A", "f", "scolaire", 45.0, 20), (1, "A", "g", "scolaire", 45.0, 30),
        (2, "B", "f", "apprentissage", 45.9, 10), (3, "C", "f", "scolaire", 45.0, 20),
    ]  # fmt: skip
    cells = pd.DataFrame(rows, columns=["cell", "uai", "famille", "voie", "latitude", "entrants"])
    cells["longitude"], cells["code_departement"], cells["duree"] = 5.0, "001", 1
    panel = cells.merge(pd.DataFrame({"rentree": [2020, 2021]}), how="cross")
    panel["seats"] = np.where((panel["cell"] == 0) & (panel["rentree"] == 2021), 10.0, 0.0)
    return panel.sort_values(["cell", "rentree"], ignore_index=True)


def exposed(panel: pd.DataFrame, outcome: str, rings: tuple[Ring, ...]):
    """Return exposures of the rows and exposure per opened seat, every row in the regression."""
    found = ring_exposures(panel, outcome, rings)
    return found, ring_reach(panel, align(panel, outcome), found)


def test_a_ring_shares_the_seats_between_its_cells_by_size():
    found, reach = exposed(four_cells(), "entrants", (ETABLISSEMENT, FAMILLE))
    now = found[found.index % 2 == 1]
    np.testing.assert_allclose(now[ETABLISSEMENT.name], [0, 10, 0, 0])
    np.testing.assert_allclose(now[FAMILLE.name], [0, 0, 10 / 3, 20 / 3])
    np.testing.assert_allclose(found[found.index % 2 == 0], 0)
    np.testing.assert_allclose(reach, [1, 1])


def test_voies_split_the_family_and_a_ring_without_cells_reaches_no_one():
    found, reach = exposed(four_cells(), "entrants", VOIES)
    now = found[found.index % 2 == 1]
    np.testing.assert_allclose(now[MEME_VOIE.name], [0, 0, 0, 10])
    np.testing.assert_allclose(now[AUTRE_VOIE.name], [0, 0, 10, 0])
    nobody = Ring("ailleurs", ("famille",), within_km=0.001, beyond_km=0.0)
    assert exposed(four_cells(), "entrants", (nobody,))[1] == 0
    np.testing.assert_allclose(reach, 1)


def test_a_distance_ring_holds_those_beyond_its_inner_and_within_its_outer_limit():
    near, far = (Ring(f"à {k} km", ("famille",), ("uai",), *k) for k in ((-1, 50), (50, 150)))
    found = ring_exposures(four_cells(), "entrants", (near, far))
    now = found[found.index % 2 == 1]
    np.testing.assert_allclose(now.to_numpy(), [[0, 0], [0, 0], [0, 10], [10, 0]])
    one_degree = distance_km(np.array([[46.0, 5.0]]), np.array([45.0, 5.0]))
    assert one_degree == pytest.approx(2 * np.pi * 6371 / 360)


def test_distance_rings_without_coordinates_are_refused():
    with pytest.raises(FpiError, match="coordonnées"):
        ring_exposures(
            four_cells().drop(columns="latitude"), "entrants", (Ring("à 30 km", within_km=30),)
        )


def test_group_rings_are_the_exposures_of_the_panel():
    panel = invented_panel(1)
    found, reach = exposed(panel, "diplomes", (ETABLISSEMENT, FAMILLE))
    frame = align(panel, "diplomes")
    at = found.loc[frame.index]
    np.testing.assert_allclose(at[ETABLISSEMENT.name], frame["exposure_etab"], atol=EXACT)
    np.testing.assert_allclose(at[FAMILLE.name], frame["exposure_dep"], atol=EXACT)
    np.testing.assert_allclose(reach, sample(panel, "diplomes").reach, atol=EXACT)


def test_without_noise_own_effect_rings_net_and_diversion_are_the_truth():
    panel = invented_panel(1)
    found = displacement(panel, "diplomes")
    near, far = sample(panel, "diplomes").reach
    lost = -0.1 * near - 0.1 * far
    assert found.own.estimate == pytest.approx(0.5, abs=EXACT)
    assert found.of(ETABLISSEMENT).estimate == pytest.approx(-0.1 * near, abs=EXACT)
    assert found.of(FAMILLE).estimate == pytest.approx(-0.1 * far, abs=EXACT)
    assert found.net.estimate == pytest.approx(0.5 + lost, abs=EXACT)
    assert found.diversion == pytest.approx(-lost / 0.5, abs=EXACT)
    assert not found.equivalence.below_margin
    assert "dépasse 20" in found.verdict()


def test_the_default_displacement_is_j():
    panel = invented_panel(2, noise=3.0)
    found, j = displacement(panel, "diplomes"), j_j(panel)
    for item in j:
        same = found.effects[item.label]
        assert same.estimate == pytest.approx(item.estimate, abs=EXACT)
        assert same.ci_low == pytest.approx(item.ci_low, abs=EXACT)
    assert found.covariance[1, 1] == pytest.approx(found.neighbours.std_error**2)
    other = displacement(panel, "diplomes", rings=(FAMILLE, ETABLISSEMENT))
    assert other.net.estimate == pytest.approx(found.net.estimate, abs=EXACT)


def test_voie_substitution_is_found_where_only_the_other_voie_loses():
    panel = invented_panel(3, etab=0.0, dep=0.0)
    panel["voie"] = np.where(panel["cell"] % 2 == 0, "scolaire", "apprentissage")
    exposure, reach = exposed(panel, "diplomes", VOIES)
    panel["diplomes"] -= 0.3 * exposure[AUTRE_VOIE.name]
    found = substitution(panel, "diplomes")
    assert found.of(AUTRE_VOIE).estimate == pytest.approx(-0.3 * reach[2], abs=EXACT)
    assert found.of(MEME_VOIE).estimate == pytest.approx(0, abs=EXACT)


def at_work(panel: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Return a panel where a place costs its neighbours what a student is worth there; the truth.

    Of a student of the targeted courses .6 go to industry, of one of the others .1: an opened seat
    adds .3, and takes half a student from its neighbours.
    """
    opened = panel["cell"].isin(panel.loc[panel["seats"] != 0, "cell"])
    panel = panel.assign(filiere=np.where(~opened & (panel["cell"] % 3 == 0), "autre", "numerique"))
    worth = np.where(panel["filiere"] == "autre", 0.1, 0.6)
    frame = align(panel, "diplomes")
    near = 0.2 * frame["exposure_etab"] + 0.3 * frame["exposure_dep"]
    moved = 0.3 * frame["dose"] - worth * near
    panel["en_emploi_industrie_region_6"] = worth * frame["size"] + moved
    return panel, float(moved.sum() / frame["dose"].sum())


def test_a_neighbour_that_is_not_read_loses_what_a_student_is_worth_there():
    panel, truth = at_work(invented_panel(4))
    found = j_j(panel, "en_emploi_industrie_region_6")
    assert found["Effet brut par place"].estimate == pytest.approx(0.3, abs=EXACT)
    assert found["Effet net par place"].estimate == pytest.approx(truth, abs=EXACT)
    frame = sample(panel, "en_emploi_industrie_region_6")
    np.testing.assert_allclose(frame.level, 1 / 6)
    by_ring = displacement(panel, "en_emploi_industrie_region_6", rings=(FAMILLE, ETABLISSEMENT))
    assert by_ring.net.estimate == pytest.approx(truth, abs=EXACT)


def test_a_student_is_a_student_in_every_neighbour():
    panel, _ = at_work(invented_panel(4))
    assert sample(panel, "diplomes").level == (1.0, 1.0)
    whole = panel.assign(filiere="numerique")  # every neighbour is read: nothing to weigh
    assert sample(whole, "en_emploi_industrie_region_6").level == (1.0, 1.0)


def test_equivalence_is_the_t_test_of_displacement_plus_margin_times_own_effect(monkeypatch):
    covariance = np.array([[0.0004, 0.0001], [0.0001, 0.0009]])
    ratio, interval, test, detectable = diversion(0.8, -0.04, covariance, 11)
    assert ratio == pytest.approx(0.05)
    error = np.sqrt(0.0009 + 0.04 * 0.0004 + 2 * 0.2 * 0.0001)
    assert test.p_value == pytest.approx(stats.t.sf((-0.04 + 0.16) / error, 11))
    assert test.below_margin
    assert interval.low < 0 < ratio < test.upper < interval.high
    # The one-sided bound is the margin at which the test just rejects.
    monkeypatch.setattr(import_module(diversion.__module__), "MARGIN", test.upper)
    again = diversion(0.8, -0.04, covariance, 11)[2]
    assert again.p_value == pytest.approx(0.05, abs=1e-9)
    assert detectable == pytest.approx(0.03 * (stats.t.ppf(0.975, 11) + stats.t.ppf(0.8, 11)))


def test_an_own_effect_that_may_be_nil_never_concludes():
    _, interval, test, _ = diversion(0.02, 0.0, np.diag([0.01, 0.0001]), 11)
    assert not interval.bounded
    assert not test.below_margin


def test_an_insignificant_displacement_is_not_called_nil():
    found = displacement(invented_panel(4, noise=6.0, etab=0.0, dep=0.0), "diplomes")
    assert found.neighbours.p_value > 0.05
    assert "ne permettent pas de dire" in found.verdict()
    assert "ne prouve pas" in found.summary()
    said = [
        replace(found, equivalence=replace(found.equivalence, upper=upper)).verdict()
        for upper in (0.8, 1.22)
    ]
    assert "il est inférieur à 80\u00a0%, à 95 %" in said[0]
    assert "pourvues ; il pourrait les égaler." in said[1]


def test_neighbours_are_those_of_the_declared_area():
    panel = invented_panel(6, noise=2.0)
    wide = panel.assign(voisinage=panel["code_academie"])
    ring = Ring("académie", ("code_academie", "famille"))
    found, by_ring = j_j(wide), displacement(panel, "diplomes", rings=(ETABLISSEMENT, ring))
    for label in ("Effet brut par place", "Déplacement par place", "Effet net par place"):
        assert found[label].estimate == pytest.approx(by_ring.effects[label].estimate, abs=EXACT)
        assert found[label].std_error == pytest.approx(by_ring.effects[label].std_error, abs=EXACT)
    assert found["Déplacement par place"].estimate != j_j(panel)["Déplacement par place"].estimate


def test_a_declared_area_finds_what_neighbours_of_the_whole_academie_lose():
    panel = invented_panel(7, dep=0.0)
    wide = panel.assign(voisinage=panel["code_academie"])
    frame = align(wide, "diplomes")
    panel.loc[frame.index, "diplomes"] -= 0.2 * frame["exposure_dep"]
    near, far = sample(wide, "diplomes").reach
    truth = 0.5 - 0.1 * near - 0.2 * far
    seen = wide.assign(diplomes=panel["diplomes"])
    assert j_j(seen)["Effet net par place"].estimate == pytest.approx(truth, abs=EXACT)
    assert abs(j_j(panel)["Effet net par place"].estimate - truth) > 0.02


def test_two_rings_of_one_name_are_refused():
    twice = (Ring("voisines", ("uai",)), Ring("voisines", ("famille",)))
    with pytest.raises(FpiError, match="le même nom"):
        displacement(invented_panel(1), "diplomes", rings=twice)


def test_a_ring_may_be_of_any_column_and_a_missing_value_is_in_none():
    panel = four_cells().assign(bassin=["a", "a", None, None, "a", "a", None, None])
    found, reach = exposed(panel, "entrants", (Ring("même bassin", ("bassin",)),))
    np.testing.assert_allclose(found["même bassin"], [0, 0, 0, 0, 0, 10, 0, 0])
    np.testing.assert_allclose(reach, 1)
    gone = panel.assign(bassin=panel["bassin"].mask(panel["cell"] == panel["cell"].iloc[0]))
    assert exposed(gone, "entrants", (Ring("même bassin", ("bassin",)),))[1] == 0


@pytest.mark.parametrize("name", ["famille", "places"])
def test_a_ring_may_have_any_name_even_that_of_a_column(name):
    panel = invented_panel(1, noise=1.0)
    named, other = (
        displacement(panel, "diplomes", rings=(replace(FAMILLE, name=n),)) for n in (name, "v")
    )
    np.testing.assert_array_equal(
        *(e.effects.to_frame()[["estimate", "ci_low"]] for e in (named, other))
    )


def test_a_neighbour_without_a_student_before_is_worth_none():
    panel, _ = at_work(invented_panel(4))
    given = align(panel, "entrants")[["exposure_etab", "exposure_dep"]]
    empty = panel["cell"] == panel.loc[panel["filiere"] == "autre", "cell"].iloc[0]
    panel = panel.assign(**{c: given[c].mask(empty, 3.0) for c in given})
    panel["entrants"] = panel["entrants"].mask(empty, 0.0)
    assert np.isfinite(sample(panel, "en_emploi_industrie_region_6").reach).all()
