"""Declared sectors and Urssaf jobs of a run: refusals, and sums on the simulated files."""

import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import fpi_eval as fpi
from fpi_eval.calendar import durees
from fpi_eval.errors import FpiError
from fpi_eval.panel import emplois
from fpi_eval.panel.run_files import files_of
from fpi_eval.panel.secteurs import (
    emplois_alimentes,
    emplois_filieres,
    latest,
    oddities_of_jobs,
    read_secteurs,
    urssaf_files,
    zones,
)
from fpi_eval.programme import Source, load_programme
from fpi_eval.sources.naf import read_naf


@pytest.fixture(scope="module")
def programme():
    return fpi.load_programme("fpi_aura")


@pytest.fixture(scope="module")
def simulated(programme):
    return fpi.load(programme, "2026-2027")


def test_every_declared_sector_has_a_reason_and_says_whether_it_is_industry(programme):
    table = read_secteurs(programme)
    assert set(table["filiere"]) == {"reindustrialisation", "numerique", "energie_decarbonee"}
    assert table["motif"].str.len().min() > 10
    industry = table.set_index("na38")["industrie"]
    assert industry["CH"]
    assert industry["DZ"]
    assert not industry["JC"]


def test_declared_divisions_are_those_of_the_sector_in_the_naf(programme, donnees_reelles):
    naf = read_naf(donnees_reelles / "nomenclatures" / "naf2008" / "table_NAF2-NA.csv").table
    known = naf.groupby("a38")["a88"].agg(lambda v: " ".join(sorted(set(v))))
    table = read_secteurs(programme).set_index("na38")
    assert table["na88"].to_dict() == known[table.index].to_dict()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("numerique;CI", "numerik;CI", "trouvé « numerik », attendu une filière du programme"),
        ("numerique;CI", "numerique;XX", "trouvé « XX », attendu un secteur de la NAF 38"),
        ("numerique;CI;26", "numerique;CI;2601", r"trouvé « 2601 », .*NAF 88"),
        ("numerique;JB", "numerique;CI", "clé en double .numerique × CI"),
        ("na38;", "secteur;", "colonne absente"),
    ],
)
def test_a_wrong_row_of_the_map_is_refused_with_its_place(tmp_path, old, new, message):
    source = fpi.load_programme("fpi_aura").dossier
    for name in ("programme.toml", "filieres.csv", "secteurs.csv"):
        shutil.copy(source / name, tmp_path / name)
    path = tmp_path / "secteurs.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FpiError, match=message) as error:
        read_secteurs(fpi.load_programme(tmp_path))
    assert error.value.fichier == "secteurs.csv"
    assert error.value.ligne


def test_jobs_add_up_over_the_sectors_a_filiere_feeds():
    jobs = pd.DataFrame({
        "secteur": ["CI", "CJ", "FZ", "CI"], "annee": [2020, 2020, 2020, 2021],
        "code_zone": "Z", "emplois": [10.0, 5, 99, 12], "etablissements": [1.0, 1, 9, 1],
        "masquees": [0, 1, 0, 0],
    })  # fmt: skip
    secteurs = pd.DataFrame({"filiere": ["n", "n", "e"], "na38": ["CI", "CJ", "CJ"],
                             "industrie": True})  # fmt: skip
    found = emplois_filieres(jobs, secteurs, ["code_zone"]).set_index(["filiere", "annee"])
    assert found["emplois"].to_dict() == {("n", 2020): 15, ("e", 2020): 5, ("n", 2021): 12}
    hidden = jobs.assign(emplois=jobs["emplois"].where(jobs["secteur"] != "CJ"))
    found = emplois_filieres(hidden, secteurs, ["code_zone"]).set_index(["filiere", "annee"])
    assert found["emplois"].dropna().to_dict() == {("n", 2020): 10, ("n", 2021): 12}
    assert found["emplois"].isna().sum() == 1  # no part of them is given: not zero
    every = emplois_alimentes(jobs, secteurs, ["code_zone"])  # CJ feeds two filières
    assert every.set_index("annee")["emplois"].to_dict() == {2020: 15, 2021: 12}


def test_a_sector_that_feeds_two_filieres_counts_once_in_the_total_of_each_place():
    jobs = pd.DataFrame({
        "secteur": ["CI", "CJ", "CJ"], "annee": 2020, "code_zone": ["Z", "Z", "Y"],
        "code_departement": "001", "code_region": ["84", "84", "84"], "emplois": [10.0, 5, 2],
        "etablissements": 1.0, "masquees": 0,
    })  # fmt: skip
    fed = pd.DataFrame({"filiere": ["n", "n", "e"], "na38": ["CI", "CJ", "CJ"],
                        "industrie": True})  # fmt: skip
    place = SimpleNamespace(ici=lambda code: code == "84", noms_departements={"001": "Ain"})
    year = SimpleNamespace(
        emplois=jobs, secteurs=fed,
        donnees=SimpleNamespace(programme=SimpleNamespace(territoire=place)),
    )  # fmt: skip
    [row] = emplois.par_departement(year).to_dict("records")
    assert (row["n"], row["e"], row["Total"]) == (17, 7, 17)
    table = emplois.par_filiere(year)  # one year alone: no change is known
    assert table["filiere"].tolist() == ["e", "n", "Total"]
    assert table["emplois"].tolist() == [7, 17, 17]
    assert table[["emplois_avant", "evolution"]].isna().all(axis=None)


@pytest.mark.parametrize(("kept", "lost", "told", "summed"), [
    (["CI", "CJ", "DZ", "JC"], "", {"n": 90, "e": 12}, 102),
    (["CI", "CJ", "DZ"], "JC", {"e": 12}, 12),
    (["CI", "CJ"], "DZ et JC", {}, 0),  # manufacturing alone: DZ is industry too
    (["CJ", "DZ", "JC"], "", {"n": 80, "e": 12}, 92),  # no job of CI in that region
])  # fmt: skip
def test_jobs_of_a_part_of_the_economy_are_not_those_of_a_filiere_that_feeds_another(
    kept, lost, told, summed
):
    jobs = pd.DataFrame({
        "secteur": ["CI", "CJ", "DZ", "JC"], "annee": 2020, "code_zone": "Z",
        "emplois": [10.0, 5, 7, 80], "etablissements": 1.0, "masquees": 0,
    })  # fmt: skip
    secteurs = pd.DataFrame({"filiere": ["n", "n", "e", "e"], "na38": ["CI", "JC", "CJ", "DZ"],
                             "industrie": [True, False, True, True]})  # fmt: skip
    jobs = jobs[jobs["secteur"].isin(kept)]
    said = oddities_of_jobs(jobs, secteurs)
    assert [f"sans {lost} que secteurs.csv nomme" in one for one in said] == [True] * bool(lost)
    found = emplois_filieres(jobs, secteurs, ["code_zone"])
    assert found.set_index("filiere")["emplois"].to_dict() == told
    assert emplois_alimentes(jobs, secteurs, ["code_zone"])["emplois"].sum() == summed


def test_jobs_of_a_single_year_have_no_change(programme):
    region = programme.territoire.code_region
    jobs = pd.DataFrame({
        "secteur": ["CI"], "annee": [2023], "code_region": [region], "emplois": [12.0],
        "etablissements": [1.0], "masquees": [0],
    })  # fmt: skip
    fed = pd.DataFrame({"filiere": ["n"], "na38": ["CI"], "industrie": [True]})
    files = SimpleNamespace(programme=programme)
    year = SimpleNamespace(emplois=jobs, secteurs=fed, donnees=files)
    found = emplois.par_filiere(year).iloc[0]
    assert found["emplois"] == 12
    assert np.isnan(found["evolution"])
    nobody = jobs.assign(annee=2022, emplois=0.0)  # nor have those of nobody the year before
    year.emplois = pd.concat([jobs, nobody], ignore_index=True)
    assert np.isnan(emplois.par_filiere(year).iloc[0]["evolution"])


def test_the_simulated_folder_has_jobs_already_published_and_seats_in_zones(simulated):
    assert simulated.emplois["annee"].max() == 2025
    seats = emplois.places_par_zone(simulated)
    opened = simulated.registre
    opened = opened[(opened["projet"] == "FPI") & (opened["places_ouvertes"] > 0)]
    assert emplois.sans_zone(simulated) == 0
    assert seats["places"].sum() == opened["places_ouvertes"].sum()
    out = emplois.places_par_zone(simulated, left_by=2026)
    of = simulated.donnees
    first = opened["rentree"] + durees(opened, of.nomenclatures.mef, of.familles)
    classes = (2027 - first).clip(lower=0)
    assert out["places"].sum() == (opened["places_ouvertes"] * classes).sum() > 0
    zones = emplois.par_zone(simulated)
    assert zones["places"].sum() == seats["places"].sum()
    by_dep = emplois.par_departement(simulated)
    assert by_dep["Total"].sum() == zones["emplois"].sum()
    by_filiere = by_dep.drop(columns=["departement", "annee", "Total"])
    assert by_filiere.sum(axis=1).tolist() == by_dep["Total"].tolist()  # no sector feeds two
    assert by_dep["departement"].notna().all()


def test_a_folder_without_urssaf_says_so_and_has_no_jobs(simulated, programme, tmp_path):
    folder = tmp_path / "donnees"
    shutil.copytree(simulated.donnees.dossier, folder)
    shutil.rmtree(folder / "urssaf")
    p = fpi.load(programme, 2026, folder)
    assert "urssaf" in p.donnees.absentes
    assert p.emplois.empty
    assert urssaf_files(programme, folder) == {}
    assert emplois.places_par_zone(p).empty


def test_a_file_declared_under_another_name_is_the_one_read(programme, tmp_path):
    declared = Source(fichier="autre/naf_2025.csv")
    renamed = programme.model_copy(update={"sources": programme.sources | {"naf": declared}})
    assert latest(renamed, tmp_path, ["naf"]) == {"naf": tmp_path / "autre/naf_2025.csv"}


def test_columns_renamed_by_the_programme_are_those_read(programme, tmp_path):
    files = {name: tmp_path / f"{name}.csv" for name in ("communes", "zones_emploi")}
    files["communes"].write_text("TYPECOM,COM,REG,DEP,LIBELLE,COMPARENT\nCOM,01004,84,01,Bourg,")
    files["zones_emploi"].write_text("CODGEO,LIBGEO,DEP,REG,ZE2030\n01004,Bourg,01,84,0055")
    declared = Source(fichier="zones_emploi.csv", colonnes={"code_zone": "ZE2030"})
    own = {"sources": programme.sources | {"zones_emploi": declared}}
    where = zones(programme.model_copy(update=own), files)
    assert where["code_zone"].tolist() == ["0055"]


def test_names_of_zones_decide_of_a_run_that_shows_them(programme, tmp_path):
    names = tmp_path / "geographie" / "libelles_supracom_2023.csv"
    paths = latest(programme, tmp_path, ("urssaf", "communes", "naf"))
    for path in (names, *paths.values()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    zones = tmp_path / "geographie" / "table_supracom_2023.csv"
    assert names not in files_of(programme, 2026, tmp_path).values()
    zones.write_text("")
    assert names in files_of(programme, 2026, tmp_path).values()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("St-Étienne", "saint etienne"),
        ("SAINT ETIENNE", "saint etienne"),
        ("L’Isle", "l isle"),
        ("Vandœuvre-lès-Nancy", "vandoeuvre les nancy"),
    ],
)
def test_communes_are_matched_whatever_their_spelling(written, expected):
    assert emplois.commune(written) == expected


def _own(tmp_path, text):
    shutil.copytree(fpi.load_programme("fpi_aura").dossier, tmp_path / "p")
    path = tmp_path / "p" / "reference.csv"
    path.write_text(text(path.read_text(encoding="utf-8")), encoding="cp1252")
    return emplois.reference(load_programme(tmp_path / "p"))


def test_reference_figures_are_read_as_a_spreadsheet_writes_them(tmp_path):
    table = _own(tmp_path, lambda text: text.replace("508800", " 508 800,5 "))
    assert table.loc["emploi_industriel", "valeur"] == 508_800.5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("508800", "beaucoup", "trouvé « beaucoup », attendu un nombre"),
        (";84;", ";11;", r"trouvé « 11 », attendu la région du programme, 84 \("),
        ("emploi_industriel;", ";", "une cellule vide, attendu une valeur"),
    ],
)
def test_a_wrong_reference_figure_is_refused_with_its_line(tmp_path, old, new, message):
    with pytest.raises(FpiError, match=message) as error:
        _own(tmp_path, lambda text: text.replace("\n", "\n\n", 1).replace(old, new, 1))
    assert (error.value.fichier, error.value.ligne) == ("reference.csv", 3)


def test_reference_figures_all_carry_a_source_and_a_nature():
    table = emplois.reference(load_programme("fpi_aura"))
    assert table["source"].str.len().min() > 5
    assert set(table["nature"]) == {"publié", "hypothèse"}
    assert np.isclose(table.loc["emploi_industriel", "valeur"], 508_800)


def test_an_opening_in_a_commune_that_has_merged_is_in_the_zone_of_today(
    simulated, programme, tmp_path, monkeypatch
):
    folder = tmp_path / "donnees"
    shutil.copytree(simulated.donnees.dossier, folder)
    register = emplois.du_programme(simulated)
    today = register["commune"].iloc[0]
    [path] = folder.glob("geographie/communes*.csv")
    communes = pd.read_csv(path, dtype=str, keep_default_na=False)
    here = communes[communes["LIBELLE"] == today].iloc[0]
    old = here.to_dict() | {"TYPECOM": "COMD", "COM": "99999", "LIBELLE": "Ancienne-Commune",
                            "DEP": "", "REG": "", "COMPARENT": here["COM"]}  # fmt: skip
    pd.concat([communes, pd.DataFrame([old])]).to_csv(path, index=False)
    named = register.assign(commune=register["commune"].replace(today, "Ancienne-Commune"))
    monkeypatch.setattr(emplois, "du_programme", lambda _: named)
    p = fpi.load(programme, 2026, folder)
    assert emplois.sans_zone(p) == 0
    pd.testing.assert_frame_equal(emplois.places_par_zone(p), emplois.places_par_zone(simulated))
