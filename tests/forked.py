"""Kernels of nbval, forked from one process that imported everything already.

The example is run again where it was made: beside the programmes, and no other report.
"""

import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbval.kernel
import papermill  # noqa: F401  (it loads the engine itself, and must be loaded first)
from jupyter_client import KernelManager
from traitlets.config import Config

from fpi_eval.report.runner import exemple
from fpi_eval.report.runner.kernels import Provisioner, by_sockets, said_file

ROOT = Path(__file__).parents[1]


class Manager(KernelManager):
    """The manager of a kernel that is forked; what a kernel said before it died is repeated."""

    def __init__(self, **given: Any) -> None:
        self.held = ExitStack()
        self.root = self.held.enter_context(exemple.alone(ROOT))
        folder = self.held.enter_context(TemporaryDirectory(prefix="nbval-"))
        connection = f"{folder}/kernel.json"
        super().__init__(config=Config(KernelManager={"connection_file": connection}), **given)

    async def _async_pre_start_kernel(self, **kw: Any) -> Any:
        by_sockets(self)
        self.provisioner = Provisioner(kernel_spec=self.kernel_spec, parent=self)
        return await super()._async_pre_start_kernel(**kw | {"cwd": str(self.root)})

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        if (said := said_file(Path(self.connection_file))).exists():
            sys.stderr.write(said.read_text(encoding="utf-8", errors="replace"))
        await super()._async_cleanup_resources(restart)
        self.held.close()


nbval.kernel.KernelManager = Manager
