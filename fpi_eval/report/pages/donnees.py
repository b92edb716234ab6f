"""What `01_donnees` shows: sources that arrived, hidden cells, changes, matches."""

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.figures import Figure
from fpi_eval.indicators import qualite
from fpi_eval.panel.panels import Panels
from fpi_eval.plots import share_bars
from fpi_eval.report.pages import places as vue_places
from fpi_eval.sources import catalogue
from fpi_eval.tables import Table, table

SOURCES = {entry.name: entry.label for entry in reversed(catalogue.CATALOGUE)} | {
    "affelnet": "Affelnet",
    "parcoursup_bts": "Parcoursup, BTS",
    "inserjeunes_region": "InserJeunes",
}


def reponse(p: Panels) -> str:
    """Return the answer: what can be used, what is absent, what is hidden."""
    d = p.donnees
    files, hidden, links = qualite.fichiers(p), qualite.masques(p), qualite.appariements(p)
    last = hidden[hidden["millesime"] == hidden["millesime"].max()]
    share = (last["part_taux"] * last["lignes"]).sum() / last["lignes"].sum()
    of_interest = links[~links["source"].isin(["BTSA", "BTS - Services"])]
    weakest = of_interest.loc[of_interest["part"].idxmin()]
    origin = "simulés" if d.simulees else "réels"
    sentences = [
        f"{text.pluriel(len(files), 'fichier')} {origin} lus et contrôlés pour l'année scolaire "
        f"{text.annee_scolaire(d.rentree)} : {text.nombre(files['lignes'].sum())} lignes, sans "
        "ligne inexpliquée.",
        f"Au dernier millésime ({last['millesime'].iloc[0].replace('_', '-')}), le producteur "
        f"masque {text.pourcent(share, 0)} des taux d'emploi à 6 mois de la région, ceux qui "
        "portent sur moins de 20 sortants. Un taux masqué est inconnu, il ne vaut pas zéro.",
        "Toutes les lignes ont trouvé leur correspondance."
        if weakest["part"] == 1
        else f"La correspondance la moins complète est « {weakest['lien']} » "
        f"({SOURCES.get(weakest['source'], weakest['source'])}, {weakest['annee']}) : "
        f"{text.pourcent(weakest['part'], 1)} des lignes.",
    ]
    if d.absentes:
        names = [SOURCES.get(name, name) for name in d.absentes]
        sentences.append(f"Absent : {text.liste(names)}. Ce qui en dépend n'est pas calculé.")
    return "\n\n".join(sentences)


def fichiers(p: Panels) -> Table:
    """Return the table of files read."""
    return table(
        qualite.fichiers(p),
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
        source=p.donnees.credit,
        note="L'empreinte identifie le contenu exact du fichier ; manifest.json la donne entière.",
    )


def territoires(p: Panels) -> Table:
    """Return rows by source and year, in the region and elsewhere."""
    rows = qualite.territoires(p)
    rows["source"] = rows["source"].map(SOURCES)
    rows["annee"] = rows["annee"].str.replace("_", "-")
    region = p.donnees.programme.territoire.region
    return table(
        rows,
        f"Lignes utiles, en {region} et dans les autres régions",
        labels={
            "source": "Source",
            "annee": "Année",
            "region": region,
            "ailleurs": "Autres régions",
        },
        source=p.donnees.credit,
        note="Une ligne de capacité est une formation offerte en année d'entrée dans un "
        "établissement ; une ligne d'InserJeunes, une formation dans une région.",
    )


def ecartees(p: Panels) -> Table:
    """Return what was set aside when places were counted, and why."""
    rows = p.capacites.ecartees.copy()
    rows["source"] = rows["source"].map(SOURCES)
    rows["rentree"] = rows["rentree"].astype(str)
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
        source=p.donnees.credit,
        note="Toutes régions. Rien n'est écarté en silence : ces lignes ne sont pas des places "
        "d'entrée, ou ne sont rattachées à aucun territoire.",
    )


def masques(p: Panels) -> Figure:
    """Return the figure of hidden rates by millésime and voie."""
    rows = qualite.masques(p)
    rows["millesime"] = rows["millesime"].str.replace("_", "-")
    rows["voie"] = rows["voie"].map(text.VOIES)
    drawn = rows[["millesime", "voie", "part_taux", "part_eleves"]]
    last = rows[rows["millesime"] == rows["millesime"].max()].set_index("voie")
    words = [
        f"{voie.lower()} : {text.pourcent(row['part_taux'], 0)} des taux, "
        f"{text.pourcent(row['part_eleves'], 0)} des élèves"
        for voie, row in last.iterrows()
    ]
    return Figure(
        share_bars(drawn, x="millesime", hue="voie", y="part_taux",
                   ylabel="Part des taux d'emploi à 6 mois masqués"),
        "Beaucoup de taux sont masqués, mais ils portent sur peu d'élèves",
        p.donnees.credit,
        f"Barres par millésime et voie. Au dernier millésime, {' ; '.join(words)}.",
        drawn,
        formats={"part_taux": ("pourcent", 0), "part_eleves": ("pourcent", 1)},
        labels={"millesime": "Millésime", "voie": "Voie", "part_taux": "Taux masqués",
                "part_eleves": "Élèves de ces formations"},
    )  # fmt: skip


def changements(p: Panels) -> Table:
    """Return what changed in capacity files since the year before."""
    rows = qualite.changements(p)
    rows["source"] = rows["source"].map(SOURCES)
    return table(
        rows,
        "Ce qui a changé d'une rentrée à l'autre dans les fichiers de capacité",
        labels={
            "source": "Source",
            "rentrees": "Rentrées",
            "communes": "Cellules communes",
            "apparues": "Apparues",
            "disparues": "Disparues",
            "hausse": "Places en hausse",
            "baisse": "Places en baisse",
            "places_avant": "Places avant",
            "places_apres": "Places après",
        },
        source=p.donnees.credit,
        note="Toutes régions. Une cellule est une formation dans un établissement et une voie. "
        "« Places avant » et « après » portent sur les seules cellules communes : une cellule "
        "apparue n'est pas une place nouvelle.",
    )


def appariements(p: Panels) -> Table:
    """Return match rates by link, source and year."""
    rows = qualite.appariements(p)
    rows["source"] = rows["source"].map(lambda name: SOURCES.get(name, name))
    rows["annee"] = rows["annee"].str.replace("_", "-")
    return table(
        rows,
        "Combien de lignes ont trouvé leur correspondance",
        formats={"part": ("pourcent", 1), "part_region": ("pourcent", 1)},
        labels={
            "part_region": p.donnees.programme.territoire.region,
            "lien": "Correspondance",
            "source": "Source",
            "annee": "Année",
            "lignes": "Lignes",
            "reliees": "Reliées",
            "part": "Part, toutes régions",
        },
        source=p.donnees.credit,
        note="Une ligne sans correspondance reste comptée dans les totaux de sa source ; elle "
        "manque seulement à ce qui demande cette correspondance.",
    )


def rapprochement(p: Panels) -> Table | Absent:
    """Return how declared openings fare beside capacity files: see `vue_places`."""
    return vue_places.rapprochement(p)


def limites(p: Panels) -> str:
    """Return what these data forbid to conclude."""
    return "\n\n".join(qualite.ruptures(p))
