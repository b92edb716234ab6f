"""Labels of drawings on several lines, told in another language at the place they have."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from textwrap import wrap

import numpy as np
from bs4 import BeautifulSoup, Tag
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from fpi_eval.errors import FpiError

PLACE = re.compile(r"translate\(([-\d.]+) ([-\d.]+)\)")
SIZE = re.compile(r"font-size: ([\d.]+)px")
BOLD = re.compile(r"font-weight: (bold|[6-9]00)")
JOINED = re.compile(r"(\w-) (?=\w)")  # a word cut at its hyphen
LETTER = re.compile(r"[^\W\d]")
ANCHORS = ("start", "middle", "end")
EDGE = 2.0  # pixels kept free at the left of a drawing


def tell(soup: BeautifulSoup, said: Callable[[str], str]) -> list[Tag]:
    """Tell each label of several lines as one phrase, and return its lines.

    Its lines keep the edge they share: matplotlib writes each from its left end, and those aligned
    on the right would run into the drawing. A label that `said` cannot tell keeps its words.
    """
    told: list[Tag] = []
    for group in soup.select("svg g"):
        lines = [one for one in group.find_all("text", recursive=False) if _free(one)]
        if len(lines) > 1 and LETTER.search(group.get_text()):
            wide = max(map(_width, lines))
            if _hold(lines) == "end":
                wide = min(map(_x, lines)) - EDGE
            with suppress(FpiError):
                _write(lines, said(_phrase(lines)), wide)
                told += lines
    return told


def reword(soup: BeautifulSoup, change: Callable[[str], str]) -> None:
    """Change the words of each label of several lines, which keep the edge they share."""
    for group in soup.select("svg g"):
        lines = [one for one in group.find_all("text", recursive=False) if _free(one)]
        before = _phrase(lines)
        if len(lines) > 1 and (after := change(before)) != before:
            anchor, edge = _shared(lines)
            wide = min(edge) - EDGE if anchor == "end" else max(map(_width, lines))
            _write(lines, after, wide)
            for line, x in zip(lines, edge, strict=True):
                left = x - _width(line) * ANCHORS.index(anchor) / 2
                line["transform"] = PLACE.sub(rf"translate({left:.6f} \2)", str(line["transform"]))


def _phrase(lines: Sequence[Tag]) -> str:
    return JOINED.sub(r"\1", " ".join(one.get_text() for one in lines))


def _write(lines: Sequence[Tag], words: str, wide: float) -> None:
    """Write a phrase on the lines of a label, in smaller letters where it would be too wide."""
    written = [one for one in lines if one.get_text().strip()]
    for line, part in zip(written, _wrapped(words, len(written)), strict=True):
        line.string = part
    _fit(lines, wide)


def _wrapped(words: str, lines: int) -> list[str]:
    """Return words on as many lines, the longest as short as can be; the last may be empty."""
    width = max(map(len, re.split(r"(?<=-)|\s", words)))
    while len(parts := wrap(words, width, break_long_words=False)) > lines:
        width += 1
    return [*parts, *[""] * (lines - len(parts))]


def _fit(lines: Sequence[Tag], wide: float) -> None:
    """Make smaller the letters of a label that would be wider than its place."""
    share = min(wide / _width(one) for one in lines if one.get_text())
    for line in lines if share < 1 else ():
        smaller = f"font-size: {_size(line) * share:.2f}px"
        line["style"] = SIZE.sub(smaller, str(line["style"]))


def _x(line: Tag) -> float:
    return float(PLACE.fullmatch(str(line["transform"]))[1])  # type: ignore[index]


def _size(line: Tag) -> float:
    return float(SIZE.search(str(line["style"]))[1])  # type: ignore[index]


def _free(line: Tag) -> bool:
    style = str(line.get("style", ""))
    placed = PLACE.fullmatch(str(line.get("transform", "")))
    return bool(placed and SIZE.search(style) and "text-anchor" not in style)


def _width(line: Tag) -> float:
    weight = "bold" if BOLD.search(str(line["style"])) else "normal"
    font = FontProperties("DejaVu Sans", weight=weight, size=_size(line))  # type: ignore[arg-type]
    return text_to_path.get_text_width_height_descent(line.get_text(), font, ismath=False)[0]


def _hold(lines: Sequence[Tag]) -> str:
    """Anchor lines at the edge they share, and return which it is."""
    anchor, edge = _shared(lines)
    for line, x in zip(lines, edge, strict=True):
        line["transform"] = PLACE.sub(rf"translate({x:.6f} \2)", str(line["transform"]))
        line["style"] = f"{line['style']}; text-anchor: {anchor}"
    return anchor


def _shared(lines: Sequence[Tag]) -> tuple[str, np.ndarray]:
    """Return which edge lines share, and where each has it."""
    left, wide = (np.array([of(one) for one in lines]) for of in (_x, _width))
    edges = dict(zip(ANCHORS, (left, left + wide / 2, left + wide), strict=True))
    anchor = min(ANCHORS, key=lambda name: np.ptp(edges[name]))
    return anchor, edges[anchor]
