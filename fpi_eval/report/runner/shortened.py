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
DRAWN = "figure:has(svg)"
KNOWN = ".tuiles:has(.tuile:not(:has(.inconnu)))"


def second_page(front: Tag, chapters: Chapters) -> Tag:
    """Return what follows the front page in the synthesis: what chapters find, and pictures.

    Chapters begin a page of their own where the front page has numbers; pictures do otherwise, but
    after a front page that is two already.
    """
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
    figures = [figure for _page, main in chapters if (figure := main.select_one(DRAWN))][:FIGURES]
    seen = _("En images")
    images = f'<div class="planche"><h2>{escapes.html(seen)}</h2><div class="images"></div></div>'
    known, apart = (found or figures) and front.select(KNOWN), front.select("hr")
    first, between = ("hr" if known and not apart else "", "" if known or apart else "<hr>")
    made = _made(first, found + (between + images) * bool(figures))
    for figure in figures:
        made.select(".images")[0].append(copy.copy(figure))
    return made


def slides(front: Tag, chapters: Chapters) -> list[Tag]:
    """Return the slides: finding, numbers, chain, chapters' figures, what follows."""
    told = _told(front)
    pictures = [
        _slide(page.finding or page.title, [figure], bare=bool(page.finding))
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


def _slide(title: str, parts: Iterable[Tag], kind: str = "diapo", *, bare: bool = False) -> Tag:
    """Return a slide: its title, then copies of parts of pages; empty without them.

    A bare picture leaves its own title, since the slide's says what it shows.
    """
    kept = [copy.copy(part) for part in parts]
    for own in (own for part in kept if bare for own in part.select(".figure-titre")):
        own.decompose()
    made = _made("h1" if kept else "", f'<div class="{kind}"></div>' if kept else "", title)
    for place in made.select(f".{kind}"):
        place.extend(kept)
    return made


def _made(tag: str, inside: str, words: str = "") -> Tag:
    head = f"<{tag}>{escapes.html(words)}</{tag}>" if tag and words else f"<{tag}>" if tag else ""
    return BeautifulSoup(f"<main>{head}{inside}</main>", "html.parser").select("main")[0]
