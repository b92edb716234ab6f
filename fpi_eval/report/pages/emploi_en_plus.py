"""What `04_insertion` shows of employment by course: what is hidden, who works that would not."""

import pandas as pd

from fpi_eval import rounding, text
from fpi_eval.absent import Absent
from fpi_eval.calendar import HORIZONS
from fpi_eval.headline.quantity import Scope
from fpi_eval.impact.jobs.additional import AdditionalJobs
from fpi_eval.impact.jobs.bounded import ALL, BoundedEffects
from fpi_eval.panel.context import Context
from fpi_eval.results import Estimates
from fpi_eval.rounding import told
from fpi_eval.tables import Table, table

NOTHING = "–"
UNKNOWN = (
    f"Intervalle « {NOTHING} » : aucune des formations voisines exposées n'est comparée, et "
    "ce qu'elles perdent est inconnu. "
)
MAIN = HORIZONS[0]


def phrase(found: AdditionalJobs | Absent, scope: Scope) -> str:
    """Return in a few sentences how many more people work; nothing if it is not known.

    ``scope`` is that of the seats (`headline.seats_scope`).
    """
    if isinstance(found, Absent) or isinstance(sites := found.sites[MAIN], Absent):
        return ""
    one = sites[0]
    ends = (one.ci_low, one.ci_high)
    low, high, middle = _rounded(ends, *ends, one.estimate)
    between = text.intervalle(low, high, 0)
    field = (
        f" Champ : {scope.programme}, lycées professionnels, {scope.voie} ; les pertes des "
        "formations voisines ne sont pas déduites."
    )
    if low <= 0 <= high or rounding.untold(*ends, one.seats):
        return (
            "On ne sait pas encore si les places ont mis plus de personnes en emploi : "
            f"l'effet à {MAIN} mois va {between} personnes.{field}"
        )
    return (
        f"Dans les lycées professionnels qui ont ouvert des places, "
        f"{text.pluriel(abs(middle), 'personne')} de {'plus' if middle >= 0 else 'moins'} sont "
        f"en emploi à {MAIN} mois ({between}, intervalle à 95 %).{field}"
    )


def effets(found: AdditionalJobs | Absent, context: Context) -> Table | Absent:
    """Return additional employed at 6 to 24 months: by establishment, then by course, bounded."""
    if isinstance(found, Absent):
        return found
    parts: list[pd.DataFrame] = []
    late: list[tuple[str, int]] = []
    for horizon in HORIZONS:
        for one in (found.sites[horizon], found.courses[horizon]):
            if isinstance(one, Absent):
                late.append((one.reason, horizon))
                continue
            rows = (
                _rows(one, horizon) if isinstance(one, BoundedEffects) else _site_rows(one, horizon)
            )
            parts.append(rows.assign(mois=f"{horizon} mois"))
    if not parts:
        return Absent(text.capitale(late[-1][0]))
    rows = pd.concat(parts, ignore_index=True)
    return table(
        rows,
        "Personnes de plus en emploi, par durée depuis la sortie",
        labels={
            "mois": "Durée",
            "maille": "Maille",
            "group": "Groupe",
            "effect": "Effet",
            "entre": "Personnes de plus",
            "intervalle": "Intervalle à 95 %",
            "hidden_share": "Part masquée",
        },
        source=f"InserJeunes, constat de rentrée ; {context.credit}",
        note="Voie scolaire des lycées professionnels, en nombre de personnes : une place de plus "
        "fait plus de sortants, donc plus d'emplois, même si le taux ne bouge pas. Une ligne du "
        "fichier réunit deux promotions et deux lignes qui se suivent en partagent une : chacune "
        "est rapportée aux places des deux années, et ses personnes ne comptent qu'une fois. Par "
        "établissement, presque rien n'est masqué ; "
        "par formation, ce qui l'est laisse le nombre entre deux bornes, les plus éloignées que "
        "permettent tous les effectifs masqués à la fois ; n'y sont comparées que les formations "
        "d'au moins 40 élèves avant le programme. Un niveau ou une filière sans assez "
        "d'établissements ouverts ou comparés n'a pas de ligne. Part masquée : élèves des "
        "formations ouvertes dont l'emploi n'est pas publié. "
        f"{UNKNOWN * bool(rows['intervalle'].eq(NOTHING).any())}{_late(late)}",
    )


def _late(reasons: list[tuple[str, int]]) -> str:
    """Return why some horizons have no row, each reason once with its horizons."""
    by_reason: dict[str, list[int]] = {}
    for why, horizon in reasons:
        by_reason.setdefault(why, []).append(horizon)
    return " ".join(f"À {text.liste(months)} mois : {why}" for why, months in by_reason.items())


def _site_rows(found: Estimates, horizon: int) -> pd.DataFrame:
    """Return the rows of the estimates by establishment."""
    rows = found.to_frame()
    columns = ["estimate", "ci_low", "ci_high"]
    shown = [_rounded((low, high), *(n, low, high)) for n, low, high in rows[columns].to_numpy()]
    rows = rows.assign(
        maille="Établissement",
        group=ALL,
        effect=["Établissements ouverts", "Net, établissements voisins compris"],
        entre=[text.signe(middle) for middle, *_ in shown],
        intervalle=[_between(*ends) for _, *ends in shown],
        hidden_share=NOTHING,
    )
    return told(rows, pd.Series([one.seats for one in found]), value="entre")


def _rows(found: BoundedEffects, horizon: int) -> pd.DataFrame:
    """Return the rows of the bounds by course: groups at the first horizon only."""
    rows = found.table if horizon == MAIN else found.table[found.table["group"] == ALL]
    columns = ["low", "high", "ci_low", "ci_high"]
    shown = [_rounded(tuple(ends[2:]), *ends) for ends in rows[columns].to_numpy()]
    rows = rows.assign(
        maille="Formation",
        hidden_share=rows["hidden_share"].map(
            lambda share: "moins de 1\u00a0%" if 0 < share < 0.005 else text.pourcent(share, 0)
        ),
        entre=[_between(*ends[:2]) for ends in shown],
        intervalle=[_between(*ends[2:]) for ends in shown],
    )
    return told(rows, rows["seats"], value="entre")


def _rounded(ends: tuple[float, float], *values: float) -> list[float]:
    """Return numbers of people with the digits that the width of an interval deserves."""
    step = rounding.step_of(*ends)
    return [rounding.rounded(value, step) for value in values]


def _between(low: float, high: float) -> str:
    """Return both ends, the one if they read alike; a dash where neither is known."""
    if pd.isna(low):
        return NOTHING
    first, last = text.signe(low), text.signe(high)
    return first if first == last else f"{first}\u00a0à\u00a0{last}"


def rupture(moved: pd.DataFrame | Absent, context: Context) -> Table | Absent:
    """Return how employment rates moved elsewhere when the public sector came in, by voie."""
    if isinstance(moved, Absent):
        return moved
    before, after = moved["avant_millesime"].iloc[0], moved["apres_millesime"].iloc[0]
    shown = moved.assign(
        voie=moved["voie"].map(text.VOIES), ecart=rounding.gap(moved["apres"], moved["avant"], 3)
    )
    return table(
        shown,
        "Les taux avant et après l'entrée des emplois publics, dans les autres régions",
        formats={"avant": ("pourcent", 1), "apres": ("pourcent", 1), "ecart": text.points},
        labels={
            "voie": "Voie",
            "avant": before.replace("_", "-"),
            "apres": after.replace("_", "-"),
            "ecart": "Écart",
        },
        source=f"InserJeunes ; {context.credit}",
        note="Sans aucune place du programme : un avant-après dans la région prendrait cet écart, "
        "où entre aussi la conjoncture, pour un effet. Les estimations comparent chaque formation "
        "à la même ailleurs, la même année.",
    )
