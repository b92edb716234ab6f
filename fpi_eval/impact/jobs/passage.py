"""From BTS places to final-year students and jobs: what one more place at entry goes with."""

import numpy as np
import pandas as pd

from fpi_eval import regression as inference
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding
from fpi_eval.regression.absorb import Absorber, counted_rank, interaction
from fpi_eval.results import Estimate, Estimates
from fpi_eval.text import pluriel

OUTCOME = "terminale"
ACROSS, OVER_TIME = "Entre cellules", "Dans le temps"
CELL = ["code_region", "specialite"]
MINIMUM_CELLS = 30
MINIMUM_REGIONS = 5  # the fewest groups of the wild bootstrap, whose interval is given


@known_options
def passage(table: pd.DataFrame) -> Estimates:
    """Return final-year students per place, across cells and over time.

    Two readings of the same table. *Across*: the millésime whose two cohorts' places are known,
    region and course effects absorbed; a share that passes, not a causal effect. *Over time*:
    the millésimes on either side, region × course and course × millésime effects absorbed; what
    moved where places moved between the two rentrées. A reading that the table does not allow yet
    is left out; without any, the reason of the first is raised.

    Parameters
    ----------
    table : DataFrame
        As `panel.bts_passage.passage_panel` returns it.
    """
    coding.needed(table, *CELL, "millesime", OUTCOME)
    places = ["places_2018", "places_2019"]  # a folder may hold neither
    table = table.reindex(columns=table.columns.union(places, sort=False))
    across = table[table["millesime"] == "2020_2021"].assign(
        dose=lambda t: t["places_2018"] + t["places_2019"]
    )
    sides = table[table["millesime"].isin(["2019_2020", "2021_2022"])]
    sides = sides.assign(
        dose=np.where(sides["millesime"] == "2019_2020", sides["places_2018"], sides["places_2019"])
    )
    found: list[Estimate] = []
    refused: list[FpiError] = []
    for rows, effects, label in (
        (across, [["code_region"], ["specialite"]], ACROSS),
        (sides, [CELL, ["specialite", "millesime"]], OVER_TIME),
    ):
        try:
            found.append(_estimate(rows, effects, label))
        except FpiError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    return Estimates(
        tuple(found),
        note=(
            "« Entre cellules » compare des lieux qui diffèrent par bien d'autres choses que leurs "
            "places : c'est un taux de passage, non un effet. « Dans le temps » suit les places "
            "entre deux rentrées ; chaque millésime mêle deux cohortes dont une seule a des places "
            "connues, ce qui rapproche le nombre de zéro."
        ),
    )


def _estimate(frame: pd.DataFrame, effects: list[list[str]], label: str) -> Estimate:
    known = frame.dropna(subset=[OUTCOME, "dose"])
    if len(effects[0]) > 1:
        size = known.groupby(effects[0])[OUTCOME].transform("size")
        known = known[size == 2]
    if (cells := known.groupby(CELL).ngroups) < MINIMUM_CELLS:
        raise FpiError(
            f"{pluriel(cells, 'cellule')} où places et élèves de dernière année sont "
            f"connus, {MINIMUM_CELLS} au moins attendues : pas de régression. "
            "Voir le taux d'appariement."
        )
    region = known["code_region"].to_numpy()
    if (n := len(np.unique(region))) < MINIMUM_REGIONS:
        raise FpiError(
            f"{pluriel(n, 'région')}, {MINIMUM_REGIONS} au moins attendues : pas d'intervalle."
        )
    rule = inference.choose(min(n, 19))  # every region has places: all are treated
    codes = [interaction(*(known[name].to_numpy() for name in names)) for names in effects]
    absorber = Absorber(codes)
    y, x = absorber.residualize(known[[OUTCOME, "dose"]].to_numpy(float)).T
    k = 1 + counted_rank(absorber, codes, region)
    slope = float(x @ y / (x @ x))
    variance = inference.cr1(np.eye(1) / (x @ x), (x * (y - slope * x))[:, None], region, k)
    wild = inference.wild_cluster(
        y, x, np.empty((len(y), 0)), region, n_parameters=k, effects=absorber
    )
    return Estimate(
        outcome=OUTCOME,
        estimator="moindres carrés, effets absorbés",
        estimate=slope,
        std_error=float(np.sqrt(variance[0, 0])),
        ci_low=wild.ci_low,
        ci_high=wild.ci_high,
        p_value=wild.p_value,
        n_obs=len(known),
        n_cells=cells,
        n_clusters=n,
        n_treated_clusters=n,
        rule=f"{rule.name}, {n} régions",
        label=label,
        dropped=(("observation sans places ou sans effectif connu", len(frame) - len(known)),),
        description=(
            "Régression par les moindres carrés du nombre d'étudiants en dernière année sur les "
            "places offertes à l'entrée, effets fixes absorbés (Frisch, Waugh et Lovell)."
        ),
    )
