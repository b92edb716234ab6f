"""The process that forks kernels and computations: it has imported everything already.

Where the end of a process that another one forked cannot be known (Windows, macOS, a Linux before
5.3, the Python of conda), or FPI_EVAL_NOYAUX says "neufs", there is none.
"""

import json
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from fpi_eval.cluster import cores

ASKED, NEW = "FPI_EVAL_NOYAUX", "neufs"
INLINE = "module://matplotlib_inline.backend_inline"  # what a kernel sets where nothing is said


class Server:
    """The process that forks: it ends, and its kernels with it, when this one does."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "fpi_eval.report.runner.forks"]
        environment = {"MPLBACKEND": INLINE} | os.environ
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=environment,
            start_new_session=True,
        )
        self.lock = threading.Lock()

    def fork(self, **asked: object) -> "Kernel":
        """Return a new kernel.

        Raises `OSError, ValueError`: the process that forks is gone.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.lock:
            self.process.stdin.write(json.dumps(asked) + "\n")
            self.process.stdin.flush()
            return Kernel(int(self.process.stdout.readline()))


class Kernel(subprocess.Popen):
    """A process that another one forked: `kill` and `terminate` are those of `Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid, self.ended = pid, os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return None as long as it runs; how it ended is not known."""
        return 0 if self.ended < 0 or select.select([self.ended], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        if self.ended >= 0 and select.select([self.ended], [], [], timeout)[0]:
            os.close(self.ended)
            self.ended = -1
        return 0

    def send_signal(self, sig: int) -> None:
        """Send a signal, to this process and no other that would have taken its number."""
        if self.ended >= 0:
            signal.pidfd_send_signal(self.ended, sig)


def server() -> Server:
    """Return the process that forks, started when first asked for."""
    with _STARTING:
        return _server()


_STARTING, _server = threading.Lock(), cache(Server)


def forking() -> bool:
    """Return whether processes are forked here: system and Python tell when one of them ends."""
    if os.environ.get(ASKED) == NEW or not hasattr(signal, "pidfd_send_signal"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def ahead(calls: Sequence[tuple[Any, ...]]) -> Kernel | None:
    """Have another core compute calls (function, arguments) of the store, found there when asked.

    Nothing where no process forks here, nor a core is left: they are computed when asked.
    """
    if not _server.cache_info().currsize or cores() < 2:
        return None
    pickled = b64encode(pickle.dumps(calls)).decode()
    with suppress(OSError, ValueError):
        return server().fork(calls=pickled, env=dict(os.environ), cwd=os.getcwd())
    return None
