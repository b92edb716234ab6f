"""What `03_diplomes` shows: verdict, effect per seat and in total, robustness, limits."""

import numpy as np
import pandas as pd

from fpi_eval import plots, text
from fpi_eval.absent import Absent
from fpi_eval.checks.robustness import per_opening
from fpi_eval.checks.study import Study
from fpi_eval.checks.trends import lever
from fpi_eval.checks.verdict import CAUTION, FAIL, INCONCLUSIVE
from fpi_eval.figures import Figure
from fpi_eval.impact import j as seats
from fpi_eval.panel.cells import lag_of
from fpi_eval.report.pages.familles import autres, famille
from fpi_eval.report.pages.study import INSTEAD, NAMES, NOTHING, Etude, _why, etude  # noqa: F401
from fpi_eval.tables import Table, table

__all__ = ["autres", "famille"]  # shown here, written beside what reads several answers
FIGURES = ("estimate", "ci_low", "ci_high")
PER_SEAT = {seats.GROSS: "Effet brut", seats.DISPLACEMENT: "Déplacement", seats.NET: "Effet net"}


def resultat(e: Etude) -> str:
    """Return which outcome is studied, and why not the one announced."""
    name = NAMES.get(e.outcome, e.outcome)
    if e.outcome == e.voulu:
        return f"Résultat étudié : {name}, annoncé comme résultat principal."
    return (
        f"Le résultat principal annoncé est « {NAMES.get(e.voulu, e.voulu)} ». Aucune source "
        "ouverte ne le donne par établissement et formation : on étudie à la place le résultat "
        f"observable le plus proche, « {name} » (voie scolaire). Un élève en dernière année n'est "
        "pas un diplômé : il reste l'examen."
    )


def reponse(e: Etude) -> str:
    """Return the answer: verdict, then the effect, or why there is none."""
    origin = _origin(e)
    if e.evaluation is None:
        return f"{e.raison}\n\n{origin}"
    lines = [f"Verdict sur le plan d'évaluation : {e.evaluation.verdict.phrase}"]
    if e.muette:
        return "\n\n".join([*lines, e.muette, origin])
    if e.evaluation.verdict.niveau == INCONCLUSIVE:
        lines.append("Les chiffres qui suivent servent à vérifier, non à conclure.")
    estimates, total = e.evaluation.estimates, e.evaluation.total()
    gross, net = estimates[seats.GROSS], estimates[seats.NET]
    name = NAMES.get(e.outcome, e.outcome)
    lines.append(
        f"Pour 100 places ouvertes, {_per_100(gross)} dans ces formations, et "
        f"{_per_100(net)} une fois retiré ce que les formations voisines ont perdu ou gagné "
        f"({name} ; intervalles à 95 %)."
    )
    lines.append(
        f"Au total, effet net de {text.signe(total.estimate)} "
        f"({text.intervalle(total.ci_low, total.ci_high, 0)}) pour "
        f"{text.nombre(e.evaluation.seat_years)} places × sessions déjà observées."
    )
    return "\n\n".join([*lines, origin])


def _per_100(found) -> str:
    low, high = (100 * v for v in (found.ci_low, found.ci_high))
    return f"{text.signe(100 * found.estimate)} ({text.intervalle(low, high, 0)})"


def _origin(e: Etude) -> str:
    """Return where the seats come from."""
    if not e.cells.seats_derived:
        out = e.cells.out_of_field
        left = f" {text.nombre(out)} places d'apprentissage ou sans fichier n'y sont pas." * (
            out > 0
        )
        return f"Les places viennent du registre des ouvertures.{left}"
    cells = e.panel[e.panel["seats"] > 0]
    gained = cells.sort_values("rentree").drop_duplicates("cell", keep="last")["seats"].sum()
    return (
        "Sans registre des ouvertures, les places sont les hausses que montrent les capacités dans "
        "la région et les filières du programme : "
        f"{text.pluriel(cells['cell'].nunique(), 'formation')}, {text.nombre(gained)} "
        "places, quel qu'en soit le financement."
    )


def effets(e: Etude) -> Table | Absent:
    """Return gross effect, displacement, net effect, BJS2-T, and the total."""
    if e.muette:
        return Absent(e.muette)
    found = e.evaluation
    rows = [(PER_SEAT.get(i.label, i.label), i.estimator, i.estimate, i.ci_low, i.ci_high)
            for i in found.estimates]  # fmt: skip
    columns = ["effet", "estimateur", "valeur", "bas", "haut"]
    return table(
        pd.DataFrame(rows, columns=columns),
        f"Effet par place ouverte ({NAMES.get(e.outcome, e.outcome)})",
        formats={"valeur": ("signe", 2), "bas": ("signe", 2), "haut": ("signe", 2)},
        labels={"effet": "Effet", "estimateur": "Estimateur", "valeur": "Par place",
                "bas": "Borne basse", "haut": "Borne haute"},
        source=e.source,
        note=f"Intervalles à 95 % : {found.estimates[0].rule}. {found.estimates.note}",
    )  # fmt: skip


def brut_net(e: Etude) -> Figure | Absent:
    """Return the figure of gross effect, displacement and net effect."""
    if e.muette:
        return Absent(e.muette)
    rows = e.evaluation.estimates.to_frame().iloc[:3]
    rows = rows.assign(label=rows["label"].map(PER_SEAT))
    said = " ; ".join(
        f"{r.label} {text.signe(r.estimate, 2)} ({text.intervalle(r.ci_low, r.ci_high, 2)})"
        for r in rows.itertuples()
    )
    return Figure(
        plots.estimates(rows),
        f"Ce qu'une place ouverte ajoute, déplace, et laisse en net "
        f"({NAMES.get(e.outcome, e.outcome)})",
        e.source, f"Trois points avec leur intervalle : {said}.",
        rows[["label", "estimate", "ci_low", "ci_high"]],
        formats=dict.fromkeys(FIGURES, ("signe", 3)),
        labels={"label": "Effet", "estimate": "Par place", "ci_low": "Borne basse",
                "ci_high": "Borne haute"},
    )  # fmt: skip


def evenement(e: Etude) -> Figure | Absent:
    """Return the event-study figure."""
    if e.muette:
        return Absent(e.muette)
    if e.evaluation.event is None:
        return Absent("Pas assez d'années pour suivre l'effet d'année en année.")
    rows = e.evaluation.event.table
    before, after = rows[rows["rel_time"] < 0], rows[rows["rel_time"] >= 0]
    flat = before["estimate"].abs().max() if len(before) else np.nan
    return Figure(
        plots.event_study(rows),
        f"Effet par place, année après année ({NAMES.get(e.outcome, e.outcome)})", e.source,
        f"Avant : au plus {text.nombre(flat, 2)} par place en valeur absolue. Après : "
        + " ; ".join(f"année {int(r.rel_time)}, {text.signe(r.estimate, 2)}"
                     for r in after.itertuples()) + ".",
        rows[["rel_time", "estimate", "ci_low", "ci_high"]].astype({"rel_time": "float"}),
        formats={"rel_time": ("signe", 0)} | dict.fromkeys(FIGURES, ("signe", 3)),
        labels={"rel_time": "Année", "estimate": "Par place", "ci_low": "Borne basse",
                "ci_high": "Borne haute"},
    )  # fmt: skip


def robustesse(e: Etude) -> Table | Absent:
    """Return every estimator beside the primary one."""
    if e.muette:
        return Absent(e.muette)
    per_seat = e.evaluation.curve.assign(unite="par place")
    study = Study(e.cells, e.outcome)
    rows = pd.concat([per_seat, per_opening(study).assign(unite="par ouverture")])
    kept = ["label", "unite", "estimate", "ci_low", "ci_high", "raison"]
    rows = rows[kept].assign(raison=rows["raison"].fillna("").replace("", "–"))
    return table(
        rows.reset_index(drop=True),
        f"Ce que disent les autres estimateurs ({NAMES.get(e.outcome, e.outcome)})",
        formats=dict.fromkeys(FIGURES, ("signe", 2)),
        labels={"label": "Estimateur", "unite": "Unité", "estimate": "Effet",
                "ci_low": "Borne basse", "ci_high": "Borne haute", "raison": "Remarque"},
        source=e.source,
        note="« Par ouverture » : effet moyen d'une ouverture, quelle que soit sa taille, sans "
        "tenir compte des voisines. Une double différence à effets fixes n'est pas une réponse : "
        "elle est là pour qu'on voie ce qu'elle aurait dit.",
    )  # fmt: skip


def controles(e: Etude) -> Table | Absent:
    """Return every check, its finding and its threshold; alerts first."""
    if e.evaluation is None:
        return Absent(NOTHING)
    rows = e.evaluation.checks_frame()
    order = {"échec": 0, "prudence": 1, "bon": 2, "non évaluable": 3}
    rows = rows.sort_values("statut", key=lambda s: s.map(order), kind="stable")
    return table(
        rows[["titre", "statut", "phrase", "seuil"]].reset_index(drop=True),
        "Les contrôles du plan d'évaluation",
        labels={"titre": "Contrôle", "statut": "Avis", "phrase": "Constat", "seuil": "Règle"},
        source=e.source,
        note="L'effet de référence est l'effet estimé, ou 0,5 par place s'il est plus petit (ce "
        "que donne une place occupée). Le verdict est l'avis le plus sévère.",
    )


def equilibre(e: Etude) -> Table | Absent:
    """Return how opened cells differed from others before the programme."""
    if e.evaluation is None:
        return Absent(NOTHING)
    rows = e.evaluation.balance
    return table(
        rows[["libelle", "ouvertes", "autres", "difference"]],
        "Les formations ouvertes ressemblaient-elles aux autres ?",
        formats={"ouvertes": ("nombre", 2), "autres": ("nombre", 2), "difference": ("signe", 2)},
        labels={"libelle": "Avant toute ouverture", "ouvertes": "Formations ouvertes",
                "autres": "Autres", "difference": "Différence normalisée"},
        source=e.source,
        note="Différence divisée par l'écart-type : négligeable sous 0,05, forte au-delà de 0,25. "
        "Les écarts de niveau sont retirés par comparaison de chaque formation avec elle-même.",
    )  # fmt: skip


def specification(e: Etude) -> Figure | Absent:
    """Return the figure of the effect under every declared choice."""
    if e.muette:
        return Absent(e.muette)
    rows = e.evaluation.curve.dropna(subset=["estimate"])
    low, high = rows["estimate"].min(), rows["estimate"].max()
    return Figure(
        plots.specification_curve(rows),
        f"L'effet par place selon les choix de méthode ({NAMES.get(e.outcome, e.outcome)})",
        e.source,
        f"{text.pluriel(len(rows), 'choix', 'choix')}, du plus petit effet, en haut, au plus "
        f"grand ; de {text.signe(low, 2)} à {text.signe(high, 2)} par place. Le carré orange est "
        "le choix principal ; un cercle vide est une partie du programme.",
        rows[["label", "estimate", "ci_low", "ci_high"]].reset_index(drop=True),
        formats=dict.fromkeys(FIGURES, ("signe", 3)),
        labels={"label": "Choix", "estimate": "Par place", "ci_low": "Borne basse",
                "ci_high": "Borne haute"},
    )  # fmt: skip


def renverser(e: Etude) -> str:
    """Return what would overturn the conclusion."""
    if e.muette:
        return e.muette
    found, gross = e.evaluation, e.evaluation.estimates[seats.GROSS]
    if gross.ci_low <= 0 <= gross.ci_high:
        return "L'effet ne se distingue pas de zéro : il n'y a pas de conclusion à renverser."
    checks = {c.name: c for c in found.checks}
    years = lever(Study(e.cells, e.outcome))
    slope = gross.estimate / years if years > 0 else np.nan
    lines = [
        f"Une tendance propre aux sites ouverts de {text.signe(slope, 3)} par place et par an, "
        "commencée avant l'ouverture et poursuivie après, expliquerait tout l'effet.",
        f"Écart de tendance : {checks['rupture'].phrase}",
        f"Retrait d'un groupe : {checks['un_de_moins'].phrase}",
        f"Déplacement : {checks['deplacement'].phrase}",
    ]
    weak = [c for c in found.checks if c.statut in (CAUTION, FAIL)]
    if weak:
        lines.append(f"Points faibles : {text.liste(f'« {c.titre} »' for c in weak)}.")
    return "\n\n".join(lines)


def calendrier(e: Etude) -> Table | Absent:
    """Return when the graduates of each wave of openings can be counted."""
    opened = e.panel[
        (e.panel["seats"] != 0) & e.panel["filiere"].isin(e.p.donnees.programme.codes_filieres)
    ]
    if opened.empty:
        return Absent("Aucune place ouverte dans les fichiers.")
    rows = e.panel[e.panel["cell"].isin(opened["cell"])].sort_values(["cell", "rentree"])
    gain = rows["seats"] - rows.groupby("cell")["seats"].shift(fill_value=0.0)
    waves = rows.assign(places=gain)[gain > 0]
    waves = waves.groupby(["rentree", "duree", "voie"], as_index=False)
    waves = waves.agg(formations=("cell", "nunique"), places=("places", "sum"))
    lag = lag_of("terminale", waves["duree"].to_numpy())
    last = e.panel.loc[e.panel[e.outcome].notna(), "rentree"].max()
    waves["derniere_annee"] = (waves["rentree"] + lag).map(text.annee_scolaire)
    waves["diplomes"] = "juin " + (waves["rentree"] + waves["duree"]).astype(str)
    waves["emploi"] = "fin " + (waves["rentree"] + waves["duree"] + 1).astype(str)
    waves["vu"] = np.select(
        [waves["voie"] == "apprentissage", waves["rentree"] + lag <= last],
        ["non : apprentissage", "oui"], "pas encore",
    )  # fmt: skip
    waves["voie"] = waves["voie"].map(text.VOIES)
    return table(
        waves.astype({"rentree": str, "duree": str}),
        "Quand pourra-t-on compter les diplômés de chaque vague ?",
        labels={"rentree": "Rentrée d'ouverture", "duree": "Années d'études",
                "voie": "Voie", "formations": "Formations", "places": "Places",
                "derniere_annee": "Dernière année",
                "diplomes": "Diplômés", "emploi": "Emploi à 6 mois publié",
                "vu": "Dernière année dans les fichiers"},
        source=e.source,
        note="Une place ouverte à la rentrée w dans une formation de d ans donne des diplômés en "
        "juin w + d ; leur emploi à 6 mois est mesuré en janvier suivant et publié vers décembre.",
    )  # fmt: skip


def plan(e: Etude) -> str:
    """Return whether the run follows the plan written beforehand, and how it does not."""
    if e.evaluation is None:
        return NOTHING
    check = next(c for c in e.evaluation.checks if c.name == "preinscription")
    return f"{check.titre} : {check.phrase}"


def limites(e: Etude) -> str:
    """Return what these figures do not say."""
    lines = [resultat(e)]
    if e.cells.seats_derived:
        lines.append(
            "Sans registre des ouvertures, on ne sépare pas les places du programme de celles "
            "que l'académie aurait ouvertes de toute façon."
        )
    else:
        lines.append(
            "Une partie des places aurait pu ouvrir sans le programme : les données ne le disent "
            "pas, seuls les dossiers de financement le peuvent."
        )
    lines += [
        "L'apprentissage du secondaire n'a ni capacité ni effectif par établissement dans les "
        "fichiers ouverts : il n'est pas dans ces chiffres.",
        "Le déplacement n'est mesuré que dans l'établissement et dans le département ; un élève "
        "venu de plus loin, ou de l'apprentissage, n'est pas vu.",
    ]
    if e.evaluation is not None:
        lines.append(e.evaluation.method())
    return "\n\n".join(lines)
