"""Names and arguments written wrong, refused in French with what was expected."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from typing import Any, ParamSpec, TypeVar

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
    """Return the function, which refuses in French arguments that it does not have."""
    return advised("")(function)


def advised(conseil: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return `known_options` with what to do instead, said after the refusal."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        own = inspect.signature(function)

        @wraps(function)
        def run(*args: P.args, **given: P.kwargs) -> T:
            bound(function.__name__, own, args, given, conseil)
            return function(*args, **given)

        return run

    return decorate


def bound(
    function: str, own: inspect.Signature, args: tuple, given: Mapping[str, Any], conseil: str = ""
) -> inspect.BoundArguments:
    """Return the arguments of a call by name; raise in French on a call that cannot be made."""
    try:
        found = own.bind(*args, **given)
    except TypeError:
        kinds = {name: p.kind for name, p in own.parameters.items()}
        if inspect.Parameter.VAR_KEYWORD not in kinds.values():
            only_known(function, given, list(own.parameters), conseil)
        raise FpiError(f"{function} : {_wrong(own, args, given)}", conseil=conseil) from None
    for name, value in found.arguments.items():
        asked = own.parameters[name]
        wrong = WRONG.get(asked.annotation) if asked.default is not asked.empty else None
        if wrong and (expected := wrong(value)):
            raise FpiError(f"{function} : {name} = {_shown(value)} : {expected} est attendu.")
    return found


def _not_said(value: object) -> str:
    """Return what an option that is on or off must be, "" if it is that."""
    return "" if _is_bool(value) else "True ou False"


def _not_counted(value: Any) -> str:
    """Return what an option that counts must be, "" if it is that."""
    counts = hasattr(value, "__index__") and not _is_bool(value) and value >= 0
    return "" if counts else "un nombre entier, 0 ou plus,"


def _is_bool(value: object) -> bool:
    return type(value).__name__ in ("bool", "bool_")  # numpy's too, without importing it


WRONG: dict[Any, Callable[[Any], str]] = {
    bool: _not_said,
    int: _not_counted,
    int | None: lambda value: "" if value is None else _not_counted(value),
}


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
