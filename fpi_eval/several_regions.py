"""The words of a programme's territory: sentences say « la région », which some have several of.

Every sentence is written, and translated, for one region. Of several, its words are changed here
and nowhere else, in French and in English alike. What the programme declares (its name, the title
of a source) stays as it was written.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TypeVar

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Territory:
    """How many regions a programme has, its own texts that speak of « la région », its names."""

    regions: int = 1
    own: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


_written: ContextVar[Territory] = ContextVar("written", default=Territory())  # noqa: B039 (frozen)
#: In letters: no translation takes them for a number of the data.
FRENCH = ("deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
          "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit")  # fmt: skip
ENGLISH = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
           "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
           "eighteen")  # fmt: skip
#: « ailleurs dans la région », « toute la région »: that of each school, whatever the programme's.
OWN = r"(?<!ailleurs dans )(?<!toute )(?<!elsewhere in )"
#: Neither a region that is named, nor an administration, nor the end of a guide's title.
ALONE = r"(?!\s+(?:[A-ZÀ-Ý]|académique|×|\?\s?[»”]))"
MEAN = r"du même diplôme|de son diplôme|de ce diplôme"
RULES = (
    (r"\b([Ll])a région a-t-elle bougé", r"\1es {fr} régions ont-elles bougé"),
    (r"\bdomicilié dans la région", "domicilié dans l'une des {fr} régions"),
    (
        r"\bRégion : celle de l'établissement de formation",
        "Région : l'une des {fr} du programme pour qui y étudie, celle de son établissement sinon",
    ),
    (r"\bla région a évolué", "les {fr} régions ont évolué"),
    (rf"\bmoyenne régionale ({MEAN})", r"moyenne \1 dans les {fr} régions"),
    (r"\bmoyenne(s?) régionale\1", r"moyenne\1 des {fr} régions"),
    (r"\bindustrie régionale", "industrie des {fr} régions"),
    (rf"\bde la région\b{ALONE}", "des {fr} régions"),
    (rf"\bà la région\b{ALONE}", "aux {fr} régions"),
    (rf"{OWN}\bla région\b{ALONE}", "les {fr} régions"),
    (rf"\bLa région\b{ALONE}", "Les {fr} régions"),
    (r"(?<![^>])Région(?![^<])", "Les {fr} régions"),
    (
        r"\bRegion: that of the training school",
        "Region: one of the programme's {en} for who studies there, that of the school otherwise",
    ),
    (r"\bdomiciled in the region", "domiciled in one of the {en} regions"),
    (r"\bhas the region moved", "have the {en} regions moved"),
    (r"\b(its|their) diploma's regional mean", r"\1 diploma's mean in the {en} regions"),
    (r"\bregional mean of (its|their|this) diploma", r"mean of \1 diploma in the {en} regions"),
    (r"\b(the )?regional mean(s?)", r"\1mean\2 of the {en} regions"),
    (r"\bin regional industry", "in the industry of the {en} regions"),
    (r"\b([Tt])he region's", r"\1he {en} regions'"),
    (rf"{OWN}\b([Tt])he region\b{ALONE}", r"\1he {en} regions"),
    (r"(?<![^>])Region(?![^<])", "The {en} regions"),
)


@contextmanager
def programme_of(
    regions: int, own: Iterable[str] = (), names: Iterable[str] = ()
) -> Iterator[None]:
    """Write for a programme of that many regions inside a ``with``; its ``own`` texts stay."""
    kept = frozenset(one for one in own if _changed(one, regions) != one)
    before = _written.set(Territory(regions, kept, frozenset(names)))
    try:
        yield
    finally:
        _written.reset(before)


def territory() -> Territory:
    """Return that of the programme now written of: what the words of its pages depend on."""
    return _written.get()


def in_a_thread(job: Callable[[], Done]) -> Callable[[], Done]:
    """Return a job that another thread does for the programme now written of.

    A copy of the whole context would give all threads one event loop, that of notebooks.
    """
    place = territory()

    def done() -> Done:
        with programme_of(place.regions, place.own, place.names):
            return job()

    return done


def worded(text: str) -> str:
    """Return words of one region as those of the programme now written of.

    Examples
    --------
    >>> with programme_of(2):
    ...     worded("L'industrie de la région"), worded("seats opened in the region")
    ("L'industrie des deux régions", 'seats opened in the two regions')
    """
    place = territory()
    if not place.own:
        return _changed(text, place.regions)
    parts = _own(place.own).split(text)  # every other one is the programme's own
    parts[::2] = [_changed(part, place.regions) for part in parts[::2]]
    return "".join(parts)


def _changed(text: str, number: int) -> str:
    for pattern, words in _rules(number):
        text = pattern.sub(words, text)
    return text


@cache
def _own(texts: frozenset[str]) -> re.Pattern:
    """Return the pattern of a programme's own texts, the longest first, as pages write them."""
    forms = sorted({*texts, *map(escape, texts)}, key=lambda one: (-len(one), one))
    spaced = (r"\s+".join(map(re.escape, one.split())) for one in forms)
    return re.compile(f"({'|'.join(spaced)})")


@cache
def _rules(number: int) -> list[tuple[re.Pattern, str]]:
    if number == 1:
        return []
    said = {"fr": FRENCH[number - 2], "en": ENGLISH[number - 2]}
    return [(re.compile(pattern), words.format_map(said)) for pattern, words in RULES]
