"""Cells of published tables: margins, windows of years, and which detailed rows each contains."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations, product

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


def check_publications(given: object, name: str) -> None:
    """Raise unless these are a list of publications: neither one alone, nor what holds them."""
    held = given if isinstance(given, list | tuple) else [given]
    wrong = [one for one in held if held is not given or not isinstance(one, Publication)]
    if wrong:
        raise FpiError(
            f"« {name} » prend la liste de ce qui est déjà sorti, {name}=[tableau.publication] : "
            f"la publication de chaque tableau protégé. Trouvé : {type(wrong[0]).__name__}."
        )


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
    known = {dim: rows[dim].astype(object).tolist() for dim in dims}
    cells = [_grouping(known, len(rows), (*windows, *grouping)) for grouping in groupings]
    every = [*dict.fromkeys(chain.from_iterable(cells))]
    return pd.DataFrame(every, columns=list(dims), dtype=object)


def _grouping(known: Mapping[str, list], size: int, kept: Sequence[str]) -> list[tuple]:
    """Return the cells of one grouping, in the order of what each dimension says."""
    if unknown := [dim for dim in kept if dim not in known]:
        raise FpiError("marge sur une colonne qui n'est pas une dimension.", colonne=unknown[0])
    told = (values if dim in kept else [TOTAL] * size for dim, values in known.items())
    cells = dict.fromkeys(zip(*told, strict=True))
    return sorted(cells, key=lambda cell: [str(value) for value in cell])


def membership(cells: pd.DataFrame, detail: pd.DataFrame) -> sparse.csr_matrix:
    """Return the 0/1 matrix (cells × detailed rows) of which rows each cell sums."""
    atoms = [detail[dim].astype(object).tolist() for dim in cells]
    alike: dict[tuple[int, ...], dict[tuple, list[int]]] = {}  # rows by the values of a grouping
    sums = []
    for values in zip(*(cells[dim].astype(object) for dim in cells), strict=True):
        told = tuple(place for place, value in enumerate(values) if value != TOTAL)
        if told not in alike:
            rows = alike[told] = {}
            keys = zip(*(atoms[place] for place in told), strict=True)
            for row, key in enumerate(keys if told else [()] * len(detail)):
                rows.setdefault(key, []).append(row)
        spans = [v if isinstance(v := values[place], tuple) else (v,) for place in told]
        sums.append([row for key in product(*spans) for row in alike[told].get(key, ())])
    atom = np.fromiter(chain.from_iterable(sums), dtype=int)
    cell = np.repeat(np.arange(len(cells)), [len(rows) for rows in sums])
    shape = (len(cells), len(detail))
    return sparse.csr_matrix((np.ones(len(cell)), (cell, atom)), shape=shape)
