"""What `08_changements` shows: headline numbers of two reports, and where their gaps come from."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping

import matplotlib.pyplot as plt
import pandas as pd

from fpi_eval import plots, text
from fpi_eval.absent import Absent
from fpi_eval.figures import Figure
from fpi_eval.headline.change import REST, TOGETHER, Change, Changes
from fpi_eval.headline.quantity import PROJECTED, Quantity
from fpi_eval.panel.context import Context
from fpi_eval.panel.two_years import DEFINITION, NEW, REGISTER, REVISED
from fpi_eval.tables import Table, table

#: What answers on jobs: people counted in the region's industry, else what could be seen at all.
JOBS = ("industrie_100", "effet_decelable")
#: The numbers of the first page, in its order; people against the largest target alone.
MAIN = ("places_ouvertes", "entrees_", "effet_net", *JOBS, "cout_place")
NO_JOBS = "Emploi : aucun des deux rapports ne chiffre un effet, ni le plus petit qui se verrait."
HEADS = {
    NEW: "Rentrée de plus",
    REVISED: "Fichiers révisés",
    REGISTER: "Registre corrigé",
    DEFINITION: "Définition",
    TOGETHER: "Non séparé",
    REST: "Reste",
}
BECAUSE = {
    NEW: "parce qu'une rentrée de plus est connue",
    REVISED: "parce que des fichiers déjà lus ont été révisés",
    REGISTER: "parce que le registre a changé pour les rentrées déjà connues",
    DEFINITION: "parce que la définition du programme a changé",
    TOGETHER: "sans que les raisons puissent être séparées",
}
STILL = "Aucun chiffre de la première page n'a changé depuis {}."
EVERYWHERE = "Parmi les chiffres de toutes les pages :"
SCENARIO = re.compile("« .* »")
UNKNOWN = {
    REVISED: "des fichiers révisés",
    REGISTER: "le registre corrigé",
    DEFINITION: "la définition du programme",
}
METHOD = (
    "La part d'une raison est la moyenne de ce qu'elle change sur tous les ordres possibles "
    "(Shapley, 1953) : les parts s'additionnent à l'écart. Une part qui compte des personnes est "
    "arrondie à la dizaine au moins, la plus grande prend le reste : rien de masqué ne s'en déduit."
)


def reponse(found: Changes | Absent) -> str:
    """Return the finding, then where each number of the first page comes from."""
    if isinstance(found, Absent):
        return f"On ne sait pas encore ce qui a changé.\n\n{found.reason}"
    main = _main(found)
    told = (f"{phrase(found, one)} Champ : {one.after.scope}." for one in main)
    listed = _listed(found)
    lists = [EVERYWHERE, *listed] if listed else []
    return "\n\n".join([_finding(found, main), *told, *_jobs(found), *lists])


def _jobs(found: Changes) -> list[str]:
    """Return that neither report answers on jobs, if so; otherwise their lines or lists do."""
    return [] if {one.key for one in _every(found)} & {*JOBS} else [NO_JOBS]


def _finding(found: Changes, main: list[Change]) -> str:
    """Return what moved more than its margin, number by number; that nothing did, otherwise.

    The smallest effect that could be seen is the files', not a result: its line alone tells it.
    """
    if not main:
        return STILL.format(_report(found))
    results = [one for one in main if one.after.key != JOBS[-1]]
    sure = [_moved(one) for one in results if one.amount and not one.within]
    loose = any(one.within for one in main)
    if not sure:
        return f"Depuis {_report(found)}, rien n'a changé au-delà de la marge."
    rest = " ; le reste est dans la marge" if loose else ""
    return f"Depuis {_report(found)}, {text.liste(sure)}{rest}."


def _moved(one: Change) -> str:
    """Return a number's move in a few words: ``185 places ouvertes de plus``."""
    way = "de plus" if one.amount > 0 else "de moins"
    size, key = abs(one.amount), one.after.key
    if key == "places_ouvertes":
        return f"{text.pluriel(size, 'place ouverte', 'places ouvertes')} {way}"
    if key.startswith("entrees_"):
        return f"{text.pluriel(size, 'personne entrée', 'personnes entrées')} {way}"
    if key == "industrie_100":
        return f"{text.pluriel(size, 'personne')} {way} dans l'industrie pour cent places"
    if key == "cout_place":
        return f"{text.euros(size)} {way} par place"
    return f"{text.pluriel(size, 'élève')} {way} pour cent places"


def phrases(found: Changes) -> str:
    """Return a line for each number that moved, then what cannot be compared."""
    lines = [phrase(found, one) for one in found.moved]
    if not lines:
        lines = [f"Aucun chiffre n'a changé depuis {_report(found)}."]
    return "\n".join([*lines, *_listed(found)])


def phrase(found: Changes, one: Change) -> str:
    """Return one change in words: both numbers, their gap, and what it is due to."""
    name = _named(found, one)
    said = f"{name} : de {one.before.number} à {one.after.number} {_unit(one.after)}".rstrip()
    parts = [
        f"{_signed(one.after, amount)} {_because(found, cause)}"
        for cause, amount in one.parts.items()
        if amount
    ]
    gap = _signed(one.after, one.amount)
    if len(parts) == 1:
        parts = [parts[0].removeprefix(f"{gap} ")]
    dont = "" if len(parts) < 2 else "dont "
    whole = f"{said} ({gap}), {dont}{text.liste(parts)}" if parts else f"{said} ({gap})"
    margin = "dans la marge : les deux nombres peuvent n'en être qu'un"
    return f"{whole}. L'écart est {margin}." if one.within else f"{whole}."


def tableau(found: Changes | Absent, context: Context) -> Table | Absent:
    """Return every number that moved: then, now, their gap, and the share of each reason."""
    if isinstance(found, Absent):
        return found
    if not found.moved:
        return Absent(f"Aucun chiffre n'a changé depuis {_report(found)}.", lacking=False)
    causes = [c for c in HEADS if any(one.parts.get(c) for one in found.moved)]
    rows = [_row(found, one, causes) for one in found.moved]
    before, after = (text.annee_scolaire(year) for year in found.years)
    labels = {"chiffre": "Chiffre", "avant": before, "apres": after, "ecart": "Écart"}
    return table(
        pd.DataFrame(rows),
        "D'où vient l'écart de chaque chiffre depuis le rapport précédent",
        formats=dict.fromkeys(("avant", "apres", "ecart", *causes), "nombre"),
        labels=labels | {cause: HEADS[cause] for cause in causes} | {"marge": "Dans la marge"},
        source=f"Rapports {before} et {after} ; {context.credit}",
        note=" ".join([*_reading(found, causes), METHOD]),
    )


def _row(found: Changes, one: Change, causes: Iterable[str]) -> dict[str, str]:
    unit = _unit(one.after)
    name = _named(found, one)
    return {
        "chiffre": f"{name} ({unit})" if unit else name,
        "avant": one.before.number,
        "apres": one.after.number,
        "ecart": _signed(one.after, one.amount),
        **{c: _signed(one.after, part) if (part := one.parts.get(c)) else "–" for c in causes},
        "marge": "oui" if one.within else "",
    }


def cascade(found: Changes | Absent, context: Context) -> Figure | Absent:
    """Return a waterfall for each number of the first page, from the earlier report to this one."""
    if isinstance(found, Absent):
        return found
    main = _main(found)
    if not main:
        return Absent(STILL.format(_report(found)), lacking=False)
    before, after = (text.annee_scolaire(year) for year in found.years)
    rows = pd.concat([_steps(found, one) for one in main], ignore_index=True)
    columns = min(len(main), 2)
    drawn = -(-len(main) // columns)
    _, axes = plt.subplots(
        drawn, columns, figsize=(8.5, 2.3 * drawn), layout="constrained", squeeze=False
    )
    frames = axes.ravel()
    for ax, one in zip(frames, main, strict=False):
        plots.waterfall(_steps(found, one), ax)
        ax.set_title(_titled(one), loc="left", fontsize=10)
    for ax in frames[len(main) :]:
        ax.remove()
    return Figure(
        frames[0],
        f"Du rapport {before} au rapport {after} : d'où viennent les écarts",
        f"Rapports {before} et {after} ; {context.credit}",
        " ".join(phrase(found, one) for one in main),
        rows,
        formats={"amount": ("nombre", 0), "remaining": ("nombre", 0)},
        labels={
            "chiffre": "Chiffre",
            "label": "Étape",
            "amount": "Niveau ou variation",
            "remaining": "Reste",
        },
    )


def _titled(one: Change) -> str:
    name, unit = _name(one.after, ()), _unit(one.after)
    return name if name.lower().startswith(unit) else f"{name}, {unit}"


def _steps(found: Changes, one: Change) -> pd.DataFrame:
    """Return a number then, what each reason adds, and the number now."""
    start = one.before.amount if one.before.rounded is None else one.before.rounded
    before, after = (text.annee_scolaire(year) for year in found.years)
    rows = [(before, start, start, True)]
    for cause, amount in one.parts.items():
        if amount:
            rows.append((HEADS[cause], amount, rows[-1][2] + amount, False))
    rows.append((after, start + one.amount, start + one.amount, True))
    made = pd.DataFrame(rows, columns=["label", "amount", "remaining", "level"])
    return made.assign(chiffre=_name(one.after, ()))


def _main(found: Changes) -> list[Change]:
    """Return what moved among the numbers of the first page, projections left out."""
    kept, seen = [], [one for one in found.moved if one.after.nature != PROJECTED]
    for key in MAIN:
        mine = [one for one in seen if one.after.key.startswith(key)]
        if mine:
            kept.append(max(mine, key=lambda one: one.after.amount))
    return kept


def _report(found: Changes) -> str:
    return f"le rapport {text.annee_scolaire(found.years[0])}"


def _because(found: Changes, cause: str) -> str:
    if cause != REST:
        return BECAUSE[cause]
    return f"pour le reste ({_rest(found)})"


def _rest(found: Changes) -> str:
    """Return what the rest may come from: what no former version lets one replace."""
    return " ou ".join([*(UNKNOWN[name] for name in found.unseparated), "le code"])


def _reading(found: Changes, causes: Iterable[str]) -> list[str]:
    """Return what heads that are not plain mean."""
    lines = []
    if REST in causes:
        lines.append(f"Reste : {_rest(found)}.")
    if TOGETHER in causes:
        lines.append(
            "Non séparé : le chiffre est trop long à recalculer raison par raison, ou ne peut pas "
            "l'être avec une partie des entrées."
        )
    return lines


def _listed(found: Changes) -> list[str]:
    """Return what only one report gives, and what they do not define alike.

    A label that two lists hold, or that moved too, is told with the level or date of each.
    """
    kinds = _kinds(found)
    named = {
        words: dict.fromkeys(
            _name(one, (twin for twin in _every(found) if twin not in every)) for one in every
        )
        for words, every in kinds.items()
    }
    return [
        f"{words} : {' ; '.join(f'« {name} »' for name in names)}."
        for words, names in named.items()
        if names
    ]


def _kinds(found: Changes) -> Mapping[str, tuple[Quantity, ...]]:
    return {
        "Nouveaux dans ce rapport": found.come,
        "N'y sont plus": found.gone,
        "Ne se comparent pas (autre unité)": found.redefined,
        "Trop incertains pour être comparés": found.vague,
        "Inchangés": found.same,
    }


def _every(found: Changes) -> Iterator[Quantity]:
    """Yield what moved, then what did not or cannot be compared."""
    yield from (one.after for one in found.moved)
    yield from itertools.chain(*_kinds(found).values())


def _named(found: Changes, one: Change) -> str:
    """Return a number's label; both scenarios, if what they still open is no longer the same."""
    name = _name(one.after, _every(found))
    then, now = (SCENARIO.search(end.scope.annees) for end in (one.before, one.after))
    if not then or not now or then[0] == now[0]:
        return name
    said = name if now[0] in name else f"{name}, scénario {now[0]}"
    return said.replace(now[0], f"{then[0]}, puis {now[0]}")


def _name(one: Quantity, beside: Iterable[Quantity]) -> str:
    """Return a number's label, with its level or date where others bear the same."""
    twins = [other for other in beside if other.label == one.label and other.key != one.key]
    if not twins:
        return one.label
    scope = one.scope
    names = ("niveau", "annees")
    told = [
        value
        for name in names
        if (value := getattr(scope, name)) and any(getattr(t.scope, name) != value for t in twins)
    ]
    return f"{one.label}, {', '.join(told)}" if told else one.label


def _unit(one: Quantity) -> str:
    return "" if one.unit == "%" else one.unit


def _signed(one: Quantity, amount: float) -> str:
    if one.unit == "%":
        return text.points(amount, 0)
    return text.signe(amount)
