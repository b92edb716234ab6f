"""What a report showed, kept as `publication.json`, so that the others hide with it in mind.

With it, the optional columns of sources that are one file for all years: the next report says
which are gone.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.disclosure import Parts, Publication, PublicShare, Rate
from fpi_eval.errors import FpiError
from fpi_eval.panel.loading import Donnees
from fpi_eval.report.edition import PUBLICATION, kept_earlier, kept_later
from fpi_eval.text import liste
from fpi_eval.traced import note

VERSION = 2
UNREADABLE = (
    "ce fichier dit ce qu'un autre rapport a publié, et il est illisible. "
    "Refaites ce rapport-là : sans lui, une différence entre rapports rendrait peut-être "
    "des effectifs masqués."
)


def elsewhere(donnees: Donnees) -> dict[str, tuple[Publication, ...]]:
    """Return what all other reports published, by table, the oldest first.

    Later ones too: a year that is made after them would give back what they hide.
    """
    return _by_table(_kept(donnees, kept_earlier) | _kept(donnees, kept_later))


def in_turn(donnees: Donnees) -> list[dict[str, tuple[Publication, ...]]]:
    """Return what to hide with, by table: `elsewhere`, or else only what earlier reports published.

    Later reports made before a revision contradict its files, and are to be made again after it.
    """
    if not _kept(donnees, kept_later):
        return [elsewhere(donnees)]
    return [elsewhere(donnees), _by_table(_kept(donnees, kept_earlier))]


def before(donnees: Donnees) -> list[Path]:
    """Return the files that earlier reports kept, the oldest first."""
    return list(_kept(donnees, kept_earlier).values())


def _by_table(kept: Mapping[str, Path]) -> dict[str, tuple[Publication, ...]]:
    found: dict[str, tuple[Publication, ...]] = {}
    for path in kept.values():
        for one in read(path):
            found[one.name] = (*found.get(one.name, ()), one)
    return found


def _kept(donnees: Donnees, of: Callable[..., dict[str, Path]]) -> dict[str, Path]:
    """Return the files of other reports; a notebook that reads them is made with them."""
    kept = of(donnees.programme, donnees.rentree, PUBLICATION, simulated=donnees.simulees)
    note(kept)
    return kept


def lost_columns(donnees: Donnees) -> list[tuple[str, str]]:
    """Return source and columns, in French, that the last report read and files no longer have."""
    now, found = donnees.colonnes, []
    for path in before(donnees)[-1:]:
        for name, had in _content(path).get("colonnes", {}).items():
            gone = [f"« {one} »" for one in had if one not in now.get(name, had)]
            if gone:
                found.append((name, f"{liste(gone)}, là au rapport de {path.parent.name}"))
    return found


def write(
    publications: Sequence[Publication], columns: Mapping[str, Sequence[str]] | None = None
) -> bytes:
    """Return the publications as JSON: what is hidden is null, and is in no other place."""
    content = {"version": VERSION, "publications": [_plain(p) for p in publications]}
    content |= {"colonnes": {name: list(held) for name, held in (columns or {}).items()}}
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def read(path: Path) -> list[Publication]:
    """Return the publications of a file that `write` made.

    Raises `FpiError`: the file is not one, with what to do.
    """
    content = _content(path)
    try:
        return [_publication(p) for p in content["publications"]]
    except (ValueError, KeyError, TypeError) as error:
        raise FpiError(UNREADABLE, fichier=str(path)) from error


def _content(path: Path) -> dict:
    try:
        return dict(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise FpiError(UNREADABLE, fichier=str(path)) from error


def _plain(p: Publication) -> dict:
    return {
        "name": p.name,
        "dims": list(p.dims),
        "counts": list(p.counts),
        "rates": [asdict(rate) for rate in p.rates],
        "parts": [asdict(part) for part in p.parts],
        "links": [asdict(link) for link in p.links],
        "space": list(p.space),
        "frame": _columns(p.frame),
        "hidden": _columns(p.hidden.astype(bool)),
        "structure": _columns(p.structure),
    }


def _columns(frame: pd.DataFrame) -> dict[str, list]:
    return {name: [_value(value) for value in frame[name]] for name in frame}


def _value(value: object) -> object:
    if isinstance(value, tuple):
        return {"cumul": [_value(item) for item in value]}
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _publication(p: dict) -> Publication:
    dims, counts = tuple(p["dims"]), tuple(p["counts"])
    rates = tuple(Rate(**rate) for rate in p["rates"])
    parts = tuple(Parts(**{**part, "parts": tuple(part["parts"])}) for part in p["parts"])
    frame = pd.DataFrame(
        {
            name: pd.Series(
                [tuple(v["cumul"]) if isinstance(v, dict) else v for v in values],
                dtype=object if name in dims else float,
            )
            for name, values in p["frame"].items()
        }
    )
    structure, hidden = (pd.DataFrame(p[name]) for name in ("structure", "hidden"))
    if lost := {*dims, *counts} - {*frame, *structure}:
        raise KeyError(min(lost))
    links = tuple(PublicShare(**link) for link in p.get("links", ()))
    space = tuple(p.get("space", ()))
    return Publication(
        p["name"], frame, dims, counts, structure, hidden, rates, parts, links, space
    )


def within(p: Publication, year: str, years: Collection[object]) -> Publication:
    """Return the cells of these years (all years summed, for a cell that sums several)."""
    kept = p.frame[year].map(
        lambda value: set(value if isinstance(value, tuple) else [value]) <= set(years)
    )
    rows = p.structure[year].isin(list(years))
    return replace(
        p,
        frame=p.frame[kept].reset_index(drop=True),
        hidden=p.hidden[kept].reset_index(drop=True),
        structure=p.structure[rows].reset_index(drop=True),
    )


def gone(p: Publication, year: str, years: Collection[object], last: int) -> set[int]:
    """Return the years up to `last` that a report sums with some of `years` and that are not there.

    Less the others, such a sum tells what `years` do not hold.
    """
    sums = (set(value) for value in p.frame[year] if isinstance(value, tuple))
    return {one for span in sums if span & set(years) for one in span - set(years) if one <= last}


def united(publications: Iterable[Publication]) -> tuple[Publication, ...]:
    """Return one publication per kind of table: a cell once, with all that some report shows."""
    kinds: dict[tuple, list[Publication]] = {}
    for p in publications:
        kinds.setdefault((p.name, p.dims, p.counts, p.rates, p.parts), []).append(p)
    return tuple(_united(same) for same in kinds.values())


def _united(same: Sequence[Publication]) -> Publication:
    """Return the cells of reports of one kind, twice where two of them tell otherwise."""
    frame, hidden = (
        pd.concat([getattr(p, name) for p in same], ignore_index=True)
        for name in ("frame", "hidden")
    )
    dims, counts = list(same[0].dims), list(same[0].counts)
    cells = frame.groupby(dims, sort=False)
    low, high = cells[counts].min(), cells[counts].max()
    masked = frame[dims].join(hidden[counts]).groupby(dims, sort=False).any()
    shown = pd.concat([low, high[(low < high).any(axis=1)]])
    flags = masked.loc[shown.index] & shown.isna()
    return replace(same[-1], frame=shown.reset_index(), hidden=flags.reset_index(drop=True))
