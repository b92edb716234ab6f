"""What `06_trajectoire_et_couts` shows first: when outcomes are seen, how many people by 2030."""

from collections.abc import Mapping

import numpy as np

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.calendar import LABELS, OF_APPRENTICES, SHOWN, month, premieres
from fpi_eval.headline import Headline, in_chapters
from fpi_eval.headline.of_trajectory import LATER
from fpi_eval.indicators.catalogue import TAUX_RETENTION
from fpi_eval.panel.context import Context
from fpi_eval.programme import Cible
from fpi_eval.projection.loss import Loss
from fpi_eval.projection.outlook import Outlook
from fpi_eval.projection.projection import Projection, chances
from fpi_eval.projection.rates import Profil, Taux, to_frame
from fpi_eval.tables import Table, table

LIENS = {
    "remplissage": "Entrants par place ouverte",
    "retention": "Entrants qui atteignent la dernière année",
    "reussite": "Élèves de dernière année diplômés",
}
#: Outcomes in the words of the first page.
NAMED = LABELS | {name: words for name, (words, _where) in LATER.items()}
WHOLE = ("nombre", 0)
PAST = "L'échéance de chaque cible est passée : plus rien à projeter, il reste à compter."


def phrase_nette(found: Outlook) -> str:
    """Return how net readings are made, or why there are none."""
    if found.displaced is None:
        return "Lectures nettes absentes : la part prise aux formations voisines n'est pas estimée."
    low, middle, high = found.displaced
    if middle < 0:  # neighbours gained: nothing is taken off
        return (
            f"Lectures nettes : {text.pourcent(-middle, 0)} d'entrants ajoutés, gagnés par les "
            f"formations voisines (8 chances sur 10 : de {text.pourcent(-high, 0)} à "
            f"{text.pourcent(-low, 0)}), la même part pour les diplômés."
        )
    return (
        f"Lectures nettes : {text.pourcent(middle, 0)} des entrants ôtés, pris aux formations "
        f"voisines (8 chances sur 10 : de {text.pourcent(low, 0)} à {text.pourcent(high, 0)}), la "
        "même part pour les diplômés."
    )


def reponse(found: Outlook | Absent, chiffres: Headline) -> str:
    """Return the answer: who would enter by the last target, or why it is not known."""
    if isinstance(found, Absent):
        first = "On ne sait pas encore si les cibles sont, ou seront, atteintes."
        return f"{first}\n\n{found}"
    if not found.main.ahead:
        return PAST
    # The largest target that counts entrants, as on the first page; else the largest of the others.
    aim = max(found.main.ahead, key=lambda one: (one.lecture == "entrants", one.personnes))
    lines = [_chances(one, aim) for one in found.projections.values()]
    if main := chiffres.get(f"entrees_attendues_{aim.code}_{next(iter(found.projections))}"):
        lines[:0] = [
            in_chapters.trajectoire(main, text.nombre(aim.personnes), aim.echeance),
            f"Champ : {main.scope}.",
        ]
    return "\n\n".join(lines)


def _chances(one: Projection, target: Cible) -> str:
    people = "personnes" if target.lecture == "entrants" else "diplômés"
    return (
        f"{text.capitale(chances(one.chance(target, target.lecture)))} d'atteindre "
        f"{text.nombre(target.personnes)} {people}, scénario « {one.title} »."
    )


def calendrier(found: Outlook | Absent) -> Table | Absent:
    """Return when each wave's outcomes are published; what is to come is marked."""
    if isinstance(found, Absent):
        return found
    aside = found.without_length
    lost = f" {text.pluriel(aside, 'ouverture')} sans durée connue." if aside else ""
    if found.calendar.empty:
        return Absent(f"Aucune ouverture n'a d'entrants à suivre.{lost}")
    columns = ["publication", "observable", "comptees"]
    told = [
        f"{month(day)}{'' if seen else ' (à venir)'}" if counted > 0 else "aucun fichier"
        for day, seen, counted in found.calendar[columns].itertuples(index=False)
    ]
    agenda = found.calendar.assign(quand=told)
    wide = agenda.pivot_table(
        index=["rentree", "niveau", "duree", "places"],
        columns="resultat",
        values="quand",
        aggfunc="first",
    )
    rows = wide[list(SHOWN)].rename_axis(columns=None).reset_index()
    rows = rows.assign(
        niveau=rows["niveau"].map(text.NIVEAUX),
        duree=[text.pluriel(years, "an") for years in rows["duree"]],
    )
    return table(
        rows,
        "Quand chaque résultat d'une ouverture est-il publié ?",
        labels={
            "rentree": "Ouverture",
            "niveau": "Niveau",
            "duree": "Durée",
            "places": "Places",
            **{name: NAMED[name] for name in SHOWN},
        },
        source="Registre des ouvertures ; dates de publication de la DEPP ; "
        f"{found.context.credit}",
        note=f"Vu du {text.date_longue(found.context.day)}. Un taux d'emploi mêle deux cohortes : "
        "le premier qui ne porte que sur des places ouvertes paraît un an plus tard. Avant "
        "l'emploi, aucun fichier ouvert ne compte les apprentis par établissement et formation."
        + lost,
    )


def mesures(rates: Mapping[tuple[str, str], Taux] | Absent, context: Context) -> Table | Absent:
    """Return the rates used, each with its origin."""
    if isinstance(rates, Absent):
        return rates
    rows = to_frame(rates)
    rows = rows.assign(lien=rows["lien"].map(LIENS), niveau=rows["niveau"].map(text.NIVEAUX))
    ramp = context.programme.projection
    sourced = f" {ramp.source}." if ramp.source else ""
    return table(
        rows,
        "Les taux de la projection, et d'où ils viennent",
        formats=dict.fromkeys(("moyenne", "bas", "haut"), ("pourcent", 0)),
        labels={
            "lien": "Taux",
            "niveau": "Niveau",
            "moyenne": "Valeur",
            "bas": "Borne basse",
            "haut": "Borne haute",
            "origine": "Origine",
            "source": "Source",
        },
        source=context.credit,
        note="Bornes à 95 %. Par hypothèse, les places neuves se remplissent à "
        f"{text.liste(text.part(m) for m in ramp.montee_en_charge)} de ce taux leurs "
        f"premières rentrées, et leurs élèves réussissent {text.part(ramp.perte_marginale)} "
        f"moins souvent que les autres.{sourced} « Estimation » : moyenne des rentrées déjà vues ; "
        "la montée en charge est alors corrigée par ce que montrent les places ouvertes. La "
        "réussite l'est dès que les examens la mesurent : la page « Les limites » dit l'écart "
        f"retenu. Atteindre la dernière année : {TAUX_RETENTION.formula}.",
    )


def _reussite_en_plus(loss: Loss) -> str:
    """Return how much less extra pupils are said to pass, measured or assumed."""
    start = text.part(loss.declared)
    if not np.isfinite(loss.std_error):
        return (
            f"Les élèves en plus réussiraient {start} moins souvent que les autres : c'est une "
            "hypothèse, qu'aucun examen publié ne permet encore de vérifier. Une perte plus forte "
            "réduirait d'autant les diplômés projetés."
        )
    return (
        f"Les élèves en plus réussissent {text.pourcent(loss.mean, 0)} moins souvent que les "
        f"autres : {start} d'après l'hypothèse, {text.pourcent(loss.measured, 0)} d'après les "
        f"examens (erreur {text.points(loss.std_error, 0).lstrip('+')})."
    )


def _croissance_d_avant(learnt: Mapping[str, Profil]) -> str:
    """Return what the fill that is learnt owes to courses that grew before they opened seats."""
    slope, error, _ = next(iter(learnt.values())).derive
    blind = "Une croissance qui commencerait avec l'ouverture passerait pour du remplissage."
    if np.isnan(slope):
        return (
            "Trop peu de rentrées d'avant pour dire si les formations ouvertes grandissaient déjà "
            f"plus vite : la fourchette du remplissage appris en est élargie. {blind}"
        )
    moved = text.liste(
        f"{text.NIVEAUX[level].lower()} : {text.signe(-one.derive[2], 2)}"
        for level, one in learnt.items()
    )
    return (
        "Avant d'ouvrir, les effectifs des formations ouvertes s'écartaient de ceux des autres de "
        f"{text.signe(100 * slope, 1)}\u00a0% par an (erreur {text.pourcent(error, 1)}). "
        f"Le remplissage appris en est corrigé ({moved} élève par place), et sa fourchette "
        f"élargie. {blind}"
    )


def limites(found: Outlook | Absent) -> str:
    """Return what a projection does not say."""
    sentences = [
        "Les ouvertures à venir sont des scénarios déclarés, sans probabilité : les chances "
        "affichées valent si le scénario se réalise.",
        "Une personne entrée dans une place ouverte n'est pas toujours une personne de plus : "
        "une part vient de formations voisines.",
    ]
    if isinstance(found, Absent):
        return "\n\n".join(sentences)
    assumed = [rate for rate in found.rates.values() if rate.origine == "hypothèse"]
    if assumed:
        names = text.liste(
            f"{LIENS[r.lien].lower()} ({text.NIVEAUX[r.niveau].lower()})" for r in assumed
        )
        sentences.append(f"Taux supposés, faute de données : {names}.")
    if learnt := {r.niveau: r.profil for r in found.rates.values() if r.profil is not None}:
        sentences.append(_croissance_d_avant(learnt))
    sentences.append(_reussite_en_plus(found.loss))
    late = premieres(found.calendar)
    never, partly = (
        late[late["part_observable"] == 0],
        late[late["part_observable"].between(1e-9, 0.995, "neither")],
    )
    if len(never):
        names = text.liste(NAMED[name].lower() for name in never["resultat"])
        sentences.append(f"Pas encore visibles, pour aucune place du programme : {names}.")
    sentences += [
        f"{NAMED[r.resultat]} : visibles pour {text.pourcent(r.part_observable, 0)} des places"
        f"{'' if r.resultat in OF_APPRENTICES else ' de la voie scolaire'} "
        f"({found.context.programme.nom}) seulement."
        for r in partly.itertuples()
    ]
    return "\n\n".join(sentences)
