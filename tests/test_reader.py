"""A reader of the example report trips on nothing; the linter sees what it is there for."""

import shutil
from pathlib import Path

import pytest
from reader import findings

from fpi_eval.report.edition import Edition
from fpi_eval.report.runner import html
from fpi_eval.report.runner.notebooks import discover

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Render the example's executed notebooks: nothing is computed."""
    folder = tmp_path_factory.mktemp("exemple")
    for path in (ROOT / "reports" / "exemple").glob("*.ipynb"):
        shutil.copy(path, folder / path.name)
    edition = Edition("fpi_aura", "Formation Pro Industrie", 2026, simulated=True)
    html.render(folder, discover(ROOT / "notebooks"), edition)
    return folder


def test_a_reader_of_the_example_trips_on_nothing(report):
    assert findings(report) == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("<h2>Où ?</h2><p><em>Comment lire.</em> La barre.</p>", "sans rien à lire"),
        ("<p>Drôme, premier département : 20 % des places.</p>", "article oublié"),
        ("<p>Masqué, effectif trop petit</p>", "masque secondaire"),
        ("<p>Option « graine » inconnue. Options : n.</p>", "que la bibliothèque refuse"),
        ("<p>le programme n'a pas commencé.</p>", "sans majuscule"),
        ("<ul><li>« lent : 1 080 places de plus »</li></ul>", "sans majuscule"),
        ("<table><tbody><tr><th>plus de vœux</th></tr></tbody></table>", "sans majuscule"),
        (f"<div class='reponse'><p>Mot {'mot ' * 31}.</p></div>", "phrase de"),
        ("<div class='reponse'><p>Une valeur p de 0,15.</p></div>", "méthode dans la réponse"),
        ("<div class='reponse'><p>Une place coûte 28\u202f947\u00a0€.</p></div>", "précision"),
    ],
)
def test_the_linter_sees_what_a_reader_trips_on(tmp_path, words, fault):
    head = "<style>prefers-color-scheme</style><meta http-equiv='Content-Security-Policy'>"
    body = f"<main><p class='surtitre'>Les places</p><h1>Trois places</h1>{words}</main>"
    (tmp_path / "02_places.html").write_text(f"{head}{body}", encoding="utf-8")
    found = findings(tmp_path)
    assert len(found) == 1
    assert fault in found[0]
