"""Could an effect on a year's jobs be seen: with the seats opened so far, with the last target."""

import pandas as pd

from fpi_eval import text
from fpi_eval.absent import attempt
from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs.detectability import Detectability, from_jobs, from_reference
from fpi_eval.impact.jobs.exposure import (
    Exposure,
    ExposureEstimate,
    exposure_panel,
    exposure_regression,
)
from fpi_eval.indicators import deploiement
from fpi_eval.misspelt import known_options
from fpi_eval.panel import emplois
from fpi_eval.panel.areas import zones_of
from fpi_eval.panel.year import Year
from fpi_eval.sources.naf import industry


@known_options
def detectable_effects(year: Year) -> dict[str, Detectability]:
    """Return detectability with the seats opened so far, and if the last target were reached."""
    programme = year.programme
    target = max(programme.cibles, key=lambda c: (c.echeance, c.personnes))
    years = max(target.echeance - programme.rentree_debut, 1)
    found = {}
    opened = deploiement.avancement(year).set_index("code")["realise"].get(target.code, 0.0)
    if opened:
        age = max(year.rentree - programme.rentree_debut + 1, 1)
        found["Entrées offertes à ce jour"] = _detectability(year, float(opened), age)
    label = f"Cible {target.echeance} ({text.nombre(target.personnes)} personnes)"
    found[label] = _detectability(year, float(target.personnes), years)
    return found


def _detectability(year: Year, graduates: float, years: int) -> Detectability:
    """Return detectability on the Urssaf file, or on the reference figures without it."""
    what = year.programme
    known = emplois.reference(what)["valeur"]
    plausible = known["emplois_par_diplome"]
    if not year.jobs.empty:
        fed = year.jobs[industry(year.jobs["secteur"])]
        before = min(year.programme.rentree_debut - 1, int(fed["annee"].max()))
        try:
            return from_jobs(
                what.territoire.joined(fed),
                what.territoire.code_region,
                graduates=graduates,
                before=before,
                years=years,
                plausible=plausible,
                exposure=attempt(_zones, year, graduates, before) or None,
            )
        except FpiError:
            pass  # too few years before the programme: the reference figures answer
    if "emploi_industriel" not in known:
        raise FpiError(
            f"ni le fichier de l'Urssaf ni {emplois.OWN}, dans le dossier du programme, ne donnent "
            "l'emploi industriel de la région (ligne « emploi_industriel »)."
        )
    return from_reference(
        known["emploi_industriel"],
        known["ecart_type_croissance"],
        graduates=graduates,
        years=years,
        n_regions=int(known["regions"]),
        plausible=plausible,
    )


def _zones(year: Year, graduates: float, before: int) -> Exposure | None:
    """Return the exposure of zones × sectors to so many graduates, where seats were opened."""
    seats = emplois.places_par_zone(year)
    if seats.empty or not {before - 1, before} <= set(year.jobs["annee"]):
        return None
    scaled = seats.assign(places=seats["places"] * graduates / seats["places"].sum())
    return _exposed(year, scaled, before - 1, before)


def _exposed(year: Year, seats: pd.DataFrame, start: int, end: int) -> Exposure:
    """Return the exposure of zones × sectors to the people of these seats, each in its zone."""
    shocks = seats.groupby("course")["places"].sum()
    mix = seats.assign(part=seats["places"] / seats["course"].map(shocks))
    jobs = year.programme.territoire.joined(year.jobs)
    return exposure_panel(jobs, mix, shocks, year.secteurs, start=start, end=end)


@known_options
def exposed_jobs(year: Year) -> ExposureEstimate:
    """Return jobs per person who has left an opened seat, from before any left to the last year.

    Zones d'emploi × sectors of every region; each class of each opened seat counts for one.
    """
    known = year.jobs["annee"]
    if known.empty:
        raise FpiError(emplois.NO_JOBS)
    last, before = int(known.max()), year.programme.rentree_debut - 1
    seats = emplois.places_par_zone(year, left_by=last)
    if seats.empty:
        raise FpiError(
            f"à la dernière date des emplois ({last}), personne n'est encore sorti des places "
            f"{text.de(year.programme.nom)}."
        )
    taught = _taught(year, seats, before)
    instrument = None if taught.empty else _exposed(year, taught, before, last)
    return exposure_regression(_exposed(year, seats, before, last), instrument)


def _taught(year: Year, seats: pd.DataFrame, before: int) -> pd.DataFrame:
    """Return the same seats of each course where its final-year pupils of the region were."""
    try:
        zones = zones_of(year)
    except FpiError:  # no file names the commune of establishments
        return pd.DataFrame()
    cells = year.cells
    here = year.programme.territoire.ici(cells["code_region"]) & (cells["rentree"] <= before)
    pupils = cells[here].assign(code_zone=cells["uai"].map(zones))
    known = pupils.groupby(["course", "code_zone"])["terminale"].sum().rename("pupils")
    course = year.identity.drop_duplicates("cfd").set_index("cfd")["course"]
    seats = seats.assign(course=seats["course"].map(course).fillna(seats["course"]))
    total = seats.groupby(["course", "filiere"], as_index=False)["places"].sum()
    rows = total.merge(known[known > 0].reset_index(), on="course")
    part = rows["pupils"] / rows.groupby("course")["pupils"].transform("sum")
    return rows.assign(places=rows["places"] * part).drop(columns="pupils")
