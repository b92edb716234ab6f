"""A programme that declares a larger smallest count: nothing smaller in anything it publishes."""

import csv
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import openpyxl
import pytest
from bs4 import BeautifulSoup

from fpi_eval.disclosure.shown import COUNTS
from fpi_eval.report.runner.yearly import yearly

ROOT = Path(__file__).parents[1]
LEAST = 10
SEATS = "suivi"  # its « réalisé » counts seats
#: Two chapters hold both kinds: counts of people, effects on few openings.
NOTEBOOKS = ("02_places", "03_diplomes", "04_insertion")
VERDICT = "fpi.checks.evaluated(annee.panel, resultat, annee.programme)"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """The report, in French and in English, of the delivered set under another threshold."""
    root = tmp_path_factory.mktemp("seuil")
    shutil.copytree(ROOT / "data" / "fpi_aura", root / "data" / "fpi_aura")
    (root / "notebooks").mkdir()
    for name in NOTEBOOKS:
        page = (ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
        page = page.replace(VERDICT, f"{VERDICT[:-1]}, draws=40)")  # it is not what is tried here
        (root / "notebooks" / f"{name}.ipynb").write_text(page, encoding="utf-8")
    path = root / "data" / "fpi_aura" / "programme.toml"
    words = path.read_text(encoding="utf-8")
    said = words.replace("effectif_minimum = 5", f"effectif_minimum = {LEAST}")
    assert said != words
    path.write_text(said, encoding="utf-8")
    return yearly(path.parent, 2026, progress=False, langues=("en",)).folder


def small(value: object) -> bool:
    """Return whether a cell is a count that this programme hides, and the default would not."""
    said = str(value).replace("\u202f", "")
    return said.isdigit() and 1 <= int(said) < LEAST


def test_no_sheet_nor_workbook_shows_a_smaller_count_of_people(made):
    columns = 0
    for path in sorted((made / "tables").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter=";"))
        told = COUNTS | ({"personnes", "realise"} - ({"realise"} if SEATS in path.name else set()))
        for name in told & set(rows[0] if rows else ()):
            columns += 1
            assert not [row[name] for row in rows if small(row[name])], f"{path.name} : {name}"
    assert columns > 5
    names = ("tableaux_simule.xlsx", "tableaux_en_simule.xlsx")
    books = [openpyxl.load_workbook(made / name, read_only=True) for name in names]
    marks = [[cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
             for book in books]  # fmt: skip
    numbers = [[c for c in cells if isinstance(c, int | float) or c == "s"] for cells in marks]
    assert numbers[0] == numbers[1]
    assert numbers[0].count("s") > 100


def test_no_quantity_counts_fewer_people_nor_effect_rests_on_fewer_openings(made):
    found = json.loads((made / "chiffres_simule.json").read_text(encoding="utf-8"))["chiffres"]
    people = [one["value"] for one in found if one["unit"] == "personnes" and one["value"]]
    assert people
    assert min(people) >= LEAST
    choices = list((made / "tables").glob("03*choix-de-methode*.csv"))
    assert "seul;" not in choices[0].read_text(encoding="utf-8-sig")
    [groups] = (made / "tables").glob("04*groupe-par-groupe*.csv")
    splits = {row.split(";")[0] for row in groups.read_text("utf-8-sig").splitlines()[1:]}
    assert splits == {"Tension du métier visé"}  # the one split of ten openings or more each


def test_the_english_page_tells_no_number_that_the_french_one_does_not(made):
    told = []
    for name in ("equite_simule.html", "equite_en_simule.html"):
        html = BeautifulSoup((made / name).read_text("utf-8"), "html.parser")
        cells = [cell.get_text(strip=True) for cell in html.select("tbody td")]
        told.append([re.sub(r"[^0-9]", "", cell) for cell in cells if re.search(r"\d", cell)])
    assert not Counter(told[1]) - Counter(told[0])
    assert len(told[1]) > 5
