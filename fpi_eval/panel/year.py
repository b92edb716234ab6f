"""One year of a programme: its files read once, every table made when first asked for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd

from fpi_eval import calendar
from fpi_eval.absent import Absent
from fpi_eval.misspelt import advised
from fpi_eval.panel import emploi_etablissements, emploi_formations, emplois, examens, secteurs
from fpi_eval.panel import loading as files
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.context import Context
from fpi_eval.panel.from_files import cell_panel
from fpi_eval.panel.panels import Panels, du_programme
from fpi_eval.programme import Programme, load_programme, parse_rentree
from fpi_eval.store import kept

T = TypeVar("T")

#: Tables of a year, as `Year.__repr__` lists them: property, what a row is.
TABLES = {
    "cells": "établissement × formation × voie × rentrée : le panel des estimateurs",
    "regional": "région × formation × voie × millésime : places, élèves, sortants, emploi",
    "places": "places d'entrée par établissement × formation × voie × rentrée",
    "register": "registre des ouvertures de places",
    "jobs": "emplois par zone d'emploi × secteur × année",
}


@dataclass(frozen=True, eq=False, repr=False)
class Year(Panels):
    """A frozen year of a programme; its tables are properties, made once, when first read.

    What one writes in `cells`, `places`, `register` or `jobs` stays in the table that one holds.

    Examples
    --------
    >>> import fpi_eval as fpi
    >>> annee = fpi.load("fpi_aura", 2026)
    >>> sorted(annee.cells["voie"].unique())
    ['apprentissage', 'scolaire']
    """

    @property
    def programme(self) -> Programme:
        """What is evaluated: `programme.toml`, read and checked."""
        return self.donnees.programme

    @property
    def rentree(self) -> int:
        """School year by its September; later files are left aside."""
        return self.donnees.rentree

    @property
    def empreinte(self) -> str:
        """Hash of what decides of every table."""
        return self.donnees.empreinte

    def kept(self, make: Callable[["Year"], T]) -> T:
        """Return what `make` gives for this year, computed once for all processes.

        It is given a year of which nothing was read: all the files that it uses are noted.
        """
        return kept(make, replace(self))

    @property
    def context(self) -> Context:
        """What pages need to word what they show."""
        found = self.donnees
        return Context(
            found.programme, found.rentree, found.simulees, found.credit, dict(found.absentes)
        )

    @cached_property
    def panel(self) -> CellPanel:
        """The cell panel with the facts that say how it was made."""
        return self.kept(cell_panel)

    @property
    def cells(self) -> pd.DataFrame:
        """The panel that estimators take, one row per cell × rentrée.

        Columns: ``cell`` (number of the establishment × course × voie), ``uai``, ``course``
        (diploma code that lasts through renovations), ``famille`` (NSF group), ``filiere``,
        ``niveau``, ``voie``, ``duree`` (years), ``code_departement``, ``code_academie``,
        ``code_region``, ``rentree``; counts of persons ``entrants``, ``terminale``, and
        ``diplomes``, ``sortants``, ``en_emploi_…`` where files give them (NaN elsewhere);
        ``places`` and ``voeux_1`` (seats and first wishes at entry); ``seats`` (opened by the
        programme, in force), ``autres_places`` (opened by others), ``cohort`` (first rentrée with
        seats, NaN if never), ``nouvelle`` (the course did not exist there before).
        """
        return self.panel.table.copy(deep=False)

    @property
    def places(self) -> pd.DataFrame:
        """Entry seats, one row per source × establishment × entry code × voie × rentrée.

        Columns: ``source``, ``uai``, territory codes, ``mefstat11``, ``cfd``, ``course``,
        ``groupe_nsf``, ``filiere``, ``niveau``, ``voie``, ``duree``, ``rentree``, ``places``,
        ``voeux`` (all wishes), ``voeux_1`` (first wishes).
        """
        return self.capacites.table.copy(deep=False)

    @property
    def register(self) -> pd.DataFrame:
        """Register of openings up to the rentrée; no row when the folder holds none.

        Columns: ``projet``, ``uai``, ``mefstat11``, ``cfd``, ``filiere``, ``niveau``, ``voie``,
        ``rentree``, ``places_prevues``, ``places_ouvertes`` (negative for a closure), ``cout``
        and ``subvention`` (euros), names and codes of the place.
        """
        return self.registre.copy(deep=False)

    @property
    def first_leavers(self) -> int | None:
        """June in which students of the programme's seats first leave; None where none is open."""
        mef, families = self.donnees.nomenclatures.mef, self.donnees.familles
        return calendar.first_leavers(du_programme(self), mef, families)

    @property
    def jobs(self) -> pd.DataFrame:
        """Salaried jobs by zone d'emploi × département × sector (NAF 38) × year, from Urssaf.

        Columns: ``code_zone``, ``code_departement``, ``code_region``, ``secteur``, ``annee``,
        ``etablissements``, ``emplois``, ``masquees`` (cells that the publisher hid).
        """
        return self.emplois.copy(deep=False)

    @property
    def odd_years_of_jobs(self) -> list[str]:
        """Sectors that ``jobs`` lacks, years that look like one file or one cut short: sentences.

        Other sources are held to their bounds when they are loaded; this large one is not.
        """
        return secteurs.oddities_of_jobs(self.jobs, self.secteurs)

    @cached_property
    def exams(self) -> pd.DataFrame:
        """Candidates and graduates where exams are published, beside the seats that led there.

        One row per ``maille`` (département × speciality, académie × speciality, lycée) × cell ×
        school year of the session; see `panel.examens.panel_examens`.
        """
        return examens.panel_examens(self, self.cells)

    @property
    def programme_regional(self) -> pd.DataFrame:
        """Rows of ``regional`` in the programme's filières, every region."""
        rows = self.regional
        return rows[rows["filiere"].isin(self.programme.codes_filieres)]

    @cached_property
    def employed_sites(self) -> pd.DataFrame:
        """Employed leavers per establishment × millésime; no row without InserJeunes's files."""
        return emploi_etablissements.employed(self)

    @cached_property
    def employed_courses(self) -> pd.DataFrame:
        """Employed leavers per establishment × course × millésime, known or between bounds."""
        return emploi_formations.employed(self)

    @property
    def reference(self) -> pd.DataFrame:
        """Declared reference figures on jobs, published or assumed, with their sources."""
        return emplois.reference(self.programme)

    @cached_property
    def jobs_by_filiere(self) -> pd.DataFrame:
        """Jobs of the sectors that each filière feeds, here and elsewhere, and a year before."""
        return emplois.par_filiere(self)

    @cached_property
    def jobs_by_departement(self) -> pd.DataFrame:
        """Jobs of fed sectors, a row per département, a column per filière, last year."""
        return emplois.par_departement(self)

    @cached_property
    def jobs_by_zone(self) -> pd.DataFrame:
        """Jobs of fed sectors and seats opened by zone d'emploi, most jobs first."""
        return emplois.par_zone(self)

    @property
    def openings_without_zone(self) -> int:
        """Openings whose commune is in no known zone d'emploi."""
        return emplois.sans_zone(self)

    @property
    def bts_matched(self) -> pd.DataFrame | Absent:
        """Share of BTS places of Parcoursup 2018 and 2019 matched with a diploma, by family."""
        if not self.donnees.a("parcoursup"):
            return Absent("Parcoursup 2018 et 2019 manquent.")
        return self.appariement_bts.rates

    @property
    def tension_note(self) -> str:
        """Where the tension of occupations comes from, "" where no file gives it."""
        return self.tension.note(simulees=self.donnees.simulees) if self.tension else ""

    def __dir__(self) -> list[str]:
        """Names for tab completion, tables first."""
        others = (n for n in super().__dir__() if not n.startswith("_") and n not in TABLES)
        return [*TABLES, *others]

    def __repr__(self) -> str:
        """Say in a few French lines what the year holds and what is missing."""
        origin = " (données simulées)" if self.donnees.simulees else ""
        lines = [
            f"{self.programme.nom}, rentrée {self.rentree}{origin}",
            *(f"  .{name:<9} {what}" for name, what in TABLES.items()),
            repr(self.donnees),
        ]
        return "\n".join(lines)


@advised("Le programme vient d'abord, puis la rentrée : load(programme, rentrée).")
def load(programme: str | Path | Programme, rentree: int | str, donnees: str | Path = "") -> Year:
    """Return a year of a programme, from a folder of files or, without one, simulated.

    Parameters
    ----------
    programme : str, path or Programme
        Its name, the folder that holds its ``programme.toml``, or itself.
    rentree : int or str
        School year by its September: 2023 is 2023-2024. Later files are left aside.
    donnees : path, optional
        Folder that holds the files named in ``programme.toml``.

    Raises
    ------
    FpiError
        Programme, folder or compulsory file absent, requested year absent, or a file at fault.
    """
    known = programme if isinstance(programme, Programme) else load_programme(programme)
    return Year(files.load(known, parse_rentree(rentree), donnees))
