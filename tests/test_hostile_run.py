"""A whole run in a folder, of a programme and from files whose every name is hostile."""

import csv as standard
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import nbformat
import openpyxl
import pytest
from bs4 import BeautifulSoup
from hostile import ELEMENT, HOSTILE, markup
from notebooks_minuscules import content

from fpi_eval import escapes, twin

ROOT = Path(__file__).parents[1]
FOLDER = "été d'Ariège « 1 » <b>\n$(id) `id` & ..suite"
BAD = f"<{ELEMENT} onclick=alert(1)>\"'&amp; $x_1$ =1+1 [rouge] {{{{ 7*7 }}}} \\input{{x}} #read"
PROGRAMME, DATA = "ré d'<i>", "fichiers d'ici"
HERE = {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
ELSEWHERE = {"PYTHONHASHSEED": "77", "TZ": "Pacific/Auckland", "LC_ALL": "C",
             "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}  # fmt: skip
#: Two chapters are enough: all go through the same ways out.
NOTEBOOKS = ("01_donnees", "02_places")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The report of the hostile project, and what the command said."""
    root = tmp_path_factory.mktemp("hostile") / FOLDER
    return report(hostile_project(root, NOTEBOOKS), HERE)


def hostile_project(root: Path, notebooks: tuple[str, ...]) -> Path:
    """Return a folder whose programme and files have hostile names and labels."""
    programme = root / "data" / PROGRAMME
    shutil.copytree(ROOT / "data" / "fpi_aura", programme)
    (root / "notebooks").mkdir()
    for name in notebooks:
        shutil.copy2(ROOT / "notebooks" / f"{name}.ipynb", root / "notebooks")
    path = programme / "programme.toml"
    words = path.read_text(encoding="utf-8")
    bad = lambda found: f"{found[1]} = {escapes.toml(f'{BAD} {found.start()}')}"  # noqa: E731
    words = re.sub(r"^(titre|region|libelle) = .*$", bad, words, flags=re.M)
    words = re.sub(r"^(nom) = .*$", bad, words, count=1, flags=re.M)
    path.write_text(words, encoding="utf-8")
    twin.write_files(twin.draw(twin.SMALL, 7), root / DATA, years=range(2025, 2027))
    hostile_labels(root / DATA)
    return root


def report(root: Path, machine: dict[str, str]) -> tuple[Path, str]:
    """Return the folder of the report that the command makes there, and what it said."""
    command = [sys.executable, "-m", "fpi_eval", "run", "2026", "--programme",
               str(root / "data" / PROGRAMME), "--donnees", str(root / DATA)]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": "1795478400", **machine}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return root / "reports" / PROGRAMME / "2026", done.stdout + done.stderr


def hostile_labels(folder: Path) -> None:
    """Put hostile words after the names of establishments and courses in every file."""
    for path in sorted(folder.rglob("*.csv")):
        if {"nomenclatures", "geographie"} & set(path.parts):  # codes are found by their names
            continue
        rows = list(standard.reader(path.read_text("utf-8-sig").splitlines(), delimiter=";"))
        heads = [name.lower() for name in rows[0]]
        places = [
            k
            for k, name in enumerate(heads)
            if re.search("libell|nom_|patronyme|[ée]tablissement$", name)
            and not re.search("uai|code|region|acad|depart|diplom", name)
        ]
        for number, row in enumerate(rows[1:]):
            for k in places:
                if k < len(row) and row[k]:
                    row[k] += " " + HOSTILE[number % len(HOSTILE)]
        with path.open("w", encoding="utf-8", newline="") as stream:
            standard.writer(stream, delimiter=";").writerows(rows)


def test_no_page_nor_output_of_a_notebook_holds_markup_of_theirs(made):
    folder, _ = made
    pages = [path.read_text(encoding="utf-8") for path in folder.glob("*.html")]
    shown = [
        "".join(output["data"]["text/html"])
        for path in folder.glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    assert len(pages) > 3
    assert len(shown) > 5
    for html in (*pages, *shown, (folder.parents[1] / "index.html").read_text(encoding="utf-8")):
        assert not markup(html)
    assert any("7*7" in page and f"&lt;{ELEMENT}" in page for page in pages)
    listed = (folder.parents[1] / "index.html").read_text(encoding="utf-8")
    for link in BeautifulSoup(listed, "html.parser").select("main a"):
        assert (folder.parents[1] / unquote(str(link["href"]))).is_file()


def test_no_cell_of_a_workbook_or_a_csv_file_runs(made):
    folder, _ = made
    for path in folder.glob("*.xlsx"):
        cells = [c for s in openpyxl.load_workbook(path) for row in s.iter_rows() for c in row]
        assert len(cells) > 100
        assert not [cell for cell in cells if cell.data_type == "f"]
    for path in (folder / "tables").glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for cell in (c for row in standard.reader(stream, delimiter=";") for c in row):
                number = re.fullmatch(r"[-+]?[\d,]+(e[-+]?\d+)?", cell)
                assert number or not escapes.is_formula(cell), (path.name, cell)


def test_the_terminal_the_manifest_and_the_documents_are_whole(made):
    folder, said = made
    assert not escapes.CONTROL.search(said)
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["titre"].startswith("<")
    assert len(list(folder.glob("*.pdf"))) == 3
    journal = folder.with_name("2026.journal.jsonl").read_text("utf-8").splitlines()
    assert json.loads(journal[-1])["quoi"] == "fin"


def test_another_machine_gives_the_same_bytes(made, tmp_path):
    """Hash seed, time zone, locale, threads, folder, empty cache: the journal alone may differ."""
    folder, _ = made
    root = tmp_path / "ailleurs"
    shutil.copytree(folder.parents[2], root, ignore=shutil.ignore_patterns("reports"))
    again, _ = report(root, ELSEWHERE | {"FPI_EVAL_CACHE": str(tmp_path / "cache")})
    was, now = content(folder), content(again)
    assert sorted(was) == sorted(now)
    assert [name for name in was if was[name] != now[name]] == []
