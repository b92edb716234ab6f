"""Columns, types and ranges of each table; `check(table, schema)` says in French what is wrong."""

from fpi_eval.sources.reading.check import bad_value, check, expectation, line_of, uai_key
from fpi_eval.sources.reading.schema import (
    CFD,
    MEFSTAT11,
    OBSOLETE,
    UAI,
    ColumnOptions,
    ColumnSchema,
    Kind,
    Layout,
    RowRule,
    TableSchema,
    at_most,
    column,
)

__all__ = [
    "CFD", "MEFSTAT11", "OBSOLETE", "UAI", "ColumnOptions", "ColumnSchema", "Kind", "Layout",
    "RowRule", "TableSchema", "at_most", "bad_value", "check", "column", "expectation", "line_of",
    "uai_key",
]  # fmt: skip
