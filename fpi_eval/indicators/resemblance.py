"""The twin beside the real files: the same moments, computed by the same code on both."""

from functools import lru_cache
from pathlib import Path

import pandas as pd

from fpi_eval import twin
from fpi_eval.misspelt import known_options
from fpi_eval.panel.panels import Panels
from fpi_eval.panel.simulated_folder import simulated_folder
from fpi_eval.panel.year import Year, load
from fpi_eval.programme import Programme, shipped
from fpi_eval.twin import moments
from fpi_eval.twin.courses import drawable
from fpi_eval.twin.geography import REGIONS

TYPES = {"010": "MC", "500": "CAP", "400": "Bac pro", "320": "BTS"}  # by NIVEAU_FORMATION_DIPLOME
OVERSEAS = ("97", "98")  # first digits of the UAI of establishments that the twin does not have
SESSIONS = 4  # of exams, over which dynamics are measured
RENTREE = 2022  # the twin is calibrated on the files of that rentrée


def twin_panels(p: Panels) -> Panels:
    """Return the panels of a simulated France of the real size, at the calibration's rentrée."""
    programme = _drawn(p.donnees.programme)
    folder: Path = simulated_folder(programme, RENTREE, full=True, first=RENTREE - SESSIONS - 1)
    return load(programme, RENTREE, folder)


def _drawn(programme: Programme) -> Programme:
    """Return the programme, or the library's own where the twin does not draw its region."""
    return programme if drawable(programme) else shipped()


def moments_of(p: Panels) -> pd.DataFrame:
    """Return moment × level × statistic of seats, wishes, pupils and outcomes, and their `annee`.

    Moments: places, voeux_1_par_place, variation_places (Affelnet, two last rentrées), dynamique
    (results by lycée, four last sessions), catalogue, terminale, taux_emploi_6_mois, devenir
    (InserJeunes per region: diplomas, rows, rates and share of hidden cells). Only the regions
    that the twin simulates are counted, in either.
    """
    parts = [_seats(p)] if p.donnees.a("affelnet") else []
    parts += [_moves(p)] if p.donnees.a("resultats_lycees") else []
    parts += _outcomes(p) if p.donnees.a("inserjeunes_region") else []
    empty = pd.DataFrame(columns=["moment", "level", "statistic", "value", "annee"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def _seats(p: Panels) -> pd.DataFrame:
    """Return the moments of Affelnet's seats at its two last rentrées."""
    mef = p.donnees.nomenclatures.mef.drop_duplicates("mefstat11").set_index("mefstat11")["cfd"]
    types = p.identity.drop_duplicates("cfd").set_index("cfd")["niveau_diplome"]
    seats = p.donnees.table("affelnet").assign(
        key=lambda t: t["uai"] + t["mefstat11"],
        level=lambda t: t["mefstat11"].map(mef).map(types).map(TYPES),
    )
    seats = seats[seats["level"].notna() & ~seats["uai"].str[:2].isin(OVERSEAS)]
    years = sorted(seats["rentree"].unique())[-2:]
    before, now = (seats[seats["rentree"] == year] for year in (years[0], years[-1]))
    return moments.seat_moments(now, before).assign(annee=str(years[-1]))


def _moves(p: Panels) -> pd.DataFrame:
    """Return how final-year pupils of lycées move; without enough sessions, no row."""
    rows = p.donnees.table("resultats_lycees")
    return moments.dynamic_moments(rows[~rows["uai"].str[:2].isin(OVERSEAS)])


def _outcomes(p: Panels) -> list[pd.DataFrame]:
    """Return the moments of regional InserJeunes rows at the last millésime."""
    last = p.inserjeunes["millesime"].max()
    rows = p.inserjeunes[p.inserjeunes["millesime"] == last]
    rows = rows.assign(
        level=rows["niveau_diplome"].map(TYPES) + ", " + rows["voie"], code=rows["cfd"]
    )
    rows = rows[rows["level"].notna() & rows["code_region"].isin(list(REGIONS))]
    found = (moments.outcome_moments(rows), moments.catalogue_moments(rows))
    return [part.assign(annee=str(last).replace("_", "-")) for part in found]


def beside(real: Panels) -> pd.DataFrame:
    """Return both sets of moments in one table: moment, level, statistic, reel, jumeau.

    ``annee_reel``, ``annee_jumeau``: the rentrée or millésime of each, where it has one.
    """
    keys = ["moment", "level", "statistic"]
    own = moments_of(real)
    if "dynamique" not in set(own["moment"]):
        own = pd.concat([own, moments.published_dynamics()], ignore_index=True)
    return _named(own, "reel").merge(_named(moments_of(twin_panels(real)), "jumeau"), on=keys)


def _named(found: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return moments whose values and years are those of one source."""
    return found.rename(columns={"value": source, "annee": f"annee_{source}"})


@lru_cache(maxsize=2)
def resemblance(year: Year) -> pd.DataFrame:
    """Return the twin's moments, and the real files' beside them if there are any.

    Columns: moment, level, statistic, ``jumeau``, and ``reel`` on real files.
    """
    if year.donnees.simulees:
        return _named(moments_of(twin_panels(year)), "jumeau")
    return beside(year)


def median_gaps(found: pd.DataFrame) -> pd.Series:
    """Return how far each median of the twin is from the real one, relative to the real one."""
    middle = found[(found["statistic"] == "q50") & (found["reel"] > 0)]
    return (middle["jumeau"] / middle["reel"] - 1).abs()


@known_options
def true_effects(year: Year, outcomes: tuple[str, ...]) -> pd.DataFrame:
    """Return the true effect per seat of the delivered simulation: resultat, theta, kappa, net."""
    what = _drawn(year.programme)
    truth = twin.draw(twin.DELIVERED, what.graine, programme=what).truth
    rows = [
        {"resultat": name, **{k: truth.per_seat(name)[k] for k in ("theta", "kappa", "net")}}
        for name in outcomes
    ]
    return pd.DataFrame(rows)
