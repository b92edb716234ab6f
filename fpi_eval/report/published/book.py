"""Everything that a report publishes as tables: one workbook, files, and what they showed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from fpi_eval import text
from fpi_eval.disclosure import Publication
from fpi_eval.panel.year import Year
from fpi_eval.report.edition import PUBLICATION, QUANTITIES, Edition, today
from fpi_eval.report.published import counts as proteges
from fpi_eval.report.published import memory as publication
from fpi_eval.report.published import others, protection
from fpi_eval.report.published import people as personnes
from fpi_eval.report.published import seats as places
from fpi_eval.report.published.shown_quantities import sheet, shown_quantities, write_quantities
from fpi_eval.report.published.shown_tables import executed, tables_by_page
from fpi_eval.several_regions import worded
from fpi_eval.sheets import Sheet, in_regions
from fpi_eval.store import kept
from fpi_eval.table_files import export_tables, replace_files
from fpi_eval.workbook import write_workbook

NAME = "tableaux"
FOLDER = "tables"
SHEETS: tuple[Callable[[Year], Sheet | None], ...] = (
    personnes.cibles,
    places.places_programme,
    places.places_par_rentree,
    places.transformation,
    places.suivi,
    places.fermetures,
    personnes.couts,
    personnes.personnes,
    places.emplois_industriels,
    places.pression,
    places.demande,
    places.remplissage,
    personnes.terminale,
    personnes.apres,
    personnes.emploi,
    personnes.quadrants,
    *others.SHEETS,
)


def tableaux(p: Year) -> list[Sheet]:
    """Return every table that the data of the run allow, in the order of the workbook."""
    made = [sheet(p) for sheet in SHEETS]
    return [table for table in made if table is not None]


@dataclass(frozen=True, slots=True)
class Audited:
    """Every table of a report, what the protected ones publish, why others are left out."""

    tables: list[Sheet]
    publications: list[Publication]
    left_out: list[str]


@lru_cache(maxsize=4)
def audited(p: Year) -> Audited:
    """Return every table that a report publishes, once for all processes.

    It stops if the audit recovers a hidden count from all that is published, earlier reports
    included.
    """
    return kept(_audited, replace(p), today(), publication.elsewhere(p.donnees))


def _audited(p: Year, day: date, earlier: Mapping[str, tuple[Publication, ...]]) -> Audited:
    """Return what `audited` does; tables bear the day, and hide with what earlier reports told."""
    systems = proteges.all_systems(p).values()
    for safe in systems:
        protection.check(safe, protection.thresholds_of(p))
    told = [safe.table.publication for safe in systems]
    return Audited(tableaux(p), told, proteges.left_out(p))


def write(folder: Path, p: Year, edition: Edition) -> list[Path]:
    """Write workbook, Parquet, CSV, dictionary, quantities and publication; return the files.

    The workbook also holds the quantities and tables of the executed notebooks that `folder`
    holds already.

    Nothing is written, and the run stops, if `audited` does.
    """
    safe = audited(p)
    notebooks = executed(folder)
    quantities = shown_quantities(notebooks.values())
    tables = [in_regions(one) for one in (sheet(quantities), *safe.tables) if one is not None]
    book = folder / edition.file(NAME, "xlsx")
    warning = " ".join(part for part in (edition.banner, *map(worded, safe.left_out)) if part)
    write_workbook(
        book,
        tables,
        title=f"{edition.titre}, {edition.annee}",
        warning=warning,
        about=_about(p),
        pages=tables_by_page(notebooks),
    )
    named = [replace(table, name=f"{table.name}{edition.suffix}") for table in tables]
    files = export_tables(folder / FOLDER, named)
    said = write_quantities(folder / edition.file(QUANTITIES, "json"), quantities)
    told = folder / edition.file(PUBLICATION, "json")
    replace_files({told: publication.write(safe.publications, p.donnees.colonnes)})
    return [book, *files, said, told]


def _about(p: Year) -> list[str]:
    """Return what the contents of the workbook say of it: whom to ask, when it is made again."""
    contact = p.donnees.programme.contact
    after = p.donnees.rentree + 1
    return [
        f"Contact : {contact}." if contact else "",
        f"Refait chaque année scolaire ; prochaine édition : {text.annee_scolaire(after)}.",
    ]
