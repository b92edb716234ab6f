"""What `06_trajectoire_et_couts` shows of money: cost per seat, person, graduate, net job."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fpi_eval import plots, text
from fpi_eval.absent import Absent
from fpi_eval.costs.programme_costs import (
    MONTHS,
    NET_GRADUATES,
    PRICES,
    UNITS,
    JobCost,
    acceptability_curves,
    by_horizon,
    last_of_levels,
    seat_costs,
    sure_prices,
)
from fpi_eval.costs.unit import UnitCost, cost_table, in_euros, unit_cost
from fpi_eval.figures import Figure
from fpi_eval.headline import Headline, in_chapters
from fpi_eval.panel.context import Context
from fpi_eval.programme import Cout, Programme
from fpi_eval.projection.outlook import Outlook
from fpi_eval.report.pages.trajectoire import WHOLE
from fpi_eval.rounding import UNTOLD, figures, rounded, step_of
from fpi_eval.tables import Table, table

LOWER = "borne inférieure"

PREDECESSOR = (
    " {} n'a publié qu'un montant minimal : la comparaison des coûts par place ne vaut que dans un "
    "sens."
)
MINIMUM = " Seul un montant minimal est publié : chaque coût est une borne inférieure."


def reponse(chiffres: Headline, what: Programme) -> str:
    """Return the answer on money: what a seat costs, then a person; else the planned ratios."""
    seat, person = chiffres["cout_place"], chiffres["cout_personne"]
    if not seat:
        first = "On ne sait pas encore ce que coûte une place."
        return "\n\n".join([first, text.capitale(seat.reason), _planned(what)])
    said = [in_chapters.couts(chiffres), person.phrase]
    if person:  # another level than the range of people, beside it
        said[1:] = [
            f"{person.label} : {person.shown}.",
            f"Champ : {person.scope}. Fourchette de 95 chances sur 100.",
        ]
    return "\n\n".join(said)


def _planned(what: Programme) -> str:
    lines = [
        f"{target.libelle} ({text.nombre(target.personnes)} visées) : "
        f"{_per_person(what.cout, target.personnes)}, si toute la dépense allait à cette seule "
        "cible et si elle était atteinte."
        for target in what.cibles
        if target.niveau == "ensemble"
    ]
    both = sum(t.personnes for t in last_of_levels(what.cibles))
    if both:
        words = f"Cibles par niveau réunies ({text.nombre(both)})"
        lines.append(f"{words} : {_per_person(what.cout, both)}.")
    return "\n\n".join(lines)


def _per_person(cost: Cout, people: float) -> str:
    """Return the cost of a person trained, in words."""
    least = "au moins " if cost.minimum else ""
    words = f"{least}{in_euros(cost.total / people)} par personne en coût complet"
    if cost.subvention is None:
        return f"{words}, la subvention n'étant pas publiée"
    return f"{words}, {in_euros(cost.subvention / people)} en subvention"


def told_costs(costs: pd.DataFrame) -> pd.DataFrame:
    """Return costs, no number where nothing bounds it above: the effect may be nothing."""
    return costs.assign(ratio=costs["ratio"].astype(object).where(costs["high"] < np.inf, UNTOLD))


def _source(context: Context, *, budget: bool) -> str:
    """Return where costs come from: the declared budget, after the register where it has them."""
    first = "" if budget else "Registre des ouvertures ; "
    return f"{first}{context.programme.cout.source} ; projection fpi_eval ; {context.credit}"


def _people(one: UnitCost) -> float:
    """Return what is counted, rounded as the trajectory does: by its range of 8 chances in 10."""
    return rounded(one.count, step_of(*one.likely)) if one.likely else figures(one.count)


def couts(found: Sequence[UnitCost], context: Context) -> Table:
    """Return costs per seat and per person, full cost and subsidy; the predecessor beside."""
    what = context.programme
    rows = cost_table(found).assign(programme=what.nom)
    counted = (rows["low"] == rows["high"]) & np.isfinite(rows["high"])
    rows["count"] = rows["count"].where(counted, [_people(one) for one in found])
    aimed = rows["unit"].str.startswith("personne visée")
    budget = any(one.cost == what.cout.total for one in found)  # not what the register tells
    rows["words"] = rows["words"].mask(counted, "compté").mask(aimed, "cible publiée")
    if before := what.predecesseur:
        lower = cost_table([unit_cost("place annoncée", before.cout_minimum, before.places)])
        lower = lower.assign(programme=before.nom, words=LOWER)
        rows = pd.concat([rows, lower], ignore_index=True)
    return table(
        told_costs(rows),
        "Coût par place et par personne",
        formats={"ratio": in_euros, "count": WHOLE},
        labels={
            "programme": "Programme",
            "basis": "Montant",
            "unit": "Par",
            "count": "Nombre",
            "ratio": "Euros",
            "words": "Intervalle à 95 %",
        },
        source=_source(context, budget=budget),
        note="Montant : ce que le registre dit des places comptées, celles qui restent à ouvrir "
        "coûtant autant ; à défaut, le budget de tout le programme. "
        "« Net » : ceux qui sont pris aux formations voisines sont ôtés, mais non l'aubaine (les "
        "places qui auraient ouvert sans le programme). Le fonctionnement "
        "(enseignants) n'est pas compté. Les équipements sont comptés en entier, sans étalement "
        "sur leur durée d'usage : ceux qu'ils serviront à former ensuite feraient baisser le coût "
        "par personne. Euros courants, sans actualisation : des montants "
        f"d'années différentes se comparent mal.{MINIMUM * (budget and what.cout.minimum)}"
        + (PREDECESSOR.format(before.nom) if before else ""),
    )


def emplois(
    found: Sequence[JobCost] | Absent, rates: pd.DataFrame, context: Context
) -> Table | Absent:
    """Return the cost per net job at 12 months under what graduates would have had otherwise."""
    if isinstance(found, Absent):
        return found
    parts = [cost_table([one.cost]).assign(sinon=one.otherwise, lieu=one.place) for one in found]
    return table(
        told_costs(pd.concat(parts, ignore_index=True)),
        by_horizon(context.programme, f"Coût par emploi net à {MONTHS} mois des diplômés"),
        formats={"ratio": in_euros, "count": lambda jobs: text.nombre(figures(jobs))},
        labels={
            "basis": "Montant",
            "sinon": "Sans la formation",
            "lieu": "Où",
            "count": "Emplois nets",
            "ratio": "Euros",
            "words": "Intervalle à 95 %",
        },
        source=f"Projection fpi_eval ; InserJeunes ; {context.credit}",
        note=_assumed(rates, context),
    )


def _assumed(rates: pd.DataFrame, context: Context) -> str:
    """Return what the cost per job supposes."""
    what = context.programme.additionnalite
    said = text.liste(
        f"{text.pourcent(part['taux'].min(), 0)} à {text.pourcent(part['taux'].max(), 0)} "
        f"({text.NIVEAUX[niveau].lower()})"
        for niveau, part in rates.groupby("niveau")
    )
    away = f"Industrie : {text.part(what.fuite)} des personnes en emploi travaillent ailleurs."
    return (
        "Hypothèse, non mesure : l'emploi de ces diplômés à venir n'est pas connu. On leur "
        f"applique la part publiée d'élèves de dernière année en emploi à {MONTHS} mois dans la "
        f"région : {said} selon le millésime. Si tous avaient "
        "eu un emploi de toute façon, le programme n'en ajouterait aucun et le coût ne serait pas "
        f"borné. {' '.join([away] * bool(what.fuite) + [what.declaration])}"
    )


def acceptabilite(found: Outlook | Absent) -> Figure | Absent:
    """Return the chances of costing less than each price, per net graduate."""
    if isinstance(found, Absent):
        return found
    rows, programme = acceptability_curves(found), found.context.programme
    if isinstance(rows, Absent):
        return rows
    sure, prices = sure_prices(rows)
    told = [(basis.lower(), in_euros(price)) for basis, price in prices.items()]
    chances = f"{sure:.0f} chances sur 100 de coûter moins de"
    unit = by_horizon(programme, UNITS[NET_GRADUATES])
    return Figure(
        plots.acceptability(rows, xlabel=f"Prix accepté par {unit}, en euros"),
        f"{chances} {told[0][1]} par {unit} ({told[0][0]})",
        _source(found.context, budget=not seat_costs(found.register)),
        f"Courbes d'acceptabilité. {chances} "
        f"{text.liste(f'{price} ({basis})' for basis, price in told)}.",
        pd.concat(part.iloc[:: PRICES // 10] for _, part in rows.groupby("label", sort=False)),
        formats={"threshold": "euros", "share": ("pourcent", 0)},
        labels={"label": "Montant", "threshold": "Prix accepté", "share": "Chances"},
    )
