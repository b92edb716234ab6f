"""What runs of a report did: one JSON object a line, beside the report, the latest at the end.

Each line has ``instant`` (UTC), ``calcul`` (one value a run) and ``quoi``: ``debut`` (versions,
parameters, hashes of inputs), ``notebook`` (seconds), ``etape`` (seconds), ``trace`` (notebook,
cell and kind of a fault), ``refus`` (its kind), ``fin`` (seconds, notebooks taken again, number
of warnings). Sentences, which may quote data, are in the user's cache, those of a report's last
run alone. It is the only record that two equal runs do not have in common; the report never
depends on it.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from traceback import format_exception

from fpi_eval.errors import FpiError, of_the_system
from fpi_eval.store import cache_folder

LINES = 2_000  # kept of earlier runs
SUBFOLDER = "details"


def path_of(target: Path) -> Path:
    """Return the journal of a report's folder."""
    return target.with_name(f"{target.name}.journal.jsonl")


class Journal:
    """The journal of one run; a disk that refuses it does not stop the run."""

    def __init__(self, target: Path) -> None:
        self.path, self.started = path_of(target), time.monotonic()
        where = hashlib.sha256(os.fsencode(target.resolve())).hexdigest()[:8]
        name = f"{target.parent.name}_{target.name}_{where}.txt"  # reports of two folders apart
        self.details = cache_folder() / SUBFOLDER / name
        self.told = False
        self.refused: BaseException | None = None
        self.run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
        with suppress(OSError):
            if len(lines := self.path.read_bytes().splitlines(keepends=True)) > LINES:
                self.path.write_bytes(b"".join(lines[-LINES // 2 :]))

    def write(self, quoi: str, **said: object) -> None:
        """Add a line."""
        instant = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"instant": instant, "calcul": self.run, "quoi": quoi, **said}
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")

    def tell(self, lines: Iterable[str]) -> None:
        """Add to the details of this run, which only the user can read."""
        with suppress(OSError):
            self.details.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = "a" if self.told else "w"
            with self.details.open(mode, encoding="utf-8", errors="backslashreplace") as stream:
                stream.writelines(f"{line}\n" for line in lines)
            self.told = True

    def last_times(self) -> dict[str, float]:
        """Return how long each notebook took the last time, in seconds."""
        with suppress(OSError, ValueError, KeyError):
            lines = map(json.loads, self.path.read_text(encoding="utf-8").splitlines())
            return {one["nom"]: one["secondes"] for one in lines if one["quoi"] == "notebook"}
        return {}

    def end(self, quoi: str, since: float, **said: object) -> None:
        """Add a line for what began at a time of the monotonic clock, with its seconds."""
        self.write(quoi, **said, secondes=round(time.monotonic() - since, 3))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step of the run."""
        since = time.monotonic()
        yield
        self.end("etape", since, nom=name)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Keep what stops the run within, once; of a fault of the program, where it came from."""
        try:
            yield
        except (KeyboardInterrupt, Exception) as error:
            if error is not self.refused:
                self.refused = error
                known = isinstance(error, FpiError | KeyboardInterrupt) or of_the_system(error)
                self.tell([str(error)] if known else format_exception(error))
                self.end("refus", self.started, erreur=type(error).__name__)
                if not known:
                    error.add_note(f"Les détails sont dans {self.details}.")
            raise
