"""What `06_trajectoire_et_couts` shows first: when outcomes are seen, how many people by 2030."""

from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.calendar import LABELS, SHOWN, premieres
from fpi_eval.errors import FpiError
from fpi_eval.indicators import deploiement, remplissage
from fpi_eval.panel.panels import Panels
from fpi_eval.power import calendrier as dates_of
from fpi_eval.projection import (
    Profil,
    Projection,
    diversion_draws,
    from_counts,
    from_profile,
    projeter,
    seen,
)
from fpi_eval.projection import rates as taux_de
from fpi_eval.projection.result import chances
from fpi_eval.tables import Table, table

NO_REGISTER = (
    "Le dossier de données ne contient pas le registre des ouvertures (ouvertures.csv) : sans lui, "
    "ni calendrier, ni projection, ni coût par personne. Seuls sont montrés les ratios que "
    "donnent les chiffres publiés du programme."
)
MAIN = "plan"
CONSTATS = "constats de rentrée, toutes les places des filières du programme"
WEAK = 0.25  # relative error above which the fill of opened seats says too little
MARGINAL = "entrants ajoutés par les places ouvertes (imputation), selon leur ancienneté"
LIENS = {
    "remplissage": "Places occupées",
    "retention": "Entrants qui atteignent la dernière année",
    "reussite": "Élèves de dernière année diplômés",
}
WHOLE = ("nombre", 0)


def sans_registre(p: Panels) -> bool:
    """Return whether the run has no opening of the programme."""
    return deploiement.du_programme(p).empty


def le_jour(p: Panels) -> date:
    """Return the day from which the report looks: when the constat of the rentrée is known."""
    return date(p.donnees.rentree + 1, 1, 31)


def codes(p: Panels) -> dict[str, pd.DataFrame]:
    """Return the nomenclatures that tell how long a course lasts."""
    return {"mef": p.donnees.nomenclatures.mef, "familles": p.donnees.nomenclatures.familles}


@lru_cache(maxsize=2)
def panneau(p: Panels) -> pd.DataFrame:
    """Return the cell panel of the run's files."""
    return p.cells


@lru_cache(maxsize=4)
def taux(p: Panels) -> dict[tuple[str, str], taux_de.Taux]:
    """Return the rates: from the seats opened or constats if the files allow, assumed otherwise.

    Fill is what opened seats added to entrants, by age of the opening, where that is known well
    enough; otherwise that of all seats.
    """
    found: dict[tuple[str, str], taux_de.Taux] = {}
    for lien, counts in (("remplissage", remplissage.remplissage(p)),
                         ("retention", remplissage.retention(p))):  # fmt: skip
        for niveau, rows in counts.groupby("niveau"):
            found[lien, niveau] = from_counts(
                lien,
                niveau,
                rows,
                CONSTATS,
            )
    for niveau in text.NIVEAUX:
        if profil := _profil(p, niveau):
            found["remplissage", niveau] = from_profile(niveau, profil, MARGINAL)
    return taux_de.complete(found, p.donnees.programme)


def _profil(p: Panels, niveau: str) -> Profil | None:
    """Return the fill of opened seats by age, None if it is not known well enough."""
    try:
        found = seen(panneau(p), niveau, ages=len(p.donnees.programme.projection.montee_en_charge))
    except (FpiError, ArithmeticError):
        return None
    mean, error = found.moyenne
    return found if 0 < error <= WEAK * mean else None


@lru_cache(maxsize=2)
def deplacement(p: Panels) -> np.ndarray | None:
    """Return draws of the share of entrants taken from neighbours, None if it means nothing yet."""
    try:
        return diversion_draws(panneau(p), seed=p.donnees.programme.graine)
    except (FpiError, ArithmeticError):
        return None


def phrase_nette(p: Panels) -> str:
    """Return how net readings are made, or why there are none."""
    draws = deplacement(p)
    if draws is None:
        return (
            "Lectures nettes absentes : ces fichiers ne permettent pas encore d'estimer la part "
            "prise aux formations voisines."
        )
    low, middle, high = np.quantile(draws, [0.1, 0.5, 0.9])
    return (
        f"Lectures nettes : {text.pourcent(middle, 0)} des entrants ôtés, pris aux formations "
        f"voisines (de {text.pourcent(low, 0)} à {text.pourcent(high, 0)}, 80 %), la même part "
        "pour les diplômés."
    )


@lru_cache(maxsize=16)
def projection(p: Panels, scenario: str = MAIN) -> Projection:
    """Return the projection of one scenario from the run's rentrée."""
    return projeter(
        p.donnees.programme, deploiement.du_programme(p), rentree=p.donnees.rentree,
        scenario=scenario, found=taux(p), diversion=deplacement(p), **codes(p),
    )  # fmt: skip


def scenarios(p: Panels) -> list[str]:
    """Return the codes of the declared scenarios."""
    return [scenario.code for scenario in p.donnees.programme.scenarios]


def reponse(p: Panels) -> str:
    """Return the answer: chances of the targets, or the planning ratios alone."""
    if sans_registre(p):
        return f"{NO_REGISTER}\n\n{_planned(p)}"
    whole = projection(p).summary().split("\n")
    slow = [code for code in scenarios(p) if code != MAIN]
    last = p.donnees.programme.cibles[-1]
    others = [
        f"{projection(p, code).scenario.libelle} : "
        f"{chances((projection(p, code).cible(last, last.lecture) >= last.personnes).mean())} "
        f"d'atteindre {text.nombre(last.personnes)} en {last.echeance}."
        for code in slow
    ]
    return "\n\n".join([*whole, *others])


def _planned(p: Panels) -> str:
    what = p.donnees.programme
    lines = [
        f"{target.libelle} ({text.nombre(target.personnes)} visées) : "
        f"{text.euros(what.cout.total / target.personnes)} par personne en coût complet, "
        f"{text.euros(what.cout.subvention / target.personnes)} en subvention, si toute la dépense "
        "allait à cette seule cible et si elle était atteinte."
        for target in what.cibles
        if target.niveau == "ensemble"
    ]
    both = sum(t.personnes for t in what.cibles if t.niveau != "ensemble")
    lines.append(
        f"Cibles à trois ans réunies ({text.nombre(both)}) : "
        f"{text.euros(what.cout.total / both)} par personne en coût complet, "
        f"{text.euros(what.cout.subvention / both)} en subvention."
    )
    return "\n\n".join(lines)


def calendrier(p: Panels) -> Table | Absent:
    """Return when each wave's outcomes are published; what is to come is marked."""
    if sans_registre(p):
        return Absent(NO_REGISTER)
    agenda = dates_of(deploiement.du_programme(p), jour=le_jour(p), **codes(p))
    agenda["quand"] = [
        f"{_month(day)}{'' if seen else ' (à venir)'}"
        for day, seen in zip(agenda["publication"], agenda["observable"], strict=True)
    ]
    wide = agenda.pivot_table(
        index=["rentree", "niveau", "duree", "places"], columns="resultat", values="quand",
        aggfunc="first",
    )  # fmt: skip
    rows = wide[list(SHOWN)].rename_axis(columns=None).reset_index()
    rows = rows.assign(niveau=rows["niveau"].map(text.NIVEAUX), duree=rows["duree"].map(_years))
    aside = agenda.attrs["sans_duree"]
    lost = f" {text.pluriel(aside, 'ouverture')} sans durée connue." if aside else ""
    return table(
        rows,
        "Quand chaque résultat d'une ouverture est-il publié ?",
        labels={"rentree": "Ouverture", "niveau": "Niveau", "duree": "Durée", "places": "Places",
                **{name: LABELS[name] for name in SHOWN}},
        source=f"Registre des ouvertures ; dates de publication de la DEPP ; {p.donnees.credit}",
        note=f"Vu du {text.date_longue(le_jour(p))}. Un taux d'emploi mêle deux cohortes : "
        "le premier qui ne porte que sur des places ouvertes paraît un an plus tard." + lost,
    )  # fmt: skip


def _month(day: date) -> str:
    return text.date_longue(day).split(" ", 1)[1]


def _years(duree: int) -> str:
    return text.pluriel(duree, "an")


def mesures(p: Panels) -> Table:
    """Return the rates used, each with its origin."""
    rows = taux_de.to_frame(taux(p))
    rows = rows.assign(lien=rows["lien"].map(LIENS), niveau=rows["niveau"].map(text.NIVEAUX))
    ramp = p.donnees.programme.projection
    return table(
        rows[["lien", "niveau", "moyenne", "bas", "haut", "origine", "source"]],
        "Les taux de la projection, et d'où ils viennent",
        formats=dict.fromkeys(("moyenne", "bas", "haut"), ("pourcent", 0)),
        labels={"lien": "Taux", "niveau": "Niveau", "moyenne": "Valeur", "bas": "Borne basse",
                "haut": "Borne haute", "origine": "Origine", "source": "Source"},
        source=p.donnees.credit,
        note="Bornes à 95 %. Les places neuves se remplissent à "
        f"{text.liste(text.pourcent(m, 0) for m in ramp.montee_en_charge)} de ce taux leurs "
        f"premières rentrées, et leurs élèves réussissent {text.pourcent(ramp.perte_marginale, 0)} "
        f"moins que les autres. {ramp.source}. « Estimation » : moyenne des rentrées déjà vues ; "
        "la montée en charge est alors corrigée par ce que montrent les places ouvertes.",
    )  # fmt: skip


def limites(p: Panels) -> str:
    """Return what a projection does not say."""
    sentences = [
        "Les ouvertures à venir sont des scénarios déclarés, sans probabilité : les chances "
        "affichées valent si le scénario se réalise.",
        "Une personne entrée dans une place ouverte n'est pas toujours une personne de plus : "
        "une part vient de formations voisines.",
    ]
    if sans_registre(p):
        return "\n\n".join([NO_REGISTER, *sentences])
    assumed = [rate for rate in taux(p).values() if rate.origine == "hypothèse"]
    if assumed:
        names = text.liste(
            f"{LIENS[r.lien].lower()} ({text.NIVEAUX[r.niveau].lower()})" for r in assumed
        )
        sentences.append(f"Taux supposés, faute de données : {names}.")
    late = premieres(dates_of(deploiement.du_programme(p), jour=le_jour(p), **codes(p)))
    hidden = late[late["part_observable"] < 1]
    if len(hidden):
        said = text.liste(
            f"{r.label.lower()} ({text.pourcent(r.part_observable, 0)} des places lisibles)"
            for r in hidden.itertuples()
        )
        sentences.append(f"Encore en partie invisibles : {said}.")
    return "\n\n".join(sentences)
