"""Headers of the real files are kept as they are written there: one line, semicolons."""


def columns(line: str) -> list[str]:
    """Return the column names of a header line."""
    return line.split(";")
