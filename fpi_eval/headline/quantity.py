"""A headline quantity: number, unit, likely range, field and date, in one French phrase."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import wraps
from typing import Any

from fpi_eval import escapes, rounding, text
from fpi_eval.absent import Absent
from fpi_eval.calendar import month
from fpi_eval.errors import FpiError
from fpi_eval.language import FRENCH, OTHERS, _, speaking

RESOURCE = "application/vnd.fpi-eval.chiffres+json"
SEVERAL = re.compile(r"^(\u00a0\w+)s\b")  # the noun of a unit
PEOPLE, PERSON = "people", "person"  # the one English noun that takes no s
ALIKE = 9  # significant digits: processors add in different orders, and differ in the last five
#: Of what is estimated or projected, of which pages show two or three: more would be an equation
#: that tells single counts to who knows the others.
TOLD = 5
#: Reason of an effect that has no interval, or one wider than what seats can hold.
VAGUE = f"{rounding.UNTOLD}, la fourchette manque ou est plus large que deux personnes par place."
LIKELY = 0.95  # level of what is said to be so without doubt: no other level is
COUNTED, ESTIMATED, PROJECTED, DECLARED_FIGURE = "compté", "estimé", "projeté", "déclaré"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a number speaks of, in the words that readers see; an empty part does not limit it."""

    programme: str = ""
    niveau: str = ""
    voie: str = ""
    filiere: str = ""
    annees: str = ""
    lieu: str = ""

    def __str__(self) -> str:
        """Return the parts in one line."""
        said = (getattr(self, one.name) for one in fields(self))
        return ", ".join(part for part in said if part)


@dataclass(frozen=True, slots=True)
class Unknown(Absent):
    """A quantity that is not known, why, and when it will be if that can be told."""

    known_on: date | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """What a declared function finds; a label or unit of its own where the data choose it."""

    value: float
    scope: Scope
    source: str
    low: float | None = None
    high: float | None = None
    level: float | None = None
    label: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Quantity:
    """One headline quantity of a report; false in a condition when it is not known.

    ``nature`` is compté, estimé, projeté or déclaré; ``level`` the level of the interval; ``as_of``
    the day from which the report looks; ``known_on`` when an unknown one will be known; ``sure``
    whether the number is told, and not its range alone.
    """

    key: str
    label: str
    unit: str
    nature: str
    scope: Scope
    source: str
    as_of: date
    value: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    reason: str = ""
    known_on: date | None = None
    sure: bool = True
    langues: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # words elsewhere

    def __post_init__(self) -> None:
        """Keep of each number the digits that every machine computes alike, and may be kept."""
        digits = TOLD if self.nature in (ESTIMATED, PROJECTED) else ALIKE
        for name in ("value", "low", "high"):
            if (number := getattr(self, name)) is not None:
                object.__setattr__(self, name, float(f"{number:.{digits}g}"))

    def __bool__(self) -> bool:
        """Return whether it is known."""
        return self.value is not None

    @property
    def amount(self) -> float:
        """The value of a quantity that is known."""
        if self.value is None:
            raise FpiError(f"{self.label} : {self.reason or 'inconnu'}")
        return self.value

    @property
    def step(self) -> float:
        """Step to which the number is rounded, from the width of its interval.

        0 for an amount, which has two figures on every page, and for what has no interval.
        """
        if self.unit == "€" or self.low is None or self.high is None:
            return 0.0
        return rounding.step_of(self.low, self.high, 0.01 if self.unit == "%" else 1.0)

    def _rounded(self, value: float | None) -> float | None:
        if value is None or value == float("inf"):
            return None
        if self.step:
            return rounding.rounded(value, self.step)
        if self.unit == "€" or self.nature in (ESTIMATED, PROJECTED):
            return rounding.figures(value)
        return value

    @property
    def rounded(self) -> float | None:
        """The value with the digits that it deserves."""
        return self._rounded(self.value)

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """The ends of the interval, rounded alike; None where there is none or no bound."""
        return self._rounded(self.low), self._rounded(self.high)

    @property
    def beyond_zero(self) -> bool:
        """Whether the range, as it is shown, leaves zero out."""
        low, high = self.ends
        return (low is not None and low > 0) or (high is not None and high < 0)

    def _shown(self, value: float) -> str:
        return rounding.number(self._rounded(value), self.unit)

    @property
    def in_words(self) -> "Quantity":
        """It as a sentence tells it: of a loss, all of its range below zero, how many fewer."""
        more = _("de plus")
        ends = (self.high, self.value, self.low)
        if self.value is None or max(end for end in ends if end is not None) >= 0:
            return self
        if more not in self.unit:
            return self
        low, value, high = (None if end is None else -end for end in ends)
        unit = self.unit.replace(more, _("de moins"))
        return replace(self, low=low, value=value, high=high, unit=unit)

    @property
    def number(self) -> str:
        """The number alone, rounded; ``n. d.`` when not known."""
        return text.MISSING if self.value is None else self._shown(self.value)

    @property
    def range(self) -> str:
        """The likely range in words, empty when the number is counted."""
        if self.low is None or self.high is None:
            return ""
        if self.high == float("inf"):
            return _("au moins {low}").format(low=self._shown(self.low))
        low, high = self._shown(self.low), self._shown(self.high)
        return _("entre {low} et {high}").format(low=low, high=high)

    @property
    def likely(self) -> str:
        """The range after words that say its level: ``sans doute`` is 95 times in 100 alone."""
        if self.level in (None, LIKELY):
            return _("sans doute {range}").format(range=self.range)
        return _("huit fois sur dix {range}").format(range=self.range)

    @property
    def shown(self) -> str:
        """Number, unit and range: ``50 élèves, sans doute entre 10 et 85``, or the range alone."""
        if not self:
            return text.MISSING
        one = self.in_words
        unit = "" if one.unit == "%" else f"\u00a0{one.unit}"
        if not one.sure:
            return f"{one.range}{unit}"
        if not one.range and text.single(one.rounded or 0.0):
            unit = SEVERAL.sub(r"\1", unit).replace(PEOPLE, PERSON)
        said = f"{one.number}{unit}"
        return f"{said}, {one.likely}" if one.range else said

    @property
    def phrase(self) -> str:
        """One French phrase: label, number, unit, range, field; or why it is not known."""
        if not self:
            when = f" À partir de {month(self.known_on)}." if self.known_on else ""
            return f"{self.label} : {self.reason}{when}"
        return f"{self.label} : {self.shown} ({self.scope})."

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON holds them, with the number as it is shown."""
        kept = asdict(self) | {"as_of": self.as_of.isoformat(), "known_on": None}
        if self.known_on:
            kept["known_on"] = self.known_on.isoformat()
        kept["high"] = None if self.high == float("inf") else self.high
        return kept | {"shown": self.shown, "phrase": self.phrase}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Quantity":
        """Return the quantity that `as_dict` wrote."""
        later = ("langues", "sure")  # that older reports do not have
        named = {one.name: kept[one.name] for one in fields(cls) if one.name not in later}
        days = {n: named[n] and date.fromisoformat(named[n]) for n in ("as_of", "known_on")}
        high = named["high"]
        if high is None and named["low"] is not None:
            high = float("inf")
        words = {"scope": Scope(**named["scope"]), "langues": kept.get("langues", {})}
        words["sure"] = kept.get("sure", True)
        return cls(**named | days | words | {"high": high})

    def said(self, code: str) -> "Quantity":
        """Return it with the label, unit and field that it has in another language."""
        if code == FRENCH:
            return self
        if code not in self.langues:
            raise FpiError(f"« {self.label} » ({self.unit}) n'est pas traduit ({code}).")
        words = dict(self.langues[code])
        return replace(self, scope=Scope(**words.pop("scope")), **words)

    def __str__(self) -> str:
        """Return the phrase."""
        return self.phrase

    def __repr__(self) -> str:
        """Return the phrase."""
        return self.phrase

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        """Return what a notebook keeps: the phrase, and the quantity itself for the report."""
        return Headline((self,))._repr_mimebundle_()


@dataclass(frozen=True, slots=True, repr=False)
class Headline:
    """Quantities read together, found by key.

    Examples
    --------
    >>> seats = Quantity("places", "Places ouvertes", "places", COUNTED,
    ...     Scope("FPI", annees="rentrée 2024"), "registre", date(2025, 1, 31), 401)
    >>> Headline((seats,))["places"]
    Places ouvertes : 401 places (FPI, rentrée 2024).
    """

    quantities: tuple[Quantity, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Quantity]:
        """Iterate over the quantities."""
        return iter(self.quantities)

    def __getitem__(self, key: str) -> Quantity:
        """Return the quantity of a key."""
        found = self.get(key)
        if found is not None:
            return found
        keys = text.liste(one.key for one in self)
        raise FpiError(f"aucun chiffre « {key} » (trouvé : {keys or 'aucun'}).")

    def get(self, key: str) -> Quantity | None:
        """Return the quantity of a key, None where nothing speaks of it."""
        return next((one for one in self if one.key == key), None)

    def said(self, code: str) -> "Headline":
        """Return it in another language."""
        return Headline(tuple(one.said(code) for one in self), self.notes)

    def __repr__(self) -> str:
        """Return a phrase a line."""
        return "\n".join(one.phrase for one in self)

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        """Return what a notebook keeps: the phrases, and the quantities for the report."""
        lines = "".join(f"<li>{escapes.html(one.phrase)}</li>" for one in self)
        return {
            "text/html": f'<ul class="chiffres">{lines}</ul>',
            "text/plain": repr(self),
            RESOURCE: {"chiffres": [one.as_dict() for one in self], "notes": dict(self.notes)},
        }


def gathered(parts: Iterable[Headline]) -> Headline:
    """Return all the quantities of a report, each once.

    Raises `FpiError`: a key, or a label with its field, that has two values.
    """
    found: dict[str, Quantity] = {}
    notes: dict[str, str] = {}
    for part in parts:
        notes |= part.notes
        for one in part:
            _refuse_two(found.setdefault(one.key, one), one)
    labels: dict[tuple[str, str], Quantity] = {}
    for one in filter(None, found.values()):  # unknown ones of two targets share their words
        _refuse_two(labels.setdefault((one.label, str(one.scope)), one), one)
    return Headline(tuple(found.values()), notes)


def _refuse_two(first: Quantity, second: Quantity) -> None:
    if replace(first, key=second.key) != second:
        raise FpiError(
            f"« {first.label} » a deux valeurs dans ce rapport : {first.shown} ({first.scope}) et "
            f"{second.shown} ({second.scope}). Une grandeur n'a qu'une fonction : voir "
            "fpi_eval.headline."
        )


#: Every declared quantity: key → (label, unit, nature, function).
DECLARED: dict[str, Quantity] = {}
Found = Measure | Absent


def declared(
    key: str, label: str, unit: str, nature: str = COUNTED
) -> Callable[[Callable[..., Found]], Callable[..., Quantity]]:
    """Declare the one function of a quantity; it gets the day of view first.

    The function returns a `Measure`, or an `Absent` (`Unknown` where a date can be told).
    """

    def of(make: Callable[..., Found]) -> Callable[..., Quantity]:
        if key in DECLARED:
            raise FpiError(f"le chiffre « {key} » est déclaré deux fois.")
        blank = Quantity(key, label, unit, nature, Scope(), "", date.min)
        DECLARED[key] = blank

        @wraps(make)
        def made(day: date, *args: object, **options: object) -> Quantity:
            one = _quantity(blank, day, make(*args, **options))
            langues = {}
            for code in OTHERS:
                with speaking(code), suppress(FpiError):  # words of the data are in no catalogue
                    again = _quantity(blank, day, make(*args, **options))
                    words = {"label": _(again.label), "unit": _(again.unit)}
                    langues[code] = words | {"scope": asdict(again.scope)}
            return replace(one, langues=langues)

        return made

    return of


def _quantity(blank: Quantity, day: date, found: Found) -> Quantity:
    """Return the declared quantity with what its function found."""
    if isinstance(found, Measure):
        kept = {one.name: getattr(found, one.name) for one in fields(found)}
        own = {name: value for name, value in kept.items() if value != ""}
        return replace(blank, as_of=day, **own)
    when = found.known_on if isinstance(found, Unknown) else None
    return replace(blank, as_of=day, reason=found.reason, known_on=when)
