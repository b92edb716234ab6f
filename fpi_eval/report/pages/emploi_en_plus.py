"""What `04_insertion` shows of employment by course: what is hidden, who works that would not."""

from functools import cache, lru_cache

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.calendar import first_seen, month
from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs.bounded import ALL, BoundedEffects, bounded_employment
from fpi_eval.impact.jobs.sites import employed_by_site
from fpi_eval.indicators.qualite import FIRST_WITH_PUBLIC_SECTOR
from fpi_eval.panel import emploi_etablissements, emploi_formations
from fpi_eval.panel.panels import Panels
from fpi_eval.report.pages.study import Etude
from fpi_eval.results import Estimates
from fpi_eval.tables import Table, table

NO_FILE = (
    "Le fichier InserJeunes par lycée professionnel et formation "
    "(fr-en-inserjeunes-lycee_pro-formation-fine) n'est pas dans le dossier : l'emploi des places "
    "ouvertes ne peut pas être estimé. « fpi-eval fetch » le télécharge."
)
NO_SITE = (
    "Les fichiers InserJeunes par établissement ne sont pas dans le dossier : l'emploi des "
    "établissements qui ont ouvert des places ne peut pas être estimé."
)
NOTHING = "–"
MAIN = emploi_formations.HORIZONS[0]


@lru_cache(maxsize=2)
def comptes(p: Panels) -> pd.DataFrame:
    """Return employed leavers per establishment × course × millésime, known or bounded."""
    return emploi_formations.employed(p)


@cache
def _effects(e: Etude, horizon: int) -> BoundedEffects | str:
    """Return what the programme added to those employed, or why it cannot be told."""
    if e.muette:
        return e.muette
    found = comptes(e.p)
    if found.empty:
        return NO_FILE
    panel = emploi_formations.with_employment(e.p.panel, found).table
    try:
        made = bounded_employment(panel, horizon, words=e.p.donnees.programme.mots_filieres)
    except FpiError as error:
        day = first_seen(e.panel, emploi_formations.name_of(horizon))
        return f"par formation, {error} Premier chiffre attendu : {month(day)}."
    except np.linalg.LinAlgError:
        return "Trop peu de places ouvertes pour séparer leur effet du reste."
    return made.with_verdict(e.evaluation.verdict.phrase)


@cache
def _sites(e: Etude, horizon: int) -> Estimates | str:
    """Return additional employed by whole establishment, or why it cannot be told."""
    if e.muette:
        return e.muette
    found = emploi_etablissements.employed(e.p)
    if found.empty:
        return NO_SITE
    try:
        return employed_by_site(e.panel, found, horizon)
    except FpiError as error:
        return f"par établissement, {error}"
    except np.linalg.LinAlgError:
        return "Trop peu de places ouvertes pour séparer leur effet du reste."


def phrase(e: Etude) -> str:
    """Return in a few sentences how many more people work, or why it is not known."""
    if e.evaluation is None:
        return e.raison
    sites, courses = _sites(e, MAIN), _effects(e, MAIN)
    if isinstance(sites, str) and isinstance(courses, str):
        return _capital(courses)
    said = []
    if not isinstance(sites, str):
        one = sites[0]
        said.append(
            f"Les établissements qui ont ouvert des places, et dont les sortants sont publiés, "
            f"comptent {_people(one.estimate)} en emploi à {MAIN} mois (intervalle à 95 % : "
            f"{text.intervalle(one.ci_low, one.ci_high, 0)}), ce que perdent leurs autres "
            "formations étant déduit (voie scolaire des lycées professionnels)."
        )
        if one.ci_low <= 0 <= one.ci_high:
            said.append("On ne peut pas encore dire si plus de personnes travaillent.")
    if not isinstance(courses, str):
        gross = courses.table[courses.table["group"] == ALL].iloc[0]
        said.append(
            f"Formation par formation, les effectifs masqués laissent l'effet brut entre "
            f"{text.signe(gross['low'])} et {text.signe(gross['high'])} "
            f"({text.intervalle(gross['ci_low'], gross['ci_high'], 0)} en comptant l'aléa)."
        )
    return " ".join(said)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _people(value: float) -> str:
    count = text.pluriel(abs(round(value)), "personne")
    return f"{count} de {'plus' if round(value) >= 0 else 'moins'}"


def effets(e: Etude) -> Table | str:
    """Return additional employed at 6 to 24 months: by establishment, then by course, bounded."""
    parts: list[pd.DataFrame] = []
    late: list[tuple[str, int]] = []
    for horizon in emploi_formations.HORIZONS:
        for found, rows_of in ((_sites(e, horizon), _site_rows), (_effects(e, horizon), _rows)):
            if isinstance(found, str):
                late.append((found, horizon))
            else:
                parts.append(rows_of(found, horizon).assign(mois=f"{horizon} mois"))
    if not parts:
        return _capital(late[-1][0])
    rows = pd.concat(parts, ignore_index=True)
    return table(
        rows[["mois", "maille", "group", "effect", "entre", "intervalle", "hidden_share"]],
        "Personnes en emploi en plus, par durée depuis la sortie",
        labels={"mois": "Durée", "maille": "Maille", "group": "Groupe", "effect": "Effet",
                "entre": "Personnes en plus", "intervalle": "Intervalle à 95 %",
                "hidden_share": "Part masquée"},
        source=f"InserJeunes, constat de rentrée ; {e.p.donnees.credit}",
        note="Voie scolaire des lycées professionnels, en nombre de personnes : une place de plus "
        "fait plus de sortants, donc plus d'emplois, même si le taux ne bouge pas. Une ligne du "
        "fichier réunit deux promotions et deux lignes qui se suivent en partagent une : chacune "
        "est rapportée aux places des deux années, et ses personnes ne comptent qu'une fois. Par "
        "établissement, presque rien n'est masqué ; "
        "par formation, ce qui l'est laisse le nombre entre deux bornes, les plus éloignées que "
        "permettent tous les effectifs masqués à la fois ; n'y sont comparées que les formations "
        "d'au moins 40 élèves avant le programme. Part masquée : élèves des formations "
        "ouvertes dont l'emploi n'est pas publié. " + _late(late),
    )  # fmt: skip


def _late(reasons: list[tuple[str, int]]) -> str:
    """Return why some horizons have no row, each reason once with its horizons."""
    by_reason: dict[str, list[int]] = {}
    for why, horizon in reasons:
        by_reason.setdefault(why, []).append(horizon)
    return " ".join(f"À {text.liste(months)} mois : {why}" for why, months in by_reason.items())


def _site_rows(found: Estimates, horizon: int) -> pd.DataFrame:
    """Return the rows of the estimates by establishment."""
    return pd.DataFrame(
        {
            "maille": "Établissement",
            "group": ALL,
            "effect": ["Établissements ouverts", "Net, établissements voisins compris"],
            "entre": [text.signe(one.estimate) for one in found],
            "intervalle": [_between(one.ci_low, one.ci_high) for one in found],
            "hidden_share": NOTHING,
        }
    )


def _rows(found: BoundedEffects, horizon: int) -> pd.DataFrame:
    """Return the rows of the bounds by course: groups at the first horizon only."""
    rows = found.table if horizon == MAIN else found.table[found.table["group"] == ALL]
    return rows.assign(
        maille="Formation",
        hidden_share=rows["hidden_share"].map(lambda share: text.pourcent(share, 0)),
        entre=[_between(r.low, r.high) for r in rows.itertuples()],
        intervalle=[_between(r.ci_low, r.ci_high) for r in rows.itertuples()],
    )


def _between(low: float, high: float) -> str:
    first, last = text.signe(low), text.signe(high)
    return first if first == last else f"{first}\u00a0à\u00a0{last}"


def rupture(p: Panels) -> Table | str:
    """Return how employment rates moved elsewhere when the public sector came in, by voie."""
    rows = p.regional
    away = rows["code_region"] != p.donnees.programme.territoire.code_region
    kept = rows[away & rows["filiere"].isin(p.donnees.programme.codes_filieres)]
    kept = kept.dropna(subset=["sortants", "en_emploi_6_mois"])
    years = sorted(kept["millesime"].unique())
    if FIRST_WITH_PUBLIC_SECTOR not in years[1:]:
        return (
            f"La rupture de champ (emplois publics comptés à partir du millésime "
            f"{FIRST_WITH_PUBLIC_SECTOR.replace('_', '-')}) n'est pas dans ces fichiers."
        )
    before = years[years.index(FIRST_WITH_PUBLIC_SECTOR) - 1]
    sums = kept[kept["millesime"].isin([before, FIRST_WITH_PUBLIC_SECTOR])]
    sums = sums.groupby(["voie", "millesime"])[["en_emploi_6_mois", "sortants"]].sum()
    rate = (sums["en_emploi_6_mois"] / sums["sortants"]).rename("taux").reset_index()
    wide = rate.pivot_table(index="voie", columns="millesime", values="taux")
    wide = wide.rename(columns={before: "avant", FIRST_WITH_PUBLIC_SECTOR: "apres"})
    shown = wide.rename_axis(columns=None).reset_index().assign(
        voie=lambda t: t["voie"].map(text.VOIES), ecart=lambda t: t["apres"] - t["avant"]
    )  # fmt: skip
    return table(
        shown[["voie", "avant", "apres", "ecart"]],
        "Ce que l'entrée des emplois publics a fait aux taux, dans les autres régions",
        formats={"avant": ("pourcent", 1), "apres": ("pourcent", 1), "ecart": text.points},
        labels={"voie": "Voie", "avant": before.replace("_", "-"),
                "apres": FIRST_WITH_PUBLIC_SECTOR.replace("_", "-"), "ecart": "Écart"},
        source=f"InserJeunes ; {p.donnees.credit}",
        note="Sans aucune place du programme : un avant-après dans la région prendrait cet écart, "
        "où entre aussi la conjoncture, pour un effet. Les estimations comparent chaque formation "
        "à la même ailleurs, la même année.",
    )  # fmt: skip
