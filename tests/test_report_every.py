"""The page that lists the project's reports names each, and says which ones are simulated."""

import json
import shutil
from dataclasses import replace
from datetime import date

import pytest
from bs4 import BeautifulSoup

from fpi_eval.errors import FpiError
from fpi_eval.headline.quantity import COUNTED, ESTIMATED, Headline, Quantity, Scope
from fpi_eval.report.published.shown_quantities import read_quantities, write_quantities
from fpi_eval.report.runner import every_report
from fpi_eval.text import BANNER


def number(key, value, unit="places"):
    return Quantity(key, key, unit, COUNTED, Scope(), "registre", date(2027, 1, 31), value)


def report(folder, year, *, simulated, code="essai"):
    """Write what a report leaves: its front page, its manifest, its numbers."""
    place = folder / code / str(year)
    place.mkdir(parents=True)
    (place / "index.html").write_text("une")
    said = {"titre": "Essai <1>", "annee_scolaire": f"{year}-{year + 1}"}
    said["donnees"] = "simulées" if simulated else "réelles"
    (place / "manifest.json").write_text(json.dumps(said))
    found = Headline(
        (number("places_ouvertes", 760), number("places_prevues", 831)), {"verdict": "solide"}
    )
    return write_quantities(place / f"chiffres{'_simule' * simulated}.json", found)


def listed(folder):
    return BeautifulSoup(every_report.write(folder).read_text("utf-8"), "html.parser")


def test_every_report_is_listed_the_latest_first_with_its_data_and_its_proof(tmp_path):
    report(tmp_path, 2025, simulated=False)
    report(tmp_path, 2026, simulated=True)
    (tmp_path / "essai" / "2024").mkdir()  # not a report
    aside = tmp_path / "essai" / ".2026.precedent"  # while another report takes its place
    shutil.copytree(tmp_path / "essai" / "2026", aside)
    page = listed(tmp_path)
    rows = [
        [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])]
        for row in page.select("tbody tr")
    ]
    assert rows == [
        ["2026-2027", "simulées", "solide", "760 sur 831", "n. d.", "n. d."],
        ["2025-2026", "réelles", "solide", "760 sur 831", "n. d.", "n. d."],
    ]
    assert [a["href"] for a in page.select("tbody a")] == [
        "essai/2026/index.html",
        "essai/2025/index.html",
    ]
    assert page.h2.string == "Essai <1>"
    assert BANNER not in page.get_text()
    assert page.html["lang"] == "fr"
    assert all(th["scope"] for th in page.find_all("th"))
    assert page.table["aria-labelledby"] == page.h2["id"]


def test_programmes_of_one_title_are_told_apart_and_a_foreign_manifest_is_no_report(tmp_path):
    report(tmp_path, 2025, simulated=False)
    report(tmp_path, 2026, simulated=False, code="autre")
    foreign = report(tmp_path, 2026, simulated=False, code="ailleurs").parent
    (foreign / "manifest.json").write_text(json.dumps({"name": "site"}))
    assert [one.string for one in listed(tmp_path).select("h2")] == [
        "Essai <1> (autre)",
        "Essai <1> (essai)",
    ]


def test_an_effect_is_listed_as_the_first_page_tells_it():
    def told(verdict):
        said = {"unit": "élèves de plus", "nature": ESTIMATED, "low": 10.0, "high": 86.0}
        effect = replace(number("effet_net", 48.0), level=0.95, **said)
        return list(every_report._shown(Headline((effect,), {"verdict": verdict})))[-1]

    assert told("solide") == "50 élèves de plus (entre 10 et 85)"
    assert told("non concluant") == "trop incertain : entre 10 et 85 élèves de plus"


def test_a_list_of_simulated_reports_says_so_at_its_head_and_an_empty_one_what_to_do(tmp_path):
    assert "Aucun rapport" in listed(tmp_path).get_text()
    kept = report(tmp_path, 2026, simulated=True)
    assert listed(tmp_path).select(".bandeau")[0].get_text(strip=True) == BANNER
    kept.write_text("{}")
    assert [td.string for td in listed(tmp_path).select("td")][1:] == ["n. d."] * 4
    with pytest.raises(FpiError, match="run 2026 --refaire"):
        read_quantities(kept)


def test_before_its_first_school_year_a_programme_has_none_yet(tmp_path):
    kept = report(tmp_path, 2023, simulated=False)
    write_quantities(kept, Headline((), {"rentree": "2023", "debut": "2024"}))
    page = listed(tmp_path)
    assert [td.string for td in page.select("td")] == ["réelles", *["aucune encore"] * 3, "n. d."]
    assert "l’effet" in page.get_text()
    assert "«\u00a0non concluant\u00a0»" in page.get_text()
