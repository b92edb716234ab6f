"""From 100 opened seats to jobs, and from gross to net: chain, waterfall, rungs of displacement."""

from dataclasses import replace
from functools import lru_cache

import pandas as pd

from fpi_eval import plots, text
from fpi_eval.absent import Absent, attempt
from fpi_eval.calendar import first_seen, month
from fpi_eval.figures import Figure
from fpi_eval.impact.displacement import ladder
from fpi_eval.impact.displacement.additionality import DEADWEIGHTS, Waterfall, from_estimates
from fpi_eval.impact.displacement.net import Displacement, displacement, substitution
from fpi_eval.impact.jobs.chain import Chain, chain
from fpi_eval.panel.panels import Panels
from fpi_eval.report.pages.trajectoire import le_jour, panneau
from fpi_eval.tables import Table, table

NOT_BY_SITE = "aucun fichier ouvert ne le donne par établissement et formation"
TWO_COHORTS = "par lycée et formation, deux promotions ensemble : voir « L'insertion »"
BY_SITE = ("sortants", "en_emploi")  # InserJeunes gives them, not by cohort
PEOPLE = {
    "entrants": "entrants de plus",
    "terminale": "élèves de plus en dernière année",
    "diplomes": "diplômés de plus",
    "sortants": "sortants de plus",
    "en_emploi_6_mois": "personnes de plus en emploi à 6 mois",
}
ABOVE = "Rien à montrer ici : la raison est donnée plus haut."
PER_100 = "Pour 100 places ouvertes"


@lru_cache(maxsize=2)
def _chain(p: Panels) -> Chain | Absent:
    return attempt(lambda: chain(panneau(p), seed=p.donnees.programme.graine))


@lru_cache(maxsize=2)
def _moved(p: Panels) -> Displacement | Absent:
    panel = panneau(p)
    both = len(panel.loc[panel["entrants"].notna(), "voie"].unique()) > 1
    return attempt(substitution if both else displacement, panel)


def chaine(p: Panels) -> Figure | Absent:
    """Return the waterfall from 100 opened seats to the last outcome that the files show."""
    found = _chain(p)
    if isinstance(found, Absent):
        return found
    rows = found.waterfall().table
    last = found.table.iloc[-1]
    people = PEOPLE[last["outcome"]]
    said = " ; ".join(f"{r.label} {text.nombre(r.remaining)}" for r in rows.itertuples() if r.level)
    return Figure(
        plots.waterfall(rows, xlabel=PER_100),
        f"Sur 100 places ouvertes, {text.nombre(last['net_per_100'])} {people}, "
        "une fois ôté ce que perdent les voisines",
        f"Constat de rentrée, registre des ouvertures ; {p.donnees.credit}",
        f"Cascade, de haut en bas : {said}. Intervalle à 95 % du dernier niveau : "
        f"{text.intervalle(last['net_low'], last['net_high'], 0)}.",
        rows[["label", "amount", "remaining"]],
        formats={"amount": ("signe", 1), "remaining": ("nombre", 1)},
        labels={"label": "Étape", "amount": "Variation", "remaining": "Reste"},
    )  # fmt: skip


def maillons(p: Panels) -> Table | Absent:
    """Return each link with its interval, then those not observable yet with their date."""
    found = _chain(p)
    if isinstance(found, Absent):
        return Absent(ABOVE)
    rows = found.table[["label", "link", "link_low", "link_high", "per_100"]].assign(
        quand="observé"
    )
    late = pd.DataFrame(
        {"label": found.pending["label"], "quand": [_when(p, o) for o in found.pending["outcome"]]}
    )
    return table(
        pd.concat([rows, late], ignore_index=True),
        "Les maillons de la chaîne, et la date de ceux qu'on ne peut pas encore voir",
        formats=dict.fromkeys(("link", "link_low", "link_high"), ("pourcent", 0))
        | {"per_100": ("nombre", 0)},
        labels={"label": "Maillon", "link": "Part du maillon précédent", "link_low": "Borne basse",
                "link_high": "Borne haute", "per_100": "Pour 100 places", "quand": "Constat"},
        source=f"Constat de rentrée, registre des ouvertures ; {p.donnees.credit}",
        note="Intervalles à 95 %, bootstrap conjoint par département (par établissement si moins "
        "de cinq sont concernés). Une part au-dessus de 100 % est possible : c'est un rapport de "
        "deux effets estimés.",
    )  # fmt: skip


def _when(p: Panels, outcome: str) -> str:
    """Return in words when an outcome that is not there will be, or why it will not."""
    day = first_seen(panneau(p), outcome)
    if day > le_jour(p):
        return f"à venir : premier chiffre en {month(day)}"
    if outcome.startswith(BY_SITE):
        return f"publié depuis {month(day)} {TWO_COHORTS}"
    return f"publié depuis {month(day)}, mais {NOT_BY_SITE}"


def _steps(p: Panels, found: Displacement) -> Waterfall:
    """Return the waterfall with what the programme declares of deadweight and leakage."""
    what = p.donnees.programme.additionnalite
    whole = from_estimates(found, 100.0, leakage=what.fuite, deadweight=what.aubaine)
    if len(found.rings) > 2:
        return whole
    return replace(whole, table=whole.table[whole.table["step"] != "substitution"])


def cascade(p: Panels) -> Figure | Absent:
    """Return the waterfall from gross to net entrants per 100 seats."""
    found = _moved(p)
    if isinstance(found, Absent):
        return Absent(ABOVE)
    steps = attempt(_steps, p, found)
    if isinstance(steps, Absent):
        return steps
    rows = steps.table
    return Figure(
        plots.waterfall(rows, xlabel=PER_100),
        f"De l'effet brut à l'effet net : {text.nombre(rows['amount'].iloc[0])} entrants pour 100 "
        f"places, {text.nombre(steps.net)} après déductions",
        f"Constat de rentrée, programme.toml (aubaine, fuite) ; {p.donnees.credit}",
        f"Cascade. {steps.summary()}",
        rows[["label", "amount", "remaining"]],
        formats={"amount": ("signe", 1), "remaining": ("nombre", 1)},
        labels={"label": "Étape", "amount": "Variation", "remaining": "Reste"},
    )  # fmt: skip


def deductions(p: Panels) -> str:
    """Return where each step of the waterfall comes from, and what is not measured."""
    what, found = p.donnees.programme.additionnalite, _moved(p)
    if isinstance(found, Absent):
        return ABOVE
    left = text.liste(
        f"{text.nombre((1 - d) * _kept(p, found))} si elle était de {text.pourcent(d, 0)}"
        for d in DEADWEIGHTS
    )
    declared = f"Déclaré : {what.source}." if what.source else "Rien n'est déclaré."
    lines = [
        f"Aubaine : {text.pourcent(what.aubaine, 0)} ; fuite hors de la région ou de l'industrie : "
        f"{text.pourcent(what.fuite, 0)}. {declared}",
        f"Les résultats ne disent pas l'aubaine. Entrants restants pour 100 places : {left}.",
        f"Déplacement : estimé. {found.verdict()}",
    ]
    if len(found.rings) == 2:
        lines.append(
            "Substitution entre voies : non mesurée, les fichiers n'ayant pas les entrants en "
            "apprentissage par établissement ; elle n'est donc pas nulle, elle est inconnue."
        )
    return "\n\n".join(lines)


def _kept(p: Panels, found: Displacement) -> float:
    return from_estimates(found, 100.0, leakage=p.donnees.programme.additionnalite.fuite).net


def echelles(p: Panels) -> Table | Absent:
    """Return the effect on wider and wider groups, and by how full courses were before."""
    panel = panneau(p)
    parts = {
        "Échelle": lambda: ladder.ladder(panel),
        "Déplacement": lambda: ladder.by_fill(panel),
        "Effet propre": lambda: ladder.own_by_fill(panel),
    }
    rows = []
    for name, make in parts.items():
        found = attempt(make)
        if isinstance(found, Absent):
            return Absent(ABOVE)
        rows += [
            (name, e.label.removeprefix("Effet par place : "), 100 * e.estimate, 100 * e.ci_low,
             100 * e.ci_high) for e in found
        ]  # fmt: skip
    names = ["sens", "groupe", "valeur", "bas", "haut"]
    return table(
        pd.DataFrame(rows, columns=names),
        "Entrants de plus pour 100 places, selon l'échelle et le remplissage d'avant",
        formats=dict.fromkeys(names[2:], ("signe", 0)),
        labels={"sens": "Mesure", "groupe": "Où", "valeur": "Pour 100 places",
                "bas": "Borne basse", "haut": "Borne haute"},
        source=f"Constat de rentrée, capacités ; {p.donnees.credit}",
        note="Échelle : effet des places sur le total des effectifs de la formation, puis de "
        "groupes plus larges, qui contiennent les voisines ; un effet qui diminue trahit un "
        f"déplacement. Pleine : au moins {text.pourcent(ladder.FULL, 0)} de places occupées avant "
        "le programme. Une ouverture là où il restait des places ne peut guère ajouter d'élèves.",
    )  # fmt: skip
