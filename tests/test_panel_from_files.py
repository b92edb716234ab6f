"""The cell panel from files: counted by hand on small tables, equal to the twin's own panel."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import fpi_eval as fpi
from fpi_eval import twin
from fpi_eval.checks import evaluate, samples
from fpi_eval.checks.study import Study
from fpi_eval.errors import FpiError
from fpi_eval.panel import align
from fpi_eval.panel import from_files as ff

YEARS = range(2021, 2027)
SCOLAIRE = "scolaire"


@pytest.fixture(scope="module")
def drawn():
    return twin.draw(twin.SMALL, 77)


@pytest.fixture(scope="module")
def folder(petit_jumeau_ecrit):
    return petit_jumeau_ecrit(77, YEARS)


@pytest.fixture(scope="module")
def made(folder):
    return ff.cell_panel(fpi.load("fpi_aura", 2026, folder))


@pytest.fixture(scope="module")
def panel(made):
    return made.table


def counts(*rows):
    columns = ["uai", "course", "voie", "rentree", "entrants", "terminale", "places"]
    return pd.DataFrame(rows, columns=columns)


def test_a_missing_course_of_a_listed_school_is_zero_and_an_unlisted_school_is_unknown():
    pupils = counts(
        ("A", "c", SCOLAIRE, 2020, 10.0, 8.0, 12.0),
        ("A", "d", SCOLAIRE, 2021, 5.0, 5.0, 6.0),
        ("A", "c", SCOLAIRE, 2022, 11.0, 9.0, 12.0),
        ("B", "c", SCOLAIRE, 2020, 7.0, 7.0, 9.0),
        ("B", "c", SCOLAIRE, 2022, 7.0, 7.0, 9.0),
    )
    table = ff._lives(pupils, pupils).set_index(["uai", "course", "rentree"])["entrants"]
    assert table["A", "c"].to_dict() == {2020: 10.0, 2021: 0.0, 2022: 11.0}
    assert table["A", "d"].to_dict() == {2021: 5.0}
    assert np.isnan(table["B", "c", 2021])
    assert table["B", "c", 2022] == 7.0


def test_a_course_whose_pupils_are_hidden_is_unknown_and_not_without_pupils():
    pupils = counts(
        ("A", "c", SCOLAIRE, 2020, 10.0, 8.0, 12.0),
        ("A", "c", SCOLAIRE, 2021, np.nan, 0.0, 12.0),
        ("A", "c", SCOLAIRE, 2022, 11.0, 9.0, 12.0),
    )
    table = ff._lives(pupils, pupils).set_index("rentree")
    assert np.isnan(table.loc[2021, "entrants"])
    assert table.loc[2021, "terminale"] == 0


def test_a_hidden_count_of_the_constat_leaves_its_cell_unknown(folder):
    p = fpi.load("fpi_aura", 2026, folder)
    whole = ff._pupils(p, p.donnees.changements_uai)
    at = p.donnees.table("constat").loc[ff.final_year(p).index[-1]]
    readings = p.donnees.lectures["constat"]
    rows = readings[str(at["rentree"])].table
    hidden = (rows["uai"] == at["uai"]) & (rows["mefstat11"] == at["mefstat11"])
    blank = rows.assign(effectif=rows["effectif"].mask(hidden))
    readings[str(at["rentree"])] = replace(readings[str(at["rentree"])], table=blank)
    found = ff._pupils(p, p.donnees.changements_uai)
    assert found[[*ff.KEYS, "rentree"]].equals(whole[[*ff.KEYS, "rentree"]])
    assert found["terminale"].isna().sum() == 1
    assert whole["terminale"].notna().all()


def test_a_year_without_constat_leaves_pupils_unknown():
    known = counts(("A", "c", SCOLAIRE, 2020, 10.0, 8.0, 12.0))
    places = counts(("A", "c", SCOLAIRE, 2021, np.nan, np.nan, 15.0))
    table = ff._lives(pd.concat([known, places]), known).set_index("rentree")
    assert np.isnan(table.loc[2021, "entrants"])
    assert table.loc[2021, "places"] == 15.0


def test_places_and_wishes_of_a_cell_are_unknown_as_soon_as_one_row_is():
    rows = pd.DataFrame({
        "uai": ["A", "A", "B", "B"], "course": "c", "voie": SCOLAIRE, "rentree": 2022,
        "places": [12.0, 12.0, 24.0, np.nan], "voeux_1": [30.0, np.nan, 10.0, 5.0],
    })  # fmt: skip
    p = SimpleNamespace(capacites=SimpleNamespace(table=rows))
    found = ff._places(p).set_index("uai")
    assert found["places"].fillna(-1).to_dict() == {"A": 24, "B": -1}
    assert found["voeux_1"].fillna(-1).to_dict() == {"A": -1, "B": 15}


def test_seats_add_up_over_rentrees_and_unmatched_ones_are_counted():
    rows = [("A", "c", SCOLAIRE, y, 10.0, 8.0, 12.0) for y in range(2020, 2025)]
    rows += [("B", "c", SCOLAIRE, y, 10.0, 8.0, 12.0) for y in (2023, 2024)]
    lives = ff._lives(counts(*rows), counts(*rows))
    words = pd.DataFrame({"uai": ["A", "B"], "course": "c", "voie": SCOLAIRE, "niveau": "n"})
    seats = pd.DataFrame(
        [("A", "c", SCOLAIRE, 2021, 6.0, 0.0), ("A", "c", SCOLAIRE, 2023, 4.0, 0.0),
         ("A", "c", SCOLAIRE, 2024, -3.0, 0.0), ("B", "c", SCOLAIRE, 2023, 12.0, 0.0),
         ("C", "c", SCOLAIRE, 2022, 5.0, 0.0), ("C", "z", "apprentissage", 2022, 7.0, 0.0)],
        columns=["uai", "course", "voie", "rentree", "ouvertes", "ailleurs"],
    )  # fmt: skip
    table, matched = ff._with_seats(lives, seats, False, words)
    by = table.set_index(["uai", "rentree"])
    assert by.loc["A", "seats"].tolist() == [0.0, 6.0, 6.0, 10.0, 7.0]
    assert by.loc["A", "cohort"].tolist() == [2021.0] * 5
    assert not by.loc["A", "nouvelle"].any()
    assert by.loc["B", "nouvelle"].all()
    # A cell is no newer than the files that show its voie and level: what was before is unknown.
    words = words.assign(niveau=words["uai"].map({"A": "n", "B": "m"}), course=words["uai"])
    lives, seats = (rows.assign(course=rows["uai"]) for rows in (lives, seats))
    later, _ = ff._with_seats(lives, seats, False, words)
    assert (later["cohort"] == 2023).any()
    assert not later["nouvelle"].any()
    assert matched == pytest.approx(25 / 30)  # apprentices, whom no file shows, are not counted


def test_pupils_and_seats_are_those_of_the_twin(panel, drawn):
    true = drawn.panel
    true = true[true["rentree"].isin(YEARS) & (true["voie"] == SCOLAIRE)]
    mine = panel[panel["voie"] == SCOLAIRE]
    for name in ("entrants", "terminale"):
        expected = true.groupby(["uai", "rentree"])[name].sum()
        found = mine.groupby(["uai", "rentree"])[name].sum().reindex(expected.index, fill_value=0)
        pd.testing.assert_series_equal(found, expected)
    register = drawn.openings[drawn.openings["voie"] == SCOLAIRE]
    register = register[register["rentree"] <= 2026]
    expected = register.groupby("uai")["places_ouvertes"].sum()
    found = mine[mine["rentree"] == 2026].groupby("uai")["seats"].sum()
    assert found[found != 0].to_dict() == expected[expected != 0].to_dict()


def test_courses_keep_the_length_and_level_of_the_twin(panel, drawn):
    cells = drawn.panel[drawn.panel["voie"] == SCOLAIRE]
    shape = ["uai", "duree", "niveau"]
    alive = cells[cells["rentree"].isin(YEARS)].groupby("cell")[["places", "terminale"]].sum()
    cells = cells[cells["cell"].isin(alive.index[alive.sum(axis=1) > 0])].drop_duplicates("cell")
    mine = panel[panel["voie"] == SCOLAIRE].drop_duplicates("cell")
    pd.testing.assert_series_equal(mine.groupby(shape).size(), cells.groupby(shape).size())


def test_a_cell_has_the_filiere_of_the_diploma_that_has_its_places(folder):
    year = fpi.load("fpi_aura", 2026, folder)
    seen = year.capacites.table
    counted = seen.head(1).assign(entrants=1.0, terminale=1.0)
    renewed = counted.assign(rentree=2030, filiere="renouvelee")  # a diploma of another NSF group
    known = {n: getattr(year, n) for n in ("donnees", "identity", "filieres")}
    own, none = counted["filiere"].item(), year.registre.head(0)
    opened = year.registre.head(1).assign(mefstat11=None, cfd=counted["course"].to_numpy())
    for table, register, told in (
        (seen, none, own), (renewed, none, "renouvelee"), (renewed, opened, own),
    ):  # fmt: skip
        p = SimpleNamespace(**known, capacites=SimpleNamespace(table=table), registre=register)
        assert ff._words(p, counted)["filiere"].tolist() == [told]


def test_one_row_per_cell_and_rentree_and_unknown_outcomes_stay_unknown(panel, made):
    assert not panel.duplicated(["cell", "rentree"]).any()
    assert panel[["cell", "rentree"]].equals(
        panel[["cell", "rentree"]].sort_values(["cell", "rentree"], ignore_index=True)
    )
    assert list(panel.columns) == [*ff.COLUMNS, *ff.SEXES, "tension"]
    assert panel[ff.UNKNOWN].isna().all().all()
    assert made.matched == pytest.approx(1.0)
    assert not made.seats_derived


def test_a_declared_merger_keeps_one_establishment(folder, panel):
    merged = pd.read_csv(folder / "nomenclatures" / "uai_changements.csv", sep=";", dtype=str)
    written = (folder / "orion" / "constat_2021.csv").read_text(encoding="utf-8-sig")
    assert all(uai in written for uai in merged["ancien_uai"])
    assert len(merged)
    assert not panel["uai"].isin(merged["ancien_uai"]).any()
    assert panel["uai"].isin(merged["nouvel_uai"]).any()


def test_the_panel_feeds_estimators_and_the_interval_is_around_the_truth(panel, drawn):
    found = evaluate(panel, "entrants", draws=0)
    gross = found.estimates[0]
    frame = align(panel, "entrants")
    assert frame["dose"].max() > 0
    # A single small draw: the truth is the twin's over all years and both voies, hence 4 errors.
    assert abs(gross.estimate - drawn.truth.per_seat("entrants")["theta"]) < 4 * gross.std_error
    with pytest.raises(FpiError):
        evaluate(panel, "diplomes")


def test_cells_of_unknown_length_leave_before_seats_are_matched_and_are_counted(
    folder, made, monkeypatch
):
    opened = made.table.loc[made.table["seats"] > 0, "course"].iloc[0]
    words = ff._words

    def shorter(*given):
        found = words(*given)
        return found.assign(duree=found["duree"].mask(found["course"] == opened))

    monkeypatch.setattr(ff, "_words", shorter)
    found = ff.cell_panel(fpi.load("fpi_aura", 2026, folder))
    gone = made.table.loc[made.table["course"] == opened, "cell"].nunique()
    assert found.unplaced == gone > 0
    assert found.matched < 1
    assert not (found.table["course"] == opened).any()
    assert "sans durée ou sans région connue" in repr(found)
    study = Study(found, "entrants")
    assert "sans durée ou sans région connue" in samples.fichiers(study)[0].phrase


def test_without_a_register_seats_are_the_increases_seen_and_are_flagged(folder, tmp_path):
    for source in folder.iterdir():
        if source.name != "ouvertures.csv":
            (tmp_path / source.name).symlink_to(source)
    p = fpi.load("fpi_aura", 2026, tmp_path)
    made = ff.cell_panel(p)
    found = made.table
    assert made.seats_derived
    assert np.isnan(made.matched)
    here = found["code_region"] == "84"
    targeted = found["filiere"] != "autre"
    assert (found.loc[~(here & targeted), "seats"] == 0).all()
    assert found.loc[here & targeted, "seats"].max() > 0
    assert found.loc[~here, "autres_places"].max() > 0


def test_real_files_give_pupils_of_one_rentree_and_say_so(donnees_reelles, annee_reelle):
    made = annee_reelle.panel
    found = made.table
    known = found.loc[found["entrants"].notna(), "rentree"]
    assert set(known) == {2020}
    constat = pd.read_csv(donnees_reelles / "orion" / "constat_2020.csv", sep=";")
    assert found["terminale"].sum() < constat.iloc[:, -1].sum()
    assert made.seats_derived
