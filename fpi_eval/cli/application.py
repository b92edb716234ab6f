"""The application that commands join: its French help, the options that several share."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

from cyclopts import App, Group, Parameter
from cyclopts.help import DefaultFormatter, HelpPanel
from rich.console import Console, ConsoleOptions
from rich.text import Text

import fpi_eval
from fpi_eval.terminal import say

Command = TypeVar("Command", bound=Callable)
USAGE = {"COMMAND": "COMMANDE", "[ARGS]": "[ARGUMENTS]", "[ARGS...]": "[ARGUMENTS…]"}


class FrenchHelp(DefaultFormatter):
    """Help without the library's English marks: our texts say what is compulsory."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Write one panel."""
        entries = [one.copy(required=False, default=None) for one in panel.entries]
        super().__call__(console, options, panel.copy(entries=entries))

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Write the line that shows how the command is written."""
        words = [USAGE.get(word, word) for word in str(usage).split()]
        console.print(Text(f"Usage : {' '.join(words)}\n", style="bold"))


class FrenchApp(App):
    """An application whose help ends with a new line, examples included."""

    def help_print(
        self, tokens: str | Iterable[str] | None = None, *, console: Console | None = None
    ) -> None:
        """Write the help."""
        super().help_print(tokens, console=console)
        (console or self.console).print()


app = FrenchApp(
    name="fpi-eval",
    help="Évalue un programme d'ouverture de places de formation : diplômés et emploi industriel.",
    usage="fpi-eval COMMANDE [ARGUMENTS] [OPTIONS]",
    version=fpi_eval.__version__,
    help_format="plaintext",
    help_formatter=FrenchHelp(),
    help_epilogue="L'aide d'une commande et ses exemples : fpi-eval run --help",
    default_parameter=Parameter(negative=""),
    group_commands=Group("Commandes"),
    group_arguments=Group("Arguments"),
    group_parameters=Group("Options"),
    suppress_keyboard_interrupt=False,  # `main` answers it with a sentence
)
app["--help"].help = "Affiche cette aide."
app["--version"].help = "Affiche la version."

Rentree = Annotated[
    str, Parameter(help="Obligatoire. Année scolaire : « 2022-2023 », ou « 2022 ».")
]
Programme = Annotated[
    str,
    Parameter(
        metavar="DOSSIER",
        help="Dossier du programme (qui contient programme.toml), ou son nom ; sans lui, celui que "
        "nomme data/defaut.toml, ou le seul du dossier data.",
    ),
]
Donnees = Annotated[
    str,
    Parameter(
        metavar="DOSSIER", help="Dossier des fichiers téléchargés. Sans lui : données simulées."
    ),
]
ABlanc = Annotated[bool, Parameter(help="Dit ce qui serait lu et écrit, sans rien écrire.")]


def command(name: str, *examples: str) -> Callable[[Command], Command]:
    """Return what makes a function the command of that name, its help ended by examples."""
    words = "\n".join(f"  fpi-eval {name} {one}".rstrip() for one in examples)
    return app.command(name=name, help_epilogue=f"Exemples\n{words}")  # type: ignore[return-value]


def would(doing: str, *what: object) -> None:
    """Say, in a dry run, what would be read, written or downloaded."""
    for one in what:
        say(f"serait {doing} : {one}")
