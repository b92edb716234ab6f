"""The chapters of a report, made of the notebooks' sections: what has no data is set apart."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from nbformat import NotebookNode

from fpi_eval.absent import ABSENT
from fpi_eval.headline.quantity import RESOURCE, Quantity
from fpi_eval.report.edition import Edition
from fpi_eval.report.published.shown_tables import shown
from fpi_eval.report.runner.notebooks import NotebookInfo, tags
from fpi_eval.several_regions import worded
from fpi_eval.text import pluriel

ANSWER, LIMITS, DETAIL, ELSEWHERE = "reponse", "limites", "detail", "page:"
HEADING = re.compile(r"^## +(.+)$", re.M)
READING = "*Comment lire.*"
One = TypeVar("One")
TITLE = re.compile(r'<p class="figure-titre">(.*?)</p>')


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page that no notebook is by itself: name of its file, title, menu title, question."""

    name: str
    title: str
    short: str
    question: str


#: The order of the question, then what it rests on; a name alone is a notebook's own page.
CHAPTERS = (
    "02_places",
    "03_diplomes",
    "04_insertion",
    "05_emploi_industriel",
    "06_trajectoire_et_couts",
    Chapter("couts", "Les coûts", "Coûts", "Combien coûtent une place, une personne, un emploi ?"),
    Chapter("equite", "L'équité", "Équité", "Pour qui, et où, le programme agit-il ?"),
    Chapter("limites", "Les limites", "Limites", "Que ne peut-on pas dire, et que manque-t-il ?"),
    "08_changements",
)
ANNEXES = (
    "01_donnees",
    Chapter("controles", "Les contrôles", "Contrôles", "Peut-on se fier à l'effet estimé ?"),
    Chapter("estimateurs", "Les autres méthodes", "Estimateurs", "Que disent d'autres méthodes ?"),
    "07_jumeau",
    Chapter("glossaire", "Le glossaire", "Glossaire", "Que veut dire chaque indicateur ?"),
    Chapter("methode", "La méthode", "Méthode", "Comment ces nombres sont-ils obtenus ?"),
)
ORDER = [c if isinstance(c, str) else c.name for c in (*CHAPTERS, *ANNEXES)]


@dataclass(frozen=True, slots=True)
class Gap:
    """A reason for which sections are not shown: what they would answer, who holds what lacks."""

    reason: str
    questions: tuple[str, ...]
    holder: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a notebook and what stands under it; `page` is the chapter it is read in."""

    title: str
    page: str
    cells: tuple[NotebookNode, ...]
    tags: tuple[str, ...] = ()

    @property
    def detail(self) -> bool:
        """Whether it is folded at the end of its chapter."""
        return DETAIL in self.tags


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the report; `finding` is its title when the results give one."""

    file: str
    title: str
    short: str
    question: str
    notebook: str = ""
    annex: bool = False
    finding: str = ""
    answer: tuple[NotebookNode, ...] = ()
    sections: tuple[Section, ...] = ()
    missing: tuple["Gap", ...] = ()
    quantities: tuple[str, ...] = ()

    @property
    def first(self) -> list[Section]:
        """Return the sections read first."""
        return [s for s in self.sections if not s.detail]

    @property
    def folded(self) -> list[Section]:
        """Return the sections that the reader unfolds."""
        return [s for s in self.sections if s.detail]


def compose(
    infos: Sequence[NotebookInfo], notebooks: Sequence[NotebookNode], edition: Edition
) -> list[Page]:
    """Return the pages in the order of the question, without what has nothing to show."""
    sections = [s for pair in zip(infos, notebooks, strict=True) for s in _split(*pair)]
    found = [kept for kept in map(_kept, sections) if kept is not None]
    pages = [
        replace(_own_page(info, edition, found), quantities=_quantities(notebook))
        for info, notebook in zip(infos, notebooks, strict=True)
    ]
    for chapter in (c for c in (*CHAPTERS, *ANNEXES) if isinstance(c, Chapter)):
        inside = tuple(s for s in found if s.page == chapter.name)
        listed = _missing(sections) if chapter.name == LIMITS else ()
        if inside or listed:
            pages.append(_chapter_page(chapter, inside, listed, edition))
    return sorted(pages, key=lambda page: _rank(page, edition))


def _rank(page: Page, edition: Edition) -> tuple[bool, float]:
    """Return the place of a page; a notebook that no chapter names comes after those named."""
    name = page.file.removesuffix(f"{edition.suffix}.html")
    return page.annex, ORDER.index(name) if name in ORDER else ORDER.index("couts") - 0.5


def _quantities(notebook: NotebookNode) -> tuple[str, ...]:
    """Return the phrases of the quantities that a notebook publishes: known, or with a date."""
    every = (Quantity.of(one) for part in shown(notebook, RESOURCE) for one in part["chiffres"])
    return tuple(dict.fromkeys(one.phrase for one in every if one or one.known_on))


def _own_page(info: NotebookInfo, edition: Edition, found: Sequence[Section]) -> Page:
    """Return the page of a notebook."""
    page = Page(
        file=edition.file(info.name, "html"),
        title=info.title,
        short=str(info.declares.get("court", info.title)),
        question=worded(info.question),
        notebook=edition.file(info.name, "ipynb"),
        annex=info.name in ANNEXES,
    )
    return _filled(page, [s for s in found if s.page == info.name])


def _chapter_page(
    chapter: Chapter, inside: Sequence[Section], missing: tuple[Gap, ...], edition: Edition
) -> Page:
    page = Page(
        file=edition.file(chapter.name, "html"),
        title=chapter.title,
        short=chapter.short,
        question=chapter.question,
        annex=chapter in ANNEXES,
        missing=missing,
    )
    made = _filled(page, inside)
    return replace(made, finding=_lacking(missing)) if chapter.name == LIMITS else made


def _lacking(missing: Sequence[Gap]) -> str:
    """Return what the chapter of limits finds: how many questions the files leave unanswered."""
    asked = len({question for gap in missing for question in gap.questions})
    if not asked:
        return "Les fichiers répondent à toutes les questions posées ; la méthode a ses limites"
    return f"{pluriel(asked, 'question reste', 'questions restent')} sans réponse"


def _filled(page: Page, inside: Sequence[Section]) -> Page:
    """Return the page with its sections; the first sentence of its answer is the finding.

    A chapter without an answer is titled by what its first figure finds.
    """
    answer = next((s.cells for s in inside if ANSWER in s.tags), ())
    finding, rest = _finding(answer)
    sections = tuple(s for s in inside if ANSWER not in s.tags)
    if not finding and not page.notebook:
        finding, sections = _titled(sections)
    return replace(page, finding=finding.rstrip("."), answer=rest, sections=sections)


def _finding(cells: Sequence[NotebookNode]) -> tuple[str, tuple[NotebookNode, ...]]:
    """Return the first paragraph that is printed or written, and the cells without it."""
    cells = tuple(cells)
    for at, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            first, _, rest = cell.source.partition("\n\n")
            return first, (*cells[:at], *_words(cell, rest), *cells[at + 1 :])
        out = next(iter(cell.get("outputs", ())), None)
        if out is not None and out.output_type == "stream":
            first, _, rest = out.text.strip().partition("\n\n")
            outputs = [o for o in (_with(out, text=rest), *cell.outputs[1:]) if _has_words(o)]
            return first, (*cells[:at], _with(cell, outputs=outputs), *cells[at + 1 :])
    return "", cells


def _titled(sections: tuple[Section, ...]) -> tuple[str, tuple[Section, ...]]:
    """Return the title of the first figure of the sections, and the sections without it."""
    for place, section in enumerate(sections):
        for at, cell in enumerate(section.cells):
            for n, output in enumerate(cell.get("outputs", ())):
                drawn = output.get("data", {}).get("text/html", "")
                if found := TITLE.search(drawn):
                    data = {**output.data, "text/html": drawn.replace(found[0], "", 1)}
                    bare = _with(cell, outputs=_put(cell.outputs, n, _with(output, data=data)))
                    own = replace(section, cells=tuple(_put(section.cells, at, bare)))
                    return html.unescape(found[1]), tuple(_put(sections, place, own))
    return "", sections


def _put(row: Sequence[One], place: int, new: One) -> list[One]:
    return [*row[:place], new, *row[place + 1 :]]


def _with(cell: NotebookNode, **changed) -> NotebookNode:
    return NotebookNode({**cell, **changed})


def _split(info: NotebookInfo, notebook: NotebookNode) -> Iterator[Section]:
    """Yield the sections of an executed notebook; an answer or limits are sections of their own."""
    section = Section("", info.name, ())
    for cell in notebook.cells[1:]:
        said = tags(cell)
        if {ANSWER, LIMITS} & set(said):
            yield section
            page, title = (LIMITS, info.title) if LIMITS in said else (section.page, "")
            yield Section(title, page, (cell,), tuple(said))
            section = Section("", section.page, ())
        elif cell.cell_type == "markdown" and (match := HEADING.search(cell.source)):
            before, after = cell.source[: match.start()].strip(), cell.source[match.end() :].strip()
            yield replace(section, cells=(*section.cells, *_words(cell, before)))
            named = (t.removeprefix(ELSEWHERE) for t in said if t.startswith(ELSEWHERE))
            page = next(named, info.name)
            section = Section(match[1].strip(), page, _words(cell, after), tuple(said))
        else:
            section = replace(section, cells=(*section.cells, cell))
    yield section


def _words(cell: NotebookNode, words: str) -> tuple[NotebookNode, ...]:
    """Return a cell of these words, none if there are none."""
    return (_with(cell, source=words),) if words else ()


def _missing(sections: Sequence[Section]) -> tuple[Gap, ...]:
    """Return every reason that sections give for showing nothing, once, with their questions.

    Who holds what lacks may be said by one section alone.
    """
    found = [one for section in sections for one in _reasons(section)]
    holders = {reason: holder for reason, holder, _ in reversed(found) if holder}
    asked: dict[tuple[str, str], dict[str, None]] = {}
    for reason, holder, question in found:
        asked.setdefault((reason, holder or holders.get(reason, "")), {})[question] = None
    return tuple(Gap(why, tuple(asks), who) for (why, who), asks in asked.items())


def _reasons(section: Section) -> Iterator[tuple[str, str, str]]:
    """Yield why, who holds it, and the question, for each thing a section could not show."""
    if ANSWER in section.tags or LIMITS in section.tags:
        return
    for output in (out for cell in section.cells for out in cell.get("outputs", ())):
        if (absent := output.get("data", {}).get(ABSENT)) and "lacking" not in absent:
            yield absent["reason"], absent["holder"], absent["answers"] or section.title


def _kept(section: Section) -> Section | None:
    """Return the section without what is absent, or None if nothing is left to show.

    A reading note stays when the first object it reads is there.
    """
    cells: list[NotebookNode] = []
    code = [c for c in section.cells if c.cell_type == "code"]
    shown, readable = False, None
    for cell in section.cells:
        if cell.cell_type == "markdown":
            if not cell.source.startswith(READING):
                cells.append(cell)
            elif readable:
                cells.append(cell)
                readable = None
            continue
        outputs = [
            out for out in cell.outputs if _has_words(out) and RESOURCE not in out.get("data", {})
        ]
        if ANSWER not in section.tags:
            outputs = [out for out in outputs if ABSENT not in out.get("data", {})]
        if readable is None and cell.outputs:
            readable = any("text/html" in out.get("data", {}) for out in outputs)
        shown |= bool(outputs)
        cells.append(_with(cell, outputs=outputs))
    return replace(section, cells=tuple(cells)) if shown or (not code and cells) else None


def _has_words(output: NotebookNode) -> bool:
    """Return whether an output shows anything here: quantities stand in a list of their own."""
    if output.output_type == "stream":
        return bool(output.text.strip())
    return RESOURCE not in output.get("data", {})
