"""Effect per seat on people at work in the region's industry: bias, coverage, smallest seen.

Draws twins, counts their records (aggregated: `tests/test_records.py` proves that counting the
files gives these counts exactly) and compares J with each draw's truth, with and without
displacement. Run: ``python benchmarks/records_effects.py --minutes 20 avec``, then ``--bilan``.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from score_estimators import truths

from fpi_eval import impact, twin
from fpi_eval.impact.jobs.detectability import from_jobs
from fpi_eval.impact.jobs.exposure import exposure_panel
from fpi_eval.panel.secteurs import read_secteurs
from fpi_eval.programme import load_programme

RESULTS = Path(__file__).parent / "results"
LAST_SEATS = 2026
OUTCOME = "en_emploi_industrie_region_6"
BASE = replace(twin.DEFAULT, n_cells_region=1_500, n_cells_other=4_500)
SCENARIOS = {
    "sans": BASE,
    "avec": replace(BASE, displacement_etablissement=0.15, displacement_departement=0.15),
}
AIMS = {"Effet brut par place": "theta_suivies", "Déplacement par place": "kappa",
        "Effet net par place": "net"}  # fmt: skip


def draw(scenario: str, seed: int) -> list[dict]:
    """Return a row per label: estimate, interval, truth."""
    made = twin.draw(SCENARIOS[scenario], seed)
    panel = near(twin.with_industry(made))
    aims = truths(panel, made.truth, "industrie")
    found = impact.j(panel, OUTCOME).to_frame()
    return [
        {"scenario": scenario, "graine": seed, "effet": row.label, "estime": row.estimate,
         "erreur": row.std_error, "bas": row.ci_low, "haut": row.ci_high,
         "verite": aims[AIMS[row.label]], "places": made.truth.per_seat("industrie")["seats"]}
        for row in found.itertuples()
    ]  # fmt: skip


def near(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that J reads: targeted, or beside an opening."""
    moved = panel[panel["seats"] != 0]
    zone = panel["code_departement"] + panel["famille"]
    kept = (panel["filiere"] != "autre") | panel["uai"].isin(moved["uai"])
    return panel[kept | zone.isin(zone[moved.index])].reset_index(drop=True)


def report(rows: pd.DataFrame) -> pd.DataFrame:
    """Return bias and coverage with their Monte Carlo errors, and the smallest effect seen."""
    out = []
    for (scenario, label), runs in rows.groupby(["scenario", "effet"], sort=False):
        n, error = len(runs), runs["estime"] - runs["verite"]
        covered = ((runs["bas"] <= runs["verite"]) & (runs["verite"] <= runs["haut"])).mean()
        smallest = (stats.norm.ppf(0.975) + stats.norm.ppf(0.80)) * error.std()
        out.append({
            "scenario": scenario, "effet": label, "tirages": n, "verite": runs["verite"].mean(),
            "biais": error.mean(), "erreur_mc_biais": error.std() / np.sqrt(n),
            "couverture": covered, "erreur_mc_couverture": np.sqrt(covered * (1 - covered) / n),
            "ecart_type": error.std(), "erreur_moyenne": runs["erreur"].mean(),
            "plus_petit_effet": smallest,
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
    parser.add_argument("scenario", nargs="?", choices=SCENARIOS)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--tirages", type=int, default=300)
    parser.add_argument("--bilan", action="store_true")
    parser.add_argument("--zones", action="store_true")
    asked = parser.parse_args()
    if asked.zones:
        print(zones().round(2).to_string(index=False))
        return
    if asked.bilan:
        files = sorted(RESULTS.glob("records_effects_*.csv"))
        table = report(pd.concat([pd.read_csv(f, sep=";") for f in files], ignore_index=True))
        print(table.round(4).to_string(index=False))
        return
    path, start = RESULTS / f"records_effects_{asked.scenario}.csv", time.monotonic()
    done = len(pd.read_csv(path, sep=";")) // len(AIMS) if path.is_file() else 0
    for seed in range(done, asked.tirages):
        if time.monotonic() - start > 60 * asked.minutes:
            break
        rows = pd.DataFrame(draw(asked.scenario, seed))
        rows.to_csv(path, sep=";", index=False, mode="a", header=not path.is_file())


if __name__ == "__main__":
    main()
