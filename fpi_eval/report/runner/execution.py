"""Execute notebooks in processes of their own, one a core, and say what went wrong."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fpi_eval
from fpi_eval.errors import FpiError
from fpi_eval.report.runner.notebooks import NotebookInfo
from fpi_eval.report.runner.progress import Display
from fpi_eval.report.runner.swap import scratch, sweep

MEMORY = 2_000_000_000  # bytes that a notebook and its process may take
TRACE_LINES = 200


@dataclass(slots=True)
class Execution:
    """Execute notebooks with the same parameters, from the same working folder.

    `paths` maps the machine's paths to what is shown in their place; `log` is the file that
    keeps the details of a failure.
    """

    parameters: Mapping[str, Any]
    root: Path
    paths: Mapping[str, str]
    log: Path
    out: Display
    running: set[subprocess.Popen] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)

    def all(self, infos: Sequence[NotebookInfo], outputs: Sequence[Path]) -> list[str]:
        """Execute every notebook into its output file and return what they warned of.

        Raises
        ------
        FpiError
            The first notebook that failed; the others are stopped.
        """
        sweep()
        order = sorted(zip(infos, outputs, strict=True), key=lambda pair: _rank(pair[0]))
        with ThreadPoolExecutor(processes()) as pool:
            try:
                futures = [pool.submit(self.one, *pair) for pair in order]
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for future in futures:
                    if future in done:
                        future.result()  # raises what stopped it
                return [warning for future in futures for warning in future.result()]
            except BaseException:
                self.stop()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def stop(self) -> None:
        """Stop what is still running, kernels included."""
        self.stopped.set()
        for process in list(self.running):
            process.terminate()

    def one(self, info: NotebookInfo, output: Path) -> list[str]:
        """Execute one notebook and return its warnings."""
        if self.stopped.is_set():
            return []
        started = time.monotonic()
        with scratch() as folder:
            spec = folder / "spec.json"
            spec.write_text(
                json.dumps(
                    {
                        "notebook": str(info.path.absolute()),
                        "output": str(output),
                        "parameters": dict(self.parameters),
                        "cwd": str(self.root),
                        "paths": dict(self.paths),
                    },
                    default=str,
                ),
                encoding="utf-8",
            )
            with (folder / "stderr").open("w+", encoding="utf-8", errors="replace") as err:
                last = self._follow(info, spec, err)
                err.seek(0)
                stderr = err.read()
        if "avertissements" not in last:
            if self.stopped.is_set():
                return []
            raise self._failure(info, last, stderr)
        self.out.end(info.name, time.monotonic() - started)
        return [f"{info.name} : {text}" for text in last.get("avertissements", [])]

    def _follow(self, info: NotebookInfo, spec: Path, err: Any) -> dict[str, Any]:
        """Run the worker, report its cells as they are done, return its last message."""
        command = [sys.executable, "-m", "fpi_eval.report.runner.worker", str(spec)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=err,
            encoding="utf-8",
            env=_environment() | {"TMPDIR": str(spec.parent)},  # the kernel's connection file
            start_new_session=True,
        )
        self.running.add(process)
        if self.stopped.is_set():
            process.terminate()
        last: dict[str, Any] = {}
        with process:
            for line in process.stdout or ():
                last = json.loads(line)
                if last.get("cellule") == 0:
                    self.out.start(info.name, last["total"])
                elif "total" in last:
                    self.out.step(info.name, last["cellule"], last["total"])
        self.running.discard(process)
        return last

    def _failure(self, info: NotebookInfo, last: dict[str, Any], stderr: str) -> FpiError:
        """Return the French error for a notebook that failed, and keep the details in the log."""
        where = f"notebook {info.path.name}"
        if last.get("cellule") and "erreur" in last:
            where += f", cellule {last['cellule']}"
        if last.get("erreur") == FpiError.__name__:
            return FpiError(f"{last['message']}\n  ({where})")
        details = "\n".join(last.get("trace", [])) or stderr or "(rien)"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_text("\n".join(details.splitlines()[-TRACE_LINES:]), encoding="utf-8")
        what = last.get("ligne") or "le calcul s'est arrêté sans dire pourquoi (mémoire ?)"
        return FpiError(
            f"{what}. Ce n'est pas une erreur de saisie connue ; les détails sont dans "
            f"{self.log}. Le rapport précédent, s'il existe, est intact.",
            fichier=where,
        )


def processes() -> int:
    """Return how many notebooks run at once: one a core, as long as memory holds them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        held = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MEMORY
    except (AttributeError, ValueError, OSError):  # a system that does not say
        return cores or 1
    return max(1, min(cores or 1, held))


def _rank(info: NotebookInfo) -> float:
    """Return when a notebook starts: where it says, the longest first; else in the order given."""
    return -float(info.declares.get("duree", 0))


def _environment() -> dict[str, str]:
    """Return the kernels' environment: this library, this Python, one thread per process."""
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
    return {**threads, **os.environ, **fixed}
