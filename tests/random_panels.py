"""Random unbalanced, weighted, clustered panels, and published data sets if they are installed."""

import gzip
import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel


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


def uneven_panel(seed: int, *, most: int = 40) -> pd.DataFrame:
    """Return a `random_panel` with 1 to ``most`` cohorts of 1 to 40 cells each, rows missing.

    Column ``w`` weighs, ``group`` clusters. One panel in ten has many small cohorts.
    """
    rng = np.random.default_rng(seed)
    n_cohorts = (1, 2, 3, 5, 8, 12)[seed % 6] if seed % 10 else (most // 2, most)[seed // 10 % 2]
    largest = 40 if n_cohorts <= 12 else 4
    sizes = rng.integers(1, largest + 1, n_cohorts)
    years = max(8, n_cohorts + 5)
    first = 3 + np.sort(rng.choice(years - 3, n_cohorts, replace=False))
    cohort = np.concatenate([np.full(int(rng.integers(10, 41)), np.nan), np.repeat(first, sizes)])
    n = len(cohort)
    u, t = np.repeat(np.arange(n), years), np.tile(np.arange(1, years + 1), n)
    group = rng.integers(0, 25, n)
    shock = rng.normal(0, 0.3, (25, years + 1))[group[u], t]
    effect = np.where(t >= cohort[u], 1 + 0.2 * (t - cohort[u]), 0.0)
    y = rng.normal(size=n)[u] + 0.3 * t + shock + effect + rng.normal(size=n * years)
    columns = {"cell": u, "time": t, "y": y, "cohort": cohort[u], "group": group[u]}
    frame = pd.DataFrame(columns | {"w": rng.uniform(0.5, 2, n)[u]})
    return frame.sample(frac=1 - (0, 0.05, 0.2)[seed % 3], random_state=seed)


def random_programme(seed: int) -> pd.DataFrame:
    """Return a small cell panel: 1 to 40 cells open seats, rows are missing, outcomes counts."""
    rng = np.random.default_rng(seed)
    opened = int(rng.integers(1, 41))
    panel = invented_panel(
        seed, regions=3 if opened < 20 else 2, etabs=3 + -(-opened // 4), courses=5,
        years=range(2018, 2018 + int(rng.integers(9, 12))), opened=opened, start=2021,
        noise=2.0,
    )  # fmt: skip
    panel["diplomes"] = rng.poisson(panel["diplomes"].clip(lower=0.3)).astype(float)
    return panel.sample(frac=1 - (0, 0.02, 0.06)[seed % 3], random_state=seed)


def sun_abraham_of_pyfixest(pf, frame: pd.DataFrame, weights: str | None) -> pd.DataFrame:
    """Return pyfixest's effects by cohort and year, errors without its N − K, index (g, rel)."""
    data = frame.assign(
        rel=(frame["time"] - frame["cohort"]).fillna(-1).astype(int),
        g=frame["cohort"].fillna(0).astype(int),
    )
    fit = pf.feols(
        "y ~ i(rel, g, ref=-1, ref2=0) | cell + time", data, weights=weights,
        vcov={"CRV1": "group"}, ssc=pf.ssc(k_adj=False), fixef_tol=1e-12,
    )  # fmt: skip
    theirs = fit.tidy().reset_index()
    names = theirs["Coefficient"].str.extract(r"::(?P<rel>.+):g::(?P<g>.+)$").astype(float)
    return theirs.join(names).set_index(["g", "rel"]).sort_index()
