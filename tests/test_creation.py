"""A new programme from nothing: searched, asked, written whole or not at all, read again."""

import io
import shutil
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from rich.console import Console

from fpi_eval.cli import main
from fpi_eval.creation import catalogue_of, remaining, write_programme
from fpi_eval.creation.answers import (
    Answers,
    filiere_code,
    folder_name,
    parse_filiere,
    parse_target,
)
from fpi_eval.creation.ask import Questions, pupils
from fpi_eval.creation.new_programme import _openings
from fpi_eval.creation.search import Catalogue
from fpi_eval.errors import FpiError
from fpi_eval.panel.year import load
from fpi_eval.programme import load_programme

ROOT = Path(__file__).parents[1]
CATALOGUE = catalogue_of()
GOOD = ["Rail du Nord", "--region", "Hauts-de-France", "--debut", "2023", "--fin", "2025",
        "--filiere", "Électricité=255", "--filiere", "réseaux", "--cible", "secondaire=500",
        "--cible", "ensemble=1 500@2030", "--cout", "5000000"]  # fmt: skip


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    return tmp_path


def fails(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(["programme", *arguments])
    assert stop.value.code == 2
    return " ".join(capsys.readouterr().err.split())


def test_a_programme_is_written_and_can_be_read_again(project, capsys):
    main(["programme", *GOOD])
    folder = project / "data" / "rail_du_nord"
    assert {p.name for p in folder.iterdir()} == {
        "programme.toml", "filieres.csv", "ouvertures.xlsx",
    }  # fmt: skip
    made = load_programme("rail_du_nord")
    assert made.dossier == folder
    assert made.titre == "Rail du Nord"
    assert made.territoire.codes_regions == ("32",)
    assert [d.nom for d in made.territoire.departements][:2] == ["Aisne", "Nord"]
    assert made.codes_filieres == ("electricite", "reseaux")
    assert [(c.niveau, c.personnes, c.echeance) for c in made.cibles] == [
        ("secondaire", 500, 2025), ("ensemble", 1500, 2030),
    ]  # fmt: skip
    assert made.cout.subvention is None
    assert [o.secondaire for o in made.scenarios[0].ouvertures] == [84, 84, 84]  # 500 / (1 + 2 + 3)
    assert not any(o.superieur for o in made.scenarios[0].ouvertures)  # 84 × (8 + 7 + 6) > 1 500
    lists = openpyxl.load_workbook(folder / "ouvertures.xlsx")["Listes"]
    assert [row[0].value for row in lists.iter_rows(min_row=2, max_row=2)] == ["Rail du Nord"]
    said = capsys.readouterr().out
    assert 'source = "à compléter"' in said
    assert "secteurs.csv (facultatif)" in said


def test_the_new_programme_has_its_own_simulated_year(project):
    main(["programme", *GOOD])
    p = load("rail_du_nord", 2023)
    assert set(p.registre["projet"]) == {"RAIL DU NORD"}
    assert set(p.registre["filiere"]) <= {"electricite", "reseaux"}
    assert set(p.registre["code_departement"]) <= {"002", "059", "060", "062", "080"}


@pytest.mark.parametrize(
    ("targets", "seats"),
    [
        (("secondaire=600@2030",), (29, 0)),  # 600 / (8 + 7 + 6), not 600 / (3 + 2 + 1)
        (("secondaire=300@2024", "secondaire=600@2030"), (100, 0)),  # the nearer one asks for more
        (("secondaire=210@2030", "ensemble=1050@2030"), (30, 20)),  # 20 more at each level
        (("superieur=100",), (0, 17)),
    ],
)
def test_the_plan_opens_the_seats_that_reach_every_target_in_time(targets, seats):
    answers = Answers("r", "R", ("32",), 2023, 2025, (), (), 1.0)
    aimed = tuple(parse_target(one, 2025) for one in targets)
    found = _openings(replace(answers, cibles=aimed))
    assert [tuple(o.values()) for o in found] == [(y, *seats) for y in (2023, 2024, 2025)]


def test_an_existing_programme_is_never_touched(project, capsys):
    main(["programme", *GOOD])
    path = project / "data" / "rail_du_nord" / "programme.toml"
    path.write_text("à moi", encoding="utf-8")
    assert "existe déjà et n'est pas remplacé" in fails(capsys, *GOOD)
    assert path.read_text(encoding="utf-8") == "à moi"


def test_nothing_is_left_when_writing_fails(project, capsys, monkeypatch):
    def broken(path, facts):
        raise FpiError("disque plein")

    monkeypatch.setattr("fpi_eval.creation.new_programme.write_template", broken)
    assert "disque plein" in fails(capsys, *GOOD)
    assert list((project / "data").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("--region", "Bretagnes"), "région « Bretagnes » inconnue"),
        (("--filiere", "Bois=999"), "code « 999 » inconnu"),
        (("--filiere", "soierie"), "ni diplôme ne porte « Soierie »"),
        (("--filiere", "mer"), "ni diplôme ne porte « Mer »"),  # « commerce » is not of the sea
        (("--filiere", "Menuiserie=bois"), "Écrivez « Menuiserie=234 », ou le mot seul"),
        (("--filiere", "Élec=255"), "dans plusieurs filières"),
        (("--cible", "lycée=3"), "cible « lycée=3 » non comprise"),
        (("--cible", "secondaire=0"), "non comprise"),
        (("--cible", "secondaire=20@2020"), "avant la première rentrée"),
        (("--cible", "superieur=20@2200"), "la rentrée doit être entre 2000 et 2099"),
        (("--cible", "secondaire=600"), "cible(s) en double : "),
        (("--subvention", "6000000"), "au plus le coût"),
        (("--subvention", "une moitié"), "montant « une moitié » non compris"),
        (("--subvention", "22,000 €"), "montant « 22,000 € » ambigu. Écrivez 22000"),
        (("--subvention", "5.000"), "ambigu. Écrivez 5000 si"),
    ],
)
def test_a_wrong_answer_says_what_to_write_and_writes_nothing(project, capsys, change, words):
    assert words in fails(capsys, *GOOD, *change)
    assert list((project / "data").iterdir()) == []


def test_without_a_keyboard_what_is_missing_is_named(project, capsys):
    said = fails(capsys, "Rail", "--region", "32")
    assert "il manque --debut, --filiere, --cible et --cout" in said


def test_in_an_empty_folder_the_programme_is_made_and_is_the_one_meant(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    main(["programme", *GOOD])
    said = capsys.readouterr().out
    assert "Ensuite : fpi-eval run 2023 --programme rail_du_nord" in said
    assert load_programme().code == "rail_du_nord"
    main(["run", "2023", "--a-blanc"])  # notebooks are the library's
    assert (
        f"serait écrit : {tmp_path / 'reports' / 'rail_du_nord' / '2023'}"
        in capsys.readouterr().out
    )


def test_a_programme_written_elsewhere_is_named_by_its_folder(project, capsys):
    main(["programme", *GOOD, "--dossier", "autres"])
    assert "fpi-eval check 2023 --programme autres/rail_du_nord" in capsys.readouterr().out
    assert load_programme("autres/rail_du_nord").code == "rail_du_nord"


def test_a_code_that_only_real_files_know_hints_at_them(capsys, project):
    assert "--donnees mes_telechargements" in fails(capsys, *GOOD, "--filiere", "Bois=99999999")


def test_questions_are_asked_until_the_answer_can_be_used():
    answers = "Bretagnes\n53, Normandie\nÉlectricité\n255\nMode\nvêtement\n242\n\n"
    shown = io.StringIO()
    ask = Questions(Console(file=shown, width=120), io.StringIO(answers))
    regions = ask.regions(CATALOGUE)
    assert regions == ["53", "28"]
    found = ask.filieres(CATALOGUE, regions)
    assert [(c.code, c.codes) for c in found] == [("electricite", ("255",)), ("mode", ("242",))]
    words = shown.getvalue()
    assert "« Bretagnes » inconnue" in words
    assert "électricité et électronique" in words


def test_codes_after_the_name_are_taken_as_the_option_takes_them():
    ask = Questions(Console(file=io.StringIO()), io.StringIO("Mode=242\n\n"))
    assert [(c.code, c.codes) for c in ask.filieres(CATALOGUE, [])] == [("mode", ("242",))]


def test_a_word_that_begins_a_name_comes_before_one_inside_a_name():
    table = pd.DataFrame({"groupe_nsf": ["312", "213"], "libelle": ["COMMERCE", "LA MER"]})
    pupils = pd.DataFrame({"code_region": ["53"], "cfd": ["40031202"], "terminale": [900.0]})
    diplomas = pd.DataFrame({"cfd": ["40031202"], "groupe_nsf": ["312"], "libelle": ["COMMERCE"]})
    found = Catalogue(CATALOGUE.places, table, diplomas, pupils, False).search("mer")
    assert list(found["code"]) == ["213", "312", "40031202"]


def test_questions_left_by_control_d_end_as_by_control_c():
    class Gone(io.StringIO):
        def readline(self, *args):
            raise EOFError

    with pytest.raises(KeyboardInterrupt):
        Questions(Console(file=io.StringIO()), Gone()).words("Nom")


def test_targets_and_amounts_are_asked_in_french():
    shown = io.StringIO()
    answers = "vingt\nsecondaire=20\n\ndouze\n12 000 €\n\n2024-2025\n"
    ask = Questions(Console(file=shown, width=120), io.StringIO(answers))
    assert [t.personnes for t in ask.targets(2025)] == [20]
    assert ask.amount("Coût") == 12_000
    assert ask.amount("Subvention", known=False) == 0
    assert ask.rentree("Première rentrée") == 2024
    assert "cible « vingt » non comprise" in shown.getvalue()
    assert "un nombre est attendu" in shown.getvalue()


def test_a_word_finds_groups_then_diplomas_whatever_its_accents():
    found = CATALOGUE.search("ELECTRONIQUE")
    assert found["code"].iloc[0] == "255"
    assert CATALOGUE.search("soierie").empty


def test_a_search_in_simulated_codes_says_so_and_amounts_are_as_people_write_them(project, capsys):
    main(["programme", "--chercher", "soierie"])
    assert "--donnees mes_telechargements" in " ".join(capsys.readouterr().out.split())
    written = {"5000000": "5 000 000 €", "2023": "2023-2024"}
    main(["programme", *(written.get(word, word) for word in GOOD)])
    assert load_programme("rail_du_nord").cout.total == 5_000_000


def test_pupils_are_counted_in_the_region_and_small_counts_are_not_shown(donnees_reelles):
    known = catalogue_of(donnees_reelles)
    france = known.search("électronique").set_index("code")["eleves"]
    nord = known.search("électronique", ["32"]).set_index("code")["eleves"]
    rows, group = known.pupils, known.diplomas.drop_duplicates("cfd").set_index("cfd")["groupe_nsf"]
    own = rows[(rows["code_region"] == "32") & (rows["cfd"].map(group) == "255")]
    assert set(own["voie"]) == {"scolaire", "apprentissage"}
    assert nord["255"] == own["terminale"].sum() > 7_000  # 6,119 pupils and 1,349 apprentices
    assert france["255"] > nord["255"]
    assert pupils(3.0) == "moins de 5"
    assert not france.index[1:].str[0].isin(["1", "2"]).any()  # no degree of engineer


def test_every_region_overseas_included_has_a_programme_that_is_read_again(
    donnees_reelles, tmp_path
):
    known = catalogue_of(donnees_reelles)
    with pytest.raises(FpiError, match="« Sans objet » inconnue"):
        known.regions(["Sans objet"])
    filiere, target = parse_filiere("Bois=234", known, ()), parse_target("secondaire=50", 2025)
    for code, places in known.places.groupby("code_region"):
        money = (1250.5, 0.4)
        answers = Answers(f"r{code}", "R\nS", (code,), 2024, 2025, (filiere,), (target,), *money)
        made = load_programme(write_programme(answers, known, tmp_path))
        assert set(made.territoire.noms_departements) == set(places["code_departement"])
        assert (made.titre, made.cout.total, made.cout.subvention) == ("R S", *money)


def test_names_become_codes():
    assert folder_name("Île-de-France, métro 2") == "ile_de_france_metro_2"
    assert filiere_code("Énergie décarbonée") == "energie_decarbonee"
    assert filiere_code("autre") == "f_autre"
    assert parse_target("ensemble = 9 000 @2030", 2025).personnes == 9000
    assert parse_filiere("bois", CATALOGUE, ()).codes == ("234",)
    assert parse_filiere("Bois=234, 234", CATALOGUE, ()).codes == ("234",)


def test_check_says_what_a_shipped_programme_still_lacks(tmp_path):
    fpi = load_programme(ROOT / "data" / "fpi_aura")
    assert remaining(fpi, tmp_path, simulated=True) == []
    assert "registre" in remaining(fpi, tmp_path)[0]
    (tmp_path / "ouvertures.xlsx").touch()
    assert remaining(fpi, tmp_path) == []
    shutil.copytree(fpi.dossier, tmp_path / "data" / "essai")
    (tmp_path / "data" / "essai" / "secteurs.csv").unlink()
    own = load_programme(tmp_path / "data" / "essai")
    assert "secteurs.csv" in remaining(own, tmp_path)[-1]
    (tmp_path / "data" / "essai" / "reference.csv").unlink()
    assert "emploi industriel de la région" in remaining(own, tmp_path)[0]
    both = own.territoire.model_copy(update={"codes_regions": ("84", "53")})
    told = remaining(own.model_copy(update={"territoire": both}), tmp_path)
    assert "emploi industriel des deux régions" in told[0]


def test_a_new_programme_reads_the_same_files_as_the_one_shipped(project):
    main(["programme", *GOOD])
    made = load_programme("rail_du_nord")
    for shipped in ("fpi_aura", "atcf"):
        other = load_programme(ROOT / "data" / shipped)
        assert made.sources == other.sources
        assert (made.portails, made.resultats) == (other.portails, other.resultats)
        assert (made.seuils, made.secret) == (other.seuils, other.secret)
    assert made.hypotheses == load_programme(ROOT / "data" / "fpi_aura").hypotheses
