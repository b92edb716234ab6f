"""What `02_places` shows: openings against targets, places, pressure, départements."""

import pandas as pd

from fpi_eval import maps, text
from fpi_eval.absent import Absent
from fpi_eval.disclosure import TOTAL
from fpi_eval.figures import Figure
from fpi_eval.headline import Headline, in_chapters
from fpi_eval.headline.first_page import entered, largest_target
from fpi_eval.headline.of_places import UNSAID, VOIES
from fpi_eval.indicators.deploiement import manquees, none_opened, unsaid
from fpi_eval.indicators.filieres import changes
from fpi_eval.panel.context import Context
from fpi_eval.panel.regional_panel import ELSEWHERE, HERE
from fpi_eval.plots import group_bars, targets
from fpi_eval.report.pages.personnes import AUCUNE, SANS_CONSTAT, ici, shown
from fpi_eval.report.published.make import ENSEMBLE
from fpi_eval.report.published.seats import LOST
from fpi_eval.sheets import Sheet
from fpi_eval.sources.register.reconcile import INTROUVABLE
from fpi_eval.tables import Table, table

ONE_DEPARTEMENT = Absent(
    "Le programme n'a qu'un département : il n'y en a pas à comparer.", lacking=False
)


def words(context: Context, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with codes replaced by the words readers see."""
    whole = {TOTAL: ENSEMBLE}
    names = {
        "territoire": {HERE: context.region, ELSEWHERE: "Autres régions"},
        "filiere": context.programme.mots_filieres | whole,
        "niveau": text.NIVEAUX | whole,
        "voie": text.VOIES,
    }
    if "territoire" in rows:
        rows = rows.sort_values("territoire", key=lambda t: t != HERE, kind="stable")
    replaced = {name: rows[name].map(names[name]) for name in names if name in rows}
    dated = {
        n: rows[n].astype(str).str.replace("_", "-") for n in ("rentree", "millesime") if n in rows
    }
    return rows.assign(**replaced, **dated)


def reponse(chiffres: Headline, rows: pd.DataFrame, same: pd.DataFrame, context: Context) -> str:
    """Return the answer: seats opened, targets missed, or why neither is known; how places moved.

    ``rows`` are the targets (`deploiement.avancement`), ``same`` the places of the cells known two
    years running (`places_constantes`).
    """
    opened = chiffres["places_ouvertes"]
    observed = _observed(same, context)
    if not opened:
        return f"{text.capitale(opened.reason)}\n\n{observed}"
    missed = _missed(rows, context, none=not opened.amount)
    late = f"{missed}.\n\n" if missed else ""
    return (
        f"{in_chapters.places(chiffres)}\n\n{late}"
        f"Champ : {opened.scope}.\n\n{_entered(chiffres)}{observed}"
    )


def _missed(rows: pd.DataFrame, context: Context, *, none: bool) -> str:
    """Return that targets past due are missed, by how much at least; nothing where none is.

    ``none``: the programme has opened no seat, of any level.
    """
    late = manquees(rows, context.rentree)
    if late.empty:
        return ""
    years = text.liste(dict.fromkeys(map(str, late["echeance"])))
    said = (
        f"Les cibles de {years} ne sont pas atteintes"
        if len(late) > 1
        else f"La cible de {years} n'est pas atteinte"
    )
    if none and not late["au_plus"].any():
        return f"{said} : aucune place n'est encore ouverte"
    return f"{said} : même toutes pleines, les places permettaient {_of_targets(late, context)}"


def _of_targets(rows: pd.DataFrame, context: Context) -> str:
    """Return how many entries seats allow at most, of those aimed at, target by target."""
    level = {one.code: one.niveau for one in context.programme.cibles}
    return text.liste(
        f"{text.nombre(r.au_plus)} entrées sur {text.nombre(r.cible)} "
        f"({text.NIVEAUX.get(level[r.code], 'en tout').lower()})"
        for r in rows.itertuples()
    )


def _entered(chiffres: Headline) -> str:
    """Return how many people entered, for the largest target; nothing where none is counted."""
    largest = largest_target(chiffres)
    done = entered(chiffres, largest)
    if not (largest and done):
        return ""
    one = text.single(done.rounded or 0.0)
    said = "personne y est entrée" if one else "personnes y sont entrées"
    return (
        f"{done.number} {said} ({done.scope}), pour {largest.number} visées "
        f"({largest.scope.annees}).\n\n"
    )


def _observed(same: pd.DataFrame, context: Context) -> str:
    """Return how places of the same cells moved here and, where files have it, elsewhere."""
    rows, change = same[same["rentree"] == context.rentree], changes(same, context.rentree)
    if HERE not in change:
        return _unpaired(context)
    beside = f" ; ailleurs, elles {_moved(change[ELSEWHERE])}" if ELSEWHERE in change else ""
    what = "places de BTS" if set(rows["niveau"]) == {"superieur"} else "places d'entrée"
    return (
        f"De {context.rentree - 1} à {context.rentree}, à formations égales, les {what} "
        f"{_moved(change[HERE])} dans la région{beside}.\n\n"
        f"Champ de cette comparaison : {field(rows, context)}."
    )


def _unpaired(context: Context) -> str:
    first, last = context.rentree - 1, context.rentree
    return f"De {first} à {last}, aucune formation de la région n'a de places à comparer."


def _moved(change: float) -> str:
    """Return how places changed, in a verb."""
    if not round(change, 3):
        return "ont varié de moins de 0,1\u00a0%" if change else "n'ont pas varié"
    return f"ont {'augmenté' if change > 0 else 'diminué'} de {text.pourcent(abs(change))}"


def field(rows: pd.DataFrame, context: Context) -> str:
    """Return in words the levels and voies that the rentrée's rows cover, in the filières."""
    rows = rows[rows["rentree"] == context.rentree]
    pairs = set(zip(rows["niveau"], rows["voie"], strict=True))
    ways = {
        words.lower(): [f"en {way}" for voie, way in VOIES.items() if (level, voie) in pairs]
        for level, words in text.NIVEAUX.items()
    }
    said = [f"{level} {text.liste(voies)}" for level, voies in ways.items() if voies]
    return ", ".join([*said, "filières du programme"])


def cibles(kept: pd.DataFrame, rows: pd.DataFrame, context: Context) -> Figure | Absent:
    """Return the figure of seats opened against the published targets."""
    if kept.empty:
        return context.no_openings
    if unsaid(kept):
        return Absent(text.capitale(UNSAID))
    drawn, last = rows.assign(realise=rows["acquis"]), rows["echeance"].max()
    to_come = _of_targets(drawn[rows["echeance"] == last].assign(au_plus=rows["acquis"]), context)
    said = [
        f"{r.libelle} : {text.nombre(r.acquis)} sur {text.nombre(r.cible)}"
        for r in rows.itertuples()
    ]
    bound = {}
    if (rows["au_plus"] > rows["acquis"]).any():  # a title may tell it, beside a shorter bar
        bound = {"au_plus": "Au plus, places sans réponse comprises"}
    return Figure(
        targets(drawn),
        _missed(rows, context, none=none_opened(kept))
        or f"Jusqu'en {last}, les places déjà ouvertes permettent au plus {to_come}",
        f"Registre des ouvertures, rentrée {context.rentree} ; {context.credit}",
        f"Barres horizontales, une par cible. {' ; '.join(said)}.",
        rows.astype({"echeance": str}),
        formats={"part": ("pourcent", 0)},
        labels={
            "libelle": "Cible",
            "echeance": "Échéance (rentrée)",
            "cible": "Personnes visées",
            "places_ouvertes": "Places ouvertes",
            "realise": "Entrées possibles à ce jour",
            "acquis": "Entrées possibles à l'échéance",
            **bound,
            "part": "Part de la cible",
        },
    )


def ouvertures(
    kept: pd.DataFrame, published: Sheet | None, derived: pd.DataFrame, context: Context
) -> Table | Absent:
    """Return seats planned, opened and observed; without a register, what capacities show."""
    if kept.empty:
        return derivees(derived, context)
    return shown(published, context.no_openings)


def rapprochement(kept: pd.DataFrame, statuses: pd.DataFrame, context: Context) -> Table | Absent:
    """Return how many openings capacity files confirm, and why they do not show the others."""
    if kept.empty:
        return context.no_openings
    if statuses.empty:
        return AUCUNE
    return table(
        statuses,
        "Les ouvertures déclarées se voient-elles dans les capacités ?",
        labels={
            "statut": "Constat",
            "motif": "Ce que disent les fichiers",
            "ouvertures": "Ouvertures",
            "places": "Places déclarées",
        },
        source=f"Registre des ouvertures, rentrée {context.rentree} ; {context.credit}",
        note="« Supérieure » ou « inférieure » : la hausse observée l'est à la hausse déclarée."
        + LOST * bool(statuses["statut"].eq(INTROUVABLE).any()),
    )


def evolution(same: pd.DataFrame, context: Context) -> Table | Absent:
    """Return the change in places of the same cells, by filière, here and elsewhere."""
    rows = same[same["rentree"] == context.rentree].drop(columns="rentree")
    if rows.empty:
        return Absent(_unpaired(context))
    return table(
        words(context, rows),
        f"Places d'entrée des mêmes formations, rentrées {context.rentree - 1} et "
        f"{context.rentree}",
        formats={"evolution": lambda value: f"{text.signe(100 * value, 1)}\u00a0%"},
        labels={
            "territoire": "Territoire",
            "filiere": "Filière",
            "niveau": "Niveau",
            "voie": "Voie",
            "places_avant": "Places avant",
            "places_apres": "Places après",
            "cellules": "Formations",
            "evolution": "Évolution",
        },
        source=context.credited(*context.capacities),
        note="Seules comptent les formations d'un établissement dont les places sont connues aux "
        "deux rentrées, suivies d'un code ou d'une option à l'autre. Une formation "
        "qu'Affelnet répète plus une rentrée que l'autre n'y est pas : ses places seraient "
        "peut-être comptées deux fois. En apprentissage, la capacité est une intention.",
    )


def pression(published: Sheet | None, context: Context) -> Table | Absent:
    """Return first wishes per place, in the region and its académies, beside the others."""
    return ici(
        published,
        context,
        ["filiere", "academie", "places", "voeux_1", "taux_pression", "avant", "ecart", "ailleurs"],
        Absent("Les vœux d'Affelnet ne sont pas dans le dossier.", holder="Rectorats, par Orion."),
    )


def demande(published: Sheet | None, context: Context) -> Table | Absent:
    """Return confirmed wishes per BTS place, by filière, voie and académie."""
    return ici(
        published,
        context,
        [
            "filiere", "voie", "academie", "places", "voeux", "taux_demande", "avant", "ecart",
            "ailleurs",
        ],
        Absent("Les places de BTS ne sont pas dans le dossier.", holder="MESR, par Orion."),
    )  # fmt: skip


def remplissage(published: Sheet | None, context: Context) -> Table | Absent:
    """Return entrants per place, by level, filière and académie."""
    return ici(
        published,
        context,
        [
            "niveau", "filiere", "academie", "places", "entrants", "taux_remplissage", "avant",
            "ecart", "ailleurs",
        ],
        SANS_CONSTAT,
    )  # fmt: skip


def departements(rows: pd.DataFrame, scope: str, context: Context) -> Figure | Absent:
    """Return the figure of entry places by département and filière; ``scope`` is their field."""
    if rows[TOTAL].isna().all():
        return Absent(
            "Aucun département n'a toutes ses places d'entrée connues à la rentrée "
            f"{context.rentree}."
        )
    return by_departement(
        rows,
        context,
        noun="places",
        what=f"places d'entrée ({scope})",
        xlabel=f"Places d'entrée, rentrée {context.rentree}",
        source=f"{context.credited(*context.capacities)}, rentrée {context.rentree}",
    )


def by_departement(
    rows: pd.DataFrame, context: Context, *, noun: str, what: str, xlabel: str, source: str
) -> Figure | Absent:
    """Return bars of a count by département, a colour a filière, the largest département said.

    ``noun`` names what is counted in a sentence, ``what`` with its field; column `TOTAL` of
    ``rows`` counts every filière. A single département is the first of nothing.
    """
    if len(rows) == 1:
        return ONE_DEPARTEMENT
    named = rows.rename(columns=context.programme.mots_filieres | {TOTAL: ENSEMBLE})
    columns = [c for c in named if c not in ("departement", ENSEMBLE)]
    ordered = named.sort_values(ENSEMBLE, ascending=False, kind="stable", ignore_index=True)
    total, first = ordered[ENSEMBLE], text.departement(ordered["departement"].iloc[0])
    rest = _rest(total)
    shown = ["departement", *columns, ENSEMBLE]
    return Figure(
        group_bars(
            ordered,
            columns=columns,
            whole=ENSEMBLE,
            xlabel=f"{xlabel} ; entre parenthèses, l'ensemble",
            colours=context.programme.couleurs,
        ),
        f"{text.capitale(first)}, premier département : "
        f"{text.pourcent(total.max() / total.sum(), 0)} des {what}{rest}",
        source,
        f"Barres horizontales, une par département, du plus au moins {text.de(noun)}. "
        f"En tête, {first} : {text.nombre(total.max())} {noun} sur {text.nombre(total.sum())}"
        f"{rest}.",
        ordered[shown],
        formats=dict.fromkeys(shown[1:], "nombre"),
        labels={"departement": "Département"} | {name: name for name in shown[1:]},
    )


def _rest(counts: pd.Series) -> str:
    """Return how many départements a total leaves out, because their own count is not known."""
    gone = int(counts.isna().sum())
    said = f", sans {text.pluriel(gone, 'département non connu', 'départements non connus')}"
    return said if gone else ""


def carte(rows: pd.DataFrame, scope: str, context: Context) -> Figure | None:
    """Return maps of seats opened and of entry places by département, if their outlines are known.

    ``scope`` is the field of entry places. A single département has nothing to be compared with.
    """
    shapes = maps.outlines(maps.DEPARTEMENTS, list(rows["code"]))
    opened = "ouvertes" in rows
    column = "ouvertes" if opened else "places"
    if not shapes or len(rows) == 1 or rows[column].isna().all():
        return None
    what = f"places ouvertes par {context.programme.nom}" if opened else "places d'entrée"
    field = "" if opened else f" ({scope})"
    known = ["Registre des ouvertures"] * opened + context.capacities
    top, total, rest = rows.loc[rows[column].idxmax()], rows[column].sum(), _rest(rows[column])
    maps_of = {"ouvertes": "Places ouvertes par le programme", "places": "Places d'entrée, en tout"}
    drawn = {name: title for name, title in maps_of.items() if name in rows}
    place, most = text.departement(top["nom"]), text.nombre(top[column])
    alone = opened and not rest and top[column] == total
    ranked = "seul département" if alone else "premier département"
    of_all = "" if alone else f" sur {text.nombre(total)}"
    return Figure(
        maps.shaded(rows, shapes, drawn, named=len(rows)),
        f"{text.capitale(place)}, {ranked} pour les {what} : {most}{of_all}{field}{rest}",
        f"{context.credited(*known)}, rentrée {context.rentree} ; {maps.CREDIT}",
        f"Carte des départements, plus foncés là où les places sont plus nombreuses. "
        f"En tête, {place} : {most} {what}, sur {text.nombre(total)}{field}{rest}.",
        rows.sort_values(column, ascending=False, kind="stable"),
        labels={"nom": "Département"} | drawn,
    )


def derivees(derived: pd.DataFrame, context: Context) -> Table | Absent:
    """Return seat increases seen in capacity files alone, here and elsewhere."""
    rows = derived[derived["rentree"] == context.rentree]
    if rows.empty:
        return Absent(f"Les capacités ne montrent aucune hausse à la rentrée {context.rentree}.")
    return table(
        words(context, rows.drop(columns="rentree")),
        f"Hausses de places que montrent les seules capacités, rentrée {context.rentree}",
        labels={
            "territoire": "Territoire",
            "filiere": "Filière",
            "cellules": "Formations",
            "places": "Places en plus",
        },
        source=context.credited(*context.capacities),
        note="Toutes les hausses, quel qu'en soit le financement : les autres régions ouvrent "
        "aussi des places. Une formation apparue ou renommée n'est pas comptée.",
    )


def limites(kept: pd.DataFrame, context: Context) -> str:
    """Return what places alone do not say."""
    sentences = [
        "Une place ouverte n'est pas une personne formée de plus : elle peut rester vide, ou "
        "être prise par quelqu'un qui aurait suivi une autre formation.",
        "« Formé » se lit ici « entré dans une place ouverte » ; les diplômés sont comptés à "
        "part, à la fin de leur formation.",
    ]
    if kept.empty:
        sentences.insert(0, str(context.no_openings))
    return "\n\n".join(sentences)
