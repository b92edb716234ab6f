"""Individual records: persons and contracts, counted into the same cell panel as open files.

Everything here is one set of Ibis expressions: DuckDB runs it inside the process, Spark on a
cluster. Nothing but counts comes out, and only `release` writes. The engine is an extra
(``fpi-eval[individus]``, ``fpi-eval[spark]``): nothing is imported before it is asked for.
"""

from importlib import import_module
from typing import Any

#: Name → module that defines it.
_FROM = {
    "Faults": "bad_rows",
    "Records": "open",
    "Counted": "counted",
    "count": "counted",
    "counts": "panel",
    "examine": "bad_rows",
    "open_folder": "open",
    "outcomes_table": "exports",
    "open_records": "open",
    "release": "exports",
    "sectors_table": "exports",
    "with_counts": "panel",
}
__all__ = list(_FROM)


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"fpi_eval.records n'a pas « {name} » : {', '.join(__all__)}.")
    from fpi_eval.records.engine import require

    require()
    return getattr(import_module(f"{__name__}.{_FROM[name]}"), name)


def __dir__() -> list[str]:
    return __all__
