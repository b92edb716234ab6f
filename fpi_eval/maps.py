"""Maps of a programme's territory: areas shaded by value, their names and numbers inside.

Outlines ship with the library, simplified (`outlines/LICENCE.md`: IGN and INSEE, Licence Ouverte).
"""

import json
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from fpi_eval.colours import BLUE
from fpi_eval.language import _
from fpi_eval.plots import SMALL
from fpi_eval.text import nombre

FOLDER = Path(__file__).parent / "outlines"
CREDIT = "contours : IGN (Admin Express, simplifiés) et INSEE, Licence Ouverte"
DEPARTEMENTS, ZONES = "departements", "zones_emploi"
#: Degrees: a territory wider than this has parts overseas, too far apart for one drawing.
WIDEST = 15.0
WIDTH = 7.8  # inches
#: The one ramp: none, then four shades, pale enough for the words on them on both pages.
SHADES = (0.0, 0.12, 0.24, 0.36, 0.48)
#: Letters of a line; places tried inside an area; where a label may move outside.
COLUMN, TRIED, SIDES, REACH = 9, 40, 24, 30
CORNER = 0.08  # of a label's height


@cache
def _every(layer: str) -> dict[str, list[list[int]]]:
    return json.loads((FOLDER / f"{layer}.json").read_text(encoding="utf-8"))


def outlines(layer: str, codes: Collection[str]) -> dict[str, Outline]:
    """Return the outline of each code that has one; none when they do not fit in one drawing.

    Codes are départements ("001"), or regions for the zones d'emploi (keys ``code_zone``): a zone
    that several of them share is whole.
    """
    rings: dict[str, list[np.ndarray]] = {}
    for key, steps in _every(layer).items():
        region, _, zone = key.partition("-")
        if region in codes:
            rings.setdefault(zone or key, []).extend(
                np.cumsum(np.reshape(ring, (-1, 2)), axis=0) / 1000 for ring in steps
            )
    if not rings:
        return {}
    points = np.concatenate([ring for found in rings.values() for ring in found])
    if np.ptp(points, axis=0).max() > WIDEST:
        return {}
    flat = np.array([np.cos(np.radians(points[:, 1].mean())), 1.0])
    return {code: _outline([ring * flat for ring in found]) for code, found in rings.items()}


def centres(layer: str = DEPARTEMENTS) -> pd.DataFrame:
    """Return the centre of each territory (latitude, longitude, in degrees), by its code.

    Rings of kilometres around openings can be drawn with them (`impact.Ring`); nearer than the
    width of a territory they say nothing.
    """
    sums: dict[str, np.ndarray] = {}
    for key, steps in _every(layer).items():
        total = sums.setdefault(key.rpartition("-")[2], np.zeros(3))
        for ring in steps:
            here = np.cumsum(np.reshape(ring, (-1, 2)), axis=0) / 1000
            after = np.roll(here, -1, axis=0)
            turn = here[:, 0] * after[:, 1] - after[:, 0] * here[:, 1]
            moments = np.r_[3 * turn.sum(), turn @ (here + after)]
            total += moments * np.sign(turn.sum())
    area, longitude, latitude = np.array(list(sums.values())).T
    places = {"latitude": latitude / area, "longitude": longitude / area}
    return pd.DataFrame(places, index=list(sums))


def _outline(rings: list[np.ndarray]) -> Outline:
    """Return rings as one path, largest first."""
    rings = sorted(rings, key=lambda ring: -np.ptp(ring, axis=0).prod())
    closed = [Outline(np.vstack([ring, ring[:1]]), closed=True) for ring in rings]
    return Outline.make_compound_path(*closed)


def shaded(
    table: pd.DataFrame, shapes: Mapping[str, Outline], columns: Mapping[str, str], *, named: int
) -> Axes:
    """Draw one map a column, on its own scale, from none to four shades; hatched where unknown.

    Parameters
    ----------
    table : DataFrame
        code, nom, and one column of numbers a map.
    columns : mapping
        Column to the words above its map.
    named : int
        How many areas, largest values first, have their name; a number that fits stands in the
        others.
    """
    spread = Bbox.union([shape.get_extents() for shape in shapes.values()])
    size = (WIDTH, WIDTH / len(columns) * spread.height / spread.width + 0.5)
    axes = plt.subplots(1, len(columns), figsize=size, layout="constrained", squeeze=False)[1]
    for ax, (column, title) in zip(axes[0], columns.items(), strict=True):
        rows = table[table["code"].isin(shapes)].sort_values(column, ascending=False, kind="stable")
        for row in rows[["code", column]].itertuples(index=False):
            untold = bool(pd.isna(row[1]))
            shade = 0 if untold else int(np.ceil(4 * row[1] / max(rows[column].max(), 1)))
            ax.add_patch(
                PathPatch(shapes[row[0]], facecolor=(BLUE, SHADES[shade]), edgecolor="#000000",
                          linewidth=0.6, hatch="//" if untold else None)
            )  # fmt: skip
        ax.add_artist(_Names(rows, column, shapes, named))
        unknown = "\n" + _("(hachures : nombre inconnu)") if rows[column].isna().any() else ""
        ax.set_title(title + unknown, loc="left", fontsize=10)
        ax.set_axis_off()
        ax.margins(0.08, 0.14)
        ax.autoscale_view()
        ax.set_aspect("equal")
    return axes[0][0]


#: Words, their frame, and the area to which a line goes from those outside it.
Label = tuple[Text, Bbox, np.ndarray | None]


class _Names(Artist):
    """Names and numbers, laid again at each drawing so that none hides another.

    A label stands in its area where it crosses no border. Else a name stands outside the map, at
    the end of a line; a number alone is left out.
    """

    axes: Axes
    figure: MplFigure

    def __init__(
        self, rows: pd.DataFrame, column: str, shapes: Mapping[str, Outline], named: int
    ) -> None:
        super().__init__()
        self.set_zorder(5)
        self.every = named >= len(rows)
        self.words = [
            (
                shapes[row["code"]],
                _hearts(shapes[row["code"]]),
                textwrap.fill(row["nom"], COLUMN, break_long_words=False) if n < named else "",
                nombre(row[column]),
            )
            for n, (_, row) in enumerate(rows.iterrows())
        ]

    def get_tightbbox(self, renderer: Any = None) -> Bbox | None:
        """Return the frame of all words."""
        return Bbox.union([box for _, box, _ in self._laid(renderer)])

    def draw(self, renderer: Any) -> None:
        """Draw each label, with a line to a dot in its area when it stands outside."""
        for label, box, heart in self._laid(renderer):
            if heart is not None:
                line = Line2D(
                    *_line(heart, box).T, color="#000000", linewidth=0.6,
                    marker="o", markersize=2.5, markevery=[0],
                )  # fmt: skip
                line.set_figure(self.figure)
                line.draw(renderer)
            label.draw(renderer)

    def _laid(self, renderer: Any) -> list[Label]:
        """Return the labels that have room, their frame, and the area of those outside."""
        inside: list[Label] = []
        outside = []
        for outline, hearts, name, number in self.words:
            places = self.axes.transData.transform(hearts)
            area = self.axes.transData.transform_path(outline)
            words = f"{name}\n{number}" if name else number
            label, box = self._written(words, places[0], renderer)
            if own := _within(area, box, places):
                label.set_position(own)
                inside.append((label, label.get_window_extent(renderer), None))
            elif name:
                outside.append((label, box, places[0]))
        taken, lines = [box for _, box, _ in inside], list[Outline]()
        outside.sort(key=lambda one: self._far(one[2]))
        areas = [self.axes.transData.transform_path(outline) for outline, *_ in self.words]
        moved = [self._moved(*label, taken, lines, areas) for label in outside]
        return inside + [one for one in moved if one]

    def _far(self, at: np.ndarray) -> float:
        """Return how far a place is from the edge of the drawing."""
        frame = self.axes.bbox
        return float(min(*(at - frame.min), *(frame.max - at)))

    def _written(self, words: str, at: np.ndarray, renderer: Any) -> tuple[Text, Bbox]:
        label = Text(at[0], at[1], words, fontsize=SMALL, ha="center", va="center", linespacing=1.1)
        label.set_figure(self.figure)
        return label, label.get_window_extent(renderer)

    def _moved(
        self,
        label: Text,
        box: Bbox,
        at: np.ndarray,
        taken: list[Bbox],
        lines: list[Outline],
        areas: Sequence[Outline],
    ) -> Label | None:
        """Return the label at the nearest place outside every area where nothing stands yet.

        Without such a place, it is left where it was if all areas are named, else left out.

        A nearer place is left for one whose line crosses fewer words and lines.
        """
        free = list(self._free(box, taken, areas))
        if not free:
            return (label, box, at) if self.every else None
        own = [Outline(_line(at, one)) for one in free]
        crossed = [
            sum(line.intersects_bbox(other) for other in taken)
            + sum(line.intersects_path(other) for other in lines)
            + sum(other.intersects_bbox(one) for other in lines)
            for line, one in zip(own, free, strict=True)
        ]
        best = crossed.index(min(crossed))
        moved = free[best]
        label.set_position((at[0] + moved.x0 - box.x0, at[1] + moved.y0 - box.y0))
        taken.append(moved)
        lines.append(own[best])
        return label, moved, at

    def _free(self, box: Bbox, taken: list[Bbox], areas: Sequence[Outline]) -> Iterator[Bbox]:
        """Yield the places around a label, nearest first, that hide no area and no other words."""
        turn = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
        far = np.arange(1, REACH)[:, None, None] * box.height / 2
        moves = (far * np.column_stack([np.cos(turn), np.sin(turn)])).reshape(-1, 2)
        low, high = box.min + moves, box.max + moves
        frame = self.axes.bbox
        free = ((frame.min <= low) & (high <= frame.max)).all(axis=1)
        for other in taken:
            free &= ((other.max < low) | (high < other.min)).any(axis=1)
        around = [area.get_extents() for area in areas]
        for move in moves[free]:
            moved = box.translated(*move)
            near = (area for area, its in zip(areas, around, strict=True) if moved.overlaps(its))
            if not any(area.intersects_bbox(moved) for area in near):
                yield moved


def _within(area: Outline, box: Bbox, places: np.ndarray) -> tuple[float, float] | None:
    """Return the first place where words, at the first one now, cross no border of their area."""
    letters = box.padded(-CORNER * box.height)  # corners of a frame hold no letter
    for place in places:
        if not area.intersects_bbox(letters.translated(*place - places[0]), filled=False):
            return float(place[0]), float(place[1])
    return None


def _line(at: np.ndarray, box: Bbox) -> np.ndarray:
    """Return the ends of the line from an area to the words that stand outside it."""
    return np.array([at, np.clip(at, box.min, box.max)])


def _hearts(outline: Outline) -> np.ndarray:
    """Return places inside an area, the farthest from its edge first: best for a wide word."""
    edge = np.asarray(outline.to_polygons()[0])
    low, high = edge.min(axis=0), edge.max(axis=0)
    grid = np.stack(np.meshgrid(*np.linspace(low, high, 24).T), axis=-1).reshape(-1, 2)
    inside = grid[Outline(edge).contains_points(grid)]
    if not len(inside):
        return edge.mean(axis=0)[None]
    apart = (inside[:, None] - edge[None]) * [0.6, 1.0]
    far = np.hypot(*np.moveaxis(apart, -1, 0)).min(axis=1)
    return inside[np.argsort(-far, kind="stable")[:TRIED]]
