"""Primary suppression, then complementary cells chosen by linear programming."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fpi_eval.disclosure.hiding import TOLERANCE, Hiding
from fpi_eval.disclosure.margins import (
    Protected,
    Publication,
    ToPublish,
    check_publications,
    with_margins,
)
from fpi_eval.disclosure.readers import show, show_public
from fpi_eval.disclosure.rules import (
    COMPLEMENT,
    TOTAL,
    Parts,
    PublicShare,
    Rate,
    Thresholds,
    check_counts,
    may_be_zero,
    primary,
    within,
)
from fpi_eval.disclosure.system import System, build_system
from fpi_eval.errors import FpiError


def protect(
    detail: pd.DataFrame,
    *,
    dims: Sequence[str],
    values: Sequence[str],
    margins: Iterable[Sequence[str]] | None = None,
    windows: Mapping[str, Sequence[object]] | None = None,
    rates: Sequence[Rate] = (),
    parts: Sequence[Parts] = (),
    public: Sequence[str] = (),
    known: Sequence[Publication] = (),
    thresholds: Thresholds = Thresholds(),  # noqa: B008
    name: str = "rapport",
) -> Protected:
    """Return the tables of `margins` with every cell hidden that must be.

    Parameters
    ----------
    detail : DataFrame
        Finest rows: dimensions and counts of people. It must hold the rows of earlier years too
        where `known` reports counted them.
    dims, values : sequence of str
        Dimension columns and counts to protect.
    margins : iterable of tuple of str, optional
        Groupings published, all linked: protected together. Default: every subset of `dims`.
    windows : mapping, optional
        Years published, e.g. ``{"rentree": [2023]}`` or ``{"rentree": [(2021, 2022)]}``.
    rates, parts : sequences
        Rates shown beside the counts; totals and their parts.
    public : sequence of str
        Counts that are no secret (places), shown as they are.
    known : sequence of Publication
        Reports already out: they can't be changed, and their hidden cells stay protected.

    Returns
    -------
    Protected
        Hidden values are physically absent from it.

    Raises
    ------
    FpiError
        If counts are not counts, or if reports already out leave no way to protect a cell.

    Notes
    -----
    For each cell not yet safe, the linear program of Kelly, Golden and Assad (1992) finds the
    cheapest alternative table (cost: people hidden) in which that cell differs by the protection
    width and all that is shown is unchanged; the cells that move are hidden. Each alternative is
    whole and feasible, so it is a proof that its cells stay uncertain, and the proof outlives
    later suppressions.
    """
    windows = windows or {}
    check_counts(detail, (*values, *public))
    mine = with_margins(detail, dims, margins=margins, windows=windows)
    layout = ToPublish(name, mine, tuple(values), tuple(rates), tuple(parts), tuple(public))
    return protect_together(detail, [layout], dims=dims, known=known, thresholds=thresholds)[name]


def protect_together(
    detail: pd.DataFrame,
    layouts: Sequence[ToPublish],
    *,
    dims: Sequence[str],
    links: Sequence[PublicShare] = (),
    known: Sequence[Publication] = (),
    thresholds: Thresholds = Thresholds(),  # noqa: B008
    withdraw: bool = False,
) -> dict[str, Protected]:
    """Return tables that a reader holds together, protected in one system, by name.

    Parameters
    ----------
    detail : DataFrame
        Finest rows: `dims`, the counts of all layouts (missing where not collected), and the
        ratios of `links`.
    layouts : sequence of ToPublish
        What is published, each on some of the dimensions.
    links : sequence of PublicShare
        Counts that are a public share of another: what hides one must hide the other.
    withdraw : bool
        Take out of the tables the cells that touch a count that nothing else protects.
    """
    check_publications(known, "known")
    values = list(dict.fromkeys(name for layout in layouts for name in layout.counts))
    check_counts(detail, values)
    detail = detail.reset_index(drop=True)
    ratios = [link.ratio for link in links]
    structure = pd.concat([detail[list(dims)], detail[values].notna(), detail[ratios]], axis=1)
    blocks = _sources(layouts, known, dims, values)
    relations = [r for b in blocks for r in (*b.parts, *within(b.rates, values))]
    cells = pd.concat([block.cells for block in blocks], ignore_index=True)
    system = build_system(cells, structure, values, list(dict.fromkeys(relations)), links)
    truth = system.unknowns(detail[values].fillna(0).astype(float))
    _check_relations(system, truth)
    hiding = Hiding(system, truth, thresholds.width)
    reasons = _declare(hiding, blocks, thresholds, links)
    hiding.keep_hidden()
    hiding.watch_details(thresholds)
    hiding.run(withdraw=withdraw)
    found = {}
    for layout, (block, first) in zip(layouts, _starts(blocks, len(layouts)), strict=True):
        where = (first, len(block.cells), block.names)
        masks = system.layout(hiding.hidden.astype(float), *where)
        counts = system.layout(hiding.value, *where)
        away = system.layout(hiding.withdrawn.astype(float), *where)
        shown = _table(layout, counts, masks, detail, structure, dims, links)
        lost = np.max([np.nan_to_num(away[name]) for name in block.names], axis=0) > 0
        found[layout.name] = _with_reasons(*shown, reasons[layout.name], ~lost)
    return found


@dataclass(frozen=True, slots=True)
class _Source:
    """Cells of one source: a layout, or an earlier report."""

    cells: pd.DataFrame
    names: tuple[str, ...]
    rates: tuple[Rate, ...]
    parts: tuple[Parts, ...]
    layout: ToPublish | None = None
    earlier: Publication | None = None


def _sources(
    layouts: Sequence[ToPublish],
    known: Sequence[Publication],
    dims: Sequence[str],
    values: Sequence[str],
) -> list[_Source]:
    """Return the blocks of the layouts, then those of earlier reports."""
    mine = [
        _Source(
            layout.cells.astype(object).reindex(columns=list(dims), fill_value=TOTAL),
            layout.counts,
            layout.rates,
            layout.parts,
            layout=layout,
        )
        for layout in layouts
    ]
    theirs = [
        _Source(
            p.cells(dims), tuple(n for n in p.counts if n in values), p.rates, p.parts, earlier=p
        )
        for p in known
    ]
    return [*mine, *theirs]


def _starts(blocks: Sequence[_Source], count: int) -> list[tuple[_Source, int]]:
    """Return the first `count` blocks, each with the place of its first cell."""
    sizes = np.cumsum([0, *(len(block.cells) for block in blocks)])
    return list(zip(blocks[:count], sizes.tolist(), strict=False))


def _table(
    layout: ToPublish,
    counts: Mapping[str, np.ndarray],
    masks: Mapping[str, np.ndarray],
    detail: pd.DataFrame,
    structure: pd.DataFrame,
    dims: Sequence[str],
    links: Sequence[PublicShare],
) -> tuple[Publication, pd.DataFrame]:
    """Return what a layout publishes, and its cells."""
    own, cells = list(layout.cells.columns), layout.cells
    frame, hidden = show(
        cells,
        {name: counts[name] for name in layout.counts},
        {name: masks[name] for name in layout.counts},
        layout.rates,
    )
    if layout.public:
        frame, hidden = show_public(frame, hidden, detail, own, layout.public)
    publication = Publication(
        layout.name,
        frame,
        tuple(own),
        layout.counts,
        structure,
        hidden,
        layout.rates,
        layout.parts,
        tuple(links),
        tuple(dims) if own != list(dims) else (),
    )
    return publication, cells


def _with_reasons(
    publication: Publication,
    cells: pd.DataFrame,
    reasons: Mapping[str, np.ndarray],
    kept: np.ndarray,
) -> Protected:
    """Return the table of the cells `kept`, with the reasons of what it hides."""
    frame, hidden, cells = (
        part[kept].reset_index(drop=True) for part in (publication.frame, publication.hidden, cells)
    )
    reasons = {name: why[kept] for name, why in reasons.items()}
    publication = replace(publication, frame=frame, hidden=hidden)
    why = {
        name: np.where(hidden[name] & (reasons[name] == ""), COMPLEMENT, reasons[name])
        for name in publication.counts
    }
    first = sum(int((reasons[name] != "").sum()) for name in publication.counts)
    n_hidden = int(hidden[list(publication.counts)].to_numpy().sum())
    return Protected(frame, hidden, first, n_hidden - first, publication, cells.assign(**why))


def _check_relations(system: System, truth: np.ndarray) -> None:
    rest = system.relations @ truth
    if ((rest < system.low - TOLERANCE) | (rest > system.high + TOLERANCE)).any():
        raise FpiError(
            "un total est plus petit que ses parties (ou n'est pas leur somme) dans le tableau "
            "détaillé : vérifiez les effectifs ou la déclaration « parts »."
        )


def _declare(
    hiding: Hiding,
    blocks: Sequence[_Source],
    thresholds: Thresholds,
    links: Sequence[PublicShare],
) -> dict[str, dict[str, np.ndarray]]:
    """Tell `hiding` what each row is; return each layout's reasons of primary suppression."""
    system, of_layout = hiding.system, {}
    for block, first in _starts(blocks, len(blocks)):
        size = len(block.cells)
        counts = system.layout(hiding.value, first, size, block.names)
        why = primary(counts, block.rates, thresholds)
        zeros = {n: may_be_zero(n, counts, block.rates, thresholds, links) for n in counts}
        if block.layout is not None:
            of_layout[block.layout.name] = why
        for row, offset, name in system.rows_of(first, size):
            if name not in counts:
                continue
            secret, zero = bool(why[name][offset]), bool(zeros[name][offset])
            label = _label(block.cells.iloc[offset], name)
            if block.layout is not None:
                share = any(link.share == name for link in links)
                hiding.own(row, label, secret=secret, may_be_zero=zero, share=share)
            elif block.earlier is not None:
                if _unknown_then(block.earlier, name, offset):
                    if secret:  # a first publication, protected like any other
                        hiding.watch_row(row, label)
                    continue
                frame = block.earlier.frame
                shown = frame[name].iloc[offset] if name in frame else np.nan
                hiding.earlier(row, label, shown, secret=secret, may_be_zero=zero)
    return of_layout


def _unknown_then(p: Publication, name: str, offset: int) -> bool:
    """Return whether a report said of a count that nobody knew it: it hid nothing there."""
    if name not in p.frame or name not in p.hidden:
        return False
    return bool(pd.isna(p.frame[name].iloc[offset]) and not p.hidden[name].iloc[offset])


def _label(cell: pd.Series, name: str) -> str:
    where = ", ".join(f"{dim} = {value}" for dim, value in cell.items() if value != TOTAL)
    return f"« {name} » ({where or 'ensemble'})"
