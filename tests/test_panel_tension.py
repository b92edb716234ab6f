"""Tension of the occupations that courses lead to: by hand, declared, on the simulated files."""

import csv
import re
import shutil

import numpy as np
import pandas as pd
import pytest

import fpi_eval as fpi
from fpi_eval import twin
from fpi_eval.errors import FpiError
from fpi_eval.impact.groups.declared import DIMENSIONS, MISSING
from fpi_eval.panel.admissions import SEXES
from fpi_eval.panel.from_files import COLUMNS, cell_panel
from fpi_eval.panel.tension import LESS, MORE, Tension, read_metiers, tension_of, with_tension
from fpi_eval.sources.dares import read_tensions
from fpi_eval.twin.files.tensions import write_tensions

FILES = ("programme.toml", "filieres.csv", "secteurs.csv", "metiers.csv")


@pytest.fixture(scope="module")
def programme():
    return fpi.load_programme("fpi_aura")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("jumeau")
    twin.write_files(twin.draw(twin.SMALL, 77), made, years=range(2024, 2026))
    return made


def metiers(*rows):
    return pd.DataFrame(rows, columns=["filiere", "groupe_nsf", "fap"])


def tensions(*rows):
    columns = ["niveau_geo", "code_region", "fap", "tension", "emploi_moyen"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(niveau_fap="fap 225", annee=2019)


DARES = tensions(
    ("nat", None, "D1Z41", 9.0, 1.0),
    ("reg", "84", "D1Z41", 2.0, 100.0),
    ("reg", "84", "D2Z42", 1.0, 300.0),
    ("reg", "84", "M1Z80", 0.5, 100.0),
    ("reg", "84", "E1Z43", np.nan, 500.0),
    ("reg", "11", "D2Z42", 8.0, 300.0),
)
MAP = metiers(
    ("r", "250", "D1Z41"), ("r", "250", "D2Z42"), ("r", "251", "D1Z41"), ("n", "326", "M1Z80"),
    ("r", "224", "E1Z43"),
)  # fmt: skip


def test_a_group_has_the_index_of_its_families_weighted_by_jobs_in_the_region():
    found = tension_of(MAP, DARES, ("84",)).table.set_index(["filiere", "groupe_nsf"])
    # (2 × 100 + 1 × 300) / 400
    assert found.loc[("r", "250"), "tension"] == pytest.approx(1.25)
    assert found.loc[("r", "251"), "tension"] == pytest.approx(2.0)
    assert found.loc[("r", "250"), "emplois"] == 400
    assert np.isnan(found.loc[("r", "224"), "tension"])


def test_the_threshold_is_the_index_of_all_declared_families_each_counted_once():
    found = tension_of(MAP, DARES, ("84",))
    # (2 × 100 + 1 × 300 + 0.5 × 100) / 500: D1Z41, in two groups, counts once.
    assert found.seuil == pytest.approx(1.1)
    assert found.annee == 2019
    words = found.table.set_index("groupe_nsf")["mot"]
    assert words.dropna().to_dict() == {"250": MORE, "251": MORE, "326": LESS}
    assert pd.isna(words["224"])


def test_a_family_without_an_index_here_leaves_the_others_of_its_group():
    more = pd.concat([MAP, metiers(("r", "251", "E1Z43"))], ignore_index=True)
    found = tension_of(more, DARES, ("84",)).table.set_index("groupe_nsf")
    assert found.loc["251", "tension"] == pytest.approx(2.0)
    assert found.loc["251", "emplois"] == 100


def test_the_last_year_of_the_file_is_used():
    old = DARES.assign(annee=2018, tension=-5.0)
    found = tension_of(MAP, pd.concat([old, DARES], ignore_index=True), ("84",))
    assert (found.annee, found.seuil) == (2019, pytest.approx(1.1))


def test_a_family_that_the_file_does_not_have_is_refused_by_its_code():
    wrong = pd.concat([MAP, metiers(("r", "251", "Z9Z99"))], ignore_index=True)
    with pytest.raises(FpiError, match=r"absente du fichier de la Dares.*: Z9Z99\.") as error:
        tension_of(wrong, DARES, ("84",))
    place = error.value
    assert (place.fichier, place.colonne) == ("metiers.csv", "fap")


def test_a_cell_takes_the_word_of_its_filiere_and_group_in_every_region():
    panel = pd.DataFrame({
        "cell": [1, 2, 3, 4], "filiere": ["r", "n", "autre", "r"],
        "famille": ["250", "326", "250", "224"], "code_region": ["84", "11", "84", "84"],
    })  # fmt: skip
    found = with_tension(panel, tension_of(MAP, DARES, ("84",)))
    assert list(found.columns) == [*panel.columns, "tension"]
    assert found["tension"].tolist()[:2] == [MORE, LESS]
    said = DIMENSIONS["tension"].groups(found)
    assert said.to_dict() == {1: MORE, 2: LESS, 3: MISSING, 4: MISSING}
    assert with_tension(panel, None) is panel


def test_the_note_says_where_the_link_comes_from_and_that_less_is_not_none():
    table = pd.DataFrame({"tension": [1.2, 0.4, -0.5, np.nan]})
    said = Tension(table, 0.7, 2019).note()
    assert "carte déclarée groupe NSF → famille professionnelle (metiers.csv), Dares 2019 ;" in said
    assert "2 groupes sur 3 dépassent 0" in said
    assert "Dares 2019 (valeurs simulées)" in Tension(table, 0.7, 2019).note(simulees=True)


def test_every_group_of_a_declared_filiere_leads_to_an_occupation_with_a_reason(programme):
    filieres = pd.read_csv(programme.dossier / "filieres.csv", sep=";", dtype="str")
    table = read_metiers(programme, filieres["code"])
    assert table["motif"].str.len().min() > 6
    targeted = filieres[filieres["filiere"] != "autre"]
    group = targeted["code"].where(targeted["code"].str.len() == 3, targeted["code"].str[3:6])
    wanted = set(zip(targeted["filiere"], group, strict=True))
    assert wanted <= set(zip(table["filiere"], table["groupe_nsf"], strict=True))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "numerique;326;M1Z80",
            "numerik;326;M1Z80",
            "« numerik », attendu une filière .*reindustr",
        ),
        ("numerique;326;M1Z80", "numerique;999;M1Z80", "« 999 », .*dans filieres.csv"),
        ("numerique;326;M1Z80", "numerique;326;M1Z8", "cinq caractères"),
        ("numerique;326;M1Z80", "numerique;326;M1Z81", "clé en double .numerique × 326 × M1Z81"),
        (
            "BTS de services informatiques, option réseaux",
            " ",
            "une cellule vide, attendu pourquoi ce groupe",
        ),
        ("fap;", "metier;", "colonne absente"),
    ],
)
def test_a_wrong_row_of_the_map_is_refused_with_its_place(tmp_path, programme, old, new, message):
    for name in FILES:
        shutil.copy(programme.dossier / name, tmp_path / name)
    path = tmp_path / "metiers.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    codes = pd.read_csv(tmp_path / "filieres.csv", sep=";", dtype="str")["code"]
    with pytest.raises(FpiError, match=message) as error:
        read_metiers(fpi.load_programme(tmp_path), codes)
    assert error.value.fichier == "metiers.csv"
    assert error.value.ligne
    assert error.value.colonne
    assert re.search("trouvé|déjà présente", str(error.value), re.IGNORECASE)


def test_a_missing_map_says_what_it_is_for(tmp_path, programme):
    for name in FILES[:-1]:
        shutil.copy(programme.dossier / name, tmp_path / name)
    with pytest.raises(FpiError, match="familles professionnelles"):
        read_metiers(fpi.load_programme(tmp_path), [])


def test_the_panel_has_tension_last_and_both_groups_in_the_programme(folder, programme):
    made = cell_panel(fpi.load(programme, 2025, folder))
    found = made.table
    assert list(found.columns) == [*COLUMNS, *SEXES, "tension"]
    assert made.matched == pytest.approx(1.0)
    opened = found[(found["seats"] > 0) & (found["filiere"] != "autre")]
    assert set(opened["tension"]) == {MORE, LESS}
    assert found.loc[found["filiere"] == "autre", "tension"].isna().all()


def test_without_the_file_or_the_map_there_is_no_column_and_the_reason_names_both(
    folder, programme, tmp_path
):
    bare, undeclared = tmp_path / "donnees", tmp_path / "programme"
    shutil.copytree(folder, bare, ignore=shutil.ignore_patterns("dares"))
    undeclared.mkdir()
    for name in FILES[:-1]:
        shutil.copy(programme.dossier / name, undeclared / name)
    no_file = fpi.load(programme, 2025, bare)
    no_map = fpi.load(undeclared, 2025, folder)
    assert "tensions" in no_file.donnees.absentes
    for p in (no_file, no_map):
        panel = cell_panel(p).table
        assert list(panel.columns) == [*COLUMNS, *SEXES]
        with pytest.raises(FpiError, match=r"Dares \(\[sources.tensions\].*\(metiers\.csv"):
            DIMENSIONS["tension"].groups(panel)


def test_simulated_tensions_are_those_of_their_seed_and_of_nothing_else(folder, tmp_path):
    written = folder / "dares" / "tensions.csv"
    again = write_tensions(77, tmp_path / "a")
    other = write_tensions(78, tmp_path / "b")
    assert again.read_bytes() == written.read_bytes() != other.read_bytes()
    table = read_tensions(written).table
    assert table.groupby(["niveau_geo", "niveau_fap"]).size().to_dict() == {
        ("nat", "fap 225"): 186, ("nat", "fap 87"): 77,
        ("reg", "fap 225"): 186 * 13, ("reg", "fap 87"): 77 * 13,
    }  # fmt: skip
    # A reader of real files refuses 5.7e-05.
    assert not re.search(rb"\de-\d", written.read_bytes() + other.read_bytes())
    few = table["emploi_moyen"] < 200
    assert few.any()
    assert (table["categorie_tension"].isna() == few).all()


def test_simulated_wide_levels_are_the_sums_of_the_fine_ones(folder):
    table = read_tensions(folder / "dares" / "tensions.csv").table
    here = table[table["code_region"] == "84"].assign(wide=lambda t: t["fap"].str[:3])
    fine = here[here["niveau_fap"] == "fap 225"].groupby("wide")["emploi_moyen"].sum()
    wide = here[here["niveau_fap"] == "fap 87"].set_index("fap")["emploi_moyen"]
    assert fine.to_dict() == wide.to_dict()


def test_the_simulated_file_has_the_families_of_the_real_one(folder, donnees_reelles):
    keys = ["niveau_fap", "fap"]
    real = read_tensions(donnees_reelles / "dares" / "tensions.csv").table[keys]
    mine = read_tensions(folder / "dares" / "tensions.csv").table[keys]
    assert set(map(tuple, mine.to_numpy())) == set(map(tuple, real.to_numpy()))


def test_glass_and_materials_have_in_the_region_the_index_read_in_the_raw_file(
    annee_reelle, donnees_reelles
):
    with (donnees_reelles / "dares" / "tensions.csv").open(encoding="utf-8", newline="") as file:
        here = {row["fap"]: row for row in csv.DictReader(file) if row["reg"] == "84.0"}
    jobs = {fap: float(here[fap]["Emploi moyen"]) for fap in ("E1Z43", "D4Z41")}
    index = {fap: float(here[fap]["Tension "]) for fap in jobs}
    p = annee_reelle
    group = p.tension.table.set_index(["filiere", "groupe_nsf"]).loc[("reindustrialisation", "224")]
    assert jobs == {"E1Z43": 8100, "D4Z41": 2500}
    assert group["tension"] == pytest.approx(sum(jobs[f] * index[f] for f in jobs) / 10_600)
    assert group["mot"] == LESS
    panel = p.cells
    targeted = panel[panel["filiere"] != "autre"]
    assert targeted["tension"].notna().all()
    glass = targeted[targeted["famille"] == "224"]
    assert (len(glass) > 0, set(glass["tension"])) == (True, {LESS})
    # Dares' class 5 begins at 0.51: its own scale would leave a single group to compare.
    above = (p.tension.table["tension"] > 0.51).sum()
    assert (above, len(p.tension.table)) == (23, 25)
