"""Commands of the guides do what the guides say, in their order, on the twin."""

import io
import re
import shlex
import shutil
from pathlib import Path

import pytest

import fpi_eval as fpi
from fpi_eval import cli
from fpi_eval.report.runner import run as runner

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "nouveau_programme.md"
COMMANDS = [
    shlex.split(line)[1:]
    for block in re.findall(r"```console\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
]


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    shutil.copytree(
        ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns("ex*")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    return tmp_path


def test_the_guide_of_a_new_programme_runs_from_nothing_to_its_report(project, capsys, monkeypatch):
    """Running the notebooks is the matter of `test_notebooks`: here, what they are given."""
    asked = []

    def only_ask(notebooks, parameters, target, **options):
        asked.append((parameters, target))
        return type("Report", (), {"index": target / "index.html"})()

    monkeypatch.setattr(runner, "run", only_ask)
    assert [command[0] for command in COMMANDS] == ["programme", "programme", "check", "run"]
    said = []
    for command in COMMANDS:
        cli.main(command)
        said.append(capsys.readouterr().out)
    assert "255" in said[0]
    assert (project / "data" / "rail_du_nord" / "ouvertures.xlsx").is_file()
    assert "à compléter" not in said[1]  # the source was given
    assert "Reste à faire" in said[2]
    assert "Entrées valides pour 2024-2025" in said[2]
    parameters, target = asked[0]
    assert parameters["programme"].endswith("rail_du_nord")
    assert target == project / "reports" / "rail_du_nord" / "2024"


def test_every_name_of_the_library_that_a_guide_writes_is_there():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    said = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    names = {*re.findall(r"(?<![\w./])fpi\.(\w+)(?:\.(\w+))?", said)}
    assert ("records", "outcomes_table") in names
    whole = {part for part, _ in names if hasattr(fpi, part)}
    assert whole == {part for part, _ in names}
    lost = {(p, n) for p, n in names if n and not hasattr(getattr(fpi, p), n)}
    assert lost == {("impact", "csdid")}  # another package's, which says what it is here
