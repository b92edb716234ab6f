"""One quantity has one value, with its field, in everything that a report gives to read."""

import json
import shutil

import pytest
from consistency import faults
from test_reader import ROOT, report  # noqa: F401 (the example, rendered once a file)

from fpi_eval.report.published.shown_quantities import sheet, shown_quantities, write_quantities
from fpi_eval.report.published.shown_tables import executed, tables_by_page
from fpi_eval.report.runner.extract import write_tables
from fpi_eval.workbook import write_workbook


@pytest.fixture(scope="module")
def whole(report):  # noqa: F811
    """The rendered example with its quantities, its tables and its workbook."""
    notebooks = executed(ROOT / "reports" / "exemple")
    found = shown_quantities(notebooks.values())
    write_quantities(report / "chiffres_simule.json", found)
    for name, notebook in notebooks.items():
        write_tables(report, name, notebook, "")
    write_workbook(
        report / "tableaux_simule.xlsx",
        [sheet(found)],
        title="Exemple",
        pages=tables_by_page(notebooks),
    )
    return report


def test_each_quantity_has_one_value_and_its_field_everywhere(whole):
    assert faults(whole) == []


@pytest.mark.parametrize(
    ("page", "was", "now", "fault"),
    [
        ("06", "</main>", "<p>Places ouvertes : 761 places.</p></main>", "vaut 761"),
        ("06", "</main>", "<img alt='Coût complet d’une place ouverte : 9 993 €'></main>", "9 993"),
        ("05", "</main>", "<p>Pour 100 places, 31 à 84 élèves.</p></main>", "31, 84"),
        ("02", "secondaire et supérieur, voie scolaire et apprentissage", "", "sans son champ"),
    ],
)
def test_a_second_value_or_a_lost_field_is_seen(whole, tmp_path, page, was, now, fault):
    folder = tmp_path / "rapport"
    folder.mkdir()
    shutil.copy(whole / "chiffres_simule.json", folder)
    path = next(whole.glob(f"{page}_*.html"))
    words = path.read_text(encoding="utf-8")
    assert was in words
    (folder / path.name).write_text(words.replace(was, now), encoding="utf-8")
    assert any(fault in one for one in faults(folder))


def test_a_column_whose_whole_is_another_value_is_seen(whole, tmp_path):
    kept = json.loads((whole / "chiffres_simule.json").read_text(encoding="utf-8"))
    value = next(q["value"] for q in kept["chiffres"] if q["key"] == "taux_realisation")
    shutil.copy(whole / "chiffres_simule.json", tmp_path)
    (tmp_path / "tables").mkdir()
    lines = f"Niveau;Filière;Taux de réalisation\nEnsemble;Ensemble;{value + 0.09}\n"
    (tmp_path / "tables" / "02_places_05_x.csv").write_text(lines, encoding="utf-8")
    assert any("en tout, et non" in one for one in faults(tmp_path))
