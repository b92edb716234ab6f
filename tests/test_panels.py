"""The real panel and its results: equal to sums made directly from the raw files."""

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import fpi_eval as fpi
from fpi_eval import headline, text
from fpi_eval.cli.folder import set_aside
from fpi_eval.impact.jobs.passage import passage
from fpi_eval.impact.jobs.regional import regional_change
from fpi_eval.indicators import compute, deploiement, filieres, qualite
from fpi_eval.indicators.catalogue import TAUX_EMPLOI_6_MOIS
from fpi_eval.panel.panels import Panels
from fpi_eval.programme import load_programme
from fpi_eval.report.pages import donnees, places
from fpi_eval.report.published import counts as proteges
from fpi_eval.report.published import protection

ROOT = Path(__file__).parents[1]
PROGRAMME = load_programme(ROOT / "data" / "fpi_aura")


@pytest.fixture(scope="module")
def suivante(donnees_reelles):
    """The year after, which knows the leavers of 2022."""
    return fpi.load(PROGRAMME, 2023, donnees_reelles)


@pytest.fixture(scope="module")
def brut(donnees_reelles):
    """The raw regional file, read without the library."""
    return pd.read_csv(donnees_reelles / "inserjeunes" / "ij_region_data.csv", sep=";", dtype="str",
                       encoding="utf-8-sig")  # fmt: skip


def test_an_opening_written_under_an_old_uai_is_of_the_new_one():
    donnees = SimpleNamespace(
        a=lambda name: True,
        table=lambda name: pd.DataFrame({"uai": ["0010001W", "0010006B"]}),
        changements_uai=pd.DataFrame({"ancien_uai": ["0010001W"], "nouveau_uai": ["0690016T"]}),
    )
    assert Panels(donnees).registre["uai"].tolist() == ["0690016T", "0010006B"]


def test_aura_final_year_students_equal_sums_of_the_raw_file(suivante, brut):
    raw = brut[brut["code_region"] == "84"]
    wanted = raw.assign(n=raw["nb_annee_term"].astype(float)).groupby(["millesime", "voie"])["n"]
    rows = suivante.regional
    rows = rows[(rows["code_region"] == "84") & rows["observe"]]
    found = rows.groupby(["millesime", "voie"])["terminale"].sum()
    assert found.to_dict() == wanted.sum().to_dict()
    assert found["2021_2022", "scolaire"] == 67_409
    assert found["2021_2022", "apprentissage"] == 62_980


@pytest.mark.parametrize("voie", ["scolaire", "apprentissage"])
@pytest.mark.parametrize("filiere", PROGRAMME.codes_filieres)
def test_employment_rate_by_filiere_equals_counts_over_counts(suivante, brut, voie, filiere):
    declared = suivante.filieres.set_index("code")["filiere"]
    code = brut["cfd"].where(brut["voie"] == "apprentissage")
    mef = suivante.donnees.nomenclatures.mef.drop_duplicates("mefstat11").set_index("mefstat11")[
        "cfd"
    ]
    code = code.where(code.notna(), brut["mefstat11"].map(mef))
    own = code.map(declared).fillna(code.str[3:6].map(declared))
    raw = brut[(brut["code_region"] == "84") & (brut["voie"] == voie) & (own == filiere)
               & (brut["millesime"] == "2021_2022")]  # fmt: skip
    raw = raw[["nb_en_emploi_6_mois", "nb_sortant"]].astype(float).dropna().sum()
    keys = ["territoire", "filiere", "voie", "millesime"]
    rates = compute(filieres.of_programme(suivante, suivante.inserjeunes), TAUX_EMPLOI_6_MOIS, keys)
    row = rates.set_index(keys).loc[("region", filiere, voie, "2021_2022")]
    assert row["value"] == raw["nb_en_emploi_6_mois"] / raw["nb_sortant"]
    assert row["ci_low"] < row["value"] < row["ci_high"]


def test_places_of_2018_and_2019_are_in_the_millesime_of_june_2020_and_2021(suivante):
    rates = suivante.appariement_bts.rates.set_index("formation")
    assert rates.loc["BTS - Production", "part_places"].min() > 0.99
    across, over_time = passage(suivante.passage)
    assert 0.5 < across.estimate < 1.0
    assert across.n_clusters == over_time.n_clusters == 17
    assert across.ci_low < across.estimate < across.ci_high


def test_the_regression_says_what_seventeen_regions_allow(annee_reelle):
    rows = annee_reelle.regional[
        annee_reelle.regional["observe"]
        & annee_reelle.regional["filiere"].isin(PROGRAMME.codes_filieres)
    ]
    change = regional_change(rows[rows["voie"] == "scolaire"], "terminale", region="84")
    last = change.table.iloc[-1]
    assert last["n_regions"] == 17
    assert last["p_value"] >= 1 / 17
    assert last["difference"] == pytest.approx(last["observed"] - last["expected"])
    assert "ne peut descendre sous" in change.summary()


def test_cned_and_distance_courses_are_set_aside_visibly(annee_reelle):
    aside = annee_reelle.capacites.ecartees
    distance = aside[aside["raison"] == "formation à distance"]
    assert distance["places"].sum() > 2000
    assert not annee_reelle.capacites.table["uai"].isin(["0381629P", "0690276A"]).any()


def test_no_place_is_counted_in_two_years_of_one_course(annee_reelle):
    seats = annee_reelle.capacites.table
    pro = seats[seats["mefstat11"].str[:3] == "238"]
    course = ["uai", "rentree", "course_code"]
    codes = pro.assign(year=pro["mefstat11"].str[3], course_code=pro["mefstat11"].str[4:])
    assert not codes[[*course, "year"]].drop_duplicates().duplicated(course).any()


def test_progress_counts_a_seat_once_a_year_from_its_opening(annee_simulee):
    register = deploiement.du_programme(annee_simulee)
    assert "ATCF" not in set(register["projet"])
    table = deploiement.avancement(annee_simulee).set_index("code")
    own = register[register["niveau"] == "secondaire"]
    assert table.loc["secondaire", "places_ouvertes"] == own["places_ouvertes"].sum()
    years = 2026 - own["rentree"] + 1
    assert table.loc["secondaire", "acquis"] == (own["places_ouvertes"] * years).sum()
    years = 2030 - register["rentree"] + 1
    assert table.loc["2030", "acquis"] == (register["places_ouvertes"] * years).sum()


def test_targets_past_due_that_seats_could_not_reach_are_said_to_be_missed(annee_simulee):
    rows, context = deploiement.avancement(annee_simulee), annee_simulee.context
    assert deploiement.manquees(rows, 2025).empty
    assert deploiement.manquees(rows.assign(au_plus=9000.0), 2026).empty
    numbers = headline.places(annee_simulee)
    assert numbers.notes["cibles_manquees"] == "2026 2026"
    at = rows.set_index("code")["acquis"]
    said = (
        "Les cibles de 2026 ne sont pas atteintes : même toutes pleines, les places permettaient "
        f"{text.nombre(at['secondaire'])} entrées sur 2\u202f200 (secondaire) et "
        f"{text.nombre(at['superieur'])} entrées sur 1\u202f500 (supérieur)"
    )
    register = deploiement.du_programme(annee_simulee)
    assert places.cibles(register, rows, context).titre == said
    same = filieres.places_constantes(annee_simulee)
    assert places.reponse(numbers, rows, same, context).split("\n\n")[1] == f"{said}."


def test_same_courses_keep_their_places_through_options_and_codes_but_not_repeated_rows():
    programme = SimpleNamespace(
        codes_filieres=["numerique"], territoire=SimpleNamespace(ici=lambda code: code == "84")
    )
    rows = [
        ("A", "a", 2021, 24.0), ("A", "a", 2022, 12.0), ("A", "c", 2022, 12.0),  # another option
        ("B", "a", 2021, 15.0), ("B", "a", 2021, 15.0), ("B", "a", 2022, 15.0),  # a row repeated
        ("D", "old", 2021, 20.0), ("D", "new", 2022, 22.0),
        ("E", "a", 2021, 12.0), ("E", "a", 2022, float("nan")),
        ("F", "new", 2022, 12.0),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["uai", "cfd", "rentree", "places"]).assign(
        mefstat11=lambda t: t["cfd"], filiere="numerique", code_region="84", voie="scolaire",
        niveau="secondaire", source="affelnet", duree=2.0,
    )  # fmt: skip
    identity = pd.DataFrame({"cfd": ["a", "c", "old", "new"], "famille": ["a", "a", "old", "old"]})
    year = SimpleNamespace(
        capacites=SimpleNamespace(table=table),
        identity=identity,
        donnees=SimpleNamespace(programme=programme),
    )
    for source, told in (("affelnet", (44, 46, 2)), ("parcoursup_bts", (74, 61, 3))):
        year.capacites.table = table.assign(source=source)  # a row of Parcoursup is an offer
        [row] = filieres.places_constantes(year).to_dict("records")
        assert (row["places_avant"], row["places_apres"], row["cellules"]) == told


def test_seats_of_which_nothing_says_how_many_opened_are_not_said_empty(annee_simulee):
    register = deploiement.du_programme(annee_simulee)
    [cible] = [c for c in annee_simulee.programme.cibles if c.code == "secondaire"]
    one = register[register["niveau"] == "secondaire"].head(1)
    one = one.assign(rentree=2024, places_prevues=500, places_ouvertes=float("nan"))
    year = SimpleNamespace(
        registre=pd.concat([register, one.astype(register.dtypes)]), donnees=annee_simulee.donnees
    )
    before, rows = (deploiement.avancement(y).set_index("code") for y in (annee_simulee, year))
    assert rows.loc["secondaire", "acquis"] == before.loc["secondaire", "acquis"]
    added = rows.loc["secondaire", "au_plus"] - before.loc["secondaire", "au_plus"]
    assert added == 500 * (cible.echeance - 2024 + 1)
    assert list(deploiement.manquees(rows, 2026).index) == ["superieur"]
    missed = places.cibles(register, rows.reset_index(), annee_simulee.context)
    assert missed.titre.startswith("La cible de 2026 n'est pas atteinte")
    heads = set(missed.table.shown)
    assert "Au plus, places sans réponse comprises" in heads
    alone = places.cibles(register, before.reset_index(), annee_simulee.context)
    assert len(set(alone.table.shown)) == len(heads) - 1
    none = register.assign(places_ouvertes=float("nan"))
    said = places.cibles(none, rows.reset_index(), annee_simulee.context)
    assert str(said) == "Le registre ne dit pas encore combien de places ont ouvert."


@pytest.mark.parametrize("name", ["cells", "places", "register", "jobs"])
def test_what_a_researcher_writes_in_a_table_does_not_change_the_year(annee_simulee, name):
    mine = getattr(annee_simulee, name)
    column = mine.columns[-1]
    before = mine[column].copy()
    mine[column] = 0
    mine["a_moi"] = 1
    assert "a_moi" not in getattr(annee_simulee, name)
    pd.testing.assert_series_equal(getattr(annee_simulee, name)[column], before)


def test_nothing_after_the_rentree_is_used(annee_simulee):
    assert annee_simulee.capacites.table["rentree"].max() == 2026
    assert annee_simulee.registre["rentree"].max() <= 2026
    assert annee_simulee.inserjeunes["millesime"].max() <= "2025_2026"


def test_every_table_of_the_data_page_has_rows_on_the_simulated_set(annee_simulee):
    for make in (qualite.fichiers, qualite.territoires, qualite.masques, qualite.changements,
                 qualite.appariements):  # fmt: skip
        assert len(make(annee_simulee)) > 0, make.__name__
    rates = qualite.appariements(annee_simulee)
    assert rates["part"].between(0, 1).all()
    assert (rates["reliees"] <= rates["lignes"]).all()


def test_a_cell_one_of_whose_rows_becomes_known_has_not_grown():
    """7 + 3 seats where fewer than 5 on a row mean missing: 7, then 12 on one row, is no rise."""
    rows = [(2021, "a", 7.0), (2021, "a", None), (2022, "a", 12.0), (2021, "b", 15.0),
            (2022, "b", 12.0), (2022, "c", 24.0), (2021, "d", 48.0), (2022, "d", 48.0),
            (2022, "d", 16.0)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["rentree", "uai", "places"])
    table = table.assign(mefstat11="23210025217", voie="scolaire")
    both = [table.assign(source=name) for name in ("affelnet", "parcoursup_bts")]
    p = SimpleNamespace(capacites=SimpleNamespace(table=pd.concat(both)))
    columns = ["communes", "apparues", "hausse", "baisse", "places_avant", "places_apres"]
    repeated, offered = qualite.changements(p)[columns].to_numpy().tolist()
    assert repeated == [3, 1, 0, 1, 15.0, 12.0]  # « d » may be one class under two rows
    assert offered == [3, 1, 1, 1, 63.0, 76.0]


def test_the_page_and_check_say_why_rows_of_files_are_not_read(annee_simulee):
    files = qualite.fichiers(annee_simulee)
    late = sum(n for one in files["raisons"] for _, n in one)
    assert late == files["ecartees"].sum() > 0
    shown = donnees.fichiers(files, annee_simulee.context)
    assert f"Lignes écartées (pas encore publié) : {text.nombre(late)}." in shown.note
    assert "raisons" not in shown.frame
    said = set_aside(annee_simulee.donnees.provenances())
    assert said.startswith("Lignes écartées, et pourquoi : ")
    name = files.loc[files["ecartees"] > 0, "fichier"].iloc[0]
    assert f"{name}, " in said
    assert set_aside([]) == ""


def test_small_counts_never_reach_the_published_tables(annee_simulee):
    systems = proteges.all_systems(annee_simulee)
    assert set(systems) == {"voeux", "entrants", "formes", "devenir"}
    for safe in systems.values():
        for name in safe.table.publication.counts:
            assert not safe.frame[name].dropna().between(1, 4).any()
    safe = systems["devenir"]
    assert safe.frame.loc[safe.frame["sortants"] < 20, "en_emploi_6_mois"].isna().all()
    assert safe.frame.loc[safe.frame["terminale"] < 20, "poursuite"].isna().all()


def test_real_published_tables_pass_their_audit(annee_reelle):
    for safe in proteges.all_systems(annee_reelle).values():
        assert protection.check(safe, protection.thresholds_of(annee_reelle)) > 0
    assert len(proteges.all_systems(annee_reelle)) == 2  # no register, no constat beside places


@pytest.mark.parametrize("name", ["filieres.csv", "secteurs.csv", "reference/industrie.csv"])
def test_what_a_programme_declares_decides_of_a_run_like_its_data(annee_simulee, name):
    assert annee_simulee.donnees.fichiers[name].is_file()
