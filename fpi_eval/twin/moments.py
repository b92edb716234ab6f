"""Moments that tell a simulated France from the real one, on tidy tables of either.

Each function takes plain tables, so that the same code measures the twin and the real files; the
result is always tidy: ``moment``, ``level``, ``statistic``, ``value``.
"""

import numpy as np
import pandas as pd

#: `dynamics` of real lycées of metropolitan France, bac pro: DEPP, results by lycée professionnel,
#: sessions 2014 to 2017. The yearly change of pupils 2019–2022 is .11, of variance over three 1.6.
REAL_DYNAMICS = {
    "lycees": 800.0,
    "variation_1": 0.1223,
    "ecart_type_1": 0.1544,
    "rapport_3": 2.320,
}
MOVING = "Bac pro, scolaire"
QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)


def seat_moments(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Return places, first wishes per place and the change in places over one year.

    ``now``, ``before``: one row per establishment × course and status: ``key``, ``level``,
    ``places``, ``voeux_1`` at two consecutive rentrées. Places outside 1 to 500 are left out.
    """
    now = now[now["places"].between(1, 500)]
    before = before[before["places"].between(1, 500)]
    frames = [_spread("places", now["level"], now["places"])]
    frames.append(_spread("voeux_1_par_place", now["level"], now["voeux_1"] / now["places"]))
    both = before.drop_duplicates("key").merge(now.drop_duplicates("key"), on="key")
    change = (both["places_y"] - both["places_x"]).to_numpy()
    for name, rows in both.groupby("level_x").groups.items():
        step = change[both.index.get_indexer(rows)]
        values = {
            "part_hausse": float(np.mean(step > 0)),
            "part_baisse": float(np.mean(step < 0)),
            "hausse_moyenne": float(step[step > 0].mean()) if (step > 0).any() else np.nan,
            "baisse_moyenne": float(step[step < 0].mean()) if (step < 0).any() else np.nan,
        }
        frames.append(_tidy("variation_places", name, values))
    return pd.concat(frames, ignore_index=True)


def outcome_moments(regions: pd.DataFrame) -> pd.DataFrame:
    """Return rates by level and voie, and the share of hidden cells, of regional InserJeunes rows.

    ``regions``: ``level``, ``terminale``, ``sortants``, ``en_emploi_6_mois``,
    ``en_emploi_12_mois`` (missing where hidden) and ``taux_emploi_6_mois``, ``taux_poursuite``.
    """
    frames = []
    for name, rows in regions.groupby("level"):
        known = rows.dropna(subset=["sortants"])
        leavers = known["sortants"].sum()
        values = {
            "taux_poursuite": 1 - leavers / known["terminale"].sum(),
            "taux_emploi_6_mois": known["en_emploi_6_mois"].sum() / leavers,
            "taux_emploi_12_mois": known["en_emploi_12_mois"].sum(min_count=1) / leavers,
            "part_taux_caches": rows["taux_emploi_6_mois"].isna().mean(),
            "part_poursuite_cachee": rows["taux_poursuite"].isna().mean(),
            "part_effectifs_caches": rows["sortants"].isna().mean(),
        }
        frames.append(_tidy("devenir", name, values))
        frames.append(_spread("terminale", rows["level"], rows["terminale"]))
        shown = rows["taux_emploi_6_mois"]
        frames.append(_spread("taux_emploi_6_mois", rows["level"], shown.dropna()))
    return pd.concat(frames, ignore_index=True)


def catalogue_moments(regions: pd.DataFrame) -> pd.DataFrame:
    """Return how many diplomas, rows and final-year students a regional file holds, by level.

    ``regions``: one row per region × course: ``level``, ``code`` and ``terminale``.
    """
    frames = []
    for name, rows in regions.groupby("level"):
        values = {"diplomes_distincts": float(rows["code"].nunique()), "lignes": float(len(rows))}
        values["eleves"] = float(rows["terminale"].sum())
        frames.append(_tidy("catalogue", name, values))
    return pd.concat(frames, ignore_index=True)


def dynamics(pupils: pd.DataFrame) -> dict[str, float]:
    """Return how final-year pupils of schools move: spread over one year, variance over three.

    Real series wander: a shock lasts. ``pupils``: ``uai``, ``rentree``, ``effectif``; schools of
    50 to 100 pupils on average, seen every year. Changes are logs, less the year's
    median. ``variation_1`` is their quartile range over 1.349, the standard deviation of a normal
    law without the schools that merge or split; ``ecart_type_1`` has them all, and exceeds it when
    tails are heavy. ``rapport_3`` divides the variance (from quartiles) over 3 years by that over
    one: 1 for noise around a level, 3 for a random walk.
    """
    wide = pupils.pivot_table(index="uai", columns="rentree", values="effectif", aggfunc="sum")
    wide = wide[(wide > 0).all(axis=1) & wide.mean(axis=1).between(50, 100)]
    log = np.log(wide.to_numpy(float))
    names = ("variation_1", "ecart_type_1", "rapport_3")
    if not len(wide) or wide.shape[1] < 4:
        return {"lycees": float(len(wide))} | dict.fromkeys(names, np.nan)
    one, three = (log[:, k:] - log[:, :-k] for k in (1, 3))
    one, three = (change - np.median(change, axis=0) for change in (one, three))
    spread, wider = (np.subtract(*np.quantile(c, (0.75, 0.25))) / 1.349 for c in (one, three))
    values = (float(spread), float(one.std()), float((wider / spread) ** 2))
    return {"lycees": float(len(wide))} | dict(zip(names, values, strict=True))


def dynamic_moments(lycees: pd.DataFrame) -> pd.DataFrame:
    """Return how final-year pupils of lycées move, over the last four sessions of their results.

    ``lycees``: ``uai``, ``rentree``, ``presents``; no row without four sessions.
    """
    years = np.sort(lycees["rentree"].unique())[-4:]
    rows = lycees[lycees["rentree"].isin(years)].rename(columns={"presents": "effectif"})
    found = dynamics(rows)
    return _tidy("dynamique", MOVING, found if np.isfinite(found["rapport_3"]) else {})


def published_dynamics() -> pd.DataFrame:
    """Return `REAL_DYNAMICS` as moments."""
    return _tidy("dynamique", MOVING, REAL_DYNAMICS)


def _spread(moment: str, level: pd.Series, value: pd.Series) -> pd.DataFrame:
    value = value[level.loc[value.index].notna()]
    groups = value.groupby(level.loc[value.index])
    table = groups.quantile(list(QUANTILES)).rename("value").reset_index()
    table.columns = ["level", "statistic", "value"]
    table["statistic"] = "q" + (100 * table["statistic"]).round().astype(int).astype(str)
    means = groups.mean().rename("value").reset_index().set_axis(["level", "value"], axis=1)
    table = pd.concat([table, means.assign(statistic="moyenne")], ignore_index=True)
    table.insert(0, "moment", moment)
    return table


def _tidy(moment: str, level: str, values: dict[str, float]) -> pd.DataFrame:
    table = pd.DataFrame({"statistic": list(values), "value": list(values.values())})
    return table.assign(moment=moment, level=level)[["moment", "level", "statistic", "value"]]
