"""What `06_trajectoire_et_couts` shows of totals: people added so far, by group, gross and net."""

from functools import cache

import numpy as np

from fpi_eval import text
from fpi_eval.absent import Absent, attempt
from fpi_eval.impact.groups.totals import Totals, totals
from fpi_eval.report.pages.study import NAMES, Etude, etude
from fpi_eval.tables import Table, table

__all__ = ["entrants", "etude", "methode", "principal"]
OPEN = "intervalle non borné"


@cache
def _totals(e: Etude, outcome: str) -> Totals | Absent:
    """Return the totals of one outcome, or why there are none."""
    if e.muette:
        return Absent(e.muette)
    place = e.p.donnees.programme.territoire
    names = {
        "filiere": e.p.donnees.programme.mots_filieres,
        "academie": {a.code: a.nom for a in place.academies},
        "departement": {d.code: d.nom for d in place.departements},
    }
    found = attempt(totals, e.panel, outcome, names=names)
    return found if isinstance(found, Absent) else found.with_verdict(e.evaluation.verdict.phrase)


def entrants(e: Etude) -> Table | Absent:
    """Return entrants added so far by level, filière, voie, académie, département."""
    return _shown(e, "entrants")


def principal(e: Etude) -> Table | Absent:
    """Return the same table for the outcome studied."""
    if e.outcome == "entrants":
        return Absent("Le résultat étudié est le nombre d'entrants : c'est le tableau précédent.")
    return _shown(e, e.outcome)


def _shown(e: Etude, outcome: str) -> Table | Absent:
    found = _totals(e, outcome)
    if isinstance(found, Absent):
        return found
    rows = found.table
    shown = rows[["dimension", "group", "n_etab", "seats"]].assign(
        brut=[_words(*r) for r in rows[["gross", "gross_low", "gross_high"]].to_numpy()],
        net=[_words(*r) for r in rows[["estimate", "ci_low", "ci_high"]].to_numpy()],
    )
    absent = "".join(f" {name} : {why}" for name, why in found.absent.items())
    return table(
        shown,
        f"Effet du programme en tout, jusqu'ici : {NAMES.get(outcome, outcome)}",
        formats={"seats": "nombre", "n_etab": "nombre"},
        labels={"dimension": "Découpage", "group": "Groupe", "n_etab": "Établissements",
                "seats": "Places × rentrées", "brut": "Brut", "net": "Net"},
        source=e.source,
        note="Entre parenthèses, intervalle à 95 %. Net : ce que perdent les formations voisines "
        "est ôté, là où elles le perdent ; celles qui sont hors des filières du programme ne sont "
        "dans aucune ligne de filière. Un territoire de moins de trois établissements ouverts est "
        f"réuni à d'autres.{absent}",
    )  # fmt: skip


def _words(value: float, low: float, high: float) -> str:
    if not np.isfinite([low, high]).all():
        return f"{text.signe(value)} ({OPEN})"
    return f"{text.signe(value)} ({text.signe(low)}\u00a0à\u00a0{text.signe(high)})"


def methode(e: Etude) -> str:
    """Return how totals by group are made, in one paragraph."""
    return _totals(e, "entrants").method()
