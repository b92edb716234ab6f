"""What `01_donnees` shows: sources that arrived, hidden cells, changes, matches."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.figures import Figure
from fpi_eval.indicators.declare import Indicator
from fpi_eval.indicators.qualite import part_masquee
from fpi_eval.panel.context import Context
from fpi_eval.plots import hidden_bars
from fpi_eval.sources import known_sources as catalogue
from fpi_eval.sources.uses import USES
from fpi_eval.tables import Table, slug, table

SOURCES = {entry.name: entry.label for entry in reversed(catalogue.CATALOGUE)} | {
    "affelnet": "Affelnet",
    "parcoursup_bts": "Parcoursup, BTS",
    "inserjeunes_region": "InserJeunes",
}


MANY = 0.25  # share of rates hidden that is said to be large
NO_RATE = "Aucun taux d'emploi n'est publié pour la région dans ces fichiers."


def reponse(
    files: pd.DataFrame, hidden: pd.DataFrame, links: pd.DataFrame, context: Context
) -> str:
    """Return the answer: what can be used, what is absent, what is hidden."""
    origin = "simulés" if context.simulated else "réels"
    sentences = [
        f"{text.pluriel(len(files), 'fichier')} {origin} lus et contrôlés pour l'année scolaire "
        f"{text.annee_scolaire(context.rentree)} : "
        f"{text.nombre(files['lignes'].sum())} lignes, sans "
        "ligne inexpliquée.",
        _hidden(hidden),
        *_linked(links),
    ]
    if context.absent:
        gone = text.pluriel(len(context.absent), "source")
        sentences.append(f"Non fournies : {gone}. La page « Les limites » dit ce qu'on y perd.")
    return "\n\n".join(sentences)


def _linked(links: pd.DataFrame) -> list[str]:
    """Return the link that finds its match least often; nothing where no row asks for one."""
    if links.empty:
        return []
    weakest = links.loc[links["part"].idxmin()]
    if weakest["part"] == 1:
        return ["Toutes les lignes ont trouvé leur correspondance."]
    source, year = weakest["source"], str(weakest["annee"]).replace("_", "-")
    return [
        f"La correspondance la moins complète est « {weakest['lien']} » "
        f"({SOURCES.get(source, source)}, {year}) : {text.nombre(weakest['reliees'])} lignes sur "
        f"{text.nombre(weakest['lignes'])}."
    ]


def _hidden(hidden: pd.DataFrame) -> str:
    """Return what the publisher hid at the last millésime."""
    found = part_masquee(hidden)
    if found is None:
        return NO_RATE
    last, share = found
    return (
        f"Au dernier millésime ({last.replace('_', '-')}), le producteur "
        f"masque {text.pourcent(share, 0)} des taux d'emploi à 6 mois de la région, ceux qui "
        "portent sur moins de 20 sortants. Un taux masqué est inconnu, il ne vaut pas zéro."
    )


def absentes(context: Context) -> list[Absent]:
    """Return each source that is not in the folder, who publishes it, what it would answer."""
    known = {entry.name: entry for entry in catalogue.CATALOGUE}
    return [
        Absent(
            f"Le dossier n'a pas le fichier « {known[name].label} ».",
            holder=known[name].publisher,
            answers=USES[name].question,
        )
        for name in context.absent
        if name in known and name in USES
    ]


def glossaire(declared: Iterable[Indicator]) -> Table:
    """Return every declared indicator: what it measures, how, from where, what it cannot say."""
    columns = {
        "label": "Indicateur",
        "definition": "Définition",
        "formula": "Calcul",
        "source": "Source",
        "limite": "Limite",
    }
    rows = [{name: getattr(one, name) for name in columns} for one in declared]
    return table(
        pd.DataFrame(rows).sort_values("label", kind="stable", key=lambda names: names.map(slug)),
        "Les indicateurs du rapport",
        labels=columns,
        source="Définitions de fpi_eval",
    )


def fichiers(rows: pd.DataFrame, context: Context) -> Table:
    """Return the table of files read, and why rows of theirs are not."""
    aside: Counter[str] = Counter()
    for reason, count in itertools.chain.from_iterable(rows["raisons"]):
        aside[reason] += count
    why = [f" Lignes écartées ({w}) : {text.nombre(n)}." for w, n in aside.items() if n]
    return table(
        rows.drop(columns="raisons").assign(annee=rows["annee"].str.replace("_", "-")),
        "Fichiers lus et contrôlés",
        labels={
            "source": "Source",
            "annee": "Année",
            "fichier": "Fichier",
            "lignes": "Lignes",
            "ecartees": "Lignes écartées à la lecture",
            "autres_colonnes": "Colonnes non utilisées",
            "empreinte": "Empreinte (SHA-256)",
        },
        source=context.credit,
        note="L'empreinte identifie le contenu exact du fichier ; manifest.json la donne entière. "
        "Nomenclatures, emploi par commune (Urssaf) et fichiers individuels ne sont pas ici : "
        "manifest.json donne ceux du dossier." + "".join(why),
    )


def alertes(rows: pd.DataFrame, context: Context) -> Table | Absent:
    """Return what is absent, late or to be verified, and what is empty without it."""
    if rows.empty:
        return Absent(
            "Toutes les sources du programme sont là, jusqu'à la rentrée étudiée, leurs colonnes "
            "aussi, et aucune année ne paraît copiée ni tronquée.",
            lacking=False,
        )
    return table(
        rows.assign(source=rows["source"].map(lambda name: SOURCES.get(name, name))),
        "Ce qui manque, ce qui est en retard, ce qui est à vérifier",
        labels={
            "constat": "Constat",
            "source": "Source",
            "detail": "Détail",
            "sections": "Pages et tableaux concernés",
        },
        source=context.credit,
        note="Une source absente ou en retard ne vaut pas zéro : ce qui en dépend n'est pas "
        "calculé. Une année à vérifier est lue telle quelle."
        + " Ce que disait une colonne disparue est inconnu, et ne vaut pas zéro."
        * bool(rows["constat"].eq("Colonne disparue").any()),
    )


def territoires(rows: pd.DataFrame, context: Context) -> Table:
    """Return rows by source and year, in the region and elsewhere."""
    rows = rows.assign(
        source=rows["source"].map(SOURCES), annee=rows["annee"].str.replace("_", "-")
    )
    return table(
        rows,
        f"Lignes utiles : {context.region}, et autres régions",
        labels={
            "source": "Source",
            "annee": "Année",
            "region": "Région",
            "ailleurs": "Autres régions",
        },
        source=context.credited(*context.capacities, "InserJeunes"),
        note="Une ligne de capacité est une formation offerte en année d'entrée dans un "
        "établissement ; une ligne d'InserJeunes, une formation dans une région.",
    )


def ecartees(rows: pd.DataFrame, context: Context) -> Table | Absent:
    """Return what was set aside when places were counted, and why."""
    if rows.empty:
        return Absent("Aucune ligne de capacité n'est mise de côté.", lacking=False)
    rows = rows.assign(source=rows["source"].map(SOURCES), rentree=rows["rentree"].astype(str))
    return table(
        rows,
        "Lignes de capacité mises de côté, et pourquoi",
        labels={
            "source": "Source",
            "rentree": "Rentrée",
            "raison": "Raison",
            "lignes": "Lignes",
            "places": "Places",
        },
        source=context.credited(*context.capacities),
        note="Toutes régions. Rien n'est écarté en silence : ces lignes ne sont pas des places "
        "d'entrée, ou ne sont rattachées à aucun territoire.",
    )


def masques(rows: pd.DataFrame, context: Context) -> Figure | Absent:
    """Return the figure of hidden rates by millésime and voie."""
    if rows.empty:
        return Absent(NO_RATE, holder="DEPP et Dares, InserJeunes.")
    rows = rows.assign(
        millesime=rows["millesime"].str.replace("_", "-"), voie=rows["voie"].map(text.VOIES)
    )
    drawn = rows[["millesime", "voie", "part_taux", "part_eleves"]]
    last = rows[rows["millesime"] == rows["millesime"].max()].set_index("voie")
    words = [
        f"{voie.lower()} : {text.pourcent(row['part_taux'], 0)} des taux, "
        f"{text.pourcent(row['part_eleves'], 0)} des élèves"
        for voie, row in last.iterrows()
    ]
    return Figure(
        hidden_bars(drawn),
        "Beaucoup de taux sont masqués, mais ils portent sur peu d'élèves"
        if last["part_taux"].min() > MANY and (last["part_eleves"] < last["part_taux"] / 2).all()
        else "La part des taux masqués, par millésime et par voie",
        context.credited("InserJeunes"),
        f"Barres par millésime et voie. Au dernier millésime, {' ; '.join(words)}.",
        drawn,
        formats={"part_taux": ("pourcent", 0), "part_eleves": ("pourcent", 1)},
        labels={
            "millesime": "Millésime",
            "voie": "Voie",
            "part_taux": "Taux masqués",
            "part_eleves": "Élèves de ces formations",
        },
    )


def changements(rows: pd.DataFrame, context: Context) -> Table | Absent:
    """Return what changed in capacity files since the year before."""
    if rows.empty:
        return Absent("Aucun fichier de capacité n'a deux rentrées à comparer.")
    rows = rows.assign(source=rows["source"].map(SOURCES))
    return table(
        rows,
        "Ce qui a changé d'une rentrée à l'autre dans les fichiers de capacité",
        labels={
            "source": "Source",
            "rentrees": "Rentrées",
            "communes": "Cellules communes",
            "apparues": "Apparues",
            "disparues": "Disparues",
            "hausse": "Cellules en hausse",
            "baisse": "Cellules en baisse",
            "places_avant": "Places avant",
            "places_apres": "Places après",
        },
        source=context.credited(*context.capacities),
        note="Toutes régions. Une cellule est un code de formation dans un établissement et une "
        "voie. Hausses, baisses et places portent sur les seules cellules communes aux places "
        "toutes connues, qu'Affelnet répète autant aux deux rentrées : une cellule apparue n'est "
        "pas une place nouvelle.",
    )


def appariements(rows: pd.DataFrame, context: Context) -> Table:
    """Return match rates by link, source and year."""
    rows = rows.assign(
        source=rows["source"].map(lambda name: SOURCES.get(name, name)),
        annee=rows["annee"].str.replace("_", "-"),
    )
    return table(
        rows,
        "Combien de lignes ont trouvé leur correspondance",
        formats={"part": ("pourcent", 1), "part_region": ("pourcent", 1)},
        labels={
            "lien": "Correspondance",
            "source": "Source",
            "annee": "Année",
            "lignes": "Lignes",
            "reliees": "Reliées",
            "part": "Part, toutes régions",
            "part_region": "Région",
        },
        source=context.credited(*context.capacities, "InserJeunes"),
        note="Une ligne sans correspondance reste comptée dans les totaux de sa source ; elle "
        "manque seulement à ce qui demande cette correspondance.",
    )


def limites(breaks: Sequence[str]) -> str:
    """Return what these data forbid to conclude."""
    return "\n\n".join(breaks)
