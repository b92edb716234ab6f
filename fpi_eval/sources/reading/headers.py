"""Match a file's header with the declared columns; a new vintage's drift is absorbed or refused."""

import difflib
import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import lru_cache

from fpi_eval.errors import FpiError
from fpi_eval.programme import Programme
from fpi_eval.sources.reading import ColumnSchema, Layout, TableSchema
from fpi_eval.text import liste

NEAR = 0.72


@dataclass(frozen=True, slots=True)
class Renaming:
    """Headers declared in `programme.toml` for one source, and where to declare more, if any."""

    columns: dict[str, str] = field(default_factory=dict)
    where: str = ""

    @classmethod
    def of(cls, programme: Programme, source: str) -> "Renaming":
        """Return the renaming that the programme declares for the source, none without it."""
        declared = programme.sources.get(source)
        return cls(dict(declared.colonnes), programme.where_to_alias(source)) if declared else cls()


def match_header(
    header: list[str], schema: TableSchema, renaming: Renaming, fichier: str
) -> tuple[dict[str, int], tuple[str, ...], tuple[str, ...]]:
    """Return the position of each of our columns, the unknown headers and the absent columns."""
    if places := _by_position(header, schema.layouts):
        return places, (), tuple(c.name for c in schema.columns if c.name not in places)
    spelled = [spelling(name) for name in header]
    places, used = {}, set()
    for column in schema.columns:
        found = _positions(spelled, column, renaming.columns.get(column.name))
        if len(found) > 1 and column.repeated == "last":
            found = found[-1:]
        if len(found) > 1:
            raise FpiError(
                f"la colonne est écrite {len(found)} fois dans l'en-tête (positions "
                f"{liste(i + 1 for i in found)}). Attendu : une seule fois.",
                fichier=fichier,
                ligne=1,
                colonne=header[found[0]],
            )
        if found:
            places[column.name] = found[0]
            used.add(found[0])
    unknown = [name for i, name in enumerate(header) if i not in used]
    _refuse_lost(schema, places, unknown, renaming, fichier)
    absent = tuple(c.name for c in schema.columns if c.name not in places)
    return places, tuple(unknown), absent


def as_written(schema: TableSchema, header: list[str], places: dict[str, int]) -> TableSchema:
    """Return the schema with the headers that the file has, so that errors name those."""
    return replace(
        schema,
        columns=tuple(
            replace(column, header=header[places[column.name]] or column.header)
            if column.name in places
            else column
            for column in schema.columns
        ),
    )


def _positions(spelled: list[str], column: ColumnSchema, declared: str | None) -> list[int]:
    """Return where the column stands: under the declared name (not every year has it), or ours."""
    known = (column.header, *column.aliases), (column.name, *column.fallbacks)
    for names in ((declared,) if declared else (), *known):
        wanted = {spelling(name) for name in names}
        if found := [i for i, name in enumerate(spelled) if name in wanted]:
            return found
    return []


def _by_position(header: list[str], layouts: tuple[Layout, ...]) -> dict[str, int] | None:
    spelled = [spelling(name) for name in header]
    for layout in layouts:
        if spelled == [spelling(name) for name in layout.headers]:
            return {name: i for i, name in enumerate(layout.names) if name}
    return None


def _refuse_lost(
    schema: TableSchema, places: dict, unknown: list[str], renaming: Renaming, fichier: str
) -> None:
    """Raise for the columns that are absent, or optional but seemingly renamed: all at once."""
    lost = [
        (column, near)
        for column in schema.columns
        if column.name not in places and ((near := _nearest(column, unknown)) or column.required)
    ]
    if not lost:
        return
    first = renaming.columns.get(lost[0][0].name, lost[0][0].header)
    if len(lost) == 1:
        message = f"colonne absente.{_hint(*lost[0], unknown, renaming)}"
        raise FpiError(message, fichier=fichier, ligne=1, colonne=first)
    each = [
        f"« {renaming.columns.get(column.name, column.header)} » :"
        f"{_hint(column, near, unknown, renaming)}"
        for column, near in lost
    ]
    raise FpiError(
        "\n  ".join([f"{len(lost)} colonnes absentes.", *each]), fichier=fichier, ligne=1
    )


def _hint(column: ColumnSchema, near: str | None, unknown: list[str], renaming: Renaming) -> str:
    """Return the other names of a lost column, the nearest one found, and where to declare it."""
    others = [f"« {name} »" for name in (*column.aliases, *column.fallbacks)]
    known = f" Autres noms connus : {liste(others)}." if others else ""
    remedy = (
        f'déclarez « {column.name} = "{near or "son nom dans le fichier"}" » dans {renaming.where}'
        if renaming.where
        else f"rendez-lui le nom « {column.header} »"
    )
    if near:
        return f"{known} La plus proche est « {near} » : si c'est elle, {remedy}."
    if not unknown:
        return f"{known} Les autres colonnes sont toutes reconnues : ajoutez celle-ci au fichier."
    found = liste(f"« {name} »" for name in unknown[:8])
    return f"{known} Trouvé : {found}. Si elle a changé de nom, {remedy}."


def _nearest(column: ColumnSchema, unknown: list[str]) -> str | None:
    scores = [
        (difflib.SequenceMatcher(None, spelling(known), spelling(name)).ratio(), name)
        for known in (column.header, *column.aliases, *column.fallbacks)
        for name in unknown
        if name
    ]
    score, name = max(scores, default=(0.0, None))
    return name if score >= NEAR else None


@lru_cache(maxsize=10_000)
def spelling(name: str) -> str:
    """Return a header without what vintages change freely: case, accents, blanks, punctuation."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("œ", "oe"))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^0-9a-z%]+", " ", letters).split())
