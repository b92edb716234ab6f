"""From 100 opened seats to the outcome studied: effects, links, what remains once all is off."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from fpi_eval import plots, text
from fpi_eval.absent import Absent
from fpi_eval.calendar import first_seen, month
from fpi_eval.figures import Figure
from fpi_eval.headline import Headline, Quantity
from fpi_eval.headline.first_page import as_number
from fpi_eval.impact.displacement.ladder import FULL
from fpi_eval.impact.displacement.net import Displacement
from fpi_eval.impact.jobs.chain import Chain
from fpi_eval.impact.jobs.exams import SUCCESS
from fpi_eval.panel import CellPanel
from fpi_eval.panel.context import Context
from fpi_eval.programme import Additionnalite
from fpi_eval.report.published.make import show
from fpi_eval.results import Estimates
from fpi_eval.rounding import UNTOLD, rounded, told
from fpi_eval.sheets import Sheet
from fpi_eval.tables import Table, table

NOT_BY_SITE = "aucun fichier ouvert ne le donne par établissement et formation"
TWO_COHORTS = "par lycée et formation, deux promotions ensemble : voir « L'emploi »"
BY_SITE = ("sortants", "en_emploi")  # InserJeunes gives them, not by cohort
DEADWEIGHTS = (0.0, 0.25, 0.5)  # METHOD, A2: outcomes do not identify it
SHOWN = ("entrants_brut_100", "entrants_100", "effet_brut", "effet_net")
BOUNDS = ("estimate", "ci_low", "ci_high")


CANDIDATES = (
    " « Tous les candidats » : leur taux et son intervalle, non ceux des personnes de plus."
)
PLAIN = (
    " Fourchette des entrants : celle de la méthode seule, non étalonnée sur de faux programmes."
)


def pour_100(chiffres: Headline, source: str) -> Figure | Absent:
    """Return the figure of what 100 seats change: entrants, then the outcome, gross and net."""
    entrants = chiffres.notes.get("resultat") == "entrants"
    keys = SHOWN[2:] if entrants else SHOWN  # the outcome studied is already that of the first two
    known = [one for key in keys if (one := chiffres.get(key))]
    rows = pd.DataFrame(
        [
            (_where(one), one.rounded if as_number(chiffres, one) else np.nan, *one.ends)
            for one in known
        ],
        columns=["label", *BOUNDS],
    )
    if rows.empty:
        return Absent(chiffres["effet_net"].reason)
    net = chiffres["effet_net"]
    return Figure(
        plots.estimates(rows, xlabel="Pour 100 places ouvertes"),
        _found(chiffres),
        f"{source}.{PLAIN * (len(known) > 2)}",
        f"Points avec leur fourchette. {' '.join(one.phrase for one in known)}",
        rows.assign(
            label=rows["label"].str.replace("\n", " "),
            estimate=rows["estimate"].astype(object).where(rows["estimate"].notna(), UNTOLD),
        ),
        formats=dict.fromkeys(BOUNDS, ("signe", 0)),
        labels={
            "label": f"Pour 100 places ({net.scope})",
            "estimate": "Personnes",
            "ci_low": "Borne basse",
            "ci_high": "Borne haute",
        },
    )


def _found(chiffres: Headline) -> str:
    """Return what 100 seats bring, opened courses alone and all told, as the first page does."""
    gross, net = chiffres.get("effet_brut"), chiffres.get("effet_net")
    if not (gross and net):
        return "Ce que changent 100 places ouvertes"
    own, whole = gross.in_words, net.in_words
    alone, all_told = (
        one.number if as_number(chiffres, one) or not one.range else one.range
        for one in (own, whole)
    )
    if whole.unit != own.unit:
        all_told = f"{all_told} {whole.unit}"
    return (
        f"Pour 100 places, {alone} {own.unit} dans les formations ouvertes, {all_told} une fois "
        "ôtées les pertes des voisines"
    )


def _where(one: Quantity) -> str:
    """Return whom a number counts, and whether neighbours are in it."""
    inside = "formations ouvertes" if "brut" in one.key else "voisines comprises"
    return f"{text.capitale(one.unit)},\n{inside}"


def maillons(
    found: Chain | Absent,
    panel: CellPanel,
    examens: Estimates | Absent,
    compte: pd.DataFrame | Absent,
    context: Context,
) -> Table | Absent:
    """Return each link after entry, success as exams show it, then the date of the others.

    ``compte`` is the success of every candidate, ``examens`` that of those whom seats added.
    """
    if isinstance(found, Absent):
        return found
    links = found.table[found.table["parent"] != ""]  # entrants per seat is a headline quantity
    rows = links[["label", "link", "link_low", "link_high"]].assign(quand="observé")
    counted = pd.DataFrame() if isinstance(compte, Absent) else compte
    measured = pd.concat([counted, _reussite(examens)], ignore_index=True)
    pending = found.pending
    if len(measured):
        pending = pending[pending["outcome"] != "diplomes"]
    when = [_when(panel, outcome, context.day) for outcome in pending["outcome"]]
    late = pd.DataFrame({"label": pending["label"], "quand": when})
    return table(
        pd.concat([rows, measured, late], ignore_index=True),
        "De l'entrée au diplôme et à l'emploi : la part qui passe chaque étape",
        formats=dict.fromkeys(("link", "link_low", "link_high"), ("pourcent", 0)),
        labels={
            "label": "Étape",
            "link": "Part de l'étape précédente",
            "link_low": "Borne basse",
            "link_high": "Borne haute",
            "quand": "Constat",
        },
        source=f"Constat de rentrée, registre des ouvertures ; {context.credit}",
        note="Parmi les personnes de plus. Intervalles à 95 %, bootstrap conjoint par département "
        "(par établissement si moins de cinq sont concernés). Une part au-dessus de 100 % est "
        "possible : c'est un rapport de deux effets estimés, sur les mêmes promotions."
        + (CANDIDATES if len(counted) else ""),
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


def deductions(
    chiffres: Headline, found: Displacement | Absent, what: Additionnalite
) -> str | Absent:
    """Return what remains of the entrants once declared deadweight and leakage are taken off."""
    net = chiffres["entrants_100"]
    if not net:
        return Absent(net.reason)
    left = [
        "Aubaine de {} : {} {}{}.".format(text.part(d), *_left(net, what.remaining(d)))
        for d in sorted({*DEADWEIGHTS, what.aubaine})
    ]
    own = f" Aubaine déclarée : {text.part(what.aubaine)}." if what.aubaine else ""
    lines = [
        net.phrase,
        f"Fuite hors de la région ou de l'industrie : {text.part(what.fuite)}. {what.declaration}",
        "L'aubaine, ces places qui auraient ouvert sans le programme, n'est pas mesurée."
        f"{own} Voici ce qu'il resterait pour 100 places, une fois la fuite ôtée. {' '.join(left)}",
    ]
    if not isinstance(found, Absent):
        lines.append(f"Déplacement : estimé. {found.verdict()}")
        if len(found.rings) == 2:
            lines.append(
                "Substitution entre voies : non mesurée. Les fichiers n'ont pas les entrants en "
                "apprentissage par établissement ; elle n'est pas nulle, elle est inconnue."
            )
    return "\n\n".join(lines)


def _left(net: Quantity, share: float) -> tuple[str, str, str]:
    """Return a share of an effect, who it counts and its range, with the digits of the whole."""
    net = net.in_words

    def said(value: float) -> str:
        return text.nombre(rounded(value * share, net.step) if net.step else value * share)

    if net.low is None or net.high is None:
        return said(net.amount), net.unit, ""
    between = f"entre {said(net.low)} et {said(net.high)}"
    return (said(net.amount), net.unit, f" ({between})") if net.sure else (between, net.unit, "")


def echelles(parts: Mapping[str, Estimates | Absent], context: Context) -> Table | Absent:
    """Return other measures of displacement: on wider and wider groups, by fill before.

    ``parts`` has the estimates of each measure by its French name.
    """
    made, short = [], False
    for name, found in parts.items():
        if isinstance(found, Absent):
            return found
        made.append(found.to_frame().assign(mesure=name))
        short |= bool(found.note)
    rows = pd.concat(made, ignore_index=True)
    rows = rows.assign(label=rows["label"].str.removeprefix("Effet par place : "))
    lost = " Un échelon absent n'a aucun territoire auquel se comparer." * short
    return table(
        told(rows.assign(**100 * rows[[*BOUNDS]]), 100),
        "Autres mesures du déplacement des entrants, pour 100 places",
        formats=dict.fromkeys(BOUNDS, ("signe", 0)),
        labels={
            "mesure": "Mesure",
            "label": "Où",
            "estimate": "Pour 100 places",
            "ci_low": "Borne basse",
            "ci_high": "Borne haute",
        },
        source=f"Constat de rentrée, capacités ; {context.credit}",
        note="Échelle : effet des places sur le total des effectifs de la formation, puis de "
        "groupes plus larges, qui contiennent les voisines ; un effet qui diminue trahit un "
        f"déplacement. Pleine : au moins {text.pourcent(FULL, 0)} de places occupées avant "
        "le programme. La réponse est au chapitre « Les diplômés »." + lost,
    )
