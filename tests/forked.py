"""Kernels of nbval, forked from one process that imported everything already."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbval.kernel
import papermill  # noqa: F401  (it loads the engine itself, and must be loaded first)
from jupyter_client import KernelManager
from traitlets.config import Config

from fpi_eval.report.runner.kernels import Provisioner, by_sockets, said_file


class Manager(KernelManager):
    """The manager of a kernel that is forked; what a kernel said before it died is repeated."""

    def __init__(self, **given: Any) -> None:
        self.folder = TemporaryDirectory(prefix="nbval-")
        connection = f"{self.folder.name}/kernel.json"
        super().__init__(config=Config(KernelManager={"connection_file": connection}), **given)

    async def _async_pre_start_kernel(self, **kw: Any) -> Any:
        by_sockets(self)
        self.provisioner = Provisioner(kernel_spec=self.kernel_spec, parent=self)
        return await super()._async_pre_start_kernel(**kw)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        if (said := said_file(Path(self.connection_file))).exists():
            sys.stderr.write(said.read_text(encoding="utf-8", errors="replace"))
        await super()._async_cleanup_resources(restart)
        self.folder.cleanup()


nbval.kernel.KernelManager = Manager
