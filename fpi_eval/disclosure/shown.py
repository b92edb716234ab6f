"""The frame that readers get: counts without the hidden ones, public counts, rates."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fpi_eval.disclosure.rules import Rate, Thresholds, below, small
from fpi_eval.disclosure.system import build_system

#: Columns of a result that count people, and those that would give a hidden count back.
PEOPLE = ("leavers", "employed", "observed", "count")
TELLING = (
    "low", "high", "ci_low", "ci_high", "hidden_share", "expected", "difference", "change",
    "estimate", "cost", "words", "hidden_cells",
)  # fmt: skip


def show(
    cells: pd.DataFrame,
    counts: Mapping[str, np.ndarray],
    masks: Mapping[str, np.ndarray],
    rates: Sequence[Rate],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the frame without its hidden values, and a boolean frame of where they were.

    A rate is shown only where both its counts are: it then tells nothing more than they do.
    """
    hidden = pd.DataFrame({name: masks[name] == 1 for name in counts}, index=cells.index)
    frame = cells.assign(**{name: np.where(hidden[name], np.nan, counts[name]) for name in counts})
    for rate in rates:
        if {rate.numerator, rate.denominator} <= set(counts):
            _add_rate(frame, hidden, rate)
    return frame, hidden


def _add_rate(frame: pd.DataFrame, hidden: pd.DataFrame, rate: Rate) -> None:
    base = frame[rate.denominator].where(frame[rate.denominator] > 0)
    hidden[rate.name] = hidden[rate.numerator] | hidden[rate.denominator]
    frame[rate.name] = frame[rate.numerator] / base


def show_public(
    frame: pd.DataFrame,
    hidden: pd.DataFrame,
    detail: pd.DataFrame,
    dims: Sequence[str],
    public: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both frames with the counts `public`, which no rule hides."""
    collected = pd.concat([detail[list(dims)], detail[list(public)].notna()], axis=1)
    system = build_system(frame[list(dims)], collected, list(public), ())
    truth = system.unknowns(detail[list(public)].fillna(0))
    sums = system.layout(system.matrix @ truth, 0, len(frame))
    return frame.assign(**sums), hidden.assign(**dict.fromkeys(public, False))


def show_alone(
    frame: pd.DataFrame, thresholds: Thresholds
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return a result's rows without small counts of people, and where values were hidden.

    A row with one loses all that would give it back; when a single row is hidden a second one is
    too, the smallest, since the total may be known from elsewhere.
    """
    people = [name for name in PEOPLE if name in frame]
    if not people:
        return frame, None
    counts = frame[people].astype(float)
    lost = small(_whole(counts), thresholds).any(axis=1)
    if {"leavers", "employed"} <= set(people):
        rest = counts["leavers"] - counts["employed"]
        lost |= small(_whole(rest), thresholds) | below(counts["leavers"], thresholds)
    if lost.sum() == 1 and len(frame) > 1:
        lost[counts[people[0]].mask(lost).idxmin()] = True
    names = [name for name in (*people, *TELLING) if name in frame]
    out = frame.copy()
    for name in names if lost.any() else ():
        out[name] = out[name].mask(lost)
    return out, pd.DataFrame(dict.fromkeys(names, lost), index=frame.index)


def _whole(counts):
    """Return estimated counts of people as whole ones; less than one is not nobody."""
    return counts.round().mask((counts > 0) & (counts < 1), 1.0)
