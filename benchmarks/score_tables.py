"""From the runs of the scoreboard to its tables."""

from pathlib import Path

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results"
KEYS = ["scenario", "outcome", "seed", "estimator"]


def read_store(store: Path) -> pd.DataFrame:
    """Return the rows already computed; ``null`` is a scenario, not a missing value."""
    return pd.read_csv(store, keep_default_na=False, na_values=[""])


def markdown(table, runs, library, code) -> str:
    return table.to_string()


def summarise(runs: pd.DataFrame, scenarios: list[str], estimators: list[str]) -> pd.DataFrame:
    """Return bias, RMSE, coverage, rejection of zero, with Monte Carlo standard errors.

    ``n`` counts draws, ``answered`` those with an estimate, ``bounded`` those with an interval:
    coverage is over the latter. Zero is rejected when its p-value is under 0.05.
    """
    runs = runs.drop_duplicates(KEYS, keep="last")
    rank = {name: k for k, name in enumerate([*scenarios, *estimators])}
    runs = runs.sort_values(["scenario", "estimator", "seed"], key=lambda s: s.map(rank).fillna(s))
    error = runs["estimate"] - runs["truth"]
    bounded = runs["ci_low"].notna()
    covered = (runs["ci_low"] <= runs["truth"]) & (runs["truth"] <= runs["ci_high"])
    tested = runs["p_value"].notna()
    table = runs.assign(
        error=error,
        square=error**2,
        answered=runs["estimate"].notna(),
        bounded=bounded,
        tested=tested,
        covered=covered.astype(float).where(bounded),
        rejected=(runs["p_value"] < 0.05).astype(float).where(tested),
    )
    groups = table.groupby(["outcome", "scenario", "estimator"], sort=False)
    out = groups.agg(
        n=("seed", "size"),
        answered=("answered", "sum"),
        bounded=("bounded", "sum"),
        tested=("tested", "sum"),
        truth=("truth", "mean"),
        bias=("error", "mean"),
        sd=("error", "std"),
        mean_square=("square", "mean"),
        se=("std_error", "mean"),
        coverage=("covered", "mean"),
        rejection=("rejected", "mean"),
    ).reset_index()
    out["bias_mc"] = out["sd"] / np.sqrt(out["answered"])
    out["rmse"] = np.sqrt(out["mean_square"])
    # Delta method: sd(error²) / (2 RMSE √n).
    spread = groups["square"].std().to_numpy()
    out["rmse_mc"] = spread / (2 * out["rmse"] * np.sqrt(out["answered"]))
    for name, size in (("coverage", "bounded"), ("rejection", "tested")):
        out[f"{name}_mc"] = np.sqrt(out[name] * (1 - out[name]) / out[size])
    return out.drop(columns="mean_square")
