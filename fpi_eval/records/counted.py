"""All that leaves individual files, in one call: the cell panel, faults by column, safe tables."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.disclosure import Protected
from fpi_eval.errors import FpiError
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.year import Year
from fpi_eval.records.bad_rows import Faults, examine
from fpi_eval.records.composition import with_groups
from fpi_eval.records.exports import outcomes_table, sectors_table
from fpi_eval.records.open import open_records
from fpi_eval.records.panel import counts, on_courses, with_counts
from fpi_eval.twin import SMALL, draw, write_records

FIRST_SIMULATED = 2018
NO_FOLDER = (
    "Pas de fichiers individuels : qui, parmi les diplômés, travaille dans l'industrie de la "
    "région n'est dans aucun fichier ouvert. Un chercheur habilité les demande au comité du secret "
    "statistique ; le guide docs/individus.md dit lesquels et où les déposer."
)


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Counts from individual files beside the year's cells; no row is about one person.

    ``panel`` is the cell panel that estimators take, with ``en_emploi_industrie_region_6`` and the
    others; ``matched`` the share of final-year students whose cell it has; ``tables`` what may go
    out (`release`).
    """

    panel: CellPanel
    matched: float
    faults: Faults
    simulated: bool
    tables: dict[str, Protected | Absent] = field(repr=False)

    def summary(self) -> str:
        """Return French sentences: persons placed, faults found."""
        return (
            f"{text.pourcent(self.matched)} des élèves de dernière année de ces fichiers sont dans "
            f"une formation du panel.\n{self.faults.summary()}"
        )


def count(annee: Year, folder: str | Path = "") -> Counted | Absent:
    """Return what the year's individual files count, or why there are none.

    A simulated year has the twin's, written for the occasion and removed.

    Parameters
    ----------
    folder : path, optional
        Folder of the files; ``[individus] dossier`` in the data folder by default.
    """
    with _files(annee, folder) as where:
        if where is None:
            return Absent(NO_FOLDER)
        with open_records(annee, where) as records:
            faults, clean = examine(records)
            counted = with_groups(clean, counts(clean))
            sectors = _sectors(clean)
    joined = with_counts(annee, counted)
    tables = {"sortants_par_filiere": _by_filiere(annee, counted), "secteurs": sectors}
    return Counted(joined.panel, joined.matched, faults, annee.donnees.simulees, tables)


def _sectors(records) -> Protected | Absent:
    try:
        return sectors_table(records)
    except FpiError as error:
        return Absent(str(error))


def _by_filiere(annee: Year, counted: pd.DataFrame) -> Protected:
    """Return leavers of the programme's region by filière, voie and rentrée, protected."""
    rows = on_courses(annee, counted)
    words = annee.cells.drop_duplicates(["uai", "course", "voie"])
    rows = rows.merge(words[["uai", "course", "voie", "filiere", "code_region"]])
    rows = rows[rows["code_region"] == annee.programme.territoire.code_region]
    return outcomes_table(rows, annee.programme.individus, by=["filiere", "voie", "rentree"])


@contextmanager
def _files(annee: Year, folder: str | Path) -> Iterator[Path | None]:
    """Give the folder of individual files, None if there is none."""
    if str(folder) or not annee.donnees.simulees:
        default = annee.donnees.dossier / annee.programme.individus.dossier
        where = Path(folder) if str(folder) else default
        yield where if str(folder) or where.is_dir() else None
        return
    with tempfile.TemporaryDirectory(prefix="fpi_individus_") as scratch:
        twin = draw(SMALL, annee.programme.graine, programme=annee.programme)
        # Who was in the final year of 2024-2025 is seen at work in January 2026.
        write_records(twin, scratch, years=range(FIRST_SIMULATED, annee.rentree - 1))
        yield Path(scratch)
