"""Cells of published tables: margins, windows of years, and which detailed rows each contains."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations

import numpy as np
import pandas as pd
from scipy import sparse

from fpi_eval.disclosure.rules import MARK, TOTAL, Parts, PublicShare, Rate
from fpi_eval.disclosure.shown import Shown, _made
from fpi_eval.errors import FpiError
from fpi_eval.text import MISSING


@dataclass(frozen=True, slots=True)
class Publication:
    """What one report shows, and nothing else; kept from year to year.

    Parameters
    ----------
    frame : DataFrame
        One row per cell. A dimension holds a value, `TOTAL`, or a tuple of values summed (a
        two-cohort millésime is ``(2021, 2022)``). A count or rate not shown is missing.
    dims, counts : tuple of str
        Dimension and count columns.
    structure : DataFrame
        The public catalogue: which detailed cells exist, and (columns of `counts`, booleans) which
        counts were collected there. Holds no count. Tables of one system share it.
    space : tuple of str
        Dimensions of the catalogue, where they are more than the table's.
    """

    name: str
    frame: pd.DataFrame
    dims: tuple[str, ...]
    counts: tuple[str, ...]
    structure: pd.DataFrame
    hidden: pd.DataFrame
    rates: tuple[Rate, ...] = ()
    parts: tuple[Parts, ...] = ()
    links: tuple[PublicShare, ...] = ()
    space: tuple[str, ...] = ()

    def cells(self, dims: Sequence[str]) -> pd.DataFrame:
        """Return the cells on the dimensions of a catalogue, summed over those not told."""
        if extra := set(self.dims) - set(dims):
            raise FpiError(
                f"« {self.name} » : dimension absente du tableau détaillé.", colonne=min(extra)
            )
        told = self.frame[list(self.dims)].astype(object)
        return told.reindex(columns=list(dims), fill_value=TOTAL)


@dataclass(frozen=True, slots=True)
class ToPublish:
    """A table to publish: its cells (dimension columns only), and what each shows."""

    name: str
    cells: pd.DataFrame
    counts: tuple[str, ...]
    rates: tuple[Rate, ...] = ()
    parts: tuple[Parts, ...] = ()
    public: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Protected:
    """A table fit to publish: what is hidden is absent from `frame`, and flagged in `hidden`.

    `reasons` (``effectif``, ``taux``, ``complement``) is for the authors only: published, it would
    tell which cells hold 1 to 4 people.
    """

    frame: pd.DataFrame
    hidden: pd.DataFrame
    n_primary: int
    n_complementary: int
    publication: Publication = field(repr=False)
    reasons: pd.DataFrame = field(repr=False)

    @property
    def shown(self) -> Shown:
        """The cells, fit to be shown."""
        return _made(self.frame, self.hidden)

    def display(self) -> pd.DataFrame:
        """Return the frame with the mark ``s`` where hidden, ``n. d.`` where not collected."""
        shown = self.frame.copy().astype(object)
        for name in self.hidden:
            shown[name] = shown[name].where(shown[name].notna(), MISSING)
            shown[name] = shown[name].mask(self.hidden[name], MARK)
        return shown


def cube(dims: Sequence[str]) -> list[tuple[str, ...]]:
    """Return every subset of the dimensions, from the full crossing to the grand total."""
    return list(chain.from_iterable(combinations(dims, k) for k in range(len(dims), -1, -1)))


def with_margins(
    detail: pd.DataFrame,
    dims: Sequence[str],
    *,
    margins: Iterable[Sequence[str]] | None = None,
    windows: Mapping[str, Sequence[object]] | None = None,
) -> pd.DataFrame:
    """Return the cells (dimension columns only) of the groupings in `margins`, default all.

    A dimension in `windows` (years) is part of every grouping: a total over years would count
    people twice. Its cells are the windows: a year, or a tuple of years summed.
    """
    windows = dict(windows or {})
    missing = [dim for dim in (*dims, *windows) if dim not in detail]
    if missing:
        raise FpiError("dimension absente du tableau détaillé.", colonne=missing[0])
    rows = detail[list(dims)].drop_duplicates()
    for dim in dims:
        if rows[dim].isna().any() or rows[dim].eq(TOTAL).any():
            raise FpiError(f"valeur vide ou « {TOTAL} » dans une dimension.", colonne=dim)
    for dim, spans in windows.items():
        spread = [(v, s) for s in spans for v in (s if isinstance(s, tuple) else (s,))]
        spread = pd.DataFrame(spread, columns=[dim, "_span"]).astype({"_span": object})
        rows = rows.merge(spread, on=dim).drop(columns=dim).rename(columns={"_span": dim})
    free = [dim for dim in dims if dim not in windows]
    groupings = cube(free) if margins is None else [tuple(margin) for margin in margins]
    frames = [_grouping(rows, dims, (*windows, *grouping)) for grouping in groupings]
    return pd.concat(frames, ignore_index=True).drop_duplicates(ignore_index=True)


def _grouping(rows: pd.DataFrame, dims: Sequence[str], kept: Sequence[str]) -> pd.DataFrame:
    unknown = [dim for dim in kept if dim not in dims]
    if unknown:
        raise FpiError("marge sur une colonne qui n'est pas une dimension.", colonne=unknown[0])
    cells = rows.astype(object).copy()
    cells[[dim for dim in dims if dim not in kept]] = TOTAL
    cells = cells[list(dims)].drop_duplicates()
    return cells.sort_values(list(dims), key=lambda column: column.map(str), kind="stable")


def membership(cells: pd.DataFrame, detail: pd.DataFrame) -> sparse.csr_matrix:
    """Return the 0/1 matrix (cells × detailed rows) of which rows each cell sums."""
    dims = list(cells.columns)
    cells = cells.reset_index(drop=True).astype(object)
    grouped = cells.ne(TOTAL).to_numpy()
    windows = {dim for dim in dims if cells[dim].map(type).eq(tuple).any()}
    atoms = detail[dims].astype(object).assign(_atom=np.arange(len(detail)))
    pairs = []
    for pattern in np.unique(grouped, axis=0):
        kept = [dim for dim, keep in zip(dims, pattern, strict=True) if keep]
        chosen = cells.loc[(grouped == pattern).all(axis=1), kept].assign(_cell=lambda t: t.index)
        for dim in (dim for dim in kept if dim in windows):
            chosen = chosen.explode(dim)
        found = chosen.merge(atoms, on=kept) if kept else chosen.merge(atoms, how="cross")
        pairs.append(found[["_cell", "_atom"]].to_numpy(dtype=int))
    cell, atom = np.concatenate(pairs).T
    shape = (len(cells), len(detail))
    return sparse.csr_matrix((np.ones(len(cell)), (cell, atom)), shape=shape)
