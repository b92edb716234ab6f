"""A report is made whole, or the one before stays as it was."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import nbformat
import papermill
import pytest
from notebooks_minuscules import content, write_notebook

from fpi_eval.errors import FpiError
from fpi_eval.panel.simulated_folder import simulated_folder
from fpi_eval.programme import load_programme
from fpi_eval.report.edition import Edition, target_of
from fpi_eval.report.runner import execution, fork_server, kernels, manifest, swap
from fpi_eval.report.runner import run as runner
from fpi_eval.report.runner.accessible import improve
from fpi_eval.report.runner.clean import clean
from fpi_eval.report.runner.execution import Execution
from fpi_eval.report.runner.journal import Journal
from fpi_eval.report.runner.notebooks import inspect
from fpi_eval.report.runner.progress import Display
from fpi_eval.report.runner.run import check_parameters, run
from fpi_eval.report.runner.swap import replaced
from fpi_eval.report.runner.yearly import yearly
from fpi_eval.store import kept

ROOT = Path(__file__).parents[1]
EDITION = Edition("fpi_aura", "Formation Pro Industrie", 2022, simulated=True)
PRINT_WHERE = (
    "import os, sys, warnings\n"
    "print(rentree, os.path.abspath(donnees), os.getcwd(), sys.prefix)\n"
    "print(object())\n"
    'warnings.warn("attention")'
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with two notebooks, an input file and its report."""
    root = tmp_path_factory.mktemp("projet")
    (root / "data").mkdir()
    (root / "data" / "places.csv").write_text("uai;places\n0690001A;12\n0690002B;24\n")
    write_notebook(root / "notebooks" / "01_donnees.ipynb", PRINT_WHERE)
    write_notebook(root / "notebooks" / "02_places.ipynb", ("reponse", '"Trois places."'))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1795478400")
        yield root


def make(root, *, names=("01_donnees", "02_places"), **options):
    paths = [root / "notebooks" / f"{name}.ipynb" for name in names]
    options = {"edition": EDITION, "progress": False, "root": root} | options
    inputs = {"places.csv": root / "data" / "places.csv"}
    given = options.pop("parameters", {"rentree": 2022, "donnees": str(root / "data")})
    return run(paths, given, root / "reports" / "fpi_aura" / "2022", inputs=inputs, **options)


@pytest.fixture(scope="module")
def report(project):
    return make(project)


def files_around(report):
    return sorted(p.name for p in report.folder.parent.iterdir())


def test_a_report_has_its_notebooks_pages_and_manifest(report):
    assert report.made
    assert sorted(content(report.folder)) == [
        "01_donnees_simule.html", "01_donnees_simule.ipynb", "02_places_simule.html",
        "02_places_simule.ipynb", "annexes_simule.html", "diapositives_simule.pdf",
        "index.html", "manifest.json",
        "rapport_simule.pdf", "synthese_simule.pdf",
    ]  # fmt: skip
    assert files_around(report) == [swap.LOCK, "2022", "2022.journal.jsonl"]


def test_parameters_reach_the_kernel_and_machine_paths_do_not_leave_it(report, project):
    notebook = nbformat.read(report.folder / "01_donnees_simule.ipynb", as_version=4)
    (output,) = notebook.cells[-1].outputs
    assert output.text == "2022 data . [python]\n<object object at 0x…>\n"
    for name, data in content(report.folder).items():
        assert str(project).encode() not in data, name
        assert sys.prefix.encode() not in data, name
        assert str(Path.home()).encode() + b"/" not in data, name


def test_executed_notebooks_keep_their_ids_and_lose_their_times(report):
    notebook = nbformat.read(report.folder / "01_donnees_simule.ipynb", as_version=4)
    assert [cell.id for cell in notebook.cells] == ["c0", "c1", "parametres-recus", "c2"]
    assert "papermill" not in json.dumps(notebook)
    assert all("execution" not in cell.metadata for cell in notebook.cells)
    lines = report.folder.with_name("2022.journal.jsonl").read_text("utf-8").splitlines()
    first_end = next(one for one in map(json.loads, lines) if one["quoi"] == "fin")
    assert first_end["avertissements"] == 1
    assert "attention" not in "".join(lines)


def test_the_manifest_says_what_made_the_report(report):
    manifest = json.loads((report.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["donnees"] == "simulées"
    assert manifest["parametres"] == {"donnees": "data", "rentree": 2022}
    assert manifest["genere_le"] == "2026-11-24"
    (entree,) = manifest["entrees"]
    assert (entree["fichier"], entree["lignes"], entree["octets"]) == ("places.csv", 2, 35)
    assert len(entree["sha256"]) == 64
    assert len(manifest["sorties"]) == 9
    assert {"pandas", "papermill", "nbconvert"} <= set(manifest["paquets"])


def test_the_guide_names_all_that_the_journal_says(report):
    guide = (ROOT / "docs" / "annee.md").read_text(encoding="utf-8")
    code = "".join(p.read_text("utf-8") for p in Path(kernels.__file__).parent.glob("*.py"))
    known = set(re.findall(r'\.(?:write|end)\("(\w+)"', code))
    lines = report.folder.with_name("2022.journal.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["quoi"] for line in lines} <= known
    assert not [word for word in known if f"`{word}`" not in guide]


def test_the_journal_tells_no_count(report):
    """It lies beside the report and goes with it: times, versions, hashes, names, no data."""

    def numbers(said, name=""):
        pairs = said.items() if isinstance(said, dict) else enumerate(said)
        for key, value in pairs:
            if isinstance(value, dict | list):
                yield from numbers(value, key)
            elif isinstance(value, int | float):
                yield key if isinstance(said, dict) else name

    lines = report.folder.with_name("2022.journal.jsonl").read_text("utf-8").splitlines()
    assert {name for line in lines for name in numbers(json.loads(line))} == {
        "rentree", "secondes", "avertissements"
    }  # fmt: skip


def test_nothing_is_done_again_when_nothing_changed(report, project, capsys):
    again = make(project, progress=True)
    assert not again.made
    assert again.seconds < 2
    assert "Rien n'a changé" in capsys.readouterr().err


def test_the_same_inputs_give_the_same_bytes(report, project, capsys):
    before = content(report.folder)
    again = make(project, force=True, progress=True)
    assert again.made
    assert content(report.folder) == before
    told = capsys.readouterr().err
    assert "01_donnees : commencé (3 cellules)" in told
    took = Journal(report.folder).last_times()
    assert set(took) >= {"01_donnees", "02_places"}
    assert "Rapport prêt" in told
    assert "1 avertissement de bibliothèques pendant le calcul : voir" in told


def test_forked_kernels_give_the_bytes_of_new_ones(report, project, monkeypatch):
    before = content(report.folder)
    monkeypatch.setenv(fork_server.ASKED, fork_server.NEW)
    make(project, force=True)
    assert content(report.folder) == before


@pytest.mark.skipif(sys.platform != "linux", reason="noyaux dérivés")
def test_nothing_is_forked_where_the_end_of_a_process_cannot_be_known(monkeypatch):
    def unknown(_):
        raise OSError(38, "Function not implemented")

    monkeypatch.delenv(fork_server.ASKED, raising=False)
    assert fork_server.forking()
    with monkeypatch.context() as patched:
        patched.setattr(os, "pidfd_open", unknown)  # a Linux before 5.3
        assert not fork_server.forking()
    monkeypatch.delattr(os, "pidfd_open")  # the Python of conda
    assert not fork_server.forking()


@pytest.mark.skipif(sys.platform != "linux", reason="noyaux dérivés")
def test_the_engine_gives_what_papermill_gives_alone(tmp_path):
    """A map and a table of the report; the kernel starts with all imported."""
    began = 'import sys\nbegan = "fpi_eval.report.pages.couts" in sys.modules'
    tried = write_notebook(tmp_path / "essai.ipynb", began, "print(began)")
    for engine in (None, kernels.ENGINE):
        options = {"engine_name": engine, "kernel_name": "python3", "language": "python"}
        options |= {"progress_bar": False, "cwd": ROOT}
        small = papermill.execute_notebook(tried, None, **options)
        assert small.cells[-1].outputs[0].text == f"{engine is not None}\n"
    shown, name = ("rentree =", "load(", "page.ouvertures(", "page.carte("), tmp_path / "page.ipynb"
    page = nbformat.read(ROOT / "notebooks" / "02_places.ipynb", as_version=4)
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    page.cells = [cell for cell in code if any(word in cell.source for word in shown)]
    page.cells.append(nbformat.v4.new_code_cell("annee.rentree", id="of"))
    nbformat.write(page, name)
    whole = papermill.execute_notebook(name, None, {"rentree": 2025}, **options)
    command = ["papermill", str(name), str(tmp_path / "out.ipynb"), "-p", "rentree", "2025"]
    subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, check=True)
    alone = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    outputs = [[cell.get("outputs") for cell in clean(one, {}).cells] for one in (whole, alone)]
    assert outputs[0] == outputs[1]
    assert outputs[0][-1][0].data == {"text/plain": "2025"}
    assert all(kind in str(outputs[0]) for kind in ("<svg", "<table"))


@pytest.mark.parametrize("change", ["input", "notebook", "parameter", "edition", "output"])
def test_any_change_makes_the_report_out_of_date(report, project, monkeypatch, change):
    class RunAgain(Exception):
        pass

    def stop(*_):
        raise RunAgain

    monkeypatch.setattr(runner.Execution, "all", stop)
    options = {}
    files = {
        "input": project / "data" / "places.csv",
        "notebook": project / "notebooks" / "02_places.ipynb",
        "output": report.folder / "index.html",
    }
    saved = {path: path.read_bytes() for path in files.values()}
    if change in files:
        files[change].write_bytes(saved[files[change]] + b"\n")
    elif change == "parameter":
        options["parameters"] = {"rentree": 2021}
    else:
        options["edition"] = Edition("fpi_aura", "Autre titre", 2022, simulated=True)
    try:
        with pytest.raises(RunAgain):
            make(project, **options)
    finally:
        for path, data in saved.items():
            path.write_bytes(data)


def test_a_failing_notebook_leaves_the_earlier_report_as_it_was(report, project):
    write_notebook(
        project / "notebooks" / "03_faute.ipynb",
        "from fpi_eval.errors import FpiError",
        'raise FpiError("colonne « uai » absente.", fichier="places.csv", ligne=1)',
    )
    write_notebook(project / "notebooks" / "04_panne.ipynb", "x = 2", *["x -= 1; 1 / x"] * 2)
    before, log = content(report.folder), report.folder.parent / "2022.journal.jsonl"
    known = len(log.read_text().splitlines())
    with pytest.raises(FpiError) as said:
        make(project, names=["03_faute"])
    assert str(said.value) == (
        "places.csv, ligne 1 : colonne « uai » absente.\n  (notebook 03_faute.ipynb, cellule 4)"
    )
    for code, full in ((errno.ENOSPC, "le disque est plein"), (errno.EDQUOT, "votre quota")):
        write_notebook(project / "notebooks" / "05_plein.ipynb", f"raise OSError({code}, 'x', 'y')")
        with pytest.raises(FpiError, match=rf"^{full}"):
            make(project, names=["05_plein"])
    panne = r"notebook 04_panne\.ipynb, cellule 5 : ZeroDivisionError"
    with pytest.raises(FpiError, match=panne) as fails:
        make(project, names=["04_panne"])
    assert content(report.folder) == before
    assert files_around(report) == [swap.LOCK, "2022", "2022.journal.jsonl"]
    first, *lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"paquets", "entrees", "parametres"} <= set(first)
    assert [line["quoi"] for line in lines[known - 1 :]].count("refus") == 4
    (fault,) = (line for line in lines if line["quoi"] == "trace")
    assert (fault["cellule"], fault["erreur"]) == (5, "ZeroDivisionError")
    assert "division by zero" not in log.read_text()  # a message may quote data
    assert "colonne « uai » absente" not in log.read_text()
    details = Journal(report.folder).details
    assert "1 / x" in details.read_text()
    assert "division by zero" in details.read_text()
    assert details.parent.stat().st_mode & 0o077 == 0
    assert str(details) in str(fails.value)
    assert {"debut", "notebook", "etape", "fin"} <= {line["quoi"] for line in (first, *lines)}


def test_a_kernel_that_cannot_start_is_a_sentence(tmp_path, monkeypatch):
    """On a full disk, a kernel dies before it answers."""

    def dies(*_, **__):
        raise RuntimeError("Kernel died before replying to kernel_info")

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "places.csv").write_text("uai\n")
    write_notebook(tmp_path / "notebooks" / "01_donnees.ipynb")
    monkeypatch.setattr(execution.papermill, "execute_notebook", dies)
    with pytest.raises(FpiError, match="mémoire ou disque plein"):
        make(tmp_path, names=("01_donnees",), parameters={"rentree": 2022})


def test_an_undeclared_parameter_is_refused_before_anything_runs(report, project):
    before = content(report.folder)
    with pytest.raises(FpiError, match=r"01_donnees.ipynb : .*« rentre ».*dire « rentree »"):
        make(project, parameters={"rentre": 2022})
    assert content(report.folder) == before


def test_a_parameter_of_another_type_is_refused(project):
    info = inspect(project / "notebooks" / "01_donnees.ipynb")
    check_parameters(info, {"rentree": 2022})
    with pytest.raises(FpiError, match="« rentree » vaut '2022'"):
        check_parameters(info, {"rentree": "2022"})
    with pytest.raises(FpiError, match="« rentree » vaut True"):
        check_parameters(info, {"rentree": True})


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_interrupted_run_leaves_the_earlier_report_and_no_half_folder(tmp_path, stopped_by):
    target = tmp_path / "2022"
    target.mkdir()
    (target / "index.html").write_text("bon")

    def fill():
        with replaced(target) as folder:
            (folder / "index.html").write_text("moitié")
            raise stopped_by

    with pytest.raises(stopped_by):
        fill()
    assert content(tmp_path) == {"2022/index.html": b"bon"}


def test_an_interruption_between_the_two_renames_puts_the_earlier_report_back(
    tmp_path, monkeypatch
):
    target = tmp_path / "2022"
    target.mkdir()
    (target / "index.html").write_text("bon")
    calls = []
    monkeypatch.setattr(swap, "_exchanged", lambda *_: False)  # a system that cannot exchange

    def rename(source, destination, real=os.rename):
        calls.append(source)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(source, destination)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(KeyboardInterrupt), replaced(target) as folder:
        (folder / "index.html").write_text("nouveau")
    assert content(tmp_path) == {"2022/index.html": b"bon"}


KILLED = """
import os, signal, sys
from pathlib import Path
from fpi_eval.report.runner import swap
target = Path(sys.argv[1])
if sys.argv[2] == "renaming":
    swap._exchanged = lambda *_: False
    rename = os.rename
    def once(a, b):
        rename(a, b)
        os.kill(os.getpid(), signal.SIGKILL)
    os.rename = once
with swap.replaced(target) as folder:
    (folder / "index.html").write_text("nouveau")
    if sys.argv[2] == "filling":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="système sans SIGKILL")
@pytest.mark.parametrize("year", ["2022", "2023"], ids=["the same", "of another year"])
@pytest.mark.parametrize("moment", ["filling", "renaming"])
def test_the_next_run_mends_what_a_killed_one_left(tmp_path, moment, year):
    target = tmp_path / "2022"
    target.mkdir()
    (target / "index.html").write_text("bon")
    command = [sys.executable, "-c", KILLED, str(target), moment]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    if year != target.name:
        swap.recover_all(tmp_path / year)
    else:
        with pytest.raises(KeyError), replaced(target):
            raise KeyError
    assert content(tmp_path) == {"2022/index.html": b"bon"}
    assert [one.name for one in tmp_path.iterdir()] == ["2022"]


@pytest.mark.skipif(sys.platform == "win32", reason="liens")
def test_a_report_behind_a_link_is_replaced_where_it_lies(tmp_path):
    published = tmp_path / "site" / "courant"
    published.mkdir(parents=True)
    (published / "index.html").write_text("bon")
    (tmp_path / "2022").symlink_to(published)
    with replaced(tmp_path / "2022") as folder:
        (folder / "index.html").write_text("nouveau")
    assert (tmp_path / "2022").is_symlink()
    assert content(tmp_path / "site") == {"courant/index.html": b"nouveau"}


@pytest.mark.skipif(sys.platform != "linux", reason="échange en une étape : Linux")
def test_the_report_is_exchanged_in_one_step_so_that_it_is_never_absent(tmp_path, monkeypatch):
    target = tmp_path / "2022"
    target.mkdir()
    (target / "index.html").write_text("bon")
    monkeypatch.setattr(os, "rename", lambda *_: pytest.fail("deux étapes"))
    with replaced(target) as folder:
        (folder / "index.html").write_text("nouveau")
    assert content(tmp_path) == {"2022/index.html": b"nouveau"}


@pytest.mark.skipif(sys.platform != "linux", reason="échange en un pas : Linux")
def test_the_front_page_is_there_at_every_instant_of_two_hundred_exchanges(tmp_path):
    target = tmp_path / "2022"
    seen, done = [], threading.Event()

    def read():
        while not done.is_set():
            seen.append((target / "index.html").read_text())

    with replaced(target) as folder:
        (folder / "index.html").write_text("0")
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        for number in range(1, 201):
            with replaced(target) as folder:
                (folder / "index.html").write_text(str(number))
        done.set()
        reader.result()  # raises what one reading missed
    assert len(seen) > 100
    assert list(map(int, seen)) == sorted(map(int, seen))


def test_an_input_that_changes_while_the_run_goes_on_leaves_the_earlier_report(report, project):
    before = content(report.folder)
    source = project / "data" / "places.csv"
    kept = source.read_bytes()

    def change(folder):
        source.write_bytes(kept + b"\n")
        return []

    with pytest.raises(FpiError, match=r"places\.csv : ce fichier a changé pendant le calcul"):
        make(project, names=["01_donnees"], extras=change)
    source.write_bytes(kept)
    assert content(report.folder) == before


def test_a_notebook_saved_while_the_run_goes_on_is_executed_as_it_was(project, tmp_path):
    page = write_notebook(tmp_path / "notebooks" / "02_places.ipynb", ("reponse", '"Trois."'))
    basis = manifest.Basis.of([page], {"rentree": 2022}, edition=EDITION, inputs={}, root=tmp_path)
    write_notebook(page, ("reponse", '"Quatre."'))
    made = run(
        [page], {"rentree": 2022}, tmp_path / "2022", edition=EDITION, basis=basis, root=tmp_path,
        progress=False,
    )  # fmt: skip
    executed = (made.folder / "02_places_simule.ipynb").read_text(encoding="utf-8")
    assert ("Trois." in executed, "Quatre." in executed) == (True, False)


OTHER = """
import sys
from pathlib import Path
from fpi_eval.report.runner import swap
with swap.no_other(Path(sys.argv[1])):
    print("pris", flush=True)
    sys.stdin.readline()
    Path(sys.argv[1]).mkdir()
    (Path(sys.argv[1]) / "publication.json").write_text("{}")
    (Path(sys.argv[1]) / "manifest.json").write_text('{"entrees": []}')
"""


@pytest.fixture
def another(tmp_path):
    """A programme of which another process makes the report of 2026, until it is told to end."""
    folder = tmp_path / "data" / "essai"
    shutil.copytree(ROOT / "data" / "fpi_aura", folder)
    target = target_of(load_programme(folder), 2026)
    command = [sys.executable, "-c", OTHER, str(target)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "pris\n"
        yield folder, target, process


@pytest.mark.parametrize("rentree", [2025, 2026])
def test_two_runs_of_a_programme_at_once_are_refused_of_one_year_or_not(
    another, tmp_path, monkeypatch, rentree
):
    folder, target, process = another
    monkeypatch.setattr(swap, "PATIENCE", 0)
    with pytest.raises(FpiError, match="un autre calcul"):
        yearly(folder, rentree, tmp_path)
    with pytest.raises(FpiError, match="un autre calcul"):
        run([], {}, target.with_name(str(rentree)), edition=EDITION)
    process.communicate("fini\n")
    assert target.is_dir()


def test_a_run_that_waited_for_another_knows_what_it_published(another, tmp_path):
    folder, _, process = another
    threading.Timer(0.3, partial(print, "fini", file=process.stdin, flush=True)).start()
    with pytest.raises(FpiError, match="il existe déjà un rapport pour 2026-2027"):
        yearly(folder, 2025, tmp_path)


def test_a_lock_that_cannot_be_taken_is_said_and_a_folder_that_cannot_be_written_needs_none(
    tmp_path, monkeypatch
):
    lock = tmp_path / swap.LOCK
    lock.mkdir()
    with (
        pytest.raises(FpiError, match="le verrou du programme ne peut pas"),
        swap.no_other(tmp_path / "2026"),
    ):
        pass
    monkeypatch.setattr(swap.os, "access", lambda *_: False)
    with swap.no_other(tmp_path / "2026"):
        assert lock.is_dir()


def test_two_reports_of_one_name_keep_their_details_apart(tmp_path):
    here, there = (Journal(tmp_path / one / "fpi_aura" / "2026").details for one in "ab")
    assert here != there
    assert Journal(tmp_path / "a" / "fpi_aura" / "2026").details == here


def test_a_programme_at_the_root_of_the_disk_has_a_place_for_its_reports():
    programme = SimpleNamespace(dossier=Path("/essai"), code="essai")
    assert target_of(programme, 2026) == Path("/reports/essai/2026")


def test_a_report_without_a_folder_of_files_names_none_in_its_parameters(tmp_path):
    given = {"programme": str(tmp_path / "essai"), "rentree": 2022, "donnees": ""}
    (tmp_path / "essai").mkdir()
    basis = manifest.Basis.of([], given, edition=EDITION, inputs={}, root=tmp_path)
    assert basis.parameters == {"programme": "essai", "rentree": 2022, "donnees": ""}


def test_a_file_or_a_folder_whose_name_is_no_text_is_named_and_refused(tmp_path):
    """As when an archive of an older system is unpacked."""
    (folder := tmp_path / "caf\udce9").mkdir()
    file, asked = {"individus/caf\udce9.csv": folder}, {"donnees": str(folder)}
    for inputs, given, name in ((file, {}, "individus/caf.csv"), ({}, asked, "caf")):
        with pytest.raises(FpiError, match=rf"^{name} : ce nom a des signes illisibles"):
            manifest.Basis.of([], given, edition=EDITION, inputs=inputs, root=tmp_path)
    assert Journal(folder / "2026").details


def test_a_report_in_english_stays_so_as_long_as_its_front_page_is_there(tmp_path, monkeypatch):
    folder = shutil.copytree(ROOT / "data" / "fpi_aura", tmp_path / "data" / "essai")
    (target := target_of(load_programme(folder), 2026)).mkdir(parents=True)
    made = "fpi_eval.report.runner.yearly._made"
    monkeypatch.setattr(made, lambda _, basis, *__, **___: basis.edition.langues)
    assert yearly(folder, 2026) == ()
    (target / "index_en.html").touch()
    assert yearly(folder, 2026) == yearly(folder, 2026, langues=("en",)) == ("en",)


def test_a_socket_is_named_by_a_file_only_if_the_system_holds_its_bytes(monkeypatch):
    monkeypatch.setattr(kernels, "forking", lambda: True)
    for letter, transport in (("e", "ipc"), ("é", "tcp")):
        manager = SimpleNamespace(connection_file=f"/tmp/{letter * 60}", transport="tcp")
        kernels.by_sockets(manager)
        assert manager.transport == transport


@pytest.mark.skipif(sys.platform == "win32", reason="comptes POSIX")
def test_an_account_without_a_home_has_its_paths_hidden_too(tmp_path, monkeypatch):
    def unknown(_):
        raise KeyError

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert manifest.shown_paths({}, tmp_path)[str(tmp_path)] == "."


def test_a_folder_that_is_a_link_is_hidden_under_both_its_names(tmp_path, monkeypatch):
    (link := tmp_path / "lien").symlink_to(place := tmp_path / "disque")
    monkeypatch.setattr(manifest.tempfile, "gettempdir", lambda: str(link))
    shown = manifest.shown_paths({}, tmp_path / "projet")
    assert shown[str(link)] == shown[str(place)] == "[tmp]"


INTERRUPTED = """
import sys
from pathlib import Path
from fpi_eval.report.edition import Edition
from fpi_eval.report.runner.run import run
root = Path(sys.argv[1])
run([root / "notebooks" / "05_lent.ipynb"], {"rentree": 2022}, root / "reports/fpi_aura/2022",
    edition=Edition("fpi_aura", "T", 2022, simulated=True), root=root)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signaux POSIX")
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_a_stopped_run_stops_its_kernels_and_leaves_the_earlier_report(report, project, how):
    write_notebook(
        project / "notebooks" / "05_lent.ipynb",
        'import os, time\nfrom pathlib import Path\nPath("noyau").write_text(str(os.getpid()))',
        "time.sleep(600)",
    )
    before = content(report.folder)
    kernel = project / "noyau"
    kernel.unlink(missing_ok=True)
    command = [sys.executable, "-c", INTERRUPTED, str(project)]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's `&` has it ignored
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        preexec_fn=heard,
    )
    wait_until(lambda: kernel.exists() and kernel.read_text())
    process.send_signal(getattr(signal, how))
    assert process.wait(timeout=30) != 0
    assert content(report.folder) == before
    wait_until(lambda: not alive(int(kernel.read_text())))
    if how == "SIGINT":
        assert files_around(report) == [swap.LOCK, "2022", "2022.journal.jsonl"]


def wait_until(done, seconds=40):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "trop long"
        time.sleep(0.1)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_path_is_hidden_in_the_cell_that_papermill_writes_too(tmp_path):
    from papermill.translators import PythonTranslator

    where = str(tmp_path / 'dossier "é"\nà' / "data")
    cell = nbformat.v4.new_code_cell(PythonTranslator.codify({"donnees": where}))
    made = clean(nbformat.v4.new_notebook(cells=[cell]), {where: "data"})
    assert made.cells[0].source.splitlines()[-1] == 'donnees = "data"'


def test_cleaning_a_large_image_takes_no_longer_than_reading_it():
    from fpi_eval.report.runner.clean import _hide, _pattern

    image = "data:image/png;base64," + "A" * 2_000_000
    paths = {"/un/dossier": "."}
    assert _hide(f"<img src='{image}'> /un/dossier/a", _pattern(paths), paths).endswith("./a")


def test_one_notebook_changed_is_the_only_one_executed(report, project, monkeypatch, capsys):
    page = project / "notebooks" / "02_places.ipynb"
    kept, before = page.read_bytes(), content(report.folder)
    write_notebook(page, ("reponse", '"Quatre places."'))
    changed = make(project, progress=True)
    told = capsys.readouterr().err
    assert "Repris tels quels : 01_donnees.ipynb." in told
    assert "01_donnees : commencé" not in told
    assert "02_places : commencé" in told
    after = content(changed.folder)
    assert after["01_donnees_simule.ipynb"] == before["01_donnees_simule.ipynb"]
    assert b"Quatre places." in after["02_places_simule.html"]
    page.write_bytes(kept)
    make(project)
    assert content(report.folder) == before


def test_every_file_of_the_library_but_a_licence_makes_a_report_again_when_it_changes():
    files = [p for p in manifest.PACKAGE.rglob("*") if p.is_file() and p.suffix != ".pyc"]
    others = {path.name for path in files if path.suffix not in manifest.SOURCE_SUFFIXES}
    assert others == {"LICENCE.md"}


def test_a_translation_corrected_makes_the_notebooks_again_that_keep_it(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "PACKAGE", tmp_path)
    catalogue, hashed = tmp_path / "mots.po", manifest.data_hash.__wrapped__
    catalogue.write_text("seat")
    before = hashed()
    catalogue.write_text("place")
    assert hashed() != before
    (tmp_path / ".#mots.po").symlink_to("untel@poste")  # Emacs's, while the file is edited
    assert hashed() != before


def test_a_module_changed_touches_the_notebooks_that_reach_it(project, report):
    code = "import fpi_eval as fpi\nfrom fpi_eval.report.pages import places\n"
    mine = manifest.code_reached(code + "annee = fpi.load('fpi_aura', 2022)")
    assert mine == manifest.code_reached(code + "annee = fpi.load('atcf', 2022)")
    assert mine != manifest.code_reached(code + "fpi.load\nfpi.power.placement")
    assert mine != manifest.code_reached(code + "fpi.load\nimport fpi_eval.checks")
    assert mine != manifest.code_reached(code.replace("places", "couts") + "fpi.load")


@pytest.mark.parametrize(
    "line", ["import fpi_eval, os", "import fpi_eval; import os", "!ls", "%run x.py", "open(nom)"]
)
def test_what_reads_files_without_the_library_is_known(line):
    assert execution.OTHER.search(f"x = 1\n{line}")
    assert not execution.OTHER.search("import fpi_eval as fpi\nfrom fpi_eval import impact")


def test_one_file_changed_runs_again_the_notebooks_that_used_it(tmp_path, capsys):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    programme = load_programme(tmp_path / "data" / "fpi_aura")
    unread = shutil.ignore_patterns("inserjeunes", "parcoursup", "resultats", "urssaf", "dares")
    whole = simulated_folder(programme, 2022)
    shutil.copytree(whole, tmp_path / "fichiers", ignore=unread)  # no page here asks for the rest
    begin = "import fpi_eval as fpi\nannee = fpi.load(programme, rentree, donnees)"
    asks = {
        "01_places": 'len(annee.donnees.table("affelnet"))',
        "02_bts": 'len(annee.donnees.table("parcoursup_bts"))',
        "03_alertes": "len(annee.donnees.alertes())",
        "04_seul": "import fpi_eval.text; import os\nlen(os.listdir(donnees))",
        "05_secteurs": "len(annee.secteurs)",
        "06_sans_annee": "from fpi_eval.panel.secteurs import of_programme\n"
        "len(of_programme(fpi.load_programme(programme)))",
    }
    for name, ask in asks.items():
        declared = f'programme = "{programme.dossier}"\nrentree = 2022\ndonnees = ""'
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        starts = begin.partition("\n")[0] if name == "06_sans_annee" else begin
        write_notebook(path, starts, ("reponse", ask), parameters=declared)

    def again() -> list[str]:
        yearly(programme.dossier, 2022, tmp_path / "fichiers")
        return re.findall(r"(\w+) : fini", capsys.readouterr().err)

    assert sorted(again()) == sorted(asks)
    changed = tmp_path / "fichiers" / programme.source("affelnet").fichier.format(rentree=2021)
    lines = changed.read_bytes().splitlines(keepends=True)
    changed.write_bytes(b"".join(lines[:-1]))
    unsaid = ["03_alertes", "04_seul", "06_sans_annee"]
    assert sorted(again()) == sorted(["01_places", *unsaid])
    sectors = Path(programme.dossier) / "secteurs.csv"
    sectors.write_bytes(sectors.read_bytes() + b"\n")
    assert sorted(again()) == sorted(["05_secteurs", *unsaid])
    assert again() == []


def test_working_folders_of_killed_runs_are_removed_and_those_in_use_are_kept(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(swap.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(swap.tempfile, "tempdir", str(tmp_path))
    left, young = tmp_path / f"{swap.SCRATCH}tue", tmp_path / f"{swap.SCRATCH}jeune"
    for folder in (left, young):
        folder.mkdir()
        (folder / "kernel.json").write_text("{}")
    with swap.scratch() as used:
        for folder in (left, used):
            os.utime(folder, (0, 0))
        swap.sweep()
        assert used.is_dir()
        assert young.is_dir()
        assert not left.exists()
    assert not used.exists()


def test_the_time_left_is_what_notebooks_took_the_last_time_on_these_processes(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(execution, "processes", lambda: 2)
    run = Execution({}, tmp_path, {}, {}, Journal(tmp_path / "2022"), Display())
    assert run.left() == 0
    run.expected = {"a": 20, "b": 6, "c": 6}
    run.began = {"a": time.monotonic() - 10, "b": time.monotonic() - 4}
    assert run.left() == 10  # a goes on longer than b and c share
    run.expected = {"b": 16, "c": 6}
    assert run.left() == 12
    run.ended = [(2, 5), (8, 15)]  # a machine twice as slow as the last time
    assert run.left() == 28


def test_finding_that_nothing_changed_imports_none_of_what_computes():
    code = (
        "import sys, fpi_eval.report.runner.yearly, fpi_eval.twin\n"
        "print(sorted({'pandera', 'scipy.stats', 'papermill', 'matplotlib'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "[]\n"


def test_what_another_core_computes_ahead_is_found_in_the_store(tmp_path, monkeypatch):
    monkeypatch.setenv("FPI_EVAL_CACHE", str(tmp_path))
    monkeypatch.setattr(fork_server, "cores", lambda: 2)
    fork_server.server()
    page = "<html><body><main><h1>Un</h1></main></body></html>"
    process = fork_server.ahead([(improve, page, EDITION)])
    assert process is not None
    process.wait(60)
    monkeypatch.setattr("bs4.BeautifulSoup.__init__", None)  # nothing is parsed any more
    assert '<h1 id="un">' in kept(improve, page, EDITION)
