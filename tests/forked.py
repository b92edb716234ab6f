"""Kernels of nbval, forked from one process that imported everything already."""

from typing import Any

import nbval.kernel
import papermill  # noqa: F401  (it loads the engine itself, and must be loaded first)
from jupyter_client import KernelManager

from fpi_eval.report.runner.kernels import Provisioner


class Manager(KernelManager):
    """The manager of a kernel that is forked."""

    async def _async_pre_start_kernel(self, **kw: Any) -> Any:
        self.provisioner = Provisioner(kernel_spec=self.kernel_spec, parent=self)
        return await super()._async_pre_start_kernel(**kw)


nbval.kernel.KernelManager = Manager
