"""Disclosure control on tables small enough to be checked by hand."""

import itertools
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import milp

from fpi_eval.absent import Absent
from fpi_eval.disclosure import (
    TOTAL,
    Parts,
    Publication,
    PublicShare,
    Rate,
    Thresholds,
    audit,
    hiding,
    protect,
)
from fpi_eval.disclosure import bounds as extremes
from fpi_eval.disclosure.audit import _view
from fpi_eval.disclosure.hiding import Unprotectable
from fpi_eval.disclosure.margins import ToPublish, membership, with_margins
from fpi_eval.disclosure.suppress import protect_together
from fpi_eval.errors import FpiError
from fpi_eval.programme import Secret
from fpi_eval.report.published import memory, protection

TAUX = Rate("taux_emploi_6_mois", "en_emploi", "sortants")


def grid(counts, dims=("departement", "filiere")):
    rows = [(*key, value) for key, value in counts.items()]
    return pd.DataFrame(rows, columns=[*dims, "n"])


THREE_BY_TWO = grid(
    {
        ("01", "rei"): 3,
        ("01", "num"): 40,
        ("38", "rei"): 30,
        ("38", "num"): 25,
        ("69", "rei"): 60,
        ("69", "num"): 90,
    }
)


def hidden_cells(protected, value="n"):
    where = protected.frame[protected.hidden[value]]
    return {tuple(row) for row in where.iloc[:, :2].to_numpy()}


def test_one_small_count_hides_the_cheapest_rectangle_around_it():
    # 3 is primary; its row, its column and their crossing must move too: 40 + 30 + 25 people
    # rather than 40 + 60 + 90.
    protected = protect(THREE_BY_TWO, dims=["departement", "filiere"], values=["n"])
    assert hidden_cells(protected) == {("01", "rei"), ("01", "num"), ("38", "rei"), ("38", "num")}
    assert (protected.n_primary, protected.n_complementary) == (1, 3)


def test_hidden_values_are_absent_and_shown_ones_exact():
    protected = protect(THREE_BY_TWO, dims=["departement", "filiere"], values=["n"])
    assert protected.frame.loc[protected.hidden["n"], "n"].isna().all()
    totals = protected.frame.set_index(["departement", "filiere"])["n"]
    assert totals[TOTAL, TOTAL] == 248
    assert totals["01", TOTAL] == 43
    text = protected.display()
    assert (text["n"] == "s").sum() == 4
    assert protected.publication.structure["n"].dtype == bool  # a catalogue, no counts


def test_bounds_of_the_rectangle_are_those_worked_out_by_hand():
    # a + b = 43, c + d = 55, a + c = 93 − 60 = 33, b + d = 155 − 90 = 65, each at least 1:
    # a goes from 1 to 32 (then c = 1).
    protected = protect(THREE_BY_TWO, dims=["departement", "filiere"], values=["n"])
    bounds = audit([protected.publication], exact=True).set_index(["departement", "filiere"])
    assert bounds.loc[("01", "rei"), ["bas", "haut"]].tolist() == [1, 32]
    assert bounds.loc[("38", "num"), ["bas", "haut"]].tolist() == [23, 54]


def test_without_small_counts_nothing_is_hidden():
    table = THREE_BY_TWO.assign(n=[5, 40, 30, 25, 60, 0])
    protected = protect(table, dims=["departement", "filiere"], values=["n"])
    assert not protected.hidden["n"].any()
    assert (protected.n_primary, protected.n_complementary) == (0, 0)


def test_zeros_are_shown_and_protect_nobody():
    table = grid({("01", "rei"): 3, ("01", "num"): 0, ("38", "rei"): 30, ("38", "num"): 25})
    protected = protect(table, dims=["departement", "filiere"], values=["n"])
    shown = protected.frame.set_index(["departement", "filiere"])["n"]
    assert shown["01", "num"] == 0
    assert np.isnan(shown["01", TOTAL])  # equal to the small count
    assert (audit([protected.publication])["largeur"] >= 4).all()


def test_a_count_alone_under_its_margin_takes_the_margin_with_it():
    table = grid({("01", "rei"): 4, ("38", "rei"): 50, ("69", "rei"): 20})
    protected = protect(table, dims=["departement", "filiere"], values=["n"])
    assert ("01", "rei") in hidden_cells(protected)
    assert ("01", TOTAL) in hidden_cells(protected)
    assert ("69", "rei") in hidden_cells(protected)  # the smallest complement


@pytest.mark.parametrize(
    ("dims", "edit", "how", "message"),
    [
        (["departement"], {"departement": TOTAL}, {}, "valeur vide ou « Total »"),
        (["departement"], {"departement": None}, {}, "valeur vide ou « Total »"),
        (["departement"], {}, {"windows": {"annee": [2023]}}, "annee.*absente du tableau"),
        (["departement"], {}, {"margins": [("filiere",)]}, "filiere.*pas une dimension"),
    ],
)
def test_a_dimension_that_would_hide_wrongly_is_refused(dims, edit, how, message):
    with pytest.raises(FpiError) as error:
        with_margins(THREE_BY_TWO.assign(**edit), dims, **how)
    assert re.search(message, str(error.value))


def test_a_margin_asked_twice_is_published_once_and_a_cell_that_no_row_holds_is_no_fault():
    cells = with_margins(THREE_BY_TWO, ["filiere"], margins=[("filiere",), (), ("filiere",)])
    assert cells["filiere"].tolist() == ["num", "rei", TOTAL]
    other = pd.DataFrame({"filiere": ["num", "ene"]})
    assert membership(other, THREE_BY_TWO).sum(axis=1).A1.tolist() == [3, 0]


def test_two_ones_under_a_shown_total_of_five_are_not_enough():
    # 1 + 4 = 5 shown: four values left each (1 to 4), and the rule asks for five.
    table = grid({("01", "rei"): 1, ("01", "num"): 4, ("38", "rei"): 9, ("38", "num"): 9})
    protected = protect(table, dims=["departement", "filiere"], values=["n"])
    assert (audit([protected.publication])["largeur"] >= 4).all()
    assert ("01", TOTAL) in hidden_cells(protected)


def nested(levels):
    """Return the groupings of a hierarchy, largest level first, and the grand total."""
    return [tuple(levels[:k]) for k in range(len(levels), -1, -1)]


def test_a_hierarchy_is_protected_at_all_its_levels():
    rows = [("84", "10", "001", "A", 2), ("84", "10", "001", "B", 30), ("84", "10", "069", "C", 50)]
    rows += [("84", "08", "038", "D", 70), ("84", "08", "038", "E", 20)]
    levels = ["region", "academie", "departement", "uai"]
    table = pd.DataFrame(rows, columns=[*levels, "n"])
    protected = protect(table, dims=levels, values=["n"], margins=nested(levels))
    shown = protected.frame.set_index(levels)["n"]
    assert np.isnan(shown["84", "10", "001", "A"])
    assert np.isnan(shown["84", "10", "001", "B"])
    assert shown["84", "10", "001", TOTAL] == 32
    assert shown["84", "08", "038", "E"] == 20
    assert shown[TOTAL, TOTAL, TOTAL, TOTAL] == 172
    assert protected.n_complementary == 1


def test_three_dimensions_are_protected_together():
    rng = np.random.default_rng(3)
    rows = [(a, b, c, rng.poisson(9)) for a in "ABC" for b in "XYZ" for c in "12"]
    table = pd.DataFrame(rows, columns=["a", "b", "c", "n"])
    table.loc[4, "n"] = 2
    protected = protect(table, dims=["a", "b", "c"], values=["n"])
    assert protected.n_primary >= 1
    assert protected.n_complementary >= 7  # at least a cube
    assert not audit([protected.publication])["expose"].any()


def test_a_rate_under_twenty_is_hidden_with_its_numerator():
    table = pd.DataFrame(
        {"uai": ["A", "B", "C"], "sortants": [19, 40, 41], "en_emploi": [9, 20, 21]}
    )
    protected = protect(table, dims=["uai"], values=["sortants", "en_emploi"], rates=[TAUX])
    line = protected.frame.set_index("uai").loc["A"]
    assert line["sortants"] == 19
    assert np.isnan(line[["en_emploi", "taux_emploi_6_mois"]].astype(float)).all()
    assert protected.reasons.set_index("uai").loc["A", "en_emploi"] == "taux"
    # A's count would come back from the total: B is hidden too, and C keeps its rate
    assert protected.frame.set_index("uai").loc["C", "taux_emploi_6_mois"] == 21 / 41
    assert protected.hidden["en_emploi"].sum() == 2


def test_a_numerator_of_zero_under_twenty_is_hidden_like_any_other():
    table = pd.DataFrame({"uai": ["A", "B"], "sortants": [10, 40], "en_emploi": [0, 20]})
    protected = protect(table, dims=["uai"], values=["sortants", "en_emploi"], rates=[TAUX])
    assert np.isnan(protected.frame.set_index("uai").loc["A", "en_emploi"])
    assert audit([protected.publication])["bas"].min() == 0


def test_shares_that_sum_to_100_hide_two_parts_at_least():
    table = pd.DataFrame(
        {"uai": ["A", "B"], "terminale": [40, 60], "poursuite": [20, 30], "emploi": [18, 20]}
    ).assign(autre=[2, 10])
    parts = Parts("terminale", ("poursuite", "emploi", "autre"), exhaustive=True)
    protected = protect(
        table, dims=["uai"], values=["terminale", "poursuite", "emploi", "autre"], parts=[parts]
    )
    counts = ["terminale", "poursuite", "emploi", "autre"]
    lone = protected.hidden[counts].sum(axis=1)
    assert (lone[lone > 0] >= 2).all()
    assert not audit([protected.publication])["expose"].any()


def test_what_is_left_of_a_total_is_a_count_too():
    # 40 sortants, 38 in employment: 2 people without a job are as secret as 2 with one.
    table = pd.DataFrame({"uai": ["A", "B"], "sortants": [40, 60], "en_emploi": [38, 30]})
    spec = {"dims": ["uai"], "values": ["sortants", "en_emploi"]}
    public = protect(table, **spec)
    assert not public.hidden.to_numpy().any()
    for told in ({"parts": [Parts("sortants", ("en_emploi",))]}, {"rates": [TAUX]}):
        line = protect(table, **spec, **told).frame.set_index("uai").loc["A", spec["values"]]
        assert line.isna().any()
        again = protect(table, **spec, **told, known=[public.publication])
        assert not again.hidden.to_numpy().any()  # both counts are out already


def test_public_counts_and_their_rates_follow_no_rule():
    table = THREE_BY_TWO.rename(columns={"n": "entrants"}).assign(places=[2, 50, 30, 30, 60, 90])
    protected = protect(
        table, dims=["departement", "filiere"], values=["entrants"], public=["places"],
        rates=[Rate("taux_remplissage", "entrants", "places", regle_editeur=False)],
    )  # fmt: skip
    shown = protected.frame.set_index(["departement", "filiere"])
    assert shown.loc[("01", "rei"), "places"] == 2


def two_years():
    rows = [("A", 2022, 12), ("A", 2023, 3), ("B", 2022, 20), ("B", 2023, 30)]
    return pd.DataFrame(rows, columns=["uai", "rentree", "n"])


def test_last_years_report_is_taken_into_account():
    # Last year showed A 2022 = 12. This year's cumul 2022-2023 of A (15) would give back A 2023.
    table, spec = two_years(), {"dims": ["uai", "rentree"], "values": ["n"]}
    last = protect(table, windows={"rentree": [2022]}, name="2022", **spec)
    assert not last.hidden["n"].any()
    window = {"rentree": [(2022, 2023)]}
    careless = protect(table.query("rentree >= 2022"), windows=window, **spec)
    now = protect(table, windows=window, known=[last.publication], **spec)
    assert audit([last.publication, now.publication])["expose"].sum() == 0
    cumul = now.frame.set_index("uai")["n"]
    assert np.isnan(cumul["A"])
    # the careless report protects A 2023 = 3 against itself only
    assert np.isfinite(careless.frame.set_index("uai")["n"]["A"])


def test_a_count_hidden_last_year_that_need_not_be_secret_is_not_given_back():
    # Last year 6 was small: it took 40 with it. This year neither is small, and the totals by
    # filière (65, 36) would give both back, since last year's 25 and 30 were shown.
    table = grid({("01", "rei"): 40, ("01", "num"): 6, ("38", "rei"): 25, ("38", "num"): 30})
    spec = {"dims": ["departement", "filiere"], "values": ["n"]}
    fine = [("departement", "filiere"), ("departement",)]
    last = protect(table, margins=fine, thresholds=Thresholds(effectif_minimum=7), **spec)
    assert hidden_cells(last) == {("01", "rei"), ("01", "num")}
    now = protect(table, margins=[("filiere",)], known=[last.publication], **spec)
    assert not audit([last.publication, now.publication])["expose"].any()
    assert now.hidden["n"].all()


def test_a_count_that_nobody_knew_last_year_is_published_and_its_small_cells_are_hidden():
    # Employment at 12 months of the same leavers is published a year after that at 6 months.
    rows = [("A", "rei", 40, 30), ("A", "num", 25, 12), ("B", "rei", 33, 3), ("B", "num", 50, 41)]
    table = pd.DataFrame(rows, columns=["uai", "filiere", "a_6_mois", "a_12_mois"])
    spec = {"dims": ["uai", "filiere"], "values": ["a_6_mois", "a_12_mois"]}
    last = protect(table.assign(a_12_mois=np.nan), **spec)
    assert last.frame["a_12_mois"].isna().all()
    assert not last.hidden["a_12_mois"].any()
    now = protect(table, known=[last.publication], **spec)
    alone = protect(table, **spec)
    pd.testing.assert_frame_equal(now.hidden, alone.hidden)
    shown = now.frame.set_index(["uai", "filiere"])["a_12_mois"]
    assert shown[TOTAL, TOTAL] == 86
    assert np.isnan(shown["B", "rei"])
    assert not audit([last.publication, now.publication])["expose"].any()
    again = protect(table, known=[last.publication, now.publication], **spec)
    pd.testing.assert_frame_equal(again.hidden, now.hidden)


def test_a_small_year_inside_a_window_is_protected_though_no_table_shows_it():
    table, spec = two_years(), {"dims": ["uai", "rentree"], "values": ["n"]}
    both = protect(table, windows={"rentree": [2022, (2022, 2023)]}, **spec)
    shown = both.frame[both.frame["uai"] == "A"]["n"]
    assert shown.isna().any()


def test_a_small_count_that_no_cell_is_and_that_several_tell_is_protected():
    # U1 and U2 teach F: 23 in D, 20 in U2, which teaches nothing else, leave 3 in U1.
    rows = [("D", "U1", "F", 3), ("D", "U1", "G", 37), ("D", "U2", "F", 20)]
    rows += [("E", "U3", "F", 30), ("E", "U3", "G", 30)]
    crossing = [("d", "f"), ("d", "u"), ("f",), ()]
    table = pd.DataFrame(rows, columns=["d", "u", "f", "n"])
    found = protect(table, dims=["d", "u", "f"], values=["n"], margins=crossing).frame
    told = (found["u"] == "U2") | (found["d"] == "D") & (found["f"] == "F")
    assert found.loc[told, "n"].isna().any()
    # 53 − 31 − 18 = 4 in A and B in 2022, though A alone may be 0 to 4.
    rows = [("A", 2021, 3), ("A", 2022, 4), ("B", 2021, 28), ("B", 2022, 0), ("C", 2022, 18)]
    table = pd.DataFrame([*rows, ("C", 2021, 0)], columns=["uai", "rentree", "n"])
    windows = {"rentree": [2021, (2021, 2022)]}
    found = protect(table, dims=["uai", "rentree"], values=["n"], windows=windows).frame
    told = (found["uai"] == TOTAL) | (found["uai"] == "C") & (found["rentree"] != 2021)
    assert found.loc[told, "n"].isna().any()


def test_a_detail_that_earlier_reports_alone_tell_costs_nothing_and_another_is_not_let_out():
    # U1 × F = 23 − 20: the report that comes after cannot take it back, and hides nothing for it.
    rows = [("D", "U1", "F", 3), ("D", "U1", "G", 37), ("D", "U2", "F", 20), ("E", "U3", "F", 30)]
    table = pd.DataFrame(rows, columns=["d", "u", "f", "n"])
    spec = {"dims": ["d", "u", "f"], "values": ["n"], "margins": [("d", "f"), ("d", "u")]}
    early = protect(table, thresholds=Thresholds(effectif_minimum=1), **spec).publication
    assert not protect(table, known=[early], **spec).hidden["n"].any()
    # By p and q, A is 0 to 23. The zeros of B and D in r, that do not touch it, make it 3.
    rows = [("1", "1", "A+E", 3), ("1", "1", "B", 0), ("1", "2", "C", 20), ("2", "2", "D", 0)]
    table = pd.DataFrame([*rows, ("2", "1", "A+E", 30)], columns=["p", "q", "r", "n"])
    spec = {"dims": ["p", "q", "r"], "values": ["n"]}
    early = protect(table, margins=[("p",), ("q",)], **spec)
    assert not early.hidden["n"].any()
    layout = ToPublish("r", with_margins(table, spec["dims"], margins=[("r",)]), ("n",))
    how = {"dims": spec["dims"], "known": [early.publication], "withdraw": True}
    with pytest.raises(Unprotectable, match="aucun tableau"):
        protect_together(table, [layout], **how)


@pytest.mark.parametrize("seed", [13, 19, 48])
def test_no_sum_that_tables_which_cross_tell_together_is_small(seed):
    rng = np.random.default_rng(seed)
    cells = [(u // 2, u, f) for u in range(4) for f in "XY" if rng.random() < 0.75]
    table = pd.DataFrame(cells, columns=["d", "u", "f"])
    table["sortants"] = rng.poisson(rng.choice([3, 6, 15, 30], len(table)))
    table["en_emploi"] = rng.binomial(table["sortants"], rng.choice([0.1, 0.5, 0.9], len(table)))
    values, margins = ["sortants", "en_emploi"], [("d", "f"), ("d", "u"), ("d",), ("f",), ()]
    spec = {"dims": ["d", "u", "f"], "values": values, "rates": [TAUX], "margins": margins}
    view = _view([protect(table, **spec).publication], Thresholds())
    truth = view.system.unknowns(table[values])
    names = np.array([name for name, _ in view.system.columns])
    for name, part in itertools.product(values, itertools.product((0, 1), repeat=len(truth) // 2)):
        row = np.zeros(len(truth))
        row[names == name] = part
        if 1 <= row @ truth <= 4:
            (low,), (high,), _ = view.feasible().ranges(sparse.csr_matrix(row), np.inf)
            assert high > 4, (name, part, low, high)


def test_a_window_never_adds_up_to_a_total_over_years():
    cells = with_margins(two_years(), ["uai", "rentree"], windows={"rentree": [(2022, 2023)]})
    assert set(cells["rentree"]) == {(2022, 2023)}


def test_what_last_year_gave_away_cannot_be_protected_and_stops_the_report():
    table, spec = two_years(), {"dims": ["uai", "rentree"], "values": ["n"]}
    lax = protect(
        table, windows={"rentree": [2022, 2023]}, thresholds=Thresholds(effectif_minimum=1), **spec
    )
    with pytest.raises(FpiError, match="déjà public"):
        protect(table, windows={"rentree": [2023]}, known=[lax.publication], **spec)


def test_what_is_no_list_of_publications_is_refused_with_what_to_write():
    spec = {"dims": ["departement", "filiere"], "values": ["n"]}
    made = protect(THREE_BY_TWO, **spec)
    for known in ([made], made.publication, made, made.frame):
        with pytest.raises(FpiError, match=r"« known » .*known=\[tableau.publication\]"):
            protect(THREE_BY_TWO, known=known, **spec)
    with pytest.raises(FpiError, match=r"« published » .* Trouvé : Protected"):
        audit([made])


def test_revised_data_under_an_earlier_report_stop_the_report():
    table, spec = two_years(), {"dims": ["uai", "rentree"], "values": ["n"]}
    last = protect(table, windows={"rentree": [2022]}, **spec)
    revised = table.assign(n=table["n"] + 1)
    with pytest.raises(FpiError, match="ne redonne plus"):
        protect(revised, windows={"rentree": [2023]}, known=[last.publication], **spec)


@pytest.mark.parametrize(
    ("years", "words"),
    [
        ([2021], r"antérieur lu : 2021\..*refaites d'abord ce rapport avec"),
        ([2019, 2021], r"antérieurs lus : 2019 et 2021\..*dans l'ordre"),
    ],
)
def test_the_refusal_of_revised_data_names_the_reports_that_were_read(monkeypatch, years, words):
    kept = {str(year): Path(f"essai/{year}/publication.json") for year in years}
    monkeypatch.setattr(memory, "kept_earlier", lambda *_, **__: kept)
    donnees = SimpleNamespace(programme=None, rentree=2023, simulees=False)
    raised = protection._revised(SimpleNamespace(donnees=donnees), FpiError("x."))
    assert re.search(words, str(raised))
    assert "2022" not in str(raised)  # no report of the year before is there


def test_a_year_that_other_reports_sum_and_that_files_lack_stops_the_report(monkeypatch):
    years = [2024, (2024, 2025), (2024, 2025, 2026)]
    told = SimpleNamespace(frame=pd.DataFrame({"rentree": years}))
    monkeypatch.setattr(memory, "elsewhere", lambda _: {"formes": (told,)})
    year = SimpleNamespace(donnees=SimpleNamespace(rentree=2025, simulees=False))
    wanted = [SimpleNamespace(name="formes", dims=["uai", "rentree"])]
    protection._all_there(year, wanted, [2024, 2025])  # of a later year, nothing can be known
    with pytest.raises(FpiError, match=r"la rentrée 2024.*n'est plus dans les fichiers"):
        protection._all_there(year, wanted, [2025])
    protection._all_there(year, wanted, [2023])  # nothing of these sums is shown


def publication(rows, values, rates=(), dims=("uai",)):
    frame = pd.DataFrame(rows, columns=[*dims, *values])
    names = [name for name in values if name not in {rate.name for rate in rates}]
    catalogue = frame.loc[frame["uai"] != TOTAL, list(dims)].assign(**dict.fromkeys(names, True))
    hidden = frame[names].isna()
    return Publication("p", frame, dims, tuple(names), catalogue, hidden, tuple(rates))


def test_the_audit_finds_a_cell_given_by_a_subtraction():
    p = publication([("A", np.nan), ("B", 30), ("C", 20), (TOTAL, 53)], ["n"])
    with pytest.raises(FpiError, match="se retrouve"):
        audit([p])
    bounds = audit([p], strict=False)
    assert bounds[["bas", "haut", "largeur"]].to_numpy().tolist() == [[3, 3, 0]]


def test_the_message_of_the_audit_does_not_print_the_value():
    p = publication([("A", np.nan), ("B", 30), ("C", 20), (TOTAL, 53)], ["n"])
    with pytest.raises(FpiError) as error:
        audit([p])
    assert "3" not in str(error.value)


def test_the_audit_finds_a_count_given_by_a_rounded_rate():
    # 23 leavers, 39 % ± 0.5 points: between 8.86 and 9.09, hence 9.
    rate = Rate("taux", "en_emploi", "sortants", step=0.01)
    rows = [("A", 23, np.nan, 0.39), ("B", 400, np.nan, 0.39)]
    p = publication(rows, ["sortants", "en_emploi", "taux"], [rate])
    bounds = audit([p], exact=True, strict=False).set_index("uai")
    assert bounds.loc["A", ["bas", "haut"]].tolist() == [9, 9]
    assert bounds.loc["B", ["bas", "haut"]].tolist() == [154, 158]  # 154.0 to 158.0
    assert bounds["expose"].tolist() == [True, False]


def test_the_audit_finds_a_count_given_by_a_total_a_rate_or_a_public_share():
    nobody = {"uai": ["A"], "whole": [30.0], "part": [np.nan], "rest": [27.0], "ratio": [0.9]}
    frame = pd.DataFrame(nobody)
    hidden = pd.DataFrame({name: frame[name].isna() for name in ("whole", "part", "rest")})
    structure = frame[["uai", "ratio"]].assign(whole=True, part=True, rest=True)
    alone = Publication("n", frame, ("uai",), ("whole", "part", "rest"), structure, hidden)
    assert audit([alone])["largeur"].tolist() == [np.inf]
    given = replace(alone, parts=(Parts("whole", ("part", "rest"), exhaustive=True),))
    assert audit([given], strict=False)["haut"].tolist() == [3]
    given = replace(alone, rates=(Rate("r", "part", "whole"),))
    assert audit([given])["haut"].tolist() == [30]
    given = replace(alone, links=(PublicShare("rest", "part", "ratio"),))
    assert audit([given], strict=False)[["bas", "haut", "expose"]].to_numpy().tolist() == [
        [30, 30, True]
    ]


def test_a_rate_that_is_none_of_people_hides_no_numerator_and_nobody_is_shown():
    fill = Rate("remplissage", "entrants", "capacite", regle_editeur=False)
    table = pd.DataFrame({"uai": list("ABC"), "capacite": [12, 0, 24], "entrants": [15, 0, 24]})
    shown = protect(table, dims=["uai"], values=["capacite", "entrants"], rates=[fill])
    assert not shown.hidden.to_numpy().any()
    assert shown.frame["remplissage"].tolist()[:3] == [1.25, pytest.approx(np.nan, nan_ok=True), 1]
    table = table.rename(columns={"capacite": "sortants"}).assign(en_emploi=[12, 0, 20])
    table["sortants"] = [15, 0, 28]
    shown = protect(table, dims=["uai"], values=["sortants", "en_emploi"], rates=[TAUX])
    assert shown.hidden["en_emploi"].tolist()[1] is False  # nobody of nobody
    assert shown.hidden["en_emploi"].tolist()[0] is True


def test_a_count_of_two_parts_that_nothing_links_goes_as_far_as_both():
    sums = sparse.csr_matrix([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    rows = sparse.csr_matrix([[1.0, 0, 0, 0], [0, 0, 1, 0]])
    low, high = np.array([3.0, 4]), np.array([9.0, 15])
    tables = extremes.Feasible(
        sums=sums, totals=np.array([10.0, 20]), rows=rows, low=low, high=high
    )
    both = sparse.csr_matrix([[1.0, 0, 1, 0]])
    assert [end.tolist() for end in tables.ranges(both, np.inf)] == [[7], [24], [True]]


@pytest.mark.parametrize("answer", [True, False], ids=["so_far", "none"])
def test_a_cell_whose_range_takes_too_long_to_prove_is_exposed(monkeypatch, answer):
    def too_long(*given, integrality, options, **others):
        assert options["node_limit"] == extremes.NODES
        found = milp(*given, integrality=integrality, options=options, **others)
        if integrality:
            found.status = 4  # what HiGHS's limit of nodes gives
            found.x = found.x if answer else None
        return found

    rate = Rate("taux", "en_emploi", "sortants", step=0.01)
    p = publication([("B", 400, np.nan, 0.39)], ["sortants", "en_emploi", "taux"], [rate])
    wide = Thresholds(largeur_protection=10)  # 154 to 158 is narrower, but no small count
    assert not audit([p], thresholds=wide)["expose"].any()
    monkeypatch.setattr(extremes, "milp", too_long)
    with pytest.raises(FpiError, match="se retrouve"):
        audit([p], thresholds=wide)


def test_a_hidden_count_that_nothing_bounds_is_unbounded():
    p = publication([("A", np.nan), ("B", 30)], ["n"])
    bounds = audit([p], exact=True)
    assert (bounds.loc[0, "bas"], bounds.loc[0, "haut"]) == (1, np.inf)


def test_contradictory_tables_are_said_to_contradict():
    p = publication([("A", 10), ("B", 30), (TOTAL, 41)], ["n"])
    p.hidden["n"] = False
    hidden = publication([("A", np.nan), ("B", 30), (TOTAL, 20)], ["n"])
    with pytest.raises(FpiError, match="se contredisent"):
        audit([hidden])


def test_counts_that_are_not_counts_are_refused():
    for bad in (-1, 2.5, np.inf, "12", "moins de 5"):
        with pytest.raises(FpiError, match="entiers"):
            protect(THREE_BY_TWO.assign(n=bad), dims=["departement", "filiere"], values=["n"])
    with pytest.raises(FpiError, match="absente"):
        protect(THREE_BY_TWO, dims=["departement", "filiere"], values=["m"])
    with pytest.raises(FpiError, match="dimension absente"):
        protect(THREE_BY_TWO, dims=["region"], values=["n"])


def test_a_part_larger_than_its_total_is_refused():
    table = pd.DataFrame({"uai": ["A"], "sortants": [10], "en_emploi": [12]})
    with pytest.raises(FpiError, match="plus petit que ses parties"):
        protect(table, dims=["uai"], values=["sortants", "en_emploi"], rates=[TAUX])


def test_a_count_never_collected_is_missing_not_hidden():
    table = THREE_BY_TWO.assign(n=[np.nan, 40, np.nan, 25, np.nan, 90])
    protected = protect(table, dims=["departement", "filiere"], values=["n"])
    assert not protected.hidden["n"].any()
    assert protected.display().loc[0, "n"] in ("n. d.", 40)
    assert protected.frame.set_index(["departement", "filiere"])["n"][TOTAL, TOTAL] == 155
    as_read = table.assign(n=[None, 40, None, 25, None, 90]).astype({"n": object})
    again = protect(as_read, dims=["departement", "filiere"], values=["n"])
    pd.testing.assert_frame_equal(again.frame, protected.frame)


def test_the_callers_table_is_left_as_it_was():
    before = THREE_BY_TWO.copy()
    protect(THREE_BY_TWO, dims=["departement", "filiere"], values=["n"])
    pd.testing.assert_frame_equal(THREE_BY_TWO, before)


def test_where_nine_is_small_a_hidden_count_keeps_more_values_than_where_four_is():
    # Six small counts under a shown total of 10 would be 1 to 5 each, and the rule leaves 1 to 9.
    table = pd.DataFrame({"uai": [*"ABCDEF"], "n": [1, 1, 1, 1, 1, 5]})
    ten = Thresholds(effectif_minimum=10)
    found = protect(table, dims=["uai"], values=["n"], thresholds=ten)
    assert found.hidden["n"].all()
    assert not audit([found.publication], thresholds=ten)["expose"].any()
    shown = found.publication.frame.assign(n=[np.nan] * 6 + [10.0])
    exposed = replace(found.publication, frame=shown, hidden=shown[["n"]].isna())
    assert audit([exposed], thresholds=ten, strict=False)["expose"].all()
    # A report made when four was the largest small count left 1 to 9 for A and B, which stays.
    table = pd.DataFrame({"uai": [*"ABC"], "n": [2, 8, 30]})
    early = protect(table, dims=["uai"], values=["n"])
    now = protect(table, dims=["uai"], values=["n"], thresholds=ten, known=[early.publication])
    pd.testing.assert_frame_equal(now.frame, early.frame)
    assert [Thresholds(*each).width for each in ((10,), (), (3,), (3, 20, 2))] == [9, 4, 4, 2]


def test_thresholds_below_one_are_refused():
    with pytest.raises(FpiError, match="au moins 1"):
        Thresholds(effectif_minimum=0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 25), min_size=12, max_size=12), st.booleans())
def test_whatever_the_table_the_audit_finds_nothing_exposed(counts, hierarchy):
    keys = [(a, b) for a in "ABCD" for b in "XYZ"]
    table = grid(dict(zip(keys, counts, strict=True)))
    margins = nested(["departement", "filiere"]) if hierarchy else None
    protected = protect(table, dims=["departement", "filiere"], values=["n"], margins=margins)
    bounds = audit([protected.publication])
    assert (bounds["largeur"] >= 1).all()
    shown = protected.frame["n"].dropna()
    assert not shown.between(1, 4).any()


def wide_table(seed, n_departements, n_courses):
    """Counts from nobody to some hundreds: the large ones are what a shortcut left unbounded."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"A{d // 4}", f"D{d}", f"F{c % 3}", f"C{c}", 2020, rng.poisson(rng.choice([3, 12, 80])))
        for d in range(n_departements)
        for c in range(n_courses)
        if rng.random() < 0.6
    ]
    return pd.DataFrame(rows, columns=["aca", "dep", "fil", "course", "an", "n"])


WIDE = {
    "dims": ["fil", "aca", "dep", "course", "an"],
    "values": ["n"],
    "margins": [("fil", "aca", "dep"), ("fil", "course"), ("fil", "aca"), ("fil",), (),
                ("aca", "dep"), ("aca",), ("fil", "aca", "dep", "course")],
    "windows": {"an": [2020]},
}  # fmt: skip


def test_a_table_of_1800_cells_is_protected():
    safe = protect(wide_table(1, 32, 96), **WIDE)
    assert safe.n_primary > 300
    assert not audit([safe.publication])["expose"].any()


def test_counts_left_unbounded_at_first_are_bounded_once_a_program_sends_them_too_low(monkeypatch):
    table = wide_table(3, 8, 12)
    usual = protect(table, **WIDE)
    monkeypatch.setattr(hiding, "FAR", 0)
    safe = protect(table, **WIDE)
    assert not audit([safe.publication])["expose"].any()
    assert abs(safe.n_complementary - usual.n_complementary) <= 5


def test_programs_that_start_from_few_neighbours_protect_as_well(monkeypatch):
    monkeypatch.setattr(hiding, "LARGE", 50)
    monkeypatch.setattr(hiding, "NEARER", 5)
    safe = protect(wide_table(4, 12, 24), **WIDE)
    assert not audit([safe.publication])["expose"].any()


def test_a_count_that_no_row_holds_is_not_available_and_hides_nothing():
    table = THREE_BY_TWO.assign(m=np.nan)
    protected = protect(table, dims=["departement", "filiere"], values=["n", "m"])
    assert protected.frame["m"].isna().all()
    assert not protected.hidden["m"].any()


# --- what a report does where what is already public leaves no way --------------------------


class Report:
    """A report on real data, as the protection of published tables reads it."""

    donnees = SimpleNamespace(simulees=False, programme=SimpleNamespace(secret=Secret()))


def fallback(detail, groups, known=()):
    """Return what a report makes of a table, finest grouping first, after `known` reports."""
    wanted = protection.Wanted(
        "t",
        detail,
        ["filiere", "uai", "rentree"],
        ["n"],
        groups,
        sorted(detail["rentree"].unique()),
    )
    found = protection._laid_out(Report(), [wanted], detail, wanted.dims, (), tuple(known))
    return found if isinstance(found, Absent) else found[0]["t"]


PLACES = pd.DataFrame(
    [("rei", "A", 2022, 3), ("rei", "B", 2022, 30), ("num", "C", 2022, 3), ("num", "D", 2022, 40)],
    columns=["filiere", "uai", "rentree", "n"],
)
BY_UAI, BY_FILIERE = ("filiere", "uai"), ("filiere",)


def given_away(detail, groups):
    """Return a publication made without the rule of small counts."""
    lax = Thresholds(effectif_minimum=1)
    spec = {"dims": ["filiere", "uai", "rentree"], "values": ["n"], "thresholds": lax}
    windows = {"rentree": sorted(detail["rentree"].unique())}
    return protect(detail, margins=groups, windows=windows, **spec).publication


def shown_of(safe):
    return dict(zip(safe.frame["uai"] + safe.frame["filiere"], safe.frame["n"], strict=True))


def test_a_small_count_already_given_away_leaves_the_wider_grouping():
    safe = fallback(PLACES, [BY_UAI, BY_FILIERE], [given_away(PLACES, [BY_UAI])])
    assert shown_of(safe) == {f"{TOTAL}num": 43, f"{TOTAL}rei": 33}


def test_where_the_widest_grouping_is_given_away_too_only_the_cells_at_fault_leave():
    detail = PLACES.assign(n=[1, 2, 30, 40])  # the filière « rei » itself holds 3 people
    safe = fallback(detail, [BY_UAI, BY_FILIERE], [given_away(detail, [BY_UAI, BY_FILIERE])])
    assert shown_of(safe) == {"Cnum": 30, "Dnum": 40, f"{TOTAL}num": 70}


def test_what_earlier_reports_give_back_whatever_is_done_leaves_the_table_out_with_its_reason():
    early = given_away(PLACES, [BY_UAI, BY_FILIERE])
    frame, hidden = early.frame.copy(), early.hidden.copy()
    where = frame["uai"].eq("A")
    frame.loc[where, "n"], hidden.loc[where, "n"] = np.nan, True  # 3, given by 33 − 30
    left = fallback(PLACES, [BY_UAI, BY_FILIERE], [replace(early, frame=frame, hidden=hidden)])
    assert isinstance(left, Absent)
    assert "laissé de côté" in left.reason
    assert "déjà public" in left.reason
    said = f"{left} {left.to_frame()} {left._repr_mimebundle_()}"
    for name in ("uai", "filiere", "rentree", *PLACES["filiere"], "« n »"):
        assert name not in said  # not even which cell is not safe
    how = {"dims": ["filiere", "uai", "rentree"], "values": ["n"], "margins": [BY_UAI]}
    with pytest.raises(Unprotectable, match=r"uai = C.*plus agrégé"):  # who protects is told
        protect(PLACES, known=[given_away(PLACES, [BY_UAI])], **how)


def test_a_protection_that_asks_too_much_work_leaves_the_wider_grouping_then_nothing(monkeypatch):
    detail = PLACES.assign(n=[3, 30, 300, 40])
    monkeypatch.setattr(hiding, "WORK", 4)
    assert shown_of(fallback(detail, [BY_UAI, BY_FILIERE])) == {
        f"{TOTAL}num": 340,
        f"{TOTAL}rei": 33,
    }
    monkeypatch.setattr(hiding, "WORK", 0)
    small = fallback(PLACES.assign(n=[1, 2, 30, 40]), [BY_UAI, BY_FILIERE])
    assert isinstance(small, Absent)
    assert "trop de calculs" in small.reason


def earlier_report(**counts):
    names = list(counts)
    frame = pd.DataFrame({"uai": names, "n": [counts[name] for name in names]})
    hidden = frame[["n"]].isna()
    return Publication("p", frame, ("uai",), ("n",), frame[["uai"]].assign(n=True), hidden)


def test_earlier_reports_are_held_as_one_whatever_their_number():
    same = [earlier_report(A=np.nan, B=30), earlier_report(A=np.nan, B=30, C=7)]
    [one] = memory.united([*same, *same])
    assert one.frame.to_dict("list")["uai"] == ["A", "B", "C"]
    assert one.hidden["n"].tolist() == [True, False, False]
    [one] = memory.united([*same, earlier_report(A=12)])  # hidden once, shown since: it is known
    assert dict(zip(one.frame["uai"], one.frame["n"], strict=True)) == {"A": 12, "B": 30, "C": 7}
    assert not one.hidden["n"].any()
    [one] = memory.united([*same, earlier_report(B=31)])  # they tell otherwise: both are kept
    assert one.frame.query("uai == 'B'")["n"].tolist() == [30, 31]


def test_a_program_cut_short_tries_wider_sets_then_all(monkeypatch):
    sizes, whole = [], hiding._whole

    def only_all(cost, lowest, *rest):
        sizes.append(len(lowest))
        return whole(cost, lowest, *rest) if len(lowest) == max(sizes) >= 50 else None

    monkeypatch.setattr(hiding, "NEAR", 10)
    monkeypatch.setattr(hiding, "_whole", only_all)
    safe = protect(wide_table(5, 8, 12), **WIDE)
    assert min(sizes) < 50 <= max(sizes)
    assert not audit([safe.publication])["expose"].any()
