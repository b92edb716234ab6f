"""A chapter in another language: its own sections, told sentence by sentence, or left out.

The French page is what is translated, so that both say the same numbers and nothing is computed
again. A sentence is looked for with its numbers masked: ``Il manque {0} lignes.``; ``{nom}``
stands for a name of the data, ``{mots}`` for its words, ``{fichier}`` for a file's name, which stay
as they are.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import cache

from babel.dates import get_month_names
from bs4 import BeautifulSoup, NavigableString
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from fpi_eval.errors import FpiError
from fpi_eval.headline import Headline
from fpi_eval.headline.in_chapters import FINDINGS
from fpi_eval.language import CHAPTERS, FRENCH, LOCALES, UNTRANSLATED, _, catalogue, spoken
from fpi_eval.report.edition import Edition
from fpi_eval.report.runner import aligned
from fpi_eval.report.runner.chapters import Gap, Page, Section
from fpi_eval.several_regions import Territory, territory
from fpi_eval.text import date_longue, liste

NUMBER = re.compile(r"[+\u2212]?(?:\d{1,3}(?:\s\d{3})+(?!\d)|\d+)(?:,\d+)?(?:\s?[%€])?")
END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ý«*])")
UNREAD = ("style", "script")
READ = ("aria-label", "alt")  # attributes that are read aloud
NAMED = ("tbody", "text")  # where names of the data stand: courses, places
#: What joins the parts of a cell, here and there: each part is told when the whole is not known.
JOINTS = (
    (
        r"(?<=[^ ][^ ]\.) (?=[A-ZÀ-Ý«\d])"
        r"|(?<!;) (?=(?:s : masqué|n\. d\. : |Source : ))",
        " ",
    ),
    (r" (?=\([^()]*\)$)", " "),
    (r" : ", ": "),
    (r" ; ", "; "),
    (r", ", ", "),
)
#: Heads of what pages compose of parts, and what is between two of them.
COMPOSED = {"Source": " ; ", "Champ": ", (?![^«]*»)", "Taux supposés, faute de données": ", | et "}
MONTHS = {name: number for number, name in get_month_names(locale=LOCALES[FRENCH]).items()}
DAY = re.compile(rf"(\d+)(?:er)? ({'|'.join(MONTHS)}) (\d{{4}})(\.?)")
NAME = r"[A-ZÀ-Ý][\w' -]*"
WORDS = r"(?P<@>[\w' ,-]+)"
LISTED = re.compile(r"(?P<head>[^«»]+) : (?P<names>«.+»)\.")  # « Inchangés : « A » ; « B ». »
FILE = r"(?P<@>[\w./{}-]+)"  # with the numbers of its name masked
LIST = r"(?P<@>[^.;]+)"  # codes, columns, départements, or heads between quotation marks


def chapters(
    found: Headline, french: Sequence[Page], edition: Edition
) -> Iterator[tuple[Page, Page]]:
    """Yield each French page that can be told in the language now written, and its page there."""
    for page in french:
        name = page.file.removesuffix(f"{edition.suffix}.html")
        finding = FINDINGS[name](found).rstrip(".") if name in FINDINGS else ""
        with suppress(FpiError):
            yield page, told(page, edition.file(name, "html"), finding)


def told(page: Page, file: str, finding: str = "") -> Page:
    """Return the page in the language now written; it says how many sections are left out.

    Raises `FpiError`: its title, question or finding is in no catalogue, or nothing of it can be
    told.
    """
    sections = [own for one in page.sections for own in _section(one)]
    missing = [own for one in page.missing for own in _gap(one)]
    answer = [own for one in page.answer for own in _answered(one)]
    parts = len(page.sections) + len(page.missing) + len(page.answer)
    rest = parts - len(sections) - len(missing) - len(answer)
    if not finding and rest == parts:
        raise FpiError("rien n'est traduit.", fichier=page.file)
    return replace(
        page,
        file=file,
        title=said(page.title),
        short=said(page.short),
        question=said(page.question),
        finding=finding or said(page.finding),
        notebook="",
        answer=tuple(answer),
        sections=(*sections, *_left_out(page, rest)),
        missing=tuple(missing),
        quantities=(),
    )


def _left_out(page: Page, rest: int) -> Iterator[Section]:
    """Yield the words that say how much of the page is in French only."""
    if rest:
        line = _(
            "Le reste de [ce chapitre]({file}) est en français seulement (sections : {count})."
        )
        words = line.format(count=rest, file=page.file)
        yield Section(_("Ce qui reste en français"), "", (new_markdown_cell(words),))


def _answered(cell: NotebookNode) -> Iterator[NotebookNode]:
    with suppress(FpiError):
        yield _cell(cell)


def _section(section: Section) -> Iterator[Section]:
    with suppress(FpiError):
        cells = tuple(map(_cell, section.cells))
        yield replace(section, title=said(section.title), cells=cells)


def _gap(gap: Gap) -> Iterator[Gap]:
    with suppress(FpiError):
        questions = tuple(map(said, gap.questions))
        yield Gap(said(gap.reason), questions, said(gap.holder))


def _cell(cell: NotebookNode) -> NotebookNode:
    """Return a cell whose words are told."""
    if cell.cell_type == "markdown":
        return NotebookNode({**cell, "source": said(cell.source)})
    return NotebookNode({**cell, "outputs": [_output(out) for out in cell.outputs]})


def _output(output: NotebookNode) -> NotebookNode:
    if output.output_type == "stream":
        return NotebookNode({**output, "text": said(output.text)})
    data = output.get("data", {})
    if html := data.get("text/html"):
        return NotebookNode({**output, "data": NotebookNode({"text/html": shown(html)})})
    plain = str(data.get("text/plain", ""))
    if not plain.startswith(("'", '"')):  # the name of an object says nothing
        return output
    words = repr(said(ast.literal_eval(plain)))
    return NotebookNode({**output, "data": NotebookNode({"text/plain": words})})


def shown(html: str) -> str:
    """Return a table or a figure whose words are told; names of the data stay as they are."""
    soup = BeautifulSoup(html, "html.parser")
    done = {id(one) for one in aligned.tell(soup, said)}
    for string in list(soup.find_all(string=True)):
        around = string.parent
        if around is None or type(string) is not NavigableString or around.name in UNREAD:
            continue
        if id(around) in done:  # a label of several lines, told as one phrase
            continue
        try:
            string.replace_with(said(str(string)))
        except FpiError:
            try:
                string.replace_with(words(str(string).strip()))
            except FpiError:
                if not _may_be_name(string):
                    raise
                around["lang"] = "fr"
                string.replace_with(NUMBER.sub(lambda one: number(one[0]), str(string)))
    for tag in soup.find_all(True):
        for name in READ:
            if tag.get(name):
                tag[name] = words(str(tag[name]))
    return str(soup)


def _may_be_name(string: NavigableString) -> bool:
    """Return whether words stand where names of the data do, and are no sentence."""
    heads = string.find_parent("figure") and string.find_parent("thead")  # a column a filière
    return bool(heads or string.find_parent(NAMED)) and not string.strip().endswith(".")


def said(words: str) -> str:
    """Return words in the language now written, paragraph by paragraph."""
    pieces: Sequence[str] = re.split(r"(\n\n|^\s+|\s+$)", words)
    return "".join(
        " ".join(map(sentence, END.split(piece))) if piece.strip() else piece for piece in pieces
    )


def sentence(words: str) -> str:
    """Return a sentence in the language now written, its numbers written as there.

    Raises `FpiError`: no catalogue has it.
    """
    plain = " ".join(words.replace("\u2019", "'").split())
    numbers: list[str] = []

    def mask(found: re.Match) -> str:
        numbers.append(found[0])
        return f"{{{len(numbers) - 1}}}"

    masked = NUMBER.sub(mask, plain)
    if not re.search(r"[^\W\d_]", re.sub(r"{\d+}", "", masked)):
        return masked.format(*map(number, numbers))
    found, names = _known(masked), dict[str, str]()
    if found == UNTRANSLATED:
        if listed := LISTED.fullmatch(plain):
            return _listed(listed["head"], listed["names"])
        if named := _with_names(masked):
            found, names = named
        else:
            return _composed(plain) or _(plain).format(*map(number, numbers))
    told = [*map(number, numbers)]
    return found.format(
        *told, **{name: _name(name, one).format(*told) for name, one in names.items()}
    )


def _name(kind: str, name: str) -> str:
    """Return names of the data as they are, the last of a list joined as English does."""
    if not kind.startswith("lis"):
        return name
    joined = re.sub("(?<=») et (?=«)" if "«" in name else " et ", " and ", name)
    return joined.replace("« ", "“").replace(" »", "”")


def _listed(head: str, names: str) -> str:
    """Return a list of labels between quotation marks, each told apart."""
    kept = (name.removeprefix("« ").removesuffix(" »") for name in names.split(" ; "))
    return f"{sentence(head)}: {'; '.join(f'“{words(name)}”' for name in kept)}."


def _composed(plain: str) -> str | None:
    """Return a source, a scope or a list of rates told part by part; None if it is none of these.

    What the programme declares stays as it was written: its name comes first in a scope.
    """
    head, _joint, rest = plain.partition(" : ")
    if head not in COMPOSED:
        return None
    known = (name for name in territory().names if name and name in rest)
    own = sorted(known, key=len, reverse=True)
    for at, name in enumerate(own):
        rest = rest.replace(name, f"\0{at}\0")
    parts = re.split(COMPOSED[head], rest.removesuffix("."))
    told = [re.sub("\0(\\d+)\0", lambda one: own[int(one[1])], one) for one in map(_part, parts)]
    joined = {"Source": "; ".join, "Champ": ", ".join}.get(head, liste)(told)
    return f"{sentence(head)}: {joined}{'.' if plain.endswith('.') else ''}"


def _part(words_of: str) -> str:
    """Return a part in the language now written, names kept where they are all of it."""
    if re.fullmatch("\0\\d+\0( et \0\\d+\0)*", words_of):
        return words_of.replace(" et ", " and ")
    return words(words_of)


def _known(masked: str) -> str:
    """Return the catalogue's translation, a sentence known without its full stop or with it."""
    told = catalogue(spoken(), CHAPTERS).gettext
    if (found := told(masked)) != UNTRANSLATED:
        return found
    ends = masked.endswith(".")
    found = told(masked[:-1] if ends else f"{masked}.")
    if found == UNTRANSLATED:
        return found
    return f"{found}." if ends else found.removesuffix(".")


def _with_names(masked: str) -> tuple[str, dict[str, str]] | None:
    """Return the translation of a sentence that holds names of the data, and these names."""
    for pattern, found in _patterns(spoken(), territory()):
        if match := pattern.fullmatch(masked):
            return found, match.groupdict()
    return None


@cache
def _patterns(code: str, place: Territory) -> list[tuple[re.Pattern, str]]:
    """Return sentences that hold names of the data, as patterns, and their translations.

    `place`: the territory of the programme now written of; its catalogue says so.
    """
    kept = catalogue(code, CHAPTERS)
    said = [message for message in vars(kept)["_catalog"] if re.search(r"{[a-z]", message)]
    return [(_pattern(message, place.names), kept.gettext(message)) for message in said]


def _pattern(message: str, names: Iterable[str]) -> re.Pattern:
    """Return the pattern of a sentence: a name begins with a capital, or is the programme's own."""
    plain = (" ".join(name.replace("\u2019", "'").split()) for name in names)
    own = [r"\{\d+\}".join(map(re.escape, NUMBER.split(name))) for name in plain]
    every = "|".join([*sorted(own, key=lambda one: (-len(one), one)), NAME])
    named = rf"(?:[Ll]a |[Ll]es? |[Ll]')?(?P<@>{every})"
    parts = re.split(r"{([a-z]\w*)}", message)
    known = {"nom": named, "fic": FILE, "lis": LIST}
    kinds = [known.get(part[:3], WORDS) for part in parts]
    return re.compile(
        "".join(
            kinds[at].replace("@", part, 1) if at % 2 else re.escape(part)
            for at, part in enumerate(parts)
        )
    )


def words(text: str) -> str:
    """Return a cell's words in the language now written, whole or part by part.

    Raises `FpiError`: a part is in no catalogue.
    """
    with suppress(FpiError):
        return said(text)
    if text in territory().names:
        return text
    with suppress(FpiError):
        return f"{said(text[:-1])}." if text.endswith(".") else said(f"{text}.")[:-1]
    if text.startswith("(") and text.endswith(")"):
        return f"({words(text[1:-1])})"
    if found := DAY.fullmatch(text.lower()):
        return f"{date_longue(date(int(found[3]), MONTHS[found[2]], int(found[1])))}{found[4]}"
    for joint, here in JOINTS:
        first, *rest = re.split(joint, text, maxsplit=1)
        if rest:
            return f"{words(first)}{here}{words(rest[0])}"
    return said(text)  # says what is missing


def number(words: str) -> str:
    """Return a French number as English writes it: ``9 000,5 €`` is ``€9,000.5``."""
    amount = re.sub(r"(?<=\d)\s(?=\d)", "\0", words).replace(",", ".").replace("\0", ",")
    amount = re.sub(r"\s", "", amount)
    return f"€{amount[:-1]}" if amount.endswith("€") else amount
