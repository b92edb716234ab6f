"""Run the command line: ``python -m fpi_eval``."""

from fpi_eval.cli import main

main()
