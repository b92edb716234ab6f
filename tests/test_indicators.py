"""Each formula on a table worked out by hand, then on real files against the publisher's rates."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fpi_eval as fpi
from fpi_eval.errors import FpiError
from fpi_eval.indicators import (
    INDICATORS,
    Indicator,
    beside_last_year,
    catalogue,
    compute,
    compute_all,
    definitions,
    entry_cohort,
    in_seats,
    join_jobs,
    personnes_formees,
    quadrant,
    suivi_ami_cma,
    wilson,
)
from fpi_eval.programme import Cible
from fpi_eval.report.published import people
from fpi_eval.sources.inserjeunes_etablissement import read_inserjeunes_etablissement
from fpi_eval.sources.resultats_lycees import read_resultats_lycees

ROOT = Path(__file__).parents[1]

# One row per cell. 40 + 10 leavers; 30 + 2 in employment at 6 months.
PANEL = pd.DataFrame(
    {
        "cell": [1, 2, 3],
        "uai": ["A", "A", "B"],
        "voie": ["scolaire", "scolaire", "apprentissage"],
        "niveau": ["secondaire", "superieur", "superieur"],
        "rentree": 2023,
        "places": [24.0, 30.0, np.nan],
        "places_prevues": [10, 12, 8],
        "places_ouvertes": [8, 12, 0],
        "places_observees": [8, 9, 0],
        "places_fermees": [0, 5, 1],
        "places_transformees": [10, 17, 1],
        "effectif_entree": [20, 30, 50],
        "seats": [8.0, 12, 0],
        "voeux_1": [36.0, np.nan, 10],
        "voeux": [50.0, 120, 80],
        "entrants": [18.0, 33, 25],
        "entrants_cohorte": [20.0, 40, 30],
        "terminale": [60.0, 20, 15],
        "presents": [55.0, 20, 15],
        "diplomes": [44.0, 18, 13],
        "poursuite": [20.0, 10, 3],
        "sortants": [40.0, 10, 12],
        "en_emploi_6_mois": [30.0, 2, np.nan],
        "en_emploi_12_mois": [32.0, 4, np.nan],
        "en_emploi_18_mois": [34.0, 5, 6],
        "en_emploi_24_mois": [36.0, 6, 6],
        "diplomes_attendus": [40.0, 15, np.nan],
        "entrants_programme": [6.0, 13, 0],
        "emplois_industriels": [4000.0, 6000, 10000],
        "cout": [80_000.0, 120_000, 0],
        "subvention": [40_000.0, 50_000, 0],
    }
)

BY_HAND = {
    "places": 54,  # 24 + 30, the third unknown
    "places_prevues": 30,
    "places_ouvertes": 20,
    "places_observees": 17,
    "ecart_places": -3,  # 17 − 20
    "solde_places": 14,  # 20 − 6
    "places_fermees": 6,
    "taux_transformation": 28 / 100,
    "taux_realisation": 20 / 30,
    "part_places_programme": 20 / 54,
    "taux_pression": 36 / 24,  # secondary only
    "taux_demande": 120 / 30,  # higher education only, places known
    "taux_remplissage": 51 / 54,  # the third row leaves both sums
    "entrants": 76,
    "taux_retention": 95 / 90,
    "taux_reussite": 75 / 90,
    "diplomes": 75,
    "taux_poursuite": 33 / 95,
    "taux_emploi_6_mois": 32 / 50,  # the third row's leavers do not count
    "taux_emploi_12_mois": 36 / 50,
    "taux_emploi_18_mois": 45 / 62,
    "taux_emploi_24_mois": 48 / 62,
    "part_en_emploi_6_mois": 32 / 80,
    "part_autre": 18 / 80,  # (40 − 30) + (10 − 2)
    "taux_devenir_favorable": 62 / 80,  # 20 + 30 + 10 + 2
    "places_pour_1000_emplois": 1.0,  # 20 for 20,000
    "personnes_formees": 19,
    "cout_par_place": 10_000,
    "subvention_par_place": 4_500,
    "cout_par_personne": 200_000 / 19,
    "subvention_par_personne": 90_000 / 19,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_an_indicator_is_the_sum_of_counts_over_the_sum_of_counts(name):
    assert compute(PANEL, INDICATORS[name])["value"].item() == pytest.approx(BY_HAND[name])


def test_every_indicator_is_proved_by_hand():
    assert set(INDICATORS) == {*BY_HAND, "valeur_ajoutee"}


def test_value_added_is_given_per_establishment_only():
    added = compute(PANEL, INDICATORS["valeur_ajoutee"], ["uai"]).set_index("uai")["value"]
    assert added["A"] == pytest.approx((62 - 55) / 75)
    assert np.isnan(added["B"])
    with pytest.raises(FpiError, match="par établissement"):
        compute(PANEL, INDICATORS["valeur_ajoutee"], ["voie"])


def test_a_missing_numerator_takes_its_denominator_out_and_is_counted():
    rates = compute(PANEL, catalogue.TAUX_EMPLOI_6_MOIS, ["voie"]).set_index("voie")
    assert rates.loc["scolaire", ["numerator", "denominator", "n_missing"]].tolist() == [32, 50, 0]
    hidden = rates.loc["apprentissage"]
    assert np.isnan([hidden["numerator"], hidden["denominator"], hidden["value"]]).all()
    assert (hidden["n_rows"], hidden["n_missing"]) == (0, 1)


def test_a_rate_is_not_the_mean_of_rates():
    rates = 30 / 40, 2 / 10
    assert compute(PANEL, catalogue.TAUX_EMPLOI_6_MOIS)["value"].item() != np.mean(rates)


def test_shares_of_final_year_students_sum_to_one():
    known = PANEL.dropna(subset=["en_emploi_6_mois"])
    names = ("taux_poursuite", "part_en_emploi_6_mois", "part_autre")
    shares = compute_all(known, [INDICATORS[name] for name in names], ["uai"])
    assert shares.groupby("uai")["value"].sum().tolist() == pytest.approx([1.0])


def test_an_empty_denominator_gives_no_value():
    empty = PANEL.assign(sortants=0.0, en_emploi_6_mois=0.0)
    assert np.isnan(compute(empty, catalogue.TAUX_EMPLOI_6_MOIS)["value"].item())


def test_the_callers_panel_is_left_as_it_was():
    before = PANEL.copy()
    compute(PANEL, catalogue.TAUX_PRESSION, ["uai"])
    pd.testing.assert_frame_equal(PANEL, before)


def test_wilson_interval_of_8_out_of_10():
    # (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964, n = 10, p = 0.8
    z, n, p = 1.959964, 10, 0.8
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    ends = [(p + z**2 / (2 * n) + side * half) / (1 + z**2 / n) for side in (-1, 1)]
    low, high = wilson(pd.Series([8]), pd.Series([10]))
    assert [low[0], high[0]] == pytest.approx(ends, abs=1e-6)
    assert ends == pytest.approx([0.4902, 0.9433], abs=1e-4)


def test_intervals_are_for_proportions_only():
    table = compute_all(PANEL, [catalogue.TAUX_PRESSION, catalogue.TAUX_REUSSITE])
    assert table["ci_low"].isna().tolist() == [True, False]


def test_a_proportion_above_one_is_refused():
    with pytest.raises(FpiError, match="dépasse le dénominateur"):
        compute(PANEL.assign(diplomes=99.0), catalogue.TAUX_REUSSITE)


def test_bases_are_never_mixed():
    with pytest.raises(FpiError, match="Ne mélangez pas"):
        dataclasses.replace(catalogue.DEVENIR_FAVORABLE, denominator="sortants")
    with pytest.raises(FpiError, match="Ne mélangez pas"):
        dataclasses.replace(catalogue.TAUX_EMPLOI_6_MOIS, numerator=("poursuite",))


def millesimes(*names):
    rows = [PANEL.assign(millesime=name) for name in names]
    return pd.concat(rows, ignore_index=True).drop(columns="rentree")


def test_consecutive_millesimes_are_never_added():
    with pytest.raises(FpiError, match="partagent une cohorte"):
        compute(millesimes("2019_2020", "2020_2021"), catalogue.TAUX_EMPLOI_6_MOIS, ["uai"])
    apart = compute(millesimes("2019_2020", "2021_2022"), catalogue.TAUX_EMPLOI_6_MOIS)
    assert apart["denominator"].item() == 100


def test_stocks_are_never_added_over_years_or_entry_levels():
    two = pd.concat([PANEL, PANEL.assign(rentree=2024)])
    with pytest.raises(FpiError, match="plusieurs années"):
        compute(two, catalogue.PLACES, ["uai"])
    assert compute(two, catalogue.PLACES, ["rentree"])["value"].tolist() == [54, 54]
    levels = PANEL.assign(niveau_entree=["2nde", "1re", "1re"])
    for indicator in (catalogue.PLACES, catalogue.TAUX_REMPLISSAGE):
        with pytest.raises(FpiError, match="deux fois"):
            compute(levels, indicator)
    assert len(compute(levels, catalogue.PLACES, ["niveau_entree"])) == 2


def test_an_absent_column_is_named():
    with pytest.raises(FpiError, match="« voeux »"):
        compute(PANEL.drop(columns="voeux"), catalogue.TAUX_DEMANDE)


def test_comparison_with_the_year_before():
    before = PANEL.assign(rentree=2022, en_emploi_6_mois=[20.0, 5, np.nan])
    both = beside_last_year(pd.concat([before, PANEL]), catalogue.TAUX_EMPLOI_6_MOIS)
    last = both.set_index("rentree").loc[2023]
    assert (last["value"], last["reference"]) == (0.64, 0.5)
    assert last["ecart"] == pytest.approx(0.14)
    assert np.isnan(both.set_index("rentree").loc[2022, "ecart"])


def test_definitions_say_what_each_indicator_cannot_say():
    words = definitions(INDICATORS.values())
    assert len(words) == len(INDICATORS)
    assert words.map(bool).all().all()
    with pytest.raises(FpiError, match="obligatoires"):
        Indicator("x", "X", "d", "f", "", "l", ("places",))


def cell(duree=2):
    return pd.DataFrame(
        {
            "cell": 1,
            "duree": duree,
            "rentree": [2021, 2022, 2023],
            "niveau": "superieur",
            "places": [20.0, 30, 24],
            "seats": [0.0, 10, 12],
            "entrants": [18.0, 27, 24],
            "diplomes": [10.0, 15, 21],
        }
    )


def test_final_year_students_are_linked_to_their_own_entry():
    linked = entry_cohort(cell())
    assert linked["entrants_cohorte"].tolist()[1:] == [18, 27]
    assert linked["seats_cohorte"].tolist()[1:] == [0, 10]
    assert np.isnan(linked["entrants_cohorte"][0])
    assert entry_cohort(cell(duree=1))["places_cohorte"].tolist() == [20, 30, 24]


def test_people_in_the_programmes_seats_are_counted_pro_rata():
    trained = in_seats(cell())
    # 2022: 27 × 10/30; 2023: 24 × 12/24; graduates of 2023 entered in 2022: 21 × 10/30
    assert trained["entrants_programme"].tolist() == [0, 9, 12]
    assert trained["diplomes_programme"].tolist()[1:] == [0, 7]
    closed = cell().assign(seats=[0.0, -30, -30], places=[30.0, np.nan, np.nan])
    assert in_seats(closed)["entrants_programme"].tolist() == [0, 0, 0]  # known: nobody


def test_people_trained_against_targets_under_each_reading():
    def target(code, niveau, people, year, reading):
        return Cible(
            code=code, libelle=code, niveau=niveau, personnes=people, echeance=year,
            lecture=reading, source="s",
        )  # fmt: skip

    targets = [
        target("sup", "superieur", 42, 2026, "entrants"),
        target("sec", "secondaire", 10, 2026, "entrants"),
        target("dip", "ensemble", 14, 2026, "diplomes"),
        target("tot", "ensemble", 9, 2022, "entrants"),
    ]
    table = personnes_formees(in_seats(cell()), targets, jusqu_a=2023).set_index("cible")
    assert table["realise"].to_dict() == {"sup": 21, "sec": 0, "dip": 0, "tot": 9}
    assert table.loc["sup", ["avancement", "reste"]].tolist() == [0.5, 21]
    unknown = personnes_formees(
        in_seats(cell().iloc[1:].assign(places=np.nan)), targets, jusqu_a=2023
    ).set_index("cible")
    assert unknown.loc[["sup", "tot"], ["realise", "avancement", "reste"]].isna().all(axis=None)
    assert unknown.loc["sec", "realise"] == 0  # no seat there
    later = personnes_formees(in_seats(cell()), targets, jusqu_a=2024).set_index("cible")
    assert later.loc["dip", "avancement"] == 0.5  # June 2024 has come
    with pytest.raises(FpiError, match="in_seats"):
        personnes_formees(cell(), targets, jusqu_a=2023)


def test_follow_up_table_gives_planned_achieved_gap_and_comment():
    register = pd.DataFrame(
        {
            "projet": ["FPI", "FPI", "ATCF"],
            "places_prevues": [12, 12, 129],
            "places_ouvertes": [12, 6, 129],
            "cout": [1.0, 2, 4],
            "subvention": [1.0, 1, 2],
        }
    )
    words = {("FPI",): "Recrutement en cours"}
    table = suivi_ami_cma(register, by=["projet"], commentaires=words).set_index("projet")
    row = table.loc["FPI"]
    assert row[["prevu", "realise", "ecart", "taux_realisation"]].tolist() == [24, 18, -6, 0.75]
    assert table["commentaire"].to_dict() == {"ATCF": "", "FPI": "Recrutement en cours"}
    empty = register.assign(places_ouvertes=[12, float("nan"), float("nan")])
    table = suivi_ami_cma(empty, by=["projet"]).set_index("projet")
    said = ["prevu", "non_renseigne", "realise", "ecart", "taux_realisation"]
    assert table.loc["FPI", said].tolist() == [24, 12, 12, 0, 1]  # not said is not zero
    assert table.loc["ATCF", said[1]] == 129
    assert table.loc["ATCF", said[2:]].isna().all()
    part = register.assign(cout=[1.0, float("nan"), 4])
    assert suivi_ami_cma(part, by=["projet"])["cout"].isna().tolist() == [False, True]
    part["places_ouvertes"] = [12, -6, 129]  # a closure may say no amount
    assert suivi_ami_cma(part, by=["projet"])["cout"].tolist() == [4, 1]
    with pytest.raises(FpiError, match="sans action"):
        suivi_ami_cma(register, by=["projet"], commentaires={("FIP",): "?"})


def test_jobs_are_joined_by_territory_and_a_lost_zone_is_said():
    seats = pd.DataFrame({"zone": ["8401", "8401"], "places_ouvertes": [12, 8]})
    jobs = pd.DataFrame({"zone": ["8401", "8401", "8402"], "emplois": [3000.0, 1000, 500]})
    both = join_jobs(seats, jobs, on=["zone"])
    rates = compute(both, catalogue.PLACES_POUR_1000_EMPLOIS, ["zone"])
    assert rates["value"].tolist() == [5, 0]
    with pytest.raises(FpiError, match="9999"):
        join_jobs(seats.assign(zone="9999"), jobs, on=["zone"])


def test_quadrants_against_the_mean_of_the_region():
    # Group means: 120/200 employed, 200/400 continuing.
    table = pd.DataFrame(
        {
            "course": list("abcde"),
            "terminale": [100.0, 100, 100, 90, 10],
            "poursuite": [50.0, 40, 60, 45, 5],
            "sortants": [50.0, 60, 40, 45, 5],
            "en_emploi_6_mois": [35.0, 36, 20, 25, 4],
        }
    ).assign(code_region="84", niveau_diplome="400", millesime="2021_2022", voie="scolaire")
    cap = table.assign(niveau_diplome="500", en_emploi_6_mois=0.0)  # another group, another mean
    other = table.assign(voie="apprentissage", poursuite=0.0)
    place = quadrant(pd.concat([table, other, cap.assign(course=cap["course"] + "2")]))
    place = place[place["niveau_diplome"] == "400"]
    place = place.set_index("course")
    assert place["moyenne_emploi"].iloc[0] == 120 / 200
    assert place["moyenne_poursuite"].iloc[0] == 200 / 400
    assert place["quadrant"].to_dict() == {
        "a": "Q1", "b": "Q2", "c": "Q3", "d": "Q3", "e": "Hors quadrant",
    }  # fmt: skip
    # The mean of four courses would tell about them: there is none, whatever their filières.
    few = table[table["course"] != "e"].assign(filiere="numérique")
    both = pd.concat([few, few.assign(filiere="énergie")])
    few = quadrant(both, by=("course", "filiere"))
    assert few[["moyenne_emploi", "moyenne_poursuite"]].isna().all(axis=None)
    assert set(few["quadrant"]) == {"Hors quadrant"}


def test_each_indicator_that_bears_a_publishers_name_is_the_publishers_formula():
    """Worked by hand on 60 final-year students: 36 continue, 24 leave, 9 of them at work.

    Orion (`tauxInsertion6mois`, `tauxPoursuite`, `tauxDevenirFavorable`) and the InserJeunes part
    of final-year students at work (`nb_en_emploi_6_mois / nb_annee_term`): three bases apart.
    """
    row = pd.DataFrame({"terminale": [60.0], "poursuite": [36.0], "sortants": [24.0],
                        "en_emploi_6_mois": [9.0]})  # fmt: skip
    said = {
        catalogue.TAUX_EMPLOI_6_MOIS: 9 / 24,
        catalogue.TAUX_POURSUITE: 36 / 60,
        catalogue.PART_EN_EMPLOI: 9 / 60,
        catalogue.PART_AUTRE: (60 - 36 - 9) / 60,
        catalogue.DEVENIR_FAVORABLE: (36 + 9) / 60,
    }
    found = {one.name: compute(row, one)["value"].iloc[0] for one in said}
    assert found == {one.name: pytest.approx(value) for one, value in said.items()}
    places = pd.DataFrame({"niveau": ["secondaire", "superieur"], "voeux_1": [30.0, np.nan],
                           "voeux": [np.nan, 120.0], "places": [24.0, 40.0],
                           "entrants": [21.0, 38.0]})  # fmt: skip
    rates = {
        catalogue.TAUX_PRESSION: (places[:1], 30 / 24),  # first wishes over places, Affelnet only
        catalogue.TAUX_DEMANDE: (places[1:], 120 / 40),  # unranked Parcoursup wishes: another name
        catalogue.TAUX_REMPLISSAGE: (places[:1], 21 / 24),
    }
    for one, (rows, value) in rates.items():
        assert compute(rows, one)["value"].iloc[0] == pytest.approx(value)


OURS = {"taux_retention"}  # no publisher has them under that name
REGISTER = ("Registre", "Orion")  # sources that begin so are the programme's own counts
AS_PUBLISHED = {"valeur_ajoutee", "taux_reussite", "diplomes"}  # read, held to the files below


def test_no_indicator_of_a_publisher_is_left_without_its_worked_formula():
    by_publisher = {n for n, one in INDICATORS.items() if not one.source.startswith(REGISTER)}
    worked = {
        *(f"taux_emploi_{k}_mois" for k in (6, 12, 18, 24)),
        *("taux_poursuite", "part_en_emploi_6_mois", "part_autre", "taux_devenir_favorable"),
        *("taux_pression", "taux_demande", "taux_remplissage", "entrants"),
        *("places", "places_observees"),
    }
    assert by_publisher == worked | OURS | AS_PUBLISHED
    seats = INDICATORS["taux_transformation"]  # Orion: places transformées / effectif en entrée
    moved = pd.DataFrame({"places_transformees": [30.0], "effectif_entree": [600.0]})
    assert compute(moved, seats)["value"].item() == pytest.approx(30 / 600)


def test_value_added_is_the_publishers_difference_in_its_own_files(donnees_reelles):
    """DEPP: observed − expected, in points; published apart, each rounded to the point."""
    jobs = read_inserjeunes_etablissement(
        donnees_reelles / "inserjeunes/depp-2022-etablissements-2021_2022-pro.csv", "2021_2022"
    ).table.dropna(subset=["valeur_ajoutee"])
    gap = jobs["taux_emploi_6_mois"] - jobs["taux_emploi_6_mois_attendu"]
    assert len(jobs) > 1000
    assert (gap - jobs["valeur_ajoutee"]).abs().max() <= 0.01 + 1e-9
    name = "fr-en-indicateurs-de-resultat-des-lycees-denseignement-professionnels.csv"
    exams = read_resultats_lycees(donnees_reelles / "resultats" / name).table
    exams = exams.dropna(subset=["valeur_ajoutee"])
    gap = exams["taux_reussite"] - exams["taux_attendu"]
    assert len(exams) > 1000
    assert (gap - exams["valeur_ajoutee"]).abs().max() <= 1e-9


def test_a_course_is_named_by_the_diploma_that_most_pupils_prepare():
    rows = pd.DataFrame(
        [
            ("40025001", "40025012", 20.0),
            ("40025001", "40025007", 15.0),  # of two regions of one programme
            ("40025001", "40025007", 15.0),
            ("40025001", "40025001", np.nan),
        ],
        columns=["course", "cfd", "terminale"],
    )
    assert people._diplomas(rows).to_dict() == {"40025001": "40025007"}
    assert people._diplomas(rows.tail(1)).to_dict() == {"40025001": "40025001"}


def test_quadrants_of_2022_average_per_diploma_as_orion_does(donnees_reelles):
    year = fpi.load("fpi_aura", 2023, donnees_reelles)  # leavers of 2022
    rows = year.inserjeunes
    # Its heir, CCST, is of no filière: leavers and places are of the same courses.
    assert set(rows.loc[rows["cfd"] == "32020008", "filiere"]) == {"autre"}
    rows = rows[(rows["code_region"] == "84") & (rows["millesime"] == "2021_2022")]
    rows = rows[rows["niveau_diplome"].notna() & rows["sortants"].notna()]
    means = (
        quadrant(rows).groupby("niveau_diplome")[["moyenne_emploi", "moyenne_poursuite"]].first()
    )
    assert means.loc["400"].round(3).tolist() == [0.484, 0.561]
    assert means.loc["500"].round(3).tolist() == [0.361, 0.506]
    shown = people.quadrants(year).frame.set_index("course")["formation"]
    assert shown["40025001"].startswith("MAINTENANCE DES ÉQUIPEMENTS INDUSTRIELS")  # not of 2006
    assert shown["32020105"].startswith("SYSTÈMES NUMÉRIQUES OPTION A")  # nor of 1996


# --- real files ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def aura(donnees_reelles):
    raw = pd.read_csv(
        donnees_reelles / "inserjeunes" / "ij_region_data.csv", sep=";", dtype=str,
        encoding="utf-8-sig",
    )  # fmt: skip
    raw = raw[raw["code_region"] == "84"].copy()
    names = {
        "nb_annee_term": "terminale",
        "nb_sortant": "sortants",
        "nb_poursuite_etudes": "poursuite",
        "nb_en_emploi_6_mois": "en_emploi_6_mois",
    }
    for column, name in names.items():
        raw[name] = pd.to_numeric(raw[column])
    codes = pd.read_csv(ROOT / "data" / "fpi_aura" / "filieres.csv", sep=";", dtype=str)
    group = raw["mefstat11"].str[6:9].where(raw["voie"] == "scolaire", raw["cfd"].str[3:6])
    raw["filiere"] = group.map(codes.set_index("code")["filiere"]).fillna("autre")
    return raw


def test_auras_employment_rate_by_filiere_and_voie_is_the_direct_sum_of_raw_counts(aura):
    keys = ["millesime", "filiere", "voie"]
    rates = compute(aura, catalogue.TAUX_EMPLOI_6_MOIS, keys).set_index(keys)
    assert len(rates) >= 12
    for key, row in rates.iterrows():
        employed = leavers = 0
        for line in aura[(aura[keys] == list(key)).all(axis=1)].to_dict("records"):
            if pd.notna(line["nb_en_emploi_6_mois"]) and pd.notna(line["nb_sortant"]):
                employed += int(line["nb_en_emploi_6_mois"])
                leavers += int(line["nb_sortant"])
        assert row["value"] == employed / leavers


def test_every_rate_is_within_rounding_of_the_publishers_own(aura):
    compared, largest = 0, 0.0
    for indicator, published in (
        (catalogue.TAUX_EMPLOI_6_MOIS, "taux_emploi_6_mois"),
        (catalogue.TAUX_POURSUITE, "taux_poursuite_etudes"),
    ):
        ours = compute(aura, indicator, ["id"]).set_index("id")["value"]
        theirs = pd.to_numeric(aura.set_index("id")[published]) / 100
        gap = (ours - theirs).abs().dropna()
        compared, largest = compared + len(gap), max(largest, float(gap.max()))
    assert compared > 1000
    assert largest <= 0.005 + 1e-9
