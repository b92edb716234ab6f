"""What a chapter finds, said from headline quantities alone."""

from collections.abc import Callable

from fpi_eval.headline.first_page import UNPROVEN, as_number, expected, largest_target, unsaid
from fpi_eval.headline.of_trajectory import BUDGET, LEAST
from fpi_eval.headline.quantity import Headline, Quantity
from fpi_eval.language import _


def places(found: Headline) -> str:
    """Return how many seats opened of those planned; nothing without a register."""
    done, planned = found.get("places_ouvertes"), found.get("places_prevues")
    if not (done and planned):
        return ""
    said = _("{programme} a ouvert {done} places sur {planned} prévues.")
    if not done.amount:
        said = _("{programme} n'a encore ouvert aucune place, sur {planned} prévues.")
    words = said.format(programme=done.scope.programme, done=done.number, planned=planned.number)
    return " ".join(filter(None, (words, unsaid(found))))


def diplomes(found: Headline) -> str:
    """Return the net effect of 100 seats, as the first page tells it, no surer than its proof."""
    net = found.get("effet_net")
    if not net:
        return ""
    if not net.beyond_zero:
        said = _("L'effet ne se distingue pas encore de zéro : pour 100 places ouvertes, {effect}.")
    elif found.notes.get("verdict") in UNPROVEN:
        said = _("On ne peut pas encore conclure : pour 100 places ouvertes, {effect}.")
    else:
        said = _("Pour 100 places ouvertes, {effect}.")
    number, net = as_number(found, net) or not net.range, net.in_words
    return said.format(effect=net.shown if number else f"{net.range} {net.unit}")


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
        "D'ici {year}, {people} {unit} entreraient dans une place ouverte, {likely}, pour {aimed} "
        "visées."
    )
    return said.format(
        year=year, people=expected.number, unit=expected.unit, likely=expected.likely, aimed=aimed
    )


def _trajectoire(found: Headline) -> str:
    """Return people expected by the largest target that is projected: those passed are not."""
    projected = [one for one in found if not one.key.startswith("cible_") or expected(found, one)]
    target = largest_target(Headline(tuple(projected)))
    if target is None:
        return ""
    path = expected(found, target)[0]
    return trajectoire(path, target.number, target.scope.annees.rpartition(" ")[2])


def couts(found: Headline) -> str:
    """Return what an opened seat cost, else its budget; nothing where neither is known."""
    seat = found.get("cout_place")
    if not seat:
        return ""
    said = {
        _(BUDGET): _(
            "Le budget est de {amount} par place ouverte ou à ouvrir, subvention comprise "
            "({scope})."
        ),
        _(LEAST): _(
            "Le budget est d'au moins {amount} par place ouverte ou à ouvrir, subvention comprise "
            "({scope})."
        ),
    }
    cost = _("Une place ouverte a coûté {amount}, subvention comprise ({scope}).")
    return said.get(seat.label, cost).format(
        amount=_("{amount} €").format(amount=seat.number), scope=seat.scope
    )


#: Chapter → what it finds.
FINDINGS: dict[str, Callable[[Headline], str]] = {
    "02_places": places,
    "03_diplomes": diplomes,
    "05_emploi_industriel": emploi_industriel,
    "06_trajectoire_et_couts": _trajectoire,
    "couts": couts,
}
