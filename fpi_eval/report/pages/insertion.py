"""What `04_insertion` shows: employment at 6 months, and how the region moved beside the others."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.calendar import HORIZONS
from fpi_eval.disclosure import Thresholds, show_alone
from fpi_eval.figures import Figure
from fpi_eval.impact.jobs.passage import ACROSS, OVER_TIME
from fpi_eval.impact.jobs.regional import RegionalChange, joint_rank
from fpi_eval.indicators.quadrant import OUTSIDE
from fpi_eval.panel.context import Context
from fpi_eval.plots import QUADRANTS, range_lines
from fpi_eval.plots import quadrants as draw_quadrants
from fpi_eval.report.published.make import ENSEMBLE, cells, show
from fpi_eval.report.published.people import AFTER
from fpi_eval.results import Estimate
from fpi_eval.rounding import told
from fpi_eval.sheets import Sheet
from fpi_eval.tables import Table, table

Said = TypeVar("Said")
SHORTEST = 1  # years of a mention complémentaire
ELSEWHERE = "Autres régions"
NO_RATE = "Les fichiers ne donnent pas l'emploi des sortants de la région dans ces filières."
NO_STUDENT = "Les fichiers ne donnent aucun élève de dernière année de la région dans ces filières."
SELDOM = 0.10  # chances that the region stands so far apart without any reason
PASSAGES = {
    ACROSS: ("Là où il y a 100 places de plus", "une"),
    OVER_TIME: ("Là où les places ont crû de 100", "deux, dont une aux places connues"),
}
OUTCOMES = {"terminale": "Élèves en dernière année", "en_emploi_6_mois": "En emploi à 6 mois"}


def _above(count: int) -> str:
    """Return how many courses are at the mean or above, with their verb."""
    if not count:
        return "Aucune formation n'atteint"
    return text.pluriel(count, "formation atteint", "formations atteignent")


def _if_any(said: Callable[..., Said]) -> Callable[..., Said | Absent]:
    """Return what says why, where the files have no student in a last year."""

    @wraps(said)
    def told(found: Sheet | None, *others: Any) -> Said | Absent:
        return Absent(NO_RATE) if found is None else said(found, *others)

    return told


@_if_any
def reponse(
    published: Sheet,
    changes: Sequence[RegionalChange] | Absent,
    context: Context,
    first: int | None = None,
) -> str:
    """Return the answer: employment here and elsewhere, and whether the region moved apart.

    ``first`` is the June in which students of the programme's seats first leave
    (`Year.first_leavers`); the earliest possible one without a register.
    """
    rates = _by_voie(published)
    last = rates["millesime"].max()
    now = rates[rates["millesime"] == last].set_index(["territoire", "voie"])
    if not any(_compared(now["taux"], words, context.region) for words in text.VOIES.values()):
        return NO_RATE if changes else f"{NO_RATE}\n\n{changes}"
    lines = [_beside(now, voie, words, context.region) for voie, words in text.VOIES.items()]
    lines.append(
        "Champ : filières du programme, secondaire et supérieur, sortants de "
        f"{text.liste(last.split('-'))}. {published.note}".rstrip()
    )
    if int(last[-4:]) < (first or context.programme.rentree_debut + SHORTEST):
        lines.append(
            f"L'écart avec les autres régions n'est pas un effet {text.de(context.programme.nom)}, "
            "dont les places n'ont pas encore de diplômés dans ces données."
        )
    if isinstance(changes, Absent):
        return "\n\n".join([*lines, changes.reason])
    return "\n\n".join([*lines, _moved(*joint_rank(changes))])


def _moved(rank: int, regions: int) -> str:
    """Return whether the region moved apart, all comparisons read at once."""
    if SELDOM * regions < 1:
        return (
            "On ne peut pas voir si la région a évolué autrement que les autres : parmi "
            f"{regions} régions, même le plus grand écart n'est pas rare."
        )
    if rank > SELDOM * regions:
        return (
            "Ni le nombre d'élèves de dernière année ni celui des sortants en emploi n'ont évolué "
            "nettement autrement que dans les autres régions."
        )
    return (
        "Le nombre d'élèves de dernière année, ou celui des sortants en emploi, a évolué autrement "
        "que dans presque toutes les autres régions. Toutes comparaisons réunies, le hasard seul "
        f"le ferait {100 * rank / regions:.0f} fois sur 100."
    )


def _beside(now: pd.DataFrame, voie: str, words: str, region: str) -> str:
    """Return the rate of a voie's leavers, wherever in France their job is, here and elsewhere."""
    rates = now["taux"]
    if not _compared(rates, words, region):
        which = "de la voie scolaire" if voie == "scolaire" else "de l'apprentissage"
        return f"L'emploi des sortants {which} de la région n'est pas dans ces fichiers."
    here, elsewhere = (text.pourcent(rates[t, words], 0) for t in (region, ELSEWHERE))
    way = "la voie scolaire" if voie == "scolaire" else "l'apprentissage"
    return (
        f"Dans {way}, {here} des {text.nombre(now.loc[(region, words), 'sortants'])} sortants de "
        f"la région ont un emploi salarié six mois après, contre {elsewhere} ailleurs."
    )


def _compared(rates: pd.Series, voie: str, region: str) -> bool:
    """Return whether a voie's rate is known in the region and elsewhere."""
    return {(region, voie), (ELSEWHERE, voie)} <= set(rates.dropna().index)


def _by_voie(published: Sheet) -> pd.DataFrame:
    """Return employment at 6 months by territory and voie, as published, in words."""
    rows = published.frame
    whole = rows["filiere"].eq(ENSEMBLE) & rows["niveau"].eq(ENSEMBLE)
    rate = "taux_emploi_6_mois"
    names = {rate: "taux", f"{rate}_bas": "ic_bas", f"{rate}_haut": "ic_haut"}
    return rows[whole].rename(columns=names).reset_index(drop=True)


@_if_any
def taux(published: Sheet, context: Context) -> Figure | Absent:
    """Return the figure of employment rates by millésime, voie and territory."""
    named = _by_voie(published)
    named["groupe"] = named["territoire"] + ", " + named["voie"].str.lower()
    last = named[named["millesime"] == named["millesime"].max()]
    said = [f"{r.groupe} {text.pourcent(r.taux, 1)}" for r in last.itertuples()]
    drawn = named[
        ["groupe", "millesime", "en_emploi_6_mois", "sortants", "taux", "ic_bas", "ic_haut"]
    ]
    region = context.region
    rate = last.set_index(["territoire", "voie"])["taux"]
    known = [voie for voie in text.VOIES.values() if _compared(rate, voie, region)]
    if not known:
        return Absent(NO_RATE)
    higher = [voie for voie in known if rate[region, voie] > rate[ELSEWHERE, voie]]
    both = "dans les deux voies" if len(known) > 1 else f"en {known[0].lower()}"
    lower = "".join(voie for voie in known if voie not in higher).lower()
    where = f" en {''.join(higher).lower()}, pas en {lower}"
    if len(higher) in (0, len(known)):
        where = f", {both}"
    more = "plus" if higher else "moins"
    titre = f"Les sortants de la région sont {more} souvent en emploi à 6 mois qu'ailleurs{where}"
    return Figure(
        range_lines(drawn, x="millesime", y="taux", hue="groupe", ylabel="Taux d'emploi à 6 mois"),
        titre,
        f"{published.source}, millésimes {named['millesime'].min()} à {named['millesime'].max()}. "
        f"{published.note}".strip(),
        "Courbes par millésime, avec intervalle à 95 %. Au dernier millésime : "
        f"{' ; '.join(said)}.",
        published.rows.derived(drawn, drawn[[]].copy()),
        formats=dict.fromkeys(("taux", "ic_bas", "ic_haut"), ("pourcent", 1)),
        labels={
            "groupe": "Groupe",
            "millesime": "Millésime",
            "en_emploi_6_mois": "En emploi",
            "sortants": "Sortants",
            "taux": "Taux",
            "ic_bas": "De",
            "ic_haut": "À",
        },
    )


def _last(published: Sheet) -> pd.Series:
    """Return the rows by filière and level of the last millésime."""
    rows = published.frame
    told = rows["filiere"].ne(ENSEMBLE) & rows["niveau"].ne(ENSEMBLE)
    return told & (rows["millesime"] == rows["millesime"].max())


@_if_any
def par_filiere(found: Sheet) -> Table:
    """Return employment by filière, level and voie at the last millésime, hidden cells hidden."""
    last = found.frame["millesime"].max()
    return show(
        found,
        [
            "territoire", "filiere", "niveau", "voie", "sortants", "en_emploi_6_mois",
            "taux_emploi_6_mois", "taux_emploi_6_mois_bas", "taux_emploi_6_mois_haut",
        ],
        kept=_last(found),
        labels={
            "en_emploi_6_mois": "En emploi",
            "taux_emploi_6_mois": "Taux d'emploi",
            "taux_emploi_6_mois_bas": "De",
            "taux_emploi_6_mois_haut": "À",
        },
        titre=f"Emploi à 6 mois par filière, niveau et voie, millésime {last}",
        note="Sortants en emploi salarié six mois après, sur les sortants dont la situation est "
        "publiée ; de … à … : intervalle à 95 %. Ceux qui poursuivent leurs études n'y sont pas. "
        f"{found.note}".rstrip(),
    )  # fmt: skip


@_if_any
def durees(found: Sheet) -> Table:
    """Return employment at 6, 12, 18 and 24 months in the region, by voie and millésime."""
    rows = found.frame
    whole = rows["filiere"].eq(ENSEMBLE) & rows["niveau"].eq(ENSEMBLE)
    return show(
        found,
        [
            "territoire",
            "voie",
            "millesime",
            "sortants",
            *(f"taux_emploi_{months}_mois" for months in HORIZONS),
        ],
        kept=whole,
        labels={f"taux_emploi_{months}_mois": f"À {months} mois" for months in HORIZONS},
        titre="Emploi à 6, 12, 18 et 24 mois des sortants des filières du programme",
        note="Les taux d'un même millésime portent sur les mêmes sortants ; ceux à 18 et 24 mois "
        f"sont publiés plus tard. {found.note}".rstrip(),
    )


@_if_any
def devenir(found: Sheet) -> Table:
    """Return study, work and other at 6 months, among final-year students, last millésime."""
    last = found.frame["millesime"].max()
    return show(
        found,
        ["territoire", "filiere", "niveau", "voie", "terminale", *(one.name for one in AFTER)],
        kept=_last(found),
        labels={
            "terminale": "Élèves",
            "taux_poursuite": "En études",
            "part_autre": "Autre",
            "part_en_emploi_6_mois": "En emploi",
            "taux_devenir_favorable": "Devenir favorable",
        },
        titre=f"Que font les élèves de dernière année six mois après, millésime {last}",
    )


@_if_any
def terminale(found: Sheet, context: Context) -> Table | Absent:
    """Return final-year students by filière, level and voie, one column per millésime."""
    shown = show(found).frame
    rows = shown[shown["territoire"] == context.region]
    if rows.empty:
        return Absent(NO_STUDENT, holder="DEPP et Dares, InserJeunes.")
    keys = ["filiere", "niveau", "voie"]
    wide = rows.set_index([*keys, "millesime"])["terminale"].unstack("millesime", sort=False)  # noqa: PD010
    return table(
        found.rows.derived(wide.rename_axis(columns=None).reset_index()),
        f"Élèves et étudiants en dernière année, {context.region}",
        formats=dict.fromkeys(wide.columns, "nombre"),
        labels={"filiere": "Filière", "niveau": "Niveau", "voie": "Voie"}
        | {millesime: millesime for millesime in wide.columns},
        source=found.source,
        note=found.note,
    )


QUADRANT = ("terminale", "sortants", "taux_emploi_6_mois", "taux_poursuite", "quadrant")


def quadrants(found: Sheet | None) -> Figure | Absent:
    """Return the figure of each course's employment and continuation against the region's mean."""
    if found is None:
        return Absent(
            "Aucune formation de la région n'a de devenir publié.",
            holder="DEPP et Dares, InserJeunes.",
        )
    rows = found.frame[found.frame["quadrant"] != OUTSIDE]
    if rows.empty:
        return Absent("Aucune formation de la région n'a assez d'élèves pour être située.")
    count = rows["quadrant"].value_counts()
    said = [f"{words} : {count.get(name, 0)}" for name, (*_, words, _at) in QUADRANTS.items()]
    last = rows["millesime"].iloc[0]
    drawn = cells(found, ["diplome", "formation", *QUADRANT])
    return Figure(
        draw_quadrants(rows),
        f"{_above(count.get('Q1', 0))} la moyenne régionale du même diplôme à la fois en emploi et "
        "en poursuite d'études",
        f"{found.source}, millésime {last}",
        f"Nuages de points, un par diplôme : taux d'emploi à 6 mois en abscisse, taux de poursuite "
        f"en ordonnée ; les traits sont les moyennes régionales. Au moins à la "
        f"moyenne – {' ; '.join(said)}. "
        "Formations qui n'y sont pas (taux masqué, ou diplôme de trop peu de formations) : "
        f"{len(found.frame) - len(rows)}.",
        drawn.derived(
            drawn.frame.assign(
                diplome=drawn.frame["diplome"].map(text.capitale),
                formation=drawn.frame["formation"].map(text.formation),
            )
        ),
        formats={
            "taux_emploi_6_mois": ("pourcent", 1),
            "taux_poursuite": ("pourcent", 1),
            "terminale": "nombre",
            "sortants": "nombre",
        },
        labels={
            "diplome": "Diplôme",
            "formation": "Formation",
            "terminale": "Élèves",
            "sortants": "Sortants",
            "taux_emploi_6_mois": "Emploi à 6 mois",
            "taux_poursuite": "Poursuite",
            "quadrant": "Quadrant",
        },
    )


def mouvement(changes: Sequence[RegionalChange] | Absent, context: Context) -> Table | Absent:
    """Return how the region's numbers moved relative to the same courses elsewhere."""
    if isinstance(changes, Absent):
        return changes
    parts = [
        change.table.assign(voie=text.VOIES[change.voie], resultat=OUTCOMES[change.outcome])
        for change in changes
    ]
    rows = pd.concat(parts, ignore_index=True)
    last = rows[rows["period"] == rows["period"].max()]
    ends = {(one.voie, one.resultat): one.period for one in rows.itertuples()}  # in their order
    reference = changes[0].reference.replace("_", "-")
    period = last["period"].iloc[0].replace("_", "-")
    rows = last.assign(difference=last["difference"].round(-1))
    shown = show_alone(rows, Thresholds.of(context.programme.secret))
    compared = {change.voie for change in changes}
    best = " ou ".join(f"1/{n}" for n in sorted({int(n) for n in rows["n_regions"]}, reverse=True))
    lost = [words.lower() for voie, words in text.VOIES.items() if voie not in compared]
    several = len(context.programme.territoire.codes_regions) > 1
    alone = "celles du programme n'en font qu'une" if several else "une seule région est concernée"
    return table(
        shown,
        f"De {reference} à {period}, la région face aux mêmes formations ailleurs",
        formats={
            "difference": "signe",
            "change": lambda value: f"{text.signe(100 * value, 1)}\u00a0%",
            "p_value": ("nombre", 2),
        },
        labels={
            "voie": "Voie",
            "resultat": "Résultat",
            "difference": "Écart, à la dizaine",
            "change": "Écart relatif",
            "rank": "Rang de l'écart",
            "n_regions": "Régions comparées",
            "p_value": "Valeur p",
        },
        source=context.credited("InserJeunes"),
        note="Rang 1 : l'écart le plus grand des régions comparées. La valeur p est le rang divisé "
        f"par leur nombre : au mieux {best}. La réponse, en haut, lit toutes les lignes ensemble. "
        f"Aucun intervalle : {alone}."
        + "".join(
            f" {outcome}, {voie.lower()} : rien après {end.replace('_', '-')}."
            for (voie, outcome), end in ends.items()
            if end != rows["period"].iloc[0]
        )
        + "".join(f" En {one}, les fichiers ne permettent pas de comparer." for one in lost),
    )


def methode_mouvement(changes: Sequence[RegionalChange] | Absent) -> str:
    """Return the method of the regression, in one paragraph; nothing where none was run."""
    return "" if isinstance(changes, Absent) else changes[0].method()


def passage_bts(
    rates: pd.DataFrame | Absent, found: Sequence[Estimate] | Absent, context: Context
) -> Table | Absent:
    """Return what one more BTS place goes with: between places, then over time."""
    if isinstance(rates, Absent):
        return rates
    if isinstance(found, Absent):
        return found
    known = rates.groupby("formation", sort=False)["part_places"].min()
    matched = text.liste(f"{text.pourcent(part, 0)} ({name})" for name, part in known.items())
    names = ["estimate", "ci_low", "ci_high"]
    effects = pd.concat([one.to_frame()[names] for one in found], ignore_index=True)
    words = pd.DataFrame([PASSAGES[one.label] for one in found], columns=["mesure", "promotions"])
    rows = pd.concat([told(100 * effects, 100), words], axis=1)
    alone = " L'autre comparaison demande des millésimes ou des places qui manquent encore."
    return table(
        rows,
        "Étudiants de BTS de plus en dernière année, selon les places",
        formats=dict.fromkeys(names, ("signe", 0)),
        labels={
            "mesure": "Comparaison",
            "promotions": "Promotions comptées",
            "estimate": "Étudiants",
            "ci_low": "Borne basse",
            "ci_high": "Borne haute",
        },
        source=f"Parcoursup 2018 et 2019 ; InserJeunes ; {context.credit}",
        note="BTS des filières du programme, voie scolaire. Sur Parcoursup, le diplôme visé est "
        f"connu pour une part des places : {matched}. C'est un taux de passage : les lieux "
        "comparés diffèrent par bien d'autres choses que leurs places. "
        f"Intervalles à 95 % : {found[0].rule}.{alone * (len(found) < len(PASSAGES))}",
    )


def limites() -> str:
    """Return what these rates do not say."""
    return "\n\n".join(
        [
            "Le taux d'emploi ne dit ni le métier, ni le secteur, ni le lieu de l'emploi : aucune "
            "source ouverte ne dit encore qui, parmi les diplômés, travaille dans l'industrie de "
            "la région.",
            "L'intervalle d'un taux traite les sortants comme tirés au hasard ; il ne dit rien "
            "des causes d'une variation.",
        ]
    )
