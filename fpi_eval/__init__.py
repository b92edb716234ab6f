"""Evaluate a public programme that opens training seats: graduates and industry employment."""

from fpi_eval.panel.panels import Panels, panels
from fpi_eval.programme import Programme, load_programme, parse_rentree

__version__ = "0.1.0"
__all__ = ["Panels", "Programme", "load_programme", "panels", "parse_rentree"]
