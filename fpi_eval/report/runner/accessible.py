"""Make a page usable by everyone: headings in order, named tables, figures with words."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from bs4 import BeautifulSoup, Tag

from fpi_eval import escapes
from fpi_eval.errors import FpiError
from fpi_eval.language import FRENCH, _
from fpi_eval.report.edition import Edition
from fpi_eval.report.runner import filters
from fpi_eval.tables import slug
from fpi_eval.text import SIMULATED

MIN_SECTIONS = 3
LONG_WORD = re.compile(r"\S{20}")
NBSP = "\u00a0"
INVERTED = re.compile(r"(?<=\w)-(?=(?:t-)?(?:ils?|elles?|on)\b)|(?<=-t)-(?=(?:ils?|elles?|on)\b)")
HEADINGS = re.compile(r"^h[1-6]$")
WORDS = re.compile(r"[^\W\d_]+(?:[\s'\u2019-][^_/@]*)?")  # no name of a file, no code

MANY_COLUMNS = 7
PHONE, GAP = 40, 1.6  # letters on a line of a table 320 points wide; those of a column's margins
VERBATIM = {"pre", "code", "style", "script"}
ROLES = {"col": "columnheader", "row": "rowheader", "rowgroup": "rowheader"}


def improve(html: str, edition: Edition) -> str:
    """Return the page with headings, tables and images corrected where the notebook could not.

    Raises `FpiError`: an image without alternative text: nobody but its author can write it.
    """
    soup = BeautifulSoup(html, "html.parser")
    main, body = soup.select("main")[0], soup.select("body")[0]
    _order_headings(main)
    for script in main.find_all(["script", "style", "link"]):
        script.decompose()
    for table in main.find_all("table"):
        _name_table(table)
    filters.add(soup, main)
    for image in main.find_all("img"):
        _check_image(image)
    _tell_apart(main)
    _list_sections(soup, main)
    if edition.langue == FRENCH:
        set_french(body)
    for table in main.find_all("table"):
        _spread(table)
    if edition.simulated:
        _mark_simulated(soup, main)
    return str(soup)


def _order_headings(main: Tag) -> None:
    """Keep one h1, skip no level, and give each heading an id of its own."""
    level = 0
    seen: Counter[str] = Counter()
    for heading in main.find_all(HEADINGS):
        wanted = int(heading.name[1])
        level = 1 if level == 0 else max(2, min(wanted, level + 1))
        heading.name = f"h{level}"
        base = slug(heading.get_text(" ")) or "section"
        seen[base] += 1
        heading["id"] = base if seen[base] == 1 else f"{base}-{seen[base]}"


def _list_sections(soup: BeautifulSoup, main: Tag) -> None:
    """Fill the page's table of contents when it has several sections."""
    sections, place = main.find_all("h2"), soup.select_one("nav.sommaire")
    if place is None:
        return
    place.clear()
    if len(sections) < MIN_SECTIONS:
        place.decompose()
        return
    items = "".join(
        f'<li><a href="#{s["id"]}">{escapes.html(s.get_text(" ", strip=True))}</a></li>'
        for s in sections
    )
    head = _("Sur cette page")
    place.append(BeautifulSoup(f"<p>{head}</p><ul>{items}</ul>", "html.parser"))


def _name_table(table: Tag) -> None:
    """Give the table a name, scopes to its headers, and a frame that scrolls by itself."""
    for attribute in ("border", "style"):
        del table[attribute]
    caption = table.find("caption")
    name = caption.get_text(" ", strip=True) if caption else str(table.get("aria-label", ""))
    if caption and not caption.find("span"):
        caption.string = ""
        caption.append(BeautifulSoup(f"<span>{escapes.html(name)}</span>", "html.parser"))
    if not name:
        heading = table.find_previous(HEADINGS)
        name = heading.get_text(" ", strip=True) if heading else "Tableau"
        table["aria-label"] = name
    first_row = table.find("tr")
    if first_row and len(first_row.find_all(["th", "td"])) >= MANY_COLUMNS:
        _add_class(table, "dense")
    for cell in table.find_all("th"):
        if not cell.has_attr("scope"):
            head = any(around.name == "thead" for around in cell.parents)
            cell["scope"] = "col" if head else "row"
    for cell in table.select("tbody th[scope=row]"):
        _begin(cell)
    _pile(table)
    for word in table.find_all(string=LONG_WORD):
        pieces = "<wbr>".join(escapes.html(piece) for piece in re.split(r"(?<=[_./])", word))
        word.replace_with(BeautifulSoup(pieces, "html.parser"))
    if table.parent and "defile" not in table.parent.get_attribute_list("class"):
        frame = {"class": "defile", "role": "region", "tabindex": "0", "aria-label": name}
        table.wrap(BeautifulSoup("", "html.parser").new_tag("div", attrs=frame))


def _begin(cell: Tag) -> None:
    """Begin the words of a row with a capital."""
    first = cell.find(string=True)
    if first and WORDS.fullmatch(cell.get_text().strip()):
        words = first.lstrip()
        first.replace_with(f"{words[:1].upper()}{words[1:]}")


def _pile(table: Tag) -> None:
    """Mark the words that begin each row: on a phone they stand one under the other.

    Roles say what they remain where a style takes them out of the table's grid.
    """
    for row in table.select("thead tr, tbody tr"):
        words = list(
            takewhile(lambda cell: "gt_left" in str(cell.get("class")), row.select("th, td"))
        )
        for cell in words if len(words) > 1 else ():
            _add_class(cell, "pile")
            cell["role"] = ROLES.get(str(cell.get("scope")), "cell")


def _spread(table: Tag) -> None:
    """Mark a table too wide for a phone: there each row is a block, each value after its column.

    Roles say what each part remains where a style takes it out of the table's grid.
    """
    heads = table.select("thead th")
    rows = [row.find_all(["th", "td"]) for row in table.select("tr")]
    whole = [cells for cells in rows if len(cells) == len(heads)]
    if _width(list(zip(*whole, strict=True))) <= PHONE:
        return
    _add_class(table, "etale")
    table["role"] = "table"
    for part in table.select("thead, tbody, tfoot"):
        part["role"] = "rowgroup"
    for row in table.select("tr"):
        row["role"] = "row"
    for cell in table.select("th, td"):
        cell["role"] = ROLES.get(str(cell.get("scope")), "cell")
    for cells in whole:
        for head, cell in zip(heads, cells, strict=True):
            if cell.name == "td":
                cell["data-colonne"] = head.get_text(" ", strip=True)


def _width(columns: Sequence[Sequence[Tag]]) -> float:
    """Return the letters that columns need side by side, those piled being one, with their gaps."""
    piled: list[int] = []
    alone: list[int] = []
    for cells in columns:
        letters = max(map(_unbroken, cells))
        (piled if "pile" in cells[0].get_attribute_list("class") else alone).append(letters)
    kept = [*alone, max(piled)] if piled else alone
    return sum(kept) + GAP * len(kept)


def _unbroken(cell: Tag) -> int:
    """Return the letters of a number, or of the longest of a cell's words."""
    said, number = cell.get_text(" ", strip=True), "gt_right" in str(cell.get("class"))
    words = [said] if number and cell.name == "td" else re.split(r"[ \n-]+", said)
    return max(map(len, words))


def _add_class(tag: Tag, name: str) -> None:
    tag["class"] = " ".join([*filter(None, tag.get_attribute_list("class")), name])


def set_french(body: Tag) -> None:
    """Keep French punctuation and « -t-il » with their word, write apostrophes as printers do."""
    for string in body.find_all(string=True):
        words = re.sub(r" (?=[?!;:»%€])|(?<=«) |(?<=\d) (?=\d{3}(?!\d))", NBSP, string)
        words = re.sub(r"(?<=\w)'(?=[\w«])", "’", words)
        words = INVERTED.sub("\u2011", words)
        if words != string and not any(around.name in VERBATIM for around in string.parents):
            string.replace_with(words)


def _tell_apart(main: Tag) -> None:
    """Give a drawing shown again ids of its own."""
    for number, drawing in enumerate(main.find_all("svg", class_="dessin")):
        name = str(drawing["aria-labelledby"]).split()[0].removesuffix("-titre")
        for tag in [drawing, *drawing.find_all(True)]:
            for key, value in tag.attrs.items():
                if isinstance(value, str) and name in value:
                    tag[key] = value.replace(name, f"{name}-{number}")


def _check_image(image: Tag) -> None:
    """Refuse an image without words, or one fetched from elsewhere."""
    heading = image.find_previous(HEADINGS)
    place = f"figure sous « {heading.get_text(' ', strip=True)} »" if heading else "figure"
    if not str(image.get("alt", "")).strip():
        raise FpiError(
            "texte de remplacement absent : une personne aveugle n'en saurait rien. Affichez-la "
            'par fpi_eval.figures.Figure(…, alt="ce qu\'elle montre").',
            fichier=place,
        )
    if not str(image.get("src", "")).startswith("data:"):
        raise FpiError("l'image est hors du rapport. Produisez-la dans le notebook.", fichier=place)


def _mark_simulated(soup: BeautifulSoup, main: Tag) -> None:
    """Say under every figure and table that its data is simulated."""
    for caption in main.find_all(["figcaption", "caption"]):
        mark = soup.new_tag("span", attrs={"class": "simule"})
        mark.string = f" {_(SIMULATED)}"
        (caption.find("span") or caption).append(mark)
