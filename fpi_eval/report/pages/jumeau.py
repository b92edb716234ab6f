"""What `07_jumeau` shows: the simulated France beside the real files, and the truth it holds."""

from collections.abc import Iterator

import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.figures import Figure
from fpi_eval.indicators.resemblance import median_gaps
from fpi_eval.panel.context import Context
from fpi_eval.plots import moments as draw_moments
from fpi_eval.tables import Table, table
from fpi_eval.twin.moments import REAL_DYNAMICS

#: What the methods follow.
REFERENCES = [
    (
        "Effet par place, par imputation",
        "Borusyak, Jaravel et Spiess (2024), Review of Economic Studies",
    ),
    ("Effets de cohortes", "Callaway et Sant'Anna (2021), Journal of Econometrics"),
    ("Effets dynamiques", "Sun et Abraham (2021), Journal of Econometrics"),
    ("Doubles différences empilées", "Cengiz, Dube, Lindner et Zipperer (2019), QJE"),
    ("Sensibilité aux tendances", "Rambachan et Roth (2023), Review of Economic Studies"),
    ("Peu de groupes traités", "MacKinnon et Webb (2020), Journal of Econometrics"),
    ("Plusieurs résultats à la fois", "Romano et Wolf (2005), Econometrica ; Holm (1979)"),
    (
        "Exposition des zones",
        "Adão, Kolesár et Morales (2019) ; Borusyak, Hull et Jaravel (2022)",
    ),
]
COMPARED = {"affelnet": "Affelnet", "inserjeunes_region": "InserJeunes par région"}
NOTHING = Absent("Ni places d'Affelnet ni devenir par région à comparer au jumeau.")
MOMENTS = {
    "places": "Places par formation",
    "voeux_1_par_place": "Premiers vœux par place",
    "terminale": "Élèves de dernière année, région × formation",
    "taux_emploi_6_mois": "Taux d'emploi à 6 mois, région × formation",
    "variation_places": "Variation des places sur un an",
    "dynamique": "Comment les effectifs bougent",
    "catalogue": "Taille du fichier régional",
    "devenir": "Devenir et cellules masquées",
}
#: Frames of one value a level, beside those of a median and its deciles.
SINGLE = {
    "diplomes_distincts": "Nombre de diplômes",
    "part_taux_caches": "Part des taux d'emploi masqués",
}
STATISTICS = {
    "q10": "1er décile",
    "q50": "Médiane",
    "q90": "9e décile",
    "moyenne": "Moyenne",
    "part_hausse": "Places : part en hausse",
    "part_baisse": "Places : part en baisse",
    "hausse_moyenne": "Places : hausse moyenne",
    "baisse_moyenne": "Places : baisse moyenne",
    "taux_poursuite": "Taux de poursuite",
    "taux_emploi_6_mois": "Taux d'emploi à 6 mois",
    "taux_emploi_12_mois": "Taux d'emploi à 12 mois",
    "part_taux_caches": "Taux masqués",
    "part_poursuite_cachee": "Taux de poursuite masqués",
    "part_effectifs_caches": "Effectifs masqués",
    "diplomes_distincts": "Diplômes",
    "lignes": "Lignes, région × diplôme",
    "eleves": "Élèves de dernière année",
    "lycees": "Lycées de 50 à 100 élèves",
    "variation_1": "Élèves : variation sur un an",
    "ecart_type_1": "Élèves : la même, fusions comprises",
    "rapport_3": "Élèves : variance sur trois ans",
}
SOURCES = {"reel": "Réel", "jumeau": "Jumeau (simulé)"}
#: A moment of each file that is compared, and how its year is said.
DATED = {"places": "Affelnet, rentrée {}", "terminale": "InserJeunes, millésime {}"}
LEVELS = {
    f"{diplome}, {voie}": f"{diplome} {short}"
    for diplome in ("MC", "CAP", "Bac pro", "BTS")
    for voie, short in (("scolaire", "sc."), ("apprentissage", "app."))
}
#: Digits of what is neither a share nor a count, by moment or statistic.
DIGITS = {"voeux_1_par_place": 2, "hausse_moyenne": 1, "baisse_moyenne": 1, "rapport_3": 1}
SHARES = ("part_", "taux_", "variation_", "ecart_type_")
PUPILS = ("terminale", "eleves")
QUANTILES = ("q10", "q50", "q90")
RESULTS = {
    "entrants": "Entrants",
    "terminale": "Élèves de dernière année",
    "diplomes": "Diplômés",
    "en_emploi_6_mois": "En emploi à 6 mois",
}


def kept(found: pd.DataFrame) -> pd.DataFrame:
    """Return the moments that the page shows."""
    return found[found["statistic"].isin(STATISTICS)].reset_index(drop=True)


def _written(rows: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return the moments in words: shares in percent, counts whole, no small count of pupils."""
    least = context.programme.secret.effectif_minimum

    def said(moment: str, statistic: str, value: float) -> str:
        what = moment if statistic in QUANTILES else statistic
        if what in PUPILS and value < least:
            return f"moins de {least}"
        if what.startswith(SHARES):
            return text.pourcent(value, 0)
        return text.nombre(value, DIGITS.get(what, 0))

    shown = {
        name: [said(*row) for row in rows[["moment", "statistic", name]].itertuples(index=False)]
        for name in SOURCES
        if name in rows
    }
    return rows.assign(**shown)


def reponse(found: pd.DataFrame, context: Context) -> str:
    """Return how close the twin is, or that there is nothing here to compare it with."""
    rows = kept(found)
    if context.simulated:
        return (
            "La méthode est essayée sur une France simulée, dont l'effet vrai est connu.\n\n"
            "Ce rapport porte lui-même sur des données simulées : seules leurs valeurs sont "
            "montrées, sans fichiers réels en face.\n\n" + mouvements(rows)
        )
    absent = [words for name, words in COMPARED.items() if name in context.absent]
    if absent:
        return (
            f"Absent du dossier : {text.liste(absent)}. Le jumeau n'est comparé aux "
            "fichiers réels que sur ce qui reste ; rien de lui ne décrit un établissement réel."
        )
    gap = median_gaps(rows)
    hidden = rows[rows["statistic"] == "part_taux_caches"]
    apart = (hidden["jumeau"] - hidden["reel"]).abs()
    real, own = _totals(rows, "diplomes_distincts")
    return "\n\n".join(
        [
            f"Sur {len(gap)} médianes du jumeau, la moitié s'écarte des fichiers réels de "
            f"{text.pourcent(gap.median(), 0)} ou moins, aucune de plus de "
            f"{text.pourcent(gap.max(), 0)}.",
            "Ces médianes portent sur les places, les vœux, les élèves et l'emploi. La part des "
            f"taux masqués s'écarte, une fois sur deux, de "
            f"{text.points(apart.median(), 0).lstrip('+')} ou moins, de "
            f"{text.points(apart.max(), 0).lstrip('+')} au plus.",
            *_apart(rows),
            f"Le jumeau enseigne {text.nombre(own)} diplômes, comptés dans chaque voie ; les "
            f"fichiers réels, {text.nombre(real)}. Il ne décrit aucun établissement réel.",
            mouvements(rows),
        ]
    )


def _apart(rows: pd.DataFrame) -> list[str]:
    """Return that the real files are of a later millésime than the twin's, where they are."""
    years = rows.loc[rows["moment"] == "terminale", ["annee_reel", "annee_jumeau"]]
    real, own = years.iloc[0]
    later = (
        f"Les taux réels sont du millésime {real}, ceux du jumeau du millésime {own} : ce qui a "
        "changé entre les deux, emploi public compris, compte dans l'écart."
    )
    return [later] if real > own else []


def mouvements(rows: pd.DataFrame) -> str:
    """Return how the pupils of a lycée move over the years: in the twin, and in real files."""
    moves = rows[rows["moment"] == "dynamique"].set_index("statistic")
    if moves.empty:
        return ""
    own = moves["jumeau"]
    real = moves["reel"] if "reel" in moves else pd.Series(REAL_DYNAMICS)
    calm = (
        " Dans le jumeau, les écarts durent moins : la méthode y paraît plus précise qu'elle ne le "
        "serait sur les fichiers réels."
    )
    return (
        "Dans un lycée de 50 à 100 élèves de terminale, leur nombre varie de "
        f"{text.pourcent(own['variation_1'], 0)} d'un an à l'autre dans le jumeau, de "
        f"{text.pourcent(real['variation_1'], 0)} dans les résultats publiés. Sur trois ans, sa "
        f"variance vaut {text.nombre(own['rapport_3'], 1)} fois celle d'un an dans le jumeau, "
        f"{text.nombre(real['rapport_3'], 1)} fois dans ces résultats."
        f"{calm if own['rapport_3'].round(1) < round(real['rapport_3'], 1) else ''}"
    )


def _totals(rows: pd.DataFrame, statistic: str) -> tuple[float, float]:
    """Return the real and the simulated total of a count over the levels."""
    counted = rows[rows["statistic"] == statistic]
    return float(counted["reel"].sum()), float(counted["jumeau"].sum())


def figure(found: pd.DataFrame, context: Context) -> Figure | Absent:
    """Return the figure of distributions, real and simulated."""
    rows = kept(found)
    if rows.empty:
        return NOTHING
    drawn = rows[rows["statistic"].isin(QUANTILES)]
    single = rows[rows["statistic"].isin(list(SINGLE))]
    named = _written(pd.concat([drawn, single]), context)
    named = named.assign(
        moment=named["moment"].map(MOMENTS), statistic=named["statistic"].map(STATISTICS)
    )
    # A value alone is drawn as a median whose deciles are itself.
    points = [single.assign(moment=single["statistic"], statistic=q) for q in QUANTILES]
    drawn = pd.concat([drawn, *points], ignore_index=True)
    real = "reel" in named
    labels = {"moment": "Grandeur", "level": "Diplôme", "statistic": "Statistique"}
    sources = {name: words for name, words in SOURCES.items() if name in named}
    gap = median_gaps(rows) if real else pd.Series(dtype=float)
    titre = (
        f"Une médiane du jumeau sur deux est à {text.pourcent(gap.median(), 0)} ou moins de celle "
        "des fichiers réels"
        if len(gap)
        else "Les distributions du jumeau"
    )
    return Figure(
        draw_moments(drawn, titles=MOMENTS | SINGLE),
        titre,
        _source(rows, context),
        "Un cadre par grandeur : médiane et déciles par diplôme, ou une seule valeur par diplôme "
        "et par voie."
        + " Réels et simulés côte à côte." * real
        + "".join(_spans(drawn[drawn["statistic"] == "q50"], context)),
        named.reset_index(drop=True),
        labels=labels | sources,
        formats=dict.fromkeys(sources, "nombre"),
    )


def _source(found: pd.DataFrame, context: Context) -> str:
    """Return where the moments come from, with the year of each file: they may not be the same."""
    own = text.liste(_dated(found, "jumeau"))
    if context.simulated:
        return " ; ".join(part for part in (context.credit, own) if part)
    return context.credited(*_dated(found, "reel"), f"jumeau, données simulées : {own}")


def _dated(found: pd.DataFrame, source: str) -> list[str]:
    """Return the files that a source's moments come from, with their rentrée or millésime."""
    years = found.groupby("moment")[f"annee_{source}"].first()
    return [words.format(years[name]) for name, words in DATED.items() if name in years]


def _spans(middle: pd.DataFrame, context: Context) -> Iterator[str]:
    """Yield between what and what each quantity drawn is, from one diploma to another."""
    for name, part in middle.groupby("moment", sort=False):
        for source, words in SOURCES.items():
            if source in part and part[source].notna().any():
                ends = part.loc[[part[source].idxmin(), part[source].idxmax()]]
                low, high = _written(ends, context)[source]
                yield f" {(MOMENTS | SINGLE)[name]}, {words.lower()} : de {low} à {high}."


def tableau(found: pd.DataFrame, context: Context) -> Table | Absent:
    """Return the other moments, one column a diploma: places, regional file, rates, hidden."""
    rows = kept(found)
    rows = rows[rows["moment"].isin(["variation_places", "dynamique", "catalogue", "devenir"])]
    sources = {name: label for name, label in SOURCES.items() if name in rows}
    rows = rows.dropna(subset=list(sources), how="all")  # not published yet: nothing to compare
    if rows.empty:
        return NOTHING
    # Affelnet knows pupils only.
    level = rows["level"].where(rows["level"].str.contains(","), rows["level"] + ", scolaire")
    tall = (
        _written(rows, context)
        .assign(level=level)
        .melt(["statistic", "level"], list(sources), "source")
    )
    wide = tall.pivot_table("value", ["statistic", "source"], "level", aggfunc="first")
    order = [(name, source) for name in STATISTICS for source in sources]
    wide = wide.loc[[key for key in order if key in wide.index]].reset_index()
    wide["statistic"] = wide["statistic"].map(STATISTICS)
    wide["source"] = wide["source"].map(sources)
    levels = [name for name in LEVELS if name in wide]
    return table(
        wide.rename_axis(columns=None),
        "Places, diplômes, devenir et cellules masquées : jumeau et fichiers",
        formats=dict.fromkeys(levels, "nombre"),
        labels={"statistic": "Statistique", "source": "Source"}
        | {name: LEVELS[name] for name in levels},
        source=_source(found, context),
        note="sc. : scolaire ; app. : apprentissage. Places, et leur variation "
        "sur un an : Affelnet, sans les apprentis. Variation des élèves de terminale d'un lycée, "
        "en logarithme, et variance sur trois ans rapportée à celle d'un an : quatre dernières "
        "sessions des résultats par lycée, à défaut celles de 2014 à 2017 (DEPP) ; 1 dit un bruit, "
        "3 une marche au hasard. Les régions comptées sont celles que le jumeau "
        "simule, les treize de métropole.",
    )


def verite(found: pd.DataFrame) -> Table:
    """Return the true effect per seat of the simulated programme, by outcome."""
    return table(
        found.assign(resultat=found["resultat"].map(RESULTS)),
        "L'effet vrai par place ouverte dans le jeu simulé livré",
        formats=dict.fromkeys(("theta", "kappa", "net"), ("signe", 2)),
        labels={
            "resultat": "Résultat",
            "theta": "Effet brut",
            "kappa": "Déplacement",
            "net": "Effet net",
        },
        source="Jumeau : données simulées",
        note="Compté élève par élève, en comparant le même tirage avec et sans le programme : "
        "aucune formule d'estimateur n'y entre.",
    )


def references() -> Table:
    """Return the published methods that the estimates follow."""
    return table(
        pd.DataFrame(REFERENCES, columns=["sujet", "reference"]),
        "Les méthodes suivies, et où elles sont publiées",
        labels={"sujet": "Pour quoi", "reference": "Référence"},
        source="Revues et documents de travail",
    )


def limites(found: pd.DataFrame) -> str:
    """Return what the twin does not say."""
    lines = [
        "Le jumeau juge la méthode ; il ne dit rien de l'effet du programme réel.",
        "Il ne simule ni l'outre-mer, ni les titres professionnels, ni les BUT, ni les licences "
        "professionnelles, ni les écoles d'ingénieurs.",
    ]
    rows = kept(found)
    apprentices = rows[rows["level"].str.endswith("apprentissage")]
    pupils = [_totals(part, "eleves") for part in (rows, apprentices)] if "reel" in rows else []
    if pupils and all(real for real, _ in pupils):
        whole, alone = (text.pourcent(own / real, 0) for real, own in pupils)
        lines.append(
            "Il a moins d'établissements et de classes que la France : ses élèves de dernière "
            f"année font {whole} de ceux des fichiers régionaux, et {alone} pour les seuls "
            "apprentis."
        )
    return "\n\n".join(lines)
