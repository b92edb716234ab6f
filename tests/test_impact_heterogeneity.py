"""Groups named beforehand: their effects, whether they differ, how often by mistake."""

import numpy as np
import pandas as pd
import pytest
from dense import columns_of_j
from invented import invented_panel
from scipy import stats

from fpi_eval import text, twin
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import effects, sample, scale
from fpi_eval.impact.groups.declared import DIMENSIONS, pressure
from fpi_eval.impact.groups.heterogeneity import FEWEST, Heterogeneity, heterogeneity
from fpi_eval.panel import align
from fpi_eval.regression import linear

EXACT = 1e-8


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    return twin.draw(twin.SMALL, 1).panel


@pytest.fixture(scope="module")
def found(small) -> Heterogeneity:
    return heterogeneity(small, "diplomes", draws=999)


def test_one_group_effect_is_that_of_a_regression_with_both_groups(small, found):
    frame = sample(small, "diplomes")
    n = scale(frame)
    x, z, _ = columns_of_j(frame)
    first = (frame["niveau"] == "secondaire").to_numpy()[:, None]
    x = np.column_stack([first * x[:, :1], ~first * x[:, :1], x[:, 1:]]) / n[:, None]
    z = np.column_stack([first * z[:, :1], ~first * z[:, :1], z[:, 1:] / n[:, None]])
    fit = linear.fit(frame["y"].to_numpy() / n, x, effects(frame), names=list("abcd"),
                     instruments=z, weights=n)  # fmt: skip
    rows = found.table.set_index("group")["estimate"]
    assert rows["Secondaire"] == pytest.approx(fit.coefficients[0], abs=EXACT)
    assert rows["Supérieur"] == pytest.approx(fit.coefficients[1], abs=EXACT)


def test_equality_of_two_groups_is_the_squared_t_of_their_gap(small, found):
    frame = sample(small, "diplomes")
    n = scale(frame)
    x, z, _ = columns_of_j(frame)
    second = (frame["niveau"] == "superieur").to_numpy()[:, None]
    x = np.column_stack([x[:, :1], second * x[:, :1], x[:, 1:]]) / n[:, None]
    z = np.column_stack([z[:, :1], second * z[:, :1], z[:, 1:] / n[:, None]])
    fit = linear.fit(frame["y"].to_numpy() / n, x, effects(frame), names=list("abcd"),
                     instruments=z, weights=n)  # fmt: skip
    psi = fit.jackknife(frame["code_departement"].to_numpy()[fit.keep])[:, 1]
    t = fit.coefficients[1] / np.sqrt(psi @ psi)
    moved = frame[frame["dose"] != 0]
    df = moved.groupby("niveau")["code_departement"].nunique().min() - 1
    own = found.tests.set_index("dimension").loc["Niveau", "p_value"]
    assert own == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-6)


def test_without_noise_each_group_gets_its_own_effect_back():
    panel = invented_panel(3, opened=30)
    panel["niveau"] = np.where(panel["course"] < "c3", "secondaire", "superieur")
    more = align(panel, "diplomes")["dose"].where(panel["niveau"] == "superieur", 0.0)
    panel["diplomes"] += 0.2 * more
    rows = heterogeneity(panel, "diplomes", by=("niveau",), draws=99).table.set_index("group")
    assert rows.loc["Secondaire", "estimate"] == pytest.approx(0.5, abs=EXACT)
    assert rows.loc["Supérieur", "estimate"] == pytest.approx(0.7, abs=EXACT)


def test_what_the_source_does_not_give_is_told_and_never_guessed(found):
    assert set(found.absent) == {"sexe", "tension"}
    assert "Sexe : les fichiers lus ne le donnent pas" in found.summary()
    assert not found.table["dimension"].isin(["Sexe", "Tension du métier visé"]).any()


def test_a_column_of_the_source_is_used_as_soon_as_it_is_there(small):
    mostly = np.where(small["cell"] % 2 == 0, "filles", "garcons")
    told = heterogeneity(small.assign(sexe=mostly), by=("sexe",), draws=99)
    assert set(told.table["group"]) == {"Femmes", "Hommes"}
    assert not told.absent


def test_a_column_of_ones_own_splits_as_a_declared_one_does(small):
    own = heterogeneity(small.assign(mon_niveau=small["niveau"]), by="mon_niveau", draws=99)
    wanted = heterogeneity(small, by="niveau", draws=99)
    np.testing.assert_allclose(own.table["estimate"], wanted.table["estimate"], atol=EXACT)
    assert list(own.table["label"]) == ["mon_niveau : secondaire", "mon_niveau : superieur"]


def test_a_split_that_moves_or_is_nowhere_is_refused(small):
    with pytest.raises(FpiError, match="change d'une année à l'autre"):
        heterogeneity(small, by="entrants")
    with pytest.raises(FpiError, match=r"« taille » inconnu : .*ou une colonne du tableau"):
        heterogeneity(small, by="taille")


def test_groups_too_small_are_left_out_and_counted(small):
    moved = sample(small, "diplomes")
    moved = moved[moved["dose"] != 0]
    few = moved["uai"].unique()[: FEWEST - 1]
    group = np.where(small["cell"] % 2 == 0, "forte", "faible")
    panel = small.assign(tension=np.where(small["uai"].isin(few), "rare", group))
    told = heterogeneity(panel, by=("tension",), draws=99)
    n_cells = moved.loc[moved["uai"].isin(few), "cell"].nunique()
    assert told.left_out == (("Tension du métier visé, rare", n_cells),)
    assert set(told.table["group"]) == {"forte", "faible"}
    said = f"laissés de côté : Tension du métier visé, rare ({text.pluriel(n_cells, 'cellule')})."
    assert said in told.summary()


def test_names_that_are_numbers_beside_text_are_groups_all_the_same(small):
    coded = small.assign(filiere=np.where(small["niveau"] == "superieur", "a", "b"))
    found = heterogeneity(coded, by="filiere", words={"a": 3}, draws=99)
    assert list(found.table["group"]) == ["3", "b"]


def test_a_table_without_departements_has_groups_all_the_same(small):
    apart = heterogeneity(small, by="voie", departement=None, draws=99)
    known = heterogeneity(small.assign(exposure_dep=0.0), by="voie", draws=99)
    assert apart.table["group"].tolist() == known.table["group"].tolist() != []
    np.testing.assert_allclose(apart.table["estimate"], known.table["estimate"])


def test_seats_of_all_groups_of_a_full_dimension_add_up(small, found):
    total = sample(small, "diplomes")["dose"].sum()
    sums = found.table.groupby("dimension")["seats"].sum()
    # Cells alone in a fixed effect are not used: their seats are in no group.
    assert 0.95 * total < sums["Niveau"] == sums["Voie"] <= total
    assert sums["Demande avant le programme"] <= sums["Niveau"]


def test_pressure_compares_wishes_and_places_before_the_programme_only():
    rows = [(1, 2020, 10.0, 8.0, 0.0), (1, 2021, 30.0, 8.0, 5.0),
            (2, 2020, 8.0, 8.0, 0.0), (3, 2020, np.nan, 8.0, 0.0),
            (4, 2021, 90.0, 8.0, 0.0)]  # fmt: skip
    panel = pd.DataFrame(rows, columns=["cell", "rentree", "voeux_1", "places", "seats"])
    assert pressure(panel).to_dict() == {
        1: "plus de vœux que de places", 2: "autant ou moins de vœux", 3: "non renseigné",
        4: "non renseigné",
    }  # fmt: skip


def test_adjusted_p_values_are_ordered(found):
    tests = found.tests
    assert (tests["p_romano_wolf"] >= tests["p_value"]).all()
    assert (tests["p_holm"] >= tests["p_value"]).all()
    assert len(tests) == len(set(found.table["dimension"])) >= 3


def test_a_difference_that_exists_is_found_where_it_is():
    # Graduates per seat differ by level in the twin: retention and success do.
    panel = twin.draw(twin.REALISTIC, 1).panel
    told = heterogeneity(panel, "diplomes", by=("niveau", "voie"), draws=999)
    p = told.tests.set_index("dimension")["p_romano_wolf"]
    assert p["Niveau"] <= 0.05 < p["Voie"]
    assert told.sentence().endswith("l'effet par place diffère après correction selon : niveau.")


def test_an_unknown_dimension_is_refused_and_no_large_group_is_told(small):
    with pytest.raises(FpiError, match="découpage « age » inconnu"):
        heterogeneity(small, by=("age",))
    alone = heterogeneity(small[small["niveau"] == "secondaire"], by=("niveau",))
    assert alone.table.empty
    assert "rien à comparer" in alone.absent["niveau"]
    assert alone.sentence().startswith("Aucun découpage")


def test_no_difference_is_said_without_claiming_that_effects_are_the_same():
    rows = [("Niveau", 2, 0.03, 0.06, 0.06), ("Voie", 2, 0.8, 0.8, 0.8)]
    names = ["dimension", "n_groups", "p_value", "p_romano_wolf", "p_holm"]
    tests = pd.DataFrame(rows, columns=names)
    said = Heterogeneity("diplomes", pd.DataFrame(), tests, {}).sentence()
    assert said.startswith("Sur 2 découpages, aucun groupe ne se distingue sûrement des autres")
    assert "(niveau : seulement pris à part)" in said
    assert "ne prouve pas" in said


def test_dimensions_are_declared_once():
    assert list(DIMENSIONS) == ["niveau", "voie", "filiere", "sexe", "pression", "tension"]
