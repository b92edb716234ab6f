"""Protect one table of counts for a report, with last year's publication in mind, and audit it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fpi_eval.disclosure import TOTAL, Protected, Publication, Shown, Thresholds, audit, protect
from fpi_eval.disclosure.rules import EFFECTIF, TAUX
from fpi_eval.errors import FpiError
from fpi_eval.panel.panels import Panels
from fpi_eval.report.published import memory as publication

AUTRES = "—"  # detail of other regions and of older years: not distinguished


@dataclass(frozen=True, slots=True)
class Safe:
    """A table fit to publish, and what audits it: last year's cells that it shares years with."""

    table: Protected
    known: tuple[Publication, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """Shown cells."""
        return self.table.frame

    @property
    def hidden(self) -> pd.DataFrame:
        """Where something is hidden."""
        return self.table.hidden

    def derived(self, frame: pd.DataFrame, hidden: pd.DataFrame) -> Shown:
        """Return rows made from the shown cells alone, and where they lack a hidden value."""
        return self.table.shown.derived(frame, hidden)


def check(safe: Safe, thresholds: Thresholds) -> int:
    """Return how many hidden counts the audit bounded; raise if one can be recovered."""
    published = [*safe.known, safe.table.publication]
    return len(audit(published, thresholds=thresholds))


def thresholds_of(p: Panels) -> Thresholds:
    """Return the programme's thresholds."""
    return Thresholds.of(p.donnees.programme.secret)


def protected(
    p: Panels,
    name: str,
    rows: pd.DataFrame,
    dims: list[str],
    values: list[str],
    margins: list[tuple[str, ...]],
    *,
    public: Sequence[str] = (),
    windows: Sequence[object] | None = None,
    fine: Sequence[object] | None = None,
    **more: object,
) -> Safe | None:
    """Return the protected table of a system, last year's publication in mind; None if no row."""
    if rows.empty:
        return None
    year = dims[-1]
    counts = [*values, *public]
    detail = rows.groupby(dims)[counts].sum(min_count=1).reset_index()
    years = list(detail[year].unique())
    if fine is None:
        fine = years if windows else [y for y in years if y >= p.donnees.rentree - 1]
    before = publication.previous(p.donnees).get(name)
    known = () if before is None else (publication.within(before, year, fine),)
    known = tuple(one for one in known if len(one.frame))
    arguments = dict(
        dims=dims, values=values, margins=margins, public=public,
        windows={year: list(windows or years)}, thresholds=thresholds_of(p), name=name, **more,
    )  # fmt: skip
    try:
        safe = protect(detail, known=known, **arguments)
    except FpiError as error:
        if not known:
            raise
        if not p.donnees.simulees:
            raise _revised(p, error) from error
        return Safe(_told(protect(detail, **arguments)), ())  # another twin: no secret to keep
    safe = _told(safe)
    return Safe(publication.still_hidden(safe, before) if before else safe, known)


def _told(safe: Protected) -> Protected:
    """Return the tables without the cells of places not told apart: each repeats a wider one."""
    dims = list(safe.publication.dims)
    kept = safe.frame[dims].ne(AUTRES).all(axis=1)
    frame, hidden = (part[kept].reset_index(drop=True) for part in (safe.frame, safe.hidden))
    shown = replace(safe.publication, frame=frame, hidden=hidden)
    n = int(hidden[list(shown.counts)].to_numpy().sum())
    reasons = safe.reasons[kept].reset_index(drop=True)
    first = int(reasons[list(shown.counts)].isin([EFFECTIF, TAUX]).to_numpy().sum())
    return replace(safe, frame=frame, hidden=hidden, n_primary=first, n_complementary=n - first,
                   publication=shown, reasons=reasons)  # fmt: skip


def _revised(p: Panels, error: FpiError) -> FpiError:
    path = publication.path_of(p.donnees, p.donnees.rentree - 1)
    return FpiError(
        f"{error} Le rapport précédent est lu dans {path.name} : si un producteur a révisé ses "
        "données, refaites d'abord ce rapport avec elles.",
        fichier=path.parent.name,
    )


def margin(safe: Safe, *shown: str, **fixed: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cells and flags of one grouping: `shown` dimensions told, the others summed.

    The year is always told; `fixed` keeps one value of a dimension.
    """
    dims = list(safe.table.publication.dims)
    frame = safe.frame
    kept = np.ones(len(frame), dtype=bool)
    for dim in dims[:-1]:
        told = frame[dim] != TOTAL
        kept &= told if dim in shown else ~told
    for dim, value in fixed.items():
        kept &= frame[dim].map(lambda v, w=value: v == w)
    return frame[kept].reset_index(drop=True), safe.hidden[kept].reset_index(drop=True)
