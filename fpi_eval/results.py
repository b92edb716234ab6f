"""Frozen results: what an estimator hands over, in words, as a table, as a figure."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text

Dropped = tuple[tuple[str, int], ...]


@runtime_checkable
class Result(Protocol):
    """What every result can do; none of the four refits anything or changes the result.

    A class of the library that has ``summary`` has all four (`tests/test_results.py` walks over
    them). ``report.export`` writes any of them in LaTeX or Excel.
    """

    def summary(self) -> str:
        """Return French sentences: verdict first if any, size, interval, what it cannot say."""

    def to_frame(self) -> pd.DataFrame:
        """Return tidy rows; an estimate has columns estimate, ci_low, ci_high."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw on the given Axes or on a new one, and return it."""

    def method(self) -> str:
        """Return one French paragraph that could stand in a paper, with references."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Effect of the programme on one outcome, with a 95 % interval.

    ``rule`` names in French how the interval was made, ``dropped`` counts what was left out and
    why, ``influence`` holds one influence value per cluster (their squares add up to the
    variance), so that two estimates can be compared with the right error.
    """

    outcome: str
    estimator: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    n_obs: int
    n_cells: int
    n_clusters: int
    n_treated_clusters: int
    rule: str
    label: str = "Effet par place"
    dropped: Dropped = ()
    description: str = field(default="", repr=False)
    influence: pd.Series | None = field(default=None, repr=False)
    verdict: str | None = None

    def with_verdict(self, verdict: str) -> "Estimate":
        """Return the same estimate, headed by the verdict on the design."""
        return replace(self, verdict=verdict)

    def summary(self) -> str:
        """Return one French paragraph: verdict if any, size, interval, rule, what was dropped."""
        size = f"{self.label} sur « {self.outcome} » : {text.signe(self.estimate, 3)}"
        bounds = within(self.ci_low, self.ci_high, 3)
        base = (
            f"{text.pluriel(self.n_cells, 'cellule')}, dont "
            f"{text.pluriel(self.n_treated_clusters, 'groupe traité', 'groupes traités')} "
            f"sur {text.nombre(self.n_clusters)}"
        )
        sentences = [f"{size} ({bounds} ; {self.estimator})", f"{base} ; {self.rule}"]
        return "\n".join(
            [*heading(self.verdict), ". ".join([*sentences, *_left_out(self.dropped)]) + "."]
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row."""
        columns = (
            "outcome", "estimator", "label", "estimate", "std_error", "ci_low", "ci_high",
            "p_value", "n_obs", "n_cells", "n_clusters", "n_treated_clusters", "rule",
        )  # fmt: skip
        return pd.DataFrame([{name: getattr(self, name) for name in columns}])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the estimate and its interval."""
        return plots.estimates(self.to_frame(), ax)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return f"{self.description} Erreurs et intervalle : {self.rule}."


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Several estimates read together, e.g. gross, displacement and net; ``note`` says how."""

    items: tuple[Estimate, ...]
    note: str = ""
    verdict: str | None = None

    def __iter__(self) -> Iterator[Estimate]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, key: int | str) -> Estimate:
        """Return an estimate by its position or by its label."""
        if isinstance(key, int):
            return self.items[key]
        return next(item for item in self.items if item.label == key)

    def with_verdict(self, verdict: str) -> "Estimates":
        """Return the same estimates, headed by the verdict on the design."""
        return replace(self, verdict=verdict)

    def summary(self) -> str:
        """Return one French line per estimate, then how to read them together."""
        lines = [item.summary() for item in self.items]
        return "\n".join([*heading(self.verdict), *lines, *([self.note] if self.note else [])])

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per estimate."""
        return pd.concat([item.to_frame() for item in self.items], ignore_index=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every estimate and its interval."""
        return plots.estimates(self.to_frame(), ax)

    def method(self) -> str:
        """Return the methods used, each once."""
        return "\n".join(dict.fromkeys(item.method() for item in self.items))


@dataclass(frozen=True, slots=True, eq=False)
class EventStudy:
    """Effects by year from the opening.

    ``table`` has columns rel_time, estimate, std_error, ci_low, ci_high, p_value, and may have
    band_low, band_high (simultaneous band), n_cells. ``covariance`` follows the rows of the table
    (NaN for a reference year). ``rel_time`` counts from the first year an effect is possible.
    """

    outcome: str
    estimator: str
    table: pd.DataFrame
    n_obs: int
    n_cells: int
    n_clusters: int
    n_treated_clusters: int
    rule: str
    covariance: np.ndarray | None = field(default=None, repr=False)
    overall: Estimate | None = None
    dropped: Dropped = ()
    description: str = field(default="", repr=False)
    verdict: str | None = None

    def with_verdict(self, verdict: str) -> "EventStudy":
        """Return the same event study, headed by the verdict on the design."""
        return replace(self, verdict=verdict)

    def summary(self) -> str:
        """Return French sentences: overall effect if any, then one line per year."""
        head = [self.overall.summary()] if self.overall is not None else []
        lines = [_year(row) for row in self.table.itertuples()]
        base = (
            f"{self.estimator}, « {self.outcome} » : {text.pluriel(self.n_cells, 'cellule')}, "
            f"{text.pluriel(self.n_treated_clusters, 'groupe traité', 'groupes traités')} "
            f"sur {text.nombre(self.n_clusters)} ; {self.rule}"
        )
        base = ". ".join([base, *_left_out(self.dropped)]) + "."
        return "\n".join([*heading(self.verdict), *head, *lines, base])

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per year."""
        return self.table.assign(outcome=self.outcome, estimator=self.estimator)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the event study."""
        return plots.event_study(self.table, ax)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return f"{self.description} Erreurs et intervalles : {self.rule}."


def within(low: float, high: float, digits: int) -> str:
    """Return an interval in words, or that there is none (a single treated cluster has none)."""
    if np.isnan(low) or np.isnan(high):
        return "sans intervalle"
    return f"intervalle à 95 % {text.intervalle(low, high, digits)}"


def _year(row) -> str:
    """Return one year in words; the year of reference has no error, hence no interval."""
    head = f"Année {text.signe(row.rel_time) if row.rel_time else '0'} : "
    if np.isnan(row.estimate):
        return f"{head}non estimable"
    if np.isnan(row.ci_low):
        if row.estimate == 0:
            return f"{head}0 (année de référence)"
        return f"{head}{text.signe(row.estimate, 3)} (sans intervalle)"
    return f"{head}{text.signe(row.estimate, 3)} ({text.intervalle(row.ci_low, row.ci_high, 3)})"


def heading(verdict: str | None) -> list[str]:
    """Return the line that heads a summary: the verdict on the design, if there is one."""
    return [f"Verdict sur le plan d'évaluation : {verdict}"] if verdict else []


def _left_out(dropped: Dropped) -> list[str]:
    found = [f"{reason} ({text.nombre(count)})" for reason, count in dropped if count]
    return [f"Laissé de côté : {text.liste(found)}"] if found else []
