"""Fake programmes planted in real results by lycée, 2012 to 2017: how often J finds one by mistake.

Nothing opened in these years for the programme: a region, its lycées, their fields and years of
opening are drawn, half of the time with chances that grow with size and with the last change. J, as
the report computes it, should reject "no effect" 5 times in 100, and hold an effect of .5 pupil per
seat, added as whole pupils, 95 times in 100.

    nice -n 10 python benchmarks/planted_real.py FOLDER --reps 200 --until 18:30
"""

import argparse
import os
import re
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from provenance import code_of, record
from runner import by_seed, today_at

from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.j import j
from fpi_eval.sources.resultats_lycees import read_resultats_lycees

RESULTS = Path(__file__).parent / "results"
STORE = RESULTS / "planted_real.parquet"
FILE = "fr-en-indicateurs-de-resultat-des-lycees-denseignement-professionnels.csv"
FIELDS = ("production", "services")
FIRST_SEED, SITES, EFFECT = 360_000, 40, 0.5
WAVES, SHARES, DOSES = (2013, 2014), (0.6, 0.4), (6, 12, 15, 24)
TITLE = "# Programmes plantés dans les résultats réels par lycée, 2012 à 2017"


def real_panel(path: Path) -> pd.DataFrame:
    """Return lycées × field × rentrée: candidates who sat the exam, every year of the file."""
    table = read_resultats_lycees(path).table
    table = table.drop_duplicates(["uai", "rentree"])
    long = table.melt(
        ["uai", "rentree", "code_commune", "code_region"],
        [f"presents_{f}" for f in FIELDS],
        "course",
        "terminale",
    )
    long["cell"] = long["uai"] + long["course"]
    known = long["terminale"].gt(0).groupby(long["cell"]).transform("sum")
    long = long[(known == long["rentree"].nunique()) & long["code_region"].str.len().eq(2)]
    commune = long["code_commune"]
    return long.assign(
        code_departement=np.where(commune.str.startswith("97"), commune.str[:3], commune.str[:2]),
        code_academie=long["code_region"], famille=long["course"], filiere="visée", duree=1,
        niveau="secondaire", voie="scolaire", nouvelle=False, seats=0.0, autres_places=0.0,
        entrants=long["terminale"].astype(float), terminale=long["terminale"].astype(float),
    ).sort_values(["cell", "rentree"], ignore_index=True)  # fmt: skip


def fake(panel: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, str]:
    """Return the panel with seats that never opened, and the way their sites were drawn."""
    rng = np.random.default_rng(seed)
    sizes = panel.groupby("code_region")["uai"].nunique()
    able = sizes.index[sizes >= 2 * SITES].to_numpy()
    cells = panel[panel["code_region"] == rng.choice(able)].pivot_table(
        index=["uai", "cell"], columns="rentree", values="terminale"
    )
    how = ("au hasard", "selon taille et évolution")[seed % 2]
    before = np.log(cells.loc[:, : WAVES[0] - 1])
    known = np.column_stack([before.mean(axis=1), before.iloc[:, -1] - before.iloc[:, 0]])
    score = ((known - known.mean(axis=0)) / known.std(axis=0)).sum(axis=1) * 0.5 * (seed % 2)
    order = cells.index[np.argsort(-(score + rng.gumbel(size=len(cells))), kind="stable")]
    chosen = order[~order.get_level_values("uai").duplicated()][:SITES]
    wave, dose = rng.choice(WAVES, SITES, p=SHARES), rng.choice(DOSES, SITES)
    facts = pd.DataFrame({"wave": wave, "dose": dose}, index=chosen.get_level_values("cell"))
    mine = facts.reindex(panel["cell"])
    on = panel["rentree"].to_numpy() >= mine["wave"].fillna(9_999).to_numpy()
    return panel.assign(seats=np.where(on, mine["dose"].fillna(0.0), 0.0)), how


def one(panel: pd.DataFrame, seed: int) -> dict:
    """Return what J finds of one fake programme, without and with its effect."""
    planted, how = fake(panel, seed)
    there = np.random.default_rng([seed, 1]).binomial(planted["seats"].astype(int), EFFECT)
    row = {"seed": seed, "sites": how}
    for name, more in (("zero", 0), ("effect", there)):
        found = j(planted.assign(terminale=planted["terminale"] + more), "terminale")
        truth = float(np.sum(more) / planted["seats"].sum())
        for label, short in ((GROSS, "gross"), (NET, "net")):
            e = found[label]
            row |= {f"{name}_{short}_truth": truth, f"{name}_{short}": e.estimate,
                    f"{name}_{short}_low": e.ci_low, f"{name}_{short}_high": e.ci_high}  # fmt: skip
    return row


def markdown(runs: pd.DataFrame) -> str:
    """Return the table of rejections and coverage."""
    lines = [
        TITLE, "",
        f"{len(runs)} programmes, {SITES} lycées chacun, graines à partir de {FIRST_SEED} ; "
        "± : erreur de Monte-Carlo. Les programmes partagent lycées et années : leurs erreurs ne "
        "sont pas indépendantes, l'erreur vraie est plus grande. Code : "
        + ", ".join(sorted(runs["code"].unique())) + ".",
        "",
        "| sites | n | effet | sans effet, trouvé | biais | effet planté, tenu |", "|" + "---|" * 6,
    ]  # fmt: skip
    for name, r in [("tous", runs), *runs.groupby("sites")]:
        for label, short in (("brut", "gross"), ("net", "net")):
            held = {}
            for kind in ("zero", "effect"):
                held[kind] = r[f"{kind}_{short}_truth"].between(
                    r[f"{kind}_{short}_low"], r[f"{kind}_{short}_high"]
                )
            error = r[f"zero_{short}"]
            bias = f"{error.mean():+.3f} ± {error.std() / np.sqrt(len(r)):.3f}"
            cells = (name, str(len(r)), label, share(~held["zero"]), bias, share(held["effect"]))
            lines.append("| " + " | ".join(cells) + " |")
    return re.sub(r"(\d)\.(\d)", r"\1,\2", "\n".join([*lines, "", bias_said(runs), ""]))


def bias_said(runs: pd.DataFrame) -> str:
    """Return in words what J finds on average where nothing opened."""
    brut, net = runs["zero_gross"], runs["zero_net"]
    return (
        "Où rien n'a ouvert, J trouve en moyenne "
        f"{brut.mean():+.2f} élève par place (effet brut) et {net.mean():+.2f} (effet net). "
        f"L'écart-type d'une estimation est de {brut.std():.2f} et de {net.std():.2f} : "
        "l'intervalle tient malgré ce biais, mais un effet net de cet ordre ne se distingue de "
        "rien dans ces fichiers, qui suivent un lycée et non une formation."
    )


def share(flag: pd.Series) -> str:
    """Return a share with its Monte Carlo error."""
    p = float(flag.mean())
    return f"{100 * p:.1f} % ± {100 * np.sqrt(p * (1 - p) / len(flag)):.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reps", type=int, default=200)
    parser.add_argument("--until", help="heure d'arrêt, HH:MM")
    args = parser.parse_args()
    if not (args.folder / FILE).exists():
        raise FpiError(f"{args.folder / FILE} : fichier absent. Récupérez les résultats réels.")
    panel, code = real_panel(args.folder / FILE), code_of("planted_real")
    record(code, "planted_real")
    seeds = range(FIRST_SEED, FIRST_SEED + args.reps)
    runs = by_seed(STORE, code, seeds, lambda seed: [one(panel, seed)], today_at(args.until))
    (RESULTS / "planted_real.md").write_text(markdown(runs), encoding="utf-8")
    print(markdown(runs))


if __name__ == "__main__":
    main()
