"""The report of every region, from the real files: half an hour, so made when it is asked for.

``FPI_EVAL_REGIONS=toutes pytest tests/test_regions.py``, or the codes of some: ``"53 94"``.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
import regions  # noqa: E402

ALL = ("01", "02", "03", "04", "06", "11", "24", "27", "28", "32", "44", "52", "53", "75", "76",
       "84", "93", "94")  # fmt: skip
ASKED = os.environ.get("FPI_EVAL_REGIONS", "").split()


@pytest.mark.skipif(not ASKED, reason="18 rapports réels : FPI_EVAL_REGIONS=toutes, ou des codes")
@pytest.mark.parametrize("code", ALL if ASKED == ["toutes"] else ASKED or ["toutes"])
def test_a_region_has_its_report_from_the_real_files_and_no_reader_trips(
    code, donnees_reelles, tmp_path
):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    row, found = regions.line(code, code, tmp_path)
    assert not found, row
    assert f"| {code} | {code} |" in row
