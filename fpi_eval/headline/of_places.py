"""Seats and people: what the register plans and opens, and who entered, against the targets."""

from dataclasses import replace
from datetime import date
from typing import Protocol

import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.headline.quantity import (
    DECLARED_FIGURE,
    Headline,
    Measure,
    Quantity,
    Scope,
    Unknown,
    declared,
)
from fpi_eval.indicators import deploiement
from fpi_eval.language import _, spoken
from fpi_eval.misspelt import known_options
from fpi_eval.panel.year import Year
from fpi_eval.programme import Cible

REGISTER = "Registre des ouvertures"
VOIES = {"scolaire": "voie scolaire", "apprentissage": "apprentissage"}
EVERY_LEVEL = "secondaire et supérieur"
HIDDEN = "masqué (secret statistique), ou inconnu des fichiers."
UNSAID = "le registre ne dit pas encore combien de places ont ouvert."


class Entered(Protocol):
    """People entered by target: columns cible and realise, and where they come from."""

    @property
    def frame(self) -> pd.DataFrame:
        """A row a target."""
        ...

    @property
    def source(self) -> str:
        """What it is counted from."""
        ...


@known_options
def places(year: Year, entered: Entered | None = None) -> Headline:
    """Return seats planned and opened, the share opened, and people entered against each target.

    ``entered`` is the protected table of people entered by target (`report.published.people`).
    """
    day, register = year.context.day, deploiement.du_programme(year)
    found = [make(day, year, register) for make in (places_prevues, places_ouvertes, realisation)]
    for target in year.programme.cibles:
        if target.lecture == "entrants":
            found += _against(day, year, target, register, entered)
    notes = {"debut": str(year.programme.rentree_debut), "rentree": str(year.rentree)}
    if len(register):
        late = deploiement.manquees(deploiement.avancement(year), year.rentree)["echeance"]
        notes["cibles_manquees"] = " ".join(map(str, late))
    if waiting := _opened(register["places_prevues"][register["places_ouvertes"].isna()]):
        notes["sans_reponse"] = str(waiting)
    return Headline(tuple(found), notes)


def _against(
    day: date, year: Year, target: Cible, register: pd.DataFrame, entered: Entered | None
) -> list[Quantity]:
    """Return people entered, the target, and the share reached; one of each a target."""
    people = entrees(day, year, target, register, entered)
    made = [people, cible(day, year, target), avancement(day, target, people)]
    return [replace(one, key=f"{one.key}_{target.code}") for one in made]


def _scope(year: Year, register: pd.DataFrame) -> Scope:
    """Return the field of the programme's register: whose seats, levels, voies, rentrées."""
    return Scope(
        year.programme.nom,
        all_of(register["niveau"], text.NIVEAUX),
        all_of(register["voie"], VOIES),
        annees=rentrees(register["rentree"].min(), year.rentree),
    )


def all_of(column: pd.Series, names: dict[str, str]) -> str:
    """Return in words the levels or voies that a column holds."""
    seen = set(column.dropna())
    return text.liste(_(words.lower()) for code, words in names.items() if code in seen)


def rentrees(first: int, last: int) -> str:
    """Return rentrées in words: ``rentrée 2024``, ``rentrées 2024 à 2026``."""
    if first >= last:
        return _("rentrée {last}").format(last=last)
    return _("rentrées {first} à {last}").format(first=int(first), last=last)


@declared("places_prevues", "Places prévues", "places")
def places_prevues(year: Year, register: pd.DataFrame) -> Measure | Absent:
    """Return the seats that the programme's register plans up to the rentrée."""
    if register.empty:
        return Unknown(_before(year))
    return Measure(_opened(register["places_prevues"]), _scope(year, register), REGISTER)


@declared("places_ouvertes", "Places ouvertes", "places")
def places_ouvertes(year: Year, register: pd.DataFrame) -> Measure | Absent:
    """Return the seats that the programme's register says opened up to the rentrée."""
    if why := _uncounted(year, register):
        return Unknown(why)
    return Measure(_opened(register["places_ouvertes"]), _scope(year, register), REGISTER)


def _opened(seats: pd.Series) -> float:
    """Return seats opened, closures apart."""
    return float(seats.astype(float).clip(lower=0).sum())


def _uncounted(year: Year, register: pd.DataFrame) -> str:
    """Return why no opened seat is counted: no row, or none that says what opened; else ""."""
    return _before(year) if register.empty else UNSAID * deploiement.unsaid(register)


def _before(year: Year) -> str:
    """Return why there are no seats: the programme has not begun, or there is no register."""
    why = str(year.context.no_openings)
    return f"{why[0].lower()}{why[1:]}"


KNOWN_ONLY = "Taux de réalisation, là où les places ouvertes sont connues"


@declared("taux_realisation", "Taux de réalisation", "%")
def realisation(year: Year, register: pd.DataFrame) -> Measure | Absent:
    """Return seats opened over seats planned, where the register declares both."""
    if register.empty:
        return Unknown(_before(year))
    told = register.dropna(subset=["places_ouvertes"])
    planned = _opened(told["places_prevues"])
    if not planned:
        return Absent("aucune place prévue au registre dont les places ouvertes soient connues.")
    share = _opened(told["places_ouvertes"]) / planned
    label = KNOWN_ONLY if len(told) < len(register) else ""
    return Measure(share, _scope(year, told), REGISTER, label=label)


@declared("entrees", "Personnes entrées dans une place ouverte", "personnes")
def entrees(
    year: Year, target: Cible, register: pd.DataFrame, entered: Entered | None
) -> Measure | Absent:
    """Return people who entered the programme's seats up to a target's date, as published."""
    if why := _uncounted(year, register):
        return Unknown(why)
    if deploiement.none_opened(register):
        return Unknown("aucune place du programme n'est encore ouverte.")
    if entered is None:
        return Absent("le dossier ne contient pas de constat de rentrée pour ces places.")
    row = entered.frame.set_index("cible").loc[target.code]
    if pd.isna(row["realise"]):
        return Absent(HIDDEN)
    return Measure(float(row["realise"]), _people(year, target), entered.source)


def level_of(target: Cible) -> str:
    """Return the level that a target is for, in words; nothing for both."""
    return _(text.NIVEAUX[target.niveau].lower()) if target.niveau in text.NIVEAUX else ""


def _people(year: Year, target: Cible) -> Scope:
    """Return the field of people entered: apprentices are in no open count."""
    last = min(year.rentree, target.echeance)
    return Scope(
        year.programme.nom,
        level_of(target) or _(EVERY_LEVEL),
        _("voie scolaire sans les apprentis"),
        annees=rentrees(year.programme.rentree_debut, last),
    )


@declared("cible", "Cible publiée", "personnes", DECLARED_FIGURE)
def cible(year: Year, target: Cible) -> Measure | Absent:
    """Return how many people a published target aims at."""
    due = _("échéance {year}").format(year=target.echeance)
    scope = Scope(year.programme.nom, level_of(target), annees=due)
    return Measure(float(target.personnes), scope, target.source)


@declared("avancement", "Part de la cible déjà entrée", "%")
def avancement(target: Cible, people: Quantity) -> Measure | Absent:
    """Return people entered over the target, whose date tells it from another of its level."""
    if not people:
        return Unknown(people.reason, people.known_on)
    scope, due = people.said(spoken()).scope, _("échéance {year}").format(year=target.echeance)
    scope = replace(scope, annees=f"{scope.annees}, {due}")
    return Measure(people.amount / target.personnes, scope, people.source)
