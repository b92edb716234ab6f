"""Choose the rows of a long table by filière or département: buttons and style, no script."""

from bs4 import BeautifulSoup, Tag

from fpi_eval import escapes
from fpi_eval.language import _
from fpi_eval.tables import TOTALS

COLUMNS = 2
LONG, MOST = 8, 30  # rows from which one chooses; values from which one no longer does
RULE = (
    '.filtrable:has(.choix{0} [value="{1}"]:checked) tr[data-choix{0}]:not([data-choix{0}~="{1}"])'
    "{{display:none}}"
)


def add(soup: BeautifulSoup, main: Tag) -> None:
    """Put before each long table the buttons of its columns, and their rules in the page's style.

    Where a browser knows no ``:has()``, and on paper, every row is shown and no button.
    """
    most = 0
    for number, frame in enumerate(main.select(".defile")):
        table = frame.select("table")[0]
        for which, column in enumerate((_("Filière"), _("Département"))):
            rows = _said(table, column)
            names = list(dict.fromkeys(said for _, _, said in rows if said not in TOTALS))
            if len(rows) >= LONG and 1 < len(names) < min(len(rows), MOST):
                _mark(rows, names, which)
                _choose(frame, column, names, which, number)
                most = max(most, len(names))
    if most:
        rules = (RULE.format(w, k) for w in range(COLUMNS) for k in range(1, most + 1))
        soup.select("style")[0].append(f"@media screen {{{''.join(rules)}}}")


def _said(table: Tag, column: str) -> list[tuple[Tag, Tag | None, str]]:
    """Return each row, the heading of its group, and what the column says; none without it."""
    heads = [cell.get_text(" ", strip=True) for cell in table.select("thead th")]
    grouped = table.get("data-groupe") == column
    if not grouped and column not in heads:
        return []
    found, group = [], None
    for row in table.select("tbody tr"):
        if row.select_one(".gt_group_heading"):
            group = row
            continue
        cells = row.find_all(["th", "td"])
        said = (
            group if grouped and group else cells[heads.index(column)] if column in heads else row
        )
        found.append((row, group, said.get_text(" ", strip=True)))
    return found


def _mark(rows: list[tuple[Tag, Tag | None, str]], names: list[str], which: int) -> None:
    """Write on each row, and on the heading of its group, the numbers of the values it holds."""
    key = f"data-choix{which}"
    for row, group, said in rows:
        number = str(names.index(said) + 1) if said in names else ""
        row[key] = number
        if group is not None:
            group[key] = f"{group.get(key, '')} {number}".strip()


def _choose(frame: Tag, column: str, names: list[str], which: int, number: int) -> None:
    """Put the buttons before the table, the first of which shows every row."""
    if not frame.find_parent("div", class_="filtrable"):
        frame.wrap(BeautifulSoup("", "html.parser").new_tag("div", attrs={"class": "filtrable"}))
    buttons = "".join(
        f'<label><input type="radio" name="choix-{number}-{which}" value="{k}"'
        f"{'' if k else ' checked'}> {escapes.html(name)}</label>"
        for k, name in enumerate([_("Tout"), *names])
    )
    legend = f"<legend>{escapes.html(column)}</legend>"
    made = f'<fieldset class="choix choix{which}">{legend}{buttons}</fieldset>'
    frame.insert_before(BeautifulSoup(made, "html.parser"))
