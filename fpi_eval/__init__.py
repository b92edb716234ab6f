"""Evaluate a public programme that opens training seats: graduates and industry employment."""

__version__ = "0.1.0"
