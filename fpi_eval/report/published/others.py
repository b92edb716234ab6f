"""Published tables from files that count otherwise: exams, lycées, CFA, InserSup, Parcoursup."""

import pandas as pd

from fpi_eval.disclosure.shown import Shown, show_alone
from fpi_eval.indicators import catalogue as c
from fpi_eval.indicators.compute import compute
from fpi_eval.panel import autres_sources, examens
from fpi_eval.panel.year import Year
from fpi_eval.report.published import protection
from fpi_eval.report.published.make import FILIERE, MILLESIME, NIVEAU, VOIE, column, make
from fpi_eval.sheets import Column, Sheet
from fpi_eval.sources.facts import beside

DEPP, SIES = "DEPP, portail de l'éducation", "MESR-SIES, portail de l'enseignement supérieur"
SESSION = Column("session", "Session", "annee", "2023 : examens de juin 2023.")


def ensemble(p: Year) -> Sheet | None:
    """Return all final-year students of the region, beside which the filières stand."""
    return make(
        p,
        "eleves_ensemble",
        "Élèves de dernière année, toutes formations de la région",
        autres_sources.ensemble(p),
        (
            MILLESIME,
            VOIE,
            Column(
                "eleves",
                "Élèves de dernière année",
                "effectif",
                "Toutes formations, y compris hors des filières du programme ; lignes dont le "
                "producteur publie l'effectif.",
            ),
        ),
        source="InserJeunes, DEPP-Dares",
        note="Deux millésimes qui se suivent partagent une promotion : on ne les additionne pas.",
    )


def diplomes(p: Year) -> Sheet | None:
    """Return candidates and graduates of the programme's filières by session, from exam files."""
    rows = examens.reussite(p)
    if rows.empty:
        return None
    keys = ["session", "diplome", "filiere", "niveau", "voie"]
    rate = compute(rows, c.TAUX_REUSSITE, keys)[[*keys, "value"]]
    rows = rows.merge(rate.rename(columns={"value": "taux_reussite"}), on=keys)
    counted = {"presents": "leavers", "diplomes": "employed", "taux_reussite": "estimate"}
    limits = protection.thresholds_of(p)
    shown = show_alone(rows.rename(columns=counted), limits, year="session")
    return make(
        p,
        "diplomes",
        "Présents à l'examen et diplômés, filières du programme",
        _named(shown, {new: old for old, new in counted.items()}),
        (
            SESSION,
            Column("diplome", "Diplôme"),
            FILIERE,
            NIVEAU,
            VOIE,
            Column("presents", "Présents", "effectif"),
            column(c.DIPLOMES),
            column(c.TAUX_REUSSITE),
        ),
        source=DEPP,
        note="CAP comptés par département, bac pro par académie : la maille la plus fine qui soit "
        "ouverte. Un effet sur les diplômés se lit à cette maille, pas par établissement.",
    )


def lycees(p: Year) -> Sheet | None:
    """Return success in the region's lycées professionnels, an interval since rates are rounded."""
    return make(
        p,
        "reussite_lycees",
        "Réussite au bac professionnel dans les lycées de la région",
        autres_sources.lycees(p),
        (
            SESSION,
            Column("lycees", "Lycées", "effectif"),
            Column("presents", "Présents à l'examen", "effectif"),
            Column("taux_bas", "Réussite, borne basse", "taux", ARRONDI),
            Column("taux_haut", "Réussite, borne haute", "taux", ARRONDI),
            column(c.VALEUR_AJOUTEE, "Valeur ajoutée, lycée médian"),
        ),
        source=f"Indicateurs de résultats des lycées, {DEPP}",
    )


ARRONDI = "Taux publiés au point près : le nombre de diplômés d'un lycée est dans un intervalle."


def cfa(p: Year) -> Sheet | None:
    """Return how the region's CFA do, by millésime."""
    rows = autres_sources.cfa(p)
    return make(
        p,
        "emploi_cfa",
        "Emploi à 6 mois par CFA de la région",
        rows,
        (
            MILLESIME,
            Column("cfa", "CFA", "effectif"),
            Column("avec_taux", "CFA dont le taux est publié", "effectif"),
            Column(
                "emploi_median",
                "Taux d'emploi à 6 mois, CFA médian",
                "taux",
                "Médiane des taux publiés, un CFA compte pour un.",
            ),
        ),
        source="InserJeunes par CFA, DEPP-Dares",
        note=" ".join(
            [
                "De nouveaux CFA entrent chaque année depuis la loi de 2018.",
                *beside("inserjeunes_cfa", rows["millesime"]),
            ]
        ),
    )


def formations(p: Year) -> Sheet | None:
    """Return how courses of the region's CFA and lycées agricoles do, filière by filière."""
    rows = autres_sources.formations(p)
    return make(
        p,
        "emploi_formations",
        "Emploi à 6 mois par formation : CFA et lycées agricoles de la région",
        rows,
        (
            Column("public", "Public"),
            MILLESIME,
            FILIERE,
            Column("type_diplome", "Diplôme"),
            Column("formations", "Formations", definition="Établissement × formation."),
            Column("avec_taux", "Formations dont le taux est publié"),
            Column(
                "emploi_median",
                "Taux d'emploi à 6 mois, formation médiane",
                "taux",
                "Médiane des taux publiés, une formation compte pour une.",
            ),
        ),
        source="InserJeunes par établissement et formation, DEPP-Dares",
        note=" ".join(
            [
                "Ces fichiers ne donnent aucun effectif : ni somme, ni effet.",
                *beside("inserjeunes_cfa_formation", rows["millesime"].unique()),
            ]
        ),
    )


def insersup(p: Year) -> Sheet | None:
    """Return employment of the region's higher-education graduates at 12 months."""
    rows = autres_sources.insersup(p)
    if rows.empty:
        return None
    rows = rows.assign(estimate=rows["employed"] / rows["leavers"].where(rows["leavers"] > 0))
    shown = show_alone(rows, protection.thresholds_of(p), year="millesime")
    return make(
        p,
        "insersup",
        "Diplômés du supérieur de la région en emploi à 12 mois",
        _named(
            shown,
            {"leavers": "diplomes_sortants", "employed": "en_emploi", "estimate": "taux_emploi"},
        ),
        (
            Column("millesime", "Promotion"),
            Column("type_diplome", "Diplôme"),
            Column("diplomes_sortants", "Diplômés sortants", "effectif"),
            Column("en_emploi", "En emploi salarié en France", "effectif"),
            Column("taux_emploi", "Taux d'emploi à 12 mois", "taux"),
        ),
        source=f"InserSup, {SIES}",
    )


def apprentissage(p: Year) -> Sheet | None:
    """Return places in apprenticeship that the region offers on Parcoursup."""
    return make(
        p,
        "apprentissage_parcoursup",
        "Formations en apprentissage de la région sur Parcoursup",
        autres_sources.apprentissage(p),
        (
            Column("rentree", "Session"),
            Column("formations", "Formations"),
            Column("avec_places", "Formations dont les places sont connues"),
            Column(
                "places",
                "Places déclarées",
                "effectif",
                "Intention du centre : être admis dépend d'un contrat avec un employeur.",
            ),
        ),
        source=f"Parcoursup, {SIES}",
    )


def _named(shown: Shown, names: dict[str, str]) -> Shown:
    """Return the rows under the names that readers of the workbook see, hidden cells kept."""
    hidden: pd.DataFrame = shown.hidden.rename(columns=names)
    return shown.derived(shown.frame.rename(columns=names), hidden)


SHEETS = (ensemble, diplomes, lycees, cfa, formations, insersup, apprentissage)
