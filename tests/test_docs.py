"""Commands of the guides do what the guides say, in their order, on the twin."""

import io
import re
import shlex
import shutil
from pathlib import Path

import pytest

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
