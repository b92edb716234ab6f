"""What is known beside the register: courses, establishments, dates of the programme."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from fpi_eval.text import AUTRE


class Course(NamedTuple):
    """What the nomenclature says of a MEFSTAT11: diploma, year of study, years in all."""

    cfd: str
    annee: int
    duree: int


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Tables against which a row of the register is checked; an empty one checks nothing.

    Parameters
    ----------
    mef : mapping
        MEFSTAT11 → `Course`.
    diplomes : mapping
        CFD → level (``secondaire``, ``superieur``, or None).
    filieres : mapping
        CFD → filière declared in `filieres.csv`, ``autre`` outside.
    bac_pro : collection of str
        CFD whose places may open in 1re too.
    uais : collection of str
        Establishments of every file read, and of the declared changes.
    debuts : mapping
        Project → first rentrée at which it may open places.
    """

    mef: Mapping[str, Course] = field(default_factory=dict)
    diplomes: Mapping[str, str | None] = field(default_factory=dict)
    filieres: Mapping[str, str] = field(default_factory=dict)
    bac_pro: Collection[str] = frozenset()
    uais: Collection[str] = frozenset()
    debuts: Mapping[str, int] = field(default_factory=dict)

    def outside(self, row: Mapping[str, object]) -> bool:
        """Return whether an opening's course is in no filière of `filieres.csv`."""
        return self.filieres.get(self.cfd_of(row)) == AUTRE

    def cfd_of(self, row: Mapping[str, object]) -> str:
        """Return an opening's diploma: that of its MEFSTAT11, else as written."""
        mef = self.mef.get(str(row["mefstat11"]))
        return mef.cfd if mef else str(row["cfd"])

    def entry_codes(self, cfd: str) -> list[str]:
        """Return the MEFSTAT11 of the years at which one enters a diploma."""
        last = 2 if cfd in self.bac_pro else 1
        return sorted(code for code, c in self.mef.items() if c.cfd == cfd and c.annee <= last)
