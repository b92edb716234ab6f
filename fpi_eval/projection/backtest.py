"""Did past projections hold? Projected from year t, compared with what came."""

import numpy as np
import pandas as pd

from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding
from fpi_eval.projection.rates import COMPLETE, Taux, from_counts, shocked

BAND = (0.10, 0.90)
DRAWS = 2000


@known_options
def crps(draws: np.ndarray, observed: float) -> float:
    r"""Return the continuous ranked probability score of draws, in units of the outcome.

    :math:`E|X - y| - E|X - X'| / 2`, zero for a certain and right forecast (Gneiting and
    Raftery 2007); the second mean from the sorted draws.
    """
    x = np.sort(np.asarray(draws, dtype=float))
    n = len(x)
    spread = 2 * np.sum((2 * np.arange(1, n + 1) - n - 1) * x) / n**2
    return float(np.abs(x - observed).mean() - spread / 2)


@known_options
def pit(draws: np.ndarray, observed: float) -> float:
    """Return where the observation stands among the draws, 0 to 1; ties count half."""
    draws = np.asarray(draws, dtype=float)
    return float((draws < observed).mean() + (draws == observed).mean() / 2)


@known_options
def score(draws: np.ndarray, observed: float) -> dict[str, float]:
    """Return observed, mediane, bas and haut (80 %), dans_bande, crps, pit of one projection."""
    low, median, high = np.quantile(draws, [BAND[0], 0.5, BAND[1]])
    return {
        "observe": float(observed),
        "mediane": float(median),
        "bas": float(low),
        "haut": float(high),
        "dans_bande": bool(low <= observed <= high),
        "crps": crps(draws, observed),
        "pit": pit(draws, observed),
    }


@known_options
def retroprojection(table: pd.DataFrame, *, lag: int = 1, seed: int = 0) -> pd.DataFrame:
    """Return, by level and year, what the years before projected beside what came.

    Parameters
    ----------
    table : DataFrame
        course, niveau, annee, n (places or pupils at the start, known beforehand), k (those at
        the end; a row without is left out).
    lag : int
        Years between the last ones used and the one projected (2 when consecutive figures share
        a cohort).

    Returns
    -------
    DataFrame
        niveau, annee, and what `score` returns; a year without ``lag`` years before has no row,
        nor one that misses half of the pupils (its courses are not the same).
    """
    coding.needed(table, "course", "niveau", "annee", "n", "k")
    rng = np.random.default_rng(seed)
    rows, table = [], table[(table["n"] > 0) & table["k"].notna()]
    size = table.groupby(["niveau", "annee"])["n"].transform("sum")
    largest = size.groupby(table["niveau"]).transform("max")
    table = table[size >= COMPLETE * largest]
    for (niveau, year), now in table.groupby(["niveau", "annee"]):
        before = table[(table["niveau"] == niveau) & (table["annee"] <= year - lag)]
        if before["n"].sum() <= 0:
            continue
        rate = from_counts("passage", niveau, before, "")
        total = predictive(rate, now["n"].to_numpy(), DRAWS, rng)
        rows.append({"niveau": niveau, "annee": int(year), **score(total, now["k"].sum())})
    names = ["niveau", "annee", "observe", "mediane", "bas", "haut", "dans_bande", "crps", "pit"]
    return pd.DataFrame(rows, columns=names)


def predictive(rate: Taux, n: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return draws of the total of a rate applied to the courses' numbers, (draws,)."""
    p = rate.by_course(rate.draw(rng, draws), len(n), rng)
    p = shocked(p, rng.normal(0, rate.sd_annee, draws)[:, None])
    return rng.binomial(np.rint(n).astype(int)[None, :], p).sum(axis=1)
