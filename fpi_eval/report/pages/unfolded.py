"""Paragraphs that say the essential, and an exact text that the reader unfolds."""

from dataclasses import dataclass

from fpi_eval import escapes


@dataclass(frozen=True, slots=True, repr=False)
class Unfolded:
    """Words read first, then under a title what completes them; on paper both are shown."""

    words: str
    title: str
    exact: str

    def __repr__(self) -> str:
        """Return everything, as a terminal shows it."""
        return "\n\n".join((self.words, self.title, self.exact))

    def _repr_html_(self) -> str:
        title = f"<summary><h3>{escapes.html(self.title)}</h3></summary>"
        exact = escapes.paragraphs(self.exact)
        return f'{escapes.paragraphs(self.words)}<details class="plus">{title}{exact}</details>'
