"""The twin: its truth is exact, its switches do one thing, its files obey the real code rules."""

import gzip
from dataclasses import fields, replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

import fpi_eval.twin
from fpi_eval.errors import FpiError
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.programme import load_programme
from fpi_eval.sources.geographie import zones_par_commune
from fpi_eval.sources.known_sources import discover, source
from fpi_eval.sources.register.openings import read_ouvertures
from fpi_eval.sources.urssaf import read_urssaf_commune_ape
from fpi_eval.text import signe
from fpi_eval.twin import (
    SCENARIOS,
    SMALL,
    TwinParameters,
    draw,
    with_industry,
    write_files,
    write_records,
)
from fpi_eval.twin.applied import _fill
from fpi_eval.twin.courses import DIPLOMES, cfd_at, courses, mefstat11
from fpi_eval.twin.draw import observed, simulate
from fpi_eval.twin.files.outcome_files import write_regions
from fpi_eval.twin.files.seat_files import rows_of
from fpi_eval.twin.geography import departements, uai
from fpi_eval.twin.moments import (
    catalogue_moments,
    outcome_moments,
    seat_moments,
)
from fpi_eval.twin.truth import PARTS, TRUE_OUTCOMES
from fpi_eval.twin.world import YEARS, lag

SEED = 7
BASE = TwinParameters(n_cells_region=300, n_cells_other=900)
PANEL = {
    "cell": "int", "uai": "str", "course": "str", "famille": "str", "filiere": "str",
    "niveau": "str", "voie": "str", "duree": "int", "code_departement": "str",
    "code_academie": "str", "code_region": "str", "rentree": "int", "places": "float",
    "voeux_1": "float", "entrants": "float", "terminale": "float", "diplomes": "float",
    "sortants": "float", "en_emploi_6_mois": "float", "en_emploi_12_mois": "float",
    "en_emploi_18_mois": "float", "en_emploi_24_mois": "float", "seats": "float",
    "autres_places": "float", "cohort": "float", "nouvelle": "bool",
}  # fmt: skip


@pytest.fixture(scope="module")
def twin():
    return draw(SMALL, SEED)


@pytest.fixture(scope="module")
def base():
    return draw(BASE, SEED).panel


@pytest.fixture(scope="module")
def files(petit_jumeau_ecrit):
    return petit_jumeau_ecrit(SEED, range(2018, 2025))


def read(path, **options):
    return pd.read_csv(
        path, sep=";", dtype=str, keep_default_na=False, encoding="utf-8-sig", **options
    )


def test_the_panel_has_every_column_of_the_contract_and_one_row_per_cell_and_rentree(twin):
    kinds = {"O": "str", "i": "int", "f": "float", "b": "bool"}
    assert {name: kinds[twin.panel[name].dtype.kind] for name in twin.panel} == PANEL
    assert len(twin.panel) == 1_200 * 16
    assert twin.panel.equals(twin.panel.sort_values(["cell", "rentree"]))
    assert not twin.panel.duplicated(["uai", "course", "voie", "rentree"]).any()


def test_a_graduate_entered_duree_minus_one_rentrees_before():
    entry = np.arange(10.0).reshape(2, 5)
    assert lag(entry, np.array([1, 3])).tolist() == [[0, 1, 2, 3, 4], [0, 0, 5, 6, 7]]


def test_counts_shrink_along_the_chain(twin):
    p = twin.panel
    assert (p["diplomes"] <= p["terminale"]).all()
    assert (p["sortants"] <= p["terminale"]).all()
    for early, late in ((6, 12), (12, 18), (18, 24)):
        assert (p[f"en_emploi_{early}_mois"] <= p[f"en_emploi_{late}_mois"]).all()
    assert (p["en_emploi_24_mois"] <= p["sortants"]).all()
    assert (p[["places", "entrants", "terminale", "diplomes"]] >= 0).all().all()


def test_the_truth_is_the_world_with_the_programme_minus_the_world_without():
    programme, _ = simulate(SMALL, SEED)
    truth = draw(SMALL, SEED).truth
    with_it, without = observed(programme), programme.world.counts
    for outcome, value in with_it.items():
        gap = (value - without[outcome])[:, YEARS >= 2016].sum()
        rows = truth.cells[truth.cells["outcome"] == outcome]
        assert gap == rows[list(PARTS)].to_numpy().sum()
        assert gap != 0


def test_net_is_own_plus_displaced_and_cells_add_up_to_the_total(twin):
    total = twin.truth.effects().set_index("outcome")
    assert (total["net"] == total["own"] + total["displaced"]).all()
    for by in (["filiere"], ["niveau"], ["age"], ["filiere", "niveau", "rentree"]):
        parts = twin.truth.effects(by).groupby("outcome")[["seats", "own", "displaced"]].sum()
        pd.testing.assert_frame_equal(
            parts.sort_index(), total[["seats", "own", "displaced"]].sort_index()
        )


def test_a_twin_without_seats_has_a_truth_of_zero():
    none = draw(replace(BASE, predecessor_seats=0, seats_secondaire=0, seats_superieur=0), SEED)
    assert none.openings.empty
    assert (none.panel["seats"] == 0).all()
    assert none.panel["cohort"].isna().all()
    for outcome in TRUE_OUTCOMES:
        assert set(none.truth.per_seat(outcome).values()) == {0.0}


def test_seats_that_nobody_fills_have_a_truth_of_zero():
    null = draw(replace(SCENARIOS["null"], n_cells_region=300, n_cells_other=900), SEED)
    assert null.panel["seats"].sum() > 0
    effects = null.truth.effects()
    assert (effects[["own", "displaced"]] == 0).all().all()


def test_the_same_seed_gives_the_same_twin_and_another_seed_another(twin):
    again = draw(SMALL, SEED)
    pd.testing.assert_frame_equal(twin.panel, again.panel)
    pd.testing.assert_frame_equal(twin.openings, again.openings)
    pd.testing.assert_frame_equal(twin.jobs, again.jobs)
    assert not twin.panel["entrants"].equals(draw(SMALL, SEED + 1).panel["entrants"])


def test_the_programme_keeps_to_its_plan_and_to_targeted_courses(twin):
    openings = twin.openings
    assert openings.loc[openings["projet"] == "ATCF", "places_prevues"].sum() == 129
    assert set(openings.loc[openings["projet"] == "ATCF", "rentree"]) == {2022}
    assert set(openings.loc[openings["projet"] == "FPI", "rentree"]) <= {2024, 2025, 2026}
    assert set(openings["filiere"]) <= {"reindustrialisation", "numerique", "energie_decarbonee"}
    assert openings["academie"].isin(["Lyon", "Grenoble", "Clermont-Ferrand"]).all()
    planned = openings[openings["projet"] == "FPI"].groupby("niveau")["places_prevues"].sum()
    assert planned["secondaire"] == round(1_400 * SMALL.scale)
    assert planned["superieur"] == round(1_000 * SMALL.scale)


@pytest.mark.parametrize("count", [20, 10, 4, 1])
def test_few_treated_means_that_many_establishments_open(count):
    few = draw(replace(BASE, treated_etablissements=count), SEED)
    assert few.openings["uai"].nunique() == count


# Each switch: the value that turns it on, and the rows it may touch.
def opened(panel):
    return panel["cohort"].notna()


def aura(panel):
    return panel["code_region"] == "84"


def targeted(panel):
    return aura(panel) & (panel["filiere"] != "autre")


def near(panel):
    sites = panel.loc[opened(panel), "uai"].unique()
    return panel["uai"].isin(sites) & ~opened(panel)


def ring(panel):
    zone = panel["code_departement"] + panel["famille"]
    return zone.isin(zone[opened(panel)]) & ~opened(panel)


def region_ring(panel):
    zone = panel["code_region"] + panel["famille"]
    return zone.isin(zone[opened(panel)]) & ~opened(panel)


def since(rentree):
    return lambda panel: panel["rentree"] >= rentree


SWITCHES = {
    "ramp_up": ((0.5, 1.0), opened),
    "concavity": (0.2, opened),
    "displacement_etablissement": (0.3, near),
    "displacement_departement": (0.3, ring),
    "region_shock": (0.1, lambda p: targeted(p) & (p["rentree"] >= 2024)),
    "other_openings": (0.05, lambda p: ~aura(p)),
    "closures": (0.5, lambda p: aura(p) & (p["filiere"] == "autre")),
    "course_trend_region": (0.03, targeted),
    "anticipation": (0.5, opened),
    "cohort_effects": (((2024, 0.2),), opened),
    "effect_growth": (0.2, opened),
    "empty_seats": (0.5, opened),
    "reform": (0.3, since(2025)),
    "hors_registre": (0.05, lambda p: targeted(p) & (p["rentree"] >= 2018)),
    "etapes": (1.0, opened),
    "displacement_region": (0.3, region_ring),
    "renovation": (0.3, since(2018)),
    "masques": (20, lambda p: p["terminale"] < 20),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_moves_what_it_says_and_nothing_else(switch, base):
    value, touched = SWITCHES[switch]
    default = getattr(BASE, switch)
    assert default in (0.0, (), (1.0,)), f"{switch} : un interrupteur est éteint par défaut"
    panel = draw(replace(BASE, **{switch: value}), SEED).panel
    outcomes = ["entrants", "terminale", "diplomes", "sortants", "en_emploi_6_mois"]
    moved = (panel[outcomes] != base[outcomes]).any(axis=1)
    assert moved.any()
    assert not (moved & ~touched(base)).any()


def test_an_error_in_declared_seats_changes_the_register_only(base):
    wrong = draw(replace(BASE, seats_error=0.5), SEED)
    changed = [name for name in base if not wrong.panel[name].equals(base[name])]
    assert changed == ["seats"]


@pytest.mark.parametrize("switch", ["selection_trend", "selection_pressure"])
def test_selection_changes_where_seats_open_not_the_cells_without_any(switch, base):
    panel = draw(replace(BASE, **{switch: 3.0}), SEED).panel
    assert not panel["cohort"].equals(base["cohort"])
    aside = panel["cohort"].isna() & base["cohort"].isna()
    assert panel.loc[aside, "entrants"].equals(base.loc[aside, "entrants"])
    assert panel.loc[aside, "diplomes"].equals(base.loc[aside, "diplomes"])


def test_selection_on_pressure_opens_where_wishes_are_many(base):
    panel = draw(replace(BASE, selection_pressure=3.0), SEED).panel
    share = {}
    for name, table in (("hasard", base), ("pression", panel)):
        year = table[(table["rentree"] == 2023) & (table["voie"] == "scolaire")]
        year = year[(year["niveau"] == "secondaire") & ~year["nouvelle"] & (year["places"] > 0)]
        share[name] = (year["voeux_1"] / year["places"])[year["cohort"] >= 2024].median()
    assert share["pression"] > share["hasard"]


def test_closures_fall_on_targeted_courses_where_they_are_told_to():
    shut = {c: draw(replace(BASE, closures=0.5, closures_cible=c), SEED) for c in (0.0, 1.0)}
    for share, twin in shut.items():
        closed = twin.panel[twin.panel["seats"] < 0]
        assert len(closed)
        assert ((closed["filiere"] != "autre").mean() == 1.0) == (share == 1.0)
        assert closed["cohort"].isna().all()


def test_an_opening_in_two_steps_keeps_its_seats(base):
    twin = draw(replace(BASE, etapes=1.0), SEED)
    assert twin.panel["seats"].max() == base["seats"].max()
    last = twin.panel["rentree"] == 2030
    assert twin.panel.loc[last, "seats"].sum() == base.loc[last, "seats"].sum()
    early = twin.panel["rentree"] == 2024
    assert twin.panel.loc[early, "seats"].sum() < base.loc[early, "seats"].sum()


def test_a_shock_of_some_courses_leaves_the_others_and_selection_finds_it(base):
    few = replace(BASE, trend_sd=0.0, predecessor_seats=0, seats_secondaire=90, seats_superieur=90)
    some = replace(few, region_shock=0.3, region_shock_share=0.5)
    calm = draw(few, SEED).panel
    moved = (draw(some, SEED).panel["entrants"] != calm["entrants"]).groupby(calm["course"]).any()
    courses = calm[targeted(calm)].groupby("course").size().index
    assert 0.2 < moved[courses].mean() < 0.8
    chosen = draw(replace(some, selection_trend=3.0), SEED).panel
    hit = chosen.loc[opened(chosen), "course"].map(moved)
    assert hit.mean() > 0.8


def test_years_and_small_outcomes_that_an_evaluator_does_not_see_leave_the_truth(base):
    hidden = draw(replace(BASE, visible_depuis=2019, masques=20), SEED)
    assert hidden.panel["rentree"].min() == 2019
    assert hidden.panel["diplomes"].isna().equals(hidden.panel["terminale"].isna())
    assert hidden.panel["entrants"].notna().all()
    assert hidden.truth.per_seat("diplomes") == draw(BASE, SEED).truth.per_seat("diplomes")


def test_closures_are_seats_with_a_minus_sign_that_lose_pupils():
    shut = draw(replace(BASE, closures=0.5), SEED)
    negative = shut.truth.cells[shut.truth.cells["seats"] < 0]
    assert (negative["own"] <= 0).all()
    assert negative["own"].sum() < 0
    assert (shut.openings["places_ouvertes"] < 0).any()


def test_every_switch_has_its_scenario_and_the_defaults_are_calm():
    default = TwinParameters()
    switches = [f.name for f in fields(default) if f.name in SWITCHES]
    assert set(switches) == set(SWITCHES)
    for name in ("region_walk", "departement_walk"):
        assert getattr(default, name) > 0
    others = ("seats_error", "selection_trend", "selection_pressure", "closures_cible")
    others += ("region_shock_share", "visible_depuis", "cell_tails", "cell_memory")
    for switch in [*SWITCHES, *others]:
        on = [k for k, v in SCENARIOS.items() if getattr(v, switch) != getattr(default, switch)]
        assert on, f"aucun scénario pour {switch}"


def test_a_parameter_out_of_range_is_refused_in_french():
    with pytest.raises(FpiError, match=r"« fill » vaut 1\.5"):
        TwinParameters(fill=1.5)
    with pytest.raises(FpiError, match="entre 100 et 200 000"):
        TwinParameters(n_cells_region=3)
    with pytest.raises(FpiError, match=r"« cell_memory » vaut 1 ; attendu 0 à 0\.99"):
        TwinParameters(cell_memory=1)
    with pytest.raises(FpiError, match="« success_bts » vaut 78 ; attendu entre 0 et 1"):
        TwinParameters(success_bts=78)
    with pytest.raises(FpiError, match="« dispersion » vaut nan"):
        TwinParameters(dispersion=np.nan)
    with pytest.raises(FpiError, match="« cell_tails » vaut -3 ; attendu 0 ou plus de 2"):
        TwinParameters(cell_tails=-3)
    with pytest.raises(FpiError, match="« visible_depuis » vaut 2040 ; attendu 2016 à 2031"):
        TwinParameters(visible_depuis=2040)
    for wrong in ({"doses": ()}, {"doses": (12, 0)}, {"ramp_up": ()}):
        with pytest.raises(FpiError, match="« doses » et « ramp_up »"):
            TwinParameters(**wrong)


def test_concavity_takes_from_large_openings_and_gives_to_small_ones():
    opened = {"rentree": [2022] * 3, "places_ouvertes": [6, 12, 24], "vide": False}
    filled = _fill(TwinParameters(concavity=0.1), pd.DataFrame(opened))[:, -1]
    assert filled.tolist() == pytest.approx([0.85, 0.80, 0.70])


def test_capacities_are_revised_by_the_sum_of_two_chances_up_as_often_as_down():
    twins = [replace(BASE, places_up=up, places_down=0.118 - up) for up in (0.0, 0.06)]
    first, second = (draw(one, SEED).panel["places"] for one in twins)
    assert first.equals(second)


def test_a_twin_that_hides_outcomes_writes_neither_files_nor_people(tmp_path):
    hidden = draw(replace(BASE, masques=20), SEED)
    for made in (partial(write_files, hidden, tmp_path), partial(with_industry, hidden)):
        with pytest.raises(FpiError, match="masques=0"):
            made()


def test_the_geography_has_96_departements_25_academies_and_13_regions():
    table = departements()
    assert table[["code_departement", "code_academie", "code_region"]].nunique().tolist() == [
        96, 25, 13,
    ]  # fmt: skip
    aura = table[table["code_region"] == "84"]
    assert set(aura["code_academie"]) == {"06", "08", "10"}
    assert len(aura) == 12
    assert uai("001", 1) == "0010001W"


def test_a_renovated_course_changes_code_for_those_who_enter_after():
    course = pd.DataFrame(
        {"cfd": ["40025060"], "cfd_nouveau": ["40025061"], "rentree_renovation": [2021.0]}
    )
    assert cfd_at(course, 2020).tolist() == ["40025060"]
    assert cfd_at(course, 2021).tolist() == ["40025061"]
    mef = mefstat11(course["cfd"], pd.Series(["bacpro"]), 2)
    assert mef.tolist() == ["23820025060"]


def test_mefstat_and_cfd_obey_the_rules_of_the_nomenclature(files):
    mef = read(files / "nomenclatures" / "nMef.csv")
    assert (mef["MEF_STAT_11"].str[6:11] == mef["FORMATION_DIPLOME"].str[3:8]).all()
    assert (mef["MEF_STAT_11"].str[3] == mef["ANNEE_DISPOSITIF"]).all()
    assert mef["MEF"].is_unique
    diploma = pd.read_csv(
        files / "nomenclatures" / "nFormationDiplome_.csv", sep=";", dtype=str, encoding="cp1252"
    )
    assert (diploma["FORMATION_DIPLOME"].str[3:6] == diploma["GROUPE_SPECIALITE"]).all()
    assert set(mef["FORMATION_DIPLOME"]) == set(diploma["FORMATION_DIPLOME"])
    known = set(mef["MEF_STAT_11"])
    for name in ("orion/attractivite_capacite_2022.csv", "orion/constat_2022.csv"):
        assert set(read(files / name).filter(regex="(?i)^mef (stat|bcp) 11$").iloc[:, 0]) <= known
    region = read(files / "inserjeunes" / "ij_region_data.csv")
    assert set(region["mefstat11"]) - {""} <= known
    assert set(region["cfd"]) - {""} <= set(diploma["FORMATION_DIPLOME"])


def test_old_and_new_diplomas_point_at_each_other(files):
    table = pd.read_csv(
        files / "nomenclatures" / "nFormationDiplome_.csv", sep=";", dtype=str, encoding="cp1252"
    ).set_index("FORMATION_DIPLOME")
    heirs = table["NOUVEAU_DIPLOME_1"].dropna()
    assert len(heirs) == courses()["cfd_nouveau"].notna().sum()
    assert (table.loc[heirs, "ANCIEN_DIPLOME_1"].to_numpy() == heirs.index).all()
    assert (table.loc[heirs, "GROUPE_SPECIALITE"].to_numpy() != heirs.index.str[3:6]).any()


def test_regional_rows_pool_two_sessions_and_hide_rates_under_twenty(files, twin):
    table = read(files / "inserjeunes" / "ij_region_data.csv")
    rows = table[table["millesime"] == "2021_2022"]
    panel = twin.panel[twin.panel["rentree"].isin([2020, 2021])]
    assert rows["nb_annee_term"].astype(int).sum() == panel["terminale"].sum()
    shown = table[table["taux_emploi_6_mois"] != ""]
    hidden = table[(table["taux_emploi_6_mois"] == "") & (table["nb_sortant"] != "")]
    assert shown["nb_sortant"].astype(int).min() >= 20
    assert hidden["nb_sortant"].astype(int).max() <= 19
    last = table[table["millesime"] == table["millesime"].max()]
    assert (last["nb_en_emploi_18_mois"] == "").all()
    assert (table.loc[table["voie"] == "scolaire", "cfd"] == "").all()
    assert (table.loc[table["voie"] == "apprentissage", "mefstat11"] == "").all()
    assert set(table.loc[table["code_region"] == "84", "code_region_ij"]) == {"01"}


def test_places_of_the_register_are_found_in_the_capacity_files(files, twin):
    seats = twin.openings[(twin.openings["niveau"] == "secondaire")]
    seats = seats[(seats["voie"] == "scolaire") & (seats["rentree"] == 2024)]
    table = read(files / "orion" / "attractivite_capacite_2024.csv")
    keys = set(zip(table["Etablissement d'accueil"], table["MEF STAT 11"], strict=True))
    assert len(seats) > 3
    assert set(zip(seats["uai"], seats["mefstat11"], strict=True)) <= keys


def test_a_merged_establishment_changes_uai_at_the_declared_rentree(files):
    moves = read(files / "nomenclatures" / "uai_changements.csv")
    assert list(moves) == ["ancien_uai", "nouvel_uai", "rentree"]
    for row in moves.itertuples():
        for year in (2018, 2024):
            uais = set(read(files / "orion" / f"constat_{year}.csv")["UAI"])
            uais |= set(read(files / "orion" / f"BTS_attractivite_capacite_{year}.csv")["UAI"])
            assert (row.ancien_uai in uais) == (year < int(row.rentree))


def test_duplicates_are_counted_in_nb_apparitions(files):
    table = read(files / "orion" / "attractivite_capacite_2022.csv")
    count = table.groupby(["Etablissement d'accueil", "MEF STAT 11"])["MEF STAT 11"].transform(
        "size"
    )
    assert (count == table["nb_apparitions_uai_mefstat"].astype(int)).all()
    assert (count > 1).any()


def test_the_header_drifts_from_one_session_to_the_next(files):
    sizes = [
        len(read(files / "orion" / f"BTS_attractivite_capacite_{year}.csv", nrows=1).columns)
        for year in (2022, 2023, 2024)
    ]
    assert sizes == [10, 11, 6]
    raw = (files / "inserjeunes" / "depp-2022-etablissements-2018_2019-pro.csv").read_bytes()
    assert raw.startswith('"n°UAI'.encode())
    assert b"\r\n" not in raw
    raw = (files / "inserjeunes" / "depp-2022-etablissements-2021_2022-pro.csv").read_bytes()
    assert b"\r\n" in raw
    assert b";nd;" in raw


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_files(draw(SMALL, 3), tmp_path / name, years=(2019, 2020))
    first = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(first) > 15
    for path in first:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


def test_files_have_the_header_of_the_real_file_of_the_same_name(files, donnees_reelles):
    compared = 0
    for path in sorted(files.rglob("*")):
        real = donnees_reelles / path.relative_to(files)
        if path.is_dir() or not real.exists():
            continue
        pair = []
        for file in (path, real):
            raw = file.read_bytes()
            raw = gzip.decompress(raw) if file.suffix == ".gz" else raw
            pair.append(raw.split(b"\n", 1)[0])
        assert pair[0] == pair[1], path.name
        compared += 1
    assert compared >= 20


def test_the_readers_of_real_files_read_every_simulated_file(files, twin):
    found = discover(files)
    left = {path.name for path in found.unexplained}
    assert left <= {"uai_changements.csv", "ouvertures.csv"}
    seen = {}
    for item in found.files:
        if item.source != "urssaf":
            reading = source(item.source).read(item.path, item.year)
            assert len(reading.table) > 0, item.path.name
            seen[item.source] = reading.table
    assert len(seen) >= 15
    register = read_ouvertures(files / "ouvertures.csv").table
    assert (
        register["places_ouvertes"].sum()
        == twin.openings["places_ouvertes"].where(twin.openings["rentree"] <= 2024).sum()
    )
    zones = zones_par_commune(seen["communes"], seen["zones_emploi"])
    name = "etablissements-et-effectifs-salaries-au-niveau-commune-x-ape-last.csv"
    jobs = read_urssaf_commune_ape(files / "urssaf" / name, zones, seen["naf"]).table
    expected = twin.jobs[twin.jobs["annee"] <= 2024]["effectifs"].round().sum()
    assert jobs["emplois"].sum() == expected


def test_the_programme_before_costs_no_less_than_what_is_published_of_it(twin):
    before = load_programme().predecesseur
    own = twin.openings[twin.openings["projet"] == before.nom]
    planned = own["places_prevues"].clip(lower=0).sum()
    assert own["cout"].sum() >= before.cout_minimum * planned / before.places


def test_a_closure_is_registered_under_the_filiere_it_pays_for():
    shut = draw(replace(BASE, closures=0.5), SEED).openings
    assert set(shut["filiere"]) <= {"reindustrialisation", "numerique", "energie_decarbonee"}


def test_a_programme_whose_seats_open_outside_the_twin_is_refused():
    late = load_programme().model_copy(update={"rentree_debut": 2040})
    with pytest.raises(FpiError, match="de 2022 à 2040, le jumeau va de 2016 à 2031"):
        draw(SMALL, 0, programme=late)


def test_a_rentree_outside_the_twin_is_refused(twin, tmp_path):
    with pytest.raises(FpiError, match="2016 à 2031"):
        write_files(twin, tmp_path, years=[2040])
    with pytest.raises(FpiError, match="demandé : aucune"):
        write_records(twin, tmp_path, years=[])


def test_moments_of_three_hand_made_rows():
    before = pd.DataFrame(
        {"key": ["a", "b", "c"], "level": "CAP", "places": [10, 20, 30], "voeux_1": [5, 5, 5]}
    )
    now = before.assign(places=[12, 20, 26], voeux_1=[12, 10, 13])
    table = seat_moments(now, before).set_index(["moment", "statistic"])["value"]
    assert table["voeux_1_par_place", "q50"] == 0.5
    assert table["variation_places", "part_hausse"] == pytest.approx(1 / 3)
    assert table["variation_places", "baisse_moyenne"] == -4


def test_hidden_rows_count_in_the_share_hidden_not_in_the_rate():
    rows = pd.DataFrame(
        {
            "level": "CAP", "terminale": [100.0, 4.0], "sortants": [50.0, np.nan],
            "en_emploi_6_mois": [20.0, np.nan], "en_emploi_12_mois": [25.0, np.nan],
            "taux_emploi_6_mois": [40.0, np.nan], "taux_poursuite": [50.0, np.nan],
        }
    )  # fmt: skip
    table = outcome_moments(rows).set_index(["moment", "statistic"])["value"]
    assert table["devenir", "taux_emploi_6_mois"] == 0.4
    assert table["devenir", "part_taux_caches"] == 0.5


def test_a_regional_file_holds_its_diplomas_its_rows_and_its_students():
    rows = pd.DataFrame({"level": "CAP", "code": ["a", "a", "b"], "terminale": [10.0, 4.0, 1.0]})
    table = catalogue_moments(rows).set_index("statistic")["value"]
    assert table.to_dict() == {"diplomes_distincts": 2, "lignes": 3, "eleves": 15}


#: InserJeunes 2021_2022, metropolitan regions: codes, share of rates hidden, median final year.
REGIONAL = {
    ("mc", "scolaire"): (43, 0.58, 22), ("mc", "apprentissage"): (45, 0.51, 26),
    ("cap", "scolaire"): (140, 0.49, 46), ("cap", "apprentissage"): (166, 0.45, 44),
    ("bacpro", "scolaire"): (103, 0.31, 102), ("bacpro", "apprentissage"): (120, 0.63, 18),
    ("bts", "scolaire"): (123, 0.32, 64), ("bts", "apprentissage"): (137, 0.47, 34),
}  # fmt: skip


def test_the_regional_file_has_as_many_rare_courses_as_the_real_one(tmp_path):
    full = draw(TwinParameters(), 1)
    rows = {year: rows_of(full.panel, full.cells, year) for year in (2020, 2021)}
    table = read(write_regions(rows, [(2021, 2022)], tmp_path))
    code = table["mefstat11"].where(table["voie"] == "scolaire", table["cfd"])
    prefixes = {name: (spec[0], spec[1]) for name, spec in DIPLOMES.items()}
    for (diplome, voie), (codes, hidden, median) in REGIONAL.items():
        here = (table["voie"] == voie) & code.str.startswith(prefixes[diplome])
        part = table[here]
        assert code[here].nunique() == pytest.approx(codes, rel=0.15), (diplome, voie)
        share = (part["taux_emploi_6_mois"] == "").mean()
        # Some 200 rows at the smallest level: a standard error of 0.035.
        assert share == pytest.approx(hidden, abs=0.08), (diplome, voie)
        middle = part["nb_annee_term"].astype(int).median()
        assert middle == pytest.approx(median, rel=0.30), (diplome, voie)


def test_the_three_filieres_are_taught_in_every_draw_of_the_small_set():
    for seed in range(5):
        opened = draw(SMALL, seed).openings.groupby("filiere")["places_ouvertes"].sum()
        assert (opened > 0).sum() == 3


def test_most_seats_of_a_small_set_open_in_courses_that_others_teach():
    for seed in (20240901, 1, 2):
        now = draw(SMALL, seed).panel.query("rentree == 2026")
        others = now[now["seats"] == 0].groupby("course").size()
        seats = now[now["seats"] > 0].assign(others=now["course"].map(others).fillna(0))
        share = seats.loc[seats["others"] >= 3, "seats"].sum() / seats["seats"].sum()
        assert share > 0.80  # under it, the checks refuse to give the effect


def test_the_panel_looks_like_the_published_figures():
    panel = draw(TwinParameters(n_cells_region=500, n_cells_other=3_000), 1).panel
    table = panel.assign(key=panel["cell"], level=panel["niveau"] + " " + panel["voie"])
    now, before = (table[table["rentree"] == rentree] for rentree in (2022, 2021))
    table = seat_moments(now, before).set_index(["moment", "level", "statistic"])["value"]
    # Affelnet 2021 → 2022: about 6 % of capacities up and as many down; seven or so seats.
    assert 0.03 < table["variation_places", "secondaire scolaire", "part_hausse"] < 0.10
    assert 4 < table["variation_places", "secondaire scolaire", "hausse_moyenne"] < 9
    # Parcoursup BTS 2023: 12 wishes per place at the median, 25 places.
    assert 9 < table["voeux_1_par_place", "superieur scolaire", "q50"] < 15
    assert 22 < table["places", "superieur scolaire", "q50"] < 28


def test_a_draw_without_any_possible_merger_keeps_its_establishments():
    panel = draw(SMALL, 5037).panel
    assert panel["uai"].notna().all()


def test_a_twin_and_its_panel_say_what_they_hold():
    drawn = draw(SMALL, 3)
    assert "graine 3" in repr(drawn)
    assert ".truth.per_seat" in repr(drawn)
    said = repr(CellPanel(drawn.panel, seats_derived=True, matched=0.5))
    assert "sans registre" in said
    assert "appariées au registre : 50,0" in said
    assert "disparues" not in said
    assert "simulées" not in said
    assert "données simulées" in repr(CellPanel(drawn.panel, simulated=True))


def test_a_truth_says_each_outcome_s_effects_and_not_its_tables():
    truth = draw(SMALL, 3).truth
    head, *lines = repr(truth).splitlines()
    assert head.startswith("Effets vrais du programme simulé")
    assert len(lines) == len(TRUE_OUTCOMES)
    one = truth.per_seat("diplomes")
    assert f"Diplômés : {signe(one['own'])} dans les places ouvertes" in lines[2]
    assert f"({signe(one['net'], 3)} par place)" in lines[2]


def test_completion_of_the_twin_shows_what_researchers_use_and_no_module():
    assert set(dir(fpi_eval.twin)) == set(fpi_eval.twin.__all__)
