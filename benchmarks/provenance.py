"""Where a benchmark's table comes from: a fingerprint of the code's content, and rows by seed.

Each row of a table kept as Parquet carries the fingerprint of the code that made it, and
`results/codes.csv` says which commit has that code: a test makes the fingerprint again from the
commit's files. `record` writes the commit when the files are those of HEAD. A rebase changes its
name, hence, once the branch is merged:

    python benchmarks/provenance.py        finds the commit of each code in use that has none
"""

import ast
import hashlib
import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path, PurePosixPath

import pandas as pd

HERE = Path(__file__).parent
ROOT, RESULTS = HERE.parent, HERE / "results"
KNOWN = RESULTS / "codes.csv"
COLUMNS = ["code", "benchmark", "date", "commit"]
PLACES = ("fpi_eval", "benchmarks", "tests")
ESTIMATORS = ("impact", "panel", "regression")
TWINS = (*ESTIMATORS, "twin")

#: Benchmark → packages of the library that it judges, and the file that judges them.
JUDGED: dict[str, tuple[tuple[str, ...], str]] = {
    "detectability": (("impact", "regression", "twin"), "benchmarks/detectability.py"),
    "disclosure": (("disclosure", "report/published"), "tests/adversary.py"),
    "exams": (("impact", "regression"), "benchmarks/exams.py"),
    "family": (("impact", "regression", "twin"), "benchmarks/family.py"),
    "growth": (("disclosure", *TWINS), "benchmarks/growth.py"),
    "joint": (("checks", *ESTIMATORS), "benchmarks/joint.py"),
    "lights": (("checks", *TWINS), "benchmarks/lights.py"),
    "mutations": (("sources",), "benchmarks/mutations.py"),
    "planted": (("checks", *TWINS), "benchmarks/worlds.py"),
    "planted_real": (ESTIMATORS, "benchmarks/planted_real.py"),
    "projection": (("checks", "projection", *TWINS), "benchmarks/projection.py"),
    "read_sources": (("sources",), "benchmarks/read_sources.py"),
    "records_effects": (TWINS, "benchmarks/records_effects.py"),
    "remedies": (TWINS, "benchmarks/remedies.py"),
    "scoreboard": (TWINS, "benchmarks/score_estimators.py"),
    "selection": (("sources",), "benchmarks/selection.py"),
    "speed_cs": (ESTIMATORS, "benchmarks/speed_cs.py"),
    "speed_impact": (ESTIMATORS, "benchmarks/speed_impact.py"),
    "speed_run": (("",), "benchmarks/speed_run.py"),
    "totals": (TWINS, "benchmarks/totals.py"),
    "urssaf_panel": (("sources",), "benchmarks/urssaf_panel.py"),
}
_meant: dict[str, bytes] = {}  # blob → what its code means


def code_of(benchmark: str, commit: str = "") -> str:
    """Return a short hash of what a benchmark judges, comments left out: now, or in a commit."""
    packages, judge = JUDGED[benchmark]
    if not commit:
        paths = [p.relative_to(ROOT).as_posix() for p in (ROOT / "fpi_eval").rglob("*.py")]
        chosen = judged(paths, packages, judge)
        return digest(chosen, (meaning((ROOT / path).read_bytes()) for path in chosen))
    tree = blobs(commit)
    chosen = judged(tree, packages, judge)
    if judge not in tree:
        return ""
    read(blob for path in chosen if (blob := tree[path]) not in _meant)
    return digest(chosen, (_meant[tree[path]] for path in chosen))


def judged(paths: Iterable[str], packages: Sequence[str], judge: str) -> list[str]:
    """Return the modules of some packages among paths of the project, then the judge."""
    inside = tuple(f"fpi_eval/{name}/" if name else "fpi_eval/" for name in packages)
    own = (path for path in paths if path.startswith(inside) and path.endswith(".py"))
    return [*sorted(own, key=lambda path: PurePosixPath(path).parts), judge]


def meaning(source: bytes) -> bytes:
    """Return the code of a file without its comments."""
    return ast.dump(ast.parse(source)).encode()


def digest(paths: Iterable[str], meanings: Iterable[bytes]) -> str:
    """Return the short hash of files: their names and what their code means."""
    found = hashlib.sha256()
    for path, meant in zip(paths, meanings, strict=True):
        found.update(PurePosixPath(path).name.encode())
        found.update(meant)
    return found.hexdigest()[:12]


def git(*arguments: str, given: bytes = b"") -> bytes:
    """Return what git says in the project's folder."""
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def has_history() -> bool:
    """Return whether the project stands in a clone with all its commits."""
    try:
        shallow = git("rev-parse", "--is-shallow-repository").decode().strip()
        top = git("rev-parse", "--show-toplevel").decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return False
    return shallow == "false" and Path(top).resolve() == ROOT.resolve()


@cache
def blobs(commit: str) -> dict[str, str]:
    """Return the name of the content of each Python file of a commit."""
    lines = git("ls-tree", "-r", commit, "--", *PLACES).decode().splitlines()
    return {path: said.split()[2] for said, path in (line.split("\t") for line in lines)}


def read(names: Iterable[str]) -> None:
    """Keep what the code of some contents of the history means."""
    asked = [*dict.fromkeys(names)]
    answer, start = git("cat-file", "--batch", given="\n".join(asked).encode()), 0
    for name in asked:
        begin = answer.index(b"\n", start) + 1
        start = begin + int(answer[start:begin].split()[2])
        _meant[name] = meaning(answer[begin:start])
        start += 1


def record(code: str, benchmark: str) -> None:
    """Add a fingerprint to those known, with HEAD's name when HEAD has that code."""
    known = known_codes()
    if code not in set(known["code"]):
        known.loc[len(known)] = [code, benchmark, date.today().isoformat(), ""]
    if has_history() and code_of(benchmark, "HEAD") == code:
        head = git("rev-parse", "--short", "HEAD").decode().strip()
        known.loc[(known["code"] == code) & (known["commit"] == ""), "commit"] = head
    known.to_csv(KNOWN, index=False)


def known_codes() -> pd.DataFrame:
    """Return the fingerprints that tables may carry: code, benchmark, date, commit or nothing."""
    if not KNOWN.exists():
        return pd.DataFrame(columns=COLUMNS)
    return pd.read_csv(KNOWN, dtype=str).reindex(columns=COLUMNS).fillna("")


def codes_said(path: Path) -> set[str]:
    """Return the fingerprints that a table names, as text or by row."""
    if path.suffix == ".parquet":
        return set(pd.read_parquet(path, columns=["code"])["code"])
    return set(re.findall(r"\b[0-9a-f]{12}\b", path.read_text(encoding="utf-8")))


def in_use() -> set[str]:
    """Return the fingerprints of the tables of today."""
    tables = [*RESULTS.glob("*.md"), *RESULTS.glob("*.parquet")]
    return set().union(*map(codes_said, tables))


def kept_by_head(commit: str) -> bool:
    """Return whether HEAD comes from a commit."""
    try:
        git("merge-base", "--is-ancestor", commit, "HEAD")
    except subprocess.CalledProcessError:
        return False
    return True


def find(code: str, benchmark: str) -> str:
    """Return the last commit of HEAD's history that has a code, "" where none has."""
    commits = git("log", "--format=%h").decode().split()
    return next((c for c in commits if code_of(benchmark, c) == code), "")


def main() -> None:
    """Write the commit of each code in use that has none in HEAD's history, and say them."""
    known, used = known_codes(), in_use()
    for place, row in known[known["code"].isin(used)].iterrows():
        if not (row["commit"] and kept_by_head(row["commit"])):
            known.loc[place, "commit"] = find(row["code"], row["benchmark"])
            print(*known.loc[place], sep=",", flush=True)
    known.to_csv(KNOWN, index=False)
    for code in sorted(used - set(known["code"])):
        print(f"{code} : de quel banc ? Ajoutez-le à {KNOWN}.")


if __name__ == "__main__":
    main()
