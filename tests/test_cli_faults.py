"""Every command, with every fault of a disk, a folder, a file or a user: French, no traceback."""

import errno
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from test_cli import CREATED, NAMES, edit, project, written  # noqa: F401 (fixtures)

from fpi_eval.cli import app, main
from fpi_eval.errors import FpiError, of_the_system
from fpi_eval.report.runner import yearly  # noqa: F401 (imported before a test patches what it names)

#: How each command is called where nothing is wrong. A new command fails a test until it is here.
OURS, FILES = ["--programme", "data/essai"], ["--donnees", "donnees"]
CALLS = {
    "run": ["2026", *OURS, *FILES],
    "compare": ["2025", "2026", *OURS, *FILES],
    "check": ["2026", *OURS, *FILES],
    "puissance": ["2026", *OURS, *FILES],
    "individus": ["2026", *OURS, *FILES, "--sortie", "sortie"],
    "notebooks": OURS,
    "lab": ["02_places", "2026", "--no-ouvrir", *OURS, *FILES],
    "fetch": ["2026", "inserjeunes_cfa", *OURS],
    "plan": OURS,
    "programme": CREATED,
    "new": [*OURS, "--fichier", "registre.xlsx"],
    "completion": ["bash"],
}
WRITING = {"run", "lab", "fetch", "plan", "programme", "new"}
PATHS = {"--programme", "--donnees", "--donnees-avant", "--programme-avant", "--fichiers",
         "--sortie", "--dossier", "--fichier"}  # fmt: skip
#: What a command makes where it is missing.
MADE = {"fetch": ["--donnees"], "new": ["--fichier"], "programme": ["--dossier"],
        "individus": ["--sortie"]}  # fmt: skip
AFFELNET_2026 = "donnees/orion/attractivite_capacite_2026.csv"


class Reached(FpiError):
    """The long computation of a command begins: no fault was in its way."""


@pytest.fixture
def call(project, monkeypatch, capsys):  # noqa: F811
    """Run a command in the project; return its code and what it said, never a traceback."""
    monkeypatch.chdir(project)
    for long in ("power.puissance", "report.runner.execution.Execution.all", "checks.evaluated",
                 "sources.portal.fetch.download"):  # fmt: skip
        monkeypatch.setattr(f"fpi_eval.{long}", reached)

    def called(name: str, *arguments: str) -> tuple[int, str]:
        code = 0
        try:
            main([name, *(arguments or CALLS[name])])
        except SystemExit as stop:
            code = int(stop.code or 0)
        shown = capsys.readouterr()
        earlier = project / "reports" / "essai" / "2026"
        assert [path.name for path in earlier.iterdir()] == ["index.html"]
        assert "Traceback" not in shown.out + shown.err
        assert code in (0, 2, 130)
        assert code == 0 or not shown.err.startswith("Erreur : [")
        return code, " ".join(shown.err.split())

    return called


def reached(*_: object, **__: object) -> None:
    raise Reached("calcul atteint")


def test_every_command_is_walked():
    assert set(CALLS) == set(NAMES)
    options = {n for name in NAMES for one in app[name].assemble_argument_collection()
               for n in one.names if one.parameter.metavar in ("DOSSIER", "FICHIER")}  # fmt: skip
    assert options == PATHS


def refuse_writing(monkeypatch, number: int) -> None:
    """Make the system refuse every file and folder that would be written."""
    opened, made = os.open, os.mkdir

    def refused(path, *_, **__):
        raise OSError(number, os.strerror(number), str(path))

    def open_(path, flags, *more, **options):
        writing = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        return (refused if writing else opened)(path, flags, *more, **options)

    def mkdir(path, *more, **options):
        return made(path, *more, **options) if os.path.isdir(path) else refused(path)

    real = open

    def builtin(file, mode="r", *more, **options):
        if set(mode) & set("wax+") and not isinstance(file, int):
            refused(file)
        return real(file, mode, *more, **options)

    monkeypatch.setattr(os, "open", open_)
    monkeypatch.setattr(os, "mkdir", mkdir)
    monkeypatch.setattr("builtins.open", builtin)
    monkeypatch.setattr("io.open", builtin)


@pytest.mark.parametrize("name", CALLS)
def test_a_full_disk_is_a_sentence_for_what_writes_and_nothing_to_the_others(
    call, monkeypatch, name
):
    with monkeypatch.context() as patched:
        refuse_writing(patched, errno.ENOSPC)
        code, error = call(name)
    if name in WRITING:
        assert (code, "le disque est plein" in error) == (2, True), error
    else:  # it writes nothing that it needs
        assert code == 0 or "calcul atteint" in error or "n'est pas dans ce dossier" in error


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EROFS, "ce dossier est en lecture seule"),
        (errno.EACCES, "vous n'avez pas le droit"),
        (errno.ENOENT, "ce fichier ou ce dossier n'existe pas"),
        (errno.ENOTDIR, "ce qui devrait être un dossier est un fichier"),
        (errno.ELOOP, "ce chemin est un lien qui tourne en rond"),
        (errno.ENAMETOOLONG, "ce nom est trop long"),
        (errno.EFBIG, "ce fichier dépasse la taille permise"),
        (errno.EMFILE, "trop de fichiers ouverts"),
        (errno.EBUSY, "pris par un autre programme"),
        (errno.ENOMEM, "mémoire insuffisante"),
        (errno.EXDEV, "le système répond « Invalid cross-device link »"),
    ],
)
def test_what_the_system_refuses_is_said_in_french(number, words, monkeypatch, capsys):
    def broken(*_, **__):
        raise OSError(number, os.strerror(number), "dossier/fichier\x1b[31m.csv")

    monkeypatch.setattr("fpi_eval.programme.load_programme", broken)
    with pytest.raises(SystemExit) as stop:
        main(["plan"])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("Erreur : dossier/fichier")
    assert words in error
    assert "\x1b[31m.csv" not in error


def test_a_full_disk_that_holds_no_working_folder_is_said(monkeypatch):
    """Python says that no such folder exists: it has tried to write in each."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    with monkeypatch.context() as patched:
        refuse_writing(patched, errno.ENOSPC)
        with pytest.raises(FileNotFoundError) as full:
            tempfile.gettempdir()
    assert "disque plein" in of_the_system(full.value)
    assert "n'existe pas" not in of_the_system(full.value)


@pytest.mark.skipif(shutil.which("head") is None, reason="la commande head est absente")
def test_a_reader_that_stops_reading_is_no_fault():
    command = f"{shlex.quote(sys.executable)} -m fpi_eval completion bash | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stdout.startswith("#")
    assert done.stderr == ""


def test_a_fault_of_the_program_is_not_disguised(monkeypatch):
    def faulty(*_, **__):
        raise RuntimeError("bogue")

    monkeypatch.setattr("fpi_eval.programme.load_programme", faulty)
    with pytest.raises(RuntimeError, match="bogue"):
        main(["plan"])


@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_is_answered_by_the_promised_sentence(call, monkeypatch, name):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    for where in ("programme_folders.find_programme", "programme.find_programme",
                  "programme.load_programme", "panel.year.load",
                  "report.runner.yearly.find_programme", "panel.year.load_programme",
                  "creation.catalogue_of"):  # fmt: skip
        monkeypatch.setattr(f"fpi_eval.{where}", stopped)
    monkeypatch.setattr(type(app), "generate_completion", stopped)
    assert call(name) == (130, "Interrompu.")


@pytest.mark.parametrize(
    ("stop", "code", "said"),
    [(KeyboardInterrupt(), 130, "Interrompu."), (OSError(errno.ENOSPC, "full"), 2, "relancez.")],
)
def test_a_stopped_report_says_that_the_last_one_stands_only_if_there_is_one(
    call,
    monkeypatch,
    project,  # noqa: F811
    stop,
    code,
    said,
):
    def stopped(*_, **__):
        raise stop

    monkeypatch.setattr("fpi_eval.report.runner.yearly.inputs_of", stopped)
    found = call("run")
    assert found[0] == code
    assert found[1].endswith(f"{said} Le rapport précédent n'a pas été modifié.")
    del stop.__notes__
    found = call("run", "2025", *CALLS["run"][1:])
    assert found[0] == code
    assert found[1].endswith(said)


# ── a path at fault, for every option of every command that takes one ───────────────────────────


def options_of(name: str) -> list[str]:
    taken = [n for one in app[name].assemble_argument_collection() for n in one.names]
    return [n for n in taken if n in PATHS]


def with_path(name: str, option: str, path: str) -> list[str]:
    """Return the call of a command with another path for an option."""
    given = CALLS[name]
    if option in given:
        at = given.index(option)
        given = [*given[:at], *given[at + 2 :]]
    return [*given, option, path]


def looped(folder: Path) -> str:
    (folder / "boucle").symlink_to(folder / "boucle")
    return "boucle"


PLACES = {
    "missing": lambda folder: "nulle_part",
    "a file": lambda folder: "donnees/ouvertures.csv",
    "a loop": looped,
    "forbidden": lambda folder: "/proc/nulle_part",
    "too long": lambda folder: "long" * 100,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("name", "option"), [(name, option) for name in CALLS for option in options_of(name)]
)
def test_a_path_at_fault_is_named(call, project, monkeypatch, name, option, place):  # noqa: F811
    monkeypatch.setattr("fpi_eval.report.published.since_last.published", lambda *_: None)
    path = PLACES[place](project)
    code, error = call(name, *with_path(name, option, path))
    if option in MADE.get(name, ()) and (code == 0 or "calcul atteint" in error):
        return  # this one could be made
    assert code == 2
    assert path.rsplit("/")[-1][:40] in error


def header_alone(text: str) -> str:
    return text.splitlines()[0] + "\n"


def huge_cell(text: str) -> str:
    return text.replace(";", f';"{"x" * 200_000}"', 1)


@pytest.mark.parametrize("damage", [header_alone, huge_cell])
@pytest.mark.parametrize("name", [name for name in CALLS if "donnees" in CALLS[name]])
def test_a_damaged_file_is_named_by_what_reads_it(call, project, name, damage):  # noqa: F811
    edit(project / AFFELNET_2026, damage)
    code, error = call(name)
    assert (code, AFFELNET_2026.rsplit("/")[-1] in error) == (
        (0, False) if name == "lab" else (2, True)
    )
