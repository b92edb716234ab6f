"""Additional employed leavers by whole establishment, where courses are too small to be shown."""

import numpy as np
import pandas as pd

from fpi_eval.calendar import employed
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import as_panel
from fpi_eval.impact.frame import DEP, EXPOSURES, SEATS, reach
from fpi_eval.impact.j import combination, design
from fpi_eval.impact.jobs.graduates import MIXTURE, scaled, seat_exits, two_cohorts
from fpi_eval.impact.uncertainty import CR3, answers
from fpi_eval.misspelt import known_options
from fpi_eval.panel import align, coding
from fpi_eval.panel.sample import Sample
from fpi_eval.regression import linear
from fpi_eval.regression.absorb import interaction
from fpi_eval.results import Estimates

SITE = "Effet par place, tout l'établissement"
NET = "Effet net par place, établissements voisins compris"
FEWEST = 5  # opened establishments under which their own effect is not told from chance
DESCRIPTION = (
    "Régression par doubles moindres carrés du nombre de sortants en emploi de chaque "
    "établissement, toutes formations, sur ses places ouvertes (instrumentées par le fait d'en "
    "avoir ouvert) et sur celles ouvertes ailleurs dans le département et la famille, deux "
    "cohortes par millésime, avec effets fixes d'établissement et de région × session (Angrist et "
    "Imbens, 1995). Ce que perdent les formations voisines de l'établissement y est déjà déduit."
)


@known_options
def employed_by_site(panel: pd.DataFrame, sites: pd.DataFrame, horizon: int = 6) -> Estimates:
    """Return additional employed in opened establishments, then net of the others' losses, in all.

    Parameters
    ----------
    panel : DataFrame
        Cell panel: seats, lengths of courses, sizes before.
    sites : DataFrame
        uai, rentree, ``en_emploi_{horizon}_mois`` of two cohorts of pupils
        (`panel.emploi_etablissements`).
    horizon : {6, 12, 18, 24}
        Months after leaving.

    Raises
    ------
    FpiError
        Unknown horizon, or fewer than `FEWEST` opened establishments with published leavers.
    """
    name = employed(horizon)
    coding.needed(sites, "uai", "rentree", name)
    coding.needed(panel, "voie")
    frame = _by_site(as_panel(panel), sites, name)
    opened = frame.loc[frame["dose"] != 0, "uai"].nunique()
    if opened < FEWEST:
        raise FpiError(
            "trop peu d'établissements ouverts ont leurs sortants publiés deux millésimes de "
            f"suite ({opened}, il en faut {FEWEST})."
        )
    n, seats = frame["size"].to_numpy(float), seat_exits(frame)
    names, x, z = design(frame, {DEP: EXPOSURES[DEP]})
    fit = linear.fit(
        frame["y"].to_numpy() / n,
        x,
        [frame["cell"].to_numpy(), interaction(frame["code_region"], frame["time"])],
        names=names,
        instruments=z,
        weights=n,
    )
    fit.position(SEATS)
    used = frame[fit.keep]
    psi = [fit.jackknife(used[c].to_numpy()) for c in ("uai", "code_departement")]
    (near,) = reach(frame, np.ones(len(frame), bool), (1.0,), (EXPOSURES[DEP],))
    found = answers(
        used,
        fit.coefficients,
        psi,
        {label: combination(fit, (1.0, 0.0, moved)) for label, moved in ((SITE, 0.0), (NET, near))},
        estimator="Établissements",
        kind=CR3,
        dropped=frame.dropped + fit.dropped,
        description=DESCRIPTION,
    )
    return Estimates(tuple(scaled(one, seats) for one in found))


def _by_site(panel: pd.DataFrame, sites: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return one row per establishment × rentrée: outcome of the file, seats of its cells.

    Cells are summed before cohorts are: those of one that opens or closes meanwhile are seen too.
    """
    pupils = panel[panel["voie"] == "scolaire"].assign(**{name: 0.0})
    cells = align(pupils, name)
    facts = {c: (c, "first") for c in ("code_departement", "code_region")}
    facts |= {c: (c, "sum") for c in (*MIXTURE, "size")} | {"cells": ("size", "size")}
    rows = cells.groupby(["uai", "time"], as_index=False, observed=True).agg(**facts)
    every = pupils.groupby(["uai", "rentree"], observed=True).size()
    each = pd.MultiIndex.from_frame(rows[["uai", "time"]])
    rows = rows[rows["cells"].to_numpy() == every.reindex(each).to_numpy()]  # all seats known
    rows = two_cohorts(cells.of(rows.assign(cell=rows["uai"]))).frame
    coding.once(sites, "uai", "rentree")
    known = sites.assign(time=sites["rentree"], y=coding.numbers(sites, name)).dropna(subset="y")
    rows = rows.merge(known[["uai", "time", "y"]], "inner", ["uai", "time"])
    rows = rows[rows["size"] > 0]
    lost = int(len(known) - len(rows))
    dropped = ("établissement × millésime sans effectif connu", lost)
    return Sample(rows, cells.outcome, (dropped,), cells.reach)
