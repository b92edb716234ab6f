"""Random unbalanced, weighted, clustered panels, and published data sets if they are installed."""

import gzip
import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


def random_panel(seed: int, *, n=120, years=8, missing=0.1, clusters=30, cohorts=(4, 5, 7)):
    """Return columns cell, time, y, cohort (NaN if never), group, w, x; row order is random."""
    rng = np.random.default_rng(seed)
    share = np.append(0.4, rng.dirichlet(np.full(len(cohorts), 5.0)) * 0.6)
    cohort = rng.choice([np.nan, *cohorts], size=n, p=share)
    group = rng.integers(0, clusters, n)
    x = rng.normal(size=n)
    u, t = np.repeat(np.arange(n), years), np.tile(np.arange(1, years + 1), n)
    shock = rng.normal(0, 0.3, (clusters, years + 1))[group[u], t]
    effect = np.where(t >= cohort[u], 1 + 0.2 * (t - cohort[u]), 0.0)
    y = rng.normal(size=n)[u] + 0.3 * t + 0.1 * t * x[u] + shock + effect
    y += rng.normal(size=n * years)
    frame = pd.DataFrame(
        {
            "cell": u,
            "time": t,
            "y": y,
            "cohort": cohort[u],
            "group": group[u],
            "w": rng.uniform(0.5, 2, n)[u],
            "x": x[u],
        }
    )
    return frame.sample(frac=1 - missing, random_state=seed)


def published(name: str) -> pd.DataFrame:
    """Return a data set shipped inside an optional test package; skip the test without it."""
    spec = importlib.util.find_spec("moderndid")
    if spec is None:
        pytest.skip("données publiées absentes : elles sont dans le paquet de test moderndid")
    path = Path(spec.origin).parent / "core" / "datasets" / f"{name}.pkl.gz"
    if not path.exists():
        pytest.skip(f"moderndid installé ne contient pas {name}")
    return pickle.loads(gzip.decompress(path.read_bytes()))


def mpdta() -> pd.DataFrame:
    """Return county teen employment, cohort NaN if never treated."""
    frame = published("mpdta_long")
    return frame.assign(cohort=frame["first.treat"].where(frame["first.treat"] > 0))


def medicaid() -> pd.DataFrame:
    """Return insurance coverage to 2015 without the states that expanded in 2015.

    Column ``cohort`` is 2014 or NaN: later ones have not expanded yet.
    """
    frame = published("ehec_data")
    frame = frame[(frame["year"] < 2016) & (frame["yexp2"] != 2015)]
    return frame.assign(cohort=frame["yexp2"].where(frame["yexp2"] == 2014))
