"""The register of openings against the places observed in Affelnet and Parcoursup.

Places are compared for one establishment × course × voie, within one source, between one rentrée
and the one before. A hidden capacity is unknown, not zero; a new row is not a new seat.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.sources.ouvertures_observed import courses, links_of, mapped, observed_places
from fpi_eval.text import liste, pluriel, signe

CONFIRMEE, SUPERIEURE, INFERIEURE = "confirmée", "supérieure", "inférieure"
INTROUVABLE, NON_VERIFIABLE = "introuvable", "non vérifiable"


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one source says of a cell: the change seen, or why there is none."""

    statut: str
    motif: str
    avant: float = np.nan
    observees: float = np.nan

    @property
    def variation(self) -> float:
        return self.observees - self.avant


def reconcile(
    register: pd.DataFrame,
    capacities: pd.DataFrame,
    *,
    tolerance: float = 0,
    continuity: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the register with what capacity files say of each opening.

    Parameters
    ----------
    register : DataFrame
        As `read_ouvertures` gives it.
    capacities : DataFrame
        One row per published capacity: uai, mefstat11, cfd, voie, rentree, places, source.
    tolerance : float
        Difference of places still called confirmed.
    continuity : DataFrame, optional
        ancien_cfd, nouveau_cfd: renovations through which a course stays the same.

    Returns
    -------
    DataFrame
        The register's rows and columns, and: declarees (sum over the rows of the same cell and
        rentrée, which is what capacities can show), places_avant, places_observees, variation,
        source, statut, motif. statut is ``confirmée``, ``supérieure`` or ``inférieure`` (the
        observed change is larger or smaller than the declared one), ``introuvable`` (the file of
        that rentrée does not have the cell), ``non vérifiable`` (no previous year, no file,
        capacity hidden, sources at odds).
    """
    observed = observed_places(capacities, continuity)
    book = _Book(observed)
    table = register.reset_index(drop=True)
    course = courses(table, continuity)
    keys = pd.DataFrame({"uai": table["uai"], "voie": table["voie"], "rentree": table["rentree"],
                         "course": course})  # fmt: skip
    total = (
        table["places_ouvertes"]
        .groupby([keys[c] for c in keys])
        .transform(lambda places: places.sum(skipna=False))
    )
    rows = [
        _judge(book, uai, voie, int(rentree), (code, cfd), niveau, declared, tolerance)
        for uai, voie, rentree, code, cfd, niveau, declared in zip(
            table["uai"], table["voie"], table["rentree"], course,
            mapped(table["cfd"], links_of(continuity)), table["niveau"], total, strict=True,
        )
    ]  # fmt: skip
    return pd.concat([table.assign(declarees=total), pd.DataFrame(rows)], axis=1)


# ── one opening ─────────────────────────────────────────────────────────────────────────────────


class _Book:
    """Observed places, looked up by source, establishment, course, voie and rentrée."""

    def __init__(self, observed: pd.DataFrame) -> None:
        self.places: dict[tuple, float] = {}
        self.schools: set[tuple] = set()
        self.files: dict[tuple, set[str]] = {}
        for row in observed.itertuples(index=False):
            for code in {row.course, row.cfd}:
                if isinstance(code, str):
                    key = (row.source, row.uai, row.voie, code, row.rentree)
                    if code == row.course or key not in self.places:
                        self.places[key] = row.places
            self.schools.add((row.source, row.uai, row.rentree))
            self.files.setdefault((row.niveau, row.voie, row.rentree), set()).add(row.source)

    def find(self, source: str, uai: str, voie: str, codes: tuple, rentree: int) -> float | None:
        """Return the places of the cell, NaN when hidden, None when the cell is not there."""
        for code in codes:
            key = (source, uai, voie, code, rentree)
            if isinstance(code, str) and key in self.places:
                return self.places[key]
        return None


def _judge(
    book: _Book, uai: str, voie: str, rentree: int, codes: tuple, niveau: str,
    declared: float, tolerance: float,
) -> dict[str, object]:  # fmt: skip
    sources = sorted(book.files.get((niveau, voie, rentree), ()))
    findings = {source: _look(book, source, uai, voie, rentree, codes, niveau, declared)
                for source in sources}  # fmt: skip
    seen = {source: f for source, f in findings.items() if not np.isnan(f.variation)}
    changes = [f.variation for f in seen.values()]
    if not sources:
        motif = f"aucun fichier de places de ce niveau et de cette voie à la rentrée {rentree}"
        return _row("", _Finding(NON_VERIFIABLE, motif))
    if np.isnan(declared):
        return _row("", _Finding(NON_VERIFIABLE, "places_ouvertes n'est pas rempli"))
    if seen and max(changes) - min(changes) > tolerance:
        words = liste(f"{source} {signe(f.variation)}" for source, f in seen.items())
        return _row("", _Finding(NON_VERIFIABLE, f"les sources se contredisent ({words})"))
    if not seen:
        source, finding = next(
            ((s, f) for s, f in findings.items() if f.statut == NON_VERIFIABLE),
            next(iter(findings.items())),
        )
        return _row(source, finding)
    source, finding = next(iter(seen.items()))
    gap = finding.variation - declared
    statut = CONFIRMEE if abs(gap) <= tolerance else SUPERIEURE if gap > 0 else INFERIEURE
    return _row(source, _Finding(statut, finding.motif, finding.avant, finding.observees))


def _look(
    book: _Book, source: str, uai: str, voie: str, rentree: int, codes: tuple, niveau: str,
    declared: float,
) -> _Finding:  # fmt: skip
    """Return what one source shows of the cell between the rentrée before and this one."""
    now = book.find(source, uai, voie, codes, rentree)
    before = book.find(source, uai, voie, codes, rentree - 1)
    had_file = source in book.files.get((niveau, voie, rentree - 1), ())
    if now is None and not (declared < 0 and before is not None):
        known = (source, uai, rentree) in book.schools
        what = "formation absente" if known else "établissement absent (privé, ou autre UAI ?)"
        return _Finding(INTROUVABLE, f"{what} du fichier de la rentrée {rentree}")
    if not had_file:
        return _Finding(NON_VERIFIABLE, f"pas de fichier de la rentrée {rentree - 1}")
    if before is None and (source, uai, rentree - 1) not in book.schools:
        motif = f"établissement absent du fichier de la rentrée {rentree - 1} : une nouvelle ligne"
        return _Finding(NON_VERIFIABLE, f"{motif} n'est pas une nouvelle place")
    motif = (
        "formation nouvelle dans l'établissement" if before is None
        else "formation fermée" if now is None else "même formation aux deux rentrées"
    )  # fmt: skip
    before, now = 0.0 if before is None else before, 0.0 if now is None else now
    if np.isnan(before) or np.isnan(now):
        years = [str(y) for y, v in ((rentree - 1, before), (rentree, now)) if np.isnan(v)]
        return _Finding(NON_VERIFIABLE, f"places masquées ou inconnues en {liste(years)}",
                        before, now)  # fmt: skip
    return _Finding("", f"{motif} ({pluriel(now, 'place')})", before, now)


def _row(source: str, finding: _Finding) -> dict[str, object]:
    return {
        "places_avant": finding.avant,
        "places_observees": finding.observees,
        "variation": finding.variation,
        "source": source,
        "statut": finding.statut,
        "motif": finding.motif,
    }
