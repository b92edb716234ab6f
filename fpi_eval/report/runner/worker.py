"""Execute one notebook in a process of its own, as ``python -m`` this module ``spec.json``.

Speaks to the runner in lines of JSON on its standard output: one per cell, then one at the end.
"""

import json
import os
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

# What papermill would warn of here, the runner has already refused.
warnings.filterwarnings("ignore")

# A grammar of URLs that jsonschema compiles: two seconds that no notebook here needs.
for unused in ("rfc3987_syntax",):
    sys.modules[unused] = None  # type: ignore[assignment]  # the documented way to forbid it


def main(spec_path: str) -> int:
    """Execute the notebook of the specification and write it, cleaned; return the exit code."""
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from fpi_eval.report.runner.clean import clean, warnings_of

    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    threading.Thread(target=_die_with_parent, daemon=True).start()

    def say(**message: object) -> None:
        channel.write(json.dumps(message, ensure_ascii=False) + "\n")

    spec = json.loads(Path(spec_path).read_text(encoding="utf-8"))
    notebook = nbformat.read(spec["notebook"], as_version=4)
    total = sum(cell.cell_type == "code" for cell in notebook.cells) + bool(spec["parameters"])
    say(cellule=0, total=total)
    done = iter(range(1, total + 1))
    try:
        executed = papermill.execute_notebook(
            notebook,
            None,
            parameters=spec["parameters"],
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=spec["cwd"],
            on_cell_executed=lambda **_: say(cellule=next(done, total), total=total),
        )
    except PapermillExecutionError as error:
        say(
            erreur=error.ename,
            message=error.evalue,
            cellule=_source_number(notebook, error.source),
            ligne=_last_line(error),
            trace=error.traceback,
        )
        return 1
    say(avertissements=warnings_of(executed))
    cleaned = clean(executed, spec["paths"])
    nbformat.validate(cleaned)
    nbformat.write(cleaned, spec["output"])
    return 0


def _die_with_parent() -> None:
    """Stop at once, and the kernel with us, when the runner is gone: its end of stdin closes."""
    sys.stdin.read()
    os._exit(1)


def _source_number(notebook, source: str) -> int | None:
    """Return the number, in the source notebook, of the cell that failed."""
    numbers = [n for n, cell in enumerate(notebook.cells, start=1) if cell.source == source]
    return numbers[0] if numbers else None


def _last_line(error: Any) -> str:
    """Return the kind of error and the last line of its message."""
    lines = str(error.evalue).strip().splitlines()
    return f"{error.ename}: {lines[-1]}" if lines else error.ename


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
