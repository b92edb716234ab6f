"""Judge net effects, diversion ratios, programme totals, additional jobs and unit costs.

    python benchmarks/totals.py --reps 300 --workers 2 --until 18:30
    python benchmarks/totals.py --reps 100 --chain
    python benchmarks/totals.py --reps 150 --groups
    python benchmarks/totals.py --reps 150 --sites

Each simulated programme is drawn with displacement on (scenario "realistic") and off; estimates
are compared with the truth of the same draw, counted pupil by pupil. Runs are kept and resumed as
long as the code judged has not changed; the table goes to benchmarks/results/totals.md.
"""

import argparse
import os
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from provenance import code_of, record
from runner import finished, rows_of, run, today_at
from score_estimators import light_draw, truths

from fpi_eval import text
from fpi_eval.costs import unit_cost
from fpi_eval.impact.displacement.net import displacement
from fpi_eval.impact.groups.totals import OTHERS, totals
from fpi_eval.impact.jobs.bounded import bounded_employment
from fpi_eval.impact.jobs.chain import chain
from fpi_eval.impact.jobs.employed_by_site import employed_by_site
from fpi_eval.impact.jobs.graduates import scaled
from fpi_eval.panel import align
from fpi_eval.programme import load_programme
from fpi_eval.twin import REALISTIC, Truth, Twin, draw

RESULTS = Path(__file__).parent / "results"
FIRST_SEED = 80_000
COST = 22e6
OFF = replace(REALISTIC, displacement_etablissement=0.0, displacement_departement=0.0)
SCENARIOS = {"déplacement": REALISTIC, "sans déplacement": OFF}
NAMES = {
    "entrants": "entrants", "diplomes": "diplômés", "en_emploi_6_mois": "en emploi à 6 mois",
    "en_emploi_12_mois": "en emploi à 12 mois",
}  # fmt: skip
COLUMNS = ("scenario", "seed", "quantity", "estimate", "std_error", "ci_low", "ci_high",
           "outside", "truth")  # fmt: skip
RUN = ("scenario", "seed")
JOBS, MINIMUM = "en_emploi_6_mois", 20
GROUPED = ("entrants", "diplomes")
KEYS = {"Niveau": "niveau", "Filière": "filiere", "Voie": "voie", "Académie": "code_academie",
        "Département": "code_departement"}  # fmt: skip
FILIERES = load_programme("fpi_aura").mots_filieres
WORDS = text.NIVEAUX | FILIERES | text.VOIES
LINKS = {"terminale": "entrants", "diplomes": "terminale", "sortants": "terminale",
         "en_emploi_6_mois": "sortants"}  # fmt: skip
HEADER = (
    "| quantité | vérité | biais | biais (%) | écart-type | erreur annoncée | couverture à 95 % | "
    "non borné |"
)
Row = tuple[str, float, float, float, float, bool, float]


def one_run(scenario: str, seed: int, kind: str = "") -> list[tuple]:
    """Return one row per quantity for one simulated programme."""
    p = SCENARIOS[scenario]
    if kind == "groups":
        twin = draw(p, seed)
        return [(scenario, seed, *row) for o in GROUPED for row in of_groups(twin, o)]
    if kind == "sites":
        return [(scenario, seed, *row) for row in of_sites(draw(p, seed))]
    panel, truth = light_draw(p, seed, *NAMES)
    rows = [row for outcome in NAMES for row in of_outcome(panel, truth, outcome)]
    if kind == "chain":
        rows += of_chain(draw(p, seed))
    return [(scenario, seed, *row) for row in rows]


def of_outcome(panel: pd.DataFrame, truth: Truth, outcome: str) -> list[Row]:
    """Return effects per seat, diversion, totals and unit costs of one outcome, beside the truth.

    Per seat, what J aims at: courses that existed before. Totals and costs count all seats.
    """
    found, name = displacement(panel, outcome), NAMES[outcome]
    per_seat, whole = truths(panel, truth, outcome), truth.per_seat(outcome)
    seats = float(align(panel, outcome)["dose"].sum())
    effects = {
        f"{name}, brut par place": (found.own, per_seat["theta_suivies"]),
        f"{name}, déplacement par place": (found.neighbours, per_seat["kappa"]),
        f"{name}, net par place": (found.net, per_seat["net"]),
        f"{name}, total brut": (scaled(found.own, seats), whole["own"]),
        f"{name}, total net": (scaled(found.net, seats), whole["own"] + whole["displaced"]),
    }
    rows: list[Row] = [
        (label, e.estimate, e.std_error, e.ci_low, e.ci_high, False, true)
        for label, (e, true) in effects.items()
    ]
    share = found.interval
    rows.append((f"{name}, part prise aux voisins", found.diversion, np.nan, share.low, share.high,
                 share.outside, -whole["displaced"] / whole["own"]))  # fmt: skip
    total, true = effects[f"{name}, total net"]
    cost = unit_cost(name, COST, total.estimate, total.std_error, df=found.df)
    rows.append((f"coût par {name} net", cost.ratio, np.nan, cost.interval.low, cost.interval.high,
                 cost.interval.outside, COST / true))  # fmt: skip
    return rows


def of_chain(twin) -> list[Row]:
    """Return links and ends of the chain beside the true rates of the same cohorts."""
    found = chain(twin.panel, draws=499).table.set_index("outcome")
    own = twin.truth.cohorts[["seats", *found.index]].sum()
    ends = [
        (f"chaîne, {k} pour 100 places", found.loc[k, "per_100"], np.nan,
         *found.loc[k, ["low", "high"]], False, 100 * own[k] / own["seats"])
        for k in found.index
    ]  # fmt: skip
    return ends + [
        (f"chaîne, maillon {k}", found.loc[k, "link"], np.nan,
         *found.loc[k, ["link_low", "link_high"]], False, own[k] / own[parent])
        for k, parent in LINKS.items()
    ]  # fmt: skip


def of_groups(twin: Twin, outcome: str) -> list[Row]:
    """Return totals by group beside the truth, one row a group, named by its dimension.

    What neighbours lose is counted where they lose it; the smallest territories are together.
    """
    truth = twin.truth.cells[twin.truth.cells["outcome"] == outcome]
    place = twin.panel.drop_duplicates("cell").set_index("cell")
    rows: list[Row] = []
    found = totals(twin.panel, outcome, names={"filiere": FILIERES})
    for name, part in found.table.groupby("dimension", sort=False):
        column = KEYS.get(name)
        if column is None:
            continue
        of = truth["cell"].map(place[column]).replace(WORDS)
        alone = set(part["group"])
        of = of.where(of.isin(alone), OTHERS)
        sums = truth[["own", "displaced"]].groupby(of.to_numpy()).sum()
        for r in part.itertuples():
            own, gone = sums.loc[r.group]
            for kind, bounds, true in (
                ("brut", (r.gross, np.nan, r.gross_low, r.gross_high), own),
                ("net", (r.estimate, np.nan, r.ci_low, r.ci_high), own + gone),
            ):
                rows.append((f"{NAMES[outcome]} par {name.lower()}, {kind}", *bounds, False, true))
    return rows


def of_sites(twin: Twin) -> list[Row]:
    """Return additional employed as open files show them, two cohorts together, beside the truth.

    School route: by whole establishment, then by course with counts under 20 pupils hidden. A
    cohort is in two rows; its people count once.
    """
    panel = twin.panel[twin.panel["voie"] == "scolaire"]
    cells = panel.groupby("cell")
    pupils = panel["terminale"] + cells["terminale"].shift()
    known = panel[JOBS] + cells[JOBS].shift()
    masked = pupils < MINIMUM
    ends = {f"{JOBS}_bas": known.mask(masked, 0), f"{JOBS}_haut": known.mask(masked, pupils)}
    panel = panel.assign(**{JOBS: known, "terminale_2": pupils}, **ends)
    truth = twin.truth.cells
    truth = truth[(truth["outcome"] == JOBS) & truth["cell"].isin(panel["cell"])]
    own, gone = truth["own"], truth["displaced"]
    place = panel.drop_duplicates("cell").set_index("cell")["uai"]
    beside = truth["cell"].map(place).isin(panel.loc[panel["seats"] != 0, "uai"])
    followed = ~truth["cell"].isin(panel.loc[panel["nouvelle"], "cell"])
    whole = panel.dropna(subset=[JOBS]).groupby(["uai", "rentree"], as_index=False)[JOBS].sum()
    site, net = employed_by_site(panel, whole)
    bounds = bounded_employment(panel).table.iloc[0]
    middle = (bounds["low"] + bounds["high"]) / 2
    label = "en emploi à 6 mois"
    return [
        (f"{label}, établissements ouverts", site.estimate, site.std_error, site.ci_low,
         site.ci_high, False, (own + gone.where(beside, 0)).sum()),
        (f"{label}, net, établissements voisins compris", net.estimate, net.std_error, net.ci_low,
         net.ci_high, False, (own + gone).sum()),
        (f"{label}, formations, bornes et leur intervalle, brut", middle, np.nan,
         bounds["ci_low"], bounds["ci_high"], False, own[followed].sum()),
        (f"{label}, formations, bornes seules, brut", middle, np.nan, bounds["low"],
         bounds["high"], False, own[followed].sum()),
    ]  # fmt: skip


def missing_runs(store: Path, reps: int) -> list[tuple[str, int]]:
    """Return (scenario, seed) not yet done; scenarios take turns."""
    done = finished(store, RUN)
    keys = ((name, FIRST_SEED + k) for k in range(reps) for name in SCENARIOS)
    return [key for key in keys if key not in done]


def covered(runs: pd.DataFrame) -> pd.Series:
    """Return whether each interval, or the outside of it, holds the truth."""
    inside = runs["truth"].between(runs["ci_low"], runs["ci_high"])
    return inside.where(~runs["outside"].astype(bool), ~inside)


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Return bias, spread, announced error and coverage with Monte Carlo errors, by quantity.

    The bias of a ratio is that of its median: its mean may not exist.
    """
    counted = runs["quantity"].str.contains("^chaîne|, brut$|, net$")
    ratio = runs["std_error"].isna() & ~counted
    runs = runs.assign(
        error=runs["estimate"] - runs["truth"], covered=covered(runs), ratio=ratio,
        open=~np.isfinite(runs[["ci_low", "ci_high"]]).all(axis=1) | runs["outside"].astype(bool),
    )  # fmt: skip
    out = runs.groupby(["scenario", "quantity"], sort=False).agg(
        n=("seed", "size"), programmes=("seed", "nunique"), truth=("truth", "mean"),
        mean=("error", "mean"), median=("error", "median"), sd=("error", "std"),
        said=("std_error", "mean"),
        coverage=("covered", "mean"), open=("open", "mean"), ratio=("ratio", "first"),
    ).reset_index()  # fmt: skip
    out["bias"] = out["median"].where(out["ratio"], out["mean"])
    # The median of a normal sample varies by the root of pi / 2 more than its mean.
    widen = np.where(out["ratio"], np.sqrt(np.pi / 2), 1.0)
    out["bias_mc"] = widen * out["sd"] / np.sqrt(out["n"])
    out["coverage_mc"] = np.sqrt(out["coverage"] * (1 - out["coverage"]) / out["n"])
    out["said"] = out["said"] / out["sd"]
    return out


def markdown(table: pd.DataFrame, code: str) -> str:
    """Return the tables as Markdown, one a scenario."""
    lines = [
        "# Effet net, part prise aux voisins, totaux et coûts (données simulées)", "",
        "Chaque estimation est comparée à la vérité du même tirage, comptée élève par élève. Par "
        "place : formations qui existaient avant le programme ; totaux et coûts : toutes les "
        f"places. Coûts : {COST / 1e6:.0f} M€ rapportés au total net, ensemble de Fieller. "
        "± : erreur de Monte-Carlo. Biais d'un rapport : celui de sa médiane. « Erreur annoncée » "
        "est rapportée à l'écart-type des erreurs commises. « Non borné » : part des tirages où "
        "l'ensemble de Fieller n'est pas un segment. Objectif : couverture de 93 à 97 %.", "",
        f"- Graines : à partir de {FIRST_SEED}", f"- Code jugé : empreinte {code}", "",
    ]  # fmt: skip
    for scenario, rows in table.groupby("scenario", sort=False):
        programmes = int(rows["programmes"].max())
        lines += [f"## {scenario} · {programmes} programmes", ""]
        lines += [HEADER, "|---|---|---|---|---|---|---|---|"]
        lines += [_line(r) for r in rows.itertuples()] + [""]
    return re.sub(r"(\d)\.(\d)", r"\1,\2", "\n".join(lines))


def _line(r) -> str:
    digits = 0 if abs(r.truth) >= 100 else 1 if "100 places" in r.quantity else 3
    share = f"{100 * r.bias / r.truth:+.1f} %" if abs(r.truth) > 1e-9 else "—"
    said = f"{r.said:.2f}" if np.isfinite(r.said) else "—"
    if "bornes" in r.quantity:  # their middle is no estimate
        return (
            f"| {r.quantity} | {r.truth:.{digits}f} | — | — | — | — | "
            f"{100 * r.coverage:.1f} % ± {100 * r.coverage_mc:.1f} | {100 * r.open:.0f} % |"
        )
    return (
        f"| {r.quantity} | {r.truth:.{digits}f} | {r.bias:+.{digits}f} ± {r.bias_mc:.{digits}f} | "
        f"{share} | {r.sd:.{digits}f} | {said} | "
        f"{100 * r.coverage:.1f} % ± {100 * r.coverage_mc:.1f} | {100 * r.open:.0f} % |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reps", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--until", help="heure d'arrêt, HH:MM")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--chain",
        dest="kind",
        action="store_const",
        const="chain",
        default="",
        help="juge aussi la chaîne, plus lente",
    )
    kinds.add_argument(
        "--groups",
        dest="kind",
        action="store_const",
        const="groups",
        help="juge les totaux par niveau, filière, voie et territoire",
    )
    kinds.add_argument(
        "--sites", dest="kind", action="store_const", const="sites",
        help="juge l'emploi par établissement, et par formation entre deux bornes",
    )  # fmt: skip
    parser.add_argument("--table", action="store_true", help="écrit le tableau sans rien tirer")
    args = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    code = code_of("totals")
    name = f"totals_{args.kind}" if args.kind else "totals"
    store = RESULTS / f"{name}_{code}.csv"
    todo = [] if args.table else missing_runs(store, args.reps)
    if todo:
        compute = partial(one_run, kind=args.kind)
        run(store, todo, compute, COLUMNS, args.workers, until=today_at(args.until))
    rows = rows_of(store, RESULTS / f"{name}.parquet", RUN, code=code)
    rows.to_parquet(RESULTS / f"{name}.parquet", index=False)
    record(code, "totals")
    table = markdown(summarise(rows), ", ".join(rows["code"].unique()))
    (RESULTS / f"{name}.md").write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
