"""Execute notebooks, each in a process of its own, one a core, and say what went wrong."""

import os
import re
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

import fpi_eval
from fpi_eval import escapes
from fpi_eval.cluster import processes
from fpi_eval.errors import FULL, SYSTEM, FpiError
from fpi_eval.report.runner import fork_server, kernels
from fpi_eval.report.runner.clean import clean, warnings_of
from fpi_eval.report.runner.journal import Journal
from fpi_eval.report.runner.notebooks import NotebookInfo
from fpi_eval.report.runner.progress import Display
from fpi_eval.report.runner.swap import scratch, sweep
from fpi_eval.several_regions import in_a_thread

DECLARED = "programme.toml"  # what a notebook that loads a year always uses
TRACE_LINES = 200
COLOURS = re.compile(r"\x1b\[[\d;]*m")  # of a traceback
# What reads files without the library: nobody then knows which ones.
OTHER = re.compile(
    r"(?:^|;)\s*(?:[%!]|import\s[^;\n]*,|(?:import|from)\s+(?!fpi_eval\b))|\bopen\(|\bdossier\b",
    re.MULTILINE,
)


class _Stopped(Exception):
    """The run stops: this notebook's fate no longer matters."""


@dataclass(slots=True)
class Execution:
    """Execute notebooks with the same parameters, from the same working folder.

    `paths` maps the machine's paths to what is shown in their place; `sources` is what the files
    held when the run began; `journal` keeps times, and the details of a failure apart.
    """

    parameters: Mapping[str, Any]
    root: Path
    paths: Mapping[str, str]
    sources: Mapping[str, str]
    journal: Journal
    out: Display
    beside: Callable[[], object] | None = None  # computed here, once notebooks leave a place
    stopped: threading.Event = field(default_factory=threading.Event)
    used: dict[str, list[str]] = field(default_factory=dict)  # files, by notebook that says so
    expected: dict[str, float] = field(default_factory=dict)  # seconds, of those not finished
    began: dict[str, float] = field(default_factory=dict)
    ended: list[tuple[float, float]] = field(default_factory=list)  # seconds expected, taken

    def all(self, infos: Sequence[NotebookInfo], outputs: Sequence[Path]) -> list[str]:
        """Execute every notebook into its output file and return what they warned of.

        Raises `FpiError`: the first notebook that failed; the others are stopped.
        """
        sweep()
        heed_interruptions()
        last = self.journal.last_times()
        known = {one.name: last.get(one.name, one.declares.get("duree", 0)) for one in infos}
        self.expected = known.copy()
        pairs = zip(infos, outputs, strict=True)
        order = sorted(pairs, key=lambda pair: -known[pair[0].name])  # the longest first
        with (
            environment(),
            scratch() as folder,
            warnings.catch_warnings(action="ignore"),  # of papermill: the runner refused already
            ThreadPoolExecutor(processes()) as pool,
        ):
            try:
                jobs: list[Callable[[], list[str]]]
                jobs = [partial(self.one, *pair, folder) for pair in order]
                if self.beside is not None:
                    jobs.insert(-2, self._beside)  # the shortest two fill the other cores meanwhile
                futures = [pool.submit(in_a_thread(job)) for job in jobs]
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for future in futures:
                    if future in done:
                        future.result()  # raises what stopped it
                return [warning for future in futures for warning in future.result()]
            except BaseException:
                self.stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                kernels.stop()
                raise

    def one(self, info: NotebookInfo, output: Path, folder: Path) -> list[str]:
        """Execute one notebook and return its warnings."""
        self.began[info.name] = started = time.monotonic()
        notebook = nbformat.reads(self.sources[info.path.name], as_version=4)
        total = sum(cell.cell_type == "code" for cell in notebook.cells) + bool(self.parameters)
        done = iter(range(1, total + 1))
        connection = folder / f"{info.name}.json"

        def check(**_: object) -> None:
            if self.stopped.is_set():
                raise _Stopped

        self.out.start(info.name, total)
        try:
            executed = papermill.execute_notebook(
                notebook,
                None,
                parameters=dict(self.parameters),
                engine_name=kernels.ENGINE,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                resources={"metadata": {"path": str(self.root)}},
                config=Config(KernelManager={"connection_file": str(connection)}),
                on_cell_start=check,
                on_cell_executed=lambda **_: self.out.step(info.name, next(done, total), total),
            )
        except _Stopped:
            return []
        except (PapermillExecutionError, RuntimeError) as error:
            if self.stopped.is_set():
                return []
            raise self._failure(info, notebook, error, kernels.said_file(connection)) from error
        cleaned = clean(executed, self.paths)
        nbformat.validate(cleaned)
        output.write_bytes(f"{nbformat.writes(cleaned)}\n".encode())
        code = (cell.source for cell in notebook.cells if cell.cell_type == "code")
        if not OTHER.search("\n".join(code)):
            with suppress(OSError):
                listed = set(kernels.used_file(connection).read_text("utf-8").splitlines())
                if DECLARED in listed:  # no year loaded: files of the programme go unsaid
                    self.used[info.path.name] = sorted(listed)
        self.out.end(info.name, took := time.monotonic() - started)
        self.journal.end("notebook", started, nom=info.name)
        if planned := self.expected.pop(info.name):
            self.ended.append((planned, took))
        if left := self.left():
            self.out.say(f"Reste environ {left} s de notebooks.")
        return [f"{info.name} : {text}" for text in warnings_of(executed)]

    def _beside(self) -> list[str]:
        """Compute what needs no notebook; nothing of it is said."""
        assert self.beside is not None
        if not self.stopped.is_set():
            self.beside()
        return []

    def left(self) -> int:
        """Return the seconds until the last notebook ends, by what each took the last time.

        Notebooks that ended slower than expected say how slow the others will be.
        """
        now, expected = time.monotonic(), self.expected.copy()
        planned, taken = map(sum, zip((0, 0), *self.ended, strict=True))
        pace = taken / planned if planned else 1
        left = [
            max(0, pace * one - now + self.began.get(name, now)) for name, one in expected.items()
        ]
        return round(max(sum(left) / processes(), max(left, default=0)))

    def _failure(self, info: NotebookInfo, notebook: Any, error: Exception, said: Path) -> FpiError:
        """Return the French error for a notebook that failed, and keep the details in the log."""
        where, number = f"notebook {info.path.name}", None
        kind = type(error).__name__
        what, details = (
            "le calcul s'est arrêté sans dire pourquoi (mémoire ou disque plein ?)",
            "(rien)",
        )
        if isinstance(error, PapermillExecutionError):
            number = _source_number(notebook, error)
            where += f", cellule {number}" if number else ""
            if error.ename == FpiError.__name__:
                return FpiError(f"{error.evalue}\n  ({where})")
            for code in FULL:
                if f"[Errno {code}]" in str(error.evalue):
                    return FpiError(f"{SYSTEM[code]}\n  ({where})")
            kind, what, details = error.ename, _last_line(error), "\n".join(error.traceback)
        else:
            with suppress(OSError):
                details = said.read_text(encoding="utf-8", errors="replace") or details
        details = COLOURS.sub("", details)
        self.journal.tell(escapes.terminal(line) for line in details.splitlines()[-TRACE_LINES:])
        self.journal.write("trace", notebook=info.path.name, cellule=number, erreur=kind)
        return FpiError(
            f"{what}. Ce n'est pas une erreur de saisie connue ; les détails sont dans "
            f"{self.journal.details}. Le rapport précédent, s'il existe, est intact.",
            fichier=where,
        )


def _source_number(notebook: Any, error: PapermillExecutionError) -> int | None:
    """Return the number, in the source notebook, of the cell that failed.

    Of cells that say the same, the nearest: parameters received are one cell more.
    """
    numbers = [n for n, cell in enumerate(notebook.cells, start=1) if cell.source == error.source]
    return min(numbers, key=lambda n: abs(n - error.cell_index), default=None)


def _last_line(error: PapermillExecutionError) -> str:
    """Return the kind of error and the last line of its message."""
    lines = str(error.evalue).strip().splitlines()
    return f"{error.ename}: {lines[-1]}" if lines else error.ename


def heed_interruptions() -> None:
    """Put Python's handler of Ctrl-C back: polars, where installed, lets a waiting thread wait."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is threading.main_thread() and handler is not None:
        signal.signal(signal.SIGINT, handler)


def warm() -> None:
    """Start the process that kernels are forked from, where they are; it imports meanwhile."""
    with environment():
        if fork_server.forking():
            fork_server.server()


@contextmanager
def environment() -> Iterator[None]:
    """Give kernels their environment: this library, this Python, one thread per process."""
    library = str(Path(fpi_eval.__file__).parents[1])
    inherited = os.environ.get("PYTHONPATH")
    fixed = {
        "PYTHONPATH": os.pathsep.join([library, inherited]) if inherited else library,
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    before = dict(os.environ)
    os.environ.update(threads | before | fixed)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
