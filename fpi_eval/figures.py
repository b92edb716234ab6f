"""A figure as readers see it: title, drawing with words for those who do not see it, source, data.

Each drawing is made twice, as SVG whose text is text: for a screen or paper, then again, its
frames one under the other and its words folded, for a phone. The style sheet shows the one or
the other; where there is none, the first.
"""

import io
import re
import textwrap
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, cast

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.category import StrCategoryLocator
from matplotlib.figure import Figure as MplFigure
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FixedLocator, MaxNLocator
from matplotlib.transforms import Bbox

from fpi_eval import escapes
from fpi_eval.disclosure import Shown
from fpi_eval.errors import FpiError
from fpi_eval.language import _
from fpi_eval.tables import RESOURCE, Format, slug, table

SVG = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fpi_eval",
    "savefig.transparent": True,
    "text.parse_math": False,  # a dollar in a name is a dollar
}
#: Width of a phone's drawing, in inches, and the letters that fit on a line of it: the smallest
#: phone shows its letters of 12 pixels at no less than 11.
PHONE, PHONE_LABEL, PHONE_BESIDE, PHONE_TITLE, PHONE_LINE = 3.1, 18, 22, 30, 36
TICKS, WIDE, LINE = 4, 5, 0.21  # ticks; letters of a wide one; inches of a line of words
NAMED = (FixedLocator, StrCategoryLocator)  # axes whose ticks are words


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
        drawing = cast(MplFigure, fig.figure if isinstance(fig, Axes) else fig)
        self.svg = self._svg(drawing, "large")
        _fold(drawing)
        self.narrow = self._svg(drawing, "etroit")
        plt.close(drawing)

    def _svg(self, drawing: MplFigure, kind: str) -> str:
        """Return the drawing as SVG named and described, without date or version inside."""
        stream = io.StringIO()
        for words in drawing.findobj(Text):
            words.set_parse_math(False)
        with mpl.rc_context(cast(Any, SVG)):
            drawing.savefig(stream, format="svg", bbox_inches="tight", metadata={"Date": None})
        rows = _between_rows(drawing) if kind == "large" else ""
        return _described(stream.getvalue(), kind, self.titre, self.alt, rows)

    def to_html(self) -> str:
        """Return a ``<figure>`` with both drawings inside it; no file, no network."""
        words = _("Voir les données de la figure")
        data = (
            f"<details><summary>{words}</summary>{self.table.to_html()}</details>"
            if self.table
            else ""
        )
        return (
            f'<figure><p class="figure-titre">{escapes.html(self.titre)}</p>'
            f"{self.svg}{self.narrow}"
            f"<figcaption>{escapes.html(self._source())}</figcaption>{data}</figure>"
        )

    def _source(self) -> str:
        return _("Source : {source}").format(source=self.source)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Return what notebooks keep: HTML, plain text, and the data drawn."""
        bundle: dict[str, Any] = {"text/html": self.to_html(), "text/plain": repr(self)}
        if self.table:
            bundle[RESOURCE] = self.table.resource(self.titre)
        return bundle

    def __repr__(self) -> str:
        """Return the title and the words."""
        return f"{self.titre}\n{self.alt}\n{self._source()}"


def _between_rows(drawing: MplFigure) -> str:
    """Return how far down a drawing each row of frames after the first begins, in points.

    Paper, where a tall drawing would leave half a page empty, may cut it there.
    """
    placed = [(place.rowspan.start, ax) for ax in drawing.axes if (place := ax.get_subplotspec())]
    if len({start for start, _ in placed}) < 2:
        return ""
    frames: dict[int, list[Bbox]] = {}
    for start, ax in placed:
        if box := ax.get_tightbbox():
            frames.setdefault(start, []).append(box)
    rows = [Bbox.union(frames[start]) for start in sorted(frames)]
    top = drawing.get_tightbbox().y1 + mpl.rcParams["savefig.pad_inches"]
    cuts = [(above.y0 + below.y1) / 2 / drawing.dpi for above, below in pairwise(rows)]
    return " ".join(f"{(top - cut) * 72:.1f}" for cut in cuts)


def _fold(drawing: MplFigure) -> None:
    """Lay the drawing out for a phone: frames one under the other, words on several lines."""
    axes = [ax for ax in drawing.axes if ax.get_visible()]
    _, height = drawing.get_size_inches()
    places = [place for ax in axes if (place := ax.get_subplotspec())]
    rows = len({place.rowspan.start for place in places}) or 1
    share, heights = height / rows, []
    drawing.set_size_inches(PHONE, share * len(axes))
    grid = drawing.add_gridspec(len(axes), 1) if len(axes) > 1 else None
    for row, ax in enumerate(axes):
        if grid:
            ax.set_subplotspec(grid[row])
            ax.tick_params(labelleft=True)
        _thin(ax)
        names = 0
        if isinstance(ax.yaxis.get_major_locator(), NAMED):
            names = _name(ax)
        room = PHONE_BESIDE if names else PHONE_TITLE
        ax.set_xlabel(_lines(ax.get_xlabel(), room + 6))
        ax.set_ylabel(_lines(ax.get_ylabel(), PHONE_LINE))
        if isinstance(marks := ax.yaxis.get_major_locator(), MaxNLocator):
            marks.set_params(nbins=TICKS)
        for side in ("left", "center"):
            ax.set_title(_lines(ax.get_title(side), room), loc=side, fontsize=10)
        for words in legend.get_texts() if (legend := ax.get_legend()) else ():
            words.set_text(_lines(words.get_text(), PHONE_LABEL))
        heights.append(max(share, LINE * names + 1))
    if grid:
        grid.set_height_ratios(heights)
    drawing.set_size_inches(PHONE, sum(heights))
    if drawing.get_supxlabel():
        drawing.supxlabel(_lines(drawing.get_supxlabel(), PHONE_LINE), fontsize=9)


def _thin(ax: Axes) -> None:
    """Keep under an axis what a phone's width holds, less where names stand beside the frame."""
    place = ax.xaxis.get_major_locator()
    if isinstance(place, MaxNLocator):
        place.set_params(nbins=TICKS)
    ticks = list(ax.get_xticks())
    said = ax.xaxis.get_major_formatter().format_ticks(ticks)
    beside = any(isinstance(t, Annotation) and t.get_annotation_clip() is False for t in ax.texts)
    if isinstance(place, NAMED):
        many = len(ticks) > (TICKS - 1 if beside else TICKS + 1)
        last = slice((len(ticks) - 1) % 2, None, 2) if many else slice(None)  # the last one stays
        room = max(1, PHONE_BESIDE // max(1, len(ticks[last])))
        cut = [re.sub(r"(?<=\d)-(?=\d)", "- " if len(w) > room else "-", w) for w in said[last]]
        ax.set_xticks(ticks[last], [_lines(words, room) for words in cut])
    elif isinstance(place, MaxNLocator) and max(map(len, said)) > WIDE:
        place.set_params(nbins=TICKS // 2)


def _name(ax: Axes) -> int:
    """Fold the names beside an axis; return the lines that all would take, each as the longest."""
    ticks = list(ax.get_yticks())
    said = [_lines(n, PHONE_LABEL) for n in ax.yaxis.get_major_formatter().format_ticks(ticks)]
    ax.set_yticks(ticks, said)
    return len(said) * max((1 + words.count("\n") for words in said), default=0)


def _lines(words: str, width: int) -> str:
    kept = re.sub(r" (?=[%;:»])", "\u00a0", words)
    lines = (textwrap.fill(line, width, break_long_words=False) for line in kept.split("\n"))
    return "\n".join(lines)


def _described(svg: str, kind: str, titre: str, alt: str, rows: str) -> str:
    """Return the SVG element alone, with title, description, and ids that no other figure has."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.S)
    name = f"{slug(titre)}-{kind}"
    kept = set(re.findall(r' id="([\w-]+)"', svg)) & set(re.findall(r"#([\w-]+)", svg))
    order = dict.fromkeys(one for one in re.findall(r'(?: id="|#)([\w-]+)', svg) if one in kept)
    # numbered: drawn, they are hashes of positions whose last digits change from run to run
    ids = {drawn: f"{name}-{number}" for number, drawn in enumerate(order, 1)}
    svg = re.sub(r' id="([\w-]+)"', lambda m: f' id="{ids[m[1]]}"' if m[1] in ids else "", svg)
    svg = re.sub(r"#([\w-]+)", lambda m: f"#{ids[m[1]]}" if m[1] in ids else m[0], svg)
    box = re.findall(r'viewBox="[^"]*"', svg)[0]
    width = round(float(box.split()[2]) * 96 / 72)
    hidden = "display:none;" if kind == "etroit" else ""
    cuts = f' data-rangs="{rows}"' if rows else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'class="dessin {kind}"{cuts} role="img" aria-labelledby="{name}-titre {name}-texte" {box} '
        f'style="{hidden}max-width:{width}px;stroke-linejoin:round;stroke-linecap:butt">'
        f'<title id="{name}-titre">{escapes.html(titre)}</title>'
        f'<desc id="{name}-texte">{escapes.html(alt)}</desc>'
    )
    return re.sub(r">\s+<", "><", head + svg[svg.index(">") + 1 :].strip())
