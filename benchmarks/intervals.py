"""One table: how often each interval holds the truth, world by world, and where it is not 95 %.

    python benchmarks/intervals.py        writes results/intervals.md

Nothing is drawn: rows by seed of `planted`, `planted_real`, the scoreboards and `projection` are
read again. An interval at 95 % should hold 93 to 97 times in 100, a band at 80 %, 75 to 85 times.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import planted
import projection
from score_tables import WORDS

RESULTS = Path(__file__).parent / "results"
GROSS, NET = "brut", "net"
#: Interval at 95 % → truth and bounds in the rows of planted programmes.
PLANTED = {
    (GROSS, "J"): ("theta", "ci_low", "ci_high"),
    (GROSS, "étalonné"): ("theta", "cal_low", "cal_high"),
    (NET, "J"): ("net", "net_low", "net_high"),
    (NET, "étalonné"): ("net", "net_cal_low", "net_cal_high"),
}
#: What does not take a region's shocks away, which all these worlds have.
SHOCKED = "intertemporel"
SCORED = {"J, effet brut": (GROSS, "J"), "BJS2-T": (GROSS, "BJS2-T"), "J, effet net": (NET, "J"),
          SHOCKED: (GROSS, SHOCKED)}  # fmt: skip
WANTED = {"95 %": (0.93, 0.97), "80 %": (0.75, 0.85)}
HELD, NARROW, WIDE = "tenu", "**trop étroit**", "trop large"
KEYS = ["monde", "effet", "intervalle", "niveau", "violation"]


def rows(monde: str, effet: str, name: str, inside: pd.Series, broken: bool, level: str = "95 %"):
    """Return one row per draw: whether this interval held the truth."""
    same = dict(zip(KEYS, (monde, effet, name, level, broken), strict=True))
    return pd.DataFrame({"dedans": inside.astype(bool)}).assign(**same)


def of_planted() -> list[pd.DataFrame]:
    """Return the intervals of both families of worlds, plain and as readers see them."""
    kept = planted.kept()
    return [
        rows(f"{family} : {world}", *key, part[truth].between(part[low], part[high]),
             world in planted.BROKEN)
        for (family, world), part in kept.groupby(["family", "world"], sort=False)
        for key, (truth, low, high) in PLANTED.items()
    ]  # fmt: skip


def of_real() -> list[pd.DataFrame]:
    """Return the intervals of programmes planted in real results by lycée."""
    kept = pd.read_parquet(RESULTS / "planted_real.parquet")
    return [
        rows(world, effect, "J", kept[f"{kind}_{name}_truth"].between(
            kept[f"{kind}_{name}_low"], kept[f"{kind}_{name}_high"]), False)
        for kind, world in (("zero", "lycées réels, sans effet"), ("effect", "lycées réels"))
        for effect, name in ((GROSS, "gross"), (NET, "net"))
    ]  # fmt: skip


def of_scored() -> list[pd.DataFrame]:
    """Return the intervals of the scoreboards of the twin's worlds that keep their rows."""
    found = []
    for path in sorted(RESULTS.glob("scoreboard*.parquet")):
        kept, whole = pd.read_parquet(path), path.stem == "scoreboard"
        kept = kept[kept["estimator"].isin(SCORED) & kept["ci_low"].notna()]
        for (world, outcome, name), part in kept.groupby(["scenario", "outcome", "estimator"]):
            inside = part["truth"].between(part["ci_low"], part["ci_high"])
            broken = "violation" in WORDS[world] or name == SHOCKED
            family = f"jumeau{' entier' if whole else ''}, {outcome}"
            found.append(rows(f"{family} : {world}", *SCORED[name], inside, broken))
    return found


def of_projection() -> list[pd.DataFrame]:
    """Return the bands of projected programmes, all levels together."""
    kept = projection.kept()
    kept = kept[kept["niveau"] == "ensemble"]
    return [
        rows(
            f"projection : {world}",
            reading,
            "bande",
            part["dans_bande"],
            world in projection.BROKEN,
            "80 %",
        )
        for (world, reading), part in kept.groupby(["monde", "lecture"], sort=False)
    ]


def shares(draws: pd.DataFrame) -> pd.DataFrame:
    """Return coverage, its Monte Carlo error, draws, and what to think of it, by interval."""
    found = draws.groupby(KEYS, sort=False)["dedans"].agg(["mean", "count"]).reset_index()
    p, n = found["mean"], found["count"]
    found["erreur"] = np.sqrt(p * (1 - p) / n)
    low, high = (found["niveau"].map({k: v[end] for k, v in WANTED.items()}) for end in (0, 1))
    margin = 2 * np.sqrt(low.where(p < low, high) * (1 - low.where(p < low, high)) / n)
    found["lu"] = np.select(
        [p < low - margin, p < low, p > high + margin, p > high],
        [NARROW, "un peu bas, peut-être par hasard", WIDE, "un peu haut, peut-être par hasard"],
        HELD,
    )
    return found


def markdown(found: pd.DataFrame) -> str:
    """Return the table as Markdown: worlds that respect the hypotheses, then the others."""
    lines = [
        "# Les intervalles tiennent-ils leur promesse ?",
        "",
        "Relu des lignes par graine des autres tableaux (`planted`, `planted_real`, `projection` "
        "et les trois `scoreboard`), rien n'est tiré ici. ± : erreur de "
        "Monte-Carlo. Promesse : 93 à 97 % pour un intervalle à 95 %, 75 à 85 % pour une bande à "
        "80 %. « Trop étroit » ou « trop large » "
        "quand l'écart dépasse deux erreurs de Monte-Carlo au bord de la promesse. L'intervalle "
        "étalonné est celui que montre le rapport ; celui de l'effet net n'est jamais plus "
        "étroit que celui de J. L'estimateur intertemporel ne retire pas les chocs d'une région, "
        "que tous ces mondes ont : il est lu parmi les violations. Avec 300 tirages, l'erreur est "
        "de 1,3 point ; avec 40, de 3 à 8 : un seul monde n'y départage que de grands écarts.",
    ]
    for broken, title in ((False, "Mondes sans violation"), (True, "Mondes avec violation")):
        part = found[found["violation"] == broken]
        narrow, wide = ((part["lu"] == word).sum() for word in (NARROW, WIDE))
        lines += [
            "",
            f"## {title}",
            "",
            f"{len(part)} intervalles : {(part['lu'] == HELD).sum()} dans leur promesse, "
            f"{narrow} trop étroits, {wide} trop larges ; les autres en sortent, sans qu'on les "
            "distingue du hasard.",
            "",
            "| monde | effet | intervalle | promis | tirages | tient | lecture |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {r.monde} | {r.effet} | {r.intervalle} | {r.niveau} | {r.n} | "
            f"{100 * r.share:.1f} % ± {100 * r.erreur:.1f} | {r.lu} |"
            for r in part.rename(columns={"count": "n", "mean": "share"}).itertuples()
        ]
    return re.sub(r"(\d)\.(\d)", r"\1,\2", "\n".join([*lines, ""]))


def made() -> str:
    """Return the table from the rows kept."""
    draws = pd.concat([*of_planted(), *of_real(), *of_scored(), *of_projection()])
    family = draws["monde"].str.split(" : ").str[0]
    together = draws.assign(monde=family + " : **ses mondes réunis**")[family != draws["monde"]]
    return markdown(shares(pd.concat([together, draws])))


if __name__ == "__main__":
    (RESULTS / "intervals.md").write_text(made(), encoding="utf-8")
    print(made())
