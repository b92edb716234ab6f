from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from fpi_eval import twin
from fpi_eval.calendar import without_length
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import DISPLACEMENT, GROSS, sample
from fpi_eval.impact.j import fit_j, report
from fpi_eval.panel.identity import course_identity, with_families
from fpi_eval.panel.sample import Sample
from fpi_eval.power import calendrier, closed_form, durees, expected, premieres, puissance
from fpi_eval.power.detect import (
    SHOWN,
    counted,
    curves,
    detectable,
    followed,
    margins_of,
    smallest,
)
from fpi_eval.power.placement import Hosts, pattern, shifted_years, untreated, with_openings
from fpi_eval.power.result import Puissance
from fpi_eval.power.simulate import with_effect
from fpi_eval.programme import load_programme
from fpi_eval.sources.formations import SUCCESSORS

EXACT = 1e-10


def register(*rows: tuple) -> pd.DataFrame:
    names = ["uai", "cfd", "mefstat11", "voie", "niveau", "rentree", "places_ouvertes"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(places_prevues=table["places_ouvertes"].fillna(12.0))


BAC_PRO = ("0010001A", "40025007", "23810025007", "scolaire", "secondaire", 2026, 12.0)
BTS = ("0690002B", "32025010", "32211025010", "scolaire", "superieur", 2024, 20.0)


@pytest.fixture(scope="module")
def small() -> twin.Twin:
    return twin.draw(twin.SMALL, 7)


@pytest.mark.parametrize(
    ("cfd", "graduates", "six_months", "published", "two_years"),
    [
        ("01025001", (2027, 6), (2028, 1), (2028, 12), (2030, 6)),  # 1 year
        ("50025001", (2028, 6), (2029, 1), (2029, 12), (2031, 6)),  # 2 years
        ("40025001", (2029, 6), (2030, 1), (2030, 12), (2032, 6)),  # 3 years
    ],
)
def test_outcomes_of_a_2026_opening_are_seen_when_the_method_note_says(
    cfd, graduates, six_months, published, two_years
):
    opening = register(("0010001A", cfd, "", "apprentissage", "secondaire", 2026, 10.0))
    rows = calendrier(opening, jour=date(2026, 1, 1)).set_index("resultat")
    assert rows.loc["entrants", "publication"] == date(2027, 1, 1)
    assert rows.loc["diplomes", "mesure"] == date(*graduates, 1)
    assert rows.loc["en_emploi_6_mois", "mesure"] == date(*six_months, 1)
    assert rows.loc["en_emploi_6_mois", "publication"] == date(*published, 1)
    assert rows.loc["en_emploi_24_mois", "publication"] == date(*two_years, 1)


def test_a_bac_pro_opened_in_premiere_lasts_two_years():
    years = [(*BAC_PRO[:2], f"238{year}0025007", *BAC_PRO[3:]) for year in (2, 4)]
    assert durees(register(BAC_PRO, *years)).tolist() == pytest.approx([3, 2, np.nan], nan_ok=True)


def test_an_apprentice_of_a_famille_de_metiers_enters_its_bac_pro_in_premiere():
    apprentice = ("0690002B", "40025001", "", "apprentissage", "secondaire", 2024, 10)
    familles = pd.DataFrame({"cfd": ["40025001"]})
    assert durees(register(apprentice), familles=familles).tolist() == [2.0]
    assert durees(register(BAC_PRO), familles=familles).tolist() == [3.0]  # its MEF says 2nde
    assert durees(register(apprentice)).tolist() == [3.0]


def test_the_nomenclature_overrules_the_level_code():
    mef = pd.DataFrame(
        {"mefstat11": ["23810025007"], "cfd": ["40025007"], "duree": [4.0], "annee": [1.0]}
    )
    assert durees(register(BAC_PRO), mef).tolist() == [4.0]
    assert durees(register(BAC_PRO), mef.assign(mefstat11="inconnu")).isna().all()


def test_an_opening_of_unknown_length_is_set_aside_and_counted():
    unknown = ("0690002B", "99999999", "", "scolaire", "superieur", 2024, 5)
    openings = register(BTS, unknown)
    table = calendrier(openings)
    assert without_length(openings) == 1
    assert set(table["places"]) == {20.0}


def test_a_register_of_categories_and_of_years_written_as_texts_is_read():
    openings = register(BTS, BAC_PRO)
    wanted, names = calendrier(openings), ["mefstat11", "cfd", "niveau", "voie"]
    written = openings.astype(dict.fromkeys(names, "category"))
    for kind in (str, float):
        found = calendrier(written.assign(rentree=written["rentree"].astype(kind)))
        pd.testing.assert_frame_equal(found, wanted, check_dtype=False)
    with pytest.raises(FpiError, match="« bientôt » n'est pas une année"):
        calendrier(openings.assign(rentree="bientôt"))


def test_a_closure_takes_nothing_from_the_wave_that_it_pays_for():
    closed = ("0010001A", "32025010", "", "scolaire", "superieur", 2024, -24.0)
    unknown = ("0010001A", "99999999", "", "scolaire", "superieur", 2024, -5.0)
    openings = register(BTS, closed, unknown)
    assert set(calendrier(openings)["places"]) == {20.0}
    assert without_length(openings) == 0


def test_what_is_published_after_the_day_cannot_be_seen():
    rows = calendrier(register(BTS), jour=date(2026, 11, 24)).set_index("resultat")
    assert rows["observable"].to_dict() == {
        "entrants": True, "terminale": True, "diplomes": False, "en_emploi_6_mois": False,
        "en_emploi_24_mois": False,
    }  # fmt: skip


def test_a_two_cohort_rate_holds_treated_cohorts_only_a_year_later():
    rows = calendrier(register(BTS)).set_index("resultat")
    assert rows.loc["en_emploi_6_mois", "publication"] == date(2027, 12, 1)
    assert rows.loc["en_emploi_6_mois", "publication_pleine"] == date(2028, 12, 1)
    assert rows.loc["diplomes", "publication_pleine"] == rows.loc["diplomes", "publication"]


def test_share_of_seats_that_can_be_read_is_weighted_by_seats():
    table = calendrier(register(BTS, BAC_PRO), jour=date(2025, 6, 1))
    first = premieres(table).set_index("resultat")
    assert first.loc["entrants", "part_observable"] == pytest.approx(20 / 32)
    assert first.loc["diplomes", "ligne"] == 2025


def test_apprentices_are_counted_by_no_file_before_they_work():
    apprentice = ("0690002B", "40025001", "", "apprentissage", "secondaire", 2023, 8.0)
    table = calendrier(register(BTS, apprentice), jour=date(2026, 11, 24))
    first = premieres(table).set_index("resultat")
    assert table.groupby("resultat")["comptees"].sum().to_dict() == {
        "entrants": 20, "terminale": 20, "diplomes": 20, "en_emploi_6_mois": 28,
        "en_emploi_24_mois": 28,
    }  # fmt: skip
    assert first.loc["terminale", "part_observable"] == 1  # 20 of 20, not of 28
    assert first.loc["entrants", "publication"] == date(2025, 1, 1)  # not that of 2023
    alone = premieres(calendrier(register(apprentice))).set_index("resultat")
    assert np.isnan(alone.loc["entrants", "part_observable"])


def test_closed_form_is_2_80_standard_errors_for_a_normal_law():
    assert closed_form(1.0) == pytest.approx(1.959964 + 0.841621, abs=1e-5)
    assert closed_form(0.1, 8) == pytest.approx(0.1 * (2.306004 + 0.888890), abs=1e-5)


def test_smallest_effect_is_the_one_that_eight_draws_in_ten_see():
    margins = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert smallest(margins)[0] == 0.8
    low, high = smallest(margins)[1:]
    assert low < 0.8 <= high


@pytest.mark.parametrize("n", [24, 50, 200])
def test_each_end_of_the_smallest_effect_is_wrong_at_most_once_in_forty(n):
    _, low, high = smallest(np.arange(1.0, n + 1))  # each margin is its own rank
    assert binom.cdf(low - 1, n, 0.8) <= 0.025
    assert binom.sf(high - 1, n, 0.8) <= 0.025
    assert smallest(np.arange(1.0, 11))[2] == np.inf  # ten draws bound nothing above


def test_draws_without_an_interval_never_see_anything():
    assert smallest(np.array([0.1, 0.1, np.nan, np.nan]))[0] == np.inf
    assert smallest(np.array([-0.3, -0.2, -0.1]))[0] == 0.0
    runs = pd.DataFrame(
        {"resultat": "diplomes", "effet": GROSS, "rentree": 2027, "tirage": range(5),
         "estimate": 0.0, "std_error": 0.1, "ci_low": -0.2, "ci_high": 0.2}
    )  # fmt: skip
    runs.loc[:1, ["estimate", "std_error", "ci_low", "ci_high"]] = np.nan  # nothing to compare
    assert detectable(runs, 8, {}).loc[0, ["mde", "tirages"]].tolist() == [np.inf, 3]
    assert curves(runs)["puissance"].max() == 0.6


def test_displacement_is_looked_for_below_zero():
    runs = pd.DataFrame(
        {"effet": [GROSS, DISPLACEMENT], "ci_low": [-0.2, -0.3], "ci_high": [0.1, 0.4]}
    )
    assert margins_of(runs).tolist() == [0.2, 0.4]


def test_pattern_groups_openings_by_establishment_and_leaves_closures_out():
    closed = ("0010001A", "50025009", "", "scolaire", "secondaire", 2026, -10.0)
    unknown = ("0010001A", "50025008", "", "scolaire", "secondaire", 2025, np.nan)
    pat = pattern(register(BAC_PRO, BTS, closed, unknown))
    assert (pat.n_etablissements, len(pat.areas), pat.closures) == (2, 2, 1)
    assert pat.seats == 12 + 20 + 12  # planned seats where the opened ones are not known
    assert pat.areas[0] == ((("secondaire", ((2026, 12.0),)), ("secondaire", ((2025, 12.0),))),)
    assert pat.first == 2024


def test_a_register_without_opened_seats_cannot_be_planned():
    with pytest.raises(FpiError, match="aucune place ouverte"):
        pattern(register((*BTS[:-1], -3.0)))


def test_a_panel_that_stops_early_is_read_as_if_it_reached_the_horizon():
    panel = pd.DataFrame({"rentree": range(2018, 2024)})
    pat = pattern(register(BTS))  # first opening in 2024
    assert shifted_years(panel, pat, 2023) == 0
    assert shifted_years(panel, pat, 2026) == 3  # first opening then in 2021
    assert shifted_years(panel, pat, 2028) is None  # in 2019, one rentrée before


def test_placed_seats_are_in_force_from_their_shifted_rentree_on():
    panel = pd.DataFrame({"cell": [1, 1, 1, 2, 2, 2], "rentree": [2020, 2021, 2022] * 2})
    placed = with_openings(panel, {2: ((2023, 10.0), (2024, 5.0))}, back=2)
    assert placed["seats"].tolist() == [0, 0, 0, 0, 10, 15]


def test_openings_are_placed_outside_the_programme_region_with_all_their_seats(small):
    opened = small.openings[small.openings["places_ouvertes"] > 0]
    rest, size = untreated(small.panel, opened)
    assert "84" not in set(rest["code_region"])
    assert size > 0
    pat = pattern(opened)
    placed = Hosts(rest, pat.first).place(pat, size, np.random.default_rng(0))
    assert sum(places for path in placed.values() for _, places in path) == pat.seats
    hosts = rest[rest["cell"].isin(placed)]
    assert not (hosts["filiere"] == "autre").any()


def hosts(**columns) -> pd.DataFrame:
    """Return one course in each of twelve establishments of six départements of a region."""
    table = pd.DataFrame({"cell": range(12), "uai": list("abcdefghijkl"), "rentree": 2020})
    places = {"code_departement": table["cell"] % 6, "code_region": "r", "niveau": "secondaire"}
    return table.assign(entrants=10.0, **places | columns)


def test_an_opening_without_room_is_not_forgotten():
    pat = pattern(register(BAC_PRO, BTS))
    with pytest.raises(FpiError, match="trop peu d'établissements"):
        Hosts(hosts(), pat.first).place(pat, 0.0, np.random.default_rng(0))


def test_establishments_of_a_departement_are_placed_in_one():
    """Two schools of one département and one of another: spread over three, they would show less
    noise than the register's own shocks leave.
    """
    pat = pattern(register(*((uai, *BAC_PRO[1:]) for uai in ("0010001A", "0010002B", "0690002B"))))
    for seed in range(20):
        placed = Hosts(hosts(), pat.first).place(pat, 0.0, np.random.default_rng(seed))
        assert len(placed) == 3
        assert len({cell % 6 for cell in placed}) == 2
        both = hosts(niveau=["superieur" if cell == 9 else "secondaire" for cell in range(12)])
        mixed = pattern(register(BAC_PRO, ("0010002B", *BTS[1:])))  # the level decides where
        placed = Hosts(both, mixed.first).place(mixed, 0.0, np.random.default_rng(seed))
        assert set(placed) == {3, 9}


def test_a_course_that_closed_before_the_openings_hosts_none():
    panel = hosts()
    pat = pattern(register(BAC_PRO))
    late = panel[panel["cell"] == 5].assign(rentree=2021)
    found = Hosts(pd.concat([panel, late]), pat.first)
    assert set(found.place(pat, 0.0, np.random.default_rng(0))) == {5}


def test_outcomes_that_the_panel_does_not_count_are_not_looked_for(small):
    panel = small.panel.drop(columns="terminale").assign(entrants=np.nan)
    assert counted(panel) == [name for name in SHOWN if name not in ("terminale", "entrants")]


def test_seats_of_a_voie_that_the_panel_does_not_count_are_not_looked_for(small):
    blind = small.panel["voie"] == "apprentissage"
    panel = small.panel.assign(diplomes=small.panel["diplomes"].mask(blind))
    assert set(followed(small.openings, panel, "diplomes")["voie"]) == {"scolaire"}
    assert len(followed(small.openings, panel, "terminale")) == len(small.openings)
    apprentices = small.openings[small.openings["voie"] == "apprentissage"]
    with pytest.raises(FpiError, match="n'en compte pas la voie"):
        puissance(panel, apprentices, resultats=("diplomes",), rentrees=(2030,), draws=1)


def test_a_panel_of_treated_regions_only_has_nowhere_to_place_openings(small):
    here = small.panel[small.panel["code_region"] == "84"]
    with pytest.raises(FpiError, match="toutes les régions"):
        untreated(here, small.openings)


def test_an_effect_moves_the_estimate_by_exactly_itself_and_leaves_its_error(small):
    rest, size = untreated(small.panel, small.openings)
    pat = pattern(small.openings)
    placed = Hosts(rest, pat.first).place(pat, size, np.random.default_rng(1))
    panel = with_openings(rest, placed, 0)
    moved = panel.assign(entrants=panel["entrants"] + 0.5 * panel["seats"])
    results = [
        report(frame, fit_j(frame))[GROSS]
        for frame in (sample(panel, "entrants"), sample(moved, "entrants"))
    ]
    before, after = results
    assert after.estimate - before.estimate == pytest.approx(0.5, abs=EXACT)
    assert after.std_error == pytest.approx(before.std_error, abs=EXACT)


def test_pupils_are_added_seat_by_seat_around_the_effect():
    table = pd.DataFrame({"cell": np.arange(4000), "y": 5.0, "dose": [20.0, 0.0] * 2000})
    frame = Sample(table, "diplomes", (("ligne", 2),), (0.5, 0.5))
    moved = with_effect(frame, 0.5, np.random.default_rng(0))
    gain = (moved["y"] - 5.0)[frame["dose"] > 0]
    assert gain.mean() == pytest.approx(10, abs=0.2)
    # Beta-binomial: n p q (1 + (n - 1) rho), with rho = 0.05.
    assert gain.var() == pytest.approx(20 * 0.25 * (1 + 19 * 0.05), rel=0.1)
    assert (moved["y"] == 5.0)[frame["dose"] == 0].all()
    assert (moved.outcome, moved.dropped, moved.reach) == ("diplomes", (("ligne", 2),), (0.5, 0.5))
    assert with_effect(frame, 0.0, np.random.default_rng(0)) is frame


@pytest.fixture(scope="module")
def study(small) -> Puissance:
    opened = small.openings[small.openings["projet"] == "FPI"]
    return puissance(
        small.panel, opened, programme=load_programme("fpi_aura"), resultats=("entrants",),
        rentrees=(2024, 2030), draws=4, jour=date(2026, 11, 24),
    )  # fmt: skip


def test_a_longer_panel_sees_smaller_effects(study):
    gross = study.table[study.table["effet"] == GROSS].set_index("rentree")
    assert gross.loc[2030, "mde_formule"] < gross.loc[2024, "mde_formule"]
    assert (gross["mde"] > 0).all()
    assert (gross["attendu"] == 0.80).all()


def test_power_rises_with_the_effect_and_crosses_80_percent_at_the_smallest_detectable(study):
    curve = study.courbe[study.courbe["effet"] == GROSS]
    assert curve["puissance"].is_monotonic_increasing
    mde = study.table.set_index(["effet", "rentree"]).loc[(GROSS, 2030), "mde"]
    assert curve.loc[curve["taille"] > mde * 1.001, "puissance"].min() >= 0.80
    assert curve.loc[curve["taille"] < mde * 0.999, "puissance"].max() < 0.80 + 1 / 4


def test_the_study_says_in_french_what_can_be_seen_and_when(study):
    words = study.summary()
    assert "premiers chiffres publiés vers janvier 2025" in words
    assert "visible dès la rentrée 2024" in words
    assert "établissements" in words
    assert "(t₀,₉₇₅ + t₀,₈₀) × erreur" in study.method()
    assert set(study.to_frame()["label"]) == {"Entrants"}
    assert study.plot().get_xlabel() == "Effet par place"


def test_the_first_detectable_rentree_is_the_one_after_which_it_stays_so(study):
    table = pd.DataFrame(
        {"resultat": "entrants", "effet": GROSS, "rentree": range(2024, 2029),
         "detectable": [False, True, False, True, True]}
    )  # fmt: skip
    facts = {name: getattr(study, name) for name in Puissance.__slots__} | {"table": table}
    assert Puissance(**facts).premiere_detectable("entrants") == 2027
    never = Puissance(**facts | {"table": table.assign(detectable=False)})
    assert never.premiere_detectable("entrants") is None


def test_what_is_not_seen_has_a_date_and_what_is_not_asked_for_is_no_fault_of_the_panel(study):
    facts = {name: getattr(study, name) for name in Puissance.__slots__}
    never = study.table.assign(detectable=False)
    assert "est trop petit pour être vu en 2030." in Puissance(**facts | {"table": never}).summary()
    none = facts | {"table": study.table.iloc[:0]}
    assert "panel trop court" in Puissance(**none).summary()
    assert ": après celles demandées" in Puissance(**none | {"derniere": 2020}).summary()


def test_an_outcome_is_detectable_when_the_expected_effect_reaches_the_smallest():
    runs = pd.DataFrame(
        {"resultat": "diplomes", "effet": GROSS, "rentree": 2027, "tirage": range(5),
         "estimate": 0.0, "std_error": 0.1, "ci_low": -0.2, "ci_high": 0.2}
    )  # fmt: skip
    row = detectable(runs, 10**6, {"diplomes": 0.25}).iloc[0]
    assert row["mde"] == 0.2
    assert row["mde_formule"] == pytest.approx(0.280, abs=1e-3)
    assert row["detectable"]
    assert not detectable(runs, 10**6, {"diplomes": 0.15}).iloc[0]["detectable"]


def test_expected_effects_multiply_the_declared_rates_weighted_by_seats():
    programme = load_programme("fpi_aura")
    found = expected(programme, register(BAC_PRO, (*BTS[:-1], 36.0)))
    rates = {(h.lien, h.niveau): h.valeur for h in programme.hypotheses}
    by_level = {
        n: rates["remplissage", n] * rates["retention", n] * rates["reussite", n] * 0.95
        for n in ("secondaire", "superieur")
    }
    by_hand = 0.25 * by_level["secondaire"] + 0.75 * by_level["superieur"]
    assert found["diplomes"] == pytest.approx(by_hand)
    assert found["entrants"] == pytest.approx(0.80)


def test_a_panel_too_short_to_place_openings_says_so(small):
    late = small.panel[small.panel["rentree"] >= 2024]
    with pytest.raises(FpiError, match="trop court"):
        puissance(late, small.openings, resultats=("entrants",), rentrees=(2025,), draws=1)
    with pytest.raises(FpiError, match="aucune rentrée demandée"):
        puissance(small.panel, small.openings, resultats=("entrants",), rentrees=(2000,))


def test_an_effect_that_no_draw_finds_has_no_curve():
    runs = pd.DataFrame(
        {"resultat": "diplomes", "effet": GROSS, "rentree": 2027, "tirage": range(5),
         "estimate": np.nan, "std_error": np.nan, "ci_low": np.nan, "ci_high": np.nan}
    )  # fmt: skip
    assert curves(runs).empty


def test_an_apprentice_of_a_renovated_bac_pro_enters_it_in_premiere_too():
    """The list of familles has the new code; the register may still have the old one."""
    links = {"40025001": "40025099", "40025003": "40025099", "40025002": None}  # two merge in one
    told = pd.DataFrame({"cfd": [*links, "40025099"], "nouveau_1": [*links.values(), None]})
    told = told.assign(niveau_diplome="400", date_ouverture=pd.NaT)
    names = [f"{way}_{i}" for way in ("ancien", "nouveau") for i in range(1, SUCCESSORS + 1)]
    identity = course_identity(told.reindex(columns=[*told, *{*names} - {*told}]))
    familles = with_families(pd.DataFrame({"cfd": ["40025099"]}), identity)
    voie = ("apprentissage", "secondaire", 2024, 10)
    rows = register(*(("0690002B", cfd, "", *voie) for cfd in identity["cfd"]))
    assert durees(rows, familles=familles).tolist() == [2.0, 2.0, 3.0, 2.0]


def test_an_unknown_outcome_is_refused_with_the_known_ones():
    with pytest.raises(FpiError, match="« salaire » inconnu"):
        calendrier(register(BTS), resultats=("salaire",))
