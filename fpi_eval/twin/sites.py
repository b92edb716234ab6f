"""Invented establishments and the courses they teach: the cells of the twin."""

import numpy as np
import pandas as pd

from fpi_eval.twin.courses import catalogue
from fpi_eval.twin.geography import AURA, departements, uai, uai_prefix
from fpi_eval.twin.parameters import TwinParameters

#: Shares of the cells of an establishment by voie and level, by type of establishment.
MIX = {
    "LP": {
        "scolaire": {"mc": 0.02, "cap": 0.24, "bacpro": 0.68, "bts": 0.01},
        "apprentissage": {"mc": 0.005, "cap": 0.02, "bacpro": 0.02, "bts": 0.005},
    },
    "LPO": {
        "scolaire": {"mc": 0.015, "cap": 0.16, "bacpro": 0.56, "bts": 0.19},
        "apprentissage": {"mc": 0.005, "cap": 0.02, "bacpro": 0.02, "bts": 0.03},
    },
    "LGT": {
        "scolaire": {"bacpro": 0.02, "bts": 0.85},
        "apprentissage": {"bts": 0.13},
    },
    "CFA": {
        "scolaire": {},
        "apprentissage": {"mc": 0.07, "cap": 0.38, "bacpro": 0.25, "bts": 0.30},
    },
}
#: Spread (log) of the preference of an establishment for a family of courses, assumed.
TASTE = 1.1
#: The same of a region for a course, outside the targeted filières, which are taught everywhere.
REGIONAL_TASTE = 0.7
MOST_CELLS = 30


def draw_sites(p: TwinParameters, rng: np.random.Generator) -> pd.DataFrame:
    """Return the establishments: UAI, type, place, number of cells."""
    deps = departements()
    tables = []
    for total, here in ((p.n_cells_aura, True), (p.n_cells_other, False)):
        zone = deps[(deps["code_region"] == AURA) == here].reset_index(drop=True)
        count = max(len(zone), round(total / 8.3))
        weights = zone["population"].to_numpy() / zone["population"].sum()
        extra = rng.choice(len(zone), size=count - len(zone), p=weights)
        sites = zone.iloc[np.sort(np.r_[np.arange(len(zone)), extra])].reset_index(drop=True)
        kinds = rng.choice(["LP", "LPO", "LGT", "CFA"], size=count, p=[0.36, 0.28, 0.17, 0.19])
        size = np.select([kinds == "LGT", kinds == "LP"], [4.5, 8.0], 10.5)
        shape = np.where(kinds == "CFA", 0.7, 3.0)
        size = size * rng.gamma(shape, 1 / shape, size=count)
        sites["n_cells"] = _share_out(size, total, cap=MOST_CELLS)
        sites["type"] = kinds
        tables.append(sites)
    sites = pd.concat(tables, ignore_index=True)
    number = sites.groupby("code_departement").cumcount().to_numpy()
    prefixes = [uai_prefix(code) for code in sites["code_departement"]]
    sites["uai"] = [uai(a, 9001 + n) for a, n in zip(prefixes, number, strict=True)]
    zone = rng.choice(3, size=len(sites), p=[0.5, 0.3, 0.2]) + 1
    sites["zone"] = zone
    sites["commune"] = sites["departement"] + "-Ville " + pd.Series(zone).astype(str)
    code = sites["code_departement"].str[1:]
    sites["code_commune"] = code + "9" + pd.Series(zone).astype(str).str.zfill(2)
    first = deps.sort_values(["code_region", "code_departement"])
    rank = first.groupby("code_region").cumcount()
    rank = dict(zip(first["code_departement"], rank, strict=True))
    ze = sites["code_departement"].map(rank) * 3 + zone
    sites["zone_emploi"] = sites["code_region"] + ze.astype(str).str.zfill(2)
    label = {"LP": "Lycée professionnel", "LPO": "Lycée polyvalent", "LGT": "Lycée"}
    kind = sites["type"].map(label).fillna("Centre de formation d'apprentis")
    order = pd.Series(number + 1).astype(str)
    sites["etablissement"] = kind + " simulé " + sites["departement"] + " " + order
    return sites


def _share_out(size: np.ndarray, total: int, cap: int) -> np.ndarray:
    """Return whole numbers between 1 and ``cap`` proportional to ``size`` that add to ``total``."""
    counts = np.clip(np.round(size * total / size.sum()), 1, cap).astype(int)
    order = np.argsort(-size, kind="stable")
    while (gap := total - counts.sum()) != 0:
        room = order[(counts[order] < cap) if gap > 0 else (counts[order] > 1)]
        counts[room[: abs(gap)]] += np.sign(gap)
    return counts


def draw_cells(sites: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return one row per cell: each establishment draws courses without replacement.

    An exponential race: the first ``n_cells`` arrivals of clocks that run at the weights are a
    weighted draw without replacement (Efraimidis and Spirakis, 2006).
    """
    courses = catalogue()
    n, kinds = len(courses), list(MIX)
    voies = np.repeat(["scolaire", "apprentissage"], n)
    levels = courses["diplome"].to_numpy()
    common = {voie: courses[f"poids_{voie}"].to_numpy() for voie in ("scolaire", "apprentissage")}
    rows = [
        [
            [mix[voie].get(level, 0.0) for level in levels] * weight
            for voie, weight in common.items()
        ]
        for mix in MIX.values()
    ]
    weights = np.array(rows, dtype=np.float32).reshape(len(kinds), 2 * n)
    families = pd.factorize(courses["famille"])[0]
    taste = np.exp(-TASTE * rng.standard_normal((len(sites), families.max() + 1), dtype=np.float32))
    slow = np.tile(taste[:, families], 2)
    regions = pd.factorize(sites["code_region"])[0]
    niche = np.where(courses["filiere"] == "autre", REGIONAL_TASTE, 0.0).astype(np.float32)
    niche = niche * rng.standard_normal((regions.max() + 1, n), dtype=np.float32)
    slow *= np.tile(np.exp(niche), 2)[regions]
    with np.errstate(divide="ignore"):
        slow /= weights[sites["type"].map({kind: k for k, kind in enumerate(kinds)})]
    arrival = rng.standard_exponential(slow.shape, dtype=np.float32) * slow
    wanted = sites["n_cells"].to_numpy()
    first = np.sort(np.partition(arrival, MOST_CELLS - 1, axis=1)[:, :MOST_CELLS], axis=1)
    last = first[np.arange(len(sites)), wanted - 1]
    site, combo = np.nonzero(arrival <= last[:, None])
    kept = courses.iloc[combo % n].reset_index(drop=True)
    where = sites.iloc[site].drop(columns=["n_cells", "population"]).reset_index(drop=True)
    cells = pd.concat([where, kept], axis=1)
    cells["voie"] = voies[combo]
    cells.insert(0, "cell", np.arange(len(cells), dtype="int64"))
    cells["site"] = site
    cells["course_index"] = combo % n
    cells["cible"] = cells["filiere"].ne("autre")
    return cells


def merge_sites(cells: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the cells after a few mergers: one UAI back to 2016, the old one kept beside it.

    About one establishment in seventy is absorbed by a neighbour that teaches none of its courses
    in the same voie, so that a cell keeps one identity.
    """
    cells = cells.assign(uai_ancien=cells["uai"], etablissement_ancien=cells["etablissement"])
    cells["rentree_fusion"] = np.nan
    wanted = max(2, round(cells["site"].nunique() / 70))
    course = cells["course_index"] + 1000 * (cells["voie"] == "apprentissage")
    starts = np.searchsorted(cells["site"].to_numpy(), np.arange(cells["site"].max() + 2))
    course = course.to_numpy()

    def taught(site: int) -> set[int]:
        return set(course[starts[site] : starts[site + 1]].tolist())

    first = cells[cells["type"] != "CFA"].drop_duplicates("site").set_index("site")
    groups = first.groupby(["code_departement", "type"]).groups
    pairs: list[tuple[int, int]] = []
    keys = [key for key, members in groups.items() if len(members) > 1]
    for k in rng.permutation(len(keys)):
        members = list(rng.permutation(list(groups[keys[k]])))
        for a, b in zip(members[::2], members[1::2], strict=False):
            if len(pairs) < wanted and not taught(a) & taught(b):
                pairs.append((int(a), int(b)))
    if not pairs:
        return cells
    years = rng.choice(np.arange(2018, 2026), size=len(pairs))
    names = ["uai", "etablissement", "commune", "code_commune", "zone", "zone_emploi"]
    heir = cells["site"].map({b: a for a, b in pairs})
    gone = heir.notna()
    kept = heir[gone].astype("int64")
    when = {b: float(year) for (_, b), year in zip(pairs, years, strict=True)}
    cells.loc[gone, names] = first.loc[kept, names].to_numpy()
    cells.loc[gone, "rentree_fusion"] = cells.loc[gone, "site"].map(when)
    cells.loc[gone, "site"] = kept
    return cells
