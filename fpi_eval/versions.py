"""Versions of the packages that results are computed with: what is kept is named by them."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

EXTRAS = ("individus", "spark")  # those that count people; tests, guides and editors change nothing


@cache
def package_versions() -> dict[str, str]:
    """Return the versions of the direct dependencies that are installed."""
    versions = {}
    for name in sorted({re.split(r"[^\w.\-]", line, maxsplit=1)[0] for line in _required()}):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _required() -> Iterator[str]:
    """Yield what the library declares, or a checkout that is run without being installed."""
    try:
        lines = metadata.requires("fpi-eval") or []
    except metadata.PackageNotFoundError:
        yield from _declared()
        return
    for line in lines:
        extra = re.search(r"extra == ['\"](\w+)", line)
        if extra is None or extra[1] in EXTRAS:
            yield line


def _declared() -> Iterator[str]:
    import tomllib

    declaration = Path(__file__).parents[1] / "pyproject.toml"
    if declaration.is_file():
        project = tomllib.loads(declaration.read_text(encoding="utf-8"))["project"]
        yield from project["dependencies"]
        for extra in EXTRAS:
            yield from project["optional-dependencies"][extra]
