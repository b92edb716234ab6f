"""Two rentrées of a programme, and any year between them: some inputs as they were, others now."""

import filecmp
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from fpi_eval.panel.loading import Donnees, load
from fpi_eval.panel.year import Year
from fpi_eval.programme import Programme
from fpi_eval.sources.reading.reading import Reading

NEW, REVISED, REGISTER, DEFINITION = "nouvelle", "revises", "registre", "definition"
OPENINGS = "ouvertures"
PERIODS = ("millesime", "session", "annee", "rentree")  # the column that tells a table's years


@dataclass(frozen=True, eq=False, repr=False)
class Between(Year):
    """A year made of others: its jobs, read apart from other files, and its name are given."""

    given: pd.DataFrame
    made_of: str

    @property
    def empreinte(self) -> str:
        """Hash of what decides of every table: those of the years, and what is of each."""
        return hashlib.sha256(self.made_of.encode()).hexdigest()

    @property
    def emplois(self) -> pd.DataFrame:  # type: ignore[override]
        """Jobs by zone d'emploi, département, sector and year."""
        return self.given


@dataclass(frozen=True, eq=False)
class TwoYears:
    """Inputs of an earlier rentrée and of today's, each replaced by itself.

    Attributes
    ----------
    former : Year
        The earlier rentrée, from the files, register and definition that its report read.
    seen : Year
        The earlier rentrée, from today's files.
    latest : Year
        Today's.
    """

    former: Year
    seen: Year
    latest: Year

    @cached_property
    def replaced(self) -> tuple[str, ...]:
        """Return the inputs that are not the same in both, in the order of the words."""
        differ: dict[str, Callable[[Donnees, Donnees], bool]] = {
            REVISED: _revised,
            REGISTER: _corrected,
            DEFINITION: _redefined,
        }
        before, after = self.former.donnees, self.seen.donnees
        moved = (NEW,) if self.latest.rentree > self.former.rentree else ()
        return (*moved, *(name for name, test in differ.items() if test(before, after)))

    def year(self, taken: frozenset[str]) -> Year:
        """Return the year whose inputs named are today's, the others as they were."""
        if taken == frozenset(self.replaced):
            return self.latest
        if not taken:
            return self.former
        files = self.seen if REVISED in taken else self.former
        register = self.seen if REGISTER in taken else self.former
        defined = self.latest if DEFINITION in taken else self.former
        last = self.latest if NEW in taken else self.former
        names = dict.fromkeys([*files.donnees.lectures, *last.donnees.lectures])
        lectures = {
            name: self._readings(name, register if name == OPENINGS else files, NEW in taken)
            for name in names
        }
        made = replace(
            files.donnees,
            programme=defined.programme,
            rentree=last.rentree,
            lectures={name: found for name, found in lectures.items() if found},
            absentes=last.donnees.absentes,
        )
        sources = [one.empreinte for one in (self.former, self.seen, self.latest)]
        return Between(made, self._jobs(files, NEW in taken), repr((sorted(taken), sources)))

    def _readings(self, name: str, base: Year, new: bool) -> dict[str, Reading]:
        """Return a source's readings as the base has them, with what came since if it is asked."""
        kept = base.donnees.lectures.get(name, {})
        if not new:
            return kept
        seen, latest = (year.donnees.lectures.get(name, {}) for year in (self.seen, self.latest))
        come = {key: reading for key, reading in latest.items() if key not in seen}
        longer = {
            key: _joined(reading, seen[key], latest[key])
            for key, reading in kept.items()
            if key in seen and key in latest
        }
        return dict(sorted((kept | longer | come).items()))

    def _jobs(self, base: Year, new: bool) -> pd.DataFrame:
        if not new:
            return base.emplois
        return _with_later(base.emplois, self.seen.emplois, self.latest.emplois)


def two_years(
    latest: Year, rentree: int, dossier: str | Path = "", programme: Programme | None = None
) -> TwoYears:
    """Return an earlier rentrée and today's.

    Parameters
    ----------
    latest : Year
        Today's, whose files the earlier rentrée is also seen from.
    rentree : int
        The earlier one.
    dossier : path, optional
        Files that the earlier report read, where they were kept; today's by default.
    programme : Programme, optional
        The definition that it followed, where it was kept; today's by default.
    """
    seen = _year(latest, latest.programme, rentree, latest.donnees.dossier)
    if not str(dossier) and programme is None:
        return TwoYears(seen, seen, latest)
    what, folder = programme or latest.programme, dossier or latest.donnees.dossier
    return TwoYears(_year(latest, what, rentree, folder), seen, latest)


def _year(latest: Year, programme: Programme, rentree: int, folder: str | Path) -> Year:
    found = load(programme, rentree, folder)
    return Year(replace(found, simulees=latest.donnees.simulees))


def _joined(kept: Reading, seen: Reading, latest: Reading) -> Reading:
    """Return what was read, then what has come since in the same file."""
    if kept.provenance.sha256 == latest.provenance.sha256:
        return latest
    return replace(kept, table=_with_later(kept.table, seen.table, latest.table))


def _with_later(kept: pd.DataFrame, seen: pd.DataFrame, latest: pd.DataFrame) -> pd.DataFrame:
    """Return rows as they were kept, and those of periods that were not seen yet."""
    period = next((name for name in PERIODS if name in latest), None)
    if period is None:
        return kept
    return pd.concat([kept, latest[~latest[period].isin(seen[period])]], ignore_index=True)


def _revised(before: Donnees, after: Donnees) -> bool:
    """Return whether a file other than the register and the definition has another content."""
    left, right = (_files(one) for one in (before, after))
    if set(left) != set(right):
        return True
    return any(not filecmp.cmp(left[name], right[name], shallow=False) for name in left)


def defines(found: Donnees, name: str) -> bool:
    """Return whether a file is of the programme's folder: its definition, and no data."""
    return found.fichiers[name] == found.programme.dossier / name


def _files(found: Donnees) -> dict[str, Path]:
    register = Path(found.programme.source(OPENINGS).fichier).stem
    return {
        name: path
        for name, path in found.fichiers.items()
        if not defines(found, name) and Path(name).stem != register
    }


def _corrected(before: Donnees, after: Donnees) -> bool:
    """Return whether the register says other things of the same rentrées."""
    left, right = (one.lectures.get(OPENINGS, {}).get("") for one in (before, after))
    if left is None or right is None:
        return left is not right
    return not left.table.equals(right.table)


def _redefined(before: Donnees, after: Donnees) -> bool:
    """Return whether a file of the programme's folder has another content."""
    left, right = (one.programme.dossier for one in (before, after))
    names = {path.name for folder in (left, right) for path in folder.glob("*.*") if path.is_file()}
    same, _, _ = filecmp.cmpfiles(left, right, names, shallow=False)
    return set(same) != names
