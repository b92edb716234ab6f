"""What the synthesis and the slides take from the finished pages, and in which order."""

import copy
from collections.abc import Iterable, Sequence

from bs4 import BeautifulSoup, Tag

from fpi_eval import escapes
from fpi_eval.language import _
from fpi_eval.report.runner.chapters import Page

Chapters = Sequence[tuple[Page, Tag]]
FIGURES = 4
CHOSEN = ("03_diplomes", "06_trajectoire_et_couts")  # chapters whose figure is shown first
SLIDES, CHAPTERS = 6, 2
TALL = 0.75
DRAWN = "figure:has(svg)"
KNOWN = ".tuiles:has(.tuile:not(:has(.inconnu)))"


def synthesis(front: Tag, chapters: Chapters) -> list[Tag]:
    """Return two pages: the front page and what chapters find, then pictures.

    The words that another language explains are left to its front page and slides.
    """
    first = copy.copy(front)
    for part in first.select("hr, .mots"):
        part.decompose()
    return [first, _second_page(chapters)]


def _second_page(chapters: Chapters) -> Tag:
    """Return what chapters find, then pictures on a page of their own."""
    line = _("{what} : {value}")
    lines = [
        line.format(
            what=f"<li><strong>{escapes.html(page.title)}</strong>",
            value=f"{escapes.html(page.finding)}.</li>",
        )
        for page, _main in chapters
        if page.finding and not page.annex
    ]
    head = escapes.html(_("Chapitre par chapitre"))
    found = f"<h2>{head}</h2><ul>{''.join(lines)}</ul>" if lines else ""
    drawn = (main.select_one(DRAWN) for page, main in chapters if not page.annex)
    figures = [figure for figure in drawn if figure][:FIGURES]
    seen = _("En images")
    images = f'<div class="planche"><h2>{escapes.html(seen)}</h2><div class="images"></div></div>'
    made = _made("", found + f"<hr>{images}" * bool(figures))
    for figure in figures:
        made.select(".images")[0].append(copy.copy(figure))
    return made


def slides(front: Tag, chapters: Chapters) -> list[Tag]:
    """Return the slides: finding, numbers, chain, chapters' figures, what follows."""
    told = _told(front)
    pictures = [
        _picture(page, figure)
        for page, main in sorted(chapters, key=lambda one: not one[0].file.startswith(CHOSEN))
        if not page.annex and (figure := main.select_one(DRAWN))
    ]
    words = _slide(_("Les mots"), front.select(".mots ul"))
    pictures += [words] * bool(words.contents)
    after = _slide(_("Et maintenant ?"), front.select(".suites"))
    return [*told, *pictures[: max(CHAPTERS, SLIDES - len(told) - 1)], after]


def _told(front: Tag) -> list[Tag]:
    """Return the slides made of the front page; those that would say nothing are left out."""
    cover = front.select(".manque, .preuve")
    made = (
        _slide(front.select("h1")[0].get_text(), cover, "couverture"),
        _slide(_("Les chiffres"), front.select(KNOWN)),
        _slide(_("Sur cent places ouvertes"), front.select(".chaine svg")),
    )
    return [one for one in made if one.contents]


def _picture(page: Page, figure: Tag) -> Tag:
    """Return the slide of a picture, titled by what it shows: its chapter's finding, or its own."""
    kept = copy.copy(figure)
    for drawing in kept.select("svg.large"):
        _, _, wide, high = map(float, str(drawing["viewbox"]).split())
        if high > TALL * wide:  # a slide would make its letters too small: a phone's are larger
            drawing.decompose()
    own = [title.extract().get_text(" ", strip=True) for title in kept.select(".figure-titre")]
    found = page.finding if page.file.startswith(CHOSEN) else ""
    return _slide(found or " ".join(own) or page.title, [kept])


def _slide(title: str, parts: Iterable[Tag], kind: str = "diapo") -> Tag:
    """Return a slide: its title, then copies of parts of pages; empty without them."""
    kept = [copy.copy(part) for part in parts]
    made = _made("h1" if kept else "", f'<div class="{kind}"></div>' if kept else "", title)
    for place in made.select(f".{kind}"):
        place.extend(kept)
    return made


def _made(tag: str, inside: str, words: str = "") -> Tag:
    head = f"<{tag}>{escapes.html(words)}</{tag}>" if tag and words else f"<{tag}>" if tag else ""
    return BeautifulSoup(f"<main>{head}{inside}</main>", "html.parser").select("main")[0]
