"""What a published table is made of: its frame, and what each column means."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from fpi_eval import escapes
from fpi_eval.disclosure import MARK, Shown
from fpi_eval.errors import FpiError
from fpi_eval.several_regions import territory
from fpi_eval.several_regions import worded as said
from fpi_eval.text import MISSING

UNITS = ("texte", "annee", "effectif", "taux", "points", "euros", "decimal", "nombre")
DECIMALS = {"taux": 1, "points": 1, "decimal": 2}  # digits after the comma, of a share in percent


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in files, its French header, its unit and its definition.

    ``digits`` after the comma where they are not its unit's, and ``signed`` where a gap shows its
    sign: pages and workbook write it alike.
    """

    name: str
    label: str
    unit: str = "texte"
    definition: str = ""
    source: str = ""
    digits: int | None = None
    signed: bool = False

    @property
    def decimals(self) -> int:
        """Digits after the comma with which its numbers are written."""
        return DECIMALS.get(self.unit, 0) if self.digits is None else self.digits

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise FpiError(
                f"unité « {self.unit} » inconnue (attendu : {', '.join(UNITS)}).",
                colonne=self.name,
            )


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table ready to publish.

    Parameters
    ----------
    name : str
        Short name: sheet name and file name.
    title : str
        French sentence that says what the table shows.
    rows : Shown
        Tidy rows that `disclosure` made; only the declared columns are published. Rates between 0
        and 1. Hidden values read ``s``, other missing ones ``n. d.``.
    """

    name: str
    title: str
    rows: Shown
    columns: tuple[Column, ...]
    source: str
    date: date
    note: str = ""

    def __post_init__(self) -> None:
        lost = [column.name for column in self.columns if column.name not in self.frame]
        if lost:
            raise FpiError(f"tableau « {self.name} » : colonne absente.", colonne=lost[0])

    @property
    def frame(self) -> pd.DataFrame:
        """Rows, without their hidden values."""
        return self.rows.frame

    @property
    def hidden(self) -> pd.DataFrame:
        """Where values are hidden."""
        return self.rows.hidden

    def secret_columns(self) -> list[str]:
        """Return the names of the columns in which something may be hidden."""
        return [column.name for column in self.columns if column.name in self.hidden]

    def text(self, column: Column) -> list[object]:
        """Return the column as cells: numbers, or text where text, hidden or not collected."""
        values = [plain(value) for value in self.frame[column.name]]
        masks = self.hidden[column.name] if column.name in self.secret_columns() else ()
        masks = list(masks) or [False] * len(values)
        return [
            MARK if mask else MISSING if value is None else value
            for value, mask in zip(values, masks, strict=True)
        ]


def in_regions(sheet: Sheet) -> Sheet:
    """Return a table whose words are those of the programme's territory."""
    if territory().regions == 1:
        return sheet
    frame = sheet.frame.copy()
    for name in frame.select_dtypes(["object", "str"]):
        cells = [said(cell) if isinstance(cell, str) else cell for cell in frame[name]]
        frame[name] = pd.Series(cells, frame.index, dtype=frame[name].dtype)
    columns = (
        replace(c, label=said(c.label), definition=said(c.definition)) for c in sheet.columns
    )
    return replace(
        sheet,
        title=said(sheet.title),
        rows=sheet.rows.derived(frame, sheet.hidden),
        columns=tuple(columns),
        note=said(sheet.note),
    )


def plain(value: object) -> object:
    """Return a cell as None, a number or text; a window of years reads ``cumul 2021-2022``."""
    if isinstance(value, tuple):
        return "cumul " + "-".join(str(item) for item in value)
    if pd.isna(value):
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, (int, float)):
        return value
    return escapes.plain(str(value))


def dictionary(tables: Sequence[Sheet]) -> pd.DataFrame:
    """Return the data dictionary: one row per table and column."""
    rows = [
        (t.name, c.name, c.label, c.unit, c.definition, c.source or t.source)
        for t in tables
        for c in t.columns
    ]
    return pd.DataFrame(
        rows, columns=["tableau", "colonne", "libelle", "unite", "definition", "source"]
    )
