"""Which files a notebook used: one that used no file that changed need not run again."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
VARIABLE = "FPI_EVAL_LUS"  # where a run asks a kernel to write them down
_NOTING: list[set[str]] = []


class Traced(Mapping[str, T]):
    """A mapping that writes down the files behind each value that is taken from it."""

    def __init__(self, content: Mapping[str, T], files: Mapping[str, Iterable[str]]) -> None:
        self.content, self.files = content, files

    def __getitem__(self, key: str) -> T:
        note(self.files.get(key, ()))
        return self.content[key]

    def __contains__(self, key: object) -> bool:
        return key in self.content  # what is there and what is not is known of every page

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)


def note(files: Iterable[str]) -> None:
    """Write down that these files were used, where a run asks for it."""
    files = list(files)
    for found in _NOTING:
        found.update(files)
    if where := os.environ.get(VARIABLE):
        with open(where, "a", encoding="utf-8") as file:
            file.writelines(f"{name}\n" for name in files)


@contextmanager
def noted() -> Iterator[set[str]]:
    """Give the files used within, once it ends."""
    found: set[str] = set()
    _NOTING.append(found)
    try:
        yield found
    finally:
        _NOTING[:] = [one for one in _NOTING if one is not found]  # others may note meanwhile
