"""Checks that redo the estimate: one cluster less, placebo regions, other defensible choices."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent, or_why
from fpi_eval.checks.choices import OPENING, Choices
from fpi_eval.checks.study import Study
from fpi_eval.checks.thresholds import FAIL, PASS, Check
from fpi_eval.errors import FpiError
from fpi_eval.impact import poisson, triple
from fpi_eval.impact.as_event_study import opening_study
from fpi_eval.impact.bjs2_t import bjs2_t
from fpi_eval.impact.displacement.rings import ACADEMIE, REGION, ring_exposures, ring_reach
from fpi_eval.impact.frame import EXPOSURES, GROSS, NET, SEATS, WEIGHTS
from fpi_eval.impact.imputation import imputation
from fpi_eval.impact.j import combination, fit_j, j, report, wald
from fpi_eval.impact.placebo_regions import placebo_regions
from fpi_eval.impact.sun_abraham import sun_abraham
from fpi_eval.impact.twfe import twfe as twfe_twfe
from fpi_eval.impact.uncertainty import error
from fpi_eval.misspelt import known_options
from fpi_eval.panel.cells import area_of
from fpi_eval.regression import interval
from fpi_eval.results import Estimate

LEFT_OUT = {
    "uai": "l'établissement",
    "course": "l'intitulé de formation",
    "code_departement": "le département",
}
SAME, PART = "même question", "une partie du programme"


def un_de_moins(study: Study) -> Check:
    """Return how far the gross effect moves when one cluster leaves.

    Moves are those of the jackknife: regressors keep the effects removed from the whole sample.
    """
    table = leave_one_out(study)
    if table.empty:
        return study.blank("un_de_moins", "un seul groupe : rien ne peut être retiré.")
    worst = table.loc[table["ecart"].abs().idxmax()]
    share = abs(worst["ecart"]) / study.reference
    value = study.gross.estimate
    turned = bool((np.sign(value - table["ecart"]) != np.sign(value)).any())
    turned &= study.gross.beyond_zero
    words = (
        f"retirer {LEFT_OUT[worst['niveau']]} qui compte le plus change l'effet de "
        f"{text.pourcent(share)} de l'effet de référence."
    )
    light = FAIL if turned else None
    return study.check("un_de_moins", share, np.nan, words, light=light)


@known_options
def leave_one_out(study: Study) -> pd.DataFrame:
    """Return the gross effect without each cluster: niveau, groupe, ecart (its part), effet."""
    used, fit = study.frame[study.fit.keep], study.fit
    j, parts = fit.position(SEATS), []
    for level in LEFT_OUT:
        cluster = used[level].to_numpy()
        names = np.unique(cluster)
        if len(names) < 2:
            continue
        try:
            moves = fit.jackknife(cluster)[:, j] * np.sqrt(len(names) / (len(names) - 1))
        except np.linalg.LinAlgError:
            continue
        parts.append(pd.DataFrame({"niveau": level, "groupe": names, "ecart": moves}))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"ecart": []})
    return table.assign(effet=fit.coefficients[j] - table["ecart"])


def portee(study: Study) -> Check:
    """Return whether courses beyond the neighbours lose pupils too: J with one ring more.

    The ring is the rest of the académie, or of the region where neighbours are the académie's;
    none is left where they are the region's.
    """
    if "code_academie" not in study.frame:
        return study.blank("portee", "académies inconnues.")
    cells = study.frame.drop_duplicates("cell")
    if area_of(cells).groupby(cells["code_region"]).nunique().max() == 1:
        return study.blank("portee", "les voisines sont déjà celles de toute la région.")
    whole = area_of(cells).groupby(cells["code_academie"]).nunique().max() == 1
    ring, where = (REGION, "la région") if whole else (ACADEMIE, "l'académie")
    found = ring_exposures(study.panel, study.outcome, (ring,))
    reach = ring_reach(study.panel, study.frame, found)
    frame = study.frame.of(study.frame.join(found))
    fit = fit_j(frame, exposures={**EXPOSURES, ring.name: ring.name})
    if not (found != 0).to_numpy().any() or ring.name not in fit.names:
        return study.blank("portee", f"ces familles ne sont pas enseignées ailleurs dans {where}.")
    wide = study.clusters.wide
    label = frame["code_departement" if wide else "uai"].to_numpy()[fit.keep]
    df = study.clusters.df_at(wide=wide)
    at, psi = fit.position(ring.name), fit.jackknife(label)
    moved = float(fit.coefficients[at] * reach[0])
    if df < 1:
        return study.blank("portee", "trop peu de groupes pour ce test.")
    _, _, p_value = interval(moved, error(psi[:, at]) * abs(reach[0]), df)
    weights = combination(fit, np.multiply(WEIGHTS[NET], (1.0, *study.frame.reach)))
    change = weights @ fit.coefficients + moved - study.estimates[NET].estimate
    told = f" ; les compter changerait l'effet net de {text.signe(change, 2)} par place"
    words = (
        f"{text.signe(moved, 3)} par place ouverte ailleurs dans {where} "
        f"({text.p_egale(p_value)}){'' if np.isnan(change) else told}."
    )
    share = abs(moved) / study.reference
    return study.check("portee", share, p_value, words, bias=share)


def regions_placebo(study: Study) -> Check:
    """Return the effect over the error that untreated regions show.

    As in every check, the words do not tell the effect itself: they are shown where a hard failure
    forbids to give it.
    """
    try:
        found = placebo_regions(study.panel, study.outcome, niveau=study.niveau)
    except FpiError as refused:
        return study.blank("regions_placebo", str(refused))
    if not np.isfinite(found.std_error) or found.df < 2 or found.std_error <= 0:
        return study.blank("regions_placebo", "pas assez de régions sans ouverture.")
    times = abs(study.gross.estimate) / found.std_error
    words = (
        f"l'effet est {text.nombre(times, 1)} fois aussi loin de zéro que ceux qu'on trouve dans "
        f"{text.nombre(found.df)} régions sans ouverture (moyenne quadratique)."
    )
    light = None if study.gross.beyond_zero else PASS
    return study.check("regions_placebo", times, np.nan, words, light=light)


@known_options
def specification_curve(study: Study) -> Choices:
    """Return the effect per seat under every declared choice, sorted by size.

    ``famille`` says whether a choice asks the same question, or of a part of the programme.
    """
    panel, outcome, niveau = study.panel, study.outcome, study.niveau
    facts = {"niveau": niveau}
    choices = {
        "J, places additives": lambda: report(study.frame, fit_j(study.frame, proportional=False))[
            GROSS
        ],
        "BJS2-T, tendance additive": lambda: bjs2_t(panel, outcome, proportional=False, **facts),
        "Imputation": lambda: imputation(panel, outcome, **facts),
        "Imputation, région × session": lambda: imputation(
            panel, outcome, region_effects=True, **facts
        ),
        "Imputation de Poisson": lambda: poisson.poisson_imputation(panel, outcome, **facts),
        "Wald": lambda: wald(panel, outcome, **facts),
        "Empilement": lambda: study.event.overall,
        "Triple différence": lambda: triple.triple_difference(panel, outcome, **facts),
        "J, capacités des autres régions en seconde dose": lambda: j(
            capacities_elsewhere(panel), outcome, **facts
        )[GROSS],
    }

    def alone(part: str) -> Estimate:
        return j(panel, outcome, niveau=part)[GROSS]

    for part in ("secondaire", "superieur") if niveau is None else ():
        choices[f"J, {text.NIVEAUX[part].lower()} seul"] = partial(alone, part)
    rows = [
        _row("J (principal)", study.gross, primary=True),
        _row("BJS2-T (second)", study.estimates[3]),
    ]
    for label, make in choices.items():
        family = PART if label.endswith("seul") else SAME
        rows.append(_row(label, or_why(make, "{why}"), family))
    table = pd.DataFrame(rows)
    # Beside the whole, one level would tell the other: both rest on the openings of the fewest.
    level = table["famille"] == PART
    table.loc[level, "n_openings"] = table.loc[level, "n_openings"].min()
    rows = table.sort_values("estimate", ignore_index=True, na_position="last", kind="stable")
    return Choices(outcome, rows)


def capacities_elsewhere(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with changes of capacity, where nothing opened, as another budget's seats.

    In regions without openings, places less those of the last rentrée before the programme: a
    register does not say what opened there. Up and down alike; unknown places are the last known.

    Raises
    ------
    FpiError
        Other budgets' openings are known already, or no place is.
    """
    if panel.get("autres_places", pd.Series(0.0)).any():
        raise FpiError("les ouvertures sur d'autres budgets sont connues, et déjà comptées.")
    if "places" not in panel or not panel["places"].notna().any():
        raise FpiError("capacités inconnues.")
    opened = panel["seats"] != 0
    first = panel.loc[opened, "rentree"].min()
    rows = panel.sort_values(["cell", "rentree"], kind="stable")
    places = rows.groupby("cell")["places"].ffill()
    before = places[rows["rentree"] < first].groupby(rows["cell"]).last()
    change = (places - rows["cell"].map(before)).where(rows["rentree"] >= first).fillna(0.0)
    away = ~rows["code_region"].isin(panel.loc[opened, "code_region"].unique())
    return panel.assign(autres_places=change.where(away, 0.0))


def _row(
    label: str, found: Estimate | Absent, family: str = SAME, *, primary: bool = False
) -> dict[str, Any]:
    """Return the row of one choice: what it finds, or why it could not be made."""
    facts = {"label": label, "famille": family, "principal": primary}
    if isinstance(found, Absent):
        return facts | {"raison": str(found)}
    figures = ("estimate", "std_error", "ci_low", "ci_high")
    known = {name: getattr(found, name) for name in figures}
    return facts | known | {"n_openings": found.openings, "raison": ""}


@known_options
def per_opening(study: Study) -> Choices:
    """Return estimators of an opening as a yes/no event, and the share of each that is suspect.

    The two-way estimate comes with the weight of its comparisons with cells already opened.
    """
    facts = {"niveau": study.niveau}
    choices = {
        "Callaway–Sant'Anna": lambda: opening_study(study.panel, study.outcome, **facts).overall,
        "Sun–Abraham": lambda: (
            opening_study(study.panel, study.outcome, estimator=sun_abraham, **facts).overall
        ),
    }
    rows = [_row(label, or_why(make, "{why}")) for label, make in choices.items()]
    whole = or_why(lambda: twfe_twfe(study.panel, study.outcome, **facts), "{why}")
    rows.append(_row("Double différence à effets fixes", whole.estimate if whole else whole))
    if whole:
        late = whole.table.loc[whole.table["kind"] == "déjà traité", "weight"].sum()
        words = f"{text.pourcent(late, 0)} du poids vient de cellules déjà ouvertes"
        rows[-1]["raison"] = words
    table = pd.DataFrame(rows)
    columns = ["label", "estimate", "ci_low", "ci_high", "n_openings", "raison"]
    return Choices(study.outcome, table.reindex(columns=columns), OPENING)


def contrary(primary: Estimate, curve: pd.DataFrame) -> pd.DataFrame:
    """Return the choices that find, beyond doubt, the opposite of what the primary one finds.

    An effect that is not told from zero has no sign that another choice could contradict.
    """
    if primary.ci_low > 0:
        return curve[curve["ci_high"] < 0]
    if primary.ci_high < 0:
        return curve[curve["ci_low"] > 0]
    return curve.iloc[:0]


def specifications(study: Study, curve: pd.DataFrame) -> Check:
    """Return how far other defensible choices lead, for the same question."""
    same = curve[(curve["famille"] == SAME) & ~curve["principal"]].dropna(subset=["estimate"])
    if same.empty:
        return study.blank("specifications", "aucun autre choix n'a pu être estimé.")
    apart = (same["estimate"] - study.gross.estimate) / study.reference
    share, against = float(apart.abs().median()), contrary(study.gross, same)
    ends = [f"{text.signe(100 * end)}\u00a0%" for end in (apart.min(), apart.max())]
    words = (
        f"{text.pluriel(len(same), 'autre choix', 'autres choix')}, dont l'effet s'écarte du "
        f"principal de {ends[0]} à {ends[1]} de l'effet de référence ; écart médian de "
        f"{text.pourcent(share, 0)}."
    )
    if len(against):
        words += f" Signe contraire : {text.liste(against['label'])}."
    light = FAIL if len(against) else None
    return study.check("specifications", share, np.nan, words, light=light)
