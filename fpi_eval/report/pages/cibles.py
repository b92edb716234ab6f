"""What `06_trajectoire_et_couts` shows next: chances of the targets, past projections."""

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.headline.change import controlled
from fpi_eval.panel.context import Context
from fpi_eval.projection import LECTURES
from fpi_eval.projection.gap import SEATS
from fpi_eval.projection.outlook import Outlook
from fpi_eval.report.pages.trajectoire import LIENS, PAST, WHOLE, phrase_nette
from fpi_eval.rounding import figures, rounded, step_of
from fpi_eval.tables import Table, table

NONE = "–"  # a reading that has no net side
NET = {
    LECTURES["additionnels"]: LECTURES["entrants"],
    LECTURES["diplomes_additionnels"]: LECTURES["diplomes"],
}


def probabilites(found: Outlook | Absent) -> Table | Absent:
    """Return the chances of each target, by scenario and reading, gross and net side by side.

    A target whose date has passed is counted (`personnes_formees`), not projected.
    """
    if isinstance(found, Absent):
        return found
    rows = _all(found)
    if rows.empty:
        return Absent(PAST, lacking=False)
    rows["personnes"] = [_people(r) for r in rows.itertuples()]
    net = rows[rows["lecture"].isin(NET)].assign(lecture=lambda t: t["lecture"].map(NET))
    keys = ["scenario", "code", "lecture"]
    both = rows[~rows["lecture"].isin(NET)].merge(
        net[[*keys, "mediane", "personnes", "probabilite"]], "left", keys, suffixes=("", "_net")
    )
    both["probabilite_net"] = [
        NONE if np.isnan(chance) else _share(chance) for chance in both["probabilite_net"]
    ]
    return table(
        both.fillna({"personnes_net": NONE}),
        "Chances d'atteindre chaque cible, selon ce que « formé » veut dire",
        formats={"probabilite": _share},
        labels={
            "scenario": "Scénario",
            "libelle": "Cible",
            "lecture": "Lecture",
            "cible": "Visées",
            "personnes": "Brut",
            "probabilite": "Chances",
            "personnes_net": "Net",
            "probabilite_net": "Chances, net",
        },
        source=f"Projection fpi_eval ; {found.context.credit}",
        note="Médiane, et entre parenthèses bornes à 80 %. « Places × années » compte les places, "
        f"occupées ou non : elles n'ont pas de lecture nette. {phrase_nette(found)}",
    )


def _people(row) -> str:
    step = step_of(row.bas, row.haut)
    median, low, high = (text.nombre(rounded(v, step)) for v in (row.mediane, row.bas, row.haut))
    return median if low == high else f"{median} ({low} à {high})"


def restantes(found: Outlook | Absent) -> Table | Absent:
    """Return the seats still to open each year to reach each target with 80 chances in 100."""
    if isinstance(found, Absent):
        return found
    rows = _all(found)
    rows = rows[rows["lecture"] != LECTURES["places_annees"]]
    if rows.empty:
        return Absent(PAST, lacking=False)
    words = [_need(r.places_par_an, r.cible) for r in rows.itertuples()]
    return table(
        rows.assign(besoin=words),
        "Places à ouvrir en plus chaque rentrée pour avoir 80 chances sur 100",
        labels={
            "scenario": "Scénario",
            "libelle": "Cible",
            "lecture": "Lecture",
            "rentrees_restantes": "Rentrées restantes",
            "besoin": "Places par rentrée",
        },
        source=f"Projection fpi_eval ; {found.context.credit}",
        note="En plus de celles du registre et du scénario. « Hors d'atteinte » : il faudrait plus "
        "de places par rentrée que la cible ne compte de personnes, ou aucune place ouverte "
        f"maintenant ne compterait avant l'échéance. {phrase_nette(found)}",
    )


def ecart(gap: pd.DataFrame | Absent, context: Context) -> Table | Absent:
    """Return what each step accounts for in the distance from the plan."""
    if isinstance(gap, Absent):
        return gap
    seats = gap["facteur"] == SEATS
    values = {
        name: [
            text.nombre(v) if seat else text.pourcent(v, 0)
            for v, seat in zip(gap[name], seats, strict=True)
        ]
        for name in ("prevu", "realise")
    }
    names = {SEATS: "Places ouvertes", **LIENS}
    rows = gap.assign(
        **values, niveau=gap["niveau"].map(text.NIVEAUX), facteur=gap["facteur"].map(names)
    )
    parts = 0.0 - gap["manque"]
    total = rounded(parts.sum(), 1.0)
    lost = text.signe(total)
    return table(
        rows.assign(effet=controlled(parts.to_dict(), total, 1.0).values()),
        "D'où vient l'écart au plan, en diplômés d'une année pleine",
        formats={"effet": ("signe", 0)},
        labels={
            "niveau": "Niveau",
            "facteur": "Étape",
            "prevu": "Prévu",
            "realise": "Réalisé",
            "effet": "Diplômés par rapport au plan",
        },
        source=f"Registre des ouvertures ; {context.credit}",
        note=f"En tout, {lost} par année pleine. Prévu : places décidées, taux déclarés. Réalisé : "
        "places ouvertes, taux mesurés là où les fichiers les donnent ; remplissage d'une place "
        "qui n'est plus neuve. La part d'une étape est la moyenne de ce qu'elle ôte sur tous les "
        "ordres possibles (Shapley, 1953) : les parts s'additionnent.",
    )


def _need(seats: float, people: float) -> str:
    if seats == 0:
        return text.nombre(0)
    return "hors d'atteinte" if seats > people else text.nombre(figures(np.ceil(seats)))


def _share(probability: float) -> str:
    if 0.01 <= probability <= 0.99:
        return text.pourcent(probability, 0)
    return "moins de 1\u00a0%" if probability < 0.01 else "plus de 99\u00a0%"


def _all(found: Outlook) -> pd.DataFrame:
    parts = [one.probabilites().assign(scenario=one.title) for one in found.projections.values()]
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(lecture=rows["lecture"].map(LECTURES))


def epreuve(rows: pd.DataFrame, context: Context) -> Table | Absent:
    """Return what past years projected, beside what came."""
    if rows.empty:
        return Absent(
            "Aucun millésime n'a ses deux cohortes de places connues avant lui : les projections "
            "passées ne peuvent pas encore être mises à l'épreuve sur ces fichiers."
        )
    inside = rows["dans_bande"].mean()
    shown = rows.assign(
        niveau=rows["niveau"].map(text.NIVEAUX),
        annee=rows["annee"].map(lambda y: f"{y - 1}-{y}"),
        verdict=np.where(rows["dans_bande"], "dans la bande", "hors de la bande"),
        **rows[["observe", "mediane", "bas", "haut"]].round(-1),
    )
    return table(
        shown,
        "Projeté avec les années d'avant, puis observé : élèves de dernière année",
        formats=dict.fromkeys(("mediane", "bas", "haut"), WHOLE),
        labels={
            "niveau": "Niveau",
            "annee": "Millésime",
            "mediane": "Projeté (médiane)",
            "bas": "Borne basse",
            "haut": "Borne haute",
            "observe": "Observé",
            "verdict": "Constat",
        },
        source=context.credited(*context.capacities, "InserJeunes"),
        note=f"{text.pourcent(inside, 0)} des {len(rows)} constats sont dans la bande à 80 %. "
        "Nombres arrondis à la dizaine. Formations des filières du programme, voie scolaire de la "
        "région, dont les places des deux promotions sont connues : toutes leurs places, pas les "
        "seules places du programme.",
    )
