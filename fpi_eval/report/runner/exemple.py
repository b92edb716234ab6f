"""Make `reports/exemple` again: the executed notebooks of the embedded simulated set.

`pytest --nbval` holds them against a new run: a number that moves is seen, and goes in CHANGELOG.
"""

import shutil
import tempfile
from pathlib import Path

from fpi_eval.panel.loading import load
from fpi_eval.programme import load_programme
from fpi_eval.report.edition import Edition, notebooks_of, project_root
from fpi_eval.report.runner.notebooks import discover
from fpi_eval.report.runner.run import run
from fpi_eval.terminal import say

RENTREE = 2026


def main() -> None:
    """Run the notebooks on simulated data and replace the example's."""
    programme = load_programme()
    root = project_root(programme)
    found = load(programme, RENTREE)
    edition = Edition.of(programme, RENTREE, simulated=True, sources=(found.credit,))
    target = root / "reports" / "exemple"
    with tempfile.TemporaryDirectory(prefix="fpi_eval_") as folder:
        report = run(
            discover(notebooks_of(programme)),
            {"programme": programme.code, "rentree": RENTREE, "donnees": ""},
            Path(folder) / "exemple",
            edition=edition,
            inputs=found.fichiers,
            root=root,
        )
        target.mkdir(parents=True, exist_ok=True)
        for old in target.glob("*.ipynb"):
            old.unlink()
        for made in sorted(report.folder.glob("*.ipynb")):
            shutil.copy2(made, target / made.name)
    say(target)


if __name__ == "__main__":
    main()
