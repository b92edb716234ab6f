"""Compute runs in parallel, keep each as it comes, stop at an hour: the loop of long benchmarks."""

from collections.abc import Callable, Sequence
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
