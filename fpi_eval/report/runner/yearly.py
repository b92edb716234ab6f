"""The report of a programme's year, from its folder to its pages: what `fpi-eval run` makes."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fpi_eval.errors import FpiError, fault
from fpi_eval.language import OTHERS
from fpi_eval.panel.loading import credit
from fpi_eval.panel.run_files import files_of, folder_of
from fpi_eval.pinned import pinned, sha256
from fpi_eval.programme import Programme, load_programme, parse_rentree
from fpi_eval.programme_folders import find_programme
from fpi_eval.report.edition import (
    NOTEBOOKS,
    PUBLICATION,
    QUANTITIES,
    Edition,
    absolute,
    front,
    inputs_read,
    kept_earlier,
    kept_file,
    kept_later,
    notebooks_of,
    project_root,
    target_of,
)
from fpi_eval.report.runner.journal import Journal
from fpi_eval.report.runner.manifest import UNCHANGED, Basis, Report, is_current
from fpi_eval.report.runner.swap import no_other, recover_all, untouched
from fpi_eval.store import forget
from fpi_eval.terminal import say
from fpi_eval.text import annee_scolaire, liste

if TYPE_CHECKING:
    from fpi_eval.panel.year import Year


def several(programme: str, rentree: str) -> list[tuple[Path, int]]:
    """Return each programme's folder with each rentrée, of ``a,b`` and ``2022..2024``."""
    names = [programme] if Path(programme).is_dir() else [*map(str.strip, programme.split(","))]
    if "" in names and programme:
        raise FpiError(f"« {programme} » : un nom de programme manque à côté d'une virgule.")
    first, dots, last = rentree.partition("..")
    years = range(parse_rentree(first), parse_rentree(last if dots else first) + 1)
    if not years:
        raise FpiError(f"« {rentree} » : la dernière année est avant la première.")
    folders = dict.fromkeys(map(find_programme, names))
    return [(folder, year) for folder in folders for year in years]


def quietly(
    programme: str,
    rentree: int,
    donnees: str,
    force: bool,
    langues: tuple[str, ...] = (),
    asked: tuple[int, ...] = (),
) -> Report:
    """Make a report and show nothing meanwhile: one of many.

    Raises `FpiError`, whatever stops it: a fault of the program stops no other report.
    """
    try:
        return yearly(
            programme, rentree, donnees, force=force, progress=False, langues=langues, asked=asked
        )
    except FpiError:
        raise
    except Exception as error:
        raise fault(error) from error


def unaware(what: Programme, rentree: int) -> list[int]:
    """Return the later years whose reports, on real files, do not know that of a rentrée as it is.

    One that is no more on the disk is known by its name.
    """
    own = kept_file(what, rentree, PUBLICATION, simulated=False)
    now = sha256(own) if own.is_file() else None
    later = kept_later(what, rentree, PUBLICATION, simulated=False).values()
    read = {p.parent.name: inputs_read(p.parent).get(f"{rentree}/{own.name}") for p in later}
    return [int(year) for year, known in read.items() if known is None or now not in (None, known)]


def in_order(what: Programme, rentree: int, asked: Collection[int]) -> None:
    """Refuse a year that reports of later ones do not know, unless they are made again after it.

    Each report hides with those before it in mind; two that ignore one another, held together, may
    give back what each hides. Raises `FpiError`: naming the command that makes them all, in their
    order.
    """
    if left := sorted(set(unaware(what, rentree)) - set(asked)):
        years = liste([annee_scolaire(year) for year in left])
        raise FpiError(
            f"il existe déjà un rapport pour {years}, qui masque sans connaître celui-ci tel qu'il "
            "est : publiés ensemble, ils rendraient des effectifs masqués. Faites les années dans "
            "l'ordre : "
            f"« fpi-eval run {rentree}..{left[-1]} », avec les mêmes options, refait aussi les "
            "suivantes."
        )


def ignored(made: Iterable[tuple[Path, int]]) -> Iterator[str]:
    """Yield, for each report on real files that a later one does not know, a warning."""
    for folder, year in made:
        if later := unaware(load_programme(folder), year):
            years = liste([annee_scolaire(one) for one in later])
            yield (
                f"Ne publiez pas le rapport {folder.name} {annee_scolaire(year)} avec celui de "
                f"{years}, qui masque sans le connaître tel qu'il est : ensemble, ils rendraient "
                f"des effectifs masqués. « fpi-eval run {year}..{later[-1]} », avec les mêmes "
                "options, refait ce qui doit l'être."
            )


def inputs_of(programme: Programme, rentree: int, donnees: str | Path = "") -> dict[str, Path]:
    """Return every file that a report depends on, what other reports kept included."""
    found = files_of(programme, rentree, folder_of(programme, rentree, donnees))
    for name in (PUBLICATION, QUANTITIES):
        found |= kept_earlier(programme, rentree, name, simulated=not str(donnees))
    return found | kept_later(programme, rentree, PUBLICATION, simulated=not str(donnees))


def yearly(
    programme: str | Path,
    rentree: int,
    donnees: str | Path = "",
    *,
    force: bool = False,
    progress: bool = True,
    langues: tuple[str, ...] = (),
    asked: Collection[int] = (),
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
    langues : tuple of str
        Languages, beside French and those that the report has, in which to write it too.
    asked : collection of int
        Years of this programme that the same command makes, this one among them.

    Raises
    ------
    FpiError
        A file, a parameter or a notebook at fault: the last report is left as it was.
    """
    what, simulated = load_programme(programme), not str(donnees)
    target, root = target_of(what, rentree), project_root(what)
    journal = Journal(target)
    with journal.refusals(), untouched(target), no_other(target):
        recover_all(target)
        inputs = inputs_of(what, rentree, donnees)
        given = {"programme": str(what.dossier), "rentree": rentree, "donnees": absolute(donnees)}
        credits = (credit(simulated=simulated),)
        there = {code for code in OTHERS if (target / front(code)).is_file()}
        langues = tuple(sorted({*langues, *there}))
        edition = Edition.of(what, rentree, simulated=simulated, sources=credits, langues=langues)
        pages = notebooks_of(what).glob(NOTEBOOKS)
        now = Basis.of(pages, given, edition=edition, inputs=inputs, root=root)
        listed = (root / "reports" / "index.html").is_file()
        if not force and listed and is_current(target, now):
            if progress:
                say(UNCHANGED, error=True)
            return Report(target, made=False, seconds=0.0)
        if not simulated:
            in_order(what, rentree, asked)
        elif kept_file(what, rentree, PUBLICATION, simulated=False).is_file():
            raise FpiError(
                "ce rapport est fait de vrais fichiers. Un rapport simulé le remplacerait, avec ce "
                "d'après quoi les autres années masquent (publication.json). Indiquez le dossier "
                "des fichiers (--donnees), ou déplacez d'abord ce rapport.",
                fichier=str(target),
            )
        if force:
            forget()
        return _made(what, now, given, target, inputs, journal, force=force, progress=progress)


def _made(
    what: Programme,
    basis: Basis,
    given: dict[str, object],
    target: Path,
    inputs: dict[str, Path],
    journal: Journal,
    *,
    force: bool,
    progress: bool,
) -> Report:
    """Return the report made now; what makes one is imported only then."""
    from fpi_eval.report.runner.execution import warm

    warm()  # imports while this process imports too
    from fpi_eval.panel.emplois import reference
    from fpi_eval.panel.year import load
    from fpi_eval.report.runner.notebooks import discover
    from fpi_eval.report.runner.run import run

    edition, pages = basis.edition, discover(notebooks_of(what))  # before the year, which is long
    with (
        pinned({inputs[name]: digest for name, digest in basis.inputs.items()}),
        what.words(reference(what)["source"]),
    ):
        year = load(load_programme(what.dossier), edition.rentree, str(given["donnees"]))
        made = run(
            pages,
            given,
            target,
            edition=edition,
            inputs=inputs,
            basis=replace(basis, facts=repr(year.donnees.absentes)),
            root=project_root(what),
            force=force,
            progress=progress,
            extras=lambda where: _tables(where, year, edition),
            beside=lambda: _audited(year),
            journal=journal,
        )
    from fpi_eval.report.runner import every_report

    every_report.write(project_root(what) / "reports")
    return made


def _audited(year: "Year") -> None:
    """Audit what the year publishes; what lays pages out is imported too, while notebooks run."""
    from fpi_eval.report.published import book
    from fpi_eval.report.runner import html  # noqa: F401

    book.audited(year)


def _tables(folder: Path, year: "Year", edition: Edition) -> list[Path]:
    from fpi_eval.report.published import book

    return book.write(folder, year, edition)
