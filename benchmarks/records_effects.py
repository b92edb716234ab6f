"""Effect per seat on people at work in the region's industry: bias, coverage, smallest seen.

Draws twins, counts their records (aggregated: `tests/test_records.py` proves that counting the
files gives these counts exactly) and compares J with each draw's truth, with and without
displacement. Run: ``python benchmarks/records_effects.py --tirages 200``, then ``--bilan``.
``--egal`` judges the effects at equal composition likewise, also where courses that have more women
grow and open more often.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from provenance import code_of, record
from runner import by_seed, today_at
from scipy import stats
from score_estimators import truths

from fpi_eval import impact, twin
from fpi_eval.impact.jobs.detectability import from_jobs
from fpi_eval.impact.jobs.exposure import exposure_panel
from fpi_eval.panel.secteurs import read_secteurs
from fpi_eval.programme import load_programme
from fpi_eval.records import INDUSTRY_JOBS

STORE = Path(__file__).parent / "results" / "records_runs.parquet"
EQUAL = STORE.with_name("records_equal.parquet")
FIRST_SEED = 7_000  # seeds 0 to 299 showed what the reach now mends
LAST_SEATS = 2026
BASE = replace(twin.DEFAULT, n_cells_region=1_500, n_cells_other=4_500)
SCENARIOS = {
    "sans": BASE,
    "avec": replace(BASE, displacement_etablissement=0.15, displacement_departement=0.15),
}
AIMS = {"Effet brut par place": "theta_suivies", "Déplacement par place": "kappa",
        "Effet net par place": "net"}  # fmt: skip


#: Share of women of a course, in log odds: mean, spread, more where seats open; then the yearly
#: chance that a woman of before means someone more in industry, seats or not.
SHARE, SPREAD, SELECTED, DRIFT = -0.85, 0.8, 0.8, 0.01
WORLDS = {"sans": ("sans", False), "avec": ("avec", False), "composition": ("sans", True)}


def draw(scenario: str, seed: int) -> list[dict]:
    """Return a row per label: estimate, interval, truth."""
    made = twin.draw(SCENARIOS[scenario], seed)
    panel = near(twin.with_industry(made))
    aims = truths(panel, made.truth, "industrie")
    found = impact.j(panel, INDUSTRY_JOBS).to_frame()
    return [
        {"scenario": scenario, "seed": seed, "effet": row.label, "estime": row.estimate,
         "erreur": row.std_error, "bas": row.ci_low, "haut": row.ci_high,
         "verite": aims[AIMS[row.label]], "places": made.truth.per_seat("industrie")["seats"]}
        for row in found.itertuples()
    ]  # fmt: skip


def equal(world: str, seed: int) -> list[dict]:
    """Return a row per effect at equal composition, and without."""
    scenario, selected = WORLDS[world]
    made = twin.draw(SCENARIOS[scenario], seed)
    panel = near(twin.with_industry(made))
    aim = truths(panel, made.truth, "industrie")["theta_suivies"]
    found = impact.adjusted(women(panel, seed, selected), INDUSTRY_JOBS, ["femmes"]).to_frame()
    return [
        {"scenario": world, "seed": seed, "effet": row.label, "estime": row.estimate,
         "erreur": row.std_error, "bas": row.ci_low, "haut": row.ci_high, "verite": aim}
        for row in found.itertuples()
    ]  # fmt: skip


def women(panel: pd.DataFrame, seed: int, selected: bool) -> pd.DataFrame:
    """Return the panel with women among final-year students; growth with their share if asked."""
    rng, (cell, names) = np.random.default_rng([seed, 19]), pd.factorize(panel["cell"])
    opens = np.isin(names, panel.loc[panel["seats"] > 0, "cell"])
    odds = SHARE + SPREAD * rng.normal(size=len(names)) + SELECTED * (selected & opens)
    share = (1 / (1 + np.exp(-odds)))[cell]
    known = panel["terminale"].notna()
    some = rng.binomial(panel["terminale"].fillna(0).astype(int), share)
    out = panel.assign(terminale_femmes=np.where(known, some, np.nan))
    if selected:
        before = panel["terminale"].where(panel["rentree"] < 2022).groupby(cell).transform("mean")
        chance = np.clip(DRIFT * share * (panel["rentree"] - panel["rentree"].min()), 0, 1)
        out[INDUSTRY_JOBS] += rng.binomial(before.fillna(0).round().astype(int), chance)
    return out


def near(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that J reads: targeted, or beside an opening."""
    moved = panel[panel["seats"] != 0]
    zone = panel["code_departement"] + panel["famille"]
    kept = (panel["filiere"] != "autre") | panel["uai"].isin(moved["uai"])
    return panel[kept | zone.isin(zone[moved.index])].reset_index(drop=True)


def report(rows: pd.DataFrame) -> pd.DataFrame:
    """Return bias and coverage with their Monte Carlo errors, and the smallest effect seen.

    ``couverture`` is of each draw's own truth, ``couverture_attendue`` of its mean over draws: who
    among those brought finds a job is drawn too, and errors by clusters count it (the effect on
    these very people is known better than they say: Neyman 1923, Abadie and others 2020).
    """
    out = []
    for (scenario, label), runs in rows.groupby(["scenario", "effet"], sort=False):
        n, error = len(runs), runs["estime"] - runs["verite"]
        covered, expected = (
            ((runs["bas"] <= aim) & (aim <= runs["haut"])).mean()
            for aim in (runs["verite"], runs["verite"].mean())
        )
        out.append({
            "scenario": scenario, "effet": label, "tirages": n, "verite": runs["verite"].mean(),
            "biais": error.mean(), "erreur_mc_biais": error.std() / np.sqrt(n),
            "couverture": covered, "couverture_attendue": expected,
            "erreur_mc_couverture": np.sqrt(expected * (1 - expected) / n),
            "ecart_type": error.std(), "ecart_type_verite": runs["verite"].std(),
            "ecart_type_estime": runs["estime"].std(), "erreur_moyenne": runs["erreur"].mean(),
            "plus_petit_effet": (stats.norm.ppf(0.975) + stats.norm.ppf(0.80)) * error.std(),
        })  # fmt: skip
    return pd.DataFrame(out)


def zones(seed: int = 0, *, before: int = 2023, years: int = 8) -> pd.DataFrame:
    """Return the smallest effect on jobs that regions, then zones × sectors, could see."""
    made = twin.draw(SCENARIOS["avec"], seed)
    jobs = made.jobs.rename(
        columns={"zone_emploi": "code_zone", "na38": "secteur", "effectifs": "emplois"}
    )
    jobs = jobs[jobs["secteur"] < "FZ"].assign(emplois=jobs["emplois"] - jobs["effet"])
    opened = made.panel[(made.panel["seats"] > 0) & (made.panel["rentree"] == LAST_SEATS)]
    cells = made.cells.set_index("cell")
    seats = opened.assign(code_zone=cells["zone_emploi"].reindex(opened["cell"]).to_numpy())
    total = seats.groupby("course")["seats"].transform("sum")
    mix = seats.assign(part=seats["seats"] / total)[["code_zone", "course", "filiere", "part"]]
    exposure = exposure_panel(
        jobs, mix, seats.groupby("course")["seats"].sum(),
        read_secteurs(load_programme()), start=before - 1, end=before,
    )  # fmt: skip
    region = made.panel.loc[made.panel["seats"] > 0, "code_region"].iloc[0]
    found = from_jobs(jobs, region, graduates=float(seats["seats"].sum()), before=before,
                      years=years, exposure=exposure)  # fmt: skip
    return found.to_frame().assign(personnes=made.truth.per_seat("industrie")["own"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tirages", type=int, default=200)
    parser.add_argument("--bilan", action="store_true")
    parser.add_argument("--egal", action="store_true")
    parser.add_argument("--until", help="heure d'arrêt, HH:MM")
    parser.add_argument("--zones", action="store_true")
    asked = parser.parse_args()
    if asked.zones:
        print(zones().round(2).to_string(index=False))
        return
    one, names, store = (equal, WORLDS, EQUAL) if asked.egal else (draw, SCENARIOS, STORE)
    if not asked.bilan:
        code = code_of("records_effects")
        record(code, "records_effects")
        by_seed(
            store, code, range(FIRST_SEED, FIRST_SEED + asked.tirages),
            lambda seed: [row for name in names for row in one(name, seed)],
            today_at(asked.until),
        )  # fmt: skip
    kept = pd.read_parquet(store)
    print(*kept["code"].unique(), report(kept).round(4).T.to_string(), sep="\n")


if __name__ == "__main__":
    main()
