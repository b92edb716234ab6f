"""The command line, thin: parse, call the library, say in French what went wrong."""

import sys
from typing import Annotated

from cyclopts import App, Group, Parameter
from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from rich.console import Console
from rich.text import Text

import fpi_eval
from fpi_eval.errors import FpiError

USER_ERROR = 2

app = App(
    name="fpi-eval",
    help="Évalue un programme d'ouverture de places de formation : diplômés et emploi industriel.",
    usage="fpi-eval COMMANDE [ARGUMENTS]",
    version=fpi_eval.__version__,
    group_commands=Group("Commandes"),
    group_arguments=Group("Arguments"),
    group_parameters=Group("Options"),
)
app["--help"].help = "Affiche cette aide."
app["--version"].help = "Affiche la version."

Rentree = Annotated[
    str, Parameter(help="Année scolaire : « 2022-2023 », ou « 2022 » pour la rentrée de septembre.")
]
Programme = Annotated[
    str, Parameter(help="Dossier du programme (qui contient programme.toml), ou son nom.")
]
Donnees = Annotated[
    str, Parameter(help="Dossier des fichiers téléchargés. Sans lui : données simulées.")
]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake ends with code 2 and one French message."""
    errors = Console(stderr=True)
    try:
        app(arguments, exit_on_error=False, print_error=False, error_console=errors)
    except FpiError as error:
        errors.print(Text.assemble(("Erreur : ", "bold red"), str(error)), soft_wrap=True)
        sys.exit(USER_ERROR)
    except CycloptsError as error:
        errors.print(Text.assemble(("Erreur : ", "bold red"), in_french(error)), soft_wrap=True)
        sys.exit(USER_ERROR)
    except KeyboardInterrupt:
        errors.print("Interrompu : le rapport précédent n'a pas été modifié.")
        sys.exit(130)


def in_french(error: CycloptsError) -> str:
    """Return the French sentence for a mistake on the command line."""
    command = " ".join(error.command_chain or ())
    aide = f"fpi-eval {command} --help".replace("  ", " ")
    name = error.argument.name.removeprefix("--") if error.argument else ""
    match error:
        case UnknownCommandError():
            names = ", ".join(n for n in app if not n.startswith("-"))
            found = error.unused_tokens[0] if error.unused_tokens else ""
            return f"commande « {found} » inconnue. Commandes possibles : {names}."
        case UnknownOptionError():
            token = error.token.keyword or error.token.value
            return f"option « {token} » inconnue. Voir « {aide} »."
        case RepeatArgumentError():
            return f"« {name} » est donné plusieurs fois. Gardez-en une seule."
        case MissingArgumentError():
            return f"il manque « {name} ». Voir « {aide} »."
        case CoercionError():
            return f"la valeur de « {name} » n'est pas du type attendu. Voir « {aide} »."
        case UnusedCliTokensError():
            return f"argument(s) en trop : {' '.join(error.unused_tokens or ())}. Voir « {aide} »."
        case _:
            return f"ligne de commande non comprise. Voir « {aide} »."
