"""The command line as its users meet it: French, exit code 2, earlier reports untouched."""

import gzip
import io
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from loopback import serving

from fpi_eval import twin
from fpi_eval.cli import app, main
from fpi_eval.cli.folder import contents, read_sources
from fpi_eval.errors import FpiError
from fpi_eval.programme import load_programme
from fpi_eval.programme_folders import find_programme, provenance
from fpi_eval.report.runner import yearly  # noqa: F401 (imported before a test patches what it names)
from fpi_eval.sources.known_sources import discover, source
from fpi_eval.terminal import Terminal

ROOT = Path(__file__).parents[1]
YEARS = range(2025, 2027)
AFFELNET = "orion/attractivite_capacite_2026.csv"
REGION = "inserjeunes/ij_region_data.csv"
NAMES = [name for name in app if not name.startswith("-")]


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """A small simulated set, written once."""
    folder = tmp_path_factory.mktemp("simule")
    twin.write_files(twin.draw(twin.SMALL, 7), folder, years=YEARS)
    return folder


@pytest.fixture
def project(tmp_path, written):
    """A project of its own: programme, notebooks, data and an earlier report."""
    (tmp_path / "data").mkdir()
    shutil.copytree(ROOT / "data" / "fpi_aura", tmp_path / "data" / "essai")
    shutil.copytree(
        ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns("ex*")
    )
    shutil.copytree(written, tmp_path / "donnees")
    earlier = tmp_path / "reports" / "essai" / "2026" / "index.html"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("rapport précédent", encoding="utf-8")
    return tmp_path


def fails(project, capsys, *arguments):
    """Run, and return the message; the exit code is 2 and the earlier report stands."""
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--programme", str(project / "data" / "essai")])
    assert stop.value.code == 2
    earlier = project / "reports" / "essai" / "2026"
    assert [p.name for p in earlier.iterdir()] == ["index.html"]
    assert (earlier / "index.html").read_text(encoding="utf-8") == "rapport précédent"
    error = capsys.readouterr().err
    assert error.startswith("Erreur : ")
    assert "Traceback" not in error
    return " ".join(error.split())


def edit(path: Path, change) -> None:
    content = path.read_bytes()
    zipped = path.suffix == ".gz"
    text = (gzip.decompress(content) if zipped else content).decode("utf-8-sig")
    path.write_bytes(change(text).encode("utf-8"))


def rename_places(path: Path) -> None:
    old, new = "Capacité carte scolaire", "Capacités de la carte scolaire"
    edit(path, lambda text: text.replace(old, new, 1))


def repeat_line(text: str, line: int, at: int) -> str:
    lines = text.splitlines()
    return "\n".join([*lines[: at - 1], lines[line - 1], *lines[at - 1 :]]) + "\n"


def set_cell(text: str, line: int, column: str, value: str) -> str:
    lines = text.splitlines()
    place = lines[0].split(";").index(column)
    cells = lines[line - 1].split(";")
    cells[place] = value
    lines[line - 1] = ";".join(cells)
    return "\n".join(lines) + "\n"


def test_a_missing_file_is_named_with_what_to_do(project, capsys):
    toml = project / "data" / "essai" / "programme.toml"
    section = "[sources.inserjeunes_region]\n"
    edit(toml, lambda words: words.replace(section, section + "obligatoire = true\n"))
    (project / "donnees" / REGION).unlink()
    error = fails(project, capsys, "run", "2026", "--donnees", str(project / "donnees"))
    for word in ("ij_region_data.csv", "fichier absent", "[sources.inserjeunes_region]", "Déposez"):
        assert word in error


def test_a_renamed_column_is_named_with_the_nearest_and_where_to_declare_it(project, capsys):
    rename_places(project / "donnees" / AFFELNET)
    error = fails(project, capsys, "run", "2026", "--donnees", str(project / "donnees"))
    for word in (
        "attractivite_capacite_2026.csv", "ligne 1", "« Capacité carte scolaire »",
        "« Capacités de la carte scolaire »", "[sources.affelnet.colonnes]",
        "programme.toml (ligne",
    ):  # fmt: skip
        assert word in error


def test_a_renamed_column_declared_in_the_programme_is_read(project, capsys):
    rename_places(project / "donnees" / AFFELNET)
    rename_places(project / "donnees" / AFFELNET.replace("2026", "2025"))
    programme = project / "data" / "essai" / "programme.toml"
    alias = '[sources.affelnet.colonnes]\nplaces = "Capacités de la carte scolaire"\n'
    programme.write_text(programme.read_text(encoding="utf-8") + "\n" + alias, encoding="utf-8")
    main(["check", "2026", "--donnees", str(project / "donnees"),
          "--programme", str(project / "data" / "essai")])  # fmt: skip
    assert "Entrées valides pour 2026-2027" in capsys.readouterr().out


def test_the_last_line_of_a_check_counts_what_is_to_be_verified(project, capsys):
    kept = project / "donnees" / AFFELNET
    lines = kept.read_text(encoding="utf-8").splitlines(keepends=True)
    kept.write_text("".join(lines[: len(lines) // 3]), encoding="utf-8")
    main(["check", "2026", "--donnees", str(project / "donnees"),
          "--programme", str(project / "data" / "essai")])  # fmt: skip
    said = capsys.readouterr().out
    doubts = said.count("\nÀ vérifier : ")
    assert doubts > 1
    assert said.rstrip().endswith(f" Au-dessus : {doubts} points à vérifier.")


def test_the_installed_programme_is_named_where_no_folder_has_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = find_programme("")
    assert provenance(own) == f"livré avec l'outil ({own}) ; --programme en nomme un autre"
    monkeypatch.chdir(own.parents[1])
    assert provenance(own) == f"dossier data/{own.name}"


def test_an_unchanged_folder_is_not_read_again_and_a_changed_one_is(project, capsys, monkeypatch):
    arguments = ["check", "2026", "--donnees", str(project / "donnees"),
                 "--programme", str(project / "data" / "essai")]  # fmt: skip
    main(arguments)
    first = capsys.readouterr().out
    assert first.startswith(f"Programme : {load_programme(arguments[-1]).titre}, dossier ")

    def read(*_, **__):
        raise FpiError("lu à nouveau")

    monkeypatch.setattr("fpi_eval.panel.loading.load", read)
    main(arguments)
    assert capsys.readouterr().out == first
    (project / "donnees" / "autre.csv").write_text("a;b\n", encoding="utf-8")
    assert "lu à nouveau" in fails(project, capsys, *arguments[:4])
    monkeypatch.undo()
    main(arguments)
    assert "Fichiers qu'aucune source n'explique : autre.csv." in capsys.readouterr().out


def test_what_check_keeps_depends_on_files_behind_a_link_and_a_loop_has_an_end(tmp_path):
    inside, elsewhere = tmp_path / "donnees", tmp_path / "ailleurs"
    inside.mkdir()
    elsewhere.mkdir()
    (inside / "individus").symlink_to(elsewhere)
    (inside / "boucle").symlink_to(inside)
    (inside / "tout").symlink_to(tmp_path)
    home = tmp_path / "bureau"  # of somebody whose data folder is a link
    home.mkdir()
    (home / "donnees").symlink_to(inside)
    (inside / "bureau").symlink_to(home)
    before = contents(inside)
    (elsewhere / "personnes.csv").write_text("id\n", encoding="utf-8")
    (tmp_path / "film.mkv").write_text("", encoding="utf-8")
    found = contents(inside)
    assert found.keys() - before.keys() == {str(inside / "individus" / "personnes.csv")}
    assert inside / "individus" / "personnes.csv" in discover(inside).unexplained
    (home / "autre.csv").write_text("", encoding="utf-8")
    assert contents(home / "donnees").keys() == {
        str(home / "donnees" / "individus" / "personnes.csv")
    }


def test_check_reads_again_individual_files_that_lie_elsewhere(project, capsys):
    people = project / "individus"
    people.mkdir()
    declared = f'\n[individus]\ndossier = "{people.as_posix()}"\n'
    with (project / "data" / "essai" / "programme.toml").open("a", encoding="utf-8") as file:
        file.write(declared)
    arguments = ["check", "2026", "--donnees", str(project / "donnees"),
                 "--programme", str(project / "data" / "essai")]  # fmt: skip
    main(arguments)
    first = capsys.readouterr().out
    (people / "personnes_2021-2022_scolaire.csv").write_text("autre\n", encoding="utf-8")
    main(arguments)
    assert capsys.readouterr().out != first


def test_check_writes_names_whole_on_a_narrow_terminal():
    origin = SimpleNamespace(lignes_ecartees={}, lignes=3, fichier="depp-2022-etablissements.csv")
    said = io.StringIO()
    rows = [("inserjeunes_apprentissage", "2018_2019", origin)]
    Terminal(file=said, width=60).print(read_sources(rows))
    words = [line.split("  ")[0].strip() for line in said.getvalue().splitlines()[1:]]
    assert "".join(words) == "inserjeunes_apprentissage"
    assert "…" not in said.getvalue()


def test_check_tells_a_budget_that_the_register_exceeds(project, capsys):
    own = project / "data" / "essai"
    edit(
        own / "programme.toml", lambda text: text.replace("total = 22_000_000", "total = 9_500_001")
    )
    main(["check", "2026", "--donnees", str(project / "donnees"), "--programme", str(own)])
    assert "les coûts" not in capsys.readouterr().out
    less = ("total = 9_500_001", "total = 1_000"), ("vention = 9_500_000", "vention = 1_000")
    for pair in less:
        edit(own / "programme.toml", lambda text, pair=pair: text.replace(*pair))
    main(["check", "2026", "--donnees", str(project / "donnees"), "--programme", str(own)])
    said = capsys.readouterr().out
    assert "À vérifier : ouvertures, les coûts de ouvertures.csv font" in said
    assert "À vérifier : ouvertures, les subventions de ouvertures.csv font" in said
    assert "(1\u202f000\u00a0€)" in said


def test_check_tells_a_year_before_the_programme_s_first(project, capsys):
    own = project / "data" / "essai"
    (project / "donnees" / "ouvertures.csv").unlink()
    later = ("rentree_debut = 2024", "rentree_debut = 2026")
    openings = r"\n +\{ rentree = 202[45],.*"
    edit(own / "programme.toml", lambda text: re.sub(openings, "", text.replace(*later)))
    asked = ["--donnees", str(project / "donnees"), "--programme", str(own)]
    main(["check", "2025", *asked])
    assert "La rentrée 2025 précède la première du programme (2026)" in capsys.readouterr().out
    main(["check", "2026", *asked])
    assert "précède" not in capsys.readouterr().out


def test_a_missing_column_lists_what_was_found(project, capsys):
    edit(project / "donnees" / REGION, lambda t: t.replace(";voie;", ";zzz;", 1))
    error = fails(project, capsys, "run", "2026", "--donnees", str(project / "donnees"))
    for word in ("ij_region_data.csv", "ligne 1", "« voie »", "colonne absente", "« zzz »"):
        assert word in error


def test_a_wrong_separator_is_said(project, capsys):
    edit(project / "donnees" / AFFELNET, lambda t: t.replace(";", "|"))
    error = fails(project, capsys, "run", "2026", "--donnees", str(project / "donnees"))
    for word in ("attractivite_capacite_2026.csv", "séparateur", "point-virgule"):
        assert word in error


def test_a_wrong_encoding_is_said_with_its_line(project, capsys):
    path = project / "donnees" / AFFELNET
    content = path.read_bytes()
    end = content.index(b"\n", 3000)
    path.write_bytes(content[:end] + b"\xff\xfe\x81" + content[end:])
    error = fails(project, capsys, "run", "2026", "--donnees", str(project / "donnees"))
    for word in ("attractivite_capacite_2026.csv", "ligne", "UTF-8"):
        assert word in error


def test_a_duplicate_key_names_both_lines(project, capsys):
    edit(project / "donnees" / REGION, lambda text: repeat_line(text, 4, at=7))
    error = fails(project, capsys, "run", "2026", "--donnees", str(project / "donnees"))
    for word in ("ij_region_data.csv", "ligne 7", "double", "ligne 4"):
        assert word in error


def test_a_rate_of_140_names_line_and_column(project, capsys):
    edit(project / "donnees" / REGION, lambda t: set_cell(t, 5, "taux_poursuite_etudes", "140"))
    error = fails(project, capsys, "run", "2026", "--donnees", str(project / "donnees"))
    for word in ("ij_region_data.csv", "ligne 5", "« taux_poursuite_etudes »", "140", "0 et 100"):
        assert word in error


def test_a_year_that_is_absent_lists_those_present(project, capsys):
    error = fails(project, capsys, "run", "2029", "--donnees", str(project / "donnees"))
    for word in ("la rentrée 2029 est absente", "2025", "2026"):
        assert word in error


def test_a_folder_that_does_not_exist_is_said(project, capsys):
    error = fails(project, capsys, "run", "2026", "--donnees", str(project / "ailleurs"))
    assert "n'existe pas" in error


@pytest.mark.parametrize("wrong", ["22", "2022-2024", "demain"])
def test_a_school_year_is_written_2022_2023_or_2022(project, capsys, wrong):
    assert "année scolaire" in fails(project, capsys, "check", wrong)


def files(folder: Path) -> set[tuple[str, int, int]]:
    every = (path for path in folder.rglob("*") if path.is_file())
    return {(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in every}


CREATED = ["Rail du Nord", "--region", "Hauts-de-France", "--debut", "2023", "--filiere",
           "Électricité=255", "--cible", "secondaire=500", "--cout", "5000000"]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            ["run", "2026", "--programme", "data/essai"],
            [
                "lu : programme.toml",
                "lu : 2025/publication_simule.json",
                "exécuté : 02_places",
                "écrit : ",
            ],
        ),
        (["fetch", "2026", "inserjeunes_cfa"], ["téléchargé : ", "cfa.csv, depuis https://"]),
        (["plan"], ["écrit : ", "son empreinte"]),
        (["new"], ["écrit : ", "ouvertures.xlsx"]),
        (["lab", "02_places", "2026"], ["écrit : ", "02_places_2026.ipynb"]),
        (["programme", *CREATED], ["écrit : ", "rail_du_nord/programme.toml"]),
    ],
)
def test_a_dry_run_says_what_would_be_done_and_writes_nothing(
    project, capsys, monkeypatch, command, said
):
    monkeypatch.chdir(project)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    kept = project / "reports" / "essai" / "2025" / "publication_simule.json"
    kept.parent.mkdir()
    kept.write_text("{}", encoding="utf-8")
    before = files(project)
    main([*command, "--a-blanc"])
    words = capsys.readouterr().out
    for word in said:
        assert word in words
    assert "serait" in words
    assert files(project) == before


def test_the_report_of_a_programme_outside_of_data_stays_in_the_project(
    project, capsys, monkeypatch
):
    monkeypatch.chdir(project)
    shutil.move(project / "data" / "essai", project / "rail")
    main(["run", "2026", "--programme", "./rail", "--a-blanc"])
    assert f"serait écrit : {project}/reports/rail/2026" in capsys.readouterr().out


def test_commands_without_a_dry_run_are_those_that_write_nothing():
    dry = {"--a-blanc"}
    without = {
        name
        for name in NAMES
        if not any(dry & set(one.names) for one in app[name].assemble_argument_collection())
    }
    assert without == {"check", "compare", "puissance", "notebooks", "completion"}


@pytest.mark.parametrize("name", NAMES)
def test_every_help_is_french_and_ends_with_examples_that_parse(name, capsys):
    main([name, "--help"])
    words = capsys.readouterr().out
    for english in (
        "[required]",
        "[default",
        "[choices",
        "Display this",
        "Parameters",
        "Usage:",
        " STR",
        " INT",
    ):
        assert english not in words
    examples = words.split("Exemples\n")[1].replace("\\\n", " ").strip().splitlines()
    assert examples
    for line in examples:
        tokens = shlex.split(line.split(" > ")[0])
        assert tokens[:2] == ["fpi-eval", name]
        app.parse_args(tokens[1:], exit_on_error=False, print_error=False)
        if name == "fetch":  # its words are sources, which must have a download
            main([*tokens[1:], *["--a-blanc"] * ("--a-blanc" not in tokens)])
            assert "https://" in capsys.readouterr().out


def test_help_imports_nothing_heavy():
    """Tables, models and drawings come with the command that needs them."""
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "fpi_eval", "--help"],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    imported = {line.split("|")[-1].strip().split(".")[0] for line in said.splitlines()}
    assert "fpi_eval" in imported
    assert not imported & {"numpy", "pandas", "pydantic", "pyarrow", "matplotlib", "scipy", "httpx"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell, capsys):
    main(["completion", shell])
    script = capsys.readouterr().out
    for word in (*NAMES, "--donnees", "--a-blanc"):
        assert word.removeprefix("--") in script
    if shell != "bash":
        return  # neither is everywhere
    for line, expected in {"fpi-eval ru": "run", "fpi-eval run --a": "--a-blanc"}.items():
        words = line.split()
        typed = f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _fpi_eval"
        asked = f'{typed}; printf "%s" "${{COMPREPLY[*]}}"'
        answer = subprocess.run(
            ["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True
        )
        assert answer.stdout == expected


def test_a_mistyped_command_or_option_is_said_in_french(capsys):
    cases = {
        "rnu": "commande « rnu » inconnue. Vouliez-vous dire « run » ?",
        "xyzw": "inconnue. Commandes possibles",
        "run": "il manque « RENTREE »",
        "run 2026 --donnees": "il manque la valeur de « --donnees ».",
        "run 2026 --langue de": "« de », donné à « --langue », n'est pas ce qui est attendu. "
        "Valeurs possibles : fr, en.",
        "programme X --debut 2023": "il manque --region, --filiere, --cible et --cout, et personne",
        "completion basch": "Valeurs possibles : bash, zsh, fish.",
        "fetch 2026 resultats_lycee": "Vouliez-vous dire « resultats_lycees » ?",
        "run 2026 --donnes x": "inconnue. Vouliez-vous dire « --donnees » ? Voir",
        "run 2026 2027": "argument(s) en trop : 2027",
        "run 2026 --donnees ''": "« --donnees » est vide. Donnez une valeur",
        "check 2026 --donnees=": "« --donnees » est vide.",
        "run ''": "un argument est vide.",
        "programme X --cout 5 --cout 6": "l'option « --cout » est donnée plusieurs fois.",
        "run 2026 --programme a --programme b": "l'option « --programme » est donnée plusieurs",
    }
    for arguments, word in cases.items():
        with pytest.raises(SystemExit) as stop:
            main(shlex.split(arguments))
        assert stop.value.code == 2
        assert word in capsys.readouterr().err


def test_notebooks_are_listed_with_their_parameters_and_what_they_declare(project, capsys):
    main(["notebooks", "--programme", str(project / "data" / "essai")])
    listed = capsys.readouterr().out
    for word in ("01_donnees", "02_places", "rentree = 2026", "sources : affelnet", "figures :"):
        assert word in listed


def test_lab_copies_a_notebook_with_its_parameters_filled_and_never_over_another(project, capsys):
    arguments = ["lab", "02_places", "2026", "--no-ouvrir", "--donnees", str(project / "donnees"),
                 "--programme", str(project / "data" / "essai")]  # fmt: skip
    main(arguments)
    first = Path(capsys.readouterr().out.strip())
    source = first.read_text(encoding="utf-8")
    first.write_text(source + " ", encoding="utf-8")
    main(arguments)
    second = Path(capsys.readouterr().out.strip())
    assert first.parent == second.parent == project / "notebooks" / "exploration"
    assert first != second
    assert first.read_text(encoding="utf-8").endswith(" ")
    for word in ("rentree = 2026", "programme = 'essai'", "donnees"):
        assert word in source


def test_lab_names_a_programme_that_no_data_folder_holds_by_its_place(project, capsys):
    place = shutil.copytree(project / "data" / "essai", project / "programmes" / "rail")
    main(["lab", "02_places", "2026", "--no-ouvrir", "--programme", str(place)])
    copy = Path(capsys.readouterr().out.strip()).read_text(encoding="utf-8")
    assert f"programme = '{Path(place).resolve()}'" in copy


def test_a_project_without_notebooks_has_those_of_the_library_after_lab_too(tmp_path, capsys):
    folder = str(shutil.copytree(ROOT / "data" / "atcf", tmp_path / "data" / "atcf"))
    for _ in range(2):
        main(["lab", "02_places", "2026", "--no-ouvrir", "--programme", folder])
    copies = [Path(line).name for line in capsys.readouterr().out.splitlines()]
    assert copies == ["02_places_2026.ipynb", "02_places_2026_2.ipynb"]
    main(["notebooks", "--programme", folder])
    assert "01_donnees" in capsys.readouterr().out


def test_compare_of_a_year_with_itself_asks_for_two(project, capsys):
    assert "deux années différentes" in fails(project, capsys, "compare", "2026", "2026")
    assert "Échangez-les" in fails(project, capsys, "compare", "2026", "2025")


def test_lab_says_how_to_install_the_laboratory_that_a_report_does_not_need(
    project, capsys, monkeypatch
):
    monkeypatch.setattr("fpi_eval.cli.evaluate.find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        main(["lab", "02_places", "2026", "--programme", str(project / "data" / "essai")])
    said = capsys.readouterr()
    assert "pip install -e '.[lab]'" in said.err
    assert Path(said.out.strip()).is_file()


(CFA,) = source("inserjeunes_cfa").schemas()
EXPORT = (
    ";".join(one.header for one in CFA.columns) + "\n" + ";" * (len(CFA.columns) - 1) + "\n"
).encode()


@pytest.fixture
def portal():
    """A portal on loopback that serves one small CSV for every export."""
    with serving(lambda path: EXPORT if "/exports/csv" in path else b"") as address:
        yield address


def test_fetch_brings_a_declared_file_once_and_check_sees_that_it_changed(project, portal, capsys):
    programme = project / "data" / "essai" / "programme.toml"
    edit(programme, lambda text: text.replace("https://data.education.gouv.fr", portal, 1))
    folder = project / "donnees"
    arguments = ["fetch", "2026", "inserjeunes_cfa", "--donnees", str(folder),
                 "--programme", str(programme.parent)]  # fmt: skip
    main(arguments)
    assert "fr-en-inserjeunes-cfa.csv : nouveau" in capsys.readouterr().out
    brought = folder / "inserjeunes" / "fr-en-inserjeunes-cfa.csv"
    assert brought.read_bytes() == EXPORT
    main(arguments)
    assert "inchangé" in capsys.readouterr().out
    assert (folder / "sources.lock.json").is_file()


def test_fetch_of_a_source_without_download_says_so(project, capsys):
    error = fails(project, capsys, "fetch", "2026", "affelnet")
    assert "[sources.affelnet.telechargement]" in error


def test_new_writes_the_register_and_never_over_one_that_exists(project, capsys):
    target = project / "registre.xlsx"
    arguments = ["new", "--fichier", str(target), "--programme", str(project / "data" / "essai")]
    main(arguments)
    assert target.read_bytes()[:2] == b"PK"
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "registre.xlsx" in capsys.readouterr().err


def test_plan_is_written_with_its_seal(project, capsys):
    main(["plan", "--programme", str(project / "data" / "essai")])
    written = Path(capsys.readouterr().out.strip())
    assert written.parent == project / "data" / "essai" / "plans"
    assert written.with_name(written.name + ".sha256").is_file()


def test_puissance_without_a_register_says_what_is_missing(project, capsys):
    (project / "donnees" / "ouvertures.csv").unlink()
    error = fails(project, capsys, "puissance", "2026", "--donnees", str(project / "donnees"))
    assert "registre des ouvertures" in error
