"""The report of a programme's year, from its folder to its pages: what `fpi-eval run` makes."""

from pathlib import Path

from fpi_eval.errors import FpiError
from fpi_eval.panel.year import load
from fpi_eval.programme import Programme, find_programme, parse_rentree
from fpi_eval.report.edition import Edition
from fpi_eval.report.published import book
from fpi_eval.report.runner import every_report
from fpi_eval.report.runner.notebooks import discover, notebooks_of, project_root
from fpi_eval.report.runner.run import Report, run
from fpi_eval.store import forget


def several(programme: str, rentree: str) -> list[tuple[Path, int]]:
    """Return each programme's folder with each rentrée, of ``a,b`` and ``2022..2024``."""
    names = [programme] if Path(programme).is_dir() else programme.split(",")
    first, dots, last = rentree.partition("..")
    years = range(parse_rentree(first), parse_rentree(last if dots else first) + 1)
    if not years:
        raise FpiError(f"« {rentree} » : la dernière année est avant la première.")
    folders = dict.fromkeys(find_programme(name.strip()) for name in names)
    return [(folder, year) for folder in folders for year in years]


def target_of(programme: Programme, rentree: int) -> Path:
    """Return the folder of a year's report."""
    return project_root(programme) / "reports" / programme.code / str(rentree)


def quietly(programme: str, rentree: int, donnees: str, force: bool) -> Report:
    """Make a report and show nothing meanwhile: one of many."""
    return yearly(programme, rentree, donnees, force=force, progress=False)


def yearly(
    programme: str | Path,
    rentree: int,
    donnees: str | Path = "",
    *,
    force: bool = False,
    progress: bool = True,
) -> Report:
    """Make the report of a year in ``reports/<programme>/<rentree>``, or keep a current one.

    Parameters
    ----------
    programme : str or path
        Its name, or the folder that holds its ``programme.toml``.
    donnees : path, optional
        Folder of the files; simulated without one.
    force : bool
        Compute again even what has not changed.

    Raises
    ------
    FpiError
        A file, a parameter or a notebook at fault: the last report is left as it was.
    """
    year = load(programme, rentree, donnees)
    what, found = year.programme, year.donnees
    if force:
        forget()
    edition = Edition.of(what, rentree, simulated=found.simulees, sources=(found.credit,))
    folder = str(Path(donnees).absolute()) if str(donnees) else ""
    made = run(
        discover(notebooks_of(what)),
        {"programme": str(what.dossier), "rentree": rentree, "donnees": folder},
        target_of(what, rentree),
        edition=edition,
        inputs=found.fichiers | book.inputs(year),
        root=project_root(what),
        force=force,
        progress=progress,
        extras=lambda where: book.write(where, year, edition),
    )
    every_report.write(project_root(what) / "reports")
    return made
