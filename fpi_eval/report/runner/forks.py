"""Import what notebooks need, then fork a kernel, or a computation, for each line read."""

import gc
import json
import os
import pickle
import sys
from base64 import b64decode
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from bs4 import BeautifulSoup

import fpi_eval
from fpi_eval.store import code_reached, kept

WHOLE = ("checks", "headline", "impact", "indicators", "panel", "projection", "regression")
SHOWN = ("report.pages", "report.published")
ALSO = ("ipykernel.kernelapp", "ipykernel.ipkernel", "matplotlib.pyplot", "great_tables",
        "pandera.backends.pandas.builtin_checks")  # fmt: skip


def main() -> None:
    """Fork until what asks is gone."""
    if not sys.flags.safe_path:
        del sys.path[0]  # the folder where the run began is not one to import from
    asked, told = os.fdopen(os.dup(0)), os.dup(1)
    gc.disable()  # a fifth of what importing took was looking for garbage
    for name in needed():
        with suppress(Exception):  # the notebook that imports it says what is wrong with it
            import_module(name)
    code_reached("")  # sources read once: kernels have them
    BeautifulSoup("", "html.parser").select("thead th, td")  # its patterns are compiled once too
    gc.collect()
    gc.freeze()
    gc.enable()
    for line in asked:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # those that ended
                pass
        pid = os.fork()
        if not pid:
            os.close(told)
            asked.close()
            told_to = json.loads(line)
            keep(**told_to) if "calls" in told_to else kernel(**told_to)
        os.write(told, f"{pid}\n".encode())


def needed() -> list[str]:
    """Return the modules that notebooks import, or may."""
    found = [f"{fpi_eval.__name__}.{name}" for name in (*fpi_eval._MODULES, "panel.year")]
    for package in (*WHOLE, *SHOWN):
        folder = Path(fpi_eval.__file__).parent.joinpath(*package.split("."))
        inside = walk_packages([str(folder)], f"{fpi_eval.__name__}.{package}.")
        found += [module.name for module in inside]
    return [*ALSO, *found]


def keep(calls: str, env: dict[str, str], cwd: str) -> None:
    """Compute calls, pickled, for the process that will find what they return in the store."""
    code = 1
    try:
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        for make, *args in pickle.loads(b64decode(calls)):
            kept(make, *args)
        code = 0
    finally:
        os._exit(code)


def kernel(argv: list[str], env: dict[str, str], cwd: str, said: str) -> None:
    """Be the kernel that this command line would start, in a group of its own.

    `said` is the file for what it says outside of its notebook.
    """
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    output = os.open(said, os.O_CREAT | os.O_WRONLY, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for here, there in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(here, there)
    sys.argv = argv[2:]
    code = 1
    try:
        orphan = f"--IPKernelApp.parent_handle={os.getppid()}"  # without it, the kernel stops
        IPKernelApp.launch_instance([*argv[argv.index("-f") :], orphan])
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
