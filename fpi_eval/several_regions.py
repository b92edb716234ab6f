"""The words of a programme's territory: sentences say « la région », which some have several of.

Every sentence is written, and translated, for one region. Of several, its words are changed here
and nowhere else, in French and in English alike.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

_number: ContextVar[int] = ContextVar("number", default=1)
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
    (r"\bla région a évolué", "les {fr} régions ont évolué"),
    (rf"\bmoyenne régionale ({MEAN})", r"moyenne \1 dans les {fr} régions"),
    (r"\bmoyenne(s?) régionale\1", r"moyenne\1 des {fr} régions"),
    (r"\bindustrie régionale", "industrie des {fr} régions"),
    (rf"\bde la région\b{ALONE}", "des {fr} régions"),
    (rf"\bà la région\b{ALONE}", "aux {fr} régions"),
    (rf"{OWN}\bla région\b{ALONE}", "les {fr} régions"),
    (rf"\bLa région\b{ALONE}", "Les {fr} régions"),
    (r"(?<![^>])Région(?![^<])", "Les {fr} régions"),
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
def programme_of(regions: int) -> Iterator[None]:
    """Write for a programme of that many regions inside a ``with``."""
    before = _number.set(regions)
    try:
        yield
    finally:
        _number.reset(before)


def regions() -> int:
    """Return how many regions the programme now written of has."""
    return _number.get()


def worded(text: str) -> str:
    """Return words of one region as those of the programme now written of.

    Examples
    --------
    >>> with programme_of(2):
    ...     worded("L'industrie de la région"), worded("seats opened in the region")
    ("L'industrie des deux régions", 'seats opened in the two regions')
    """
    for pattern, words in _rules(regions()):
        text = pattern.sub(words, text)
    return text


@cache
def _rules(number: int) -> list[tuple[re.Pattern, str]]:
    if number == 1:
        return []
    said = {"fr": FRENCH[number - 2], "en": ENGLISH[number - 2]}
    return [(re.compile(pattern), words.format_map(said)) for pattern, words in RULES]
