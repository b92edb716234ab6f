"""Readers of the real sources: the only code that opens raw files."""
