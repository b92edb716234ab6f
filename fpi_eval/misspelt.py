"""Names and arguments written wrong, refused in French with what was expected."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import wraps
from numbers import Real
from os import PathLike
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin

from fpi_eval.errors import FpiError

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")


def near(word: object, known: Iterable[object], cutoff: float = 0.6) -> str:
    """Return the known name that is written nearly so, whatever its capitals, "" if none is."""
    names = {str(name).lower(): str(name) for name in known}
    found = get_close_matches(str(word).lower(), list(names), 1, cutoff)
    return names[found[0]] if found else ""


def hint(word: object, known: Iterable[object], cutoff: float = 0.6) -> str:
    """Return « Vouliez-vous dire … ? », after a space, for the nearest known name, or ""."""
    found = near(word, known, cutoff)
    return f" Vouliez-vous dire « {found} » ?" if found else ""


class Named(dict[str, V]):
    """A mapping of known names, which says them when asked for another."""

    def __missing__(self, name: str) -> V:
        known = ", ".join(sorted(self))
        raise FpiError(f"« {name} » inconnu.{hint(name, self)} Noms possibles : {known}.")


def known_options(function: Callable[P, T]) -> Callable[P, T]:
    """Return the function, which refuses in French what its signature does not allow."""
    return advised("")(function)


def advised(conseil: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return `known_options` with what to do instead, said after the refusal."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        own = inspect.signature(function)
        *_, holder, name = f".{function.__qualname__}".split(".")
        name = holder if name == "__init__" else name

        @wraps(function)
        def run(*args: P.args, **given: P.kwargs) -> T:
            found = bound(name, own, args, given, conseil)
            return function(*found.args, **found.kwargs)

        return run

    return decorate


def checked_fields(conseil: str = "") -> Callable[[type[T]], type[T]]:
    """Return the dataclass that a researcher makes, whose fields are checked as options are."""

    def decorate(made: type[T]) -> type[T]:
        setattr(made, "__init__", advised(conseil)(made.__init__))  # noqa: B010 (mypy)
        return made

    return decorate


def bound(
    function: str, own: inspect.Signature, args: tuple, given: Mapping[str, Any], conseil: str = ""
) -> inspect.BoundArguments:
    """Return the arguments of a call by name; raise in French on a call that cannot be made.

    What each may be is what the signature says; where it says several, one is a list of one.
    """
    try:
        found = own.bind(*args, **given)
    except TypeError:
        if all(p.kind is not p.VAR_KEYWORD for p in own.parameters.values()):
            only_known(function, given, list(own.parameters), conseil)
        raise FpiError(f"{function} : {_wrong(own, args, given)}", conseil=conseil) from None
    for name, value in found.arguments.items():
        asked = own.parameters[name]
        if value is asked.default or asked.kind in SEVERAL:
            continue
        kinds = _members(asked.annotation)
        value = found.arguments[name] = _plain(value, kinds)
        if any(_fits(value, kind) for kind in kinds):
            continue
        if any(one is not None and _fits(value, one) for one in map(_element, kinds)):
            found.arguments[name] = (value,)
            continue
        raise FpiError(f"{function} : {_refusal(name, value, kinds)}", conseil=conseil)
    return found


def _members(kind: Any) -> tuple[Any, ...]:
    """Return the kinds that an annotation allows; a text beside a path is one."""
    several = isinstance(kind, UnionType) or get_origin(kind) is Union
    kinds = get_args(kind) if several else (kind,)
    return tuple(k for k in kinds if k is not str) if Path in kinds else kinds


def _plain(value: Any, kinds: tuple[Any, ...]) -> Any:
    """Return numbers or names held otherwise as the array, or the list, that is asked for."""
    several = hasattr(value, "__iter__") and not isinstance(value, str)
    if not several or hasattr(value, "columns"):
        return value
    if any(getattr(kind, "__name__", "") == "ndarray" for kind in kinds):
        return _numbers(value)
    origins = {get_origin(kind) for kind in kinds}.intersection(LISTS)
    if origins and hasattr(value, "tolist"):
        found = value.tolist()
        return tuple(found) if isinstance(found, list) else value
    return tuple(value) if origins - {Iterable} and not isinstance(value, list | tuple) else value


def _numbers(value: Any) -> Any:
    """Return a list, a range or a column as an array; what holds something else, as it is."""
    if not (isinstance(value, list | tuple | range) or hasattr(value, "__array__")):
        return value
    from numpy import asanyarray, asarray  # whoever asks for an array has imported it

    found = asanyarray(value)
    try:
        return asarray(value, dtype=float) if found.dtype == object else found
    except (TypeError, ValueError):
        return value


def _element(kind: Any) -> Any:
    """Return what a list holds, None for what is no list."""
    return get_args(kind)[0] if get_origin(kind) in LISTS and get_args(kind) else None


def _fits(value: Any, kind: Any) -> bool:
    """Return whether a value is of a kind; anything is of one that says nothing."""
    if kind in (Any, inspect.Parameter.empty) or getattr(kind, "_is_protocol", False):
        return True
    if rule := PLAIN.get(kind):
        return rule[0](value)
    if isinstance(kind, str):  # a class imported for its name alone
        return not kind.isidentifier() or kind in (c.__name__ for c in type(value).__mro__)
    origin = get_origin(kind)
    if origin in LISTS:
        return _listed(value, kind)
    if origin is Callable:
        return callable(value)
    kind = origin or kind
    if getattr(kind, "__name__", "") == "ndarray":
        return isinstance(value, kind) and value.dtype.kind in "iufb"
    return not isinstance(kind, type) or isinstance(value, kind)


def _listed(value: Any, kind: Any) -> bool:
    """Return whether a value is several of what the kind holds."""
    if isinstance(value, str) or hasattr(value, "columns"):
        return False
    within = _members(_element(kind))
    if isinstance(value, list | tuple | Mapping):  # of a mapping, its names
        return all(any(_fits(one, k) for k in within) for one in value)
    return hasattr(value, "__iter__")


def _is_bool(value: object) -> bool:
    return type(value).__name__ in ("bool", "bool_")  # numpy's too, without importing it


def _is_count(value: Any) -> bool:
    return hasattr(value, "__index__") and not _is_bool(value) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not _is_bool(value)


def _is_name(value: object) -> bool:
    """Return whether a value may name a column: some are whole numbers."""
    return isinstance(value, str) or (hasattr(value, "__index__") and not _is_bool(value))


#: Kind → who is of it, and how a refusal calls it.
PLAIN: dict[Any, tuple[Callable[[Any], bool], str]] = {
    bool: (_is_bool, "True ou False"),
    int: (_is_count, "un nombre entier (0 ou plus)"),
    float: (_is_number, "un nombre"),
    str: (_is_name, "un nom"),
    Path: (lambda value: isinstance(value, str | PathLike), "un chemin"),
    NoneType: (lambda value: value is None, "None"),
}
LISTS = (Sequence, Iterable, tuple, list)
SEVERAL = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
#: Class → what it is in French, and how one is had.
OBJECTS = {
    "CellPanel": ("un panel", "fpi.load(programme, rentrée).panel"),
    "Check": ("un contrôle", "ceux de fpi.checks.evaluate(panel, résultat).checks"),
    "Evaluation": ("une évaluation", "fpi.checks.evaluate(panel, résultat)"),
    "EventStudy": (
        "une étude d'événement",
        "celle de fpi_eval.impact.opening_study ou, pour des effets par cohorte et année, ce qu'en "
        "fait « from fpi_eval.impact.as_event_study import as_event_study »",
    ),
    "Indicator": (
        "un indicateur",
        "fpi.indicators.INDICATORS[nom], ou un Indicator déclaré",
    ),
    "Outlook": ("une trajectoire", "fpi.projection.outlook(année)"),
    "Panels": ("une année", "fpi.load(programme, rentrée)"),
    "Programme": ("un programme", "fpi.load_programme(nom)"),
    "Publication": ("une publication", "[tableau.publication], celle d'un tableau protégé"),
    "Ring": ("un voisinage (Ring)", 'fpi.impact.Ring("même établissement", ("uai",))'),
    "Scenario": ("un scénario", "ceux de fpi.load_programme(nom).projection.scenarios"),
    "Study": ("une étude", "fpi.checks.Study(panel, résultat)"),
    "Twin": ("un jumeau", "fpi.twin.draw(fpi.twin.SMALL, graine)"),
    "TwinParameters": (
        "un jeu de paramètres du jumeau",
        "fpi.twin.SMALL ou fpi.twin.SCENARIOS[nom], dont list(fpi.twin.SCENARIOS) donne les noms",
    ),
    "Year": ("une année", "fpi.load(programme, rentrée)"),
}


def _refusal(name: str, value: Any, kinds: tuple[Any, ...]) -> str:
    """Return what was found for an argument, what is expected, how it is had."""
    called = [getattr(kind, "__name__", str(kind)) for kind in kinds]
    if "DataFrame" in called:
        return f"{name} : {no_table(value)}"
    for kind, word in zip(kinds, called, strict=True):
        one = getattr(_element(kind), "__name__", word)
        if one in OBJECTS:
            what, how = OBJECTS[one]
            e = "e" if what.startswith("une ") else ""
            wrong = _first_wrong(value, _element(kind)) if _element(kind) else value
            return f"{what} est attendu{e} pour {name}, non {_shown(wrong)} : {how}."
    if str in kinds and isinstance(value, list | tuple):
        return f"{name} : un seul nom est attendu, pas une liste."
    if str in kinds and hasattr(value, "__array__"):
        return f"{name} : un nom est attendu, non des valeurs ; mettez-les au tableau."
    *others, last = dict.fromkeys(_words(kind) for kind in kinds)
    e = "e" if last.startswith("une ") and not others else ""
    words = f"{', '.join(others)} ou {last}" if others else last
    return f"{name} = {_shown(value)} : {words} est attendu{e}."


def _first_wrong(value: Any, kind: Any) -> Any:
    """Return the first of a list that is not of a kind, or what is no list."""
    every = value if isinstance(value, list | tuple) else ()
    return next((one for one in every if not _fits(one, kind)), value)


def _words(kind: Any) -> str:
    """Return how a refusal calls a kind."""
    if kind in PLAIN:
        return PLAIN[kind][1]
    origin = get_origin(kind) or kind
    name = getattr(origin, "__name__", str(origin))
    if origin in LISTS:
        many = {str: "noms", int: "nombres entiers", float: "nombres"}
        return f"une liste de {many.get(_element(kind), 'valeurs')} (entre crochets)"
    if origin is Callable:
        return "une fonction"
    known = {"Mapping": "un dictionnaire", "ndarray": "un tableau de nombres (numpy)"}
    return (known | {"Series": "une colonne (pandas)"}).get(name, f"un objet « {name} »")


def no_table(value: Any, rows: str = "") -> str:
    """Return in French that a table is expected, what was found, and the table that it holds."""
    kind = type(value).__name__
    kind = f"{type(value).__module__.partition('.')[0]}.{kind}" if kind == "DataFrame" else kind
    ways = ("to_pandas()", "cells", "panel", "table")
    held = next((f" (le sien : .{w})" for w in ways if hasattr(value, w.strip("()"))), "")
    return f"un tableau (DataFrame de pandas{rows}) est attendu : {kind}{held}."


def only_known(function: str, given: Iterable[str], known: list[str], conseil: str = "") -> None:
    """Raise on an option that the function does not have; ``known`` starts with what it takes."""
    for name in given:
        if name not in known:
            meant = near(name, known)
            said = f" : vouliez-vous dire « {meant} » ?" if meant else "."
            options = ", ".join(known[1:])
            raise FpiError(
                f"{function} : option « {name} » inconnue{said} Options : {options}.",
                conseil=conseil,
            )


def _wrong(own: inspect.Signature, args: tuple, given: Mapping[str, Any]) -> str:
    """Return what is wrong with a call whose names are all known."""
    named = {n: p for n, p in own.parameters.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}
    placed = [n for n, p in named.items() if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    expected = f" Arguments : {', '.join(n for n in named if n != 'self')}."
    if extra := args[len(placed) :]:
        said = ", ".join(_shown(value) for value in extra)
        return f"{said} en trop ; nommez chaque option (nom=valeur).{expected}"
    if twice := [n for n in placed[: len(args)] if n in given]:
        return f"« {twice[0]} » est donné deux fois.{expected}"
    needed = [n for n, p in named.items() if p.default is p.empty]
    lost = [n for n in needed if n not in given and n not in placed[: len(args)]]
    from fpi_eval.text import liste  # heavy, and read by a refusal alone

    return f"il manque {liste(f'« {n} »' for n in lost)}.{expected}"


def _shown(value: object) -> str:
    """Return a value of one word as it was written, else what kind of thing it is."""
    kind = type(value).__name__
    return f"« {value} »" if isinstance(value, str | int | float | None) else f"« {kind} »"
