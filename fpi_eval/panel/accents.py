"""Names of diplomas with their accents: the files write them in capitals, without any.

They are put back from the official names that open nomenclatures write with theirs (list of
professional diplomas, families of trades, options of BTS). A word is spelled as these names spell
it, when all agree; one that none holds, or that two spell differently, stays as in the file.
"""

import re
from collections.abc import Iterable

import pandas as pd

from fpi_eval import text
from fpi_eval.sources.nomenclatures import Nomenclatures

WORD = re.compile(r"[^\W\d_]+")
#: First letters that official names leave bare when they are capitals: « Etancheur ».
MAY_BE_BARE = "AEIOUC"


def accented(names: pd.Series, nomenclatures: Nomenclatures) -> pd.Series:
    """Return names of diplomas, by code (the index), with the accents that are known."""
    official = _official(nomenclatures)
    shared = spellings(official.values())
    return pd.Series(
        [
            _written(name, shared | spellings([official.get(str(code), "")]))
            if isinstance(name, str)
            else name
            for code, name in names.items()
        ],
        names.index,
        dtype=names.dtype,
        name=names.name,
    )


def spellings(names: Iterable[str]) -> dict[str, str]:
    """Return the one spelling of each word that these names spell with their accents, if one."""
    found: dict[str, set[str]] = {}
    for name in names:
        for word in WORD.findall(name):
            if len(word) > 1 and word[0] not in MAY_BE_BARE and not word.isupper():
                found.setdefault(text.bare(word), set()).add(word.lower())
    return {bare: written.pop() for bare, written in found.items() if len(written) == 1}


def _official(codes: Nomenclatures) -> dict[str, str]:
    """Return the names that nomenclatures write with their accents, by code of diploma."""
    listed = codes.intitules.assign(cfd=codes.intitules["code"].str.replace("-", "").str[:8])
    parts = [
        listed[["cfd", "intitule"]],
        codes.familles[["cfd", "specialite"]],
        codes.options_bts[["cfd", "specialite"]],
    ]
    both = pd.concat([part.set_axis(["cfd", "name"], axis=1) for part in parts]).dropna()
    return both.groupby("cfd", sort=False)["name"].agg(" ".join).to_dict()


def _written(name: str, known: dict[str, str]) -> str:
    """Return a name whose bare words are spelled as known, in the same capitals."""

    def spelled(found: re.Match[str]) -> str:
        word = found[0]
        if text.bare(word) != word.lower():  # has its accents
            return word
        made = _known(word.lower(), known)
        if word.isupper():
            return made.upper()
        return made[0].upper() + made[1:] if word[0].isupper() else made

    return WORD.sub(spelled, name)


def _known(word: str, known: dict[str, str]) -> str:
    """Return the spelling of a word, or of its other number, which has the same accents."""
    if word in known:
        return known[word]
    if word + "s" in known:
        return known[word + "s"][:-1]
    if word.endswith("s") and word[:-1] in known:
        return f"{known[word[:-1]]}s"
    return word
