"""What goes wrong on the command line, said in French."""

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args, get_origin

from cyclopts import App, Argument
from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from rich.text import Text

from fpi_eval import escapes
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import hint
from fpi_eval.terminal import Terminal

USER_ERROR = 2


def refuse(errors: Terminal, message: str) -> None:
    """Say what went wrong, without what a terminal would obey, and end with code 2."""
    shown = escapes.terminal(message)
    errors.print(Text.assemble(("Erreur : ", "bold red"), shown), soft_wrap=True)
    sys.exit(USER_ERROR)


def no_empty_value(arguments: Sequence[str]) -> None:
    """Refuse a value that is empty: a variable left unset is no wish for what comes by default.

    Raises `FpiError`: naming the option.
    """
    for before, value in pairwise(["", *arguments]):
        option, equals, given = value.partition("=")
        if value == "" or (option.startswith("--") and equals and not given):
            named = option or (before if before.startswith("-") else "")
            what = f"« {named} »" if named else "un argument"
            raise FpiError(f"{what} est vide. Donnez une valeur, ou ne l'écrivez pas.")


def in_french(error: CycloptsError, app: App) -> str:
    """Return the French sentence for a mistake on the command line."""
    command = " ".join(error.command_chain or ())
    aide = f"fpi-eval {command} --help".replace("  ", " ")
    name = error.argument.name if error.argument else ""
    match error:
        case UnknownCommandError():
            names = [n for n in app if not n.startswith("-")]
            found = error.unused_tokens[0] if error.unused_tokens else ""
            meant = hint(found, names)
            return (
                f"commande « {found} » inconnue.{meant} Commandes possibles : {', '.join(names)}."
            )
        case UnknownOptionError():
            token = error.token.keyword or error.token.value
            meant = hint(token, options_of(error, app))
            return f"option « {token} » inconnue.{meant} Voir « {aide} »."
        case RepeatArgumentError():
            twice = error.token.keyword
            return f"l'option « {twice} » est donnée plusieurs fois. Gardez-en une seule."
        case MissingArgumentError():
            what = "la valeur de " if name.startswith("-") else ""
            return f"il manque {what}« {name} ».{expected(error.argument)} Voir « {aide} »."
        case CoercionError():
            found = f"« {error.token.value} », donné à" if error.token else "la valeur de"
            asked = expected(error.argument)
            return f"{found} « {name} », n'est pas ce qui est attendu.{asked} Voir « {aide} »."
        case UnusedCliTokensError():
            return f"argument(s) en trop : {' '.join(error.unused_tokens or ())}. Voir « {aide} »."
        case _:
            return f"ligne de commande non comprise. Voir « {aide} »."


def expected(argument: Argument | None) -> str:
    """Return the values that an argument takes, where they are few."""
    hint = argument.hint if argument else None
    if get_origin(hint) is not Literal:
        return ""
    return f" Valeurs possibles : {', '.join(map(str, get_args(hint)))}."


def options_of(error: CycloptsError, app: App) -> list[str]:
    """Return the options of the command that the mistake is about."""
    if not error.command_chain:
        return ["--help", "--version"]
    arguments = app[error.command_chain[0]].assemble_argument_collection()
    return [name for one in arguments for name in one.names if name.startswith("--")]
