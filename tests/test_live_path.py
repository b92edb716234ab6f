"""The live path, end to end: a portal on loopback, `fetch`, `check`, and what the run makes of it.

Every source that `programme.toml` downloads is served under the portal's short names, by small
invented files on the simulated folder's own establishments and courses.
"""

import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest
from loopback import serving
from portal_files import put, served

import fpi_eval as fpi
from fpi_eval.cli import main
from fpi_eval.panel import examens
from fpi_eval.panel.simulated_folder import simulated_folder
from fpi_eval.programme import load_programme
from fpi_eval.report.published.book import tableaux
from fpi_eval.sources.resultats_cap import read_resultats_cap

ROOT = Path(__file__).parents[1]
RENTREE = 2024


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The simulated folder without the files that the portals bring."""
    programme = load_programme(ROOT / "data" / "fpi_aura")
    here = tmp_path_factory.mktemp("direct") / "donnees"
    shutil.copytree(simulated_folder(programme, RENTREE), here)
    put(here, programme, RENTREE, ["inserjeunes_agricole"])  # no portal: put there by hand
    for name in ("inserjeunes_formation_fine", "parcoursup_portail", "resultats_bac"):
        path = here / programme.sources[name].fichier.format(rentree=RENTREE)
        path.unlink(missing_ok=True)
    (here / f"orion/constat_{RENTREE}.csv").unlink()
    return here


@pytest.fixture(scope="module")
def portal(folder):
    """A portal on loopback that serves each data set under its identifier."""
    bodies = served(folder, RENTREE)
    for path in [p for p in folder.rglob("*.csv") if p.stem in bodies]:
        path.unlink()  # a simulated file, which the portal brings

    def export(path: str) -> bytes:
        name, csv, _ = unquote(path).partition("/datasets/")[2].partition("/exports/csv")
        return bodies.get(name, "").encode() if csv else b""

    with serving(export) as address:
        yield address


@pytest.fixture(scope="module")
def programme(tmp_path_factory, portal):
    """The programme with its three portals on loopback."""
    home = tmp_path_factory.mktemp("projet") / "data" / "essai"
    shutil.copytree(ROOT / "data" / "fpi_aura", home)
    path = home / "programme.toml"
    words = path.read_text(encoding="utf-8")
    for host in ("data.education.gouv.fr", "data.enseignementsup-recherche.gouv.fr",
                 "open.urssaf.fr"):  # fmt: skip
        words = words.replace(f"https://{host}", portal)
    path.write_text(words, encoding="utf-8")
    return home


def test_what_fetch_brings_check_accepts_and_the_run_uses(folder, programme, capsys):
    where = ["--donnees", str(folder), "--programme", str(programme)]
    main(["fetch", str(RENTREE), *where])
    brought = capsys.readouterr().out
    known = load_programme(programme)
    asked = [name for name, source in known.sources.items() if source.telechargement]
    assert brought.count("nouveau") + brought.count("remplacé") >= len(asked) - 1  # Urssaf: same
    main(["check", str(RENTREE), *where])
    assert "Entrées valides" in capsys.readouterr().out
    year = fpi.load(known, RENTREE, folder)
    for name in asked:
        assert name not in year.donnees.absentes, name
    assert RENTREE in set(year.donnees.table("constat")["rentree"])
    assert year.cells.loc[year.cells["rentree"] == RENTREE, "entrants"].notna().any()
    sheets = {sheet.name: sheet.frame for sheet in tableaux(year)}
    assert sheets["diplomes"][["presents", "diplomes"]].to_numpy().tolist() == [[110, 95], [80, 60]]
    assert sheets["reussite_lycees"]["presents"].tolist() == [200]
    medians = sheets["emploi_cfa"].set_index("millesime")["emploi_median"]
    assert medians["2022-2023"] == 0.64  # the portal goes before the yearly file
    fine = sheets["emploi_formations"].set_index("public")
    counted = fine.loc["Apprentis, par CFA", ["formations", "emploi_median"]].tolist()
    assert counted == pytest.approx([2, 0.67])
    assert "Élèves des lycées agricoles" in fine.index
    bac = year.exams[year.exams["maille"] == examens.DEPARTEMENT_MESH].iloc[0]
    assert bac[["territoire", "presents", "diplomes"]].tolist() == ["069", 400, 325]
    higher = sheets["insersup"].iloc[0]  # SIES: salaried in France over leavers who graduated
    assert higher[["diplomes_sortants", "en_emploi"]].tolist() == [120, 70]
    assert higher["taux_emploi"] == pytest.approx(70 / 120)
    assert sheets["apprentissage_parcoursup"]["places"].tolist() == [12]
    graduates = examens.diplomes_par_specialite(year)
    assert set(graduates["diplome"]) == {"CAP", "Bac pro"}
    assert set(graduates["territoire"]) == {"069", "10"}
    lycee = examens.diplomes_par_lycee(year).iloc[0]
    assert (lycee["admis_bas"], lycee["admis_haut"]) == (pytest.approx(169), pytest.approx(171))


def test_cap_results_are_read_under_labels_too(tmp_path):
    path = tmp_path / "fr-en-cap_specialite_sexe_statut_departement.csv"
    path.write_text(
        "Session;Code département;Genre;Statut;Spécialité;Nombre de présents à l'examen;"
        "Nombre d'admis à l'examen\n2024;620;Féminin;SCOLAIRE;50025412 CHAUDRONNERIE;12;9\n",
        encoding="utf-8",
    )  # fmt: skip
    row = read_resultats_cap(path).table.iloc[0]
    assert (row["code_departement"], row["code"], row["rentree"]) == ("02A", "25412", 2023)
    assert (row["sexe"], row["admis"]) == ("filles", 9)
