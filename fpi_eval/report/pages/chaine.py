"""From 100 opened seats to jobs, and from gross to net: chain, waterfall, rungs of displacement."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from fpi_eval import plots, text
from fpi_eval.absent import Absent, attempt
from fpi_eval.calendar import first_seen, month
from fpi_eval.figures import Figure
from fpi_eval.impact.displacement.additionality import DEADWEIGHTS, Waterfall, from_estimates
from fpi_eval.impact.displacement.ladder import FULL
from fpi_eval.impact.displacement.net import Displacement
from fpi_eval.impact.jobs.chain import Chain
from fpi_eval.impact.jobs.exams import SUCCESS
from fpi_eval.panel import CellPanel
from fpi_eval.panel.context import Context
from fpi_eval.programme import Additionnalite
from fpi_eval.report.published.make import show
from fpi_eval.results import Estimates
from fpi_eval.sheets import Sheet
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
PER_100 = "Pour 100 places ouvertes"
BOUNDS = ("estimate", "ci_low", "ci_high")


def chaine(found: Chain | Absent, context: Context) -> Figure | Absent:
    """Return the waterfall from 100 opened seats to the last outcome that the files show."""
    if isinstance(found, Absent):
        return found
    rows = found.waterfall().table
    last = found.table.iloc[-1]
    people = PEOPLE[last["outcome"]]
    said = " ; ".join(f"{r.label} {text.nombre(r.remaining)}" for r in rows.itertuples() if r.level)
    return Figure(
        plots.waterfall(rows, xlabel=PER_100),
        f"De 100 places ouvertes aux {people}, maillon par maillon",
        f"Constat de rentrée, registre des ouvertures ; {context.credit}",
        f"Cascade, de haut en bas : {said}.",
        rows[["label", "amount", "remaining"]],
        formats={"amount": ("signe", 0), "remaining": ("nombre", 0)},
        labels={"label": "Étape", "amount": "Variation", "remaining": "Reste"},
    )


def maillons(
    found: Chain | Absent,
    panel: CellPanel,
    examens: Estimates | Absent,
    compte: pd.DataFrame | Absent,
    context: Context,
) -> Table | Absent:
    """Return each link with its interval, success as exams show it, then the date of the others.

    ``compte`` is the success of every candidate, ``examens`` that of those whom seats added.
    """
    if isinstance(found, Absent):
        return found
    rows = found.table[["label", "link", "link_low", "link_high", "per_100"]].assign(
        quand="observé"
    )
    counted = pd.DataFrame() if isinstance(compte, Absent) else compte
    measured = pd.concat([counted, _reussite(examens)], ignore_index=True)
    pending = found.pending
    if len(measured):
        pending = pending[pending["outcome"] != "diplomes"]
    when = [_when(panel, outcome, context.day) for outcome in pending["outcome"]]
    columns = [*rows]
    late = pd.DataFrame({"label": pending["label"], "quand": when})
    return table(
        pd.concat([rows, measured, late], ignore_index=True)[columns],
        "Les maillons de la chaîne, et la date de ceux qu'on ne peut pas encore voir",
        formats=dict.fromkeys(("link", "link_low", "link_high"), ("pourcent", 0))
        | {"per_100": ("nombre", 0)},
        labels={
            "label": "Maillon",
            "link": "Part du maillon précédent",
            "link_low": "Borne basse",
            "link_high": "Borne haute",
            "per_100": "Pour 100 places",
            "quand": "Constat",
        },
        source=f"Constat de rentrée, registre des ouvertures ; {context.credit}",
        note="Intervalles à 95 %, bootstrap conjoint par département (par établissement si moins "
        "de cinq sont concernés). Une part au-dessus de 100 % est possible : c'est un rapport de "
        "deux effets estimés.",
    )


def _reussite(examens: Estimates | Absent) -> pd.DataFrame:
    """Return success as estimated at each mesh of the exams, unbounded ends left out."""
    if isinstance(examens, Absent):
        return pd.DataFrame()
    rows = [
        (e.label, e.estimate, e.ci_low, e.ci_high, "aux examens, autre maille")
        for e in examens
        if e.outcome == SUCCESS
    ]
    columns = ["label", "link", "link_low", "link_high", "quand"]
    return pd.DataFrame(rows, columns=columns).replace([np.inf, -np.inf], np.nan)


def reussite(published: Sheet | None) -> Table | Absent:
    """Return success counted at the last session: the link that the chain cannot follow."""
    if published is None:
        return Absent("Aucun fichier de résultats aux examens : la réussite n'est pas connue.")
    session = published.frame["session"]
    return show(
        published,
        ["session", "diplome", "filiere", "voie", "taux_reussite"],
        kept=session.eq(session.max()),
        titre="La réussite à l'examen, comptée à la dernière session publiée",
    )


def _when(panel: CellPanel, outcome: str, today: date) -> str:
    """Return in words when an outcome that is not there will be, or why it will not."""
    day = first_seen(panel.table, outcome)
    if day > today:
        return f"à venir : premier chiffre en {month(day)}"
    if outcome.startswith(BY_SITE):
        return f"publié depuis {month(day)} {TWO_COHORTS}"
    return f"publié depuis {month(day)}, mais {NOT_BY_SITE}"


def _steps(found: Displacement, what: Additionnalite) -> Waterfall:
    """Return the waterfall with what the programme declares of deadweight and leakage."""
    whole = from_estimates(found, 100.0, leakage=what.fuite, deadweight=what.aubaine)
    if len(found.rings) > 2:
        return whole
    return replace(whole, table=whole.table[whole.table["step"] != "substitution"])


def cascade(found: Displacement | Absent, context: Context) -> Figure | Absent:
    """Return the waterfall from gross to net entrants per 100 seats."""
    if isinstance(found, Absent):
        return found
    steps = attempt(_steps, found, context.programme.additionnalite)
    if isinstance(steps, Absent):
        return steps
    rows = steps.table
    return Figure(
        plots.waterfall(rows, xlabel=PER_100),
        "De l'effet brut à l'effet net : ce que chaque déduction ôte aux entrants",
        f"Constat de rentrée, programme.toml (aubaine, fuite) ; {context.credit}",
        f"Cascade. {steps.summary()}",
        rows[["label", "amount", "remaining"]],
        formats={"amount": ("signe", 0), "remaining": ("nombre", 0)},
        labels={"label": "Étape", "amount": "Variation", "remaining": "Reste"},
    )


def deductions(found: Displacement | Absent, what: Additionnalite) -> str | Absent:
    """Return where each step of the waterfall comes from, and what is not measured."""
    if isinstance(found, Absent):
        return found
    kept = from_estimates(found, 100.0, leakage=what.fuite).net
    left = text.liste(
        f"{text.nombre((1 - d) * kept)} si elle était de {text.pourcent(d, 0)}" for d in DEADWEIGHTS
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


def echelles(parts: Mapping[str, Estimates | Absent], context: Context) -> Table | Absent:
    """Return the effect on wider and wider groups, and by how full courses were before.

    ``parts`` has the estimates of each measure by its French name.
    """
    rows: list[tuple[object, ...]] = []
    for name, found in parts.items():
        if isinstance(found, Absent):
            return found
        for e in found:
            group = e.label.removeprefix("Effet par place : ")
            rows.append((name, group, *(100 * getattr(e, k) for k in BOUNDS)))
    names = ["sens", "groupe", "valeur", "bas", "haut"]
    return table(
        pd.DataFrame(rows, columns=names),
        "Entrants de plus pour 100 places, selon l'échelle et le remplissage d'avant",
        formats=dict.fromkeys(names[2:], ("signe", 0)),
        labels={
            "sens": "Mesure",
            "groupe": "Où",
            "valeur": "Pour 100 places",
            "bas": "Borne basse",
            "haut": "Borne haute",
        },
        source=f"Constat de rentrée, capacités ; {context.credit}",
        note="Échelle : effet des places sur le total des effectifs de la formation, puis de "
        "groupes plus larges, qui contiennent les voisines ; un effet qui diminue trahit un "
        f"déplacement. Pleine : au moins {text.pourcent(FULL, 0)} de places occupées avant "
        "le programme.",
    )
