"""The command line, thin: parse, call the library, say in French what went wrong.

Nothing heavy is imported before a command needs it, so that help comes at once.
"""

import io
import logging
import os
import sys

from cyclopts.exceptions import CycloptsError

from fpi_eval.cli import evaluate, prepare  # noqa: F401 (they register their commands)
from fpi_eval.cli.application import app
from fpi_eval.cli.refusals import in_french, no_empty_value, refuse
from fpi_eval.errors import FpiError, notes, of_the_system
from fpi_eval.terminal import Terminal

__all__ = ["app", "main"]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake ends with code 2 and one French message."""
    errors = Terminal(stderr=True)
    for name in ("matplotlib", "papermill"):  # in English, what our own sentence says
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal whose letters are not ours
            stream.reconfigure(errors="backslashreplace")
    try:
        no_empty_value(sys.argv[1:] if arguments is None else arguments)
        app(
            arguments,
            exit_on_error=False,
            print_error=False,
            error_console=errors,
            result_action="return_value",
        )
    except FpiError as error:
        refuse(errors, str(error))
    except CycloptsError as error:
        refuse(errors, in_french(error, app))
    except BrokenPipeError:  # « fpi-eval check 2026 | head »: nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (OSError, RuntimeError) as error:
        if (said := of_the_system(error)) is None:
            raise
        refuse(errors, " ".join([said, *notes(error)]))
    except KeyboardInterrupt as stop:
        errors.print(" ".join(["Interrompu.", *notes(stop)]))
        sys.exit(130)
