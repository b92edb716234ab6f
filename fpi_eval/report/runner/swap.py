"""Replace a folder whole or not at all."""

import ctypes
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

from fpi_eval.errors import FpiError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows: two runs at once are not detected there
    fcntl = None

SCRATCH = "fpi_eval-travail-"
YOUNG = 60  # seconds before a working folder without owner is taken for a leftover
UNTOUCHED = "Le rapport précédent n'a pas été modifié."
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Give an empty sibling folder to fill; put it in the target's place if all goes well.

    If the block raises, whatever it raises, the folder is removed and the target is untouched.
    What a killed run left is cleaned, or put back, when the next one begins.
    """
    target = Path(target).absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    recover(target)
    staging = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
    with _held(staging):
        staging.chmod(0o755)
        yield staging
        _swap(staging, target)


@contextmanager
def untouched(report: Path) -> Iterator[None]:
    """Note on what stops the block that the report's folder still stands, if there is one."""
    before = _inode(report)
    try:
        yield
    except (KeyboardInterrupt, OSError, RuntimeError) as stop:
        if before is not None and _inode(report) == before:
            stop.add_note(UNTOUCHED)
        raise


def _inode(folder: Path) -> int | None:
    """Return what names a folder on the disk whatever its path, None where there is none."""
    with suppress(OSError):
        return folder.stat().st_ino
    return None


def recover(target: Path) -> None:
    """Clean what an interrupted run left beside the target; refuse if one is still running."""
    for leftover in sorted(target.parent.glob(_prefix(target) + "*")):
        _remove(leftover)
    aside = _aside(target)
    if aside.exists() and not target.exists():
        aside.rename(target)
    shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a working folder apart from the report, removed at the end; a kill leaves it."""
    made = Path(tempfile.mkdtemp(prefix=SCRATCH))
    with _held(made):
        yield made


def sweep() -> None:
    """Remove the working folders that killed runs left, where the system tells who holds one."""
    for leftover in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*") if fcntl else ():
        with suppress(FpiError, OSError):
            if time.time() - leftover.stat().st_mtime > YOUNG:
                _remove(leftover)


def _swap(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`, which comes back if anything stops us midway.

    Where the system can exchange two folders in one step, the report is never absent.
    """
    aside = _aside(target)
    if target.exists() and _exchanged(new, target):
        return
    try:
        if target.exists():
            os.rename(target, aside)
        os.rename(new, target)
    except BaseException:
        if aside.exists() and not target.exists():
            os.rename(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchanged(new: Path, target: Path) -> bool:
    """Exchange two folders in one step (Linux); return whether the system could."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return rename(AT_FDCWD, os.fsencode(new), AT_FDCWD, os.fsencode(target), RENAME_EXCHANGE) == 0


def _prefix(target: Path) -> str:
    return f".{target.name}.en-cours-"


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.precedent")


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a working folder, and remove it at the end."""
    lock = _lock(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _remove(folder: Path) -> None:
    """Remove a working folder that nobody holds."""
    with _held(folder):
        pass


def _lock(folder: Path) -> int | None:
    """Lock a working folder for as long as this process lives; the system frees it on death."""
    if fcntl is None:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise FpiError(
            "un autre calcul de ce rapport est en cours. Attendez qu'il finisse ou arrêtez-le.",
            fichier=str(folder.parent),
        ) from error
    return descriptor
