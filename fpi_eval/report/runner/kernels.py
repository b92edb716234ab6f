"""A papermill engine whose kernels come from one process that imported everything already.

Each notebook still has a process and a namespace of its own. Where processes cannot be forked,
kernels are those of papermill.
"""

import os
import sys
from pathlib import Path
from typing import Any, ClassVar

from jupyter_client import AsyncKernelManager, KernelManager
from jupyter_client.provisioning import LocalProvisioner
from papermill.engines import NBClientEngine, papermill_engines

from fpi_eval.report.runner.fork_server import forking, server
from fpi_eval.traced import VARIABLE

ENGINE = "fpi_eval"
LONGEST = 90  # bytes of a connection file's name by which a socket may be named: systems allow 104


def used_file(connection: Path) -> Path:
    """Return where a kernel writes down the files that it used, by its connection file."""
    return connection.with_suffix(".lus")


def said_file(connection: Path) -> Path:
    """Return where what a kernel says outside of its notebook goes."""
    return connection.with_suffix(".txt")


def by_sockets(manager: KernelManager) -> None:
    """Have a run speak to its kernels by sockets that are files of its own folder.

    A port that was free when it was chosen may be another program's when the kernel listens to it.
    """
    if forking() and 0 < len(os.fsencode(manager.connection_file)) < LONGEST:
        manager.transport = "ipc"


class Provisioner(LocalProvisioner):
    """Fork a kernel, or start a new one where that is not to be had."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel and return how to speak to it."""
        said = os.devnull
        if given := self.config.KernelManager.get("connection_file"):  # by a run, not papermill
            said = str(said_file(Path(given)))
            kwargs["env"] = dict(kwargs["env"]) | {VARIABLE: str(used_file(Path(given)))}
        if cmd[:3] != [sys.executable, "-m", "ipykernel_launcher"] or not forking():
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
        by_sockets(self)
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
