"""The effect on ever wider groups of courses, and by whether courses were full before."""

from dataclasses import replace

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import (
    NEAR_TEXT,
    OTHERS,
    REACH_TEXT,
    SEATS,
    OnlyCreated,
    described,
    reach,
    sample,
)
from fpi_eval.impact.imputation import by_group, unexposed
from fpi_eval.impact.imputation import fit as imputation_fit
from fpi_eval.impact.j import J_TEXT, fit_j
from fpi_eval.impact.uncertainty import CR1, CR3, Clusters, answer, answers, influence
from fpi_eval.panel import coding
from fpi_eval.panel.cells import seat_grid
from fpi_eval.regression import linear
from fpi_eval.regression.absorb import interaction
from fpi_eval.results import Estimate, Estimates

FULL = 0.85  # METHOD, B4: under this fill before, more seats cannot add entrants
LEVELS = {
    "formation": ("cell",),
    "établissement": ("uai",),
    "département × famille": ("code_departement", "famille"),
    "département": ("code_departement",),
}
TEXT = (
    "Régression des effectifs totaux d'un territoire sur ses places ouvertes et, où l'on en "
    "connaît, sur celles d'autres budgets, effets fixes de territoire et de région × session : "
    "plus le territoire est large, plus il contient les voisines qui perdent des élèves. Peu "
    "puissant aux échelles larges."
)
FILL_TEXT = (
    f"Voisines : {NEAR_TEXT}, les deux expositions ajoutées, puis partagées selon que la voisine "
    "était pleine."
)
FILL_REACH = (
    "chaque coefficient d'exposition multiplié par l'exposition totale des cellules de la "
    "régression, rapportée au total de leurs places"
)
LABEL = "Effet par place : {}"
GROUPS = {
    True: "voisines pleines avant",
    False: "voisines non pleines avant, ou de remplissage inconnu",
}
OWN = {True: "ouvertures là où tout était plein", False: "ouvertures là où il restait des places"}


@any_table
def ladder(panel: pd.DataFrame, y: str = "entrants") -> Estimates:
    """Return the effect of one more seat on the total of ever wider groups of courses.

    The fall from one rung to the next is what neighbours lose inside the wider one (METHOD, B4):
    a check of `displacement`, at the price of errors that grow with the territory. Where only
    courses that the programme created open seats, rungs begin at the establishment: its total has
    a past, and holds them with the neighbours that they take pupils from.
    """
    try:
        frame, levels = sample(panel, y), LEVELS
    except OnlyCreated:
        frame, levels = sample(panel, y, created=True), dict([*LEVELS.items()][1:])
    rungs, alone = [], []
    for name, keys in levels.items():
        try:
            rungs.append(_rung(frame, name, keys))
        except FpiError:  # as where a région is one département
            alone.append(name)
    if not rungs:
        raise FpiError("à aucune échelle un territoire n'a d'autres à qui se comparer.")
    return Estimates(tuple(rungs), f"Rien à comparer : {text.liste(alone)}." if alone else "")


def _rung(frame: pd.DataFrame, name: str, keys: tuple[str, ...]) -> Estimate:
    by = [*keys, "code_region", "time"]
    fixed = [c for c in ("uai", "code_departement") if c not in by]
    sums = ("y", "dose", "other_dose", "size")
    facts = {c: (c, "first") for c in fixed} | {c: (c, "sum") for c in sums}
    rows = frame.groupby(by, as_index=False, observed=True).agg(**facts)
    rows = rows[rows["size"] > 0]  # a territory of created courses alone has no past
    unit = rows.groupby(list(keys), observed=True).ngroup().to_numpy()
    n = rows["size"].to_numpy(float)
    doses = ["dose", *(["other_dose"] if rows["other_dose"].any() else [])]
    fit = linear.fit(
        rows["y"].to_numpy() / n,
        rows[doses].to_numpy(float) / n[:, None],
        [unit, interaction(rows["code_region"], rows["time"])],
        names=(SEATS, OTHERS)[: len(doses)],
        weights=n,
    )
    at, used = fit.position(SEATS), frame.of(rows.assign(cell=unit)[fit.keep])
    wide = keys[0] == "code_departement"
    if wide:  # several schools: the territory is its own cluster
        used = used.assign(uai=used["cell"])
    clusters = Clusters.of(used)
    found = answer(
        used,
        fit.coefficients[at],
        influence(fit, at, used["uai"]),
        influence(fit, at, used["code_departement"]),
        estimator="Totaux",
        kind=CR1,
        clusters=replace(clusters, narrow=name) if wide else clusters,
        label=LABEL.format(name),
        dropped=frame.dropped,
        description=TEXT,
    )
    opened = frame.loc[frame["dose"] != 0, "uai"].nunique()
    return replace(found, n_openings=opened) if wide else found


def fill_before(panel: pd.DataFrame) -> pd.Series:
    """Return each cell's entrants per place over rentrées before the first opening of all."""
    panel = panel.assign(**{c: coding.numbers(panel, c) for c in ("places", "entrants")})
    moved = (seat_grid(panel).seats != 0).any(axis=0)
    start = panel["rentree"].min() + (moved.argmax() if moved.any() else len(moved))
    known = panel[(panel["rentree"] < start) & panel["places"].gt(0) & panel["entrants"].notna()]
    sums = known.groupby("cell")[["entrants", "places"]].sum()
    return sums["entrants"] / sums["places"]


@any_table
def by_fill(panel: pd.DataFrame, y: str = "entrants") -> Estimates:
    """Return displacement per seat from neighbours that were full before, and from the others.

    A course with a waiting list replaces a student who leaves, an empty one cannot: displacement
    should come from the second. Cells without a known fill count as not full.
    """
    frame = sample(panel, y)
    filled = frame["cell"].map(fill_before(panel)).ge(FULL).to_numpy()
    near = frame["exposure_etab"] + frame["exposure_dep"]
    frame = frame.assign(**{GROUPS[k]: np.where(filled == k, near, 0.0) for k in (True, False)})
    there = {name: name for name in GROUPS.values() if (frame[name] != 0).any()}
    fit = fit_j(frame, exposures=there)
    used = frame[fit.keep]
    psi = [fit.jackknife(used[c].to_numpy()) for c in ("uai", "code_departement")]
    told = [name for name in there if name in fit.names]
    shares = reach(frame, np.ones(len(frame), dtype=bool), (1.0,) * len(told), told)
    if not told:
        raise FpiError("rien ne dit ce que perdent les formations voisines des places ouvertes.")
    return answers(
        used,
        fit.coefficients,
        psi,
        {
            LABEL.format(name): w * (np.array(fit.names) == name)
            for name, w in zip(told, shares, strict=True)
        },
        estimator="J",
        kind=CR3,
        dropped=frame.dropped + fit.dropped,
        description=f"{described(J_TEXT, rings=there).replace(REACH_TEXT, FILL_REACH)} {FILL_TEXT}",
    )


@any_table
def own_by_fill(panel: pd.DataFrame, y: str = "entrants") -> Estimates:
    """Return the own effect per seat where courses were full before, and where they were not.

    Openings in courses of unknown fill are in neither.
    """
    frame = unexposed(sample(panel, y))
    model = imputation_fit(frame)
    fill = frame["cell"].map(fill_before(panel))
    filled = fill.ge(FULL).to_numpy()
    on = model.treated & model.usable & fill.notna().to_numpy()
    kept = [k for k in OWN if len(frame.loc[on & (filled == k), "uai"].unique()) > 1]
    if not kept:
        raise FpiError("moins de deux établissements ouverts dont on sache s'ils étaient pleins.")
    return by_group(frame, model, {LABEL.format(OWN[k]): on & (filled == k) for k in kept})
