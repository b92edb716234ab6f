"""Every block of the guides runs; the site builds without a warning and fetches nothing."""

import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path

import blocks
import generate
import layers
import pytest

from fpi_eval.absent import Absent
from fpi_eval.sources.uses import USES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [p for p in blocks.pages() if blocks.blocks(p.read_text(encoding="utf-8"))]
LOADED = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=["'](?:https?:)?//""")


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_block_of_a_page_runs(path):
    assert blocks.check(path)


def test_the_guide_of_individual_files_takes_ten_lines():
    text = (DOCS / "individus.md").read_text(encoding="utf-8")
    code = next(b.code for b in blocks.blocks(text) if b.language == "python")
    assert len(code.strip().splitlines()) <= 12
    assert "release" in code


def test_the_guide_of_a_source_shows_where_a_renamed_column_is_declared():
    path = DOCS / "guide" / "source.md"
    page = blocks.executed(path, path.read_text(encoding="utf-8"))
    assert "dans [sources.stages.colonnes] de programme.toml." in page


def test_a_block_shows_what_it_prints_and_its_last_value(tmp_path):
    page = blocks.executed(tmp_path / "p.md", "```python\nx = 2\n```\n\n```python\nx + 1\n```\n")
    assert "3" in page.split("```python")[2]


def test_a_block_that_fails_is_an_error(tmp_path):
    path = tmp_path / "p.md"
    path.write_text("```python\n1 / 0\n```\n", encoding="utf-8")
    with pytest.raises(ZeroDivisionError):
        blocks.check(path)


@pytest.mark.parametrize("line", ["fpi-eval rune 2026", "make rapport", "curl x", "python no.py"])
def test_a_command_that_does_not_exist_is_an_error(tmp_path, line):
    path = tmp_path / "p.md"
    path.write_text(f"```sh\n{line}\n```\n", encoding="utf-8")
    with pytest.raises(Exception, match=r"rune|rapport|curl|no\.py"):
        blocks.check(path)


def test_each_source_has_its_row_and_no_cell_of_it_is_empty():
    rows = [r for r in generate.sources().splitlines() if r.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [*USES]
    assert all(cell.strip() for row in rows for cell in row.strip("|").split("|"))
    assert "déposez-en l'export" in next(r for r in rows if "inserjeunes_agricole" in r)


def test_the_page_of_estimators_calls_each_with_what_it_asks_for(monkeypatch):
    called = []

    def attempt(make, *args, **options):
        inspect.signature(make).bind(*args, **options)
        called.append(options.get("estimator", make).__name__)
        return Absent("")

    monkeypatch.setattr(generate.fpi, "attempt", attempt)
    page = generate.estimators(answers=True)
    named = re.findall(r"^## (\w+)$", page, flags=re.M)
    assert "| `impact.callaway_santanna` | att_gt, did, csdid," in page
    assert {"j", "bjs2_t", "callaway_santanna", "imputation"} <= set(called) <= set(named)


def test_the_drawing_shows_every_layer_and_says_it_in_words():
    svg = layers.drawing()
    assert {f">{name}<" for name in layers.graph()} <= set(re.findall(r">[a-z_]+<", svg))
    assert "<title" in svg
    assert "impact from" in svg


def test_an_arrow_goes_where_an_import_is():
    links = layers.graph()
    kept = layers.reduced(links)
    assert all(kept[name] <= links[name] for name in links)
    assert "report" in kept["cli"]


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    missing = [n for n in ("sphinx", "myst_parser", "furo", "latex2mathml") if not _there(n)]
    if missing:
        pytest.skip(f"extra « docs » absent : {', '.join(missing)} (make docs l'installe)")
    command = [sys.executable, "-W", "ignore", "-m", "sphinx", "-q", "-W", "--keep-going", "-b",
               "html", "-D", "run_blocks=0", "-d", str(tmp_path / "trees"), str(DOCS),
               str(tmp_path / "site")]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stderr
    found = {p: LOADED.findall(p.read_text(encoding="utf-8")) for p in tmp_path.rglob("*.html")}
    assert found
    assert not {p.name: urls for p, urls in found.items() if urls}


def _there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
