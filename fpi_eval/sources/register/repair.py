"""What a spreadsheet does to codes and dates, undone where only one reading is possible."""

import re
from collections.abc import Container

import pandas as pd

from fpi_eval.sources.reading import uai_key
from fpi_eval.sources.register.known import Known

CODES = ("uai", "mefstat11", "cfd")
_BLANKS = re.compile(r"[\s\u00a0\u202f]+")
_DATE = re.compile(
    r"(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4})|(?P<Y>\d{4})-(?P<M>\d\d)-(?P<D>\d\d)"
    r"(?:[ T]?00:00(?::00)?)?",
    re.ASCII,
)
START_MONTHS = range(8, 11)  # a school year begins in September; files say 31/08 or 01/10 too


def repaired(cells: pd.DataFrame, known: Known | None = None) -> pd.DataFrame:
    """Return the cells with lost zeros, blanks inside codes and dates for a rentrée put right.

    A zero is given back only where the code is then whole: the control letter of a UAI, a diploma
    that the nomenclature holds. Anything else stays as written, and is refused later.
    """
    table = cells.copy()
    for name in CODES:
        table[name] = table[name].map(lambda v: _BLANKS.sub("", v))
    table["projet"] = table["projet"].map(lambda v: _BLANKS.sub(" ", v).strip())
    table["uai"] = table["uai"].map(_uai)
    table["rentree"] = table["rentree"].map(_rentree)
    if known is not None and known.diplomes:
        table["cfd"] = table["cfd"].map(lambda v: _padded(v, known.diplomes))
    return table


def _uai(text: str) -> str:
    """Return the UAI with the zeros that a spreadsheet took from it, if its letter agrees."""
    if not re.fullmatch(r"\d{4,6}[A-Z]", text, re.ASCII):
        return text
    whole = text.zfill(8)
    return whole if uai_key(whole) == whole[7] else text


def _padded(text: str, codes: Container[str]) -> str:
    whole = text.zfill(8)
    return whole if text and text not in codes and whole in codes else text


def _rentree(text: str) -> str:
    """Return the year of a date at which a school year begins, or the text as it stands."""
    code = _BLANKS.sub("", text)
    match = _DATE.fullmatch(code)
    if match is None:
        whole = re.sub(r"[.,]0+$", "", code) if re.fullmatch(r"\d{4}[.,]0+", code) else code
        return text if re.search(r"[^\W\d]", whole) else whole  # words are shown as written
    month = int(match["m"] or match["M"])
    return (match["y"] or match["Y"]) if month in START_MONTHS else text
