"""Words and layout of `03_diplomes`, for results that the notebook made."""

import numpy as np
import pandas as pd

from fpi_eval import plots, text
from fpi_eval.absent import Absent
from fpi_eval.checks import NAMES, NO_EFFECT, Choices, Evaluation, HonestBounds, TooFew, allowed
from fpi_eval.checks.thresholds import CAUTION, FAIL, MARKS, VIOLATION
from fpi_eval.checks.verdict import INVISIBLE
from fpi_eval.figures import Figure
from fpi_eval.headline import Headline, in_chapters
from fpi_eval.headline.first_page import UNPROVEN, only_own
from fpi_eval.headline.of_places import rentrees
from fpi_eval.impact.frame import DISPLACEMENT, GROSS, NET
from fpi_eval.impact.groups.dose_response import DoseResponse
from fpi_eval.impact.j import J_TEXT
from fpi_eval.impact.j_and_bjs2_t import GAP
from fpi_eval.impact.jobs.exams import SUCCESS
from fpi_eval.panel import CellPanel
from fpi_eval.panel.cell_panel import opened_seats
from fpi_eval.panel.context import Context
from fpi_eval.report.pages.unfolded import Unfolded
from fpi_eval.results import Estimates, EventStudy
from fpi_eval.rounding import UNTOLD, told
from fpi_eval.tables import Table, table

NOT_GIVEN = "Aucun effet n'est donné."
NOT_TOLD = "Aucun effet n'est donné : trop peu d'établissements ont ouvert des places."
FIGURES = ("estimate", "ci_low", "ci_high")
PER_SEAT = {GROSS: "Effet brut", DISPLACEMENT: "Déplacement", NET: "Effet net"}
BOUNDS = {"estimate": "Par place", "ci_low": "Borne basse", "ci_high": "Borne haute"}
#: Where displacement is measured beyond the establishment, then tested.
REACH = {
    "departement": ("le département", "l'académie"),
    "zone_emploi": ("la zone d'emploi", "l'académie"),
    "academie": ("l'académie", "la région"),
    "region": ("la région", ""),
}
ZONES = (
    "Aucun fichier ne donne la commune des établissements sans résultats au diplôme professionnel "
    "(CFA, BTS d'un lycée général) : leur voisinage reste leur département."
)
EMPTY_END = " Une borne vide : trop peu de territoires pour borner le rapport."


def name_of(outcome: str) -> str:
    """Return the French name of an outcome, or the name of its column."""
    return NAMES.get(outcome, outcome)


def source(context: Context, panel: CellPanel) -> str:
    """Return where the effects come from."""
    places = "hausses de capacité" if panel.seats_derived else "registre des ouvertures"
    return f"Constat de rentrée, {places} ; {context.credit}"


def resultat(context: Context, outcome: str | Absent) -> str:
    """Return which outcome is studied, and why not the one announced."""
    if isinstance(outcome, Absent):
        return str(outcome)
    wanted = context.programme.resultats.principal
    if outcome == wanted:
        return f"Résultat étudié : {name_of(outcome)}, annoncé comme résultat principal."
    return (
        f"Le résultat principal annoncé est « {name_of(wanted)} ». Aucune source "
        "ouverte ne le donne par établissement et formation : on étudie à la place le résultat "
        f"observable le plus proche, « {name_of(outcome)} » (voie scolaire)."
        + " Un élève en dernière année n'est pas un diplômé : il reste l'examen."
        * (outcome == "terminale")
    )


def origine(panel: CellPanel, chiffres: Headline) -> str:
    """Return where the seats come from, and how many the effect does not count."""
    if not panel.seats_derived:
        out = chiffres["places_hors_effet"]
        left = (
            f" L'effet en laisse de côté {out.number} : apprentissage, ou formation sans fichier."
        )
        return f"Les places viennent du registre des ouvertures.{left if out.value else ''}"
    gained = opened_seats(panel.table)
    gained = gained[gained > 0]
    if gained.empty:
        return (
            "Sans registre des ouvertures, les places seraient les hausses que montrent les "
            "capacités dans la région et les filières du programme : il n'y en a aucune."
        )
    years = panel.table.loc[panel.table["seats"] > 0, "rentree"]
    return (
        "Sans registre des ouvertures, les places sont les hausses que montrent les capacités dans "
        "la région et les filières du programme : "
        f"{text.pluriel(len(gained), 'formation')}, {text.pluriel(gained.sum(), 'place')}, "
        f"{rentrees(years.min(), years.max())}, quel qu'en soit le financement."
    )


def reponse(evaluation: Evaluation | Absent, chiffres: Headline) -> str:
    """Return the answer: the net effect and its range, or that there is none, then why."""
    net = chiffres["effet_net"]
    if isinstance(evaluation, TooFew):
        return f"{NOT_TOLD}\n\n{evaluation.why}"
    if not net:
        head = NO_EFFECT if isinstance(evaluation, Absent) else NOT_GIVEN
        why = net.reason.removeprefix(f"{NO_EFFECT} ")
        return f"{head}\n\n{text.capitale(why)}"
    lines = [
        in_chapters.diplomes(chiffres),
        f"Champ : {net.scope}. Les pertes des formations voisines sont déduites.",
    ]
    if isinstance(evaluation, Absent):
        return "\n\n".join(lines)
    if evaluation.verdict.niveau in UNPROVEN:
        lines.append("Ces chiffres servent à vérifier, non à conclure.")
    lines.append(
        f"Avis des contrôles sur la méthode : {evaluation.verdict.niveau}{only_own(chiffres)}. Le "
        "détail est en annexe."
    )
    return "\n\n".join(lines)


def effets(found: Estimates | Absent, source: str) -> Table | Absent:
    """Return gross effect, displacement, net effect, BJS2-T and the gap."""
    if isinstance(found, Absent):
        return found
    rows = found.to_frame()
    read = f" {found.note}" if rows["label"].eq(GAP).any() else ""  # it reads the gap
    return table(
        told(rows.assign(label=rows["label"].replace(PER_SEAT))),
        f"Effet par place ouverte, non arrondi ({name_of(found[0].outcome)})",
        formats=dict.fromkeys(FIGURES, ("signe", 2)),
        labels={"label": "Effet", "estimator": "Estimateur", **BOUNDS},
        source=source,
        note=f"Intervalles à 95 %. {text.capitale(found[0].rule)}. Les lignes autres que l'effet "
        f"brut et l'effet net ne sont pas étalonnées.{read}",
    )


def examens(found: Estimates | Absent, source: str) -> Table | Absent:
    """Return candidates and graduates per opened seat, and success, mesh by mesh."""
    if isinstance(found, Absent):
        return found
    said = [item.label.partition(", ") for item in found]
    frame = found.to_frame().replace([np.inf, -np.inf], np.nan)
    effects, shares = told(frame), frame["outcome"].eq(SUCCESS)
    rows = effects.assign(
        maille=[mesh for _, _, mesh in said],
        compte=[count for count, _, _ in said],
        **{name: effects[name].astype(object).mask(shares, _percent(frame[name]))
           for name in FIGURES},
    )  # fmt: skip
    return table(
        rows,
        "Candidats et diplômés de plus par place ouverte, là où les examens sont publiés",
        formats=dict.fromkeys(FIGURES, ("signe", 2)) | {"n_treated_clusters": "nombre"},
        labels={"maille": "Maille du fichier", "compte": "Compte", **BOUNDS}
        | {"n_treated_clusters": "Territoires ou lycées concernés"},
        source=f"Résultats aux examens, DEPP ; {source}",
        note=found.note + EMPTY_END * bool(shares.any()),
    )


def _percent(shares: pd.Series) -> pd.Series:
    """Return success among candidates in percent, a missing end left empty."""
    return shares.map(lambda share: text.pourcent(share, 0), na_action="ignore").astype(object)


def evenement(found: EventStudy | Absent, source: str) -> Figure | Absent:
    """Return the event-study figure."""
    if isinstance(found, Absent):
        return found
    rows = found.table
    before, after = rows[rows["rel_time"] < 0], rows[rows["rel_time"] >= 0]
    said = " ; ".join(
        f"année {int(r.rel_time)}, {text.signe(r.estimate, 2)}" for r in after.itertuples()
    )
    low, high = (text.signe(end, 2) for end in (after["estimate"].min(), after["estimate"].max()))
    titre, alt = f"L'écart par place va de {low} à {high}", f"Après : {said}."
    if len(before):
        flat = text.nombre(before["estimate"].abs().max(), 2)
        # An opening precedes the year from which it can act, by the length of a course.
        titre = f"L'écart vaut au plus {flat} par place avant tout effet possible, de {low} à "
        titre += f"{high} ensuite"
        alt = f"Avant : au plus {flat} par place en valeur absolue. {alt}"
    return Figure(
        plots.event_study(rows),
        f"{titre} ({name_of(found.outcome)})",
        source,
        alt,
        rows.astype({"rel_time": "float"}),
        formats={"rel_time": ("signe", 0)} | dict.fromkeys(FIGURES, ("signe", 3)),
        labels={"rel_time": "Année", **BOUNDS},
    )


def plantes(evaluation: Evaluation | Absent, source: str) -> Figure | Absent:
    """Return the figure of fake programmes: how far from their true effect each one is found."""
    found = (
        evaluation if isinstance(evaluation, Absent) else allowed(evaluation, evaluation.planted)
    )
    if isinstance(found, Absent):
        return found
    rows, held = found.to_frame(), found.n_contained
    return Figure(
        found.plot(),
        f"La méthode retrouve l'effet brut de {text.nombre(held)} faux programmes sur "
        f"{text.nombre(found.n_draws)} ({name_of(found.outcome)})",
        source,
        text.capitale(found.summary()).replace("\n", " "),
        rows,
        formats=dict.fromkeys((*FIGURES, "cal_low", "cal_high"), ("signe", 3))
        | dict.fromkeys(("p_value", "cal_p_value"), text.valeur_p),
        labels={
            "label": "Effet",
            **BOUNDS,
            "p_value": "Valeur p",
            "cal_low": "Étalonné, bas",
            "cal_high": "Étalonné, haut",
            "cal_p_value": "Valeur p étalonnée",
        },
    )


def controles(evaluation: Evaluation | Absent, source: str) -> Table | Absent:
    """Return every check, its finding and its threshold; alerts first."""
    if isinstance(evaluation, Absent):
        return evaluation
    rows = evaluation.checks_frame()
    order = {word: k for words in MARKS.values() for k, word in enumerate(words.values())}
    rows = rows.sort_values("statut", key=lambda s: s.map(order), kind="stable")
    rows = rows.sort_values("genre", ascending=False, kind="stable")  # violations first
    return table(
        rows.assign(genre=rows["genre"].map(text.capitale)).reset_index(drop=True),
        "Les contrôles du plan d'évaluation",
        labels={
            "genre": "Ce qu'il cherche",
            "titre": "Contrôle",
            "statut": "Avis",
            "phrase": "Constat",
            "seuil": "Règle",
        },
        source=source,
        note="L'effet de référence est l'effet estimé, ou 0,5 par place s'il est plus petit (ce "
        "que donne une place occupée). Le verdict vient des programmes plantés : un manque "
        "d'information élargit l'intervalle, et n'est pas une alerte.",
    )


def equilibre(evaluation: Evaluation | Absent, source: str) -> Table | Absent:
    """Return how opened cells differed from others before the programme."""
    if isinstance(evaluation, Absent):
        return evaluation
    return table(
        evaluation.balance,
        "Les formations ouvertes ressemblaient-elles aux autres ?",
        formats={"ouvertes": ("nombre", 2), "autres": ("nombre", 2), "difference": ("signe", 2)},
        labels={
            "libelle": "Avant toute ouverture",
            "ouvertes": "Formations ouvertes",
            "autres": "Autres",
            "difference": "Différence normalisée",
        },
        source=source,
        note="Différence divisée par l'écart-type : négligeable sous 0,05, forte au-delà de 0,25. "
        "Les écarts de niveau sont retirés par comparaison de chaque formation avec elle-même.",
    )


def robustesse(
    choix: Choices | Absent, ouvertures: Choices | Absent, outcome: str, source: str
) -> Table | Absent:
    """Return every estimator beside the primary one: per seat, then per opening."""
    if isinstance(choix, Absent):
        return choix
    rows = choix.table.assign(unite=f"par {choix.unit}")
    if not isinstance(ouvertures, Absent):
        other = ouvertures.table.assign(unite=f"par {ouvertures.unit}")
        rows = pd.concat([rows, other])
    rows = rows.assign(raison=rows["raison"].fillna("").replace("", "–"))
    return table(
        rows.reset_index(drop=True),
        f"Ce que disent les autres estimateurs ({name_of(outcome)})",
        formats=dict.fromkeys(FIGURES, ("signe", 2)),
        labels={
            "label": "Estimateur",
            "unite": "Unité",
            "estimate": "Effet",
            "ci_low": "Borne basse",
            "ci_high": "Borne haute",
            "raison": "Remarque",
        },
        source=source,
        note="« Par ouverture » : effet moyen d'une ouverture, quelle que soit sa taille, sans "
        "tenir compte des voisines. Intervalles sans étalonnage, pour être comparés entre eux. Une "
        "double différence à effets fixes n'est pas une réponse : elle est là pour qu'on voie ce "
        "qu'elle aurait dit.",
    )


def tailles(found: DoseResponse | Absent, source: str) -> Table | Absent:
    """Return the effect per seat of small, middle and large openings, and of a whole opening."""
    if isinstance(found, Absent):
        return found
    rows = told(told(found.table), value="whole")
    whole = {
        "whole": "Par ouverture",
        "increasing": "Par ouverture, jamais moins pour une plus grande",
    }
    if rows["estimate"].eq(UNTOLD).any():  # each class borrows from the others to increase
        del whole["increasing"]
    return table(
        rows,
        f"L'effet selon la taille de l'ouverture ({name_of(found.outcome)})",
        formats=dict.fromkeys(FIGURES, ("signe", 2)) | dict.fromkeys(whole, ("signe", 1)),
        labels={
            "label": "Taille de l'ouverture",
            "n_cells": "Formations",
            **BOUNDS,
            **whole,
        },
        source=source,
        note=f"{found.sentence()} Effet brut ; intervalles à 95 %, sans étalonnage. Classes "
        "coupées aux tiers des tailles ; « par ouverture » : ce qu'apporte une ouverture entière "
        "de taille moyenne. Une place d'une grande ouverture peut être plus difficile à pourvoir.",
    )


def specification(choix: Choices | Absent, outcome: str, source: str) -> Figure | Absent:
    """Return the figure of the effect under every declared choice."""
    if isinstance(choix, Absent):
        return choix
    rows, same = choix.known, choix.same["estimate"]  # a level alone is no choice of method
    low, high = same.min(), same.max()
    return Figure(
        plots.specification_curve(rows),
        f"{text.pluriel(len(same), 'choix de méthode donne', 'choix de méthode donnent')} un effet "
        "brut de "
        f"{text.signe(low, 2)} à {text.signe(high, 2)} par place ({name_of(outcome)})",
        source,
        f"{text.pluriel(len(rows), 'ligne')}, du plus petit effet, en haut, au plus grand. Le "
        "carré est le choix principal ; un cercle vide porte sur une partie du programme.",
        rows.reset_index(drop=True),
        formats=dict.fromkeys(FIGURES, ("signe", 3)),
        labels={"label": "Choix", **BOUNDS},
    )


def renverser(
    evaluation: Evaluation | Absent, effets: Estimates | Absent, pente: float | Absent
) -> str | Absent:
    """Return what would overturn the conclusion; ``pente`` is the trend that would explain it."""
    if isinstance(effets, Absent):
        return effets
    if isinstance(evaluation, Absent):
        return evaluation
    gross = effets[GROSS]
    if not gross.beyond_zero:
        return "L'effet ne se distingue pas de zéro : il n'y a pas de conclusion à renverser."
    checks = {c.name: c for c in evaluation.checks}
    lines = [
        str(pente)
        if isinstance(pente, Absent)
        else f"Une tendance propre aux sites ouverts expliquerait tout l'effet si elle valait "
        f"{text.signe(pente, 2)} par place et par an, avant l'ouverture comme après.",
        f"Écart de tendance : {checks['rupture'].phrase}",
        f"Ce que le test de tendance a pu manquer : {checks['tendance_invisible'].phrase}",
        f"Retrait d'un groupe : {checks['un_de_moins'].phrase}",
        f"Déplacement : {checks['deplacement'].phrase}",
    ]
    lines += _alerts(evaluation)
    return "\n\n".join(lines)


def _alerts(evaluation: Evaluation) -> list[str]:
    """Return how many checks ask for caution, and how many only say that data tell little."""
    lit = [c.genre == VIOLATION for c in evaluation.checks if c.statut in (CAUTION, FAIL)]
    against, short = sum(lit), len(lit) - sum(lit)
    many = text.pluriel(against, "contrôle demande", "contrôles demandent")
    few = text.pluriel(short, "contrôle montre", "contrôles montrent")
    where = "la page « Les contrôles » dit pourquoi."
    said = [f"{many} la prudence : {where}"] if against else []
    if short:
        said.append(
            f"{few} que l'information est limitée. Ce n'est pas une alerte : l'intervalle en tient "
            f"compte{'.' if against else f' ; {where}'}"
        )
    return said


def ecarts(
    relatifs: HonestBounds | Absent, pentes: HonestBounds | Absent, source: str
) -> Table | Absent:
    """Return the effect's interval as the trends of opened sites may drift more and more."""
    if isinstance(relatifs, Absent):
        return relatifs
    if isinstance(pentes, Absent):
        return pentes
    rows = relatifs.table.merge(pentes.table, on="m", suffixes=("_relatif", "_pente"))
    for name in ("relatif", "pente"):
        ends = rows[[f"ci_low_{name}", f"ci_high_{name}"]].to_numpy()
        rows[name] = [text.intervalle(low, high, 2) for low, high in ends]
    return table(
        rows.assign(m=[text.nombre(m, 1) for m in rows["m"]]),
        "L'effet, si les formations ouvertes évoluaient autrement que les autres",
        labels={"m": "Écart permis M", "relatif": "Écart d'une année", "pente": "Pente"},
        source=source,
        note="Intervalles à 95 % de l'effet par place, moyenne des années suivies. « Écart d'une "
        "année » : au plus M fois le plus grand vu avant l'ouverture. « Pente » : elle change d'au "
        "plus M erreurs types par an ; à zéro, une tendance droite est ôtée (Rambachan et Roth, "
        "2023).",
    )


def plan(evaluation: Evaluation | Absent) -> str | Absent:
    """Return the verdict, and whether the run follows the plan written beforehand."""
    if isinstance(evaluation, Absent):
        return evaluation
    # No such check where the notebook was not held against the plan.
    followed = [c for c in evaluation.checks if c.name == "preinscription"]
    said = [text.capitale(evaluation.verdict.phrase), INVISIBLE]
    return "\n\n".join(said + [f"{check.titre} : {check.phrase}" for check in followed])


#: J in short sentences; `J_TEXT` says it to the last detail.
J_SHORT = (
    "L'estimateur J fait des doubles moindres carrés, une observation par cellule et session. Une "
    "cellule est une formation dans un établissement ; entrent celles des filières visées, dans "
    "toutes les régions. Résultat, places et expositions sont divisés par la taille de la cellule, "
    "et chaque observation pèse cette taille.\n"
    "Les places sont celles qui étaient ouvertes à l'entrée de la promotion. Leur signe les "
    "instrumente : chaque place pèse autant. L'exposition est la part de la cellule dans les "
    "places de ses voisines : même établissement, puis même famille et même département, sauf "
    "choix déclaré. Son instrument est la plus grande valeur qu'elle atteint dans la cellule.\n"
    "Les effets fixes sont ceux de la cellule, de la formation × session et de la région × session "
    "(Angrist et Imbens, 1995 ; Cameron et Miller, 2015). L'effet brut est le coefficient des "
    "places ; le déplacement vient de ceux des expositions ; l'effet net est leur somme."
)
EXACT_J = "L'estimateur J, dans le texte exact du plan d'évaluation"


def methode(evaluation: Evaluation | Absent) -> Unfolded | str | None:
    """Return how the effect, its interval and its verdict are made; nothing without them."""
    if isinstance(evaluation, Absent):
        return None
    said = evaluation.method()
    if J_TEXT not in said:
        return said.replace("\n", "\n\n")
    words = said.replace(J_TEXT, J_SHORT, 1)
    return Unfolded(words.replace("\n", "\n\n"), EXACT_J, J_TEXT)


def limites(
    context: Context, outcome: str | Absent, panel: CellPanel, evaluation: Evaluation | Absent
) -> str:
    """Return what these figures do not say."""
    lines = [resultat(context, outcome)]
    near, far = REACH[context.programme.resultats.voisinage]
    tested = f", seulement testé dans {far} (contrôle « Déplacement au-delà des voisines »)"
    tested = tested if far else ""
    if panel.seats_derived:
        lines.append(
            "Sans registre des ouvertures, on ne sépare pas les places du programme de celles "
            "que l'académie aurait ouvertes de toute façon."
        )
    else:
        lines.append(
            "Une partie des places aurait pu ouvrir sans le programme : les données ne le disent "
            "pas, seuls les dossiers de financement le peuvent."
        )
        lines.append(
            "Les autres régions ouvrent aussi des places. Aucun registre ne les donne : leurs "
            "hausses de capacité restent dans la comparaison, comme celles de la région que le "
            "programme ne paie pas."
        )
    lines += [
        "L'apprentissage du secondaire n'a ni capacité ni effectif par établissement dans les "
        "fichiers ouverts : il n'est pas dans ces chiffres.",
        f"Le déplacement est mesuré dans l'établissement et dans {near}{tested}. Un élève venu de "
        "plus loin, ou de l'apprentissage, n'est pas vu.",
    ]
    if context.programme.resultats.voisinage == "zone_emploi":
        lines.append(ZONES)
    if not isinstance(evaluation, Absent):
        hidden = allowed(evaluation, evaluation.masked)
        lines += [hidden.summary()] if hidden else []
        lines.append(INVISIBLE)
    return "\n\n".join(lines)
