"""Compute runs in parallel, keep each as it comes, stop at an hour: the loop of long benchmarks."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from rich.progress import Progress


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
) -> None:
    """Append the rows of ``compute(*key)`` for each key to do; start nothing after ``until``."""
    queue, pending = iter(todo), set[Future]()
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    with Progress() as progress, pool:
        task = progress.add_task("programmes simulés", total=len(todo))
        while True:
            while len(pending) < 2 * workers and not (until and datetime.now() >= until):
                key = next(queue, None)
                if key is None:
                    break
                pending.add(pool.submit(compute, *key))
            if not pending:
                return
            ready, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in ready:
                rows = pd.DataFrame(future.result(), columns=list(columns))
                rows.to_csv(store, mode="a", header=not store.exists(), index=False)
                progress.advance(task)
