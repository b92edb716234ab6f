"""What we use of openpyxl, which reads and writes workbooks without lxml.

No requirement brings lxml: where it is, a workbook has other bytes and a full disk no name.
openpyxl reads a variable as it is imported; the environment is then as it was.
"""

import os
from contextlib import ExitStack

with ExitStack() as after:
    if "OPENPYXL_LXML" not in os.environ:
        os.environ["OPENPYXL_LXML"] = "False"
        after.callback(os.environ.pop, "OPENPYXL_LXML")
    from openpyxl import Workbook, load_workbook
    from openpyxl.cell import Cell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter, quote_sheetname
    from openpyxl.worksheet.cell_range import CellRange
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.hyperlink import Hyperlink
    from openpyxl.worksheet.table import Table, TableStyleInfo
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = [
    "Alignment", "Cell", "CellRange", "DataValidation", "Font", "Hyperlink", "PatternFill",
    "Table", "TableStyleInfo", "Workbook", "Worksheet", "get_column_letter", "load_workbook",
    "quote_sheetname",
]  # fmt: skip
