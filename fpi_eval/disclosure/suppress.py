"""Primary suppression, then complementary cells chosen by linear programming."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from fpi_eval.disclosure.hiding import Hiding
from fpi_eval.disclosure.readers import show, show_public
from fpi_eval.disclosure.rules import (
    COMPLEMENT,
    EFFECTIF,
    TOTAL,
    Parts,
    Rate,
    Thresholds,
    check_counts,
    may_be_zero,
    primary,
    within,
)
from fpi_eval.disclosure.system import System, build_system
from fpi_eval.disclosure.tables import Protected, Publication, elementary, with_margins
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
    detail = detail.reset_index(drop=True)
    mine = with_margins(detail, dims, margins=margins, windows=windows)
    theirs = [_on_dims(publication, dims) for publication in known]
    virtual = elementary(pd.concat([mine, *theirs], ignore_index=True))
    cells = pd.concat([mine, *theirs, virtual], ignore_index=True)
    structure = pd.concat([detail[list(dims)], detail[list(values)].notna()], axis=1)
    relations = [*parts, *within(rates, values)]
    for publication in known:
        relations += [*publication.parts, *within(publication.rates, values)]
    system = build_system(cells, structure, values, list(dict.fromkeys(relations)))
    truth = system.unknowns(detail[list(values)].fillna(0))
    _check_relations(system, truth)
    hiding = Hiding(system, truth, thresholds.largeur_protection)
    sizes = [len(mine), *(len(cells) for cells in theirs), len(virtual)]
    reasons = _declare(hiding, cells, sizes, known, rates, thresholds)
    _watch_rests(hiding, mine, parts, thresholds)
    hiding.run()
    masks = system.layout(hiding.hidden.astype(float), 0, len(mine))
    counts = system.layout(hiding.value, 0, len(mine))
    frame, hidden = show(mine, counts, masks, rates)
    if public:
        frame, hidden = show_public(frame, hidden, detail, dims, public)
    publication = Publication(
        name, frame, tuple(dims), tuple(values), structure, hidden, tuple(rates), tuple(parts)
    )
    return _with_reasons(publication, mine, reasons)


def _with_reasons(
    publication: Publication, cells: pd.DataFrame, reasons: Mapping[str, np.ndarray]
) -> Protected:
    frame, hidden = publication.frame, publication.hidden
    why = {
        name: np.where(hidden[name] & (reasons[name] == ""), COMPLEMENT, reasons[name])
        for name in publication.counts
    }
    first = sum(int((reasons[name] != "").sum()) for name in publication.counts)
    n_hidden = int(hidden[list(publication.counts)].to_numpy().sum())
    return Protected(frame, hidden, first, n_hidden - first, publication, cells.assign(**why))


def _on_dims(publication: Publication, dims: Sequence[str]) -> pd.DataFrame:
    extra = set(publication.dims) - set(dims)
    if extra:
        raise FpiError(
            f"« {publication.name} » : dimension absente du tableau détaillé.", colonne=min(extra)
        )
    cells = publication.frame[list(publication.dims)].astype(object)
    return cells.reindex(columns=list(dims), fill_value=TOTAL)


def _check_relations(system: System, truth: np.ndarray) -> None:
    rest = system.relations @ truth
    if ((rest < system.low) | (rest > system.high)).any():
        raise FpiError(
            "un total est plus petit que ses parties (ou n'est pas leur somme) dans le tableau "
            "détaillé : vérifiez les effectifs ou la déclaration « parts »."
        )


def _declare(
    hiding: Hiding,
    cells: pd.DataFrame,
    sizes: Sequence[int],
    known: Sequence[Publication],
    rates: Sequence[Rate],
    thresholds: Thresholds,
) -> dict[str, np.ndarray]:
    """Tell `hiding` what each row is, and return the reasons of primary suppression of own rows.

    Blocks of cells, by `sizes`: the new report, each earlier one, single years inside windows.
    """
    system, first, of_block = hiding.system, 0, []
    sources = [None, *known, None]
    for number, (size, source) in enumerate(zip(sizes, sources, strict=True)):
        counts = system.layout(hiding.value, first, size)
        own_rates = source.rates if source else rates
        of_block.append(primary(counts, own_rates, thresholds))
        zeros = {name: may_be_zero(name, counts, own_rates, thresholds) for name in counts}
        for row, offset, name in system.rows_of(first, size):
            secret, zero = bool(of_block[-1][name][offset]), bool(zeros[name][offset])
            label = _label(cells.iloc[first + offset], name)
            if number == 0:
                hiding.own(row, label, secret=secret, may_be_zero=zero)
            elif source is not None:
                shown = source.frame[name].iloc[offset] if name in source.frame else np.nan
                hiding.earlier(row, label, shown, secret=secret, may_be_zero=zero)
            elif of_block[-1][name][offset] == EFFECTIF:
                hiding.watch_row(row, label)
        first += size
    return of_block[0]


def _label(cell: pd.Series, name: str) -> str:
    where = ", ".join(f"{dim} = {value}" for dim, value in cell.items() if value != TOTAL)
    return f"« {name} » ({where or 'ensemble'})"


def _watch_rests(
    hiding: Hiding, cells: pd.DataFrame, parts: Sequence[Parts], thresholds: Thresholds
) -> None:
    """Protect what is left of a total besides its parts, where it is small."""
    for relation in (relation for relation in parts if not relation.exhaustive):
        for cell in range(len(cells)):
            row = hiding.system.rest(relation, cell)
            if row is None:
                continue
            if 1 <= float((row @ hiding.truth)[0]) < thresholds.effectif_minimum:
                hiding.watch(row, f"reste de {_label(cells.iloc[cell], relation.total)}")
