"""What a page shows of individual files: people at work in the region's industry, net."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from fpi_eval import rounding, text
from fpi_eval.absent import Absent
from fpi_eval.checks import Evaluation, allowed
from fpi_eval.costs import UnitCost, cost_table
from fpi_eval.costs.unit import in_euros
from fpi_eval.headline import Headline
from fpi_eval.headline.first_page import UNPROVEN, only_own
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.jobs.adjusted import ALIKE, J_ALIKE, PLAIN, Adjusted
from fpi_eval.impact.jobs.marginal import Marginal
from fpi_eval.panel.context import Context
from fpi_eval.records import GROUPS
from fpi_eval.report.pages.couts import told_costs
from fpi_eval.report.pages.diplomes import PER_SEAT
from fpi_eval.results import Estimate
from fpi_eval.rounding import UNTOLD, untold
from fpi_eval.tables import Table, table

WIDE = 0.5  # a share known within more than this is not told

if TYPE_CHECKING:  # its engine is an extra
    from fpi_eval.records.counted import Counted


def reponse(evaluation: Evaluation | Absent, chiffres: Headline) -> str:
    """Return how many more work in the region's industry; nothing where they cannot be counted."""
    if isinstance(evaluation, Absent):
        return ""
    found = chiffres["industrie_100"]
    told = found.beyond_zero and evaluation.verdict.niveau not in UNPROVEN
    doubt = "" if told else " On ne peut pas encore dire si davantage de personnes y travaillent."
    alone = only_own(chiffres, found.key)
    return f"{found.phrase}{doubt} Avis des contrôles : {evaluation.verdict.niveau}{alone}."


def lecture(compte: "Counted | Absent") -> str:
    """Return what was read of the files, and what was wrong in them, if anything was."""
    if isinstance(compte, Absent):
        return ""
    read, *faults = compte.summary().split("\n")
    return "\n\n".join([read] if compte.faults.table.empty else [read, *faults])


def effets(evaluation: Evaluation | Absent, chiffres: Headline, context: Context) -> Table | Absent:
    """Return the effect of 100 seats: gross, displacement, net, with calibrated intervals.

    The net one has no number where the first sentence gives none.
    """
    found = allowed(evaluation, evaluation)
    if isinstance(found, Absent):
        return found
    figures = ["estime", "bas", "haut"]
    sure = chiffres["industrie_100"].sure
    rows = [
        (word, *_told(found.estimates[label], vague=label == NET and not sure))
        for label, word in PER_SEAT.items()
    ]
    return table(
        pd.DataFrame(rows, columns=["effet", *figures]),
        "Personnes de plus dans l'industrie de la région, pour 100 places ouvertes",
        formats=dict.fromkeys(figures, ("signe", 0)),
        labels={
            "effet": "Effet",
            "estime": "Personnes",
            "bas": "Borne basse",
            "haut": "Borne haute",
        },
        source=f"Fichiers individuels ; {context.credit}",
        note="Intervalles à 95 %, étalonnés sur de faux programmes quand ils peuvent l'être. "
        "Chaque ligne est arrondie selon le sien : l'effet net peut différer un peu de la somme "
        "des deux autres. Industrie : sections B à E de la NAF, ou secteurs déclarés de la "
        "filière. Région : celle de l'établissement de formation, par le lieu de travail. Un "
        "contrat par personne, le principal, en cours au jour d'observation.",
    )


def semblables(
    evaluation: Evaluation | Absent,
    egaux: Adjusted | Absent,
    marginaux: Marginal | Absent,
    context: Context,
) -> Table | Absent:
    """Return who the students were, in courses that open and elsewhere, and who the new ones are.

    Shares in percent; those of the graduates added only where there are some.
    """
    if isinstance(egaux, Absent):
        return egaux
    rows = egaux.balance.assign(groupe=egaux.balance["groupe"].map(GROUPS))
    labels = {
        "groupe": "Groupe",
        "autres": "Autres formations, avant",
        "ouvertes": "Formations qui ouvrent, avant",
    }
    note = "Élèves de dernière année avant toute ouverture."
    new: Marginal | Absent = allowed(evaluation, marginaux)
    if isinstance(new, Marginal):
        more = new.table.assign(
            groupe=lambda t: t["groupe"].map(GROUPS),
            plus=lambda t: [_share(*r) for r in t[["avant", "ecart_bas", "ecart_haut"]].to_numpy()],
        )
        rows, labels["plus"] = rows.merge(more, "left", "groupe"), "Diplômés de plus"
        note += (
            " Diplômés de plus : intervalle à 95 % de la part du groupe, effet sur tous tenu pour "
            "connu ; un intervalle plus large que 50 points ne dit rien."
        )
    else:
        note += f" Diplômés de plus : aucune part n'est donnée. {new}"
    return table(
        rows[[*labels]],
        "Qui étaient les élèves, et qui sont les diplômés de plus",
        formats=dict.fromkeys(("autres", "ouvertes"), ("pourcent", 0)),
        labels=labels,
        source=f"Fichiers individuels ; {context.credit}",
        note=note,
    )


def _share(before: float, low: float, high: float) -> str:
    """Return between what and what the share of a group lies, or that nobody can tell."""
    low, high = (min(max(before + end, 0.0), 1.0) for end in (low, high))
    vague = untold(low, high, WIDE / 2)
    return UNTOLD if vague else f"{text.pourcent(low, 0)} à {text.pourcent(high, 0)}"


def egalise(evaluation: Evaluation | Absent, egaux: Adjusted | Absent) -> str:
    """Return in French the gross effect at equal composition, beside the others that are told."""
    found = allowed(evaluation, egaux)
    if isinstance(found, Absent) or isinstance(evaluation, Absent):
        return ""
    kept = {one.label: one for one in found.effects}
    if not (same := kept.get(J_ALIKE)):
        return ""
    value, *ends = _signed(same)
    if value == UNTOLD:
        return "À composition égale des élèves, l'effet brut est trop incertain pour être dit."
    plain = _signed(evaluation.estimates[GROSS])[0]
    beside = "" if plain == UNTOLD else f", contre {plain} sans égaliser"
    robust = [_signed(kept[label])[0] for label in (ALIKE, PLAIN) if label in kept]
    said = (
        f"À composition égale des élèves, l'effet brut serait de {value} personnes pour 100 "
        f"places (de {ends[0]} à {ends[1]}){beside}."
    )
    second = f"{said} Une seconde méthode (doublement robuste)"
    if len(robust) < 2 or UNTOLD in robust:
        return f"{second} repose sur trop peu pour un chiffre."
    return (
        f"{second}, qui ne compare pas chaque formation à elle-même, donne {robust[0]} "
        f"({robust[1]} sans égaliser)."
    )


def salaires(compte: "Counted | Absent", context: Context) -> Table | Absent:
    """Return the median wage of those at work, in the region's industry and elsewhere."""
    if isinstance(compte, Absent):
        return compte
    found = compte.tables["salaires"]
    if isinstance(found, Absent):
        return found
    shown, name = found.shown, "salaire_median"
    wide, hidden = (
        rows.pivot_table(name, "rentree", "emploi", aggfunc="first", dropna=False)
        for rows in (shown.frame, shown.frame.assign(**{name: shown.hidden[name]}))
    )
    lost = hidden.fillna(False).astype(bool).reset_index(drop=True)
    return table(
        shown.derived(wide.rename_axis(columns=None).reset_index(), lost),
        "Salaire médian des sortants en emploi à six mois",
        formats=dict.fromkeys(wide, "euros"),
        labels={"rentree": "Rentrée de la dernière année"} | {name: name for name in wide},
        source=f"Fichiers individuels ; {context.credit}",
        note="Salaire du contrat principal, tel que les fichiers le donnent, arrondi à dix euros ; "
        "masqué sous le plus petit effectif, ou quand un employeur domine. L'écart entre colonnes "
        "n'est pas un effet : ce ne sont pas les mêmes personnes.",
    )


def couts(
    evaluation: Evaluation | Absent, prix: Sequence[UnitCost] | Absent, context: Context
) -> Table | Absent:
    """Return the cost per person more in the region's industry."""
    found = allowed(evaluation, prix)
    if isinstance(found, Absent):
        return found
    return table(
        told_costs(cost_table(found)),
        "Coût par personne de plus dans l'industrie de la région",
        formats={"ratio": in_euros},
        labels={"basis": "Montant", "ratio": "Euros", "words": "Intervalle à 95 %"},
        source=f"Registre des ouvertures ; fichiers individuels ; {context.credit}",
        note="Ce qu'ont coûté les places dont des sortants ont été vus, sur les personnes qu'elles "
        "ont menées jusqu'ici dans l'industrie, déplacement ôté. Le coût baisse à chaque promotion "
        "des mêmes places. Le fonctionnement n'est pas compté.",
    )


def _told(one: Estimate, *, vague: bool = False) -> tuple[float | str, ...]:
    """Return an effect and its ends for 100 seats, or that it is too uncertain for a number."""
    value, *ends = _rounded(one.estimate, one.ci_low, one.ci_high)
    return UNTOLD if vague or untold(one.ci_low, one.ci_high) else value, *ends


def _signed(one: Estimate) -> list[str]:
    """Return an effect and its ends for 100 seats in words, or that it has no number."""
    return [v if isinstance(v, str) else text.signe(v) for v in _told(one)]


def _rounded(*values: float) -> list[float]:
    """Return an effect and its ends for 100 seats, rounded by the width of the interval."""
    step = rounding.step_of(100 * values[1], 100 * values[2])
    return [rounding.rounded(100 * value, step) for value in values]
