"""The twin's moments beside those of the files of a run, computed by the same code on both."""

from pathlib import Path

import pandas as pd

from fpi_eval.panel.donnees import simulated_folder
from fpi_eval.panel.panels import Panels, panels
from fpi_eval.twin import moments
from fpi_eval.twin.geography import REGIONS

DIPLOMES = {"232": "CAP", "238": "Bac pro", "322": "BTS"}
LEVELS = {"010": "MC", "500": "CAP", "400": "Bac pro", "320": "BTS"}
OVERSEAS = ("97", "98")  # first digits of the UAI of establishments that the twin does not have
RENTREE = 2022  # the twin is calibrated on the files of that rentrée


def twin_panels(p: Panels) -> Panels:
    """Return the panels of a simulated France of the real size, at the calibration's rentrée."""
    programme = p.donnees.programme
    folder: Path = simulated_folder(programme, RENTREE, full=True, first=RENTREE - 2)
    return panels(programme, RENTREE, folder)


def moments_of(p: Panels) -> pd.DataFrame:
    """Return moment × level × statistic of seats, wishes, pupils and outcomes.

    Moments: places, voeux_1_par_place, variation_places (Affelnet, two last rentrées), catalogue,
    terminale, taux_emploi_6_mois, devenir (InserJeunes per region: diplomas, rows, rates and share
    of hidden cells). Only the regions that the twin simulates are counted, in either.
    """
    seats = p.donnees.table("affelnet").assign(
        key=lambda t: t["uai"] + t["mefstat11"],
        level=lambda t: t["mefstat11"].str[:3].map(DIPLOMES),
    )
    seats = seats[seats["level"].notna() & ~seats["uai"].str[:2].isin(OVERSEAS)]
    years = sorted(seats["rentree"].unique())[-2:]
    before, now = (seats[seats["rentree"] == year] for year in (years[0], years[-1]))
    rows = p.inserjeunes[p.inserjeunes["millesime"] == p.inserjeunes["millesime"].max()]
    length = rows["cfd"].str[:3].map(LEVELS)
    rows = rows.assign(level=length + ", " + rows["voie"], code=rows["cfd"])
    rows = rows[rows["level"].notna() & rows["code_region"].isin(list(REGIONS))]
    parts = [moments.seat_moments(now, before), moments.outcome_moments(rows)]
    parts.append(moments.catalogue_moments(rows))
    return pd.concat(parts, ignore_index=True)


def beside(real: Panels) -> pd.DataFrame:
    """Return both sets of moments in one table: moment, level, statistic, reel, jumeau."""
    keys = ["moment", "level", "statistic"]
    own = moments_of(real).rename(columns={"value": "reel"})
    simulated = moments_of(twin_panels(real)).rename(columns={"value": "jumeau"})
    return own.merge(simulated, on=keys)
