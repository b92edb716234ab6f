"""A result is computed once, and again as soon as anything that it depends on changes."""

import ast
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fpi_eval import store, traced, versions
from fpi_eval.panel import CellPanel
from fpi_eval.panel.loading import Donnees
from fpi_eval.panel.year import Year
from fpi_eval.programme import load_programme

TABLE = pd.DataFrame(
    {
        "uai": ["0690001A", None],
        "places": [12.0, np.nan],
        "filiere": pd.Series(["a", 1], dtype="O"),
        "rentree": pd.Series([2024, (2024, 2025)], dtype="O"),
    }  # cells of years, and of their sums
)
ONE_OF_TWO = """
import sys, time
from pathlib import Path
from fpi_eval import store

def slow(path):
    with Path(path).open("a") as file:
        file.write("x")
    time.sleep(0.5)
    return 41

slow.__module__ = "fpi_eval.text"
print(store.kept(slow, sys.argv[1]))
"""


@contextmanager
def changed_version(package, monkeypatch):
    """Have another version of a package installed, within."""
    version, clear = metadata.version, versions.package_versions.cache_clear
    with monkeypatch.context() as patch:
        patch.setattr(metadata, "version", lambda name: "0" if name == package else version(name))
        clear()
        yield
    clear()


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """A function of a small library in files, and how often it was called."""
    package = tmp_path / "fpi_eval"
    (package / "calculs").mkdir(parents=True)
    (package / "__init__.py").write_text("from fpi_eval.page import titre")
    (package / "calculs" / "__init__.py").write_text("import_module(f)")
    (package / "calculs" / "somme.py").write_text("from fpi_eval.calculs import trouvee")
    (package / "calculs" / "reste.py").write_text("from fpi_eval.nombres import (\n    un,\n)")
    (package / "nombres.py").write_text("un = 1")
    (package / "page.py").write_text("titre = 'Places'")
    for file in package.rglob("*.py"):
        os.utime(file, (0, 0))
    monkeypatch.setattr(store, "PACKAGE", package)
    monkeypatch.setenv("FPI_EVAL_CACHE", str(tmp_path / "cache"))
    calls = []

    def somme(panel, outcome="places", *, draws=200):
        calls.append(draws)
        if draws < 0:
            raise ValueError("draws")
        return CellPanel.of(panel).table[[outcome]].sum()

    somme.__module__ = "fpi_eval.calculs.somme"
    return somme, calls


def test_the_same_content_is_computed_once_whatever_holds_it(counted):
    somme, calls = counted
    found = store.kept(somme, TABLE)
    again = store.kept(somme, TABLE[list(TABLE)].copy(), draws=200)
    assert len(calls) == 1
    pd.testing.assert_series_equal(found, again)


@pytest.mark.parametrize(
    "panel",
    [
        TABLE.assign(places=[12.0, 0.0]), TABLE.rename(columns={"uai": "nom"}), TABLE[::-1],
        TABLE.astype({"filiere": "str"}), TABLE.set_index(pd.Index([5, 6])), CellPanel(TABLE),
    ],
    ids=["value", "name", "order", "type", "index", "kind"],
)  # fmt: skip
def test_another_table_is_another_result(counted, panel):
    somme, calls = counted
    store.kept(somme, TABLE)
    store.kept(somme, panel)
    assert len(calls) == 2


def test_another_argument_or_fact_or_version_is_another_result(counted, monkeypatch):
    somme, calls = counted
    panel = CellPanel(TABLE)
    store.kept(somme, panel)
    store.kept(somme, panel, draws=8)
    store.kept(somme, replace(panel, pooled=True))
    with changed_version("duckdb", monkeypatch):
        store.kept(somme, panel)
    assert len(calls) == 4


@pytest.mark.parametrize("installed", [True, False])
def test_every_package_that_computes_is_named_installed_or_run_from_a_checkout(
    installed, monkeypatch
):
    versions.package_versions.cache_clear()
    if not installed:
        monkeypatch.setattr(metadata, "requires", lambda name: metadata.distribution("absent"))
    found = versions.package_versions()
    versions.package_versions.cache_clear()
    needed = {"pandas", "openpyxl", "babel", "matplotlib", "duckdb", "ibis-framework", "pyreadstat"}
    assert needed <= set(found)
    assert not {"pytest", "ruff", "sphinx"} & set(found)


@pytest.mark.parametrize(
    ("changed", "computed"),
    [("calculs/somme.py", 2), ("nombres.py", 2), ("calculs/__init__.py", 2), ("page.py", 1)],
)
def test_only_what_a_source_serves_is_computed_again(counted, changed, computed):
    somme, calls = counted
    store.kept(somme, TABLE)
    file = store.PACKAGE / changed
    file.write_text(file.read_text() + "\n# autrement")
    os.utime(file, (0, 0))
    store.kept(somme, TABLE)
    store.kept(somme, TABLE)
    assert len(calls) == computed


def test_a_source_edited_since_the_process_began_serves_this_process_only(counted, monkeypatch):
    somme, calls = counted
    (store.PACKAGE / "nombres.py").write_text("un = 2")
    store.kept(somme, TABLE)
    store.kept(somme, TABLE)
    monkeypatch.setattr(store.os, "getpid", lambda: -1)
    store.kept(somme, TABLE)
    assert len(calls) == 2


def test_hidden_files_that_editors_and_disks_leave_are_no_sources(counted):
    somme, calls = counted
    store.kept(somme, TABLE)
    (store.PACKAGE / "._nombres.py").write_bytes(b"\x00\x05\x16\x07\xff")  # macOS, foreign disks
    (store.PACKAGE / ".#nombres.py").symlink_to("untel@poste")  # Emacs, while the file is edited
    store.kept(somme, TABLE)
    assert len(calls) == 1


EVALUATION, PANEL, BOOK = "checks.evaluation", "panel.from_files", "report.published.book"


@pytest.mark.parametrize(
    ("made", "file", "changes"),
    [(EVALUATION, "impact/j.py", True), (EVALUATION, "regression/linear.py", True),
     (EVALUATION, "panel/cells.py", True), (EVALUATION, "checks/drift.py", True),
     (EVALUATION, "report/pages/diplomes.py", False), (EVALUATION, "costs/unit.py", False),
     (PANEL, "panel/cells.py", True), (PANEL, "sources/reading/reading.py", True),
     (PANEL, "impact/j.py", False), (PANEL, "report/published/people.py", False),
     (BOOK, "disclosure/suppress.py", True), (BOOK, "report/published/people.py", True),
     (BOOK, "report/pages/diplomes.py", False), (BOOK, "report/runner/html.py", False)],
)  # fmt: skip
def test_what_is_kept_depends_on_the_modules_that_make_it(tmp_path, made, file, changes):
    copy = tmp_path / "fpi_eval"
    shutil.copytree(store.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = store._code(f"fpi_eval.{made}", files=store._files(copy))
    with (copy / file).open("a") as source:
        source.write("# autrement\n")
    os.utime(copy / file, (0, 0))
    assert (store._code(f"fpi_eval.{made}", files=store._files(copy)) != before) == changes


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "absent", "foreign"])
def test_a_damaged_entry_or_anothers_is_made_again(counted, tmp_path, damage, monkeypatch):
    somme, calls = counted
    whole = store.kept(somme, TABLE)
    (entry,) = (p for p in (tmp_path / "cache" / "resultats").iterdir() if not p.suffix)
    content = entry.read_bytes()
    if damage == "absent":
        entry.unlink()
    elif damage == "foreign":
        monkeypatch.setattr(store.os, "getuid", lambda: -1)
    else:
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        entry.write_bytes({"flip": flipped, "cut": content[:middle], "empty": b""}[damage])
    pd.testing.assert_series_equal(whole, store.kept(somme, TABLE))
    assert len(calls) == 2
    monkeypatch.undo()


def test_what_is_refused_is_not_kept_and_a_folder_that_cannot_be_written_is_no_fault(
    counted, tmp_path, monkeypatch
):
    somme, calls = counted
    for _ in range(2):
        with pytest.raises(ValueError, match="draws"):
            store.kept(somme, TABLE, draws=-1)
    (tmp_path / "fichier").write_text("un fichier, pas un dossier")
    monkeypatch.setenv("FPI_EVAL_CACHE", str(tmp_path / "fichier"))
    assert store.kept(somme, TABLE)["places"] == 12
    assert len(calls) == 3


def test_what_is_read_longest_ago_goes_first(counted, tmp_path, monkeypatch):
    somme, calls = counted
    folder = tmp_path / "cache" / "resultats"
    for draws in (1, 2):
        store.kept(somme, TABLE, draws=draws)
    for age, entry in enumerate(sorted(folder.iterdir(), key=lambda p: p.stat().st_mtime_ns)):
        os.utime(entry, (age, age))
    store.kept(somme, TABLE, draws=1)  # read again: 2 is now the oldest
    size = sum(p.stat().st_size for p in folder.iterdir())
    monkeypatch.setattr(store, "LARGEST", size)
    for draws in (3, 1, 2):
        store.kept(somme, TABLE, draws=draws)
    assert calls == [1, 2, 3, 2]
    assert sum(p.stat().st_size for p in folder.iterdir()) <= size


def test_the_folder_is_swept_once_for_many_small_entries(counted, monkeypatch):
    somme, calls = counted
    swept = []
    list_of = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: swept.append(self) or list_of(self))
    for draws in range(4):
        store.kept(somme, TABLE, draws=draws)
    assert len(calls) == 4
    assert len(swept) == 1


def test_what_can_be_kept_is_named_by_content_or_refused(counted):
    somme, _ = counted
    programme = load_programme("fpi_aura")
    assert store._content((np.int64(3), 0.5)) == store._content([np.int64(3), 0.5])
    assert store._content(programme) == store._content(load_programme("fpi_aura"))
    assert store._content(programme) != store._content(programme.model_copy(update={"graine": 1}))
    moved = programme.model_copy(update={"dossier": Path("/ailleurs")})
    assert store._content(programme) == store._content(moved)  # its files are named by content
    with pytest.raises(TypeError, match="content"):
        store.kept(somme, object())
    with pytest.raises(TypeError, match="is not of"):
        store.kept(test_what_can_be_kept_is_named_by_content_or_refused, 1)


def test_two_processes_at_once_compute_once(tmp_path):
    calls = tmp_path / "appels"
    here = {**os.environ, "FPI_EVAL_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", ONE_OF_TWO, str(calls)]
    both = [subprocess.Popen(command, env=here, stdout=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[0].split() for process in both] == [[b"41"], [b"41"]]
    assert calls.read_text() == "x"


def test_the_files_used_are_noted_again_when_what_they_made_is_read(counted, tmp_path, monkeypatch):
    lus = tmp_path / "lus"

    def places(draws):
        traced.note(["affelnet.csv", "filieres.csv"])
        return draws

    def twice():
        return 2 * store.kept(places, 1)

    places.__module__ = twice.__module__ = "fpi_eval.calculs.somme"
    for _ in range(2):
        store.kept(twice)
    monkeypatch.setenv(traced.VARIABLE, str(lus))
    assert store.kept(twice) == 2
    assert set(lus.read_text().split()) == {"affelnet.csv", "filieres.csv"}


def test_a_year_is_named_by_its_files_whatever_was_read_of_it(counted):
    _, calls = counted

    def places(year):
        calls.append(1)
        return year.rentree

    places.__module__ = "fpi_eval.calculs.somme"
    year = Year(Donnees(load_programme("fpi_aura"), 2026, Path(), True, {}, None, None))
    file = store.PACKAGE / "affelnet.csv"
    for content in ("a", "a", "b"):
        file.write_text(content)
        found = replace(year.donnees, fichiers={"affelnet.csv": file})
        assert Year(found).kept(places) == 2026
    Year(replace(year.donnees, rentree=2025)).kept(places)
    assert len(calls) == 3


def test_forgotten_results_are_computed_again(counted):
    somme, calls = counted
    store.kept(somme, TABLE)
    store.forget()
    store.kept(somme, TABLE)
    assert len(calls) == 2


def test_what_is_remembered_of_a_year_is_not_remembered_of_every_year():
    """A process makes many reports: a cache without bounds would hold the tables of all of them."""
    found = []
    for path in sorted(Path(store.__file__).parent.rglob("*.py")):
        for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(one, ast.FunctionDef) and one.args.args:
                kind = ast.unparse(one.args.args[0].annotation or ast.Constant(""))
                marks = {ast.unparse(mark) for mark in one.decorator_list}
                if kind in ("Year", "Panels", "Donnees") and marks & {"cache", "lru_cache"}:
                    found.append(f"{path.name}:{one.name}")
    assert found == []
