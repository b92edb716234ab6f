"""Invented establishments and the courses they teach: the cells of the twin."""

import numpy as np
import pandas as pd

from fpi_eval.text import AUTRE
from fpi_eval.twin.courses import catalogue, common_weights
from fpi_eval.twin.geography import departements, uai, uai_prefix
from fpi_eval.twin.parameters import TwinParameters
from fpi_eval.twin.setting import Setting

VOIES = ("scolaire", "apprentissage")
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


def draw_sites(p: TwinParameters, setting: Setting, rng: np.random.Generator) -> pd.DataFrame:
    """Return the establishments: UAI, type, place, number of cells."""
    deps = departements()
    tables = []
    for total, here in ((p.n_cells_region, True), (p.n_cells_other, False)):
        zone = deps[deps["code_region"].isin(setting.regions) == here].reset_index(drop=True)
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


def draw_courses(
    p: TwinParameters, setting: Setting, sites: pd.DataFrame, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the site of each cell and its course: each site draws courses without replacement.

    A course is its row of the catalogue in scolaire, that row plus the size of the catalogue in
    apprentissage. An exponential race: the first ``n_cells`` arrivals of clocks that run at the
    weights are a weighted draw without replacement (Efraimidis and Spirakis, 2006).
    """
    courses = catalogue(setting)
    n, kinds = len(courses), list(MIX)
    levels = courses["diplome"].to_numpy()
    rows = [
        [mix[voie].get(level, 0.0) for level in levels]
        * common_weights(setting, voie, p.courses_taught)
        for mix in MIX.values()
        for voie in VOIES
    ]
    weights = np.array(rows, dtype=np.float32).reshape(len(kinds), 2 * n)
    families = pd.factorize(courses["famille"])[0]
    taste = np.exp(-TASTE * rng.standard_normal((len(sites), families.max() + 1), dtype=np.float32))
    regions = pd.factorize(sites["code_region"])[0]
    niche = np.where(courses["filiere"] == AUTRE, REGIONAL_TASTE, 0.0).astype(np.float32)
    niche = niche * rng.standard_normal((regions.max() + 1, n), dtype=np.float32)
    slow = np.tile(taste[:, families] * np.exp(niche)[regions], 2)
    # A course never taught there never arrives: infinite, or undefined on a draw of exactly zero.
    with np.errstate(divide="ignore", invalid="ignore"):
        slow /= weights[pd.Index(kinds).get_indexer(sites["type"])]
        slow *= rng.standard_exponential(slow.shape, dtype=np.float32)
    first = np.sort(np.partition(slow, MOST_CELLS - 1, axis=1)[:, :MOST_CELLS], axis=1)
    last = first[np.arange(len(sites)), sites["n_cells"].to_numpy() - 1]
    site, course = np.nonzero(slow <= last[:, None])
    return site, course


def draw_mergers(
    sites: pd.DataFrame, site: np.ndarray, course: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the site that each site becomes, and the rentrée of its merger (missing if none).

    About one establishment in seventy is absorbed by a neighbour that teaches none of its courses
    in the same voie, so that a cell keeps one identity.
    """
    heir, when = np.arange(len(sites)), np.full(len(sites), np.nan)
    wanted = max(2, round(len(sites) / 70))
    starts = np.searchsorted(site, np.arange(len(sites) + 1))

    def taught(one: int) -> set[int]:
        return set(course[starts[one] : starts[one + 1]].tolist())

    schools = sites[sites["type"] != "CFA"]
    groups = schools.groupby(["code_departement", "type"]).indices
    groups = [schools.index.to_numpy()[rows] for rows in groups.values() if len(rows) > 1]
    pairs: list[tuple[int, int]] = []
    for k in rng.permutation(len(groups)):
        members = rng.permutation(groups[k]).tolist()
        for a, b in zip(members[::2], members[1::2], strict=False):
            if len(pairs) < wanted and not taught(a) & taught(b):
                pairs.append((a, b))
    years = rng.choice(np.arange(2018, 2026), size=len(pairs))
    for (a, b), year in zip(pairs, years, strict=True):
        heir[b], when[b] = a, year
    return heir, when


def cell_table(
    setting: Setting,
    sites: pd.DataFrame,
    site: np.ndarray,
    course: np.ndarray,
    heir: np.ndarray,
    when: np.ndarray,
) -> pd.DataFrame:
    """Return one row per cell, under the establishment it is in today.

    After a merger the UAI goes back to 2016; the old one is kept beside it. ``cible``: a course of
    the programme's filières; ``ici``: in its region.
    """
    courses = catalogue(setting)
    home, row, apprenti = heir[site], course % len(courses), course // len(courses)
    columns = {"cell": np.arange(len(site), dtype="int64")}
    for name in sites.columns.drop(["n_cells", "population"]):
        columns[name] = sites[name].array.take(home)
    for name in courses:
        columns[name] = courses[name].array.take(row)
    columns["voie"] = pd.array(VOIES, dtype="str").take(apprenti)
    columns |= {"site": home, "course_index": row}
    columns["cible"] = (courses["filiere"] != AUTRE).to_numpy()[row]
    for name in ("uai", "etablissement"):
        columns[f"{name}_ancien"] = sites[name].array.take(site)
    columns["rentree_fusion"] = when[site]
    table = pd.DataFrame(columns)
    return table.assign(ici=table["code_region"].isin(setting.regions))
