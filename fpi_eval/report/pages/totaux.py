"""What `06_trajectoire_et_couts` shows of totals: people added so far, by group, gross and net."""

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.checks import NAMES
from fpi_eval.impact.groups.totals import Totals
from fpi_eval.programme import Programme
from fpi_eval.rounding import rounded, step_of, told
from fpi_eval.tables import Table, table

TEN = 10.0  # people: a total to the nearest ten gives no count of a few people back


def decoupages(programme: Programme) -> dict[str, dict[str, str]]:
    """Return the French names of the groups that totals are split into."""
    place = programme.territoire
    return {
        "filiere": programme.mots_filieres,
        "academie": {a.code: a.nom for a in place.academies},
        "departement": place.noms_departements,
    }


def entrants(found: Totals | Absent, source: str) -> Table | Absent:
    """Return entrants added so far by level, filière, voie, académie, département."""
    return _shown(found, "entrants", source)


def principal(found: Totals | Absent, outcome: str, source: str) -> Table | Absent:
    """Return the same table for the outcome studied."""
    if outcome == "entrants":
        return Absent("Le résultat étudié est le nombre d'entrants : c'est le tableau précédent.")
    return _shown(found, outcome, source)


def _shown(found: Totals | Absent, outcome: str, source: str) -> Table | Absent:
    if isinstance(found, Absent):
        return found
    rows = found.table
    own, whole = ["gross", "gross_low", "gross_high"], ["estimate", "ci_low", "ci_high"]
    said = {name: [_words(*row) for row in rows[columns].to_numpy()]
            for name, columns in (("brut", own), ("net", whole))}  # fmt: skip
    shown = told(rows.assign(**said), rows["seats"], value="net")
    # The net effect is the gross one and more: it is not told where its own part is not.
    for name in said:
        shown = told(shown, rows["seats"], value=name, ends=("gross_low", "gross_high"))
    absent = "".join(f" {name} : {why}" for name, why in found.absent.items())
    return table(
        shown,
        f"Effet du programme en tout, jusqu'ici : {NAMES.get(outcome, outcome)}",
        formats={"seats": "nombre", "n_etab": "nombre"},
        labels={
            "dimension": "Découpage",
            "group": "Groupe",
            "n_etab": "Établissements",
            "seats": "Places × rentrées",
            "brut": "Brut",
            "net": "Net",
        },
        source=source,
        note="Intervalle à 95 %, élargi comme celui de l'ensemble l'est par l'essai sur de faux "
        "programmes, s'il y en a un. Il est donné seul là où il contient zéro. Les nombres sont "
        "arrondis selon cet intervalle, à la dizaine au moins. Net : ce que perdent les "
        "formations voisines est ôté, là où elles le perdent ; celles des autres filières ne "
        "sont dans aucune ligne de filière. "
        "Par niveau, filière et voie, ici une régression par groupe ; section « Pour qui l'effet "
        "diffère-t-il ? », une seule, souvent plus précise. "
        "Une formation nouvelle, sans passé, reçoit l'effet par place de son groupe. "
        f"Un territoire de moins de trois établissements ouverts est réuni à d'autres.{absent}",
    )


def _words(value: float, low: float, high: float) -> str:
    """Return a total and its interval, with the digits that this width deserves."""
    step = step_of(low, high, smallest=TEN)
    value, low, high = (rounded(v, step) for v in (value, low, high))
    between = f"{text.signe(low)}\u00a0à\u00a0{text.signe(high)}"
    return between if low <= 0 <= high else f"{text.signe(value)} ({between})"


def methode(found: Totals | Absent) -> str:
    """Return how totals by group are made, in one paragraph; nothing without them."""
    return "" if isinstance(found, Absent) else found.method()
