"""Make `reports/exemple` again: executed notebooks of the embedded simulated set, a picture.

`pytest --nbval` holds them against a new run: a number that moves is seen, and goes in CHANGELOG.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import nbformat

from fpi_eval.panel.loading import load
from fpi_eval.programme import load_programme
from fpi_eval.report.edition import Edition, notebooks_of, project_root
from fpi_eval.report.runner.notebooks import discover
from fpi_eval.report.runner.run import run
from fpi_eval.terminal import say

RENTREE = 2026
PICTURE, ITS_PAGE = "cibles_simule.svg", "02_places_simule.ipynb"  # shown by the README
BOX = r'viewBox="0 0 (\S+) ([\d.]+)"'
SAID = '<text x="4" y="-5" font-family="sans-serif" font-size="9">Données simulées</text>'


def main() -> None:
    """Run the notebooks on simulated data and replace the example's."""
    own = load_programme()
    target = project_root(own) / "reports" / "exemple"
    with alone(project_root(own)) as root, chdir(root):
        programme = load_programme(own.code)
        found = load(programme, RENTREE)
        report = run(
            discover(notebooks_of(own)),
            {"programme": programme.code, "rentree": RENTREE, "donnees": ""},
            root / "exemple",
            edition=Edition.of(programme, RENTREE, simulated=True, sources=(found.credit,)),
            inputs=found.fichiers,
            root=root,
        )
        target.mkdir(parents=True, exist_ok=True)
        for old in target.glob("*.ipynb"):
            old.unlink()
        for made in sorted(report.folder.glob("*.ipynb")):
            shutil.copy2(made, target / made.name)
        (target / PICTURE).write_text(first_picture(target / ITS_PAGE), encoding="utf-8")
    say(target)


@contextmanager
def alone(root: Path) -> Iterator[Path]:
    """Give a project with the same programmes and no report: the example is compared with none."""
    with tempfile.TemporaryDirectory(prefix="fpi_eval_") as folder:
        data = Path(folder).resolve() / "data"
        shutil.copytree(root / "data", data, ignore=shutil.ignore_patterns("raw"))
        yield data.parent


def first_picture(page: Path) -> str:
    """Return the first drawing of an executed notebook as a file of its own, said simulated."""
    cells = nbformat.read(page, as_version=4).cells
    html = (o.get("data", {}).get("text/html", "") for c in cells for o in c.get("outputs", ()))
    drawn = next(
        found for found in (re.search("<svg.*?</svg>", h, re.DOTALL) for h in html) if found
    )
    taller = re.sub(BOX, lambda box: f'viewBox="0 -16 {box[1]} {float(box[2]) + 16}"', drawn[0])
    return taller.replace("</svg>", f"{SAID}</svg>") + "\n"


if __name__ == "__main__":
    main()
