"""A papermill engine whose kernels come from one process that imported everything already.

Each notebook still has a process and a namespace of its own. Where processes cannot be forked
(Windows, macOS), or FPI_EVAL_NOYAUX says "neufs", kernels are those of papermill.
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
from pathlib import Path
from typing import Any, ClassVar

from jupyter_client import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from papermill.engines import NBClientEngine, papermill_engines

from fpi_eval.cluster import cores
from fpi_eval.traced import VARIABLE

ENGINE = "fpi_eval"
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

        Raises
        ------
        OSError, ValueError
            The process that forks is gone.
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


def used_file(connection: Path) -> Path:
    """Return where a kernel writes down the files that it used, by its connection file."""
    return connection.with_suffix(".lus")


def said_file(connection: Path) -> Path:
    """Return where what a kernel says outside of its notebook goes."""
    return connection.with_suffix(".txt")


def can_fork(command: list[str]) -> bool:
    """Return whether the kernel of a command line is one to fork here."""
    return command[:3] == [sys.executable, "-m", "ipykernel_launcher"] and _forks()


def _forks() -> bool:
    return sys.platform == "linux" and os.environ.get(ASKED) != NEW


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


def start() -> None:
    """Start the process that forks, where kernels are forked."""
    if _forks():
        server()


class Provisioner(LocalProvisioner):
    """Fork a kernel, or start a new one where that is not to be had."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel and return how to speak to it."""
        said = os.devnull
        if given := self.config.KernelManager.get("connection_file"):  # by a run, not papermill
            said = str(said_file(Path(given)))
            kwargs["env"] = dict(kwargs["env"]) | {VARIABLE: str(used_file(Path(given)))}
        if not can_fork(cmd):
            return await super().launch_kernel(cmd, **kwargs)
        cwd = str(kwargs.get("cwd") or os.getcwd())
        try:
            self.process = forked = server().fork(
                argv=cmd, env=dict(kwargs["env"]), cwd=cwd, said=said
            )
        except (OSError, ValueError):
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = forked.pid
        self.cwd = cwd
        return self.connection_info


class Manager(AsyncKernelManager):
    """The manager of a kernel that is forked."""

    running: ClassVar[set["Manager"]] = set()

    async def _async_pre_start_kernel(self, **kw: Any) -> Any:
        self.running.add(self)
        if self.provisioner is None:
            self.provisioner = Provisioner(kernel_spec=self.kernel_spec, parent=self)
        return await super()._async_pre_start_kernel(**kw)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        self.running.discard(self)
        await super()._async_cleanup_resources(restart)


def stop() -> None:
    """Stop every kernel of this process."""
    for manager in list(Manager.running):
        if (process := getattr(manager.provisioner, "process", None)) is not None:
            process.kill()


class Forked(NBClientEngine):
    """Papermill's own engine, but for where its kernels come from."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        """Execute the notebook."""
        options |= {"kernel_manager_class": Manager}
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


papermill_engines.register(ENGINE, Forked)
