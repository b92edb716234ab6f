"""French words and number formats shown to readers."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent

from fpi_eval.language import FRENCH, locale, spoken

MISSING = "n. d."
EXACT = 1e15  # the largest number that has decimals to round
PERCENT = ("%", "\u00a0%")  # elsewhere, and in French
SIMULATED = "Données simulées"
BANNER = f"{SIMULATED} — ne décrivent aucun établissement réel"

AUTRE = "autre"  # filière of the courses that are in none of the programme's
VOIES = {"scolaire": "Voie scolaire", "apprentissage": "Apprentissage"}
NIVEAUX = {"secondaire": "Secondaire", "superieur": "Supérieur"}
RESULTATS = {
    "entrants": "Entrants",
    "terminale": "Élèves en dernière année",
    "diplomes": "Diplômés",
    "sortants": "Sortants d'études",
    "en_emploi_6_mois": "En emploi à 6 mois",
    "en_emploi_12_mois": "En emploi à 12 mois",
}

# Names of départements as `plain` writes them: files differ by their hyphens and capitals.
SANS_ARTICLE = {
    "andorre", "la reunion", "mayotte", "paris", "saint barthelemy", "saint martin",
    "saint pierre et miquelon", "wallis et futuna",
}  # fmt: skip
PLURIEL = {
    "alpes de haute provence", "alpes maritimes", "ardennes", "bouches du rhone", "cotes d armor",
    "deux sevres", "hautes alpes", "hautes pyrenees", "hauts de seine", "landes",
    "pyrenees atlantiques", "pyrenees orientales", "vosges", "yvelines",
}  # fmt: skip
MASCULINS = {
    "bas rhin", "calvados", "cantal", "cher", "doubs", "finistere", "gard", "gers", "haut rhin",
    "jura", "loir et cher", "loiret", "lot", "lot et garonne", "maine et loire", "morbihan", "nord",
    "pas de calais", "puy de dome", "rhone", "tarn", "tarn et garonne", "territoire de belfort",
    "val d oise", "val de marne", "var", "vaucluse",
}  # fmt: skip
VOWELS = tuple("aeiouy")


def missing(value: object) -> bool:
    """Return whether a value is None, NaN or the NA of tables, which no number equals."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # NA is neither true nor false
        return True


def nombre(value: float, digits: int = 0) -> str:
    """Return a number in French format, e.g. ``12 345,6``; a missing value reads ``n. d.``."""
    if missing(value):
        return MISSING
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return _minus(format_decimal(arrondi(value, digits), format=pattern, locale=locale()))


def _minus(words: str) -> str:
    """Return a number with its minus sign; what reads as zero has none."""
    return words.replace("-", "\u2212" if re.search("[1-9∞]", words) else "")


def arrondi(value: float, digits: int) -> float:
    """Return a number as it is written, a half away from 0 as spreadsheets do: 0,25 is 0,3."""
    if missing(value) or abs(value) > EXACT:
        return value
    step = Decimal(1).scaleb(-digits)
    return float(Decimal(str(value)).quantize(step, ROUND_HALF_UP))


def valeur_p(value: float, digits: int = 3) -> str:
    """Return a p-value, e.g. ``0,042``; one that would read as zero is ``moins de 0,001``."""
    least = 10.0**-digits
    return f"moins de {nombre(least, digits)}" if value < least else nombre(value, digits)


def p_egale(value: float) -> str:
    """Return a p-value in a sentence: ``p = 0,042``, or ``p < 0,001`` where it would read zero."""
    return f"p < {nombre(0.001, 3)}" if value < 0.001 else f"p = {nombre(value, 3)}"


def pourcent(rate: float, digits: int = 1) -> str:
    """Return a rate between 0 and 1 as a French percentage, e.g. ``48,2 %``."""
    if missing(rate):
        return MISSING
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + PERCENT[spoken() == FRENCH]
    whole = arrondi(rate, digits + 2)
    return _minus(format_percent(whole, format=pattern, locale=locale()))


def part(rate: float) -> str:
    """Return a declared share in whole percents, or with its tenths, e.g. ``12,5 %``."""
    return pourcent(rate, int(round(rate, 2) != rate))


def points(difference: float, digits: int = 1) -> str:
    """Return a difference of rates in percentage points, signed, e.g. ``+1,2 point``."""
    if missing(difference):
        return MISSING
    value = arrondi(100 * arrondi(difference, digits + 2), digits)
    unit = "points" if abs(value) >= 2 else "point"
    return f"{signe(value, digits)}\u00a0{unit}"


def signe(value: float, digits: int = 0) -> str:
    """Return a signed number in French format, e.g. ``+12`` or ``−3``."""
    if missing(value):
        return MISSING
    shown = arrondi(value, digits)  # what reads as zero has no sign
    mark = "+" if shown > 0 else "\u2212" if shown < 0 else ""
    return mark + nombre(abs(shown), digits)


def euros(value: float) -> str:
    """Return a whole amount in euros, e.g. ``22 000 000 €``."""
    if missing(value):
        return MISSING
    pattern = "#,##0\u00a0¤"
    return format_currency(
        arrondi(value, 0), "EUR", pattern, locale=locale(), currency_digits=False
    )


def intervalle(low: float, high: float, digits: int = 1) -> str:
    """Return an interval in words, e.g. ``de −0,2 à +1,3``."""
    return f"de {signe(low, digits)} à {signe(high, digits)}"


@dataclass(frozen=True, slots=True)
class Written:
    """A number as a reader sees it: ``48,2 %`` is 0.482, one decimal, unit ``%``."""

    value: float
    decimals: int = 0
    unit: str = ""
    signed: bool = False
    grouped: bool = False

    @property
    def is_code(self) -> bool:
        """Whether nothing but digits is written: a quantity or a code, its column says which."""
        return not (self.decimals or self.unit or self.signed or self.grouped)


NUMBER = re.compile(
    r"(?P<sign>[+\u2212-]?)(?P<whole>0|[1-9][0-9]{0,2}(?:\s[0-9]{3})+|[1-9][0-9]*)(?:,(?P<decimals>[0-9]+))?"
    r"(?:\s?(?P<unit>%|€|points?))?"
)


def written(words: str) -> Written | None:
    """Return the number that the words are, as the functions above write it, else None."""
    found = NUMBER.fullmatch(words)
    if found is None:
        return None
    sign, decimals, unit = found["sign"], found["decimals"] or "", found["unit"] or ""
    whole = re.sub(r"\s", "", found["whole"])
    value = float(f"{whole}.{decimals or 0}") * (-1 if sign in ("-", "\u2212") else 1)
    rounded = round(value / 100, len(decimals) + 2) if unit == "%" else value
    return Written(rounded, len(decimals), unit, bool(sign), whole != found["whole"])


@dataclass(frozen=True, slots=True)
class WrittenRange:
    """A range as a reader sees it, after the number that it goes with, if there is one."""

    value: Written | None
    low: Written
    high: Written


RANGE = re.compile(r"(?:(?P<value>[^()]+) \()?(?:de )?(?P<low>[^()]+?)\sà\s(?P<high>[^()]+?)\)?")


def written_range(words: str) -> WrittenRange | None:
    """Return the range that the words are, else None.

    Two bare numbers, as in ``2019 à 2030``, are years or classes.

    Examples
    --------
    >>> found = written_range("3 500 (2 900 à 4 100)")
    >>> found.value.value, found.low.value, found.high.value
    (3500.0, 2900.0, 4100.0)
    >>> shares = written_range("10 à 14 %")
    >>> shares.low.value, shares.high.value
    (0.1, 0.14)
    """
    found = RANGE.fullmatch(words)
    if found is None:
        return None
    value, low, high = (written(found[name] or "") for name in ("value", "low", "high"))
    if low and high and not low.unit:  # said once, after both
        low = written(f"{found['low']} {high.unit}".strip())
    if low is None or high is None or low.unit != high.unit:
        return None
    if not ("(" in words) == (")" in words) == (value is not None):
        return None
    if value is None and low.is_code and high.is_code:
        return None
    return WrittenRange(value, low, high)


def date_longue(day: date) -> str:
    """Return a date in words, e.g. ``24 novembre 2026``."""
    return format_date(day, format="long", locale=locale())


def liste(words: Iterable[object]) -> str:
    """Return words joined as French prose, e.g. ``a, b et c``."""
    return format_list([str(word) for word in words], locale=locale())


def repeated(names: Iterable[str]) -> list[str]:
    """Return in order the names that are there more than once.

    Examples
    --------
    >>> repeated(["b", "a", "b"])
    ['b']
    """
    return sorted(name for name, times in Counter(names).items() if times > 1)


def bare(words: str) -> str:
    """Return words in lower case, without accents.

    Examples
    --------
    >>> bare("Œuvres d'été")
    "oeuvres d'ete"
    """
    plain = unicodedata.normalize("NFKD", words.lower().replace("œ", "oe"))
    return plain.encode("ascii", "ignore").decode()


def plain(words: str) -> str:
    """Return words in lower case, without accents or signs, one blank between them.

    Examples
    --------
    >>> plain("Vandœuvre-lès-Nancy")
    'vandoeuvre les nancy'
    """
    letters = bare(words.replace("’", "'"))
    return " ".join("".join(c if c.isalnum() else " " for c in letters).split())


def capitale(words: str) -> str:
    """Return words that begin a sentence."""
    return words[:1].upper() + words[1:]


def departement(name: str) -> str:
    """Return the name of a département after its article, e.g. ``la Drôme``, ``l'Isère``."""
    known = plain(name)
    if known in SANS_ARTICLE:
        return name
    if known in PLURIEL:
        return f"les {name}"
    if known.startswith((*VOWELS, "herault")):
        return f"l'{name}"
    return f"{'le' if known in MASCULINS else 'la'} {name}"


def de(name: str) -> str:
    """Return a name after « de », e.g. ``de Lyon``, ``d'Annecy``, ``du Puy``."""
    for article, short in (("Le ", "du "), ("Les ", "des ")):
        if name.startswith(article):
            return short + name.removeprefix(article)
    return f"d'{name}" if bare(name).startswith(VOWELS) else f"de {name}"


def formation(words: str) -> str:
    """Return a course's name, in capitals in the files, in small letters but its acronym.

    Its diploma, in brackets at the end, is left out: ``BTS réseaux et cybersécurité``.
    """
    name = words.rpartition(" (")[0].capitalize() or words.capitalize()
    name = re.sub(r"^(bts|cap|mc|but)\b", lambda found: found[0].upper(), name, flags=re.I)
    return re.sub(r"\boption ([a-z])\b", lambda found: f"option {found[1].upper()}", name)


def annee_scolaire(rentree: int) -> str:
    """Return the school year that begins at the rentrée, e.g. ``2022-2023``."""
    return f"{rentree}-{rentree + 1}"


def single(count: float) -> bool:
    """Return whether a count's noun is singular: in French, below 2; in English, for 1 alone."""
    whole = abs(arrondi(count, 0))
    return whole < 2 if spoken() == FRENCH else whole == 1


def pluriel(count: float, singular: str, plural: str | None = None) -> str:
    """Return the count with its noun in the right number (French: plural from 2 on)."""
    few = abs(arrondi(count, 0)) < 2
    return f"{nombre(count)} {singular if few else plural or singular + 's'}"
