"""A check: what it found, its uncertainty, its light; the one table of thresholds."""

from dataclasses import dataclass, replace

import numpy as np

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import Named, known_options
from fpi_eval.programme import Seuils

PASS, CAUTION, FAIL, UNKNOWN = "pass", "caution", "fail", "non_evaluable"
#: What a check can show: that what the method supposes is false, or how much the data can tell.
VIOLATION, INFORMATION = "violation", "information"
#: Lights in French, the worst first: a lack of information is no alarm, and is not named as one.
MARKS = {
    VIOLATION: {FAIL: "échec", CAUTION: "prudence", PASS: "bon", UNKNOWN: "non évaluable"},
    INFORMATION: {
        FAIL: "insuffisant", CAUTION: "limité", PASS: "suffisant", UNKNOWN: "non évaluable",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the design.

    Attributes
    ----------
    name, titre : str
    statut : {"pass", "caution", "fail", "non_evaluable"}
    valeur, incertitude : float
        What was found and its standard error (or p-value for a test); NaN if it has none.
    seuil, phrase : str
        The rule and the finding, in plain French.
    dur : bool
        A failure forbids to give the number.
    biais : float
        Bias that it would imply, as a share of the reference effect; NaN if it says nothing of it.
    """

    name: str
    titre: str
    statut: str
    valeur: float
    incertitude: float
    seuil: str
    phrase: str
    dur: bool = False
    biais: float = float("nan")

    @property
    def genre(self) -> str:
        """Whether the check looks for a violation, or says how much information there is."""
        return VIOLATION if self.name in VIOLATIONS else INFORMATION

    @property
    def avis(self) -> str:
        """The light in French."""
        return MARKS[self.genre][self.statut]


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a check passes or fails.

    A measure passes up to ``good`` and fails beyond ``limit`` (the other way round if ``high``);
    without a limit it can only ask for caution. A test asks for caution under the p-value ``p``,
    if the size found is above ``good``, and fails under ``p_fail`` if it is above ``limit``.
    """

    titre: str
    good: float
    limit: float | None = None
    words: str = ""
    high: bool = False
    p: float | None = None
    p_fail: float = 0.0
    hard: bool = False

    @property
    def failing(self) -> float:
        """The limit of a threshold that has one."""
        if self.limit is None:
            raise FpiError(f"le contrôle « {self.titre} » n'a pas de seuil d'échec.")
        return self.limit

    def light(self, value: float, p_value: float = np.nan) -> str:
        """Return the light of a value, and of its p-value for a test."""
        if np.isnan(value) or (self.p is not None and np.isnan(p_value)):
            return UNKNOWN
        size, good, limit = (-value if self.high else value), self.good, self.limit
        if self.high:
            good, limit = -good, None if limit is None else -limit
        if size <= good or (self.p is not None and p_value > self.p):
            return PASS
        if limit is None or size <= limit or (self.p is not None and p_value > self.p_fail):
            return CAUTION
        return FAIL


# Sizes are shares of a reference effect: the estimate, or this many students per seat if it is
# smaller. It is what a filled seat gives at published retention and success; a share of an
# estimate near zero would say nothing.
SMALLEST_REFERENCE = 0.5
# Same-course untreated cells that make a course × session effect sure; under the second number it
# rests on too few schools for its error to be believed.
CONTROLS_WANTED, CONTROLS_NEEDED = 10, 3
# Student's t at this level bounds a normalised difference from below before it is judged.
BALANCE_LEVEL = 0.99
DOSE_BINS, CELLS_PER_BIN = (8.0, 15.0), 15

#: Checks of what the method supposes; all others say how much the data can tell.
VIOLATIONS = (
    "tendance", "placebo_delai", "anticipation", "ecart_j_t", "equilibre", "manquants_lies",
    "portee", "regions_placebo", "composition", "contamination", "exposes", "definitions",
    "preinscription",
)  # fmt: skip

THRESHOLDS: Named[Threshold] = Named({
    "etablissements": Threshold(
        "Établissements qui ouvrent des places", 40, 15, high=True,
        words="40 établissements ou plus ; insuffisant sous 15",
    ),
    "departements": Threshold(
        "Départements où des places ouvrent", 8, 5, high=True,
        words="8 départements ou plus ; insuffisant sous 5",
    ),
    "groupes_effectifs": Threshold(
        "Nombre effectif de groupes", 20, None, high=True,
        words="20 ou plus (Carter, Schnepel et Steigerwald, 2017)",
    ),
    "support": Threshold(
        "Formations comparables ailleurs", 0.95, 0.80, high=True, hard=True,
        words="95 % des places ont 10 cellules de comparaison ; insuffisant si moins de 80 % en "
        "ont 3",
    ),
    "tendance": Threshold(
        "Tendance avant l'ouverture", 0.05, 0.10, p=0.05, p_fail=0.01,
        words="prudence si p < 0,05 et dérive de plus de 5 % ; échec si p < 0,01 et plus de 10 %",
    ),
    "tendance_invisible": Threshold(
        "Tendance que le test n'aurait pas vue", 0.15, 0.40,
        words="dérive détectable (8 fois sur 10) sous 15 % de l'effet ; insuffisant au-dessus de "
        "40 %",
    ),
    "placebo_delai": Threshold(
        "Sessions où rien ne peut encore bouger", 0.0, 0.0, p=0.02, p_fail=0.001, hard=True,
        words="prudence si p < 0,02 ; échec si p < 0,001",
    ),
    "anticipation": Threshold(
        "Anticipation l'année d'avant", 0.05, 0.10, p=0.02, p_fail=0.001,
        words="prudence si p < 0,02 et plus de 0,05 entrant par place ; échec si p < 0,001 et "
        "plus de 0,10",
    ),
    "rupture": Threshold(
        "Écart de tendance qui annulerait l'effet", 1.0, 0.5, high=True,
        words="M au moins 1 fois la pire variation d'avant ; insuffisant sous 0,5",
    ),
    "dose": Threshold(
        "Taille des ouvertures", 0.6, None,
        words="corrélation avec la taille d'avant sous 0,6",
    ),
    "appariement": Threshold(
        "Places du registre retrouvées dans les fichiers", 0.95, 0.85, high=True, hard=True,
        words="95 % des places ; insuffisant sous 85 %",
    ),
    "manquants": Threshold(
        "Résultats manquants ou masqués", 0.10, 0.40, hard=True,
        words="moins de 10 % des élèves ; insuffisant au-dessus de 40 %",
    ),
    "manquants_lies": Threshold(
        "Manquants liés à l'ouverture", 0.05, 0.20, p=0.01, p_fail=0.001,
        words="écart de moins de 5 points avec les cellules de comparaison",
    ),
    "equilibre": Threshold(
        "Équilibre avant le programme", 0.05, None,
        words="différence normalisée sous 0,05, ajustable jusqu'à 0,25 ; jugée sur sa borne basse",
    ),
    "composition": Threshold(
        "Profil des entrants", 0.10, 0.25,
        words="différence normalisée avant et après sous 0,10 ; échec au-dessus de 0,25",
    ),
    "deplacement": Threshold(
        "Déplacement des élèves voisins", 0.30, None,
        words="sous 30 % de l'effet de référence, ou mesuré à 30 % près",
    ),
    "portee": Threshold(
        "Déplacement au-delà des voisines", 0.10, None, p=0.05,
        words="sous 10 % de l'effet de référence, ou non distingué de zéro à 5 %",
    ),
    "exposes": Threshold(
        "Voisins exposés parmi les témoins", 0.0, 0.05, hard=True,
        words="aucun témoin exposé hors du modèle ; échec au-dessus de 5 %",
    ),
    "un_de_moins": Threshold(
        "Sans un établissement, une formation ou un département", 0.10, 0.25,
        words="l'effet bouge de moins de 10 % ; insuffisant au-dessus de 25 % ou si le signe "
        "change",
    ),
    "regions_placebo": Threshold(
        "Ce qu'on trouve là où le programme n'est pas", 3.0, 2.0, high=True,
        words="effet d'au moins 3 fois l'erreur des régions placebo ; échec sous 2",
    ),
    "ecart_j_t": Threshold(
        "Accord des deux estimateurs", 0.05, 0.10, p=0.05, p_fail=0.01,
        words="prudence si p < 0,05 et écart de plus de 5 % ; échec si p < 0,01 et plus de 10 %",
    ),
    "specifications": Threshold(
        "Autres choix défendables", 0.25, 0.50,
        words="les autres choix donnent un effet à 25 % près ; insuffisant au-delà de 50 %",
    ),
    "uai": Threshold(
        "Établissements scindés ou fusionnés", 0.0, 0.02, hard=True,
        words="aucun parmi les cellules ouvertes ; insuffisant au-dessus de 2 %",
    ),
    "contamination": Threshold(
        "Ouvertures sur d'autres budgets", 0.05, None,
        words="moins de 5 % de celles du programme, en places par cellule",
    ),
    "maturite": Threshold(
        "Places dont le résultat est observable", 0.80, None, high=True,
        words="plus de 80 % ; en dessous, ce sont les premières promotions",
    ),
    "definitions": Threshold(
        "Changement de définition", 0.0, words="absorbé par les effets de formation × session"
    ),
    "millesimes": Threshold(
        "Promotions comptées deux fois", 0.0, None, words="une promotion par session"
    ),
    "preinscription": Threshold(
        "Plan d'analyse écrit d'avance", 0.0, words="plan daté, suivi sans écart"
    ),
})  # fmt: skip


@known_options
def thresholds(seuils: Seuils | None = None) -> dict[str, Threshold]:
    """Return the table of thresholds, with those that `programme.toml` sets."""
    table = dict(THRESHOLDS)
    if seuils is None:
        return table
    good, limit = seuils.etablissements_traites_solide, seuils.etablissements_traites_prudence
    if limit > good:
        raise FpiError(
            f"le seuil de prudence ({limit} établissements) dépasse celui d'un plan solide "
            f"({good}). Inversez-les.",
            fichier="programme.toml",
            colonne="seuils",
        )
    match, masked = seuils.appariement_minimum, seuils.part_masquee_maximum
    table["etablissements"] = replace(
        table["etablissements"],
        good=good,
        limit=limit,
        words=f"{good} établissements ou plus ; insuffisant sous {limit}",
    )
    worst = min(table["appariement"].failing, match)
    table["appariement"] = replace(
        table["appariement"],
        good=match,
        limit=worst,
        words=f"{text.pourcent(match, 0)} des places ; insuffisant sous {text.pourcent(worst, 0)}",
    )
    best = min(table["manquants"].good, masked)
    table["manquants"] = replace(
        table["manquants"],
        good=best,
        limit=masked,
        words=f"moins de {text.pourcent(best, 0)} des élèves ; insuffisant au-dessus de "
        f"{text.pourcent(masked, 0)}",
    )
    return table
