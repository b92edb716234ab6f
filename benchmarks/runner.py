"""The loops of long benchmarks: rows kept as they come, a run resumed, stopped at an hour."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
from rich.progress import Progress

from fpi_eval.cluster import spread
from fpi_eval.errors import FpiError


def today_at(hour: str | None) -> datetime | None:
    """Return the moment of an hour written HH:MM, None without one."""
    if not hour:
        return None
    hours, minutes = map(int, hour.split(":"))
    return datetime.now().replace(hour=hours, minute=minutes, second=0)


def read_store(store: Path) -> pd.DataFrame:
    """Return the rows already computed; ``null`` is a world, not a missing value."""
    return pd.read_csv(store, keep_default_na=False, na_values=[""])


def finished(store: Path, keys: Sequence[str]) -> set[tuple]:
    """Return the keys of the rows already computed."""
    rows = read_store(store) if store.exists() else pd.DataFrame(columns=[*keys])
    return set(rows[[*keys]].itertuples(index=False, name=None))


def rows_of(store: Path, published: Path, keys: Sequence[str], **facts: object) -> pd.DataFrame:
    """Return the published rows, those of a run (its keys) that was made again here in its stead.

    A store that holds few runs takes none of the others away.
    """
    rows = pd.read_parquet(published) if published.exists() else None
    if not store.exists() and rows is not None:
        return rows
    made = read_store(store).assign(**facts)
    if rows is None:
        return made
    known, new = (pd.MultiIndex.from_frame(table[[*keys]]) for table in (rows, made))
    return pd.concat([rows[~known.isin(new)], made], ignore_index=True)


def by_seed(
    store: Path,
    code: str,
    seeds: Iterable[int],
    one: Callable[[int], list[dict]],
    until: datetime | None = None,
) -> pd.DataFrame:
    """Return the rows that a code makes of some seeds, each kept as it ends: a run resumes."""
    rows = pd.read_parquet(store) if store.exists() else pd.DataFrame({"code": [], "seed": []})
    rows = rows[rows["code"] == code]
    for seed in sorted({*seeds} - {*rows["seed"]}):
        if until and datetime.now() >= until:
            break
        made = pd.DataFrame(one(seed)).assign(code=code)
        rows = pd.concat([rows, made], ignore_index=True) if len(rows) else made
        rows.to_parquet(store, index=False)
    return rows


def run(
    store: Path,
    todo: Sequence[tuple],
    compute: Callable[..., list],
    columns: Sequence[str],
    workers: int,
    *,
    until: datetime | None = None,
    cluster: str = "",
) -> None:
    """Append the rows of ``compute(*key)`` for each key to do; start nothing after ``until``.

    ``cluster`` is the address of a dask scheduler whose workers import these files; by default,
    ``workers`` processes of this machine.
    """
    keys = (key for key in todo if not (until and datetime.now() >= until))
    with Progress() as progress:
        task = progress.add_task("programmes simulés", total=len(todo))
        for _, found in spread(compute, keys, workers=workers, address=cluster):
            if isinstance(found, FpiError):
                raise found
            rows = pd.DataFrame(found, columns=list(columns))
            rows.to_csv(store, mode="a", header=not store.exists(), index=False)
            progress.advance(task)
