"""Tables as readers see them: French numbers, a caption, marks explained, the same bytes always."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd
from bs4 import BeautifulSoup, Tag
from great_tables import GT

from fpi_eval import escapes, text
from fpi_eval.disclosure import MARK, Shown, public
from fpi_eval.errors import FpiError
from fpi_eval.language import _

MARKS = {
    MARK: "s : masqué (secret statistique)",
    text.MISSING: f"{text.MISSING} : non disponible",
}
TOTALS = {"Ensemble", "Total"}
RESOURCE = "application/vnd.dataresource+json"
FORMATS: dict[str, Callable[..., str]] = {
    "nombre": text.nombre,
    "pourcent": text.pourcent,
    "points": text.points,
    "signe": text.signe,
    "euros": text.euros,
    "annee": lambda year: str(int(year)),
    "annee_scolaire": lambda year: text.annee_scolaire(int(year)),
}
YEARS = {"rentree", "annee", "session", "millesime"}
Format = str | tuple[str, int] | Callable[[float], str]


@dataclass(frozen=True, eq=False)
class Table:
    """A table to display: HTML for pages, plain text for consoles, LaTeX for papers.

    Examples
    --------
    >>> rows = pd.DataFrame({"filiere": ["Numérique"], "places": [640]})
    >>> table(rows, "Places ouvertes", labels={"filiere": "Filière", "places": "Places"})
    Places ouvertes
      Filière  Places
    Numérique    640

    Counts of people come from `disclosure` or are refused:

    >>> table(pd.DataFrame({"diplomes": [3]}), "Diplômés")
    Traceback (most recent call last):
    ...
    fpi_eval.errors.FpiError: colonne « diplomes » : cette colonne compte des personnes...
    """

    frame: pd.DataFrame
    titre: str
    formats: Mapping[str, Format] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    note: str = ""

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The table as text: every number in French format, columns under their labels."""
        columns = {}
        for name in self.frame:
            write = self._format(name)
            columns[self.labels.get(name, str(name))] = [_show(v, write) for v in self.frame[name]]
        return pd.DataFrame(columns, dtype=str)

    @property
    def notes(self) -> list[str]:
        """Source, note, and what the marks in the table mean."""
        cells = set(self.shown.to_numpy().ravel())
        marks = [words for mark, words in MARKS.items() if mark in cells]
        source = _("Source : {source}").format(source=self.source) if self.source else ""
        return [line for line in (self.note, *marks, source) if line]

    def to_html(self) -> str:
        """Return an HTML table with caption, scopes, rows in groups, and numbers to the right."""
        group = self._group()
        soup = BeautifulSoup(self._gt(group).as_raw_html(), "html.parser")
        table = soup.select("table")[0]
        table.attrs = {"class": "gt_table"}
        if group:
            table["data-groupe"] = group
        caption = soup.new_tag("caption")
        caption.string = self.titre
        table.insert(0, caption)
        for cell in table.find_all(["th", "td"]):
            for attribute in ("id", "headers", "style", "rowspan"):
                del cell[attribute]
            if cell.get("colspan") == "1":
                del cell["colspan"]
        for row in table.select("tbody tr:not(.gt_group_heading_row)"):
            words = row.select("th, td.gt_left")
            if words and all(cell.get_text(strip=True) in TOTALS for cell in words):
                row["class"] = "total"
        _part(soup, table)
        return str(table)

    def to_latex(self) -> str:
        """Return a LaTeX table (booktabs), titled, with its notes."""
        return self._gt().tab_header(title=self.titre).as_latex()

    def _gt(self, group: str | None = None) -> GT:
        """Return the great_tables object: first column as row headers when it holds words."""
        shown = self.shown
        words = [n for i, n in enumerate(shown.columns) if not self._is_number(i) and n != group]
        stub = words[0] if words and words[0] == next(n for n in shown if n != group) else None
        made = GT(shown, rowname_col=stub, groupname_col=group, id="tableau").cols_align("right")
        if words:
            made = made.cols_align("left", columns=words)
        if stub:
            made = made.tab_stubhead(label=str(stub))
        for line in self.notes:
            made = made.tab_source_note(line)
        return made

    def _group(self) -> str | None:
        """Return the first column if its words, repeated line after line, can head groups of lines.

        Another column of words then names the lines.
        """
        shown = self.shown
        if len(shown.columns) < 2 or self._is_number(0) or self._is_number(1):
            return None
        first = shown.iloc[:, 0]
        runs = int((first != first.shift()).sum())
        return str(first.name) if runs == first.nunique() and 2 * runs <= len(first) else None

    def _format(self, name: str) -> Callable[[float], str]:
        """Return the function that writes the numbers of a column."""
        wanted = self.formats.get(name) or _default(self.frame[name])
        if callable(wanted):
            return wanted
        kind, *digits = (wanted,) if isinstance(wanted, str) else wanted
        return lambda value: FORMATS[kind](value, *digits)

    def _is_number(self, position: int) -> bool:
        """Return whether a column holds numbers, or says how its numbers are written."""
        column = self.frame.iloc[:, position]
        return column.name in self.formats or (
            pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        """Return what notebooks keep: HTML, plain text, and the table's own values."""
        return {
            "text/html": self.to_html(),
            "text/plain": repr(self),
            RESOURCE: self.resource(self.titre),
        }

    def resource(self, titre: str) -> dict[str, object]:
        """Return the table as a tabular data resource: what is shown, which columns are numbers.

        The workbook and the CSV files of the pages are made from it, so that they hold the
        numbers as they were rounded on the page, and nothing finer.
        """
        shown = self.shown
        kinds = ["number" if self._is_number(i) else "string" for i in range(len(shown.columns))]
        fields = [{"name": n, "type": k} for n, k in zip(shown.columns, kinds, strict=True)]
        return {
            "name": slug(titre),
            "title": titre,
            "description": " ".join(self.notes),
            "schema": {"fields": fields, "missingValues": [text.MISSING, MARK]},
            "data": shown.to_dict("records"),
        }

    def __repr__(self) -> str:
        """Return the table in plain text."""
        lines = [self.titre, self.shown.to_string(index=False), *self.notes]
        return "\n".join(lines)


def table(
    frame: pd.DataFrame | Shown,
    titre: str,
    *,
    formats: Mapping[str, Format] | None = None,
    labels: Mapping[str, str] | None = None,
    source: str = "",
    note: str = "",
) -> Table:
    """Return a table to display.

    Parameters
    ----------
    frame : DataFrame or Shown
        What `disclosure` made where people are counted. One row per line shown; the first column
        (or the index, if it has a name), when it holds words, names the rows. Cells may be
        numbers, words, dates, missing, or the mark ``s`` of a hidden count.
    titre : str
        What the table shows; becomes its caption.
    formats : mapping, optional
        Column to ``"nombre"``, ``"pourcent"``, ``"points"``, ``"signe"``, ``"euros"``,
        ``"annee"``, ``"annee_scolaire"``, a pair with a number of digits (``("pourcent", 0)``),
        or a function of the value. By default whole numbers have no digit, others one, and
        columns named ``rentree``, ``annee``, ``session`` or ``millesime`` are years.
    labels : mapping, optional
        Columns shown, in this order, and the words at their heads; all of them by default.
    source, note : str, optional
        Written under the table.

    Raises
    ------
    FpiError
        A format or label of an absent column, two columns under one label, an unknown format, or
        counts of people that nothing protected.
    """
    protected = isinstance(frame, Shown)
    rows = frame.marked if isinstance(frame, Shown) else frame
    if any(name is not None for name in rows.index.names):
        rows = rows.reset_index()
    for name in (*(formats or {}), *(labels or {})):
        if name not in rows:
            raise FpiError(
                f"pas de colonne « {name} » (trouvé : {text.liste(rows.columns)}).",
                fichier=f"tableau « {titre} »",
            )
    rows = rows[[*labels]] if labels else rows
    heads = pd.Series([(labels or {}).get(name, str(name)) for name in rows], dtype=str)
    if heads.duplicated().any():
        raise FpiError(
            f"deux colonnes ont le même titre « {heads[heads.duplicated()].iloc[0]} ».",
            fichier=f"tableau « {titre} »",
        )
    rows = rows if protected else public(rows).marked
    for name, wanted in (formats or {}).items():
        kind = wanted if isinstance(wanted, str) or callable(wanted) else wanted[0]
        if not callable(kind) and kind not in FORMATS:
            raise FpiError(
                f"format « {kind} » inconnu. Formats possibles : {text.liste(FORMATS)}.",
                fichier=f"tableau « {titre} »",
                colonne=name,
            )
    return Table(rows, titre, dict(formats or {}), dict(labels or {}), source, note)


def slug(words: str) -> str:
    """Return words as an ASCII file name."""
    name = text.plain(words).replace(" ", "-")
    return name if len(name) <= 60 else name[:61].rpartition("-")[0] or name[:60]


def _part(soup: BeautifulSoup, table: Tag) -> None:
    """Give each group of lines a body of its own, which the words at its head name."""
    for head in table.select(".gt_group_heading"):
        head["scope"] = "rowgroup"
    for row in reversed(table.select(".gt_group_heading_row")[1:]):
        body = table.select("tbody")[0]
        part = soup.new_tag("tbody")
        part.attrs = dict(body.attrs)
        body.insert_after(part)
        part.extend([row, *row.next_siblings])


def _show(value: Any, write: Callable[[float], str]) -> str:
    """Return a cell as text; words and marks stand as they are."""
    if pd.api.types.is_bool(value):
        return "oui" if value else "non"
    if isinstance(value, str):
        return escapes.plain(value)
    if pd.isna(value):
        return text.MISSING
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return write(value) if pd.api.types.is_number(value) else str(value)


def _default(column: pd.Series) -> Format:
    """Return the format of a column given none: one digit if a number needs it, none for years."""
    if column.name in YEARS:
        return "annee"
    numbers = pd.to_numeric(column, errors="coerce").dropna()
    return ("nombre", 0 if (numbers % 1 == 0).all() else 1)


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table that a page showed: name for files, title, heads, rows, what stands under it.

    Cells are the numbers as they were rounded on the page, or words. The bounds of a range have
    columns of their own, beside that of the number that they go with.
    """

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[text.Written | str, ...], ...]
    notes: str

    @classmethod
    def of(cls, resource: Mapping) -> "ShownTable":
        """Return the table that a data resource of an executed notebook holds."""
        fields = resource["schema"]["fields"]
        rows = tuple(
            tuple(_typed(row[field["name"]], field["type"] == "number") for field in fields)
            for row in resource["data"]
        )
        heads = [field["name"] for field in fields]
        columns = list(_apart(heads, rows))
        named = tuple(head for head, _cells in columns)
        rows = tuple(zip(*(cells for _head, cells in columns), strict=True))
        return cls(resource["name"], resource["title"], named, rows, resource["description"])


def _apart(
    heads: Sequence[str], rows: Sequence[tuple[text.Written | str, ...]]
) -> Iterator[tuple[str, list[text.Written | str]]]:
    """Yield heads and columns, ranges in columns of bounds; the first column names the rows."""
    for position, head in enumerate(heads):
        column = [row[position] for row in rows]
        found = [text.written_range(c) if isinstance(c, str) else None for c in column]
        if not position or not any(found):
            yield head, column
            continue
        own = [
            _alone(c) if r is None else r.value or "" for c, r in zip(column, found, strict=True)
        ]
        if any(own):
            yield head, own
        yield f"{head}, borne basse", [r.low if r else "" for r in found]
        yield f"{head}, borne haute", [r.high if r else "" for r in found]


def _alone(cell: text.Written | str) -> text.Written | str:
    """Return a cell that stands among ranges: bare digits are a number that has none."""
    return _typed(cell, number=True) if isinstance(cell, str) else cell


def _typed(words: str, number: bool) -> text.Written | str:
    """Return a cell as a number; bare digits in a column of words are a code."""
    found = text.written(words)
    return words if found is None or (found.is_code and not number) else found
