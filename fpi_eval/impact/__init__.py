"""Estimators of the programme's effect, one a module."""
