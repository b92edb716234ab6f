from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs.regional import (
    balanced,
    joint_rank,
    ppml,
    regional_change,
    regional_changes,
)
from fpi_eval.panel.context import Context
from fpi_eval.panel.regional_panel import COUNTS, outcomes
from fpi_eval.programme import load_programme
from fpi_eval.regression.absorb import Absorber, counted_rank
from fpi_eval.report.pages import insertion

# The package counts collinear levels in K, we count the exact rank: compare before that factor.
NO_K = pf.ssc(k_adj=False, G_adj=True)


def panel(seed=3, regions=8, courses=12, millesimes=("2019_2020", "2020_2021", "2021_2022")):
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [[f"{r:02}" for r in range(regions)], [f"c{k}" for k in range(courses)], millesimes],
        names=["code_region", "course", "millesime"],
    )
    frame = index.to_frame(index=False).assign(voie="scolaire")
    frame["terminale"] = rng.poisson(rng.gamma(2, 20, len(frame))).astype(float)
    return frame.sample(frac=0.9, random_state=seed).reset_index(drop=True)


def test_each_row_says_among_how_many_regions_its_rank_is():
    def moved(voie, regions, rank, period="2021_2022"):
        row = {"period": period, "change": 0.1, "difference": 40.0, "rank": rank}
        row |= {"n_regions": regions, "p_value": rank / regions}
        return SimpleNamespace(
            table=pd.DataFrame([row]), voie=voie, outcome="terminale", reference="2018_2019"
        )

    context = Context(load_programme("fpi_aura"), 2026, True, "essai")
    changes = (moved("scolaire", 13, 1), moved("apprentissage", 12, 5))
    table = insertion.mouvement(changes, context)
    assert table.shown["Régions comparées"].tolist() == ["13", "12"]
    assert table.shown["Valeur p"].tolist() == ["0,08", "0,42"]
    assert "par leur nombre : au mieux 1/13 ou 1/12." in table.note
    assert "au mieux 1/13." in insertion.mouvement(changes[:1], context).note
    assert "rien après" not in table.note
    late = (*changes[:1], moved("apprentissage", 12, 5, "2020_2021"))
    note = insertion.mouvement(late, context).note
    assert note.endswith(" Élèves en dernière année, apprentissage : rien après 2020-2021.")
    assert "une seule région est concernée." in note
    place = context.programme.territoire.model_copy(update={"codes_regions": ("32", "53")})
    several = replace(context, programme=context.programme.model_copy(update={"territoire": place}))
    assert "celles du programme n'en font qu'une." in insertion.mouvement(changes, several).note


def test_a_region_moves_apart_by_its_largest_change_among_all_comparisons():
    """Over four comparisons of noise, one region in ten is in the first tenth."""
    rng = np.random.default_rng(5)
    drawn = rng.normal(0, [[0.02], [0.02], [0.1], [0.4]], (200, 4, 20))
    ranks = []
    for sizes in np.expm1(drawn):
        tables = [pd.DataFrame({"1": 0.0, "2": row}) for row in sizes]
        changes = [
            SimpleNamespace(
                placebos=one, table=pd.DataFrame({"period": ["2"], "change": [one.loc[3, "2"]]})
            )
            for one in tables
        ]
        ranks.append(joint_rank(changes))
    assert {n for _, n in ranks} == {20}
    three_errors = 3 * np.sqrt(0.10 * 0.90 / len(ranks))
    assert np.mean([rank <= 2 for rank, _ in ranks]) == pytest.approx(0.10, abs=three_errors)


def test_growth_twice_that_of_the_others_is_one_hundred_percent_more():
    rows = [
        ("84", "a", "1", 10), ("84", "a", "2", 40),
        ("11", "a", "1", 20), ("11", "a", "2", 40),
        ("93", "a", "1", 5), ("93", "a", "2", 10),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["code_region", "course", "millesime", "terminale"])
    found = regional_change(frame.assign(voie="scolaire"), "terminale", region="84").table.iloc[0]
    assert found["change"] == pytest.approx(1.0)
    assert (found["observed"], found["expected"]) == pytest.approx((40, 20))
    assert (found["rank"], found["n_regions"]) == (1, 3)
    assert found["p_value"] == pytest.approx(1 / 3)


def test_a_voie_that_cannot_be_compared_is_left_out_and_without_any_the_reason_is_said():
    both = pd.concat([panel().assign(voie=voie, observe=True) for voie in text.VOIES])
    lost = both[(both["voie"] == "scolaire") | (both["code_region"] != "02")]
    changes = regional_changes(lost, ["terminale"], region="02")
    assert [change.voie for change in changes] == ["scolaire"]
    nowhere = regional_changes(lost[lost["code_region"] != "02"], ["terminale"], region="02")
    assert not nowhere
    assert "au moins deux millésimes" in nowhere.reason
    assert not regional_changes(
        both[both["millesime"] == "2019_2020"][:0], ["terminale"], region="02"
    )


def test_a_code_hidden_in_one_year_only_is_no_drop_of_its_course():
    """The old code of course a is shown in year 1 and hidden in year 2: a is not compared."""
    names = ["code_region", "course", "millesime", "en_emploi_6_mois"]
    rows = [(r, c, t, 40.0) for r in ("84", "11", "93") for c in "ab" for t in "12"]
    old = [("84", "a", "1", 10.0), ("84", "a", "2", None)]
    counts = pd.DataFrame(rows + old, columns=names)
    same = dict.fromkeys(["voie", "filiere", "niveau", "groupe_nsf"], "scolaire")
    counts = counts.assign(**same, **{n: 40.0 for n in COUNTS if n not in names})
    counts["sortants"] = counts["en_emploi_6_mois"]
    regional = outcomes(counts).assign(observe=True)
    changes = regional_changes(regional, ["terminale", "en_emploi_6_mois"], region="84")
    for change, observed in zip(changes, (120, 40), strict=True):
        found = change.table.iloc[0]
        assert (found["change"], found["observed"]) == pytest.approx((0, observed))


def test_a_course_of_the_treated_regions_alone_is_not_compared():
    frame = panel()
    alone = frame[(frame["course"] == "c0") & frame["code_region"].isin(["00", "01"])]
    grown = alone.assign(course="seule", terminale=100.0 + alone["millesime"].str[-1].astype(int))
    both = [
        regional_change(table, "terminale", region=("00", "01")).table
        for table in (frame, pd.concat([frame, grown]))
    ]
    pd.testing.assert_frame_equal(*both)


def test_a_reference_that_is_no_millesime_is_refused():
    with pytest.raises(FpiError, match="référence « 2017_2018 » inconnu"):
        regional_change(panel(), "terminale", region="02", reference="2017_2018")


def test_a_region_that_had_nobody_has_no_change():
    rows = [(r, "a", str(t), n) for r, counts in {"84": (10, 20), "11": (20, 20), "93": (5, 5),
            "75": (0, 10)}.items() for t, n in enumerate(counts)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["code_region", "course", "millesime", "terminale"])
    frame = frame.assign(voie="scolaire")
    found = regional_change(frame, "terminale", region="84")
    assert found.n_regions == 3
    assert np.isfinite(found.placebos.to_numpy()).all()
    with pytest.raises(FpiError, match="aucun effectif de la région pour 0"):
        regional_change(frame, "terminale", region="75")


def test_a_cell_missing_a_millesime_is_left_out():
    frame = panel().assign(terminale=1.0)
    kept = balanced(frame, "terminale")
    assert (kept.groupby(["code_region", "course"]).size() == 3).all()
    cells = ["code_region", "course"]
    assert kept.groupby(cells).ngroups < frame.groupby(cells).ngroups


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_poisson_agrees_with_an_independent_package(seed):
    frame = balanced(panel(seed), "terminale")
    frame["d"] = ((frame["code_region"] == "02") & (frame["millesime"] == "2021_2022")).astype(
        float
    )
    frame["cell"] = frame["code_region"] + frame["course"]
    frame["course_year"] = frame["course"] + frame["millesime"]
    effects = [frame["cell"].to_numpy(), frame["course_year"].to_numpy()]
    region = frame["code_region"].to_numpy()
    given = frame["terminale"].to_numpy(), frame[["d"]].to_numpy(), effects, region
    ours = ppml(*given)
    begun_elsewhere = ppml(*given, start=ours.fitted * np.linspace(0.5, 2, len(frame)))
    assert begun_elsewhere.coefficients == pytest.approx(ours.coefficients, abs=1e-7)
    theirs = pf.fepois(
        "terminale ~ d | cell + course_year", frame, vcov={"CRV1": "code_region"},
        ssc=NO_K,
        iwls_tol=1e-12, fixef_tol=1e-12,
    )  # fmt: skip
    assert ours.coefficients[0] == pytest.approx(theirs.coef().iloc[0], abs=1e-7)
    k = 1 + counted_rank(Absorber(effects), effects, region)
    before_k = np.sqrt(ours.covariance[0, 0] * (len(frame) - k) / (len(frame) - 1))
    assert before_k == pytest.approx(theirs.se().iloc[0], rel=1e-5)


def test_what_it_cannot_say_is_said():
    sentence = regional_change(panel(), "terminale", region="02").summary()
    assert "ne peut descendre sous" in sentence
    assert "il ne mesure pas l'effet" in sentence
