"""The rows of a regression, and what its result must say of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

Count = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A table whose facts go with its rows: it reads as the table, some of its rows are a sample.

    What a method of the table makes (``groupby``, ``merge``, …) is a plain table, without facts.

    Attributes
    ----------
    frame : DataFrame
        See `cells.align`.
    outcome : str
        Column of the panel that ``y`` is.
    dropped : tuple of (str, int)
        Why rows were left out, and how many.
    reach, level : tuple of float
        Exposure per opened seat, at the establishment and in the département, and what a student
        is worth of the outcome in neighbours that are not in the sample (`impact.frame`).
    reaches : mapping of str
        Reach for further outcomes of the same rows, where it is another (`reach_for`).
    seats : DataFrame
        ``cell``, ``time`` and ``dose`` of every row of the panel whose seats are known, also
        without the outcome.
    """

    frame: pd.DataFrame
    outcome: str
    dropped: tuple[Count, ...] = ()
    reach: tuple[float, ...] = (1.0, 1.0)
    level: tuple[float, ...] = (1.0, 1.0)
    reaches: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    seats: pd.DataFrame = field(default_factory=pd.DataFrame)

    def reach_for(self, outcome: str) -> tuple[float, ...]:
        """Return the reach for one of the outcomes of these rows."""
        return self.reaches.get(outcome, self.reach)

    def __getitem__(self, key: Any) -> Any:
        """Return a column, a table of some columns, or the sample of some rows (a mask)."""
        if pd.api.types.is_bool_dtype(getattr(key, "dtype", object)):
            return replace(self, frame=self.frame[key])
        return self.frame[key]

    def __getattr__(self, name: str) -> Any:
        """Return what the table has."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.frame, name)

    def __len__(self) -> int:
        return len(self.frame)

    def __contains__(self, name: object) -> bool:
        return name in self.frame

    def __iter__(self) -> Iterator:
        return iter(self.frame)

    def assign(self, **columns: Any) -> "Sample":
        """Return the sample with more columns."""
        return replace(self, frame=self.frame.assign(**columns))

    def of(self, frame: pd.DataFrame, *dropped: Count) -> "Sample":
        """Return the same facts on another table, with more rows left out."""
        return replace(self, frame=frame, dropped=(*self.dropped, *dropped))
