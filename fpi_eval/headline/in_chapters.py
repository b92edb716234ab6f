"""What a chapter says from headline quantities alone: its finding, its numbers, one drawing."""

from collections.abc import Callable, Sequence
from textwrap import fill

import pandas as pd

from fpi_eval import plots
from fpi_eval.figures import Figure
from fpi_eval.headline.first_page import entered, largest_target
from fpi_eval.headline.of_trajectory import LEAST
from fpi_eval.headline.quantity import Headline, Quantity
from fpi_eval.language import _
from fpi_eval.tables import Table, table
from fpi_eval.text import capitale, nombre

#: Where each number is at home: the longest beginning of its key that is here.
HOMES = {
    "places_": "02_places", "taux_realisation": "02_places", "entrees_": "02_places",
    "cible_": "02_places", "effet_": "03_diplomes", "entrants_": "03_diplomes",
    "places_hors_effet": "03_diplomes", "effet_decelable": "05_emploi_industriel",
    "emplois_industriels": "05_emploi_industriel", "industrie_100": "05_emploi_industriel",
    "entrees_attendues": "06_trajectoire_et_couts", "a_venir_": "06_trajectoire_et_couts",
    "places_a_ouvrir": "06_trajectoire_et_couts", "cout_": "couts",
}  # fmt: skip
PER_100 = ("entrants_brut_100", "entrants_100", "effet_brut", "effet_net")
ENDS = ("estimate", "ci_low", "ci_high")
WIDEST = 34  # letters of a line beside a drawing


def home(key: str) -> str:
    """Return the chapter of a number, nothing for one that says others again."""
    starts = (start for start in HOMES if key.startswith(start))
    return HOMES.get(max(starts, key=len, default=""), "")


def places(found: Headline) -> str:
    """Return how many seats opened of those planned; nothing without a register."""
    done, planned = found.get("places_ouvertes"), found.get("places_prevues")
    if not (done and planned):
        return ""
    said = _("{programme} a ouvert {done} places sur {planned} prévues.")
    return said.format(programme=done.scope.programme, done=done.number, planned=planned.number)


def diplomes(found: Headline) -> str:
    """Return the net effect of 100 seats and its range, and whether it differs from zero."""
    net = found.get("effet_net")
    if not net:
        return ""
    apart = net.low is not None and net.high is not None and net.low * net.high > 0
    said = (
        _("Pour 100 places ouvertes, {effect}.")
        if apart
        else _("L'effet ne se distingue pas encore de zéro : pour 100 places ouvertes, {effect}.")
    )
    return said.format(effect=net.shown)


def emploi_industriel(found: Headline) -> str:
    """Return the effect on jobs under which nothing could be seen."""
    least = found.get("effet_decelable")
    if not least:
        return ""
    said = _("Un effet de moins de {least} emplois sur l'industrie ne pourrait pas se voir.")
    return said.format(least=least.number)


def trajectoire(expected: Quantity, aimed: str, year: int | str) -> str:
    """Return people expected by a target's date, their range, and the people aimed at."""
    said = _(
        "D'ici {year}, {people} {unit} entreraient dans une place ouverte, sans doute {range}, "
        "pour {aimed} visées."
    )
    return said.format(
        year=year, people=expected.number, unit=expected.unit, range=expected.range, aimed=aimed
    )


def _trajectoire(found: Headline) -> str:
    target = largest_target(found)
    paths = _expected(found, target)
    if target is None or not paths:
        return ""
    return trajectoire(paths[0], target.number, target.scope.annees.rpartition(" ")[2])


def couts(found: Headline) -> str:
    """Return what an opened seat cost; nothing where it is not known."""
    seat = found.get("cout_place")
    if not seat:
        return ""
    said = (
        _("Une place ouverte a coûté au moins {amount}, subvention comprise ({scope}).")
        if seat.label == _(LEAST)
        else _("Une place ouverte a coûté {amount}, subvention comprise ({scope}).")
    )
    return said.format(amount=_("{amount} €").format(amount=seat.number), scope=seat.scope)


#: Chapter → what it finds.
FINDINGS: dict[str, Callable[[Headline], str]] = {
    "02_places": places,
    "03_diplomes": diplomes,
    "05_emploi_industriel": emploi_industriel,
    "06_trajectoire_et_couts": _trajectoire,
    "couts": couts,
}


def numbers(found: Headline, chapter: str, source: str) -> Table:
    """Return the known numbers of a chapter, with their range and field."""
    mine = [one for one in found if one and home(one.key) == chapter]
    rows = [(one.label, _amount(one), one.range or "–", str(one.scope)) for one in mine]
    heads = [_("Chiffre"), _("Valeur"), _("Fourchette"), _("Champ")]
    title = _("Chaque chiffre, avec sa fourchette et son champ")
    return table(pd.DataFrame(rows, columns=heads), title, source=source)


def _amount(one: Quantity) -> str:
    if one.unit == "%":
        return one.number
    if one.unit == "€":
        return _("{amount} €").format(amount=one.number)
    return f"{one.number} {one.unit}"


def drawing(found: Headline, chapter: str, source: str) -> Figure | None:
    """Return the drawing of a chapter's numbers, where they have ranges or targets to compare."""
    if chapter == "02_places":
        return _against_targets(found, source)
    if chapter == "03_diplomes":
        known = [one for key in PER_100 if (one := found.get(key))]
        return _ranges(known, _("Pour 100 places ouvertes"), source)
    if chapter == "06_trajectoire_et_couts":
        known = _expected(found, largest_target(found))
        return _ranges(known, _("Personnes attendues dans les places ouvertes"), source)
    return None


def _expected(found: Headline, target: Quantity | None) -> list[Quantity]:
    """Return people expected by a target's date, one a scenario, the first the main one."""
    code = "" if target is None else target.key.removeprefix("cible_")
    return [one for one in found if one and one.key.startswith(f"entrees_attendues_{code}_")]


def _against_targets(found: Headline, source: str) -> Figure | None:
    """Return people entered against each target."""
    rows = [
        (target.scope.niveau or _("en tout"), done.amount, target.amount)
        for target in found
        if target.key.startswith("cible_") and (done := entered(found, target))
    ]
    if not rows:
        return None
    drawn = pd.DataFrame(rows, columns=["libelle", "realise", "cible"])
    drawn = drawn.assign(libelle=drawn["libelle"].map(capitale))
    said, line = _("{done} sur {wanted}"), _("{what} : {value}")
    told = [
        line.format(
            what=row.libelle, value=said.format(done=nombre(row.realise), wanted=nombre(row.cible))
        )
        for row in drawn.itertuples()
    ]
    title = _("Personnes entrées, sur visées")
    return Figure(
        plots.targets(drawn, xlabel=_("Part de la cible déjà entrée")), title, source,
        "; ".join(told) + ".",
    )  # fmt: skip


def _ranges(known: Sequence[Quantity], title: str, source: str) -> Figure | None:
    """Return numbers that have the same unit, or nearly, as points with their range."""
    known = [one for one in known if one.low is not None]
    if not known:
        return None
    names = (one.label if one.key in PER_100 else capitale(one.scope.annees) for one in known)
    labels = [fill(name, WIDEST) for name in names]
    rows = pd.DataFrame(
        [(label, one.rounded, *one.ends) for label, one in zip(labels, known, strict=True)],
        columns=["label", *ENDS],
    )
    line = _("{what} : {value}")
    told = " ".join(
        line.format(what=label.replace("\n", " "), value=f"{one.number} {one.unit} ({one.range}).")
        for label, one in zip(labels, known, strict=True)
    )
    return Figure(plots.estimates(rows, xlabel=title), title, source, told)
