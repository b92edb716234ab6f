"""What `04_insertion` shows of employment by course: what is hidden, who works that would not."""

from functools import cache, lru_cache

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.impact.bounded import ALL, EFFECTS, BoundedEffects, bounded_employment
from fpi_eval.impact.calendar import first_seen, month
from fpi_eval.panel import emploi_formations
from fpi_eval.panel.panels import FILIERES, Panels
from fpi_eval.panel.qualite import FIRST_WITH_PUBLIC_SECTOR
from fpi_eval.report.tables import Table, table
from fpi_eval.report.vue_diplomes import Etude

NO_FILE = (
    "Le fichier InserJeunes par lycée professionnel et formation "
    "(fr-en-inserjeunes-lycee_pro-formation-fine) n'est pas dans le dossier : l'emploi des places "
    "ouvertes ne peut pas être estimé. « fpi-eval fetch » le télécharge."
)
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
    panel = emploi_formations.with_employment(e.panel, found)
    try:
        made = bounded_employment(panel, horizon)
    except FpiError as error:
        day = first_seen(e.panel, emploi_formations.name_of(horizon))
        return f"À {horizon} mois : {error} Premier chiffre attendu : {month(day)}."
    except np.linalg.LinAlgError:
        return "Trop peu de places ouvertes pour séparer leur effet du reste."
    return made.with_verdict(e.evaluation.verdict.phrase)


def phrase(e: Etude) -> str:
    """Return in one sentence how many more people work, or why it is not known."""
    if e.evaluation is None:
        return e.raison
    found = _effects(e, MAIN)
    if isinstance(found, str):
        return found
    rows = found.table[found.table["group"] == ALL].set_index("effect")
    gross, net = (rows.loc[words] for words in EFFECTS.values())
    return (
        f"Les places ouvertes dont les sortants sont publiés ont ajouté {_range(gross)} personnes "
        f"en emploi à {MAIN} mois, {_range(net)} une fois ôté ce que perdent les formations "
        "voisines (lycées professionnels, voie scolaire ; entre parenthèses, intervalle à 95 %). "
        "C'est un nombre de personnes, non un taux : une place de plus fait plus de sortants, donc "
        "plus d'emplois, même si le taux ne bouge pas."
    )


def _range(row: pd.Series) -> str:
    low, high = text.signe(row["low"]), text.signe(row["high"])
    span = low if low == high else f"entre {low} et {high}"
    return f"{span} ({text.intervalle(row['ci_low'], row['ci_high'], 0)})"


def effets(e: Etude) -> Table | str:
    """Return additional employed at 6, 12, 18 and 24 months, gross and net, with what is hidden."""
    parts, late = [], []
    for horizon in emploi_formations.HORIZONS:
        found = _effects(e, horizon)
        if isinstance(found, str):
            late.append(found)
            continue
        rows = found.table if horizon == MAIN else found.table[found.table["group"] == ALL]
        parts.append(rows.assign(mois=f"{horizon} mois"))
    if not parts:
        return late[0]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.assign(
        entre=[_between(r.low, r.high) for r in rows.itertuples()],
        intervalle=[_between(r.ci_low, r.ci_high) for r in rows.itertuples()],
    )
    return table(
        rows[["mois", "group", "effect", "seats", "entre", "intervalle", "hidden_share"]],
        "Personnes en emploi en plus, par durée depuis la sortie",
        formats={"seats": "nombre", "hidden_share": ("pourcent", 0)},
        labels={"mois": "Durée", "group": "Groupe", "effect": "Effet", "seats": "Places × sorties",
                "entre": "Personnes en plus", "intervalle": "Intervalle à 95 %",
                "hidden_share": "Part masquée"},
        source=f"InserJeunes par lycée et formation, constat de rentrée ; {e.p.donnees.credit}",
        note="Voie scolaire des lycées professionnels. Une ligne du fichier réunit deux "
        "promotions et deux lignes qui se suivent en partagent une : chacune est rapportée aux "
        "places des deux années. Part masquée : élèves des formations ouvertes dont l'emploi n'est "
        "pas publié ; le nombre est alors entre deux bornes. " + " ".join(late),
    )  # fmt: skip


def _between(low: float, high: float) -> str:
    first, last = text.signe(low), text.signe(high)
    return first if first == last else f"{first}\u00a0à\u00a0{last}"


def rupture(p: Panels) -> Table | str:
    """Return how employment rates moved elsewhere when the public sector came in, by voie."""
    rows = p.regional
    away = rows["code_region"] != p.donnees.programme.territoire.code_region
    kept = rows[away & rows["filiere"].isin(FILIERES)]
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
