"""What `05_emploi_industriel` shows: could an effect on jobs be seen, and where the jobs are."""

from collections.abc import Mapping, Sequence

import pandas as pd

from fpi_eval import maps, text
from fpi_eval.absent import Absent
from fpi_eval.figures import Figure
from fpi_eval.headline import Headline
from fpi_eval.impact.jobs.detectability import Detectability
from fpi_eval.impact.jobs.exposure import DESCRIPTION, ExposureEstimate
from fpi_eval.panel import emplois
from fpi_eval.panel.context import Context
from fpi_eval.panel.secteurs import SOURCE, declared
from fpi_eval.report.pages.places import by_departement, words
from fpi_eval.rounding import figures, in_figures
from fpi_eval.tables import Table, table

NO_URSSAF = Absent(
    "L'emploi par commune et activité, ou les zones et codes qu'il demande, n'est pas dans le "
    "dossier.",
    holder="Urssaf, en données ouvertes ; INSEE pour les zones d'emploi.",
)
PARTIAL = Absent(
    "Le fichier d'emploi n'a pas tous les secteurs que les filières alimentent, ou rien n'en est "
    "encore publié.",
    holder="Urssaf, en données ouvertes : l'export sans filtre de secteur.",
)
NO_MAP = Absent(
    "Les secteurs que les filières alimentent ne sont pas déclarés.",
    holder="Le porteur du programme : fichier secteurs.csv.",
)
SHOWN_ZONES, NAMED_ZONES = 12, 8


def credit(context: Context) -> str:
    """Return the words that say where jobs come from."""
    if context.simulated:
        return context.credited("Urssaf")
    return "Urssaf (ODbL, partage à l'identique), INSEE, calculs fpi_eval"


def reponse(
    cases: Mapping[str, Detectability] | Absent,
    known: pd.DataFrame,
    jobs: pd.DataFrame,
    context: Context,
    chiffres: Headline,
) -> str:
    """Return the answer: whether an effect could be seen, then what to say instead.

    ``known`` are the declared reference figures, ``jobs`` those of the Urssaf file.
    """
    if isinstance(cases, Absent):
        return cases.reason
    label, found = next(iter(cases.items()))
    most, least = _rounded(found.jobs), chiffres["effet_decelable"].number
    could = "pourrait" if found.visible else "ne pourrait pas"
    sentences = [
        f"Un effet sur l'emploi industriel {could} se voir : au plus {most} emplois, quand le plus "
        f"petit effet décelable est de {least}.",
        f"Champ : {chiffres['effet_decelable'].scope}.",
        f"Hypothèse : {label[0].lower()}{label[1:]} ; chacune donnerait un diplômé de plus, et au "
        "plus un demi-emploi.",
    ]
    hires, yearly = context.programme.emploi, found.graduates / found.years
    industry = chiffres["emplois_industriels"]
    if industry and (renewed := emplois.freed(industry.amount, known)):
        sentences.append(
            f"Un emploi sur {text.nombre(industry.amount / renewed)} se libère chaque année en fin "
            f"de carrière : dans l'industrie de la région, environ {_rounded(renewed)} emplois à "
            f"renouveler. {_rounded(yearly)} diplômés de plus par an en couvriraient "
            f"{_at_most(yearly / renewed)}."
        )
    if hires.embauches_annuelles:
        sentences.append(
            f"Face à {text.nombre(hires.embauches_annuelles)} embauches par an ({hires.source}), "
            f"ces {_rounded(yearly)} diplômés en seraient "
            f"{_at_most(yearly / hires.embauches_annuelles)}."
        )
    if jobs.empty:
        sentences.append(f"{NO_URSSAF} Le calcul repose sur des chiffres de référence déclarés.")
    return "\n\n".join(sentences)


def _rounded(value: float) -> str:
    return text.nombre(figures(value))


def _at_most(share: float) -> str:
    return f"au plus {text.pourcent(share, 0)}" if share >= 0.01 else "moins de 1\u00a0%"


def face_a_face(
    cases: Mapping[str, Detectability] | Absent, jobs: pd.DataFrame, context: Context
) -> Figure | Absent:
    """Return the figure of the smallest visible effect beside the largest plausible one."""
    if isinstance(cases, Absent):
        return cases
    label, found = next(iter(cases.items()))
    rows = found.to_frame()[["design", "smallest"]].assign(
        design=lambda t: t["design"].str.capitalize(), smallest=lambda t: t["smallest"].map(figures)
    )
    most, least = _rounded(found.jobs), text.nombre(rows["smallest"].min())
    said = " ; ".join(f"{r.design} : {text.nombre(r.smallest)}" for r in rows.itertuples())
    return Figure(
        found.plot(),
        f"Au plus {most} emplois de plus, quand le plus petit effet décelable en compte {least}",
        "Chiffres de référence" if jobs.empty else credit(context),
        f"Barres : plus petit effet décelable, en emplois. {said}. Trait : au plus {most} emplois "
        f"plausibles ; hypothèse : {label.lower()}.",
        rows,
        formats={"smallest": "nombre"},
        labels={"design": "Façon de regarder", "smallest": "Plus petit effet décelable (emplois)"},
    )


def decelable(
    cases: Mapping[str, Detectability] | Absent, jobs: pd.DataFrame, context: Context
) -> Table | Absent:
    """Return the largest plausible effect beside the smallest visible one, by scenario."""
    if isinstance(cases, Absent):
        return cases
    parts = [
        d.to_frame().assign(scenario=name, graduates=d.graduates, years=d.years)
        for name, d in cases.items()
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows["verdict"] = (rows["plausible_jobs"] >= rows["smallest"]).map(
        {True: "visible", False: "invisible"}
    )
    for name in ("smallest", "smallest_per_graduate", "plausible_jobs"):
        rows[name] = rows[name].map(figures)
    return table(
        rows.assign(design=rows["design"].str.capitalize()),
        "Le plus grand effet plausible face au plus petit effet décelable",
        formats={
            "graduates": "nombre",
            "plausible_jobs": "nombre",
            "smallest": "nombre",
            "smallest_per_graduate": in_figures,
            "power": ("pourcent", 0),
            "years": "nombre",
        },
        labels={
            "scenario": "Scénario",
            "design": "Façon de regarder",
            "graduates": "Personnes",
            "plausible_jobs": "Emplois au plus",
            "years": "Années",
            "smallest": "Décelable (emplois)",
            "smallest_per_graduate": "Par personne",
            "power": "Chances de le voir",
            "verdict": "Verdict",
        },
        source="Chiffres de référence" if jobs.empty else credit(context),
        note="Toutes les personnes formées sont comptées comme diplômées de plus, et chacune "
        "comme apportant au plus un demi-emploi : c'est le cas le plus favorable. Décelable : vu "
        "80 fois sur 100 par un test à 5 %. « 5 % » de chances de le voir : ce que le test trouve "
        "par hasard, sans aucun effet.",
    )


def exposition(found: ExposureEstimate | Absent) -> str:
    """Return jobs where more people left opened seats, or what forbids to give a number."""
    said = found.reason if isinstance(found, Absent) else found.caveat or found.summary()
    return f"Peut-on comparer des zones et secteurs plus ou moins exposés ? {said}"


def references(known: pd.DataFrame, jobs: pd.DataFrame) -> Table:
    """Return the declared figures of the arithmetic, published or assumed, with their sources.

    ``jobs`` of the Urssaf file stand in for the declared ones, which are then not shown.
    """
    replaced = [] if jobs.empty else [emplois.REGIONAL[0]]
    rows = known.drop(replaced, errors="ignore").reset_index().fillna({"date": ""})
    rows["valeur"] = [text.nombre(v, 0 if v == int(v) else 2) for v in rows["valeur"]]
    return table(
        rows,
        "Chiffres de référence du calcul",
        labels={
            "libelle": "Grandeur",
            "valeur": "Valeur",
            "date": "Date",
            "nature": "Nature",
            "source": "Source",
        },
        source=f"{emplois.OWN} du programme, data/reference/{emplois.NATIONAL.name}",
    )


def _why(context: Context) -> Absent:
    """Return why there are no jobs by filière: no map of sectors, no file, or one without them."""
    if not declared(context.programme):
        return NO_MAP
    read = SOURCE in context.programme.sources and SOURCE not in context.absent
    return PARTIAL if read else NO_URSSAF


def secteurs(fed: pd.DataFrame, context: Context) -> Table | Absent:
    """Return the declared map from filières to the sectors they feed."""
    if fed.empty:
        return NO_MAP
    rows = words(context, fed)
    return table(
        rows,
        "Secteurs que chaque filière alimente (déclarés)",
        labels={
            "filiere": "Filière",
            "na38": "NAF 38",
            "libelle": "Secteur",
            "industrie": "Industrie",
            "motif": "Raison",
        },
        source="secteurs.csv du programme",
        note="Le secteur de l'employeur ne dit pas le métier : un informaticien travaille aussi "
        "dans la métallurgie. Modifiez le fichier pour changer la carte.",
    )


def emploi_filieres(found: pd.DataFrame, context: Context) -> Table | Absent:
    """Return jobs in the fed sectors, here and elsewhere, with their yearly change."""
    if found.empty:
        return _why(context)
    rows = words(context, found)
    return table(
        rows,
        f"Emplois des secteurs alimentés, fin {rows['annee'].iloc[0]} et un an avant",
        formats={
            "emplois": "nombre",
            "emplois_avant": "nombre",
            "evolution": lambda value: f"{text.signe(100 * value, 1)}\u00a0%",
        },
        labels={
            "territoire": "Territoire",
            "filiere": "Filière",
            "emplois_avant": "Un an avant",
            "emplois": "Emplois",
            "evolution": "Évolution",
        },
        source=credit(context),
        note="Secteur privé, au 31 décembre. Un secteur qui sert deux filières compte dans les "
        "deux, une seule fois dans l'ensemble.",
    )


def departements(found: pd.DataFrame, context: Context) -> Figure | Absent:
    """Return the figure of jobs in the fed sectors by département and filière."""
    if found.empty:
        return _why(context)
    return by_departement(
        found.drop(columns="annee"),
        context,
        noun="emplois",
        what="emplois des secteurs que les filières alimentent",
        xlabel=f"Emplois des secteurs alimentés, fin {int(found['annee'].max())}",
        source=credit(context),
    )


def zones(found: pd.DataFrame, lost: int, context: Context) -> Table | Absent:
    """Return the zones d'emploi with most jobs in fed sectors, and the seats opened there.

    ``lost`` openings have no known zone.
    """
    if found.empty:
        return _why(context)
    rows = found.head(SHOWN_ZONES)
    note = "Places du programme selon la commune de l'établissement."
    if rows["zone"].eq(rows["code_zone"]).any():
        note += " Une zone sans nom dans les fichiers est désignée par son code."
    if lost:
        note += f" {text.pluriel(lost, 'ouverture')} sans commune reconnue n'y figurent pas."
    return table(
        rows,
        f"Les {len(rows)} zones d'emploi qui comptent le plus d'emplois des secteurs alimentés",
        formats={"emplois": "nombre", "places": "nombre", "pour_mille": ("nombre", 1)},
        labels={
            "zone": "Zone d'emploi",
            "emplois": "Emplois",
            "places": "Places ouvertes",
            "pour_mille": "Places pour 1 000 emplois",
        },
        source=credit(context),
        note=note,
    )


def carte(found: pd.DataFrame, context: Context) -> Figure | None:
    """Return the map of jobs in fed sectors by zone d'emploi; none of zones that are simulated."""
    regions = context.programme.territoire.codes_regions
    shapes = {} if context.simulated else maps.outlines(maps.ZONES, regions)
    if found.empty or not set(found["code_zone"]) & set(shapes):
        return None
    rows = found.rename(columns={"code_zone": "code", "zone": "nom"})
    top, total = rows.loc[rows["emplois"].idxmax()], rows["emplois"].sum()
    share = text.pourcent(top["emplois"] / total, 0)
    return Figure(
        maps.shaded(rows, shapes, {"emplois": "Emplois des secteurs alimentés"}, named=NAMED_ZONES),
        f"La zone d'emploi {text.de(top['nom'])} rassemble {share} des emplois des secteurs "
        "alimentés",
        f"{credit(context)} ; {maps.CREDIT}",
        f"Carte des zones d'emploi, plus foncées là où les emplois sont plus nombreux. "
        f"{top['nom']} : {text.nombre(top['emplois'])} emplois sur {text.nombre(total)}.",
        rows,
        formats={"emplois": "nombre", "places": "nombre"},
        labels={"nom": "Zone d'emploi", "emplois": "Emplois", "places": "Places ouvertes"},
    )


def methode() -> str:
    """Return how detectability is measured, and why no coefficient is shown."""
    return (
        "L'écart ordinaire entre une région et les autres est mesuré avant le programme, sur les "
        "régions qui n'en ont pas ; un test de Student donne le plus petit effet vu 80 fois sur "
        f"100. Seconde façon, par zones d'emploi : {DESCRIPTION[0].lower()}{DESCRIPTION[1:]} "
        "Tant que le plus grand effet plausible reste sous le plus petit effet décelable, le "
        "coefficient n'est pas montré : il ne ferait que mesurer le bruit."
    )


def limites(jobs: pd.DataFrame, odd_years: Sequence[str]) -> str:
    """Return what jobs by sector do not say, years that look like a faulty file first."""
    sentences = [
        *odd_years,
        "L'emploi d'un secteur ne dit ni qui l'occupe ni d'où il vient : seul un appariement "
        "individuel (diplôme, employeur, lieu) dirait combien de diplômés travaillent dans "
        "l'industrie de la région.",
        "Un diplômé embauché peut prendre la place d'un autre candidat : l'emploi total peut ne "
        "pas bouger même si tous les diplômés travaillent.",
        "Les départs en fin de carrière sont ceux de tous les métiers de la région, faute d'un "
        "chiffre propre à l'industrie.",
    ]
    if jobs.empty:
        sentences.insert(0, str(NO_URSSAF))
    return "\n\n".join(sentences)
