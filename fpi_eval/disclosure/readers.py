"""The frame that readers get: counts without the hidden ones, public counts, rates."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fpi_eval.disclosure.rules import Rate
from fpi_eval.disclosure.system import build_system


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
    sums = system.layout(system.matrix @ truth, 0, len(frame), public)
    return frame.assign(**sums), hidden.assign(**dict.fromkeys(public, False))
