"""All that leaves individual files, in one call: the cell panel, faults by column, safe tables."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent, or_why
from fpi_eval.disclosure import Protected
from fpi_eval.errors import FpiError
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.examens import located
from fpi_eval.panel.from_files import coded
from fpi_eval.panel.simulated_folder import FIRST_SIMULATED
from fpi_eval.panel.year import Year
from fpi_eval.programme import Individus
from fpi_eval.records.bad_rows import Faults, examine
from fpi_eval.records.composition import with_groups
from fpi_eval.records.exports import beside, outcomes_table, sectors_table, wages_table
from fpi_eval.records.open import open_records
from fpi_eval.records.panel import counts, with_counts
from fpi_eval.twin import DELIVERED, draw, write_records

NOBODY = (
    "aucune personne de ces fichiers n'est dans un établissement et une formation de ce dossier : "
    "vérifiez les colonnes uai, mefstat11 et cfd dans [individus] de programme.toml."
)
NAMES = ("personnes", "contrats", "colonnes_personnes", "colonnes_contrats", "permanents")
ENDLESS = " Sans la colonne « fin », un contrat commencé est tenu pour toujours en cours."


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Counts from individual files beside the year's cells; no row is about one person.

    ``panel`` is the cell panel that estimators take, with ``en_emploi_industrie_region_6`` and the
    others; ``matched`` the share of final-year students whose cell it has; ``tables`` what may go
    out (`release`). ``endless``: no contract tells its end, each is taken as still running.
    """

    panel: CellPanel
    matched: float
    faults: Faults
    simulated: bool
    endless: bool
    tables: dict[str, Protected | Absent] = field(repr=False)

    def summary(self) -> str:
        """Return French sentences: persons placed, faults found."""
        return (
            f"{text.pourcent(self.matched)} des élèves de dernière année de ces fichiers sont dans "
            f"une formation suivie ici.{ENDLESS * self.endless}\n{self.faults.summary()}"
        )


def counted(annee: Year, folder: str | Path = "") -> Counted:
    """Return what individual files count: see `fpi_eval.records.count`."""
    with _files(annee, folder) as (where, individus), open_records(annee, where, individus) as told:
        faults, clean = examine(told)
        endless = "fin" not in clean.contracts.columns
        found = with_groups(clean, counts(clean))
        sectors = or_why(lambda: sectors_table(clean), "{why}")
        regions = annee.programme.territoire.codes_regions
        wages = or_why(lambda: wages_table(clean, regions), "{why}")
    joined = with_counts(annee, found)
    if not joined.matched > 0:
        raise FpiError(NOBODY)
    leavers = _by_filiere(annee, found)
    tables = {
        "sortants_par_filiere": leavers,
        "secteurs": beside(sectors, leavers),
        "salaires": wages,
    }
    return Counted(joined.panel, joined.matched, faults, annee.donnees.simulees, endless, tables)


def _by_filiere(annee: Year, found: pd.DataFrame) -> Protected | Absent:
    """Return leavers of the programme's region by filière, voie and rentrée, protected.

    Places and courses are read of their codes alone: of cells, those that open files bring a year
    later would come in with their earlier leavers, and the two tables' difference would count them.
    """
    rows = located(annee, coded(annee, found)).dropna(subset=["filiere"])
    rows = rows[annee.programme.territoire.ici(rows["code_region"])]
    by = ["filiere", "voie", "rentree"]
    return or_why(lambda: outcomes_table(rows, annee.programme.individus, by=by), "{why}")


@contextmanager
def _files(annee: Year, folder: str | Path) -> Iterator[tuple[str | Path, Individus]]:
    """Give the folder of individual files and its names, the twin's where the year is simulated."""
    individus = annee.programme.individus
    if str(folder) or not annee.donnees.simulees:
        yield folder, individus
        return
    with tempfile.TemporaryDirectory(prefix="fpi_individus_") as scratch:
        twin = draw(DELIVERED, annee.programme.graine, programme=annee.programme)
        years = range(FIRST_SIMULATED, annee.rentree + 1)
        write_records(twin, scratch, years=years, seen=annee.context.day)
        yield scratch, individus.model_copy(update=Individus().model_dump(include=set(NAMES)))
