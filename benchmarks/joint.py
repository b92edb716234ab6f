"""How often tests of several parameters reject a true null, on panels with few clusters.

    python benchmarks/joint.py 1000        writes results/joint.md, joint.parquet

Invented panels without any effect, three regions of fourteen establishments, 28 openings: trends
before the opening, sessions where nothing can move yet, equality of effects between groups drawn
apart from everything, and between sizes of opening. Rows are kept by seed; a run resumes.
"""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
from provenance import HERE, code_of, record
from runner import by_seed

from fpi_eval.checks.drift import first_time
from fpi_eval.checks.study import Study, before
from fpi_eval.checks.trends import placebo_delai
from fpi_eval.errors import FpiError
from fpi_eval.impact.groups.dose_response import dose_response
from fpi_eval.impact.groups.heterogeneity import split

LEVEL = 0.05
TESTS = {
    "tendance": "tendance avant l'ouverture, cinq années",
    "delai": "sessions où rien ne peut bouger",
    "groupes": "effets égaux entre trois groupes",
    "dose": "effets égaux selon la taille",
}
HEAD = """# Les tests de plusieurs paramètres ont-ils leur taille ?

Panels inventés sans aucun effet, peu de groupes : part des panels où le test trouve à tort, au
seuil de 5 %. `python benchmarks/joint.py {n}`, graines 0 à {last} ; code {code} ; lignes par
graine dans `joint.parquet`. Un test sans assez d'ouvertures pour comparer ne se prononce pas.

| test | panels | rejette à tort | erreur de Monte-Carlo |
|---|---|---|---|
"""
ROWS = HERE / "results" / "joint.parquet"


def quiet(seed: int) -> pd.DataFrame:
    """Return a panel where nothing happens."""
    sys.path.insert(0, str(Path(HERE).parent / "tests"))
    return import_module("invented").invented_panel(
        seed, noise=3.0, regions=3, etabs=14, opened=28, years=range(2014, 2025), start=2019
    )


def one(seed: int) -> dict[str, float]:
    """Return the p-value of each test on one panel, NaN where it does not answer."""
    study = Study(quiet(seed), "diplomes")
    frame = study.frame
    age = frame["time"].to_numpy() - first_time(frame)
    at = np.column_stack([age == -m for m in range(1, 6)])
    names = pd.Series(np.array(["a", "b", "c"])[frame["cell"] % 3], frame.index)
    return {
        "seed": seed,
        "tendance": before(frame, at).p_value(),
        "delai": placebo_delai(study).incertitude,
        "groupes": split(frame, names, "d", wide=False).f[2],
        "dose": _by_size(study.panel),
    }


def _by_size(panel: pd.DataFrame) -> float:
    try:
        return dose_response(panel, "diplomes").p_value
    except FpiError:
        return np.nan


def markdown(rows: pd.DataFrame) -> str:
    """Return the table: how often each test rejects."""
    said = HEAD.format(
        n=len(rows), last=int(rows["seed"].max()), code=", ".join(rows["code"].unique())
    )
    for name, words in TESTS.items():
        p = rows[name].dropna()
        share = (p < LEVEL).mean()
        error = np.sqrt(share * (1 - share) / len(p))
        told = " | ".join(f"{100 * x:.1f} %".replace(".", ",") for x in (share, error))
        said += f"| {words} | {len(p)} | {told} |\n"
    return said


def main(n: int) -> None:
    """Write rows and table; panels already judged by this code are not judged again."""
    code = code_of("joint")
    record(code, "joint")
    rows = by_seed(ROWS, code, range(n), lambda seed: [one(seed)])
    ROWS.with_suffix(".md").write_text(markdown(rows), encoding="utf-8")
    print(markdown(rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
