"""Frozen results: what an estimator hands over, in words, as a table, as a figure."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast, overload

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import advised, hint

if TYPE_CHECKING:
    from fpi_eval.disclosure import Gate
    from fpi_eval.programme import Secret

Dropped = tuple[tuple[str, int], ...]
SOURCE = "calculs fpi_eval"


class Result(ABC):
    """What every result can do; none of it refits anything or changes the result.

    A result shows itself in a notebook (its sentences, then an accessible table) and in a
    terminal (its sentences). A class of the library that has ``summary`` is one
    (`tests/test_results.py` walks over them). ``caption`` is the French title of its table,
    ``methode`` its `method` where nothing of it varies, ``xlabel`` what its default figure
    measures. What writes is imported when something is written: estimating does not need it.
    """

    __slots__ = ()
    caption = "Résultat"
    methode = ""
    xlabel = "Effet et intervalle à 95 %"
    unite = ""

    @abstractmethod
    def summary(self) -> str:
        """Return French sentences: verdict first if any, size, interval, what it cannot say."""

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """Return tidy rows; an estimate has columns estimate, ci_low, ci_high."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw on the given Axes or on a new one, and return it: a line per row by default."""
        return plots.estimates(self.to_frame(), ax, xlabel=self.xlabel)

    def method(self) -> str:
        """Return one French paragraph that could stand in a paper, with references."""
        return self.methode

    @advised("Il rend le texte du tableau : écrivez-le par Path(…).write_text(… .to_latex()).")
    def to_latex(
        self,
        *,
        titre: str = "",
        source: str = SOURCE,
        simulees: bool | None = None,
        secret: "Secret | None" = None,
    ) -> str:
        """Return a LaTeX table for a paper: see `paper.latex`."""
        from fpi_eval import paper

        return paper.latex(
            self,
            titre=titre or self._title(),
            source=source,
            simulees=simulees,
            secret=secret,
        )

    def told_by(self, gate: "Gate") -> "Result | None":
        """Return what of the result rests on enough openings, by the counts of its table's rows."""
        table = getattr(self, "table", None)
        if table is None or not len(table):
            return self
        rows = gate.passed(table)
        return replace(cast(Any, self), table=rows) if len(rows) else None

    def _title(self) -> str:
        """Return the title of the result's table: what it is, on which outcome."""
        outcome = getattr(self, "outcome", "")
        said = text.RESULTATS.get(outcome, outcome).lower()
        return f"{self.caption} ({said})" if said else self.caption

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        """Return what a notebook shows: the sentences, then the table."""
        from fpi_eval import paper

        return paper.bundle(self, self._title())

    def __repr__(self) -> str:
        """Return the sentences."""
        return self._repr_mimebundle_()["text/plain"]


class Headed(Result):
    """A result that the verdict on the design may head: its field ``verdict``."""

    __slots__ = ()

    def with_verdict(self, verdict: str) -> Self:
        """Return the same result, headed by the verdict."""
        return replace(cast(Any, self), verdict=verdict)


def beyond_zero(low: float, high: float) -> bool:
    """Return whether an interval leaves zero out: no interval tells nothing from zero."""
    return bool(low > 0 or high < 0)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Estimate(Headed):
    """Effect of the programme on one outcome, with a 95 % interval.

    ``rule`` names in French how the interval was made, ``dropped`` counts what was left out and
    why, ``influence`` holds one influence value per cluster (their squares add up to the
    variance), so that two estimates can be compared with the right error. Clusters counted are
    those of ``influence``; an interval made otherwise says its own in ``rule``. ``seats`` is how
    many the effect is of, one of an effect per seat. ``df``: degrees of freedom of the error, of
    treated clusters or those they are compared with.

    Examples
    --------
    >>> rule = "erreurs groupées par établissement"
    >>> effet = Estimate("diplomes", "J", 0.4, 0.1, 0.2, 0.6, 0.001, 1200, 150, 40, 12, rule)
    >>> effet
    Effet par place sur « diplomes » : +0,400 (intervalle à 95 % de +0,200 à +0,600 ; J).
    150 cellules, dont 12 groupes traités sur 40 ; erreurs groupées par établissement.
    >>> effet.to_frame()[["estimate", "ci_low", "ci_high"]]
       estimate  ci_low  ci_high
    0       0.4     0.2      0.6
    >>> "toprule" in effet.to_latex(simulees=False)
    True
    """

    caption = "Effet estimé"

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
    n_openings: int | None = None
    seats: float = 1.0
    df: float = field(default=float("inf"), repr=False)

    @property
    def openings(self) -> int:
        """Opened establishments that the effect rests on: treated clusters, if nothing else is."""
        return self.n_treated_clusters if self.n_openings is None else self.n_openings

    @property
    def beyond_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return beyond_zero(self.ci_low, self.ci_high)

    def of_seats(self, seats: float) -> "Estimate":
        """Return the effect of so many seats; more closed than opened turn its ends around."""
        low, high = sorted((seats * self.ci_low, seats * self.ci_high))
        return replace(
            self,
            estimate=seats * self.estimate,
            std_error=abs(seats) * self.std_error,
            ci_low=low,
            ci_high=high,
            influence=None if self.influence is None else seats * self.influence,
            seats=abs(seats),
        )

    def told_by(self, gate: "Gate") -> "Estimate | None":
        """Return the estimate if it rests on enough openings."""
        return self if gate.told(self.openings) else None

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

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return f"{self.description} Erreurs et intervalle : {self.rule}."


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Estimates(Headed):
    """Several estimates read together, e.g. gross, displacement and net; ``note`` says how.

    ``public``: effects on counts that an open file shows one by one, which nothing can give back.

    Examples
    --------
    >>> one = Estimate("diplomes", "J", 0.4, 0.1, 0.2, 0.6, 0.001, 1200, 150, 40, 12, "règle")
    >>> Estimates((one,))["Net"]
    Traceback (most recent call last):
    ...
    fpi_eval.errors.FpiError: pas d'estimation « Net ». Estimations de ce résultat : ...
    """

    caption = "Effets estimés"

    items: tuple[Estimate, ...]
    note: str = ""
    verdict: str | None = None
    public: bool = False

    @property
    def outcome(self) -> str:
        """The outcome of all, which titles their table; empty if they have several."""
        names = {item.outcome for item in self.items}
        return names.pop() if len(names) == 1 else ""

    def __iter__(self) -> Iterator[Estimate]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, key: int | str) -> Estimate: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Estimate, ...]: ...
    def __getitem__(self, key: int | str | slice) -> Estimate | tuple[Estimate, ...]:
        """Return an estimate by its position or by its label, or some of them."""
        if isinstance(key, slice):
            return self.items[key]
        if not isinstance(key, str):
            if -len(self.items) <= key < len(self.items):
                return self.items[key]
            raise FpiError(
                f"pas d'estimation à la place {key} : ce résultat en a {len(self.items)}, "
                f"de 0 à {len(self.items) - 1}."
            )
        for item in self.items:
            if item.label == key:
                return item
        labels = list(dict.fromkeys(item.label for item in self.items))
        known = text.liste(f"« {label} »" for label in labels)
        raise FpiError(
            f"pas d'estimation « {key} ».{hint(key, labels)} Estimations de ce résultat : {known}."
        )

    if not TYPE_CHECKING:  # mypy still refuses what is not there

        def __getattr__(self, name: str) -> NoReturn:
            """Say where what each estimate holds is read."""
            if name.startswith("_") or not hasattr(Estimate, name):
                raise AttributeError(f"'Estimates' object has no attribute {name!r}")
            raise AttributeError(
                f"ce résultat a {text.pluriel(len(self), 'estimation')} : écrivez [0].{name}, ou "
                ".to_frame() pour toutes."
            )

    def told_by(self, gate: "Gate") -> "Estimates | None":
        """Return the estimates that rest on enough openings."""
        told = tuple(item for item in self.items if self.public or item.told_by(gate))
        return replace(self, items=told) if told else None

    def summary(self) -> str:
        """Return one French line per estimate, then how to read them together."""
        lines = [item.summary() for item in self.items]
        return "\n".join([*heading(self.verdict), *lines, *([self.note] if self.note else [])])

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per estimate."""
        return pd.concat([item.to_frame() for item in self.items], ignore_index=True)

    def method(self) -> str:
        """Return the methods used, each once."""
        return "\n".join(dict.fromkeys(item.method() for item in self.items))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EventStudy(Headed):
    """Effects by year from the opening.

    ``table`` has columns rel_time, estimate, std_error, ci_low, ci_high, p_value, and may have
    band_low, band_high (simultaneous band), n_cells. ``covariance`` follows the rows of the table
    (NaN for a reference year), ``df`` its degrees of freedom. ``rel_time`` counts from the first
    year an effect is possible.
    """

    caption = "Effet année après année"

    outcome: str
    estimator: str
    table: pd.DataFrame
    n_obs: int
    n_cells: int
    n_clusters: int
    n_treated_clusters: int
    rule: str
    covariance: np.ndarray = field(repr=False)
    overall: Estimate | None = None
    df: float = float("inf")
    dropped: Dropped = ()
    description: str = field(default="", repr=False)
    verdict: str | None = None

    def told_by(self, gate: "Gate") -> "EventStudy | None":
        """Return the years that rest on enough opened courses, if one after an opening does.

        None of them where their overall effect rests on too few establishments: no year has more.
        """
        if self.overall is not None and not self.overall.told_by(gate):
            return None
        told = gate.rows(self.table)
        rows, square = gate.passed(self.table), self.covariance[np.ix_(told, told)]
        after = (rows["rel_time"] >= 0).any()
        return replace(self, table=rows, covariance=square) if after else None

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
