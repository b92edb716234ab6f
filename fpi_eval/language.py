"""The language of what readers see: French, in which the code writes, or that of a catalogue."""

import gettext
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from fpi_eval.errors import FpiError
from fpi_eval.several_regions import Territory, territory, worded

FRENCH, ENGLISH = "fr", "en"
LOCALES = {FRENCH: "fr_FR", ENGLISH: "en_GB"}
NAMES = {FRENCH: "En français", ENGLISH: "In English"}
OTHERS = (ENGLISH,)
FOLDER = Path(__file__).parent / "locales"
MESSAGES, CHAPTERS = "fpi_eval", "chapters"  # what the code says; whole sentences of pages
_spoken: ContextVar[str] = ContextVar("spoken", default=FRENCH)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Write in another language inside a ``with``.

    Examples
    --------
    >>> with speaking("en"):
    ...     _("Places prévues")
    'Planned seats'
    """
    if code not in LOCALES:
        known = " ou ".join(LOCALES)
        raise FpiError(f"la langue « {code} » n'a pas de catalogue. Choisissez {known}.")
    before = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken() -> str:
    """Return the code of the language now written."""
    return _spoken.get()


def locale() -> str:
    """Return the locale by which numbers, dates and lists are now written."""
    return LOCALES[spoken()]


def _(message: str) -> str:
    """Return a French message in the language now written.

    Raises `FpiError`: the catalogue does not have it: nothing is shown half translated.
    """
    code = spoken()
    message = worded(message)
    if code == FRENCH or not message:
        return message
    found = catalogue(code).gettext(message)
    if found == UNTRANSLATED:
        raise FpiError(
            f"« {message} » n'est pas traduit ({code}). Ajoutez-le au catalogue.",
            fichier=str(path_of(code).relative_to(FOLDER.parent)),
        )
    return found


def path_of(code: str, domain: str = MESSAGES) -> Path:
    """Return where a language's messages are."""
    return FOLDER / code / "LC_MESSAGES" / f"{domain}.po"


UNTRANSLATED = "\x00"


class _Missing(gettext.NullTranslations):
    """Says that a message is not in the catalogue."""

    def gettext(self, message: str) -> str:
        return UNTRANSLATED


def catalogue(code: str, domain: str = MESSAGES) -> gettext.GNUTranslations:
    """Return a language's messages, read from its text catalogue."""
    return _catalogue(code, domain, territory())


@cache
def _catalogue(code: str, domain: str, place: Territory) -> gettext.GNUTranslations:
    """Return messages as those of the programme now written of, whose territory is `place`."""
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    binary = io.BytesIO()
    with path_of(code, domain).open("rb") as stream:
        kept = read_po(stream, locale=code)
    if place.regions > 1:
        told = [(worded(str(one.id)), worded(str(one.string))) for one in kept if one.id]
        kept = Catalog(code)
        for message, words in told:
            kept.add(message, words)
    write_mo(binary, kept)
    binary.seek(0)
    found = gettext.GNUTranslations(binary)
    found.add_fallback(_Missing())
    return found
