"""A figure as readers see it: title, image with words for those who do not see it, source, data."""

import base64
import io
from collections.abc import Mapping
from html import escape
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure

from fpi_eval.disclosure import Shown
from fpi_eval.errors import FpiError
from fpi_eval.tables import RESOURCE, Format, table

DPI = 192


class Figure:
    """A drawing with its title, source, alternative text and, if given, the data drawn.

    Parameters
    ----------
    fig : matplotlib Figure or Axes
        Drawn at once, then closed, so that it does not appear twice in a notebook.
    titre : str
        What the figure shows.
    source : str
        Source and date of the data.
    alt : str
        What the figure says, for someone who does not see it.
    data : DataFrame or Shown, optional
        The values drawn, shown on demand under the figure.
    formats, labels : mapping, optional
        How these values and their columns are written: see `tables.table`.

    Examples
    --------
    >>> ax = plt.subplots()[1]
    >>> bars = ax.bar(["Numérique", "Industrie"], [1234, 900])
    >>> Figure(ax, "Places par filière", "Affelnet", "Deux barres : 1 234 et 900 places.")
    Places par filière
    Deux barres : 1 234 et 900 places.
    Source : Affelnet
    """

    def __init__(
        self,
        fig: MplFigure | Axes,
        titre: str,
        source: str,
        alt: str,
        data: pd.DataFrame | Shown | None = None,
        *,
        formats: Mapping[str, Format] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        if not alt.strip() or not titre.strip():
            raise FpiError(
                "une figure a un titre (« titre ») et un texte pour ceux qui ne la voient pas "
                "(« alt »). Écrivez-les.",
                fichier=f"figure « {titre} »",
            )
        self.titre, self.source, self.alt = titre, source, alt
        self.table = None if data is None else table(data, titre, formats=formats, labels=labels)
        drawing = fig.figure if isinstance(fig, Axes) else fig
        self.png, self.width = _png(drawing), round(drawing.get_figwidth() * 96)
        plt.close(drawing)

    def to_html(self) -> str:
        """Return a ``<figure>`` with the image inside it; no file, no network."""
        image = base64.b64encode(self.png).decode("ascii")
        data = (
            f"<details><summary>Voir les données de la figure</summary>{self.table.to_html()}"
            "</details>"
            if self.table
            else ""
        )
        return (
            f'<figure><p class="figure-titre">{escape(self.titre)}</p>'
            f'<img alt="{escape(self.alt)}" width="{self.width}" '
            f'src="data:image/png;base64,{image}">'
            f"<figcaption>Source : {escape(self.source)}</figcaption>{data}</figure>"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Return what notebooks keep: HTML, plain text, and the data drawn."""
        bundle: dict[str, Any] = {"text/html": self.to_html(), "text/plain": repr(self)}
        if self.table:
            bundle[RESOURCE] = self.table.resource(self.titre)
        return bundle

    def _repr_html_(self) -> str:
        """Return the HTML figure."""
        return self.to_html()

    def __repr__(self) -> str:
        """Return the title and the words."""
        return f"{self.titre}\n{self.alt}\nSource : {self.source}"


def _png(drawing: MplFigure) -> bytes:
    """Return the drawing at twice the screen's resolution, without date or version inside."""
    stream = io.BytesIO()
    drawing.savefig(stream, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    return stream.getvalue()
