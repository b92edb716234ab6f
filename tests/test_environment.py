"""The conda environment, the lock files and pyproject.toml say the same thing."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import made_once
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from quick import selected

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def declared() -> dict[str, str]:
    """Name and version range of every dependency: run, laboratory, tests, documentation, build."""
    project = PROJECT["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    lines += [x for one in ("docs", "lab") for x in project["optional-dependencies"][one]]
    lines += PROJECT["build-system"]["requires"]
    wanted = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): str(r.specifier) for r in wanted}


def conda() -> dict[str, str]:
    """Name and version range of every package of environment.yml."""
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    entries = re.findall(r"^\s+- ([A-Za-z][\w.-]*)[ \t]*([<>=!~][^\s#]*)?", text, re.MULTILINE)
    names = {canonicalize_name(name): spec for name, spec in entries}
    for word in ("conda-forge", "nodefaults", "pip"):
        names.pop(word, None)
    return names


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {canonicalize_name(n): v for n, v in re.findall(r"^([\w.-]+)==([\w.!+]+)", text, re.M)}


def test_conda_environment_has_exactly_the_declared_packages_and_ranges():
    assert conda() == declared() | {"python": PROJECT["project"]["requires-python"]}


def test_lock_pins_every_declared_package_within_its_range():
    pins = locked("requirements-test.lock")
    for name, ranges in declared().items():
        assert Requirement(f"{name}{ranges}").specifier.contains(pins[name]), name


def test_run_time_lock_is_part_of_the_test_lock():
    run, test = locked("requirements.lock"), locked("requirements-test.lock")
    assert {name: test.get(name) for name in run} == run


WITHOUT_EXTRAS = """
import pkgutil, sys
sys.modules.update(dict.fromkeys({extras}))
import fpi_eval
for found in pkgutil.walk_packages(fpi_eval.__path__, "fpi_eval."):
    if "fpi_eval.records." not in found.name and found.name[-6:] not in ("worker", "main__"):
        __import__(found.name)
from pathlib import Path
from types import SimpleNamespace as Like
from fpi_eval.programme import load_programme
class Year(Like): pass
year = Year(donnees=Like(simulees=True, dossier=Path()), programme=load_programme("fpi_aura"))
fpi_eval.panel.year.load = lambda *_: year
fpi_eval.cli.main(["individus", "2026", "--sortie", "sorties", "--a-blanc"])
"""


def test_a_report_needs_no_extra_and_says_what_an_engine_would_bring():
    """`make report` installs the run-time lock alone."""
    extras = ["ibis", "duckdb", "pyarrow_hotfix", "pyreadstat", "pyspark", "distributed"]
    extras += ["jupyterlab", "jupyter_server"]
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_EXTRAS.format(extras=extras)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 2, run.stderr
    assert "pip install -e '.[individus]'" in run.stderr


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_lock_has_hashes_for_each_pin_and_no_address(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\w)", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "index-url" not in text


@pytest.mark.skipif(shutil.which("make") is None, reason="la commande make est absente")
@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("exit 1", "Il faut Python 3.11 ou plus récent"),
        ('case "$2" in *venv*) exit 1;; esac', "Le module venv de Python manque"),
    ],
)
@pytest.mark.parametrize("goal", ["run", "test"])
def test_make_says_in_french_that_python_or_venv_is_missing(tmp_path, goal, python, said):
    (tmp_path / "python").write_text(f"#!/bin/sh\n{python}\n", encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    made = subprocess.run(
        ["make", f"PYTHON={tmp_path}/python", f"VENV={tmp_path / 'venv'}",
         f"{tmp_path / 'venv'}/.{goal}-ready"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode != 0
    assert said in made.stdout
    assert not (tmp_path / "venv").exists()


STUB = """#!/bin/sh
echo $(basename $0) "$@" >> "{calls}"
case "$2" in venv) mkdir -p "$3/{place}"; cp "$0" "$3/{place}/python";; esac
exit {code}
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="la commande make est absente")
@pytest.mark.parametrize(
    ("fails", "system", "programs"),
    [(False, "", "bin"), (True, "", "bin"), (False, "Windows_NT", "Scripts")],
)
def test_make_installs_with_uv_and_falls_back_to_pip(tmp_path, fails, system, programs):
    calls, venv, place = tmp_path / "calls", tmp_path / "venv", tmp_path / "bin"
    place.mkdir()
    for name, code in {"python": 0, "uv": int(fails)}.items():
        stub = STUB.format(calls=calls, code=code, place=programs)
        (place / name).write_text(stub, encoding="utf-8")
        (place / name).chmod(0o755)
    made = subprocess.run(
        ["make", f"PYTHON={place}/python", f"VENV={venv}", f"OS={system}", f"{venv}/.run-ready"],
        cwd=ROOT, env=os.environ | {"PATH": f"{place}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    assert (venv / ".run-ready").exists()
    lines = calls.read_text(encoding="utf-8").splitlines()
    installs = [line.split(" ", 3)[:3] for line in lines if " install " in line]
    uv, pip = ["uv", "pip", "install"], ["python", "-m", "pip"]
    assert installs == ([uv, pip, uv, pip] if fails else [uv, uv])
    assert f"--python {venv}/{programs}/python" in "".join(lines)


@pytest.mark.skipif(shutil.which("make") is None, reason="la commande make est absente")
def test_make_clean_leaves_reports_whose_publication_the_next_ones_need():
    said = subprocess.run(["make", "-n", "clean"], cwd=ROOT, capture_output=True, text=True).stdout
    assert "rm -rf .venv" in said
    assert "reports" not in said


def test_quick_takes_the_tests_of_what_changed():
    found = {Path(path).name for path in selected({"fpi_eval/text.py", "tests/test_cli.py"})}
    assert {"test_text.py", "test_cli.py"} <= found
    assert "test_twin_fine.py" not in found
    alone = {Path(path).name for path in selected({"fpi_eval/regression/choice.py"})}
    assert "test_known_jackknife.py" in alone  # no test imports it: those of what imports it


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("notebooks/03_diplomes.ipynb", {"test_notebooks.py", "test_vue_diplomes.py"}),
        ("docs/start.md", {"test_docs.py"}),
        ("fpi_eval/locales/en/LC_MESSAGES/chapters.po", {"test_language.py"}),
        ("fpi_eval/report/runner/templates/rapport/page.html.j2", {"test_report_html.py"}),
        ("tests/adversary.py", {"test_report_attack.py"}),
    ],
)
def test_quick_takes_the_tests_that_read_a_file_of_no_module(path, wanted):
    found = {Path(test).name for test in selected({path})}
    assert wanted <= found
    assert len(found) < 40


@pytest.mark.parametrize(("seconds", "said"), [("0", "1 skipped"), ("", "1 failed")])
def test_quick_leaves_to_make_test_what_has_not_begun_in_time(tmp_path, seconds, said):
    (tmp_path / "test_a.py").write_text("def test_a():\n    assert False\n", encoding="utf-8")
    given = {"PYTHONPATH": str(ROOT / "tests"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    given |= {"FPI_EVAL_QUICK": seconds} if seconds else {}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "budget", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, tmp_path], env=os.environ | given, capture_output=True, text=True
    )
    assert said in run.stdout


def test_what_workers_share_is_made_whole_or_made_again(tmp_path):
    made = tmp_path / "commun"

    def killed(part: Path) -> None:
        part.mkdir()
        (part / "moitie").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made_once(made, killed)
    assert not made.exists()
    assert made_once(made, lambda part: part.mkdir()) == made
    assert not list(made.iterdir())
    assert made_once(made, killed) == made  # there already: not made again
