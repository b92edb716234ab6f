"""Many computations at once on dask: processes of this machine, or a cluster that is running."""

import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from logging import ERROR
from pathlib import Path
from typing import Any, TypeVar

from fpi_eval.errors import FpiError, fault

T = TypeVar("T")
K = TypeVar("K", bound=tuple)
WAITING = 2  # tasks sent ahead for each worker: the list may be endless
SHARE = "FPI_EVAL_COEURS"  # of the cores, those that one report may use
MEMORY = 2_000_000_000  # bytes that a notebook and its process may take
LIMITS = tuple(  # on the memory of a container
    Path("/sys/fs/cgroup", name) for name in ("memory.max", "memory/memory.limit_in_bytes")
)
PATIENCE = 20  # seconds to answer, for another's cluster
#: A report starts processes of its own, which a daemon may not. The others: dask looks at itself up
#: to a hundred times a second, and gives memory back at each 64 KB freed, which kernels inherit.
QUIET = {
    "distributed.worker.daemon": False,
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.monitor-interval": "2s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.tick.interval": "1s",
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
}


def cores() -> int:
    """Return the cores this process may use: its share, where many reports are made at once."""
    free = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    asked = os.environ.get(SHARE) or str(free or 1)
    if not asked.isdecimal() or not int(asked):
        raise FpiError(f"{SHARE} vaut « {asked} ». Écrivez un nombre de cœurs, 1 au moins.")
    return min(free or 1, int(asked))


def processes() -> int:
    """Return how many notebooks run at once: one a core, as long as memory holds them."""
    here = cores()
    try:
        held = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # a system that does not say
        return here
    for limit in LIMITS:
        with suppress(OSError, ValueError):  # not of this system, or « max »
            held = min(held, int(limit.read_text()))
    return max(1, min(here, held // MEMORY))


def spread(
    make: Callable[..., T],
    tasks: Iterable[K],
    *,
    address: str = "",
    workers: int = 0,
    in_order: Callable[[K], Hashable] | None = None,
) -> Iterator[tuple[K, T | FpiError]]:
    """Yield each task with what ``make(*task)`` returns, or its refusal, as they end.

    A task whose worker dies is sent to another; what else stops one in another process (a worker
    without the library) is a refusal too. Results are those of ``make`` called here, whatever the
    number of workers: nothing else is shared between tasks.

    Parameters
    ----------
    make : callable
        A function of a module, which workers import too.
    tasks : iterable of tuple
        Read as workers get free.
    address : str, optional
        ``tcp://host:port`` of a dask scheduler whose workers see the same files; by default, a
        cluster of this machine that lasts as long as the iteration.
    workers : int
        Processes of this machine; by default one for each core, as long as memory holds them. One
        alone is this process.
    in_order : callable, optional
        What a task belongs to: the tasks of one are made one after the other, as they were given.
        By default, every task stands alone.

    Raises
    ------
    FpiError
        dask is not installed, or the cluster does not answer.
    """
    if workers == 1 and not address:
        yield from ((task, _here(make, task)) for task in tasks)
        return
    with _client(address, workers) as client:
        from distributed import as_completed

        todo, running = _Queue(tasks, in_order), as_completed()
        asked: dict[str, Any] = {}

        def send() -> None:
            while len(asked) < WAITING * max(1, len(client.ncores())):
                task = todo.pop()
                if task is None:
                    return
                future = client.submit(_there, make, task, pure=False)  # raised, dask prints it
                asked[future.key] = task
                running.add(future)

        send()
        for future in running:
            task, found = asked.pop(future.key), _found(future)
            future.release()  # else made again if the worker that made it dies later
            todo.ended(task)
            send()
            yield task, found


class _Queue:
    """Tasks in their order, one at a time for each thing they belong to."""

    def __init__(self, tasks: Iterable[Any], belongs: Callable[[Any], Hashable] | None) -> None:
        self.tasks, self.belongs = iter(tasks), belongs
        self.busy: set[Hashable] = set()
        self.aside: list[Any] = []

    def pop(self) -> Any:
        """Return the first task that may start, None while there is none."""
        if not self.belongs:
            return next(self.tasks, None)
        for number, task in enumerate(self.aside):
            if self.belongs(task) not in self.busy:
                self.busy.add(self.belongs(task))
                return self.aside.pop(number)
        for task in self.tasks:
            if self.belongs(task) not in self.busy:
                self.busy.add(self.belongs(task))
                return task
            self.aside.append(task)
        return None

    def ended(self, task: Any) -> None:
        """Let the next task of the same thing start."""
        if self.belongs:
            self.busy.discard(self.belongs(task))


def _here(make: Callable[..., T], task: tuple) -> T | FpiError:
    """Return what a task gives in this process, or its refusal."""
    try:
        return make(*task)
    except FpiError as error:
        return error


def _there(make: Callable[..., T], task: tuple) -> T | FpiError:
    """Return what a task gives in a worker; where nobody gave it cores, one for each thread."""
    from distributed import get_worker

    os.environ.setdefault(SHARE, str(get_worker().state.nthreads))
    return _here(make, task)


def _found(future: Any) -> Any:
    """Return the result of a task that ended, or its refusal."""
    from distributed import KilledWorker

    if future.status == "finished":
        return future.result()
    error = future.exception()
    if isinstance(error, KilledWorker):
        return FpiError("le calcul s'est arrêté plusieurs fois sans dire pourquoi (mémoire ?).")
    return error if isinstance(error, FpiError) else fault(error)


@contextmanager
def local(workers: int, **env: str) -> Iterator[Any]:
    """Give a cluster of this machine, closed at the end; ``env`` is its workers' own."""
    import dask
    from distributed import LocalCluster

    own = "127.0.0.1"
    options = {"host": own, "dashboard_address": f"{own}:0", "silence_logs": ERROR}
    with (
        dask.config.set(QUIET),
        LocalCluster(n_workers=workers, threads_per_worker=1, env=env, **options) as here,
    ):
        yield here


@contextmanager
def _client(address: str, workers: int) -> Iterator[Any]:
    """Give a client of the cluster; one of this machine is closed at the end."""
    try:
        from distributed import Client
    except ImportError as error:
        raise FpiError(
            "plusieurs rapports à la fois demandent dask, qui n'est pas installé. Installez-le "
            "(dans le dossier du projet : pip install -e '.[cluster]'), ou faites un programme à "
            "la fois."
        ) from error
    if not address:
        count = workers or processes()
        share = {SHARE: str(max(1, processes() // count))}
        with local(count, **share) as here, Client(here) as client:
            yield client
        return
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, TimeoutError, ValueError) as error:
        raise FpiError(
            f"la grappe « {address} » ne répond pas : l'adresse est celle qu'écrit « dask "
            "scheduler », par exemple tcp://127.0.0.1:8786."
        ) from error
    with client:
        yield client
