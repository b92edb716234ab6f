"""Show, in French and on the error stream, what a run is doing and how far it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from fpi_eval.terminal import Terminal
from fpi_eval.text import nombre


class Display:
    """What the runner tells while it works; this one shows nothing of it."""

    def start(self, name: str, total: int) -> None:
        """Say that a notebook begins."""

    def step(self, name: str, done: int, total: int) -> None:
        """Say how many of its cells are done."""

    def end(self, name: str, seconds: float) -> None:
        """Say that it is finished."""

    def say(self, message: str) -> None:
        """Say a sentence."""


class PlainLines(Display):
    """Plain lines, for a file or a pipe."""

    def __init__(self, console: Terminal) -> None:
        self.console = console

    def start(self, name: str, total: int) -> None:
        """Say that a notebook begins."""
        self.say(f"{name} : commencé ({nombre(total)} cellules)")

    def end(self, name: str, seconds: float) -> None:
        """Say that it is finished."""
        self.say(f"{name} : fini en {nombre(seconds, 1)} s")

    def say(self, message: str) -> None:
        """Print a sentence on one line."""
        self.console.print(message, soft_wrap=True)


class Bars(PlainLines):
    """One bar per notebook, for a terminal."""

    def __init__(self, console: Terminal) -> None:
        super().__init__(console)
        self.progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("cellule {task.completed} sur {task.total}"),
            TimeElapsedColumn(),
            console=console,
        )
        self.tasks: dict[str, TaskID] = {}

    def start(self, name: str, total: int) -> None:
        """Add the notebook's bar."""
        self.tasks[name] = self.progress.add_task(name, total=total)

    def step(self, name: str, done: int, total: int) -> None:
        """Move the notebook's bar."""
        self.progress.update(self.tasks[name], completed=done, total=total)

    def end(self, name: str, seconds: float) -> None:
        """Fill the notebook's bar."""
        task = self.tasks[name]
        self.progress.update(task, completed=self.progress.tasks[task].total)


@contextmanager
def display(show: bool = True) -> Iterator[Display]:
    """Give the display that suits the error stream: bars on a terminal, else plain lines."""
    console = Terminal(stderr=True)
    if not show:
        yield Display()
    elif console.is_terminal:
        bars = Bars(console)
        with bars.progress:
            yield bars
    else:
        yield PlainLines(console)
