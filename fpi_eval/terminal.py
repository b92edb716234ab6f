"""The terminal: words are shown as they are, whatever a file or a portal put in them."""

import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from fpi_eval import escapes


class Terminal(Console):
    """A console for which words are only words: no markup, nothing that a terminal obeys."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, highlight=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the words that will be shown."""
        return super().render_str(escapes.terminal(text), **options)


def say(*words: object, sep: str = " ", error: bool = False) -> None:
    """Print words at once, on standard output or on the error stream."""
    shown = escapes.terminal(sep.join(str(word) for word in words))
    print(shown, file=sys.stderr if error else None, flush=True)
