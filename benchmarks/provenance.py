"""Where a benchmark's table comes from: a fingerprint of the code's content, and rows by seed.

A commit's name does not outlive a rebase; the content of the code does. Each row of a table kept as
Parquet carries the fingerprint of the code that made it; `results/codes.csv` lists those known.
"""

import ast
import hashlib
from datetime import date
from pathlib import Path

import pandas as pd

import fpi_eval

HERE = Path(__file__).parent
KNOWN = HERE / "results" / "codes.csv"


def code_of(packages: tuple[str, ...], judge: Path) -> str:
    """Return a short hash of packages of the library and of the judge, comments left out."""
    root, digest = Path(fpi_eval.__file__).parent, hashlib.sha256()
    for path in [*sorted(p for name in packages for p in (root / name).rglob("*.py")), judge]:
        digest.update(path.name.encode())
        digest.update(ast.dump(ast.parse(path.read_text(encoding="utf-8"))).encode())
    return digest.hexdigest()[:12]


def record(code: str, benchmark: str) -> None:
    """Add a fingerprint to those known."""
    known = known_codes()
    if code not in set(known["code"]):
        row = pd.DataFrame([(code, benchmark, date.today().isoformat())], columns=known.columns)
        pd.concat([known, row]).to_csv(KNOWN, index=False)


def known_codes() -> pd.DataFrame:
    """Return the fingerprints that tables may carry: code, benchmark, date."""
    if not KNOWN.exists():
        return pd.DataFrame(columns=["code", "benchmark", "date"])
    return pd.read_csv(KNOWN, dtype=str)
