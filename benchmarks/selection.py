"""Are real sites drawn at random? What the rise of real capacities owes to demand and to growth.

    python benchmarks/selection.py DOSSIER        writes results/selection.md

Logit of a capacity that rises by `RISE` seats or more from one rentrée to the next, on the demand
of the year before (log of wishes per place, standardised by level) and on the logarithm of places;
then, by lycée, on the growth of its first-year pupils over the two years before. The twin draws
openings with the same log-odds per standard deviation (`selection_pressure`, `selection_trend`).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from provenance import code_of, record

from fpi_eval.sources.affelnet import read_affelnet
from fpi_eval.sources.parcoursup_bts import read_parcoursup_bts

TARGET = Path(__file__).parent / "results" / "selection.md"
RISE, TAILS = 6, 4  # seats; standard deviations beyond which growth counts no more
PUPILS = "effectifs/fr-en-lycee_pro-effectifs-niveau-sexe-lv.csv"
HEAD = """# Les sites réels sont-ils tirés au sort ?

Ce que la hausse d'une capacité ({rise} places ou plus d'une rentrée à la suivante) doit à la
demande de l'année d'avant, ou à la croissance du lycée : logarithme du rapport des chances par
écart-type, ± une erreur (logit, à taille égale). Zéro : tirage au sort. Code : {code}.

| fichiers | unités | part en hausse | selon | par écart-type |
|---|---|---|---|---|
"""


def logit(
    rises: pd.Series, reason: pd.Series, places: pd.Series
) -> tuple[int, float, float, float]:
    """Return units, share that rises, log-odds per unit of ``reason`` and its error."""
    x = pd.DataFrame({"constant": 1.0, "reason": reason, "size": np.log(places.clip(lower=1))})
    fit = sm.Logit(rises.astype(float), x).fit(disp=0)
    return len(rises), rises.mean(), fit.params["reason"], fit.bse["reason"]


def two_years(before: pd.DataFrame, after: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return units of both years: places and wishes before, places after."""
    sums = [t.groupby(keys)[["places", "voeux"]].sum().reset_index() for t in (before, after)]
    both = sums[0].merge(sums[1], on=keys, suffixes=("", "_apres"))
    return both[both["places"].between(6, 100)]


def by_demand(both: pd.DataFrame, level: pd.Series) -> tuple[int, float, float, float]:
    """Return the logit on demand, standardised by level."""
    demand = np.log(both["voeux"] / both["places"] + 0.05)
    groups = demand.groupby(level)
    z = (demand - groups.transform("mean")) / groups.transform("std")
    known = z.notna()
    rises = both["places_apres"] - both["places"] >= RISE
    return logit(rises[known], z[known], both.loc[known, "places"])


def by_growth(both: pd.DataFrame, pupils: Path) -> tuple[int, float, float, float]:
    """Return the logit, by lycée, on the growth of its first-year pupils from 2019 to 2021."""
    table = pd.read_csv(pupils, sep=";", encoding="utf-8-sig", usecols=[0, 5, 10])
    table = table.set_axis(["rentree", "uai", "entrants"], axis=1)
    wide = table.pivot_table(index="uai", columns="rentree", values="entrants", aggfunc="sum")
    wide = wide[(wide[[2019, 2020, 2021]] > 0).all(axis=1)]
    growth = np.log(wide[2021] / wide[2019]) / 2
    spread = np.subtract(*np.quantile(growth, (0.75, 0.25))) / 1.349
    z = ((growth - growth.median()) / spread).clip(-TAILS, TAILS)
    rises = (both["places_apres"] - both["places"] >= RISE).groupby(both["uai"]).any()
    lycees = pd.concat([rises, both.groupby("uai")["places"].sum(), z], axis=1, join="inner")
    return logit(*(lycees.iloc[:, k] for k in (0, 2, 1)))


def lines(folder: Path) -> str:
    """Return the rows of the table."""
    affelnet = [
        read_affelnet(folder / f"orion/attractivite_capacite_{year}.csv", year).table
        for year in (2021, 2022)
    ]
    lycees = two_years(
        *(t.rename(columns={"voeux_1": "voeux"}) for t in affelnet), ["uai", "mefstat11"]
    )
    bts = [
        read_parcoursup_bts(folder / f"orion/BTS_attractivite_capacite_{year}.csv", year).table
        for year in (2022, 2023)
    ]
    superieur = two_years(*bts, ["uai", "mefstat11", "voie"])
    found = {
        ("Affelnet 2021 → 2022", "vœux par place"): by_demand(lycees, lycees["mefstat11"].str[:4]),
        ("BTS 2022 → 2023", "vœux par place"): by_demand(superieur, superieur["voie"]),
        ("Affelnet 2021 → 2022, par lycée", "croissance 2019 → 2021"): by_growth(
            lycees, folder / PUPILS
        ),
    }
    text = "".join(
        f"| {files} | {n} | {100 * share:.1f} % | {reason} | {value:+.2f} ± {error:.2f} |\n"
        for (files, reason), (n, share, value, error) in found.items()
    )
    return text.replace(".", ",")


def main(folder: Path) -> None:
    """Write the table."""
    code = code_of("selection")
    record(code, "selection")
    TARGET.write_text(HEAD.format(rise=RISE, code=code) + lines(folder), encoding="utf-8")
    print(TARGET.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
